/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes captures that saker, sysdig, Falco and Stratoshark open
 * (spec/scap-format.md section 10).
 */
#ifndef SK_SCAP_WRITER_H
#define SK_SCAP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "vm/support/buffer.h"
#include "vm/support/error.h"

struct sk_scap_writer;

/*
 * Creates (truncates) a capture that only its owner can read; "-" is standard
 * output.  `compress`: gzip.  Entries come first, in any order but for fds,
 * which follow their process; then events.  Use the sink.
 */
int sk_scap_writer_open(const char *path, bool compress, struct sk_scap_writer **ret_writer,
			struct sk_error *error);

/* The same, plain, appended to `buffer`, which must outlive the writer. */
int sk_scap_writer_open_memory(struct sk_buffer *buffer, struct sk_scap_writer **ret_writer,
			       struct sk_error *error);

/* The same, to `take`, which gets the bytes in large pieces and may refuse them with a negative errno. */
int sk_scap_writer_open_sink(int (*take)(void *context, const uint8_t *bytes, size_t size), void *context,
			     struct sk_scap_writer **ret_writer, struct sk_error *error);

/* Hands on what was written so far; nothing while it is compressed.  0, or what went wrong until now. */
int sk_scap_writer_flush(struct sk_scap_writer *writer);

/*
 * A sink that writes what it is given.  Texts longer than the format allows
 * are cut.  -EINVAL for an entry after the first event; `restart` begins
 * another capture behind the first, with entries of its own.
 */
struct sk_entry_sink sk_scap_writer_sink(struct sk_scap_writer *writer);

/*
 * Appends one event in the wire format.  The first one ends the entries.
 * Parameters that the schema doesn't know are left out, but for its notes
 * (vm/notes.h).  -EINVAL with a
 * sentence for an event that is damaged or isn't of the current schema, which
 * no reader would hand out as it is: nothing is written then, and the writer
 * stays usable.  Errors of writing come back from every later call too.
 */
int sk_scap_writer_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			 struct sk_error *error);

/* The same for an event that is only there to keep the state right. */
int sk_scap_writer_state_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			       struct sk_error *error);

/* Bytes written so far, before compression. */
uint64_t sk_scap_writer_size(const struct sk_scap_writer *writer);

/*
 * Finishes the file and frees the writer, also on failure.  Errors of writing
 * that were delayed show here.
 */
int sk_scap_writer_close(struct sk_scap_writer *writer, struct sk_error *error);

#endif
