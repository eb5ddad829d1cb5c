/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer of conditions: grammar/lexer.h says what its states are.
 *
 * Every rule stands in the state or states in which the reference tries that
 * lexeme, so nothing is a keyword anywhere else.  re2c takes the longest match
 * and, of equal ones, the first rule; where the reference takes the first that
 * fits instead, a note says why both agree.
 */
#include "grammar/lexer.h"

#include <assert.h>
#include <string.h>

#include "grammar/condition.h"
#include "grammar/escape.h"
#include "vm/schema/schema.h"

static uint32_t offset_of(const struct sk_lexer *lexer, const unsigned char *byte)
{
	return (uint32_t)(byte - (const unsigned char *)lexer->text->bytes);
}

static int out_of_memory(struct sk_lexer *lexer)
{
	lexer->out_of_memory = lexer->fatal = true;
	return SK_TOKEN_INVALID;
}

/* --- depth and brackets ------------------------------------------------ */

/* Enters `levels` parse functions of the reference; false if that is too deep. */
static bool go_deeper(struct sk_lexer *lexer, uint32_t levels, uint32_t begin)
{
	lexer->depth += levels;
	if (lexer->depth < lexer->depth_limit)
		return true;
	if (!lexer->fatal)
		sk_lexer_report(lexer, begin, begin + 1, "nest fewer parentheses, or move parts into macros",
				"exceeded max depth limit of %u", lexer->depth_limit);
	lexer->fatal = true;
	return false;
}

static bool open_bracket(struct sk_lexer *lexer, enum sk_bracket_kind kind, enum sk_lexer_state resume, uint32_t begin,
			 uint32_t levels)
{
	if (lexer->bracket_count == lexer->bracket_capacity) {
		uint32_t capacity = lexer->bracket_capacity ? lexer->bracket_capacity * 2 : 32;
		struct sk_bracket *brackets = sk_arena_alloc(lexer->arena, capacity * sizeof(*brackets));

		if (!brackets) {
			out_of_memory(lexer);
			return false;
		}
		if (lexer->bracket_count)
			memcpy(brackets, lexer->brackets, lexer->bracket_count * sizeof(*brackets));
		lexer->brackets = brackets;
		lexer->bracket_capacity = capacity;
	}
	lexer->brackets[lexer->bracket_count++] = (struct sk_bracket){
		.kind = (uint8_t)kind,
		.resume = (uint8_t)resume,
		.begin = begin,
		.depth = lexer->depth,
		.inside = lexer->depth + levels,
	};
	return go_deeper(lexer, levels, begin);
}

static struct sk_bracket close_bracket(struct sk_lexer *lexer)
{
	struct sk_bracket bracket;

	assert(lexer->bracket_count > 0);
	bracket = lexer->brackets[--lexer->bracket_count];
	lexer->depth = bracket.depth;
	if (lexer->outer > lexer->bracket_count)
		lexer->outer = lexer->bracket_count;
	return bracket;
}

/* Goes on behind an operand; the reference parses a check's rest one level down. */
static bool resume_at(struct sk_lexer *lexer, enum sk_lexer_state state)
{
	lexer->state = state;
	if (state == SK_LEXER_OPERATOR)
		return go_deeper(lexer, 1, lexer->last_begin);
	if (state == SK_LEXER_CONNECTIVE)
		lexer->depth--;
	return true;
}

/* Behind a field or a transformer: perhaps a subscript, then `resume`. */
static void expect_subscript(struct sk_lexer *lexer, enum sk_lexer_state resume)
{
	lexer->resume = resume;
	lexer->state = SK_LEXER_SUBSCRIPT;
}

/* --- tokens ------------------------------------------------------------ */

static int emit(struct sk_lexer *lexer, struct sk_token *token, int number, const unsigned char *begin,
		const unsigned char *end)
{
	token->begin = lexer->last_begin = offset_of(lexer, begin);
	token->end = lexer->last_end = offset_of(lexer, end);
	lexer->last_number = number;
	return number;
}

static int emit_text(struct sk_lexer *lexer, struct sk_token *token, int number, const unsigned char *begin,
		     const unsigned char *end)
{
	token->length = (uint32_t)(end - begin);
	token->text = sk_arena_copy(lexer->arena, (const char *)begin, token->length);
	if (!token->text)
		return out_of_memory(lexer);
	return emit(lexer, token, number, begin, end);
}

