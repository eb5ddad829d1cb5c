/* SPDX-License-Identifier: Apache-2.0 */
/* Each capability on documents that are open, and on packs of several files. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/lsp/session.h"

#define A "untitled:a.yaml"

static const char pack[] =
	"- list: shells\n"
	"  items: [bash, sh]\n"
	"- macro: started\n"
	"  condition: evt.type = execve and proc.name in (shells)\n"
	"- rule: one\n"
	"  desc: \xf0\x9f\x98\x80 what\n"
	"  condition: >\n"
	"    started and proc.aname[2] exists\n"
	"    and not evt.is_async = true and tolower(fd.name) startswith /etc and \"\xf0\x9f\x98\x80\" in (x)\n"
	"  output: \"%proc.name %10fd.nam\"\n"
	"  priority: INFO\n"
	"  tags: [host, mitre]\n"
	"- rule: two\n"
	"  desc: d\n"
	"  condition: 'evt.type in (open, openat) and started'\n"
	"  output: o\n"
	"  priority: DEBUG\n"
	"  exceptions:\n"
	"    - name: e\n"
	"      fields: [proc.name, fd.name]\n"
	"      comps: [in, startswith]\n"
	"      values:\n"
	"        - [shells, /tmp]\n";

/* --- diagnostics ------------------------------------------------------- */

static const json_t *said(const json_t *diagnostics, const char *message)
{
	for (size_t i = 0; i < json_array_size(diagnostics); i++) {
		const json_t *one = json_array_get(diagnostics, i);

		if (strstr(json_string_value(json_object_get(one, "message")), message))
			return one;
	}
	return NULL;
}

TEST(diagnostics_say_what_the_compiler_says_and_where)
{
	struct session session;
	const json_t *diagnostics, *one;

	session_begin(&session, NULL);
	session_open(
		&session, A,
		"- rule: r\n  desc: d\n  condition: proc.cmdline contains '\xf0\x9f\x98\x80' and proc.nmae = x\n"
		"  output: o\n  priority: INFO\n- macro: m\n  condition: evt.type = opne\n  apend: true\n");
	diagnostics = session_diagnostics(&session, A);
	one = said(diagnostics, "proc.nmae");
	CHECK(one != NULL);
	CHECK_TEXT(session_range(json_object_get(one, "range")), "2:44-2:53");
	CHECK_EQUAL(json_integer_value(json_object_get(one, "severity")), 1);
	CHECK_TEXT(json_string_value(json_object_get(one, "code")), "LOAD_ERR_COMPILE_CONDITION");
	CHECK_TEXT(json_string_value(json_object_get(one, "source")), "saker");
	CHECK(strstr(json_string_value(json_object_get(one, "message")), "did you mean 'proc.name'?"));
	CHECK(said(json_object_get(one, "relatedInformation"), "in rule 'r'"));
	one = said(diagnostics, "apend");
	CHECK(one && json_integer_value(json_object_get(one, "severity")) == 2);
	session_open(&session, A, "- list: a\n  items: [1]\n");
	diagnostics = session_diagnostics(&session, A);
	one = said(diagnostics, "not referred to");
	CHECK_EQUAL(json_integer_value(json_array_get(json_object_get(one, "tags"), 0)), 1);
	/* What the linter finds, and what a comment allows. */
	session_open(&session, A,
		     "- rule: r\n  desc: d\n  condition: evt.type = open and proc.pid = 1 and proc.pid = 2\n"
		     "  output: o\n  priority: INFO\n");
	diagnostics = session_diagnostics(&session, A);
	CHECK(json_array_size(diagnostics) > 0);
	CHECK_TEXT(json_string_value(json_object_get(json_array_get(diagnostics, 0), "code")), "never-matches");
	session_open(&session, A,
		     "# saker: allow never-matches because it is a test\n"
		     "- rule: r\n  desc: d\n  condition: evt.type = open and proc.pid = 1 and proc.pid = 2\n"
		     "  output: o\n  priority: INFO\n");
	diagnostics = session_diagnostics(&session, A);
	CHECK(said(diagnostics, "can never match") == NULL && said(diagnostics, "never true together") != NULL);
	session_notify(&session, "textDocument/didClose", json_pack("{s:{s:s}}", "textDocument", "uri", A));
	CHECK_EQUAL(json_array_size(session_diagnostics(&session, A)), 0);
	session_end(&session);
}

