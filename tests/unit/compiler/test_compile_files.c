/* SPDX-License-Identifier: Apache-2.0 */
/* Rules files and folders of them, loaded in turn. */
#include "compiler/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

#define REST "  desc: d\n  output: o\n  priority: DEBUG\n"

struct folder {
	char path[64];
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer bundle;
	struct sk_compile_summary summary;
};

static void begin(struct folder *folder)
{
	memset(folder, 0, sizeof(*folder));
	strcpy(folder->path, "/tmp/saker-compile-XXXXXX");
	CHECK(mkdtemp(folder->path) != NULL);
	sk_sources_init(&folder->sources, &folder->arena);
	sk_diagnostics_init(&folder->diagnostics, &folder->sources, &folder->arena);
}

static void end(struct folder *folder)
{
	char command[128];

	sk_buffer_release(&folder->bundle);
	sk_arena_release(&folder->arena);
	snprintf(command, sizeof(command), "rm -r %s", folder->path);
	CHECK_EQUAL(system(command), 0);
}

static void write_file(const struct folder *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "we");
	CHECK(file != NULL);
	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

static int compile(struct folder *folder, const char *name)
{
	struct sk_compile_options options = {.priority = 7};
	char path[256];
	const char *paths[1] = {path};

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return sk_compile_files(paths, 1, &options, &folder->diagnostics, &folder->bundle, &folder->summary);
}

static uint32_t said(const struct folder *folder, const char *code, const char *message)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < folder->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &folder->diagnostics.items[i];

		count += strcmp(sk_diagnostic_infos[item->id].code, code) == 0 && strstr(item->message, message);
	}
	return count;
}

TEST(a_folder_stands_for_its_rules_files_by_name)
{
	struct folder folder;
	char path[128];

	begin(&folder);
	write_file(&folder, "20-b.yml", "- rule: r\n  condition: m\n" REST);
	write_file(&folder, "10-a.yaml", "- macro: m\n  condition: evt.type = open\n");
	write_file(&folder, "15.txt", "not: [yaml");
	write_file(&folder, ".hidden", "not: [yaml");
	snprintf(path, sizeof(path), "%s/sub.yaml", folder.path);
	CHECK_EQUAL(mkdir(path, 0700), 0);
	CHECK_EQUAL(compile(&folder, ""), 0);
	CHECK_EQUAL(folder.diagnostics.count, 0);
	CHECK_EQUAL(folder.sources.count, 2);
	CHECK_EQUAL(folder.summary.rules_enabled, 1);
	CHECK_EQUAL(folder.summary.macros, 1);
	CHECK(folder.bundle.length > 0);
	end(&folder);
}

TEST(a_file_that_cannot_be_read_is_told)
{
	struct folder folder;

	begin(&folder);
	CHECK_EQUAL(compile(&folder, "missing.yaml"), -EINVAL);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_FILE_READ", "missing.yaml: No such file"), 1);
	CHECK_EQUAL(folder.bundle.length, 0);
	end(&folder);
	begin(&folder);
	CHECK_EQUAL(compile(&folder, ""), -EINVAL);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_FILE_READ", "no rules file"), 1);
	end(&folder);
}

TEST(a_later_file_heals_nothing)
{
	static const struct {
		const char *first, *second, *code;
	} cases[] = {
		{"- rule: r\n  condition: m\n" REST, "- macro: m\n  condition: evt.type = open\n",
		 "LOAD_ERR_VALIDATE"},
		{"- rule: r\n  condition: evt.type = open and proc.nmae = a\n" REST,
		 "- rule: r\n  condition: evt.type = open\n" REST, "LOAD_ERR_COMPILE_CONDITION"},
		{"- rule: r\n  condition: evt.type in (l)\n" REST, "- list: l\n  items: [open]\n",
		 "LOAD_ERR_COMPILE_CONDITION"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct folder folder;

		begin(&folder);
		write_file(&folder, "1.yaml", cases[i].first);
		write_file(&folder, "2.yaml", cases[i].second);
		CHECK_EQUAL(compile(&folder, ""), -EINVAL);
		CHECK_EQUAL(folder.diagnostics.errors, 1);
		CHECK_EQUAL(said(&folder, cases[i].code, ""), 1);
		end(&folder);
	}
}

TEST(a_later_file_can_break_an_earlier_one)
{
	struct folder folder;

	begin(&folder);
	write_file(&folder, "1.yaml",
		   "- list: l\n  items: [open]\n- macro: m\n  condition: evt.type in (l)\n"
		   "- rule: r\n  condition: m\n" REST);
	write_file(&folder, "2.yaml", "- list: l\n  items: [opne]\n  override: {items: append}\n");
	write_file(&folder, "3.yaml", "- list: l\n  items: [openat]\n");
	CHECK_EQUAL(compile(&folder, ""), -EINVAL);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_COMPILE_CONDITION", "unknown event type opne"), 1);
	end(&folder);
}

TEST(errors_of_all_files_are_shown)
{
	struct folder folder;

	begin(&folder);
	write_file(&folder, "1.yaml", "- rule: r\n  condition: undefined_1\n" REST);
	write_file(&folder, "2.yaml", "- a: b: c\n");
	write_file(&folder, "3.yaml", "- rule: s\n  condition: evt.type = opne\n" REST);
	CHECK_EQUAL(compile(&folder, ""), -EINVAL);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_VALIDATE", "undefined_1"), 1);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_YAML_PARSE", ""), 1);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_COMPILE_CONDITION", "opne"), 1);
	CHECK_EQUAL(folder.diagnostics.errors, 3);
	end(&folder);
}

