/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of events at random, of few threads with few names, ids and paths,
 * as no kernel would send them: whatever happens to threads, what rows
 * remember of them is what the linear engine sees.  A condition for every
 * field of a thread, its ancestors and an fd, with several values.  Some
 * events have notes, and some lack parameters.
 *
 * SK_SEED gives other streams, SK_STREAM_EVENTS longer ones.  A difference
 * prints the stream's seed, and with SK_STREAM the events up to it.
 */
#include <stdarg.h>

#include "tests/unit/sensor/sensor_pair.h"
#include "tests/unit/vm/random_pack.h"

#if defined(__SANITIZE_ADDRESS__) || defined(SK_VM_CHECK)
enum { EVERYDAY = 6000 };
#else
enum { EVERYDAY = 30000 };
#endif

enum { STREAM_EVENTS = 400, CONDITIONS = 2000 };

static struct pair pair;
static uint64_t events_fed;

/* --- conditions -------------------------------------------------------- */

static const char *conditions[CONDITIONS + 1];
static uint32_t condition_count;

static void add_condition(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (condition_count < CONDITIONS && vasprintf(&text, format, arguments) > 0)
		conditions[condition_count++] = text;
	va_end(arguments);
}

static void add_conditions_of(const struct sk_field_info *info, const char *name)
{
	static const char *const parts[] = {"a", "sh", "/t", "1", "x", "user"};
	static const char *const ids[] = {"0", "1", "100", "102", "1000"};

	add_condition("%s exists", name);
	switch (sk_types[info->type].class) {
	case SK_CLASS_STRING:
		for (size_t i = 0; i < COUNT(parts); i++)
			add_condition("%s contains %s", name, parts[i]);
		break;
	case SK_CLASS_BOOL:
		add_condition("%s = true", name);
		break;
	case SK_CLASS_NUMBER:
		for (size_t i = 0; i < COUNT(ids); i++)
			add_condition("%s = %s", name, ids[i]);
		break;
	default:
		break;
	}
}

/* Fields of threads and fds that there are, with the arguments that they take. */
static void add_field_conditions(const struct sk_field_info *info)
{
	static const char *const none[] = {"", NULL}, *const indexes[] = {"", "[0]", "[1]", "[2]", NULL},
				 *const keys[] = {"", "[A]", "[1]", NULL}, *const suffixes[] = {".cpuset", NULL},
				 *const either[] = {"[0]", "[*]", NULL};
	const char *const *arguments = none;
	char name[128];

	switch ((enum sk_field_argument)info->argument) {
	case SK_ARGUMENT_NONE:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		break;
	case SK_ARGUMENT_OPTIONAL_INDEX:
		arguments = indexes;
		break;
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_EITHER:
		arguments = keys;
		break;
	case SK_ARGUMENT_SUFFIX:
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
		arguments = suffixes;
		break;
	case SK_ARGUMENT_INDEX:
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_EITHER:
		arguments = either;
		break;
	}
	for (; *arguments; arguments++) {
		snprintf(name, sizeof(name), "%s%s", info->name, *arguments);
		if (info->argument == SK_ARGUMENT_OPTIONAL_KEY && (*arguments)[0] && (*arguments)[1] == '1')
			continue;
		add_conditions_of(info, name);
	}
}

/* `leaders`: also what is found through the id of a session or a group. */
static void make_conditions(bool leaders, bool fds)
{
	condition_count = 0;
	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		const struct sk_field_info *info = &sk_fields[i];
		bool leader = strncmp(info->name, "proc.sid.", 9) == 0 || strcmp(info->name, "proc.sname") == 0 ||
			      strncmp(info->name, "proc.pgid.", 10) == 0 ||
			      strncmp(info->name, "proc.vpgid.", 11) == 0;

		if (info->availability == SK_AVAILABILITY_READY &&
		    (info->scope <= (fds ? SK_SCOPE_FD : SK_SCOPE_LINEAGE) || info->flags & SK_FIELD_FLAG_BARE) &&
		    (leaders || !leader))
			add_field_conditions(info);
	}
	conditions[condition_count] = NULL;
}

