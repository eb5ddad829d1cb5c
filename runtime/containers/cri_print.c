/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRI says most of a container in fields, and the rest (is it privileged, what
 * is its pod) in a JSON text of the runtime's own, whose members are found
 * under these names in containerd and CRI-O:
 *
 *   {"sandboxID": ..., "privileged": ..., "image": ..., "cniResult": {...},
 *    "config": {"linux": {"security_context": {"privileged": ...}}},
 *    "runtimeSpec": {"annotations": {...}, "process": {"user": {"uid": ...}}}}
 */
#include "runtime/containers/cri_print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/containers/message.h"

enum { CNI_LIMIT = 4096, ON_HOST = 2, MICROS = 100000, SHARES = 1024 };

static const json_int_t second = 1000000000;

/* The answers about one id, unpacked. */
struct reading {
	SkContainerAnswer *container;
	SkPodAnswer *pod;
	SkImageAnswer *image;
	json_t *info; /* of the container, of a sandbox the pod's */
};

static json_t *read_info(SkPair **pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sk_answer text = {pairs[i]->value, strlen(pairs[i]->value)};

		if (strcmp(pairs[i]->key, "info") == 0)
			return sk_metadata_load(&text);
	}
	return NULL;
}

/* What describes another container than the one that was asked for is dropped. */
static void open_reading(struct reading *reading, const struct sk_cri_answers *answers)
{
	*reading = (struct reading){0};
	if (answers->container.length) {
		reading->container = sk_message_read(&sk_container_answer__descriptor, &answers->container);
		if (!reading->container || !reading->container->status ||
		    !sk_part_is_full_id(sk_part_of_text(reading->container->status->id), answers->id)) {
			sk_message_free(reading->container);
			reading->container = NULL;
			return;
		}
		reading->info = read_info(reading->container->info, reading->container->n_info);
	}
	if (answers->pod.length)
		reading->pod = sk_message_read(&sk_pod_answer__descriptor, &answers->pod);
	if (reading->pod &&
	    (!reading->pod->status || !sk_part_is_full_id(sk_part_of_text(reading->pod->status->id),
							  answers->container.length ? "" : answers->id))) {
		sk_message_free(reading->pod);
		reading->pod = NULL;
	}
	if (reading->pod && !reading->container)
		reading->info = read_info(reading->pod->info, reading->pod->n_info);
	if (answers->image.length)
		reading->image = sk_message_read(&sk_image_answer__descriptor, &answers->image);
}

static void close_reading(struct reading *reading)
{
	sk_message_free(reading->container);
	sk_message_free(reading->pod);
	sk_message_free(reading->image);
	json_decref(reading->info);
}

static int copy_text(struct sk_part text, char *ret_text, size_t size)
{
	if (text.length == 0 || text.length >= size)
		return -ENOENT;
	memcpy(ret_text, text.bytes, text.length);
	ret_text[text.length] = '\0';
	return 0;
}

enum sk_container_type sk_cri_type(const struct sk_answer *version)
{
	SkVersion *message = sk_message_read(&sk_version__descriptor, version);
	struct sk_part name = sk_part_of_text(message ? message->runtime_name : NULL);
	enum sk_container_type type = SK_CONTAINER_CRI;

	if (sk_part_equals(name, "containerd"))
		type = SK_CONTAINER_CONTAINERD;
	else if (sk_part_equals(name, "cri-o"))
		type = SK_CONTAINER_CRIO;
	sk_message_free(message);
	return type;
}

/* --- what to ask next ------------------------------------------------------------- */

int sk_cri_pod_id(const struct sk_cri_answers *answers, char *ret_id, size_t size)
{
	struct reading reading;
	int result = -EBADMSG;

	open_reading(&reading, answers);
	if (reading.container) {
		struct sk_part id = sk_part_at(reading.info, "sandboxID");

		result = sk_part_is_full_id(id, "") ? copy_text(id, ret_id, size) : -ENOENT;
	}
	close_reading(&reading);
	return result;
}

