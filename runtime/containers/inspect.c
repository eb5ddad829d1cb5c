/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both runtimes' answers have nearly the same shape; the differences are where
 * the name of the image, its id and its digest are.
 *
 * Invariant: what is printed is no longer than METADATA_LIMIT, whatever the
 * answer holds: labels, then mounts are left out when it would be.
 */
#include "runtime/containers/inspect.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/state/container.h"

enum {
	METADATA_LIMIT = 256 << 10, /* bytes */
	TEXT_LIMIT = 4096,
	LABEL_LIMIT = 512,
	MOUNT_LIMIT = 256,
	FULL_ID = 64,
};

/* A part of a text that somebody else owns. */
struct part {
	const char *bytes;
	size_t length;
};

static struct part part_of(const json_t *value)
{
	size_t length = json_string_length(value);

	if (!json_is_string(value) || length > TEXT_LIMIT)
		return (struct part){"", 0};
	return (struct part){json_string_value(value), length};
}

static struct part text_at(const json_t *object, const char *key)
{
	return part_of(json_object_get(object, key));
}

static bool is_hexadecimal(struct part text)
{
	return text.length > 0 && strspn(text.bytes, "0123456789abcdef") >= text.length;
}

static struct part without_prefix(struct part text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (text.length >= length && memcmp(text.bytes, prefix, length) == 0)
		return (struct part){text.bytes + length, text.length - length};
	return text;
}

