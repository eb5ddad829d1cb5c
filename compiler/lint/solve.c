/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an event can make conditions true and others false at once.
 *
 *   claims ─► literals, asserted one by one ─► values (values.c), event types,
 *     │                                         presence: a contradiction?
 *     └─► disjunctions: those with one open branch follow, then one is chosen
 *         and its branches are tried in turn
 *
 * What is asserted is undone in the reverse order, from one log.  An answer is
 * IMPOSSIBLE only if every branch ended in a contradiction; whoever runs out of
 * steps answers POSSIBLE.
 *
 * What is reasoned with: a predicate that is true has a value on its left (and
 * right), and a transformer has one only if its arguments do; a field's values
 * obey all predicates on it; the event is of one type, which decides what
 * fields it has.
 */
#include <errno.h>
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/support/alloc.h"

enum {
	QUERY_WORK = 300 * 1000, /* steps of one question */
	QUERY_COST = 8,          /* of asking at all */
	DEPTH_LIMIT = 400,       /* choices that rest on each other */
	NESTING_LIMIT = 4096,    /* of nodes: what the compiler lets pass */
	TERM_LIMIT = 128,        /* predicates on one value that are looked at together */
};

enum truth { UNKNOWN, FALSE, TRUE };
enum presence { PRESENCE_OPEN, PRESENCE_THERE, PRESENCE_MISSING };

struct term_state {
	uint32_t last; /* number + 1 of the last literal on it, in `trail` */
	uint8_t presence;
};

struct step {
	uint32_t predicate;
	uint32_t before; /* the literal before it on the same term */
};

enum undo_kind { UNDO_LITERAL, UNDO_LISTED, UNDO_PRESENCE, UNDO_SETTLED };

struct undo {
	enum undo_kind kind;
	uint32_t number; /* predicate, term, or clause */
};

/* A disjunction, settled when a branch is true or was asserted: it is not looked at again before that is undone. */
struct clause {
	struct sk_lint_claim_of claim;
	bool settled;
};

struct sk_solver {
	uint8_t *assigned; /* enum truth, of each predicate */
	struct term_state *terms;
	struct step *trail; /* one a predicate at most */
	uint32_t trail_count;
	struct undo *log;
	uint32_t log_count, log_capacity;
	struct sk_lint_claim_of *pending;
	struct clause *clauses;
	uint32_t pending_count, pending_capacity, clause_count, clause_capacity;
	struct sk_types types;
	bool open_placeholders;
	uint8_t missing_company; /* nothing of it is there; 0: none in particular */
	uint64_t work;           /* steps left of this question */
	bool exhausted;
};

struct mark {
	uint32_t log, pending, clauses;
	struct sk_types types;
};

static struct mark mark(const struct sk_solver *solver)
{
	return (struct mark){solver->log_count, solver->pending_count, solver->clause_count, solver->types};
}

static void go_back(struct sk_linter *linter, const struct mark *mark)
{
	struct sk_solver *solver = linter->solver;

	while (solver->log_count > mark->log) {
		const struct undo *undo = &solver->log[--solver->log_count];

		switch (undo->kind) {
		case UNDO_LITERAL:
			solver->assigned[undo->number] = UNKNOWN;
			break;
		case UNDO_LISTED:
			solver->terms[undo->number].last = solver->trail[--solver->trail_count].before;
			break;
		case UNDO_PRESENCE:
			solver->terms[undo->number].presence = PRESENCE_OPEN;
			break;
		case UNDO_SETTLED:
			solver->clauses[undo->number].settled = false;
			break;
		}
	}
	solver->pending_count = mark->pending;
	solver->clause_count = mark->clauses;
	solver->types = mark->types;
}

static bool spend(struct sk_linter *linter, uint64_t steps)
{
	struct sk_solver *solver = linter->solver;

	if (solver->work < steps || linter->work < steps) {
		solver->exhausted = true;
		return false;
	}
	solver->work -= steps;
	linter->work -= steps;
	return true;
}

static bool grow(struct sk_linter *linter, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	void **items = array, *grown;
	uint32_t larger = *capacity ? *capacity * 2 : 256;

	if (count < *capacity)
		return true;
	grown = sk_realloc_array(*items, larger, size);
	if (!grown) {
		linter->out_of_memory = true;
		linter->solver->exhausted = true;
		return false;
	}
	*items = grown;
	*capacity = larger;
	return true;
}

static bool note(struct sk_linter *linter, enum undo_kind kind, uint32_t number)
{
	struct sk_solver *solver = linter->solver;

	if (!grow(linter, &solver->log, solver->log_count, &solver->log_capacity, sizeof(*solver->log)))
		return false;
	solver->log[solver->log_count++] = (struct undo){kind, number};
	return true;
}

