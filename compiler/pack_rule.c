/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule items (spec/rule-language.md sections 1.3 and 1.5).
 *
 *   has `override`         update an existing rule: appends, then replaces
 *   `append: true`         append condition and exceptions
 *   only `enabled`         set the flag of an existing rule
 *   otherwise              define a rule, or define it anew at its old place
 *
 * Whatever the form, the keys are read into an update first, so that an item
 * with an error in any of them changes nothing.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "compiler/keys.h"
#include "compiler/pack_private.h"
#include "grammar/parse.h"

enum rule_key {
#define SK_RULE_BODY_KEY(id, name, meaning) KEY_##id,
#include "compiler/keys.def"
	KEY_COUNT,
};

#define BIT(key) (UINT32_C(1) << (key))

enum {
	APPENDABLE = BIT(KEY_CONDITION) | BIT(KEY_EXCEPTIONS) | BIT(KEY_OUTPUT) | BIT(KEY_DESC) | BIT(KEY_TAGS),
	REPLACEABLE = BIT(KEY_COUNT) - 1,
};

/* The first KEY_COUNT are those of enum rule_key. */
static const char *const rule_keys[] = {
#define SK_RULE_BODY_KEY(id, name, meaning) name,
#define SK_RULE_HEAD_KEY(name, meaning) name,
#include "compiler/keys.def"
	NULL};

static const char *const override_keys[] = {
#define SK_RULE_BODY_KEY(id, name, meaning) name,
#include "compiler/keys.def"
	NULL};

struct update {
	uint32_t keys; /* which of them are there */
	struct sk_text condition, output, description;
	struct sk_text *tags;
	struct sk_pack_exception *exceptions;
	uint32_t tag_count, exception_count;
	uint32_t capture_duration;
	uint8_t priority;
	bool enabled, capture, warn_evttypes, skip_if_unknown_filter;
};

struct rule_item {
	struct sk_loader *loader;
	const char *name;
	struct sk_span span;
	const char *source; /* "" without one */
	struct sk_span source_span;
	struct sk_override override;
	bool append;
};

/* --- reading ----------------------------------------------------------- */

static int read_priority(struct sk_loader *loader, uint8_t *ret_priority)
{
	struct sk_text text;
	int present = sk_decode_text(loader, loader->item, "priority", SK_REQUIRED, &text);
	const char *hint;

	if (present < 0)
		return present;
	for (uint8_t i = 0; sk_priority_words[i]; i++) {
		if (strlen(sk_priority_words[i]) == text.length &&
		    strncasecmp(sk_priority_words[i], text.bytes, text.length) == 0) {
			*ret_priority = i;
			return 1;
		}
	}
	if (text.length == 4 && strncasecmp(text.bytes, "info", 4) == 0) {
		*ret_priority = 6;
		return 1;
	}
	hint = sk_loader_suggest(loader, text.bytes, sk_priority_words);
	return sk_loader_refuse(
		loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_value_span(loader, loader->item, "priority"),
		hint ? hint : "one of Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug",
		"Invalid priority");
}

static int read_tags(struct sk_loader *loader, struct update *update)
{
	int present = sk_decode_texts(loader, loader->item, "tags", SK_OPTIONAL, &update->tags, &update->tag_count);

	for (uint32_t i = 0; present == 1 && i < update->tag_count; i++) {
		const struct sk_text *tag = &update->tags[i];

		if (memchr(tag->bytes, '\0', tag->length))
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE,
						sk_text_span(tag, 0, tag->length), NULL,
						"A tag cannot have a NUL in it");
	}
	return present;
}

static int read_key(struct sk_loader *loader, enum rule_key key, enum sk_presence presence, bool append,
		    struct update *update)
{
	const struct sk_yaml_node *item = loader->item;
	const char *name = rule_keys[key];
	int present = 0;

