/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/plan.h"

#include <string.h>

#include "runtime/capture/bpf/recipes.h"
#include "vm/schema/schema.h"

static bool has_bit(const uint64_t *syscalls, size_t words, unsigned bit)
{
	return bit / 64 < words && syscalls[bit / 64] >> bit % 64 & 1;
}

static bool is_selected(const uint64_t *syscalls, size_t words, const struct sk_syscall_info *call)
{
	return call->state || has_bit(syscalls, words, call->sc);
}

bool sk_capture_selects(const uint64_t *syscalls, size_t words, const char *name)
{
	int number = sk_syscall_find(name, strlen(name));

	return number >= 0 && has_bit(syscalls, words, (unsigned)number);
}

static enum sk_program program_of(uint16_t event)
{
	switch (event) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
	case SK_EVENT_SYSCALL_CREAT_X:
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		return SK_PROGRAM_OPEN;
	case SK_EVENT_SYSCALL_EXECVE_19_X:
	case SK_EVENT_SYSCALL_EXECVEAT_X:
		return SK_PROGRAM_EXEC;
	case SK_EVENT_SYSCALL_CLONE_20_X:
	case SK_EVENT_SYSCALL_CLONE3_X:
	case SK_EVENT_SYSCALL_FORK_20_X:
	case SK_EVENT_SYSCALL_VFORK_20_X:
		return SK_PROGRAM_CLONE;
	case SK_EVENT_SOCKET_CONNECT_X:
		return SK_PROGRAM_CONNECT;
	case SK_EVENT_SOCKET_ACCEPT_5_X:
	case SK_EVENT_SOCKET_ACCEPT4_6_X:
		return SK_PROGRAM_ACCEPT;
	case SK_EVENT_SOCKET_SOCKETPAIR_X:
		return SK_PROGRAM_SOCKETPAIR;
	case SK_EVENT_SOCKET_SETSOCKOPT_X:
	case SK_EVENT_SOCKET_GETSOCKOPT_X:
		return SK_PROGRAM_SOCKOPT;
	case SK_EVENT_SOCKET_SENDTO_X:
	case SK_EVENT_SOCKET_SEND_X:
	case SK_EVENT_SOCKET_RECVFROM_X:
	case SK_EVENT_SOCKET_RECV_X:
		return SK_PROGRAM_TRANSFER;
	case SK_EVENT_SOCKET_SENDMSG_X:
	case SK_EVENT_SOCKET_RECVMSG_X:
	case SK_EVENT_SYSCALL_READV_X:
	case SK_EVENT_SYSCALL_WRITEV_X:
	case SK_EVENT_SYSCALL_PREADV_X:
	case SK_EVENT_SYSCALL_PWRITEV_X:
	case SK_EVENT_SYSCALL_PROCESS_VM_READV_X:
	case SK_EVENT_SYSCALL_PROCESS_VM_WRITEV_X:
		return SK_PROGRAM_MESSAGE;
	case SK_EVENT_SOCKET_SENDMMSG_X:
	case SK_EVENT_SOCKET_RECVMMSG_X:
		return SK_PROGRAM_MESSAGES;
	case SK_EVENT_SYSCALL_POLL_X:
	case SK_EVENT_SYSCALL_PPOLL_X:
		return SK_PROGRAM_POLL;
	case SK_EVENT_SYSCALL_PTRACE_X:
		return SK_PROGRAM_PTRACE;
	case SK_EVENT_SYSCALL_PRCTL_X:
		return SK_PROGRAM_PRCTL;
	case SK_EVENT_SYSCALL_QUOTACTL_X:
		return SK_PROGRAM_QUOTACTL;
	case SK_EVENT_SYSCALL_KEYCTL_X:
		return SK_PROGRAM_KEYCTL;
	case SK_EVENT_SYSCALL_FSCONFIG_X:
		return SK_PROGRAM_FSCONFIG;
	case SK_EVENT_SYSCALL_SEMOP_X:
		return SK_PROGRAM_SEMOP;
	default:
		return SK_PROGRAM_NONE;
	}
}

/* SK_RECIPE_GENERIC_X for an event that has none. */
static enum sk_recipe_number recipe_of(uint16_t event)
{
	switch (event) {
#define SK_RECIPE(id, ...)                                                                                         \
	case SK_EVENT_##id:                                                                                        \
		return SK_RECIPE_##id;
#include "runtime/capture/bpf/recipes.def"
	default:
		return SK_RECIPE_GENERIC_X;
	}
}

static struct sk_dispatch dispatch_of(const struct sk_syscall_info *call, uint16_t native, bool typed)
{
	struct sk_dispatch dispatch = {
		.event = typed ? call->exit_event : SK_EVENT_GENERIC_X,
		.syscall = call->sc,
		.native = native,
	};

	dispatch.program = (uint8_t)program_of(dispatch.event);
	if (dispatch.program == SK_PROGRAM_NONE) {
		enum sk_recipe_number recipe = recipe_of(dispatch.event);

		if (recipe == SK_RECIPE_GENERIC_X)
			dispatch.event = SK_EVENT_GENERIC_X;
		dispatch.program = SK_PROGRAM_RECIPE;
		dispatch.recipe = (uint8_t)recipe;
	}
	dispatch.nparams = sk_events[dispatch.event].nparams;
	return dispatch;
}

static const struct sk_syscall_info *find(const char *name)
{
	int sc = sk_syscall_find(name, strlen(name));

	for (size_t i = 0; sc >= 0 && i < sk_syscall_count; i++)
		if (sk_syscalls[i].sc == sc && strcmp(sk_syscalls[i].name, name) == 0)
			return &sk_syscalls[i];
	return NULL;
}

