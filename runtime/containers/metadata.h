/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a "container" event (spec/state.md section 8.3), as it is made
 * of what any runtime says: pieces of text, with limits, into one JSON object.
 */
#ifndef SK_CONTAINERS_METADATA_H
#define SK_CONTAINERS_METADATA_H

#include <jansson.h>

#include "vm/support/buffer.h"

enum sk_runtime_kind {
	SK_RUNTIME_DOCKER, /* the Docker Engine's API */
	SK_RUNTIME_PODMAN, /* libpod's */
	SK_RUNTIME_CRI,    /* containerd, CRI-O: gRPC; containerd's own API too */
};

/* An answer's body. */
struct sk_answer {
	const char *bytes;
	size_t length;
};

enum {
	SK_METADATA_TEXT_LIMIT = 4096,
	SK_METADATA_LABEL_LIMIT = 512,
	SK_METADATA_MOUNT_LIMIT = 256,
	SK_METADATA_FULL_ID = 64,
};

/* A part of a text that somebody else owns; never NULL. */
struct sk_part {
	const char *bytes;
	size_t length;
};

/* Texts that are too long, and whatever is no text, are empty. */
struct sk_part sk_part_of_text(const char *text);
struct sk_part sk_part_of_json(const json_t *value);
struct sk_part sk_part_at(const json_t *object, const char *key);

bool sk_part_equals(struct sk_part part, const char *text);
bool sk_part_is_hexadecimal(struct sk_part part);
struct sk_part sk_part_without_prefix(struct sk_part part, const char *prefix);

/* True for 64 hexadecimal digits that begin with `id`: who is asked for one container must not describe another. */
bool sk_part_is_full_id(struct sk_part part, const char *id);

/* "registry:5000/name:tag@sha256:..." in its parts. */
struct sk_reference {
	struct sk_part repository, tag, digest;
};

struct sk_reference sk_reference_split(struct sk_part text);

/* An object, or NULL; the caller drops it. */
json_t *sk_metadata_load(const struct sk_answer *answer);

void sk_metadata_set(json_t *object, const char *key, struct sk_part text);
void sk_metadata_set_truth(json_t *object, const char *key, bool truth);

/* What is not above 0 counts as `otherwise`. */
void sk_metadata_set_number(json_t *object, const char *key, json_int_t number, json_int_t otherwise);

/* The four members that all images have. */
void sk_metadata_set_image(json_t *object, struct sk_part name, const struct sk_reference *reference,
			   struct sk_part image_id);

struct sk_metadata_mount {
	struct sk_part source, destination, mode, propagation;
	bool read_write;
};

/* Appends one of the array "Mounts", unless there are too many. */
void sk_metadata_add_mount(json_t *array, const struct sk_metadata_mount *mount);

/* Adds one of the object of labels, unless there are too many. */
void sk_metadata_add_label(json_t *object, struct sk_part key, struct sk_part value);

/*
 * Prints the event's JSON over what `ret_json` holds, without a NUL in its
 * length, and never longer than an event may be: labels, then mounts are left
 * out of `made` when it would be.  -EBADMSG: too long even so; -ENOMEM.
 */
int sk_metadata_print(json_t *made, struct sk_buffer *ret_json);

#endif
