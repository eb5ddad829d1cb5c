/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Calls whose parameters depend on one of them: poll, ptrace, prctl, keyctl,
 * fsconfig, semop.
 */
#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/flag_maps.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	POLL_FDS = 16,

	PTRACE_PEEKTEXT = 1,
	PTRACE_PEEKUSR = 3,
	PTRACE_CONT = 7,
	PTRACE_SINGLESTEP = 9,
	PTRACE_DETACH = 17,
	PTRACE_SYSCALL = 24,

	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_GET_CHILD_SUBREAPER = 37,

	FSCONFIG_SET_STRING = 1,
	FSCONFIG_SET_BINARY = 2,
	FSCONFIG_SET_PATH = 3,
	FSCONFIG_SET_PATH_EMPTY = 4,

	KEYCTL_ROWS = 64, /* more than there are operations, and a power of two */
	KEYCTL_ARGUMENTS = 4,
};

/* What the arguments of an operation of keyctl are, after the operation itself. */
enum key_argument { NONE, NUMBER, TEXT };

static const __u8 key_arguments[KEYCTL_ROWS][KEYCTL_ARGUMENTS] = {
	{NUMBER, NUMBER},                 /* GET_KEYRING_ID */
	{TEXT},                           /* JOIN_SESSION_KEYRING */
	{NUMBER, NUMBER, NUMBER},         /* UPDATE */
	{NUMBER},                         /* REVOKE */
	{NUMBER, NUMBER, NUMBER},         /* CHOWN */
	{NUMBER, NUMBER},                 /* SETPERM */
	{NUMBER, NUMBER, NUMBER},         /* DESCRIBE */
	{NUMBER},                         /* CLEAR */
	{NUMBER, NUMBER},                 /* LINK */
	{NUMBER, NUMBER},                 /* UNLINK */
	{NUMBER, TEXT, TEXT, NUMBER},     /* SEARCH */
	{NUMBER, NUMBER, NUMBER},         /* READ */
	{NUMBER, NUMBER, NUMBER, NUMBER}, /* INSTANTIATE */
	{NUMBER, NUMBER, NUMBER},         /* NEGATE */
	{NUMBER},                         /* SET_REQKEY_KEYRING */
	{NUMBER, NUMBER},                 /* SET_TIMEOUT */
	{NUMBER},                         /* ASSUME_AUTHORITY */
	{NUMBER, NUMBER, NUMBER},         /* GET_SECURITY */
	{NONE},                           /* SESSION_TO_PARENT */
	{NUMBER, NUMBER, NUMBER, NUMBER}, /* REJECT */
	{NUMBER, NUMBER, NUMBER, NUMBER}, /* INSTANTIATE_IOV */
	{NUMBER},                         /* INVALIDATE */
	{NUMBER, NUMBER},                 /* GET_PERSISTENT */
	{NUMBER, NUMBER, NUMBER, NUMBER}, /* DH_COMPUTE */
	{NUMBER, NUMBER, TEXT},           /* PKEY_QUERY */
	{NUMBER, TEXT, NUMBER, NUMBER},   /* PKEY_ENCRYPT */
	{NUMBER, TEXT, NUMBER, NUMBER},   /* PKEY_DECRYPT */
	{NUMBER, TEXT, NUMBER, NUMBER},   /* PKEY_SIGN */
	{NUMBER, TEXT, NUMBER, NUMBER},   /* PKEY_VERIFY */
	{NUMBER, TEXT, TEXT},             /* RESTRICT_KEYRING */
	{NUMBER, NUMBER, NUMBER, NUMBER}, /* MOVE */
	{NUMBER, NUMBER},                 /* CAPABILITIES */
	{NUMBER, NUMBER, NUMBER},         /* WATCH_KEY */
};

/* The fds for which something happened, and what. */
static __always_inline void put_polled(struct sk_scratch *scratch, __u64 pointer, __u64 count)
{
	__u32 start = sk_forget(scratch->offset), size;
	__u16 number = 0;

	scratch->offset = start + 2;
	for (__u32 i = 0; i < POLL_FDS && i < count; i++) {
		struct {
			__s32 fd;
			__u16 events, happened;
		} entry;
		__u8 *place = sk_event_place(scratch);

		if (bpf_probe_read_user(&entry, sizeof(entry), (const void *)(pointer + i * sizeof(entry))))
			break;
		if (!entry.happened)
			continue;
		*(__s64 *)place = entry.fd;
		*(__u16 *)(place + 8) = sk_map_POLL(entry.happened);
		scratch->offset = sk_forget(scratch->offset) + 10;
		number++;
		sk_barrier(number);
	}
	size = sk_forget(scratch->offset) - start;
	scratch->offset = start;
	*(__u16 *)sk_event_place(scratch) = number;
	sk_event_advance(scratch, size);
}

SEC("tp_btf/sys_exit")
int sk_exit_poll(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u64 time[2] = {}, signals = 0;

	if (!scratch)
		return 0;
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	put_polled(scratch, scratch->arguments[0], scratch->result > 0 ? (__u32)scratch->arguments[1] : 0);
	if (scratch->dispatch.event == SK_EVENT_SYSCALL_POLL_X) {
		sk_put_signed(scratch, scratch->arguments[2]);
	} else {
		if (scratch->compat) {
			__u32 narrow[2] = {};

			bpf_probe_read_user(narrow, sizeof(narrow), (const void *)scratch->arguments[2]);
			time[0] = narrow[0];
			time[1] = narrow[1];
		} else {
			bpf_probe_read_user(time, sizeof(time), (const void *)scratch->arguments[2]);
		}
		bpf_probe_read_user(&signals, 4, (const void *)scratch->arguments[3]);
		sk_put_u64(scratch, time[0] * 1000000000 + time[1]);
		sk_put_u32(scratch, signals);
	}
	sk_event_submit(scratch);
	return 0;
}

