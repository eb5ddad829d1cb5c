/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked, in this order, until somebody knows the id:
 *
 *   Version              once, for the type of containers
 *   ContainerStatus ──►  its pod's id, in the JSON beside it or by ListContainers
 *     PodSandboxStatus   the pod
 *     ImageStatus        digest and id of the image
 *   PodSandboxStatus     the id is that of a pod's sandbox
 *     ImageStatus
 *   containerd: Namespaces, and in each of them Containers and Images
 */
#include "runtime/containers/cri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/containers/cri_print.h"
#include "runtime/containers/message.h"
#include "vm/support/alloc.h"

#define RUNTIME "/runtime.v1.RuntimeService/"
#define IMAGES "/runtime.v1.ImageService/"
#define CONTAINERD "/containerd.services."

enum { FULL_ID_SIZE = SK_METADATA_FULL_ID + 1, NAME_SIZE = 1024 };

struct sk_cri {
	struct sk_grpc *grpc;
	bool typed;
	enum sk_container_type type;
	struct sk_buffer question;
	struct sk_buffer version, container, pod, image, list, names;
};

int sk_cri_create(const struct sk_grpc_options *options, struct sk_cri **ret_cri)
{
	struct sk_cri *cri = sk_alloc_zeroed(1, sizeof(*cri));
	int result;

	if (!cri)
		return -ENOMEM;
	result = sk_grpc_create(options, &cri->grpc);
	if (result < 0) {
		sk_free(cri);
		return result;
	}
	*ret_cri = cri;
	return 0;
}

void sk_cri_destroy(struct sk_cri *cri)
{
	if (!cri)
		return;
	sk_grpc_destroy(cri->grpc);
	sk_buffer_release(&cri->question);
	sk_buffer_release(&cri->version);
	sk_buffer_release(&cri->container);
	sk_buffer_release(&cri->pod);
	sk_buffer_release(&cri->image);
	sk_buffer_release(&cri->list);
	sk_buffer_release(&cri->names);
	sk_free(cri);
}

void sk_cri_interrupt(struct sk_cri *cri)
{
	sk_grpc_interrupt(cri->grpc);
}

/* Errors but those that mean "not here", or "no such call", as they are; the answer is empty then. */
static int call_in(struct sk_cri *cri, const char *namespace, const char *path, const ProtobufCMessage *question,
		   struct sk_buffer *answer)
{
	const struct sk_grpc_call call = {
		.path = path,
		.header = {namespace ? "containerd-namespace" : NULL, namespace},
		.message = &cri->question,
	};
	int result;

	sk_buffer_clear(answer);
	sk_message_write(question, &cri->question);
	if (cri->question.failed)
		return -ENOMEM;
	result = sk_grpc_ask(cri->grpc, &call, answer);
	if (result > 0)
		sk_buffer_clear(answer);
	return result <= 0 ? result : -ENOENT;
}

static int call(struct sk_cri *cri, const char *path, const ProtobufCMessage *question, struct sk_buffer *answer)
{
	return call_in(cri, NULL, path, question, answer);
}

static struct sk_answer answer_in(const struct sk_buffer *buffer)
{
	return (struct sk_answer){buffer->bytes, buffer->length};
}

static int ask_type(struct sk_cri *cri)
{
	const SkVersion nothing = SK_VERSION__INIT;
	struct sk_answer answer;
	int result;

	if (cri->typed)
		return 0;
	result = call(cri, RUNTIME "Version", &nothing.base, &cri->version);
	if (result < 0)
		return result;
	answer = answer_in(&cri->version);
	cri->type = sk_cri_type(&answer);
	cri->typed = true;
	return 0;
}

static int ask_status(struct sk_cri *cri, const char *path, char *id, struct sk_buffer *answer)
{
	SkStatusQuestion question = SK_STATUS_QUESTION__INIT;

	question.id = id;
	question.verbose = true;
	return call(cri, path, &question.base, answer);
}

/*
 * The pod of the container that was found; one that has none, or whose runtime
 * does not tell, is without.  -EBADMSG: it is another container.
 */
