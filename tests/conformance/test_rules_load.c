/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference's recorded rule loads and wildcard matches
 * (../shared/data/cases.jsonl, kinds `rules-load` and `wildcard`).
 *
 * Each case is compiled twice: as files, for the verdict and what is said; and
 * step by step, to look at what the pack has become.
 */
#include <stdlib.h>

#include <stdarg.h>
#include <jansson.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "tests/conformance/excuses.h"

enum { MOST_FILES = 16, MOST = 16 };

static struct {
	unsigned cases, agree, no_verdict;
} load_count, wildcard_count;

static const char *shared_folder(void)
{
	const char *folder = getenv("SK_SHARED");

	return folder ? folder : "../shared";
}

static const char *text_of(json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

/* --- one case ---------------------------------------------------------- */

struct load {
	json_t *item, *expect;
	const char *id;
	bool differs;
	char folder[64];
	char *paths[MOST_FILES];
	size_t path_count;
	bool owned[MOST_FILES];

	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer bundle;
	struct sk_compile_summary summary;
	int result;
};

__attribute__((format(printf, 2, 3))) static void differs(struct load *load, const char *format, ...)
{
	va_list arguments;

	load->differs = true;
	printf("# %s: ", load->id);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* Text becomes a file; "@path" is one. */
static void add_input(struct load *load, const char *text, const char *path)
{
	char name[512];
	FILE *file;

	if (load->path_count == MOST_FILES)
		return;
	if (path || *text == '@') {
		snprintf(name, sizeof(name), "%s/data/%s", shared_folder(), path ? path : text + 1);
	} else {
		snprintf(name, sizeof(name), "%s/%zu.yaml", load->folder, load->path_count);
		file = fopen(name, "we");
		if (!file)
			return;
		fputs(text, file);
		fclose(file);
		load->owned[load->path_count] = true;
	}
	load->paths[load->path_count++] = strdup(name);
}

static void add_inputs(struct load *load)
{
	json_t *prior;
	size_t i;

	strcpy(load->folder, "/tmp/saker-rules-load-XXXXXX");
	if (!mkdtemp(load->folder))
		return;
	json_array_foreach(json_object_get(load->item, "prior_files"), i, prior)
		add_input(load, json_string_value(prior), NULL);
	if (text_of(load->item, "input"))
		add_input(load, text_of(load->item, "input"), NULL);
	else
		add_input(load, NULL, text_of(load->item, "input_file"));
}

static void remove_inputs(struct load *load)
{
	for (size_t i = 0; i < load->path_count; i++) {
		if (load->owned[i])
			unlink(load->paths[i]);
		free(load->paths[i]);
	}
	rmdir(load->folder);
}

static size_t read_additions(json_t *item, struct sk_output_addition *additions)
{
	json_t *entry;
	size_t i, count = 0;

	json_array_foreach(json_object_get(item, "append_output"), i, entry)
	{
		json_t *match = json_object_get(entry, "match");

		if (count < MOST)
			additions[count++] = (struct sk_output_addition){.source = text_of(match, "source"),
									 .rule = text_of(match, "rule"),
									 .output = text_of(entry, "extra_output")};
	}
	return count;
}

/* The cases use the reference's interface: substrings, and an exact empty name that stands for all. */
static size_t read_selections(json_t *item, struct sk_selection *selections, char patterns[][128])
{
	const char *base = text_of(item, "selection_base");
	json_t *entry;
	size_t i, count = 0;

	if (base && strcmp(base, "empty ruleset") == 0)
		selections[count++] = (struct sk_selection){.enable = false, .pattern = "*"};
	json_array_foreach(json_object_get(item, "selection"), i, entry)
	{
		const char *match = text_of(entry, "match"), *value = text_of(entry, "value");
		bool part = strcmp(match, "substring") == 0 || !*value;

		if (strcmp(text_of(entry, "op"), "none") == 0 || count == MOST)
			continue;
		snprintf(patterns[count], sizeof(patterns[count]), part ? "*%s*" : "%s", value);
		selections[count] = (struct sk_selection){.enable = strcmp(text_of(entry, "op"), "enable") == 0,
							  .by_tag = strcmp(match, "tag") == 0,
							  .pattern = patterns[count]};
		count++;
	}
	return count;
}

static void compile(struct load *load)
{
	struct sk_pack_plugin plugins[MOST] = {{0}};
	struct sk_output_addition additions[MOST];
	struct sk_selection selections[MOST];
	char patterns[MOST][128];
	/* Fields that nothing extracts yet are known: whether they work is no question of loading. */
	struct sk_compile_options options = {.priority = 7};
	json_t *loaded = json_object_get(load->item, "loaded_plugins"), *plugin;
	size_t i;

	if (loaded)
		options.plugins = plugins;
	json_array_foreach(loaded, i, plugin)
	{
		if (options.plugin_count < MOST)
			plugins[options.plugin_count++] = (struct sk_pack_plugin){
				.name = text_of(plugin, "name"), .version = text_of(plugin, "version")};
	}
	options.additions = additions;
	options.addition_count = read_additions(load->item, additions);
	options.selections = selections;
	options.selection_count = read_selections(load->item, selections, patterns);
	load->result = sk_compile_files((const char *const *)load->paths, load->path_count, &options,
					&load->diagnostics, &load->bundle, &load->summary);
}

/* --- what was said ----------------------------------------------------- */

static const struct sk_diagnostic *find(const struct load *load, enum sk_severity severity, const char *code,
					const char *message)
{
	for (uint32_t i = 0; i < load->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &load->diagnostics.items[i];
		const struct sk_diagnostic_info *info = &sk_diagnostic_infos[item->id];

		if (info->severity == severity && (!code || strcmp(info->code, code) == 0) &&
		    (!message || strstr(item->message, message)))
			return item;
	}
	return NULL;
}

static void check_codes(struct load *load, const char *key, enum sk_severity severity)
{
	json_t *code;
	size_t i;

	json_array_foreach(json_object_get(load->expect, key), i, code)
	{
		if (!find(load, severity, json_string_value(code), NULL))
			differs(load, "no %s", json_string_value(code));
	}
}

static void check_messages(struct load *load, const char *key, enum sk_severity severity)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(load->expect, key), i, entry)
	{
		const char *message = json_is_string(entry) ? json_string_value(entry) : text_of(entry, "Message");
		const char *code = json_is_object(entry) ? text_of(entry, "Code") : NULL;

		/* Syntax errors name the unexpected token too: what it comes after is the same. */
		if (strncmp(message, "unexpected token after", 22) == 0)
			message = strstr(message, " after");
		if (!find(load, severity, code, message))
			differs(load, "nothing says \"%s\"", message);
	}
}

