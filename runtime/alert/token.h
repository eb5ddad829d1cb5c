/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of an output for the event that is current in an engine, one
 * token at a time.
 */
#ifndef SK_ALERT_TOKEN_H
#define SK_ALERT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

/* The field that an expression of the bundle is; -1 if it is a transformer. */
int sk_token_field(const struct sk_bundle *bundle, uint32_t expression);

/* True if it is a time of day in text, and in JSON the event's time in ns. */
bool sk_token_is_time(const struct sk_bundle *bundle, uint32_t expression);

/* Whether there is something to show. */
bool sk_token_is_present(const struct sk_bundle *bundle, struct sk_vm *vm, uint32_t expression);

/* Appends the text of an SK_OP_FIELD, as wide as that says; "<NA>" if there is nothing. */
void sk_token_print(const struct sk_bundle *bundle, struct sk_vm *vm, const struct sk_instruction *instruction,
		    struct sk_buffer *buffer);

/* Cuts or fills what was appended from `start` on to the width of an SK_OP_FIELD, if it has one. */
void sk_token_fit(const struct sk_instruction *instruction, size_t start, struct sk_buffer *buffer);

/* Appends a value of the expression as JSON; null if there is nothing. */
void sk_token_print_json(const struct sk_bundle *bundle, const struct sk_value *value, uint32_t expression,
			 struct sk_buffer *buffer);

#endif
