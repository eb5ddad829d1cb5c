/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/slab.h"

#include <assert.h>
#include <string.h>

#include "vm/support/alloc.h"

#if defined(__SANITIZE_ADDRESS__)
#define SK_SLAB_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SK_SLAB_POISON 1
#endif
#endif

/* Free memory is poisoned under ASan, so that a use after free shows here too. */
#ifdef SK_SLAB_POISON
#include <sanitizer/asan_interface.h>
#define poison(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define unpoison(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define poison(memory, size) ((void)(memory), (void)(size))
#define unpoison(memory, size) ((void)(memory), (void)(size))
#endif

/*
 * Classes: every 16 bytes up to 256, then four steps to each power of two, so
 * that no more than a fifth is wasted.
 */
enum { FINE = 16, FINE_CLASSES = 16, CHUNK = 32768 };

struct sk_slab_chunk {
	struct sk_slab_chunk *next;
	size_t size;
};

struct link {
	struct link *next;
};

static unsigned class_of(size_t size)
{
	unsigned power;

	if (size <= FINE * FINE_CLASSES)
		return (unsigned)((size + FINE - 1) / FINE) - (size > 0);
	power = 63 - (unsigned)__builtin_clzll(size - 1); /* 2^power < size <= 2^(power+1) */
	return FINE_CLASSES + (power - 8) * 4 + (unsigned)((size - 1 - ((size_t)1 << power)) >> (power - 2));
}

static size_t class_size(unsigned class)
{
	unsigned power;

	if (class < FINE_CLASSES)
		return (class + 1) * (size_t)FINE;
	power = 8 + (class - FINE_CLASSES) / 4;
	return ((size_t)1 << power) + ((size_t)((class - FINE_CLASSES) % 4 + 1) << (power - 2));
}

void sk_slab_init(struct sk_slab *slab)
{
	memset(slab, 0, sizeof(*slab));
	assert(class_of(SK_SLAB_LARGEST) == SK_SLAB_CLASSES - 1);
}

void sk_slab_release(struct sk_slab *slab)
{
	while (slab->chunks) {
		struct sk_slab_chunk *next = slab->chunks->next;

		unpoison(slab->chunks, slab->chunks->size);
		sk_free(slab->chunks);
		slab->chunks = next;
	}
	sk_slab_init(slab);
}

/* A chunk serves one class; the first object of it is returned, the rest becomes free. */
static void *grow(struct sk_slab *slab, unsigned class)
{
	const size_t header = 16, size = class_size(class);
	size_t count = size >= CHUNK / 4 ? 1 : (CHUNK - header) / size;
	struct sk_slab_chunk *chunk = sk_alloc(header + count * size);
	unsigned char *at;

	_Static_assert(sizeof(struct sk_slab_chunk) <= 16, "the header keeps objects aligned");
	if (!chunk) {
		slab->failures++;
		return NULL;
	}
	chunk->next = slab->chunks;
	chunk->size = header + count * size;
	slab->chunks = chunk;
	slab->memory += chunk->size;
	at = (unsigned char *)chunk + header;
	poison(at, size); /* the caller opens what it asked for */
	for (size_t i = count; i-- > 1;) {
		struct link *link = (struct link *)(void *)(at + i * size);

		link->next = slab->free[class];
		slab->free[class] = link;
		poison(link, size);
	}
	return at;
}

void *sk_slab_alloc(struct sk_slab *slab, size_t size)
{
	struct link *link;
	unsigned class;

	if (size > SK_SLAB_LARGEST) {
		slab->failures++;
		return NULL;
	}
	class = class_of(size);
	link = slab->free[class];
	if (!link) {
		link = grow(slab, class);
		unpoison(link, size < FINE ? (size_t)FINE : size);
		return link;
	}
	unpoison(link, size < FINE ? (size_t)FINE : size);
	slab->free[class] = link->next;
	return link;
}

void sk_slab_free(struct sk_slab *slab, void *memory, size_t size)
{
	unsigned class = class_of(size);
	struct link *link = memory;

	if (!memory)
		return;
	link->next = slab->free[class];
	slab->free[class] = link;
	poison(memory, class_size(class));
}
