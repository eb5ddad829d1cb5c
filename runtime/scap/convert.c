/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversion of old events: see convert.h.
 *
 * One step applies one row of convert.def:
 *
 *    old event   [header|lengths|p0 p1 ... ]──┐
 *    enter event [header|lengths|p0 p1 ... ]──┼─► [header|lengths|p0 p1 p2 ...]
 *    defaults ────────────────────────────────┘
 *
 * and steps are repeated on the result until it is current.
 */
#include "runtime/scap/convert.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vm/support/alloc.h"

enum action {
	SK_CONVERSION_STORE,
	SK_CONVERSION_PASS,
	SK_CONVERSION_STORE_AND_PASS,
	SK_CONVERSION_ADD_PARAMS,
	SK_CONVERSION_CHANGE_TYPE
};

/* Where a parameter comes from: kind << 5 | index. */
enum kind {
	KIND_END,
	KIND_OLD,
	KIND_ENTER_OR_DEFAULT,
	KIND_ENTER_OR_EMPTY,
	KIND_DEFAULT,
	KIND_EMPTY,
	KIND_CONTAINER_JSON
};

#define OLD(index) (KIND_OLD << 5 | (index))
#define ENTER_OR_DEFAULT(index) (KIND_ENTER_OR_DEFAULT << 5 | (index))
#define ENTER_OR_EMPTY(index) (KIND_ENTER_OR_EMPTY << 5 | (index))
#define DEFAULT (KIND_DEFAULT << 5)
#define EMPTY (KIND_EMPTY << 5)
#define CONTAINER_JSON (KIND_CONTAINER_JSON << 5)

struct conversion {
	uint16_t from, to;
	uint8_t nparams;
	uint8_t action;
	uint8_t sources[SK_EVENT_MAX_PARAMS]; /* up to KIND_END */
};

static const struct conversion conversions[] = {
#define SK_CONVERSION(type, count, what, target, ...)                                                              \
	{.from = SK_EVENT_##type,                                                                                  \
	 .to = SK_EVENT_##target,                                                                                  \
	 .nparams = count,                                                                                         \
	 .action = SK_CONVERSION_##what,                                                                           \
	 .sources = {__VA_ARGS__}},
#include "runtime/scap/convert.def"
};

enum {
	CONVERSION_COUNT = sizeof(conversions) / sizeof(conversions[0]),
	ROUND_LIMIT = 50,
	EVENT_LIMIT = 64 * 1024, /* of an event to be converted */
	OUTPUT_SIZE = 4 * EVENT_LIMIT
};

/* Rules 1 to 4 of section 8. */
enum verdict { VERDICT_DROP, VERDICT_PASS, VERDICT_LOOK_UP };

static enum verdict judge(const struct sk_event_info *info, uint32_t nparams)
{
	if (info->flags & SK_EVENT_FLAG_UNUSED)
		return VERDICT_DROP;
	if (!(info->flags & SK_EVENT_FLAG_CONVERTER_MANAGED))
		return info->flags & SK_EVENT_FLAG_OLD_VERSION && info->direction == SK_DIRECTION_ENTER
			       ? VERDICT_DROP
			       : VERDICT_PASS;
	if (info->direction == SK_DIRECTION_ENTER || info->flags & SK_EVENT_FLAG_OLD_VERSION ||
	    nparams < info->nparams)
		return VERDICT_LOOK_UP;
	return VERDICT_PASS;
}

