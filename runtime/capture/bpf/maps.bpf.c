/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What all programs share: settings, maps, counters.
 */
#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/sieve.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct sk_capture_config sk_config = {};
const volatile __u8 sk_classes[SK_TYPE_LIMIT] = {};
__u32 sk_consumer_waits = 0;
__u64 sk_unfollowed = 0;
__u32 sk_snap_length = SK_SNAP_LENGTH;

struct sk_scratch_map sk_scratch_areas SEC(".maps");
struct sk_rings_map sk_rings SEC(".maps");
struct sk_tree_map sk_tree SEC(".maps");
struct sk_begun_map sk_begun SEC(".maps");

struct sk_process_classes sk_process = {};
struct sk_filter_counters sk_filter_counters[SK_FILTER_CPUS] = {};
struct sk_filter_paths_map sk_filter_paths SEC(".maps");
struct sk_held_files_map sk_held_files SEC(".maps");
struct sk_held_fds_map sk_held_fds SEC(".maps");
struct sk_held_floors_map sk_held_floors SEC(".maps");
struct sk_told_streams_map sk_told_streams SEC(".maps");
__u32 sk_held_void = 0;
