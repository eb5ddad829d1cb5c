/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/doubt.h"

#include <inttypes.h>

#include "runtime/fields/extract.h"
#include "runtime/fields/fd_kind.h"
#include "vm/event.h"

enum ground {
	GROUND_EVENT,
	GROUND_THREAD,
	GROUND_MAIN,
	GROUND_COUNTER,
	GROUND_PARENT,
	GROUND_ANCESTORS,
	GROUND_SESSION,
	GROUND_GROUP,
	GROUND_HOST_GROUP,
	GROUND_FD,
	GROUND_FD_NAME,
	GROUND_STDIN,
	GROUND_STDOUT,
	GROUND_STDERR,
	GROUND_FD_TABLE,
	GROUND_CONTAINER,
	GROUND_CONTAINER_ID,
	GROUND_USER,
	GROUND_LOGIN_USER,
	GROUND_GROUP_NAME,
	GROUND_PARAM,
	GROUND_PARAMS,
	GROUND_PATHS,
	GROUND_RESOLVED,
};

static const struct {
	uint8_t ground, stake;
} grounds[SK_FIELD_COUNT] = {
#define SK_GROUND(ground, field, stake) [SK_FIELD_##field] = {GROUND_##ground, SK_STAKE_##stake},
#include "runtime/fields/grounds.def"
};

/* A chain of more ancestors than this may be a circle, and its end is nobody's. */
enum { LONGEST_CHAIN = 4096, ERRNO_EBADF = 9, ERRNO_EFAULT = 14 };

static const struct sk_doubt none = {.kind = SK_DOUBT_NONE};

static const char never_seen[] = "never seen";

static struct sk_doubt unknown(const char *why, uint32_t classes, uint32_t known)
{
	return (struct sk_doubt){SK_DOUBT_UNKNOWN, why, classes, known};
}

static uint32_t touched(const struct sk_event_view *view, enum sk_stake stake)
{
	return sk_state_losses(view->state)->touched[stake];
}

/* --- threads ------------------------------------------------------------ */

/* The event at hand is the exec that says it itself, whatever is being lost meanwhile. */
static bool is_told_here(const struct sk_event_view *view, const struct sk_thread *thread, enum sk_stake stake)
{
	if (thread != view->thread || thread->lastexec_ts != view->event.ts ||
	    (view->event.type != SK_EVENT_SYSCALL_EXECVE_19_X && view->event.type != SK_EVENT_SYSCALL_EXECVEAT_X))
		return false;
	switch (stake) {
	case SK_STAKE_NAME:
	case SK_STAKE_PROGRAM:
	case SK_STAKE_IDS:
	case SK_STAKE_PRIVILEGES:
	case SK_STAKE_GROUPS:
	case SK_STAKE_CGROUPS:
	case SK_STAKE_LIMITS:
		/* Had the event lacked it, the stamp would be older than all others. */
		return thread->known[stake] == thread->known[SK_STAKE_NAME];
	case SK_STAKE_BIRTH:
	case SK_STAKE_ENVIRONMENT: /* an empty one leaves the old one, as in the reference */
	case SK_STAKE_SESSION:
	case SK_STAKE_DIRECTORY:
	case SK_STAKE_PARENT:
	case SK_STAKE_FDS:
	case SK_STAKE_FD_FILE:
	case SK_STAKE_FD_SOCKET:
	case SK_STAKE_COUNT:
		break;
	}
	return false;
}

static struct sk_doubt of_thread(const struct sk_event_view *view, const struct sk_thread *thread,
				 enum sk_stake stake, const char *why_unknown)
{
	if (!thread || (thread->unknown & 1U << stake))
		return unknown(why_unknown, sk_stake_classes(stake), 0);
	if (thread->known[stake] < touched(view, stake) && !is_told_here(view, thread, stake))
		return (struct sk_doubt){SK_DOUBT_LOSS, NULL, sk_stake_classes(stake), thread->known[stake]};
	return none;
}

