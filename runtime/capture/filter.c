/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/capture/bpf/recipes.h"
#include "runtime/fields/prospect.h"
#include "runtime/state/state.h"
#include "vm/notes.h"
#include "vm/support/alloc.h"

_Static_assert((int)SK_EVENT_COUNT <= (int)SK_FILTER_EVENTS, "the kernel's table has an entry for every type");

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

/* Paths that were looked at, by a hash of the key: so that most are looked at once. */
enum { MEMO_SIZE = 1 << 14 };

struct sk_kernel_filter {
	const struct sk_bundle *bundle;
	struct sk_prospector *prospector;
	bool counts;
	struct sk_filter_entry entries[SK_FILTER_EVENTS];
	uint64_t memo[MEMO_SIZE]; /* lowest bit: it is of no interest */
};

/* --- what the state needs ---------------------------------------------------- */

enum { EINPROGRESS_WIRE = 115 };

/* Types whose failing calls change the state. */
static bool state_needs_failed(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_BRK_4_X: /* these four say how much memory there is */
	case SK_EVENT_SYSCALL_MMAP_X:
	case SK_EVENT_SYSCALL_MMAP2_X:
	case SK_EVENT_SYSCALL_MUNMAP_X:
		return true;
	default:
		return false;
	}
}

static enum sk_filter_need state_need(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_FCNTL_X:
		return SK_FILTER_NEED_FCNTL;
	case SK_EVENT_SYSCALL_PRCTL_X:
		return SK_FILTER_NEED_PRCTL;
	case SK_EVENT_SYSCALL_GETRLIMIT_X:
	case SK_EVENT_SYSCALL_SETRLIMIT_X:
		return SK_FILTER_NEED_RLIMIT;
	case SK_EVENT_SYSCALL_PRLIMIT_X:
		return SK_FILTER_NEED_PRLIMIT;
	default:
		return sk_state_handles(type) ? SK_FILTER_NEED_ALL : SK_FILTER_NEED_NOTHING;
	}
}

/* --- the table --------------------------------------------------------------- */

/* The events that the kernel's programs make at the end of a call and that say how it ended. */
static bool can_be_judged(uint16_t type)
{
	const struct sk_event_info *info = &sk_events[type];

	return info->direction == SK_DIRECTION_EXIT && (info->category & SK_CATEGORY_SYSCALL) &&
	       !(info->flags & (SK_EVENT_FLAG_OLD_VERSION | SK_EVENT_FLAG_UNUSED)) && type != SK_EVENT_GENERIC_X;
}

/* Opens whose flags the kernel looks at before it builds the event. */
static bool has_class(uint16_t type)
{
	return type == SK_EVENT_SYSCALL_OPEN_X || type == SK_EVENT_SYSCALL_OPENAT_2_X ||
	       type == SK_EVENT_SYSCALL_CREAT_X;
}

static bool is_possible(struct sk_kernel_filter *filter, const struct sk_prospect *prospect)
{
	return sk_prospector_find(filter->prospector, prospect) != SK_NONE;
}

static struct sk_prospect prospect_of_class(uint16_t type, uint32_t class)
{
	struct sk_prospect prospect = {.type = type, .executable = class >> 4 & 1};

	/* creat has none. */
	if (type == SK_EVENT_SYSCALL_CREAT_X)
		return prospect;
	prospect.has_flags = true;
	prospect.flags = (class & SK_FILTER_OPEN_ACCESS) | (class & 4 ? SK_FILTER_OPEN_CREATE : 0) |
			 (class & 8 ? SK_FILTER_OPEN_TMPFILE : 0);
	prospect.maybe = ~(uint32_t)(SK_FILTER_OPEN_ACCESS | SK_FILTER_OPEN_CREATE | SK_FILTER_OPEN_TMPFILE);
	return prospect;
}

