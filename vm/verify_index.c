/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's checks of questions and their indexes: whatever a lookup may
 * meet is in bounds, every walk ends, and what is found is what comparing the
 * constants one by one would find.
 *
 *   predicates of a group ──► constants ──► places ──► entries ──► postings
 *
 * The last is shown by going the way of the linear engine: each constant of
 * each predicate must have its entry, which must name the predicate as its
 * next posting, and in the end no posting may be left.  So entries and
 * predicates agree exactly.  That an entry is found where its constant holds,
 * and nowhere else, follows from the structure: tables, orders and automata
 * are checked against the texts of the entries.
 *
 * Everything is linear in the bundle, but for probes and fails, which have
 * limits (SK_INDEX_PROBE_LIMIT, the length of a constant).
 */
#include "vm/value.h"
#include "vm/verify.h"

#include <errno.h>
#include <string.h>

#include "vm/order.h"
#include "vm/plan.h"
#include "vm/slot.h"
#include "vm/support/alloc.h"

/* Where the parts of the next index begin. */
struct progress {
	uint32_t question, predicate, index, entry, link, slot, state, posting;
};

/* --- entries and postings ---------------------------------------------- */

static uint32_t constant_limit(const struct sk_index_check *check)
{
	const struct sk_bundle *bundle = check->bundle;

	switch (sk_types[bundle->expressions[check->question->expression].type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		return sk_bundle_string_count(bundle);
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		return bundle->numbers_count;
	case SK_CLASS_ADDRESS:
		return bundle->addresses_count;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
	return 0;
}

/* A list of postings: at least two, ascending, the last one marked. */
static int check_list(struct sk_index_check *check, uint32_t entry, struct progress *next)
{
	const struct sk_bundle *bundle = check->bundle;
	const uint32_t limit = check->question->always - check->question->first;
	uint32_t count = 0, before = 0;
	bool last = false;

	if (bundle->entries[entry].posting != next->posting)
		return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, entry,
					"its predicates do not begin where the last ones ended");
	for (; !last; count++, next->posting++) {
		uint32_t posting;

		if (next->posting >= bundle->postings_count)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, entry,
						"its predicates pass the end of POSTINGS");
		posting = bundle->postings[next->posting] & ~(uint32_t)SK_POSTING_LAST;
		last = bundle->postings[next->posting] & SK_POSTING_LAST;
		if (posting >= limit || (count > 0 && posting <= before))
			return sk_verify_refuse(
				check->verifier, SK_SECTION_POSTINGS, next->posting,
				"the predicate is not behind the one before, or none of the question");
		before = posting;
	}
	if (count < 2)
		return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, entry, "a list of one predicate");
	return 0;
}

static int check_entries(struct sk_index_check *check, struct progress *next)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *entries = bundle->entries + check->record->first_entry;
	const uint32_t limit = constant_limit(check);

	for (uint32_t i = 0; i < check->record->entry_count; i++) {
		int status = 0;

		if (entries[i].constant >= limit)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, check->record->first_entry + i,
						"there is no constant %u", entries[i].constant);
		check->places[entries[i].constant] = i;
		if (!(entries[i].posting & SK_POSTING_LAST))
			status = check_list(check, check->record->first_entry + i, next);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Takes the next posting of an entry, which must be `predicate`, unless it was taken just before. */
static bool take_posting(struct sk_index_check *check, uint32_t entry, uint32_t predicate)
{
	const uint32_t *postings = check->bundle->postings;
	uint32_t posting = check->bundle->entries[entry].posting, *seen = &check->seen[entry];

	if (posting & SK_POSTING_LAST) {
		*seen = 1;
		return posting == (predicate | SK_POSTING_LAST);
	}
	if (*seen > 0) {
		uint32_t before = postings[posting + *seen - 1];

		/* A predicate may have the same constant twice. */
		if ((before & ~(uint32_t)SK_POSTING_LAST) == predicate)
			return true;
		if (before & SK_POSTING_LAST)
			return false;
	}
	return (postings[posting + (*seen)++] & ~(uint32_t)SK_POSTING_LAST) == predicate;
}

