/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "runtime/capture/filter_plan.h"
#include "runtime/capture/process_class.h"
#include "vm/notes.h"
#include "vm/support/alloc.h"

const char *const sk_filter_reason_names[SK_FILTER_REASON_COUNT] = {
#define SK_FILTER_REASON(id, name, meaning) name,
	SK_FILTER_REASONS(SK_FILTER_REASON)
#undef SK_FILTER_REASON
};

const char *const sk_filter_reason_meanings[SK_FILTER_REASON_COUNT] = {
#define SK_FILTER_REASON(id, name, meaning) meaning,
	SK_FILTER_REASONS(SK_FILTER_REASON)
#undef SK_FILTER_REASON
};

enum verdict {
	OF_INTEREST,
	OF_NO_INTEREST,        /* of processes of its class */
	OF_NO_INTEREST_TO_ANY, /* of any process */
};

/*
 * A path that was looked at, so that most are looked at once.  All of it is kept:
 * no hash stands for it, so nobody can make a path that is taken for another.
 */
struct memo {
	struct sk_filter_path path; /* event 0: free */
	enum verdict verdict;
};

enum { MEMO_SIZE = 1 << 12 };

struct sk_kernel_filter {
	const struct sk_bundle *bundle;
	struct sk_prospector *prospector;
	struct sk_class_filter *classes;
	bool counts;
	struct memo memo[MEMO_SIZE];
};

int sk_kernel_filter_create(const struct sk_bundle *bundle, struct sk_kernel_filter **ret_filter)
{
	struct sk_kernel_filter *filter = sk_alloc_zeroed(1, sizeof(*filter));
	int result;

	if (!filter)
		return -ENOMEM;
	filter->bundle = bundle;
	result = sk_prospector_create(bundle, &filter->prospector);
	if (result == 0) {
		filter->counts = sk_prospector_counts(filter->prospector);
		result = sk_class_filter_create(bundle, filter->prospector, filter->counts, &filter->classes);
	}
	if (result < 0) {
		sk_kernel_filter_destroy(filter);
		return result;
	}
	*ret_filter = filter;
	return 0;
}

void sk_kernel_filter_destroy(struct sk_kernel_filter *filter)
{
	if (!filter)
		return;
	sk_class_filter_destroy(filter->classes);
	sk_prospector_destroy(filter->prospector);
	sk_free(filter);
}

void sk_kernel_filter_share(struct sk_kernel_filter *filter, struct sk_process_classes *classes, uint64_t boot_time)
{
	sk_class_filter_share(filter->classes, classes, boot_time);
}

uint32_t sk_kernel_filter_classes(const struct sk_kernel_filter *filter)
{
	return sk_class_filter_count(filter->classes);
}

const struct sk_filter_entry *sk_kernel_filter_entry(const struct sk_kernel_filter *filter, uint32_t class,
						     uint16_t type)
{
	return sk_class_filter_entry(filter->classes, class, type);
}

/* --- paths ------------------------------------------------------------------------ */

/* Where an open has what the key is made of: numbers of parameters; -1 without. */
struct open_params {
	int8_t path, flags, mode;
};

static struct open_params open_params(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
		return (struct open_params){1, 2, 3};
	case SK_EVENT_SYSCALL_OPENAT_2_X:
		return (struct open_params){2, 3, 4};
	case SK_EVENT_SYSCALL_CREAT_X:
		return (struct open_params){1, -1, 2};
	default:
		return (struct open_params){-1, -1, -1};
	}
}

static uint32_t number_at(const struct sk_event *event, int8_t index)
{
	return index < 0 ? 0 : (uint32_t)sk_event_unsigned(event, (unsigned)index, 0);
}

/* Where the path of an open that succeeded led; false if it cannot be compared with. */
static bool find_place(const struct sk_event *event, uint8_t param, const char *path, uint32_t length,
		       struct sk_filter_place *ret_place)
{
	struct sk_param note;

	if (sk_event_note(event, SK_NOTE_BEGUN, param, &note))
		return false;
	if (sk_event_note(event, SK_NOTE_RESOLVED, param, &note)) {
		path = (const char *)note.bytes;
		length = (uint32_t)strnlen(path, note.length);
	}
	if (length < 1 || length >= sizeof(ret_place->path) || path[0] != '/')
		return false;
	memcpy(ret_place->path, path, length);
	return true;
}

bool sk_kernel_filter_path_of(const struct sk_event *event, uint32_t class, struct sk_filter_path *ret_path)
{
	const struct open_params params = open_params(event->type);
	const char *path;
	uint32_t length;
	int64_t result;

	if (params.path < 0 || !sk_event_result(event, &result) || result <= -SK_FILTER_ERRORS ||
	    !sk_event_has(event, (unsigned)params.path))
		return false;
	path = sk_event_text(event, (unsigned)params.path, &length);
	if (length < 1 || length > SK_FILTER_PATH_SIZE - 2 || path[0] != '/')
		return false;
	memset(ret_path, 0, sizeof(*ret_path));
	ret_path->event = event->type;
	ret_path->error = (uint16_t)(result < 0 ? -result : 0);
	ret_path->flags = number_at(event, params.flags) & ~(uint32_t)SK_FILTER_OPEN_KERNEL;
	ret_path->mode = (number_at(event, params.mode) & SK_FILTER_MODE_EXECUTE) != 0;
	ret_path->class = (uint16_t) class;
	memcpy(ret_path->path, path, length);
	return result < 0 || find_place(event, (uint8_t)params.path, path, length, &ret_path->place);
}

