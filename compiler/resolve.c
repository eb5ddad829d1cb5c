/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions parsed and macros resolved (spec/rule-language.md section 1.4).
 *
 *   text ─► exceptions, lists ─► tree ─┬─ CHECK ...
 *                                      └─ MACRO ── body ──► the macro's tree
 *
 * What a macro sees depends on where it was last changed, and a macro that is
 * resolved through another one sees what that one sees.  So the macros are
 * taken in order, and from each of them those that come later, and are not
 * resolved yet, are walked with its visibility; those before it are closed.
 * A walk meets each macro once, which is enough to find every mistake: what
 * one path from a macro finds, all paths find.
 *
 * The graph of macros without errors has no cycles and is at most
 * SK_PACK_HEIGHT_LIMIT nodes high, all bodies included.
 *
 * Resolution is repeated after every file.  A text that comes out the same
 * keeps its tree; only links are made anew.
 */
#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "grammar/parse.h"
#include "vm/support/alloc.h"

/* References that may be followed in one resolution. */
enum { STEP_LIMIT = 50 * 1000 * 1000 };

struct reference {
	struct sk_node *node; /* MACRO */
	uint32_t macro;       /* its number, or SK_NAME_NONE */
	uint32_t depth;       /* nodes above it in its tree */
	bool reported;        /* what is wrong with it */
};

struct sk_pack_resolution {
	const struct sk_text *expanded; /* what was parsed */
	struct sk_node *tree;           /* NULL: it has errors of its own */
	struct reference *references;
	uint32_t reference_count, reference_capacity;
	uint32_t own_height; /* of the tree alone */
	uint32_t height;     /* with all bodies */
	uint32_t *applied;
	uint32_t applied_count; /* lists that were written into it */
	bool failed;            /* it, or something it refers to, has errors */
	bool changed;           /* since the last resolution, it or something it refers to */
};

struct frame {
	uint32_t macro;
	uint32_t next; /* reference to follow */
};

struct resolver {
	struct sk_pack *pack;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_expansion expansion;
	struct sk_builder written; /* a condition with its exceptions */

	const char *kind, *name; /* of what is being worked on */
	struct sk_span span;

	/* One for each macro. */
	bool *closed, *on_path;
	uint32_t *met; /* the walk that met it last */
	struct frame *path;
	uint32_t path_length, walk;
	uint32_t steps;
};

/* What is being worked on: most of it has nothing to say, so its name is written when something has. */
static void enter(struct resolver *resolver, const char *kind, const char *name, struct sk_span span)
{
	resolver->kind = kind;
	resolver->name = name;
	resolver->span = span;
}

static void set_context(struct resolver *resolver)
{
	struct sk_diagnostics *diagnostics = resolver->diagnostics;

	diagnostics->context = resolver->span;
	diagnostics->context_text =
		sk_arena_printf(diagnostics->arena, "in %s '%s'", resolver->kind, resolver->name);
}

static void leave(struct resolver *resolver)
{
	resolver->diagnostics->context = (struct sk_span){0};
	resolver->diagnostics->context_text = NULL;
}

/* --- text to tree ------------------------------------------------------ */

/* Lists the references of a tree; the parser bounds its height. */
static bool collect(struct resolver *resolver, struct sk_pack_resolution *resolution, struct sk_node *node,
		    uint32_t depth)
{
	if (depth + 1 > resolution->own_height)
		resolution->own_height = depth + 1;
	switch (node->kind) {
	case SK_NODE_CHECK:
		return true;
	case SK_NODE_MACRO:
		if (sk_pack_reserve(resolver->arena, &resolution->references, resolution->reference_count,
				    &resolution->reference_capacity, sizeof(*resolution->references)) < 0)
			return false;
		resolution->references[resolution->reference_count++] =
			(struct reference){.node = node, .macro = SK_NAME_NONE, .depth = depth + 1};
		return true;
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		break;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		if (!collect(resolver, resolution, node->children[i], depth + 1))
			return false;
	}
	return true;
}

static int refuse_size(struct resolver *resolver)
{
	struct sk_pack_state *state = resolver->pack->state;

	if (state->exhausted)
		return 0;
	set_context(resolver);
	state->exhausted = sk_lists_are_exhausted(resolver->pack);
	if (state->exhausted)
		sk_diagnostics_add(resolver->diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, resolver->span,
				   "names of lists that begin with the same word are all tried wherever it stands",
				   "writing the lists into the conditions takes too long");
	else
		sk_diagnostics_add(resolver->diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, resolver->span,
				   "lists that name each other can make a short condition very long",
				   "the condition is too large with its lists written in: more than %d bytes",
				   SK_PARSE_TEXT_LIMIT);
	return 0;
}

