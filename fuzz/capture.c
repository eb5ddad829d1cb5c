/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a capture: every entry is touched to its last byte, every event
 * that is handed out must decode.
 */
#include <stdlib.h>

#include "runtime/scap/reader.h"
#include "vm/notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few compressed bytes can be very many events. */
enum { EVENT_LIMIT = 20000 };

static volatile unsigned touched;

static void touch(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	unsigned sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += at[i];
	touched = sum;
}

static void touch_bytes(struct sk_bytes bytes)
{
	touch(bytes.bytes, bytes.length);
}

static int machine(void *context, const struct sk_machine_entry *entry)
{
	(void)context;
	touch(entry, sizeof(*entry));
	if (entry->hostname[sizeof(entry->hostname) - 1])
		abort();
	return 0;
}

static int interface(void *context, const struct sk_interface_entry *entry)
{
	(void)context;
	touch_bytes(entry->name);
	return 0;
}

static int user(void *context, const struct sk_user_entry *entry)
{
	(void)context;
	touch_bytes(entry->name);
	touch_bytes(entry->home);
	touch_bytes(entry->shell);
	return 0;
}

static int group(void *context, const struct sk_group_entry *entry)
{
	(void)context;
	touch_bytes(entry->name);
	return 0;
}

static int process(void *context, const struct sk_process_entry *entry)
{
	(void)context;
	touch_bytes(entry->comm);
	touch_bytes(entry->exe);
	touch_bytes(entry->exepath);
	touch_bytes(entry->cwd);
	touch_bytes(entry->root);
	touch_bytes(entry->args);
	touch_bytes(entry->env);
	touch_bytes(entry->cgroups);
	return 0;
}

static int fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	(void)context;
	(void)tid;
	touch_bytes(entry->name);
	if (entry->type >= SK_FD_TYPE_COUNT || entry->l4 > SK_L4_RAW)
		abort();
	return 0;
}

static void touch_notes(const struct sk_event *event)
{
	struct sk_param bytes;
	struct sk_lost lost;

	for (unsigned kind = 0; kind <= SK_NOTE_LOST + 1; kind++) {
		for (uint8_t p = 0; p < 4; p++) {
			if (sk_event_note(event, (enum sk_note_kind)kind, p, &bytes))
				touch(bytes.bytes, bytes.length);
		}
	}
	if (sk_event_lost(event, &lost))
		touch(&lost, sizeof(lost));
}

static int remainder(void *context, const uint8_t *bytes, size_t size)
{
	(void)context;
	touch(bytes, size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_entry_sink sink = {
		.machine = machine,
		.interface = interface,
		.user = user,
		.group = group,
		.process = process,
		.fd = fd,
		.remainder = remainder,
	};
	struct sk_scap_reader *reader;
	struct sk_scap_event scap;
	struct sk_error error = {0};
	int r = sk_scap_reader_open_memory(data, size, &sink, &reader, &error);

	if (r < 0) {
		if (!error.message[0])
			abort();
		return 0;
	}
	for (unsigned i = 0; i < EVENT_LIMIT; i++) {
		struct sk_event event;

		error.message[0] = 0;
		r = sk_scap_reader_next(reader, &scap, &error);
		if (r != 1)
			break;
		if (sk_event_decode(scap.bytes, scap.size, &event, &error) != 0 || event.header->len != scap.size)
			abort();
		for (unsigned p = 0; p < event.nparams; p++)
			touch(event.param[p].bytes, event.param[p].length);
		touch_notes(&event);
	}
	if (r < 0 && !error.message[0])
		abort();
	sk_scap_reader_close(reader);
	return 0;
}
