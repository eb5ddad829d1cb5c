/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of events as text.  Every parameter has a raw form, what is on
 * the wire, and most have a resolved one, what it means:
 *
 *   type        raw         resolved
 *   FD          3           <4t>1.2.3.4:5->6.7.8.9:80
 *   ERRNO       -2          ENOENT
 *   PID         17          bash
 *   FLAGS32     4097        O_RDONLY|O_CLOEXEC
 *   FSPATH      a/b         /home/a/b
 *
 * Invariant: a parameter of a size that its type does not have reads as if it
 * were not available.
 */
#include "runtime/fields/wire.h"

#include <inttypes.h>
#include <time.h>

#include "runtime/state/path.h"
#include "vm/event.h"

static const char not_available[] = "<NA>";

/* --- raw --------------------------------------------------------------- */

static void append_number(struct sk_text *text, const struct sk_wire_value *value, bool is_signed)
{
	switch (value->format) {
	case SK_FORMAT_HEX:
		sk_text_printf(text, "%" PRIX64, sk_wire_unsigned(value));
		return;
	case SK_FORMAT_OCT:
		sk_text_printf(text, "%#" PRIo64, sk_wire_unsigned(value));
		return;
	case SK_FORMAT_10_PADDED_DEC:
		sk_text_printf(text, "%09" PRIu64, sk_wire_unsigned(value));
		return;
	case SK_FORMAT_NA:
	case SK_FORMAT_DEC:
	case SK_FORMAT_ID:
	case SK_FORMAT_DIR:
		break;
	}
	if (is_signed)
		sk_text_append_signed(text, sk_wire_signed(value));
	else
		sk_text_append_unsigned(text, sk_wire_unsigned(value));
}

static void append_time(struct sk_text *text, uint64_t ns)
{
	const time_t seconds = (time_t)(ns / 1000000000);
	struct tm local;

	if (!localtime_r(&seconds, &local)) {
		sk_text_append_unsigned(text, ns);
		return;
	}
	sk_text_printf(text, "%04d-%02d-%02d %02d:%02d:%02d.%09u", local.tm_year + 1900, local.tm_mon + 1,
		       local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, (unsigned)(ns % 1000000000));
}

static const struct sk_fd *find_fd(const struct sk_event_view *view, int64_t number)
{
	const struct sk_fd_table *table = view->thread && number >= 0 ? sk_thread_fds(view->thread) : NULL;

	return table ? sk_fd_find(table, number) : NULL;
}

/* "4:61 5:f4": the fd, the letter of its kind, its poll flags. */
static void append_fd_list(struct sk_text *text, const struct sk_event_view *view,
			   const struct sk_wire_value *value)
{
	const uint32_t item = 10;
	uint32_t count, at = 2;

	if (value->length < at)
		return;
	count = sk_read_u16(value->bytes);
	for (uint32_t i = 0; i < count && value->length - at >= item; i++, at += item) {
		const int64_t number = (int64_t)sk_read_u64(value->bytes + at);
		const struct sk_fd *fd = find_fd(view, number);

		sk_text_printf(text, "%s%" PRId64 ":%c%x", i ? " " : "", number,
			       fd ? sk_fd_type_char(fd->type) : '?', sk_read_u16(value->bytes + at + 8));
	}
}

/* What an empty parameter of this type prints. */
static const char *empty_text(enum sk_param_type type)
{
	switch (type) {
	case SK_PARAM_BYTEBUF:
	case SK_PARAM_SOCKTUPLE:
	case SK_PARAM_FDLIST:
	case SK_PARAM_CHARBUFARRAY:
	case SK_PARAM_CHARBUF_PAIR_ARRAY:
		return "NULL";
	default:
		return not_available;
	}
}

