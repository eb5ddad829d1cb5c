/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CRI runtimes and containerd answer, made metadata: by a server of ours
 * that answers one connection after another from a list, or misbehaves.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "runtime/containers/cri.h"
#include "runtime/containers/cri_print.h"
#include "runtime/containers/message.h"
#include "tests/test.h"
#include "tests/unit/containers/frames.h"

#define ID "0123456789ab"
#define FULL ID "0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define POD "feedfacefeed"
#define FULL_POD POD "0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define DIGEST "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define IMAGE "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

enum { ANSWERS = 8 };

/* --- messages ---------------------------------------------------------------- */

static struct sk_buffer version, container, bare_container, pod, image, listed, namespaces, natives, native_image;

static SkPair *pair(SkPair *place, char *key, char *value)
{
	sk_pair__init(place);
	place->key = key;
	place->value = value;
	return place;
}

static void write_container(struct sk_buffer *bytes, char *info_text)
{
	SkContainerAnswer answer = SK_CONTAINER_ANSWER__INIT;
	SkContainerStatus status = SK_CONTAINER_STATUS__INIT;
	SkContainerMetadata metadata = SK_CONTAINER_METADATA__INIT;
	SkImageName name = SK_IMAGE_NAME__INIT;
	SkMount mount = SK_MOUNT__INIT, *mounts[] = {&mount};
	SkPair pairs[2], *labels[] = {pair(&pairs[0], "role", "till")},
			 *info[] = {pair(&pairs[1], "info", info_text)};

	status.id = FULL;
	metadata.name = "till";
	status.metadata = &metadata;
	status.created_at = 1700000000000000007;
	name.name = "shop:v1";
	status.image = &name;
	status.image_ref = "registry.example:5000/team/shop@" DIGEST;
	mount.host_path = "/srv";
	mount.container_path = "/data";
	mount.readonly = true;
	mount.propagation = 1;
	status.n_mounts = 1;
	status.mounts = mounts;
	status.n_labels = 1;
	status.labels = labels;
	answer.status = &status;
	answer.n_info = 1;
	answer.info = info;
	sk_message_write(&answer.base, bytes);
}

static void write_pod(void)
{
	SkPodAnswer answer = SK_POD_ANSWER__INIT;
	SkPodStatus status = SK_POD_STATUS__INIT;
	SkPodMetadata metadata = SK_POD_METADATA__INIT;
	SkPodNetwork network = SK_POD_NETWORK__INIT;
	SkLinuxPod on_linux = SK_LINUX_POD__INIT;
	SkNamespaces spaces = SK_NAMESPACES__INIT;
	SkNamespaceOptions options = SK_NAMESPACE_OPTIONS__INIT;
	SkPair pairs[3], *labels[] = {pair(&pairs[0], "tier", "front"), pair(&pairs[1], "app", "shop")};
	SkPair *info[] = {pair(
		&pairs[2], "info",
		"{\"image\":\"pause:3\",\"cniResult\":{\"Interfaces\":{\"lo\":{},\"eth0\":{\"IP\":\"10.1.2.3\"},"
		"\"veth1\":{}}}}")};

	status.id = FULL_POD;
	metadata.name = "shop-0";
	metadata.uid = "0a-1b";
	metadata.namespace_ = "shops";
	status.metadata = &metadata;
	network.ip = "10.1.2.3";
	status.network = &network;
	options.network = 2;
	options.pid = 1;
	options.ipc = 2;
	spaces.options = &options;
	on_linux.namespaces = &spaces;
	status.on_linux = &on_linux;
	status.n_labels = 2;
	status.labels = labels;
	answer.status = &status;
	answer.n_info = 1;
	answer.info = info;
	sk_message_write(&answer.base, &pod);
}

static void write_images(void)
{
	SkImageAnswer answer = SK_IMAGE_ANSWER__INIT;
	SkImage described = SK_IMAGE__INIT;
	SkNativeImageAnswer native = SK_NATIVE_IMAGE_ANSWER__INIT;
	SkNativeImage target_of = SK_NATIVE_IMAGE__INIT;
	SkDescriptor target = SK_DESCRIPTOR__INIT;

	described.id = IMAGE;
	answer.image = &described;
	sk_message_write(&answer.base, &image);
	target.digest = DIGEST;
	target_of.target = &target;
	native.image = &target_of;
	sk_message_write(&native.base, &native_image);
}

