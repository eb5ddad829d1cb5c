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
#include "vm/reach.h"
#include "vm/support/arena.h"
#include "vm/value.h"

struct sk_vm;

/* Why the value of a field that depends on its readings (vm/reading.h) is asked for. */
enum sk_reading {
	SK_READING_ONCE,  /* it is compared, or printed as text: one reading */
	SK_READING_AGAIN, /* for an alert's output_fields, which are read again and again: sk_vm_value_again() */
	SK_READING_NONE,  /* to look only: it must not count */
};

/*
 * What a program asks its host for: row `number` of the bundle's FIELDS.
 */
struct sk_field_ref {
	uint16_t field; /* enum sk_field */
	uint8_t kind;   /* enum sk_argument_kind */
	uint8_t type;
	uint8_t list;
	uint8_t reading; /* enum sk_reading */
	uint32_t number; /* a host may keep what it derived for each row */
	uint32_t index;
	const char *argument; /* NUL-terminated; NULL without one */
	uint32_t argument_length;
};

/* Row `number` of the bundle's FIELDS; its argument is the bundle's. */
struct sk_field_ref sk_field_ref_of(const struct sk_bundle *bundle, uint32_t number);

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

/*
 * How rules are evaluated.  All give the same matches.  Those behind LINEAR
 * each leave out a part of ROWS, to show what it brings (make bench).
 */
enum sk_vm_engine {
	SK_VM_ENGINE_ROWS,   /* remembered: cost does not follow the number of rules */
	SK_VM_ENGINE_LINEAR, /* rule after rule: the oracle and the baseline */
	SK_VM_ENGINE_ATOMS,  /* rule after rule; a value is looked up once for all predicates on it */
	SK_VM_ENGINE_AND,    /* every event ANDs the rows of its values; nothing is known of threads and fds */
	SK_VM_ENGINE_SCOPES, /* as AND, with what the classes of threads and fds know */
};

/* Most that the rows engine remembers; 0 stands for the default. */
struct sk_vm_limits {
	uint32_t values;      /* 32768 values of questions */
	uint32_t value_bytes; /* 4 MiB for their bytes */
	uint32_t signatures;  /* 4096 */
	uint32_t classes;     /* 2048 */
	uint32_t nodes;       /* 16384 */
};

/*
 * Where the host keeps what the engine found out about a thread or an fd,
 * zeroed when that begins.  It belongs to one engine at a time.
 */
struct sk_vm_cache {
	uint64_t stamp;
	uint32_t generation;
	uint32_t class;
#ifdef SK_VM_CHECK
	uint16_t values[128]; /* what the values were, to see that they still are (vm/recheck.h) */
#endif
};

/*
 * What the truth of some predicates hangs on: as long as `stamp` is the same
 * for the same `cache`, so are their fields.
 */
struct sk_vm_anchor {
	struct sk_vm_cache *cache; /* NULL: nothing to keep it in, asked anew each time */
	uint64_t stamp;            /* not 0 */
};

/* Leaves `ret_anchor`, which is empty, as it is where there is none. */
typedef void (*sk_anchor_fn)(void *event, struct sk_vm_anchor *ret_anchor);

/*
 * The container that the event's thread is in.  The fields of facet CONTAINER
 * (vm/facets.def) follow from its id and the stamp.
 */
struct sk_vm_container {
	const char *id;
	uint32_t length;
	uint64_t stamp;
};

/* False if the event is about a container itself, or has no thread. */
typedef bool (*sk_container_fn)(void *event, struct sk_vm_container *ret_container);

/*
 * What the event's fd is of.  The fields of facets KIND and NAME
 * (vm/facets.def) follow from `anchor`; for a file, those of KIND follow from
 * `kind` alone, and those of NAME from kind and name.
 */
struct sk_vm_descriptor {
	struct sk_vm_anchor anchor;
	const char *name; /* NULL: no file */
	uint32_t length;
	uint32_t kind; /* of file; below SK_VM_DESCRIPTOR_KINDS */
};

enum { SK_VM_DESCRIPTOR_KINDS = 64 };

/* False if the event has no fd that is known. */
typedef bool (*sk_descriptor_fn)(void *event, struct sk_vm_descriptor *ret_descriptor);

/*
 * True if the event is bare (sk_event_is_bare()).  Fields of
 * SK_FIELD_FLAG_BARE then have a value that all bare events of its type share.
 */
typedef bool (*sk_bare_fn)(void *event);

