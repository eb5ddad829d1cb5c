/* SPDX-License-Identifier: Apache-2.0 */
/* Captures from descriptions, as the reader, the state and the fields see them. */
#include <errno.h>
#include <stdlib.h>

#include "runtime/fields/fields.h"
#include "runtime/scap/reader.h"
#include "runtime/synth/synth.h"
#include "runtime/synth/value.h"
#include "tests/test.h"
#include "vm/support/arena.h"

#define BYTES(literal) ((struct sk_bytes){(literal), sizeof(literal) - 1})

static struct sk_synth *synth;
static struct sk_error error;
static struct sk_buffer capture;

static const struct sk_process_entry shell = {
	.tid = 100,
	.pid = 100,
	.ptid = 1,
	.sid = 100,
	.vpgid = 100,
	.pgid = 100,
	.vtid = 100,
	.vpid = 100,
	.comm = {"bash", 4},
	.exe = {"-bash", 5},
	.exepath = {"/usr/bin/bash", 13},
	.cwd = {"/root", 5},
	.root = {"/", 1},
	.args = {"-l\0", 3},
	.env = {"A=1\0", 4},
	.cgroups = {"cpu=/\0", 6},
	.fdlimit = 1024,
	.loginuid = UINT32_MAX,
};

static void begin(void)
{
	if (sk_synth_create(&synth, &error) < 0 || sk_synth_process(synth, &shell, &error) < 0)
		abort();
}

/* What the last event of a capture looked like to rules. */
static struct {
	struct sk_state *state;
	struct sk_event_view view;
	struct sk_scap_reader *reader;
	struct sk_arena scratch;
	uint32_t events;
} seen;

static void read_capture(void)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_entry_sink sink;
	struct sk_scap_event event;
	int result;

	CHECK_EQUAL(sk_synth_finish(synth, &capture, &error), 0);
	sk_synth_destroy(synth);
	memset(&seen, 0, sizeof(seen));
	if (sk_state_create(&options, &seen.state) < 0)
		abort();
	sink = sk_state_sink(seen.state);
	CHECK_EQUAL(sk_scap_reader_open_memory(capture.bytes, capture.length, &sink, &seen.reader, &error), 0);
	while ((result = sk_scap_reader_next(seen.reader, &event, &error)) > 0) {
		CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &seen.view.event, &error), 0);
		seen.view.event.number = ++seen.events;
		sk_state_process(seen.state, &seen.view);
	}
	CHECK_EQUAL(result, 0);
}

static void end(void)
{
	sk_scap_reader_close(seen.reader);
	sk_state_destroy(seen.state);
	sk_arena_release(&seen.scratch);
	sk_buffer_release(&capture);
}

static void happen(struct sk_synth_event event)
{
	if (sk_synth_event(synth, &event, &error) < 0) {
		test_failures++;
		printf("# %s: %s\n", sk_events[event.type].name, error.message);
	}
}

static void set(struct sk_synth_event *event, unsigned index, const void *bytes, size_t size)
{
	event->params[index] = (struct sk_bytes){bytes, (uint32_t)size};
}

static bool is_current(uint16_t type)
{
	return !(sk_events[type].flags & (SK_EVENT_FLAG_UNUSED | SK_EVENT_FLAG_OLD_VERSION));
}

TEST(every_event_of_the_schema_can_be_made_from_nothing)
{
	uint32_t made = 0;

	begin();
	for (uint16_t type = 1; type < SK_EVENT_COUNT; type++) {
		if (!is_current(type))
			continue;
		happen((struct sk_synth_event){.type = type, .tid = 100});
		made++;
	}
	CHECK(made > 190);
	read_capture();
	CHECK_EQUAL(seen.events, made);
	end();
}

/* A text that fits any parameter of a type. */
static const char *plausible(const struct sk_param_info *param)
{
	switch ((enum sk_param_type)param->type) {
	case SK_PARAM_SOCKADDR:
	case SK_PARAM_SOCKTUPLE:
		return "192.0.2.7:443";
	case SK_PARAM_IPV4ADDR:
		return "192.0.2.7";
	case SK_PARAM_IPV6ADDR:
		return "2001:db8::7";
	case SK_PARAM_MODE:
	case SK_PARAM_UINT32:
		return "7";
	case SK_PARAM_DYN:
		return param->dynamic == SK_DYNAMIC_KEYCTL ? "text" : "7";
	case SK_PARAM_BOOL:
		return "true";
	default:
		return "7";
	}
}

TEST(every_parameter_of_every_event_can_be_given_by_text)
{
	uint32_t given = 0, made = 0;

	begin();
	for (uint16_t type = 1; type < SK_EVENT_COUNT; type++) {
		struct sk_synth_event event = {.type = type, .tid = 100};
		struct sk_buffer params[SK_EVENT_MAX_PARAMS] = {0};

		if (!is_current(type))
			continue;
		for (unsigned i = 0; i < sk_events[type].nparams; i++) {
			const struct sk_param_info *param = &sk_events[type].params[i];
			struct sk_synth_mistake mistake;
			const char *text = plausible(param);
			size_t fixed = sk_param_fixed_size(param->type);

			CHECK_EQUAL(sk_synth_value(type, i, text, (uint32_t)strlen(text), &params[i], &mistake), 0);
			CHECK(fixed == 0 || params[i].length == fixed);
			set(&event, i, params[i].bytes, params[i].length);
			given++;
		}
		happen(event);
		made++;
		for (unsigned i = 0; i < sk_events[type].nparams; i++)
			sk_buffer_release(&params[i]);
	}
	CHECK(given > 700);
	read_capture();
	CHECK_EQUAL(seen.events, made);
	end();
}

