/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seeds of fuzz/bundle.c are what the builder writes, in the compact form
 * that the target reads.  After a change of the format or of the fields
 * SAKER_WRITE_SEEDS=1 writes them anew.
 */
#include "tests/unit/vm/sample_bundle.h"

#include "tests/test.h"

static const char directory[] = "fuzz/seeds/bundle";

/* The compact form of fuzz/bundle.c: counts of records, then the records of
 * all sections but those that the target makes itself. */
static size_t compact(const struct builder *builder, uint8_t *bytes)
{
	uint16_t counts[SK_SECTION_COUNT] = {0};
	size_t size = sizeof(counts);

#define SECTION(id, name)                                                                                          \
	counts[SK_SECTION_##id] = (uint16_t)builder->name##_count;                                                 \
	memcpy(bytes + size, builder->name, builder->name##_count * sizeof(builder->name[0]));                     \
	size += builder->name##_count * sizeof(builder->name[0])
	SECTION(STRING_BYTES, string_bytes);
	SECTION(STRINGS, strings);
	SECTION(FIELDS, fields);
	SECTION(CONSTANTS, constants);
	SECTION(EXPRESSIONS, expressions);
	SECTION(ARGUMENTS, arguments);
	SECTION(PREDICATES, predicates);
	SECTION(CODE, code);
	SECTION(RULES, rules);
	SECTION(TAGS, tags);
	SECTION(TYPE_RULES, type_rules);
	SECTION(FILES, files);
#undef SECTION
	memcpy(bytes, counts, sizeof(counts));
	return size;
}

static void check_seed(const char *name, const uint8_t *bytes, size_t size)
{
	static uint8_t found[65536];
	char path[128];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (getenv("SAKER_WRITE_SEEDS")) {
		file = fopen(path, "we");
		CHECK(file && fwrite(bytes, 1, size, file) == size);
		if (file)
			fclose(file);
	}
	file = fopen(path, "re");
	CHECK(file != NULL);
	if (!file)
		return;
	length = fread(found, 1, sizeof(found), file);
	fclose(file);
	CHECK_EQUAL(length, size);
	CHECK(length == size && memcmp(found, bytes, size) == 0);
}

/* One rule that prints and tests everything that was built. */
static void check_compact_seed(const char *name, struct builder *builder)
{
	uint32_t rule = build_rule(builder, "r", 4);
	struct sk_error error = {.message = ""};
	struct sk_bundle bundle;
	static uint8_t bytes[65536];
	uint8_t *complete;
	size_t size;

	for (uint32_t i = 0; i < builder->predicates_count; i++)
		build_op(builder, rule, i % 2 ? SK_OP_JUMP_FALSE : SK_OP_JUMP_TRUE, i % 3 ? 0 : 1, i);
	build_op(builder, rule, SK_OP_MATCH, 0, 0);
	build_op(builder, rule, SK_OP_FAIL, 0, 0);
	build_op(builder, rule, SK_OP_LITERAL, 0, 0);
	build_op(builder, rule, SK_OP_END, 0, 0);
	build_type(builder, 1, 1, &rule);
	build_complete(builder);
	complete = build_finish(builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(complete, size, &bundle, &error), 0);
	CHECK_TEXT(error.message, "");
	free(complete);
	check_seed(name, bytes, compact(builder, bytes));
}

static struct builder builder;

TEST(the_sample_is_a_seed_as_a_file_and_compact)
{
	static struct sample sample;
	static uint8_t bytes[65536];
	size_t size;
	uint8_t *complete;

	build_sample(&sample);
	complete = build_finish(&sample.builder, &size);
	/* The schema changes more often than the format: its hash is left out. */
	((struct sk_bundle_header *)complete)->schema_hash = 0;
	sk_bundle_seal(complete, size);
	check_seed("sample", complete, size);
	check_seed("sample-compact", bytes, compact(&sample.builder, bytes));
	free(complete);
}

TEST(texts_are_a_seed)
{
	uint32_t name;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	BUILD_COMPARISON(&builder, name, IN, NONE, "sh", "a");
	BUILD_COMPARISON(&builder, name, GLOB, NONE, "*[!a-c]?");
	BUILD_COMPARISON(&builder, name, ICONTAINS, ONEOF, "B", "a");
	check_compact_seed("texts", &builder);
}

TEST(patterns_are_a_seed)
{
	uint32_t name;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_FD_NAME, NULL);
	BUILD_COMPARISON(&builder, name, REGEX, ANYOF, "(a|b)+.", "[[:alpha:]]{2}");
	BUILD_COMPARISON(&builder, name, PMATCH, NONE, "/bin/*", "/t?p");
	BUILD_COMPARISON(&builder, name, IGLOB, NONE, "*[[:alpha:]x]");
	check_compact_seed("patterns", &builder);
}

TEST(numbers_are_a_seed)
{
	build_init(&builder);
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_EVT_RAWRES, NULL), LT, NONE, "0");
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_FD_PORT, NULL), NE, NONE, "22");
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_EVT_IS_OPEN_READ, NULL), EQ, NONE, "true");
	check_compact_seed("numbers", &builder);
}

