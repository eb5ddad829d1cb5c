/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference's recorded cases as far as they are a matter of syntax
 * (../shared/data/cases.jsonl): every `condition-parse`, the parse half of
 * `eval`, the tokens of `format`.
 */
#include <stdlib.h>

#include <jansson.h>

#include "tests/test.h"

#include "tests/unit/grammar/parsing.h"

struct tally {
	unsigned cases, checks, wrong;
};

/* At most ten are shown: one mistake usually fails many. */
static void complain(struct tally *tally, const json_t *item, const char *what, const char *found)
{
	if (++tally->wrong <= 10)
		printf("# %s: %s: %s\n", json_string_value(json_object_get(item, "id")), what, found ? found : "");
}

static void expect(struct tally *tally, bool truth, const json_t *item, const char *what, const char *found)
{
	tally->checks++;
	if (!truth)
		complain(tally, item, what, found);
}

static bool each_case(const char *kind, void (*visit)(const json_t *item, struct tally *tally), struct tally *tally)
{
	const char *folder = getenv("SK_SHARED");
	char path[1024], *line = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/cases.jsonl", folder ? folder : "../shared");
	file = fopen(path, "re");
	if (!file)
		return false;
	while (getline(&line, &capacity, file) > 0) {
		json_t *item = json_loads(line, JSON_ALLOW_NUL, NULL);

		if (item && strcmp(json_string_value(json_object_get(item, "kind")), kind) == 0) {
			tally->cases++;
			visit(item, tally);
		}
		json_decref(item);
	}
	free(line);
	fclose(file);
	return true;
}

/* The input, or a unit that is repeated.  The caller frees it. */
static char *input_of(const json_t *item, size_t *ret_length)
{
	const json_t *input = json_object_get(item, "input"), *repeat = json_object_get(item, "input_repeat");
	const char *unit = json_string_value(json_is_string(input) ? input : json_array_get(repeat, 0));
	size_t length = json_string_length(json_is_string(input) ? input : json_array_get(repeat, 0));
	size_t count = json_is_string(input) ? 1 : (size_t)json_integer_value(json_array_get(repeat, 1));
	char *text = malloc(length * count + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, unit, length);
	text[length * count] = '\0';
	*ret_length = length * count;
	return text;
}

/* ` TEXT `, with every blank replaced. */
static bool parses_with_blank(const char *text, size_t length, char blank)
{
	struct parsing parsing;
	char *variant = malloc(length + 3);
	bool parsed;

	variant[0] = variant[length + 1] = blank;
	for (size_t i = 0; i < length; i++)
		variant[i + 1] = text[i] == ' ' ? blank : text[i];
	variant[length + 2] = '\0';
	parsing_condition(&parsing, variant, length + 2, SK_PARSE_DEPTH_DEFAULT);
	parsed = parsing.tree != NULL;
	parsing_release(&parsing);
	free(variant);
	return parsed;
}

/* True if the bytes are the characters of a JSON text, one byte each. */
static bool equals_latin1(const json_t *expected, const char *bytes, size_t length)
{
	const unsigned char *from = (const unsigned char *)json_string_value(expected);
	size_t left = json_string_length(expected), written = 0;

	while (left) {
		size_t taken = from[0] < 0x80 ? 1 : 2;
		unsigned byte = taken == 1 ? from[0] : (from[0] & 0x1fu) << 6 | (from[1] & 0x3fu);

		if (written == length || (unsigned char)bytes[written] != byte)
			return false;
		written++;
		from += taken;
		left -= taken;
	}
	return written == length;
}

static void visit_condition(const json_t *item, struct tally *tally)
{
	const json_t *wanted = json_object_get(item, "expect"), *value = json_object_get(wanted, "value_latin1");
	const char *message = json_string_value(json_object_get(wanted, "message"));
	const char *compiled = json_string_value(json_object_get(wanted, "compiled"));
	bool ok = json_is_true(json_object_get(wanted, "ok"));
	struct parsing parsing;
	size_t length;
	char *text = input_of(item, &length);

	parsing_condition(&parsing, text, length, SK_PARSE_DEPTH_DEFAULT);
	expect(tally, (parsing.tree != NULL) == ok, item, ok ? "should parse" : "should not parse",
	       parsing.diagnostics.count ? parsing.diagnostics.items[0].message : NULL);
	/* A tree and errors, or neither, would both be wrong. */
	expect(tally, (parsing.tree != NULL) == (parsing.diagnostics.errors == 0), item, "errors are inconsistent",
	       NULL);
	if (message && !ok)
		expect(tally, parsing.diagnostics.count && strstr(parsing.diagnostics.items[0].message, message),
		       item, "other message",
		       parsing.diagnostics.count ? parsing.diagnostics.items[0].message : NULL);
	if (compiled && parsing.tree)
		expect(tally, strcmp(parsing.buffer.bytes, compiled) == 0, item, "other canonical text",
		       parsing.buffer.bytes);
	if (value && parsing.tree)
		expect(tally,
		       parsing.tree->kind == SK_NODE_CHECK && parsing.tree->right &&
			       equals_latin1(value, parsing.tree->right->text, parsing.tree->right->length),
		       item, "other value", parsing.buffer.bytes);
	if (json_is_true(json_object_get(item, "also_with_whitespace_variants"))) {
		static const char blanks[] = {' ', '\n', '\t'};

		for (size_t i = 0; i < sizeof(blanks); i++)
			expect(tally, parses_with_blank(text, length, blanks[i]) == ok, item, "white space matters",
			       text);
	}
	parsing_release(&parsing);
	free(text);
}

