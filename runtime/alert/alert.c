/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts.  What does not depend on the event is written once for each rule
 * when the sensor starts:
 *
 *   {"hostname":"vm","output":"          head
 *   the output program                   text, escaped
 *   ","output_fields":{                  between
 *   "evt.time":1,"proc.name":"x", ...    keys prepared, in order
 *   },"priority":"Notice", ... "time":"  tail
 *   2026-11-21T21:18:04.464110820Z"}\n
 *
 * Formatting an alert then asks the engine for values and appends to the
 * caller's buffer, nothing else.
 */
#include "runtime/alert/alert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/alert/shown.h"
#include "runtime/alert/token.h"
#include "vm/reading.h"
#include "vm/support/alloc.h"

enum { NANOSECONDS = 1000000000 };

/* A run of bytes in `prepared`. */
struct prepared_text {
	uint32_t offset, length;
};

/* An entry of output_fields. */
struct output_field {
	struct prepared_text key; /* `"proc.name":` */
	uint32_t expression;      /* SK_NONE: the time of the event; EVIDENCE */
	bool again;               /* its value is another one than that in the text: vm/reading.h */
};

/* In place of an expression: what the alert rests on. */
static const uint32_t EVIDENCE = SK_NONE - 1;

struct prepared_rule {
	uint32_t first_field, field_count; /* in order of their keys */
	bool names_evidence;               /* its output does */
	struct prepared_text tail;
};

struct sk_alerts {
	const struct sk_bundle *bundle;
	bool json, iso_8601, suggested, evidence;
	struct prepared_text head;
	struct prepared_rule *rules;
	struct output_field *fields;
	uint32_t fields_count, fields_capacity;
	struct sk_buffer prepared;
};

/* --- preparing --------------------------------------------------------- */

static struct prepared_text end_text(const struct sk_alerts *alerts, size_t offset)
{
	return (struct prepared_text){(uint32_t)offset, (uint32_t)(alerts->prepared.length - offset)};
}

static void append_string(struct sk_alerts *alerts, uint32_t string)
{
	uint32_t length;
	const char *text = sk_bundle_text(alerts->bundle, string, &length);

	sk_json_quote(text, length, &alerts->prepared);
}

static void prepare_head(struct sk_alerts *alerts, const char *hostname)
{
	struct sk_buffer *buffer = &alerts->prepared;
	char machine[256] = "";

	if (!hostname)
		hostname = getenv("FALCO_HOSTNAME");
	if (!hostname) {
		if (gethostname(machine, sizeof(machine) - 1) < 0)
			machine[0] = '\0';
		hostname = machine;
	}
	sk_buffer_append_text(buffer, "{\"hostname\":");
	sk_json_quote(hostname, strlen(hostname), buffer);
	sk_buffer_append_text(buffer, ",\"output\":\"");
	alerts->head = end_text(alerts, 0);
}

static void prepare_tail(struct sk_alerts *alerts, const struct sk_bundle_rule *rule,
			 struct prepared_text *ret_tail)
{
	struct sk_buffer *buffer = &alerts->prepared;
	const size_t start = buffer->length;

	sk_buffer_printf(buffer, "},\"priority\":\"%s\",\"rule\":", sk_priority_names[rule->priority]);
	append_string(alerts, rule->name);
	sk_buffer_append_text(buffer, ",\"source\":");
	append_string(alerts, rule->source);
	sk_buffer_append_text(buffer, ",\"tags\":[");
	for (uint32_t i = 0; i < rule->tag_count; i++) {
		if (i)
			sk_buffer_append_char(buffer, ',');
		append_string(alerts, alerts->bundle->tags[rule->first_tag + i]);
	}
	sk_buffer_append_text(buffer, "],\"time\":\"");
	*ret_tail = end_text(alerts, start);
}

static int add_field(struct sk_alerts *alerts, uint32_t expression)
{
	if (alerts->fields_count == alerts->fields_capacity) {
		const uint32_t capacity = alerts->fields_capacity ? 2 * alerts->fields_capacity : 64;
		struct output_field *fields = sk_realloc_array(alerts->fields, capacity, sizeof(*fields));

		if (!fields)
			return -ENOMEM;
		alerts->fields = fields;
		alerts->fields_capacity = capacity;
	}
	alerts->fields[alerts->fields_count++] = (struct output_field){.expression = expression};
	return 0;
}

