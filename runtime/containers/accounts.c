/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry for each container that was asked about, and one reader at work:
 *
 *   entries   id            state     due         events
 *             c4edcd405fe5  WAITING   now         -
 *             0f2b95dd8a11  READING   -           -          ◄── reader 2
 *             77aa00c1be12  READ      -           [..][..]   ──► deliver
 *             5d0c3f01aa9e  IDLE      +60 s       -
 *
 * A reader that takes too long is replaced when something else is waiting; it
 * ends when it comes back.  It holds a reference to all this, so that it may
 * come back when the rest is gone.  The lock guards all but the files.
 */
#include "runtime/containers/accounts.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/containers/account_files.h"
#include "runtime/containers/helper_thread.h"
#include "vm/event.h"
#include "vm/support/alloc.h"

enum {
	ENTRY_LIMIT = 1024,
	UNDELIVERED_LIMIT = 64, /* containers whose events wait: at most 64 MiB or so */
	ID_LIMIT = 63,
	READER_LIMIT = 5, /* at work, and left */
	TIMEOUT_MS = 5000,
	SILENCE_MS = 60000,
	RETRY_MS = 50,
	STOP_MS = 500,
};

enum state { IDLE, WAITING, READING, READ };

struct entry {
	char id[ID_LIMIT + 1];
	enum state state;
	uint64_t serial;
	int64_t pid;
	int64_t due; /* of IDLE: ms of the monotonic clock before which nothing is read again */
	struct sk_buffer events;
};

struct sk_accounts {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sk_accounts_options options;
	struct entry *entries;
	uint32_t count;
	uint64_t next_serial;
	uint32_t waiting, undelivered;
	uint64_t reader;    /* the number of the one that is at work */
	int64_t busy_since; /* ms; 0: it waits */
	uint32_t readers;   /* threads that run; each holds a reference */
	bool stopping;
	atomic_bool ready; /* some entry is READ; looked at without the lock */
	struct sk_accounts_stats stats;
};

static void release(struct sk_accounts *accounts)
{
	for (uint32_t i = 0; i < accounts->count; i++)
		sk_buffer_release(&accounts->entries[i].events);
	sk_free(accounts->entries);
	pthread_cond_destroy(&accounts->changed);
	pthread_mutex_destroy(&accounts->lock);
	sk_free(accounts);
}

/* --- entries, under the lock ------------------------------------------------------ */

static struct entry *find(struct sk_accounts *accounts, const char *id, size_t length)
{
	for (uint32_t i = 0; i < accounts->count; i++) {
		struct entry *entry = &accounts->entries[i];

		if (strlen(entry->id) == length && memcmp(entry->id, id, length) == 0)
			return entry;
	}
	return NULL;
}

static void remove_entry(struct sk_accounts *accounts, struct entry *entry)
{
	accounts->waiting -= entry->state == WAITING;
	accounts->undelivered -= entry->state == READ;
	sk_buffer_release(&entry->events);
	*entry = accounts->entries[--accounts->count];
}

/* Room for one more: the idle entry that was read the longest ago goes.  NULL: none is idle. */
static struct entry *make_entry(struct sk_accounts *accounts, const char *id, size_t length)
{
	struct entry *oldest = NULL, *entry;

	if (accounts->count == ENTRY_LIMIT) {
		for (uint32_t i = 0; i < accounts->count; i++) {
			entry = &accounts->entries[i];
			if (entry->state == IDLE && (!oldest || entry->due < oldest->due))
				oldest = entry;
		}
		if (!oldest)
			return NULL;
		remove_entry(accounts, oldest);
	}
	entry = &accounts->entries[accounts->count++];
	*entry = (struct entry){.serial = ++accounts->next_serial};
	memcpy(entry->id, id, length);
	return entry;
}

/* --- readers ------------------------------------------------------------------------ */

static struct entry *next_waiting(struct sk_accounts *accounts)
{
	if (accounts->waiting == 0 || accounts->undelivered >= UNDELIVERED_LIMIT)
		return NULL;
	for (uint32_t i = 0; i < accounts->count; i++)
		if (accounts->entries[i].state == WAITING)
			return &accounts->entries[i];
	return NULL;
}

