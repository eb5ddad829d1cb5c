/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pack loader: the items of YAML files are collected
 * (spec/rule-language.md sections 1.1 to 1.5).
 *
 *   document ─ item ─┬─ required_engine_version    checked at once
 *                    ├─ required_plugin_versions   checked after the file
 *                    ├─ list, macro                here
 *                    └─ rule                       pack_rule.c
 *
 * Every definition, append or replace takes one number from next_index.
 * `index` is that of the first definition and decides the order; `visibility`
 * is that of the last change and decides which macros and lists it sees.
 *
 * An item with an error is left out.  So that one mistake is reported once,
 * its name is remembered: a list that failed is an empty list, a macro or rule
 * that failed makes what refers to it fail silently.
 */
#include "compiler/pack.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "grammar/parse.h"

int sk_pack_reserve(struct sk_arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	uint32_t larger = *capacity < 4 ? 8 : *capacity * 2;
	void *old, *moved;

	if (count < *capacity)
		return 0;
	if (larger <= count)
		larger = count + 8;
	/* `array` points to a pointer to any type: copied as bytes, so that no type is pretended. */
	memcpy(&old, array, sizeof(old));
	moved = sk_arena_alloc_zeroed(arena, larger, size);
	if (!moved)
		return -ENOMEM;
	if (count)
		memcpy(moved, old, count * size);
	memcpy(array, &moved, sizeof(moved));
	*capacity = larger;
	return 0;
}

struct sk_pack_rule *sk_pack_find_rule(struct sk_pack *pack, const char *name)
{
	uint32_t number = sk_names_find(&pack->state->rules, name, strlen(name));

	return number == SK_NAME_NONE ? NULL : &pack->rules[number];
}

int sk_pack_init(struct sk_pack *pack, struct sk_arena *arena, struct sk_diagnostics *diagnostics)
{
	static const struct sk_pack_plugin built_in = {"container", SK_CONTAINER_PLUGIN_VERSION};
	struct sk_pack_state *state = sk_arena_alloc_zeroed(arena, 1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->lists.arena = state->macros.arena = state->rules.arena = arena;
	state->broken_macros.arena = state->broken_rules.arena = state->list_words.arena = arena;
	*pack = (struct sk_pack){.arena = arena,
				 .diagnostics = diagnostics,
				 .plugins = &built_in,
				 .plugin_count = 1,
				 .state = state};
	return 0;
}

/* --- versions ---------------------------------------------------------- */

/* X.Y.Z; what follows does not matter. */
static bool parse_version(const char *text, uint32_t ret_version[3])
{
	uint32_t version[3] = {0};

	for (int i = 0; i < 3; i++) {
		int digits = 0;

		if (i && *text++ != '.')
			return false;
		for (; isdigit((unsigned char)*text); text++) {
			if (++digits > 9)
				return false;
			version[i] = version[i] * 10 + (uint32_t)(*text - '0');
		}
		if (!digits)
			return false;
	}
	memcpy(ret_version, version, sizeof(version));
	return true;
}

static bool version_less(const uint32_t left[3], const uint32_t right[3])
{
	for (int i = 0; i < 3; i++) {
		if (left[i] != right[i])
			return left[i] < right[i];
	}
	return false;
}

/* A number N stands for 0.N.0. */
static bool parse_engine_version(const char *text, uint32_t ret_version[3])
{
	size_t digits = strspn(text, "0123456789");

	if (text[digits] || !digits)
		return parse_version(text, ret_version);
	if (digits > 9)
		return false;
	memset(ret_version, 0, 3 * sizeof(*ret_version));
	for (; *text; text++)
		ret_version[1] = ret_version[1] * 10 + (uint32_t)(*text - '0');
	return true;
}

static int load_engine_version(struct sk_loader *loader)
{
	static const char *const keys[] = {"required_engine_version", NULL};
	struct sk_pack *pack = loader->pack;
	uint32_t required[3], engine[3];
	struct sk_span span;
	const char *text;
	int result = sk_decode_name(loader, loader->item, keys[0], SK_REQUIRED, &text, &span);

	if (result < 0)
		return result;
	if (!parse_engine_version(text, required))
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, span, NULL,
			"Unable to parse engine version '%s' as a semver string. Expected \"x.y.z\" "
			"semver format.",
			text);
	if (!parse_version(SK_ENGINE_VERSION, engine) || required[0] != engine[0] || version_less(engine, required))
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_VALIDATE, span, NULL,
			"Rules require engine version %u.%u.%u, but engine version is " SK_ENGINE_VERSION,
			required[0], required[1], required[2]);
	if (!pack->required_engine_version || version_less(pack->state->required_engine_version, required)) {
		memcpy(pack->state->required_engine_version, required, sizeof(required));
		pack->required_engine_version =
			sk_arena_printf(pack->arena, "%u.%u.%u", required[0], required[1], required[2]);
		if (!pack->required_engine_version)
			return -ENOMEM;
	}
	sk_loader_check_keys(loader, keys);
	return 0;
}

