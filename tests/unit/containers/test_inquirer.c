/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inquirer against a server of ours on a Unix socket, which behaves as it
 * is told: well, slowly, or badly.
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

#include "runtime/containers/inquirer.h"
#include "runtime/state/state.h"
#include "tests/test.h"

#define ID "0123456789ab"
#define REST "0123456789abcdef0123456789abcdef0123456789abcdef0123"

enum behaviour {
	ANSWERS,
	IS_SLOW,
	HANGS,
	TALKS_NONSENSE,
	DESCRIBES_ANOTHER,
	NEVER_ENDS,
	KNOWS_LATER,
	KNOWS_NOTHING
};

struct server {
	enum behaviour behaviour;
	char path[64];
	int listener;
	pthread_t thread;
	atomic_int questions;
	char first_line[256]; /* of the last question */
};

static bool send_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		length -= (size_t)sent;
	}
	return true;
}

static void reply(int fd, const char *status, const char *body)
{
	char text[1024];
	int length = snprintf(text, sizeof(text),
			      "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
			      "close\r\n\r\n%s",
			      status, strlen(body), body);

	send_all(fd, text, (size_t)length);
}

static void describe(int fd, const char *id)
{
	char body[512];

	snprintf(body, sizeof(body),
		 "{\"Id\":\"%.12s" REST "\",\"Name\":\"/shop\",\"ImageName\":\"localhost/shop:v1\",\"Config\":{}}",
		 id);
	reply(fd, "200 OK", body);
}

/* Waits for the client to give up, two seconds at most. */
static void hang(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLRDHUP};

	poll(&waiting, 1, 2000);
}

static void serve(struct server *server, int fd)
{
	static const char endless[] = "HTTP/1.1 200 OK\r\n\r\n{\"Id\":\"";
	char block[4096];
	const char *id;

	memset(block, 'a', sizeof(block));
	id = strstr(server->first_line, "/containers/");
	id = id ? id + strlen("/containers/") : ID;
	switch (server->behaviour) {
	case ANSWERS:
		describe(fd, id);
		break;
	case IS_SLOW:
		usleep(150000);
		describe(fd, id);
		break;
	case HANGS:
		hang(fd);
		break;
	case TALKS_NONSENSE:
		send_all(fd, "\x7f\0\0 go away\r\n\r\n", 16);
		break;
	case DESCRIBES_ANOTHER:
		describe(fd, "ffffffffffff");
		break;
	case NEVER_ENDS:
		send_all(fd, endless, strlen(endless));
		while (send_all(fd, block, sizeof(block)))
			;
		break;
	case KNOWS_LATER:
		if (atomic_load(&server->questions) < 3)
			reply(fd, "404 Not Found", "{}");
		else
			describe(fd, id);
		break;
	case KNOWS_NOTHING:
		reply(fd, "404 Not Found", "{\"message\":\"no such container\"}");
		break;
	}
}

static void *run_server(void *context)
{
	struct server *server = context;
	int fd;

	while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		ssize_t got = recv(fd, server->first_line, sizeof(server->first_line) - 1, 0);

		if (got > 0) {
			server->first_line[got] = '\0';
			atomic_fetch_add(&server->questions, 1);
			serve(server, fd);
		}
		close(fd);
	}
	return NULL;
}

static void start_server(struct server *server, enum behaviour behaviour)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static int number;

	*server = (struct server){.behaviour = behaviour};
	snprintf(server->path, sizeof(server->path), "/tmp/sk-inquirer-%d-%d", (int)getpid(), number++);
	memcpy(address.sun_path, server->path, sizeof(server->path));
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server->listener, 8) < 0 || pthread_create(&server->thread, NULL, run_server, server) != 0)
		abort();
}

