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

#endif