static int read_plugin(struct sk_loader *loader, const struct sk_yaml_node *map,
		       struct sk_plugin_requirement *require)
{
	struct sk_pack_plugin *plugin = &require->alternatives[require->count];
	struct sk_span name_span, span;
	uint32_t version[3];
	int result;

	if (map->kind != SK_YAML_MAPPING)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, map->span,
					"each has a name and a version", "Plugin version must be a mapping");
	loader->span = map->span;
	result = sk_decode_name(loader, map, "name", SK_REQUIRED, &plugin->name, &name_span);
	if (result < 0)
		return result;
	result = sk_decode_name(loader, map, "version", SK_REQUIRED, &plugin->version, &span);
	if (result < 0)
		return result;
	if (!parse_version(plugin->version, version))
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, span, "a version is X.Y.Z",
					"Invalid required version '%s' for plugin '%s'", plugin->version,
					plugin->name);
	for (uint32_t i = 0; i < require->count; i++) {
		if (strcmp(require->alternatives[i].name, plugin->name) == 0)
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, name_span, NULL,
						"Defined multiple alternative version requirements for plugin '%s'",
						plugin->name);
	}
	require->count++;
	return 0;
}

static int read_requirement(struct sk_loader *loader, const struct sk_yaml_node *map)
{
	enum { ALTERNATIVE_LIMIT = 100 };
	struct sk_pack_state *state = loader->pack->state;
	struct sk_plugin_requirement require = {.span = map->span};
	const struct sk_yaml_node *alternatives;
	int result;

	alternatives = map->kind == SK_YAML_MAPPING ? sk_yaml_get(map, "alternatives") : NULL;
	if (alternatives && alternatives->kind != SK_YAML_SEQUENCE)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, alternatives->span, NULL,
					"Value of 'alternatives' must be a sequence");
	if (alternatives && alternatives->count > ALTERNATIVE_LIMIT)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, alternatives->span, NULL,
					"More than %d alternatives", ALTERNATIVE_LIMIT);
	require.alternatives = sk_arena_alloc_zeroed(loader->arena, 1 + (alternatives ? alternatives->count : 0),
						     sizeof(*require.alternatives));
	if (!require.alternatives)
		return -ENOMEM;
	result = read_plugin(loader, map, &require);
	for (uint32_t i = 0; result == 0 && alternatives && i < alternatives->count; i++)
		result = read_plugin(loader, alternatives->items[i], &require);
	if (result < 0)
		return result;
	if (sk_pack_reserve(loader->arena, &state->requirements, state->requirement_count,
			    &state->requirement_capacity, sizeof(*state->requirements)) < 0)
		return -ENOMEM;
	state->requirements[state->requirement_count++] = require;
	return 0;
}

static int load_plugin_versions(struct sk_loader *loader)
{
	static const char *const keys[] = {"required_plugin_versions", NULL};
	const struct sk_yaml_node *node = sk_yaml_get(loader->item, keys[0]);
	int result = 0;

	if (node->kind != SK_YAML_SEQUENCE)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE,
					sk_value_span(loader, loader->item, keys[0]), NULL,
					"Value of required_plugin_versions must be a sequence");
	for (uint32_t i = 0; i < node->count; i++) {
		int one = read_requirement(loader, node->items[i]);

		if (one == -ENOMEM)
			return one;
		if (one < 0)
			result = one;
	}
	if (result == 0)
		sk_loader_check_keys(loader, keys);
	return result;
}

static bool plugin_satisfies(const struct sk_pack_plugin *loaded, const struct sk_pack_plugin *required)
{
	uint32_t has[3], wants[3];

	return strcmp(loaded->name, required->name) == 0 && parse_version(loaded->version, has) &&
	       parse_version(required->version, wants) && has[0] == wants[0] && !version_less(has, wants);
}

