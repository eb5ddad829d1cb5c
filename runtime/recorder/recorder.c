/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments and alerts: see recorder.h.
 *
 *   event ─► writer of the newer segment ─► pieces ─┬─► segment
 *                                                   └─► file, if one is open
 *
 * Invariant: while a file is open, it has every piece of events since it was
 * begun, in order; a piece never holds both what was known and events.
 */
#include "runtime/recorder/recorder.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/scap/writer.h"
#include "vm/event.h"
#include "vm/support/alloc.h"
#include "vm/support/clock.h"

enum {
	RULE_SIZE = 80,
	PIECE_SIZE = 48 << 10, /* such that the next event fits into what the writer holds, too */
};

static const uint64_t second = 1000000000;

struct segment {
	struct sk_piece_list known, events;
	struct sk_scap_writer *writer; /* of the newer one; NULL: nothing more comes */
	uint64_t start;                /* time of its first event */
	bool in_known;                 /* what the writer gives is of that */
};

struct sk_recorder {
	struct sk_recorder_options options;
	struct sk_pieces pool;
	struct sk_files *files;
	struct segment older, newer;
	uint64_t now;       /* of the event that was kept last */
	uint64_t try_again; /* no segment is begun before, because the last one found no room */
	bool writing;       /* a file is open */
	bool beginning;     /* and does not have yet what was before its alert */
	uint64_t until, written;
	uint64_t flushed; /* bytes of the writer that are in pieces */
	struct sk_recorder_stats stats;
};

/* --- segments ----------------------------------------------------------------- */

static void segment_release(struct segment *segment)
{
	/* What it still holds has nowhere to go: the lists are about to be dropped. */
	if (segment->writer)
		sk_scap_writer_close(segment->writer, NULL);
	sk_piece_list_release(&segment->known);
	sk_piece_list_release(&segment->events);
	*segment = (struct segment){0};
}

static void end_file(struct sk_recorder *recorder)
{
	if (!recorder->writing)
		return;
	recorder->writing = false;
	sk_files_end(recorder->files, !recorder->beginning);
}

static void cut_file(struct sk_recorder *recorder)
{
	if (recorder->writing && !recorder->beginning)
		recorder->stats.cut++;
	end_file(recorder);
}

static void add_to_file(struct sk_recorder *recorder, struct sk_piece *piece)
{
	if (!recorder->writing)
		return;
	recorder->written += piece->size;
	if (sk_files_add(recorder->files, sk_piece_share(piece)) < 0)
		cut_file(recorder);
}

/* A piece within the limit: what came before the wanted seconds makes room first, then the file that is open ends. */
static struct sk_piece *make_piece(struct sk_recorder *recorder, const uint8_t *bytes, size_t size)
{
	struct sk_piece *piece = sk_piece_create(&recorder->pool, bytes, size);

	if (!piece && recorder->older.known.count > 0) {
		recorder->stats.shortened++;
		segment_release(&recorder->older);
		piece = sk_piece_create(&recorder->pool, bytes, size);
	}
	if (!piece && recorder->writing) {
		cut_file(recorder);
		piece = sk_piece_create(&recorder->pool, bytes, size);
	}
	return piece;
}

/* What the newer segment's writer gives. */
static int take_bytes(void *context, const uint8_t *bytes, size_t size)
{
	struct sk_recorder *recorder = context;
	struct segment *segment = &recorder->newer;
	struct sk_piece *piece = make_piece(recorder, bytes, size);
	size_t used;
	int result;

	if (!piece)
		return -ENOMEM;
	used = atomic_load_explicit(&recorder->pool.used, memory_order_relaxed);
	if (used > recorder->stats.memory)
		recorder->stats.memory = used;
	sk_piece_share(piece);
	result = sk_piece_list_add(segment->in_known ? &segment->known : &segment->events, piece);
	if (result == 0 && !segment->in_known)
		add_to_file(recorder, piece);
	sk_piece_drop(piece);
	return result;
}

static int flush(struct sk_recorder *recorder)
{
	recorder->flushed = sk_scap_writer_size(recorder->newer.writer);
	return sk_scap_writer_flush(recorder->newer.writer);
}

