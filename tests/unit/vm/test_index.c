/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an index finds for a value, against comparing every predicate with it:
 * random constants, random values, every operator, modifier and type.
 *
 * Texts are short and of few letters, so that they meet, begin and end one
 * another all the time.
 */
#include <math.h>

#include "tests/test.h"
#include "tests/unit/vm/bundle_builder.h"
#include "tests/unit/vm/random.h"
#include "vm/compare.h"
#include "vm/glob.h"
#include "vm/index.h"
#include "vm/pattern.h"
#include "vm/plan.h"
#include "vm/print.h"
#include "vm/support/alloc.h"

/* What the values of a question may be. */
struct subject {
	const char *name;
	enum sk_field field;
	bool transformed; /* getopt(...) over the field: a list whose quantifier is ONE */
	bool list;        /* values are lists */
};

static const struct subject subjects[] = {
	{"texts", SK_FIELD_PROC_NAME, false, false},
	{"lists of texts, any", SK_FIELD_PROC_ANAME, false, true},
	{"lists of texts, one", SK_FIELD_PROC_NAME, true, true},
	{"bytes", SK_FIELD_EVT_BUFFER, false, false},
	{"signed numbers", SK_FIELD_EVT_RAWRES, false, false},
	{"unsigned numbers", SK_FIELD_EVT_NUM, false, false},
	{"booleans", SK_FIELD_EVT_IS_OPEN_READ, false, false},
	{"doubles", SK_FIELD_PROC_FDUSAGE, false, false},
	{"numbers, any", SK_FIELD_PROC_APID, false, true},
	{"ports, both", SK_FIELD_FD_PORT, false, true},
	{"addresses", SK_FIELD_FD_SIP, false, false},
	{"addresses, both", SK_FIELD_FD_IP, false, true},
	{"networks", SK_FIELD_FD_SNET, false, false},
	{"networks, both", SK_FIELD_FD_NET, false, true},
};

static const char *const regexes[] = {"a*b",    "(a|b)+/?", "[^a]*",       "A.B",    "^a$",
				      ".*ab.*", "/(a|A)*",  "a\xc3\xa4.",  "b{2,3}", "",
				      "a.*\n",  "(ab)*a",   "[[:alpha:]]+"};

/* --- making things up ---------------------------------------------------- */

static uint32_t random_text(struct random *random, char *text, bool with_nuls)
{
	static const char letters[] = "aaabbAB//.-";
	uint32_t length = random_below(random, one_in(random, 20) ? 40 : 7);

	for (uint32_t i = 0; i < length; i++) {
		text[i] = letters[random_below(random, sizeof(letters) - 1)];
		if (with_nuls && one_in(random, 12))
			text[i] = '\0';
		if (one_in(random, 30))
			text[i] = (char)(0x80 + random_below(random, 0x80));
	}
	return length;
}

static uint32_t random_glob(struct random *random, char *text)
{
	static const char *const parts[] = {"*",    "?",    "a", "b",      "A",   "/",
					    "[ab]", "[!a]", "[", "[a-b]*", "\\a", "."};
	uint32_t length = 0;

	for (uint32_t i = random_below(random, 6); i > 0; i--) {
		const char *part = parts[random_below(random, sizeof(parts) / sizeof(parts[0]))];

		memcpy(text + length, part, strlen(part));
		length += (uint32_t)strlen(part);
	}
	return length;
}

static uint64_t random_number(struct random *random, enum sk_type type)
{
	static const int64_t ends[] = {0, 1, -1, INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX};
	int64_t number = one_in(random, 8) ? ends[random_below(random, 7)] : (int64_t)random_below(random, 12) - 3;

	switch (type) {
	case SK_TYPE_BOOL:
		return (uint64_t)number & 1;
	case SK_TYPE_PORT:
		return (uint16_t)number;
	case SK_TYPE_DOUBLE:
		return (uint64_t)(int32_t)number;
	default:
		return (uint64_t)number;
	}
}