static void push(struct sk_linter *linter, struct sk_lint_claim_of claim)
{
	struct sk_solver *solver = linter->solver;

	if (grow(linter, &solver->pending, solver->pending_count, &solver->pending_capacity,
		 sizeof(*solver->pending)))
		solver->pending[solver->pending_count++] = claim;
}

/* --- values -------------------------------------------------------------- */

/* True if the literal can be true for its constants at most. */
static bool pins(const struct sk_linter *linter, struct sk_lint_literal literal)
{
	const struct sk_lint_predicate *predicate = &linter->predicates[literal.predicate];
	const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literal.predicate);

	if (literal.truth)
		return predicate->finite;
	return record->comparison == SK_OPERATOR_NE && record->modifier != SK_MODIFIER_ONEOF &&
	       predicate->value_count > 0;
}

static bool candidate_fits_all(struct sk_linter *linter, const struct sk_lint_literal *literals, uint32_t count,
			       struct sk_lint_candidate candidate)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!sk_value_fits(linter, literals[i], candidate))
			return false;
	}
	return true;
}

static bool text_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			  const struct sk_lint_literal *literals, uint32_t count, bool newest_only)
{
	const struct sk_lint_predicate *least = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct sk_lint_predicate *predicate = &linter->predicates[literals[i].predicate];

		if (pins(linter, literals[i]) && (!least || predicate->value_count < least->value_count))
			least = predicate;
	}
	if (!least)
		return sk_texts_possible(linter, literals, count, newest_only);
	for (uint32_t i = 0; i < least->value_count; i++) {
		struct sk_lint_candidate candidate = {.string = least->values[i]};

		if (!spend(linter, count))
			return true;
		candidate.text = sk_ir_text(&linter->ir, candidate.string, &candidate.length);
		if (candidate_fits_all(linter, literals, count, candidate))
			return true;
		candidate.smuggled = term->nuls;
		if (candidate.smuggled && candidate_fits_all(linter, literals, count, candidate))
			return true;
	}
	return false;
}

static bool value_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			   const struct sk_lint_literal *literals, uint32_t count, bool newest_only)
{
	const enum sk_class class = sk_types[term->type].class;

	if (!spend(linter, count))
		return true;
	if (class == SK_CLASS_STRING || class == SK_CLASS_BYTES)
		return text_possible(linter, term, literals, count, newest_only);
	return sk_values_possible(linter, term, literals, count);
}

static bool is_not_equal(const struct sk_linter *linter, uint32_t predicate)
{
	return sk_ir_get_predicate(&linter->ir, predicate)->comparison == SK_OPERATOR_NE;
}

/*
 * Several values: what is true of some one must not be made impossible by what
 * is true of all.
 */
static bool some_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			  const struct sk_lint_literal *literals, uint32_t count)
{
	struct sk_lint_literal all[TERM_LIMIT + 1];
	const bool ends = term->shape == SK_LINT_SHAPE_ENDS;
	uint32_t all_count = 0, true_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		const bool of_all = ends && is_not_equal(linter, literals[i].predicate);

		true_count += literals[i].truth;
		if (literals[i].truth == of_all)
			all[all_count++] = literals[i];
	}
	if (!true_count)
		return true;
	if (ends && !value_possible(linter, term, all, all_count, false))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!literals[i].truth || (ends && is_not_equal(linter, literals[i].predicate)))
			continue;
		all[all_count] = literals[i];
		if (!value_possible(linter, term, all, all_count + 1, false))
			return false;
	}
	return true;
}

/* `newest_only`: without the literal that was listed last they were possible. */
static bool term_possible(struct sk_linter *linter, uint32_t number, bool newest_only)
{
	const struct sk_lint_term *term = &linter->terms[number];
	const struct sk_solver *solver = linter->solver;
	struct sk_lint_literal literals[TERM_LIMIT];
	uint32_t count = 0;

	if (solver->terms[number].presence != PRESENCE_THERE && !term->always)
		return true;
	for (uint32_t at = solver->terms[number].last; at; at = solver->trail[at - 1].before) {
		const uint32_t predicate = solver->trail[at - 1].predicate;

		if (count == TERM_LIMIT)
			return true;
		literals[count++] = (struct sk_lint_literal){predicate, solver->assigned[predicate] == TRUE};
	}
	switch ((enum sk_lint_shape)term->shape) {
	case SK_LINT_SHAPE_ONE:
		return value_possible(linter, term, literals, count, newest_only);
	case SK_LINT_SHAPE_SOME:
	case SK_LINT_SHAPE_ENDS:
		return some_possible(linter, term, literals, count);
	case SK_LINT_SHAPE_OPAQUE:
		break;
	}
	return true;
}

