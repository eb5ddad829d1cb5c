/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One broken bundle for each thing that the verifier refuses: the record is
 * broken, the file is sealed again, and the sentence must be the one meant.
 */
#include "tests/unit/vm/sample_bundle.h"

#include <errno.h>

#include "tests/test.h"

/* What the verifier says of the sample's records; "" if it takes them. */
static const char *verify(const struct sample *sample)
{
	static struct sk_error error;
	struct sk_bundle bundle;
	size_t size;
	uint8_t *bytes = build_finish(&sample->builder, &size);
	int status;

	error.message[0] = '\0';
	status = sk_bundle_from_memory(bytes, size, &bundle, &error);
	if ((status == 0) != (error.message[0] == '\0') || (status != 0 && status != -EBADMSG))
		snprintf(error.message, sizeof(error.message), "status %d", status);
	if (status == 0)
		sk_bundle_close(&bundle);
	free(bytes);
	return error.message;
}

/* `break_it` sees `s`, the sample, and `b`, its builder. */
#define BROKEN(section, sentence, break_it)                                                                        \
	do {                                                                                                       \
		static struct sample sample;                                                                       \
		struct sample *s = &sample;                                                                        \
		struct builder *b = &s->builder;                                                                   \
		const char *said;                                                                                  \
                                                                                                                   \
		build_sample(s);                                                                                   \
		break_it;                                                                                          \
		said = verify(s);                                                                                  \
		if (strncmp(said, "section " section ", record ", strlen("section " section ", record ")) != 0 ||  \
		    !strstr(said, sentence)) {                                                                     \
			test_failures++;                                                                           \
			printf("# %s:%d: \"%s\" is not \"%s: %s\"\n", __FILE__, __LINE__, said, section,           \
			       sentence);                                                                          \
		}                                                                                                  \
	} while (0)

/* The same, but it is still a bundle. */
#define SOUND(change)                                                                                              \
	do {                                                                                                       \
		static struct sample sample;                                                                       \
		struct sample *s = &sample;                                                                        \
		struct builder *b = &s->builder;                                                                   \
                                                                                                                   \
		(void)b;                                                                                           \
		build_sample(s);                                                                                   \
		change;                                                                                            \
		build_index(b);                                                                                    \
		CHECK_TEXT(verify(s), "");                                                                         \
	} while (0)

#define FIELD(number) b->fields[b->expressions[s->number].operand]
#define EXPRESSION(number) b->expressions[s->number]
#define PREDICATE(number) b->predicates[s->number]
#define CONSTANT(number) b->constants[b->predicates[s->number].first]
#define ADDRESS(number) b->addresses[CONSTANT(number)]
#define CODE(rule, at) b->code[b->rules[s->rule].condition + (at)]
#define OUTPUT(rule, at) b->code[b->rules[s->rule].output + (at)]

TEST(the_sample_is_sound)
{
	SOUND();
}

TEST(strings_lie_one_after_another_with_their_nuls)
{
	BROKEN("STRINGS", "the text does not begin behind the one before", b->strings[3] = b->strings[2]);
	BROKEN("STRINGS", "the text does not begin behind the one before", b->strings[3] = 0);
	BROKEN("STRINGS", "passes the end", b->strings[b->strings_count - 1] = UINT32_MAX);
	BROKEN("STRINGS", "passes the end", b->strings[b->strings_count - 1]++);
	BROKEN("STRINGS", "no NUL stands behind", b->string_bytes[b->strings[4] - 1] = 'x');
	BROKEN("STRINGS", "no NUL stands behind", b->strings[4]--);
	BROKEN("STRINGS", "the first text does not begin at 0", b->strings[0] = 1);
	BROKEN("STRINGS", "it does not say where the last text ends", b->strings_count = 0);
	BROKEN("STRING_BYTES", "the byte belongs to no string", b->string_bytes_count++);
	BROKEN("STRING_BYTES", "the byte belongs to no string", b->strings_count = 1);
}

