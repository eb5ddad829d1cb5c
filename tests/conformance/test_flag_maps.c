/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps from Linux's flags to the wire's, against the reference's own
 * functions, called bit by bit (../shared/data/tables/flag_native_map.tsv).
 */
#include <stdlib.h>
#include <unistd.h>

#include "runtime/capture/bpf/flag_maps.h"
#include "tests/test.h"

/* The reference's name for each of our maps; several stand for one of ours. */
static const struct {
	const char *function;
	enum sk_map map;
} functions[] = {
	{"open_flags_to_scap", SK_MAP_OPEN},
	{"timerfd_create_flags_to_scap", SK_MAP_TIMERFD},
	{"openat2_resolve_to_scap", SK_MAP_RESOLVE},
	{"io_uring_setup_flags_to_scap", SK_MAP_IO_URING_SETUP},
	{"io_uring_setup_feats_to_scap", SK_MAP_IO_URING_FEATURES},
	{"io_uring_enter_flags_to_scap", SK_MAP_IO_URING_ENTER},
	{"io_uring_register_opcodes_to_scap", SK_MAP_SAME},
	{"inotify_init1_flags_to_scap", SK_MAP_NONBLOCK_CLOEXEC},
	{"eventfd2_flags_to_scap", SK_MAP_NONBLOCK_CLOEXEC},
	{"signalfd4_flags_to_scap", SK_MAP_NONBLOCK_CLOEXEC},
	{"socket_flags_to_scap", SK_MAP_NONBLOCK_CLOEXEC},
	{"clone_flags_to_scap", SK_MAP_CLONE},
	{"socket_family_to_scap", SK_MAP_SAME},
	{"prot_flags_to_scap", SK_MAP_PROTECTION},
	{"mmap_flags_to_scap", SK_MAP_MMAP},
	{"fcntl_cmd_to_scap", SK_MAP_FCNTL},
	{"sockopt_level_to_scap", SK_MAP_SOCKET_LEVEL},
	{"sockopt_optname_to_scap(SOL_SOCKET)", SK_MAP_SOCKET_OPTION},
	{"poll_events_to_scap", SK_MAP_POLL},
	{"futex_op_to_scap", SK_MAP_FUTEX},
	{"access_flags_to_scap", SK_MAP_ACCESS},
	{"rlimit_resource_to_scap", SK_MAP_RESOURCE},
	{"shutdown_how_to_scap", SK_MAP_SHUTDOWN},
	{"lseek_whence_to_scap", SK_MAP_WHENCE},
	{"semop_flags_to_scap", SK_MAP_SEMOP},
	{"flock_flags_to_scap", SK_MAP_FLOCK},
	{"semget_flags_to_scap", SK_MAP_SEMGET},
	{"semctl_cmd_to_scap", SK_MAP_SEMCTL},
	{"ptrace_requests_to_scap", SK_MAP_PTRACE},
	{"prctl_options_to_scap", SK_MAP_SAME},
	{"fsconfig_cmds_to_scap", SK_MAP_FSCONFIG},
	{"keyctl_operation_to_scap", SK_MAP_SAME},
	{"mlockall_flags_to_scap", SK_MAP_MLOCKALL},
	{"mlock2_flags_to_scap", SK_MAP_MLOCK2},
	{"memfd_create_flags_to_scap", SK_MAP_MEMFD},
	{"unlinkat_flags_to_scap", SK_MAP_UNLINKAT},
	{"linkat_flags_to_scap", SK_MAP_LINKAT},
	{"newfstatat_flags_to_scap", SK_MAP_STATAT},
	{"chmod_mode_to_scap", SK_MAP_PERMISSIONS},
	{"umount2_flags_to_scap", SK_MAP_UMOUNT},
	{"fchownat_flags_to_scap", SK_MAP_CHOWNAT},
	{"capabilities_to_scap", SK_MAP_SAME},
	{"dup3_flags_to_scap", SK_MAP_DUP3},
	{"pipe2_flags_to_scap", SK_MAP_PIPE2},
	{"epoll_create1_flags_to_scap", SK_MAP_EPOLL_CREATE1},
	{"splice_flags_to_scap", SK_MAP_SPLICE},
	{"pidfd_open_flags_to_scap", SK_MAP_PIDFD_OPEN},
	{"finit_module_flags_to_scap", SK_MAP_FINIT_MODULE},
	{"mknod_mode_to_scap", SK_MAP_FILE_TYPE},
	{"bpf_cmd_to_scap", SK_MAP_SAME},
	{"delete_module_flags_to_scap", SK_MAP_DELETE_MODULE},
	{"close_range_flags_to_scap", SK_MAP_CLOSE_RANGE},
	{"pf_flags_to_scap", SK_MAP_PAGE_FAULT},
};

/* Of system calls whose events have no such parameter. */
static const char *const unused[] = {"execveat_flags_to_scap", "function"};

static int find_map(const char *function)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].function, function) == 0)
			return (int)functions[i].map;
	return -1;
}

static bool is_unused(const char *function)
{
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		if (strcmp(unused[i], function) == 0)
			return true;
	return false;
}

/* The table was made on x86-64; on ARM two flags of open() have each other's bit. */
static unsigned long long as_this_machine_has_it(int map, unsigned long long native)
{
#if defined(__aarch64__)
	unsigned long long swapped = 1ULL << 14 | 1ULL << 16;

	if (map == SK_MAP_OPEN || map == SK_MAP_PIPE2)
		return (native & ~swapped) | (native >> 14 & 1) << 16 | (native >> 16 & 1) << 14;
#else
	(void)map;
#endif
	return native;
}

TEST(flags_map_as_in_the_reference)
{
	const char *shared = getenv("SK_SHARED") ? getenv("SK_SHARED") : "../shared";
	char path[4096], line[1024];
	int compared = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/tables/flag_native_map.tsv", shared);
	file = fopen(path, "re");
	if (!file) {
		SKIP("there is no flag_native_map.tsv in ../shared (or $SK_SHARED)");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char function[128], kind[16];
		unsigned long long native, wire, actual;
		int map;

		if (sscanf(line, "%127[^\t]\t%15s\t%llu\t%*s\t%llu", function, kind, &native, &wire) != 4) {
			CHECK(strncmp(line, "function\t", 9) == 0);
			continue;
		}
		map = find_map(function);
		if (map < 0) {
			CHECK(is_unused(function));
			continue;
		}
		native = as_this_machine_has_it(map, native);
		actual = sk_map_choose((uint32_t)map, native);
		if (actual != wire) {
			printf("# %s(%#llx)\n", function, native);
			CHECK_EQUAL(actual, wire);
		}
		compared++;
	}
	fclose(file);
	CHECK(compared > 780);
}

TEST_MAIN(RUN(flags_map_as_in_the_reference))
