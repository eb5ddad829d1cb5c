/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_host.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/capture/clock.h"
#include "runtime/capture/proc_file.h"

/* Longer names, homes and shells are cut: captures hold less than 256 bytes of each. */
enum { FIELD_LIMIT = 255 };

int sk_proc_send_machine(const struct sk_entry_sink *sink)
{
	struct sk_machine_entry machine = {.boot_ts = sk_clock_boot_time()};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	int64_t max_pid;
	char text[32];
	size_t length;

	if (!sink->machine)
		return 0;
	machine.num_cpus = cpus > 0 ? (uint32_t)cpus : 1;
	if (pages > 0 && page > 0)
		machine.memory_size = (uint64_t)pages * (uint64_t)page;
	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/sys/kernel/pid_max") == 0 &&
	    sk_proc_parse_number(text, &max_pid))
		machine.max_pid = (uint64_t)max_pid;
	if (gethostname(machine.hostname, sizeof(machine.hostname) - 1) < 0)
		machine.hostname[0] = '\0';
	return sink->machine(sink->context, &machine);
}

/* The bytes of an address; their number, 0 for families that have none here. */
static uint8_t copy_address(uint8_t destination[16], const struct sockaddr *address)
{
	if (!address)
		return 0;
	if (address->sa_family == AF_INET) {
		memcpy(destination, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
		return 4;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(destination, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
		return 16;
	}
	return 0;
}

int sk_proc_send_interfaces(const struct sk_entry_sink *sink)
{
	struct ifaddrs *list;
	int result = 0;

	if (!sink->interface)
		return 0;
	/* A host whose interfaces cannot be listed has processes all the same. */
	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i && result == 0; i = i->ifa_next) {
		struct sk_interface_entry interface = {0};

		interface.family_length = copy_address(interface.address, i->ifa_addr);
		if (interface.family_length == 0)
			continue;
		copy_address(interface.netmask, i->ifa_netmask);
		if (i->ifa_flags & IFF_BROADCAST)
			copy_address(interface.broadcast, i->ifa_broadaddr);
		interface.name = (struct sk_bytes){i->ifa_name, (uint32_t)strlen(i->ifa_name)};
		result = sink->interface(sink->context, &interface);
	}
	freeifaddrs(list);
	return result < 0 ? result : 0;
}

/* Splits "a:b:c" in place; the number of fields found, at most `limit`. */
static size_t split(char *line, char **fields, size_t limit)
{
	size_t count = 0;

	while (line && count < limit) {
		fields[count++] = line;
		line = strchr(line, ':');
		if (line)
			*line++ = '\0';
	}
	return count;
}

static struct sk_bytes field_bytes(const char *field)
{
	return (struct sk_bytes){field, (uint32_t)strnlen(field, FIELD_LIMIT)};
}

/* An id that is a number and not "none". */
static bool parse_id(const char *field, uint32_t *ret_id)
{
	int64_t value;

	if (!sk_proc_parse_number(field, &value) || value < 0 || value >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)value;
	return true;
}

/* Names of network services begin with + or -. */
static bool is_usable(const char *name)
{
	return name[0] != '\0' && name[0] != '+' && name[0] != '-';
}

bool sk_proc_parse_user(char *line, struct sk_user_entry *ret_user)
{
	char *fields[7];

	if (split(line, fields, 7) != 7 || !is_usable(fields[0]) || !parse_id(fields[2], &ret_user->uid) ||
	    !parse_id(fields[3], &ret_user->gid))
		return false;
	ret_user->name = field_bytes(fields[0]);
	ret_user->home = field_bytes(fields[5]);
	ret_user->shell = field_bytes(fields[6]);
	return true;
}

bool sk_proc_parse_group(char *line, struct sk_group_entry *ret_group)
{
	char *fields[4];

	if (split(line, fields, 4) < 3 || !is_usable(fields[0]) || !parse_id(fields[2], &ret_group->gid))
		return false;
	ret_group->name = field_bytes(fields[0]);
	return true;
}

int sk_proc_send_users(const char *passwd, const struct sk_entry_sink *sink)
{
	struct sk_proc_lines lines;
	struct sk_user_entry user = {0};
	char *line;
	int result = 0;

	if (!sink->user || sk_proc_lines_open(&lines, "%s", passwd) < 0)
		return 0;
	while (result >= 0 && (line = sk_proc_lines_next(&lines)))
		if (sk_proc_parse_user(line, &user))
			result = sink->user(sink->context, &user);
	sk_proc_lines_close(&lines);
	return result < 0 ? result : 0;
}

int sk_proc_send_groups(const char *group, const struct sk_entry_sink *sink)
{
	struct sk_proc_lines lines;
	struct sk_group_entry entry = {0};
	char *line;
	int result = 0;

	if (!sink->group || sk_proc_lines_open(&lines, "%s", group) < 0)
		return 0;
	while (result >= 0 && (line = sk_proc_lines_next(&lines)))
		if (sk_proc_parse_group(line, &entry))
			result = sink->group(sink->context, &entry);
	sk_proc_lines_close(&lines);
	return result < 0 ? result : 0;
}
