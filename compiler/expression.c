/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/expression.h"

#include <errno.h>
#include <string.h>

#include "compiler/compile.h"
#include "grammar/parse.h"

/* Every event has a type. */
static const char every_event[] = "evt.type exists";
/* A rule needs an output. */
static const char any_output[] = "passed";

static int add_text(struct sk_diagnostics *diagnostics, const char *name, const char *bytes,
		    struct sk_text *ret_text)
{
	const size_t size = strlen(bytes);
	const struct sk_source_file *file;

	if (size > SK_PARSE_TEXT_LIMIT) {
		sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, (struct sk_span){0}, NULL,
				   "the %s has more than %d bytes", name, SK_PARSE_TEXT_LIMIT);
		return -EINVAL;
	}
	file = sk_sources_add(diagnostics->sources, name, bytes, size);
	if (!file)
		return -ENOMEM;
	*ret_text = (struct sk_text){.bytes = file->bytes, .length = (uint32_t)size, .first = file->first};
	return 0;
}

/* There is no pack that could define one.  The parser bounds the height. */
static void refuse_macros(struct sk_diagnostics *diagnostics, const struct sk_node *node)
{
	switch (node->kind) {
	case SK_NODE_CHECK:
		return;
	case SK_NODE_MACRO:
		sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_VALIDATE,
				   sk_text_span(node->text, node->begin, node->end),
				   "a comparison is `FIELD OPERATOR VALUE`, or `FIELD exists`",
				   "Undefined macro '%.*s' used in filter.", (int)node->name_length, node->name);
		return;
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		break;
	}
	for (uint32_t i = 0; i < node->count; i++)
		refuse_macros(diagnostics, node->children[i]);
}

int sk_compile_expression(const struct sk_expression *expression, struct sk_diagnostics *diagnostics,
			  struct sk_buffer *ret_bundle)
{
	const struct sk_compile_options options = {.priority = 7, .accept_any_type = expression->every_type};
	struct sk_pack_rule rule = {
		.name = "filter",
		.source = "syscall",
		.description = {.bytes = ""},
		.priority = 7,
		.enabled = true,
	};
	struct sk_pack pack = {
		.arena = diagnostics->arena, .diagnostics = diagnostics, .rules = &rule, .rule_count = 1};
	int result = add_text(diagnostics, "filter", expression->filter ? expression->filter : every_event,
			      &rule.condition);

	if (result == 0)
		result = add_text(diagnostics, "format", expression->format ? expression->format : any_output,
				  &rule.output);
	if (result < 0)
		return result;
	rule.expanded = &rule.condition;
	rule.tree = sk_parse_condition(&rule.condition, SK_PARSE_DEPTH_PACK, pack.arena, diagnostics);
	if (rule.tree)
		refuse_macros(diagnostics, rule.tree);
	if (!diagnostics->out_of_memory && diagnostics->errors == 0)
		result = sk_compile_pack(&pack, &options, ret_bundle, NULL);
	if (diagnostics->out_of_memory || ret_bundle->failed)
		return -ENOMEM;
	return diagnostics->errors ? -EINVAL : result;
}
