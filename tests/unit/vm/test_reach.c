/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three-valued evaluation against all assignments: random programs of few
 * predicates, some of them known.
 */
#include "vm/reach.h"

#include "tests/test.h"
#include "tests/unit/vm/random.h"
#include "vm/residual.h"

enum { PREDICATES = 7, SIZE = 14 };

/* What is known: enum sk_truth of each predicate. */
struct knowledge {
	enum sk_truth truth[PREDICATES];
};

static enum sk_truth known(const void *context, uint32_t predicate)
{
	return ((const struct knowledge *)context)->truth[predicate];
}

static void note(void *context, uint32_t predicate)
{
	*(unsigned *)context |= 1u << predicate;
}

static bool run(const struct sk_instruction *program, unsigned truth, unsigned *asked)
{
	for (const struct sk_instruction *at = program;; at++) {
		switch ((enum sk_op)at->op) {
		case SK_OP_JUMP_TRUE:
		case SK_OP_JUMP_FALSE:
			*asked |= 1u << at->operand;
			if ((truth >> at->operand & 1) == (at->op == SK_OP_JUMP_TRUE))
				at += at->jump;
			break;
		case SK_OP_JUMP:
			at += at->jump;
			break;
		case SK_OP_MATCH:
			return true;
		default:
			return false;
		}
	}
}

/*
 * `once`: no predicate twice.  The last two instructions are MATCH and FAIL,
 * and others may be in between.
 */
static uint32_t make_program(struct random *random, struct sk_instruction program[SIZE], bool once)
{
	uint32_t size = 3 + random_below(random, SIZE - 2), next = 0;

	for (uint32_t i = 0; i < size; i++) {
		uint32_t what = random_below(random, 12);
		/* Somewhere behind it. */
		uint16_t jump = i + 2 < size ? (uint16_t)random_below(random, size - i - 1) : 0;

		program[i] = (struct sk_instruction){.op = SK_OP_FAIL};
		if (i == size - 2 || (what == 0 && i > 1))
			program[i].op = SK_OP_MATCH;
		else if (i == size - 1 || (what == 1 && i > 1))
			program[i].op = SK_OP_FAIL;
		else if (what == 2)
			program[i] = (struct sk_instruction){.op = SK_OP_JUMP, .jump = jump};
		else if (!once || next < PREDICATES)
			program[i] = (struct sk_instruction){.op = what % 2 ? SK_OP_JUMP_TRUE : SK_OP_JUMP_FALSE,
							     .jump = jump,
							     .operand = once ? next++
									     : random_below(random, PREDICATES)};
	}
	return size;
}

/* Every assignment that agrees with what is known. */
static unsigned ends_of(const struct sk_instruction *program, const struct knowledge *knowledge, unsigned *asked)
{
	unsigned ends = 0;

	for (unsigned truth = 0; truth < 1u << PREDICATES; truth++) {
		bool agrees = true;

		for (unsigned i = 0; i < PREDICATES; i++)
			agrees &= knowledge->truth[i] == SK_TRUTH_UNKNOWN ||
				  (knowledge->truth[i] == SK_TRUTH_TRUE) == (truth >> i & 1);
		if (agrees)
			ends |= run(program, truth, asked) ? SK_REACH_MATCH : SK_REACH_FAIL;
	}
	return ends;
}

static void compare(bool once, int programs)
{
	struct random random = {random_seed() + once};
	unsigned certain = 0, open_ones = 0;

	for (int i = 0; i < programs; i++) {
		struct sk_instruction program[SIZE];
		uint32_t size = make_program(&random, program, once);
		unsigned asked = 0, open = 0, expected, reach, unknown = 0;
		struct knowledge knowledge;
		uint8_t scratch[SIZE];

		for (unsigned k = 0; k < PREDICATES; k++) {
			knowledge.truth[k] = (enum sk_truth)random_below(&random, 3);
			unknown |= (knowledge.truth[k] == SK_TRUTH_UNKNOWN) << k;
		}
		memset(scratch, 0xaa, sizeof(scratch));
		expected = ends_of(program, &knowledge, &asked);
		reach = sk_reach(program, size, known, &knowledge, note, &open, scratch);
		/* Nothing that can happen is overlooked; what is met once is told exactly. */
		CHECK_EQUAL(reach & expected, expected);
		CHECK_EQUAL(open & asked & unknown, asked & unknown);
		CHECK_EQUAL(open & ~unknown, 0);
		if (once) {
			CHECK_EQUAL(reach, expected);
			CHECK_EQUAL(open, asked & unknown);
		}
		CHECK_EQUAL(sk_reach(program, size, known, &knowledge, NULL, NULL, scratch), reach);
		certain += reach != SK_REACH_OPEN;
		open_ones += reach == SK_REACH_OPEN;
	}
	CHECK(certain > (unsigned)programs / 10);
	CHECK(open_ones > (unsigned)programs / 10);
}

