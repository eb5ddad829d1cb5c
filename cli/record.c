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
#include "cli/series.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "runtime/capture/capture.h"
#include "runtime/scap/writer.h"

enum {
	POLL_MS = 50,
	OPTION_NEUTRAL = 3000,
	OPTION_SECONDS,
	OPTION_SIZE,
	OPTION_RING,
	OPTION_ONLY,
	SECONDS_LIMIT = 7 * 24 * 3600,
	SNAP_LIMIT = 65535,
	FILES_LIMIT = 1000000,
	MEGABYTE = 1000 * 1000,
	MEGABYTES_LIMIT = 1000 * 1000 * 1000,
};

struct recording {
	struct sk_series_options where;
	struct sk_series series;
	struct sk_entry_sink file;  /* the writer's own sink */
	struct sk_entry_sink state; /* the filter's */
	struct sk_filter filter;
	const char *condition;
	struct sk_error error;
	struct sk_capture_options capture;
	uint64_t events;                /* that are seen by who reads the capture */
	uint64_t count, seconds, bytes; /* limits; 0: none */
	pid_t command;                  /* 0: the whole host */
	bool neutral, started;
	bool only_matching; /* what is only there to keep the state right is left out */
	bool filters;
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

/* --- entries: to the file, and before the first event to the filter's state too --------- */

#define GIVE(kind)                                                                                                 \
	static int give_##kind(struct recording *recording, const struct sk_##kind##_entry *entry)                 \
	{                                                                                                          \
		int result = recording->file.kind(recording->file.context, entry);                                 \
                                                                                                                   \
		return result < 0 || !recording->state.kind                                                        \
			       ? result                                                                            \
			       : recording->state.kind(recording->state.context, entry);                           \
	}
GIVE(machine)
GIVE(interface)
GIVE(user)
GIVE(group)
GIVE(process)
#undef GIVE

static int write_machine(void *context, const struct sk_machine_entry *entry)
{
	struct recording *recording = context;
	struct sk_machine_entry machine = *entry;

	if (recording->neutral) {
		memset(machine.hostname, 0, sizeof(machine.hostname));
		strcpy(machine.hostname, "host");
	}
	return give_machine(recording, &machine);
}

static int write_interface(void *context, const struct sk_interface_entry *entry)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	struct recording *recording = context;
	bool loopback =
		entry->family_length == 4 ? entry->address[0] == 127 : memcmp(entry->address, loopback6, 16) == 0;

	if (recording->neutral && !loopback)
		return 0;
	return give_interface(recording, entry);
}

static int write_user(void *context, const struct sk_user_entry *entry)
{
	struct recording *recording = context;

	if (recording->neutral && entry->uid != 0 && entry->uid != 65534)
		return 0;
	return give_user(recording, entry);
}

static int write_group(void *context, const struct sk_group_entry *entry)
{
	struct recording *recording = context;

	if (recording->neutral && entry->gid != 0 && entry->gid != 65534)
		return 0;
	return give_group(recording, entry);
}

/*
 * Until it execs, the command is a copy of saker itself, with the arguments
 * and files of whoever records: nobody's business in a neutral capture.
 */
static struct sk_process_entry neutral_process(const struct sk_process_entry *entry)
{
	static const char name[] = "saker", root[] = "/";
	struct sk_process_entry process = *entry;

	process.exe = (struct sk_bytes){name, sizeof(name) - 1};
	process.exepath = (struct sk_bytes){name, sizeof(name) - 1};
	process.cwd = (struct sk_bytes){root, sizeof(root) - 1};
	process.args = (struct sk_bytes){0};
	process.env = (struct sk_bytes){0};
	return process;
}

static int write_process(void *context, const struct sk_process_entry *entry)
{
	struct recording *recording = context;
	struct sk_process_entry process;

	if (recording->neutral && !recording->started) {
		process = neutral_process(entry);
		entry = &process;
	}
	return give_process(recording, entry);
}

static int write_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	struct recording *recording = context;
	struct sk_fd_entry known = *entry;
	int result;

	if (recording->neutral && entry->fd > STDERR_FILENO)
		return 0;
	/* sysdig 0.29 refuses a whole capture for one fd of a kind that it does not know. */
	if (known.type > SK_FD_FILE_V2)
		known.type = SK_FD_UNSUPPORTED;
	result = recording->file.fd(recording->file.context, tid, &known);
	return result < 0 || !recording->state.fd ? result
						  : recording->state.fd(recording->state.context, tid, entry);
}

static int write_complete(void *context)
{
	struct recording *recording = context;
	int result = recording->file.complete(recording->file.context);

	return result < 0 || !recording->state.complete ? result
							: recording->state.complete(recording->state.context);
}

/* What runs now, at the beginning of a file. */
static int write_entries(struct recording *recording)
{
	const struct sk_entry_sink sink = {
		.context = recording,
		.machine = write_machine,
		.interface = write_interface,
		.user = write_user,
		.group = write_group,
		.process = write_process,
		.fd = write_fd,
		.complete = write_complete,
	};
	int result;

	recording->file = sk_scap_writer_sink(recording->series.writer);
	result = sk_proc_scan(recording->command, &sink, &recording->error);
	/* The filter's state knows better from now on. */
	recording->state = (struct sk_entry_sink){0};
	return result;
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
	result = write_entries(recording);
	/* The command has ended, and these are its last events. */
	return result == -ESRCH || result == -ENOENT ? 0 : result;
}

