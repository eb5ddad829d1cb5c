/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/filter_plan.h"

#include "runtime/capture/bpf/recipes.h"
#include "runtime/state/state.h"

/* --- what the state needs ---------------------------------------------------- */

enum { EINPROGRESS_WIRE = 115 };

/* Types whose failing calls change the state. */
bool sk_filter_plan_needs_failed(uint16_t type)
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
bool sk_filter_plan_judges(uint16_t type)
{
	const struct sk_event_info *info = &sk_events[type];

	return info->direction == SK_DIRECTION_EXIT && (info->category & SK_CATEGORY_SYSCALL) &&
	       !(info->flags & (SK_EVENT_FLAG_OLD_VERSION | SK_EVENT_FLAG_UNUSED)) && type != SK_EVENT_GENERIC_X;
}

/* Opens whose flags the kernel looks at before it builds the event. */
bool sk_filter_plan_has_class(uint16_t type)
{
	return type == SK_EVENT_SYSCALL_OPEN_X || type == SK_EVENT_SYSCALL_OPENAT_2_X ||
	       type == SK_EVENT_SYSCALL_CREAT_X;
}

/* The rules that are left, and what is asked of them. */
struct question {
	struct sk_prospector *prospector;
	const uint64_t *rules;
	uint16_t type;
};

static bool is_possible(const struct question *question, const struct sk_prospect *prospect)
{
	return sk_prospector_find(question->prospector, prospect, question->rules) != SK_NONE;
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

static uint32_t classes_without_rule(const struct question *question, enum sk_prospect_result result)
{
	uint32_t classes = 0;

	for (uint32_t class = 0; class < SK_FILTER_CLASSES; class ++) {
		struct sk_prospect prospect = prospect_of_class(question->type, class);

		prospect.result = (uint8_t)result;
		if (!is_possible(question, &prospect))
			classes |= UINT32_C(1) << class;
	}
	return classes;
}

static void plan_failed(const struct question *question, struct sk_filter_entry *entry)
{
	const uint16_t type = question->type;
	struct sk_prospect prospect = {.type = type, .result = SK_PROSPECT_FAILED, .executable = -1};
	bool possible;

	if (sk_filter_plan_needs_failed(type))
		return;
	possible = is_possible(question, &prospect);
	prospect.result = SK_PROSPECT_ERROR;
	for (unsigned error = 1; error < SK_FILTER_ERRORS; error++) {
		prospect.error = (uint16_t)error;
		/* That is still going on. */
		if (type == SK_EVENT_SOCKET_CONNECT_X && error == EINPROGRESS_WIRE)
			continue;
		if (!possible || !is_possible(question, &prospect))
			entry->errors[error / 64] |= UINT64_C(1) << error % 64;
	}
	if (!possible)
		return;
	if (sk_filter_plan_has_class(type)) {
		entry->failed = classes_without_rule(question, SK_PROSPECT_FAILED);
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

uint16_t sk_filter_plan_opens(struct sk_prospector *prospector)
{
	const struct sk_prospect close = {
		.type = SK_EVENT_SYSCALL_CLOSE_X, .result = SK_PROSPECT_SUCCESS, .executable = -1};

	if (sk_prospector_asks_for_tables(prospector) || sk_prospector_find(prospector, &close, NULL) != SK_NONE)
		return 0;
	return sk_prospector_asks_for_places(prospector) ? SK_FILTER_PATHS_SUCCEEDED | SK_FILTER_PLACES
							 : SK_FILTER_PATHS_SUCCEEDED;
}

static void plan_succeeded(const struct question *question, struct sk_filter_entry *entry)
{
	const struct sk_prospect prospect = {
		.type = question->type, .result = SK_PROSPECT_SUCCESS, .executable = -1};

	if (is_possible(question, &prospect))
		return;
	entry->need = (uint8_t)state_need(question->type);
	if (is_transfer(question->type))
		entry->traits |= SK_FILTER_STREAMS;
}

static void plan_opens(struct sk_filter_entry *entry, uint16_t type, uint16_t opens)
{
	if (type == SK_EVENT_SYSCALL_OPEN_X || type == SK_EVENT_SYSCALL_OPENAT_2_X)
		entry->traits |= opens;
	if (type == SK_EVENT_SYSCALL_CLOSE_X && opens)
		entry->traits |= SK_FILTER_CLOSES;
}

/* --- threads ------------------------------------------------------------------------ */

static void plan_threads(struct sk_filter_entry *entry, uint16_t type)
{
	if (!sk_state_changes_threads(type))
		return;
	entry->traits |= SK_FILTER_CHANGES;
	if (type == SK_EVENT_SYSCALL_PRLIMIT_X)
		entry->traits |= SK_FILTER_CHANGES_OTHERS;
}

void sk_filter_plan(struct sk_prospector *prospector, uint16_t type, const uint64_t *rules, uint16_t opens,
		    struct sk_filter_entry *ret_entry)
{
	const struct question question = {prospector, rules, type};

	*ret_entry = (struct sk_filter_entry){.need = SK_FILTER_NEED_ALL};
	plan_failed(&question, ret_entry);
	plan_succeeded(&question, ret_entry);
	plan_fds(ret_entry, type);
	plan_opens(ret_entry, type, opens);
	plan_threads(ret_entry, type);
}
