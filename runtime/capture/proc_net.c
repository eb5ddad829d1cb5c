/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/capture/proc_file.h"
#include "vm/support/alloc.h"

/* Of one namespace; more are not resolved. */
enum { SOCKET_LIMIT = 1 << 20, NAMES_LIMIT = 64 << 20, NAME_LIMIT = 256 };

static int compare(const void *a, const void *b)
{
	const struct sk_proc_socket *x = a, *y = b;

	return (x->entry.ino > y->entry.ino) - (x->entry.ino < y->entry.ino);
}

static void release(struct sk_proc_net_namespace *namespace)
{
	sk_free(namespace->sockets);
	sk_free(namespace->names);
	*namespace = (struct sk_proc_net_namespace){0};
}

static int add(struct sk_proc_net_namespace *namespace, const struct sk_fd_entry *entry, const char *name)
{
	size_t length = strnlen(name, NAME_LIMIT - 1);
	struct sk_proc_socket *socket;

	if (entry->ino == 0)
		return 0;
	if (namespace->count == namespace->capacity) {
		size_t capacity = namespace->capacity ? 2 * namespace->capacity : 64;
		void *sockets = capacity > SOCKET_LIMIT
					? NULL
					: sk_realloc_array(namespace->sockets, capacity, sizeof(*socket));

		if (!sockets)
			return -ENOMEM;
		namespace->sockets = sockets;
		namespace->capacity = capacity;
	}
	if (namespace->names_length + length + 1 > namespace->names_capacity) {
		size_t capacity = 2 * namespace->names_capacity + 4096;
		void *names = capacity > NAMES_LIMIT ? NULL : sk_realloc_array(namespace->names, capacity, 1);

		if (!names)
			return -ENOMEM;
		namespace->names = names;
		namespace->names_capacity = capacity;
	}
	socket = &namespace->sockets[namespace->count++];
	*socket = (struct sk_proc_socket){*entry, (uint32_t) namespace->names_length};
	memcpy(namespace->names + namespace->names_length, name, length);
	namespace->names[namespace->names_length + length] = '\0';
	namespace->names_length += length + 1;
	return 0;
}

/* "0100007F:1F90": words of the address as the machine's integers, then the port. */
static const char *parse_address(const char *text, unsigned words, uint8_t address[16], uint16_t *ret_port)
{
	char *end;

	for (unsigned i = 0; i < words; i++) {
		char word[9] = "";
		uint32_t value;

		if (strnlen(text, 8) < 8)
			return NULL;
		memcpy(word, text, 8);
		value = (uint32_t)strtoul(word, &end, 16);
		if (*end)
			return NULL;
		memcpy(address + 4 * i, &value, 4);
		text += 8;
	}
	if (*text++ != ':')
		return NULL;
	*ret_port = (uint16_t)strtoul(text, &end, 16);
	return end == text ? NULL : end;
}

/* A connection, or a server if it has no other end. */
static void set_type(struct sk_fd_entry *entry, unsigned words)
{
	static const uint8_t none[16];

	if (memcmp(entry->destination, none, sizeof(none)) != 0) {
		entry->type = words == 1 ? SK_FD_IPV4_SOCK : SK_FD_IPV6_SOCK;
		return;
	}
	entry->type = words == 1 ? SK_FD_IPV4_SERVSOCK : SK_FD_IPV6_SERVSOCK;
	memcpy(entry->destination, entry->source, sizeof(none));
	memset(entry->source, 0, sizeof(none));
	entry->destination_port = entry->source_port;
	entry->source_port = 0;
}

/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ... */
static int parse_inet(struct sk_proc_net_namespace *namespace, const char *line, unsigned words, uint8_t l4)
{
	struct sk_fd_entry entry = {.l4 = l4};

	line = strchr(line, ':');
	if (!line)
		return 0;
	line = parse_address(line + 1 + strspn(line + 1, " "), words, entry.source, &entry.source_port);
	if (!line)
		return 0;
	line = parse_address(line + strspn(line, " "), words, entry.destination, &entry.destination_port);
	for (int i = 0; line && i < 7; i++) {
		line += strspn(line, " ");
		if (i == 6)
			break;
		line += strcspn(line, " ");
	}
	if (!line)
		return 0;
	entry.ino = strtoull(line, NULL, 10);
	set_type(&entry, words);
	return add(namespace, &entry, "");
}

/* Num RefCount Protocol Flags Type St Inode [Path] */
static int parse_unix(struct sk_proc_net_namespace *namespace, char *line)
{
	struct sk_fd_entry entry = {.type = SK_FD_UNIX_SOCK};

	entry.unix_source = strtoull(line, &line, 16);
	if (*line++ != ':')
		return 0;
	for (int i = 0; i < 5; i++) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	entry.ino = strtoull(line, &line, 10);
	return add(namespace, &entry, *line == ' ' ? line + 1 : "");
}

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
static int parse_netlink(struct sk_proc_net_namespace *namespace, const char *line)
{
	struct sk_fd_entry entry = {.type = SK_FD_NETLINK};

	for (int i = 0; i < 9; i++) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	entry.ino = strtoull(line, NULL, 10);
	return add(namespace, &entry, "");
}

