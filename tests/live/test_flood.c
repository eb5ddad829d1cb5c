/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both CPUs open files as fast as they can, against small rings and a reader
 * that is slow, while processes begin, change who they are, run programs and
 * end.  Opens are lost; of the processes nothing is; each loss is counted and
 * told; times never go back.
 *
 *   root of the tree ─┬─ flooder on each CPU: open, open, open ...
 *                     └─ COURSES times: fork ─► setresuid ─► exec ─► exit
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/live/flood.h"
#include "tests/live/live.h"
#include "vm/notes.h"

enum { COURSES = 60, FLOOD_MS = 8000, PATIENCE_MS = 60000, CPUS_SHOWN = 64 };

static struct {
	int64_t pids[COURSES];
	int64_t root;
	int courses, over;
} * facts;

/* --- what the tree does ---------------------------------------------------- */

/* The lanes must not depend on who gets the CPU. */
static void open_nothing(void)
{
	close(open("/dev/null/none/of/this", O_RDONLY));
}

static void run_course(int64_t *ret_pid)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *const arguments[] = {(char *)"true", NULL};

		if (syscall(SYS_setresuid, 0, 0, 0) < 0)
			_exit(1);
		execve("/bin/true", arguments, arguments + 1);
		_exit(2);
	}
	*ret_pid = pid;
	waitpid(pid, NULL, 0);
}

static void do_everything(void)
{
	struct flood flood;

	start_flood(&flood, open_nothing, &facts->over, FLOOD_MS);
	usleep(50000);
	for (; facts->courses < COURSES; facts->courses++)
		run_course(&facts->pids[facts->courses]);
	end_flood(&flood);
	_exit(0);
}

/* --- what is seen of it ------------------------------------------------------ */

static struct {
	struct {
		int64_t pid;
		bool forked, began, changed, ran, ended;
	} courses[COURSES + 64];
	int count;
	uint64_t events, last, backwards, damaged;
	struct sk_lost told;
	uint64_t notes, early, late;
	bool ended;
} seen;

static int course_of(int64_t pid)
{
	for (int i = 0; i < seen.count; i++)
		if (seen.courses[i].pid == pid)
			return i;
	if (seen.count == COURSES + 64)
		return 0;
	seen.courses[seen.count].pid = pid;
	return seen.count++;
}

static void note_loss(const struct sk_event *event)
{
	struct sk_lost lost;

	if (!sk_event_lost(event, &lost))
		return;
	seen.notes++;
	seen.early += lost.first > event->ts || lost.last < lost.first;
	/* Some event before this one should have said it. */
	seen.late += seen.last >= lost.first;
	for (int i = 0; i < SK_EVENT_CLASS_COUNT; i++)
		seen.told.counts[i] += lost.counts[i];
}

static int look_at(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct sk_event event;
	int64_t result;

	(void)context, (void)cpu;
	if (sk_event_decode(bytes, size, &event, NULL) < 0) {
		seen.damaged++;
		return 0;
	}
	seen.events++;
	note_loss(&event);
	seen.backwards += event.ts < seen.last;
	seen.last = event.ts;
	switch (event.type) {
	case SK_EVENT_SYSCALL_CLONE_20_X:
	case SK_EVENT_SYSCALL_CLONE3_X:
	case SK_EVENT_SYSCALL_FORK_20_X:
	case SK_EVENT_SYSCALL_VFORK_20_X:
		result = sk_event_signed(&event, 0, -1);
		if (result == 0)
			seen.courses[course_of(event.tid)].began = true;
		else if (result > 0)
			seen.courses[course_of(result)].forked = true;
		break;
	case SK_EVENT_SYSCALL_SETRESUID_X:
		seen.courses[course_of(event.tid)].changed = true;
		break;
	case SK_EVENT_SYSCALL_EXECVE_19_X:
		seen.courses[course_of(event.tid)].ran = true;
		break;
	case SK_EVENT_PROCEXIT_1_E:
		seen.courses[course_of(event.tid)].ended = true;
		seen.ended = seen.ended || event.tid == facts->root;
		break;
	}
	return 0;
}

/* --- cases -------------------------------------------------------------------- */

