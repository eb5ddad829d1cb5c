/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle (.skb): what a compile produces and a sensor maps.
 *
 *   +--------+---------------+---------+---------+-----+
 *   | header | section table | section | section | ... |
 *   +--------+---------------+---------+---------+-----+
 *
 * Little-endian; every section starts at a multiple of 8 and is an array of
 * fixed-width records or a run of bytes.  Records refer to each other by
 * index, never by pointer: a loaded bundle is the file, mapped read-only.
 * Padding is zero, sections lie in the order of SK_SECTIONS and without gaps,
 * the file ends with the padding of the last one: the same rules always give
 * the same bytes, and no byte of a bundle is outside the verifier's reach.
 *
 * What lies in order, each part beginning where the one before it ended:
 *   STRING_BYTES  string 0 with its NUL, string 1, ...
 *   ARGUMENTS     the arguments of expression 0, of expression 1, ...
 *   CODE          the condition programs of all rules, then their outputs, each
 *                 different one once, where the first rule that has it wants it
 *   TAGS          the tags of rule 0, of rule 1, ...
 *   PREDICATES    those of question 0, of question 1, ...
 *   INDEXES       those of question 0, of question 1, ...
 *   ENTRIES, LINKS, SLOTS, STATES, LABELS   those of index 0, of index 1, ...
 *   POSTINGS      the predicates of entry 0, of entry 1, ...
 * CONSTANTS and TYPE_RULES may be shared: two predicates may name the same
 * run of constants, two types the same run of rules.
 *
 * How the predicates of one value are found, all at once:
 *
 *   question ─┬─► index (group EXACT)    slots ─► entry ─┐
 *             ├─► index (group PREFIX)   links ─► entry ─┼─► predicates
 *             ├─► ...                                    │
 *             └─► index (group CONTAINS) states ► entry ─┘
 *
 * An entry is a constant that predicates of its group have on their right; see
 * groups.def for what each group means and index.h for how it is searched.
 *
 * The body hash is xxh3-128 with a seed:
 *   seed = XXH3_64bits(first 32 bytes of the header)
 *   hash = XXH3_128bits_withSeed(everything behind the header, seed)
 * so that a change of any byte, header included, is seen.
 *
 * Invariant after sk_bundle_open(): every index, offset, jump, type and string
 * in the bundle is in bounds and of the right kind (verify.c), which does not
 * rest on the hash.  Code that uses a `struct sk_bundle` need not check
 * anything again.  Who replaces a bundle that a sensor has open does it by
 * rename(2): a mapped file must not be written to.
 */
#ifndef SK_BUNDLE_H
#define SK_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/schema/schema.h"
#include "vm/support/error.h"

#define SK_BUNDLE_MAGIC "saker\r\n\x1a"
enum { SK_BUNDLE_VERSION = 3 };

/* "no such index" wherever a record's reference is optional. */
#define SK_NONE UINT32_MAX

/*
 * Limits.  The verifier refuses what passes one, so memory and time that a
 * bundle costs are bounded; the compiler reports it as the user's error.
 */
enum {
	SK_BUNDLE_SIZE_LIMIT = 256 << 20,      /* bytes of a file */
	SK_CONSTANT_LENGTH_LIMIT = 255,        /* bytes of a STRING or BYTES constant of a predicate */
	SK_EXPRESSION_DEPTH_LIMIT = 64,        /* transformers and lists inside one another */
	SK_PREDICATE_CONSTANT_LIMIT = 1 << 24, /* constants of all predicates together */
	SK_PATTERN_LIMIT = 1 << 14,            /* constants of predicates with `regex` */
	SK_INDEX_ENTRY_LIMIT = (1 << 24) - 1,  /* entries of one index */
	SK_INDEX_STATE_LIMIT = 1 << 26,        /* states of one automaton */
	SK_INDEX_PROBE_LIMIT = 512,            /* slots that finding an entry may take */
};

/*
 * SK_SECTION(id, member of struct sk_bundle, record type, what it holds)
 */
