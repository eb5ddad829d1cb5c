/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made of a profile: rewrites that mean the same, suggestions where
 * they are due and nowhere else, and forms that any name can stand in.
 */
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

#include <jansson.h>

#include "cli/profile/report.h"
#include "vm/print.h"

/* --- rewrites ------------------------------------------------------------ */

/* An event has one text, which every field shows; a thread that never changes. */
static void one_text(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		     struct sk_value *ret_value)
{
	const char *text = ref->field == SK_FIELD_EVT_TYPE ? "openat" : event;

	(void)scratch;
	*ret_value = sk_value_text(text, (uint32_t)strlen(text));
}

struct pack {
	struct fixture fixture;
	struct sk_vm *vm;
};

static void pack_open(struct pack *pack, const char *const *conditions, uint32_t count)
{
	const struct sk_vm_options options = {.extract = one_text, .match_all = true, .priority = 7};
	struct sk_error error = {.message = ""};
	char name[16];

	fixture_begin(&pack->fixture);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&pack->fixture, name, conditions[i], "x");
	}
	CHECK_EQUAL(fixture_open(&pack->fixture), 0);
	CHECK_EQUAL(sk_vm_create(&pack->fixture.bundle, &options, &pack->vm, &error), 0);
}

static void pack_close(struct pack *pack)
{
	sk_vm_destroy(pack->vm);
	fixture_end(&pack->fixture);
}

static uint32_t pack_event(struct pack *pack, const char *text)
{
	const uint32_t *rules;
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", text);
	return sk_vm_evaluate(pack->vm, SK_EVENT_SYSCALL_OPENAT_2_X, copy, &rules);
}

/* The only predicate besides that on evt.type. */
static uint32_t predicate_of(const struct pack *pack)
{
	const struct sk_bundle *bundle = &pack->fixture.bundle;

	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		struct sk_buffer text = {0};
		bool other;

		sk_print_predicate(bundle, i, SIZE_MAX, &text);
		other = strncmp(text.bytes, "evt.type", 8) != 0;
		sk_buffer_release(&text);
		if (other)
			return i;
	}
	return 0;
}

static const struct rewrite {
	const char *from;
	const char *to; /* NULL: there is none */
	bool differs;   /* not for every text the same */
} rewrites[] = {
	{"proc.name glob *ssh*", "proc.name contains ssh", false},
	{"proc.name glob /etc/*", "proc.name startswith /etc/", false},
	{"proc.name glob **/x**", "proc.name contains /x", false},
	{"proc.name glob *.so", "proc.name endswith .so", false},
	{"proc.name glob plain", "proc.name = plain", false},
	{"proc.name glob \"two words*\"", "proc.name startswith \"two words\"", false},
	{"proc.name glob *", NULL, false},
	{"proc.name glob /home/*/x", NULL, false},
	{"proc.name glob /home/?", NULL, false},
	{"proc.name glob \"*[ab]*\"", NULL, false},
	{"proc.name glob \"*\\\\x*\"", NULL, false},
	{"proc.name iglob *ssh*", "proc.name icontains ssh", false},
	{"proc.name iglob *SSH*", NULL, false},
	{"proc.name iglob ssh*", NULL, false},
	{"proc.name regex plain", "proc.name = plain", false},
	{"proc.name regex ^plain$", "proc.name = plain", false},
	{"proc.name regex \"/etc/.*\"", "proc.name startswith /etc/", true},
	{"proc.name regex \".*/x\"", "proc.name endswith /x", true},
	{"proc.name regex \".*ssh.*\"", "proc.name contains ssh", true},
	{"proc.name regex \"a\\\\.so\"", "proc.name = a.so", false},
	{"proc.name regex \"a.so\"", NULL, false},
	{"proc.name regex \"a+\"", NULL, false},
	{"proc.name regex \"a\\\\.*\"", NULL, false},
	{"proc.name regex \"x\\\\$\"", "proc.name = x$", false},
	{"proc.name regex \"(cat|sh|b\\\\.sh)\"", "proc.name = anyof (cat, sh, b.sh)", false},
	{"proc.name regex \"^cat|sh$\"", "proc.name = anyof (cat, sh)", false},
	{"proc.name regex \"(cat|sh.*)\"", NULL, false},
	{"proc.name regex \"(a)|(b)\"", NULL, false},
	{"proc.name regex \"a||b\"", NULL, false},
	{"proc.name regex \"\xc3\xa9\"", NULL, false},
	{"proc.aname regex \"cat|sh\"", NULL, false},
	{"tolower(proc.name) contains ssh", "proc.name icontains ssh", false},
	{"tolower(proc.name) contains SSH", NULL, false},
	{"tolower(proc.name) = ssh", NULL, false},
	{"toupper(proc.name) contains ssh", NULL, false},
	{"tolower(basename(proc.name)) contains ssh", NULL, false},
	{"proc.name contains ssh", NULL, false},
	{"proc.name = val(proc.pname)", NULL, false},
	{"proc.name glob anyof (\"*a*\", b)", NULL, false},
};

