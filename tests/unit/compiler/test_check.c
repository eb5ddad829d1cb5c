/* SPDX-License-Identifier: Apache-2.0 */
/* What the checker refuses, warns of and lets pass, and where it points. */
#include "compiler/constant.h"
#include "compiler/field.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

static const char OUTPUT[] = "%proc.name";

/* Compiles one rule "r" with the condition; the pack is to be ended. */
static int compile(struct fixture *pack, const char *condition)
{
	fixture_begin(pack);
	fixture_rule(pack, "r", condition, OUTPUT);
	return fixture_compile(pack);
}

/* True if the condition compiles without a word. */
static bool is_clean(const char *condition)
{
	struct fixture pack;
	bool clean = compile(&pack, condition) == 0 && pack.diagnostics.errors == 0 &&
		     (pack.diagnostics.warnings == 0 ||
		      (pack.diagnostics.warnings == 1 && fixture_find(&pack, SK_DIAGNOSTIC_NO_EVTTYPE, "")));

	if (!clean) {
		printf("# %s\n", condition);
		fixture_print(&pack);
	}
	fixture_end(&pack);
	return clean;
}

/*
 * True if the condition is refused with `message` (a part of it) at `marked`
 * (the text underlined), and `hint` (NULL: without one).
 */
static bool is_refused(const char *condition, const char *message, const char *marked, const char *hint)
{
	struct fixture pack;
	int error = compile(&pack, condition);
	const struct sk_diagnostic *item = fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, message);
	const char *where = fixture_marked(&pack, item);
	char expected[512];
	bool right;

	snprintf(expected, sizeof(expected), "r.condition: %s", marked);
	right = error == -EINVAL && item && pack.diagnostics.errors == 1 && strcmp(where, expected) == 0 &&
		(hint ? item->hint && strcmp(item->hint, hint) == 0 : !item->hint) &&
		strcmp(item->context_text, "in rule 'r'") == 0 && pack.bytes.length == 0;
	if (!right) {
		printf("# %s: %d, at %s\n", condition, error, where);
		fixture_print(&pack);
	}
	fixture_end(&pack);
	return right;
}

/* True if the condition compiles with this warning at `marked`. */
static bool is_warned(const char *condition, enum sk_diagnostic_id id, const char *message, const char *marked)
{
	struct fixture pack;
	int error = compile(&pack, condition);
	const struct sk_diagnostic *item = fixture_find(&pack, id, message);
	char expected[512];
	bool right;

	snprintf(expected, sizeof(expected), "r.condition: %s", marked);
	right = error == 0 && item && strcmp(fixture_marked(&pack, item), expected) == 0;
	if (!right) {
		printf("# %s: %d\n", condition, error);
		fixture_print(&pack);
	}
	fixture_end(&pack);
	return right;
}

TEST(fields_that_do_not_exist_are_named_with_what_was_meant)
{
	CHECK(is_refused("proc.nmae = cat", "filter_check called with nonexistent field proc.nmae", "proc.nmae",
			 "did you mean 'proc.name'?"));
	CHECK(is_refused("evt.type = open and zzz.zzzzzzzz = 1",
			 "filter_check called with nonexistent field zzz.zzzzzzzz", "zzz.zzzzzzzz", NULL));
	CHECK(is_refused("toupper(proc.nmae) = CAT", "nonexistent field proc.nmae", "proc.nmae",
			 "did you mean 'proc.name'?"));
	CHECK(is_refused("proc.name = val(proc.nmae)", "nonexistent field proc.nmae", "proc.nmae",
			 "did you mean 'proc.name'?"));
	/* The longest name counts, and all of the text must be it. */
	CHECK(is_refused("fd.name_changedx = true", "nonexistent field fd.name_changedx", "fd.name_changedx",
			 "did you mean 'fd.name_changed'?"));
	CHECK(is_refused("proc.name.x = 1", "nonexistent field proc.name.x", "proc.name.x",
			 "did you mean 'proc.name'?"));
}