#define SK_SECTIONS(SK_SECTION)                                                                                    \
	SK_SECTION(STRING_BYTES, string_bytes, char, "texts, each followed by a NUL")                              \
	SK_SECTION(STRINGS, strings, uint32_t, "where each text begins, and where the last one ends")              \
	SK_SECTION(FIELDS, fields, struct sk_bundle_field, "fields with their arguments")                          \
	SK_SECTION(NUMBERS, numbers, uint64_t, "constants that are numbers")                                       \
	SK_SECTION(ADDRESSES, addresses, struct sk_bundle_address, "constants that are addresses and networks")    \
	SK_SECTION(CONSTANTS, constants, uint32_t, "what predicates compare with: strings, numbers, addresses")    \
	SK_SECTION(EXPRESSIONS, expressions, struct sk_bundle_expression, "fields, constants, transformers")       \
	SK_SECTION(ARGUMENTS, arguments, uint32_t, "expression numbers: the arguments of transformers")            \
	SK_SECTION(PREDICATES, predicates, struct sk_bundle_predicate, "each comparison once")                     \
	SK_SECTION(CODE, code, struct sk_instruction, "condition and output programs")                             \
	SK_SECTION(RULES, rules, struct sk_bundle_rule, "rules, in order of evaluation")                           \
	SK_SECTION(TAGS, tags, uint32_t, "string numbers: the tags of rules")                                      \
	SK_SECTION(TYPES, types, struct sk_bundle_type, "one record an event type")                                \
	SK_SECTION(TYPE_RULES, type_rules, uint32_t, "rule numbers: what each type tries, in order")               \
	SK_SECTION(SYSCALLS, syscalls, uint64_t, "set of the schema's system call numbers that rules name")        \
	SK_SECTION(QUESTIONS, questions, struct sk_bundle_question, "values that decide many predicates at once")  \
	SK_SECTION(INDEXES, indexes, struct sk_bundle_index, "of each question, one a group")                      \
	SK_SECTION(ENTRIES, entries, struct sk_bundle_entry, "the constants of each index")                        \
	SK_SECTION(LINKS, links, uint32_t, "of ordered entries: the next shorter one that holds too")              \
	SK_SECTION(SLOTS, slots, uint32_t, "hash tables of EXACT indexes")                                         \
	SK_SECTION(STATES, states, struct sk_bundle_state, "automata of CONTAINS and ICONTAINS indexes")           \
	SK_SECTION(LABELS, labels, char, "of each state, the byte that leads to it")                               \
	SK_SECTION(POSTINGS, postings, uint32_t, "predicates of each entry")                                       \
	SK_SECTION(LOCATIONS, locations, struct sk_bundle_location,                                                \
		   "the source of each predicate, then of each rule")                                              \
	SK_SECTION(FILES, files, uint32_t, "string numbers: names of the source files")

enum sk_section {
#define SK_SECTION(id, member, record, what) SK_SECTION_##id,
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
		SK_SECTION_COUNT
};

struct sk_bundle_header {
	char magic[8];
	uint32_t version;
	uint32_t section_count;
	uint64_t file_size;
	uint64_t schema_hash;   /* sk_schema_hash() of the compiler */
	uint64_t body_hash_low; /* see the head of this file */
	uint64_t body_hash_high;
};

struct sk_bundle_section {
	uint64_t offset; /* from the start of the file, multiple of 8 */
	uint64_t size;   /* bytes, without padding */
};

/* What an argument of a field is. */
enum sk_argument_kind { SK_ARGUMENT_KIND_NONE, SK_ARGUMENT_KIND_INDEX, SK_ARGUMENT_KIND_TEXT };

/*
 * A field with its argument.  `type`, `list` and `scope` are those of its row
 * in fields.def, whatever the argument, but for a field of type DYNAMIC
 * (evt.rawarg): its `type` is that of the first event that has the parameter.
 * NEVER ones a host always gives as missing.
 */
struct sk_bundle_field {
	uint16_t field; /* enum sk_field */
	uint8_t kind;   /* enum sk_argument_kind, one that the field's row allows */
	uint8_t type;   /* enum sk_type */
	uint8_t list;   /* 1: the value is a list of that type */
	uint8_t scope;  /* enum sk_scope */
	uint16_t zero;
	uint32_t
		index; /* INDEX: the number; of a field of SK_FIELD_FLAG_READING which of its readers; 0 otherwise */
	uint32_t argument; /* string without NULs, SK_NONE without one; of an INDEX its decimal digits */
};

/*
 * A constant is an element of CONSTANTS, whose meaning hangs on the type that
 * it is compared with:
 *   STRING   a string without NULs: the value, and the pattern of glob, iglob,
 *            regex and pmatch.  Of icontains in lower case, of pmatch without
 *            wildcards as sk_plan_is_plain_path() wants it, or no index has it
 *   BYTES    a string, which may hold NULs; of bcontains and bstartswith the
 *            bytes that the hexadecimal text stands for
 *   numbers  of NUMBERS, in the range of the type; INT* sign-extended to 64
 *            bits, everything else zero-extended (RELTIME, ABSTIME: 64 bits,
 *            PORT: 16); DOUBLE: a whole number of 32 bits, sign-extended
 *   BOOL     of NUMBERS, 0 or 1
 *   IPADDR   of ADDRESSES, with `prefix` 0
 *   IPNET    of ADDRESSES, with `prefix` 0-32 for IPv4, 1-128 for IPv6; the
 *            bits of `bytes` behind the prefix are zero
 */
