/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every event type that the capture can make, one case each: small programs
 * cause it, and each of its parameters is compared with what they did.
 *
 *   diary (what was done) ──┐
 *                           ├─► one case for each type: passed, failed, skipped
 *   ring (what came) ───────┘
 *
 * A type that no program causes fails its case, so that the matrix stays whole.
 */
#include "tests/live/matrix/compat.h"
#include "tests/live/matrix/fds.h"
#include "tests/live/matrix/files.h"
#include "tests/live/matrix/processes.h"
#include "tests/live/matrix/sockets.h"

static char directory[64] = "/tmp/sk-matrix-XXXXXX";

static void do_everything(void)
{
	if (chdir(directory) < 0)
		_exit(1);
	touch_everything();
	umask(0);
	use_paths();
	use_descriptors();
	use_sockets();
	be_a_process();
	use_32_bits();
}

static void select_all(uint64_t set[8])
{
	memset(set, 0, 8 * sizeof(set[0]));
	for (size_t i = 0; i < sk_syscall_count; i++)
		set[sk_syscalls[i].sc / 64] |= UINT64_C(1) << sk_syscalls[i].sc % 64;
	select_call(set, "signal_deliver");
	select_call(set, "sched_switch");
	select_call(set, "page_fault_user");
	select_call(set, "page_fault_kernel");
}

static void remove_directory(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", directory, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static bool possible;

TEST(everything_arrives_and_nothing_is_lost)
{
	struct sk_capture_options options = {.syscall_words = 8, .enter_events = true};
	struct sk_capture_stats stats;
	struct sk_capture *capture;
	struct child child;
	uint64_t set[8];

	diary = mmap(NULL, sizeof(*diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (diary == MAP_FAILED || !mkdtemp(directory))
		abort();
	select_all(set);
	options.syscalls = set;
	child = start_child(do_everything);
	options.only_tree_of = child.pid;
	capture = open_capture(&options);
	if (!capture) {
		end_child(&child);
		remove_directory();
		return;
	}
	let_go(&child);
	collect(capture, child.pid);
	stats = sk_capture_stats(capture);
	CHECK_EQUAL(sk_capture_sum(stats.consumed), got.count);
	CHECK_EQUAL(sk_capture_lost(&stats), 0);
	CHECK_EQUAL(stats.disordered, 0);
	CHECK_EQUAL(got.damaged + got.too_many, 0);
	sk_capture_close(capture);
	end_child(&child);
	remove_directory();
	CHECK(diary->count > 100 && diary->count < WANTED);
	possible = true;
}

static uint16_t type_of_case;

TEST(type)
{
	int shown = 0;

	for (int i = 0; i < diary->count; i++) {
		const struct wanted *page = &diary->list[i];

		if (page->type != type_of_case)
			continue;
		shown++;
		if (page->refused[0])
			SKIP(page->refused);
		else
			CHECK(place_of[i] > 0);
	}
	if (!shown) {
		printf("# no program causes it\n");
		CHECK(shown > 0);
	}
}

/* Where in got.events each page of the diary is; 0: nowhere. */
static void find_all(void)
{
	for (int i = 0; i < diary->count; i++)
		if (!diary->list[i].refused[0])
			place_of[i] = find_wanted(&diary->list[i], start_of(i));
}

static bool has_enter_event(uint16_t type)
{
	return type == SK_EVENT_SYSCALL_OPEN_E || type == SK_EVENT_SYSCALL_OPENAT_2_E ||
	       type == SK_EVENT_SYSCALL_OPENAT2_E || type == SK_EVENT_SYSCALL_CREAT_E ||
	       type == SK_EVENT_SOCKET_CONNECT_E;
}

static int number_here(const struct sk_syscall_info *call)
{
#if defined(__x86_64__)
	return call->x86_64;
#else
	return call->aarch64;
#endif
}

static bool call_makes(const struct sk_syscall_info *call, uint16_t type)
{
	return call->exit_event == type || (has_enter_event(type) && call->exit_event == type + 1);
}

/* Exit events of calls that this machine has, in the order of their codes; then those of tracepoints. */
static bool in_matrix(uint16_t type)
{
	static const uint16_t others[] = {SK_EVENT_PROCEXIT_1_E,     SK_EVENT_SIGNALDELIVER_E,
					  SK_EVENT_SCHEDSWITCH_6_E,  SK_EVENT_PAGE_FAULT_E,
					  SK_EVENT_GENERIC_X,        SK_EVENT_SYSCALL_UMOUNT_1_X,
					  SK_EVENT_SYSCALL_LLSEEK_X, SK_EVENT_SYSCALL_MMAP2_X,
					  SK_EVENT_SOCKET_SEND_X,    SK_EVENT_SOCKET_RECV_X};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] == type)
			return true;
	for (size_t i = 0; i < sk_syscall_count; i++)
		if (number_here(&sk_syscalls[i]) >= 0 && call_makes(&sk_syscalls[i], type))
			return true;
	return false;
}

/* Newer architectures have no open, fork, rename and the like. */
static bool is_of_another_machine(uint16_t type)
{
	for (size_t i = 0; i < sk_syscall_count; i++)
		if (sk_syscalls[i].x86_64 >= 0 && number_here(&sk_syscalls[i]) < 0 &&
		    call_makes(&sk_syscalls[i], type))
			return true;
	return false;
}

/* What the reference's probe says about itself: it samples, it has no ring for a CPU, it reads processes at start. */
static bool is_about_the_probe(const char *code)
{
	return strcmp(code, "PPME_DROP_E") == 0 || strcmp(code, "PPME_DROP_X") == 0 ||
	       strcmp(code, "PPME_CPU_HOTPLUG_E") == 0 || strncmp(code, "PPME_ITER_", 10) == 0;
}

TEST(the_matrix_has_every_type_that_the_reference_emits)
{
	const char *shared = getenv("SK_SHARED") ? getenv("SK_SHARED") : "../shared";
	char path[4096], line[512], code[128];
	unsigned type;
	int lines = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/tables/emitted_by_modern_probe.tsv", shared);
	file = fopen(path, "re");
	if (!file) {
		SKIP("there is no emitted_by_modern_probe.tsv in ../shared (or $SK_SHARED)");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%u\t%127s", &type, code) != 2)
			continue;
		lines++;
		if (is_about_the_probe(code) || is_of_another_machine((uint16_t)type))
			continue;
		if (type >= SK_EVENT_COUNT || !in_matrix((uint16_t)type)) {
			printf("# %s\n", code);
			CHECK(!"in the matrix");
		}
	}
	fclose(file);
	CHECK(lines > 150);
}

static void run_types(void)
{
	if (!possible)
		return;
	find_all();
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		char name[80];

		if (!in_matrix(type))
			continue;
		type_of_case = type;
		snprintf(name, sizeof(name), "%s", sk_events[type].id);
		test_run(name, test_type);
	}
}

TEST_MAIN(RUN(everything_arrives_and_nothing_is_lost) RUN(the_matrix_has_every_type_that_the_reference_emits)
		  run_types();)
