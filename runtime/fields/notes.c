/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saker.path.*, saker.target.*, saker.origin: what an event's notes say beyond
 * the reference's schema (vm/notes.h).  Without notes, as in captures of
 * others, the paths are those of the parameters.
 *
 *   parameter ── BEGUN note? ──► given ── RESOLVED note? ──► resolved
 *                                   └── neither: made absolute ──┘
 */
#include "runtime/fields/extract.h"

#include "runtime/state/path.h"
#include "vm/notes.h"

enum { EXECVE_RESOLVED = 27, FIRST = 0, SECOND = 1 };

/* The text of a note, without its NUL. */
static bool note_text(const struct sk_event *event, enum sk_note_kind kind, int param, struct sk_value *ret_value)
{
	struct sk_param bytes;

	if (!sk_event_note(event, kind, (uint8_t)param, &bytes) || bytes.length == 0)
		return false;
	*ret_value = sk_value_text((const char *)bytes.bytes,
				   (uint32_t)strnlen((const char *)bytes.bytes, bytes.length));
	return true;
}

/* The number of the parameter that is this path; -1 if the event has none. */
static int path_param(const struct sk_event *event, unsigned which)
{
	int param = sk_event_path(event->type, which);

	return param < event->nparams ? param : -1;
}

static struct sk_value given(const struct sk_event *event, int param)
{
	struct sk_value value;
	const char *path;
	uint32_t length;

	if (note_text(event, SK_NOTE_BEGUN, param, &value))
		return value;
	path = sk_event_text(event, (unsigned)param, &length);
	return sk_value_text(path, length);
}

static struct sk_value given_path(const struct sk_extraction *asked, unsigned which)
{
	const struct sk_event *event = &asked->view->event;
	const int param = path_param(event, which);

	/* What the kernel made of a handle was given by nobody. */
	if (param < 0 || event->type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X ||
	    event->type == SK_EVENT_SYSCALL_EXECVEAT_X)
		return sk_value_missing();
	return given(event, param);
}

/* The state's name of it ends in a slash. */
static struct sk_value directory_of(const struct sk_thread *thread)
{
	const struct sk_string *cwd = sk_thread_cwd(thread);
	uint32_t length = cwd->length;

	return sk_value_text(cwd->bytes, length > 1 && cwd->bytes[length - 1] == '/' ? length - 1 : length);
}

static struct sk_value absolute(const struct sk_extraction *asked, int param)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_value path = given(&view->event, param);
	const int relative_to = view->event.info->params[param].relative_to;
	int64_t directory = SK_WIRE_AT_FDCWD;
	uint32_t length;
	char *resolved;

	if (!view->thread)
		return sk_value_missing();
	/* Relative to where the thread was; it is there no more. */
	if (view->event.type == SK_EVENT_SYSCALL_CHDIR_X && sk_event_signed(&view->event, 0, -1) == 0)
		return directory_of(view->thread);
	if (relative_to >= 0)
		directory = sk_event_signed(&view->event, (unsigned)relative_to, SK_WIRE_AT_FDCWD);
	resolved = sk_arena_alloc(asked->scratch, SK_PATH_SIZE);
	if (!resolved)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	sk_state_resolve_path(view, directory, path.text, path.length, resolved, &length);
	return sk_value_text(resolved, length);
}

/* True if the event's fd is what it opened, so that the state made a name of its path already. */
static bool opens(const struct sk_event_view *view)
{
	switch (view->event.type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
	case SK_EVENT_SYSCALL_CREAT_X:
		return view->fd && view->fd->fd == sk_event_signed(&view->event, 0, -1);
	default:
		return false;
	}
}

/* The state made it absolute already, where that is what the event opened, by this path. */
static bool is_opened(const struct sk_event_view *view, int param)
{
	struct sk_param bytes;

	return opens(view) && !view->enter && !sk_event_note(&view->event, SK_NOTE_BEGUN, (uint8_t)param, &bytes);
}

static struct sk_value resolved_path(const struct sk_extraction *asked, unsigned which)
{
	const struct sk_event *event = &asked->view->event;
	const int param = path_param(event, which);
	struct sk_value value;
	const char *path;
	uint32_t length;

	if (param < 0)
		return sk_value_missing();
	if (note_text(event, SK_NOTE_RESOLVED, param, &value))
		return value;
	if (is_opened(asked->view, param))
		return sk_field_string(asked->view->fd->name);
	if (event->type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X || event->type == SK_EVENT_SYSCALL_EXECVEAT_X ||
	    (event->type == SK_EVENT_SYSCALL_EXECVE_19_X && sk_event_signed(event, 0, -1) == 0 &&
	     sk_event_has(event, EXECVE_RESOLVED))) {
		path = sk_event_text(event,
				     event->type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X ? (unsigned)param
											 : EXECVE_RESOLVED,
				     &length);
		return sk_value_text(path, length);
	}
	return absolute(asked, param);
}

struct sk_value extract_SAKER_ORIGIN(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	struct sk_param bytes;
	uint8_t origin = SK_ORIGIN_CALL;

	if (!(event->info->category & SK_CATEGORY_SYSCALL))
		return sk_value_missing();
	if (sk_event_note(event, SK_NOTE_ORIGIN, 0, &bytes) && bytes.length > 0)
		origin = bytes.bytes[0];
	/* A newer writer may know more. */
	return origin < SK_ORIGIN_COUNT ? sk_field_constant(sk_origin_names[origin]) : sk_value_missing();
}

struct sk_value extract_SAKER_PATH_GIVEN(const struct sk_extraction *asked)
{
	return given_path(asked, FIRST);
}

struct sk_value extract_SAKER_PATH_RESOLVED(const struct sk_extraction *asked)
{
	return resolved_path(asked, FIRST);
}

struct sk_value extract_SAKER_TARGET_GIVEN(const struct sk_extraction *asked)
{
	return given_path(asked, SECOND);
}

struct sk_value extract_SAKER_TARGET_RESOLVED(const struct sk_extraction *asked)
{
	return resolved_path(asked, SECOND);
}

/* Without a note about the path its text is all that there is. */
struct sk_value extract_SAKER_PATH_ALIASED(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;
	const int param = path_param(&view->event, FIRST);
	struct sk_value resolved, text, unused;
	bool rewritten;

	if (param < 0)
		return sk_value_missing();
	rewritten = note_text(&view->event, SK_NOTE_BEGUN, param, &unused);
	if (!rewritten && !note_text(&view->event, SK_NOTE_RESOLVED, param, &unused))
		return sk_field_bool(false);
	if (rewritten && !opens(view))
		return sk_field_bool(true);
	resolved = resolved_path(asked, FIRST);
	text = opens(view) ? sk_field_string(view->fd->name) : absolute(asked, param);
	if (resolved.presence != SK_PRESENT || text.presence != SK_PRESENT)
		return resolved.presence != SK_PRESENT ? resolved : text;
	return sk_field_bool(resolved.length != text.length || memcmp(resolved.text, text.text, text.length) != 0);
}

struct sk_value extract_SAKER_PATH_REWRITTEN(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	struct sk_value unused;
	int param;

	for (unsigned which = FIRST; which <= SECOND; which++) {
		param = path_param(event, which);
		if (param < 0)
			return which == FIRST ? sk_value_missing() : sk_field_bool(false);
		if (note_text(event, SK_NOTE_BEGUN, param, &unused))
			return sk_field_bool(true);
	}
	return sk_field_bool(false);
}