struct sk_bundle_address {
	uint8_t bytes[16]; /* network order; behind the length zero */
	uint8_t length;    /* 4 or 16 */
	uint8_t prefix;
	uint16_t zero;
};

enum sk_expression_kind {
	SK_EXPRESSION_FIELD,
	SK_EXPRESSION_CONSTANT,
	SK_EXPRESSION_TRANSFORMER,
	SK_EXPRESSION_LIST
};

/*
 * A left side, the right side val(...) or a transformer, or what an output
 * prints.  Types:
 *   FIELD        the field's
 *   CONSTANT     STRING (numbers too: they are texts here)
 *   LIST         list of STRING; elements are scalars of any type, which are
 *                rendered as outputs print them
 *   tolower, toupper, basename   STRING -> STRING; of a list each element
 *   b64          STRING or BYTES -> the same; of a list each element
 *   len          any list, STRING, BYTES -> UINT64
 *   join         STRING, list of STRING -> STRING
 *   concat       two or more STRING -> STRING
 *   getopt       list of STRING, STRING -> list of STRING, with selector STRING
 *
 * Invariant: arguments have smaller numbers than the expression that takes
 * them, so there are no cycles.  A field of quantifier ANY or BOTH is nobody's
 * argument, and one with SK_FIELD_FLAG_NO_TRANSFORMER is no transformer's, but
 * may be the element of a list.
 */
struct sk_bundle_expression {
	uint8_t kind;        /* enum sk_expression_kind */
	uint8_t transformer; /* TRANSFORMER: enum sk_transformer; 0 otherwise */
	uint8_t type;        /* enum sk_type of the result */
	uint8_t list;        /* 1: the result is a list */
	uint32_t operand;    /* FIELD: field; CONSTANT: string; else first of ARGUMENTS */
	uint32_t count;      /* TRANSFORMER, LIST: number of arguments; 0 otherwise */
	uint32_t selector;   /* string of getopt(...)[c], not empty; SK_NONE otherwise */
	uint32_t text;       /* string: canonical text, the key in output_fields */
};

/*
 * A comparison.  The right side is one of
 *   nothing      EXISTS: right SK_NONE, no constants
 *   constants    of the type of the left side (of its elements, for a list);
 *                one where the operator takes NUMBER or TEXT without modifier,
 *                any number, none included, with LIST operators and modifiers
 *   expression   of exactly the left side's type and list-ness, no modifier,
 *                not with regex and pmatch, not where the left type is IPNET or
 *                either side is a field with SK_FIELD_FLAG_NO_RHS
 */
struct sk_bundle_predicate {
	uint8_t operator;   /* enum sk_operator, allowed for the left side's type */
	uint8_t modifier;   /* enum sk_modifier; only on operators that take TEXT */
	uint8_t scope;      /* enum sk_scope: the largest of all its fields, THREAD without fields */
	uint8_t quantifier; /* sk_bundle_field_quantifier() of a left FIELD, ONE otherwise */
	uint32_t left;      /* expression */
	uint32_t right;     /* expression; SK_NONE: the right side is constants */
	uint32_t first;     /* first of CONSTANTS; 0 without constants; each once where an index has them */
	uint32_t count;     /* number of constants */
};

struct sk_instruction {
	uint8_t op;    /* enum sk_op */
	uint8_t aux;   /* zero */
	uint16_t jump; /* what the op's row says; zero if it says NONE */
	uint32_t operand;
};

struct sk_bundle_rule {
	uint32_t name; /* strings */
	uint32_t description;
	uint32_t source;
	uint32_t condition;      /* first instruction of the condition program */
	uint32_t condition_size; /* instructions */
	uint32_t output;         /* first instruction of the output program */
	uint32_t output_size;
	uint32_t first_tag; /* into TAGS, sorted bytewise, each once */
	uint32_t tag_count;
	uint8_t priority; /* 0 Emergency ... 7 Debug */
	uint8_t capture;  /* 1: the pack asks for a capture when it fires */
	uint16_t zero;
	uint32_t capture_duration; /* ms, 0: the configured default */
};

struct sk_bundle_type {
	uint32_t first; /* into TYPE_RULES, where a type's rules ascend; 0 without rules */
	uint32_t count;
};

