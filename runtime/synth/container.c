/* SPDX-License-Identifier: Apache-2.0 */
/* A container's metadata as the event that tells of it has it (spec/state.md section 8.3). */
#include <string.h>

#include "runtime/alert/shown.h"
#include "runtime/synth/synth_private.h"

static void print_key(const char *key, struct sk_buffer *json)
{
	if (json->length && json->bytes[json->length - 1] != '{' && json->bytes[json->length - 1] != '[')
		sk_buffer_append_char(json, ',');
	sk_json_quote(key, strlen(key), json);
	sk_buffer_append_char(json, ':');
}

static void print_text(const char *key, const char *text, struct sk_buffer *json)
{
	if (!text)
		return;
	print_key(key, json);
	sk_json_quote(text, strlen(text), json);
}

static void print_truth(const char *key, bool truth, struct sk_buffer *json)
{
	print_key(key, json);
	sk_buffer_append_text(json, truth ? "true" : "false");
}

static void print_pairs(const char *key, const struct sk_synth_pair *pairs, uint32_t count, struct sk_buffer *json)
{
	if (!count)
		return;
	print_key(key, json);
	sk_buffer_append_char(json, '{');
	for (uint32_t i = 0; i < count; i++)
		print_text(pairs[i].key, pairs[i].value, json);
	sk_buffer_append_char(json, '}');
}

static void print_mounts(const struct sk_synth_container *container, struct sk_buffer *json)
{
	print_key("Mounts", json);
	sk_buffer_append_char(json, '[');
	for (uint32_t i = 0; i < container->mount_count; i++) {
		sk_buffer_append_text(json, i ? ",{" : "{");
		print_text("Source", container->mounts[i].source, json);
		print_text("Destination", container->mounts[i].destination, json);
		print_text("Mode", container->mounts[i].read_only ? "ro" : "", json);
		print_truth("RW", !container->mounts[i].read_only, json);
		print_text("Propagation", "rprivate", json);
		sk_buffer_append_char(json, '}');
	}
	sk_buffer_append_char(json, ']');
}

/* "registry/name:tag@digest" in its parts. */
static void print_image(const char *image, struct sk_buffer *json)
{
	const char *digest = strchr(image, '@'), *end = digest ? digest : image + strlen(image);
	const char *slash = memrchr(image, '/', (size_t)(end - image)), *name = slash ? slash : image;
	const char *tag = memchr(name, ':', (size_t)(end - name));

	print_text("image", image, json);
	print_key("imagerepo", json);
	sk_json_quote(image, (size_t)((tag ? tag : end) - image), json);
	print_key("imagetag", json);
	sk_json_quote(tag ? tag + 1 : "latest", tag ? (size_t)(end - tag - 1) : 6, json);
	if (digest)
		print_text("imagedigest", digest + 1, json);
}

void sk_synth_print_container(const struct sk_synth_container *container, struct sk_buffer *json)
{
	sk_buffer_append_text(json, "{\"container\":{");
	print_key("id", json);
	sk_json_quote(container->id, SK_CONTAINER_ID_LENGTH, json);
	print_text("full_id", container->id, json);
	print_text("name", container->name, json);
	if (container->image)
		print_image(container->image, json);
	print_text("ip", container->ip, json);
	print_key("type", json);
	sk_buffer_printf(json, "%u", container->type);
	print_truth("privileged", container->privileged, json);
	print_truth("host_pid", container->host_pid, json);
	print_truth("host_network", container->host_network, json);
	print_truth("host_ipc", container->host_ipc, json);
	print_text("pod_sandbox_id", container->pod_sandbox_id, json);
	print_pairs("labels", container->labels, container->label_count, json);
	print_pairs("pod_sandbox_labels", container->pod_labels, container->pod_label_count, json);
	print_mounts(container, json);
	sk_buffer_append_text(json, "}}");
}
