/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A condition as the words that it is written in, for who lays it out or
 * colours it.  Every byte that is not white space belongs to one word.
 *
 *   not ( proc.aname[2] in ( a , "b c" ) or m )
 *   NOT OPEN  FIELD OPERATOR LIST_OPEN VALUE COMMA VALUE LIST_CLOSE OR MACRO CLOSE
 */
#ifndef SK_GRAMMAR_WORDS_H
#define SK_GRAMMAR_WORDS_H

#include <stdint.h>

#include "grammar/source.h"

enum sk_word_kind {
	SK_WORD_AND,
	SK_WORD_OR,
	SK_WORD_NOT,
	SK_WORD_OPEN,  /* '(' of a group; what is glued to it is a word of its own */
	SK_WORD_CLOSE, /* its ')' */
	SK_WORD_FIELD, /* with its [argument] */
	SK_WORD_MACRO,
	SK_WORD_CALL,       /* `name(` of a transformer or val */
	SK_WORD_CALL_CLOSE, /* its ')', with the [argument] */
	SK_WORD_OPERATOR,
	SK_WORD_MODIFIER,
	SK_WORD_LIST_OPEN,
	SK_WORD_LIST_CLOSE,
	SK_WORD_COMMA,
	SK_WORD_VALUE, /* text, number, or the word behind a list operator */
};

struct sk_word {
	enum sk_word_kind kind;
	uint32_t begin, end; /* bytes of the text */
};

/*
 * The words of a condition, in `arena`.  Returns 0; -EINVAL if the text is
 * no condition by itself (lists are not substituted: one that stands for more
 * than values can make it so), nothing is reported; -ENOMEM.
 */
int sk_words_read(const struct sk_text *text, struct sk_arena *arena, struct sk_word **ret_words,
		  uint32_t *ret_count);

#endif
