/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors that are no sockets, and what happens to any of them:
 * open, close, dup, fcntl, pipes and the special kinds (spec/state.md sections
 * 4.2 to 4.4).
 */
#include "runtime/state/state_private.h"

enum {
	OPEN_DIRECTORY = 0x400,
	OPEN_CREATED = 0x4000, /* this bit and those above are set by the kernel's side, at the exit */
	OPEN_UPPER_LAYER = 0x8000,
	OPEN_LOWER_LAYER = 0x10000,
	CREAT_UPPER_LAYER = 1,
	CREAT_LOWER_LAYER = 2,
	CLOSE_RANGE_CLOEXEC_WIRE = 4,
	AT_FDCWD_WIRE = -100,
};

enum { FCNTL_DUPFD = 0x1, FCNTL_SETFD = 0x3, FCNTL_DUPFD_CLOEXEC = 0x1a };

/* --- what all share ------------------------------------------------------ */

static struct sk_fd *added(struct sk_state *state, struct sk_event_view *view, int64_t fd, struct sk_fd *entry)
{
	(void)state;
	view->thread->last_fd = fd;
	view->fd = entry;
	return entry;
}

struct sk_fd *sk_state_add_fd(struct sk_state *state, struct sk_event_view *view, int64_t fd, enum sk_fd_type type)
{
	struct sk_fd_table *table = view->thread ? sk_thread_own_fds(&state->threads, view->thread) : NULL;

	return table ? added(state, view, fd, sk_fd_table_add(&state->fds, table, fd, type)) : NULL;
}

struct sk_fd *sk_state_add_fd_copy(struct sk_state *state, struct sk_event_view *view, int64_t fd,
				   const struct sk_fd *source)
{
	struct sk_fd_table *table = view->thread ? sk_thread_own_fds(&state->threads, view->thread) : NULL;

	return table ? added(state, view, fd, sk_fd_table_add_copy(&state->fds, table, fd, source)) : NULL;
}

struct sk_fd *sk_state_edit_fd(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_fd_table *table;

	if (!view->fd || !view->thread)
		return NULL;
	table = sk_thread_fds(view->thread);
	if (!table || sk_fd_find(table, view->fd->fd) != view->fd)
		return NULL;
	view->fd = sk_fd_table_edit(&state->fds, table, view->fd->fd);
	return view->fd;
}

void sk_state_set_fd_name(struct sk_state *state, struct sk_event_view *view, struct sk_fd *fd, const char *name,
			  size_t length)
{
	if (sk_string_assign(state->strings, &fd->name, NULL, name, length))
		view->fd_name_changed = true;
}

/* The fd that a successful event returned; negative: none. */
static int64_t new_fd(const struct sk_event_view *view)
{
	return view->thread ? sk_event_signed(&view->event, 0, -1) : -1;
}

static struct sk_fd *add_plain(struct sk_state *state, struct sk_event_view *view, enum sk_fd_type type,
			       uint32_t open_flags)
{
	int64_t fd = new_fd(view);
	struct sk_fd *entry = fd >= 0 ? sk_state_add_fd(state, view, fd, type) : NULL;

	if (entry)
		entry->open_flags = open_flags;
	return entry;
}

static uint32_t flags_of(const struct sk_event_view *view, unsigned index)
{
	return (uint32_t)sk_event_unsigned(&view->event, index, 0);
}

/* --- paths --------------------------------------------------------------- */

const char *sk_state_directory(const struct sk_thread *thread, int64_t dirfd, const char *path,
			       uint32_t path_length, char buffer[SK_PATH_SIZE + 1], size_t *ret_length,
			       struct sk_fd **ret_fd)
{
	static const char here[] = ".", unknown[] = "<UNKNOWN>";
	const struct sk_string *name;

