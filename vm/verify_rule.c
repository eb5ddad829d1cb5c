/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's checks of rules, their programs and tags.
 */
#include "vm/verify.h"

#include <errno.h>
#include <string.h>

#include "vm/support/alloc.h"

static int check_operand(struct sk_verifier *verifier, uint32_t at)
{
	const struct sk_instruction *instruction = &verifier->bundle->code[at];
	uint32_t operand = instruction->operand;

	switch ((enum sk_op_operand)sk_ops[instruction->op].operand) {
	case SK_OP_OPERAND_NONE:
		if (operand != 0)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, at, "%s takes no operand",
						sk_ops[instruction->op].name);
		break;
	case SK_OP_OPERAND_PREDICATE:
		if (operand >= verifier->bundle->predicates_count)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, at, "there is no predicate %u", operand);
		break;
	case SK_OP_OPERAND_STRING:
		if (!sk_verify_is_string(verifier, operand))
			return sk_verify_refuse(verifier, SK_SECTION_CODE, at, "there is no string %u", operand);
		break;
	case SK_OP_OPERAND_EXPRESSION:
		if (operand >= verifier->bundle->expressions_count)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, at, "there is no expression %u",
						operand);
		break;
	}
	return 0;
}

/*
 * How many instructions from the first on are of the common kinds and sound, as
 * check_program() has it: nearly all are, and they are looked at in few steps.
 * The last one, which ends a program, is not.
 */
static uint32_t count_common(const struct sk_verifier *verifier, enum sk_op_program kind,
			     const struct sk_instruction *instructions, uint32_t size)
{
	const uint32_t predicates = verifier->bundle->predicates_count;
	const uint32_t expressions = verifier->bundle->expressions_count;
	const uint32_t strings = sk_bundle_string_count(verifier->bundle);
	uint32_t i = 0;

	if (kind == SK_OP_PROGRAM_CONDITION) {
		for (; i < size; i++) {
			const struct sk_instruction instruction = instructions[i];

			/* Of the last one no jump stays inside. */
			if ((instruction.op != SK_OP_JUMP_TRUE && instruction.op != SK_OP_JUMP_FALSE) ||
			    instruction.aux != 0 || instruction.operand >= predicates ||
			    instruction.jump >= size - i - 1)
				break;
		}
		return i;
	}
	for (; i + 1 < size; i++) {
		const struct sk_instruction instruction = instructions[i];
		bool literal = instruction.op == SK_OP_LITERAL && instruction.jump == 0;

		if ((!literal && instruction.op != SK_OP_FIELD) || instruction.aux != 0 ||
		    instruction.operand >= (literal ? strings : expressions))
			break;
	}
	return i;
}

/*
 * A program of `kind` at [first, first + size), which is inside CODE.  Jumps
 * go forward and stay inside, and the last instruction ends the program: so
 * every path ends.
 */
static int check_program(struct sk_verifier *verifier, enum sk_op_program kind, uint32_t first, uint32_t size)
{
	bool suggested = false;

	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &verifier->bundle->code[first + i];
		const struct sk_op_info *info;
		bool last;
		int status;

		i += count_common(verifier, kind, instruction, size - i);
		instruction = &verifier->bundle->code[first + i];
		last = i + 1 == size;
		if (instruction->op >= SK_OP_COUNT)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i, "there is no instruction %u",
						instruction->op);
		info = &sk_ops[instruction->op];
		if (info->program != kind)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
						"%s stands in a program of the wrong kind", info->name);
		if (instruction->aux != 0)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
						"an unused member is not zero");
		switch ((enum sk_op_jumps)info->jumps) {
		case SK_OP_JUMPS_NONE:
			if (instruction->jump != 0)
				return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i, "%s does not jump",
							info->name);
			break;
		case SK_OP_JUMPS_TARGET:
			if (instruction->jump >= size - i - 1)
				return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
							"it jumps out of its program");
			break;
		case SK_OP_JUMPS_WIDTH:
			break;
		}
		status = check_operand(verifier, first + i);
		if (status < 0)
			return status;
		if (last && !info->ends)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
						"its program goes on behind its end");
		if (!last && info->ends && kind == SK_OP_PROGRAM_OUTPUT)
			return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
						"its program goes on behind %s", info->name);
		if (instruction->op == SK_OP_SUGGESTED) {
			if (suggested)
				return sk_verify_refuse(verifier, SK_SECTION_CODE, first + i,
							"%s stands there twice", info->name);
			suggested = true;
		}
	}
	return 0;
}

