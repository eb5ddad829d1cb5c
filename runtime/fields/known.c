/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/known.h"

#include <string.h>

#include "runtime/fields/extract.h"
#include "vm/given.h"

enum {
	OPEN_DIRECTORY = 1 << 10, /* wire value of the file_flags table */
	MODE_EXECUTE = 0111,
};

static const struct sk_known unknown = {.knowledge = SK_KNOWN_NOT};

/* --- the event ------------------------------------------------------------- */

/* An event with nothing in it but what is known. */
struct sketch {
	struct sk_event_view view;
	struct sk_thread thread;
	int64_t result;
	uint32_t flags, mode;
};

static int param_named(uint16_t type, const char *name)
{
	return sk_param_index(type, name, strlen(name));
}

/* The parameter of open and its like that is the path; -1 without one. */
static int path_param(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_CREAT_X:
		return 1;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 2;
	default:
		return -1;
	}
}

static bool is_open(uint16_t type)
{
	return path_param(type) >= 0 || type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X;
}

static void put(struct sketch *sketch, int index, const void *bytes, uint32_t length)
{
	struct sk_event *event = &sketch->view.event;

	if (index >= 0 && index < event->nparams)
		event->param[index] = (struct sk_param){bytes, length};
}

/* `maybe`: with all flags that may be set, and the mode that may be. */
static void draw(struct sketch *sketch, const struct sk_prospect *prospect, bool maybe)
{
	const struct sk_event_info *info = &sk_events[prospect->type];
	struct sk_event *event = &sketch->view.event;

	memset(sketch, 0, sizeof(*sketch));
	*event = (struct sk_event){.info = info, .type = prospect->type, .nparams = info->nparams};
	sketch->view.thread = &sketch->thread;
	sketch->view.fd_number = -1;
	sketch->result = prospect->result == SK_PROSPECT_ERROR    ? -(int64_t)prospect->error
			 : prospect->result == SK_PROSPECT_FAILED ? -1
								  : 0;
	sketch->flags = prospect->flags | (maybe ? prospect->maybe : 0);
	sketch->mode = prospect->executable == 1 || (maybe && prospect->executable != 0) ? MODE_EXECUTE : 0;
	for (unsigned i = 0; i < event->nparams; i++)
		event->param[i] = (struct sk_param){(const uint8_t *)"", 0};
	put(sketch, 0, &sketch->result, sizeof(sketch->result));
	if (!is_open(prospect->type))
		return;
	put(sketch, param_named(prospect->type, "flags"), &sketch->flags, sizeof(sketch->flags));
	put(sketch, param_named(prospect->type, "mode"), &sketch->mode, sizeof(sketch->mode));
	if (prospect->path)
		put(sketch, path_param(prospect->type), prospect->path, prospect->path_length);
}

/* The value that the field has of such an event: of those of which that is certain. */
static struct sk_known extracted(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				 struct sk_arena *values, bool maybe)
{
	struct sk_known known = {.knowledge = SK_KNOWN_VALUE};
	struct sketch sketch;

	draw(&sketch, prospect, maybe);
	sk_fields_extract(&sketch.view, ref, values, &known.value);
	return known.value.presence == SK_MISSING_MEMORY ? unknown : known;
}

static struct sk_known missing(void)
{
	return (struct sk_known){.knowledge = SK_KNOWN_VALUE, .value = sk_value_missing()};
}

static struct sk_known text(const char *bytes, uint32_t length)
{
	return (struct sk_known){.knowledge = SK_KNOWN_VALUE, .value = sk_value_text(bytes, length)};
}

static struct sk_known range(int64_t low, int64_t high)
{
	return (struct sk_known){.knowledge = SK_KNOWN_RANGE, .low = low, .high = high};
}

/* --- fields ------------------------------------------------------------------ */

static bool failed(const struct sk_prospect *prospect)
{
	return prospect->result == SK_PROSPECT_FAILED || prospect->result == SK_PROSPECT_ERROR;
}

