/* SPDX-License-Identifier: Apache-2.0 */
/* Hover: what the word under the cursor means. */
#include <errno.h>
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "cli/lsp/describe.h"
#include "grammar/tokens.h"

/* What is under the cursor: bytes begin..end of a scalar's text. */
struct target {
	struct sk_lsp_request *request;
	const struct sk_lsp_scalar *scalar;
	uint32_t offset, begin, end;
	struct sk_lsp_page page;
};

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_' || byte == '.';
}

/* The field whose name the bytes are; NULL if there is none. */
static const struct sk_field_info *field_of(const char *bytes, uint32_t length)
{
	size_t suffix;
	int found = sk_field_find(bytes, length, &suffix);

	return found < 0 ? NULL : &sk_fields[found];
}

/* A name of letters, digits and dots around the cursor: a field or a transformer. */
static bool describe_name(struct target *target)
{
	const struct sk_text *text = &target->scalar->node->text;
	const struct sk_field_info *field;
	uint32_t begin = target->offset, end = target->offset;

	while (begin > 0 && is_name_byte(text->bytes[begin - 1]))
		begin--;
	while (end < text->length && is_name_byte(text->bytes[end]))
		end++;
	while (end > begin && text->bytes[end - 1] == '.')
		end--;
	target->begin = begin;
	target->end = end;
	field = field_of(text->bytes + begin, end - begin);
	if (field) {
		sk_lsp_describe_field(&target->page, field);
		return true;
	}
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++) {
		if (strlen(sk_transformers[i].text) == end - begin &&
		    memcmp(sk_transformers[i].text, text->bytes + begin, end - begin) == 0) {
			sk_lsp_describe_transformer(&target->page, (enum sk_transformer)i);
			return true;
		}
	}
	return false;
}

static int describe_lexeme(void *context, const struct sk_lexeme_place *lexeme)
{
	struct target *target = context;
	const struct sk_text *text = &target->scalar->node->text;
	const char *bytes = text->bytes + lexeme->begin;
	uint32_t length = lexeme->end - lexeme->begin;
	const struct sk_field_info *field;

	if (target->offset < lexeme->begin || target->offset >= lexeme->end)
		return 0;
	target->begin = lexeme->begin;
	target->end = lexeme->end;
	switch (lexeme->kind) {
	case SK_LEXEME_FIELD:
		field = field_of(bytes, length);
		if (field)
			sk_lsp_describe_field(&target->page, field);
		break;
	case SK_LEXEME_TRANSFORMER:
		sk_lsp_describe_transformer(&target->page, (enum sk_transformer)lexeme->number);
		break;
	case SK_LEXEME_OPERATOR:
		sk_lsp_describe_operator(&target->page, (enum sk_operator)lexeme->number);
		break;
	case SK_LEXEME_MODIFIER:
		sk_lsp_describe_modifier(&target->page, (enum sk_modifier)lexeme->number);
		break;
	case SK_LEXEME_CONSTANT:
	case SK_LEXEME_WORD:
		sk_lsp_describe_event(&target->page, bytes, length);
		break;
	case SK_LEXEME_VALUE:
		sk_buffer_append_text(&target->page.text, "val(FIELD): the value of another field");
		break;
	case SK_LEXEME_NAME:
	case SK_LEXEME_ARGUMENT:
	case SK_LEXEME_CONNECTIVE:
		break;
	}
	return 1;
}

static void describe_comparison(struct target *target)
{
	const struct sk_text *text = &target->scalar->node->text;

	target->end = text->length;
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (strlen(sk_operators[i].text) == text->length && strcmp(sk_operators[i].text, text->bytes) == 0)
			sk_lsp_describe_operator(&target->page, (enum sk_operator)i);
	}
}

