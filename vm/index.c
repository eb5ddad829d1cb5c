/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hits are collected as bits, one a predicate of the question, so that several
 * indexes and several constants of one predicate come out in order and once.
 *
 *   summary  [ 1 0 1 ... ]            a bit a word of `bits`
 *              │   └────┐
 *   bits     [ 0x01 | 0 | 0x80 ... ]  a bit a predicate
 *
 * Invariant: between calls all bits are 0.
 */
#include "vm/index.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "vm/dense.h"
#include "vm/order.h"
#include "vm/pattern.h"
#include "vm/plan.h"
#include "vm/slot.h"
#include "vm/support/alloc.h"

/* Constants end at SK_CONSTANT_LENGTH_LIMIT: one byte more of a path tells all. */
enum { PATH_ROOM = SK_CONSTANT_LENGTH_LIMIT + 1 };

struct bits {
	uint64_t *words;
	uint64_t *summary;
};

/* What RE2 reads in place of a text that is no UTF-8. */
enum { SCRATCH_LIMIT = 256 << 20 };

struct pattern_slot {
	struct sk_pattern_set *set; /* NULL: compared one by one */
	bool tried;
};

/*
 * How the entries of an ordered index begin (end, for REVERSED): a text whose
 * first bytes are none of these is begun by none of them.
 */
struct gate {
	uint32_t length;  /* of what is looked at; 0: some entry is empty, all texts pass */
	uint64_t bits[4]; /* by hash */
};

struct sk_index {
	const struct sk_bundle *bundle;
	struct gate *gates;   /* of each record of INDEXES; only for ordered ones */
	struct bits bits;     /* hits of one value, or of one element of a list */
	struct bits elements; /* hits of any element */
	uint32_t *counts;     /* of predicates in `elements`: elements that they hit */
	uint64_t *stamps;     /* entries of an automaton that were met at `stamp` */
	uint64_t stamp;
	uint32_t *hits;
	struct sk_dense dense;
	struct pattern_slot *patterns; /* of each question, once needed */
	struct sk_arena scratch;
};

/* What one lookup works with. */
struct search {
	struct sk_index *index;
	const struct sk_bundle *bundle;
	const struct sk_bundle_question *question;
	const struct sk_bundle_index *record;
	const struct sk_bundle_entry *entries;
	const uint32_t *links;
};

/* --- bits -------------------------------------------------------------- */

static void set_bit(const struct bits *bits, uint32_t number)
{
	bits->words[number / 64] |= UINT64_C(1) << (number % 64);
	bits->summary[number / 4096] |= UINT64_C(1) << (number / 64 % 64);
}

static bool has_bit(const struct bits *bits, uint32_t number)
{
	return bits->words[number / 64] >> (number % 64) & 1;
}

/* Empties the bits of a question of `count` predicates into `ret_numbers`, ascending; how many. */
static uint32_t drain(const struct bits *bits, uint32_t count, uint32_t first, uint32_t *ret_numbers)
{
	uint32_t found = 0;

	for (uint32_t group = 0; group * 4096 < count; group++) {
		for (uint64_t words = bits->summary[group]; words; words &= words - 1) {
			uint32_t word = group * 64 + (uint32_t)__builtin_ctzll(words);

			for (uint64_t left = bits->words[word]; left; left &= left - 1)
				ret_numbers[found++] = first + word * 64 + (uint32_t)__builtin_ctzll(left);
			bits->words[word] = 0;
		}
		bits->summary[group] = 0;
	}
	return found;
}

static void hit_entry(const struct search *search, uint32_t entry)
{
	const uint32_t number = search->record->first_entry + entry;
	const uint32_t end = number + 1 < search->bundle->entries_count ? search->entries[entry + 1].posting
									: search->bundle->postings_count;

	for (uint32_t i = search->entries[entry].posting; i < end; i++)
		set_bit(&search->index->bits, search->bundle->postings[i]);
}

