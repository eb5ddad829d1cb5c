/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --coverage and --mutate say, held against really taking comparisons out
 * of a rule: each rule without one of them is compiled and its tests are run.
 */
#include <stdlib.h>

#include "cli/test/coverage.h"
#include "tests/test.h"

static char folder[] = "/tmp/sk-test-XXXXXX";
static char path[64];

/*
 * Comparisons stand in [[ ]], or in [[! ]] under a `not` or an `or`: without
 * one of them there is what its neighbours do not notice.
 */
static const char pack[] =
	"- macro: reads\n"
	"  condition: ([[evt.type in (open, openat)]] and [[evt.is_open_read = true]] and [[fd.num >= 0]])\n"
	"- macro: known\n"
	"  condition: ([[!proc.name = passwd]] or [[!proc.name = su]] or [[!proc.pname = cron]])\n"
	"- rule: a\n"
	"  desc: d\n"
	"  condition: reads and ([[!fd.name = /etc/shadow]] or [[!fd.name = /etc/gshadow]]) and not known\n"
	"  output: o\n"
	"  priority: INFO\n"
	"- rule: b\n"
	"  desc: d\n"
	"  condition: [[evt.type = execve]] and [[proc.name in (nc, ncat)]] and not [[!proc.args contains help]]\n"
	"  output: o\n"
	"  priority: INFO\n";

static const char cases[] =
	"rules: pack.yaml\n"
	"tests:\n"
	"- {test: 1, process: cat, events: [openat: /etc/shadow], fires: a}\n"
	"- {test: 2, process: passwd, events: [openat: /etc/shadow], silent: a}\n"
	"- {test: 3, process: cat, events: [{openat: /etc/shadow, result: EACCES}], silent: a}\n"
	"- {test: 4, process: cat, events: [openat: /etc/passwd, {exec: nc -l}],\n"
	"   fires: {rule: b, event: 2}, silent: all}\n"
	"- {test: 5, events: [exec: nc --help, exec: ls, exec: nc x], fires: {rule: b, count: 1}}\n";

enum { MOST = 32 };

/* The pack without comparison `out`, -1: with all; how many there are, and where each begins. */
static unsigned write_pack(int out, uint32_t begins[MOST])
{
	const char *at = pack;
	unsigned count = 0;
	uint32_t length = 0;
	FILE *file = fopen(path, "we");

	if (!file)
		abort();
	while (*at) {
		const char *end;
		bool neutral;

		if (strncmp(at, "[[", 2) != 0) {
			fputc(*at++, file);
			length++;
			continue;
		}
		end = strstr(at, "]]");
		neutral = at[2] != '!';
		begins[count] = length;
		if ((int)count++ == out)
			length += (uint32_t)fprintf(file, "evt.num %s 0", neutral ? ">=" : "<");
		else
			length +=
				(uint32_t)fprintf(file, "%.*s", (int)(end - at - 2 - !neutral), at + 2 + !neutral);
		at = end + 2;
	}
	fclose(file);
	return count;
}

/* Runs all cases; true if all pass.  `ret_rules`: with what was exercised, NULL: nobody asks. */
static bool run_all(struct sk_test_rules **ret_rules)
{
	struct sk_test_rules *list = NULL, *rules;
	struct sk_buffer messages = {0};
	static const char *kept[1];
	struct sk_diagnostics diagnostics;
	struct sk_test_reader reader;
	struct sk_sources sources;
	struct sk_test_file file;
	struct sk_arena arena;
	bool passed = true;

	kept[0] = path;
	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	reader = (struct sk_test_reader){.arena = &arena, .diagnostics = &diagnostics};
	if (sk_test_file_read(&reader, sk_sources_add(&sources, "t.yaml", cases, strlen(cases)), &file) < 0 ||
	    sk_test_rules_get(&list, kept, 1, &messages, &rules) < 0)
		abort();
	for (uint32_t i = 0; i < file.count; i++) {
		struct sk_test_result result;
		struct sk_test_watch watch;

		CHECK_EQUAL(sk_test_watch_begin(&watch, &file.cases[i], rules), 0);
		CHECK_EQUAL(sk_test_run(&file.cases[i], rules, &watch.observer, &result), 0);
		CHECK_EQUAL(sk_test_watch_end(&watch, result.verdict == SK_TEST_PASSED), 0);
		passed &= result.verdict == SK_TEST_PASSED;
		sk_buffer_release(&result.why);
	}
	sk_buffer_release(&messages);
	sk_arena_release(&arena);
	if (ret_rules)
		*ret_rules = list;
	else
		sk_test_rules_release(list);
	return passed;
}

