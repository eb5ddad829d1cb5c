/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evasion suite (tests/live/evasion/cases.def): one process after another
 * does what a row says, is captured, and goes through the sensor with our own
 * packs.
 *
 *   act, mark, act, mark ... ─► events ─► state, rules ─► seen[], with the row of each
 *                                                           │
 *              is there the event that the row says? ───────┤
 *              did its rule match it, or did none? ─────────┘
 *
 * A mark is an unlink that fails, of the row's number: what comes before it is the row's.
 *
 * docs/evasion.md has a row for each case, which is compared too.
 */
#include "compiler/compile.h"
#include "runtime/alert/shown.h"
#include "runtime/fields/fields.h"
#include "runtime/sensor.h"
#include "tests/live/evasion/paths.h"
#include "tests/live/evasion/programs.h"
#include "tests/live/evasion/rings.h"
#include "tests/live/live.h"

enum { SEEN = 20000, TEXT = 256, MATCHES = 6, ROWS = 64 };

struct evasion {
	const char *id, *title, *call, *given, *resolved, *origin, *rule, *remark;
	void (*act)(void);
};

static const struct evasion cases[] = {
#define SK_EVASION(id, title, call, given, resolved, origin, rule, remark)                                         \
	{#id, title, call, given, resolved, origin, rule, remark, act_##id},
#include "tests/live/evasion/cases.def"
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

_Static_assert((int)CASES <= (int)ROWS, "there is room for what each tells");

/* --- the packs -------------------------------------------------------------- */

static struct sk_arena arena;
static struct sk_buffer compiled;
static struct sk_bundle bundle;

static void compile_packs(void)
{
	static const char *const packs[] = {"rules"};
	const struct sk_selection everything = {.enable = true, .pattern = "*"};
	const struct sk_compile_options options = {.selections = &everything, .selection_count = 1, .priority = 7};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_error error = {.message = ""};

	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	CHECK_EQUAL(sk_compile_files(packs, 1, &options, &diagnostics, &compiled, NULL), 0);
	CHECK_EQUAL(sk_bundle_from_memory(compiled.bytes, compiled.length, &bundle, &error), 0);
}

/* --- what was seen of an act -------------------------------------------------- */

struct seen {
	int row;
	char call[32], given[TEXT], resolved[TEXT], origin[16], name[TEXT], program[TEXT], parent[TEXT], line[TEXT];
	int64_t result;
	int64_t tid;
	uint64_t inode;
	bool rewritten;
	uint32_t rules[MATCHES];
	uint32_t rule_count;
};

static struct seen seen[SEEN];
static int seen_count, row_now, row_last;

static void ask(const struct sk_event_view *view, enum sk_field field, struct sk_arena *scratch, char *ret_text,
		size_t size)
{
	const struct sk_field_ref ref = {.field = (uint16_t)field,
					 .type = sk_fields[field].type,
					 .list = sk_fields[field].list,
					 .number = UINT32_MAX};
	struct sk_buffer printed = {0};
	struct sk_value value;

	sk_fields_extract((void *)(uintptr_t)view, &ref, scratch, &value);
	if (value.presence == SK_PRESENT)
		sk_shown_print(&value, sk_shown_field(ref.field, ref.kind), &printed);
	snprintf(ret_text, size, "%.*s", (int)printed.length, printed.bytes ? printed.bytes : "");
	sk_buffer_release(&printed);
}

static void take(struct sk_sensor *sensor, const struct sk_event *event, struct sk_arena *scratch)
{
	const struct sk_event_view *view;
	const uint32_t *rules;
	struct seen *this;
	char text[TEXT];

	if (!sk_sensor_apply(sensor, (const uint8_t *)event->header, event->header->len, 0, false) ||
	    seen_count == SEEN)
		return;
	view = sk_sensor_view(sensor);
	ask(view, SK_FIELD_SAKER_PATH_GIVEN, scratch, text, sizeof(text));
	if (sscanf(text, "/sk-evasion-mark/%d", &row_last) == 1) {
		row_now = row_last + 1;
		return;
	}
	this = &seen[seen_count++];
	memset(this, 0, sizeof(*this));
	this->row = row_now;
	this->rule_count = sk_sensor_evaluate(sensor, &rules);
	if (this->rule_count > MATCHES)
		this->rule_count = MATCHES;
	memcpy(this->rules, rules, this->rule_count * sizeof(*rules));
	this->tid = view->event.tid;
	sk_event_result(&view->event, &this->result);
	ask(view, SK_FIELD_EVT_TYPE, scratch, this->call, sizeof(this->call));
	ask(view, SK_FIELD_SAKER_PATH_GIVEN, scratch, this->given, sizeof(this->given));
	ask(view, SK_FIELD_SAKER_PATH_RESOLVED, scratch, this->resolved, sizeof(this->resolved));
	ask(view, SK_FIELD_SAKER_ORIGIN, scratch, this->origin, sizeof(this->origin));
	ask(view, SK_FIELD_FD_NAME, scratch, this->name, sizeof(this->name));
	ask(view, SK_FIELD_PROC_NAME, scratch, this->program, sizeof(this->program));
	ask(view, SK_FIELD_PROC_PNAME, scratch, this->parent, sizeof(this->parent));
	ask(view, SK_FIELD_PROC_CMDLINE, scratch, this->line, sizeof(this->line));
	ask(view, SK_FIELD_SAKER_PATH_REWRITTEN, scratch, text, sizeof(text));
	this->rewritten = strcmp(text, "true") == 0;
	ask(view, SK_FIELD_FD_INO, scratch, text, sizeof(text));
	this->inode = strtoull(text, NULL, 10);
	sk_arena_reset(scratch);
}

static char directories[ROWS][sizeof(directory)];
static struct facts *all_facts;
static int first_row, last_row;
static bool sees_rings;

static void use_row(int row)
{
	strcpy(directory, directories[row]);
	facts = &all_facts[row];
}

static void act_all(void)
{
	char mark[64];

	for (int row = first_row; row <= last_row; row++) {
		pid_t pid = fork();

		if (pid == 0) {
			use_row(row);
			cases[row].act();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		snprintf(mark, sizeof(mark), "/sk-evasion-mark/%d", row);
		unlinkat(AT_FDCWD, mark, 0);
	}
	_exit(0);
}

/* Everything that the acts of some rows do, through the sensor. False if it cannot be captured here. */
static bool watch(int first, int last, bool begun)
{
	const struct sk_sensor_options options = {
		.bundle = &bundle, .state = {.own_pid = -1}, .match_all = true, .priority = 7};
	struct sk_capture_options capture_options = {
		.syscalls = bundle.syscalls, .syscall_words = bundle.syscalls_count, .begun_paths = begun};
	struct sk_capture_stats stats;
	struct sk_entry_sink sink;
	struct sk_capture *capture;
	struct sk_sensor *sensor;
	struct sk_arena scratch;
	struct sk_error error = {.message = ""};
	struct child child;

	first_row = row_now = first;
	last_row = last;
	child = start_child(act_all);
	capture_options.only_tree_of = child.pid;
	capture = open_capture(&capture_options);
	if (!capture) {
		end_child(&child);
		return false;
	}
	CHECK_EQUAL(sk_sensor_create(&options, &sensor, &error), 0);
	sink = sk_sensor_sink(sensor);
	CHECK_EQUAL(sk_proc_scan(child.pid, &sink, &error), 0);
	sees_rings = sk_capture_sees_uring(capture);
	let_go(&child);
	collect(capture, child.pid);
	stats = sk_capture_stats(capture);
	CHECK_EQUAL(sk_capture_lost(&stats), 0);
	sk_capture_close(capture);
	end_child(&child);
	sk_arena_init(&scratch, 0);
	for (int i = 0; i < got.count; i++)
		take(sensor, &got.events[i], &scratch);
	sk_arena_release(&scratch);
	sk_sensor_destroy(sensor);
	return true;
}

/* --- what a row says --------------------------------------------------------- */

static bool is_text(const char *expected, const char *actual)
{
	return !expected || strcmp(in_directory(expected), actual) == 0;
}

static const char *rule_name(uint32_t rule)
{
	uint32_t length;

	return sk_bundle_text(&bundle, bundle.rules[rule].name, &length);
}

static bool matched(const struct seen *event, const char *rule)
{
	for (uint32_t i = 0; i < event->rule_count; i++)
		if (strcmp(rule_name(event->rules[i]), rule) == 0)
			return true;
	return false;
}

/* `strictly`: the one that its rule matched. */
static const struct seen *find_event(const struct evasion *row, bool strictly)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].row == row - cases && (!row->rule || !strictly || matched(&seen[i], row->rule)) &&
		    strcmp(seen[i].call, row->call) == 0 && strcmp(seen[i].origin, row->origin) == 0 &&
		    is_text(row->given, seen[i].given) && is_text(row->resolved, seen[i].resolved) &&
		    (row->given || row->resolved || seen[i].result >= 0))
			return &seen[i];
	return NULL;
}

