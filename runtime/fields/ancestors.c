/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process descends from, in two ways.
 *
 *   processes   level 0: the main thread of the event's process; one up: the
 *               main thread of the process that this one is a child of.
 *               What a level's number means, and what outputs show.
 *   threads     the same main thread; one up: the very thread that created it.
 *               What conditions about any ancestor mean.
 *
 * They differ above a thread that is not its process's main one.  A step whose
 * thread is not known is the last.
 */
#include "runtime/fields/extract.h"

typedef struct sk_value (*describe_fn)(const struct sk_thread *thread);

static struct sk_value exe_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->exe);
}

static struct sk_value exepath_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->exepath);
}

static struct sk_value name_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->comm);
}

static struct sk_value cmdline_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->cmdline);
}

/* Of a process whose parent is not known: it has none, or nobody saw it. */
static struct sk_value without_parent(const struct sk_thread *thread)
{
	const struct sk_thread *main = sk_thread_main(thread);
	const bool has = !main || main->ptid > 0 || (main->unknown & 1U << SK_STAKE_PARENT);

	return (struct sk_value){.presence = has ? SK_MISSING_LOST : SK_MISSING};
}

static struct sk_value of_parent(const struct sk_extraction *asked, describe_fn describe)
{
	const struct sk_thread *thread = asked->view->thread, *parent;

	if (!thread)
		return sk_value_missing();
	parent = sk_thread_parent(sk_field_threads(asked), thread);
	return parent ? describe(parent) : without_parent(thread);
}

enum way { WAY_PROCESSES, WAY_THREADS };

/*
 * One step up, or NULL at the end or when the links lead in a circle: `mark`
 * waits at doubling distances and is met again in a circle.
 */
struct climb {
	const struct sk_thread_table *threads;
	const struct sk_thread *at, *mark;
	enum way way;
	uint32_t steps, limit;
};

static struct climb climb_from(const struct sk_extraction *asked, enum way way)
{
	const struct sk_thread *thread = asked->view->thread;

	return (struct climb){.threads = sk_field_threads(asked),
			      .at = thread ? sk_thread_main(thread) : NULL,
			      .way = way,
			      .limit = 1};
}

static const struct sk_thread *above(const struct climb *climb)
{
	if (climb->way == WAY_PROCESSES)
		return sk_thread_parent(climb->threads, climb->at);
	return climb->at->ptid > 0 ? sk_thread_find(climb->threads, climb->at->ptid) : NULL;
}

static const struct sk_thread *climb(struct climb *climb)
{
	climb->at = climb->at ? above(climb) : NULL;
	if (climb->at && climb->at == climb->mark)
		climb->at = NULL;
	if (++climb->steps == climb->limit) {
		climb->mark = climb->at;
		climb->limit *= 2;
		climb->steps = 0;
	}
	return climb->at;
}

static const struct sk_thread *at_level(const struct sk_extraction *asked, uint32_t level)
{
	struct climb way = climb_from(asked, WAY_PROCESSES);
	const struct sk_thread *thread;

	if (level == 0)
		return way.at;
	do
		thread = climb(&way);
	while (thread && --level);
	return thread;
}

/*
 * A list of all ancestors, nearest first, with room for one more value behind
 * it.  `*ret_same` tells whether both ways would have led past the same.
 */
static struct sk_value list_of(const struct sk_extraction *asked, enum way way, describe_fn describe,
			       bool *ret_same)
{
	struct climb climber = climb_from(asked, way);
	const struct sk_thread *thread;
	uint32_t count = 0, capacity = 15;
	struct sk_value *items = sk_arena_alloc(asked->scratch, (capacity + 1) * sizeof(*items));

	*ret_same = true;
	if (!items)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	while ((thread = climb(&climber))) {
		if (count == capacity) {
			struct sk_value *moved;

			capacity = 2 * capacity + 1;
			moved = sk_arena_alloc(asked->scratch, ((size_t)capacity + 1) * sizeof(*items));
			if (!moved)
				return (struct sk_value){.presence = SK_MISSING_MEMORY};
			memcpy(moved, items, count * sizeof(*items));
			items = moved;
		}
		*ret_same &= sk_thread_is_main(thread);
		items[count++] = describe(thread);
	}
	return (struct sk_value){.presence = SK_PRESENT,
				 .type = asked->ref->type,
				 .list = 1,
				 .format = SK_FORMAT_DEC,
				 .length = count,
				 .items = items};
}

/* Puts a value behind the elements of a list that was just made. */
static void put_behind(struct sk_value *list, struct sk_value shown)
{
	((struct sk_value *)list->items)[list->length] = shown;
}

/* All ancestors; missing if none is known. */
static struct sk_value of_all(const struct sk_extraction *asked, describe_fn describe)
{
	struct sk_value threads, processes;
	bool same;

	if (!asked->view->thread)
		return sk_value_missing();
	threads = list_of(asked, WAY_THREADS, describe, &same);
	if (threads.presence != SK_PRESENT)
		return threads;
	processes = same ? threads : list_of(asked, WAY_PROCESSES, describe, &same);
	if (threads.length == 0 && processes.length == 0)
		return sk_value_missing();
	put_behind(&threads, processes);
	return threads;
}

