/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine does, for every way of dispatching: test_vm.c runs these
 * cases with computed goto, test_vm_switch.c with a switch.
 *
 * The host is a table: the value of each record of FIELDS, and how often it
 * was asked for.
 */
#ifndef SK_TESTS_VM_CASES_H
#define SK_TESTS_VM_CASES_H

#include "tests/unit/vm/sample_bundle.h"

#include <errno.h>
#include <malloc.h>

#include "tests/test.h"
#include "vm/support/alloc.h"
#include "vm/vm.h"

struct host {
	struct sk_value values[64];
	unsigned asked[64];
	struct sk_value items[64][8];
	struct sk_address addresses[64][8];
};

static void host_extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
			 struct sk_value *ret_value)
{
	struct host *host = event;

	(void)scratch;
	host->asked[ref->number]++;
	*ret_value = host->values[ref->number];
}

/* One scalar of the type from its text. */
static struct sk_value host_scalar(enum sk_type type, const char *text, struct sk_address *address)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = (uint8_t)type, .format = SK_FORMAT_DEC};

	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		value.text = text;
		value.length = (uint32_t)strlen(text);
		break;
	case SK_CLASS_ADDRESS:
		address->length = strchr(text, ':') ? 16 : 4;
		inet_pton(address->length == 4 ? AF_INET : AF_INET6, text, address->bytes);
		value.address = address;
		break;
	case SK_CLASS_BOOL:
		value.number = strcmp(text, "true") == 0;
		break;
	default:
		value.number = strtoull(text, NULL, 10);
	}
	return value;
}

/*
 * Gives field record `number` the value; NULL: it is missing.  A list is
 * written "a,b", the empty one "".
 */
static void host_set(struct host *host, uint32_t number, enum sk_type type, bool list, const char *text)
{
	static char copies[64][64];
	struct sk_value *value = &host->values[number];
	char *rest = copies[number];

	if (!text) {
		*value = sk_value_missing();
		return;
	}
	if (!list) {
		*value = host_scalar(type, text, host->addresses[number]);
		return;
	}
	snprintf(rest, sizeof(copies[number]), "%s", text);
	*value = (struct sk_value){
		.presence = SK_PRESENT, .type = (uint8_t)type, .list = 1, .items = host->items[number]};
	for (char *item; *text && (item = strsep(&rest, ","));) {
		host->items[number][value->length] =
			host_scalar(type, item, &host->addresses[number][value->length]);
		value->length++;
	}
}

/* --- a bundle and its engine ------------------------------------------- */

struct machine {
	uint8_t *bytes;
	struct sk_bundle bundle;
	struct sk_vm *vm;
	struct host host;
};

static void machine_start(struct machine *machine, struct builder *builder, bool match_all, uint8_t priority)
{
	const struct sk_vm_options options = {.engine = SK_VM_ENGINE_LINEAR,
					      .extract = host_extract,
					      .match_all = match_all,
					      .priority = priority};
	struct sk_error error = {.message = ""};
	size_t size;

	memset(machine, 0, sizeof(*machine));
	machine->bytes = build_finish(builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(machine->bytes, size, &machine->bundle, &error), 0);
	CHECK_TEXT(error.message, "");
	if (error.message[0])
		return;
	CHECK_EQUAL(sk_vm_create(&machine->bundle, &options, &machine->vm, &error), 0);
	CHECK_TEXT(error.message, "");
}

static void machine_stop(struct machine *machine)
{
	sk_vm_destroy(machine->vm);
	sk_bundle_close(&machine->bundle);
	free(machine->bytes);
}

/* --- operators on types ------------------------------------------------ */

struct row {
	enum sk_field field;
	const char *left; /* NULL: missing */
	enum sk_operator operator;
	enum sk_modifier modifier;
	bool holds;
	const char *right[6];
};

#define TRUE_ROW(field, left, operator, modifier, ...)                                                             \
	{                                                                                                          \
		SK_FIELD_##field, left, SK_OPERATOR_##operator, SK_MODIFIER_##modifier, true,                      \
		{                                                                                                  \
			__VA_ARGS__                                                                                \
		}                                                                                                  \
	}
#define FALSE_ROW(field, left, operator, modifier, ...)                                                            \
	{                                                                                                          \
		SK_FIELD_##field, left, SK_OPERATOR_##operator, SK_MODIFIER_##modifier, false,                     \
		{                                                                                                  \
			__VA_ARGS__                                                                                \
		}                                                                                                  \
	}