/* Few bits are set, so that networks hold one another. */
static struct sk_address random_address(struct random *random)
{
	struct sk_address address = {.length = one_in(random, 3) ? 16 : 4};

	for (uint32_t i = 0; i < address.length; i++)
		address.bytes[i] = one_in(random, 3) ? (uint8_t)(0x80 >> random_below(random, 8)) : 0;
	return address;
}

static uint32_t random_address_constant(struct builder *builder, struct random *random, enum sk_type type)
{
	struct sk_address address = random_address(random);
	struct sk_bundle_address record = {.length = address.length};
	uint32_t i = 0;

	memcpy(record.bytes, address.bytes, sizeof(record.bytes));
	if (type == SK_TYPE_IPNET) {
		record.prefix = (uint8_t)(random_below(random, address.length * 8) + (address.length == 16));
		for (uint32_t bit = record.prefix; bit < 128; bit++)
			record.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	while (i < builder->addresses_count && memcmp(&builder->addresses[i], &record, sizeof(record)) != 0)
		i++;
	builder->addresses[i] = record;
	builder->addresses_count += i == builder->addresses_count;
	return build_reference(builder, i);
}

static void random_constant(struct builder *builder, struct random *random, enum sk_operator comparison,
			    enum sk_type type)
{
	char text[256];
	uint32_t length;

	switch (sk_types[type].class) {
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		build_number_constant(builder, (int64_t)random_number(random, type));
		return;
	case SK_CLASS_ADDRESS:
		random_address_constant(builder, random, type);
		return;
	default:
		break;
	}
	if (comparison == SK_OPERATOR_REGEX) {
		build_constant(builder, type, regexes[random_below(random, sizeof(regexes) / sizeof(regexes[0]))]);
		return;
	}
	if (comparison == SK_OPERATOR_GLOB || comparison == SK_OPERATOR_IGLOB ||
	    (comparison == SK_OPERATOR_PMATCH && one_in(random, 4)))
		length = random_glob(random, text);
	else
		length = random_text(random, text, type == SK_TYPE_BYTES);
	/* As the compiler writes them, most of the time. */
	for (uint32_t i = 0; comparison == SK_OPERATOR_ICONTAINS && i < length && !one_in(random, 20); i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	}
	if (comparison == SK_OPERATOR_PMATCH && !one_in(random, 8)) {
		uint32_t kept = 0;

		memmove(text + 1, text, length);
		text[0] = '/';
		for (uint32_t i = 0; i <= length; i++) {
			if (kept == 0 || text[i] != '/' || text[kept - 1] != '/')
				text[kept++] = text[i];
		}
		length = kept > 1 && text[kept - 1] == '/' ? kept - 1 : kept;
	}
	build_bytes_constant(builder, text, length);
}

static bool is_allowed(enum sk_operator comparison, const struct sk_bundle_expression *left)
{
	uint32_t classes = sk_operators[comparison].classes;

	return comparison == SK_OPERATOR_EXISTS ||
	       (left->list ? (classes & SK_CLASS_LIST) != 0 : (classes & sk_types[left->type].class) != 0);
}

/* The last constants, from `first` on, each once: how many are left. */
static uint32_t drop_repeated(struct builder *builder, uint32_t first)
{
	uint32_t end = first;

	for (uint32_t i = first; i < builder->constants_count; i++) {
		uint32_t k = first;

		while (k < end && builder->constants[k] != builder->constants[i])
			k++;
		if (k == end)
			builder->constants[end++] = builder->constants[i];
	}
	builder->constants_count = end;
	return end - first;
}

static void random_predicate(struct builder *builder, struct random *random, uint32_t left)
{
	const struct sk_bundle_expression *expression = &builder->expressions[left];
	enum sk_operator comparison = random_below(random, SK_OPERATOR_COUNT);
	enum sk_modifier modifier = SK_MODIFIER_NONE;
	uint32_t first = builder->constants_count, count = 1;

	if (!is_allowed(comparison, expression))
		return;
	if (sk_operators[comparison].operands == SK_OPERANDS_TEXT && one_in(random, 3))
		modifier = random_below(random, SK_MODIFIER_COUNT);
	if (sk_operators[comparison].operands == SK_OPERANDS_NONE)
		count = 0;
	else if (sk_operators[comparison].operands == SK_OPERANDS_LIST || modifier != SK_MODIFIER_NONE)
		count = random_below(random, 5);
	for (uint32_t i = 0; i < count; i++)
		random_constant(builder, random, comparison, expression->type);
	/* As the compiler does: only `oneof` counts them. */
	if (modifier != SK_MODIFIER_ONEOF)
		count = drop_repeated(builder, first);
	build_predicate(builder, left, comparison, modifier, first, count);
}

static void random_bundle(struct builder *builder, struct random *random, const struct subject *subject)
{
	uint32_t left, count = 1 + random_below(random, one_in(random, 4) ? 200 : 20);

	build_init(builder);
	left = build_field(builder, subject->field, NULL);
	if (subject->transformed)
		left = BUILD_TRANSFORMER(builder, GETOPT, BUILD_LIST(builder, left),
					 build_text_expression(builder, "a"));
	for (uint32_t i = 0; i < count && builder->constants_count < 1000; i++)
		random_predicate(builder, random, left);
	build_complete(builder);
}

/* A value's memory. */
struct room {
	char texts[8][64];
	struct sk_address addresses[8];
	struct sk_value items[8];
};

static struct sk_value random_scalar(struct random *random, enum sk_type type, struct room *room, uint32_t number)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = (uint8_t)type};

	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		value.length = random_text(random, room->texts[number], one_in(random, 5));
		value.text = room->texts[number];
		break;
	case SK_CLASS_ADDRESS:
		room->addresses[number] = random_address(random);
		value.address = &room->addresses[number];
		break;
	default:
		value.number = random_number(random, type);
		if (type == SK_TYPE_DOUBLE)
			value.real = one_in(random, 10)  ? NAN
				     : one_in(random, 4) ? (double)random_below(random, 8) / 2
							 : (double)(int64_t)value.number;
	}
	return value;
}

