/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting packs and resolving macros. */
#include "tests/unit/compiler/pack_fixture.h"
#include "vm/support/alloc.h"

enum { INVALID = -22 };

/* A load that must fail with one message. */
static void expect_error(const char *yaml, const char *code, const char *message)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, yaml), INVALID);
	if (!pack_said(&fixture, code, message)) {
		printf("# expected %s: %s\n", code, message);
		pack_show(&fixture);
		CHECK(!"said");
	}
	pack_end(&fixture);
}

static void expect_warning(const char *yaml, const char *code, const char *message)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, yaml), 0);
	if (!pack_said(&fixture, code, message)) {
		printf("# expected %s: %s\n", code, message);
		pack_show(&fixture);
		CHECK(!"said");
	}
	pack_end(&fixture);
}

static void expect_silence(const char *yaml)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, yaml), 0);
	CHECK_EQUAL(fixture.diagnostics.count, 0);
	if (fixture.diagnostics.count)
		pack_show(&fixture);
	pack_end(&fixture);
}

#define RULE(name, condition) "- rule: " name "\n  condition: " condition "\n" REST

TEST(content_is_a_list_of_mappings)
{
	expect_error("a: b\n", "LOAD_ERR_YAML_VALIDATE", "Rules content is not yaml array of objects");
	expect_error("just text\n", "LOAD_ERR_YAML_VALIDATE", "Rules content is not yaml");
	expect_error("- text\n", "LOAD_ERR_YAML_VALIDATE", "Unexpected element type. Each element should be");
	expect_error("- a: b: c\n", "LOAD_ERR_YAML_PARSE", "mapping values are not allowed");
	expect_silence("");
	expect_silence("---\n---\n- \n- ~\n");
	expect_warning("- foo: bar\n", "LOAD_UNKNOWN_ITEM", "Unknown top level item");
}

TEST(a_syntax_error_in_any_document_loads_nothing)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- list: a\n  items: []\n---\n- b: c: d\n"), INVALID);
	CHECK_EQUAL(fixture.pack.list_count, 0);
	pack_end(&fixture);
}

TEST(scalars_are_text_that_is_not_empty)
{
	expect_error("- list:\n", "LOAD_ERR_YAML_VALIDATE", "Mapping for key 'list' is empty");
	expect_error("- list: ''\n", "LOAD_ERR_YAML_VALIDATE", "Value must be non-empty");
	expect_error("- list: [a]\n", "LOAD_ERR_YAML_VALIDATE", "Value is not a scalar value");
	expect_error("- list: a\n", "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'items'");
	expect_error("- list: a\n  items: b\n", "LOAD_ERR_YAML_VALIDATE", "Value is not a sequence");
	expect_error("- list: a\n  items: [[b]]\n", "LOAD_ERR_YAML_VALIDATE", "Can't decode YAML sequence value");
	expect_error(RULE("r", "x.y = 1") "  enabled: maybe\n", "LOAD_ERR_YAML_VALIDATE",
		     "Can't decode YAML scalar value");
	expect_error(RULE("r", "x.y = 1") "  capture_duration: -1\n", "LOAD_ERR_YAML_VALIDATE",
		     "Can't decode YAML scalar value");
	expect_error(RULE("r", "x.y = 1") "  capture_duration: 4294967296\n", "LOAD_ERR_YAML_VALIDATE",
		     "Can't decode YAML scalar value");
	expect_error("- list: \"a\\0b\"\n  items: []\n", "LOAD_ERR_YAML_VALIDATE", "NUL");
	expect_silence(RULE("r", "x.y = 1") "  enabled: 'Off'\n  capture: YES\n  capture_duration: 0x10\n");
}

TEST(flags_are_decoded_in_every_spelling)
{
	static const char *const words[] = {"true", "True", "TRUE", "yes", "on", "Y", "false", "No", "OFF", "n"};

	for (int i = 0; i < 10; i++) {
		struct pack_fixture fixture;
		char yaml[256];

		snprintf(yaml, sizeof(yaml), RULE("r", "x.y = 1") "  enabled: %s\n", words[i]);
		pack_begin(&fixture);
		CHECK_EQUAL(pack_load(&fixture, yaml), 0);
		CHECK_EQUAL(pack_rule(&fixture, "r")->enabled, i < 6);
		pack_end(&fixture);
	}
	expect_error(RULE("r", "x.y = 1") "  enabled: tRue\n", "LOAD_ERR_YAML_VALIDATE", "Can't decode");
}