static void write_lists(void)
{
	SkVersion told = SK_VERSION__INIT;
	SkContainersAnswer answer = SK_CONTAINERS_ANSWER__INIT;
	SkListedContainer entry = SK_LISTED_CONTAINER__INIT, *entries[] = {&entry};
	SkNamespaceNames names = SK_NAMESPACE_NAMES__INIT;
	SkNamespaceName first = SK_NAMESPACE_NAME__INIT, second = SK_NAMESPACE_NAME__INIT,
			*all[] = {&first, &second};

	told.runtime_name = "cri-o";
	sk_message_write(&told.base, &version);
	entry.id = FULL;
	entry.pod_sandbox_id = FULL_POD;
	answer.n_containers = 1;
	answer.containers = entries;
	sk_message_write(&answer.base, &listed);
	first.name = "moby";
	second.name = "default";
	names.n_namespaces = 2;
	names.namespaces = all;
	sk_message_write(&names.base, &namespaces);
}

static void write_natives(char *id, char *other_id)
{
	static char spec_text[] =
		"{\"process\":{},\"mounts\":[{\"destination\":\"/data\",\"source\":\"/"
		"srv\",\"options\":[\"rbind\",\"ro\"]}],"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"}]}}";
	SkNativeContainers answer = SK_NATIVE_CONTAINERS__INIT;
	SkNativeContainer first = SK_NATIVE_CONTAINER__INIT, second = SK_NATIVE_CONTAINER__INIT;
	SkNativeContainer *all[] = {&first, &second};
	SkAny spec = SK_ANY__INIT;
	SkTime time = SK_TIME__INIT;
	SkPair pairs[1], *labels[] = {pair(&pairs[0], "stage", "test")};

	first.id = id;
	first.image = "docker.io/library/shop:v1";
	spec.value.data = (uint8_t *)spec_text;
	spec.value.len = strlen(spec_text);
	first.spec = &spec;
	time.seconds = 1700000000;
	first.created_at = &time;
	first.n_labels = 1;
	first.labels = labels;
	second.id = other_id;
	answer.n_containers = 2;
	answer.containers = all;
	sk_message_write(&answer.base, &natives);
}

static void write_all(void)
{
	write_container(&container,
			"{\"sandboxID\":\"" FULL_POD "\",\"privileged\":true,\"runtimeSpec\":{\"process\":{"
			"\"user\":{\"uid\":7},\"env\":[\"SECRET=hunter2\"]}}}");
	write_container(&bare_container, "no JSON");
	write_pod();
	write_images();
	write_lists();
	write_natives("cafe01", "cafe0123");
}

static void release_all(void)
{
	struct sk_buffer *const all[] = {&version, &container,  &bare_container, &pod,         &image,
					 &listed,  &namespaces, &natives,        &native_image};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sk_buffer_release(all[i]);
}

/* --- the server ------------------------------------------------------------------ */

enum behaviour { ANSWERS_IN_TURN, HANGS, STOPS_HALFWAY, NEVER_ENDS, TALKS_HTTP1, CLOSES };

struct answer {
	const char *code;
	const struct sk_buffer *message;
};

static struct server {
	enum behaviour behaviour;
	struct answer answers[ANSWERS];
	char path[64];
	int listener;
	pthread_t thread;
	atomic_uint connections;
} server;

static bool send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

/* Waits for the client to give up, two seconds at most. */
static void hang(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLRDHUP};

	poll(&waiting, 1, 2000);
}

