/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions of rules (spec/rule-language.md section 1.6).
 *
 *   - name: shells                    condition  C
 *     fields: [proc.name, fd.name]    becomes    (C) and not (( proc.name = a and fd.name = b) or ( ...))
 *     comps: [=, =]
 *     values: [[a, b], ...]
 *
 *   - name: parents
 *     fields: proc.pname              becomes    (C) and not (proc.pname in (a, b))
 *     values: [a, b]
 *
 * Values are text of the condition language: nothing in them is escaped, and
 * lists are substituted in them afterwards.
 */
#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "grammar/parse.h"

/* Lookups by name walk through them all. */
enum { EXCEPTION_LIMIT = 4096 };

/* --- reading ----------------------------------------------------------- */

static int read_text_or_texts(struct sk_loader *loader, const struct sk_yaml_node *entry, const char *key,
			      struct sk_text **ret_texts, uint32_t *ret_count, bool *ret_scalar)
{
	const struct sk_yaml_node *node = sk_yaml_get(entry, key);

	if (node && node->kind == SK_YAML_SEQUENCE) {
		*ret_scalar = false;
		return sk_decode_texts(loader, entry, key, SK_OPTIONAL, ret_texts, ret_count);
	}
	*ret_texts = sk_arena_alloc_zeroed(loader->arena, 1, sizeof(**ret_texts));
	*ret_scalar = true;
	*ret_count = 1;
	return *ret_texts ? sk_decode_text(loader, entry, key, SK_REQUIRED, *ret_texts) : -ENOMEM;
}

/* Values nest at most three deep: the list, its tuples, lists in a tuple. */
static int read_value(struct sk_loader *loader, const struct sk_yaml_node *node, int depth,
		      struct sk_pack_exception_value *value)
{
	value->span = node->span;
	if (node->kind == SK_YAML_SCALAR && !node->null) {
		value->text = node->text;
		return 0;
	}
	if (node->kind != SK_YAML_SEQUENCE || depth == 2)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span,
					node->null ? "an empty value; to have the word null, quote it" : NULL,
					"An exception value is text or a list");
	value->list = true;
	value->count = node->count;
	value->items = sk_arena_alloc_zeroed(loader->arena, (size_t)node->count + 1, sizeof(*value->items));
	if (!value->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count; i++) {
		int result = read_value(loader, node->items[i], depth + 1, &value->items[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static int read_values(struct sk_loader *loader, const struct sk_yaml_node *entry, bool append,
		       struct sk_pack_exception *exception)
{
	const struct sk_yaml_node *node = sk_yaml_get(entry, "values");

	if (!node) {
		static const char *const near[] = {"values", NULL};
		const char *hint = NULL;

		for (uint32_t i = 0; i < entry->count && !hint; i++) {
			if (entry->keys[i]->kind == SK_YAML_SCALAR)
				hint = sk_loader_suggest(loader, entry->keys[i]->text.bytes, near);
		}
		if (append)
			sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_APPEND_NO_VALUES, exception->span,
					   hint, "Overriding/appending exception with no values");
		return 0;
	}
	if (node->kind != SK_YAML_SEQUENCE)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_value_span(loader, entry, "values"),
					"write 'values: [...]'", "Rule exception values must be a sequence");
	exception->values =
		sk_arena_alloc_zeroed(loader->arena, (size_t)node->count + 1, sizeof(*exception->values));
	if (!exception->values)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count; i++) {
		int result = read_value(loader, node->items[i], 0, &exception->values[i]);

		if (result < 0)
			return result;
	}
	exception->value_count = node->count;
	return 0;
}

static int read_exception(struct sk_loader *loader, const struct sk_yaml_node *entry, bool append,
			  struct sk_pack_exception *exception)
{
	int result;