TEST(keys_that_nothing_knows_are_warned_of)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, RULE("r", "x.y = 1") "  prority: INFO\n  <<: {}\n"), 0);
	CHECK(pack_said(&fixture, "LOAD_UNKNOWN_KEY", "Unknown key 'prority'. The key will be ignored."));
	CHECK(pack_hinted(&fixture, "did you mean 'priority'?"));
	CHECK(pack_hinted(&fixture, "merge keys"));
	CHECK_EQUAL(fixture.diagnostics.warnings, 2);
	pack_end(&fixture);
}

TEST(the_engine_version_must_suffice)
{
	expect_silence("- required_engine_version: 57\n- required_engine_version: 0.63.0\n");
	expect_error("- required_engine_version: 64\n", "LOAD_ERR_VALIDATE",
		     "Rules require engine version 0.64.0, but engine version is 0.63.0");
	expect_error("- required_engine_version: 1.0.0\n", "LOAD_ERR_VALIDATE",
		     "Rules require engine version 1.0.0");
	expect_error("- required_engine_version: abc\n", "LOAD_ERR_YAML_VALIDATE",
		     "Unable to parse engine version 'abc' as a semver string. Expected \"x.y.z\" semver format.");
	expect_error("- required_engine_version: 99999999999\n", "LOAD_ERR_YAML_VALIDATE", "Unable to parse");
}

TEST(the_highest_engine_version_is_remembered)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- required_engine_version: 10\n- required_engine_version: 0.57.0\n"
					"- required_engine_version: 0.31.9\n"),
		    0);
	CHECK_TEXT(fixture.pack.required_engine_version, "0.57.0");
	pack_end(&fixture);
}

TEST(required_plugins_must_be_loaded)
{
	expect_silence("- required_plugin_versions:\n  - name: container\n    version: 0.4.0\n");
	expect_error("- required_plugin_versions:\n  - name: container\n    version: 0.8.0\n", "LOAD_ERR_VALIDATE",
		     "Plugin requirement not satisfied, must load one of: container (>= 0.8.0)");
	expect_error("- required_plugin_versions:\n  - name: container\n    version: 1.0.0\n", "LOAD_ERR_VALIDATE",
		     "Plugin requirement not satisfied");
	expect_silence("- required_plugin_versions:\n  - name: other\n    version: 1.0.0\n    alternatives:\n"
		       "    - {name: container, version: 0.7.2}\n");
	expect_error("- required_plugin_versions:\n  - name: a\n    version: 1.0\n", "LOAD_ERR_VALIDATE",
		     "Invalid required version '1.0' for plugin 'a'");
	expect_error("- required_plugin_versions:\n  - name: a\n    version: 1.0.0\n    alternatives:\n"
		     "    - {name: a, version: 0.7.2}\n",
		     "LOAD_ERR_VALIDATE", "Defined multiple alternative version requirements for plugin 'a'");
}

TEST(names_of_lists_and_macros_are_warned_of)
{
	expect_warning("- list: a b\n  items: []\n", "LOAD_INVALID_LIST_NAME", "List has an invalid name");
	expect_warning("- macro: 1a\n  condition: x.y = 1\n", "LOAD_INVALID_MACRO_NAME",
		       "Macro has an invalid name");
	expect_silence("- list: a-b.c/*\n  items: []\n- macro: a_1\n  condition: x.y = 1\n");
}

TEST(lists_and_macros_are_appended_to)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: l\n  items: [a]\n- list: l\n  items: [b, 2]\n  append: true\n"
			      "- macro: m\n  condition: x.y = 1\n"
			      "- macro: m\n  condition: or x.y = 2\n  override: {condition: append}\n" RULE(
				      "r", "m and x.z in (l)")),
		    0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "((x.y = 1 or x.y = 2) and x.z in (a, b, 2))");
	CHECK(pack_said(&fixture, "LOAD_DEPRECATED_ITEM", "'append' key is deprecated."));
	CHECK_EQUAL(fixture.diagnostics.warnings, 1);
	pack_end(&fixture);
	expect_error("- list: l\n  items: [a]\n  append: true\n", "LOAD_ERR_VALIDATE",
		     "List uses 'append' or 'override.items: append' but no list by that name already exists");
	expect_error(
		"- macro: l\n  condition: a\n  append: true\n", "LOAD_ERR_VALIDATE",
		"Macro uses 'append' or 'override.condition: append' but no macro by that name already exists");
	/* A replace of nothing is a definition. */
	expect_silence("- list: l\n  items: [a]\n  override: {items: replace}\n");
	expect_error("- list: l\n  items: [a]\n  append: true\n  override: {items: append}\n",
		     "LOAD_ERR_YAML_VALIDATE", "Keys 'override' and 'append: true' cannot be used together");
}

