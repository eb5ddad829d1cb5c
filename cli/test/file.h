/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of rule tests (docs/testing.md):
 *
 *   rules, tests ─► case ─┬─► what was there and happened ─► a capture
 *                         └─► which rules fire, and which do not
 */
#ifndef SK_CLI_TEST_FILE_H
#define SK_CLI_TEST_FILE_H

#include "cli/test/decode.h"
#include "compiler/field.h"

/* The value that a field must have when the rule fires. */
struct sk_test_field {
	struct sk_span span;
	const char *name;
	struct sk_resolved_field field;
	const char *value; /* as outputs show it; NULL: it has none */
};

/* A rule that fires, or is silent. */
struct sk_test_expectation {
	struct sk_span span; /* of its name */
	const char *rule;
	uint32_t event; /* of the case, from 1; 0: any */
	int64_t count;  /* how often; -1: at least once */
	struct sk_test_field *fields;
	uint32_t field_count;
	const char *output;   /* what the output contains; NULL: anything */
	const char *evidence; /* what its evidence contains; NULL: anything */
	struct sk_span output_span, evidence_span;
};

struct sk_test_case {
	const char *name;
	struct sk_span span;
	const struct sk_sources *sources; /* what spans of the case belong to */
	const char **packs;               /* paths */
	struct sk_span *pack_spans;
	uint32_t pack_count;
	const char *capture_path; /* NULL: the case describes what happened */
	bool optional;            /* skipped if the capture is not there */
	const char *capture;      /* bytes of what it describes */
	size_t capture_size;
	const uint32_t *owners; /* of each event of `capture`: which of the case, from 1; 0: none */
	struct sk_span *event_spans;
	uint32_t owner_count, event_count;
	struct sk_test_expectation *fires, *silent;
	uint32_t fires_count, silent_count;
	bool all_others_silent; /* no rule that the packs enable fires, but those that are named */
};

struct sk_test_file {
	const char *path;
	struct sk_test_case *cases;
	uint32_t count;
};

/*
 * Reads a file, which belongs to the diagnostics' sources, into the reader's arena.  Cases that are wrong are
 * reported and left out.  0; -EINVAL after an error; -ENOMEM.
 */
int sk_test_file_read(struct sk_test_reader *reader, const struct sk_source_file *source,
		      struct sk_test_file *ret_file);

#endif
