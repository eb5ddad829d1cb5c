/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The table of recipes.def:
 *
 *   sk_recipes[SK_RECIPE_SYSCALL_RENAMEAT_X] ──► RESULT FD(0) TEXT(1) FD(2) TEXT(3) END
 *
 * A step is four bytes: what, argument, bytes, and what `what` needs besides.
 */
#ifndef SK_CAPTURE_BPF_RECIPES_H
#define SK_CAPTURE_BPF_RECIPES_H

#include "runtime/capture/bpf/flag_maps.h"

enum sk_step_kind {
	SK_STEP_END,
	SK_STEP_RESULT,
	SK_STEP_SIGNED,
	SK_STEP_NUMBER,
	SK_STEP_NUMBER_PAIR,
	SK_STEP_FLAGS,
	SK_STEP_TEXT,
	SK_STEP_TEXT_RESULT,
	SK_STEP_DATA,
	SK_STEP_RECEIVED,
	SK_STEP_BYTES,
	SK_STEP_ADDRESS,
	SK_STEP_USER,
	SK_STEP_USER_ALWAYS,
	SK_STEP_USER_SIGNED,
	SK_STEP_USER_FLAGS,
	SK_STEP_LIMIT,
	SK_STEP_LIMIT_ALWAYS,
	SK_STEP_PIPE_INODE,
	SK_STEP_DURATION,
	SK_STEP_CAPABILITIES,
	SK_STEP_MEMORY,
	SK_STEP_ZERO,
	SK_STEP_SYSCALL,
	SK_STEP_NATIVE,
};

struct sk_step {
	__u8 kind;     /* enum sk_step_kind */
	__u8 argument; /* of the call */
	__u8 width;    /* bytes of the parameter; 0: as long as it is */
	__u8 extra;    /* map, offset, size argument, which */
};

enum { SK_STEPS_MAX = 10 };

struct sk_recipe {
	struct sk_step steps[SK_STEPS_MAX + 1];
};

enum sk_recipe_number {
#define SK_RECIPE(event, ...) SK_RECIPE_##event,
#include "runtime/capture/bpf/recipes.def"
	SK_RECIPE_COUNT
};

#define RESULT {SK_STEP_RESULT, 0, 8, 0},
#define RESULT_NUMBER(bytes) {SK_STEP_RESULT, 0, bytes, 0},
#define FD(a) {SK_STEP_SIGNED, a, 8, 0},
#define PID(a) {SK_STEP_SIGNED, a, 8, 0},
#define NUMBER(a, bytes) {SK_STEP_NUMBER, a, bytes, 0},
#define NUMBER_PAIR(a, bytes) {SK_STEP_NUMBER_PAIR, a, bytes, 0},
#define FLAGS(a, map, bytes) {SK_STEP_FLAGS, a, bytes, SK_MAP_##map},
#define TEXT(a) {SK_STEP_TEXT, a, 0, 0},
#define TEXT_RESULT(a) {SK_STEP_TEXT_RESULT, a, 0, 0},
#define DATA(a, size) {SK_STEP_DATA, a, 0, size},
#define RECEIVED(a) {SK_STEP_RECEIVED, a, 0, 0},
#define BYTES(a, size) {SK_STEP_BYTES, a, 0, size},
#define ADDRESS(a, size) {SK_STEP_ADDRESS, a, 0, size},
#define USER(a, offset, bytes) {SK_STEP_USER, a, bytes, offset},
#define USER_ALWAYS(a, offset, bytes) {SK_STEP_USER_ALWAYS, a, bytes, offset},
#define USER_FD(a, offset) {SK_STEP_USER_SIGNED, a, 8, offset},
#define USER_FLAGS(a, offset, map) {SK_STEP_USER_FLAGS, a, offset, SK_MAP_##map},
#define LIMIT(a, which) {SK_STEP_LIMIT, a, 8, which},
#define LIMIT_ALWAYS(a, which) {SK_STEP_LIMIT_ALWAYS, a, 8, which},
#define PIPE_INODE(a) {SK_STEP_PIPE_INODE, a, 8, 0},
#define DURATION(a) {SK_STEP_DURATION, a, 8, 0},
#define CAPABILITIES(which) {SK_STEP_CAPABILITIES, 0, 8, which},
#define MEMORY(which) {SK_STEP_MEMORY, 0, 4, which},
#define ZERO(bytes) {SK_STEP_ZERO, 0, bytes, 0},
#define SYSCALL {SK_STEP_SYSCALL, 0, 2, 0},
#define NATIVE {SK_STEP_NATIVE, 0, 2, 0},
#define NOTHING {SK_STEP_END, 0, 0, 0},

static const struct sk_recipe sk_recipes[SK_RECIPE_COUNT] = {
#define SK_RECIPE(event, ...) [SK_RECIPE_##event] = {{__VA_ARGS__}},
#include "runtime/capture/bpf/recipes.def"
};

#undef RESULT
#undef RESULT_NUMBER
#undef FD
#undef PID
#undef NUMBER
#undef NUMBER_PAIR
#undef FLAGS
#undef TEXT
#undef TEXT_RESULT
#undef DATA
#undef RECEIVED
#undef BYTES
#undef ADDRESS
#undef USER
#undef USER_ALWAYS
#undef USER_FD
#undef USER_FLAGS
#undef LIMIT
#undef LIMIT_ALWAYS
#undef PIPE_INODE
#undef DURATION
#undef CAPABILITIES
#undef MEMORY
#undef ZERO
#undef SYSCALL
#undef NATIVE
#undef NOTHING

#endif