/* spec/rule-language.md sections 2.5 to 2.8. */
static const struct row rows[] = {
	/* Strings. */
	TRUE_ROW(PROC_NAME, "bash", EQ, NONE, "bash"),
	FALSE_ROW(PROC_NAME, "bash", EQ, NONE, "bas"),
	FALSE_ROW(PROC_NAME, "bas", EQ, NONE, "bash"),
	TRUE_ROW(PROC_NAME, "", EQ, NONE, ""),
	FALSE_ROW(PROC_NAME, "bash", NE, NONE, "bash"),
	TRUE_ROW(PROC_NAME, "Bash", NE, NONE, "bash"),
	TRUE_ROW(PROC_NAME, "a", LT, NONE, "b"),
	TRUE_ROW(PROC_NAME, "a", LT, NONE, "aa"),
	FALSE_ROW(PROC_NAME, "a", LT, NONE, "a"),
	TRUE_ROW(PROC_NAME, "a", LE, NONE, "a"),
	TRUE_ROW(PROC_NAME, "\xff", GT, NONE, "a"),
	FALSE_ROW(PROC_NAME, "10", GE, NONE, "9"),
	TRUE_ROW(PROC_NAME, "", EXISTS, NONE, NULL),
	TRUE_ROW(PROC_NAME, "abc", CONTAINS, NONE, "b"),
	TRUE_ROW(PROC_NAME, "abc", CONTAINS, NONE, ""),
	TRUE_ROW(PROC_NAME, "", CONTAINS, NONE, ""),
	FALSE_ROW(PROC_NAME, "abc", CONTAINS, NONE, "B"),
	FALSE_ROW(PROC_NAME, "ab", CONTAINS, NONE, "abc"),
	TRUE_ROW(PROC_NAME, "aBc", ICONTAINS, NONE, "Bc"),
	TRUE_ROW(PROC_NAME, "aBc", ICONTAINS, NONE, "ABC"),
	TRUE_ROW(PROC_NAME, "aBc", ICONTAINS, NONE, ""),
	FALSE_ROW(PROC_NAME, "aBc", ICONTAINS, NONE, "abd"),
	FALSE_ROW(PROC_NAME, "\xc4", ICONTAINS, NONE, "\xe4"),
	TRUE_ROW(PROC_NAME, "abc", STARTSWITH, NONE, "ab"),
	TRUE_ROW(PROC_NAME, "abc", STARTSWITH, NONE, ""),
	FALSE_ROW(PROC_NAME, "abc", STARTSWITH, NONE, "abcd"),
	TRUE_ROW(PROC_NAME, "abc", ENDSWITH, NONE, "bc"),
	TRUE_ROW(PROC_NAME, "abc", ENDSWITH, NONE, ""),
	FALSE_ROW(PROC_NAME, "abc", ENDSWITH, NONE, "ab"),
	FALSE_ROW(PROC_NAME, "bc", ENDSWITH, NONE, "abc"),
	TRUE_ROW(FD_NAME, "/etc/x/.y", GLOB, NONE, "/etc/*"),
	TRUE_ROW(FD_NAME, "/p\xff", GLOB, NONE, "/p?"),
	FALSE_ROW(FD_NAME, "/ETC", GLOB, NONE, "/etc"),
	TRUE_ROW(FD_NAME, "/ETC", IGLOB, NONE, "/e*"),
	TRUE_ROW(FD_NAME, "", GLOB, NONE, ""),
	FALSE_ROW(FD_NAME, "x", GLOB, NONE, ""),
	TRUE_ROW(PROC_NAME, "bash", IN, NONE, "sh", "bash"),
	FALSE_ROW(PROC_NAME, "bash", IN, NONE, "sh", "zsh"),
	FALSE_ROW(PROC_NAME, "bash", IN, NONE, NULL),
	TRUE_ROW(PROC_NAME, "bash", INTERSECTS, NONE, "sh", "bash"),
	FALSE_ROW(PROC_NAME, "bash", INTERSECTS, NONE, NULL),

	/* Regular expressions: the whole text, UTF-8, lines. */
	TRUE_ROW(PROC_NAME, "syscall", REGEX, NONE, "^[s]{1}ysca[l]{2}$"),
	FALSE_ROW(PROC_NAME, "syscall", REGEX, NONE, "yscal.*"),
	FALSE_ROW(PROC_NAME, "syscall", REGEX, NONE, "sys"),
	TRUE_ROW(PROC_NAME, "abcd", REGEX, NONE, "ab|abcd"),
	TRUE_ROW(PROC_NAME,
		 "a\xff"
		 "b",
		 REGEX, NONE, "a.b"),
	FALSE_ROW(PROC_NAME,
		  "a\xff\xfe"
		  "b",
		  REGEX, NONE, "a.b"),
	TRUE_ROW(PROC_NAME, "\xc3\xa4", REGEX, NONE, "."),
	FALSE_ROW(PROC_NAME, "a\nb", REGEX, NONE, "a.b"),
	TRUE_ROW(PROC_NAME, "a\nb", REGEX, NONE, "a$\n^b"),
	TRUE_ROW(PROC_NAME, "x7", REGEX, NONE, "[[:alpha:]][[:digit:]]"),
	TRUE_ROW(PROC_NAME, "", REGEX, NONE, ".*"),
	TRUE_ROW(PROC_NAME, "myexe", REGEX, ANYOF, "my.*", ".*exe"),
	FALSE_ROW(PROC_NAME, "myexe", REGEX, ONEOF, "my.*", ".*exe"),
	TRUE_ROW(PROC_NAME, "myexe", REGEX, ALLOF, "my.*", ".*exe"),

	/* Paths, by component. */
	TRUE_ROW(FD_NAME, "/opt/dir/subdir/file", PMATCH, NONE, "/opt/dir"),
	TRUE_ROW(FD_NAME, "/opt/dir/subdir/file", PMATCH, NONE, "/x", "/opt/dir/subdir/"),
	TRUE_ROW(FD_NAME, "//opt//dir", PMATCH, NONE, "opt/dir"),
	FALSE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/opt/di"),
	FALSE_ROW(FD_NAME, "/opt", PMATCH, NONE, "/opt/dir"),
	TRUE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/opt/*"),
	FALSE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/*/x"),
	FALSE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/o*x"),
	TRUE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/opt/di?/x"),
	FALSE_ROW(FD_NAME, "/opt/dir/x", PMATCH, NONE, "/opt/di[!r]"),
	TRUE_ROW(FD_NAME, "/opt/a\\b", PMATCH, NONE, "/opt/a\\b"),
	FALSE_ROW(FD_NAME, "/opt/a\\bc", PMATCH, NONE, "/opt/a\\b*"),
	TRUE_ROW(FD_NAME, "/opt/abc", PMATCH, NONE, "/opt/a\\b*"),
	TRUE_ROW(FD_NAME, "/any", PMATCH, NONE, "/"),
	TRUE_ROW(FD_NAME, "", PMATCH, NONE, ""),
	FALSE_ROW(FD_NAME, "", PMATCH, NONE, "a"),
	FALSE_ROW(FD_NAME, "/any", PMATCH, NONE, NULL),

	/* Bytes. */
	TRUE_ROW(EVT_BUFFER, "abc", EQ, NONE, "abc"),
	TRUE_ROW(EVT_BUFFER, "abc", NE, NONE, "abd"),
	TRUE_ROW(EVT_BUFFER, "abc", CONTAINS, NONE, "bc"),
	TRUE_ROW(EVT_BUFFER, "abc", BCONTAINS, NONE, "b"),
	TRUE_ROW(EVT_BUFFER, "abc", BSTARTSWITH, NONE, "ab"),
	FALSE_ROW(EVT_BUFFER, "abc", BSTARTSWITH, NONE, "b"),
	TRUE_ROW(EVT_BUFFER, "abc", ENDSWITH, NONE, "c"),
	TRUE_ROW(EVT_BUFFER, "abc", STARTSWITH, ALLOF, "a", "ab"),
	TRUE_ROW(EVT_BUFFER, "abc", IN, NONE, "x", "abc"),

	/* Numbers, signed and not. */
	TRUE_ROW(EVT_RAWRES, "-2", EQ, NONE, "-2"),
	TRUE_ROW(EVT_RAWRES, "-2", LT, NONE, "0"),
	FALSE_ROW(EVT_RAWRES, "-2", GT, NONE, "0"),
	TRUE_ROW(EVT_RAWRES, "-2", LE, NONE, "-2"),
	TRUE_ROW(EVT_RAWRES, "-2", GE, NONE, "-3"),
	TRUE_ROW(EVT_RAWRES, "-2", NE, NONE, "2"),
	TRUE_ROW(EVT_RAWRES, "-2", IN, NONE, "1", "-2"),
	TRUE_ROW(EVT_NUM, "18446744073709551615", GT, NONE, "1"),
	FALSE_ROW(EVT_NUM, "18446744073709551615", LT, NONE, "1"),
	TRUE_ROW(USER_UID, "1000", EQ, ONEOF, "0", "1000"),
	FALSE_ROW(USER_UID, "1000", EQ, ONEOF, "1000", "1000"),
	TRUE_ROW(PROC_DURATION, "5000000000", GE, NONE, "5000000000"),
	TRUE_ROW(FD_SPORT, "443", EQ, ANYOF, "80", "443"),

	/* Truth values. */
	TRUE_ROW(EVT_IS_OPEN_READ, "true", EQ, NONE, "true"),
	TRUE_ROW(EVT_IS_OPEN_READ, "false", NE, NONE, "true"),
	TRUE_ROW(EVT_IS_OPEN_READ, "false", IN, NONE, "true", "false"),
	TRUE_ROW(EVT_IS_OPEN_READ, "false", EXISTS, NONE, NULL),

	/* Addresses: another family is only different. */
	TRUE_ROW(FD_SIP, "10.1.2.3", EQ, NONE, "10.1.2.3"),
	FALSE_ROW(FD_SIP, "10.1.2.3", NE, NONE, "10.1.2.3"),
	TRUE_ROW(FD_SIP, "::ffff:10.1.2.3", NE, NONE, "10.1.2.3"),
	FALSE_ROW(FD_SIP, "::ffff:10.1.2.3", EQ, NONE, "10.1.2.3"),
	TRUE_ROW(FD_SIP, "fe80::1", EQ, NONE, "fe80::1"),
	TRUE_ROW(FD_SIP, "10.1.2.3", IN, NONE, "fe80::1", "10.1.2.3"),
	FALSE_ROW(FD_SIP, "10.1.2.3", NE, ALLOF, "fe80::1", "10.1.2.3"),
	TRUE_ROW(FD_SIP, "10.1.2.3", NE, ANYOF, "fe80::1", "10.1.2.3"),

	/* Networks. */
	TRUE_ROW(FD_SNET, "10.1.2.3", EQ, NONE, "10.0.0.0/8"),
	TRUE_ROW(FD_SNET, "10.1.2.3", EQ, NONE, "10.1.2.3/32"),
	TRUE_ROW(FD_SNET, "10.1.2.3", EQ, NONE, "10.1.2.0/23"),
	FALSE_ROW(FD_SNET, "10.1.4.3", EQ, NONE, "10.1.2.0/23"),
	TRUE_ROW(FD_SNET, "200.1.2.3", EQ, NONE, "0.0.0.0/0"),
	FALSE_ROW(FD_SNET, "fe80::1", EQ, NONE, "0.0.0.0/0"),
	TRUE_ROW(FD_SNET, "fe80::1", NE, NONE, "0.0.0.0/0"),
	TRUE_ROW(FD_SNET, "febf::1", IN, NONE, "10.0.0.0/8", "fe80::/10"),
	FALSE_ROW(FD_SNET, "fec0::1", IN, NONE, "10.0.0.0/8", "fe80::/10"),
	TRUE_ROW(FD_SNET, "11.0.0.1", NE, NONE, "10.0.0.0/8"),

	/* Both ends: either one, but != wants both. */
	TRUE_ROW(FD_IP, "10.0.0.1,10.0.0.2", EQ, NONE, "10.0.0.2"),
	FALSE_ROW(FD_IP, "10.0.0.1,10.0.0.2", EQ, NONE, "10.0.0.3"),
	FALSE_ROW(FD_IP, "10.0.0.1,10.0.0.2", NE, NONE, "10.0.0.2"),
	TRUE_ROW(FD_IP, "10.0.0.1,10.0.0.2", NE, NONE, "10.0.0.3"),
	TRUE_ROW(FD_IP, "10.0.0.1,10.0.0.2", IN, NONE, "10.0.0.2", "10.0.0.9"),
	TRUE_ROW(FD_IP, "10.0.0.1,10.0.0.2", INTERSECTS, NONE, "10.0.0.1"),
	TRUE_ROW(FD_PORT, "40000,22", EQ, NONE, "22"),
	TRUE_ROW(FD_PORT, "40000,22", LT, NONE, "1024"),
	TRUE_ROW(FD_PORT, "40000,22", GT, NONE, "1024"),
	FALSE_ROW(FD_PORT, "40000,22", NE, NONE, "22"),
	TRUE_ROW(FD_PORT, "40000,22", IN, NONE, "80", "22"),
	TRUE_ROW(FD_NET, "10.0.0.1,192.168.0.1", EQ, NONE, "192.168.0.0/16"),
	FALSE_ROW(FD_NET, "10.0.0.1,192.168.0.1", NE, NONE, "192.168.0.0/16"),
	TRUE_ROW(FD_NET, "10.0.0.1,192.168.0.1", NE, NONE, "172.16.0.0/12"),
	TRUE_ROW(FD_NET, "10.0.0.1,192.168.0.1", IN, NONE, "172.16.0.0/12", "192.168.0.0/16"),
	/* An fd without ends: nothing holds, but the field is there. */
	FALSE_ROW(FD_IP, "", EQ, NONE, "10.0.0.1"),
	FALSE_ROW(FD_IP, "", NE, NONE, "10.0.0.1"),
	FALSE_ROW(FD_IP, "", IN, NONE, "10.0.0.1"),
	TRUE_ROW(FD_IP, "", EXISTS, NONE, NULL),

	/* Any ancestor. */
	TRUE_ROW(PROC_ANAME, "sh,sshd,init", EQ, NONE, "sshd"),
	FALSE_ROW(PROC_ANAME, "sh,sshd,init", EQ, NONE, "bash"),
	TRUE_ROW(PROC_ANAME, "sh,sshd,init", NE, NONE, "sshd"),
	FALSE_ROW(PROC_ANAME, "sshd", NE, NONE, "sshd"),
	TRUE_ROW(PROC_ANAME, "sh,sshd,init", IN, NONE, "bash", "init"),
	TRUE_ROW(PROC_ANAME, "sh,sshd", STARTSWITH, ALLOF, "s", "ss"),
	FALSE_ROW(PROC_ANAME, "sh,ti", STARTSWITH, ALLOF, "s", "t"),
	FALSE_ROW(PROC_ANAME, "", NE, NONE, "sshd"),
	FALSE_ROW(PROC_ANAME, "", EQ, NONE, ""),

	/* Modifiers. */
	TRUE_ROW(PROC_NAME, "myexe", EQ, ONEOF, "myexe", "bash"),
	FALSE_ROW(PROC_NAME, "myexe", EQ, ONEOF, "myexe", "myexe"),
	TRUE_ROW(PROC_NAME, "myexe", EQ, ANYOF, "bash", "myexe"),
	FALSE_ROW(PROC_NAME, "myexe", EQ, ALLOF, "bash", "myexe"),
	TRUE_ROW(PROC_NAME, "myexe", EQ, ALLOF, "myexe", "myexe"),
	TRUE_ROW(PROC_NAME, "myexe", NE, ANYOF, "bash", "myexe"),
	FALSE_ROW(PROC_NAME, "myexe", NE, ALLOF, "bash", "myexe"),
	TRUE_ROW(PROC_NAME, "myexe", NE, ALLOF, "bash", "sh"),
	TRUE_ROW(PROC_NAME, "myexe", GLOB, ANYOF, "my*", "bash"),
	FALSE_ROW(PROC_NAME, "myexe", GLOB, ONEOF, "my*", "*exe"),
	FALSE_ROW(PROC_NAME, "myexe", EQ, ONEOF, NULL),
	FALSE_ROW(PROC_NAME, "myexe", EQ, ANYOF, NULL),
	FALSE_ROW(PROC_NAME, "myexe", EQ, ALLOF, NULL),
	FALSE_ROW(PROC_NAME, "myexe", NE, ALLOF, NULL),

	/* A missing value: nothing holds. */
	FALSE_ROW(PROC_NAME, NULL, EQ, NONE, "bash"),
	FALSE_ROW(PROC_NAME, NULL, NE, NONE, "bash"),
	FALSE_ROW(PROC_NAME, NULL, EXISTS, NONE, NULL),
	FALSE_ROW(PROC_NAME, NULL, CONTAINS, NONE, ""),
	FALSE_ROW(PROC_NAME, NULL, PMATCH, NONE, "/"),
	FALSE_ROW(PROC_NAME, NULL, NE, ALLOF, "bash"),
	FALSE_ROW(EVT_RAWRES, NULL, NE, NONE, "0"),
	FALSE_ROW(FD_IP, NULL, NE, NONE, "10.0.0.1"),
	FALSE_ROW(FD_IP, NULL, EXISTS, NONE, NULL),
	FALSE_ROW(PROC_ANAME, NULL, EXISTS, NONE, NULL),
};

