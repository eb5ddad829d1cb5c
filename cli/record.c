/* SPDX-License-Identifier: Apache-2.0 */
/* saker record: what one command or the whole host does, as captures. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/deadline.h"
#include "cli/filter.h"
#include "cli/loss.h"
#include "cli/record/neutral.h"
#include "cli/series.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "runtime/capture/capture.h"
#include "runtime/scap/writer.h"
#include "vm/notes.h"

enum {
	POLL_MS = 50,
	OPTION_NEUTRAL = 3000,
	OPTION_SECONDS,
	OPTION_SIZE,
	OPTION_ONLY,
	OPTION_SIGNALS,
	SECONDS_LIMIT = 7 * 24 * 3600,
	SNAP_LIMIT = 65535,
	FILES_LIMIT = 1000000,
	MEGABYTE = 1000 * 1000,
	MEGABYTES_LIMIT = 1000 * 1000 * 1000,
};

struct recording {
	struct sk_series_options where;
	struct sk_series series;
	struct sk_filter filter; /* its sensor knows what a new file begins with */
	struct sk_neutral neutral;
	struct sk_inquirer *inquirer;
	const char *condition;
	struct sk_error error;
	struct sk_capture_options capture;
	struct sk_rings_sizes rings;
	uint64_t events;                /* that are seen by who reads the capture */
	uint64_t count, seconds, bytes; /* limits; 0: none */
	pid_t command;                  /* 0: the whole host */
	bool is_neutral;
	bool only_matching; /* what is only there to keep the state right is left out */
	bool signals;       /* that are delivered are events too */
};

/* The command waits for a byte before it execs; EOF means "never mind". */
struct command {
	pid_t pid;
	int go;
};