TEST(many_appends_cost_little)
{
	struct pack_fixture fixture;
	struct sk_buffer yaml = {0};

	sk_buffer_append_text(&yaml, "- macro: m\n  condition: x.y = 1\n- list: l\n  items: [a]\n");
	for (int i = 0; i < 5000; i++)
		sk_buffer_printf(&yaml,
				 "- macro: m\n  condition: or x.y = 1%04d\n  override: {condition: append}\n"
				 "- list: l\n  items: [a]\n  override: {items: append}\n",
				 i);
	sk_buffer_append_text(&yaml, RULE("r", "m and x.z in (l)"));
	pack_begin(&fixture);
	CHECK_EQUAL(pack_load_bytes(&fixture, yaml.bytes, yaml.length), 0);
	CHECK_EQUAL(fixture.pack.lists[0].item_count, 5001);
	CHECK(fixture.arena.total < 64 * 1024 * 1024);
	sk_buffer_release(&yaml);
	pack_end(&fixture);
}

TEST(a_rule_has_defaults)
{
	struct pack_fixture fixture;
	const struct sk_pack_rule *rule;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- rule: r\n  condition: x.y = 1\n  desc: d\n  output: '  o o '\n"
					"  priority: iNfO\n  tags: [b, a, b]\n"),
		    0);
	rule = pack_rule(&fixture, "r");
	CHECK_TEXT(rule->output.bytes, "o o");
	CHECK_TEXT(rule->source, "syscall");
	CHECK_EQUAL(rule->priority, 6);
	CHECK(rule->enabled && rule->warn_evttypes && !rule->capture && !rule->skip_if_unknown_filter);
	CHECK_EQUAL(rule->tag_count, 2);
	CHECK_TEXT(rule->tags[0], "a");
	CHECK_TEXT(rule->tags[1], "b");
	pack_end(&fixture);
}

TEST(every_missing_key_of_a_rule_is_shown)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- rule: r\n  conditon: x.y = 1\n  desc: d\n"), INVALID);
	CHECK(pack_said(&fixture, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'condition'"));
	CHECK(pack_said(&fixture, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'output'"));
	CHECK(pack_said(&fixture, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'priority'"));
	CHECK(pack_hinted(&fixture, "is 'conditon' meant to be 'condition'?"));
	pack_end(&fixture);
	expect_error("- rule: r\n  condition: x.y = 1\n  desc: d\n  output: o\n  priority: WARNIG\n",
		     "LOAD_ERR_YAML_VALIDATE", "Invalid priority");
}

TEST(a_definition_anew_keeps_the_place_and_forgets_the_rest)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, RULE("r", "x.y = 1") "  enabled: false\n  tags: [a]\n" RULE("s", "x.y = 2")
						RULE("r", "x.y = 3")),
		    0);
	CHECK_EQUAL(fixture.pack.rule_count, 2);
	CHECK_TEXT(fixture.pack.rules[0].name, "r");
	CHECK(fixture.pack.rules[0].enabled);
	CHECK_EQUAL(fixture.pack.rules[0].tag_count, 0);
	CHECK(fixture.pack.rules[0].visibility > fixture.pack.rules[1].visibility);
	CHECK_TEXT(pack_condition(&fixture, "r"), "x.y = 3");
	pack_end(&fixture);
}

TEST(append_honours_condition_and_exceptions_only)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, RULE("r", "x.y = 1 or x.y = 2") "- rule: r\n  condition: and x.y = 3\n  "
									"enabled: false\n  append: true\n"),
		    0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "(x.y = 1 or (x.y = 2 and x.y = 3))");
	CHECK(pack_rule(&fixture, "r")->enabled);
	pack_end(&fixture);
	expect_error(RULE("r", "x.y = 1") "- rule: r\n  append: true\n", "LOAD_ERR_VALIDATE",
		     "Appended rule must have exceptions or condition property");
	expect_error("- rule: r\n  condition: and x.y = 3\n  append: true\n", "LOAD_ERR_VALIDATE",
		     "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists");
}

