/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a pack of many rules made from a few real ones: every rule's
 * condition, macros and lists written in, with other constants and a slightly
 * other shape in each copy.
 *
 *   generate COUNT SEED PACK... >generated.yaml
 *
 * The first copy of each rule is the rule itself.  In the others a string
 * constant becomes another of the same form with three chances in four, an
 * element of a list is left out with one in eight, and a text operator
 * becomes another with one in sixteen.  Constants that name a kind (an event
 * type, an fd type, a flag) stay: they are what real rules share.  The same
 * seed gives the same bytes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/pack.h"
#include "vm/bundle.h"

struct generator {
	uint64_t random;
	uint64_t copy; /* 0: leave everything as it is */
	struct sk_buffer *out;
};

/* xorshift64*: good enough to scatter, and the same everywhere. */
static uint32_t draw(struct generator *generator, uint32_t bound)
{
	generator->random ^= generator->random >> 12;
	generator->random ^= generator->random << 25;
	generator->random ^= generator->random >> 27;
	return (uint32_t)((generator->random * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static bool names_a_kind(const char *field)
{
	static const char *const kinds[] = {
		"evt.",       "syscall.", "fd.type", "fd.typechar", "fd.l4proto", "fd.sockfamily", "thread.cap_",
		"container.", "k8s.",     "user.",   "group.",      "proc.is_",   "evt.is_",
	};
	static const char *const exceptions[] = {"evt.arg.path",     "evt.arg.name",    "evt.arg.oldpath",
						 "evt.arg.newpath",  "evt.arg.target",  "evt.arg.linkpath",
						 "evt.arg.filename", "container.image", "k8s.pod.name"};

	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
		if (strncmp(field, exceptions[i], strlen(exceptions[i])) == 0)
			return false;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(field, kinds[i], strlen(kinds[i])) == 0)
			return true;
	}
	return false;
}

/* A backslash before the closing quote would take it along: such a text stands without quotes. */
static void print_quoted(struct generator *generator, const char *text, uint32_t length)
{
	if (length > 0 && text[length - 1] == '\\') {
		sk_buffer_append(generator->out, text, length);
		return;
	}
	sk_buffer_append_char(generator->out, '"');
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] == '"' || text[i] == '\\')
			sk_buffer_append_char(generator->out, '\\');
		if (isprint((unsigned char)text[i]))
			sk_buffer_append_char(generator->out, text[i]);
		else
			sk_buffer_printf(generator->out, "\\x%02x", (unsigned char)text[i]);
	}
	sk_buffer_append_char(generator->out, '"');
}

/*
 * Another text of the same form: two to five letters of its last word are
 * replaced, and copies far apart differ in length too.
 */
static void print_varied(struct generator *generator, const struct sk_operand *constant)
{
	char text[256];
	uint32_t length = constant->length, letters = 2 + draw(generator, 4), end;

	if (length > 200 || length == 0) {
		print_quoted(generator, constant->text, length);
		return;
	}
	memcpy(text, constant->text, length);
	end = length;
	while (end > 0 && !isalnum((unsigned char)text[end - 1]))
		end--;
	for (uint32_t i = end, left = letters; i > 0 && left > 0 && isalnum((unsigned char)text[i - 1]);
	     i--, left--)
		text[i - 1] = (char)('a' + draw(generator, 26));
	memmove(text + end + 2, text + end, length - end);
	text[end] = (char)('a' + draw(generator, 26));
	text[end + 1] = (char)('0' + draw(generator, 10));
	print_quoted(generator, text, length + 2);
}

static void print_constant(struct generator *generator, const struct sk_operand *constant, bool vary)
{
	if (vary && generator->copy && draw(generator, 4))
		print_varied(generator, constant);
	else
		print_quoted(generator, constant->text, constant->length);
}

static bool is_text(const char *field)
{
	size_t suffix;
	int number = sk_field_find(field, strlen(field), &suffix);

	return number >= 0 && sk_fields[number].type == SK_TYPE_STRING;
}

static const char *operator_of(struct generator *generator, const struct sk_node *check, bool vary)
{
	static const enum sk_operator texts[] = {SK_OPERATOR_CONTAINS, SK_OPERATOR_STARTSWITH,
						 SK_OPERATOR_ENDSWITH};
	bool text = check->operator== SK_OPERATOR_CONTAINS || check->operator== SK_OPERATOR_STARTSWITH || check->
		    operator== SK_OPERATOR_ENDSWITH;

	if (vary && text && generator->copy && draw(generator, 16) == 0)
		return sk_operators[texts[draw(generator, 3)]].text;
	return sk_operators[check->operator].text;
}