static bool requirement_satisfied(const struct sk_pack *pack, const struct sk_plugin_requirement *require)
{
	for (uint32_t i = 0; i < require->count; i++) {
		for (uint32_t k = 0; k < pack->plugin_count; k++) {
			if (plugin_satisfies(&pack->plugins[k], &require->alternatives[i]))
				return true;
		}
	}
	return false;
}

static int check_requirements(struct sk_loader *loader)
{
	struct sk_pack_state *state = loader->pack->state;
	int result = 0;

	for (; state->requirements_checked < state->requirement_count; state->requirements_checked++) {
		const struct sk_plugin_requirement *require = &state->requirements[state->requirements_checked];
		const char *names = "";

		if (requirement_satisfied(loader->pack, require))
			continue;
		for (uint32_t i = 0; names && i < require->count; i++)
			names = sk_arena_printf(loader->arena, "%s%s%s (>= %s)", names, i ? ", " : "",
						require->alternatives[i].name, require->alternatives[i].version);
		if (!names)
			return -ENOMEM;
		result = sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, require->span,
					  "no plugins can be loaded; 'container' " SK_CONTAINER_PLUGIN_VERSION
					  " is built in",
					  "Plugin requirement not satisfied, must load one of: %s", names);
	}
	return result;
}

/* --- lists and macros -------------------------------------------------- */

/* What both have in common besides their content. */
struct definition {
	const char *name;
	struct sk_span span;
	bool append;
};

static int read_definition(struct sk_loader *loader, const char *const *body, struct definition *definition)
{
	struct sk_override override;
	bool append = false;
	int result = sk_decode_bool(loader, loader->item, "append", SK_OPTIONAL, &append);

	if (result < 0)
		return result;
	if (append)
		sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_DEPRECATED_ITEM,
				   sk_key_span(loader, loader->item, "append"), NULL,
				   "'append' key is deprecated. Add an 'append' entry (e.g. '%s: append') under "
				   "'override' instead.",
				   *body);
	result = sk_decode_override(loader, body, 1, 1, &override);
	if (result < 0)
		return result;
	if (append && (override.append || override.replace))
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_key_span(loader, loader->item, "append"), NULL,
			"Keys 'override' and 'append: true' cannot be used together. Add an 'append' "
			"entry (e.g. '%s: append') under 'override' instead.",
			*body);
	definition->append = append || override.append;
	return 0;
}

static int refuse_missing(struct sk_loader *loader, const struct definition *definition, enum sk_pack_kind kind,
			  const char *message)
{
	return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, definition->span,
				sk_pack_suggest(loader->pack, kind, definition->name, strlen(definition->name)),
				"%s", message);
}

/* The list of that name, made if it is new; NULL without memory. */
static struct sk_pack_list *place_list(struct sk_loader *loader, const struct definition *definition)
{
	struct sk_pack *pack = loader->pack;
	struct sk_pack_state *state = pack->state;
	size_t length = strlen(definition->name);
	uint32_t number = sk_names_find(&state->lists, definition->name, length);

	if (number != SK_NAME_NONE)
		return &pack->lists[number];
	if (sk_pack_reserve(pack->arena, &pack->lists, pack->list_count, &state->list_capacity,
			    sizeof(*pack->lists)) < 0 ||
	    sk_names_set(&state->lists, definition->name, length, pack->list_count) < 0)
		return NULL;
	pack->lists[pack->list_count] = (struct sk_pack_list){.name = definition->name,
							      .name_length = (uint32_t)length,
							      .span = definition->span,
							      .index = pack->next_index,
							      .next_same_word = SK_NAME_NONE};
	pack->list_count++;
	if (sk_lists_add(pack, pack->list_count - 1) < 0)
		return NULL;
	return &pack->lists[pack->list_count - 1];
}

static int append_items(struct sk_loader *loader, struct sk_pack_list *list, const struct sk_text *items,
			uint32_t count)
{
	uint64_t total = (uint64_t)list->item_count + count;

	if (total > list->item_capacity) {
		uint64_t capacity = total * 2;
		struct sk_text *moved = sk_arena_alloc_zeroed(loader->arena, capacity, sizeof(*moved));

		if (!moved || capacity > UINT32_MAX)
			return -ENOMEM;
		if (list->item_count)
			memcpy(moved, list->items, list->item_count * sizeof(*moved));
		list->items = moved;
		list->item_capacity = (uint32_t)capacity;
	}
	if (count)
		memcpy(list->items + list->item_count, items, count * sizeof(*items));
	list->item_count = (uint32_t)total;
	return 0;
}

