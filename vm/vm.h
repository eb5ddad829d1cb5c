/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: evaluates the rules of a bundle for one event after another.
 *
 * It knows nothing of threads, fds or captures.  Its host hands it the value
 * of a field when it asks for one, and it asks for each at most once an event.
 *
 * An engine belongs to one thread of control.  It allocates when it is created
 * and never while it evaluates, but for the scratch arenas, which keep their
 * memory, and the states of regular expressions, which RE2 bounds and keeps.
 */
#ifndef SK_VM_H
#define SK_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/support/arena.h"
#include "vm/value.h"

struct sk_vm;

/*
 * What a program asks its host for: row `number` of the bundle's FIELDS.
 */
struct sk_field_ref {
	uint16_t field; /* enum sk_field */
	uint8_t kind;   /* enum sk_argument_kind */
	uint8_t type;
	uint8_t list;
	uint32_t number; /* a host may keep what it derived for each row */
	uint32_t index;
	const char *argument; /* NUL-terminated; NULL without one */
	uint32_t argument_length;
};

/*
 * Gives the value of `ref` for the event that `event` stands for.  Memory that
 * the value needs beyond event and state comes from `scratch`, which the
 * engine resets when the event is done.
 *
 * The value is of the type that `ref` says, and a list if it says so.  A field
 * of quantifier ANY without argument gives all its values as a list, BOTH the
 * ends that the event has (none: an empty list, which is present).
 */
typedef void (*sk_extract_fn)(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
			      struct sk_value *ret_value);

struct sk_vm_options {
	sk_extract_fn extract;
	bool match_all;   /* every matching rule; otherwise the first one ends it */
	uint8_t priority; /* rules with a larger (less severe) number are not tried */
};

/*
 * Makes an engine for a verified bundle, which must outlive it.  -ENOMEM, or
 * -EINVAL with a sentence if a pattern does not compile.
 */
int sk_vm_create(const struct sk_bundle *bundle, const struct sk_vm_options *options, struct sk_vm **ret_vm,
		 struct sk_error *error);

void sk_vm_destroy(struct sk_vm *vm);

/*
 * Evaluates every rule of `type` for `event`, which is passed on to the host.
 * Writes the numbers of the rules that match, in order, and returns how many.
 * `*ret_rules` points into the engine and stays valid until the next call.
 *
 * The event stays current until then: sk_vm_value() gives its values.
 */
uint32_t sk_vm_evaluate(struct sk_vm *vm, uint16_t type, void *event, const uint32_t **ret_rules);

/* The value of an expression for the current event. */
const struct sk_value *sk_vm_value(struct sk_vm *vm, uint32_t expression);

/* True if predicate `number` holds for the current event. */
bool sk_vm_predicate(struct sk_vm *vm, uint32_t number);

/*
 * What the truth of predicate `number` rests on: SK_PRESENT, or why a side had
 * no value, which made it false.
 */
enum sk_presence sk_vm_predicate_presence(struct sk_vm *vm, uint32_t number);

#endif