void sk_scap_converter_init(struct sk_scap_converter *converter)
{
	size_t row = 0;

	*converter = (struct sk_scap_converter){0};
	sk_scap_enters_init(&converter->enters);
	for (unsigned type = 0; type < SK_EVENT_COUNT; type++) {
		const struct sk_event_info *info = &sk_events[type];
		uint8_t *from = &converter->current_from[type];

		/* Below a count that passes, fewer parameters may ask for a look. */
		*from = SK_SCAP_NEVER_CURRENT;
		for (unsigned nparams = info->nparams + 1u; nparams-- > 0;) {
			if (judge(info, nparams) != VERDICT_PASS)
				break;
			*from = (uint8_t)nparams;
		}
		converter->first_row[type] = (uint16_t)row;
		for (; row < CONVERSION_COUNT && conversions[row].from == type; row++)
			if (conversions[row].action == SK_CONVERSION_PASS &&
			    conversions[row].nparams == info->nparams)
				*from = info->nparams;
	}
	assert(row == CONVERSION_COUNT);
	converter->first_row[SK_EVENT_COUNT] = CONVERSION_COUNT;
}

void sk_scap_converter_release(struct sk_scap_converter *converter)
{
	sk_scap_enters_release(&converter->enters);
	sk_free(converter->output[0]);
	sk_free(converter->output[1]);
	converter->output[0] = converter->output[1] = NULL;
}

void sk_scap_converter_reset(struct sk_scap_converter *converter)
{
	sk_scap_enters_clear(&converter->enters);
}

static const struct conversion *find_row(const struct sk_scap_converter *converter, uint16_t type, uint32_t nparams)
{
	for (unsigned row = converter->first_row[type]; row < converter->first_row[type + 1]; row++)
		if (conversions[row].nparams == nparams)
			return &conversions[row];
	return NULL;
}

bool sk_scap_event_is_current(uint16_t type, uint32_t nparams)
{
	const struct sk_event_info *info;

	if (type >= SK_EVENT_COUNT)
		return false;
	info = &sk_events[type];
	if (nparams > info->nparams)
		nparams = info->nparams;
	switch (judge(info, nparams)) {
	case VERDICT_DROP:
		return false;
	case VERDICT_PASS:
		return true;
	case VERDICT_LOOK_UP:
		break;
	}
	for (unsigned row = 0; row < CONVERSION_COUNT; row++)
		if (conversions[row].from == type && conversions[row].nparams == nparams)
			return conversions[row].action == SK_CONVERSION_PASS ||
			       conversions[row].action == SK_CONVERSION_STORE_AND_PASS;
	return false;
}

/* --- one step ---------------------------------------------------------- */

/* The event that a step writes. */
struct result {
	uint8_t *bytes;
	uint8_t *at; /* behind the last parameter */
	const struct sk_event_info *info;
	size_t width;
	uint32_t nparams; /* those that it will have */
	uint32_t written;
};

static int put(struct result *result, const void *bytes, size_t length, struct sk_error *error)
{
	uint8_t *length_at = result->bytes + sizeof(struct sk_event_header) + result->written * result->width;

	assert(result->written < result->nparams);
	if (result->width == 2 && length > UINT16_MAX)
		return sk_error_set(error, -EBADMSG, "parameter %u of a converted %s event would have %zu bytes",
				    result->written, result->info->name, length);
	if (length > (size_t)(result->bytes + OUTPUT_SIZE - result->at))
		return sk_error_set(error, -EBADMSG, "a converted %s event would be longer than %d bytes",
				    result->info->name, OUTPUT_SIZE);
	memcpy(length_at, &length, result->width);
	/* The container text was written in place already. */
	if (length > 0 && bytes != result->at)
		memcpy(result->at, bytes, length);
	result->at += length;
	result->written++;
	return 0;
}

static int put_default(struct result *result, struct sk_error *error)
{
	enum sk_param_type type = result->info->params[result->written].type;
	uint8_t value[16];

	memset(value, type == SK_PARAM_UID || type == SK_PARAM_GID ? 0xff : 0, sizeof(value));
	assert(sk_param_fixed_size(type) <= sizeof(value));
	return put(result, value, sk_param_fixed_size(type), error);
}

/* A value taken from another event, where the type may have been larger. */
static int put_taken(struct result *result, const struct sk_param *taken, struct sk_error *error)
{
	size_t fixed = sk_param_fixed_size(result->info->params[result->written].type), length = taken->length;

	if (fixed > 0 && length > fixed)
		length = fixed;
	return put(result, taken->bytes, length, error);
}

