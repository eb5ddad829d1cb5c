/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata blocks of all versions: see blocks.h.
 *
 * Each is a run of entries.  A cursor walks over them; it fails for good when
 * an entry wants more bytes than are there, so that fields are read in a
 * straight line and checked once, before the entry goes to the sink.
 *
 *    body   [ entry | entry | entry | padding ]
 *                   ^at             ^end
 *
 * Since version 2 (processes: 9) an entry begins with its own length: `end` is
 * then moved to the entry's end while its fields are read, fields appended by
 * newer writers are passed over, and missing ones keep their default.
 */
#include "runtime/scap/blocks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vm/event.h"

/* Process entries of version 9 from before libs 0.10 have no more behind `root`. */
enum { OLD_PROCESS_TAIL = 29 };

struct cursor {
	const uint8_t *at, *end;
	const char *problem; /* the first one; then all reads give zeroes */
	unsigned version;    /* of the block */
	int64_t tid;         /* of an fd block */
	const struct sk_entry_sink *sink;
};

static size_t left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static void set_problem(struct cursor *cursor, const char *problem)
{
	if (!cursor->problem)
		cursor->problem = problem;
}

static const uint8_t *take(struct cursor *cursor, size_t count)
{
	const uint8_t *bytes = cursor->at;

	if (count > left(cursor))
		set_problem(cursor, "it passes its end");
	if (cursor->problem)
		return NULL;
	cursor->at += count;
	return bytes;
}

static void take_bytes(struct cursor *cursor, void *ret_bytes, size_t count)
{
	const uint8_t *bytes = take(cursor, count);

	if (bytes)
		memcpy(ret_bytes, bytes, count);
}

#define TAKE_NUMBER(type, name)                                                                                    \
	static type name(struct cursor *cursor)                                                                    \
	{                                                                                                          \
		type number = 0;                                                                                   \
                                                                                                                   \
		take_bytes(cursor, &number, sizeof(number));                                                       \
		return number;                                                                                     \
	}

TAKE_NUMBER(uint8_t, take_u8)
TAKE_NUMBER(uint16_t, take_u16)
TAKE_NUMBER(uint32_t, take_u32)
TAKE_NUMBER(uint64_t, take_u64)
TAKE_NUMBER(int64_t, take_i64)

static struct sk_bytes take_text(struct cursor *cursor, uint32_t length, uint32_t limit)
{
	const uint8_t *bytes;

	if (length > limit)
		set_problem(cursor, "one of its texts is longer than any writer makes it");
	bytes = take(cursor, length);
	return bytes ? (struct sk_bytes){(const char *)bytes, length} : (struct sk_bytes){"", 0};
}

static struct sk_bytes take_string(struct cursor *cursor, uint32_t limit)
{
	return take_text(cursor, take_u16(cursor), limit);
}

/*
 * Begins an entry that carries its length, of which `counted` bytes are the
 * length itself, and narrows the cursor to it.  Returns the end to go back to.
 */
static const uint8_t *enter_entry(struct cursor *cursor, uint32_t counted)
{
	const uint8_t *end = cursor->end;
	uint32_t length = take_u32(cursor);

	if (length < counted || length - counted > left(cursor))
		set_problem(cursor, "its length is wrong");
	else
		cursor->end = cursor->at + (length - counted);
	return end;
}

/* Passes over what a newer writer appended; `end` is NULL for an entry without length. */
static void leave_entry(struct cursor *cursor, const uint8_t *end)
{
	if (!end)
		return;
	if (!cursor->problem)
		cursor->at = cursor->end;
	cursor->end = end;
}

/* --- interfaces -------------------------------------------------------- */

static int deliver_interface(struct cursor *cursor)
{
	const uint8_t *end = cursor->version >= 2 ? enter_entry(cursor, 0) : NULL;
	struct sk_interface_entry entry = {0};
	uint16_t type = take_u16(cursor), name_length = take_u16(cursor);

	if (type < 1 || type > 4)
		set_problem(cursor, "it is of no known type");
	entry.family_length = type == 1 || type == 3 ? 4 : 16;
	take_bytes(cursor, entry.address, entry.family_length);
	take_bytes(cursor, entry.netmask, entry.family_length);
	take_bytes(cursor, entry.broadcast, entry.family_length);
	if (type <= 2)
		entry.link_speed = take_u64(cursor);
	entry.name = take_text(cursor, name_length, SK_SCAP_NAME_LIMIT - 1);
	leave_entry(cursor, end);
	return !cursor->problem && cursor->sink->interface ? cursor->sink->interface(cursor->sink->context, &entry)
							   : 0;
}

