/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's checks of questions and their indexes: whatever a lookup may
 * meet is in bounds, every walk ends, and what is found is what comparing the
 * constants one by one would find.
 *
 *   entries ──► cursors ◄── constants ◄── predicates of a group
 *                  └──► postings
 *
 * The last is shown by going the way of the linear engine: each constant of
 * each predicate, once, must have an entry, which must name the predicate as
 * its next posting, and in the end no posting may be left.  So entries and
 * predicates agree exactly.  That an entry is found where its constant holds,
 * and nowhere else, follows from the structure: tables, orders and automata
 * are checked against the texts of the entries.
 *
 * Everything is linear in the bundle, but for texts of the same hash and for
 * fails, which have limits (SK_INDEX_PROBE_LIMIT, the length of a constant).
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
	uint32_t question, predicate, index, entry, link, slot, state;
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

/* Where the postings of an entry end. */
static uint32_t posting_end(const struct sk_bundle *bundle, uint32_t entry)
{
	return entry + 1 < bundle->entries_count ? bundle->entries[entry + 1].posting : bundle->postings_count;
}

/*
 * Postings lie one after another, at least one an entry, and no two entries
 * have the same constant; what postings are is for check_members().
 */
static int check_entries(struct sk_index_check *check)
{
	const struct sk_bundle *bundle = check->bundle;
	const uint32_t first = check->record->first_entry, limit = constant_limit(check);
	uint32_t *cursors = check->cursors;

	for (uint32_t i = first; i < first + check->record->entry_count; i++) {
		const struct sk_bundle_entry entry = bundle->entries[i];
		uint32_t end = posting_end(bundle, i);

		if (entry.constant >= limit)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, i, "there is no constant %u",
						entry.constant);
		if (end <= entry.posting || end > bundle->postings_count || (i == 0 && entry.posting != 0))
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, i,
						"its predicates do not begin where the last ones ended");
		if (cursors[entry.constant] != 0)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, i,
						"its constant is that of another");
		cursors[entry.constant] = entry.posting + 1;
	}
	return 0;
}

/*
 * Takes the next posting of each constant's entry, which must be predicate
 * `local`.  Returns how many constants could, which is all if they are sound.
 */
static uint32_t take_postings(const struct sk_index_check *check, const uint32_t *restrict constants,
			      uint32_t count, uint32_t local)
{
	const uint32_t *restrict postings = check->bundle->postings;
	uint32_t *restrict cursors = check->cursors;
	const uint32_t posting_count = check->bundle->postings_count;

	for (uint32_t k = 0; k < count; k++) {
		/* Of a constant without an entry it is the largest number. */
		const uint32_t next = cursors[constants[k]] - 1;

		/* One that goes on behind its entry's end is found out by check_members(). */
		if (next >= posting_count || postings[next] != local)
			return k;
		cursors[constants[k]] = next + 2;
	}
	return count;
}

/*
 * Predicates [first, first + count), all of the index's group, have exactly the
 * index's entries.
 */
static int check_members(struct sk_index_check *check, uint32_t first, uint32_t count)
{
	const struct sk_bundle *bundle = check->bundle;
	const uint32_t first_entry = check->record->first_entry;

	for (uint32_t i = first; i < first + count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		uint32_t found = take_postings(check, bundle->constants + predicate->first, predicate->count,
					       i - check->question->first);

		if (found < predicate->count)
			return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
						"constant %u of predicate %u does not lead to it", found, i);
	}
	for (uint32_t i = first_entry; i < first_entry + check->record->entry_count; i++) {
		uint32_t *cursor = &check->cursors[bundle->entries[i].constant];

		if (*cursor != posting_end(bundle, i) + 1)
			return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, i,
						"it leads to a predicate that does not have it");
		*cursor = 0;
	}
	return 0;
}

/* --- tables ------------------------------------------------------------ */

/* True if another entry of the same hash, which stands before slot `at`, has the same text. */
static bool is_repeated(const struct sk_index_check *check, uint32_t at)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *entries = bundle->entries + check->record->first_entry;
	const uint32_t *slots = bundle->slots + check->record->first_part;
	const uint32_t *hashes = check->hashes;
	const uint32_t entry = (slots[at] & SK_SLOT_ENTRY_MASK) - 1;
	uint32_t length, other_length;
	const char *text = sk_bundle_text(bundle, entries[entry].constant, &length);

	while (at-- > 0 && slots[at] != 0) {
		uint32_t other = (slots[at] & SK_SLOT_ENTRY_MASK) - 1;
		const char *other_text = sk_bundle_text(bundle, entries[other].constant, &other_length);

		if (hashes[other] != hashes[entry])
			break;
		if (length == other_length && memcmp(text, other_text, length) == 0)
			return true;
	}
	return false;
}

