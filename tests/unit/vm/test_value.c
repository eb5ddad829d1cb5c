/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/value.h"

#include <float.h>

#include "tests/test.h"

static const char *printed(const struct sk_value *value)
{
	static struct sk_buffer buffer;

	sk_buffer_clear(&buffer);
	sk_value_print(value, &buffer);
	return buffer.bytes ? buffer.bytes : "";
}

static const char *number(enum sk_type type, enum sk_format format, int64_t value)
{
	struct sk_value result = sk_value_number(type, (uint64_t)value);

	result.format = (uint8_t)format;
	return printed(&result);
}

TEST(numbers_print_by_format_and_sign)
{
	CHECK_TEXT(number(SK_TYPE_INT64, SK_FORMAT_DEC, -1), "-1");
	CHECK_TEXT(number(SK_TYPE_UINT64, SK_FORMAT_DEC, -1), "18446744073709551615");
	CHECK_TEXT(number(SK_TYPE_UINT32, SK_FORMAT_NA, 7), "7");
	CHECK_TEXT(number(SK_TYPE_PORT, SK_FORMAT_ID, 443), "443");
	CHECK_TEXT(number(SK_TYPE_INT32, SK_FORMAT_HEX, 0xfd01), "FD01");
	CHECK_TEXT(number(SK_TYPE_INT32, SK_FORMAT_HEX, -1), "FFFFFFFF");
	CHECK_TEXT(number(SK_TYPE_INT16, SK_FORMAT_HEX, -1), "FFFF");
	CHECK_TEXT(number(SK_TYPE_INT8, SK_FORMAT_OCT, -1), "377");
	CHECK_TEXT(number(SK_TYPE_INT64, SK_FORMAT_HEX, -1), "FFFFFFFFFFFFFFFF");
	CHECK_TEXT(number(SK_TYPE_UINT32, SK_FORMAT_OCT, 0755), "755");
	CHECK_TEXT(number(SK_TYPE_ABSTIME, SK_FORMAT_10_PADDED_DEC, 42), "000000042");
	CHECK_TEXT(number(SK_TYPE_RELTIME, SK_FORMAT_10_PADDED_DEC, 1234567890123), "1234567890123");
}

TEST(truth_values_doubles_and_texts_print)
{
	struct sk_value value = sk_value_bool(true);

	CHECK_TEXT(printed(&value), "true");
	value = sk_value_bool(false);
	CHECK_TEXT(printed(&value), "false");
	value = (struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_DOUBLE, .real = 12.25};
	CHECK_TEXT(printed(&value), "12.2");
	value.real = -DBL_MAX;
	CHECK_EQUAL(strlen(printed(&value)), 312);
	value = sk_value_text("a\0b", 3);
	CHECK_TEXT(printed(&value), "a");
	value = sk_value_text(NULL, 0);
	CHECK_TEXT(printed(&value), "");
	value = sk_value_missing();
	CHECK_TEXT(printed(&value), "<NA>");
	value.presence = SK_MISSING_PENDING;
	CHECK_TEXT(printed(&value), "<NA>");
}

TEST(bytes_print_with_their_nuls)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = SK_TYPE_BYTES, .length = 3, .text = "a\0b"};
	struct sk_buffer buffer = {0};

	sk_value_print(&value, &buffer);
	CHECK_EQUAL(buffer.length, 3);
	CHECK(memcmp(buffer.bytes, "a\0b", 3) == 0);
	sk_buffer_release(&buffer);
}

TEST(addresses_print_in_their_usual_notation)
{
	struct sk_address four = {.bytes = {192, 168, 0, 1}, .length = 4};
	struct sk_address six = {.bytes = {0xfe, 0x80, [15] = 1}, .length = 16};
	struct sk_value value = {.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .address = &four};

	CHECK_TEXT(printed(&value), "192.168.0.1");
	value.address = &six;
	value.type = SK_TYPE_IPNET;
	CHECK_TEXT(printed(&value), "fe80::1");
}

TEST(lists_print_in_parentheses)
{
	struct sk_value items[] = {sk_value_text("a", 1), sk_value_text("b c", 3)};
	struct sk_value numbers[] = {sk_value_number(SK_TYPE_INT64, (uint64_t)-1), sk_value_bool(true)};
	struct sk_value value = {
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = 2, .items = items};

	CHECK_TEXT(printed(&value), "(a,b c)");
	value.items = numbers;
	CHECK_TEXT(printed(&value), "(-1,true)");
	value.length = 0;
	CHECK_TEXT(printed(&value), "()");
}

/* clang-format off */
TEST_MAIN(
	RUN(numbers_print_by_format_and_sign)
	RUN(truth_values_doubles_and_texts_print)
	RUN(bytes_print_with_their_nuls)
	RUN(addresses_print_in_their_usual_notation)
	RUN(lists_print_in_parentheses)
)