/* --- users and groups -------------------------------------------------- */

static int deliver_user_or_group(struct cursor *cursor)
{
	const uint8_t *end = cursor->version >= 2 ? enter_entry(cursor, 4) : NULL;
	bool is_user = take_u8(cursor) == 0;
	struct sk_user_entry user = {0};
	struct sk_group_entry group = {0};

	if (is_user) {
		user.uid = take_u32(cursor);
		user.gid = take_u32(cursor);
		user.name = take_string(cursor, SK_SCAP_NAME_LIMIT);
		user.home = take_string(cursor, SK_SCAP_NAME_LIMIT);
		user.shell = take_string(cursor, SK_SCAP_NAME_LIMIT);
	} else {
		group.gid = take_u32(cursor);
		group.name = take_string(cursor, SK_SCAP_NAME_LIMIT);
	}
	leave_entry(cursor, end);
	if (cursor->problem)
		return 0;
	if (is_user)
		return cursor->sink->user ? cursor->sink->user(cursor->sink->context, &user) : 0;
	return cursor->sink->group ? cursor->sink->group(cursor->sink->context, &group) : 0;
}

/* --- processes --------------------------------------------------------- */

/* What version 9 appended, each field only where it still fits. */
static void take_process_tail(struct cursor *cursor, struct sk_process_entry *entry)
{
#define TAKE_IF_FITS(field, type)                                                                                  \
	do {                                                                                                       \
		type number = 0;                                                                                   \
                                                                                                                   \
		if (left(cursor) < sizeof(number))                                                                 \
			return;                                                                                    \
		take_bytes(cursor, &number, sizeof(number));                                                       \
		entry->field = number;                                                                             \
	} while (0)

	if (cursor->problem)
		return;
	if (left(cursor) > OLD_PROCESS_TAIL) {
		TAKE_IF_FITS(pidns_init_start_ts, uint64_t);
		TAKE_IF_FITS(tty, uint32_t);
	}
	TAKE_IF_FITS(loginuid, uint32_t);
	TAKE_IF_FITS(exe_writable, uint8_t);
	TAKE_IF_FITS(cap_inheritable, uint64_t);
	TAKE_IF_FITS(cap_permitted, uint64_t);
	TAKE_IF_FITS(cap_effective, uint64_t);
	TAKE_IF_FITS(exe_upper_layer, uint8_t);
	TAKE_IF_FITS(exe_ino, uint64_t);
	TAKE_IF_FITS(exe_ino_ctime, uint64_t);
	TAKE_IF_FITS(exe_ino_mtime, uint64_t);
	TAKE_IF_FITS(exe_from_memfd, uint8_t);
	TAKE_IF_FITS(exe_lower_layer, uint8_t);
	TAKE_IF_FITS(pgid, int64_t);
#undef TAKE_IF_FITS
}

static int deliver_process(struct cursor *cursor)
{
	unsigned version = cursor->version;
	const struct sk_bytes empty = {"", 0};
	const uint8_t *end = version >= 9 ? enter_entry(cursor, 4) : NULL;
	struct sk_process_entry entry = {
		.sid = -1,
		.vpgid = -1,
		.pgid = -1,
		.vtid = -1,
		.vpid = -1,
		.loginuid = UINT32_MAX,
		.exepath = empty,
		.env = empty,
		.cgroups = empty,
		.root = empty,
	};

	entry.tid = take_i64(cursor);
	entry.pid = take_i64(cursor);
	entry.ptid = take_i64(cursor);
	if (version >= 6)
		entry.sid = take_i64(cursor);
	if (version >= 8)
		entry.vpgid = take_i64(cursor);
	entry.comm = take_string(cursor, SK_SCAP_NAME_LIMIT);
	entry.exe = take_string(cursor, SK_SCAP_NAME_LIMIT);
	if (version >= 7)
		entry.exepath = take_string(cursor, SK_SCAP_NAME_LIMIT);
	entry.args = take_string(cursor, SK_SCAP_ARGS_LIMIT);
	entry.cwd = take_string(cursor, SK_SCAP_NAME_LIMIT);
	entry.fdlimit = take_i64(cursor);
	entry.flags = take_u32(cursor);
	entry.uid = take_u32(cursor);
	entry.gid = take_u32(cursor);
	if (version >= 2) {
		entry.vmsize_kb = take_u32(cursor);
		entry.vmrss_kb = take_u32(cursor);
		entry.vmswap_kb = take_u32(cursor);
		entry.pfmajor = take_u64(cursor);
		entry.pfminor = take_u64(cursor);
	}
	if (version >= 3)
		entry.env = take_string(cursor, SK_SCAP_ARGS_LIMIT);
	if (version >= 4) {
		entry.vtid = take_i64(cursor);
		entry.vpid = take_i64(cursor);
		entry.cgroups = take_string(cursor, SK_SCAP_ARGS_LIMIT);
	}
	if (version >= 5)
		entry.root = take_string(cursor, SK_SCAP_NAME_LIMIT);
	if (version >= 9)
		take_process_tail(cursor, &entry);
	leave_entry(cursor, end);
	return !cursor->problem && cursor->sink->process ? cursor->sink->process(cursor->sink->context, &entry) : 0;
}

