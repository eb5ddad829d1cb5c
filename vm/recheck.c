/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/recheck.h"

#ifdef SK_VM_CHECK

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "vm/answer.h"
#include "vm/print.h"
#include "vm/support/buffer.h"

static void print_value(struct sk_vm *vm, const char *name, uint32_t expression)
{
	const struct sk_value *value = sk_vm_value(vm, expression);
	struct sk_buffer buffer = {0};

	sk_value_print(value, &buffer);
	fprintf(stderr, "  %s %s: %.*s (presence %u)\n", name,
		sk_bundle_text(vm->bundle, vm->bundle->expressions[expression].text, NULL), (int)buffer.length,
		buffer.bytes ? buffer.bytes : "", value->presence);
	sk_buffer_release(&buffer);
}

/* What was wrong of which predicate, with all that it takes to look into it. */
static void complain(struct sk_vm *vm, uint32_t predicate, bool remembered, const char *source)
{
	const struct sk_bundle_predicate *record = &vm->bundle->predicates[predicate];
	struct sk_buffer text = {0};

	sk_print_predicate(vm->bundle, predicate, SIZE_MAX, &text);
	fprintf(stderr, "saker: checking build: %s has it that `%s` is %s, but it is %s\n", source,
		text.bytes ? text.bytes : "", remembered ? "true" : "false", remembered ? "false" : "true");
	sk_buffer_release(&text);
	fprintf(stderr, "  scope %s\n", sk_scope_names[record->scope]);
	print_value(vm, "left", record->left);
	if (record->right != SK_NONE)
		print_value(vm, "right", record->right);
}

void sk_recheck_answer(struct sk_vm *vm, const struct sk_questions *questions,
		       const struct sk_signatures *signatures, uint32_t question, uint32_t signature,
		       const char *source)
{
	const struct sk_question *record = &questions->items[question];
	bool wrong = false;

	for (uint32_t i = 0; i < record->count; i++) {
		bool truth = sk_vm_predicate(vm, record->first + i);

		/* It will be evaluated linearly. */
		if (vm->short_of_memory)
			return;
		if (truth == sk_answer_holds(questions, signatures, signature, record->first + i))
			continue;
		complain(vm, record->first + i, !truth, source);
		wrong = true;
	}
	if (wrong)
		abort();
}

/* --- values of a thread ------------------------------------------------ */

enum { VALUES = sizeof(((struct sk_vm_cache *)NULL)->values) / sizeof(uint16_t) };

static uint16_t digest_of(struct sk_vm *vm, uint32_t expression)
{
	const struct sk_value *value = sk_vm_value(vm, expression);
	struct sk_buffer buffer = {0};
	uint64_t digest;

	/* Why it is missing is nothing that a condition sees. */
	if (value->presence != SK_PRESENT)
		return 0;
	sk_value_print(value, &buffer);
	digest = XXH3_64bits(buffer.length ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return (uint16_t)(digest | 1);
}

static void digest(struct sk_vm *vm, const struct sk_questions *questions, uint16_t values[VALUES])
{
	memset(values, 0, VALUES * sizeof(*values));
	for (uint32_t i = 0; i < questions->class_count; i++) {
		const struct sk_question *question = &questions->items[questions->class[i]];

		if (question->expression != SK_NONE)
			values[i % VALUES] ^= digest_of(vm, question->expression);
	}
}

void sk_recheck_note_values(struct sk_vm *vm, const struct sk_questions *questions, struct sk_vm_cache *cache)
{
	digest(vm, questions, cache->values);
}

void sk_recheck_values(struct sk_vm *vm, const struct sk_questions *questions, const struct sk_vm_cache *cache)
{
	uint16_t values[VALUES];
	bool wrong = false;

	digest(vm, questions, values);
	if (vm->short_of_memory)
		return;
	for (uint32_t i = 0; i < questions->class_count; i++) {
		const struct sk_question *question = &questions->items[questions->class[i]];

		if (question->expression == SK_NONE || values[i % VALUES] == cache->values[i % VALUES])
			continue;
		fprintf(stderr, "saker: checking build: the value of a thread changed, and nobody said so\n");
		print_value(vm, sk_scope_names[question->scope], question->expression);
		wrong = true;
	}
	if (wrong)
		abort();
}

/* --- rules ------------------------------------------------------------- */

static void complain_of_rule(struct sk_vm *vm, uint16_t type, uint32_t rule, bool matched)
{
	fprintf(stderr, "saker: checking build: rule `%s` %s an event of type %s, and linearly it %s\n",
		sk_bundle_text(vm->bundle, vm->bundle->rules[rule].name, NULL),
		matched ? "matches" : "does not match", sk_events[type].id, matched ? "does not" : "does");
	abort();
}

void sk_recheck_matches(struct sk_vm *vm, uint16_t type, const uint32_t *rules, uint32_t count)
{
	const uint32_t *tried = vm->bundle->type_rules + vm->bundle->types[type].first;
	uint32_t next = 0;

	for (uint32_t i = 0; i < vm->bundle->types[type].count; i++) {
		const struct sk_bundle_rule *rule = &vm->bundle->rules[tried[i]];
		bool matched = next < count && rules[next] == tried[i], matches;

		matches = rule->priority <= vm->options.priority &&
			  sk_vm_condition_holds(vm, &vm->bundle->code[rule->condition]);
		if (vm->short_of_memory)
			return;
		if (matches != matched)
			complain_of_rule(vm, type, tried[i], matched);
		next += matched;
		if (matched && !vm->options.match_all)
			break;
	}
	if (next < count)
		complain_of_rule(vm, type, rules[next], true);
}

#else

/* A translation unit is not empty. */
extern const int sk_recheck_unused;
const int sk_recheck_unused = 0;

#endif