static void free_conditions(void)
{
	for (uint32_t i = 0; i < condition_count; i++)
		free((char *)(uintptr_t)conditions[i]);
}

/* --- what events say --------------------------------------------------- */

static const int64_t tids[] = {1, 2, 100, 101, 102, 103, 200, 201, 0, -1};
static const char *const names[] = {"a", "sh", "bash", "x", "<NA>", ""};
static const char *const places[] = {"/", "/t", "/tmp/a", "x/../a", "..", "/home/user"};
#define DOCKER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const cgroups[] = {"cpuset=/|", "cpuset=/lxc/one|", "cpuset=/lxc/two|memory=/a|",
				      ("cpuset=/docker/" DOCKER_ID "|"), "none|"};
static const char *const containers[] = {"", "one", "two", "0123456789ab"};

#define ANY(pool) ((pool)[random_below(random, COUNT(pool))])

static int64_t any_tid(struct random *random)
{
	/* Those that no process has are seldom. */
	return tids[random_below(random, one_in(random, 10) ? COUNT(tids) : COUNT(tids) - 2)];
}

static uint32_t any_id(struct random *random)
{
	static const uint32_t ids[] = {0, 1, 100, 1000, UINT32_MAX};

	return ANY(ids);
}

/* What clone and exec events have in common. */
static void describe_program(struct random *random)
{
	struct world *world = &pair.world;

	text(world, 1, ANY(names));
	strings(world, 2, one_in(random, 2) ? "-a|x y|" : "");
	number(world, 3, world->tid);
	number(world, 4, one_in(random, 4) ? any_tid(random) : world->tid);
	number(world, 5, any_tid(random));
	number(world, 7, any_id(random));
	if (!one_in(random, 8))
		text(world, 13, ANY(names));
	strings(world, 14, ANY(cgroups));
}

static void some_clone(struct random *random)
{
	static const uint32_t flags[] = {0,
					 0,
					 SK_CLONE_THREAD | SK_CLONE_FILES,
					 SK_CLONE_THREAD | SK_CLONE_FILES | SK_CLONE_VM,
					 SK_CLONE_VFORK,
					 SK_CLONE_PARENT,
					 SK_CLONE_NEWPID | SK_CLONE_CHILD_IN_PIDNS,
					 SK_CLONE_IS_MAIN_THREAD};
	struct world *world = &pair.world;
	int64_t tid = any_tid(random), leader = any_tid(random);
	uint32_t flag = ANY(flags);

	event(world, one_in(random, 8) ? SK_EVENT_SYSCALL_VFORK_20_X : SK_EVENT_SYSCALL_CLONE_20_X, tid);
	describe_program(random);
	number(world, 0, one_in(random, 2) ? 0 : any_tid(random));
	number(world, 4, flag & SK_CLONE_THREAD ? leader : tid);
	number(world, 15, flag);
	number(world, 16, any_id(random));
	number(world, 17, any_id(random));
	number(world, 18, one_in(random, 4) ? 5 : tid);
	number(world, 19, one_in(random, 4) ? 5 : tid);
	if (one_in(random, 2))
		number(world, 20, one_in(random, 2) ? 0 : 1000);
}

static void some_exec(struct random *random)
{
	struct world *world = &pair.world;

	event(world, one_in(random, 4) ? SK_EVENT_SYSCALL_EXECVEAT_X : SK_EVENT_SYSCALL_EXECVE_19_X,
	      any_tid(random));
	describe_program(random);
	number(world, 0, one_in(random, 8) ? -2 : 0);
	strings(world, 15, one_in(random, 2) ? "A=a|B=x|" : "A=1|");
	for (unsigned i = 16; i < 27 && !one_in(random, 6); i++)
		number(world, i, any_id(random));
	if (one_in(random, 2))
		text(world, 27, ANY(places));
	if (one_in(random, 2))
		number(world, 28, any_tid(random));
	if (one_in(random, 2))
		number(world, 29, any_id(random));
}

static void some_exit(struct random *random)
{
	event(&pair.world, SK_EVENT_PROCEXIT_1_E, any_tid(random));
	number(&pair.world, 0, 0);
	if (one_in(random, 2))
		number(&pair.world, 4, any_tid(random));
}