static uint32_t classes_without_rule(struct sk_kernel_filter *filter, uint16_t type, enum sk_prospect_result result)
{
	uint32_t classes = 0;

	for (uint32_t class = 0; class < SK_FILTER_CLASSES; class ++) {
		struct sk_prospect prospect = prospect_of_class(type, class);

		prospect.result = (uint8_t)result;
		if (!is_possible(filter, &prospect))
			classes |= UINT32_C(1) << class;
	}
	return classes;
}

static void plan_failed(struct sk_kernel_filter *filter, uint16_t type)
{
	struct sk_filter_entry *entry = &filter->entries[type];
	struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_FAILED, .executable = -1};
	bool possible;

	if (state_needs_failed(type))
		return;
	possible = is_possible(filter, &prospect);
	prospect.result = SK_PROSPECT_ERROR;
	for (unsigned error = 1; error < SK_FILTER_ERRORS; error++) {
		prospect.error = (uint16_t)error;
		/* That is still going on. */
		if (type == SK_EVENT_SOCKET_CONNECT_X && error == EINPROGRESS_WIRE)
			continue;
		if (!possible || !is_possible(filter, &prospect))
			entry->errors[error / 64] |= UINT64_C(1) << error % 64;
	}
	if (!possible)
		return;
	if (has_class(type)) {
		entry->failed = classes_without_rule(filter, type, SK_PROSPECT_FAILED);
		entry->traits |= SK_FILTER_PATHS_FAILED;
	}
}

/* --- fds ---------------------------------------------------------------------- */

/* The recipe of a type; NULL: its program is its own. */
static const struct sk_recipe *recipe_of(uint16_t type)
{
	switch (type) {
#define SK_RECIPE(id, ...)                                                                                         \
	case SK_EVENT_##id:                                                                                        \
		return &sk_recipes[SK_RECIPE_##id];
#include "runtime/capture/bpf/recipes.def"
	default:
		return NULL;
	}
}

static bool is_fd(const struct sk_event_info *info, unsigned param)
{
	return param < info->nparams &&
	       (info->params[param].type == SK_PARAM_FD || info->params[param].type == SK_PARAM_FD32);
}

/* The arguments of a call that are fds, one bit each; the calls without a recipe have at most their first. */
static uint8_t fd_arguments(uint16_t type)
{
	const struct sk_event_info *info = &sk_events[type];
	const struct sk_recipe *recipe = recipe_of(type);
	uint8_t arguments = 0;

	if (type == SK_EVENT_SYSCALL_CLOSE_X)
		return 0;
	if (type == SK_EVENT_SYSCALL_PIDFD_GETFD_X)
		return 0x80;
	if (!recipe) {
		for (unsigned i = 1; i < info->nparams; i++) {
			if (is_fd(info, i))
				arguments |= 1;
		}
		return arguments;
	}
	for (unsigned i = 1; i < SK_STEPS_MAX && recipe->steps[i].kind != SK_STEP_END; i++) {
		if (recipe->steps[i].kind == SK_STEP_SIGNED && is_fd(info, i))
			arguments |= (uint8_t)(1u << recipe->steps[i].argument);
	}
	return arguments;
}

/* What calls of this type do to the fds of a process. */
static void plan_fds(struct sk_filter_entry *entry, uint16_t type)
{
	entry->fds = fd_arguments(type);
	if ((sk_events[type].flags & SK_EVENT_FLAG_CREATES_FD) || type == SK_EVENT_SYSCALL_FCNTL_X)
		entry->traits |= SK_FILTER_CREATES_FD;
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
	case SK_EVENT_SYSCALL_CREAT_X:
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		entry->traits |= SK_FILTER_OPENS;
		break;
	case SK_EVENT_SYSCALL_PIPE_X:
	case SK_EVENT_SYSCALL_PIPE2_X:
		entry->pair = 1;
		break;
	case SK_EVENT_SOCKET_SOCKETPAIR_X:
		entry->pair = 4;
		break;
	case SK_EVENT_SOCKET_RECVMSG_X:
	case SK_EVENT_SOCKET_RECVMMSG_X:
	case SK_EVENT_SYSCALL_CLOSE_RANGE_X:
		entry->traits |= SK_FILTER_BRINGS_FDS;
		break;
	case SK_EVENT_SYSCALL_IO_URING_SETUP_X:
		entry->traits |= SK_FILTER_USES_RING;
		break;
	case SK_EVENT_SYSCALL_FCNTL_X:
		if (entry->need == SK_FILTER_NEED_FCNTL)
			entry->traits |= SK_FILTER_COPIES;
		break;
	default:
		break;
	}
}

