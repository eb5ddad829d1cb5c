/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of events: which of them have room reserved for them, and how loss is
 * told (event_class.def).
 */
#ifndef SK_EVENT_CLASS_H
#define SK_EVENT_CLASS_H

#include <stdbool.h>
#include <stdint.h>

enum sk_event_class {
#define SK_EVENT_CLASS(id, name, reserved, meaning) SK_EVENT_CLASS_##id,
#include "vm/event_class.def"
	SK_EVENT_CLASS_COUNT
};

struct sk_event_class_info {
	const char *name;
	const char *meaning;
	bool reserved; /* has a lane of its own between kernel and sensor */
};

extern const struct sk_event_class_info sk_event_classes[SK_EVENT_CLASS_COUNT];

/*
 * The class of an event type of the schema; OTHER for a number beyond it.
 * Looks names up: for tables that are made once, not for every event.
 */
enum sk_event_class sk_event_class(uint16_t type);

#endif