static int read_tables(struct sk_proc_net_namespace *namespace, int64_t pid)
{
	static const struct {
		const char *name;
		unsigned words; /* of an address; 0: unix, 9: netlink */
		uint8_t l4;
	} tables[] = {
		{"tcp", 1, SK_L4_TCP}, {"tcp6", 4, SK_L4_TCP}, {"udp", 1, SK_L4_UDP},   {"udp6", 4, SK_L4_UDP},
		{"raw", 1, SK_L4_RAW}, {"raw6", 4, SK_L4_RAW}, {"icmp", 1, SK_L4_ICMP}, {"icmp6", 4, SK_L4_ICMP},
		{"unix", 0, 0},        {"netlink", 9, 0},
	};
	struct sk_proc_lines lines;
	int result = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && result == 0; i++) {
		char *line;

		if (sk_proc_lines_open(&lines, "/proc/%lld/net/%s", (long long)pid, tables[i].name) < 0)
			continue;
		/* The first line is the heading. */
		if (sk_proc_lines_next(&lines)) {
			while (result == 0 && (line = sk_proc_lines_next(&lines))) {
				if (tables[i].words == 0)
					result = parse_unix(namespace, line);
				else if (tables[i].words == 9)
					result = parse_netlink(namespace, line);
				else
					result = parse_inet(namespace, line, tables[i].words, tables[i].l4);
			}
		}
		sk_proc_lines_close(&lines);
	}
	if (namespace->count > 0)
		qsort(namespace->sockets, namespace->count, sizeof(namespace->sockets[0]), compare);
	return result;
}

static struct sk_proc_net_namespace *namespace_of(struct sk_proc_net *net, int64_t pid)
{
	char name[sizeof(net->namespaces[0].name)];
	struct sk_proc_net_namespace *namespace;
	size_t length;

	if (sk_proc_read_link(name, sizeof(name), &length, "/proc/%lld/ns/net", (long long)pid) < 0)
		return NULL;
	for (unsigned i = 0; i < net->count; i++)
		if (strcmp(net->namespaces[i].name, name) == 0)
			return &net->namespaces[i];
	if (net->count < SK_PROC_NET_NAMESPACES)
		net->count++;
	namespace = &net->namespaces[net->next];
	net->next = (net->next + 1) % SK_PROC_NET_NAMESPACES;
	release(namespace);
	/* With too many sockets or too little memory: those that were read. */
	(void)read_tables(namespace, pid);
	memcpy(namespace->name, name, sizeof(name));
	return namespace;
}

/*
 * A unix socket's name can hold a newline and then what looks like another
 * line of the table.  Inode numbers are unique, so where one stands twice a
 * name was forged: a socket of another kind is what the kernel wrote, and of
 * two unix sockets neither name is believed.
 */
static const struct sk_proc_socket *choose(const struct sk_proc_net_namespace *namespace,
					   const struct sk_proc_socket *found, bool *ret_forged)
{
	const struct sk_proc_socket *first = found, *end = namespace->sockets + namespace->count;

	while (first > namespace->sockets && first[-1].entry.ino == found->entry.ino)
		first--;
	*ret_forged = first + 1 < end && first[1].entry.ino == found->entry.ino;
	for (const struct sk_proc_socket *i = first; i < end && i->entry.ino == found->entry.ino; i++)
		if (i->entry.type != SK_FD_UNIX_SOCK) {
			*ret_forged = false;
			return i;
		}
	return first;
}

int sk_proc_net_find(struct sk_proc_net *net, int64_t pid, uint64_t inode, struct sk_fd_entry *ret_entry)
{
	struct sk_proc_net_namespace *namespace = namespace_of(net, pid);
	struct sk_proc_socket key = {.entry.ino = inode};
	const struct sk_proc_socket *found = NULL;
	const char *name;
	int64_t fd = ret_entry->fd;
	bool forged;

	if (namespace && namespace->count > 0)
		found = bsearch(&key, namespace->sockets, namespace->count, sizeof(key), compare);
	if (!found)
		return -ENOENT;
	found = choose(namespace, found, &forged);
	name = forged ? "" : namespace->names + found->name;
	*ret_entry = found->entry;
	ret_entry->fd = fd;
	ret_entry->name = (struct sk_bytes){name, (uint32_t)strlen(name)};
	return 0;
}

void sk_proc_net_release(struct sk_proc_net *net)
{
	for (unsigned i = 0; i < net->count; i++)
		release(&net->namespaces[i]);
	*net = (struct sk_proc_net){0};
}
