/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions for those who help to write them: the tokens of a condition,
 * right or wrong, and what may stand where one ends.
 *
 *   evt.type = open and proc.na|
 *   └─left─┘ │ └word             └ OPERAND, word "proc.na"
 *            operator
 *
 * Both come from the lexer that the compiler uses.
 */
#ifndef SK_GRAMMAR_TOKENS_H
#define SK_GRAMMAR_TOKENS_H

#include "grammar/source.h"
#include "vm/schema/schema.h"

enum sk_lexeme {
	SK_LEXEME_FIELD,       /* without its [argument] */
	SK_LEXEME_ARGUMENT,    /* between the brackets */
	SK_LEXEME_TRANSFORMER, /* with its '('; `number` is an enum sk_transformer */
	SK_LEXEME_VALUE,       /* val( */
	SK_LEXEME_NAME,        /* of a macro */
	SK_LEXEME_OPERATOR,    /* `number` is an enum sk_operator */
	SK_LEXEME_MODIFIER,    /* `number` is an enum sk_modifier */
	SK_LEXEME_CONSTANT,    /* with its quotes */
	SK_LEXEME_WORD,        /* where a list is expected */
	SK_LEXEME_CONNECTIVE,  /* and, or, not */
};

struct sk_lexeme_place {
	enum sk_lexeme kind;
	uint32_t begin, end; /* bytes of the text */
	int number;          /* -1 unless said above */
};

/*
 * Calls `visit` for each lexeme of a condition in order, brackets and commas
 * left out.  What cannot be read is passed over up to the next `and` or `or`.
 * `arena` takes what reading needs.  Returns 0, what `visit` returned if that
 * was not 0, or -ENOMEM.
 */
int sk_condition_walk(const struct sk_text *text, struct sk_arena *arena,
		      int (*visit)(void *context, const struct sk_lexeme_place *lexeme), void *context);

enum sk_expected {
	SK_EXPECTED_NOTHING,    /* a mistake before it leaves that open */
	SK_EXPECTED_OPERAND,    /* a field, a transformer, a macro, not, '(' */
	SK_EXPECTED_ARGUMENT,   /* inside the [ ] of a field */
	SK_EXPECTED_OPERATOR,   /* behind a left side */
	SK_EXPECTED_VALUE,      /* one constant, a transformer or val() */
	SK_EXPECTED_LIST,       /* '(' or the name of a list */
	SK_EXPECTED_ITEM,       /* inside the ( ) of a list */
	SK_EXPECTED_FIELD,      /* inside val() */
	SK_EXPECTED_INPUT,      /* inside a transformer: a field, a transformer, a constant */
	SK_EXPECTED_CONNECTIVE, /* and, or */
};

struct sk_expectation {
	enum sk_expected expected;
	uint32_t word; /* where the word begins that the text ends in; its length if there is none */
	uint32_t left_begin, left_end; /* the left side of the comparison; equal without one */
	int comparison;                /* enum sk_operator; -1 without one */
};

/*
 * What may stand at the end of `text`, in place of the word that it ends in.
 * Returns 0 or -ENOMEM.
 */
int sk_condition_expect(const struct sk_text *text, struct sk_arena *arena, struct sk_expectation *ret_expectation);

#endif