static void append_raw(struct sk_text *text, const struct sk_event_view *view, const struct sk_wire_value *value)
{
	switch (value->type) {
	case SK_PARAM_INT8:
	case SK_PARAM_INT16:
	case SK_PARAM_INT32:
	case SK_PARAM_INT64:
	case SK_PARAM_UINT32:
		/* UINT32 too: the reference shows the end of close_range(2) as -1. */
		append_number(text, value, true);
		break;
	case SK_PARAM_UINT8:
	case SK_PARAM_UINT16:
	case SK_PARAM_UINT64:
	case SK_PARAM_PORT:
		append_number(text, value, false);
		break;
	case SK_PARAM_ERRNO:
	case SK_PARAM_FD:
	case SK_PARAM_FD32:
	case SK_PARAM_PID:
	case SK_PARAM_PID32:
	case SK_PARAM_UID:
	case SK_PARAM_GID:
		/* Whatever format the table has for them. */
		sk_text_append_signed(text, sk_wire_signed(value));
		break;
	case SK_PARAM_L4PROTO:
	case SK_PARAM_SOCKFAMILY:
	case SK_PARAM_SYSCALLID:
	case SK_PARAM_SIGTYPE:
	case SK_PARAM_RELTIME:
	case SK_PARAM_FLAGS8:
	case SK_PARAM_FLAGS16:
	case SK_PARAM_FLAGS32:
	case SK_PARAM_ENUMFLAGS8:
	case SK_PARAM_ENUMFLAGS16:
	case SK_PARAM_ENUMFLAGS32:
		sk_text_append_unsigned(text, sk_wire_unsigned(value));
		break;
	case SK_PARAM_MODE:
		sk_text_printf(text, "%#" PRIo64, sk_wire_unsigned(value));
		break;
	case SK_PARAM_SIGSET:
		sk_text_printf(text, "0x%08" PRIX64, sk_wire_unsigned(value));
		break;
	case SK_PARAM_BOOL:
		sk_text_append_string(text, sk_wire_unsigned(value) ? "true" : "false");
		break;
	case SK_PARAM_DOUBLE: {
		double real;

		memcpy(&real, value->bytes, sizeof(real));
		sk_text_printf(text, "%.17g", real);
		break;
	}
	case SK_PARAM_ABSTIME:
		append_time(text, sk_wire_unsigned(value));
		break;
	case SK_PARAM_CHARBUF:
	case SK_PARAM_FSPATH:
	case SK_PARAM_FSRELPATH:
		sk_text_append(text, value->bytes, strnlen((const char *)value->bytes, value->length));
		break;
	case SK_PARAM_BYTEBUF:
	case SK_PARAM_CHARBUFARRAY:
	case SK_PARAM_CHARBUF_PAIR_ARRAY:
		sk_text_append_dotted(text, value->bytes, value->length);
		break;
	case SK_PARAM_SOCKADDR:
		sk_sockaddr_append(text, value->bytes, value->length);
		break;
	case SK_PARAM_SOCKTUPLE:
		sk_socktuple_append(text, value->bytes, value->length);
		break;
	case SK_PARAM_FDLIST:
		append_fd_list(text, view, value);
		break;
	case SK_PARAM_IPV4ADDR:
		sk_address_append(text, value->bytes, 4);
		break;
	case SK_PARAM_IPV6ADDR:
		sk_address_append(text, value->bytes, 16);
		break;
	case SK_PARAM_NONE:
	case SK_PARAM_DYN:
	case SK_PARAM_IPV4NET:
	case SK_PARAM_IPV6NET:
	case SK_PARAM_IPADDR:
	case SK_PARAM_IPNET:
	case SK_PARAM_TYPE_COUNT:
		/* Never on the wire: not_available, from the caller. */
		break;
	}
}

void sk_param_append_raw(struct sk_text *text, const struct sk_event_view *view, unsigned index)
{
	const struct sk_wire_value value = sk_wire_value(&view->event, index);

	if (sk_wire_is_readable(&value))
		append_raw(text, view, &value);
	else
		sk_text_append_string(text, value.length ? not_available : empty_text(value.type));
}

/* --- resolved ---------------------------------------------------------- */

static void append_fd(struct sk_text *text, const struct sk_event_view *view, int64_t number)
{
	static const char transport[] = {
		[SK_L4_TCP] = 't', [SK_L4_UDP] = 'u', [SK_L4_ICMP] = 'i', [SK_L4_RAW] = 'r'};
	const struct sk_fd *fd = find_fd(view, number);
	const char *name;

	if (fd) {
		sk_text_append_char(text, '<');
		sk_text_append_char(text, sk_fd_type_char(fd->type));
		if (sk_fd_is_inet(fd)) {
			const enum sk_l4_protocol l4 = sk_field_l4(fd);

			if (l4 < sizeof(transport) && transport[l4])
				sk_text_append_char(text, transport[l4]);
		}
		sk_text_append_char(text, '>');
		sk_text_append(text, fd->name->bytes, fd->name->length);
	} else if (number == SK_WIRE_AT_FDCWD) {
		sk_text_append_string(text, "AT_FDCWD");
	} else if (number < 0 && number > INT64_MIN && (name = sk_errno_name(-number))) {
		sk_text_append_string(text, name);
	}
}