TEST(every_key_can_be_overridden)
{
	struct pack_fixture fixture;
	const struct sk_pack_rule *rule;

	pack_begin(&fixture);
	CHECK_EQUAL(
		pack_load(&fixture,
			  RULE("r",
			       "x.y = 1") "  tags: [b]\n  exceptions:\n  - {name: e, fields: proc.name, "
					  "values: [v]}\n"
					  "- rule: r\n  condition: or x.y = 2\n  output: p\n  desc: e\n  "
					  "tags: [a]\n"
					  "  exceptions:\n  - {name: e, values: [w]}\n"
					  "  override: {condition: append, output: append, desc: append, "
					  "tags: append, exceptions: append}\n"
					  "- rule: r\n  priority: ERROR\n  capture: true\n  capture_duration: 5\n"
					  "  enabled: no\n  warn_evttypes: no\n  skip-if-unknown-filter: yes\n"
					  "  override: {priority: replace, capture: replace, capture_duration: "
					  "replace, enabled: replace,\n"
					  "    warn_evttypes: replace, skip-if-unknown-filter: replace}\n"),
		0);
	CHECK_EQUAL(fixture.diagnostics.count, 0);
	rule = pack_rule(&fixture, "r");
	CHECK_TEXT(rule->condition.bytes, "x.y = 1 or x.y = 2");
	CHECK_TEXT(rule->output.bytes, "o p");
	CHECK_TEXT(rule->description.bytes, "d e");
	CHECK_TEXT(rule->expanded->bytes, "(x.y = 1 or x.y = 2) and not (proc.name in (v, w))");
	CHECK_EQUAL(rule->tag_count, 2);
	CHECK_EQUAL(rule->priority, 3);
	CHECK_EQUAL(rule->capture_duration, 5);
	CHECK(rule->capture && !rule->enabled && !rule->warn_evttypes && rule->skip_if_unknown_filter);
	CHECK_EQUAL(pack_load(&fixture,
			      "- rule: r\n  condition: x.y = 3\n  output: q\n  desc: f\n  tags: [c]\n"
			      "  exceptions:\n"
			      "  override: {condition: replace, output: replace, desc: replace, tags: replace, "
			      "exceptions: replace}\n"),
		    0);
	rule = pack_rule(&fixture, "r");
	CHECK_TEXT(rule->expanded->bytes, "x.y = 3");
	CHECK_TEXT(rule->output.bytes, "q");
	CHECK_EQUAL(rule->tag_count, 1);
	CHECK_TEXT(rule->tags[0], "c");
	pack_end(&fixture);
}

TEST(mistakes_in_override_are_told)
{
	static const char base[] = RULE("r", "x.y = 1");
	static const struct {
		const char *item, *code, *message;
	} cases[] = {
		{"- rule: r\n  priority: INFO\n  override: {priority: append}\n", "LOAD_ERR_YAML_VALIDATE",
		 "Key 'priority' cannot be appended to, use 'replace' instead"},
		{"- rule: r\n  source: x\n  override: {source: replace}\n", "LOAD_ERR_YAML_VALIDATE",
		 "Key 'source' cannot be replaced"},
		{"- rule: r\n  desc: x\n  override: {desc: prepend}\n", "LOAD_ERR_YAML_VALIDATE",
		 "Invalid override operation for key 'desc': 'prepend'. Allowed values are: append replace "},
		{"- rule: r\n  override: {desc: append}\n", "LOAD_ERR_YAML_VALIDATE",
		 "An append override for 'desc' was specified but 'desc' is not defined"},
		{"- rule: r\n  override: {desc: replace}\n", "LOAD_ERR_YAML_VALIDATE",
		 "An replace override for 'desc' was specified but 'desc' is not defined"},
		{"- rule: r\n  desc: x\n  output: y\n  override: {desc: replace}\n", "LOAD_ERR_YAML_VALIDATE",
		 "Unexpected key 'output': no corresponding entry under 'override' is defined."},
		{"- rule: q\n  desc: x\n  override: {desc: replace}\n", "LOAD_ERR_VALIDATE",
		 "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists"},
		{"- rule: r\n  desc: x\n  override: [desc]\n", "LOAD_ERR_YAML_VALIDATE", "must be a mapping"},
		{"- rule: r\n  condition: x.y = 1\n  source: aws\n  override: {condition: replace}\n",
		 "LOAD_ERR_VALIDATE", "Rule has been re-defined with a different source"},
		{"- rule: q\n  enabled: true\n", "LOAD_ERR_VALIDATE",
		 "Rule has 'enabled' key but no rule by that name already exists"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char yaml[1024];

		snprintf(yaml, sizeof(yaml), "%s%s", base, cases[i].item);
		expect_error(yaml, cases[i].code, cases[i].message);
	}
}

TEST(a_lone_enabled_sets_the_flag)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, RULE("r", "x.y = 1") "- rule: r\n  enabled: false\n"), 0);
	CHECK(!pack_rule(&fixture, "r")->enabled);
	CHECK(pack_said(&fixture, "LOAD_DEPRECATED_ITEM", "The standalone 'enabled' key usage is deprecated."));
	pack_end(&fixture);
}