static void some_ids(struct random *random)
{
	static const uint16_t types[] = {SK_EVENT_SYSCALL_SETUID_X,    SK_EVENT_SYSCALL_SETGID_X,
					 SK_EVENT_SYSCALL_SETRESUID_X, SK_EVENT_SYSCALL_SETRESGID_X,
					 SK_EVENT_SYSCALL_SETREUID_X,  SK_EVENT_SYSCALL_SETREGID_X};

	event(&pair.world, ANY(types), any_tid(random));
	number(&pair.world, 0, one_in(random, 8) ? -1 : 0);
	for (unsigned i = 1; i < pair.world.nparams; i++)
		number(&pair.world, i, any_id(random));
}

static void some_process_call(struct random *random)
{
	struct world *world = &pair.world;

	switch (random_below(random, 7)) {
	case 0:
		event(world, SK_EVENT_SYSCALL_SETSID_X, any_tid(random));
		number(world, 0, any_tid(random));
		break;
	case 1:
		event(world, SK_EVENT_SYSCALL_CAPSET_X, any_tid(random));
		number(world, 0, 0);
		for (unsigned i = 1; i < 4; i++)
			number(world, i, any_id(random));
		break;
	case 2:
		event(world, SK_EVENT_SYSCALL_UNSHARE_X, any_tid(random));
		number(world, 0, 0);
		number(world, 1, SK_CLONE_NEWUSER);
		break;
	case 3:
		event(world, SK_EVENT_SYSCALL_PRCTL_X, any_tid(random));
		number(world, 0, 0);
		number(world, 1, 0x24);
		number(world, 3, random_below(random, 2));
		break;
	case 4:
		event(world, SK_EVENT_SYSCALL_PRLIMIT_X, any_tid(random));
		number(world, 0, 0);
		number(world, 1, any_id(random));
		number(world, 5, any_tid(random));
		number(world, 6, 7);
		break;
	case 5:
		event(world, SK_EVENT_SYSCALL_CHROOT_X, any_tid(random));
		number(world, 0, 0);
		text(world, 1, ANY(places));
		break;
	default:
		event(world, SK_EVENT_SYSCALL_CHDIR_X, any_tid(random));
		number(world, 0, 0);
		text(world, 1, ANY(places));
	}
}

static void some_fd_call(struct random *random)
{
	struct world *world = &pair.world;
	int64_t fd = random_below(random, 3);

	switch (random_below(random, 6)) {
	case 0:
		close_event(world, any_tid(random), fd);
		break;
	case 1:
		event(world, SK_EVENT_SYSCALL_FCHDIR_X, any_tid(random));
		number(world, 0, 0);
		number(world, 1, fd);
		break;
	case 2:
		event(world, SK_EVENT_SOCKET_SOCKET_X, any_tid(random));
		number(world, 0, fd);
		number(world, 1, 2);
		number(world, 2, 2);
		break;
	case 3:
		event(world, SK_EVENT_SYSCALL_WRITE_X, any_tid(random));
		number(world, 0, 1);
		number(world, 2, fd);
		break;
	case 4:
		event(world, SK_EVENT_SYSCALL_DUP3_X, any_tid(random));
		number(world, 0, fd);
		number(world, 1, random_below(random, 3));
		number(world, 2, fd);
		break;
	default:
		/* Some are directories, some fail. */
		open_event(world, any_tid(random), one_in(random, 6) ? -2 : fd, -100, ANY(places),
			   one_in(random, 3) ? 0x400 : 1);
	}
}

static void some_user_event(struct random *random)
{
	static const uint16_t types[] = {SK_EVENT_USER_ADDED_E, SK_EVENT_USER_DELETED_E, SK_EVENT_GROUP_ADDED_E,
					 SK_EVENT_GROUP_DELETED_E};
	struct world *world = &pair.world;
	uint16_t type = ANY(types);
	bool user = type == SK_EVENT_USER_ADDED_E || type == SK_EVENT_USER_DELETED_E;

	event(world, type, one_in(random, 2) ? -1 : any_tid(random));
	number(world, 0, any_id(random));
	if (user)
		number(world, 1, any_id(random));
	for (unsigned i = user ? 2 : 1; i < (user ? 5u : 2u); i++)
		text(world, i, one_in(random, 2) ? "user" : ANY(names));
	text(world, user ? 5 : 2, ANY(containers));
}

