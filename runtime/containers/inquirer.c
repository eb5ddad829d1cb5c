/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry for each container that is asked about, and in it, for each
 * runtime, when that is to be asked next:
 *
 *   entries   id            due[runtime]         answer
 *             c4edcd405fe5  [ now  | +250 ms ]   -
 *             0f2b95dd8a11  [ never| never   ]   {"container":...}
 *
 * The lock guards all entries; no thread holds it while it waits for a
 * runtime.  An entry that is removed meanwhile is missed by its serial number,
 * and the answer dropped.  An entry is there until its answer is delivered,
 * or, if nobody can tell, until `silence_ms` have passed: so a container that
 * nobody knows is not asked about with each of its execs.
 */
#include "runtime/containers/inquirer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runtime/containers/asker.h"
#include "runtime/containers/helper_thread.h"
#include "runtime/state/container.h"
#include "vm/event_build.h"
#include "vm/support/alloc.h"

enum {
	ENTRY_LIMIT = 1024,
	ATTEMPTS = 4,
	TIMEOUT_MS = 5000,
	RETRY_MS = 250,
	SILENCE_MS = 60000,
};

static const int64_t never = INT64_MAX;

struct entry {
	char id[SK_CONTAINER_ID_LENGTH + 1];
	uint64_t serial;
	int64_t due[SK_INQUIRER_RUNTIMES]; /* ms of the monotonic clock, or never */
	uint8_t attempts[SK_INQUIRER_RUNTIMES];
	uint8_t asking;  /* runtimes that have not given up */
	int64_t expires; /* when all have: the time until which that holds */
	bool answered;
	struct sk_buffer answer;
};

struct worker {
	struct sk_inquirer *inquirer;
	unsigned number; /* its place in entry.due */
	enum sk_runtime_kind kind;
	struct sk_asker *asker;
	pthread_t thread;
};

struct sk_inquirer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct entry *entries;
	uint32_t count;
	uint64_t next_serial;
	bool stopping;
	atomic_bool ready; /* some entry is answered; looked at without the lock */
	struct sk_inquirer_stats stats;
	struct sk_inquirer_options options;
	struct worker workers[SK_INQUIRER_RUNTIMES];
	unsigned created, started; /* workers with an asker, with a thread */
	struct sk_buffer event;
	struct sk_accounts *accounts;
};

/* --- entries, under the lock ------------------------------------------------- */

static struct entry *find(struct sk_inquirer *inquirer, const char *id)
{
	for (uint32_t i = 0; i < inquirer->count; i++) {
		if (strcmp(inquirer->entries[i].id, id) == 0)
			return &inquirer->entries[i];
	}
	return NULL;
}

static struct entry *find_serial(struct sk_inquirer *inquirer, uint64_t serial)
{
	for (uint32_t i = 0; i < inquirer->count; i++) {
		if (inquirer->entries[i].serial == serial)
			return &inquirer->entries[i];
	}
	return NULL;
}

static void remove_entry(struct sk_inquirer *inquirer, struct entry *entry)
{
	sk_buffer_release(&entry->answer);
	*entry = inquirer->entries[--inquirer->count];
}

static bool has_expired(const struct entry *entry, int64_t now)
{
	return !entry->answered && entry->asking == 0 && entry->expires <= now;
}

static void drop_expired(struct sk_inquirer *inquirer, int64_t now)
{
	for (uint32_t i = inquirer->count; i-- > 0;) {
		if (has_expired(&inquirer->entries[i], now))
			remove_entry(inquirer, &inquirer->entries[i]);
	}
}

static void add(struct sk_inquirer *inquirer, const char *id, int64_t now)
{
	struct entry *entry = &inquirer->entries[inquirer->count++];

	*entry = (struct entry){.serial = ++inquirer->next_serial};
	memcpy(entry->id, id, strlen(id));
	for (unsigned i = 0; i < inquirer->created; i++) {
		bool asked = sk_asker_may_know(inquirer->workers[i].kind, id, strlen(id));

		entry->due[i] = asked ? now : never;
		entry->asking += asked;
	}
	inquirer->stats.asked++;
	pthread_cond_broadcast(&inquirer->changed);
}

