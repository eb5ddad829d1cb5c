/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One broken bundle for each thing that the verifier refuses in questions and
 * their indexes.  The structures are right when they are written; then one
 * record is broken, the file is sealed again, and the sentence must be the one
 * meant.
 *
 * At the end every byte of all these sections is changed: whatever is still
 * taken must find what comparing one by one finds.
 */
#include "tests/test.h"
#include "tests/unit/vm/bundle_builder.h"
#include "tests/unit/vm/random.h"
#include "vm/compare.h"
#include "vm/index.h"
#include "vm/plan.h"
#include "vm/slot.h"

/* A bundle with every group; the numbers are those of its indexes. */
struct indexed {
	struct builder builder;
	uint32_t exact, prefix, suffix, path, contains, icontains, number, less, address, network;
	uint32_t text, alone; /* questions */
};

static uint32_t find_index(const struct builder *builder, enum sk_index_group group)
{
	uint32_t number = 0;

	while (number < builder->indexes_count && builder->indexes[number].group != group)
		number++;
	return number;
}

static void build_texts(struct builder *builder, uint32_t name)
{
	BUILD_COMPARISON(builder, name, IN, NONE, "sh", "bash", "zsh", "dash");
	BUILD_COMPARISON(builder, name, EQ, NONE, "bash");
	BUILD_COMPARISON(builder, name, NE, NONE, "vi");
	BUILD_COMPARISON(builder, name, STARTSWITH, NONE, "ba");
	BUILD_COMPARISON(builder, name, STARTSWITH, ANYOF, "bas", "z");
	BUILD_COMPARISON(builder, name, ENDSWITH, NONE, "sh");
	BUILD_COMPARISON(builder, name, ENDSWITH, NONE, "h");
	BUILD_COMPARISON(builder, name, PMATCH, NONE, "/etc", "/etc/ssh");
	BUILD_COMPARISON(builder, name, PMATCH, NONE, "/usr");
	BUILD_COMPARISON(builder, name, CONTAINS, NONE, "abc");
	BUILD_COMPARISON(builder, name, CONTAINS, NONE, "bc");
	BUILD_COMPARISON(builder, name, CONTAINS, ANYOF, "c", "abd", "bc");
	BUILD_COMPARISON(builder, name, ICONTAINS, NONE, "pass");
	build_predicate(builder, name, SK_OPERATOR_EXISTS, SK_MODIFIER_NONE, 0, 0);
	BUILD_COMPARISON(builder, name, GLOB, NONE, "a*");
	BUILD_COMPARISON(builder, name, STARTSWITH, ONEOF, "ba", "bas");
}

static void build_indexed(struct indexed *indexed)
{
	struct builder *builder = &indexed->builder;
	uint32_t name, result, server, nets;

	build_init(builder);
	name = build_field(builder, SK_FIELD_PROC_NAME, NULL);
	result = build_field(builder, SK_FIELD_EVT_RAWRES, NULL);
	server = build_field(builder, SK_FIELD_FD_SIP, NULL);
	nets = build_field(builder, SK_FIELD_FD_SNET, NULL);
	build_texts(builder, name);
	BUILD_COMPARISON(builder, result, EQ, NONE, "-1");
	BUILD_COMPARISON(builder, result, IN, NONE, "0", "7", "-1");
	BUILD_COMPARISON(builder, result, LT, NONE, "0");
	BUILD_COMPARISON(builder, result, LT, NONE, "5");
	BUILD_COMPARISON(builder, server, IN, NONE, "10.0.0.1", "10.0.0.2", "::1");
	BUILD_COMPARISON(builder, nets, IN, NONE, "10.0.0.0/8", "10.1.0.0/16", "fe80::/10");
	build_field_comparison(builder, name, SK_OPERATOR_EQ, build_field(builder, SK_FIELD_PROC_EXE, NULL));
	build_complete(builder);
	indexed->exact = find_index(builder, SK_GROUP_EXACT);
	indexed->prefix = find_index(builder, SK_GROUP_PREFIX);
	indexed->suffix = find_index(builder, SK_GROUP_SUFFIX);
	indexed->path = find_index(builder, SK_GROUP_PATH);
	indexed->contains = find_index(builder, SK_GROUP_CONTAINS);
	indexed->icontains = find_index(builder, SK_GROUP_ICONTAINS);
	indexed->number = find_index(builder, SK_GROUP_NUMBER);
	indexed->less = find_index(builder, SK_GROUP_LESS);
	indexed->address = find_index(builder, SK_GROUP_ADDRESS);
	indexed->network = find_index(builder, SK_GROUP_NETWORK);
	while (builder->questions[indexed->text].expression != name)
		indexed->text++;
	while (builder->questions[indexed->alone].expression != SK_NONE)
		indexed->alone++;
}

