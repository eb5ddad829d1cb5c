/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether one value can make several predicates true and others false.
 *
 * Numbers and addresses: what predicates say changes only at their constants,
 * so it is enough to try the constants and what lies beside them.
 *
 *        c1          c2     c3
 *   ──┤x├┤x├┤x├───┤x├┤x├┤x├┤x├──    the answer is exact
 *
 * Texts: with a comparison that only its constants can make true, those are
 * tried, exactly.  Otherwise what comparisons say of each other pair by pair
 * (texts.c) decides, which finds most contradictions and invents none.
 */
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/compare.h"

static bool holds_often_enough(const struct sk_ir_predicate *record, uint32_t count, uint32_t holds)
{
	switch ((enum sk_modifier)record->modifier) {
	case SK_MODIFIER_NONE:
	case SK_MODIFIER_ANYOF:
	case SK_MODIFIER_COUNT:
		break;
	case SK_MODIFIER_ONEOF:
		return holds == 1;
	case SK_MODIFIER_ALLOF:
		return count > 0 && holds == count;
	}
	return holds > 0;
}

static const uint32_t *constants_of(const struct sk_linter *linter, const struct sk_ir_predicate *record,
				    uint32_t *ret_count)
{
	*ret_count = 0;
	return record->constants == SK_NONE ? NULL : sk_ir_get_run(&linter->ir, record->constants, ret_count);
}

/* --- texts --------------------------------------------------------------- */

static bool is_among(const struct sk_lint_predicate *predicate, uint32_t string)
{
	uint32_t low = 0, high = predicate->value_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (predicate->values[middle] < string)
			low = middle + 1;
		else
			high = middle;
	}
	return low < predicate->value_count && predicate->values[low] == string;
}

static bool one_holds(struct sk_linter *linter, const struct sk_ir_predicate *record, uint32_t constant,
		      struct sk_lint_candidate candidate)
{
	const struct sk_lint_element element = {.operator= record->comparison, .constant = constant};

	if (candidate.smuggled &&
	    (record->comparison == SK_OPERATOR_IN || record->comparison == SK_OPERATOR_INTERSECTS))
		return false;
	return sk_text_holds(linter, &element, candidate.text, candidate.length);
}

bool sk_value_fits(struct sk_linter *linter, struct sk_lint_literal literal, struct sk_lint_candidate candidate)
{
	const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literal.predicate);
	const struct sk_lint_predicate *predicate = &linter->predicates[literal.predicate];
	uint32_t count, holds = 0;
	const uint32_t *constants = constants_of(linter, record, &count);

	if (predicate->opaque)
		return true;
	if (record->comparison == SK_OPERATOR_EXISTS)
		return literal.truth;
	if (predicate->finite && candidate.string != SK_NONE && !candidate.smuggled &&
	    (record->modifier == SK_MODIFIER_NONE || record->modifier == SK_MODIFIER_ANYOF))
		return is_among(predicate, candidate.string) == literal.truth;
	for (uint32_t i = 0; i < count; i++)
		holds += one_holds(linter, record, constants[i], candidate);
	return holds_often_enough(record, count, holds) == literal.truth;
}

static bool elements_contradict(struct sk_linter *linter, const struct sk_lint_element *one,
				const struct sk_lint_element *other)
{
	if (one->negated && other->negated)
		return false;
	if (one->negated)
		return sk_texts_imply(linter, other, one);
	if (other->negated)
		return sk_texts_imply(linter, one, other);
	return sk_texts_exclude(linter, one, other);
}

/* True if a text of which the element is true makes the claim false. */
static bool element_denies(struct sk_linter *linter, const struct sk_lint_element *element,
			   const struct sk_lint_claim *claim)
{
	for (uint32_t i = 0; i < claim->count; i++) {
		bool contradicts = elements_contradict(linter, element, &claim->elements[i]);

		if (contradicts == claim->all)
			return claim->all;
	}
	return !claim->all;
}

static const struct sk_lint_claim *claim_of(const struct sk_linter *linter, struct sk_lint_literal literal)
{
	const struct sk_lint_claim *claim = &linter->predicates[literal.predicate].claims[literal.truth];

	return claim->known ? claim : NULL;
}

/* Comparing each with each other costs: beyond this it is not done. */
enum { PAIR_LIMIT = 1 << 14, COMPARISON_PRICE = 3 };