static const char *const texts[] = {
	"",          "plain",         "Plain",    "/etc/",  "/etc/passwd",
	"x/etc/x",   "ssh",           "sshd",     "xSSHx",  "a.so",
	"axso",      "lib/a.so",      "/x",       "/x/y",   "cat",
	"sh",        "b.sh",          "bxsh",     "cat|sh", "(cat|sh)",
	"two words", "two words and", "x$",       "x",      "\xff",
	"ssh\xff",   "*ssh*",         "catsh",    "a",      "b",
	"/home/a/x", "a\nssh\nb",     "\xc3\xa9", "SsH",    "^plain$",
	"plain\n",
};

TEST(what_is_to_write_instead_is_what_the_table_says)
{
	for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		const struct rewrite *rewrite = &rewrites[i];
		const char *condition;
		struct sk_buffer instead = {0};
		struct pack pack;
		bool same = false, found;
		char text[256];

		snprintf(text, sizeof(text), "evt.type = openat and %s", rewrite->from);
		condition = text;
		pack_open(&pack, &condition, 1);
		found = sk_suggest_plainer(&pack.fixture.bundle, predicate_of(&pack), &instead, &same);
		if (found != (rewrite->to != NULL) || (found && strcmp(instead.bytes, rewrite->to) != 0))
			printf("# %s: %s\n", rewrite->from, found ? instead.bytes : "nothing");
		CHECK_EQUAL(found, rewrite->to != NULL);
		if (found) {
			CHECK_TEXT(instead.bytes, rewrite->to);
			CHECK_EQUAL(same, !rewrite->differs);
		}
		sk_buffer_release(&instead);
		pack_close(&pack);
	}
}

TEST(what_is_to_write_instead_holds_for_the_same_texts)
{
	unsigned held = 0, compared = 0;

	for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		char before[256], after[256];
		const char *const conditions[] = {before, after};
		struct pack pack;

		if (!rewrites[i].to)
			continue;
		snprintf(before, sizeof(before), "evt.type = openat and %s", rewrites[i].from);
		snprintf(after, sizeof(after), "evt.type = openat and %s", rewrites[i].to);
		pack_open(&pack, conditions, 2);
		for (size_t at = 0; at < sizeof(texts) / sizeof(texts[0]); at++) {
			uint32_t matches;

			if (rewrites[i].differs && strchr(texts[at], '\n'))
				continue;
			matches = pack_event(&pack, texts[at]);
			if (matches == 1)
				printf("# '%s' differs from '%s' for '%s'\n", rewrites[i].from, rewrites[i].to,
				       texts[at]);
			CHECK(matches != 1);
			held += matches == 2;
			compared++;
		}
		pack_close(&pack);
	}
	CHECK(compared > 500);
	CHECK(held > 30);
}

/* --- suggestions --------------------------------------------------------- */

static const struct sk_suggestion *find(const struct sk_suggestions *suggestions, enum sk_suggestion_kind kind)
{
	for (uint32_t i = 0; i < suggestions->count; i++) {
		if (suggestions->items[i].kind == kind)
			return &suggestions->items[i];
	}
	return NULL;
}

struct findings {
	struct pack pack;
	struct sk_figures figures;
	struct sk_suggestions suggestions;
};

static void findings_of(struct findings *findings, const char *const *conditions, uint32_t count,
			const char *format, unsigned events)
{
	const struct sk_profile *profile;
	struct sk_vm_stats stats;
	char text[128];

	pack_open(&findings->pack, conditions, count);
	CHECK_EQUAL(sk_vm_profile_start(findings->pack.vm, 1), 0);
	for (unsigned i = 0; i < events; i++) {
		snprintf(text, sizeof(text), format, i);
		pack_event(&findings->pack, text);
	}
	CHECK_EQUAL(sk_vm_profile_read(findings->pack.vm, &profile), 0);
	sk_vm_stats(findings->pack.vm, &stats);
	CHECK_EQUAL(sk_figures_init(&findings->figures, profile, &stats), 0);
	CHECK_EQUAL(sk_suggest_rewrites(&findings->figures, &findings->suggestions), 0);
}

