/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/hint.h"

#include <string.h>

#include "cli/lsp/index.h"

/* What stands in the quotes of PREFIX 'WORD'SUFFIX; false if the hint is not like that. */
static bool read_hint(const char *hint, const char *prefix, const char *suffix, struct sk_lsp_fix *ret_fix)
{
	size_t length = strlen(hint), before = strlen(prefix), after = strlen(suffix);

	if (length <= before + after || strncmp(hint, prefix, before) != 0 ||
	    strcmp(hint + length - after, suffix) != 0)
		return false;
	*ret_fix = (struct sk_lsp_fix){hint + before, length - before - after};
	return true;
}

/* A key of the item at `at`; false if it has none of that name. */
static bool find_key(struct sk_lsp_file *file, size_t at, const char *name, size_t length, size_t *ret_begin)
{
	const struct sk_lsp_index *index = sk_lsp_file_index(file);
	const struct sk_lsp_item *item = index ? sk_lsp_index_item(index, at) : NULL;

	for (uint32_t i = 0; item && i < item->node->count; i++) {
		struct sk_lsp_scalar key = {.item = item, .node = item->node->keys[i]};

		if (key.node->kind == SK_YAML_SCALAR && key.node->text.length == length &&
		    memcmp(key.node->text.bytes, name, length) == 0) {
			*ret_begin = sk_lsp_scalar_byte(&key, 0);
			return true;
		}
	}
	return false;
}

/* "is 'x' meant to be 'y'?" */
static bool fix_key(const char *hint, struct sk_lsp_file *file, size_t *begin, size_t *end,
		    struct sk_lsp_fix *ret_fix)
{
	static const char middle[] = "' meant to be '";
	struct sk_lsp_fix both;
	const char *between;
	size_t length, at;

	if (!read_hint(hint, "is '", "'?", &both))
		return false;
	between = memmem(both.text, both.length, middle, sizeof(middle) - 1);
	if (!between)
		return false;
	length = (size_t)(between - both.text);
	if (!find_key(file, *begin, both.text, length, &at))
		return false;
	*begin = at;
	*end = at + length;
	ret_fix->text = between + sizeof(middle) - 1;
	ret_fix->length = both.length - length - (sizeof(middle) - 1);
	return true;
}

bool sk_lsp_hint_fix(const struct sk_diagnostic *item, struct sk_lsp_file *file, size_t *begin, size_t *end,
		     struct sk_lsp_fix *ret_fix)
{
	static const char *const words[] = {"write 'and'", "write 'or'", "write 'not'", "write '='"};
	const char *bytes = file->text.bytes, *bracket;
	struct sk_lsp_fix fix;
	bool found;

	if (!item->hint || *end <= *begin)
		return false;
	if (fix_key(item->hint, file, begin, end, ret_fix))
		return true;
	found = read_hint(item->hint, "did you mean '", "'?", &fix);
	for (size_t i = 0; !found && i < sizeof(words) / sizeof(*words); i++)
		found = strcmp(item->hint, words[i]) == 0 && read_hint(item->hint, "write '", "'", &fix);
	if (!found)
		return false;
	if ((bytes[*begin] == '"' || bytes[*begin] == '\'') && *end - *begin >= 2 &&
	    bytes[*end - 1] == bytes[*begin]) {
		++*begin;
		--*end;
	}
	bracket = memchr(bytes + *begin, '[', *end - *begin);
	if (bracket && !memchr(fix.text, '[', fix.length))
		*end = (size_t)(bracket - bytes);
	*ret_fix = fix;
	return true;
}
