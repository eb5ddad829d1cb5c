/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/run.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/explain/nearest.h"
#include "runtime/alert/alert.h"
#include "runtime/alert/shown.h"
#include "runtime/fields/fields.h"
#include "vm/support/alloc.h"

/* --- what fired -------------------------------------------------------- */

struct match {
	uint64_t number; /* of the event in the capture */
	uint32_t rule;
	uint32_t owner;
	bool seen; /* an expectation asked for it */
};

/* How far an expectation came. */
struct outcome {
	uint32_t rule; /* of the bundle */
	int64_t count;
	bool met;             /* one of the matches has all fields and the output */
	struct sk_buffer why; /* what was wrong with the first match */
};

struct run {
	const struct sk_test_case *test;
	struct sk_test_rules *rules;
	struct match *matches;
	uint32_t count, capacity;
	struct outcome *outcomes; /* of each that fires; NULL: only count */
	const char **evidence;    /* of each rule's first alert; NULL before that */
	struct sk_arena kept, scratch;
	struct sk_buffer line, current; /* current: the evidence of the alert being looked at */
	bool out_of_memory;
};

/* What the alert being looked at rests on. */
struct sight {
	struct sk_sensor *sensor;
	uint32_t rule;
	const char *evidence;
};

static void say_evidence(const char *evidence, struct sk_buffer *why)
{
	if (strcmp(evidence, SK_EVIDENCE_COMPLETE) != 0)
		sk_buffer_printf(why, "  its evidence is not complete: %s\n", evidence);
}

static void say_where(const struct run *run, struct sk_span span, struct sk_buffer *why)
{
	const struct sk_place place = sk_sources_place(run->test->sources, span.begin);

	if (place.file)
		sk_buffer_printf(why, "%s:%u:%u: ", place.file->name, place.line, place.column);
}

static void print_value(const struct sk_test_field *field, const struct sight *sight, struct sk_arena *scratch,
			struct sk_buffer *buffer, bool *ret_missing)
{
	/* Names of parameters are searched: what the sensor prepared is for the fields of its bundle. */
	struct sk_event_view view = *sk_sensor_view(sight->sensor);
	const struct sk_resolved_field *resolved = &field->field;
	const struct sk_field_ref ref = {
		.field = resolved->record.field,
		.kind = resolved->record.kind,
		.type = resolved->record.type,
		.list = resolved->record.list,
		.index = resolved->record.index,
		.argument = resolved->argument,
		.argument_length = resolved->argument_length,
	};
	struct sk_value value = sk_value_missing();

	view.fields = NULL;
	sk_arena_reset(scratch);
	if (ref.field == SK_FIELD_SAKER_EVIDENCE)
		value = sk_value_text(sight->evidence, (uint32_t)strlen(sight->evidence));
	else
		sk_fields_extract(&view, &ref, scratch, &value);
	*ret_missing = value.presence != SK_PRESENT;
	sk_shown_print(&value, sk_shown_field(ref.field, ref.kind), buffer);
	sk_buffer_append(buffer, "", 1);
	if (!buffer->failed)
		buffer->length--;
}

static bool has_fields(struct run *run, const struct sk_test_expectation *expectation, const struct sight *sight,
		       struct sk_buffer *why)
{
	bool right = true;

	for (uint32_t i = 0; i < expectation->field_count; i++) {
		const struct sk_test_field *field = &expectation->fields[i];
		bool missing;

		sk_buffer_clear(&run->line);
		print_value(field, sight, &run->scratch, &run->line, &missing);
		if (run->line.failed) {
			run->out_of_memory = true;
			return false;
		}
		if (missing ? !field->value : field->value && strcmp(field->value, run->line.bytes) == 0)
			continue;
		say_where(run, field->span, why);
		sk_buffer_printf(why, "%s is %s, expected %s\n", field->name,
				 missing            ? "missing"
				 : run->line.length ? run->line.bytes
						    : "empty",
				 field->value ? field->value : "none");
		right = false;
	}
	return right;
}

/* The message of an alert: without the time and the priority. */
static bool has_output(struct run *run, const struct sk_test_expectation *expectation, const struct sight *sight,
		       struct sk_buffer *why)
{
	const struct sk_bundle_rule *known = &run->rules->bundle.rules[sight->rule];
	const char *priority = sk_priority_names[known->priority], *message;