/* --- completion -------------------------------------------------------- */

/* The labels that completion offers where '|' is typed into a document of this text, with blanks around. */
static const char *offered(struct session *session, const char *marked)
{
	static char labels[65536];
	char text[4096];
	const char *bar = strchr(marked, '|');
	const json_t *items;

	snprintf(text, sizeof(text), "%s%.*s%s", pack, (int)(bar - marked), marked, bar + 1);
	session_open(session, A, text);
	snprintf(text, sizeof(text), "%s", marked);
	items = json_object_get(session_at(session, "textDocument/completion", A, text), "items");
	strcpy(labels, " ");
	for (size_t i = 0; i < json_array_size(items); i++)
		snprintf(labels + strlen(labels), sizeof(labels) - strlen(labels), "%s ",
			 json_string_value(json_object_get(json_array_get(items, i), "label")));
	return labels;
}

#define OFFERS(text, label) CHECK(strstr(offered(&session, text), " " label " "))
#define OFFERS_NOT(text, label) CHECK(!strstr(offered(&session, text), " " label " "))

TEST(conditions_are_completed_with_what_fits)
{
	struct session session;

	session_begin(&session, NULL);
	OFFERS("- macro: m\n  condition: pr|", "proc.name");
	OFFERS("- macro: m\n  condition: pr|", "proc.aname[N]");
	OFFERS("- macro: m\n  condition: pr|", "evt.arg.");
	OFFERS("- macro: m\n  condition: st|", "started");
	OFFERS("- macro: m\n  condition: t|", "tolower");
	OFFERS("- macro: m\n  condition: n|", "not");
	OFFERS_NOT("- macro: m\n  condition: pr|", "shells");
	OFFERS_NOT("- macro: m\n  condition: pr|", "evt.outputtime");
	OFFERS("- macro: m\n  condition: evt.arg.fl|", "evt.arg.flags");
	OFFERS("- macro: m\n  condition: proc.name |", "startswith");
	OFFERS("- macro: m\n  condition: proc.pid |", "<=");
	OFFERS_NOT("- macro: m\n  condition: proc.pid |", "startswith");
	OFFERS_NOT("- macro: m\n  condition: evt.is_async |", "<");
	OFFERS("- macro: m\n  condition: len(proc.name) |", ">");
	OFFERS_NOT("- macro: m\n  condition: len(proc.name) |", "contains");
	OFFERS("- macro: m\n  condition: evt.type = ex|", "execve");
	OFFERS("- macro: m\n  condition: \"evt.type in (open, ex|", "execve");
	OFFERS("- macro: m\n  condition: proc.name in |", "shells");
	OFFERS("- macro: m\n  condition: proc.name in (|", "shells");
	OFFERS("- macro: m\n  condition: evt.is_async = |", "true");
	OFFERS("- macro: m\n  condition: fd.type = |", "unix");
	OFFERS("- macro: m\n  condition: evt.arg.flags contains |", "O_RDWR");
	OFFERS("- macro: m\n  condition: proc.name = |", "anyof");
	OFFERS("- macro: m\n  condition: proc.name = val(|", "proc.pname");
	OFFERS("- macro: m\n  condition: started |", "and");
	OFFERS("- rule: r\n  condition: >\n    started\n    and proc.name wrong x or fd.na|", "fd.name");
	session_end(&session);
}

