/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnghttp2 keeps the protocol; here is what of it makes a call of gRPC:
 *
 *   ─► HEADERS :method POST, :path ...      DATA [0][length][message], end
 *   ◄─ HEADERS :status 200, content-type    DATA [0][length][message]
 *      HEADERS grpc-status 0, end           (with an error, HEADERS alone)
 *
 * Invariant: `body` never holds more than `limit` and the five bytes in front
 * of a message, and no more than `allowed` bytes are ever looked at, so a
 * server that sends frames without end gets nowhere.
 */
#include "runtime/containers/exchange.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <string.h>

#include "vm/support/alloc.h"

enum {
	PREFIX = 5, /* compressed or not, length of the message in network order */
	WINDOW = 1 << 20,
	HEADER_LIST_LIMIT = 16 << 10,
	ACKNOWLEDGEMENTS = 64,
	SLACK = 256 << 10, /* of frames around the message */
	CODE_LIMIT = 16,
};

struct sk_exchange {
	nghttp2_session *session;
	struct sk_buffer request; /* with its prefix */
	size_t sent;
	struct sk_buffer body;
	size_t limit, allowed;
	int32_t stream;
	int http_status, grpc_status; /* -1: not told */
	bool is_grpc;                 /* by its content type */
	bool closed;
	int error;
};

static void *allocate(size_t size, void *context)
{
	(void)context;
	return sk_alloc(size ? size : 1);
}

static void *allocate_zeroed(size_t count, size_t size, void *context)
{
	(void)context;
	return sk_alloc_zeroed(count ? count : 1, size ? size : 1);
}

static void *reallocate(void *memory, size_t size, void *context)
{
	(void)context;
	return sk_realloc_array(memory, 1, size ? size : 1);
}

static void release(void *memory, void *context)
{
	(void)context;
	sk_free(memory);
}

/* --- what the library asks and tells -------------------------------------------- */

static ssize_t read_request(nghttp2_session *session, int32_t stream, uint8_t *bytes, size_t size, uint32_t *flags,
			    nghttp2_data_source *source, void *context)
{
	struct sk_exchange *exchange = context;
	size_t left = exchange->request.length - exchange->sent;

	(void)session, (void)stream, (void)source;
	if (size > left)
		size = left;
	memcpy(bytes, exchange->request.bytes + exchange->sent, size);
	exchange->sent += size;
	if (size == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)size;
}

static int fail(struct sk_exchange *exchange, int error)
{
	if (!exchange->error)
		exchange->error = error;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int take_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t size,
		     void *context)
{
	struct sk_exchange *exchange = context;

	(void)session, (void)flags;
	if (stream != exchange->stream)
		return 0;
	if (size > exchange->limit + PREFIX - exchange->body.length)
		return fail(exchange, -E2BIG);
	sk_buffer_append(&exchange->body, bytes, size);
	return exchange->body.failed ? fail(exchange, -ENOMEM) : 0;
}

/* A number of a few digits; -1: it is none. */
static int read_code(const uint8_t *text, size_t length)
{
	int code = 0;

	if (length == 0 || length > 3)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		code = code * 10 + (text[i] - '0');
	}
	return code;
}

static bool is_named(const uint8_t *name, size_t length, const char *expected)
{
	return length == strlen(expected) && memcmp(name, expected, length) == 0;
}

static int take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		       size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	static const char type[] = "application/grpc";
	struct sk_exchange *exchange = context;

	(void)session, (void)flags;
	if (frame->hd.stream_id != exchange->stream)
		return 0;
	if (is_named(name, name_length, ":status"))
		exchange->http_status = read_code(value, value_length);
	else if (is_named(name, name_length, "grpc-status"))
		exchange->grpc_status = read_code(value, value_length);
	else if (is_named(name, name_length, "content-type"))
		exchange->is_grpc = value_length >= strlen(type) && memcmp(value, type, strlen(type)) == 0;
	return 0;
}

static int close_stream(nghttp2_session *session, int32_t stream, uint32_t code, void *context)
{
	struct sk_exchange *exchange = context;

	(void)session, (void)code;
	if (stream == exchange->stream)
		exchange->closed = true;
	return 0;
}

/* --- life ---------------------------------------------------------------------------- */

static int error_of(int result)
{
	return nghttp2_is_fatal(result) && result == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EBADMSG;
}

static int create_session(struct sk_exchange *exchange)
{
	static const nghttp2_mem memory = {NULL, allocate, release, allocate_zeroed, reallocate};
	nghttp2_mem copy = memory;
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int result = nghttp2_session_callbacks_new(&callbacks);

	if (result == 0)
		result = nghttp2_option_new(&option);
	if (result == 0) {
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, close_stream);
		nghttp2_option_set_max_outbound_ack(option, ACKNOWLEDGEMENTS);
		result = nghttp2_session_client_new3(&exchange->session, callbacks, exchange, option, &copy);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return result == 0 ? 0 : error_of(result);
}

