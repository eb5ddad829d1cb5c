/* SPDX-License-Identifier: Apache-2.0 */
/* evt.*: what is in the event itself. */
#include "runtime/fields/extract.h"

#include <stdlib.h>

#include "vm/event.h"

/* Wire values of the file_flags table. */
enum open_flag {
	OPEN_READ = 1 << 0,
	OPEN_WRITE = 1 << 1,
	OPEN_CREATE = 1 << 2,
	OPEN_TMPFILE = 1 << 13,
};

enum { ANYONE_MAY_EXECUTE = 0111 };

/* The open calls, and where they have their flags and mode; -1 without. */
struct open_params {
	int8_t flags, mode;
};

static struct open_params open_params(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
		return (struct open_params){2, 3};
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return (struct open_params){3, 4};
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		return (struct open_params){2, -1};
	case SK_EVENT_SYSCALL_CREAT_X:
		return (struct open_params){-1, 2};
	default:
		return (struct open_params){-1, -1};
	}
}

/* What an alert rests on is no affair of an event: who prints one puts it in (runtime/evidence.h). */
struct sk_value extract_SAKER_EVIDENCE(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_EVT_NUM(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_UINT64, asked->view->event.number);
}

/* The machine that the events are of, which of a capture is the one that wrote it. */
struct sk_value extract_EVT_HOSTNAME(const struct sk_extraction *asked)
{
	const struct sk_machine_entry *machine = sk_state_machine(asked->view->state);
	const char *name = getenv("FALCO_HOSTNAME");

	if (!name && machine)
		name = machine->hostname;
	return name && *name ? sk_field_constant(name) : sk_value_missing();
}

/*
 * Old captures hold native numbers that their writer had no number of the
 * schema's own for.  They were x86_64: nothing else was captured then.
 */
static const char *generic_name(const struct sk_event *event)
{
	const uint64_t native = sk_event_unsigned(event, 1, UINT64_MAX);
	uint32_t sc = (uint32_t)sk_event_unsigned(event, 0, 0);

	for (size_t i = 0; sc == 0 && i < sk_syscall_count; i++) {
		if (sk_syscalls[i].x86_64 >= 0 && (uint64_t)sk_syscalls[i].x86_64 == native)
			sc = sk_syscalls[i].sc;
	}
	return sk_syscall_name(sc);
}

struct sk_value extract_EVT_TYPE(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const char *name;
	uint32_t length;

	switch (event->type) {
	case SK_EVENT_GENERIC_E:
	case SK_EVENT_GENERIC_X:
		name = generic_name(event);
		return sk_field_constant(name ? name : event->info->name);
	case SK_EVENT_ASYNCEVENT_E:
		name = sk_event_text(event, 1, &length);
		return sk_value_text(name, length);
	default:
		return sk_field_constant(event->info->name);
	}
}

struct sk_value extract_EVT_ARGS(const struct sk_extraction *asked)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	sk_params_append(&text, asked->view);
	return sk_text_value(&text);
}

struct sk_value extract_EVT_ARG(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const int index = sk_param_find(asked);
	struct sk_text text;

	if (index < 0)
		return sk_value_missing();
	/* The most frequent ones need no memory. */
	if (event->info->params[index].type == SK_PARAM_CHARBUF ||
	    (event->info->params[index].type == SK_PARAM_FSPATH && sk_event_has(event, (unsigned)index) &&
	     event->param[index].bytes[0] == '/')) {
		uint32_t length;
		const char *bytes = sk_event_text(event, (unsigned)index, &length);

		return sk_value_text(bytes, length);
	}
	text = sk_text_begin(asked->scratch);
	sk_param_append(&text, asked->view, (unsigned)index);
	return sk_text_value(&text);
}

struct sk_value extract_EVT_BUFFER(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const int index = sk_param_index(event->type, "data", 4);
	struct sk_value value;

	if (index < 0 || index >= event->nparams)
		return sk_value_missing();
	if (event->info->params[index].type == SK_PARAM_BYTEBUF) {
		value = sk_value_text((const char *)event->param[index].bytes, event->param[index].length);
	} else {
		struct sk_text text = sk_text_begin(asked->scratch);

		/* ptrace calls a number so. */
		sk_param_append_raw(&text, asked->view, (unsigned)index);
		value = sk_text_value(&text);
	}
	if (value.presence == SK_PRESENT)
		value.type = SK_TYPE_BYTES;
	return value;
}

struct sk_value extract_EVT_RES(const struct sk_extraction *asked)
{
	struct sk_text text;
	int64_t result;

	if (!sk_event_result(&asked->view->event, &result))
		return sk_value_missing();
	if (result >= 0)
		return sk_field_constant("SUCCESS");
	text = sk_text_begin(asked->scratch);
	sk_param_append(&text, asked->view, 0);
	return sk_text_value(&text);
}

struct sk_value extract_EVT_RAWRES(const struct sk_extraction *asked)
{
	int64_t result;

	if (!sk_event_result(&asked->view->event, &result))
		return sk_value_missing();
	return sk_value_number(SK_TYPE_INT64, (uint64_t)result);
}

/* Whether an open call asked for this, whatever came of it. */
static struct sk_value opens_with(const struct sk_extraction *asked, uint32_t flags)
{
	const struct sk_event *event = &asked->view->event;
	const struct open_params at = open_params(event->type);

	return sk_field_bool(at.flags >= 0 && (sk_event_unsigned(event, (unsigned)at.flags, 0) & flags));
}

struct sk_value extract_EVT_IS_OPEN_READ(const struct sk_extraction *asked)
{
	return opens_with(asked, OPEN_READ);
}

struct sk_value extract_EVT_IS_OPEN_WRITE(const struct sk_extraction *asked)
{
	return opens_with(asked, OPEN_WRITE);
}

struct sk_value extract_EVT_IS_OPEN_EXEC(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const struct open_params at = open_params(event->type);
	bool creates;

	if (at.mode < 0)
		return sk_field_bool(false);
	creates = at.flags < 0 || (sk_event_unsigned(event, (unsigned)at.flags, 0) & (OPEN_CREATE | OPEN_TMPFILE));
	return sk_field_bool(creates && (sk_event_unsigned(event, (unsigned)at.mode, 0) & ANYONE_MAY_EXECUTE));
}