	if (entry->kind != SK_YAML_MAPPING)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, entry->span,
					"an exception begins with '- name: ...'",
					"Rule exception must be a mapping");
	exception->span = entry->span;
	result = sk_decode_name(loader, entry, "name", SK_REQUIRED, &exception->name, &exception->span);
	if (result < 0)
		return result;
	if (!append || sk_yaml_get(entry, "fields")) {
		result = read_text_or_texts(loader, entry, "fields", &exception->fields, &exception->field_count,
					    &exception->scalar);
		if (result < 0)
			return result;
	}
	if (sk_yaml_get(entry, "comps")) {
		result = read_text_or_texts(loader, entry, "comps", &exception->comps, &exception->comp_count,
					    &exception->comps_scalar);
		if (result < 0)
			return result;
	}
	/* The comparisons are used as they stand, but for blanks around them. */
	for (uint32_t i = 0; i < exception->comp_count; i++) {
		if (!sk_text_trim(&exception->comps[i], loader->arena, &exception->comps[i]))
			return -ENOMEM;
	}
	return read_values(loader, entry, append, exception);
}

int sk_exceptions_decode(struct sk_loader *loader, bool append, struct sk_pack_exception **ret_exceptions,
			 uint32_t *ret_count)
{
	const struct sk_yaml_node *node = sk_yaml_get(loader->item, "exceptions");
	struct sk_pack_exception *exceptions;
	struct sk_span span = loader->span;
	int result = 0;

	if (!node || node->null)
		return 0;
	if (node->kind != SK_YAML_SEQUENCE)
		return sk_loader_refuse(
			loader, SK_DIAGNOSTIC_YAML_VALIDATE, sk_value_span(loader, loader->item, "exceptions"),
			"each exception begins with '- name: ...'", "Rule exceptions must be a sequence");
	if (node->count > EXCEPTION_LIMIT)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_YAML_VALIDATE, node->span, NULL,
					"More than %d exceptions", EXCEPTION_LIMIT);
	exceptions = sk_arena_alloc_zeroed(loader->arena, (size_t)node->count + 1, sizeof(*exceptions));
	if (!exceptions)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count; i++) {
		/* What an entry lacks is shown at the entry. */
		int one;

		loader->span = node->items[i]->span;
		one = read_exception(loader, node->items[i], append, &exceptions[i]);
		if (one == -ENOMEM)
			return one;
		if (one < 0) {
			result = one;
			continue;
		}
		for (uint32_t k = 0; k < i; k++) {
			if (!exceptions[k].name || strcmp(exceptions[k].name, exceptions[i].name) != 0)
				continue;
			sk_diagnostics_add(loader->diagnostics, SK_DIAGNOSTIC_EXCEPTION_NAME_NOT_UNIQUE,
					   exceptions[i].span, NULL, "Multiple definitions of exception '%s'",
					   exceptions[i].name);
			break;
		}
	}
	loader->span = span;
	*ret_exceptions = exceptions;
	*ret_count = node->count;
	return result;
}

/* --- checking ---------------------------------------------------------- */

static bool is_operator(const struct sk_text *text)
{
	if (sk_text_equals(text, "=="))
		return true;
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (sk_text_equals(text, sk_operators[i].text))
			return true;
	}
	return false;
}

/* "startswith oneof": a string operator, one blank, a modifier. */
static bool is_modified_operator(const struct sk_text *text)
{
	const char *blank = memrchr(text->bytes, ' ', text->length);
	size_t length = blank ? (size_t)(blank - text->bytes) : 0;
	bool modifier = false;

	for (int i = SK_MODIFIER_NONE + 1; blank && i < SK_MODIFIER_COUNT; i++) {
		if (strcmp(blank + 1, sk_modifier_names[i]) == 0)
			modifier = true;
	}
	if (!modifier)
		return false;
	if (length == 2 && memcmp(text->bytes, "==", 2) == 0)
		return true;
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (sk_operators[i].operands == SK_OPERANDS_TEXT && strlen(sk_operators[i].text) == length &&
		    memcmp(sk_operators[i].text, text->bytes, length) == 0)
			return true;
	}
	return false;
}

static bool is_list_operator(const struct sk_text *text)
{
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (sk_operators[i].operands == SK_OPERANDS_LIST && sk_text_equals(text, sk_operators[i].text))
			return true;
	}
	return false;
}

static const char *next_operator(void *state)
{
	int *next = state;

	return *next < SK_OPERATOR_COUNT ? sk_operators[(*next)++].text : NULL;
}