TEST(fields_take_the_arguments_that_they_declare)
{
	CHECK(is_clean("proc.aname[2] = sh and proc.args[0] = -c and proc.env[HOME] = /root"));
	CHECK(is_clean("evt.arg.flags contains O_CREAT and evt.arg[0] = x"));
	CHECK(is_clean("container.mount.dest[0] = / and container.mount.dest[/proc*] = /proc"));
	CHECK(is_refused("proc.name[1] = x", "nonexistent field proc.name[1]: it takes no argument in brackets",
			 "proc.name[1]", NULL));
	CHECK(is_refused("proc.aname[x] = sh", "its argument must be a decimal number", "proc.aname[x]", NULL));
	CHECK(is_refused("proc.aname[-1] = sh", "its argument must be a decimal number", "proc.aname[-1]", NULL));
	CHECK(is_refused("proc.aname[4294967296] = sh", "its index is too large", "proc.aname[4294967296]", NULL));
	CHECK(is_refused("evt.arg = x", "it needs a name behind a dot, or an index", "evt.arg", NULL));
	CHECK(is_refused("evt.arg.flags[1] = x", "it takes no argument in brackets", "evt.arg.flags[1]", NULL));
	CHECK(is_refused("container.mount.dest = x", "it needs an index or a key", "container.mount.dest", NULL));
}

TEST(a_raw_argument_is_compared_as_the_first_event_that_has_it_says)
{
	CHECK(is_refused("evt.rawarg.nosuch exists", "no event has a parameter of this name", "evt.rawarg.nosuch",
			 NULL));
	CHECK(is_refused("evt.rawarg.flag = 1", "no event has a parameter of this name", "evt.rawarg.flag",
			 "did you mean 'evt.rawarg.flags'?"));
	CHECK(is_refused("evt.rawarg.flags contains 1", "which is of type uint32", "contains",
			 "it takes: =, !=, <, <=, >, >=, exists, in, intersects"));
	CHECK(is_refused("evt.rawarg.tuple = 1", "which is of type opaque", "=", "it takes: exists"));
	CHECK(is_refused("evt.rawarg.res = val(evt.rawres)", "the field evt.rawarg is compared with constants only",
			 "val(evt.rawres)", NULL));
	CHECK(is_refused("tolower(evt.rawarg.path) = x", "evt.rawarg", "evt.rawarg.path", NULL));
	CHECK(is_clean("evt.type = open and evt.rawarg.flags = 1 and evt.rawarg.tuple exists and evt.rawarg.path "
		       "contains x"));
}

TEST(evt_around_takes_a_time_and_one_operator)
{
	CHECK(is_clean("evt.type = open and evt.around[1700000000000000000] = 500"));
	CHECK(is_refused("evt.around[now] = 5", "is a time in nanoseconds since the epoch", "evt.around[now]",
			 "as in evt.around[1700000000000000000] = 500"));
	CHECK(is_refused("evt.around[1] <= 5", "the field evt.around is compared with = only", "evt.around[1]",
			 "evt.around[T] = D is true at most D milliseconds before or after T"));
	CHECK(is_refused("evt.around[1] in (5)", "the field evt.around is compared with = only", "evt.around[1]",
			 "evt.around[T] = D is true at most D milliseconds before or after T"));
	CHECK(is_refused("evt.around[1] exists", "the field evt.around is compared with = only", "evt.around[1]",
			 "evt.around[T] = D is true at most D milliseconds before or after T"));
	CHECK(is_refused("evt.around = 5", "it needs a key", "evt.around", NULL));
}

TEST(fields_that_never_have_a_value_compile_with_a_warning)
{
	struct fixture pack;

	CHECK(is_warned("evt.type = open and k8s.rc.name = x", SK_DIAGNOSTIC_DEPRECATED_ITEM,
			"the deprecated field 'k8s.rc.name' never has a value", "k8s.rc.name"));
	fixture_begin(&pack);
	fixture_rule(&pack, "r", "k8s.rc.name = x", "%k8s.rc.name");
	CHECK_EQUAL(fixture_open(&pack), 0);
	fixture_end(&pack);
}

