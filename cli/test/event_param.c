/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of events: by the type of each, with the names that a case gives
 * its processes, users and files; and the sockets that calls stand on.
 */
#include <errno.h>
#include <string.h>

#include "cli/test/event_private.h"
#include "runtime/state/socket_address.h"

enum { DATAGRAM = 2 };

/* --- the schema -------------------------------------------------------- */

int sk_test_find_param(const struct sk_event_info *info, const char *name)
{
	for (int i = 0; i < info->nparams; i++) {
		if (strcmp(info->params[i].name, name) == 0)
			return i;
	}
	return -1;
}

int sk_test_find_type(const struct sk_event_info *info, enum sk_param_type type)
{
	for (int i = 0; i < info->nparams; i++) {
		if (info->params[i].type == type)
			return i;
	}
	return -1;
}

int sk_test_first_path(const struct sk_event_info *info)
{
	int found = sk_test_find_type(info, SK_PARAM_FSPATH);

	return found >= 0 ? found : sk_test_find_type(info, SK_PARAM_FSRELPATH);
}

bool sk_test_has_result(const struct sk_event_info *info)
{
	return info->direction == SK_DIRECTION_EXIT && info->nparams &&
	       (info->params[0].type == SK_PARAM_ERRNO || info->params[0].type == SK_PARAM_FD ||
		info->params[0].type == SK_PARAM_PID || info->params[0].type == SK_PARAM_INT64 ||
		info->params[0].type == SK_PARAM_UINT64);
}

/* --- parameters -------------------------------------------------------- */

/* Bytes of a parameter, in the arena. */
void sk_test_keep_param(struct sk_test_decoding *decoding, int index, struct sk_buffer *bytes)
{
	char *copy = bytes->failed ? NULL
				   : sk_arena_copy(decoding->reader->arena, bytes->bytes ? bytes->bytes : "",
						   bytes->length);

	if (!copy)
		decoding->reader->out_of_memory = true;
	decoding->event->event.params[index] = (struct sk_bytes){copy, (uint32_t)bytes->length};
	sk_buffer_release(bytes);
}

struct words {
	const struct sk_synth_mistake *mistake;
	uint32_t next;
};

static const char *next_synth_word(void *state)
{
	struct words *words = state;

	return sk_synth_word(words->mistake, words->next++);
}

static bool set_text(struct sk_test_decoding *decoding, int index, const struct sk_text *text, struct sk_span span)
{
	struct sk_buffer bytes = {0};
	struct sk_synth_mistake mistake;
	struct words words = {.mistake = &mistake};
	int result = sk_synth_value(decoding->event->event.type, (unsigned)index, text->bytes, text->length, &bytes,
				    &mistake);

	if (result == 0) {
		sk_test_keep_param(decoding, index, &bytes);
		return true;
	}
	sk_buffer_release(&bytes);
	if (result == -ENOMEM) {
		decoding->reader->out_of_memory = true;
		return false;
	}
	if (mistake.end > mistake.begin && text->length)
		span = sk_text_span(text, mistake.begin, mistake.end);
	sk_test_report(decoding->reader, span,
		       sk_test_suggest(decoding->reader, text->bytes + mistake.begin, mistake.end - mistake.begin,
				       next_synth_word, &words),
		       "%s", mistake.message);
	return false;
}

bool sk_test_set_number(struct sk_test_decoding *decoding, int index, int64_t number)
{
	size_t size = sk_param_fixed_size(decoding->info->params[index].type);
	struct sk_buffer bytes = {0};

	sk_buffer_append(&bytes, &number, size);
	sk_test_keep_param(decoding, index, &bytes);
	return true;
}

/* A list as one text, what it is joined by and the place of each item with it. */
static bool set_joined(struct sk_test_decoding *decoding, int index, const struct sk_yaml_node *node,
		       const char *between)
{
	struct sk_buffer text = {0};
	bool right = true;

	for (uint32_t i = 0; i < node->count; i++) {
		const char *item = sk_test_text(decoding->reader, node->items[i], "an item");

		if (!item)
			right = false;
		else
			sk_buffer_printf(&text, "%s%s", i ? between : "", item);
	}
	if (right && !text.failed) {
		struct sk_text joined = {.bytes = text.bytes ? text.bytes : "", .length = (uint32_t)text.length};

		right = set_text(decoding, index, &joined, node->span);
	}
	sk_buffer_release(&text);
	return right;
}

/* Texts, each with a NUL behind it: arguments, an environment. */
static bool set_words(struct sk_test_decoding *decoding, int index, const struct sk_yaml_node *node)
{
	struct sk_buffer words = {0};

	for (uint32_t i = 0; i < node->count; i++) {
		const char *item = sk_test_text(decoding->reader, node->items[i], "an item");

		if (!item) {
			sk_buffer_release(&words);
			return false;
		}
		sk_buffer_append(&words, item, strlen(item) + 1);
	}
	sk_test_keep_param(decoding, index, &words);
	return true;
}

static bool set_list(struct sk_test_decoding *decoding, int index, const struct sk_yaml_node *node)
{
	const struct sk_param_info *param = &decoding->info->params[index];

	if (param->type == SK_PARAM_BYTEBUF || param->type == SK_PARAM_CHARBUFARRAY)
		return set_words(decoding, index, node);
	if (param->type == SK_PARAM_FDLIST)
		return set_joined(decoding, index, node, ",");
	if (param->flags != SK_FLAGS_NONE)
		return set_joined(decoding, index, node, "|");
	sk_test_report(decoding->reader, node->span, NULL, "'%s' of %s is one value, not a list", param->name,
		       decoding->info->name);
	return false;
}

