/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the filter proves of hand-made rules: each kind of predicate that a
 * call could still meet must keep it.
 */
#include "runtime/capture/filter.h"

#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

enum { O_CREATE_WIRE = 4, O_WRITE_WIRE = 2, O_READ_WIRE = 1, O_TRUNCATE_WIRE = 0x100 };

struct subject {
	struct fixture pack;
	struct sk_kernel_filter *filter;
	struct sk_filter_path kept[16];
	unsigned kept_count;
};

static void begin(struct subject *subject, const char *condition)
{
	memset(subject, 0, sizeof(*subject));
	fixture_begin(&subject->pack);
	fixture_rule(&subject->pack, "rule", condition, "%evt.type %fd.name");
	CHECK_EQUAL(fixture_open(&subject->pack), 0);
	fixture_print(&subject->pack);
	CHECK_EQUAL(sk_kernel_filter_create(&subject->pack.bundle, &subject->filter), 0);
}

static void end(struct subject *subject)
{
	sk_kernel_filter_destroy(subject->filter);
	fixture_end(&subject->pack);
}

static const struct sk_filter_entry *entry_of(const struct subject *subject, uint16_t type)
{
	return sk_kernel_filter_entry(subject->filter, 0, type);
}

static enum sk_filter_reason decide(const struct subject *subject, uint16_t type, int64_t result, uint32_t class)
{
	return sk_filter_decide(entry_of(subject, type), result, class, 0, 0, 0);
}

/* Whether calls of this type that fail with this error come through. */
static bool passes(const char *condition, uint16_t type, int64_t result)
{
	struct subject subject;
	bool truth;

	begin(&subject, condition);
	truth = decide(&subject, type, result, 0) == SK_FILTER_PASS;
	end(&subject);
	return truth;
}

static bool passes_class(const char *condition, uint16_t type, int64_t result, uint32_t flags, uint32_t mode)
{
	struct subject subject;
	bool truth;

	begin(&subject, condition);
	truth = decide(&subject, type, result, sk_filter_open_class(flags, mode)) == SK_FILTER_PASS;
	end(&subject);
	return truth;
}

