/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path inside a container is resolved as the container's own root directory
 * has it, never past it, and not through links of /proc; it is opened as a mere
 * name first, so that nothing but a regular file is ever really opened.
 */
#include "runtime/containers/account_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/capture/proc_file.h"
#include "runtime/capture/proc_host.h"
#include "runtime/capture/proc_task.h"
#include "runtime/state/container.h"
#include "vm/event_build.h"

enum {
	FILE_LIMIT = 256 << 10, /* bytes that are read of each */
	ACCOUNT_LIMIT = 1024,   /* users, and as many groups */
};

/* --- reading -------------------------------------------------------------------- */

static bool has_own_mounts(int64_t pid)
{
	char own[64], host[64];
	size_t length;

	/* The sensor may run in a container itself, so what the first process sees comes first. */
	return sk_proc_read_link(own, sizeof(own), &length, "/proc/%lld/ns/mnt", (long long)pid) == 0 &&
	       (sk_proc_read_link(host, sizeof(host), &length, "/proc/1/ns/mnt") == 0 ||
		sk_proc_read_link(host, sizeof(host), &length, "/proc/self/ns/mnt") == 0) &&
	       strcmp(own, host) != 0;
}

static bool is_in(int64_t pid, const char *container_id)
{
	char cgroups[SK_PROC_STRINGS + 1], id[64];
	size_t length = sk_proc_read_cgroups(pid, cgroups);

	return sk_container_id_from_cgroups(cgroups, length, id) > 0 && strcmp(id, container_id) == 0;
}

static int open_regular(int root, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int name = (int)syscall(SYS_openat2, root, path, &how, sizeof(how)), file = -1;
	char link[32];
	struct stat about;

	if (name < 0)
		return -1;
	if (fstat(name, &about) == 0 && S_ISREG(about.st_mode)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", name);
		file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	close(name);
	return file;
}

/* What is not there, or no file, is empty; what is too long ends with its last whole line. */
static void read_file(int root, const char *path, struct sk_buffer *text)
{
	int file = open_regular(root, path);
	ssize_t got = 1;

	while (file >= 0 && got > 0 && text->length < FILE_LIMIT && sk_buffer_reserve(text, 4096)) {
		size_t room = FILE_LIMIT - text->length;

		got = read(file, text->bytes + text->length, room < 4096 ? room : 4096);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			text->length += (size_t)got;
	}
	if (text->length > 0 && got != 0) {
		const char *newline = memrchr(text->bytes, '\n', text->length);

		text->length = newline ? (size_t)(newline - text->bytes) + 1 : 0;
	}
	if (file >= 0)
		close(file);
}

int sk_account_files_read(int64_t pid, const char *container_id, struct sk_buffer *events)
{
	struct sk_buffer users = {0}, groups = {0};
	char path[32];
	int root, result = 0;

	if (!has_own_mounts(pid))
		return is_in(pid, container_id) ? 0 : -ESRCH;
	snprintf(path, sizeof(path), "/proc/%lld/root", (long long)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -ESRCH;
	/* Asked after the root was opened: if another process got the number, it shows. */
	if (is_in(pid, container_id)) {
		read_file(root, "etc/passwd", &users);
		read_file(root, "etc/group", &groups);
		if (!sk_account_files_parse(&users, &groups, container_id, events))
			result = -ENOMEM;
	} else {
		result = -ESRCH;
	}
	close(root);
	sk_buffer_release(&users);
	sk_buffer_release(&groups);
	return result;
}

/* --- parsing ----------------------------------------------------------------------- */

/* Takes a line, without its newline, out of the text; NULL at the end. */
static char *next_line(struct sk_buffer *text, size_t *at)
{
	char *line = text->bytes + *at, *newline;

	if (*at >= text->length)
		return NULL;
	newline = memchr(line, '\n', text->length - *at);
	if (newline)
		*newline = '\0';
	*at = newline ? (size_t)(newline - text->bytes) + 1 : text->length;
	return line;
}

static struct sk_param number_param(const uint32_t *number)
{
	return (struct sk_param){(const uint8_t *)number, sizeof(*number)};
}

/* Texts with their NULs, in memory of one event. */
static struct sk_param text_param(struct sk_bytes bytes, char copy[256])
{
	memcpy(copy, bytes.bytes, bytes.length);
	copy[bytes.length] = '\0';
	return (struct sk_param){(const uint8_t *)copy, bytes.length + 1};
}

static void append_event(uint16_t type, const struct sk_param *params, struct sk_buffer *event,
			 struct sk_buffer *events)
{
	if (sk_event_build(0, -1, type, params, event))
		sk_buffer_append(events, event->bytes, event->length);
	else if (event->failed)
		events->failed = true;
}

bool sk_account_files_parse(struct sk_buffer *users, struct sk_buffer *groups, const char *container_id,
			    struct sk_buffer *events)
{
	const struct sk_param id = {(const uint8_t *)container_id, (uint32_t)strlen(container_id) + 1};
	struct sk_buffer event = {0};
	char name[256], home[256], shell[256], *line;
	size_t at = 0;

	/* The last line may have no newline: what follows it is a NUL then. */
	sk_buffer_append_char(users, '\n');
	sk_buffer_append_char(groups, '\n');
	for (unsigned count = 0; count < ACCOUNT_LIMIT && !users->failed && (line = next_line(users, &at));) {
		struct sk_user_entry user;

		if (sk_proc_parse_user(line, &user)) {
			const struct sk_param params[] = {
				number_param(&user.uid),       number_param(&user.gid),
				text_param(user.name, name),   text_param(user.home, home),
				text_param(user.shell, shell), id,
			};

			append_event(SK_EVENT_USER_ADDED_E, params, &event, events);
			count++;
		}
	}
	at = 0;
	for (unsigned count = 0; count < ACCOUNT_LIMIT && !groups->failed && (line = next_line(groups, &at));) {
		struct sk_group_entry group;

		if (sk_proc_parse_group(line, &group)) {
			const struct sk_param params[] = {number_param(&group.gid), text_param(group.name, name),
							  id};

			append_event(SK_EVENT_GROUP_ADDED_E, params, &event, events);
			count++;
		}
	}
	sk_buffer_release(&event);
	return !users->failed && !groups->failed && !events->failed;
}