struct sk_bundle_location {
	uint32_t line;   /* from 1 */
	uint16_t column; /* from 1, in bytes; 65535: there or behind */
	uint16_t file;   /* into FILES; SK_BUNDLE_NO_FILE: unknown, then the others are 0 */
};

enum { SK_BUNDLE_NO_FILE = UINT16_MAX };

/*
 * Which structure decides a predicate: groups.def.  Follows from the predicate
 * and its constants: plan.h.
 */
enum sk_index_group {
#define SK_GROUP(id, name, parts, order, meaning) SK_GROUP_##id,
#include "vm/groups.def"
	SK_GROUP_COUNT
};

enum sk_group_parts {
	SK_GROUP_PARTS_NONE,
	SK_GROUP_PARTS_SORTED,
	SK_GROUP_PARTS_LINKS,
	SK_GROUP_PARTS_SLOTS,
	SK_GROUP_PARTS_STATES
};
enum sk_group_order {
	SK_GROUP_ORDER_NONE,
	SK_GROUP_ORDER_TEXT,
	SK_GROUP_ORDER_REVERSED,
	SK_GROUP_ORDER_PATH,
	SK_GROUP_ORDER_NUMBER,
	SK_GROUP_ORDER_ADDRESS
};

struct sk_index_group_info {
	const char *name;
	const char *meaning;
	uint8_t parts; /* enum sk_group_parts: what its index is made of besides entries */
	uint8_t order; /* enum sk_group_order: how its entries are sorted */
};

extern const struct sk_index_group_info sk_index_groups[SK_GROUP_COUNT];

/*
 * An expression and all predicates that have it on their left and constants on
 * their right: its value decides them.  Or one predicate with an expression on
 * its right, alone (SK_NONE, no indexes).
 *
 *   predicates   first          always      pattern     generic     first + count
 *                +--------------+-----------+-----------+-----------+
 *                | indexed, by  | ALWAYS    | PATTERN   | GENERIC   |
 *                | group        |           |           |           |
 *                +--------------+-----------+-----------+-----------+
 */
struct sk_bundle_question {
	uint32_t expression; /* SK_NONE: one predicate with two expressions */
	uint32_t first;      /* into PREDICATES, where they are sorted by group */
	uint32_t count;
	uint32_t always;      /* first predicate of group ALWAYS or a later one */
	uint32_t pattern;     /* of group PATTERN or later */
	uint32_t generic;     /* of group GENERIC */
	uint32_t first_index; /* into INDEXES, by group */
	uint32_t index_count;
};

/*
 * The constants of a question's predicates of one group.  Which of LINKS,
 * SLOTS and STATES it has is its group's; the other numbers are 0.  The link of
 * an entry is the longest other one that holds wherever it does, SK_NONE
 * without one; for its order see order.h.
 */
struct sk_bundle_index {
	uint32_t group;       /* enum sk_index_group */
	uint32_t first_entry; /* into ENTRIES */
	uint32_t entry_count;
	uint32_t first_link; /* into LINKS: one an entry */
	uint32_t first_part; /* into SLOTS, or into STATES and LABELS */
	uint32_t part_count;
};

/*
 * Entries of EXACT ascend by `constant`, those of CONTAINS and ICONTAINS by the
 * state where they end, the others in the order of their group, each once.
 *
 * Its predicates, at least one, are those from `posting` in POSTINGS up to those
 * of the next entry in ENTRIES; each is given by its place in its question, and
 * they ascend.
 */
struct sk_bundle_entry {
	uint32_t constant; /* as in CONSTANTS */
	uint32_t posting;
};

/* Slots: 0 is free, otherwise the number of an entry plus one, and a byte of its hash above: slot.h. */
enum { SK_SLOT_ENTRY_BITS = 24 };

/*
 * Aho-Corasick.  States are numbered breadth first from the root 0, within one
 * parent by label: so the children of state s are first_child of s up to
 * first_child of s + 1, and the label of a state is the byte that leads to it.
 * Behind the last state stands one that only ends the children of the last.
 *
 * Numbers are those within the index.
 */
struct sk_bundle_state {
	uint32_t first_child;
	uint32_t fail;   /* state of the longest proper suffix that is a state; smaller */
	uint32_t output; /* entry that ends here, or else at the nearest of the fails; SK_NONE */
};