/* Whether parameter 0 is what the call returned. */
static bool has_result(uint16_t type)
{
	const struct sk_event_info *info = &sk_events[type];

	if (info->direction != SK_DIRECTION_EXIT || !(info->category & SK_CATEGORY_SYSCALL) || info->nparams == 0 ||
	    type == SK_EVENT_GENERIC_X)
		return false;
	switch (info->params[0].type) {
	case SK_PARAM_ERRNO:
	case SK_PARAM_FD:
	case SK_PARAM_PID:
	case SK_PARAM_INT64:
	case SK_PARAM_UINT64:
		return true;
	default:
		return false;
	}
}

/* The same, and an error prints without a look at threads. */
static bool has_plain_result(uint16_t type)
{
	return has_result(type) && sk_events[type].params[0].type != SK_PARAM_PID;
}

static struct sk_known number_of_result(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
					struct sk_arena *values)
{
	switch ((enum sk_prospect_result)prospect->result) {
	case SK_PROSPECT_SUCCESS:
		return range(0, INT64_MAX);
	case SK_PROSPECT_FAILED:
		return range(-SK_PROSPECT_ERRORS, -1);
	case SK_PROSPECT_ERROR:
		return extracted(prospect, ref, values, false);
	case SK_PROSPECT_ANY:
		break;
	}
	return unknown;
}

/* A text that is another for each error. */
static struct sk_known text_of_error(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				     struct sk_arena *values)
{
	const uint8_t result = prospect->result;

	if (!has_plain_result(prospect->type))
		return unknown;
	if (result == SK_PROSPECT_ERROR)
		return extracted(prospect, ref, values, false);
	return (struct sk_known){.knowledge = result == SK_PROSPECT_FAILED ? SK_KNOWN_BY_ERROR : SK_KNOWN_NOT};
}

static int asked_param(const struct sk_field_ref *ref, uint16_t type)
{
	if (ref->kind == SK_ARGUMENT_KIND_INDEX)
		return ref->index < sk_events[type].nparams ? (int)ref->index : -1;
	return ref->argument ? sk_param_index(type, ref->argument, ref->argument_length) : -1;
}

static struct sk_known of_flags(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				struct sk_arena *values)
{
	if (!prospect->has_flags)
		return unknown;
	if (prospect->maybe)
		return (struct sk_known){.knowledge = SK_KNOWN_BY_FLAGS};
	return extracted(prospect, ref, values, false);
}

static struct sk_known of_param(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				struct sk_arena *values)
{
	const int index = asked_param(ref, prospect->type);

	if (index < 0)
		return missing();
	if (index == 0 && ref->field == SK_FIELD_EVT_ARG)
		return prospect->result == SK_PROSPECT_SUCCESS ? unknown : text_of_error(prospect, ref, values);
	if (index == 0 && has_result(prospect->type) && sk_type_is_signed((enum sk_type)ref->type))
		return number_of_result(prospect, ref, values);
	if (!is_open(prospect->type))
		return unknown;
	if (prospect->path && index == path_param(prospect->type))
		return extracted(prospect, ref, values, false);
	if (index > 0 && index == param_named(prospect->type, "flags"))
		return of_flags(prospect, ref, values);
	return unknown;
}

/* More flags can only make it true: known if it is the same with the fewest and with the most. */
static struct sk_known of_open(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
			       struct sk_arena *values)
{
	struct sk_known least, most;

	if (is_open(prospect->type) && !prospect->has_flags && param_named(prospect->type, "flags") >= 0)
		return unknown;
	if (ref->field == SK_FIELD_EVT_IS_OPEN_CREATE && prospect->result == SK_PROSPECT_ANY &&
	    is_open(prospect->type))
		return unknown;
	least = extracted(prospect, ref, values, false);
	most = extracted(prospect, ref, values, true);
	return least.knowledge == SK_KNOWN_VALUE && most.knowledge == SK_KNOWN_VALUE &&
			       least.value.number == most.value.number
		       ? least
		       : unknown;
}