TEST(fields_are_as_the_schema_says)
{
	BROKEN("FIELDS", "there is no field", FIELD(name).field = SK_FIELD_COUNT);
	BROKEN("FIELDS", "does not take such an argument", FIELD(name).kind = 3);
	BROKEN("FIELDS", "does not take such an argument",
	       (FIELD(name).kind = SK_ARGUMENT_KIND_TEXT, FIELD(name).argument = 0));
	BROKEN("FIELDS", "does not take such an argument",
	       (FIELD(mount).kind = SK_ARGUMENT_KIND_NONE, FIELD(mount).argument = SK_NONE));
	BROKEN("FIELDS", "does not take such an argument", FIELD(ancestor).kind = SK_ARGUMENT_KIND_TEXT);
	BROKEN("FIELDS", "proc.name is not of that type", FIELD(name).type = SK_TYPE_BYTES);
	BROKEN("FIELDS", "proc.name is no list", FIELD(name).list = 1);
	BROKEN("FIELDS", "proc.name is not of that scope", FIELD(name).scope = SK_SCOPE_EVENT);
	BROKEN("FIELDS", "an unused member is not zero", FIELD(name).zero = 1);
	BROKEN("FIELDS", "it has the text of an argument but none", FIELD(name).argument = 0);
	BROKEN("FIELDS", "it has an index but no argument", FIELD(name).index = 1);
	BROKEN("FIELDS", "its argument is no string", FIELD(mount).argument = b->strings_count);
	BROKEN("FIELDS", "its argument is no string", FIELD(mount).argument = SK_NONE);
	BROKEN("FIELDS", "its index 3 is not what its argument says", FIELD(ancestor).index = 3);
	BROKEN("FIELDS", "is not what its argument says", FIELD(ancestor).argument = build_string(b, "2x"));
	BROKEN("FIELDS", "is not what its argument says", FIELD(ancestor).argument = build_string(b, ""));
	BROKEN("FIELDS", "is not what its argument says", FIELD(ancestor).argument = build_string(b, "4294967298"));
	BROKEN("FIELDS", "it has an index and its argument is text", FIELD(mount).index = 1);
	BROKEN("FIELDS", "its argument has a NUL inside", FIELD(mount).argument = build_bytes(b, "a\0b", 3));
	SOUND(FIELD(ancestor).argument = build_string(b, "002"));
	SOUND((build_field(b, SK_FIELD_UTIL_CNT, NULL), b->fields[b->fields_count - 1].index = 7));
	SOUND(build_field(b, SK_FIELD_K8S_RC_LABEL, "app"));
	BROKEN("FIELDS", "evt.rawarg is not of its parameter's type", build_field(b, SK_FIELD_EVT_RAWARG, "flags"));
	SOUND((b->expressions[build_field(b, SK_FIELD_EVT_RAWARG, "flags")].type = SK_TYPE_UINT32,
	       b->fields[b->fields_count - 1].type = SK_TYPE_UINT32));
	BROKEN("FIELDS", "evt.rawarg is not of its parameter's type",
	       build_field(b, SK_FIELD_EVT_RAWARG, "nosuch"));
}

TEST(addresses_are_sound)
{
	BROKEN("ADDRESSES", "an address of 5 bytes", ADDRESS(server_is).length = 5);
	BROKEN("ADDRESSES", "has bits set behind its end", ADDRESS(server_is).bytes[4] = 1);
	BROKEN("ADDRESSES", "a network of 33 bits", ADDRESS(net_in).prefix = 33);
	BROKEN("ADDRESSES", "a network of 129 bits", (&ADDRESS(net_in))[1].prefix = 129);
	BROKEN("ADDRESSES", "has bits set behind its end", ADDRESS(net_in).bytes[1] = 1);
	BROKEN("ADDRESSES", "an unused member is not zero", ADDRESS(net_in).zero = 1);
	SOUND(ADDRESS(net_in).prefix = 0; ADDRESS(net_in).bytes[0] = 0);
	SOUND(ADDRESS(net_in).prefix = 5; ADDRESS(net_in).bytes[0] = 0x08);
}