static void some_container_event(struct random *random)
{
	struct world *world = &pair.world;
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"container\":{\"id\":\"%s\",\"name\":\"%s\",\"image\":\"%s\",\"type\":%u,\"privileged\":%s,"
		 "\"imagerepo\":\"a\",\"labels\":{\"io.kubernetes.pod.name\":\"%s\"},"
		 "\"Mounts\":[{\"Source\":\"/t\",\"Destination\":\"%s\",\"RW\":true}]}}",
		 containers[1 + random_below(random, COUNT(containers) - 1)], ANY(names), ANY(places),
		 random_below(random, 12), one_in(random, 2) ? "true" : "false", ANY(names), ANY(places));
	if (one_in(random, 3)) {
		event(world, SK_EVENT_CONTAINER_JSON_2_E, any_tid(random));
		text(world, 0, json);
		return;
	}
	event(world, SK_EVENT_ASYNCEVENT_E, any_tid(random));
	text(world, 1, one_in(random, 3) ? "container_removed" : "container");
	text(world, 2, json);
}

/* Processes that a second look at what is there brings, in the midst of events. */
static void some_entries(struct random *random)
{
	struct world *world = &pair.world;
	uint32_t count = random_below(random, 3);

	if (one_in(random, 12))
		world->sink.restart(world->sink.context);
	for (uint32_t i = 0; i < count; i++) {
		int64_t tid = any_tid(random);

		existing(world, tid, one_in(random, 3) ? any_tid(random) : tid, any_tid(random), ANY(names));
	}
	world->sink.complete(world->sink.context);
}

/* What not every event of the type has, or lacks. */
static void make_odd(struct random *random)
{
	static const uint8_t origins[] = {SK_ORIGIN_CALL, SK_ORIGIN_COMPAT, SK_ORIGIN_IO_URING, SK_ORIGIN_X32, 99};
	static const uint8_t kinds[] = {SK_NOTE_ORIGIN, SK_NOTE_RESOLVED, SK_NOTE_BEGUN};
	struct world *world = &pair.world;
	const int path = sk_event_path(world->type, random_below(random, 2));

	if (one_in(random, 10))
		world->nparams = random_below(random, world->nparams + 1);
	while (one_in(random, 3)) {
		enum sk_note_kind kind = (enum sk_note_kind)ANY(kinds);
		const bool origin = kind == SK_NOTE_ORIGIN;
		const void *bytes = origin ? (const void *)&ANY(origins) : ANY(places);

		CHECK(sk_notes_append(world->notes, sizeof(world->notes), &world->notes_length, kind,
				      origin || path < 0 ? 0 : (uint8_t)path, bytes,
				      origin ? 1 : strlen(bytes) + 1));
	}
}

static bool some_event(struct random *random)
{
	uint32_t what = random_below(random, 100);

	if (one_in(random, 100))
		some_entries(random);
	if (one_in(random, 30))
		pair.world.now += (uint64_t)3 * SECOND;
	if (what < 12)
		some_clone(random);
	else if (what < 20)
		some_exec(random);
	else if (what < 25)
		some_exit(random);
	else if (what < 29)
		some_ids(random);
	else if (what < 36)
		some_process_call(random);
	else if (what < 44)
		some_fd_call(random);
	else if (what < 48)
		some_user_event(random);
	else if (what < 52)
		some_container_event(random);
	else {
		event(&pair.world, SK_EVENT_SYSCALL_CLOSE_X, any_tid(random));
		number(&pair.world, 0, -9);
		number(&pair.world, 1, random_below(random, 4));
	}
	make_odd(random);
	if (getenv("SK_STREAM")) {
		printf("# %llu: %s of %lld", (unsigned long long)events_fed, sk_events[pair.world.type].id,
		       (long long)pair.world.tid);
		for (unsigned i = 0; i < pair.world.nparams; i++)
			if (pair.world.param[i].length == 8)
				printf(" %s=%lld", sk_events[pair.world.type].params[i].name,
				       (long long)sk_read_u64(pair.world.param[i].bytes));
		printf("\n");
	}
	return pair_feed(&pair);
}

