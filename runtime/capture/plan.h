/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls reach the BPF programs, and which program each.
 */
#ifndef SK_CAPTURE_PLAN_H
#define SK_CAPTURE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/capture/bpf/shared.h"

/*
 * Fills the table: bit n of `syscalls` (word n / 64) selects the schema's
 * system call n, and those that the state needs are always selected.
 * Calls without a program of their own become generic events.
 */
void sk_capture_plan(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_NUMBERS_END]);

/* The calls in the table whose paths and addresses are told when they begin, too: open and connect. */
void sk_capture_plan_enter(struct sk_dispatch table[SK_NUMBERS_END]);

/* The calls in the table whose paths are kept when they begin: all that do something with a path. */
void sk_capture_plan_begun(struct sk_dispatch table[SK_NUMBERS_END]);

/*
 * The same for operations of io_uring, by opcode (runtime/capture/bpf/uring.def): those whose
 * system call is selected have a program that is not 0.  False if there are none.
 */
bool sk_capture_plan_uring(const uint64_t *syscalls, size_t words, struct sk_dispatch table[SK_URING_OPCODES]);

/* True if the set has this name: of a tracepoint, which the schema numbers among the system calls. */
bool sk_capture_selects(const uint64_t *syscalls, size_t words, const char *name);

#endif
