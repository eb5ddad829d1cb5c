/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/prospect.h"

#include <errno.h>

#include "runtime/fields/extract.h"
#include "runtime/state/path.h"
#include "vm/compare.h"
#include "vm/given.h"
#include "vm/reach.h"
#include "vm/support/alloc.h"

enum {
	OPEN_DIRECTORY = 1 << 10, /* wire value of the file_flags table */
	MODE_EXECUTE = 0111,
	FLAG_VARIANTS = 6, /* bits that may or may not be set and are tried in all combinations */
};

struct sk_prospector {
	const struct sk_bundle *bundle;
	struct sk_arena values, temporary; /* of values; of a comparison */
	uint8_t *reached;                  /* scratch of sk_reach(), as large as the largest condition */
	uint8_t *truths;                   /* of each predicate: enum sk_truth plus 1; 0: not asked yet */
	const struct sk_prospect *prospect;
};

/* How a field stands to what is known. */
enum knowledge {
	UNKNOWN,
	VALUE,    /* it has this value, which may be missing */
	RANGE,    /* a number from `low` to `high` */
	BY_ERROR, /* known for each error */
	BY_FLAGS, /* known for each combination of the flags that may be set */
};

struct known {
	enum knowledge knowledge;
	struct sk_value value;
	int64_t low, high;
};

static const struct known unknown = {.knowledge = UNKNOWN};

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
static struct known extracted(struct sk_prospector *prospector, const struct sk_field_ref *ref, bool maybe)
{
	struct known known = {.knowledge = VALUE};
	struct sketch sketch;

	draw(&sketch, prospector->prospect, maybe);
	sk_fields_extract(&sketch.view, ref, &prospector->values, &known.value);
	return known.value.presence == SK_MISSING_MEMORY ? unknown : known;
}

static struct known missing(void)
{
	return (struct known){.knowledge = VALUE, .value = sk_value_missing()};
}

static struct known text(const char *bytes, uint32_t length)
{
	return (struct known){.knowledge = VALUE, .value = sk_value_text(bytes, length)};
}

static struct known range(int64_t low, int64_t high)
{
	return (struct known){.knowledge = RANGE, .low = low, .high = high};
}

/* --- fields ------------------------------------------------------------------ */

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

static struct known number_of_result(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	switch ((enum sk_prospect_result)prospector->prospect->result) {
	case SK_PROSPECT_SUCCESS:
		return range(0, INT64_MAX);
	case SK_PROSPECT_FAILED:
		return range(-SK_PROSPECT_ERRORS, -1);
	case SK_PROSPECT_ERROR:
		return extracted(prospector, ref, false);
	case SK_PROSPECT_ANY:
		break;
	}
	return unknown;
}

/* A text that is another for each error. */
static struct known text_of_error(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const uint8_t result = prospector->prospect->result;

	if (!has_plain_result(prospector->prospect->type))
		return unknown;
	if (result == SK_PROSPECT_ERROR)
		return extracted(prospector, ref, false);
	return (struct known){.knowledge = result == SK_PROSPECT_FAILED ? BY_ERROR : UNKNOWN};
}

static int asked_param(const struct sk_field_ref *ref, uint16_t type)
{
	if (ref->kind == SK_ARGUMENT_KIND_INDEX)
		return ref->index < sk_events[type].nparams ? (int)ref->index : -1;
	return ref->argument ? sk_param_index(type, ref->argument, ref->argument_length) : -1;
}

static struct known of_flags(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;

	if (!prospect->has_flags)
		return unknown;
	if (prospect->maybe)
		return (struct known){.knowledge = BY_FLAGS};
	return extracted(prospector, ref, false);
}

static struct known of_param(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;
	const int index = asked_param(ref, prospect->type);

	if (index < 0)
		return missing();
	if (index == 0 && ref->field == SK_FIELD_EVT_ARG)
		return prospect->result == SK_PROSPECT_SUCCESS ? unknown : text_of_error(prospector, ref);
	if (index == 0 && has_result(prospect->type) && sk_type_is_signed((enum sk_type)ref->type))
		return number_of_result(prospector, ref);
	if (!is_open(prospect->type))
		return unknown;
	if (prospect->path && index == path_param(prospect->type))
		return extracted(prospector, ref, false);
	if (index > 0 && index == param_named(prospect->type, "flags"))
		return of_flags(prospector, ref);
	return unknown;
}

