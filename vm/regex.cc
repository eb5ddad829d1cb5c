/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RE2 behind the interface of regex.h.  The reference uses the same library
 * with the same options, so patterns mean the same to the letter.
 *
 * RE2 takes its memory with operator new.  How much is bounded: a pattern gets
 * SMALL_MEMORY for its program and the states of its automaton, and only if
 * the program does not fit LARGE_MEMORY, which is what the reference gives to
 * each.
 */
#include "vm/regex.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>

#include <re2/re2.h>

#include "vm/support/alloc.h"
#include "vm/support/utf8.h"

namespace
{

constexpr int64_t SMALL_MEMORY = 256 << 10;
constexpr int64_t LARGE_MEMORY = 8 << 20;

RE2::Options options(int64_t memory)
{
	RE2::Options result;

	result.set_posix_syntax(true);
	result.set_longest_match(true);
	result.set_log_errors(false);
	/* Nobody asks for the groups: without them programs are smaller. */
	result.set_never_capture(true);
	result.set_max_mem(memory);
	return result;
}

/* Length of the valid text at the beginning. */
size_t valid_prefix(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		unsigned bad, step = sk_utf8_sequence(text + at, length - at, &bad);

		if (step == 0)
			break;
		at += step;
	}
	return at;
}

/* The text with U+FFFD for each invalid byte; NULL without memory. */
const char *sanitise(const char *text, size_t length, struct sk_arena *scratch, size_t *ret_length)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean = static_cast<char *>(sk_arena_alloc(scratch, length * 3));
	size_t used = 0;

	if (!clean)
		return nullptr;
	for (size_t at = 0; at < length;) {
		unsigned bad, step = sk_utf8_sequence(text + at, length - at, &bad);

		if (step == 0) {
			memcpy(clean + used, replacement, 3);
			used += 3;
			at++;
		} else {
			memcpy(clean + used, text + at, step);
			used += step;
			at += step;
		}
	}
	*ret_length = used;
	return clean;
}

} // namespace

struct sk_regex {
	RE2 pattern;

	sk_regex(const re2::StringPiece &text, int64_t memory) : pattern(text, options(memory))
	{
	}
};

int sk_regex_create(const char *pattern, size_t length, struct sk_regex **ret_regex, struct sk_error *error)
{
	void *memory = sk_alloc(sizeof(struct sk_regex));
	re2::StringPiece text(pattern, length);
	struct sk_regex *regex;

	if (!memory)
		return sk_error_set(error, -ENOMEM, "no memory for a regular expression");
	regex = new (memory) sk_regex(text, SMALL_MEMORY);
	if (regex->pattern.error_code() == RE2::ErrorPatternTooLarge) {
		regex->~sk_regex();
		regex = new (memory) sk_regex(text, LARGE_MEMORY);
	}
	if (!regex->pattern.ok()) {
		sk_error_set(error, -EINVAL, "not a regular expression: %s", regex->pattern.error().c_str());
		sk_regex_destroy(regex);
		return -EINVAL;
	}
	*ret_regex = regex;
	return 0;
}

void sk_regex_destroy(struct sk_regex *regex)
{
	if (!regex)
		return;
	regex->~sk_regex();
	sk_free(regex);
}

size_t sk_regex_size(const struct sk_regex *regex)
{
	return static_cast<size_t>(regex->pattern.ProgramSize());
}

bool sk_regex_match(const struct sk_regex *regex, const char *text, size_t length, struct sk_arena *scratch)
{
	if (valid_prefix(text, length) < length) {
		text = sanitise(text, length, scratch, &length);
		if (!text)
			return false;
	}
	return RE2::FullMatch(re2::StringPiece(length ? text : "", length), regex->pattern);
}
