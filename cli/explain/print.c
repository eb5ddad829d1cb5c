/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations as text and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "cli/explain/explain.h"
#include "runtime/alert/shown.h"

enum { VALUE_COLUMN = 66 };

static const char *const missing_because[] = {
	[SK_PRESENT] = "",
	[SK_MISSING] = "missing",
	/* Why exactly is told beside it, as a doubt. */
	[SK_MISSING_LOST] = "missing",
	[SK_MISSING_PENDING] = "missing",
	[SK_MISSING_MEMORY] = "missing: it did not fit into the memory of one event",
};

/* --- places ------------------------------------------------------------ */

static void print_place(const struct sk_explanation *explanation, sk_position position, struct sk_buffer *buffer)
{
	const struct sk_place place = sk_sources_place(explanation->sources, position);

	if (place.file)
		sk_buffer_printf(buffer, "%s:%u:%u", place.file->name, place.line, place.column);
	else
		sk_buffer_append_text(buffer, "?");
}

/* "in macro 'a', used at x:1:2, in macro 'b', used at ..." */
static void print_uses(const struct sk_explanation *explanation, uint32_t node, struct sk_buffer *buffer)
{
	const struct sk_tree *tree = explanation->tree;

	while ((node = sk_tree_macro(tree, node)) != SK_NONE) {
		sk_buffer_printf(buffer, ", in macro '%s', used at ", tree->nodes[node].source->name);
		print_place(explanation, sk_tree_position(&tree->nodes[node]), buffer);
	}
}

/* The list or exception that a place belongs to. */
static const char *owner_of(const struct sk_explanation *explanation, sk_position position, struct sk_arena *arena)
{
	return position ? sk_explain_owner(explanation->pack, explanation->tree->source, position, arena) : NULL;
}

/* --- text -------------------------------------------------------------- */

static void print_doubt(const char *doubt, struct sk_buffer *buffer)
{
	if (doubt)
		sk_buffer_printf(buffer, " (%s)", doubt);
}

/* What a comparison saw: "fd.name is /etc/passwd". */
static void print_values(const struct sk_explanation *explanation, uint32_t number, struct sk_buffer *buffer)
{
	const struct sk_explain_atom *atom = &explanation->atoms[number];
	const struct sk_tree *tree = explanation->tree;
	const struct sk_bundle_predicate *predicate =
		&tree->bundle->predicates[tree->nodes[tree->atoms[number]].predicate];
	const char *left = sk_bundle_text(tree->bundle, tree->bundle->expressions[predicate->left].text, NULL);

	sk_buffer_printf(buffer, "%s is %s", left, atom->value ? atom->value : missing_because[atom->presence]);
	print_doubt(atom->left_doubt, buffer);
	if (predicate->right == SK_NONE)
		return;
	sk_buffer_printf(buffer, ", %s is %s",
			 sk_bundle_text(tree->bundle, tree->bundle->expressions[predicate->right].text, NULL),
			 atom->right ? atom->right : missing_because[atom->presence]);
	print_doubt(atom->right_doubt, buffer);
}

static void pad(struct sk_buffer *buffer, size_t start)
{
	sk_buffer_append_text(buffer, "  ");
	while (buffer->length - start < VALUE_COLUMN && !buffer->failed)
		sk_buffer_append_char(buffer, ' ');
}

static void print_node(const struct sk_explanation *explanation, uint32_t number, unsigned depth,
		       struct sk_buffer *buffer)
{
	static const char *const names[] = {[SK_TREE_AND] = "and", [SK_TREE_OR] = "or", [SK_TREE_NOT] = "not"};
	const struct sk_tree_node *node = &explanation->tree->nodes[number];
	const size_t start = buffer->length;

