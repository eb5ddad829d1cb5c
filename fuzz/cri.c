/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as what a gRPC server sends.  The first byte says where they are put:
 *
 *   0   HTTP/2 to the exchange; the message that comes out of it goes on
 *   1   messages of CRI about a container, its pod and its image
 *   2   messages of CRI about a pod's sandbox
 *   3   messages of containerd's own API
 *
 * Two bytes in front of each message are its length.  What is made of them is
 * metadata that the state can read, about the container that was asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/containers/cri_print.h"
#include "runtime/containers/exchange.h"
#include "runtime/state/container.h"

#define ID "0123456789ab"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *id, const struct sk_buffer *json)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_containers *containers = sk_containers_create(pool);
	const struct sk_container *read = sk_containers_update(containers, json->bytes, json->length);

	if (!read || strcmp(read->id->bytes, id) != 0)
		abort();
	sk_containers_destroy(containers);
	sk_string_pool_destroy(pool);
}

static struct sk_answer take_message(const uint8_t **data, size_t *size)
{
	struct sk_answer message = {0};

	if (*size < 2)
		return message;
	message = (struct sk_answer){(const char *)*data + 2, (size_t)(*data)[0] << 8 | (*data)[1]};
	if (message.length > *size - 2)
		message.length = *size - 2;
	*data += 2 + message.length;
	*size -= 2 + message.length;
	return message;
}

static void print_cri(struct sk_answer container, struct sk_answer pod, struct sk_answer image)
{
	const struct sk_cri_answers answers = {
		.id = ID, .type = SK_CONTAINER_CRI, .container = container, .pod = pod, .image = image};
	struct sk_buffer json = {0};
	char text[80];

	sk_cri_type(&image);
	sk_cri_listed_pod_id(&pod, ID, text, sizeof(text));
	if (sk_cri_pod_id(&answers, text, sizeof(text)) == 0 && strlen(text) != 64)
		abort();
	if (sk_cri_image_name(&answers, text, sizeof(text)) == 0 && strlen(text) == 0)
		abort();
	if (sk_cri_print(&answers, &json) == 0)
		check(ID, &json);
	sk_buffer_release(&json);
}

static void print_native(struct sk_answer containers, struct sk_answer image)
{
	const struct sk_native_answers answers = {.id = "cafe01", .containers = containers, .image = image};
	struct sk_buffer json = {0};
	char text[80];

	sk_native_namespaces(&containers, &json);
	sk_native_image_name(&answers, text, sizeof(text));
	if (sk_native_print(&answers, &json) == 0)
		check("cafe01", &json);
	sk_buffer_release(&json);
}

static void exchange_bytes(const uint8_t *data, size_t size)
{
	const struct sk_buffer question = {.bytes = (char[]){"\x0a\x01x"}, .length = 3};
	const struct sk_grpc_call call = {.path = "/a.B/C", .message = &question};
	struct sk_buffer message = {0};
	struct sk_exchange *exchange;
	const uint8_t *bytes;
	size_t step = size ? data[0] + 1u : 1;

	if (sk_exchange_create(&call, 1 << 16, &exchange) < 0)
		abort();
	for (size_t at = 0; at < size && !sk_exchange_is_over(exchange); at += step) {
		while (sk_exchange_give(exchange, &bytes) > 0)
			;
		if (sk_exchange_take(exchange, data + at, size - at < step ? size - at : step) < 0)
			break;
	}
	if (sk_exchange_finish(exchange, &message) == 0) {
		const struct sk_answer answer = {message.bytes, message.length};

		if (message.length > 1 << 16)
			abort();
		print_cri(answer, (struct sk_answer){0}, (struct sk_answer){0});
	}
	sk_buffer_release(&message);
	sk_exchange_destroy(exchange);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_answer first, second, third;
	uint8_t kind;

	if (size == 0)
		return 0;
	kind = *data++;
	size--;
	if (kind == 0) {
		exchange_bytes(data, size);
		return 0;
	}
	first = take_message(&data, &size);
	second = take_message(&data, &size);
	third = take_message(&data, &size);
	if (kind == 3)
		print_native(first, second);
	else
		print_cri(kind == 1 ? first : (struct sk_answer){0}, kind == 1 ? second : first,
			  kind == 1 ? third : second);
	return 0;
}
