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
#include <vector>

#include <re2/re2.h>
#include <re2/set.h>

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

/* --- sets -------------------------------------------------------------- */

struct sk_regex_set {
	RE2::Set set;
	bool bytes;
	std::vector<int> matches;

	sk_regex_set(bool of_bytes, const RE2::Options &how) : set(how, RE2::ANCHOR_BOTH), bytes(of_bytes)
	{
	}
};

int sk_regex_set_create(bool bytes, size_t memory, struct sk_regex_set **ret_set)
{
	void *room = sk_alloc(sizeof(struct sk_regex_set));
	RE2::Options how = options(static_cast<int64_t>(memory));

	if (!room)
		return -ENOMEM;
	if (bytes) {
		how.set_encoding(RE2::Options::EncodingLatin1);
		how.set_dot_nl(true);
	}
	*ret_set = new (room) sk_regex_set(bytes, how);
	return 0;
}

void sk_regex_set_destroy(struct sk_regex_set *set)
{
	if (!set)
		return;
	set->~sk_regex_set();
	sk_free(set);
}

int sk_regex_set_add(struct sk_regex_set *set, const char *pattern, size_t length)
{
	return set->set.Add(re2::StringPiece(pattern, length), nullptr) < 0 ? -EINVAL : 0;
}

int sk_regex_set_compile(struct sk_regex_set *set)
{
	return set->set.Compile() ? 0 : -ENOTSUP;
}

uint32_t sk_regex_set_match(struct sk_regex_set *set, const char *text, size_t length, struct sk_arena *scratch,
			    uint32_t *ret_matches)
{
	RE2::Set::ErrorInfo info;
	uint32_t count = 0;

	if (!set->bytes && valid_prefix(text, length) < length) {
		text = sanitise(text, length, scratch, &length);
		if (!text)
			return UINT32_MAX;
	}
	set->matches.clear();
	if (!set->set.Match(re2::StringPiece(length ? text : "", length), &set->matches, &info) &&
	    info.kind != RE2::Set::kNoError)
		count = UINT32_MAX;
	else
		for (int match : set->matches)
			ret_matches[count++] = static_cast<uint32_t>(match);
	if (!set->bytes)
		sk_arena_reset(scratch);
	return count;
}
