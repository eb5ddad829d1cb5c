/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The functions that flag_maps.def describes: sk_map_<name>(native), and
 * sk_map_flags() that chooses one by number.  The BPF programs and the tests
 * compile the same code.
 */
#ifndef SK_CAPTURE_BPF_FLAG_MAPS_H
#define SK_CAPTURE_BPF_FLAG_MAPS_H

#include <linux/types.h>

enum sk_map {
#define SK_MAP_BITS(name, bits) SK_MAP_##name,
#define SK_MAP_LIST(name, otherwise, values) SK_MAP_##name,
#define SK_MAP_SAME(name) SK_MAP_##name,
#define SK_MAP_CODE(name) SK_MAP_##name,
#include "runtime/capture/bpf/flag_maps.def"
	SK_MAP_COUNT
};

enum {
	SK_WIRE_CREATED = 0x4000,
	SK_WIRE_UPPER_LAYER = 0x8000,
	SK_WIRE_LOWER_LAYER = 0x10000,
	SK_WIRE_CREAT_UPPER_LAYER = 1,
	SK_WIRE_CREAT_LOWER_LAYER = 2,
	SK_WIRE_CHILD_IN_PIDNS = 0x20000000,
};

/* The flags of open() whose bits differ between architectures; __O_TMPFILE's bit and O_DIRECTORY's are O_TMPFILE. */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
enum { SK_O_DIRECTORY = 0x4000, SK_O_DIRECT = 0x10000 };
#else
enum { SK_O_DIRECTORY = 0x10000, SK_O_DIRECT = 0x4000 };
#endif
enum { SK_O_TMPFILE = 0x400000 | SK_O_DIRECTORY };

/* native, wire: the bits of open() flags that map one to one. */
#define SK_OPEN_BITS(BIT)                                                                                          \
	BIT(0x40, 0x4 /* O_CREAT */)                                                                               \
	BIT(0x80, 0x20 /* O_EXCL */)                                                                               \
	BIT(0x200, 0x100 /* O_TRUNC */)                                                                            \
	BIT(0x400, 0x8 /* O_APPEND */)                                                                             \
	BIT(0x800, 0x40 /* O_NONBLOCK */)                                                                          \
	BIT(0x1000, 0x10 /* O_DSYNC */)                                                                            \
	BIT(SK_O_DIRECT, 0x200)                                                                                    \
	BIT(SK_O_DIRECTORY, 0x400)                                                                                 \
	BIT(0x80000, 0x1000 /* O_CLOEXEC */)                                                                       \
	BIT(0x101000, 0x80 /* O_SYNC */)                                                                           \
	BIT(SK_O_TMPFILE, 0x2000)

/*
 * O_SYNC and O_TMPFILE are two bits each, and either sets the wire's flag:
 * that is what rules see from the reference.
 */
static inline __attribute__((always_inline)) __u64 sk_map_OPEN(__u64 native)
{
	__u64 wire = (native & 3) == 3 ? 0 : (native & 3) + 1;

#define BIT(from, to)                                                                                              \
	if (native & (from))                                                                                       \
		wire |= (to);
	SK_OPEN_BITS(BIT)
#undef BIT
	return wire;
}

/* Type and permissions; a mode without a type is a regular file's. */
static inline __attribute__((always_inline)) __u64 sk_map_FILE_TYPE(__u64 native)
{
	__u64 type = native & 0xf000;

	return (native & 0xfff) | (type ? type : 0x8000);
}

/* Operation 0 to 12, or none, with its PRIVATE and REALTIME bits. */
static inline __attribute__((always_inline)) __u64 sk_map_FUTEX(__u64 native)
{
	__u64 operation = native & 0x7f;

	return (native & 0x180) | (operation <= 12 ? operation : 0);
}

/* Old programs put a magic number into the upper half. */
static inline __attribute__((always_inline)) __u64 sk_map_MOUNT(__u64 native)
{
	return (native & 0xffff0000) == 0xc0ed0000 ? native & 0xffff : native & 0xffffffff;
}

/* A bit that is not set has a flag of the wire too. */
static inline __attribute__((always_inline)) __u64 sk_map_PAGE_FAULT(__u64 native)
{
	return (native & 0x1 ? 0x1 /* PROTECTION_VIOLATION */ : 0x2 /* PAGE_NOT_PRESENT */) |
	       (native & 0x2 ? 0x4 /* WRITE_ACCESS */ : 0x8 /* READ_ACCESS */) |
	       (native & 0x4 ? 0x10 /* USER_FAULT */ : 0x20 /* SUPERVISOR_FAULT */) |
	       (native & 0x8 ? 0x40 /* RESERVED_PAGE */ : 0) | (native & 0x10 ? 0x80 /* INSTRUCTION_FETCH */ : 0);
}

static inline __attribute__((always_inline)) __u64 sk_map_SOCKET_TYPE(__u64 native)
{
	return native & 0xf;
}

#define BIT(from, to)                                                                                              \
	if (native & (from))                                                                                       \
		wire |= (to);
#define VALUE(from, to)                                                                                            \
	case (from):                                                                                               \
		return (to);
#define SK_MAP_BITS(name, bits)                                                                                    \
	static inline __attribute__((always_inline)) __u64 sk_map_##name(__u64 native)                             \
	{                                                                                                          \
		__u64 wire = 0;                                                                                    \
		bits return wire;                                                                                  \
	}
#define SK_MAP_LIST(name, otherwise, values)                                                                       \
	static inline __attribute__((always_inline)) __u64 sk_map_##name(__u64 native)                             \
	{                                                                                                          \
		switch (native) {                                                                                  \
			values default : return (otherwise);                                                       \
		}                                                                                                  \
	}
#define SK_MAP_SAME(name)                                                                                          \
	static inline __attribute__((always_inline)) __u64 sk_map_##name(__u64 native)                             \
	{                                                                                                          \
		return native;                                                                                     \
	}
#define SK_MAP_CODE(name)
#include "runtime/capture/bpf/flag_maps.def"
#undef BIT
#undef VALUE

static inline __attribute__((always_inline)) __u64 sk_map_choose(__u32 map, __u64 native)
{
	switch (map) {
#define SK_MAP_CASE(name)                                                                                          \
	case SK_MAP_##name:                                                                                        \
		return sk_map_##name(native);
#define SK_MAP_BITS(name, bits) SK_MAP_CASE(name)
#define SK_MAP_LIST(name, otherwise, values) SK_MAP_CASE(name)
#define SK_MAP_SAME(name) SK_MAP_CASE(name)
#define SK_MAP_CODE(name) SK_MAP_CASE(name)
#include "runtime/capture/bpf/flag_maps.def"
#undef SK_MAP_CASE
	}
	return 0;
}

#endif
