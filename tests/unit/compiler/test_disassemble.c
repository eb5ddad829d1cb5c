/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disassembly of tests/golden/disassembly.yaml is, to the byte,
 * tests/golden/disassembly.txt.  SK_UPDATE_GOLDEN=1 writes it anew, to be read
 * in the diff.
 */
#include "compiler/disassemble.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

static const char PACK[] = "tests/golden/disassembly.yaml";
static const char GOLDEN[] = "tests/golden/disassembly.txt";

static void read_all(const char *path, struct sk_buffer *buffer)
{
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t length;

	if (!file)
		return;
	while ((length = fread(bytes, 1, sizeof(bytes), file)) > 0)
		sk_buffer_append(buffer, bytes, length);
	fclose(file);
}

static void write_all(const char *path, const struct sk_buffer *buffer)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return;
	fwrite(buffer->bytes, 1, buffer->length, file);
	fclose(file);
}

/* Compiles the pack and opens its bundle. */
static bool compile_golden(struct fixture *pack)
{
	const char *paths[] = {PACK};

	fixture_begin(pack);
	if (sk_compile_files(paths, 1, &pack->options, &pack->diagnostics, &pack->bytes, &pack->summary) == 0 &&
	    pack->diagnostics.count == 0 &&
	    sk_bundle_from_memory(pack->bytes.bytes, pack->bytes.length, &pack->bundle, &pack->error) == 0)
		return true;
	fixture_print(pack);
	printf("# %s\n", pack->error.message);
	return false;
}

/* Says which line differs first. */
static void print_difference(const struct sk_buffer *actual, const struct sk_buffer *expected)
{
	size_t start = 0, at = 0;

	while (at < actual->length && at < expected->length && actual->bytes[at] == expected->bytes[at]) {
		if (actual->bytes[at++] == '\n')
			start = at;
	}
	printf("# is       %.*s\n", (int)strcspn(actual->bytes + start, "\n"), actual->bytes + start);
	printf("# expected %.*s\n", (int)strcspn(expected->bytes + start, "\n"), expected->bytes + start);
}

TEST(a_bundle_disassembles_as_it_did)
{
	struct sk_buffer actual = {0}, expected = {0};
	struct fixture pack;

	if (!compile_golden(&pack)) {
		CHECK(!"the pack compiles");
		fixture_end(&pack);
		return;
	}
	sk_disassemble(&pack.bundle, &actual);
	if (getenv("SK_UPDATE_GOLDEN"))
		write_all(GOLDEN, &actual);
	read_all(GOLDEN, &expected);
	CHECK(expected.length > 1000);
	CHECK_EQUAL(actual.length, expected.length);
	if (actual.length == expected.length && memcmp(actual.bytes, expected.bytes, actual.length) != 0)
		CHECK(!"the same bytes");
	if (expected.length &&
	    (actual.length != expected.length || memcmp(actual.bytes, expected.bytes, actual.length) != 0))
		print_difference(&actual, &expected);
	sk_buffer_release(&actual);
	sk_buffer_release(&expected);
	fixture_end(&pack);
}

TEST(every_predicate_rule_and_instruction_has_its_line)
{
	struct sk_buffer text = {0};
	struct fixture pack;
	uint32_t lines = 0, expected;

	if (!compile_golden(&pack)) {
		CHECK(!"the pack compiles");
		fixture_end(&pack);
		return;
	}
	sk_disassemble(&pack.bundle, &text);
	for (size_t i = 0; i < text.length; i++)
		lines += text.bytes[i] == '\n';
	/* Head 3, sections, two heads of 2; of a rule: name, 5 facts, 2 headings and the blank line before it. */
	expected = 3 + SK_SECTION_COUNT + 4 + pack.bundle.questions_count + pack.bundle.indexes_count +
		   pack.bundle.predicates_count + pack.bundle.code_count + 9 * pack.bundle.rules_count;
	/* One rule captures, which is one line more. */
	CHECK_EQUAL(lines, expected + 1);
	for (size_t i = 0; i < text.length; i++)
		CHECK(text.bytes[i] == '\n' || (unsigned char)text.bytes[i] >= 0x20);
	sk_buffer_release(&text);
	fixture_end(&pack);
}

TEST_MAIN(RUN(a_bundle_disassembles_as_it_did) RUN(every_predicate_rule_and_instruction_has_its_line))
