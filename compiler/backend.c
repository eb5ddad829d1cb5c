/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second half of a compile: resolved rules are checked, lowered to the IR
 * and written as a bundle.
 *
 *   rule.output ────► output program ──────────────┐
 *   rule.tree ──┬───► IR node (check.c, per CHECK) ─┼─► sk_emit_rule ─► bundle
 *               └───► event set (eventset.c) ───────┘
 *
 * Rules share the bodies of their macros, and what was found about a node is
 * kept: a macro is checked and lowered once, however many rules and macros use
 * it.  Its issues are kept too, because it depends on the rule that uses it
 * what becomes of them.
 */
#include "compiler/compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compiler/check.h"
#include "compiler/emit.h"
#include "compiler/eventset.h"
#include "compiler/program.h"
#include "compiler/select.h"

/* How deep a condition may be nested once its macros are written out. */
enum { CONDITION_DEPTH_LIMIT = 4096 };

/* The reference warns of a rule that more event codes than this lead to. */
enum { EVENT_TYPE_WARNING = 100 };

/*
 * What is known of a CHECK node, or of the body of a macro.  A comparison whose
 * value depends on its readings (vm/reading.h) is another one wherever the macro
 * is used, so what has one is lowered anew each time.
 */
struct lowered {
	uint32_t node; /* of the IR, SK_NONE after errors */
	uint32_t walk; /* the last rule that asked, counted from 1 */
	bool known;
	bool has_issues;         /* it or something inside */
	struct sk_issue *issues; /* of a CHECK */
};

/* An issue that a rule met, and the macro that it stands in. */
struct met {
	struct sk_issue *issue;
	const char *macro; /* NULL: in the rule itself */
};

struct backend {
	struct sk_pack *pack;
	const struct sk_compile_options *options;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_ir ir;
	struct sk_check check;
	struct sk_event_sets event_sets;
	struct sk_intern nodes; /* addresses of nodes of macros; numbers index `lowered` */
	struct lowered *lowered;
	uint32_t lowered_capacity;
	struct sk_intern reported;  /* (id, place, message): each is said once */
	struct sk_emit_rule *rules; /* of each of the pack's rules */
	uint64_t instructions;      /* of all rules so far */
	/* The rule that is worked on. */
	uint32_t walk;
	struct met *met;
	uint32_t met_count, met_capacity;
	bool out_of_memory;
};

/* --- issues ------------------------------------------------------------ */

static void meet(struct backend *backend, struct sk_issue *issue, const char *macro)
{
	if (backend->met_count == backend->met_capacity) {
		uint32_t capacity = backend->met_capacity ? backend->met_capacity * 2 : 16;
		struct met *met = sk_arena_alloc_zeroed(backend->arena, capacity, sizeof(*met));

		if (!met) {
			backend->out_of_memory = true;
			return;
		}
		if (backend->met_count)
			memcpy(met, backend->met, backend->met_count * sizeof(*met));
		backend->met = met;
		backend->met_capacity = capacity;
	}
	backend->met[backend->met_count++] = (struct met){.issue = issue, .macro = macro};
}

static void meet_all(struct backend *backend, struct sk_issue *issues, const char *macro)
{
	for (struct sk_issue *issue = issues; issue; issue = issue->next)
		meet(backend, issue, macro);
}

static bool is_error(const struct sk_issue *issue)
{
	return sk_diagnostic_infos[issue->id].severity == SK_SEVERITY_ERROR;
}

static void set_context(struct backend *backend, const struct sk_pack_rule *rule, const char *macro)
{
	backend->diagnostics->context = rule->span;
	backend->diagnostics->context_text =
		macro ? sk_arena_printf(backend->arena, "in rule '%s', macro '%s'", rule->name, macro)
		      : sk_arena_printf(backend->arena, "in rule '%s'", rule->name);
}

/*
 * True the first time.  The same words about the same place come again when a
 * list or a macro is used again; what stands nowhere is always said.
 */
static bool is_news(struct backend *backend, const struct sk_issue *issue)
{
	uint32_t known = backend->reported.count;
	size_t length = strlen(issue->message);
	char *key;

	if (!issue->span.begin)
		return true;
	key = sk_arena_alloc(backend->arena, length + sizeof(issue->id) + sizeof(issue->span));
	if (!key)
		return true;
	memcpy(key, &issue->id, sizeof(issue->id));
	memcpy(key + sizeof(issue->id), &issue->span, sizeof(issue->span));
	memcpy(key + sizeof(issue->id) + sizeof(issue->span), issue->message, length);
	return sk_intern_add(&backend->reported, key, length + sizeof(issue->id) + sizeof(issue->span)) == known;
}

