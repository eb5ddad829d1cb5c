/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as what a container runtime answers, a container's up to the first
 * NUL and its image's behind it: what is made of them is metadata that the
 * state can read.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/containers/inspect.h"
#include "runtime/state/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(enum sk_runtime_kind kind, const struct sk_answer *container, const struct sk_answer *image)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_containers *containers = sk_containers_create(pool);
	struct sk_buffer json = {0};
	const struct sk_container *read;

	if (sk_inspect_print(kind, "0123456789ab", container, image, &json) == 0) {
		read = sk_containers_update(containers, json.bytes, json.length);
		if (!read || read->id->length != 12 || strcmp(read->id->bytes, "0123456789ab") != 0)
			abort();
	}
	sk_buffer_release(&json);
	sk_containers_destroy(containers);
	sk_string_pool_destroy(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = size ? memchr(text, '\0', size) : NULL;
	struct sk_answer container = {text, end ? (size_t)(end - text) : size}, image = {0};
	char path[128];

	if (end)
		image = (struct sk_answer){end + 1, size - container.length - 1};
	if (sk_inspect_image_path(&container, path) == 0 && strlen(path) != strlen("/images/sha256:/json") + 64)
		abort();
	print(SK_RUNTIME_DOCKER, &container, &image);
	print(SK_RUNTIME_PODMAN, &container, &image);
	return 0;
}