TEST(operators_apply_to_the_types_that_the_table_says)
{
	CHECK(is_clean("fd.num >= 0 and fd.num in (1, 2) and fd.num exists"));
	CHECK(is_clean("fd.name < 1 and fd.name glob /x* and fd.name pmatch (/etc) and fd.name intersects (a)"));
	CHECK(is_clean("fd.connected = true and fd.connected in (true)"));
	CHECK(is_clean("fd.sip = 1.2.3.4 and fd.snet in (10.0.0.0/8) and fd.sip != anyof (::1, 1.2.3.4)"));
	CHECK(is_clean("evt.buffer contains abc and evt.buffer bcontains 6162"));
	CHECK(is_refused("fd.num contains 1",
			 "operator 'contains' does not apply to fd.num, which is of type int64", "contains",
			 "it takes: =, !=, <, <=, >, >=, exists, in, intersects"));
	CHECK(is_refused("fd.connected < 1", "operator '<' does not apply to fd.connected, which is of type bool",
			 "<", "it takes: =, !=, exists, in, intersects"));
	CHECK(is_refused("fd.sip startswith 10", "does not apply to fd.sip, which is of type ipaddr", "startswith",
			 "it takes: =, !=, exists, in, intersects"));
	CHECK(is_refused("fd.name bcontains 6162", "does not apply to fd.name", "bcontains",
			 "it takes: =, !=, <, <=, >, >=, exists, contains, icontains, startswith, endswith, glob, "
			 "iglob, regex, in, intersects, pmatch"));
	CHECK(is_refused("getopt((\"-a\"), \"a\") = a", "which is of type list of string", "=",
			 "it takes: exists, in, intersects"));
}

TEST(constants_must_convert_to_the_type_of_their_field)
{
	CHECK(is_clean("fd.num = +5 and fd.num = ' -7' and fd.num = 007"));
	CHECK(is_refused("fd.num >= 0x3", "'0x3' is not a valid number", "0x3", "numbers are written in decimal"));
	CHECK(is_refused("fd.num >= 1e+5", "'1e+5' is not a valid number", "1e+5", NULL));
	CHECK(is_refused("fd.num in (1, two, 3)", "'two' is not a valid number", "two", NULL));
	CHECK(is_refused("fd.num = ''", "'' is not a valid number", "''", NULL));
	CHECK(is_refused("fd.num = '5 '", "'5 ' is not a valid number", "'5 '", NULL));
	CHECK(is_refused("fd.connected = yes", "'yes' is not true or false", "yes", NULL));
	CHECK(is_refused("fd.sip = 1.2.3.4/16", "'1.2.3.4/16' is not an IP address", "1.2.3.4/16",
			 "networks are compared with fd.net, fd.cnet, fd.snet, fd.lnet and fd.rnet"));
	CHECK(is_refused("fd.sip = example.com", "'example.com' is not an IP address", "example.com",
			 "names are compared with fd.cip.name, fd.sip.name, fd.lip.name and fd.rip.name"));
	CHECK(is_refused("fd.snet = 1.2.3.4", "'1.2.3.4' is not an IP network", "1.2.3.4",
			 "a network is written address/bits"));
	CHECK(is_clean("fd.snet = 0.0.0.0/0 and fd.snet = 1.2.3.4/32 and fd.snet = ::/1 and fd.snet = ::1/128"));
	CHECK(is_refused("fd.snet = ::/0", "'::/0' has 0 prefix bits, which must be 1 to 128", "::/0", NULL));
	CHECK(is_refused("fd.snet = 1.2.3.4/33", "must be 0 to 32", "1.2.3.4/33", NULL));
	CHECK(is_refused("fd.sport = nosuchservice", "unknown service 'nosuchservice'", "nosuchservice",
			 "a port is a number or the name of a service"));
	CHECK(is_refused("proc.name = \"a\\x00b\"", "filter value cannot contain a NUL byte", "\"a\\x00b\"", NULL));
	CHECK(is_clean("evt.buffer = \"a\\x00b\""));
	CHECK(is_refused("evt.buffer bcontains 123", "'123' is not an even number of hexadecimal digits", "123",
			 NULL));
	CHECK(is_refused("evt.buffer bstartswith 12zz", "'12zz' is not an even number", "12zz", NULL));
}