static enum verdict look_at_path(struct sk_kernel_filter *filter, const struct sk_filter_path *path)
{
	const struct sk_prospect prospect = {
		.type = path->event,
		.result = path->error ? SK_PROSPECT_ERROR : SK_PROSPECT_SUCCESS,
		.error = path->error,
		.has_flags = path->event != SK_EVENT_SYSCALL_CREAT_X,
		.flags = path->flags,
		.maybe = path->error ? 0 : SK_FILTER_OPEN_KERNEL,
		.executable = (int8_t)path->mode,
		.path = path->path,
		.path_length = (uint32_t)strlen(path->path),
		.resolved = path->error ? path->path : path->place.path,
		.resolved_length = (uint32_t)strlen(path->error ? path->path : path->place.path),
	};
	const uint64_t *rules = sk_class_filter_rules(filter->classes, path->class);

	if (!sk_prospect_is_plain(prospect.path, prospect.path_length))
		return OF_INTEREST;
	if (sk_prospector_find(filter->prospector, &prospect, NULL) == SK_NONE)
		return OF_NO_INTEREST_TO_ANY;
	return rules && sk_prospector_find(filter->prospector, &prospect, rules) == SK_NONE ? OF_NO_INTEREST
											    : OF_INTEREST;
}

void sk_kernel_filter_learn_path(struct sk_kernel_filter *filter, const struct sk_event *event, uint32_t class,
				 sk_kernel_filter_keep_fn keep, void *context)
{
	struct sk_filter_path path;
	struct memo *memo;

	if (!sk_kernel_filter_path_of(event, sk_class_filter_paths(filter->classes, class, event->type), &path) ||
	    !(sk_kernel_filter_entry(filter, class, event->type)->traits &
	      (path.error ? SK_FILTER_PATHS_FAILED : SK_FILTER_PATHS_SUCCEEDED)))
		return;
	memo = &filter->memo[XXH3_64bits(&path, sizeof(path)) % MEMO_SIZE];
	if (memcmp(&memo->path, &path, sizeof(path)) != 0)
		*memo = (struct memo){path, look_at_path(filter, &path)};
	if (memo->verdict == OF_NO_INTEREST_TO_ANY)
		path.class = 0;
	/* Again, if the kernel has forgotten it. */
	if (memo->verdict != OF_INTEREST)
		keep(context, &path);
}

void sk_kernel_filter_observe(struct sk_kernel_filter *filter, struct sk_vm *vm, const struct sk_event_view *view,
			      sk_kernel_filter_keep_fn keep, void *context)
{
	const uint32_t class = sk_class_filter_observe(filter->classes, vm, view);

	sk_kernel_filter_learn_path(filter, &view->event, class, keep, context);
}

/* --- deciding like the kernel -------------------------------------------------------- */

/* An argument of the call as the program gave it, of those that sk_filter_needed() looks at. */
static uint64_t native_argument(const struct sk_event *event, unsigned index)
{
	static const uint8_t fcntl_commands[] = {
		[1] = SK_FILTER_F_DUPFD, [3] = SK_FILTER_F_SETFD, /* wire values, but for the last */
	};
	uint64_t value;

	switch (event->type) {
	case SK_EVENT_SYSCALL_FCNTL_X:
		value = sk_event_unsigned(event, 2, UINT64_MAX);
		if (index != 1)
			return 0;
		if (value == 0x1a)
			return SK_FILTER_F_DUPFD_CLOEXEC;
		return value == 1 || value == 3 ? fcntl_commands[value] : UINT32_MAX;
	case SK_EVENT_SYSCALL_PRCTL_X:
		value = sk_event_unsigned(event, 1, UINT64_MAX);
		return index == 0 ? value : 0;
	case SK_EVENT_SYSCALL_GETRLIMIT_X:
	case SK_EVENT_SYSCALL_SETRLIMIT_X:
		return index == 0 ? sk_event_unsigned(event, 3, UINT64_MAX) : 0;
	case SK_EVENT_SYSCALL_PRLIMIT_X:
		if (index == 1)
			return sk_event_unsigned(event, 6, UINT64_MAX);
		return index == 2 ? sk_event_signed(event, 1, -1) != -1 : 0;
	default:
		return 0;
	}
}

