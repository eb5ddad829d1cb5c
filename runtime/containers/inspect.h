/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What docker and podman tell of a container, made the text of a "container"
 * event.  Their answers are not trusted.
 */
#ifndef SK_CONTAINERS_INSPECT_H
#define SK_CONTAINERS_INSPECT_H

#include "runtime/containers/metadata.h"

/*
 * The path where the image of a container is described, with its NUL, from
 * the answer that describes the container.  Docker alone tells an image's
 * digest there only.  -ENOENT: it names none.
 */
int sk_inspect_image_path(const struct sk_answer *container, char ret_path[128]);

/*
 * Writes the event's JSON over what `ret_json` holds, without a NUL in its length.  `id` are the first
 * 12 digits of the container that was asked for; `image` may be empty.  What
 * is missing in the answers, or of another type than it should be, is empty.
 * The environment is left out: it holds secrets.  -EBADMSG: this does not
 * describe that container; -ENOMEM.
 */
int sk_inspect_print(enum sk_runtime_kind kind, const char *id, const struct sk_answer *container,
		     const struct sk_answer *image, struct sk_buffer *ret_json);

#endif