/* --- the threads ----------------------------------------------------------------- */

/* What this worker is to ask next, or NULL. */
static struct entry *next_entry(const struct worker *worker)
{
	struct sk_inquirer *inquirer = worker->inquirer;
	struct entry *next = NULL;

	for (uint32_t i = 0; i < inquirer->count; i++) {
		struct entry *entry = &inquirer->entries[i];

		if (!entry->answered && entry->due[worker->number] != never &&
		    (!next || entry->due[worker->number] < next->due[worker->number]))
			next = entry;
	}
	return next;
}

static void wait_until(struct sk_inquirer *inquirer, int64_t ms)
{
	const struct timespec time = sk_helper_moment(ms);

	pthread_cond_timedwait(&inquirer->changed, &inquirer->lock, &time);
}

/* Waits for something to ask; false: it is over. */
static bool take_question(const struct worker *worker, char ret_id[SK_CONTAINER_ID_LENGTH + 1],
			  uint64_t *ret_serial)
{
	struct sk_inquirer *inquirer = worker->inquirer;

	while (!inquirer->stopping) {
		struct entry *entry = next_entry(worker);

		if (!entry) {
			pthread_cond_wait(&inquirer->changed, &inquirer->lock);
		} else if (entry->due[worker->number] > sk_helper_now()) {
			wait_until(inquirer, entry->due[worker->number]);
		} else {
			memcpy(ret_id, entry->id, sizeof(entry->id));
			*ret_serial = entry->serial;
			return true;
		}
	}
	return false;
}

static void take_answer(struct sk_inquirer *inquirer, struct entry *entry, struct sk_buffer *json)
{
	entry->answer = *json;
	*json = (struct sk_buffer){0};
	entry->answered = true;
	inquirer->stats.answered++;
	atomic_store_explicit(&inquirer->ready, true, memory_order_release);
}

/* A failure is taken back, later, a few times: runtimes restart, and know a container only once it runs. */
static void put_off(const struct worker *worker, struct entry *entry)
{
	struct sk_inquirer *inquirer = worker->inquirer;
	unsigned attempt = entry->attempts[worker->number]++;

	if (attempt + 1 < ATTEMPTS) {
		entry->due[worker->number] =
			sk_helper_now() + ((int64_t)inquirer->options.retry_ms << (2 * attempt));
		return;
	}
	entry->due[worker->number] = never;
	if (--entry->asking > 0)
		return;
	entry->expires = sk_helper_now() + inquirer->options.silence_ms;
	inquirer->stats.unknown++;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct sk_inquirer *inquirer = worker->inquirer;
	char id[SK_CONTAINER_ID_LENGTH + 1];
	struct sk_buffer json = {0};
	uint64_t serial;

	pthread_mutex_lock(&inquirer->lock);
	while (take_question(worker, id, &serial)) {
		struct entry *entry;
		int result;

		pthread_mutex_unlock(&inquirer->lock);
		result = sk_asker_ask(worker->asker, id, &json);
		pthread_mutex_lock(&inquirer->lock);
		entry = find_serial(inquirer, serial);
		if (!entry || entry->answered)
			continue;
		if (result == 0)
			take_answer(inquirer, entry, &json);
		else
			put_off(worker, entry);
	}
	pthread_mutex_unlock(&inquirer->lock);
	sk_buffer_release(&json);
	return NULL;
}

/* --- life ------------------------------------------------------------------------ */

static int create_worker(struct sk_inquirer *inquirer, const struct sk_inquirer_runtime *runtime)
{
	struct worker *worker = &inquirer->workers[inquirer->created];
	int result = sk_asker_create(runtime->kind, runtime->socket, inquirer->options.timeout_ms, &worker->asker);

	if (result < 0)
		return result;
	worker->inquirer = inquirer;
	worker->number = inquirer->created++;
	worker->kind = runtime->kind;
	return 0;
}