/* Transfers on an fd, argument 0, of which the state learns that it is connected, and with whom. */
static bool is_transfer(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SOCKET_SENDTO_X:
	case SK_EVENT_SOCKET_SENDMSG_X:
	case SK_EVENT_SOCKET_SENDMMSG_X:
	case SK_EVENT_SOCKET_RECVFROM_X:
	case SK_EVENT_SOCKET_RECVMSG_X:
	case SK_EVENT_SOCKET_RECVMMSG_X:
		return true;
	default:
		return false;
	}
}

/*
 * Opens that succeeded can be held back if nobody looks at all fds of a process
 * at once, and if their closes can be held back too.
 */
static void plan_files(struct sk_kernel_filter *filter)
{
	const struct sk_prospect close = {
		.type = SK_EVENT_SYSCALL_CLOSE_X, .result = SK_PROSPECT_SUCCESS, .executable = -1};
	uint16_t traits;

	if (sk_prospector_asks_for_tables(filter->prospector) || is_possible(filter, &close))
		return;
	traits = SK_FILTER_PATHS_SUCCEEDED;
	if (sk_prospector_asks_for_places(filter->prospector))
		traits |= SK_FILTER_PLACES;
	filter->entries[SK_EVENT_SYSCALL_OPEN_X].traits |= traits;
	filter->entries[SK_EVENT_SYSCALL_OPENAT_2_X].traits |= traits;
	filter->entries[SK_EVENT_SYSCALL_CLOSE_X].traits |= SK_FILTER_CLOSES;
}

static void plan_succeeded(struct sk_kernel_filter *filter, uint16_t type)
{
	const struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_SUCCESS, .executable = -1};

	if (is_possible(filter, &prospect))
		return;
	filter->entries[type].need = (uint8_t)state_need(type);
	if (is_transfer(type))
		filter->entries[type].traits |= SK_FILTER_STREAMS;
}

int sk_kernel_filter_create(const struct sk_bundle *bundle, struct sk_kernel_filter **ret_filter)
{
	struct sk_kernel_filter *filter = sk_alloc_zeroed(1, sizeof(*filter));
	int result;

	if (!filter)
		return -ENOMEM;
	filter->bundle = bundle;
	result = sk_prospector_create(bundle, &filter->prospector);
	if (result < 0) {
		sk_kernel_filter_destroy(filter);
		return result;
	}
	filter->counts = sk_prospector_counts(filter->prospector);
	for (uint32_t type = 0; type < SK_EVENT_COUNT && !filter->counts; type++) {
		if (!can_be_judged((uint16_t)type))
			continue;
		plan_failed(filter, (uint16_t)type);
		plan_succeeded(filter, (uint16_t)type);
		plan_fds(&filter->entries[type], (uint16_t)type);
	}
	if (!filter->counts)
		plan_files(filter);
	*ret_filter = filter;
	return 0;
}

void sk_kernel_filter_destroy(struct sk_kernel_filter *filter)
{
	if (!filter)
		return;
	sk_prospector_destroy(filter->prospector);
	sk_free(filter);
}

