/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdlist.*: the fds that a poll waits for, joined by commas.  Ends of sockets
 * are listed only where there are some; a list without any is missing.
 */
#include "runtime/fields/fd_kind.h"

#include "vm/event.h"

typedef bool (*append_fn)(struct sk_text *text, int64_t number, const struct sk_fd *fd);

static struct sk_value listed(const struct sk_extraction *asked, append_fn append)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_event *event = &view->event;
	const int index = sk_param_index(event->type, "fds", 3);
	const struct sk_fd_table *table = view->thread ? sk_thread_fds(view->thread) : NULL;
	struct sk_text text = sk_text_begin(asked->scratch);
	const struct sk_param *list;
	uint32_t count;

	if (!view->thread || index < 0 || index >= event->nparams ||
	    event->info->params[index].type != SK_PARAM_FDLIST || event->param[index].length < 2)
		return sk_value_missing();
	list = &event->param[index];
	count = sk_read_u16(list->bytes);
	for (uint32_t i = 0, at = 2; i < count && list->length - at >= 10; i++, at += 10) {
		const int64_t number = (int64_t)sk_read_u64(list->bytes + at);
		const uint32_t comma = text.length;

		if (comma)
			sk_text_append_char(&text, ',');
		if (!append(&text, number, table && number >= 0 ? sk_fd_find(table, number) : NULL))
			text.length = comma;
	}
	return text.length || text.failed ? sk_text_value(&text) : sk_value_missing();
}

static bool append_number(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)fd;
	sk_text_append_signed(text, number);
	return true;
}

static bool append_name(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)number;
	if (fd && fd->name->length)
		sk_text_append(text, fd->name->bytes, fd->name->length);
	else
		sk_text_append_string(text, "<NA>");
	return true;
}

static bool append_client(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)number;
	if (!fd || !sk_fd_is_connection(fd))
		return false;
	sk_address_append(text, fd->source, sk_fd_address_length(fd));
	return true;
}

static bool append_server(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)number;
	if (!fd || !sk_fd_is_inet(fd))
		return false;
	sk_address_append(text, fd->destination, sk_fd_address_length(fd));
	return true;
}

static bool append_client_port(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)number;
	if (!fd || !sk_fd_is_connection(fd))
		return false;
	sk_text_append_unsigned(text, fd->source_port);
	return true;
}

static bool append_server_port(struct sk_text *text, int64_t number, const struct sk_fd *fd)
{
	(void)number;
	if (!fd || !sk_fd_is_inet(fd))
		return false;
	sk_text_append_unsigned(text, fd->destination_port);
	return true;
}

struct sk_value extract_FDLIST_NUMS(const struct sk_extraction *asked)
{
	return listed(asked, append_number);
}

struct sk_value extract_FDLIST_NAMES(const struct sk_extraction *asked)
{
	return listed(asked, append_name);
}

struct sk_value extract_FDLIST_CIPS(const struct sk_extraction *asked)
{
	return listed(asked, append_client);
}

struct sk_value extract_FDLIST_SIPS(const struct sk_extraction *asked)
{
	return listed(asked, append_server);
}

struct sk_value extract_FDLIST_CPORTS(const struct sk_extraction *asked)
{
	return listed(asked, append_client_port);
}

struct sk_value extract_FDLIST_SPORTS(const struct sk_extraction *asked)
{
	return listed(asked, append_server_port);
}
