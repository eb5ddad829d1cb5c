/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions made at random: every operator on every type that takes it, with
 * constants that the values of random_host.h often meet.
 *
 *   palette of fields ─► predicates ─► conditions
 *
 * A pack draws from few fields and few predicates, so that its rules share
 * them, as the rules of real packs do.
 */
#ifndef SK_TESTS_VM_RANDOM_PACK_H
#define SK_TESTS_VM_RANDOM_PACK_H

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/vm/random.h"
#include "vm/schema/schema.h"

enum { CONDITION_SIZE = 16384, PREDICATE_SIZE = 512, PALETTE_LIMIT = 12, PREDICATE_LIMIT = 64 };

/* What values and constants are made from; none holds a NUL. */
static const char *const texts[] = {"",     "a",           "ab",          "abc",       "b",         "/",
				    "/etc", "/etc/passwd", "/etc/shadow", "/tmp/x",    "/tmp/x.sh", "/tmp/xy",
				    "bash", "BASH",        "sh",          "10",        "9",         "YWI=",
				    "-a",   "-bfoo",       "-b",          "\xc3\xa4z", "a b,c",     "SUCCESS"};
static const char *const globs[] = {"*", "a*", "/etc/*", "?b", "[ab]*", "*sh", "/tmp/x*", "\\*"};
static const char *const regexes[] = {"a.*", "^/etc/.*$", "(ba)?sh", "[a-z]+", ".*", "[0-9]*", "/tmp/x(y|[.]sh)"};
static const char *const paths[] = {"/etc", "/", "/tmp/*", "etc/passwd", "/t?p", "/etc/shadow/x", "/tmp/x"};
static const char *const addresses[] = {"1.2.3.4", "10.0.0.1", "10.200.0.2", "127.0.0.1",
					"::1",     "fe80::1",  "0.0.0.0",    "::"};
static const char *const networks[] = {"10.0.0.0/8", "1.2.3.4/32", "0.0.0.0/0",    "fe80::/10",
				       "::1/128",    "::/1",       "10.200.0.0/16"};
