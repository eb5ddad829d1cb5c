/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation whose cost does not follow the number of rules (docs/architecture.md,
 * "Rows").  Private to vm/.
 */
#ifndef SK_ROWS_H
#define SK_ROWS_H

#include <stdint.h>

#include "vm/engine.h"

struct sk_rows;

/* `vm` is complete but for its rows, and outlives them.  0 or -ENOMEM. */
int sk_rows_create(struct sk_vm *vm, struct sk_rows **ret_rows);
void sk_rows_destroy(struct sk_rows *rows);

/*
 * Evaluates the current event, of `type`, which has rules; writes vm->matches and returns how
 * many.  UINT32_MAX: no room to remember what it takes, or it is not worth it;
 * evaluate rule after rule, then call sk_rows_rest().
 */
uint32_t sk_rows_evaluate(struct sk_rows *rows, uint16_t type);

/*
 * The truth of a predicate by what its question is answered for the current
 * event; false if that cannot be told.
 */
bool sk_rows_atom(struct sk_rows *rows, uint32_t predicate, bool *ret_truth);

/* Counts an event that is evaluated rule after rule without being asked of the rows. */
void sk_rows_pass_over(struct sk_rows *rows);

/* Makes room, if there was none, once an event is done. */
void sk_rows_rest(struct sk_rows *rows);

/* The same for an engine with a profiler. */
uint32_t sk_rows_evaluate_profiled(struct sk_rows *rows, uint16_t type);

/* Forgets everything that is remembered. */
void sk_rows_flush(struct sk_rows *rows);

/* Forgets what follows from a stamp of the host and not from a value. */
void sk_rows_begin_anew(struct sk_rows *rows);

/* sk_vm_class() and sk_vm_class_truth(). */
uint32_t sk_rows_thread_class(struct sk_rows *rows, uint32_t *ret_generation);
enum sk_truth sk_rows_class_truth(const struct sk_rows *rows, uint32_t class, uint32_t predicate);

void sk_rows_stats(const struct sk_rows *rows, struct sk_vm_stats *ret_stats);

#endif