/* What is known of the comparison that begins at a byte of the pack. */
static uint8_t exercised(const struct sk_test_rules *rules, uint32_t offset)
{
	for (uint32_t i = 0; i < rules->bundle.rules_count; i++) {
		const struct sk_tree *tree = &rules->covered[i].tree;

		for (uint32_t atom = 0; atom < tree->atom_count; atom++) {
			if (sk_tree_position(&tree->nodes[tree->atoms[atom]]) - rules->sources.files[0].first ==
			    offset)
				return rules->covered[i].atoms[atom];
		}
	}
	return 0xff;
}

TEST(a_comparison_is_missed_exactly_if_the_tests_fail_without_it)
{
	struct sk_test_rules *rules;
	uint32_t begins[MOST], ignored[MOST];
	unsigned count = write_pack(-1, begins), missed = 0;

	CHECK(run_all(&rules));
	CHECK_EQUAL(count, 11);
	for (unsigned i = 0; i < count; i++) {
		bool fails;

		write_pack((int)i, ignored);
		fails = !run_all(NULL);
		CHECK_EQUAL((exercised(rules, begins[i]) & SK_COVERED_MUTANT) != 0, fails);
		missed += fails;
	}
	CHECK_EQUAL(sk_test_coverage_sum(rules).atoms, 11);
	CHECK_EQUAL(sk_test_coverage_sum(rules).killed, missed);
	CHECK(missed > 3 && missed < 11);
	sk_test_rules_release(rules);
}

TEST(a_comparison_is_covered_when_it_decided_both_ways)
{
	enum { TYPE, READ, NUMBER, PASSWD, SU, CRON, SHADOW, GSHADOW, EXEC, NAME, HELP };
	const uint8_t both = SK_COVERED_TRUE | SK_COVERED_FALSE;
	struct sk_test_rules *rules;
	uint32_t begins[MOST];
	struct sk_buffer text = {0};

	write_pack(-1, begins);
	CHECK(run_all(&rules));
	CHECK_EQUAL(exercised(rules, begins[NUMBER]) & both, both);
	CHECK_EQUAL(exercised(rules, begins[PASSWD]) & both, both);
	CHECK_EQUAL(exercised(rules, begins[SHADOW]) & both, both);
	CHECK_EQUAL(exercised(rules, begins[HELP]) & both, both);
	CHECK_EQUAL(exercised(rules, begins[NAME]) & both, both);
	CHECK_EQUAL(exercised(rules, begins[READ]) & both, SK_COVERED_TRUE);
	CHECK_EQUAL(exercised(rules, begins[SU]) & both, SK_COVERED_FALSE);
	CHECK_EQUAL(exercised(rules, begins[CRON]) & both, SK_COVERED_FALSE);
	CHECK_EQUAL(exercised(rules, begins[GSHADOW]) & both, SK_COVERED_FALSE);
	sk_test_coverage_print(rules, &text);
	CHECK(strstr(text.bytes, "pack.yaml:4:") && strstr(text.bytes, "`proc.name = su` was never true"));
	CHECK(!strstr(text.bytes, "`fd.num >= 0`"));
	sk_buffer_release(&text);
	sk_test_rules_release(rules);
}

int main(void)
{
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/pack.yaml", folder);
	RUN(a_comparison_is_missed_exactly_if_the_tests_fail_without_it)
	RUN(a_comparison_is_covered_when_it_decided_both_ways)
	printf("1..%d\n", test_number);
	remove(path);
	remove(folder);
	return test_failed_cases ? 1 : 0;
}
