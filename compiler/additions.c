/* SPDX-License-Identifier: Apache-2.0 */
/* Text that configuration appends to outputs (spec/rule-language.md section 4.4). */
#include <errno.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/pack_private.h"

static bool addition_matches(const struct sk_output_addition *addition, const struct sk_pack_rule *rule)
{
	if (addition->source && strcmp(addition->source, rule->source) != 0)
		return false;
	if (addition->rule && strcmp(addition->rule, rule->name) != 0)
		return false;
	for (size_t i = 0; i < addition->tag_count; i++) {
		if (!sk_pack_rule_has_tag(rule, addition->tags[i]))
			return false;
	}
	return true;
}

int sk_pack_add_to_outputs(struct sk_pack *pack, const struct sk_output_addition *additions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sk_text more = {.bytes = additions[i].output,
				       .length = (uint32_t)strlen(additions[i].output)};

		for (uint32_t k = 0; k < pack->rule_count; k++) {
			struct sk_pack_rule *rule = &pack->rules[k];
			int result;

			if (!addition_matches(&additions[i], rule))
				continue;
			result = sk_text_extend(&rule->output, &rule->output_capacity, &more, pack->arena);
			if (result == -ENOMEM)
				return result;
			if (result < 0) {
				sk_diagnostics_add(pack->diagnostics, SK_DIAGNOSTIC_COMPILE_OUTPUT, rule->span,
						   NULL, "the output is too large with what is appended to it");
				return -EINVAL;
			}
		}
	}
	return 0;
}
