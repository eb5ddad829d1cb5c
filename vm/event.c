/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/event.h"

#include <errno.h>

int sk_event_decode(const uint8_t *bytes, size_t size, struct sk_event *ret_event, struct sk_error *error)
{
	const struct sk_event_header *header = (const struct sk_event_header *)bytes;
	const struct sk_event_info *info;
	size_t width, offset, length_at = sizeof(*header);
	uint32_t nparams;

	if (size < sizeof(*header))
		return sk_error_set(error, -EINVAL, "event of %zu bytes is shorter than its header", size);
	if (header->len < sizeof(*header) || header->len > size)
		return sk_error_set(error, -EINVAL, "event says it has %u bytes where %zu are there", header->len,
				    size);
	if (header->type >= SK_EVENT_COUNT)
		return sk_error_set(error, -ENOTSUP, "event type %u is newer than this schema", header->type);
	info = &sk_events[header->type];
	width = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	nparams = header->nparams;
	if (nparams > (header->len - sizeof(*header)) / width)
		return sk_error_set(error, -EINVAL, "%s event has no room for its %u parameters", info->name,
				    nparams);
	offset = sizeof(*header) + nparams * width;

	ret_event->header = header;
	ret_event->info = info;
	ret_event->ts = header->ts;
	ret_event->tid = (int64_t)header->tid;
	ret_event->type = header->type;
	ret_event->nparams = (uint16_t)(nparams < info->nparams ? nparams : info->nparams);
	for (uint32_t i = 0; i < nparams; i++, length_at += width) {
		uint32_t length = width == 4 ? sk_read_u32(bytes + length_at) : sk_read_u16(bytes + length_at);

		if (length > header->len - offset)
			return sk_error_set(error, -EINVAL, "parameter %u of a %s event passes its end", i,
					    info->name);
		if (i < ret_event->nparams)
			ret_event->param[i] = (struct sk_param){bytes + offset, length};
		offset += length;
	}
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
