/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.* and k8s.*: of the container that the event is about, else of the
 * one that its thread runs in.  Until metadata has arrived a container is no
 * more than its id.
 */
#include "runtime/fields/extract.h"

#include "vm/glob.h"

static const char host[] = "host";

/* Where an event happened.  `id` is NULL if the event has no thread. */
struct place {
	const struct sk_container *container; /* NULL: nothing known but the id */
	const struct sk_string *id;
	bool on_host;
};

static struct place place(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_containers *containers = sk_state_containers(view->state);

	if (view->container)
		return (struct place){.container = view->container, .id = view->container->id};
	if (!view->thread)
		return (struct place){0};
	if (view->thread->container_id->length == 0)
		return (struct place){.id = view->thread->container_id, .on_host = true};
	return (struct place){.container = sk_containers_find(containers, view->thread->container_id->bytes,
							      view->thread->container_id->length),
			      .id = view->thread->container_id};
}

/* Metadata that has arrived. */
static const struct sk_container *metadata(const struct place *place)
{
	return place->container && place->container->known ? place->container : NULL;
}

/* No value: because there will never be one, or because it has not arrived. */
static struct sk_value unknown(const struct place *place)
{
	return (struct sk_value){.presence = place->id && !place->on_host && !metadata(place) ? SK_MISSING_PENDING
											      : SK_MISSING};
}

struct sk_value extract_CONTAINER_ID(const struct sk_extraction *asked)
{
	const struct place at = place(asked);

	if (at.on_host)
		return sk_field_constant(host);
	return at.id ? sk_field_string(at.id) : sk_value_missing();
}

/* A text of the metadata; on the host `host_text`, which may be NULL. */
static struct sk_value text_of(const struct sk_extraction *asked, size_t member, const char *host_text)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	if (at.on_host && host_text)
		return sk_field_constant(host_text);
	if (!container)
		return unknown(&at);
	return sk_field_string(*(struct sk_string *const *)((const char *)container + member));
}

#define TEXT_OF(asked, member, host_text) text_of(asked, offsetof(struct sk_container, member), host_text)

struct sk_value extract_CONTAINER_FULL_ID(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, full_id, host);
}

struct sk_value extract_CONTAINER_NAME(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, name, host);
}

/*
 * The host has no image.  The specification says that it is an empty text
 * there; the recorded alerts say that there is no value, and they count.
 */
struct sk_value extract_CONTAINER_IMAGE(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, image, NULL);
}

struct sk_value extract_CONTAINER_IMAGE_ID(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, image_id, NULL);
}

struct sk_value extract_CONTAINER_IMAGE_REPOSITORY(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, image_repository, NULL);
}

struct sk_value extract_CONTAINER_IMAGE_TAG(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, image_tag, NULL);
}

struct sk_value extract_CONTAINER_IMAGE_DIGEST(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, image_digest, NULL);
}

struct sk_value extract_CONTAINER_TYPE(const struct sk_extraction *asked)
{
	/* spec/state.md section 8.2, "type code". */
	static const char *const names[] = {"docker", "lxc",        "libvirt-lxc", "mesos", "rkt",    "custom",
					    "cri",    "containerd", "cri-o",       "bpm",   "static", "podman"};
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	if (at.on_host)
		return sk_field_constant(host);
	if (!container)
		return unknown(&at);
	return sk_field_constant(container->type < sizeof(names) / sizeof(names[0]) ? names[container->type] : "");
}

struct sk_value extract_CONTAINER_START_TS(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? sk_field_unless_zero(SK_TYPE_ABSTIME, thread->pidns_init_start_ts) : sk_value_missing();
}

struct sk_value extract_CONTAINER_DURATION(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	if (!thread || !thread->pidns_init_start_ts)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_RELTIME, asked->view->event.ts - thread->pidns_init_start_ts);
}

struct sk_value extract_CONTAINER_IP(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, ip, NULL);
}

struct sk_value extract_CONTAINER_CNI_JSON(const struct sk_extraction *asked)
{
	return TEXT_OF(asked, cni_json, NULL);
}

/* A flag of the metadata, false on the host. */
static struct sk_value flag_of(const struct sk_extraction *asked, size_t member)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	if (at.on_host)
		return sk_field_bool(false);
	return container ? sk_field_bool(*(const bool *)((const char *)container + member)) : unknown(&at);
}

struct sk_value extract_CONTAINER_PRIVILEGED(const struct sk_extraction *asked)
{
	return flag_of(asked, offsetof(struct sk_container, privileged));
}

