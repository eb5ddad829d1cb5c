/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that are known, by id:
 *
 *   bucket ─► container ─► container ─► NULL
 *
 * and all of them in a ring, by when a thread in them was last heard of: who is
 * the oldest goes when there is no room.
 *
 * Metadata is somebody else's text: its size, the number of containers and of
 * what they list are bounded, a value of another type counts as absent, and so
 * does null.
 */
#include "runtime/state/container.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/state/container_table.h"
#include "runtime/state/string_pool.h"
#include "vm/support/alloc.h"

enum {
	BUCKETS = 1024,
	METADATA_LIMIT = 1 << 20, /* bytes of JSON */
	CONTAINER_LIMIT = 1 << 13,
	ALL_METADATA_LIMIT = 64 << 20, /* bytes of JSON of them all */
	MOUNT_LIMIT = 1024,
	LABEL_LIMIT = 4096,
	ID_LIMIT = 63,
};

struct node {
	struct sk_container container;
	struct node *next;
	struct node *older, *newer; /* in the ring */
	size_t size;                /* of its JSON */
};

struct sk_containers {
	struct sk_string_pool *pool;
	struct node *buckets[BUCKETS];
	struct node ring; /* no container: newer than the newest, older than the oldest */
	uint32_t count;
	size_t size; /* of the JSON of them all */
	uint64_t epoch;
	struct sk_container host;
};

/* Every string member, for what is done to all of them. */
#define STRINGS(container)                                                                                         \
	{                                                                                                          \
		&(container)->id, &(container)->full_id, &(container)->name, &(container)->image,                  \
			&(container)->image_repository, &(container)->image_tag, &(container)->image_digest,       \
			&(container)->image_id, &(container)->ip, &(container)->cni_json,                          \
			&(container)->pod_sandbox_id                                                               \
	}

static void container_init(struct sk_containers *containers, struct sk_container *container)
{
	struct sk_string **const strings[] = STRINGS(container);

	memset(container, 0, sizeof(*container));
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = sk_string_empty(containers->pool);
}

static void labels_release(struct sk_containers *containers, struct sk_label *labels, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		sk_string_drop(containers->pool, labels[i].key);
		sk_string_drop(containers->pool, labels[i].value);
	}
	sk_free(labels);
}

static void container_release(struct sk_containers *containers, struct sk_container *container)
{
	struct sk_string **const strings[] = STRINGS(container);

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		sk_string_drop(containers->pool, *strings[i]);
	for (uint32_t i = 0; i < container->mount_count; i++) {
		sk_string_drop(containers->pool, container->mounts[i].source);
		sk_string_drop(containers->pool, container->mounts[i].destination);
		sk_string_drop(containers->pool, container->mounts[i].mode);
		sk_string_drop(containers->pool, container->mounts[i].propagation);
	}
	sk_free(container->mounts);
	labels_release(containers, container->labels, container->label_count);
	labels_release(containers, container->pod_labels, container->pod_label_count);
}

struct sk_containers *sk_containers_create(struct sk_string_pool *pool)
{
	struct sk_containers *containers = sk_alloc_zeroed(1, sizeof(*containers));
	struct sk_container *host;

	if (!containers)
		return NULL;
	containers->pool = pool;
	containers->ring.older = containers->ring.newer = &containers->ring;
	host = &containers->host;
	container_init(containers, host);
	host->known = true;
	host->type = SK_CONTAINER_HOST;
	host->id = sk_string_new(pool, "host", 4);
	host->full_id = sk_string_share(host->id);
	host->name = sk_string_share(host->id);
	if (host->id->length == 0) {
		sk_free(containers);
		return NULL;
	}
	return containers;
}

void sk_containers_clear(struct sk_containers *containers)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		while (containers->buckets[i]) {
			struct node *next = containers->buckets[i]->next;

			container_release(containers, &containers->buckets[i]->container);
			sk_free(containers->buckets[i]);
			containers->buckets[i] = next;
		}
	containers->ring.older = containers->ring.newer = &containers->ring;
	containers->count = 0;
	containers->size = 0;
	containers->epoch++;
}

void sk_containers_destroy(struct sk_containers *containers)
{
	if (!containers)
		return;
	sk_containers_clear(containers);
	container_release(containers, &containers->host);
	sk_free(containers);
}

uint64_t sk_containers_epoch(const struct sk_containers *containers)
{
	return containers->epoch;
}

const struct sk_container *sk_containers_host(const struct sk_containers *containers)
{
	return &containers->host;
}