static int refuse_slot(const struct sk_index_check *check, uint32_t at, const char *reason)
{
	return sk_verify_refuse(check->verifier, SK_SECTION_SLOTS, check->record->first_part + at, "%s", reason);
}

/*
 * Slots in use hold as many entries as there are, in strict order of hash and
 * number: so each once.  There is no free slot between an entry and its home,
 * and no other of its text: so looking for the text finds it.
 */
static int check_order_of_slots(struct sk_index_check *check)
{
	const uint32_t *slots = check->bundle->slots + check->record->first_part;
	const uint32_t *hashes = check->hashes;
	const uint32_t entry_count = check->record->entry_count, homes = sk_slot_homes(entry_count);
	uint32_t used = 0, run = 0, last_hash = 0, last = 0;

	for (uint32_t i = 0; i < check->record->part_count; i++) {
		uint32_t entry = (slots[i] & SK_SLOT_ENTRY_MASK) - 1, hash, home;

		if (slots[i] == 0) {
			run = i + 1;
			continue;
		}
		if (entry >= entry_count)
			return refuse_slot(check, i, "there is no such entry");
		hash = hashes[entry];
		home = sk_slot_home(hash, homes);
		if (home < run || home > i || i - home >= SK_INDEX_PROBE_LIMIT ||
		    slots[i] != sk_slot_make(hash, entry))
			return refuse_slot(check, i, "it is not the place of its entry");
		if (used > 0 && hash <= last_hash) {
			if (hash < last_hash || entry <= last)
				return refuse_slot(check, i, "its entry is not behind the one before");
			if (is_repeated(check, i))
				return refuse_slot(check, i, "its entry has the text of another");
		}
		last_hash = hash;
		last = entry;
		used++;
	}
	if (used != entry_count || slots[check->record->part_count - 1] != 0)
		return sk_verify_refuse(check->verifier, SK_SECTION_INDEXES, check->number,
					"%u slots are in use for %u entries, or the last one is", used,
					entry_count);
	return 0;
}

/*
 * True if all is as check_order_of_slots() wants it.  Whether a slot is free is
 * up to chance, so no branch depends on it: `is_used` is all ones or zero.
 */
static bool are_slots_in_order(const struct sk_index_check *check)
{
	const uint32_t *slots = check->bundle->slots + check->record->first_part, *hashes = check->hashes;
	const uint32_t entry_count = check->record->entry_count, homes = sk_slot_homes(entry_count);
	const uint32_t part_count = check->record->part_count;
	uint64_t behind = 0; /* a hash that comes next is no smaller */
	uint32_t used = 0, next = 0, last = 0, faults = 0;

	for (uint32_t i = 0; i < part_count; i++) {
		const uint32_t slot = slots[i], is_used = -(uint32_t)(slot != 0);
		const uint32_t entry = ((slot & SK_SLOT_ENTRY_MASK) - 1) & is_used;
		uint32_t hash, home, descent;

		if (entry >= entry_count)
			return false;
		hash = hashes[entry];
		home = sk_slot_home(hash, homes);
		/* Its place is its home or, behind that, the next one. */
		faults |= is_used & ((i ^ (home > next ? home : next)) | (i - home) / SK_INDEX_PROBE_LIMIT |
				     (slot ^ sk_slot_make(hash, entry)));
		/* Negative: the high bits are ones. */
		descent = (uint32_t)((hash - behind) >> 32) & is_used;
		if (__builtin_expect(descent, 0) &&
		    (faults || hash + UINT64_C(1) < behind || entry <= last || is_repeated(check, i)))
			return false;
		behind = is_used ? hash + UINT64_C(1) : behind;
		next = ((i + 1) & is_used) | (next & ~is_used);
		last = (entry & is_used) | (last & ~is_used);
		used -= is_used;
	}
	return !faults && used == entry_count && slots[part_count - 1] == 0;
}

static int check_slots(struct sk_index_check *check)
{
	const struct sk_bundle_entry *entries = check->bundle->entries + check->record->first_entry;
	const struct sk_bundle *bundle = check->bundle;

	for (uint32_t i = 0; i < check->record->entry_count; i++) {
		uint32_t length;
		const char *text = sk_bundle_text(bundle, entries[i].constant, &length);

		/* TYPES, which has been checked, stands behind the last text: there are bytes to read. */
		check->hashes[i] = sk_slot_hash_padded(text, length);
	}
	return are_slots_in_order(check) ? 0 : check_order_of_slots(check);
}

/* --- orders ------------------------------------------------------------ */

