/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both runtimes' answers have nearly the same shape; the differences are where
 * the name of the image, its id and its digest are.
 */
#include "runtime/containers/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/state/container.h"

int sk_inspect_image_path(const struct sk_answer *container, char ret_path[128])
{
	json_t *root = sk_metadata_load(container);
	struct sk_part id = sk_part_without_prefix(sk_part_at(root, "Image"), "sha256:");
	bool usable = id.length == SK_METADATA_FULL_ID && sk_part_is_hexadecimal(id);

	if (usable)
		snprintf(ret_path, 128, "/images/sha256:%.*s/json", (int)id.length, id.bytes);
	json_decref(root);
	return usable ? 0 : -ENOENT;
}

/* --- images ------------------------------------------------------------------ */

/* The first of a list of references that is of this repository, or of any if that is empty. */
static struct sk_reference find_reference(const json_t *list, struct sk_part repository)
{
	for (size_t i = 0; i < json_array_size(list) && i < SK_METADATA_LABEL_LIMIT; i++) {
		struct sk_reference found = sk_reference_split(sk_part_of_json(json_array_get(list, i)));

		if (found.repository.length &&
		    (!repository.length ||
		     (found.repository.length == repository.length &&
		      memcmp(found.repository.bytes, repository.bytes, repository.length) == 0)))
			return found;
	}
	return (struct sk_reference){0};
}

/* As Docker names what it runs; a bare id is no name. */
static struct sk_reference docker_reference(struct sk_part name, const json_t *image)
{
	const json_t *digests = json_object_get(image, "RepoDigests"), *tags = json_object_get(image, "RepoTags");
	struct sk_part bare = sk_part_without_prefix(name, "sha256:");
	struct sk_reference own = {0}, digest, tag;

	if (bare.bytes == name.bytes && !(sk_part_is_hexadecimal(name) && name.length >= SK_CONTAINER_ID_LENGTH))
		own = sk_reference_split(name);
	/* Of the repository that the container was started from, if the image has it there, else of any. */
	digest = find_reference(digests, own.repository);
	if (!digest.repository.length)
		digest = find_reference(digests, (struct sk_part){"", 0});
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

static bool is_host(const json_t *object, const char *key)
{
	return sk_part_equals(sk_part_at(object, key), "host");
}

static json_t *make_labels(json_t *labels)
{
	json_t *made = json_object(), *value;
	const char *key;

	json_object_foreach(labels, key, value)
	{
		if (json_is_string(value))
			sk_metadata_add_label(made, sk_part_of_text(key), sk_part_of_json(value));
	}
	return made;
}

static json_t *make_mounts(const json_t *mounts)
{
	json_t *made = json_array();

	for (size_t i = 0; i < json_array_size(mounts) && i < SK_METADATA_MOUNT_LIMIT; i++) {
		const json_t *mount = json_array_get(mounts, i);
		const struct sk_metadata_mount entry = {
			.source = sk_part_at(mount, "Source"),
			.destination = sk_part_at(mount, "Destination"),
			.mode = sk_part_at(mount, "Mode"),
			.propagation = sk_part_at(mount, "Propagation"),
			.read_write = json_is_true(json_object_get(mount, "RW")),
		};

		if (json_is_object(mount))
			sk_metadata_add_mount(made, &entry);
	}
	return made;
}

/* Seconds since the epoch of "2026-11-22T03:37:22.129460252+01:00"; 0 if it is none. */
static json_int_t read_time(struct sk_part text)
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
	sk_metadata_set_number(made, "cpu_period", json_integer_value(json_object_get(host, "CpuPeriod")), 100000);
	sk_metadata_set_number(made, "cpu_quota", json_integer_value(json_object_get(host, "CpuQuota")), 0);
	sk_metadata_set_number(made, "cpu_shares", json_integer_value(json_object_get(host, "CpuShares")), 1024);
	sk_metadata_set_number(made, "memory_limit", json_integer_value(json_object_get(host, "Memory")), 0);
	sk_metadata_set_number(made, "swap_limit", json_integer_value(json_object_get(host, "MemorySwap")), 0);
}

static json_t *make_container(enum sk_runtime_kind kind, json_t *container, const json_t *image)
{
	const json_t *config = json_object_get(container, "Config"),
		     *host = json_object_get(container, "HostConfig");
	struct sk_part full_id = sk_part_at(container, "Id"),
		       name = sk_part_without_prefix(sk_part_at(container, "Name"), "/");
	struct sk_part image_name =
		kind == SK_RUNTIME_PODMAN ? sk_part_at(container, "ImageName") : sk_part_at(config, "Image");
	json_t *made = json_object(), *labels = json_object_get(config, "Labels");
	struct sk_reference reference;

	if (kind == SK_RUNTIME_PODMAN) {
		reference = sk_reference_split(image_name);
		reference.digest = sk_part_at(container, "ImageDigest");
	} else {
		reference = docker_reference(image_name, image);
	}
	sk_metadata_set(made, "id", (struct sk_part){full_id.bytes, SK_CONTAINER_ID_LENGTH});
	sk_metadata_set(made, "full_id", full_id);
	json_object_set_new(made, "type",
			    json_integer(kind == SK_RUNTIME_PODMAN ? SK_CONTAINER_PODMAN : SK_CONTAINER_DOCKER));
	sk_metadata_set(made, "name", name);
	sk_metadata_set_image(made, image_name, &reference, sk_part_at(container, "Image"));
	sk_metadata_set(made, "User", sk_part_at(config, "User"));
	sk_metadata_set(made, "ip", sk_part_at(json_object_get(container, "NetworkSettings"), "IPAddress"));
	sk_metadata_set(made, "pod_sandbox_id", sk_part_at(labels, "io.kubernetes.sandbox.id"));
	sk_metadata_set_truth(made, "is_pod_sandbox", memmem(name.bytes, name.length, "k8s_POD", 7) != NULL);
	sk_metadata_set_truth(made, "privileged", json_is_true(json_object_get(host, "Privileged")));
	sk_metadata_set_truth(made, "host_pid", is_host(host, "PidMode"));
	sk_metadata_set_truth(made, "host_network", is_host(host, "NetworkMode"));
	sk_metadata_set_truth(made, "host_ipc", is_host(host, "IpcMode"));
	json_object_set_new(made, "created_time", json_integer(read_time(sk_part_at(container, "Created"))));
	set_resources(made, host);
	json_object_set_new(made, "Mounts", make_mounts(json_object_get(container, "Mounts")));
	json_object_set_new(made, "labels", make_labels(labels));
	json_object_set_new(made, "lookup_state", json_integer(1));
	return made;
}

int sk_inspect_print(enum sk_runtime_kind kind, const char *id, const struct sk_answer *container,
		     const struct sk_answer *image, struct sk_buffer *ret_json)
{
	json_t *root = sk_metadata_load(container), *image_root = sk_metadata_load(image), *made;
	int result = -EBADMSG;

	if (strlen(id) == SK_CONTAINER_ID_LENGTH && sk_part_is_full_id(sk_part_at(root, "Id"), id)) {
		made = make_container(kind, root, image_root);
		result = sk_metadata_print(made, ret_json);
		json_decref(made);
	}
	json_decref(root);
	json_decref(image_root);
	return result;
}