TEST(rules_of_unknown_sources_are_collected_but_not_compiled)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- macro: m\n  condition: x.y = 1\n"
					"- rule: r\n  condition: m and and and\n  source: aws_cloudtrail\n" REST),
		    0);
	CHECK(pack_said(&fixture, "LOAD_UNKNOWN_SOURCE", "Unknown source aws_cloudtrail, skipping"));
	CHECK(pack_rule(&fixture, "r")->tree == NULL);
	sk_pack_report_unused(&fixture.pack);
	CHECK(pack_said(&fixture, "LOAD_UNUSED_MACRO", "Macro not referred to by any other rule/macro"));
	pack_end(&fixture);
	expect_error("- rule: r\n  condition: m\n  source: ''\n" REST, "LOAD_ERR_YAML_VALIDATE",
		     "Value must be non-empty");
}

TEST(exceptions_are_written_behind_the_condition)
{
	static const struct {
		const char *exception, *text;
	} cases[] = {
		{"{name: e, fields: proc.name, values: [a, 'b c']}",
		 "(x.y = 1) and not (proc.name in (a, \"b c\"))"},
		{"{name: e, fields: [proc.name, fd.name], values: [[a, b], [c, 'd e']]}",
		 "(x.y = 1) and not (( proc.name = a and  fd.name = b) or ( proc.name = c and  fd.name = \"d "
		 "e\"))"},
		{"{name: e, fields: [proc.name, fd.name], comps: [in, ' startswith '], values: [[[a, b], /etc]]}",
		 "(x.y = 1) and not (( proc.name in (a, b) and  fd.name startswith /etc))"},
		{"{name: e, fields: [proc.name], comps: [in], values: [[a], ['(b, c)']]}",
		 "(x.y = 1) and not (( proc.name in (a)) or ( proc.name in (b, c)))"},
		{"{name: e, fields: proc.name, comps: startswith oneof, values: [a]}",
		 "(x.y = 1) and not (proc.name startswith oneof (a))"},
		{"{name: e, fields: proc.name}", "(x.y = 1)"},
		{"{name: e, fields: tolower(proc.name), values: [a]}",
		 "(x.y = 1) and not (tolower(proc.name) in (a))"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pack_fixture fixture;
		char yaml[512];

		snprintf(yaml, sizeof(yaml), "%s  exceptions:\n  - %s\n", RULE("r", "x.y = 1"), cases[i].exception);
		pack_begin(&fixture);
		CHECK_EQUAL(pack_load(&fixture, yaml), 0);
		CHECK_TEXT(pack_rule(&fixture, "r")->expanded->bytes, cases[i].text);
		pack_end(&fixture);
	}
}

TEST(mistakes_in_exceptions_are_told)
{
	static const struct {
		const char *exceptions, *code, *message;
	} cases[] = {
		{"x", "LOAD_ERR_YAML_VALIDATE", "Rule exceptions must be a sequence"},
		{"[x]", "LOAD_ERR_YAML_VALIDATE", "Rule exception must be a mapping"},
		{"[{fields: proc.name}]", "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'name'"},
		{"[{name: e}]", "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'fields'"},
		{"[{name: e, fields: []}]", "LOAD_ERR_VALIDATE",
		 "Rule exception item must have fields property with a list of fields"},
		{"[{name: e, fields: [proc.name], comps: [=, =]}]", "LOAD_ERR_VALIDATE",
		 "Fields and comps lists must have equal length"},
		{"[{name: e, fields: proc.name, comps: [in]}]", "LOAD_ERR_VALIDATE",
		 "Fields and comps must both be strings"},
		{"[{name: e, fields: [proc.name], comps: [like]}]", "LOAD_ERR_VALIDATE",
		 "'like' is not a supported comparison operator"},
		{"[{name: e, fields: [proc.name], comps: [in oneof]}]", "LOAD_ERR_VALIDATE",
		 "'in oneof' is not a supported comparison operator"},
		{"[{name: e, fields: proc.name, comps: startswith}]", "LOAD_ERR_VALIDATE",
		 "When fields is a single value, comps must be one of (in, pmatch, intersects)"},
		{"[{name: e, fields: proc.nmae}]", "LOAD_ERR_VALIDATE",
		 "'proc.nmae' is not a supported filter field"},
		{"[{name: e, fields: proc.name and}]", "LOAD_ERR_VALIDATE", "is not a supported filter field"},
		{"[{name: e, fields: proc.name, values: x}]", "LOAD_ERR_YAML_VALIDATE",
		 "Rule exception values must be a sequence"},
		{"[{name: e, fields: proc.name, values: [[x]]}]", "LOAD_ERR_VALIDATE",
		 "Expected values array to contain a list of strings"},
		{"[{name: e, fields: [proc.name], values: [[x, y]]}]", "LOAD_ERR_VALIDATE",
		 "Fields and values lists must have equal length"},
		{"[{name: e, fields: [proc.name], values: [x]}]", "LOAD_ERR_VALIDATE",
		 "Fields and values lists must have equal length"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char yaml[512];

		snprintf(yaml, sizeof(yaml), "%s  exceptions: %s\n", RULE("r", "x.y = 1"), cases[i].exceptions);
		expect_error(yaml, cases[i].code, cases[i].message);
	}
	expect_warning(
		RULE("r", "x.y = 1") "  exceptions: [{name: e, fields: proc.name}, {name: e, fields: proc.name}]\n",
		"LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple definitions of exception 'e'");
}

TEST(exceptions_are_appended_by_name)
{
	static const char base[] =
		RULE("r", "x.y = 1") "  exceptions: [{name: e, fields: proc.name}]\n"
				     "- rule: r\n  override: {exceptions: append}\n  exceptions: ";
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "%s[{name: e}]\n", base);
	expect_warning(yaml, "LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values");
	snprintf(yaml, sizeof(yaml), "%s[{name: e, fields: fd.name, values: [a]}]\n", base);
	expect_error(yaml, "LOAD_ERR_VALIDATE",
		     "Can not append exception fields to existing exception, only values");
	snprintf(yaml, sizeof(yaml), "%s[{name: e, comps: in, values: [a]}]\n", base);
	expect_error(yaml, "LOAD_ERR_VALIDATE",
		     "Can not append exception comps to existing exception, only values");
	snprintf(yaml, sizeof(yaml), "%s[{name: f, values: [a]}]\n", base);
	expect_error(yaml, "LOAD_ERR_VALIDATE", "Rule exception must have fields property with a list of fields");
	snprintf(yaml, sizeof(yaml), "%s[{name: f, fields: fd.name, values: []}]\n", base);
	expect_error(yaml, "LOAD_ERR_VALIDATE", "Rule exception must have values property with a list of values");
	snprintf(yaml, sizeof(yaml), "%s[{name: f, fields: fd.name, values: [a]}]\n", base);
	expect_silence(yaml);
}

TEST(a_replaced_exception_has_no_default_comparison)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      RULE("r", "x.y = 1") "- rule: r\n  override: {exceptions: replace}\n"
						   "  exceptions: [{name: e, fields: proc.name, values: [a]}]\n"),
		    INVALID);
	CHECK(pack_said(&fixture, "LOAD_ERR_COMPILE_CONDITION", ""));
	CHECK(fixture.diagnostics.items[0].hint != NULL);
	pack_end(&fixture);
}