static void report_escape(struct sk_lexer *lexer, uint32_t body, char quote, const struct sk_escape_error *error)
{
	uint32_t begin = body + error->begin, end = body + error->end;

	switch (error->fault) {
	case SK_ESCAPE_QUOTE:
		sk_lexer_report(lexer, begin, end, "the other kind of quote needs no backslash",
				"invalid escape '%.2s' inside %c...%c quotes", lexer->text->bytes + begin, quote, quote);
		break;
	case SK_ESCAPE_HEXADECIMAL:
		sk_lexer_report(lexer, begin, end, "exactly two digits follow, as in \\x0a",
				"invalid escape: '\\x' without two hexadecimal digits");
		break;
	case SK_ESCAPE_UNKNOWN:
		sk_lexer_report(lexer, begin, end, "a backslash itself is written '\\\\'",
				"unsupported escape '%.2s'", lexer->text->bytes + begin);
		break;
	case SK_ESCAPE_NONE:
		break;
	}
}

/*
 * A quoted string, with its quotes.  A wrong escape is reported and reading
 * goes on: nothing else is in doubt.
 */
static int emit_quoted(struct sk_lexer *lexer, struct sk_token *token, int number, const unsigned char *begin,
		       const unsigned char *end)
{
	uint32_t length = (uint32_t)(end - begin) - 2;
	char *bytes = sk_arena_alloc(lexer->arena, (size_t)length + 1);
	struct sk_escape_error error;

	if (!bytes)
		return out_of_memory(lexer);
	token->length = sk_unescape((char)*begin, (const char *)begin + 1, length, bytes, &error);
	token->text = bytes;
	if (error.fault != SK_ESCAPE_NONE)
		report_escape(lexer, offset_of(lexer, begin) + 1, (char)*begin, &error);
	return emit(lexer, token, number, begin, end);
}

/*
 * Accident: the reference swallows every error of a list's first element and
 * takes the list for empty if ')' comes next.  So `in ("\q")` loads, as a list
 * that nothing is in.
 */
static bool is_swallowed(struct sk_lexer *lexer, const unsigned char *begin, const unsigned char *end)
{
	uint32_t length = (uint32_t)(end - begin) - 2;
	struct sk_escape_error error;
	char *bytes;

	if (end >= lexer->limit || *end != ')' || !memchr(begin, '\\', (size_t)(end - begin)))
		return false;
	bytes = sk_arena_alloc(lexer->arena, (size_t)length + 1);
	if (!bytes) {
		out_of_memory(lexer);
		return false;
	}
	sk_unescape((char)*begin, (const char *)begin + 1, length, bytes, &error);
	if (error.fault == SK_ESCAPE_NONE)
		return false;
	if (lexer->diagnostics)
		sk_diagnostics_add(lexer->diagnostics, SK_DIAGNOSTIC_CONDITION_WARNING,
				   sk_text_span(lexer->text, offset_of(lexer, begin), offset_of(lexer, end)),
				   "a backslash itself is written '\\\\'",
				   "the invalid escape in this element makes the whole list empty");
	return true;
}

static int transformer_named(const unsigned char *name, size_t length)
{
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++)
		if (strlen(sk_transformers[i].text) == length && memcmp(sk_transformers[i].text, name, length) == 0)
			return i;
	return -1;
}

static int emit_operator(struct sk_lexer *lexer, struct sk_token *token, enum sk_operator operator,
			 enum sk_lexer_state next, const unsigned char *begin)
{
	static const int tokens[] = {
		[SK_OPERANDS_NONE] = SK_TOKEN_EXISTS,
		[SK_OPERANDS_NUMBER] = SK_TOKEN_ORDERING,
		[SK_OPERANDS_TEXT] = SK_TOKEN_COMPARISON,
		[SK_OPERANDS_LIST] = SK_TOKEN_MEMBERSHIP,
	};
	size_t length = strlen(sk_operators[operator].text);

	token->number = operator;
	if (operator == SK_OPERATOR_EQ && begin + 1 < lexer->limit && begin[1] == '=') {
		token->doubled = true;
		length++;
	}
	resume_at(lexer, next);
	return emit(lexer, token, tokens[sk_operators[operator].operands], begin, begin + length);
}