TEST(every_operator_holds_on_every_type_as_the_rule_language_says)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct sk_field_info *info = &sk_fields[row->field];
		static struct builder builder;
		struct machine machine;
		const uint32_t *matches;
		uint32_t left, predicate, rule, count;

		build_init(&builder);
		left = build_field(&builder, row->field, NULL);
		predicate = build_comparison(&builder, left, row->operator, row->modifier, row->right);
		rule = build_simple_rule(&builder, "rule", 4, predicate);
		build_type(&builder, 1, 1, &rule);
		build_complete(&builder);
		machine_start(&machine, &builder, false, 7);
		if (!machine.vm)
			return;
		host_set(&machine.host, 0, info->type, info->quantifier != SK_QUANTIFIER_ONE, row->left);
		count = sk_vm_evaluate(machine.vm, 1, &machine.host, &matches);
		if (count != row->holds || sk_vm_predicate(machine.vm, predicate) != row->holds) {
			test_failures++;
			printf("# row %zu: %s \"%s\" %s %s (\"%s\", ...) is %u\n", i, info->name, row->left,
			       sk_operators[row->operator].text, sk_modifier_names[row->modifier], row->right[0], count);
		}
		CHECK_EQUAL(machine.host.asked[0], 1);
		machine_stop(&machine);
	}
}