/* --- fds --------------------------------------------------------------- */

static void take_socket(struct cursor *cursor, struct sk_fd_entry *entry, size_t address_size)
{
	take_bytes(cursor, entry->source, address_size);
	take_bytes(cursor, entry->destination, address_size);
	entry->source_port = take_u16(cursor);
	entry->destination_port = take_u16(cursor);
	entry->l4 = take_u8(cursor);
}

static void take_server_socket(struct cursor *cursor, struct sk_fd_entry *entry, size_t address_size)
{
	take_bytes(cursor, entry->destination, address_size);
	entry->destination_port = take_u16(cursor);
	entry->l4 = take_u8(cursor);
}

static int deliver_fd(struct cursor *cursor)
{
	const uint8_t *end = cursor->version >= 2 ? enter_entry(cursor, 4) : NULL;
	struct sk_fd_entry entry = {.name = {"", 0}};
	char unknown[32];

	entry.fd = take_i64(cursor);
	entry.ino = take_u64(cursor);
	entry.type = take_u8(cursor);
	switch (entry.type) {
	case SK_FD_UNKNOWN:
		break;
	case SK_FD_IPV4_SOCK:
		take_socket(cursor, &entry, 4);
		break;
	case SK_FD_IPV6_SOCK:
		take_socket(cursor, &entry, 16);
		break;
	case SK_FD_IPV4_SERVSOCK:
		take_server_socket(cursor, &entry, 4);
		break;
	case SK_FD_IPV6_SERVSOCK:
		take_server_socket(cursor, &entry, 16);
		break;
	case SK_FD_UNIX_SOCK:
		entry.unix_source = take_u64(cursor);
		entry.unix_destination = take_u64(cursor);
		entry.name = take_string(cursor, SK_SCAP_NAME_LIMIT - 1);
		break;
	case SK_FD_FILE_V2:
		entry.open_flags = take_u32(cursor);
		entry.name = take_string(cursor, SK_SCAP_NAME_LIMIT - 1);
		if (cursor->version >= 2 && left(cursor) >= 4)
			entry.dev = take_u32(cursor);
		break;
	default:
		if (entry.type < SK_FD_TYPE_COUNT) {
			entry.name = take_string(cursor, SK_SCAP_NAME_LIMIT - 1);
		} else if (cursor->version >= 2) {
			snprintf(unknown, sizeof(unknown), "unknown-type:[%u]", entry.type);
			entry.name = (struct sk_bytes){unknown, (uint32_t)strlen(unknown)};
			entry.type = SK_FD_UNSUPPORTED;
		} else {
			set_problem(cursor, "it is of no known type");
		}
		break;
	}
	if (entry.l4 > SK_L4_RAW)
		entry.l4 = SK_L4_UNKNOWN;
	leave_entry(cursor, end);
	return !cursor->problem && cursor->sink->fd ? cursor->sink->fd(cursor->sink->context, cursor->tid, &entry)
						    : 0;
}

/* --- blocks ------------------------------------------------------------ */

static int deliver_machine(struct cursor *cursor)
{
	struct sk_scap_machine machine = {0};
	struct sk_machine_entry entry;

	take_bytes(cursor, &machine, sizeof(machine));
	entry = (struct sk_machine_entry){
		.num_cpus = machine.num_cpus,
		.memory_size = machine.memory_size,
		.max_pid = machine.max_pid,
		.boot_ts = machine.boot_ts,
	};
	memcpy(entry.hostname, machine.hostname, sizeof(entry.hostname) - 1);
	return !cursor->problem && cursor->sink->machine ? cursor->sink->machine(cursor->sink->context, &entry) : 0;
}