/* `name(` where a transformer may stand: opens it, and true, if it is one. */
static bool open_transformer(struct sk_lexer *lexer, struct sk_token *token, const unsigned char *begin,
			     const unsigned char *end, enum sk_lexer_state resume)
{
	token->number = transformer_named(begin, (size_t)(end - begin) - 1);
	if (token->number < 0)
		return false;
	emit(lexer, token, SK_TOKEN_TRANSFORMER, begin, end);
	lexer->state = SK_LEXER_INPUT;
	open_bracket(lexer, SK_BRACKET_TRANSFORMER, resume, token->begin, 2);
	return true;
}

static bool is_value(const unsigned char *begin, const unsigned char *end)
{
	return end - begin == 4 && memcmp(begin, "val(", 4) == 0;
}

static int open_value(struct sk_lexer *lexer, struct sk_token *token, const unsigned char *begin,
		      const unsigned char *end)
{
	emit(lexer, token, SK_TOKEN_VALUE, begin, end);
	lexer->state = SK_LEXER_VALUE_FIELD;
	open_bracket(lexer, SK_BRACKET_VALUE, SK_LEXER_CONNECTIVE, token->begin, 0);
	return SK_TOKEN_VALUE;
}

/* A '(' of a group; `levels` as the reference enters them for this kind. */
static int open_group(struct sk_lexer *lexer, struct sk_token *token, int number, uint32_t levels,
		      const unsigned char *begin, const unsigned char *end)
{
	emit(lexer, token, number, begin, end);
	lexer->state = SK_LEXER_OPERAND;
	open_bracket(lexer, SK_BRACKET_GROUP, SK_LEXER_CONNECTIVE, token->end - 1, levels);
	return number;
}

static int unexpected(struct sk_lexer *lexer, const unsigned char *begin)
{
	lexer->cursor = begin;
	sk_lexer_report_unexpected(lexer, offset_of(lexer, begin));
	return SK_TOKEN_INVALID;
}

/*
 * Levels that the reference enters.  Before an operand: or, and, not, check.
 * A group in place of a check adds its own and those again; one glued to a
 * word starts from where that word is handled.
 */
enum { LEVELS_OPERAND = 4, LEVELS_GROUP = 5, LEVELS_NOT_GROUP = 4, LEVELS_AND_GROUP = 3, LEVELS_OR_GROUP = 2 };

void sk_lexer_init(struct sk_lexer *lexer, const struct sk_text *text, uint32_t from, enum sk_lexer_state state,
		   uint32_t depth_limit, struct sk_arena *arena, struct sk_diagnostics *diagnostics)
{
	assert(from <= text->length && text->bytes[text->length] == '\0');
	*lexer = (struct sk_lexer){
		.text = text,
		.arena = arena,
		.diagnostics = diagnostics,
		.cursor = (const unsigned char *)text->bytes + from,
		.limit = (const unsigned char *)text->bytes + text->length,
		.state = state,
		.depth_limit = depth_limit,
		.last_begin = from,
		.last_end = from,
	};
	if (state == SK_LEXER_OPERAND)
		go_deeper(lexer, LEVELS_OPERAND, from);
	lexer->depth_outside = lexer->depth;
}

