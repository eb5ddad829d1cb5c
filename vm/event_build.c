/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/event_build.h"

bool sk_event_build(uint64_t ts, int64_t tid, uint16_t type, const struct sk_param *params,
		    struct sk_buffer *buffer)
{
	const struct sk_event_info *info = &sk_events[type];
	const bool large = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD;
	const size_t width = large ? 4 : 2;
	struct sk_event_header header = {.ts = ts, .tid = (uint64_t)tid, .type = type, .nparams = info->nparams};
	uint64_t length = sizeof(header) + info->nparams * width;

	for (unsigned i = 0; i < info->nparams; i++) {
		if (!large && params[i].length > UINT16_MAX)
			return false;
		length += params[i].length;
	}
	if (length > UINT32_MAX)
		return false;
	header.len = (uint32_t)length;
	sk_buffer_clear(buffer);
	sk_buffer_append(buffer, &header, sizeof(header));
	/* Little-endian: the lower half comes first. */
	for (unsigned i = 0; i < info->nparams; i++)
		sk_buffer_append(buffer, &params[i].length, width);
	for (unsigned i = 0; i < info->nparams; i++)
		sk_buffer_append(buffer, params[i].bytes, params[i].length);
	return !buffer->failed;
}