	sk_buffer_printf(buffer, "%s %s ", explanation->reasons[number] ? ">" : " ",
			 explanation->nodes[number] ? "true " : "false");
	/* Deep conditions do not walk off the screen. */
	for (unsigned i = 0; i < depth && i < 24; i++)
		sk_buffer_append_text(buffer, "  ");
	if (node->kind == SK_TREE_ATOM) {
		sk_buffer_append_text(buffer, explanation->atoms[node->atom].text);
		pad(buffer, start);
		print_values(explanation, node->atom, buffer);
	} else if (node->kind == SK_TREE_MACRO) {
		sk_buffer_printf(buffer, "macro %s", node->source->name);
		pad(buffer, start);
		print_place(explanation, sk_tree_position(node), buffer);
	} else {
		sk_buffer_append_text(buffer, names[node->kind]);
	}
	sk_buffer_append_char(buffer, '\n');
}

static void print_tree(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	const struct sk_tree *tree = explanation->tree;
	unsigned depth = 0;

	for (uint32_t i = 0; i < tree->count; i++) {
		/* A node stands one deeper than its parent; those that ended are left. */
		if (i) {
			uint32_t above = i - 1;

			depth++;
			while (above != tree->nodes[i].parent) {
				above = tree->nodes[above].parent;
				depth--;
			}
		}
		print_node(explanation, i, depth, buffer);
	}
}

/* A comparison, what it saw, and where it comes from. */
static void print_atom(const struct sk_explanation *explanation, uint32_t number, struct sk_buffer *buffer)
{
	const struct sk_explain_atom *atom = &explanation->atoms[number];
	const struct sk_tree *tree = explanation->tree;
	const sk_position position = sk_tree_position(&tree->nodes[tree->atoms[number]]);
	struct sk_arena names;
	const char *owner;

	sk_arena_init(&names, 0);
	sk_buffer_printf(buffer, "  %s\n      is %s: ", atom->text, atom->truth ? "true" : "false");
	print_values(explanation, number, buffer);
	sk_buffer_append_text(buffer, "\n      at ");
	print_place(explanation, position, buffer);
	owner = owner_of(explanation, position, &names);
	if (owner)
		sk_buffer_printf(buffer, ", %s", owner);
	print_uses(explanation, tree->atoms[number], buffer);
	sk_buffer_append_char(buffer, '\n');
	if (atom->item) {
		sk_buffer_printf(buffer, "      by '%s' at ", atom->item);
		print_place(explanation, atom->item_position, buffer);
		owner = owner_of(explanation, atom->item_position, &names);
		sk_buffer_printf(buffer, "%s%s\n", owner ? ", " : "", owner ? owner : "");
	}
	sk_arena_release(&names);
}

static void print_flips(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	const struct sk_flips *flips = &explanation->flips;
	const char *other = explanation->verdict ? "It would not match" : "It would match";
	uint32_t decided = 0;

	for (uint32_t i = 0; i < explanation->tree->atom_count; i++)
		decided += explanation->atoms[i].decided;
	if (flips->size == 1 && flips->count == 1 && decided == 1 &&
	    explanation->atoms[flips->sets[0][0]].decided) {
		sk_buffer_printf(buffer, "\n%s if this came out otherwise.\n", other);
		return;
	}

	if (!flips->size) {
		sk_buffer_printf(buffer, "\nNo comparison can change the verdict.\n");
		return;
	}
	sk_buffer_printf(buffer, "\n%s if %s came out otherwise", other,
			 flips->size == 1 ? "one comparison" : "these comparisons");
	if (flips->size > 1)
		sk_buffer_printf(buffer, " (%u; %s)", flips->size,
				 flips->exact ? "fewer are not enough" : "perhaps fewer are enough");
	else if (flips->count > 1)
		sk_buffer_append_text(buffer, ", any one of");
	sk_buffer_append_text(buffer, ":\n");
	for (uint32_t i = 0; i < flips->count; i++) {
		if (i && flips->size > 1)
			sk_buffer_append_text(buffer, "or these:\n");
		for (uint32_t k = 0; k < flips->size; k++)
			print_atom(explanation, flips->sets[i][k], buffer);
	}
	if (!flips->all)
		sk_buffer_append_text(buffer, "... and others\n");
}

