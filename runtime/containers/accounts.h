/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the users and groups of containers beside the sensor, which gets them
 * as the events that a capture carries.  A container's files can be such that
 * reading them never ends: whoever reads then is left to it, a few times.
 */
#ifndef SK_CONTAINERS_ACCOUNTS_H
#define SK_CONTAINERS_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"

struct sk_accounts;

struct sk_accounts_options {
	/* All 0: the defaults, 5 s until a reader is left, 60 s until a container's files are read again. */
	unsigned timeout_ms;
	unsigned silence_ms;
	/* What reads, for tests; NULL: sk_account_files_read(). */
	int (*read)(int64_t pid, const char *container_id, struct sk_buffer *events);
};

struct sk_accounts_stats {
	uint64_t read;    /* containers */
	uint64_t failed;  /* the process was gone, or there was no memory */
	uint64_t refused; /* too many at a time */
	uint64_t left;    /* readers that did not come back in time */
};

/* Starts a thread.  -ENOMEM, or what pthread_create() says. */
int sk_accounts_start(const struct sk_accounts_options *options, struct sk_accounts **ret_accounts);

/* Waits no longer than half a second for whoever reads; NULL is fine. */
void sk_accounts_stop(struct sk_accounts *accounts);

/*
 * Somebody in this container has an id without a name: reads its files through
 * the process `pid`, unless that was done lately.  Never waits.
 */
void sk_accounts_need(struct sk_accounts *accounts, const char *id, size_t length, int64_t pid);

/* The container is gone: what is read of it now will not be delivered. */
void sk_accounts_forget(struct sk_accounts *accounts, const char *id, size_t length);

/*
 * Hands the events that arrived to `handle`, with the time `ts`, for CPU 0.
 * One load if there are none.  `handle` may call the functions above.
 */
void sk_accounts_deliver(struct sk_accounts *accounts, uint64_t ts,
			 int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu),
			 void *context);

struct sk_accounts_stats sk_accounts_stats(struct sk_accounts *accounts);

#endif
