/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the small files and links of /proc.  A process decides what many of
 * them say, so every read is bounded.
 */
#ifndef SK_CAPTURE_PROC_FILE_H
#define SK_CAPTURE_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads the file that `format` names, at most `size` - 1 bytes, and a NUL
 * after them.  Negative errno.
 */
int sk_proc_read_file(char *buffer, size_t size, size_t *ret_length, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for what a symbolic link points to. */
int sk_proc_read_link(char *buffer, size_t size, size_t *ret_length, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A decimal number at the start of `text`, with a sign or without; false if there is none or it is too large. */
bool sk_proc_parse_number(const char *text, int64_t *ret_value);

/* The rest of the line "NAME:\t..." in the text of a status file; NULL if it has none. */
const char *sk_proc_find_line(const char *text, const char *name);

/* Goes through the lines of a file; one that is longer than the buffer is cut. */
struct sk_proc_lines {
	int file;
	size_t start, end; /* of what is unread in `buffer` */
	bool skip;         /* until the end of a line that was cut */
	char buffer[8192];
};

int sk_proc_lines_open(struct sk_proc_lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next line without its newline, NUL-terminated, valid until the next call; NULL at the end. */
char *sk_proc_lines_next(struct sk_proc_lines *lines);

void sk_proc_lines_close(struct sk_proc_lines *lines);

#endif
