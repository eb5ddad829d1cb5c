/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of captures in memory, in pieces that several may hold: what is kept of
 * the last seconds, and files that a thread writes.
 *
 *   recent seconds ──┐
 *                    ├─► piece [references, size, bytes]
 *   queue of files ──┘
 *
 * Invariant: the pieces of a pool have no more bytes than its limit, whoever
 * holds them.  Any thread may share and drop.
 */
#ifndef SK_RECORDER_PIECES_H
#define SK_RECORDER_PIECES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sk_pieces {
	size_t limit;
	_Atomic size_t used;
};

struct sk_piece {
	struct sk_pieces *pool;
	_Atomic uint32_t references;
	uint32_t size;
	uint8_t bytes[];
};

/* A copy of the bytes with one reference; NULL if the pool's limit or memory does not allow for it. */
struct sk_piece *sk_piece_create(struct sk_pieces *pool, const uint8_t *bytes, size_t size);

struct sk_piece *sk_piece_share(struct sk_piece *piece);
void sk_piece_drop(struct sk_piece *piece);

/* A growing list of pieces, each of which it holds one reference of. */
struct sk_piece_list {
	struct sk_piece **pieces;
	uint32_t count, capacity;
	size_t bytes;
};

/* Takes the reference over; without memory it is dropped, and -ENOMEM. */
int sk_piece_list_add(struct sk_piece_list *list, struct sk_piece *piece);

/* Drops all of them; the list is empty and usable again. */
void sk_piece_list_release(struct sk_piece_list *list);

#endif
