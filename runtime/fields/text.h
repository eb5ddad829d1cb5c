/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is put together for one event, in its scratch arena.
 *
 *   bytes ─► [ length used | free up to capacity ]
 *
 * Growing takes new memory of twice the size and leaves the old to the arena,
 * which is reset after the event.  When the arena is exhausted the text is
 * `failed`, later appends do nothing, and its value is missing.
 */
#ifndef SK_FIELDS_TEXT_H
#define SK_FIELDS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vm/support/arena.h"
#include "vm/value.h"

struct sk_text {
	struct sk_arena *scratch;
	char *bytes;
	uint32_t length, capacity;
	bool failed;
};

static inline struct sk_text sk_text_begin(struct sk_arena *scratch)
{
	return (struct sk_text){.scratch = scratch};
}

void sk_text_append(struct sk_text *text, const void *bytes, size_t length);
void sk_text_append_char(struct sk_text *text, char byte);
void sk_text_append_signed(struct sk_text *text, int64_t number);
void sk_text_append_unsigned(struct sk_text *text, uint64_t number);

static inline void sk_text_append_string(struct sk_text *text, const char *string)
{
	sk_text_append(text, string, strlen(string));
}

/* printf of at most 127 bytes. */
void sk_text_printf(struct sk_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes, with a dot for each that is no printable ASCII character. */
void sk_text_append_dotted(struct sk_text *text, const void *bytes, size_t length);

/*
 * Strings that lie one after another, each with its NUL (the last one's may be
 * missing), with `separator` between them.
 */
void sk_text_append_joined(struct sk_text *text, const char *strings, size_t length, char separator);

/* The text as a value; missing if it did not fit. */
struct sk_value sk_text_value(const struct sk_text *text);

#endif