int sk_cri_listed_pod_id(const struct sk_answer *containers, const char *id, char *ret_id, size_t size)
{
	SkContainersAnswer *message = sk_message_read(&sk_containers_answer__descriptor, containers);
	int result = -ENOENT;

	if (message && message->n_containers == 1 &&
	    sk_part_is_full_id(sk_part_of_text(message->containers[0]->id), id) &&
	    sk_part_is_full_id(sk_part_of_text(message->containers[0]->pod_sandbox_id), ""))
		result = copy_text(sk_part_of_text(message->containers[0]->pod_sandbox_id), ret_id, size);
	sk_message_free(message);
	return result;
}

int sk_cri_image_name(const struct sk_cri_answers *answers, char *ret_name, size_t size)
{
	struct sk_part name = {"", 0};
	struct reading reading;
	int result;

	open_reading(&reading, answers);
	if (reading.container) {
		const SkContainerStatus *status = reading.container->status;

		/* The name may be that of another image by now. */
		name = sk_part_of_text(status->image_id);
		if (!name.length)
			name = sk_part_of_text(status->image_ref);
		if (!name.length && status->image)
			name = sk_part_of_text(status->image->name);
	} else if (reading.pod) {
		name = sk_part_at(reading.info, "image");
	}
	result = copy_text(name, ret_name, size);
	close_reading(&reading);
	return result;
}

/* --- images ---------------------------------------------------------------------------- */

static bool is_id(struct sk_part name)
{
	return sk_part_without_prefix(name, "sha256:").bytes != name.bytes ||
	       (name.length == SK_METADATA_FULL_ID && sk_part_is_hexadecimal(name));
}

static struct sk_part image_annotation(const json_t *info)
{
	static const char *const keys[] = {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.Image",
					   "io.kubernetes.cri-o.ImageName"};
	const json_t *annotations = json_object_get(json_object_get(info, "runtimeSpec"), "annotations");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct sk_part name = sk_part_at(annotations, keys[i]);

		if (name.length)
			return name;
	}
	return (struct sk_part){"", 0};
}

/*
 * A runtime gives the name by which an image was asked for, and a reference
 * that names its digest, or, for one that came from no registry, its id.
 */
static void set_image(json_t *made, const struct reading *reading)
{
	const SkContainerStatus *status = reading->container ? reading->container->status : NULL;
	const SkImage *image = reading->image ? reading->image->image : NULL;
	struct sk_part name = status ? sk_part_of_text(status->image ? status->image->name : NULL)
				     : sk_part_at(reading->info, "image");
	struct sk_part ref = sk_part_of_text(status ? status->image_ref : NULL);
	struct sk_part id = sk_part_of_text(image ? image->id : status ? status->image_id : NULL);
	struct sk_reference reference, referred = sk_reference_split(ref);
	char canonical[SK_METADATA_TEXT_LIMIT + 1];

	if (!name.length || is_id(name))
		name = image_annotation(reading->info);
	if ((!name.length || is_id(name)) && image && image->n_repo_tags)
		name = sk_part_of_text(image->repo_tags[0]);
	reference = sk_reference_split(name);
	if (referred.digest.length) {
		reference.digest = referred.digest;
		reference.repository = referred.repository;
	} else if (image && image->n_repo_digests) {
		reference.digest = sk_reference_split(sk_part_of_text(image->repo_digests[0])).digest;
	}
	if (!reference.digest.length && is_id(ref))
		reference.digest = ref;
	/* The registry's whole name, where a short one was given. */
	if (referred.digest.length && reference.repository.length + reference.tag.length + 1 < sizeof(canonical)) {
		int length = snprintf(canonical, sizeof(canonical), "%.*s%s%.*s", (int)reference.repository.length,
				      reference.repository.bytes, reference.tag.length ? ":" : "",
				      (int)reference.tag.length, reference.tag.bytes);

		name = (struct sk_part){canonical, (size_t)length};
	}
	if (!id.length && is_id(ref))
		id = ref;
	sk_metadata_set_image(made, name, &reference, id);
}