	*ret_fd = NULL;
	if (path_length > 0 && path[0] == '/') {
		*ret_length = sizeof(here) - 1;
		return here;
	}
	if (dirfd == AT_FDCWD_WIRE) {
		const struct sk_string *cwd = sk_thread_cwd(thread);

		*ret_length = cwd->length;
		return cwd->bytes;
	}
	*ret_fd = sk_fd_find(sk_thread_fds(thread), dirfd);
	if (!*ret_fd) {
		*ret_length = sizeof(unknown) - 1;
		return unknown;
	}
	name = (*ret_fd)->name;
	*ret_length = name->length;
	if (name->length == 0 || name->bytes[name->length - 1] != '/') {
		if (name->length >= SK_PATH_SIZE) {
			*ret_length = SK_PATH_SIZE; /* no path fits behind it anyway */
			return name->bytes;
		}
		memcpy(buffer, name->bytes, name->length);
		buffer[name->length] = '/';
		*ret_length = name->length + 1;
		return buffer;
	}
	return name->bytes;
}

void sk_state_resolve_path(const struct sk_event_view *view, int64_t dirfd, const char *path, uint32_t length,
			   char ret_path[1024], uint32_t *ret_length)
{
	char buffer[SK_PATH_SIZE + 1];
	struct sk_fd *unused;
	size_t directory_length;
	const char *directory;

	ret_path[0] = '\0';
	*ret_length = 0;
	if (!view->thread)
		return;
	directory = sk_state_directory(view->thread, dirfd, path, length, buffer, &directory_length, &unused);
	sk_path_join(directory, directory_length, path, length, ret_path, ret_length);
}

/* --- open ---------------------------------------------------------------- */

/* What an open event says, wherever its type keeps it. */
struct opened {
	const char *name;
	uint32_t name_length;
	uint32_t flags;
	uint32_t dev;
	uint64_t ino;
	uint16_t fd_flags;
	int64_t dirfd; /* what a relative name is relative to */
};

/*
 * The name and flags as they were when the kernel read them, if an enter event
 * told: the process may have changed them since.
 */
static bool prefer_enter(const struct sk_event_view *view, unsigned name_index, struct opened *opened)
{
	const char *name;
	uint32_t length;

	if (!view->enter)
		return false;
	name = sk_event_text(view->enter, name_index, &length);
	if (length == 4 && memcmp(name, "<NA>", 4) == 0)
		return false;
	opened->name = name;
	opened->name_length = length;
	return true;
}

static void prefer_enter_flags(const struct sk_event_view *view, unsigned index, struct opened *opened)
{
	uint32_t kernel = opened->flags & ~(uint32_t)(OPEN_CREATED - 1);

	opened->flags = ((uint32_t)sk_event_unsigned(view->enter, index, 0) & (OPEN_CREATED - 1)) | kernel;
}

/* Whether the path that it goes by may be another (SK_FD_FLAG_PATH_*). */
static uint16_t doubt_of_path(const struct sk_state *state, const struct sk_thread *thread,
			      const struct opened *opened)
{
	const uint32_t *touched = state->losses.touched;
	const struct sk_thread *leader;
	const struct sk_fd *directory;
	bool known;

	if (opened->name_length > 0 && opened->name[0] == '/')
		return 0;
	if (opened->name_length == 4 && memcmp(opened->name, "<NA>", 4) == 0)
		return SK_FD_FLAG_PATH_UNREADABLE;
	if (opened->dirfd == AT_FDCWD_WIRE) {
		leader = sk_thread_main(thread);
		known = leader && !(leader->unknown & 1U << SK_STAKE_DIRECTORY) &&
			leader->known[SK_STAKE_DIRECTORY] >= touched[SK_STAKE_DIRECTORY];
	} else {
		directory = sk_fd_find(sk_thread_fds(thread), opened->dirfd);
		known = directory && directory->known >= touched[SK_STAKE_FD_FILE] &&
			!(directory->flags & (SK_FD_FLAG_PATH_DOUBTFUL | SK_FD_FLAG_PATH_UNREADABLE));
	}
	return known ? 0 : SK_FD_FLAG_PATH_DOUBTFUL;
}

