/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that reads ahead: see ahead.h.
 *
 * Three counters only grow; block n lives in slot n modulo the number of
 * blocks:
 *
 *    given_back <= taken <= filled <= given_back + blocks
 *
 * The lock guards them and `stopping`.  A block's contents need none: from
 * `given_back` to `filled` they belong to the thread, else to the caller.
 */
#include "runtime/scap/ahead.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "vm/support/alloc.h"

struct sk_ahead {
	struct sk_ahead_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t was_filled, was_given_back;
	uint64_t given_back, taken, filled;
	bool stopping;
	uint8_t *memory;
	struct sk_ahead_block blocks[];
};

static struct sk_ahead_block *block_at(struct sk_ahead *ahead, uint64_t number)
{
	return &ahead->blocks[number % ahead->options.blocks];
}

/* The next block to fill; NULL: it is over. */
static struct sk_ahead_block *wait_for_free(struct sk_ahead *ahead)
{
	struct sk_ahead_block *block;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stopping && ahead->filled - ahead->given_back == ahead->options.blocks)
		pthread_cond_wait(&ahead->was_given_back, &ahead->lock);
	block = ahead->stopping ? NULL : block_at(ahead, ahead->filled);
	pthread_mutex_unlock(&ahead->lock);
	return block;
}

static void *fill_blocks(void *context)
{
	struct sk_ahead *ahead = context;
	struct sk_ahead_block *block;
	bool last = false;

	while (!last && (block = wait_for_free(ahead))) {
		*block = (struct sk_ahead_block){.bytes = block->bytes};
		ahead->options.fill(ahead->options.context, block);
		last = block->last;
		pthread_mutex_lock(&ahead->lock);
		ahead->filled++;
		pthread_cond_signal(&ahead->was_filled);
		pthread_mutex_unlock(&ahead->lock);
	}
	return NULL;
}

const struct sk_ahead_block *sk_ahead_take(struct sk_ahead *ahead)
{
	const struct sk_ahead_block *block;

	pthread_mutex_lock(&ahead->lock);
	assert(ahead->taken - ahead->given_back < 2);
	while (ahead->filled == ahead->taken)
		pthread_cond_wait(&ahead->was_filled, &ahead->lock);
	block = block_at(ahead, ahead->taken++);
	pthread_mutex_unlock(&ahead->lock);
	return block;
}

void sk_ahead_give_back(struct sk_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	assert(ahead->given_back < ahead->taken);
	ahead->given_back++;
	pthread_cond_signal(&ahead->was_given_back);
	pthread_mutex_unlock(&ahead->lock);
}

/* Signals are for the threads that were there before. */
static int create_thread(struct sk_ahead *ahead)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&ahead->thread, NULL, fill_blocks, ahead);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_setname_np(ahead->thread, "saker-ahead");
	return -r;
}

static void release(struct sk_ahead *ahead)
{
	pthread_cond_destroy(&ahead->was_filled);
	pthread_cond_destroy(&ahead->was_given_back);
	pthread_mutex_destroy(&ahead->lock);
	sk_free(ahead->memory);
	sk_free(ahead);
}

int sk_ahead_start(const struct sk_ahead_options *options, struct sk_ahead **ret_ahead)
{
	size_t stride = options->front + options->block_size;
	struct sk_ahead *ahead =
		sk_alloc_zeroed(1, sizeof(*ahead) + options->blocks * sizeof(struct sk_ahead_block));
	int r;

	assert(options->blocks >= 3);
	if (!ahead)
		return -ENOMEM;
	ahead->options = *options;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->was_filled, NULL);
	pthread_cond_init(&ahead->was_given_back, NULL);
	ahead->memory = sk_alloc(options->blocks * stride);
	if (!ahead->memory) {
		release(ahead);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < options->blocks; i++)
		ahead->blocks[i].bytes = ahead->memory + i * stride + options->front;
	r = create_thread(ahead);
	if (r < 0) {
		release(ahead);
		return r;
	}
	*ret_ahead = ahead;
	return 0;
}

void sk_ahead_stop(struct sk_ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->stopping = true;
	pthread_cond_signal(&ahead->was_given_back);
	pthread_mutex_unlock(&ahead->lock);
	if (ahead->options.interrupt)
		ahead->options.interrupt(ahead->options.context);
	pthread_join(ahead->thread, NULL);
	release(ahead);
}
