/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/read/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/alert/shown.h"
#include "runtime/alert/token.h"
#include "vm/support/alloc.h"

enum { NANOSECONDS = 1000000000 };

struct sk_lines {
	const struct sk_bundle *bundle;
	struct sk_sensor *sensor;
	struct sk_line_options options;
	const struct sk_instruction *output;
	uint32_t output_size; /* without what is only suggested */
	uint32_t *keys;       /* expressions in order of their texts, each once */
	uint32_t key_count;
	uint64_t previous_ts; /* 0: nothing was printed yet */
};

static int compare_keys(const void *left, const void *right, void *context)
{
	const struct sk_bundle *bundle = context;
	const uint32_t *a = left, *b = right;
	uint32_t a_length, b_length;
	const char *a_text = sk_bundle_text(bundle, bundle->expressions[*a].text, &a_length);
	const char *b_text = sk_bundle_text(bundle, bundle->expressions[*b].text, &b_length);
	const int order = memcmp(a_text, b_text, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static void find_keys(struct sk_lines *lines)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < lines->output_size; i++)
		if (lines->output[i].op == SK_OP_FIELD)
			lines->keys[count++] = lines->output[i].operand;
	qsort_r(lines->keys, count, sizeof(*lines->keys), compare_keys, (void *)(uintptr_t)lines->bundle);
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || lines->keys[i] != lines->keys[i - 1])
			lines->keys[lines->key_count++] = lines->keys[i];
}

int sk_lines_create(const struct sk_bundle *bundle, struct sk_sensor *sensor, const struct sk_line_options *options,
		    struct sk_lines **ret_lines)
{
	struct sk_lines *lines = sk_alloc_zeroed(1, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	*lines = (struct sk_lines){
		.bundle = bundle,
		.sensor = sensor,
		.options = *options,
		.output = &bundle->code[bundle->rules[0].output],
	};
	while (lines->output_size < bundle->rules[0].output_size &&
	       lines->output[lines->output_size].op != SK_OP_SUGGESTED)
		lines->output_size++;
	lines->keys = sk_alloc_zeroed((size_t)lines->output_size + 1, sizeof(*lines->keys));
	if (!lines->keys) {
		sk_lines_destroy(lines);
		return -ENOMEM;
	}
	find_keys(lines);
	*ret_lines = lines;
	return 0;
}

void sk_lines_destroy(struct sk_lines *lines)
{
	if (!lines)
		return;
	sk_free(lines->keys);
	sk_free(lines);
}

/* --- the time ----------------------------------------------------------- */

/* The time in the mode that was asked for, in ns. */
static uint64_t time_shown(const struct sk_lines *lines)
{
	const struct sk_event_view *view = sk_sensor_view(lines->sensor);
	const uint64_t ts = view->event.ts;
	uint64_t begin = 0;

	switch (lines->options.time) {
	case SK_LINE_TIME_RELATIVE:
		begin = view->first_ts;
		break;
	case SK_LINE_TIME_DELTA:
		begin = lines->previous_ts ? lines->previous_ts : ts;
		break;
	case SK_LINE_TIME_OF_DAY:
	case SK_LINE_TIME_ABSOLUTE:
	case SK_LINE_TIME_RAW:
		break;
	}
	/* Metadata can come before the first event, and CPUs can disagree a little. */
	return ts > begin ? ts - begin : 0;
}

static bool is_own_time(const struct sk_lines *lines, uint32_t expression)
{
	return lines->options.time != SK_LINE_TIME_OF_DAY &&
	       sk_token_field(lines->bundle, expression) == SK_FIELD_EVT_OUTPUTTIME;
}

/* Of the filter and the format, whose bundle is one rule. */
static bool is_evidence(const struct sk_lines *lines, uint32_t expression)
{
	return sk_token_field(lines->bundle, expression) == SK_FIELD_SAKER_EVIDENCE;
}

static void append_time(const struct sk_lines *lines, struct sk_buffer *buffer)
{
	const uint64_t time = time_shown(lines);

	if (lines->options.time == SK_LINE_TIME_RAW)
		sk_buffer_printf(buffer, "%" PRIu64, time);
	else
		sk_buffer_printf(buffer, "%" PRIu64 ".%09" PRIu64, time / NANOSECONDS, time % NANOSECONDS);
}

/* --- a line -------------------------------------------------------------- */

/* What a process put into its name shall not move a terminal's cursor.  U+0080 to U+009F are control characters too. */
static void mask_controls(struct sk_buffer *buffer, size_t start)
{
	for (size_t i = start; i < buffer->length; i++) {
		const uint8_t byte = (uint8_t)buffer->bytes[i];
		const bool lead = i > start && (uint8_t)buffer->bytes[i - 1] == 0xc2;

		if (byte < 0x20 || byte == 0x7f)
			buffer->bytes[i] = '.';
		else if (lead && byte >= 0x80 && byte < 0xa0)
			buffer->bytes[i - 1] = buffer->bytes[i] = '.';
	}
}

static void append_token(const struct sk_lines *lines, const struct sk_instruction *instruction,
			 struct sk_buffer *buffer)
{
	const size_t start = buffer->length;

