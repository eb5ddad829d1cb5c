/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.path.*: what a successful call did to the file tree, as absolute paths
 * and as the program gave them.
 *
 *   name            what it opened, made, removed or changed
 *   source, target  what it moved, linked or mounted, and where to
 */
#include "runtime/fields/extract.h"

#include "runtime/state/path.h"
#include "vm/call_paths.h"
#include "vm/event.h"

/* --- values ------------------------------------------------------------ */

static bool happened(const struct sk_event *event, const struct sk_fs_paths *paths)
{
	const int64_t result = sk_event_signed(event, 0, -1);

	/* An open that failed has a result below -1 as a rule, and the reference lets it pass. */
	return paths->opens ? result != -1 : result == 0;
}

static const struct sk_string *fd_name(const struct sk_event_view *view, bool raw)
{
	if (!view->fd)
		return NULL;
	return raw && view->fd->name_raw->length ? view->fd->name_raw : view->fd->name;
}

static struct sk_value path_at(const struct sk_extraction *asked, int8_t index, bool raw)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_event *event = &view->event;
	const struct sk_param_info *info;
	const char *path;
	uint32_t length;
	int64_t directory = SK_WIRE_AT_FDCWD;
	char *resolved;

	if (index == SK_PATH_OF_FD) {
		const struct sk_string *name = fd_name(view, raw);

		return name ? sk_field_string(name) : sk_value_missing();
	}
	if (index < 0 || index >= event->nparams)
		return sk_value_missing();
	path = sk_event_text(event, (unsigned)index, &length);
	if (raw)
		return sk_value_text(path, length);
	info = &event->info->params[index];
	if (info->relative_to >= 0)
		directory = sk_event_signed(event, (unsigned)info->relative_to, SK_WIRE_AT_FDCWD);
	resolved = sk_arena_alloc(asked->scratch, SK_PATH_SIZE);
	if (!resolved)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	sk_state_resolve_path(view, directory, path, length, resolved, &length);
	return sk_value_text(resolved, length);
}

/* What an open shows: the file, or what the call was given if there is none. */
static struct sk_value opened_path(const struct sk_extraction *asked, int8_t index, bool raw)
{
	const struct sk_event *event = &asked->view->event;
	struct sk_value given;

	if (raw)
		return path_at(asked, index, true);
	if (asked->view->fd)
		return sk_field_string(asked->view->fd->name);
	given = path_at(asked, index, true);
	/* The reference looks for the directory of a relative path among the fds, where the cwd is not. */
	if (event->info->params[index].relative_to >= 0 && given.presence == SK_PRESENT &&
	    (given.length == 0 || given.text[0] != '/'))
		return sk_field_constant("<UNKNOWN>");
	return path_at(asked, index, false);
}

static struct sk_value name_path(const struct sk_extraction *asked, bool raw)
{
	const struct sk_fs_paths paths = sk_fs_paths(asked->view->event.type);

	if (!asked->view->thread || paths.name == SK_PATH_NONE || !happened(&asked->view->event, &paths))
		return sk_value_missing();
	return paths.opens ? opened_path(asked, paths.name, raw) : path_at(asked, paths.name, raw);
}

static struct sk_value pair_path(const struct sk_extraction *asked, bool target, bool raw)
{
	const struct sk_fs_paths paths = sk_fs_paths(asked->view->event.type);
	const int8_t index = target ? paths.target : paths.source;

	if (!asked->view->thread || index == SK_PATH_NONE || !happened(&asked->view->event, &paths))
		return sk_value_missing();
	return path_at(asked, index, raw);
}

struct sk_value extract_FS_PATH_NAME(const struct sk_extraction *asked)
{
	return name_path(asked, false);
}

struct sk_value extract_FS_PATH_NAMERAW(const struct sk_extraction *asked)
{
	return name_path(asked, true);
}

struct sk_value extract_FS_PATH_SOURCE(const struct sk_extraction *asked)
{
	return pair_path(asked, false, false);
}

struct sk_value extract_FS_PATH_SOURCERAW(const struct sk_extraction *asked)
{
	return pair_path(asked, false, true);
}

struct sk_value extract_FS_PATH_TARGET(const struct sk_extraction *asked)
{
	return pair_path(asked, true, false);
}

struct sk_value extract_FS_PATH_TARGETRAW(const struct sk_extraction *asked)
{
	return pair_path(asked, true, true);
}

/* --- evt.abspath -------------------------------------------------------- */

/*
 * Joined as the reference does it here: a slash always stands between the
 * directory's name and the path, even behind the name "/".
 */
static struct sk_value joined_path(const struct sk_extraction *asked, int8_t index)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_event *event = &view->event;
	const struct sk_fd_table *table = sk_thread_fds(view->thread);
	const struct sk_fd *fd = NULL;
	struct sk_text directory = sk_text_begin(asked->scratch);
	const char *path;
	uint32_t length;
	int64_t number;
	char *resolved;

	if (index < 0 || index >= event->nparams)
		return sk_value_missing();
	path = sk_event_text(event, (unsigned)index, &length);
	number = sk_event_signed(event, (unsigned)event->info->params[index].relative_to, SK_WIRE_AT_FDCWD);
	if (table && length && path[0] != '/' && number >= 0)
		fd = sk_fd_find(table, number);
	if (!fd)
		return path_at(asked, index, false);
	sk_text_append(&directory, fd->name->bytes, fd->name->length);
	sk_text_append_char(&directory, '/');
	resolved = sk_arena_alloc(asked->scratch, SK_PATH_SIZE);
	if (!resolved || directory.failed)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	sk_path_join(directory.bytes, directory.length, path, length, resolved, &length);
	return sk_value_text(resolved, length);
}

struct sk_value extract_EVT_ABSPATH(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const struct sk_at_paths paths = sk_at_paths(event->type);
	const char *which = asked->ref->argument;

	if (!asked->view->thread)
		return sk_value_missing();
	if (event->type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X)
		return sk_event_signed(event, 0, -1) > 0 ? path_at(asked, paths.first, true) : sk_value_missing();
	return joined_path(asked, which && strcmp(which, "dst") == 0 ? paths.second : paths.first);
}
