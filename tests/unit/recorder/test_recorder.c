/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seconds around an alert: what is in a capture, what makes it longer, and
 * what memory, disk and limits do to it.  Events are closes of one process,
 * one a tenth of a second, each with a number of its own as its fd.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/recorder/recorder.h"
#include "runtime/scap/reader.h"
#include "tests/unit/state/event_builder.h"
#include "vm/support/alloc.h"

enum { STEP = SECOND / 10, PROCESS = 100, FILES = 16 };

static struct world world;
static struct sk_recorder *recorder;
static char folder[64];
static int64_t next_number;

static void begin(const struct sk_recorder_options *options)
{
	struct sk_recorder_options own = *options;
	struct sk_error error = {0};

	strcpy(folder, "/tmp/saker-recorder-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	own.directory = folder;
	next_number = 0;
	world_open(&world, NULL);
	if (sk_recorder_create(&own, &recorder, &error) < 0) {
		printf("# %s\n", error.message);
		abort();
	}
}

/* Also of a process that did something before, so that a capture must know it. */
static void begin_known(const struct sk_recorder_options *options)
{
	const struct sk_process_entry entry = {
		.tid = PROCESS, .pid = PROCESS, .ptid = 1, .comm = {"known", 5}, .exe = {"known", 5}};

	begin(options);
	world.sink.process(world.sink.context, &entry);
	world.sink.complete(world.sink.context);
}

static void keep(void)
{
	build(&world);
	sk_recorder_event(recorder, world.state, world.wire, world.wire_size, 0);
	process_wire(&world);
}

static void closes(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		event(&world, SK_EVENT_SYSCALL_CLOSE_X, PROCESS);
		world.now += STEP - 1000000;
		number(&world, 0, 0);
		number(&world, 1, next_number++);
		keep();
	}
}

/* Writes of 8000 bytes. */
static void writes(unsigned count)
{
	static char data[8000];

	for (unsigned i = 0; i < count; i++) {
		event(&world, SK_EVENT_SYSCALL_WRITE_X, PROCESS);
		number(&world, 0, sizeof(data));
		bytes(&world, 1, data, sizeof(data));
		keep();
	}
}

static struct sk_recorder_stats end(void)
{
	struct sk_recorder_stats stats;

	sk_recorder_destroy(recorder, &stats);
	world_close(&world);
	return stats;
}

/* --- what is in the folder ----------------------------------------------------- */

struct found {
	char name[256];
	mode_t mode;
	int64_t first, last; /* numbers of closes */
	unsigned events;
	bool whole; /* every number between them, and the process known */
};

struct reading {
	bool known;
};

static int see_process(void *context, const struct sk_process_entry *entry)
{
	struct reading *reading = context;

	if (entry->tid == PROCESS && entry->comm.length == 5)
		reading->known = true;
	return 0;
}

static void read_capture(const char *path, struct found *found)
{
	struct reading reading = {0};
	const struct sk_entry_sink sink = {.context = &reading, .process = see_process};
	struct sk_scap_reader *reader;
	struct sk_scap_event scap;
	struct sk_event decoded;
	struct sk_error error = {0};
	uint64_t last = 0;
	int result = sk_scap_reader_open(path, &sink, &reader, &error);

	found->first = found->last = -1;
	if (result < 0) {
		printf("# %s: %s\n", path, error.message);
		return;
	}
	found->whole = reading.known;
	while ((result = sk_scap_reader_next(reader, &scap, &error)) == 1) {
		CHECK_EQUAL(sk_event_decode(scap.bytes, scap.size, &decoded, NULL), 0);
		found->whole &= decoded.ts >= last;
		last = decoded.ts;
		if (decoded.type != SK_EVENT_SYSCALL_CLOSE_X)
			continue;
		found->events++;
		if (found->first < 0)
			found->first = sk_event_signed(&decoded, 1, -1);
		else
			found->whole &= sk_event_signed(&decoded, 1, -1) == found->last + 1;
		found->last = sk_event_signed(&decoded, 1, -1);
	}
	found->whole &= result == 0;
	sk_scap_reader_close(reader);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct found *)left)->name, ((const struct found *)right)->name);
}

/* All files, in order; they and the folder are removed. */
static unsigned take_files(struct found ret_files[FILES])
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	memset(ret_files, 0, FILES * sizeof(*ret_files));
	while ((entry = readdir(directory))) {
		struct found *found = &ret_files[count];
		char path[512];
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(found->name, sizeof(found->name), "%s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &status) == 0)
			found->mode = status.st_mode & 07777;
		read_capture(path, found);
		unlink(path);
		if (count < FILES - 1)
			count++;
	}
	closedir(directory);
	rmdir(folder);
	qsort(ret_files, count, sizeof(*ret_files), compare_names);
	return count;
}