	switch (key) {
	case KEY_CONDITION:
		present = sk_decode_text(loader, item, name, presence, &update->condition);
		break;
	case KEY_EXCEPTIONS:
		present = sk_exceptions_decode(loader, append, &update->exceptions, &update->exception_count);
		present = present < 0 ? present : 1;
		break;
	case KEY_OUTPUT:
		present = sk_decode_text(loader, item, name, presence, &update->output);
		break;
	case KEY_DESC:
		present = sk_decode_text(loader, item, name, presence, &update->description);
		break;
	case KEY_TAGS:
		present = read_tags(loader, update);
		break;
	case KEY_PRIORITY:
		present = read_priority(loader, &update->priority);
		break;
	case KEY_CAPTURE:
		present = sk_decode_bool(loader, item, name, presence, &update->capture);
		break;
	case KEY_CAPTURE_DURATION:
		present = sk_decode_number(loader, item, name, presence, &update->capture_duration);
		break;
	case KEY_ENABLED:
		present = sk_decode_bool(loader, item, name, presence, &update->enabled);
		break;
	case KEY_WARN_EVTTYPES:
		present = sk_decode_bool(loader, item, name, presence, &update->warn_evttypes);
		break;
	case KEY_SKIP_IF_UNKNOWN_FILTER:
		present = sk_decode_bool(loader, item, name, presence, &update->skip_if_unknown_filter);
		break;
	case KEY_COUNT:
		break;
	}
	if (present == 1)
		update->keys |= BIT(key);
	return present < 0 ? present : 0;
}

/* Reads several keys; goes on after an error, so that all of them are shown. */
static int read_keys(struct sk_loader *loader, uint32_t keys, enum sk_presence presence, bool append,
		     struct update *update)
{
	int result = 0;

	for (int key = 0; key < KEY_COUNT; key++) {
		int one = keys & BIT(key) ? read_key(loader, key, presence, append, update) : 0;

		if (one == -ENOMEM)
			return one;
		if (one < 0)
			result = one;
	}
	return result;
}

/* --- changing ---------------------------------------------------------- */

enum { TAG_LIMIT = 4096 };

/* Keeps the tags sorted and unique. */
static int add_tag(struct sk_loader *loader, struct sk_pack_rule *rule, const struct sk_text *tag)
{
	uint32_t low = 0, high = rule->tag_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(rule->tags[middle], tag->bytes);

		if (order == 0)
			return 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (rule->tag_count >= TAG_LIMIT)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_text_span(tag, 0, tag->length),
					NULL, "More than %d tags", TAG_LIMIT);
	if (sk_pack_reserve(loader->arena, &rule->tags, rule->tag_count, &rule->tag_capacity, sizeof(*rule->tags)) <
	    0)
		return -ENOMEM;
	memmove(rule->tags + low + 1, rule->tags + low, (rule->tag_count - low) * sizeof(*rule->tags));
	rule->tags[low] = tag->bytes;
	rule->tag_count++;
	return 0;
}