static void findings_end(struct findings *findings)
{
	sk_suggestions_release(&findings->suggestions);
	sk_figures_release(&findings->figures);
	pack_close(&findings->pack);
}

TEST(a_contains_that_always_was_a_prefix_is_told)
{
	static const char *const conditions[] = {"evt.type = openat and evt.arg.name contains /etc/"};
	const struct sk_suggestion *item;
	struct findings findings;

	findings_of(&findings, conditions, 1, "/etc/%u", 20);
	item = find(&findings.suggestions, SK_SUGGESTION_PREFIX);
	CHECK(item != NULL);
	if (item) {
		CHECK_TEXT(item->instead.bytes, "evt.arg.name startswith /etc/");
		CHECK(!item->same);
		CHECK(strstr(item->reason.bytes, "20 different values"));
	}
	findings_end(&findings);
	findings_of(&findings, conditions, 1, "/x%u/etc/y", 20);
	CHECK(!find(&findings.suggestions, SK_SUGGESTION_PREFIX));
	findings_end(&findings);
}

TEST(a_comparison_of_two_fields_that_leaves_no_choice_is_told)
{
	static const char *const conditions[] = {"evt.type = openat and evt.arg.name = val(proc.pname)"};
	const struct sk_suggestion *item;
	struct findings findings;

	findings_of(&findings, conditions, 1, "/etc/%u", 200);
	item = find(&findings.suggestions, SK_SUGGESTION_RESIDUAL);
	CHECK(item != NULL);
	if (item) {
		CHECK(item->predicate != SK_NONE);
		CHECK(strstr(item->reason.bytes, "200 times (100.0 %"));
		CHECK(strstr(item->reason.bytes, "for 200 matches"));
		CHECK_EQUAL(item->instead.length, 0);
	}
	findings_end(&findings);
}

TEST(a_rule_for_any_event_is_told_which_ones_came)
{
	static const char *const conditions[] = {"proc.name startswith /etc/"};
	const struct sk_suggestion *item;
	struct findings findings;
	const struct sk_profile *profile;
	struct sk_vm_stats stats;
	const uint32_t *rules;

	findings_of(&findings, conditions, 1, "/tmp/%u", 20);
	CHECK(find(&findings.suggestions, SK_SUGGESTION_NO_EVENT_TYPE) != NULL);
	for (uint16_t type = 1; type < 60; type += 2)
		sk_vm_evaluate(findings.pack.vm, type, (void *)"/tmp", &rules);
	pack_event(&findings.pack, "/etc/x");
	sk_suggestions_release(&findings.suggestions);
	sk_figures_release(&findings.figures);
	CHECK_EQUAL(sk_vm_profile_read(findings.pack.vm, &profile), 0);
	sk_vm_stats(findings.pack.vm, &stats);
	CHECK_EQUAL(sk_figures_init(&findings.figures, profile, &stats), 0);
	CHECK_EQUAL(sk_suggest_rewrites(&findings.figures, &findings.suggestions), 0);
	item = find(&findings.suggestions, SK_SUGGESTION_NO_EVENT_TYPE);
	CHECK(item != NULL);
	if (item) {
		CHECK_TEXT(item->instead.bytes, "evt.type in (openat) and (the condition as it is)");
		CHECK(!item->same);
	}
	findings_end(&findings);
}

TEST(a_rule_that_was_never_considered_gets_no_suggestion)
{
	static const char *const conditions[] = {"evt.type = close and proc.name glob *x*"};
	struct findings findings;

	findings_of(&findings, conditions, 1, "/tmp/%u", 20);
	CHECK_EQUAL(findings.suggestions.count, 0);
	findings_end(&findings);
}

/* --- forms --------------------------------------------------------------- */

