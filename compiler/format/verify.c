/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was laid out is read again and compared with what was read first.
 *
 * Nothing here shares code with the writer but the words of conditions: a
 * mistake there is found here.
 */
#include "compiler/format/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/format/condition.h"
#include "compiler/format/layout.h"

struct comparison {
	struct sk_arena *arena;
	bool out_of_memory;
};

static bool same_bytes(const char *left, uint32_t left_length, const char *right, uint32_t right_length)
{
	return left_length == right_length && memcmp(left, right, left_length) == 0;
}

static bool same_text(const struct sk_yaml_node *left, const struct sk_yaml_node *right)
{
	return left->kind == SK_YAML_SCALAR && right->kind == SK_YAML_SCALAR && left->null == right->null &&
	       same_bytes(left->text.bytes, left->text.length, right->text.bytes, right->text.length);
}

/* One value; `condition` if it is that of an item. */
static bool same_condition(struct comparison *comparison, const struct sk_yaml_node *left,
			   const struct sk_yaml_node *right)
{
	int same;

	if (left->kind != SK_YAML_SCALAR || right->kind != SK_YAML_SCALAR)
		return false;
	same = sk_format_same_condition(left->text.bytes, left->text.length, right->text.bytes, right->text.length,
					comparison->arena);
	comparison->out_of_memory |= same < 0;
	return same == 1;
}

static bool same_value(struct comparison *comparison, const struct sk_yaml_node *left,
		       const struct sk_yaml_node *right);

/* The number of the pair of `right` that has the key of pair `number` of `left`, as often as it came before. */
static uint32_t find_pair(const struct sk_yaml_node *left, uint32_t number, const struct sk_yaml_node *right)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < number; i++)
		before += same_text(left->keys[i], left->keys[number]);
	for (uint32_t i = 0; i < right->count; i++) {
		if (same_text(right->keys[i], left->keys[number]) && before-- == 0)
			return i;
	}
	return UINT32_MAX;
}

static bool same_mapping(struct comparison *comparison, const struct sk_yaml_node *left,
			 const struct sk_yaml_node *right, bool item)
{
	for (uint32_t i = 0; i < left->count; i++) {
		uint32_t other = i;

		if (!same_text(left->keys[i], right->keys[i]))
			other = left->count <= SK_FORMAT_ORDER_LIMIT ? find_pair(left, i, right) : UINT32_MAX;
		else if (left->count <= SK_FORMAT_ORDER_LIMIT)
			other = find_pair(left, i, right);
		if (other == UINT32_MAX)
			return false;
		if (same_value(comparison, left->items[i], right->items[other]))
			continue;
		if (!item || !sk_format_is_condition(left, i) ||
		    !same_condition(comparison, left->items[i], right->items[other]))
			return false;
	}
	return true;
}

/* Depth is what YAML files may have. */
static bool same_value(struct comparison *comparison, const struct sk_yaml_node *left,
		       const struct sk_yaml_node *right)
{
	if (left->kind != right->kind || left->count != right->count)
		return false;
	switch (left->kind) {
	case SK_YAML_SCALAR:
		return same_text(left, right);
	case SK_YAML_MAPPING:
		return same_mapping(comparison, left, right, false);
	case SK_YAML_SEQUENCE:
		break;
	}
	for (uint32_t i = 0; i < left->count; i++) {
		if (!same_value(comparison, left->items[i], right->items[i]))
			return false;
	}
	return true;
}

static bool same_document(struct comparison *comparison, const struct sk_yaml_node *left,
			  const struct sk_yaml_node *right)
{
	if (left->kind != SK_YAML_SEQUENCE)
		return same_value(comparison, left, right);
	if (right->kind != SK_YAML_SEQUENCE || left->count != right->count)
		return false;
	for (uint32_t i = 0; i < left->count; i++) {
		const struct sk_yaml_node *item = left->items[i], *other = right->items[i];

		if (item->kind == SK_YAML_MAPPING && other->kind == SK_YAML_MAPPING && item->count == other->count
			    ? !same_mapping(comparison, item, other, true)
			    : !same_value(comparison, item, other))
			return false;
	}
	return true;
}

/* --- comments ---------------------------------------------------------- */

static int compare_comments(const void *left, const void *right)
{
	const struct sk_format_comment *one = left, *other = right;
	uint32_t shorter = one->length < other->length ? one->length : other->length;
	int order = memcmp(one->text, other->text, shorter);

	if (order != 0)
		return order;
	return one->length < other->length ? -1 : one->length > other->length;
}

static int same_comments(const struct sk_format_file *file, const struct sk_source_file *laid_out,
			 struct sk_arena *arena)
{
	struct sk_format_comment *before, *after;
	uint32_t count;
	int result = sk_format_find_comments(laid_out, arena, &after, &count);

	if (result < 0)
		return result == -ENOMEM ? result : 0;
	if (count != file->comment_count)
		return 0;
	if (!count)
		return 1;
	before = sk_arena_alloc(arena, count * sizeof(*before));
	if (!before)
		return -ENOMEM;
	memcpy(before, file->comments, count * sizeof(*before));
	qsort(before, count, sizeof(*before), compare_comments);
	qsort(after, count, sizeof(*after), compare_comments);
	for (uint32_t i = 0; i < count; i++) {
		if (compare_comments(&before[i], &after[i]) != 0)
			return 0;
	}
	return 1;
}

int sk_format_verify(const struct sk_format_file *file, const struct sk_yaml_stream *before,
		     const struct sk_source_file *laid_out, struct sk_arena *arena)
{
	struct comparison comparison = {.arena = arena};
	struct sk_yaml_stream after = {0};
	struct sk_diagnostics unheard;
	struct sk_sources nowhere;
	int result;

	sk_sources_init(&nowhere, arena);
	sk_diagnostics_init(&unheard, &nowhere, arena);
	result = sk_yaml_parse(laid_out, arena, &unheard, &after);
	if (result < 0)
		return result == -ENOMEM ? result : 0;
	if (before->count != after.count)
		return 0;
	for (uint32_t i = 0; i < before->count; i++) {
		bool same = same_document(&comparison, before->documents[i], after.documents[i]);

		if (comparison.out_of_memory)
			return -ENOMEM;
		if (!same)
			return 0;
	}
	return same_comments(file, laid_out, arena);
}
