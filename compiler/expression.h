/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition and one output format, as a user writes them on a command
 * line, made the only rule of a bundle.
 */
#ifndef SK_COMPILER_EXPRESSION_H
#define SK_COMPILER_EXPRESSION_H

#include <stdbool.h>

#include "grammar/diagnostic.h"
#include "vm/support/buffer.h"

struct sk_expression {
	const char *filter; /* a condition without macros and lists; NULL: every event */
	const char *format; /* an output; NULL: nobody asks for it */
	bool every_type;    /* the rule is tried for every type, even those that the filter rules out */
};

/*
 * Compiles it into a bundle, appended to `ret_bundle`.  Mistakes go to
 * `diagnostics`, in files named `filter` and `format`; its arena holds what the
 * compile needs.  Returns 0; -EINVAL if there was an error; -ENOMEM.
 */
int sk_compile_expression(const struct sk_expression *expression, struct sk_diagnostics *diagnostics,
			  struct sk_buffer *ret_bundle);

#endif
