/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the type of an event tells of its fields: what the engine rests on
 * (vm/given.h), and more that only says what is possible.  The sources are the
 * extractors (runtime/fields/); tests/conformance/test_lint_facts.c holds these
 * tables against recorded events.
 */
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/call_paths.h"
#include "vm/given.h"

static void add(struct sk_types *types, uint32_t type)
{
	types->words[type / 64] |= (uint64_t)1 << (type % 64);
}

static bool is_seen(const struct sk_event_info *info)
{
	return info->direction == SK_DIRECTION_EXIT || !(info->category & SK_CATEGORY_SYSCALL);
}

void sk_types_seen(struct sk_types *ret_types)
{
	memset(ret_types, 0, sizeof(*ret_types));
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (is_seen(&sk_events[type]))
			add(ret_types, type);
	}
}

/* --- which events have a field ------------------------------------------- */

static int find_param(const struct sk_event_info *info, const char *name, uint32_t length)
{
	for (int i = 0; i < info->nparams; i++) {
		if (strncmp(info->params[i].name, name, length) == 0 && info->params[i].name[length] == '\0')
			return i;
	}
	return -1;
}

static bool has_result(const struct sk_event_info *info)
{
	return info->direction == SK_DIRECTION_EXIT && (info->category & SK_CATEGORY_SYSCALL) && info->nparams > 0;
}

static bool transfers(const struct sk_event_info *info, unsigned flags)
{
	const unsigned class = info->category & SK_CATEGORY_CLASS_MASK;

	return has_result(info) && (info->flags & flags) == flags &&
	       (class == SK_CATEGORY_IO_READ || class == SK_CATEGORY_IO_WRITE || class == SK_CATEGORY_IO_OTHER);
}

static bool has_absolute_path(uint32_t type, bool second)
{
	const struct sk_at_paths paths = sk_at_paths((uint16_t)type);

	return (second ? paths.second : paths.first) != SK_PATH_NONE;
}

static bool is_of_fd(enum sk_field field)
{
	return field >= SK_FIELD_FD_NUM && field <= SK_FIELD_FD_IS_LOWER_LAYER && field != SK_FIELD_FD_TYPES;
}

static bool can_have(uint32_t type, const struct sk_bundle_field *field, const char *argument, uint32_t length)
{
	const struct sk_event_info *info = &sk_events[type];
	const unsigned fd_flags = SK_EVENT_FLAG_CREATES_FD | SK_EVENT_FLAG_USES_FD | SK_EVENT_FLAG_DESTROYS_FD;
	const struct sk_field_ref ref = {.field = field->field,
					 .kind = field->kind,
					 .index = field->index,
					 .argument = argument,
					 .argument_length = length};
	struct sk_value given;

	if (sk_given(&ref, (uint16_t)type, &given))
		return given.presence == SK_PRESENT;
	if (is_of_fd((enum sk_field)field->field))
		return info->flags & fd_flags;
	switch ((enum sk_field)field->field) {
	case SK_FIELD_EVT_BUFFER:
		return find_param(info, "data", 4) >= 0;
	case SK_FIELD_EVT_RES:
	case SK_FIELD_EVT_RAWRES:
	case SK_FIELD_EVT_FAILED:
	case SK_FIELD_EVT_COUNT_ERROR:
	case SK_FIELD_EVT_COUNT_ERROR_FILE:
	case SK_FIELD_EVT_COUNT_ERROR_NET:
	case SK_FIELD_EVT_COUNT_ERROR_MEMORY:
	case SK_FIELD_EVT_COUNT_ERROR_OTHER:
		return has_result(info) && type != SK_EVENT_GENERIC_X;
	case SK_FIELD_EVT_BUFLEN:
	case SK_FIELD_EVT_BUFLEN_FILE:
	case SK_FIELD_EVT_BUFLEN_NET:
		return transfers(info, 0);
	case SK_FIELD_EVT_BUFLEN_IN:
	case SK_FIELD_EVT_BUFLEN_FILE_IN:
	case SK_FIELD_EVT_BUFLEN_NET_IN:
		return transfers(info, SK_EVENT_FLAG_READS_FROM_FD);
	case SK_FIELD_EVT_BUFLEN_OUT:
	case SK_FIELD_EVT_BUFLEN_FILE_OUT:
	case SK_FIELD_EVT_BUFLEN_NET_OUT:
		return transfers(info, SK_EVENT_FLAG_WRITES_TO_FD);
	case SK_FIELD_EVT_ABSPATH:
		return has_absolute_path(type, argument && length == 3 && memcmp(argument, "dst", 3) == 0);
	case SK_FIELD_FS_PATH_NAME:
	case SK_FIELD_FS_PATH_NAMERAW:
		return sk_fs_paths((uint16_t)type).name != SK_PATH_NONE;
	case SK_FIELD_FS_PATH_SOURCE:
	case SK_FIELD_FS_PATH_SOURCERAW:
	case SK_FIELD_FS_PATH_TARGET:
	case SK_FIELD_FS_PATH_TARGETRAW:
		return sk_fs_paths((uint16_t)type).source != SK_PATH_NONE;
	case SK_FIELD_SAKER_ORIGIN:
		return info->category & SK_CATEGORY_SYSCALL;
	case SK_FIELD_SAKER_PATH_GIVEN:
	case SK_FIELD_SAKER_PATH_RESOLVED:
	case SK_FIELD_SAKER_PATH_ALIASED:
	case SK_FIELD_SAKER_PATH_REWRITTEN:
		return sk_event_path((uint16_t)type, 0) >= 0;
	case SK_FIELD_SAKER_TARGET_GIVEN:
	case SK_FIELD_SAKER_TARGET_RESOLVED:
		return sk_event_path((uint16_t)type, 1) >= 0;
	case SK_FIELD_FDLIST_NUMS:
	case SK_FIELD_FDLIST_NAMES:
	case SK_FIELD_FDLIST_CIPS:
	case SK_FIELD_FDLIST_SIPS:
	case SK_FIELD_FDLIST_CPORTS:
	case SK_FIELD_FDLIST_SPORTS:
		return find_param(info, "fds", 3) >= 0;
	default:
		return true;
	}
}