/* An event that has no thread by its nature says nothing about one. */
static struct sk_doubt of_no_thread(const struct sk_event_view *view)
{
	if (view->event.tid < 0 || !(view->event.info->category & (SK_CATEGORY_SYSCALL | SK_CATEGORY_TRACEPOINT)))
		return none;
	return unknown(sk_state_stats(view->state).threads_dropped ? "thread table is full" : never_seen,
		       sk_stake_classes(SK_STAKE_BIRTH), 0);
}

/* Its start is asked for, and nobody saw that, though the rest may be known since. */
static bool lacks_start(const struct sk_field_ref *ref, const struct sk_value *value)
{
	return value->presence != SK_PRESENT &&
	       (ref->field == SK_FIELD_PROC_PID_TS || ref->field == SK_FIELD_PROC_DURATION);
}

/* Kernel threads have neither a program nor memory of their own. */
static bool lacks_program(const struct sk_thread *thread, const struct sk_field_ref *ref)
{
	return (ref->field == SK_FIELD_PROC_EXEPATH || ref->field == SK_FIELD_PROC_PEXEPATH) &&
	       thread->exepath->length == 0 && (thread->vmsize_kb > 0 || thread->args->length > 0);
}

static struct sk_doubt of_own(const struct sk_event_view *view, const struct sk_field_ref *ref,
			      const struct sk_value *value)
{
	const struct sk_thread *thread = view->thread;
	const enum sk_stake stake = (enum sk_stake)grounds[ref->field].stake;

	if (lacks_start(ref, value) || lacks_program(thread, ref))
		return unknown(never_seen, sk_stake_classes(stake), 0);
	return of_thread(view, thread, stake, never_seen);
}

/*
 * The processes above, one or all of them: whether the chain is whole, and
 * what its end, or each of them, is in itself.
 */
static struct sk_doubt of_ancestors(const struct sk_event_view *view, const struct sk_field_ref *ref,
				    enum sk_stake stake)
{
	const bool all = ref->kind != SK_ARGUMENT_KIND_INDEX && grounds[ref->field].ground == GROUND_ANCESTORS;
	const uint32_t levels = all ? LONGEST_CHAIN : ref->kind == SK_ARGUMENT_KIND_INDEX ? ref->index : 1;
	const struct sk_thread *at = sk_thread_main(view->thread);
	struct sk_doubt doubt = none, found;

	if (!at || levels == 0)
		return of_thread(view, at, stake, never_seen);
	for (uint32_t level = 1; level <= levels && level <= LONGEST_CHAIN; level++) {
		const char *why = level == 1 ? "parent never seen" : "ancestor never seen";
		const struct sk_thread *above;

		found = of_thread(view, at, SK_STAKE_PARENT, why);
		if (found.kind > doubt.kind)
			doubt = found;
		above = at->ptid > 0 ? sk_thread_find(sk_state_threads(view->state), at->ptid) : NULL;
		above = above ? sk_thread_main(above) : NULL;
		if (!above)
			return at->ptid > 0 ? unknown(why, sk_stake_classes(SK_STAKE_PARENT), 0) : doubt;
		at = above;
		if (!all && level < levels)
			continue;
		found = lacks_program(at, ref) ? unknown(why, sk_stake_classes(stake), 0)
					       : of_thread(view, at, stake, why);
		if (found.kind > doubt.kind)
			doubt = found;
	}
	return doubt;
}

static struct sk_doubt of_leader(const struct sk_event_view *view, const struct sk_field_ref *ref,
				 const struct sk_value *value)
{
	const struct sk_thread *thread = view->thread, *leader;
	const enum ground ground = (enum ground)grounds[ref->field].ground;
	const int64_t id = ground == GROUND_SESSION ? thread->sid
			   : ground == GROUND_GROUP ? thread->vpgid
						    : thread->pgid;
	struct sk_doubt doubt =
		of_thread(view, thread, ground == GROUND_SESSION ? SK_STAKE_SESSION : SK_STAKE_GROUPS, never_seen);

	if (doubt.kind != SK_DOUBT_NONE || id <= 0)
		return doubt;
	if (value->presence == SK_PRESENT && value->length == 0)
		return unknown("leader never seen", sk_stake_classes(SK_STAKE_BIRTH), 0);
	if (ground != GROUND_HOST_GROUP && sk_thread_in_pid_namespace(thread))
		return none;
	leader = sk_thread_find(sk_state_threads(view->state), id);
	return leader ? of_thread(view, leader, (enum sk_stake)grounds[ref->field].stake, never_seen) : none;
}

