/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a rules file that is linted, its comments read. */
#include <stdint.h>

#include "compiler/lint/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_compile_source source = {"fuzz.yaml", (const char *)data, size};
	struct sk_lint_report report = {.work_limit = 2 * 1000 * 1000};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_pack pack;
	struct sk_compile_options options = {.priority = 7, .check_only = true, .ret_pack = &pack};
	struct sk_arena arena;
	struct sk_buffer none = {0}, text = {0};

	sk_arena_init(&arena, 64 * 1024 * 1024);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	if (sk_compile_sources(&source, 1, &options, &diagnostics, &none, NULL) == 0 &&
	    sk_lint_pack(&pack, &report) == 0)
		sk_diagnostics_print(&diagnostics, false, &text);
	sk_buffer_release(&none);
	sk_buffer_release(&text);
	sk_arena_release(&arena);
	return 0;
}
