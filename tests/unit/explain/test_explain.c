/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations of a recorded capture, held against bisecting: each comparison
 * of a rule is taken out in turn, the rule compiled and the capture played
 * again.  The one without which the rule matches is the one to name.
 */
#include <jansson.h>
#include <stdlib.h>

#include "cli/explain/nearest.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

/* A pack in memory, compiled as sk_test_rules_get() does it with files. */
static struct sk_test_rules *load(const char *text)
{
	static const char *const paths[] = {"pack.yaml"};
	const struct sk_compile_source source = {"pack.yaml", text, strlen(text)};
	struct sk_test_rules *rules = calloc(1, sizeof(*rules));
	struct sk_compile_options options = {.priority = 7, .ret_pack = &rules->pack};
	struct sk_buffer why = {0};

	sk_arena_init(&rules->arena, 0);
	sk_sources_init(&rules->sources, &rules->arena);
	sk_diagnostics_init(&rules->diagnostics, &rules->sources, &rules->arena);
	rules->paths = paths;
	rules->path_count = 1;
	if (sk_compile_sources(&source, 1, &options, &rules->diagnostics, &rules->compiled, NULL) < 0 ||
	    sk_bundle_from_memory(rules->compiled.bytes, rules->compiled.length, &rules->bundle, NULL) < 0) {
		sk_diagnostics_print(&rules->diagnostics, false, &why);
		printf("# %s\n# %s\n", text, why.bytes);
		abort();
	}
	rules->pack_rules = calloc(1, sizeof(uint32_t));
	return rules;
}

static void drop(struct sk_test_rules *rules)
{
	sk_bundle_close(&rules->bundle);
	sk_buffer_release(&rules->compiled);
	sk_arena_release(&rules->arena);
	free(rules->pack_rules);
	free(rules);
}

static const struct sk_test_capture capture = {.path = "rules/demo.scap"};

static void note_first(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number, uint32_t owner)
{
	uint64_t *first = context;

	(void)rule, (void)number, (void)owner;
	if (!*first)
		*first = sk_sensor_view(sensor)->event.number;
}

/* The number of the first event for which a condition holds; 0: none. */
static uint64_t find_event(const char *condition)
{
	struct sk_test_rules *rules;
	struct sk_error error = {0};
	uint64_t first = 0;
	char text[2000];

	snprintf(text, sizeof(text),
		 "- {rule: r, desc: d, condition: \"%s\", output: o, priority: INFO, warn_evttypes: false}\n",
		 condition);
	rules = load(text);
	CHECK_EQUAL(sk_test_play(&rules->bundle, &capture, SK_VM_ENGINE_LINEAR, NULL, note_first, &first, &error),
		    0);
	drop(rules);
	return first;
}

/* --- bisecting --------------------------------------------------------- */

enum { MOST = 16 };

/* A pack whose comparisons stand in [[ ]]. */
struct marked {
	char text[4000];
	uint32_t begins[MOST]; /* of each comparison in `text` */
	unsigned count;
};

/*
 * The text without marks, and without comparison `out`, which is then what its neighbours do not notice: true, or
 * false behind [[! under a `not`.  -1: with all as they are.
 */
static void unmark(const char *marked, int out, struct marked *ret)
{
	size_t length = 0;

	*ret = (struct marked){.count = 0};
	while (*marked) {
		const char *end;
		bool negated;
		size_t size;

		if (strncmp(marked, "[[", 2) != 0) {
			ret->text[length++] = *marked++;
			continue;
		}
		end = strstr(marked, "]]");
		negated = marked[2] == '!';
		ret->begins[ret->count] = (uint32_t)length;
		if ((int)ret->count++ == out) {
			length += (size_t)sprintf(ret->text + length, negated ? "evt.num < 0" : "evt.num >= 0");
		} else {
			size = (size_t)(end - marked) - 2 - negated;
			memcpy(ret->text + length, marked + 2 + negated, size);
			length += size;
		}
		marked = end + 2;
	}
	ret->text[length] = '\0';
}

struct matching {
	uint64_t event;
	bool matches;
};

static void note_match(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number, uint32_t owner)
{
	struct matching *matching = context;

	(void)rule, (void)number, (void)owner;
	matching->matches |= sk_sensor_view(sensor)->event.number == matching->event;
}

static bool matches_without(const char *marked, int out, uint64_t event)
{
	struct matching matching = {.event = event};
	struct sk_error error = {0};
	struct sk_test_rules *rules;
	struct marked text;

	unmark(marked, out, &text);
	rules = load(text.text);
	CHECK_EQUAL(
		sk_test_play(&rules->bundle, &capture, SK_VM_ENGINE_LINEAR, NULL, note_match, &matching, &error),
		0);
	drop(rules);
	return matching.matches;
}

/* Which comparison a place is in. */
static int comparison_at(const struct sk_test_rules *rules, const struct marked *text, sk_position position)
{
	const uint32_t offset = position - rules->sources.files[0].first;

	for (unsigned i = 0; i < text->count; i++) {
		if (text->begins[i] == offset)
			return (int)i;
	}
	return -1;
}