static bool all_taken(const struct sk_index_check *check, uint32_t entry)
{
	uint32_t posting = check->bundle->entries[entry].posting, seen = check->seen[entry];

	if (seen == 0)
		return false;
	return (posting & SK_POSTING_LAST) || (check->bundle->postings[posting + seen - 1] & SK_POSTING_LAST);
}

/* Predicates [first, first + count), all of the index's group, have exactly the index's entries. */
static int check_members(struct sk_index_check *check, uint32_t first, uint32_t count)
{
	const struct sk_bundle *bundle = check->bundle;
	const uint32_t first_entry = check->record->first_entry, entry_count = check->record->entry_count;

	for (uint32_t i = first; i < first + count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		for (uint32_t k = 0; k < predicate->count; k++) {
			uint32_t constant = bundle->constants[predicate->first + k];
			uint32_t place = check->places[constant];

			/* The place may be left from another index. */
			if (place >= entry_count || bundle->entries[first_entry + place].constant != constant)
				return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
							"it has no entry for constant %u of predicate %u", k, i);
			if (!take_posting(check, first_entry + place, i - check->question->first))
				return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, first_entry + place,
							"it does not lead to predicate %u", i);
		}
	}
	for (uint32_t i = first_entry; i < first_entry + entry_count; i++) {
		if (!all_taken(check, i))
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, i,
						"it leads to a predicate that does not have it");
	}
	return 0;
}

/* --- tables ------------------------------------------------------------ */

/*
 * Every entry is found by looking for its text, before anything else of the
 * same text.  As there are as many slots in use as entries, no other is.
 */
static int check_slots(struct sk_index_check *check)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *entries = bundle->entries + check->record->first_entry;
	const uint32_t *slots = bundle->slots + check->record->first_part;
	const uint32_t slot_count = check->record->part_count, entry_count = check->record->entry_count;
	uint32_t used = 0;

	for (uint32_t i = 0; i < slot_count; i++) {
		if (slots[i] == 0)
			continue;
		used++;
		if ((slots[i] & SK_SLOT_ENTRY_MASK) - 1 >= entry_count)
			return sk_verify_refuse(check->verifier, SK_SECTION_SLOTS, check->record->first_part + i,
						"there is no such entry");
	}
	if (used != entry_count)
		return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
					"%u slots are in use for %u entries", used, entry_count);
	for (uint32_t i = 0; i < entry_count; i++) {
		uint32_t length, probes = 0;
		const char *text = sk_bundle_text(bundle, entries[i].constant, &length);
		struct sk_slot slot = sk_slot_of(text, length, slot_count);

		if (i > 0 && entries[i].constant <= entries[i - 1].constant)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, check->record->first_entry + i,
						"its constant is not behind the one before");
		for (; slots[slot.at] != (slot.byte << SK_SLOT_ENTRY_BITS | (i + 1));
		     slot.at = sk_slot_next(slot.at, slot_count)) {
			uint32_t other = (slots[slot.at] & SK_SLOT_ENTRY_MASK) - 1, other_length;
			const char *other_text;

			if (slots[slot.at] == 0 || ++probes == SK_INDEX_PROBE_LIMIT)
				return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES,
							check->record->first_entry + i, "no slot leads to it");
			if (slots[slot.at] >> SK_SLOT_ENTRY_BITS != slot.byte)
				continue;
			other_text = sk_bundle_text(bundle, entries[other].constant, &other_length);
			if (length == other_length && memcmp(text, other_text, length) == 0)
				return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES,
							check->record->first_entry + i,
							"its text is that of another entry");
		}
	}
	return 0;
}

/* --- orders ------------------------------------------------------------ */

static struct sk_order_text entry_text(const struct sk_index_check *check, uint32_t entry)
{
	enum sk_group_order order = (enum sk_group_order)sk_index_groups[check->record->group].order;
	uint32_t constant = check->bundle->entries[check->record->first_entry + entry].constant;
	struct sk_order_text text;

	text.bytes = sk_bundle_text(check->bundle, constant, &text.length);
	text.length = sk_order_length(order, text.bytes, text.length);
	return text;
}