/* --- values that the table cannot write -------------------------------- */

/* The truth of `name operator constant` for a text with NULs. */
static bool text_holds(const char *text, uint32_t length, enum sk_operator operator, const char * constant)
{
	static struct builder builder;
	struct machine machine;
	const uint32_t *matches;
	uint32_t predicate;
	bool holds;

	build_init(&builder);
	predicate = build_comparison(&builder, build_field(&builder, SK_FIELD_PROC_NAME, NULL), operator,
				     SK_MODIFIER_NONE, (const char *const[]){constant, NULL});
	build_complete(&builder);
	machine_start(&machine, &builder, false, 7);
	machine.host.values[0] = sk_value_text(text, length);
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	holds = sk_vm_predicate(machine.vm, predicate);
	machine_stop(&machine);
	return holds;
}

TEST(texts_end_at_their_first_nul)
{
	CHECK(text_holds("sh\0x", 4, SK_OPERATOR_EQ, "sh"));
	CHECK(!text_holds("sh\0x", 4, SK_OPERATOR_NE, "sh"));
	CHECK(text_holds("sh\0x", 4, SK_OPERATOR_ENDSWITH, "h"));
	CHECK(!text_holds("sh\0x", 4, SK_OPERATOR_CONTAINS, "x"));
	CHECK(!text_holds("sh\0x", 4, SK_OPERATOR_ICONTAINS, "X"));
	CHECK(text_holds("sh\0x", 4, SK_OPERATOR_REGEX, "sh"));
	CHECK(text_holds("sh\0x", 4, SK_OPERATOR_GLOB, "s?"));
	CHECK(text_holds("sh\0/x", 5, SK_OPERATOR_PMATCH, "sh"));
	/* in and intersects compare bytes, but for NULs at the end. */
	CHECK(text_holds("sh\0\0", 4, SK_OPERATOR_IN, "sh"));
	CHECK(!text_holds("sh\0x", 4, SK_OPERATOR_IN, "sh"));
	CHECK(text_holds(NULL, 0, SK_OPERATOR_EQ, ""));
	CHECK(text_holds(NULL, 0, SK_OPERATOR_REGEX, ""));
	CHECK(text_holds(NULL, 0, SK_OPERATOR_IN, ""));
	CHECK(text_holds(NULL, 0, SK_OPERATOR_ENDSWITH, ""));
	CHECK(text_holds(NULL, 0, SK_OPERATOR_GLOB, "*"));
	CHECK(!text_holds(NULL, 0, SK_OPERATOR_GLOB, "?"));
}

