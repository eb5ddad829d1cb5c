/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A matcher of shell patterns that cannot be made to take long.
 *
 * Every element of a pattern but `*` takes exactly one byte of the text.  So
 * when something behind a `*` does not match, only the last `*` need take one
 * byte more: whatever an earlier one could take instead, the later one could
 * have taken as well.  So nothing is tried twice from the same two places.
 *
 * Bracket expressions follow the C library's fnmatch(3) into its corners, for
 * that is what the reference calls: a test compares the two on random
 * patterns.  Where the library reads a NUL the end of the pattern stands here.
 */
#include "vm/glob.h"

#include <stdint.h>
#include <string.h>

struct pattern {
	const char *text;
	size_t length;
	bool fold_case;
};

enum bracket { BRACKET_MATCHES, BRACKET_FAILS, BRACKET_IS_LITERAL };

/* The library gives up on class names of this length. */
enum { CLASS_NAME_LIMIT = 2048 };

static unsigned char byte_at(const struct pattern *pattern, size_t at)
{
	return at < pattern->length ? (unsigned char)pattern->text[at] : '\0';
}

static unsigned char fold(const struct pattern *pattern, unsigned char byte)
{
	return pattern->fold_case && byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

static bool between(unsigned char byte, unsigned char low, unsigned char high)
{
	return low <= byte && byte <= high;
}

/* False in `ret_member` and as the result if there is no such class. */
static bool class_has(const char *name, size_t length, unsigned char byte, bool *ret_member)
{
	bool upper = between(byte, 'A', 'Z'), lower = between(byte, 'a', 'z'), digit = between(byte, '0', '9');
	bool graph = between(byte, 0x21, 0x7e);
	const struct {
		const char *name;
		bool member;
	} classes[] = {
		{"alnum", upper || lower || digit},
		{"alpha", upper || lower},
		{"blank", byte == ' ' || byte == '\t'},
		{"cntrl", byte < 0x20 || byte == 0x7f},
		{"digit", digit},
		{"graph", graph},
		{"lower", lower},
		{"print", graph || byte == ' '},
		{"punct", graph && !(upper || lower || digit)},
		{"space", byte == ' ' || between(byte, '\t', '\r')},
		{"upper", upper},
		{"xdigit", digit || between(byte, 'A', 'F') || between(byte, 'a', 'f')},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0) {
			*ret_member = classes[i].member;
			return true;
		}
	}
	return false;
}

/*
 * Behind the colon of "[:" at `colon`: the end of a class, one behind its
 * "]", or 0 if what stands there cannot be the name of a class.
 */
static size_t class_end(const struct pattern *pattern, size_t colon)
{
	for (size_t at = colon + 1; at - colon <= CLASS_NAME_LIMIT; at++) {
		unsigned char byte = byte_at(pattern, at);

		if (byte == ':' && byte_at(pattern, at + 1) == ']')
			return at + 2;
		if (byte < 'a' || byte >= 'z')
			return 0;
	}
	return 0;
}

/* Behind the dot of "[.": one behind the "]" of ".]", 0 if there is none. */
static size_t symbol_end(const struct pattern *pattern, size_t dot)
{
	for (size_t at = dot + 1; at < pattern->length; at++) {
		if (byte_at(pattern, at) == '.' && byte_at(pattern, at + 1) == ']')
			return at + 2;
	}
	return 0;
}

/* A member of the bracket has matched: goes from `at` to the bracket's end. */
static enum bracket skip_rest(const struct pattern *pattern, size_t at, size_t *ret_end)
{
	for (;;) {
		unsigned char byte = byte_at(pattern, at++);
		size_t end;

		if (byte == ']')
			break;
		if (byte == '\0')
			return BRACKET_IS_LITERAL;
		if (byte == '\\') {
			if (byte_at(pattern, at) == '\0')
				return BRACKET_FAILS;
			at++;
		} else if (byte == '[' && byte_at(pattern, at) == ':') {
			end = class_end(pattern, at);
			if (end != 0)
				at = end;
		} else if (byte == '[' && byte_at(pattern, at) == '=') {
			if (byte_at(pattern, at + 1) == '\0' || byte_at(pattern, at + 2) != '=' ||
			    byte_at(pattern, at + 3) != ']')
				return BRACKET_FAILS;
			at += 4;
		} else if (byte == '[' && byte_at(pattern, at) == '.') {
			end = symbol_end(pattern, at);
			if (end == 0)
				return BRACKET_FAILS;
			at = end;
		}
	}
	*ret_end = at;
	return BRACKET_MATCHES;
}

/*
 * A range may begin at `*at` with a '-', after the member `low`.  Gives
 * whether `byte` is in the range and goes behind it.
 */
static enum bracket match_range(const struct pattern *pattern, size_t *at, unsigned char low, unsigned char byte,
				bool *ret_member)
{
	unsigned char high;

	*ret_member = false;
	if (byte_at(pattern, *at) != '-' || byte_at(pattern, *at + 1) == ']')
		return BRACKET_MATCHES;
	high = byte_at(pattern, *at + 1);
	*at += 2;
	if (high == '[' && byte_at(pattern, *at) == '.') {
		size_t end = symbol_end(pattern, *at);

		if (end != *at + 4)
			return BRACKET_FAILS;
		high = byte_at(pattern, *at + 1);
		*at = end;
	} else {
		if (high == '\\')
			high = byte_at(pattern, (*at)++);
		if (high == '\0')
			return BRACKET_FAILS;
		high = fold(pattern, high);
	}
	*ret_member = between(byte, low, high);
	return BRACKET_MATCHES;
}

/*
 * The bracket expression whose '[' stands before `at`.  Where it matches,
 * `*ret_end` is behind it; one that never ends is a literal '['.
 */