TEST(constants_have_at_most_255_bytes)
{
	char condition[600] = "proc.name = ";
	size_t start = strlen(condition);

	memset(condition + start, 'x', 255);
	CHECK(is_clean(condition));
	condition[start + 255] = 'x';
	CHECK(is_refused(condition, "the constant has 256 bytes, more than the 255 that are allowed",
			 condition + start, NULL));
}

/* The number that a text is for a type; UINT64_MAX - 1 if it is none. */
static uint64_t number_of(const char *text, enum sk_type type)
{
	struct sk_arena arena = {0};
	struct sk_converted_constant constant;
	struct sk_constant_fault fault;
	uint64_t number = UINT64_MAX - 1;

	if (sk_constant_convert(text, (uint32_t)strlen(text), type, SK_OPERATOR_EQ, &arena, &constant, &fault))
		number = constant.number;
	sk_arena_release(&arena);
	return number;
}

TEST(numbers_wrap_and_are_cut_off_as_scanf_does)
{
	CHECK_EQUAL(number_of("-1", SK_TYPE_INT64), -1);
	CHECK_EQUAL(number_of("99999999999999999999", SK_TYPE_INT64), INT64_MAX);
	CHECK_EQUAL(number_of("-99999999999999999999", SK_TYPE_INT64), INT64_MIN);
	CHECK_EQUAL(number_of("-1", SK_TYPE_UINT64), -1);
	CHECK_EQUAL(number_of("99999999999999999999", SK_TYPE_UINT64), -1);
	CHECK_EQUAL(number_of("-1", SK_TYPE_UINT32), UINT32_MAX);
	CHECK_EQUAL(number_of("4294967297", SK_TYPE_UINT32), 1);
	CHECK_EQUAL(number_of("2147483648", SK_TYPE_INT32), INT32_MIN);
	CHECK_EQUAL(number_of("65537", SK_TYPE_INT16), 1);
	CHECK_EQUAL(number_of("65535", SK_TYPE_INT16), -1);
	CHECK_EQUAL(number_of("300", SK_TYPE_UINT8), 44);
	CHECK_EQUAL(number_of("200", SK_TYPE_INT8), -56);
	CHECK_EQUAL(number_of("\v\f 12", SK_TYPE_INT64), 12);
	CHECK_EQUAL(number_of("- 12", SK_TYPE_INT64), UINT64_MAX - 1);
	CHECK_EQUAL(number_of("65537", SK_TYPE_PORT), 1);
	CHECK_EQUAL(number_of("https", SK_TYPE_PORT), 443);
	CHECK_EQUAL(number_of("-1", SK_TYPE_PORT), UINT64_MAX - 1);
	CHECK_EQUAL(number_of("99999999999", SK_TYPE_PORT), UINT64_MAX - 1);
	CHECK_EQUAL(number_of("1", SK_TYPE_DOUBLE), 1);
	CHECK_EQUAL(number_of("0.5", SK_TYPE_DOUBLE), UINT64_MAX - 1);
}

