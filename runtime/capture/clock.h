/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SK_CAPTURE_CLOCK_H
#define SK_CAPTURE_CLOCK_H

#include <stdint.h>

/* When the kernel's boot clock was 0, in ns since the epoch; now, that is: clocks are set. */
uint64_t sk_clock_boot_time(void);

/* ns on the boot clock. */
uint64_t sk_clock_boot(void);

#endif
