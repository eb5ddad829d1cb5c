/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: what may be typed at the cursor.
 *
 *   cursor ─► context: which scalar, under which keys ─┬─ condition ─► what its lexer expects there
 *                                                      ├─ output    ─► fields behind a %
 *                                                      ├─ a key     ─► the keys that the item does not have yet
 *                                                      └─ others    ─► words of that key
 *
 * Everything that fits is offered; the client filters by what was typed.
 */
#include <errno.h>
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "cli/lsp/context.h"
#include "cli/lsp/offer.h"
#include "compiler/check.h"
#include "compiler/keys.h"
#include "grammar/parse.h"
#include "grammar/tokens.h"
#include "vm/support/alloc.h"

/* --- conditions -------------------------------------------------------- */

static struct sk_text text_of(const struct sk_lsp_context *context, struct sk_arena *arena)
{
	/* Cut at the cursor: texts end with a NUL. */
	return (struct sk_text){.bytes = sk_arena_copy(arena, context->before, context->length),
				.length = context->length};
}

/* The type of a left side, and the field that it is, -1 if it is a transformer. */
struct left {
	enum sk_type type;
	bool list;
	int field;
	const char *argument;
};

static bool read_left(struct sk_arena *arena, const char *bytes, uint32_t length, struct left *ret_left)
{
	struct sk_text text = {.bytes = sk_arena_copy(arena, bytes, length), .length = length};
	struct sk_operand *operand = text.bytes ? sk_parse_left_side(&text, arena) : NULL;
	const struct sk_ir_expression *expression;
	struct sk_check check;
	struct sk_ir ir;
	uint32_t number;
	size_t suffix;

	if (!operand)
		return false;
	sk_ir_init(&ir, arena);
	sk_check_init(&check, arena, &ir);
	number = sk_check_output(&check, &text, operand);
	if (number == SK_NONE)
		return false;
	expression = sk_ir_get_expression(&ir, number);
	*ret_left = (struct left){.type = expression->type, .list = expression->list, .field = -1};
	if (operand->kind == SK_OPERAND_FIELD) {
		ret_left->field = sk_field_find(operand->text, operand->length, &suffix);
		ret_left->argument = operand->text + (suffix < operand->length ? suffix : operand->length);
	}
	return true;
}

static void offer_operators(struct sk_lsp_offer *offer, const char *bytes, uint32_t length)
{
	struct left left;
	bool known = read_left(offer->request->arena, bytes, length, &left);

	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (!known || sk_operator_takes((enum sk_operator)i, left.type, left.list))
			sk_lsp_offer_operator(offer, (enum sk_operator)i);
	}
}

static void offer_values(struct sk_lsp_offer *offer, const char *bytes, uint32_t length)
{
	struct left left;

	if (!read_left(offer->request->arena, bytes, length, &left))
		return;
	if (left.type == SK_TYPE_BOOL) {
		sk_lsp_offer_word(offer, "true", SK_LSP_OFFER_VALUE, NULL);
		sk_lsp_offer_word(offer, "false", SK_LSP_OFFER_VALUE, NULL);
	}
	if (left.field >= 0)
		sk_lsp_offer_values(offer, (enum sk_field)left.field, left.argument);
}

static void offer_modifiers(struct sk_lsp_offer *offer, int comparison)
{
	if (comparison < 0 || sk_operators[comparison].operands != SK_OPERANDS_TEXT)
		return;
	for (int i = SK_MODIFIER_NONE + 1; i < SK_MODIFIER_COUNT; i++)
		sk_lsp_offer_word(offer, sk_modifier_names[i], SK_LSP_OFFER_KEYWORD, NULL);
}

static void offer_in_condition(struct sk_lsp_offer *offer, const struct sk_text *text,
			       const struct sk_expectation *expectation)
{
	const char *left = text->bytes + expectation->left_begin;
	uint32_t length = expectation->left_end - expectation->left_begin;

	switch (expectation->expected) {
	case SK_EXPECTED_OPERAND:
		sk_lsp_offer_fields(offer, text->bytes + expectation->word, false);
		sk_lsp_offer_symbols(offer, SK_LSP_MACRO);
		sk_lsp_offer_transformers(offer);
		sk_lsp_offer_word(offer, "not", SK_LSP_OFFER_KEYWORD, NULL);
		break;
	case SK_EXPECTED_INPUT:
		sk_lsp_offer_fields(offer, text->bytes + expectation->word, false);
		sk_lsp_offer_transformers(offer);
		break;
	case SK_EXPECTED_FIELD:
		sk_lsp_offer_fields(offer, text->bytes + expectation->word, false);
		break;
	case SK_EXPECTED_OPERATOR:
		offer_operators(offer, left, length);
		break;
	case SK_EXPECTED_VALUE:
		offer_values(offer, left, length);
		offer_modifiers(offer, expectation->comparison);
		sk_lsp_offer_word(offer, "val(", SK_LSP_OFFER_FUNCTION, "the value of another field");
		sk_lsp_offer_transformers(offer);
		break;
	case SK_EXPECTED_LIST:
		offer->parentheses = true;
		sk_lsp_offer_symbols(offer, SK_LSP_LIST);
		break;
	case SK_EXPECTED_ITEM:
		sk_lsp_offer_symbols(offer, SK_LSP_LIST);
		offer_values(offer, left, length);
		break;
	case SK_EXPECTED_CONNECTIVE:
		sk_lsp_offer_word(offer, "and", SK_LSP_OFFER_KEYWORD, NULL);
		sk_lsp_offer_word(offer, "or", SK_LSP_OFFER_KEYWORD, NULL);
		break;
	case SK_EXPECTED_ARGUMENT:
	case SK_EXPECTED_NOTHING:
		break;
	}
}

