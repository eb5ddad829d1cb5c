/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into a bundle, and what the programs in it do. */
#include <time.h>

#include "compiler/program.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "vm/support/alloc.h"
#include "vm/vm.h"

/* --- programs ---------------------------------------------------------- */

enum { PREDICATES = 8 };

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static uint32_t random_node(struct sk_ir *ir, const uint32_t *leaves, int depth)
{
	uint32_t children[4], count = 2 + random_below(3);

	if (depth == 0 || random_below(5) == 0)
		return leaves[random_below(PREDICATES)];
	if (random_below(4) == 0)
		return sk_ir_node_not(ir, random_node(ir, leaves, depth - 1));
	for (uint32_t i = 0; i < count; i++)
		children[i] = random_node(ir, leaves, depth - 1);
	return sk_ir_node_branch(ir, random_below(2) ? SK_IR_AND : SK_IR_OR, children, count);
}

/* What the node means, without programs. */
static bool is_true(const struct sk_ir *ir, uint32_t number, uint32_t truths)
{
	uint32_t count;
	const struct sk_ir_node *node = sk_ir_get_node(ir, number, &count);

	switch ((enum sk_ir_node_kind)node->kind) {
	case SK_IR_PREDICATE:
		return truths >> node->operands[0] & 1;
	case SK_IR_NOT:
		return !is_true(ir, node->operands[0], truths);
	case SK_IR_AND:
	case SK_IR_OR:
		for (uint32_t i = 0; i < count; i++) {
			if (is_true(ir, node->operands[i], truths) == (node->kind == SK_IR_OR))
				return node->kind == SK_IR_OR;
		}
		return node->kind == SK_IR_AND;
	}
	return false;
}

/* Runs a program; counts how often it tests predicates. */
static bool run_program(const struct sk_instruction *code, uint32_t truths, uint32_t *tests)
{
	for (;; code++) {
		bool truth = truths >> (code->operand & 31) & 1;

		switch ((enum sk_op)code->op) {
		case SK_OP_JUMP_TRUE:
			++*tests;
			code += truth ? code->jump : 0;
			break;
		case SK_OP_JUMP_FALSE:
			++*tests;
			code += truth ? 0 : code->jump;
			break;
		case SK_OP_JUMP:
			code += code->jump;
			break;
		case SK_OP_MATCH:
			return true;
		default:
			return false;
		}
	}
}

TEST(programs_mean_what_their_trees_mean)
{
	struct sk_arena arena = {0};
	struct sk_ir ir;
	uint32_t leaves[PREDICATES];
	int wrong = 0;

	sk_ir_init(&ir, &arena);
	for (uint32_t i = 0; i < PREDICATES; i++)
		leaves[i] = sk_ir_node_predicate(&ir, i);
	for (int i = 0; i < 2000; i++) {
		uint32_t node = random_node(&ir, leaves, 5), tests;
		uint64_t size = sk_program_size(&ir, node);
		struct sk_instruction *code = sk_alloc(size * sizeof(*code));

		sk_program_write(&ir, node, code);
		for (uint32_t truths = 0; truths < 1 << PREDICATES; truths++) {
			tests = 0;
			wrong += run_program(code, truths, &tests) != is_true(&ir, node, truths);
			wrong += tests > size - 2;
		}
		sk_free(code);
	}
	CHECK_EQUAL(wrong, 0);
	sk_arena_release(&arena);
}

TEST(programs_are_one_test_a_predicate_from_left_to_right)
{
	struct fixture pack;
	const struct sk_bundle_rule *rule;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", "(proc.name = a or not proc.name = b) and not (proc.name = c and proc.name = d)",
		     "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	rule = &pack.bundle.rules[0];
	CHECK_EQUAL(rule->condition_size, 6);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQUAL(pack.bundle.code[rule->condition + i].operand, i);
	/* a: to c.  b: fails.  c: matches if false.  d: fails if true. */
	CHECK_EQUAL(pack.bundle.code[0].op, SK_OP_JUMP_TRUE);
	CHECK_EQUAL(pack.bundle.code[0].jump, 1);
	CHECK_EQUAL(pack.bundle.code[1].op, SK_OP_JUMP_TRUE);
	CHECK_EQUAL(pack.bundle.code[1].jump, 3);
	CHECK_EQUAL(pack.bundle.code[2].op, SK_OP_JUMP_FALSE);
	CHECK_EQUAL(pack.bundle.code[2].jump, 1);
	CHECK_EQUAL(pack.bundle.code[3].op, SK_OP_JUMP_TRUE);
	CHECK_EQUAL(pack.bundle.code[3].jump, 1);
	fixture_end(&pack);
}

