/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/given.h"

#include <string.h>

#include "vm/compare.h"

static struct sk_value word(const char *text)
{
	return sk_value_text(text, (uint32_t)strlen(text));
}

static bool has_parameter(const struct sk_event_info *info, const struct sk_field_ref *ref)
{
	if (ref->kind == SK_ARGUMENT_KIND_INDEX)
		return ref->index < info->nparams;
	for (unsigned i = 0; i < info->nparams; i++) {
		if (strlen(info->params[i].name) == ref->argument_length &&
		    memcmp(info->params[i].name, ref->argument, ref->argument_length) == 0)
			return true;
	}
	return false;
}

/* Its events are called as they say themselves. */
static bool names_itself(uint16_t type)
{
	return type == SK_EVENT_GENERIC_E || type == SK_EVENT_GENERIC_X || type == SK_EVENT_ASYNCEVENT_E;
}

static struct sk_value flag(const struct sk_event_info *info, unsigned flags)
{
	return sk_value_bool((info->flags & flags) != 0);
}

bool sk_given(const struct sk_field_ref *ref, uint16_t type, struct sk_value *ret_value)
{
	const struct sk_event_info *info = &sk_events[type];

	/* Only a few of all: what is left to the default depends on the event. */
	switch ((int)ref->field) {
	case SK_FIELD_EVT_TYPE:
		*ret_value = word(info->name);
		return !names_itself(type);
	case SK_FIELD_SYSCALL_TYPE:
		*ret_value = info->category & SK_CATEGORY_SYSCALL ? word(info->name) : sk_value_missing();
		return !(info->category & SK_CATEGORY_SYSCALL) || !names_itself(type);
	case SK_FIELD_EVT_ARG:
	case SK_FIELD_EVT_RAWARG:
		*ret_value = sk_value_missing();
		return !has_parameter(info, ref);
	case SK_FIELD_EVT_DIR:
		*ret_value = word(info->direction == SK_DIRECTION_ENTER ? ">" : "<");
		return true;
	case SK_FIELD_EVT_IS_ASYNC:
		*ret_value = sk_value_bool(type == SK_EVENT_ASYNCEVENT_E);
		return true;
	case SK_FIELD_EVT_ASYNCTYPE:
		*ret_value = sk_value_missing();
		return type != SK_EVENT_ASYNCEVENT_E;
	case SK_FIELD_EVT_IS_IO:
		*ret_value = flag(info, SK_EVENT_FLAG_READS_FROM_FD | SK_EVENT_FLAG_WRITES_TO_FD);
		return true;
	case SK_FIELD_EVT_IS_IO_READ:
		*ret_value = flag(info, SK_EVENT_FLAG_READS_FROM_FD);
		return true;
	case SK_FIELD_EVT_IS_IO_WRITE:
		*ret_value = flag(info, SK_EVENT_FLAG_WRITES_TO_FD);
		return true;
	case SK_FIELD_EVT_IS_WAIT:
		*ret_value = flag(info, SK_EVENT_FLAG_WAITS);
		return true;
	case SK_FIELD_EVT_IO_DIR:
		*ret_value = info->flags & SK_EVENT_FLAG_READS_FROM_FD  ? word("read")
			     : info->flags & SK_EVENT_FLAG_WRITES_TO_FD ? word("write")
									: sk_value_missing();
		return true;
	case SK_FIELD_EVT_COUNT_EXIT:
		*ret_value = info->direction == SK_DIRECTION_EXIT ? sk_value_number(SK_TYPE_UINT32, 1)
								  : sk_value_missing();
		return true;
	case SK_FIELD_EVT_PLUGINNAME:
	case SK_FIELD_EVT_PLUGININFO:
	case SK_FIELD_STATIC:
		*ret_value = sk_value_missing();
		return true;
	case SK_FIELD_EVT_INFRA_DOCKER_NAME:
	case SK_FIELD_EVT_INFRA_DOCKER_CONTAINER_ID:
	case SK_FIELD_EVT_INFRA_DOCKER_CONTAINER_NAME:
	case SK_FIELD_EVT_INFRA_DOCKER_CONTAINER_IMAGE:
		*ret_value = sk_value_missing();
		return type != SK_EVENT_INFRASTRUCTURE_EVENT_E;
	default:
		return false;
	}
}

/*
 * The same for an expression.  Fields as they are have a value; of a
 * transformer (transform.h) it is only known when it misses an argument.  As
 * deep as SK_EXPRESSION_DEPTH_LIMIT.
 */
static bool given_expression(const struct sk_bundle *bundle, uint32_t number, uint16_t type,
			     struct sk_value *ret_value)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	struct sk_field_ref ref;

	for (uint32_t i = 0; expression->kind == SK_EXPRESSION_TRANSFORMER && i < expression->count; i++) {
		if (given_expression(bundle, bundle->arguments[expression->operand + i], type, ret_value) &&
		    ret_value->presence != SK_PRESENT)
			return true;
	}
	if (expression->kind != SK_EXPRESSION_FIELD)
		return false;
	ref = sk_field_ref_of(bundle, expression->operand);
	return sk_given(&ref, type, ret_value);
}

enum sk_truth sk_given_truth(const struct sk_bundle *bundle, uint32_t number, uint16_t type,
			     struct sk_arena *temporary)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];
	struct sk_comparison comparison;
	struct sk_value left, right;

	/* Whatever is compared with what is missing, it does not hold. */
	if (predicate->right != SK_NONE && given_expression(bundle, predicate->right, type, &right) &&
	    right.presence != SK_PRESENT)
		return SK_TRUTH_FALSE;
	if (!given_expression(bundle, predicate->left, type, &left))
		return SK_TRUTH_UNKNOWN;
	if (left.presence != SK_PRESENT)
		return SK_TRUTH_FALSE;
	if (predicate->operator== SK_OPERATOR_EXISTS)
		return SK_TRUTH_TRUE;
	if (predicate->right != SK_NONE || predicate->operator== SK_OPERATOR_REGEX)
		return SK_TRUTH_UNKNOWN;
	comparison = sk_comparison_of(bundle, number);
	return sk_compare_constants(&comparison, &left, temporary) ? SK_TRUTH_TRUE : SK_TRUTH_FALSE;
}

bool sk_given_asks(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];
	const uint32_t sides[] = {predicate->left, predicate->right};
	struct sk_value value;

	for (int i = 0; i < 2; i++) {
		for (uint32_t type = 0; sides[i] != SK_NONE && type < SK_EVENT_COUNT; type++) {
			if (given_expression(bundle, sides[i], (uint16_t)type, &value))
				return true;
		}
	}
	return false;
}
