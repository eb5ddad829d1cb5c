/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions for a terminal: one item a paragraph, one property a line. */
#include <errno.h>
#include <string.h>

#include "cli/describe/render.h"
#include "vm/bundle.h"

enum { NAME_WIDTH = 14, LINE_WIDTH = 100 };

static void put_name(struct sk_buffer *buffer, const char *name)
{
	sk_buffer_printf(buffer, "  %-*s", NAME_WIDTH, name);
}

/* A pack can put anything into a name; a terminal is to show it, not to obey it. */
static void put_clean(struct sk_buffer *buffer, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sk_buffer_append_char(buffer, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
}

/* One more piece behind a name; it begins a line of its own if it does not fit. */
static void put_piece(struct sk_buffer *buffer, const char *text, size_t length, const char *behind, size_t *column)
{
	size_t width = length + strlen(behind);

	if (*column > 2 + NAME_WIDTH && *column + 1 + width > LINE_WIDTH) {
		sk_buffer_printf(buffer, "\n%*s", 2 + NAME_WIDTH, "");
		*column = 2 + NAME_WIDTH;
	} else if (*column > 2 + NAME_WIDTH) {
		sk_buffer_append_char(buffer, ' ');
		++*column;
	}
	put_clean(buffer, text, length);
	sk_buffer_append_text(buffer, behind);
	*column += width;
}

/* Words behind a name, wrapped; nothing without words. */
static void put_words(struct sk_buffer *buffer, const char *name, const struct sk_described_words *words)
{
	size_t column = 2 + NAME_WIDTH;

	if (!words->count)
		return;
	put_name(buffer, name);
	for (uint32_t i = 0; i < words->count; i++)
		put_piece(buffer, words->items[i], strlen(words->items[i]), i + 1 < words->count ? "," : "",
			  &column);
	sk_buffer_append_char(buffer, '\n');
}

/* Prose or a condition, wrapped at its blanks. */
static void put_line(struct sk_buffer *buffer, const char *name, const char *text)
{
	size_t column = 2 + NAME_WIDTH;

	if (!*text)
		return;
	put_name(buffer, name);
	while (*text) {
		size_t length = strcspn(text, " ");

		put_piece(buffer, text, length, "", &column);
		text += length + (text[length] == ' ');
	}
	sk_buffer_append_char(buffer, '\n');
}

static void put_events(struct sk_buffer *buffer, const struct sk_described *item)
{
	if (!item->events.count)
		put_line(buffer, "events", item->except ? "all" : "none");
	else
		put_words(buffer, item->except ? "events not" : "events", &item->events);
}

static void put_uses(struct sk_buffer *buffer, const struct sk_described *item)
{
	put_words(buffer, "macros", &item->macros);
	put_words(buffer, "lists", &item->lists);
	if (item->kind == SK_DESCRIBED_LIST)
		return;
	put_words(buffer, "fields", &item->fields);
	put_words(buffer, "operators", &item->operators);
	put_words(buffer, "transformers", &item->transformers);
	put_events(buffer, item);
}

static void put_tags(struct sk_buffer *buffer, const struct sk_pack_rule *rule)
{
	struct sk_described_words tags = {.items = rule->tags, .count = rule->tag_count};

	put_words(buffer, "tags", &tags);
}

static void put_rule(struct sk_buffer *buffer, const struct sk_described *item)
{
	const struct sk_pack_rule *rule = item->rule;

	put_line(buffer, "desc", item->description);
	put_line(buffer, "condition", item->condition);
	put_line(buffer, "priority", sk_priority_names[rule->priority]);
	put_line(buffer, "source", rule->source);
	put_line(buffer, "enabled", rule->enabled ? "yes" : "no");
	put_tags(buffer, rule);
	put_words(buffer, "techniques", &item->techniques);
	put_words(buffer, "tactics", &item->tactics);
	put_words(buffer, "exceptions", &item->exceptions);
	put_uses(buffer, item);
	put_words(buffer, "output fields", &item->output_fields);
}

static void put_item(struct sk_buffer *buffer, const struct sk_described *item)
{
	static const char *const kinds[] = {
		[SK_DESCRIBED_RULE] = "rule", [SK_DESCRIBED_MACRO] = "macro", [SK_DESCRIBED_LIST] = "list"};

	if (buffer->length)
		sk_buffer_append_char(buffer, '\n');
	sk_buffer_printf(buffer, "%s: ", kinds[item->kind]);
	put_clean(buffer, item->name, strlen(item->name));
	if (item->file)
		sk_buffer_printf(buffer, "  (%s:%u)", item->file, item->line);
	sk_buffer_append_char(buffer, '\n');
	if (item->kind == SK_DESCRIBED_RULE) {
		put_rule(buffer, item);
	} else {
		put_line(buffer, "condition", item->condition);
		put_uses(buffer, item);
	}
	put_words(buffer, "items", &item->items);
	put_words(buffer, "in rules", &item->by_rules);
	put_words(buffer, "in macros", &item->by_macros);
	put_words(buffer, "in lists", &item->by_lists);
}

int sk_render_text(const struct sk_description *description, struct sk_buffer *buffer)
{
	for (uint32_t i = 0; i < description->rule_count; i++)
		put_item(buffer, &description->rules[i]);
	for (uint32_t i = 0; i < description->macro_count; i++)
		put_item(buffer, &description->macros[i]);
	for (uint32_t i = 0; i < description->list_count; i++)
		put_item(buffer, &description->lists[i]);
	return buffer->failed ? -ENOMEM : 0;
}