/*
 * Says what was met in a rule.  An error spoils the rule; if the first one is
 * a name that this engine does not know, and the rule asks for it, the rule is
 * dropped with a warning instead.  Returns true if the rule goes on.
 */
static bool settle(struct backend *backend, const struct sk_pack_rule *rule)
{
	const struct met *first_error = NULL;
	bool forgiven;

	for (uint32_t i = 0; i < backend->met_count && !first_error; i++) {
		if (is_error(backend->met[i].issue))
			first_error = &backend->met[i];
	}
	forgiven = first_error && first_error->issue->unknown && rule->skip_if_unknown_filter;
	for (uint32_t i = 0; i < backend->met_count; i++) {
		const struct met *met = &backend->met[i];

		if ((forgiven && is_error(met->issue)) || !is_news(backend, met->issue))
			continue;
		set_context(backend, rule, met->macro);
		sk_diagnostics_add(backend->diagnostics, met->issue->id, met->issue->span, met->issue->hint, "%s",
				   met->issue->message);
	}
	if (forgiven) {
		set_context(backend, rule, first_error->macro);
		sk_diagnostics_add(backend->diagnostics, SK_DIAGNOSTIC_UNKNOWN_FILTER, first_error->issue->span,
				   first_error->issue->hint, "the rule is left out: %s",
				   first_error->issue->message);
	}
	backend->diagnostics->context_text = NULL;
	backend->diagnostics->context = (struct sk_span){0};
	backend->met_count = 0;
	return !first_error;
}

/* --- conditions -------------------------------------------------------- */

/* The note of a node; the pointer holds until the next call. */
static struct lowered *note_of(struct backend *backend, const struct sk_node *node)
{
	uintptr_t key = (uintptr_t)node;
	uint32_t number = sk_intern_add(&backend->nodes, &key, sizeof(key));

	if (number == SK_NONE) {
		backend->out_of_memory = true;
		return NULL;
	}
	if (number >= backend->lowered_capacity) {
		uint32_t capacity = backend->lowered_capacity ? backend->lowered_capacity * 2 : 256;
		struct lowered *lowered = sk_arena_alloc_zeroed(backend->arena, capacity, sizeof(*lowered));

		if (!lowered) {
			backend->out_of_memory = true;
			return NULL;
		}
		if (backend->lowered_capacity)
			memcpy(lowered, backend->lowered, backend->lowered_capacity * sizeof(*lowered));
		backend->lowered = lowered;
		backend->lowered_capacity = capacity;
	}
	return &backend->lowered[number];
}

static uint32_t lower(struct backend *backend, const struct sk_node *node, uint32_t depth, const char *macro);

static uint32_t lower_check(struct backend *backend, const struct sk_node *node, const char *macro)
{
	const uint32_t readers = backend->check.readers;
	struct lowered *note;

	/* Outside macros nobody comes back to it. */
	if (!macro) {
		uint32_t lowered = sk_ir_node_predicate(&backend->ir, sk_check_predicate(&backend->check, node));

		meet_all(backend, sk_check_take_issues(&backend->check), NULL);
		return lowered;
	}
	note = note_of(backend, node);
	if (!note)
		return SK_NONE;
	if (!note->known) {
		note->node = sk_ir_node_predicate(&backend->ir, sk_check_predicate(&backend->check, node));
		note->issues = sk_check_take_issues(&backend->check);
		note->known = backend->check.readers == readers;
	}
	meet_all(backend, note->issues, macro);
	return note->node;
}

/*
 * The body of a macro.  One without issues is known from then on; one with
 * issues is walked again for each rule, once, so that the rule meets them.
 */
