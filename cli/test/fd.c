/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files of a case's processes, as people name them:
 *
 *   /etc/passwd, /tmp/             a file, a directory
 *   tcp 10.0.0.5:40000->1.2.3.4:80 a connection, client first; udp likewise
 *   listen 0.0.0.0:22              a socket that waits for connections
 *   unix /run/socket               a socket with a name
 *   pipe, eventfd ..., or with a name behind it
 */
#include <inttypes.h>
#include <string.h>

#include "cli/test/world.h"
#include "runtime/state/socket_address.h"

enum { STREAM = 1, DATAGRAM = 2, RAW = 3, ICMP_PROTOCOL = 1 };

static const struct kind {
	const char *word;
	uint8_t type;
	const char *name; /* what it is called if nothing is said */
} kinds[] = {
	{"file", SK_FD_FILE_V2, "/tmp/file"},
	{"directory", SK_FD_DIRECTORY, "/tmp"},
	{"pipe", SK_FD_FIFO, "pipe:[4026]"},
	{"unix", SK_FD_UNIX_SOCK, "/run/test.sock"},
	{"event", SK_FD_EVENT, "[eventfd]"},
	{"eventfd", SK_FD_EVENT, "[eventfd]"},
	{"signalfd", SK_FD_SIGNALFD, "[signalfd]"},
	{"eventpoll", SK_FD_EVENTPOLL, "[eventpoll]"},
	{"inotify", SK_FD_INOTIFY, "inotify"},
	{"timerfd", SK_FD_TIMERFD, "[timerfd]"},
	{"netlink", SK_FD_NETLINK, ""},
	{"bpf", SK_FD_BPF, "bpf-prog"},
	{"userfaultfd", SK_FD_USERFAULTFD, "[userfaultfd]"},
	{"io_uring", SK_FD_IOURING, "[io_uring]"},
	{"memfd", SK_FD_MEMFD, "memfd"},
	{"pidfd", SK_FD_PIDFD, "[pidfd]"},
	{"tcp", SK_FD_UNKNOWN, NULL},
	{"udp", SK_FD_UNKNOWN, NULL},
	{"icmp", SK_FD_UNKNOWN, NULL},
	{"raw", SK_FD_UNKNOWN, NULL},
	{"listen", SK_FD_UNKNOWN, NULL},
};

static const char *next_kind(void *state)
{
	size_t *next = state;

	return *next < sizeof(kinds) / sizeof(kinds[0]) ? kinds[(*next)++].word : NULL;
}

void sk_test_take_protocol(const char **text, uint32_t *length, uint32_t *ret_type, uint32_t *ret_protocol)
{
	static const struct {
		const char *word;
		uint32_t type, protocol;
	} protocols[] = {
		{"tcp ", STREAM, 0}, {"udp ", DATAGRAM, 0}, {"icmp ", DATAGRAM, ICMP_PROTOCOL}, {"raw ", RAW, 255}};

	*ret_type = STREAM;
	*ret_protocol = 0;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		uint32_t size = (uint32_t)strlen(protocols[i].word);

		if (*length <= size || memcmp(*text, protocols[i].word, size) != 0)
			continue;
		*text += size;
		*length -= size;
		*ret_type = protocols[i].type;
		*ret_protocol = protocols[i].protocol;
		return;
	}
}

/* This machine's addresses: those of the synth, and whatever any address stands for. */
static bool is_local(const struct sk_synth_end *end)
{
	static const uint8_t any[16] = {0}, loopback6[16] = {[15] = 1}, own6[16] = {0xfd, [15] = 5};

	if (end->family == SK_FAMILY_INET)
		return end->address[0] == 127 || memcmp(end->address, "\x0a\0\0\5", 4) == 0 ||
		       memcmp(end->address, any, 4) == 0;
	return memcmp(end->address, any, 16) == 0 || memcmp(end->address, loopback6, 16) == 0 ||
	       memcmp(end->address, own6, 16) == 0;
}

static bool describe_connection(struct sk_test_reader *reader, struct sk_span span, const char *text,
				uint32_t length, struct sk_test_fd *fd)
{
	const char *all = text;

	sk_test_take_protocol(&text, &length, &fd->socket_type, &fd->protocol);
	if (!sk_synth_ends(text, length, false, &fd->source, &fd->destination) ||
	    fd->source.family == SK_FAMILY_UNIX) {
		sk_test_report(reader, span,
			       "tcp 10.0.0.5:40000->192.0.2.1:80, the client first, or the server alone",
			       "'%s' is no connection", all);
		return false;
	}
	fd->connected = true;
	fd->inbound = is_local(&fd->destination) && !is_local(&fd->source);
	return true;
}

static bool describe_listener(struct sk_test_reader *reader, struct sk_span span, const char *text, uint32_t length,
			      struct sk_test_fd *fd)
{
	struct sk_synth_end end;
	const char *all = text;

	sk_test_take_protocol(&text, &length, &fd->socket_type, &fd->protocol);
	if (!sk_synth_end(text, length, &end) || end.family == SK_FAMILY_UNIX) {
		sk_test_report(reader, span, "0.0.0.0:22 or [::]:22", "'%s' is nothing to listen on", all);
		return false;
	}
	fd->entry.type = end.family == SK_FAMILY_INET ? SK_FD_IPV4_SERVSOCK : SK_FD_IPV6_SERVSOCK;
	fd->entry.l4 = fd->socket_type == DATAGRAM ? SK_L4_UDP : SK_L4_TCP;
	fd->entry.destination_port = end.port;
	memcpy(fd->entry.destination, end.address, sizeof(end.address));
	return true;
}

