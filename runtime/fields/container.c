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

struct sk_value extract_CONTAINER_PRIVILEGED(const struct sk_extraction *asked)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	if (at.on_host)
		return sk_field_bool(false);
	return container ? sk_field_bool(container->privileged) : unknown(&at);
}

struct sk_value extract_CONTAINER_START_TS(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? sk_field_unless_zero(SK_TYPE_ABSTIME, thread->pidns_init_start_ts) : sk_value_missing();
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
 * The first mount whose source matches, or the one with that number.  The
 * reference takes the key for a regular expression that may match anywhere, so
 * that "/" names any mount at all; the rules that use it mean a glob, as it
 * was documented.
 */
static const struct sk_mount *find_mount(const struct sk_extraction *asked, const struct sk_container *container)
{
	if (asked->ref->kind == SK_ARGUMENT_KIND_INDEX)
		return asked->ref->index < container->mount_count ? &container->mounts[asked->ref->index] : NULL;
	for (uint32_t i = 0; asked->ref->argument && i < container->mount_count; i++) {
		const struct sk_string *source = container->mounts[i].source;

		if (sk_glob_match(asked->ref->argument, asked->ref->argument_length, source->bytes,
				  strnlen(source->bytes, source->length), false))
			return &container->mounts[i];
	}
	return NULL;
}

struct sk_value extract_CONTAINER_MOUNT_DEST(const struct sk_extraction *asked)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);
	const struct sk_mount *mount;

	if (!container)
		return unknown(&at);
	mount = find_mount(asked, container);
	return mount ? sk_field_string(mount->destination) : sk_value_missing();
}

/* --- Kubernetes -------------------------------------------------------- */

static struct sk_value label_of(const struct sk_extraction *asked, const char *key)
{
	const struct place at = place(asked);
	const struct sk_container *container = metadata(&at);

	if (!container)
		return unknown(&at);
	for (uint32_t i = 0; i < container->label_count; i++) {
		if (strcmp(container->labels[i].key->bytes, key) == 0)
			return sk_field_string(container->labels[i].value);
	}
	return sk_value_missing();
}

struct sk_value extract_K8S_POD_NAME(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.name");
}

struct sk_value extract_K8S_NS_NAME(const struct sk_extraction *asked)
{
	return label_of(asked, "io.kubernetes.pod.namespace");
}
