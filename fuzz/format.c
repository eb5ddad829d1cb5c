/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a rules file to lay out.  Where that works, laying out the result
 * gives it again, and both compile to the same bundle but for the places of
 * predicates and rules.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/format/format.h"
#include "vm/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int format_text(const char *bytes, size_t size, struct sk_buffer *text)
{
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;
	int result;

	sk_arena_init(&arena, 64 * 1024 * 1024);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	result = sk_format_pack("fuzz.yaml", bytes, size, &diagnostics, text);
	/* A gap in the formatter is a finding; other refusals are not. */
	for (uint32_t i = 0; result == -22 && i < diagnostics.count; i++) {
		if (strstr(diagnostics.items[i].message, "without a change of what it says"))
			abort();
	}
	sk_arena_release(&arena);
	return result;
}

static int compile_text(const char *bytes, size_t size, struct sk_buffer *bundle)
{
	struct sk_compile_source source = {.name = "fuzz.yaml", .bytes = bytes, .size = size};
	struct sk_compile_options options = {.priority = 7};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;
	int result;

	sk_arena_init(&arena, 64 * 1024 * 1024);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	result = sk_compile_sources(&source, 1, &options, &diagnostics, bundle, NULL);
	sk_arena_release(&arena);
	return result;
}

static void compare_bundles(const struct sk_buffer *left, const struct sk_buffer *right)
{
	struct sk_bundle one, other;
	struct sk_error error;

	if (sk_bundle_from_memory(left->bytes, left->length, &one, &error) < 0 ||
	    sk_bundle_from_memory(right->bytes, right->length, &other, &error) < 0)
		abort();
#define SK_SECTION(id, member, record, what)                                                                       \
	if (SK_SECTION_##id != SK_SECTION_LOCATIONS &&                                                             \
	    (one.member##_count != other.member##_count ||                                                         \
	     memcmp(one.member, other.member, one.member##_count * sizeof(record)) != 0))                          \
		abort();
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_buffer once = {0}, twice = {0}, before = {0}, after = {0};

	if (format_text((const char *)data, size, &once) == 0) {
		const char *bytes = once.bytes ? once.bytes : "";
		int result = format_text(bytes, once.length, &twice);

		if (result == -22 ||
		    (result == 0 && (once.length != twice.length ||
				     (once.length && memcmp(bytes, twice.bytes, once.length) != 0))))
			abort();
		if (compile_text((const char *)data, size, &before) == 0) {
			result = compile_text(bytes, once.length, &after);
			if (result == -22)
				abort();
			if (result == 0)
				compare_bundles(&before, &after);
		}
	}
	sk_buffer_release(&once);
	sk_buffer_release(&twice);
	sk_buffer_release(&before);
	sk_buffer_release(&after);
	return 0;
}