static int next_token(struct sk_lexer *lexer, struct sk_token *token)
{
	const unsigned char *cursor = lexer->cursor, *limit = lexer->limit, *marker = cursor, *begin;
	int number;

/* What was matched is used up: the state machine goes on behind it. */
#define TAKE() (lexer->cursor = cursor)
#define AGAIN() do { TAKE(); goto again; } while (0)
#define TOKEN(call) do { TAKE(); return (call); } while (0)

again:
	begin = cursor;
	/*!re2c
	re2c:define:YYCTYPE = "unsigned char";
	re2c:define:YYCURSOR = cursor;
	re2c:define:YYLIMIT = limit;
	re2c:define:YYMARKER = marker;
	re2c:define:YYGETCONDITION = "lexer->state";
	re2c:define:YYGETCONDITION:naked = 1;
	re2c:condenumprefix = SK_LEXER_;
	re2c:yyfill:enable = 0;
	re2c:eof = 0;

	// White space as the scanner skips it, and as its patterns mean it: the
	// first has a backspace, the second vertical tab and form feed.
	blank  = [ \t\b\r\n]+;
	spaces = [ \t\n\r\f\v]+;

	word     = [a-zA-Z] [a-zA-Z0-9_]*;
	field    = word ("." word)+;
	number   = "0" [xX] [0-9a-fA-F]+ | [+-]? [0-9]+ "."? [0-9]* ([eE] [+-] [0-9]+)?;
	// A bare string may hold backspaces but cannot begin with one: they were skipped as blanks.
	bare     = [^()"'\x20\t\n\r\f\v=,\b] [^()"'\x20\t\n\r\f\v=,]*;
	bracketed = [^\][\x22\x27\x20\t\n\r\f\v]+;
	// A quote behind a backslash never ends the string, whatever stands before that backslash.
	quoted   = ["] ([^"\\] | "\\"+ [^\\])* ["] | ['] ([^'\\] | "\\"+ [^\\])* ['];
	modifier = "oneof" | "anyof" | "allof";

	<OPERAND, CHECK, OPERATOR, TEXT, NUMBER, LIST, FIRST_ITEM, ITEM, ITEM_END, VALUE_FIELD, VALUE_END, INPUT, INPUT_END, FIRST_MEMBER, MEMBER, MEMBER_END, CONNECTIVE> blank {
		AGAIN();
	}
	// Skipped where the reference skips it and then no longer looks for `not`.
	<NEGATED> blank {
		lexer->state = SK_LEXER_CHECK;
		AGAIN();
	}

	// --- left side ---

	<OPERAND, NEGATED> "not" spaces {
		lexer->state = SK_LEXER_NEGATED;
		TOKEN(emit(lexer, token, SK_TOKEN_NOT, begin, begin + 3));
	}
	<OPERAND, NEGATED> "not(" {
		TOKEN(open_group(lexer, token, SK_TOKEN_NOT_OPEN, LEVELS_NOT_GROUP, begin, cursor));
	}
	<OPERAND, NEGATED, CHECK> "(" {
		TOKEN(open_group(lexer, token, SK_TOKEN_OPEN, LEVELS_GROUP, begin, cursor));
	}
	<OPERAND, NEGATED, CHECK> field {
		expect_subscript(lexer, SK_LEXER_OPERATOR);
		TOKEN(emit_text(lexer, token, SK_TOKEN_FIELD, begin, cursor));
	}
	<OPERAND, NEGATED, CHECK> word "(" {
		if (open_transformer(lexer, token, begin, cursor, SK_LEXER_OPERATOR))
			TOKEN(SK_TOKEN_TRANSFORMER);
		cursor--;
		lexer->state = SK_LEXER_CONNECTIVE;
		TOKEN(emit_text(lexer, token, SK_TOKEN_NAME, begin, cursor));
	}
	<OPERAND, NEGATED, CHECK> word {
		lexer->state = SK_LEXER_CONNECTIVE;
		TOKEN(emit_text(lexer, token, SK_TOKEN_NAME, begin, cursor));
	}
	<ALONE> field {
		expect_subscript(lexer, SK_LEXER_DONE);
		TOKEN(emit_text(lexer, token, SK_TOKEN_FIELD, begin, cursor));
	}
	<ALONE> word "(" {
		if (!open_transformer(lexer, token, begin, cursor, SK_LEXER_DONE))
			return unexpected(lexer, begin);
		TOKEN(SK_TOKEN_TRANSFORMER);
	}

	// --- [argument] ---

	<SUBSCRIPT> "[" {
		if (lexer->resume == SK_LEXER_DONE && lexer->no_subscript) {
			cursor = begin;
			lexer->state = SK_LEXER_DONE;
			AGAIN();
		}
		lexer->state = SK_LEXER_ARGUMENT;
		TOKEN(emit(lexer, token, SK_TOKEN_SUBSCRIPT, begin, cursor));
	}
	<SUBSCRIPT> $ {
		goto no_subscript;
	}
	<SUBSCRIPT> * {
no_subscript:
		cursor = begin;
		if (!resume_at(lexer, lexer->resume))
			return SK_TOKEN_INVALID;
		AGAIN();
	}
	<ARGUMENT> quoted {
		lexer->state = SK_LEXER_ARGUMENT_END;
		TOKEN(emit_quoted(lexer, token, SK_TOKEN_ARGUMENT, begin, cursor));
	}
	<ARGUMENT> bracketed {
		lexer->state = SK_LEXER_ARGUMENT_END;
		TOKEN(emit_text(lexer, token, SK_TOKEN_ARGUMENT, begin, cursor));
	}
	<ARGUMENT_END> "]" {
		emit(lexer, token, SK_TOKEN_SUBSCRIPT_END, begin, cursor);
		resume_at(lexer, lexer->resume);
		TOKEN(SK_TOKEN_SUBSCRIPT_END);
	}

	// --- operators ---
	//
	// Symbols and `exists`, `in`, `intersects`, `pmatch` are plain prefixes of
	// what stands there (`existsand`, `inmylist`); the others need a blank.
	// No operator with a blank is longer than one without that it begins with,
	// so the longest match is also the one the reference tries first.

	<OPERATOR> "exists"     { TOKEN(emit_operator(lexer, token, SK_OPERATOR_EXISTS, SK_LEXER_CONNECTIVE, begin)); }
	<OPERATOR> "<="         { TOKEN(emit_operator(lexer, token, SK_OPERATOR_LE, SK_LEXER_NUMBER, begin)); }
	<OPERATOR> "<"          { TOKEN(emit_operator(lexer, token, SK_OPERATOR_LT, SK_LEXER_NUMBER, begin)); }
	<OPERATOR> ">="         { TOKEN(emit_operator(lexer, token, SK_OPERATOR_GE, SK_LEXER_NUMBER, begin)); }
	<OPERATOR> ">"          { TOKEN(emit_operator(lexer, token, SK_OPERATOR_GT, SK_LEXER_NUMBER, begin)); }
	// Only a blank behind the operator lets a modifier follow.
	<OPERATOR> "="|"=="       { TOKEN(emit_operator(lexer, token, SK_OPERATOR_EQ, SK_LEXER_TEXT, begin)); }
	<OPERATOR> ("="|"==") blank { TOKEN(emit_operator(lexer, token, SK_OPERATOR_EQ, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "!="         { TOKEN(emit_operator(lexer, token, SK_OPERATOR_NE, SK_LEXER_TEXT, begin)); }
	<OPERATOR> "!=" blank   { TOKEN(emit_operator(lexer, token, SK_OPERATOR_NE, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "contains" blank    { TOKEN(emit_operator(lexer, token, SK_OPERATOR_CONTAINS, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "icontains" blank   { TOKEN(emit_operator(lexer, token, SK_OPERATOR_ICONTAINS, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "bcontains" blank   { TOKEN(emit_operator(lexer, token, SK_OPERATOR_BCONTAINS, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "startswith" blank  { TOKEN(emit_operator(lexer, token, SK_OPERATOR_STARTSWITH, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "bstartswith" blank { TOKEN(emit_operator(lexer, token, SK_OPERATOR_BSTARTSWITH, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "endswith" blank    { TOKEN(emit_operator(lexer, token, SK_OPERATOR_ENDSWITH, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "glob" blank        { TOKEN(emit_operator(lexer, token, SK_OPERATOR_GLOB, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "iglob" blank       { TOKEN(emit_operator(lexer, token, SK_OPERATOR_IGLOB, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "regex" blank       { TOKEN(emit_operator(lexer, token, SK_OPERATOR_REGEX, SK_LEXER_MODIFIER, begin)); }
	<OPERATOR> "in"         { TOKEN(emit_operator(lexer, token, SK_OPERATOR_IN, SK_LEXER_LIST, begin)); }
	<OPERATOR> "intersects" { TOKEN(emit_operator(lexer, token, SK_OPERATOR_INTERSECTS, SK_LEXER_LIST, begin)); }
	<OPERATOR> "pmatch"     { TOKEN(emit_operator(lexer, token, SK_OPERATOR_PMATCH, SK_LEXER_LIST, begin)); }

	// --- modifiers ---
	//
	// One only if a blank and then a list or a word follows that is not and, or,
	// not.  "Is not" means no letter or digit behind it: `and_x` counts as `and`.

	<MODIFIER> modifier blank [(a-zA-Z] | modifier blank ("and" | "or" | "not") [0-9a-zA-Z] {
		token->number = *begin == 'o' ? SK_MODIFIER_ONEOF :
			begin[1] == 'n' ? SK_MODIFIER_ANYOF : SK_MODIFIER_ALLOF;
		cursor = begin + 5;
		lexer->state = SK_LEXER_MODIFIED_LIST;
		TOKEN(emit(lexer, token, SK_TOKEN_MODIFIER, begin, cursor));
	}
	<MODIFIER> modifier blank ("and" | "or" | "not") {
		goto no_modifier;
	}
	<MODIFIER> $ {
		goto no_modifier;
	}
	<MODIFIER> * {
no_modifier:
		cursor = begin;
		lexer->state = SK_LEXER_TEXT;
		AGAIN();
	}

	// --- right side ---

	<TEXT, NUMBER, LIST> word "(" {
		if (is_value(begin, cursor))
			TOKEN(open_value(lexer, token, begin, cursor));
		if (open_transformer(lexer, token, begin, cursor, SK_LEXER_CONNECTIVE))
			TOKEN(SK_TOKEN_TRANSFORMER);
		if (lexer->state == SK_LEXER_NUMBER)
			return unexpected(lexer, begin);
		cursor--;
		number = lexer->state == SK_LEXER_TEXT ? SK_TOKEN_CONSTANT : SK_TOKEN_WORD;
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit_text(lexer, token, number, begin, cursor));
	}
	<TEXT> quoted {
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit_quoted(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<TEXT> bare {
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit_text(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<NUMBER> number {
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit_text(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<MODIFIED_LIST> blank {
		AGAIN();
	}
	<LIST, MODIFIED_LIST> "(" {
		emit(lexer, token, SK_TOKEN_LIST_OPEN, begin, cursor);
		lexer->state = SK_LEXER_FIRST_ITEM;
		open_bracket(lexer, SK_BRACKET_LIST, SK_LEXER_CONNECTIVE, token->begin, 0);
		TOKEN(SK_TOKEN_LIST_OPEN);
	}
	<LIST, MODIFIED_LIST> word {
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit_text(lexer, token, SK_TOKEN_WORD, begin, cursor));
	}

	<FIRST_ITEM> quoted {
		if (is_swallowed(lexer, begin, cursor))
			AGAIN();
		lexer->state = SK_LEXER_ITEM_END;
		TOKEN(emit_quoted(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<ITEM> quoted {
		lexer->state = SK_LEXER_ITEM_END;
		TOKEN(emit_quoted(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<FIRST_ITEM, ITEM> bare {
		lexer->state = SK_LEXER_ITEM_END;
		TOKEN(emit_text(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<ITEM_END> "," {
		lexer->state = SK_LEXER_ITEM;
		TOKEN(emit(lexer, token, SK_TOKEN_COMMA, begin, cursor));
	}
	<FIRST_ITEM, ITEM_END> ")" {
		close_bracket(lexer);
		resume_at(lexer, SK_LEXER_CONNECTIVE);
		TOKEN(emit(lexer, token, SK_TOKEN_CLOSE, begin, cursor));
	}

	<VALUE_FIELD> field {
		expect_subscript(lexer, SK_LEXER_VALUE_END);
		TOKEN(emit_text(lexer, token, SK_TOKEN_FIELD, begin, cursor));
	}
	<VALUE_END> ")" {
		expect_subscript(lexer, close_bracket(lexer).resume);
		TOKEN(emit(lexer, token, SK_TOKEN_CLOSE, begin, cursor));
	}

	// --- what stands inside a transformer ---

	<INPUT, FIRST_MEMBER, MEMBER> field {
		expect_subscript(lexer, lexer->state == SK_LEXER_INPUT ? SK_LEXER_INPUT_END : SK_LEXER_MEMBER_END);
		TOKEN(emit_text(lexer, token, SK_TOKEN_FIELD, begin, cursor));
	}
	<INPUT, FIRST_MEMBER, MEMBER> word "(" {
		if (!open_transformer(lexer, token, begin, cursor,
				      lexer->state == SK_LEXER_INPUT ? SK_LEXER_INPUT_END : SK_LEXER_MEMBER_END))
			return unexpected(lexer, begin);
		TOKEN(SK_TOKEN_TRANSFORMER);
	}
	<INPUT, FIRST_MEMBER, MEMBER> number {
		lexer->state = lexer->state == SK_LEXER_INPUT ? SK_LEXER_INPUT_END : SK_LEXER_MEMBER_END;
		TOKEN(emit_text(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<INPUT, FIRST_MEMBER, MEMBER> quoted {
		lexer->state = lexer->state == SK_LEXER_INPUT ? SK_LEXER_INPUT_END : SK_LEXER_MEMBER_END;
		TOKEN(emit_quoted(lexer, token, SK_TOKEN_CONSTANT, begin, cursor));
	}
	<INPUT> "(" {
		emit(lexer, token, SK_TOKEN_LIST_OPEN, begin, cursor);
		lexer->state = SK_LEXER_FIRST_MEMBER;
		open_bracket(lexer, SK_BRACKET_MEMBERS, SK_LEXER_INPUT_END, token->begin, 0);
		TOKEN(SK_TOKEN_LIST_OPEN);
	}
	<INPUT_END> "," {
		lexer->state = SK_LEXER_INPUT;
		TOKEN(emit(lexer, token, SK_TOKEN_COMMA, begin, cursor));
	}
	<MEMBER_END> "," {
		lexer->state = SK_LEXER_MEMBER;
		TOKEN(emit(lexer, token, SK_TOKEN_COMMA, begin, cursor));
	}
	<INPUT_END> ")" {
		expect_subscript(lexer, close_bracket(lexer).resume);
		TOKEN(emit(lexer, token, SK_TOKEN_CLOSE, begin, cursor));
	}
	<FIRST_MEMBER, MEMBER_END> ")" {
		lexer->state = close_bracket(lexer).resume;
		TOKEN(emit(lexer, token, SK_TOKEN_CLOSE, begin, cursor));
	}

	// --- behind a check ---
	//
	// Nothing need stand before and, or; behind them a blank or '('.

	<CONNECTIVE> "and" blank {
		lexer->state = SK_LEXER_OPERAND;
		TOKEN(emit(lexer, token, SK_TOKEN_AND, begin, begin + 3));
	}
	<CONNECTIVE> "or" blank {
		lexer->state = SK_LEXER_OPERAND;
		TOKEN(emit(lexer, token, SK_TOKEN_OR, begin, begin + 2));
	}
	<CONNECTIVE> "and(" {
		TOKEN(open_group(lexer, token, SK_TOKEN_AND_OPEN, LEVELS_AND_GROUP, begin, cursor));
	}
	<CONNECTIVE> "or(" {
		TOKEN(open_group(lexer, token, SK_TOKEN_OR_OPEN, LEVELS_OR_GROUP, begin, cursor));
	}
	<CONNECTIVE> ")" {
		bool outer = lexer->outer > 0 && lexer->bracket_count == lexer->outer;

		if (lexer->bracket_count == 0)
			return unexpected(lexer, begin);
		close_bracket(lexer);
		if (outer)
			AGAIN();
		TOKEN(emit(lexer, token, SK_TOKEN_CLOSE, begin, cursor));
	}
	<CONNECTIVE> $ {
		if (lexer->bracket_count > lexer->outer)
			return unexpected(lexer, begin);
		TOKEN(emit(lexer, token, 0, begin, begin));
	}

	<DONE> $ {
		return emit(lexer, token, 0, begin, begin);
	}
	<DONE> * {
		return emit(lexer, token, 0, begin, begin);
	}
	<*> $ {
		return unexpected(lexer, begin);
	}
	<*> * {
		return unexpected(lexer, begin);
	}
	*/
#undef TAKE
#undef AGAIN
#undef TOKEN
}

int sk_lexer_next(struct sk_lexer *lexer, struct sk_token *ret_token)
{
	int number;

	*ret_token = (struct sk_token){.number = -1};
	if (lexer->fatal)
		return SK_TOKEN_INVALID;
	number = next_token(lexer, ret_token);
	return lexer->fatal ? SK_TOKEN_INVALID : number;
}
