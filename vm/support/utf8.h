/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SK_SUPPORT_UTF8_H
#define SK_SUPPORT_UTF8_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Length of the valid UTF-8 sequence at `bytes`, of which `left` (at least
 * one) are readable.  0 where none begins or it is not completed; `*ret_bad`
 * is then how many bytes began one.  Overlong forms, surrogates and what is
 * above U+10FFFF are not valid.
 */
unsigned sk_utf8_sequence(const void *bytes, size_t left, unsigned *ret_bad);

#ifdef __cplusplus
}
#endif

#endif
