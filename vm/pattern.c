/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shell pattern becomes a regular expression element by element: what each
 * takes is asked of sk_glob_element() for every byte, so that there is one
 * reading of bracket expressions, with all their corners.  Most elements take
 * bytes that all lead to the same place; where they do not, there is no
 * equivalent.
 */
#include "vm/pattern.h"

#include <errno.h>
#include <string.h>

#include "vm/glob.h"
#include "vm/regex.h"
#include "vm/support/alloc.h"

/* Fewer patterns are matched one by one in the time that a set takes. */
enum { FEW_PATTERNS = 8 };

/* Memory of one set: program, and states of its automaton, which are made as texts need them. */
enum { SET_MEMORY = 32 << 20 };

enum { KIND_TEXT, KIND_BYTES, KIND_COUNT };

struct kind {
	struct sk_regex_set *set; /* NULL: no such patterns */
	uint32_t *predicates;     /* of each pattern */
	uint32_t count;
};

struct sk_pattern_set {
	struct kind kinds[KIND_COUNT];
	uint32_t *found;
	uint32_t *rest; /* predicates with a pattern that is in no set */
	uint32_t rest_count;
};

/* --- shell patterns ---------------------------------------------------- */

static void append_byte(struct sk_buffer *buffer, unsigned byte)
{
	sk_buffer_printf(buffer, "\\x%02x", byte);
}

/* A class of the bytes whose bits are set; NUL is no byte of a text. */
static void append_class(struct sk_buffer *buffer, const bool member[256])
{
	sk_buffer_append_char(buffer, '[');
	for (unsigned byte = 1; byte < 256; byte++) {
		unsigned last = byte;

		if (!member[byte])
			continue;
		while (last < 255 && member[last + 1])
			last++;
		append_byte(buffer, byte);
		if (last > byte) {
			sk_buffer_append_char(buffer, '-');
			append_byte(buffer, last);
		}
		byte = last;
	}
	sk_buffer_append_char(buffer, ']');
}

/* False if bytes lead to different places, or none leads on. */
static bool append_element(const char *pattern, uint32_t length, bool fold_case, uint32_t *at,
			   struct sk_buffer *buffer)
{
	bool member[256] = {false};
	size_t next = SIZE_MAX;

	for (unsigned byte = 1; byte < 256; byte++) {
		size_t behind;

		if (!sk_glob_element(pattern, length, *at, (char)byte, fold_case, &behind))
			continue;
		if (next != SIZE_MAX && next != behind)
			return false;
		next = behind;
		member[byte] = true;
	}
	if (next == SIZE_MAX)
		return false;
	append_class(buffer, member);
	*at = (uint32_t)next;
	return true;
}

