/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as rules files: loaded, resolved, and compiled if they are right.  A
 * line of `%%` divides the input into files that are loaded one after another.
 */
#include <stdint.h>
#include <string.h>

#include "compiler/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data, *end = bytes + size;
	struct sk_compile_options options = {.priority = 7};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_pack pack;
	struct sk_arena arena;
	struct sk_buffer bundle = {0}, text = {0};

	sk_arena_init(&arena, 64 * 1024 * 1024);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	if (sk_pack_init(&pack, &arena, &diagnostics) < 0)
		return 0;
	while (bytes <= end && !diagnostics.out_of_memory) {
		const char *next = memmem(bytes, (size_t)(end - bytes), "\n%%\n", 4);
		size_t length = (size_t)((next ? next : end) - bytes);
		const struct sk_source_file *file = sk_sources_add(&sources, "fuzz.yaml", bytes, length);

		if (!file || sk_pack_load(&pack, file) == -12 || sk_pack_resolve(&pack) == -12)
			break;
		bytes = next ? next + 4 : end + 1;
	}
	if (!diagnostics.errors && !diagnostics.out_of_memory &&
	    sk_compile_pack(&pack, &options, &bundle, NULL) == 0)
		sk_pack_report_unused(&pack);
	if (!diagnostics.out_of_memory)
		sk_diagnostics_print(&diagnostics, false, &text);
	sk_buffer_release(&bundle);
	sk_buffer_release(&text);
	sk_arena_release(&arena);
	return 0;
}
