/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording in one file or in several, one after another:
 *
 *   x.scap                           without limits
 *   x.scap0  x.scap1  x.scap2 ...    a new one when the last is full or old
 *   x.scap0  x.scap1  x.scap0 ...    the same in a ring of so many files
 *
 * Each is a capture of its own, so whoever goes on to the next one writes
 * its entries again.
 */
#ifndef SK_CLI_SERIES_H
#define SK_CLI_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/scap/writer.h"

struct sk_series_options {
	const char *path;
	bool compress;
	uint64_t bytes;   /* of a file, before compression, from which on the next one is due; 0: any */
	uint64_t seconds; /* the same by age */
	uint64_t files;   /* with `bytes` the size of the ring, else after how many it ends; 0: any number */
};

struct sk_series {
	struct sk_series_options options;
	struct sk_scap_writer *writer; /* NULL: none is open */
	uint64_t opened;               /* files so far */
	uint64_t bytes;                /* of those that are complete, before compression */
	uint64_t events;               /* in the file that is open, counted by who writes them */
	int64_t deadline;
};

/* Opens the first file.  Negative errno with a sentence. */
int sk_series_open(struct sk_series *series, const struct sk_series_options *options, struct sk_error *error);

/* True if the next event belongs into another file. */
bool sk_series_is_due(const struct sk_series *series);

/* Goes on to the next file.  1; 0 if there was one file too many to be opened; negative errno with a sentence. */
int sk_series_next(struct sk_series *series, struct sk_error *error);

/* Bytes of all files, before compression. */
uint64_t sk_series_size(const struct sk_series *series);

/*
 * Completes the file that is open; of several, one without events is removed,
 * because no reader opens it.  Errors as sk_scap_writer_close().
 */
int sk_series_close(struct sk_series *series, struct sk_error *error);

#endif