static const char *verify(const struct builder *builder)
{
	static struct sk_error error;
	struct sk_bundle bundle;
	size_t size;
	uint8_t *bytes = build_finish(builder, &size);
	int status;

	error.message[0] = '\0';
	status = sk_bundle_from_memory(bytes, size, &bundle, &error);
	if ((status == 0) != (error.message[0] == '\0') || (status != 0 && status != -74))
		snprintf(error.message, sizeof(error.message), "status %d", status);
	free(bytes);
	return error.message;
}

/* What breaks it sees `s`, what was built, and `b`, its builder. */
#define BROKEN(section, sentence, ...)                                                                             \
	do {                                                                                                       \
		static struct indexed indexed;                                                                     \
		struct indexed *s = &indexed;                                                                      \
		struct builder *b = &s->builder;                                                                   \
		const char *said;                                                                                  \
                                                                                                                   \
		memset(s, 0, sizeof(*s));                                                                          \
		build_indexed(s);                                                                                  \
		__VA_ARGS__;                                                                                       \
		said = verify(b);                                                                                  \
		if (strncmp(said, "section " section ", record ", strlen("section " section ", record ")) != 0 ||  \
		    !strstr(said, sentence)) {                                                                     \
			test_failures++;                                                                           \
			printf("# %s:%d: \"%s\" is not \"%s: %s\"\n", __FILE__, __LINE__, said, section,           \
			       sentence);                                                                          \
		}                                                                                                  \
	} while (0)

#define TEXT b->questions[s->text]
#define ALONE b->questions[s->alone]
#define INDEX(name) b->indexes[s->name]
#define ENTRY(name, i) b->entries[INDEX(name).first_entry + (i)]
#define LINK(name, i) b->links[INDEX(name).first_link + (i)]
#define STATE(name, i) b->states[INDEX(name).first_part + (i)]
#define LABEL(name, i) b->labels[INDEX(name).first_part + (i)]
#define POSTING(name, i) b->postings[ENTRY(name, 0).posting + (i)]

#define SWAP(a, b)                                                                                                 \
	do {                                                                                                       \
		__typeof__(a) swapped = (a);                                                                       \
		(a) = (b);                                                                                         \
		(b) = swapped;                                                                                     \
	} while (0)

/* The first slot of the EXACT index that is in use, or free. */
static uint32_t *slot(struct indexed *indexed, bool used)
{
	uint32_t *slots = indexed->builder.slots + indexed->builder.indexes[indexed->exact].first_part;

	while ((*slots != 0) != used)
		slots++;
	return slots;
}

TEST(what_was_written_is_sound)
{
	static struct indexed indexed;

	build_indexed(&indexed);
	CHECK_TEXT(verify(&indexed.builder), "");
	CHECK_EQUAL(indexed.builder.questions_count, 5);
	CHECK(indexed.network < indexed.builder.indexes_count);
}

TEST(questions_take_all_predicates_in_order)
{
	BROKEN("QUESTIONS", "its predicates do not begin where the last ones ended", TEXT.first++);
	BROKEN("QUESTIONS", "its predicates do not begin where the last ones ended", TEXT.count = 0);
	BROKEN("QUESTIONS", "its predicates do not begin where the last ones ended", TEXT.count = UINT32_MAX);
	BROKEN("QUESTIONS", "its predicates are out of order", TEXT.always = TEXT.pattern + 1);
	BROKEN("QUESTIONS", "its predicates are out of order", TEXT.pattern = TEXT.generic + 1);
	BROKEN("QUESTIONS", "its predicates are out of order", TEXT.generic = UINT32_MAX);
	BROKEN("QUESTIONS", "its predicates are out of order", b->questions[4].always = 0);
	BROKEN("QUESTIONS", "its expression does not exist", TEXT.expression = b->expressions_count);
	BROKEN("QUESTIONS", "its indexes do not begin where the last ones ended", TEXT.first_index++);
	BROKEN("QUESTIONS", "its indexes do not begin where the last ones ended", TEXT.index_count = UINT32_MAX);
	BROKEN("QUESTIONS", "it has a predicate on another value", TEXT.expression++);
	BROKEN("QUESTIONS", "it has no expression, and not one predicate with two", TEXT.expression = SK_NONE);
	BROKEN("QUESTIONS", "it has a predicate on another value", ALONE.expression = 0);
	BROKEN("QUESTIONS", "it has too few indexes", TEXT.index_count--);
	BROKEN("QUESTIONS", "it has too many indexes", TEXT.index_count++);
	BROKEN("PREDICATES", "it belongs to no question", b->questions_count--);
}

