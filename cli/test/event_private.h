/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that read events. */
#ifndef SK_CLI_TEST_EVENT_PRIVATE_H
#define SK_CLI_TEST_EVENT_PRIVATE_H

#include "cli/test/world.h"

/* An event being read. */
struct sk_test_decoding {
	struct sk_test_world *world;
	struct sk_test_reader *reader;
	const struct sk_event_info *info;
	const char *name; /* as it was written */
	struct sk_test_event *event;
	uint32_t actor;
};

/* Parameters of an event type: of this name, of this type, the first path; -1 without one. */
int sk_test_find_param(const struct sk_event_info *info, const char *name);
int sk_test_find_type(const struct sk_event_info *info, enum sk_param_type type);
int sk_test_first_path(const struct sk_event_info *info);

/* True if parameter 0 is what the call returned. */
bool sk_test_has_result(const struct sk_event_info *info);

/* Sets a parameter from a node, `span` being what to underline; false after reporting. */
bool sk_test_set_param(struct sk_test_decoding *decoding, int index, const struct sk_yaml_node *node,
		       struct sk_span span);
bool sk_test_set_number(struct sk_test_decoding *decoding, int index, int64_t number);

/* Sets a parameter to these bytes, and releases the buffer. */
void sk_test_keep_param(struct sk_test_decoding *decoding, int index, struct sk_buffer *bytes);

/* A parameter that was set, as a number; 0 if it was not. */
int64_t sk_test_number_of(struct sk_bytes bytes);

/* Sets the address and tuple of a call on a socket; `from`: this end, NULL: it follows from the other. */
bool sk_test_set_peer(struct sk_test_decoding *decoding, const struct sk_yaml_node *node, const char *from);

/* Plans a socket for a call that names none. */
void sk_test_need_socket(struct sk_test_decoding *decoding);

#endif
