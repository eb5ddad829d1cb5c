/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts around a flood that a small ring cannot hold: those before it rest on
 * everything, those in its window say what was lost, and so does an fd that
 * was known before and may be another file since.  A recording says the same.
 *
 *   root ─ open KNOWN ─ read ─ true ─┬─ flooder on each CPU ... ─┬─ read ─ true
 *                                    └─ true, true, true ...     ┘
 */
#include <sys/mman.h>

#include "runtime/sensor.h"
#include "runtime/scap/reader.h"
#include "runtime/scap/writer.h"
#include "tests/live/flood.h"
#include "tests/live/live.h"
#include "tests/unit/compiler/fixture.h"
#include "vm/notes.h"

enum { COURSES = 20, FLOOD_MS = 5000, PATIENCE_MS = 60000, ALERTS = 4096, READS = 64 };

static const char known[] = "/etc/hostname";

/* --- what the tree does ---------------------------------------------------- */

static struct {
	int over;
} * facts;

static void open_and_close(void)
{
	close(open("/dev/null", O_RDONLY));
}

static void run_true(void)
{
	char *const arguments[] = {(char *)"true", NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execve("/bin/true", arguments, arguments + 1);
		_exit(2);
	}
	waitpid(pid, NULL, 0);
}

/* More than once: a flood may push such an event out. */
static void read_known(int fd, int times)
{
	char byte;

	for (int i = 0; i < times; i++)
		if (pread(fd, &byte, 1, 0) < 0)
			_exit(3);
}

static void do_everything(void)
{
	int fd = open(known, O_RDONLY);
	struct flood flood;

	read_known(fd, 1);
	run_true();
	start_flood(&flood, open_and_close, &facts->over, FLOOD_MS);
	for (int i = 0; i < COURSES; i++) {
		usleep(20000);
		run_true();
	}
	end_flood(&flood);
	/* What is still in the rings may be more than they hold. */
	usleep(500000);
	read_known(fd, READS);
	run_true();
	_exit(0);
}

/* --- what is said of it -------------------------------------------------------- */

struct alert {
	uint64_t ts;
	uint32_t rule;
	char evidence[256];
};

struct watcher {
	struct sk_sensor *sensor;
	struct sk_scap_writer *writer; /* NULL: nothing is written */
	struct alert *alerts;
	int count;
	int64_t root;
	bool ended;
	uint64_t lost_first, lost_closes; /* 0: nothing was */
};

static void take_alert(struct watcher *watcher, uint32_t rule, uint64_t ts)
{
	struct alert *alert = &watcher->alerts[watcher->count];
	struct sk_buffer line = {0};
	const char *begin;

	if (watcher->count == ALERTS)
		return;
	sk_sensor_format(watcher->sensor, rule, &line);
	begin = line.bytes ? strrchr(line.bytes, '=') : NULL;
	*alert = (struct alert){.ts = ts, .rule = rule};
	snprintf(alert->evidence, sizeof(alert->evidence), "%.*s", begin ? (int)strcspn(begin + 1, "\n") : 0,
		 begin ? begin + 1 : "");
	sk_buffer_release(&line);
	watcher->count++;
}

static int watch(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct watcher *watcher = context;
	const struct sk_event *event;
	struct sk_error error = {0};
	struct sk_lost lost;
	const uint32_t *rules;
	uint32_t count;

	if (watcher->writer && sk_scap_writer_event(watcher->writer, bytes, size, cpu, &error) < 0)
		printf("# not written: %s\n", error.message);
	count = sk_sensor_apply(watcher->sensor, bytes, size, cpu, false)
			? sk_sensor_evaluate(watcher->sensor, &rules)
			: 0;
	event = &sk_sensor_view(watcher->sensor)->event;
	if (sk_event_lost(event, &lost)) {
		if (!watcher->lost_first)
			watcher->lost_first = lost.first;
		watcher->lost_closes += lost.counts[SK_EVENT_CLASS_CLOSE];
	}
	for (uint32_t i = 0; i < count; i++)
		take_alert(watcher, rules[i], event->ts);
	watcher->ended = watcher->ended || (event->type == SK_EVENT_PROCEXIT_1_E && event->tid == watcher->root);
	return 0;
}

static struct sk_sensor *open_sensor(struct fixture *fixture, struct sk_outputs *outputs)
{
	const struct sk_sensor_options options = {.bundle = &fixture->bundle,
						  .state = {.own_pid = -1},
						  .match_all = true,
						  .priority = 7,
						  .outputs = outputs};
	struct sk_error error = {.message = ""};
	struct sk_sensor *sensor = NULL;

	CHECK_EQUAL(sk_sensor_create(&options, &sensor, &error), 0);
	return sensor;
}

enum { RULE_PROGRAM, RULE_FILE };

static void open_rules(struct fixture *fixture)
{
	fixture_begin(fixture);
	fixture_rule(fixture, "program", "evt.type = execve and proc.name = true",
		     "%proc.exepath =%saker.evidence");
	fixture_rule(fixture, "file", "evt.type = pread and fd.name = /etc/hostname", "x =%saker.evidence");
	CHECK_EQUAL(fixture_open(fixture), 0);
	if (!fixture->bundle.bytes)
		fixture_print(fixture);
}