static const char *next_field(void *state)
{
	int *next = state;

	return *next < SK_FIELD_COUNT ? sk_fields[(*next)++].name : NULL;
}

static const char *suggest(struct sk_loader *loader, const struct sk_text *word, const char *(*next)(void *))
{
	int state = 0;
	const char *found = loader->diagnostics->errors > SK_PACK_HINT_LIMIT
				    ? NULL
				    : sk_suggest(word->bytes, word->length, next, &state);

	return found ? sk_arena_printf(loader->arena, "did you mean '%s'?", found) : NULL;
}

static bool field_exists(const struct sk_operand *operand)
{
	size_t length = strlen(operand->text), suffix;
	int field = sk_field_find(operand->text, length, &suffix);

	if (field < 0)
		return false;
	switch ((enum sk_field_argument)sk_fields[field].argument) {
	case SK_ARGUMENT_NONE:
		return !operand->argument;
	case SK_ARGUMENT_INDEX:
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_EITHER:
		return operand->argument != NULL;
	case SK_ARGUMENT_SUFFIX:
		return suffix < length;
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
		return suffix < length || operand->argument;
	case SK_ARGUMENT_OPTIONAL_INDEX:
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_EITHER:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		break;
	}
	return true;
}

/* The parser bounds how deep operands nest. */
static bool operand_exists(const struct sk_operand *operand)
{
	if (operand->kind == SK_OPERAND_FIELD && !field_exists(operand))
		return false;
	for (uint32_t i = 0; i < operand->count; i++) {
		if (!operand_exists(operand->children[i]))
			return false;
	}
	return true;
}

static int check_field(struct sk_loader *loader, const struct sk_text *field)
{
	struct sk_operand *operand = sk_parse_left_side(field, loader->arena);

	if (operand && operand_exists(operand))
		return 0;
	return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, sk_text_span(field, 0, field->length),
				suggest(loader, field, next_field), "'%s' is not a supported filter field",
				field->bytes);
}

static int default_comps(struct sk_loader *loader, struct sk_pack_exception *exception)
{
	static const struct sk_text equal = {.bytes = "=", .length = 1}, in = {.bytes = "in", .length = 2};

	if (exception->comps)
		return 0;
	exception->comps =
		sk_arena_alloc_zeroed(loader->arena, (size_t)exception->field_count + 1, sizeof(*exception->comps));
	if (!exception->comps)
		return -ENOMEM;
	exception->comp_count = exception->field_count;
	exception->comps_scalar = exception->scalar;
	for (uint32_t i = 0; i < exception->comp_count; i++) {
		exception->comps[i] = exception->scalar ? in : equal;
		/* Shown at the field that they are for. */
		exception->comps[i].first = sk_text_position(&exception->fields[i], 0);
	}
	return 0;
}

int sk_exception_validate(struct sk_loader *loader, struct sk_pack_exception *exception, bool known_source)
{
	int result = default_comps(loader, exception);

	if (result < 0)
		return result;
	if (exception->scalar && !exception->comps_scalar)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span,
					"'fields' is one field: write 'comps' as one operator",
					"Fields and comps must both be strings");
	if (!exception->scalar && (exception->comps_scalar || exception->comp_count != exception->field_count))
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span,
					sk_arena_printf(loader->arena, "there are %u fields and %u comps",
							exception->field_count, exception->comp_count),
					"Fields and comps lists must have equal length");
	for (uint32_t i = 0; i < exception->comp_count; i++) {
		const struct sk_text *comp = &exception->comps[i];
		struct sk_span span = sk_text_span(comp, 0, comp->length);

		if (exception->scalar && !is_list_operator(comp) && !is_modified_operator(comp))
			result = sk_loader_refuse(
				loader, SK_DIAGNOSTIC_VALIDATE, span,
				is_operator(comp) ? "for this operator write 'fields', 'comps' and "
						    "each value as lists"
						  : NULL,
				"When fields is a single value, comps must be one of (in, pmatch, "
				"intersects) or a modifier operator (e.g. startswith oneof)");
		else if (!exception->scalar && !is_operator(comp) && !is_modified_operator(comp))
			result = sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, span,
						  suggest(loader, comp, next_operator),
						  "'%s' is not a supported comparison operator", comp->bytes);
	}
	for (uint32_t i = 0; known_source && i < exception->field_count; i++) {
		if (check_field(loader, &exception->fields[i]) < 0)
			result = -EINVAL;
	}
	return result;
}

