/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/prospect.h"

#include <errno.h>
#include <string.h>

#include "runtime/fields/known.h"
#include "runtime/state/path.h"
#include "vm/asks.h"
#include "vm/compare.h"
#include "vm/reach.h"
#include "vm/reading.h"
#include "vm/support/alloc.h"

enum { FLAG_VARIANTS = 6 }; /* bits that may or may not be set and are tried in all combinations */

struct sk_prospector {
	const struct sk_bundle *bundle;
	struct sk_arena values, temporary; /* of values; of a comparison */
	uint8_t *reached;                  /* scratch of sk_reach(), as large as the largest condition */
	uint8_t *truths;                   /* of each predicate: enum sk_truth plus 1; 0: not asked yet */
	const struct sk_prospect *prospect;
};

/* --- expressions -------------------------------------------------------------------- */

/* Of a transformer it is only known when it misses an argument. */
static struct sk_known of_expression(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	struct sk_field_ref ref;

	if (expression->kind == SK_EXPRESSION_FIELD) {
		ref = sk_field_ref_of(bundle, expression->operand);
		return sk_known_field(prospector->prospect, &ref, &prospector->values);
	}
	for (uint32_t i = 0; expression->kind == SK_EXPRESSION_TRANSFORMER && i < expression->count; i++) {
		const struct sk_known argument =
			of_expression(prospector, bundle->arguments[expression->operand + i]);

		if (argument.knowledge == SK_KNOWN_VALUE && argument.value.presence != SK_PRESENT)
			return argument;
	}
	return (struct sk_known){.knowledge = SK_KNOWN_NOT};
}

/* --- predicates --------------------------------------------------------------------- */

static enum sk_truth truth_of(struct sk_prospector *prospector, uint32_t number);

static enum sk_truth truth(bool holds)
{
	return holds ? SK_TRUTH_TRUE : SK_TRUTH_FALSE;
}

static bool is_text_list(enum sk_operator operator)
{
	return operator== SK_OPERATOR_IN || operator== SK_OPERATOR_INTERSECTS;
}

/* What the comparison of a number in a range with one constant comes to. */
static enum sk_truth in_range(const struct sk_known *known, enum sk_operator operator, enum sk_type type,
			      uint64_t constant)
{
	const bool low = sk_compare_number(operator, type, (uint64_t)known->low, constant);
	const bool high = sk_compare_number(operator, type, (uint64_t)known->high, constant);

	switch ((int)operator) {
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
		return low == high ? truth(low) : SK_TRUTH_UNKNOWN;
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		if (known->low == known->high)
			return truth(low);
		/* Neither end, and no order of it between them. */
		if (!low && !high &&
		    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->low, constant) ==
			    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->high, constant))
			return SK_TRUTH_FALSE;
		return SK_TRUTH_UNKNOWN;
	case SK_OPERATOR_NE:
		if (known->low == known->high)
			return truth(low);
		if (low && high &&
		    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->low, constant) ==
			    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->high, constant))
			return SK_TRUTH_TRUE;
		return SK_TRUTH_UNKNOWN;
	default:
		return SK_TRUTH_UNKNOWN;
	}
}

static enum sk_truth compare_range(struct sk_prospector *prospector, const struct sk_known *known, uint32_t number)
{
	const struct sk_comparison comparison = sk_comparison_of(prospector->bundle, number);
	const enum sk_operator operator=(enum sk_operator) comparison.operator;
	bool may_hold = false;

	if (sk_types[comparison.type].class != SK_CLASS_NUMBER || comparison.type == SK_TYPE_DOUBLE ||
	    comparison.modifier != SK_MODIFIER_NONE || prospector->bundle->predicates[number].right != SK_NONE)
		return SK_TRUTH_UNKNOWN;
	if (!is_text_list(operator) && comparison.count != 1)
		return SK_TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < comparison.count; i++) {
		const enum sk_truth one = in_range(known, operator,(enum sk_type) comparison.type,
						   prospector->bundle->numbers[comparison.constants[i]]);

		if (one == SK_TRUTH_TRUE || !is_text_list(operator))
			return one;
		may_hold |= one == SK_TRUTH_UNKNOWN;
	}
	return may_hold ? SK_TRUTH_UNKNOWN : SK_TRUTH_FALSE;
}

/* The truth that a predicate has in all of the cases, each of which `prospector->prospect` is in turn. */
static enum sk_truth by_error(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_prospect *whole = prospector->prospect;
	struct sk_prospect part = *whole;
	enum sk_truth all = SK_TRUTH_UNKNOWN;

	part.result = SK_PROSPECT_ERROR;
	/* cppcheck-suppress autoVariables ; it is put back below */
	prospector->prospect = &part;
	for (uint16_t error = 1; error <= SK_PROSPECT_ERRORS; error++) {
		enum sk_truth one;

		part.error = error;
		one = truth_of(prospector, number);
		if (one == SK_TRUTH_UNKNOWN || (error > 1 && one != all)) {
			all = SK_TRUTH_UNKNOWN;
			break;
		}
		all = one;
	}
	prospector->prospect = whole;
	return all;
}