TEST(networks_lose_the_bits_behind_their_prefix)
{
	struct sk_arena arena = {0};
	struct sk_converted_constant constant;
	struct sk_constant_fault fault;

	CHECK(sk_constant_convert("10.255.7.9/12", 13, SK_TYPE_IPNET, SK_OPERATOR_EQ, &arena, &constant, &fault));
	CHECK_EQUAL(constant.address.length, 4);
	CHECK_EQUAL(constant.address.prefix, 12);
	CHECK(memcmp(constant.address.bytes, "\x0a\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0);
	CHECK(sk_constant_convert("ffff::ffff/17", 13, SK_TYPE_IPNET, SK_OPERATOR_EQ, &arena, &constant, &fault));
	CHECK_EQUAL(constant.address.length, 16);
	CHECK(memcmp(constant.address.bytes, "\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0);
	CHECK(!sk_constant_convert("1.2.3.4/1234", 12, SK_TYPE_IPNET, SK_OPERATOR_EQ, &arena, &constant, &fault));
	CHECK(!sk_constant_convert("1.2.3.4/", 8, SK_TYPE_IPNET, SK_OPERATOR_EQ, &arena, &constant, &fault));
	CHECK(!sk_constant_convert("1.2.3/8", 7, SK_TYPE_IPNET, SK_OPERATOR_EQ, &arena, &constant, &fault));
	sk_arena_release(&arena);
}

TEST(event_types_must_be_names_of_events_or_system_calls)
{
	CHECK(is_clean("evt.type in (open, procexit, kexec_load, container, container_removed)"));
	CHECK(is_refused("evt.type = opne", "unknown event type opne", "opne", "did you mean 'open'?"));
	CHECK(is_refused("evt.type in (open, opennat)", "unknown event type opennat", "opennat",
			 "did you mean 'openat'?"));
	CHECK(is_refused("evt.type startswith ope", "unknown event type ope", "ope", "did you mean 'open'?"));
	CHECK(is_refused("tolower(evt.type) = open", "event types can only be compared as they are",
			 "tolower(evt.type) = open", "only constants tell for which events a rule must be tried"));
	CHECK(is_refused("evt.type = val(proc.name)", "event types can only be compared as they are",
			 "evt.type = val(proc.name)", "only constants tell for which events a rule must be tried"));
}

TEST(transformers_check_their_arguments)
{
	CHECK(is_clean("toupper(basename(proc.exepath)) = CAT and len(proc.name) > 3 and b64(proc.name) = x"));
	CHECK(is_clean("join(\"-\", (proc.name, fd.num, \"x\", 1)) = a-1-x-1 and concat(proc.name, \"x\") = y"));
	CHECK(is_clean("getopt((\"-a\", proc.name), \"a:\")[a] = b and getopt((\"-a\"), \"a\") in (a)"));
	CHECK(is_refused("toupper(fd.name)[x] = foo", "transformer 'toupper' does not support field arguments",
			 "toupper(fd.name)[x]", NULL));
	CHECK(is_refused("fd.name = val(proc.name)[x]", "transformer 'val' does not support field arguments",
			 "val(proc.name)[x]", "the argument belongs inside, as in val(proc.aname[2])"));
	CHECK(is_refused("getopt((\"-a\"), \"a\")[\"\"] = a",
			 "transformer 'getopt' does not take an empty argument", "getopt((\"-a\"), \"a\")[\"\"]",
			 "write the letter of an option, as in [x]"));
	CHECK(is_refused("toupper(fd.num) = 1", "transformer 'toupper' takes a text, not a value of type int64",
			 "fd.num", NULL));
	CHECK(is_refused("join(\"-\") = x", "transformer 'join' takes 2 arguments, not 1", "join(\"-\")", NULL));
	CHECK(is_refused("tolower(proc.name, fd.name) = x", "transformer 'tolower' takes 1 argument, not 2",
			 "tolower(proc.name, fd.name)", NULL));
	CHECK(is_refused("concat(\"a\", (\"b\")) = ab",
			 "transformer 'concat' takes texts, not a value of type list of string", "(\"b\")", NULL));
	CHECK(is_refused("toupper(proc.aname[1]) = SH", "the field proc.aname does not support transformers",
			 "proc.aname[1]", NULL));
	CHECK(is_refused("join(\"-\", (proc.aname)) = x", "the field proc.aname has several values", "proc.aname",
			 NULL));
}

TEST(right_sides_that_are_fields_must_be_of_the_left_sides_type)
{
	CHECK(is_clean("proc.name = val(proc.pname) and fd.name startswith concat(proc.cwd, \"x\")"));
	CHECK(is_clean("fd.sip = val(fd.cip) and proc.name in val(proc.pname)"));
	CHECK(is_refused("proc.name = val(fd.num)", "proc.name is of type string, but fd.num is of type int64",
			 "val(fd.num)", NULL));
	CHECK(is_refused("fd.name regex val(proc.name)",
			 "operator 'regex' takes no field or transformer on its right", "val(proc.name)", NULL));
	CHECK(is_refused("fd.name pmatch val(proc.name)", "operator 'pmatch' takes no field", "val(proc.name)",
			 NULL));
	CHECK(is_refused("fd.snet = val(fd.sip)", "fd.snet is compared with constants only", "val(fd.sip)", NULL));
	CHECK(is_refused("proc.aname = val(proc.name)", "the field proc.aname is compared with constants only",
			 "val(proc.name)", NULL));
	CHECK(is_refused("proc.name = val(proc.aname[1])", "the field proc.aname is compared with constants only",
			 "val(proc.aname[1])", NULL));
}

TEST(regular_expressions_must_be_valid)
{
	CHECK(is_clean("proc.name regex '[a-c]+x(y|z)*'"));
	CHECK(is_refused("proc.name regex '(a'", "'(a' is not a valid regular expression", "'(a'", NULL));
	CHECK(is_refused("proc.name regex anyof ('a', '\\\\d')", "is not a valid regular expression", "'\\\\d'",
			 NULL));
}

TEST(constants_that_look_like_fields_are_warned_of)
{
	CHECK(is_warned("proc.name = proc.pname", SK_DIAGNOSTIC_CONDITION_WARNING,
			"'proc.pname' may be a valid field misused as a const string value", "proc.pname"));
	CHECK(is_warned("proc.name in (a, 'proc.aname[2]')", SK_DIAGNOSTIC_CONDITION_WARNING,
			"'proc.aname[2]' may be a valid field misused", "'proc.aname[2]'"));
	CHECK(is_warned("proc.name = 'toupper( proc.pname)'", SK_DIAGNOSTIC_CONDITION_WARNING,
			"'toupper( proc.pname)' may be a valid field transformer misused",
			"'toupper( proc.pname)'"));
	CHECK(is_warned("proc.name = 'val(proc.pname)'", SK_DIAGNOSTIC_CONDITION_WARNING,
			"'val(proc.pname)' may be a valid field transformer misused", "'val(proc.pname)'"));
	CHECK(is_clean("proc.name = proc.nosuch and proc.name = tolower and proc.name = 'tolow(proc.name)'"));
}

TEST(plain_regular_expressions_are_warned_of)
{
	static const struct {
		const char *pattern, *instead;
	} plain[] = {
		{"syscall", "consider the operator '='"},
		{"^syscall$", "consider the operator '='"},
		{"^syscall", "consider the operator '='"},
		{".*syscall", "consider the operator 'endswith'"},
		{"syscall.+", "consider the operator 'startswith'"},
		{".?syscall.?", "consider the operator 'contains'"},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct fixture pack;
		const struct sk_diagnostic *item;
		char condition[64];

		snprintf(condition, sizeof(condition), "proc.name regex %s", plain[i].pattern);
		CHECK_EQUAL(compile(&pack, condition), 0);
		item = fixture_find(&pack, SK_DIAGNOSTIC_CONDITION_WARNING, plain[i].pattern);
		CHECK_TEXT(item ? item->hint : NULL, plain[i].instead);
		fixture_end(&pack);
	}
	CHECK(is_clean(
		"proc.name regex syscall.{1} and proc.name regex syscall\\.* and proc.name regex syscal[l]?"));
	CHECK(is_clean("proc.name regex .*"));
}

TEST(unsafe_comparisons_with_na_are_warned_of_before_the_field_is_refused)
{
	struct fixture pack;
	const struct sk_diagnostic *item;

	CHECK_EQUAL(compile(&pack, "ka.target.name in (a, <NA>)"), -EINVAL);
	item = fixture_find(&pack, SK_DIAGNOSTIC_UNSAFE_NA_CHECK, "<NA>");
	CHECK_TEXT(fixture_marked(&pack, item), "r.condition: ka.target.name");
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "nonexistent field ka.target.name") != NULL);
	fixture_end(&pack);
}

TEST(rules_for_too_many_event_types_are_warned_of_unless_they_ask_not_to_be)
{
	struct fixture pack;

	CHECK_EQUAL(compile(&pack, "proc.name = cat"), 0);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_NO_EVTTYPE, "Rule matches too many evt.type values") != NULL);
	fixture_end(&pack);
	fixture_begin(&pack);
	fixture_rule(&pack, "r", "proc.name = cat", OUTPUT)->warn_evttypes = false;
	fixture_rule(&pack, "never", "evt.num = 0 and proc.name = cat", OUTPUT);
	CHECK_EQUAL(fixture_compile(&pack), 0);
	CHECK_EQUAL(pack.diagnostics.count, 0);
	fixture_end(&pack);
}