/* --- appending --------------------------------------------------------- */

static int append_values(struct sk_loader *loader, struct sk_pack_exception *exception,
			 const struct sk_pack_exception *more)
{
	uint32_t count = exception->value_count + more->value_count;

	if (count > exception->value_capacity) {
		uint32_t capacity = count * 2;
		struct sk_pack_exception_value *values =
			sk_arena_alloc_zeroed(loader->arena, capacity, sizeof(*values));

		if (!values)
			return -ENOMEM;
		if (exception->value_count)
			memcpy(values, exception->values, exception->value_count * sizeof(*values));
		exception->values = values;
		exception->value_capacity = capacity;
	}
	if (more->value_count)
		memcpy(exception->values + exception->value_count, more->values,
		       more->value_count * sizeof(*more->values));
	exception->value_count = count;
	return 0;
}

int sk_exception_append(struct sk_loader *loader, struct sk_pack_rule *rule, struct sk_pack_exception *exception)
{
	struct sk_pack_exception *existing = NULL;
	int result;

	for (uint32_t i = 0; i < rule->exception_count && !existing; i++) {
		if (strcmp(rule->exceptions[i].name, exception->name) == 0)
			existing = &rule->exceptions[i];
	}
	if (existing && exception->field_count)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span, NULL,
					"Can not append exception fields to existing exception, only values");
	if (existing && exception->comp_count)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span, NULL,
					"Can not append exception comps to existing exception, only values");
	if (existing)
		return append_values(loader, existing, exception);
	if (!exception->field_count)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span,
					"the rule has no exception of this name yet",
					"Rule exception must have fields property with a list of fields");
	if (!exception->value_count)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span, NULL,
					"Rule exception must have values property with a list of values");
	result = sk_exception_validate(loader, exception, !rule->unknown_source);
	if (result < 0)
		return result;
	if (rule->exception_count >= EXCEPTION_LIMIT)
		return sk_loader_refuse(loader, SK_DIAGNOSTIC_VALIDATE, exception->span, NULL,
					"More than %d exceptions", EXCEPTION_LIMIT);
	if (sk_pack_reserve(loader->arena, &rule->exceptions, rule->exception_count, &rule->exception_capacity,
			    sizeof(*rule->exceptions)) < 0)
		return -ENOMEM;
	rule->exceptions[rule->exception_count++] = *exception;
	return 0;
}

/* --- writing ----------------------------------------------------------- */

static int refuse_value(struct sk_diagnostics *diagnostics, struct sk_span span, const char *hint,
			const char *message)
{
	sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_VALIDATE, span, hint, "%s", message);
	return -EINVAL;
}

static int write_scalar_exception(const struct sk_pack_exception *exception, struct sk_diagnostics *diagnostics,
				  struct sk_builder *builder)
{
	sk_position at = exception->span.begin;
	const char *separator = " (";

	sk_builder_append_at(builder, "(", at);
	sk_builder_append(builder, &exception->fields[0]);
	sk_builder_append_at(builder, " ", at);
	if (exception->comp_count)
		sk_builder_append(builder, &exception->comps[0]);
	for (uint32_t i = 0; i < exception->value_count; i++) {
		const struct sk_pack_exception_value *value = &exception->values[i];

		if (value->list)
			return refuse_value(diagnostics, value->span, "'fields' is one field: each value is text",
					    "Expected values array to contain a list of strings");
		sk_builder_append_at(builder, separator, value->span.begin);
		sk_builder_append_quoted(builder, &value->text);
		separator = ", ";
	}
	sk_builder_append_at(builder, "))", at);
	return 0;
}