static int complete_condition(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	struct sk_text text = text_of(context, offer->request->arena);
	struct sk_expectation expectation;

	if (!text.bytes || sk_condition_expect(&text, offer->request->arena, &expectation) < 0)
		return -ENOMEM;
	sk_lsp_offer_replace(offer, text.bytes + expectation.word, text.length - expectation.word);
	offer_in_condition(offer, &text, &expectation);
	return 0;
}

/* --- other texts ------------------------------------------------------- */

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_' || byte == '.';
}

/* A field behind a %, perhaps with a width between, or inside a transformer. */
static int complete_output(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	struct sk_text text = text_of(context, offer->request->arena);
	uint32_t word = text.length;

	if (!text.bytes)
		return -ENOMEM;
	while (word > 0 && is_name_byte(text.bytes[word - 1]))
		word--;
	if (word == 0 || (text.bytes[word - 1] != '%' && text.bytes[word - 1] != '('))
		return 0;
	while (word < text.length && text.bytes[word] >= '0' && text.bytes[word] <= '9')
		word++;
	sk_lsp_offer_replace(offer, text.bytes + word, text.length - word);
	sk_lsp_offer_fields(offer, text.bytes + word, true);
	sk_lsp_offer_transformers(offer);
	return 0;
}

/* The field of an exception whose comparison is typed: the same number in `fields`. */
static void complete_comparison(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	const struct sk_yaml_node *fields = sk_yaml_get(context->map, "fields"),
				  *comps = sk_yaml_get(context->map, "comps");
	const struct sk_yaml_node *field = fields;

	if (fields && fields->kind == SK_YAML_SEQUENCE) {
		uint32_t at = comps && comps->kind == SK_YAML_SEQUENCE && comps->count ? comps->count - 1 : 0;

		field = at < fields->count ? fields->items[at] : NULL;
	}
	if (field && field->kind == SK_YAML_SCALAR)
		offer_operators(offer, field->text.bytes, field->text.length);
	else
		offer_operators(offer, "", 0);
}

static bool is_path(const struct sk_lsp_context *context, const char *first, const char *last)
{
	return context->depth > 0 && strcmp(context->path[0], first) == 0 &&
	       (!last || (context->depth > 2 && strcmp(context->path[2], last) == 0));
}

/* Keys whose values are some of few words. */
static bool complete_words(struct sk_lsp_offer *offer, const char *key)
{
	static const char *const switches[] = {"enabled", "append", "capture", "warn_evttypes",
					       "skip-if-unknown-filter"};

	if (strcmp(key, "priority") == 0) {
		for (const char *const *word = sk_priority_words; *word; word++)
			sk_lsp_offer_word(offer, *word, SK_LSP_OFFER_VALUE, NULL);
		return true;
	}
	if (strcmp(key, "source") == 0) {
		sk_lsp_offer_word(offer, "syscall", SK_LSP_OFFER_VALUE, NULL);
		return true;
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(key, switches[i]) == 0) {
			sk_lsp_offer_word(offer, "true", SK_LSP_OFFER_VALUE, NULL);
			sk_lsp_offer_word(offer, "false", SK_LSP_OFFER_VALUE, NULL);
			return true;
		}
	}
	return false;
}

/* --- keys -------------------------------------------------------------- */

static bool has_kind(const struct sk_yaml_node *item, enum sk_lsp_kind kind)
{
	return sk_yaml_get(item, sk_lsp_kind_names[kind]) != NULL;
}

