/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/offer.h"

#include <string.h>

#include "cli/lsp/describe.h"
#include "compiler/eventset.h"
#include "vm/support/alloc.h"

void sk_lsp_offer_replace(struct sk_lsp_offer *offer, const char *word, size_t length)
{
	const struct sk_lsp_text *text = &offer->request->file->text;
	size_t cursor = offer->request->offset;

	offer->begin = cursor;
	if (length <= cursor && memcmp(text->bytes + cursor - length, word, length) == 0)
		offer->begin = cursor - length;
}

/* What an item is made of; NULL and 0 where it has no such thing. */
struct item {
	const char *label;
	enum sk_lsp_offer_kind kind;
	const char *insert;  /* instead of the label */
	const char *snippet; /* instead of that, if the client takes snippets */
	const char *detail;
	const struct sk_lsp_page *page;
	const char *sort;
	bool deprecated;
};

static void add(struct sk_lsp_offer *offer, const struct item *item)
{
	const struct sk_lsp_request *request = offer->request;
	bool snippet = item->snippet && request->server->snippets;
	const char *insert = snippet ? item->snippet : item->insert ? item->insert : item->label;
	json_t *one;

	if (!offer->range)
		offer->range = sk_lsp_range(request, request->file, offer->begin, request->offset);
	one = json_pack("{s:o, s:i, s:{s:O, s:o}}", "label", sk_lsp_string(item->label, strlen(item->label)),
			"kind", item->kind, "textEdit", "range", offer->range, "newText",
			sk_lsp_string(insert, strlen(insert)));
	if (!one)
		return;
	if (snippet)
		json_object_set_new(one, "insertTextFormat", json_integer(2));
	/* A range with blanks or symbols in it would not match the label. */
	if (item->detail)
		json_object_set_new(one, "detail", sk_lsp_string(item->detail, strlen(item->detail)));
	if (item->page && item->page->text.length)
		json_object_set_new(one, "documentation", sk_lsp_markup(request->server, &item->page->text));
	if (item->sort)
		json_object_set_new(one, "sortText", json_sprintf("%s%s", item->sort, item->label));
	if (item->deprecated)
		json_object_set_new(one, "tags", json_pack("[i]", 1));
	json_array_append_new(offer->items, one);
}

/* False if the label was offered before. */
static bool is_new(struct sk_lsp_offer *offer, const char *label)
{
	if (!offer->known)
		offer->known = json_object();
	if (json_object_get(offer->known, label))
		return false;
	/* A label that is not UTF-8 cannot be remembered. */
	return json_object_set_new(offer->known, label, json_true()) == 0;
}

void sk_lsp_offer_word(struct sk_lsp_offer *offer, const char *word, enum sk_lsp_offer_kind kind,
		       const char *meaning)
{
	add(offer, &(struct item){.label = word, .kind = kind, .detail = meaning});
}

/* --- fields ------------------------------------------------------------ */

static void offer_field(struct sk_lsp_offer *offer, const struct sk_field_info *field, const char *label,
			const char *snippet)
{
	struct sk_lsp_page page = {.markdown = offer->request->server->markdown};
	struct sk_buffer detail = {0};
	const char *bracket = strchr(label, '[');
	const char *insert =
		bracket ? sk_arena_copy(offer->request->arena, label, (size_t)(bracket - label)) : NULL;

	sk_lsp_field_type(&detail, field);
	sk_buffer_append_text(&page.text, field->meaning);
	if (!detail.failed && !page.text.failed)
		add(offer, &(struct item){
				   .label = label,
				   .kind = SK_LSP_OFFER_FIELD,
				   .insert = insert,
				   .snippet = snippet,
				   .detail = detail.bytes,
				   .page = &page,
				   .sort = field->flags & SK_FIELD_FLAG_DEPRECATED ? "z"
					   : bracket                               ? "b"
										   : "a",
				   .deprecated = field->flags & SK_FIELD_FLAG_DEPRECATED,
			   });
	sk_buffer_release(&detail);
	sk_buffer_release(&page.text);
}

/* evt.arg.NAME: the parameters of events, or their names. */
static void offer_suffixes(struct sk_lsp_offer *offer, const struct sk_field_info *field)
{
	struct sk_arena *arena = offer->request->arena;
	struct sk_event_type_walk walk = {0};
	const char *name;

	if (field == &sk_fields[SK_FIELD_EVT_TYPE_IS]) {
		while ((name = sk_event_type_next(&walk))) {
			const char *label = sk_arena_printf(arena, "%s.%s", field->name, name);

			if (label && is_new(offer, label))
				offer_field(offer, field, label, NULL);
		}
		return;
	}
	for (uint32_t event = 0; event < SK_EVENT_COUNT; event++) {
		for (uint32_t i = 0; i < sk_events[event].nparams; i++) {
			const char *label =
				sk_arena_printf(arena, "%s.%s", field->name, sk_events[event].params[i].name);

			if (label && is_new(offer, label))
				offer_field(offer, field, label, NULL);
		}
	}
}