TEST(a_name_stands_for_the_current_version_that_rules_see)
{
	int syscall;

	CHECK_EQUAL(sk_synth_find_event("open", 4, &syscall), SK_EVENT_SYSCALL_OPEN_X);
	CHECK_EQUAL(sk_synth_find_event("execve", 6, &syscall), SK_EVENT_SYSCALL_EXECVE_19_X);
	CHECK_EQUAL(sk_synth_find_event("clone", 5, &syscall), SK_EVENT_SYSCALL_CLONE_20_X);
	CHECK_EQUAL(sk_synth_find_event("accept", 6, &syscall), SK_EVENT_SOCKET_ACCEPT_5_X);
	CHECK_EQUAL(sk_synth_find_event("procexit", 8, &syscall), SK_EVENT_PROCEXIT_1_E);
	CHECK_EQUAL(syscall, -1);
	CHECK_EQUAL(sk_synth_find_event("sysinfo", 7, &syscall), SK_EVENT_GENERIC_X);
	CHECK_EQUAL(syscall, sk_syscall_find("sysinfo", 7));
	CHECK_EQUAL(sk_synth_find_event("syscall", 7, &syscall), -1);
	CHECK_EQUAL(sk_synth_find_event("NA", 2, &syscall), -1);
	for (uint16_t type = 2; type < SK_EVENT_COUNT; type++) {
		const char *name = sk_events[type].name;

		if (is_current(type) && sk_events[type].direction == SK_DIRECTION_EXIT)
			CHECK_EQUAL(sk_synth_find_event(name, (uint32_t)strlen(name), &syscall), type);
	}
}

TEST(fds_are_given_out_in_order)
{
	const struct sk_fd_entry file = {.fd = 5, .type = SK_FD_FILE_V2, .name = BYTES("/tmp/x")};
	const int64_t failed = -2;
	struct sk_synth_event refused = {.type = SK_EVENT_SYSCALL_OPEN_X, .tid = 100};

	begin();
	CHECK_EQUAL(sk_synth_next_fd(synth, 100), 3);
	CHECK_EQUAL(sk_synth_fd(synth, 100, &file, &error), 0);
	CHECK_EQUAL(sk_synth_next_fd(synth, 100), 6);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_OPEN_X, .tid = 100});
	CHECK_EQUAL(sk_synth_next_fd(synth, 100), 7);
	set(&refused, 0, &failed, sizeof(failed));
	happen(refused);
	CHECK_EQUAL(sk_synth_next_fd(synth, 100), 7);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_PIPE_X, .tid = 100});
	CHECK_EQUAL(sk_synth_next_fd(synth, 100), 9);
	read_capture();
	CHECK(sk_fd_find(sk_thread_fds(seen.view.thread), 6) != NULL);
	CHECK(sk_fd_find(sk_thread_fds(seen.view.thread), 8) != NULL);
	CHECK(sk_fd_find(sk_thread_fds(seen.view.thread), 9) == NULL);
	CHECK_EQUAL(seen.view.event.ts, SK_SYNTH_START_TS + 3 * 1000000);
	end();
}

TEST(an_exec_makes_another_program_of_a_process)
{
	struct sk_process_entry image = shell;
	const int64_t no = -13;
	struct sk_synth_event refused = {.type = SK_EVENT_SYSCALL_EXECVE_19_X, .tid = 100};

	image.comm = BYTES("cat");
	image.exe = BYTES("cat");
	image.exepath = BYTES("/usr/bin/cat");
	image.args = BYTES("/etc/passwd\0two words\0");
	image.uid = 33;
	image.exe_from_memfd = true;
	image.tid = image.pid = 999; /* a program has none of its own */
	begin();
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_EXECVE_19_X, .tid = 100, .image = &image});
	image.comm = BYTES("dog");
	refused.image = &image;
	set(&refused, 0, &no, sizeof(no));
	happen(refused);
	read_capture();
	CHECK_TEXT(seen.view.thread->comm->bytes, "cat");
	CHECK_TEXT(seen.view.thread->exepath->bytes, "/usr/bin/cat");
	CHECK_TEXT(seen.view.thread->cmdline->bytes, "cat /etc/passwd two words");
	CHECK_TEXT(sk_thread_cwd(seen.view.thread)->bytes, "/root/");
	CHECK_EQUAL(seen.view.thread->pid, 100);
	CHECK_EQUAL(seen.view.thread->uid, 33);
	CHECK(seen.view.thread->exe_from_memfd);
	end();
}