TEST(constants_are_of_the_left_sides_type)
{
	BROKEN("PREDICATES", "is no string", CONSTANT(name_in) = SK_NONE);
	BROKEN("PREDICATES", "is no string", CONSTANT(buffer_has) = b->strings_count - 1);
	BROKEN("PREDICATES", "has a NUL inside", CONSTANT(name_in) = build_bytes(b, "a\0", 2));
	BROKEN("PREDICATES", "is no number", CONSTANT(result_below) = b->numbers_count);
	BROKEN("PREDICATES", "is no address", CONSTANT(server_is) = b->addresses_count);
	BROKEN("PREDICATES", "is no address", CONSTANT(net_in) = b->addresses_count);
	BROKEN("PREDICATES", "is a network", CONSTANT(server_is) = CONSTANT(net_in));
	BROKEN("PREDICATES", "is no network", CONSTANT(net_in) = CONSTANT(server_is));
	BROKEN("PREDICATES", "is no network", (&ADDRESS(net_in))[1].prefix = 0;
	       memset((&ADDRESS(net_in))[1].bytes, 0, 16));
	BROKEN("PREDICATES", "is out of the range of port", b->numbers[CONSTANT(port_is)] = 65536);
	SOUND(CONSTANT(buffer_has) = build_bytes(b, "a\0b", 3));
	SOUND(b->numbers[CONSTANT(result_below)] = (uint64_t)INT64_MIN);
}

