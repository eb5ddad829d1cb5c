/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/language.md and docs/fields.md.  Whatever a table of the code knows is
 * taken from there; what is written here are the sentences between.
 */
#include "cli/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "compiler/keys.h"
#include "compiler/pack.h"
#include "compiler/program.h"
#include "compiler/yaml.h"
#include "grammar/diagnostic.h"
#include "grammar/parse.h"
#include "vm/bundle.h"
#include "vm/schema/schema.h"

/* Text in a cell: a bar would end it. */
static void cell(struct sk_buffer *page, const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '*' || *text == '<')
			sk_buffer_append_char(page, '\\');
		sk_buffer_append_char(page, *text);
	}
}

static void row(struct sk_buffer *page, const char *code, const char *meaning)
{
	sk_buffer_printf(page, "| `%s` | ", code);
	cell(page, meaning);
	sk_buffer_append_text(page, " |\n");
}

static void type_name(struct sk_buffer *page, const struct sk_field_info *field)
{
	sk_buffer_printf(page, "%s%s", sk_types[field->type].name, field->list ? " list" : "");
}

/* --- fields ------------------------------------------------------------ */

static void field_notes(struct sk_buffer *page, enum sk_field number)
{
	const struct sk_field_info *field = &sk_fields[number];

	cell(page, field->meaning);
	if (field->quantifier == SK_QUANTIFIER_ANY)
		sk_buffer_append_text(page,
				      "; without an argument a comparison is true if it is for any of the values");
	if (field->quantifier == SK_QUANTIFIER_BOTH)
		sk_buffer_append_text(page, "; either end, with `!=` both");
	if (field->flags & SK_FIELD_FLAG_FILTER_ONLY)
		sk_buffer_append_text(page, "; only in conditions");
	if (field->flags & SK_FIELD_FLAG_PRINT_ONLY)
		sk_buffer_append_text(page, "; only in outputs");
	if (field->flags & SK_FIELD_FLAG_NO_TRANSFORMER)
		sk_buffer_append_text(page, "; no transformer takes it");
	if (field->flags & SK_FIELD_FLAG_NO_RHS)
		sk_buffer_append_text(page, "; compared with constants only");
	if (field->flags & SK_FIELD_FLAG_DEPRECATED)
		sk_buffer_append_text(page, "; deprecated");
	if (field->availability == SK_AVAILABILITY_NEVER)
		sk_buffer_append_text(page, "; **never has a value**, and a condition that uses it is warned of");
	if (field->flags & SK_FIELD_FLAG_READING)
		sk_buffer_append_text(page,
				      "; depends on its readings: [below](#fields-that-depend-on-their-readings)");
}

/* "fd" of "fd.name". */
static size_t class_length(const char *name)
{
	return strcspn(name, ".");
}

static void readings(struct sk_buffer *page)
{
	sk_buffer_append_text(page, "\n## Fields that depend on their readings\n\n"
				    "`evt.deltatime`, `util.cnt`, `thread.exectime` and their like say something "
				    "about the last time that the "
				    "same comparison or token of an output asked for them. So each comparison, of "
				    "each rule, remembers its own "
				    "(a macro that is used twice has two), and what is not reached, because a "
				    "comparison before it decides, "
				    "does not count. Rules that have one are evaluated in the order in which they "
				    "are written, and so are all "
				    "others of the same event types: they cost what they cost without the index. "
				    "At most 1,024 comparisons and "
				    "tokens of a pack may have one.\n\n"
				    "In an alert the text and `output_fields` differ: like the reference, saker "
				    "counts three readings of "
				    "`output_fields` an alert and shows the second, for which no time has passed "
				    "since the first. `saker read` "
				    "reads once an event. What is remembered of threads and CPUs is bounded; when "
				    "16,384 numbers are, all are "
				    "forgotten.\n");
}

