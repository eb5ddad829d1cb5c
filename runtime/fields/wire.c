/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/wire.h"

#include "vm/event.h"

uint64_t sk_wire_unsigned(const struct sk_wire_value *value)
{
	switch (value->length) {
	case 1:
		return *value->bytes;
	case 2:
		return sk_read_u16(value->bytes);
	case 4:
		return sk_read_u32(value->bytes);
	case 8:
		return sk_read_u64(value->bytes);
	default:
		return 0;
	}
}

int64_t sk_wire_signed(const struct sk_wire_value *value)
{
	const uint64_t number = sk_wire_unsigned(value);

	switch (value->length) {
	case 1:
		return (int8_t)number;
	case 2:
		return (int16_t)number;
	case 4:
		return (int32_t)number;
	default:
		return (int64_t)number;
	}
}

/* What a DYN parameter's first byte selects (spec/event-schema.md section 4). */
static enum sk_param_type dynamic_type(enum sk_dynamic dynamic, uint8_t selector)
{
	static const uint8_t types[][5] = {
		[SK_DYNAMIC_NONE] = {SK_PARAM_NONE},
		[SK_DYNAMIC_SOCKOPT] = {SK_PARAM_BYTEBUF, SK_PARAM_ERRNO, SK_PARAM_UINT32, SK_PARAM_UINT64,
					SK_PARAM_RELTIME},
		[SK_DYNAMIC_PTRACE] = {SK_PARAM_UINT64, SK_PARAM_SIGTYPE},
		[SK_DYNAMIC_BPF] = {SK_PARAM_FD, SK_PARAM_ERRNO},
		[SK_DYNAMIC_KEYCTL] = {SK_PARAM_INT64, SK_PARAM_CHARBUF},
	};

	return selector < sizeof(types[0]) ? (enum sk_param_type)types[dynamic][selector] : SK_PARAM_NONE;
}

struct sk_wire_value sk_wire_value(const struct sk_event *event, unsigned index)
{
	const struct sk_param_info *info = &event->info->params[index];
	struct sk_wire_value value = {
		.type = info->type,
		.format = info->format,
		.flags = info->flags,
		.bytes = event->param[index].bytes,
		.length = event->param[index].length,
	};

	if (value.type == SK_PARAM_DYN && value.length > 0) {
		value.type = dynamic_type(info->dynamic, value.bytes[0]);
		value.bytes++;
		value.length--;
	}
	return value;
}

bool sk_wire_is_readable(const struct sk_wire_value *value)
{
	const size_t size = sk_param_fixed_size(value->type);

	return value->type != SK_PARAM_NONE && value->length > 0 && (size == 0 || size == value->length);
}