/* --- fds ---------------------------------------------------------------- */

static const struct sk_thread *owner_of_fds(const struct sk_thread *thread)
{
	return thread->flags & SK_CLONE_FILES ? sk_thread_main(thread) : thread;
}

static struct sk_doubt of_fd_table(const struct sk_event_view *view)
{
	return of_thread(view, owner_of_fds(view->thread), SK_STAKE_FDS, never_seen);
}

/* An fd that its process has and that is not known. */
static struct sk_doubt of_missing_fd(const struct sk_event_view *view)
{
	struct sk_doubt doubt = of_fd_table(view);

	if (sk_fd_table_count(sk_thread_fds(view->thread)) >= SK_FD_TABLE_LIMIT)
		return unknown("table of fds is full", 0, 0);
	if (doubt.kind == SK_DOUBT_NONE)
		return unknown("its opening was not seen", 0, 0);
	doubt.kind = SK_DOUBT_UNKNOWN;
	return doubt;
}

/* The event at hand says itself what the fd is, whatever is being lost meanwhile. */
static bool is_made_here(const struct sk_event_view *view, const struct sk_fd *fd)
{
	const uint16_t flags = view->event.info->flags;

	/* A copy is what its source is. */
	return fd == view->fd && (flags & SK_EVENT_FLAG_CREATES_FD) && !(flags & SK_EVENT_FLAG_USES_FD) &&
	       sk_event_signed(&view->event, 0, -1) == fd->fd;
}

static struct sk_doubt of_fd(const struct sk_event_view *view, const struct sk_fd *fd, bool by_path)
{
	const enum sk_stake stake = sk_fd_is_inet(fd) || fd->type == SK_FD_UNIX_SOCK || fd->type == SK_FD_UNKNOWN
					    ? SK_STAKE_FD_SOCKET
					    : SK_STAKE_FD_FILE;

	if (by_path && (fd->flags & SK_FD_FLAG_PATH_UNREADABLE))
		return unknown("not readable", 0, 0);
	if (fd->known < touched(view, stake) && !is_made_here(view, fd))
		return (struct sk_doubt){SK_DOUBT_LOSS, NULL, sk_stake_classes(stake), fd->known};
	if (by_path && (fd->flags & SK_FD_FLAG_PATH_DOUBTFUL))
		return (struct sk_doubt){SK_DOUBT_LOSS, "relative to a directory in doubt", 0, 0};
	return none;
}

static struct sk_doubt of_event_fd(const struct sk_event_view *view, bool by_path)
{
	int64_t result;

	if (view->fd_number == INT64_MIN || (!view->fd && view->fd_number < 0))
		return none;
	if (view->fd)
		return of_fd(view, view->fd, by_path);
	if (sk_event_result(&view->event, &result) && result == -ERRNO_EBADF)
		return none;
	return of_missing_fd(view);
}

/* One that a process nearly always has, and may have closed. */
static struct sk_doubt of_standard_fd(const struct sk_event_view *view, int64_t number)
{
	const struct sk_fd *fd = sk_fd_find(sk_thread_fds(view->thread), number);
	struct sk_doubt doubt = fd ? of_fd(view, fd, true) : of_fd_table(view);

	if (!fd && doubt.kind == SK_DOUBT_LOSS)
		doubt.kind = SK_DOUBT_UNKNOWN;
	return doubt;
}

/* --- parameters --------------------------------------------------------- */

static bool is_path(const struct sk_param_info *param)
{
	return param->type == SK_PARAM_FSPATH || param->type == SK_PARAM_FSRELPATH;
}

/* A path that was not readable, or that is relative to what is in doubt. */
static struct sk_doubt of_path(const struct sk_event_view *view, unsigned index)
{
	const struct sk_event *event = &view->event;
	const struct sk_param_info *param = &event->info->params[index];
	const struct sk_fd *directory;
	int64_t dirfd = SK_WIRE_AT_FDCWD, result;