static uint32_t lower_macro(struct backend *backend, const struct sk_node *node, uint32_t depth)
{
	struct lowered *note = note_of(backend, node->body);
	const uint32_t readers = backend->check.readers;
	uint32_t met = backend->met_count, lowered;

	if (!note)
		return SK_NONE;
	if (note->known && (!note->has_issues || note->walk == backend->walk))
		return note->node;
	note->walk = backend->walk;
	lowered = lower(backend, node->body, depth, node->name);
	note = note_of(backend, node->body);
	if (!note)
		return SK_NONE;
	note->node = lowered;
	note->has_issues |= backend->met_count > met || lowered == SK_NONE;
	note->known = backend->check.readers == readers;
	return lowered;
}

static void complain(struct backend *backend, const struct sk_node *node, const char *macro, const char *message)
{
	sk_check_add(&backend->check, SK_DIAGNOSTIC_COMPILE_CONDITION,
		     sk_text_span(node->text, node->begin, node->end), false, NULL, "%s", message);
	meet_all(backend, sk_check_take_issues(&backend->check), macro);
}

static uint32_t lower_branch(struct backend *backend, const struct sk_node *node, uint32_t depth, const char *macro)
{
	uint32_t *children = sk_arena_alloc_zeroed(backend->arena, (size_t)node->count + 1, sizeof(*children));

	if (!children) {
		backend->out_of_memory = true;
		return SK_NONE;
	}
	for (uint32_t i = 0; i < node->count; i++)
		children[i] = lower(backend, node->children[i], depth, macro);
	return sk_ir_node_branch(&backend->ir, node->kind == SK_NODE_AND ? SK_IR_AND : SK_IR_OR, children,
				 node->count);
}

static uint32_t lower(struct backend *backend, const struct sk_node *node, uint32_t depth, const char *macro)
{
	if (depth == 0) {
		complain(backend, node, macro,
			 "the condition is nested too deeply once its macros are written out");
		return SK_NONE;
	}
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
		return lower_branch(backend, node, depth - 1, macro);
	case SK_NODE_NOT:
		return sk_ir_node_not(&backend->ir, lower(backend, node->children[0], depth - 1, macro));
	case SK_NODE_CHECK:
		return lower_check(backend, node, macro);
	case SK_NODE_MACRO:
		if (node->body)
			return lower_macro(backend, node, depth - 1);
		complain(backend, node, macro, "filter error: unexpected identifier");
		return SK_NONE;
	}
	return SK_NONE;
}

static struct sk_span condition_span(const struct sk_pack_rule *rule)
{
	struct sk_span span = sk_text_span(&rule->condition, 0, rule->condition.length);

	return span.begin ? span : rule->span;
}

/* Program and event set of a condition that has no errors so far. */
static int finish_condition(struct backend *backend, const struct sk_pack_rule *rule, struct sk_emit_rule *lowered)
{
	uint64_t size = sk_program_size(&backend->ir, lowered->condition);
	uint32_t types;
	int error;

	if (size > SK_PROGRAM_LIMIT) {
		sk_check_add(&backend->check, SK_DIAGNOSTIC_COMPILE_CONDITION, condition_span(rule), false,
			     "macros that use other macros several times multiply",
			     "the condition has more than %d comparisons once its macros are written out",
			     SK_PROGRAM_LIMIT - 2);
		return 0;
	}
	if (backend->instructions > SK_PROGRAMS_LIMIT)
		return 0;
	backend->instructions += size;
	if (backend->instructions > SK_PROGRAMS_LIMIT) {
		sk_check_add(
			&backend->check, SK_DIAGNOSTIC_COMPILE_CONDITION, condition_span(rule), false,
			"a long macro counts anew in each rule that uses it",
			"the conditions of all rules up to this one have more than %d comparisons once macros are "
			"written out",
			SK_PROGRAMS_LIMIT);
		return 0;
	}
	if (backend->options && backend->options->accept_any_type) {
		memset(&lowered->events, 0xff, sizeof(lowered->events));
		if (SK_SYSCALL_NAME_COUNT % 64)
			lowered->events.syscalls[SK_BUNDLE_SYSCALL_WORDS - 1] >>= 64 - SK_SYSCALL_NAME_COUNT % 64;
		return 0;
	}
	error = sk_event_sets_find(&backend->event_sets, rule->tree, CONDITION_DEPTH_LIMIT, &lowered->events);
	if (error < 0)
		return error;
	types = sk_event_set_type_count(&lowered->events);
	if (types > EVENT_TYPE_WARNING && rule->warn_evttypes)
		sk_check_add(
			&backend->check, SK_DIAGNOSTIC_NO_EVTTYPE, condition_span(rule), false,
			"name the events that matter with evt.type",
			"Rule matches too many evt.type values (%u). This has a significant performance penalty",
			types);
	return 0;
}

