/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/loss.h"

#include <inttypes.h>

static void print_classes(FILE *file, const uint64_t by_class[SK_EVENT_CLASS_COUNT])
{
	const char *before = " (";

	for (size_t i = 0; i < SK_EVENT_CLASS_COUNT; i++) {
		if (by_class[i] == 0)
			continue;
		fprintf(file, "%s%" PRIu64 " %s", before, by_class[i], sk_event_classes[i].name);
		before = ", ";
	}
	fputc(')', file);
}

void sk_loss_print(FILE *file, const struct sk_capture_stats *stats)
{
	for (size_t cause = 0; cause < SK_LOSS_COUNT; cause++) {
		uint64_t sum = sk_capture_sum(stats->lost[cause]);

		fprintf(file, "%s%" PRIu64 " %s", cause == 0 ? "; drops: " : ", ", sum, sk_loss_names[cause]);
		if (sum > 0)
			print_classes(file, stats->lost[cause]);
	}
	if (stats->skipped > 0)
		fprintf(file, ", %" PRIu64 " skipped by the kernel", stats->skipped);
	if (stats->disordered > 0)
		fprintf(file, ", %" PRIu64 " out of order", stats->disordered);
	if (stats->unfollowed > 0)
		fprintf(file, ", %" PRIu64 " processes not followed", stats->unfollowed);
}