	if (is_own_time(lines, instruction->operand)) {
		append_time(lines, buffer);
		sk_token_fit(instruction, start, buffer);
		return;
	}
	if (is_evidence(lines, instruction->operand)) {
		sk_buffer_append_text(buffer, sk_sensor_evidence(lines->sensor, 0));
		sk_token_fit(instruction, start, buffer);
	} else {
		sk_token_print(lines->bundle, sk_sensor_vm(lines->sensor), instruction, buffer);
	}
	if (!buffer->failed)
		mask_controls(buffer, start);
}

static void append_text(const struct sk_lines *lines, struct sk_buffer *buffer)
{
	for (uint32_t i = 0; i < lines->output_size; i++) {
		const struct sk_instruction *instruction = &lines->output[i];
		const char *text;
		uint32_t length;

		if (instruction->op == SK_OP_FIELD) {
			append_token(lines, instruction, buffer);
		} else if (instruction->op == SK_OP_LITERAL) {
			text = sk_bundle_text(lines->bundle, instruction->operand, &length);
			sk_buffer_append(buffer, text, length);
		}
	}
}

static void append_quoted(const char *text, struct sk_buffer *buffer)
{
	sk_json_quote(text, strlen(text), buffer);
}

static void append_object(const struct sk_lines *lines, struct sk_buffer *buffer)
{
	const uint64_t ts = sk_sensor_view(lines->sensor)->event.ts;

	sk_buffer_append_char(buffer, '{');
	for (uint32_t i = 0; i < lines->key_count; i++) {
		const uint32_t expression = lines->keys[i];
		uint32_t length;
		const char *key =
			sk_bundle_text(lines->bundle, lines->bundle->expressions[expression].text, &length);

		if (i)
			sk_buffer_append_char(buffer, ',');
		sk_json_quote(key, length, buffer);
		sk_buffer_append_char(buffer, ':');
		if (is_own_time(lines, expression))
			sk_buffer_printf(buffer, "%" PRIu64, time_shown(lines));
		else if (sk_token_is_time(lines->bundle, expression))
			sk_buffer_printf(buffer, "%" PRIu64, ts);
		else if (is_evidence(lines, expression))
			append_quoted(sk_sensor_evidence(lines->sensor, 0), buffer);
		else
			sk_token_print_json(lines->bundle, sk_vm_value(sk_sensor_vm(lines->sensor), expression),
					    expression, buffer);
	}
	sk_buffer_append_char(buffer, '}');
}

static bool is_complete(const struct sk_lines *lines)
{
	for (uint32_t i = 0; i < lines->key_count; i++)
		if (!is_evidence(lines, lines->keys[i]) &&
		    !sk_token_is_present(lines->bundle, sk_sensor_vm(lines->sensor), lines->keys[i]))
			return false;
	return true;
}

bool sk_lines_append(struct sk_lines *lines, struct sk_buffer *buffer)
{
	if (!lines->options.with_missing && !is_complete(lines))
		return false;
	if (lines->options.json)
		append_object(lines, buffer);
	else
		append_text(lines, buffer);
	sk_buffer_append_char(buffer, '\n');
	lines->previous_ts = sk_sensor_view(lines->sensor)->event.ts;
	return true;
}

bool sk_line_time_read(const char *text, enum sk_line_time *ret_time)
{
	static const struct {
		const char *letter, *word;
		enum sk_line_time time;
	} modes[] = {
		{"h", "human", SK_LINE_TIME_OF_DAY},      {"a", "absolute", SK_LINE_TIME_ABSOLUTE},
		{"r", "relative", SK_LINE_TIME_RELATIVE}, {"D", "delta", SK_LINE_TIME_DELTA},
		{"n", "raw", SK_LINE_TIME_RAW},
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(text, modes[i].letter) == 0 || strcmp(text, modes[i].word) == 0) {
			*ret_time = modes[i].time;
			return true;
		}
	}
	return false;
}
