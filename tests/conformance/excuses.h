/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded cases that need not agree: tests/excused-cases.txt, one id a line,
 * then two blanks and `# reason`.
 */
#ifndef SK_TESTS_CONFORMANCE_EXCUSES_H
#define SK_TESTS_CONFORMANCE_EXCUSES_H

#include <stdio.h>
#include <string.h>

#include "tests/test.h"

enum { MOST_EXCUSES = 10 };

static struct {
	char ids[MOST_EXCUSES][256];
	int count;
	bool read;
} excuses;

static void read_excuses(void)
{
	FILE *file = fopen("tests/excused-cases.txt", "re");
	char line[1024];

	excuses.read = true;
	CHECK(file != NULL);
	while (file && fgets(line, sizeof(line), file)) {
		char *reason = strstr(line, "  # ");

		if (*line == '#' || *line == '\n')
			continue;
		/* One without a reason is none, and there are no more than ten. */
		CHECK(reason != NULL && strlen(reason) > 10);
		CHECK(excuses.count < MOST_EXCUSES);
		if (!reason || excuses.count == MOST_EXCUSES)
			continue;
		*reason = '\0';
		snprintf(excuses.ids[excuses.count++], sizeof(excuses.ids[0]), "%.255s", line);
	}
	if (file)
		fclose(file);
}

static bool is_excused(const char *id)
{
	if (!excuses.read)
		read_excuses();
	for (int i = 0; i < excuses.count; i++) {
		if (strcmp(excuses.ids[i], id) == 0)
			return true;
	}
	return false;
}

#endif
