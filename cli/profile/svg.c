/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time of evaluation goes, as a picture: what stands below a box is
 * what it did, as wide as the time that took.
 *
 *   +------------------------------------------------------+
 *   | all events                                           |
 *   +---------------------------+--------------+-----------+
 *   | openat                    | execve       | connect   |  event types
 *   +------------------+--------+-------+------+-----------+
 *   | fd.name          |classes |  ...                        questions, in the
 *   +----+----+--------+--------+                             order asked
 *   |rule|rule| evt.arg|                                      rules that wait for
 *   +----+----+----+---+                                      the answer
 *             |rule|                                          programs of rules
 *             +----+
 *
 * The file needs nothing else; whoever shows it shows the figures on hover.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/profile/report.h"
#include "vm/support/alloc.h"
#include "vm/support/utf8.h"

enum { WIDTH = 1200, MARGIN = 10, TOP = 58, ROW = 18, LETTER_TENTHS = 66, LEVEL_LIMIT = 40 };

/* Narrower boxes cannot be seen or hit. */
static const double narrowest = 0.3;

struct picture {
	const struct sk_figures *figures;
	struct sk_buffer *to;
	double total;      /* ticks that are as wide as the picture */
	double *inclusive; /* one a path: what follows from it included */
	uint32_t *paths;   /* by parent, widest first */
	uint32_t *stops;   /* by path, widest first */
	uint32_t deepest;
};

/* --- XML ------------------------------------------------------------------ */

static void escape(struct sk_buffer *to, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		unsigned bad = 1, sequence = sk_utf8_sequence(bytes + at, length - at, &bad);
		const unsigned char byte = (unsigned char)bytes[at];

		if (!sequence) {
			sk_buffer_append_text(to, "\xef\xbf\xbd");
			at += bad ? bad : 1;
			continue;
		}
		if (byte == '&')
			sk_buffer_append_text(to, "&amp;");
		else if (byte == '<')
			sk_buffer_append_text(to, "&lt;");
		else if (byte == '>')
			sk_buffer_append_text(to, "&gt;");
		else if (byte == '"')
			sk_buffer_append_text(to, "&quot;");
		else if (byte < 0x20 && byte != '\n')
			sk_buffer_append_char(to, '?');
		else if (byte == 0xef && sequence == 3 && (unsigned char)bytes[at + 1] == 0xbf &&
			 (unsigned char)bytes[at + 2] >= 0xbe)
			sk_buffer_append_text(to, "\xef\xbf\xbd"); /* U+FFFE and U+FFFF are no XML */
		else
			sk_buffer_append(to, bytes + at, sequence);
		at += sequence;
	}
}

/* As many letters as fit; bytes above ASCII count as letters of their own. */
static void escape_cut(struct sk_buffer *to, const char *bytes, size_t length, size_t letters)
{
	if (length <= letters) {
		escape(to, bytes, length);
		return;
	}
	length = letters > 1 ? letters - 1 : 0;
	while (length > 0 && ((unsigned char)bytes[length] & 0xc0) == 0x80)
		length--;
	escape(to, bytes, length);
	sk_buffer_append_text(to, "\xe2\x80\xa6");
}

/* --- boxes ---------------------------------------------------------------- */

/* Left edge and width in ticks. */
struct box {
	double left, width;
	uint32_t level;
	const char *kind; /* class of the style sheet */
};

static bool can_be_seen(const struct picture *picture, double ticks)
{
	return picture->total > 0 && ticks / picture->total * (WIDTH - 2 * MARGIN) >= narrowest;
}

/* `label` is written into the box as far as it fits, `title` is shown on hover. */
static void draw(struct picture *picture, const struct box *box, const struct sk_buffer *label,
		 const struct sk_buffer *title)
{
	const double scale = (WIDTH - 2 * MARGIN) / picture->total;
	const double x = MARGIN + box->left * scale, width = box->width * scale;
	const uint32_t y = TOP + box->level * ROW;

	if (box->level > picture->deepest)
		picture->deepest = box->level;
	sk_buffer_append_text(picture->to, "<g><title>");
	if (label->length)
		escape(picture->to, label->bytes, label->length);
	sk_buffer_append_text(picture->to, "\n");
	if (title->length)
		escape(picture->to, title->bytes, title->length);
	sk_buffer_printf(picture->to,
			 "</title><rect class=\"%s\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\"/>", box->kind,
			 x, y, width, ROW - 1);
	if (label->length && width > 24) {
		sk_buffer_printf(picture->to, "<text x=\"%.2f\" y=\"%u\">", x + 3, y + 13);
		escape_cut(picture->to, label->bytes, label->length, (size_t)((width - 6) * 10 / LETTER_TENTHS));
		sk_buffer_append_text(picture->to, "</text>");
	}
	sk_buffer_append_text(picture->to, "</g>\n");
	picture->to->failed |= label->failed || title->failed;
}

