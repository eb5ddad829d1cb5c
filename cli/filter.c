/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compiler/expression.h"
#include "runtime/capture/plan.h"
#include "vm/support/alloc.h"

enum { WORDS = sizeof(((struct sk_filter *)0)->syscalls) / sizeof(uint64_t) };

static int compile(const struct sk_expression *expression, bool quiet, struct sk_buffer *ret_bundle)
{
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	int result;

	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	result = sk_compile_expression(expression, &diagnostics, ret_bundle);
	/* Warnings are about rules that are to be kept; a filter is used once. */
	if (result == -EINVAL && !quiet)
		sk_print_diagnostics(&diagnostics);
	sk_arena_release(&arena);
	return result;
}

/* A call without an event of its own tells nothing but its number: it is not worth its place. */
static void every_call(uint64_t *calls)
{
	for (size_t i = 0; i < sk_syscall_count; i++) {
		if (sk_syscalls[i].exit_event != SK_EVENT_GENERIC_X)
			calls[sk_syscalls[i].sc / 64] |= UINT64_C(1) << (sk_syscalls[i].sc % 64);
	}
}

static unsigned count_calls(const uint64_t *calls, size_t words)
{
	unsigned count = 0;

	for (size_t i = 0; i < words; i++)
		count += (unsigned)__builtin_popcountll(calls[i]);
	return count;
}

/*
 * Signals, switches between threads and page faults come in such numbers that
 * only a condition which is about few types gets them: one that only says whose
 * events it wants, or which it does not, does not mean those.
 */
static void add_floods(struct sk_filter *filter, const struct sk_bundle *bundle)
{
	static const char *const names[] = {"signal_deliver", "sched_switch", "page_fault_user",
					    "page_fault_kernel"};
	uint64_t every[WORDS] = {0};

	every_call(every);
	if (2 * count_calls(filter->syscalls, WORDS) > count_calls(every, WORDS))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (sk_capture_selects(bundle->syscalls, bundle->syscalls_count, names[i]))
			sk_filter_add_call(filter, names[i]);
	}
}

/*
 * The calls that the condition does not rule out, as for a rule: what cannot
 * pass need not leave the kernel.
 */
static void find_calls(struct sk_filter *filter, const char *condition)
{
	const struct sk_expression expression = {.filter = condition};
	struct sk_buffer compiled = {0};
	struct sk_bundle bundle = {0};
	struct sk_error error = {0};

	every_call(filter->syscalls);
	if (condition && compile(&expression, true, &compiled) == 0 &&
	    sk_bundle_from_memory(compiled.bytes, compiled.length, &bundle, &error) == 0) {
		for (size_t i = 0; i < WORDS; i++)
			filter->syscalls[i] &= i < bundle.syscalls_count ? bundle.syscalls[i] : 0;
		add_floods(filter, &bundle);
		sk_bundle_close(&bundle);
	}
	sk_buffer_release(&compiled);
}

void sk_filter_add_call(struct sk_filter *filter, const char *name)
{
	int number = sk_syscall_find(name, strlen(name));

	if (number >= 0)
		filter->syscalls[number / 64] |= UINT64_C(1) << (number % 64);
}

int sk_filter_create(struct sk_filter *filter, const char *condition, const char *format,
		     const struct sk_state_options *state)
{
	const struct sk_expression expression = {.filter = condition, .format = format, .every_type = true};
	struct sk_error error = {0};
	struct sk_sensor_options options;
	int result;

	*filter = (struct sk_filter){0};
	result = compile(&expression, false, &filter->compiled);
	if (result == -ENOMEM)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (result < 0)
		return SK_EXIT_USAGE;
	result = sk_bundle_from_memory(filter->compiled.bytes, filter->compiled.length, &filter->bundle, &error);
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "the filter just compiled: %s", error.message);
	find_calls(filter, condition);
	options = (struct sk_sensor_options){
		.bundle = &filter->bundle, .state = *state, .priority = 7, .every_event = true};
	result = sk_sensor_create(&options, &filter->sensor, &error);
	if (result < 0)
		return sk_fail(result == -ENOMEM ? SK_EXIT_MEMORY : SK_EXIT_INPUT, "%s", error.message);
	return SK_EXIT_OK;
}

void sk_filter_release(struct sk_filter *filter)
{
	sk_sensor_destroy(filter->sensor);
	sk_bundle_close(&filter->bundle);
	sk_buffer_release(&filter->compiled);
	*filter = (struct sk_filter){0};
}

int sk_filter_join(int count, char **words, char **ret_condition)
{
	struct sk_buffer text = {0};

	for (int i = 0; i < count; i++) {
		if (i)
			sk_buffer_append_char(&text, ' ');
		sk_buffer_append_text(&text, words[i]);
	}
	if (text.failed) {
		sk_buffer_release(&text);
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	}
	*ret_condition = text.bytes; /* NULL without words */
	return SK_EXIT_OK;
}

bool sk_filter_passes(struct sk_filter *filter, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only)
{
	const uint32_t *rules;

	return sk_sensor_apply(filter->sensor, bytes, size, cpu, state_only) &&
	       sk_sensor_evaluate(filter->sensor, &rules) > 0;
}
