/* SPDX-License-Identifier: Apache-2.0 */
/* What runtimes answer, made metadata, and read back by the state's own reader. */
#include <stdlib.h>

#include "runtime/containers/inspect.h"
#include "runtime/state/container.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

#define ID "0123456789ab"
#define FULL ID "0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define IMAGE "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct sk_buffer json;
static struct sk_string_pool *pool;
static struct sk_containers *containers;

static void world_open(void)
{
	pool = sk_string_pool_create();
	containers = sk_containers_create(pool);
}

static void world_close(void)
{
	sk_containers_destroy(containers);
	sk_string_pool_destroy(pool);
	sk_buffer_release(&json);
}

static struct sk_answer answer(const char *text)
{
	return (struct sk_answer){text, strlen(text)};
}

/* The container that the state makes of it; NULL if the answer is refused. */
static const struct sk_container *read_answer(enum sk_runtime_kind kind, const char *text, const char *image)
{
	const struct sk_answer container = answer(text), of_image = answer(image);

	if (sk_inspect_print(kind, ID, &container, &of_image, &json) < 0)
		return NULL;
	return sk_containers_update(containers, json.bytes, json.length);
}

static const char podman[] =
	"{\"Id\":\"" FULL "\",\"Created\":\"2026-11-22T04:37:22.129460252+01:00\",\"Image\":\"" IMAGE
	"\",\"ImageName\":\"registry.example:5000/team/shop:v1\",\"ImageDigest\":\"sha256:dd\",\"Name\":\"shop\","
	"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/srv\",\"Destination\":\"/data\",\"Mode\":\"Z\",\"RW\":false,"
	"\"Propagation\":\"rprivate\"},7],\"NetworkSettings\":{\"IPAddress\":\"10.88.0.2\"},"
	"\"Config\":{\"User\":\"app\",\"Env\":[\"SECRET=hunter2\"],\"Labels\":{\"b\":\"2\",\"a\":\"1\",\"n\":3}},"
	"\"HostConfig\":{\"Privileged\":true,\"NetworkMode\":\"host\",\"PidMode\":\"private\",\"IpcMode\":\"host\"}"
	"}";

TEST(what_podman_says_is_metadata)
{
	const struct sk_container *got;

	world_open();
	got = read_answer(SK_RUNTIME_PODMAN, podman, "");
	CHECK(got != NULL);
	if (!got)
		return;
	CHECK_TEXT(got->id->bytes, ID);
	CHECK_TEXT(got->full_id->bytes, FULL);
	CHECK_TEXT(got->name->bytes, "shop");
	CHECK_TEXT(got->image->bytes, "registry.example:5000/team/shop:v1");
	CHECK_TEXT(got->image_repository->bytes, "registry.example:5000/team/shop");
	CHECK_TEXT(got->image_tag->bytes, "v1");
	CHECK_TEXT(got->image_digest->bytes, "sha256:dd");
	CHECK_TEXT(got->image_id->bytes, IMAGE);
	CHECK_TEXT(got->ip->bytes, "10.88.0.2");
	CHECK_EQUAL(got->type, SK_CONTAINER_PODMAN);
	CHECK(got->privileged && got->host_network && got->host_ipc && !got->host_pid);
	CHECK_EQUAL(got->mount_count, 1);
	CHECK_TEXT(got->mounts[0].source->bytes, "/srv");
	CHECK_TEXT(got->mounts[0].destination->bytes, "/data");
	CHECK_TEXT(got->mounts[0].mode->bytes, "Z");
	CHECK(!got->mounts[0].read_write);
	CHECK_EQUAL(got->label_count, 2);
	CHECK_TEXT(got->labels[0].key->bytes, "a");
	CHECK_TEXT(got->labels[1].value->bytes, "2");
	CHECK(strstr(json.bytes, "\"created_time\":1795318642") != NULL);
	CHECK(strstr(json.bytes, "\"User\":\"app\"") != NULL);
	CHECK(strstr(json.bytes, "hunter2") == NULL);
	world_close();
}

/* An answer of docker whose image has this name. */
static const char *docker(const char *image)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "{\"Id\":\"" FULL "\",\"Name\":\"/k8s_POD_x\",\"Image\":\"sha256:" IMAGE
		 "\",\"Config\":{\"Image\":\"%s\","
		 "\"Labels\":{\"io.kubernetes.sandbox.id\":\"abc\"}},\"HostConfig\":null}",
		 image);
	return text;
}