bool sk_pattern_from_glob(const char *pattern, uint32_t length, bool fold_case, struct sk_buffer *buffer)
{
	for (uint32_t at = 0; at < length;) {
		char byte = pattern[at];

		if (byte == '*') {
			sk_buffer_append_text(buffer, ".*");
			while (at < length && pattern[at] == '*')
				at++;
		} else if (byte == '?') {
			sk_buffer_append_char(buffer, '.');
			at++;
		} else if (byte != '[' && byte != '\\' &&
			   !(fold_case && ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')))) {
			append_byte(buffer, (unsigned char)byte);
			at++;
		} else if (!append_element(pattern, length, fold_case, &at, buffer)) {
			return false;
		}
	}
	return !buffer->failed;
}

/* --- sets -------------------------------------------------------------- */

static bool add_pattern(const struct sk_bundle *bundle, uint32_t number, uint32_t constant, struct kind *kind,
			struct sk_buffer *buffer)
{
	const uint8_t comparison = bundle->predicates[number].operator;
	uint32_t length;
	const char *text = sk_bundle_text(bundle, bundle->constants[constant], &length);

	sk_buffer_clear(buffer);
	if (comparison == SK_OPERATOR_REGEX)
		sk_buffer_append(buffer, text, length);
	else if (!sk_pattern_from_glob(text, length, comparison == SK_OPERATOR_IGLOB, buffer))
		return false;
	if (sk_regex_set_add(kind->set, buffer->length ? buffer->bytes : "", buffer->length) < 0)
		return false;
	kind->predicates[kind->count++] = number;
	return true;
}

static bool is_bytes(const struct sk_bundle_predicate *predicate)
{
	return predicate->operator!= SK_OPERATOR_REGEX;
}

static int fill(struct sk_pattern_set *set, const struct sk_bundle *bundle, uint32_t first, uint32_t count)
{
	struct sk_buffer buffer = {0};
	bool compiled = true;

	for (uint32_t i = first; i < first + count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		struct kind *kind = &set->kinds[is_bytes(predicate) ? KIND_BYTES : KIND_TEXT];
		bool added = true;

		for (uint32_t k = 0; k < predicate->count && added; k++)
			added = add_pattern(bundle, i, predicate->first + k, kind, &buffer);
		if (!added)
			set->rest[set->rest_count++] = i;
	}
	sk_buffer_release(&buffer);
	for (int i = 0; i < KIND_COUNT && compiled; i++)
		compiled = !set->kinds[i].set || sk_regex_set_compile(set->kinds[i].set) == 0;
	return compiled ? 0 : -ENOTSUP;
}

int sk_pattern_set_create(const struct sk_bundle *bundle, uint32_t first, uint32_t count,
			  struct sk_pattern_set **ret_set)
{
	uint32_t counts[KIND_COUNT] = {0}, total;
	struct sk_pattern_set *set;
	int status = 0;

	for (uint32_t i = first; i < first + count; i++)
		counts[is_bytes(&bundle->predicates[i]) ? KIND_BYTES : KIND_TEXT] += bundle->predicates[i].count;
	total = counts[KIND_TEXT] + counts[KIND_BYTES];
	if (total < FEW_PATTERNS)
		return -ENOTSUP;
	set = sk_alloc_zeroed(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->found = sk_alloc_zeroed(total, sizeof(*set->found));
	set->rest = sk_alloc_zeroed(count, sizeof(*set->rest));
	if (!set->found || !set->rest)
		status = -ENOMEM;
	for (int i = 0; i < KIND_COUNT && status == 0; i++) {
		struct kind *kind = &set->kinds[i];

		if (counts[i] == 0)
			continue;
		kind->predicates = sk_alloc_zeroed(counts[i], sizeof(*kind->predicates));
		status = kind->predicates ? sk_regex_set_create(i == KIND_BYTES, SET_MEMORY, &kind->set) : -ENOMEM;
	}
	if (status == 0)
		status = fill(set, bundle, first, count);
	if (status < 0) {
		sk_pattern_set_destroy(set);
		return status;
	}
	*ret_set = set;
	return 0;
}

void sk_pattern_set_destroy(struct sk_pattern_set *set)
{
	if (!set)
		return;
	for (int i = 0; i < KIND_COUNT; i++) {
		sk_regex_set_destroy(set->kinds[i].set);
		sk_free(set->kinds[i].predicates);
	}
	sk_free(set->found);
	sk_free(set->rest);
	sk_free(set);
}

uint32_t sk_pattern_set_find(struct sk_pattern_set *set, const char *text, size_t length, struct sk_arena *scratch,
			     const uint32_t **ret_predicates)
{
	uint32_t count = 0;

	for (int i = 0; i < KIND_COUNT; i++) {
		const struct kind *kind = &set->kinds[i];
		uint32_t *found = set->found + count, matched;

		if (!kind->set)
			continue;
		matched = sk_regex_set_match(kind->set, text, length, scratch, found);
		if (matched == UINT32_MAX)
			return UINT32_MAX;
		for (uint32_t k = 0; k < matched; k++)
			found[k] = kind->predicates[found[k]];
		count += matched;
	}
	*ret_predicates = set->found;
	return count;
}

uint32_t sk_pattern_set_rest(const struct sk_pattern_set *set, const uint32_t **ret_predicates)
{
	*ret_predicates = set->rest;
	return set->rest_count;
}