/* The bare word of conditions: a name that is not one cannot be told from text around it. */
bool sk_pack_is_list_name(const char *name)
{
	return !name[strcspn(name, "()\"'=, \t\n\v\f\r")];
}

bool sk_pack_is_macro_name(const char *name)
{
	if (!isalpha((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

static int read_list(struct sk_loader *loader, struct definition *definition)
{
	static const char *const keys[] = {
#define SK_LIST_KEY(name, meaning) name,
#include "compiler/keys.def"
		NULL};
	static const char *const body[] = {"items", NULL};
	struct sk_pack *pack = loader->pack;
	struct sk_text *items = NULL;
	struct sk_pack_list *list;
	uint32_t count = 0;
	int result = sk_decode_texts(loader, loader->item, "items", SK_REQUIRED, &items, &count);
	int head = read_definition(loader, body, definition);

	if (result < 0 || head < 0)
		return result < 0 ? result : head;
	if (definition->append &&
	    sk_names_find(&pack->state->lists, definition->name, strlen(definition->name)) == SK_NAME_NONE)
		return refuse_missing(
			loader, definition, SK_PACK_LIST,
			"List uses 'append' or 'override.items: append' but no list by that name already "
			"exists");
	list = place_list(loader, definition);
	if (!list)
		return -ENOMEM;
	if (definition->append) {
		if (append_items(loader, list, items, count) < 0)
			return -ENOMEM;
	} else {
		list->items = items;
		list->item_count = count;
		list->item_capacity = 0;
		list->span = definition->span;
	}
	list->visibility = pack->next_index++;
	pack->state->lists_changed = true;
	sk_loader_check_keys(loader, keys);
	return 0;
}

static int load_list(struct sk_loader *loader)
{
	struct definition definition = {0};
	int result = sk_loader_begin_item(loader, "list", &definition.name, &definition.span);

	if (result < 0)
		return result;
	if (!sk_pack_is_list_name(definition.name))
		sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_INVALID_LIST_NAME, definition.span,
				   "without blanks, quotes, parentheses, commas and '='",
				   "List has an invalid name. List names should match a regular expression: "
				   "[^()\"'[:space:]=,]+");
	result = read_list(loader, &definition);
	/* An empty list in its place: its name means nothing else in conditions. */
	if (result == -EINVAL) {
		struct sk_pack_list *list = place_list(loader, &definition);

		if (!list)
			return -ENOMEM;
		loader->pack->state->lists_changed = true;
	}
	return result;
}

static int read_macro(struct sk_loader *loader, struct definition *definition)
{
	static const char *const keys[] = {
#define SK_MACRO_KEY(name, meaning) name,
#include "compiler/keys.def"
		NULL};
	static const char *const body[] = {"condition", NULL};
	struct sk_pack *pack = loader->pack;
	struct sk_pack_state *state = pack->state;
	struct sk_text condition;
	struct sk_pack_macro *macro;
	size_t length = strlen(definition->name);
	uint32_t number = sk_names_find(&state->macros, definition->name, length);
	int result = sk_decode_text(loader, loader->item, "condition", SK_REQUIRED, &condition);
	int head = read_definition(loader, body, definition);

	if (result < 0 || head < 0)
		return result < 0 ? result : head;
	if (definition->append && number == SK_NAME_NONE) {
		if (sk_names_find(&state->broken_macros, definition->name, length) != SK_NAME_NONE)
			return -EINVAL;
		return refuse_missing(
			loader, definition, SK_PACK_MACRO,
			"Macro uses 'append' or 'override.condition: append' but no macro by that name "
			"already exists");
	}
	if (number == SK_NAME_NONE) {
		if (sk_pack_reserve(pack->arena, &pack->macros, pack->macro_count, &state->macro_capacity,
				    sizeof(*pack->macros)) < 0 ||
		    sk_names_set(&state->macros, definition->name, length, pack->macro_count) < 0)
			return -ENOMEM;
		pack->macros[pack->macro_count] =
			(struct sk_pack_macro){.name = definition->name, .index = pack->next_index};
		number = pack->macro_count++;
	}
	macro = &pack->macros[number];
	if (definition->append) {
		result = sk_text_extend(&macro->condition, &macro->condition_capacity, &condition, loader->arena);
		if (result == -E2BIG)
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, definition->span, NULL,
						"The text grows too large: more than %d bytes",
						SK_PARSE_TEXT_LIMIT);
		if (result < 0)
			return result;
	} else {
		macro->condition = condition;
		macro->condition_capacity = 0;
		macro->span = definition->span;
	}
	macro->visibility = pack->next_index++;
	macro->redefined = true;
	sk_loader_check_keys(loader, keys);
	return 0;
}

static int load_macro(struct sk_loader *loader)
{
	struct sk_pack_state *state = loader->pack->state;
	struct definition definition = {0};
	size_t length;
	int result = sk_loader_begin_item(loader, "macro", &definition.name, &definition.span);

	if (result < 0)
		return result;
	length = strlen(definition.name);
	if (!sk_pack_is_macro_name(definition.name))
		sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_INVALID_MACRO_NAME, definition.span,
				   "letters, digits and '_', beginning with a letter",
				   "Macro has an invalid name. Macro names should match a regular expression: "
				   "[a-zA-Z]+[a-zA-Z0-9_]*");
	result = read_macro(loader, &definition);
	if (result == -EINVAL && sk_names_find(&state->macros, definition.name, length) == SK_NAME_NONE &&
	    sk_names_set(&state->broken_macros, definition.name, length, 0) < 0)
		return -ENOMEM;
	return result;
}

/* --- items, documents, files ------------------------------------------- */

static int load_item(struct sk_loader *loader, const struct sk_yaml_node *item)
{
	static const struct {
		const char *key;
		int (*load)(struct sk_loader *loader);
	} kinds[] = {
		{"required_engine_version", load_engine_version},
		{"required_plugin_versions", load_plugin_versions},
		{"list", load_list},
		{"macro", load_macro},
		{"rule", sk_pack_load_rule},
	};
	static const char *const kind_names[] = {
		"list", "macro", "rule", "required_engine_version", "required_plugin_versions", NULL};
	const char *hint = NULL;

	if (item->kind == SK_YAML_SCALAR && item->null)
		return 0;
	if (item->kind != SK_YAML_MAPPING)
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, item->span,
			"an item begins with '- rule: ...', '- macro: ...' or '- list: ...'",
			"Unexpected element type. Each element should be a yaml associative array.");
	loader->item = item;
	loader->span = item->span;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (sk_yaml_get(item, kinds[i].key)) {
			loader->span = sk_key_span(loader, item, kinds[i].key);
			return kinds[i].load(loader);
		}
	}
	for (uint32_t i = 0; i < item->count && !hint; i++) {
		if (item->keys[i]->kind == SK_YAML_SCALAR)
			hint = sk_loader_suggest(loader, item->keys[i]->text.bytes, kind_names);
	}
	sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_UNKNOWN_ITEM, item->span, hint,
			   "Unknown top level item: it has none of the keys rule, macro, list, "
			   "required_engine_version, required_plugin_versions");
	return 0;
}