static void serve(int fd, unsigned number)
{
	static const struct answer nothing = {"5", NULL};
	const struct answer *answer =
		number < ANSWERS && server.answers[number].code ? &server.answers[number] : &nothing;
	struct sk_buffer bytes = {0};
	char ping[17] = {0, 0, 8, FRAME_PING};

	switch (server.behaviour) {
	case ANSWERS_IN_TURN:
		add_answer(&bytes, answer->code, answer->message ? answer->message->bytes : NULL,
			   answer->message ? answer->message->length : 0);
		send_all(fd, bytes.bytes, bytes.length);
		hang(fd);
		break;
	case HANGS:
		hang(fd);
		break;
	case STOPS_HALFWAY:
		add_answer(&bytes, "0", container.bytes, container.length);
		send_all(fd, bytes.bytes, bytes.length / 2);
		hang(fd);
		break;
	case NEVER_ENDS:
		add_frame(&bytes, FRAME_SETTINGS, 0, 0, NULL, 0);
		send_all(fd, bytes.bytes, bytes.length);
		while (send_all(fd, ping, sizeof(ping)))
			;
		break;
	case TALKS_HTTP1:
		send_all(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		break;
	case CLOSES:
		break;
	}
	sk_buffer_release(&bytes);
}

static void *run_server(void *context)
{
	int fd;

	(void)context;
	while ((fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		char bytes[4096];

		if (recv(fd, bytes, sizeof(bytes), 0) > 0)
			serve(fd, atomic_fetch_add(&server.connections, 1));
		close(fd);
	}
	return NULL;
}

static void start_server(enum behaviour behaviour)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static int number;

	server = (struct server){.behaviour = behaviour};
	snprintf(server.path, sizeof(server.path), "/tmp/sk-cri-%d-%d", (int)getpid(), number++);
	memcpy(address.sun_path, server.path, sizeof(server.path));
	server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server.listener, 8) < 0 || pthread_create(&server.thread, NULL, run_server, NULL) != 0)
		abort();
}