static bool owns(enum sk_key_owner owner, const struct sk_lsp_scalar *scalar)
{
	bool inner = scalar->key[0] && strcmp(scalar->key, scalar->node->text.bytes) != 0;

	switch (owner) {
	case SK_KEY_OF_RULE_BODY:
		return scalar->item->kind == SK_LSP_RULE && strcmp(scalar->key, "exceptions") != 0;
	case SK_KEY_OF_RULE_HEAD:
		return scalar->item->kind == SK_LSP_RULE && !inner;
	case SK_KEY_OF_MACRO:
		return scalar->item->kind == SK_LSP_MACRO;
	case SK_KEY_OF_LIST:
		return scalar->item->kind == SK_LSP_LIST;
	case SK_KEY_OF_EXCEPTION:
		return scalar->item->kind == SK_LSP_RULE && inner && strcmp(scalar->key, "exceptions") == 0;
	case SK_KEY_OF_FILE:
	case SK_KEY_OF_PLUGIN:
		return false;
	}
	return false;
}

static void describe_key(struct target *target)
{
	const struct sk_lsp_scalar *scalar = target->scalar;

	target->end = scalar->node->text.length;
	for (const struct sk_key_info *key = sk_keys; key->name; key++) {
		bool outer = strcmp(scalar->key, scalar->node->text.bytes) == 0;

		if (strcmp(key->name, scalar->node->text.bytes) != 0)
			continue;
		if (owns(key->owner, scalar) ||
		    (outer && key->owner == SK_KEY_OF_RULE_BODY && scalar->item->kind == SK_LSP_RULE)) {
			sk_lsp_describe_key(&target->page, key);
			return;
		}
	}
}

/* Writes the page; -ENOMEM or 0. */
static int describe(struct target *target)
{
	struct sk_lsp_request *request = target->request;
	struct sk_lsp_symbol symbol;
	int result = 0;

	if (sk_lsp_symbol_at(&request->project, target->scalar, target->offset, request->arena, &symbol,
			     &target->begin, &target->end) &&
	    sk_lsp_describe_symbol(&target->page, &request->project, symbol))
		return 0;
	target->begin = target->end = 0;
	switch (target->scalar->role) {
	case SK_LSP_ROLE_CONDITION:
		result = sk_condition_walk(&target->scalar->node->text, request->arena, describe_lexeme, target);
		break;
	case SK_LSP_ROLE_OUTPUT:
	case SK_LSP_ROLE_EXCEPTION_FIELD:
		describe_name(target);
		break;
	case SK_LSP_ROLE_EXCEPTION_COMPARISON:
		describe_comparison(target);
		break;
	case SK_LSP_ROLE_KEY:
		describe_key(target);
		break;
	case SK_LSP_ROLE_NAME:
	case SK_LSP_ROLE_LIST_ITEM:
	case SK_LSP_ROLE_EXCEPTION_VALUE:
	case SK_LSP_ROLE_TAG:
	case SK_LSP_ROLE_OTHER:
		break;
	}
	return result == -ENOMEM ? result : 0;
}

json_t *sk_lsp_hover(struct sk_lsp_request *request)
{
	const struct sk_lsp_index *index = sk_lsp_file_index(request->file);
	struct sk_lsp_scalar scalar;
	struct target target = {.request = request, .scalar = &scalar};
	json_t *result = NULL;
	size_t begin, end;
	int status;

	if (!index)
		return NULL;
	if (!sk_lsp_index_find(index, request->offset, &scalar, &target.offset))
		return json_null();
	target.page.markdown = request->server->markdown;
	status = describe(&target);
	if (status == 0 && !target.page.text.length && !target.page.text.failed) {
		result = json_null();
	} else if (status == 0) {
		begin = sk_lsp_scalar_byte(&scalar, target.begin);
		end = target.end > target.begin ? sk_lsp_scalar_byte(&scalar, target.end - 1) + 1 : begin;
		result = json_pack("{s:o, s:o}", "contents", sk_lsp_markup(request->server, &target.page.text),
				   "range", sk_lsp_range(request, request->file, begin, end));
	}
	sk_buffer_release(&target.page.text);
	return result;
}