static const struct sk_recorder_options two_and_one = {
	.before_ns = UINT64_C(2) * SECOND, .after_ns = SECOND, .memory = 8 << 20};

/* --- cases ------------------------------------------------------------------------ */

TEST(a_capture_has_the_seconds_before_and_after)
{
	struct found files[FILES];
	struct sk_recorder_stats stats;

	begin_known(&two_and_one);
	closes(100);
	sk_recorder_alert(recorder, "A rule: ../x", 0);
	closes(100);
	stats = end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK(files[0].whole);
	CHECK(files[0].first <= 99 - 20 && files[0].first >= 99 - 40);
	CHECK_EQUAL(files[0].last, 109);
	CHECK_EQUAL(files[0].mode, 0600);
	CHECK(strstr(files[0].name, "Z-A_rule_____x.scap") != NULL);
	CHECK_EQUAL(stats.files.complete, 1);
	CHECK_EQUAL(stats.alerts, 1);
	CHECK(stats.dumps >= 9);
}

TEST(a_rule_can_want_more_behind_it)
{
	struct found files[FILES];

	begin_known(&two_and_one);
	closes(30);
	sk_recorder_alert(recorder, "r", UINT64_C(3) * SECOND);
	closes(100);
	end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK_EQUAL(files[0].last, 59);
}

TEST(another_alert_makes_it_longer)
{
	struct found files[FILES];
	struct sk_recorder_stats stats;

	begin_known(&two_and_one);
	closes(30);
	for (unsigned i = 0; i < 10; i++) {
		sk_recorder_alert(recorder, "r", 0);
		closes(8);
	}
	closes(30);
	stats = end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK(files[0].whole);
	CHECK_EQUAL(files[0].last, 29 + 9 * 8 + 10);
	CHECK_EQUAL(stats.alerts, 10);
}

TEST(alerts_that_are_apart_have_captures_of_their_own)
{
	struct found files[FILES];

	begin_known(&two_and_one);
	for (unsigned i = 0; i < 3; i++) {
		closes(50);
		sk_recorder_alert(recorder, "r", 0);
	}
	closes(5);
	end();
	CHECK_EQUAL(take_files(files), 3);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(files[i].whole);
		CHECK(files[i].first <= 50 * (int)(i + 1) - 21 && files[i].last >= 50 * (int)(i + 1) - 1);
	}
	CHECK_EQUAL(files[2].last, 154);
}

TEST(an_early_alert_has_what_there_was)
{
	struct found files[FILES];

	begin_known(&two_and_one);
	closes(3);
	sk_recorder_alert(recorder, "r", 0);
	end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK(files[0].whole && files[0].first == 0 && files[0].last == 2);
}

TEST(a_quiet_host_does_not_keep_a_file_open)
{
	struct found files[FILES];

	begin_known(&two_and_one);
	closes(3);
	sk_recorder_alert(recorder, "r", 0);
	sk_recorder_tick(recorder, world.now + UINT64_C(3) * SECOND);
	closes(1); /* within its second, if it were still open */
	end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK_EQUAL(files[0].last, 2);
}

TEST(what_is_kept_stays_within_its_memory)
{
	struct sk_recorder_options options = two_and_one;
	struct found files[FILES];
	struct sk_recorder_stats stats;

	options.memory = 3 << 20;
	begin_known(&options);
	for (unsigned i = 0; i < 40; i++) {
		writes(100);
		closes(1);
		if (i % 10 == 9)
			sk_recorder_alert(recorder, "r", 0);
	}
	stats = end();
	CHECK(stats.memory <= options.memory);
	CHECK(stats.shortened > 0);
	CHECK_EQUAL(stats.files.failed, 0);
	CHECK_EQUAL(stats.alerts + stats.alerts_missed, 4);
	CHECK(stats.alerts > 0);
	CHECK(take_files(files) >= 1);
	for (unsigned i = 0; files[i].name[0]; i++)
		CHECK(files[i].whole);
}

TEST(a_memory_that_nothing_fits_into_is_told)
{
	struct sk_recorder_options options = two_and_one;
	struct found files[FILES];
	struct sk_recorder_stats stats;

	options.memory = 1000;
	begin_known(&options);
	writes(200);
	sk_recorder_alert(recorder, "r", 0);
	closes(30);
	stats = end();
	CHECK_EQUAL(stats.alerts_missed, 1);
	CHECK(stats.events_missed > 0);
	CHECK(stats.dumps < 10);
	CHECK_EQUAL(take_files(files), 0);
}