TEST(bytes_hold_nuls_on_both_sides)
{
	static struct builder builder;
	struct machine machine;
	const uint32_t *matches;
	uint32_t buffer, has, begins, is, is_in;

	build_init(&builder);
	buffer = build_field(&builder, SK_FIELD_EVT_BUFFER, NULL);
	has = build_predicate(&builder, buffer, SK_OPERATOR_BCONTAINS, SK_MODIFIER_NONE,
			      build_bytes_constant(&builder, "\0b", 2), 1);
	begins = build_predicate(&builder, buffer, SK_OPERATOR_STARTSWITH, SK_MODIFIER_NONE,
				 build_bytes_constant(&builder, "a\0", 2), 1);
	is = build_predicate(&builder, buffer, SK_OPERATOR_EQ, SK_MODIFIER_NONE,
			     build_bytes_constant(&builder, "a\0b", 3), 1);
	is_in = build_predicate(&builder, buffer, SK_OPERATOR_IN, SK_MODIFIER_NONE,
				build_bytes_constant(&builder, "a", 1), 1);
	build_complete(&builder);
	BUILD_MOVE(&builder, has);
	BUILD_MOVE(&builder, begins);
	BUILD_MOVE(&builder, is);
	BUILD_MOVE(&builder, is_in);
	machine_start(&machine, &builder, false, 7);
	machine.host.values[0] =
		(struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_BYTES, .length = 3, .text = "a\0b"};
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(sk_vm_predicate(machine.vm, has));
	CHECK(sk_vm_predicate(machine.vm, begins));
	CHECK(sk_vm_predicate(machine.vm, is));
	CHECK(!sk_vm_predicate(machine.vm, is_in));
	machine.host.values[0].length = 2;
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(!sk_vm_predicate(machine.vm, is));
	CHECK(!sk_vm_predicate(machine.vm, is_in));
	machine_stop(&machine);
}

