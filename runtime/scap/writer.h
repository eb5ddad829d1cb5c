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
#include "vm/support/error.h"

struct sk_scap_writer;

/*
 * Creates (truncates) a capture; "-" is standard output.  `compress`: gzip.
 * Entries come first, in the order machine, interfaces, users and groups,
 * processes each followed by its fds; then events.  Use the sink.
 */
int sk_scap_writer_open(const char *path, bool compress, struct sk_scap_writer **ret_writer,
			struct sk_error *error);

/* A sink that writes what it is given. */
struct sk_entry_sink sk_scap_writer_sink(struct sk_scap_writer *writer);

/* Appends one event in the wire format.  The first one ends the entries. */
int sk_scap_writer_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			 struct sk_error *error);

/* Bytes written so far, before compression. */
uint64_t sk_scap_writer_size(const struct sk_scap_writer *writer);

/* Finishes the file.  Errors of writing that were delayed show here. */
int sk_scap_writer_close(struct sk_scap_writer *writer, struct sk_error *error);

#endif