/* More flags can only make it true: known if it is the same with the fewest and with the most. */
static struct known of_open(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;
	struct known least, most;

	if (is_open(prospect->type) && !prospect->has_flags && param_named(prospect->type, "flags") >= 0)
		return unknown;
	if (ref->field == SK_FIELD_EVT_IS_OPEN_CREATE && prospect->result == SK_PROSPECT_ANY &&
	    is_open(prospect->type))
		return unknown;
	least = extracted(prospector, ref, false);
	most = extracted(prospector, ref, true);
	return least.knowledge == VALUE && most.knowledge == VALUE && least.value.number == most.value.number
		       ? least
		       : unknown;
}

/* --- fd.* ---------------------------------------------------------------------- */

enum { FD_FLAGS = SK_EVENT_FLAG_CREATES_FD | SK_EVENT_FLAG_USES_FD | SK_EVENT_FLAG_DESTROYS_FD };

/* Fields that are missing without an fd that is known. */
static bool needs_fd(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_FD_TYPE:
	case SK_FIELD_FD_FILENAME:
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
	case SK_FIELD_FD_L4PROTO:
	case SK_FIELD_FD_SOCKFAMILY:
	case SK_FIELD_FD_IS_SERVER:
	case SK_FIELD_FD_PROTO:
	case SK_FIELD_FD_CPROTO:
	case SK_FIELD_FD_SPROTO:
	case SK_FIELD_FD_LPROTO:
	case SK_FIELD_FD_RPROTO:
	case SK_FIELD_FD_NET:
	case SK_FIELD_FD_CNET:
	case SK_FIELD_FD_SNET:
	case SK_FIELD_FD_LNET:
	case SK_FIELD_FD_RNET:
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
		return false;
	}
}

/* Of those, the ones that are missing of a regular file too. */
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
	const bool failed = prospect->result == SK_PROSPECT_FAILED || prospect->result == SK_PROSPECT_ERROR;

	if (!(flags & SK_EVENT_FLAG_CREATES_FD) || (flags & SK_EVENT_FLAG_USES_FD))
		return FD_ANY;
	if (failed && (prospect->path || prospect->type == SK_EVENT_SYSCALL_OPEN_X ||
		       prospect->type == SK_EVENT_SYSCALL_CREAT_X))
		return FD_UNKNOWN;
	if (prospect->result == SK_PROSPECT_SUCCESS && prospect->path)
		return FD_FILE;
	return FD_ANY;
}

static struct known of_fd_number(const struct sk_prospect *prospect)
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

static struct known of_file(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;
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
		return extracted(prospector, ref, false);
	case SK_FIELD_FD_DIRECTORY:
		return directory ? text(prospect->path, prospect->path_length) : extracted(prospector, ref, false);
	case SK_FIELD_FD_FILENAME:
		if (directory)
			return missing();
		base = sk_field_basename(prospect->path, prospect->path_length);
		return text(prospect->path + base, prospect->path_length - base);
	default:
		return unknown;
	}
}

static struct known of_unknown_fd(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;

	if (needs_fd(ref->field))
		return missing();
	switch ((int)ref->field) {
	case SK_FIELD_FD_TYPECHAR:
		return extracted(prospector, ref, false);
	case SK_FIELD_FD_NAME:
	case SK_FIELD_FD_NAMERAW:
	case SK_FIELD_FD_DIRECTORY:
		if (prospect->path || !(sk_events[prospect->type].flags & SK_EVENT_FLAG_CREATES_FD))
			return extracted(prospector, ref, false);
		return unknown;
	default:
		return unknown;
	}
}

