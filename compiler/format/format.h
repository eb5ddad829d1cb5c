/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical layout of packs: docs/formatting.md says what it is.
 */
#ifndef SK_FORMAT_FORMAT_H
#define SK_FORMAT_FORMAT_H

#include <stddef.h>

#include "grammar/diagnostic.h"
#include "vm/support/buffer.h"

/*
 * Lays out one rules file.  `name` and a copy of the bytes are added to the
 * diagnostics' sources, everything else lives in their arena.  The text is
 * appended to `ret_text`, which belongs to the caller.
 *
 * What is written means the same: before it is given out it is parsed again,
 * and must have the same values (conditions: the same words) and the same
 * comments.  Laying out what this wrote gives the same bytes.
 *
 * Returns 0; -EINVAL after reporting why the file cannot be laid out, with
 * `ret_text` as it was; -ENOMEM.
 */
int sk_format_pack(const char *name, const char *bytes, size_t length, struct sk_diagnostics *diagnostics,
		   struct sk_buffer *ret_text);

#endif