static struct sk_value random_value(struct random *random, const struct subject *subject, enum sk_type type,
				    struct room *room)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = (uint8_t)type, .list = 1, .items = room->items};

	if (!subject->list)
		return random_scalar(random, type, room, 0);
	value.length = random_below(random, 5);
	for (uint32_t i = 0; i < value.length; i++) {
		room->items[i] =
			i > 0 && one_in(random, 2) ? room->items[i - 1] : random_scalar(random, type, room, i);
	}
	return value;
}

/* --- comparing ----------------------------------------------------------- */

struct oracle {
	const struct sk_bundle *bundle;
	struct sk_regex **regexes;
	struct sk_arena scratch;
	uint64_t asked;
};

static bool oracle_holds(void *context, uint32_t number, const struct sk_value *value)
{
	struct oracle *oracle = context;
	struct sk_comparison comparison = sk_comparison_of(oracle->bundle, number);

	comparison.regexes = oracle->regexes;
	oracle->asked++;
	return sk_compare_constants(&comparison, value, &oracle->scratch);
}

static void oracle_init(struct oracle *oracle, const struct sk_bundle *bundle)
{
	*oracle = (struct oracle){.bundle = bundle};
	oracle->regexes = sk_alloc_zeroed(sk_bundle_string_count(bundle), sizeof(struct sk_regex *));
	sk_arena_init(&oracle->scratch, 0);
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		for (uint32_t k = 0; predicate->operator== SK_OPERATOR_REGEX && k<predicate->count; k++) {
			uint32_t string = bundle->constants[predicate->first + k], length;
			const char *text = sk_bundle_text(bundle, string, &length);

			if (!oracle->regexes[string])
				CHECK_EQUAL(sk_regex_create(text, length, &oracle->regexes[string], NULL), 0);
		}
	}
}