TEST(predicates_stand_where_their_groups_do)
{
	BROKEN("QUESTIONS", "of group always, stands with those of another", TEXT.always++);
	BROKEN("QUESTIONS", "of group icontains, stands with those of another", TEXT.always--);
	BROKEN("QUESTIONS", "of group pattern, stands with those of another", TEXT.pattern++);
	BROKEN("QUESTIONS", "of group generic, stands with those of another", TEXT.generic++);
	BROKEN("QUESTIONS", "of group pattern, stands with those of another", TEXT.generic--);
	BROKEN("QUESTIONS", "its predicates are not sorted by group",
	       SWAP(b->predicates[TEXT.first], b->predicates[TEXT.first + 4]));
	BROKEN("INDEXES", "it is not of group exact", INDEX(exact).group = SK_GROUP_PREFIX);
	BROKEN("INDEXES", "it is not of group prefix", INDEX(prefix).group = SK_GROUP_COUNT);
	BROKEN("INDEXES", "it is not of group less", INDEX(less).group = SK_GROUP_LESS_EQUAL);
}

TEST(indexes_have_the_parts_of_their_groups)
{
	BROKEN("INDEXES", "its entries are none", INDEX(exact).entry_count = 0);
	BROKEN("INDEXES", "its entries are none, too many", INDEX(exact).entry_count = UINT32_MAX);
	BROKEN("INDEXES", "or not where they must be", INDEX(prefix).first_entry++);
	BROKEN("INDEXES", "its links, slots or states", INDEX(exact).first_part++);
	BROKEN("INDEXES", "its links, slots or states", INDEX(exact).part_count = 5);
	BROKEN("INDEXES", "its links, slots or states", INDEX(exact).part_count = UINT32_MAX);
	BROKEN("INDEXES", "its links, slots or states", INDEX(exact).first_link = 1);
	BROKEN("INDEXES", "its links, slots or states", INDEX(prefix).first_link++);
	BROKEN("INDEXES", "its links, slots or states", INDEX(prefix).part_count = 1);
	BROKEN("INDEXES", "its links, slots or states", INDEX(contains).first_part++);
	BROKEN("INDEXES", "its links, slots or states", INDEX(contains).part_count = 1);
	BROKEN("INDEXES", "its links, slots or states", INDEX(contains).part_count = UINT32_MAX);
	BROKEN("INDEXES", "its links, slots or states", INDEX(number).first_link = 1);
	BROKEN("INDEXES", "its links, slots or states", INDEX(number).first_part = 1);
	BROKEN("ENTRIES", "it belongs to no question", b->entries_count++;
	       b->entries[b->entries_count - 1].posting = b->postings_count++);
	BROKEN("LINKS", "it belongs to no question", b->links_count++);
	BROKEN("SLOTS", "it belongs to no question", b->slots_count++);
	BROKEN("STATES", "it belongs to no question", (b->states_count++, b->labels_count++));
	BROKEN("LABELS", "labels for", b->labels_count++);
}