static void stop_server(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	unlink(server->path);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is delivered ------------------------------------------------------- */

static struct {
	struct sk_state *state;
	struct sk_event_view view;
	int events;
} got;

static int take(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	(void)context;
	CHECK_EQUAL(sk_event_decode(bytes, size, &got.view.event, NULL), 0);
	CHECK_EQUAL(got.view.event.type, SK_EVENT_ASYNCEVENT_E);
	CHECK_EQUAL(cpu, 0);
	got.events++;
	sk_state_process(got.state, &got.view);
	return 0;
}

/* The name of a container once it is known; NULL after `ms`. */
static const char *name_within(struct sk_inquirer *inquirer, const char *id, int ms)
{
	int64_t end = now_ms() + ms;

	for (;;) {
		const struct sk_container *container;

		sk_inquirer_deliver(inquirer, 42, take, NULL);
		container = sk_containers_find(sk_state_containers(got.state), id, strlen(id));
		if (container)
			return container->name->bytes;
		if (now_ms() > end)
			return NULL;
		usleep(2000);
	}
}

static struct sk_inquirer *start(const struct sk_inquirer_runtime *runtimes, unsigned count)
{
	const struct sk_inquirer_options options = {
		.runtimes = runtimes, .count = count, .timeout_ms = 300, .retry_ms = 5, .silence_ms = 100};
	const struct sk_state_options state = {.own_pid = -1};
	struct sk_inquirer *inquirer = NULL;

	got.events = 0;
	memset(&got.view, 0, sizeof(got.view));
	CHECK_EQUAL(sk_state_create(&state, &got.state), 0);
	CHECK_EQUAL(sk_inquirer_start(&options, &inquirer), 0);
	return inquirer;
}

static void stop(struct sk_inquirer *inquirer)
{
	sk_inquirer_stop(inquirer);
	sk_state_destroy(got.state);
}

static void need(struct sk_inquirer *inquirer, const char *id)
{
	int64_t before = now_ms();

	sk_inquirer_need(inquirer, id, strlen(id));
	CHECK(now_ms() - before < 100);
}

TEST(an_answer_becomes_the_event_that_a_capture_carries)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	struct sk_inquirer *inquirer;

	start_server(&server, ANSWERS);
	inquirer = start(&runtime, 1);
	need(inquirer, ID);
	CHECK_TEXT(name_within(inquirer, ID, 5000), "shop");
	CHECK_EQUAL(got.view.event.ts, 42);
	CHECK_EQUAL(got.events, 1);
	CHECK(strncmp(server.first_line, "GET /v4.0.0/libpod/containers/" ID "/json HTTP/1.1\r\n", 54) == 0);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).answered, 1);
	stop(inquirer);
	stop_server(&server);
}

TEST(docker_is_asked_where_docker_answers)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_DOCKER, server.path};
	struct sk_inquirer *inquirer;

	start_server(&server, ANSWERS);
	inquirer = start(&runtime, 1);
	need(inquirer, ID);
	CHECK_TEXT(name_within(inquirer, ID, 5000), "shop");
	CHECK(strncmp(server.first_line, "GET /containers/" ID "/json HTTP/1.1\r\n", 41) == 0);
	stop(inquirer);
	stop_server(&server);
}

TEST(a_container_that_is_known_late_is_asked_for_again)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	struct sk_inquirer *inquirer;

	start_server(&server, KNOWS_LATER);
	inquirer = start(&runtime, 1);
	need(inquirer, ID);
	need(inquirer, ID);
	CHECK_TEXT(name_within(inquirer, ID, 5000), "shop");
	CHECK_EQUAL(atomic_load(&server.questions), 3);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).asked, 1);
	stop(inquirer);
	stop_server(&server);
}

TEST(a_container_that_nobody_knows_is_asked_for_four_times_then_rests)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	struct sk_inquirer *inquirer;
	int64_t end = now_ms() + 5000;

	start_server(&server, KNOWS_NOTHING);
	inquirer = start(&runtime, 1);
	CHECK(sk_inquirer_has_runtimes(inquirer));
	CHECK(sk_inquirer_gave_up(inquirer, ID, strlen(ID)));
	need(inquirer, ID);
	CHECK(!sk_inquirer_gave_up(inquirer, ID, strlen(ID)));
	while (sk_inquirer_stats(inquirer).unknown == 0 && now_ms() < end)
		usleep(1000);
	CHECK_EQUAL(atomic_load(&server.questions), 4);
	CHECK(sk_inquirer_gave_up(inquirer, ID, strlen(ID)));
	need(inquirer, ID);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).asked, 1);
	usleep(150000);
	need(inquirer, ID);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).asked, 2);
	CHECK(name_within(inquirer, ID, 0) == NULL);
	stop(inquirer);
	stop_server(&server);
}

/* The id stays, everything else is unknown, and who can answer still does. */
static void check_beside(enum behaviour behaviour)
{
	struct server bad, good;
	struct sk_inquirer_runtime runtimes[] = {
		{SK_RUNTIME_DOCKER, bad.path}, {SK_RUNTIME_PODMAN, bad.path}, {SK_RUNTIME_PODMAN, good.path}};
	struct sk_inquirer *inquirer;
	int64_t end = now_ms() + 8000;

	start_server(&bad, behaviour);
	inquirer = start(runtimes, 2);
	need(inquirer, ID);
	need(inquirer, "00000000000a");
	while (sk_inquirer_stats(inquirer).unknown < 2 && now_ms() < end)
		usleep(1000);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).unknown, 2);
	CHECK(name_within(inquirer, ID, 0) == NULL);
	CHECK_EQUAL(got.events, 0);
	stop(inquirer);

	start_server(&good, ANSWERS);
	inquirer = start(runtimes, 3);
	need(inquirer, ID);
	/* Sooner than the other has timed out four times. */
	CHECK_TEXT(name_within(inquirer, ID, 1000), "shop");
	stop(inquirer);
	stop_server(&good);
	stop_server(&bad);
}