/* No byte that XML 1.0 does not allow, and no `<` or `&` that opens nothing. */
static bool is_plain_xml(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const unsigned char byte = (unsigned char)bytes[i];

		if (byte < 0x20 && byte != '\n')
			return false;
		if (byte == '&' && strncmp(bytes + i, "&amp;", 5) != 0 && strncmp(bytes + i, "&lt;", 4) != 0 &&
		    strncmp(bytes + i, "&gt;", 4) != 0 && strncmp(bytes + i, "&quot;", 6) != 0)
			return false;
		if (byte == '<' && !strchr("/gtrs", bytes[i + 1]))
			return false;
	}
	return true;
}

TEST(any_name_can_stand_in_every_form)
{
	static const char *const names[] = {"a<b>&\"c\"", "tab\tand\x1b[31m", "not utf8 \xff\xc3", "\xef\xbf\xbf"};
	const struct sk_vm_options options = {.extract = one_text, .match_all = true, .priority = 7};
	struct sk_buffer text = {0}, json = {0}, svg = {0};
	const struct sk_profile *profile;
	struct sk_suggestions none = {0};
	struct sk_error error = {.message = ""};
	struct sk_figures figures;
	struct sk_vm_stats stats;
	struct pack pack;
	json_t *root;

	fixture_begin(&pack.fixture);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fixture_rule(&pack.fixture, names[i], "evt.type = openat and evt.arg.name = val(proc.pname)", "x");
	CHECK_EQUAL(fixture_open(&pack.fixture), 0);
	CHECK_EQUAL(sk_vm_create(&pack.fixture.bundle, &options, &pack.vm, &error), 0);
	CHECK_EQUAL(sk_vm_profile_start(pack.vm, 1), 0);
	for (unsigned i = 0; i < 10000; i++)
		pack_event(&pack, "x");
	CHECK_EQUAL(sk_vm_profile_read(pack.vm, &profile), 0);
	sk_vm_stats(pack.vm, &stats);
	CHECK_EQUAL(sk_figures_init(&figures, profile, &stats), 0);
	CHECK_EQUAL(figures.matches, 40000);
	sk_report_print_text(&figures, &none, 0, &text);
	CHECK(!text.failed && strchr(text.bytes, '\x1b') == NULL);
	sk_report_print_json(&figures, &none, &json);
	root = json_loadb(json.bytes, json.length, 0, NULL);
	CHECK(root != NULL);
	CHECK_EQUAL(json_array_size(json_object_get(root, "rules")), 4);
	json_decref(root);
	CHECK_EQUAL(sk_report_print_svg(&figures, &svg), 0);
	CHECK(strncmp(svg.bytes, "<svg ", 5) == 0);
	CHECK(is_plain_xml(svg.bytes, svg.length));
	CHECK(strstr(svg.bytes, "a&lt;b&gt;&amp;&quot;c&quot;") != NULL);
	CHECK(strstr(svg.bytes, "<title>openat\n10000 events, 4 rules;") != NULL);
	sk_buffer_release(&text);
	sk_buffer_release(&json);
	sk_buffer_release(&svg);
	sk_figures_release(&figures);
	pack_close(&pack);
}

TEST(a_profile_without_events_is_told_too)
{
	static const char *const conditions[] = {"evt.type = openat and proc.name = x"};
	struct sk_buffer text = {0}, json = {0}, svg = {0};
	struct findings findings;
	json_t *root;

	findings_of(&findings, conditions, 1, "%u", 0);
	sk_report_print_text(&findings.figures, &findings.suggestions, 20, &text);
	CHECK(text.bytes && strstr(text.bytes, "no event of the types of 1 more") != NULL);
	sk_report_print_json(&findings.figures, NULL, &json);
	root = json_loadb(json.bytes, json.length, 0, NULL);
	CHECK(root != NULL);
	json_decref(root);
	CHECK_EQUAL(sk_report_print_svg(&findings.figures, &svg), 0);
	CHECK(is_plain_xml(svg.bytes, svg.length));
	sk_buffer_release(&text);
	sk_buffer_release(&json);
	sk_buffer_release(&svg);
	findings_end(&findings);
}

TEST_MAIN(RUN(what_is_to_write_instead_is_what_the_table_says)
		  RUN(what_is_to_write_instead_holds_for_the_same_texts)
			  RUN(a_contains_that_always_was_a_prefix_is_told)
				  RUN(a_comparison_of_two_fields_that_leaves_no_choice_is_told)
					  RUN(a_rule_for_any_event_is_told_which_ones_came)
						  RUN(a_rule_that_was_never_considered_gets_no_suggestion)
							  RUN(any_name_can_stand_in_every_form)
								  RUN(a_profile_without_events_is_told_too))