static void write_element(const struct sk_pack_exception_value *element, const struct sk_text *comp,
			  struct sk_builder *builder)
{
	bool wrap = element->list ||
		    ((is_list_operator(comp) || is_modified_operator(comp)) && element->text.bytes[0] != '(');

	if (!wrap && (is_list_operator(comp) || is_modified_operator(comp))) {
		sk_builder_append(builder, &element->text);
		return;
	}
	if (!wrap) {
		sk_builder_append_quoted(builder, &element->text);
		return;
	}
	sk_builder_append_at(builder, "(", element->span.begin);
	if (!element->list)
		sk_builder_append(builder, &element->text);
	for (uint32_t i = 0; i < element->count; i++) {
		if (i)
			sk_builder_append_at(builder, ", ", element->items[i].span.begin);
		sk_builder_append_quoted(builder, &element->items[i].text);
	}
	sk_builder_append_at(builder, ")", element->span.begin);
}

static int write_list_exception(const struct sk_pack_exception *exception, struct sk_diagnostics *diagnostics,
				struct sk_builder *builder)
{
	static const struct sk_text no_comp = {.bytes = ""};

	sk_builder_append_at(builder, "(", exception->span.begin);
	for (uint32_t i = 0; i < exception->value_count; i++) {
		const struct sk_pack_exception_value *tuple = &exception->values[i];
		sk_position at = tuple->span.begin;

		if (!tuple->list || tuple->count != exception->field_count)
			return refuse_value(diagnostics, tuple->span,
					    tuple->list ? "each value has one element for each field"
							: "'fields' is a list: each value is a list too",
					    "Fields and values lists must have equal length");
		sk_builder_append_at(builder, i ? " or (" : "(", at);
		for (uint32_t k = 0; k < tuple->count; k++) {
			const struct sk_text *comp = k < exception->comp_count ? &exception->comps[k] : &no_comp;

			sk_builder_append_at(builder, k ? " and  " : " ", at);
			sk_builder_append(builder, &exception->fields[k]);
			sk_builder_append_at(builder, " ", at);
			sk_builder_append(builder, comp);
			sk_builder_append_at(builder, " ", tuple->items[k].span.begin);
			write_element(&tuple->items[k], comp, builder);
		}
		sk_builder_append_at(builder, ")", at);
	}
	sk_builder_append_at(builder, ")", exception->span.begin);
	return 0;
}

int sk_exceptions_write(const struct sk_pack_rule *rule, struct sk_diagnostics *diagnostics,
			struct sk_builder *builder)
{
	const struct sk_text *condition = &rule->condition;
	uint64_t comparisons = 0;

	sk_builder_append_at(builder, "(", sk_text_position(condition, 0));
	sk_builder_append(builder, condition);
	sk_builder_append_at(builder, ")", sk_text_position(condition, condition->length - 1));
	for (uint32_t i = 0; i < rule->exception_count; i++) {
		const struct sk_pack_exception *exception = &rule->exceptions[i];
		int result;

		/* After a replace nothing was checked. */
		if (exception->comp_count && exception->scalar != exception->comps_scalar)
			return refuse_value(diagnostics, exception->span, NULL,
					    exception->scalar ? "Fields and comps must both be strings"
							      : "Fields and comps lists must have equal length");
		if (exception->comp_count && exception->comp_count != exception->field_count)
			return refuse_value(diagnostics, exception->span, NULL,
					    "Fields and comps lists must have equal length");
		if (!exception->value_count)
			continue;
		comparisons += exception->scalar ? 1 : (uint64_t)exception->value_count * exception->field_count;
		if (comparisons > SK_PARSE_CHECK_LIMIT)
			return refuse_value(diagnostics, exception->span, "one field takes its values as one list",
					    "The exceptions make too many comparisons");
		sk_builder_append_at(builder, " and not ", exception->span.begin);
		result = exception->scalar ? write_scalar_exception(exception, diagnostics, builder)
					   : write_list_exception(exception, diagnostics, builder);
		if (result < 0)
			return result;
		if (builder->length > SK_PARSE_TEXT_LIMIT)
			return refuse_value(diagnostics, exception->span, NULL, "The exceptions are too large");
	}
	return builder->failed ? -ENOMEM : 0;
}