TEST(every_end_of_a_program_that_asks_once_is_told_exactly)
{
	compare(true, 20000);
}

TEST(a_program_that_asks_twice_has_no_end_that_is_not_told)
{
	compare(false, 20000);
}

TEST(with_all_known_it_is_plain_evaluation)
{
	struct random random = {random_seed()};

	for (int i = 0; i < 5000; i++) {
		struct sk_instruction program[SIZE];
		uint32_t size = make_program(&random, program, false);
		unsigned truth = random_below(&random, 1u << PREDICATES), asked = 0, open = 0;
		struct knowledge knowledge;
		uint8_t scratch[SIZE];

		for (unsigned k = 0; k < PREDICATES; k++)
			knowledge.truth[k] = truth >> k & 1 ? SK_TRUTH_TRUE : SK_TRUTH_FALSE;
		CHECK_EQUAL(sk_reach(program, size, known, &knowledge, note, &open, scratch),
			    run(program, truth, &asked) ? SK_REACH_MATCH : SK_REACH_FAIL);
		CHECK_EQUAL(open, 0);
	}
}

/* What sk_residual() says has to be asked. */
struct rest {
	struct {
		bool asked;
		uint32_t predicate, next, jump;
	} at[SIZE];
};

static void note_rest(void *context, uint32_t at, uint32_t predicate, uint32_t next, uint32_t jump)
{
	struct rest *rest = context;

	CHECK(at < SIZE && !rest->at[at].asked && next != jump);
	rest->at[at].asked = true;
	rest->at[at].predicate = predicate;
	rest->at[at].next = next;
	rest->at[at].jump = jump;
}

static uint32_t run_rest(const struct rest *rest, const struct sk_instruction *program, uint32_t end,
			 unsigned truth)
{
	while (end >= SK_END_FIRST) {
		uint32_t at = end - SK_END_FIRST;

		CHECK(rest->at[at].asked);
		if (!rest->at[at].asked)
			break;
		end = (truth >> rest->at[at].predicate & 1) == (program[at].op == SK_OP_JUMP_TRUE)
			      ? rest->at[at].jump
			      : rest->at[at].next;
	}
	return end;
}

TEST(what_is_left_of_a_program_decides_as_the_whole)
{
	struct random random = {random_seed()};
	unsigned decided = 0;

	for (int i = 0; i < 5000; i++) {
		struct sk_instruction program[SIZE];
		uint32_t size = make_program(&random, program, i % 2), end, ends[SIZE + 1];
		struct knowledge knowledge;
		struct rest rest = {0};
		uint8_t scratch[SIZE + 1];
		unsigned unused = 0;

		for (unsigned k = 0; k < PREDICATES; k++)
			knowledge.truth[k] = (enum sk_truth)random_below(&random, 3);
		memset(scratch, 0xaa, sizeof(scratch));
		end = sk_residual(program, size, known, &knowledge, note_rest, &rest, scratch, ends);
		decided += end < SK_END_FIRST;
		for (unsigned k = 0; k < SIZE; k++)
			CHECK(!rest.at[k].asked || knowledge.truth[rest.at[k].predicate] == SK_TRUTH_UNKNOWN);
		for (unsigned truth = 0; truth < 1u << PREDICATES; truth++) {
			bool agrees = true;

			for (unsigned k = 0; k < PREDICATES; k++)
				agrees &= knowledge.truth[k] == SK_TRUTH_UNKNOWN ||
					  (knowledge.truth[k] == SK_TRUTH_TRUE) == (truth >> k & 1);
			if (agrees)
				CHECK_EQUAL(run_rest(&rest, program, end, truth) == SK_END_MATCH,
					    run(program, truth, &unused));
		}
	}
	CHECK(decided > 500 && decided < 4500);
}

/* clang-format off */
TEST_MAIN(
	RUN(every_end_of_a_program_that_asks_once_is_told_exactly)
	RUN(a_program_that_asks_twice_has_no_end_that_is_not_told)
	RUN(with_all_known_it_is_plain_evaluation)
	RUN(what_is_left_of_a_program_decides_as_the_whole)
)
/* clang-format on */
