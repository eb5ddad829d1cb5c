/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that were started past CRI (ctr, nerdctl), as containerd itself
 * keeps them: a name, labels, the image's name, and the specification that the
 * OCI runtime was given, as JSON.
 */
#include <errno.h>
#include <string.h>

#include "runtime/containers/cri_print.h"
#include "runtime/containers/message.h"

enum { NAMESPACE_LIMIT = 64, MICROS = 100000, SHARES = 1024 };

int sk_native_namespaces(const struct sk_answer *namespaces, struct sk_buffer *ret_names)
{
	SkNamespaceNames *message = sk_message_read(&sk_namespace_names__descriptor, namespaces);

	if (!message)
		return -EBADMSG;
	sk_buffer_clear(ret_names);
	for (size_t i = 0; i < message->n_namespaces && i < NAMESPACE_LIMIT; i++) {
		struct sk_part name = sk_part_of_text(message->namespaces[i]->name);

		/* Docker keeps its containers there, and tells more of them itself. */
		if (!name.length || sk_part_equals(name, "moby"))
			continue;
		sk_buffer_append(ret_names, name.bytes, name.length);
		sk_buffer_append_char(ret_names, '\0');
	}
	sk_buffer_append_char(ret_names, '\0');
	sk_message_free(message);
	return ret_names->failed ? -ENOMEM : 0;
}

static bool is_of_cri(const SkNativeContainer *container)
{
	for (size_t i = 0; i < container->n_labels; i++)
		if (strcmp(container->labels[i]->key, "io.cri-containerd.kind") == 0)
			return true;
	return false;
}

/* The only one whose name begins so, or, cut to that length, is so. */
static const SkNativeContainer *find(const SkNativeContainers *message, const char *id)
{
	size_t length = strlen(id);
	const SkNativeContainer *found = NULL;

	if (!message || length == 0 || length > SK_CONTAINER_ID_LENGTH)
		return NULL;
	for (size_t i = 0; i < message->n_containers; i++) {
		const SkNativeContainer *container = message->containers[i];

		if (strncmp(container->id, id, length) != 0 ||
		    (length < SK_CONTAINER_ID_LENGTH && container->id[length]))
			continue;
		if (found)
			return NULL;
		found = container;
	}
	return found && !is_of_cri(found) ? found : NULL;
}

int sk_native_image_name(const struct sk_native_answers *answers, char *ret_name, size_t size)
{
	SkNativeContainers *message = sk_message_read(&sk_native_containers__descriptor, &answers->containers);
	const SkNativeContainer *container = find(message, answers->id);
	struct sk_part name = sk_part_of_text(container ? container->image : NULL);
	int result = -ENOENT;

	if (name.length && name.length < size) {
		memcpy(ret_name, name.bytes, name.length);
		ret_name[name.length] = '\0';
		result = 0;
	}
	sk_message_free(message);
	return result;
}

/* A namespace that is not listed is the host's. */
static bool shares_namespace(const json_t *spec, const char *type)
{
	const json_t *list = json_object_get(json_object_get(spec, "linux"), "namespaces"), *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		if (sk_part_equals(sk_part_at(entry, "type"), type))
			return false;
	}
	return json_is_array(list);
}

static bool has_option(const json_t *mount, const char *option)
{
	const json_t *options = json_object_get(mount, "options"), *entry;
	size_t i;

	json_array_foreach(options, i, entry)
	{
		if (sk_part_equals(sk_part_of_json(entry), option))
			return true;
	}
	return false;
}

/*
 * Nobody notes that a container is privileged; what makes it so is that
 * nothing is masked, confined or read-only.
 */
static bool is_privileged(const json_t *spec)
{
	const json_t *linux_part = json_object_get(spec, "linux"), *process = json_object_get(spec, "process"),
		     *mount;
	struct sk_part profile = sk_part_at(process, "apparmorProfile");
	size_t i;

	if (!json_is_object(linux_part) || !json_is_object(process) || json_object_get(linux_part, "maskedPaths") ||
	    json_object_get(linux_part, "readonlyPaths") || json_object_get(linux_part, "seccomp") ||
	    sk_part_at(process, "selinuxLabel").length ||
	    (profile.length && !sk_part_equals(profile, "unconfined")))
		return false;
	json_array_foreach(json_object_get(spec, "mounts"), i, mount)
	{
		struct sk_part type = sk_part_at(mount, "type");

		if ((sk_part_equals(type, "sysfs") || sk_part_equals(type, "cgroup")) && has_option(mount, "ro"))
			return false;
	}
	return true;
}

