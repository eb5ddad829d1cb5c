/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vm/print.h"
#include "vm/support/alloc.h"

enum {
	/* A rule of more event types than this does not say what it is for. */
	TYPES_LIMIT = 40,
	/* Names in a condition that is proposed. */
	NAMED_TYPES = 8,
	/* Different values that say something about what a field holds. */
	VALUES_LEAST = 8,
	/* What is run or asked less often costs nothing. */
	RUNS_LEAST = 64,
	ASKED_LEAST = 8,
};

/* Of the whole time, before it is worth a word. */
static const double dear_question = 0.05, dear_ancestors = 0.05;

const struct sk_suggestion_info sk_suggestion_infos[SK_SUGGESTION_KIND_COUNT] = {
#define SK_SUGGESTION(id, text, what) [SK_SUGGESTION_##id] = {text, what},
#include "cli/profile/suggestions.def"
};

struct search {
	const struct sk_figures *figures;
	struct sk_suggestions *found;
	bool *seen;  /* one a predicate: one that many rules share is told once, with the dearest */
	bool *asked; /* one a question */
	bool failed;
};

/* The next one to be filled in; NULL without memory. */
static struct sk_suggestion *add(struct search *search, enum sk_suggestion_kind kind, uint32_t rule,
				 uint32_t predicate, double ns)
{
	struct sk_suggestions *found = search->found;

	if (found->count == found->capacity) {
		uint32_t capacity = found->capacity ? found->capacity * 2 : 32;
		struct sk_suggestion *grown = sk_realloc_array(found->items, capacity, sizeof(*grown));

		if (!grown) {
			search->failed = true;
			return NULL;
		}
		found->items = grown;
		found->capacity = capacity;
	}
	found->items[found->count] =
		(struct sk_suggestion){.kind = kind, .rule = rule, .predicate = predicate, .ns = ns};
	return &found->items[found->count++];
}

static double question_ns(const struct search *search, uint32_t question)
{
	return sk_profile_ns(search->figures->profile, search->figures->profile->questions[question].ticks);
}

/* Text of a predicate's question for a sentence. */
static void name_question(const struct search *search, uint32_t question, struct sk_buffer *to)
{
	sk_figures_print_question(search->figures, question, to);
}

/* --- about predicates ----------------------------------------------------- */

static void look_for_plainer(struct search *search, uint32_t rule, uint32_t predicate)
{
	const struct sk_bundle *bundle = search->figures->bundle;
	const uint32_t question = sk_figures_question_of(search->figures, predicate);
	const struct sk_profile_question *figures = &search->figures->profile->questions[question];
	const uint8_t operator= bundle->predicates[predicate].operator;
	const bool folded = operator== SK_OPERATOR_CONTAINS || operator== SK_OPERATOR_ICONTAINS;
	struct sk_buffer instead = {0};
	struct sk_suggestion *item;
	bool same;

	if (!sk_suggest_plainer(bundle, predicate, &instead, &same)) {
		sk_buffer_release(&instead);
		return;
	}
	item = add(search, folded ? SK_SUGGESTION_FOLDED_TEXT : SK_SUGGESTION_PLAIN_PATTERN, rule, predicate,
		   question_ns(search, question));
	if (!item) {
		sk_buffer_release(&instead);
		return;
	}
	item->instead = instead;
	item->same = same;
	if (folded)
		sk_buffer_printf(&item->reason,
				 "the text is copied before it is searched, and asked for apart from the field "
				 "itself: %" PRIu64 " times, %" PRIu64 " of them anew",
				 figures->asked, figures->worked_out);
	else
		sk_buffer_printf(&item->reason,
				 "each new value goes through an automaton of patterns, where an index would do: "
				 "%" PRIu64 " of %" PRIu64 " values were new%s",
				 figures->worked_out, figures->asked,
				 same ? "" : "; the two differ only for texts with line breaks");
}