static json_t *load(const struct sk_answer *answer)
{
	json_t *root = answer->length ? json_loadb(answer->bytes, answer->length, 0, NULL) : NULL;

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

int sk_inspect_image_path(const struct sk_answer *container, char ret_path[128])
{
	json_t *root = load(container);
	struct part id = without_prefix(text_at(root, "Image"), "sha256:");
	bool usable = id.length == FULL_ID && is_hexadecimal(id);

	if (usable)
		snprintf(ret_path, 128, "/images/sha256:%.*s/json", (int)id.length, id.bytes);
	json_decref(root);
	return usable ? 0 : -ENOENT;
}

/* --- images ------------------------------------------------------------------ */

/* "registry:5000/name:tag@sha256:..." in its parts. */
struct reference {
	struct part repository, tag, digest;
};

static struct reference split_reference(struct part text)
{
	const char *at = memchr(text.bytes, '@', text.length);
	size_t named = at ? (size_t)(at - text.bytes) : text.length;
	const char *slash = memrchr(text.bytes, '/', named), *name = slash ? slash : text.bytes;
	const char *colon = memchr(name, ':', named - (size_t)(name - text.bytes));
	struct reference reference = {.repository = {text.bytes, colon ? (size_t)(colon - text.bytes) : named}};

	if (colon)
		reference.tag = (struct part){colon + 1, named - (size_t)(colon + 1 - text.bytes)};
	if (at)
		reference.digest = (struct part){at + 1, text.length - named - 1};
	return reference;
}

/* The first of a list of references that is of this repository, or of any if that is empty. */
static struct reference find_reference(const json_t *list, struct part repository)
{
	for (size_t i = 0; i < json_array_size(list) && i < LABEL_LIMIT; i++) {
		struct reference found = split_reference(part_of(json_array_get(list, i)));

		if (found.repository.length &&
		    (!repository.length ||
		     (found.repository.length == repository.length &&
		      memcmp(found.repository.bytes, repository.bytes, repository.length) == 0)))
			return found;
	}
	return (struct reference){0};
}

/* As Docker names what it runs; a bare id is no name. */
static struct reference docker_reference(struct part name, const json_t *image)
{
	const json_t *digests = json_object_get(image, "RepoDigests"), *tags = json_object_get(image, "RepoTags");
	struct part bare = without_prefix(name, "sha256:");
	struct reference own = {0}, digest, tag;

	if (bare.bytes == name.bytes && !(is_hexadecimal(name) && name.length >= SK_CONTAINER_ID_LENGTH))
		own = split_reference(name);
	/* Of the repository that the container was started from, if the image has it there, else of any. */
	digest = find_reference(digests, own.repository);
	if (!digest.repository.length)
		digest = find_reference(digests, (struct part){"", 0});
	tag = find_reference(tags, own.repository.length ? own.repository : digest.repository);
	if (!own.repository.length)
		own.repository = digest.repository.length ? digest.repository : tag.repository;
	if (!own.tag.length)
		own.tag = tag.tag;
	if (!own.digest.length)
		own.digest = digest.digest;
	return own;
}

/* --- printing ------------------------------------------------------------------ */

static void set(json_t *object, const char *key, struct part text)
{
	json_object_set_new(object, key, json_stringn(text.length ? text.bytes : "", text.length));
}

static void set_truth(json_t *object, const char *key, bool truth)
{
	json_object_set_new(object, key, json_boolean(truth));
}

static bool is_host(const json_t *object, const char *key)
{
	struct part text = text_at(object, key);

	return text.length == 4 && memcmp(text.bytes, "host", 4) == 0;
}

static void set_number(json_t *object, const char *key, const json_t *value, json_int_t otherwise)
{
	json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;

	json_object_set_new(object, key, json_integer(number > 0 ? number : otherwise));
}

static json_t *make_labels(json_t *labels)
{
	json_t *made = json_object(), *value;
	const char *key;

	json_object_foreach(labels, key, value)
	{
		struct part text = part_of(value);

		if (json_object_size(made) == LABEL_LIMIT)
			break;
		if (strlen(key) <= TEXT_LIMIT && json_is_string(value))
			json_object_set_new(made, key, json_stringn(text.bytes, text.length));
	}
	return made;
}

static json_t *make_mounts(const json_t *mounts)
{
	static const char *const keys[] = {"Source", "Destination", "Mode", "Propagation"};
	json_t *made = json_array();

	for (size_t i = 0; i < json_array_size(mounts) && i < MOUNT_LIMIT; i++) {
		const json_t *mount = json_array_get(mounts, i);
		json_t *entry;

		if (!json_is_object(mount))
			continue;
		entry = json_object();
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			set(entry, keys[k], text_at(mount, keys[k]));
		set_truth(entry, "RW", json_is_true(json_object_get(mount, "RW")));
		json_array_append_new(made, entry);
	}
	return made;
}

/* Seconds since the epoch of "2026-11-22T03:37:22.129460252+01:00"; 0 if it is none. */
static json_int_t read_time(struct part text)
{
	struct tm parts = {0};
	int hours, minutes;
	const char *rest;
	char sign, copy[64];
	time_t time;

	if (text.length >= sizeof(copy))
		return 0;
	memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &parts);
	if (!rest)
		return 0;
	time = timegm(&parts);
	rest += strspn(rest, ".0123456789");
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && hours >= 0 && minutes >= 0 &&
	    (sign == '+' || sign == '-'))
		time -= (sign == '+' ? 60 : -60) * (hours * 60 + minutes);
	return time > 0 ? time : 0;
}

static void set_resources(json_t *made, const json_t *host)
{
	set_number(made, "cpu_period", json_object_get(host, "CpuPeriod"), 100000);
	set_number(made, "cpu_quota", json_object_get(host, "CpuQuota"), 0);
	set_number(made, "cpu_shares", json_object_get(host, "CpuShares"), 1024);
	set_number(made, "memory_limit", json_object_get(host, "Memory"), 0);
	set_number(made, "swap_limit", json_object_get(host, "MemorySwap"), 0);
}

