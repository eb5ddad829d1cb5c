/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/containers/helper_thread.h"

#include <signal.h>

#include "vm/support/clock.h"

int64_t sk_helper_now(void)
{
	return (int64_t)(sk_clock_now(CLOCK_MONOTONIC) / SK_CLOCK_MS);
}

struct timespec sk_helper_moment(int64_t ms)
{
	return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * SK_CLOCK_MS};
}

void sk_helper_init_lock(pthread_mutex_t *lock, pthread_cond_t *changed)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

int sk_helper_start(pthread_t *ret_thread, const char *name, void *(*work)(void *context), void *context)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(ret_thread, NULL, work, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result == 0)
		pthread_setname_np(*ret_thread, name);
	return -result;
}