TEST(a_runtime_that_hangs_delays_nobody)
{
	check_beside(HANGS);
}

TEST(stopping_does_not_wait_for_an_answer)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	const struct sk_inquirer_options options = {.runtimes = &runtime, .count = 1, .timeout_ms = 20000};
	struct sk_inquirer *inquirer = NULL;
	int64_t end = now_ms() + 5000;

	start_server(&server, HANGS);
	CHECK_EQUAL(sk_inquirer_start(&options, &inquirer), 0);
	need(inquirer, ID);
	while (atomic_load(&server.questions) == 0 && now_ms() < end)
		usleep(1000);
	end = now_ms() + 1500; /* less than the server hangs, and much less than the limit */
	sk_inquirer_stop(inquirer);
	CHECK(now_ms() < end);
	stop_server(&server);
}

TEST(nonsense_is_no_answer)
{
	check_beside(TALKS_NONSENSE);
}

TEST(a_description_of_another_container_is_no_answer)
{
	check_beside(DESCRIBES_ANOTHER);
}

TEST(an_answer_without_end_is_no_answer)
{
	check_beside(NEVER_ENDS);
}

TEST(a_runtime_that_is_not_there_costs_nothing)
{
	const struct sk_inquirer_runtime runtime = {SK_RUNTIME_DOCKER, "/nonexistent/docker.sock"};
	struct sk_inquirer *inquirer = start(&runtime, 1);
	int64_t end = now_ms() + 5000;

	need(inquirer, ID);
	while (sk_inquirer_stats(inquirer).unknown == 0 && now_ms() < end)
		usleep(1000);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).unknown, 1);
	CHECK(name_within(inquirer, ID, 0) == NULL);
	stop(inquirer);
}

TEST(a_container_that_is_gone_is_not_brought_back_by_a_late_answer)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	struct sk_inquirer *inquirer;
	int64_t end = now_ms() + 5000;

	start_server(&server, IS_SLOW);
	inquirer = start(&runtime, 1);
	need(inquirer, ID);
	while (atomic_load(&server.questions) == 0 && now_ms() < end)
		usleep(1000);
	sk_inquirer_forget(inquirer, ID, strlen(ID));
	need(inquirer, "00000000000a");
	CHECK_TEXT(name_within(inquirer, "00000000000a", 5000), "shop");
	CHECK(name_within(inquirer, ID, 0) == NULL);
	CHECK_EQUAL(got.events, 1);
	stop(inquirer);
	stop_server(&server);
}

TEST(more_containers_than_can_be_asked_for_at_a_time_are_counted)
{
	struct server server;
	struct sk_inquirer_runtime runtime = {SK_RUNTIME_PODMAN, server.path};
	struct sk_inquirer *inquirer;
	char id[16];

	start_server(&server, HANGS);
	inquirer = start(&runtime, 1);
	for (int i = 0; i < 1100; i++) {
		snprintf(id, sizeof(id), "%012x", i);
		sk_inquirer_need(inquirer, id, 12);
	}
	CHECK_EQUAL(sk_inquirer_stats(inquirer).asked, 1024);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).refused, 76);
	stop(inquirer);
	stop_server(&server);
}

TEST(only_ids_are_asked_for)
{
	static const char *const ids[] = {"", "web", "../../../etc", "0123456789AB", "0123456789abcdef"};
	const struct sk_inquirer_runtime runtime = {SK_RUNTIME_DOCKER, "/nonexistent/docker.sock"};
	struct sk_inquirer *inquirer = start(&runtime, 1);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		need(inquirer, ids[i]);
	CHECK_EQUAL(sk_inquirer_stats(inquirer).asked, 0);
	stop(inquirer);
}

TEST_MAIN(RUN(an_answer_becomes_the_event_that_a_capture_carries) RUN(docker_is_asked_where_docker_answers) RUN(
	a_container_that_is_known_late_is_asked_for_again)
		  RUN(a_container_that_nobody_knows_is_asked_for_four_times_then_rests) RUN(
			  a_runtime_that_hangs_delays_nobody) RUN(stopping_does_not_wait_for_an_answer)
			  RUN(nonsense_is_no_answer) RUN(a_description_of_another_container_is_no_answer) RUN(
				  an_answer_without_end_is_no_answer) RUN(a_runtime_that_is_not_there_costs_nothing)
				  RUN(a_container_that_is_gone_is_not_brought_back_by_a_late_answer)
					  RUN(more_containers_than_can_be_asked_for_at_a_time_are_counted)
						  RUN(only_ids_are_asked_for))