const struct sk_filter_entry *sk_kernel_filter_entries(const struct sk_kernel_filter *filter)
{
	return filter->entries;
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

bool sk_kernel_filter_path_of(const struct sk_event *event, struct sk_filter_path *ret_path)
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
	memcpy(ret_path->path, path, length);
	return result < 0 || find_place(event, (uint8_t)params.path, path, length, &ret_path->place);
}

static uint64_t hash_of(const struct sk_filter_path *path)
{
	const uint8_t *bytes = (const uint8_t *)path;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*path); i += sizeof(uint64_t)) {
		hash = (hash ^ sk_read_u64(bytes + i)) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash;
}

_Static_assert(sizeof(struct sk_filter_path) % sizeof(uint64_t) == 0, "hashed eight bytes at a time");

static bool is_of_interest(struct sk_kernel_filter *filter, const struct sk_filter_path *path)
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

	return !sk_prospect_is_plain(prospect.path, prospect.path_length) || is_possible(filter, &prospect);
}

void sk_kernel_filter_observe(struct sk_kernel_filter *filter, const struct sk_event *event,
			      sk_kernel_filter_keep_fn keep, void *context)
{
	struct sk_filter_path path;
	uint64_t hash, *memo;

	if (!sk_kernel_filter_path_of(event, &path) ||
	    !(filter->entries[event->type].traits &
	      (path.error ? SK_FILTER_PATHS_FAILED : SK_FILTER_PATHS_SUCCEEDED)))
		return;
	hash = hash_of(&path) | 1;
	memo = &filter->memo[hash >> 32 & (MEMO_SIZE - 1)];
	if ((*memo | 1) != hash)
		*memo = is_of_interest(filter, &path) ? hash & ~UINT64_C(1) : hash;
	/* Again, if the kernel has forgotten it. */
	if (*memo & 1)
		keep(context, &path);
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

enum sk_filter_reason sk_kernel_filter_judge(const struct sk_kernel_filter *filter, const struct sk_event *event)
{
	const struct open_params params = open_params(event->type);
	uint32_t class = 0;
	int64_t result;

	if (!sk_event_result(event, &result))
		return SK_FILTER_PASS;
	if (has_class(event->type))
		class = sk_filter_open_class(number_at(event, params.flags), number_at(event, params.mode));
	return sk_filter_decide(&filter->entries[event->type], result, class, native_argument(event, 0),
				native_argument(event, 1), native_argument(event, 2));
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
	const struct sk_filter_entry *entry = &filter->entries[type];
	const struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_FAILED, .executable = -1};
	const unsigned count = errors_held_back(entry);
	const uint32_t rule = sk_prospector_find(filter->prospector, &prospect);

	if (state_needs_failed(type)) {
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
	const struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_SUCCESS, .executable = -1};
	const uint32_t rule = sk_prospector_find(filter->prospector, &prospect);

	if (rule == SK_NONE) {
		sk_buffer_printf(buffer, "%s", needs[filter->entries[type].need]);
	} else {
		sk_buffer_printf(buffer, "kept ");
		append_rule(filter, rule, buffer);
	}
	if (filter->entries[type].traits & SK_FILTER_PATHS_SUCCEEDED)
		sk_buffer_printf(buffer, ", held back by path where that rules all rules out");
	if (filter->entries[type].traits & SK_FILTER_STREAMS)
		sk_buffer_printf(buffer, ", of a TCP connection once");
	if (filter->entries[type].traits & (SK_FILTER_CLOSES | SK_FILTER_COPIES))
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
		if (!can_be_judged((uint16_t)type) || !is_captured(filter, (uint16_t)type))
			continue;
		sk_buffer_printf(buffer, "%s\n  failed     ", sk_events[type].name);
		append_failed(filter, (uint16_t)type, buffer);
		sk_buffer_printf(buffer, "\n  succeeded  ");
		append_succeeded(filter, (uint16_t)type, buffer);
		sk_buffer_printf(buffer, "\n");
	}
}