struct sk_value extract_CONTAINER_HOST_PID(const struct sk_extraction *asked)
{
	return flag_of(asked, offsetof(struct sk_container, host_pid));
}

struct sk_value extract_CONTAINER_HOST_NETWORK(const struct sk_extraction *asked)
{
	return flag_of(asked, offsetof(struct sk_container, host_network));
}

struct sk_value extract_CONTAINER_HOST_IPC(const struct sk_extraction *asked)
{
	return flag_of(asked, offsetof(struct sk_container, host_ipc));
}

/* --- mounts ------------------------------------------------------------ */

static void append_mount(struct sk_text *text, const struct sk_mount *mount)
{
	sk_text_append(text, mount->source->bytes, mount->source->length);
	sk_text_append_char(text, ':');
	sk_text_append(text, mount->destination->bytes, mount->destination->length);
	sk_text_append_char(text, ':');
	sk_text_append(text, mount->mode->bytes, mount->mode->length);
	sk_text_append_string(text, mount->read_write ? ":true:" : ":false:");
	sk_text_append(text, mount->propagation->bytes, mount->propagation->length);
}

struct sk_value extract_CONTAINER_MOUNTS(const struct sk_extraction *asked)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);
	struct sk_text text = sk_text_begin(asked->scratch);

	if (!container)
		return unknown(&at);
	for (uint32_t i = 0; i < container->mount_count; i++) {
		if (i)
			sk_text_append_char(&text, ',');
		append_mount(&text, &container->mounts[i]);
	}
	return sk_text_value(&text);
}

/*
 * The mount with a number, or the first whose source (or destination) matches
 * a pattern.  The reference takes the key for a regular expression that may
 * match anywhere, so that "/" names any mount at all; the rules that use it
 * mean a glob, as it was documented.
 */
static const struct sk_mount *find_mount(const struct sk_extraction *asked, const struct sk_container *container,
					 bool by_destination)
{
	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX)
		return asked->ref->index < container->mount_count ? &container->mounts[asked->ref->index] : NULL;
	for (uint32_t i = 0; asked->ref->argument && i < container->mount_count; i++) {
		const struct sk_mount *mount = &container->mounts[i];
		const struct sk_string *end = by_destination ? mount->destination : mount->source;

		if (sk_glob_match(asked->ref->argument, asked->ref->argument_length, end->bytes,
				  strnlen(end->bytes, end->length), false))
			return mount;
	}
	return NULL;
}

typedef struct sk_value (*describe_mount_fn)(const struct sk_mount *mount);

static struct sk_value of_mount(const struct sk_extraction *asked, bool by_destination, describe_mount_fn describe)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);
	const struct sk_mount *mount;

	if (!container)
		return unknown(&at);
	mount = find_mount(asked, container, by_destination);
	return mount ? describe(mount) : sk_value_missing();
}

static struct sk_value mount_source(const struct sk_mount *mount)
{
	return sk_field_string(mount->source);
}

static struct sk_value mount_destination(const struct sk_mount *mount)
{
	return sk_field_string(mount->destination);
}

static struct sk_value mount_mode(const struct sk_mount *mount)
{
	return sk_field_string(mount->mode);
}

static struct sk_value mount_read_write(const struct sk_mount *mount)
{
	return sk_field_constant(mount->read_write ? "true" : "false");
}

static struct sk_value mount_propagation(const struct sk_mount *mount)
{
	return sk_field_string(mount->propagation);
}

struct sk_value extract_CONTAINER_MOUNT(const struct sk_extraction *asked)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);
	struct sk_text text = sk_text_begin(asked->scratch);
	const struct sk_mount *mount;

	if (!container)
		return unknown(&at);
	mount = find_mount(asked, container, false);
	if (!mount)
		return sk_value_missing();
	append_mount(&text, mount);
	return sk_text_value(&text);
}

struct sk_value extract_CONTAINER_MOUNT_SOURCE(const struct sk_extraction *asked)
{
	return of_mount(asked, true, mount_source);
}

struct sk_value extract_CONTAINER_MOUNT_DEST(const struct sk_extraction *asked)
{
	return of_mount(asked, false, mount_destination);
}

struct sk_value extract_CONTAINER_MOUNT_MODE(const struct sk_extraction *asked)
{
	return of_mount(asked, false, mount_mode);
}

struct sk_value extract_CONTAINER_MOUNT_RDWR(const struct sk_extraction *asked)
{
	return of_mount(asked, false, mount_read_write);
}

struct sk_value extract_CONTAINER_MOUNT_PROPAGATION(const struct sk_extraction *asked)
{
	return of_mount(asked, false, mount_propagation);
}