TEST(a_file_has_a_size_limit)
{
	struct sk_recorder_options options = two_and_one;
	struct found files[FILES];
	struct sk_recorder_stats stats;

	options.file_size = 1 << 20;
	begin_known(&options);
	closes(10);
	sk_recorder_alert(recorder, "r", 0);
	writes(500);
	stats = end();
	CHECK_EQUAL(stats.cut, 1);
	CHECK_EQUAL(take_files(files), 1);
	CHECK(files[0].whole && files[0].first == 0 && files[0].last == 9);
}

TEST(no_more_files_than_wanted)
{
	struct sk_recorder_options options = two_and_one;
	struct found files[FILES];
	struct sk_recorder_stats stats;

	options.files = 2;
	begin_known(&options);
	for (unsigned i = 0; i < 5; i++) {
		closes(50);
		sk_recorder_alert(recorder, "r", 0);
	}
	stats = end();
	CHECK_EQUAL(take_files(files), 2);
	CHECK_EQUAL(stats.alerts_missed, 3);
}

TEST(compressed_captures_are_read_too)
{
	struct sk_recorder_options options = two_and_one;
	struct found files[FILES];

	options.compress = true;
	begin_known(&options);
	closes(50);
	sk_recorder_alert(recorder, "r", 0);
	closes(50);
	end();
	CHECK_EQUAL(take_files(files), 1);
	CHECK(files[0].whole && files[0].last == 59);
	CHECK(strstr(files[0].name, ".scap.gz") != NULL);
}

TEST(a_file_that_is_there_is_not_replaced)
{
	struct found files[FILES];
	struct sk_recorder_stats stats;
	char path[512];

	begin_known(&two_and_one);
	closes(1);
	sk_recorder_alert(recorder, "r", 0);
	end();
	CHECK_EQUAL(take_files(files), 1);
	begin_known(&two_and_one);
	snprintf(path, sizeof(path), "%s/%s", folder, files[0].name);
	if (symlink("/tmp/saker-recorder-nowhere", path) < 0)
		abort();
	closes(1);
	sk_recorder_alert(recorder, "r", 0);
	stats = end();
	CHECK_EQUAL(stats.files.failed, 1);
	CHECK(strstr(stats.files.failure.message, "File exists") != NULL);
	CHECK(access("/tmp/saker-recorder-nowhere", F_OK) < 0);
	/* What there was of the other is gone. */
	CHECK_EQUAL(take_files(files), 1);
}

TEST(a_folder_that_goes_away_is_told)
{
	struct found files[FILES];
	struct sk_recorder_stats stats;

	begin_known(&two_and_one);
	rmdir(folder);
	closes(1);
	sk_recorder_alert(recorder, "r", 0);
	stats = end();
	CHECK_EQUAL(stats.files.failed, 1);
	CHECK_EQUAL(stats.files.complete, 0);
	if (mkdir(folder, 0700) == 0)
		CHECK_EQUAL(take_files(files), 0);
}

TEST(a_folder_that_is_not_there_is_refused)
{
	struct sk_recorder_options options = {.directory = "/tmp/saker-recorder-nowhere"};
	struct sk_error error = {0};

	CHECK_EQUAL(sk_recorder_create(&options, &recorder, &error), -ENOENT);
	CHECK(strstr(error.message, "/tmp/saker-recorder-nowhere") != NULL);
}

TEST(without_memory_events_are_missed_and_nothing_breaks)
{
	struct found files[FILES];

	for (size_t n = 0; n < 60; n++) {
		begin_known(&two_and_one);
		closes(10);
		sk_alloc_fail_after(n);
		closes(25);
		sk_recorder_alert(recorder, "r", 0);
		closes(25);
		sk_alloc_fail_after(SIZE_MAX);
		closes(30);
		end();
		take_files(files);
		for (unsigned i = 0; files[i].name[0]; i++)
			CHECK(files[i].whole);
	}
}

TEST_MAIN(RUN(a_capture_has_the_seconds_before_and_after) RUN(a_rule_can_want_more_behind_it) RUN(
	another_alert_makes_it_longer) RUN(alerts_that_are_apart_have_captures_of_their_own)
		  RUN(an_early_alert_has_what_there_was) RUN(a_quiet_host_does_not_keep_a_file_open) RUN(
			  what_is_kept_stays_within_its_memory) RUN(a_memory_that_nothing_fits_into_is_told)
			  RUN(a_file_has_a_size_limit) RUN(no_more_files_than_wanted)
				  RUN(compressed_captures_are_read_too) RUN(a_file_that_is_there_is_not_replaced)
					  RUN(a_folder_that_goes_away_is_told)
						  RUN(a_folder_that_is_not_there_is_refused)
							  RUN(without_memory_events_are_missed_and_nothing_breaks))