static int load_document(struct sk_loader *loader, const struct sk_yaml_node *document)
{
	int result = 0;

	if (document->kind == SK_YAML_SCALAR && document->null)
		return 0;
	if (document->kind == SK_YAML_SCALAR)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, document->span,
					"a rules file is a list of items that begin with '- rule: ...'",
					"Rules content is not yaml");
	if (document->kind == SK_YAML_MAPPING)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, document->span,
					"each item begins with '- '", "Rules content is not yaml array of objects");
	for (uint32_t i = 0; i < document->count; i++) {
		int one = load_item(loader, document->items[i]);

		loader->diagnostics->context = (struct sk_span){0};
		loader->diagnostics->context_text = NULL;
		if (one == -ENOMEM)
			return one;
		if (one < 0)
			result = one;
	}
	return result;
}

int sk_pack_load(struct sk_pack *pack, const struct sk_source_file *file)
{
	struct sk_loader loader = {.pack = pack, .arena = pack->arena, .diagnostics = pack->diagnostics};
	struct sk_yaml_stream stream = {0};
	int result = sk_yaml_parse(file, pack->arena, pack->diagnostics, &stream), one = 0;

	for (uint32_t i = 0; one != -ENOMEM && i < stream.count; i++) {
		one = load_document(&loader, stream.documents[i]);
		if (one < 0)
			result = one;
	}
	if (result != -ENOMEM) {
		one = check_requirements(&loader);
		if (one < 0)
			result = one;
	}
	if (result == -ENOMEM)
		pack->diagnostics->out_of_memory = true;
	return result;
}