TEST(macros_see_those_before_them)
{
	struct pack_fixture fixture;

	expect_error("- macro: a\n  condition: b\n- macro: b\n  condition: x.y = 1\n", "LOAD_ERR_VALIDATE",
		     "Undefined macro 'b' used in filter.");
	/* After a change it sees what was defined before that. */
	expect_silence("- macro: a\n  condition: x.y = 1\n- macro: b\n  condition: x.y = 2\n"
		       "- macro: a\n  condition: or b\n  override: {condition: append}\n");
	pack_begin(&fixture);
	CHECK_EQUAL(
		pack_load(&fixture, RULE("r", "not later and x.y = 2") "- macro: later\n  condition: x.y = 1\n"),
		0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "(not x.y = 1 and x.y = 2)");
	pack_end(&fixture);
}

TEST(what_is_resolved_through_a_macro_has_its_visibility)
{
	/* b is fine by itself, but a sees it before it sees c. */
	expect_error("- macro: a\n  condition: x.y = 1\n- macro: b\n  condition: x.y = 2\n"
		     "- macro: a\n  condition: b\n- macro: c\n  condition: x.y = 3\n"
		     "- macro: b\n  condition: c\n",
		     "LOAD_ERR_VALIDATE", "Undefined macro 'c' used in filter.");
}