TEST(a_warning_is_given_once_and_only_if_it_still_holds)
{
	struct folder folder;

	begin(&folder);
	write_file(&folder, "1.yaml",
		   "- macro: unused\n  condition: evt.type = open\n"
		   "- rule: r\n  condition: proc.name = a\n" REST "- rule: s\n  condition: proc.name = b\n" REST);
	write_file(&folder, "2.yaml", "- rule: t\n  condition: evt.type = open\n" REST "  oops: 1\n");
	write_file(&folder, "3.yaml", "- rule: s\n  condition: evt.type = open and proc.name = b\n" REST);
	CHECK_EQUAL(compile(&folder, ""), 0);
	CHECK_EQUAL(said(&folder, "LOAD_NO_EVTTYPE", ""), 1);
	CHECK_EQUAL(said(&folder, "LOAD_UNKNOWN_KEY", "oops"), 1);
	CHECK_EQUAL(said(&folder, "LOAD_UNUSED_MACRO", ""), 1);
	CHECK_EQUAL(folder.diagnostics.warnings, 3);
	CHECK_EQUAL(folder.diagnostics.count, 3);
	end(&folder);
}

TEST(text_is_added_to_outputs_that_match)
{
	static const char *const tags[] = {"a"};
	const struct sk_output_addition additions[] = {{.rule = "r", .output = "file=%fd.name"},
						       {.tags = tags, .tag_count = 1, .output = "pid=%proc.nmae"},
						       {.source = "other", .output = "%none"}};
	struct sk_compile_options options = {.priority = 7, .additions = additions, .addition_count = 1};
	const char *paths[1];
	struct folder folder;
	char path[128];

	begin(&folder);
	write_file(&folder, "1.yaml", "- rule: r\n  condition: evt.type = open\n" REST "  tags: [a]\n");
	snprintf(path, sizeof(path), "%s/1.yaml", folder.path);
	paths[0] = path;
	CHECK_EQUAL(sk_compile_files(paths, 1, &options, &folder.diagnostics, &folder.bundle, NULL), 0);
	options.addition_count = 3;
	CHECK_EQUAL(sk_compile_files(paths, 1, &options, &folder.diagnostics, &folder.bundle, NULL), -EINVAL);
	CHECK_EQUAL(said(&folder, "LOAD_ERR_COMPILE_OUTPUT", "unknown filter"), 1);
	end(&folder);
}

TEST(files_from_memory_are_compiled_as_those_from_disk)
{
	static const char first[] = "- macro: m\n  condition: evt.type = open\n";
	static const char second[] = "- rule: r\n  condition: m and proc.name = a\n" REST;
	struct sk_compile_options options = {.priority = 7};
	struct folder memory, disk;
	const struct sk_compile_source sources[] = {{"a.yaml", first, strlen(first)},
						    {"b.yaml", second, strlen(second)}};
	struct sk_pack pack = {0};

	begin(&disk);
	begin(&memory);
	write_file(&disk, "a.yaml", first);
	write_file(&disk, "b.yaml", second);
	CHECK_EQUAL(compile(&disk, ""), 0);
	options.ret_pack = &pack;
	CHECK_EQUAL(sk_compile_sources(sources, 2, &options, &memory.diagnostics, &memory.bundle, &memory.summary),
		    0);
	CHECK_EQUAL(memory.summary.rules, 1);
	CHECK_EQUAL(memory.summary.predicates, disk.summary.predicates);
	CHECK(memory.bundle.length > 0);
	CHECK_EQUAL(pack.rule_count, 1);
	CHECK_EQUAL(pack.macro_count, 1);
	CHECK(pack.rules && pack.rules[0].tree);
	end(&memory);
	end(&disk);
}

TEST_MAIN(RUN(files_from_memory_are_compiled_as_those_from_disk) RUN(a_folder_stands_for_its_rules_files_by_name)
		  RUN(a_file_that_cannot_be_read_is_told) RUN(a_later_file_heals_nothing)
			  RUN(a_later_file_can_break_an_earlier_one) RUN(errors_of_all_files_are_shown)
				  RUN(a_warning_is_given_once_and_only_if_it_still_holds)
					  RUN(text_is_added_to_outputs_that_match))
