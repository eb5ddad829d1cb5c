/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions for tools: docs/describe.md lists the keys. */
#include <errno.h>
#include <jansson.h>

#include "cli/describe/render.h"
#include "vm/bundle.h"

/* Every set_new() takes the value, NULL too, and then fails: one look at the end is enough. */
static bool set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static json_t *words_json(const struct sk_described_words *words)
{
	json_t *array = json_array();

	for (uint32_t i = 0; array && i < words->count; i++) {
		if (json_array_append_new(array, json_string(words->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool set_rule(json_t *object, const struct sk_described *item)
{
	const struct sk_pack_rule *rule = item->rule;
	struct sk_described_words tags = {.items = rule->tags, .count = rule->tag_count};

	return set(object, "description", json_string(item->description)) &&
	       set(object, "condition", json_string(item->condition)) &&
	       set(object, "output", json_string(item->output)) &&
	       set(object, "priority", json_string(sk_priority_names[rule->priority])) &&
	       set(object, "source", json_string(rule->source)) &&
	       set(object, "enabled", json_boolean(rule->enabled)) && set(object, "tags", words_json(&tags)) &&
	       set(object, "techniques", words_json(&item->techniques)) &&
	       set(object, "tactics", words_json(&item->tactics)) &&
	       set(object, "exceptions", words_json(&item->exceptions)) &&
	       set(object, "output_fields", words_json(&item->output_fields));
}

/* Events: those, or all but those. */
static bool set_uses(json_t *object, const struct sk_described *item)
{
	return set(object, "macros", words_json(&item->macros)) && set(object, "lists", words_json(&item->lists)) &&
	       set(object, "fields", words_json(&item->fields)) &&
	       set(object, "operators", words_json(&item->operators)) &&
	       set(object, "transformers", words_json(&item->transformers)) &&
	       set(object, item->except ? "events_except" : "events", words_json(&item->events));
}

static bool set_users(json_t *object, const struct sk_described *item)
{
	return set(object, "used_by_rules", words_json(&item->by_rules)) &&
	       set(object, "used_by_macros", words_json(&item->by_macros)) &&
	       (item->kind != SK_DESCRIBED_LIST || set(object, "used_by_lists", words_json(&item->by_lists)));
}

static bool set_kind(json_t *object, const struct sk_described *item)
{
	switch (item->kind) {
	case SK_DESCRIBED_RULE:
		return set_rule(object, item) && set_uses(object, item);
	case SK_DESCRIBED_MACRO:
		return set(object, "condition", json_string(item->condition)) && set_uses(object, item) &&
		       set_users(object, item);
	case SK_DESCRIBED_LIST:
		return set(object, "items", words_json(&item->items)) &&
		       set(object, "lists", words_json(&item->lists)) && set_users(object, item);
	}
	return false;
}

static json_t *item_json(const struct sk_described *item)
{
	json_t *object = json_object();

	if (object && set(object, "name", json_string(item->name)) &&
	    (!item->file ||
	     (set(object, "file", json_string(item->file)) && set(object, "line", json_integer(item->line)))) &&
	    set_kind(object, item))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *items_json(const struct sk_described *items, uint32_t count)
{
	json_t *array = json_array();

	for (uint32_t i = 0; array && i < count; i++) {
		if (json_array_append_new(array, item_json(&items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static int append(const char *bytes, size_t size, void *buffer)
{
	sk_buffer_append(buffer, bytes, size);
	return 0;
}

int sk_render_json(const struct sk_description *description, struct sk_buffer *buffer)
{
	json_t *root = json_object();
	bool complete = root && set(root, "rules", items_json(description->rules, description->rule_count)) &&
			set(root, "macros", items_json(description->macros, description->macro_count)) &&
			set(root, "lists", items_json(description->lists, description->list_count)) &&
			json_dump_callback(root, append, buffer, JSON_INDENT(2)) == 0;

	sk_buffer_append_char(buffer, '\n');
	json_decref(root);
	return complete && !buffer->failed ? 0 : -ENOMEM;
}
