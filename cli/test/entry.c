/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of one process: its program, who runs it and where. */
#include <string.h>

#include "cli/test/world.h"
#include "runtime/fields/names.h"

enum { TERMINAL = 34816, ARGS_LIMIT = 4096, CAPABILITY_LIMIT = 64 };

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

/* --- the program ------------------------------------------------------- */

struct sk_bytes sk_test_comm(struct sk_bytes path)
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
		entry->comm = sk_test_comm(entry->exepath);
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

bool sk_test_decode_entry(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *user,
			  struct sk_process_entry *entry)
{
	struct sk_test_reader *reader = world->reader;
	const char *cwd, *root;

	if (node->kind == SK_YAML_SCALAR) {
		const char *text = sk_test_text(reader, node, "a process");

		if (!text || !set_command(reader, node->span, text, entry))
			return false;
		entry->exepath = path_of(reader, entry->exe, entry->cwd);
		entry->comm = sk_test_comm(entry->exepath);
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