/* --- labels -------------------------------------------------------------- */

static struct sk_value label_value(const struct sk_label *labels, uint32_t count, const char *key)
{
	for (uint32_t i = 0; key && i < count; i++) {
		if (strcmp(labels[i].key->bytes, key) == 0)
			return sk_field_string(labels[i].value);
	}
	return sk_value_missing();
}

/* "key:value, key:value", without what a runtime added for itself. */
static struct sk_value label_list(const struct sk_extraction *asked, const struct sk_label *labels, uint32_t count)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	for (uint32_t i = 0; i < count; i++) {
		if (strncmp(labels[i].key->bytes, "annotation.", 11) == 0 ||
		    strncmp(labels[i].key->bytes, "io.kubernetes.", 14) == 0)
			continue;
		if (text.length)
			sk_text_append_string(&text, ", ");
		sk_text_append(&text, labels[i].key->bytes, labels[i].key->length);
		sk_text_append_char(&text, ':');
		sk_text_append(&text, labels[i].value->bytes, labels[i].value->length);
	}
	return sk_text_value(&text);
}

static struct sk_value label_of(const struct sk_extraction *asked, const char *key)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	return container ? label_value(container->labels, container->label_count, key) : unknown(&at);
}

struct sk_value extract_CONTAINER_LABEL(const struct sk_extraction *asked)
{
	return label_of(asked, asked->ref->argument);
}

struct sk_value extract_CONTAINER_LABELS(const struct sk_extraction *asked)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	return container ? label_list(asked, container->labels, container->label_count) : unknown(&at);
}

struct sk_value extract_K8S_POD_NAME(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.name");
}

struct sk_value extract_K8S_NS_NAME(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.namespace");
}

struct sk_value extract_K8S_POD_UID(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.uid");
}

struct sk_value extract_K8S_POD_ID(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.uid");
}

/* --- the pod's sandbox --------------------------------------------------- */

static struct sk_value sandbox_id(const struct sk_extraction *asked, uint32_t longest)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);
	struct sk_value id;

	if (!container)
		return unknown(&at);
	if (!container->pod_sandbox_id->length)
		return sk_value_missing();
	id = sk_field_string(container->pod_sandbox_id);
	if (id.length > longest)
		id.length = longest;
	return id;
}

struct sk_value extract_K8S_POD_SANDBOX_ID(const struct sk_extraction *asked)
{
	return sandbox_id(asked, SK_CONTAINER_ID_LENGTH);
}

struct sk_value extract_K8S_POD_FULL_SANDBOX_ID(const struct sk_extraction *asked)
{
	return sandbox_id(asked, UINT32_MAX);
}

/*
 * Whose metadata speaks for the pod: the container's own if it has a network
 * configuration, else its sandbox's if that is known.  NULL outside pods.
 */
static const struct sk_container *pod_of(const struct sk_extraction *asked, const struct sk_container *container)
{
	const struct sk_containers *containers = sk_state_containers(asked->view->state);
	const struct sk_string *id = container->pod_sandbox_id;
	const struct sk_container *sandbox;

	if (!id->length)
		return NULL;
	if (container->cni_json->length)
		return container;
	sandbox = sk_containers_find(containers, id->bytes,
				     id->length < SK_CONTAINER_ID_LENGTH ? id->length : SK_CONTAINER_ID_LENGTH);
	return sandbox && sandbox->known ? sandbox : container;
}

/* Begins an extractor: `pod`, or no value. */
#define POD_OR_MISSING(asked)                                                                                      \
	const struct place at = place(asked);                                                                      \
	const struct sk_container *container = metadata(&at), *pod;                                                \
	if (!container)                                                                                            \
		return unknown(&at);                                                                               \
	pod = pod_of(asked, container);                                                                            \
	if (!pod)                                                                                                  \
		return sk_value_missing();

struct sk_value extract_K8S_POD_LABEL(const struct sk_extraction *asked)
{
	POD_OR_MISSING(asked)
	return label_value(pod->pod_labels, pod->pod_label_count, asked->ref->argument);
}

struct sk_value extract_K8S_POD_LABELS(const struct sk_extraction *asked)
{
	POD_OR_MISSING(asked)
	return label_list(asked, pod->pod_labels, pod->pod_label_count);
}

struct sk_value extract_K8S_POD_IP(const struct sk_extraction *asked)
{
	POD_OR_MISSING(asked)
	return sk_field_string(pod->ip);
}

struct sk_value extract_K8S_POD_CNI_JSON(const struct sk_extraction *asked)
{
	POD_OR_MISSING(asked)
	return sk_field_string(pod->cni_json);
}
