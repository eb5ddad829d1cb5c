/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that a capture is read from: a regular one, or standard input or
 * another whose bytes come when somebody writes them.
 *
 * Only one thread reads at a time; another may end a read that waits.
 */
#ifndef SK_SCAP_FILE_H
#define SK_SCAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/support/error.h"

struct sk_scap_file {
	int fd;
	int interrupt;   /* an eventfd that ends a read which waits; -1: there is none */
	bool owns_fd;    /* standard input is not ours to close */
	bool waits;      /* no regular file: a read may wait for somebody */
	uint64_t size;   /* of a regular file, 0: unknown */
	uint64_t offset; /* bytes that were read */
};

/* A file that holds nothing, to close. */
#define SK_SCAP_FILE_NONE ((struct sk_scap_file){.fd = -1, .interrupt = -1})

/* "-" is standard input.  Negative errno with a sentence. */
int sk_scap_file_open(const char *path, struct sk_scap_file *ret_file, struct sk_error *error);

/*
 * Reads once: the number of bytes, 0 at the end.  Negative errno with a
 * sentence; -ECANCELED after sk_scap_file_interrupt().
 */
ssize_t sk_scap_file_read(struct sk_scap_file *file, void *bytes, size_t size, struct sk_error *error);

/* To be called before reading, if sk_scap_file_interrupt() shall work.  Negative errno. */
int sk_scap_file_allow_interrupt(struct sk_scap_file *file);

/* Ends a read that waits, and all later ones.  From any thread. */
void sk_scap_file_interrupt(struct sk_scap_file *file);

void sk_scap_file_close(struct sk_scap_file *file);

#endif
