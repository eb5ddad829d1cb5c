/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.* and thread.* of the event's own thread.  Without a thread they are
 * missing; what is not known of a thread is empty or zero, and present.
 */
#include "runtime/fields/extract.h"

/* Begins an extractor: `thread`, or no value. */
#define THREAD_OR_MISSING(asked)                                                                                   \
	const struct sk_thread *thread = (asked)->view->thread;                                                    \
	if (!thread)                                                                                               \
		return sk_value_missing();

struct sk_value extract_PROC_EXE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->exe);
}

struct sk_value extract_PROC_EXEPATH(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->exepath);
}

struct sk_value extract_PROC_NAME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->comm);
}

struct sk_value extract_PROC_CMDLINE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->cmdline);
}

/* --- strings that lie one after another -------------------------------- */

/* The string at `*offset` of `strings`, which moves behind it; false at the end. */
static bool next_string(const struct sk_string *strings, uint32_t *offset, struct sk_bytes *ret_string)
{
	const char *bytes = strings->bytes + *offset;

	if (*offset >= strings->length)
		return false;
	ret_string->bytes = bytes;
	ret_string->length = (uint32_t)strnlen(bytes, strings->length - *offset);
	*offset += ret_string->length + 1;
	return true;
}

static struct sk_value joined(const struct sk_extraction *asked, const struct sk_string *strings)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	sk_text_append_joined(&text, strings->bytes, strings->length, ' ');
	return sk_text_value(&text);
}

struct sk_value extract_PROC_ARGS(const struct sk_extraction *asked)
{
	struct sk_bytes argument;
	uint32_t offset = 0;

	THREAD_OR_MISSING(asked)
	if (asked->ref->kind != SK_ARGUMENT_KIND_INDEX)
		return joined(asked, thread->args);
	for (uint32_t i = 0; next_string(thread->args, &offset, &argument); i++) {
		if (i == asked->ref->index)
			return sk_value_text(argument.bytes, argument.length);
	}
	return sk_field_constant("");
}

struct sk_value sk_field_variable(const struct sk_thread *thread, const char *name, uint32_t length)
{
	const struct sk_string *environment = sk_thread_env(thread);
	struct sk_bytes variable;
	uint32_t offset = 0;

	while (name && next_string(environment, &offset, &variable)) {
		const char *value = variable.bytes + length + 1;
		uint32_t rest;

		if (variable.length <= length || variable.bytes[length] != '=' ||
		    memcmp(variable.bytes, name, length) != 0)
			continue;
		rest = variable.length - length - 1;
		for (; rest && *value == ' '; rest--)
			value++;
		for (; rest && value[rest - 1] == ' '; rest--)
			;
		return sk_value_text(value, rest);
	}
	return sk_field_constant("");
}

struct sk_value extract_PROC_ENV(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	if (asked->ref->kind == SK_ARGUMENT_KIND_NONE)
		return joined(asked, sk_thread_env(thread));
	return sk_field_variable(thread, asked->ref->argument, asked->ref->argument_length);
}

struct sk_value extract_PROC_CWD(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(sk_thread_cwd(thread));
}

/* --- ids, times, flags ------------------------------------------------- */

struct sk_value extract_PROC_TTY(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT32, thread->tty);
}

struct sk_value extract_PROC_VPID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return thread->vpid == -1 ? sk_value_missing() : sk_value_number(SK_TYPE_INT64, (uint64_t)thread->vpid);
}

struct sk_value extract_PROC_DURATION(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	if (!thread->clone_ts)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_RELTIME, asked->view->event.ts - thread->clone_ts);
}

struct sk_value extract_PROC_IS_EXE_UPPER_LAYER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_upper_layer);
}

struct sk_value extract_PROC_IS_EXE_FROM_MEMFD(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_from_memfd);
}

struct sk_value extract_PROC_IS_VPGID_LEADER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->vpgid == thread->vpid);
}

struct sk_value extract_PROC_EXE_INO_CTIME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_ctime);
}

struct sk_value extract_PROC_EXE_INO_MTIME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_mtime);
}

struct sk_value extract_PROC_EXE_INO_CTIME_DURATION_PROC_START(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_ctime_duration_clone_ts);
}

/* --- capabilities ------------------------------------------------------ */

static struct sk_value spell_out(const struct sk_extraction *asked, uint64_t set)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	for (uint64_t left = set; left; left &= left - 1) {
		const char *name = sk_capability_name((unsigned)__builtin_ctzll(left));

		if (!name)
			continue;
		if (text.length)
			sk_text_append_char(&text, ' ');
		sk_text_append_string(&text, name);
	}
	return sk_text_value(&text);
}

