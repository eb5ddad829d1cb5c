/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of a case: an image, or a mapping of what its runtime tells. */
#include <ctype.h>
#include <string.h>

#include "cli/test/world.h"

enum { FULL_ID = 64, PAIR_LIMIT = 1000 };

static const struct type {
	const char *name;
	uint16_t type;
} types[] = {
	{"docker", SK_CONTAINER_DOCKER},         {"lxc", SK_CONTAINER_LXC},    {"cri", SK_CONTAINER_CRI},
	{"containerd", SK_CONTAINER_CONTAINERD}, {"cri-o", SK_CONTAINER_CRIO}, {"podman", SK_CONTAINER_PODMAN},
};

static const char *next_type(void *state)
{
	size_t *next = state;

	return *next < sizeof(types) / sizeof(types[0]) ? types[(*next)++].name : NULL;
}

static void decode_type(struct sk_test_reader *reader, const struct sk_yaml_node *node, uint16_t *ret_type)
{
	const char *text = sk_test_key_text(reader, node, "type");
	size_t next = 0;

	if (!text)
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, text) == 0) {
			*ret_type = types[i].type;
			return;
		}
	}
	sk_test_report(reader, sk_yaml_get(node, "type")->span,
		       sk_test_suggest(reader, text, strlen(text), next_type, &next),
		       "'%s' is no type of container", text);
}

/* An id as it is shown has 12 digits, the whole one 64: what is not given is zero. */
static const char *complete_id(struct sk_test_reader *reader, const char *given, struct sk_span span)
{
	char *id = sk_test_alloc(reader, 1, FULL_ID + 1);
	size_t length = given ? strlen(given) : 0;

	if (!id)
		return NULL;
	if (!given)
		given = "7e57c0de0001", length = 12;
	for (size_t i = 0; i < length; i++) {
		if (!isxdigit((unsigned char)given[i]) || length < SK_CONTAINER_ID_LENGTH || length > FULL_ID) {
			sk_test_report(reader, span, NULL, "the id of a container is 12 to 64 hexadecimal digits");
			return NULL;
		}
	}
	memset(id, '0', FULL_ID);
	memcpy(id, given, length);
	return id;
}

/* A mapping of texts. */
static struct sk_synth_pair *decode_pairs(struct sk_test_reader *reader, const struct sk_yaml_node *node,
					  const char *what, uint32_t more, uint32_t *ret_count)
{
	struct sk_synth_pair *pairs;

	*ret_count = 0;
	if (node && !sk_test_check_keys(reader, node, what, NULL))
		node = NULL;
	if (node && node->count > PAIR_LIMIT) {
		sk_test_report(reader, node->span, NULL, "%s has more than %d keys", what, PAIR_LIMIT);
		node = NULL;
	}
	pairs = sk_test_alloc(reader, (node ? node->count : 0) + more, sizeof(*pairs));
	for (uint32_t i = 0; pairs && node && i < node->count; i++) {
		if (node->items[i]->kind != SK_YAML_SCALAR) {
			sk_test_report(reader, node->items[i]->span, NULL, "a value of %s is a text", what);
			continue;
		}
		pairs[(*ret_count)++] =
			(struct sk_synth_pair){node->keys[i]->text.bytes, node->items[i]->text.bytes};
	}
	return pairs;
}

/* "/source:/destination:ro" */
static void decode_mounts(struct sk_test_reader *reader, const struct sk_yaml_node *node,
			  struct sk_synth_container *container)
{
	struct sk_synth_mount *mounts;

	if (node->kind != SK_YAML_SEQUENCE || node->count > PAIR_LIMIT) {
		sk_test_report(reader, node->span, NULL,
			       "'mounts' is a list of SOURCE:DESTINATION or SOURCE:DESTINATION:ro");
		return;
	}
	mounts = sk_test_alloc(reader, node->count, sizeof(*mounts));
	for (uint32_t i = 0; mounts && i < node->count; i++) {
		const char *text = sk_test_text(reader, node->items[i], "a mount"), *colon, *mode;

		if (!text)
			continue;
		colon = strchr(text, ':');
		mode = colon ? strchr(colon + 1, ':') : NULL;
		if (!colon || (mode && strcmp(mode, ":ro") != 0 && strcmp(mode, ":rw") != 0)) {
			sk_test_report(reader, node->items[i]->span, NULL,
				       "a mount is SOURCE:DESTINATION or SOURCE:DESTINATION:ro");
			continue;
		}
		mounts[container->mount_count++] = (struct sk_synth_mount){
			.source = sk_arena_copy(reader->arena, text, (size_t)(colon - text)),
			.destination = sk_arena_copy(reader->arena, colon + 1,
						     mode ? (size_t)(mode - colon - 1) : strlen(colon + 1)),
			.read_only = mode && strcmp(mode, ":ro") == 0,
		};
	}
	container->mounts = mounts;
}