TEST(numbers_are_extended_as_their_type_wants)
{
	static const struct {
		enum sk_field field;
		enum sk_type type;
		int64_t good[2], bad[2];
	} cases[] = {
		{SK_FIELD_EVT_IS_OPEN_READ, SK_TYPE_BOOL, {0, 1}, {2, -1}},
		{SK_FIELD_PROC_FDUSAGE,
		 SK_TYPE_DOUBLE,
		 {INT32_MIN, INT32_MAX},
		 {(int64_t)INT32_MIN - 1, UINT32_MAX}},
		{SK_FIELD_FD_SPORT, SK_TYPE_PORT, {0, 65535}, {-1, 65536}},
		{SK_FIELD_EVT_COUNT, SK_TYPE_UINT32, {0, UINT32_MAX}, {-1, (int64_t)UINT32_MAX + 1}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQUAL(sk_fields[cases[i].field].type, cases[i].type);
		for (unsigned k = 0; k < 2; k++) {
			static struct sample sample;

			for (unsigned bad = 0; bad < 2; bad++) {
				int64_t number = bad ? cases[i].bad[k] : cases[i].good[k];

				build_sample(&sample);
				build_predicate(&sample.builder, build_field(&sample.builder, cases[i].field, NULL),
						SK_OPERATOR_EQ, SK_MODIFIER_NONE,
						build_number_constant(&sample.builder, number), 1);
				build_complete(&sample.builder);
				if (bad)
					CHECK(strstr(verify(&sample), "is out of the range of") != NULL);
				else
					CHECK_TEXT(verify(&sample), "");
			}
		}
	}
}

TEST(expressions_are_leaves_or_take_earlier_ones)
{
	BROKEN("EXPRESSIONS", "there is no kind 4", EXPRESSION(name).kind = 4);
	BROKEN("EXPRESSIONS", "it names a transformer or a selector", EXPRESSION(name).transformer = 1);
	BROKEN("EXPRESSIONS", "it names a transformer or a selector", EXPRESSION(list).selector = 0);
	BROKEN("EXPRESSIONS", "its text is no string", EXPRESSION(name).text = SK_NONE);
	BROKEN("EXPRESSIONS", "it has arguments, which it cannot have", EXPRESSION(name).count = 1);
	BROKEN("EXPRESSIONS", "there is no string 4000", EXPRESSION(text).operand = 4000);
	BROKEN("EXPRESSIONS", "its text has a NUL inside", EXPRESSION(text).operand = build_bytes(b, "a\0b", 3));
	BROKEN("EXPRESSIONS", "there is no field record 4000", EXPRESSION(name).operand = 4000);
	BROKEN("EXPRESSIONS", "its arguments do not begin where the last ones ended", EXPRESSION(lower).operand++);
	BROKEN("EXPRESSIONS", "its arguments pass the end", EXPRESSION(option).count = 1000000);
	BROKEN("ARGUMENTS", "is not before", b->arguments[EXPRESSION(lower).operand] = s->lower);
	BROKEN("ARGUMENTS", "is not before", b->arguments[EXPRESSION(lower).operand] = SK_NONE);
	BROKEN("ARGUMENTS", "a field that no transformer takes",
	       b->arguments[EXPRESSION(lower).operand] = s->ancestors);
	BROKEN("ARGUMENTS", "a field that no transformer takes",
	       b->arguments[EXPRESSION(lower).operand] = s->ancestor);
	BROKEN("ARGUMENTS", "a field that no transformer takes", b->arguments[EXPRESSION(list).operand] = s->ports);
	BROKEN("ARGUMENTS", "it belongs to no expression", b->arguments_count++);
	BROKEN("EXPRESSIONS", "element 0 of the list is no single value", BUILD_LIST(b, s->options));
	BROKEN("EXPRESSIONS", "it does not give a value of that type", EXPRESSION(name).type = SK_TYPE_BYTES);
	BROKEN("EXPRESSIONS", "it does not give a value of that type", EXPRESSION(name).list = 1);
	BROKEN("EXPRESSIONS", "it does not give a value of that type", EXPRESSION(length).type = SK_TYPE_INT64);
	BROKEN("EXPRESSIONS", "it does not give a value of that type", EXPRESSION(options).list = 0);
	BROKEN("EXPRESSIONS", "it does not give a value of that type", EXPRESSION(option).list = 1);
	BROKEN("EXPRESSIONS", "more than 64 transformers inside one another", {
		uint32_t inner = s->name;
		for (unsigned i = 0; i < 65; i++)
			inner = BUILD_TRANSFORMER(b, TOLOWER, inner);
	});
	SOUND({
		uint32_t inner = s->name;
		for (unsigned i = 0; i < 64; i++)
			inner = BUILD_TRANSFORMER(b, TOLOWER, inner);
	});
	SOUND(build_combination(b, SK_EXPRESSION_LIST, 0, NULL));
}

TEST(transformers_take_their_types_and_numbers_of_arguments)
{
	BROKEN("EXPRESSIONS", "there is no transformer", EXPRESSION(lower).transformer = SK_TRANSFORMER_COUNT);
	BROKEN("EXPRESSIONS", "tolower with 2 arguments", BUILD_TRANSFORMER(b, TOLOWER, s->name, s->name));
	BROKEN("EXPRESSIONS", "concat with 1 arguments", BUILD_TRANSFORMER(b, CONCAT, s->name));
	BROKEN("EXPRESSIONS", "join with 3 arguments", BUILD_TRANSFORMER(b, JOIN, s->text, s->list, s->text));
	BROKEN("EXPRESSIONS", "tolower takes no selector", EXPRESSION(lower).selector = 0);
	BROKEN("EXPRESSIONS", "its selector is no string", EXPRESSION(option).selector = b->strings_count);
	BROKEN("EXPRESSIONS", "its selector is empty", EXPRESSION(option).selector = build_string(b, ""));
	BROKEN("EXPRESSIONS", "tolower does not take", BUILD_TRANSFORMER(b, TOLOWER, s->buffer));
	BROKEN("EXPRESSIONS", "b64 does not take", BUILD_TRANSFORMER(b, B64, s->number));
	BROKEN("EXPRESSIONS", "basename does not take", BUILD_TRANSFORMER(b, BASENAME, s->server));
	BROKEN("EXPRESSIONS", "len does not take", BUILD_TRANSFORMER(b, LEN, s->number));
	BROKEN("EXPRESSIONS", "join does not take", BUILD_TRANSFORMER(b, JOIN, s->list, s->list));
	BROKEN("EXPRESSIONS", "join does not take", BUILD_TRANSFORMER(b, JOIN, s->text, s->text));
	BROKEN("EXPRESSIONS", "concat does not take", BUILD_TRANSFORMER(b, CONCAT, s->text, s->list));
	BROKEN("EXPRESSIONS", "concat does not take", BUILD_TRANSFORMER(b, CONCAT, s->text, s->number));
	BROKEN("EXPRESSIONS", "getopt does not take", BUILD_TRANSFORMER(b, GETOPT, s->text, s->text));
	BROKEN("EXPRESSIONS", "getopt does not take", BUILD_TRANSFORMER(b, GETOPT, s->list, s->list));
	SOUND(BUILD_TRANSFORMER(b, B64, s->buffer));
	SOUND(BUILD_TRANSFORMER(b, LEN, s->buffer));
	SOUND(BUILD_TRANSFORMER(b, TOUPPER, s->options));
}

TEST(predicates_compare_what_their_operators_allow)
{
	BROKEN("PREDICATES", "there is no operator", PREDICATE(name_in).operator= SK_OPERATOR_COUNT);
	BROKEN("PREDICATES", "there is no modifier", PREDICATE(either).modifier = SK_MODIFIER_COUNT);
	BROKEN("PREDICATES", "in takes no modifier", PREDICATE(name_in).modifier = SK_MODIFIER_ANYOF);
	BROKEN("PREDICATES", "exists takes no modifier", PREDICATE(exists).modifier = SK_MODIFIER_ANYOF);
	BROKEN("PREDICATES", "there is no expression 9999 on its left", PREDICATE(name_in).left = 9999);
	BROKEN("PREDICATES", "contains does not compare int64",
	       PREDICATE(result_below).operator= SK_OPERATOR_CONTAINS);
	BROKEN("PREDICATES", "bcontains does not compare string",
	       { PREDICATE(joined_is).operator= SK_OPERATOR_BCONTAINS; });
	BROKEN("PREDICATES", "< does not compare ipaddr", PREDICATE(server_is).operator= SK_OPERATOR_LT);
	BROKEN("PREDICATES", "= does not compare lists of string",
	       { PREDICATE(options_have).operator= SK_OPERATOR_EQ; });
	BROKEN("PREDICATES", "pmatch does not compare bytes", PREDICATE(buffer_has).operator= SK_OPERATOR_PMATCH);
}

TEST(operators_and_types_are_those_of_the_tables)
{
	/* Every operator on a field of every class: sound exactly where operators.def says. */
	for (unsigned operator= 0; operator<SK_OPERATOR_COUNT; operator++) {
		static const enum sk_field fields[] = {SK_FIELD_PROC_NAME,        SK_FIELD_EVT_RAWRES,
						       SK_FIELD_EVT_IS_OPEN_READ, SK_FIELD_EVT_BUFFER,
						       SK_FIELD_FD_SIP,           SK_FIELD_FD_NET};
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			enum sk_type type = sk_fields[fields[i]].type;
			bool allowed = (sk_operators[operator].classes & sk_types[type].class) != 0;
			uint32_t count = operator== SK_OPERATOR_EXISTS ? 0 : 1;
			static struct sample sample;

			build_sample(&sample);
			build_predicate(&sample.builder, build_field(&sample.builder, fields[i], NULL), operator,
					SK_MODIFIER_NONE,
					build_constant(&sample.builder, type,
						       type == SK_TYPE_IPNET ? "10.0.0.0/8" : "10.0.0.0"),
					count);
			build_complete(&sample.builder);
			if (allowed)
				CHECK_TEXT(verify(&sample), "");
			else
				CHECK(strstr(verify(&sample), " does not compare ") != NULL);
		}
	}
}