int sk_inquirer_start(const struct sk_inquirer_options *options, struct sk_inquirer **ret_inquirer)
{
	const struct sk_accounts_options accounts = {0};
	struct sk_inquirer *inquirer;
	int result = 0;

	if (options->count > SK_INQUIRER_RUNTIMES)
		return -EINVAL;
	inquirer = sk_alloc_zeroed(1, sizeof(*inquirer));
	if (!inquirer)
		return -ENOMEM;
	sk_helper_init_lock(&inquirer->lock, &inquirer->changed);
	inquirer->options = *options;
	if (!inquirer->options.timeout_ms)
		inquirer->options.timeout_ms = TIMEOUT_MS;
	if (!inquirer->options.retry_ms)
		inquirer->options.retry_ms = RETRY_MS;
	if (!inquirer->options.silence_ms)
		inquirer->options.silence_ms = SILENCE_MS;
	inquirer->entries = sk_alloc_zeroed(ENTRY_LIMIT, sizeof(*inquirer->entries));
	if (!inquirer->entries)
		result = -ENOMEM;
	if (result == 0)
		result = sk_accounts_start(&accounts, &inquirer->accounts);
	/* All of them before the first thread, which looks at their number. */
	for (unsigned i = 0; i < options->count && result == 0; i++)
		result = create_worker(inquirer, &options->runtimes[i]);
	for (; inquirer->started < inquirer->created && result == 0; inquirer->started += result == 0) {
		struct worker *worker = &inquirer->workers[inquirer->started];

		result = sk_helper_start(&worker->thread, "saker-runtime", work, worker);
	}
	if (result < 0) {
		sk_inquirer_stop(inquirer);
		return result;
	}
	*ret_inquirer = inquirer;
	return 0;
}

void sk_inquirer_stop(struct sk_inquirer *inquirer)
{
	if (!inquirer)
		return;
	pthread_mutex_lock(&inquirer->lock);
	inquirer->stopping = true;
	pthread_cond_broadcast(&inquirer->changed);
	pthread_mutex_unlock(&inquirer->lock);
	for (unsigned i = 0; i < inquirer->started; i++) {
		sk_asker_interrupt(inquirer->workers[i].asker);
		pthread_join(inquirer->workers[i].thread, NULL);
	}
	for (unsigned i = 0; i < inquirer->created; i++)
		sk_asker_destroy(inquirer->workers[i].asker);
	sk_accounts_stop(inquirer->accounts);
	while (inquirer->count > 0)
		remove_entry(inquirer, &inquirer->entries[inquirer->count - 1]);
	sk_free(inquirer->entries);
	sk_buffer_release(&inquirer->event);
	pthread_cond_destroy(&inquirer->changed);
	pthread_mutex_destroy(&inquirer->lock);
	sk_free(inquirer);
}

/* --- for the state ------------------------------------------------------------------ */

/* False: nobody is asked about such containers. */
static bool copy_id(const struct sk_inquirer *inquirer, const char *id, size_t length,
		    char ret_id[SK_CONTAINER_ID_LENGTH + 1])
{
	bool asked = false;

	for (unsigned i = 0; i < inquirer->created && !asked; i++)
		asked = sk_asker_may_know(inquirer->workers[i].kind, id, length);
	if (!asked)
		return false;
	memcpy(ret_id, id, length);
	ret_id[length] = '\0';
	return true;
}

void sk_inquirer_need(struct sk_inquirer *inquirer, const char *id, size_t length)
{
	char copy[SK_CONTAINER_ID_LENGTH + 1];
	int64_t now = sk_helper_now();
	struct entry *entry;

	if (!copy_id(inquirer, id, length, copy))
		return;
	pthread_mutex_lock(&inquirer->lock);
	entry = find(inquirer, copy);
	if (entry && has_expired(entry, now)) {
		remove_entry(inquirer, entry);
		entry = NULL;
	}
	if (!entry && inquirer->count == ENTRY_LIMIT)
		drop_expired(inquirer, now);
	if (!entry && inquirer->count == ENTRY_LIMIT)
		inquirer->stats.refused++;
	else if (!entry)
		add(inquirer, copy, now);
	pthread_mutex_unlock(&inquirer->lock);
}

