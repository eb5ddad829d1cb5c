/* SPDX-License-Identifier: Apache-2.0 */
/* What a sensor says of itself while it runs: --stats. */
#ifndef SK_CLI_STATS_H
#define SK_CLI_STATS_H

#include "cli/engine.h"
#include "runtime/capture/capture.h"

/*
 * Writes one line of JSON to standard error, at once: counts since the start,
 * and what is held now.
 */
void sk_stats_print(const struct sk_engine *engine, const struct sk_capture *capture);

#endif
