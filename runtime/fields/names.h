/* SPDX-License-Identifier: Apache-2.0 */
/* The names of errno values, signals and capabilities (names.def). */
#ifndef SK_FIELDS_NAMES_H
#define SK_FIELDS_NAMES_H

#include <stdint.h>

/* NULL without one. */
const char *sk_errno_name(int64_t number);
const char *sk_signal_name(unsigned number);
const char *sk_capability_name(unsigned bit);

#endif