static struct known of_fd(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;

	if (!(sk_events[prospect->type].flags & FD_FLAGS))
		return missing();
	if (ref->field == SK_FIELD_FD_NUM)
		return of_fd_number(prospect);
	switch (fd_of(prospect)) {
	case FD_FILE:
		return of_file(prospector, ref);
	case FD_UNKNOWN:
		return of_unknown_fd(prospector, ref);
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

static struct known of_fs_path(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;

	if (is_open(prospect->type) ? !prospect->path : prospect->result == SK_PROSPECT_SUCCESS)
		return unknown;
	switch ((enum sk_prospect_result)prospect->result) {
	case SK_PROSPECT_SUCCESS:
	case SK_PROSPECT_ERROR:
		return extracted(prospector, ref, false);
	case SK_PROSPECT_FAILED:
		return (struct known){.knowledge = BY_ERROR};
	case SK_PROSPECT_ANY:
		break;
	}
	return unknown;
}

static struct known of_abspath(const struct sk_prospect *prospect, const struct sk_field_ref *ref)
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

static bool failed(const struct sk_prospect *prospect)
{
	return prospect->result == SK_PROSPECT_FAILED || prospect->result == SK_PROSPECT_ERROR;
}

static struct known of_field(struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	const struct sk_prospect *prospect = prospector->prospect;
	struct known known = {.knowledge = VALUE};

	if (is_fd_field(ref->field))
		return of_fd(prospector, ref);
	switch ((int)ref->field) {
	case SK_FIELD_EVT_NUM:
		return range(1, INT64_MAX);
	case SK_FIELD_EVT_FAILED:
	case SK_FIELD_EVT_COUNT_ERROR:
		return has_result(prospect->type) && prospect->result != SK_PROSPECT_ANY
			       ? extracted(prospector, ref, false)
			       : unknown;
	case SK_FIELD_EVT_RAWRES:
		return has_result(prospect->type) ? number_of_result(prospector, ref) : unknown;
	case SK_FIELD_EVT_RES:
		if (has_result(prospect->type) && prospect->result == SK_PROSPECT_SUCCESS)
			return extracted(prospector, ref, false);
		return text_of_error(prospector, ref);
	case SK_FIELD_EVT_ARG:
	case SK_FIELD_EVT_RAWARG:
		return of_param(prospector, ref);
	case SK_FIELD_EVT_IS_OPEN_READ:
	case SK_FIELD_EVT_IS_OPEN_WRITE:
	case SK_FIELD_EVT_IS_OPEN_EXEC:
	case SK_FIELD_EVT_IS_OPEN_CREATE:
		return of_open(prospector, ref);
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
		return has_result(prospect->type) ? of_fs_path(prospector, ref) : unknown;
	/* The kernel lets calls through that came another way, and opens whose path leads elsewhere. */
	case SK_FIELD_SAKER_ORIGIN:
		return text("syscall", 7);
	/* The kernel looks at that, too, before it holds back a path. */
	case SK_FIELD_SAKER_PATH_REWRITTEN:
	case SK_FIELD_SAKER_PATH_GIVEN:
		return path_param(prospect->type) >= 0 && prospect->path ? extracted(prospector, ref, false)
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

static struct sk_field_ref ref_of(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_field *field = &bundle->fields[number];
	struct sk_field_ref ref = {
		.field = field->field,
		.kind = field->kind,
		.type = field->type,
		.list = field->list,
		.number = number,
		.index = field->index,
	};

	if (field->argument != SK_NONE)
		ref.argument = sk_bundle_text(bundle, field->argument, &ref.argument_length);
	return ref;
}

/* Of a transformer it is only known when it misses an argument. */
static struct known of_expression(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	struct sk_field_ref ref;

	if (expression->kind == SK_EXPRESSION_FIELD) {
		ref = ref_of(bundle, expression->operand);
		return of_field(prospector, &ref);
	}
	for (uint32_t i = 0; expression->kind == SK_EXPRESSION_TRANSFORMER && i < expression->count; i++) {
		const struct known argument = of_expression(prospector, bundle->arguments[expression->operand + i]);

		if (argument.knowledge == VALUE && argument.value.presence != SK_PRESENT)
			return argument;
	}
	return unknown;
}

/* --- predicates --------------------------------------------------------------------- */

static enum sk_truth truth_of(struct sk_prospector *prospector, uint32_t number);

static enum sk_truth truth(bool holds)
{
	return holds ? SK_TRUTH_TRUE : SK_TRUTH_FALSE;
}

static bool is_text_list(enum sk_operator operator)
{
	return operator== SK_OPERATOR_IN || operator== SK_OPERATOR_INTERSECTS;
}

/* What the comparison of a number in a range with one constant comes to. */
static enum sk_truth in_range(const struct known *known, enum sk_operator operator, enum sk_type type,
			      uint64_t constant)
{
	const bool low = sk_compare_number(operator, type, (uint64_t)known->low, constant);
	const bool high = sk_compare_number(operator, type, (uint64_t)known->high, constant);

	switch ((int)operator) {
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
		return low == high ? truth(low) : SK_TRUTH_UNKNOWN;
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		if (known->low == known->high)
			return truth(low);
		/* Neither end, and no order of it between them. */
		if (!low && !high &&
		    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->low, constant) ==
			    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->high, constant))
			return SK_TRUTH_FALSE;
		return SK_TRUTH_UNKNOWN;
	case SK_OPERATOR_NE:
		if (known->low == known->high)
			return truth(low);
		if (low && high &&
		    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->low, constant) ==
			    sk_compare_number(SK_OPERATOR_LT, type, (uint64_t)known->high, constant))
			return SK_TRUTH_TRUE;
		return SK_TRUTH_UNKNOWN;
	default:
		return SK_TRUTH_UNKNOWN;
	}
}

static enum sk_truth compare_range(struct sk_prospector *prospector, const struct known *known, uint32_t number)
{
	const struct sk_comparison comparison = sk_comparison_of(prospector->bundle, number);
	const enum sk_operator operator=(enum sk_operator) comparison.operator;
	bool may_hold = false;

	if (sk_types[comparison.type].class != SK_CLASS_NUMBER || comparison.type == SK_TYPE_DOUBLE ||
	    comparison.modifier != SK_MODIFIER_NONE || prospector->bundle->predicates[number].right != SK_NONE)
		return SK_TRUTH_UNKNOWN;
	if (!is_text_list(operator) && comparison.count != 1)
		return SK_TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < comparison.count; i++) {
		const enum sk_truth one = in_range(known, operator,(enum sk_type) comparison.type,
						   prospector->bundle->numbers[comparison.constants[i]]);

		if (one == SK_TRUTH_TRUE || !is_text_list(operator))
			return one;
		may_hold |= one == SK_TRUTH_UNKNOWN;
	}
	return may_hold ? SK_TRUTH_UNKNOWN : SK_TRUTH_FALSE;
}