TEST(an_undefined_macro_is_told_with_a_guess)
{
	struct pack_fixture fixture;
	const struct sk_diagnostic *said;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- macro: spawned_process\n  condition: x.y = 1\n- list: shells\n  items: [a]\n" RULE(
				      "r", "spawned_proces and x.z in shells") RULE("s", "shells_x and x.y = 1")),
		    INVALID);
	said = pack_said(&fixture, "LOAD_ERR_VALIDATE", "Undefined macro 'spawned_proces' used in filter.");
	CHECK(said != NULL);
	if (said) {
		CHECK_TEXT(said->hint, "did you mean 'spawned_process'?");
		CHECK_TEXT(pack_place(&fixture, said->span), "6:14");
	}
	/* The other rule is reported too. */
	CHECK(pack_said(&fixture, "LOAD_ERR_VALIDATE", "Undefined macro 'shells_x' used in filter."));
	CHECK_EQUAL(fixture.diagnostics.errors, 2);
	pack_end(&fixture);
}

TEST(loops_of_macros_are_refused_once)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- macro: a\n  condition: x.y = 1\n- macro: b\n  condition: a\n"
					"- macro: a\n  condition: b\n" RULE("r", "a and b")),
		    INVALID);
	CHECK(pack_said(&fixture, "LOAD_ERR_VALIDATE", "reference loop in macro 'b'"));
	CHECK_EQUAL(fixture.diagnostics.errors, 1);
	CHECK(pack_rule(&fixture, "r")->tree == NULL);
	pack_end(&fixture);
	expect_error("- macro: a\n  condition: x.y = 1\n- macro: a\n  condition: a and x.y = 2\n",
		     "LOAD_ERR_VALIDATE", "reference loop in macro 'a'");
}

TEST(what_depends_on_an_error_is_not_another_error)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- macro: bad\n- list: bad_list\n- rule: bad rule\n  condition: x.y = 1\n"
			      "- macro: worse\n  condition: bad and and\n" RULE(
				      "r", "bad or worse or x.y in (bad_list)") "- rule: bad rule\n  condition: "
										"x\n  append: true\n"
										"- macro: bad\n  condition: x\n  "
										"override: {condition: append}\n"),
		    INVALID);
	/* bad, bad_list, three keys of the rule, the syntax of worse. */
	CHECK_EQUAL(fixture.diagnostics.errors, 6);
	if (fixture.diagnostics.errors != 6)
		pack_show(&fixture);
	pack_end(&fixture);
}

TEST(macros_that_multiply_cost_nothing)
{
	struct pack_fixture fixture;
	struct sk_buffer yaml = {0};

	sk_buffer_append_text(&yaml, "- macro: m0\n  condition: x.y = 1\n");
	for (int i = 1; i < 200; i++)
		sk_buffer_printf(&yaml, "- macro: m%d\n  condition: m%d and m%d and m%d\n", i, i - 1, i - 1, i - 1);
	sk_buffer_append_text(&yaml, RULE("r", "m199"));
	pack_begin(&fixture);
	CHECK_EQUAL(pack_load_bytes(&fixture, yaml.bytes, yaml.length), 0);
	CHECK(pack_rule(&fixture, "r")->tree != NULL);
	sk_buffer_release(&yaml);
	pack_end(&fixture);
}

TEST(macros_nest_only_so_deep)
{
	struct pack_fixture fixture;
	struct sk_buffer yaml = {0};

	sk_buffer_append_text(&yaml, "- macro: m0\n  condition: x.y = 1\n");
	for (int i = 1; i < 1500; i++)
		sk_buffer_printf(&yaml, "- macro: m%d\n  condition: not m%d\n", i, i - 1);
	pack_begin(&fixture);
	CHECK_EQUAL(pack_load_bytes(&fixture, yaml.bytes, yaml.length), INVALID);
	CHECK(pack_said(&fixture, "LOAD_ERR_VALIDATE", "nested deeper"));
	CHECK_EQUAL(fixture.diagnostics.errors, 1);
	sk_buffer_release(&yaml);
	pack_end(&fixture);
}

