/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What all programs share: settings, maps, counters.
 */
#include "runtime/capture/bpf/event.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct sk_capture_config sk_config = {};
const volatile __u8 sk_classes[SK_TYPE_LIMIT] = {};
__u32 sk_consumer_waits = 0;
__u64 sk_unfollowed = 0;
__u32 sk_snap_length = SK_SNAP_LENGTH;

struct sk_scratch_map sk_scratch_areas SEC(".maps");
struct sk_rings_map sk_rings SEC(".maps");
struct sk_tree_map sk_tree SEC(".maps");
