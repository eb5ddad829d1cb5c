/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/transform.h"

#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sk_arena scratch;
static struct sk_value items[64];

static struct sk_value text(const char *bytes)
{
	return sk_value_text(bytes, (uint32_t)strlen(bytes));
}

/* A list of the texts up to a NULL. */
static struct sk_value list(const char *const *texts)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .items = items};

	for (; texts[value.length]; value.length++)
		items[value.length] = text(texts[value.length]);
	return value;
}
#define LIST(...) list((const char *const[]){__VA_ARGS__, NULL})

static struct sk_value apply(enum sk_transformer transformer, struct sk_value a, struct sk_value b)
{
	const struct sk_value *arguments[] = {&a, &b};

	return sk_transform(transformer, arguments, sk_transformers[transformer].most == 1 ? 1 : 2, NULL, &scratch);
}

static const char *printed(struct sk_value value)
{
	static struct sk_buffer buffer;

	sk_buffer_clear(&buffer);
	sk_value_print(&value, &buffer);
	return buffer.bytes ? buffer.bytes : "";
}

/* The result of a transformer of one text. */
static const char *one(enum sk_transformer transformer, const char *argument)
{
	return printed(apply(transformer, text(argument), text("")));
}

TEST(letters_change_case_in_ascii_only)
{
	CHECK_TEXT(one(SK_TRANSFORMER_TOLOWER, "@AZ[`az{\xc4"), "@az[`az{\xc4");
	CHECK_TEXT(one(SK_TRANSFORMER_TOUPPER, "@AZ[`az{\xe4"), "@AZ[`AZ{\xe4");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_TOUPPER, LIST("a", "bc"), text(""))), "(A,BC)");
}

TEST(basename_is_what_follows_the_last_slash)
{
	CHECK_TEXT(one(SK_TRANSFORMER_BASENAME, "/tmp/file_to_run"), "file_to_run");
	CHECK_TEXT(one(SK_TRANSFORMER_BASENAME, "/x/"), "");
	CHECK_TEXT(one(SK_TRANSFORMER_BASENAME, "plain"), "plain");
	CHECK_TEXT(one(SK_TRANSFORMER_BASENAME, ""), "");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_BASENAME, sk_value_text(NULL, 0), text(""))), "");
}

TEST(base64_is_decoded_with_or_without_padding)
{
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YWFhLWJiYg=="), "aaa-bbb");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YWFhLWJiYg"), "aaa-bbb");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YWE="), "aa");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YWE"), "aa");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "Pz8/Pj4+"), "??"
							"?>>>");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, ""), "");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YQ="), "<NA>");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "A"), "<NA>");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "===="), "<NA>");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YW Fh"), "<NA>");
	CHECK_TEXT(one(SK_TRANSFORMER_B64, "YW=h"), "<NA>");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_B64, LIST("YWE", "YmI="), text(""))), "(aa,bb)");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_B64, LIST("YWE", "!"), text(""))), "<NA>");
}

TEST(decoded_bytes_keep_their_nuls)
{
	struct sk_value bytes = {.presence = SK_PRESENT, .type = SK_TYPE_BYTES, .length = 4, .text = "AEEA"};
	struct sk_value result = apply(SK_TRANSFORMER_B64, bytes, text(""));

	CHECK_EQUAL(result.type, SK_TYPE_BYTES);
	CHECK_EQUAL(result.length, 3);
	CHECK(memcmp(result.text, "\0A\0", 3) == 0);
	/* As a text it has them too, but its length ends at the first. */
	result = apply(SK_TRANSFORMER_B64, text("QQBB"), text(""));
	CHECK_EQUAL(result.length, 3);
	CHECK_EQUAL(apply(SK_TRANSFORMER_LEN, result, text("")).number, 1);
}

TEST(len_counts_bytes_or_elements)
{
	struct sk_value bytes = {.presence = SK_PRESENT, .type = SK_TYPE_BYTES, .length = 3, .text = "a\0b"};

	CHECK_TEXT(one(SK_TRANSFORMER_LEN, "\xc3\xa4"), "2");
	CHECK_TEXT(one(SK_TRANSFORMER_LEN, ""), "0");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_LEN, bytes, text(""))), "3");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_LEN, LIST("a", "b"), text(""))), "2");
	CHECK_EQUAL(apply(SK_TRANSFORMER_LEN, bytes, text("")).type, SK_TYPE_UINT64);
}