/* --- texts ------------------------------------------------------------- */

static struct sk_order_text entry_text(const struct search *search, uint32_t entry)
{
	return sk_order_entry(search->bundle, search->record, &search->entries[entry]);
}

/*
 * `in` compares whole texts, `=` what is before the first NUL.  Of a text with
 * a NUL inside only the latter can hold: constants have none.
 */
static void drop_whole_texts(const struct search *search)
{
	const struct sk_bundle_question *question = search->question;
	const struct bits *bits = &search->index->bits;

	for (uint32_t i = 0; i < question->always - question->first; i++) {
		uint8_t comparison = search->bundle->predicates[question->first + i].operator;

		if (has_bit(bits, i) && (comparison == SK_OPERATOR_IN || comparison == SK_OPERATOR_INTERSECTS))
			bits->words[i / 64] &= ~(UINT64_C(1) << (i % 64));
	}
}

static bool has_inner_nul(const struct sk_value *value, uint32_t length)
{
	if (value->type != SK_TYPE_STRING)
		return false;
	for (uint32_t i = length; i < value->length; i++) {
		if (value->text[i] != '\0')
			return true;
	}
	return false;
}

static void find_exact(const struct search *search, struct sk_order_text text)
{
	const uint32_t *slots = search->bundle->slots + search->record->first_part;
	const uint32_t hash = sk_slot_hash(text.bytes, text.length);
	uint32_t at = sk_slot_home(hash, sk_slot_homes(search->record->entry_count));

	for (; slots[at]; at++) {
		uint32_t entry = (slots[at] & SK_SLOT_ENTRY_MASK) - 1;
		struct sk_order_text constant;

		if (slots[at] != sk_slot_make(hash, entry))
			continue;
		constant = entry_text(search, entry);
		if (constant.length == text.length && memcmp(constant.bytes, text.bytes, text.length) == 0) {
			hit_entry(search, entry);
			return;
		}
	}
}

static uint8_t gate_hash(enum sk_group_order order, struct sk_order_text text, uint32_t length)
{
	const char *from = order == SK_GROUP_ORDER_REVERSED ? text.bytes + text.length - length : text.bytes;
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < length; i++)
		bytes = bytes << 8 | (uint8_t)from[i];
	return (uint8_t)(bytes * 0x9e3779b1u >> 24);
}

static bool passes(const struct gate *gate, enum sk_group_order order, struct sk_order_text text)
{
	uint8_t hash;

	if (text.length < gate->length)
		return false;
	hash = gate_hash(order, text, gate->length);
	return gate->length == 0 || (gate->bits[hash / 64] >> (hash % 64) & 1);
}

/* From the greatest entry that is not behind the value along its links. */
static void find_sorted(const struct search *search, struct sk_order_text text)
{
	enum sk_group_order order = (enum sk_group_order)sk_index_groups[search->record->group].order;
	uint32_t low = 0, high = search->record->entry_count, common, entry;

	if (!passes(&search->index->gates[search->record - search->bundle->indexes], order, text))
		return;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sk_order_texts(order, entry_text(search, middle), text, &common) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return;
	entry = low - 1;
	sk_order_texts(order, entry_text(search, entry), text, &common);
	while (entry != SK_NONE && !sk_order_begins(order, entry_text(search, entry).length, text, common))
		entry = search->links[entry];
	for (; entry != SK_NONE; entry = search->links[entry])
		hit_entry(search, entry);
}

static bool has_double_slash(struct sk_order_text path)
{
	const char *at = path.bytes, *end = path.bytes + path.length;

	while ((at = memchr(at, '/', (size_t)(end - at)))) {
		if (++at < end && *at == '/')
			return true;
	}
	return false;
}

/* The components of a path with one slash before each, cut where no constant can be longer. */
static struct sk_order_text plain_path(struct sk_order_text path, char room[PATH_ROOM])
{
	uint32_t length = 0;