TEST(every_mistake_of_a_run_is_reported)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "a", "proc.nmae = cat and evt.type in (opne, clsoe) or fd.num = x", "%nosuch.field");
	fixture_rule(&pack, "b", "proc.name contains 1 and fd.num contains 1", OUTPUT)->enabled = false;
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	CHECK_EQUAL(pack.diagnostics.errors, 6);
	CHECK_EQUAL(pack.diagnostics.items[0].id, SK_DIAGNOSTIC_COMPILE_OUTPUT);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "unknown event type clsoe") != NULL);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "operator 'contains'") != NULL);
	fixture_end(&pack);
}

TEST(a_mistake_in_a_macro_is_reported_once_and_spoils_every_rule_that_uses_it)
{
	struct fixture pack;
	const struct sk_diagnostic *item;

	fixture_begin(&pack);
	fixture_macro(&pack, "inner", "proc.nmae = cat or proc.name = dog");
	fixture_macro(&pack, "outer", "inner and not inner");
	fixture_rule(&pack, "a", "evt.type = open and outer", OUTPUT);
	fixture_rule(&pack, "b", "evt.type = open and inner", OUTPUT);
	fixture_rule(&pack, "c", "evt.type = open", OUTPUT);
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	CHECK_EQUAL(pack.diagnostics.errors, 1);
	item = fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "nonexistent field proc.nmae");
	CHECK_TEXT(fixture_marked(&pack, item), "inner.condition: proc.nmae");
	CHECK_TEXT(item ? item->context_text : NULL, "in rule 'a', macro 'inner'");
	CHECK(pack.rules[0].tree == NULL && pack.rules[1].tree == NULL && pack.rules[2].tree != NULL);
	fixture_end(&pack);
}