/* --- rules ------------------------------------------------------------- */

/* Checks a rule; it loses its tree if it has errors or is to be left out. */
static int lower_rule(struct backend *backend, struct sk_pack_rule *rule, struct sk_emit_rule *lowered)
{
	int error;

	backend->walk++;
	lowered->rule = rule;
	error = sk_output_build(&backend->check, backend->diagnostics->sources, &rule->output, &lowered->output);
	if (error < 0)
		return error;
	meet_all(backend, sk_check_take_issues(&backend->check), NULL);
	lowered->condition = lower(backend, rule->tree, CONDITION_DEPTH_LIMIT, NULL);
	if (lowered->condition != SK_NONE) {
		error = finish_condition(backend, rule, lowered);
		if (error < 0)
			return error;
		meet_all(backend, sk_check_take_issues(&backend->check), NULL);
	}
	if (!settle(backend, rule))
		rule->tree = NULL;
	return backend->out_of_memory || backend->ir.out_of_memory ? -ENOMEM : 0;
}

static int lower_rules(struct backend *backend)
{
	struct sk_pack *pack = backend->pack;

	backend->rules =
		sk_arena_alloc_zeroed(backend->arena, (size_t)pack->rule_count + 1, sizeof(*backend->rules));
	if (!backend->rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		int error;

		if (pack->rules[i].unknown_source || !pack->rules[i].tree)
			continue;
		error = lower_rule(backend, &pack->rules[i], &backend->rules[i]);
		if (error < 0)
			return error;
	}
	return 0;
}

/* --- the bundle -------------------------------------------------------- */

static int emit(struct backend *backend, struct sk_buffer *ret_bundle, struct sk_compile_summary *summary)
{
	struct sk_pack_rule **selected;
	struct sk_emit_rule *rules;
	struct sk_emit_input input;
	struct sk_error sentence = {0};
	uint32_t count;
	int error = sk_select_rules(backend->pack, backend->options, backend->arena, &selected, &count);

	if (error < 0)
		return error;
	summary->rules_enabled = count;
	summary->predicates = backend->ir.predicates.count;
	if (backend->options && backend->options->check_only)
		return 0;
	rules = sk_arena_alloc_zeroed(backend->arena, (size_t)count + 1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		rules[i] = backend->rules[selected[i] - backend->pack->rules];
	input = (struct sk_emit_input){
		.ir = &backend->ir,
		.sources = backend->diagnostics->sources,
		.rules = rules,
		.count = count,
		.any_type = backend->options && backend->options->accept_any_type,
	};
	error = sk_emit_bundle(&input, ret_bundle, &summary->predicates, &sentence);
	if (error == -E2BIG) {
		sk_diagnostics_add(backend->diagnostics, SK_DIAGNOSTIC_VALIDATE, (struct sk_span){0}, NULL, "%s",
				   sentence.message);
		return -EINVAL;
	}
	return error;
}

int sk_compile_pack(struct sk_pack *pack, const struct sk_compile_options *options, struct sk_buffer *ret_bundle,
		    struct sk_compile_summary *ret_summary)
{
	struct sk_compile_summary summary = {
		.rules = pack->rule_count, .macros = pack->macro_count, .lists = pack->list_count};
	struct backend backend = {
		.pack = pack, .options = options, .arena = pack->arena, .diagnostics = pack->diagnostics};
	int error;

	sk_ir_init(&backend.ir, pack->arena);
	sk_check_init(&backend.check, pack->arena, &backend.ir);
	backend.check.accept_any_type = options && options->accept_any_type;
	sk_event_sets_init(&backend.event_sets, pack->arena);
	sk_intern_init(&backend.nodes, pack->arena);
	sk_intern_init(&backend.reported, pack->arena);
	error = lower_rules(&backend);
	if (error < 0)
		return error;
	if (pack->diagnostics->out_of_memory)
		return -ENOMEM;
	if (pack->diagnostics->errors)
		return -EINVAL;
	error = emit(&backend, ret_bundle, &summary);
	if (error < 0)
		return error;
	if (ret_summary)
		*ret_summary = summary;
	return 0;
}