	/* As nearly all are from the start. */
	if (path.length > 1 && path.length < PATH_ROOM && path.bytes[0] == '/' &&
	    path.bytes[path.length - 1] != '/' && !has_double_slash(path))
		return path;
	for (uint32_t i = 0; i < path.length && length < PATH_ROOM; i++) {
		if (path.bytes[i] == '/')
			continue;
		if (i == 0 || path.bytes[i - 1] == '/')
			room[length++] = '/';
		if (length < PATH_ROOM)
			room[length++] = path.bytes[i];
	}
	return (struct sk_order_text){room, length};
}

static void find_path(const struct search *search, struct sk_order_text text)
{
	char room[PATH_ROOM];

	find_sorted(search, plain_path(text, room));
}

/*
 * An entry that was met has taken those along that are its suffixes: so each is
 * looked at once, however often it stands in the text.
 */
static void hit_outputs(const struct search *search, uint32_t entry)
{
	struct sk_index *index = search->index;

	for (; entry != SK_NONE && index->stamps[entry] != index->stamp; entry = search->links[entry]) {
		index->stamps[entry] = index->stamp;
		hit_entry(search, entry);
	}
}

static void find_inside(const struct search *search, struct sk_order_text text)
{
	const uint32_t first = search->record->first_part;
	const struct sk_bundle_state *states = search->bundle->states + first;
	const bool fold = search->record->group == SK_GROUP_ICONTAINS;
	struct sk_dense *dense = &search->index->dense;
	const uint8_t *bytes = (const uint8_t *)text.bytes;
	sk_step step = 0;

	search->index->stamp++;
	hit_outputs(search, states[0].output);
	for (const uint8_t *end = bytes + text.length; bytes < end; bytes++) {
		step = sk_dense_step(dense, first, step >> 1, fold ? sk_dense_fold[*bytes] : *bytes);
		if (step & 1)
			hit_outputs(search, states[step >> 1].output);
	}
}

/* --- numbers and addresses --------------------------------------------- */

/* How many entries are before `number`, or with `same` not behind it. */
static uint32_t count_numbers(const struct search *search, bool is_signed, uint64_t number, bool same)
{
	uint32_t low = 0, high = search->record->entry_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = sk_order_numbers(is_signed, search->bundle->numbers[search->entries[middle].constant],
					     number);

		if (order < 0 || (order == 0 && same))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void hit_run(const struct search *search, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; i < end; i++)
		hit_entry(search, i);
}

static void find_number(const struct search *search, const struct sk_value *value)
{
	const bool is_signed = sk_type_is_signed((enum sk_type)value->type);
	const uint32_t below = count_numbers(search, is_signed, value->number, false);
	const uint32_t through = count_numbers(search, is_signed, value->number, true);

	switch ((enum sk_index_group)search->record->group) {
	case SK_GROUP_NUMBER:
		hit_run(search, below, through);
		break;
	case SK_GROUP_LESS:
		hit_run(search, through, search->record->entry_count);
		break;
	case SK_GROUP_LESS_EQUAL:
		hit_run(search, below, search->record->entry_count);
		break;
	case SK_GROUP_GREATER:
		hit_run(search, 0, below);
		break;
	case SK_GROUP_GREATER_EQUAL:
		hit_run(search, 0, through);
		break;
	case SK_GROUP_EXACT:
	case SK_GROUP_PREFIX:
	case SK_GROUP_SUFFIX:
	case SK_GROUP_PATH:
	case SK_GROUP_CONTAINS:
	case SK_GROUP_ICONTAINS:
	case SK_GROUP_ADDRESS:
	case SK_GROUP_NETWORK:
	case SK_GROUP_ALWAYS:
	case SK_GROUP_PATTERN:
	case SK_GROUP_GENERIC:
	case SK_GROUP_COUNT:
		break;
	}
}