TEST(jumps_pass_over_tests_of_what_is_known)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", "(proc.name = a and proc.name = b) or (proc.name = a and proc.name = c)", "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.bundle.predicates_count, 3);
	/* a false: the second half tests a again, so it fails at once. */
	CHECK_EQUAL(pack.bundle.code[0].op, SK_OP_JUMP_FALSE);
	CHECK_EQUAL(pack.bundle.code[0].jump + 1, pack.bundle.rules[0].condition_size - 1);
	fixture_end(&pack);
}

/* --- limits ------------------------------------------------------------ */

/* macro `mN`: `text` with every # as the number before N. */
static void add_doubling_macros(struct fixture *pack, int count, const char *text)
{
	char name[16], condition[64];

	fixture_macro(pack, "m0", "proc.name = a");
	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(condition, sizeof(condition), text, i - 1, i - 1);
		fixture_macro(pack, name, condition);
	}
}

TEST(macros_that_multiply_end_in_an_error_at_once)
{
	struct fixture pack;
	struct timespec begin, end;
	const struct sk_diagnostic *item;
	long elapsed;

	fixture_begin(&pack);
	add_doubling_macros(&pack, 60, "m%d and not m%d");
	fixture_rule(&pack, "r", "evt.type = open and m60", "x");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	elapsed = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
	CHECK(elapsed < 100);
	CHECK_EQUAL(pack.diagnostics.errors, 1);
	item = fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "more than 65533 comparisons");
	CHECK_TEXT(fixture_marked(&pack, item), "r.condition: evt.type = open and m60");
	fixture_end(&pack);
}

TEST(the_largest_program_is_65535_instructions)
{
	struct fixture pack;

	/* 2^15 + 2^14 + ... + 1 = 65,535 leaves, less the two that are left out. */
	fixture_begin(&pack);
	add_doubling_macros(&pack, 15, "m%d or m%d");
	fixture_rule(
		&pack, "r",
		"m15 and m14 and m13 and m12 and m11 and m10 and m9 and m8 and m7 and m6 and m5 and m4 and m3 and "
		"m2 and m0",
		"x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.bundle.rules ? pack.bundle.rules[0].condition_size : 0, 65535);
	fixture_end(&pack);
	fixture_begin(&pack);
	add_doubling_macros(&pack, 15, "m%d or m%d");
	fixture_rule(
		&pack, "r",
		"m15 and m14 and m13 and m12 and m11 and m10 and m9 and m8 and m7 and m6 and m5 and m4 and m3 and "
		"m2 and m1",
		"x");
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	fixture_end(&pack);
}

TEST(macros_nested_too_deeply_are_an_error)
{
	struct fixture pack;
	char name[16], condition[32];

	fixture_begin(&pack);
	fixture_macro(&pack, "m0", "proc.name = a");
	for (int i = 1; i < FIXTURE_LIMIT; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(condition, sizeof(condition), "not m%d", i - 1);
		fixture_macro(&pack, name, condition);
	}
	fixture_rule(&pack, "r", "evt.type = open and m4095", "x");
	fixture_rule(&pack, "s", "evt.type = open and m1000", "x");
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	CHECK_EQUAL(pack.diagnostics.errors, 1);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "nested too deeply") != NULL);
	CHECK(pack.rules[1].tree != NULL);
	fixture_end(&pack);
}

/* --- bundles ----------------------------------------------------------- */

static void fill_example(struct fixture *pack)
{
	static const char *tags[] = {"a", "b"};
	struct sk_pack_rule *rule;

	fixture_begin(pack);
	fixture_macro(pack, "m", "proc.name in (a, b, c) and fd.name startswith /etc");
	rule = fixture_rule(pack, "first", "evt.type = open and m and fd.sport = 22", "a %proc.name");
	rule->tags = tags;
	rule->tag_count = 2;
	fixture_rule(pack, "off", "evt.type = close and user.name = nobody", "%user.uid")->enabled = false;
	fixture_rule(pack, "second", "not m and proc.name in (b, c) or proc.aname = c", "%20fd.name%fd.num");
	fixture_rule(pack, "minor", "evt.type = close and proc.exe = x", "x")->priority = 7;
	fixture_rule(pack, "never", "evt.num = 0", "x");
}

