/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the linter share.
 *
 *   model.c    trees of a pack as nodes of the IR, and what is known of each predicate
 *   types.c    which events can have a field, or make a predicate true
 *   texts.c    what comparisons of texts say of each other
 *   values.c   whether one value can make several predicates true and others false
 *   solve.c    whether an event can make conditions true, and others false
 *   rules.c    findings about rules and their exceptions
 *   parts.c    findings about parts of conditions
 *   items.c    findings about constants and lists
 *   cost.c     what rules cost
 *   allow.c    comments that allow findings
 *
 * Where something cannot be told it is taken to be possible: every finding
 * that says "never" rests on proof.
 */
#ifndef SK_COMPILER_LINT_PRIVATE_H
#define SK_COMPILER_LINT_PRIVATE_H

#include "compiler/check.h"
#include "compiler/eventset.h"
#include "compiler/ir.h"
#include "compiler/lint/lint.h"
#include "vm/regex.h"

/* --- types.c ------------------------------------------------------------- */

/* A set of enum sk_event_type. */
struct sk_types {
	uint64_t words[SK_EVENT_SET_WORDS];
};

static inline bool sk_types_has(const struct sk_types *types, uint32_t type)
{
	return types->words[type / 64] >> (type % 64) & 1;
}

static inline bool sk_types_any(const struct sk_types *types)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		bits |= types->words[i];
	return bits != 0;
}

static inline void sk_types_intersect(struct sk_types *types, const struct sk_types *other)
{
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		types->words[i] &= other->words[i];
}

static inline void sk_types_unite(struct sk_types *types, const struct sk_types *other)
{
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		types->words[i] |= other->words[i];
}

/* The types of the events that rules see: no beginnings of system calls. */
void sk_types_seen(struct sk_types *ret_types);

/*
 * The types of the events that can have the field; those that rules see if
 * nothing is known.  `argument` is that of a field that has a text for one.
 */
void sk_types_of_field(const struct sk_bundle_field *field, const char *argument, uint32_t length,
		       struct sk_types *ret_types);

/*
 * A number for the fields that are there together as a rule: those of the
 * parent, of the ends of a socket, of a container.  0 for fields that are
 * missing only where nothing at all is known.  For advice, not for proof.
 */
uint8_t sk_field_company(const struct sk_bundle_field *field);

/* True if every event of any type has the field, whatever else is. */
bool sk_field_is_always_there(const struct sk_bundle_field *field);

/*
 * What the type alone tells of a field without argument: its value as a text ("<",
 * "open"), or as a number.  False if it does not follow from the type.
 */
bool sk_types_tell_text(enum sk_field field, uint32_t type, const char **ret_text);
bool sk_types_tell_number(enum sk_field field, uint32_t type, uint64_t *ret_number);

/* --- model.c ------------------------------------------------------------- */

/* How the values of an expression relate to its predicates. */
enum sk_lint_shape {
	SK_LINT_SHAPE_ONE,    /* one value */
	SK_LINT_SHAPE_SOME,   /* several, each predicate is about some one of them */
	SK_LINT_SHAPE_ENDS,   /* the ends of a socket: != is about all of them, anything else about some */
	SK_LINT_SHAPE_OPAQUE, /* predicates say only that it is there */
};

/* An expression that is compared. */
struct sk_lint_term {
	uint8_t shape;         /* enum sk_lint_shape */
	uint8_t type;          /* enum sk_type */
	bool always;           /* never missing */
	bool by_event;         /* an event of a type that can have it has it */
	bool nuls;             /* a text that may hold NULs */
	uint8_t company;       /* fields that come and go together, as a rule; 0: none that may be missing */
	enum sk_field field;   /* SK_FIELD_COUNT: a transformer */
	struct sk_types types; /* of the events that can have it */
};

/* An element of a text predicate: `operator` with the constant of this number, or the opposite. */
struct sk_lint_element {
	uint8_t operator; /* enum sk_operator */
	bool negated;
	uint32_t constant; /* string of the IR */
};