/* --- the rest ---------------------------------------------------------------------------- */

static json_t *make_labels(SkPair **pairs, size_t count)
{
	json_t *made = json_object();

	for (size_t i = 0; i < count; i++)
		sk_metadata_add_label(made, sk_part_of_text(pairs[i]->key), sk_part_of_text(pairs[i]->value));
	return made;
}

static json_t *make_mounts(const SkContainerStatus *status)
{
	static const char *const propagations[] = {"private", "rslave", "rshared"};
	json_t *made = json_array();

	for (size_t i = 0; status && i < status->n_mounts && i < SK_METADATA_MOUNT_LIMIT; i++) {
		const SkMount *mount = status->mounts[i];
		const struct sk_metadata_mount entry = {
			.source = sk_part_of_text(mount->host_path),
			.destination = sk_part_of_text(mount->container_path),
			.mode = {"", 0},
			.propagation = sk_part_of_text(mount->propagation >= 0 && mount->propagation < 3
							       ? propagations[mount->propagation]
							       : "unknown"),
			.read_write = !mount->readonly,
		};

		sk_metadata_add_mount(made, &entry);
	}
	return made;
}

static bool is_privileged(const json_t *info)
{
	const json_t *config = json_object_get(json_object_get(info, "config"), "linux"),
		     *told = json_object_get(json_object_get(config, "security_context"), "privileged");

	return json_is_true(told ? told : json_object_get(info, "privileged"));
}

static void set_resources(json_t *made, const SkContainerStatus *status)
{
	static const SkLinuxResources none;
	const SkLinuxResources *resources =
		status && status->resources && status->resources->on_linux ? status->resources->on_linux : &none;

	sk_metadata_set_number(made, "cpu_period", resources->cpu_period, MICROS);
	sk_metadata_set_number(made, "cpu_quota", resources->cpu_quota, 0);
	sk_metadata_set_number(made, "cpu_shares", resources->cpu_shares, SHARES);
	sk_metadata_set_number(made, "memory_limit", resources->memory_limit, 0);
	sk_metadata_set_number(made, "swap_limit", resources->swap_limit, 0);
}

static void set_user(json_t *made, const struct reading *reading)
{
	const json_t *process = json_object_get(json_object_get(reading->info, "runtimeSpec"), "process"),
		     *told = json_object_get(json_object_get(process, "user"), "uid");
	const SkContainerStatus *status = reading->container ? reading->container->status : NULL;
	char text[24] = "";

	if (status && status->user && status->user->on_linux)
		snprintf(text, sizeof(text), "%lld", (long long)status->user->on_linux->uid);
	else if (json_is_integer(told))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(told));
	sk_metadata_set(made, "User", sk_part_of_text(text));
}

/* The interfaces that lead out of the pod, as containerd or CRI-O tell them; a longer text is left out. */
static void set_network(json_t *made, json_t *info)
{
	json_t *interfaces = json_object_get(json_object_get(info, "cniResult"), "Interfaces"), *value;
	const json_t *annotations = json_object_get(json_object_get(info, "runtimeSpec"), "annotations");
	char text[CNI_LIMIT];
	const char *key;
	size_t length;
	void *next;

	if (!json_is_object(interfaces)) {
		struct sk_part told = sk_part_at(annotations, "io.kubernetes.cri-o.CNIResult");

		sk_metadata_set(made, "cni_json", told.length < CNI_LIMIT ? told : (struct sk_part){"", 0});
		return;
	}
	json_object_foreach_safe(interfaces, next, key, value)
	{
		if (strcmp(key, "lo") == 0 || strncmp(key, "veth", 4) == 0)
			json_object_del(interfaces, key);
	}
	length = json_object_size(interfaces) ? json_dumpb(interfaces, text, sizeof(text), JSON_COMPACT) : 0;
	sk_metadata_set(made, "cni_json", (struct sk_part){text, length <= sizeof(text) ? length : 0});
}