static int ask_pod(struct sk_cri *cri, const struct sk_cri_answers *answers, char *id)
{
	char pod_id[FULL_ID_SIZE];
	struct sk_answer list;

	int result = sk_cri_pod_id(answers, pod_id, sizeof(pod_id));

	sk_buffer_clear(&cri->pod);
	if (result == -EBADMSG)
		return result;
	if (result < 0) {
		SkContainerFilter filter = SK_CONTAINER_FILTER__INIT;
		SkContainersQuestion question = SK_CONTAINERS_QUESTION__INIT;

		filter.id = id;
		question.filter = &filter;
		if (call(cri, RUNTIME "ListContainers", &question.base, &cri->list) < 0)
			return 0;
		list = answer_in(&cri->list);
		if (sk_cri_listed_pod_id(&list, id, pod_id, sizeof(pod_id)) < 0)
			return 0;
	}
	ask_status(cri, RUNTIME "PodSandboxStatus", pod_id, &cri->pod);
	return 0;
}

static void ask_image(struct sk_cri *cri, const struct sk_cri_answers *answers)
{
	SkImageName image = SK_IMAGE_NAME__INIT;
	SkImageQuestion question = SK_IMAGE_QUESTION__INIT;
	char name[NAME_SIZE];

	sk_buffer_clear(&cri->image);
	if (sk_cri_image_name(answers, name, sizeof(name)) < 0)
		return;
	image.name = name;
	question.image = &image;
	call(cri, IMAGES "ImageStatus", &question.base, &cri->image);
}

static int ask_cri(struct sk_cri *cri, char *id, struct sk_buffer *json)
{
	struct sk_cri_answers answers = {.id = id};
	int result = ask_type(cri);

	if (result < 0)
		return result;
	answers.type = cri->type;
	result = ask_status(cri, RUNTIME "ContainerStatus", id, &cri->container);
	if (result == 0) {
		answers.container = answer_in(&cri->container);
		result = ask_pod(cri, &answers, id);
	} else if (result == -ENOENT) {
		result = ask_status(cri, RUNTIME "PodSandboxStatus", id, &cri->pod);
	}
	if (result < 0)
		return result;
	answers.pod = answer_in(&cri->pod);
	ask_image(cri, &answers);
	answers.image = answer_in(&cri->image);
	return sk_cri_print(&answers, json);
}

/* --- containerd's own API ------------------------------------------------------------ */

static int ask_in_namespace(struct sk_cri *cri, const char *namespace, const char *id, struct sk_buffer *json)
{
	struct sk_native_answers answers = {.id = id};
	SkFilters filters = SK_FILTERS__INIT;
	SkImageGet image = SK_IMAGE_GET__INIT;
	char filter[64], name[NAME_SIZE], *list[] = {filter};
	int result;

	/* A regular expression; the dots in an id match more than themselves, which the answer's reader knows. */
	snprintf(filter, sizeof(filter), "id~=\"^%s\"", id);
	filters.n_filters = 1;
	filters.filters = list;
	result = call_in(cri, namespace, CONTAINERD "containers.v1.Containers/List", &filters.base, &cri->list);
	if (result < 0)
		return result;
	answers.containers = answer_in(&cri->list);
	sk_buffer_clear(&cri->image);
	if (sk_native_image_name(&answers, name, sizeof(name)) == 0) {
		image.name = name;
		call_in(cri, namespace, CONTAINERD "images.v1.Images/Get", &image.base, &cri->image);
	}
	answers.image = answer_in(&cri->image);
	return sk_native_print(&answers, json);
}

static int ask_containerd(struct sk_cri *cri, const char *id, struct sk_buffer *json)
{
	const SkFilters everything = SK_FILTERS__INIT;
	struct sk_answer namespaces;
	int result = call(cri, CONTAINERD "namespaces.v1.Namespaces/List", &everything.base, &cri->list);

	if (result < 0)
		return result;
	namespaces = answer_in(&cri->list);
	result = sk_native_namespaces(&namespaces, &cri->names);
	if (result < 0)
		return result;
	result = -ENOENT;
	for (const char *name = cri->names.bytes; *name && result == -ENOENT; name += strlen(name) + 1)
		result = ask_in_namespace(cri, name, id, json);
	return result;
}

int sk_cri_ask(struct sk_cri *cri, const char *id, struct sk_buffer *json)
{
	char copy[SK_CONTAINER_ID_LENGTH + 1];
	int result = -ENOENT;

	if (strlen(id) > SK_CONTAINER_ID_LENGTH)
		return -ENOENT;
	strcpy(copy, id);
	/* CRI's ids are hexadecimal, and it would take a shorter one for the beginning of any. */
	if (strlen(id) == SK_CONTAINER_ID_LENGTH && sk_part_is_hexadecimal(sk_part_of_text(id)))
		result = ask_cri(cri, copy, json);
	return result == -ENOENT ? ask_containerd(cri, id, json) : result;
}
