/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "cli/profile/report.h"
#include "vm/print.h"

enum { TEXT_LENGTH = 100 };

struct report {
	const struct sk_figures *figures;
	uint32_t most;
	struct sk_buffer *to;
};

/* Nanoseconds an event that was evaluated. */
static double per_event(const struct sk_figures *figures, double ns)
{
	return figures->profile->events ? ns / (double)figures->profile->events : 0;
}

static void print_head(struct report *report)
{
	const struct sk_figures *figures = report->figures;
	const struct sk_profile *profile = figures->profile;

	sk_buffer_printf(report->to,
			 "%" PRIu64 " events, %" PRIu64 " of types that rules are for, %" PRIu64 " matches\n",
			 figures->events, profile->events, figures->matches);
	sk_buffer_printf(report->to, "evaluating them took %.1f ns an event, %.1f ms together; ",
			 per_event(figures, figures->total_ns), figures->total_ns / 1e6);
	if (figures->every == 1)
		sk_buffer_append_text(report->to, "each was timed");
	else
		sk_buffer_printf(report->to, "%" PRIu64 " of them were timed, by lot", profile->timed);
	sk_buffer_printf(report->to,
			 profile->disturbed ? "; disturbed looks at the clock, left out: %" PRIu64 "\n" : "\n",
			 profile->disturbed);
}

static void print_parts(struct report *report)
{
	sk_buffer_append_text(report->to, "\nWhere the time goes\n   ns/event   share\n");
	for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++) {
		double ns = report->figures->parts_ns[part];

		sk_buffer_printf(report->to, " %10.1f  %5.1f %%  %s: %s\n", per_event(report->figures, ns),
				 100 * sk_figures_share(report->figures, ns), sk_profile_parts[part].name,
				 sk_profile_parts[part].meaning);
	}
}

static void print_place(struct report *report, size_t before)
{
	if (report->to->length == before + 3)
		report->to->length = before;
	else
		sk_buffer_append_char(report->to, ')');
	sk_buffer_append_char(report->to, '\n');
}

static bool is_cut(const struct report *report, uint32_t line)
{
	return report->most && line >= report->most;
}

static void tell_cut(struct report *report, uint32_t shown, uint32_t count)
{
	if (shown < count)
		sk_buffer_printf(report->to, "  and %u more (--top 0 shows all)\n", count - shown);
}

static void print_rules(struct report *report)
{
	const struct sk_figures *figures = report->figures;
	uint32_t i;

	sk_buffer_append_text(report->to,
			      "\nRules, by time\n considered   survived        run    matched   ns/event"
			      "   share  rule\n");
	for (i = 0; i < figures->bundle->rules_count && !is_cut(report, i); i++) {
		const uint32_t number = figures->rule_order[i];
		const struct sk_profile_rule *rule = &figures->rules[number];
		const double ns = sk_figures_rule_ns(figures, number);
		size_t before;

		if (!rule->events)
			break;
		sk_buffer_printf(report->to,
				 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10.2f  %5.1f %%  %s",
				 rule->considered, rule->survived, rule->run, rule->matched, per_event(figures, ns),
				 100 * sk_figures_share(figures, ns), sk_figures_rule_name(figures, number));
		before = report->to->length;
		sk_buffer_append_text(report->to, "  (");
		sk_figures_print_rule_place(figures, number, report->to);
		print_place(report, before);
	}
	if (i < figures->bundle->rules_count && !is_cut(report, i))
		sk_buffer_printf(report->to, "  no event of the types of %u more\n",
				 figures->bundle->rules_count - i);
	else
		tell_cut(report, i, figures->bundle->rules_count);
}

/* Percent, or a dash where there is nothing to divide by. */
static void print_percent(struct report *report, uint64_t part, uint64_t whole)
{
	if (whole)
		sk_buffer_printf(report->to, " %9.1f %%", 100 * (double)part / (double)whole);
	else
		sk_buffer_append_text(report->to, "           -");
}

static uint32_t count_asked(const struct sk_figures *figures)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < figures->question_count; i++)
		count += figures->profile->questions[i].asked || figures->profile->questions[i].answered;
	return count;
}

static void print_questions(struct report *report)
{
	const struct sk_figures *figures = report->figures;
	uint32_t shown = 0;

	sk_buffer_append_text(report->to,
			      "\nFields, by time\n      asked  remembered  without value  signatures   rows"
			      "   ruled out     ns/ask   share  field\n");
	for (uint32_t i = 0; i < figures->question_count && !is_cut(report, shown); i++) {
		const uint32_t number = figures->question_order[i];
		const struct sk_profile_question *question = &figures->profile->questions[number];
		const double ns = sk_profile_ns(figures->profile, question->ticks);

		if (!question->asked && !question->answered)
			continue;
		shown++;
		sk_buffer_printf(report->to, " %10" PRIu64, question->asked);
		print_percent(report, question->asked - question->worked_out, question->asked);
		sk_buffer_append_text(report->to, "   ");
		print_percent(report, question->missing, question->answered);
		sk_buffer_printf(report->to, "  %10u %6u %11" PRIu64 " %10.1f  %5.1f %%  ", question->signatures,
				 question->rows, question->ruled_out,
				 question->asked ? ns / (double)question->asked : 0,
				 100 * sk_figures_share(figures, ns));
		sk_figures_print_question(figures, number, report->to);
		sk_buffer_append_char(report->to, '\n');
	}
	tell_cut(report, shown, count_asked(figures));
}