/* --- fd.* ---------------------------------------------------------------------- */

enum { FD_FLAGS = SK_EVENT_FLAG_CREATES_FD | SK_EVENT_FLAG_USES_FD | SK_EVENT_FLAG_DESTROYS_FD };

/* Fields that are missing without an fd that is known to be a socket. */
static bool needs_socket(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_FD_IP:
	case SK_FIELD_FD_CIP:
	case SK_FIELD_FD_SIP:
	case SK_FIELD_FD_LIP:
	case SK_FIELD_FD_RIP:
	case SK_FIELD_FD_PORT:
	case SK_FIELD_FD_CPORT:
	case SK_FIELD_FD_SPORT:
	case SK_FIELD_FD_LPORT:
	case SK_FIELD_FD_RPORT:
	case SK_FIELD_FD_SOCKFAMILY:
	case SK_FIELD_FD_PROTO:
	case SK_FIELD_FD_SPROTO:
	case SK_FIELD_FD_LPROTO:
	case SK_FIELD_FD_RPROTO:
	case SK_FIELD_FD_NET:
	case SK_FIELD_FD_CNET:
	case SK_FIELD_FD_SNET:
	case SK_FIELD_FD_LNET:
	case SK_FIELD_FD_RNET:
		return true;
	default:
		return false;
	}
}

/* Fields that are missing without an fd that is known. */
static bool needs_fd(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_FD_TYPE:
	case SK_FIELD_FD_FILENAME:
	case SK_FIELD_FD_L4PROTO:
	case SK_FIELD_FD_IS_SERVER:
	case SK_FIELD_FD_CPROTO:
	case SK_FIELD_FD_CONNECTED:
	case SK_FIELD_FD_NAME_CHANGED:
	case SK_FIELD_FD_DEV:
	case SK_FIELD_FD_DEV_MAJOR:
	case SK_FIELD_FD_DEV_MINOR:
	case SK_FIELD_FD_INO:
	case SK_FIELD_FD_IS_UPPER_LAYER:
	case SK_FIELD_FD_IS_LOWER_LAYER:
		return true;
	default:
		return needs_socket(field);
	}
}

/* The event's own fd, as far as it follows from what is known. */
enum own_fd {
	FD_ANY,
	FD_FILE,    /* a file or directory that was opened */
	FD_UNKNOWN, /* none that the state knows */
};

/*
 * What the event's own fd is.  A call that opens one and failed has none; of
 * openat with a relative path, the fd of its directory stands in.
 */
static enum own_fd fd_of(const struct sk_prospect *prospect)
{
	const uint16_t flags = sk_events[prospect->type].flags;

	if (!(flags & SK_EVENT_FLAG_CREATES_FD) || (flags & SK_EVENT_FLAG_USES_FD))
		return FD_ANY;
	if (failed(prospect) && (prospect->path || prospect->type == SK_EVENT_SYSCALL_OPEN_X ||
				 prospect->type == SK_EVENT_SYSCALL_CREAT_X))
		return FD_UNKNOWN;
	if (prospect->result == SK_PROSPECT_SUCCESS && prospect->path)
		return FD_FILE;
	return FD_ANY;
}

static struct sk_known of_fd_number(const struct sk_prospect *prospect)
{
	const uint16_t flags = sk_events[prospect->type].flags;

	if (!(flags & SK_EVENT_FLAG_CREATES_FD) || (flags & SK_EVENT_FLAG_USES_FD) || !is_open(prospect->type))
		return unknown;
	switch ((enum sk_prospect_result)prospect->result) {
	case SK_PROSPECT_SUCCESS:
		return range(0, INT64_MAX);
	case SK_PROSPECT_FAILED:
	case SK_PROSPECT_ERROR:
		return range(-1, -1);
	case SK_PROSPECT_ANY:
		break;
	}
	return unknown;
}