void sk_explanation_print(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	const struct sk_tree *tree = explanation->tree;

	sk_buffer_printf(buffer, "'%s' %s event %" PRIu64 ": %s\n", tree->source->name,
			 explanation->verdict ? "matches" : "does not match", explanation->event_number,
			 explanation->event);
	sk_buffer_append_text(buffer, "  at ");
	print_place(explanation, tree->source->span.begin, buffer);
	sk_buffer_append_char(buffer, '\n');
	if (!explanation->tried)
		sk_buffer_append_text(buffer, "  (it is not even tried for events of this type)\n");
	sk_buffer_append_text(buffer, "\nThe condition; > marks what decided it:\n");
	print_tree(explanation, buffer);
	sk_buffer_append_text(buffer, "\nDecided by:\n");
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		if (explanation->atoms[i].decided)
			print_atom(explanation, i, buffer);
	}
	print_flips(explanation, buffer);
}

void sk_explanation_print_short(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	const struct sk_flips *flips = &explanation->flips;
	const struct sk_tree *tree = explanation->tree;

	if (!flips->count)
		return;
	for (uint32_t i = 0; i < flips->size; i++) {
		uint32_t atom = flips->sets[0][i];

		sk_buffer_printf(buffer, "%s`%s` is %s (", i ? "; " : "", explanation->atoms[atom].text,
				 explanation->atoms[atom].truth ? "true" : "false");
		print_values(explanation, atom, buffer);
		sk_buffer_append_text(buffer, ") at ");
		print_place(explanation, sk_tree_position(&tree->nodes[tree->atoms[atom]]), buffer);
	}
}

/* --- JSON -------------------------------------------------------------- */

/* True behind an opening brace or bracket. */
static bool begins(const struct sk_buffer *buffer)
{
	return !buffer->failed && buffer->length && strchr("{[", buffer->bytes[buffer->length - 1]);
}

static void print_key(const char *key, struct sk_buffer *buffer)
{
	if (!begins(buffer))
		sk_buffer_append_char(buffer, ',');
	sk_buffer_printf(buffer, "\"%s\":", key);
}

static void print_text(const char *key, const char *text, struct sk_buffer *buffer)
{
	print_key(key, buffer);
	if (text)
		sk_json_quote(text, strlen(text), buffer);
	else
		sk_buffer_append_text(buffer, "null");
}

static void print_truth(const char *key, bool truth, struct sk_buffer *buffer)
{
	print_key(key, buffer);
	sk_buffer_append_text(buffer, truth ? "true" : "false");
}

static void print_json_place(const char *key, const struct sk_explanation *explanation, sk_position position,
			     struct sk_buffer *buffer)
{
	const struct sk_place place = sk_sources_place(explanation->sources, position);

	print_key(key, buffer);
	sk_buffer_append_char(buffer, '{');
	print_text("file", place.file ? place.file->name : NULL, buffer);
	print_key("line", buffer);
	sk_buffer_printf(buffer, "%u", place.line);
	print_key("column", buffer);
	sk_buffer_printf(buffer, "%u}", place.column);
}

static void print_json_atom(const struct sk_explanation *explanation, uint32_t number, struct sk_buffer *buffer)
{
	const struct sk_tree *tree = explanation->tree;
	const struct sk_explain_atom *atom = &explanation->atoms[number];
	const sk_position position = sk_tree_position(&tree->nodes[tree->atoms[number]]);
	uint32_t macro = tree->atoms[number];
	struct sk_arena names;
	const char *owner;

	sk_arena_init(&names, 0);
	print_key("atom", buffer);
	sk_buffer_printf(buffer, "%u", number);
	print_text("text", atom->text, buffer);
	print_text("value", atom->value, buffer);
	if (atom->right)
		print_text("right_value", atom->right, buffer);
	if (atom->presence != SK_PRESENT)
		print_text("missing", missing_because[atom->presence], buffer);
	if (atom->left_doubt)
		print_text("doubt", atom->left_doubt, buffer);
	if (atom->right_doubt)
		print_text("right_doubt", atom->right_doubt, buffer);
	if (atom->first != number) {
		print_key("same_as", buffer);
		sk_buffer_printf(buffer, "%u", atom->first);
	}
	print_json_place("at", explanation, position, buffer);
	owner = owner_of(explanation, position, &names);
	if (owner)
		print_text("from", owner, buffer);
	print_key("macros", buffer);
	sk_buffer_append_char(buffer, '[');
	for (bool first = true; (macro = sk_tree_macro(tree, macro)) != SK_NONE; first = false) {
		sk_buffer_append_text(buffer, first ? "{" : ",{");
		print_text("name", tree->nodes[macro].source->name, buffer);
		print_json_place("used_at", explanation, sk_tree_position(&tree->nodes[macro]), buffer);
		sk_buffer_append_char(buffer, '}');
	}
	sk_buffer_append_char(buffer, ']');
	if (atom->item) {
		print_key("item", buffer);
		sk_buffer_append_char(buffer, '{');
		print_text("text", atom->item, buffer);
		print_json_place("at", explanation, atom->item_position, buffer);
		owner = owner_of(explanation, atom->item_position, &names);
		if (owner)
			print_text("from", owner, buffer);
		sk_buffer_append_char(buffer, '}');
	}
	sk_arena_release(&names);
}