static bool same_text(const struct sk_text *left, const struct sk_text *right)
{
	return left && left->length == right->length && memcmp(left->bytes, right->bytes, left->length) == 0;
}

/* Remembers which lists were written into a text. */
static int keep_applied(struct resolver *resolver, struct sk_pack_resolution *resolution)
{
	uint32_t count = resolver->expansion.applied_count;

	if (count > resolution->applied_count) {
		resolution->applied = sk_arena_alloc(resolver->arena, count * sizeof(*resolution->applied));
		if (!resolution->applied)
			return -ENOMEM;
	}
	if (count)
		memcpy(resolution->applied, resolver->expansion.applied, count * sizeof(*resolution->applied));
	resolution->applied_count = count;
	return 0;
}

/*
 * Writes the lists into `text` and parses it, if that differs from what was
 * parsed before.  Mistakes are reported; only memory makes it fail.
 */
static int prepare(struct resolver *resolver, const struct sk_text *text, bool redefined,
		   struct sk_pack_resolution **resolution_slot)
{
	struct sk_pack_resolution *resolution = *resolution_slot;
	struct sk_text expanded;
	int result = sk_lists_expand(&resolver->expansion, text, &expanded);

	if (result == -ENOMEM)
		return result;
	if (result == 0 && resolution && !redefined && same_text(resolution->expanded, &expanded)) {
		resolution->changed = false;
		return keep_applied(resolver, resolution);
	}
	resolution = sk_arena_alloc_zeroed(resolver->arena, 1, sizeof(*resolution));
	if (!resolution)
		return -ENOMEM;
	*resolution_slot = resolution;
	resolution->changed = true;
	resolution->failed = true;
	if (result < 0)
		return refuse_size(resolver);
	resolution->expanded = sk_text_copy(&expanded, resolver->arena);
	if (!resolution->expanded || keep_applied(resolver, resolution) < 0)
		return -ENOMEM;
	set_context(resolver);
	resolution->tree = sk_parse_condition(resolution->expanded, SK_PARSE_DEPTH_PACK, resolver->arena,
					      resolver->diagnostics);
	if (resolver->diagnostics->out_of_memory)
		return -ENOMEM;
	if (!resolution->tree)
		return 0;
	resolution->failed = false;
	return collect(resolver, resolution, resolution->tree, 0) ? 0 : -ENOMEM;
}

static int prepare_macros(struct resolver *resolver)
{
	struct sk_pack *pack = resolver->pack;

	for (uint32_t i = 0; i < pack->macro_count; i++) {
		struct sk_pack_macro *macro = &pack->macros[i];
		int result;

		if (!macro->redefined && !pack->state->lists_changed) {
			macro->resolution->changed = false;
			continue;
		}
		enter(resolver, "macro", macro->name, macro->span);
		result = prepare(resolver, &macro->condition, macro->redefined, &macro->resolution);
		leave(resolver);
		macro->redefined = false;
		if (result < 0)
			return result;
	}
	return 0;
}

/* A replaced exception brings its own comparisons: nothing says so when they are missing. */
static void hint_at_comps(struct resolver *resolver, const struct sk_pack_rule *rule, uint32_t first_diagnostic)
{
	for (uint32_t i = 0; i < rule->exception_count; i++) {
		const struct sk_pack_exception *exception = &rule->exceptions[i];

		if (exception->comp_count || !exception->value_count)
			continue;
		for (uint32_t k = first_diagnostic; k < resolver->diagnostics->count; k++) {
			if (!resolver->diagnostics->items[k].hint)
				resolver->diagnostics->items[k].hint = sk_arena_printf(
					resolver->arena,
					"exception '%s' was replaced without 'comps', which have no defaults then",
					exception->name);
		}
		return;
	}
}

static int prepare_rule(struct resolver *resolver, struct sk_pack_rule *rule)
{
	uint32_t first_diagnostic = resolver->diagnostics->count;
	struct sk_text text = rule->condition;
	int result;

	if (rule->exception_count) {
		resolver->written.length = 0;
		set_context(resolver);
		result = sk_exceptions_write(rule, resolver->diagnostics, &resolver->written);
		if (result == -EINVAL) {
			rule->resolution = sk_arena_alloc_zeroed(resolver->arena, 1, sizeof(*rule->resolution));
			if (!rule->resolution)
				return -ENOMEM;
			rule->resolution->failed = true;
			return 0;
		}
		if (result < 0 || resolver->written.failed)
			return -ENOMEM;
		text = sk_builder_text(&resolver->written);
	}
	result = prepare(resolver, &text, rule->redefined, &rule->resolution);
	if (result == 0 && rule->resolution->failed)
		hint_at_comps(resolver, rule, first_diagnostic);
	return result;
}

