/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of a capture go: a file, standard output, memory or whoever takes them, plain or gzip.
 *
 *    put ──► buffer [######....] ──(deflate)──► write(2), or memory
 *
 * Invariant: after the first failure nothing more is written, and every later
 * call says the same.
 */
#ifndef SK_SCAP_OUTPUT_H
#define SK_SCAP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"
#include "vm/support/error.h"

struct sk_scap_output;

/* Creates (truncates) the file; "-" is standard output.  -errno with a sentence. */
int sk_scap_output_open(const char *path, bool compress, struct sk_scap_output **ret_output,
			struct sk_error *error);

/* The same, plain, appended to `buffer`, which must outlive the output. */
int sk_scap_output_open_memory(struct sk_buffer *buffer, struct sk_scap_output **ret_output,
			       struct sk_error *error);

/* The same, to a file that is open for writing; it is closed with the output, and after a failure here too. */
int sk_scap_output_open_fd(int fd, bool compress, struct sk_scap_output **ret_output, struct sk_error *error);

/* The same, plain: `take` gets the bytes in large pieces.  A negative errno of it is a failure of the output. */
int sk_scap_output_open_sink(int (*take)(void *context, const uint8_t *bytes, size_t size), void *context,
			     struct sk_scap_output **ret_output, struct sk_error *error);

/* Writes what was put so far, if it is not compressed: its end would cost a place where inflating can begin. */
void sk_scap_output_flush(struct sk_scap_output *output);

/*
 * Room for `count` (at most 64 KiB) contiguous bytes, which the caller fills
 * and then commits; NULL after a failure.
 */
uint8_t *sk_scap_output_room(struct sk_scap_output *output, size_t count);
void sk_scap_output_commit(struct sk_scap_output *output, size_t count);

/* Appends bytes of any number. */
void sk_scap_output_put(struct sk_scap_output *output, const void *bytes, size_t count);

/* 0, or the first failure with its sentence. */
int sk_scap_output_failure(const struct sk_scap_output *output, struct sk_error *error);

/* Bytes put so far. */
uint64_t sk_scap_output_size(const struct sk_scap_output *output);

/* Writes what is left, closes, frees.  Returns the first failure. */
int sk_scap_output_close(struct sk_scap_output *output, struct sk_error *error);

#endif
