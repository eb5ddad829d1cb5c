/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a capture, uncompressed and contiguous, from a file, standard
 * input or memory.
 *
 *            position            end
 *               v                 v
 *    [ consumed |    at hand      |  not read yet ...
 *
 * A reader asks for as many bytes as it needs at once, reads them in place and
 * moves `position`.  Only when too few are at hand the source is asked for
 * more; what is left over then moves in front of what it brings, so all
 * pointers into the bytes end there.
 *
 * The source is one function, `refill`.  Memory has none, plain files read(2),
 * compressed ones inflate: the first of their bytes here, and when it shows
 * that there are many, the rest in a thread that works beside the caller.
 * What comes, and in which order, is the same.
 */
#ifndef SK_SCAP_INPUT_H
#define SK_SCAP_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/error.h"

struct sk_scap_input {
	const uint8_t *position; /* the next byte; the reader moves it, up to `end` */
	const uint8_t *end;      /* behind the last byte at hand */
	uint64_t end_offset;     /* of `end` in the uncompressed capture */

	/*
	 * Puts more bytes behind those at hand, until there are `wanted` or no
	 * more come.
	 */
	void (*refill)(struct sk_scap_input *input, size_t wanted);
	void (*release)(struct sk_scap_input *input);
	uint64_t consumed; /* bytes of the file, which may be compressed */
	uint64_t size;     /* of the file, 0: unknown */
	/*
	 * Compressed bytes after which another thread inflates; UINT64_MAX: none
	 * does.  Opening sets what pays; it may be changed before the first byte
	 * is asked for.
	 */
	uint64_t ahead_after;
	bool timed;         /* count the following */
	uint64_t refills;   /* how often more bytes were fetched */
	uint64_t refill_ns; /* the CPU time that took in the caller's thread */
	bool ended;         /* nothing comes any more */
	int failure;        /* why, if that is not the end of the file; negative errno */
	struct sk_error failure_error;
};

/*
 * Opens a file, "-" for standard input.  Whether it is compressed shows in its
 * first bytes.  Negative errno with a sentence.
 */
int sk_scap_input_open(const char *path, struct sk_scap_input **ret_input, struct sk_error *error);

/* The same from memory, which must outlive the input. */
int sk_scap_input_open_memory(const void *bytes, size_t size, struct sk_scap_input **ret_input,
			      struct sk_error *error);

void sk_scap_input_close(struct sk_scap_input *input);

/*
 * Number of contiguous bytes at `position`: at least `wanted`, fewer only
 * where the capture ends or cannot be read on.  Memory is taken only for bytes
 * that arrive, not for those that are wanted.
 */
size_t sk_scap_input_more(struct sk_scap_input *input, size_t wanted);

static inline size_t sk_scap_input_have(struct sk_scap_input *input, size_t wanted)
{
	size_t have = (size_t)(input->end - input->position);

	return __builtin_expect(have >= wanted, 1) ? have : sk_scap_input_more(input, wanted);
}

/* Passes over bytes without keeping them; false if there are not as many. */
bool sk_scap_input_skip(struct sk_scap_input *input, uint64_t count);

/* Where `position` is in the uncompressed capture. */
static inline uint64_t sk_scap_input_offset(const struct sk_scap_input *input)
{
	return input->end_offset - (uint64_t)(input->end - input->position);
}

/*
 * Why no more bytes come: 0 at the end of the file, -EBADMSG for a damaged or
 * truncated compression, another negative errno for a failed read.
 */
int sk_scap_input_failure(const struct sk_scap_input *input, struct sk_error *error);

#endif