/* --- asserting ----------------------------------------------------------- */

/* The value of an expression is there: so are those that it is made of.  False: it cannot be. */
static bool assert_presence(struct sk_linter *linter, uint32_t number, int depth)
{
	const struct sk_ir_expression *expression = sk_ir_get_expression(&linter->ir, number);
	struct sk_solver *solver = linter->solver;
	struct term_state *state = &solver->terms[number];
	const uint32_t *arguments;
	uint32_t count;

	if (state->presence != PRESENCE_OPEN || expression->kind == SK_EXPRESSION_CONSTANT)
		return state->presence != PRESENCE_MISSING;
	if (solver->missing_company && linter->terms[number].company == solver->missing_company)
		return false;
	if (!note(linter, UNDO_PRESENCE, number))
		return true;
	state->presence = PRESENCE_THERE;
	sk_types_intersect(&solver->types, &linter->terms[number].types);
	if (!sk_types_any(&solver->types))
		return false;
	if (expression->arguments != SK_NONE && depth > 0) {
		arguments = sk_ir_get_run(&linter->ir, expression->arguments, &count);
		for (uint32_t i = 0; i < count; i++) {
			if (!assert_presence(linter, arguments[i], depth - 1))
				return false;
		}
	}
	return term_possible(linter, number, false);
}

static bool assert_absence(struct sk_linter *linter, uint32_t number)
{
	struct term_state *state = &linter->solver->terms[number];

	if (linter->terms[number].always || state->presence == PRESENCE_THERE)
		return false;
	if (state->presence == PRESENCE_OPEN && note(linter, UNDO_PRESENCE, number))
		state->presence = PRESENCE_MISSING;
	return true;
}

/* Lists the literal among those of its term. */
static bool list(struct sk_linter *linter, uint32_t number)
{
	struct sk_solver *solver = linter->solver;
	struct term_state *state = &solver->terms[linter->predicates[number].term];

	if (!note(linter, UNDO_LISTED, linter->predicates[number].term))
		return false;
	solver->trail[solver->trail_count++] = (struct step){number, state->last};
	state->last = solver->trail_count;
	return true;
}

/* False: it contradicts what was asserted before. */
static bool assert_literal(struct sk_linter *linter, uint32_t number, bool truth)
{
	const struct sk_lint_predicate *predicate = &linter->predicates[number];
	const bool exists = sk_ir_get_predicate(&linter->ir, number)->comparison == SK_OPERATOR_EXISTS;
	struct sk_solver *solver = linter->solver;

	/* Every place where one stands may be filled in otherwise. */
	if (predicate->placeholder && solver->open_placeholders)
		return true;
	if (solver->assigned[number] != UNKNOWN)
		return (solver->assigned[number] == TRUE) == truth;
	if (!spend(linter, 1) || !note(linter, UNDO_LITERAL, number))
		return true;
	solver->assigned[number] = truth ? TRUE : FALSE;
	sk_types_intersect(&solver->types, &predicate->types[truth]);
	if (!sk_types_any(&solver->types))
		return false;
	if (exists && !truth)
		return assert_absence(linter, predicate->term);
	if (!exists && !predicate->opaque && !list(linter, number))
		return true;
	if (truth && !assert_presence(linter, predicate->term, SK_EXPRESSION_DEPTH_LIMIT))
		return false;
	if (truth && predicate->right != SK_NONE &&
	    !assert_presence(linter, predicate->right, SK_EXPRESSION_DEPTH_LIMIT))
		return false;
	return exists || predicate->opaque || term_possible(linter, predicate->term, true);
}

/* --- searching ----------------------------------------------------------- */

static enum truth judge(struct sk_linter *linter, uint32_t number, int depth)
{
	uint32_t count;
	const struct sk_ir_node *node = sk_ir_get_node(&linter->ir, number, &count);
	enum truth child, result;
	bool all;

	if (!spend(linter, 1) || depth == 0)
		return UNKNOWN;
	switch ((enum sk_ir_node_kind)node->kind) {
	case SK_IR_PREDICATE:
		return (enum truth)linter->solver->assigned[node->operands[0]];
	case SK_IR_NOT:
		child = judge(linter, node->operands[0], depth - 1);
		return child == UNKNOWN ? UNKNOWN : child == TRUE ? FALSE : TRUE;
	case SK_IR_AND:
	case SK_IR_OR:
		all = node->kind == SK_IR_AND;
		result = all ? TRUE : FALSE;
		for (uint32_t i = 0; i < count; i++) {
			child = judge(linter, node->operands[i], depth - 1);
			if (child == (all ? FALSE : TRUE))
				return child;
			if (child == UNKNOWN)
				result = UNKNOWN;
		}
		return result;
	}
	return UNKNOWN;
}

