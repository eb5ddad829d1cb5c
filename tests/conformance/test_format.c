/* SPDX-License-Identifier: Apache-2.0 */
/* The official packs laid out: nothing but their lines changes. */
#include "tests/unit/format/formatting.h"

TEST(the_layout_of_the_official_packs_is_stable_and_gives_the_same_bundle)
{
	const char *shared = getenv("SK_SHARED");
	unsigned refused = 0, compiled = 0, count;
	char folder[256];

	snprintf(folder, sizeof(folder), "%s/data/packs", shared ? shared : "../shared");
	count = check_folder(folder, &refused, &compiled);
	if (!count) {
		SKIP("no packs in ../shared/data/packs");
		return;
	}
	printf("# %u packs, %u of them with a bundle\n", count, compiled);
	CHECK_EQUAL(refused, 0);
	CHECK(compiled >= 4);
}

TEST_MAIN(RUN(the_layout_of_the_official_packs_is_stable_and_gives_the_same_bundle))