static void oracle_release(struct oracle *oracle)
{
	for (uint32_t i = 0; i < sk_bundle_string_count(oracle->bundle); i++)
		sk_regex_destroy(oracle->regexes[i]);
	sk_free(oracle->regexes);
	sk_arena_release(&oracle->scratch);
}

static uint64_t comparisons, generic, found;

/* Every predicate of the bundle's only question, for one value. */
static bool agrees(struct sk_index *index, struct oracle *oracle, const struct sk_value *value)
{
	const struct sk_bundle *bundle = oracle->bundle;
	const uint32_t *hits;
	uint64_t asked = oracle->asked;
	uint32_t count = sk_index_find(index, 0, value, oracle_holds, oracle, &hits), next = 0;

	generic += oracle->asked - asked;
	found += count;
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		enum sk_index_group group = sk_plan_group(bundle, predicate);
		bool hit = next < count && hits[next] == i, truth = oracle_holds(oracle, i, value);

		next += hit;
		comparisons++;
		if ((hit != sk_plan_is_negated(predicate, group)) != truth) {
			struct sk_buffer text = {0};

			sk_print_predicate(bundle, i, SIZE_MAX, &text);
			sk_buffer_append_text(&text, "   of   ");
			sk_value_print(value, &text);
			printf("# %s (%s): hit %d, truth %d\n", text.bytes, sk_index_groups[group].name, hit,
			       truth);
			sk_buffer_release(&text);
			return false;
		}
	}
	/* They ascend, and there are no others. */
	return next == count;
}

static bool try_bundle(struct random *random, const struct subject *subject, uint32_t values)
{
	static struct builder builder;
	struct sk_error error = {.message = ""};
	struct sk_bundle bundle;
	struct sk_index *index = NULL;
	struct oracle oracle;
	struct room room;
	uint8_t *bytes;
	size_t size;
	bool same = true;

	random_bundle(&builder, random, subject);
	if (builder.predicates_count == 0)
		return true;
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	CHECK_TEXT(error.message, "");
	if (!error.message[0]) {
		CHECK_EQUAL(bundle.questions_count, 1);
		CHECK_EQUAL(sk_index_create(&bundle, &index), 0);
		oracle_init(&oracle, &bundle);
		for (uint32_t i = 0; i < values && same; i++) {
			struct sk_value value = random_value(
				random, subject, bundle.expressions[bundle.questions[0].expression].type, &room);

			same = agrees(index, &oracle, &value);
		}
		oracle_release(&oracle);
		sk_index_destroy(index);
	}
	free(bytes);
	return same && !error.message[0];
}

TEST(an_index_finds_what_comparing_one_by_one_finds)
{
	struct random random = {random_seed()};
	const uint32_t rounds = (uint32_t)wanted("SK_INDEX_ROUNDS", 60);

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		comparisons = generic = found = 0;
		for (uint32_t round = 0; round < rounds; round++) {
			uint64_t state = random.state;

			if (!try_bundle(&random, &subjects[i], 100)) {
				printf("# %s: SK_SEED=%llu\n", subjects[i].name, (unsigned long long)state);
				CHECK(!"the same hits");
				break;
			}
		}
		printf("# %s: %llu comparisons, %llu hits, %llu one by one\n", subjects[i].name,
		       (unsigned long long)comparisons, (unsigned long long)found, (unsigned long long)generic);
		CHECK(found > 0 && found < comparisons);
		CHECK(generic < comparisons / 2 || subjects[i].field == SK_FIELD_PROC_FDUSAGE);
	}
}

/* --- shell patterns ------------------------------------------------------ */

