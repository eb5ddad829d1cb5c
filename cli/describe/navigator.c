/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer for the ATT&CK Navigator
 * (github.com/mitre-attack/attack-navigator, layers/spec/v4.5).
 *
 *   technique ─ score     how many rules name it
 *             ─ comment   their names, one a line
 *
 * A technique whose parts have rules is shown opened.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cli/describe/render.h"

enum { COMMENT_LIMIT = 1 << 16 };

static bool set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

/* The entry of a technique, made if it is new; NULL without memory. */
static json_t *find_technique(json_t *by_id, const char *id, size_t length)
{
	char name[10];
	json_t *technique;

	memcpy(name, id, length);
	name[length] = '\0';
	technique = json_object_get(by_id, name);
	if (technique)
		return technique;
	technique = json_pack("{s:s}", "techniqueID", name);
	if (!technique || json_object_set_new(by_id, name, technique) < 0)
		return NULL;
	return technique;
}

/* One more rule for a technique. */
static bool add_rule(json_t *by_id, const char *id, const struct sk_described *item, json_int_t *most)
{
	json_t *technique = find_technique(by_id, id, strlen(id)), *whole;
	const char *before = technique ? json_string_value(json_object_get(technique, "comment")) : NULL;
	json_int_t score;

	if (!technique)
		return false;
	score = json_integer_value(json_object_get(technique, "score")) + 1;
	*most = score > *most ? score : *most;
	if (!set(technique, "score", json_integer(score)) || !set(technique, "enabled", json_true()))
		return false;
	if ((!before || strlen(before) < COMMENT_LIMIT) &&
	    !set(technique, "comment",
		 json_sprintf("%s%s%s%s", before ? before : "", before ? "\n" : "", item->name,
			      item->rule->enabled ? "" : " (disabled)")))
		return false;
	if (id[5] != '.')
		return true;
	whole = find_technique(by_id, id, 5);
	return whole && set(whole, "showSubtechniques", json_true());
}

static bool add_rules(json_t *by_id, const struct sk_description *description, json_int_t *most)
{
	for (uint32_t i = 0; i < description->rule_count; i++) {
		const struct sk_described *item = &description->rules[i];

		for (uint32_t k = 0; k < item->techniques.count; k++) {
			if (!add_rule(by_id, item->techniques.items[k], item, most))
				return false;
		}
	}
	return true;
}

static int append(const char *bytes, size_t size, void *buffer)
{
	sk_buffer_append(buffer, bytes, size);
	return 0;
}

static json_t *make_layer(json_t *by_id, json_int_t most)
{
	json_t *techniques = json_array(), *technique;
	const char *id;

	json_object_foreach(by_id, id, technique)
	{
		if (json_array_append(techniques, technique) < 0) {
			json_decref(techniques);
			return NULL;
		}
	}
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:{s:[s, s]}, s:i, s:o, s:{s:[s, s], s:i, s:I}}",
			 "name", "saker rules", "versions", "attack", "16", "navigator", "5.1.0", "layer", "4.5",
			 "domain", "enterprise-attack", "description",
			 "Techniques that rules have tags for; the score is the number of rules.", "filters",
			 "platforms", "Linux", "Containers", "sorting", 3, "techniques", techniques, "gradient",
			 "colors", "#d9e8f6", "#08519c", "minValue", 0, "maxValue",
			 most > 1 ? most : (json_int_t)1);
}

int sk_render_navigator(const struct sk_description *description, struct sk_buffer *buffer)
{
	json_t *by_id = json_object(), *layer = NULL;
	json_int_t most = 0;
	bool complete = false;

	if (by_id && add_rules(by_id, description, &most))
		layer = make_layer(by_id, most);
	if (layer)
		complete = json_dump_callback(layer, append, buffer, JSON_INDENT(2)) == 0;
	sk_buffer_append_char(buffer, '\n');
	json_decref(layer);
	json_decref(by_id);
	return complete && !buffer->failed ? 0 : -ENOMEM;
}