TEST(the_rest_of_a_pack_is_completed)
{
	struct session session;

	session_begin(&session, NULL);
	OFFERS("- rule: r\n  output: hello %pr|", "proc.name");
	OFFERS("- rule: r\n  output: hello %pr|", "evt.outputtime");
	OFFERS("- rule: r\n  output: hello %12pr|", "proc.name");
	CHECK_TEXT(offered(&session, "- rule: r\n  output: hello pr|"), " ");
	CHECK_TEXT(offered(&session, "- rule: r\n  desc: hello pr|"), " ");
	OFFERS("- rule: r\n  priority: |", "Warning");
	OFFERS("- rule: r\n  enabled: |", "false");
	OFFERS("- rule: r\n  tags: [|", "mitre");
	OFFERS("- rule: |", "one");
	OFFERS("- list: l\n  items: [sh|", "shells");
	OFFERS("- rule: r\n  out|", "output");
	OFFERS_NOT("- rule: r\n  desc: x\n  |", "desc");
	OFFERS_NOT("- rule: r\n  |", "items");
	OFFERS("- list: r\n  |", "items");
	OFFERS("- rule: r\n  override:\n    |", "condition");
	OFFERS_NOT("- rule: r\n  override:\n    |", "source");
	OFFERS("- rule: r\n  override:\n    condition: |", "append");
	OFFERS("- rule: r\n  exceptions:\n    - |", "name");
	OFFERS("- rule: r\n  exceptions:\n    - name: x\n      |", "comps");
	OFFERS("- rule: r\n  exceptions:\n    - name: x\n      fields: [|", "proc.name");
	OFFERS("- rule: r\n  exceptions:\n    - name: x\n      fields: [fd.name, proc.pid]\n      comps: [=, |",
	       "<");
	OFFERS_NOT("- rule: r\n  exceptions:\n    - name: x\n      fields: [fd.name, proc.pid]\n      comps: [=, |",
		   "startswith");
	OFFERS("- rule: r\n  exceptions:\n    - name: x\n      fields: [fd.name]\n      values: [|", "shells");
	OFFERS("- |", "macro");
	OFFERS("ru|", "rule");
	session_end(&session);
}

TEST(an_item_replaces_the_word_that_was_begun)
{
	struct session session;
	const json_t *items, *edit = NULL;

	session_begin(&session, NULL);
	session_open(&session, A, "- macro: m\n  condition: \"'\xf0\x9f\x98\x80' = x and proc.na\"\n");
	items = json_object_get(session_at(&session, "textDocument/completion", A, "proc.na|"), "items");
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (strcmp(json_string_value(json_object_get(json_array_get(items, i), "label")), "proc.name") == 0)
			edit = json_object_get(json_array_get(items, i), "textEdit");
	}
	CHECK(edit != NULL);
	CHECK_TEXT(session_range(json_object_get(edit, "range")), "1:27-1:34");
	CHECK_TEXT(json_string_value(json_object_get(edit, "newText")), "proc.name");
	session_end(&session);
}

/* --- hover ------------------------------------------------------------- */

static const char *hovered(struct session *session, const char *mark)
{
	const char *text = json_string_value(json_object_get(
		json_object_get(session_at(session, "textDocument/hover", A, mark), "contents"), "value"));

	return text ? text : "";
}

#define HOVERS(mark, text) CHECK(strstr(hovered(&session, mark), text))

TEST(hover_explains_what_stands_there)
{
	struct session session;
	const json_t *hover;

	session_begin(&session, NULL);
	session_open(&session, A, pack);
	HOVERS("proc.na|me in", "string, thread scope");
	HOVERS("proc.an|ame[2]", "lineage scope");
	HOVERS("= exe|cve", "evt.arg.filename");
	HOVERS("name |in (sh", "equals an element of the list");
	HOVERS("starts|with /etc", "begins with the text");
	HOVERS("to|lower(", "ASCII letters in lower case");
	HOVERS("(she|lls)", "bash, sh");
	HOVERS("    star|ted and", "evt.type = execve and proc.name in (shells)");
	HOVERS("and star|ted'", "macro started");
	HOVERS("[she|lls, /tmp", "bash, sh");
	HOVERS("- rule: o|ne", "\xf0\x9f\x98\x80 what");
	HOVERS("%proc.na|me", "string, thread scope");
	HOVERS("[proc.na|me, fd", "string, thread scope");
	HOVERS("[in, star|tswith", "begins with the text");
	HOVERS("  condi|tion: >", "what must be true");
	HOVERS("      comp|s:", "an operator for each field");
	CHECK_TEXT(hovered(&session, "desc|: d\n"), "desc: what the rule detects, for people");
	CHECK_TEXT(hovered(&session, "/e|tc and"), "");
	hover = session_at(&session, "textDocument/hover", A, "    star|ted and");
	CHECK_TEXT(session_range(json_object_get(hover, "range")), "7:4-7:11");
	session_end(&session);
}

/* --- names ------------------------------------------------------------- */