static const char *const numbers[] = {"0", "1", "2", "10", "80", "443", "1000", "-1", "4294967295"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct palette_field {
	char text[64];
	enum sk_type type;
	bool list;
	enum sk_quantifier quantifier;
	unsigned flags;
};

struct predicates {
	struct random *random;
	struct palette_field fields[PALETTE_LIMIT];
	uint32_t field_count;
	char texts[PREDICATE_LIMIT][PREDICATE_SIZE];
	uint32_t count;
};

/* A short text of few letters: one often begins, ends or holds another. */
static const char *short_text(struct random *random, char to[8])
{
	uint32_t length = random_below(random, 7);

	for (uint32_t i = 0; i < length; i++)
		to[i] = "aab/B"[random_below(random, 5)];
	to[length] = '\0';
	return to;
}

/* --- fields ------------------------------------------------------------ */

static bool pick_argument(struct random *random, const struct sk_field_info *info, char *to, size_t size)
{
	static const char *const suffixes[] = {"flags", "path", "name", "res", "fd", "nosuch"};
	static const char *const keys[] = {"A", "HOME", "/x*"};
	bool index = one_in(random, 2), given = one_in(random, 2);

	switch ((enum sk_field_argument)info->argument) {
	case SK_ARGUMENT_OPTIONAL_INDEX:
		if (!given)
			break;
		__attribute__((fallthrough));
	case SK_ARGUMENT_INDEX:
		snprintf(to, size, "%s[%u]", info->name, random_below(random, 3));
		return true;
	case SK_ARGUMENT_OPTIONAL_KEY:
		if (!given)
			break;
		__attribute__((fallthrough));
	case SK_ARGUMENT_KEY:
		snprintf(to, size, "%s[%s]", info->name, keys[random_below(random, COUNT(keys))]);
		return true;
	case SK_ARGUMENT_OPTIONAL_EITHER:
		if (!given)
			break;
		__attribute__((fallthrough));
	case SK_ARGUMENT_EITHER:
		if (index)
			snprintf(to, size, "%s[%u]", info->name, random_below(random, 3));
		else
			snprintf(to, size, "%s[%s]", info->name, keys[random_below(random, COUNT(keys))]);
		return true;
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		if (!given)
			break;
		snprintf(to, size, "%s.%s", info->name, index ? "src" : "dst");
		return true;
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
		if (index) {
			snprintf(to, size, "%s[%u]", info->name, random_below(random, 4));
			return true;
		}
		__attribute__((fallthrough));
	case SK_ARGUMENT_SUFFIX:
		/* The last one names no parameter, which only a text can do without. */
		snprintf(to, size, "%s.%s", info->name,
			 suffixes[random_below(random, COUNT(suffixes) - (info->type == SK_TYPE_DYNAMIC))]);
		return true;
	case SK_ARGUMENT_NONE:
		break;
	}
	snprintf(to, size, "%s", info->name);
	return false;
}

/* Fields that engines treat in a way of their own come often. */
static enum sk_field pick_field(struct random *random)
{
	static const enum sk_field often[] = {
		SK_FIELD_FD_NAME,   SK_FIELD_FD_DIRECTORY, SK_FIELD_FD_TYPECHAR,  SK_FIELD_FD_FILENAME,
		SK_FIELD_EVT_ARG,   SK_FIELD_EVT_ARG,      SK_FIELD_PROC_NAME,    SK_FIELD_PROC_ANAME,
		SK_FIELD_PROC_APID, SK_FIELD_FD_IP,        SK_FIELD_FD_PORT,      SK_FIELD_FD_NET,
		SK_FIELD_PROC_PID,  SK_FIELD_EVT_BUFFER,   SK_FIELD_SAKER_ORIGIN, SK_FIELD_SAKER_PATH_ALIASED,
	};

	if (one_in(random, 2))
		return often[random_below(random, COUNT(often))];
	for (;;) {
		enum sk_field field = (enum sk_field)random_below(random, SK_FIELD_COUNT);
		const struct sk_field_info *info = &sk_fields[field];

		/* evt.around takes one operator and one kind of argument only. */
		if (field == SK_FIELD_EVT_TYPE || field == SK_FIELD_EVT_AROUND ||
		    (info->flags & SK_FIELD_FLAG_PRINT_ONLY))
			continue;
		/* One of those makes all rules of its types linear: tests/unit/sensor/test_readings.c. */
		if (info->flags & SK_FIELD_FLAG_READING)
			continue;
		if (info->availability == SK_AVAILABILITY_READY ||
		    (info->availability == SK_AVAILABILITY_NEVER && one_in(random, 8)))
			return field;
	}
}

static void add_field(struct predicates *predicates)
{
	struct palette_field *field = &predicates->fields[predicates->field_count++];
	const struct sk_field_info *info = &sk_fields[pick_field(predicates->random)];
	bool argument = pick_argument(predicates->random, info, field->text, sizeof(field->text));

	field->type = (enum sk_type)info->type;
	if (info->type == SK_TYPE_DYNAMIC)
		field->type = (enum sk_type)sk_param_condition_type(field->text + strlen(info->name) + 1,
								    strlen(field->text) - strlen(info->name) - 1);
	field->list = info->list;
	field->flags = info->flags;
	field->quantifier = argument ? SK_QUANTIFIER_ONE : (enum sk_quantifier)info->quantifier;
}

/* --- constants --------------------------------------------------------- */

static void append(char *to, size_t size, const char *text)
{
	size_t at = strlen(to), length = strlen(text);

	if (length > size - at - 1)
		length = size - at - 1;
	memcpy(to + at, text, length);
	to[at + length] = '\0';
}

static void append_quoted(char *to, size_t size, const char *text)
{
	append(to, size, "\"");
	for (; *text; text++) {
		char one[8] = {*text};

		if (*text == '"' || *text == '\\')
			snprintf(one, sizeof(one), "\\%c", *text);
		else if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			snprintf(one, sizeof(one), "\\x%02x", (unsigned char)*text);
		append(to, size, one);
	}
	append(to, size, "\"");
}

static void append_constant(struct random *random, char *to, size_t size, enum sk_type type,
			    enum sk_operator operator)
{
#define PICK(pool) append_quoted(to, size, (pool)[random_below(random, COUNT(pool))])
	char room[8];

	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		if (operator== SK_OPERATOR_GLOB || operator== SK_OPERATOR_IGLOB)
			PICK(globs);
		else if (operator== SK_OPERATOR_REGEX)
			PICK(regexes);
		else if (operator== SK_OPERATOR_PMATCH && one_in(random, 2))
			PICK(paths);
		else if (operator== SK_OPERATOR_BCONTAINS || operator== SK_OPERATOR_BSTARTSWITH)
			append(to, size, one_in(random, 2) ? "6162" : "2f");
		else if (one_in(random, 2))
			append_quoted(to, size, short_text(random, room));
		else
			PICK(texts);
		break;
	case SK_CLASS_BOOL:
		append(to, size, one_in(random, 2) ? "true" : "false");
		break;
	case SK_CLASS_ADDRESS:
		if (type == SK_TYPE_IPNET)
			PICK(networks);
		else
			PICK(addresses);
		break;
	case SK_CLASS_NUMBER:
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		/* A port is read without a sign, and only as far as 31 bits. */
		append(to, size, numbers[random_below(random, COUNT(numbers) - (type == SK_TYPE_PORT ? 2 : 0))]);
		break;
	}
#undef PICK
}