/* Bytewise, shorter before longer. */
static int compare_strings(const struct sk_verifier *verifier, uint32_t a, uint32_t b)
{
	uint32_t a_length, b_length;
	const char *a_text = sk_bundle_text(verifier->bundle, a, &a_length);
	const char *b_text = sk_bundle_text(verifier->bundle, b, &b_length);
	int order = memcmp(a_text, b_text, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int check_tags(struct sk_verifier *verifier, uint32_t rule, uint32_t next)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_rule *record = &bundle->rules[rule];

	if (record->first_tag != next)
		return sk_verify_refuse(verifier, SK_SECTION_RULES, rule,
					"its tags do not begin where the last ones ended");
	if (record->tag_count > bundle->tags_count - next)
		return sk_verify_refuse(verifier, SK_SECTION_RULES, rule, "its tags pass the end of TAGS");
	for (uint32_t i = next; i < next + record->tag_count; i++) {
		if (!sk_verify_is_string(verifier, bundle->tags[i]))
			return sk_verify_refuse(verifier, SK_SECTION_TAGS, i, "the tag is no string");
		if (i > next && compare_strings(verifier, bundle->tags[i - 1], bundle->tags[i]) >= 0)
			return sk_verify_refuse(verifier, SK_SECTION_TAGS, i,
						"the tag is not behind the one before it");
	}
	return 0;
}

/* The program of rule `rule` is the next one: it begins at `*next`. */
static int check_rule_program(struct sk_verifier *verifier, uint32_t rule, enum sk_op_program kind, uint32_t *next)
{
	const struct sk_bundle_rule *record = &verifier->bundle->rules[rule];
	const char *name = kind == SK_OP_PROGRAM_CONDITION ? "condition" : "output";
	uint32_t first = kind == SK_OP_PROGRAM_CONDITION ? record->condition : record->output;
	uint32_t size = kind == SK_OP_PROGRAM_CONDITION ? record->condition_size : record->output_size;
	int status;

	if (first != *next)
		return sk_verify_refuse(verifier, SK_SECTION_RULES, rule,
					"its %s does not begin where the last one ended", name);
	if (size == 0)
		return sk_verify_refuse(verifier, SK_SECTION_RULES, rule, "its %s is empty", name);
	if (size > verifier->bundle->code_count - first)
		return sk_verify_refuse(verifier, SK_SECTION_RULES, rule, "its %s passes the end of CODE", name);
	status = check_program(verifier, kind, first, size);
	if (status < 0)
		return status;
	*next += size;
	return 0;
}

/* True if one of the rules in `owners`, whose outputs ascend, has the same output as `record`. */
static bool is_known_output(const struct sk_bundle *bundle, const uint32_t *owners, uint32_t count,
			    const struct sk_bundle_rule *record)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct sk_bundle_rule *owner = &bundle->rules[owners[middle]];

		if (owner->output == record->output)
			return owner->output_size == record->output_size;
		if (owner->output < record->output)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Each output is the next one, or that of an earlier rule. */
static int check_outputs(struct sk_verifier *verifier, uint32_t *next)
{
	const struct sk_bundle *bundle = verifier->bundle;
	SK_CLEANUP_FREE uint32_t *owners = sk_alloc_zeroed(bundle->rules_count, sizeof(*owners));
	uint32_t count = 0;

	if (!owners)
		return sk_error_set(verifier->error, -ENOMEM, "no memory to verify the bundle");
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		int status;

		if (bundle->rules[i].output != *next && is_known_output(bundle, owners, count, &bundle->rules[i]))
			continue;
		status = check_rule_program(verifier, i, SK_OP_PROGRAM_OUTPUT, next);
		if (status < 0)
			return status;
		owners[count++] = i;
	}
	return 0;
}

int sk_verify_rules(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	uint32_t next_tag = 0, next_code = 0;
	int status;

	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[i];

		if (!sk_verify_is_string(verifier, rule->name) ||
		    !sk_verify_is_string(verifier, rule->description) ||
		    !sk_verify_is_string(verifier, rule->source))
			return sk_verify_refuse(verifier, SK_SECTION_RULES, i,
						"its name, description or source is no string");
		if (rule->priority > 7)
			return sk_verify_refuse(verifier, SK_SECTION_RULES, i, "there is no priority %u",
						rule->priority);
		if (rule->capture > 1)
			return sk_verify_refuse(verifier, SK_SECTION_RULES, i, "capture is neither 0 nor 1");
		if (rule->zero != 0)
			return sk_verify_refuse(verifier, SK_SECTION_RULES, i, "an unused member is not zero");
		status = check_tags(verifier, i, next_tag);
		if (status < 0)
			return status;
		next_tag += rule->tag_count;
		status = check_rule_program(verifier, i, SK_OP_PROGRAM_CONDITION, &next_code);
		if (status < 0)
			return status;
	}
	status = check_outputs(verifier, &next_code);
	if (status < 0)
		return status;
	if (next_tag != bundle->tags_count)
		return sk_verify_refuse(verifier, SK_SECTION_TAGS, next_tag, "it belongs to no rule");
	if (next_code != bundle->code_count)
		return sk_verify_refuse(verifier, SK_SECTION_CODE, next_code, "it belongs to no rule");
	return 0;
}