/* Nodes in order, each object closed when all that is inside it is written. */
static void print_json_tree(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	static const char *const kinds[] = {[SK_TREE_AND] = "and",
					    [SK_TREE_OR] = "or",
					    [SK_TREE_NOT] = "not",
					    [SK_TREE_MACRO] = "macro",
					    [SK_TREE_ATOM] = "atom"};
	const struct sk_tree *tree = explanation->tree;

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct sk_tree_node *node = &tree->nodes[i];
		uint32_t parent = node->parent;

		if (parent != SK_NONE && i != parent + 1)
			sk_buffer_append_char(buffer, ',');
		sk_buffer_append_char(buffer, '{');
		print_text("kind", kinds[node->kind], buffer);
		print_truth("truth", explanation->nodes[i], buffer);
		print_truth("decided", explanation->reasons[i], buffer);
		if (node->kind == SK_TREE_ATOM) {
			print_json_atom(explanation, node->atom, buffer);
			sk_buffer_append_char(buffer, '}');
			/* It may be the last of several. */
			for (; parent != SK_NONE && tree->nodes[parent].next == i + 1;
			     parent = tree->nodes[parent].parent)
				sk_buffer_append_text(buffer, "]}");
			continue;
		}
		if (node->kind == SK_TREE_MACRO) {
			print_text("name", node->source->name, buffer);
			print_json_place("used_at", explanation, sk_tree_position(node), buffer);
		}
		print_key("of", buffer);
		sk_buffer_append_char(buffer, '[');
	}
}

void sk_explanation_print_json(const struct sk_explanation *explanation, struct sk_buffer *buffer)
{
	const struct sk_tree *tree = explanation->tree;
	const struct sk_flips *flips = &explanation->flips;

	sk_buffer_append_char(buffer, '{');
	print_text("rule", tree->source->name, buffer);
	print_json_place("at", explanation, tree->source->span.begin, buffer);
	print_key("event", buffer);
	sk_buffer_printf(buffer, "%" PRIu64, explanation->event_number);
	print_text("what", explanation->event, buffer);
	print_truth("matches", explanation->verdict, buffer);
	print_truth("tried", explanation->tried, buffer);
	print_key("condition", buffer);
	print_json_tree(explanation, buffer);
	print_key("decided_by", buffer);
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		if (explanation->atoms[i].decided)
			sk_buffer_printf(buffer, "%s%u", begins(buffer) ? "" : ",", i);
	}
	sk_buffer_append_char(buffer, ']');
	print_key("flip", buffer);
	sk_buffer_append_char(buffer, '{');
	print_key("size", buffer);
	sk_buffer_printf(buffer, "%u", flips->size);
	print_truth("smallest", flips->exact, buffer);
	print_truth("all", flips->all, buffer);
	print_key("sets", buffer);
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < flips->count; i++) {
		sk_buffer_append_text(buffer, i ? ",[" : "[");
		for (uint32_t k = 0; k < flips->size; k++)
			sk_buffer_printf(buffer, "%s%u", k ? "," : "", flips->sets[i][k]);
		sk_buffer_append_char(buffer, ']');
	}
	sk_buffer_append_text(buffer, "]}}\n");
}
