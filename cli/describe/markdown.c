/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions as a page: a table of the rules, then each of them, then macros
 * and lists in tables.
 */
#include <errno.h>
#include <string.h>

#include "cli/describe/render.h"
#include "vm/bundle.h"

/* Text in which Markdown and HTML read nothing of their own. */
static void put_text(struct sk_buffer *buffer, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_{}[]<>#|~&!", *text))
			sk_buffer_append_char(buffer, '\\');
		sk_buffer_append_char(buffer, *text);
	}
}

/* Text as code, in as many backquotes as it needs; in a table a bar is escaped. */
static void put_code(struct sk_buffer *buffer, const char *text)
{
	size_t most = 0, run = 0;

	for (const char *byte = text; *byte; byte++) {
		run = *byte == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	for (size_t i = 0; i <= most; i++)
		sk_buffer_append_char(buffer, '`');
	if (most)
		sk_buffer_append_char(buffer, ' ');
	for (; *text; text++) {
		if (*text == '|')
			sk_buffer_append_char(buffer, '\\');
		sk_buffer_append_char(buffer, *text);
	}
	if (most)
		sk_buffer_append_char(buffer, ' ');
	for (size_t i = 0; i <= most; i++)
		sk_buffer_append_char(buffer, '`');
}

static void put_codes(struct sk_buffer *buffer, const struct sk_described_words *words)
{
	for (uint32_t i = 0; i < words->count; i++) {
		if (i)
			sk_buffer_append_text(buffer, ", ");
		put_code(buffer, words->items[i]);
	}
}

static void put_techniques(struct sk_buffer *buffer, const struct sk_described_words *techniques)
{
	for (uint32_t i = 0; i < techniques->count; i++) {
		const char *id = techniques->items[i];

		/* A part of a technique has its own page below that of the whole. */
		sk_buffer_printf(buffer, "%s[%s](https://attack.mitre.org/techniques/%.5s%s%s/)", i ? ", " : "", id,
				 id, id[5] ? "/" : "", id[5] ? id + 6 : "");
	}
}

static void put_property(struct sk_buffer *buffer, const char *name, const struct sk_described_words *words)
{
	if (!words->count)
		return;
	sk_buffer_printf(buffer, "- %s: ", name);
	put_codes(buffer, words);
	sk_buffer_append_char(buffer, '\n');
}

static void put_events(struct sk_buffer *buffer, const struct sk_described *item)
{
	if (item->events.count)
		put_property(buffer, item->except ? "Events: all but" : "Events", &item->events);
	else
		sk_buffer_printf(buffer, "- Events: %s\n", item->except ? "all" : "none");
}

static void put_rule_table(struct sk_buffer *buffer, const struct sk_description *description)
{
	sk_buffer_append_text(buffer, "| Rule | Priority | Enabled | ATT&CK |\n|---|---|---|---|\n");
	for (uint32_t i = 0; i < description->rule_count; i++) {
		const struct sk_described *item = &description->rules[i];

		sk_buffer_append_text(buffer, "| ");
		put_text(buffer, item->name);
		sk_buffer_printf(buffer, " | %s | %s | ", sk_priority_names[item->rule->priority],
				 item->rule->enabled ? "yes" : "no");
		put_techniques(buffer, &item->techniques);
		sk_buffer_append_text(buffer, " |\n");
	}
}

static void put_rule(struct sk_buffer *buffer, const struct sk_described *item)
{
	const struct sk_pack_rule *rule = item->rule;
	struct sk_described_words tags = {.items = rule->tags, .count = rule->tag_count};

	sk_buffer_append_text(buffer, "\n### ");
	put_text(buffer, item->name);
	sk_buffer_append_text(buffer, "\n\n");
	put_text(buffer, item->description);
	sk_buffer_printf(buffer, "\n\n- Priority: %s\n- Source: ", sk_priority_names[rule->priority]);
	put_text(buffer, rule->source);
	sk_buffer_printf(buffer, "\n- Enabled: %s\n", rule->enabled ? "yes" : "no");
	put_property(buffer, "Tags", &tags);
	if (item->techniques.count) {
		sk_buffer_append_text(buffer, "- Techniques: ");
		put_techniques(buffer, &item->techniques);
		sk_buffer_append_char(buffer, '\n');
	}
	put_property(buffer, "Tactics", &item->tactics);
	put_property(buffer, "Exceptions", &item->exceptions);
	put_property(buffer, "Macros", &item->macros);
	put_property(buffer, "Lists", &item->lists);
	put_property(buffer, "Fields", &item->fields);
	put_property(buffer, "Operators", &item->operators);
	put_property(buffer, "Transformers", &item->transformers);
	put_events(buffer, item);
	put_property(buffer, "Output fields", &item->output_fields);
	if (!item->file)
		return;
	sk_buffer_append_text(buffer, "- Defined in ");
	put_text(buffer, item->file);
	sk_buffer_printf(buffer, ":%u\n", item->line);
}

static void put_users(struct sk_buffer *buffer, const struct sk_described *item)
{
	const struct sk_described_words *users[] = {&item->by_rules, &item->by_macros, &item->by_lists};
	bool any = false;

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		for (uint32_t k = 0; k < users[i]->count; k++) {
			sk_buffer_append_text(buffer, any ? ", " : "");
			put_text(buffer, users[i]->items[k]);
			any = true;
		}
	}
}

static void put_table(struct sk_buffer *buffer, const char *head, const struct sk_described *items, uint32_t count)
{
	if (count)
		sk_buffer_append_text(buffer, head);
	for (uint32_t i = 0; i < count; i++) {
		sk_buffer_append_text(buffer, "| ");
		put_code(buffer, items[i].name);
		sk_buffer_append_text(buffer, " | ");
		if (items[i].kind == SK_DESCRIBED_LIST)
			put_codes(buffer, &items[i].items);
		else if (*items[i].condition)
			put_code(buffer, items[i].condition);
		sk_buffer_append_text(buffer, " | ");
		put_users(buffer, &items[i]);
		sk_buffer_append_text(buffer, " |\n");
	}
}

int sk_render_markdown(const struct sk_description *description, struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, "## Rules\n\n");
	put_rule_table(buffer, description);
	for (uint32_t i = 0; i < description->rule_count; i++)
		put_rule(buffer, &description->rules[i]);
	put_table(buffer, "\n## Macros\n\n| Macro | Condition | Used by |\n|---|---|---|\n", description->macros,
		  description->macro_count);
	put_table(buffer, "\n## Lists\n\n| List | Items | Used by |\n|---|---|---|\n", description->lists,
		  description->list_count);
	return buffer->failed ? -ENOMEM : 0;
}
