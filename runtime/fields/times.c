/* SPDX-License-Identifier: Apache-2.0 */
/* evt.*time*: when the event happened, in every form. */
#include "runtime/fields/extract.h"

#include <stdio.h>
#include <time.h>

enum { NANOSECONDS = 1000000000 };

static uint64_t since_first(const struct sk_extraction *asked)
{
	return asked->view->event.ts - asked->view->first_ts;
}

static struct sk_value padded(struct sk_value value)
{
	value.format = SK_FORMAT_10_PADDED_DEC;
	return value;
}

struct sk_value extract_EVT_RAWTIME(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_ABSTIME, asked->view->event.ts);
}

struct sk_value extract_EVT_RAWTIME_S(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_ABSTIME, asked->view->event.ts / NANOSECONDS);
}

struct sk_value extract_EVT_RAWTIME_NS(const struct sk_extraction *asked)
{
	return padded(sk_value_number(SK_TYPE_ABSTIME, asked->view->event.ts % NANOSECONDS));
}

struct sk_value extract_EVT_RELTIME(const struct sk_extraction *asked)
{
	return padded(sk_value_number(SK_TYPE_RELTIME, since_first(asked)));
}

struct sk_value extract_EVT_RELTIME_S(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_RELTIME, since_first(asked) / NANOSECONDS);
}

struct sk_value extract_EVT_RELTIME_NS(const struct sk_extraction *asked)
{
	return padded(sk_value_number(SK_TYPE_RELTIME, since_first(asked) % NANOSECONDS));
}

/* --- as text ----------------------------------------------------------- */

enum clock { CLOCK_LOCAL, CLOCK_UTC };

/* `format` as strftime(3) has it, then the nanoseconds if `rest` is a format for them. */
static struct sk_value formatted(const struct sk_extraction *asked, enum clock clock, const char *format,
				 const char *rest)
{
	const uint64_t ts = asked->view->event.ts;
	const time_t seconds = (time_t)(ts / NANOSECONDS);
	char buffer[64], fraction[32];
	struct sk_text text = sk_text_begin(asked->scratch);
	struct tm broken_down = {0};

	if (clock == CLOCK_UTC)
		gmtime_r(&seconds, &broken_down);
	else
		localtime_r(&seconds, &broken_down);
	sk_text_append(&text, buffer, strftime(buffer, sizeof(buffer), format, &broken_down));
	if (rest) {
		snprintf(fraction, sizeof(fraction), ".%09u", (unsigned)(ts % NANOSECONDS));
		sk_text_append_string(&text, fraction);
		sk_text_append_string(&text, rest);
	}
	return sk_text_value(&text);
}

struct sk_value extract_EVT_TIME(const struct sk_extraction *asked)
{
	return formatted(asked, CLOCK_LOCAL, "%H:%M:%S", "");
}

struct sk_value extract_EVT_TIME_S(const struct sk_extraction *asked)
{
	return formatted(asked, CLOCK_LOCAL, "%H:%M:%S", NULL);
}

struct sk_value extract_EVT_TIME_ISO8601(const struct sk_extraction *asked)
{
	return formatted(asked, CLOCK_UTC, "%Y-%m-%dT%H:%M:%S", "+0000");
}

struct sk_value extract_EVT_DATETIME(const struct sk_extraction *asked)
{
	return formatted(asked, CLOCK_LOCAL, "%Y-%m-%d %H:%M:%S", "");
}

struct sk_value extract_EVT_DATETIME_S(const struct sk_extraction *asked)
{
	return formatted(asked, CLOCK_LOCAL, "%Y-%m-%d %H:%M:%S", NULL);
}

struct sk_value extract_EVT_OUTPUTTIME(const struct sk_extraction *asked)
{
	return extract_EVT_TIME(asked);
}

/* --- near another time ------------------------------------------------- */

static bool read_time(const char *digits, uint32_t length, uint64_t *ret_time)
{
	uint64_t time = 0;

	for (uint32_t i = 0; i < length; i++) {
		const uint64_t digit = (uint64_t)(digits[i] - '0');

		if (digit > 9 || time > (UINT64_MAX - digit) / 10)
			return false;
		time = time * 10 + digit;
	}
	*ret_time = time;
	return length > 0;
}

/*
 * The distance to the time in the argument, in ms, rounded up: so that it is
 * at most D exactly where the time is at most D ms away.  The compiler makes
 * `evt.around[T] = D` that comparison.
 */
struct sk_value extract_EVT_AROUND(const struct sk_extraction *asked)
{
	const uint64_t ts = asked->view->event.ts;
	uint64_t time, distance;

	if (!asked->ref->argument || !read_time(asked->ref->argument, asked->ref->argument_length, &time))
		return sk_value_missing();
	distance = ts > time ? ts - time : time - ts;
	return sk_value_number(SK_TYPE_UINT64, distance / 1000000 + (distance % 1000000 != 0));
}