TEST(the_same_rules_give_the_same_bytes)
{
	struct fixture one, two;

	fill_example(&one);
	fill_example(&two);
	CHECK_EQUAL(fixture_open(&one), 0);
	CHECK_EQUAL(fixture_open(&two), 0);
	CHECK_EQUAL(one.bytes.length, two.bytes.length);
	CHECK(one.bytes.length == two.bytes.length &&
	      memcmp(one.bytes.bytes, two.bytes.bytes, one.bytes.length) == 0);
	fixture_end(&one);
	fixture_end(&two);
}

static bool has_string(const struct sk_bundle *bundle, const char *text)
{
	for (uint32_t i = 0; i < sk_bundle_string_count(bundle); i++) {
		if (strcmp(sk_bundle_text(bundle, i, NULL), text) == 0)
			return true;
	}
	return false;
}

TEST(a_bundle_holds_what_its_rules_use_and_nothing_else)
{
	struct fixture pack;

	fill_example(&pack);
	pack.options.priority = 6;
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.bundle.rules_count, 3);
	CHECK_EQUAL(pack.summary.rules, 5);
	CHECK_EQUAL(pack.summary.rules_enabled, 3);
	CHECK_EQUAL(pack.summary.macros, 1);
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.rules[0].name, NULL), "first");
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.rules[1].name, NULL), "second");
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.rules[2].name, NULL), "never");
	CHECK(has_string(&pack.bundle, "proc.name"));
	CHECK(!has_string(&pack.bundle, "user.name"));
	CHECK(!has_string(&pack.bundle, "proc.exe"));
	CHECK(!has_string(&pack.bundle, "nobody"));
	/* Strings are there once. */
	for (uint32_t i = 0; i < sk_bundle_string_count(&pack.bundle); i++) {
		for (uint32_t k = 0; k < i; k++)
			CHECK(strcmp(sk_bundle_text(&pack.bundle, i, NULL),
				     sk_bundle_text(&pack.bundle, k, NULL)) != 0);
	}
	CHECK_EQUAL(pack.bundle.rules[0].tag_count, 2);
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.tags[1], NULL), "b");
	fixture_end(&pack);
}

TEST(runs_of_constants_are_shared_with_longer_ones)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "r",
		     "proc.name = c or proc.name in (b, c) or proc.pname in (a, b, c, d) or proc.name = z", "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.bundle.constants_count, 5);
	CHECK_EQUAL(pack.bundle.predicates[0].first, 2);
	CHECK_EQUAL(pack.bundle.predicates[1].first, 1);
	/* Those on proc.name stand together. */
	CHECK_EQUAL(pack.bundle.predicates[2].first, 4);
	CHECK_EQUAL(pack.bundle.predicates[3].first, 0);
	fixture_end(&pack);
}

/* `oneof` counts how many of its constants hold: two that are the same are two. */
TEST(a_constant_stands_once_in_a_list_where_it_is_not_counted)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "r",
		     "evt.type = openat and (proc.name in (a, b, a, c, b) or proc.name contains anyof (d, d)"
		     " or proc.name contains oneof (e, f, e))",
		     "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	for (uint32_t i = 0; i < pack.bundle.predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &pack.bundle.predicates[i];
		bool listed = predicate->operator== SK_OPERATOR_IN;

		if (predicate->modifier == SK_MODIFIER_ONEOF || listed)
			CHECK_EQUAL(predicate->count, 3);
		else
			CHECK_EQUAL(predicate->count, 1);
	}
	CHECK_EQUAL(pack.bundle.predicates_count, 4);
	fixture_end(&pack);
}

static bool is_filed(const struct sk_bundle *bundle, uint32_t type, uint32_t rule)
{
	for (uint32_t i = 0; i < bundle->types[type].count; i++) {
		if (bundle->type_rules[bundle->types[type].first + i] == rule)
			return true;
	}
	return false;
}