TEST(right_sides_are_of_the_left_sides_type)
{
	BROKEN("PREDICATES", "it has no constants, and says where they begin", PREDICATE(exists).first = 1);
	BROKEN("PREDICATES", "its constants pass the end", PREDICATE(name_in).first = 4000);
	BROKEN("PREDICATES", "its constants pass the end", PREDICATE(name_in).count = UINT32_MAX);
	BROKEN("PREDICATES", "exists with 1 constants", PREDICATE(exists).count = 1);
	BROKEN("PREDICATES", "= with 2 constants", PREDICATE(ancestor_is).count = 2);
	BROKEN("PREDICATES", "< with 0 constants", {
		PREDICATE(result_below).count = 0;
		PREDICATE(result_below).first = 0;
	});
	BROKEN("PREDICATES", "is longer than 255 bytes", {
		char text[257];
		memset(text, 'x', 256);
		text[256] = '\0';
		CONSTANT(name_in) = build_string(b, text);
	});
	BROKEN("PREDICATES", "there is no expression 9999 on its right", PREDICATE(same).right = 9999);
	BROKEN("PREDICATES", "it has an expression and constants on its right", PREDICATE(same).count = 1);
	BROKEN("PREDICATES", "it has an expression and constants on its right", PREDICATE(same).first = 1);
	BROKEN("PREDICATES", "= oneof takes no expression", PREDICATE(same).modifier = SK_MODIFIER_ONEOF);
	BROKEN("PREDICATES", "regex  takes no expression", PREDICATE(same).operator= SK_OPERATOR_REGEX);
	BROKEN("PREDICATES", "pmatch  takes no expression", PREDICATE(same).operator= SK_OPERATOR_PMATCH);
	BROKEN("PREDICATES", "exists  takes no expression", PREDICATE(same).operator= SK_OPERATOR_EXISTS);
	BROKEN("PREDICATES", "its field compares with constants only", PREDICATE(same).left = s->ancestors);
	BROKEN("PREDICATES", "its field compares with constants only", PREDICATE(same).left = s->ancestor);
	BROKEN("PREDICATES", "its field compares with constants only", PREDICATE(same).right = s->ancestor);
	BROKEN("PREDICATES", "its field compares with constants only",
	       build_field_comparison(b, s->nets, SK_OPERATOR_EQ, s->nets));
	BROKEN("PREDICATES", "its sides are of different types", PREDICATE(same).right = s->buffer);
	BROKEN("PREDICATES", "its sides are of different types", PREDICATE(same).right = s->options);
	SOUND(PREDICATE(name_in).count = 0; PREDICATE(name_in).first = 0);
	SOUND(PREDICATE(either).count = 0; PREDICATE(either).first = 0);
	SOUND(PREDICATE(either).first = PREDICATE(name_in).first);
}