/* The rule does not match the event, and what is named is what bisecting finds. */
static void names_what_bisecting_finds(const char *marked, const char *which, int culprit)
{
	const uint64_t event = find_event(which);
	struct sk_error error = {0};
	struct sk_nearest nearest;
	struct sk_test_rules *rules;
	struct sk_arena arena;
	struct marked text;

	CHECK(event > 0);
	unmark(marked, -1, &text);
	CHECK(!matches_without(marked, -1, event));
	for (int i = 0; i < (int)text.count; i++)
		CHECK_EQUAL(matches_without(marked, i, event), i == culprit);
	rules = load(text.text);
	sk_arena_init(&arena, 0);
	CHECK_EQUAL(sk_explain_nearest(rules, 0, &capture, event, &arena, &nearest, &error), 1);
	CHECK(!nearest.explanation.verdict);
	CHECK(nearest.explanation.flips.exact && nearest.explanation.flips.all);
	CHECK_EQUAL(nearest.explanation.flips.size, 1);
	CHECK_EQUAL(nearest.explanation.flips.count, 1);
	if (nearest.explanation.flips.count) {
		const struct sk_tree *tree = nearest.explanation.tree;
		uint32_t atom = nearest.explanation.flips.sets[0][0];

		CHECK_EQUAL(comparison_at(rules, &text, sk_tree_position(&tree->nodes[tree->atoms[atom]])),
			    culprit);
		CHECK(nearest.explanation.atoms[atom].decided);
	}
	sk_arena_release(&arena);
	drop(rules);
}

TEST(a_name_that_is_not_in_the_list_is_named)
{
	names_what_bisecting_finds("- list: pagers\n"
				   "  items: [less, more, most]\n"
				   "- macro: reads\n"
				   "  condition: >\n"
				   "    [[evt.type in (open, openat)]] and\n"
				   "    [[evt.is_open_read = true]]\n"
				   "- rule: r\n"
				   "  desc: d\n"
				   "  condition: >\n"
				   "    reads and [[fd.name = /etc/shadow]]\n"
				   "    and [[proc.name in (pagers)]]\n"
				   "  output: o\n"
				   "  priority: INFO\n",
				   "fd.name = /etc/shadow and evt.type in (open, openat) and proc.name = cat", 3);
}

TEST(a_comparison_deep_in_macros_is_named)
{
	names_what_bisecting_finds("- macro: started\n"
				   "  condition: >\n"
				   "    [[evt.type = execve]] and [[evt.res = SUCCESS]]\n"
				   "- macro: searches\n"
				   "  condition: >\n"
				   "    [[proc.args contains id_rsa]] or ([[proc.name = egrep]] and\n"
				   "    [[proc.args contains RSA]])\n"
				   "- macro: suspicious\n"
				   "  condition: started and searches\n"
				   "- rule: r\n"
				   "  desc: d\n"
				   "  condition: >\n"
				   "    suspicious and not [[!proc.pname in (cron, atd)]] and [[user.uid = 1000]]\n"
				   "  output: o\n"
				   "  priority: INFO\n",
				   "evt.type = execve and evt.res = SUCCESS and proc.name = find and "
				   "proc.args contains id_rsa",
				   6);
}

TEST(a_comparison_under_not_is_named)
{
	names_what_bisecting_finds(
		"- rule: r\n"
		"  desc: d\n"
		"  condition: >\n"
		"    [[evt.type in (symlink, symlinkat)]] and [[evt.arg.target startswith /etc]]\n"
		"    and [[evt.res = SUCCESS]] and [[proc.name != cp]]\n"
		"    and not ([[!evt.arg.linkpath startswith /tmp/]]\n"
		"             or [[!proc.pname = systemd]])\n"
		"    and [[proc.name exists]]\n"
		"  output: o\n"
		"  priority: INFO\n",
		"evt.type in (symlink, symlinkat) and evt.arg.target = /etc/shadow", 4);
}

/* --- what is shown ----------------------------------------------------- */

static struct sk_test_rules *shown_rules;
static struct sk_arena shown_arena;
static struct sk_nearest shown;

static void show(const char *pack, const char *which)
{
	struct sk_error error = {0};

	shown_rules = load(pack);
	sk_arena_init(&shown_arena, 0);
	CHECK_EQUAL(sk_explain_nearest(shown_rules, 0, &capture, find_event(which), &shown_arena, &shown, &error),
		    1);
}

static void hide(void)
{
	sk_arena_release(&shown_arena);
	drop(shown_rules);
}

static const char listed[] =
	"- list: secrets\n"
	"  items:\n"
	"    - /etc/gshadow\n"
	"    - /etc/shadow\n"
	"- rule: r\n"
	"  desc: d\n"
	"  condition: evt.type in (open, openat) and fd.name in (secrets) and proc.sname = nobody\n"
	"  output: o\n"
	"  priority: INFO\n"
	"  exceptions:\n"
	"    - name: known\n"
	"      fields: [proc.name, proc.pname]\n"
	"      comps: [=, =]\n"
	"      values:\n"
	"        - [cat, sh]\n";

static const char shadow[] = "fd.name = /etc/shadow and evt.type in (open, openat) and proc.name = cat";

