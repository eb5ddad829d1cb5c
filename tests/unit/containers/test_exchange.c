/* SPDX-License-Identifier: Apache-2.0 */
/* A call of gRPC as bytes: what servers send, good and bad, in pieces of any size. */
#include <errno.h>
#include <stdlib.h>

#include "runtime/containers/exchange.h"
#include "tests/test.h"
#include "tests/unit/containers/frames.h"
#include "vm/support/alloc.h"

enum { LIMIT = 100000 };

static struct sk_buffer message, request;

static int drain(struct sk_exchange *exchange)
{
	const uint8_t *bytes;
	int size;

	while ((size = sk_exchange_give(exchange, &bytes)) > 0)
		sk_buffer_append(&request, bytes, (size_t)size);
	return size;
}

/* How a call ends when these bytes come, `step` at a time. */
static int answer_with(const struct sk_buffer *bytes, size_t step)
{
	const struct sk_buffer question = {.bytes = (char[]){"hello"}, .length = 5};
	const struct sk_grpc_call call = {.path = "/a.B/C", .message = &question};
	struct sk_exchange *exchange = NULL;
	int result = sk_exchange_create(&call, LIMIT, &exchange);

	sk_buffer_clear(&request);
	sk_buffer_clear(&message);
	if (result < 0)
		return result;
	result = drain(exchange);
	for (size_t at = 0; at < bytes->length && result == 0 && !sk_exchange_is_over(exchange); at += step) {
		result = sk_exchange_take(exchange, (const uint8_t *)bytes->bytes + at,
					  bytes->length - at < step ? bytes->length - at : step);
		if (result == 0)
			result = drain(exchange);
	}
	if (result == 0)
		result = sk_exchange_finish(exchange, &message);
	sk_exchange_destroy(exchange);
	return result;
}

static int answer_and_release(struct sk_buffer *bytes)
{
	int result = answer_with(bytes, 4096), again = answer_with(bytes, 7);

	CHECK_EQUAL(result < 0, again < 0);
	sk_buffer_release(bytes);
	return result;
}

static void done(void)
{
	sk_buffer_release(&message);
	sk_buffer_release(&request);
}

TEST(a_message_comes_in_frames_of_any_size)
{
	struct sk_buffer bytes = {0};
	char text[40000];

	memset(text, 'x', sizeof(text));
	add_answer(&bytes, "0", text, sizeof(text));
	for (size_t step = 1; step < 50000; step = step * 3 + 1) {
		CHECK_EQUAL(answer_with(&bytes, step), 0);
		CHECK_EQUAL(message.length, sizeof(text));
		CHECK(memcmp(message.bytes, text, sizeof(text)) == 0);
	}
	/* What was asked stands behind the preface of HTTP/2: settings, headers, five bytes and "hello". */
	CHECK(request.length > 24 && memcmp(request.bytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24) == 0);
	CHECK(memmem(request.bytes, request.length, "\0\0\0\0\5hello", 10) != NULL);
	sk_buffer_release(&bytes);
	done();
}

TEST(codes_of_the_server_are_told)
{
	struct sk_buffer bytes = {0}, block = {0};

	add_answer(&bytes, "5", NULL, 0);
	CHECK_EQUAL(answer_and_release(&bytes), SK_GRPC_NOT_FOUND);
	add_answer(&bytes, "12", NULL, 0);
	CHECK_EQUAL(answer_and_release(&bytes), SK_GRPC_UNIMPLEMENTED);
	add_answer(&bytes, "17", NULL, 0);
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_answer(&bytes, "0x", "", 0);
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	/* An error needs one frame of headers. */
	add_frame(&bytes, FRAME_SETTINGS, 0, 0, NULL, 0);
	add_header(&block, ":status", "200");
	add_header(&block, "content-type", "application/grpc");
	add_header(&block, "grpc-status", "5");
	add_frame(&bytes, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, block.bytes, block.length);
	CHECK_EQUAL(answer_and_release(&bytes), SK_GRPC_NOT_FOUND);
	sk_buffer_release(&block);
	done();
}

