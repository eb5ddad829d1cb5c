/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of a case.  A command line is enough; what is not said is what a
 * command has that a user typed into a shell:
 *
 *   systemd (1) ─► [containerd-shim, in a container ─►] bash ─► the process
 */
#include <inttypes.h>
#include <string.h>

#include "cli/test/world.h"

enum { FD_LIMIT = 1024 };

static bool equals(struct sk_bytes bytes, const char *text)
{
	return bytes.length == strlen(text) && memcmp(bytes.bytes, text, bytes.length) == 0;
}

static uint32_t append(struct sk_test_world *world, const struct sk_test_process *process)
{
	void *grown = world->process_count < SK_TEST_PROCESS_LIMIT
			      ? sk_test_grow(world->reader, world->processes, world->process_count,
					     &world->process_capacity, sizeof(*world->processes))
			      : NULL;

	if (!grown)
		return SK_TEST_NOBODY;
	world->processes = grown;
	world->processes[world->process_count] = *process;
	return world->process_count++;
}

static int64_t next_pid(struct sk_test_world *world)
{
	for (;;) {
		int64_t pid = ++world->next_pid;
		bool taken = false;

		for (uint32_t i = 0; i < world->process_count; i++)
			taken |= world->processes[i].entry.pid == pid;
		if (!taken)
			return pid;
	}
}

/* A process of which nothing is said but who its parent is. */
static struct sk_test_process blank(struct sk_test_world *world, uint32_t parent, uint32_t container, uint32_t user)
{
	const struct sk_test_process *above = parent == SK_TEST_NOBODY ? NULL : &world->processes[parent];
	struct sk_test_process process = {.parent = parent, .container = container, .user = user};
	struct sk_process_entry *entry = &process.entry;
	static const char cgroups[] = "cpuset=/\0cpu=/\0cpuacct=/\0io=/\0memory=/";
	static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	entry->uid = world->users[user].entry.uid;
	entry->gid = world->users[user].entry.gid;
	entry->loginuid = entry->uid;
	entry->ptid = above ? above->entry.tid : 0;
	entry->sid = above ? above->entry.sid : 1;
	entry->tty = above ? above->entry.tty : 0;
	entry->cwd = container ? (struct sk_bytes){"/", 1} : world->users[user].entry.home;
	if (!entry->cwd.length)
		entry->cwd = (struct sk_bytes){"/", 1};
	entry->root = (struct sk_bytes){"/", 1};
	entry->env = (struct sk_bytes){path, sizeof(path)};
	entry->cgroups =
		container ? world->containers[container - 1].cgroups : (struct sk_bytes){cgroups, sizeof(cgroups)};
	entry->fdlimit = FD_LIMIT;
	entry->args = entry->comm = entry->exe = entry->exepath = (struct sk_bytes){"", 0};
	entry->pgid = entry->vpgid = entry->vpid = entry->vtid = -1;
	return process;
}

/* Numbers that follow from the pid, and three standard streams. */
static uint32_t finish(struct sk_test_world *world, struct sk_test_process *process, int64_t pid)
{
	struct sk_process_entry *entry = &process->entry;
	const bool top = process->parent == SK_TEST_NOBODY || process->parent == 0;
	uint32_t number;

	entry->pid = entry->tid = pid;
	if (top && entry->sid == 1)
		entry->sid = pid;
	if (entry->pgid < 0)
		entry->pgid = pid;
	if (entry->vpgid < 0)
		entry->vpgid = entry->pgid;
	if (entry->vpid < 0)
		entry->vpid = entry->vtid = pid;
	process->now = *entry;
	number = append(world, process);
	for (int64_t i = 0; number != SK_TEST_NOBODY && i < 3; i++) {
		struct sk_test_process *added = &world->processes[number];
		struct sk_test_fd fd = {.entry = {.fd = i,
						  .type = SK_FD_FILE_V2,
						  .open_flags = i ? 2 : 1,
						  .name = sk_test_bytes(entry->tty ? "/dev/pts/0" : "/dev/null")}};
		void *grown = sk_test_grow(world->reader, added->fds, added->fd_count, &added->fd_capacity,
					   sizeof(*added->fds));

		if (!grown)
			return SK_TEST_NOBODY;
		added->fds = grown;
		added->fds[added->fd_count++] = fd;
	}
	return number;
}

static uint32_t add_named(struct sk_test_world *world, uint32_t parent, uint32_t container, const char *user,
			  const char *exepath, const char *exe, int64_t pid)
{
	struct sk_test_process process = blank(world, parent, container, sk_test_find_user(world, user));

	process.entry.exepath = sk_test_bytes(exepath);
	process.entry.exe = sk_test_bytes(exe);
	process.entry.comm = sk_test_comm(process.entry.exepath);
	return finish(world, &process, pid ? pid : next_pid(world));
}