static void append_errno(struct sk_text *text, int64_t number)
{
	const char *name = number < 0 && number > INT64_MIN ? sk_errno_name(-number) : NULL;

	if (name)
		sk_text_append_string(text, name);
}

static void append_pid(struct sk_text *text, const struct sk_event_view *view, int64_t tid)
{
	const struct sk_thread *thread = sk_thread_find(sk_state_threads(view->state), tid);

	if (thread)
		sk_text_append(text, thread->comm->bytes, thread->comm->length);
}

static void append_flag(struct sk_text *text, const char *name, uint32_t start)
{
	if (text->length != start)
		sk_text_append_char(text, '|');
	sk_text_append_string(text, name);
}

/* In the table's order, which puts what holds others first: spec/event-schema.md section 5. */
static void append_flags(struct sk_text *text, const struct sk_wire_value *value)
{
	const struct sk_flag_table *table = &sk_flag_tables[value->flags];
	const uint32_t start = text->length, whole = (uint32_t)sk_wire_unsigned(value);
	uint32_t rest = whole;

	for (size_t i = 0; i < table->count; i++) {
		const struct sk_flag *flag = &table->flags[i];

		if (flag->value == whole) {
			append_flag(text, flag->name, start);
			return;
		}
		if (rest && flag->value && (rest & flag->value) == flag->value) {
			append_flag(text, flag->name, start);
			rest &= ~flag->value;
		}
	}
}

static void append_enum(struct sk_text *text, const struct sk_wire_value *value)
{
	const struct sk_flag_table *table = &sk_flag_tables[value->flags];
	const uint32_t start = text->length, number = (uint32_t)sk_wire_unsigned(value);

	for (size_t i = 0; i < table->count; i++) {
		if (table->flags[i].value == number)
			append_flag(text, table->flags[i].name, start);
	}
}

static void append_signals(struct sk_text *text, uint32_t set)
{
	const uint32_t start = text->length;

	for (unsigned bit = 0; bit < 32; bit++) {
		const char *name = set >> bit & 1 ? sk_signal_name(bit + 1) : NULL;

		if (!name)
			continue;
		if (text->length != start)
			sk_text_append_char(text, ' ');
		sk_text_append_string(text, name);
	}
}

static void append_path(struct sk_text *text, const struct sk_event_view *view, const struct sk_wire_value *value,
			int64_t directory)
{
	const char *path = (const char *)value->bytes;
	const uint32_t length = (uint32_t)strnlen(path, value->length);
	char resolved[SK_PATH_SIZE];
	uint32_t resolved_length;

	/* An absolute path is shown as it was given. */
	if (!view->thread || length == 0 || path[0] == '/' ||
	    (length == sizeof(not_available) - 1 && memcmp(path, not_available, length) == 0))
		return;
	sk_state_resolve_path(view, directory, path, length, resolved, &resolved_length);
	sk_text_append(text, resolved, resolved_length);
}