static void print_predicates(struct report *report)
{
	const struct sk_figures *figures = report->figures;
	uint32_t shown = 0, count = 0;

	sk_buffer_append_text(report->to,
			      "\nPredicates that decided most\n  ruled out       held    answered  predicate\n");
	for (uint32_t i = 0; i < figures->bundle->predicates_count; i++)
		count += figures->profile->predicates[i].ruled_out > 0;
	for (; shown < count && !is_cut(report, shown); shown++) {
		const uint32_t number = figures->predicate_order[shown];
		const struct sk_profile_predicate *predicate = &figures->profile->predicates[number];
		size_t before;

		sk_buffer_printf(report->to, " %10" PRIu64 " %10" PRIu64 "  %10" PRIu64 "  ", predicate->ruled_out,
				 predicate->held,
				 figures->profile->questions[sk_figures_question_of(figures, number)].answered);
		sk_print_predicate(figures->bundle, number, TEXT_LENGTH, report->to);
		before = report->to->length;
		sk_buffer_append_text(report->to, "  (");
		sk_figures_print_predicate_place(figures, number, report->to);
		print_place(report, before);
	}
	tell_cut(report, shown, count);
}

static void print_engine(struct report *report)
{
	const struct sk_vm_stats *stats = &report->figures->engine;
	uint64_t classes = stats->class_hits + stats->class_misses;

	sk_buffer_printf(
		report->to,
		"\nThe engine\n  %" PRIu64 " events were evaluated linearly, everything was forgotten %" PRIu64
		" times\n  threads still had their class for %.2f %% of events; %u classes, %u nodes, %u rows, %u "
		"signatures "
		"are held\n",
		stats->linear, stats->flushes, classes ? 100 * (double)stats->class_hits / (double)classes : 0,
		stats->classes, stats->nodes, stats->rows, stats->signatures);
}

static void print_suggestions(struct report *report, const struct sk_suggestions *suggestions)
{
	sk_buffer_append_text(report->to, "\nSuggestions\n");
	if (!suggestions->count)
		sk_buffer_append_text(report->to, "  none\n");
	for (uint32_t i = 0; i < suggestions->count && !is_cut(report, i); i++) {
		const struct sk_suggestion *item = &suggestions->items[i];
		const size_t start = report->to->length;

		if (item->predicate != SK_NONE)
			sk_figures_print_predicate_place(report->figures, item->predicate, report->to);
		else
			sk_figures_print_rule_place(report->figures, item->rule, report->to);
		sk_buffer_printf(report->to, "%s%s: %s\n", report->to->length > start ? ": " : "",
				 sk_figures_rule_name(report->figures, item->rule),
				 sk_suggestion_infos[item->kind].name);
		if (item->predicate != SK_NONE) {
			sk_buffer_append_text(report->to, "  has      ");
			sk_print_predicate(report->figures->bundle, item->predicate, TEXT_LENGTH, report->to);
			sk_buffer_append_char(report->to, '\n');
		}
		sk_buffer_printf(report->to, "  because  %s\n", item->reason.bytes ? item->reason.bytes : "");
		if (item->instead.length)
			sk_buffer_printf(report->to, "  %s %s\n", item->same ? "write   " : "consider",
					 item->instead.bytes);
	}
	if (is_cut(report, suggestions->count - 1) && report->most < suggestions->count)
		tell_cut(report, report->most, suggestions->count);
}

/* Names and texts come from packs: a terminal is no place for their control characters. */
static void make_harmless(struct sk_buffer *buffer)
{
	for (size_t i = 0; i < buffer->length; i++) {
		const unsigned char byte = (unsigned char)buffer->bytes[i];

		if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
			buffer->bytes[i] = '?';
	}
}

void sk_report_print_text(const struct sk_figures *figures, const struct sk_suggestions *suggestions, uint32_t most,
			  struct sk_buffer *buffer)
{
	struct report report = {.figures = figures, .most = most, .to = buffer};

	print_head(&report);
	print_parts(&report);
	print_rules(&report);
	print_questions(&report);
	print_predicates(&report);
	if (figures->engine.events)
		print_engine(&report);
	if (suggestions)
		print_suggestions(&report, suggestions);
	make_harmless(buffer);
}