static void visit_eval(const json_t *item, struct tally *tally)
{
	struct parsing parsing;
	size_t length;
	char *text;

	/* What must be refused may be refused for its types, later. */
	if (!json_is_true(json_object_get(json_object_get(item, "expect"), "ok")))
		return;
	text = input_of(item, &length);
	parsing_condition(&parsing, text, length, SK_PARSE_DEPTH_PACK);
	expect(tally, parsing.tree != NULL, item, "should parse",
	       parsing.diagnostics.count ? parsing.diagnostics.items[0].message : NULL);
	parsing_release(&parsing);
	free(text);
}

/* What an output accepts, as far as the tables of fields say. */
static bool is_printable(void *context, const struct sk_operand *operand)
{
	bool inside = context != NULL;
	size_t suffix;
	int field;

	switch (operand->kind) {
	case SK_OPERAND_FIELD:
		field = sk_field_find(operand->text, operand->length, &suffix);
		return field >= 0 && !(inside && sk_fields[field].flags & SK_FIELD_FLAG_NO_TRANSFORMER);
	case SK_OPERAND_TRANSFORMER:
	case SK_OPERAND_LIST:
		for (uint32_t i = 0; i < operand->count; i++)
			if (!is_printable((void *)(uintptr_t)1, operand->children[i]))
				return false;
		return true;
	case SK_OPERAND_CONSTANT:
		return true;
	case SK_OPERAND_VALUE:
	case SK_OPERAND_WORD:
		break;
	}
	return false;
}

static void visit_format(const json_t *item, struct tally *tally)
{
	const json_t *wanted = json_object_get(item, "expect"), *values = json_object_get(wanted, "values");
	bool ok = json_is_true(json_object_get(wanted, "ok"));
	struct parsing parsing;
	const char *key;
	json_t *value;
	size_t length;
	char *text = input_of(item, &length);

	parsing_init(&parsing, text, length);
	parsing.output = sk_parse_output(&parsing.text, &parsing.arena, is_printable, NULL, &parsing.diagnostics);
	expect(tally, (parsing.output != NULL) == ok, item, ok ? "should parse" : "should not parse",
	       parsing.diagnostics.count ? parsing.diagnostics.items[0].message : NULL);
	for (uint32_t i = 0; parsing.output && i < parsing.output->count; i++) {
		if (parsing.output->parts[i].kind == SK_OUTPUT_FIELD) {
			sk_operand_print(parsing.output->parts[i].operand, &parsing.buffer);
			sk_buffer_append_char(&parsing.buffer, '\n');
		}
	}
	/* Every value that was recorded belongs to a token, or to a field inside one. */
	json_object_foreach((json_t *)values, key, value)
		expect(tally, parsing.buffer.bytes && strstr(parsing.buffer.bytes, key), item, "no token", key);
	parsing_release(&parsing);
	free(text);
}

static void run(const char *kind, void (*visit)(const json_t *item, struct tally *tally), unsigned least)
{
	struct tally tally = {0};

	if (!each_case(kind, visit, &tally)) {
		SKIP("no recorded cases: set SK_SHARED");
		return;
	}
	printf("# %s: %u cases, %u checks, %u wrong\n", kind, tally.cases, tally.checks, tally.wrong);
	CHECK(tally.checks >= least);
	CHECK_EQUAL(tally.wrong, 0);
}

TEST(conditions_parse_as_recorded)
{
	run("condition-parse", visit_condition, 100);
}

TEST(conditions_with_recorded_values_parse)
{
	run("eval", visit_eval, 100);
}

TEST(outputs_have_the_recorded_tokens)
{
	run("format", visit_format, 20);
}

/* clang-format off */
TEST_MAIN(
	RUN(conditions_parse_as_recorded)
	RUN(conditions_with_recorded_values_parse)
	RUN(outputs_have_the_recorded_tokens)
)