struct sk_vm_options {
	sk_extract_fn extract;
	sk_anchor_fn anchor;         /* of all THREAD and LINEAGE fields; NULL: no thread's class is kept */
	sk_anchor_fn ancestors;      /* of facet ANCESTORS; NULL: asked with the thread */
	sk_container_fn container;   /* NULL: asked with the thread */
	sk_descriptor_fn descriptor; /* NULL: fds are asked about field by field */
	sk_bare_fn bare;             /* NULL: no event is taken to be */
	enum sk_vm_engine engine;
	struct sk_vm_limits limits;
	bool match_all;   /* every matching rule; otherwise the first one ends it */
	uint8_t priority; /* rules with a larger (less severe) number are not tried */
};

/* What the rows engine did and holds; zeroes for the linear one. */
struct sk_vm_stats {
	uint64_t events; /* of types that have rules */
	uint64_t linear; /* of those, evaluated linearly: no room, too much that is new, readings */
	uint64_t asked;  /* questions whose value was needed */
	uint64_t value_hits, value_misses;                      /* values that were remembered, or worked out */
	uint64_t class_hits, class_misses;                      /* classes found on their thread, or worked out */
	uint64_t residuals;                                     /* programs of rules that were run */
	uint64_t nodes_made;                                    /* since it was created */
	uint64_t flushes;                                       /* times that everything was forgotten */
	uint32_t signatures, classes, descriptors, nodes, rows; /* held now */
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

/* Forgets all that is remembered of values and threads. */
void sk_vm_flush(struct sk_vm *vm);

/*
 * The class of the current event's thread: a number for all that is known of
 * its THREAD and LINEAGE fields, the same number for all threads of which the
 * same predicates hold.  SK_NONE: there is none, or this engine has no classes.
 * `*ret_generation` is another one when numbers stand for other classes.
 */
uint32_t sk_vm_class(struct sk_vm *vm, uint32_t *ret_generation);

/*
 * The truth of predicate `number` for every event of a thread of this class,
 * which sk_vm_class() gave for the current event; unknown if the class does not
 * decide it.
 */
enum sk_truth sk_vm_class_truth(const struct sk_vm *vm, uint32_t class, uint32_t number);

/*
 * The host begins anew: its threads, fds and containers are others from now
 * on, and their caches zeroed.  What is remembered of values stays.
 */
void sk_vm_begin_anew(struct sk_vm *vm);

void sk_vm_stats(const struct sk_vm *vm, struct sk_vm_stats *ret_stats);

struct sk_profile;

/*
 * Counts and times from now on what events, rules and questions cost (vm/profile.h):
 * everything is counted, one event in `every` (at least 1), drawn by lot, is
 * timed.  Once an engine, of kind ROWS or LINEAR (else -ENOTSUP).  0 or
 * -ENOMEM.
 */
int sk_vm_profile_start(struct sk_vm *vm, uint32_t every);

/*
 * What was collected since then, valid until the next event.  -ENOMEM if there
 * was not the memory to collect everything.
 */
int sk_vm_profile_read(struct sk_vm *vm, const struct sk_profile **ret_profile);

/* The value of an expression for the current event. */
const struct sk_value *sk_vm_value(struct sk_vm *vm, uint32_t expression);

/*
 * The same as output_fields show it.  The reference reads each of their tokens
 * three times an alert and shows what it read the second time, which is
 * another value than that in the text where it depends on its readings.
 */
const struct sk_value *sk_vm_value_again(struct sk_vm *vm, uint32_t expression);

/* True if predicate `number` holds for the current event; asking it counts as no reading. */
bool sk_vm_predicate(struct sk_vm *vm, uint32_t number);

/*
 * What the truth of predicate `number` rests on: SK_PRESENT, or why a side had
 * no value, which made it false.
 */
enum sk_presence sk_vm_predicate_presence(struct sk_vm *vm, uint32_t number);

/*
 * What the verdict of `rule` on the current event rests on: calls `found` for
 * each record of FIELDS that a comparison asks for on the way through the rule's
 * condition, in order, some more than once.
 */
typedef void (*sk_vm_found_fn)(void *context, uint32_t field);
void sk_vm_grounds(struct sk_vm *vm, uint32_t rule, sk_vm_found_fn found, void *context);

/* The same of the value of an expression. */
void sk_bundle_find_fields(const struct sk_bundle *bundle, uint32_t expression, sk_vm_found_fn found,
			   void *context);

/* Record `field` of FIELDS as hosts are asked for it, and its value for the current event. */
const struct sk_field_ref *sk_vm_field(struct sk_vm *vm, uint32_t field, const struct sk_value **ret_value);

/*
 * True if predicate `number` would hold for the current event with no other
 * constant on its right than its `constant`-th (from 0).
 */
bool sk_vm_constant_holds(struct sk_vm *vm, uint32_t number, uint32_t constant);

#endif
