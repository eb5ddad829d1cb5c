/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "vm/schema/schema.h"

/*
 * Types that conditions compare.  What the reference has no comparison for is
 * OPAQUE: such a parameter can only be asked for with `exists`.
 */
enum sk_type sk_param_value_type(enum sk_param_type type)
{
	switch (type) {
	case SK_PARAM_INT8:
		return SK_TYPE_INT8;
	case SK_PARAM_INT16:
		return SK_TYPE_INT16;
	case SK_PARAM_INT32:
	case SK_PARAM_FD32:
	case SK_PARAM_PID32:
		return SK_TYPE_INT32;
	case SK_PARAM_INT64:
	case SK_PARAM_ERRNO:
	case SK_PARAM_FD:
	case SK_PARAM_PID:
		return SK_TYPE_INT64;
	case SK_PARAM_UINT8:
	case SK_PARAM_SIGTYPE:
	case SK_PARAM_FLAGS8:
	case SK_PARAM_ENUMFLAGS8:
		return SK_TYPE_UINT8;
	case SK_PARAM_UINT16:
	case SK_PARAM_SYSCALLID:
	case SK_PARAM_FLAGS16:
	case SK_PARAM_ENUMFLAGS16:
		return SK_TYPE_UINT16;
	case SK_PARAM_UINT32:
	case SK_PARAM_FLAGS32:
	case SK_PARAM_ENUMFLAGS32:
	case SK_PARAM_MODE:
		return SK_TYPE_UINT32;
	case SK_PARAM_UINT64:
		return SK_TYPE_UINT64;
	case SK_PARAM_DOUBLE:
		return SK_TYPE_DOUBLE;
	case SK_PARAM_PORT:
		return SK_TYPE_PORT;
	case SK_PARAM_RELTIME:
		return SK_TYPE_RELTIME;
	case SK_PARAM_ABSTIME:
		return SK_TYPE_ABSTIME;
	case SK_PARAM_BOOL:
		return SK_TYPE_BOOL;
	case SK_PARAM_CHARBUF:
	case SK_PARAM_FSPATH:
	case SK_PARAM_FSRELPATH:
		return SK_TYPE_STRING;
	case SK_PARAM_BYTEBUF:
		return SK_TYPE_BYTES;
	case SK_PARAM_IPV4ADDR:
	case SK_PARAM_IPV6ADDR:
	case SK_PARAM_IPADDR:
		return SK_TYPE_IPADDR;
	case SK_PARAM_IPV4NET:
	case SK_PARAM_IPV6NET:
	case SK_PARAM_IPNET:
		return SK_TYPE_IPNET;
	case SK_PARAM_NONE:
	case SK_PARAM_SOCKADDR:
	case SK_PARAM_SOCKTUPLE:
	case SK_PARAM_FDLIST:
	case SK_PARAM_L4PROTO:
	case SK_PARAM_SOCKFAMILY:
	case SK_PARAM_DYN:
	case SK_PARAM_UID:
	case SK_PARAM_GID:
	case SK_PARAM_SIGSET:
	case SK_PARAM_CHARBUFARRAY:
	case SK_PARAM_CHARBUF_PAIR_ARRAY:
	case SK_PARAM_TYPE_COUNT:
		return SK_TYPE_OPAQUE;
	}
	return SK_TYPE_OPAQUE;
}

int sk_param_condition_type(const char *name, size_t length)
{
	for (uint32_t event = 0; event < SK_EVENT_COUNT; event++) {
		const struct sk_event_info *info = &sk_events[event];

		for (uint32_t i = 0; i < info->nparams; i++) {
			if (strncmp(info->params[i].name, name, length) == 0 && !info->params[i].name[length])
				return (int)sk_param_value_type(info->params[i].type);
		}
	}
	return -1;
}
