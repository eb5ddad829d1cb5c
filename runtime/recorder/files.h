/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a thread of its own writes, one after another, so that whoever has
 * something to write never waits for a disk:
 *
 *   begin, add, add, end ──► queue ──► thread ──► .NAME.part ──► NAME
 *
 * A file has its name only when it is complete.  It is created anew, readable
 * by its owner alone, and never replaces one that is there.
 */
#ifndef SK_RECORDER_FILES_H
#define SK_RECORDER_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/recorder/pieces.h"
#include "vm/support/error.h"

struct sk_files;

struct sk_files_stats {
	uint64_t complete;
	uint64_t failed;         /* could not be written; what there was of them is removed */
	struct sk_error failure; /* the last one */
};

/* `directory` must exist.  Negative errno with a sentence. */
int sk_files_start(const char *directory, bool compress, struct sk_files **ret_files, struct sk_error *error);

/*
 * Begin a file (its name is copied, and has no slash), give it pieces (whose
 * reference is taken over), end it: `keep` false removes what there is of it.
 * Negative errno without memory: then there is no such file, or no such piece
 * in it.
 */
int sk_files_begin(struct sk_files *files, const char *name);
int sk_files_add(struct sk_files *files, struct sk_piece *piece);
void sk_files_end(struct sk_files *files, bool keep);

struct sk_files_stats sk_files_stats(struct sk_files *files);

/* Writes what is left, and frees. Takes what `ret_stats` (may be NULL) is then. */
void sk_files_stop(struct sk_files *files, struct sk_files_stats *ret_stats);

#endif
