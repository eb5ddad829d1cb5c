/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to go on after a syntax error.
 *
 *   a.b in (x y) and (c.d = = 1 and e.f exists) or g
 *           ^error   │^resumes              ▲
 *                    └ opened later: matched as ever
 *
 * Text is skipped up to the next `and` or `or` that stands outside of every
 * bracket opened since (strings count as one thing).  Groups that were open
 * before stay open, as "outer" ones whose ')' is then passed over in silence.
 */
#include <string.h>

#include "grammar/lexer.h"

/* A place behind `and` or `or`. */
struct resumption {
	uint32_t offset;
	uint32_t closed; /* groups that ended on the way */
	bool found;
};

static bool is_blank(char byte)
{
	return byte != '\0' && strchr(" \t\b\r\n\f\v", byte) != NULL;
}

/* Length of the connective at `at`, if one stands there as a word. */
static uint32_t connective_at(const struct sk_text *text, uint32_t at)
{
	uint32_t length = strncmp(text->bytes + at, "and", 3) == 0  ? 3
			  : strncmp(text->bytes + at, "or", 2) == 0 ? 2
								    : 0;

	if (!length || at + length >= text->length)
		return 0;
	if (at > 0 && !is_blank(text->bytes[at - 1]) && text->bytes[at - 1] != ')')
		return 0;
	return is_blank(text->bytes[at + length]) || text->bytes[at + length] == '(' ? length : 0;
}

/*
 * Offset behind the string that begins at `at`, or behind its quote alone if it
 * never ends.  Then no later one of its kind does: `unclosed` remembers that,
 * or a text full of quotes would cost the square of its length.
 */
static uint32_t skip_string(const struct sk_text *text, uint32_t at, bool unclosed[2])
{
	bool *never = &unclosed[text->bytes[at] == '"'];

	for (uint32_t i = at + 1; i < text->length && !*never; i++)
		if (text->bytes[i] == text->bytes[at] && text->bytes[i - 1] != '\\')
			return i + 1;
	*never = true;
	return at + 1;
}

static struct resumption find_resumption(const struct sk_text *text, uint32_t at, uint32_t nested)
{
	struct resumption inside = {0};
	bool unclosed[2] = {false, false};
	uint32_t closed = 0;

	while (at < text->length) {
		uint32_t length = connective_at(text, at);

		if (length && nested == 0)
			return (struct resumption){.offset = at + length, .closed = closed, .found = true};
		/* The bracket it is in may never be closed: then this one is better than none. */
		if (length && !inside.found)
			inside = (struct resumption){.offset = at + length, .closed = closed, .found = true};
		switch (text->bytes[at]) {
		case '(':
			nested++;
			at++;
			break;
		case ')':
			if (nested)
				nested--;
			else
				closed++;
			at++;
			break;
		case '"':
		case '\'':
			at = skip_string(text, at, unclosed);
			break;
		default:
			at++;
			break;
		}
	}
	return inside;
}

bool sk_lexer_recover(struct sk_lexer *lexer)
{
	uint32_t at = (uint32_t)((const char *)lexer->cursor - lexer->text->bytes), nested = 0;
	struct resumption resumption;

	if (lexer->fatal)
		return false;
	while (lexer->bracket_count && lexer->brackets[lexer->bracket_count - 1].kind != SK_BRACKET_GROUP) {
		lexer->bracket_count--;
		nested++;
	}
	resumption = find_resumption(lexer->text, at, nested);
	if (!resumption.found)
		return false;
	lexer->bracket_count -= resumption.closed < lexer->bracket_count ? resumption.closed : lexer->bracket_count;
	lexer->outer = lexer->bracket_count;
	lexer->depth = lexer->outer ? lexer->brackets[lexer->outer - 1].inside : lexer->depth_outside;
	lexer->cursor = (const unsigned char *)lexer->text->bytes + resumption.offset;
	lexer->last_begin = lexer->last_end = resumption.offset;
	lexer->state = SK_LEXER_OPERAND;
	return true;
}