TEST(fields_compare_with_fields_and_transformers)
{
	static struct builder builder;
	struct machine machine;
	const uint32_t *matches;
	uint32_t name, parent, list, options, spec, lower, same, below, same_lower, globs, all_in, some_in;

	build_init(&builder);
	name = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	parent = build_field(&builder, SK_FIELD_PROC_PNAME, NULL);
	lower = BUILD_TRANSFORMER(&builder, TOLOWER, parent);
	list = BUILD_LIST(&builder, name, parent);
	spec = build_text_expression(&builder, "abc");
	options = BUILD_TRANSFORMER(&builder, GETOPT, list, spec);
	same = build_field_comparison(&builder, name, SK_OPERATOR_EQ, parent);
	below = build_field_comparison(&builder, name, SK_OPERATOR_LT, parent);
	same_lower = build_field_comparison(&builder, name, SK_OPERATOR_EQ, lower);
	globs = build_field_comparison(&builder, name, SK_OPERATOR_GLOB, parent);
	all_in = build_field_comparison(&builder, options, SK_OPERATOR_IN, list);
	some_in = build_field_comparison(&builder, options, SK_OPERATOR_INTERSECTS, list);
	build_complete(&builder);
	machine_start(&machine, &builder, false, 7);

	host_set(&machine.host, 0, SK_TYPE_STRING, false, "bash");
	host_set(&machine.host, 1, SK_TYPE_STRING, false, "BASH");
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(!sk_vm_predicate(machine.vm, same));
	CHECK(!sk_vm_predicate(machine.vm, below));
	CHECK(sk_vm_predicate(machine.vm, same_lower));
	CHECK(!sk_vm_predicate(machine.vm, globs));
	/* No options: all of none are in the list, and none of them is. */
	CHECK(sk_vm_predicate(machine.vm, all_in));
	CHECK(!sk_vm_predicate(machine.vm, some_in));

	host_set(&machine.host, 0, SK_TYPE_STRING, false, "-ab");
	host_set(&machine.host, 1, SK_TYPE_STRING, false, "a");
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(!sk_vm_predicate(machine.vm, all_in));
	CHECK(sk_vm_predicate(machine.vm, some_in));

	host_set(&machine.host, 0, SK_TYPE_STRING, false, "bash");
	host_set(&machine.host, 1, SK_TYPE_STRING, false, "b*");
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(sk_vm_predicate(machine.vm, globs));

	machine.host.values[1] = sk_value_missing();
	machine.host.values[1].presence = SK_MISSING_LOST;
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK(!sk_vm_predicate(machine.vm, same));
	CHECK(!sk_vm_predicate(machine.vm, same_lower));
	CHECK(!sk_vm_predicate(machine.vm, all_in));
	CHECK_EQUAL(sk_vm_predicate_presence(machine.vm, same), SK_MISSING_LOST);
	CHECK_EQUAL(sk_vm_predicate_presence(machine.vm, same_lower), SK_MISSING_LOST);
	CHECK_EQUAL(sk_vm_predicate_presence(machine.vm, all_in), SK_MISSING_LOST);
	machine_stop(&machine);
}

/* --- rules and events -------------------------------------------------- */

static struct sample sample;

static void sample_host(struct host *host)
{
	const struct builder *b = &sample.builder;

#define SET(number, type, list, text) host_set(host, b->expressions[sample.number].operand, type, list, text)
	memset(host, 0, sizeof(*host));
	SET(name, SK_TYPE_STRING, false, "bash");
	SET(ancestors, SK_TYPE_STRING, true, "sh,sshd");
	SET(ancestor, SK_TYPE_STRING, false, "sshd");
	SET(mount, SK_TYPE_STRING, false, NULL);
	SET(result, SK_TYPE_INT64, false, "-1");
	SET(buffer, SK_TYPE_BYTES, false, "x");
	SET(ports, SK_TYPE_PORT, true, "40000,22");
	SET(nets, SK_TYPE_IPNET, true, "192.168.0.1,10.0.0.1");
	SET(server, SK_TYPE_IPADDR, false, "10.0.0.1");
	SET(number, SK_TYPE_UINT64, false, "7");
#undef SET
}

TEST(rules_match_in_order_and_the_first_one_ends_it_unless_all_are_wanted)
{
	struct machine machine;
	const uint32_t *matches;

	build_sample(&sample);
	machine_start(&machine, &sample.builder, true, 7);
	sample_host(&machine.host);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches), 2);
	CHECK_EQUAL(matches[0], sample.shell);
	CHECK_EQUAL(matches[1], sample.network);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SOCKET_CONNECT_X, &machine.host, &matches), 1);
	CHECK_EQUAL(matches[0], sample.network);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_OPEN_X, &machine.host, &matches), 0);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_COUNT, &machine.host, &matches), 0);
	machine_stop(&machine);

	machine_start(&machine, &sample.builder, false, 7);
	sample_host(&machine.host);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches), 1);
	CHECK_EQUAL(matches[0], sample.shell);
	host_set(&machine.host, 0, SK_TYPE_STRING, false, "vi");
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches), 1);
	CHECK_EQUAL(matches[0], sample.network);
	machine_stop(&machine);
}

TEST(less_severe_rules_are_not_tried)
{
	struct machine machine;
	const uint32_t *matches;

	build_sample(&sample);
	machine_start(&machine, &sample.builder, true, 3);
	sample_host(&machine.host);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches), 1);
	CHECK_EQUAL(matches[0], sample.network);
	CHECK_EQUAL(machine.host.asked[0], 0);
	machine_stop(&machine);
}

