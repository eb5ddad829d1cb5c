/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where alerts go: one or more files or streams.  An alert is handed over
 * whole.  When an output fails, what it had not taken and everything after it
 * goes to standard error instead, so that no alert is lost with its output;
 * but of a replay, which can be repeated, a pipe that nobody reads any more
 * wants no more of it.
 */
#ifndef SK_ALERT_OUTPUT_H
#define SK_ALERT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"
#include "vm/support/error.h"

enum { SK_OUTPUT_LIMIT = 4 };

struct sk_output_stream {
	const char *name;
	int fd;
	bool owned; /* closed at the end */
	bool failed;
	bool unread; /* of a replay: its reader went away */
};

struct sk_outputs {
	struct sk_output_stream streams[SK_OUTPUT_LIMIT];
	size_t count;
	struct sk_buffer pending; /* whole lines that no stream has yet */
	size_t flush_at;          /* bytes that may wait; 0: every alert is written at once */
	bool failed;              /* some output failed */
};

/* `batch`: collect lines (a replay); otherwise each is written at once. */
void sk_outputs_init(struct sk_outputs *outputs, bool batch);

/*
 * Adds an open stream, or a file that is created or appended to.  -ENOSPC when
 * there are too many, or the errno of open.
 */
int sk_outputs_add_fd(struct sk_outputs *outputs, const char *name, int fd);
int sk_outputs_add_file(struct sk_outputs *outputs, const char *path, struct sk_error *error);

/* After lines were appended to `pending`: writes them if it is time. */
void sk_outputs_commit(struct sk_outputs *outputs);

/* True if there are outputs, and nobody reads any of them. */
bool sk_outputs_unread(const struct sk_outputs *outputs);

/* Writes everything that waits. */
void sk_outputs_flush(struct sk_outputs *outputs);

/* Flushes and closes. */
void sk_outputs_release(struct sk_outputs *outputs);

#endif
