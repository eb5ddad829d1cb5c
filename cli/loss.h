/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture lost, in a line. */
#ifndef SK_CLI_LOSS_H
#define SK_CLI_LOSS_H

#include <stdio.h>

#include "runtime/capture/capture.h"

/*
 * "; drops: 12 ring full (10 open, 2 close), 0 too large, 0 no scratch": totals
 * by cause, and of a cause that is not 0 the classes.  Ends without a newline.
 */
void sk_loss_print(FILE *file, const struct sk_capture_stats *stats);

#endif
