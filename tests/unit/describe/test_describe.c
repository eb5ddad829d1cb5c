/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of rules, macros and lists is what the compiler found in them. */
#include <errno.h>

#include "compiler/compile.h"
#include "compiler/describe/describe.h"
#include "tests/test.h"

struct fixture {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_pack pack;
	struct sk_description description;
	char text[2048];
};

static void begin(struct fixture *fixture, const char *yaml)
{
	struct sk_compile_source source = {.name = "p.yaml", .bytes = yaml, .size = strlen(yaml)};
	struct sk_compile_options options = {.priority = 7, .check_only = true, .ret_pack = &fixture->pack};
	struct sk_buffer none = {0};

	memset(fixture, 0, sizeof(*fixture));
	sk_sources_init(&fixture->sources, &fixture->arena);
	sk_diagnostics_init(&fixture->diagnostics, &fixture->sources, &fixture->arena);
	CHECK_EQUAL(sk_compile_sources(&source, 1, &options, &fixture->diagnostics, &none, NULL), 0);
	CHECK_EQUAL(sk_describe_pack(&fixture->pack, &fixture->description), 0);
	sk_buffer_release(&none);
}

static void end(struct fixture *fixture)
{
	sk_arena_release(&fixture->arena);
}

/* Words with blanks between them. */
static const char *joined(struct fixture *fixture, const struct sk_described_words *words)
{
	size_t length = 0;

	fixture->text[0] = '\0';
	for (uint32_t i = 0; i < words->count && length < sizeof(fixture->text); i++)
		length += (size_t)snprintf(fixture->text + length, sizeof(fixture->text) - length, "%s%s",
					   i ? " " : "", words->items[i]);
	return fixture->text;
}

static const char pack[] = "- list: inner\n  items: [a, b]\n"
			   "- list: outer\n  items: [inner, c]\n"
			   "- list: late\n  items: [x]\n"
			   "- macro: started\n  condition: evt.type = execve and evt.res = SUCCESS\n"
			   "- macro: shell\n  condition: started and proc.aname[2] in (outer)\n"
			   "- rule: first\n"
			   "  desc: >\n    two\n    lines\n"
			   "  condition: shell and tolower(proc.name) startswith s and not proc.pname in (late)\n"
			   "  output: \"o %user.name %proc.aname[3]\"\n"
			   "  priority: INFO\n"
			   "  tags: [t1059.004, mitre_credential_access, mitre_, T10590, T1003, host]\n"
			   "  exceptions:\n    - name: e\n      fields: fd.name\n      values: [/x]\n"
			   "- rule: second\n  desc: d\n  enabled: false\n"
			   "  condition: not evt.type in (open, close) and fd.num = 1\n"
			   "  output: o\n  priority: ERROR\n"
			   "  warn_evttypes: false\n"
			   "- rule: first\n  condition: and fd.num > 2\n  override: {condition: append}\n";

TEST(a_rule_is_told_with_what_its_macros_use)
{
	struct fixture fixture;
	const struct sk_described *rule;

	begin(&fixture, pack);
	CHECK_EQUAL(fixture.description.rule_count, 2);
	rule = &fixture.description.rules[0];
	CHECK_TEXT(rule->name, "first");
	CHECK_TEXT(rule->file, "p.yaml");
	CHECK_EQUAL(rule->line, 11);
	CHECK_TEXT(rule->description, "two lines");
	CHECK_TEXT(joined(&fixture, &rule->macros), "shell");
	CHECK_TEXT(joined(&fixture, &rule->lists), "late");
	CHECK_TEXT(joined(&fixture, &rule->fields),
		   "evt.res evt.type fd.name fd.num proc.aname[2] proc.name proc.pname");
	CHECK_TEXT(joined(&fixture, &rule->operators), "= > in startswith");
	CHECK_TEXT(joined(&fixture, &rule->transformers), "tolower");
	CHECK_TEXT(joined(&fixture, &rule->events), "execve");
	CHECK(!rule->except);
	CHECK_TEXT(joined(&fixture, &rule->output_fields), "proc.aname[3] user.name");
	CHECK_TEXT(joined(&fixture, &rule->exceptions), "e");
	end(&fixture);
}

