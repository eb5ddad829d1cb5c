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
#include "runtime/fields/names.h"

enum { FD_LIMIT = 1024, TERMINAL = 34816, ARGS_LIMIT = 4096, CAPABILITY_LIMIT = 64 };

const char *const sk_test_process_keys[] = {"command",
					    "exe",
					    "exepath",
					    "name",
					    "args",
					    "cwd",
					    "root",
					    "env",
					    "user",
					    "group",
					    "loginuid",
					    "pid",
					    "vpid",
					    "sid",
					    "pgid",
					    "vpgid",
					    "tty",
					    "fdlimit",
					    "capabilities",
					    "exe_writable",
					    "exe_upper_layer",
					    "exe_lower_layer",
					    "exe_from_memfd",
					    "exe_ino",
					    "exe_ino_ctime",
					    "exe_ino_mtime",
					    "container",
					    "fds",
					    "parents",
					    NULL};

/* --- texts ------------------------------------------------------------- */

/* The next word of a command line, quotes taken off; false at its end. */
static bool next_word(const char **at, struct sk_buffer *word)
{
	char quote = '\0';

	while (**at == ' ' || **at == '\t' || **at == '\n')
		(*at)++;
	if (!**at)
		return false;
	for (; **at && (quote || !strchr(" \t\n", **at)); (*at)++) {
		if (quote && **at == quote)
			quote = '\0';
		else if (!quote && (**at == '\'' || **at == '"'))
			quote = **at;
		else
			sk_buffer_append_char(word, **at);
	}
	return true;
}

/* What a buffer holds, in the arena. */
static struct sk_bytes keep(struct sk_test_reader *reader, struct sk_buffer *buffer)
{
	char *copy = buffer->failed
			     ? NULL
			     : sk_arena_copy(reader->arena, buffer->bytes ? buffer->bytes : "", buffer->length);
	struct sk_bytes bytes = {copy, (uint32_t)buffer->length};

	if (!copy)
		reader->out_of_memory = true;
	sk_buffer_release(buffer);
	return copy ? bytes : (struct sk_bytes){"", 0};
}

/* The words of a text, each with a NUL behind it. */
static struct sk_bytes split(struct sk_test_reader *reader, const char *text)
{
	struct sk_buffer words = {0};

	while (next_word(&text, &words))
		sk_buffer_append_char(&words, '\0');
	return keep(reader, &words);
}

static struct sk_bytes decode_words(struct sk_test_reader *reader, const struct sk_yaml_node *node,
				    const char *what)
{
	struct sk_buffer words = {0};
	const char *text;

	if (node->kind == SK_YAML_SCALAR)
		return split(reader, node->text.bytes);
	if (node->kind == SK_YAML_MAPPING)
		sk_test_report(reader, node->span, NULL, "%s is a text or a list of texts", what);
	for (uint32_t i = 0; node->kind == SK_YAML_SEQUENCE && i < node->count; i++) {
		const struct sk_yaml_node *item = node->items[i];

		/* An argument may be empty. */
		text = item->kind == SK_YAML_SCALAR && !item->text.length ? ""
									  : sk_test_text(reader, item, "an item");
		if (text) {
			sk_buffer_append_text(&words, text);
			sk_buffer_append_char(&words, '\0');
		}
	}
	return keep(reader, &words);
}

/* NAME: value, or a list of NAME=value. */
static struct sk_bytes decode_environment(struct sk_test_reader *reader, const struct sk_yaml_node *node)
{
	struct sk_buffer words = {0};

	if (node->kind != SK_YAML_MAPPING)
		return decode_words(reader, node, "'env'");
	if (!sk_test_check_keys(reader, node, "'env'", NULL))
		return (struct sk_bytes){"", 0};
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != SK_YAML_SCALAR) {
			sk_test_report(reader, node->items[i]->span, NULL, "a variable's value is a text");
			continue;
		}
		sk_buffer_printf(&words, "%s=%s", node->keys[i]->text.bytes, node->items[i]->text.bytes);
		sk_buffer_append_char(&words, '\0');
	}
	return keep(reader, &words);
}

static bool equals(struct sk_bytes bytes, const char *text)
{
	return bytes.length == strlen(text) && memcmp(bytes.bytes, text, bytes.length) == 0;
}

/* --- the program ------------------------------------------------------- */

static struct sk_bytes base_name(struct sk_bytes path)
{
	const char *slash = path.length ? memrchr(path.bytes, '/', path.length) : NULL;
	struct sk_bytes name = path;

	if (slash)
		name = (struct sk_bytes){slash + 1, path.length - (uint32_t)(slash + 1 - path.bytes)};
	if (name.length > SK_TEST_COMM_LIMIT)
		name.length = SK_TEST_COMM_LIMIT;
	return name;
}

/* Where a program is that was called so: in /usr/bin, or below the directory. */
static struct sk_bytes path_of(struct sk_test_reader *reader, struct sk_bytes exe, struct sk_bytes cwd)
{
	const char *path;

