/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/schema/schema.h"

#include <string.h>

#include <xxhash.h>

const struct sk_type_info sk_types[SK_TYPE_COUNT] = {
#define SK_TYPE(id, text, kind, what) [SK_TYPE_##id] = {.name = text, .meaning = what, .class = SK_CLASS_##kind},
#include "vm/schema/types.def"
};

const struct sk_operator_info sk_operators[SK_OPERATOR_COUNT] = {
#define SK_OPERATOR(id, name, takes, allowed, what)                                                                \
	[SK_OPERATOR_##id] = {.text = name, .meaning = what, .operands = SK_OPERANDS_##takes, .classes = allowed},
#include "vm/schema/operators.def"
};

const char *const sk_modifier_names[SK_MODIFIER_COUNT] = {
#define SK_MODIFIER(id, text, meaning) [SK_MODIFIER_##id] = text,
#include "vm/schema/modifiers.def"
};

const char *const sk_modifier_meanings[SK_MODIFIER_COUNT] = {
#define SK_MODIFIER(id, text, meaning) [SK_MODIFIER_##id] = meaning,
#include "vm/schema/modifiers.def"
};

const struct sk_transformer_info sk_transformers[SK_TRANSFORMER_COUNT] = {
#define SK_TRANSFORMER(id, name, fewest, largest, what)                                                            \
	[SK_TRANSFORMER_##id] = {.text = name, .meaning = what, .least = fewest, .most = largest},
#include "vm/schema/transformers.def"
};

#define SK_FLAGS_BEGIN(table, name) static const struct sk_flag flags_##table[] = {
#define SK_FLAG(table, name, value) {name, value},
#define SK_FLAGS_END(table)                                                                                        \
	}                                                                                                          \
	;
#include "vm/schema/flags.def"

const struct sk_flag_table sk_flag_tables[SK_FLAGS_COUNT] = {
#define SK_FLAGS_BEGIN(table, text)                                                                                \
	[SK_FLAGS_##table] = {text, flags_##table, sizeof(flags_##table) / sizeof(flags_##table[0])},
#include "vm/schema/flags.def"
};

/*
 * One row an event, wide enough for every event's parameters: rows of the
 * table name their event, so no second table of offsets can go wrong.
 */
static const struct sk_param_info params[SK_EVENT_COUNT][SK_EVENT_MAX_PARAMS] = {
#define SK_EVENT_PARAM(event, index, text, wire, form, table, relative, selects)                                   \
	[SK_EVENT_##event][index] = {.name = text,                                                                 \
				     .type = SK_PARAM_##wire,                                                      \
				     .format = SK_FORMAT_##form,                                                   \
				     .dynamic = SK_DYNAMIC_##selects,                                              \
				     .relative_to = relative,                                                      \
				     .flags = SK_FLAGS_##table},
#include "vm/schema/event_params.def"
};

const struct sk_event_info sk_events[SK_EVENT_COUNT] = {
#define SK_EVENT(number, code, text, way, kinds, bits, count, fd)                                                  \
	[number] = {.name = text,                                                                                  \
		    .id = #code,                                                                                   \
		    .params = params[number],                                                                      \
		    .nparams = count,                                                                              \
		    .direction = SK_DIRECTION_##way,                                                               \
		    .fd_param = fd,                                                                                \
		    .category = kinds,                                                                             \
		    .flags = bits},
#include "vm/schema/events.def"
};

const struct sk_syscall_info sk_syscalls[] = {
#define SK_SYSCALL(x86, arm, text, number, event, needed)                                                          \
	{.x86_64 = x86,                                                                                            \
	 .aarch64 = arm,                                                                                           \
	 .sc = number,                                                                                             \
	 .exit_event = SK_EVENT_##event,                                                                           \
	 .state = needed,                                                                                          \
	 .name = text},
#include "vm/schema/syscalls.def"
};

const size_t sk_syscall_count = sizeof(sk_syscalls) / sizeof(sk_syscalls[0]);

static const char *const syscall_names[SK_SYSCALL_NAME_COUNT] = {
#define SK_SYSCALL_NAME(number, name) [number] = name,
#include "vm/schema/syscall_names.def"
};

const struct sk_field_info sk_fields[SK_FIELD_COUNT] = {
#define SK_FIELD(id, text, kind, is_list, takes, rate, counts, bits, form, state, what)                            \
	[SK_FIELD_##id] = {.name = text,                                                                           \
			   .meaning = what,                                                                        \
			   .type = SK_TYPE_##kind,                                                                 \
			   .list = is_list,                                                                        \
			   .argument = SK_ARGUMENT_##takes,                                                        \
			   .scope = SK_SCOPE_##rate,                                                               \
			   .quantifier = SK_QUANTIFIER_##counts,                                                   \
			   .format = SK_FORMAT_##form,                                                             \
			   .availability = SK_AVAILABILITY_##state,                                                \
			   .flags = bits},
#include "vm/schema/fields.def"
};

const char *const sk_argument_forms[] = {
	[SK_ARGUMENT_NONE] = "",
	[SK_ARGUMENT_INDEX] = "[N]",
	[SK_ARGUMENT_KEY] = "[KEY]",
	[SK_ARGUMENT_EITHER] = "[N or KEY]",
	[SK_ARGUMENT_SUFFIX] = ".NAME",
	[SK_ARGUMENT_SUFFIX_OR_INDEX] = ".NAME or [N]",
	[SK_ARGUMENT_OPTIONAL_INDEX] = "[N]?",
	[SK_ARGUMENT_OPTIONAL_KEY] = "[KEY]?",
	[SK_ARGUMENT_OPTIONAL_EITHER] = "[N or KEY]?",
	[SK_ARGUMENT_OPTIONAL_SUFFIX] = ".NAME?",
};

const char *const sk_availability_names[] = {
	[SK_AVAILABILITY_READY] = "ready",
	[SK_AVAILABILITY_NEVER] = "never has a value",
};

const char *const sk_scope_names[] = {
	[SK_SCOPE_THREAD] = "thread",
	[SK_SCOPE_LINEAGE] = "lineage",
	[SK_SCOPE_FD] = "fd",
	[SK_SCOPE_EVENT] = "event",
};

const struct sk_param_type_info sk_param_types[SK_PARAM_TYPE_COUNT] = {
#define SK_PARAM_TYPE(id, number, bytes, what) [number] = {.name = #id, .meaning = what, .size = bytes},
#include "vm/schema/param_types.def"
};

/* Most names differ in their first letter already. */
static bool same_text(const char *known, const char *name, size_t length)
{
	return length > 0 && known[0] == name[0] && strncmp(known, name, length) == 0 && known[length] == '\0';
}

bool sk_event_name_exists(const char *name, size_t length)
{
	/* Codes 0 and 1 are the generic pair, whose name no event shows. */
	for (size_t i = 2; i < SK_EVENT_COUNT; i++) {
		if (!(sk_events[i].flags & SK_EVENT_FLAG_UNUSED) && same_text(sk_events[i].name, name, length))
			return true;
	}
	return false;
}

int sk_event_path(uint16_t type, unsigned which)
{
	const struct sk_event_info *info = &sk_events[type];

	if (!(info->category & SK_CATEGORY_SYSCALL) || info->direction != SK_DIRECTION_EXIT)
		return -1;
	/* The two whose only path is not the first parameter of that type, or is none to the schema. */
	if (type == SK_EVENT_SYSCALL_EXECVE_19_X)
		return which == 0 ? 30 : -1;
	if (type == SK_EVENT_SYSCALL_CHDIR_X)
		return which == 0 ? 1 : -1;
	for (int i = 0; i < info->nparams; i++) {
		if ((info->params[i].type == SK_PARAM_FSPATH || info->params[i].type == SK_PARAM_FSRELPATH) &&
		    which-- == 0)
			return i;
	}
	return -1;
}

const char *sk_syscall_name(uint32_t sc)
{
	return sc < SK_SYSCALL_NAME_COUNT ? syscall_names[sc] : NULL;
}

int sk_syscall_find(const char *name, size_t length)
{
	for (uint32_t sc = 1; sc < SK_SYSCALL_NAME_COUNT; sc++) {
		if (same_text(sk_syscall_name(sc), name, length))
			return (int)sc;
	}
	return -1;
}

static bool takes_suffix(const struct sk_field_info *field)
{
	return field->argument == SK_ARGUMENT_SUFFIX || field->argument == SK_ARGUMENT_SUFFIX_OR_INDEX ||
	       field->argument == SK_ARGUMENT_OPTIONAL_SUFFIX;
}

/* A compiler asks for every field of every condition: few names get as far as being compared. */
static int find_exactly(const char *name, size_t length)
{
	static const uint8_t lengths[SK_FIELD_COUNT] = {
#define SK_FIELD(id, text, type, list, argument, scope, quantifier, flags, format, availability, meaning)          \
	[SK_FIELD_##id] = sizeof(text) - 1,
#include "vm/schema/fields.def"
	};

	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		if (lengths[i] == length && sk_fields[i].name[length - 1] == name[length - 1] &&
		    memcmp(sk_fields[i].name, name, length) == 0)
			return i;
	}
	return -1;
}

int sk_field_find(const char *name, size_t length, size_t *ret_suffix)
{
	size_t longest = 0;
	int found = find_exactly(name, length);

	if (found >= 0) {
		*ret_suffix = length;
		return found;
	}
	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		const struct sk_field_info *field = &sk_fields[i];
		size_t known;

		if (!takes_suffix(field))
			continue;
		known = strlen(field->name);
		if (known < longest || known + 1 >= length || name[known] != '.' ||
		    memcmp(field->name, name, known) != 0)
			continue;
		longest = known;
		found = i;
		*ret_suffix = known + 1;
	}
	return found;
}

uint64_t sk_schema_hash(void)
{
	/* The text of the rows that a bundle's numbers refer to. */
	static const char rows[] =
#define SK_FIELD(id, name, type, list, argument, scope, quantifier, flags, format, availability, meaning)          \
	"F" #id name #type #list #argument #quantifier
#include "vm/schema/fields.def"
#define SK_EVENT(number, id, name, direction, category, flags, nparams, fd_param) "E" #number #id #nparams
#include "vm/schema/events.def"
#define SK_OPERATOR(id, text, operands, classes, meaning) "O" #id text
#include "vm/schema/operators.def"
#define SK_TRANSFORMER(id, text, least, most, meaning) "T" #id text
#include "vm/schema/transformers.def"
#define SK_TYPE(id, name, class, meaning) "Y" #id
#include "vm/schema/types.def"
		;

	return XXH3_64bits(rows, sizeof(rows));
}

/* --- what operators and transformers take ------------------------------- */

/* Lists of other types can only be asked for with `exists`. */
static bool list_compares(enum sk_type type)
{
	switch (type) {
	case SK_TYPE_STRING:
	case SK_TYPE_UINT64:
	case SK_TYPE_RELTIME:
	case SK_TYPE_ABSTIME:
	case SK_TYPE_BOOL:
	case SK_TYPE_IPADDR:
	case SK_TYPE_IPNET:
		return true;
	case SK_TYPE_NONE:
	case SK_TYPE_INT8:
	case SK_TYPE_INT16:
	case SK_TYPE_INT32:
	case SK_TYPE_INT64:
	case SK_TYPE_UINT8:
	case SK_TYPE_UINT16:
	case SK_TYPE_UINT32:
	case SK_TYPE_DOUBLE:
	case SK_TYPE_PORT:
	case SK_TYPE_BYTES:
	case SK_TYPE_DYNAMIC:
	case SK_TYPE_OPAQUE:
	case SK_TYPE_COUNT:
		return false;
	}
	return false;
}

bool sk_operator_takes(enum sk_operator operator, enum sk_type type, bool list)
{
	const uint32_t classes = sk_operators[operator].classes;

	if (operator== SK_OPERATOR_EXISTS)
		return true;
	if (list)
		return (classes & SK_CLASS_LIST) && list_compares(type);
	return (classes & sk_types[type].class) != 0;
}

const char *sk_transformer_refuses(enum sk_transformer transformer, uint32_t index, enum sk_type type, bool list)
{
	const bool is_string = type == SK_TYPE_STRING, is_bytes = type == SK_TYPE_BYTES;
	const bool is_text = is_string && !list, is_text_list = is_string && list;

	switch (transformer) {
	case SK_TRANSFORMER_TOLOWER:
	case SK_TRANSFORMER_TOUPPER:
	case SK_TRANSFORMER_BASENAME:
		return is_string ? NULL : "takes a text";
	case SK_TRANSFORMER_B64:
		return is_string || is_bytes ? NULL : "takes a text or bytes";
	case SK_TRANSFORMER_LEN:
		return list || is_string || is_bytes ? NULL : "takes a list, a text or bytes";
	case SK_TRANSFORMER_JOIN:
		if (index == 0)
			return is_text ? NULL : "takes a text first, the separator";
		return is_text_list ? NULL : "takes a list of texts after the separator";
	case SK_TRANSFORMER_CONCAT:
		return is_text ? NULL : "takes texts";
	case SK_TRANSFORMER_GETOPT:
		if (index == 0)
			return is_text_list ? NULL : "takes a list of texts first, the arguments";
		return is_text ? NULL : "takes a text after the arguments, the options";
	case SK_TRANSFORMER_COUNT:
		break;
	}
	return "is not known";
}

enum sk_type sk_transformer_result(enum sk_transformer transformer, enum sk_type type, bool list, bool selected,
				   bool *ret_list)
{
	*ret_list = false;
	switch (transformer) {
	case SK_TRANSFORMER_B64:
	case SK_TRANSFORMER_TOLOWER:
	case SK_TRANSFORMER_TOUPPER:
	case SK_TRANSFORMER_BASENAME:
		*ret_list = list;
		return type;
	case SK_TRANSFORMER_LEN:
		return SK_TYPE_UINT64;
	case SK_TRANSFORMER_GETOPT:
		*ret_list = !selected;
		return SK_TYPE_STRING;
	case SK_TRANSFORMER_JOIN:
	case SK_TRANSFORMER_CONCAT:
	case SK_TRANSFORMER_COUNT:
		break;
	}
	return SK_TYPE_STRING;
}