static int count_matches(int row, const char *rule)
{
	int count = 0;

	for (int i = 0; i < seen_count; i++)
		count += seen[i].row == row && matched(&seen[i], rule);
	return count;
}

static void print_seen(int row)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].row == row && (seen[i].given[0] || seen[i].resolved[0]))
			printf("#   %s given=%s resolved=%s origin=%s name=%s program=%s%s%s\n", seen[i].call,
			       seen[i].given, seen[i].resolved, seen[i].origin, seen[i].name, seen[i].program,
			       seen[i].rule_count ? " rule=" : "",
			       seen[i].rule_count ? rule_name(seen[i].rules[0]) : "");
}

/* Of the opens that worked, in order: the alert came for the secret, and for nothing else. */
static void check_race(int row)
{
	int opens = 0, wrong = 0, shown_otherwise = 0;

	for (int i = 0; i < seen_count; i++) {
		const struct seen *event = &seen[i];
		bool secret;

		if (event->row != row || strcmp(event->call, "openat") != 0 || event->result < 0 ||
		    !strstr(event->resolved, "id_x"))
			continue;
		CHECK(opens < facts->opens);
		secret = facts->secret[opens++];
		wrong += secret != matched(event, "Private key read");
		wrong += !is_text(secret ? "$/.ssh/id_x" : "$/.ssh_id_x", event->resolved);
		shown_otherwise += !is_text(secret ? "$/.ssh/id_x" : "$/.ssh_id_x", event->name);
	}
	printf("# %d opens, %d of the secret; fd.name shows the other file for %d\n", facts->opens, facts->secrets,
	       shown_otherwise);
	CHECK_EQUAL(opens, facts->opens);
	CHECK_EQUAL(wrong, 0);
	CHECK(facts->opens > 0);
}

