/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bundle.h"

const struct sk_op_info sk_ops[SK_OP_COUNT] = {
#define SK_OP(id, text, takes, jump, kind, last, what)                                                             \
	[SK_OP_##id] = {.name = text,                                                                              \
			.meaning = what,                                                                           \
			.operand = SK_OP_OPERAND_##takes,                                                          \
			.jumps = SK_OP_JUMPS_##jump,                                                               \
			.program = SK_OP_PROGRAM_##kind,                                                           \
			.ends = last},
#include "vm/ops.def"
};

const char *const sk_priority_names[8] = {
	"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug",
};
