/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of an index are pairs (constant, predicate), sorted: those of one
 * constant become an entry, and their predicates its postings.
 */
#include "compiler/index_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/plan.h"
#include "vm/value.h"

/* --- the order of predicates ------------------------------------------- */

struct sort_key {
	uint32_t left;
	uint32_t alone; /* behind those of the same left side with constants */
	uint32_t group;
	uint32_t number;
};

static int compare_keys(const void *left, const void *right)
{
	const struct sort_key *a = left, *b = right;

	if (a->left != b->left)
		return a->left < b->left ? -1 : 1;
	if (a->alone != b->alone)
		return a->alone < b->alone ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

uint32_t *sk_index_order(const struct sk_bundle *bundle, struct sk_arena *arena)
{
	const uint32_t count = bundle->predicates_count;
	struct sort_key *keys = sk_arena_alloc(arena, ((size_t)count + 1) * sizeof(*keys));
	uint32_t *order = sk_arena_alloc(arena, ((size_t)count + 1) * sizeof(*order));

	if (!keys || !order)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		keys[i] = (struct sort_key){.left = predicate->left,
					    .alone = predicate->right != SK_NONE,
					    .group = sk_plan_group(bundle, predicate),
					    .number = i};
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (uint32_t i = 0; i < count; i++)
		order[i] = keys[i].number;
	return order;
}

/* --- entries ----------------------------------------------------------- */

struct member {
	uint32_t constant;
	uint32_t predicate; /* its place in the question */
};

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	if (a->constant != b->constant)
		return a->constant < b->constant ? -1 : 1;
	return (a->predicate > b->predicate) - (a->predicate < b->predicate);
}

uint32_t sk_index_records(const struct sk_index_writer *writer, enum sk_section section, size_t record_size)
{
	return (uint32_t)(writer->sections[section].length / record_size);
}

/* The pairs of predicates [first, first + count), sorted, each once. */
static struct member *collect(const struct sk_index_writer *writer, uint32_t first, uint32_t count,
			      uint32_t question_first, uint32_t *ret_count)
{
	const struct sk_bundle *bundle = writer->bundle;
	struct member *members;
	size_t total = 0, unique = 0;

	for (uint32_t i = first; i < first + count; i++)
		total += bundle->predicates[i].count;
	members = sk_arena_alloc(writer->arena, (total + 1) * sizeof(*members));
	if (!members)
		return NULL;
	total = 0;
	for (uint32_t i = first; i < first + count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		for (uint32_t k = 0; k < predicate->count; k++)
			members[total++] =
				(struct member){bundle->constants[predicate->first + k], i - question_first};
	}
	qsort(members, total, sizeof(*members), compare_members);
	for (size_t i = 0; i < total; i++) {
		if (unique == 0 || compare_members(&members[unique - 1], &members[i]) != 0)
			members[unique++] = members[i];
	}
	*ret_count = (uint32_t)unique;
	return members;
}

static bool make_items(struct sk_index_writer *writer, const struct member *members, uint32_t count)
{
	const enum sk_group_order order = (enum sk_group_order)sk_index_groups[writer->group].order;
	const bool is_text = order != SK_GROUP_ORDER_NUMBER && order != SK_GROUP_ORDER_ADDRESS;

	writer->items = sk_arena_alloc(writer->arena, ((size_t)count + 1) * sizeof(*writer->items));
	writer->count = 0;
	if (!writer->items)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct sk_index_item *item = &writer->items[writer->count];

		if (i > 0 && members[i].constant == members[i - 1].constant) {
			item[-1].count++;
			continue;
		}
		*item = (struct sk_index_item){.constant = members[i].constant, .first = i, .count = 1};
		if (is_text) {
			item->text.bytes = sk_bundle_text(writer->bundle, item->constant, &item->text.length);
			item->text.length = sk_order_length(order, item->text.bytes, item->text.length);
		}
		writer->count++;
	}
	return true;
}

static void write_entries(struct sk_index_writer *writer, const struct member *members)
{
	for (uint32_t i = 0; i < writer->count; i++) {
		const struct sk_index_item *item = &writer->items[i];
		const struct sk_bundle_entry entry = {
			.constant = item->constant,
			.posting = sk_index_records(writer, SK_SECTION_POSTINGS, sizeof(uint32_t))};

		for (uint32_t k = 0; k < item->count; k++)
			sk_buffer_append(&writer->sections[SK_SECTION_POSTINGS],
					 &members[item->first + k].predicate, sizeof(uint32_t));
		sk_buffer_append(&writer->sections[SK_SECTION_ENTRIES], &entry, sizeof(entry));
	}
}