static int add_tags(struct sk_loader *loader, struct sk_pack_rule *rule, const struct update *update)
{
	for (uint32_t i = 0; i < update->tag_count; i++) {
		int result = add_tag(loader, rule, &update->tags[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static void touch(struct sk_loader *loader, struct sk_pack_rule *rule)
{
	rule->visibility = loader->pack->next_index++;
	rule->redefined = true;
}

/* The rule that an item changes: NULL after reporting that there is none, or none of that source. */
static struct sk_pack_rule *find_existing(const struct rule_item *item, const char *source, const char *missing)
{
	struct sk_loader *loader = item->loader;
	struct sk_pack *pack = loader->pack;
	struct sk_pack_rule *rule = sk_pack_find_rule(pack, item->name);

	if (!rule) {
		/* If its definition had an error, that one was reported. */
		if (sk_names_find(&pack->state->broken_rules, item->name, strlen(item->name)) == SK_NAME_NONE)
			sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, item->span,
					 sk_pack_suggest(pack, SK_PACK_RULE, item->name, strlen(item->name)), "%s",
					 missing);
		return NULL;
	}
	if (*source && strcmp(rule->source, source) != 0) {
		sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, item->source_span,
				 sk_arena_printf(loader->arena, "the rule has source '%s'", rule->source),
				 "Rule has been re-defined with a different source");
		return NULL;
	}
	return rule;
}

static int refuse_long_text(const struct rule_item *item, int result)
{
	if (result != -E2BIG)
		return result;
	return sk_loader_refuse(item->loader, SK_DIAGNOSTIC_VALIDATE, item->span, NULL,
				"The text grows too large: more than %d bytes", SK_PARSE_TEXT_LIMIT);
}

static int append_to_rule(const struct rule_item *item, const char *source, struct update *update)
{
	struct sk_loader *loader = item->loader;
	struct sk_pack_rule *rule = find_existing(
		item, source,
		"Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists");
	int result = 0;

	if (!rule)
		return -EINVAL;
	if (!update->keys)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, item->span, NULL,
					"Appended rule must have exceptions or condition property");
	if (update->keys & BIT(KEY_CONDITION))
		result = sk_text_extend(&rule->condition, &rule->condition_capacity, &update->condition,
					loader->arena);
	if (result == 0 && update->keys & BIT(KEY_OUTPUT))
		result = sk_text_extend(&rule->output, &rule->output_capacity, &update->output, loader->arena);
	if (result == 0 && update->keys & BIT(KEY_DESC))
		result = sk_text_extend(&rule->description, &rule->description_capacity, &update->description,
					loader->arena);
	if (result < 0)
		return refuse_long_text(item, result);
	for (uint32_t i = 0; i < update->exception_count; i++) {
		int one = sk_exception_append(loader, rule, &update->exceptions[i]);

		if (one < 0)
			result = one;
	}
	touch(loader, rule);
	return result < 0 ? result : add_tags(loader, rule, update);
}

static void set_exceptions(struct sk_pack_rule *rule, const struct update *update)
{
	rule->exceptions = update->exceptions;
	rule->exception_count = update->exception_count;
	rule->exception_capacity = update->exception_count;
}

static int replace_in_rule(const struct rule_item *item, const char *source, const struct update *update)
{
	struct sk_pack_rule *rule = find_existing(
		item, source,
		"An 'override.<key>: replace' to a rule was requested but no rule by that name already exists");

	if (!rule)
		return -EINVAL;
	if (update->keys & BIT(KEY_CONDITION)) {
		rule->condition = update->condition;
		rule->condition_capacity = 0;
	}
	if (update->keys & BIT(KEY_OUTPUT)) {
		rule->output = update->output;
		rule->output_capacity = 0;
	}
	if (update->keys & BIT(KEY_DESC)) {
		rule->description = update->description;
		rule->description_capacity = 0;
	}
	if (update->keys & BIT(KEY_EXCEPTIONS))
		set_exceptions(rule, update);
	if (update->keys & BIT(KEY_TAGS)) {
		int result;

		rule->tag_count = 0;
		result = add_tags(item->loader, rule, update);
		if (result < 0)
			return result;
	}
	if (update->keys & BIT(KEY_PRIORITY))
		rule->priority = update->priority;
	if (update->keys & BIT(KEY_CAPTURE))
		rule->capture = update->capture;
	if (update->keys & BIT(KEY_CAPTURE_DURATION))
		rule->capture_duration = update->capture_duration;
	if (update->keys & BIT(KEY_ENABLED))
		rule->enabled = update->enabled;
	if (update->keys & BIT(KEY_WARN_EVTTYPES))
		rule->warn_evttypes = update->warn_evttypes;
	if (update->keys & BIT(KEY_SKIP_IF_UNKNOWN_FILTER))
		rule->skip_if_unknown_filter = update->skip_if_unknown_filter;
	touch(item->loader, rule);
	return 0;
}

/* --- the forms of an item ---------------------------------------------- */

static int check_override_values(struct sk_loader *loader, uint32_t keys, const char *word)
{
	int result = 0;

	for (int key = 0; key < KEY_COUNT; key++) {
		if (!(keys & BIT(key)) || sk_yaml_get(loader->item, rule_keys[key]))
			continue;
		result = sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, loader->span, NULL,
					  "An %s override for '%s' was specified but '%s' is not defined", word,
					  rule_keys[key], rule_keys[key]);
	}
	return result;
}

