/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/uri.h"

#include <string.h>
#include <strings.h>

#include "vm/support/alloc.h"
#include "vm/support/buffer.h"
#include "vm/support/hex.h"

/* The buffer's text without `.`, `..` and doubled slashes, in place. */
static void normalize(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t length;

		while (*from == '/')
			from++;
		length = strcspn(from, "/");
		if (length == 2 && from[0] == '.' && from[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (length && !(length == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* What the buffer holds, to be freed; NULL if it failed. */
static char *give(struct sk_buffer *buffer)
{
	if (!buffer->failed && buffer->bytes)
		return buffer->bytes;
	sk_buffer_release(buffer);
	return NULL;
}

char *sk_lsp_uri_to_path(const char *uri)
{
	struct sk_buffer buffer = {0};
	char *path;

	if (strncasecmp(uri, "file://", 7) != 0)
		return NULL;
	uri += 7;
	if (strncasecmp(uri, "localhost/", 10) == 0)
		uri += 9;
	if (*uri != '/')
		return NULL;
	for (; *uri && *uri != '?' && *uri != '#'; uri++) {
		int high = *uri == '%' ? sk_hex_digit(uri[1]) : -1, low = high >= 0 ? sk_hex_digit(uri[2]) : -1;
		char byte = *uri;

		if (low >= 0) {
			byte = (char)(high << 4 | low);
			uri += 2;
		}
		if (!byte) {
			sk_buffer_release(&buffer);
			return NULL;
		}
		sk_buffer_append_char(&buffer, byte);
	}
	path = give(&buffer);
	if (path)
		normalize(path);
	return path;
}

char *sk_lsp_path_to_uri(const char *path)
{
	struct sk_buffer buffer = {0};

	sk_buffer_append_text(&buffer, "file://");
	for (; *path; path++) {
		if ((*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') ||
		    (*path >= '0' && *path <= '9') || strchr("-._~/", *path))
			sk_buffer_append_char(&buffer, *path);
		else
			sk_buffer_printf(&buffer, "%%%02X", (unsigned char)*path);
	}
	return give(&buffer);
}

char *sk_lsp_path_join(const char *base, const char *path)
{
	struct sk_buffer buffer = {0};
	char *joined;

	if (*path != '/')
		sk_buffer_printf(&buffer, "%s/", base);
	sk_buffer_append_text(&buffer, path);
	joined = give(&buffer);
	if (joined)
		normalize(joined);
	return joined;
}