void sk_markdown_fields(struct sk_buffer *page)
{
	uint32_t counts[2] = {0};

	for (int i = 0; i < SK_FIELD_COUNT; i++)
		counts[sk_fields[i].availability]++;
	sk_buffer_printf(
		page,
		"# Fields\n\n"
		"Written by `make docs` from the tables that the compiler and the sensor use; `saker fields` "
		"prints "
		"the same.\n\n"
		"%d fields: %u have values, %u are deprecated names that never have one.\n\n"
		"The *argument* is `[N]` a number, `[KEY]` a text, `.NAME` a name behind a dot; with a question "
		"mark it may be left out. The *scope* says when the value can change: with the thread (exec, "
		"setuid "
		"and their like), with its ancestors (lineage), with the file descriptor, or with every event; "
		"rules "
		"that ask only for what rarely changes cost next to nothing on most events. [The "
		"language](language.md) says what each type is compared with.\n",
		SK_FIELD_COUNT, counts[SK_AVAILABILITY_READY], counts[SK_AVAILABILITY_NEVER]);
	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		const struct sk_field_info *field = &sk_fields[i];
		size_t length = class_length(field->name);

		if (i == 0 || strncmp(sk_fields[i - 1].name, field->name, length + 1) != 0)
			sk_buffer_printf(page,
					 "\n## %.*s\n\n| field | type | argument | scope | meaning |\n"
					 "| --- | --- | --- | --- | --- |\n",
					 (int)length, field->name);
		sk_buffer_printf(page, "| `%s` | ", field->name);
		type_name(page, field);
		sk_buffer_append_text(page, " | ");
		cell(page, sk_argument_forms[field->argument]);
		sk_buffer_printf(page, " | %s | ", sk_scope_names[field->scope]);
		field_notes(page, (enum sk_field)i);
		sk_buffer_append_text(page, " |\n");
	}
	readings(page);
}

/* --- items ------------------------------------------------------------- */

static void keys_of(struct sk_buffer *page, enum sk_key_owner owner, enum sk_key_owner more)
{
	sk_buffer_append_text(page, "\n| key | meaning |\n| --- | --- |\n");
	for (const struct sk_key_info *key = sk_keys; key->name; key++) {
		if (key->owner == owner || key->owner == more)
			row(page, key->name, key->meaning);
	}
}

static void items(struct sk_buffer *page)
{
	sk_buffer_append_text(page, "# The rule language\n\n"
				    "Written by `make docs` from the tables that the compiler uses. It is Falco's "
				    "rule language: packs that Falco "
				    "loads mean the same here.\n\n"
				    "## Items of a pack\n\n"
				    "A pack is a YAML sequence of items, in one document or several. The first of "
				    "these keys that an item has says "
				    "what it is; unknown items and keys are warned of and passed over. A rule, "
				    "macro or list that is defined again "
				    "is replaced and keeps its place.\n");
	sk_buffer_append_text(page, "\n### Rules\n");
	keys_of(page, SK_KEY_OF_RULE_HEAD, SK_KEY_OF_RULE_BODY);
	sk_buffer_append_text(page, "\n`priority` is one of");
	for (const char *const *word = sk_priority_words; *word; word++)
		sk_buffer_printf(page, "%s `%s`", word == sk_priority_words ? "" : ",", *word);
	sk_buffer_append_text(
		page, ", in letters of either case. Under `override` each key says `append` or `replace`: "
		      "condition, output, desc, tags "
		      "and exceptions take both, all other keys `replace` alone.\n\n### Exceptions of a rule\n");
	keys_of(page, SK_KEY_OF_EXCEPTION, SK_KEY_OF_EXCEPTION);
	sk_buffer_append_text(page, "\n### Macros\n");
	keys_of(page, SK_KEY_OF_MACRO, SK_KEY_OF_MACRO);
	sk_buffer_append_text(page, "\n### Lists\n");
	keys_of(page, SK_KEY_OF_LIST, SK_KEY_OF_LIST);
	sk_buffer_append_text(page, "\n### Requirements\n");
	keys_of(page, SK_KEY_OF_FILE, SK_KEY_OF_FILE);
	sk_buffer_append_text(page, "\nEach required plugin:\n");
	keys_of(page, SK_KEY_OF_PLUGIN, SK_KEY_OF_PLUGIN);
}

/* --- conditions -------------------------------------------------------- */

