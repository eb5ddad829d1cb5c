/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/alert/shown.h"
#include "runtime/evidence.h"
#include "vm/print.h"

enum { ATOM_TEXT = 72 };

/* --- where text comes from --------------------------------------------- */

static bool holds(const struct sk_text *text, sk_position position)
{
	sk_position begin = sk_text_position(text, 0), end = sk_text_position(text, text->length);

	return begin && position >= begin && position < (end > begin ? end : begin + 1);
}

static bool value_holds(const struct sk_pack_exception_value *value, sk_position position, uint32_t depth)
{
	if (!value->list)
		return holds(&value->text, position);
	for (uint32_t i = 0; depth && i < value->count; i++) {
		if (value_holds(&value->items[i], position, depth - 1))
			return true;
	}
	return false;
}

static bool exception_holds(const struct sk_pack_exception *exception, sk_position position)
{
	for (uint32_t i = 0; i < exception->value_count; i++) {
		if (value_holds(&exception->values[i], position, 3))
			return true;
	}
	for (uint32_t i = 0; i < exception->field_count; i++) {
		if (holds(&exception->fields[i], position))
			return true;
	}
	for (uint32_t i = 0; i < exception->comp_count; i++) {
		if (holds(&exception->comps[i], position))
			return true;
	}
	return position >= exception->span.begin && position < exception->span.end;
}

const char *sk_explain_owner(const struct sk_pack *pack, const struct sk_pack_rule *rule, sk_position position,
			     struct sk_arena *arena)
{
	for (uint32_t i = 0; i < rule->exception_count; i++) {
		if (exception_holds(&rule->exceptions[i], position))
			return sk_arena_printf(arena, "exception '%s'", rule->exceptions[i].name);
	}
	for (uint32_t i = 0; i < pack->list_count; i++) {
		for (uint32_t k = 0; k < pack->lists[i].item_count; k++) {
			if (holds(&pack->lists[i].items[k], position))
				return sk_arena_printf(arena, "list '%s'", pack->lists[i].name);
		}
	}
	return NULL;
}

/* --- values ------------------------------------------------------------ */

static const char *keep(struct sk_buffer *buffer, struct sk_arena *arena)
{
	char *copy;

	/* Control characters would disturb a terminal. */
	if (!buffer->failed)
		sk_json_escape_from(buffer, 0);
	copy = buffer->failed ? NULL : sk_arena_copy(arena, buffer->bytes ? buffer->bytes : "", buffer->length);
	sk_buffer_release(buffer);
	return copy;
}

/* The value that is compared, which is not always what outputs make of it: all elements of a list. */
static const char *show(struct sk_vm *vm, uint32_t expression, struct sk_arena *arena)
{
	const struct sk_value *value = sk_vm_value(vm, expression);
	struct sk_buffer text = {0};

	if (value->presence != SK_PRESENT)
		return NULL;
	sk_shown_print(value, SK_SHOWN_VALUE, &text);
	return keep(&text, arena);
}

/* Why the value cannot be relied on, "unknown: never seen"; NULL if it can. */
static const char *show_doubt(struct sk_sensor *sensor, const struct sk_bundle *bundle, uint32_t expression,
			      struct sk_arena *arena)
{
	struct sk_buffer text = {0};

	sk_evidence_print_reason(bundle, sk_sensor_vm(sensor), sk_sensor_view(sensor), expression, &text);
	if (!text.length) {
		sk_buffer_release(&text);
		return NULL;
	}
	return keep(&text, arena);
}

/* Of several constants the one that made it true. */
static void find_item(struct sk_vm *vm, const struct sk_tree *tree, const struct sk_tree_node *node,
		      struct sk_explain_atom *atom)
{
	const struct sk_bundle_predicate *predicate = &tree->bundle->predicates[node->predicate];
	const struct sk_operand *right = node->source->right;

	if (!atom->truth || predicate->right != SK_NONE || !right || right->kind != SK_OPERAND_LIST ||
	    right->count != predicate->count || predicate->modifier == SK_MODIFIER_ALLOF)
		return;
	for (uint32_t i = 0; i < right->count; i++) {
		if (!sk_vm_constant_holds(vm, node->predicate, i))
			continue;
		atom->item = right->children[i]->text;
		atom->item_position =
			sk_text_span(node->source->text, right->children[i]->begin, right->children[i]->end).begin;
		return;
	}
}

static int explain_atom(struct sk_sensor *sensor, const struct sk_tree *tree, const struct sk_tree_node *node,
			struct sk_arena *arena, struct sk_explain_atom *ret_atom)
{
	struct sk_vm *vm = sk_sensor_vm(sensor);
	const struct sk_bundle_predicate *predicate = &tree->bundle->predicates[node->predicate];
	struct sk_buffer text = {0};

