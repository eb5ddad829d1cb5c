/* SPDX-License-Identifier: Apache-2.0 */
/* A container's metadata as the event that tells of it has it: the opposite of sk_containers_update(). */
#include <errno.h>

#include <jansson.h>

#include "runtime/state/container.h"

/* Text that was cut in the middle of a character is left out, as if it had not been told. */
static void set_text(json_t *object, const char *key, const struct sk_string *text)
{
	if (text->length > 0)
		json_object_set_new(object, key, json_stringn(text->bytes, text->length));
}

static json_t *labels_of(const struct sk_label *labels, uint32_t count)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < count; i++)
		json_object_set_new(object, labels[i].key->bytes,
				    json_stringn(labels[i].value->bytes, labels[i].value->length));
	return object;
}

static json_t *mounts_of(const struct sk_container *container)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < container->mount_count; i++) {
		const struct sk_mount *mount = &container->mounts[i];
		json_t *object = json_object();

		set_text(object, "Source", mount->source);
		set_text(object, "Destination", mount->destination);
		set_text(object, "Mode", mount->mode);
		set_text(object, "Propagation", mount->propagation);
		json_object_set_new(object, "RW", json_boolean(mount->read_write));
		json_array_append_new(array, object);
	}
	return array;
}

static int append(const char *bytes, size_t size, void *buffer)
{
	sk_buffer_append(buffer, bytes, size);
	return 0;
}

int sk_container_print(const struct sk_container *container, struct sk_buffer *buffer)
{
	json_t *object = json_object(), *root = json_object();
	int result;

	set_text(object, "id", container->id);
	set_text(object, "full_id", container->full_id);
	set_text(object, "name", container->name);
	set_text(object, "image", container->image);
	set_text(object, "imagerepo", container->image_repository);
	set_text(object, "imagetag", container->image_tag);
	set_text(object, "imagedigest", container->image_digest);
	set_text(object, "imageid", container->image_id);
	set_text(object, "ip", container->ip);
	set_text(object, "cni_json", container->cni_json);
	set_text(object, "pod_sandbox_id", container->pod_sandbox_id);
	json_object_set_new(object, "type", json_integer(container->type));
	json_object_set_new(object, "privileged", json_boolean(container->privileged));
	json_object_set_new(object, "host_pid", json_boolean(container->host_pid));
	json_object_set_new(object, "host_network", json_boolean(container->host_network));
	json_object_set_new(object, "host_ipc", json_boolean(container->host_ipc));
	json_object_set_new(object, "labels", labels_of(container->labels, container->label_count));
	json_object_set_new(object, "pod_sandbox_labels",
			    labels_of(container->pod_labels, container->pod_label_count));
	json_object_set_new(object, "Mounts", mounts_of(container));
	json_object_set_new(root, "container", object);
	/* Fails without memory only: every call above passes a NULL on. */
	result = json_dump_callback(root, append, buffer, JSON_COMPACT);
	json_decref(root);
	return result < 0 || buffer->failed ? -ENOMEM : 0;
}
