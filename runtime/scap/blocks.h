/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that a capture consists of (spec/scap-format.md section 1):
 *
 *    0      4       8                     total - 4
 *   +------+-------+------------+---------+-------+
 *   | type | total | body       | padding | total |
 *   +------+-------+------------+---------+-------+
 *                                to 4 bytes
 *
 * and the metadata blocks of every version: machine, interfaces, users,
 * processes, fds (sections 2 to 6).
 */
#ifndef SK_SCAP_BLOCKS_H
#define SK_SCAP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "vm/support/error.h"

enum sk_scap_block {
	SK_SCAP_SECTION = 0x0a0d0d0a,
	SK_SCAP_MACHINE = 0x201,
	SK_SCAP_PROCESSES_V1 = 0x202,
	SK_SCAP_FDS_V1 = 0x203,
	SK_SCAP_EVENT_V1 = 0x204,
	SK_SCAP_INTERFACES_V1 = 0x205,
	SK_SCAP_USERS_V1 = 0x206,
	SK_SCAP_PROCESSES_V2 = 0x207,
	SK_SCAP_FLAGGED_EVENT_V1 = 0x208,
	SK_SCAP_PROCESSES_V3 = 0x209,
	SK_SCAP_PROCESSES_V4 = 0x210,
	SK_SCAP_PROCESSES_V5 = 0x211,
	SK_SCAP_PROCESSES_V6 = 0x212,
	SK_SCAP_PROCESSES_V7 = 0x213,
	SK_SCAP_PROCESSES_V8 = 0x214,
	SK_SCAP_PROCESSES_V9 = 0x215,
	SK_SCAP_EVENT_V2 = 0x216,
	SK_SCAP_FLAGGED_EVENT_V2 = 0x217,
	SK_SCAP_FDS_V2 = 0x218,
	SK_SCAP_INTERFACES_V2 = 0x219,
	SK_SCAP_USERS_V2 = 0x220,
	SK_SCAP_LARGE_EVENT = 0x221,
	SK_SCAP_FLAGGED_LARGE_EVENT = 0x222,
	/*
	 * Ours: what a state knows beyond the blocks.  Other readers pass over a
	 * block that they do not know, and the upper half of all numbers is, in
	 * pcapng, everyone's own.
	 */
	SK_SCAP_REMAINDER = 0x80534b01,
};

enum {
	SK_SCAP_BLOCK_OVERHEAD = 12, /* type, total, total again */
	SK_SCAP_MAGIC = 0x1a2b3c4d,
	SK_SCAP_STATE_ONLY = 1, /* event flag: only there to keep the state right */
	SK_SCAP_NAME_LIMIT = 1024,
	SK_SCAP_ARGS_LIMIT = 4096,
};

/* Sizes of what never changes on disk. */
struct sk_scap_section {
	uint32_t magic;
	uint16_t major, minor;
	uint64_t length; /* UINT64_MAX: to the end of the file */
} __attribute__((packed));

struct sk_scap_machine {
	uint32_t num_cpus;
	uint64_t memory_size, max_pid;
	char hostname[128];
	uint64_t boot_ts, flags, reserved[2];
} __attribute__((packed));

_Static_assert(sizeof(struct sk_scap_section) == 16, "section header");
_Static_assert(sizeof(struct sk_scap_machine) == 180, "machine info");

/*
 * The number that captures from before the first release used for a block
 * becomes the one of today; others stay.
 */
uint32_t sk_scap_block_number(uint32_t type);

/* True if the block describes what was there before the events. */
bool sk_scap_block_is_metadata(uint32_t type);

/*
 * Gives the entries of a metadata block to the sink.  `offset` is where the
 * body stands in the capture, for messages.  -EBADMSG with a sentence if it is
 * damaged (the entries before the damage were given), or what the sink said.
 */
int sk_scap_block_deliver(uint32_t type, const uint8_t *body, size_t size, uint64_t offset,
			  const struct sk_entry_sink *sink, struct sk_error *error);

#endif
