/* SPDX-License-Identifier: Apache-2.0 */
/* saker record: what one command does, as a capture. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/signals.h"
#include "runtime/capture/capture.h"
#include "runtime/scap/writer.h"
#include "vm/schema/schema.h"

enum { POLL_MS = 50, OPTION_NEUTRAL = 3000 };

struct recording {
	struct sk_scap_writer *writer;
	struct sk_entry_sink file; /* the writer's own sink */
	struct sk_error error;
	uint64_t events;
	bool neutral;
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

static int write_machine(void *context, const struct sk_machine_entry *entry)
{
	struct recording *recording = context;
	struct sk_machine_entry machine = *entry;

	if (recording->neutral) {
		memset(machine.hostname, 0, sizeof(machine.hostname));
		strcpy(machine.hostname, "host");
	}
	return recording->file.machine(recording->file.context, &machine);
}

static int write_interface(void *context, const struct sk_interface_entry *entry)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	struct recording *recording = context;
	bool loopback =
		entry->family_length == 4 ? entry->address[0] == 127 : memcmp(entry->address, loopback6, 16) == 0;

	if (recording->neutral && !loopback)
		return 0;
	return recording->file.interface(recording->file.context, entry);
}

static int write_user(void *context, const struct sk_user_entry *entry)
{
	struct recording *recording = context;

	if (recording->neutral && entry->uid != 0 && entry->uid != 65534)
		return 0;
	return recording->file.user(recording->file.context, entry);
}

static int write_group(void *context, const struct sk_group_entry *entry)
{
	struct recording *recording = context;

	if (recording->neutral && entry->gid != 0 && entry->gid != 65534)
		return 0;
	return recording->file.group(recording->file.context, entry);
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

	if (recording->neutral) {
		process = neutral_process(entry);
		entry = &process;
	}
	return recording->file.process(recording->file.context, entry);
}

static int write_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	struct recording *recording = context;

	if (recording->neutral && entry->fd > STDERR_FILENO)
		return 0;
	return recording->file.fd(recording->file.context, tid, entry);
}

static int write_event(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct recording *recording = context;
	int result = sk_scap_writer_event(recording->writer, bytes, size, cpu, &recording->error);

	if (result == 0)
		recording->events++;
	return result;
}

/* Until the command has ended and everything it did is read. */
static int follow(struct sk_capture *capture, struct recording *recording, pid_t pid)
{
	bool ended = false;
	int result, status;

	for (;;) {
		result = sk_capture_poll(capture, ended ? 0 : POLL_MS, write_event, recording);
		if (result < 0 && result != -EINTR)
			return result;
		if ((ended && result == 0) || sk_signals_stop())
			return 0;
		if (!ended && waitpid(pid, &status, WNOHANG) == pid)
			ended = true;
	}
}

static int record(struct recording *recording, char **argv)
{
	const struct sk_entry_sink sink = {
		.context = recording,
		.machine = write_machine,
		.interface = write_interface,
		.user = write_user,
		.group = write_group,
		.process = write_process,
		.fd = write_fd,
	};
	/* Every call that has an event of its own. */
	uint64_t syscalls[(SK_SYSCALL_NAME_COUNT + 63) / 64];
	struct sk_capture_options options = {.syscalls = syscalls, .syscall_words = sizeof(syscalls) / 8};
	struct sk_capture *capture;
	struct sk_capture_stats stats;
	struct command command = {.pid = -1, .go = -1};
	int result, status = SK_EXIT_OK;

	memset(syscalls, 0, sizeof(syscalls));
	for (size_t i = 0; i < sk_syscall_count; i++) {
		if (sk_syscalls[i].exit_event != SK_EVENT_GENERIC_X)
			syscalls[sk_syscalls[i].sc / 64] |= UINT64_C(1) << (sk_syscalls[i].sc % 64);
	}
	result = start_stopped(argv, &command);
	if (result < 0)
		return sk_fail(SK_EXIT_REFUSED, "cannot start a process: %s", strerror(-result));
	options.only_tree_of = command.pid;
	if (sk_capture_open(&options, &capture, &recording->error) < 0) {
		close(command.go);
		waitpid(command.pid, NULL, 0);
		return sk_fail(SK_EXIT_REFUSED, "%s", recording->error.message);
	}
	result = sk_proc_scan(command.pid, &sink, &recording->error);
	if (result == 0 && write(command.go, "", 1) != 1)
		result = sk_error_set(&recording->error, -errno, "the command ended before it began");
	close(command.go);
	if (result == 0)
		result = follow(capture, recording, command.pid);
	stats = sk_capture_stats(capture);
	sk_capture_close(capture);
	if (result < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s",
			       recording->error.message[0] ? recording->error.message : strerror(-result));
	fprintf(stderr,
		"saker: %" PRIu64 " events, %" PRIu64 " bytes; drops: %" PRIu64 " ring full, %" PRIu64
		" too large, %" PRIu64 " no scratch\n",
		recording->events, sk_scap_writer_size(recording->writer), stats.drops_ring, stats.drops_size,
		stats.drops_scratch);
	return status;
}

static int run(struct sk_command_line *line)
{
	struct recording recording = {0};
	const char *output = NULL;
	bool compress = false;
	int id, status;

	while ((id = sk_command_line_next(line)) != -1) {
		if (id == 'o')
			output = line->value;
		else if (id == 'z')
			compress = true;
		else if (id == OPTION_NEUTRAL)
			recording.neutral = true;
	}
	if (line->failed)
		return SK_EXIT_USAGE;
	if (!output)
		return sk_command_usage(line, "no output given: -o FILE.scap");
	if (line->argc == 0)
		return sk_command_usage(line, "no command given");
	if (sk_scap_writer_open(output, compress, &recording.writer, &recording.error) < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", output, recording.error.message);
	recording.file = sk_scap_writer_sink(recording.writer);
	sk_signals_catch();
	status = record(&recording, line->argv);
	if (sk_scap_writer_close(recording.writer, &recording.error) < 0 && status == SK_EXIT_OK)
		status = sk_fail(SK_EXIT_OUTPUT, "%s: %s", output, recording.error.message);
	if (status != SK_EXIT_OK && recording.events == 0)
		unlink(output);
	return status;
}

const struct sk_command sk_command_record = {
	.name = "record",
	.arguments = "-o FILE.scap [OPTION]... -- COMMAND [ARGUMENT]...",
	.summary = "record what a command does, as a capture",
	.description = "Runs COMMAND and writes its system calls and those of its descendants, and no others, as a "
		       "capture that "
		       "`saker replay`, sysdig and Falco read. Needs what `saker run` needs. The capture ends when "
		       "COMMAND ends.",
	.options =
		(const struct sk_option[]){
			{'o', "output", "FILE.scap", "the capture to write"},
			{'z', "gzip", NULL, "compress it"},
			{OPTION_NEUTRAL, "neutral", NULL,
			 "leave out what tells of this machine: its name, its interfaces but the loopback, its "
			 "users but root "
			 "and nobody"},
			{0},
		},
	.example = "  saker record -o cat.scap -- cat /etc/hostname\n",
	.run = run,
};