/* --- a source, as a live sensor has ------------------------------------- */

/* Both sensors ask in the same order, and get the same answers. */
struct source {
	struct random random;
};

static int source_lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	struct random *random = &((struct source *)context)->random;
	struct sk_process_entry entry = {.tid = tid,
					 .pid = one_in(random, 3) ? any_tid(random) : tid,
					 .ptid = any_tid(random),
					 .sid = any_tid(random),
					 .vpgid = any_tid(random),
					 .pgid = any_tid(random),
					 .vtid = tid,
					 .vpid = tid,
					 .comm = BYTES("bash"),
					 .cwd = BYTES("/t"),
					 .env = BYTES("A=1\0"),
					 .cgroups = BYTES("cpuset=/lxc/one\0"),
					 .uid = any_id(random),
					 .gid = any_id(random)};

	if (one_in(random, 3))
		return -ESRCH;
	return sink->process(sink->context, &entry);
}

static int source_users(void *context, const struct sk_entry_sink *sink)
{
	struct random *random = &((struct source *)context)->random;
	const struct sk_user_entry user = {.uid = any_id(random), .name = BYTES("user"), .home = BYTES("/t")};
	const struct sk_group_entry group = {.gid = any_id(random), .name = BYTES("sh")};

	sink->user(sink->context, &user);
	return sink->group(sink->context, &group);
}

static bool source_exists(void *context, int64_t pid, int64_t tid, const char *comm)
{
	(void)pid;
	(void)tid;
	(void)comm;
	return one_in(&((struct source *)context)->random, 2);
}

/* --- streams ----------------------------------------------------------- */

static bool run_stream(uint64_t seed, bool live)
{
	struct source sources[2] = {{{seed}}, {{seed}}};
	struct sk_state_source hooks[2];
	struct random random = {seed};
	const struct sk_vm_limits small = {.values = 20, .signatures = 400, .classes = 10, .nodes = 50};
	bool same = true;

	for (int i = 0; i < 2; i++)
		hooks[i] = (struct sk_state_source){.context = &sources[i],
						    .lookup = source_lookup,
						    .host_users = source_users,
						    .exists = source_exists};
	pair_open_with(&pair, conditions, live ? hooks : NULL, one_in(&random, 5) ? &small : NULL);
	populate(&pair.world);
	for (int i = 0; same && i < STREAM_EVENTS; i++) {
		/* Half an hour and more, so that silent threads are looked at. */
		if (live && one_in(&random, 100))
			pair.world.now += (uint64_t)2000 * SECOND;
		same = some_event(&random);
		events_fed++;
	}
	if (!same)
		printf("# in the stream of seed %llu\n", (unsigned long long)seed);
	pair_close(&pair);
	return same;
}

static void run_streams(uint64_t salt, bool leaders, bool fds, bool live)
{
	const uint64_t target = wanted("SK_STREAM_EVENTS", EVERYDAY);
	const char *one = getenv("SK_STREAM");
	uint64_t before = events_fed;
	uint32_t different = 0;

	make_conditions(leaders, fds);
	if (one)
		run_stream(strtoull(one, NULL, 0), live);
	for (uint64_t i = 0; !one && events_fed - before < target && different < 2; i++)
		different += !run_stream(mix2(random_seed() + salt, i), live);
	free_conditions();
}

TEST(threads_of_a_capture)
{
	run_streams(1, false, false, false);
}

TEST(threads_of_a_live_host)
{
	run_streams(2, false, false, true);
}

TEST(threads_and_the_leaders_of_their_sessions)
{
	run_streams(3, true, false, false);
	run_streams(5, true, false, true);
}

TEST(threads_and_their_files)
{
	run_streams(4, false, true, false);
}

TEST_MAIN(RUN(threads_of_a_capture) RUN(threads_of_a_live_host) RUN(threads_and_the_leaders_of_their_sessions)
		  RUN(threads_and_their_files))
