/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/containers/asker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/containers/cri.h"
#include "runtime/containers/http.h"
#include "runtime/containers/inspect.h"
#include "runtime/state/container.h"
#include "vm/support/alloc.h"

enum { ANSWER_LIMIT = 4 << 20 }; /* bytes */

struct sk_asker {
	enum sk_runtime_kind kind;
	struct sk_http *http; /* of docker and podman */
	struct sk_cri *cri;
	struct sk_buffer container, image; /* bodies */
};

int sk_asker_create(enum sk_runtime_kind kind, const char *socket, unsigned timeout_ms, struct sk_asker **ret_asker)
{
	const struct sk_http_options http = {.socket = socket, .timeout_ms = timeout_ms, .limit = ANSWER_LIMIT};
	const struct sk_grpc_options grpc = {.socket = socket, .timeout_ms = timeout_ms, .limit = ANSWER_LIMIT};
	struct sk_asker *asker = sk_alloc_zeroed(1, sizeof(*asker));
	int result;

	if (!asker)
		return -ENOMEM;
	asker->kind = kind;
	result = kind == SK_RUNTIME_CRI ? sk_cri_create(&grpc, &asker->cri) : sk_http_create(&http, &asker->http);
	if (result < 0) {
		sk_free(asker);
		return result;
	}
	*ret_asker = asker;
	return 0;
}

void sk_asker_destroy(struct sk_asker *asker)
{
	if (!asker)
		return;
	sk_http_destroy(asker->http);
	sk_cri_destroy(asker->cri);
	sk_buffer_release(&asker->container);
	sk_buffer_release(&asker->image);
	sk_free(asker);
}

/* It becomes a part of a path, or of a filter: nothing but these. */
bool sk_asker_may_know(enum sk_runtime_kind kind, const char *id, size_t length)
{
	static const char hexadecimal[] = "0123456789abcdef",
			  words[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *allowed = kind == SK_RUNTIME_CRI ? words : hexadecimal;

	if (length == 0 || length > SK_CONTAINER_ID_LENGTH ||
	    (length < SK_CONTAINER_ID_LENGTH && kind != SK_RUNTIME_CRI))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!id[i] || !strchr(allowed, id[i]))
			return false;
	return true;
}

static struct sk_answer answer_in(const struct sk_buffer *buffer)
{
	return (struct sk_answer){buffer->bytes, buffer->length};
}

static int ask_over_http(struct sk_asker *asker, const char *id, struct sk_buffer *json)
{
	struct sk_answer container, image = {0};
	char path[128];
	int status;

	snprintf(path, sizeof(path), "%s/containers/%s/json",
		 asker->kind == SK_RUNTIME_PODMAN ? "/v4.0.0/libpod" : "", id);
	status = sk_http_get(asker->http, path, &asker->container);
	if (status != 200)
		return status < 0 ? status : -ENOENT;
	container = answer_in(&asker->container);
	if (asker->kind == SK_RUNTIME_DOCKER && sk_inspect_image_path(&container, path) == 0 &&
	    sk_http_get(asker->http, path, &asker->image) == 200)
		image = answer_in(&asker->image);
	return sk_inspect_print(asker->kind, id, &container, &image, json);
}

int sk_asker_ask(struct sk_asker *asker, const char *id, struct sk_buffer *json)
{
	return asker->cri ? sk_cri_ask(asker->cri, id, json) : ask_over_http(asker, id, json);
}

void sk_asker_interrupt(struct sk_asker *asker)
{
	if (asker->cri)
		sk_cri_interrupt(asker->cri);
	else
		sk_http_interrupt(asker->http);
}
