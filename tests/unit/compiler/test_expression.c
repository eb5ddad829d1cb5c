/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/expression.h"

#include <errno.h>

#include "tests/test.h"
#include "vm/bundle.h"

struct compiled {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer bytes;
	struct sk_bundle bundle;
	int result;
};

static void compile(struct compiled *compiled, const struct sk_expression *expression)
{
	struct sk_error error = {0};

	memset(compiled, 0, sizeof(*compiled));
	sk_arena_init(&compiled->arena, 0);
	sk_sources_init(&compiled->sources, &compiled->arena);
	sk_diagnostics_init(&compiled->diagnostics, &compiled->sources, &compiled->arena);
	compiled->result = sk_compile_expression(expression, &compiled->diagnostics, &compiled->bytes);
	if (compiled->result == 0)
		CHECK_EQUAL(sk_bundle_from_memory(compiled->bytes.bytes, compiled->bytes.length, &compiled->bundle,
						  &error),
			    0);
}

static void forget(struct compiled *compiled)
{
	if (compiled->result == 0)
		sk_bundle_close(&compiled->bundle);
	sk_buffer_release(&compiled->bytes);
	sk_arena_release(&compiled->arena);
}

static uint32_t types_of(const struct sk_bundle *bundle)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < bundle->types_count; i++)
		count += bundle->types[i].count > 0;
	return count;
}

TEST(an_expression_is_the_only_rule_of_a_bundle)
{
	struct compiled compiled;

	compile(&compiled, &(struct sk_expression){.filter = "evt.type = open", .format = "%proc.name"});
	CHECK_EQUAL(compiled.result, 0);
	CHECK_EQUAL(compiled.bundle.rules_count, 1);
	CHECK(types_of(&compiled.bundle) < 10);
	forget(&compiled);
}

TEST(every_type_is_tried_if_asked_for)
{
	struct compiled compiled;

	compile(&compiled, &(struct sk_expression){.filter = "evt.type = open", .every_type = true});
	CHECK_EQUAL(compiled.result, 0);
	CHECK(types_of(&compiled.bundle) > 400);
	forget(&compiled);
}

TEST(nothing_at_all_is_every_event)
{
	struct compiled compiled;

	compile(&compiled, &(struct sk_expression){0});
	CHECK_EQUAL(compiled.result, 0);
	CHECK_EQUAL(compiled.bundle.rules_count, 1);
	forget(&compiled);
}

TEST(mistakes_are_reported)
{
	static const struct sk_expression wrong[] = {
		{.filter = "proc.nmae = cat"},
		{.filter = "some_macro"},
		{.filter = "not (evt.type = open or some_macro)"},
		{.filter = "evt.type ="},
		{.filter = ""},
		{.format = "%proc.nmae"},
		{.format = ""},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct compiled compiled;

		compile(&compiled, &wrong[i]);
		CHECK_EQUAL(compiled.result, -EINVAL);
		CHECK(compiled.diagnostics.errors > 0);
		CHECK_EQUAL(compiled.bytes.length, 0);
		forget(&compiled);
	}
}

TEST_MAIN(RUN(an_expression_is_the_only_rule_of_a_bundle) RUN(every_type_is_tried_if_asked_for)
		  RUN(nothing_at_all_is_every_event) RUN(mistakes_are_reported))
