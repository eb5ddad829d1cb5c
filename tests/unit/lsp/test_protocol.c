/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a server, and messages that are wrong. */
#include "tests/unit/lsp/session.h"

#include "vm/support/alloc.h"

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

TEST(without_memory_it_says_less_and_goes_on)
{
	static const char *const messages[] = {
		"{\"id\":1,\"method\":\"initialize\",\"params\":{\"initializationOptions\":{\"packs\":[\"none."
		"yaml\"]}}}",
		"{\"method\":\"textDocument/"
		"didOpen\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\",\"version\":1,"
		"\"text\":\"- list: l\\n  items: [a]\\n- macro: m\\n  condition: evt.type = open and fd.nmae in "
		"(l)\\n\"}}}",
		"{\"id\":2,\"method\":\"textDocument/"
		"completion\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"},"
		"\"position\":{\"line\":3,\"character\":20}}}",
		"{\"id\":3,\"method\":\"textDocument/hover\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"},"
		"\"position\":{\"line\":3,\"character\":49}}}",
		"{\"id\":4,\"method\":\"textDocument/"
		"rename\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"},"
		"\"position\":{\"line\":0,\"character\":8},\"newName\":\"k\"}}",
		"{\"id\":5,\"method\":\"textDocument/"
		"documentSymbol\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"}}}",
		"{\"id\":6,\"method\":\"textDocument/"
		"formatting\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"}}}",
		"{\"id\":7,\"method\":\"textDocument/"
		"codeAction\",\"params\":{\"textDocument\":{\"uri\":\"untitled:a\"},"
		"\"range\":{\"start\":{\"line\":0,\"character\":0},\"end\":{\"line\":9,\"character\":0}}}}",
	};
	size_t complete = 0;

	json_set_alloc_funcs(sk_alloc, sk_free);
	for (size_t countdown = 0; countdown < 12000; countdown += countdown < 400 ? 1 : 61) {
		struct sk_lsp_server server;
		size_t written = 0;

		sk_alloc_fail_after(countdown);
		if (sk_lsp_server_init(&server, "/", NULL, 0) < 0) {
			sk_alloc_fail_after(SIZE_MAX);
			continue;
		}
		for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
			sk_lsp_server_receive(&server, messages[i], strlen(messages[i]));
			while (sk_lsp_server_step(&server, 0))
				;
			written += server.out.length;
			sk_buffer_clear(&server.out);
		}
		sk_lsp_publish(&server);
		sk_alloc_fail_after(SIZE_MAX);
		sk_lsp_server_release(&server);
		complete += written > 20000;
	}
	CHECK(complete > 0);
	json_set_alloc_funcs(malloc, free);
}

TEST_MAIN(RUN(nothing_is_answered_before_initialize) RUN(exit_is_right_only_after_shutdown)
		  RUN(messages_that_are_none_are_answered_with_why) RUN(a_request_that_waits_can_be_cancelled)
			  RUN(a_queue_that_is_full_waits) RUN(changes_are_exact_behind_characters_of_two_units)
				  RUN(half_a_pair_does_not_lose_a_document)
					  RUN(the_encoding_is_the_first_that_both_know)
						  RUN(keystrokes_that_come_together_are_compiled_once)
							  RUN(without_memory_it_says_less_and_goes_on))