static void add_opened(struct sk_state *state, struct sk_event_view *view, int64_t fd, const struct opened *opened,
		       const char *directory, size_t directory_length)
{
	char path[SK_PATH_SIZE];
	struct sk_fd *entry;
	uint32_t length;

	sk_path_join(directory, directory_length, opened->name, opened->name_length, path, &length);
	entry = sk_state_add_fd(state, view, fd, opened->flags & OPEN_DIRECTORY ? SK_FD_DIRECTORY : SK_FD_FILE_V2);
	if (!entry)
		return;
	entry->open_flags = opened->flags;
	entry->dev = opened->dev;
	entry->ino = opened->ino;
	entry->flags = opened->fd_flags;
	if (opened->flags & OPEN_UPPER_LAYER)
		entry->flags |= SK_FD_FLAG_UPPER_LAYER;
	if (opened->flags & OPEN_LOWER_LAYER)
		entry->flags |= SK_FD_FLAG_LOWER_LAYER;
	entry->flags |= doubt_of_path(state, view->thread, opened);
	sk_state_set_fd_name(state, view, entry, path, length);
	if (length == opened->name_length && memcmp(path, opened->name, length) == 0)
		sk_string_replace(state->strings, &entry->name_raw, sk_string_share(entry->name));
	else
		sk_string_assign(state->strings, &entry->name_raw, NULL, opened->name, opened->name_length);
}

void sk_state_open(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	const struct sk_string *cwd;
	struct opened opened = {.flags = flags_of(view, 2), .dirfd = AT_FDCWD_WIRE};
	int64_t fd = new_fd(view);

	if (fd < 0)
		return;
	opened.name = sk_event_text(event, 1, &opened.name_length);
	if (prefer_enter(view, 0, &opened))
		prefer_enter_flags(view, 1, &opened);
	opened.dev = flags_of(view, 4);
	opened.ino = sk_event_unsigned(event, 5, 0);
	cwd = sk_thread_cwd(view->thread);
	add_opened(state, view, fd, &opened, cwd->bytes, cwd->length);
}

static bool is_as_told(const struct sk_fd *fd, const struct sk_note_file *file)
{
	return fd && fd->type == (file->flags & OPEN_DIRECTORY ? SK_FD_DIRECTORY : SK_FD_FILE_V2) &&
	       fd->ino == file->inode && fd->dev == file->device;
}

/*
 * Files whose open was held back in the kernel (vm/notes.h): the open happens
 * here.  Another entry under the number is one whose end nobody told.
 */
void sk_state_take_files(struct sk_state *state, const struct sk_event *event)
{
	struct sk_note_file file;

	for (uint8_t i = 0; i < SK_NOTE_FILES && sk_event_note_file(event, i, &file); i++) {
		struct sk_event_view view = {.event = *event, .thread = sk_state_get_thread(state, event->tid)};
		const struct opened opened = {
			.name = file.path,
			.name_length = (uint32_t)strlen(file.path),
			.flags = file.flags,
			.dev = file.device,
			.ino = file.inode,
		};

		if (view.thread && file.fd >= 0 &&
		    !is_as_told(sk_fd_find(sk_thread_fds(view.thread), file.fd), &file))
			add_opened(state, &view, file.fd, &opened, "", 0);
	}
}

void sk_state_creat(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	const struct sk_string *cwd;
	struct opened opened = {.dirfd = AT_FDCWD_WIRE};
	uint32_t layers = flags_of(view, 5);
	int64_t fd = new_fd(view);

	if (fd < 0)
		return;
	opened.name = sk_event_text(event, 1, &opened.name_length);
	prefer_enter(view, 0, &opened);
	opened.dev = flags_of(view, 3);
	opened.ino = sk_event_unsigned(event, 4, 0);
	opened.fd_flags = (layers & CREAT_UPPER_LAYER ? SK_FD_FLAG_UPPER_LAYER : 0) |
			  (layers & CREAT_LOWER_LAYER ? SK_FD_FLAG_LOWER_LAYER : 0);
	cwd = sk_thread_cwd(view->thread);
	add_opened(state, view, fd, &opened, cwd->bytes, cwd->length);
}

