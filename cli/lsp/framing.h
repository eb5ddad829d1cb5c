/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base protocol of LSP: bytes from a client as messages.
 *
 *   Content-Length: 52\r\n
 *   \r\n
 *   {"jsonrpc":"2.0", ...}Content-Length: ...
 *   └──── 52 bytes ───────┘
 *
 * Nothing is reserved for a message before its bytes have come, so a length
 * costs nothing but what is sent.
 */
#ifndef SK_LSP_FRAMING_H
#define SK_LSP_FRAMING_H

#include "vm/support/buffer.h"

enum {
	SK_LSP_HEADER_LIMIT = 8 * 1024,
	SK_LSP_BODY_LIMIT = 64 * 1024 * 1024,
};

/* All zeroes when empty. */
struct sk_lsp_framing {
	struct sk_buffer bytes;
	size_t taken; /* of `bytes`: given out already */
};

void sk_lsp_framing_release(struct sk_lsp_framing *framing);

/* Adds bytes of the stream; false without memory. */
bool sk_lsp_framing_add(struct sk_lsp_framing *framing, const char *bytes, size_t length);

/*
 * The next message's body, valid until more is added.  Returns 1; 0 if it has
 * not come yet; -EPROTO if this is no such stream, with why: nothing behind it
 * can be understood then.
 */
int sk_lsp_framing_next(struct sk_lsp_framing *framing, const char **ret_body, size_t *ret_length,
			const char **ret_fault);

/* Appends a message with its header. */
void sk_lsp_frame(struct sk_buffer *out, const char *body, size_t length);

/*
 * A copy of a JSON text in which escaped halves of a surrogate pair that stand
 * alone are U+FFFD: JavaScript can write them, and UTF-8 has no form for them.
 * Both count as one UTF-16 unit, so positions stay right.  NULL without memory.
 */
char *sk_lsp_repair_surrogates(const char *json, size_t length);

#endif
