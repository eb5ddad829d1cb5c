/* SPDX-License-Identifier: Apache-2.0 */
/* A clean stop on SIGINT and SIGTERM. */
#ifndef SK_CLI_SIGNALS_H
#define SK_CLI_SIGNALS_H

#include <stdbool.h>

/* From now on those signals only make sk_signals_stop() true. */
void sk_signals_catch(void);

/* True once one came.  System calls that wait return EINTR then. */
bool sk_signals_stop(void);

#endif