static enum bracket match_bracket(const struct pattern *pattern, size_t at, unsigned char byte, size_t *ret_end)
{
	unsigned char folded = fold(pattern, byte);
	bool inverted = byte_at(pattern, at) == '!' || byte_at(pattern, at) == '^';
	bool member = false;
	enum bracket verdict;

	at += inverted;
	for (bool first = true; !member; first = false) {
		unsigned char low = byte_at(pattern, at++);
		size_t end;
		bool range;

		if (low == '\0')
			return BRACKET_IS_LITERAL;
		if (low == ']' && !first) {
			*ret_end = at;
			return inverted ? BRACKET_MATCHES : BRACKET_FAILS;
		}
		if (low == '[' && byte_at(pattern, at) == ':' && (end = class_end(pattern, at)) != 0) {
			if (!class_has(pattern->text + at + 1, end - at - 3, byte, &member))
				return BRACKET_FAILS;
			at = end;
			continue;
		}
		if (low == '[' && byte_at(pattern, at) == '=' && byte_at(pattern, at + 1) != '\0' &&
		    byte_at(pattern, at + 2) == '=' && byte_at(pattern, at + 3) == ']') {
			member = byte == byte_at(pattern, at + 1);
			at += 4;
			continue;
		}
		if (low == '[' && byte_at(pattern, at) == '.') {
			/* Without collation data a symbol is the one byte that it names. */
			end = symbol_end(pattern, at);
			if (end != at + 4)
				return BRACKET_FAILS;
			low = byte_at(pattern, at + 1);
			at = end;
			/* The library takes even "-]" for a range here, which then has no end. */
			range = byte_at(pattern, at) == '-' && byte_at(pattern, at + 1) != '\0';
			member = !range && byte == low;
		} else {
			if (low == '\\') {
				low = byte_at(pattern, at++);
				if (low == '\0')
					return BRACKET_FAILS;
			}
			low = fold(pattern, low);
			range = byte_at(pattern, at) == '-' && byte_at(pattern, at + 1) != '\0' &&
				byte_at(pattern, at + 1) != ']';
			member = !range && folded == low;
		}
		if (!member) {
			verdict = match_range(pattern, &at, low, folded, &member);
			if (verdict != BRACKET_MATCHES)
				return verdict;
		}
	}
	verdict = skip_rest(pattern, at, ret_end);
	if (verdict != BRACKET_MATCHES)
		return verdict;
	return inverted ? BRACKET_FAILS : BRACKET_MATCHES;
}

/*
 * Where a '[' was found to be a literal one for the byte '[': finding out takes
 * a walk to the end of the pattern, and "[[[[[" would take it at every place of
 * the text.  A bit for each place of the pattern.
 */
struct literals {
	uint64_t bits[SK_GLOB_PATTERN_LIMIT / 64 + 1];
};

/* Only what the pattern needs: most are short. */
static void clear_literals(struct literals *literals, size_t length)
{
	memset(literals->bits, 0, (length / 64 + 1) * sizeof(literals->bits[0]));
}

static bool is_literal(const struct literals *literals, size_t at, unsigned char byte)
{
	return byte == '[' && literals->bits[at / 64] >> at % 64 & 1;
}

static void set_literal(struct literals *literals, size_t at, unsigned char byte)
{
	if (byte == '[')
		literals->bits[at / 64] |= (uint64_t)1 << at % 64;
}

/*
 * One element of the pattern, not a `*`, against one byte.  True with the next
 * element in `*ret_next`.
 */
static bool match_element(const struct pattern *pattern, size_t at, unsigned char byte, struct literals *literals,
			  size_t *ret_next)
{
	unsigned char element = byte_at(pattern, at++);

	if (element == '?') {
		*ret_next = at;
		return true;
	}
	if (element == '[' && !is_literal(literals, at, byte)) {
		enum bracket verdict = match_bracket(pattern, at, byte, ret_next);

		if (verdict != BRACKET_IS_LITERAL)
			return verdict == BRACKET_MATCHES;
		set_literal(literals, at, byte);
	} else if (element == '\\') {
		element = byte_at(pattern, at++);
		if (element == '\0')
			return false;
	}
	*ret_next = at;
	return fold(pattern, element) == fold(pattern, byte);
}

bool sk_glob_match(const char *pattern_text, size_t pattern_length, const char *text, size_t text_length,
		   bool fold_case)
{
	const struct pattern pattern = {.text = pattern_text, .length = pattern_length, .fold_case = fold_case};
	size_t at = 0, in_text = 0;
	struct literals literals;
	size_t star = SIZE_MAX, star_text = 0; /* behind the last `*`, and what it has not taken */

	if (pattern_length > SK_GLOB_PATTERN_LIMIT)
		return false;
	clear_literals(&literals, pattern_length);
	for (;;) {
		size_t next;

		if (at < pattern.length && pattern.text[at] == '*') {
			star = ++at;
			star_text = in_text;
			continue;
		}
		if (in_text == text_length && at == pattern.length)
			return true;
		if (in_text < text_length && at < pattern.length &&
		    match_element(&pattern, at, (unsigned char)text[in_text], &literals, &next)) {
			at = next;
			in_text++;
			continue;
		}
		if (star == SIZE_MAX || star_text == text_length)
			return false;
		in_text = ++star_text;
		at = star;
	}
}

bool sk_glob_element(const char *pattern_text, size_t length, size_t at, char byte, bool fold_case,
		     size_t *ret_next)
{
	const struct pattern pattern = {.text = pattern_text, .length = length, .fold_case = fold_case};
	struct literals literals;

	if (length > SK_GLOB_PATTERN_LIMIT)
		return false;
	clear_literals(&literals, length);
	return match_element(&pattern, at, (unsigned char)byte, &literals, ret_next);
}
