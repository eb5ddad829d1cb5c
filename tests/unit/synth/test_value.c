/* SPDX-License-Identifier: Apache-2.0 */
/* Values of parameters from text. */
#include <errno.h>
#include <stdlib.h>

#include "runtime/state/socket_address.h"
#include "runtime/synth/value.h"
#include "tests/test.h"

static struct sk_buffer bytes;
static struct sk_synth_mistake mistake;

static unsigned param(uint16_t type, const char *name)
{
	for (unsigned i = 0; i < sk_events[type].nparams; i++) {
		if (strcmp(sk_events[type].params[i].name, name) == 0)
			return i;
	}
	printf("# %s has no %s\n", sk_events[type].name, name);
	abort();
}

static int encode(uint16_t type, const char *name, const char *text)
{
	sk_buffer_release(&bytes);
	return sk_synth_value(type, param(type, name), text, (uint32_t)strlen(text), &bytes, &mistake);
}

/* The number that was written, widened without its sign. */
static uint64_t number(uint16_t type, const char *name, const char *text)
{
	uint64_t written = 0;

	if (encode(type, name, text) != 0 || bytes.length > sizeof(written)) {
		printf("# %s: %s\n", text, mistake.message);
		return UINT64_MAX - 1;
	}
	memcpy(&written, bytes.bytes, bytes.length);
	return written;
}

#define REFUSED(type, name, text, from, to, sentence)                                                              \
	do {                                                                                                       \
		CHECK_EQUAL(encode(type, name, text), -EINVAL);                                                    \
		CHECK_EQUAL(bytes.length, 0);                                                                      \
		CHECK_EQUAL(mistake.begin, from);                                                                  \
		CHECK_EQUAL(mistake.end, to);                                                                      \
		CHECK_TEXT(mistake.message, sentence);                                                             \
	} while (0)

TEST(numbers_are_decimal_hexadecimal_or_octal)
{
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "12"), 12);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "0x1F"), 31);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "0o17"), 15);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "017"), 15);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "0xffffffffffffffff"), UINT64_MAX);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_SETRLIMIT_X, "cur", "-1"), UINT64_MAX);
	REFUSED(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "1 2", 0, 3, "'1 2' is no number");
	REFUSED(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "", 0, 0, "'' is no number");
	REFUSED(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "0x", 0, 2, "'0x' is no number");
	REFUSED(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "--1", 0, 3, "'--1' is no number");
	REFUSED(SK_EVENT_SYSCALL_IOCTL_3_X, "request", "99999999999999999999", 0, 20,
		"'99999999999999999999' is no number");
}

TEST(a_number_must_fit_its_parameter)
{
	CHECK_EQUAL(number(SK_EVENT_SOCKET_SOCKET_X, "type", "0xffffffff"), UINT32_MAX);
	CHECK_EQUAL(bytes.length, 4);
	REFUSED(SK_EVENT_SOCKET_SOCKET_X, "type", "0x100000000", 0, 11,
		"0x100000000 does not fit into the 32 bits of 'type'");
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_TIMERFD_CREATE_X, "clockid", "255"), 255);
	REFUSED(SK_EVENT_SYSCALL_TIMERFD_CREATE_X, "clockid", "256", 0, 3,
		"256 does not fit into the 8 bits of 'clockid'");
}

TEST(modes_are_octal)
{
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_CHMOD_X, "mode", "4755"), 04755);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_MKDIR_2_X, "mode", "700"), 0700);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_CHMOD_X, "mode", "S_ISUID|0700"), 04700);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_CHMOD_X, "mode", "99"), -EINVAL);
}

TEST(results_are_numbers_or_errors)
{
	CHECK_EQUAL((int64_t)number(SK_EVENT_SYSCALL_OPEN_X, "fd", "ENOENT"), -2);
	CHECK_EQUAL((int64_t)number(SK_EVENT_SYSCALL_OPEN_X, "fd", "7"), 7);
	CHECK_EQUAL((int64_t)number(SK_EVENT_SYSCALL_UNLINK_2_X, "res", "-13"), -13);
	CHECK_EQUAL((int64_t)number(SK_EVENT_SYSCALL_PROCESS_VM_READV_X, "res", "EPERM"), -1);
	REFUSED(SK_EVENT_SYSCALL_OPEN_X, "fd", "ENOET", 0, 5, "'ENOET' is no number and no errno");
	CHECK_EQUAL(mistake.words, SK_SYNTH_ERRNOS);
	CHECK_TEXT(sk_synth_word(&mistake, 1), "ENOENT");
}

