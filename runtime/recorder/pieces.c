/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/recorder/pieces.h"

#include <errno.h>
#include <string.h>

#include "vm/support/alloc.h"

struct sk_piece *sk_piece_create(struct sk_pieces *pool, const uint8_t *bytes, size_t size)
{
	/* Only one thread creates; what others drop meanwhile only makes room. */
	size_t used = atomic_load_explicit(&pool->used, memory_order_relaxed);
	struct sk_piece *piece;

	if (size > UINT32_MAX || used > pool->limit || size > pool->limit - used)
		return NULL;
	piece = sk_alloc(sizeof(*piece) + size);
	if (!piece)
		return NULL;
	piece->pool = pool;
	atomic_init(&piece->references, 1);
	piece->size = (uint32_t)size;
	memcpy(piece->bytes, bytes, size);
	atomic_fetch_add_explicit(&pool->used, size, memory_order_relaxed);
	return piece;
}

struct sk_piece *sk_piece_share(struct sk_piece *piece)
{
	atomic_fetch_add_explicit(&piece->references, 1, memory_order_relaxed);
	return piece;
}

void sk_piece_drop(struct sk_piece *piece)
{
	/* Who drops the last one sees what the others read. */
	if (!piece || atomic_fetch_sub_explicit(&piece->references, 1, memory_order_acq_rel) > 1)
		return;
	atomic_fetch_sub_explicit(&piece->pool->used, piece->size, memory_order_relaxed);
	sk_free(piece);
}

int sk_piece_list_add(struct sk_piece_list *list, struct sk_piece *piece)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct sk_piece **larger = sk_realloc_array(list->pieces, capacity, sizeof(*larger));

		if (!larger) {
			sk_piece_drop(piece);
			return -ENOMEM;
		}
		list->pieces = larger;
		list->capacity = capacity;
	}
	list->pieces[list->count++] = piece;
	list->bytes += piece->size;
	return 0;
}

void sk_piece_list_release(struct sk_piece_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		sk_piece_drop(list->pieces[i]);
	sk_free(list->pieces);
	*list = (struct sk_piece_list){0};
}
