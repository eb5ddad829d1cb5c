/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile as one JSON object.  Whatever is a time is in nanoseconds of all
 * events, whatever is a share goes from 0 to 1; keys come in a fixed order.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/profile/report.h"
#include "runtime/alert/alert.h"
#include "vm/print.h"

/* Everything but the last value of an object ends with a comma. */
static void key(struct sk_buffer *to, const char *name)
{
	sk_buffer_printf(to, "\"%s\":", name);
}

static void text(struct sk_buffer *to, const char *name, const char *bytes, size_t length)
{
	key(to, name);
	sk_buffer_append_char(to, '"');
	sk_json_escape(bytes, length, to);
	sk_buffer_append_text(to, "\",");
}

static void count(struct sk_buffer *to, const char *name, uint64_t number)
{
	sk_buffer_printf(to, "\"%s\":%" PRIu64 ",", name, number);
}

static void real(struct sk_buffer *to, const char *name, double number)
{
	sk_buffer_printf(to, "\"%s\":%.6g,", name, number);
}

/* A share, or null where there is nothing to divide by. */
static void share(struct sk_buffer *to, const char *name, uint64_t part, uint64_t whole)
{
	if (whole)
		real(to, name, (double)part / (double)whole);
	else
		sk_buffer_printf(to, "\"%s\":null,", name);
}

/* Takes the comma off the last value. */
static void end(struct sk_buffer *to, char bracket)
{
	if (to->length && to->bytes[to->length - 1] == ',')
		to->length--;
	sk_buffer_append_char(to, bracket);
}

static void place(struct sk_buffer *to, const struct sk_bundle *bundle, const struct sk_bundle_location *where)
{
	const char *file;

	if (!where) {
		sk_buffer_append_text(to, "\"file\":null,\"line\":null,");
		return;
	}
	file = sk_bundle_text(bundle, bundle->files[where->file], NULL);
	text(to, "file", file, strlen(file));
	count(to, "line", where->line);
}

static void print_predicate_text(struct sk_buffer *to, const struct sk_bundle *bundle, uint32_t number)
{
	struct sk_buffer words = {0};

	sk_print_predicate(bundle, number, SIZE_MAX, &words);
	text(to, "predicate", words.bytes ? words.bytes : "", words.length);
	to->failed |= words.failed;
	sk_buffer_release(&words);
}

static void print_uses(struct sk_buffer *to, const struct sk_figures *figures, uint32_t rule)
{
	const struct sk_bundle *bundle = figures->bundle;

	key(to, "types");
	sk_buffer_append_char(to, '[');
	for (uint32_t i = 0; i < figures->type_count; i++) {
		const uint16_t type = (uint16_t)figures->type_order[i];
		const uint32_t at = sk_profile_position(bundle, type, rule);
		const struct sk_profile_use *use;

		if (at == SK_NONE)
			continue;
		use = &figures->profile->types[type].uses[at];
		sk_buffer_append_char(to, '{');
		text(to, "type", sk_events[type].name, strlen(sk_events[type].name));
		count(to, "number", type);
		count(to, "considered", use->considered);
		count(to, "survived", use->survived);
		count(to, "run", use->run);
		count(to, "matched", use->matched);
		end(to, '}');
		sk_buffer_append_char(to, ',');
	}
	end(to, ']');
	sk_buffer_append_char(to, ',');
}