enum sk_filter_reason sk_kernel_filter_judge(const struct sk_kernel_filter *filter, uint32_t class,
					     const struct sk_event *event)
{
	const struct open_params params = open_params(event->type);
	uint32_t kind = 0;
	int64_t result;

	if (!sk_event_result(event, &result))
		return SK_FILTER_PASS;
	if (sk_filter_plan_has_class(event->type))
		kind = sk_filter_open_class(number_at(event, params.flags), number_at(event, params.mode));
	return sk_filter_decide(sk_kernel_filter_entry(filter, class, event->type), result, kind,
				native_argument(event, 0), native_argument(event, 1), native_argument(event, 2));
}

/* --- for people -------------------------------------------------------------------------- */

static bool is_captured(const struct sk_kernel_filter *filter, uint16_t type)
{
	for (size_t i = 0; i < sk_syscall_count; i++) {
		const struct sk_syscall_info *call = &sk_syscalls[i];

		if (call->exit_event == type &&
		    (call->state || (call->sc / 64 < filter->bundle->syscalls_count &&
				     filter->bundle->syscalls[call->sc / 64] >> call->sc % 64 & 1)))
			return true;
	}
	return false;
}

static unsigned errors_held_back(const struct sk_filter_entry *entry)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SK_FILTER_ERRORS / 64; i++)
		count += (unsigned)__builtin_popcountll(entry->errors[i]);
	return count;
}

static void append_rule(const struct sk_kernel_filter *filter, uint32_t rule, struct sk_buffer *buffer)
{
	sk_buffer_printf(buffer, "for rule \"%s\"",
			 sk_bundle_text(filter->bundle, filter->bundle->rules[rule].name, NULL));
}

static void append_failed(struct sk_kernel_filter *filter, uint16_t type, struct sk_buffer *buffer)
{
	const struct sk_filter_entry *entry = sk_kernel_filter_entry(filter, 0, type);
	const struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_FAILED, .executable = -1};
	const unsigned count = errors_held_back(entry);
	const uint32_t rule = sk_prospector_find(filter->prospector, &prospect, NULL);

	if (sk_filter_plan_needs_failed(type)) {
		sk_buffer_printf(buffer, "kept for the state");
		return;
	}
	if (count == SK_FILTER_ERRORS - 1) {
		sk_buffer_printf(buffer, "held back");
		return;
	}
	sk_buffer_printf(buffer, "kept ");
	if (rule != SK_NONE)
		append_rule(filter, rule, buffer);
	else
		sk_buffer_printf(buffer, "for the state");
	if (count)
		sk_buffer_printf(buffer, ", %u of %d errors held back", count, SK_FILTER_ERRORS - 1);
	if (entry->failed)
		sk_buffer_printf(buffer, ", %d of %d kinds held back", __builtin_popcount(entry->failed),
				 SK_FILTER_CLASSES);
	if (entry->traits & SK_FILTER_PATHS_FAILED)
		sk_buffer_printf(buffer, ", held back by path where that rules all rules out");
}

static void append_succeeded(struct sk_kernel_filter *filter, uint16_t type, struct sk_buffer *buffer)
{
	static const char *const needs[] = {
		[SK_FILTER_NEED_ALL] = "kept for the state",
		[SK_FILTER_NEED_NOTHING] = "held back",
		[SK_FILTER_NEED_FCNTL] = "held back but for F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD (state)",
		[SK_FILTER_NEED_PRCTL] = "held back but for PR_SET_CHILD_SUBREAPER (state)",
		[SK_FILTER_NEED_RLIMIT] = "held back but for RLIMIT_NOFILE (state)",
		[SK_FILTER_NEED_PRLIMIT] = "held back but for RLIMIT_NOFILE (state)",
	};
	const struct sk_filter_entry *entry = sk_kernel_filter_entry(filter, 0, type);
	const struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_SUCCESS, .executable = -1};
	const uint32_t rule = sk_prospector_find(filter->prospector, &prospect, NULL);

	if (rule == SK_NONE) {
		sk_buffer_printf(buffer, "%s", needs[entry->need]);
	} else {
		sk_buffer_printf(buffer, "kept ");
		append_rule(filter, rule, buffer);
	}
	if (entry->traits & SK_FILTER_PATHS_SUCCEEDED)
		sk_buffer_printf(buffer, ", held back by path where that rules all rules out");
	if (entry->traits & SK_FILTER_STREAMS)
		sk_buffer_printf(buffer, ", of a TCP connection once");
	if (entry->traits & (SK_FILTER_CLOSES | SK_FILTER_COPIES))
		sk_buffer_printf(buffer, ", held back where the open was");
}

void sk_kernel_filter_explain(struct sk_kernel_filter *filter, struct sk_buffer *buffer)
{
	if (filter->counts) {
		sk_buffer_printf(
			buffer,
			"nothing is held back: a condition counts events, or measures the time since one\n");
		return;
	}
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (!sk_filter_plan_judges((uint16_t)type) || !is_captured(filter, (uint16_t)type))
			continue;
		sk_buffer_printf(buffer, "%s\n  failed     ", sk_events[type].name);
		append_failed(filter, (uint16_t)type, buffer);
		sk_buffer_printf(buffer, "\n  succeeded  ");
		append_succeeded(filter, (uint16_t)type, buffer);
		sk_buffer_printf(buffer, "\n");
	}
}