static struct sk_value capabilities(const struct sk_extraction *asked, uint64_t set)
{
	struct sk_capability_texts *texts =
		asked->view->fields ? sk_fields_capabilities(asked->view->fields) : NULL;
	struct sk_value value;
	uint32_t at;

	if (set == 0)
		return sk_field_constant("");
	for (uint32_t i = 0; texts && i < sizeof(texts->items) / sizeof(texts->items[0]); i++) {
		if (texts->items[i].length && texts->items[i].set == set)
			return sk_value_text(texts->items[i].bytes, texts->items[i].length);
	}
	value = spell_out(asked, set);
	if (!texts || value.presence != SK_PRESENT || value.length == 0 ||
	    value.length > sizeof(texts->items[0].bytes))
		return value;
	at = texts->next;
	texts->next = (at + 1) % (sizeof(texts->items) / sizeof(texts->items[0]));
	texts->items[at].set = set;
	texts->items[at].length = value.length;
	memcpy(texts->items[at].bytes, value.text, value.length);
	return sk_value_text(texts->items[at].bytes, value.length);
}

struct sk_value extract_THREAD_CAP_PERMITTED(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return capabilities(asked, thread->cap_permitted);
}

struct sk_value extract_THREAD_CAP_EFFECTIVE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return capabilities(asked, thread->cap_effective);
}

/* --- the rest of what is known of a process ---------------------------- */

struct sk_value extract_PROC_CMDNARGS(const struct sk_extraction *asked)
{
	struct sk_bytes argument;
	uint32_t offset = 0, count = 0;

	THREAD_OR_MISSING(asked)
	while (next_string(thread->args, &offset, &argument))
		count++;
	return sk_value_number(SK_TYPE_UINT64, count);
}

struct sk_value extract_PROC_CMDLENARGS(const struct sk_extraction *asked)
{
	struct sk_bytes argument;
	uint32_t offset = 0, length = 0;

	THREAD_OR_MISSING(asked)
	while (next_string(thread->args, &offset, &argument))
		length += argument.length;
	return sk_value_number(SK_TYPE_UINT64, length);
}

struct sk_value extract_PROC_EXELINE(const struct sk_extraction *asked)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	THREAD_OR_MISSING(asked)
	sk_text_append(&text, thread->exe->bytes, thread->exe->length);
	sk_text_append_char(&text, ' ');
	sk_text_append_joined(&text, thread->args->bytes, thread->args->length, ' ');
	return sk_text_value(&text);
}

struct sk_value extract_PROC_PID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, (uint64_t)thread->pid);
}

struct sk_value extract_PROC_SID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, (uint64_t)thread->sid);
}

struct sk_value extract_PROC_VPGID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, (uint64_t)thread->vpgid);
}

struct sk_value extract_PROC_PGID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, (uint64_t)thread->pgid);
}

struct sk_value extract_PROC_PID_TS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_RELTIME, thread->clone_ts);
}

struct sk_value extract_PROC_IS_EXE_WRITABLE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_writable);
}

struct sk_value extract_PROC_IS_EXE_LOWER_LAYER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_lower_layer);
}

struct sk_value extract_PROC_IS_SID_LEADER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->sid == thread->vpid);
}

struct sk_value extract_PROC_IS_PGID_LEADER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->pgid == thread->pid);
}

struct sk_value extract_PROC_EXE_INO(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_INT64, thread->exe_ino);
}

struct sk_value extract_PROC_EXE_INO_CTIME_DURATION_PIDNS_START(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_ctime_duration_pidns_start);
}

struct sk_value extract_PROC_PIDNS_INIT_START_TS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_UINT64, thread->pidns_init_start_ts);
}

struct sk_value extract_THREAD_CAP_INHERITABLE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return capabilities(asked, thread->cap_inheritable);
}

/* --- resources ---------------------------------------------------------- */

uint32_t sk_field_fd_count(const struct sk_thread *thread)
{
	const struct sk_thread *main = sk_thread_main(thread);
	const struct sk_fd_table *table = main ? sk_thread_fds(main) : NULL;

	return table ? sk_fd_table_count(table) : 0;
}

static int64_t fd_limit(const struct sk_thread *thread)
{
	const struct sk_thread *main = sk_thread_main(thread);

	return main ? main->fdlimit : 0;
}

struct sk_value extract_PROC_FDOPENCOUNT(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, sk_field_fd_count(thread));
}

struct sk_value extract_PROC_FDLIMIT(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_INT64, (uint64_t)fd_limit(thread));
}

struct sk_value extract_PROC_FDUSAGE(const struct sk_extraction *asked)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = SK_TYPE_DOUBLE};
	int64_t limit;

	THREAD_OR_MISSING(asked)
	limit = fd_limit(thread);
	value.real = limit > 0 ? (double)sk_field_fd_count(thread) * 100 / (double)limit : 0;
	return value;
}

