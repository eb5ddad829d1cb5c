/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: the id that a cgroup path names, and the metadata that arrives
 * for it (spec/state.md section 8).
 */
#ifndef SK_STATE_CONTAINER_H
#define SK_STATE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/state/string.h"
#include "vm/support/buffer.h"

struct sk_containers;

enum { SK_CONTAINER_ID_LENGTH = 12 };

/* Wire values of "type": spec/state.md section 8.2. */
enum sk_container_type {
	SK_CONTAINER_DOCKER = 0,
	SK_CONTAINER_LXC = 1,
	SK_CONTAINER_LIBVIRT_LXC = 2,
	SK_CONTAINER_MESOS = 3,
	SK_CONTAINER_RKT = 4,
	SK_CONTAINER_CUSTOM = 5,
	SK_CONTAINER_CRI = 6,
	SK_CONTAINER_CONTAINERD = 7,
	SK_CONTAINER_CRIO = 8,
	SK_CONTAINER_BPM = 9,
	SK_CONTAINER_STATIC = 10,
	SK_CONTAINER_PODMAN = 11,
	SK_CONTAINER_HOST = 0xfffe,
	SK_CONTAINER_UNKNOWN = 0xffff,
};

struct sk_mount {
	struct sk_string *source, *destination, *mode, *propagation;
	bool read_write;
};

struct sk_label {
	struct sk_string *key, *value;
};

/*
 * `known`: metadata has arrived; until then only the id counts.  Strings are
 * never NULL.
 */
struct sk_container {
	bool known;
	struct sk_string *id, *full_id, *name, *image, *image_repository, *image_tag, *image_digest, *image_id;
	struct sk_string *ip, *cni_json, *pod_sandbox_id;
	uint16_t type; /* enum sk_container_type */
	bool privileged, host_pid, host_network, host_ipc;
	struct sk_mount *mounts;
	uint32_t mount_count;
	struct sk_label *labels;
	uint32_t label_count;
	struct sk_label *pod_labels;
	uint32_t pod_label_count;
};

struct sk_containers *sk_containers_create(struct sk_string_pool *pool);
void sk_containers_destroy(struct sk_containers *containers);

/*
 * The container id in a thread's cgroups ("subsys=path" strings with their
 * NULs), written with its NUL; 0 characters for a host process.
 */
unsigned sk_container_id_from_cgroups(const char *cgroups, size_t length, char ret_id[64]);

/* The host's own pseudo container. */
const struct sk_container *sk_containers_host(const struct sk_containers *containers);

/* The container with this id; for one that is not known yet, NULL. */
const struct sk_container *sk_containers_find(const struct sk_containers *containers, const char *id,
					      size_t length);

/*
 * Takes the metadata of an async "container" event (JSON text, untrusted).
 * Returns the container, or NULL if the text is no such thing.
 */
const struct sk_container *sk_containers_update(struct sk_containers *containers, const char *json, size_t length);

/* Raised whenever any of them comes, changes or goes. */
uint64_t sk_containers_epoch(const struct sk_containers *containers);

/* For going over all of them but the host: begins as zeroes. */
struct sk_containers_cursor {
	uint32_t bucket, position;
};

/* The next one whose metadata has arrived; NULL at the end.  None may come or go in between. */
const struct sk_container *sk_containers_next(const struct sk_containers *containers,
					      struct sk_containers_cursor *cursor);

/*
 * Appends the JSON that sk_containers_update() takes: everything that is kept
 * of a container.  0 or -ENOMEM.
 */
int sk_container_print(const struct sk_container *container, struct sk_buffer *buffer);

/* Forgets a container. */
void sk_containers_remove(struct sk_containers *containers, const char *id, size_t length);

#endif