static void append_resolved(struct sk_text *text, const struct sk_event_view *view,
			    const struct sk_wire_value *value, int relative_to)
{
	const char *name;
	uint32_t length;

	switch (value->type) {
	case SK_PARAM_FD:
	case SK_PARAM_FD32:
		append_fd(text, view, sk_wire_signed(value));
		break;
	case SK_PARAM_ERRNO:
		append_errno(text, sk_wire_signed(value));
		break;
	case SK_PARAM_PID:
	case SK_PARAM_PID32:
		append_pid(text, view, sk_wire_signed(value));
		break;
	case SK_PARAM_UID:
		name = sk_field_user_name(view, (uint32_t)sk_wire_unsigned(value), &length);
		if (sk_wire_unsigned(value) == UINT32_MAX)
			sk_text_append_string(text, "<NONE>");
		else
			sk_text_append(text, name, length);
		break;
	case SK_PARAM_GID:
		name = sk_field_group_name(view, (uint32_t)sk_wire_unsigned(value), &length);
		if (sk_wire_unsigned(value) == UINT32_MAX)
			sk_text_append_string(text, "<NONE>");
		else
			sk_text_append(text, name, length);
		break;
	case SK_PARAM_FSPATH:
		append_path(text, view, value, SK_WIRE_AT_FDCWD);
		break;
	case SK_PARAM_FSRELPATH:
		append_path(text, view, value,
			    relative_to < 0
				    ? SK_WIRE_AT_FDCWD
				    : sk_event_signed(&view->event, (unsigned)relative_to, SK_WIRE_AT_FDCWD));
		break;
	case SK_PARAM_SYSCALLID:
		name = sk_syscall_name((uint32_t)sk_wire_unsigned(value));
		if (name)
			sk_text_append_string(text, name);
		break;
	case SK_PARAM_SIGTYPE:
		name = sk_signal_name((unsigned)sk_wire_unsigned(value));
		if (name)
			sk_text_append_string(text, name);
		break;
	case SK_PARAM_SIGSET:
		append_signals(text, (uint32_t)sk_wire_unsigned(value));
		break;
	case SK_PARAM_RELTIME:
		sk_text_printf(text, "%gs", (double)sk_wire_unsigned(value) / 1e9);
		break;
	case SK_PARAM_FLAGS8:
	case SK_PARAM_FLAGS16:
	case SK_PARAM_FLAGS32:
	case SK_PARAM_MODE:
		if (value->flags < SK_FLAGS_COUNT)
			append_flags(text, value);
		break;
	case SK_PARAM_ENUMFLAGS8:
	case SK_PARAM_ENUMFLAGS16:
	case SK_PARAM_ENUMFLAGS32:
		if (value->flags < SK_FLAGS_COUNT)
			append_enum(text, value);
		break;
	case SK_PARAM_NONE:
	case SK_PARAM_INT8:
	case SK_PARAM_INT16:
	case SK_PARAM_INT32:
	case SK_PARAM_INT64:
	case SK_PARAM_UINT8:
	case SK_PARAM_UINT16:
	case SK_PARAM_UINT32:
	case SK_PARAM_UINT64:
	case SK_PARAM_CHARBUF:
	case SK_PARAM_BYTEBUF:
	case SK_PARAM_SOCKADDR:
	case SK_PARAM_SOCKTUPLE:
	case SK_PARAM_FDLIST:
	case SK_PARAM_ABSTIME:
	case SK_PARAM_PORT:
	case SK_PARAM_L4PROTO:
	case SK_PARAM_SOCKFAMILY:
	case SK_PARAM_BOOL:
	case SK_PARAM_IPV4ADDR:
	case SK_PARAM_DYN:
	case SK_PARAM_DOUBLE:
	case SK_PARAM_CHARBUFARRAY:
	case SK_PARAM_CHARBUF_PAIR_ARRAY:
	case SK_PARAM_IPV4NET:
	case SK_PARAM_IPV6ADDR:
	case SK_PARAM_IPV6NET:
	case SK_PARAM_IPADDR:
	case SK_PARAM_IPNET:
	case SK_PARAM_TYPE_COUNT:
		break;
	}
}

void sk_param_append_resolved(struct sk_text *text, const struct sk_event_view *view, unsigned index)
{
	const struct sk_wire_value value = sk_wire_value(&view->event, index);

	if (sk_wire_is_readable(&value))
		append_resolved(text, view, &value, view->event.info->params[index].relative_to);
}

/* --- both -------------------------------------------------------------- */

void sk_param_append(struct sk_text *text, const struct sk_event_view *view, unsigned index)
{
	const uint32_t start = text->length;

	sk_param_append_resolved(text, view, index);
	if (text->length == start)
		sk_param_append_raw(text, view, index);
}

void sk_params_append(struct sk_text *text, const struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;

	/* A generic event's only news is its name. */
	if (event->type == SK_EVENT_GENERIC_E || event->type == SK_EVENT_GENERIC_X)
		return;
	for (unsigned i = 0; i < event->nparams; i++) {
		uint32_t bracket;

		if (i)
			sk_text_append_char(text, ' ');
		sk_text_append_string(text, event->info->params[i].name);
		sk_text_append_char(text, '=');
		sk_param_append_raw(text, view, i);
		bracket = text->length;
		sk_text_append_char(text, '(');
		sk_param_append_resolved(text, view, i);
		if (text->length == bracket + 1)
			text->length = bracket;
		else
			sk_text_append_char(text, ')');
	}
}
