/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/uring.h"

#include <bpf/btf.h>
#include <stdbool.h>
#include <string.h>

/* A tracepoint's parameters; NULL if the kernel has none of that name.  The first is the tracer's own. */
static const struct btf_type *find_tracepoint(const struct btf *kernel, const char *name)
{
	const struct btf_type *type;
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF);

	if (id < 0)
		return NULL;
	type = btf__type_by_id(kernel, btf__type_by_id(kernel, (__u32)id)->type);
	if (!type || !btf_is_ptr(type))
		return NULL;
	type = btf__type_by_id(kernel, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

/* True if that argument of a tracepoint, counted from 0, is a pointer: to what, where it says so. */
static bool is_pointer(const struct btf *kernel, const struct btf_type *tracepoint, unsigned argument,
		       const char **ret_target)
{
	const struct btf_type *type;

	if (argument + 1 >= btf_vlen(tracepoint))
		return false;
	type = btf__type_by_id(kernel, btf_params(tracepoint)[argument + 1].type);
	if (!type || !btf_is_ptr(type))
		return false;
	*ret_target = "";
	if (type->type) {
		type = btf__type_by_id(kernel, type->type);
		*ret_target = type ? btf__name_by_offset(kernel, type->name_off) : "";
	}
	return true;
}

static bool is_request(const struct btf *kernel, const struct btf_type *tracepoint, unsigned argument)
{
	const char *target;

	return tracepoint && is_pointer(kernel, tracepoint, argument, &target) && strcmp(target, "io_kiocb") == 0;
}

/* Pointers without a type, of the ring and the request. */
static bool are_ring_and_request(const struct btf *kernel, const struct btf_type *tracepoint)
{
	const char *ring, *request;

	return tracepoint && is_pointer(kernel, tracepoint, 0, &ring) &&
	       is_pointer(kernel, tracepoint, 1, &request) && (!*request || strcmp(request, "io_kiocb") == 0);
}

static bool has_result(const struct btf *kernel)
{
	const struct btf_type *request;
	int id = btf__find_by_name_kind(kernel, "io_kiocb", BTF_KIND_STRUCT);

	if (id < 0)
		return false;
	request = btf__type_by_id(kernel, (__u32)id);
	for (unsigned i = 0; i < btf_vlen(request); i++)
		if (strcmp(btf__name_by_offset(kernel, btf_members(request)[i].name_off), "cqe") == 0)
			return true;
	return false;
}

enum sk_uring_submission sk_uring_submission(const struct btf *kernel)
{
	const struct btf_type *submitted;

	if (!kernel || !has_result(kernel) ||
	    !are_ring_and_request(kernel, find_tracepoint(kernel, "btf_trace_io_uring_complete")))
		return SK_URING_UNTOLD;
	if (is_request(kernel, find_tracepoint(kernel, "btf_trace_io_uring_submit_req"), 0))
		return SK_URING_SUBMIT_REQ;
	submitted = find_tracepoint(kernel, "btf_trace_io_uring_submit_sqe");
	if (is_request(kernel, submitted, 0))
		return SK_URING_SUBMIT_SQE;
	return are_ring_and_request(kernel, submitted) ? SK_URING_SUBMIT_SQE_OF_RING : SK_URING_UNTOLD;
}