/* The ranges of locations or edits of a document. */
static const char *ranges(const json_t *places, const char *uri)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(places); i++) {
		const json_t *place = json_array_get(places, i);
		const char *of = json_string_value(json_object_get(place, "uri"));

		if (!of || strcmp(of, uri) == 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				 session_range(json_object_get(place, "range")));
	}
	return text;
}

TEST(definitions_references_and_highlights_are_found)
{
	struct session session;

	session_begin(&session, NULL);
	session_open(&session, A, pack);
	CHECK_TEXT(ranges(session_at(&session, "textDocument/definition", A, "(she|lls)"), A), "0:8-0:14 ");
	CHECK_TEXT(ranges(session_at(&session, "textDocument/definition", A, "and star|ted'"), A), "2:9-2:16 ");
	CHECK_TEXT(ranges(session_at(&session, "textDocument/definition", A, "proc.na|me in"), A), "");
	CHECK_TEXT(ranges(session_at(&session, "textDocument/references", A, "list: |shells"), A),
		   "0:8-0:14 3:49-3:55 22:11-22:17 ");
	CHECK_TEXT(ranges(session_at(&session, "textDocument/references", A, "macro: started|"), A),
		   "2:9-2:16 7:4-7:11 14:45-14:52 ");
	CHECK_TEXT(ranges(session_at(&session, "textDocument/documentHighlight", A, "macro: st|arted"), A),
		   "2:9-2:16 7:4-7:11 14:45-14:52 ");
	session_end(&session);
}

static json_t *rename_at(struct session *session, const char *uri, const char *mark, const char *name)
{
	return session_request(session, "textDocument/rename",
			       json_pack("{s:{s:s}, s:o, s:s}", "textDocument", "uri", uri, "position",
					 session_position(session, uri, mark), "newName", name));
}

TEST(a_name_is_changed_everywhere_or_nowhere)
{
	struct session session;
	const json_t *changes;

	session_begin(&session, NULL);
	session_open(&session, A, pack);
	CHECK_TEXT(json_string_value(json_object_get(
			   session_at(&session, "textDocument/prepareRename", A, "(she|lls)"), "placeholder")),
		   "shells");
	changes = json_object_get(rename_at(&session, A, "(she|lls)", "login-shells"), "changes");
	CHECK_TEXT(ranges(json_object_get(changes, A), A), "0:8-0:14 3:49-3:55 22:11-22:17 ");
	CHECK(json_object_get(rename_at(&session, A, "rule: o|ne", "Number one (1)"), "changes") != NULL);
	CHECK(!rename_at(&session, A, "rule: o|ne", "number: one"));
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_FAILED);
	CHECK(!rename_at(&session, A, "rule: o|ne", "two"));
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_FAILED);
	CHECK(!rename_at(&session, A, "macro: star|ted", "not a name"));
	CHECK_EQUAL(session_error(&session), SK_LSP_INVALID_PARAMS);
	CHECK(!rename_at(&session, A, "list: shel|ls", "open"));
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_FAILED);
	CHECK(!session_at(&session, "textDocument/prepareRename", A, "proc.na|me in"));
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_FAILED);
	session_end(&session);
}

TEST(symbols_are_listed)
{
	struct session session;
	const json_t *symbols;

	session_begin(&session, NULL);
	session_open(&session, A, pack);
	symbols = session_request(&session, "textDocument/documentSymbol",
				  json_pack("{s:{s:s}}", "textDocument", "uri", A));
	CHECK_EQUAL(json_array_size(symbols), 4);
	CHECK_TEXT(json_string_value(json_object_get(json_array_get(symbols, 2), "name")), "one");
	CHECK_TEXT(session_range(json_object_get(json_array_get(symbols, 2), "selectionRange")), "4:8-4:11");
	CHECK_TEXT(session_range(json_object_get(json_array_get(symbols, 2), "range")), "4:2-11:20");
	symbols = session_request(&session, "workspace/symbol", json_pack("{s:s}", "query", "SHEL"));
	CHECK_EQUAL(json_array_size(symbols), 1);
	session_end(&session);
}

/* --- edits ------------------------------------------------------------- */

static const json_t *actions_at(struct session *session, const char *mark)
{
	return session_request(session, "textDocument/codeAction",
			       json_pack("{s:{s:s}, s:{s:o, s:o}, s:{s:[]}}", "textDocument", "uri", A, "range",
					 "start", session_position(session, A, mark), "end",
					 session_position(session, A, mark), "context", "diagnostics"));
}

