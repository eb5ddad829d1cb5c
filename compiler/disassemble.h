/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as text for people. */
#ifndef SK_COMPILER_DISASSEMBLE_H
#define SK_COMPILER_DISASSEMBLE_H

#include "vm/bundle.h"
#include "vm/support/buffer.h"

/*
 * Appends the whole bundle: its sections, then each rule with its source line,
 * condition program and output program, each instruction with what it refers
 * to.
 */
void sk_disassemble(const struct sk_bundle *bundle, struct sk_buffer *buffer);

#endif
