/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads captures (spec/scap-format.md), plain or gzip, of every version, and
 * hands out events of the current schema only: older ones are converted
 * (section 8), so nothing above the reader knows of them.
 */
#ifndef SK_SCAP_READER_H
#define SK_SCAP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "vm/support/error.h"

struct sk_scap_reader;

struct sk_scap_event {
	const uint8_t *bytes; /* wire format; valid until the next call */
	size_t size;
	uint16_t cpu;
	bool state_only;
};

/*
 * Opens a capture and reads its metadata into `sink`, which must outlive the
 * reader.  "-" is standard input.  Negative errno and a sentence in `error`:
 * -errno of open, -EINVAL if it is no capture, -EBADMSG if it is damaged,
 * -ENODATA if it ends before the first event.
 */
int sk_scap_reader_open(const char *path, const struct sk_entry_sink *sink, struct sk_scap_reader **ret_reader,
			struct sk_error *error);

/* The same from memory, which must outlive the reader. */
int sk_scap_reader_open_memory(const void *bytes, size_t size, const struct sk_entry_sink *sink,
			       struct sk_scap_reader **ret_reader, struct sk_error *error);

/*
 * The next event.  1: there is one; 0: the end of the capture; -EBADMSG with a
 * sentence: the capture is truncated or damaged from here on, and everything
 * before was delivered; another negative errno: it cannot be read on, or the
 * sink refused an entry of an appended capture.  What ended stays ended.
 */
int sk_scap_reader_next(struct sk_scap_reader *reader, struct sk_scap_event *ret_event, struct sk_error *error);

/* Bytes of the file consumed so far, and its size if known (0 otherwise). */
void sk_scap_reader_progress(const struct sk_scap_reader *reader, uint64_t *ret_offset, uint64_t *ret_size);

/*
 * From now on the fetching of more bytes from the file is timed: it happens
 * once in some thousand events and then takes as long as a hundred of them, so
 * samples say little of it.
 */
void sk_scap_reader_time_refills(struct sk_scap_reader *reader);

/*
 * How often that happened, and how long it took: CPU time of the thread that
 * reads events.  If another thread inflates, that one's time is not in it.
 */
uint64_t sk_scap_reader_refills(const struct sk_scap_reader *reader);
uint64_t sk_scap_reader_refill_ns(const struct sk_scap_reader *reader);

void sk_scap_reader_close(struct sk_scap_reader *reader);

#endif
