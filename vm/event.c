/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/event.h"

#include <errno.h>

#include "vm/notes.h"

/*
 * Finds the parameters between `at` and `end`, and keeps the first `kept` of
 * them.  The index of the one that passes the end; `count` if none does, and
 * then `*ret_behind` is where they end.
 */
static inline __attribute__((always_inline)) uint32_t find_params(const uint8_t *lengths, uint32_t count,
								  size_t width, const uint8_t *end, uint32_t kept,
								  struct sk_param *ret_params,
								  const uint8_t **ret_behind)
{
	const uint8_t *at = lengths + count * width;

	for (uint32_t i = 0; i < count; i++, lengths += width) {
		uint32_t length = width == 4 ? sk_read_u32(lengths) : sk_read_u16(lengths);

		if (length > (size_t)(end - at))
			return i;
		if (i < kept)
			ret_params[i] = (struct sk_param){at, length};
		at += length;
	}
	*ret_behind = at;
	return count;
}

/* Notes are what stands behind the last parameter, if it begins as they do. */
static inline struct sk_param find_notes(const uint8_t *behind, const uint8_t *end)
{
	size_t length = (size_t)(end - behind);

	if (length < SK_NOTES_HEAD || sk_read_u32(behind) != SK_NOTES_MAGIC)
		return (struct sk_param){NULL, 0};
	return (struct sk_param){behind, (uint32_t)length};
}

int sk_event_decode(const uint8_t *bytes, size_t size, struct sk_event *ret_event, struct sk_error *error)
{
	const struct sk_event_header *header = (const struct sk_event_header *)bytes;
	const struct sk_event_info *info;
	const uint8_t *lengths = bytes + sizeof(*header);
	const uint8_t *behind = bytes;
	uint32_t nparams, bad;
	bool large;

	if (size < sizeof(*header))
		return sk_error_set(error, -EINVAL, "event of %zu bytes is shorter than its header", size);
	if (header->len < sizeof(*header) || header->len > size)
		return sk_error_set(error, -EINVAL, "event says it has %u bytes where %zu are there", header->len,
				    size);
	if (header->type >= SK_EVENT_COUNT)
		return sk_error_set(error, -ENOTSUP, "event type %u is newer than this schema", header->type);
	info = &sk_events[header->type];
	large = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD;
	nparams = header->nparams;
	if ((uint64_t)nparams * (large ? 4 : 2) > header->len - sizeof(*header))
		return sk_error_set(error, -EINVAL, "%s event has no room for its %u parameters", info->name,
				    nparams);

	ret_event->header = header;
	ret_event->info = info;
	ret_event->ts = header->ts;
	ret_event->tid = (int64_t)header->tid;
	ret_event->type = header->type;
	ret_event->nparams = (uint16_t)(nparams < info->nparams ? nparams : info->nparams);
	bad = large ? find_params(lengths, nparams, 4, bytes + header->len, ret_event->nparams, ret_event->param,
				  &behind)
		    : find_params(lengths, nparams, 2, bytes + header->len, ret_event->nparams, ret_event->param,
				  &behind);
	if (bad < nparams)
		return sk_error_set(error, -EINVAL, "parameter %u of a %s event passes its end", bad, info->name);
	ret_event->notes = find_notes(behind, bytes + header->len);
	return 0;
}

int64_t sk_event_signed(const struct sk_event *event, unsigned index, int64_t otherwise)
{
	const struct sk_param *param;

	if (index >= event->nparams)
		return otherwise;
	param = &event->param[index];
	switch (param->length) {
	case 1:
		return *(const int8_t *)param->bytes;
	case 2:
		return (int16_t)sk_read_u16(param->bytes);
	case 4:
		return (int32_t)sk_read_u32(param->bytes);
	case 8:
		return (int64_t)sk_read_u64(param->bytes);
	default:
		return otherwise;
	}
}

uint64_t sk_event_unsigned(const struct sk_event *event, unsigned index, uint64_t otherwise)
{
	const struct sk_param *param;

	if (index >= event->nparams)
		return otherwise;
	param = &event->param[index];
	switch (param->length) {
	case 1:
		return *param->bytes;
	case 2:
		return sk_read_u16(param->bytes);
	case 4:
		return sk_read_u32(param->bytes);
	case 8:
		return sk_read_u64(param->bytes);
	default:
		return otherwise;
	}
}

const char *sk_event_text(const struct sk_event *event, unsigned index, uint32_t *ret_length)
{
	static const char not_available[] = "<NA>";

	if (sk_event_has(event, index)) {
		const char *text = (const char *)event->param[index].bytes;
		size_t length = strnlen(text, event->param[index].length);

		if (!(length == 6 && memcmp(text, "(NULL)", 6) == 0)) {
			*ret_length = (uint32_t)length;
			return text;
		}
	}
	*ret_length = sizeof(not_available) - 1;
	return not_available;
}

bool sk_event_result(const struct sk_event *event, int64_t *ret_value)
{
	/* spec/rule-language.md section 6.2, "Return value". */
	if (event->info->direction != SK_DIRECTION_EXIT || !(event->info->category & SK_CATEGORY_SYSCALL) ||
	    event->type == SK_EVENT_GENERIC_X || event->nparams == 0)
		return false;
	switch (event->info->params[0].type) {
	case SK_PARAM_ERRNO:
	case SK_PARAM_FD:
	case SK_PARAM_PID:
	case SK_PARAM_INT64:
	case SK_PARAM_UINT64:
		if (event->param[0].length != 8)
			return false;
		*ret_value = (int64_t)sk_read_u64(event->param[0].bytes);
		return true;
	case SK_PARAM_UID:
	case SK_PARAM_GID:
		/* getuid and its like, which cannot fail. */
		if (event->param[0].length != 4)
			return false;
		*ret_value = sk_read_u32(event->param[0].bytes);
		return true;
	default:
		return false;
	}
}