/* What is to be true beyond the row. */
static void check_more(const struct evasion *row, const struct seen *event)
{
	if (row->act == act_race)
		check_race((int)(row - cases));
	if (row->act == act_blocked) {
		CHECK(event->rewritten);
		CHECK(is_text("$/.ssh_id_x", event->name));
		CHECK(matched(event, "Path changed during a call"));
	}
	if (row->act == act_comm)
		CHECK_TEXT(event->program, "test_evasion");
	if (row->act == act_argv0)
		CHECK_TEXT(event->program, "behave");
	if (row->act == act_argv_memory)
		CHECK(strstr(event->line, "test_evasion"));
	if (row->act == act_padding)
		CHECK(!strstr(event->line, "--steal"));
	if (row->act == act_tid_reuse) {
		CHECK_EQUAL(event->tid, facts->pids[0]);
		CHECK_TEXT(event->program, "test_evasion");
		CHECK_TEXT(event->parent, "test_evasion");
	}
	if (row->act == act_fork_bomb) {
		CHECK_EQUAL(count_matches((int)(row - cases), row->rule), 1);
		CHECK_TEXT(event->parent, "test_evasion");
	}
	if (row->act == act_ring_slot)
		CHECK_EQUAL(event->result, (1 << 30) + 1);
	if (row->act == act_deep)
		CHECK(strncmp(event->resolved, "...", 3) == 0);
}

static int row_of_case;

TEST(evasion)
{
	const struct evasion *row = &cases[row_of_case];
	const struct seen *event;

	use_row(row_of_case);
	if (facts->refused) {
		snprintf(reason, sizeof(reason), "not on this machine: %s", strerror(facts->refused));
		SKIP(reason);
		return;
	}
	if (!sees_rings && strcmp(row->origin, "io_uring") == 0) {
		SKIP("this kernel does not tell of operations of io_uring");
		return;
	}
	event = find_event(row, true);
	if (!event)
		event = find_event(row, false);
	CHECK(event);
	/* Of a gap no rule says anything. */
	if (!event || (row->rule ? !matched(event, row->rule) : event->rule_count > 0))
		print_seen(row_of_case);
	if (!event)
		return;
	if (row->rule)
		CHECK(matched(event, row->rule));
	else
		CHECK_EQUAL(event->rule_count, 0);
	check_more(row, event);
}

/* --- the page ------------------------------------------------------------------ */

static void print_row(const struct evasion *row, char *line, size_t size)
{
	snprintf(line, size, "| %s | %s | %s | %s | %s |\n", row->title, row->call,
		 strcmp(row->origin, "syscall") == 0 ? "" : row->origin, row->rule ? row->rule : "**none**",
		 row->remark);
}

TEST(the_page_has_every_case)
{
	static char page[1 << 16], line[1024];
	FILE *file = fopen("docs/evasion.md", "re");
	size_t length = file ? fread(page, 1, sizeof(page) - 1, file) : 0;

	CHECK(length > 0);
	if (file)
		fclose(file);
	for (int i = 0; i < CASES; i++) {
		print_row(&cases[i], line, sizeof(line));
		if (!strstr(page, line))
			printf("# docs/evasion.md lacks: %s", line);
		CHECK(strstr(page, line));
	}
}

static bool watched;

/* Beginnings are watched for one row alone, so that the others show what is seen without. */
TEST(everything_is_captured)
{
	int blocked = 0;

	all_facts =
		mmap(NULL, ROWS * sizeof(*all_facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all_facts == MAP_FAILED)
		abort();
	patience_ms = 60000;
	for (int row = 0; row < CASES; row++) {
		make_directory();
		strcpy(directories[row], directory);
		if (cases[row].act == act_blocked)
			blocked = row;
	}
	watched = watch(0, blocked - 1, false) && watch(blocked, blocked, true) &&
		  watch(blocked + 1, CASES - 1, false);
	for (int row = 0; row < CASES; row++) {
		strcpy(directory, directories[row]);
		remove_directory();
	}
	CHECK(seen_count < SEEN);
}

static void run_cases(void)
{
	for (int row = 0; row < CASES && watched; row++) {
		row_of_case = row;
		test_run(cases[row].id, test_evasion);
	}
}

TEST(our_packs_compile)
{
	compile_packs();
}

TEST(end)
{
	sk_buffer_release(&compiled);
	sk_arena_release(&arena);
	free(got.bytes);
}

TEST_MAIN(RUN(the_page_has_every_case) RUN(our_packs_compile) RUN(everything_is_captured) run_cases(); RUN(end))
