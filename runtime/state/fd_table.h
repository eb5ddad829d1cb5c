/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the state engine changes fd tables.  A fork copies a table by sharing
 * its pages, a change first takes a page and an entry of its own:
 *
 *   table ─► directory, sorted by page number ─► page (shared) ─► 16 entries (shared)
 *
 * Page number n holds the fds n*16 .. n*16+15.  While fds are dense, as they
 * nearly always are, directory[n] is page n and a look-up searches nothing.
 *
 * Invariant: no page in a directory is empty; an entry or page with
 * `references` > 1 is never written.
 */
#ifndef SK_STATE_FD_TABLE_H
#define SK_STATE_FD_TABLE_H

#include "runtime/state/fd.h"
#include "runtime/state/string_pool.h"

/* What all tables share. */
struct sk_fd_pool {
	struct sk_string_pool *strings;
	struct sk_slab *slab;
	uint32_t next_revision;
	uint32_t stamp;   /* of what becomes known now (loss.h) */
	uint64_t dropped; /* fds that a full table did not take */
};

/* PPM_O_CLOEXEC and its twins for two types: spec/state.md section 4.2. */
enum { SK_OPEN_CLOEXEC = 0x1000, SK_EPOLL_CLOEXEC = 0x1, SK_MFD_CLOEXEC = 0x1 };

void sk_fd_pool_init(struct sk_fd_pool *pool, struct sk_string_pool *strings);

/* An empty table, NULL without memory. */
struct sk_fd_table *sk_fd_table_create(struct sk_fd_pool *pool);
void sk_fd_table_destroy(struct sk_fd_pool *pool, struct sk_fd_table *table);

/* A table with the same contents, sharing all memory that it can; NULL without memory. */
struct sk_fd_table *sk_fd_table_copy(struct sk_fd_pool *pool, const struct sk_fd_table *table);

/*
 * A new entry for `fd`, in place of an older one: blank but for its type, or a
 * copy of `source`, which may be that older one.  The caller may write it until the next call.  NULL if fd
 * is negative, the table is full or there is no memory.
 */
struct sk_fd *sk_fd_table_add(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd, enum sk_fd_type type);
struct sk_fd *sk_fd_table_add_copy(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd,
				   const struct sk_fd *source);

/*
 * The entry of `fd` to be written, with a new revision; NULL if there is none
 * or no memory.
 */
struct sk_fd *sk_fd_table_edit(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd);

void sk_fd_table_remove(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd);

/* What an exec closes. */
void sk_fd_table_remove_close_on_exec(struct sk_fd_pool *pool, struct sk_fd_table *table);

/* close_range(2): removes first..last, or marks them close-on-exec. */
void sk_fd_table_remove_range(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t first, int64_t last);
void sk_fd_table_mark_range(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t first, int64_t last);

static inline void sk_fd_set_close_on_exec(struct sk_fd *fd, bool close_on_exec)
{
	if (close_on_exec)
		fd->open_flags |= SK_OPEN_CLOEXEC;
	else if (fd->type == SK_FD_EVENTPOLL)
		fd->open_flags &= ~(uint32_t)(SK_OPEN_CLOEXEC | SK_EPOLL_CLOEXEC);
	else if (fd->type == SK_FD_MEMFD)
		fd->open_flags &= ~(uint32_t)(SK_OPEN_CLOEXEC | SK_MFD_CLOEXEC);
	else
		fd->open_flags &= ~(uint32_t)SK_OPEN_CLOEXEC;
}

#endif