	if (!expectation->output)
		return true;
	sk_buffer_clear(&run->line);
	sk_sensor_format(sight->sensor, sight->rule, &run->line);
	sk_buffer_append(&run->line, "", 1);
	if (run->line.failed) {
		run->out_of_memory = true;
		return false;
	}
	message = strstr(run->line.bytes, ": ");
	message = message ? message + 2 + strlen(priority) + 1 : run->line.bytes;
	if (strstr(message, expectation->output))
		return true;
	say_where(run, expectation->output_span, why);
	sk_buffer_printf(why, "the output does not contain '%s': %s", expectation->output, message);
	return false;
}

static bool has_evidence(struct run *run, const struct sk_test_expectation *expectation, const struct sight *sight,
			 struct sk_buffer *why)
{
	if (!expectation->evidence || strstr(sight->evidence, expectation->evidence))
		return true;
	say_where(run, expectation->evidence_span, why);
	sk_buffer_printf(why, "the evidence does not contain '%s': %s\n", expectation->evidence, sight->evidence);
	return false;
}

static void look_closer(struct run *run, const struct sight *sight, uint64_t number, uint32_t owner)
{
	for (uint32_t i = 0; i < run->test->fires_count; i++) {
		const struct sk_test_expectation *expectation = &run->test->fires[i];
		struct outcome *outcome = &run->outcomes[i];
		const uint64_t where = run->test->capture_path ? number : owner;
		struct sk_buffer none = {0}, *why = outcome->why.length ? &none : &outcome->why;
		bool right, told;

		if (outcome->rule != sight->rule || (expectation->event && where != expectation->event))
			continue;
		outcome->count++;
		if (outcome->met)
			continue;
		right = has_fields(run, expectation, sight, why);
		right &= has_output(run, expectation, sight, why);
		told = !has_evidence(run, expectation, sight, why);
		outcome->met = right && !told;
		if (!right && !told)
			say_evidence(sight->evidence, why);
		sk_buffer_release(&none);
	}
}

static void look(struct run *run, struct sk_sensor *sensor, uint32_t rule, uint64_t number, uint32_t owner)
{
	const char *evidence = sk_sensor_evidence(sensor, rule);
	const size_t size = strlen(evidence) + 1;
	struct sight sight = {.sensor = sensor, .rule = rule};

	/* Formatting the alert may write the text anew. */
	sk_buffer_clear(&run->current);
	sk_buffer_append(&run->current, evidence, size);
	if (!run->evidence[rule])
		run->evidence[rule] = sk_arena_copy(&run->kept, evidence, size);
	if (run->current.failed || !run->evidence[rule]) {
		run->out_of_memory = true;
		return;
	}
	sight.evidence = run->current.bytes;
	look_closer(run, &sight, number, owner);
}

static void record(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number, uint32_t owner)
{
	struct run *run = context;

	if (run->count == run->capacity) {
		uint32_t capacity = run->capacity ? run->capacity * 2 : 32;
		struct match *grown = sk_realloc_array(run->matches, capacity, sizeof(*grown));

		if (!grown) {
			run->out_of_memory = true;
			return;
		}
		run->matches = grown;
		run->capacity = capacity;
	}
	run->matches[run->count++] = (struct match){.number = number, .rule = rule, .owner = owner};
	if (run->outcomes)
		look(run, sensor, rule, number, owner);
}

/* --- the verdict ------------------------------------------------------- */

static const char *rule_name(const struct run *run, uint32_t rule)
{
	return sk_bundle_text(&run->rules->bundle, run->rules->bundle.rules[rule].name, NULL);
}

/* Where in the case a match is. */
static void say_event(const struct run *run, const struct match *match, struct sk_buffer *why)
{
	if (match->owner) {
		const struct sk_place place =
			sk_sources_place(run->test->sources, run->test->event_spans[match->owner - 1].begin);

		sk_buffer_printf(why, "at event %u, line %u", match->owner, place.line);
	} else {
		sk_buffer_printf(why, "at event %" PRIu64 " of the capture", match->number);
	}
}

/* What stood in the way of a rule that did not fire. */
static void say_nearest(struct run *run, const struct sk_test_expectation *expectation, uint32_t rule,
			struct sk_buffer *why)
{
	const struct sk_test_capture capture = sk_test_case_capture(run->test);
	struct sk_nearest nearest;
	struct sk_arena arena;
	struct sk_error error = {0};
	uint64_t event = run->test->capture_path ? expectation->event : 0;

