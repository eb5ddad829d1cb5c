/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rows engine is made of:
 *
 *   rows.c         walks an event along nodes; creates, bounds and forgets
 *   rows_plan.c    what is worked out once for an event type
 *   rows_answer.c  the signatures of values, classes of threads and fds
 *   rows_node.c    rows, and nodes made from them
 */
#ifndef SK_ROWS_PRIVATE_H
#define SK_ROWS_PRIVATE_H

#include "vm/answer.h"
#include "vm/engine.h"
#include "vm/index.h"
#include "vm/memo.h"
#include "vm/question.h"
#include "vm/rows.h"
#include "vm/tuple.h"
#include "vm/words.h"

enum {
	KEY_BUFFER = 4096,
	/*
	 * A node costs about what a few linear evaluations cost.  Events that lead
	 * to new ones without end would be dearer than without rows: once so many
	 * were made, there is a new one for every few events.
	 */
	NODE_BURST = 16384,
	EVENTS_A_NODE = 8,
	LEFT_SIZE = 8192,
	RESIDUAL = 1, /* in a decided node's list: the program must be run */
	/* Answers to "which fd": a descriptor, or that there is none that is known. */
	NO_DESCRIPTOR = UINT32_MAX - 1,
	/* A type's events begin at one of these, for each class: any, and bare. */
	ROOTS_A_TYPE = 2,
};

struct node {
	uint32_t question; /* SK_NONE: decided; questions.count: which fd */
	uint32_t last_answer, last_child;
	uint32_t first, count;   /* decided: of `lists`; else `first` is of `words` */
	uint32_t parent, answer; /* how it was reached; SK_NONE at a root */
	uint32_t class;
	uint16_t type;
	uint8_t depth : 7;
	uint8_t bare : 1; /* its root is that of bare events */
	bool sure;        /* the last rule left matches, and only the first match counts */
};

/* What is worked out once for an event type that has rules. */
struct plan {
	const uint32_t *rules;
	uint32_t count, words;
	uint32_t *questions; /* that its rules depend on, but those of the class */
	uint32_t question_count;
	uint32_t *class_questions;
	uint32_t class_question_count;
	uint32_t *given; /* questions that the type itself answers (vm/given.h) */
	uint32_t given_count;
	/* Of `questions`, those that all its bare events answer alike, and how: known once there is a root for them. */
	uint32_t *bare, *bare_answers;
	uint32_t bare_count;
	/* For the engines without nodes: all questions but `given` in their order, and `words` each of the rules asking. */
	uint32_t *asked;
	uint64_t *asking;
	uint32_t asked_count;
	uint32_t *predicates; /* ascending; of each the rules that it stands in */
	uint32_t *first_rule; /* one more than predicates */
	uint32_t *predicate_rules;
	uint32_t predicate_count;
	uint16_t index; /* among the types that have rules */
	bool built;
	bool asks_descriptor; /* of some rule */
};

/* The number that a question was answered with last: flags and booleans repeat. */
struct last {
	uint64_t number;
	uint32_t signature; /* SK_NONE: none yet */
};

struct row_slot {
	uint64_t key; /* signature << 16 | type, plus 1; 0: free */
	uint32_t words;
};

/* A node by what is left of its rules; node + 1, 0: free. */
struct merged {
	uint64_t low, high;
	uint32_t node;
};

struct child_slot {
	uint64_t key; /* node << 32 | answer, plus 1; 0: free */
	uint32_t child;
};

/* A root by its type, whether it is of bare events, and what of the class its type asks for. */
struct shape {
	uint32_t class; /* plus 1; 0: free */
	uint32_t root;
	uint16_t type;
	bool bare;
};

/* A question's answer to the event at hand, for the engine that asks by predicate. */
struct atom {
	uint64_t epoch;
	uint32_t signature;
};

struct sk_rows {
	struct sk_vm *vm;
	struct sk_questions questions;
	struct sk_index *index;
	struct sk_memo memo;
	struct sk_signatures signatures;
	const struct sk_words_ops *ops;
	uint32_t generation; /* of what threads and fds keep; counts flushes */
	bool full;           /* forget everything after this event */
	uint32_t credit;     /* EVENTS_A_NODE buy a node */

	struct plan *plans;  /* one an event type */
	uint16_t type_count; /* types with rules */
	uint32_t root_count; /* of a class */

	struct sk_tuples classes, descriptors, ancestors, containers;
	uint32_t *roots; /* root_count nodes a class: of any events by type, of bare ones; SK_NONE: not made yet */
	struct shape *shapes;
	uint32_t shape_mask, shape_count;
	uint32_t *kinds; /* the part of a descriptor that a kind of file decides, SK_VM_DESCRIPTOR_KINDS times */
	uint64_t known_kinds;    /* a bit a kind */
	uint64_t host_stamp;     /* of `host_container` */
	uint32_t host_container; /* what a thread in no container sees; SK_NONE: not known */
	uint64_t era;            /* of the host, to tell its stamps from those before it began anew */

