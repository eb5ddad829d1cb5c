/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and scalars of one item (spec/rule-language.md section 1.2).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "vm/support/hex.h"

int sk_loader_refuse(struct sk_loader *loader, enum sk_diagnostic_id id, struct sk_span span, const char *hint,
		     const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	sk_diagnostics_add(loader->diagnostics, id, span, hint, "%s", message);
	return -EINVAL;
}

static uint32_t find_key(const struct sk_yaml_node *map, const char *key)
{
	for (uint32_t i = 0; i < map->count; i++) {
		if (sk_yaml_equals(map->keys[i], key))
			return i;
	}
	return UINT32_MAX;
}

struct sk_span sk_key_span(const struct sk_loader *loader, const struct sk_yaml_node *map, const char *key)
{
	uint32_t at = find_key(map, key);

	return at == UINT32_MAX ? loader->span : map->keys[at]->span;
}

struct sk_span sk_value_span(const struct sk_loader *loader, const struct sk_yaml_node *map, const char *key)
{
	uint32_t at = find_key(map, key);

	if (at == UINT32_MAX)
		return loader->span;
	/* An empty value has nothing to underline. */
	if (map->items[at]->kind == SK_YAML_SCALAR && !map->items[at]->text.length)
		return map->keys[at]->span;
	return map->items[at]->span;
}

struct words {
	const char *const *next;
};

static const char *next_word(void *state)
{
	struct words *words = state;

	return *words->next ? *words->next++ : NULL;
}

static const char *did_you_mean(struct sk_arena *arena, const char *suggestion)
{
	return suggestion ? sk_arena_printf(arena, "did you mean '%s'?", suggestion) : NULL;
}

const char *sk_loader_suggest(struct sk_loader *loader, const char *word, const char *const *known)
{
	struct words words = {.next = known};

	if (loader->diagnostics->errors + loader->diagnostics->warnings > SK_PACK_HINT_LIMIT)
		return NULL;
	return did_you_mean(loader->arena, sk_suggest(word, strlen(word), next_word, &words));
}

struct pack_names {
	const struct sk_pack *pack;
	enum sk_pack_kind kind;
	uint32_t next;
};

static const char *next_name(void *state)
{
	struct pack_names *names = state;
	const struct sk_pack *pack = names->pack;
	uint32_t i = names->next++;

	switch (names->kind) {
	case SK_PACK_LIST:
		return i < pack->list_count ? pack->lists[i].name : NULL;
	case SK_PACK_MACRO:
		return i < pack->macro_count ? pack->macros[i].name : NULL;
	case SK_PACK_RULE:
		return i < pack->rule_count ? pack->rules[i].name : NULL;
	}
	return NULL;
}

const char *sk_pack_suggest(const struct sk_pack *pack, enum sk_pack_kind kind, const char *word, size_t length)
{
	struct pack_names names = {.pack = pack, .kind = kind};

	if (pack->diagnostics->errors + pack->diagnostics->warnings > SK_PACK_HINT_LIMIT)
		return NULL;
	return did_you_mean(pack->arena, sk_suggest(word, length, next_name, &names));
}

/* A key that is missing was perhaps mistyped. */
static const char *suggest_present_key(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key)
{
	const char *names[33] = {NULL};
	struct words words = {.next = names};
	uint32_t count = 0;
	const char *found;

	for (uint32_t i = 0; i < map->count && count < 32; i++) {
		if (map->keys[i]->kind == SK_YAML_SCALAR)
			names[count++] = map->keys[i]->text.bytes;
	}
	found = sk_suggest(key, strlen(key), next_word, &words);
	return found ? sk_arena_printf(loader->arena, "is '%s' meant to be '%s'?", found, key) : NULL;
}

/* The value of a key, which is a scalar that is not empty. */
static int find_scalar(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		       enum sk_presence presence, const struct sk_yaml_node **ret_node)
{
	uint32_t at = find_key(map, key);
	const struct sk_yaml_node *node;

	if (at == UINT32_MAX) {
		if (presence != SK_REQUIRED)
			return 0;
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, loader->span,
					suggest_present_key(loader, map, key), "Item has no mapping for key '%s'",
					key);
	}
	node = map->items[at];
	if (node->null) {
		if (presence == SK_TOLERANT)
			return 0;
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, map->keys[at]->span, NULL,
					"Mapping for key '%s' is empty", key);
	}
	if (node->kind != SK_YAML_SCALAR)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span,
					sk_arena_printf(loader->arena, "'%s' is one text, not a %s", key,
							node->kind == SK_YAML_SEQUENCE ? "list" : "mapping"),
					"Value is not a scalar value");
	if (!node->text.length) {
		if (presence == SK_TOLERANT)
			return 0;
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span, NULL,
					"Value must be non-empty");
	}
	*ret_node = node;
	return 1;
}

