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
 * Padding is zero, sections lie in the order of sections.def and without
 * gaps, so the same rules always give the same bytes.
 *
 * Invariant after sk_bundle_open(): every index, offset, jump, type and string
 * in the bundle is in bounds and of the right kind (verify.c).  Code that uses
 * a `struct sk_bundle` need not check anything again.
 */
#ifndef SK_BUNDLE_H
#define SK_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/schema/schema.h"
#include "vm/support/error.h"

#define SK_BUNDLE_MAGIC "saker\r\n\x1a"
enum { SK_BUNDLE_VERSION = 1 };

/* "no such index" wherever a record's reference is optional. */
#define SK_NONE UINT32_MAX

/*
 * SK_SECTION(id, record type, what it holds)
 */
#define SK_SECTIONS(SK_SECTION)                                                                                    \
	SK_SECTION(STRING_BYTES, char, "texts, each followed by a NUL")                                            \
	SK_SECTION(STRINGS, struct sk_bundle_string, "where each text lies")                                       \
	SK_SECTION(FIELDS, struct sk_bundle_field, "fields with their arguments")                                  \
	SK_SECTION(CONSTANTS, struct sk_bundle_constant, "constants, converted to their type")                     \
	SK_SECTION(EXPRESSIONS, struct sk_bundle_expression, "fields, constants, transformers")                    \
	SK_SECTION(ARGUMENTS, uint32_t, "expression numbers: the arguments of transformers")                       \
	SK_SECTION(PREDICATES, struct sk_bundle_predicate, "each comparison once")                                 \
	SK_SECTION(CODE, struct sk_instruction, "condition and output programs")                                   \
	SK_SECTION(RULES, struct sk_bundle_rule, "rules, in order of evaluation")                                  \
	SK_SECTION(TAGS, uint32_t, "string numbers: the tags of rules")                                            \
	SK_SECTION(TYPES, struct sk_bundle_type, "one record an event type")                                       \
	SK_SECTION(TYPE_RULES, uint32_t, "rule numbers: what each type tries, in order")                           \
	SK_SECTION(SYSCALLS, uint64_t, "set of the schema's system call numbers that rules name")                  \
	SK_SECTION(FILES, uint32_t, "string numbers: names of the source files")                                   \
	SK_SECTION(LOCATIONS, struct sk_bundle_location, "the source of each predicate, then of each rule")

enum sk_section {
#define SK_SECTION(id, record, what) SK_SECTION_##id,
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
		SK_SECTION_COUNT
};

struct sk_bundle_header {
	char magic[8];
	uint32_t version;
	uint32_t section_count;
	uint64_t file_size;
	uint64_t schema_hash;    /* sk_schema_hash() of the compiler */
	uint64_t body_hash_low;  /* xxh3-128 of everything behind this header, which */
	uint64_t body_hash_high; /* is seeded with the header up to here */
};

struct sk_bundle_section {
	uint64_t offset; /* from the start of the file, multiple of 8 */
	uint64_t size;   /* bytes, without padding */
};

struct sk_bundle_string {
	uint32_t offset; /* into STRING_BYTES */
	uint32_t length; /* without the NUL behind it; texts may hold NULs */
};

/* What an argument of a field is. */
enum sk_argument_kind { SK_ARGUMENT_KIND_NONE, SK_ARGUMENT_KIND_INDEX, SK_ARGUMENT_KIND_TEXT };

struct sk_bundle_field {
	uint16_t field; /* enum sk_field */
	uint8_t kind;   /* enum sk_argument_kind */
	uint8_t type;   /* enum sk_type of the value with this argument */
	uint8_t list;   /* 1: the value is a list */
	uint8_t scope;  /* enum sk_scope */
	uint16_t zero;
	uint32_t index;    /* INDEX: the number */
	uint32_t argument; /* string: the argument's text, SK_NONE without one */
};

/*
 * A constant.  Which members count depends on `type`:
 *   STRING, BYTES, and any type under `regex`, `glob`, `pmatch`: `text`
 *   numbers, BOOL, PORT, times:  `number` (two's complement where signed)
 *   IPADDR, IPNET: `address`, `address_length`, and for IPNET `prefix` bits
 */
struct sk_bundle_constant {
	uint8_t type;           /* enum sk_type */
	uint8_t address_length; /* 4 or 16 */
	uint8_t prefix;
	uint8_t zero;
	uint32_t text; /* string; always set: the constant as written */
	union {
		uint64_t number;
		uint8_t address[16];
	};
};

enum sk_expression_kind {
	SK_EXPRESSION_FIELD,
	SK_EXPRESSION_CONSTANT,
	SK_EXPRESSION_TRANSFORMER,
	SK_EXPRESSION_LIST
};

/*
 * Invariant: arguments have smaller numbers than the expression that takes
 * them, so there are no cycles.
 */