/* Takes what is pending apart.  False: a contradiction. */
static bool work_off(struct sk_linter *linter)
{
	struct sk_solver *solver = linter->solver;

	while (solver->pending_count > 0 && !solver->exhausted) {
		const struct sk_lint_claim_of claim = solver->pending[--solver->pending_count];
		uint32_t count;
		const struct sk_ir_node *node = sk_ir_get_node(&linter->ir, claim.node, &count);

		switch ((enum sk_ir_node_kind)node->kind) {
		case SK_IR_PREDICATE:
			if (!assert_literal(linter, node->operands[0], claim.truth))
				return false;
			break;
		case SK_IR_NOT:
			push(linter, (struct sk_lint_claim_of){node->operands[0], !claim.truth});
			break;
		case SK_IR_AND:
		case SK_IR_OR:
			if (!spend(linter, 1))
				break;
			if ((node->kind == SK_IR_AND) == claim.truth) {
				/* The first one is taken off first. */
				for (uint32_t i = count; i-- > 0;)
					push(linter, (struct sk_lint_claim_of){node->operands[i], claim.truth});
			} else if (grow(linter, &solver->clauses, solver->clause_count, &solver->clause_capacity,
					sizeof(*solver->clauses))) {
				solver->clauses[solver->clause_count++] = (struct clause){claim, false};
			}
			break;
		}
	}
	return true;
}

/* How many branches of a disjunction are open; UINT32_MAX: one is true. */
static uint32_t count_open(struct sk_linter *linter, struct sk_lint_claim_of clause, uint32_t *ret_last)
{
	uint32_t count, open = 0;
	const struct sk_ir_node *node = sk_ir_get_node(&linter->ir, clause.node, &count);

	for (uint32_t i = 0; i < count; i++) {
		enum truth truth = judge(linter, node->operands[i], NESTING_LIMIT);

		if (truth == UNKNOWN) {
			open++;
			*ret_last = node->operands[i];
		} else if ((truth == TRUE) == clause.truth) {
			return UINT32_MAX;
		}
	}
	return open;
}

static void settle(struct sk_linter *linter, uint32_t clause)
{
	linter->solver->clauses[clause].settled = note(linter, UNDO_SETTLED, clause);
}

/*
 * Does what follows without a choice.  False: a contradiction.  Otherwise the
 * disjunction with the fewest open branches, SK_NONE if none is left.
 */
static bool propagate(struct sk_linter *linter, uint32_t *ret_clause)
{
	struct sk_solver *solver = linter->solver;

	for (;;) {
		uint32_t fewest = UINT32_MAX, only = SK_NONE;
		bool truth = false;

		if (!work_off(linter))
			return false;
		*ret_clause = SK_NONE;
		spend(linter, solver->clause_count / 16);
		for (uint32_t i = 0; i < solver->clause_count && fewest > 1 && !solver->exhausted; i++) {
			struct clause *clause = &solver->clauses[i];
			uint32_t last = SK_NONE, open;

			if (clause->settled)
				continue;
			open = count_open(linter, clause->claim, &last);
			if (open == UINT32_MAX)
				settle(linter, i);
			if (open == 0 && !solver->exhausted)
				return false;
			if (open < fewest) {
				fewest = open;
				*ret_clause = i;
				only = last;
				truth = clause->claim.truth;
			}
		}
		if (solver->exhausted || fewest != 1)
			return true;
		settle(linter, *ret_clause);
		push(linter, (struct sk_lint_claim_of){only, truth});
	}
}

/* True: nothing was found against it, and what was found for it stays asserted. */
static bool search(struct sk_linter *linter, int depth)
{
	struct sk_solver *solver = linter->solver;
	struct sk_lint_claim_of clause;
	const struct sk_ir_node *node;
	uint32_t chosen, count;

	if (!propagate(linter, &chosen))
		return false;
	if (solver->exhausted || chosen == SK_NONE || depth == 0)
		return true;
	clause = solver->clauses[chosen].claim;
	node = sk_ir_get_node(&linter->ir, clause.node, &count);
	for (uint32_t i = 0; i < count; i++) {
		const enum truth truth = judge(linter, node->operands[i], NESTING_LIMIT);
		struct mark before;

		if (truth != UNKNOWN && (truth == TRUE) == clause.truth)
			return search(linter, depth - 1);
		if (truth != UNKNOWN)
			continue;
		before = mark(solver);
		settle(linter, chosen);
		push(linter, (struct sk_lint_claim_of){node->operands[i], clause.truth});
		if (search(linter, depth - 1))
			return true;
		go_back(linter, &before);
		/* The other branches have it the other way: that one is through. */
		push(linter, (struct sk_lint_claim_of){node->operands[i], !clause.truth});
		if (!work_off(linter))
			return solver->exhausted;
	}
	return solver->exhausted;
}

