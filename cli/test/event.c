/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a case:
 *
 *   - open: /etc/shadow                              the path, or what else matters most
 *   - open: {name: /etc/shadow, flags: O_RDWR}       parameters by their names
 *     by: helper
 *     result: EACCES
 *
 * The keys of an event are its type and a few words about it; those of its
 * value are the parameters of the schema, and some that stand for several.
 */
#include <errno.h>
#include <string.h>

#include "cli/test/event_private.h"
#include "vm/event.h"
#include "vm/event_class.h"

enum { OPEN_READ = 1, OPEN_ACCESS = 3, LOST_LIMIT = 1000 * 1000 * 1000 };

static const char *const event_keys[] = {"by", "result", "after", "begun", "resolved", "origin", "lost", NULL};

/* --- names ------------------------------------------------------------- */

static const char *next_event_name(void *state)
{
	uint32_t *next = state;
	uint32_t number = (*next)++;

	if (number == 0)
		return "exec";
	if (number < SK_EVENT_COUNT)
		return sk_events[number].name;
	return sk_syscall_name(number - SK_EVENT_COUNT + 1);
}

static bool is_exec(const struct sk_test_decoding *decoding)
{
	return decoding->event->event.type == SK_EVENT_SYSCALL_EXECVE_19_X ||
	       decoding->event->event.type == SK_EVENT_SYSCALL_EXECVEAT_X;
}

static bool is_fork(const struct sk_test_decoding *decoding)
{
	switch (decoding->event->event.type) {
	case SK_EVENT_SYSCALL_CLONE_20_X:
	case SK_EVENT_SYSCALL_FORK_20_X:
	case SK_EVENT_SYSCALL_VFORK_20_X:
	case SK_EVENT_SYSCALL_CLONE3_X:
		return true;
	default:
		return false;
	}
}

static bool is_socket_call(const struct sk_event_info *info)
{
	return sk_test_find_type(info, SK_PARAM_SOCKTUPLE) >= 0 || sk_test_find_type(info, SK_PARAM_SOCKADDR) >= 0;
}

/* What a value stands for that has no name: of a path the path, else the fd, else what comes first. */
static int main_param(const struct sk_event_info *info)
{
	int fd = sk_test_find_param(info, "fd"), tuple = sk_test_find_type(info, SK_PARAM_SOCKTUPLE);
	int address = sk_test_find_type(info, SK_PARAM_SOCKADDR), path = sk_test_first_path(info);
	int after_result = sk_test_has_result(info) ? 1 : 0;

	if (path >= 0)
		return path;
	if (address >= 0)
		return address;
	if (tuple >= 0 && info->flags & SK_EVENT_FLAG_CREATES_FD)
		return tuple;
	if (fd >= after_result)
		return fd;
	return after_result < info->nparams ? after_result : -1;
}

/* --- values ------------------------------------------------------------ */

struct param_names {
	const struct sk_event_info *info;
	const char *const *more;
	uint32_t next;
};

static const char *next_param(void *state)
{
	struct param_names *names = state;

	if (names->next < names->info->nparams)
		return names->info->params[names->next++].name;
	return *names->more ? *names->more++ : NULL;
}

