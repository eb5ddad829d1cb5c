/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which a profile is told. */
#ifndef SK_CLI_PROFILE_REPORT_H
#define SK_CLI_PROFILE_REPORT_H

#include "cli/profile/figures.h"
#include "cli/profile/suggest.h"

/* For people: at most `most` lines a table, 0 for all.  `suggestions` may be NULL. */
void sk_report_print_text(const struct sk_figures *figures, const struct sk_suggestions *suggestions, uint32_t most,
			  struct sk_buffer *buffer);

/* One object, with every rule, question and predicate.  `suggestions` may be NULL. */
void sk_report_print_json(const struct sk_figures *figures, const struct sk_suggestions *suggestions,
			  struct sk_buffer *buffer);

/* A picture that stands alone: event type, questions in order, rules; width is time. */
int sk_report_print_svg(const struct sk_figures *figures, struct sk_buffer *buffer);

#endif