TEST(a_fork_makes_a_child_that_can_act)
{
	struct sk_process_entry child = shell;

	child.tid = child.pid = child.vtid = child.vpid = 200;
	child.ptid = 100;
	begin();
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_OPEN_X, .tid = 100});
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_FORK_20_X, .tid = 100, .child = &child});
	CHECK_EQUAL(sk_synth_next_fd(synth, 200), 4);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_SETSID_X, .tid = 200});
	read_capture();
	CHECK_EQUAL(seen.events, 4);
	CHECK_EQUAL(seen.view.thread->tid, 200);
	CHECK(sk_thread_parent(sk_state_threads(seen.state), seen.view.thread) ==
	      sk_thread_find(sk_state_threads(seen.state), 100));
	CHECK(sk_fd_find(sk_thread_fds(seen.view.thread), 3) != NULL);
	end();
}

TEST(later_programs_have_the_user_that_was_switched_to)
{
	const uint32_t uid = 1234;
	struct sk_synth_event change = {.type = SK_EVENT_SYSCALL_SETUID_X, .tid = 100};

	begin();
	set(&change, 1, &uid, sizeof(uid));
	happen(change);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_EXECVE_19_X, .tid = 100});
	read_capture();
	CHECK_EQUAL(seen.view.thread->uid, 1234);
	end();
}

TEST(a_container_is_known_by_its_cgroups_and_what_its_runtime_told)
{
	static const char id[] = "3ad7b26ded6d0000000000000000000000000000000000000000000000000001";
	const struct sk_synth_pair labels[] = {{"app", "web \"1\""}};
	const struct sk_synth_mount mounts[] = {{"/srv", "/data", true}};
	const struct sk_synth_container container = {
		.id = id,
		.name = "web",
		.image = "registry:5000/library/nginx:1.25@sha256:abc",
		.type = SK_CONTAINER_PODMAN,
		.privileged = true,
		.labels = labels,
		.label_count = 1,
		.mounts = mounts,
		.mount_count = 1,
	};
	struct sk_process_entry inside = shell;
	const struct sk_container *known;
	char cgroups[256];

	inside.tid = inside.pid = inside.vtid = inside.vpid = 300;
	inside.cgroups =
		(struct sk_bytes){cgroups, (uint32_t)snprintf(cgroups, sizeof(cgroups), "cpu=/docker/%s", id) + 1};
	begin();
	CHECK_EQUAL(sk_synth_process(synth, &inside, &error), 0);
	CHECK_EQUAL(sk_synth_container(synth, &container, &error), 0);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_SETSID_X, .tid = 300});
	read_capture();
	CHECK_TEXT(seen.view.thread->container_id->bytes, "3ad7b26ded6d");
	known = sk_containers_find(sk_state_containers(seen.state), "3ad7b26ded6d", 12);
	CHECK(known && known->known);
	if (known) {
		CHECK_TEXT(known->image_repository->bytes, "registry:5000/library/nginx");
		CHECK_TEXT(known->image_tag->bytes, "1.25");
		CHECK_TEXT(known->image_digest->bytes, "sha256:abc");
		CHECK_EQUAL(known->type, SK_CONTAINER_PODMAN);
		CHECK(known->privileged);
		CHECK_EQUAL(known->label_count, 1);
		CHECK_TEXT(known->labels[0].value->bytes, "web \"1\"");
		CHECK_EQUAL(known->mount_count, 1);
		CHECK(!known->mounts[0].read_write);
	}
	end();
}

TEST(what_no_capture_holds_is_refused)
{
	static char long_text[70000];
	struct sk_synth_event event = {.type = SK_EVENT_SYSCALL_OPEN_X, .tid = 100};

	memset(long_text, 'a', sizeof(long_text) - 1);
	begin();
	set(&event, 1, long_text, sizeof(long_text));
	CHECK(sk_synth_event(synth, &event, &error) < 0);
	CHECK_TEXT(error.message, "a parameter of open is longer than 65535 bytes");
	CHECK(sk_synth_event(synth, &(struct sk_synth_event){.type = SK_EVENT_SYSCALL_BRK_1_X}, &error) < 0);
	happen((struct sk_synth_event){.type = SK_EVENT_SYSCALL_SETSID_X, .tid = 100});
	CHECK(sk_synth_process(synth, &shell, &error) < 0);
	CHECK_TEXT(error.message, "a process cannot be added behind events");
	read_capture();
	CHECK_EQUAL(seen.events, 1);
	end();
}

TEST_MAIN(RUN(every_event_of_the_schema_can_be_made_from_nothing)
		  RUN(every_parameter_of_every_event_can_be_given_by_text) RUN(
			  a_name_stands_for_the_current_version_that_rules_see) RUN(fds_are_given_out_in_order)
			  RUN(an_exec_makes_another_program_of_a_process) RUN(a_fork_makes_a_child_that_can_act)
				  RUN(later_programs_have_the_user_that_was_switched_to)
					  RUN(a_container_is_known_by_its_cgroups_and_what_its_runtime_told)
						  RUN(what_no_capture_holds_is_refused))
