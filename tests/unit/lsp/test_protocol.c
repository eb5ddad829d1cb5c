/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a server, and messages that are wrong. */
#include "tests/unit/lsp/session.h"

#include <unistd.h>

TEST(nothing_is_answered_before_initialize)
{
	struct session session;

	session_begin_bare(&session);
	CHECK(session_request(&session, "textDocument/hover", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_NOT_INITIALIZED);
	session_open(&session, "file:///a.yaml", "- rule: x\n"); /* ignored */
	CHECK_EQUAL(session.server.workspace.file_count, 0);
	CHECK(session_request(&session, "initialize", json_object()) != NULL);
	CHECK(session_request(&session, "initialize", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_INVALID_REQUEST);
	session_end(&session);
}

TEST(exit_is_right_only_after_shutdown)
{
	struct session session;
	const json_t *result;

	session_begin(&session, NULL);
	result = session_request(&session, "shutdown", json_null());
	CHECK(json_is_null(result));
	CHECK(session_request(&session, "textDocument/hover", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_INVALID_REQUEST);
	session_notify(&session, "exit", json_null());
	CHECK_EQUAL(session.server.state, SK_LSP_EXITED);
	CHECK_EQUAL(session.server.exit_status, 0);
	session_end(&session);

	session_begin(&session, NULL);
	session_notify(&session, "exit", json_null());
	CHECK_EQUAL(session.server.state, SK_LSP_EXITED);
	CHECK_EQUAL(session.server.exit_status, 1);
	session_end(&session);
}

static int error_of(struct session *session, const char *text)
{
	session_send_text(session, text, strlen(text));
	return session_error(session);
}

TEST(messages_that_are_none_are_answered_with_why)
{
	struct session session;

	session_begin(&session, NULL);
	CHECK_EQUAL(error_of(&session, "{"), SK_LSP_PARSE_ERROR);
	CHECK(json_is_null(json_object_get(session.reply, "id")));
	CHECK_EQUAL(error_of(&session, "\xff"), SK_LSP_PARSE_ERROR);
	CHECK_EQUAL(error_of(&session, "[]"), SK_LSP_INVALID_REQUEST);
	CHECK_EQUAL(error_of(&session, "3"), SK_LSP_INVALID_REQUEST);
	CHECK_EQUAL(error_of(&session, "{\"jsonrpc\":\"2.0\",\"id\":7}"), SK_LSP_INVALID_REQUEST);
	CHECK_EQUAL(json_integer_value(json_object_get(session.reply, "id")), 7);
	CHECK_EQUAL(error_of(&session, "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"x\"}"), SK_LSP_INVALID_REQUEST);
	CHECK(session_request(&session, "no/such/method", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_METHOD_NOT_FOUND);
	CHECK(session_request(&session, "$/unknown", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_METHOD_NOT_FOUND);
	CHECK(session_request(&session, "textDocument/hover", json_object()) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_INVALID_PARAMS);
	session_notify(&session, "$/unknown", json_object());
	session_notify(&session, "textDocument/didChange", json_string("x"));
	session_open(&session, "file:///a.yaml", "");
	CHECK(session_request(&session, "textDocument/hover",
			      json_pack("{s:{s:s}, s:{s:i}}", "textDocument", "uri", "file:///a.yaml", "position",
					"line", 1)) == NULL);
	CHECK_EQUAL(session_error(&session), SK_LSP_INVALID_PARAMS);
	session_end(&session);
}

TEST(a_request_that_waits_can_be_cancelled)
{
	static const char *const messages[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"workspace/symbol\",\"params\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"workspace/symbol\",\"params\":{}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":\"a\"}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":\"never\"}}",
	};
	struct session session;

	session_begin(&session, NULL);
	for (size_t i = 0; i < 4; i++)
		sk_lsp_server_receive(&session.server, messages[i], strlen(messages[i]));
	session_collect(&session);
	CHECK_EQUAL(session_error(&session), SK_LSP_REQUEST_CANCELLED);
	CHECK_TEXT(json_string_value(json_object_get(session.reply, "id")), "a");
	while (sk_lsp_server_step(&session.server, 0))
		;
	session_collect(&session);
	CHECK_TEXT(json_string_value(json_object_get(session.reply, "id")), "b");
	CHECK(json_is_array(json_object_get(session.reply, "result")));
	session_end(&session);
}

TEST(a_queue_that_is_full_waits)
{
	static const char message[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"workspace/symbol\",\"params\":{}}";
	struct session session;
	int answered = 0;

	session_begin(&session, NULL);
	for (int i = 0; i < SK_LSP_QUEUE_LIMIT; i++) {
		CHECK(sk_lsp_server_has_room(&session.server));
		sk_lsp_server_receive(&session.server, message, strlen(message));
	}
	CHECK(!sk_lsp_server_has_room(&session.server));
	while (sk_lsp_server_step(&session.server, 0))
		answered++;
	CHECK_EQUAL(answered, SK_LSP_QUEUE_LIMIT);
	session_end(&session);
}

static void change(struct session *session, const char *uri, int line, int from, int to, const char *text)
{
	session_notify(session, "textDocument/didChange",
		       json_pack("{s:{s:s, s:i}, s:[{s:{s:{s:i, s:i}, s:{s:i, s:i}}, s:s}]}", "textDocument", "uri",
				 uri, "version", ++session->version, "contentChanges", "range", "start", "line",
				 line, "character", from, "end", "line", line, "character", to, "text", text));
}

TEST(changes_are_exact_behind_characters_of_two_units)
{
	struct session session;
	struct sk_lsp_file *file;

	session_begin(&session, NULL);
	session_open(&session, "file:///a.yaml", "- list: a\n  items: ['\xf0\x9f\x98\x80', b]\n");
	file = session.server.workspace.files[0];
	change(&session, "file:///a.yaml", 1, 16, 17, "cd"); /* b, behind two units */
	CHECK_TEXT(file->text.bytes, "- list: a\n  items: ['\xf0\x9f\x98\x80', cd]\n");
	change(&session, "file:///a.yaml", 1, 11, 13, "\xc3\xa9"); /* the character itself */
	CHECK_TEXT(file->text.bytes, "- list: a\n  items: ['\xc3\xa9', cd]\n");
	change(&session, "file:///a.yaml", 2, 0, 0, "# end");
	CHECK_TEXT(file->text.bytes, "- list: a\n  items: ['\xc3\xa9', cd]\n# end");
	session_notify(&session, "textDocument/didChange",
		       json_pack("{s:{s:s, s:i}, s:[{s:s}, {s:s}]}", "textDocument", "uri", "file:///a.yaml",
				 "version", 9, "contentChanges", "text", "first", "text", "last"));
	CHECK_TEXT(file->text.bytes, "last");
	session_end(&session);
}

TEST(half_a_pair_does_not_lose_a_document)
{
	static const char text[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":"
		"{\"uri\":\"file:///a.yaml\",\"version\":1,\"text\":\"a\\ud83db\\u0000c\"}}}";
	struct session session;

	session_begin(&session, NULL);
	session_send_text(&session, text, strlen(text));
	CHECK_EQUAL(session.server.workspace.file_count, 1);
	CHECK_EQUAL(session.server.workspace.files[0]->text.length, 7);
	CHECK(memcmp(session.server.workspace.files[0]->text.bytes,
		     "a\xef\xbf\xbd"
		     "b\0c",
		     7) == 0);
	session_end(&session);
}

TEST(the_encoding_is_the_first_that_both_know)
{
	struct session session;
	json_t *result;

	session_begin_bare(&session);
	result = session_request(&session, "initialize",
				 json_pack("{s:{s:{s:[s,s,s]}}}", "capabilities", "general", "positionEncodings",
					   "x", "utf-8", "utf-16"));
	CHECK_TEXT(json_string_value(json_object_get(json_object_get(result, "capabilities"), "positionEncoding")),
		   "utf-8");
	session_open(&session, "file:///a.yaml", "'\xf0\x9f\x98\x80' b\n");
	change(&session, "file:///a.yaml", 0, 7, 8, "c");
	CHECK_TEXT(session.server.workspace.files[0]->text.bytes, "'\xf0\x9f\x98\x80' c\n");
	session_end(&session);
}

TEST(keystrokes_that_come_together_are_compiled_once)
{
	struct session session;
	uint64_t compiles;

	session_begin(&session, NULL);
	session_open(&session, "file:///a.yaml", "- list: a\n  items: []\n");
	session_diagnostics(&session, "");
	compiles = session.server.compiles;
	for (int i = 0; i < 10; i++) {
		change(&session, "file:///a.yaml", 2, 0, 0, "#");
		CHECK_EQUAL(sk_lsp_server_wait(&session.server, session.now), SK_LSP_QUIET);
		session.now += SK_LSP_QUIET - 1;
		sk_lsp_server_tick(&session.server, session.now);
		CHECK_EQUAL(session.server.compiles, compiles);
	}
	session.now += 1;
	CHECK_EQUAL(sk_lsp_server_wait(&session.server, session.now), 0);
	sk_lsp_server_tick(&session.server, session.now);
	CHECK_EQUAL(session.server.compiles, compiles + 1);
	CHECK_EQUAL(sk_lsp_server_wait(&session.server, session.now), -1);
	/* One who never stops typing is told all the same. */
	for (int i = 0; i < 100; i++) {
		change(&session, "file:///a.yaml", 2, 0, 0, "#");
		session.now += SK_LSP_QUIET - 1;
		sk_lsp_server_tick(&session.server, session.now);
	}
	CHECK_EQUAL(session.server.compiles, compiles + 3);
	session_end(&session);
}

TEST_MAIN(RUN(nothing_is_answered_before_initialize) RUN(exit_is_right_only_after_shutdown)
		  RUN(messages_that_are_none_are_answered_with_why) RUN(a_request_that_waits_can_be_cancelled)
			  RUN(a_queue_that_is_full_waits) RUN(changes_are_exact_behind_characters_of_two_units)
				  RUN(half_a_pair_does_not_lose_a_document)
					  RUN(the_encoding_is_the_first_that_both_know)
						  RUN(keystrokes_that_come_together_are_compiled_once))