static bool is_denied(struct sk_linter *linter, const struct sk_lint_element *element,
		      const struct sk_lint_literal *literals, uint32_t count)
{
	if (sk_text_is_impossible(linter, element))
		return true;
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_lint_claim *claim = claim_of(linter, literals[i]);

		if (claim && element_denies(linter, element, claim))
			return true;
	}
	return false;
}

/* Of any, one element must be left that nothing denies; of all, none may be denied. */
static bool is_possible(struct sk_linter *linter, const struct sk_lint_claim *claim,
			const struct sk_lint_literal *literals, uint32_t count)
{
	for (uint32_t i = 0; i < claim->count; i++) {
		if (is_denied(linter, &claim->elements[i], literals, count) == claim->all)
			return !claim->all;
	}
	return claim->all;
}

/* True if there is work left for so many comparisons. */
static bool can_pay(struct sk_linter *linter, uint64_t comparisons)
{
	const uint64_t price = comparisons * COMPARISON_PRICE;

	if (comparisons > PAIR_LIMIT || linter->work < price)
		return false;
	linter->work -= price;
	return true;
}

bool sk_texts_possible(struct sk_linter *linter, const struct sk_lint_literal *literals, uint32_t count,
		       bool newest_only)
{
	uint64_t elements = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct sk_lint_claim *claim = claim_of(linter, literals[i]);

		elements += claim ? claim->count : 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_lint_claim *claim = claim_of(linter, literals[i]);

		/* What the newest denies of one element, that element denies of it. */
		if (!claim || (newest_only && i > 0 && (claim->all || claim->count < 2)))
			continue;
		if (!can_pay(linter, elements * claim->count))
			return true;
		if (!is_possible(linter, claim, literals, count))
			return false;
	}
	return true;
}

/* --- numbers ------------------------------------------------------------- */

static uint64_t count_constants(const struct sk_linter *linter, const struct sk_lint_literal *literals,
				uint32_t count)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t constants;

		constants_of(linter, sk_ir_get_predicate(&linter->ir, literals[i].predicate), &constants);
		all += constants;
	}
	return all;
}

struct range {
	uint64_t first, last;
};

static struct range range_of(const struct sk_lint_term *term)
{
	switch ((enum sk_type)term->type) {
	case SK_TYPE_BOOL:
		return (struct range){0, 1};
	case SK_TYPE_INT8:
		return (struct range){(uint64_t)INT8_MIN, INT8_MAX};
	case SK_TYPE_INT16:
		return (struct range){(uint64_t)INT16_MIN, INT16_MAX};
	case SK_TYPE_INT32:
		return (struct range){(uint64_t)INT32_MIN, INT32_MAX};
	case SK_TYPE_INT64:
		return (struct range){(uint64_t)INT64_MIN, INT64_MAX};
	case SK_TYPE_UINT8:
		return (struct range){0, UINT8_MAX};
	case SK_TYPE_UINT16:
	case SK_TYPE_PORT:
		return (struct range){0, UINT16_MAX};
	case SK_TYPE_UINT32:
		return (struct range){0, UINT32_MAX};
	default:
		/* Events are counted from 1. */
		return (struct range){term->field == SK_FIELD_EVT_NUM, UINT64_MAX};
	}
}

static bool number_fits(const struct sk_linter *linter, enum sk_type type, struct sk_lint_literal literal,
			uint64_t number)
{
	const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literal.predicate);
	uint32_t count, holds = 0;
	const uint32_t *constants = constants_of(linter, record, &count);

	if (linter->predicates[literal.predicate].opaque)
		return true;
	if (record->comparison == SK_OPERATOR_EXISTS)
		return literal.truth;
	for (uint32_t i = 0; i < count; i++)
		holds += sk_compare_number((enum sk_operator)record->comparison, type, number,
					   sk_ir_get_value(&linter->ir, constants[i]));
	return holds_often_enough(record, count, holds) == literal.truth;
}

static bool number_fits_all(const struct sk_linter *linter, const struct sk_lint_term *term,
			    const struct sk_lint_literal *literals, uint32_t count, uint64_t number)
{
	const enum sk_type type = (enum sk_type)term->type;
	const struct range range = range_of(term);

	if (!sk_compare_number(SK_OPERATOR_GE, type, number, range.first) ||
	    !sk_compare_number(SK_OPERATOR_LE, type, number, range.last))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!number_fits(linter, type, literals[i], number))
			return false;
	}
	return true;
}

