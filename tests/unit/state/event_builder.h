/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds events from typed parameters and feeds them to a state: parameters
 * are set by index, in any order, and those that are not set are empty.
 *
 *   world_open(&world, NULL);
 *   event(&world, SK_EVENT_SYSCALL_CHDIR_X, 100);
 *   number(&world, 0, 0);
 *   text(&world, 1, "/tmp");
 *   feed(&world);              -> world.view
 */
#ifndef SK_TESTS_STATE_EVENT_BUILDER_H
#define SK_TESTS_STATE_EVENT_BUILDER_H

#include <stdlib.h>
#include <string.h>

#include "runtime/state/state.h"
#include "runtime/state/thread_table.h"
#include "tests/test.h"
#include "vm/notes.h"

enum { SECOND = 1000000000 };

struct built_param {
	uint8_t bytes[8192];
	uint32_t length;
};

struct world {
	struct sk_state *state;
	struct sk_event_view view;
	struct sk_entry_sink sink;
	uint64_t now, number;
	uint16_t type;
	int64_t tid;
	uint32_t nparams;
	struct built_param param[SK_EVENT_MAX_PARAMS];
	uint8_t wire[SK_EVENT_MAX_PARAMS * 8192 + 256];
	uint32_t wire_size;
	uint8_t notes[512]; /* of the next event that is built */
	size_t notes_length;
};

static inline void world_open(struct world *world, const struct sk_state_options *options)
{
	const struct sk_state_options defaults = {.own_pid = -1};

	memset(world, 0, sizeof(*world));
	world->now = UINT64_C(1700000000) * SECOND;
	if (sk_state_create(options ? options : &defaults, &world->state) < 0)
		abort();
	world->sink = sk_state_sink(world->state);
}

static inline void world_close(struct world *world)
{
	sk_state_destroy(world->state);
	world->state = NULL;
}

/* Begins an event; a millisecond has passed since the last one. */
static inline void event(struct world *world, uint16_t type, int64_t tid)
{
	world->now += 1000000;
	world->type = type;
	world->tid = tid;
	world->nparams = sk_events[type].nparams;
	for (unsigned i = 0; i < SK_EVENT_MAX_PARAMS; i++)
		world->param[i].length = 0;
}

static inline void bytes(struct world *world, unsigned index, const void *from, size_t length)
{
	memcpy(world->param[index].bytes, from, length);
	world->param[index].length = (uint32_t)length;
}

/* With the size that the schema gives the parameter's type. */
static inline void number(struct world *world, unsigned index, int64_t value)
{
	/* Of an address of 16 bytes the number is the first half. */
	const int64_t wide[2] = {value, 0};

	bytes(world, index, wide, sk_param_fixed_size(sk_events[world->type].params[index].type));
}

static inline void text(struct world *world, unsigned index, const char *value)
{
	bytes(world, index, value, strlen(value) + 1);
}

/* Several strings, given with "|" between and behind them: "a|b|". */
static inline void strings(struct world *world, unsigned index, const char *value)
{
	bytes(world, index, value, strlen(value));
	for (uint32_t i = 0; i < world->param[index].length; i++)
		if (world->param[index].bytes[i] == '|')
			world->param[index].bytes[i] = '\0';
}

/* So many events of a class were lost before this one, the last of them so long before it (below 0: after). */
static inline void lost_before(struct world *world, enum sk_event_class class, uint64_t count, int64_t ns_ago)
{
	struct sk_lost lost = {.first = world->now - 2 * (uint64_t)SECOND};

	lost.last = world->now - (uint64_t)ns_ago;
	lost.counts[class] = count;
	if (!sk_notes_append(world->notes, sizeof(world->notes), &world->notes_length, SK_NOTE_LOST, 0, &lost,
			     sizeof(lost)))
		abort();
}

/* Writes what was set as wire bytes. */
static inline void build(struct world *world)
{
	size_t width = sk_events[world->type].flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	size_t at = sizeof(struct sk_event_header) + world->nparams * width;
	struct sk_event_header header = {.ts = world->now, .tid = (uint64_t)world->tid, .type = world->type};

	for (unsigned i = 0; i < world->nparams; i++) {
		memcpy(world->wire + sizeof(header) + i * width, &world->param[i].length, width);
		memcpy(world->wire + at, world->param[i].bytes, world->param[i].length);
		at += world->param[i].length;
	}
	memcpy(world->wire + at, world->notes, world->notes_length);
	at += world->notes_length;
	world->notes_length = 0;
	header.len = (uint32_t)at;
	header.nparams = world->nparams;
	memcpy(world->wire, &header, sizeof(header));
	world->wire_size = (uint32_t)at;
}