	if (event->param[index].length == 0) {
		/* A call that failed so told its program the same. */
		if (sk_event_result(event, &result) && result == -ERRNO_EFAULT)
			return none;
		return unknown("not readable", 0, 0);
	}
	if (event->param[index].bytes[0] == '/' || param->type != SK_PARAM_FSRELPATH)
		return event->param[index].bytes[0] == '/'
			       ? none
			       : of_thread(view, sk_thread_main(view->thread), SK_STAKE_DIRECTORY, never_seen);
	if (param->relative_to >= 0)
		dirfd = sk_event_signed(event, (unsigned)param->relative_to, SK_WIRE_AT_FDCWD);
	if (dirfd == SK_WIRE_AT_FDCWD)
		return of_thread(view, sk_thread_main(view->thread), SK_STAKE_DIRECTORY, never_seen);
	directory = sk_fd_find(sk_thread_fds(view->thread), dirfd);
	if (directory)
		return of_fd(view, directory, true);
	return sk_event_result(event, &result) && result < 0 ? none : of_missing_fd(view);
}

static struct sk_doubt of_param(const struct sk_event_view *view, unsigned index)
{
	const struct sk_param_info *param = &view->event.info->params[index];
	const struct sk_fd *fd;

	if (is_path(param))
		return of_path(view, index);
	if (param->type != SK_PARAM_FD)
		return none;
	fd = sk_fd_find(sk_thread_fds(view->thread), sk_event_signed(&view->event, index, -1));
	return fd ? of_fd(view, fd, true) : none;
}

static struct sk_doubt of_params(const struct sk_event_view *view, bool only_paths)
{
	struct sk_doubt doubt = none, found;

	for (unsigned i = 0; i < view->event.nparams; i++) {
		if (only_paths && !is_path(&view->event.info->params[i]))
			continue;
		found = of_param(view, i);
		if (found.kind > doubt.kind)
			doubt = found;
	}
	return doubt;
}

/* The kernel itself told where a path led, and it has no doubts. */
static bool is_resolved(const struct sk_event_view *view)
{
	struct sk_param path;

	for (uint8_t i = 0; i < view->event.nparams; i++) {
		if (is_path(&view->event.info->params[i]) &&
		    sk_event_note(&view->event, SK_NOTE_RESOLVED, i, &path))
			return true;
	}
	return false;
}

static struct sk_doubt of_named_param(const struct sk_event_view *view, const struct sk_field_ref *ref)
{
	const struct sk_extraction asked = {.view = view, .ref = ref};
	const int index = sk_param_find(&asked);

	return index < 0 ? none : of_param(view, (unsigned)index);
}

/* --- metadata ----------------------------------------------------------- */

static struct sk_doubt of_container(const struct sk_event_view *view, const struct sk_value *value)
{
	const struct sk_thread *thread = view->thread;
	struct sk_doubt doubt;

	doubt = of_thread(view, thread, SK_STAKE_CGROUPS, never_seen);
	if (doubt.kind != SK_DOUBT_UNKNOWN && thread->cgroups->length == 0)
		return unknown(never_seen, sk_stake_classes(SK_STAKE_CGROUPS), 0);
	if (doubt.kind != SK_DOUBT_UNKNOWN && value->presence == SK_MISSING_PENDING)
		return unknown(sk_state_why_no_metadata(view->state, thread->container_id), 0, 0);
	return doubt;
}

/* The ids, and in a container whether their names are of its own tables. */
static struct sk_doubt of_user(const struct sk_event_view *view, const struct sk_field_ref *ref)
{
	const struct sk_users *users = sk_state_users(view->state);
	const struct sk_thread *thread = view->thread;
	const enum ground ground = (enum ground)grounds[ref->field].ground;
	const uint32_t id = ground == GROUND_USER         ? thread->uid
			    : ground == GROUND_LOGIN_USER ? thread->loginuid
							  : thread->gid;
	struct sk_doubt doubt = of_thread(view, thread, (enum sk_stake)grounds[ref->field].stake, never_seen);
	bool known;

	if (doubt.kind != SK_DOUBT_NONE || thread->container_id->length == 0 || id == 0 || id == UINT32_MAX)
		return doubt;
	known = ground == GROUND_GROUP_NAME ? sk_users_find_group(users, thread->container_id, 0) != NULL
					    : sk_users_find(users, thread->container_id, 0) != NULL;
	return known ? none : unknown("users of the container not known", 0, 0);
}