TEST(scope_and_quantifier_are_those_of_the_fields)
{
	BROKEN("PREDICATES", "its fields are of scope thread", PREDICATE(name_in).scope = SK_SCOPE_EVENT);
	BROKEN("PREDICATES", "its fields are of scope event", PREDICATE(joined_is).scope = SK_SCOPE_THREAD);
	BROKEN("PREDICATES", "its fields are of scope event", {
		build_field_comparison(b, s->name, SK_OPERATOR_EQ, s->joined);
		b->predicates[b->predicates_count - 1].scope = SK_SCOPE_THREAD;
	});
	BROKEN("PREDICATES", "its quantifier is not its field's",
	       PREDICATE(ancestor_is).quantifier = SK_QUANTIFIER_ONE);
	BROKEN("PREDICATES", "its quantifier is not its field's",
	       PREDICATE(name_in).quantifier = SK_QUANTIFIER_ANY);
	BROKEN("PREDICATES", "its quantifier is not its field's", { PREDICATE(ancestor_is).left = s->ancestor; });
}

TEST(the_constants_of_all_predicates_are_limited)
{
	/* Predicates share a run of patterns, until together they have too many. */
	static struct builder builder;
	struct sk_bundle bundle;
	struct sk_error error = {.message = ""};
	uint32_t name, regex;
	uint8_t *bytes;
	size_t size;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	for (unsigned i = 0; i < 1000; i++)
		build_constant(&builder, SK_TYPE_STRING, "x");
	for (unsigned i = 0; i < 16; i++) {
		regex = build_predicate(&builder, name, SK_OPERATOR_REGEX, SK_MODIFIER_ANYOF, 0, 1000);
		CHECK_EQUAL(regex, i);
	}
	build_complete(&builder);
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	free(bytes);
	build_predicate(&builder, name, SK_OPERATOR_REGEX, SK_MODIFIER_ANYOF, 0, 1000);
	build_complete(&builder);
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), -EBADMSG);
	CHECK_TEXT(error.message,
		   "section PREDICATES, record 16: the predicates have more than 16384 regular expressions");
	free(bytes);
}

