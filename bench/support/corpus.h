/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture in memory, uncompressed: so that what is measured never waits for
 * a disk.
 */
#ifndef SK_BENCH_CORPUS_H
#define SK_BENCH_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/reader.h"

struct corpus {
	uint8_t *bytes; /* the file */
	size_t size;
	uint64_t hash; /* xxh3 of it */
};

/* 0, or -1 after a sentence on standard error. */
int corpus_load(const char *path, struct corpus *ret_corpus);
void corpus_release(struct corpus *corpus);

#endif