/* Whom a process descends from whatever is said: pid 1, and in a container what runs it. */
static uint32_t root_of(struct sk_test_world *world, uint32_t container)
{
	if (!world->process_count) {
		uint32_t init =
			add_named(world, SK_TEST_NOBODY, 0, "root", "/usr/lib/systemd/systemd", "/sbin/init", 1);

		if (init == SK_TEST_NOBODY)
			return init;
		world->processes[init].entry.loginuid = UINT32_MAX;
		world->processes[init].entry.cwd = (struct sk_bytes){"/", 1};
	}
	for (uint32_t i = 0; container && i < world->process_count; i++) {
		if (equals(world->processes[i].entry.comm, "containerd-shim") && world->processes[i].parent == 0)
			return i;
	}
	return container ? add_named(world, 0, 0, "root", "/usr/bin/containerd-shim-runc-v2",
				     "/usr/bin/containerd-shim-runc-v2", 0)
			 : 0;
}

static void decode_fds(struct sk_test_world *world, uint32_t process, const struct sk_yaml_node *node)
{
	if (!sk_test_check_keys(world->reader, node, "'fds'", NULL))
		return;
	for (uint32_t i = 0; i < node->count; i++) {
		const struct sk_text *key = &node->keys[i]->text;
		int64_t fd;

		if (!sk_synth_number(key->bytes, key->length, false, &fd) || fd < 0 || fd > INT32_MAX)
			sk_test_report(world->reader, node->keys[i]->span, NULL,
				       "'fds' has the number of a file descriptor before what it is");
		else
			sk_test_open_fd_as(world, process, node->items[i], fd);
	}
}

/* One process below another; `above` says as whom and where it runs unless it says so itself. */
static uint32_t add(struct sk_test_world *world, const struct sk_yaml_node *node, const char *name, uint32_t parent,
		    uint32_t container, uint32_t user)
{
	const struct sk_yaml_node *fds = node->kind == SK_YAML_MAPPING ? sk_yaml_get(node, "fds") : NULL;
	struct sk_test_process process;
	int64_t pid = 0;
	uint32_t number;

	if (node->kind == SK_YAML_MAPPING && sk_yaml_get(node, "user"))
		sk_test_decode_user(world, sk_yaml_get(node, "user"), &user);
	process = blank(world, parent, container, user);
	process.name = name;
	if (!sk_test_decode_entry(world, node, &user, &process.entry))
		return SK_TEST_NOBODY;
	if (!process.entry.exe.length) {
		sk_test_report(world->reader, node->span, NULL,
			       "a process has a 'command', 'exe', 'exepath' or 'name'");
		return SK_TEST_NOBODY;
	}
	if (node->kind == SK_YAML_MAPPING && sk_test_key_number(world->reader, node, "pid", 2, INT32_MAX, &pid)) {
		for (uint32_t i = 0; i < world->process_count; i++) {
			if (world->processes[i].entry.pid == pid) {
				sk_test_report(world->reader, sk_yaml_get(node, "pid")->span, NULL,
					       "another process has the pid %" PRId64, pid);
				return SK_TEST_NOBODY;
			}
		}
	}
	number = finish(world, &process, pid ? pid : next_pid(world));
	if (number == SK_TEST_NOBODY) {
		sk_test_report(world->reader, node->span, NULL, "a case has at most %d processes",
			       SK_TEST_PROCESS_LIMIT);
		return number;
	}
	if (fds)
		decode_fds(world, number, fds);
	return number;
}

/* Parents from the nearest up; the process that they end at. */
static uint32_t add_parents(struct sk_test_world *world, const struct sk_yaml_node *parents, uint32_t container,
			    uint32_t user)
{
	uint32_t above = root_of(world, container);

	if (!parents)
		return above == SK_TEST_NOBODY ? above
					       : add_named(world, above, container,
							   world->users[user].entry.name.length
								   ? world->users[user].entry.name.bytes
								   : "user",
							   "/usr/bin/bash", "bash", 0);
	for (uint32_t i = parents->count; above != SK_TEST_NOBODY && i-- > 0;) {
		const struct sk_yaml_node *node = parents->items[i];
		uint32_t inside = container, known;

		/* Whoever is there already, pid 1 among them. */
		known = node->kind == SK_YAML_SCALAR ? sk_test_find_process(world, node->text.bytes)
						     : SK_TEST_NOBODY;
		if (known != SK_TEST_NOBODY && i + 1 == parents->count) {
			above = known;
			continue;
		}
		if (node->kind == SK_YAML_MAPPING) {
			if (!sk_test_check_keys(world->reader, node, "a process", sk_test_process_keys))
				return SK_TEST_NOBODY;
			if (sk_yaml_get(node, "parents")) {
				sk_test_report(world->reader, sk_yaml_get(node, "parents")->span, NULL,
					       "all parents stand in one list, the nearest one first");
				return SK_TEST_NOBODY;
			}
			if (sk_yaml_get(node, "container"))
				inside = sk_test_add_container(world, sk_yaml_get(node, "container"));
			if (inside == SK_TEST_NOBODY)
				return inside;
		}
		above = add(world, node, NULL, above, inside, user);
	}
	return above;
}

