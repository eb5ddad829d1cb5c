/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, through its multi interface: only that can be woken from another thread. */
#include "runtime/containers/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>

#include "vm/support/alloc.h"

struct sk_http {
	CURLM *multi;
	CURL *easy;
	struct sk_buffer *body; /* while a question is under way */
	size_t limit;
	bool too_large;
	atomic_bool interrupted;
};

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct sk_http *http = context;

	size *= count;
	if (size > http->limit - http->body->length) {
		http->too_large = true;
		return 0;
	}
	sk_buffer_append(http->body, bytes, size);
	return http->body->failed ? 0 : size;
}

static bool prepare(struct sk_http *http, const struct sk_http_options *options)
{
	CURL *easy = http->easy;

	/* Nothing of the environment, no other protocol, no other server. */
	return curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options->socket) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, http) == CURLE_OK;
}

int sk_http_create(const struct sk_http_options *options, struct sk_http **ret_http)
{
	struct sk_http *http = sk_alloc_zeroed(1, sizeof(*http));

	if (!http)
		return -ENOMEM;
	http->limit = options->limit;
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (!http->multi || !http->easy || !prepare(http, options)) {
		sk_http_destroy(http);
		return -ENOMEM;
	}
	*ret_http = http;
	return 0;
}

void sk_http_destroy(struct sk_http *http)
{
	if (!http)
		return;
	if (http->easy)
		curl_easy_cleanup(http->easy);
	if (http->multi)
		curl_multi_cleanup(http->multi);
	sk_free(http);
}

static CURLcode run(struct sk_http *http)
{
	int running = 1, left;
	CURLMsg *message;

	while (!atomic_load(&http->interrupted)) {
		if (curl_multi_perform(http->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (!running)
			break;
		if (curl_multi_poll(http->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return CURLE_FAILED_INIT;
	}
	if (running)
		return CURLE_ABORTED_BY_CALLBACK;
	message = curl_multi_info_read(http->multi, &left);
	return message ? message->data.result : CURLE_FAILED_INIT;
}

static int error_of(const struct sk_http *http, CURLcode code)
{
	if (http->too_large)
		return -E2BIG;
	if (http->body->failed || code == CURLE_OUT_OF_MEMORY)
		return -ENOMEM;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return -ECANCELED;
	if (code == CURLE_COULDNT_CONNECT)
		return -ENOTCONN;
	return code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EBADMSG;
}

int sk_http_get(struct sk_http *http, const char *path, struct sk_buffer *body)
{
	struct sk_buffer url = {0};
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	sk_buffer_clear(body);
	http->body = body;
	http->too_large = false;
	sk_buffer_printf(&url, "http://runtime%s", path);
	if (!url.failed)
		code = curl_easy_setopt(http->easy, CURLOPT_URL, url.bytes);
	sk_buffer_release(&url);
	if (code == CURLE_OK && curl_multi_add_handle(http->multi, http->easy) == CURLM_OK) {
		code = run(http);
		curl_multi_remove_handle(http->multi, http->easy);
	}
	if (code == CURLE_OK)
		curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && (status < 100 || status > 599))
		code = CURLE_WEIRD_SERVER_REPLY;
	return code == CURLE_OK ? (int)status : error_of(http, code);
}

void sk_http_interrupt(struct sk_http *http)
{
	atomic_store(&http->interrupted, true);
	curl_multi_wakeup(http->multi);
}
