/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: what the compiler and the linter say of the projects that have
 * open files.
 *
 *   project ─► compile ─► verdict: URI ─► diagnostics ─┐
 *   project ─► compile ─► verdict ...                 ─┴─► by URI ─► what differs is sent
 *
 * A verdict is kept as long as no file of its project changes.
 */
#include <errno.h>
#include <string.h>

#include "cli/lsp/hint.h"
#include "cli/lsp/server.h"
#include "cli/lsp/uri.h"
#include "cli/lsp/verdict.h"
#include "compiler/lint/lint.h"
#include "vm/support/alloc.h"

struct sk_lsp_verdict {
	struct sk_lsp_verdict *next;
	uint64_t stamp; /* of the project's files and their revisions */
	bool used;      /* by a project of this round */
	json_t *said;   /* by URI: arrays of diagnostics; files without any too */
};

static void destroy(struct sk_lsp_verdict *verdict)
{
	json_decref(verdict->said);
	sk_free(verdict);
}

void sk_lsp_verdicts_release(struct sk_lsp_server *server)
{
	while (server->verdicts) {
		struct sk_lsp_verdict *next = server->verdicts->next;

		destroy(server->verdicts);
		server->verdicts = next;
	}
}

/* --- one diagnostic ---------------------------------------------------- */

/* The compile at work. */
struct report {
	struct sk_lsp_server *server;
	const struct sk_lsp_project *project;
	struct sk_sources sources;
	json_t *said;
};

/* A span as a file and its bytes; NULL if it is nowhere. */
static struct sk_lsp_file *locate(const struct report *report, struct sk_span span, size_t *ret_begin,
				  size_t *ret_end)
{
	struct sk_place place = sk_sources_place(&report->sources, span.begin);
	size_t length;

	if (!place.file || place.number >= report->project->count)
		return NULL;
	*ret_begin = span.begin - place.file->first;
	*ret_end = span.end > span.begin ? span.end - place.file->first : *ret_begin;
	length = report->project->files[place.number]->text.length;
	if (*ret_begin > length)
		*ret_begin = length;
	if (*ret_end > length)
		*ret_end = length;
	return report->project->files[place.number];
}

static void put(json_t *said, const char *uri, json_t *diagnostic)
{
	json_t *array = json_object_get(said, uri);

	if (!array) {
		json_object_set_new(said, uri, json_array());
		array = json_object_get(said, uri);
	}
	json_array_append_new(array, diagnostic);
}

/* "in rule 'x'", with where that is. */
static json_t *related(const struct report *report, const struct sk_diagnostic *item)
{
	enum sk_lsp_encoding encoding = report->server->workspace.encoding;
	size_t begin, end;
	const struct sk_lsp_file *file = locate(report, item->context, &begin, &end);

	if (!file || !item->context_text || item->context.begin == item->span.begin || !report->server->related)
		return NULL;
	return json_pack("[{s:{s:o, s:o}, s:o}]", "location", "uri", sk_lsp_string(file->uri, strlen(file->uri)),
			 "range", sk_lsp_range_to_json(&file->text, begin, end, encoding), "message",
			 sk_lsp_string(item->context_text, strlen(item->context_text)));
}

/* DiagnosticTag: 1 unnecessary, 2 deprecated; 0 none. */
static int tag_of(enum sk_diagnostic_id id)
{
	if (id == SK_DIAGNOSTIC_UNUSED_MACRO || id == SK_DIAGNOSTIC_UNUSED_LIST)
		return 1;
	return id == SK_DIAGNOSTIC_DEPRECATED_ITEM ? 2 : 0;
}

static json_t *message_of(const struct sk_diagnostic *item)
{
	struct sk_buffer text = {0};
	json_t *message;

	sk_buffer_append_text(&text, item->message);
	if (item->hint)
		sk_buffer_printf(&text, "\n%s", item->hint);
	message = text.failed ? NULL : sk_lsp_string(text.bytes, text.length);
	sk_buffer_release(&text);
	return message;
}

/* The edit that the hint asks for, for code actions. */
static json_t *fix_of(const struct report *report, struct sk_lsp_file *file, const struct sk_diagnostic *item,
		      size_t begin, size_t end)
{
	struct sk_lsp_fix fix;

	if (!sk_lsp_hint_fix(item, file, &begin, &end, &fix))
		return NULL;
	return json_pack("{s:o, s:o}", "range",
			 sk_lsp_range_to_json(&file->text, begin, end, report->server->workspace.encoding),
			 "newText", sk_lsp_string(fix.text, fix.length));
}

