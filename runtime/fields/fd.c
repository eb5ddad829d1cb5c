/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.*: the fd of an event that creates, uses or destroys one.  On all other
 * events they are missing.  Where the event has an fd but nothing is known of
 * it (a failed open, a lost event), names come from the event's parameters.
 */
#include "runtime/fields/fd_kind.h"

#include "runtime/state/path.h"
#include "vm/event.h"

struct sk_value extract_FD_NUM(const struct sk_extraction *asked)
{
	if (!sk_has_fd(asked->view))
		return sk_value_missing();
	return sk_value_number(SK_TYPE_INT64, (uint64_t)asked->view->fd_number);
}

struct sk_value extract_FD_TYPE(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_constant(sk_fd_type_name(fd->type));
}

static char type_char(const struct sk_event_view *view)
{
	if (view->fd)
		return sk_fd_type_char(view->fd->type);
	/* Nothing is known: what the call would have made, for the calls that the reference knows. */
	switch (view->event.type) {
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 'f';
	case SK_EVENT_SOCKET_ACCEPT_5_X:
	case SK_EVENT_SOCKET_ACCEPT4_6_X:
		return '4';
	default:
		return 'o';
	}
}

struct sk_value extract_FD_TYPECHAR(const struct sk_extraction *asked)
{
	static const char printable[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
					"abcdefghijklmnopqrstuvwxyz{|}~";
	char letter;

	if (!sk_has_fd(asked->view))
		return sk_value_missing();
	letter = type_char(asked->view);
	return sk_value_text(letter >= ' ' && letter <= '~' ? &printable[letter - ' '] : "?", 1);
}

/* --- names ------------------------------------------------------------- */

/* The parameter that names what a call would have made; -1 without one. */
static int name_param(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_CREAT_X:
	case SK_EVENT_SOCKET_ACCEPT_5_X:
	case SK_EVENT_SOCKET_ACCEPT4_6_X:
		return 1;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 2;
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		return 3;
	default:
		return -1;
	}
}

/* What fd.name and fd.nameraw show of an event without a known fd. */
static struct sk_value name_from_params(const struct sk_extraction *asked, bool raw)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_event *event = &view->event;
	const int index = name_param(event->type);
	const char *path;
	struct sk_text text;
	uint32_t length;

	if (index < 0 || index >= event->nparams)
		return sk_field_constant("");
	text = sk_text_begin(asked->scratch);
	if (event->info->params[index].type == SK_PARAM_SOCKTUPLE) {
		sk_param_append(&text, view, (unsigned)index);
		return sk_text_value(&text);
	}
	/* Where a call's arguments were stored before the kernel read them, those count. */
	if (view->enter && view->enter->type == (event->type ^ 1)) {
		const int entered = sk_param_index(view->enter->type, "name", 4);

		if (entered >= 0 && sk_event_has(view->enter, (unsigned)entered))
			path = sk_event_text(view->enter, (unsigned)entered, &length);
		else
			path = sk_event_text(event, (unsigned)index, &length);
	} else {
		path = sk_event_text(event, (unsigned)index, &length);
	}
	if (!raw) {
		const int relative_to = event->info->params[index].relative_to;
		char *resolved = sk_arena_alloc(asked->scratch, SK_PATH_SIZE);

		if (!resolved)
			return (struct sk_value){.presence = SK_MISSING_MEMORY};
		sk_state_resolve_path(view,
				      relative_to < 0
					      ? SK_WIRE_AT_FDCWD
					      : sk_event_signed(event, (unsigned)relative_to, SK_WIRE_AT_FDCWD),
				      path, length, resolved, &length);
		return sk_value_text(resolved, length);
	}
	return sk_value_text(path, length);
}

struct sk_value extract_FD_NAME(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!sk_has_fd(view))
		return sk_value_missing();
	return view->fd ? sk_field_string(view->fd->name) : name_from_params(asked, false);
}

struct sk_value extract_FD_NAMERAW(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!sk_has_fd(view))
		return sk_value_missing();
	return view->fd ? sk_field_string(view->fd->name_raw) : name_from_params(asked, true);
}

uint32_t sk_field_basename(const char *path, uint32_t length)
{
	const char *slash = memrchr(path, '/', length);

	return slash ? (uint32_t)(slash - path) + 1 : 0;
}

static struct sk_value directory_of(struct sk_value name)
{
	uint32_t base;

	if (name.presence != SK_PRESENT)
		return name;
	base = sk_field_basename(name.text, name.length);
	return base <= 1 ? sk_field_constant("/") : sk_value_text(name.text, base - 1);
}

struct sk_value extract_FD_DIRECTORY(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!sk_has_fd(view))
		return sk_value_missing();
	if (!view->fd)
		return directory_of(name_from_params(asked, false));
	if (view->fd->type == SK_FD_DIRECTORY)
		return sk_field_string(view->fd->name);
	return sk_fd_is_file(view->fd) ? directory_of(sk_field_string(view->fd->name)) : sk_value_missing();
}