/* The same events from the bytes of a recording. */
static void replay(const struct sk_buffer *recording, struct watcher *watcher)
{
	const struct sk_entry_sink sink = sk_sensor_sink(watcher->sensor);
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};
	int result;

	CHECK_EQUAL(sk_scap_reader_open_memory(recording->bytes, recording->length, &sink, &reader, &error), 0);
	while ((result = sk_scap_reader_next(reader, &event, &error)) > 0)
		watch(watcher, event.bytes, event.size, event.cpu);
	CHECK_EQUAL(result, 0);
	sk_scap_reader_close(reader);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void check_alerts(const struct watcher *watcher)
{
	int before = 0, within = 0, doubtful = 0, shown = 0;

	for (int i = 0; i < watcher->count; i++) {
		const struct alert *alert = &watcher->alerts[i];
		const char *text = alert->evidence;
		bool good;

		if (alert->ts < watcher->lost_first) {
			before++;
			good = strcmp(text, "complete") == 0;
		} else {
			within++;
			good = begins(text, "lost: ") && strstr(text, " event");
			if (alert->rule == RULE_FILE && strstr(text, "doubtful: fd.name ("))
				doubtful++;
		}
		if (!good && shown++ < 10)
			printf("# %s: %s\n", alert->ts < watcher->lost_first ? "before" : "within", text);
		CHECK(good);
	}
	printf("# %d alerts before, %d within, %d of an fd in doubt; the last: %s\n", before, within, doubtful,
	       watcher->count ? watcher->alerts[watcher->count - 1].evidence : "");
	CHECK(before >= 2);
	CHECK(within >= COURSES / 2);
	CHECK(watcher->lost_closes == 0 || doubtful > 0);
}

static void check_same(const struct watcher *live, const struct watcher *replayed)
{
	CHECK_EQUAL(live->count, replayed->count);
	for (int i = 0; i < live->count && i < replayed->count; i++) {
		CHECK_EQUAL(live->alerts[i].ts, replayed->alerts[i].ts);
		CHECK_TEXT(replayed->alerts[i].evidence, live->alerts[i].evidence);
	}
}

TEST(alerts_in_a_loss_window_say_so_live_and_from_a_recording)
{
	struct sk_capture_options options = {.ring_size = 16384, .lane_size = 1 << 20};
	struct watcher live = {0}, replayed = {0};
	struct sk_buffer recording = {0};
	struct sk_entry_sink sink;
	struct sk_error error = {0};
	struct sk_outputs outputs;
	struct sk_capture *capture;
	struct fixture fixture;
	struct child child;
	uint64_t set[8] = {0};
	int64_t end;

	facts = mmap(NULL, sizeof(*facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (facts == MAP_FAILED)
		abort();
	select_call(set, "open");
	select_call(set, "openat");
	select_call(set, "pread64");
	child = start_child(do_everything);
	options.only_tree_of = child.pid;
	options.syscalls = set;
	options.syscall_words = 8;
	capture = open_capture(&options);
	if (!capture) {
		end_child(&child);
		munmap(facts, sizeof(*facts));
		return;
	}
	open_rules(&fixture);
	sk_outputs_init(&outputs, true);
	live.alerts = calloc(ALERTS, sizeof(*live.alerts));
	replayed.alerts = calloc(ALERTS, sizeof(*replayed.alerts));
	live.root = replayed.root = child.pid;
	live.sensor = open_sensor(&fixture, &outputs);
	replayed.sensor = open_sensor(&fixture, &outputs);
	CHECK_EQUAL(sk_scap_writer_open_memory(&recording, &live.writer, &error), 0);
	sink = sk_sensor_sink(live.sensor);
	CHECK_EQUAL(sk_proc_scan(child.pid, &sink, &error), 0);
	sink = sk_scap_writer_sink(live.writer);
	CHECK_EQUAL(sk_proc_scan(child.pid, &sink, &error), 0);
	let_go(&child);
	/* Its twenty programs may take long beside the flood where processors are emulated. */
	end = now_ms() + FLOOD_MS + PATIENCE_MS;
	do {
		CHECK(sk_capture_poll(capture, 100, watch, &live) >= 0);
		usleep(3000);
	} while (!live.ended && now_ms() < end);
	CHECK(live.ended);
	waitpid(child.pid, NULL, 0);
	sk_capture_close(capture);
	CHECK_EQUAL(sk_scap_writer_close(live.writer, &error), 0);
	CHECK(live.lost_first > 0);
	check_alerts(&live);
	replay(&recording, &replayed);
	check_same(&live, &replayed);
	sk_sensor_destroy(live.sensor);
	sk_sensor_destroy(replayed.sensor);
	sk_outputs_release(&outputs);
	sk_buffer_release(&recording);
	sk_bundle_close(&fixture.bundle);
	fixture_end(&fixture);
	free(live.alerts);
	free(replayed.alerts);
	munmap(facts, sizeof(*facts));
}

TEST_MAIN(RUN(alerts_in_a_loss_window_say_so_live_and_from_a_recording))
