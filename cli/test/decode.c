/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/synth/value.h"

/* The first mistakes get a hint; thousands of them would cost time. */
enum { HINT_LIMIT = 100 };

/* How far back a repeated key is looked for: hostile mappings must not cost time. */
enum { REPEAT_WINDOW = 256 };

void *sk_test_alloc(struct sk_test_reader *reader, size_t count, size_t size)
{
	void *memory = sk_arena_alloc_zeroed(reader->arena, count ? count : 1, size);

	if (!memory)
		reader->out_of_memory = true;
	return memory;
}

void *sk_test_grow(struct sk_test_reader *reader, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	uint32_t wanted = *capacity ? *capacity * 2 : 8;
	void *grown;

	if (count < *capacity)
		return array;
	grown = sk_test_alloc(reader, wanted, size);
	if (!grown)
		return NULL;
	if (count)
		memcpy(grown, array, count * size);
	*capacity = wanted;
	return grown;
}

void sk_test_report(struct sk_test_reader *reader, struct sk_span span, const char *hint, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	sk_diagnostics_add(reader->diagnostics, SK_DIAGNOSTIC_TEST_FILE, span, hint, "%s", message);
}

const char *sk_test_suggest(struct sk_test_reader *reader, const char *word, size_t length,
			    const char *(*next)(void *state), void *state)
{
	const char *close;

	if (reader->diagnostics->errors > HINT_LIMIT)
		return NULL;
	close = sk_suggest(word, length, next, state);
	return close ? sk_arena_printf(reader->arena, "did you mean '%s'?", close) : NULL;
}

static const char *next_word(void *state)
{
	const char *const **next = state;

	return **next ? *(*next)++ : NULL;
}

static bool is_known(const struct sk_yaml_node *key, const char *const *known)
{
	for (; *known; known++) {
		if (sk_yaml_equals(key, *known))
			return true;
	}
	return false;
}

/* A list of the keys that there are, when none is close. */
static const char *name_all(struct sk_test_reader *reader, const char *const *known)
{
	char text[400];
	size_t length = (size_t)snprintf(text, sizeof(text), "there are");

	for (size_t i = 0; known[i] && length < sizeof(text) - 40; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %s", i ? "," : "", known[i]);
	return sk_arena_copy(reader->arena, text, length);
}

bool sk_test_check_keys(struct sk_test_reader *reader, const struct sk_yaml_node *node, const char *what,
			const char *const *known)
{
	bool right = true;

	if (node->kind != SK_YAML_MAPPING) {
		sk_test_report(reader, node->span, known ? name_all(reader, known) : NULL,
			       "%s is a mapping of keys and values", what);
		return false;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct sk_yaml_node *key = node->keys[i];

		if (key->kind != SK_YAML_SCALAR) {
			sk_test_report(reader, key->span, NULL, "a key of %s is a word", what);
			right = false;
			continue;
		}
		if (known && !is_known(key, known)) {
			const char *const *words = known;
			const char *hint =
				sk_test_suggest(reader, key->text.bytes, key->text.length, next_word, &words);

			sk_test_report(reader, key->span, hint ? hint : name_all(reader, known),
				       "%s has no key '%s'", what, key->text.bytes);
			right = false;
		}
		for (uint32_t k = i > REPEAT_WINDOW ? i - REPEAT_WINDOW : 0; k < i; k++) {
			if (node->keys[k]->kind == SK_YAML_SCALAR &&
			    strcmp(node->keys[k]->text.bytes, key->text.bytes) == 0) {
				sk_test_report(reader, key->span, NULL, "the key '%s' is there twice",
					       key->text.bytes);
				right = false;
				break;
			}
		}
	}
	return right;
}

struct sk_span sk_test_span(const struct sk_yaml_node *map, uint32_t index)
{
	const struct sk_yaml_node *value = map->items[index];

	return value->kind == SK_YAML_SCALAR && !value->text.length ? map->keys[index]->span : value->span;
}

const char *sk_test_text(struct sk_test_reader *reader, const struct sk_yaml_node *node, const char *what)
{
	if (node->kind != SK_YAML_SCALAR || !node->text.length) {
		sk_test_report(reader, node->span, NULL, "%s is a text", what);
		return NULL;
	}
	if (strlen(node->text.bytes) != node->text.length) {
		sk_test_report(reader, node->span, NULL, "%s cannot hold a NUL", what);
		return NULL;
	}
	return node->text.bytes;
}

const char *sk_test_key_text(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key)
{
	char what[64];

	for (uint32_t i = 0; i < map->count; i++) {
		if (!sk_yaml_equals(map->keys[i], key))
			continue;
		snprintf(what, sizeof(what), "'%s'", key);
		if (map->items[i]->kind == SK_YAML_SCALAR && !map->items[i]->text.length) {
			sk_test_report(reader, map->keys[i]->span, NULL, "%s is a text", what);
			return NULL;
		}
		return sk_test_text(reader, map->items[i], what);
	}
	return NULL;
}

bool sk_test_key_number(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key,
			int64_t least, int64_t most, int64_t *ret_number)
{
	for (uint32_t i = 0; i < map->count; i++) {
		const struct sk_yaml_node *value = map->items[i];
		int64_t number;

		if (!sk_yaml_equals(map->keys[i], key))
			continue;
		if (value->kind == SK_YAML_SCALAR &&
		    sk_synth_number(value->text.bytes, value->text.length, false, &number) && number >= least &&
		    number <= most) {
			*ret_number = number;
			return true;
		}
		sk_test_report(reader, sk_test_span(map, i), NULL, "'%s' is a number from %" PRId64 " to %" PRId64,
			       key, least, most);
		return false;
	}
	return false;
}

bool sk_test_key_truth(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key,
		       bool *ret_truth)
{
	const struct sk_yaml_node *value = sk_yaml_get(map, key);

	if (!value)
		return false;
	if (sk_yaml_equals(value, "true") || sk_yaml_equals(value, "false")) {
		*ret_truth = sk_yaml_equals(value, "true");
		return true;
	}
	sk_test_report(reader, value->span, NULL, "'%s' is true or false", key);
	return false;
}

struct sk_bytes sk_test_bytes(const char *text)
{
	return (struct sk_bytes){text, text ? (uint32_t)strlen(text) : 0};
}
