/* SPDX-License-Identifier: Apache-2.0 */
/* What zlib allocates comes from where all memory comes from: `zalloc` and `zfree` of its streams. */
#ifndef SK_SCAP_ZLIB_ALLOC_H
#define SK_SCAP_ZLIB_ALLOC_H

#include "vm/support/alloc.h"

static inline void *sk_zlib_alloc(void *context, unsigned count, unsigned size)
{
	(void)context;
	return sk_alloc_zeroed(count, size);
}

static inline void sk_zlib_free(void *context, void *memory)
{
	(void)context;
	sk_free(memory);
}

#endif