TEST(jumps_take_every_branch_of_a_condition)
{
	/* a and (b or not c), for all eight truths of three fields. */
	static struct builder builder;
	struct machine machine;
	uint32_t predicates[3], rule;

	build_init(&builder);
	for (unsigned i = 0; i < 3; i++) {
		static const enum sk_field fields[] = {SK_FIELD_PROC_NAME, SK_FIELD_PROC_EXE, SK_FIELD_PROC_PNAME};

		predicates[i] =
			BUILD_COMPARISON(&builder, build_field(&builder, fields[i], NULL), EQ, NONE, "true");
	}
	rule = build_rule(&builder, "rule", 0);
	build_op(&builder, rule, SK_OP_JUMP_FALSE, 4, predicates[0]);
	build_op(&builder, rule, SK_OP_JUMP_TRUE, 1, predicates[1]);
	build_op(&builder, rule, SK_OP_JUMP_TRUE, 2, predicates[2]);
	build_op(&builder, rule, SK_OP_JUMP, 0, 0);
	build_op(&builder, rule, SK_OP_MATCH, 0, 0);
	build_op(&builder, rule, SK_OP_FAIL, 0, 0);
	build_op(&builder, rule, SK_OP_END, 0, 0);
	build_type(&builder, 5, 1, &rule);
	build_complete(&builder);
	machine_start(&machine, &builder, false, 7);
	for (unsigned truth = 0; truth < 8; truth++) {
		bool a = truth & 1, b = truth & 2, c = truth & 4;
		const uint32_t *matches;

		memset(&machine.host, 0, sizeof(machine.host));
		for (unsigned i = 0; i < 3; i++)
			host_set(&machine.host, i, SK_TYPE_STRING, false, truth >> i & 1 ? "true" : "false");
		CHECK_EQUAL(sk_vm_evaluate(machine.vm, 5, &machine.host, &matches), a && (b || !c));
		/* What a short circuit leaves out is not asked for. */
		CHECK_EQUAL(machine.host.asked[0], 1);
		CHECK_EQUAL(machine.host.asked[1], a);
		CHECK_EQUAL(machine.host.asked[2], a && !b);
	}
	machine_stop(&machine);
}

TEST(each_field_is_asked_for_once_an_event)
{
	struct machine machine;
	const uint32_t *matches;
	unsigned name;

	build_sample(&sample);
	name = sample.builder.expressions[sample.name].operand;
	machine_start(&machine, &sample.builder, true, 7);
	sample_host(&machine.host);
	for (unsigned event = 1; event <= 3; event++) {
		sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches);
		for (uint32_t round = 0; round < 2; round++) {
			for (uint32_t i = 0; i < machine.bundle.predicates_count; i++)
				sk_vm_predicate(machine.vm, i);
			for (uint32_t i = 0; i < machine.bundle.expressions_count; i++)
				sk_vm_value(machine.vm, i);
		}
		CHECK_EQUAL(machine.host.asked[name], event);
		for (uint32_t i = 0; i < machine.bundle.fields_count; i++)
			CHECK_EQUAL(machine.host.asked[i], event);
	}
	machine_stop(&machine);
}

TEST(values_of_the_current_event_can_be_printed)
{
	struct machine machine;
	struct sk_buffer buffer = {0};
	const uint32_t *matches;

	build_sample(&sample);
	machine_start(&machine, &sample.builder, true, 7);
	sample_host(&machine.host);
	sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_OPEN_X, &machine.host, &matches);
	sk_value_print(sk_vm_value(machine.vm, sample.list), &buffer);
	CHECK_TEXT(buffer.bytes, "(bash,7,-,sshd)");
	sk_buffer_clear(&buffer);
	sk_value_print(sk_vm_value(machine.vm, sample.joined), &buffer);
	CHECK_TEXT(buffer.bytes, "bash-7---sshd");
	CHECK(sk_vm_predicate(machine.vm, sample.joined_is));
	sk_buffer_clear(&buffer);
	sk_value_print(sk_vm_value(machine.vm, sample.concatenated), &buffer);
	CHECK_TEXT(buffer.bytes, "bash-bash");
	sk_buffer_clear(&buffer);
	sk_value_print(sk_vm_value(machine.vm, sample.mount), &buffer);
	CHECK_TEXT(buffer.bytes, "<NA>");
	sk_buffer_clear(&buffer);
	sk_value_print(sk_vm_value(machine.vm, sample.text), &buffer);
	CHECK_TEXT(buffer.bytes, "-");
	CHECK_EQUAL(sk_vm_value(machine.vm, sample.length)->number, 4);
	host_set(&machine.host, 0, SK_TYPE_STRING, false, "zsh");
	sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_OPEN_X, &machine.host, &matches);
	sk_buffer_clear(&buffer);
	sk_value_print(sk_vm_value(machine.vm, sample.concatenated), &buffer);
	CHECK_TEXT(buffer.bytes, "zsh-zsh");
	sk_buffer_release(&buffer);
	machine_stop(&machine);
}

/* --- memory ------------------------------------------------------------ */

static void evaluate_all_types(struct machine *machine)
{
	const uint32_t *matches;

	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		sk_vm_evaluate(machine->vm, type, &machine->host, &matches);
		for (uint32_t i = 0; i < machine->bundle.predicates_count; i++)
			sk_vm_predicate(machine->vm, i);
		for (uint32_t i = 0; i < machine->bundle.expressions_count; i++)
			sk_vm_value(machine->vm, i);
	}
}

