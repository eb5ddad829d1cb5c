/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/hint.h"

#include <string.h>

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

bool sk_lsp_hint_fix(const struct sk_diagnostic *item, const char *bytes, size_t *begin, size_t *end,
		     struct sk_lsp_fix *ret_fix)
{
	static const char *const words[] = {"write 'and'", "write 'or'", "write 'not'", "write '='"};
	struct sk_lsp_fix fix;
	const char *bracket;
	bool found;

	if (!item->hint || *end <= *begin)
		return false;
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
