/* SPDX-License-Identifier: Apache-2.0 */
/* saker read: the events of a capture or of this host, one a line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/deadline.h"
#include "cli/filter.h"
#include "cli/loss.h"
#include "cli/read/line.h"
#include "cli/rings.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "runtime/scap/reader.h"
#include "vm/support/alloc.h"

enum {
	OPTION_SECONDS = 3000,
	OPTION_SNAP,
	FLUSH_AT = 64 * 1024,
	SECONDS_LIMIT = 7 * 24 * 3600,
	SNAP_LIMIT = 65535,
};

#define BEGIN "%evt.num %evt.outputtime %evt.cpu "
#define END " %evt.dir %evt.type %evt.info"

static const char default_format[] = "*" BEGIN "%proc.name (%thread.tid)" END;
static const char container_format[] =
	"*" BEGIN "%container.name (%container.id) %proc.name (%thread.tid:%thread.vtid)" END;
static const char pod_format[] =
	"*" BEGIN "%k8s.pod.name (%container.id) %proc.name (%thread.tid:%thread.vtid)" END;

struct reading {
	struct sk_filter filter;
	struct sk_lines *lines;
	struct sk_buffer pending;
	const char *format, *fields;
	struct sk_line_options shown;
	uint64_t count; /* lines to print; 0: all */
	uint64_t printed;
	uint64_t seconds;
	struct sk_rings_sizes rings;
	struct sk_watch_runtimes runtimes;
	struct sk_inquirer *inquirer;
	uint32_t snap_length;
	int64_t own_pid; /* live: what saker does itself is not printed; 0: a capture */
	bool live;
	int status; /* of output */
	bool done;
};

/* --- lines --------------------------------------------------------------- */

static void flush(struct reading *reading)
{
	size_t written = 0;

	while (written < reading->pending.length && reading->status == SK_EXIT_OK) {
		ssize_t count =
			write(STDOUT_FILENO, reading->pending.bytes + written, reading->pending.length - written);

		if (count >= 0) {
			written += (size_t)count;
		} else if (errno != EINTR) {
			reading->done = true;
			/* Who closed the pipe has seen enough, and knows it. */
			reading->status = errno == EPIPE
						  ? SK_EXIT_OUTPUT
						  : sk_fail(SK_EXIT_OUTPUT, "standard output: %s", strerror(errno));
		}
	}
	sk_buffer_clear(&reading->pending);
}

static bool is_own(const struct reading *reading, const struct sk_event_view *view)
{
	return reading->own_pid && view->thread && view->thread->pid == reading->own_pid;
}

static void show(struct reading *reading, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only)
{
	const struct sk_event_view *view = sk_sensor_view(reading->filter.sensor);

	if (!sk_filter_passes(&reading->filter, bytes, size, cpu, state_only))
		return;
	/* What writers note for themselves is no news of the host. */
	if (view->event.info->category & SK_CATEGORY_INTERNAL || is_own(reading, view))
		return;
	if (!sk_lines_append(reading->lines, &reading->pending))
		return;
	if (reading->pending.failed) {
		reading->status = sk_fail(SK_EXIT_MEMORY, "out of memory");
		reading->done = true;
		return;
	}
	if (reading->pending.length >= FLUSH_AT)
		flush(reading);
	if (++reading->printed == reading->count)
		reading->done = true;
}

/* --- a capture ------------------------------------------------------------ */

static int read_capture(struct reading *reading, const char *path)
{
	const struct sk_entry_sink sink = sk_sensor_sink(reading->filter.sensor);
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};
	int result = sk_scap_reader_open(path, &sink, &reader, &error);

	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	while (!reading->done && !sk_signals_stop() && (result = sk_scap_reader_next(reader, &event, &error)) > 0)
		show(reading, event.bytes, event.size, event.cpu, event.state_only);
	flush(reading);
	sk_scap_reader_close(reader);
	if (result < 0 && reading->status == SK_EXIT_OK)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	return reading->status;
}

/* --- this host ------------------------------------------------------------- */

static int show_live(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct reading *reading = context;

	show(reading, bytes, size, cpu, false);
	return reading->done ? -ECANCELED : 0;
}