TEST(programs_hold_their_own_instructions_and_end)
{
	BROKEN("CODE", "there is no instruction 9", CODE(shell, 0).op = SK_OP_COUNT);
	BROKEN("CODE", "literal stands in a program of the wrong kind", CODE(shell, 0).op = SK_OP_LITERAL);
	BROKEN("CODE", "match stands in a program of the wrong kind", OUTPUT(shell, 0).op = SK_OP_MATCH);
	BROKEN("CODE", "an unused member is not zero", CODE(shell, 0).aux = 1);
	BROKEN("CODE", "match does not jump", CODE(shell, 3).jump = 1);
	BROKEN("CODE", "literal does not jump", OUTPUT(shell, 0).jump = 1);
	BROKEN("CODE", "it jumps out of its program", CODE(shell, 0).jump = 4);
	BROKEN("CODE", "it jumps out of its program", CODE(shell, 0).jump = UINT16_MAX);
	BROKEN("CODE", "match takes no operand", CODE(shell, 3).operand = 1);
	BROKEN("CODE", "there is no predicate 9999", CODE(shell, 0).operand = 9999);
	BROKEN("CODE", "there is no string 9999", OUTPUT(shell, 0).operand = 9999);
	BROKEN("CODE", "there is no expression 9999", OUTPUT(shell, 1).operand = 9999);
	BROKEN("CODE", "it jumps out of its program", CODE(network, 4) = CODE(network, 2));
	BROKEN("CODE", "its program goes on behind its end", OUTPUT(shell, 4) = OUTPUT(shell, 0));
	BROKEN("CODE", "its program goes on behind end", OUTPUT(shell, 0) = OUTPUT(shell, 4));
	BROKEN("CODE", "suggested stands there twice", OUTPUT(shell, 0) = OUTPUT(shell, 2));
	BROKEN("CODE", "it belongs to no rule", b->code_count++);
	SOUND(CODE(shell, 0).jump = 3);
	SOUND(CODE(shell, 1) = CODE(shell, 3));
	SOUND(OUTPUT(shell, 1).jump = UINT16_MAX);
}

TEST(rules_take_code_and_tags_in_order)
{
	BROKEN("RULES", "its name, description or source is no string", b->rules[0].name = SK_NONE);
	BROKEN("RULES", "its name, description or source is no string", b->rules[0].description = SK_NONE);
	BROKEN("RULES", "its name, description or source is no string", b->rules[0].source = SK_NONE);
	BROKEN("RULES", "there is no priority 8", b->rules[0].priority = 8);
	BROKEN("RULES", "capture is neither 0 nor 1", b->rules[0].capture = 2);
	BROKEN("RULES", "an unused member is not zero", b->rules[0].zero = 1);
	BROKEN("RULES", "its tags do not begin where the last ones ended", b->rules[1].first_tag = 0);
	BROKEN("RULES", "its tags pass the end", b->rules[1].tag_count = UINT32_MAX);
	BROKEN("TAGS", "the tag is no string", b->tags[0] = SK_NONE);
	BROKEN("TAGS", "the tag is not behind the one before it", b->tags[1] = b->tags[0]);
	BROKEN("TAGS", "the tag is not behind the one before it", b->tags[1] = build_string(b, "T105"));
	BROKEN("TAGS", "it belongs to no rule", b->tags_count++);
	BROKEN("RULES", "its condition does not begin where the last one ended", b->rules[1].condition++);
	BROKEN("RULES", "its condition is empty", b->rules[1].condition_size = 0);
	BROKEN("RULES", "its condition passes the end", b->rules[1].condition_size = UINT32_MAX);
	BROKEN("RULES", "its output does not begin where the last one ended", b->rules[0].output = 0);
	BROKEN("RULES", "its output is empty", b->rules[1].output_size = 0);
	BROKEN("RULES", "its output passes the end", b->rules[1].output_size++);
	SOUND(b->tags[1] = build_string(b, "T10599"));
}