TEST(evaluating_takes_no_memory_from_the_heap)
{
	struct machine machine;
	uint64_t before;
	struct mallinfo2 heap;

	build_sample(&sample);
	machine_start(&machine, &sample.builder, true, 7);
	sample_host(&machine.host);
	evaluate_all_types(&machine);
	before = sk_alloc_count();
	heap = mallinfo2();
	evaluate_all_types(&machine);
	CHECK_EQUAL(sk_alloc_count(), before);
	/* RE2 does not ask us: what it holds must not grow either. */
	CHECK_EQUAL(mallinfo2().uordblks, heap.uordblks);
	machine_stop(&machine);
}

TEST(a_failing_allocation_leaves_nothing_behind)
{
	const struct sk_vm_options options = {
		.engine = SK_VM_ENGINE_LINEAR, .extract = host_extract, .match_all = true, .priority = 7};
	struct sk_bundle bundle;
	struct sk_error error;
	struct sk_vm *vm = NULL;
	size_t size, failures = 0;
	uint8_t *bytes;

	build_sample(&sample);
	bytes = build_finish(&sample.builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	for (;; failures++) {
		int status;

		sk_alloc_fail_after(failures);
		error.message[0] = '\0';
		status = sk_vm_create(&bundle, &options, &vm, &error);
		sk_alloc_fail_after(SIZE_MAX);
		if (status == 0)
			break;
		CHECK_EQUAL(status, -ENOMEM);
		CHECK(error.message[0] != '\0');
		CHECK(vm == NULL);
	}
	/* The engine, its eight tables, and the two patterns. */
	CHECK_EQUAL(failures, 11);
	sk_vm_destroy(vm);
	sk_vm_destroy(NULL);
	free(bytes);
}

TEST(without_scratch_memory_values_are_missing_and_nothing_else_happens)
{
	struct machine machine;
	const uint32_t *matches;

	build_sample(&sample);
	machine_start(&machine, &sample.builder, true, 7);
	sample_host(&machine.host);
	sk_alloc_fail_after(0);
	CHECK_EQUAL(sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches), 2);
	CHECK(!sk_vm_predicate(machine.vm, sample.joined_is));
	CHECK_EQUAL(sk_vm_predicate_presence(machine.vm, sample.joined_is), SK_MISSING_MEMORY);
	CHECK_EQUAL(sk_vm_value(machine.vm, sample.lower)->presence, SK_MISSING_MEMORY);
	sk_alloc_fail_after(SIZE_MAX);
	sk_vm_evaluate(machine.vm, SK_EVENT_SYSCALL_EXECVE_19_X, &machine.host, &matches);
	CHECK(sk_vm_predicate(machine.vm, sample.joined_is));
	machine_stop(&machine);
}

TEST(doubling_again_and_again_ends_at_the_scratch_limit)
{
	/* x1 = concat(x0, x0), x2 = concat(x1, x1), ...: 2^64 bytes, if anyone had them. */
	static struct builder builder;
	struct machine machine;
	const uint32_t *matches;
	uint32_t last;

	build_init(&builder);
	last = build_field(&builder, SK_FIELD_PROC_NAME, NULL);
	for (unsigned i = 0; i < SK_EXPRESSION_DEPTH_LIMIT; i++)
		last = BUILD_TRANSFORMER(&builder, CONCAT, last, last);
	build_complete(&builder);
	machine_start(&machine, &builder, true, 7);
	host_set(&machine.host, 0, SK_TYPE_STRING, false, "x");
	sk_vm_evaluate(machine.vm, 0, &machine.host, &matches);
	CHECK_EQUAL(sk_vm_value(machine.vm, last)->presence, SK_MISSING_MEMORY);
	CHECK_EQUAL(sk_vm_value(machine.vm, 10)->length, 1024);
	machine_stop(&machine);
}

TEST(a_pattern_that_is_no_regular_expression_is_refused)
{
	const struct sk_vm_options options = {
		.engine = SK_VM_ENGINE_LINEAR, .extract = host_extract, .match_all = true, .priority = 7};
	static struct builder builder;
	struct sk_bundle bundle;
	struct sk_error error;
	struct sk_vm *vm = NULL;
	size_t size;
	uint8_t *bytes;

	build_init(&builder);
	BUILD_COMPARISON(&builder, build_field(&builder, SK_FIELD_PROC_NAME, NULL), REGEX, ANYOF, "a", "b(");
	build_complete(&builder);
	bytes = build_finish(&builder, &size);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	CHECK_EQUAL(sk_vm_create(&bundle, &options, &vm, &error), -EINVAL);
	CHECK(vm == NULL);
	CHECK_TEXT(error.message, "section PREDICATES, record 0: not a regular expression: missing ): b(");
	free(bytes);
}

/* clang-format off */
#define VM_CASES                                                                                                   \
	RUN(every_operator_holds_on_every_type_as_the_rule_language_says)                                          \
	RUN(texts_end_at_their_first_nul)                                                                          \
	RUN(bytes_hold_nuls_on_both_sides)                                                                         \
	RUN(fields_compare_with_fields_and_transformers)                                                           \
	RUN(rules_match_in_order_and_the_first_one_ends_it_unless_all_are_wanted)                                  \
	RUN(less_severe_rules_are_not_tried)                                                                       \
	RUN(jumps_take_every_branch_of_a_condition)                                                                \
	RUN(each_field_is_asked_for_once_an_event)                                                                 \
	RUN(values_of_the_current_event_can_be_printed)                                                            \
	RUN(evaluating_takes_no_memory_from_the_heap)                                                              \
	RUN(a_failing_allocation_leaves_nothing_behind)                                                            \
	RUN(without_scratch_memory_values_are_missing_and_nothing_else_happens)                                    \
	RUN(doubling_again_and_again_ends_at_the_scratch_limit)                                                    \
	RUN(a_pattern_that_is_no_regular_expression_is_refused)

#endif