static const char *right_side(enum sk_operands operands)
{
	switch (operands) {
	case SK_OPERANDS_NONE:
		return "nothing";
	case SK_OPERANDS_NUMBER:
		return "a number, `val(field)` or a transformer";
	case SK_OPERANDS_TEXT:
		return "a text, `val(field)` or a transformer; behind a modifier a list";
	case SK_OPERANDS_LIST:
		return "a list, `val(field)` or a transformer";
	}
	return "";
}

static void operators(struct sk_buffer *page)
{
	sk_buffer_append_text(page, "\n## Operators\n\n| operator | meaning | right side |\n| --- | --- | --- |\n");
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		const char *right = right_side((enum sk_operands)sk_operators[i].operands);

		/* Patterns are compiled once, not for each event. */
		if (i == SK_OPERATOR_REGEX)
			right = "a text; behind a modifier a list";
		if (i == SK_OPERATOR_PMATCH)
			right = "a list";
		sk_buffer_printf(page, "| `%s` | ", sk_operators[i].text);
		cell(page, sk_operators[i].meaning);
		sk_buffer_printf(page, " | %s |\n", right);
	}
	sk_buffer_append_text(page,
			      "\n`==` is another spelling of `=`. Between an operator that takes a text and a list "
			      "stands a modifier:\n\n| modifier | meaning |\n| --- | --- |\n");
	for (int i = SK_MODIFIER_NONE + 1; i < SK_MODIFIER_COUNT; i++)
		row(page, sk_modifier_names[i], sk_modifier_meanings[i]);
}

static void operators_by_type(struct sk_buffer *page)
{
	sk_buffer_append_text(page, "\n## Operators and types\n\n| type |");
	for (int i = 0; i < SK_OPERATOR_COUNT; i++)
		sk_buffer_printf(page, " `%s` |", sk_operators[i].text);
	sk_buffer_append_text(page, "\n| --- |");
	for (int i = 0; i < SK_OPERATOR_COUNT; i++)
		sk_buffer_append_text(page, " --- |");
	sk_buffer_append_char(page, '\n');
	for (int list = 0; list <= 1; list++) {
		for (int type = SK_TYPE_NONE + 1; type < SK_TYPE_COUNT; type++) {
			/* Of lists only those that take more than `exists`. */
			if (type == SK_TYPE_DYNAMIC ||
			    (list && !sk_operator_takes(SK_OPERATOR_IN, (enum sk_type)type, true)))
				continue;
			sk_buffer_printf(page, "| %s%s |", sk_types[type].name, list ? " list" : "");
			for (int i = 0; i < SK_OPERATOR_COUNT; i++)
				sk_buffer_printf(page, " %s |",
						 sk_operator_takes((enum sk_operator)i, (enum sk_type)type, list)
							 ? "yes"
							 : "");
			sk_buffer_append_char(page, '\n');
		}
	}
	sk_buffer_append_text(page,
			      "\nLists of other types take `exists` alone.\n\n| type | values |\n| --- | --- |\n");
	for (int type = SK_TYPE_NONE + 1; type < SK_TYPE_COUNT; type++)
		row(page, sk_types[type].name, sk_types[type].meaning);
}

static void transformers(struct sk_buffer *page)
{
	sk_buffer_append_text(page, "\n## Transformers\n\n"
				    "Written around a field, in conditions on either side and in outputs; they may "
				    "be nested. If what is "
				    "inside is missing, so is the result.\n\n"
				    "| transformer | arguments | meaning |\n| --- | --- | --- |\n");
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++) {
		const struct sk_transformer_info *info = &sk_transformers[i];

		sk_buffer_printf(page, "| `%s` | ", info->text);
		if (info->least == info->most)
			sk_buffer_printf(page, "%u", info->least);
		else
			sk_buffer_printf(page, "%u to %u", info->least, info->most);
		sk_buffer_append_text(page, " | ");
		cell(page, info->meaning);
		sk_buffer_append_text(page, " |\n");
	}
	sk_buffer_append_text(page, "| `val` | 1 | the value of a field, on the right side only |\n");
}

/* --- the rest ---------------------------------------------------------- */

