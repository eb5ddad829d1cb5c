/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts that every layer shares: events and their parameters, flag names,
 * system calls, fields, types, operators, transformers.  Each is an expansion
 * of the .def table of the same name beside this file.
 */
#ifndef SK_SCHEMA_SCHEMA_H
#define SK_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- types ------------------------------------------------------------- */

enum sk_class {
	SK_CLASS_NUMBER = 1 << 0,
	SK_CLASS_BOOL = 1 << 1,
	SK_CLASS_ADDRESS = 1 << 2,
	SK_CLASS_STRING = 1 << 3,
	SK_CLASS_BYTES = 1 << 4,
	SK_CLASS_LIST = 1 << 5, /* a list of any type */
	SK_CLASS_OPAQUE = 1 << 6,
	SK_CLASS_ALL = (1 << 7) - 1,
};

enum sk_type {
#define SK_TYPE(id, name, class, meaning) SK_TYPE_##id,
#include "vm/schema/types.def"
	SK_TYPE_COUNT
};

struct sk_type_info {
	const char *name;
	const char *meaning;
	enum sk_class class;
};

extern const struct sk_type_info sk_types[SK_TYPE_COUNT];

/* --- operators and transformers ---------------------------------------- */

enum sk_operator {
#define SK_OPERATOR(id, text, operands, classes, meaning) SK_OPERATOR_##id,
#include "vm/schema/operators.def"
	SK_OPERATOR_COUNT
};

enum sk_operands { SK_OPERANDS_NONE, SK_OPERANDS_NUMBER, SK_OPERANDS_TEXT, SK_OPERANDS_LIST };

struct sk_operator_info {
	const char *text;
	const char *meaning;
	enum sk_operands operands;
	uint32_t classes; /* SK_CLASS_* */
};

extern const struct sk_operator_info sk_operators[SK_OPERATOR_COUNT];

/* How the elements of the right side combine; none for a plain operator. */
enum sk_modifier {
#define SK_MODIFIER(id, text, meaning) SK_MODIFIER_##id,
#include "vm/schema/modifiers.def"
	SK_MODIFIER_COUNT
};

extern const char *const sk_modifier_names[SK_MODIFIER_COUNT];
extern const char *const sk_modifier_meanings[SK_MODIFIER_COUNT];

enum sk_transformer {
#define SK_TRANSFORMER(id, text, least, most, meaning) SK_TRANSFORMER_##id,
#include "vm/schema/transformers.def"
	SK_TRANSFORMER_COUNT
};

struct sk_transformer_info {
	const char *text;
	const char *meaning;
	uint8_t least, most; /* number of arguments */
};

extern const struct sk_transformer_info sk_transformers[SK_TRANSFORMER_COUNT];

/* True if the operator compares values of the type, or lists of it (spec/rule-language.md section 2.4). */
bool sk_operator_takes(enum sk_operator operator, enum sk_type type, bool list);

/*
 * What is wrong with argument `index` of a transformer if it is of this type,
 * as the end of a sentence; NULL if nothing is (section 2.9).
 */
const char *sk_transformer_refuses(enum sk_transformer transformer, uint32_t index, enum sk_type type, bool list);

/*
 * The type of a transformer's result; `type` and `list` are those of its first
 * argument, `selected` says that it picks one of the results: getopt(...)[c].
 */
enum sk_type sk_transformer_result(enum sk_transformer transformer, enum sk_type type, bool list, bool selected,
				   bool *ret_list);

/* --- flag names -------------------------------------------------------- */

enum sk_flags {
#define SK_FLAGS_BEGIN(table, name) SK_FLAGS_##table,
#include "vm/schema/flags.def"
	SK_FLAGS_COUNT,
	SK_FLAGS_NONE = SK_FLAGS_COUNT
};

struct sk_flag {
	const char *name;
	uint32_t value;
};

struct sk_flag_table {
	const char *name;
	const struct sk_flag *flags; /* in printing order */
	size_t count;
};

extern const struct sk_flag_table sk_flag_tables[SK_FLAGS_COUNT];

/* --- events ------------------------------------------------------------ */

enum sk_event_type {
#define SK_EVENT(number, id, name, direction, category, flags, nparams, fd_param) SK_EVENT_##id = (number),
#include "vm/schema/events.def"
	SK_EVENT_COUNT
};

enum sk_direction { SK_DIRECTION_ENTER, SK_DIRECTION_EXIT };