TEST(entries_and_predicates_have_each_other)
{
	BROKEN("ENTRIES", "there is no constant", ENTRY(exact, 0).constant = b->strings_count - 1);
	BROKEN("ENTRIES", "there is no constant", ENTRY(number, 0).constant = b->numbers_count);
	BROKEN("ENTRIES", "there is no constant", ENTRY(network, 0).constant = b->addresses_count);
	BROKEN("ENTRIES", "its predicates do not begin where the last ones ended", ENTRY(exact, 0).posting = 1);
	BROKEN("ENTRIES", "its predicates do not begin where the last ones ended",
	       ENTRY(exact, 1).posting = ENTRY(exact, 0).posting);
	BROKEN("ENTRIES", "its predicates do not begin where the last ones ended",
	       ENTRY(network, 2).posting = b->postings_count);
	BROKEN("ENTRIES", "its predicates do not begin where the last ones ended",
	       ENTRY(exact, 1).posting = UINT32_MAX);
	/* Another string is nobody's constant, or another predicate's. */
	BROKEN("INDEXES", "does not lead to it", ENTRY(exact, 0).constant = 0);
	BROKEN("ENTRIES", "its constant is that of another", ENTRY(exact, 1).constant = ENTRY(exact, 0).constant);
	BROKEN("INDEXES", "does not lead to it", POSTING(exact, 0) ^= 1);
	BROKEN("INDEXES", "does not lead to it", POSTING(exact, 0) = UINT32_MAX);
	BROKEN("INDEXES", "does not lead to it", SWAP(ENTRY(suffix, 0).constant, ENTRY(suffix, 1).constant));
	BROKEN("INDEXES", "does not lead to it", b->constants[b->predicates[TEXT.first].first] = 0);
	/* The same constant twice: its entry would have to name the predicate twice. */
	BROKEN("INDEXES", "does not lead to it", {
		const struct sk_bundle_predicate *several = &b->predicates[TEXT.first];
		while (several->count < 2)
			several++;
		b->constants[several->first + 1] = b->constants[several->first];
	});
	/* A posting too many: the last entry of all has one more. */
	BROKEN("ENTRIES", "it leads to a predicate that does not have it", b->postings[b->postings_count++] = 0);
}

TEST(tables_are_in_the_order_of_their_hashes)
{
	BROKEN("SLOTS", "there is no such entry", *slot(s, true) |= SK_SLOT_ENTRY_MASK);
	BROKEN("SLOTS", "there is no such entry", *slot(s, true) &= ~(uint32_t)SK_SLOT_ENTRY_MASK | 0x80000000u);
	BROKEN("SLOTS", "it is not the place of its entry", *slot(s, true) ^= 1u << 31);
	BROKEN("SLOTS", "it is not the place of its entry", {
		uint32_t *used = slot(s, true), *unused = slot(s, false);
		SWAP(*used, *unused);
	});
	BROKEN("INDEXES", "slots are in use for", {
		/* The last one before a free one: nothing else moves away from its home. */
		uint32_t *last = slot(s, true);
		while (last[1] != 0)
			last++;
		*last = 0;
	});
	BROKEN("SLOTS", "", *slot(s, false) = *slot(s, true));
	BROKEN("SLOTS", "its entry is not behind the one before", {
		/* Two neighbours that could both stand there, the wrong way round. */
		uint32_t *slots = b->slots + INDEX(exact).first_part, count = INDEX(exact).part_count, i = 1;
		uint32_t homes = sk_slot_homes(INDEX(exact).entry_count);
		for (; i < count; i++) {
			uint32_t entry = (slots[i] & SK_SLOT_ENTRY_MASK) - 1, constant;
			if (slots[i] == 0 || slots[i - 1] == 0)
				continue;
			constant = ENTRY(exact, entry).constant;
			if (sk_slot_home(sk_slot_hash(b->string_bytes + b->strings[constant],
						      b->strings[constant + 1] - b->strings[constant] - 1),
					 homes) < i)
				break;
		}
		CHECK(i < count);
		SWAP(slots[i - 1], slots[i]);
	});
}

/* Whoever verifies, writes or looks up: every length has the same hash, and every byte counts. */
TEST(every_way_to_hash_a_text_gives_the_same)
{
	char text[96];

	for (uint32_t length = 0; length <= 80; length++) {
		uint32_t hash;

		for (uint32_t i = 0; i < sizeof(text); i++)
			text[i] = (char)(i * 7 + length);
		hash = sk_slot_hash(text, length);
		CHECK_EQUAL(sk_slot_hash_padded(text, length), hash);
		for (uint32_t i = 0; i < sizeof(text); i++) {
			text[i] ^= 0x20;
			CHECK_EQUAL(sk_slot_hash_padded(text, length) != hash, i < length);
			CHECK_EQUAL(sk_slot_hash(text, length) != hash, i < length);
			text[i] ^= 0x20;
		}
	}
}

