/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seconds before and after an alert, as a capture.
 *
 *            older segment               newer segment
 *   [ what was known | events .... ][ what was known | events ...   ▏now
 *                                                       ▲ alert
 *   file:  older, whole ──────────────► newer's events ─────► events to come
 *
 * A segment begins with the state (sk_state_dump()), so the older one is where a
 * file can begin; it is dropped when the newer one is as long as what is wanted
 * before an alert. Everything is in memory within a limit until a file is
 * begun, and written by a thread of its own: evaluation never waits for a disk.
 * What does not fit is counted, never waited for.
 *
 * Times are those of events.
 */
#ifndef SK_RECORDER_H
#define SK_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/recorder/files.h"
#include "runtime/state/state.h"
#include "vm/support/error.h"

struct sk_recorder;

struct sk_recorder_options {
	const char *directory; /* must exist */
	uint64_t before_ns;    /* a file has at least so much before its alert; 0: 10 s */
	uint64_t after_ns;     /* and so much behind its last one; 0: 5 s */
	uint64_t memory;       /* bytes, of what is kept and of what waits for the disk; 0: 64 MiB */
	uint64_t file_size;    /* bytes, before compression, from which on no more follows; 0: 256 MiB */
	uint64_t files;        /* that are written at most; 0: 100 */
	bool compress;
};

struct sk_recorder_stats {
	uint64_t alerts;        /* that are in files */
	uint64_t alerts_missed; /* that are in none: too many files, or no memory */
	uint64_t begun;         /* files */
	uint64_t shortened;     /* segments that ended early, because of their size: less is kept before an alert */
	uint64_t cut;           /* files that ended early: too large, or the disk was too slow */
	uint64_t events_missed; /* that were not kept for lack of memory */
	uint64_t dumps;         /* of the state */
	uint64_t dump_ns;       /* that they took, together */
	uint64_t longest_ns;    /* the longest of them */
	uint64_t memory;        /* most bytes that were held at once */
	struct sk_files_stats files;
};

int sk_recorder_create(const struct sk_recorder_options *options, struct sk_recorder **ret_recorder,
		       struct sk_error *error);

/* Keeps an event, before `state` takes it. */
void sk_recorder_event(struct sk_recorder *recorder, struct sk_state *state, const uint8_t *bytes, size_t size,
		       uint16_t cpu);

/* Keeps what the state learned while it took the last event (struct sk_state_options). */
void sk_recorder_learned(struct sk_recorder *recorder, const uint8_t *bytes, size_t size);

/*
 * The event that was kept last raised an alert: it and what follows for
 * `after_ns` (0: the default) go to a file, named by the time and `rule`; to
 * the one that is open, if there is one.
 */
void sk_recorder_alert(struct sk_recorder *recorder, const char *rule, uint64_t after_ns);

/* Time has passed, and maybe no event came: completes a file that is old enough. `now`: ns since the epoch. */
void sk_recorder_tick(struct sk_recorder *recorder, uint64_t now);

struct sk_recorder_stats sk_recorder_stats(struct sk_recorder *recorder);

/* Completes the file that is open, waits until all are written, frees. */
void sk_recorder_destroy(struct sk_recorder *recorder, struct sk_recorder_stats *ret_stats);

#endif