static void meaning(struct sk_buffer *page)
{
	sk_buffer_append_text(
		page, "\n## How a condition is decided\n\n"
		      "* `not` binds tighter than `and`, `and` tighter than `or`. There is no third truth value.\n"
		      "* A field that has no value makes every comparison with it false, `!=` and `exists` among "
		      "them; only `not (...)` turns "
		      "that into true. An empty text, 0 and `<NA>` are values.\n"
		      "* Texts are compared byte by byte up to their first NUL, and only ASCII letters have two "
		      "cases. `regex` sees "
		      "each byte that is no UTF-8 as U+FFFD.\n"
		      "* Constants of numbers are decimal; ports may be names of services; addresses and networks "
		      "are written as "
		      "usual, and a comparison of two families is false except with `!=`.\n"
		      "* `evt.type` is compared as it is and with constants, because that says for which events a "
		      "rule is tried at all.\n"
		      "* A macro stands for its condition as a whole. The name of a list between blanks, "
		      "parentheses, commas or `=` stands "
		      "for its items.\n"
		      "* Every operator takes time linear in the text it looks at, whatever the pattern; `glob` "
		      "and `pmatch` at most "
		      "that times the length of the pattern.\n"
		      "\n## Outputs\n\n"
		      "`%` begins a field or a transformer, as long as one can be read; a number behind it pads or "
		      "cuts the value to so "
		      "many bytes in text output. A missing value is shown as `<NA>`, and as null in JSON. `%` "
		      "itself cannot be written.\n");
}

static void limits(struct sk_buffer *page)
{
	const struct {
		const char *what;
		uint64_t most;
	} rows[] = {
		{"bytes of a file", SK_YAML_SIZE_LIMIT},
		{"values and keys of a file, its aliases written out", SK_YAML_NODE_LIMIT},
		{"items of one sequence, keys of one mapping", SK_YAML_ITEM_LIMIT},
		{"sequences and mappings inside one another", SK_YAML_DEPTH_LIMIT},
		{"bytes that aliases add to a file", SK_YAML_ALIAS_LIMIT},
		{"bytes of a condition, its lists written in", SK_PARSE_TEXT_LIMIT},
		{"levels of a condition, of which a pair of parentheses takes five", SK_PARSE_DEPTH_PACK},
		{"macros inside one another", SK_PACK_HEIGHT_LIMIT},
		{"comparisons of a condition, its macros written out", SK_PROGRAM_LIMIT - 2},
		{"comparisons of all rules, their macros written out", SK_PROGRAMS_LIMIT},
		{"bytes of a constant", SK_CONSTANT_LENGTH_LIMIT},
		{"transformers inside one another", SK_EXPRESSION_DEPTH_LIMIT},
		{"constants of all conditions", SK_PREDICATE_CONSTANT_LIMIT},
		{"regular expressions of all conditions", SK_PATTERN_LIMIT},
		{"bytes of a bundle", SK_BUNDLE_SIZE_LIMIT},
	};

	sk_buffer_append_text(page, "\n## Limits\n\nWhat passes one is an error that says so.\n\n"
				    "| at most | |\n| ---: | --- |\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		sk_buffer_printf(page, "| %llu | %s |\n", (unsigned long long)rows[i].most, rows[i].what);
}

static void codes(struct sk_buffer *page)
{
	sk_buffer_append_text(
		page, "\n## What is said of a pack\n\n"
		      "Errors and warnings have the codes that Falco gives them; what `saker lint` finds beyond "
		      "these is in [lint.md](lint.md).\n\n"
		      "| code | severity | meaning |\n| --- | --- | --- |\n");
	for (int i = 0; i < SK_DIAGNOSTIC_COUNT; i++) {
		const struct sk_diagnostic_info *info = &sk_diagnostic_infos[i];

		if (strncmp(info->code, "LOAD_", 5) == 0)
			sk_buffer_printf(page, "| `%s` | %s | %s |\n", info->code,
					 info->severity == SK_SEVERITY_ERROR ? "error" : "warning", info->text);
	}
}

void sk_markdown_language(struct sk_buffer *page)
{
	items(page);
	operators(page);
	operators_by_type(page);
	transformers(page);
	meaning(page);
	limits(page);
	codes(page);
}
