/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong with something that has no source line: a bundle, a
 * capture, a system call.  Functions that can fail return 0 or a negative
 * errno, and write one sentence for a person here.
 */
#ifndef SK_SUPPORT_ERROR_H
#define SK_SUPPORT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

struct sk_error {
	char message[512]; /* empty: no error was described */
};

/*
 * Writes the message and returns `error_number` (a negative errno), so that
 * `return sk_error_set(error, -EINVAL, "...")` is one line.  `error` may be
 * NULL.  Later calls replace the message.
 */
int sk_error_set(struct sk_error *error, int error_number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