TEST(join_and_concat_put_texts_together)
{
	struct sk_value a = text("a"), nothing = text(""), nul = sk_value_text("b\0x", 3);
	const struct sk_value *three[] = {&a, &nothing, &nul};

	CHECK_TEXT(printed(apply(SK_TRANSFORMER_JOIN, text("->"), LIST("a", "b", "c"))), "a->b->c");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_JOIN, text(","), LIST("a"))), "a");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_JOIN, text(","), LIST(NULL))), "");
	CHECK_TEXT(printed(apply(SK_TRANSFORMER_JOIN, text(""), LIST("", "a", ""))), "a");
	CHECK_TEXT(printed(sk_transform(SK_TRANSFORMER_CONCAT, three, 3, NULL, &scratch)), "ab");
}

TEST(list_literals_hold_the_texts_of_their_elements)
{
	struct sk_address address = {.bytes = {10, 0, 0, 1}, .length = 4};
	struct sk_value a = text("a"), number = sk_value_number(SK_TYPE_UINT64, 7), truth = sk_value_bool(true);
	struct sk_value ip = {.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .address = &address};
	struct sk_value missing = {.presence = SK_MISSING_PENDING};
	const struct sk_value *elements[] = {&a, &number, &truth, &ip, &missing};
	struct sk_value result = sk_transform_list(elements, 4, &scratch);

	CHECK_TEXT(printed(result), "(a,7,true,10.0.0.1)");
	CHECK_EQUAL(result.items[1].type, SK_TYPE_STRING);
	CHECK_EQUAL(sk_transform_list(elements, 5, &scratch).presence, SK_MISSING_PENDING);
	CHECK_TEXT(printed(sk_transform_list(elements, 0, &scratch)), "()");
}

TEST(what_is_missing_stays_missing_for_its_reason)
{
	struct sk_value missing = {.presence = SK_MISSING_LOST};

	CHECK_EQUAL(apply(SK_TRANSFORMER_LEN, missing, text("")).presence, SK_MISSING_LOST);
	CHECK_EQUAL(apply(SK_TRANSFORMER_JOIN, text(","), missing).presence, SK_MISSING_LOST);
	CHECK_EQUAL(apply(SK_TRANSFORMER_CONCAT, text("a"), missing).presence, SK_MISSING_LOST);
}

/* --- getopt ------------------------------------------------------------ */

static const char *options(const char *spec, struct sk_value arguments)
{
	return printed(apply(SK_TRANSFORMER_GETOPT, arguments, text(spec)));
}

static const char *option(const char *spec, const char *letter, struct sk_value arguments)
{
	struct sk_value selector = text(letter), spec_value = text(spec);
	const struct sk_value *both[] = {&arguments, &spec_value};

	return printed(sk_transform(SK_TRANSFORMER_GETOPT, both, 2, &selector, &scratch));
}

TEST(getopt_emits_options_and_their_values)
{
	CHECK_TEXT(options("nt:", LIST("-n", "-t", "hello")), "(n,t,hello)");
	CHECK_TEXT(options("t:", LIST("-thello")), "(t,hello)");
	CHECK_TEXT(options("lp:e:", LIST("-lpe", "/bin/sh")), "(l,p,e)");
	CHECK_TEXT(options("lpe:", LIST("-lpe", "/bin/sh")), "(l,p,e,/bin/sh)");
	CHECK_TEXT(options("n", LIST("-x", "-n")), "(?,n)");
	CHECK_TEXT(options("t:", LIST("-t", "-123")), "(t,-123)");
	CHECK_TEXT(options("t:n", LIST("-t", "--", "-n")), "(t,--,n)");
	CHECK_TEXT(options("na:t", LIST("-nat", "hello")), "(n,a,t)");
	CHECK_TEXT(options("@+", LIST("-@", "-+")), "(@,+)");
	CHECK_TEXT(options("v", LIST("-vv", "-v")), "(v,v,v)");
}