static void append_list(struct random *random, char *to, size_t size, enum sk_type type, enum sk_operator operator)
{
	uint32_t count = one_in(random, 16) ? 0 : 1 + random_below(random, one_in(random, 10) ? 20 : 4);

	append(to, size, "(");
	for (uint32_t i = 0; i < count; i++) {
		append(to, size, i ? ", " : "");
		append_constant(random, to, size, type, operator);
	}
	append(to, size, ")");
}

/* --- predicates -------------------------------------------------------- */

static bool takes_transformers(const struct palette_field *field)
{
	return !(field->flags & SK_FIELD_FLAG_NO_TRANSFORMER) && field->quantifier == SK_QUANTIFIER_ONE;
}

static const struct palette_field *pick_text(struct predicates *predicates)
{
	uint32_t start = random_below(predicates->random, predicates->field_count);

	for (uint32_t i = 0; i < predicates->field_count; i++) {
		const struct palette_field *field = &predicates->fields[(start + i) % predicates->field_count];

		if (takes_transformers(field) && field->type == SK_TYPE_STRING && !field->list)
			return field;
	}
	return NULL;
}

/* A transformer of texts, and what it gives; false: no field for it. */
static bool append_transformer(struct predicates *predicates, char *to, size_t size,
			       struct palette_field *ret_result)
{
	const struct palette_field *one = pick_text(predicates), *other = pick_text(predicates);
	static const char *const plain[] = {"tolower", "toupper", "basename", "b64"};
	char text[PREDICATE_SIZE];

	if (!one)
		return false;
	*ret_result = (struct palette_field){.type = SK_TYPE_STRING};
	switch (random_below(predicates->random, 7)) {
	case 0:
		snprintf(text, sizeof(text), "len(%s)", one->text);
		ret_result->type = SK_TYPE_UINT64;
		break;
	case 1:
		snprintf(text, sizeof(text), "concat(%s, \"b\", %s)", one->text, other->text);
		break;
	case 2:
		snprintf(text, sizeof(text), "join(\"/\", (%s, \"etc\", %s))", one->text, other->text);
		break;
	case 3:
		snprintf(text, sizeof(text), "getopt((%s, \"-b\", %s), \"ab:\")[b]", one->text, other->text);
		break;
	case 4:
		snprintf(text, sizeof(text), "getopt((%s, \"-b\", %s), \"ab:\")", one->text, other->text);
		ret_result->list = true;
		break;
	default:
		snprintf(text, sizeof(text), "%s(%s)", plain[random_below(predicates->random, COUNT(plain))],
			 one->text);
	}
	append(to, size, text);
	return true;
}

static bool applies(enum sk_operator operator, const struct palette_field * left)
{
	if (operator== SK_OPERATOR_EXISTS)
		return true;
	if (left->list)
		return sk_operators[operator].classes & SK_CLASS_LIST;
	return sk_operators[operator].classes & sk_types[left->type].class;
}

/* What can stand in val() beside `left`; NULL: nothing. */
static const struct palette_field *pick_right(struct predicates *predicates, const struct palette_field *left,
					      enum sk_operator operator)
{
	const unsigned refuses = SK_FIELD_FLAG_NO_RHS;

	if ((left->flags & refuses) || left->quantifier != SK_QUANTIFIER_ONE ||
	    left->type == SK_TYPE_IPNET ||
	    operator== SK_OPERATOR_EXISTS || operator== SK_OPERATOR_REGEX || operator== SK_OPERATOR_PMATCH)
		return NULL;
	for (uint32_t i = 0; i < predicates->field_count; i++) {
		const struct palette_field *field = &predicates->fields[i];

		if (!(field->flags & refuses) && field->quantifier == SK_QUANTIFIER_ONE &&
		    field->type == left->type && field->list == left->list)
			return field;
	}
	return NULL;
}