TEST(rules_are_filed_under_their_events_and_the_async_event)
{
	struct fixture pack;

	fill_example(&pack);
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK(is_filed(&pack.bundle, SK_EVENT_SYSCALL_OPEN_E, 0));
	CHECK(is_filed(&pack.bundle, SK_EVENT_SYSCALL_OPEN_X, 0));
	CHECK(!is_filed(&pack.bundle, SK_EVENT_SYSCALL_CLOSE_X, 0));
	CHECK(is_filed(&pack.bundle, SK_EVENT_SYSCALL_CLOSE_X, 1));
	CHECK(!is_filed(&pack.bundle, SK_EVENT_SYSCALL_OPEN_X, 3));
	CHECK_EQUAL(pack.bundle.types[SK_EVENT_ASYNCEVENT_E].count, 4);
	/* `second` needs every system call; the others alone would need two. */
	CHECK_EQUAL(__builtin_popcountll(pack.bundle.syscalls[0]), 64);
	fixture_end(&pack);
	fixture_begin(&pack);
	fixture_rule(&pack, "r", "evt.type in (open, close)", "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(__builtin_popcountll(pack.bundle.syscalls[0]), 2);
	fixture_end(&pack);
}

static bool files_under(const char *condition, uint32_t type)
{
	struct fixture pack;
	bool filed;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", condition, "x");
	filed = fixture_open(&pack) == 0 && is_filed(&pack.bundle, type, 0);
	fixture_end(&pack);
	return filed;
}

TEST(a_rule_is_not_filed_under_a_type_that_it_cannot_match)
{
	static const char with_path[] = "evt.type in (openat, connect) and evt.arg.name startswith /etc";
	static const char either[] = "evt.type in (openat, connect) and (evt.arg.name exists or fd.name = x)";
	static const char unless[] = "evt.type in (openat, connect) and not evt.arg.name startswith /etc";
	static const char compared[] = "evt.type in (openat, connect) and proc.name = val(evt.arg.name)";

	CHECK(files_under(with_path, SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under(with_path, SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under(either, SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under(unless, SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under(compared, SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under(compared, SK_EVENT_SOCKET_CONNECT_X));
	/* What names the event comes with the type, and that of an async event with the event. */
	CHECK(!files_under("evt.type = openat or evt.type = connect and evt.type = openat",
			   SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under("evt.type startswith open", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under("evt.type startswith open", SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under("evt.type regex openat", SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under("evt.type startswith open", SK_EVENT_ASYNCEVENT_E));
	CHECK(files_under("evt.type startswith open", SK_EVENT_GENERIC_X));
	CHECK(!files_under("evt.dir = > and evt.type = openat", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(files_under("evt.dir = < and evt.type = openat", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under("evt.is_io_write = true", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(files_under("evt.is_io_write = true", SK_EVENT_SYSCALL_WRITE_X));
	CHECK(files_under("tolower(evt.arg.name) = a and evt.type = openat", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under("toupper(tolower(evt.arg.name)) != A", SK_EVENT_SOCKET_CONNECT_X));
	CHECK(files_under("evt.arg[2] = a", SK_EVENT_SYSCALL_OPENAT_2_X));
	CHECK(!files_under("evt.arg[2] = a", SK_EVENT_SYSCALL_GETUID_X));
}

TEST(outputs_end_with_the_suggested_fields)
{
	static const char expected[] = "a {proc.name}<suggested> container_id={container.id} "
				       "container_name={container.name} "
				       "container_image_repository={container.image.repository} "
				       "container_image_tag={container.image.tag} k8s_pod_name={k8s.pod.name} "
				       "k8s_ns_name={k8s.ns.name}<end>";
	struct sk_buffer text = {0};
	struct fixture pack;

	fill_example(&pack);
	CHECK_EQUAL(fixture_open(&pack), 0);
	for (uint32_t i = 0; i < pack.bundle.rules[0].output_size; i++) {
		const struct sk_instruction *code = &pack.bundle.code[pack.bundle.rules[0].output + i];

		if (code->op == SK_OP_LITERAL)
			sk_buffer_append_text(&text, sk_bundle_text(&pack.bundle, code->operand, NULL));
		else if (code->op == SK_OP_FIELD)
			sk_buffer_printf(
				&text, "{%s}",
				sk_bundle_text(&pack.bundle, pack.bundle.expressions[code->operand].text, NULL));
		else
			sk_buffer_printf(&text, "<%s>", sk_ops[code->op].name);
	}
	CHECK_TEXT(text.bytes, expected);
	CHECK_EQUAL(pack.bundle.code[pack.bundle.rules[1].output].jump, 20);
	CHECK_EQUAL(pack.bundle.code[pack.bundle.rules[1].output + 1].jump, 0);
	sk_buffer_release(&text);
	fixture_end(&pack);
}

TEST(places_are_those_of_the_source)
{
	struct fixture pack;
	const struct sk_bundle_location *location;

	fixture_begin(&pack);
	fixture_macro(&pack, "m", "proc.name = a\n  or proc.name = b");
	fixture_rule(&pack, "r", "evt.type = open and m", "x");
	CHECK_EQUAL(fixture_open(&pack), 0);
	location = &pack.bundle.locations[2];
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.files[location->file], NULL), "m.condition");
	CHECK_EQUAL(location->line, 2);
	CHECK_EQUAL(location->column, 6);
	location = &pack.bundle.locations[pack.bundle.predicates_count];
	CHECK_TEXT(sk_bundle_text(&pack.bundle, pack.bundle.files[location->file], NULL), "r.rule");
	CHECK_EQUAL(pack.bundle.files_count, 3);
	fixture_end(&pack);
}

TEST(a_pack_without_rules_is_a_bundle_too)
{
	struct fixture pack;

	fixture_begin(&pack);
	CHECK_EQUAL(fixture_open(&pack), 0);
	CHECK_EQUAL(pack.bundle.rules_count, 0);
	fixture_end(&pack);
}

TEST(a_check_only_compile_writes_nothing)
{
	struct fixture pack;

	fill_example(&pack);
	pack.options.check_only = true;
	CHECK_EQUAL(fixture_compile(&pack), 0);
	CHECK_EQUAL(pack.bytes.length, 0);
	CHECK_EQUAL(pack.summary.rules_enabled, 4);
	fixture_end(&pack);
}

TEST(a_bundle_is_appended_to_what_the_buffer_holds)
{
	struct fixture pack;

	fill_example(&pack);
	sk_buffer_append_text(&pack.bytes, "12345678");
	CHECK_EQUAL(fixture_compile(&pack), 0);
	CHECK_EQUAL(sk_bundle_from_memory(pack.bytes.bytes + 8, pack.bytes.length - 8, &pack.bundle, &pack.error),
		    0);
	fixture_end(&pack);
}

/* --- random conditions -------------------------------------------------- */

static const char *pick(const char *const *words, size_t count)
{
	return words[random_below((uint32_t)count)];
}
#define PICK(words) pick(words, sizeof(words) / sizeof(words[0]))

static void add_field(struct sk_buffer *buffer)
{
	static const char *const arguments[] = {"", "", "", "[1]", "[x]", ".name", ".x"};

	sk_buffer_append_text(buffer, sk_fields[random_below(SK_FIELD_COUNT)].name);
	sk_buffer_append_text(buffer, PICK(arguments));
}

static void add_operand(struct sk_buffer *buffer, int depth)
{
	static const char *const transformers[] = {"tolower", "toupper", "b64",    "basename",
						   "len",     "join",    "concat", "getopt"};
	uint32_t count = 1 + random_below(2);

	if (depth == 0 || random_below(3)) {
		add_field(buffer);
		return;
	}
	sk_buffer_printf(buffer, "%s(", PICK(transformers));
	for (uint32_t i = 0; i < count; i++) {
		sk_buffer_append_text(buffer, i ? ", " : "");
		if (random_below(4) == 0) {
			sk_buffer_append_text(buffer, "(\"a\", ");
			add_field(buffer);
			sk_buffer_append_text(buffer, ")");
		} else if (random_below(4) == 0) {
			sk_buffer_append_text(buffer, "\"-\"");
		} else {
			add_operand(buffer, depth - 1);
		}
	}
	sk_buffer_append_text(buffer, random_below(6) ? ")" : ")[a]");
}

static void add_check(struct sk_buffer *buffer)
{
	static const char *const constants[] = {"1",    "-1",        "true",      "abc",  "1.2.3.4", "::1",
						"open", "1.2.3.4/8", "fe80::/10", "6162", "https",   "'[a-z]+'"};
	static const char *const modifiers[] = {"", "", "anyof ", "allof ", "oneof "};
	const struct sk_operator_info *info = &sk_operators[random_below(SK_OPERATOR_COUNT)];
	const char *modifier = info->operands == SK_OPERANDS_TEXT ? PICK(modifiers) : "";

	add_operand(buffer, 2);
	sk_buffer_printf(buffer, " %s %s", info->text, modifier);
	if (info->operands == SK_OPERANDS_LIST || *modifier) {
		sk_buffer_append_text(buffer, "(");
		for (uint32_t i = random_below(4); i > 0; i--)
			sk_buffer_printf(buffer, "%s%s", PICK(constants), i > 1 ? ", " : "");
		sk_buffer_append_text(buffer, ")");
	} else if (info->operands != SK_OPERANDS_NONE && random_below(4) == 0) {
		sk_buffer_append_text(buffer, "val(");
		add_field(buffer);
		sk_buffer_append_text(buffer, ")");
	} else if (info->operands != SK_OPERANDS_NONE) {
		sk_buffer_append_text(buffer, PICK(constants));
	}
}

static void extract_nothing(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
			    struct sk_value *ret_value)
{
	(void)event, (void)ref, (void)scratch;
	*ret_value = sk_value_missing();
}

TEST(whatever_compiles_is_verified_and_runs)
{
	struct sk_vm_options options = {.extract = extract_nothing, .match_all = true, .priority = 7};
	int compiled = 0;

	for (int i = 0; i < 4000; i++) {
		struct sk_buffer condition = {0};
		struct sk_vm *vm = NULL;
		const uint32_t *rules;
		struct fixture pack;

		add_check(&condition);
		fixture_begin(&pack);
		fixture_rule(&pack, "r", condition.bytes, "%proc.name");
		if (pack.rules[0].tree && fixture_compile(&pack) == 0) {
			compiled++;
			if (sk_bundle_from_memory(pack.bytes.bytes, pack.bytes.length, &pack.bundle, &pack.error) !=
				    0 ||
			    sk_vm_create(&pack.bundle, &options, &vm, &pack.error) != 0) {
				printf("# %s: %s\n", condition.bytes, pack.error.message);
				CHECK(!"the bundle is accepted");
			} else {
				sk_vm_evaluate(vm, SK_EVENT_ASYNCEVENT_E, NULL, &rules);
			}
		}
		sk_vm_destroy(vm);
		sk_buffer_release(&condition);
		fixture_end(&pack);
	}
	printf("# %d of 4000 compile\n", compiled);
	CHECK(compiled > 200);
}

TEST(without_memory_a_compile_fails_and_no_more)
{
	int failures = 0, result = -ENOMEM;

	for (size_t countdown = 0; countdown < 2000 && result != 0; countdown++) {
		struct fixture pack;

		fill_example(&pack);
		sk_alloc_fail_after(countdown);
		result = fixture_compile(&pack);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(result == 0 || result == -ENOMEM);
		failures += result != 0;
		fixture_end(&pack);
	}
	CHECK_EQUAL(result, 0);
	CHECK(failures > 10);
}

TEST_MAIN(
	RUN(programs_mean_what_their_trees_mean) RUN(programs_are_one_test_a_predicate_from_left_to_right) RUN(
		jumps_pass_over_tests_of_what_is_known) RUN(macros_that_multiply_end_in_an_error_at_once)
		RUN(the_largest_program_is_65535_instructions) RUN(macros_nested_too_deeply_are_an_error) RUN(
			the_same_rules_give_the_same_bytes) RUN(a_bundle_holds_what_its_rules_use_and_nothing_else)
			RUN(runs_of_constants_are_shared_with_longer_ones)
				RUN(a_constant_stands_once_in_a_list_where_it_is_not_counted) RUN(
					rules_are_filed_under_their_events_and_the_async_event)
					RUN(a_rule_is_not_filed_under_a_type_that_it_cannot_match) RUN(
						outputs_end_with_the_suggested_fields)
						RUN(places_are_those_of_the_source) RUN(
							a_pack_without_rules_is_a_bundle_too)
							RUN(a_check_only_compile_writes_nothing) RUN(
								a_bundle_is_appended_to_what_the_buffer_holds)
								RUN(whatever_compiles_is_verified_and_runs) RUN(
									without_memory_a_compile_fails_and_no_more))