void sk_types_of_field(const struct sk_bundle_field *field, const char *argument, uint32_t length,
		       struct sk_types *ret_types)
{
	memset(ret_types, 0, sizeof(*ret_types));
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (is_seen(&sk_events[type]) && can_have(type, field, argument, length))
			add(ret_types, type);
	}
}

enum company {
	COMPANY_NONE,
	COMPANY_PARENT,
	COMPANY_ROLE,
	COMPANY_ENDS,
	COMPANY_CONTAINER,
	COMPANY_POD,
	COMPANY_KEY,
	COMPANY_EVENT,
	COMPANY_ANCESTOR
};

uint8_t sk_field_company(const struct sk_bundle_field *field)
{
	switch ((enum sk_field)field->field) {
	case SK_FIELD_PROC_PNAME:
	case SK_FIELD_PROC_PEXE:
	case SK_FIELD_PROC_PEXEPATH:
	case SK_FIELD_PROC_PCMDLINE:
	case SK_FIELD_PROC_PPID:
	case SK_FIELD_PROC_PVPID:
		return COMPANY_PARENT;
	case SK_FIELD_PROC_ANAME:
	case SK_FIELD_PROC_AEXE:
	case SK_FIELD_PROC_AEXEPATH:
	case SK_FIELD_PROC_ACMDLINE:
	case SK_FIELD_PROC_APID:
		if (field->kind != SK_ARGUMENT_KIND_INDEX || field->index == 0 || field->index > 100)
			return COMPANY_NONE;
		return field->index == 1 ? COMPANY_PARENT : (uint8_t)(COMPANY_ANCESTOR + field->index);
	case SK_FIELD_FD_CIP:
	case SK_FIELD_FD_SIP:
	case SK_FIELD_FD_CPORT:
	case SK_FIELD_FD_SPORT:
	case SK_FIELD_FD_CNET:
	case SK_FIELD_FD_SNET:
	case SK_FIELD_FD_CPROTO:
	case SK_FIELD_FD_SPROTO:
	case SK_FIELD_FD_CIP_NAME:
	case SK_FIELD_FD_SIP_NAME:
		return COMPANY_ROLE;
	case SK_FIELD_FD_LIP:
	case SK_FIELD_FD_RIP:
	case SK_FIELD_FD_LPORT:
	case SK_FIELD_FD_RPORT:
	case SK_FIELD_FD_LNET:
	case SK_FIELD_FD_RNET:
	case SK_FIELD_FD_LPROTO:
	case SK_FIELD_FD_RPROTO:
	case SK_FIELD_FD_LIP_NAME:
	case SK_FIELD_FD_RIP_NAME:
		return COMPANY_ENDS;
	case SK_FIELD_CONTAINER_IMAGE:
	case SK_FIELD_CONTAINER_IMAGE_ID:
	case SK_FIELD_CONTAINER_IMAGE_REPOSITORY:
	case SK_FIELD_CONTAINER_IMAGE_TAG:
	case SK_FIELD_CONTAINER_IMAGE_DIGEST:
		return COMPANY_CONTAINER;
	case SK_FIELD_K8S_POD_NAME:
	case SK_FIELD_K8S_NS_NAME:
	case SK_FIELD_K8S_POD_ID:
	case SK_FIELD_K8S_POD_UID:
		return COMPANY_POD;
	case SK_FIELD_CONTAINER_LABEL:
	case SK_FIELD_K8S_POD_LABEL:
	case SK_FIELD_CONTAINER_MOUNT_DEST:
	case SK_FIELD_CONTAINER_MOUNT_SOURCE:
		return COMPANY_KEY;
	case SK_FIELD_EVT_ARG:
	case SK_FIELD_EVT_RES:
	case SK_FIELD_EVT_RAWRES:
	case SK_FIELD_FS_PATH_NAME:
	case SK_FIELD_FS_PATH_SOURCE:
	case SK_FIELD_FS_PATH_TARGET:
		return COMPANY_EVENT;
	default:
		return COMPANY_NONE;
	}
}

