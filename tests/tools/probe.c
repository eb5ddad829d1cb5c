/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the value of fields for every event of a capture, one JSON object an
 * event, without rules: reader, state and extractors alone.
 *
 * usage: probe CAPTURE FILE-WITH-%FIELDS | probe CAPTURE %FIELD...
 *
 * The file is any text with `%field` tokens, such as a rule pack of one rule.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/alert/shown.h"
#include "runtime/fields/fields.h"
#include "runtime/scap/reader.h"

enum { TOKEN_LIMIT = 512 };

struct token {
	char text[128], argument[128];
	struct sk_field_ref ref;
};

static struct token tokens[TOKEN_LIMIT];
static size_t token_count;

/* One token without its %; unknown and unready fields are left out. */
static void add_token(const char *text, size_t length)
{
	struct token *token = &tokens[token_count];
	const char *bracket = memchr(text, '[', length);
	const size_t name_length = bracket ? (size_t)(bracket - text) : length;
	size_t suffix, argument_length = 0;
	int field = sk_field_find(text, name_length, &suffix);

	if (field < 0 || sk_fields[field].availability != SK_AVAILABILITY_READY || token_count == TOKEN_LIMIT ||
	    length >= sizeof(token->text))
		return;
	memcpy(token->text, text, length);
	if (bracket) {
		argument_length = length - name_length - 2;
		memcpy(token->argument, bracket + 1, argument_length);
	} else if (suffix < name_length) {
		argument_length = name_length - suffix;
		memcpy(token->argument, text + suffix, argument_length);
	}
	token->ref = (struct sk_field_ref){
		.field = (uint16_t)field,
		.type = sk_fields[field].type,
		.list = sk_fields[field].list,
		.number = UINT32_MAX,
	};
	if (argument_length) {
		token->ref.kind = SK_ARGUMENT_KIND_TEXT;
		token->ref.argument = token->argument;
		token->ref.argument_length = (uint32_t)argument_length;
		if (isdigit((unsigned char)token->argument[0])) {
			token->ref.kind = SK_ARGUMENT_KIND_INDEX;
			token->ref.index = (uint32_t)strtoul(token->argument, NULL, 10);
		}
	}
	token_count++;
}

static void add_tokens(const char *text)
{
	while ((text = strchr(text, '%'))) {
		size_t length = strspn(++text, "abcdefghijklmnopqrstuvwxyz0123456789_.");

		if (text[length] == '[') {
			const char *end = strchr(text + length, ']');

			if (end)
				length = (size_t)(end - text) + 1;
		}
		add_token(text, length);
	}
}

static int read_tokens(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	add_tokens(text);
	return 0;
}

static void print_event(struct sk_event_view *view, struct sk_arena *scratch, struct sk_buffer *line)
{
	sk_buffer_clear(line);
	sk_buffer_append_text(line, "{\"output_fields\":{");
	for (size_t i = 0; i < token_count; i++) {
		struct sk_value value;

		if (i)
			sk_buffer_append_char(line, ',');
		sk_json_quote(tokens[i].text, strlen(tokens[i].text), line);
		sk_buffer_append_char(line, ':');
		sk_fields_extract(view, &tokens[i].ref, scratch, &value);
		if (sk_shown_is_time(tokens[i].ref.field))
			value = sk_value_number(SK_TYPE_ABSTIME, view->event.ts);
		sk_shown_print_json(&value, sk_shown_field(tokens[i].ref.field, tokens[i].ref.kind), line);
	}
	sk_buffer_append_text(line, "}}\n");
	fwrite(line->bytes, 1, line->length, stdout);
	sk_arena_reset(scratch);
}

int main(int argc, char **argv)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_event_view view = {0};
	struct sk_scap_reader *reader = NULL;
	struct sk_scap_event event;
	struct sk_state *state;
	struct sk_entry_sink sink;
	struct sk_arena scratch;
	struct sk_buffer line = {0};
	struct sk_error error = {0};
	uint64_t number = 0;
	int result;

	if (argc < 3) {
		fprintf(stderr, "usage: probe CAPTURE FILE | probe CAPTURE %%FIELD...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] == '%')
			add_tokens(argv[i]);
		else if (read_tokens(argv[i]) < 0)
			return 2;
	}
	sk_arena_init(&scratch, 0);
	if (sk_state_create(&options, &state) < 0)
		return 1;
	sink = sk_state_sink(state);
	result = sk_scap_reader_open(argv[1], &sink, &reader, &error);
	while (result >= 0 && (result = sk_scap_reader_next(reader, &event, &error)) > 0) {
		if (sk_event_decode(event.bytes, event.size, &view.event, &error) < 0) {
			fprintf(stderr, "probe: %s\n", error.message);
			continue;
		}
		view.event.number = ++number;
		view.event.cpu = event.cpu;
		view.event.state_only = event.state_only;
		if (!view.first_ts && !(view.event.info->category & SK_CATEGORY_METAEVENT))
			view.first_ts = view.event.ts;
		sk_state_process(state, &view);
		if (!event.state_only)
			print_event(&view, &scratch, &line);
	}
	if (result < 0)
		fprintf(stderr, "probe: %s\n", error.message);
	sk_scap_reader_close(reader);
	sk_state_destroy(state);
	sk_arena_release(&scratch);
	sk_buffer_release(&line);
	return result < 0;
}