TEST(failed_calls_that_no_rule_asks_for_are_held_back)
{
	CHECK(passes("evt.type = unlink", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and evt.failed = false", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.failed = true", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and not evt.failed = false", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and not evt.failed = true", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and evt.res = SUCCESS", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.res != SUCCESS", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and evt.rawres >= 0", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.rawres < 0", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and evt.rawres in (0, 1)", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = unlink and evt.count.error = 0", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = openat and fd.num >= 0", SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	CHECK(passes("evt.type = openat and fd.num = -1", SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	CHECK(passes("evt.type = openat and fd.num < 0", SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	CHECK(!passes("evt.type = unlink and fs.path.name startswith /etc", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.arg.path startswith /etc", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(!passes("evt.type = read and evt.buflen > 0", SK_EVENT_SYSCALL_READ_X, -11));
	/* A rule that names the type only by what else it says. */
	CHECK(passes("proc.name = cat and evt.failed = true", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
}

TEST(errors_that_rules_name_come_through)
{
	const char *condition = "evt.type = unlink and evt.res in (EACCES, EPERM)";

	CHECK(passes(condition, SK_EVENT_SYSCALL_UNLINK_2_X, -1));
	CHECK(passes(condition, SK_EVENT_SYSCALL_UNLINK_2_X, -13));
	CHECK(!passes(condition, SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.rawres = -13", SK_EVENT_SYSCALL_UNLINK_2_X, -13));
	CHECK(!passes("evt.type = unlink and evt.rawres = -13", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = unlink and evt.arg.res = EACCES", SK_EVENT_SYSCALL_UNLINK_2_X, -13));
	CHECK(!passes("evt.type = unlink and evt.arg.res = EACCES", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
	CHECK(passes("evt.type = openat and evt.arg.fd = ENOENT", SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	CHECK(!passes("evt.type = openat and evt.arg.fd = ENOENT", SK_EVENT_SYSCALL_OPENAT_2_X, -13));
	CHECK(!passes("evt.type = openat and evt.rawarg.fd >= 0", SK_EVENT_SYSCALL_OPENAT_2_X, -13));
	/* Another errno than is looked at. */
	CHECK(passes("evt.type = unlink and evt.res = SUCCESS", SK_EVENT_SYSCALL_UNLINK_2_X, -512));
	CHECK(passes("evt.type = unlink and tolower(evt.res) = eacces", SK_EVENT_SYSCALL_UNLINK_2_X, -2));
}

TEST(what_the_state_needs_comes_through)
{
	const char *other = "evt.type = execve and proc.name = cat";

	CHECK(passes(other, SK_EVENT_SYSCALL_OPENAT_2_X, 3));
	CHECK(!passes(other, SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	CHECK(passes(other, SK_EVENT_SYSCALL_CLOSE_X, 0));
	CHECK(passes(other, SK_EVENT_SYSCALL_CLONE_20_X, 100));
	CHECK(passes(other, SK_EVENT_SYSCALL_SETUID_X, 0));
	CHECK(passes(other, SK_EVENT_SOCKET_CONNECT_X, 0));
	/* EINPROGRESS */
	CHECK(passes(other, SK_EVENT_SOCKET_CONNECT_X, -115));
	CHECK(!passes(other, SK_EVENT_SOCKET_CONNECT_X, -111));
	CHECK(!passes(other, SK_EVENT_SYSCALL_UNLINK_2_X, 0));
	CHECK(passes(other, SK_EVENT_SYSCALL_MMAP_X, -12));
}

TEST(calls_that_leave_the_state_as_it_is_are_held_back_by_their_arguments)
{
	struct subject subject;
	const struct sk_filter_entry *entry;

	begin(&subject, "evt.type = execve");
	entry = entry_of(&subject, SK_EVENT_SYSCALL_FCNTL_X);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 3, 3, 0), SK_FILTER_ARGUMENT); /* F_GETFL */
	CHECK_EQUAL(sk_filter_decide(entry, 5, 0, 3, 0, 0), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 3, 2, 1), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, 5, 0, 3, 1030, 1), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, -9, 0, 3, 1030, 1), SK_FILTER_FAILED);
	entry = entry_of(&subject, SK_EVENT_SYSCALL_PRLIMIT_X);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 0, 7, 1), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 0, 7, 0), SK_FILTER_ARGUMENT);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 0, 3, 1), SK_FILTER_ARGUMENT);
	entry = entry_of(&subject, SK_EVENT_SYSCALL_PRCTL_X);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 36, 1, 0), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 15, 1, 0), SK_FILTER_ARGUMENT);
	end(&subject);
	begin(&subject, "evt.type = fcntl and evt.arg.cmd = F_GETFL");
	entry = entry_of(&subject, SK_EVENT_SYSCALL_FCNTL_X);
	CHECK_EQUAL(sk_filter_decide(entry, 0, 0, 3, 3, 0), SK_FILTER_PASS);
	CHECK_EQUAL(sk_filter_decide(entry, -9, 0, 3, 3, 0), SK_FILTER_PASS);
	end(&subject);
}

TEST(kinds_of_opens_that_failed_are_told_apart)
{
	const uint16_t type = SK_EVENT_SYSCALL_OPENAT_2_X;
	const char *writing =
		"evt.type in (open, openat, creat) and evt.is_open_write = true and fd.name startswith /etc";

	CHECK(passes_class(writing, type, -13, O_WRITE_WIRE, 0));
	CHECK(!passes_class(writing, type, -13, O_READ_WIRE, 0));
	CHECK(passes_class(writing, type, -13, O_READ_WIRE | O_WRITE_WIRE, 0));
	CHECK(!passes_class(writing, SK_EVENT_SYSCALL_CREAT_X, -13, 0, 0644));
	CHECK(passes_class("evt.type = openat and evt.is_open_exec = true", type, -13, O_CREATE_WIRE, 0755));
	CHECK(!passes_class("evt.type = openat and evt.is_open_exec = true", type, -13, O_CREATE_WIRE, 0644));
	CHECK(!passes_class("evt.type = openat and evt.is_open_exec = true", type, -13, O_READ_WIRE, 0));
	/* Whatever the bits are that make no kind. */
	CHECK(passes_class("evt.type = openat and evt.arg.flags contains O_TRUNC", type, -13, O_READ_WIRE, 0));
}

TEST(conditions_that_count_events_hold_nothing_back)
{
	CHECK(passes("evt.type = execve and evt.num = 7", SK_EVENT_SYSCALL_UNLINK_2_X, 0));
	CHECK(passes("evt.type = execve and evt.reltime > 5", SK_EVENT_SYSCALL_OPENAT_2_X, -2));
	/* How packs say "never". */
	CHECK(!passes("evt.type = execve and not evt.num = 0", SK_EVENT_SYSCALL_UNLINK_2_X, 0));
}

/* --- paths ---------------------------------------------------------------- */

static int keep(void *context, const struct sk_filter_path *path)
{
	struct subject *subject = context;

	subject->kept[subject->kept_count++ % 16] = *path;
	return 0;
}

/* Decodes an openat that failed with ENOENT. */
static void decode_open(uint8_t wire[512], struct sk_event *event, const char *path, uint32_t flags, int64_t result)
{
	const uint16_t lengths[7] = {8, 8, (uint16_t)(strlen(path) + 1), 4, 4, 4, 8};
	const int64_t directory = -100;
	struct sk_event_header header = {.type = SK_EVENT_SYSCALL_OPENAT_2_X, .nparams = 7, .tid = 1};
	uint8_t *at = wire + sizeof(header) + sizeof(lengths);

	memset(wire, 0, 512);
	memcpy(wire + sizeof(header), lengths, sizeof(lengths));
	memcpy(at, &result, 8);
	memcpy(at + 8, &directory, 8);
	memcpy(at + 16, path, lengths[2]);
	memcpy(at + 16 + lengths[2], &flags, 4);
	header.len = (uint32_t)(at - wire) + 16u + lengths[2] + 4 + 4 + 4 + 8;
	memcpy(wire, &header, sizeof(header));
	CHECK_EQUAL(sk_event_decode(wire, header.len, event, NULL), 0);
}

static bool path_passes(const char *condition, const char *path, uint32_t flags)
{
	struct subject subject;
	struct sk_event event;
	uint8_t wire[512];
	bool truth;

	begin(&subject, condition);
	decode_open(wire, &event, path, flags, -2);
	sk_kernel_filter_learn_path(subject.filter, &event, 0, keep, &subject);
	truth = subject.kept_count == 0;
	end(&subject);
	return truth;
}

TEST(paths_that_no_rule_can_match_are_learned)
{
	const char *type = "evt.type = openat and ";
	static const struct {
		const char *condition;
		const char *path;
		bool passes;
	} cases[] = {
		{"fd.name startswith /etc", "/usr/lib/x", false},
		{"fd.name startswith /etc", "/etc/x", true},
		{"not fd.name startswith /usr", "/usr/lib/x", false},
		{"not fd.name startswith /usr", "/etc/x", true},
		{"fd.name endswith .so", "/usr/lib/x.so", true},
		{"fd.name endswith .so", "/usr/lib/x", false},
		{"fd.name contains lib", "/usr/lib/x", true},
		{"fd.name glob /usr/*/x", "/usr/lib/x", true},
		{"fd.name glob /usr/*/x", "/usr/lib/y", false},
		{"fd.name pmatch (/usr)", "/usr/lib/x", true},
		{"fd.name pmatch (/etc)", "/usr/lib/x", false},
		{"fd.name regex '/etc/.*'", "/usr/lib/x", true},
		{"fd.directory = /usr/lib", "/usr/lib/x", true},
		{"fd.directory = /usr/lib", "/usr/lib64/x", false},
		{"fd.nameraw contains ../", "/usr/lib/x", false},
		{"fd.filename = x", "/usr/lib/x", false},
		{"fd.typechar = f and proc.name = cat", "/usr/lib/x", true},
		{"fd.typechar = d", "/usr/lib/x", false},
		{"fd.type = file", "/usr/lib/x", false},
		{"fs.path.name startswith /usr", "/usr/lib/x", true},
		{"fs.path.name startswith /usr", "/etc/x", false},
		{"fs.path.nameraw startswith /usr", "/usr/lib/x", true},
		{"evt.abspath startswith /usr", "/usr/lib/x", true},
		{"evt.abspath startswith /usr", "/etc/x", false},
		{"evt.arg.name = /usr/lib/x", "/usr/lib/x", true},
		{"evt.arg.name = /usr/lib/x", "/usr/lib/y", false},
		{"evt.arg[2] = /usr/lib/x", "/usr/lib/x", true},
		{"evt.rawarg.name = /usr/lib/x", "/usr/lib/y", false},
		{"evt.args contains zzz", "/usr/lib/x", true},
		{"tolower(fd.name) = /usr/lib/y", "/usr/lib/x", true},
		{"fd.name startswith /etc or proc.name = cat", "/usr/lib/x", true},
		{"fd.name = val(proc.exepath)", "/usr/lib/x", true},
		{"fd.containername contains etc", "/usr/lib/x", true},
		/* They do not name themselves. */
		{"fd.name startswith /etc", "usr/lib/x", true},
		{"fd.name startswith /etc", "/usr/../lib/x", true},
		{"fd.name startswith /etc", "/usr//lib/x", true},
		{"fd.name startswith /etc", "/usr/lib/x/", true},
	};
	char condition[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(condition, sizeof(condition), "%s(%s)", type, cases[i].condition);
		if (path_passes(condition, cases[i].path, O_READ_WIRE) != cases[i].passes)
			printf("# %s on %s\n", cases[i].condition, cases[i].path);
		CHECK_EQUAL(path_passes(condition, cases[i].path, O_READ_WIRE), cases[i].passes);
	}
}

TEST(flags_are_part_of_what_is_learned)
{
	const char *condition =
		"evt.type = openat and evt.arg.flags contains O_TRUNC and not fd.name startswith /usr";

	CHECK(path_passes(condition, "/etc/x", O_WRITE_WIRE | O_TRUNCATE_WIRE));
	CHECK(!path_passes(condition, "/etc/x", O_WRITE_WIRE));
	CHECK(!path_passes(condition, "/usr/x", O_WRITE_WIRE | O_TRUNCATE_WIRE));
}

TEST(a_path_is_learned_again_if_it_comes_again)
{
	struct subject subject;
	struct sk_event event;
	struct sk_filter_path path;
	uint8_t wire[512];

	begin(&subject, "evt.type = openat and fd.name startswith /etc");
	decode_open(wire, &event, "/usr/lib/x", O_READ_WIRE, -2);
	for (int i = 0; i < 3; i++)
		sk_kernel_filter_learn_path(subject.filter, &event, 0, keep, &subject);
	CHECK_EQUAL(subject.kept_count, 3);
	CHECK(sk_kernel_filter_path_of(&event, 0, &path));
	CHECK(memcmp(&path, &subject.kept[2], sizeof(path)) == 0);
	CHECK_TEXT(path.path, "/usr/lib/x");
	CHECK_EQUAL(path.error, 2);
	end(&subject);
}

/* More than are remembered: some take the place of others, and none is taken for another. */
TEST(paths_that_take_each_others_place_are_told_apart)
{
	struct subject subject;
	struct sk_event event;
	uint8_t wire[512];
	char path[32];
	unsigned watched = 0, kept = 0;

	begin(&subject, "evt.type = openat and fd.name endswith 7");
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 10000; i++) {
			snprintf(path, sizeof(path), "/usr/lib/%u", i);
			decode_open(wire, &event, path, O_READ_WIRE, -2);
			subject.kept_count = 0;
			sk_kernel_filter_learn_path(subject.filter, &event, 0, keep, &subject);
			watched += i % 10 == 7;
			kept += subject.kept_count;
			CHECK(subject.kept_count == (i % 10 != 7));
		}
	}
	CHECK_EQUAL(watched, 2000);
	CHECK_EQUAL(kept, 18000);
	end(&subject);
}

