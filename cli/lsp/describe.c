/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_TEXT = 2000, MOST_PLACES = 8 };

static __attribute__((format(printf, 2, 3))) void title(struct sk_lsp_page *page, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sk_buffer_printf(&page->text, page->markdown ? "`%s`" : "%s", text);
}

/* Text as it is written, cut where it gets too long, never inside a character. */
static void quote(struct sk_lsp_page *page, const char *bytes, size_t length)
{
	bool cut = length > LONGEST_TEXT;

	if (cut) {
		length = LONGEST_TEXT;
		while (length && (bytes[length] & 0xc0) == 0x80)
			length--;
	}
	while (length && strchr(" \n", bytes[length - 1]))
		length--;
	sk_buffer_append_text(&page->text, page->markdown ? "\n\n```\n" : "\n\n");
	sk_buffer_append(&page->text, bytes, length);
	sk_buffer_append_text(&page->text, cut ? " ..." : "");
	sk_buffer_append_text(&page->text, page->markdown ? "\n```" : "");
}

void sk_lsp_field_type(struct sk_buffer *buffer, const struct sk_field_info *field)
{
	sk_buffer_printf(buffer, "%s%s, %s scope", field->list ? "list of " : "", sk_types[field->type].name,
			 sk_scope_names[field->scope]);
	if (field->flags & SK_FIELD_FLAG_FILTER_ONLY)
		sk_buffer_append_text(buffer, ", prints no value");
	if (field->flags & SK_FIELD_FLAG_PRINT_ONLY)
		sk_buffer_append_text(buffer, ", outputs only");
	if (field->flags & SK_FIELD_FLAG_DEPRECATED)
		sk_buffer_append_text(buffer, ", deprecated");
	if (field->availability != SK_AVAILABILITY_READY)
		sk_buffer_printf(buffer, ", %s", sk_availability_names[field->availability]);
}

void sk_lsp_describe_field(struct sk_lsp_page *page, const struct sk_field_info *field)
{
	title(page, "%s%s", field->name, sk_argument_forms[field->argument]);
	sk_buffer_append_text(&page->text, ": ");
	sk_lsp_field_type(&page->text, field);
	sk_buffer_printf(&page->text, "\n\n%s", field->meaning);
}

void sk_lsp_describe_operator(struct sk_lsp_page *page, enum sk_operator comparison)
{
	static const char *const operands[] = {
		[SK_OPERANDS_NONE] = "nothing stands on its right",
		[SK_OPERANDS_NUMBER] = "a number stands on its right",
		[SK_OPERANDS_TEXT] = "one value stands on its right",
		[SK_OPERANDS_LIST] = "a list stands on its right",
	};

	title(page, "%s", sk_operators[comparison].text);
	sk_buffer_printf(&page->text, ": %s\n\n%s", sk_operators[comparison].meaning,
			 operands[sk_operators[comparison].operands]);
}

void sk_lsp_describe_modifier(struct sk_lsp_page *page, enum sk_modifier modifier)
{
	title(page, "%s", sk_modifier_names[modifier]);
	sk_buffer_printf(&page->text, ": %s", sk_modifier_meanings[modifier]);
}

void sk_lsp_describe_transformer(struct sk_lsp_page *page, enum sk_transformer transformer)
{
	title(page, "%s()", sk_transformers[transformer].text);
	sk_buffer_printf(&page->text, ": %s", sk_transformers[transformer].meaning);
}

void sk_lsp_describe_key(struct sk_lsp_page *page, const struct sk_key_info *key)
{
	title(page, "%s", key->name);
	sk_buffer_printf(&page->text, ": %s", key->meaning);
}

bool sk_lsp_describe_event(struct sk_lsp_page *page, const char *name, size_t length)
{
	const struct sk_event_info *event = NULL;

	/* The last version of its exit has the parameters of today. */
	for (uint32_t i = 0; i < SK_EVENT_COUNT; i++) {
		const struct sk_event_info *one = &sk_events[i];

		if (strlen(one->name) == length && memcmp(one->name, name, length) == 0 &&
		    (!event || one->direction == SK_DIRECTION_EXIT))
			event = one;
	}
	if (!event) {
		if (sk_syscall_find(name, length) < 0)
			return false;
		title(page, "%.*s", (int)length, name);
		sk_buffer_append_text(&page->text, ": a system call without parameters of its own");
		return true;
	}
	title(page, "%s", event->name);
	sk_buffer_append_text(&page->text, ": an event with ");
	for (uint32_t i = 0; i < event->nparams; i++)
		sk_buffer_printf(&page->text, "%sevt.arg.%s", i ? ", " : "", event->params[i].name);
	sk_buffer_append_text(&page->text, event->nparams ? "" : "no parameters");
	return true;
}

/* --- rules, macros, lists ---------------------------------------------- */

static const struct sk_yaml_node *scalar_of(const struct sk_lsp_item *item, const char *key)
{
	const struct sk_yaml_node *node = sk_yaml_get(item->node, key);

	return node && node->kind == SK_YAML_SCALAR && !node->null ? node : NULL;
}

static void quote_items(struct sk_lsp_page *page, const struct sk_yaml_node *items)
{
	struct sk_buffer text = {0};

	for (uint32_t i = 0; i < items->count && text.length <= LONGEST_TEXT; i++) {
		if (items->items[i]->kind != SK_YAML_SCALAR)
			continue;
		sk_buffer_append_text(&text, text.length ? ", " : "");
		sk_buffer_append(&text, items->items[i]->text.bytes, items->items[i]->text.length);
	}
	if (text.length && !text.failed)
		quote(page, text.bytes, text.length);
	sk_buffer_release(&text);
}

void sk_lsp_describe_item(struct sk_lsp_page *page, const struct sk_lsp_file *file, const struct sk_lsp_item *item)
{
	const char *path = file->path ? file->path : file->uri, *slash = strrchr(path, '/');
	struct sk_lsp_position at = sk_lsp_text_position(&file->text, item->begin, SK_LSP_UTF8);
	const struct sk_yaml_node *items = sk_yaml_get(item->node, "items");
	const struct sk_yaml_node *text = scalar_of(item, item->kind == SK_LSP_RULE ? "desc" : "condition");

	if (page->text.length)
		sk_buffer_append_text(&page->text, "\n\n");
	sk_buffer_printf(&page->text, "%s%s ", item->definition ? "" : "change of ", sk_lsp_kind_names[item->kind]);
	title(page, "%s", item->name);
	sk_buffer_printf(&page->text, ", %s:%u", slash ? slash + 1 : path, at.line + 1);
	if (item->kind == SK_LSP_LIST && items && items->kind == SK_YAML_SEQUENCE)
		quote_items(page, items);
	else if (item->kind != SK_LSP_LIST && text)
		quote(page, text->text.bytes, text->text.length);
}

bool sk_lsp_describe_symbol(struct sk_lsp_page *page, const struct sk_lsp_project *project,
			    struct sk_lsp_symbol symbol)
{
	uint32_t places = 0;

	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_index *index = sk_lsp_file_index(project->files[i]);

		for (uint32_t k = 0; index && k < index->count; k++) {
			const struct sk_lsp_item *item = &index->items[k];

			if (item->kind != symbol.kind || item->name_node->text.length != symbol.length ||
			    memcmp(item->name, symbol.name, symbol.length) != 0)
				continue;
			if (places++ < MOST_PLACES)
				sk_lsp_describe_item(page, project->files[i], item);
		}
	}
	if (places > MOST_PLACES)
		sk_buffer_printf(&page->text, "\n\nand %u more", places - MOST_PLACES);
	return places > 0;
}