TEST(what_is_appended_is_told_too)
{
	struct fixture fixture;

	begin(&fixture, pack);
	CHECK_TEXT(fixture.description.rules[0].condition,
		   "shell and tolower(proc.name) startswith s and not proc.pname in (late) and fd.num > 2");
	end(&fixture);
}

TEST(techniques_and_tactics_are_told_from_tags)
{
	struct fixture fixture;
	char buffer[10];

	begin(&fixture, pack);
	CHECK_TEXT(joined(&fixture, &fixture.description.rules[0].techniques), "T1003 T1059.004");
	CHECK_TEXT(joined(&fixture, &fixture.description.rules[0].tactics), "credential-access");
	CHECK_EQUAL(fixture.description.rules[1].techniques.count, 0);
	CHECK(!sk_describe_technique("T105", buffer) && !sk_describe_technique("T1059,004", buffer) &&
	      !sk_describe_technique("", buffer) && !sk_describe_technique("T1059.0041", buffer));
	end(&fixture);
}

TEST(events_are_told_as_all_but_some_where_that_is_shorter)
{
	struct fixture fixture;

	begin(&fixture, pack);
	CHECK(fixture.description.rules[1].except);
	CHECK_TEXT(joined(&fixture, &fixture.description.rules[1].events), "close open");
	end(&fixture);
}

TEST(items_tell_who_uses_them)
{
	struct fixture fixture;
	const struct sk_description *description = &fixture.description;

	begin(&fixture, pack);
	CHECK_TEXT(joined(&fixture, &description->macros[0].by_macros), "shell");
	CHECK_EQUAL(description->macros[0].by_rules.count, 0);
	CHECK_TEXT(joined(&fixture, &description->macros[1].by_rules), "first");
	CHECK_TEXT(joined(&fixture, &description->lists[0].by_lists), "outer");
	CHECK_TEXT(joined(&fixture, &description->lists[1].by_macros), "shell");
	CHECK_TEXT(joined(&fixture, &description->lists[1].items), "inner c");
	CHECK_TEXT(joined(&fixture, &description->lists[2].by_rules), "first");
	end(&fixture);
}

TEST(one_rule_keeps_what_it_uses_through_others)
{
	struct fixture fixture;

	begin(&fixture, pack);
	CHECK_EQUAL(sk_describe_only(&fixture.description, "third"), -ENOENT);
	CHECK_EQUAL(fixture.description.rule_count, 2);
	CHECK_EQUAL(sk_describe_only(&fixture.description, "second"), 0);
	CHECK_EQUAL(fixture.description.rule_count, 1);
	CHECK_EQUAL(fixture.description.macro_count + fixture.description.list_count, 0);
	end(&fixture);
	begin(&fixture, pack);
	CHECK_EQUAL(sk_describe_only(&fixture.description, "first"), 0);
	CHECK_EQUAL(fixture.description.macro_count, 2);
	CHECK_EQUAL(fixture.description.list_count, 3);
	end(&fixture);
}

/* A macro that doubles another, forty times over: its words are collected once. */
TEST(macros_that_multiply_cost_no_more_than_their_text)
{
	struct sk_buffer yaml = {0};
	struct fixture fixture;

	sk_buffer_append_text(&yaml, "- macro: m0\n  condition: evt.type = open\n");
	for (int i = 1; i < 40; i++)
		sk_buffer_printf(&yaml, "- macro: m%d\n  condition: m%d and m%d\n", i, i - 1, i - 1);
	begin(&fixture, yaml.bytes);
	CHECK_TEXT(joined(&fixture, &fixture.description.macros[39].fields), "evt.type");
	CHECK_TEXT(joined(&fixture, &fixture.description.macros[39].events), "open");
	end(&fixture);
	sk_buffer_release(&yaml);
}

TEST_MAIN(RUN(a_rule_is_told_with_what_its_macros_use) RUN(what_is_appended_is_told_too)
		  RUN(techniques_and_tactics_are_told_from_tags)
			  RUN(events_are_told_as_all_but_some_where_that_is_shorter) RUN(items_tell_who_uses_them)
				  RUN(one_rule_keeps_what_it_uses_through_others)
					  RUN(macros_that_multiply_cost_no_more_than_their_text))