/* True if a key of this owner may stand in the mapping that the cursor is in. */
static bool takes_key(const struct sk_lsp_context *context, const struct sk_key_info *key)
{
	const struct sk_yaml_node *item = context->item;
	bool rule = has_kind(item, SK_LSP_RULE), macro = has_kind(item, SK_LSP_MACRO),
	     list = has_kind(item, SK_LSP_LIST);

	if (is_path(context, "exceptions", NULL))
		return key->owner == SK_KEY_OF_EXCEPTION;
	if (is_path(context, "required_plugin_versions", NULL))
		return key->owner == SK_KEY_OF_PLUGIN;
	if (is_path(context, "override", NULL))
		return rule ? key->owner == SK_KEY_OF_RULE_BODY
			    : strcmp(key->name, macro ? "condition" : "items") == 0 &&
				       key->owner == (macro ? SK_KEY_OF_MACRO : SK_KEY_OF_LIST);
	if (context->depth)
		return false;
	if (rule)
		return key->owner == SK_KEY_OF_RULE_BODY || key->owner == SK_KEY_OF_RULE_HEAD;
	if (macro)
		return key->owner == SK_KEY_OF_MACRO;
	if (list)
		return key->owner == SK_KEY_OF_LIST;
	return key->owner == SK_KEY_OF_FILE || strcmp(key->name, "rule") == 0 || strcmp(key->name, "macro") == 0 ||
	       strcmp(key->name, "list") == 0;
}

static void complete_key(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	sk_lsp_offer_replace(offer, context->before, context->length);
	for (const struct sk_key_info *key = sk_keys; key->name; key++) {
		bool has = context->standing == SK_LSP_IN_KEY && sk_yaml_get(context->map, key->name);

		if (takes_key(context, key) && !has)
			sk_lsp_offer_key(offer, key);
	}
}

/* --- values ------------------------------------------------------------ */

static int complete_exception(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	if (is_path(context, "exceptions", "fields")) {
		sk_lsp_offer_fields(offer, context->before, false);
	} else if (is_path(context, "exceptions", "comps")) {
		complete_comparison(offer, context);
	} else if (is_path(context, "exceptions", "values")) {
		sk_lsp_offer_symbols(offer, SK_LSP_LIST);
	}
	return 0;
}

/* The first key of a mapping looks like a text as long as its ':' is not there. */
static bool becomes_key(const struct sk_lsp_context *context)
{
	return (is_path(context, "override", NULL) && context->depth == 1) ||
	       (is_path(context, "exceptions", NULL) && context->depth <= 2) ||
	       (is_path(context, "required_plugin_versions", NULL) && context->depth <= 2);
}

static int complete_value(struct sk_lsp_offer *offer, const struct sk_lsp_context *context)
{
	const char *key = context->path[0];

	if (!context->depth)
		return 0;
	if (strcmp(key, "condition") == 0)
		return complete_condition(offer, context);
	if (strcmp(key, "output") == 0)
		return complete_output(offer, context);
	if (becomes_key(context)) {
		complete_key(offer, context);
		return 0;
	}
	sk_lsp_offer_replace(offer, context->before, context->length);
	if (strcmp(key, "exceptions") == 0)
		return complete_exception(offer, context);
	if (strcmp(key, "override") == 0) {
		sk_lsp_offer_word(offer, "append", SK_LSP_OFFER_VALUE, NULL);
		sk_lsp_offer_word(offer, "replace", SK_LSP_OFFER_VALUE, NULL);
	} else if (strcmp(key, "tags") == 0) {
		sk_lsp_offer_tags(offer);
	} else if (strcmp(key, "items") == 0) {
		sk_lsp_offer_symbols(offer, SK_LSP_LIST);
	} else if (context->depth == 1 && !complete_words(offer, key)) {
		for (enum sk_lsp_kind kind = SK_LSP_RULE; kind <= SK_LSP_LIST; kind++) {
			if (strcmp(key, sk_lsp_kind_names[kind]) == 0)
				sk_lsp_offer_symbols(offer, kind);
		}
	}
	return 0;
}

/* --- the whole --------------------------------------------------------- */

json_t *sk_lsp_completion(struct sk_lsp_request *request)
{
	struct sk_lsp_offer offer = {.request = request, .begin = request->offset};
	struct sk_lsp_context context;
	int result = sk_lsp_context_find(&request->file->text, request->offset, request->arena, &context);

	offer.items = json_array();
	if (result == 0) {
		switch (context.standing) {
		case SK_LSP_IN_VALUE:
			result = complete_value(&offer, &context);
			break;
		case SK_LSP_IN_KEY:
			complete_key(&offer, &context);
			break;
		case SK_LSP_NEW_ITEM:
			sk_lsp_offer_replace(&offer, context.before, context.length);
			sk_lsp_offer_items(&offer, context.dash);
			break;
		case SK_LSP_NOWHERE:
			break;
		}
	}
	json_decref(offer.range);
	json_decref(offer.known);
	if (result < 0 || !offer.items) {
		json_decref(offer.items);
		return NULL;
	}
	return json_pack("{s:b, s:o}", "isIncomplete", 0, "items", offer.items);
}