/* The edit of the only action: "RANGE TEXT". */
static const char *fix(const json_t *actions)
{
	static char text[256];
	const json_t *edit = json_array_get(
		json_object_get(json_object_get(json_object_get(json_array_get(actions, 0), "edit"), "changes"), A),
		0);

	CHECK_EQUAL(json_array_size(actions), 1);
	if (!edit)
		return "";
	snprintf(text, sizeof(text), "%s %s", session_range(json_object_get(edit, "range")),
		 json_string_value(json_object_get(edit, "newText")));
	return text;
}

TEST(what_was_meant_is_a_quick_fix)
{
	struct session session;

	session_begin(&session, NULL);
	session_open(&session, A,
		     "- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: Wraning\n"
		     "- macro: m\n  condition: proc.anmae[2] = x and evt.type = \"opne\"\n"
		     "- rule: q\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n  tgs: []\n"
		     "- macro: n\n  condition: evt.type = open && proc.pid = 1\n");
	CHECK_TEXT(fix(actions_at(&session, "Wran|ing")), "4:12-4:19 Warning");
	CHECK_TEXT(fix(actions_at(&session, "condition: proc.an|mae[2] = x and")), "6:13-6:23 proc.aname");
	CHECK_TEXT(fix(actions_at(&session, "and evt.type = \"op|ne\"\n")), "6:47-6:51 open");
	CHECK_TEXT(fix(actions_at(&session, "tg|s")), "12:2-12:5 tags");
	CHECK_TEXT(fix(actions_at(&session, "&|&")), "14:29-14:31 and");
	session_open(&session, A,
		     "- rule: r\n  desc: d\n  conditoin: evt.type = open\n  output: o\n  priority: INFO\n");
	CHECK_TEXT(fix(actions_at(&session, "rule: |r")), "2:2-2:11 condition");
	CHECK_EQUAL(json_array_size(actions_at(&session, "out|put")), 0);
	session_end(&session);
}

TEST(a_document_is_laid_out)
{
	struct session session;
	const json_t *edits;

	session_begin(&session, NULL);
	session_open(&session, A,
		     "- list: b\n  items: [x]\n\n- list:    a\n  items: [ b,c ]\n\n- list: c\n  items: [x]\n");
	edits = session_request(&session, "textDocument/formatting",
				json_pack("{s:{s:s}}", "textDocument", "uri", A));
	CHECK_EQUAL(json_array_size(edits), 1);
	CHECK_TEXT(session_range(json_object_get(json_array_get(edits, 0), "range")), "3:0-5:0");
	CHECK_TEXT(json_string_value(json_object_get(json_array_get(edits, 0), "newText")),
		   "- list: a\n  items: [b, c]\n");
	session_open(&session, A, "- list: a\n  items: [\n");
	CHECK(!session_request(&session, "textDocument/formatting",
			       json_pack("{s:{s:s}}", "textDocument", "uri", A)));
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_FAILED);
	session_end(&session);
}

/* --- several files ----------------------------------------------------- */

struct folder {
	char path[64];
};

static void folder_begin(struct folder *folder)
{
	strcpy(folder->path, "/tmp/saker-lsp-XXXXXX");
	CHECK(mkdtemp(folder->path) != NULL);
}

static void folder_end(struct folder *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder->path);
	CHECK_EQUAL(system(command), 0);
}

static void put(const struct folder *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "we");
	CHECK(file != NULL);
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static const char *uri(const struct folder *folder, const char *name)
{
	static char text[4][160];
	static int next;
	char *one = text[next++ % 4];

	snprintf(one, sizeof(text[0]), "file://%s/%s", folder->path, name);
	return one;
}

static const char base[] = "- macro: started\n  condition: evt.type = execve\n";
static const char local[] =
	"- rule: r\n  desc: d\n  condition: started and proc.name = x\n  output: o\n  priority: INFO\n"
	"- macro: started\n  condition: or evt.type = execveat\n  override: {condition: append}\n";

