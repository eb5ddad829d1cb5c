/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that depend on when they were read last: evt.deltatime*, util.cnt,
 * thread.exectime, thread.totexectime, thread.cpu*.
 *
 *   reader   a comparison or a token: a record of FIELDS; output_fields have
 *            one of their own beside that of the text
 *   readers  [reader] ─► when it read last, how often
 *   kept     (reader, thread or CPU) ─► a number; fixed size
 *
 * output_fields show the second of three readings of one event (vm/vm.h): no
 * time has passed since the first, and the count goes by three.
 *
 * Invariant: two readers never see each other's readings, so what a comparison
 * says does not depend on what else the pack asks for.
 */
#include "runtime/fields/readings.h"

#include <errno.h>
#include <string.h>

#include "runtime/fields/extract.h"
#include "vm/asks.h"
#include "vm/reading.h"
#include "vm/support/alloc.h"

enum {
	NANOSECONDS = 1000000000,
	AGAIN_READINGS = 3, /* of a token of output_fields an alert */
	KEPT_SLOTS = 1 << 15,
	KEPT_LIMIT = KEPT_SLOTS / 2, /* past it all are forgotten: what follows counts from there */
};

struct reader {
	uint64_t last_ts; /* 0: never yet */
	uint64_t count;
};

enum kind { KIND_FREE, KIND_SWITCH, KIND_EXECUTED, KIND_CPU };

struct kept {
	uint64_t id;    /* tid, or CPU */
	uint64_t birth; /* of the thread, to tell it from the next one with its tid */
	uint32_t reader;
	uint32_t kind;
	uint64_t number;
};

struct sk_readings {
	uint32_t count;         /* records of FIELDS */
	struct reader *readers; /* two a record: the second is for output_fields */
	struct kept *kept;      /* NULL: no field needs them */
	uint32_t kept_count;
};

static bool keeps(uint16_t field)
{
	switch (field) {
	case SK_FIELD_THREAD_EXECTIME:
	case SK_FIELD_THREAD_TOTEXECTIME:
	case SK_FIELD_THREAD_CPU:
	case SK_FIELD_THREAD_CPU_USER:
	case SK_FIELD_THREAD_CPU_SYSTEM:
		return true;
	default:
		return false;
	}
}

int sk_readings_create(const struct sk_bundle *bundle, struct sk_readings **ret_readings)
{
	struct sk_readings *readings = NULL;
	const bool any_kept = sk_asks_in_bundle(bundle, keeps);

	if (sk_asks_in_bundle(bundle, sk_reading_field)) {
		readings = sk_alloc_zeroed(1, sizeof(*readings));
		if (!readings)
			return -ENOMEM;
		readings->count = bundle->fields_count;
		readings->readers = sk_alloc_zeroed((size_t)readings->count * 2, sizeof(*readings->readers));
		if (any_kept)
			readings->kept = sk_alloc_zeroed(KEPT_SLOTS, sizeof(*readings->kept));
		if (!readings->readers || (any_kept && !readings->kept)) {
			sk_readings_destroy(readings);
			return -ENOMEM;
		}
	}
	*ret_readings = readings;
	return 0;
}

void sk_readings_destroy(struct sk_readings *readings)
{
	if (!readings)
		return;
	sk_free(readings->readers);
	sk_free(readings->kept);
	sk_free(readings);
}

static bool is_again(const struct sk_extraction *asked)
{
	return asked->ref->reading == SK_READING_AGAIN;
}

static bool counts(const struct sk_extraction *asked)
{
	return asked->ref->reading != SK_READING_NONE;
}

static uint32_t reader_number(const struct sk_extraction *asked)
{
	return asked->ref->number * 2 + is_again(asked);
}

/* NULL where nothing is remembered: every reading is the first. */
static struct reader *reader_of(const struct sk_extraction *asked)
{
	struct sk_readings *readings = sk_fields_readings(asked->view->fields);

	return readings && asked->ref->number < readings->count ? &readings->readers[reader_number(asked)] : NULL;
}

/* The slot that `wanted` is in, or would be. */
static struct kept *slot_of(struct sk_readings *readings, const struct kept *wanted)
{
	uint64_t hash = (wanted->id ^ wanted->birth) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at;

	hash = (hash ^ ((uint64_t)wanted->reader << 8 | wanted->kind)) * UINT64_C(0x9e3779b97f4a7c15);
	for (at = (uint32_t)(hash >> 40);; at++) {
		struct kept *slot = &readings->kept[at & (KEPT_SLOTS - 1)];

		if (slot->kind == KIND_FREE || (slot->kind == wanted->kind && slot->reader == wanted->reader &&
						slot->id == wanted->id && slot->birth == wanted->birth))
			return slot;
	}
}

/* What is kept; 0 if nothing is. */
static uint64_t kept_number(const struct sk_extraction *asked, const struct kept *wanted)
{
	struct sk_readings *readings = sk_fields_readings(asked->view->fields);

	return readings && readings->kept ? slot_of(readings, wanted)->number : 0;
}