static bool is_user(const struct sk_param_info *param)
{
	return param->type == SK_PARAM_UID || strcmp(param->name, "uid") == 0;
}

static bool is_group(const struct sk_param_info *param)
{
	return param->type == SK_PARAM_GID || strcmp(param->name, "gid") == 0;
}

static bool is_pid(const struct sk_param_info *param)
{
	return param->type == SK_PARAM_PID || param->type == SK_PARAM_PID32 || strcmp(param->name, "pid") == 0;
}

bool sk_test_set_param(struct sk_test_decoding *decoding, int index, const struct sk_yaml_node *node,
		       struct sk_span span)
{
	const struct sk_param_info *param = &decoding->info->params[index];
	const bool returned = index == 0 && sk_test_has_result(decoding->info);
	int64_t number;

	if (node->kind == SK_YAML_SEQUENCE)
		return set_list(decoding, index, node);
	if (node->kind == SK_YAML_MAPPING) {
		sk_test_report(decoding->reader, node->span, NULL, "'%s' of %s is a value, not a mapping",
			       param->name, decoding->info->name);
		return false;
	}
	if ((param->type == SK_PARAM_FD || param->type == SK_PARAM_FD32) && !returned)
		return sk_test_open_fd(decoding->world, decoding->actor, node, &number) &&
		       sk_test_set_number(decoding, index, number);
	if (!sk_synth_number(node->text.bytes, node->text.length, false, &number) && node->text.length &&
	    !returned) {
		uint32_t process;

		if (is_pid(param)) {
			process = sk_test_find_process(decoding->world, node->text.bytes);
			if (process != SK_TEST_NOBODY)
				return sk_test_set_number(decoding, index,
							  decoding->world->processes[process].entry.tid);
			sk_test_report(decoding->reader, span,
				       sk_test_suggest_process(decoding->world, node->text.bytes),
				       "'%s' is no number and no process of this case", node->text.bytes);
			return false;
		}
		if (is_user(param)) {
			uint32_t user = sk_test_find_user(decoding->world, node->text.bytes);

			return sk_test_set_number(decoding, index, decoding->world->users[user].entry.uid);
		}
		if (is_group(param))
			return sk_test_set_number(decoding, index,
						  sk_test_find_group(decoding->world, node->text.bytes));
	}
	return set_text(decoding, index, &node->text, span);
}

/* --- sockets ----------------------------------------------------------- */

/* The family of an address or tuple on the wire. */
static uint8_t family_of(struct sk_bytes bytes)
{
	return bytes.bytes && bytes.length ? (uint8_t)bytes.bytes[0] : SK_FAMILY_INET;
}

/* "udp 10.0.0.1:53", "A->B": the tuple, and for calls that give an address that too. */
bool sk_test_set_peer(struct sk_test_decoding *decoding, const struct sk_yaml_node *node, const char *from)
{
	struct sk_test_event *event = decoding->event;
	int tuple = sk_test_find_type(decoding->info, SK_PARAM_SOCKTUPLE),
	    address = sk_test_find_type(decoding->info, SK_PARAM_SOCKADDR);
	const char *text = sk_test_text(decoding->reader, node, "an address"), *arrow;
	uint32_t length = text ? (uint32_t)strlen(text) : 0;
	bool named;
	struct sk_text part;

	if (!text)
		return false;
	named = strchr(text, ' ') != NULL;
	sk_test_take_protocol(&text, &length, &event->socket_type, &event->socket_protocol);
	if (!named && tuple >= 0 && strncmp(decoding->info->name, "connect", 7) != 0)
		event->socket_type = DATAGRAM;
	part = node->text;
	if (node->text.positions)
		part.positions += node->text.length - length;
	else if (part.first)
		part.first += node->text.length - length;
	part.bytes = text;
	part.length = length;
	if (from) {
		const char *whole = sk_arena_printf(decoding->reader->arena, "%s->%s", from, text);

		if (!whole) {
			decoding->reader->out_of_memory = true;
			return false;
		}
		part = (struct sk_text){.bytes = whole, .length = (uint32_t)strlen(whole)};
	}
	if (tuple >= 0 && !set_text(decoding, tuple, &part, node->span))
		return false;
	arrow = memmem(part.bytes, part.length, "->", 2);
	if (address >= 0 && arrow && tuple >= 0) {
		part.length -= (uint32_t)(arrow + 2 - part.bytes);
		part.bytes = arrow + 2;
	}
	return address < 0 || set_text(decoding, address, &part, node->span);
}

int64_t sk_test_number_of(struct sk_bytes bytes)
{
	int64_t number = 0;

	if (bytes.bytes && bytes.length <= sizeof(number))
		memcpy(&number, bytes.bytes, bytes.length);
	return number;
}

/* A call on a socket that nobody spoke of gets one, unseen. */
void sk_test_need_socket(struct sk_test_decoding *decoding)
{
	struct sk_test_event *event = decoding->event;
	int fd = sk_test_find_param(decoding->info, "fd"),
	    tuple = sk_test_find_type(decoding->info, SK_PARAM_SOCKTUPLE);
	int address = sk_test_find_type(decoding->info, SK_PARAM_SOCKADDR);
	struct sk_bytes peer = tuple >= 0 ? event->event.params[tuple] : (struct sk_bytes){NULL, 0};

	if (fd <= 0 || event->event.params[fd].bytes || decoding->info->flags & SK_EVENT_FLAG_CREATES_FD)
		return;
	if (!peer.bytes && address >= 0)
		peer = event->event.params[address];
	if (!peer.bytes && strcmp(decoding->info->name, "listen") != 0)
		return;
	event->socket_family = family_of(peer);
	if (!event->socket_type)
		event->socket_type = 1;
}
