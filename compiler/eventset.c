/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/eventset.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/*
 * Async events carry their own name.  These are the ones of the container
 * plugin, whose fields are built in here.
 */
static const char *const async_names[] = {"container", "container_removed"};
enum { ASYNC_NAME_COUNT = sizeof(async_names) / sizeof(async_names[0]) };

/*
 * Events of tracepoints: the schema numbers their sources among the system
 * calls, under names of their own.
 */
static const struct {
	const char *event, *syscall;
} tracepoints[] = {
	{"procexit", "sched_process_exit"},  {"switch", "sched_switch"},          {"page_fault", "page_fault_user"},
	{"page_fault", "page_fault_kernel"}, {"signaldeliver", "signal_deliver"},
};

static bool same(const char *known, const char *name, size_t length)
{
	return (length == 0 || known[0] == name[0]) && strncmp(known, name, length) == 0 && !known[length];
}

static bool is_async_name(const char *name, size_t length)
{
	for (size_t i = 0; i < ASYNC_NAME_COUNT; i++) {
		if (same(async_names[i], name, length))
			return true;
	}
	return false;
}

bool sk_event_type_known(const char *name, size_t length)
{
	return length > 0 && (sk_event_name_exists(name, length) || sk_syscall_find(name, length) >= 0 ||
			      is_async_name(name, length));
}

const char *sk_event_type_next(void *state)
{
	struct sk_event_type_walk *walk = state;

	if (walk->table == 0) {
		/* Codes 0 and 1 are the generic pair, whose name no event shows. */
		for (walk->next = walk->next < 2 ? 2 : walk->next; walk->next < SK_EVENT_COUNT;) {
			const struct sk_event_info *info = &sk_events[walk->next++];

			if (!(info->flags & SK_EVENT_FLAG_UNUSED))
				return info->name;
		}
		*walk = (struct sk_event_type_walk){.table = 1, .next = 1};
	}
	if (walk->table == 1) {
		if (walk->next < SK_SYSCALL_NAME_COUNT)
			return sk_syscall_name(walk->next++);
		*walk = (struct sk_event_type_walk){.table = 2};
	}
	return walk->next < ASYNC_NAME_COUNT ? async_names[walk->next++] : NULL;
}

