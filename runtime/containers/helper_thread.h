/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the sensor, and how they wait. */
#ifndef SK_CONTAINERS_HELPER_THREAD_H
#define SK_CONTAINERS_HELPER_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Milliseconds of a clock that nobody sets. */
int64_t sk_helper_now(void);

/* That moment as pthread_cond_timedwait() wants it, for conditions of sk_helper_init_lock(). */
struct timespec sk_helper_moment(int64_t ms);

/* A lock, and a condition that times out by that clock. */
void sk_helper_init_lock(pthread_mutex_t *lock, pthread_cond_t *changed);

/* Starts a thread that gets no signals: they are for those that were there before.  0, or a negative errno. */
int sk_helper_start(pthread_t *ret_thread, const char *name, void *(*work)(void *context), void *context);

#endif
