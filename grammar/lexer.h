/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as tokens.  Private to grammar/.
 *
 * The language has no token stream of its own: what a word means depends on
 * where the parser stands (spec/rule-language.md section 2.1).  The lexer is
 * therefore a small state machine that knows what was read last:
 *
 *   OPERAND ── field ──► SUBSCRIPT ──► OPERATOR ──► TEXT, NUMBER or LIST ─┐
 *      ▲  └─── name ──────────────────────────────────────────────────► CONNECTIVE
 *      └────────────────────── and, or ◄──────────────────────────────────┘
 *
 * and a stack of open brackets says where to go on when one closes.  All
 * accidents of the reference's scanner live here, so that the grammar
 * (condition.y) stays that of section 2.2.
 *
 * Invariant: `depth` is the number of parse functions the reference would have
 * entered at this byte; brackets remember it, so closing one restores it.
 */
#ifndef SK_GRAMMAR_LEXER_H
#define SK_GRAMMAR_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "grammar/diagnostic.h"
#include "grammar/source.h"

enum sk_lexer_state {
	SK_LEXER_OPERAND,       /* a check, `not` or '(' */
	SK_LEXER_NEGATED,       /* the same right behind `not` */
	SK_LEXER_CHECK,         /* behind `not` and a backspace: a check or '(' */
	SK_LEXER_ALONE,         /* a field or transformer, nothing else */
	SK_LEXER_SUBSCRIPT,     /* right behind a field or a transformer: '[' ? */
	SK_LEXER_ARGUMENT,      /* right behind that '[' */
	SK_LEXER_ARGUMENT_END,  /* ']' */
	SK_LEXER_OPERATOR,      /* behind a left side */
	SK_LEXER_MODIFIER,      /* behind `= ` or `contains `: oneof, anyof, allof ? */
	SK_LEXER_TEXT,          /* right side of a text operator */
	SK_LEXER_NUMBER,        /* right side of an ordering operator */
	SK_LEXER_LIST,          /* right side of a list operator */
	SK_LEXER_MODIFIED_LIST, /* behind a modifier */
	SK_LEXER_FIRST_ITEM,    /* behind the '(' of a list */
	SK_LEXER_ITEM,          /* behind a ',' in a list */
	SK_LEXER_ITEM_END,      /* ',' or ')' */
	SK_LEXER_VALUE_FIELD,   /* behind `val(` */
	SK_LEXER_VALUE_END,     /* ')' */
	SK_LEXER_INPUT,         /* an argument of a transformer */
	SK_LEXER_INPUT_END,     /* ',' or ')' */
	SK_LEXER_FIRST_MEMBER,  /* behind a '(' among those arguments */
	SK_LEXER_MEMBER,        /* behind a ',' in there */
	SK_LEXER_MEMBER_END,    /* ',' or ')' */
	SK_LEXER_CONNECTIVE,    /* behind a check: and, or, ')' */
	SK_LEXER_DONE,          /* behind what ALONE asked for */
};

enum sk_bracket_kind {
	SK_BRACKET_GROUP,
	SK_BRACKET_TRANSFORMER,
	SK_BRACKET_MEMBERS,
	SK_BRACKET_LIST,
	SK_BRACKET_VALUE
};

struct sk_bracket {
	uint8_t kind;    /* enum sk_bracket_kind */
	uint8_t resume;  /* enum sk_lexer_state behind it and its subscript */
	uint32_t begin;  /* of the '(' or the name before it */
	uint32_t depth;  /* before it was opened */
	uint32_t inside; /* depth right behind it */
};

/* What lemon keeps for a terminal. */
struct sk_token {
	uint32_t begin, end;
	const char *text; /* FIELD, NAME, CONSTANT, WORD, ARGUMENT: NUL-terminated, unescaped */
	uint32_t length;
	int number;   /* operator, modifier or transformer */
	bool doubled; /* `=` that was written `==` */
};

/* Returned instead of a token number; the reason was reported. */
enum { SK_TOKEN_INVALID = -1 };

struct sk_lexer {
	const struct sk_text *text;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics; /* NULL: report nothing */
	const unsigned char *cursor, *limit;
	enum sk_lexer_state state, resume;
	struct sk_bracket *brackets;
	uint32_t bracket_count, bracket_capacity;
	uint32_t outer; /* brackets that a syntax error left behind: their ')' is not reported */
	uint32_t depth, depth_limit;
	uint32_t depth_outside;        /* of any group */
	uint32_t last_begin, last_end; /* of the last token */
	int last_number;
	uint32_t errors;
	const char *complaint; /* the first report, if nobody else is told and `keep_complaint` */
	bool keep_complaint;
	bool no_subscript; /* ALONE: stop before a '[' behind the outermost name */
	bool fatal;        /* nothing more can be read: too deep, too many errors, no memory */
	bool out_of_memory;
};

/*
 * Starts at byte `from`.  `state` is OPERAND for a condition or ALONE for one
 * left side.
 */
void sk_lexer_init(struct sk_lexer *lexer, const struct sk_text *text, uint32_t from, enum sk_lexer_state state,
		   uint32_t depth_limit, struct sk_arena *arena, struct sk_diagnostics *diagnostics);

/* The next token's number (condition.h), 0 at the end, or SK_TOKEN_INVALID. */
int sk_lexer_next(struct sk_lexer *lexer, struct sk_token *ret_token);

/*
 * After a syntax error: goes on behind the next `and` or `or` outside of
 * whatever was open.  False if there is none.
 */
bool sk_lexer_recover(struct sk_lexer *lexer);

/* Reports; `hint` may be NULL.  The span is bytes begin..end of the text. */
void sk_lexer_report(struct sk_lexer *lexer, uint32_t begin, uint32_t end, const char *hint, const char *format,
		     ...) __attribute__((format(printf, 5, 6)));

/* Reports what stands at `begin` against what the state expects there. */
void sk_lexer_report_unexpected(struct sk_lexer *lexer, uint32_t begin);

#endif