static void add_diagnostic(struct report *report, const struct sk_diagnostic *item)
{
	const struct sk_diagnostic_info *info = &sk_diagnostic_infos[item->id];
	size_t begin = 0, end = 0;
	struct sk_lsp_file *file = locate(report, item->span, &begin, &end);
	json_t *diagnostic, *fix;
	int tag = tag_of(item->id);

	/* What is true of no place is shown where its project begins. */
	if (!file)
		file = report->project->files[0];
	diagnostic = json_pack("{s:o, s:i, s:s, s:s, s:o}", "range",
			       sk_lsp_range_to_json(&file->text, begin, end, report->server->workspace.encoding),
			       "severity", info->severity == SK_SEVERITY_ERROR ? 1 : 2, "code", info->code,
			       "source", "saker", "message", message_of(item));
	if (tag)
		json_object_set_new(diagnostic, "tags", json_pack("[i]", tag));
	json_object_set_new(diagnostic, "relatedInformation", related(report, item));
	fix = fix_of(report, file, item, begin, end);
	if (fix)
		json_object_set_new(diagnostic, "data", json_pack("{s:o}", "fix", fix));
	put(report->said, file->uri, diagnostic);
}

/* --- one project ------------------------------------------------------- */

/* What is wrong with the list itself is shown in the list. */
static void add_faults(struct report *report)
{
	const struct sk_lsp_project *project = report->project;
	SK_CLEANUP_FREE char *uri = project->list ? sk_lsp_path_to_uri(project->list) : NULL;
	const struct sk_lsp_file *file = project->files[0];

	for (const struct sk_lsp_project_fault *fault = project->faults; fault; fault = fault->next) {
		struct sk_lsp_position at = {.line = project->list ? fault->line : 0};

		put(report->said, uri ? uri : file->uri,
		    json_pack("{s:{s:o, s:o}, s:i, s:s, s:s, s:o}", "range", "start", sk_lsp_position_to_json(at),
			      "end", sk_lsp_position_to_json(at), "severity", 1, "code",
			      sk_diagnostic_infos[SK_DIAGNOSTIC_FILE_READ].code, "source", "saker", "message",
			      sk_lsp_string(fault->message, strlen(fault->message))));
	}
}

/* Compiles into `report->said`; without memory, what was said until then. */
static void compile(struct report *report)
{
	const struct sk_lsp_project *project = report->project;
	struct sk_lsp_server *server = report->server;
	struct sk_arena *arena = &server->arena;
	struct sk_compile_source *sources;
	struct sk_diagnostics diagnostics;
	struct sk_lint_report lint = {0};
	struct sk_pack pack;
	struct sk_compile_options options = {.priority = 7, .check_only = true, .ret_pack = &pack};
	struct sk_buffer none = {0};

	sk_arena_reset(arena);
	sk_sources_init(&report->sources, arena);
	sk_diagnostics_init(&diagnostics, &report->sources, arena);
	sources = sk_arena_alloc_zeroed(arena, project->count, sizeof(*sources));
	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_file *file = project->files[i];

		json_object_set_new(report->said, file->uri, json_array());
		if (sources)
			sources[i] = (struct sk_compile_source){file->path ? file->path : file->uri,
								file->text.bytes, file->text.length};
	}
	add_faults(report);
	server->compiles++;
	if (!sources)
		return;
	if (sk_compile_sources(sources, project->count, &options, &diagnostics, &none, NULL) == 0)
		sk_lint_pack(&pack, &lint);
	sk_buffer_release(&none);
	for (uint32_t i = 0; i < diagnostics.count; i++)
		add_diagnostic(report, &diagnostics.items[i]);
}

static uint64_t mix(uint64_t stamp, uint64_t value)
{
	stamp ^= value + UINT64_C(0x9e3779b97f4a7c15) + (stamp << 6) + (stamp >> 2);
	return stamp * UINT64_C(0xbf58476d1ce4e5b9);
}

