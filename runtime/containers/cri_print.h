/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CRI runtimes, and containerd by its own API, tell of a container, made
 * the text of a "container" event.  Answers are messages of cri.proto, and not
 * trusted: what they may make of memory is bounded.
 */
#ifndef SK_CONTAINERS_CRI_PRINT_H
#define SK_CONTAINERS_CRI_PRINT_H

#include "runtime/containers/metadata.h"
#include "runtime/state/container.h"

/*
 * Answers of CRI about one id.  Without a container it is the id of a pod's
 * sandbox.  Those that were not given are empty.
 */
struct sk_cri_answers {
	const char *id; /* the first 12 digits that were asked for */
	enum sk_container_type type;
	struct sk_answer container; /* ContainerStatus, verbose */
	struct sk_answer pod;       /* PodSandboxStatus, verbose */
	struct sk_answer image;     /* ImageStatus */
};

/* The type of containers of the runtime that answered to Version so. */
enum sk_container_type sk_cri_type(const struct sk_answer *version);

/*
 * Texts to ask on with, cut to `size` bytes with their NUL.  -ENOENT: the
 * answers don't tell; -EBADMSG: they are of another container.
 */
int sk_cri_pod_id(const struct sk_cri_answers *answers, char *ret_id, size_t size);
int sk_cri_image_name(const struct sk_cri_answers *answers, char *ret_name, size_t size);

/* The pod of the only container that ListContainers gave. */
int sk_cri_listed_pod_id(const struct sk_answer *containers, const char *id, char *ret_id, size_t size);

/*
 * Writes the event's JSON over what `ret_json` holds, without a NUL in its
 * length.  The environment is left out: it holds secrets.  -EBADMSG: this
 * does not describe that container; -ENOMEM.
 */
int sk_cri_print(const struct sk_cri_answers *answers, struct sk_buffer *ret_json);

/* Answers of containerd's own API, which knows containers by any name: `id` is up to 12 characters of it. */
struct sk_native_answers {
	const char *id;
	struct sk_answer containers; /* List */
	struct sk_answer image;      /* Get */
};

/* The names of containerd's namespaces, each with its NUL, and one more at the end. */
int sk_native_namespaces(const struct sk_answer *namespaces, struct sk_buffer *ret_names);

int sk_native_image_name(const struct sk_native_answers *answers, char *ret_name, size_t size);

/*
 * As sk_cri_print().  -ENOENT: there is none, or more than one that begins so,
 * or it is one of CRI, which knows more of it.
 */
int sk_native_print(const struct sk_native_answers *answers, struct sk_buffer *ret_json);

#endif
