/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/field.h"

#include <string.h>

#include "grammar/diagnostic.h"

/* Names that may be suggested: those that a user can use today. */
static const char *next_field(void *state)
{
	int *next = state;

	while (*next < SK_FIELD_COUNT) {
		const struct sk_field_info *info = &sk_fields[(*next)++];

		if (info->availability == SK_AVAILABILITY_READY && !(info->flags & SK_FIELD_FLAG_TABLE_ONLY))
			return info->name;
	}
	return NULL;
}

struct param_walk {
	uint32_t event, param;
};

static const char *next_param(void *state)
{
	struct param_walk *walk = state;

	while (walk->event < SK_EVENT_COUNT) {
		const struct sk_event_info *info = &sk_events[walk->event];

		if (walk->param < info->nparams)
			return info->params[walk->param++].name;
		walk->event++;
		walk->param = 0;
	}
	return NULL;
}

/* The operand as written, with its argument, for messages. */
static const char *as_written(const struct sk_operand *operand, struct sk_arena *arena)
{
	const char *text = operand->argument ? sk_arena_printf(arena, "%s[%s]", operand->text, operand->argument)
					     : operand->text;

	return text ? text : operand->text;
}

/* The reference's words for all of them: skip-if-unknown-filter goes by these. */
static bool refuse(const struct sk_operand *operand, struct sk_arena *arena, const char **ret_fault,
		   const char *why)
{
	if (ret_fault) {
		const char *written = as_written(operand, arena);
		const char *message = sk_arena_printf(arena, "filter_check called with nonexistent field %s%s%s",
						      written, why ? ": " : "", why ? why : "");

		*ret_fault = message ? message : "filter_check called with nonexistent field";
	}
	return false;
}

const char *sk_field_hint(const struct sk_operand *operand, struct sk_arena *arena)
{
	struct param_walk walk = {0};
	size_t suffix = operand->length;
	int found = sk_field_find(operand->text, operand->length, &suffix), next = 0;
	const char *close;

	if (found < 0) {
		close = sk_suggest(operand->text, operand->length, next_field, &next);
		return close ? sk_arena_printf(arena, "did you mean '%s'?", close) : NULL;
	}
	if (sk_fields[found].type != SK_TYPE_DYNAMIC || suffix == operand->length)
		return NULL;
	close = sk_suggest(operand->text + suffix, operand->length - suffix, next_param, &walk);
	return close ? sk_arena_printf(arena, "did you mean '%s.%s'?", sk_fields[found].name, close) : NULL;
}

static bool all_digits(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return length > 0;
}

static bool read_index(const char *digits, uint32_t length, uint32_t *ret_index)
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < length; i++) {
		number = number * 10 + (uint64_t)(digits[i] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	*ret_index = (uint32_t)number;
	return true;
}

static bool may_be_index(enum sk_field_argument argument)
{
	switch (argument) {
	case SK_ARGUMENT_INDEX:
	case SK_ARGUMENT_EITHER:
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
	case SK_ARGUMENT_OPTIONAL_INDEX:
	case SK_ARGUMENT_OPTIONAL_EITHER:
		return true;
	case SK_ARGUMENT_NONE:
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_SUFFIX:
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		return false;
	}
	return false;
}

static bool may_be_key(enum sk_field_argument argument)
{
	switch (argument) {
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_EITHER:
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_EITHER:
		return true;
	case SK_ARGUMENT_NONE:
	case SK_ARGUMENT_INDEX:
	case SK_ARGUMENT_SUFFIX:
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
	case SK_ARGUMENT_OPTIONAL_INDEX:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		return false;
	}
	return false;
}

/* What a field wants that came without an argument; NULL if that is fine. */
static const char *missing_argument(enum sk_field_argument argument)
{
	switch (argument) {
	case SK_ARGUMENT_INDEX:
		return "it needs an index, as in [1]";
	case SK_ARGUMENT_KEY:
		return "it needs a key, as in [name]";
	case SK_ARGUMENT_EITHER:
		return "it needs an index or a key, as in [1] or [name]";
	case SK_ARGUMENT_SUFFIX:
		return "it needs a name behind a dot";
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
		return "it needs a name behind a dot, or an index, as in .name or [1]";
	case SK_ARGUMENT_NONE:
	case SK_ARGUMENT_OPTIONAL_INDEX:
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_EITHER:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		return NULL;
	}
	return NULL;
}

bool sk_field_resolve(const struct sk_operand *operand, struct sk_arena *arena, struct sk_resolved_field *ret_field,
		      const char **ret_fault)
{
	struct sk_resolved_field field = {0};
	size_t suffix = operand->length;
	int found = sk_field_find(operand->text, operand->length, &suffix);
	bool has_suffix = suffix < operand->length;
	enum sk_field_argument takes;
	const char *why;

	if (found < 0)
		return refuse(operand, arena, ret_fault, NULL);
	field.info = &sk_fields[found];
	takes = field.info->argument;
	field.record = (struct sk_bundle_field){
		.field = (uint16_t)found,
		.kind = SK_ARGUMENT_KIND_NONE,
		.type = field.info->type,
		.list = field.info->list,
		.scope = field.info->scope,
		.argument = SK_NONE,
	};
	if (operand->argument && memchr(operand->argument, '\0', operand->argument_length))
		return refuse(operand, arena, ret_fault, "its argument holds a NUL byte");
	if (has_suffix) {
		if (operand->argument)
			return refuse(operand, arena, ret_fault, "it takes no argument in brackets");
		field.record.kind = SK_ARGUMENT_KIND_TEXT;
		field.argument = operand->text + suffix;
		field.argument_length = operand->length - (uint32_t)suffix;
	} else if (operand->argument) {
		field.argument = operand->argument;
		field.argument_length = operand->argument_length;
		if (may_be_index(takes) && all_digits(field.argument, field.argument_length)) {
			field.record.kind = SK_ARGUMENT_KIND_INDEX;
			if (!read_index(field.argument, field.argument_length, &field.record.index))
				return refuse(operand, arena, ret_fault, "its index is too large");
		} else if (may_be_key(takes)) {
			field.record.kind = SK_ARGUMENT_KIND_TEXT;
		} else if (may_be_index(takes)) {
			return refuse(operand, arena, ret_fault, "its argument must be a decimal number");
		} else {
			return refuse(operand, arena, ret_fault, "it takes no argument in brackets");
		}
	} else {
		why = missing_argument(takes);
		if (why)
			return refuse(operand, arena, ret_fault, why);
	}
	if (field.info->type == SK_TYPE_DYNAMIC) {
		int type = sk_param_condition_type(field.argument, field.argument_length);

		if (type < 0)
			return refuse(operand, arena, ret_fault, "no event has a parameter of this name");
		field.record.type = (uint8_t)type;
	}
	*ret_field = field;
	return true;
}