/* The truth that a predicate has in all of the cases, each of which `prospector->prospect` is in turn. */
static enum sk_truth by_error(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_prospect *whole = prospector->prospect;
	struct sk_prospect part = *whole;
	enum sk_truth all = SK_TRUTH_UNKNOWN;

	part.result = SK_PROSPECT_ERROR;
	/* cppcheck-suppress autoVariables ; it is put back below */
	prospector->prospect = &part;
	for (uint16_t error = 1; error <= SK_PROSPECT_ERRORS; error++) {
		enum sk_truth one;

		part.error = error;
		one = truth_of(prospector, number);
		if (one == SK_TRUTH_UNKNOWN || (error > 1 && one != all)) {
			all = SK_TRUTH_UNKNOWN;
			break;
		}
		all = one;
	}
	prospector->prospect = whole;
	return all;
}

static enum sk_truth by_flags(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_prospect *whole = prospector->prospect;
	struct sk_prospect part = *whole;
	enum sk_truth all = SK_TRUTH_UNKNOWN;
	uint32_t subset = whole->maybe;

	if (__builtin_popcount(whole->maybe) > FLAG_VARIANTS)
		return SK_TRUTH_UNKNOWN;
	part.maybe = 0;
	/* cppcheck-suppress autoVariables ; it is put back below */
	prospector->prospect = &part;
	for (;;) {
		enum sk_truth one;

		part.flags = whole->flags | subset;
		one = truth_of(prospector, number);
		if (one == SK_TRUTH_UNKNOWN || (subset != whole->maybe && one != all)) {
			all = SK_TRUTH_UNKNOWN;
			break;
		}
		all = one;
		if (!subset)
			break;
		subset = (subset - 1) & whole->maybe;
	}
	prospector->prospect = whole;
	return all;
}

static enum sk_truth truth_of(struct sk_prospector *prospector, uint32_t number)
{
	const struct sk_bundle_predicate *predicate = &prospector->bundle->predicates[number];
	struct sk_comparison comparison;
	struct known known;

	/* Whatever is compared with what is missing, it does not hold. */
	if (predicate->right != SK_NONE) {
		known = of_expression(prospector, predicate->right);
		if (known.knowledge == VALUE && known.value.presence != SK_PRESENT)
			return SK_TRUTH_FALSE;
	}
	known = of_expression(prospector, predicate->left);
	switch (known.knowledge) {
	case UNKNOWN:
		return SK_TRUTH_UNKNOWN;
	case BY_ERROR:
		return by_error(prospector, number);
	case BY_FLAGS:
		return by_flags(prospector, number);
	case RANGE:
		return predicate->operator== SK_OPERATOR_EXISTS ? SK_TRUTH_TRUE
								: compare_range(prospector, &known, number);
	case VALUE:
		break;
	}
	if (known.value.presence != SK_PRESENT)
		return SK_TRUTH_FALSE;
	if (predicate->operator== SK_OPERATOR_EXISTS)
		return SK_TRUTH_TRUE;
	if (predicate->right != SK_NONE || predicate->operator== SK_OPERATOR_REGEX ||
					   predicate->quantifier != SK_QUANTIFIER_ONE)
		return SK_TRUTH_UNKNOWN;
	comparison = sk_comparison_of(prospector->bundle, number);
	if (comparison.type != known.value.type)
		return SK_TRUTH_UNKNOWN;
	return truth(sk_compare_constants(&comparison, &known.value, &prospector->temporary));
}