static void exclude_type(struct sk_types *types, uint32_t type)
{
	types->words[type / 64] &= ~((uint64_t)1 << (type % 64));
}

static void subtract_types(struct sk_types *types, const struct sk_types *other)
{
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		types->words[i] &= ~other->words[i];
}

/* --- asking -------------------------------------------------------------- */

static enum sk_lint_answer answer_of(const struct sk_solver *solver, bool possible)
{
	if (solver->exhausted)
		return SK_LINT_UNDECIDED;
	return possible ? SK_LINT_POSSIBLE : SK_LINT_IMPOSSIBLE;
}

enum sk_lint_answer sk_solve_and_keep(struct sk_linter *linter, const struct sk_lint_question *question)
{
	const struct mark nothing = {.types = linter->seen};
	struct sk_solver *solver = linter->solver;

	go_back(linter, &nothing);
	solver->open_placeholders = question->open_placeholders;
	solver->missing_company = question->missing != SK_NONE ? linter->terms[question->missing].company : 0;
	solver->work = QUERY_WORK;
	solver->exhausted = false;
	for (uint32_t i = question->count; i-- > 0;) {
		if (question->claims[i].node == SK_NONE)
			return SK_LINT_UNDECIDED;
		push(linter, question->claims[i]);
	}
	/* For advice only: an event that has a parameter has its value, and nobody names his events after system calls. */
	if (solver->missing_company) {
		exclude_type(&solver->types, SK_EVENT_ASYNCEVENT_E);
		exclude_type(&solver->types, SK_EVENT_GENERIC_X);
		for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
			if (sk_events[type].flags & SK_EVENT_FLAG_OLD_VERSION)
				exclude_type(&solver->types, type);
		}
		if (linter->terms[question->missing].by_event)
			subtract_types(&solver->types, &linter->terms[question->missing].types);
	}
	if (!sk_types_any(&solver->types))
		return SK_LINT_IMPOSSIBLE;
	if ((question->present != SK_NONE &&
	     !assert_presence(linter, question->present, SK_EXPRESSION_DEPTH_LIMIT)) ||
	    (question->missing != SK_NONE && !assert_absence(linter, question->missing)))
		return answer_of(solver, false);
	return answer_of(solver, search(linter, DEPTH_LIMIT));
}

enum sk_lint_answer sk_solve(struct sk_linter *linter, const struct sk_lint_question *question)
{
	return sk_solve_and_keep(linter, question);
}

enum sk_lint_answer sk_solve_more(struct sk_linter *linter, struct sk_lint_claim_of claim)
{
	struct sk_solver *solver = linter->solver;
	const struct mark before = mark(solver);
	bool possible;

	if (claim.node == SK_NONE)
		return SK_LINT_UNDECIDED;
	solver->work = QUERY_WORK;
	if (solver->exhausted || !spend(linter, QUERY_COST))
		return SK_LINT_UNDECIDED;
	push(linter, claim);
	possible = search(linter, DEPTH_LIMIT);
	go_back(linter, &before);
	return answer_of(solver, possible);
}

int sk_solver_create(struct sk_linter *linter)
{
	struct sk_solver *solver = sk_alloc_zeroed(1, sizeof(*solver));

	linter->solver = solver;
	if (!solver)
		return -ENOMEM;
	solver->assigned = sk_alloc_zeroed((size_t)linter->ir.predicates.count + 1, sizeof(*solver->assigned));
	solver->terms = sk_alloc_zeroed((size_t)linter->ir.expressions.count + 1, sizeof(*solver->terms));
	solver->trail = sk_alloc_zeroed((size_t)linter->ir.predicates.count + 1, sizeof(*solver->trail));
	return solver->assigned && solver->terms && solver->trail ? 0 : -ENOMEM;
}

void sk_solver_destroy(struct sk_linter *linter)
{
	struct sk_solver *solver = linter->solver;

	if (!solver)
		return;
	sk_free(solver->assigned);
	sk_free(solver->terms);
	sk_free(solver->trail);
	sk_free(solver->log);
	sk_free(solver->pending);
	sk_free(solver->clauses);
	sk_free(solver);
	linter->solver = NULL;
}