/* --- all ---------------------------------------------------------------- */

static struct sk_doubt of_ground(const struct sk_event_view *view, const struct sk_field_ref *ref,
				 const struct sk_value *value)
{
	switch ((enum ground)grounds[ref->field].ground) {
	case GROUND_EVENT:
		return none;
	case GROUND_THREAD:
		return of_own(view, ref, value);
	case GROUND_MAIN:
		return of_thread(view, sk_thread_main(view->thread), (enum sk_stake)grounds[ref->field].stake,
				 never_seen);
	case GROUND_COUNTER:
		return view->thread->unknown & 1U << SK_STAKE_NAME ? unknown(never_seen, 0, 0) : none;
	case GROUND_PARENT:
	case GROUND_ANCESTORS:
		return of_ancestors(view, ref, (enum sk_stake)grounds[ref->field].stake);
	case GROUND_SESSION:
	case GROUND_GROUP:
	case GROUND_HOST_GROUP:
		return of_leader(view, ref, value);
	case GROUND_FD:
		return of_event_fd(view, false);
	case GROUND_FD_NAME:
		return of_event_fd(view, true);
	case GROUND_STDIN:
		return of_standard_fd(view, 0);
	case GROUND_STDOUT:
		return of_standard_fd(view, 1);
	case GROUND_STDERR:
		return of_standard_fd(view, 2);
	case GROUND_FD_TABLE:
		return of_fd_table(view);
	case GROUND_CONTAINER:
	case GROUND_CONTAINER_ID:
		return of_container(view, value);
	case GROUND_USER:
	case GROUND_LOGIN_USER:
	case GROUND_GROUP_NAME:
		return of_user(view, ref);
	case GROUND_PARAM:
		return of_named_param(view, ref);
	case GROUND_PARAMS:
		return of_params(view, false);
	case GROUND_PATHS:
		return of_params(view, true);
	case GROUND_RESOLVED:
		return is_resolved(view) ? none : of_params(view, true);
	}
	return none;
}

struct sk_doubt sk_fields_doubt(const struct sk_event_view *view, const struct sk_field_ref *ref,
				const struct sk_value *value)
{
	const enum ground ground = (enum ground)grounds[ref->field].ground;

	if (value->presence == SK_MISSING_MEMORY)
		return unknown("too long", 0, 0);
	/* An event about a container shows what it says itself. */
	if (ground == GROUND_EVENT ||
	    (view->container && (ground == GROUND_CONTAINER || ground == GROUND_CONTAINER_ID)))
		return none;
	return view->thread ? of_ground(view, ref, value) : of_no_thread(view);
}

/* --- words -------------------------------------------------------------- */

bool sk_doubt_equal(const struct sk_doubt *left, const struct sk_doubt *right)
{
	return left->kind == right->kind && left->why == right->why && left->classes == right->classes &&
	       left->known == right->known;
}

void sk_lost_print(const struct sk_lost *lost, struct sk_buffer *buffer)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < SK_EVENT_CLASS_COUNT; i++) {
		if (!lost->counts[i])
			continue;
		sk_buffer_printf(buffer, "%s%" PRIu64 " %s", last ? ", " : "", lost->counts[i],
				 sk_event_classes[i].name);
		last = lost->counts[i];
	}
	sk_buffer_append_text(buffer, last == 1 ? " event" : last ? " events" : "events");
}

void sk_doubt_print(const struct sk_doubt *doubt, const struct sk_losses *losses, struct sk_buffer *buffer)
{
	struct sk_lost lost = {0};

	if (doubt->why)
		sk_buffer_append_text(buffer, doubt->why);
	if (doubt->classes)
		sk_losses_since(losses, doubt->known, doubt->classes, &lost);
	if (!lost.last && doubt->why)
		return;
	sk_buffer_append_text(buffer, doubt->why ? ", " : "");
	sk_lost_print(&lost, buffer);
	sk_buffer_append_text(buffer, doubt->why ? " lost" : " lost since");
}