/* Selector 0 and a number, or selector 1 and a signal. */
static __always_inline void put_number_or_signal(struct sk_scratch *scratch, bool is_signal, __u64 value)
{
	__u8 *place = sk_event_place(scratch);

	place[0] = is_signal;
	*(__u64 *)(place + 1) = value;
	sk_event_advance(scratch, is_signal ? 2 : 9);
}

SEC("tp_btf/sys_exit")
int sk_exit_ptrace(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u64 request, address, data;
	bool is_signal = false;

	if (!scratch)
		return 0;
	request = scratch->arguments[0];
	address = scratch->arguments[2];
	data = scratch->arguments[3];
	if (scratch->result < 0) {
		address = data = 0;
	} else if (request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSR) {
		/* The kernel put the word there; the library returns it. */
		__u64 word = 0;

		bpf_probe_read_user(&word, scratch->compat ? 4 : 8, (const void *)data);
		data = word;
	} else {
		is_signal = request == PTRACE_CONT || request == PTRACE_SINGLESTEP || request == PTRACE_DETACH ||
			    request == PTRACE_SYSCALL;
	}
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	put_number_or_signal(scratch, false, address);
	put_number_or_signal(scratch, is_signal, data);
	sk_put_u16(scratch, sk_map_PTRACE(request));
	sk_put_signed(scratch, scratch->arguments[1]);
	sk_event_submit(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_prctl(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u32 option;
	__u64 number;

	if (!scratch)
		return 0;
	option = scratch->arguments[0];
	number = scratch->arguments[1];
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_u32(scratch, option);
	if (option == PR_SET_NAME || option == PR_GET_NAME) {
		sk_put_user_text(scratch, number);
		number = 0;
	} else {
		sk_put_empty(scratch);
	}
	if (option == PR_GET_CHILD_SUBREAPER) {
		__s32 value = 0;

		bpf_probe_read_user(&value, sizeof(value), (const void *)number);
		number = (__s64)value;
	}
	sk_put_u64(scratch, number);
	sk_event_submit(scratch);
	return 0;
}

static __always_inline void put_key_argument(struct sk_scratch *scratch, __u8 kind, __u64 value)
{
	__u8 *place = sk_event_place(scratch);
	long size = 8;

	place[0] = kind == TEXT;
	if (kind == TEXT) {
		size = bpf_probe_read_user_str(place + 1, SK_TEXT_LIMIT, (const void *)value);
		size = size > 0 ? size : 0;
	} else {
		*(__u64 *)(place + 1) = kind == NUMBER ? value : 0;
	}
	sk_event_advance(scratch, size + 1);
}

SEC("tp_btf/sys_exit")
int sk_exit_keyctl(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u32 operation, row;

	if (!scratch)
		return 0;
	operation = scratch->arguments[0];
	row = operation < KEYCTL_ROWS ? operation : KEYCTL_ROWS - 1;
	sk_barrier(row);
	row &= KEYCTL_ROWS - 1;
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_u32(scratch, operation);
	for (int i = 0; i < KEYCTL_ARGUMENTS; i++)
		put_key_argument(scratch, key_arguments[row][i], scratch->arguments[1 + i]);
	sk_event_submit(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_fsconfig(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u32 command;
	__s32 extra;

	if (!scratch)
		return 0;
	/* Of a call that failed the value may be anything. */
	command = scratch->result < 0 ? ~0U : (__u32)scratch->arguments[1];
	extra = (__s32)scratch->arguments[4];
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_signed(scratch, scratch->arguments[0]);
	sk_put_u32(scratch, sk_map_FSCONFIG((__u32)scratch->arguments[1]));
	sk_put_user_text(scratch, scratch->arguments[2]);
	if (command == FSCONFIG_SET_BINARY && extra > 0)
		sk_put_user_bytes(scratch, scratch->arguments[3], extra, sk_snap_length);
	else
		sk_put_empty(scratch);
	if (command == FSCONFIG_SET_STRING || command == FSCONFIG_SET_PATH || command == FSCONFIG_SET_PATH_EMPTY)
		sk_put_user_text(scratch, scratch->arguments[3]);
	else
		sk_put_empty(scratch);
	sk_put_u32(scratch, extra);
	sk_event_submit(scratch);
	return 0;
}

/* The first two operations, as far as the call has them and was successful. */
SEC("tp_btf/sys_exit")
int sk_exit_semop(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct {
		__u16 number, change, flags;
	} operations[2] = {};
	__u32 count;

	if (!scratch)
		return 0;
	count = scratch->arguments[2];
	if (scratch->result == 0 && count)
		bpf_probe_read_user(operations, count == 1 ? sizeof(operations[0]) : sizeof(operations),
				    (const void *)scratch->arguments[1]);
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_u32(scratch, count);
	for (int i = 0; i < 2; i++) {
		sk_put_u16(scratch, operations[i].number);
		sk_put_u16(scratch, operations[i].change);
		sk_put_u16(scratch, sk_map_SEMOP(operations[i].flags));
	}
	sk_put_u32(scratch, scratch->arguments[0]);
	sk_event_submit(scratch);
	return 0;
}