static struct entry *find_serial(struct sk_accounts *accounts, uint64_t serial)
{
	for (uint32_t i = 0; i < accounts->count; i++)
		if (accounts->entries[i].serial == serial)
			return &accounts->entries[i];
	return NULL;
}

/* One that is gone by the time that it is looked at is soon followed by another. */
static void take_result(struct sk_accounts *accounts, struct entry *entry, int result, struct sk_buffer *events)
{
	entry->state = IDLE;
	entry->due = sk_helper_now() + (result < 0 ? RETRY_MS : accounts->options.silence_ms);
	if (result < 0) {
		accounts->stats.failed++;
		return;
	}
	accounts->stats.read++;
	if (events->length == 0)
		return;
	entry->state = READ;
	entry->events = *events;
	*events = (struct sk_buffer){0};
	accounts->undelivered++;
	atomic_store_explicit(&accounts->ready, true, memory_order_release);
}

/* With the lock, which it gives up while it reads. */
static void read_one(struct sk_accounts *accounts, struct entry *entry)
{
	char id[ID_LIMIT + 1];
	uint64_t serial = entry->serial;
	int64_t pid = entry->pid;
	struct sk_buffer events = {0};
	int result;

	memcpy(id, entry->id, sizeof(id));
	entry->state = READING;
	accounts->waiting--;
	accounts->busy_since = sk_helper_now();
	pthread_mutex_unlock(&accounts->lock);
	result = accounts->options.read(pid, id, &events);
	pthread_mutex_lock(&accounts->lock);
	entry = find_serial(accounts, serial);
	if (entry)
		take_result(accounts, entry, result, &events);
	sk_buffer_release(&events);
}

static void *work(void *context)
{
	struct sk_accounts *accounts = context;
	struct entry *entry;
	uint64_t number;
	bool last;

	pthread_mutex_lock(&accounts->lock);
	number = ++accounts->reader;
	while (!accounts->stopping && accounts->reader == number) {
		entry = next_waiting(accounts);
		if (entry) {
			read_one(accounts, entry);
		} else {
			accounts->busy_since = 0;
			pthread_cond_wait(&accounts->changed, &accounts->lock);
		}
	}
	last = --accounts->readers == 0 && accounts->entries == NULL;
	pthread_cond_broadcast(&accounts->changed);
	pthread_mutex_unlock(&accounts->lock);
	if (last)
		release(accounts);
	return NULL;
}

/* With the lock, so that the thread cannot have ended yet. */
static int start_reader(struct sk_accounts *accounts)
{
	pthread_t thread;
	int result;

	accounts->readers++;
	/* Until the thread has a number of its own, nobody is at work. */
	accounts->busy_since = 0;
	result = sk_helper_start(&thread, "saker-accounts", work, accounts);
	if (result == 0)
		pthread_detach(thread);
	else
		accounts->readers--;
	return result;
}

/* --- life --------------------------------------------------------------------------- */

int sk_accounts_start(const struct sk_accounts_options *options, struct sk_accounts **ret_accounts)
{
	struct sk_accounts *accounts = sk_alloc_zeroed(1, sizeof(*accounts));
	int result;

	if (!accounts)
		return -ENOMEM;
	sk_helper_init_lock(&accounts->lock, &accounts->changed);
	accounts->options = *options;
	if (!accounts->options.timeout_ms)
		accounts->options.timeout_ms = TIMEOUT_MS;
	if (!accounts->options.silence_ms)
		accounts->options.silence_ms = SILENCE_MS;
	if (!accounts->options.read)
		accounts->options.read = sk_account_files_read;
	accounts->entries = sk_alloc_zeroed(ENTRY_LIMIT, sizeof(*accounts->entries));
	pthread_mutex_lock(&accounts->lock);
	result = accounts->entries ? start_reader(accounts) : -ENOMEM;
	pthread_mutex_unlock(&accounts->lock);
	if (result < 0) {
		release(accounts);
		return result;
	}
	*ret_accounts = accounts;
	return 0;
}