#if defined(__x86_64__)

static int16_t native_number(const struct sk_syscall_info *call)
{
	return call->x86_64;
}

/* 32-bit programs have numbers of their own, and one call for all of sockets. */
static void plan_compat(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_NUMBERS_END])
{
	static const struct {
		uint16_t number;
		bool typed, socketcall;
		const char *name;
	} calls[] = {
#define SK_COMPAT(number, name, same) {number, same, false, name},
#define SK_SOCKETCALL(number, name) {number, true, true, name},
#include "runtime/capture/compat.def"
	};
	enum { SOCKETCALL = 102 };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct sk_syscall_info *call = find(calls[i].name);
		uint16_t native = calls[i].socketcall ? SOCKETCALL : calls[i].number;
		uint16_t base = calls[i].socketcall ? SK_NUMBERS_SOCKETCALL : SK_NUMBERS_COMPAT;

		if (!call || !is_selected(syscalls, words, call) || calls[i].number == SOCKETCALL)
			continue;
		table[base + calls[i].number] = dispatch_of(call, native, calls[i].typed);
		if (calls[i].socketcall)
			table[SK_NUMBERS_COMPAT + SOCKETCALL].program = SK_PROGRAM_SOCKETCALL;
	}
}

#elif defined(__aarch64__)

static int16_t native_number(const struct sk_syscall_info *call)
{
	return call->aarch64;
}

static void plan_compat(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_NUMBERS_END])
{
	(void)syscalls, (void)words, (void)table;
}

#else
#error "say which column of syscalls.def has this architecture's numbers"
#endif

void sk_capture_plan(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_NUMBERS_END])
{
	memset(table, 0, SK_NUMBERS_END * sizeof(table[0]));
	for (size_t i = 0; i < sk_syscall_count; i++) {
		int16_t number = native_number(&sk_syscalls[i]);

		if (number >= 0 && number < SK_NUMBERS_COMPAT && is_selected(syscalls, words, &sk_syscalls[i]))
			table[number] = dispatch_of(&sk_syscalls[i], (uint16_t)number, true);
	}
	plan_compat(syscalls, words, table);
}

/* The first two texts of a recipe, as its program remembers them (sk_put_given_path()). */
static uint8_t text_arguments(const struct sk_dispatch *dispatch)
{
	unsigned arguments = 0, shift = 0;

	for (int i = 0; i < SK_STEPS_MAX && dispatch->program == SK_PROGRAM_RECIPE && shift <= 4; i++) {
		const struct sk_step *step = &sk_recipes[dispatch->recipe].steps[i];

		if (step->kind == SK_STEP_TEXT) {
			arguments |= (step->argument + 1u) << shift;
			shift += 4;
		}
	}
	return (uint8_t)arguments;
}

static uint8_t path_arguments(const struct sk_dispatch *dispatch)
{
	switch (dispatch->event) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_CREAT_X:
		return 1;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 2;
	/* Nothing happens by them. */
	case SK_EVENT_SYSCALL_STAT_X:
	case SK_EVENT_SYSCALL_LSTAT_X:
	case SK_EVENT_SYSCALL_NEWFSTATAT_X:
	case SK_EVENT_SYSCALL_ACCESS_X:
		return 0;
	default:
		return sk_event_path(dispatch->event, 0) >= 0 ? text_arguments(dispatch) : 0;
	}
}

void sk_capture_plan_begun(struct sk_dispatch table[SK_NUMBERS_END])
{
	for (size_t i = 0; i < SK_NUMBERS_END; i++)
		if (table[i].program == SK_PROGRAM_OPEN || table[i].program == SK_PROGRAM_RECIPE)
			table[i].begun = path_arguments(&table[i]);
}

bool sk_capture_plan_uring(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_URING_OPCODES])
{
	static const struct {
		uint8_t opcode;
		const char *call;
		uint16_t event;
	} operations[] = {
#define SK_URING(opcode, name, call, event) {opcode, call, SK_EVENT_##event},
#include "runtime/capture/bpf/uring.def"
	};
	bool any = false;

	memset(table, 0, SK_URING_OPCODES * sizeof(table[0]));
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		const struct sk_syscall_info *call = find(operations[i].call);

		if (!call || !is_selected(syscalls, words, call))
			continue;
		table[operations[i].opcode] = (struct sk_dispatch){
			.event = operations[i].event,
			.syscall = call->sc,
			.program = SK_PROGRAM_RECIPE, /* anything: it is wanted */
			.nparams = sk_events[operations[i].event].nparams,
		};
		any = true;
	}
	return any;
}

static bool has_enter_event(uint16_t exit_event)
{
	return exit_event == SK_EVENT_SYSCALL_OPEN_X || exit_event == SK_EVENT_SYSCALL_OPENAT_2_X ||
	       exit_event == SK_EVENT_SYSCALL_OPENAT2_X || exit_event == SK_EVENT_SYSCALL_CREAT_X ||
	       exit_event == SK_EVENT_SOCKET_CONNECT_X;
}

void sk_capture_plan_enter(struct sk_dispatch table[SK_NUMBERS_END])
{
	for (size_t i = 0; i < SK_NUMBERS_END; i++)
		if (table[i].program == SK_PROGRAM_SOCKETCALL ||
		    (table[i].program != SK_PROGRAM_NONE && has_enter_event(table[i].event)))
			table[i].enters = 1;
}