static struct sk_value of_ancestors(const struct sk_extraction *asked, describe_fn describe)
{
	const struct sk_thread *thread;

	if (asked->ref->kind != SK_ARGUMENT_KIND_INDEX)
		return of_all(asked, describe);
	thread = at_level(asked, asked->ref->index);
	return thread ? describe(thread) : sk_value_missing();
}

struct sk_value extract_PROC_PEXE(const struct sk_extraction *asked)
{
	return of_parent(asked, exe_of);
}

struct sk_value extract_PROC_AEXE(const struct sk_extraction *asked)
{
	return of_ancestors(asked, exe_of);
}

struct sk_value extract_PROC_PEXEPATH(const struct sk_extraction *asked)
{
	return of_parent(asked, exepath_of);
}

struct sk_value extract_PROC_AEXEPATH(const struct sk_extraction *asked)
{
	return of_ancestors(asked, exepath_of);
}

struct sk_value extract_PROC_PNAME(const struct sk_extraction *asked)
{
	return of_parent(asked, name_of);
}

struct sk_value extract_PROC_ANAME(const struct sk_extraction *asked)
{
	return of_ancestors(asked, name_of);
}

struct sk_value extract_PROC_PCMDLINE(const struct sk_extraction *asked)
{
	return of_parent(asked, cmdline_of);
}

/* --- leaders of a session or a process group --------------------------- */

struct leadership {
	int64_t (*id)(const struct sk_thread *thread);
	bool host_number; /* the id is one of the host even inside a pid namespace */
};

static int64_t session_of(const struct sk_thread *thread)
{
	return thread->sid;
}

static const struct leadership session = {session_of, false};

/*
 * The thread with that id, where the id is one of the host; else the last
 * ancestor in an unbroken line that shares it.
 */
static const struct sk_thread *find_leader(const struct sk_extraction *asked, const struct leadership *kind)
{
	const struct sk_thread *self = asked->view->thread, *thread, *leader = NULL;
	const int64_t id = kind->id(self);
	struct climb way = climb_from(asked, WAY_THREADS);

	/* A thread that another of its process's threads created may have other ancestors than the main one. */
	way.at = self;
	/* Unknown: that others are not known either says nothing. */
	if (id < 0)
		return NULL;
	if (kind->host_number || !sk_thread_in_pid_namespace(self)) {
		leader = sk_thread_find(way.threads, id);
		if (leader)
			return leader;
	}
	while ((thread = climb(&way)) && kind->id(thread) == id)
		leader = thread;
	return leader;
}

static struct sk_value of_leader(const struct sk_extraction *asked, const struct leadership *kind,
				 describe_fn describe)
{
	const struct sk_thread *leader;

	if (!asked->view->thread)
		return sk_value_missing();
	leader = find_leader(asked, kind);
	return leader ? describe(leader) : sk_field_constant("");
}

struct sk_value extract_PROC_SNAME(const struct sk_extraction *asked)
{
	return of_leader(asked, &session, name_of);
}

static int64_t process_group_of(const struct sk_thread *thread)
{
	return thread->vpgid;
}

static int64_t host_process_group_of(const struct sk_thread *thread)
{
	return thread->pgid;
}

static const struct leadership process_group = {process_group_of, false};
static const struct leadership host_process_group = {host_process_group_of, true};

struct sk_value extract_PROC_SID_EXE(const struct sk_extraction *asked)
{
	return of_leader(asked, &session, exe_of);
}

struct sk_value extract_PROC_SID_EXEPATH(const struct sk_extraction *asked)
{
	return of_leader(asked, &session, exepath_of);
}

struct sk_value extract_PROC_VPGID_NAME(const struct sk_extraction *asked)
{
	return of_leader(asked, &process_group, name_of);
}

struct sk_value extract_PROC_VPGID_EXE(const struct sk_extraction *asked)
{
	return of_leader(asked, &process_group, exe_of);
}

struct sk_value extract_PROC_VPGID_EXEPATH(const struct sk_extraction *asked)
{
	return of_leader(asked, &process_group, exepath_of);
}

struct sk_value extract_PROC_PGID_NAME(const struct sk_extraction *asked)
{
	return of_leader(asked, &host_process_group, name_of);
}

struct sk_value extract_PROC_PGID_EXE(const struct sk_extraction *asked)
{
	return of_leader(asked, &host_process_group, exe_of);
}

struct sk_value extract_PROC_PGID_EXEPATH(const struct sk_extraction *asked)
{
	return of_leader(asked, &host_process_group, exepath_of);
}

/* --- more of the ancestors ---------------------------------------------- */

static struct sk_value pid_of(const struct sk_thread *thread)
{
	return sk_value_number(SK_TYPE_INT64, (uint64_t)thread->pid);
}

struct sk_value extract_PROC_PPID(const struct sk_extraction *asked)
{
	return of_parent(asked, pid_of);
}