static enum sk_truth remembered_truth(const void *context, uint32_t number)
{
	struct sk_prospector *prospector = (struct sk_prospector *)context;

	if (!prospector->truths[number])
		prospector->truths[number] = (uint8_t)(truth_of(prospector, number) + 1);
	return (enum sk_truth)(prospector->truths[number] - 1);
}

/* --- rules ---------------------------------------------------------------------------- */

static void look_at(struct sk_prospector *prospector, const struct sk_prospect *prospect)
{
	prospector->prospect = prospect;
	memset(prospector->truths, 0, prospector->bundle->predicates_count);
	sk_arena_reset(&prospector->values);
}

static bool may_match(struct sk_prospector *prospector, uint32_t rule)
{
	const struct sk_bundle_rule *record = &prospector->bundle->rules[rule];

	return sk_reach(&prospector->bundle->code[record->condition], record->condition_size, remembered_truth,
			prospector, NULL, NULL, prospector->reached) &
	       SK_REACH_MATCH;
}

uint32_t sk_prospector_find(struct sk_prospector *prospector, const struct sk_prospect *prospect)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_type *type = &bundle->types[prospect->type];

	look_at(prospector, prospect);
	for (uint32_t i = 0; i < type->count; i++) {
		const uint32_t rule = bundle->type_rules[type->first + i];

		if (may_match(prospector, rule))
			return rule;
	}
	return SK_NONE;
}

/* Calls `look` for every field of an expression, until it says true. */
static bool any_field(const struct sk_prospector *prospector, uint32_t number,
		      bool (*look)(const struct sk_prospector *prospector, const struct sk_field_ref *ref))
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	struct sk_field_ref ref;

	if (expression->kind == SK_EXPRESSION_CONSTANT)
		return false;
	if (expression->kind == SK_EXPRESSION_FIELD) {
		ref = ref_of(bundle, expression->operand);
		return look(prospector, &ref);
	}
	for (uint32_t i = 0; i < expression->count; i++) {
		if (any_field(prospector, bundle->arguments[expression->operand + i], look))
			return true;
	}
	return false;
}

/* Whether a field of the rule's condition or output is one that `look` looks for. */
static bool rule_reads(const struct sk_prospector *prospector, uint32_t rule,
		       bool (*look)(const struct sk_prospector *prospector, const struct sk_field_ref *ref))
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_bundle_rule *record = &bundle->rules[rule];

	for (uint32_t i = 0; i < record->condition_size; i++) {
		const struct sk_instruction *instruction = &bundle->code[record->condition + i];
		const struct sk_bundle_predicate *predicate;

		if (sk_ops[instruction->op].operand != SK_OP_OPERAND_PREDICATE)
			continue;
		predicate = &bundle->predicates[instruction->operand];
		if (any_field(prospector, predicate->left, look) ||
		    (predicate->right != SK_NONE && any_field(prospector, predicate->right, look)))
			return true;
	}
	for (uint32_t i = 0; i < record->output_size; i++) {
		const struct sk_instruction *instruction = &bundle->code[record->output + i];

		if (sk_ops[instruction->op].operand == SK_OP_OPERAND_EXPRESSION &&
		    any_field(prospector, instruction->operand, look))
			return true;
	}
	return false;
}

/* What is counted on from one evaluation of a rule to the next. */
static bool counts_evaluations(const struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	(void)prospector;
	return sk_fields[ref->field].flags & SK_FIELD_FLAG_READING;
}

static bool counts(const struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	switch ((int)ref->field) {
	case SK_FIELD_EVT_NUM:
	case SK_FIELD_EVT_RELTIME:
	case SK_FIELD_EVT_RELTIME_S:
	case SK_FIELD_EVT_RELTIME_NS:
		return true;
	default:
		return counts_evaluations(prospector, ref);
	}
}

static bool asks_for_place(const struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	(void)prospector;
	return ref->field == SK_FIELD_SAKER_PATH_RESOLVED;
}