/* Appends the text of a parameter as the inside of a JSON string. */
static char *append_json(char *at, const char *end, const struct sk_event *event, unsigned index)
{
	const struct sk_param *param = &event->param[index];
	size_t length = param->length > 0 ? strnlen((const char *)param->bytes, param->length) : 0;

	for (size_t i = 0; i < length && end - at > 8; i++) {
		unsigned char byte = param->bytes[i];

		if (byte == '"' || byte == '\\')
			*at++ = '\\';
		if (byte < 0x20)
			at += snprintf(at, (size_t)(end - at), "\\u%04x", byte);
		else
			*at++ = (char)byte;
	}
	return at;
}

/* The metadata of the first container events, as the JSON that replaced them. */
static int put_container_json(struct result *result, const struct sk_event *old, struct sk_error *error)
{
	/* Room for what follows a string is kept. */
	char *start = (char *)result->at, *at = start, *end = (char *)result->bytes + OUTPUT_SIZE - 64;

	if (old->nparams < 4 || at >= end)
		return sk_error_set(error, -EBADMSG, "a %s event lacks its parameters", old->info->name);
	at += snprintf(at, (size_t)(end - at), "{\"id\":\"");
	at = append_json(at, end, old, 0);
	at += snprintf(at, 64, "\",\"type\":%lld,\"name\":\"", (long long)sk_event_signed(old, 1, 0));
	at = append_json(at, end - 64, old, 2);
	at += snprintf(at, 64, "\",\"image\":\"");
	at = append_json(at, end - 16, old, 3);
	at += snprintf(at, 16, "\"}");
	return put(result, start, (size_t)(at - start) + 1, error);
}

/*
 * The enter event that belongs to an exit event.  1 and `*ret_enter`, 0 if
 * none is stored, -EBADMSG if it is another call's.
 */
static int find_enter(const struct sk_scap_converter *converter, const struct sk_event *event,
		      struct sk_event *ret_enter, struct sk_error *error)
{
	const struct sk_scap_enter *stored = sk_scap_enters_find(&converter->enters, (uint64_t)event->tid);
	int r;

	if (!stored)
		return 0;
	r = sk_event_decode(stored->bytes, stored->size, ret_enter, error);
	assert(r == 0); /* it was decoded before it was stored */
	if (r < 0)
		return -EBADMSG;
	if (ret_enter->type + 1 != event->type)
		return sk_error_set(error, -EBADMSG, "the %s exit event of thread %lld follows a %s enter event",
				    event->info->name, (long long)event->tid, ret_enter->info->name);
	return 1;
}

static int build(struct sk_scap_converter *converter, const struct conversion *row, const struct sk_event *old,
		 struct result *result, struct sk_error *error)
{
	struct sk_event enter;
	bool looked = false, used = false;
	int found = 0, r = 0;

	if (row->action == SK_CONVERSION_ADD_PARAMS)
		for (unsigned i = 0; i < row->nparams && r == 0; i++)
			r = put(result, old->param[i].bytes, old->param[i].length, error);

	for (const uint8_t *source = row->sources; *source && r == 0; source++) {
		unsigned index = *source & 31;
		enum kind kind = *source >> 5;

		switch (kind) {
		case KIND_OLD:
			assert(index < old->nparams);
			r = put_taken(result, &old->param[index], error);
			break;
		case KIND_ENTER_OR_DEFAULT:
		case KIND_ENTER_OR_EMPTY:
			if (!looked) {
				found = find_enter(converter, old, &enter, error);
				if (found < 0)
					return found;
				looked = true;
			}
			if (found && index < enter.nparams) {
				r = put_taken(result, &enter.param[index], error);
				used = true;
			} else if (kind == KIND_ENTER_OR_DEFAULT) {
				r = put_default(result, error);
			} else {
				r = put(result, NULL, 0, error);
			}
			break;
		case KIND_DEFAULT:
			r = put_default(result, error);
			break;
		case KIND_CONTAINER_JSON:
			r = put_container_json(result, old, error);
			break;
		case KIND_EMPTY:
			r = put(result, NULL, 0, error);
			break;
		case KIND_END:
			break;
		}
	}
	if (used && r == 0)
		sk_scap_enters_drop(&converter->enters, (uint64_t)old->tid);
	return r;
}

