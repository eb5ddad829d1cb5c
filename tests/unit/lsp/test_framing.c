/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out of a stream, and what is no such stream. */
#include "cli/lsp/framing.h"

#include <errno.h>

#include "tests/test.h"
#include "vm/support/alloc.h"

struct stream {
	struct sk_lsp_framing framing;
	const char *body, *fault;
	size_t length;
};

static int next(struct stream *stream)
{
	return sk_lsp_framing_next(&stream->framing, &stream->body, &stream->length, &stream->fault);
}

static void add(struct stream *stream, const char *text)
{
	CHECK(sk_lsp_framing_add(&stream->framing, text, strlen(text)));
}

static bool is_body(const struct stream *stream, const char *text)
{
	return stream->length == strlen(text) && memcmp(stream->body, text, stream->length) == 0;
}

TEST(messages_come_out_whole_however_they_came_in)
{
	static const char text[] = "Content-Length: 2\r\n\r\n{}content-length:4\r\nContent-Type: x\r\n\r\nnull"
				   "Content-Length: 0\r\n\r\n";
	struct stream stream = {0};
	int count = 0;

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		CHECK(sk_lsp_framing_add(&stream.framing, text + i, 1));
		while (next(&stream) == 1) {
			CHECK(is_body(&stream, count == 0 ? "{}" : count == 1 ? "null" : ""));
			count++;
		}
	}
	CHECK_EQUAL(count, 3);
	add(&stream, text);
	for (count = 0; next(&stream) == 1; count++)
		;
	CHECK_EQUAL(count, 3);
	sk_lsp_framing_release(&stream.framing);
}

static void refuses(const char *text, const char *why)
{
	struct stream stream = {0};

	add(&stream, text);
	CHECK_EQUAL(next(&stream), -EPROTO);
	CHECK(stream.fault && strstr(stream.fault, why));
	CHECK_EQUAL(next(&stream), -EPROTO);
	sk_lsp_framing_release(&stream.framing);
}

TEST(what_is_no_stream_is_refused)
{
	char long_header[9000];

	refuses("Hello: 1\r\n\r\n", "without Content-Length");
	refuses("Content-Length: x\r\n\r\n", "no number");
	refuses("Content-Length: -1\r\n\r\n", "no number");
	refuses("Content-Length: \r\n\r\n", "no number");
	refuses("Content-Length: 99999999999999999999999999\r\n\r\n", "64 MiB");
	refuses("Content-Length: 67108865\r\n\r\n", "64 MiB");
	refuses("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "different");
	memset(long_header, 'a', sizeof(long_header) - 1);
	long_header[sizeof(long_header) - 1] = '\0';
	refuses(long_header, "without an end");
}

TEST(a_length_alone_takes_no_memory)
{
	struct stream stream = {0};

	add(&stream, "Content-Length: 67108864\r\n\r\nabc");
	CHECK_EQUAL(next(&stream), 0);
	CHECK(stream.framing.bytes.capacity < 100000);
	sk_lsp_framing_release(&stream.framing);
}

TEST(an_escaped_half_of_a_pair_is_replaced)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
		{"\"\\ud83d\"", "\"\\ufffd\""},
		{"\"\\ude00\\ud83d\"", "\"\\ufffd\\ufffd\""},
		{"\"\\\\ud83d\"", "\"\\\\ud83d\""},
		{"\"\\uD83Dx\"", "\"\\ufffdx\""},
		{"\"\\u12\"", "\"\\u12\""},
		{"\\", "\\"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *repaired = sk_lsp_repair_surrogates(cases[i].from, strlen(cases[i].from));

		CHECK_TEXT(repaired, cases[i].to);
		sk_free(repaired);
	}
}

TEST_MAIN(RUN(messages_come_out_whole_however_they_came_in) RUN(what_is_no_stream_is_refused)
		  RUN(a_length_alone_takes_no_memory) RUN(an_escaped_half_of_a_pair_is_replaced))