static void print_time(const struct picture *picture, double ticks, uint64_t events, struct sk_buffer *to)
{
	const struct sk_figures *figures = picture->figures;
	const double ns = sk_profile_ns(figures->profile, ticks);

	sk_buffer_printf(to, "%.1f %% of the time", 100 * sk_figures_share(figures, ns));
	if (events)
		sk_buffer_printf(to, ", %.1f ns each", ns / (double)events);
}

static void draw_words(struct picture *picture, const struct box *box, const char *words, const char *meaning)
{
	struct sk_buffer label = {0}, title = {0};

	sk_buffer_append_text(&label, words);
	print_time(picture, box->width, 0, &title);
	sk_buffer_printf(&title, "\n%s", meaning);
	draw(picture, box, &label, &title);
	sk_buffer_release(&label);
	sk_buffer_release(&title);
}

static void draw_rule(struct picture *picture, const struct box *box, uint32_t rule, uint64_t run, const char *with)
{
	struct sk_buffer label = {0}, title = {0};

	sk_buffer_append_text(&label, sk_figures_rule_name(picture->figures, rule));
	sk_buffer_printf(&title, "its program was run %" PRIu64 " times, %s; ", run, with);
	print_time(picture, box->width, run, &title);
	sk_buffer_append_char(&title, '\n');
	sk_figures_print_rule_place(picture->figures, rule, &title);
	draw(picture, box, &label, &title);
	sk_buffer_release(&label);
	sk_buffer_release(&title);
}

/* --- paths ---------------------------------------------------------------- */

