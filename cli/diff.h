/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts compared line by line. */
#ifndef SK_CLI_DIFF_H
#define SK_CLI_DIFF_H

#include <stddef.h>

#include "vm/support/buffer.h"

/*
 * Appends a unified diff with three lines of context, as `patch` takes it;
 * nothing if both are the same.  Texts so different that comparing them would
 * take long are replaced in larger pieces than they need be.  Returns 0 or
 * -ENOMEM.
 */
int sk_diff(const char *name, const char *before, size_t before_length, const char *after, size_t after_length,
	    struct sk_buffer *buffer);

#endif