static int read_host(struct reading *reading)
{
	struct sk_capture_options options = {
		.syscalls = reading->filter.syscalls,
		.syscall_words = sizeof(reading->filter.syscalls) / sizeof(reading->filter.syscalls[0]),
		.snap_length = reading->snap_length,
	};
	const struct sk_entry_sink sink = sk_sensor_sink(reading->filter.sensor);
	struct sk_capture *capture;
	struct sk_capture_stats stats;
	struct sk_error error = {0};
	int64_t deadline;
	int result = 0, wait;

	sk_rings_apply(&reading->rings, &options);
	if (sk_capture_open(&options, &capture, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	if (sk_proc_scan(0, &sink, &error) < 0) {
		sk_capture_close(capture);
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	}
	deadline = sk_deadline_after(reading->seconds);
	while (!reading->done && !sk_signals_stop() && (wait = sk_deadline_wait(deadline)) > 0 &&
	       (result >= 0 || result == -EINTR)) {
		sk_inquirer_deliver(reading->inquirer, sk_watch_event_time(reading->filter.sensor), show_live,
				    reading);
		if (reading->done)
			break;
		result = sk_capture_poll(capture, wait, show_live, reading);
		flush(reading);
	}
	stats = sk_capture_stats(capture);
	sk_capture_close(capture);
	fprintf(stderr, "saker: %" PRIu64 " lines of %" PRIu64 " events", reading->printed,
		sk_capture_sum(stats.consumed));
	sk_loss_print(stderr, &stats);
	fputc('\n', stderr);
	if (result < 0 && result != -EINTR && result != -ECANCELED)
		return sk_fail(SK_EXIT_REFUSED, "reading events failed: error %d", -result);
	return reading->status;
}

/* --- the command line ------------------------------------------------------ */

/* "a,b" ─► "*%a\t%b" */
static void append_fields(const char *fields, struct sk_buffer *format)
{
	sk_buffer_append_text(format, "*%");
	/* An argument in brackets may hold a comma. */
	for (bool bracket = false; *fields; fields++) {
		bracket = *fields == '[' || (bracket && *fields != ']');
		if (*fields == ',' && !bracket)
			sk_buffer_append_text(format, "\t%");
		else
			sk_buffer_append_char(format, *fields);
	}
}

static const char *named_format(const char *format)
{
	if (!format)
		return default_format;
	if (strcmp(format, "c") == 0 || strcmp(format, "container") == 0)
		return container_format;
	if (strcmp(format, "k") == 0 || strcmp(format, "kubernetes") == 0)
		return pod_format;
	return format;
}

static int start(struct reading *reading, int count, char **words, const char *path)
{
	const struct sk_state_source source = sk_watch_source_asking(reading->inquirer);
	const struct sk_state_options state = {.source = path ? NULL : &source,
					       .own_pid = path ? -1 : reading->own_pid};
	struct sk_buffer format = {0};
	char *condition = NULL;
	int status = sk_filter_join(count, words, &condition);

	if (reading->fields)
		append_fields(reading->fields, &format);
	else
		sk_buffer_append_text(&format, named_format(reading->format));
	if (status == SK_EXIT_OK && format.failed)
		status = sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (status == SK_EXIT_OK) {
		reading->shown.with_missing = format.length > 0 && format.bytes[0] == '*';
		status = sk_filter_create(&reading->filter, condition, format.bytes ? format.bytes : "", &state);
	}
	if (status == SK_EXIT_OK &&
	    sk_lines_create(&reading->filter.bundle, reading->filter.sensor, &reading->shown, &reading->lines) < 0)
		status = sk_fail(SK_EXIT_MEMORY, "out of memory");
	sk_buffer_release(&format);
	sk_free(condition);
	return status;
}

static void take_option(struct reading *reading, struct sk_command_line *line, int id)
{
	switch (id) {
	case 'p':
		reading->format = line->value;
		break;
	case 'F':
		reading->fields = line->value;
		break;
	case 'j':
		reading->shown.json = true;
		break;
	case 'n':
		reading->count = sk_command_line_number(line, "-n", 1, UINT64_MAX);
		break;
	case 't':
		if (!sk_line_time_read(line->value, &reading->shown.time)) {
			sk_command_usage(
				line,
				"-t is h (time of day), a (absolute), r (relative), D (since the line before) "
				"or n (raw), not '%s'%s",
				line->value,
				strcmp(line->value, "d") == 0 ? ": events are only the ends of calls" : "");
			line->failed = true;
		}
		break;
	case 'l':
		reading->live = true;
		break;
	case 's':
		reading->snap_length = (uint32_t)sk_command_line_number(line, "--snaplen", 1, SNAP_LIMIT);
		break;
	case OPTION_SECONDS:
		reading->seconds = sk_command_line_number(line, "--seconds", 1, SECONDS_LIMIT);
		break;
	default:
		if (!sk_watch_take_option(&reading->runtimes, line, id))
			sk_rings_take_option(&reading->rings, line, id);
		break;
	}
}

static int run(struct sk_command_line *line)
{
	struct reading reading = {0};
	const char *path = NULL;
	int id, status;

	while ((id = sk_command_line_next(line)) != -1)
		take_option(&reading, line, id);
	if (line->failed)
		return SK_EXIT_USAGE;
	if (reading.format && reading.fields)
		return sk_command_usage(line, "give a format (-p) or fields (-F), not both");
	if (!reading.live && line->argc > 0) {
		path = *line->argv++;
		line->argc--;
	}
	if (path && (reading.seconds || sk_rings_given(&reading.rings) || reading.snap_length ||
		     reading.runtimes.count || reading.runtimes.none))
		return sk_command_usage(line,
					"--seconds, --snaplen and those about rings and containers are for this "
					"host, not for a capture");
	reading.own_pid = path ? 0 : getpid();
	sk_signals_catch();
	status = path ? SK_EXIT_OK : sk_watch_start_inquirer(&reading.runtimes, &reading.inquirer);
	if (status != SK_EXIT_OK)
		return status;
	status = start(&reading, line->argc, line->argv, path);
	if (status == SK_EXIT_OK)
		status = path ? read_capture(&reading, path) : read_host(&reading);
	sk_lines_destroy(reading.lines);
	sk_filter_release(&reading.filter);
	sk_inquirer_stop(reading.inquirer);
	sk_buffer_release(&reading.pending);
	return status;
}

const struct sk_command sk_command_read = {
	.name = "read",
	.arguments = "[OPTION]... [CAPTURE | -l] [FILTER]",
	.summary = "print the events of a capture or of this host",
	.description =
		"Prints each event as sysdig does: of a capture (.scap, plain or gzip, of any version; - is "
		"standard "
		"input), or without one of this host, which needs what `saker run` needs, until SIGINT. With -l "
		"all "
		"words are FILTER.\n\n"
		"FILTER is a condition as in a rule, without macros and lists: only events for which it holds are "
		"printed. All of its words make one condition. Live, calls that it rules out are not captured.\n\n"
		"FORMAT is an output as in a rule. If it begins with *, a value that is missing is printed as "
		"<NA>; if "
		"not, the event is left out. The default is \"*%evt.num %evt.outputtime %evt.cpu %proc.name "
		"(%thread.tid) %evt.dir %evt.type %evt.info\"; `-p c` puts the container before the process, `-p "
		"k` the "
		"pod. Control characters in values are printed as dots. %saker.evidence is what the line rests on: "
		"\"complete\", or "
		"which values of the filter and the line are not known or in doubt, and what was lost before "
		"(docs/evidence.md).\n\n"
		"Events of old captures are printed as those that they would be today: a system call is one event, "
		"of "
		"its end, and has the parameters that were recorded at its beginning. Events that writers of "
		"captures "
		"note for themselves, and those that are only there to keep the state right, are counted in "
		"evt.num "
		"and not printed. Nor is, live, what saker does itself.",
	.options =
		(const struct sk_option[]){
			{'p', "print", "FORMAT", "what to print of an event"},
			{'F', "fields", "FIELD,...", "print these values, with tabs between, in place of a format"},
			{'j', "json", NULL, "print a JSON object of the values a line"},
			{'t', "time", "MODE",
			 "what %evt.outputtime is: h (human, default) time of day, a (absolute) seconds since the "
			 "epoch, "
			 "r (relative) seconds since the first event, D (delta) since the line before, n (raw) "
			 "nanoseconds since the epoch"},
			{'n', "count", "N", "end after N lines"},
			{'l', "live", NULL, "watch this host: all words are FILTER"},
			{'s', "snaplen", "BYTES", "live: bytes of data kept of each read or write; default 80"},
			{OPTION_SECONDS, "seconds", "N", "live: end after N seconds"},
			SK_RINGS_OPTIONS("live: "),
			SK_WATCH_OPTIONS,
			{0},
		},
	.example = "  saker read x.scap proc.name = cat and evt.type in (open, openat)\n"
		   "  saker read x.scap -t r -p '%evt.outputtime %proc.name %fd.name'\n"
		   "  zcat x.scap.gz | saker read - --fields evt.type,fd.name\n"
		   "  saker read -l --seconds 10 --json evt.type = execve\n",
	.run = run,
};