/* Where the children of `parent` begin in the order. */
static uint32_t first_child(const struct picture *picture, uint32_t parent)
{
	const struct sk_profile *profile = picture->figures->profile;
	uint32_t low = 0, high = profile->path_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (profile->paths[picture->paths[middle]].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t first_stop(const struct picture *picture, uint32_t path)
{
	const struct sk_profile *profile = picture->figures->profile;
	uint32_t low = 0, high = profile->stop_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (profile->stops[picture->stops[middle]].path < path)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static double width_of(const struct sk_profile_stop *stop)
{
	return stop->ticks + stop->shared;
}

static void draw_waiting(struct picture *picture, const struct box *box, uint32_t rule)
{
	struct sk_buffer label = {0}, title = {0};

	sk_buffer_append_text(&label, sk_figures_rule_name(picture->figures, rule));
	sk_buffer_append_text(&title, "waits for the answer; its part of asking is ");
	print_time(picture, box->width, 0, &title);
	sk_buffer_append_char(&title, '\n');
	sk_figures_print_rule_place(picture->figures, rule, &title);
	draw(picture, box, &label, &title);
	sk_buffer_release(&label);
	sk_buffer_release(&title);
}

/* Returns where the last one ended. */
static double draw_stops(struct picture *picture, uint32_t path, double left, uint32_t level)
{
	const struct sk_profile *profile = picture->figures->profile;

	for (uint32_t i = first_stop(picture, path); i < profile->stop_count; i++) {
		const struct sk_profile_stop *stop = &profile->stops[picture->stops[i]];
		const struct box box = {left, width_of(stop), level,
					stop->matched ? "match"
					: stop->run   ? "rule"
						      : "waiting"};

		if (stop->path != path)
			break;
		left += box.width;
		if (!can_be_seen(picture, box.width))
			continue;
		if (stop->run)
			draw_rule(picture, &box, stop->rule, stop->run,
				  stop->matched ? "and matched here" : "and did not match");
		else
			draw_waiting(picture, &box, stop->rule);
	}
	return left;
}

static void draw_question(struct picture *picture, const struct box *box, const struct sk_profile_path *path)
{
	const struct sk_figures *figures = picture->figures;
	const struct sk_profile_question *question = &figures->profile->questions[path->question];
	struct sk_buffer label = {0}, title = {0};

	sk_figures_print_question(figures, path->question, &label);
	sk_buffer_printf(&title, "asked for %" PRIu64 " events here, when %.1f rules were left; itself ",
			 path->events, path->events ? (double)path->left / (double)path->events : 0);
	print_time(picture, path->ticks, path->events, &title);
	sk_buffer_append_text(&title, "\nwith all that follows ");
	print_time(picture, box->width, path->events, &title);
	if (question->asked)
		sk_buffer_printf(&title, "\neverywhere: asked %" PRIu64 " times, %.1f %% remembered",
				 question->asked,
				 100 * (double)(question->asked - question->worked_out) / (double)question->asked);
	draw(picture, box, &label, &title);
	sk_buffer_release(&label);
	sk_buffer_release(&title);
}

/* Recursion is as deep as paths are long, which the engine and LEVEL_LIMIT bound. */
static void draw_path(struct picture *picture, uint32_t number, double left, uint32_t level)
{
	const struct sk_profile *profile = picture->figures->profile;
	const struct sk_profile_path *path = &profile->paths[number];
	const struct box box = {left, picture->inclusive[number], level, "question"};
	double next;

	if (!can_be_seen(picture, box.width) || level > LEVEL_LIMIT)
		return;
	/* The end of a path is no box: its rules stand below the last question. */
	if (path->question != SK_NONE)
		draw_question(picture, &box, path);
	else
		level--;
	next = draw_stops(picture, number, left, level + 1);
	/* Where too many waited to tell them, their time is empty. */
	left = path->question != SK_NONE && next < left + path->ticks ? left + path->ticks : next;
	for (uint32_t i = first_child(picture, number); i < profile->path_count; i++) {
		const uint32_t child = picture->paths[i];

		if (profile->paths[child].parent != number)
			break;
		draw_path(picture, child, left, level + 1);
		left += picture->inclusive[child];
	}
}

/* --- event types ---------------------------------------------------------- */

static void draw_linear(struct picture *picture, uint16_t type, double left)
{
	const struct sk_bundle *bundle = picture->figures->bundle;
	const struct sk_profile_type *record = &picture->figures->profile->types[type];

	for (uint32_t i = 0; record->uses && i < bundle->types[type].count; i++) {
		const struct sk_profile_use *use = &record->uses[i];
		const struct box box = {left, use->linear_ticks, 3, "rule"};

		if (can_be_seen(picture, box.width))
			draw_rule(picture, &box, bundle->type_rules[bundle->types[type].first + i], use->linear,
				  "because nothing could be remembered");
		left += use->linear_ticks;
	}
}

static void draw_parts(struct picture *picture, uint16_t type, double left)
{
	static const enum sk_profile_part parts[] = {SK_PROFILE_PART_CLASS, SK_PROFILE_PART_LINEAR,
						     SK_PROFILE_PART_NODE, SK_PROFILE_PART_REST};

	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct sk_profile_part_info *info = &sk_profile_parts[parts[i]];
		const struct box box = {left, picture->figures->profile->types[type].ticks[parts[i]], 2, "engine"};

		if (can_be_seen(picture, box.width))
			draw_words(picture, &box, info->name, info->meaning);
		if (parts[i] == SK_PROFILE_PART_LINEAR)
			draw_linear(picture, type, left);
		left += box.width;
	}
}

static void draw_type(struct picture *picture, uint16_t type, double left)
{
	const struct sk_figures *figures = picture->figures;
	const struct sk_profile *profile = figures->profile;
	const struct sk_profile_type *record = &profile->types[type];
	const struct box box = {left, sk_figures_type_ticks(profile, type), 1, "type"};
	struct sk_buffer label = {0}, title = {0};

	if (!can_be_seen(picture, box.width))
		return;
	sk_buffer_append_text(&label, sk_events[type].name);
	sk_buffer_printf(&title, "%" PRIu64 " events, %u rules; ", record->events,
			 figures->bundle->types[type].count);
	print_time(picture, box.width, record->events, &title);
	draw(picture, &box, &label, &title);
	sk_buffer_release(&label);
	sk_buffer_release(&title);
	for (uint32_t i = first_child(picture, SK_NONE); i < profile->path_count; i++) {
		const uint32_t path = picture->paths[i];

		if (profile->paths[path].type != type)
			continue;
		draw_path(picture, path, left, 2);
		left += picture->inclusive[path];
	}
	draw_parts(picture, type, left);
}

/* --- order ---------------------------------------------------------------- */

struct ordered {
	uint32_t under;
	double ticks;
	uint32_t number;
};

static int compare_ordered(const void *left, const void *right)
{
	const struct ordered *a = left, *b = right;

	if (a->under != b->under)
		return a->under < b->under ? -1 : 1;
	if (a->ticks != b->ticks)
		return a->ticks > b->ticks ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static bool sort(struct picture *picture)
{
	const struct sk_profile *profile = picture->figures->profile;
	const uint32_t most = profile->path_count > profile->stop_count ? profile->path_count : profile->stop_count;
	struct ordered *items = sk_alloc_zeroed(most, sizeof(*items));

	picture->paths = sk_alloc_zeroed(profile->path_count, sizeof(*picture->paths));
	picture->stops = sk_alloc_zeroed(profile->stop_count, sizeof(*picture->stops));
	picture->inclusive = sk_alloc_zeroed(profile->path_count, sizeof(*picture->inclusive));
	if (!items || !picture->paths || !picture->stops || !picture->inclusive) {
		sk_free(items);
		return false;
	}
	for (uint32_t i = 0; i < profile->stop_count; i++) {
		items[i] = (struct ordered){profile->stops[i].path, width_of(&profile->stops[i]), i};
		picture->inclusive[profile->stops[i].path] += profile->stops[i].ticks;
	}
	qsort(items, profile->stop_count, sizeof(*items), compare_ordered);
	for (uint32_t i = 0; i < profile->stop_count; i++)
		picture->stops[i] = items[i].number;
	/* Children have larger numbers than their parents. */
	for (uint32_t i = profile->path_count; i-- > 0;) {
		picture->inclusive[i] += profile->paths[i].ticks;
		if (profile->paths[i].parent != SK_NONE)
			picture->inclusive[profile->paths[i].parent] += picture->inclusive[i];
	}
	for (uint32_t i = 0; i < profile->path_count; i++)
		items[i] = (struct ordered){profile->paths[i].parent, picture->inclusive[i], i};
	qsort(items, profile->path_count, sizeof(*items), compare_ordered);
	for (uint32_t i = 0; i < profile->path_count; i++)
		picture->paths[i] = items[i].number;
	sk_free(items);
	return true;
}

static void print_head(const struct sk_figures *figures, uint32_t levels, struct sk_buffer *to)
{
	const uint32_t height = TOP + (levels + 1) * ROW + MARGIN;

	sk_buffer_printf(
		to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" "
		"font-family=\"monospace\" font-size=\"11\">\n",
		WIDTH, height, WIDTH, height);
	sk_buffer_append_text(
		to, "<style>rect{stroke:#fff;stroke-width:.5}g:hover rect{stroke:#000;stroke-width:1}"
		    "text{pointer-events:none}.all{fill:#d0d0d0}.type{fill:#9dc3e6}.question{fill:#ffd966}"
		    ".engine{fill:#e2e2e2}.waiting{fill:#fff2cc}.rule{fill:#f4a261}.match{fill:#e76f51}</style>\n");
	sk_buffer_append_text(to, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
	sk_buffer_printf(to,
			 "<text x=\"%d\" y=\"20\" font-size=\"14\">saker: what %" PRIu64
			 " events cost, by event type, question and rule</text>\n",
			 MARGIN, figures->profile->events);
	sk_buffer_printf(
		to,
		"<text x=\"%d\" y=\"40\">%.1f ns an event. Width is time; questions stand in the order asked; "
		"the figures are shown on hover.</text>\n",
		MARGIN, figures->profile->events ? figures->total_ns / (double)figures->profile->events : 0.0);
}

int sk_report_print_svg(const struct sk_figures *figures, struct sk_buffer *buffer)
{
	struct sk_buffer boxes = {0};
	struct picture picture = {.figures = figures, .to = &boxes};
	double left = 0;

	for (uint32_t i = 0; i < figures->type_count; i++)
		picture.total += sk_figures_type_ticks(figures->profile, figures->type_order[i]);
	if (!sort(&picture)) {
		buffer->failed = true;
	} else if (picture.total > 0) {
		const struct box all = {0, picture.total, 0, "all"};

		draw_words(&picture, &all, "all events", "of types that rules are for");
		for (uint32_t i = 0; i < figures->type_count; i++) {
			const uint16_t type = (uint16_t)figures->type_order[i];

			draw_type(&picture, type, left);
			left += sk_figures_type_ticks(figures->profile, type);
		}
	}
	print_head(figures, picture.deepest, buffer);
	if (boxes.length)
		sk_buffer_append(buffer, boxes.bytes, boxes.length);
	sk_buffer_append_text(buffer, "</svg>\n");
	buffer->failed |= boxes.failed;
	sk_buffer_release(&boxes);
	sk_free(picture.inclusive);
	sk_free(picture.paths);
	sk_free(picture.stops);
	return buffer->failed ? -ENOMEM : 0;
}