/* openat and openat2 differ in where dev and ino are. */
static void open_at(struct sk_state *state, struct sk_event_view *view, unsigned dev_index)
{
	const struct sk_event *event = &view->event;
	struct opened opened = {.flags = flags_of(view, 3)};
	int64_t fd = new_fd(view), dirfd = sk_event_signed(event, 1, -1);
	char buffer[SK_PATH_SIZE + 1];
	struct sk_fd *looked_up;
	size_t directory_length;
	const char *directory;

	if (!view->thread)
		return;
	opened.name = sk_event_text(event, 2, &opened.name_length);
	if (prefer_enter(view, 1, &opened)) {
		prefer_enter_flags(view, 2, &opened);
		dirfd = sk_event_signed(view->enter, 0, -1);
	}
	opened.dev = flags_of(view, dev_index);
	opened.ino = sk_event_unsigned(event, dev_index + 1, 0);
	directory = sk_state_directory(view->thread, dirfd, opened.name, opened.name_length, buffer,
				       &directory_length, &looked_up);
	opened.dirfd = dirfd;
	if (fd >= 0)
		add_opened(state, view, fd, &opened, directory, directory_length);
	/* A directory that was looked up is the event's fd, even beside the one it opened: so has it the reference. */
	if (looked_up)
		view->fd = sk_fd_find(sk_thread_fds(view->thread), dirfd);
}

void sk_state_openat(struct sk_state *state, struct sk_event_view *view)
{
	open_at(state, view, 5);
}

void sk_state_openat2(struct sk_state *state, struct sk_event_view *view)
{
	open_at(state, view, 6);
}

void sk_state_open_by_handle(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	struct opened opened = {.flags = flags_of(view, 2), .dirfd = AT_FDCWD_WIRE};
	int64_t fd = new_fd(view);

	if (fd < 0)
		return;
	opened.name = sk_event_text(event, 3, &opened.name_length);
	opened.dev = flags_of(view, 4);
	opened.ino = sk_event_unsigned(event, 5, 0);
	add_opened(state, view, fd, &opened, "", 0);
}

/* --- close, dup, fcntl --------------------------------------------------- */

void sk_state_close(struct sk_state *state, struct sk_event_view *view)
{
	if (!view->thread || !view->fd || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	state->close_tid = view->thread->tid;
	state->close_fd = view->fd->fd;
	state->close_pending = true;
	state->settle = true;
}

void sk_state_close_range(struct sk_state *state, struct sk_event_view *view)
{
	int64_t first = flags_of(view, 1), last = flags_of(view, 2);
	struct sk_fd_table *table = view->thread ? sk_thread_fds(view->thread) : NULL;

	if (!table || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	view->fd = NULL;
	if (flags_of(view, 3) & CLOSE_RANGE_CLOEXEC_WIRE)
		sk_fd_table_mark_range(&state->fds, table, first, last);
	else
		sk_fd_table_remove_range(&state->fds, table, first, last);
}

static void duplicate(struct sk_state *state, struct sk_event_view *view, int64_t fd, bool close_on_exec)
{
	struct sk_fd *entry = sk_state_add_fd_copy(state, view, fd, view->fd);

	if (!entry)
		return;
	sk_fd_set_close_on_exec(entry, false);
	if (close_on_exec)
		sk_fd_set_close_on_exec(entry, true);
}

static void dup_to(struct sk_state *state, struct sk_event_view *view, bool close_on_exec)
{
	int64_t fd = new_fd(view);

	if (fd < 0 || !view->fd)
		return;
	duplicate(state, view, fd, close_on_exec);
	if (fd == 0)
		view->thread->flags |= SK_CLONE_PIPE_DST;
	else if (fd == 1)
		view->thread->flags |= SK_CLONE_PIPE_SRC;
}

void sk_state_dup(struct sk_state *state, struct sk_event_view *view)
{
	dup_to(state, view, false);
}

void sk_state_dup3(struct sk_state *state, struct sk_event_view *view)
{
	dup_to(state, view, flags_of(view, 3) & SK_OPEN_CLOEXEC);
}

void sk_state_fcntl(struct sk_state *state, struct sk_event_view *view)
{
	int64_t result = new_fd(view), command = sk_event_signed(&view->event, 2, 0);
	struct sk_fd *entry;
	bool close_on_exec;

	if (result < 0 || !view->fd)
		return;
	switch (command) {
	case FCNTL_DUPFD:
		duplicate(state, view, result, false);
		break;
	case FCNTL_DUPFD_CLOEXEC:
		duplicate(state, view, result, true);
		break;
	case FCNTL_SETFD:
		close_on_exec = sk_event_unsigned(&view->event, 3, 0) & 1;
		if (close_on_exec == ((view->fd->open_flags & SK_OPEN_CLOEXEC) != 0) &&
		    view->fd->type != SK_FD_EVENTPOLL && view->fd->type != SK_FD_MEMFD)
			break; /* as it was: no need to part from whoever shares it */
		entry = sk_state_edit_fd(state, view);
		if (entry)
			sk_fd_set_close_on_exec(entry, close_on_exec);
		break;
	default:
		break;
	}
}

/* --- pipes and special kinds ---------------------------------------------- */

static void add_pipe(struct sk_state *state, struct sk_event_view *view, uint32_t open_flags)
{
	if (!view->thread || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	for (unsigned i = 1; i <= 2; i++) {
		int64_t fd = sk_event_signed(&view->event, i, -1);
		struct sk_fd *entry = fd >= 0 ? sk_state_add_fd(state, view, fd, SK_FD_FIFO) : NULL;

		if (!entry)
			continue;
		entry->ino = sk_event_unsigned(&view->event, 3, 0);
		entry->open_flags = open_flags;
	}
}

void sk_state_pipe(struct sk_state *state, struct sk_event_view *view)
{
	add_pipe(state, view, 0);
}

void sk_state_pipe2(struct sk_state *state, struct sk_event_view *view)
{
	add_pipe(state, view, flags_of(view, 4));
}

void sk_state_eventfd(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_EVENT, 0);
}

void sk_state_eventfd2(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_EVENT, flags_of(view, 1));
}

void sk_state_signalfd(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_SIGNALFD, 0);
}