/* What Kubernetes tells of a pod is in labels of its container and of the pod's own. */
static void decode_pod(struct sk_test_reader *reader, const struct sk_yaml_node *node,
		       struct sk_synth_container *container)
{
	static const struct {
		const char *key, *label;
	} names[] = {
		{"name", "io.kubernetes.pod.name"},
		{"namespace", "io.kubernetes.pod.namespace"},
		{"uid", "io.kubernetes.pod.uid"},
	};
	static const char *const keys[] = {"name", "namespace", "uid", "labels", "sandbox_id", NULL};
	const struct sk_yaml_node *pod = sk_yaml_get(node, "pod");
	struct sk_synth_pair *labels = decode_pairs(reader, sk_yaml_get(node, "labels"), "'labels'",
						    sizeof(names) / sizeof(names[0]), &container->label_count);

	container->labels = labels;
	if (!pod || !labels || !sk_test_check_keys(reader, pod, "'pod'", keys))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = sk_test_key_text(reader, pod, names[i].key);

		if (text)
			labels[container->label_count++] = (struct sk_synth_pair){names[i].label, text};
	}
	container->pod_labels =
		decode_pairs(reader, sk_yaml_get(pod, "labels"), "'labels'", 0, &container->pod_label_count);
	container->pod_sandbox_id = sk_test_key_text(reader, pod, "sandbox_id");
}

static uint32_t add(struct sk_test_world *world, const char *key, const struct sk_synth_container *container)
{
	static const char *const subsystems[] = {"cpuset", "cpu", "cpuacct", "io", "memory"};
	struct sk_buffer cgroups = {0};
	struct sk_test_container *added;
	void *grown = sk_test_grow(world->reader, world->containers, world->container_count,
				   &world->container_capacity, sizeof(*world->containers));

	if (!grown)
		return SK_TEST_NOBODY;
	world->containers = grown;
	for (size_t i = 0; i < sizeof(subsystems) / sizeof(subsystems[0]); i++) {
		sk_buffer_printf(&cgroups, "%s=/docker/%s", subsystems[i], container->id);
		sk_buffer_append_char(&cgroups, '\0');
	}
	added = &world->containers[world->container_count++];
	*added = (struct sk_test_container){.key = key, .container = *container};
	if (!cgroups.failed)
		added->cgroups =
			(struct sk_bytes){sk_arena_copy(world->reader->arena, cgroups.bytes, cgroups.length),
					  (uint32_t)cgroups.length};
	if (!added->cgroups.bytes)
		world->reader->out_of_memory = true;
	sk_buffer_release(&cgroups);
	return world->container_count;
}

uint32_t sk_test_add_container(struct sk_test_world *world, const struct sk_yaml_node *node)
{
	static const char *const keys[] = {"id",       "name",         "image",    "type",   "ip",  "privileged",
					   "host_pid", "host_network", "host_ipc", "labels", "pod", "mounts",
					   NULL};
	struct sk_test_reader *reader = world->reader;
	struct sk_synth_container container = {.type = SK_CONTAINER_DOCKER};
	struct sk_span span = node->span;
	const char *id = NULL;

	if (node->kind == SK_YAML_SCALAR) {
		container.image = sk_test_text(reader, node, "a container");
		if (!container.image)
			return SK_TEST_NOBODY;
		if (strcmp(container.image, "host") == 0)
			return 0;
	} else {
		if (!sk_test_check_keys(reader, node, "a container", keys))
			return SK_TEST_NOBODY;
		id = sk_test_key_text(reader, node, "id");
		if (id)
			span = sk_yaml_get(node, "id")->span;
		container.name = sk_test_key_text(reader, node, "name");
		container.image = sk_test_key_text(reader, node, "image");
		container.ip = sk_test_key_text(reader, node, "ip");
		decode_type(reader, node, &container.type);
		sk_test_key_truth(reader, node, "privileged", &container.privileged);
		sk_test_key_truth(reader, node, "host_pid", &container.host_pid);
		sk_test_key_truth(reader, node, "host_network", &container.host_network);
		sk_test_key_truth(reader, node, "host_ipc", &container.host_ipc);
		if (sk_yaml_get(node, "mounts"))
			decode_mounts(reader, sk_yaml_get(node, "mounts"), &container);
		decode_pod(reader, node, &container);
	}
	container.id = complete_id(reader, id, span);
	if (!container.id)
		return SK_TEST_NOBODY;
	for (uint32_t i = 0; i < world->container_count; i++) {
		if (strcmp(world->containers[i].container.id, container.id) == 0 && id)
			return i + 1;
	}
	if (!id && world->container_count) {
		char *own = sk_arena_copy(reader->arena, container.id, FULL_ID);

		if (!own)
			return SK_TEST_NOBODY;
		own[11] = (char)('1' + world->container_count % 9);
		container.id = own;
	}
	if (!container.name)
		container.name = "test";
	if (!container.image)
		container.image = "docker.io/library/test:latest";
	return add(world, container.image, &container);
}