static struct sk_order_text entry_text(const struct sk_index_check *check, uint32_t entry)
{
	return sk_order_entry(check->bundle, check->record,
			      &check->bundle->entries[check->record->first_entry + entry]);
}

static const struct sk_bundle_address *entry_address(const struct sk_index_check *check, uint32_t entry)
{
	return &check->bundle->addresses[check->bundle->entries[check->record->first_entry + entry].constant];
}

/* As sk_order_common(), eight bytes at a time: there is something before and behind the texts of a file. */
static uint32_t common_of(enum sk_group_order order, struct sk_order_text a, struct sk_order_text b)
{
	const uint32_t shorter = a.length < b.length ? a.length : b.length;
	const bool reversed = order == SK_GROUP_ORDER_REVERSED;
	const char *x = reversed ? a.bytes + a.length - 8 : a.bytes;
	const char *y = reversed ? b.bytes + b.length - 8 : b.bytes;

	for (uint32_t common = 0; common < shorter; common += 8) {
		uint64_t left, right;

		memcpy(&left, x, sizeof(left));
		memcpy(&right, y, sizeof(right));
		if (left != right) {
			common += (uint32_t)(reversed ? __builtin_clzll(left ^ right)
						      : __builtin_ctzll(left ^ right)) /
				  8;
			return common < shorter ? common : shorter;
		}
		x += reversed ? -8 : 8;
		y += reversed ? -8 : 8;
	}
	return shorter;
}

/* Of entry `entry` and the one before: true if they are in order; gives what they have in common. */
static bool is_behind(const struct sk_index_check *check, uint32_t entry, uint32_t *ret_common)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *record = &bundle->entries[check->record->first_entry + entry];
	enum sk_type type = (enum sk_type)bundle->expressions[check->question->expression].type;
	enum sk_group_order order = (enum sk_group_order)sk_index_groups[check->record->group].order;
	const struct sk_bundle_address *before, *address;
	struct sk_order_text text, text_before;

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
		text_before = entry_text(check, entry - 1);
		text = entry_text(check, entry);
		*ret_common = common_of(order, text_before, text);
		return sk_order_behind(order, text_before, text, *ret_common) < 0;
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

/* Texts in order lie all over the strings: two steps ahead, where they begin; one step, they. */
enum { AHEAD = 8 };

static void look_ahead(const struct sk_index_check *check, uint32_t entry)
{
	const struct sk_bundle *bundle = check->bundle;
	const struct sk_bundle_entry *entries = bundle->entries + check->record->first_entry;
	const uint8_t order = sk_index_groups[check->record->group].order;

	if (order == SK_GROUP_ORDER_NUMBER || order == SK_GROUP_ORDER_ADDRESS ||
	    entry + 2 * AHEAD >= check->record->entry_count)
		return;
	__builtin_prefetch(&bundle->strings[entries[entry + 2 * AHEAD].constant]);
	__builtin_prefetch(bundle->string_bytes + bundle->strings[entries[entry + AHEAD].constant]);
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

		look_ahead(check, i);
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
			record->part_count > sk_slot_homes(record->entry_count) &&
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
		status = check_entries(check);
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
	};

	if (bundle->entries_count == 0 && bundle->postings_count != 0)
		return sk_verify_refuse(check->verifier, SK_SECTION_POSTINGS, 0, "it belongs to no entry");
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

/* How many entries the largest index with a table has, as far as there are so many. */
static uint32_t most_hashes(const struct sk_bundle *bundle)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < bundle->indexes_count; i++) {
		const struct sk_bundle_index *index = &bundle->indexes[i];

		if (index->group == SK_GROUP_EXACT && index->entry_count > most)
			most = index->entry_count;
	}
	return most < bundle->entries_count ? most : bundle->entries_count;
}

int sk_verify_questions(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	struct sk_index_check check = {.verifier = verifier, .bundle = bundle};
	uint32_t cursors = sk_bundle_string_count(bundle);
	int status;

	if (bundle->numbers_count > cursors)
		cursors = bundle->numbers_count;
	if (bundle->addresses_count > cursors)
		cursors = bundle->addresses_count;
	check.cursors = sk_alloc_zeroed(cursors, sizeof(*check.cursors));
	check.hashes = sk_alloc_zeroed(most_hashes(bundle), sizeof(*check.hashes));
	check.parents = sk_alloc_zeroed(bundle->states_count, sizeof(*check.parents));
	if (check.cursors && check.hashes && check.parents)
		status = check_questions(&check);
	else
		status = sk_error_set(verifier->error, -ENOMEM, "no memory to verify the bundle");
	sk_free(check.cursors);
	sk_free(check.hashes);
	sk_free(check.parents);
	return status;
}