static bool takes_suffix(enum sk_field_argument argument)
{
	return argument == SK_ARGUMENT_SUFFIX || argument == SK_ARGUMENT_SUFFIX_OR_INDEX ||
	       argument == SK_ARGUMENT_OPTIONAL_SUFFIX;
}

static bool is_optional(enum sk_field_argument argument)
{
	return argument == SK_ARGUMENT_NONE || argument >= SK_ARGUMENT_OPTIONAL_INDEX;
}

/* A field with its [argument]. */
static void offer_argument(struct sk_lsp_offer *offer, const struct sk_field_info *field)
{
	struct sk_arena *arena = offer->request->arena;
	const char *form = strchr(sk_argument_forms[field->argument], '[');
	const char *label, *snippet;
	size_t length;

	if (!form)
		return;
	length = strcspn(form, "]") + 1;
	label = sk_arena_printf(arena, "%s%.*s", field->name, (int)length, form);
	snippet = sk_arena_printf(arena, "%s[${1:%.*s}]", field->name, (int)length - 2, form + 1);
	if (label && snippet)
		offer_field(offer, field, label, snippet);
}

void sk_lsp_offer_fields(struct sk_lsp_offer *offer, const char *typed, bool output)
{
	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		const struct sk_field_info *field = &sk_fields[i];
		enum sk_field_argument argument = field->argument;
		size_t length = strlen(field->name);

		if (field->availability != SK_AVAILABILITY_READY || (field->flags & SK_FIELD_FLAG_TABLE_ONLY) ||
		    (field->flags & (output ? SK_FIELD_FLAG_FILTER_ONLY : SK_FIELD_FLAG_PRINT_ONLY)))
			continue;
		if (takes_suffix(argument) && strncmp(typed, field->name, length) == 0 && typed[length] == '.')
			offer_suffixes(offer, field);
		else if (takes_suffix(argument))
			offer_field(offer, field, sk_arena_printf(offer->request->arena, "%s.", field->name), NULL);
		if (is_optional(argument))
			offer_field(offer, field, field->name, NULL);
		offer_argument(offer, field);
	}
}

/* --- language ---------------------------------------------------------- */

void sk_lsp_offer_operator(struct sk_lsp_offer *offer, enum sk_operator comparison)
{
	const char *text = sk_operators[comparison].text;

	add(offer, &(struct item){.label = text,
				  .kind = SK_LSP_OFFER_OPERATOR,
				  .snippet = sk_operators[comparison].operands == SK_OPERANDS_LIST
						     ? sk_arena_printf(offer->request->arena, "%s ($0)", text)
						     : NULL,
				  .detail = sk_operators[comparison].meaning,
				  .sort = sk_arena_printf(offer->request->arena, "%02d", (int)comparison)});
}

void sk_lsp_offer_transformers(struct sk_lsp_offer *offer)
{
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++) {
		const char *text = sk_transformers[i].text;

		add(offer, &(struct item){
				   .label = text,
				   .kind = SK_LSP_OFFER_FUNCTION,
				   .insert = sk_arena_printf(offer->request->arena, "%s(", text),
				   .snippet = sk_arena_printf(offer->request->arena, "%s($0)", text),
				   .detail = sk_transformers[i].meaning,
				   .sort = "y",
			   });
	}
}

static void offer_set(struct sk_lsp_offer *offer, const char *values)
{
	while (*values) {
		size_t length = strcspn(values, " ");
		const char *word = sk_arena_copy(offer->request->arena, values, length);

		if (word)
			sk_lsp_offer_word(offer, word, SK_LSP_OFFER_VALUE, NULL);
		values += length + strspn(values + length, " ");
	}
}

static void offer_event_types(struct sk_lsp_offer *offer)
{
	struct sk_event_type_walk walk = {0};
	const char *name;

	while ((name = sk_event_type_next(&walk))) {
		if (is_new(offer, name))
			sk_lsp_offer_word(offer, name, SK_LSP_OFFER_VALUE, NULL);
	}
}

/* The names of flags that a parameter of this name has in some event. */
static void offer_flags(struct sk_lsp_offer *offer, const char *param)
{
	for (uint32_t event = 0; event < SK_EVENT_COUNT; event++) {
		for (uint32_t i = 0; i < sk_events[event].nparams; i++) {
			const struct sk_param_info *info = &sk_events[event].params[i];

			if (info->flags == SK_FLAGS_NONE || strcmp(info->name, param) != 0)
				continue;
			for (size_t k = 0; k < sk_flag_tables[info->flags].count; k++) {
				const char *name = sk_flag_tables[info->flags].flags[k].name;

				if (is_new(offer, name))
					sk_lsp_offer_word(offer, name, SK_LSP_OFFER_VALUE, sk_events[event].name);
			}
		}
	}
}

