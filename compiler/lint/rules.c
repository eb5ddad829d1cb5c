/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about rules as a whole: what they match, before others do, and what their exceptions leave. */
#include <string.h>

#include "compiler/lint/lint_private.h"

/* What is known of a rule when later ones are looked at. */
struct judged {
	const struct sk_pack_rule *rule;
	uint32_t node;
	bool never; /* reported, or of no use to compare with */
};

static void find(struct sk_linter *linter, enum sk_diagnostic_id id, const struct sk_pack_rule *rule,
		 const char *hint, const char *message)
{
	sk_lint_enter(linter, "rule", rule->name, rule->span);
	sk_diagnostics_add(linter->diagnostics, id, rule->span, hint, "%s", message);
}

/* --- exceptions ---------------------------------------------------------- */

uint32_t sk_lint_count_exceptions(const struct sk_pack_rule *rule)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rule->exception_count; i++)
		count += rule->exceptions[i].value_count > 0;
	if (!count || rule->tree->kind != SK_NODE_AND || rule->tree->count != count + 1)
		return 0;
	for (uint32_t i = 1; i <= count; i++) {
		if (rule->tree->children[i]->kind != SK_NODE_NOT)
			return 0;
	}
	return count;
}

static bool is_impossible_together(struct sk_linter *linter, uint32_t condition, uint32_t exception, bool excluded)
{
	const struct sk_lint_claim_of claims[] = {{condition, true}, {exception, !excluded}};
	const struct sk_lint_question question = {
		.claims = claims, .count = 2, .present = SK_NONE, .missing = SK_NONE, .open_placeholders = true};

	return sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE;
}

/* True if one of them leaves nothing of the rule. */
static bool judge_exceptions(struct sk_linter *linter, const struct sk_pack_rule *rule)
{
	const uint32_t count = sk_lint_count_exceptions(rule);
	bool swallows = false;
	uint32_t condition, at = 0;

	if (!count)
		return false;
	condition = sk_lint_node(linter, rule->tree->children[0]);
	if (sk_lint_ask(linter, condition, true, true) == SK_LINT_IMPOSSIBLE)
		return false;
	for (uint32_t i = 0; i < rule->exception_count; i++) {
		const struct sk_pack_exception *exception = &rule->exceptions[i];
		uint32_t node;

		if (!exception->value_count)
			continue;
		node = sk_lint_node(linter, rule->tree->children[++at]);
		sk_lint_enter(linter, "rule", rule->name, rule->span);
		if (is_impossible_together(linter, condition, node, false)) {
			sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_EXCEPTION_SWALLOWS, exception->span,
					   "the rule never fires: every match is an exception",
					   "the exception '%s' excludes everything that the rule matches",
					   exception->name);
			swallows = true;
		} else if (is_impossible_together(linter, condition, node, true)) {
			sk_diagnostics_add(
				linter->diagnostics, SK_DIAGNOSTIC_EXCEPTION_NEVER_APPLIES, exception->span, NULL,
				"the exception '%s' excludes nothing that the rule matches", exception->name);
		}
	}
	return swallows;
}

/* --- never and always ---------------------------------------------------- */

static const char *explain(struct sk_linter *linter, const struct sk_pack_rule *rule, bool open_placeholders)
{
	struct sk_lint_parts parts;
	const char *which;

	sk_lint_take_apart(linter, rule->tree, &parts);
	which = sk_lint_explain(linter, &parts, open_placeholders);
	return which ? sk_arena_printf(linter->arena, "no event makes this true: %s", which) : NULL;
}

static void judge(struct sk_linter *linter, struct judged *judged)
{
	const struct sk_pack_rule *rule = judged->rule;

	if (judge_exceptions(linter, rule)) {
		judged->never = true;
		return;
	}
	if (sk_lint_ask(linter, judged->node, true, true) == SK_LINT_IMPOSSIBLE) {
		judged->never = true;
		find(linter, SK_DIAGNOSTIC_NEVER_MATCHES, rule, explain(linter, rule, true),
		     "the rule can never match");
	} else if (sk_lint_ask(linter, judged->node, true, false) == SK_LINT_IMPOSSIBLE) {
		judged->never = true;
		/* Packs come with rules that are to be filled in before they are enabled. */
		if (rule->enabled)
			find(linter, SK_DIAGNOSTIC_NEVER_MATCHES, rule, explain(linter, rule, false),
			     "the rule is enabled, but can never match as long as its placeholders are as they "
			     "are");
	} else if (sk_lint_ask(linter, judged->node, false, true) == SK_LINT_IMPOSSIBLE) {
		find(linter, SK_DIAGNOSTIC_ALWAYS_MATCHES, rule, NULL, "the rule matches every event");
	}
}

/* --- the first match ----------------------------------------------------- */

static bool is_shadowed_by(struct sk_linter *linter, const struct judged *judged, const struct judged *earlier)
{
	const struct sk_lint_claim_of claims[] = {{judged->node, true}, {earlier->node, false}};
	const struct sk_lint_question question = {
		.claims = claims, .count = 2, .present = SK_NONE, .missing = SK_NONE, .open_placeholders = false};

	return sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE;
}

/*
 * An event that only this rule matches is usually found at once: from one that
 * it matches, with a little changed.
 */
static void look_for_shadow(struct sk_linter *linter, const struct judged *judged, const struct judged *rules,
			    uint32_t count)
{
	const struct sk_lint_claim_of claim = {judged->node, true};
	const struct sk_lint_question question = {
		.claims = &claim, .count = 1, .present = SK_NONE, .missing = SK_NONE, .open_placeholders = false};

	sk_solve_and_keep(linter, &question);
	for (uint32_t i = 0; i < count && linter->work > 0; i++) {
		const struct judged *earlier = &rules[i];

		if (earlier->never || !earlier->rule->enabled ||
		    sk_solve_more(linter, (struct sk_lint_claim_of){earlier->node, false}) != SK_LINT_IMPOSSIBLE)
			continue;
		if (is_shadowed_by(linter, judged, earlier)) {
			struct sk_place place =
				sk_sources_place(linter->diagnostics->sources, earlier->rule->span.begin);

			find(linter, SK_DIAGNOSTIC_RULE_SHADOWED, judged->rule,
			     sk_arena_printf(linter->arena,
					     "that rule is in line %u%s%s; it never fires where the "
					     "first match wins",
					     place.line, place.file ? " of " : "",
					     place.file ? place.file->name : ""),
			     sk_arena_printf(linter->arena,
					     "whatever the rule matches, rule '%s' before it matches too",
					     earlier->rule->name));
			return;
		}
		sk_solve_and_keep(linter, &question);
	}
}

void sk_lint_rules(struct sk_linter *linter)
{
	const struct sk_pack *pack = linter->pack;
	struct judged *rules = sk_arena_alloc_zeroed(linter->arena, (size_t)pack->rule_count + 1, sizeof(*rules));
	uint32_t count = 0;

	if (!rules) {
		linter->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		const struct sk_pack_rule *rule = &pack->rules[i];

		if (rule->unknown_source || !rule->tree || sk_lint_node(linter, rule->tree) == SK_NONE)
			continue;
		rules[count] = (struct judged){.rule = rule, .node = sk_lint_node(linter, rule->tree)};
		judge(linter, &rules[count]);
		if (rule->enabled && !rules[count].never)
			look_for_shadow(linter, &rules[count], rules, count);
		count++;
	}
}