/*
 * What a predicate, or its opposite, says of a value that is there: any or all
 * of some elements.  `known` is false if elements do not say it.
 */
struct sk_lint_claim {
	bool known, all;
	uint32_t count;
	struct sk_lint_element *elements;
};

struct sk_lint_predicate {
	uint32_t term;          /* of its left side; as numbered by the IR's expressions */
	uint32_t right;         /* expression that must be there too, SK_NONE */
	bool opaque;            /* nothing but presence follows from it */
	bool finite;            /* true for its constants at most: `values`, ascending, each once */
	const uint32_t *values; /* strings of the IR */
	uint32_t value_count;
	struct sk_lint_claim claims[2]; /* of texts: when it is false, true */
	struct sk_types types[2];       /* of the events where it can be false, true */
	bool placeholder;               /* evt.num = 0, x in (): how packs write never, always, and "fill me in" */
};

struct sk_linter {
	struct sk_pack *pack;
	struct sk_arena *arena;
	struct sk_arena temporary; /* of single comparisons */
	struct sk_diagnostics *diagnostics;
	struct sk_lint_report *report;
	struct sk_ir ir;
	struct sk_check check;
	struct sk_intern nodes; /* addresses of sk_node, numbers index `lowered` */
	uint32_t *lowered;      /* nodes of the IR */
	uint32_t lowered_capacity;
	struct sk_lint_predicate *predicates;          /* of each of the IR */
	struct sk_lint_term *terms;                    /* of each expression of the IR */
	struct sk_regex **regexes;                     /* of each string of the IR, made when asked for */
	uint32_t type_names[SK_EVENT_COUNT];           /* strings of the IR */
	uint32_t syscall_names[SK_SYSCALL_NAME_COUNT]; /* SK_NONE: it has none */
	struct sk_types seen;
	uint64_t work; /* steps left of all */
	struct sk_solver *solver;
	struct sk_types *node_types; /* of each node of the IR, when false and when true */
	uint8_t *node_types_known;
	bool out_of_memory;
};

/* Lowers all rules and macros.  0 or -ENOMEM. */
int sk_lint_model(struct sk_linter *linter);
void sk_lint_release_model(struct sk_linter *linter);

/* The node of the IR for a tree; SK_NONE if it has none. */
uint32_t sk_lint_node(const struct sk_linter *linter, const struct sk_node *node);

/* The compiled pattern of a string; NULL if it is none. */
const struct sk_regex *sk_lint_regex(struct sk_linter *linter, uint32_t string);

/* --- texts.c ------------------------------------------------------------- */

/* Whether one comparison of texts, when true, makes the other true, or false.  False: it cannot be told. */
bool sk_texts_imply(struct sk_linter *linter, const struct sk_lint_element *premise,
		    const struct sk_lint_element *conclusion);
bool sk_texts_exclude(struct sk_linter *linter, const struct sk_lint_element *one,
		      const struct sk_lint_element *other);

/* True if the element is false for every text. */
bool sk_text_is_impossible(struct sk_linter *linter, const struct sk_lint_element *element);

/* The relation of an element, for one text without NULs, or BYTES. */
bool sk_text_holds(struct sk_linter *linter, const struct sk_lint_element *element, const char *text,
		   uint32_t length);

/* --- values.c ------------------------------------------------------------ */

struct sk_lint_literal {
	uint32_t predicate;
	bool truth;
};

/* What the value of a text may be; `smuggled`: with a NUL and more behind it. */
struct sk_lint_candidate {
	const char *text;
	uint32_t length;
	uint32_t string; /* of the IR, SK_NONE if it is none */
	bool smuggled;
};

/* Whether the predicate has this truth for the text. */
bool sk_value_fits(struct sk_linter *linter, struct sk_lint_literal literal, struct sk_lint_candidate candidate);

