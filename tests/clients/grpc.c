/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gRPC call with the sensor's own code, for tests that drive a runtime:
 *
 *   grpc SOCKET /package.Service/Method [HEADER VALUE] < message > answer
 *
 * The exit status is gRPC's code, or 100 if there was no answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/containers/grpc.h"

int main(int count, char **words)
{
	struct sk_grpc_options options = {.timeout_ms = 30000, .limit = 16 << 20};
	struct sk_buffer question = {0}, answer = {0};
	struct sk_grpc_call call = {.message = &question};
	struct sk_grpc *grpc;
	char block[4096];
	size_t got;
	int result;

	if (count != 3 && count != 5)
		return 100;
	options.socket = words[1];
	call.path = words[2];
	for (int i = 3; i < count; i++)
		call.header[i - 3] = words[i];
	while ((got = fread(block, 1, sizeof(block), stdin)) > 0)
		sk_buffer_append(&question, block, got);
	result = question.failed ? -ENOMEM : sk_grpc_create(&options, &grpc);
	if (result == 0) {
		result = sk_grpc_ask(grpc, &call, &answer);
		if (result == 0)
			fwrite(answer.bytes, 1, answer.length, stdout);
		sk_grpc_destroy(grpc);
	}
	if (result < 0)
		fprintf(stderr, "%s: %s\n", words[2], strerror(-result));
	sk_buffer_release(&question);
	sk_buffer_release(&answer);
	return result < 0 ? 100 : result;
}