uint32_t sk_test_add_process(struct sk_test_world *world, const struct sk_yaml_node *node, const char *name,
			     uint32_t container)
{
	struct sk_test_reader *reader = world->reader;
	const struct sk_yaml_node *parents = NULL;
	uint32_t user = 0, above;

	if (node->kind != SK_YAML_SCALAR && !sk_test_check_keys(reader, node, "a process", sk_test_process_keys))
		return SK_TEST_NOBODY;
	if (node->kind == SK_YAML_MAPPING) {
		parents = sk_yaml_get(node, "parents");
		if (sk_yaml_get(node, "container"))
			container = sk_test_add_container(world, sk_yaml_get(node, "container"));
		if (container == SK_TEST_NOBODY)
			return container;
		if (sk_yaml_get(node, "user") && !sk_test_decode_user(world, sk_yaml_get(node, "user"), &user))
			return SK_TEST_NOBODY;
		if (parents && parents->kind != SK_YAML_SEQUENCE) {
			sk_test_report(reader, parents->span, "[bash, sshd]",
				       "'parents' is a list of processes, the nearest one first");
			return SK_TEST_NOBODY;
		}
	}
	above = add_parents(world, parents, container, user);
	return above == SK_TEST_NOBODY ? above : add(world, node, name, above, container, user);
}

uint32_t sk_test_add_shell(struct sk_test_world *world, uint32_t container)
{
	uint32_t above = add_parents(world, NULL, container, 0);

	return above == SK_TEST_NOBODY ? above
				       : add_named(world, above, container, "user", "/usr/bin/bash", "bash", 0);
}

struct sk_process_entry *sk_test_image(struct sk_test_world *world, const struct sk_yaml_node *node,
				       const struct sk_test_process *process)
{
	struct sk_process_entry *image = sk_test_alloc(world->reader, 1, sizeof(*image));
	uint32_t user = process->user;

	if (!image)
		return NULL;
	*image = process->now;
	image->exe_writable = image->exe_upper_layer = image->exe_lower_layer = image->exe_from_memfd = false;
	return sk_test_decode_entry(world, node, &user, image) ? image : NULL;
}

uint32_t sk_test_add_child(struct sk_test_world *world, uint32_t parent, const char *name)
{
	struct sk_test_process child = world->processes[parent];

	child.name = name;
	child.parent = parent;
	child.born = true;
	child.begins = false;
	child.fds = NULL;
	child.fd_count = child.fd_capacity = 0;
	child.entry = child.now;
	child.entry.ptid = child.entry.tid;
	child.entry.pid = child.entry.tid = child.entry.vpid = child.entry.vtid = next_pid(world);
	child.now = child.entry;
	return append(world, &child);
}

uint32_t sk_test_find_process(const struct sk_test_world *world, const char *name)
{
	for (uint32_t i = 0; i < world->process_count; i++) {
		if (world->processes[i].name && strcmp(world->processes[i].name, name) == 0)
			return i;
	}
	for (uint32_t i = 0; i < world->process_count; i++) {
		if (!world->processes[i].name && equals(world->processes[i].entry.comm, name))
			return i;
	}
	return SK_TEST_NOBODY;
}

struct names {
	const struct sk_test_world *world;
	struct sk_arena *arena;
	uint32_t next;
};

static const char *next_name(void *state)
{
	struct names *names = state;
	const struct sk_test_process *process;

	if (names->next == names->world->process_count)
		return NULL;
	process = &names->world->processes[names->next++];
	return process->name ? process->name
			     : sk_arena_copy(names->arena, process->entry.comm.bytes, process->entry.comm.length);
}

const char *sk_test_suggest_process(struct sk_test_world *world, const char *name)
{
	struct names names = {world, world->reader->arena, 0};

	return sk_test_suggest(world->reader, name, strlen(name), next_name, &names);
}