static inline void process_wire(struct world *world)
{
	if (sk_event_decode(world->wire, world->wire_size, &world->view.event, NULL) < 0)
		abort();
	world->view.event.number = ++world->number;
	sk_state_process(world->state, &world->view);
}

static inline void feed(struct world *world)
{
	build(world);
	process_wire(world);
}

/* An event without meaning, so that what the last one put off happens. */
static inline void settle(struct world *world)
{
	event(world, SK_EVENT_DROP_E, -1);
	feed(world);
}

static inline struct sk_thread *thread(const struct world *world, int64_t tid)
{
	return sk_thread_find(sk_state_threads(world->state), tid);
}

static inline struct sk_fd *fd(const struct world *world, int64_t tid, int64_t number)
{
	return thread(world, tid) ? sk_fd_find(sk_thread_fds(thread(world, tid)), number) : NULL;
}

#define BYTES(literal) ((struct sk_bytes){(literal), sizeof(literal) - 1})

/* A process that was there before: /usr/bin/<comm>, in /home. */
static inline void existing(struct world *world, int64_t tid, int64_t pid, int64_t ptid, const char *comm)
{
	const struct sk_process_entry entry = {
		.tid = tid,
		.pid = pid,
		.ptid = ptid,
		.sid = pid,
		.vpgid = -1,
		.pgid = -1,
		.vtid = tid,
		.vpid = pid,
		.comm = {comm, (uint32_t)strlen(comm)},
		.exe = {comm, (uint32_t)strlen(comm)},
		.exepath = BYTES("/usr/bin/thing"),
		.cwd = BYTES("/home"),
		.args = BYTES("-x\0two words\0"),
		.env = BYTES("A=1\0B=2\0"),
		.cgroups = BYTES("cpuset=/\0io=/\0"),
		.uid = 1000,
		.gid = 1000,
		.loginuid = 1000,
		.flags = tid != pid ? SK_CLONE_THREAD | SK_CLONE_FILES : 0,
	};

	world->sink.process(world->sink.context, &entry);
}

/* init (1) ─► shell (100), the shell with a secondary thread 101; a terminal on 0, 1 and 2. */
static inline void populate(struct world *world)
{
	existing(world, 1, 1, 0, "init");
	existing(world, 100, 100, 1, "shell");
	existing(world, 101, 100, 1, "shell");
	for (int64_t i = 0; i < 3; i++) {
		const struct sk_fd_entry entry = {.fd = i, .type = SK_FD_FILE_V2, .name = BYTES("/dev/pts/0")};

		world->sink.fd(world->sink.context, 100, &entry);
	}
	world->sink.complete(world->sink.context);
}

/* A clone event as the caller (result > 0) or the child (0) makes it. */
static inline void clone_event(struct world *world, int64_t tid, int64_t result, int64_t pid, int64_t ptid,
			       uint32_t flags)
{
	event(world, SK_EVENT_SYSCALL_CLONE_20_X, tid);
	number(world, 0, result);
	text(world, 1, "shell");
	strings(world, 2, "-x|two words|");
	number(world, 3, tid);
	number(world, 4, pid);
	number(world, 5, ptid);
	number(world, 7, 1024);
	text(world, 13, "shell");
	strings(world, 14, "cpuset=/|io=/|");
	number(world, 15, flags);
	number(world, 16, 1000);
	number(world, 17, 1000);
	number(world, 18, tid);
	number(world, 19, pid);
}

static inline void exec_event(struct world *world, int64_t tid, const char *program, const char *comm)
{
	event(world, SK_EVENT_SYSCALL_EXECVE_19_X, tid);
	number(world, 0, 0);
	text(world, 1, comm);
	number(world, 3, tid);
	number(world, 4, tid);
	number(world, 5, 100);
	number(world, 7, 1024);
	text(world, 13, comm);
	strings(world, 14, "cpuset=/|io=/|");
	number(world, 19, 0);
	text(world, 27, program);
}

static inline void exit_event(struct world *world, int64_t tid)
{
	event(world, SK_EVENT_PROCEXIT_1_E, tid);
	number(world, 0, 0);
}

/* An openat that returned `result`. */
static inline void open_event(struct world *world, int64_t tid, int64_t result, int64_t dirfd, const char *name,
			      uint32_t flags)
{
	event(world, SK_EVENT_SYSCALL_OPENAT_2_X, tid);
	number(world, 0, result);
	number(world, 1, dirfd);
	text(world, 2, name);
	number(world, 3, flags);
}

static inline void close_event(struct world *world, int64_t tid, int64_t number_of_fd)
{
	event(world, SK_EVENT_SYSCALL_CLOSE_X, tid);
	number(world, 0, 0);
	number(world, 1, number_of_fd);
}

#endif
