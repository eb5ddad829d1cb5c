/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gzip file inflates to, piece by piece.
 *
 *    file ──read──► raw [....] ──inflate──► the caller's bytes
 *    memory ──────► raw
 *
 * Members follow each other without a seam; what follows the last one and is
 * no member is no part of the capture.
 */
#ifndef SK_SCAP_INFLATE_H
#define SK_SCAP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "runtime/scap/file.h"
#include "vm/support/error.h"

struct sk_inflate {
	struct sk_scap_file *file;    /* NULL: memory */
	const uint8_t *raw, *raw_end; /* not inflated yet */
	uint8_t *raw_buffer;
	size_t raw_capacity;
	bool raw_ended;
	z_stream stream;
	uint64_t consumed; /* compressed bytes */
	bool ended;        /* nothing comes any more */
	int failure;       /* why, if that is not the end of the file; negative errno */
	struct sk_error failure_error;
};

static inline bool sk_inflate_is_gzip(const uint8_t *bytes, size_t size)
{
	return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* From memory, which must outlive it.  -ENOMEM with a sentence. */
int sk_inflate_begin_memory(const void *bytes, size_t size, struct sk_inflate *ret_source, struct sk_error *error);

/*
 * From a file whose first `size` bytes were read into `buffer` already, which
 * has room for `capacity` and is from sk_alloc(): taken over on success.  The
 * file must outlive it.
 */
int sk_inflate_begin_file(struct sk_scap_file *file, uint8_t *buffer, size_t size, size_t capacity,
			  struct sk_inflate *ret_source, struct sk_error *error);

/*
 * Writes what comes next, up to `room` bytes; returns how many.  0 only when
 * it has ended, but it may end with bytes too.
 */
size_t sk_inflate_next(struct sk_inflate *source, uint8_t *bytes, size_t room);

/* True if the next bytes may have to wait for somebody who writes them. */
static inline bool sk_inflate_may_wait(const struct sk_inflate *source)
{
	return source->file && source->file->waits && source->raw == source->raw_end;
}

void sk_inflate_end(struct sk_inflate *source);

#endif
