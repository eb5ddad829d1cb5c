/* SPDX-License-Identifier: Apache-2.0 */
/* saker explain: why a rule did or did not match. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/explain/nearest.h"
#include "cli/test/run.h"
#include "compiler/read_file.h"
#include "runtime/synth/value.h"
#include "vm/support/alloc.h"

enum { OPTION_RULE = 4100, OPTION_EVENT, OPTION_TEST };

struct explaining {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_test_rules *rules;
	const char **packs;
	uint32_t pack_count;
	const char *rule, *test;
	uint64_t event;
	bool json;
};

static int out_of_memory(void)
{
	return sk_fail(SK_EXIT_MEMORY, "out of memory");
}

static int print(struct explaining *explaining, const struct sk_explanation *explanation)
{
	struct sk_buffer text = {0};
	int status;

	if (explaining->json)
		sk_explanation_print_json(explanation, &text);
	else
		sk_explanation_print(explanation, &text);
	status = text.failed ? out_of_memory() : sk_print(&text);
	sk_buffer_release(&text);
	return status;
}

static int explain_rule(struct explaining *explaining, const struct sk_test_rules *rules, const char *name,
			const struct sk_test_capture *capture, uint64_t event)
{
	uint32_t rule = sk_test_rules_find(rules, name);
	struct sk_error error = {0};
	struct sk_nearest nearest;
	const char *hint;
	int result;

	if (rule == SK_NONE) {
		hint = sk_test_rules_suggest(rules, name, &explaining->arena);
		return sk_fail(SK_EXIT_USAGE, "there is no rule '%s'%s%s", name, hint ? "; " : "",
			       hint ? hint : "");
	}
	result = sk_explain_nearest(rules, rule, capture, event, &explaining->arena, &nearest, &error);
	if (result == -ENOMEM)
		return out_of_memory();
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s%s%s", capture->path ? capture->path : "",
			       capture->path ? ": " : "", error.message);
	if (result == 0 && event)
		return sk_fail(SK_EXIT_INPUT, "%s has no event %llu that rules see",
			       capture->path ? capture->path : "the test", (unsigned long long)event);
	if (result == 0)
		return sk_fail(SK_EXIT_INPUT, "%s has no event that rules see",
			       capture->path ? capture->path : "the test");
	return print(explaining, &nearest.explanation);
}

static int load(struct explaining *explaining, const char *const *packs, uint32_t count,
		struct sk_test_rules **ret_rules)
{
	struct sk_buffer messages = {0};
	int result = sk_test_rules_get(&explaining->rules, packs, count, &messages, ret_rules);

	if (messages.length)
		fwrite(messages.bytes, 1, messages.length, stderr);
	sk_buffer_release(&messages);
	return result == -ENOMEM ? out_of_memory() : result < 0 ? SK_EXIT_FINDINGS : SK_EXIT_OK;
}

static int explain_capture(struct explaining *explaining, const char *path)
{
	const struct sk_test_capture capture = {.path = path};
	struct sk_test_rules *rules;
	int status = load(explaining, explaining->packs, explaining->pack_count, &rules);

	return status == SK_EXIT_OK ? explain_rule(explaining, rules, explaining->rule, &capture, explaining->event)
				    : status;
}

/* --- test cases -------------------------------------------------------- */

/* The event of the capture that is the case's n-th. */
static uint64_t find_event(const struct sk_test_case *test, uint64_t event)
{
	if (test->capture_path)
		return event;
	for (uint32_t i = 0; event && i < test->owner_count; i++) {
		if (test->owners[i] == event)
			return i + 1;
	}
	return event ? UINT64_MAX : 0;
}

/* The rule that was asked for, or those that the case speaks of. */
static int explain_case(struct explaining *explaining, const struct sk_test_case *test)
{
	const struct sk_test_capture capture = sk_test_case_capture(test);
	struct sk_test_rules *rules;
	uint64_t event = find_event(test, explaining->event);
	int status = load(explaining, (const char *const *)test->packs, test->pack_count, &rules);

	if (status != SK_EXIT_OK)
		return status;
	if (event == UINT64_MAX)
		return sk_fail(SK_EXIT_INPUT, "the test has %u events", test->event_count);
	if (explaining->rule)
		return explain_rule(explaining, rules, explaining->rule, &capture, event);
	if (!test->fires_count && !test->silent_count)
		return sk_fail(SK_EXIT_USAGE, "the test names no rule: --rule NAME");
	for (uint32_t i = 0; i < test->fires_count + test->silent_count && status == SK_EXIT_OK; i++) {
		const struct sk_test_expectation *expectation =
			i < test->fires_count ? &test->fires[i] : &test->silent[i - test->fires_count];
		uint64_t own = expectation->event ? find_event(test, expectation->event) : 0;

		if (i && !explaining->json)
			putchar('\n');
		fflush(stdout);
		status = explain_rule(explaining, rules, expectation->rule, &capture, event ? event : own);
	}
	return status;
}

struct case_names {
	const struct sk_test_file *file;
	uint32_t next;
};

static const char *next_case(void *state)
{
	struct case_names *names = state;

	return names->next < names->file->count ? names->file->cases[names->next++].name : NULL;
}

