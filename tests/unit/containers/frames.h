/* SPDX-License-Identifier: Apache-2.0 */
/* What a gRPC server sends, put together frame by frame: well or badly. */
#ifndef SK_TEST_FRAMES_H
#define SK_TEST_FRAMES_H

#include <string.h>

#include "vm/support/buffer.h"

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_RESET = 3, FRAME_SETTINGS = 4, FRAME_PING = 6, FRAME_GOAWAY = 7 };
enum { FLAG_END_STREAM = 1, FLAG_ACK = 1, FLAG_END_HEADERS = 4 };

static void add_frame(struct sk_buffer *bytes, uint8_t type, uint8_t flags, uint8_t stream, const void *payload,
		      size_t length)
{
	const uint8_t head[9] = {
		(uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, type, flags, 0, 0, 0, stream};

	sk_buffer_append(bytes, head, sizeof(head));
	sk_buffer_append(bytes, payload, length);
}

/* Literals without indexing, no Huffman codes. */
static void add_header(struct sk_buffer *block, const char *name, const char *value)
{
	sk_buffer_append_char(block, 0);
	sk_buffer_append_char(block, (char)strlen(name));
	sk_buffer_append_text(block, name);
	sk_buffer_append_char(block, (char)strlen(value));
	sk_buffer_append_text(block, value);
}

static void add_beginning(struct sk_buffer *bytes, const char *status, const char *type)
{
	struct sk_buffer block = {0};

	add_frame(bytes, FRAME_SETTINGS, 0, 0, NULL, 0);
	add_header(&block, ":status", status);
	add_header(&block, "content-type", type);
	add_frame(bytes, FRAME_HEADERS, FLAG_END_HEADERS, 1, block.bytes, block.length);
	sk_buffer_release(&block);
}

/* A message with its prefix, in frames of 16 KiB. */
static void add_message(struct sk_buffer *bytes, uint8_t compressed, const void *message, size_t length)
{
	const uint8_t prefix[5] = {compressed, (uint8_t)(length >> 24), (uint8_t)(length >> 16),
				   (uint8_t)(length >> 8), (uint8_t)length};
	struct sk_buffer data = {0};

	sk_buffer_append(&data, prefix, sizeof(prefix));
	sk_buffer_append(&data, message, length);
	for (size_t at = 0; at < data.length; at += 16384)
		add_frame(bytes, FRAME_DATA, 0, 1, data.bytes + at,
			  data.length - at < 16384 ? data.length - at : 16384);
	sk_buffer_release(&data);
}

static void add_end(struct sk_buffer *bytes, const char *code)
{
	struct sk_buffer block = {0};

	add_header(&block, "grpc-status", code);
	add_frame(bytes, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block.bytes, block.length);
	sk_buffer_release(&block);
}

static void add_answer(struct sk_buffer *bytes, const char *code, const void *message, size_t length)
{
	add_beginning(bytes, "200", "application/grpc");
	if (strcmp(code, "0") == 0)
		add_message(bytes, 0, message, length);
	add_end(bytes, code);
}

#endif
