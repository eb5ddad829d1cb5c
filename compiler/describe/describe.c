/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items described from the compiler's trees.
 *
 *   rule ─ tree ─┬─ CHECK   fields, operators, transformers
 *                └─ MACRO   its name, and what its body has, once
 *
 * A macro's words are collected once and then added to whatever uses it, so
 * macros that use each other many times cost no more than their text.
 */
#include "compiler/describe/describe.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check.h"
#include "compiler/eventset.h"
#include "compiler/names.h"
#include "compiler/pack_private.h"
#include "grammar/parse.h"

struct describer {
	const struct sk_pack *pack;
	struct sk_arena *arena;
	struct sk_description *description;
	struct sk_event_sets events;
	struct sk_names macros, lists; /* numbers by name */
	bool *described;               /* macros that are complete */
	uint32_t event_names;          /* how many there are in all */
	bool failed;                   /* without memory */
};

/* --- words ------------------------------------------------------------- */

static uint32_t place_of(const struct sk_described_words *words, const char *word)
{
	uint32_t low = 0, high = words->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(words->items[middle], word) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t sk_described_find(const struct sk_described_words *words, const char *word)
{
	uint32_t place = place_of(words, word);

	return place < words->count && strcmp(words->items[place], word) == 0 ? place : UINT32_MAX;
}

static bool reserve(struct describer *describer, struct sk_described_words *words)
{
	if (sk_pack_reserve(describer->arena, &words->items, words->count, &words->capacity,
			    sizeof(*words->items)) == 0)
		return true;
	describer->failed = true;
	return false;
}

/* Adds a word, which must live as long as the arena. */
static void add_word(struct describer *describer, struct sk_described_words *words, const char *word)
{
	uint32_t place;

	if (!word) {
		describer->failed = true;
		return;
	}
	place = place_of(words, word);
	if ((place < words->count && strcmp(words->items[place], word) == 0) || !reserve(describer, words))
		return;
	memmove(words->items + place + 1, words->items + place, (words->count - place) * sizeof(*words->items));
	words->items[place] = word;
	words->count++;
}

static void add_words(struct describer *describer, struct sk_described_words *words,
		      const struct sk_described_words *more)
{
	for (uint32_t i = 0; i < more->count; i++)
		add_word(describer, words, more->items[i]);
}

/* Text of a YAML scalar as one line: runs of white space are a blank, those at its ends nothing. */
static const char *one_line(struct describer *describer, const struct sk_text *text)
{
	char *line = sk_arena_alloc(describer->arena, (size_t)text->length + 1);
	size_t length = 0;
	bool blank = false;

	if (!line) {
		describer->failed = true;
		return "";
	}
	for (uint32_t i = 0; i < text->length; i++) {
		char byte = text->bytes[i];

		/* A NUL would end it: nothing that is shown has one. */
		if (byte == '\0' || isspace((unsigned char)byte)) {
			blank = length > 0;
			continue;
		}
		if (blank)
			line[length++] = ' ';
		blank = false;
		line[length++] = byte;
	}
	line[length] = '\0';
	return line;
}

/* --- conditions -------------------------------------------------------- */

/* `proc.aname[2]`, as it is written canonically. */
static void add_field(struct describer *describer, const struct sk_operand *field,
		      struct sk_described_words *fields)
{
	const char *name = field->argument
				   ? sk_arena_printf(describer->arena, "%.*s[%.*s]", (int)field->length,
						     field->text, (int)field->argument_length, field->argument)
				   : field->text;

	add_word(describer, fields, name);
}

/* Depth is what the grammar allows. */
static void add_operand(struct describer *describer, const struct sk_operand *operand,
			struct sk_described_words *fields, struct sk_described_words *transformers)
{
	if (operand->kind == SK_OPERAND_FIELD)
		add_field(describer, operand, fields);
	if (operand->kind == SK_OPERAND_TRANSFORMER && transformers)
		add_word(describer, transformers, sk_transformers[operand->transformer].text);
	if (operand->kind == SK_OPERAND_VALUE && transformers)
		add_word(describer, transformers, "val");
	for (uint32_t i = 0; i < operand->count; i++)
		add_operand(describer, operand->children[i], fields, transformers);
}

static void add_check(struct describer *describer, const struct sk_node *node, struct sk_described *item)
{
	const char *name = sk_operators[node->operator].text;

	if (node->modifier != SK_MODIFIER_NONE)
		name = sk_arena_printf(describer->arena, "%s %s", name, sk_modifier_names[node->modifier]);
	add_word(describer, &item->operators, name);
	add_operand(describer, node->left, &item->fields, &item->transformers);
	if (node->right)
		add_operand(describer, node->right, &item->fields, &item->transformers);
}

static void describe_macro(struct describer *describer, uint32_t number);

/* The macros' graph has no cycles and is at most SK_PACK_HEIGHT_LIMIT high. */
static void add_tree(struct describer *describer, const struct sk_node *node, struct sk_described *item)
{
	uint32_t number;

	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		for (uint32_t i = 0; i < node->count; i++)
			add_tree(describer, node->children[i], item);
		break;
	case SK_NODE_CHECK:
		add_check(describer, node, item);
		break;
	case SK_NODE_MACRO:
		number = sk_names_find(&describer->macros, node->name, node->name_length);
		if (number == SK_NAME_NONE)
			break;
		describe_macro(describer, number);
		add_word(describer, &item->macros, describer->pack->macros[number].name);
		break;
	}
}