static void check_warnings(struct load *load)
{
	json_t *has = json_object_get(load->expect, "has_warnings"), *code;
	json_t *count = json_object_get(load->expect, "warnings_count");
	size_t i;

	check_codes(load, "warnings", SK_SEVERITY_WARNING);
	check_messages(load, "warning_messages", SK_SEVERITY_WARNING);
	check_messages(load, "warnings_detail", SK_SEVERITY_WARNING);
	json_array_foreach(json_object_get(load->expect, "no_warnings"), i, code)
	{
		if (find(load, SK_SEVERITY_WARNING, json_string_value(code), NULL))
			differs(load, "unexpected %s", json_string_value(code));
	}
	if (json_is_boolean(has) && json_is_true(has) != (load->diagnostics.warnings > 0))
		differs(load, "%u warnings", load->diagnostics.warnings);
	if (count && (json_int_t)load->diagnostics.warnings != json_integer_value(count))
		differs(load, "%u warnings, expected %lld", load->diagnostics.warnings,
			(long long)json_integer_value(count));
}

/* --- what the pack is -------------------------------------------------- */

static const struct sk_pack_rule *rule_named(const struct sk_pack *pack, const char *name)
{
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		if (strcmp(pack->rules[i].name, name) == 0)
			return &pack->rules[i];
	}
	return NULL;
}

static void check_compiled(struct load *load, const struct sk_pack *pack)
{
	const char *name;
	json_t *want;

	json_object_foreach(json_object_get(load->expect, "compiled"), name, want)
	{
		const struct sk_pack_rule *rule = rule_named(pack, name);
		struct sk_buffer text = {0};

		if (rule && rule->tree)
			sk_node_print(rule->tree, &text);
		if (!text.bytes || strcmp(text.bytes, json_string_value(want)) != 0)
			differs(load, "compiled %s, expected %s", text.bytes, json_string_value(want));
		sk_buffer_release(&text);
	}
	json_object_foreach(json_object_get(load->expect, "output"), name, want)
	{
		const struct sk_pack_rule *rule = rule_named(pack, name);

		if (!rule || strcmp(rule->output.bytes, json_string_value(want)) != 0)
			differs(load, "output of %s, expected %s", name, json_string_value(want));
	}
}

