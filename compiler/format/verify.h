/* SPDX-License-Identifier: Apache-2.0 */
/* The net under the formatter.  Private to compiler/format/. */
#ifndef SK_FORMAT_VERIFY_H
#define SK_FORMAT_VERIFY_H

#include "compiler/format/document.h"
#include "compiler/yaml.h"

/*
 * 1 if a layout says what the file says: the same documents, where keys of an
 * item may have moved and conditions have other white space; and the same
 * comments, in any order.  0 if not; -ENOMEM.
 */
int sk_format_verify(const struct sk_format_file *file, const struct sk_yaml_stream *before,
		     const struct sk_source_file *laid_out, struct sk_arena *arena);

#endif