TEST(unused_names_are_those_of_the_last_load)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: used_by_list\n  items: [a]\n- list: used\n  items: [used_by_list]\n"
			      "- list: unused\n  items: [b]\n- macro: m\n  condition: x.y in (used)\n"
			      "- macro: n\n  condition: x.y = 1\n" RULE("r", "m and n")),
		    0);
	sk_pack_report_unused(&fixture.pack);
	CHECK_EQUAL(fixture.diagnostics.warnings, 1);
	CHECK(pack_said(&fixture, "LOAD_UNUSED_LIST", "List not referred to"));
	CHECK_EQUAL(pack_load(&fixture, RULE("r", "n")), 0);
	sk_pack_report_unused(&fixture.pack);
	/* Now m too; its list is still in its condition. */
	CHECK(pack_said(&fixture, "LOAD_UNUSED_MACRO", "Macro not referred to"));
	CHECK_EQUAL(fixture.diagnostics.warnings, 3);
	pack_end(&fixture);
}

static const char memory_pack[] = "- list: l\n  items: [a, b c]\n- macro: m\n  condition: x.y in (l)\n"
				  "- macro: m\n  condition: and x.z = 1\n  append: true\n"
				  "- rule: r\n  condition: >\n    m and\n    undefined\n  tags: [a, b]\n" REST
				  "  exceptions: [{name: e, fields: proc.name, values: [l]}]\n- oops: !x!y 1\n";

/* True if the load got to its end, where it reports the undefined macro. */
static bool load_with_little_memory(size_t limit)
{
	struct pack_fixture fixture;
	const struct sk_source_file *file;
	bool complete = false;

	memset(&fixture, 0, sizeof(fixture));
	fixture.arena.limit = limit;
	sk_sources_init(&fixture.sources, &fixture.arena);
	sk_diagnostics_init(&fixture.diagnostics, &fixture.sources, &fixture.arena);
	if (sk_pack_init(&fixture.pack, &fixture.arena, &fixture.diagnostics) == 0) {
		file = sk_sources_add(&fixture.sources, "f", memory_pack, strlen(memory_pack));
		if (file && sk_pack_load(&fixture.pack, file) != -12)
			complete = sk_pack_resolve(&fixture.pack) == -22 && !fixture.diagnostics.out_of_memory;
		CHECK(!complete || pack_said(&fixture, "LOAD_ERR_VALIDATE", "Undefined macro 'undefined'"));
	}
	sk_arena_release(&fixture.arena);
	return complete;
}

TEST(memory_may_end_anywhere)
{
	bool complete = false;

	for (size_t limit = 1024; limit < 1024 * 1024; limit += limit / 20)
		complete = load_with_little_memory(limit);
	CHECK(complete);
	complete = false;
	for (size_t allocations = 0; allocations < 200 && !complete; allocations++) {
		sk_alloc_fail_after(allocations);
		complete = load_with_little_memory(0);
		sk_alloc_fail_after(SIZE_MAX);
	}
	CHECK(complete);
}

TEST_MAIN(
	RUN(content_is_a_list_of_mappings) RUN(a_syntax_error_in_any_document_loads_nothing) RUN(
		scalars_are_text_that_is_not_empty) RUN(flags_are_decoded_in_every_spelling)
		RUN(keys_that_nothing_knows_are_warned_of) RUN(the_engine_version_must_suffice) RUN(
			the_highest_engine_version_is_remembered) RUN(required_plugins_must_be_loaded)
			RUN(names_of_lists_and_macros_are_warned_of) RUN(lists_and_macros_are_appended_to) RUN(
				many_appends_cost_little) RUN(a_rule_has_defaults) RUN(every_missing_key_of_a_rule_is_shown)
				RUN(a_definition_anew_keeps_the_place_and_forgets_the_rest) RUN(
					append_honours_condition_and_exceptions_only) RUN(every_key_can_be_overridden)
					RUN(mistakes_in_override_are_told) RUN(a_lone_enabled_sets_the_flag) RUN(
						rules_of_unknown_sources_are_collected_but_not_compiled)
						RUN(exceptions_are_written_behind_the_condition) RUN(
							mistakes_in_exceptions_are_told) RUN(exceptions_are_appended_by_name)
							RUN(a_replaced_exception_has_no_default_comparison) RUN(
								macros_see_those_before_them)
								RUN(what_is_resolved_through_a_macro_has_its_visibility) RUN(
									an_undefined_macro_is_told_with_a_guess)
									RUN(loops_of_macros_are_refused_once) RUN(
										what_depends_on_an_error_is_not_another_error)
										RUN(macros_that_multiply_cost_nothing) RUN(
											macros_nest_only_so_deep)
											RUN(unused_names_are_those_of_the_last_load)
												RUN(memory_may_end_anywhere))