static void keep(const struct sk_extraction *asked, const struct kept *wanted, uint64_t number)
{
	struct sk_readings *readings = sk_fields_readings(asked->view->fields);
	struct kept *slot;

	if (!readings || !readings->kept || !counts(asked))
		return;
	slot = slot_of(readings, wanted);
	if (slot->kind == KIND_FREE && readings->kept_count == KEPT_LIMIT) {
		memset(readings->kept, 0, KEPT_SLOTS * sizeof(*readings->kept));
		readings->kept_count = 0;
		slot = slot_of(readings, wanted);
	}
	readings->kept_count += slot->kind == KIND_FREE;
	*slot = *wanted;
	slot->number = number;
}

static struct kept of_thread(const struct sk_extraction *asked, enum kind kind)
{
	const struct sk_thread *thread = asked->view->thread;

	return (struct kept){.id = (uint64_t)thread->tid,
			     .birth = thread->clone_ts,
			     .reader = reader_number(asked),
			     .kind = kind};
}

/* --- time since the last reading ----------------------------------------- */

static uint64_t since_last(const struct sk_extraction *asked)
{
	const uint64_t ts = asked->view->event.ts;
	struct reader *reader = reader_of(asked);
	uint64_t passed;

	if (!reader)
		return 0;
	passed = reader->last_ts && !is_again(asked) ? ts - reader->last_ts : 0;
	if (counts(asked))
		reader->last_ts = ts;
	return passed;
}

struct sk_value extract_EVT_DELTATIME(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_RELTIME, since_last(asked));
}

struct sk_value extract_EVT_DELTATIME_S(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_RELTIME, since_last(asked) / NANOSECONDS);
}

struct sk_value extract_EVT_DELTATIME_NS(const struct sk_extraction *asked)
{
	struct sk_value value = sk_value_number(SK_TYPE_RELTIME, since_last(asked) % NANOSECONDS);

	value.format = SK_FORMAT_10_PADDED_DEC;
	return value;
}

/* --- number of readings --------------------------------------------------- */

struct sk_value extract_UTIL_CNT(const struct sk_extraction *asked)
{
	struct reader *reader = reader_of(asked);
	uint64_t count = reader ? reader->count : 0;

	if (reader && counts(asked))
		reader->count += is_again(asked) ? AGAIN_READINGS : 1;
	return sk_value_number(SK_TYPE_UINT64, count + (is_again(asked) ? AGAIN_READINGS - 1 : 1));
}

/* --- time on a CPU -------------------------------------------------------- */

/* Of the thread that a switch takes the CPU from: since the last switch there. */
static uint64_t executed(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const struct kept last = {.id = event->cpu, .reader = reader_number(asked), .kind = KIND_SWITCH};
	uint64_t before;

	if (event->type != SK_EVENT_SCHEDSWITCH_6_E)
		return 0;
	before = kept_number(asked, &last);
	keep(asked, &last, event->ts);
	return before && !is_again(asked) ? event->ts - before : 0;
}

struct sk_value extract_THREAD_EXECTIME(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_RELTIME, executed(asked));
}

/* The sum of what this reader was shown of the thread. */
struct sk_value extract_THREAD_TOTEXECTIME(const struct sk_extraction *asked)
{
	const uint64_t now = executed(asked);
	struct kept total;
	uint64_t sum;

	if (!asked->view->thread)
		return sk_value_missing();
	total = of_thread(asked, KIND_EXECUTED);
	sum = kept_number(asked, &total) + now;
	if (now)
		keep(asked, &total, sum);
	return sk_value_number(SK_TYPE_RELTIME, sum);
}

/* --- share of a CPU -------------------------------------------------------- */

/*
 * Agents of old sent a thread's times on the CPU in events of their own; what
 * the thread used since the last one of them, at most 100.
 */
static struct sk_value share(const struct sk_extraction *asked, bool user, bool system)
{
	const struct sk_event *event = &asked->view->event;
	struct sk_value value = {.presence = SK_PRESENT, .type = SK_TYPE_DOUBLE};
	uint64_t used, before;
	struct kept last;

	if (event->type != SK_EVENT_PROCINFO_E || !asked->view->thread)
		return sk_value_missing();
	used = (user ? sk_event_unsigned(event, 0, 0) : 0) + (system ? sk_event_unsigned(event, 1, 0) : 0);
	last = of_thread(asked, KIND_CPU);
	before = kept_number(asked, &last);
	keep(asked, &last, used);
	if (before && !is_again(asked))
		value.real = used - before > 100 ? 100 : (double)(used - before);
	return value;
}

struct sk_value extract_THREAD_CPU(const struct sk_extraction *asked)
{
	return share(asked, true, true);
}

struct sk_value extract_THREAD_CPU_USER(const struct sk_extraction *asked)
{
	return share(asked, true, false);
}

struct sk_value extract_THREAD_CPU_SYSTEM(const struct sk_extraction *asked)
{
	return share(asked, false, true);
}
