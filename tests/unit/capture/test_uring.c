/* SPDX-License-Identifier: Apache-2.0 */
/* How kernels tell of the operations of io_uring, by types as theirs are. */
#include "runtime/capture/uring.h"

#include <bpf/btf.h>

#include "tests/test.h"

/* What an argument of a tracepoint is. */
enum argument { NOTHING, ANY, RING, REQUEST, NUMBER };

static struct btf *kernel;
static int types[NUMBER + 1], request;

/* `result`: the member of a request that its result is in. */
static void begin(const char *result)
{
	int ring;

	kernel = btf__new_empty();
	types[NUMBER] = btf__add_int(kernel, "unsigned int", 4, 0);
	types[ANY] = btf__add_ptr(kernel, 0);
	ring = btf__add_struct(kernel, "io_ring_ctx", 8);
	btf__add_field(kernel, "flags", types[NUMBER], 0, 0);
	types[RING] = btf__add_ptr(kernel, ring);
	request = btf__add_struct(kernel, "io_kiocb", 8);
	btf__add_field(kernel, "opcode", types[NUMBER], 0, 0);
	btf__add_field(kernel, result, types[NUMBER], 32, 0);
	types[REQUEST] = btf__add_ptr(kernel, request);
}

static void tracepoint(const char *name, const enum argument *arguments)
{
	int prototype = btf__add_func_proto(kernel, 0);

	btf__add_func_param(kernel, "__data", types[ANY]);
	for (; *arguments != NOTHING; arguments++)
		btf__add_func_param(kernel, "", types[*arguments]);
	btf__add_typedef(kernel, name, btf__add_ptr(kernel, prototype));
}

#define SUBMIT_REQ(...) tracepoint("btf_trace_io_uring_submit_req", (const enum argument[]){__VA_ARGS__, NOTHING})
#define SUBMIT_SQE(...) tracepoint("btf_trace_io_uring_submit_sqe", (const enum argument[]){__VA_ARGS__, NOTHING})
#define COMPLETE(...) tracepoint("btf_trace_io_uring_complete", (const enum argument[]){__VA_ARGS__, NOTHING})

static enum sk_uring_submission end(void)
{
	enum sk_uring_submission submission = sk_uring_submission(kernel);

	btf__free(kernel);
	return submission;
}

TEST(a_request_is_what_6_3_submits)
{
	begin("cqe");
	SUBMIT_REQ(REQUEST);
	COMPLETE(ANY, ANY, NUMBER, NUMBER, NUMBER);
	CHECK_EQUAL(end(), SK_URING_SUBMIT_REQ);
	begin("cqe");
	SUBMIT_REQ(REQUEST);
	COMPLETE(RING, ANY, ANY);
	CHECK_EQUAL(end(), SK_URING_SUBMIT_REQ);
}

TEST(a_request_by_the_older_name_is_what_6_0_submits)
{
	begin("cqe");
	SUBMIT_SQE(REQUEST, NUMBER);
	COMPLETE(ANY, ANY, NUMBER, NUMBER, NUMBER);
	CHECK_EQUAL(end(), SK_URING_SUBMIT_SQE);
}

TEST(a_ring_and_a_request_are_what_5_19_submits)
{
	begin("cqe");
	SUBMIT_SQE(ANY, ANY, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER);
	COMPLETE(ANY, ANY, NUMBER, NUMBER, NUMBER);
	CHECK_EQUAL(end(), SK_URING_SUBMIT_SQE_OF_RING);
}

TEST(what_5_15_tells_is_not_enough)
{
	begin("result");
	SUBMIT_SQE(ANY, ANY, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER);
	COMPLETE(ANY, NUMBER, NUMBER, NUMBER);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	/* 5.18: the completion names the request, whose result is elsewhere. */
	begin("result");
	SUBMIT_SQE(ANY, ANY, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER);
	COMPLETE(ANY, ANY, NUMBER, NUMBER, NUMBER);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
}

TEST(a_kernel_that_is_not_understood_tells_nothing)
{
	CHECK_EQUAL(sk_uring_submission(NULL), SK_URING_UNTOLD);
	kernel = btf__new_empty();
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	begin("cqe");
	SUBMIT_REQ(REQUEST);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	begin("cqe");
	COMPLETE(ANY, ANY, NUMBER);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	begin("cqe");
	SUBMIT_SQE(RING, NUMBER, NUMBER);
	COMPLETE(ANY, ANY, NUMBER);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	begin("cqe");
	SUBMIT_SQE(RING, RING, NUMBER);
	COMPLETE(ANY, ANY, NUMBER);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
	begin("cqe");
	btf__add_typedef(kernel, "btf_trace_io_uring_complete", types[NUMBER]);
	btf__add_typedef(kernel, "btf_trace_io_uring_submit_req", request);
	CHECK_EQUAL(end(), SK_URING_UNTOLD);
}

TEST_MAIN(RUN(a_request_is_what_6_3_submits) RUN(a_request_by_the_older_name_is_what_6_0_submits)
		  RUN(a_ring_and_a_request_are_what_5_19_submits) RUN(what_5_15_tells_is_not_enough)
			  RUN(a_kernel_that_is_not_understood_tells_nothing))