void sk_accounts_stop(struct sk_accounts *accounts)
{
	const struct timespec end = sk_helper_moment(sk_helper_now() + STOP_MS);
	bool last;

	if (!accounts)
		return;
	pthread_mutex_lock(&accounts->lock);
	accounts->stopping = true;
	pthread_cond_broadcast(&accounts->changed);
	while (accounts->readers > 0 &&
	       pthread_cond_timedwait(&accounts->changed, &accounts->lock, &end) != ETIMEDOUT)
		;
	while (accounts->count > 0)
		remove_entry(accounts, &accounts->entries[accounts->count - 1]);
	/* Without entries, the last reader that comes back releases the rest. */
	sk_free(accounts->entries);
	accounts->entries = NULL;
	last = accounts->readers == 0;
	pthread_mutex_unlock(&accounts->lock);
	if (last)
		release(accounts);
}

/* --- for the state -------------------------------------------------------------------- */

static void replace_lost_reader(struct sk_accounts *accounts, int64_t now)
{
	if (accounts->busy_since == 0 || now - accounts->busy_since < accounts->options.timeout_ms ||
	    accounts->readers == READER_LIMIT)
		return;
	accounts->stats.left++;
	if (start_reader(accounts) < 0)
		accounts->busy_since = now;
}

void sk_accounts_need(struct sk_accounts *accounts, const char *id, size_t length, int64_t pid)
{
	int64_t now = sk_helper_now();
	struct entry *entry;

	if (length == 0 || length > ID_LIMIT)
		return;
	pthread_mutex_lock(&accounts->lock);
	entry = find(accounts, id, length);
	if (!entry)
		entry = make_entry(accounts, id, length);
	if (!entry) {
		accounts->stats.refused++;
	} else if (entry->state == IDLE && entry->due <= now) {
		entry->state = WAITING;
		entry->pid = pid;
		accounts->waiting++;
		pthread_cond_broadcast(&accounts->changed);
	} else if (entry->state == WAITING) {
		/* The newer process is likelier to be there still. */
		entry->pid = pid;
	}
	if (accounts->waiting > 0)
		replace_lost_reader(accounts, now);
	pthread_mutex_unlock(&accounts->lock);
}

void sk_accounts_forget(struct sk_accounts *accounts, const char *id, size_t length)
{
	struct entry *entry;

	pthread_mutex_lock(&accounts->lock);
	entry = find(accounts, id, length);
	if (entry)
		remove_entry(accounts, entry);
	pthread_mutex_unlock(&accounts->lock);
}

/* Events that arrived, which the caller releases; false if there are none. */
static bool take_delivery(struct sk_accounts *accounts, struct sk_buffer *ret_events)
{
	bool found = false;

	pthread_mutex_lock(&accounts->lock);
	for (uint32_t i = 0; i < accounts->count && !found; i++) {
		struct entry *entry = &accounts->entries[i];

		if (entry->state != READ)
			continue;
		*ret_events = entry->events;
		entry->events = (struct sk_buffer){0};
		entry->state = IDLE;
		accounts->undelivered--;
		found = true;
	}
	if (found && accounts->waiting > 0)
		pthread_cond_broadcast(&accounts->changed);
	pthread_mutex_unlock(&accounts->lock);
	return found;
}

void sk_accounts_deliver(struct sk_accounts *accounts, uint64_t ts,
			 int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu),
			 void *context)
{
	struct sk_event_header header;
	struct sk_buffer events;

	/* Pairs with take_result(). */
	if (!atomic_load_explicit(&accounts->ready, memory_order_relaxed) ||
	    !atomic_exchange_explicit(&accounts->ready, false, memory_order_acquire))
		return;
	while (take_delivery(accounts, &events)) {
		for (size_t at = 0; at < events.length; at += header.len) {
			memcpy(&header, events.bytes + at, sizeof(header));
			header.ts = ts;
			memcpy(events.bytes + at, &header, sizeof(header));
			handle(context, (const uint8_t *)events.bytes + at, header.len, 0);
		}
		sk_buffer_release(&events);
	}
}

struct sk_accounts_stats sk_accounts_stats(struct sk_accounts *accounts)
{
	struct sk_accounts_stats stats;

	pthread_mutex_lock(&accounts->lock);
	stats = accounts->stats;
	pthread_mutex_unlock(&accounts->lock);
	return stats;
}
