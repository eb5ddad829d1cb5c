/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler says about the packs of tests/lang/: expected_packs.h. */
#include "tests/unit/compiler/expected_packs.h"

static int compile(const char *path, struct sk_diagnostics *diagnostics)
{
	const char *paths[1] = {path};
	struct sk_compile_options options = {.priority = 7};
	struct sk_buffer bundle = {0};
	int result = sk_compile_files(paths, 1, &options, diagnostics, &bundle, NULL);

	sk_buffer_release(&bundle);
	return result;
}

TEST(packs_are_said_about_what_they_expect)
{
	check_packs("tests/lang", 20, compile);
}

TEST_MAIN(RUN(packs_are_said_about_what_they_expect))
