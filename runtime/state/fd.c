/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/fd.h"

#include <assert.h>
#include <string.h>

#include "runtime/state/fd_table.h"

enum { PAGE_BITS = 4, PAGE_SIZE = 1 << PAGE_BITS, INLINE_PAGES = 3 };

struct page {
	uint32_t references;
	uint32_t used; /* slots that are not NULL */
	struct sk_fd *slot[PAGE_SIZE];
};

struct directory_entry {
	uint64_t number;
	struct page *page;
};

struct sk_fd_table {
	uint32_t count;
	uint32_t pages, capacity;
	struct directory_entry *directory; /* `first` or slab memory */
	struct directory_entry first[INLINE_PAGES];
};

void sk_fd_pool_init(struct sk_fd_pool *pool, struct sk_string_pool *strings)
{
	*pool = (struct sk_fd_pool){.strings = strings, .slab = sk_string_pool_slab(strings), .next_revision = 1};
}

/* --- entries and pages ------------------------------------------------- */

static void entry_drop(struct sk_fd_pool *pool, struct sk_fd *fd)
{
	assert(fd->references > 0);
	if (--fd->references > 0)
		return;
	sk_string_drop(pool->strings, fd->name);
	sk_string_drop(pool->strings, fd->name_raw);
	sk_slab_free(pool->slab, fd, sizeof(*fd));
}

static struct sk_fd *entry_copy(struct sk_fd_pool *pool, const struct sk_fd *source)
{
	struct sk_fd *fd = sk_slab_alloc(pool->slab, sizeof(*fd));

	if (!fd)
		return NULL;
	*fd = *source;
	fd->references = 1;
	fd->revision = pool->next_revision++;
	sk_string_share(fd->name);
	sk_string_share(fd->name_raw);
	return fd;
}

static void page_drop(struct sk_fd_pool *pool, struct page *page)
{
	assert(page->references > 0);
	if (--page->references > 0)
		return;
	for (unsigned i = 0; page->used > 0; i++)
		if (page->slot[i]) {
			entry_drop(pool, page->slot[i]);
			page->used--;
		}
	sk_slab_free(pool->slab, page, sizeof(*page));
}

/* The page for writing: a copy takes the place of a shared one. */
static struct page *page_own(struct sk_fd_pool *pool, struct directory_entry *at)
{
	struct page *shared = at->page, *own;

	if (shared->references == 1)
		return shared;
	own = sk_slab_alloc(pool->slab, sizeof(*own));
	if (!own)
		return NULL;
	*own = *shared;
	own->references = 1;
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		if (own->slot[i])
			own->slot[i]->references++;
	shared->references--;
	at->page = own;
	return own;
}

/* --- the directory ----------------------------------------------------- */