static json_t *make_container(enum sk_runtime_kind kind, json_t *container, const json_t *image)
{
	const json_t *config = json_object_get(container, "Config"),
		     *host = json_object_get(container, "HostConfig");
	struct part full_id = text_at(container, "Id"), name = without_prefix(text_at(container, "Name"), "/");
	struct part image_name =
		kind == SK_RUNTIME_PODMAN ? text_at(container, "ImageName") : text_at(config, "Image");
	json_t *made = json_object(), *labels = json_object_get(config, "Labels");
	struct reference reference;

	if (kind == SK_RUNTIME_PODMAN) {
		reference = split_reference(image_name);
		reference.digest = text_at(container, "ImageDigest");
	} else {
		reference = docker_reference(image_name, image);
	}
	set(made, "id", (struct part){full_id.bytes, SK_CONTAINER_ID_LENGTH});
	set(made, "full_id", full_id);
	json_object_set_new(made, "type",
			    json_integer(kind == SK_RUNTIME_PODMAN ? SK_CONTAINER_PODMAN : SK_CONTAINER_DOCKER));
	set(made, "name", name);
	set(made, "image", image_name);
	set(made, "imagerepo", reference.repository);
	set(made, "imagetag", reference.tag);
	set(made, "imagedigest", reference.digest);
	set(made, "imageid", without_prefix(text_at(container, "Image"), "sha256:"));
	set(made, "User", text_at(config, "User"));
	set(made, "ip", text_at(json_object_get(container, "NetworkSettings"), "IPAddress"));
	set(made, "pod_sandbox_id", text_at(labels, "io.kubernetes.sandbox.id"));
	set_truth(made, "is_pod_sandbox", memmem(name.bytes, name.length, "k8s_POD", 7) != NULL);
	set_truth(made, "privileged", json_is_true(json_object_get(host, "Privileged")));
	set_truth(made, "host_pid", is_host(host, "PidMode"));
	set_truth(made, "host_network", is_host(host, "NetworkMode"));
	set_truth(made, "host_ipc", is_host(host, "IpcMode"));
	json_object_set_new(made, "created_time", json_integer(read_time(text_at(container, "Created"))));
	set_resources(made, host);
	json_object_set_new(made, "Mounts", make_mounts(json_object_get(container, "Mounts")));
	json_object_set_new(made, "labels", make_labels(labels));
	json_object_set_new(made, "lookup_state", json_integer(1));
	return made;
}

static int append(const char *bytes, size_t length, void *context)
{
	struct sk_buffer *json = context;

	sk_buffer_append(json, bytes, length);
	return json->failed || json->length > METADATA_LIMIT ? -1 : 0;
}

/* Prints `made`, leaving out what is many until it is not too long. */
static int print(json_t *made, struct sk_buffer *json)
{
	static const char *const many[] = {"labels", "Mounts"};

	for (size_t i = 0;; i++) {
		sk_buffer_clear(json);
		sk_buffer_append_text(json, "{\"container\":");
		if (json_dump_callback(made, append, json, JSON_COMPACT) == 0) {
			sk_buffer_append_char(json, '}');
			return json->failed ? -ENOMEM : 0;
		}
		if (json->failed || i == sizeof(many) / sizeof(many[0]))
			return json->failed ? -ENOMEM : -EBADMSG;
		json_object_del(made, many[i]);
	}
}

int sk_inspect_print(enum sk_runtime_kind kind, const char *id, const struct sk_answer *container,
		     const struct sk_answer *image, struct sk_buffer *ret_json)
{
	json_t *root = load(container), *image_root = load(image), *made;
	struct part full_id = text_at(root, "Id");
	int result = -EBADMSG;

	/* Who is asked for one container must not describe another. */
	if (full_id.length == FULL_ID && is_hexadecimal(full_id) && strlen(id) == SK_CONTAINER_ID_LENGTH &&
	    memcmp(full_id.bytes, id, SK_CONTAINER_ID_LENGTH) == 0) {
		made = make_container(kind, root, image_root);
		result = print(made, ret_json);
		json_decref(made);
	}
	json_decref(root);
	json_decref(image_root);
	return result;
}