/* What was opened counts as a directory if O_DIRECTORY says so, and as a file otherwise. */
static bool is_named(const struct sk_prospect *prospect)
{
	if (!prospect->path || !is_open(prospect->type))
		return false;
	return prospect->type == SK_EVENT_SYSCALL_CREAT_X ||
	       (prospect->has_flags && !(prospect->maybe & OPEN_DIRECTORY));
}

static struct sk_known of_file(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
			       struct sk_arena *values)
{
	const bool directory = prospect->has_flags && (prospect->flags & OPEN_DIRECTORY);
	uint32_t base;

	if (needs_socket(ref->field))
		return missing();
	if (!is_named(prospect))
		return unknown;
	switch ((int)ref->field) {
	case SK_FIELD_FD_TYPE:
		return directory ? text("directory", 9) : text("file", 4);
	case SK_FIELD_FD_TYPECHAR:
		return directory ? text("d", 1) : text("f", 1);
	case SK_FIELD_FD_NAME:
	case SK_FIELD_FD_NAMERAW:
		/* As they are read from the parameters where the fd is not known. */
		return extracted(prospect, ref, values, false);
	case SK_FIELD_FD_DIRECTORY:
		return directory ? text(prospect->path, prospect->path_length)
				 : extracted(prospect, ref, values, false);
	case SK_FIELD_FD_FILENAME:
		if (directory)
			return missing();
		base = sk_field_basename(prospect->path, prospect->path_length);
		return text(prospect->path + base, prospect->path_length - base);
	default:
		return unknown;
	}
}

static struct sk_known of_unknown_fd(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				     struct sk_arena *values)
{
	if (needs_fd(ref->field))
		return missing();
	switch ((int)ref->field) {
	case SK_FIELD_FD_TYPECHAR:
		return extracted(prospect, ref, values, false);
	case SK_FIELD_FD_NAME:
	case SK_FIELD_FD_NAMERAW:
	case SK_FIELD_FD_DIRECTORY:
		if (prospect->path || !(sk_events[prospect->type].flags & SK_EVENT_FLAG_CREATES_FD))
			return extracted(prospect, ref, values, false);
		return unknown;
	default:
		return unknown;
	}
}

static struct sk_known of_fd(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
			     struct sk_arena *values)
{
	if (!(sk_events[prospect->type].flags & FD_FLAGS))
		return missing();
	if (ref->field == SK_FIELD_FD_NUM)
		return of_fd_number(prospect);
	switch (fd_of(prospect)) {
	case FD_FILE:
		return of_file(prospect, ref, values);
	case FD_UNKNOWN:
		return of_unknown_fd(prospect, ref, values);
	case FD_ANY:
		break;
	}
	return unknown;
}

static bool is_fd_field(uint16_t field)
{
	return field >= SK_FIELD_FD_NUM && field <= SK_FIELD_FD_IS_LOWER_LAYER;
}

/* --- paths ------------------------------------------------------------------------ */

static struct sk_known of_fs_path(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
				  struct sk_arena *values)
{
	if (is_open(prospect->type) ? !prospect->path : prospect->result == SK_PROSPECT_SUCCESS)
		return unknown;
	switch ((enum sk_prospect_result)prospect->result) {
	case SK_PROSPECT_SUCCESS:
	case SK_PROSPECT_ERROR:
		return extracted(prospect, ref, values, false);
	case SK_PROSPECT_FAILED:
		return (struct sk_known){.knowledge = SK_KNOWN_BY_ERROR};
	case SK_PROSPECT_ANY:
		break;
	}
	return unknown;
}

static struct sk_known of_abspath(const struct sk_prospect *prospect, const struct sk_field_ref *ref)
{
	if (prospect->type == SK_EVENT_SYSCALL_OPEN_X || prospect->type == SK_EVENT_SYSCALL_CREAT_X)
		return missing();
	if (!prospect->path)
		return unknown;
	if (ref->argument && strcmp(ref->argument, "dst") == 0)
		return missing();
	return text(prospect->path, prospect->path_length);
}