/* Wire values: spec/event-schema.md section 1. */
enum sk_category {
	SK_CATEGORY_OTHER = 1,
	SK_CATEGORY_FILE = 2,
	SK_CATEGORY_NET = 3,
	SK_CATEGORY_IPC = 4,
	SK_CATEGORY_MEMORY = 5,
	SK_CATEGORY_PROCESS = 6,
	SK_CATEGORY_SLEEP = 7,
	SK_CATEGORY_SYSTEM = 8,
	SK_CATEGORY_SIGNAL = 9,
	SK_CATEGORY_USER = 10,
	SK_CATEGORY_TIME = 11,
	SK_CATEGORY_PROCESSING = 12,
	SK_CATEGORY_IO_READ = 32,
	SK_CATEGORY_IO_WRITE = 33,
	SK_CATEGORY_IO_OTHER = 34,
	SK_CATEGORY_CLASS_MASK = 0x3f,
	SK_CATEGORY_WAIT = 0x40,
	SK_CATEGORY_SCHEDULER = 0x80,
	SK_CATEGORY_INTERNAL = 0x100,
	SK_CATEGORY_SYSCALL = 0x200,
	SK_CATEGORY_TRACEPOINT = 0x400,
	SK_CATEGORY_PLUGIN = 0x800,
	SK_CATEGORY_METAEVENT = 0x1000,
	SK_CATEGORY_ITER = 0x2000,
};

enum sk_event_flag {
	SK_EVENT_FLAG_CREATES_FD = 0x1,
	SK_EVENT_FLAG_DESTROYS_FD = 0x2,
	SK_EVENT_FLAG_USES_FD = 0x4,
	SK_EVENT_FLAG_READS_FROM_FD = 0x8,
	SK_EVENT_FLAG_WRITES_TO_FD = 0x10,
	SK_EVENT_FLAG_MODIFIES_STATE = 0x20,
	SK_EVENT_FLAG_UNUSED = 0x40,
	SK_EVENT_FLAG_WAITS = 0x80,
	SK_EVENT_FLAG_SKIPPARSERESET = 0x100,
	SK_EVENT_FLAG_OLD_VERSION = 0x200,
	SK_EVENT_FLAG_LARGE_PAYLOAD = 0x800,
	SK_EVENT_FLAG_CONVERTER_MANAGED = 0x1000,
};

enum sk_param_type {
#define SK_PARAM_TYPE(id, number, size, meaning) SK_PARAM_##id = (number),
#include "vm/schema/param_types.def"
	SK_PARAM_TYPE_COUNT
};

/* What a DYN parameter's first byte selects: spec/event-schema.md section 4. */
enum sk_dynamic { SK_DYNAMIC_NONE, SK_DYNAMIC_SOCKOPT, SK_DYNAMIC_PTRACE, SK_DYNAMIC_BPF, SK_DYNAMIC_KEYCTL };

enum sk_format {
	SK_FORMAT_NA,
	SK_FORMAT_DEC,
	SK_FORMAT_HEX,
	SK_FORMAT_OCT,
	SK_FORMAT_10_PADDED_DEC,
	SK_FORMAT_ID,
	SK_FORMAT_DIR
};

struct sk_param_info {
	const char *name;
	uint8_t type;       /* enum sk_param_type */
	uint8_t format;     /* enum sk_format */
	uint8_t dynamic;    /* enum sk_dynamic */
	int8_t relative_to; /* parameter with the directory fd, -1: none */
	uint16_t flags;     /* enum sk_flags */
};

struct sk_event_info {
	const char *name;
	const char *id; /* "SYSCALL_OPEN_X" */
	const struct sk_param_info *params;
	uint8_t nparams;
	uint8_t direction; /* enum sk_direction */
	int8_t fd_param;   /* parameter that holds the event's fd, -1: none */
	uint16_t category;
	uint16_t flags;
};

enum { SK_EVENT_MAX_PARAMS = 32 };

extern const struct sk_event_info sk_events[SK_EVENT_COUNT];

struct sk_param_type_info {
	const char *name; /* "FSPATH" */
	const char *meaning;
	uint8_t size; /* exact bytes of a fixed type, 0 for a variable one */
};

extern const struct sk_param_type_info sk_param_types[SK_PARAM_TYPE_COUNT];

/*
 * Bytes that a parameter of this type must have: the exact size of a fixed
 * type, 0 for a variable one.
 */
static inline size_t sk_param_fixed_size(enum sk_param_type type)
{
	return sk_param_types[type].size;
}

/* True if any event, enter or exit, of any version has this name. */
bool sk_event_name_exists(const char *name, size_t length);

/*
 * The parameter that is the first (0) or second (1) path of a system call, in
 * the order of its arguments; of an exec, the program as it was asked for.
 * -1 without one.
 */
