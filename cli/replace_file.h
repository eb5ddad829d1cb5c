/* SPDX-License-Identifier: Apache-2.0 */
/* Writing files that someone may be reading. */
#ifndef SK_CLI_REPLACE_FILE_H
#define SK_CLI_REPLACE_FILE_H

#include <sys/stat.h>

#include "vm/support/buffer.h"

/*
 * Writes a file beside `path` and renames it over it, so that who opens the
 * path sees the old file or the new one, never half of one; a device or a pipe
 * is written to.  A new file gets the mode and, where that is allowed, the owner
 * of `like`; NULL: mode 0644.  Returns an enum sk_exit, after saying what failed.
 */
int sk_replace_file(const char *path, const struct sk_buffer *bytes, const struct stat *like);

#endif