struct sk_value extract_PROC_VMSIZE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, thread->vmsize_kb);
}

struct sk_value extract_PROC_VMRSS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, thread->vmrss_kb);
}

struct sk_value extract_PROC_VMSWAP(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, thread->vmswap_kb);
}

struct sk_value extract_THREAD_PFMAJOR(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, thread->pfmajor);
}

struct sk_value extract_THREAD_PFMINOR(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, thread->pfminor);
}

/* Of the process, shown with its main thread only, so that a sum over threads is right. */
static struct sk_value of_main(const struct sk_extraction *asked, uint64_t number)
{
	return sk_value_number(SK_TYPE_UINT64, sk_thread_is_main(asked->view->thread) ? number : 0);
}

struct sk_value extract_THREAD_VMSIZE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return of_main(asked, thread->vmsize_kb);
}

struct sk_value extract_THREAD_VMRSS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return of_main(asked, thread->vmrss_kb);
}

struct sk_value extract_THREAD_VMSIZE_B(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return of_main(asked, (uint64_t)thread->vmsize_kb * 1024);
}

struct sk_value extract_THREAD_VMRSS_B(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return of_main(asked, (uint64_t)thread->vmrss_kb * 1024);
}

/* --- the thread --------------------------------------------------------- */

struct sk_value extract_THREAD_TID(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_INT64, (uint64_t)asked->view->event.tid);
}

struct sk_value extract_THREAD_ISMAIN(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(sk_thread_is_main(thread));
}

struct sk_value extract_THREAD_VTID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return thread->vtid == -1 ? sk_value_missing() : sk_value_number(SK_TYPE_INT64, (uint64_t)thread->vtid);
}

struct sk_value extract_THREAD_NAMETID(const struct sk_extraction *asked)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	THREAD_OR_MISSING(asked)
	sk_text_append(&text, thread->comm->bytes, thread->comm->length);
	sk_text_append_signed(&text, asked->view->event.tid);
	return sk_text_value(&text);
}

struct sk_value extract_THREAD_CGROUPS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return thread->cgroups->length ? joined(asked, thread->cgroups) : sk_value_missing();
}

struct sk_value extract_THREAD_CGROUP(const struct sk_extraction *asked)
{
	const uint32_t length = asked->ref->argument_length;
	struct sk_bytes cgroup;
	uint32_t offset = 0;

	THREAD_OR_MISSING(asked)
	while (asked->ref->argument && next_string(thread->cgroups, &offset, &cgroup)) {
		if (cgroup.length > length && cgroup.bytes[length] == '=' &&
		    memcmp(cgroup.bytes, asked->ref->argument, length) == 0)
			return sk_value_text(cgroup.bytes + length + 1, cgroup.length - length - 1);
	}
	return sk_value_missing();
}

struct sk_value extract_PROC_NTHREADS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, sk_thread_count(thread));
}

struct sk_value extract_PROC_NCHILDS(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT64, sk_thread_child_count(thread));
}

/* --- standard input and outputs ---------------------------------------- */

static const struct sk_fd *standard_fd(const struct sk_extraction *asked, int64_t number)
{
	const struct sk_thread *thread = asked->view->thread;
	const struct sk_fd_table *table = thread ? sk_thread_fds(thread) : NULL;

	return table ? sk_fd_find(table, number) : NULL;
}

static struct sk_value standard_type(const struct sk_extraction *asked, int64_t number)
{
	const struct sk_fd *fd = standard_fd(asked, number);

	return fd ? sk_field_constant(sk_fd_type_name(fd->type)) : sk_value_missing();
}

static struct sk_value standard_name(const struct sk_extraction *asked, int64_t number)
{
	const struct sk_fd *fd = standard_fd(asked, number);

	return fd ? sk_field_string(fd->name) : sk_value_missing();
}

struct sk_value extract_PROC_STDIN_TYPE(const struct sk_extraction *asked)
{
	return standard_type(asked, 0);
}

struct sk_value extract_PROC_STDOUT_TYPE(const struct sk_extraction *asked)
{
	return standard_type(asked, 1);
}

struct sk_value extract_PROC_STDERR_TYPE(const struct sk_extraction *asked)
{
	return standard_type(asked, 2);
}

struct sk_value extract_PROC_STDIN_NAME(const struct sk_extraction *asked)
{
	return standard_name(asked, 0);
}

struct sk_value extract_PROC_STDOUT_NAME(const struct sk_extraction *asked)
{
	return standard_name(asked, 1);
}

struct sk_value extract_PROC_STDERR_NAME(const struct sk_extraction *asked)
{
	return standard_name(asked, 2);
}