/* Two strings of the same bytes are two entries: only one of them would be found. */
TEST(the_same_text_twice_is_refused)
{
	static struct builder builder;
	uint32_t name, twin;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	BUILD_COMPARISON(&builder, name, EQ, NONE, "bash");
	twin = builder.strings_count - 1;
	memcpy(builder.string_bytes + builder.string_bytes_count, "bash", 5);
	builder.string_bytes_count += 5;
	builder.strings[builder.strings_count++] = builder.string_bytes_count;
	build_predicate(&builder, name, SK_OPERATOR_EQ, SK_MODIFIER_NONE, build_reference(&builder, twin), 1);
	build_complete(&builder);
	CHECK_EQUAL(builder.entries_count, 2);
	CHECK(strstr(verify(&builder), "section SLOTS, record ") != NULL);
	CHECK(strstr(verify(&builder), "its entry has the text of another") != NULL);
	builder.predicates[0].operator= builder.predicates[1].operator= SK_OPERATOR_STARTSWITH;
	build_index(&builder);
	CHECK(strstr(verify(&builder), "its constant is not behind the one before") != NULL);
	builder.predicates[0].operator= builder.predicates[1].operator= SK_OPERATOR_CONTAINS;
	build_index(&builder);
	CHECK(strstr(verify(&builder), "section ENTRIES, record 1: no state ends with it") != NULL);
}

TEST(sorted_entries_ascend_and_link_to_what_begins_them)
{
	BROKEN("ENTRIES", "its constant is not behind the one before", {
		SWAP(ENTRY(less, 0).constant, ENTRY(less, 1).constant);
		SWAP(POSTING(less, 0), POSTING(less, 1));
	});
	BROKEN("ENTRIES", "its constant is not behind the one before", {
		SWAP(ENTRY(prefix, 0).constant, ENTRY(prefix, 1).constant);
		SWAP(POSTING(prefix, 0), POSTING(prefix, 1));
	});
	BROKEN("ENTRIES", "its constant is not behind the one before", {
		SWAP(ENTRY(suffix, 0).constant, ENTRY(suffix, 1).constant);
		SWAP(POSTING(suffix, 0), POSTING(suffix, 1));
	});
	BROKEN("ENTRIES", "its constant is not behind the one before", {
		SWAP(ENTRY(path, 0).constant, ENTRY(path, 1).constant);
		SWAP(POSTING(path, 0), POSTING(path, 1));
	});
	BROKEN("ENTRIES", "its constant is not behind the one before",
	       SWAP(ENTRY(address, 0).constant, ENTRY(address, 1).constant));
	BROKEN("ENTRIES", "its constant is not behind the one before",
	       SWAP(ENTRY(network, 0).constant, ENTRY(network, 1).constant));
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(prefix, 0) = 0);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(prefix, 0) = 1);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(prefix, 1) = SK_NONE);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(prefix, 2) = 1);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(suffix, 1) = SK_NONE);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(path, 2) = 0);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(network, 1) = SK_NONE);
	BROKEN("LINKS", "it does not lead to the longest entry", LINK(network, 2) = 1);
}

TEST(automata_are_those_of_their_entries)
{
	const uint32_t end = UINT32_MAX;

	BROKEN("STATES", "it is no root", STATE(contains, 0).first_child = 2);
	BROKEN("STATES", "it is no root", STATE(contains, 0).fail = 1);
	BROKEN("STATES", "it is no root", LABEL(contains, 0) = 'x');
	BROKEN("STATES", "and is not empty", STATE(contains, INDEX(contains).part_count - 1).first_child--);
	BROKEN("STATES", "and is not empty", STATE(contains, INDEX(contains).part_count - 1).fail = 1);
	BROKEN("STATES", "and is not empty", STATE(contains, INDEX(contains).part_count - 1).output = 0);
	BROKEN("STATES", "and is not empty", LABEL(contains, INDEX(contains).part_count - 1) = 'x');
	BROKEN("STATES", "its children are not behind it", STATE(contains, 1).first_child = 0);
	BROKEN("STATES", "its children are not behind it", STATE(contains, 1).first_child = 1);
	BROKEN("STATES", "its children are not behind it", STATE(contains, 2).first_child = end);
	BROKEN("STATES", "its label is not behind the one before", SWAP(LABEL(contains, 1), LABEL(contains, 2)));
	BROKEN("STATES", "its label is not behind the one before", LABEL(contains, 2) = LABEL(contains, 1));
	BROKEN("STATES", "it does not fail to the longest suffix", STATE(contains, 1).fail = 1);
	BROKEN("STATES", "it does not fail to the longest suffix", STATE(contains, 4).fail = 0);
	BROKEN("STATES", "it does not fail to the longest suffix", STATE(contains, 5).fail = end);
	BROKEN("STATES", "the way to it does not spell its entry", LABEL(contains, 3) = 'x');
	BROKEN("STATES", "the way to it does not spell its entry", LABEL(icontains, 4) = 'x');
	BROKEN("STATES", "its output is not that of the longest suffix", STATE(contains, 1).output = 7);
	BROKEN("STATES", "", STATE(contains, 3).output = SK_NONE);
	BROKEN("STATES", "", STATE(contains, INDEX(contains).part_count - 2).output = SK_NONE);
	BROKEN("LINKS", "it does not lead to the longest entry that ends its own", LINK(contains, 0) = 0);
	BROKEN("LINKS", "it does not lead to the longest entry that ends its own", LINK(contains, 1) = SK_NONE);
	BROKEN("LINKS", "it does not lead to the longest entry that ends its own", LINK(icontains, 0) = 0);
}