static unsigned bucket_of(const char *id, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)id[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

/* The link that leads to the container, or the one at the end of its bucket. */
static struct node **link_of(struct sk_containers *containers, const char *id, size_t length)
{
	struct node **link = &containers->buckets[bucket_of(id, length)];

	while (*link && !sk_string_equal((*link)->container.id, id, length))
		link = &(*link)->next;
	return link;
}

const struct sk_container *sk_containers_find(const struct sk_containers *containers, const char *id, size_t length)
{
	const struct node *node;

	if (length == 4 && memcmp(id, "host", 4) == 0)
		return &containers->host;
	if (containers->count == 0)
		return NULL;
	node = containers->buckets[bucket_of(id, length)];
	while (node && !sk_string_equal(node->container.id, id, length))
		node = node->next;
	return node ? &node->container : NULL;
}

const struct sk_container *sk_containers_next(const struct sk_containers *containers,
					      struct sk_containers_cursor *cursor)
{
	for (; cursor->bucket < BUCKETS; cursor->bucket++, cursor->position = 0) {
		const struct node *node = containers->buckets[cursor->bucket];

		for (uint32_t i = 0; node && i < cursor->position; i++)
			node = node->next;
		for (; node; node = node->next) {
			cursor->position++;
			if (node->container.known)
				return &node->container;
		}
	}
	return NULL;
}

static void leave_ring(struct node *node)
{
	node->older->newer = node->newer;
	node->newer->older = node->older;
}

static void join_ring(struct sk_containers *containers, struct node *node)
{
	node->newer = &containers->ring;
	node->older = containers->ring.older;
	node->older->newer = node;
	containers->ring.older = node;
}

void sk_containers_touch(struct sk_containers *containers, const char *id, size_t length)
{
	struct node *node = containers->count ? *link_of(containers, id, length) : NULL;

	if (node && containers->ring.older != node) {
		leave_ring(node);
		join_ring(containers, node);
	}
}

const struct sk_container *sk_containers_surplus(const struct sk_containers *containers)
{
	if (containers->count <= 1 ||
	    (containers->count <= CONTAINER_LIMIT && containers->size <= ALL_METADATA_LIMIT))
		return NULL;
	return &containers->ring.newer->container;
}

/* Out of everything but its own memory. */
static void take_out(struct sk_containers *containers, struct node **link)
{
	struct node *node = *link;

	*link = node->next;
	leave_ring(node);
	containers->count--;
	containers->size -= node->size;
}

void sk_containers_remove(struct sk_containers *containers, const char *id, size_t length)
{
	struct node **link = link_of(containers, id, length), *node = *link;

	if (!node)
		return;
	containers->epoch++;
	take_out(containers, link);
	container_release(containers, &node->container);
	sk_free(node);
}

/* A blank container with this id, for `size` bytes of JSON, in place of what was known of it; NULL without room. */
static struct sk_container *obtain(struct sk_containers *containers, const char *id, size_t length, size_t size)
{
	struct node **link = link_of(containers, id, length), *node = *link;

	containers->epoch++;
	if (node) {
		container_release(containers, &node->container);
		leave_ring(node);
	} else {
		/* One more than the limit, until the surplus is removed. */
		if (containers->count > CONTAINER_LIMIT)
			return NULL;
		node = sk_alloc(sizeof(*node));
		if (!node)
			return NULL;
		node->next = NULL;
		node->size = 0;
		*link = node;
		containers->count++;
	}
	join_ring(containers, node);
	containers->size += size - node->size;
	node->size = size;
	container_init(containers, &node->container);
	node->container.id = sk_string_new(containers->pool, id, length);
	if (node->container.id->length != length) {
		/* An entry without its id could never be found again. */
		take_out(containers, link);
		sk_free(node);
		return NULL;
	}
	return &node->container;
}

const struct sk_container *sk_containers_synthesise(struct sk_containers *containers, const char *id, size_t length,
						    uint16_t type)
{
	struct sk_container *container;

	if (length == 0 || length > ID_LIMIT || sk_containers_find(containers, id, length))
		return sk_containers_find(containers, id, length);
	container = obtain(containers, id, length, length);
	if (!container)
		return NULL;
	container->known = true;
	container->type = type;
	container->full_id = sk_string_share(container->id);
	return container;
}

/* --- metadata ---------------------------------------------------------- */

static struct sk_string *take_text(struct sk_containers *containers, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return sk_string_new(containers->pool, json_string_value(value), json_string_length(value));
}

static bool take_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static int compare_labels(const void *left, const void *right)
{
	return strcmp(((const struct sk_label *)left)->key->bytes, ((const struct sk_label *)right)->key->bytes);
}

/* Outputs list labels in the order of their keys. */
static struct sk_label *take_labels(struct sk_containers *containers, json_t *object, uint32_t *ret_count)
{
	size_t size = json_object_size(object);
	struct sk_label *labels;
	const char *key;
	json_t *value;
	uint32_t count = 0;

	*ret_count = 0;
	if (size == 0)
		return NULL;
	if (size > LABEL_LIMIT)
		size = LABEL_LIMIT;
	labels = sk_alloc_zeroed(size, sizeof(*labels));
	if (!labels)
		return NULL;
	json_object_foreach(object, key, value)
	{
		if (count == size)
			break;
		if (!json_is_string(value))
			continue;
		labels[count++] = (struct sk_label){
			.key = sk_string_new(containers->pool, key, strlen(key)),
			.value = sk_string_new(containers->pool, json_string_value(value),
					       json_string_length(value)),
		};
	}
	qsort(labels, count, sizeof(*labels), compare_labels);
	*ret_count = count;
	return labels;
}

static void take_mounts(struct sk_containers *containers, struct sk_container *container, const json_t *array)
{
	size_t size = json_array_size(array);

	if (size == 0)
		return;
	if (size > MOUNT_LIMIT)
		size = MOUNT_LIMIT;
	container->mounts = sk_alloc_zeroed(size, sizeof(*container->mounts));
	if (!container->mounts)
		return;
	for (size_t i = 0; i < size; i++) {
		const json_t *mount = json_array_get(array, i);

		if (!json_is_object(mount))
			continue;
		container->mounts[container->mount_count++] = (struct sk_mount){
			.source = take_text(containers, mount, "Source"),
			.destination = take_text(containers, mount, "Destination"),
			.mode = take_text(containers, mount, "Mode"),
			.propagation = take_text(containers, mount, "Propagation"),
			.read_write = take_bool(mount, "RW"),
		};
	}
}

/*
 * The object that describes the container: the one under the key "container",
 * or, of the oldest captures, the outer one.  The caller drops `*ret_root`.
 */
static json_t *load(const char *json, size_t length, json_t **ret_root)
{
	json_t *root, *inner, *id;

	*ret_root = NULL;
	while (length > 0 && json[length - 1] == '\0')
		length--;
	if (length == 0 || length > METADATA_LIMIT)
		return NULL;
	root = json_loadb(json, length, 0, NULL);
	if (!root)
		return NULL;
	*ret_root = root;
	inner = json_object_get(root, "container");
	if (!json_is_object(inner))
		inner = root;
	id = json_object_get(inner, "id");
	if (!json_is_string(id) || json_string_length(id) == 0 || json_string_length(id) > ID_LIMIT)
		return NULL;
	return inner;
}

const struct sk_container *sk_containers_update(struct sk_containers *containers, const char *json, size_t length)
{
	json_t *root, *object = load(json, length, &root), *id = json_object_get(object, "id"), *type;
	struct sk_container *container = NULL;
	const char *text = json_string_value(id);

	if (object && strcmp(text, "host") == 0) {
		json_decref(root);
		return &containers->host;
	}
	if (object)
		container = obtain(containers, text, json_string_length(id), length);
	if (!container) {
		json_decref(root);
		return NULL;
	}
	container->known = true;
	container->full_id = take_text(containers, object, "full_id");
	container->name = take_text(containers, object, "name");
	container->image = take_text(containers, object, "image");
	container->image_repository = take_text(containers, object, "imagerepo");
	container->image_tag = take_text(containers, object, "imagetag");
	container->image_digest = take_text(containers, object, "imagedigest");
	container->image_id = take_text(containers, object, "imageid");
	container->ip = take_text(containers, object, "ip");
	container->cni_json = take_text(containers, object, "cni_json");
	container->pod_sandbox_id = take_text(containers, object, "pod_sandbox_id");
	type = json_object_get(object, "type");
	container->type =
		json_is_integer(type) && json_integer_value(type) >= 0 && json_integer_value(type) <= UINT16_MAX
			? (uint16_t)json_integer_value(type)
			: SK_CONTAINER_UNKNOWN;
	container->privileged = take_bool(object, "privileged");
	container->host_pid = take_bool(object, "host_pid");
	container->host_network = take_bool(object, "host_network");
	container->host_ipc = take_bool(object, "host_ipc");
	take_mounts(containers, container, json_object_get(object, "Mounts"));
	container->labels = take_labels(containers, json_object_get(object, "labels"), &container->label_count);
	container->pod_labels =
		take_labels(containers, json_object_get(object, "pod_sandbox_labels"), &container->pod_label_count);
	json_decref(root);
	return container;
}

unsigned sk_container_id_from_metadata(const char *json, size_t length, char ret_id[64])
{
	json_t *root, *object = load(json, length, &root), *id = json_object_get(object, "id");
	size_t size = json_string_length(id);

	ret_id[0] = '\0';
	if (object)
		memcpy(ret_id, json_string_value(id), size + 1);
	json_decref(root);
	return object ? (unsigned)size : 0;
}
