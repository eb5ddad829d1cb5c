/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linter: what is wrong with the meaning of rules that compile.
 *
 *   sk_compile_*(options with .ret_pack) ─► pack ─► sk_lint_pack()
 *        │                                            │
 *        │ LOAD_* diagnostics                         │ findings (grammar/findings.def)
 *        ▼                                            ▼
 *   struct sk_diagnostics ◄───────────────────────────┘
 *        │ comments take warnings out
 *        ▼
 *   what is left; report.allowed has what was taken out, and why
 *
 * Findings are diagnostics like those of the compiler, all of them warnings.
 * A finding says what is true of every event (docs/lint.md): what cannot be
 * proven within the limits of work is not said.
 */
#ifndef SK_COMPILER_LINT_H
#define SK_COMPILER_LINT_H

#include "compiler/compile.h"

/* What evaluating a rule costs, judged by its text. */
struct sk_lint_cost {
	const struct sk_pack_rule *rule;
	uint32_t event_types; /* current events that it is tried for, of 1 .. */
	uint32_t comparisons; /* different ones, by what their values follow from: */
	uint32_t by_thread;   /* the process: remembered, next to free */
	uint32_t by_lineage;  /* its ancestors: remembered too */
	uint32_t by_file;     /* the event's fd */
	uint32_t by_event;    /* the event alone: asked for each one */
	uint32_t patterns;    /* of those, regex and glob */
	uint32_t nanoseconds; /* all values taken and all comparisons made once, roughly */
	uint32_t repeated;    /* the same without what is remembered of processes */
};

/* A warning that a comment allows. */
struct sk_lint_allowed {
	struct sk_diagnostic diagnostic;
	const char *reason;
};

/* Zero it first.  Everything in it lives in the arena of the diagnostics. */
struct sk_lint_report {
	struct sk_lint_cost *costs; /* of every rule that compiles, in order of evaluation */
	uint32_t cost_count;
	struct sk_lint_allowed *allowed;
	uint32_t allowed_count;
	uint64_t work_limit; /* steps of reasoning about rules, and about parts; 0: enough for thousands of rules */
};

/*
 * Lints what a compile without errors left in sk_compile_options.ret_pack, while
 * the arena of its diagnostics lives: adds findings to them, then takes the
 * warnings that comments allow out, those of the compile among them.  0 or
 * -ENOMEM.
 */
int sk_lint_pack(struct sk_pack *pack, struct sk_lint_report *report);

/*
 * All of it for files, as sk_compile_files() without a bundle; its errors.
 * `options` may be NULL; its members `check_only` and `ret_pack` do not count.
 */
int sk_lint_files(const char *const *paths, size_t path_count, const struct sk_compile_options *options,
		  struct sk_diagnostics *diagnostics, struct sk_compile_summary *ret_summary,
		  struct sk_lint_report *report);

#endif