struct sk_value extract_FD_FILENAME(const struct sk_extraction *asked)
{
	uint32_t base;

	FD_OR_MISSING(asked)
	if (!sk_fd_is_file(fd))
		return sk_value_missing();
	base = sk_field_basename(fd->name->bytes, fd->name->length);
	return sk_value_text(fd->name->bytes + base, fd->name->length - base);
}

struct sk_value extract_FD_NAME_CHANGED(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_bool(asked->view->fd_name_changed);
}

/* --- where it lies ------------------------------------------------------ */

/* Device numbers on the wire: spec/event-schema.md section 5. */
static uint32_t device_major(uint32_t dev)
{
	return (dev & 0xfff00) >> 8;
}

static uint32_t device_minor(uint32_t dev)
{
	return (dev & 0xff) | ((dev >> 12) & 0xfff00);
}

static struct sk_value number32(uint32_t number, enum sk_format format)
{
	struct sk_value value = sk_value_number(SK_TYPE_INT32, (uint64_t)(int32_t)number);

	value.format = (uint8_t)format;
	return value;
}

struct sk_value extract_FD_DEV(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return number32(fd->dev, SK_FORMAT_HEX);
}

struct sk_value extract_FD_DEV_MAJOR(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return number32(device_major(fd->dev), SK_FORMAT_DEC);
}

struct sk_value extract_FD_DEV_MINOR(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return number32(device_minor(fd->dev), SK_FORMAT_DEC);
}

struct sk_value extract_FD_INO(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, fd->ino);
}

struct sk_value extract_FD_IS_UPPER_LAYER(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_bool(fd->flags & SK_FD_FLAG_UPPER_LAYER);
}

struct sk_value extract_FD_IS_LOWER_LAYER(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_bool(fd->flags & SK_FD_FLAG_LOWER_LAYER);
}

/* --- all fds of the process --------------------------------------------- */

/* Once each in alphabetical order: the same name stands for connected and listening sockets, and for two kinds of files. */
static uint32_t insert_name(struct sk_value *items, uint32_t count, const char *name)
{
	uint32_t at = count;

	while (at > 0 && strcmp(items[at - 1].text, name) > 0)
		at--;
	if (at > 0 && strcmp(items[at - 1].text, name) == 0)
		return count;
	memmove(&items[at + 1], &items[at], (count - at) * sizeof(*items));
	items[at] = sk_field_constant(name);
	return count + 1;
}

/*
 * The kinds of fds that the process has open; with an argument that of one fd.
 * Missing where there is none, and where the event itself has no fd, as in the
 * reference.
 */
struct sk_value extract_FD_TYPES(const struct sk_extraction *asked)
{
	const struct sk_fd_table *table = sk_has_fd(asked->view) ? sk_thread_fds(asked->view->thread) : NULL;
	const struct sk_fd *fd;
	struct sk_value *items;
	bool open[SK_FD_TYPE_COUNT] = {false};
	uint32_t cursor = 0, count = 0;

	if (!table)
		return sk_value_missing();
	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX) {
		fd = sk_fd_find(table, asked->ref->index);
		if (fd && fd->type < SK_FD_TYPE_COUNT)
			open[fd->type] = true;
	} else {
		while ((fd = sk_fd_table_next(table, &cursor))) {
			if (fd->type < SK_FD_TYPE_COUNT)
				open[fd->type] = true;
		}
	}
	items = sk_arena_alloc_zeroed(asked->scratch, SK_FD_TYPE_COUNT, sizeof(*items));
	if (!items)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	for (unsigned type = 0; type < SK_FD_TYPE_COUNT; type++) {
		if (open[type])
			count = insert_name(items, count, sk_fd_type_name((enum sk_fd_type)type));
	}
	if (!count)
		return sk_value_missing();
	return (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = count, .items = items};
}

/* --- with something before it ------------------------------------------ */

struct sk_value extract_FD_UID(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;
	struct sk_text text = sk_text_begin(asked->scratch);

	if (!sk_has_fd(view))
		return sk_value_missing();
	sk_text_append_signed(&text, view->event.tid);
	sk_text_append_signed(&text, view->fd_number);
	return sk_text_value(&text);
}

/* The reference puts a container id before the colon that it no longer has there. */
static struct sk_value after_colon(const struct sk_extraction *asked, struct sk_value value)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	if (value.presence != SK_PRESENT)
		return value;
	sk_text_append_char(&text, ':');
	sk_text_append(&text, value.text, value.length);
	return sk_text_value(&text);
}

struct sk_value extract_FD_CONTAINERNAME(const struct sk_extraction *asked)
{
	return after_colon(asked, extract_FD_NAME(asked));
}

struct sk_value extract_FD_CONTAINERDIRECTORY(const struct sk_extraction *asked)
{
	return after_colon(asked, extract_FD_DIRECTORY(asked));
}