/* What the macros that an item names have, once each. */
static void add_macros(struct describer *describer, struct sk_described *item)
{
	for (uint32_t i = 0; i < item->macros.count; i++) {
		const char *name = item->macros.items[i];
		uint32_t number = sk_names_find(&describer->macros, name, strlen(name));
		const struct sk_described *macro = &describer->description->macros[number];

		add_words(describer, &item->fields, &macro->fields);
		add_words(describer, &item->operators, &macro->operators);
		add_words(describer, &item->transformers, &macro->transformers);
	}
}

/* --- events ------------------------------------------------------------ */

static bool has_name(uint32_t type)
{
	return !(sk_events[type].flags & SK_EVENT_FLAG_UNUSED) && type != SK_EVENT_GENERIC_E &&
	       type != SK_EVENT_GENERIC_X;
}

/*
 * Names of the events in a set, or with `inverse` of those that are not.
 * System calls without an event of their own share the generic pair.
 */
static void add_event_names(struct describer *describer, const struct sk_event_set *set, bool inverse,
			    struct sk_described_words *words)
{
	struct sk_described_words named = {0};
	bool generic = sk_event_set_has_type(set, SK_EVENT_GENERIC_X);

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (!has_name(type))
			continue;
		add_word(describer, &named, sk_events[type].name);
		if (sk_event_set_has_type(set, type) != inverse)
			add_word(describer, words, sk_events[type].name);
	}
	for (uint32_t number = 0; number < SK_SYSCALL_NAME_COUNT; number++) {
		const char *name = sk_syscall_name(number);

		if (name && sk_described_find(&named, name) == UINT32_MAX &&
		    (generic && sk_event_set_has_syscall(set, number)) != inverse)
			add_word(describer, words, name);
	}
}

static void add_events(struct describer *describer, const struct sk_node *tree, struct sk_described *item)
{
	struct sk_described_words others = {0};
	struct sk_event_set set;
	int error = sk_event_sets_find(&describer->events, tree, SK_PACK_HEIGHT_LIMIT, &set);

	if (error == -ENOMEM)
		describer->failed = true;
	if (error < 0)
		return;
	add_event_names(describer, &set, false, &item->events);
	add_event_names(describer, &set, true, &others);
	if (others.count < item->events.count) {
		item->events = others;
		item->except = true;
	}
}

/* --- items ------------------------------------------------------------- */

static void begin_item(struct describer *describer, struct sk_described *item, enum sk_described_kind kind,
		       const char *name, struct sk_span span)
{
	struct sk_place place = sk_sources_place(describer->pack->diagnostics->sources, span.begin);

	*item = (struct sk_described){.kind = kind,
				      .name = name,
				      .file = place.file ? place.file->name : NULL,
				      .line = place.line,
				      .condition = "",
				      .description = "",
				      .output = ""};
}

static void add_condition(struct describer *describer, const struct sk_text *text, const struct sk_node *tree,
			  const struct sk_pack_resolution *resolution, struct sk_described *item)
{
	uint32_t count;
	const uint32_t *lists = sk_pack_lists_used(resolution, &count);

	item->condition = one_line(describer, text);
	for (uint32_t i = 0; i < count; i++)
		add_word(describer, &item->lists, describer->pack->lists[lists[i]].name);
	if (!tree)
		return;
	add_tree(describer, tree, item);
	add_macros(describer, item);
	add_events(describer, tree, item);
}

static void describe_macro(struct describer *describer, uint32_t number)
{
	const struct sk_pack_macro *macro = &describer->pack->macros[number];

	if (describer->described[number])
		return;
	describer->described[number] = true;
	add_condition(describer, &macro->condition, macro->tree, macro->resolution,
		      &describer->description->macros[number]);
}

const char *sk_describe_technique(const char *tag, char buffer[10])
{
	static const char form[] = "T0000.000";
	size_t length = strlen(tag);

	if (length != 5 && length != 9)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		char byte = tag[i];

		if (form[i] == '0' ? !isdigit((unsigned char)byte) : toupper((unsigned char)byte) != form[i])
			return NULL;
		buffer[i] = form[i] == '0' ? byte : form[i];
	}
	buffer[length] = '\0';
	return buffer;
}