/* The value at a path of the reference's description of a pack, as text; NULL for what is not looked at. */
static const char *described(const struct sk_pack *pack, json_t *path, char *buffer, size_t size)
{
	const char *part[5] = {"", "", "", "", ""};
	uint32_t number;

	for (size_t i = 0; i < json_array_size(path) && i < 5; i++)
		part[i] = json_string_value(json_array_get(path, i));
	number = (uint32_t)strtoul(part[1], NULL, 10);
	if (!*part[1]) {
		snprintf(buffer, size, "%u",
			 *part[0] == 'r'   ? pack->rule_count
			 : *part[0] == 'm' ? pack->macro_count
					   : pack->list_count);
		return buffer;
	}
	if (strcmp(part[0], "lists") == 0 && number < pack->list_count) {
		const struct sk_pack_list *list = &pack->lists[number];
		uint32_t item = (uint32_t)strtoul(part[4], NULL, 10);

		if (strcmp(part[3], "items_compiled") == 0 && *part[4])
			return item < list->item_count ? list->items[item].bytes : NULL;
		snprintf(buffer, size, "%u", strcmp(part[3], "items_compiled") == 0 ? list->item_count : 0);
		return buffer;
	}
	if (number >= pack->rule_count)
		return NULL;
	if (strcmp(part[3], "condition") == 0)
		return pack->rules[number].condition.bytes;
	if (strcmp(part[3], "output") == 0)
		return pack->rules[number].output.bytes;
	if (strcmp(part[3], "description") == 0)
		return pack->rules[number].description.bytes;
	if (strcmp(part[3], "capture") == 0)
		return pack->rules[number].capture ? "true" : "false";
	snprintf(buffer, size, "%u", pack->rules[number].capture_duration);
	return buffer;
}

static void check_described(struct load *load, const struct sk_pack *pack)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(load->expect, "describe"), i, entry)
	{
		json_t *want = json_array_get(entry, 2);
		char buffer[32], expected[256];
		const char *have = described(pack, json_array_get(entry, 0), buffer, sizeof(buffer));

		if (json_is_string(want))
			snprintf(expected, sizeof(expected), "%s", json_string_value(want));
		else if (json_is_boolean(want))
			snprintf(expected, sizeof(expected), "%s", json_is_true(want) ? "true" : "false");
		else
			snprintf(expected, sizeof(expected), "%lld", (long long)json_integer_value(want));
		if (!have || strcmp(have, expected) != 0)
			differs(load, "description %zu is %s, expected %s", i, have ? have : "nothing", expected);
	}
}

static void check_pack(struct load *load)
{
	struct sk_output_addition additions[MOST];
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_pack pack;

	if (load->result < 0)
		return;
	sk_sources_init(&sources, &load->arena);
	sk_diagnostics_init(&diagnostics, &sources, &load->arena);
	if (sk_pack_init(&pack, &load->arena, &diagnostics) < 0) {
		differs(load, "no memory");
		return;
	}
	/* The files were read before: their bytes are among the first sources. */
	for (uint32_t i = 0; i < load->sources.count; i++) {
		const struct sk_source_file *read = &load->sources.files[i];
		const struct sk_source_file *file = sk_sources_add(&sources, read->name, read->bytes, read->size);

		sk_pack_load(&pack, file);
		sk_pack_resolve(&pack);
	}
	sk_pack_add_to_outputs(&pack, additions, read_additions(load->item, additions));
	check_compiled(load, &pack);
	check_described(load, &pack);
}

/* --- all cases --------------------------------------------------------- */

