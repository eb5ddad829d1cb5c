/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and scalars of a file of rule tests.  Whatever is wrong is reported
 * with its place, and reading goes on.
 */
#ifndef SK_CLI_TEST_DECODE_H
#define SK_CLI_TEST_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/yaml.h"
#include "grammar/diagnostic.h"
#include "runtime/scap/entries.h"

struct sk_test_reader {
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	bool out_of_memory;
};

/* Zeroed memory of the arena; NULL sets `out_of_memory`. */
void *sk_test_alloc(struct sk_test_reader *reader, size_t count, size_t size);

/* An array in the arena with room for one element behind `count`; NULL sets `out_of_memory`. */
void *sk_test_grow(struct sk_test_reader *reader, void *array, uint32_t count, uint32_t *capacity, size_t size);

void sk_test_report(struct sk_test_reader *reader, struct sk_span span, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "did you mean 'x'?" from what `next` gives; NULL if nothing is close. */
const char *sk_test_suggest(struct sk_test_reader *reader, const char *word, size_t length,
			    const char *(*next)(void *state), void *state);

/* A mapping whose keys are scalars, each once and one of `known`, which ends with NULL; NULL: any. */
bool sk_test_check_keys(struct sk_test_reader *reader, const struct sk_yaml_node *node, const char *what,
			const char *const *known);

/* What to underline of a value: of an empty one its key. */
struct sk_span sk_test_span(const struct sk_yaml_node *map, uint32_t index);

/* The text of a scalar that is not empty; NULL after reporting. */
const char *sk_test_text(struct sk_test_reader *reader, const struct sk_yaml_node *node, const char *what);

/* The same of a key of a mapping; NULL if it is not there. */
const char *sk_test_key_text(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key);

/* False if it is not there, or is no number of that range (which is reported). */
bool sk_test_key_number(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key,
			int64_t least, int64_t most, int64_t *ret_number);
bool sk_test_key_truth(struct sk_test_reader *reader, const struct sk_yaml_node *map, const char *key,
		       bool *ret_truth);

/* A C string as bytes; NULL as none. */
struct sk_bytes sk_test_bytes(const char *text);

#endif