struct sk_value extract_PROC_ACMDLINE(const struct sk_extraction *asked)
{
	return of_ancestors(asked, cmdline_of);
}

static void append_args(struct sk_text *text, const struct sk_thread *thread)
{
	sk_text_append_joined(text, thread->args->bytes, thread->args->length, ' ');
}

struct sk_value extract_PROC_AARGS(const struct sk_extraction *asked)
{
	struct sk_text text = sk_text_begin(asked->scratch);
	struct climb way = climb_from(asked, WAY_PROCESSES);
	const struct sk_thread *thread;

	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX) {
		thread = at_level(asked, asked->ref->index);
		if (!thread)
			return sk_value_missing();
		append_args(&text, thread);
		return sk_text_value(&text);
	}
	/* One text, with blanks between but none before the first that is not empty. */
	while ((thread = climb(&way))) {
		if (text.length)
			sk_text_append_char(&text, ' ');
		append_args(&text, thread);
	}
	return text.length || text.failed ? sk_text_value(&text) : sk_value_missing();
}

/* The thread that created the event's own one, as far as it is known. */
static const struct sk_thread *creator(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? sk_thread_find(sk_field_threads(asked), thread->ptid) : NULL;
}

struct sk_value extract_PROC_PVPID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = creator(asked);

	return thread ? sk_value_number(SK_TYPE_INT64, (uint64_t)thread->vpid) : sk_value_missing();
}

struct sk_value extract_PROC_PPID_TS(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = creator(asked);

	return thread ? sk_value_number(SK_TYPE_RELTIME, thread->clone_ts) : sk_value_missing();
}

struct sk_value extract_PROC_PPID_DURATION(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread, *parent;

	parent = thread ? sk_thread_parent(sk_field_threads(asked), thread) : NULL;
	if (!parent)
		return sk_value_missing();
	/* The reference goes on to proc.fdopencount where it does not know when the parent began. */
	return sk_value_number(SK_TYPE_RELTIME, parent->clone_ts ? asked->view->event.ts - parent->clone_ts
								 : sk_field_fd_count(thread));
}

static bool is_shell(const struct sk_thread *thread)
{
	const struct sk_string *name = thread->comm;

	return name->length >= 2 && memcmp(name->bytes + name->length - 2, "sh", 2) == 0;
}

struct sk_value extract_PROC_LOGINSHELLID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread, *shell = NULL;
	struct climb way = climb_from(asked, WAY_PROCESSES);

	for (; thread; thread = climb(&way)) {
		if (is_shell(thread))
			shell = thread;
	}
	return shell ? pid_of(shell) : sk_value_missing();
}

struct sk_value extract_PROC_APID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;
	struct sk_value list;
	bool same;

	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX || !thread)
		return of_ancestors(asked, pid_of);
	list = list_of(asked, WAY_THREADS, pid_of, &same);
	if (list.presence == SK_PRESENT)
		put_behind(&list, sk_field_unless_negative(SK_TYPE_INT64, thread->pid));
	return list;
}

/* --- environments ------------------------------------------------------- */

enum { ENVIRONMENT_LEVELS = 20 };

static struct sk_value environment_of(const struct sk_extraction *asked, const struct sk_thread *thread)
{
	const struct sk_string *environment = sk_thread_env(thread);
	struct sk_text text = sk_text_begin(asked->scratch);

	sk_text_append_joined(&text, environment->bytes, environment->length, ' ');
	return sk_text_value(&text);
}

/* The first of the ancestors' that is not empty. */
static struct sk_value inherited_variable(const struct sk_extraction *asked)
{
	struct climb way = climb_from(asked, WAY_THREADS);
	const struct sk_thread *thread;

	for (uint32_t level = 0; level < ENVIRONMENT_LEVELS && (thread = climb(&way)); level++) {
		const struct sk_value value =
			sk_field_variable(thread, asked->ref->argument, asked->ref->argument_length);

		if (value.length)
			return value;
	}
	return sk_field_constant("");
}

struct sk_value extract_PROC_AENV(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;
	struct climb way = climb_from(asked, WAY_THREADS);
	uint32_t count = 0;
	struct sk_value *items;

	if (!thread)
		return sk_value_missing();
	if (asked->ref->kind == SK_ARGUMENT_KIND_TEXT)
		return inherited_variable(asked);
	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX) {
		thread = at_level(asked, asked->ref->index);
		return thread ? environment_of(asked, thread) : sk_value_missing();
	}
	items = sk_arena_alloc(asked->scratch, (ENVIRONMENT_LEVELS + 1) * sizeof(*items));
	if (!items)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	while (count < ENVIRONMENT_LEVELS && (thread = climb(&way))) {
		items[count] = environment_of(asked, thread);
		if (items[count].presence != SK_PRESENT)
			return items[count];
		count++;
	}
	items[count] = environment_of(asked, asked->view->thread);
	return (struct sk_value){
		.presence = SK_PRESENT, .type = asked->ref->type, .list = 1, .length = count, .items = items};
}