static void check_sums(const char *what, const struct sk_capture_stats *stats)
{
	for (int class = 0; class < SK_EVENT_CLASS_COUNT; class ++) {
		uint64_t lost = 0;

		for (int cause = 0; cause < SK_LOSS_COUNT; cause++)
			lost += stats->lost[cause][class];
		if (stats->produced[class] != stats->consumed[class] + lost)
			printf("# %s, %s: %llu produced, %llu consumed, %llu lost\n", what,
			       sk_event_classes[class].name, (unsigned long long)stats->produced[class],
			       (unsigned long long)stats->consumed[class], (unsigned long long)lost);
		CHECK_EQUAL(stats->produced[class], stats->consumed[class] + lost);
	}
}

/* A flood with these rings; the reader rests `rest_us` between its calls; if not at all, other events interrupt. */
static bool run_flood(struct sk_capture_options options, unsigned rest_us, struct sk_capture_stats *ret_stats)
{
	/* Events that interrupt others, and are built in the ring itself. */
	static const char *const interrupting[] = {"signal_deliver", "sched_switch", "page_fault_user",
						   "page_fault_kernel"};
	struct sk_capture_stats of_cpus = {0};
	struct sk_capture *capture;
	struct child child;
	uint64_t set[8] = {0};
	int64_t end = now_ms() + FLOOD_MS + PATIENCE_MS;

	facts = mmap(NULL, sizeof(*facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (facts == MAP_FAILED)
		abort();
	memset(&seen, 0, sizeof(seen));
	select_call(set, "open");
	for (size_t i = 0; rest_us == 0 && i < sizeof(interrupting) / sizeof(interrupting[0]); i++)
		select_call(set, interrupting[i]);
	child = start_child(do_everything);
	facts->root = child.pid;
	options.only_tree_of = child.pid;
	options.syscalls = set;
	options.syscall_words = 8;
	capture = open_capture(&options);
	if (!capture) {
		end_child(&child);
		munmap(facts, sizeof(*facts));
		return false;
	}
	let_go(&child);
	do {
		CHECK(sk_capture_poll(capture, 100, look_at, NULL) >= 0);
		if (rest_us > 0)
			usleep(rest_us);
	} while (!seen.ended && now_ms() < end);
	CHECK(seen.ended);
	waitpid(child.pid, NULL, 0);
	/* It is switched from once more when it is a zombie. */
	while (sk_capture_poll(capture, 200, look_at, NULL) > 0)
		;
	*ret_stats = sk_capture_stats(capture);
	for (size_t cpu = 0; cpu < CPUS_SHOWN; cpu++) {
		const struct sk_capture_stats stats = sk_capture_cpu_stats(capture, cpu);
		char name[16];

		snprintf(name, sizeof(name), "CPU %zu", cpu);
		check_sums(name, &stats);
		for (int class = 0; class < SK_EVENT_CLASS_COUNT; class ++) {
			of_cpus.produced[class] += stats.produced[class];
			of_cpus.consumed[class] += stats.consumed[class];
		}
	}
	if (sysconf(_SC_NPROCESSORS_CONF) <= CPUS_SHOWN)
		CHECK(memcmp(of_cpus.produced, ret_stats->produced, sizeof(of_cpus.produced)) == 0 &&
		      memcmp(of_cpus.consumed, ret_stats->consumed, sizeof(of_cpus.consumed)) == 0);
	check_sums("all", ret_stats);
	CHECK_EQUAL(sk_capture_sum(ret_stats->consumed), seen.events);
	CHECK_EQUAL(seen.damaged, 0);
	CHECK_EQUAL(seen.backwards, 0);
	CHECK_EQUAL(ret_stats->disordered, 0);
	CHECK_EQUAL(ret_stats->skipped, 0);
	sk_capture_close(capture);
	return true;
}

static void check_courses(void)
{
	CHECK_EQUAL(facts->courses, COURSES);
	for (int i = 0; i < facts->courses; i++) {
		int course = course_of(facts->pids[i]);

		CHECK(seen.courses[course].forked && seen.courses[course].began);
		CHECK(seen.courses[course].changed && seen.courses[course].ran && seen.courses[course].ended);
	}
}

static uint64_t lost_of(const struct sk_capture_stats *stats, enum sk_event_class class)
{
	uint64_t sum = 0;

	for (int cause = 0; cause < SK_LOSS_COUNT; cause++)
		sum += stats->lost[cause][class];
	return sum;
}

static void show(const struct sk_capture_stats *stats)
{
	printf("# %llu events, %llu opens lost of %llu, %llu notes of it\n",
	       (unsigned long long)sk_capture_sum(stats->produced),
	       (unsigned long long)lost_of(stats, SK_EVENT_CLASS_OPEN),
	       (unsigned long long)stats->produced[SK_EVENT_CLASS_OPEN], (unsigned long long)seen.notes);
}

static void flood_small(unsigned cpus_per_ring)
{
	const struct sk_capture_options options = {
		.ring_size = 16384, .lane_size = 1 << 20, .cpus_per_ring = cpus_per_ring};
	struct sk_capture_stats stats;

	if (!run_flood(options, 3000, &stats))
		return;
	show(&stats);
	CHECK(stats.lost[SK_LOSS_RING][SK_EVENT_CLASS_OPEN] > 1000);
	CHECK(stats.consumed[SK_EVENT_CLASS_OPEN] > 1000);
	CHECK_EQUAL(lost_of(&stats, SK_EVENT_CLASS_PROCESS), 0);
	CHECK_EQUAL(lost_of(&stats, SK_EVENT_CLASS_CREDENTIAL), 0);
	CHECK_EQUAL(lost_of(&stats, SK_EVENT_CLASS_MODULE), 0);
	CHECK(stats.consumed[SK_EVENT_CLASS_CREDENTIAL] >= COURSES);
	check_courses();
	CHECK(seen.notes > 0);
	CHECK_EQUAL(seen.early, 0);
	CHECK_EQUAL(seen.late, 0);
	for (int class = 0; class < SK_EVENT_CLASS_COUNT; class ++)
		CHECK_EQUAL(seen.told.counts[class], lost_of(&stats, class));
	munmap(facts, sizeof(*facts));
}

TEST(a_flood_loses_opens_but_nothing_of_processes)
{
	flood_small(0);
}

TEST(nor_where_each_cpu_has_a_ring)
{
	flood_small(1);
}

static void flood_large(unsigned cpus_per_ring)
{
	const struct sk_capture_options options = {.ring_size = 64 << 20, .cpus_per_ring = cpus_per_ring};
	struct sk_capture_stats stats;

	if (!run_flood(options, 0, &stats))
		return;
	show(&stats);
	check_courses();
	CHECK(stats.consumed[SK_EVENT_CLASS_OPEN] > 10000);
	CHECK(stats.consumed[SK_EVENT_CLASS_OTHER] > 1000);
	munmap(facts, sizeof(*facts));
}

TEST(times_never_go_back_with_a_ring_for_all)
{
	flood_large(1024);
}

TEST(times_never_go_back_with_a_ring_for_each)
{
	flood_large(1);
}

/* --- CPUs that come and go ------------------------------------------------------ */

static bool switch_cpu(int cpu, bool on)
{
	char path[64];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, on ? "1" : "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return done;
}

static void toggle_cpu(void)
{
	for (int i = 0; i < 12; i++) {
		usleep(200000);
		switch_cpu(1, true);
		usleep(200000);
		switch_cpu(1, false);
	}
	_exit(switch_cpu(1, true) ? 0 : 1);
}

TEST(cpus_may_come_and_go)
{
	const struct sk_capture_options options = {.ring_size = 64 << 20, .cpus_per_ring = 1};
	struct sk_capture_stats stats;
	int status = 1;
	pid_t toggler;

	if (!getenv("SK_HOTPLUG")) {
		SKIP("takes a CPU away from everybody: SK_HOTPLUG=1, as tests/machine/run does");
		return;
	}
	if (!switch_cpu(1, false)) {
		SKIP("CPU 1 cannot be switched off here");
		return;
	}
	toggler = fork();
	if (toggler == 0)
		toggle_cpu();
	/* The rings are made while it is off, and it writes to that of the other. */
	if (run_flood(options, 0, &stats)) {
		show(&stats);
		check_courses();
		munmap(facts, sizeof(*facts));
	}
	waitpid(toggler, &status, 0);
	CHECK_EQUAL(status, 0);
}

TEST_MAIN(RUN(a_flood_loses_opens_but_nothing_of_processes) RUN(nor_where_each_cpu_has_a_ring)
		  RUN(times_never_go_back_with_a_ring_for_all) RUN(times_never_go_back_with_a_ring_for_each)
			  RUN(cpus_may_come_and_go))