static const struct sk_bundle_address *entry_address(const struct sk_index_check *check, uint32_t entry)
{
	return &check->bundle->addresses[check->bundle->entries[check->record->first_entry + entry].constant];
}

/* Entries `entry` - 1 and `entry` are in order; gives what they have in common. */
static bool is_behind(const struct sk_index_check *check, uint32_t entry, uint32_t *ret_common)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *record = &bundle->entries[check->record->first_entry + entry];
	enum sk_type type = (enum sk_type)bundle->expressions[check->question->expression].type;
	enum sk_group_order order = (enum sk_group_order)sk_index_groups[check->record->group].order;
	const struct sk_bundle_address *before, *address;

	switch (order) {
	case SK_GROUP_ORDER_NUMBER:
		return sk_order_numbers(sk_type_is_signed(type), bundle->numbers[record[-1].constant],
					bundle->numbers[record[0].constant]) < 0;
	case SK_GROUP_ORDER_ADDRESS:
		before = entry_address(check, entry - 1);
		address = entry_address(check, entry);
		*ret_common = before->length != address->length
				      ? 0
				      : sk_order_common_bits(before->bytes, address->bytes, address->length);
		return sk_order_addresses(before->bytes, before->length, before->prefix, address->bytes,
					  address->length, address->prefix) < 0;
	case SK_GROUP_ORDER_TEXT:
	case SK_GROUP_ORDER_REVERSED:
	case SK_GROUP_ORDER_PATH:
		return sk_order_texts(order, entry_text(check, entry - 1), entry_text(check, entry), ret_common) <
		       0;
	case SK_GROUP_ORDER_NONE:
		break;
	}
	return true;
}

/* True if `other`, which has `common` in common with the entry, begins it. */
static bool begins(const struct sk_index_check *check, uint32_t other, uint32_t entry, uint32_t common)
{
	enum sk_group_order order = (enum sk_group_order)sk_index_groups[check->record->group].order;

	if (order == SK_GROUP_ORDER_ADDRESS)
		return entry_address(check, other)->length == entry_address(check, entry)->length &&
		       entry_address(check, other)->prefix <= common;
	return sk_order_begins(order, entry_text(check, other).length, entry_text(check, entry), common);
}

/*
 * Entries ascend, and each link leads to the longest other entry that begins
 * it.  That is the entry before or one that its links lead to; what is passed
 * over begins no later entry either, so that all links take linear time.
 */
static int check_order(struct sk_index_check *check)
{
	const uint32_t *links = check->bundle->links + check->record->first_link;
	const bool linked = sk_index_groups[check->record->group].parts == SK_GROUP_PARTS_LINKS;

	for (uint32_t i = 0; i < check->record->entry_count; i++) {
		uint32_t link = SK_NONE, common = 0;

		if (i > 0) {
			if (!is_behind(check, i, &common))
				return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES,
							check->record->first_entry + i,
							"its constant is not behind the one before");
			link = i - 1;
		}
		while (linked && link != SK_NONE && !begins(check, link, i, common))
			link = links[link];
		if (linked && links[i] != link)
			return sk_verify_refuse(check->verifier, SK_SECTION_LINKS, check->record->first_link + i,
						"it does not lead to the longest entry that begins its own");
	}
	return 0;
}

/* --- indexes ----------------------------------------------------------- */

/* Takes `count` records of a section of `limit`; false if they are not there. */
static bool take(uint32_t *next, uint32_t limit, uint32_t first, uint32_t count)
{
	if (first != *next || count > limit - *next)
		return false;
	*next += count;
	return true;
}