static int load_override(const struct rule_item *item)
{
	struct sk_loader *loader = item->loader;
	uint32_t append = item->override.append, replace = item->override.replace;
	struct update appended = {0}, replaced = {0};
	int result = check_override_values(loader, append, "append");

	if (check_override_values(loader, replace, "replace") < 0)
		result = -EINVAL;
	for (int key = 0; key < KEY_COUNT; key++) {
		if (BIT(key) & (append | replace) || !sk_yaml_get(loader->item, rule_keys[key]))
			continue;
		result = sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_key_span(loader, loader->item, rule_keys[key]),
			sk_arena_printf(loader->arena, "add '%s: replace'%s under 'override'", rule_keys[key],
					BIT(key) & APPENDABLE ? " or 'append'" : ""),
			"Unexpected key '%s': no corresponding entry under 'override' is defined.", rule_keys[key]);
	}
	if (result < 0)
		return result;
	result = read_keys(loader, append, SK_REQUIRED, true, &appended);
	if (result == 0)
		result = read_keys(loader, replace, SK_REQUIRED, false, &replaced);
	/* The source counts only where the condition is overridden. */
	if (result == 0 && append)
		result = append_to_rule(item, append & BIT(KEY_CONDITION) ? item->source : "", &appended);
	if (result == 0 && replace)
		result = replace_in_rule(item, replace & BIT(KEY_CONDITION) ? item->source : "", &replaced);
	return result;
}

static int load_append(const struct rule_item *item)
{
	struct sk_loader *loader = item->loader;
	struct update update = {0};
	uint32_t keys = 0;
	int result;

	if (sk_yaml_get(loader->item, "condition"))
		keys |= BIT(KEY_CONDITION);
	if (sk_yaml_get(loader->item, "exceptions"))
		keys |= BIT(KEY_EXCEPTIONS);
	result = read_keys(loader, keys, SK_REQUIRED, true, &update);
	return result < 0 ? result : append_to_rule(item, item->source, &update);
}

/* An old way to write `override: {enabled: replace}`. */
static int load_enable(const struct rule_item *item)
{
	struct sk_loader *loader = item->loader;
	struct update update = {0};
	struct sk_pack_rule *rule;
	int result = read_keys(loader, BIT(KEY_ENABLED), SK_REQUIRED, false, &update);

	if (result < 0)
		return result;
	sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_DEPRECATED_ITEM,
			   sk_key_span(loader, loader->item, "enabled"), NULL,
			   "The standalone 'enabled' key usage is deprecated. The correct approach requires also a "
			   "'replace' entry under the 'override' key (i.e. 'enabled: replace').");
	rule = find_existing(item, "", "Rule has 'enabled' key but no rule by that name already exists");
	if (!rule)
		return -EINVAL;
	rule->enabled = update.enabled;
	return 0;
}

static int check_exceptions(struct sk_loader *loader, struct update *update, bool known_source)
{
	int result = 0;

	for (uint32_t i = 0; i < update->exception_count; i++) {
		struct sk_pack_exception *exception = &update->exceptions[i];
		int one;

		if (!exception->field_count)
			one = sk_loader_refuse(
				loader, SK_DIAGNOSTIC_VALIDATE, exception->span, NULL,
				"Rule exception item must have fields property with a list of fields");
		else
			one = sk_exception_validate(loader, exception, known_source);
		if (one < 0)
			result = one;
	}
	return result;
}

/* The place of a new rule, or of the one that is defined anew. */
static struct sk_pack_rule *place_rule(const struct rule_item *item)
{
	struct sk_pack *pack = item->loader->pack;
	struct sk_pack_state *state = pack->state;
	struct sk_pack_rule *rule = sk_pack_find_rule(pack, item->name);
	uint32_t index = rule ? rule->index : pack->next_index;

	if (!rule) {
		if (sk_pack_reserve(pack->arena, &pack->rules, pack->rule_count, &state->rule_capacity,
				    sizeof(*pack->rules)) < 0 ||
		    sk_names_set(&state->rules, item->name, strlen(item->name), pack->rule_count) < 0)
			return NULL;
		rule = &pack->rules[pack->rule_count++];
	}
	*rule = (struct sk_pack_rule){.name = item->name, .span = item->span, .index = index};
	touch(item->loader, rule);
	return rule;
}

