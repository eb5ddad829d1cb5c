/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Why an event was lost (loss.def), for the programs and for user space.
 */
#ifndef SK_CAPTURE_BPF_LOSS_H
#define SK_CAPTURE_BPF_LOSS_H

enum sk_loss {
#define SK_LOSS(id, name, meaning) SK_LOSS_##id,
#include "runtime/capture/bpf/loss.def"
	SK_LOSS_COUNT
};

#endif