	if (exe.length && exe.bytes[0] == '/')
		return exe;
	if (exe.length && memchr(exe.bytes, '/', exe.length))
		path = sk_arena_printf(reader->arena, "%.*s/%.*s", cwd.length > 1 ? (int)cwd.length : 0, cwd.bytes,
				       (int)exe.length - (exe.bytes[0] == '.' && exe.bytes[1] == '/' ? 2 : 0),
				       exe.bytes + (exe.bytes[0] == '.' && exe.bytes[1] == '/' ? 2 : 0));
	else
		path = sk_arena_printf(reader->arena, "/usr/bin/%.*s", (int)exe.length, exe.bytes);
	if (!path)
		reader->out_of_memory = true;
	return sk_test_bytes(path);
}

/* A command line's first word is the program, the others are its arguments. */
static bool set_command(struct sk_test_reader *reader, struct sk_span span, const char *text,
			struct sk_process_entry *entry)
{
	struct sk_bytes words = split(reader, text);
	uint32_t first = words.length ? (uint32_t)strlen(words.bytes) : 0;

	if (!first) {
		sk_test_report(reader, span, NULL, "a command line has a program");
		return false;
	}
	entry->exe = (struct sk_bytes){words.bytes, first};
	entry->args = (struct sk_bytes){words.bytes + first + 1, words.length - first - 1};
	return true;
}

/* Which program it is, and what it is called: each follows from another that was said. */
static bool decode_program(struct sk_test_reader *reader, const struct sk_yaml_node *node,
			   struct sk_process_entry *entry)
{
	const char *command = sk_test_key_text(reader, node, "command"),
		   *exe = sk_test_key_text(reader, node, "exe");
	const char *exepath = sk_test_key_text(reader, node, "exepath"),
		   *name = sk_test_key_text(reader, node, "name");
	const struct sk_yaml_node *args = sk_yaml_get(node, "args");
	bool is_new = command || exe || exepath || name;

	if (command && (exe || args)) {
		sk_test_report(reader, sk_yaml_get(node, "command")->span, NULL,
			       "a command line says the program and its arguments: 'command', or 'exe' and 'args'");
		return false;
	}
	if (name && strlen(name) > SK_TEST_COMM_LIMIT) {
		sk_test_report(
			reader, sk_yaml_get(node, "name")->span,
			sk_arena_printf(reader->arena, "the kernel cuts it to '%.*s'", SK_TEST_COMM_LIMIT, name),
			"a name has at most %d bytes", SK_TEST_COMM_LIMIT);
		return false;
	}
	if (is_new)
		entry->exe = entry->exepath = entry->comm = entry->args = (struct sk_bytes){"", 0};
	if (command && !set_command(reader, sk_yaml_get(node, "command")->span, command, entry))
		return false;
	if (args)
		entry->args = decode_words(reader, args, "'args'");
	if (exe)
		entry->exe = sk_test_bytes(exe);
	if (exepath)
		entry->exepath = sk_test_bytes(exepath);
	if (is_new && !entry->exe.length)
		entry->exe = exepath ? entry->exepath : sk_test_bytes(name);
	if (is_new && !entry->exepath.length)
		entry->exepath = path_of(reader, entry->exe, entry->cwd);
	if (name)
		entry->comm = sk_test_bytes(name);
	else if (is_new)
		entry->comm = base_name(entry->exepath);
	return true;
}

/* --- who and where ----------------------------------------------------- */

static void decode_user(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *user,
			struct sk_process_entry *entry)
{
	struct sk_test_reader *reader = world->reader;
	const struct sk_yaml_node *who = sk_yaml_get(node, "user");
	const char *group = sk_test_key_text(reader, node, "group");
	const char *loginuid = sk_test_key_text(reader, node, "loginuid");

	if (who && sk_test_decode_user(world, who, user)) {
		entry->uid = world->users[*user].entry.uid;
		entry->gid = world->users[*user].entry.gid;
		if (!loginuid)
			entry->loginuid = entry->uid;
	}
	if (group)
		entry->gid = sk_test_find_group(world, group);
	if (loginuid)
		entry->loginuid = world->users[sk_test_find_user(world, loginuid)].entry.uid;
}

static const char *next_capability(void *state)
{
	unsigned *bit = state;

	return sk_capability_name((*bit)++);
}

/* "all", "none", or a list of names. */
static void decode_capabilities(struct sk_test_reader *reader, const struct sk_yaml_node *node,
				struct sk_process_entry *entry)
{
	uint64_t all = 0, bits = 0;