TEST(unknown_names_drop_the_rules_that_ask_to_be_skipped)
{
	struct fixture pack;
	const struct sk_diagnostic *item;

	fixture_begin(&pack);
	fixture_macro(&pack, "m", "proc.nmae = cat");
	fixture_rule(&pack, "field", "evt.type = open and m", OUTPUT)->skip_if_unknown_filter = true;
	fixture_rule(&pack, "type", "evt.type = opne", OUTPUT)->skip_if_unknown_filter = true;
	fixture_rule(&pack, "output", "evt.type = open", "%nosuch.field")->skip_if_unknown_filter = true;
	fixture_rule(&pack, "good", "evt.type = open", OUTPUT)->skip_if_unknown_filter = true;
	CHECK_EQUAL(fixture_compile(&pack), 0);
	CHECK_EQUAL(pack.diagnostics.errors, 0);
	CHECK_EQUAL(pack.diagnostics.warnings, 3);
	CHECK_EQUAL(pack.summary.rules, 4);
	CHECK_EQUAL(pack.summary.rules_enabled, 1);
	item = fixture_find(&pack, SK_DIAGNOSTIC_UNKNOWN_FILTER, "nonexistent field proc.nmae");
	CHECK_TEXT(item ? item->context_text : NULL, "in rule 'field', macro 'm'");
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_UNKNOWN_FILTER, "unknown event type opne") != NULL);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_UNKNOWN_FILTER, "unknown filter:") != NULL);
	fixture_end(&pack);
}

TEST(a_macro_that_one_rule_skips_is_still_an_error_for_another)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_macro(&pack, "m", "proc.nmae = cat");
	fixture_rule(&pack, "skips", "m", OUTPUT)->skip_if_unknown_filter = true;
	fixture_rule(&pack, "fails", "m", OUTPUT);
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	CHECK_EQUAL(pack.diagnostics.errors, 1);
	CHECK_EQUAL(pack.diagnostics.warnings, 1);
	fixture_end(&pack);
}

TEST(other_mistakes_are_not_skipped)
{
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", "fd.num = x and proc.nmae = y", OUTPUT)->skip_if_unknown_filter = true;
	CHECK_EQUAL(fixture_compile(&pack), -EINVAL);
	CHECK_EQUAL(pack.diagnostics.errors, 2);
	fixture_end(&pack);
}