static void look_for_prefix(struct search *search, uint32_t rule, uint32_t predicate)
{
	const struct sk_bundle *bundle = search->figures->bundle;
	const struct sk_profile_predicate *figures = &search->figures->profile->predicates[predicate];
	const struct sk_bundle_predicate *record = &bundle->predicates[predicate];
	const uint32_t question = sk_figures_question_of(search->figures, predicate);
	struct sk_suggestion *item;
	uint32_t length;
	const char *text;

	/* Values are counted for contains with one text only. */
	if (figures->values < VALUES_LEAST || figures->values != figures->beginning)
		return;
	/* Of other texts, flags for one, the order says nothing. */
	text = sk_bundle_text(bundle, bundle->constants[record->first], &length);
	if (text[0] != '/')
		return;
	item = add(search, SK_SUGGESTION_PREFIX, rule, predicate, question_ns(search, question));
	if (!item)
		return;
	sk_buffer_printf(&item->reason,
			 "it held for %u different values, and all of them begin with the text; a prefix takes one "
			 "look, and says more exactly what is meant",
			 figures->values);
	sk_buffer_printf(&item->instead, "%s startswith ",
			 sk_bundle_text(bundle, bundle->expressions[record->left].text, NULL));
	sk_print_word(&item->instead, text, length);
}

/* --- about fields --------------------------------------------------------- */

/* The field that a question asks for itself; SK_FIELD_COUNT if it is anything else. */
static uint16_t field_of(const struct sk_bundle *bundle, uint32_t question, bool *ret_argument)
{
	const uint32_t expression = bundle->questions[question].expression;

	*ret_argument = false;
	if (expression == SK_NONE || bundle->expressions[expression].kind != SK_EXPRESSION_FIELD)
		return SK_FIELD_COUNT;
	*ret_argument = bundle->fields[bundle->expressions[expression].operand].kind != SK_ARGUMENT_KIND_NONE;
	return bundle->fields[bundle->expressions[expression].operand].field;
}

static void look_at_arguments(struct search *search, uint32_t rule, uint32_t predicate, uint32_t question)
{
	const struct sk_profile_question *figures = &search->figures->profile->questions[question];
	const double ns = question_ns(search, question);
	struct sk_suggestion *item;

	if (figures->asked < ASKED_LEAST)
		return;
	item = add(search, SK_SUGGESTION_ALL_ARGUMENTS, rule, predicate, ns);
	if (!item)
		return;
	sk_buffer_printf(&item->reason,
			 "all arguments were put into words for %" PRIu64 " events, %.0f ns each, and %" PRIu64
			 " of these texts were new; ask for the one that matters (evt.arg.NAME, fd.name)",
			 figures->asked, figures->asked ? ns / (double)figures->asked : 0, figures->worked_out);
}

static void look_at_ancestors(struct search *search, uint32_t rule, uint32_t predicate, uint32_t question)
{
	const struct sk_figures *figures = search->figures;
	const struct sk_profile_question *record = &figures->profile->questions[question];
	const double ns = question_ns(search, question), share = sk_figures_share(figures, ns);
	struct sk_suggestion *item;

	if (share < dear_ancestors)
		return;
	item = add(search, SK_SUGGESTION_ANCESTORS, rule, predicate, ns);
	if (!item)
		return;
	sk_buffer_printf(
		&item->reason,
		"it is worked out for every process that is new or changed: asked %" PRIu64
		" times, %.1f %% of all time; if one ancestor is meant, say which (proc.pname, proc.aname[2])",
		record->asked, 100 * share);
}

static void look_at_lone_field(struct search *search, uint32_t rule, uint32_t predicate, uint32_t question)
{
	const struct sk_figures *figures = search->figures;
	const struct sk_profile_question *record = &figures->profile->questions[question];
	const double ns = question_ns(search, question), share = sk_figures_share(figures, ns);
	struct sk_suggestion *item;

	if (figures->rules_naming[question] != 1 || share < dear_question || !record->asked)
		return;
	item = add(search, SK_SUGGESTION_LONE_FIELD, rule, predicate, ns);
	if (!item)
		return;
	sk_buffer_append_text(&item->reason, "no other rule asks for ");
	name_question(search, question, &item->reason);
	sk_buffer_printf(
		&item->reason,
		": %" PRIu64 " times for %" PRIu64
		" matches, %.1f ns each, %.1f %% of all time; a field that others ask for too, or fewer event "
		"types, would rule it out before",
		record->asked, figures->rules[rule].matched, ns / (double)record->asked, 100 * share);
}

