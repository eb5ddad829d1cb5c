/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as text, from the records of a bundle: for people, in the form in
 * which they could be written.
 */
#ifndef SK_PRINT_H
#define SK_PRINT_H

#include "vm/bundle.h"
#include "vm/support/buffer.h"

/* Appends a value in canonical form: quoted only where it must be. */
void sk_print_word(struct sk_buffer *buffer, const char *bytes, uint32_t length);

/*
 * Appends predicate `number`, `fd.name in (a, b, ... 97 more)` where its list
 * would take it past `limit` bytes; at least one constant is there.
 */
void sk_print_predicate(const struct sk_bundle *bundle, uint32_t number, size_t limit, struct sk_buffer *buffer);

#endif