TEST(flags_have_names)
{
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_OPEN_X, "flags", "O_WRONLY|O_CREAT"), 6);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_OPEN_X, "flags", " O_RDWR | 0x100 "), 0x103);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_OPEN_X, "flags", "4096"), 0x1000);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_PTRACE_X, "request", "PTRACE_TRACEME"), 1);
	REFUSED(SK_EVENT_SYSCALL_OPEN_X, "flags", "O_RDWR|O_CRAET", 7, 14,
		"'O_CRAET' is none of the names that 'flags' of open can have");
	CHECK_EQUAL(mistake.words, SK_SYNTH_FLAGS);
	CHECK(mistake.flags == &sk_flag_tables[SK_FLAGS_FILE_FLAGS]);
	REFUSED(SK_EVENT_SYSCALL_OPEN_X, "flags", "O_RDWR|", 7, 7,
		"'' is none of the names that 'flags' of open can have");
	REFUSED(SK_EVENT_SYSCALL_PTRACE_X, "request", "PTRACE_ATTACH|PTRACE_CONT", 0, 25,
		"'request' of ptrace has one value, not several");
}

TEST(texts_end_with_a_nul_and_buffers_do_not)
{
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_OPEN_X, "name", "/etc/shadow"), 0);
	CHECK_EQUAL(bytes.length, sizeof("/etc/shadow"));
	CHECK_TEXT(bytes.bytes, "/etc/shadow");
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_WRITE_X, "data", "abc"), 0);
	CHECK_EQUAL(bytes.length, 3);
	sk_buffer_release(&bytes);
	CHECK_EQUAL(sk_synth_value(SK_EVENT_SYSCALL_OPEN_X, 1, "a\0b", 3, &bytes, &mistake), -EINVAL);
	CHECK_EQUAL(sk_synth_value(SK_EVENT_SYSCALL_WRITE_X, 1, "a\0b", 3, &bytes, &mistake), 0);
	CHECK_EQUAL(bytes.length, 3);
}

TEST(addresses_are_of_their_family)
{
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_BIND_X, "addr", "10.1.2.3:8080"), 0);
	CHECK_EQUAL(bytes.length, 7);
	CHECK(memcmp(bytes.bytes, "\x02\x0a\x01\x02\x03\x90\x1f", 7) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_BIND_X, "addr", "[::1]:80"), 0);
	CHECK_EQUAL(bytes.length, 19);
	CHECK_EQUAL(bytes.bytes[0], SK_FAMILY_INET6);
	CHECK_EQUAL(bytes.bytes[16], 1);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_BIND_X, "addr", "/run/x"), 0);
	CHECK(memcmp(bytes.bytes, "\x01/run/x", 8) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_BIND_X, "addr", "@hidden"), 0);
	CHECK(memcmp(bytes.bytes, "\x01hidden", 8) == 0);
	for (const char *const *text =
		     (const char *const[]){"10.1.2.3", "10.1.2:80", "::1:80", "[::1:80", "[::1]80",
					   "10.1.2.3:65536", "10.1.2.3:-1", "x", "[]:80", "@", "", NULL};
	     *text; text++) {
		CHECK_EQUAL(encode(SK_EVENT_SOCKET_BIND_X, "addr", *text), -EINVAL);
		CHECK_EQUAL(bytes.length, 0);
	}
}

TEST(tuples_have_their_ends_in_order_and_fill_in_this_machine)
{
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "10.0.0.9:1->192.0.2.1:2"), 0);
	CHECK_EQUAL(bytes.length, 13);
	CHECK(memcmp(bytes.bytes, "\x02\x0a\0\0\x09\x01\0\xc0\0\x02\x01\x02\0", 13) == 0);
	/* What is called goes out, what is accepted came in. */
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "192.0.2.1:2"), 0);
	CHECK(memcmp(bytes.bytes, "\x02\x0a\0\0\x05\x40\x9c\xc0\0\x02\x01\x02\0", 13) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_ACCEPT4_6_X, "tuple", "192.0.2.1:2"), 0);
	CHECK(memcmp(bytes.bytes, "\x02\xc0\0\x02\x01\x02\0\x0a\0\0\x05\x50\0", 13) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "127.0.0.1:2"), 0);
	CHECK(memcmp(bytes.bytes + 1, "\x7f\0\0\x01", 4) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "[2001:db8::1]:443"), 0);
	CHECK_EQUAL(bytes.length, 37);
	CHECK_EQUAL((uint8_t)bytes.bytes[1], 0xfd);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "/run/x"), 0);
	CHECK_TEXT(bytes.bytes + 17, "/run/x");
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "10.0.0.9:1->[::1]:2"), -EINVAL);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_CONNECT_X, "tuple", "->10.0.0.9:1"), -EINVAL);
}