static enum sk_truth by_flags(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_prospect *whole = prospector->prospect;
	struct sk_prospect part = *whole;
	enum sk_truth all = SK_TRUTH_UNKNOWN;
	uint32_t subset = whole->maybe;

	if (__builtin_popcount(whole->maybe) > FLAG_VARIANTS)
		return SK_TRUTH_UNKNOWN;
	part.maybe = 0;
	/* cppcheck-suppress autoVariables ; it is put back below */
	prospector->prospect = &part;
	for (;;) {
		enum sk_truth one;

		part.flags = whole->flags | subset;
		one = truth_of(prospector, number);
		if (one == SK_TRUTH_UNKNOWN || (subset != whole->maybe && one != all)) {
			all = SK_TRUTH_UNKNOWN;
			break;
		}
		all = one;
		if (!subset)
			break;
		subset = (subset - 1) & whole->maybe;
	}
	prospector->prospect = whole;
	return all;
}

static enum sk_truth truth_of(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_bundle_predicate *predicate = &prospector->bundle->predicates[number];
	struct sk_comparison comparison;
	struct sk_known known;

	/* Whatever is compared with what is missing, it does not hold. */
	if (predicate->right != SK_NONE) {
		known = of_expression(prospector, predicate->right);
		if (known.knowledge == SK_KNOWN_VALUE && known.value.presence != SK_PRESENT)
			return SK_TRUTH_FALSE;
	}
	known = of_expression(prospector, predicate->left);
	switch (known.knowledge) {
	case SK_KNOWN_NOT:
		return SK_TRUTH_UNKNOWN;
	case SK_KNOWN_BY_ERROR:
		return by_error(prospector, number);
	case SK_KNOWN_BY_FLAGS:
		return by_flags(prospector, number);
	case SK_KNOWN_RANGE:
		return predicate->operator== SK_OPERATOR_EXISTS ? SK_TRUTH_TRUE
								: compare_range(prospector, &known, number);
	case SK_KNOWN_VALUE:
		break;
	}
	if (known.value.presence != SK_PRESENT)
		return SK_TRUTH_FALSE;
	if (predicate->operator== SK_OPERATOR_EXISTS)
		return SK_TRUTH_TRUE;
	if (predicate->right != SK_NONE || predicate->operator== SK_OPERATOR_REGEX ||
					   predicate->quantifier != SK_QUANTIFIER_ONE)
		return SK_TRUTH_UNKNOWN;
	comparison = sk_comparison_of(prospector->bundle, number);
	if (comparison.type != known.value.type)
		return SK_TRUTH_UNKNOWN;
	return truth(sk_compare_constants(&comparison, &known.value, &prospector->temporary));
}

static enum sk_truth remembered_truth(const void *context, uint32_t number)
{
	struct sk_prospector *prospector = (struct sk_prospector *)context;

	if (!prospector->truths[number])
		prospector->truths[number] = (uint8_t)(truth_of(prospector, number) + 1);
	return (enum sk_truth)(prospector->truths[number] - 1);
}

/* --- rules ---------------------------------------------------------------------------- */

static void look_at(struct sk_prospector *prospector, const struct sk_prospect *prospect)
{
	prospector->prospect = prospect;
	memset(prospector->truths, 0, prospector->bundle->predicates_count);
	sk_arena_reset(&prospector->values);
}

static bool may_match(struct sk_prospector *prospector, uint32_t rule, sk_truth_fn known, const void *context)
{
	const struct sk_bundle_rule *record = &prospector->bundle->rules[rule];

	return sk_reach(&prospector->bundle->code[record->condition], record->condition_size, known, context, NULL,
			NULL, prospector->reached) &
	       SK_REACH_MATCH;
}

uint32_t sk_prospector_find(struct sk_prospector *prospector, const struct sk_prospect *prospect,
			    const uint64_t *rules)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_type *type = &bundle->types[prospect->type];

	look_at(prospector, prospect);
	for (uint32_t i = 0; i < type->count; i++) {
		const uint32_t rule = bundle->type_rules[type->first + i];

		if (rules && !(rules[rule / 64] >> rule % 64 & 1))
			continue;
		if (may_match(prospector, rule, remembered_truth, prospector))
			return rule;
	}
	return SK_NONE;
}

void sk_prospector_survivors(struct sk_prospector *prospector, sk_truth_fn known, const void *context,
			     uint64_t *ret_rules)
{
	for (uint32_t rule = 0; rule < prospector->bundle->rules_count; rule++) {
		const uint64_t bit = UINT64_C(1) << rule % 64;

		if (may_match(prospector, rule, known, context))
			ret_rules[rule / 64] |= bit;
		else
			ret_rules[rule / 64] &= ~bit;
	}
}