/* A key of output_fields before it is escaped. */
static const char *key_text(const struct sk_alerts *alerts, uint32_t expression, uint32_t *ret_length)
{
	const char *key = expression == EVIDENCE ? sk_fields[SK_FIELD_SAKER_EVIDENCE].name
			  : alerts->iso_8601     ? "evt.time.iso8601"
						 : "evt.time";

	if (expression != SK_NONE && expression != EVIDENCE)
		return sk_bundle_text(alerts->bundle, alerts->bundle->expressions[expression].text, ret_length);
	*ret_length = (uint32_t)strlen(key);
	return key;
}

static int compare_keys(const void *left, const void *right, void *context)
{
	const struct output_field *a = left, *b = right;
	uint32_t a_length, b_length;
	const char *a_text = key_text(context, a->expression, &a_length);
	const char *b_text = key_text(context, b->expression, &b_length);
	const int order = memcmp(a_text, b_text, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static bool is_evidence(const struct sk_alerts *alerts, uint32_t expression)
{
	return expression == EVIDENCE || sk_token_field(alerts->bundle, expression) == SK_FIELD_SAKER_EVIDENCE;
}

/*
 * The tokens of a rule's output and, of those that are transformers, the
 * fields and transformers inside, as the reference has them.  `wanted` holds a byte for each expression, all zero before
 * and after; arguments have smaller numbers than who takes them, so that going
 * down meets everything.
 */
static int collect_fields(struct sk_alerts *alerts, const struct sk_bundle_rule *rule, uint8_t *wanted,
			  bool *ret_names_evidence)
{
	const struct sk_bundle *bundle = alerts->bundle;
	uint32_t highest = 0;
	int result = 0;

	for (uint32_t i = 0; i < rule->output_size; i++) {
		const struct sk_instruction *instruction = &bundle->code[rule->output + i];

		if (instruction->op == SK_OP_SUGGESTED && !alerts->suggested)
			break;
		if (instruction->op != SK_OP_FIELD)
			continue;
		*ret_names_evidence |= is_evidence(alerts, instruction->operand);
		wanted[instruction->operand] = 1;
		if (instruction->operand >= highest)
			highest = instruction->operand + 1;
	}
	while (highest-- > 0) {
		const struct sk_bundle_expression *expression = &bundle->expressions[highest];

		if (!wanted[highest])
			continue;
		wanted[highest] = 0;
		if (expression->kind == SK_EXPRESSION_TRANSFORMER || expression->kind == SK_EXPRESSION_LIST) {
			for (uint32_t i = 0; i < expression->count; i++)
				wanted[bundle->arguments[expression->operand + i]] = 1;
		}
		if (result == 0 &&
		    (expression->kind == SK_EXPRESSION_TRANSFORMER || expression->kind == SK_EXPRESSION_FIELD))
			result = add_field(alerts, highest);
	}
	return result;
}

static int prepare_fields(struct sk_alerts *alerts, const struct sk_bundle_rule *rule, uint8_t *wanted,
			  struct prepared_rule *prepared)
{
	struct output_field *fields;
	uint32_t kept = 0;
	int result;

	prepared->first_field = alerts->fields_count;
	result = collect_fields(alerts, rule, wanted, &prepared->names_evidence);
	if (result == 0)
		result = add_field(alerts, SK_NONE);
	if (result == 0 && alerts->evidence)
		result = add_field(alerts, EVIDENCE);
	if (result < 0)
		return result;
	fields = alerts->fields + prepared->first_field;
	prepared->field_count = alerts->fields_count - prepared->first_field;
	qsort_r(fields, prepared->field_count, sizeof(*fields), compare_keys, alerts);
	for (uint32_t i = 0; i < prepared->field_count; i++) {
		const size_t start = alerts->prepared.length;
		const char *key;
		uint32_t length;

		if (kept && compare_keys(&fields[kept - 1], &fields[i], alerts) == 0)
			continue;
		key = key_text(alerts, fields[i].expression, &length);
		if (kept)
			sk_buffer_append_char(&alerts->prepared, ',');
		sk_json_quote(key, length, &alerts->prepared);
		sk_buffer_append_char(&alerts->prepared, ':');
		fields[kept].expression = fields[i].expression;
		fields[kept].again = fields[i].expression != SK_NONE && fields[i].expression != EVIDENCE &&
				     sk_reading_expression(alerts->bundle, fields[i].expression);
		fields[kept++].key = end_text(alerts, start);
	}
	prepared->field_count = kept;
	alerts->fields_count = prepared->first_field + kept;
	return 0;
}

int sk_alerts_create(const struct sk_bundle *bundle, const struct sk_alert_options *options,
		     struct sk_alerts **ret_alerts)
{
	struct sk_alerts *alerts = sk_alloc_zeroed(1, sizeof(*alerts));
	SK_CLEANUP_FREE uint8_t *wanted = NULL;
	int result = -ENOMEM;

	if (!alerts)
		return -ENOMEM;
	alerts->bundle = bundle;
	alerts->json = options->json;
	alerts->iso_8601 = options->iso_8601;
	alerts->suggested = options->suggested;
	alerts->evidence = options->evidence;
	/* One element more, so that none at all is no special case. */
	alerts->rules = sk_alloc_zeroed((size_t)bundle->rules_count + 1, sizeof(*alerts->rules));
	wanted = sk_alloc_zeroed((size_t)bundle->expressions_count + 1, 1);
	if (!alerts->rules || !wanted)
		goto failed;
	prepare_head(alerts, options->hostname);
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		result = prepare_fields(alerts, &bundle->rules[i], wanted, &alerts->rules[i]);
		if (result < 0)
			goto failed;
		prepare_tail(alerts, &bundle->rules[i], &alerts->rules[i].tail);
	}
	if (alerts->prepared.failed || alerts->prepared.length > UINT32_MAX) {
		result = -ENOMEM;
		goto failed;
	}
	*ret_alerts = alerts;
	return 0;
failed:
	sk_alerts_destroy(alerts);
	return result;
}

void sk_alerts_destroy(struct sk_alerts *alerts)
{
	if (!alerts)
		return;
	sk_buffer_release(&alerts->prepared);
	sk_free(alerts->fields);
	sk_free(alerts->rules);
	sk_free(alerts);
}

/* --- the line ----------------------------------------------------------- */

static void append_time(const struct sk_alerts *alerts, uint64_t ts, struct sk_buffer *buffer)
{
	const time_t seconds = (time_t)(ts / NANOSECONDS);
	const unsigned rest = (unsigned)(ts % NANOSECONDS);
	struct tm time = {0};

	if (alerts->iso_8601) {
		gmtime_r(&seconds, &time);
		sk_buffer_printf(buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%09u+0000", time.tm_year + 1900,
				 time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, rest);
		return;
	}
	localtime_r(&seconds, &time);
	sk_buffer_printf(buffer, "%02d:%02d:%02d.%09u", time.tm_hour, time.tm_min, time.tm_sec, rest);
}

static void append_evidence(const struct sk_instruction *instruction, const char *evidence,
			    struct sk_buffer *buffer)
{
	const size_t start = buffer->length;

	sk_buffer_append_text(buffer, evidence ? evidence : "<NA>");
	sk_token_fit(instruction, start, buffer);
}

static void append_message(const struct sk_alerts *alerts, struct sk_vm *vm, const struct sk_bundle_rule *rule,
			   const char *evidence, struct sk_buffer *buffer)
{
	for (uint32_t i = 0; i < rule->output_size; i++) {
		const struct sk_instruction *instruction = &alerts->bundle->code[rule->output + i];
		const char *text;
		uint32_t length;

		if (instruction->op == SK_OP_FIELD && is_evidence(alerts, instruction->operand)) {
			append_evidence(instruction, evidence, buffer);
		} else if (instruction->op == SK_OP_FIELD) {
			sk_token_print(alerts->bundle, vm, instruction, buffer);
		} else if (instruction->op == SK_OP_LITERAL) {
			text = sk_bundle_text(alerts->bundle, instruction->operand, &length);
			sk_buffer_append(buffer, text, length);
		} else if (instruction->op == SK_OP_SUGGESTED && !alerts->suggested) {
			return;
		}
	}
}

/*
 * "TIME: Priority message", without control characters.  What it rests on
 * comes last, as the suggested fields do, so that who looks for a key finds
 * it; an object has a key of its own for that.
 */
static void append_line(const struct sk_alerts *alerts, struct sk_vm *vm, uint32_t number, uint64_t ts,
			const char *evidence, struct sk_buffer *buffer)
{
	const struct sk_bundle_rule *rule = &alerts->bundle->rules[number];
	const size_t start = buffer->length;

	append_time(alerts, ts, buffer);
	sk_buffer_append_text(buffer, ": ");
	sk_buffer_append_text(buffer, sk_priority_names[rule->priority]);
	sk_buffer_append_char(buffer, ' ');
	append_message(alerts, vm, rule, evidence, buffer);
	if (alerts->evidence && !alerts->json && evidence && !alerts->rules[number].names_evidence &&
	    strcmp(evidence, SK_EVIDENCE_COMPLETE) != 0)
		sk_buffer_printf(buffer, " saker_evidence=(%s)", evidence);
	if (!buffer->failed)
		sk_json_escape_from(buffer, start);
}

/* --- the object --------------------------------------------------------- */

static void append_prepared(const struct sk_alerts *alerts, struct prepared_text text, struct sk_buffer *buffer)
{
	sk_buffer_append(buffer, alerts->prepared.bytes + text.offset, text.length);
}

static void append_evidence_value(const char *evidence, struct sk_buffer *buffer)
{
	if (evidence)
		sk_json_quote(evidence, strlen(evidence), buffer);
	else
		sk_buffer_append_text(buffer, "null");
}

static void append_object(const struct sk_alerts *alerts, struct sk_vm *vm, uint32_t rule, uint64_t ts,
			  const char *evidence, struct sk_buffer *buffer)
{
	const struct prepared_rule *prepared = &alerts->rules[rule];
	const time_t seconds = (time_t)(ts / NANOSECONDS);
	struct tm time = {0};

	append_prepared(alerts, alerts->head, buffer);
	append_line(alerts, vm, rule, ts, evidence, buffer);
	sk_buffer_append_text(buffer, "\",\"output_fields\":{");
	for (uint32_t i = 0; i < prepared->field_count; i++) {
		const struct output_field *field = &alerts->fields[prepared->first_field + i];

		append_prepared(alerts, field->key, buffer);
		if (field->expression != SK_NONE && is_evidence(alerts, field->expression))
			append_evidence_value(evidence, buffer);
		else if (field->expression == SK_NONE || sk_token_is_time(alerts->bundle, field->expression))
			sk_buffer_printf(buffer, "%" PRIu64, ts);
		else
			sk_token_print_json(alerts->bundle,
					    field->again ? sk_vm_value_again(vm, field->expression)
							 : sk_vm_value(vm, field->expression),
					    field->expression, buffer);
	}
	append_prepared(alerts, prepared->tail, buffer);
	gmtime_r(&seconds, &time);
	sk_buffer_printf(buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ\"}", time.tm_year + 1900, time.tm_mon + 1,
			 time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, (unsigned)(ts % NANOSECONDS));
}

bool sk_alerts_show_evidence(const struct sk_alerts *alerts, uint32_t rule)
{
	return alerts->evidence || alerts->rules[rule].names_evidence;
}

void sk_alerts_format(struct sk_alerts *alerts, struct sk_vm *vm, uint32_t rule, uint64_t ts, const char *evidence,
		      struct sk_buffer *buffer)
{
	const size_t start = buffer->length;

	if (alerts->json)
		append_object(alerts, vm, rule, ts, evidence, buffer);
	else
		append_line(alerts, vm, rule, ts, evidence, buffer);
	sk_buffer_append_char(buffer, '\n');
	/* No half alert. */
	if (buffer->failed)
		buffer->length = start;
}