	for (uint32_t i = 0; !event && expectation->event && i < run->test->owner_count; i++) {
		if (run->test->owners[i] == expectation->event)
			event = i + 1;
	}
	sk_arena_init(&arena, 0);
	if (sk_explain_nearest(run->rules, rule, &capture, event, &arena, &nearest, &error) > 0 &&
	    !nearest.explanation.verdict) {
		if (nearest.owner)
			sk_buffer_printf(why, "  at event %u, %s: ", nearest.owner, nearest.explanation.event);
		else
			sk_buffer_printf(why, "  at event %" PRIu64 ", %s: ", nearest.explanation.event_number,
					 nearest.explanation.event);
		sk_explanation_print_short(&nearest.explanation, why);
		sk_buffer_append_char(why, '\n');
	}
	sk_arena_release(&arena);
}

static void judge_fires(struct run *run, struct sk_test_result *result)
{
	for (uint32_t i = 0; i < run->test->fires_count; i++) {
		const struct sk_test_expectation *expectation = &run->test->fires[i];
		const struct outcome *outcome = &run->outcomes[i];
		const bool right_count = expectation->count < 0 || outcome->count == expectation->count;

		if (outcome->met && right_count)
			continue;
		result->verdict = SK_TEST_FAILED;
		say_where(run, expectation->span, &result->why);
		if (!outcome->count && expectation->event)
			sk_buffer_printf(&result->why, "'%s' did not fire at event %u\n", expectation->rule,
					 expectation->event);
		else if (!outcome->count)
			sk_buffer_printf(&result->why, "'%s' did not fire\n", expectation->rule);
		else if (!right_count)
			sk_buffer_printf(&result->why, "'%s' fired %" PRId64 " times, expected %" PRId64 "\n",
					 expectation->rule, outcome->count, expectation->count);
		else
			sk_buffer_printf(&result->why, "'%s' fired, but not as expected\n", expectation->rule);
		if (!outcome->count)
			say_nearest(run, expectation, outcome->rule, &result->why);
		else if (!outcome->met)
			sk_buffer_append(&result->why, outcome->why.bytes, outcome->why.length);
	}
}

/* Says each rule once that fired and should not have. */
static void judge_silent(struct run *run, struct sk_test_result *result)
{
	bool *said = sk_arena_alloc_zeroed(&run->scratch, run->rules->bundle.rules_count + 1, sizeof(*said));

	if (!said) {
		run->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		const struct match *match = &run->matches[i];
		struct sk_span span = run->test->span;
		bool wrong = run->test->all_others_silent && sk_test_pack_rule(run->rules, match->rule)->enabled;
		const char *name = rule_name(run, match->rule);

		for (uint32_t k = 0; k < run->test->fires_count; k++)
			wrong &= strcmp(run->test->fires[k].rule, name) != 0;
		for (uint32_t k = 0; k < run->test->silent_count; k++) {
			if (strcmp(run->test->silent[k].rule, name) == 0) {
				wrong = true;
				span = run->test->silent[k].span;
			}
		}
		if (!wrong || said[match->rule])
			continue;
		said[match->rule] = true;
		result->verdict = SK_TEST_FAILED;
		say_where(run, span, &result->why);
		sk_buffer_printf(&result->why, "'%s' fired ", name);
		say_event(run, match, &result->why);
		sk_buffer_append_text(&result->why, "\n");
		say_evidence(run->evidence[match->rule], &result->why);
	}
}

static const struct sk_test_expectation *expectation_of(const struct sk_test_case *test, uint32_t number)
{
	return number < test->fires_count ? &test->fires[number] : &test->silent[number - test->fires_count];
}

bool sk_test_check_names(struct sk_test_reader *reader, const struct sk_test_case *test,
			 const struct sk_test_rules *rules)
{
	bool right = true;

	for (uint32_t i = 0; i < test->fires_count + test->silent_count; i++) {
		const struct sk_test_expectation *expectation = expectation_of(test, i);

		if (sk_test_rules_find(rules, expectation->rule) != SK_NONE)
			continue;
		sk_test_report(reader, expectation->span,
			       sk_test_rules_suggest(rules, expectation->rule, reader->arena),
			       "there is no rule '%s' in %s%s", expectation->rule, test->packs[0],
			       test->pack_count > 1 ? " ..." : "");
		right = false;
	}
	return right;
}