static int prepare_rules(struct resolver *resolver)
{
	struct sk_pack *pack = resolver->pack;

	for (uint32_t i = 0; i < pack->rule_count; i++) {
		struct sk_pack_rule *rule = &pack->rules[i];
		bool failed = rule->resolution && rule->resolution->failed;
		int result;

		if (rule->unknown_source)
			continue;
		if (!rule->redefined && (failed || !pack->state->lists_changed)) {
			rule->resolution->changed = false;
			continue;
		}
		enter(resolver, "rule", rule->name, rule->span);
		result = prepare_rule(resolver, rule);
		leave(resolver);
		if (result < 0)
			return result;
		rule->resolution->changed |= rule->redefined;
		rule->redefined = false;
		rule->expanded = rule->resolution->expanded;
	}
	return 0;
}

/* --- references -------------------------------------------------------- */

static const char *hint_for_undefined(struct resolver *resolver, const struct sk_node *node, uint32_t macro)
{
	struct sk_pack *pack = resolver->pack;

	if (macro != SK_NAME_NONE) {
		struct sk_place place =
			sk_sources_place(resolver->diagnostics->sources, pack->macros[macro].span.begin);

		return sk_arena_printf(resolver->arena,
				       "macro '%s' is defined later (%s:%u): a macro sees those before it",
				       pack->macros[macro].name, place.file ? place.file->name : "?", place.line);
	}
	if (sk_names_find(&pack->state->lists, node->name, node->name_length) != SK_NAME_NONE)
		return sk_arena_printf(resolver->arena, "'%.*s' is a list: write 'FIELD in (%.*s)'",
				       (int)node->name_length, node->name, (int)node->name_length, node->name);
	return sk_pack_suggest(pack, SK_PACK_MACRO, node->name, node->name_length);
}

/* The macro that a reference means, as seen with a visibility; reports what is wrong with it, once. */
static uint32_t follow(struct resolver *resolver, struct reference *reference, uint32_t visibility)
{
	struct sk_pack *pack = resolver->pack;
	struct sk_pack_state *state = pack->state;
	const struct sk_node *node = reference->node;

	if (reference->macro == SK_NAME_NONE)
		reference->macro = sk_names_find(&state->macros, node->name, node->name_length);
	if (reference->macro != SK_NAME_NONE && pack->macros[reference->macro].index < visibility)
		return reference->macro;
	if (!reference->reported &&
	    sk_names_find(&state->broken_macros, node->name, node->name_length) == SK_NAME_NONE) {
		set_context(resolver);
		sk_diagnostics_add(resolver->diagnostics, SK_DIAGNOSTIC_VALIDATE,
				   sk_text_span(node->text, node->begin, node->end),
				   hint_for_undefined(resolver, node, reference->macro),
				   "Undefined macro '%.*s' used in filter.", (int)node->name_length, node->name);
	}
	reference->reported = true;
	return SK_NAME_NONE;
}

static void report_loop(struct resolver *resolver, const struct reference *reference)
{
	struct sk_pack *pack = resolver->pack;
	uint32_t from = resolver->path_length;
	const char *round = "";

	/* All of the loop has errors, and they are said here. */
	while (from > 0 && resolver->path[from - 1].macro != reference->macro)
		from--;
	for (uint32_t i = from ? from - 1 : 0; i < resolver->path_length; i++) {
		pack->macros[resolver->path[i].macro].resolution->failed = true;
		if (round && resolver->path_length - i < 10)
			round = sk_arena_printf(resolver->arena, "%s%s -> ", round,
						pack->macros[resolver->path[i].macro].name);
	}
	sk_diagnostics_add(
		resolver->diagnostics, SK_DIAGNOSTIC_VALIDATE,
		sk_text_span(reference->node->text, reference->node->begin, reference->node->end),
		round ? sk_arena_printf(resolver->arena, "%s%s", round, pack->macros[reference->macro].name) : NULL,
		"reference loop in macro '%s'", pack->macros[reference->macro].name);
}

/*
 * Walks what one macro refers to, with its visibility.  The macro itself is
 * only on the path once it is met again: as in the reference, the name of a
 * loop is that of the first macro met twice.
 */