static nghttp2_nv header(const char *name, const char *value)
{
	union {
		const char *text;
		uint8_t *bytes;
	} n = {.text = name}, v = {.text = value};

	return (nghttp2_nv){.name = n.bytes, .value = v.bytes, .namelen = strlen(name), .valuelen = strlen(value)};
}

static int submit(struct sk_exchange *exchange, const struct sk_grpc_call *call)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_LIMIT},
	};
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "http"),
		header(":path", call->path),
		header(":authority", "localhost"),
		header("content-type", "application/grpc"),
		header("user-agent", "saker"),
		header("te", "trailers"),
		call->header[0] ? header(call->header[0], call->header[1]) : header("", ""),
	};
	const nghttp2_data_provider provider = {.read_callback = read_request};
	size_t count = sizeof(headers) / sizeof(headers[0]) - !call->header[0];
	int result = nghttp2_submit_settings(exchange->session, NGHTTP2_FLAG_NONE, settings,
					     sizeof(settings) / sizeof(settings[0]));

	if (result == 0)
		result = nghttp2_session_set_local_window_size(exchange->session, NGHTTP2_FLAG_NONE, 0, WINDOW);
	if (result == 0)
		result = nghttp2_submit_request(exchange->session, NULL, headers, count, &provider, NULL);
	if (result < 0)
		return error_of(result);
	exchange->stream = result;
	return 0;
}

int sk_exchange_create(const struct sk_grpc_call *call, size_t limit, struct sk_exchange **ret_exchange)
{
	struct sk_exchange *exchange = sk_alloc_zeroed(1, sizeof(*exchange));
	size_t length = call->message->length;
	const uint8_t prefix[PREFIX] = {0, (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
					(uint8_t)length};
	int result;

	if (!exchange)
		return -ENOMEM;
	exchange->limit = limit;
	exchange->allowed = 2 * limit + SLACK;
	exchange->http_status = exchange->grpc_status = -1;
	sk_buffer_append(&exchange->request, prefix, PREFIX);
	sk_buffer_append(&exchange->request, call->message->bytes, length);
	result = exchange->request.failed ? -ENOMEM : create_session(exchange);
	if (result == 0)
		result = submit(exchange, call);
	if (result < 0) {
		sk_exchange_destroy(exchange);
		return result;
	}
	*ret_exchange = exchange;
	return 0;
}

void sk_exchange_destroy(struct sk_exchange *exchange)
{
	if (!exchange)
		return;
	nghttp2_session_del(exchange->session);
	sk_buffer_release(&exchange->request);
	sk_buffer_release(&exchange->body);
	sk_free(exchange);
}

/* --- the call ------------------------------------------------------------------------- */

int sk_exchange_give(struct sk_exchange *exchange, const uint8_t **ret_bytes)
{
	ssize_t size = nghttp2_session_mem_send(exchange->session, ret_bytes);

	return size < 0 ? error_of((int)size) : (int)size;
}

int sk_exchange_take(struct sk_exchange *exchange, const uint8_t *bytes, size_t size)
{
	ssize_t taken;

	if (size > exchange->allowed)
		return -E2BIG;
	exchange->allowed -= size;
	taken = nghttp2_session_mem_recv(exchange->session, bytes, size);
	if (exchange->error)
		return exchange->error;
	return taken < 0 ? error_of((int)taken) : 0;
}

bool sk_exchange_is_over(const struct sk_exchange *exchange)
{
	return exchange->closed ||
	       !(nghttp2_session_want_read(exchange->session) || nghttp2_session_want_write(exchange->session));
}

static size_t length_told(const struct sk_buffer *body)
{
	const uint8_t *bytes = (const uint8_t *)body->bytes;

	return (size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | bytes[4];
}

int sk_exchange_finish(struct sk_exchange *exchange, struct sk_buffer *message)
{
	const struct sk_buffer *body = &exchange->body;

	if (exchange->error)
		return exchange->error;
	if (!exchange->closed || exchange->http_status != 200 || !exchange->is_grpc || exchange->grpc_status < 0 ||
	    exchange->grpc_status > CODE_LIMIT)
		return -EBADMSG;
	if (exchange->grpc_status != SK_GRPC_OK)
		return exchange->grpc_status;
	/* Exactly one message, and not compressed: nothing else was asked for. */
	if (body->length < PREFIX || body->bytes[0] != 0 || length_told(body) != body->length - PREFIX)
		return -EBADMSG;
	sk_buffer_clear(message);
	sk_buffer_append(message, body->bytes + PREFIX, body->length - PREFIX);
	return message->failed ? -ENOMEM : SK_GRPC_OK;
}