/* --- all of them -------------------------------------------------------------------- */

struct sk_known sk_known_field(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
			       struct sk_arena *values)
{
	struct sk_known known = {.knowledge = SK_KNOWN_VALUE};

	if (is_fd_field(ref->field))
		return of_fd(prospect, ref, values);
	switch ((int)ref->field) {
	case SK_FIELD_EVT_NUM:
		return range(1, INT64_MAX);
	case SK_FIELD_EVT_FAILED:
	case SK_FIELD_EVT_COUNT_ERROR:
		return has_result(prospect->type) && prospect->result != SK_PROSPECT_ANY
			       ? extracted(prospect, ref, values, false)
			       : unknown;
	case SK_FIELD_EVT_RAWRES:
		return has_result(prospect->type) ? number_of_result(prospect, ref, values) : unknown;
	case SK_FIELD_EVT_RES:
		if (has_result(prospect->type) && prospect->result == SK_PROSPECT_SUCCESS)
			return extracted(prospect, ref, values, false);
		return text_of_error(prospect, ref, values);
	case SK_FIELD_EVT_ARG:
	case SK_FIELD_EVT_RAWARG:
		return of_param(prospect, ref, values);
	case SK_FIELD_EVT_IS_OPEN_READ:
	case SK_FIELD_EVT_IS_OPEN_WRITE:
	case SK_FIELD_EVT_IS_OPEN_EXEC:
	case SK_FIELD_EVT_IS_OPEN_CREATE:
		return of_open(prospect, ref, values);
	case SK_FIELD_EVT_BUFLEN:
	case SK_FIELD_EVT_BUFLEN_IN:
	case SK_FIELD_EVT_BUFLEN_OUT:
	case SK_FIELD_EVT_BUFLEN_FILE:
	case SK_FIELD_EVT_BUFLEN_FILE_IN:
	case SK_FIELD_EVT_BUFLEN_FILE_OUT:
	case SK_FIELD_EVT_BUFLEN_NET:
	case SK_FIELD_EVT_BUFLEN_NET_IN:
	case SK_FIELD_EVT_BUFLEN_NET_OUT:
		return has_result(prospect->type) && failed(prospect) ? missing() : unknown;
	case SK_FIELD_FS_PATH_NAME:
	case SK_FIELD_FS_PATH_NAMERAW:
	case SK_FIELD_FS_PATH_SOURCE:
	case SK_FIELD_FS_PATH_SOURCERAW:
	case SK_FIELD_FS_PATH_TARGET:
	case SK_FIELD_FS_PATH_TARGETRAW:
		return has_result(prospect->type) ? of_fs_path(prospect, ref, values) : unknown;
	/* The kernel lets calls through that came another way, and opens whose path leads elsewhere. */
	case SK_FIELD_SAKER_ORIGIN:
		return text("syscall", 7);
	/* The kernel looks at that, too, before it holds back a path. */
	case SK_FIELD_SAKER_PATH_REWRITTEN:
	case SK_FIELD_SAKER_PATH_GIVEN:
		return path_param(prospect->type) >= 0 && prospect->path ? extracted(prospect, ref, values, false)
									 : unknown;
	case SK_FIELD_SAKER_TARGET_GIVEN:
	case SK_FIELD_SAKER_TARGET_RESOLVED:
		return path_param(prospect->type) >= 0 ? missing() : unknown;
	case SK_FIELD_SAKER_PATH_RESOLVED:
		return is_open(prospect->type) && prospect->resolved
			       ? text(prospect->resolved, prospect->resolved_length)
			       : unknown;
	case SK_FIELD_EVT_ABSPATH:
		return is_open(prospect->type) ? of_abspath(prospect, ref) : unknown;
	default:
		return sk_given(ref, prospect->type, &known.value) ? known : unknown;
	}
}