TEST(signals_calls_protocols_and_times_have_names)
{
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_KILL_X, "sig", "SIGKILL"), 9);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_KILL_X, "sig", "15"), 15);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_KILL_X, "sig", "KILL"), -EINVAL);
	CHECK_EQUAL(mistake.words, SK_SYNTH_SIGNALS);
	CHECK_EQUAL(number(SK_EVENT_GENERIC_X, "ID", "sysinfo"), (uint64_t)sk_syscall_find("sysinfo", 7));
	CHECK_EQUAL(encode(SK_EVENT_GENERIC_X, "ID", "sysinfoo"), -EINVAL);
	CHECK_EQUAL(mistake.words, SK_SYNTH_SYSCALLS);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_NANOSLEEP_X, "interval", "5s"), UINT64_C(5000000000));
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_NANOSLEEP_X, "interval", "3us"), 3000);
	CHECK_EQUAL(number(SK_EVENT_SYSCALL_NANOSLEEP_X, "interval", "17"), 17);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_NANOSLEEP_X, "interval", "5 s"), -EINVAL);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_NANOSLEEP_X, "interval", "99999999999999s"), -EINVAL);
}

TEST(dynamic_values_choose_their_type)
{
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_PTRACE_X, "data", "SIGSTOP"), 0);
	CHECK_EQUAL(bytes.length, 2);
	CHECK(memcmp(bytes.bytes, "\x01\x13", 2) == 0);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_PTRACE_X, "addr", "0x10"), 0);
	CHECK_EQUAL(bytes.length, 9);
	CHECK_EQUAL(bytes.bytes[1], 16);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_SETSOCKOPT_X, "val", "1"), 0);
	CHECK_EQUAL(bytes.length, 5);
	CHECK_EQUAL(bytes.bytes[0], 2);
	CHECK_EQUAL(encode(SK_EVENT_SOCKET_GETSOCKOPT_X, "val", "ECONNREFUSED"), 0);
	CHECK_EQUAL(bytes.bytes[0], 1);
	CHECK_EQUAL((signed char)bytes.bytes[1], -111);
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_KEYCTL_X, "arg2", "a key"), 0);
	CHECK_EQUAL(bytes.bytes[0], 1);
	CHECK_TEXT(bytes.bytes + 1, "a key");
}

TEST(fd_lists_have_what_is_waited_for)
{
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_POLL_X, "fds", "3=POLLIN|POLLOUT, 4"), 0);
	CHECK_EQUAL(bytes.length, 2 + 2 * 10);
	CHECK(memcmp(bytes.bytes, "\x02\0\x03\0\0\0\0\0\0\0", 10) == 0);
	CHECK_EQUAL(bytes.bytes[10], 5);
	CHECK_EQUAL(bytes.bytes[12], 4);
	CHECK_EQUAL(bytes.bytes[20], 0);
	REFUSED(SK_EVENT_SYSCALL_POLL_X, "fds", "3=POLLIN|PLOLOUT", 9, 16, "'PLOLOUT' is nothing to wait for");
	CHECK_EQUAL(encode(SK_EVENT_SYSCALL_POLL_X, "fds", "x"), -EINVAL);
}

TEST_MAIN(RUN(numbers_are_decimal_hexadecimal_or_octal) RUN(a_number_must_fit_its_parameter) RUN(modes_are_octal)
		  RUN(results_are_numbers_or_errors) RUN(flags_have_names)
			  RUN(texts_end_with_a_nul_and_buffers_do_not) RUN(addresses_are_of_their_family)
				  RUN(tuples_have_their_ends_in_order_and_fill_in_this_machine)
					  RUN(signals_calls_protocols_and_times_have_names)
						  RUN(dynamic_values_choose_their_type)
							  RUN(fd_lists_have_what_is_waited_for)
								  sk_buffer_release(&bytes);)