TEST(getopt_without_a_value_emits_only_an_empty_text)
{
	CHECK_TEXT(options("t:", LIST("-t")), "()");
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("-t"), text("t:")).length, 1);
	CHECK_TEXT(options(":t:", LIST("-t")), "()");
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("-t"), text(":t:")).length, 1);
	CHECK_TEXT(options("t:", LIST("-t", "")), "(t,)");
}

TEST(getopt_stops_at_what_is_no_option)
{
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("a", "-n"), text("n")).length, 0);
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("-", "-n"), text("n")).length, 0);
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("", "-n"), text("n")).length, 0);
	CHECK_TEXT(options("n", LIST("-n", "--", "-n")), "(n)");
	CHECK_TEXT(options("nt", LIST("-n", "file", "-t")), "(n)");
	/* Long options are passed over. */
	CHECK_TEXT(options("en", LIST("--exec", "-n")), "(n)");
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST("-n", "-t"), text("")).length, 2);
	CHECK_TEXT(options("", LIST("-n", "-t")), "(?,?)");
	CHECK_EQUAL(apply(SK_TRANSFORMER_GETOPT, LIST(NULL), text("n")).length, 0);
}

TEST(getopt_selects_the_last_value_of_an_option)
{
	CHECK_TEXT(option("nt:", "t", LIST("-n", "-t", "hello")), "hello");
	CHECK_TEXT(option("nt:", "n", LIST("-n", "-t", "hello")), "n");
	CHECK_TEXT(option("t:", "t", LIST("-t", "v1", "-t", "v2")), "v2");
	CHECK_TEXT(option("t:", "t", LIST("-t?")), "?");
	CHECK_TEXT(option("t:", "t", LIST("-t", "v1", "-t")), "");
	CHECK_TEXT(option("nt:", "t", LIST("-n")), "<NA>");
	CHECK_TEXT(option("n", "?", LIST("-x")), "<NA>");
	CHECK_TEXT(option("nt:", "nt", LIST("-n")), "<NA>");
}

TEST(without_memory_results_are_missing)
{
	struct sk_arena none;
	struct sk_value a = text("a"), b = LIST("-a", "x");
	const struct sk_value *pairs[][2] = {{&a, &a}, {&a, &b}, {&b, &a}};
	static const struct {
		enum sk_transformer transformer;
		unsigned pair, count;
	} cases[] = {{SK_TRANSFORMER_TOLOWER, 0, 1},
		     {SK_TRANSFORMER_TOUPPER, 2, 1},
		     {SK_TRANSFORMER_CONCAT, 0, 2},
		     {SK_TRANSFORMER_JOIN, 1, 2},
		     {SK_TRANSFORMER_GETOPT, 2, 2}};

	sk_arena_init(&none, 0);
	sk_alloc_fail_after(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQUAL(sk_transform(cases[i].transformer, pairs[cases[i].pair], cases[i].count, NULL, &none)
				    .presence,
			    SK_MISSING_MEMORY);
	CHECK_EQUAL(sk_transform_list(pairs[0], 2, &none).presence, SK_MISSING_MEMORY);
	sk_alloc_fail_after(SIZE_MAX);
}

/* clang-format off */
TEST_MAIN(
	RUN(letters_change_case_in_ascii_only)
	RUN(basename_is_what_follows_the_last_slash)
	RUN(base64_is_decoded_with_or_without_padding)
	RUN(decoded_bytes_keep_their_nuls)
	RUN(len_counts_bytes_or_elements)
	RUN(join_and_concat_put_texts_together)
	RUN(list_literals_hold_the_texts_of_their_elements)
	RUN(what_is_missing_stays_missing_for_its_reason)
	RUN(getopt_emits_options_and_their_values)
	RUN(getopt_without_a_value_emits_only_an_empty_text)
	RUN(getopt_stops_at_what_is_no_option)
	RUN(getopt_selects_the_last_value_of_an_option)
	RUN(without_memory_results_are_missing)
	if (test_failed_cases == 0)
		sk_arena_release(&scratch);
)