TEST(what_is_no_answer_is_refused)
{
	static const char http1[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	const uint8_t reset[4] = {0, 0, 0, 8}, goaway[8] = {0};
	struct sk_buffer bytes = {0};

	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	sk_buffer_append_text(&bytes, http1);
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	/* Ended before its end. */
	add_beginning(&bytes, "200", "application/grpc");
	add_message(&bytes, 0, "abc", 3);
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_beginning(&bytes, "200", "application/grpc");
	add_frame(&bytes, FRAME_RESET, 0, 1, reset, sizeof(reset));
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_frame(&bytes, FRAME_SETTINGS, 0, 0, NULL, 0);
	add_frame(&bytes, FRAME_GOAWAY, 0, 0, goaway, sizeof(goaway));
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	/* Another protocol, another status. */
	add_beginning(&bytes, "200", "text/html");
	add_message(&bytes, 0, "abc", 3);
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_beginning(&bytes, "503", "application/grpc");
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	done();
}

TEST(a_message_must_be_one_whole_and_plain)
{
	struct sk_buffer bytes = {0};

	add_beginning(&bytes, "200", "application/grpc");
	add_message(&bytes, 1, "abc", 3);
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_beginning(&bytes, "200", "application/grpc");
	add_message(&bytes, 0, "abc", 3);
	add_message(&bytes, 0, "def", 3);
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_beginning(&bytes, "200", "application/grpc");
	add_frame(&bytes, FRAME_DATA, 0, 1, "\0\0\0\0\7abc", 8);
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	add_beginning(&bytes, "200", "application/grpc");
	add_frame(&bytes, FRAME_DATA, 0, 1, "\0\0\0", 3);
	add_end(&bytes, "0");
	CHECK_EQUAL(answer_and_release(&bytes), -EBADMSG);
	done();
}

TEST(whoever_sends_without_end_gets_nowhere)
{
	const uint8_t opaque[8] = {0}, setting[6] = {0, 4, 0, 0, 0, 0};
	struct sk_buffer bytes = {0}, block = {0};
	char text[LIMIT + 1] = "";

	/* A message that is too long, however it says so. */
	add_answer(&bytes, "0", text, sizeof(text));
	CHECK_EQUAL(answer_and_release(&bytes), -E2BIG);
	add_answer(&bytes, "0", text, LIMIT);
	CHECK_EQUAL(answer_and_release(&bytes), 0);
	/* Frames that carry nothing. */
	add_beginning(&bytes, "200", "application/grpc");
	while (bytes.length < 2 << 20)
		add_frame(&bytes, FRAME_DATA, 0, 1, NULL, 0);
	CHECK(answer_and_release(&bytes) < 0);
	while (bytes.length < 2 << 20)
		add_frame(&bytes, FRAME_PING, 0, 0, opaque, sizeof(opaque));
	CHECK(answer_and_release(&bytes) < 0);
	while (bytes.length < 2 << 20)
		add_frame(&bytes, FRAME_SETTINGS, 0, 0, setting, sizeof(setting));
	CHECK(answer_and_release(&bytes) < 0);
	/* Headers that go on and on. */
	for (int i = 0; i < 100; i++)
		add_header(&block, "x-much",
			   "0123456789012345678901234567890123456789012345678901234567890123456789");
	add_frame(&bytes, FRAME_SETTINGS, 0, 0, NULL, 0);
	add_frame(&bytes, FRAME_HEADERS, 0, 1, block.bytes, block.length);
	while (bytes.length < 2 << 20)
		add_frame(&bytes, 9, 0, 1, block.bytes, block.length);
	CHECK(answer_and_release(&bytes) < 0);
	/* A frame longer than was allowed. */
	sk_buffer_append(&bytes, "\0\0\0\4\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\1", 18);
	CHECK(answer_and_release(&bytes) < 0);
	sk_buffer_release(&block);
	done();
}

TEST(without_memory_an_exchange_says_so)
{
	struct sk_buffer bytes = {0};
	bool ended = false;

	add_answer(&bytes, "0", "abc", 3);
	for (size_t n = 0; n < 500 && !ended; n++) {
		int result;

		sk_alloc_fail_after(n);
		result = answer_with(&bytes, 64);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(result == 0 || result == -ENOMEM);
		ended = result == 0;
	}
	CHECK(ended);
	sk_buffer_release(&bytes);
	done();
}

TEST_MAIN(RUN(a_message_comes_in_frames_of_any_size) RUN(codes_of_the_server_are_told)
		  RUN(what_is_no_answer_is_refused) RUN(a_message_must_be_one_whole_and_plain)
			  RUN(whoever_sends_without_end_gets_nowhere) RUN(without_memory_an_exchange_says_so))