static void find_address(const struct search *search, const struct sk_address *address)
{
	const struct sk_bundle_address *addresses = search->bundle->addresses;
	const bool network = search->record->group == SK_GROUP_NETWORK;
	uint32_t low = 0, high = search->record->entry_count, entry;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct sk_bundle_address *found = &addresses[search->entries[middle].constant];

		if (sk_order_addresses(found->bytes, found->length, found->prefix, address->bytes, address->length,
				       UINT8_MAX) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return;
	if (!network) {
		const struct sk_bundle_address *found = &addresses[search->entries[low - 1].constant];

		if (found->length == address->length && memcmp(found->bytes, address->bytes, found->length) == 0)
			hit_entry(search, low - 1);
		return;
	}
	for (entry = low - 1; entry != SK_NONE; entry = search->links[entry]) {
		const struct sk_bundle_address *found = &addresses[search->entries[entry].constant];

		if (found->length == address->length &&
		    sk_order_common_bits(found->bytes, address->bytes, found->length) >= found->prefix)
			hit_entry(search, entry);
	}
}

/* --- one value --------------------------------------------------------- */

static void find_in_index(struct search *search, const struct sk_value *value, struct sk_order_text text)
{
	switch ((enum sk_index_group)search->record->group) {
	case SK_GROUP_EXACT:
		find_exact(search, text);
		if (has_inner_nul(value, text.length))
			drop_whole_texts(search);
		break;
	case SK_GROUP_PREFIX:
	case SK_GROUP_SUFFIX:
		find_sorted(search, text);
		break;
	case SK_GROUP_PATH:
		find_path(search, text);
		break;
	case SK_GROUP_CONTAINS:
	case SK_GROUP_ICONTAINS:
		find_inside(search, text);
		break;
	case SK_GROUP_NUMBER:
	case SK_GROUP_LESS:
	case SK_GROUP_LESS_EQUAL:
	case SK_GROUP_GREATER:
	case SK_GROUP_GREATER_EQUAL:
		find_number(search, value);
		break;
	case SK_GROUP_ADDRESS:
	case SK_GROUP_NETWORK:
		find_address(search, value->address);
		break;
	case SK_GROUP_ALWAYS:
	case SK_GROUP_PATTERN:
	case SK_GROUP_GENERIC:
	case SK_GROUP_COUNT:
		break;
	}
}

static bool is_text(const struct sk_value *value)
{
	return value->type == SK_TYPE_STRING || value->type == SK_TYPE_BYTES;
}

/* Sets the bits of what hits a scalar, but for ALWAYS and GENERIC. */
static void find_scalar(struct search *search, const struct sk_value *value)
{
	const struct sk_bundle *bundle = search->bundle;
	const struct sk_bundle_question *question = search->question;
	struct sk_order_text text = {"", 0};

	if (is_text(value) && value->length)
		text = (struct sk_order_text){
			value->text, value->type == SK_TYPE_STRING ? sk_value_text_length(value) : value->length};
	for (uint32_t i = 0; i < question->index_count; i++) {
		search->record = &bundle->indexes[question->first_index + i];
		search->entries = bundle->entries + search->record->first_entry;
		search->links = bundle->links + search->record->first_link;
		find_in_index(search, value, text);
	}
}

/*
 * Sets the bits of the patterns that match a scalar.  False if they have to be
 * compared one by one.
 */
static bool find_patterns(struct search *search, const struct sk_value *value)
{
	struct sk_index *index = search->index;
	const struct sk_bundle_question *question = search->question;
	struct pattern_slot *slot = &index->patterns[question - index->bundle->questions];
	const uint32_t *members;
	uint32_t length, count;

	if (!slot->tried) {
		slot->tried = true;
		if (sk_pattern_set_create(index->bundle, question->pattern, question->generic - question->pattern,
					  &slot->set) < 0)
			slot->set = NULL;
	}
	if (!slot->set)
		return false;
	length = value->type == SK_TYPE_STRING ? sk_value_text_length(value) : value->length;
	count = sk_pattern_set_find(slot->set, length ? value->text : "", length, &index->scratch, &members);
	if (count == UINT32_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		set_bit(&index->bits, members[i] - question->first);
	return true;
}

/* --- lists ------------------------------------------------------------- */

/* Counts for each predicate the elements that hit it. */
static void count_element(struct search *search, const struct sk_value *element)
{
	struct sk_index *index = search->index;
	uint32_t count;

	find_scalar(search, element);
	count = drain(&index->bits, search->question->count, 0, index->hits);
	for (uint32_t i = 0; i < count; i++) {
		set_bit(&index->elements, index->hits[i]);
		index->counts[index->hits[i]]++;
	}
}

static void find_list(struct search *search, const struct sk_value *value)
{
	struct sk_index *index = search->index;
	const struct sk_bundle_question *question = search->question;
	const struct sk_bundle_predicate *predicates = search->bundle->predicates + question->first;
	uint32_t count;

	for (uint32_t i = 0; i < value->length; i++)
		count_element(search, &value->items[i]);
	count = drain(&index->elements, question->count, 0, index->hits);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = index->hits[i];

		if (index->counts[number] == value->length ||
		    sk_plan_combination(&predicates[number]) != SK_COMBINATION_ALL)
			set_bit(&index->bits, number);
		index->counts[number] = 0;
	}
	for (uint32_t i = 0; value->length == 0 && i < question->always - question->first; i++) {
		if (sk_plan_combination(&predicates[i]) != SK_COMBINATION_ANY)
			set_bit(&index->bits, i);
	}
}

/* A pattern matches a list if it matches one of the elements. */
static bool find_patterns_in_list(struct search *search, const struct sk_value *value)
{
	for (uint32_t i = 0; i < value->length; i++) {
		if (!find_patterns(search, &value->items[i]))
			return false;
	}
	return true;
}

/* --- all together ------------------------------------------------------ */

/* Bits of patterns that were set before it turned out that they are not decided that way. */
static void clear_patterns(struct search *search)
{
	const struct sk_bundle_question *question = search->question;

	for (uint32_t i = question->pattern - question->first; i < question->generic - question->first; i++)
		search->index->bits.words[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

uint32_t sk_index_find(struct sk_index *index, uint32_t number, const struct sk_value *value,
		       sk_index_holds_fn holds, void *context, const uint32_t **ret_hits)
{
	const struct sk_bundle_question *question = &index->bundle->questions[number];
	struct search search = {.index = index, .bundle = index->bundle, .question = question};
	const uint32_t *rest = NULL;
	uint32_t compared = question->generic, rest_count = 0, count;

	assert(value->presence == SK_PRESENT && question->expression != SK_NONE);
	if (value->list)
		find_list(&search, value);
	else
		find_scalar(&search, value);
	for (uint32_t i = question->always; i < question->pattern; i++)
		set_bit(&index->bits, i - question->first);
	if (question->pattern < question->generic &&
	    !(value->list ? find_patterns_in_list(&search, value) : find_patterns(&search, value))) {
		clear_patterns(&search);
		compared = question->pattern;
	} else if (index->patterns[number].set) {
		rest_count = sk_pattern_set_rest(index->patterns[number].set, &rest);
	}
	for (uint32_t i = 0; i < rest_count; i++) {
		if (holds(context, rest[i], value))
			set_bit(&index->bits, rest[i] - question->first);
	}
	count = drain(&index->bits, question->count, question->first, index->hits);
	for (uint32_t i = compared; i < question->first + question->count; i++) {
		if (holds(context, i, value))
			index->hits[count++] = i;
	}
	*ret_hits = index->hits;
	return count;
}

/* --- creating ---------------------------------------------------------- */

static uint32_t largest_question(const struct sk_bundle *bundle)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < bundle->questions_count; i++) {
		if (bundle->questions[i].count > largest)
			largest = bundle->questions[i].count;
	}
	return largest;
}

static uint32_t largest_automaton(const struct sk_bundle *bundle)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < bundle->indexes_count; i++) {
		const struct sk_bundle_index *record = &bundle->indexes[i];

		if (sk_index_groups[record->group].parts == SK_GROUP_PARTS_STATES && record->entry_count > largest)
			largest = record->entry_count;
	}
	return largest;
}

