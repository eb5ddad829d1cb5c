/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small bundle that has something of everything: what the verifier's tests
 * break and what the fuzz target grows from.
 */
#ifndef SK_TESTS_SAMPLE_BUNDLE_H
#define SK_TESTS_SAMPLE_BUNDLE_H

#include "tests/unit/vm/bundle_builder.h"

struct sample {
	struct builder builder;
	uint32_t name, ancestors, ancestor, mount, result, buffer, ports, nets, server,
		number;                                                            /* field expressions */
	uint32_t text, list, lower, length, joined, concatenated, options, option; /* the others */
	/* Predicates: name_in is the first of this run, options_have the last. */
	uint32_t name_in, ancestor_is, result_below, buffer_has, port_is, net_in, server_is, exists, regex, either,
		same, joined_is, options_have;
	uint32_t shell, network; /* rules */
};

static void build_sample_expressions(struct sample *sample)
{
	struct builder *builder = &sample->builder;
	uint32_t spec;

	sample->name = build_field(builder, SK_FIELD_PROC_NAME, NULL);
	sample->ancestors = build_field(builder, SK_FIELD_PROC_ANAME, NULL);
	sample->ancestor = build_field(builder, SK_FIELD_PROC_ANAME, "2");
	sample->mount = build_field(builder, SK_FIELD_CONTAINER_MOUNT_DEST, "/proc*");
	sample->result = build_field(builder, SK_FIELD_EVT_RAWRES, NULL);
	sample->buffer = build_field(builder, SK_FIELD_EVT_BUFFER, NULL);
	sample->ports = build_field(builder, SK_FIELD_FD_PORT, NULL);
	sample->nets = build_field(builder, SK_FIELD_FD_NET, NULL);
	sample->server = build_field(builder, SK_FIELD_FD_SIP, NULL);
	sample->number = build_field(builder, SK_FIELD_EVT_NUM, NULL);
	sample->text = build_text_expression(builder, "-");
	spec = build_text_expression(builder, "lp:e:");
	sample->list = BUILD_LIST(builder, sample->name, sample->number, sample->text, sample->ancestor);
	sample->lower = BUILD_TRANSFORMER(builder, TOLOWER, sample->name);
	sample->length = BUILD_TRANSFORMER(builder, LEN, sample->list);
	sample->joined = BUILD_TRANSFORMER(builder, JOIN, sample->text, sample->list);
	sample->concatenated = BUILD_TRANSFORMER(builder, CONCAT, sample->lower, sample->text, sample->name);
	sample->options = BUILD_TRANSFORMER(builder, GETOPT, sample->list, spec);
	sample->option =
		build_transformer(builder, SK_TRANSFORMER_GETOPT, "p", 2, (uint32_t[]){sample->list, spec});
}

static void build_sample_predicates(struct sample *sample)
{
	struct builder *builder = &sample->builder;

	sample->name_in = BUILD_COMPARISON(builder, sample->name, IN, NONE, "bash", "sh", "zsh");
	sample->ancestor_is = BUILD_COMPARISON(builder, sample->ancestors, EQ, NONE, "sshd");
	sample->result_below = BUILD_COMPARISON(builder, sample->result, LT, NONE, "0");
	sample->buffer_has = build_predicate(builder, sample->buffer, SK_OPERATOR_BCONTAINS, SK_MODIFIER_NONE,
					     build_bytes_constant(builder, "\x7f\0E", 3), 1);
	sample->port_is = BUILD_COMPARISON(builder, sample->ports, EQ, NONE, "22");
	sample->net_in = BUILD_COMPARISON(builder, sample->nets, IN, NONE, "10.0.0.0/8", "fe80::/10");
	sample->server_is = BUILD_COMPARISON(builder, sample->server, NE, NONE, "127.0.0.1");
	sample->exists = build_predicate(builder, sample->mount, SK_OPERATOR_EXISTS, SK_MODIFIER_NONE, 0, 0);
	sample->regex = BUILD_COMPARISON(builder, sample->lower, REGEX, ANYOF, "[a-z]+sh", "python[23]?");
	sample->either = BUILD_COMPARISON(builder, sample->name, STARTSWITH, ONEOF, "ba", "bas");
	sample->same = build_field_comparison(builder, sample->name, SK_OPERATOR_EQ, sample->lower);
	sample->joined_is = BUILD_COMPARISON(builder, sample->joined, CONTAINS, NONE, "-7-");
	sample->options_have = BUILD_COMPARISON(builder, sample->options, INTERSECTS, NONE, "l", "e");
	BUILD_COMPARISON(builder, sample->length, GE, NONE, "4");
	BUILD_COMPARISON(builder, sample->option, PMATCH, NONE, "/tmp/*", "/var");
	BUILD_COMPARISON(builder, sample->concatenated, IGLOB, NONE, "*BASH-[a-z]*");
}

static void build_sample(struct sample *sample)
{
	struct builder *builder = &sample->builder;
	uint32_t shell, network;

	build_init(builder);
	build_sample_expressions(sample);
	build_sample_predicates(sample);

	sample->shell = shell = build_rule(builder, "Shell below sshd", 4);
	build_tag(builder, "T1059");
	build_tag(builder, "shell");
	build_op(builder, shell, SK_OP_JUMP_FALSE, 3, sample->name_in);
	build_op(builder, shell, SK_OP_JUMP_TRUE, 1, sample->ancestor_is);
	build_op(builder, shell, SK_OP_JUMP_FALSE, 1, sample->regex);
	build_op(builder, shell, SK_OP_MATCH, 0, 0);
	build_op(builder, shell, SK_OP_FAIL, 0, 0);
	build_op(builder, shell, SK_OP_LITERAL, 0, build_string(builder, "A shell "));
	build_op(builder, shell, SK_OP_FIELD, 20, sample->name);
	build_op(builder, shell, SK_OP_SUGGESTED, 0, 0);
	build_op(builder, shell, SK_OP_FIELD, 0, sample->ancestors);
	build_op(builder, shell, SK_OP_END, 0, 0);

	sample->network = network = build_rule(builder, "Network", 2);
	build_tag(builder, "network");
	build_op(builder, network, SK_OP_JUMP_TRUE, 2, sample->net_in);
	build_op(builder, network, SK_OP_JUMP_FALSE, 2, sample->port_is);
	build_op(builder, network, SK_OP_JUMP, 0, 0);
	build_op(builder, network, SK_OP_MATCH, 0, 0);
	build_op(builder, network, SK_OP_FAIL, 0, 0);
	build_op(builder, network, SK_OP_LITERAL, 0, build_string(builder, "Network"));
	build_op(builder, network, SK_OP_END, 0, 0);

	build_type(builder, SK_EVENT_SYSCALL_EXECVE_19_X, 2, (uint32_t[]){shell, network});
	build_type(builder, SK_EVENT_SOCKET_CONNECT_X, 1, (uint32_t[]){network});
	builder->syscalls[0] = 1 << 5;
	build_complete(builder);
	for (uint32_t *predicate = &sample->name_in; predicate <= &sample->options_have; predicate++)
		BUILD_MOVE(builder, *predicate);
}

#endif
