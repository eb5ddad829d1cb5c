/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the container runtimes of this host about containers, beside the
 * sensor, and hands what they say to it as the events that a capture carries:
 *
 *   state ──need──► inquirer ─► a thread for each socket ─► runtime
 *     ▲                                │ answer
 *     └──"container" event◄──deliver──◄┘
 *
 * Users and groups of a container, which it has in files of its own, come the
 * same way.  Nothing here waits for a runtime but those threads.  One that is not there,
 * slow, or tells nonsense leaves its containers with their ids alone, and
 * delays no other runtime.
 */
#ifndef SK_CONTAINERS_INQUIRER_H
#define SK_CONTAINERS_INQUIRER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/containers/accounts.h"
#include "runtime/containers/metadata.h"

struct sk_inquirer;

enum { SK_INQUIRER_RUNTIMES = 8 };

struct sk_inquirer_runtime {
	enum sk_runtime_kind kind;
	const char *socket; /* its path; copied */
};

struct sk_inquirer_options {
	const struct sk_inquirer_runtime *runtimes;
	unsigned count; /* at most SK_INQUIRER_RUNTIMES */
	/* All 0: the defaults, 5 s for an answer; 250 ms, 1 s, 4 s between questions; 60 s until one is asked again. */
	unsigned timeout_ms;
	unsigned retry_ms; /* the first of them, then four times as long each */
	unsigned silence_ms;
};

struct sk_inquirer_stats {
	uint64_t asked; /* containers */
	uint64_t answered;
	uint64_t unknown; /* no runtime could tell in four attempts */
	uint64_t refused; /* too many at a time */
	struct sk_accounts_stats accounts;
};

/* Starts the threads, one more than there are runtimes: it reads users and groups of containers.  -ENOMEM, -EINVAL (too many runtimes), or what pthread_create() says. */
int sk_inquirer_start(const struct sk_inquirer_options *options, struct sk_inquirer **ret_inquirer);

/* Ends what is under way, at once; NULL is fine. */
void sk_inquirer_stop(struct sk_inquirer *inquirer);

/*
 * The state needs metadata of this container: asks the runtimes unless they
 * are being asked, or said lately that they don't know it.  Never waits.
 */
void sk_inquirer_need(struct sk_inquirer *inquirer, const char *id, size_t length);

/* Nobody is being asked about it: none could tell, or it is no container that runtimes know. */
bool sk_inquirer_gave_up(struct sk_inquirer *inquirer, const char *id, size_t length);

/* Some runtime is asked about containers at all. */
bool sk_inquirer_has_runtimes(const struct sk_inquirer *inquirer);

/*
 * A thread in this container has a user or group without a name: reads the
 * container's own, unless that was done lately, through the process `pid`,
 * which is in it.  Never waits.
 */
void sk_inquirer_need_users(struct sk_inquirer *inquirer, const char *id, size_t length, int64_t pid);

/* The container is gone: an answer that is under way will not be delivered. */
void sk_inquirer_forget(struct sk_inquirer *inquirer, const char *id, size_t length);

/*
 * Hands the answers that arrived to `handle`, each an async "container" event,
 * users and groups as events that add them, of the time `ts` in the wire
 * format, for CPU 0.  A load or two if there are none.  `handle` may call the functions above.
 */
void sk_inquirer_deliver(struct sk_inquirer *inquirer, uint64_t ts,
			 int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu),
			 void *context);

struct sk_inquirer_stats sk_inquirer_stats(struct sk_inquirer *inquirer);

#endif