/* The rules that the case names. */
static bool find_rules(struct run *run, struct sk_test_result *result)
{
	const struct sk_test_case *test = run->test;

	for (uint32_t i = 0; i < test->fires_count + test->silent_count; i++) {
		uint32_t rule = sk_test_rules_find(run->rules, expectation_of(test, i)->rule);

		if (rule == SK_NONE) {
			say_where(run, expectation_of(test, i)->span, &result->why);
			sk_buffer_printf(&result->why, "there is no rule '%s'\n", expectation_of(test, i)->rule);
			return false;
		}
		run->rules->tested[rule] = true;
		if (i < test->fires_count)
			run->outcomes[i].rule = rule;
	}
	return true;
}

static bool same_matches(const struct run *a, const struct run *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->matches[i].number != b->matches[i].number || a->matches[i].rule != b->matches[i].rule)
			return false;
	}
	return true;
}

static void release(struct run *run)
{
	for (uint32_t i = 0; run->outcomes && i < run->test->fires_count; i++)
		sk_buffer_release(&run->outcomes[i].why);
	sk_free(run->outcomes);
	sk_free(run->matches);
	sk_buffer_release(&run->line);
	sk_buffer_release(&run->current);
	sk_arena_release(&run->kept);
	sk_arena_release(&run->scratch);
}

static int play_both(struct run *rows, struct run *linear, const struct sk_test_observer *observer,
		     struct sk_test_result *result)
{
	const struct sk_test_capture capture = sk_test_case_capture(rows->test);
	struct sk_error error = {0};
	int status =
		sk_test_play(&rows->rules->bundle, &capture, SK_VM_ENGINE_ROWS, observer, record, rows, &error);

	if (status == 0)
		status = sk_test_play(&rows->rules->bundle, &capture, SK_VM_ENGINE_LINEAR, NULL, record, linear,
				      &error);
	if (status < 0 && status != -ENOMEM) {
		say_where(rows, rows->test->span, &result->why);
		sk_buffer_printf(&result->why, "%s%s%s\n", capture.path ? capture.path : "",
				 capture.path ? ": " : "", error.message);
		result->verdict = SK_TEST_FAILED;
		return 1;
	}
	return status;
}

int sk_test_run(const struct sk_test_case *test, struct sk_test_rules *rules,
		const struct sk_test_observer *observer, struct sk_test_result *ret_result)
{
	struct run rows = {.test = test, .rules = rules}, linear = {.test = test, .rules = rules};
	int status = 0;

	*ret_result = (struct sk_test_result){.verdict = SK_TEST_PASSED};
	if (test->capture_path && test->optional && access(test->capture_path, R_OK) < 0) {
		ret_result->verdict = SK_TEST_SKIPPED;
		sk_buffer_printf(&ret_result->why, "there is no %s", test->capture_path);
		return 0;
	}
	sk_arena_init(&rows.kept, 0);
	sk_arena_init(&rows.scratch, 0);
	sk_arena_init(&linear.kept, 0);
	sk_arena_init(&linear.scratch, 0);
	rows.outcomes = sk_alloc_zeroed(test->fires_count + 1, sizeof(*rows.outcomes));
	rows.evidence = sk_arena_alloc_zeroed(&rows.kept, rules->bundle.rules_count + 1, sizeof(*rows.evidence));
	if (!rows.outcomes || !rows.evidence) {
		status = -ENOMEM;
	} else if (!find_rules(&rows, ret_result)) {
		ret_result->verdict = SK_TEST_FAILED;
	} else {
		status = play_both(&rows, &linear, observer, ret_result);
		if (status == 0 && !same_matches(&rows, &linear)) {
			ret_result->verdict = SK_TEST_FAILED;
			sk_buffer_printf(&ret_result->why,
					 "the engines disagree: %u matches with rows, %u without\n", rows.count,
					 linear.count);
		}
		if (status == 0) {
			judge_fires(&rows, ret_result);
			judge_silent(&rows, ret_result);
		}
	}
	if (rows.out_of_memory || linear.out_of_memory || ret_result->why.failed)
		status = -ENOMEM;
	release(&rows);
	release(&linear);
	return status < 0 ? status : 0;
}