/* --- fields that rules have ------------------------------------------------------------- */

static bool counts(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_EVT_NUM:
	case SK_FIELD_EVT_RELTIME:
	case SK_FIELD_EVT_RELTIME_S:
	case SK_FIELD_EVT_RELTIME_NS:
		return true;
	default:
		return sk_reading_field(field);
	}
}

static bool is_place(uint16_t field)
{
	return field == SK_FIELD_SAKER_PATH_RESOLVED;
}

bool sk_prospector_asks_for_places(struct sk_prospector *prospector)
{
	return sk_asks_in_conditions(prospector->bundle, is_place);
}

bool sk_prospector_counts(struct sk_prospector *prospector)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_prospect nothing = {.type = SK_EVENT_GENERIC_X, .executable = -1};

	look_at(prospector, &nothing);
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		/* evt.num = 0 is how rules say "never", whatever the number is. */
		if (sk_asks_in_predicate(bundle, i, counts) && truth_of(prospector, i) == SK_TRUTH_UNKNOWN)
			return true;
	}
	for (uint32_t rule = 0; rule < bundle->rules_count; rule++) {
		if (sk_asks_in_rule(bundle, rule, sk_reading_field))
			return true;
	}
	return false;
}

/* Whether the value follows from fds that are no arguments of the call. */
static bool reads_tables(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_FD_TYPES:
	case SK_FIELD_PROC_FDOPENCOUNT:
	case SK_FIELD_PROC_FDUSAGE:
	case SK_FIELD_FDLIST_NUMS:
	case SK_FIELD_FDLIST_NAMES:
	case SK_FIELD_FDLIST_CIPS:
	case SK_FIELD_FDLIST_SIPS:
	case SK_FIELD_FDLIST_CPORTS:
	case SK_FIELD_FDLIST_SPORTS:
		return true;
	default:
		return false;
	}
}

/* Whether it shows arguments, of poll a list of fds. */
static bool prints_arguments(uint16_t field)
{
	return field == SK_FIELD_EVT_ARGS || field == SK_FIELD_EVT_INFO || field == SK_FIELD_EVT_ARG;
}

static bool is_tried_for(const struct sk_bundle *bundle, uint32_t rule, uint16_t type)
{
	const struct sk_bundle_type *rules = &bundle->types[type];

	for (uint32_t i = 0; i < rules->count; i++) {
		if (bundle->type_rules[rules->first + i] == rule)
			return true;
	}
	return false;
}

bool sk_prospector_asks_for_tables(struct sk_prospector *prospector)
{
	const struct sk_bundle *bundle = prospector->bundle;

	for (uint32_t rule = 0; rule < bundle->rules_count; rule++) {
		if (sk_asks_in_rule(bundle, rule, reads_tables) ||
		    ((is_tried_for(bundle, rule, SK_EVENT_SYSCALL_POLL_X) ||
		      is_tried_for(bundle, rule, SK_EVENT_SYSCALL_PPOLL_X)) &&
		     sk_asks_in_rule(bundle, rule, prints_arguments)))
			return true;
	}
	return false;
}

/* --- life ----------------------------------------------------------------------------------- */

int sk_prospector_create(const struct sk_bundle *bundle, struct sk_prospector **ret_prospector)
{
	struct sk_prospector *prospector = sk_alloc_zeroed(1, sizeof(*prospector));
	uint32_t longest = 0;

	if (!prospector)
		return -ENOMEM;
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		if (bundle->rules[i].condition_size > longest)
			longest = bundle->rules[i].condition_size;
	}
	prospector->bundle = bundle;
	prospector->reached = sk_alloc((size_t)longest + 1);
	prospector->truths = sk_alloc((size_t)bundle->predicates_count + 1);
	if (!prospector->reached || !prospector->truths) {
		sk_prospector_destroy(prospector);
		return -ENOMEM;
	}
	*ret_prospector = prospector;
	return 0;
}

void sk_prospector_destroy(struct sk_prospector *prospector)
{
	if (!prospector)
		return;
	sk_arena_release(&prospector->values);
	sk_arena_release(&prospector->temporary);
	sk_free(prospector->reached);
	sk_free(prospector->truths);
	sk_free(prospector);
}

bool sk_prospect_is_plain(const char *path, uint32_t length)
{
	char joined[SK_PATH_SIZE];
	uint32_t joined_length;

	if (length < 2 || path[0] != '/' || length >= SK_PATH_SIZE || memchr(path, '\0', length))
		return false;
	sk_path_join("", 0, path, length, joined, &joined_length);
	return joined_length == length && memcmp(joined, path, length) == 0;
}
