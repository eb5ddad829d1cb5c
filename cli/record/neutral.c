/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/neutral.h"

#include <string.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static int take_machine(void *context, const struct sk_machine_entry *entry)
{
	const struct sk_neutral *neutral = context;
	struct sk_machine_entry machine = *entry;

	memset(machine.hostname, 0, sizeof(machine.hostname));
	strcpy(machine.hostname, "host");
	return neutral->to.machine(neutral->to.context, &machine);
}

static int take_interface(void *context, const struct sk_interface_entry *entry)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	const struct sk_neutral *neutral = context;
	bool loopback =
		entry->family_length == 4 ? entry->address[0] == 127 : memcmp(entry->address, loopback6, 16) == 0;

	return loopback ? neutral->to.interface(neutral->to.context, entry) : 0;
}

static int take_user(void *context, const struct sk_user_entry *entry)
{
	const struct sk_neutral *neutral = context;

	return entry->uid == 0 || entry->uid == NOBODY ? neutral->to.user(neutral->to.context, entry) : 0;
}

static int take_group(void *context, const struct sk_group_entry *entry)
{
	const struct sk_neutral *neutral = context;

	return entry->gid == 0 || entry->gid == NOBODY ? neutral->to.group(neutral->to.context, entry) : 0;
}

static int take_process(void *context, const struct sk_process_entry *entry)
{
	static const char name[] = "saker", root[] = "/";
	const struct sk_neutral *neutral = context;
	struct sk_process_entry process = *entry;

	if (!neutral->started) {
		process.exe = (struct sk_bytes){name, sizeof(name) - 1};
		process.exepath = (struct sk_bytes){name, sizeof(name) - 1};
		process.cwd = (struct sk_bytes){root, sizeof(root) - 1};
		process.args = (struct sk_bytes){0};
		process.env = (struct sk_bytes){0};
	}
	return neutral->to.process(neutral->to.context, &process);
}

static int take_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	const struct sk_neutral *neutral = context;

	return entry->fd <= STDERR_FILENO ? neutral->to.fd(neutral->to.context, tid, entry) : 0;
}

static int take_complete(void *context)
{
	const struct sk_neutral *neutral = context;

	return neutral->to.complete(neutral->to.context);
}

struct sk_entry_sink sk_neutral_sink(struct sk_neutral *neutral)
{
	/* No remainder and no events: both name files and containers. */
	return (struct sk_entry_sink){
		.context = neutral,
		.machine = take_machine,
		.interface = take_interface,
		.user = take_user,
		.group = take_group,
		.process = take_process,
		.fd = take_fd,
		.complete = take_complete,
	};
}
