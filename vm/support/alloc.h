/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one allocation interface.  Everything in saker that takes heap memory
 * takes it here, so that a test can make the n-th allocation fail and can
 * prove that nothing allocates per event.
 */
#ifndef SK_SUPPORT_ALLOC_H
#define SK_SUPPORT_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Memory of at least `size` bytes, uninitialised; NULL when there is none.
 * The caller frees it with sk_free().
 */
void *sk_alloc(size_t size);

/* As sk_alloc(), zeroed, `count` elements of `size` bytes; NULL on overflow. */
void *sk_alloc_zeroed(size_t count, size_t size);

/*
 * Resizes `memory` to hold `count` elements of `size` bytes.  Returns NULL and
 * leaves `memory` as it was when there is no memory or the product overflows.
 */
void *sk_realloc_array(void *memory, size_t count, size_t size);

/* Frees what the functions above returned; NULL is fine. */
void sk_free(void *memory);

/* For __attribute__((cleanup(sk_freep))) on any pointer variable. */
void sk_freep(void *pointer_to_pointer);
#define SK_CLEANUP_FREE __attribute__((cleanup(sk_freep)))

/*
 * Test hooks.  `countdown` successful allocations from now on, then every one
 * fails until the hook is reset with SIZE_MAX.  Not for use outside tests.
 */
void sk_alloc_fail_after(size_t countdown);

/* Number of allocations made since the program started. */
uint64_t sk_alloc_count(void);

#ifdef __cplusplus
}
#endif

#endif