/* False if no value of the type has all of these truths, a number, truth or address. */
bool sk_values_possible(struct sk_linter *linter, const struct sk_lint_term *term,
			const struct sk_lint_literal *literals, uint32_t count);

/*
 * False if no text has all of these truths; not exact.  `newest_only`: without
 * the first of them they were possible.
 */
bool sk_texts_possible(struct sk_linter *linter, const struct sk_lint_literal *literals, uint32_t count,
		       bool newest_only);

/* --- solve.c ------------------------------------------------------------- */

/* A node of the IR that is to be true, or false. */
struct sk_lint_claim_of {
	uint32_t node;
	bool truth;
};

struct sk_lint_question {
	const struct sk_lint_claim_of *claims;
	uint32_t count;
	uint32_t present;       /* expression that is there; SK_NONE: none in particular */
	uint32_t missing;       /* expression that is not there, nor its company; SK_NONE */
	bool open_placeholders; /* placeholders may be true or false */
};

/* UNDECIDED: there was no more work to spend. */
enum sk_lint_answer { SK_LINT_IMPOSSIBLE, SK_LINT_POSSIBLE, SK_LINT_UNDECIDED };

/* IMPOSSIBLE is proven; POSSIBLE says only that nothing was found against it. */
enum sk_lint_answer sk_solve(struct sk_linter *linter, const struct sk_lint_question *question);

/*
 * The same, and where it is POSSIBLE keeps what was found for sk_solve_more().
 */
enum sk_lint_answer sk_solve_and_keep(struct sk_linter *linter, const struct sk_lint_question *question);

/* POSSIBLE if what was kept can be true with this besides; IMPOSSIBLE proves nothing. */
enum sk_lint_answer sk_solve_more(struct sk_linter *linter, struct sk_lint_claim_of claim);

int sk_solver_create(struct sk_linter *linter);
void sk_solver_destroy(struct sk_linter *linter);

/* --- findings ------------------------------------------------------------ */

void sk_lint_rules(struct sk_linter *linter);
void sk_lint_parts(struct sk_linter *linter);
void sk_lint_items(struct sk_linter *linter);
int sk_lint_costs(struct sk_linter *linter);
int sk_lint_allow(struct sk_diagnostics *diagnostics, struct sk_lint_report *report);

/* What was written, for messages: the canonical text of a tree, cut where it gets long. */
const char *sk_lint_show(struct sk_linter *linter, const struct sk_node *node);

/* The place of a tree in the source. */
struct sk_span sk_lint_span(const struct sk_node *node);

/* A finding is met in a rule or a macro. */
void sk_lint_enter(struct sk_linter *linter, const char *kind, const char *name, struct sk_span span);
void sk_lint_leave(struct sk_linter *linter);

/* The only claim of a question. */
enum sk_lint_answer sk_lint_ask(struct sk_linter *linter, uint32_t node, bool truth, bool open_placeholders);

/* Parts of a condition that must all be true. */
struct sk_lint_parts {
	const struct sk_node **nodes;
	uint32_t count;
};

/* Takes a tree apart at its `and`s, macros too. */
void sk_lint_take_apart(struct sk_linter *linter, const struct sk_node *node, struct sk_lint_parts *ret_parts);

/*
 * Names the few parts that contradict each other already: "`a` and `b`"; NULL
 * if that cannot be told.
 */
const char *sk_lint_explain(struct sk_linter *linter, const struct sk_lint_parts *parts, bool open_placeholders);

/*
 * A rule with exceptions is `(condition) and not (exception) and ...`, one part
 * for each exception that has values: how many those are, 0 if it is another.
 */
uint32_t sk_lint_count_exceptions(const struct sk_pack_rule *rule);

/* The types of the events for which a node of the IR can be true, or false. */
void sk_lint_types(struct sk_linter *linter, uint32_t node, bool truth, struct sk_types *ret_types);

#endif