static int start_stopped(char **argv, struct command *ret_command)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		char byte;

		close(ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			_exit(0);
		execvp(argv[0], argv);
		fprintf(stderr, "saker: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[0]);
	*ret_command = (struct command){.pid = pid, .go = ends[1]};
	return 0;
}

/* What is known now, at the beginning of a file. */
static int write_entries(struct recording *recording)
{
	struct sk_entry_sink sink = sk_scap_writer_sink(recording->series.writer);

	if (recording->is_neutral) {
		recording->neutral.to = sink;
		sink = sk_neutral_sink(&recording->neutral);
	}
	return sk_state_dump(sk_sensor_state(recording->filter.sensor), &sink);
}

/* What runs already. */
static int read_processes(struct recording *recording)
{
	const struct sk_entry_sink sink = sk_sensor_sink(recording->filter.sensor);

	return sk_proc_scan(recording->command, &sink, &recording->error);
}

/* --- events ---------------------------------------------------------------- */

static bool limit_is_reached(const struct recording *recording)
{
	return (recording->count && recording->events >= recording->count) ||
	       (recording->bytes && sk_series_size(&recording->series) >= recording->bytes);
}

/* Goes on to the next file; -ECANCELED if that was the last one. */
static int next_file(struct recording *recording)
{
	int result = sk_series_next(&recording->series, &recording->error);

	if (result <= 0)
		return result < 0 ? result : -ECANCELED;
	return write_entries(recording);
}

static int write_visible(struct recording *recording, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	int result = sk_scap_writer_event(recording->series.writer, bytes, size, cpu, &recording->error);

	if (result < 0)
		return result;
	recording->events++;
	recording->series.events++;
	return limit_is_reached(recording) ? -ECANCELED : 0;
}

/* What is only there for the state does not make a file one that is worth keeping. */
static int write_hidden(struct recording *recording, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	return sk_scap_writer_state_event(recording->series.writer, bytes, size, cpu, &recording->error);
}

static int write_event(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct recording *recording = context;
	const struct sk_thread *thread;
	struct sk_event event;
	struct sk_lost lost;
	int result = 0;
	bool visible, own;

	if (sk_event_decode(bytes, size, &event, &recording->error) < 0)
		return -EINVAL;
	/* A file begins with what is known before its first event. */
	if (sk_series_is_due(&recording->series))
		result = next_file(recording);
	if (result < 0)
		return result;
	visible = sk_filter_passes(&recording->filter, bytes, size, cpu, false);
	/* What saker does to write would be written, and so on. */
	thread = sk_sensor_view(recording->filter.sensor)->thread;
	own = !recording->command && thread && thread->pid == getpid();
	if (visible && !own)
		return write_visible(recording, bytes, size, cpu);
	if (!own && !recording->only_matching && event.info->flags & SK_EVENT_FLAG_MODIFIES_STATE)
		return write_hidden(recording, bytes, size, cpu);
	/* Whoever is left out, what was lost before it is told. */
	return sk_event_lost(&event, &lost) ? write_hidden(recording, bytes, size, cpu) : 0;
}

/* What a state asks for while events come would be missing in a replay. */
static void write_learned(void *context, const uint8_t *bytes, size_t size)
{
	struct recording *recording = context;

	if (recording->series.writer && !recording->is_neutral)
		sk_scap_writer_event(recording->series.writer, bytes, size, 0, NULL);
}

/* Until the command has ended and everything it did is read, or a limit or a signal ends it. */
static int follow(struct sk_capture *capture, struct recording *recording)
{
	const int64_t deadline = sk_deadline_after(recording->seconds);
	bool ended = false;
	int result, status;

	for (;;) {
		if (recording->inquirer)
			sk_inquirer_deliver(recording->inquirer, sk_watch_event_time(recording->filter.sensor),
					    write_event, recording);
		result = sk_capture_poll(capture, ended ? 0 : POLL_MS, write_event, recording);
		if (result == -ECANCELED)
			return 0;
		if (result < 0 && result != -EINTR)
			return result;
		if ((ended && result == 0) || sk_signals_stop() || sk_deadline_wait(deadline) == 0)
			return 0;
		if (!ended && recording->command &&
		    waitpid(recording->command, &status, WNOHANG) == recording->command)
			ended = true;
	}
}

static void summarise(const struct recording *recording, const struct sk_capture_stats *stats)
{
	fprintf(stderr, "saker: %" PRIu64 " events, %" PRIu64 " bytes", recording->events,
		sk_series_size(&recording->series));
	if (recording->series.opened > 1)
		fprintf(stderr, " in %" PRIu64 " files", recording->series.opened);
	sk_loss_print(stderr, stats);
	fputc('\n', stderr);
}

static int record(struct recording *recording, char **argv)
{
	struct sk_capture *capture;
	struct sk_capture_stats stats;
	struct command command = {.pid = -1, .go = -1};
	int result = 0;

	if (argv[0]) {
		result = start_stopped(argv, &command);
		if (result < 0)
			return sk_fail(SK_EXIT_REFUSED, "cannot start a process: %s", strerror(-result));
		recording->command = command.pid;
		recording->capture.only_tree_of = command.pid;
	}
	sk_rings_apply(&recording->rings, &recording->capture);
	if (sk_capture_open(&recording->capture, &capture, &recording->error) < 0) {
		if (argv[0]) {
			close(command.go);
			waitpid(command.pid, NULL, 0);
		}
		return sk_fail(SK_EXIT_REFUSED, "%s", recording->error.message);
	}
	result = read_processes(recording);
	if (result == 0)
		result = write_entries(recording);
	recording->neutral.started = true;
	if (argv[0]) {
		if (result == 0 && write(command.go, "", 1) != 1)
			result = sk_error_set(&recording->error, -errno, "the command ended before it began");
		close(command.go);
	} else if (result == 0) {
		fputs("saker: recording this host\n", stderr);
	}
	if (result == 0)
		result = follow(capture, recording);
	stats = sk_capture_stats(capture);
	sk_capture_close(capture);
	if (result < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s",
			       recording->error.message[0] ? recording->error.message : strerror(-result));
	summarise(recording, &stats);
	return SK_EXIT_OK;
}

static void take_option(struct recording *recording, struct sk_command_line *line, int id)
{
	switch (id) {
	case 'o':
		recording->where.path = line->value;
		break;
	case 'z':
		recording->where.compress = true;
		break;
	case 'f':
		recording->condition = line->value;
		break;
	case 'n':
		recording->count = sk_command_line_number(line, "-n", 1, UINT64_MAX);
		break;
	case 's':
		recording->capture.snap_length = (uint32_t)sk_command_line_number(line, "--snaplen", 1, SNAP_LIMIT);
		break;
	case 'C':
		recording->where.bytes = MEGABYTE * sk_command_line_number(line, "-C", 1, MEGABYTES_LIMIT);
		break;
	case 'G':
		recording->where.seconds = sk_command_line_number(line, "-G", 1, SECONDS_LIMIT);
		break;
	case 'W':
		recording->where.files = sk_command_line_number(line, "-W", 1, FILES_LIMIT);
		break;
	case OPTION_NEUTRAL:
		recording->is_neutral = true;
		break;
	case OPTION_SECONDS:
		recording->seconds = sk_command_line_number(line, "--seconds", 1, SECONDS_LIMIT);
		break;
	case OPTION_SIZE:
		recording->bytes = MEGABYTE * sk_command_line_number(line, "--size", 1, MEGABYTES_LIMIT);
		break;
	case OPTION_ONLY:
		recording->only_matching = true;
		break;
	case OPTION_SIGNALS:
		recording->signals = true;
		break;
	default:
		sk_rings_take_option(&recording->rings, line, id);
		break;
	}
}

/* An enum sk_exit. */
static int check_options(const struct recording *recording, const struct sk_command_line *line)
{
	if (!recording->where.path)
		return sk_command_usage(line, "no output given: -o FILE.scap");
	if (recording->where.files && !recording->where.bytes && !recording->where.seconds)
		return sk_command_usage(line, "-W limits the files of -C or -G");
	if (recording->where.path[0] == '-' && !recording->where.path[1] &&
	    (recording->where.bytes || recording->where.seconds))
		return sk_command_usage(line, "standard output is one file: -C and -G need a name");
	if (recording->only_matching && !recording->condition)
		return sk_command_usage(line, "--only-matching needs a filter (-f)");
	if (recording->is_neutral && line->argc == 0)
		return sk_command_usage(line, "--neutral is for a command: a host's processes tell what it is");
	return SK_EXIT_OK;
}

/* Records with a filter whose state asks whom it may ask. */
static int start(struct recording *recording, struct sk_command_line *line)
{
	const struct sk_state_source source = sk_watch_source_asking(recording->inquirer);
	const struct sk_state_options state = {
		.source = &source, .own_pid = getpid(), .learned = write_learned, .learned_context = recording};
	int status = sk_filter_create(&recording->filter, recording->condition, NULL, &state);

	if (status != SK_EXIT_OK)
		return status;
	if (recording->signals)
		sk_filter_add_call(&recording->filter, "signal_deliver");
	recording->capture.syscalls = recording->filter.syscalls;
	recording->capture.syscall_words =
		sizeof(recording->filter.syscalls) / sizeof(recording->filter.syscalls[0]);
	if (sk_series_open(&recording->series, &recording->where, &recording->error) < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", recording->where.path, recording->error.message);
	sk_signals_catch();
	status = record(recording, line->argv);
	if (sk_series_close(&recording->series, &recording->error) < 0 && status == SK_EXIT_OK)
		status = sk_fail(SK_EXIT_OUTPUT, "%s: %s", recording->where.path, recording->error.message);
	if (status != SK_EXIT_OK && recording->events == 0 && !recording->where.bytes && !recording->where.seconds)
		unlink(recording->where.path);
	return status;
}

static int run(struct sk_command_line *line)
{
	struct sk_watch_runtimes runtimes = {0};
	struct recording recording = {0};
	int id, status;

	while ((id = sk_command_line_next(line)) != -1) {
		if (!sk_watch_take_option(&runtimes, line, id))
			take_option(&recording, line, id);
	}
	if (line->failed)
		return SK_EXIT_USAGE;
	status = check_options(&recording, line);
	if (status != SK_EXIT_OK)
		return status;
	/* Nobody is asked what a neutral capture is not to tell, users of containers neither. */
	status = recording.is_neutral ? SK_EXIT_OK : sk_watch_start_inquirer(&runtimes, &recording.inquirer);
	if (status == SK_EXIT_OK)
		status = start(&recording, line);
	sk_filter_release(&recording.filter);
	sk_inquirer_stop(recording.inquirer);
	return status;
}

const struct sk_command sk_command_record = {
	.name = "record",
	.arguments = "-o FILE.scap [OPTION]... [-- COMMAND [ARGUMENT]...]",
	.summary = "record what a command or the whole host does, as a capture",
	.description =
		"Runs COMMAND and writes its system calls and those of its descendants, and no others, as a "
		"capture that "
		"`saker read`, `saker replay`, sysdig and Falco read; without COMMAND those of the whole host but "
		"saker's "
		"own. Needs what `saker run` needs. The capture ends when COMMAND ends, at a limit, or at SIGINT "
		"or "
		"SIGTERM; a COMMAND that is not done then runs on.\n\n"
		"With -f only events for which the condition holds are recorded. Those of others that processes "
		"and fds "
		"follow from are kept with a mark, which makes readers take them into account and not show them; "
		"--only-matching leaves them out, then readers know less of what is shown.\n\n"
		"With -C or -G the capture goes to FILE.scap0, FILE.scap1 and so on. Each can be read by itself: "
		"it begins with "
		"everything that is known when it was opened, as the events before it have it: processes, fds, "
		"users, "
		"containers, and what no other reader has use for in a block that they pass over, so that rules "
		"match in it "
		"what they would match in one long capture. A file that no event came for is removed.\n\n"
		"Fds that are open when a file begins and of a kind that sysdig 0.29 does not know (bpf, "
		"userfaultfd, "
		"io_uring, memfd, pidfd) are unsupported ones for other readers, or it would not open the file.\n\n"
		"Without -f neither delivered signals nor switches between threads nor page faults are recorded, "
		"because "
		"there are so many; --signals adds the first, and a condition such as `evt.type = signaldeliver`, "
		"which rules most "
		"types out, gets what it names.\n\n"
		"Docker and podman are asked about containers as by `saker run`; what they answer is recorded.\n\n"
		"Sizes count before compression. The format knows gzip and no zstd.",
	.options =
		(const struct sk_option[]){
			{'o', "output", "FILE.scap", "the capture to write; - is standard output"},
			{'z', "gzip", NULL, "compress it"},
			{'f', "filter", "CONDITION", "record only events for which it holds, as in `saker read`"},
			{OPTION_ONLY, "only-matching", NULL, "keep no others, not even for the state"},
			{OPTION_SIGNALS, "signals", NULL, "record signals that are delivered, too"},
			SK_WATCH_OPTIONS,
			{'s', "snaplen", "BYTES", "bytes of data kept of each read or write; default 80"},
			{'n', "count", "N", "end after N events"},
			{OPTION_SECONDS, "seconds", "N", "end after N seconds"},
			{OPTION_SIZE, "size", "MB", "end after so many million bytes"},
			{'C', "file-size", "MB", "go on to a new file after so many million bytes"},
			{'G', "file-seconds", "N", "go on to a new file after N seconds"},
			{'W', "files", "N",
			 "with -C: use N files in turn, the oldest is overwritten; with -G alone: end after N "
			 "files"},
			SK_RINGS_OPTIONS(""),
			{OPTION_NEUTRAL, "neutral", NULL,
			 "leave out what tells of this machine: its name, its interfaces but the loopback, its "
			 "users but root "
			 "and nobody"},
			{0},
		},
	.example = "  saker record -o cat.scap -- cat /etc/hostname\n"
		   "  saker record -o ring.scap -z -C 100 -W 10\n"
		   "  saker record -o net.scap --seconds 60 -f 'evt.type in (connect, accept4)'\n",
	.run = run,
};