bool sk_prospector_asks_for_places(struct sk_prospector *prospector)
{
	const struct sk_bundle *bundle = prospector->bundle;

	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		if (any_field(prospector, predicate->left, asks_for_place) ||
		    (predicate->right != SK_NONE && any_field(prospector, predicate->right, asks_for_place)))
			return true;
	}
	return false;
}

bool sk_prospector_counts(struct sk_prospector *prospector)
{
	const struct sk_bundle *bundle = prospector->bundle;
	const struct sk_prospect nothing = {.type = SK_EVENT_GENERIC_X, .executable = -1};

	look_at(prospector, &nothing);
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		/* evt.num = 0 is how rules say "never", whatever the number is. */
		if ((any_field(prospector, predicate->left, counts) ||
		     (predicate->right != SK_NONE && any_field(prospector, predicate->right, counts))) &&
		    truth_of(prospector, i) == SK_TRUTH_UNKNOWN)
			return true;
	}
	for (uint32_t rule = 0; rule < bundle->rules_count; rule++) {
		if (rule_reads(prospector, rule, counts_evaluations))
			return true;
	}
	return false;
}

/* Whether the value follows from fds that are no arguments of the call. */
static bool reads_tables(const struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	(void)prospector;
	switch ((int)ref->field) {
	case SK_FIELD_FD_TYPES:
	case SK_FIELD_PROC_FDOPENCOUNT:
	case SK_FIELD_PROC_FDUSAGE:
	case SK_FIELD_FDLIST_NUMS:
	case SK_FIELD_FDLIST_NAMES:
	case SK_FIELD_FDLIST_CIPS:
	case SK_FIELD_FDLIST_SIPS:
	case SK_FIELD_FDLIST_CPORTS:
	case SK_FIELD_FDLIST_SPORTS:
		return true;
	default:
		return false;
	}
}

/* Whether it shows arguments, of poll a list of fds. */
static bool prints_arguments(const struct sk_prospector *prospector, const struct sk_field_ref *ref)
{
	(void)prospector;
	return ref->field == SK_FIELD_EVT_ARGS || ref->field == SK_FIELD_EVT_INFO || ref->field == SK_FIELD_EVT_ARG;
}

static bool is_tried_for(const struct sk_bundle *bundle, uint32_t rule, uint16_t type)
{
	const struct sk_bundle_type *rules = &bundle->types[type];

	for (uint32_t i = 0; i < rules->count; i++) {
		if (bundle->type_rules[rules->first + i] == rule)
			return true;
	}
	return false;
}

bool sk_prospector_asks_for_tables(struct sk_prospector *prospector)
{
	const struct sk_bundle *bundle = prospector->bundle;

	for (uint32_t rule = 0; rule < bundle->rules_count; rule++) {
		if (rule_reads(prospector, rule, reads_tables) ||
		    ((is_tried_for(bundle, rule, SK_EVENT_SYSCALL_POLL_X) ||
		      is_tried_for(bundle, rule, SK_EVENT_SYSCALL_PPOLL_X)) &&
		     rule_reads(prospector, rule, prints_arguments)))
			return true;
	}
	return false;
}

/* --- life ----------------------------------------------------------------------------------- */

int sk_prospector_create(const struct sk_bundle *bundle, struct sk_prospector **ret_prospector)
{
	struct sk_prospector *prospector = sk_alloc_zeroed(1, sizeof(*prospector));
	uint32_t longest = 0;

	if (!prospector)
		return -ENOMEM;
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		if (bundle->rules[i].condition_size > longest)
			longest = bundle->rules[i].condition_size;
	}
	prospector->bundle = bundle;
	prospector->reached = sk_alloc((size_t)longest + 1);
	prospector->truths = sk_alloc((size_t)bundle->predicates_count + 1);
	if (!prospector->reached || !prospector->truths) {
		sk_prospector_destroy(prospector);
		return -ENOMEM;
	}
	*ret_prospector = prospector;
	return 0;
}

void sk_prospector_destroy(struct sk_prospector *prospector)
{
	if (!prospector)
		return;
	sk_arena_release(&prospector->values);
	sk_arena_release(&prospector->temporary);
	sk_free(prospector->reached);
	sk_free(prospector->truths);
	sk_free(prospector);
}

bool sk_prospect_is_plain(const char *path, uint32_t length)
{
	char joined[SK_PATH_SIZE];
	uint32_t joined_length;

	if (length < 2 || path[0] != '/' || length >= SK_PATH_SIZE || memchr(path, '\0', length))
		return false;
	sk_path_join("", 0, path, length, joined, &joined_length);
	return joined_length == length && memcmp(joined, path, length) == 0;
}
