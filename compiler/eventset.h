/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which events a condition can be true at all, judged by what it says of
 * evt.type, syscall.type and evt.num (spec/rule-language.md sections 3.1 and
 * 3.2): the event types that a rule is filed under, and the system calls that
 * must be captured for it.
 *
 *               and          or          not        leaf
 *   set         all of       any of      flips      names, or everything
 *   negated     any of       all of      polarity   complement; everything else
 *                                                   stays everything
 */
#ifndef SK_COMPILER_EVENTSET_H
#define SK_COMPILER_EVENTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/intern.h"
#include "grammar/ast.h"
#include "vm/bundle.h"

enum { SK_EVENT_SET_WORDS = (SK_EVENT_COUNT + 63) / 64 };

struct sk_event_set {
	uint64_t types[SK_EVENT_SET_WORDS];         /* enum sk_event_type */
	uint64_t syscalls[SK_BUNDLE_SYSCALL_WORDS]; /* the schema's numbers */
};

static inline bool sk_event_set_has_type(const struct sk_event_set *set, uint32_t type)
{
	return set->types[type / 64] >> (type % 64) & 1;
}

static inline bool sk_event_set_has_syscall(const struct sk_event_set *set, uint32_t syscall)
{
	return set->syscalls[syscall / 64] >> (syscall % 64) & 1;
}

/* How many event types are in the set. */
uint32_t sk_event_set_type_count(const struct sk_event_set *set);

/* True if evt.type can have this value: an event, a system call, an async event. */
bool sk_event_type_known(const char *name, size_t length);

/* Every name that evt.type can have, one a call, for suggestions; NULL at the end. */
struct sk_event_type_walk {
	uint32_t table, next;
};
const char *sk_event_type_next(void *walk);

/*
 * True if the sets can be told for this CHECK node.  They cannot with a
 * transformer around evt.type or syscall.type, or with a field or a
 * transformer on the right of one; the rule is then refused.
 */
bool sk_event_set_is_clear(const struct sk_node *node);

/* Sets by keys. */
struct sk_event_memo {
	struct sk_intern keys;
	struct sk_remembered_set {
		struct sk_event_set set;
		bool known;
	} * sets;
	uint32_t capacity;
};

/*
 * Finds sets and remembers those of macros, so that a macro is looked at twice
 * (plain and negated) and not as often as it is used, and those of names.
 */
struct sk_event_sets {
	struct sk_arena *arena;
	struct sk_event_memo macros; /* (body, polarity) */
	struct sk_event_memo names;
};

void sk_event_sets_init(struct sk_event_sets *sets, struct sk_arena *arena);

/* The set of a condition.  -ENOMEM; -ELOOP if it is nested deeper than `depth`. */
int sk_event_sets_find(struct sk_event_sets *sets, const struct sk_node *node, uint32_t depth,
		       struct sk_event_set *ret_set);

#endif