static int write_event(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct recording *recording = context;
	bool visible = true, needed = true;
	struct sk_event event;
	int result;

	if (sk_event_decode(bytes, size, &event, &recording->error) < 0)
		return -EINVAL;
	/* What saker does to write would be written, and so on. */
	if (!recording->command && event.tid == getpid())
		return 0;
	if (recording->filters) {
		visible = sk_filter_passes(&recording->filter, bytes, size, cpu, false);
		needed = !recording->only_matching && event.info->flags & SK_EVENT_FLAG_MODIFIES_STATE;
	}
	if (!visible && !needed)
		return 0;
	if (sk_series_is_due(&recording->series)) {
		result = next_file(recording);
		if (result < 0)
			return result;
	}
	result =
		visible ? sk_scap_writer_event(recording->series.writer, bytes, size, cpu, &recording->error)
			: sk_scap_writer_state_event(recording->series.writer, bytes, size, cpu, &recording->error);
	if (result < 0)
		return result;
	recording->events += visible;
	return limit_is_reached(recording) ? -ECANCELED : 0;
}

/* Until the command has ended and everything it did is read, or a limit or a signal ends it. */
static int follow(struct sk_capture *capture, struct recording *recording)
{
	const int64_t deadline = sk_deadline_after(recording->seconds);
	bool ended = false;
	int result, status;

	for (;;) {
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
	fprintf(stderr, "; drops: %" PRIu64 " ring full, %" PRIu64 " too large, %" PRIu64 " no scratch\n",
		stats->drops_ring, stats->drops_size, stats->drops_scratch);
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
	if (sk_capture_open(&recording->capture, &capture, &recording->error) < 0) {
		if (argv[0]) {
			close(command.go);
			waitpid(command.pid, NULL, 0);
		}
		return sk_fail(SK_EXIT_REFUSED, "%s", recording->error.message);
	}
	result = write_entries(recording);
	recording->started = true;
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
		recording->neutral = true;
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
	case OPTION_RING:
		if (!sk_watch_read_ring_size(line->value, &recording->capture.ring_size)) {
			sk_command_usage(line, "--ring-size is a power of two from 1 to 1024, in MiB");
			line->failed = true;
		}
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
	if (recording->neutral && line->argc == 0)
		return sk_command_usage(line, "--neutral is for a command: a host's processes tell what it is");
	return SK_EXIT_OK;
}

static int run(struct sk_command_line *line)
{
	const struct sk_state_options state = {.source = &sk_watch_source, .own_pid = getpid()};
	struct recording recording = {0};
	int id, status;

	while ((id = sk_command_line_next(line)) != -1)
		take_option(&recording, line, id);
	if (line->failed)
		return SK_EXIT_USAGE;
	status = check_options(&recording, line);
	if (status != SK_EXIT_OK)
		return status;
	recording.filters = recording.condition != NULL;
	/* Without a condition the filter only says which calls there are. */
	status = sk_filter_create(&recording.filter, recording.condition, NULL, &state);
	if (status != SK_EXIT_OK)
		goto out;
	if (recording.filters)
		recording.state = sk_sensor_sink(recording.filter.sensor);
	recording.capture.syscalls = recording.filter.syscalls;
	recording.capture.syscall_words = sizeof(recording.filter.syscalls) / sizeof(recording.filter.syscalls[0]);
	if (sk_series_open(&recording.series, &recording.where, &recording.error) < 0) {
		status = sk_fail(SK_EXIT_OUTPUT, "%s: %s", recording.where.path, recording.error.message);
		goto out;
	}
	sk_signals_catch();
	status = record(&recording, line->argv);
	if (sk_series_close(&recording.series, &recording.error) < 0 && status == SK_EXIT_OK)
		status = sk_fail(SK_EXIT_OUTPUT, "%s: %s", recording.where.path, recording.error.message);
	if (status != SK_EXIT_OK && recording.events == 0 && !recording.where.bytes && !recording.where.seconds)
		unlink(recording.where.path);
out:
	sk_filter_release(&recording.filter);
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
		"it begins "
		"with what ran, by /proc, when it was opened, so what a process that had ended by then did last "
		"has no "
		"name there.\n\n"
		"Fds that are open when a file begins and of a kind that sysdig 0.29 does not know (bpf, "
		"userfaultfd, "
		"io_uring, memfd, pidfd) are written as unsupported ones, or it would not open the file.\n\n"
		"Sizes count before compression. The format knows gzip and no zstd.",
	.options =
		(const struct sk_option[]){
			{'o', "output", "FILE.scap", "the capture to write; - is standard output"},
			{'z', "gzip", NULL, "compress it"},
			{'f', "filter", "CONDITION", "record only events for which it holds, as in `saker read`"},
			{OPTION_ONLY, "only-matching", NULL, "keep no others, not even for the state"},
			{'s', "snaplen", "BYTES", "bytes of data kept of each read or write; default 80"},
			{'n', "count", "N", "end after N events"},
			{OPTION_SECONDS, "seconds", "N", "end after N seconds"},
			{OPTION_SIZE, "size", "MB", "end after so many million bytes"},
			{'C', "file-size", "MB", "go on to a new file after so many million bytes"},
			{'G', "file-seconds", "N", "go on to a new file after N seconds"},
			{'W', "files", "N",
			 "with -C: use N files in turn, the oldest is overwritten; with -G alone: end after N "
			 "files"},
			{OPTION_RING, "ring-size", "MIB", "size of the ring between kernel and saker; default 8"},
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