static void walk_macro(struct resolver *resolver, uint32_t root)
{
	struct sk_pack *pack = resolver->pack;
	uint32_t visibility = pack->macros[root].visibility;
	bool failed = false;

	resolver->walk++;
	resolver->path[0] = (struct frame){.macro = root};
	resolver->path_length = 1;
	while (resolver->path_length) {
		struct frame *top = &resolver->path[resolver->path_length - 1];
		struct sk_pack_resolution *resolution = pack->macros[top->macro].resolution;
		struct reference *reference;
		uint32_t target;

		if (top->next == resolution->reference_count) {
			resolver->path_length--;
			if (resolver->path_length)
				resolver->on_path[top->macro] = false;
			continue;
		}
		reference = &resolution->references[top->next++];
		target = follow(resolver, reference, visibility);
		resolver->steps++;
		if (target == SK_NAME_NONE || pack->macros[target].resolution->failed) {
			failed = true;
		} else if (resolver->on_path[target]) {
			report_loop(resolver, reference);
			failed = true;
		} else if (!resolver->closed[target] && resolver->met[target] != resolver->walk) {
			resolver->met[target] = resolver->walk;
			resolver->on_path[target] = true;
			resolver->path[resolver->path_length++] = (struct frame){.macro = target};
		}
	}
	resolver->closed[root] = true;
	if (failed)
		pack->macros[root].resolution->failed = true;
}

static int walk_macros(struct resolver *resolver)
{
	struct sk_pack *pack = resolver->pack;

	for (uint32_t i = 0; i < pack->macro_count; i++) {
		struct sk_pack_macro *macro = &pack->macros[i];

		if (macro->resolution->failed || !macro->resolution->tree) {
			resolver->closed[i] = true;
			continue;
		}
		enter(resolver, "macro", macro->name, macro->span);
		walk_macro(resolver, i);
		leave(resolver);
		if (resolver->steps > STEP_LIMIT) {
			sk_diagnostics_add(resolver->diagnostics, SK_DIAGNOSTIC_VALIDATE, macro->span, NULL,
					   "macros refer to each other too often");
			return -EINVAL;
		}
	}
	return 0;
}

/* --- links ------------------------------------------------------------- */

/* Points the references of a tree at the macros' trees; what they refer to is finished. */
static void link_references(struct resolver *resolver, struct sk_pack_resolution *resolution, struct sk_span span)
{
	struct sk_pack *pack = resolver->pack;
	bool high = resolution->own_height > SK_PACK_HEIGHT_LIMIT;

	resolution->height = resolution->own_height;
	for (uint32_t i = 0; i < resolution->reference_count && !resolution->failed; i++) {
		const struct reference *reference = &resolution->references[i];
		const struct sk_pack_resolution *target = pack->macros[reference->macro].resolution;

		if (target->failed) {
			resolution->failed = true;
			return;
		}
		reference->node->body = target->tree;
		resolution->changed |= target->changed;
		if (reference->depth + target->height > resolution->height)
			resolution->height = reference->depth + target->height;
		if (!high && resolution->height > SK_PACK_HEIGHT_LIMIT) {
			high = true;
			span = sk_text_span(reference->node->text, reference->node->begin, reference->node->end);
		}
	}
	if (!high || resolution->failed)
		return;
	set_context(resolver);
	sk_diagnostics_add(resolver->diagnostics, SK_DIAGNOSTIC_VALIDATE, span, NULL,
			   "with its macros the condition is nested deeper than %d levels", SK_PACK_HEIGHT_LIMIT);
	resolution->failed = true;
}

/* Links a macro and before it all that it refers to: depth first, with a path instead of recursion. */
static void link_macro(struct resolver *resolver, uint32_t root)
{
	struct sk_pack *pack = resolver->pack;

	resolver->path[0] = (struct frame){.macro = root};
	resolver->path_length = 1;
	resolver->met[root] = resolver->walk;
	while (resolver->path_length) {
		struct frame *top = &resolver->path[resolver->path_length - 1];
		struct sk_pack_macro *macro = &pack->macros[top->macro];
		struct sk_pack_resolution *resolution = macro->resolution;
		uint32_t target;

		if (resolution->failed || top->next == resolution->reference_count) {
			if (!resolution->failed) {
				enter(resolver, "macro", macro->name, macro->span);
				link_references(resolver, resolution, macro->span);
				leave(resolver);
			}
			macro->tree = resolution->failed ? NULL : resolution->tree;
			resolver->path_length--;
			continue;
		}
		target = resolution->references[top->next++].macro;
		if (resolver->met[target] != resolver->walk) {
			resolver->met[target] = resolver->walk;
			resolver->path[resolver->path_length++] = (struct frame){.macro = target};
		}
	}
}