static void look_at_field(struct search *search, uint32_t rule, uint32_t predicate)
{
	const struct sk_bundle *bundle = search->figures->bundle;
	const uint32_t question = sk_figures_question_of(search->figures, predicate);
	bool argument;
	const uint16_t field = field_of(bundle, question, &argument);

	if (field == SK_FIELD_COUNT || search->asked[question])
		return;
	search->asked[question] = true;
	if (field == SK_FIELD_EVT_ARGS || field == SK_FIELD_EVT_INFO)
		look_at_arguments(search, rule, predicate, question);
	else if (sk_fields[field].quantifier == SK_QUANTIFIER_ANY && !argument)
		look_at_ancestors(search, rule, predicate, question);
	else
		look_at_lone_field(search, rule, predicate, question);
}

/* --- about rules ---------------------------------------------------------- */

/* Where a rule is filed, and where it was more than considered. */
struct reach {
	uint32_t filed, met, left; /* event types: in all, that came, that it survived for */
	const char *names[NAMED_TYPES];
	uint32_t named; /* of those that it survived for, each name once */
};

static void note_name(struct reach *reach, const char *name)
{
	for (uint32_t i = 0; i < reach->named && i < NAMED_TYPES; i++) {
		if (strcmp(reach->names[i], name) == 0)
			return;
	}
	if (reach->named < NAMED_TYPES)
		reach->names[reach->named] = name;
	reach->named++;
}

static struct reach reach_of(const struct search *search, uint32_t rule)
{
	const struct sk_profile *profile = search->figures->profile;
	struct reach reach = {0};

	for (uint16_t type = 0; type < profile->bundle->types_count; type++) {
		const uint32_t at = sk_profile_position(profile->bundle, type, rule);

		if (at == SK_NONE)
			continue;
		reach.filed++;
		if (!profile->types[type].uses)
			continue;
		reach.met++;
		/* Linear runs are no sign that it was not ruled out. */
		if (profile->types[type].uses[at].survived > profile->types[type].uses[at].linear ||
		    profile->types[type].uses[at].matched) {
			reach.left++;
			note_name(&reach, sk_events[type].name);
		}
	}
	return reach;
}

static bool asks_event_type(const struct search *search, uint32_t rule)
{
	const struct sk_bundle *bundle = search->figures->bundle;

	for (uint32_t at = bundle->rules[rule].condition;
	     at < bundle->rules[rule].condition + bundle->rules[rule].condition_size; at++) {
		bool argument;
		uint16_t field;

		if (sk_ops[bundle->code[at].op].operand != SK_OP_OPERAND_PREDICATE)
			continue;
		field = field_of(bundle, sk_figures_question_of(search->figures, bundle->code[at].operand),
				 &argument);
		if (field == SK_FIELD_EVT_TYPE || field == SK_FIELD_SYSCALL_TYPE)
			return true;
	}
	return false;
}

static void look_at_types(struct search *search, uint32_t rule)
{
	const struct sk_profile_rule *figures = &search->figures->rules[rule];
	const struct reach reach = reach_of(search, rule);
	struct sk_suggestion *item;

	if (reach.filed <= TYPES_LIMIT || !figures->considered || reach.left * 4 > reach.met)
		return;
	item = add(search, asks_event_type(search, rule) ? SK_SUGGESTION_MANY_TYPES : SK_SUGGESTION_NO_EVENT_TYPE,
		   rule, SK_NONE, sk_figures_rule_ns(search->figures, rule));
	if (!item)
		return;
	sk_buffer_printf(&item->reason,
			 "it is for %u event types; %u of them came, %" PRIu64 " events, and it was ruled out for ",
			 reach.filed, reach.met, figures->considered);
	if (reach.left)
		sk_buffer_printf(&item->reason, "all events of all but %u", reach.left);
	else
		sk_buffer_append_text(&item->reason, "all of them; say which event types are meant");
	if (!reach.named || reach.named > NAMED_TYPES)
		return;
	sk_buffer_append_text(&item->instead, "evt.type in (");
	for (uint32_t i = 0; i < reach.named; i++)
		sk_buffer_printf(&item->instead, "%s%s", i ? ", " : "", reach.names[i]);
	sk_buffer_append_text(&item->instead, ") and (the condition as it is)");
}

