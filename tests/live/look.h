/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of live capture: one capture that many cases look into, and how
 * they find what they want.
 *
 *   capture_once(action) ─► got.events[] ─► find_text, find_number ─► CHECK_NUMBER
 */
#ifndef SK_TESTS_LIVE_LOOK_H
#define SK_TESTS_LIVE_LOOK_H

#include "tests/live/live.h"

static inline const struct sk_event *find_next(const struct sk_event *after, uint16_t type, int64_t tid)
{
	for (int i = after ? (int)(after - got.events) + 1 : 0; i < got.count; i++)
		if (got.events[i].type == type && (tid == 0 || got.events[i].tid == tid))
			return &got.events[i];
	return NULL;
}

static inline const struct sk_event *find(uint16_t type)
{
	return find_next(NULL, type, 0);
}

static inline bool text_is(const struct sk_event *event, unsigned index, const char *text)
{
	uint32_t length;
	const char *actual = sk_event_text(event, index, &length);

	return length == strlen(text) && memcmp(actual, text, length) == 0;
}

/* The event of a type with this text as a parameter. */
static inline const struct sk_event *find_text(uint16_t type, unsigned index, const char *text)
{
	const struct sk_event *event = NULL;

	while ((event = find_next(event, type, 0)))
		if (text_is(event, index, text))
			return event;
	printf("# no %s event with \"%s\"\n", sk_events[type].id, text);
	return NULL;
}

static inline const struct sk_event *find_number(uint16_t type, unsigned index, int64_t number)
{
	const struct sk_event *event = NULL;

	while ((event = find_next(event, type, 0)))
		if (sk_event_signed(event, index, -999) == number)
			return event;
	printf("# no %s event with %lld\n", sk_events[type].id, (long long)number);
	return NULL;
}

#define CHECK_NUMBER(event, index, expected)                                                                       \
	CHECK_EQUAL((event) ? sk_event_signed(event, index, -999) : -999, expected)

#define CHECK_PARAM_TEXT(event, index, expected)                                                                   \
	do {                                                                                                       \
		uint32_t length_;                                                                                  \
		char text_[5000] = "";                                                                             \
		const char *param_ = sk_event_text(event, index, &length_);                                        \
		memcpy(text_, param_, length_ < sizeof(text_) ? length_ : sizeof(text_) - 1);                      \
		CHECK_TEXT(text_, expected);                                                                       \
	} while (0)

/* Parameters that have not the size that their type needs. */
static inline int count_wrong_sizes(void)
{
	int wrong = 0;

	for (int i = 0; i < got.count; i++) {
		const struct sk_event *event = &got.events[i];

		if (event->nparams != event->info->nparams)
			wrong++;
		for (unsigned p = 0; p < event->nparams; p++) {
			size_t size = sk_param_fixed_size(event->info->params[p].type);
			uint8_t type = event->info->params[p].type;
			uint32_t length = event->param[p].length;
			bool text =
				type == SK_PARAM_CHARBUF || type == SK_PARAM_FSPATH || type == SK_PARAM_FSRELPATH;

			if ((size && length != size) ||
			    (text && length &&
			     strnlen((const char *)event->param[p].bytes, length) + 1 != length)) {
				printf("# %s: %s has %u bytes\n", event->info->id, event->info->params[p].name,
				       length);
				wrong++;
			}
		}
	}
	return wrong;
}

/*
 * Captures a child that runs `action`, with the calls of these names besides
 * those that are captured anyway: once, for the case that asks first and for
 * those that follow.  False and a skipped case if that is not possible.
 */
static inline bool capture_once(void (*action)(void), const char *const *calls)
{
	static bool done, possible;
	struct sk_capture_stats stats;
	struct sk_capture *capture;
	struct child child;
	uint64_t set[8] = {0};

	if (done) {
		if (!possible)
			SKIP(reason[0] ? reason : "not root");
		return possible;
	}
	done = true;
	for (; *calls; calls++)
		select_call(set, *calls);
	child = start_child(action);
	capture = open_capture(
		&(struct sk_capture_options){.syscalls = set, .syscall_words = 8, .only_tree_of = child.pid});
	if (!capture) {
		end_child(&child);
		return false;
	}
	let_go(&child);
	collect(capture, child.pid);
	stats = sk_capture_stats(capture);
	CHECK_EQUAL(sk_capture_sum(stats.consumed), got.count);
	CHECK_EQUAL(sk_capture_lost(&stats), 0);
	CHECK_EQUAL(stats.disordered, 0);
	CHECK_EQUAL(got.damaged, 0);
	CHECK_EQUAL(got.too_many, 0);
	CHECK(got.ordered);
	CHECK_EQUAL(count_wrong_sizes(), 0);
	sk_capture_close(capture);
	end_child(&child);
	possible = true;
	return true;
}

#endif