	ret_atom->truth = sk_vm_predicate(vm, node->predicate);
	ret_atom->presence = sk_vm_predicate_presence(vm, node->predicate);
	sk_print_predicate(tree->bundle, node->predicate, ATOM_TEXT, &text);
	ret_atom->text = keep(&text, arena);
	ret_atom->value = show(vm, predicate->left, arena);
	ret_atom->left_doubt = show_doubt(sensor, tree->bundle, predicate->left, arena);
	if (predicate->right != SK_NONE) {
		ret_atom->right = show(vm, predicate->right, arena);
		ret_atom->right_doubt = show_doubt(sensor, tree->bundle, predicate->right, arena);
	}
	find_item(vm, tree, node, ret_atom);
	return ret_atom->text ? 0 : -ENOMEM;
}

/* --- the whole --------------------------------------------------------- */

bool sk_explain_truth(struct sk_sensor *sensor, const struct sk_tree *tree, bool *ret_atoms)
{
	struct sk_vm *vm = sk_sensor_vm(sensor);

	for (uint32_t i = 0; i < tree->atom_count; i++) {
		uint32_t predicate = tree->nodes[tree->atoms[i]].predicate;

		ret_atoms[i] = sk_vm_predicate(vm, predicate);
		if (sk_vm_predicate_presence(vm, predicate) == SK_MISSING_MEMORY)
			return false;
	}
	return true;
}

static const char *describe_event(const struct sk_event_view *view, struct sk_arena *arena)
{
	const struct sk_thread *thread = view->thread;
	const char *name = view->event.info->name;

	if (view->event.type == SK_EVENT_GENERIC_X) {
		const char *syscall = sk_syscall_name((uint32_t)sk_event_unsigned(&view->event, 0, 0));

		name = syscall ? syscall : name;
	}
	if (!thread)
		return sk_arena_printf(arena, "%s", name);
	return sk_arena_printf(arena, "%s by %.*s (pid %" PRId64 ")", name, (int)thread->comm->length,
			       thread->comm->bytes, thread->pid);
}

static void find_firsts(const struct sk_tree *tree, struct sk_explain_atom *atoms, uint32_t *seen)
{
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		uint32_t predicate = tree->nodes[tree->atoms[i]].predicate;

		if (!seen[predicate])
			seen[predicate] = i + 1;
		atoms[i].first = seen[predicate] - 1;
	}
}

int sk_explain(struct sk_sensor *sensor, const struct sk_tree *tree, const struct sk_pack *pack,
	       const struct sk_sources *sources, struct sk_arena *arena, struct sk_explanation *ret_explanation)
{
	const struct sk_event_view *view = sk_sensor_view(sensor);
	struct sk_explanation explanation = {
		.tree = tree, .pack = pack, .sources = sources, .event_number = view->event.number};
	bool *truths = sk_arena_alloc_zeroed(arena, tree->atom_count + 1, sizeof(*truths));
	uint32_t *seen = sk_arena_alloc_zeroed(arena, tree->bundle->predicates_count + 1, sizeof(*seen));
	int result;

	explanation.atoms = sk_arena_alloc_zeroed(arena, tree->atom_count + 1, sizeof(*explanation.atoms));
	explanation.nodes = sk_arena_alloc_zeroed(arena, tree->count, sizeof(*explanation.nodes));
	explanation.reasons = sk_arena_alloc_zeroed(arena, tree->count, sizeof(*explanation.reasons));
	explanation.event = describe_event(view, arena);
	if (!truths || !seen || !explanation.atoms || !explanation.nodes || !explanation.reasons ||
	    !explanation.event)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		result = explain_atom(sensor, tree, &tree->nodes[tree->atoms[i]], arena, &explanation.atoms[i]);
		if (result < 0)
			return result;
		truths[i] = explanation.atoms[i].truth;
	}
	find_firsts(tree, explanation.atoms, seen);
	sk_tree_evaluate(tree, truths, explanation.nodes);
	sk_tree_find_reasons(tree, explanation.nodes, explanation.reasons);
	for (uint32_t i = 0; i < tree->atom_count; i++)
		explanation.atoms[i].decided = explanation.reasons[tree->atoms[i]];
	explanation.tried = sk_tree_is_tried(tree, view->event.type);
	explanation.verdict = explanation.nodes[0];
	result = sk_flips_find(tree, truths, arena, &explanation.flips);
	if (result < 0)
		return result;
	*ret_explanation = explanation;
	return 0;
}