struct sk_bundle_expression {
	uint8_t kind;        /* enum sk_expression_kind */
	uint8_t transformer; /* TRANSFORMER: enum sk_transformer */
	uint8_t type;        /* enum sk_type of the result */
	uint8_t list;        /* 1: the result is a list */
	uint32_t operand;    /* FIELD: field; CONSTANT: constant; else first of ARGUMENTS */
	uint32_t count;      /* TRANSFORMER, LIST: number of arguments */
	uint32_t selector;   /* string of getopt(...)[c]; SK_NONE otherwise */
	uint32_t text;       /* string: canonical text, the key in output_fields */
};

struct sk_bundle_predicate {
	uint8_t operator;   /* enum sk_operator */
	uint8_t modifier;   /* enum sk_modifier */
	uint8_t scope;      /* enum sk_scope: the fastest-changing of its fields */
	uint8_t quantifier; /* enum sk_quantifier of the left field */
	uint32_t left;      /* expression */
	uint32_t right;     /* expression; SK_NONE: the right side is constants */
	uint32_t first;     /* first of CONSTANTS */
	uint32_t count;     /* number of constants */
	uint32_t text;      /* string: canonical text */
};

struct sk_instruction {
	uint8_t op; /* enum sk_op */
	uint8_t aux;
	uint16_t jump;
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
	uint32_t first_tag; /* into TAGS, sorted bytewise */
	uint32_t tag_count;
	uint8_t priority; /* 0 Emergency ... 7 Debug */
	uint8_t capture;  /* 1: the pack asks for a capture when it fires */
	uint16_t zero;
	uint32_t capture_duration; /* ms, 0: the configured default */
};

struct sk_bundle_type {
	uint32_t first; /* into TYPE_RULES */
	uint32_t count;
};

struct sk_bundle_location {
	uint32_t file;   /* into FILES, SK_NONE: unknown */
	uint32_t line;   /* from 1 */
	uint32_t column; /* from 1, in bytes */
};

_Static_assert(sizeof(struct sk_bundle_header) == 48, "bundle header");
_Static_assert(sizeof(struct sk_bundle_section) == 16, "bundle section");
_Static_assert(sizeof(struct sk_bundle_string) == 8, "bundle string");
_Static_assert(sizeof(struct sk_bundle_field) == 16, "bundle field");
_Static_assert(sizeof(struct sk_bundle_constant) == 24, "bundle constant");
_Static_assert(sizeof(struct sk_bundle_expression) == 20, "bundle expression");
_Static_assert(sizeof(struct sk_bundle_predicate) == 24, "bundle predicate");
_Static_assert(sizeof(struct sk_instruction) == 8, "instruction");
_Static_assert(sizeof(struct sk_bundle_rule) == 44, "bundle rule");
_Static_assert(sizeof(struct sk_bundle_type) == 8, "bundle type");
_Static_assert(sizeof(struct sk_bundle_location) == 12, "bundle location");

enum sk_op {
#define SK_OP(id, name, operand, jumps, program, meaning) SK_OP_##id,
#include "vm/ops.def"
	SK_OP_COUNT
};

enum sk_op_operand { SK_OP_OPERAND_NONE, SK_OP_OPERAND_PREDICATE, SK_OP_OPERAND_STRING, SK_OP_OPERAND_EXPRESSION };
enum sk_op_program { SK_OP_PROGRAM_CONDITION, SK_OP_PROGRAM_OUTPUT };

struct sk_op_info {
	const char *name;
	const char *meaning;
	uint8_t operand; /* enum sk_op_operand */
	uint8_t jumps;
	uint8_t program; /* enum sk_op_program */
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
#define SK_BUNDLE_TABLE(name, record)                                                                              \
	const record *name;                                                                                        \
	uint32_t name##_count
	SK_BUNDLE_TABLE(string_bytes, char);
	SK_BUNDLE_TABLE(strings, struct sk_bundle_string);
	SK_BUNDLE_TABLE(fields, struct sk_bundle_field);
	SK_BUNDLE_TABLE(constants, struct sk_bundle_constant);
	SK_BUNDLE_TABLE(expressions, struct sk_bundle_expression);
	SK_BUNDLE_TABLE(arguments, uint32_t);
	SK_BUNDLE_TABLE(predicates, struct sk_bundle_predicate);
	SK_BUNDLE_TABLE(code, struct sk_instruction);
	SK_BUNDLE_TABLE(rules, struct sk_bundle_rule);
	SK_BUNDLE_TABLE(tags, uint32_t);
	SK_BUNDLE_TABLE(types, struct sk_bundle_type);
	SK_BUNDLE_TABLE(type_rules, uint32_t);
	SK_BUNDLE_TABLE(syscalls, uint64_t);
	SK_BUNDLE_TABLE(files, uint32_t);
	SK_BUNDLE_TABLE(locations, struct sk_bundle_location);
#undef SK_BUNDLE_TABLE
};

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

/* The text of string `number` and its length. */
static inline const char *sk_bundle_text(const struct sk_bundle *bundle, uint32_t number, uint32_t *ret_length)
{
	const struct sk_bundle_string *string = &bundle->strings[number];

	if (ret_length)
		*ret_length = string->length;
	return bundle->string_bytes + string->offset;
}

#endif