int sk_event_path(uint16_t type, unsigned which);

/* --- system calls ------------------------------------------------------ */

enum { SK_SYSCALL_NAME_COUNT = 454 };

struct sk_syscall_info {
	int16_t x86_64, aarch64; /* native numbers, -1: none */
	uint16_t sc;             /* the schema's number */
	uint16_t exit_event;     /* enum sk_event_type */
	uint8_t state;           /* the state engine needs it */
	const char *name;
};

extern const struct sk_syscall_info sk_syscalls[];
extern const size_t sk_syscall_count;

/*
 * Name in lower case of the schema's system call number, as evt.type shows it
 * for a generic event; NULL out of range.
 */
const char *sk_syscall_name(uint32_t sc);

/* The schema's number for a name; -1 if there is no such system call. */
int sk_syscall_find(const char *name, size_t length);

/* --- parameters in conditions ------------------------------------------- */

/*
 * The type that a parameter's value is compared as; OPAQUE for what only
 * `exists` can be asked of.
 */
enum sk_type sk_param_value_type(enum sk_param_type type);

/*
 * The type that conditions see of a parameter evt.rawarg.NAME: that of the
 * first event, in table order, with a parameter of this name.  -1 if there is
 * none.
 */
int sk_param_condition_type(const char *name, size_t length);

/* --- fields ------------------------------------------------------------ */

enum sk_scope { SK_SCOPE_THREAD, SK_SCOPE_LINEAGE, SK_SCOPE_FD, SK_SCOPE_EVENT };
enum sk_quantifier { SK_QUANTIFIER_ONE, SK_QUANTIFIER_ANY, SK_QUANTIFIER_BOTH };
enum sk_availability { SK_AVAILABILITY_READY, SK_AVAILABILITY_NEVER };

enum sk_field_argument {
	SK_ARGUMENT_NONE,
	SK_ARGUMENT_INDEX,
	SK_ARGUMENT_KEY,
	SK_ARGUMENT_EITHER,
	SK_ARGUMENT_SUFFIX,
	SK_ARGUMENT_SUFFIX_OR_INDEX,
	SK_ARGUMENT_OPTIONAL_INDEX,
	SK_ARGUMENT_OPTIONAL_KEY,
	SK_ARGUMENT_OPTIONAL_EITHER,
	SK_ARGUMENT_OPTIONAL_SUFFIX,
};

enum sk_field_flag {
	SK_FIELD_FLAG_FILTER_ONLY = 1 << 0,
	SK_FIELD_FLAG_NO_RHS = 1 << 1,
	SK_FIELD_FLAG_NO_TRANSFORMER = 1 << 2,
	SK_FIELD_FLAG_DEPRECATED = 1 << 3,
	SK_FIELD_FLAG_TABLE_ONLY = 1 << 4,
	SK_FIELD_FLAG_PRINT_ONLY = 1 << 5,
	SK_FIELD_FLAG_READING =
		1 << 6, /* it depends on when the same comparison or token read it last: vm/reading.h */
	SK_FIELD_FLAG_BARE = 1 << 7, /* of bare events (sk_event_is_bare()) it is what their type makes it */
};

enum sk_field {
#define SK_FIELD(id, ...) SK_FIELD_##id,
#include "vm/schema/fields.def"
	SK_FIELD_COUNT
};

struct sk_field_info {
	const char *name;
	const char *meaning;
	uint8_t type;         /* enum sk_type */
	uint8_t list;         /* 1: a list of that type */
	uint8_t argument;     /* enum sk_field_argument */
	uint8_t scope;        /* enum sk_scope */
	uint8_t quantifier;   /* enum sk_quantifier */
	uint8_t format;       /* enum sk_format */
	uint8_t availability; /* enum sk_availability */
	uint8_t flags;        /* SK_FIELD_FLAG_* */
};

extern const struct sk_field_info sk_fields[SK_FIELD_COUNT];
extern const char *const sk_scope_names[];
extern const char *const sk_argument_forms[];     /* by enum sk_field_argument: "[N]" */
extern const char *const sk_availability_names[]; /* by enum sk_availability */

/*
 * The field that a dotted name stands for, -1 if there is none.  A field that
 * takes its argument as a suffix (evt.arg.flags) is found by its longest
 * declared prefix; `*ret_suffix` is then the offset of what follows the dot,
 * and `length` for every other field.
 */
int sk_field_find(const char *name, size_t length, size_t *ret_suffix);

/*
 * xxh3 over all the tables: a bundle carries the value that it was compiled
 * with, and a VM with other tables refuses it.
 */
uint64_t sk_schema_hash(void);

#endif