/* "open has fd, name, flags ..." */
static const char *list_params(struct sk_test_decoding *decoding)
{
	struct sk_buffer text = {0};
	const char *copy;

	sk_buffer_printf(&text, "%s has", decoding->info->name);
	for (int i = 0; i < decoding->info->nparams; i++)
		sk_buffer_printf(&text, "%s %s", i ? "," : "", decoding->info->params[i].name);
	if (!decoding->info->nparams)
		sk_buffer_append_text(&text, " no parameters");
	copy = text.failed ? NULL : sk_arena_copy(decoding->reader->arena, text.bytes, text.length);
	sk_buffer_release(&text);
	return copy;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

/* What a program does not change when it is started. */
static const char *const kept_keys[] = {"cwd", "root", "pid", "vpid", "container", "parents", "fds", "sid", NULL};

/* One key of an event's value. */
static bool set_key(struct sk_test_decoding *decoding, const struct sk_yaml_node *map, uint32_t i)
{
	static const char *const no_words[] = {NULL}, *const socket_words[] = {"to", "from", NULL};
	static const char *const path_words[] = {"path", NULL}, *const fork_words[] = {"child", NULL};
	const struct sk_yaml_node *key = map->keys[i];
	const char *name = key->text.bytes, *hint;
	const char *const *more = is_exec(decoding)                         ? sk_test_process_keys
				  : is_fork(decoding)                       ? fork_words
				  : is_socket_call(decoding->info)          ? socket_words
				  : sk_test_first_path(decoding->info) >= 0 ? path_words
									    : no_words;
	struct param_names names = {decoding->info, more, 0};
	int index = sk_test_find_param(decoding->info, name);

	if (is_exec(decoding) && is_one_of(name, kept_keys) && index != 3 && index != 4) {
		sk_test_report(decoding->reader, key->span, "say it of the process", "an exec does not change '%s'",
			       name);
		return false;
	}
	if (is_exec(decoding) && is_one_of(name, sk_test_process_keys))
		return true;
	if (more == fork_words && strcmp(name, "child") == 0)
		return true;
	if (more == socket_words && strcmp(name, "from") == 0 && sk_yaml_get(map, "to"))
		return true;
	if (more == socket_words && is_one_of(name, socket_words)) {
		const char *from = strcmp(name, "to") == 0 ? sk_test_key_text(decoding->reader, map, "from") : NULL;

		return sk_test_set_peer(decoding, map->items[i], from);
	}
	if (index < 0 && strcmp(name, "path") == 0)
		index = sk_test_first_path(decoding->info);
	if (index < 0 && strcmp(name, "result") == 0 && sk_test_has_result(decoding->info))
		index = 0;
	if (index >= 0)
		return sk_test_set_param(decoding, index, map->items[i], sk_test_span(map, i));
	hint = sk_test_suggest(decoding->reader, name, strlen(name), next_param, &names);
	sk_test_report(decoding->reader, key->span, hint ? hint : list_params(decoding), "%s has no parameter '%s'",
		       decoding->info->name, name);
	return false;
}

static bool set_value(struct sk_test_decoding *decoding, const struct sk_yaml_node *node)
{
	bool right = true;
	int index;

	if (node->kind == SK_YAML_SCALAR && node->null)
		return true;
	if (node->kind == SK_YAML_MAPPING) {
		if (!sk_test_check_keys(decoding->reader, node, decoding->info->name, NULL))
			return false;
		for (uint32_t i = 0; i < node->count; i++)
			right &= set_key(decoding, node, i);
		return right;
	}
	if (is_exec(decoding) || is_fork(decoding))
		return true;
	if (is_socket_call(decoding->info) && node->kind == SK_YAML_SCALAR &&
	    (sk_test_find_type(decoding->info, SK_PARAM_SOCKADDR) >= 0 ||
	     decoding->info->flags & SK_EVENT_FLAG_CREATES_FD))
		return sk_test_set_peer(decoding, node, NULL);
	index = main_param(decoding->info);
	if (decoding->event->event.type != SK_EVENT_GENERIC_X && index >= 0)
		return sk_test_set_param(decoding, index, node, node->span);
	sk_test_report(decoding->reader, node->span, NULL, "%s has no parameters that can be given",
		       decoding->name);
	return false;
}

/* --- processes --------------------------------------------------------- */

static void set_kept_text(struct sk_test_decoding *decoding, const char *name, struct sk_bytes text)
{
	struct sk_buffer bytes = {0};
	int index = sk_test_find_param(decoding->info, name);

	if (index < 0 || !text.length || decoding->event->event.params[index].bytes)
		return;
	sk_buffer_append(&bytes, text.bytes, text.length);
	sk_buffer_append(&bytes, "", 1);
	sk_test_keep_param(decoding, index, &bytes);
}

static bool start_program(struct sk_test_decoding *decoding, const struct sk_yaml_node *node)
{
	struct sk_test_process *process = &decoding->world->processes[decoding->actor];
	struct sk_test_event *event = decoding->event;
	struct sk_process_entry *image;

	if (node && node->kind == SK_YAML_SEQUENCE) {
		sk_test_report(decoding->reader, node->span, "{exe: /bin/sh, args: [-c, id]}",
			       "a program is a command line, or a mapping");
		return false;
	}
	if (!node || (node->kind == SK_YAML_SCALAR && node->null)) {
		image = sk_test_alloc(decoding->reader, 1, sizeof(*image));
		if (!image)
			return false;
		*image = process->now;
		process->begins = true;
		for (uint32_t i = 0; i < decoding->world->event_count; i++)
			process->begins &= decoding->world->events[i].event.tid != process->entry.tid;
	} else {
		image = sk_test_image(decoding->world, node, process);
		if (!image)
			return false;
	}
	event->event.image = image;
	if (sk_test_number_of(event->event.params[0]) < 0) {
		/* It stays what it was, and says so. */
		set_kept_text(decoding, "comm", process->now.comm);
		set_kept_text(decoding, "trusted_exepath", process->now.exepath);
	} else {
		process->now = *image;
	}
	return true;
}

static bool make_child(struct sk_test_decoding *decoding, const struct sk_yaml_node *node)
{
	struct sk_process_entry *entry = sk_test_alloc(decoding->reader, 1, sizeof(*entry));
	const char *name = NULL;
	uint32_t child;

	if (!entry)
		return false;
	if (node && node->kind == SK_YAML_MAPPING)
		name = sk_test_key_text(decoding->reader, node, "child");
	else if (node && !(node->kind == SK_YAML_SCALAR && node->null))
		name = sk_test_text(decoding->reader, node, "the name of the child");
	if (!name || sk_test_number_of(decoding->event->event.params[0]) < 0)
		return true;
	if (sk_test_find_process(decoding->world, name) != SK_TEST_NOBODY) {
		sk_test_report(decoding->reader, node->span, NULL, "another process is called '%s'", name);
		return false;
	}
	child = sk_test_add_child(decoding->world, decoding->actor, name);
	if (child == SK_TEST_NOBODY) {
		sk_test_report(decoding->reader, node->span, NULL, "a case has at most %d processes",
			       SK_TEST_PROCESS_LIMIT);
		return false;
	}
	*entry = decoding->world->processes[child].entry;
	decoding->event->event.child = entry;
	return true;
}

/* --- events ------------------------------------------------------------ */

/* An open that says not what for is for reading. */
static void complete_open(struct sk_test_decoding *decoding)
{
	int flags = sk_test_find_param(decoding->info, "flags");
	int64_t number;

	switch (decoding->event->event.type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		number = sk_test_number_of(decoding->event->event.params[flags]);
		if (!(number & OPEN_ACCESS))
			sk_test_set_number(decoding, flags, number | OPEN_READ);
		break;
	default:
		break;
	}
}

/* The key that is the event's type. */
static const struct sk_yaml_node *find_type_key(struct sk_test_reader *reader, const struct sk_yaml_node *node,
						const struct sk_yaml_node **ret_value)
{
	const struct sk_yaml_node *found = NULL;

	*ret_value = NULL;
	if (node->kind == SK_YAML_SCALAR && node->text.length)
		return node;
	if (!sk_test_check_keys(reader, node, "an event", NULL))
		return NULL;
	for (uint32_t i = 0; i < node->count; i++) {
		if (is_one_of(node->keys[i]->text.bytes, event_keys))
			continue;
		if (found) {
			sk_test_report(
				reader, node->keys[i]->span,
				"parameters stand in a mapping behind the type: {name: /etc/passwd, flags: O_RDWR}",
				"an event has one type, and this one has '%s' already", found->text.bytes);
			return NULL;
		}
		found = node->keys[i];
		*ret_value = node->items[i];
	}
	if (!found)
		sk_test_report(reader, node->span, "exec, open, connect ...: `saker events` lists them",
			       "an event has a type");
	return found;
}

static bool find_actor(struct sk_test_decoding *decoding, const struct sk_yaml_node *node)
{
	const struct sk_yaml_node *by = node->kind == SK_YAML_MAPPING ? sk_yaml_get(node, "by") : NULL;
	const char *name;

	decoding->actor = decoding->world->actor;
	if (!by)
		return true;
	name = sk_test_text(decoding->reader, by, "'by'");
	if (!name)
		return false;
	decoding->actor = sk_test_find_process(decoding->world, name);
	if (decoding->actor != SK_TEST_NOBODY)
		return true;
	sk_test_report(decoding->reader, by->span, sk_test_suggest_process(decoding->world, name),
		       "there is no process '%s' in this case", name);
	return false;
}

bool sk_test_add_note(struct sk_test_reader *reader, struct sk_synth_event *event, enum sk_note_kind kind,
		      uint8_t param, const void *bytes, size_t size)
{
	struct sk_bytes *notes = &event->notes;
	uint8_t grown[SK_NOTES_LIMIT];
	size_t length = notes->length;

	if (length > 0)
		memcpy(grown, notes->bytes, length);
	if (!sk_notes_append(grown, sizeof(grown), &length, kind, param, bytes, size))
		return false;
	notes->bytes = sk_arena_copy(reader->arena, (const char *)grown, length);
	notes->length = (uint32_t)length;
	return notes->bytes != NULL;
}

static bool add_note(struct sk_test_decoding *decoding, enum sk_note_kind kind, uint8_t param, const void *bytes,
		     size_t size)
{
	return sk_test_add_note(decoding->reader, &decoding->event->event, kind, param, bytes, size);
}

/* What the call's path was when it began, or where it led. */
static bool note_path(struct sk_test_decoding *decoding, enum sk_note_kind kind, const struct sk_yaml_node *value,
		      struct sk_span span)
{
	const int param = sk_event_path(decoding->event->event.type, 0);
	const char *path = sk_test_text(decoding->reader, value, "a path");

	if (!path)
		return false;
	if (param < 0) {
		sk_test_report(decoding->reader, span, NULL, "%s has no path", decoding->info->name);
		return false;
	}
	return add_note(decoding, kind, (uint8_t)param, path, strlen(path) + 1);
}

static bool note_origin(struct sk_test_decoding *decoding, const struct sk_yaml_node *value, struct sk_span span)
{
	const char *name = sk_test_text(decoding->reader, value, "'origin'");

	if (!name)
		return false;
	for (uint8_t origin = 0; origin < SK_ORIGIN_COUNT; origin++)
		if (strcmp(name, sk_origin_names[origin]) == 0)
			return add_note(decoding, SK_NOTE_ORIGIN, 0, &origin, sizeof(origin));
	sk_test_report(decoding->reader, span, "syscall, compat, x32, io_uring", "there is no origin '%s'", name);
	return false;
}

/* When it was lost is known once all events have their times. */
static bool plan_loss(struct sk_test_decoding *decoding, const struct sk_yaml_node *value)
{
	struct sk_test_reader *reader = decoding->reader;
	const char *classes[SK_EVENT_CLASS_COUNT + 1] = {NULL};
	struct sk_lost *lost = sk_test_alloc(reader, 1, sizeof(*lost));
	bool right = true;

	for (unsigned i = 0; i < SK_EVENT_CLASS_COUNT; i++)
		classes[i] = sk_event_classes[i].name;
	if (!lost || !sk_test_check_keys(reader, value, "'lost'", classes))
		return false;
	for (uint32_t i = 0; i < value->count; i++) {
		int64_t count = 0;
		unsigned class = 0;

		while (strcmp(classes[class], value->keys[i]->text.bytes) != 0)
			class ++;
		right &= sk_test_key_number(reader, value, classes[class], 1, LOST_LIMIT, &count);
		lost->counts[class] = (uint64_t)count;
	}
	decoding->event->lost = lost;
	return right;
}

/* What stands beside the type. */
static bool set_circumstances(struct sk_test_decoding *decoding, const struct sk_yaml_node *node)
{
	bool right = true;

	for (uint32_t i = 0; node->kind == SK_YAML_MAPPING && i < node->count; i++) {
		struct sk_span span = sk_test_span(node, i);
		const struct sk_yaml_node *value = node->items[i];

		if (sk_yaml_equals(node->keys[i], "after")) {
			const struct sk_text *text = &value->text;
			struct sk_buffer bytes = {0};
			struct sk_synth_mistake mistake;

			/* nanosleep's first parameter is such a time. */
			if (value->kind == SK_YAML_SCALAR &&
			    sk_synth_value(SK_EVENT_SYSCALL_NANOSLEEP_X, 1, text->bytes, text->length, &bytes,
					   &mistake) == 0 &&
			    bytes.length == sizeof(decoding->event->after)) {
				memcpy(&decoding->event->after, bytes.bytes, sizeof(decoding->event->after));
			} else {
				sk_test_report(decoding->reader, span, "5s, 10ms",
					       "'after' is the time that passes before the event");
				right = false;
			}
			sk_buffer_release(&bytes);
		} else if (sk_yaml_equals(node->keys[i], "begun")) {
			right &= note_path(decoding, SK_NOTE_BEGUN, value, span);
		} else if (sk_yaml_equals(node->keys[i], "resolved")) {
			right &= note_path(decoding, SK_NOTE_RESOLVED, value, span);
		} else if (sk_yaml_equals(node->keys[i], "origin")) {
			right &= note_origin(decoding, value, span);
		} else if (sk_yaml_equals(node->keys[i], "lost")) {
			right &= plan_loss(decoding, value);
		} else if (sk_yaml_equals(node->keys[i], "result")) {
			if (!sk_test_has_result(decoding->info)) {
				sk_test_report(decoding->reader, node->keys[i]->span, NULL, "%s has no result",
					       decoding->info->name);
				right = false;
			} else {
				right &= sk_test_set_param(decoding, 0, value, span);
			}
		}
	}
	return right;
}

bool sk_test_add_event(struct sk_test_world *world, const struct sk_yaml_node *node)
{
	struct sk_test_decoding decoding = {.world = world, .reader = world->reader};
	struct sk_test_event event = {.span = node->span};
	const struct sk_yaml_node *value, *key = find_type_key(world->reader, node, &value);
	uint32_t next = 0;
	int type, syscall;
	void *grown;

	if (!key)
		return false;
	event.span = key->span;
	type = strcmp(key->text.bytes, "exec") == 0
		       ? SK_EVENT_SYSCALL_EXECVE_19_X
		       : sk_synth_find_event(key->text.bytes, key->text.length, &syscall);
	if (type < 0) {
		const char *hint =
			sk_test_suggest(world->reader, key->text.bytes, key->text.length, next_event_name, &next);

		sk_test_report(world->reader, key->span, hint ? hint : "`saker events` lists them",
			       "there is no event '%s'", key->text.bytes);
		return false;
	}
	decoding.info = &sk_events[type];
	decoding.name = key->text.bytes;
	decoding.event = &event;
	event.event.type = (uint16_t)type;
	if (!find_actor(&decoding, node))
		return false;
	event.event.tid = world->processes[decoding.actor].entry.tid;
	if (type == SK_EVENT_GENERIC_X)
		sk_test_set_number(&decoding, 0, syscall);
	if (!set_circumstances(&decoding, node) || (value && !set_value(&decoding, value)))
		return false;
	if (is_exec(&decoding) && !start_program(&decoding, value))
		return false;
	if (is_fork(&decoding) && !make_child(&decoding, value))
		return false;
	complete_open(&decoding);
	sk_test_need_socket(&decoding);
	grown = world->event_count < SK_TEST_EVENT_LIMIT
			? sk_test_grow(world->reader, world->events, world->event_count, &world->event_capacity,
				       sizeof(*world->events))
			: NULL;
	if (!grown) {
		sk_test_report(world->reader, key->span, NULL, "a case has at most %d events", SK_TEST_EVENT_LIMIT);
		return false;
	}
	world->events = grown;
	world->events[world->event_count++] = event;
	return true;
}
