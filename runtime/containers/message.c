/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two bytes of a message can become an element of a list and an allocation, so
 * what unpacking takes is counted, and refused beyond MEMORY_LIMIT.
 */
#include "runtime/containers/message.h"

#include "vm/support/alloc.h"

enum {
	MEMORY_LIMIT = 16 << 20,
	OVERHEAD = 32, /* of an allocation, about */
};

static void *allocate(void *context, size_t size)
{
	size_t *left = context;

	if (size > *left || *left - size < OVERHEAD)
		return NULL;
	*left -= size + OVERHEAD;
	return sk_alloc(size ? size : 1);
}

static void release(void *context, void *memory)
{
	(void)context;
	sk_free(memory);
}

void *sk_message_read(const ProtobufCMessageDescriptor *descriptor, const struct sk_answer *answer)
{
	size_t left = MEMORY_LIMIT;
	ProtobufCAllocator allocator = {.alloc = allocate, .free = release, .allocator_data = &left};

	return protobuf_c_message_unpack(descriptor, &allocator, answer->length, (const uint8_t *)answer->bytes);
}

void sk_message_free(void *message)
{
	ProtobufCAllocator allocator = {.free = release};

	if (message)
		protobuf_c_message_free_unpacked(message, &allocator);
}

void sk_message_write(const ProtobufCMessage *message, struct sk_buffer *ret_bytes)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	sk_buffer_clear(ret_bytes);
	if (sk_buffer_reserve(ret_bytes, size))
		ret_bytes->length = protobuf_c_message_pack(message, (uint8_t *)ret_bytes->bytes);
}