static int step(struct sk_scap_converter *converter, const struct conversion *row, const struct sk_event *old,
		uint8_t **output, size_t *ret_size, struct sk_error *error)
{
	struct result result = {.info = &sk_events[row->to]};
	struct sk_event_header header = *old->header;
	int r;

	if (!*output)
		*output = sk_alloc(OUTPUT_SIZE);
	if (!*output)
		return sk_error_set(error, -ENOMEM, "no memory to convert old events");
	result.bytes = *output;
	result.width = result.info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	if (row->action == SK_CONVERSION_ADD_PARAMS)
		result.nparams = row->nparams;
	for (const uint8_t *source = row->sources; *source; source++)
		result.nparams++;
	assert(result.nparams <= result.info->nparams);
	result.at = result.bytes + sizeof(header) + result.nparams * result.width;

	r = build(converter, row, old, &result, error);
	if (r < 0)
		return r;
	assert(result.written == result.nparams);
	header.type = row->to;
	header.nparams = result.nparams;
	header.len = (uint32_t)(result.at - result.bytes);
	memcpy(result.bytes, &header, sizeof(header));
	*ret_size = header.len;
	return 0;
}

int sk_scap_converter_run(struct sk_scap_converter *converter, const uint8_t *bytes, size_t size,
			  const uint8_t **ret_bytes, size_t *ret_size, struct sk_error *error)
{
	for (unsigned round = 0; round < ROUND_LIMIT; round++) {
		const struct conversion *row;
		struct sk_event event;
		int r = sk_event_decode(bytes, size, &event, error);

		if (r < 0)
			return -EBADMSG;
		switch (judge(event.info, event.nparams)) {
		case VERDICT_DROP:
			return 0;
		case VERDICT_PASS:
			*ret_bytes = bytes;
			*ret_size = size;
			return 1;
		case VERDICT_LOOK_UP:
			break;
		}
		if (event.header->len > EVENT_LIMIT)
			return sk_error_set(error, -EBADMSG,
					    "an old %s event of %u bytes is too long to be converted",
					    event.info->name, event.header->len);
		row = find_row(converter, event.type, event.nparams);
		if (!row)
			return sk_error_set(error, -EBADMSG, "no %s %s event (%u) ever had %u parameters",
					    event.info->name,
					    event.info->direction == SK_DIRECTION_EXIT ? "exit" : "enter",
					    event.type, event.nparams);
		switch ((enum action)row->action) {
		case SK_CONVERSION_STORE:
		case SK_CONVERSION_STORE_AND_PASS:
			r = sk_scap_enters_store(&converter->enters, (uint64_t)event.tid, bytes, event.header->len);
			if (r < 0)
				return sk_error_set(error, r, "no memory to keep an enter event");
			if (row->action == SK_CONVERSION_STORE)
				return 0;
			*ret_bytes = bytes;
			*ret_size = size;
			return 1;
		case SK_CONVERSION_PASS:
			*ret_bytes = bytes;
			*ret_size = size;
			return 1;
		case SK_CONVERSION_ADD_PARAMS:
		case SK_CONVERSION_CHANGE_TYPE:
			r = step(converter, row, &event, &converter->output[round % 2], &size, error);
			if (r < 0)
				return r;
			bytes = converter->output[round % 2];
			break;
		}
	}
	return sk_error_set(error, -EBADMSG, "the conversion of an event does not end");
}