static bool numbers_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			     const struct sk_lint_literal *literals, uint32_t count)
{
	const struct range range = range_of(term);
	const uint64_t constants_of_all = count_constants(linter, literals, count);

	if (!can_pay(linter, constants_of_all * constants_of_all / 8) ||
	    number_fits_all(linter, term, literals, count, range.first) ||
	    number_fits_all(linter, term, literals, count, range.last))
		return true;
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literals[i].predicate);
		uint32_t constant_count;
		const uint32_t *constants = constants_of(linter, record, &constant_count);

		if (linter->predicates[literals[i].predicate].opaque)
			continue;
		for (uint32_t k = 0; k < constant_count; k++) {
			const uint64_t number = sk_ir_get_value(&linter->ir, constants[k]);

			/* Beyond the range they wrap around into something that is tried in vain. */
			for (uint64_t beside = number - 1; beside != number + 2; beside++) {
				if (number_fits_all(linter, term, literals, count, beside))
					return true;
			}
		}
	}
	return false;
}

/* --- addresses ----------------------------------------------------------- */

static bool address_fits_all(const struct sk_linter *linter, enum sk_type type,
			     const struct sk_lint_literal *literals, uint32_t count,
			     const struct sk_address *address)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literals[i].predicate);
		uint32_t constant_count, holds = 0;
		const uint32_t *constants = constants_of(linter, record, &constant_count);

		if (linter->predicates[literals[i].predicate].opaque)
			continue;
		if (record->comparison == SK_OPERATOR_EXISTS) {
			if (!literals[i].truth)
				return false;
			continue;
		}
		for (uint32_t k = 0; k < constant_count; k++)
			holds += sk_compare_address((enum sk_operator)record->comparison, type, address,
						    sk_ir_get_address(&linter->ir, constants[k]));
		if (holds_often_enough(record, constant_count, holds) != literals[i].truth)
			return false;
	}
	return true;
}

/* The one behind it; of the last, the first. */
static void step(struct sk_address *address)
{
	for (unsigned i = address->length; i-- > 0;) {
		if (++address->bytes[i])
			return;
	}
}

static struct sk_address last_of(const struct sk_bundle_address *network, enum sk_type type)
{
	struct sk_address last = {.length = network->length};

	memcpy(last.bytes, network->bytes, sizeof(last.bytes));
	for (unsigned bit = network->prefix; type == SK_TYPE_IPNET && bit < network->length * 8u; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

/* What comparisons say changes where a network begins and behind where it ends. */
static bool addresses_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			       const struct sk_lint_literal *literals, uint32_t count)
{
	const enum sk_type type = (enum sk_type)term->type;
	const struct sk_address lowest[] = {{.length = 4}, {.length = 16}};
	const uint64_t constants_of_all = count_constants(linter, literals, count);

	if (!can_pay(linter, constants_of_all * constants_of_all / 8))
		return true;

	for (size_t i = 0; i < 2; i++) {
		if (address_fits_all(linter, type, literals, count, &lowest[i]))
			return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literals[i].predicate);
		uint32_t constant_count;
		const uint32_t *constants = constants_of(linter, record, &constant_count);

		if (linter->predicates[literals[i].predicate].opaque)
			continue;
		for (uint32_t k = 0; k < constant_count; k++) {
			const struct sk_bundle_address *network = sk_ir_get_address(&linter->ir, constants[k]);
			struct sk_address address = {.length = network->length};

			memcpy(address.bytes, network->bytes, sizeof(address.bytes));
			if (address_fits_all(linter, type, literals, count, &address))
				return true;
			address = last_of(network, type);
			step(&address);
			if (address_fits_all(linter, type, literals, count, &address))
				return true;
		}
	}
	return false;
}

bool sk_values_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			const struct sk_lint_literal *literals, uint32_t count)
{
	switch (sk_types[term->type].class) {
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		return numbers_possible(linter, term, literals, count);
	case SK_CLASS_ADDRESS:
		return addresses_possible(linter, term, literals, count);
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
	return true;
}