static void stop_server(void)
{
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
	unlink(server.path);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- asking ---------------------------------------------------------------------- */

static struct sk_string_pool *pool;
static struct sk_containers *containers;

static int ask_server(const char *socket, const char *id, unsigned timeout_ms, struct sk_buffer *json)
{
	const struct sk_grpc_options options = {.socket = socket, .timeout_ms = timeout_ms, .limit = 1 << 20};
	struct sk_cri *cri = NULL;
	int result = sk_cri_create(&options, &cri);

	if (result == 0)
		result = sk_cri_ask(cri, id, json);
	sk_cri_destroy(cri);
	return result;
}

/* What the state makes of the answers, one for each connection. */
static const struct sk_container *ask(const char *id, const struct answer *answers, unsigned count)
{
	struct sk_buffer json = {0};
	const struct sk_container *got = NULL;

	pool = sk_string_pool_create();
	containers = sk_containers_create(pool);
	start_server(ANSWERS_IN_TURN);
	memcpy(server.answers, answers, count * sizeof(*answers));
	if (ask_server(server.path, id, 5000, &json) == 0) {
		CHECK(memmem(json.bytes, json.length, "hunter2", 7) == NULL);
		got = sk_containers_update(containers, json.bytes, json.length);
	}
	stop_server();
	CHECK_EQUAL(atomic_load(&server.connections), count);
	sk_buffer_release(&json);
	return got;
}

static void close_world(void)
{
	sk_containers_destroy(containers);
	sk_string_pool_destroy(pool);
}

static void check_pod(const struct sk_container *got)
{
	CHECK_TEXT(got->pod_sandbox_id->bytes, FULL_POD);
	CHECK_TEXT(got->ip->bytes, "10.1.2.3");
	CHECK_TEXT(got->cni_json->bytes, "{\"eth0\":{\"IP\":\"10.1.2.3\"}}");
	CHECK(got->host_network && got->host_ipc && !got->host_pid);
	CHECK_EQUAL(got->pod_label_count, 2);
	CHECK_TEXT(got->pod_labels[0].key->bytes, "app");
	CHECK_TEXT(got->pod_labels[0].value->bytes, "shop");
}

TEST(a_container_of_cri_is_described_with_its_pod)
{
	const struct answer answers[] = {{"0", &version}, {"0", &container}, {"0", &pod}, {"0", &image}};
	const struct sk_container *got;

	write_all();
	got = ask(ID, answers, 4);
	CHECK(got != NULL);
	if (got) {
		CHECK_TEXT(got->id->bytes, ID);
		CHECK_TEXT(got->full_id->bytes, FULL);
		CHECK_TEXT(got->name->bytes, "till");
		CHECK_EQUAL(got->type, SK_CONTAINER_CRIO);
		CHECK_TEXT(got->image->bytes, "registry.example:5000/team/shop:v1");
		CHECK_TEXT(got->image_repository->bytes, "registry.example:5000/team/shop");
		CHECK_TEXT(got->image_tag->bytes, "v1");
		CHECK_TEXT(got->image_digest->bytes, DIGEST);
		CHECK_TEXT(got->image_id->bytes, IMAGE + strlen("sha256:"));
		CHECK(got->privileged);
		CHECK_EQUAL(got->mount_count, 1);
		CHECK_TEXT(got->mounts[0].source->bytes, "/srv");
		CHECK_TEXT(got->mounts[0].destination->bytes, "/data");
		CHECK_TEXT(got->mounts[0].propagation->bytes, "rslave");
		CHECK(!got->mounts[0].read_write);
		CHECK_EQUAL(got->label_count, 5);
		CHECK_TEXT(got->labels[0].key->bytes, "io.kubernetes.pod.name");
		CHECK_TEXT(got->labels[0].value->bytes, "shop-0");
		CHECK_TEXT(got->labels[1].value->bytes, "shops");
		CHECK_TEXT(got->labels[2].value->bytes, "0a-1b");
		CHECK_TEXT(got->labels[3].value->bytes, FULL_POD);
		CHECK_TEXT(got->labels[4].value->bytes, "till");
		check_pod(got);
	}
	close_world();
	release_all();
}

TEST(a_pod_that_is_not_told_beside_the_container_is_found_in_the_list)
{
	const struct answer answers[] = {
		{"0", &version}, {"0", &bare_container}, {"0", &listed}, {"0", &pod}, {"5", NULL}};
	const struct sk_container *got;

	write_all();
	got = ask(ID, answers, 5);
	CHECK(got != NULL);
	if (got) {
		CHECK_TEXT(got->name->bytes, "till");
		CHECK(!got->privileged);
		CHECK_TEXT(got->image_id->bytes, "");
		check_pod(got);
	}
	close_world();
	release_all();
}

TEST(the_sandbox_of_a_pod_is_a_container_too)
{
	const struct answer answers[] = {{"0", &version}, {"5", NULL}, {"0", &pod}, {"0", &image}};
	const struct sk_container *got;

	write_all();
	got = ask(POD, answers, 4);
	CHECK(got != NULL);
	if (got) {
		CHECK_TEXT(got->id->bytes, POD);
		CHECK_TEXT(got->name->bytes, "shop-0");
		CHECK_TEXT(got->image->bytes, "pause:3");
		CHECK_TEXT(got->image_id->bytes, IMAGE + strlen("sha256:"));
		check_pod(got);
	}
	close_world();
	release_all();
}

TEST(a_container_past_cri_is_found_by_containerds_own_api)
{
	/* Too short for CRI. */
	const struct answer answers[] = {{"0", &namespaces}, {"0", &natives}, {"0", &native_image}};
	/* Where there is no CRI, ids of its kind are looked for, too. */
	const struct answer without_cri[] = {
		{"12", NULL}, {"0", &namespaces}, {"0", &natives}, {"0", &native_image}};
	const struct sk_container *got;

	write_all();
	got = ask("cafe01", answers, 3);
	CHECK(got != NULL);
	if (got) {
		CHECK_TEXT(got->id->bytes, "cafe01");
		CHECK_TEXT(got->name->bytes, "cafe01");
		CHECK_EQUAL(got->type, SK_CONTAINER_CONTAINERD);
		CHECK_TEXT(got->image->bytes, "docker.io/library/shop:v1");
		CHECK_TEXT(got->image_digest->bytes, DIGEST);
		CHECK(got->privileged && got->host_network && !got->host_pid && !got->host_ipc);
		CHECK_EQUAL(got->mount_count, 1);
		CHECK(!got->mounts[0].read_write);
		CHECK_EQUAL(got->label_count, 1);
	}
	close_world();
	write_natives(FULL, "1" FULL);
	got = ask(ID, without_cri, 4);
	CHECK(got && strcmp(got->full_id->bytes, FULL) == 0);
	close_world();
	release_all();
}

TEST(two_that_begin_alike_are_not_told_apart)
{
	const struct answer answers[] = {{"12", NULL}, {"0", &namespaces}, {"0", &natives}};

	write_all();
	write_natives(FULL, FULL "x");
	CHECK(ask(ID, answers, 3) == NULL);
	close_world();
	release_all();
}

TEST(an_answer_about_another_container_is_refused)
{
	const struct answer answers[] = {{"0", &version}, {"0", &container}};

	write_all();
	CHECK(ask("0123456789aa", answers, 2) == NULL);
	close_world();
	release_all();
}

static void misbehave(enum behaviour behaviour, int expected)
{
	struct sk_buffer json = {0};
	int64_t before = now_ms();

	write_all();
	start_server(behaviour);
	CHECK_EQUAL(ask_server(server.path, ID, 200, &json), expected);
	CHECK(now_ms() - before < 1500);
	stop_server();
	sk_buffer_release(&json);
	release_all();
}

TEST(a_server_that_is_slow_or_talks_nonsense_costs_little_time)
{
	misbehave(HANGS, -ETIMEDOUT);
	misbehave(STOPS_HALFWAY, -ETIMEDOUT);
	misbehave(TALKS_HTTP1, -EBADMSG);
	misbehave(CLOSES, -EBADMSG);
}

TEST(a_server_that_sends_without_end_is_left)
{
	struct sk_buffer json = {0};
	int64_t before = now_ms();
	int result;

	start_server(NEVER_ENDS);
	result = ask_server(server.path, ID, 1000, &json);
	CHECK(result == -E2BIG || result == -EBADMSG || result == -ETIMEDOUT);
	CHECK(now_ms() - before < 1500);
	stop_server();
	sk_buffer_release(&json);
}

TEST(nobody_there_is_told_at_once)
{
	struct sk_buffer json = {0};

	CHECK_EQUAL(ask_server("/nonexistent/cri.sock", ID, 5000, &json), -ENOTCONN);
	sk_buffer_release(&json);
}

static void *interrupt_soon(void *context)
{
	usleep(100000);
	sk_cri_interrupt(context);
	return NULL;
}

TEST(an_interruption_ends_a_question_and_all_later_ones)
{
	struct sk_grpc_options options = {.timeout_ms = 20000, .limit = 1 << 20};
	struct sk_buffer json = {0};
	int64_t before = now_ms();
	struct sk_cri *cri = NULL;
	pthread_t thread;

	start_server(HANGS);
	options.socket = server.path;
	CHECK_EQUAL(sk_cri_create(&options, &cri), 0);
	CHECK_EQUAL(pthread_create(&thread, NULL, interrupt_soon, cri), 0);
	CHECK_EQUAL(sk_cri_ask(cri, ID, &json), -ECANCELED);
	CHECK_EQUAL(sk_cri_ask(cri, ID, &json), -ECANCELED);
	CHECK(now_ms() - before < 1900);
	pthread_join(thread, NULL);
	sk_cri_destroy(cri);
	stop_server();
	sk_buffer_release(&json);
}

TEST(two_bytes_of_a_message_do_not_become_much_memory)
{
	struct sk_buffer bytes = {0};
	struct sk_answer answer;
	void *message;

	/* A million labels, all empty. */
	for (int i = 0; i < 1 << 20; i++)
		sk_buffer_append(&bytes, "\x12\0", 2);
	answer = (struct sk_answer){bytes.bytes, bytes.length};
	message = sk_message_read(&sk_container_answer__descriptor, &answer);
	CHECK(message == NULL);
	sk_message_free(message);
	sk_buffer_release(&bytes);
}

TEST_MAIN(RUN(a_container_of_cri_is_described_with_its_pod) RUN(
	a_pod_that_is_not_told_beside_the_container_is_found_in_the_list)
		  RUN(the_sandbox_of_a_pod_is_a_container_too) RUN(
			  a_container_past_cri_is_found_by_containerds_own_api)
			  RUN(two_that_begin_alike_are_not_told_apart) RUN(
				  an_answer_about_another_container_is_refused)
				  RUN(a_server_that_is_slow_or_talks_nonsense_costs_little_time) RUN(
					  a_server_that_sends_without_end_is_left) RUN(nobody_there_is_told_at_once)
					  RUN(an_interruption_ends_a_question_and_all_later_ones)
						  RUN(two_bytes_of_a_message_do_not_become_much_memory))