/* Compiles a rule with the output and finds the error or warning. */
static bool output_says(const char *output, int expected, enum sk_diagnostic_id id, const char *message,
			const char *marked, const char *hint)
{
	struct fixture pack;
	const struct sk_diagnostic *item;
	char where[256];
	bool right;
	int error;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", "evt.type = open", output);
	error = fixture_compile(&pack);
	item = fixture_find(&pack, id, message);
	snprintf(where, sizeof(where), "r.output: %s", marked);
	right = error == expected && item && strcmp(fixture_marked(&pack, item), where) == 0 &&
		(!hint || (item->hint && strcmp(item->hint, hint) == 0));
	if (!right) {
		printf("# %s: %d, %s\n", output, error, fixture_marked(&pack, item));
		fixture_print(&pack);
	}
	fixture_end(&pack);
	return right;
}

TEST(outputs_name_fields_that_exist)
{
	CHECK(output_says("file=%fd.nmae", -EINVAL, SK_DIAGNOSTIC_COMPILE_OUTPUT,
			  "unknown filter: filter_check called with nonexistent field fd.nmae", "fd.nmae",
			  "did you mean 'fd.name'?"));
	CHECK(output_says("%toupper(proc.nmae)", -EINVAL, SK_DIAGNOSTIC_COMPILE_OUTPUT,
			  "nonexistent field proc.nmae", "proc.nmae", "did you mean 'proc.name'?"));
	CHECK(output_says("%99999proc.name", -EINVAL, SK_DIAGNOSTIC_COMPILE_OUTPUT,
			  "a width of more than 65535 bytes", "%99999", NULL));
	CHECK(output_says("100%", -EINVAL, SK_DIAGNOSTIC_COMPILE_OUTPUT, "", "%", NULL));
}

TEST(deprecated_things_in_outputs_are_warned_of)
{
	CHECK(output_says("a %container.info b", 0, SK_DIAGNOSTIC_DEPRECATED_ITEM, "%container.info",
			  "%container.info", "remove it: the container's fields are added to every output"));
	/* Anywhere in the text, as the reference does it. */
	CHECK(output_says("evt.latency.s is gone", 0, SK_DIAGNOSTIC_DEPRECATED_ITEM,
			  "usage of deprecated field 'evt.latency.s' has been detected in the rule output",
			  "evt.latency.s", NULL));
}

TEST_MAIN(
	RUN(fields_that_do_not_exist_are_named_with_what_was_meant) RUN(fields_take_the_arguments_that_they_declare) RUN(
		a_raw_argument_is_compared_as_the_first_event_that_has_it_says) RUN(evt_around_takes_a_time_and_one_operator)
		RUN(fields_that_never_have_a_value_compile_with_a_warning) RUN(operators_apply_to_the_types_that_the_table_says) RUN(
			constants_must_convert_to_the_type_of_their_field) RUN(constants_have_at_most_255_bytes)
			RUN(numbers_wrap_and_are_cut_off_as_scanf_does) RUN(networks_lose_the_bits_behind_their_prefix) RUN(
				event_types_must_be_names_of_events_or_system_calls) RUN(transformers_check_their_arguments)
				RUN(right_sides_that_are_fields_must_be_of_the_left_sides_type) RUN(
					regular_expressions_must_be_valid) RUN(constants_that_look_like_fields_are_warned_of)
					RUN(plain_regular_expressions_are_warned_of) RUN(
						unsafe_comparisons_with_na_are_warned_of_before_the_field_is_refused)
						RUN(rules_for_too_many_event_types_are_warned_of_unless_they_ask_not_to_be)
							RUN(every_mistake_of_a_run_is_reported) RUN(
								a_mistake_in_a_macro_is_reported_once_and_spoils_every_rule_that_uses_it)
								RUN(unknown_names_drop_the_rules_that_ask_to_be_skipped) RUN(
									a_macro_that_one_rule_skips_is_still_an_error_for_another)
									RUN(other_mistakes_are_not_skipped) RUN(
										outputs_name_fields_that_exist)
										RUN(deprecated_things_in_outputs_are_warned_of))