static int dump(struct sk_recorder *recorder, struct sk_state *state)
{
	const struct sk_entry_sink sink = sk_scap_writer_sink(recorder->newer.writer);
	uint64_t begin = sk_clock_now(CLOCK_MONOTONIC), took;
	int result;

	recorder->newer.in_known = true;
	result = sk_state_dump(state, &sink);
	if (result == 0)
		result = flush(recorder);
	recorder->newer.in_known = false;
	took = sk_clock_now(CLOCK_MONOTONIC) - begin;
	recorder->stats.dumps++;
	recorder->stats.dump_ns += took;
	if (took > recorder->stats.longest_ns)
		recorder->stats.longest_ns = took;
	return result;
}

/* What comes next would follow a gap: all is of no use, and the file ends. */
static void abandon_segments(struct sk_recorder *recorder)
{
	cut_file(recorder);
	segment_release(&recorder->newer);
	segment_release(&recorder->older);
	recorder->try_again = recorder->now + second;
}

/* The newer segment becomes the older one. */
static void end_segment(struct sk_recorder *recorder)
{
	int result;

	if (!recorder->newer.writer)
		return;
	result = sk_scap_writer_close(recorder->newer.writer, NULL);
	recorder->newer.writer = NULL;
	if (result < 0) {
		abandon_segments(recorder);
		return;
	}
	segment_release(&recorder->older);
	recorder->older = recorder->newer;
	recorder->newer = (struct segment){0};
}

/* ... and another begins with what is known. */
static void begin_segment(struct sk_recorder *recorder, struct sk_state *state)
{
	end_segment(recorder);
	recorder->newer.start = recorder->now;
	if (sk_scap_writer_open_sink(take_bytes, recorder, &recorder->newer.writer, NULL) < 0)
		recorder->newer.writer = NULL;
	else if (dump(recorder, state) == 0)
		return;
	/* No room: not even for what is known. */
	abandon_segments(recorder);
}

static bool is_due(struct sk_recorder *recorder)
{
	const struct segment *newer = &recorder->newer;

	if (!newer->writer)
		return recorder->now >= recorder->try_again;
	if (recorder->now - newer->start >= recorder->options.before_ns)
		return true;
	/* A third each for two segments, and one for what waits for the disk. */
	if (newer->known.bytes + newer->events.bytes < recorder->options.memory / 3 ||
	    newer->events.bytes < newer->known.bytes)
		return false;
	recorder->stats.shortened++;
	return true;
}

static void keep(struct sk_recorder *recorder, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	int result;

	if (!recorder->newer.writer) {
		recorder->stats.events_missed++;
		return;
	}
	if (recorder->writing && recorder->written > recorder->options.file_size) {
		flush(recorder);
		cut_file(recorder);
	}
	result = sk_scap_writer_event(recorder->newer.writer, bytes, size, cpu, NULL);
	/* Pieces end where events do, so that a file can end with any of them. */
	if (result == 0 && sk_scap_writer_size(recorder->newer.writer) - recorder->flushed >= PIECE_SIZE)
		result = flush(recorder);
	/* An event that no capture can hold is missing in it, and nothing else is. */
	if (result == -EINVAL)
		recorder->stats.events_missed++;
	else if (result < 0)
		abandon_segments(recorder);
}

/* --- the interface --------------------------------------------------------------- */

int sk_recorder_create(const struct sk_recorder_options *options, struct sk_recorder **ret_recorder,
		       struct sk_error *error)
{
	struct sk_recorder *recorder = sk_alloc_zeroed(1, sizeof(*recorder));
	int result;

	if (!recorder)
		return sk_error_set(error, -ENOMEM, "no memory to keep events");
	recorder->options = *options;
	if (!options->before_ns)
		recorder->options.before_ns = 10 * second;
	if (!options->after_ns)
		recorder->options.after_ns = 5 * second;
	if (!options->memory)
		recorder->options.memory = 64 << 20;
	if (!options->file_size)
		recorder->options.file_size = 256 << 20;
	if (!options->files)
		recorder->options.files = 100;
	recorder->pool.limit = recorder->options.memory;
	result = sk_files_start(options->directory, options->compress, &recorder->files, error);
	if (result < 0) {
		sk_free(recorder);
		return result;
	}
	*ret_recorder = recorder;
	return 0;
}