bool sk_field_is_always_there(const struct sk_bundle_field *field)
{
	switch ((enum sk_field)field->field) {
	case SK_FIELD_EVT_NUM:
	case SK_FIELD_EVT_TYPE:
	case SK_FIELD_EVT_TYPE_IS:
	case SK_FIELD_EVT_DIR:
	case SK_FIELD_EVT_CPU:
	case SK_FIELD_EVT_COUNT:
	case SK_FIELD_EVT_SOURCE:
	case SK_FIELD_EVT_IS_ASYNC:
	case SK_FIELD_EVT_IS_IO:
	case SK_FIELD_EVT_IS_IO_READ:
	case SK_FIELD_EVT_IS_IO_WRITE:
	case SK_FIELD_EVT_IS_WAIT:
	case SK_FIELD_EVT_IS_OPEN_READ:
	case SK_FIELD_EVT_IS_OPEN_WRITE:
	case SK_FIELD_EVT_IS_OPEN_EXEC:
	case SK_FIELD_EVT_IS_OPEN_CREATE:
		return true;
	default:
		return false;
	}
}

/* --- what a type tells of a field's value -------------------------------- */

bool sk_types_tell_text(enum sk_field field, uint32_t type, const char **ret_text)
{
	const struct sk_field_ref ref = {.field = (uint16_t)field};
	struct sk_value given;

	if (field == SK_FIELD_EVT_SOURCE) {
		*ret_text = "syscall";
		return true;
	}
	if (field == SK_FIELD_EVT_ARG || !sk_given(&ref, (uint16_t)type, &given) || given.presence != SK_PRESENT ||
	    given.type != SK_TYPE_STRING)
		return false;
	*ret_text = given.text;
	return true;
}

static bool opens(uint32_t type)
{
	return type == SK_EVENT_SYSCALL_OPEN_X || type == SK_EVENT_SYSCALL_OPENAT_2_X ||
	       type == SK_EVENT_SYSCALL_OPENAT2_X || type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X;
}

bool sk_types_tell_number(enum sk_field field, uint32_t type, uint64_t *ret_number)
{
	const struct sk_field_ref ref = {.field = (uint16_t)field};
	struct sk_value given;

	*ret_number = 0;
	switch (field) {
	case SK_FIELD_EVT_ARG:
	case SK_FIELD_EVT_RAWARG:
		return false;
	case SK_FIELD_EVT_COUNT:
		*ret_number = 1;
		return true;
	case SK_FIELD_EVT_IS_OPEN_READ:
	case SK_FIELD_EVT_IS_OPEN_WRITE:
	case SK_FIELD_EVT_IS_OPEN_CREATE:
		return !opens(type);
	case SK_FIELD_EVT_IS_OPEN_EXEC:
		return (!opens(type) || type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X) &&
		       type != SK_EVENT_SYSCALL_CREAT_X;
	default:
		break;
	}
	if (!sk_given(&ref, (uint16_t)type, &given) || given.presence != SK_PRESENT || given.type == SK_TYPE_STRING)
		return false;
	*ret_number = given.number;
	return true;
}