static void look_at_residual(struct search *search, uint32_t rule)
{
	const struct sk_bundle *bundle = search->figures->bundle;
	const struct sk_profile_rule *figures = &search->figures->rules[rule];
	const uint64_t runs = figures->run - figures->linear;
	uint32_t single = SK_NONE, others = 0;
	struct sk_suggestion *item;

	if (runs < RUNS_LEAST)
		return;
	for (uint32_t at = bundle->rules[rule].condition;
	     at < bundle->rules[rule].condition + bundle->rules[rule].condition_size; at++) {
		const uint32_t predicate = bundle->code[at].operand;

		if (sk_ops[bundle->code[at].op].operand != SK_OP_OPERAND_PREDICATE ||
		    bundle->predicates[predicate].right == SK_NONE || predicate == single)
			continue;
		others += single != SK_NONE;
		single = predicate;
	}
	if (single == SK_NONE || others)
		return;
	item = add(search, SK_SUGGESTION_RESIDUAL, rule, single,
		   sk_profile_ns(search->figures->profile, figures->ticks));
	if (item)
		sk_buffer_printf(
			&item->reason,
			"what two fields say of each other cannot be remembered, so the rule was run to its "
			"end %" PRIu64 " times (%.1f %% of the events it was considered for), for %" PRIu64
			" matches; one more comparison with constants would rule it out before",
			runs, 100 * (double)runs / (double)figures->considered, figures->matched);
}

/* --- all of them ---------------------------------------------------------- */

static int compare_suggestions(const void *left, const void *right)
{
	const struct sk_suggestion *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

static void look_at_predicates(struct search *search, uint32_t rule)
{
	const struct sk_bundle *bundle = search->figures->bundle;
	const struct sk_bundle_rule *record = &bundle->rules[rule];

	for (uint32_t at = record->condition; at < record->condition + record->condition_size; at++) {
		const uint32_t predicate = bundle->code[at].operand;

		if (sk_ops[bundle->code[at].op].operand != SK_OP_OPERAND_PREDICATE || search->seen[predicate])
			continue;
		search->seen[predicate] = true;
		look_for_plainer(search, rule, predicate);
		look_for_prefix(search, rule, predicate);
		look_at_field(search, rule, predicate);
	}
}

int sk_suggest_rewrites(const struct sk_figures *figures, struct sk_suggestions *ret_suggestions)
{
	struct search search = {.figures = figures, .found = ret_suggestions};

	*ret_suggestions = (struct sk_suggestions){0};
	search.seen = sk_alloc_zeroed((size_t)figures->bundle->predicates_count + 1, sizeof(*search.seen));
	search.asked = sk_alloc_zeroed((size_t)figures->bundle->questions_count + 1, sizeof(*search.asked));
	search.failed = !search.seen || !search.asked;
	for (uint32_t i = 0; !search.failed && i < figures->bundle->rules_count; i++) {
		const uint32_t rule = figures->rule_order[i];

		/* Of what was never tried there is nothing to say. */
		if (!figures->rules[rule].considered)
			continue;
		look_at_predicates(&search, rule);
		look_at_types(&search, rule);
		look_at_residual(&search, rule);
	}
	for (uint32_t i = 0; i < ret_suggestions->count; i++)
		search.failed |=
			ret_suggestions->items[i].reason.failed || ret_suggestions->items[i].instead.failed;
	if (ret_suggestions->count)
		qsort(ret_suggestions->items, ret_suggestions->count, sizeof(*ret_suggestions->items),
		      compare_suggestions);
	sk_free(search.seen);
	sk_free(search.asked);
	return search.failed ? -ENOMEM : 0;
}

void sk_suggestions_release(struct sk_suggestions *suggestions)
{
	for (uint32_t i = 0; i < suggestions->count; i++) {
		sk_buffer_release(&suggestions->items[i].reason);
		sk_buffer_release(&suggestions->items[i].instead);
	}
	sk_free(suggestions->items);
	*suggestions = (struct sk_suggestions){0};
}