static json_t *make_mounts(const json_t *spec)
{
	const json_t *mounts = json_object_get(spec, "mounts"), *mount;
	struct sk_part propagation = sk_part_at(json_object_get(spec, "linux"), "rootfsPropagation");
	json_t *made = json_array();
	size_t i;

	json_array_foreach(mounts, i, mount)
	{
		const struct sk_metadata_mount entry = {
			.source = sk_part_at(mount, "source"),
			.destination = sk_part_at(mount, "destination"),
			.mode = {"", 0},
			.propagation = propagation,
			.read_write = !has_option(mount, "ro"),
		};

		sk_metadata_add_mount(made, &entry);
	}
	return made;
}

static void set_resources(json_t *made, const json_t *spec)
{
	const json_t *resources = json_object_get(json_object_get(spec, "linux"), "resources"),
		     *cpu = json_object_get(resources, "cpu"), *memory = json_object_get(resources, "memory");

	sk_metadata_set_number(made, "cpu_period", json_integer_value(json_object_get(cpu, "period")), MICROS);
	sk_metadata_set_number(made, "cpu_quota", json_integer_value(json_object_get(cpu, "quota")), 0);
	sk_metadata_set_number(made, "cpu_shares", json_integer_value(json_object_get(cpu, "shares")), SHARES);
	sk_metadata_set_number(made, "memory_limit", json_integer_value(json_object_get(memory, "limit")), 0);
	sk_metadata_set_number(made, "swap_limit", json_integer_value(json_object_get(memory, "swap")), 0);
}

static json_t *make_container(const struct sk_native_answers *answers, const SkNativeContainer *container)
{
	SkNativeImageAnswer *image = sk_message_read(&sk_native_image_answer__descriptor, &answers->image);
	const struct sk_answer text = {container->spec ? (const char *)container->spec->value.data : NULL,
				       container->spec ? container->spec->value.len : 0};
	json_t *spec = sk_metadata_load(&text), *made = json_object(), *labels = json_object();
	struct sk_part name = sk_part_of_text(container->image), full_id = sk_part_of_text(container->id);
	struct sk_reference reference = sk_reference_split(name);

	if (image && image->image && image->image->target)
		reference.digest = sk_part_of_text(image->image->target->digest);
	for (size_t i = 0; i < container->n_labels; i++)
		sk_metadata_add_label(labels, sk_part_of_text(container->labels[i]->key),
				      sk_part_of_text(container->labels[i]->value));
	sk_metadata_set(made, "id", sk_part_of_text(answers->id));
	sk_metadata_set(made, "full_id", full_id);
	json_object_set_new(made, "type", json_integer(SK_CONTAINER_CONTAINERD));
	sk_metadata_set(made, "name", sk_part_of_text(answers->id));
	sk_metadata_set_image(made, name, &reference, (struct sk_part){"", 0});
	sk_metadata_set_truth(made, "privileged", is_privileged(spec));
	sk_metadata_set_truth(made, "host_network", shares_namespace(spec, "network"));
	sk_metadata_set_truth(made, "host_pid", shares_namespace(spec, "pid"));
	sk_metadata_set_truth(made, "host_ipc", shares_namespace(spec, "ipc"));
	json_object_set_new(made, "created_time",
			    json_integer(container->created_at ? container->created_at->seconds : 0));
	set_resources(made, spec);
	json_object_set_new(made, "Mounts", make_mounts(spec));
	json_object_set_new(made, "labels", labels);
	json_object_set_new(made, "lookup_state", json_integer(1));
	json_decref(spec);
	sk_message_free(image);
	return made;
}

int sk_native_print(const struct sk_native_answers *answers, struct sk_buffer *ret_json)
{
	SkNativeContainers *message = sk_message_read(&sk_native_containers__descriptor, &answers->containers);
	const SkNativeContainer *container = find(message, answers->id);
	json_t *made;
	int result = message ? -ENOENT : -EBADMSG;

	if (container) {
		made = make_container(answers, container);
		result = sk_metadata_print(made, ret_json);
		json_decref(made);
	}
	sk_message_free(message);
	return result;
}
