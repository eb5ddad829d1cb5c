/* SPDX-License-Identifier: Apache-2.0 */
/* Equal things are one thing, over the whole pack. */
#include "compiler/ir.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

TEST(equal_runs_of_bytes_have_equal_numbers)
{
	struct sk_arena arena = {0};
	struct sk_intern intern;
	char text[16];

	sk_intern_init(&intern, &arena);
	CHECK_EQUAL(sk_intern_add(&intern, "", 0), 0);
	CHECK_EQUAL(sk_intern_add(&intern, "a", 1), 1);
	CHECK_EQUAL(sk_intern_add(&intern, "a\0", 2), 2);
	CHECK_EQUAL(sk_intern_add(&intern, "a", 1), 1);
	CHECK_EQUAL(sk_intern_add(&intern, "", 0), 0);
	/* Through several growths. */
	for (int i = 0; i < 5000; i++) {
		int length = snprintf(text, sizeof(text), "text %d", i);

		CHECK_EQUAL(sk_intern_add(&intern, text, (size_t)length), i + 3);
	}
	for (int i = 0; i < 5000; i++) {
		int length = snprintf(text, sizeof(text), "text %d", i);

		CHECK_EQUAL(sk_intern_add(&intern, text, (size_t)length), i + 3);
		CHECK_TEXT(sk_intern_get(&intern, i + 3)->bytes, text);
	}
	sk_arena_release(&arena);
}

TEST(without_memory_numbers_are_none_and_nothing_breaks)
{
	struct sk_arena arena;
	struct sk_ir ir;
	char text[16];
	uint32_t number = 0;

	sk_arena_init(&arena, 200000);
	sk_ir_init(&ir, &arena);
	for (int i = 0; i < 100000 && number != SK_NONE; i++)
		number = sk_ir_string(&ir, text, (size_t)snprintf(text, sizeof(text), "%d", i));
	CHECK_EQUAL(number, SK_NONE);
	CHECK(ir.out_of_memory);
	CHECK_EQUAL(sk_ir_string(&ir, "0", 1), SK_NONE);
	sk_arena_release(&arena);
}

static uint32_t make_predicate(struct sk_ir *ir, const char *text)
{
	struct sk_bundle_field field = {.field = SK_FIELD_PROC_NAME, .argument = SK_NONE};
	struct sk_ir_expression expression = {.operand = sk_ir_field(ir, &field),
					      .arguments = SK_NONE,
					      .selector = SK_NONE,
					      .text = sk_ir_string(ir, "proc.name", 9)};
	uint32_t constant = sk_ir_string(ir, text, strlen(text));
	struct sk_ir_predicate predicate = {.left = sk_ir_expression(ir, &expression), .right = SK_NONE};

	predicate.constants = sk_ir_run(ir, &constant, 1);
	return sk_ir_predicate(ir, &predicate, 7);
}

TEST(boolean_nodes_are_hash_consed_and_count_their_leaves)
{
	struct sk_arena arena = {0};
	struct sk_ir ir;
	uint32_t a, b, both[2], and, or, node, count;

	sk_ir_init(&ir, &arena);
	a = sk_ir_node_predicate(&ir, make_predicate(&ir, "a"));
	b = sk_ir_node_predicate(&ir, make_predicate(&ir, "b"));
	CHECK(a != b);
	CHECK_EQUAL(sk_ir_node_predicate(&ir, make_predicate(&ir, "a")), a);
	both[0] = a;
	both[1] = b;
	and = sk_ir_node_branch(&ir, SK_IR_AND, both, 2);
	or = sk_ir_node_branch(&ir, SK_IR_OR, both, 2);
	CHECK(and != or);
	CHECK_EQUAL(sk_ir_node_branch(&ir, SK_IR_AND, both, 2), and);
	CHECK_EQUAL(sk_ir_node_branch(&ir, SK_IR_AND, both, 1), a);
	CHECK_EQUAL(sk_ir_node_not(&ir, sk_ir_node_not(&ir, and)), and);
	CHECK_EQUAL(ir.leaves[and], 2);
	sk_ir_get_node(&ir, and, &count);
	CHECK_EQUAL(count, 2);
	/* Doubling 40 times would be 2^41 leaves: they saturate. */
	node = and;
	for (int i = 0; i < 40; i++) {
		uint32_t twice[2] = {node, node};

		node = sk_ir_node_branch(&ir, i % 2 ? SK_IR_AND : SK_IR_OR, twice, 2);
	}
	CHECK_EQUAL(ir.leaves[node], UINT32_MAX);
	CHECK_EQUAL(sk_ir_node_branch(&ir, SK_IR_AND, (uint32_t[]){a, SK_NONE}, 2), SK_NONE);
	CHECK(!ir.out_of_memory);
	sk_arena_release(&arena);
}

TEST(rules_share_predicates_fields_and_constants)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_macro(&pack, "m", "proc.name in (a, b) and fd.name = x");
	fixture_rule(&pack, "1", "evt.type = open and m and proc.pname in (a, b)", "%proc.name");
	fixture_rule(&pack, "2", "evt.type == open and m or proc.name in (a, b)", "%proc.name");
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.summary.predicates, 4);
	CHECK_EQUAL(pack.bundle.predicates_count, 4);
	/* (a, b) once, open, x. */
	CHECK_EQUAL(pack.bundle.constants_count, 4);
	/* Four in conditions, and the suggested six. */
	CHECK_EQUAL(pack.bundle.fields_count, 10);
	fixture_end(&pack);
}

TEST(a_predicate_changes_as_fast_as_the_fastest_of_its_fields)
{
	static const struct {
		const char *condition;
		enum sk_scope scope;
	} cases[] = {
		{"proc.name = a", SK_SCOPE_THREAD},
		{"proc.aname = a", SK_SCOPE_LINEAGE},
		{"proc.pname = val(proc.name)", SK_SCOPE_LINEAGE},
		{"proc.name = val(proc.pname)", SK_SCOPE_LINEAGE},
		{"fd.name = val(proc.name)", SK_SCOPE_FD},
		{"concat(proc.pname, fd.name) = a", SK_SCOPE_FD},
		{"evt.arg.x = val(fd.name)", SK_SCOPE_EVENT},
		{"join(\"\", (proc.name, evt.res)) = a", SK_SCOPE_EVENT},
		{"concat(\"a\", \"b\") = ab", SK_SCOPE_THREAD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture pack;

		fixture_begin(&pack);
		fixture_rule(&pack, "r", cases[i].condition, "x");
		CHECK_EQUAL(fixture_open(&pack), 0);
		if (pack.bundle.predicates_count)
			CHECK_EQUAL(pack.bundle.predicates[0].scope, cases[i].scope);
		fixture_end(&pack);
	}
}

TEST_MAIN(RUN(equal_runs_of_bytes_have_equal_numbers) RUN(without_memory_numbers_are_none_and_nothing_breaks)
		  RUN(boolean_nodes_are_hash_consed_and_count_their_leaves)
			  RUN(rules_share_predicates_fields_and_constants)
				  RUN(a_predicate_changes_as_fast_as_the_fastest_of_its_fields))