static void add_tags(struct describer *describer, struct sk_described *item)
{
	static const char prefix[] = "mitre_";
	char buffer[10];

	for (uint32_t i = 0; i < item->rule->tag_count; i++) {
		const char *tag = item->rule->tags[i], *technique = sk_describe_technique(tag, buffer);
		char *tactic;

		if (technique)
			add_word(describer, &item->techniques, sk_arena_printf(describer->arena, "%s", technique));
		if (strncmp(tag, prefix, sizeof(prefix) - 1) != 0 || !tag[sizeof(prefix) - 1])
			continue;
		tactic = sk_arena_printf(describer->arena, "%s", tag + sizeof(prefix) - 1);
		for (char *byte = tactic; byte && *byte; byte++) {
			if (*byte == '_')
				*byte = '-';
		}
		add_word(describer, &item->tactics, tactic);
	}
}

static bool accept_field(void *arena, const struct sk_operand *operand)
{
	return sk_check_fields_exist(arena, operand);
}

static void add_output(struct describer *describer, struct sk_described *item)
{
	struct sk_diagnostics unheard;
	struct sk_sources nowhere;
	struct sk_output *output;

	sk_sources_init(&nowhere, describer->arena);
	sk_diagnostics_init(&unheard, &nowhere, describer->arena);
	output = sk_parse_output(&item->rule->output, describer->arena, accept_field, describer->arena, &unheard);
	describer->failed |= unheard.out_of_memory;
	for (uint32_t i = 0; output && i < output->count; i++) {
		if (output->parts[i].kind == SK_OUTPUT_FIELD)
			add_operand(describer, output->parts[i].operand, &item->output_fields, NULL);
	}
}

static void describe_rule(struct describer *describer, const struct sk_pack_rule *rule, struct sk_described *item)
{
	begin_item(describer, item, SK_DESCRIBED_RULE, rule->name, rule->span);
	item->rule = rule;
	item->description = one_line(describer, &rule->description);
	item->output = one_line(describer, &rule->output);
	add_condition(describer, &rule->condition, rule->tree, rule->resolution, item);
	add_output(describer, item);
	add_tags(describer, item);
	for (uint32_t i = 0; i < rule->exception_count; i++)
		add_word(describer, &item->exceptions, rule->exceptions[i].name);
}

/* An item that is the name of a list that stood before the last change of this one is that list. */
static void describe_list(struct describer *describer, const struct sk_pack_list *list, struct sk_described *item)
{
	begin_item(describer, item, SK_DESCRIBED_LIST, list->name, list->span);
	for (uint32_t i = 0; i < list->item_count; i++) {
		const struct sk_text *text = &list->items[i];
		uint32_t number = sk_names_find(&describer->lists, text->bytes, text->length);

		if (reserve(describer, &item->items))
			item->items.items[item->items.count++] = text->bytes;
		if (number != SK_NAME_NONE && &describer->pack->lists[number] != list)
			add_word(describer, &item->lists, describer->pack->lists[number].name);
	}
}

/* --- both ways --------------------------------------------------------- */

static struct sk_described *find_item(struct sk_described *items, const struct sk_names *names, const char *name)
{
	uint32_t number = sk_names_find(names, name, strlen(name));

	return number == SK_NAME_NONE ? NULL : &items[number];
}

/* Tells what an item uses that it does. */
static void tell_used(struct describer *describer, const struct sk_described *item)
{
	struct sk_description *description = describer->description;

	for (uint32_t i = 0; i < item->lists.count + item->macros.count; i++) {
		bool list = i < item->lists.count;
		struct sk_described *used =
			list ? find_item(description->lists, &describer->lists, item->lists.items[i])
			     : find_item(description->macros, &describer->macros,
					 item->macros.items[i - item->lists.count]);

		if (used)
			add_word(describer,
				 item->kind == SK_DESCRIBED_RULE    ? &used->by_rules
				 : item->kind == SK_DESCRIBED_MACRO ? &used->by_macros
								    : &used->by_lists,
				 item->name);
	}
}

static void tell_all(struct describer *describer)
{
	const struct sk_description *description = describer->description;

	for (uint32_t i = 0; i < description->rule_count; i++)
		tell_used(describer, &description->rules[i]);
	for (uint32_t i = 0; i < description->macro_count; i++)
		tell_used(describer, &description->macros[i]);
	for (uint32_t i = 0; i < description->list_count; i++)
		tell_used(describer, &description->lists[i]);
}