static void link_rule(struct resolver *resolver, struct sk_pack_rule *rule)
{
	struct sk_pack_resolution *resolution = rule->resolution;
	bool undefined = false;

	enter(resolver, "rule", rule->name, rule->span);
	for (uint32_t i = 0; i < resolution->reference_count; i++) {
		if (follow(resolver, &resolution->references[i], UINT32_MAX) == SK_NAME_NONE)
			undefined = true;
	}
	if (undefined)
		resolution->failed = true;
	link_references(resolver, resolution, rule->span);
	leave(resolver);
}

static void link_all(struct resolver *resolver)
{
	struct sk_pack *pack = resolver->pack;

	resolver->walk++;
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		if (resolver->met[i] != resolver->walk)
			link_macro(resolver, i);
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		struct sk_pack_rule *rule = &pack->rules[i];

		if (rule->unknown_source)
			continue;
		if (!rule->resolution->failed)
			link_rule(resolver, rule);
		rule->tree = rule->resolution->failed ? NULL : rule->resolution->tree;
		rule->changed |= rule->resolution->changed;
	}
}

/* --- the whole --------------------------------------------------------- */

static int resolve(struct resolver *resolver)
{
	struct sk_pack *pack = resolver->pack;
	int result;

	if (pack->state->lists_changed)
		sk_lists_refresh(pack);
	result = prepare_macros(resolver);
	if (result == 0)
		result = prepare_rules(resolver);
	if (result == 0)
		result = walk_macros(resolver);
	if (result == 0)
		link_all(resolver);
	pack->state->lists_changed = false;
	return result;
}

int sk_pack_resolve(struct sk_pack *pack)
{
	uint32_t errors = pack->diagnostics->errors;
	size_t count = (size_t)pack->macro_count + 1;
	SK_CLEANUP_FREE bool *closed = sk_alloc_zeroed(count, sizeof(*closed));
	SK_CLEANUP_FREE bool *on_path = sk_alloc_zeroed(count, sizeof(*on_path));
	SK_CLEANUP_FREE uint32_t *met = sk_alloc_zeroed(count, sizeof(*met));
	SK_CLEANUP_FREE struct frame *path = sk_alloc_zeroed(count + 1, sizeof(*path));
	struct resolver resolver = {.pack = pack,
				    .arena = pack->arena,
				    .diagnostics = pack->diagnostics,
				    .expansion = {.pack = pack},
				    .closed = closed,
				    .on_path = on_path,
				    .met = met,
				    .path = path};
	int result = closed && on_path && met && path ? resolve(&resolver) : -ENOMEM;

	sk_expansion_release(&resolver.expansion);
	sk_builder_release(&resolver.written);
	if (result == -ENOMEM) {
		pack->diagnostics->out_of_memory = true;
		return result;
	}
	return pack->diagnostics->errors > errors ? -EINVAL : result;
}

const uint32_t *sk_pack_lists_used(const struct sk_pack_resolution *resolution, uint32_t *ret_count)
{
	*ret_count = resolution ? resolution->applied_count : 0;
	return resolution ? resolution->applied : NULL;
}

static void mark_used(struct sk_pack *pack, const struct sk_pack_resolution *resolution)
{
	for (uint32_t i = 0; i < resolution->applied_count; i++)
		pack->lists[resolution->applied[i]].used = true;
	for (uint32_t i = 0; i < resolution->reference_count; i++) {
		if (resolution->references[i].macro != SK_NAME_NONE)
			pack->macros[resolution->references[i].macro].used = true;
	}
}

void sk_pack_report_unused(struct sk_pack *pack)
{
	for (uint32_t i = 0; i < pack->list_count; i++)
		pack->lists[i].used = pack->lists[i].referred;
	for (uint32_t i = 0; i < pack->macro_count; i++)
		pack->macros[i].used = false;
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		if (pack->macros[i].resolution)
			mark_used(pack, pack->macros[i].resolution);
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		if (!pack->rules[i].unknown_source && pack->rules[i].resolution)
			mark_used(pack, pack->rules[i].resolution);
	}
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		if (!pack->macros[i].used)
			sk_diagnostics_add(pack->diagnostics, SK_DIAGNOSTIC_UNUSED_MACRO, pack->macros[i].span,
					   NULL, "Macro not referred to by any other rule/macro");
	}
	for (uint32_t i = 0; i < pack->list_count; i++) {
		if (!pack->lists[i].used)
			sk_diagnostics_add(pack->diagnostics, SK_DIAGNOSTIC_UNUSED_LIST, pack->lists[i].span, NULL,
					   "List not referred to by any other rule/macro/list");
	}
}