TEST(an_image_of_docker_is_described_apart)
{
	static const char image[] = "{\"RepoDigests\":[\"other@sha256:00\",\"shop@sha256:11\"],"
				    "\"RepoTags\":[\"other:old\",\"shop:v2\"]}";
	const struct sk_container *got;
	struct sk_answer container = answer(docker("shop:v2"));
	char path[128];

	world_open();
	CHECK_EQUAL(sk_inspect_image_path(&container, path), 0);
	CHECK_TEXT(path, "/images/sha256:" IMAGE "/json");
	got = read_answer(SK_RUNTIME_DOCKER, docker("shop:v2"), image);
	CHECK(got != NULL);
	if (!got)
		return;
	CHECK_TEXT(got->name->bytes, "k8s_POD_x");
	CHECK_TEXT(got->image->bytes, "shop:v2");
	CHECK_TEXT(got->image_repository->bytes, "shop");
	CHECK_TEXT(got->image_tag->bytes, "v2");
	CHECK_TEXT(got->image_digest->bytes, "sha256:11");
	CHECK_TEXT(got->image_id->bytes, IMAGE);
	CHECK_TEXT(got->pod_sandbox_id->bytes, "abc");
	CHECK_EQUAL(got->type, SK_CONTAINER_DOCKER);
	CHECK(strstr(json.bytes, "\"is_pod_sandbox\":true") != NULL);
	/* Started by the image's id: its names are the image's. */
	got = read_answer(SK_RUNTIME_DOCKER, docker("sha256:" IMAGE), image);
	CHECK_TEXT(got->image_repository->bytes, "other");
	CHECK_TEXT(got->image_tag->bytes, "old");
	CHECK_TEXT(got->image_digest->bytes, "sha256:00");
	/* Nothing is known of the image. */
	got = read_answer(SK_RUNTIME_DOCKER, docker("shop"), "garbage");
	CHECK_TEXT(got->image_repository->bytes, "shop");
	CHECK_TEXT(got->image_tag->bytes, "");
	CHECK_TEXT(got->image_digest->bytes, "");
	world_close();
}

TEST(what_does_not_describe_the_container_is_refused)
{
	static const char *const answers[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"{\"Id\":7}",
		"{\"Id\":\"" ID "\"}",
		"{\"Id\":\"f" FULL "\"}",
		"{\"Id\":\"ffffffffffff0123456789abcdef0123456789abcdef0123456789abcdef0123\"}",
		"{\"Id\":\"" ID "\\\"},{\\\"0123456789abcdef0123456789abcdef0123456789abcdef01\"}",
		"{\"Id\":\"" FULL "\"",
	};
	struct sk_answer container = answer("{\"Image\":\"sha256:../../secrets\"}");
	char path[128];

	world_open();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		CHECK(read_answer(SK_RUNTIME_PODMAN, answers[i], "") == NULL);
	/* Whatever else is missing or of the wrong type is empty. */
	CHECK(read_answer(SK_RUNTIME_PODMAN,
			  "{\"Id\":\"" FULL "\",\"Name\":[],\"Config\":7,\"HostConfig\":\"\",\"Mounts\":{}}",
			  "") != NULL);
	CHECK(sk_inspect_image_path(&container, path) < 0);
	world_close();
}

TEST(an_answer_of_any_length_gives_short_metadata)
{
	size_t size = 3 << 20, room = 5000;
	char *text = malloc(size + room), *at;
	const struct sk_container *got;

	world_open();
	at = text + sprintf(text, "{\"Id\":\"" FULL "\",\"Name\":\"shop\",\"Config\":{\"Labels\":{\"x\":\"y\"");
	for (int i = 0; at < text + size; i++) {
		at += sprintf(at, ",\"label%d\":\"", i);
		memset(at, 'a', 4000);
		at += 4000;
		*at++ = '"';
	}
	strcpy(at, "}}}");
	got = read_answer(SK_RUNTIME_PODMAN, text, "");
	CHECK(got != NULL);
	CHECK(json.length < 300 << 10);
	CHECK_TEXT(got ? got->name->bytes : NULL, "shop");
	CHECK_EQUAL(got ? got->label_count : 1, 0);
	free(text);
	world_close();
}

TEST_MAIN(RUN(what_podman_says_is_metadata) RUN(an_image_of_docker_is_described_apart)
		  RUN(what_does_not_describe_the_container_is_refused)
			  RUN(an_answer_of_any_length_gives_short_metadata))