/*
 * A multiplication carries two changes to known bits, where they undo each other:
 * if a hash stood for the path, who can name files would choose what is taken for what.
 */
TEST(a_path_is_not_taken_for_another_that_was_made_to_look_like_it)
{
	static const char watched[] = "/etc/a-long-way/to/what-is-watched";
	struct subject subject;
	struct sk_event event;
	uint8_t wire[512];
	char other[sizeof(watched)];

	memcpy(other, watched, sizeof(watched));
	other[11] = (char)(other[11] ^ 0x80);
	other[16] = (char)(other[16] ^ 0x04);
	other[19] = (char)(other[19] ^ 0x80);
	begin(&subject, "evt.type = openat and fd.name = /etc/a-long-way/to/what-is-watched");
	decode_open(wire, &event, other, O_READ_WIRE, -2);
	sk_kernel_filter_learn_path(subject.filter, &event, 0, keep, &subject);
	CHECK_EQUAL(subject.kept_count, 1);
	decode_open(wire, &event, watched, O_READ_WIRE, -2);
	sk_kernel_filter_learn_path(subject.filter, &event, 0, keep, &subject);
	CHECK_EQUAL(subject.kept_count, 1);
	end(&subject);
}

TEST_MAIN(RUN(failed_calls_that_no_rule_asks_for_are_held_back) RUN(errors_that_rules_name_come_through) RUN(
	what_the_state_needs_comes_through)
		  RUN(calls_that_leave_the_state_as_it_is_are_held_back_by_their_arguments) RUN(
			  kinds_of_opens_that_failed_are_told_apart)
			  RUN(conditions_that_count_events_hold_nothing_back) RUN(
				  paths_that_no_rule_can_match_are_learned) RUN(flags_are_part_of_what_is_learned)
				  RUN(a_path_is_learned_again_if_it_comes_again)
					  RUN(paths_that_take_each_others_place_are_told_apart) RUN(
						  a_path_is_not_taken_for_another_that_was_made_to_look_like_it))