bool sk_inquirer_gave_up(struct sk_inquirer *inquirer, const char *id, size_t length)
{
	char copy[SK_CONTAINER_ID_LENGTH + 1];
	const struct entry *entry;
	bool gave_up;

	if (!copy_id(inquirer, id, length, copy))
		return true;
	pthread_mutex_lock(&inquirer->lock);
	entry = find(inquirer, copy);
	gave_up = !entry || (!entry->answered && entry->asking == 0);
	pthread_mutex_unlock(&inquirer->lock);
	return gave_up;
}

bool sk_inquirer_has_runtimes(const struct sk_inquirer *inquirer)
{
	return inquirer->created > 0;
}

void sk_inquirer_need_users(struct sk_inquirer *inquirer, const char *id, size_t length, int64_t pid)
{
	sk_accounts_need(inquirer->accounts, id, length, pid);
}

void sk_inquirer_forget(struct sk_inquirer *inquirer, const char *id, size_t length)
{
	char copy[SK_CONTAINER_ID_LENGTH + 1];
	struct entry *entry;

	sk_accounts_forget(inquirer->accounts, id, length);
	if (!copy_id(inquirer, id, length, copy))
		return;
	pthread_mutex_lock(&inquirer->lock);
	entry = find(inquirer, copy);
	if (entry)
		remove_entry(inquirer, entry);
	pthread_mutex_unlock(&inquirer->lock);
}

/* An answer that arrived, which the caller releases; false if there is none. */
static bool take_delivery(struct sk_inquirer *inquirer, struct sk_buffer *ret_answer)
{
	bool found = false;

	pthread_mutex_lock(&inquirer->lock);
	for (uint32_t i = 0; i < inquirer->count && !found; i++) {
		struct entry *entry = &inquirer->entries[i];

		if (!entry->answered)
			continue;
		*ret_answer = entry->answer;
		entry->answer = (struct sk_buffer){0};
		remove_entry(inquirer, entry);
		found = true;
	}
	pthread_mutex_unlock(&inquirer->lock);
	return found;
}

/* ASYNCEVENT_E: u32 plugin id, name, data, whose lengths are 32 bits wide. */
static bool make_event(uint64_t ts, const struct sk_buffer *json, struct sk_buffer *event)
{
	static const char name[] = "container";
	static const uint32_t plugin = 0;
	const struct sk_param params[] = {
		{(const uint8_t *)&plugin, sizeof(plugin)},
		{(const uint8_t *)name, sizeof(name)},
		{(const uint8_t *)json->bytes, (uint32_t)json->length + 1}, /* with the NUL behind every text */
	};

	return sk_event_build(ts, -1, SK_EVENT_ASYNCEVENT_E, params, event);
}

void sk_inquirer_deliver(struct sk_inquirer *inquirer, uint64_t ts,
			 int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu),
			 void *context)
{
	struct sk_buffer answer;

	sk_accounts_deliver(inquirer->accounts, ts, handle, context);
	/* Pairs with take_answer(). */
	if (!atomic_load_explicit(&inquirer->ready, memory_order_relaxed) ||
	    !atomic_exchange_explicit(&inquirer->ready, false, memory_order_acquire))
		return;
	while (take_delivery(inquirer, &answer)) {
		if (make_event(ts, &answer, &inquirer->event))
			handle(context, (const uint8_t *)inquirer->event.bytes, inquirer->event.length, 0);
		sk_buffer_release(&answer);
	}
}

struct sk_inquirer_stats sk_inquirer_stats(struct sk_inquirer *inquirer)
{
	struct sk_inquirer_stats stats;

	pthread_mutex_lock(&inquirer->lock);
	stats = inquirer->stats;
	pthread_mutex_unlock(&inquirer->lock);
	stats.accounts = sk_accounts_stats(inquirer->accounts);
	return stats;
}