void sk_state_signalfd4(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_SIGNALFD, flags_of(view, 1));
}

void sk_state_timerfd(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_TIMERFD, flags_of(view, 2));
}

void sk_state_inotify(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_INOTIFY, 0);
}

void sk_state_inotify1(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_INOTIFY, flags_of(view, 1));
}

void sk_state_epoll(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_EVENTPOLL, 0);
}

void sk_state_epoll1(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_EVENTPOLL, flags_of(view, 1) & SK_EPOLL_CLOEXEC ? SK_OPEN_CLOEXEC : 0);
}

/* Any bpf(2) that did not fail, even those that return no fd, as the reference has it. */
void sk_state_bpf(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_BPF, 0);
}

void sk_state_userfaultfd(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_USERFAULTFD, flags_of(view, 1));
}

void sk_state_io_uring(struct sk_state *state, struct sk_event_view *view)
{
	add_plain(state, view, SK_FD_IOURING, 0);
}

void sk_state_memfd(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_fd *entry = add_plain(state, view, SK_FD_MEMFD, flags_of(view, 2));
	const char *name;
	uint32_t length;

	if (!entry)
		return;
	name = sk_event_text(&view->event, 1, &length);
	sk_state_set_fd_name(state, view, entry, name, length);
}

/* "/proc/<pid>", as the kernel would name the process's directory. */
static uint32_t process_path(int64_t pid, char ret_path[32])
{
	char digits[24];
	uint64_t rest = pid < 0 ? -(uint64_t)pid : (uint64_t)pid;
	unsigned count = 0;
	uint32_t length = 6;

	memcpy(ret_path, "/proc/", 6);
	do {
		digits[count++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (pid < 0)
		ret_path[length++] = '-';
	while (count > 0)
		ret_path[length++] = digits[--count];
	return length;
}

void sk_state_pidfd_open(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_fd *entry = add_plain(state, view, SK_FD_PIDFD, flags_of(view, 2));
	char name[32];

	if (!entry)
		return;
	entry->pid = sk_event_signed(&view->event, 1, -1);
	sk_state_set_fd_name(state, view, entry, name, process_path(entry->pid, name));
}

void sk_state_pidfd_getfd(struct sk_state *state, struct sk_event_view *view)
{
	int64_t fd = new_fd(view);
	const struct sk_thread *target;
	const struct sk_fd *entry;

	if (fd < 0)
		return;
	entry = sk_fd_find(sk_thread_fds(view->thread), sk_event_signed(&view->event, 1, -1));
	if (!entry || entry->type != SK_FD_PIDFD)
		return;
	target = sk_thread_find(&state->threads, entry->pid);
	view->fd = target ? sk_fd_find(sk_thread_fds(target), sk_event_signed(&view->event, 2, -1)) : NULL;
	if (view->fd)
		duplicate(state, view, fd, true);
}