/* FILE:CASE */
static int explain_test(struct explaining *explaining)
{
	struct sk_test_reader reader = {.arena = &explaining->arena, .diagnostics = &explaining->diagnostics};
	const char *colon = strchr(explaining->test, ':'), *path, *close;
	const struct sk_source_file *source;
	struct sk_test_file file;
	struct case_names names = {&file, 0};
	int result;

	if (!colon || !colon[1])
		return sk_fail(SK_EXIT_USAGE, "--test takes a file and the name of a test in it: FILE:NAME");
	path = sk_arena_copy(&explaining->arena, explaining->test, (size_t)(colon - explaining->test));
	if (!path)
		return out_of_memory();
	result = sk_source_read(path, &explaining->diagnostics, &source);
	if (result == 0)
		result = sk_test_file_read(&reader, source, &file);
	sk_print_diagnostics(&explaining->diagnostics);
	if (result == -ENOMEM)
		return out_of_memory();
	if (result < 0)
		return SK_EXIT_FINDINGS;
	for (uint32_t i = 0; i < file.count; i++) {
		if (strcmp(file.cases[i].name, colon + 1) == 0)
			return explain_case(explaining, &file.cases[i]);
	}
	close = sk_suggest(colon + 1, strlen(colon + 1), next_case, &names);
	return sk_fail(SK_EXIT_USAGE, "%s has no test '%s'%s%s%s", path, colon + 1, close ? "; did you mean '" : "",
		       close ? close : "", close ? "'?" : "");
}

/* --- the command ------------------------------------------------------- */

static void take_option(struct explaining *explaining, struct sk_command_line *line, int id)
{
	int64_t number;

	switch (id) {
	case 'r':
		explaining->packs[explaining->pack_count++] = line->value;
		break;
	case 'j':
		explaining->json = true;
		break;
	case OPTION_RULE:
		explaining->rule = line->value;
		break;
	case OPTION_TEST:
		explaining->test = line->value;
		break;
	default:
		if (sk_synth_number(line->value, (uint32_t)strlen(line->value), false, &number) && number > 0) {
			explaining->event = (uint64_t)number;
		} else {
			sk_command_usage(line, "--event takes the number of an event, not '%s'", line->value);
			line->failed = true;
		}
		break;
	}
}

static int explain(struct explaining *explaining, struct sk_command_line *line)
{
	if (explaining->test && (explaining->pack_count || line->argc))
		return sk_command_usage(line, "give a capture with its packs (-r), or a test (--test), not both");
	if (explaining->test)
		return explain_test(explaining);
	if (line->argc != 1 || !explaining->pack_count || !explaining->rule)
		return sk_command_usage(line,
					"give packs (-r), a rule (--rule) and one capture, or a test (--test)");
	return explain_capture(explaining, line->argv[0]);
}

static int run(struct sk_command_line *line)
{
	struct explaining explaining = {0};
	int id, status = SK_EXIT_USAGE;

	sk_arena_init(&explaining.arena, 0);
	sk_sources_init(&explaining.sources, &explaining.arena);
	sk_diagnostics_init(&explaining.diagnostics, &explaining.sources, &explaining.arena);
	/* There are no more packs than arguments. */
	explaining.packs = sk_alloc_zeroed((size_t)line->argc + 1, sizeof(*explaining.packs));
	if (!explaining.packs) {
		status = out_of_memory();
		goto out;
	}
	while ((id = sk_command_line_next(line)) != -1)
		take_option(&explaining, line, id);
	if (!line->failed)
		status = explain(&explaining, line);
out:
	sk_test_rules_release(explaining.rules);
	sk_free(explaining.packs);
	sk_arena_release(&explaining.arena);
	return status;
}

const struct sk_command sk_command_explain = {
	.name = "explain",
	.arguments = "(-r PACK... --rule NAME CAPTURE | --test FILE:NAME) [OPTION]...",
	.summary = "say why a rule did or did not match an event",
	.description =
		"Shows the condition of a rule as a tree, macros included, with the truth of every part for one "
		"event and the values that were compared; what decided the verdict, with the source line of each "
		"comparison through macros, lists and exceptions; and the smallest set of comparisons that would "
		"have to come out otherwise for the verdict to be another.\n\n"
		"Without --event it explains the event at which the rule matches, or else the one that comes "
		"closest: where the fewest comparisons stand in the way.",
	.options =
		(const struct sk_option[]){
			{'r', "rules", "PACK", "a pack (may be given several times)"},
			{OPTION_RULE, "rule", "NAME", "the rule; of a test by default those that it names"},
			{OPTION_EVENT, "event", "N",
			 "the event: of a capture its evt.num, of a test counted from 1"},
			{OPTION_TEST, "test", "FILE:NAME", "a test of a file of tests instead of a capture"},
			{'j', "json", NULL, "one JSON object for each explanation"},
			{0},
		},
	.example = "  saker explain -r rules/ --rule 'Password hashes read' --event 4711 trace.scap\n"
		   "  saker explain --test tests/rules/host.yaml:'passwd may'\n",
	.run = run,
};
