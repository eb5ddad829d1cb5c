/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that fills blocks of bytes ahead of the one that uses them.
 *
 *                 given back     taken      filled
 *                     v            v          v
 *    ... [free][free][in use][in use][ready][being filled] ...
 *
 * Blocks come in the order in which they were filled.  The last one is marked
 * and may say why there is no more, behind its bytes: so errors come where
 * they would without a thread.
 */
#ifndef SK_SCAP_AHEAD_H
#define SK_SCAP_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/error.h"

struct sk_ahead;

struct sk_ahead_block {
	uint8_t *bytes; /* of the ahead; there is free memory in front of them: `front` */
	size_t length;
	uint64_t consumed; /* bytes of the file that were used up to here */
	bool last;         /* nothing comes behind this block */
	int failure;       /* why, if that is not the end of the file; negative errno */
	struct sk_error failure_error;
};

struct sk_ahead_options {
	/*
	 * Fills a block, whose `length` is 0, with up to `block_size` bytes, and
	 * sets all but `bytes`.  Called in the other thread, one call at a time,
	 * until it was the last block.
	 */
	void (*fill)(void *context, struct sk_ahead_block *block);
	/* Ends a fill() that waits for somebody; called by sk_ahead_stop(). */
	void (*interrupt)(void *context);
	void *context;
	size_t block_size, front; /* bytes */
	unsigned blocks;          /* at least 3 */
};

/*
 * Starts the thread, which from now on uses `context`, until
 * sk_ahead_stop().  Negative errno.
 */
int sk_ahead_start(const struct sk_ahead_options *options, struct sk_ahead **ret_ahead);

/*
 * Waits for the next block.  It, and the memory in front of its bytes, is the
 * caller's until it is given back.  At most two can be held at a time, and
 * there is none behind the last.
 */
const struct sk_ahead_block *sk_ahead_take(struct sk_ahead *ahead);

/* Gives back the block that is held longest. */
void sk_ahead_give_back(struct sk_ahead *ahead);

/* Ends the thread, wherever it is, and frees the blocks.  NULL is fine. */
void sk_ahead_stop(struct sk_ahead *ahead);

#endif
