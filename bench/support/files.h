/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the machine that the workload plays: for each purpose a list of
 * paths, the first of which is used most (Zipf's law with exponent 1).
 */
#ifndef SK_BENCH_FILES_H
#define SK_BENCH_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/support/random.h"
#include "vm/support/arena.h"

enum files_kind {
	FILES_LIBRARIES, /* what programs load when they start */
	FILES_HEADERS,   /* what compilers look for */
	FILES_SOURCES,
	FILES_SETTINGS, /* below /etc, harmless to read */
	FILES_WEB,      /* what a web server delivers */
	FILES_MODULES,  /* of Python */
	FILES_PACKAGES, /* of dpkg */
	FILES_FOLDERS,  /* what find walks through */
	FILES_KIND_COUNT
};

struct files {
	struct {
		const char **paths;
		double *share; /* of draws that are this path or one before it */
		size_t count;
	} kinds[FILES_KIND_COUNT];
};

/* False when there is no memory.  The paths live in `arena`. */
bool files_init(struct files *files, struct sk_arena *arena);

const char *files_draw(const struct files *files, enum files_kind kind, struct random *random);

#endif