	for (unsigned bit = 0; bit < CAPABILITY_LIMIT && sk_capability_name(bit); bit++)
		all |= UINT64_C(1) << bit;
	if (sk_yaml_equals(node, "all"))
		bits = all;
	else if (node->kind != SK_YAML_SEQUENCE && !sk_yaml_equals(node, "none"))
		sk_test_report(reader, node->span, NULL, "'capabilities' is all, none, or a list of names");
	for (uint32_t i = 0; node->kind == SK_YAML_SEQUENCE && i < node->count; i++) {
		const char *text = sk_test_text(reader, node->items[i], "a capability"), *name;
		unsigned bit = 0;

		if (!text)
			continue;
		while ((name = sk_capability_name(bit)) && strcmp(name, text) != 0)
			bit++;
		if (name) {
			bits |= UINT64_C(1) << bit;
			continue;
		}
		bit = 0;
		sk_test_report(reader, node->items[i]->span,
			       sk_test_suggest(reader, text, strlen(text), next_capability, &bit),
			       "there is no capability '%s'", text);
	}
	entry->cap_permitted = entry->cap_effective = bits;
}

static void decode_terminal(struct sk_test_reader *reader, const struct sk_yaml_node *node,
			    struct sk_process_entry *entry)
{
	const struct sk_yaml_node *tty = sk_yaml_get(node, "tty");
	int64_t number;

	if (!tty)
		return;
	if (sk_yaml_equals(tty, "true"))
		entry->tty = TERMINAL;
	else if (sk_yaml_equals(tty, "false"))
		entry->tty = 0;
	else if (sk_test_key_number(reader, node, "tty", 0, UINT32_MAX, &number))
		entry->tty = (uint32_t)number;
}

static void decode_numbers(struct sk_test_reader *reader, const struct sk_yaml_node *node,
			   struct sk_process_entry *entry)
{
	int64_t number;
	bool has_pgid = sk_test_key_number(reader, node, "pgid", 0, INT32_MAX, &entry->pgid);

	sk_test_key_number(reader, node, "sid", 0, INT32_MAX, &entry->sid);
	if (!sk_test_key_number(reader, node, "vpgid", 0, INT32_MAX, &entry->vpgid) && has_pgid)
		entry->vpgid = entry->pgid;
	if (sk_test_key_number(reader, node, "vpid", 1, INT32_MAX, &number))
		entry->vpid = entry->vtid = number;
	sk_test_key_number(reader, node, "fdlimit", 0, INT64_MAX, &entry->fdlimit);
	if (sk_test_key_number(reader, node, "exe_ino", 0, INT64_MAX, &number))
		entry->exe_ino = (uint64_t)number;
	if (sk_test_key_number(reader, node, "exe_ino_ctime", 0, INT64_MAX, &number))
		entry->exe_ino_ctime = (uint64_t)number;
	if (sk_test_key_number(reader, node, "exe_ino_mtime", 0, INT64_MAX, &number))
		entry->exe_ino_mtime = (uint64_t)number;
	sk_test_key_truth(reader, node, "exe_writable", &entry->exe_writable);
	sk_test_key_truth(reader, node, "exe_upper_layer", &entry->exe_upper_layer);
	sk_test_key_truth(reader, node, "exe_lower_layer", &entry->exe_lower_layer);
	sk_test_key_truth(reader, node, "exe_from_memfd", &entry->exe_from_memfd);
}

/* Everything but parents, container, pid and fds, which are decided before or after. */
static bool decode_entry(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *user,
			 struct sk_process_entry *entry)
{
	struct sk_test_reader *reader = world->reader;
	const char *cwd, *root;

	if (node->kind == SK_YAML_SCALAR) {
		const char *text = sk_test_text(reader, node, "a process");

		if (!text || !set_command(reader, node->span, text, entry))
			return false;
		entry->exepath = path_of(reader, entry->exe, entry->cwd);
		entry->comm = base_name(entry->exepath);
		return true;
	}
	decode_user(world, node, user, entry);
	cwd = sk_test_key_text(reader, node, "cwd");
	if (cwd)
		entry->cwd = sk_test_bytes(cwd);
	root = sk_test_key_text(reader, node, "root");
	if (root)
		entry->root = sk_test_bytes(root);
	if (sk_yaml_get(node, "env"))
		entry->env = decode_environment(reader, sk_yaml_get(node, "env"));
	if (sk_yaml_get(node, "capabilities"))
		decode_capabilities(reader, sk_yaml_get(node, "capabilities"), entry);
	decode_terminal(reader, node, entry);
	decode_numbers(reader, node, entry);
	if (!decode_program(reader, node, entry))
		return false;
	if (entry->args.length > ARGS_LIMIT || entry->env.length > ARGS_LIMIT) {
		sk_test_report(reader, node->span, NULL, "arguments and environment have at most %d bytes each",
			       ARGS_LIMIT);
		return false;
	}
	return true;
}

/* --- adding ------------------------------------------------------------ */

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
	process.entry.comm = base_name(process.entry.exepath);
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
	if (!decode_entry(world, node, &user, &process.entry))
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
	return decode_entry(world, node, &user, image) ? image : NULL;
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