static void print_check(struct generator *generator, const struct sk_node *check)
{
	const struct sk_operand *right = check->right;
	bool vary = check->left->kind == SK_OPERAND_FIELD && !names_a_kind(check->left->text) &&
		    is_text(check->left->text);

	sk_operand_print(check->left, generator->out);
	sk_buffer_printf(generator->out, " %s", operator_of(generator, check, vary));
	if (check->modifier)
		sk_buffer_printf(generator->out, " %s", sk_modifier_names[check->modifier]);
	if (!right)
		return;
	sk_buffer_append_char(generator->out, ' ');
	if (right->kind == SK_OPERAND_LIST) {
		bool first = true;

		sk_buffer_append_char(generator->out, '(');
		for (uint32_t i = 0; i < right->count; i++) {
			bool last_chance = first && i + 1 == right->count;

			if (vary && generator->copy && !last_chance && draw(generator, 8) == 0)
				continue;
			sk_buffer_append_text(generator->out, first ? "" : ", ");
			print_constant(generator, right->children[i], vary);
			first = false;
		}
		sk_buffer_append_char(generator->out, ')');
	} else if (right->kind != SK_OPERAND_CONSTANT) {
		sk_operand_print(right, generator->out);
	} else if (sk_operators[check->operator].operands == SK_OPERANDS_NUMBER) {
		sk_buffer_append(generator->out, right->text, right->length);
	} else {
		print_constant(generator, right, vary);
	}
}

/* Depth is that of the parser, which is bounded. */
static void print_node(struct generator *generator, const struct sk_node *node)
{
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
		sk_buffer_append_char(generator->out, '(');
		for (uint32_t i = 0; i < node->count; i++) {
			if (i)
				sk_buffer_append_text(generator->out, node->kind == SK_NODE_AND ? " and " : " or ");
			print_node(generator, node->children[i]);
		}
		sk_buffer_append_char(generator->out, ')');
		break;
	case SK_NODE_NOT:
		sk_buffer_append_text(generator->out, "not (");
		print_node(generator, node->children[0]);
		sk_buffer_append_char(generator->out, ')');
		break;
	case SK_NODE_CHECK:
		print_check(generator, node);
		break;
	case SK_NODE_MACRO:
		print_node(generator, node->body);
		break;
	}
}

/* YAML's single quotes: only the quote itself is special. */
static void print_yaml(struct sk_buffer *out, const char *key, const char *text, size_t length)
{
	sk_buffer_printf(out, "  %s: '", key);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\'')
			sk_buffer_append_char(out, '\'');
		sk_buffer_append_char(out, text[i] == '\n' ? ' ' : text[i]);
	}
	sk_buffer_append_text(out, "'\n");
}

static void print_rule(struct generator *generator, const struct sk_pack_rule *rule)
{
	struct sk_buffer *out = generator->out, condition = {0}, name = {0};

	sk_buffer_printf(&name, "%s", rule->name);
	if (generator->copy)
		sk_buffer_printf(&name, " #%llu", (unsigned long long)generator->copy);
	generator->out = &condition;
	print_node(generator, rule->tree);
	generator->out = out;
	sk_buffer_append_text(out, "-\n");
	print_yaml(out, "rule", name.bytes, name.length);
	print_yaml(out, "desc", "generated", 9);
	print_yaml(out, "condition", condition.bytes, condition.length);
	print_yaml(out, "output", rule->output.bytes, rule->output.length);
	sk_buffer_printf(out, "  priority: %s\n", sk_priority_names[rule->priority]);
	sk_buffer_release(&condition);
	sk_buffer_release(&name);
}

static char *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "re");
	struct sk_buffer bytes = {0};
	char block[65536];
	size_t count;

	if (!file)
		return NULL;
	while ((count = fread(block, 1, sizeof(block), file)) > 0)
		sk_buffer_append(&bytes, block, count);
	fclose(file);
	*ret_size = bytes.length;
	return bytes.bytes;
}

int main(int argc, char **argv)
{
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_pack pack;
	struct sk_buffer out = {0};
	struct generator generator = {.out = &out};
	unsigned long count;

	if (argc < 4) {
		fprintf(stderr, "usage: generate COUNT SEED PACK...\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	generator.random = strtoul(argv[2], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	sk_pack_init(&pack, &arena, &diagnostics);
	for (int i = 3; i < argc; i++) {
		size_t size;
		char *bytes = read_file(argv[i], &size);
		const struct sk_source_file *file = bytes ? sk_sources_add(&sources, argv[i], bytes, size) : NULL;

		free(bytes);
		if (!file || sk_pack_load(&pack, file) < 0) {
			fprintf(stderr, "generate: cannot read %s\n", argv[i]);
			return 1;
		}
	}
	if (sk_pack_resolve(&pack) < 0 || pack.rule_count == 0) {
		fprintf(stderr, "generate: the packs have errors or no rules\n");
		return 1;
	}
	for (unsigned long i = 0; i < count; i++) {
		generator.copy = i / pack.rule_count;
		print_rule(&generator, &pack.rules[i % pack.rule_count]);
		if (out.length > (1 << 20)) {
			fwrite(out.bytes, 1, out.length, stdout);
			sk_buffer_clear(&out);
		}
	}
	fwrite(out.bytes, 1, out.length, stdout);
	sk_buffer_release(&out);
	sk_arena_release(&arena);
	return 0;
}