int sk_decode_text(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, struct sk_text *ret_text)
{
	const struct sk_yaml_node *node;
	int present = find_scalar(loader, map, key, presence, &node);

	if (present == 1)
		*ret_text = node->text;
	return present;
}

int sk_decode_name(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, const char **ret_name, struct sk_span *ret_span)
{
	const struct sk_yaml_node *node;
	int present = find_scalar(loader, map, key, presence, &node);

	if (present != 1)
		return present;
	if (memchr(node->text.bytes, '\0', node->text.length))
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span, NULL,
					"A name cannot have a NUL in it");
	*ret_name = node->text.bytes;
	*ret_span = node->span;
	return 1;
}

int sk_loader_begin_item(struct sk_loader *loader, const char *kind, const char **ret_name,
			 struct sk_span *ret_span)
{
	int result = sk_decode_name(loader, loader->item, kind, SK_REQUIRED, ret_name, ret_span);

	if (result < 0)
		return result;
	loader->span = *ret_span;
	loader->diagnostics->context = *ret_span;
	loader->diagnostics->context_text =
		sk_arena_printf(loader->diagnostics->arena, "in %s '%s'", kind, *ret_name);
	return result;
}

static const char undecodable[] = "Can't decode YAML scalar value";

/* Any of these words, in lower or UPPER case or Capitalised. */
static bool is_one_of(const struct sk_text *text, const char *const *words)
{
	for (; *words; words++) {
		const char *word = *words;
		size_t upper = 0, lower = 0, length = strlen(word), i;

		if (length != text->length)
			continue;
		for (i = 0; i < length; i++) {
			if (text->bytes[i] == word[i])
				lower++;
			else if (text->bytes[i] == word[i] - 'a' + 'A')
				upper++;
		}
		if (lower == length || upper == length ||
		    (upper == 1 && lower == length - 1 && text->bytes[0] != word[0]))
			return true;
	}
	return false;
}

int sk_decode_bool(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, bool *ret_value)
{
	static const char *const yes[] = {"true", "yes", "on", "y", NULL}, *const no[] = {"false", "no", "off", "n",
											  NULL};
	const struct sk_yaml_node *node;
	int present = find_scalar(loader, map, key, presence, &node);

	if (present != 1)
		return present;
	if (is_one_of(&node->text, yes))
		*ret_value = true;
	else if (is_one_of(&node->text, no))
		*ret_value = false;
	else
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span,
					sk_arena_printf(loader->arena, "'%s' is true or false", key), undecodable);
	return 1;
}

static bool parse_number(const struct sk_text *text, uint32_t *ret_value)
{
	bool hex = text->length > 2 && text->bytes[0] == '0' && (text->bytes[1] == 'x' || text->bytes[1] == 'X');
	uint64_t value = 0;

	for (uint32_t i = hex ? 2 : 0; i < text->length; i++) {
		const int digit = sk_hex_digit(text->bytes[i]);

		if (digit < 0 || (digit > 9 && !hex))
			return false;
		value = value * (hex ? 16 : 10) + (uint32_t)digit;
		if (value > UINT32_MAX)
			return false;
	}
	*ret_value = (uint32_t)value;
	return true;
}

int sk_decode_number(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		     enum sk_presence presence, uint32_t *ret_value)
{
	const struct sk_yaml_node *node;
	int present = find_scalar(loader, map, key, presence, &node);

	if (present != 1)
		return present;
	if (!parse_number(&node->text, ret_value))
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span,
			sk_arena_printf(loader->arena, "'%s' is a number from 0 to 4294967295", key), undecodable);
	return 1;
}