void sk_recorder_event(struct sk_recorder *recorder, struct sk_state *state, const uint8_t *bytes, size_t size,
		       uint16_t cpu)
{
	if (size < sizeof(struct sk_event_header))
		return;
	recorder->now = sk_read_u64(bytes);
	if (recorder->writing && recorder->now > recorder->until) {
		flush(recorder);
		end_file(recorder);
	}
	if (is_due(recorder))
		begin_segment(recorder, state);
	keep(recorder, bytes, size, cpu);
}

void sk_recorder_learned(struct sk_recorder *recorder, const uint8_t *bytes, size_t size)
{
	keep(recorder, bytes, size, 0);
}

/* "20261122T053501.123456789Z-Rule_with_a_name.scap" */
static void name_file(const struct sk_recorder *recorder, const char *rule, char *ret_name, size_t size)
{
	time_t seconds = (time_t)(recorder->now / second);
	char word[RULE_SIZE];
	struct tm utc;
	size_t length = 0;

	for (; length < sizeof(word) - 1 && rule[length]; length++) {
		unsigned char byte = (unsigned char)rule[length];

		word[length] = byte < 0x80 && isalnum(byte) ? (char)byte : '_';
	}
	word[length] = '\0';
	gmtime_r(&seconds, &utc);
	snprintf(ret_name, size, "%04d%02d%02dT%02d%02d%02d.%09" PRIu64 "Z-%s.scap%s", utc.tm_year + 1900,
		 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, recorder->now % second, word,
		 recorder->options.compress ? ".gz" : "");
}

static void add_list(struct sk_recorder *recorder, const struct sk_piece_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		add_to_file(recorder, list->pieces[i]);
}

/* True if there is a file now that has the seconds before. */
static bool begin_file(struct sk_recorder *recorder, const char *rule)
{
	struct segment *older = &recorder->older, *newer = &recorder->newer;
	char name[256];

	if (recorder->stats.begun >= recorder->options.files || !newer->writer)
		return false;
	/* What the writer holds back comes now, and not once more when it is full. */
	if (flush(recorder) < 0)
		return false;
	name_file(recorder, rule, name, sizeof(name));
	if (sk_files_begin(recorder->files, name) < 0)
		return false;
	recorder->writing = recorder->beginning = true;
	recorder->written = 0;
	if (older->known.count > 0) {
		add_list(recorder, &older->known);
		add_list(recorder, &older->events);
	} else {
		add_list(recorder, &newer->known);
	}
	add_list(recorder, &newer->events);
	recorder->beginning = false;
	recorder->stats.begun += recorder->writing;
	return recorder->writing;
}

void sk_recorder_alert(struct sk_recorder *recorder, const char *rule, uint64_t after_ns)
{
	uint64_t until = recorder->now + (after_ns ? after_ns : recorder->options.after_ns);

	if (!recorder->writing) {
		if (!begin_file(recorder, rule)) {
			recorder->stats.alerts_missed++;
			return;
		}
		recorder->until = until;
	}
	recorder->stats.alerts++;
	if (until > recorder->until)
		recorder->until = until;
}

void sk_recorder_tick(struct sk_recorder *recorder, uint64_t now)
{
	if (!recorder->writing || now <= recorder->until + second)
		return;
	flush(recorder);
	end_file(recorder);
}

struct sk_recorder_stats sk_recorder_stats(struct sk_recorder *recorder)
{
	struct sk_recorder_stats stats = recorder->stats;

	stats.files = sk_files_stats(recorder->files);
	return stats;
}

void sk_recorder_destroy(struct sk_recorder *recorder, struct sk_recorder_stats *ret_stats)
{
	struct sk_recorder_stats stats;

	if (!recorder)
		return;
	if (recorder->writing)
		flush(recorder);
	end_file(recorder);
	stats = recorder->stats;
	sk_files_stop(recorder->files, &stats.files);
	segment_release(&recorder->newer);
	segment_release(&recorder->older);
	if (ret_stats)
		*ret_stats = stats;
	sk_free(recorder);
}