TEST(shell_patterns_mean_the_same_as_regular_expressions)
{
	struct random random = {random_seed()};
	uint32_t translated = 0, matched = 0;

	for (uint32_t round = 0; round < 3000; round++) {
		struct sk_buffer expression = {0};
		struct sk_regex_set *set = NULL;
		struct sk_arena scratch;
		char pattern[256], text[64];
		uint32_t length = random_glob(&random, pattern), number;
		bool fold = one_in(&random, 2);

		sk_arena_init(&scratch, 0);
		if (sk_pattern_from_glob(pattern, length, fold, &expression)) {
			translated++;
			CHECK_EQUAL(sk_regex_set_create(true, 1 << 20, &set), 0);
			CHECK_EQUAL(
				sk_regex_set_add(set, expression.length ? expression.bytes : "", expression.length),
				0);
			CHECK_EQUAL(sk_regex_set_compile(set), 0);
			for (uint32_t i = 0; i < 60; i++) {
				uint32_t text_length = random_text(&random, text, false);
				bool holds = sk_glob_match(pattern, length, text, text_length, fold);

				matched += holds;
				CHECK_EQUAL(sk_regex_set_match(set, text, text_length, &scratch, &number), holds);
			}
		}
		sk_regex_set_destroy(set);
		sk_buffer_release(&expression);
		sk_arena_release(&scratch);
	}
	CHECK(translated > 2000);
	CHECK(matched > 1000);
}

TEST(a_pattern_without_an_equivalent_is_compared_by_itself)
{
	/* A bracket that never ends is itself; with a member that is met it fails. */
	static const char *const patterns[] = {"a*",  "*b", "[ab]c", "?",    "ab*",         "*/x",
					       "a[b", "c?", "[a\\",  "b**c", "[[:alpha:]]*"};
	static const char *const texts[] = {"a", "ab", "ac", "bc", "a[b", "[a\\", "[a", "", "c/x", "bxc", "7"};
	static struct builder builder;
	struct sk_bundle bundle;
	struct sk_index *index = NULL;
	struct oracle oracle;
	uint8_t *bytes;
	size_t size;
	uint32_t name;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		build_comparison(&builder, name, SK_OPERATOR_GLOB, SK_MODIFIER_NONE,
				 (const char *const[]){patterns[i], NULL});
	build_complete(&builder);
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, NULL), 0);
	CHECK_EQUAL(sk_index_create(&bundle, &index), 0);
	oracle_init(&oracle, &bundle);
	generic = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sk_value value = sk_value_text(texts[i], (uint32_t)strlen(texts[i]));

		CHECK(agrees(index, &oracle, &value));
	}
	/* Not all of them, and not none. */
	CHECK(generic > 0 && generic <= 2 * sizeof(texts) / sizeof(texts[0]));
	oracle_release(&oracle);
	sk_index_destroy(index);
	free(bytes);
}

/* --- memory -------------------------------------------------------------- */

TEST(looking_up_takes_no_memory_from_the_heap)
{
	static struct builder builder;
	struct random random = {1};
	struct sk_bundle bundle;
	struct sk_index *index = NULL;
	struct oracle oracle;
	struct room room;
	uint8_t *bytes;
	size_t size, failures = 0;
	uint64_t before = 0;

	random_bundle(&builder, &random, &subjects[1]);
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, NULL), 0);
	for (;; failures++) {
		int status;

		sk_alloc_fail_after(failures);
		status = sk_index_create(&bundle, &index);
		sk_alloc_fail_after(SIZE_MAX);
		if (status == 0)
			break;
		CHECK_EQUAL(status, -12);
		CHECK(index == NULL);
	}
	/* Itself, and its eleven arrays. */
	CHECK_EQUAL(failures, 12);
	oracle_init(&oracle, &bundle);
	for (uint32_t i = 0; i < 200; i++) {
		struct sk_value value = random_value(&random, &subjects[1], SK_TYPE_STRING, &room);

		if (i == 100)
			before = sk_alloc_count();
		CHECK(agrees(index, &oracle, &value));
	}
	CHECK_EQUAL(sk_alloc_count(), before);
	oracle_release(&oracle);
	sk_index_destroy(index);
	sk_index_destroy(NULL);
	free(bytes);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_index_finds_what_comparing_one_by_one_finds)
	RUN(shell_patterns_mean_the_same_as_regular_expressions)
	RUN(a_pattern_without_an_equivalent_is_compared_by_itself)
	RUN(looking_up_takes_no_memory_from_the_heap)
)