TEST(an_item_of_a_list_is_shown_where_it_is_written)
{
	struct sk_place place;

	show(listed, shadow);
	CHECK_TEXT(shown.explanation.atoms[1].item, "/etc/shadow");
	place = sk_sources_place(&shown_rules->sources, shown.explanation.atoms[1].item_position);
	CHECK_EQUAL(place.line, 4);
	CHECK_EQUAL(place.column, 7);
	CHECK_TEXT(sk_explain_owner(&shown_rules->pack, &shown_rules->pack.rules[0],
				    shown.explanation.atoms[1].item_position, &shown_arena),
		   "list 'secrets'");
	hide();
}

TEST(a_comparison_of_an_exception_is_shown_where_its_value_is_written)
{
	const struct sk_tree *tree;
	sk_position position;
	struct sk_place place;

	show(listed, shadow);
	tree = shown.explanation.tree;
	CHECK_EQUAL(tree->atom_count, 5);
	/* proc.name = cat and proc.pname = sh */
	position = sk_tree_position(&tree->nodes[tree->atoms[3]]);
	place = sk_sources_place(&shown_rules->sources, position);
	CHECK(place.line >= 11);
	CHECK_TEXT(sk_explain_owner(&shown_rules->pack, &shown_rules->pack.rules[0], position, &shown_arena),
		   "exception 'known'");
	hide();
}

TEST(a_missing_field_is_said_to_be_missing)
{
	struct sk_buffer text = {0};

	show("- rule: r\n  desc: d\n  condition: evt.type = execve and fd.name = /x\n  output: o\n  priority: "
	     "INFO\n",
	     "evt.type = execve");
	CHECK(!shown.explanation.atoms[1].value);
	CHECK_EQUAL(shown.explanation.atoms[1].presence, SK_MISSING);
	sk_explanation_print(&shown.explanation, &text);
	CHECK(strstr(text.bytes, "fd.name is missing") != NULL);
	sk_buffer_release(&text);
	hide();
}

TEST(the_json_is_json_and_has_every_node)
{
	struct sk_buffer text = {0};
	json_t *root, *sets, *condition;

	show(listed, shadow);
	sk_explanation_print_json(&shown.explanation, &text);
	root = json_loads(text.bytes, 0, NULL);
	CHECK(root != NULL);
	CHECK(json_is_false(json_object_get(root, "matches")));
	condition = json_object_get(root, "condition");
	CHECK_TEXT(json_string_value(json_object_get(condition, "kind")), "and");
	CHECK_EQUAL(json_array_size(json_object_get(condition, "of")), 2);
	sets = json_object_get(json_object_get(root, "flip"), "sets");
	CHECK_EQUAL(json_array_size(sets), shown.explanation.flips.count);
	CHECK_EQUAL(json_integer_value(json_object_get(json_object_get(root, "flip"), "size")),
		    shown.explanation.flips.size);
	json_decref(root);
	sk_buffer_release(&text);
	hide();
}

TEST(without_an_event_the_nearest_is_found)
{
	struct sk_error error = {0};
	uint64_t event = find_event("evt.type in (symlink, symlinkat) and evt.arg.target = /etc/shadow");

	shown_rules =
		load("- rule: r\n  desc: d\n  condition: evt.type in (symlink, symlinkat) and evt.arg.target = "
		     "/etc/shadow and user.uid = 12345\n  output: o\n  priority: INFO\n");
	sk_arena_init(&shown_arena, 0);
	CHECK_EQUAL(sk_explain_nearest(shown_rules, 0, &capture, 0, &shown_arena, &shown, &error), 1);
	CHECK_EQUAL(shown.explanation.event_number, event);
	CHECK_EQUAL(shown.explanation.flips.size, 1);
	CHECK_EQUAL(sk_explain_nearest(shown_rules, 0, &capture, 1000000, &shown_arena, &shown, &error), 0);
	hide();
}

TEST(without_memory_nothing_breaks)
{
	struct sk_error error = {0};
	int result = -12;
	size_t count;

	shown_rules = load(listed);
	for (count = 0; result < 0 && count < 5000; count++) {
		sk_arena_init(&shown_arena, 0);
		sk_alloc_fail_after(count);
		result = sk_explain_nearest(shown_rules, 0, &capture, 0, &shown_arena, &shown, &error);
		sk_alloc_fail_after(SIZE_MAX);
		if (result < 0)
			sk_arena_release(&shown_arena);
	}
	CHECK_EQUAL(result, 1);
	CHECK(count > 20);
	hide();
}

TEST_MAIN(RUN(a_name_that_is_not_in_the_list_is_named) RUN(a_comparison_deep_in_macros_is_named)
		  RUN(a_comparison_under_not_is_named) RUN(an_item_of_a_list_is_shown_where_it_is_written)
			  RUN(a_comparison_of_an_exception_is_shown_where_its_value_is_written)
				  RUN(a_missing_field_is_said_to_be_missing)
					  RUN(the_json_is_json_and_has_every_node)
						  RUN(without_an_event_the_nearest_is_found)
							  RUN(without_memory_nothing_breaks))