static void print_rule(struct sk_buffer *to, const struct sk_figures *figures, uint32_t number)
{
	const struct sk_profile_rule *rule = &figures->rules[number];
	const char *name = sk_figures_rule_name(figures, number);
	const double ns = sk_figures_rule_ns(figures, number);

	sk_buffer_append_char(to, '{');
	text(to, "rule", name, strlen(name));
	place(to, figures->bundle, sk_figures_rule_location(figures, number));
	count(to, "events", rule->events);
	count(to, "considered", rule->considered);
	count(to, "survived", rule->survived);
	count(to, "run", rule->run);
	count(to, "linear", rule->linear);
	count(to, "matched", rule->matched);
	real(to, "ns", ns);
	real(to, "own_ns", sk_profile_ns(figures->profile, rule->ticks));
	real(to, "share", sk_figures_share(figures, ns));
	print_uses(to, figures, number);
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

static void print_question(struct sk_buffer *to, const struct sk_figures *figures, uint32_t number)
{
	const struct sk_profile_question *question = &figures->profile->questions[number];
	const double ns = sk_profile_ns(figures->profile, question->ticks);
	struct sk_buffer words = {0};

	sk_figures_print_question(figures, number, &words);
	sk_buffer_append_char(to, '{');
	text(to, "field", words.bytes ? words.bytes : "", words.length);
	to->failed |= words.failed;
	sk_buffer_release(&words);
	count(to, "rules", figures->rules_naming[number]);
	count(to, "answered", question->answered);
	count(to, "missing", question->missing);
	count(to, "asked", question->asked);
	count(to, "worked_out", question->worked_out);
	share(to, "hit_rate", question->asked - question->worked_out, question->asked);
	count(to, "signatures", question->signatures);
	count(to, "rows", question->rows);
	count(to, "ruled_out", question->ruled_out);
	real(to, "ns", ns);
	real(to, "share", sk_figures_share(figures, ns));
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

static void print_predicate(struct sk_buffer *to, const struct sk_figures *figures, uint32_t number)
{
	const struct sk_profile_predicate *predicate = &figures->profile->predicates[number];
	const uint32_t question = sk_figures_question_of(figures, number);

	sk_buffer_append_char(to, '{');
	print_predicate_text(to, figures->bundle, number);
	place(to, figures->bundle, sk_figures_predicate_location(figures, number));
	count(to, "answered", figures->profile->questions[question].answered);
	count(to, "held", predicate->held);
	count(to, "ruled_out", predicate->ruled_out);
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

static void print_type(struct sk_buffer *to, const struct sk_figures *figures, uint16_t type)
{
	const struct sk_profile_type *record = &figures->profile->types[type];
	double ticks = 0;

	for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++)
		ticks += record->ticks[part];
	sk_buffer_append_char(to, '{');
	text(to, "type", sk_events[type].name, strlen(sk_events[type].name));
	count(to, "number", type);
	count(to, "rules", figures->bundle->types[type].count);
	count(to, "events", record->events);
	count(to, "linear", record->linear);
	real(to, "ns", sk_profile_ns(figures->profile, ticks));
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

static void print_suggestions(struct sk_buffer *to, const struct sk_figures *figures,
			      const struct sk_suggestions *suggestions)
{
	key(to, "suggestions");
	sk_buffer_append_char(to, '[');
	for (uint32_t i = 0; i < suggestions->count; i++) {
		const struct sk_suggestion *item = &suggestions->items[i];
		const char *name = sk_figures_rule_name(figures, item->rule);
		const char *kind = sk_suggestion_infos[item->kind].name;

		sk_buffer_append_char(to, '{');
		text(to, "kind", kind, strlen(kind));
		text(to, "rule", name, strlen(name));
		if (item->predicate != SK_NONE) {
			place(to, figures->bundle, sk_figures_predicate_location(figures, item->predicate));
			print_predicate_text(to, figures->bundle, item->predicate);
		} else {
			place(to, figures->bundle, sk_figures_rule_location(figures, item->rule));
			sk_buffer_append_text(to, "\"predicate\":null,");
		}
		text(to, "reason", item->reason.bytes ? item->reason.bytes : "", item->reason.length);
		if (item->instead.length) {
			text(to, "instead", item->instead.bytes, item->instead.length);
			sk_buffer_printf(to, "\"same\":%s,", item->same ? "true" : "false");
		} else {
			sk_buffer_append_text(to, "\"instead\":null,\"same\":null,");
		}
		real(to, "ns", item->ns);
		end(to, '}');
		sk_buffer_append_char(to, ',');
	}
	end(to, ']');
	sk_buffer_append_char(to, ',');
}

static void print_parts(struct sk_buffer *to, const struct sk_figures *figures)
{
	key(to, "ns");
	sk_buffer_append_char(to, '{');
	for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++)
		real(to, sk_profile_parts[part].name, figures->parts_ns[part]);
	real(to, "total", figures->total_ns);
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

static void print_engine(struct sk_buffer *to, const struct sk_vm_stats *stats)
{
	key(to, "engine");
	sk_buffer_append_char(to, '{');
	count(to, "linear", stats->linear);
	count(to, "flushes", stats->flushes);
	count(to, "class_hits", stats->class_hits);
	count(to, "class_misses", stats->class_misses);
	count(to, "classes", stats->classes);
	count(to, "descriptors", stats->descriptors);
	count(to, "nodes", stats->nodes);
	count(to, "rows", stats->rows);
	count(to, "signatures", stats->signatures);
	end(to, '}');
	sk_buffer_append_char(to, ',');
}

void sk_report_print_json(const struct sk_figures *figures, const struct sk_suggestions *suggestions,
			  struct sk_buffer *buffer)
{
	const struct sk_bundle *bundle = figures->bundle;

	sk_buffer_append_char(buffer, '{');
	count(buffer, "events", figures->events);
	count(buffer, "evaluated", figures->profile->events);
	count(buffer, "matches", figures->matches);
	count(buffer, "timed", figures->profile->timed);
	count(buffer, "disturbed", figures->profile->disturbed);
	print_parts(buffer, figures);
	print_engine(buffer, &figures->engine);
	key(buffer, "rules");
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < bundle->rules_count; i++)
		print_rule(buffer, figures, figures->rule_order[i]);
	end(buffer, ']');
	sk_buffer_append_char(buffer, ',');
	key(buffer, "fields");
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < figures->question_count; i++)
		print_question(buffer, figures, figures->question_order[i]);
	end(buffer, ']');
	sk_buffer_append_char(buffer, ',');
	key(buffer, "predicates");
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < bundle->predicates_count; i++)
		print_predicate(buffer, figures, figures->predicate_order[i]);
	end(buffer, ']');
	sk_buffer_append_char(buffer, ',');
	key(buffer, "types");
	sk_buffer_append_char(buffer, '[');
	for (uint32_t i = 0; i < figures->type_count; i++)
		print_type(buffer, figures, (uint16_t)figures->type_order[i]);
	end(buffer, ']');
	sk_buffer_append_char(buffer, ',');
	if (suggestions)
		print_suggestions(buffer, figures, suggestions);
	end(buffer, '}');
	sk_buffer_append_char(buffer, '\n');
}
