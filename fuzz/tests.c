/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as files of rule tests: read, what they describe made captures, and
 * those that are right played through the sensor with a rule that looks at all
 * of it.
 */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>

#include "cli/test/file.h"
#include "cli/test/play.h"
#include "compiler/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sk_buffer compiled;
static struct sk_bundle bundle;

static void compile_once(void)
{
	static const char pack[] =
		"- rule: r\n"
		"  desc: d\n"
		"  condition: proc.cmdline contains x or fd.name contains x or proc.aname = x or "
		"container.image contains x or user.name = x or evt.args contains x or proc.env contains x\n"
		"  output: '%evt.args %proc.cmdline %fd.name %container.info %user.name'\n"
		"  priority: INFO\n"
		"  warn_evttypes: false\n";
	const struct sk_compile_source source = {"pack.yaml", pack, sizeof(pack) - 1};
	const struct sk_compile_options options = {.priority = 7};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;

	if (compiled.length)
		return;
	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	if (sk_compile_sources(&source, 1, &options, &diagnostics, &compiled, NULL) < 0 ||
	    sk_bundle_from_memory(compiled.bytes, compiled.length, &bundle, NULL) < 0)
		abort();
	sk_arena_release(&arena);
}

static void play(const struct sk_test_case *test)
{
	const struct sk_test_capture capture = {.bytes = test->capture,
						.size = test->capture_size,
						.owners = test->owners,
						.owner_count = test->owner_count};
	struct sk_error error = {0};
	int result = sk_test_play(&bundle, &capture, SK_VM_ENGINE_ROWS, NULL, NULL, NULL, &error);

	/* What we make ourselves is a capture that can be read to its end. */
	if (result < 0) {
		fprintf(stderr, "%s\n", error.message);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;
	struct sk_test_reader reader = {.arena = &arena, .diagnostics = &diagnostics};
	const struct sk_source_file *source;
	struct sk_buffer text = {0};
	struct sk_test_file file;

	compile_once();
	sk_arena_init(&arena, 64 * 1024 * 1024);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	source = sk_sources_add(&sources, "folder/tests.yaml", (const char *)data, size);
	if (source && sk_test_file_read(&reader, source, &file) != -12) {
		for (uint32_t i = 0; i < file.count && i < 20; i++) {
			if (file.cases[i].capture)
				play(&file.cases[i]);
		}
		sk_diagnostics_print(&diagnostics, false, &text);
	}
	sk_buffer_release(&text);
	sk_arena_release(&arena);
	return 0;
}