static int prepare(struct describer *describer, struct sk_description *description)
{
	const struct sk_pack *pack = describer->pack;
	struct sk_arena *arena = describer->arena;

	description->rules =
		sk_arena_alloc_zeroed(arena, (size_t)pack->rule_count + 1, sizeof(*description->rules));
	description->macros =
		sk_arena_alloc_zeroed(arena, (size_t)pack->macro_count + 1, sizeof(*description->macros));
	description->lists =
		sk_arena_alloc_zeroed(arena, (size_t)pack->list_count + 1, sizeof(*description->lists));
	describer->described = sk_arena_alloc_zeroed(arena, (size_t)pack->macro_count + 1, sizeof(bool));
	if (!description->rules || !description->macros || !description->lists || !describer->described)
		return -ENOMEM;
	description->rule_count = pack->rule_count;
	description->macro_count = pack->macro_count;
	description->list_count = pack->list_count;
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		if (sk_names_set(&describer->macros, pack->macros[i].name, strlen(pack->macros[i].name), i) < 0)
			return -ENOMEM;
		begin_item(describer, &description->macros[i], SK_DESCRIBED_MACRO, pack->macros[i].name,
			   pack->macros[i].span);
	}
	for (uint32_t i = 0; i < pack->list_count; i++) {
		if (sk_names_set(&describer->lists, pack->lists[i].name, pack->lists[i].name_length, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

int sk_describe_pack(const struct sk_pack *pack, struct sk_description *ret_description)
{
	struct sk_description description = {0};
	struct describer describer = {.pack = pack, .arena = pack->arena, .description = &description};
	int error;

	describer.macros.arena = describer.lists.arena = pack->arena;
	sk_event_sets_init(&describer.events, pack->arena);
	error = prepare(&describer, &description);
	if (error < 0)
		return error;
	for (uint32_t i = 0; i < pack->macro_count; i++)
		describe_macro(&describer, i);
	for (uint32_t i = 0; i < pack->rule_count; i++)
		describe_rule(&describer, &pack->rules[i], &description.rules[i]);
	for (uint32_t i = 0; i < pack->list_count; i++)
		describe_list(&describer, &pack->lists[i], &description.lists[i]);
	tell_all(&describer);
	if (describer.failed)
		return -ENOMEM;
	*ret_description = description;
	return 0;
}

/* --- one rule ---------------------------------------------------------- */

struct keeper {
	struct sk_names macros, lists;
	struct sk_described **waiting; /* kept, what it uses is not */
	uint32_t count;
};

static void keep(struct keeper *keeper, struct sk_described *item)
{
	if (!item || item->kept)
		return;
	item->kept = true;
	keeper->waiting[keeper->count++] = item;
}

static int keep_used(struct keeper *keeper, struct sk_description *description, struct sk_described *rule)
{
	for (uint32_t i = 0; i < description->macro_count; i++) {
		const char *name = description->macros[i].name;

		if (sk_names_set(&keeper->macros, name, strlen(name), i) < 0)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < description->list_count; i++) {
		const char *name = description->lists[i].name;

		if (sk_names_set(&keeper->lists, name, strlen(name), i) < 0)
			return -ENOMEM;
	}
	keep(keeper, rule);
	while (keeper->count) {
		const struct sk_described *item = keeper->waiting[--keeper->count];

		for (uint32_t i = 0; i < item->macros.count; i++)
			keep(keeper, find_item(description->macros, &keeper->macros, item->macros.items[i]));
		for (uint32_t i = 0; i < item->lists.count; i++)
			keep(keeper, find_item(description->lists, &keeper->lists, item->lists.items[i]));
	}
	return 0;
}

static void drop_others(struct sk_described *items, uint32_t *count)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < *count; i++) {
		if (items[i].kept)
			items[left++] = items[i];
	}
	*count = left;
}

int sk_describe_only(struct sk_description *description, const char *rule)
{
	size_t items = (size_t)description->macro_count + description->list_count + 1;
	struct sk_described *wanted = NULL;
	struct sk_arena arena = {0};
	struct keeper keeper = {.macros.arena = &arena, .lists.arena = &arena};
	int error = 0;

	for (uint32_t i = 0; i < description->rule_count && !wanted; i++) {
		if (strcmp(description->rules[i].name, rule) == 0)
			wanted = &description->rules[i];
	}
	if (!wanted)
		return -ENOENT;
	keeper.waiting = sk_arena_alloc_zeroed(&arena, items, sizeof(struct sk_described *));
	error = keeper.waiting ? keep_used(&keeper, description, wanted) : -ENOMEM;
	sk_arena_release(&arena);
	if (error < 0)
		return error;
	drop_others(description->rules, &description->rule_count);
	drop_others(description->macros, &description->macro_count);
	drop_others(description->lists, &description->list_count);
	return 0;
}