TEST(types_name_rules_in_order)
{
	BROKEN("TYPES", "event types instead of", b->types_count--);
	BROKEN("TYPES", "event types instead of", b->types_count++);
	BROKEN("TYPE_RULES", "there is no rule 2", b->type_rules[0] = 2);
	BROKEN("TYPES", "it has no rules, and says where they begin", b->types[7].first = 1);
	BROKEN("TYPES", "its rules pass the end", b->types[SK_EVENT_SOCKET_CONNECT_X].first = 4);
	BROKEN("TYPES", "its rules pass the end", b->types[SK_EVENT_SOCKET_CONNECT_X].count = 2);
	BROKEN("TYPES", "its rules do not ascend", b->type_rules[0] = 1);
	SOUND(b->types[7] = b->types[SK_EVENT_SYSCALL_EXECVE_19_X]);
}

TEST(system_calls_files_and_locations_are_as_many_as_they_must_be)
{
	BROKEN("SYSCALLS", "7 words instead of 8", b->syscalls_count--);
	BROKEN("SYSCALLS", "9 words instead of 8", b->syscalls_count++);
	BROKEN("SYSCALLS", "a bit of no system call is set", b->syscalls[7] = 1ull << (SK_SYSCALL_NAME_COUNT % 64));
	BROKEN("FILES", "its name is no string", b->files[0] = SK_NONE);
	BROKEN("LOCATIONS", "locations for", b->locations_count--);
	BROKEN("LOCATIONS", "a place in no file", b->locations[2].file = SK_BUNDLE_NO_FILE);
	BROKEN("LOCATIONS", "there is no file 1", b->locations[2].file = 1);
	BROKEN("LOCATIONS", "line or column is 0", b->locations[2].line = 0);
	BROKEN("LOCATIONS", "line or column is 0", b->locations[2].column = 0);
	SOUND(b->locations[2] = ((struct sk_bundle_location){.file = SK_BUNDLE_NO_FILE}));
	SOUND(b->syscalls[7] = 1ull << (SK_SYSCALL_NAME_COUNT % 64 - 1));
}

/* clang-format off */
TEST_MAIN(
	RUN(the_sample_is_sound)
	RUN(strings_lie_one_after_another_with_their_nuls)
	RUN(fields_are_as_the_schema_says)
	RUN(addresses_are_sound)
	RUN(constants_are_of_the_left_sides_type)
	RUN(numbers_are_extended_as_their_type_wants)
	RUN(expressions_are_leaves_or_take_earlier_ones)
	RUN(transformers_take_their_types_and_numbers_of_arguments)
	RUN(predicates_compare_what_their_operators_allow)
	RUN(operators_and_types_are_those_of_the_tables)
	RUN(right_sides_are_of_the_left_sides_type)
	RUN(scope_and_quantifier_are_those_of_the_fields)
	RUN(the_constants_of_all_predicates_are_limited)
	RUN(programs_hold_their_own_instructions_and_end)
	RUN(rules_take_code_and_tags_in_order)
	RUN(types_name_rules_in_order)
	RUN(system_calls_files_and_locations_are_as_many_as_they_must_be)
)
