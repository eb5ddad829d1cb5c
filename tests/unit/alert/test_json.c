/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping of hostile text: control characters, invalid UTF-8 everywhere. */
#include "runtime/alert/alert.h"

#include <stdlib.h>

#include "tests/test.h"

#define BAD "\xef\xbf\xbd"

static struct sk_buffer buffer;

static const char *escape(const char *bytes, size_t length)
{
	sk_buffer_clear(&buffer);
	sk_buffer_append_text(&buffer, "");
	sk_json_escape(bytes, length, &buffer);
	return buffer.bytes;
}

#define CHECK_ESCAPE(bytes, expected) CHECK_TEXT(escape(bytes, sizeof(bytes) - 1), expected)

TEST(printable_text_stays_as_it_is)
{
	CHECK_ESCAPE("", "");
	CHECK_ESCAPE("/usr/bin/x --flag='a b' ~{|}", "/usr/bin/x --flag='a b' ~{|}");
	CHECK_ESCAPE("gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\xa7",
		     "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\xa7");
}

TEST(quotes_and_control_characters_are_escaped)
{
	CHECK_ESCAPE("\"\\", "\\\"\\\\");
	CHECK_ESCAPE("\b\f\n\r\t", "\\b\\f\\n\\r\\t");
	CHECK_ESCAPE("\x01\x1b[2J\x1f\x7f", "\\u0001\\u001b[2J\\u001f\\u007f");
	CHECK_ESCAPE("a\0b", "a\\u0000b");
}

TEST(each_byte_that_begins_no_sequence_is_one_replacement)
{
	CHECK_ESCAPE("\x80", BAD);
	CHECK_ESCAPE("\xbf\xbf", BAD BAD);
	CHECK_ESCAPE("\xc0\xaf", BAD BAD);
	CHECK_ESCAPE("\xc1\x81", BAD BAD);
	CHECK_ESCAPE("\xf5\x80\x80\x80", BAD BAD BAD BAD);
	CHECK_ESCAPE("\xfe\xff", BAD BAD);
}

TEST(a_broken_sequence_is_one_replacement_and_what_broke_it_is_read_again)
{
	CHECK_ESCAPE("\xc3x", BAD "x");
	CHECK_ESCAPE("\xc3\xc3\xbc", BAD "\xc3\xbc");
	CHECK_ESCAPE("\xe2\x82x", BAD "x");
	CHECK_ESCAPE("\xe2\x82\n", BAD "\\n");
	CHECK_ESCAPE("\xe2\x82\xe2\x82\xac", BAD "\xe2\x82\xac");
	CHECK_ESCAPE("\xf0\x9f\x90\"", BAD "\\\"");
	CHECK_ESCAPE("\xf0\x9f\xff", BAD BAD);
}

TEST(a_sequence_cut_short_by_the_end_is_one_replacement)
{
	CHECK_ESCAPE("a\xc3", "a" BAD);
	CHECK_ESCAPE("a\xe2\x82", "a" BAD);
	CHECK_ESCAPE("a\xf0\x9f\x90", "a" BAD);
}

TEST(overlong_forms_surrogates_and_large_code_points_break_at_their_second_byte)
{
	CHECK_ESCAPE("\xe0\x80\x80", BAD BAD BAD);
	CHECK_ESCAPE("\xe0\x9f\xbf", BAD BAD BAD);
	CHECK_ESCAPE("\xed\xa0\x80", BAD BAD BAD);
	CHECK_ESCAPE("\xf0\x80\x80\x80", BAD BAD BAD BAD);
	CHECK_ESCAPE("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	CHECK_ESCAPE("\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		     "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

/* A slow reader that knows the rules by heart and not by table. */
static bool is_valid(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		const unsigned size = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
		uint32_t code = size == 1 ? bytes[i] : bytes[i] & (0x7fU >> size);

		if (i + size > length || (size > 1 && (bytes[i] & 0xc0) != 0xc0) || bytes[i] > 0xf7)
			return false;
		for (unsigned k = 1; k < size; k++) {
			if ((bytes[i + k] & 0xc0) != 0x80)
				return false;
			code = code << 6 | (bytes[i + k] & 0x3f);
		}
		if (code < 0x20 || code == 0x7f || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
		    (size == 2 && code < 0x80) || (size == 3 && code < 0x800) || (size == 4 && code < 0x10000))
			return false;
		i += size;
	}
	return true;
}

TEST(whatever_comes_in_valid_utf_8_without_control_characters_comes_out)
{
	uint8_t bytes[4];

	/* All pairs, and all pairs between two bytes that matter. */
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			static const uint8_t around[] = {'x', 0xc3, 0xe2, 0xf0, 0xf4, 0x80, '"'};

			for (size_t i = 0; i < sizeof(around); i++) {
				bytes[0] = around[i];
				bytes[1] = (uint8_t)a;
				bytes[2] = (uint8_t)b;
				bytes[3] = around[sizeof(around) - 1 - i];
				escape((char *)bytes, sizeof(bytes));
				if (!is_valid((uint8_t *)buffer.bytes, buffer.length)) {
					CHECK_EQUAL(a << 8 | b, -1);
					return;
				}
			}
		}
	}
	CHECK(is_valid((const uint8_t *)"\xe2\x82\xac", 3) && !is_valid((const uint8_t *)"\xed\xa0\x80", 3));
}

TEST(a_very_long_text_is_escaped_whole)
{
	const size_t length = 1 << 20;
	char *bytes = malloc(length);

	if (!bytes)
		return;
	memset(bytes, 0x01, length);
	escape(bytes, length);
	CHECK_EQUAL(buffer.length, 6 * length);
	memset(bytes, 0xff, length);
	escape(bytes, length);
	CHECK_EQUAL(buffer.length, 3 * length);
	free(bytes);
	sk_buffer_release(&buffer);
}

TEST_MAIN(RUN(printable_text_stays_as_it_is) RUN(quotes_and_control_characters_are_escaped)
		  RUN(each_byte_that_begins_no_sequence_is_one_replacement)
			  RUN(a_broken_sequence_is_one_replacement_and_what_broke_it_is_read_again) RUN(
				  a_sequence_cut_short_by_the_end_is_one_replacement)
				  RUN(overlong_forms_surrogates_and_large_code_points_break_at_their_second_byte)
					  RUN(whatever_comes_in_valid_utf_8_without_control_characters_comes_out)
						  RUN(a_very_long_text_is_escaped_whole))
