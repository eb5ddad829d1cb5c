/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a kernel tells of the operations of io_uring.  An operation becomes an
 * event where a tracepoint shows the request when it is submitted, another
 * shows the same request when it is complete, and what was asked for and what
 * came of it is still in the request (struct io_kiocb).
 *
 *   kernel    submitted                          complete          the fd, the result
 *   6.3       io_uring_submit_req(request)       (ring, request)   request.cqe
 *   6.0       io_uring_submit_sqe(request)       (ring, request)   request.cqe
 *   5.19      io_uring_submit_sqe(ring, request) (ring, request)   request.cqe
 *   5.15      io_uring_submit_sqe(ring, request) no request        elsewhere
 */
#ifndef SK_CAPTURE_URING_H
#define SK_CAPTURE_URING_H

struct btf;

enum sk_uring_submission {
	SK_URING_UNTOLD,
	SK_URING_SUBMIT_REQ,
	SK_URING_SUBMIT_SQE,
	SK_URING_SUBMIT_SQE_OF_RING,
};

/* What the types of a kernel say (NULL: nothing), whatever its version. */
enum sk_uring_submission sk_uring_submission(const struct btf *kernel);

#endif
