/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text operators on texts and patterns that were made for each other: the
 * time is that of a few passes over the text, in both engines.
 */
#include <stdlib.h>
#include <time.h>

#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "vm/vm.h"

enum { TEXT_SIZE = 64 * 1024, TEXTS = 8, MOST_SECONDS = 5 };

static char hostile_text[TEXT_SIZE];

static void extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		    struct sk_value *ret_value)
{
	(void)event;
	(void)scratch;
	if (ref->field == SK_FIELD_EVT_TYPE)
		*ret_value = sk_value_text("open", 4);
	else
		*ret_value = sk_value_text(hostile_text, sizeof(hostile_text));
}

static const char *repeated(struct fixture *pack, const char *unit, const char *end)
{
	struct sk_buffer buffer = {0};
	const char *copy;

	while (buffer.length + strlen(unit) + strlen(end) <= 250)
		sk_buffer_append_text(&buffer, unit);
	sk_buffer_append_text(&buffer, end);
	copy = sk_arena_copy(&pack->arena, buffer.bytes, buffer.length);
	sk_buffer_release(&buffer);
	return copy;
}

/* Seconds for some texts of `unit` over and over. */
static double evaluate(struct fixture *pack, enum sk_vm_engine engine, const char *unit)
{
	struct sk_vm_options options = {.extract = extract, .engine = engine, .match_all = true, .priority = 7};
	struct sk_error error = {0};
	struct sk_vm *vm = NULL;
	const uint32_t *rules;
	clock_t begin;

	CHECK_EQUAL(sk_vm_create(&pack->bundle, &options, &vm, &error), 0);
	if (!vm)
		return 0;
	begin = clock();
	for (int i = 0; i < TEXTS; i++) {
		for (size_t at = 0; at < sizeof(hostile_text); at++)
			hostile_text[at] = unit[at % strlen(unit)];
		/* Each of them is new to what remembers values. */
		hostile_text[sizeof(hostile_text) - 1] = (char)('A' + i);
		sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, NULL, &rules);
	}
	sk_vm_destroy(vm);
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

TEST(no_pattern_makes_a_text_take_long)
{
	static const char *const operators[] = {"contains", "icontains", "startswith", "endswith",
						"glob",     "iglob",     "regex",      "pmatch"};
	static const struct {
		const char *unit, *end;
		bool is_regex;
	} patterns[] = {
		{"a", "b", true},     {"aab", "c", true},      {"*a", "b", false}, {"?", "b", false},
		{"*a?", "b", false},  {"[a-z]", "b", false},   {"/a", "/b", true}, {"/*a*", "/b", false},
		{"(a*)*", "b", true}, {"(a|aa)+", "b", true},  {"a?", "b", true},  {".*a", "b", true},
		{"(a+)+", "$", true}, {"(.*)(.*)", "b", true}, {"[[", "b", false}, {"*[", "]", false},
	};
	static const char *const texts[] = {"a", "aab", "/a", "ab/", "[", "[]"};
	char condition[512], name[64];
	struct fixture pack;
	uint32_t count = 0;

	fixture_begin(&pack);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		for (size_t k = 0; k < sizeof(patterns) / sizeof(patterns[0]); k++) {
			const char *pattern = repeated(&pack, patterns[k].unit, patterns[k].end);

			if (strcmp(operators[i], "regex") == 0 && !patterns[k].is_regex)
				continue;
			snprintf(condition, sizeof(condition),
				 strcmp(operators[i], "pmatch") == 0 ? "evt.type = open and proc.cmdline %s ('%s')"
								     : "evt.type = open and proc.cmdline %s '%s'",
				 operators[i], pattern);
			snprintf(name, sizeof(name), "r%u", count++);
			fixture_rule(&pack, sk_arena_copy(&pack.arena, name, strlen(name)),
				     sk_arena_copy(&pack.arena, condition, strlen(condition)), "x");
		}
	}
	CHECK(count > 100);
	CHECK_EQUAL(fixture_compile(&pack), 0);
	CHECK_EQUAL(sk_bundle_from_memory(pack.bytes.bytes, pack.bytes.length, &pack.bundle, &(struct sk_error){0}),
		    0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double linear = evaluate(&pack, SK_VM_ENGINE_LINEAR, texts[i]);
		double rows = evaluate(&pack, SK_VM_ENGINE_ROWS, texts[i]);

		printf("# text of %s: %.0f ms, %.0f ms by rows\n", texts[i], linear * 1e3, rows * 1e3);
		CHECK(linear < MOST_SECONDS);
		CHECK(rows < MOST_SECONDS);
	}
	fixture_end(&pack);
}

TEST_MAIN(RUN(no_pattern_makes_a_text_take_long))