static bool make_bits(struct bits *bits, uint32_t count)
{
	bits->words = sk_alloc_zeroed(count / 64 + 1, sizeof(*bits->words));
	bits->summary = sk_alloc_zeroed(count / 4096 + 1, sizeof(*bits->summary));
	return bits->words && bits->summary;
}

static enum sk_group_order order_of(const struct sk_bundle_index *record)
{
	return (enum sk_group_order)sk_index_groups[record->group].order;
}

static bool is_ordered(const struct sk_bundle_index *record)
{
	return order_of(record) == SK_GROUP_ORDER_TEXT || order_of(record) == SK_GROUP_ORDER_REVERSED ||
	       order_of(record) == SK_GROUP_ORDER_PATH;
}

static void make_gate(const struct sk_bundle *bundle, const struct sk_bundle_index *record, struct gate *gate)
{
	const struct search search = {
		.bundle = bundle, .record = record, .entries = bundle->entries + record->first_entry};

	gate->length = 4;
	for (uint32_t i = 0; i < record->entry_count; i++) {
		struct sk_order_text text = entry_text(&search, i);

		if (text.length < gate->length)
			gate->length = text.length;
	}
	for (uint32_t i = 0; i < record->entry_count; i++) {
		uint8_t hash = gate_hash(order_of(record), entry_text(&search, i), gate->length);

		gate->bits[hash / 64] |= UINT64_C(1) << (hash % 64);
	}
}

