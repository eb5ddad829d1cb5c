/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a state knows of threads and fds beyond the entries of a capture: times,
 * roles of connections, flags of fds that are no files, what was lost.
 *
 *    +--------+------+----------------------+
 *    | length | kind | fields ... | texts   |   one record after another
 *    +--------+------+----------------------+
 *     u32, counts itself
 *
 * Little-endian, nothing aligned.  Fields are only ever appended: a record that
 * is shorter than today's leaves them zero, what is longer is passed over, and
 * so is a kind that is not known.  Whoever reads this trusts nothing of it.
 */
#ifndef SK_STATE_REMAINDER_H
#define SK_STATE_REMAINDER_H

#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"

struct sk_fd;
struct sk_state;
struct sk_thread;

/* Appends what belongs to no thread: the clock, and who exited a moment ago. */
void sk_remainder_append_host(const struct sk_state *state, struct sk_buffer *buffer);

void sk_remainder_append_thread(const struct sk_thread *thread, struct sk_buffer *buffer);

/* Appends nothing if the fd's entry says all; `type`: the one in its entry. */
void sk_remainder_append_fd(int64_t tid, const struct sk_fd *fd, uint8_t type, struct sk_buffer *buffer);

/* Bytes of the whole records at the beginning: what follows is a block's padding, or damage. */
size_t sk_remainder_whole(const uint8_t *bytes, size_t size);

/*
 * Makes the threads and fds of a state, which are all linked, what the records
 * say.  Records about others are passed over.
 */
void sk_remainder_apply(struct sk_state *state, const uint8_t *bytes, size_t size);

#endif