static void make_right(struct predicates *predicates, const struct palette_field *left, enum sk_operator operator,
		       char * to, size_t size)
{
	static const char *const modifiers[] = {"oneof ", "anyof ", "allof "};
	struct random *random = predicates->random;
	const struct palette_field *right = one_in(random, 8) ? pick_right(predicates, left, operator) : NULL;

	if (right) {
		append(to, size, "val(");
		append(to, size, right->text);
		append(to, size, ")");
		return;
	}
	switch (sk_operators[operator].operands) {
	case SK_OPERANDS_NONE:
		break;
	case SK_OPERANDS_NUMBER:
		append(to, size,
		       numbers[random_below(random, COUNT(numbers) - (left->type == SK_TYPE_PORT ? 2 : 0))]);
		break;
	case SK_OPERANDS_TEXT:
		if (one_in(random, 4)) {
			append(to, size, modifiers[random_below(random, COUNT(modifiers))]);
			append_list(random, to, size, left->type, operator);
		} else {
			append_constant(random, to, size, left->type, operator);
		}
		break;
	case SK_OPERANDS_LIST:
		append_list(random, to, size, left->type, operator);
		break;
	}
}

static void add_predicate(struct predicates *predicates)
{
	struct random *random = predicates->random;
	char *to = predicates->texts[predicates->count];
	struct palette_field left;
	enum sk_operator operator;

	*to = '\0';
	if (!one_in(random, 6) || !append_transformer(predicates, to, PREDICATE_SIZE, &left)) {
		left = predicates->fields[random_below(random, predicates->field_count)];
		append(to, PREDICATE_SIZE, left.text);
	}
	do
		operator=(enum sk_operator) random_below(random, SK_OPERATOR_COUNT);
	while (!applies(operator, & left) || (operator== SK_OPERATOR_EXISTS && !one_in(random, 3)));
	append(to, PREDICATE_SIZE, " ");
	append(to, PREDICATE_SIZE, sk_operators[operator].text);
	append(to, PREDICATE_SIZE, " ");
	make_right(predicates, &left, operator, to, PREDICATE_SIZE);
	predicates->count++;
}

static void make_predicates(struct predicates *predicates, struct random *random)
{
	uint32_t fields = 2 + random_below(random, PALETTE_LIMIT - 1);
	uint32_t count = 2 + random_below(random, PREDICATE_LIMIT - 1);

	*predicates = (struct predicates){.random = random};
	while (predicates->field_count < fields)
		add_field(predicates);
	while (predicates->count < count)
		add_predicate(predicates);
}

/* --- conditions -------------------------------------------------------- */

static void append_condition(struct predicates *predicates, char *to, size_t size, uint32_t depth)
{
	struct random *random = predicates->random;
	uint32_t count;
	bool all;

	if (depth == 0 || one_in(random, 4)) {
		append(to, size, predicates->texts[random_below(random, predicates->count)]);
		return;
	}
	if (one_in(random, 5)) {
		append(to, size, "not (");
		append_condition(predicates, to, size, depth - 1);
		append(to, size, ")");
		return;
	}
	count = 2 + random_below(random, 2);
	all = one_in(random, 2);
	append(to, size, "(");
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			append(to, size, all ? " and " : " or ");
		append_condition(predicates, to, size, depth - 1);
	}
	append(to, size, ")");
}

static void make_condition(struct predicates *predicates, char to[CONDITION_SIZE])
{
	static const char *const types[] = {
		"evt.type = open and ",
		"evt.type in (open, openat) and ",
		"evt.type = execve and ",
		"evt.type in (connect, close, execve) and ",
		"evt.type = getegid and ",
		"evt.type != open and ",
		"not evt.type in (open, procexit) and ",
		"(evt.type = clone or evt.type = close) and ",
	};
	struct random *random = predicates->random;

	*to = '\0';
	if (!one_in(random, 8))
		append(to, CONDITION_SIZE, types[random_below(random, COUNT(types))]);
	append_condition(predicates, to, CONDITION_SIZE, random_below(random, 4));
	/* Once more, where it decides nothing about which types are tried. */
	if (one_in(random, 8)) {
		append(to, CONDITION_SIZE, " or (evt.type = open and ");
		append_condition(predicates, to, CONDITION_SIZE, 1);
		append(to, CONDITION_SIZE, ")");
	}
	assert(strlen(to) + 1 < CONDITION_SIZE);
}

#endif
