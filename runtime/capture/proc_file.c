/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make_path(char path[PATH_MAX], const char *format, va_list arguments)
{
	int length = vsnprintf(path, PATH_MAX, format, arguments);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int sk_proc_read_file(char *buffer, size_t size, size_t *ret_length, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	size_t length = 0;
	int result, file;

	va_start(arguments, format);
	result = make_path(path, format, arguments);
	va_end(arguments);
	if (result < 0)
		return result;
	/* Not blocking: a path below a process's root can lead anywhere. */
	file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return -errno;
	while (length < size - 1) {
		ssize_t got = read(file, buffer + length, size - 1 - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = -errno;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(file);
	if (result < 0 && length == 0)
		return result;
	buffer[length] = '\0';
	*ret_length = length;
	return 0;
}

int sk_proc_read_link(char *buffer, size_t size, size_t *ret_length, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	ssize_t length;
	int result;

	va_start(arguments, format);
	result = make_path(path, format, arguments);
	va_end(arguments);
	if (result < 0)
		return result;
	length = readlink(path, buffer, size - 1);
	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	*ret_length = (size_t)length;
	return 0;
}

bool sk_proc_parse_number(const char *text, int64_t *ret_value)
{
	char *end;
	long long value;

	if (!(*text >= '0' && *text <= '9') && *text != '-')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text)
		return false;
	*ret_value = value;
	return true;
}

const char *sk_proc_find_line(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1 + strspn(text + length + 1, " \t");
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

int sk_proc_lines_open(struct sk_proc_lines *lines, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = make_path(path, format, arguments);
	va_end(arguments);
	if (result < 0)
		return result;
	lines->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	lines->start = lines->end = 0;
	lines->skip = false;
	return lines->file < 0 ? -errno : 0;
}

static bool fill(struct sk_proc_lines *lines)
{
	ssize_t got;

	memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	do
		got = read(lines->file, lines->buffer + lines->end, sizeof(lines->buffer) - 1 - lines->end);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		lines->end += (size_t)got;
	return got > 0;
}

char *sk_proc_lines_next(struct sk_proc_lines *lines)
{
	for (;;) {
		char *line = lines->buffer + lines->start;
		char *newline = memchr(line, '\n', lines->end - lines->start);
		bool skip = lines->skip;

		if (newline) {
			*newline = '\0';
			lines->start = (size_t)(newline + 1 - lines->buffer);
			lines->skip = false;
		} else if (lines->end - lines->start == sizeof(lines->buffer) - 1) {
			lines->buffer[lines->end] = '\0';
			lines->start = lines->end;
			lines->skip = true;
		} else if (fill(lines)) {
			continue;
		} else if (lines->end > lines->start) {
			lines->buffer[lines->end] = '\0';
			lines->start = lines->end;
		} else {
			return NULL;
		}
		if (!skip)
			return line;
	}
}

void sk_proc_lines_close(struct sk_proc_lines *lines)
{
	if (lines->file >= 0)
		close(lines->file);
	lines->file = -1;
}
