/* SPDX-License-Identifier: Apache-2.0 */
/* What parameters are when nobody gave them: see synth.h. */
#include <string.h>

#include "runtime/synth/synth_private.h"
#include "vm/event.h"

enum { AT_FDCWD_WIRE = -100 };

static void put(struct sk_buffer *bytes, int64_t number, size_t size)
{
	sk_buffer_append(bytes, &number, size);
}

/* A text with its NUL; nothing for one that is not known. */
static void put_text(struct sk_buffer *bytes, struct sk_bytes text)
{
	if (!text.length)
		return;
	sk_buffer_append(bytes, text.bytes, text.length);
	sk_buffer_append(bytes, "", 1);
}

static bool is(const struct sk_param_info *param, const char *name)
{
	return strcmp(param->name, name) == 0;
}

static int find(const struct sk_event_info *info, const char *name)
{
	for (int i = 0; i < info->nparams; i++) {
		if (is(&info->params[i], name))
			return i;
	}
	return -1;
}

static int64_t exe_flags(const struct sk_process_entry *entry)
{
	return (entry->exe_writable ? 1 : 0) | (entry->exe_upper_layer ? 2 : 0) | (entry->exe_from_memfd ? 4 : 0) |
	       (entry->exe_lower_layer ? 8 : 0);
}

/* The texts of execve and clone; false if it is none of them. */
static bool put_process_text(const struct sk_param_info *param, const struct sk_process_entry *entry,
			     struct sk_buffer *bytes)
{
	const struct {
		const char *name;
		struct sk_bytes text;
		bool several; /* with their NULs already */
	} texts[] = {
		{"exe", entry->exe, false},          {"args", entry->args, true},
		{"comm", entry->comm, false},        {"cgroups", entry->cgroups, true},
		{"env", entry->env, true},           {"trusted_exepath", entry->exepath, false},
		{"filename", entry->exepath, false},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!is(param, texts[i].name))
			continue;
		if (texts[i].several)
			sk_buffer_append(bytes, texts[i].text.bytes, texts[i].text.length);
		else
			put_text(bytes, texts[i].text);
		return true;
	}
	return false;
}

static bool put_process_number(const struct sk_param_info *param, const struct sk_process_entry *entry, bool exec,
			       struct sk_buffer *bytes)
{
	const struct {
		const char *name;
		int64_t number;
	} numbers[] = {
		{"tid", entry->tid},
		{"pid", entry->pid},
		{"ptid", entry->ptid},
		{"fdlimit", entry->fdlimit},
		{"pgft_maj", (int64_t)entry->pfmajor},
		{"pgft_min", (int64_t)entry->pfminor},
		{"vm_size", entry->vmsize_kb},
		{"vm_rss", entry->vmrss_kb},
		{"vm_swap", entry->vmswap_kb},
		{"tty", entry->tty},
		{"vpgid", entry->vpgid},
		{"pgid", entry->pgid},
		{"loginuid", (int32_t)entry->loginuid},
		{"flags", exec ? exe_flags(entry) : (int64_t)entry->flags},
		{"cap_inheritable", (int64_t)entry->cap_inheritable},
		{"cap_permitted", (int64_t)entry->cap_permitted},
		{"cap_effective", (int64_t)entry->cap_effective},
		{"exe_ino", (int64_t)entry->exe_ino},
		{"exe_ino_ctime", (int64_t)entry->exe_ino_ctime},
		{"exe_ino_mtime", (int64_t)entry->exe_ino_mtime},
		{"uid", (int32_t)entry->uid},
		{"gid", (int32_t)entry->gid},
		{"vtid", entry->vtid},
		{"vpid", entry->vpid},
		{"pidns_init_start_ts", (int64_t)entry->pidns_init_start_ts},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (is(param, numbers[i].name)) {
			put(bytes, numbers[i].number, sk_param_fixed_size(param->type));
			return true;
		}
	}
	return false;
}

/* True for a directory that a path parameter is relative to. */
static bool is_directory(const struct sk_event_info *info, unsigned index)
{
	for (unsigned i = 0; i < info->nparams; i++) {
		if (info->params[i].relative_to == (int)index)
			return true;
	}
	return false;
}

/* The number that a parameter was given as; `otherwise` if it was not. */
static int64_t given(const struct sk_synth_event *event, int index, int64_t otherwise)
{
	int64_t number = 0;

	if (index < 0 || !event->params[index].bytes || event->params[index].length > sizeof(number))
		return otherwise;
	memcpy(&number, event->params[index].bytes, event->params[index].length);
	return number;
}

static int64_t result_of(const struct sk_synth_event *event, struct sk_synth_process *process)
{
	const struct sk_event_info *info = &sk_events[event->type];
	int data = find(info, "data"), pair = find(info, "fd2");

	if (event->child)
		return event->child->tid;
	if (event->type == SK_EVENT_SYSCALL_FCNTL_X || pair >= 0)
		return 0;
	if (event->type == SK_EVENT_SYSCALL_DUP2_X || event->type == SK_EVENT_SYSCALL_DUP3_X)
		return given(event, 2, process ? process->next_fd : 3);
	if ((info->flags & SK_EVENT_FLAG_CREATES_FD) && process)
		return process->next_fd;
	if (data >= 0 && event->params[data].bytes)
		return event->params[data].length;
	return data >= 0 && find(info, "size") >= 0 ? given(event, find(info, "size"), 0) : 0;
}

static void put_fd(const struct sk_synth_event *event, unsigned index, struct sk_synth_process *process,
		   struct sk_buffer *bytes)
{
	const struct sk_event_info *info = &sk_events[event->type];
	const struct sk_param_info *param = &info->params[index];
	int64_t fd = -1;

	if (index == 0 && info->direction == SK_DIRECTION_EXIT)
		fd = result_of(event, process);
	else if (is_directory(info, index))
		fd = AT_FDCWD_WIRE;
	else if (process && is(param, "fd1"))
		fd = process->next_fd;
	else if (process && is(param, "fd2"))
		fd = process->next_fd + 1;
	put(bytes, fd, sk_param_fixed_size(param->type));
}

void sk_synth_fill_in(const struct sk_synth_event *event, unsigned index, struct sk_synth_process *process,
		      struct sk_buffer *bytes)
{
	const struct sk_event_info *info = &sk_events[event->type];
	const struct sk_param_info *param = &info->params[index];
	bool exec = find(info, "trusted_exepath") >= 0, clone = find(info, "pidns_init_start_ts") >= 0 && !exec;
	int data = find(info, "data");

	if (process && index > 0 && (exec || clone) &&
	    (put_process_text(param, &process->entry, bytes) ||
	     put_process_number(param, &process->entry, exec, bytes)))
		return;
	switch ((enum sk_param_type)param->type) {
	case SK_PARAM_FD:
	case SK_PARAM_FD32:
		put_fd(event, index, process, bytes);
		return;
	case SK_PARAM_ERRNO:
	case SK_PARAM_PID:
		put(bytes, index == 0 && info->direction == SK_DIRECTION_EXIT ? result_of(event, process) : 0,
		    sk_param_fixed_size(param->type));
		return;
	case SK_PARAM_UID:
	case SK_PARAM_GID:
		put(bytes, -1, sk_param_fixed_size(param->type));
		return;
	default:
		break;
	}
	if (is(param, "size") && data >= 0 && event->params[data].bytes)
		put(bytes, event->params[data].length, sk_param_fixed_size(param->type));
	else if (sk_param_fixed_size(param->type))
		sk_buffer_append(bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", sk_param_fixed_size(param->type));
}