/* Index of the first page whose number is not below `number`. */
static __attribute__((noinline)) uint32_t directory_position(const struct sk_fd_table *table, uint64_t number)
{
	uint32_t low = 0, high = table->pages;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->directory[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static inline struct directory_entry *directory_find(const struct sk_fd_table *table, uint64_t number)
{
	uint32_t position;

	if (number < table->pages && table->directory[number].number == number)
		return &table->directory[number];
	position = directory_position(table, number);
	if (position < table->pages && table->directory[position].number == number)
		return &table->directory[position];
	return NULL;
}

static struct directory_entry *directory_insert(struct sk_fd_pool *pool, struct sk_fd_table *table, uint64_t number)
{
	uint32_t position = directory_position(table, number);
	struct page *page;

	if (table->pages == table->capacity) {
		uint32_t capacity = table->capacity < 8 ? 8 : table->capacity * 2;
		struct directory_entry *larger = sk_slab_alloc(pool->slab, capacity * sizeof(*larger));

		if (!larger)
			return NULL;
		memcpy(larger, table->directory, table->pages * sizeof(*larger));
		if (table->directory != table->first)
			sk_slab_free(pool->slab, table->directory, table->capacity * sizeof(*larger));
		table->directory = larger;
		table->capacity = capacity;
	}
	page = sk_slab_alloc(pool->slab, sizeof(*page));
	if (!page)
		return NULL;
	memset(page, 0, sizeof(*page));
	page->references = 1;
	memmove(&table->directory[position + 1], &table->directory[position],
		(table->pages - position) * sizeof(*table->directory));
	table->pages++;
	table->directory[position] = (struct directory_entry){number, page};
	return &table->directory[position];
}

static void directory_remove(struct sk_fd_pool *pool, struct sk_fd_table *table, struct directory_entry *at)
{
	size_t behind = (size_t)(&table->directory[table->pages] - at) - 1;

	page_drop(pool, at->page);
	memmove(at, at + 1, behind * sizeof(*at));
	table->pages--;
}

/* --- tables ------------------------------------------------------------ */

struct sk_fd_table *sk_fd_table_create(struct sk_fd_pool *pool)
{
	struct sk_fd_table *table = sk_slab_alloc(pool->slab, sizeof(*table));

	if (!table)
		return NULL;
	table->count = 0;
	table->pages = 0;
	table->capacity = INLINE_PAGES;
	table->directory = table->first;
	return table;
}

void sk_fd_table_destroy(struct sk_fd_pool *pool, struct sk_fd_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->pages; i++)
		page_drop(pool, table->directory[i].page);
	if (table->directory != table->first)
		sk_slab_free(pool->slab, table->directory, table->capacity * sizeof(*table->directory));
	sk_slab_free(pool->slab, table, sizeof(*table));
}

struct sk_fd_table *sk_fd_table_copy(struct sk_fd_pool *pool, const struct sk_fd_table *table)
{
	struct sk_fd_table *copy = sk_fd_table_create(pool);

	if (!copy)
		return NULL;
	if (table->pages > INLINE_PAGES) {
		/* As much room as the original: it was a power of two then. */
		copy->directory = sk_slab_alloc(pool->slab, table->capacity * sizeof(*copy->directory));
		if (!copy->directory) {
			sk_slab_free(pool->slab, copy, sizeof(*copy));
			return NULL;
		}
		copy->capacity = table->capacity;
	}
	memcpy(copy->directory, table->directory, table->pages * sizeof(*copy->directory));
	copy->pages = table->pages;
	copy->count = table->count;
	for (uint32_t i = 0; i < copy->pages; i++)
		copy->directory[i].page->references++;
	return copy;
}

struct sk_fd *sk_fd_find(const struct sk_fd_table *table, int64_t fd)
{
	const struct directory_entry *at;

	if (!table || fd < 0)
		return NULL;
	at = directory_find(table, (uint64_t)fd >> PAGE_BITS);
	return at ? at->page->slot[fd & (PAGE_SIZE - 1)] : NULL;
}

uint32_t sk_fd_table_count(const struct sk_fd_table *table)
{
	return table ? table->count : 0;
}

struct sk_fd *sk_fd_table_next(const struct sk_fd_table *table, uint32_t *cursor)
{
	if (!table)
		return NULL;
	while (*cursor < table->pages * PAGE_SIZE) {
		uint32_t at = (*cursor)++;
		struct sk_fd *fd = table->directory[at / PAGE_SIZE].page->slot[at % PAGE_SIZE];

		if (fd)
			return fd;
	}
	return NULL;
}

/* Puts an entry (one reference, taken over) into its slot. */
static struct sk_fd *put(struct sk_fd_pool *pool, struct sk_fd_table *table, struct sk_fd *entry)
{
	uint64_t number = (uint64_t)entry->fd >> PAGE_BITS;
	struct directory_entry *at = directory_find(table, number);
	struct page *page;
	struct sk_fd **slot;

	if (!at)
		at = directory_insert(pool, table, number);
	page = at ? page_own(pool, at) : NULL;
	if (!page) {
		entry_drop(pool, entry);
		return NULL;
	}
	slot = &page->slot[entry->fd & (PAGE_SIZE - 1)];
	if (*slot) {
		entry_drop(pool, *slot);
	} else {
		page->used++;
		table->count++;
	}
	*slot = entry;
	return entry;
}

static bool has_room(struct sk_fd_pool *pool, const struct sk_fd_table *table, int64_t fd)
{
	if (fd < 0)
		return false;
	if (table->count < SK_FD_TABLE_LIMIT || sk_fd_find(table, fd))
		return true;
	pool->dropped++;
	return false;
}

struct sk_fd *sk_fd_table_add(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd, enum sk_fd_type type)
{
	struct sk_fd *entry;

	if (!has_room(pool, table, fd))
		return NULL;
	entry = sk_slab_alloc(pool->slab, sizeof(*entry));
	if (!entry)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->fd = fd;
	entry->type = (uint8_t)type;
	entry->pid = -1;
	entry->name = sk_string_empty(pool->strings);
	entry->name_raw = sk_string_empty(pool->strings);
	entry->references = 1;
	entry->revision = pool->next_revision++;
	entry->known = pool->stamp;
	return put(pool, table, entry);
}

struct sk_fd *sk_fd_table_add_copy(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd,
				   const struct sk_fd *source)
{
	struct sk_fd *entry;

	if (!has_room(pool, table, fd))
		return NULL;
	entry = entry_copy(pool, source);
	if (!entry)
		return NULL;
	entry->fd = fd;
	return put(pool, table, entry);
}

struct sk_fd *sk_fd_table_edit(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd)
{
	struct directory_entry *at;
	struct sk_fd **slot, *own;
	struct page *page;

	if (!sk_fd_find(table, fd))
		return NULL;
	at = directory_find(table, (uint64_t)fd >> PAGE_BITS);
	page = page_own(pool, at);
	if (!page)
		return NULL;
	slot = &page->slot[fd & (PAGE_SIZE - 1)];
	if ((*slot)->references > 1) {
		own = entry_copy(pool, *slot);
		if (!own)
			return NULL;
		entry_drop(pool, *slot);
		*slot = own;
	} else {
		(*slot)->revision = pool->next_revision++;
	}
	return *slot;
}

void sk_fd_table_remove(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t fd)
{
	struct directory_entry *at;
	struct sk_fd **slot;
	struct page *page;

	if (!table || fd < 0)
		return;
	at = directory_find(table, (uint64_t)fd >> PAGE_BITS);
	if (!at || !at->page->slot[fd & (PAGE_SIZE - 1)])
		return;
	if (at->page->used == 1) {
		directory_remove(pool, table, at);
		table->count--;
		return;
	}
	page = page_own(pool, at);
	if (!page)
		return; /* no memory to part from the other process: it stays open here */
	slot = &page->slot[fd & (PAGE_SIZE - 1)];
	entry_drop(pool, *slot);
	*slot = NULL;
	page->used--;
	table->count--;
}

/*
 * From the end backwards, because a removal may take its page along; then some
 * entries behind it are seen twice, which no caller minds.
 */
static struct sk_fd *previous(const struct sk_fd_table *table, uint32_t *cursor)
{
	if (*cursor > table->pages * PAGE_SIZE)
		*cursor = table->pages * PAGE_SIZE;
	while (*cursor > 0) {
		uint32_t at = --*cursor;
		struct sk_fd *fd = table->directory[at / PAGE_SIZE].page->slot[at % PAGE_SIZE];

		if (fd)
			return fd;
	}
	return NULL;
}

static bool is_close_on_exec(const struct sk_fd *fd)
{
	return (fd->open_flags & SK_OPEN_CLOEXEC) ||
	       (fd->type == SK_FD_EVENTPOLL && (fd->open_flags & SK_EPOLL_CLOEXEC)) ||
	       (fd->type == SK_FD_MEMFD && (fd->open_flags & SK_MFD_CLOEXEC));
}

void sk_fd_table_remove_close_on_exec(struct sk_fd_pool *pool, struct sk_fd_table *table)
{
	uint32_t cursor = table ? table->pages * PAGE_SIZE : 0;
	const struct sk_fd *fd;

	while (cursor > 0 && (fd = previous(table, &cursor)))
		if (is_close_on_exec(fd))
			sk_fd_table_remove(pool, table, fd->fd);
}

void sk_fd_table_remove_range(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t first, int64_t last)
{
	uint32_t cursor = table ? table->pages * PAGE_SIZE : 0;
	const struct sk_fd *fd;

	while (cursor > 0 && (fd = previous(table, &cursor)))
		if (fd->fd >= first && fd->fd <= last)
			sk_fd_table_remove(pool, table, fd->fd);
}

void sk_fd_table_mark_range(struct sk_fd_pool *pool, struct sk_fd_table *table, int64_t first, int64_t last)
{
	uint32_t cursor = 0;
	const struct sk_fd *fd;

	while ((fd = sk_fd_table_next(table, &cursor)))
		if (fd->fd >= first && fd->fd <= last) {
			struct sk_fd *own = sk_fd_table_edit(pool, table, fd->fd);

			if (own)
				sk_fd_set_close_on_exec(own, true);
		}
}

/* --- names ------------------------------------------------------------- */

struct type_name {
	const char *name;
	char letter;
};

static const struct type_name type_names[SK_FD_TYPE_COUNT] = {
	[SK_FD_UNKNOWN] = {"<NA>", 'o'},
	[SK_FD_FILE] = {"file", 'f'},
	[SK_FD_DIRECTORY] = {"directory", 'd'},
	[SK_FD_IPV4_SOCK] = {"ipv4", '4'},
	[SK_FD_IPV6_SOCK] = {"ipv6", '6'},
	[SK_FD_IPV4_SERVSOCK] = {"ipv4", '4'},
	[SK_FD_IPV6_SERVSOCK] = {"ipv6", '6'},
	[SK_FD_FIFO] = {"pipe", 'p'},
	[SK_FD_UNIX_SOCK] = {"unix", 'u'},
	[SK_FD_EVENT] = {"event", 'e'},
	[SK_FD_UNSUPPORTED] = {"<NA>", 'X'},
	[SK_FD_SIGNALFD] = {"signalfd", 's'},
	[SK_FD_EVENTPOLL] = {"eventpoll", 'l'},
	[SK_FD_INOTIFY] = {"inotify", 'i'},
	[SK_FD_TIMERFD] = {"timerfd", 't'},
	[SK_FD_NETLINK] = {"netlink", 'n'},
	[SK_FD_FILE_V2] = {"file", 'f'},
	[SK_FD_BPF] = {"bpf", 'b'},
	[SK_FD_USERFAULTFD] = {"userfaultfd", 'u'},
	[SK_FD_IOURING] = {"io_uring", 'r'},
	[SK_FD_MEMFD] = {"memfd", 'm'},
	[SK_FD_PIDFD] = {"pidfd", 'P'},
};

const char *sk_fd_type_name(enum sk_fd_type type)
{
	return (unsigned)type < SK_FD_TYPE_COUNT ? type_names[type].name : "<NA>";
}

char sk_fd_type_char(enum sk_fd_type type)
{
	return (unsigned)type < SK_FD_TYPE_COUNT ? type_names[type].letter : '?';
}
