/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs: the format of a rule as a program that writes literals and fields
 * (spec/rule-language.md section 4.1), with the suggested fields of the
 * container behind it (section 4.4).
 */
#ifndef SK_COMPILER_OUTPUT_H
#define SK_COMPILER_OUTPUT_H

#include "compiler/check.h"

struct sk_output_program {
	const struct sk_instruction *instructions; /* operands are numbers of the IR; rules may share them */
	uint32_t count;
};

/*
 * Builds the program of a format.  Issues are left in `check`, which `failed`
 * says are errors.  Returns 0 or -ENOMEM; the program is empty after errors.
 */
int sk_output_build(struct sk_check *check, struct sk_sources *sources, const struct sk_text *format,
		    struct sk_output_program *ret_program);

#endif
