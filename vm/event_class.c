/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/event_class.h"

#include <stddef.h>
#include <string.h>

#include "vm/schema/schema.h"

const struct sk_event_class_info sk_event_classes[SK_EVENT_CLASS_COUNT] = {
#define SK_EVENT_CLASS(id, name, reserved, meaning) [SK_EVENT_CLASS_##id] = {name, meaning, reserved},
#include "vm/event_class.def"
};

static enum sk_event_class class_of_category(uint32_t category)
{
	switch (category & SK_CATEGORY_CLASS_MASK) {
	case SK_CATEGORY_FILE:
		return SK_EVENT_CLASS_FILE;
	case SK_CATEGORY_NET:
		return SK_EVENT_CLASS_CONNECT;
	case SK_CATEGORY_IO_READ:
	case SK_CATEGORY_IO_WRITE:
		return SK_EVENT_CLASS_DATA;
	default:
		return SK_EVENT_CLASS_OTHER;
	}
}

enum sk_event_class sk_event_class(uint16_t type)
{
	static const struct {
		enum sk_event_class class;
		const char *event;
	} classed[] = {
#define SK_EVENT_CLASSED(class, event) {SK_EVENT_CLASS_##class, event},
#include "vm/event_class.def"
	};
	const struct sk_event_info *info;

	if (type >= SK_EVENT_COUNT)
		return SK_EVENT_CLASS_OTHER;
	info = &sk_events[type];
	for (size_t i = 0; i < sizeof(classed) / sizeof(classed[0]); i++)
		if (strcmp(classed[i].event, info->name) == 0)
			return classed[i].class;
	return class_of_category(info->category);
}