_Static_assert(sizeof(struct sk_bundle_header) == 48, "bundle header");
_Static_assert(sizeof(struct sk_bundle_section) == 16, "bundle section");
_Static_assert(sizeof(struct sk_bundle_field) == 16, "bundle field");
_Static_assert(sizeof(struct sk_bundle_address) == 20, "bundle address");
_Static_assert(sizeof(struct sk_bundle_expression) == 20, "bundle expression");
_Static_assert(sizeof(struct sk_bundle_predicate) == 20, "bundle predicate");
_Static_assert(sizeof(struct sk_instruction) == 8, "instruction");
_Static_assert(sizeof(struct sk_bundle_rule) == 44, "bundle rule");
_Static_assert(sizeof(struct sk_bundle_type) == 8, "bundle type");
_Static_assert(sizeof(struct sk_bundle_location) == 8, "bundle location");
_Static_assert(sizeof(struct sk_bundle_question) == 32, "bundle question");
_Static_assert(sizeof(struct sk_bundle_index) == 24, "bundle index");
_Static_assert(sizeof(struct sk_bundle_entry) == 8, "bundle entry");
_Static_assert(sizeof(struct sk_bundle_state) == 12, "bundle state");

enum sk_op {
#define SK_OP(id, name, operand, jumps, program, ends, meaning) SK_OP_##id,
#include "vm/ops.def"
	SK_OP_COUNT
};

enum sk_op_operand { SK_OP_OPERAND_NONE, SK_OP_OPERAND_PREDICATE, SK_OP_OPERAND_STRING, SK_OP_OPERAND_EXPRESSION };
enum sk_op_jumps { SK_OP_JUMPS_NONE, SK_OP_JUMPS_TARGET, SK_OP_JUMPS_WIDTH };
enum sk_op_program { SK_OP_PROGRAM_CONDITION, SK_OP_PROGRAM_OUTPUT };

struct sk_op_info {
	const char *name;
	const char *meaning;
	uint8_t operand; /* enum sk_op_operand */
	uint8_t jumps;   /* enum sk_op_jumps: what the member `jump` is */
	uint8_t program; /* enum sk_op_program */
	bool ends;       /* the program ends here */
};

extern const struct sk_op_info sk_ops[SK_OP_COUNT];
extern const char *const sk_priority_names[8]; /* "Emergency" ... "Debug" */

/*
 * A verified bundle: one pointer and count a section.
 */
struct sk_bundle {
	const uint8_t *bytes;
	size_t size;
	bool mapped; /* from a file: sk_bundle_close() unmaps it */
#define SK_SECTION(id, member, record, what)                                                                       \
	const record *member;                                                                                      \
	uint32_t member##_count;
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

/* The words of SYSCALLS: one bit a system call number, the rest zero. */
enum { SK_BUNDLE_SYSCALL_WORDS = (SK_SYSCALL_NAME_COUNT + 63) / 64 };

/*
 * Maps and verifies a file.  Negative errno with a sentence in `error` if it
 * cannot be read (the errno of open or mmap), is no bundle, damaged, or of
 * another version or schema (-EBADMSG).  On success the caller closes it.
 */
int sk_bundle_open(const char *path, struct sk_bundle *ret_bundle, struct sk_error *error);

/*
 * Verifies a bundle in memory, which must be 8-aligned and outlive
 * `ret_bundle`.  Errors as for sk_bundle_open().
 */
int sk_bundle_from_memory(const void *bytes, size_t size, struct sk_bundle *ret_bundle, struct sk_error *error);

/* Unmaps a bundle; one from memory is only forgotten. */
void sk_bundle_close(struct sk_bundle *bundle);

/* Computes the body hash of a complete file and writes it into its header. */
void sk_bundle_seal(void *bytes, size_t size);

/* With an argument a field gives one value, whatever its row's quantifier. */
static inline enum sk_quantifier sk_bundle_field_quantifier(const struct sk_bundle_field *field)
{
	return field->kind == SK_ARGUMENT_KIND_NONE ? (enum sk_quantifier)sk_fields[field->field].quantifier
						    : SK_QUANTIFIER_ONE;
}

/* STRINGS has one record more than there are strings. */
static inline uint32_t sk_bundle_string_count(const struct sk_bundle *bundle)
{
	return bundle->strings_count - 1;
}

static inline uint32_t sk_bundle_text_length(const struct sk_bundle *bundle, uint32_t number)
{
	return bundle->strings[number + 1] - bundle->strings[number] - 1;
}

/* The text of string `number` and its length. */
static inline const char *sk_bundle_text(const struct sk_bundle *bundle, uint32_t number, uint32_t *ret_length)
{
	const uint32_t begin = bundle->strings[number];

	if (ret_length)
		*ret_length = sk_bundle_text_length(bundle, number);
	return bundle->string_bytes + begin;
}

#endif
