/* SPDX-License-Identifier: Apache-2.0 */
/* Events with a header of version 1: see event_v1.h. */
#include "runtime/scap/event_v1.h"

#include <errno.h>
#include <string.h>

/* Old writers counted 3 bytes too many for these. */
enum { METAEVENT_EXCESS = 3 };

/*
 * The number of parameters with which the lengths fill the event exactly:
 * parameters were only ever appended to a type, so it is the schema's or
 * smaller.  -1 if there is none.
 */
static int find_nparams(const uint8_t *lengths, size_t size, unsigned most)
{
	for (int nparams = (int)most; nparams >= 0; nparams--) {
		size_t filled = 2 * (size_t)nparams;

		if (filled > size)
			continue;
		for (int i = 0; i < nparams; i++)
			filled += sk_read_u16(lengths + 2 * i);
		if (filled == size)
			return nparams;
		/* Fewer parameters can only fill less. */
		if (filled < size)
			break;
	}
	return -1;
}

int sk_scap_event_v1_lift(const uint8_t *bytes, size_t size, uint8_t *ret_bytes, size_t *ret_size,
			  struct sk_error *error)
{
	struct sk_event_header header = {0};
	const struct sk_event_info *info;
	const uint8_t *lengths = bytes + SK_SCAP_EVENT_V1_HEADER;
	uint8_t *at = ret_bytes + sizeof(header);
	size_t payload;
	int nparams;

	if (size < SK_SCAP_EVENT_V1_HEADER)
		return sk_error_set(error, -EBADMSG, "event of %zu bytes is shorter than its header", size);
	memcpy(&header, bytes, SK_SCAP_EVENT_V1_HEADER);
	if (header.type >= SK_EVENT_COUNT)
		return sk_error_set(error, -ENOTSUP, "event type %u is newer than this schema", header.type);
	info = &sk_events[header.type];
	if (header.type == SK_EVENT_NOTIFICATION_E || header.type == SK_EVENT_INFRASTRUCTURE_EVENT_E)
		header.len = header.len > METAEVENT_EXCESS ? header.len - METAEVENT_EXCESS : 0;
	if (header.len < SK_SCAP_EVENT_V1_HEADER || header.len > size)
		return sk_error_set(error, -EBADMSG, "%s event says it has %u bytes where %zu are there",
				    info->name, header.len, size);
	payload = header.len - SK_SCAP_EVENT_V1_HEADER;
	nparams = find_nparams(lengths, payload, info->nparams);
	if (nparams < 0)
		return sk_error_set(error, -EBADMSG, "the parameters of a %s event don't fill its %u bytes",
				    info->name, header.len);

	if (info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD) {
		for (int i = 0; i < nparams; i++, at += 4) {
			uint32_t length = sk_read_u16(lengths + 2 * i);

			memcpy(at, &length, sizeof(length));
		}
	} else {
		memcpy(at, lengths, 2 * (size_t)nparams);
		at += 2 * nparams;
	}
	memcpy(at, lengths + 2 * nparams, payload - 2 * (size_t)nparams);
	at += payload - 2 * (size_t)nparams;
	header.len = (uint32_t)(at - ret_bytes);
	header.nparams = (uint32_t)nparams;
	memcpy(ret_bytes, &header, sizeof(header));
	*ret_size = header.len;
	return 0;
}