	struct node *nodes;
	uint32_t node_count, node_limit;
	struct child_slot *children;
	uint32_t child_mask, child_count;
	struct merged *merged;
	uint32_t merged_mask;
	struct row_slot *rows;
	uint32_t row_mask, row_count;
	uint64_t *words;
	uint32_t words_used, words_size;
	uint32_t *lists;
	uint32_t lists_used, lists_size;

	struct last *last;  /* one a question */
	struct atom *atoms; /* one a question; only for SK_VM_ENGINE_ATOMS */

	/* Scratch of one node or class. */
	bool descriptor_asked; /* "which fd" was answered, be it by nothing */
	bool descriptor_open;  /* an open question is of facet KIND or NAME */
	uint32_t *answered;    /* signature of each question; SK_NONE: open */
	uint32_t *alone;       /* the same, with only one of them answered */
	uint32_t *combined;    /* signatures of one class or descriptor */
	uint32_t *open;        /* questions of open predicates */
	uint64_t *open_stamp;  /* one a question */
	uint64_t *rule_stamp;  /* one a rule of a type */
	uint64_t stamp;
	uint32_t open_count;
	uint64_t *bits;
	uint8_t *reached;    /* one an instruction, and one */
	uint32_t *ends;      /* the same */
	uint32_t *left;      /* LEFT_SIZE words: what is left of the rules of a node, to tell it from others */
	uint32_t left_count; /* more than LEFT_SIZE: it is too much */
	char key_buffer[KEY_BUFFER];

	uint64_t events, class_hits, class_misses, nodes_made, rows_made, flushes, linear, asked, residuals;
};

static inline bool sk_rows_without_nodes(const struct sk_rows *rows)
{
	return rows->vm->options.engine == SK_VM_ENGINE_AND || rows->vm->options.engine == SK_VM_ENGINE_SCOPES;
}

/* The place in `roots` where events of the plan's type begin. */
static inline size_t sk_rows_root_place(const struct sk_rows *rows, const struct plan *plan, uint32_t class,
					bool bare)
{
	return (size_t) class * rows->root_count + (bare ? rows->type_count : 0) + plan->index;
}

/* --- rows_plan.c --------------------------------------------------------- */

/* False if there is no memory. */
bool sk_rows_build_plan(struct sk_rows *rows, uint16_t type);
void sk_rows_release_plan(struct plan *plan);

/* --- rows_answer.c ------------------------------------------------------- */

/* Numbers of signatures; SK_NONE: there is no room, for the value or for what it stands for. */
uint32_t sk_rows_signature(struct sk_rows *rows, uint32_t question);
uint32_t sk_rows_signature_of_value(struct sk_rows *rows, uint32_t question, const struct sk_value *value);

/* What is known of the event's fd; NO_DESCRIPTOR: nothing; SK_NONE: there is no room. */
uint32_t sk_rows_descriptor(struct sk_rows *rows);

/* What is known of the event's thread; SK_NONE: there is no room. */
uint32_t sk_rows_class(struct sk_rows *rows);

static inline bool sk_rows_asks_descriptor(const struct sk_rows *rows, uint32_t question)
{
	return question == rows->questions.count;
}

static inline uint32_t sk_rows_answer(struct sk_rows *rows, uint32_t question)
{
	return sk_rows_asks_descriptor(rows, question) ? sk_rows_descriptor(rows)
						       : sk_rows_signature(rows, question);
}

/* --- rows_node.c --------------------------------------------------------- */

/* A node; SK_NONE: there is no room, or too much is new. */
uint32_t sk_rows_root(struct sk_rows *rows, uint16_t type, uint32_t class, bool bare);

/* Where in `children` the node is that an answer leads to; SK_NONE as above. */
uint32_t sk_rows_child(struct sk_rows *rows, uint32_t parent, uint32_t answer);

/* The row of a signature, if there is one yet. */
const uint64_t *sk_rows_find_row(const struct sk_rows *rows, uint16_t type, uint32_t signature);

/* In the checking build: the current event, which is bare, answers as those before it. */
void sk_rows_recheck_bare(struct sk_rows *rows, uint16_t type);

/* What the type answers; SK_NONE: there is no room. */
uint32_t sk_rows_given(struct sk_rows *rows, uint32_t question, uint16_t type);

/*
 * ANDs all rows of the event into `rows->bits`, without nodes.  `scopes`: with
 * what is known of its thread and fd.  -1: there is no room; 0: no rule is
 * left; 1: some are.
 */
int sk_rows_and_all(struct sk_rows *rows, uint16_t type, bool scopes);

#endif