/* What the pod says of all its containers. */
static void set_pod(json_t *made, json_t *labels, const struct reading *reading)
{
	static const SkNamespaceOptions unknown;
	const SkPodStatus *status = reading->pod->status;
	const SkPodMetadata *metadata = status->metadata;
	const SkNamespaces *namespaces = status->on_linux ? status->on_linux->namespaces : NULL;
	const SkNamespaceOptions *options = namespaces && namespaces->options ? namespaces->options : &unknown;
	json_t *info = read_info(reading->pod->info, reading->pod->n_info);

	sk_metadata_set(made, "pod_sandbox_id", sk_part_of_text(status->id));
	sk_metadata_set(made, "ip", sk_part_of_text(status->network ? status->network->ip : NULL));
	sk_metadata_set_truth(made, "host_network", options->network == ON_HOST);
	sk_metadata_set_truth(made, "host_pid", options->pid == ON_HOST);
	sk_metadata_set_truth(made, "host_ipc", options->ipc == ON_HOST);
	json_object_set_new(made, "pod_sandbox_labels", make_labels(status->labels, status->n_labels));
	sk_metadata_set(labels, "io.kubernetes.sandbox.id", sk_part_of_text(status->id));
	if (metadata) {
		sk_metadata_set(labels, "io.kubernetes.pod.uid", sk_part_of_text(metadata->uid));
		sk_metadata_set(labels, "io.kubernetes.pod.name", sk_part_of_text(metadata->name));
		sk_metadata_set(labels, "io.kubernetes.pod.namespace", sk_part_of_text(metadata->namespace_));
	}
	set_network(made, info);
	json_decref(info);
}

static json_t *make_container(const struct sk_cri_answers *answers, const struct reading *reading)
{
	const SkContainerStatus *status = reading->container ? reading->container->status : NULL;
	const SkPodStatus *pod = reading->pod ? reading->pod->status : NULL;
	const char *name = status ? (status->metadata ? status->metadata->name : NULL)
				  : (pod->metadata ? pod->metadata->name : NULL);
	struct sk_part full_id = sk_part_of_text(status ? status->id : pod->id);
	json_t *made = json_object(), *labels = json_object();

	sk_metadata_set(made, "id", (struct sk_part){full_id.bytes, SK_CONTAINER_ID_LENGTH});
	sk_metadata_set(made, "full_id", full_id);
	json_object_set_new(made, "type", json_integer(answers->type));
	sk_metadata_set(made, "name", sk_part_of_text(name));
	set_image(made, reading);
	set_user(made, reading);
	sk_metadata_set_truth(made, "is_pod_sandbox", !status);
	sk_metadata_set_truth(made, "privileged", is_privileged(reading->info));
	json_object_set_new(made, "created_time",
			    json_integer((status ? status->created_at : pod->created_at) / second));
	set_resources(made, status);
	json_object_set_new(made, "Mounts", make_mounts(status));
	if (status) {
		json_decref(labels);
		labels = make_labels(status->labels, status->n_labels);
	}
	if (pod)
		set_pod(made, labels, reading);
	json_object_set_new(made, "labels", labels);
	json_object_set_new(made, "lookup_state", json_integer(1));
	return made;
}

int sk_cri_print(const struct sk_cri_answers *answers, struct sk_buffer *ret_json)
{
	struct reading reading;
	json_t *made;
	int result = -EBADMSG;

	if (strlen(answers->id) != SK_CONTAINER_ID_LENGTH)
		return -EBADMSG;
	open_reading(&reading, answers);
	if (reading.container || (reading.pod && !answers->container.length)) {
		made = make_container(answers, &reading);
		result = sk_metadata_print(made, ret_json);
		json_decref(made);
	}
	close_reading(&reading);
	return result;
}