static int load_definition(const struct rule_item *item)
{
	struct sk_loader *loader = item->loader;
	uint32_t required = BIT(KEY_CONDITION) | BIT(KEY_OUTPUT) | BIT(KEY_DESC) | BIT(KEY_PRIORITY);
	struct update update = {.enabled = true, .warn_evttypes = true};
	const char *source = "syscall";
	struct sk_span source_span;
	struct sk_pack_rule *rule = sk_pack_find_rule(loader->pack, item->name);
	bool known_source;
	int result = read_keys(loader, required, SK_REQUIRED, false, &update), more;

	if (result == -ENOMEM)
		return result;
	if (sk_decode_name(loader, loader->item, "source", SK_OPTIONAL, &source, &source_span) < 0)
		result = -EINVAL;
	more = read_keys(loader, REPLACEABLE & ~required, SK_OPTIONAL, false, &update);
	if (more < 0 || result < 0)
		return more < 0 ? more : result;
	known_source = strcmp(source, "syscall") == 0;
	if (rule && !find_existing(item, source, ""))
		return -EINVAL;
	result = check_exceptions(loader, &update, known_source);
	if (result < 0)
		return result;
	if (!sk_text_trim(&update.output, loader->arena, &update.output))
		return -ENOMEM;
	if (!known_source)
		sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_UNKNOWN_SOURCE,
				   sk_value_span(loader, loader->item, "source"), NULL,
				   "Unknown source %s, skipping", source);
	rule = place_rule(item);
	if (!rule)
		return -ENOMEM;
	rule->condition = update.condition;
	rule->output = update.output;
	rule->description = update.description;
	rule->source = source;
	rule->priority = update.priority;
	rule->enabled = update.enabled;
	rule->capture = update.capture;
	rule->capture_duration = update.capture_duration;
	rule->warn_evttypes = update.warn_evttypes;
	rule->skip_if_unknown_filter = update.skip_if_unknown_filter;
	rule->unknown_source = !known_source;
	set_exceptions(rule, &update);
	return add_tags(loader, rule, &update);
}

static int load_form(const struct rule_item *item)
{
	struct sk_loader *loader = item->loader;

	if (item->override.append || item->override.replace)
		return load_override(item);
	if (item->append)
		return load_append(item);
	for (int key = 0; key < KEY_COUNT; key++) {
		if (BIT(key) & (BIT(KEY_CONDITION) | BIT(KEY_OUTPUT) | BIT(KEY_DESC) | BIT(KEY_PRIORITY)) &&
		    sk_yaml_get(loader->item, rule_keys[key]))
			return load_definition(item);
	}
	return load_enable(item);
}

static int read_head(struct rule_item *item)
{
	struct sk_loader *loader = item->loader;
	int result = sk_decode_name(loader, loader->item, "source", SK_TOLERANT, &item->source, &item->source_span);

	if (result < 0)
		return result;
	result = sk_decode_bool(loader, loader->item, "append", SK_OPTIONAL, &item->append);
	if (result < 0)
		return result;
	if (item->append)
		sk_diagnostics_add(
			loader->diagnostics, SK_DIAGNOSTIC_DEPRECATED_ITEM,
			sk_key_span(loader, loader->item, "append"), NULL,
			"'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under "
			"'override' instead.");
	result = sk_decode_override(loader, override_keys, APPENDABLE, REPLACEABLE, &item->override);
	if (result < 0)
		return result;
	if (item->append && (item->override.append || item->override.replace))
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_key_span(loader, loader->item, "append"), NULL,
			"Keys 'override' and 'append: true' cannot be used together. Add an 'append' "
			"entry (e.g. 'condition: append') under 'override' instead.");
	return 0;
}

int sk_pack_load_rule(struct sk_loader *loader)
{
	struct rule_item item = {.loader = loader, .source = ""};
	int result = sk_loader_begin_item(loader, "rule", &item.name, &item.span);

	if (result < 0)
		return result;
	result = read_head(&item);
	if (result == 0)
		result = load_form(&item);
	if (result == 0)
		sk_loader_check_keys(loader, rule_keys);
	else if (result == -EINVAL && !sk_pack_find_rule(loader->pack, item.name) &&
		 sk_names_set(&loader->pack->state->broken_rules, item.name, strlen(item.name), 0) < 0)
		result = -ENOMEM;
	return result;
}

bool sk_pack_rule_has_tag(const struct sk_pack_rule *rule, const char *tag)
{
	for (uint32_t i = 0; i < rule->tag_count; i++) {
		if (strcmp(rule->tags[i], tag) == 0)
			return true;
	}
	return false;
}