/* The index of predicates [first, first + count), which are all of `group`. */
static int write_index(struct sk_index_writer *writer, enum sk_index_group group, uint32_t first, uint32_t count,
		       uint32_t question_first)
{
	uint32_t member_count;
	struct member *members;
	int status = 0;

	writer->group = group;
	writer->record = (struct sk_bundle_index){
		.group = group,
		.first_entry = sk_index_records(writer, SK_SECTION_ENTRIES, sizeof(struct sk_bundle_entry))};
	members = collect(writer, first, count, question_first, &member_count);
	if (!members || !make_items(writer, members, member_count))
		return -ENOMEM;
	if (writer->count > SK_INDEX_ENTRY_LIMIT)
		return sk_error_set(writer->error, -E2BIG, "a field is compared with more than %u texts",
				    SK_INDEX_ENTRY_LIMIT);
	writer->record.entry_count = writer->count;
	switch ((enum sk_group_parts)sk_index_groups[group].parts) {
	case SK_GROUP_PARTS_SORTED:
	case SK_GROUP_PARTS_LINKS:
		status = sk_index_write_order(writer);
		break;
	case SK_GROUP_PARTS_SLOTS:
		status = sk_index_write_slots(writer);
		break;
	case SK_GROUP_PARTS_STATES:
		status = sk_index_write_automaton(writer);
		break;
	case SK_GROUP_PARTS_NONE:
		break;
	}
	if (status < 0)
		return status;
	write_entries(writer, members);
	sk_buffer_append(&writer->sections[SK_SECTION_INDEXES], &writer->record, sizeof(writer->record));
	sk_arena_reset(writer->arena);
	return 0;
}

/* --- questions --------------------------------------------------------- */

/* The first predicate of [first, end) whose group is `group` or a later one. */
static uint32_t first_of_group(const struct sk_bundle *bundle, uint32_t first, uint32_t end,
			       enum sk_index_group group)
{
	while (first < end && sk_plan_group(bundle, &bundle->predicates[first]) < group)
		first++;
	return first;
}

static int write_question(struct sk_index_writer *writer, uint32_t first, uint32_t end)
{
	const struct sk_bundle *bundle = writer->bundle;
	const struct sk_bundle_predicate *predicate = &bundle->predicates[first];
	struct sk_bundle_question question = {
		.expression = predicate->right == SK_NONE ? predicate->left : SK_NONE,
		.first = first,
		.count = end - first,
		.first_index = sk_index_records(writer, SK_SECTION_INDEXES, sizeof(struct sk_bundle_index)),
	};

	question.always = first_of_group(bundle, first, end, SK_GROUP_ALWAYS);
	question.pattern = first_of_group(bundle, question.always, end, SK_GROUP_PATTERN);
	question.generic = first_of_group(bundle, question.pattern, end, SK_GROUP_GENERIC);
	writer->is_signed = sk_type_is_signed((enum sk_type)bundle->expressions[predicate->left].type);
	for (uint32_t begin = first; begin < question.always;) {
		enum sk_index_group group = sk_plan_group(bundle, &bundle->predicates[begin]);
		uint32_t behind = first_of_group(bundle, begin, question.always, group + 1);
		int status = write_index(writer, group, begin, behind - begin, first);

		if (status < 0)
			return status;
		question.index_count++;
		begin = behind;
	}
	sk_buffer_append(&writer->sections[SK_SECTION_QUESTIONS], &question, sizeof(question));
	return 0;
}

int sk_index_write(const struct sk_bundle *bundle, struct sk_arena *arena,
		   struct sk_buffer sections[SK_SECTION_COUNT], struct sk_error *error)
{
	struct sk_index_writer writer = {.bundle = bundle, .arena = arena, .sections = sections, .error = error};

	for (uint32_t first = 0, end; first < bundle->predicates_count; first = end) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[first];
		int status;

		end = first + 1;
		while (predicate->right == SK_NONE && end < bundle->predicates_count &&
		       bundle->predicates[end].left == predicate->left && bundle->predicates[end].right == SK_NONE)
			end++;
		status = write_question(&writer, first, end);
		if (status < 0)
			return status;
	}
	return 0;
}