static void holds_project(struct session *session, const struct folder *folder)
{
	const json_t *changes;

	session_open(session, uri(folder, "local.yaml"), local);
	CHECK_EQUAL(json_array_size(session_diagnostics(session, uri(folder, "local.yaml"))), 0);
	CHECK_TEXT(ranges(session_at(session, "textDocument/definition", uri(folder, "local.yaml"),
				     "condition: star|ted"),
			  uri(folder, "base.yaml")),
		   "0:9-0:16 ");
	/* An append goes to what it appends to. */
	CHECK_TEXT(
		ranges(session_at(session, "textDocument/definition", uri(folder, "local.yaml"), "macro: star|ted"),
		       uri(folder, "base.yaml")),
		"0:9-0:16 ");
	changes = json_object_get(rename_at(session, uri(folder, "local.yaml"), "macro: star|ted", "begun"),
				  "changes");
	CHECK_TEXT(ranges(json_object_get(changes, uri(folder, "base.yaml")), ""), "0:9-0:16 ");
	CHECK_TEXT(ranges(json_object_get(changes, uri(folder, "local.yaml")), ""), "2:13-2:20 5:9-5:16 ");
}

TEST(the_nearest_list_says_what_belongs_together)
{
	struct folder folder;
	struct session session;
	const json_t *diagnostics;

	folder_begin(&folder);
	put(&folder, "base.yaml", base);
	put(&folder, "local.yaml", "this is not what is edited");
	session_begin(&session, NULL);
	/* Alone, the rule has no macro. */
	session_open(&session, uri(&folder, "local.yaml"), local);
	CHECK(said(session_diagnostics(&session, uri(&folder, "local.yaml")), "no macro by that name"));
	put(&folder, ".saker", "# in order\nbase.yaml\n  local.yaml  # ours\nmissing.yaml\n");
	holds_project(&session, &folder);
	diagnostics = json_object_get(session.notifications, uri(&folder, ".saker"));
	CHECK_TEXT(session_range(json_object_get(said(diagnostics, "missing.yaml"), "range")), "3:0-3:0");
	/* What changes on disk is seen. */
	put(&folder, ".saker", "base.yaml\nlocal.yaml\n");
	put(&folder, "base.yaml", "- macro: other\n  condition: evt.type = execve\n");
	session_notify(&session, "workspace/didChangeWatchedFiles", json_object());
	CHECK(json_array_size(session_diagnostics(&session, uri(&folder, "local.yaml"))) > 0);
	CHECK_EQUAL(json_array_size(json_object_get(session.notifications, uri(&folder, ".saker"))), 0);
	session_end(&session);
	folder_end(&folder);
}

TEST(the_client_says_what_belongs_together)
{
	struct folder folder;
	struct session session;

	folder_begin(&folder);
	put(&folder, "base.yaml", base);
	put(&folder, "local.yaml", local);
	session_begin(&session, json_pack("{s:[s]}", "packs", folder.path)); /* a folder: its files by name */
	holds_project(&session, &folder);
	session_end(&session);
	session_begin(&session, NULL);
	session_notify(&session, "workspace/didChangeConfiguration",
		       json_pack("{s:{s:{s:[s+, s+]}}}", "settings", "saker", "packs", folder.path, "/base.yaml",
				 folder.path, "/local.yaml"));
	holds_project(&session, &folder);
	/* None, and the file stands alone again. */
	session_notify(&session, "workspace/didChangeConfiguration",
		       json_pack("{s:{s:{s:[]}}}", "settings", "saker", "packs"));
	CHECK(said(session_diagnostics(&session, uri(&folder, "local.yaml")), "no macro by that name"));
	session_end(&session);
	folder_end(&folder);
}

TEST_MAIN(RUN(diagnostics_say_what_the_compiler_says_and_where) RUN(conditions_are_completed_with_what_fits)
		  RUN(the_rest_of_a_pack_is_completed) RUN(an_item_replaces_the_word_that_was_begun)
			  RUN(hover_explains_what_stands_there) RUN(definitions_references_and_highlights_are_found)
				  RUN(a_name_is_changed_everywhere_or_nowhere) RUN(symbols_are_listed)
					  RUN(what_was_meant_is_a_quick_fix) RUN(a_document_is_laid_out)
						  RUN(the_nearest_list_says_what_belongs_together)
							  RUN(the_client_says_what_belongs_together))