/* Entries and parts begin where the last ones ended, and are as many as the group wants. */
static int check_extent(struct sk_index_check *check, struct progress *next)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_index *record = check->record;
	uint32_t no_links = 0, no_parts = 0;
	bool sound = false;

	if (record->entry_count == 0 || record->entry_count > SK_INDEX_ENTRY_LIMIT ||
	    !take(&next->entry, bundle->entries_count, record->first_entry, record->entry_count))
		return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
					"its entries are none, too many, or not where they must be");
	switch ((enum sk_group_parts)sk_index_groups[record->group].parts) {
	case SK_GROUP_PARTS_SORTED:
		sound = take(&no_links, 0, record->first_link, 0) &&
			take(&no_parts, 0, record->first_part, record->part_count);
		break;
	case SK_GROUP_PARTS_LINKS:
		sound = take(&next->link, bundle->links_count, record->first_link, record->entry_count) &&
			take(&no_parts, 0, record->first_part, record->part_count);
		break;
	case SK_GROUP_PARTS_SLOTS:
		sound = take(&no_links, 0, record->first_link, 0) &&
			record->part_count == sk_slot_count(record->entry_count) &&
			take(&next->slot, bundle->slots_count, record->first_part, record->part_count);
		break;
	case SK_GROUP_PARTS_STATES:
		sound = take(&next->link, bundle->links_count, record->first_link, record->entry_count) &&
			record->part_count >= 2 && record->part_count <= SK_INDEX_STATE_LIMIT &&
			take(&next->state, bundle->states_count, record->first_part, record->part_count);
		break;
	case SK_GROUP_PARTS_NONE:
		break;
	}
	if (!sound)
		return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
					"its links, slots or states are not as many or not where they must be");
	return 0;
}

/* The next index, for predicates [first, first + count) of `group`. */
static int check_index(struct sk_index_check *check, enum sk_index_group group, uint32_t first, uint32_t count,
		       struct progress *next)
{
	int status;

	check->number = next->index++;
	check->record = &check->bundle->indexes[check->number];
	if (check->record->group != group)
		return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
					"it is not of group %s, as predicate %u is", sk_index_groups[group].name,
					first);
	status = check_extent(check, next);
	if (status == 0)
		status = check_entries(check, next);
	if (status == 0)
		status = check_members(check, first, count);
	if (status < 0)
		return status;
	switch ((enum sk_group_parts)sk_index_groups[group].parts) {
	case SK_GROUP_PARTS_SORTED:
	case SK_GROUP_PARTS_LINKS:
		return check_order(check);
	case SK_GROUP_PARTS_SLOTS:
		return check_slots(check);
	case SK_GROUP_PARTS_STATES:
		return sk_verify_automaton(check);
	case SK_GROUP_PARTS_NONE:
		break;
	}
	return 0;
}

/* --- questions --------------------------------------------------------- */

static int refuse_question(const struct sk_index_check *check, const struct progress *next, const char *reason)
{
	return sk_verify_refuse(check->verifier, SK_SECTION_QUESTIONS, next->question, "%s", reason);
}

/* Its predicates begin where the last ones ended, and are of four kinds, in order. */
static int check_ranges(struct sk_index_check *check, struct progress *next)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_question *question = check->question;
	uint32_t end;

	if (question->count == 0 ||
	    !take(&next->predicate, bundle->predicates_count, question->first, question->count))
		return refuse_question(check, next, "its predicates do not begin where the last ones ended");
	end = question->first + question->count;
	if (question->always < question->first || question->pattern < question->always ||
	    question->generic < question->pattern || question->generic > end)
		return refuse_question(check, next, "its predicates are out of order");
	if (question->expression != SK_NONE && question->expression >= bundle->expressions_count)
		return refuse_question(check, next, "its expression does not exist");
	if (question->first_index != next->index || question->index_count > bundle->indexes_count - next->index)
		return refuse_question(check, next, "its indexes do not begin where the last ones ended");
	if (question->expression == SK_NONE &&
	    (question->count != 1 || question->index_count != 0 ||
	     bundle->predicates[question->first].right == SK_NONE || question->generic != question->first))
		return refuse_question(check, next, "it has no expression, and not one predicate with two");
	return 0;
}

/* The group of a predicate of the question, which must be one of those that stand where it does. */
static int check_predicate(struct sk_index_check *check, const struct progress *next, uint32_t number,
			   enum sk_index_group *ret_group)
{
	const struct sk_bundle_question *question = check->question;
	const struct sk_bundle_predicate *predicate = &check->bundle->predicates[number];
	enum sk_index_group group = sk_plan_group(check->bundle, predicate);
	bool placed = number < question->always    ? group < SK_GROUP_ALWAYS
		      : number < question->pattern ? group == SK_GROUP_ALWAYS
		      : number < question->generic ? group == SK_GROUP_PATTERN
						   : group == SK_GROUP_GENERIC;