/* --- any byte ------------------------------------------------------------ */

static bool holds(void *context, uint32_t number, const struct sk_value *value)
{
	struct sk_comparison comparison = sk_comparison_of(context, number);
	struct sk_arena scratch;
	bool truth;

	sk_arena_init(&scratch, 0);
	truth = sk_compare_constants(&comparison, value, &scratch);
	sk_arena_release(&scratch);
	return truth;
}

static bool finds_the_same(const struct sk_bundle *bundle)
{
	static const char *const texts[] = {"",    "sh",   "bash", "zsh",        "vi",    "bas",  "xabcd",
					    "abd", "PASS", "/etc", "/etc/ssh/x", "/usrx", "dash", "b"};
	struct sk_index *index;
	bool same = true;

	if (sk_index_create(bundle, &index) < 0)
		return false;
	for (uint32_t question = 0; question < bundle->questions_count && same; question++) {
		const struct sk_bundle_question *record = &bundle->questions[question];

		if (record->expression == SK_NONE || bundle->expressions[record->expression].type != SK_TYPE_STRING)
			continue;
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && same; i++) {
			struct sk_value value = sk_value_text(texts[i], (uint32_t)strlen(texts[i]));
			const uint32_t *hits;
			uint32_t count = sk_index_find(index, question, &value, holds, (void *)bundle, &hits);

			for (uint32_t k = record->first, next = 0; k < record->first + record->count; k++) {
				const struct sk_bundle_predicate *predicate = &bundle->predicates[k];
				bool hit = next < count && hits[next] == k;

				next += hit;
				same &= (hit != sk_plan_is_negated(predicate, sk_plan_group(bundle, predicate))) ==
					holds((void *)bundle, k, &value);
			}
		}
	}
	sk_index_destroy(index);
	return same;
}

TEST(no_changed_byte_makes_an_index_find_anything_else)
{
	static struct indexed indexed;
	struct random random = {random_seed()};
	uint32_t refused = 0, taken = 0;
	struct sk_bundle_section *table;
	size_t size, begin, end;
	uint8_t *bytes;

	build_indexed(&indexed);
	bytes = build_finish(&indexed.builder, &size);
	table = (struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
	begin = table[SK_SECTION_QUESTIONS].offset;
	end = table[SK_SECTION_POSTINGS].offset + table[SK_SECTION_POSTINGS].size;
	for (size_t i = begin; i < end; i++) {
		for (unsigned round = 0; round < 4; round++) {
			uint8_t was = bytes[i];
			struct sk_bundle bundle;

			bytes[i] = round == 0 ? (uint8_t)(was + 1) : (uint8_t)random_next(&random);
			sk_bundle_seal(bytes, size);
			if (bytes[i] != was && sk_bundle_from_memory(bytes, size, &bundle, NULL) == 0) {
				taken++;
				CHECK(finds_the_same(&bundle));
			} else {
				refused++;
			}
			bytes[i] = was;
		}
	}
	printf("# %u refused, %u taken\n", refused, taken);
	/* There is one way only to write an index. */
	CHECK_EQUAL(taken, 0);
	free(bytes);
}

/* clang-format off */
TEST_MAIN(
	RUN(what_was_written_is_sound)
	RUN(questions_take_all_predicates_in_order)
	RUN(predicates_stand_where_their_groups_do)
	RUN(indexes_have_the_parts_of_their_groups)
	RUN(entries_and_predicates_have_each_other)
	RUN(tables_are_in_the_order_of_their_hashes)
	RUN(every_way_to_hash_a_text_gives_the_same)
	RUN(the_same_text_twice_is_refused)
	RUN(sorted_entries_ascend_and_link_to_what_begins_them)
	RUN(automata_are_those_of_their_entries)
	RUN(no_changed_byte_makes_an_index_find_anything_else)
)