/* All of it at once: where one record ends is the state's affair. */
static int deliver_remainder(struct cursor *cursor)
{
	size_t size = left(cursor);
	const uint8_t *bytes = take(cursor, size);

	return cursor->sink->remainder ? cursor->sink->remainder(cursor->sink->context, bytes, size) : 0;
}

struct block_info {
	uint32_t type;
	uint32_t old_type; /* before the first release; 0: none */
	uint8_t version;
	const char *entry; /* what the block lists */
	int (*deliver)(struct cursor *cursor);
};

static const struct block_info blocks[] = {
	{SK_SCAP_MACHINE, 0x8002abcd, 1, "machine", deliver_machine},
	{SK_SCAP_INTERFACES_V1, 0x8011abcd, 1, "interface", deliver_interface},
	{SK_SCAP_INTERFACES_V2, 0, 2, "interface", deliver_interface},
	{SK_SCAP_USERS_V1, 0x8012abcd, 1, "user or group", deliver_user_or_group},
	{SK_SCAP_USERS_V2, 0, 2, "user or group", deliver_user_or_group},
	{SK_SCAP_PROCESSES_V1, 0x8000abcd, 1, "process", deliver_process},
	{SK_SCAP_PROCESSES_V2, 0x8013abcd, 2, "process", deliver_process},
	{SK_SCAP_PROCESSES_V3, 0x8014abcd, 3, "process", deliver_process},
	{SK_SCAP_PROCESSES_V4, 0, 4, "process", deliver_process},
	{SK_SCAP_PROCESSES_V5, 0, 5, "process", deliver_process},
	{SK_SCAP_PROCESSES_V6, 0, 6, "process", deliver_process},
	{SK_SCAP_PROCESSES_V7, 0, 7, "process", deliver_process},
	{SK_SCAP_PROCESSES_V8, 0, 8, "process", deliver_process},
	{SK_SCAP_PROCESSES_V9, 0, 9, "process", deliver_process},
	{SK_SCAP_FDS_V1, 0x8001abcd, 1, "fd", deliver_fd},
	{SK_SCAP_FDS_V2, 0, 2, "fd", deliver_fd},
	{SK_SCAP_REMAINDER, 0, 1, "remainder", deliver_remainder},
};

static const struct block_info *find_block(uint32_t type)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].type == type)
			return &blocks[i];
	return NULL;
}

uint32_t sk_scap_block_number(uint32_t type)
{
	if (type == 0x8010abcd)
		return SK_SCAP_EVENT_V1;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].old_type && blocks[i].old_type == type)
			return blocks[i].type;
	return type;
}

bool sk_scap_block_is_metadata(uint32_t type)
{
	return find_block(type) != NULL;
}

static int describe(const struct block_info *block, size_t number, const char *problem, uint64_t offset,
		    struct sk_error *error)
{
	return sk_error_set(error, -EBADMSG, "the %s entry %zu at byte %llu is damaged: %s", block->entry, number,
			    (unsigned long long)offset, problem);
}

int sk_scap_block_deliver(uint32_t type, const uint8_t *body, size_t size, uint64_t offset,
			  const struct sk_entry_sink *sink, struct sk_error *error)
{
	const struct block_info *block = find_block(type);
	struct cursor cursor = {.at = body, .end = body + size, .sink = sink};
	int r = 0;

	if (!block)
		return sk_error_set(error, -EINVAL, "block type 0x%x holds no entries", type);
	cursor.version = block->version;
	if (block->deliver == deliver_fd) {
		cursor.tid = take_i64(&cursor);
		if (cursor.problem)
			return describe(block, 0, "it lacks its thread", offset, error);
	}
	/* Fewer than 4 bytes are the block's padding. */
	for (size_t number = 1; r >= 0 && (left(&cursor) >= 4 || block->deliver == deliver_machine); number++) {
		uint64_t at = offset + (uint64_t)(cursor.at - body);

		r = block->deliver(&cursor);
		if (cursor.problem)
			return describe(block, number, cursor.problem, at, error);
		if (block->deliver == deliver_machine)
			break;
	}
	return r < 0 ? sk_error_set(error, r, "the %s entry at byte %llu was refused: %s", block->entry,
				    (unsigned long long)offset, strerror(-r))
		     : 0;
}