static void check_load(json_t *item)
{
	struct load load = {.item = item, .expect = json_object_get(item, "expect"), .id = text_of(item, "id")};
	json_t *ok = json_object_get(load.expect, "ok"), *rules_ok = json_object_get(load.expect, "rules_ok"),
	       *count;
	bool want;

	load_count.cases++;
	if (json_is_null(ok)) {
		load_count.no_verdict++;
		CHECK(is_excused(load.id));
		return;
	}
	want = json_is_true(rules_ok ? rules_ok : ok);
	sk_sources_init(&load.sources, &load.arena);
	sk_diagnostics_init(&load.diagnostics, &load.sources, &load.arena);
	add_inputs(&load);
	compile(&load);
	if ((load.result == 0) != want)
		differs(&load, "result %d", load.result);
	check_codes(&load, "errors", SK_SEVERITY_ERROR);
	check_messages(&load, "messages", SK_SEVERITY_ERROR);
	check_messages(&load, "errors_detail", SK_SEVERITY_ERROR);
	count = json_object_get(load.expect, "errors_count");
	/* The reference stops at the first one. */
	if (count && (json_int_t)load.diagnostics.errors < json_integer_value(count))
		differs(&load, "%u errors", load.diagnostics.errors);
	/* The reference's warnings about files before the one that fails are not repeated here. */
	if (want)
		check_warnings(&load);
	count = json_object_get(load.expect, "enabled_rules");
	if (count && (json_int_t)load.summary.rules_enabled != json_integer_value(count))
		differs(&load, "%u rules enabled, expected %lld", load.summary.rules_enabled,
			(long long)json_integer_value(count));
	check_pack(&load);
	if (load.differs) {
		struct sk_buffer text = {0};

		sk_diagnostics_print(&load.diagnostics, false, &text);
		for (char *line = text.bytes ? strtok(text.bytes, "\n") : NULL; line; line = strtok(NULL, "\n"))
			printf("#   %s\n", line);
		sk_buffer_release(&text);
		test_failures++;
	} else {
		load_count.agree++;
	}
	remove_inputs(&load);
	sk_buffer_release(&load.bundle);
	sk_arena_release(&load.arena);
}

static void check_wildcard(json_t *item)
{
	bool matches =
		sk_selection_matches(text_of(item, "input"), text_of(json_object_get(item, "fields"), "text"));

	wildcard_count.cases++;
	if (matches == json_is_true(json_object_get(json_object_get(item, "expect"), "match"))) {
		wildcard_count.agree++;
	} else {
		printf("# %s: %d\n", text_of(item, "id"), matches);
		test_failures++;
	}
}

/* Calls `visit` for each case of a kind; false if the file is not there. */
static bool each_case(const char *kind, void (*visit)(json_t *item))
{
	char path[1024];
	char *line = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/cases.jsonl", shared_folder());
	file = fopen(path, "re");
	if (!file)
		return false;
	while (getline(&line, &capacity, file) > 0) {
		json_t *item = json_loads(line, JSON_ALLOW_NUL, NULL);

		if (item && strcmp(text_of(item, "kind"), kind) == 0)
			visit(item);
		json_decref(item);
	}
	free(line);
	fclose(file);
	return true;
}

TEST(rules_load_as_in_the_reference)
{
	if (!each_case("rules-load", check_load)) {
		SKIP("no ../shared/data/cases.jsonl");
		return;
	}
	printf("# %u cases, %u agree, %u have no verdict\n", load_count.cases, load_count.agree,
	       load_count.no_verdict);
	CHECK(load_count.agree > 200);
}

TEST(wildcards_match_as_in_the_reference)
{
	if (!each_case("wildcard", check_wildcard)) {
		SKIP("no ../shared/data/cases.jsonl");
		return;
	}
	CHECK(wildcard_count.cases > 10);
}

TEST(official_packs_compile_without_a_word)
{
	static const char *const names[] = {"falco_rules", "falco-incubating_rules", "falco-sandbox_rules"};
	char paths[3][512];
	const char *arguments[3];
	struct sk_compile_options options = {.priority = 7};
	struct sk_compile_summary summary = {0};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena = {0};
	struct sk_buffer bundle = {0};

	for (int i = 0; i < 3; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/data/packs/%s.yaml", shared_folder(), names[i]);
		arguments[i] = paths[i];
	}
	if (access(paths[0], R_OK) < 0) {
		SKIP("no ../shared/data/packs");
		return;
	}
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	CHECK_EQUAL(sk_compile_files(arguments, 3, &options, &diagnostics, &bundle, &summary), 0);
	CHECK_EQUAL(diagnostics.errors, 0);
	CHECK_EQUAL(diagnostics.warnings, 0);
	CHECK_EQUAL(summary.rules, 93);
	CHECK_EQUAL(summary.rules_enabled, 81);
	sk_buffer_release(&bundle);
	sk_arena_release(&arena);
}

TEST_MAIN(RUN(rules_load_as_in_the_reference) RUN(wildcards_match_as_in_the_reference)
		  RUN(official_packs_compile_without_a_word))