void sk_lsp_offer_values(struct sk_lsp_offer *offer, enum sk_field field, const char *argument)
{
	static const struct {
		enum sk_field field;
		const char *values;
	} sets[] = {
#define SK_FIELD_VALUES(name, words) {SK_FIELD_##name, words},
#include "cli/lsp/values.def"
	};

	if (field == SK_FIELD_EVT_TYPE || field == SK_FIELD_SYSCALL_TYPE)
		offer_event_types(offer);
	if (*argument)
		offer_flags(offer, argument);
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		if (sets[i].field == field)
			offer_set(offer, sets[i].values);
	}
}

/* --- names of the project ---------------------------------------------- */

static void offer_symbol(struct sk_lsp_offer *offer, const struct sk_lsp_file *file, const struct sk_lsp_item *item)
{
	struct sk_lsp_page page = {.markdown = offer->request->server->markdown};
	char *insert = NULL;

	if (!is_new(offer, item->name))
		return;
	if (offer->parentheses)
		insert = sk_arena_printf(offer->request->arena, "(%s)", item->name);
	sk_lsp_describe_item(&page, file, item);
	if (!page.text.failed)
		add(offer, &(struct item){
				   .label = item->name,
				   .kind = item->kind == SK_LSP_MACRO  ? SK_LSP_OFFER_FUNCTION
					   : item->kind == SK_LSP_LIST ? SK_LSP_OFFER_VARIABLE
								       : SK_LSP_OFFER_CLASS,
				   .insert = insert,
				   .detail = sk_lsp_kind_names[item->kind],
				   .page = &page,
				   .sort = "c",
			   });
	sk_buffer_release(&page.text);
}

void sk_lsp_offer_symbols(struct sk_lsp_offer *offer, enum sk_lsp_kind kind)
{
	const struct sk_lsp_project *project = &offer->request->project;

	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_index *index = sk_lsp_file_index(project->files[i]);

		for (uint32_t k = 0; index && k < index->count; k++) {
			if (index->items[k].kind == kind)
				offer_symbol(offer, project->files[i], &index->items[k]);
		}
	}
}

static int offer_tag(void *context, const struct sk_lsp_scalar *scalar)
{
	struct sk_lsp_offer *offer = context;

	if (scalar->role == SK_LSP_ROLE_TAG && scalar->node->text.length && is_new(offer, scalar->node->text.bytes))
		sk_lsp_offer_word(offer, scalar->node->text.bytes, SK_LSP_OFFER_VALUE, NULL);
	return 0;
}

void sk_lsp_offer_tags(struct sk_lsp_offer *offer)
{
	const struct sk_lsp_project *project = &offer->request->project;

	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_index *index = sk_lsp_file_index(project->files[i]);

		for (uint32_t k = 0; index && k < index->count; k++)
			sk_lsp_item_walk(&index->items[k], offer_tag, offer);
	}
}

/* --- keys and items ---------------------------------------------------- */

void sk_lsp_offer_key(struct sk_lsp_offer *offer, const struct sk_key_info *key)
{
	static const char *const sequences[] = {"tags", "items", "fields", "comps", "values", "alternatives"};
	static const char *const blocks[] = {"exceptions", "override", "required_plugin_versions"};
	struct sk_arena *arena = offer->request->arena;
	const char *snippet = NULL, *insert = sk_arena_printf(arena, "%s: ", key->name);

	for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++) {
		if (strcmp(key->name, sequences[i]) == 0)
			snippet = sk_arena_printf(arena, "%s: [$0]", key->name);
	}
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		if (strcmp(key->name, blocks[i]) == 0)
			insert = sk_arena_printf(arena, "%s:", key->name);
	}
	add(offer, &(struct item){
			   .label = key->name,
			   .kind = SK_LSP_OFFER_PROPERTY,
			   .insert = insert,
			   .snippet = snippet,
			   .detail = key->meaning,
			   .deprecated = strncmp(key->meaning, "deprecated", 10) == 0,
		   });
}

void sk_lsp_offer_items(struct sk_lsp_offer *offer, bool dash)
{
	static const struct {
		const char *label, *insert, *snippet, *detail;
	} items[] = {
		{"rule", "- rule: ",
		 "- rule: ${1:name}\n  desc: ${2:what it detects}\n  condition: >\n    ${3:evt.type = execve}\n"
		 "  output: \"${4:what happened} (process=%proc.name command=%proc.cmdline)\"\n"
		 "  priority: ${5:Warning}\n  tags: [$0]\n",
		 "a rule"},
		{"macro", "- macro: ", "- macro: ${1:name}\n  condition: $0\n", "a condition with a name"},
		{"list", "- list: ", "- list: ${1:name}\n  items: [$0]\n", "values with a name"},
		{"required_engine_version", "- required_engine_version: ", NULL,
		 "the oldest engine that can load this file"},
		{"required_plugin_versions", "- required_plugin_versions:", NULL,
		 "the plugins that must be loaded"},
	};

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		const char *snippet = items[i].snippet;

		add(offer, &(struct item){
				   .label = items[i].label,
				   .kind = SK_LSP_OFFER_SNIPPET,
				   .insert = items[i].insert + (dash ? 2 : 0),
				   .snippet = snippet && dash ? snippet + 2 : snippet,
				   .detail = items[i].detail,
			   });
	}
}