static bool describe(struct sk_test_reader *reader, const struct sk_yaml_node *node, struct sk_test_fd *ret_fd)
{
	const char *text = sk_test_text(reader, node, "a file descriptor"), *blank;
	size_t length, word, next = 0;

	*ret_fd = (struct sk_test_fd){0};
	if (!text)
		return false;
	length = strlen(text);
	if (text[0] == '/') {
		bool directory = length > 1 && text[length - 1] == '/';

		ret_fd->entry.type = directory ? SK_FD_DIRECTORY : SK_FD_FILE_V2;
		ret_fd->entry.open_flags = 1;
		ret_fd->entry.name = (struct sk_bytes){text, (uint32_t)(length - directory)};
		return true;
	}
	blank = strchr(text, ' ');
	word = blank ? (size_t)(blank - text) : length;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].word) != word || memcmp(kinds[i].word, text, word) != 0)
			continue;
		if (strcmp(kinds[i].word, "listen") == 0)
			return describe_listener(reader, node->span, blank ? blank + 1 : "",
						 blank ? (uint32_t)(length - word - 1) : 0, ret_fd);
		if (!kinds[i].name)
			return describe_connection(reader, node->span, text, (uint32_t)length, ret_fd);
		ret_fd->entry.type = kinds[i].type;
		ret_fd->entry.open_flags = kinds[i].type == SK_FD_FILE_V2 ? 1 : 0;
		ret_fd->entry.name = sk_test_bytes(blank ? blank + 1 : kinds[i].name);
		return true;
	}
	sk_test_report(reader, node->span, sk_test_suggest(reader, text, word, next_kind, &next),
		       "'%s' is no file descriptor: a number, /a/path, tcp A->B, udp A->B, listen A, unix PATH, or "
		       "pipe, memfd, eventfd ... and a name",
		       text);
	return false;
}

static struct sk_test_fd *find_number(struct sk_test_process *process, int64_t number)
{
	for (uint32_t i = 0; i < process->fd_count; i++) {
		if (process->fds[i].entry.fd == number)
			return &process->fds[i];
	}
	return NULL;
}

static bool same(const struct sk_test_fd *a, const struct sk_test_fd *b)
{
	return a->entry.type == b->entry.type && a->connected == b->connected &&
	       a->entry.name.length == b->entry.name.length &&
	       (!a->entry.name.length ||
		memcmp(a->entry.name.bytes, b->entry.name.bytes, a->entry.name.length) == 0) &&
	       a->entry.destination_port == b->entry.destination_port &&
	       memcmp(a->entry.destination, b->entry.destination, 16) == 0 && a->source.port == b->source.port &&
	       a->destination.port == b->destination.port && a->socket_type == b->socket_type &&
	       memcmp(a->source.address, b->source.address, 16) == 0 &&
	       memcmp(a->destination.address, b->destination.address, 16) == 0;
}

static bool add(struct sk_test_world *world, uint32_t number, const struct sk_test_fd *fd)
{
	struct sk_test_process *process = &world->processes[number];
	struct sk_test_fd *known = find_number(process, fd->entry.fd);
	void *grown;

	if (known) {
		*known = *fd;
		return true;
	}
	grown = process->fd_count < SK_TEST_FD_LIMIT ? sk_test_grow(world->reader, process->fds, process->fd_count,
								    &process->fd_capacity, sizeof(*process->fds))
						     : NULL;
	if (!grown)
		return false;
	process->fds = grown;
	process->fds[process->fd_count++] = *fd;
	return true;
}

bool sk_test_open_fd_as(struct sk_test_world *world, uint32_t process, const struct sk_yaml_node *node, int64_t fd)
{
	struct sk_test_fd described;

	if (!describe(world->reader, node, &described))
		return false;
	described.entry.fd = fd;
	return add(world, process, &described);
}

bool sk_test_open_fd(struct sk_test_world *world, uint32_t process, const struct sk_yaml_node *node,
		     int64_t *ret_fd)
{
	struct sk_test_fd described;
	struct sk_test_process *owner;

	if (node->kind == SK_YAML_SCALAR && sk_synth_number(node->text.bytes, node->text.length, false, ret_fd))
		return true;
	if (sk_yaml_equals(node, "AT_FDCWD")) {
		*ret_fd = -100;
		return true;
	}
	if (!describe(world->reader, node, &described))
		return false;
	/* What a fork makes has its parent's files. */
	while (world->processes[process].born)
		process = world->processes[process].parent;
	owner = &world->processes[process];
	for (uint32_t i = 0; i < owner->fd_count; i++) {
		if (same(&owner->fds[i], &described)) {
			*ret_fd = owner->fds[i].entry.fd;
			return true;
		}
	}
	described.entry.fd = 3;
	while (find_number(owner, described.entry.fd))
		described.entry.fd++;
	*ret_fd = described.entry.fd;
	return add(world, process, &described);
}