	if (question->expression != SK_NONE &&
	    (predicate->left != question->expression || predicate->right != SK_NONE))
		return refuse_question(check, next, "it has a predicate on another value");
	if (!placed)
		return sk_verify_refuse(check->verifier, SK_SECTION_QUESTIONS, next->question,
					"predicate %u, of group %s, stands with those of another", number,
					sk_index_groups[group].name);
	*ret_group = group;
	return 0;
}

static int check_question(struct sk_index_check *check, struct progress *next)
{
	const struct sk_bundle_question *question = check->question;
	const uint32_t end = question->first + question->count;
	uint32_t begin = question->first;
	enum sk_index_group group = SK_GROUP_EXACT;
	int status = check_ranges(check, next);

	for (uint32_t i = question->first; status == 0 && i < question->first + question->count; i++) {
		enum sk_index_group found = group;

		status = check_predicate(check, next, i, &found);
		if (status < 0 || found == group)
			continue;
		if (found < group)
			return refuse_question(check, next, "its predicates are not sorted by group");
		if (i > begin && group < SK_GROUP_ALWAYS) {
			if (next->index == question->first_index + question->index_count)
				return refuse_question(check, next, "it has too few indexes");
			status = check_index(check, group, begin, i - begin, next);
		}
		begin = i;
		group = found;
	}
	if (status < 0)
		return status;
	if (end > begin && group < SK_GROUP_ALWAYS) {
		if (next->index == question->first_index + question->index_count)
			return refuse_question(check, next, "it has too few indexes");
		status = check_index(check, group, begin, end - begin, next);
	}
	if (status == 0 && next->index != question->first_index + question->index_count)
		return refuse_question(check, next, "it has too many indexes");
	return status;
}

static int check_ends(struct sk_index_check *check, const struct progress *next)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct {
		enum sk_section section;
		uint32_t used, count;
	} ends[] = {
		{SK_SECTION_PREDICATES, next->predicate, bundle->predicates_count},
		{SK_SECTION_INDEXES, next->index, bundle->indexes_count},
		{SK_SECTION_ENTRIES, next->entry, bundle->entries_count},
		{SK_SECTION_LINKS, next->link, bundle->links_count},
		{SK_SECTION_SLOTS, next->slot, bundle->slots_count},
		{SK_SECTION_STATES, next->state, bundle->states_count},
		{SK_SECTION_POSTINGS, next->posting, bundle->postings_count},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].used != ends[i].count)
			return sk_verify_refuse(check->verifier, ends[i].section, ends[i].used,
						"it belongs to no question");
	}
	return 0;
}

static int check_questions(struct sk_index_check *check)
{
	const struct sk_bundle *bundle = check->bundle;
	struct progress next = {0};

	if (bundle->labels_count != bundle->states_count)
		return sk_verify_refuse(check->verifier, SK_SECTION_LABELS, bundle->labels_count,
					"%u labels for %u states", bundle->labels_count, bundle->states_count);
	for (; next.question < bundle->questions_count; next.question++) {
		int status;

		check->question = &bundle->questions[next.question];
		status = check_question(check, &next);
		if (status < 0)
			return status;
	}
	return check_ends(check, &next);
}

int sk_verify_questions(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	struct sk_index_check check = {.verifier = verifier, .bundle = bundle};
	uint32_t places = sk_bundle_string_count(bundle);
	int status;

	if (bundle->numbers_count > places)
		places = bundle->numbers_count;
	if (bundle->addresses_count > places)
		places = bundle->addresses_count;
	check.places = sk_alloc_zeroed(places, sizeof(*check.places));
	check.seen = sk_alloc_zeroed(bundle->entries_count, sizeof(*check.seen));
	check.parents = sk_alloc_zeroed(bundle->states_count, sizeof(*check.parents));
	if (check.places && check.seen && check.parents)
		status = check_questions(&check);
	else
		status = sk_error_set(verifier->error, -ENOMEM, "no memory to verify the bundle");
	sk_free(check.places);
	sk_free(check.seen);
	sk_free(check.parents);
	return status;
}