int sk_index_create(const struct sk_bundle *bundle, struct sk_index **ret_index)
{
	struct sk_index *index = sk_alloc_zeroed(1, sizeof(*index));
	uint32_t largest = largest_question(bundle);

	if (!index)
		return -ENOMEM;
	index->bundle = bundle;
	sk_arena_init(&index->scratch, SCRATCH_LIMIT);
	index->counts = sk_alloc_zeroed(largest, sizeof(*index->counts));
	index->hits = sk_alloc_zeroed(largest, sizeof(*index->hits));
	index->stamps = sk_alloc_zeroed(largest_automaton(bundle), sizeof(*index->stamps));
	index->patterns = sk_alloc_zeroed(bundle->questions_count, sizeof(*index->patterns));
	index->gates = sk_alloc_zeroed(bundle->indexes_count, sizeof(*index->gates));
	if (!make_bits(&index->bits, largest) || !make_bits(&index->elements, largest) || !index->counts ||
	    !index->hits || !index->stamps || !index->patterns || !index->gates ||
	    sk_dense_init(&index->dense, bundle) < 0) {
		sk_index_destroy(index);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < bundle->indexes_count; i++) {
		if (is_ordered(&bundle->indexes[i]))
			make_gate(bundle, &bundle->indexes[i], &index->gates[i]);
	}
	*ret_index = index;
	return 0;
}

void sk_index_destroy(struct sk_index *index)
{
	if (!index)
		return;
	for (uint32_t i = 0; index->patterns && i < index->bundle->questions_count; i++)
		sk_pattern_set_destroy(index->patterns[i].set);
	sk_free(index->bits.words);
	sk_free(index->bits.summary);
	sk_free(index->elements.words);
	sk_free(index->elements.summary);
	sk_free(index->counts);
	sk_free(index->stamps);
	sk_free(index->gates);
	sk_dense_release(&index->dense);
	sk_free(index->hits);
	sk_free(index->patterns);
	sk_arena_release(&index->scratch);
	sk_free(index);
}