static void add_bit(uint64_t *words, uint32_t bit)
{
	words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static void fill(uint64_t *words, uint32_t bits)
{
	memset(words, 0xff, bits / 64 * sizeof(*words));
	if (bits % 64)
		words[bits / 64] = ((uint64_t)1 << (bits % 64)) - 1;
}

static void make_everything(struct sk_event_set *set)
{
	fill(set->types, SK_EVENT_COUNT);
	fill(set->syscalls, SK_SYSCALL_NAME_COUNT);
}

static void complement(struct sk_event_set *set)
{
	struct sk_event_set everything;

	make_everything(&everything);
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		set->types[i] = everything.types[i] & ~set->types[i];
	for (size_t i = 0; i < SK_BUNDLE_SYSCALL_WORDS; i++)
		set->syscalls[i] = everything.syscalls[i] & ~set->syscalls[i];
}

static void intersect(struct sk_event_set *set, const struct sk_event_set *other)
{
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		set->types[i] &= other->types[i];
	for (size_t i = 0; i < SK_BUNDLE_SYSCALL_WORDS; i++)
		set->syscalls[i] &= other->syscalls[i];
}

static void unite(struct sk_event_set *set, const struct sk_event_set *other)
{
	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		set->types[i] |= other->types[i];
	for (size_t i = 0; i < SK_BUNDLE_SYSCALL_WORDS; i++)
		set->syscalls[i] |= other->syscalls[i];
}

/* Every version, enter and exit, of the events of this name; else the generic pair. */
static void find_name(struct sk_event_set *set, const char *name, size_t length)
{
	int syscall = sk_syscall_find(name, length);
	bool found = false;

	if (!length)
		return;
	for (uint32_t type = 2; type < SK_EVENT_COUNT; type++) {
		if (!(sk_events[type].flags & SK_EVENT_FLAG_UNUSED) && same(sk_events[type].name, name, length)) {
			add_bit(set->types, type);
			found = true;
		}
	}
	if (is_async_name(name, length)) {
		add_bit(set->types, SK_EVENT_ASYNCEVENT_E);
		found = true;
	}
	if (!found && syscall >= 0) {
		add_bit(set->types, SK_EVENT_GENERIC_E);
		add_bit(set->types, SK_EVENT_GENERIC_X);
	}
	if (syscall >= 0)
		add_bit(set->syscalls, (uint32_t)syscall);
	/* An event may be called otherwise than its system calls: pread is pread64. */
	for (size_t i = 0; i < sk_syscall_count; i++) {
		uint32_t type = sk_syscalls[i].exit_event;

		if (type != SK_EVENT_GENERIC_X && same(sk_events[type].name, name, length))
			add_bit(set->syscalls, sk_syscalls[i].sc);
	}
	for (size_t i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++) {
		if (same(tracepoints[i].event, name, length)) {
			syscall = sk_syscall_find(tracepoints[i].syscall, strlen(tracepoints[i].syscall));
			assert(syscall >= 0);
			add_bit(set->syscalls, (uint32_t)syscall);
		}
	}
}

static bool reserve(struct sk_event_sets *sets, struct sk_event_memo *memo, uint32_t number)
{
	uint32_t capacity = memo->capacity ? memo->capacity : 64;
	struct sk_remembered_set *grown;

	if (number < memo->capacity)
		return true;
	while (capacity <= number)
		capacity *= 2;
	grown = sk_arena_alloc_zeroed(sets->arena, capacity, sizeof(*grown));
	if (!grown)
		return false;
	if (memo->capacity)
		memcpy(grown, memo->sets, memo->capacity * sizeof(*grown));
	memo->sets = grown;
	memo->capacity = capacity;
	return true;
}

/* Names come again and again: each is looked for in the tables once. */
static int add_name(struct sk_event_sets *sets, struct sk_event_set *set, const char *name, size_t length)
{
	const uint32_t number = sk_intern_add(&sets->names.keys, name, length);
	struct sk_remembered_set *known;

	if (number == SK_NONE || !reserve(sets, &sets->names, number))
		return -ENOMEM;
	known = &sets->names.sets[number];
	if (!known->known)
		find_name(&known->set, name, length);
	known->known = true;
	unite(set, &known->set);
	return 0;
}

static bool is_bare_field(const struct sk_operand *operand, const char *name)
{
	return operand->kind == SK_OPERAND_FIELD && !operand->argument && same(operand->text, name, strlen(name)) &&
	       operand->length == strlen(name);
}

static bool is_type_field(const struct sk_operand *operand)
{
	return is_bare_field(operand, "evt.type") || is_bare_field(operand, "syscall.type");
}

/* A transformer with evt.type or syscall.type somewhere inside. */
static bool wraps_type_field(const struct sk_operand *operand, int depth)
{
	if (operand->kind != SK_OPERAND_TRANSFORMER || depth == 0)
		return false;
	for (uint32_t i = 0; i < operand->count; i++) {
		if (is_type_field(operand->children[i]) || wraps_type_field(operand->children[i], depth - 1))
			return true;
	}
	return false;
}

/* The operators whose meaning for sets is known; all others leave everything possible. */
static bool is_analysed(const struct sk_node *node)
{
	const enum sk_operator comparison = node->operator;

	return node->modifier == SK_MODIFIER_NONE &&
	       (comparison == SK_OPERATOR_EQ || comparison == SK_OPERATOR_NE || comparison == SK_OPERATOR_IN ||
		comparison == SK_OPERATOR_EXISTS);
}

bool sk_event_set_is_clear(const struct sk_node *node)
{
	if (!is_analysed(node))
		return true;
	if (wraps_type_field(node->left, SK_EXPRESSION_DEPTH_LIMIT))
		return false;
	return !is_type_field(node->left) || !node->right ||
	       (node->right->kind != SK_OPERAND_TRANSFORMER && node->right->kind != SK_OPERAND_VALUE);
}

/* The constants of the right side, whether it is one or a list. */
static const struct sk_operand *constant(const struct sk_operand *right, uint32_t index)
{
	if (right->kind == SK_OPERAND_LIST)
		return index < right->count ? right->children[index] : NULL;
	return index == 0 && (right->kind == SK_OPERAND_CONSTANT || right->kind == SK_OPERAND_WORD) ? right : NULL;
}

static int find_of_type(struct sk_event_sets *sets, const struct sk_node *node, bool negated,
			struct sk_event_set *set)
{
	const enum sk_operator comparison = node->operator;
	const struct sk_operand *name;
	int error = 0;

	if (comparison == SK_OPERATOR_EXISTS) {
		make_everything(set);
	} else {
		memset(set, 0, sizeof(*set));
		for (uint32_t i = 0; (name = constant(node->right, i)); i++)
			error |= add_name(sets, set, name->text, name->length);
		if (comparison == SK_OPERATOR_NE)
			complement(set);
	}
	if (negated)
		complement(set);
	return error;
}

/* 0, 1, or 2 for anything larger; false if the text is not plain digits. */
static bool read_small(const struct sk_operand *operand, unsigned *ret_number)
{
	unsigned number = 0;

	if (!operand->length)
		return false;
	for (uint32_t i = 0; i < operand->length; i++) {
		if (operand->text[i] < '0' || operand->text[i] > '9')
			return false;
		number = number * 10 + (unsigned)(operand->text[i] - '0');
		number = number > 2 ? 2 : number;
	}
	*ret_number = number;
	return true;
}

enum verdict { NEVER, ALWAYS, UNDECIDED };

/* evt.num counts from 1, so that `evt.num = 0` is how packs write "never". */
static enum verdict judge_number(const struct sk_node *node)
{
	const struct sk_operand *operand;
	unsigned number = 0, largest = 0;

	if (node->modifier != SK_MODIFIER_NONE || !node->right)
		return UNDECIDED;
	if (node->right->kind == SK_OPERAND_TRANSFORMER || node->right->kind == SK_OPERAND_VALUE)
		return UNDECIDED;
	for (uint32_t i = 0; (operand = constant(node->right, i)); i++) {
		if (!read_small(operand, &number))
			return UNDECIDED;
		largest = number > largest ? number : largest;
	}
	switch (node->operator) {
	case SK_OPERATOR_IN:
		return largest == 0 ? NEVER : UNDECIDED;
	case SK_OPERATOR_EQ:
		return number == 0 ? NEVER : UNDECIDED;
	case SK_OPERATOR_NE:
		return number == 0 ? ALWAYS : UNDECIDED;
	case SK_OPERATOR_LT:
		return number <= 1 ? NEVER : UNDECIDED;
	case SK_OPERATOR_LE:
		return number == 0 ? NEVER : UNDECIDED;
	case SK_OPERATOR_GT:
		return number == 0 ? ALWAYS : UNDECIDED;
	case SK_OPERATOR_GE:
		return number <= 1 ? ALWAYS : UNDECIDED;
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
	case SK_OPERATOR_BCONTAINS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
	case SK_OPERATOR_ENDSWITH:
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
	case SK_OPERATOR_REGEX:
	case SK_OPERATOR_INTERSECTS:
	case SK_OPERATOR_PMATCH:
	case SK_OPERATOR_COUNT:
		return UNDECIDED;
	}
	return UNDECIDED;
}

static int find_of_check(struct sk_event_sets *sets, const struct sk_node *node, bool negated,
			 struct sk_event_set *set)
{
	enum verdict verdict = UNDECIDED;

	if (is_type_field(node->left) && is_analysed(node) && sk_event_set_is_clear(node))
		return find_of_type(sets, node, negated, set);
	if (is_bare_field(node->left, "evt.num"))
		verdict = judge_number(node);
	make_everything(set);
	if (verdict != UNDECIDED && (verdict == NEVER) != negated)
		complement(set);
	return 0;
}

void sk_event_sets_init(struct sk_event_sets *sets, struct sk_arena *arena)
{
	*sets = (struct sk_event_sets){.arena = arena};
	sk_intern_init(&sets->macros.keys, arena);
	sk_intern_init(&sets->names.keys, arena);
}

static int find(struct sk_event_sets *sets, const struct sk_node *node, bool negated, uint32_t depth,
		struct sk_event_set *ret_set);

static int find_of_branch(struct sk_event_sets *sets, const struct sk_node *node, bool negated, uint32_t depth,
			  struct sk_event_set *ret_set)
{
	bool intersects = (node->kind == SK_NODE_AND) != negated;
	struct sk_event_set child;
	int error;

	for (uint32_t i = 0; i < node->count; i++) {
		error = find(sets, node->children[i], negated, depth, i ? &child : ret_set);
		if (error < 0)
			return error;
		if (i && intersects)
			intersect(ret_set, &child);
		else if (i)
			unite(ret_set, &child);
	}
	return 0;
}

static int find_of_macro(struct sk_event_sets *sets, const struct sk_node *body, bool negated, uint32_t depth,
			 struct sk_event_set *ret_set)
{
	uintptr_t key[2] = {(uintptr_t)body, negated};
	uint32_t number = sk_intern_add(&sets->macros.keys, key, sizeof(key));
	int error;

	if (number == SK_NONE || !reserve(sets, &sets->macros, number))
		return -ENOMEM;
	if (!sets->macros.sets[number].known) {
		error = find(sets, body, negated, depth, ret_set);
		if (error < 0)
			return error;
		/* Not before: finding it may have moved the array. */
		sets->macros.sets[number] = (struct sk_remembered_set){.set = *ret_set, .known = true};
	}
	*ret_set = sets->macros.sets[number].set;
	return 0;
}

static int find(struct sk_event_sets *sets, const struct sk_node *node, bool negated, uint32_t depth,
		struct sk_event_set *ret_set)
{
	if (depth == 0)
		return -ELOOP;
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
		return find_of_branch(sets, node, negated, depth - 1, ret_set);
	case SK_NODE_NOT:
		return find(sets, node->children[0], !negated, depth - 1, ret_set);
	case SK_NODE_CHECK:
		return find_of_check(sets, node, negated, ret_set);
	case SK_NODE_MACRO:
		if (node->body)
			return find_of_macro(sets, node->body, negated, depth - 1, ret_set);
		make_everything(ret_set);
		return 0;
	}
	return -EINVAL;
}

int sk_event_sets_find(struct sk_event_sets *sets, const struct sk_node *node, uint32_t depth,
		       struct sk_event_set *ret_set)
{
	struct sk_event_set set;
	int error = find(sets, node, false, depth, &set);

	if (error == 0)
		*ret_set = set;
	return error;
}

uint32_t sk_event_set_type_count(const struct sk_event_set *set)
{
	uint32_t count = 0;

	for (size_t i = 0; i < SK_EVENT_SET_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(set->types[i]);
	return count;
}