int sk_decode_texts(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		    enum sk_presence presence, struct sk_text **ret_texts, uint32_t *ret_count)
{
	uint32_t at = find_key(map, key);
	const struct sk_yaml_node *node;
	struct sk_text *texts;

	if (at == UINT32_MAX) {
		if (presence != SK_REQUIRED)
			return 0;
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, loader->span,
					suggest_present_key(loader, map, key), "Item has no mapping for key '%s'",
					key);
	}
	node = map->items[at];
	if (node->kind != SK_YAML_SEQUENCE)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_value_span(loader, map, key),
					sk_arena_printf(loader->arena, "write '%s: [...]'", key),
					"Value is not a sequence");
	texts = sk_arena_alloc_zeroed(loader->arena, (size_t)node->count + 1, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count; i++) {
		const struct sk_yaml_node *element = node->items[i];

		if (element->kind != SK_YAML_SCALAR || element->null)
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, element->span,
						element->null ? "an empty item; to have the word null, quote it"
							      : "every item is one text",
						"Can't decode YAML sequence value");
		texts[i] = element->text;
	}
	*ret_texts = texts;
	*ret_count = node->count;
	return 1;
}

void sk_loader_check_keys(struct sk_loader *loader, const char *const *known)
{
	for (uint32_t i = 0; i < loader->item->count; i++) {
		const struct sk_yaml_node *key = loader->item->keys[i];
		const char *const *word = known;

		while (*word && !sk_yaml_equals(key, *word))
			word++;
		if (*word)
			continue;
		if (key->kind != SK_YAML_SCALAR)
			sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_UNKNOWN_KEY, key->span, NULL,
					   "Unknown key that is a %s. The key will be ignored.",
					   key->kind == SK_YAML_SEQUENCE ? "list" : "mapping");
		else
			sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_UNKNOWN_KEY, key->span,
					   sk_yaml_equals(key, "<<")
						   ? "merge keys are not applied in rules files"
						   : sk_loader_suggest(loader, key->text.bytes, known),
					   "Unknown key '%s'. The key will be ignored.", key->text.bytes);
	}
}

static int decode_operation(struct sk_loader *loader, const struct sk_yaml_node *key,
			    const struct sk_yaml_node *value, const char *const *keys, uint32_t appendable,
			    uint32_t replaceable, struct sk_override *override)
{
	uint32_t number = 0, bit;
	const char *name = key->kind == SK_YAML_SCALAR ? key->text.bytes : "";

	while (keys[number] && !sk_yaml_equals(key, keys[number]))
		number++;
	bit = keys[number] ? UINT32_C(1) << number : 0;
	/* Of a key that stands twice the first one counts. */
	if (bit & (override->append | override->replace))
		return 0;
	if (value->kind != SK_YAML_SCALAR)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, value->span, NULL,
					"Value is not a scalar value");
	if (sk_yaml_equals(value, "append")) {
		if (!(bit & appendable))
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, key->span,
						bit ? NULL : sk_loader_suggest(loader, name, keys),
						"Key '%s' cannot be appended to, use 'replace' instead", name);
		override->append |= bit;
	} else if (sk_yaml_equals(value, "replace")) {
		if (!(bit & replaceable))
			return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, key->span,
						bit ? NULL : sk_loader_suggest(loader, name, keys),
						"Key '%s' cannot be replaced", name);
		override->replace |= bit;
	} else {
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE,
					value->text.length ? value->span : key->span,
					sk_loader_suggest(loader, value->text.bytes,
							  (const char *const[]){"append", "replace", NULL}),
					"Invalid override operation for key '%s': '%s'. Allowed values are: append "
					"replace ",
					name, value->text.bytes);
	}
	return 0;
}

int sk_decode_override(struct sk_loader *loader, const char *const *keys, uint32_t appendable, uint32_t replaceable,
		       struct sk_override *ret_override)
{
	const struct sk_yaml_node *map = sk_yaml_get(loader->item, "override");
	struct sk_override override = {0};
	int result = 0;

	if (map && !map->null && map->kind != SK_YAML_MAPPING)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE,
					sk_value_span(loader, loader->item, "override"),
					"write 'override:' and below it '  condition: append', for example",
					"Value of 'override' must be a mapping");
	for (uint32_t i = 0; map && !map->null && i < map->count; i++) {
		if (decode_operation(loader, map->keys[i], map->items[i], keys, appendable, replaceable,
				     &override) < 0)
			result = -EINVAL;
	}
	*ret_override = override;
	return result;
}