TEST(addresses_are_a_seed)
{
	build_init(&builder);
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_FD_IP, NULL), NE, NONE, "10.0.0.1");
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_FD_SNET, NULL), IN, NONE, "10.0.0.0/9",
			 "fe80::/10");
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_FD_SIP, NULL), IN, NONE, "::1");
	check_compact_seed("addresses", &builder);
}

TEST(arguments_are_a_seed)
{
	uint32_t ancestor, ancestors, mount;

	build_init(&builder);
	ancestor = build_field(&builder, SK_FIELD_PROC_ANAME, "2");
	ancestors = build_field(&builder, SK_FIELD_PROC_ANAME, NULL);
	mount = build_field(&builder, SK_FIELD_CONTAINER_MOUNT_DEST, "/p*");
	BUILD_COMPARISON(&builder, ancestor, STARTSWITH, NONE, "ba");
	BUILD_COMPARISON(&builder, ancestors, EQ, ALLOF, "sh");
	build_predicate(&builder, mount, SK_OPERATOR_EXISTS, SK_MODIFIER_NONE, 0, 0);
	check_compact_seed("arguments", &builder);
}

TEST(transformers_are_a_seed)
{
	uint32_t name, args, spec, list, joined, options, option, length;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	args = build_field(&builder, SK_FIELD_PROC_ARGS, NULL);
	spec = build_text_expression(&builder, "lp:e:");
	list = BUILD_LIST(&builder, args, name, spec);
	joined = BUILD_TRANSFORMER(&builder, JOIN, spec, list);
	options = BUILD_TRANSFORMER(&builder, GETOPT, list, spec);
	option = build_transformer(&builder, SK_TRANSFORMER_GETOPT, "p", 2, (uint32_t[]){list, spec});
	length = BUILD_TRANSFORMER(&builder, LEN, options);
	BUILD_COMPARISON(&builder, options, INTERSECTS, NONE, "e");
	BUILD_COMPARISON(&builder, option, ENDSWITH, NONE, "h");
	BUILD_COMPARISON(&builder, length, GT, NONE, "1");
	build_field_comparison(&builder, joined, SK_OPERATOR_NE, name);
	check_compact_seed("transformers", &builder);
}

TEST(bytes_are_a_seed)
{
	uint32_t buffer, decoded, name, lower, decoded_name, both;

	build_init(&builder);
	buffer = build_field(&builder, SK_FIELD_EVT_BUFFER, NULL);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	decoded = BUILD_TRANSFORMER(&builder, B64, buffer);
	lower = BUILD_TRANSFORMER(&builder, BASENAME, name);
	decoded_name = BUILD_TRANSFORMER(&builder, B64, name);
	both = BUILD_TRANSFORMER(&builder, CONCAT, decoded_name, lower);
	build_predicate(&builder, decoded, SK_OPERATOR_BCONTAINS, SK_MODIFIER_NONE,
			build_bytes_constant(&builder, "a\0", 2), 1);
	BUILD_COMPARISON(&builder, both, IN, NONE, "aaab");
	build_field_comparison(&builder, name, SK_OPERATOR_GLOB, both);
	check_compact_seed("bytes", &builder);
}

/* clang-format off */
TEST_MAIN(
	RUN(the_sample_is_a_seed_as_a_file_and_compact)
	RUN(texts_are_a_seed)
	RUN(patterns_are_a_seed)
	RUN(numbers_are_a_seed)
	RUN(addresses_are_a_seed)
	RUN(arguments_are_a_seed)
	RUN(transformers_are_a_seed)
	RUN(bytes_are_a_seed)
)