/* Two projects, or two states of one, have different stamps. */
static uint64_t stamp_of(const struct sk_lsp_project *project)
{
	uint64_t stamp = project->count;

	for (size_t i = 0; i < project->count; i++)
		stamp = mix(mix(stamp, (uintptr_t)project->files[i]), project->files[i]->revision);
	for (const struct sk_lsp_project_fault *fault = project->faults; fault; fault = fault->next) {
		stamp = mix(stamp, fault->line);
		for (const char *text = fault->message; *text; text++)
			stamp = mix(stamp, (unsigned char)*text);
	}
	return stamp;
}

static void judge(struct sk_lsp_server *server, const struct sk_lsp_project *project)
{
	struct report report = {.server = server, .project = project};
	uint64_t stamp = stamp_of(project);
	struct sk_lsp_verdict *verdict;

	for (verdict = server->verdicts; verdict; verdict = verdict->next) {
		if (verdict->stamp == stamp) {
			verdict->used = true;
			return;
		}
	}
	verdict = sk_alloc_zeroed(1, sizeof(*verdict));
	if (!verdict)
		return;
	*verdict = (struct sk_lsp_verdict){
		.next = server->verdicts, .stamp = stamp, .used = true, .said = json_object()};
	server->verdicts = verdict;
	report.said = verdict->said;
	compile(&report);
}

/* --- all of them ------------------------------------------------------- */

static void drop_unused(struct sk_lsp_server *server)
{
	struct sk_lsp_verdict **link = &server->verdicts;

	while (*link) {
		struct sk_lsp_verdict *verdict = *link;

		if (verdict->used) {
			link = &verdict->next;
		} else {
			*link = verdict->next;
			destroy(verdict);
		}
	}
}

/* Of a file in several projects, everything that is said of it, once. */
static json_t *gather(const struct sk_lsp_server *server)
{
	json_t *all = json_object();

	for (const struct sk_lsp_verdict *verdict = server->verdicts; verdict; verdict = verdict->next) {
		const char *uri;
		json_t *array;

		json_object_foreach(verdict->said, uri, array)
		{
			json_t *known = json_object_get(all, uri);

			if (!known)
				json_object_set_new(all, uri, json_copy(array));
			for (size_t i = 0; known && i < json_array_size(array); i++) {
				json_t *one = json_array_get(array, i);
				size_t k = 0;

				while (k < json_array_size(known) && !json_equal(json_array_get(known, k), one))
					k++;
				if (k == json_array_size(known))
					json_array_append(known, one);
			}
		}
	}
	return all;
}

/* Sends what the client does not know yet. */
static void send_changes(struct sk_lsp_server *server, json_t *all)
{
	json_t *published = json_object(), *array, *params;
	const char *uri;

	/* Nothing is said any more of files that were closed. */
	json_object_foreach(server->published, uri, params)
	{
		if (json_array_size(json_object_get(params, "diagnostics")) && !json_object_get(all, uri))
			sk_lsp_notify(server, "textDocument/publishDiagnostics",
				      json_pack("{s:s, s:[]}", "uri", uri, "diagnostics"));
	}
	json_object_foreach(all, uri, array)
	{
		const struct sk_lsp_file *file = sk_lsp_workspace_find_uri(&server->workspace, uri);
		json_t *before = json_object_get(server->published, uri);

		params = json_pack("{s:s, s:O}", "uri", uri, "diagnostics", array);
		if (file && file->open)
			json_object_set_new(params, "version", json_integer(file->version));
		if (before ? !json_equal(before, params) : json_array_size(array) || (file && file->open))
			sk_lsp_notify(server, "textDocument/publishDiagnostics", json_incref(params));
		json_object_set_new(published, uri, params);
	}
	json_decref(server->published);
	server->published = published;
}

void sk_lsp_publish(struct sk_lsp_server *server)
{
	struct sk_lsp_workspace *workspace = &server->workspace;
	struct sk_arena arena = {0};
	json_t *all;

	server->stale = false;
	for (struct sk_lsp_verdict *verdict = server->verdicts; verdict; verdict = verdict->next)
		verdict->used = false;
	for (size_t i = 0; i < workspace->file_count; i++) {
		struct sk_lsp_project project;

		if (workspace->files[i]->open &&
		    sk_lsp_workspace_project(workspace, workspace->files[i], &arena, &project) == 0)
			judge(server, &project);
	}
	drop_unused(server);
	all = gather(server);
	if (all)
		send_changes(server, all);
	json_decref(all);
	sk_arena_release(&arena);
}
