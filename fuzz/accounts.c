/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a container's /etc/passwd, up to the first NUL, and its /etc/group
 * behind it: what is made of them is events that the state takes.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/containers/account_files.h"
#include "runtime/state/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const struct sk_buffer *events)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_event_view view = {0};
	struct sk_event_header header;
	struct sk_state *state;

	if (sk_state_create(&options, &state) < 0)
		abort();
	for (size_t at = 0; at < events->length; at += header.len) {
		if (events->length - at < sizeof(header))
			abort();
		memcpy(&header, events->bytes + at, sizeof(header));
		if (header.len < sizeof(header) || header.len > events->length - at ||
		    (header.type != SK_EVENT_USER_ADDED_E && header.type != SK_EVENT_GROUP_ADDED_E) ||
		    sk_event_decode((const uint8_t *)events->bytes + at, header.len, &view.event, NULL) < 0)
			abort();
		sk_state_process(state, &view);
	}
	sk_state_destroy(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
	size_t length = end ? (size_t)(end - data) : size;
	struct sk_buffer users = {0}, groups = {0}, events = {0};

	sk_buffer_append(&users, data, length);
	if (end)
		sk_buffer_append(&groups, end + 1, size - length - 1);
	if (!sk_account_files_parse(&users, &groups, "0123456789ab", &events))
		abort();
	feed(&events);
	sk_buffer_release(&users);
	sk_buffer_release(&groups);
	sk_buffer_release(&events);
	return 0;
}
