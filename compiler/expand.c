/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists written into conditions (spec/rule-language.md section 1.7).
 *
 * The rule to follow: for every list, in order, every occurrence of its name
 * between delimiters is replaced.  Trying every list on every text would be
 * quadratic, so the words of a text say which lists can occur in it:
 *
 *   text      proc.name in (shells, my_tools)
 *   words     └───┬───┘ └┬┘ └─┬──┘  └──┬───┘
 *   first word of a name ──── list 4 ─ list 2      ─► heap: 2, 4
 *
 * A name may itself have delimiters ("a b"): wherever it occurs between
 * delimiters, its first run of other bytes is a whole word of the text, so
 * that run is what it is found by.  The few names that are nothing but
 * delimiters are always tried.
 *
 * Substituting a list puts new words into the text; they are looked up in
 * turn, and only lists later in the order count.  No other new words appear:
 * what is put in has a blank or the end of the text on both sides.
 *
 * Invariant: all lists in the heap come after the last one applied, each once.
 */
#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "grammar/parse.h"
#include "vm/support/alloc.h"

/*
 * What substitution may cost in all, in something like nanoseconds: packs of
 * 10,000 rules take some millions.  Most texts are short, so that looking for
 * a list at all costs more than the bytes.
 */
enum { WORK_LIMIT = 1 << 26, WORK_OF_LIST = 80, WORK_OF_NAME = 4 };

bool sk_lists_are_exhausted(const struct sk_pack *pack)
{
	return pack->state->work > WORK_LIMIT;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_delimiter(char byte)
{
	return is_blank(byte) || byte == '(' || byte == ')' || byte == ',' || byte == '=';
}

/* The next word at or behind `*begin`; false if there is none. */
static bool next_word(const char *bytes, uint32_t length, uint32_t *begin, uint32_t *ret_end)
{
	uint32_t at = *begin;

	while (at < length && is_delimiter(bytes[at]))
		at++;
	*begin = at;
	while (at < length && !is_delimiter(bytes[at]))
		at++;
	*ret_end = at;
	return at > *begin;
}

int sk_lists_add(struct sk_pack *pack, uint32_t number)
{
	struct sk_pack_state *state = pack->state;
	struct sk_pack_list *list = &pack->lists[number];
	uint32_t begin = 0, end;

	if (!next_word(list->name, list->name_length, &begin, &end)) {
		if (sk_pack_reserve(pack->arena, &state->wordless, state->wordless_count, &state->wordless_capacity,
				    sizeof(*state->wordless)) < 0)
			return -ENOMEM;
		state->wordless[state->wordless_count++] = number;
		return 0;
	}
	list->next_same_word = sk_names_find(&state->list_words, list->name + begin, end - begin);
	return sk_names_set(&state->list_words, list->name + begin, end - begin, number);
}

/* --- the lists to apply ------------------------------------------------ */

static void push(struct sk_expansion *expansion, uint32_t number)
{
	uint32_t at = expansion->queued, *queue;

	if (at == expansion->queue_capacity) {
		uint32_t capacity = at ? at * 2 : 64;

		queue = sk_realloc_array(expansion->queue, capacity, sizeof(*queue));
		if (!queue) {
			expansion->failed = true;
			return;
		}
		expansion->queue = queue;
		expansion->queue_capacity = capacity;
	}
	queue = expansion->queue;
	expansion->queued++;
	for (; at && queue[(at - 1) / 2] > number; at = (at - 1) / 2)
		queue[at] = queue[(at - 1) / 2];
	queue[at] = number;
}

static uint32_t pop(struct sk_expansion *expansion)
{
	uint32_t *queue = expansion->queue, first = queue[0], last = queue[--expansion->queued], at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= expansion->queued)
			break;
		if (child + 1 < expansion->queued && queue[child + 1] < queue[child])
			child++;
		if (queue[child] >= last)
			break;
		queue[at] = queue[child];
		at = child;
	}
	if (expansion->queued)
		queue[at] = last;
	return first;
}

/* Queues the lists from number `from` on that may occur in a text. */
static void queue_words(struct sk_expansion *expansion, const char *bytes, uint32_t length, uint32_t from)
{
	struct sk_pack *pack = expansion->pack;
	struct sk_pack_state *state = pack->state;
	uint32_t begin = 0, end;

	state->work += length;
	for (; next_word(bytes, length, &begin, &end); begin = end) {
		uint32_t number = sk_names_find(&state->list_words, bytes + begin, end - begin);

		for (; number != SK_NAME_NONE && !sk_lists_are_exhausted(pack);
		     number = pack->lists[number].next_same_word) {
			state->work += WORK_OF_NAME;
			if (number < from || pack->lists[number].asked == state->texts_expanded)
				continue;
			pack->lists[number].asked = state->texts_expanded;
			push(expansion, number);
		}
	}
}

/* --- what a list is written as ----------------------------------------- */

/* Joins the items, with those that name a list visible from here replaced by its raw items, one level deep. */
static const struct sk_text *write_items(struct sk_pack *pack, const struct sk_pack_list *list)
{
	struct sk_builder builder = {0};
	const struct sk_text *written;
	struct sk_text text;
	bool first = true;

	for (uint32_t i = 0; i < list->item_count; i++) {
		const struct sk_text *item = &list->items[i];
		uint32_t number = sk_names_find(&pack->state->lists, item->bytes, item->length);
		bool reference = number != SK_NAME_NONE && pack->lists[number].index < list->visibility;
		const struct sk_text *items = reference ? pack->lists[number].items : item;
		uint32_t count = reference ? pack->lists[number].item_count : 1;

		for (uint32_t k = 0; k < count && builder.length <= SK_PARSE_TEXT_LIMIT; k++) {
			/* A comma belongs to where the name stands: see substitute(). */
			if (!first)
				sk_builder_append_at(&builder, ", ", 0);
			sk_builder_append_quoted(&builder, &items[k]);
			first = false;
		}
	}
	text = sk_builder_text(&builder);
	pack->state->work += text.length;
	written = builder.failed ? NULL : sk_text_copy(&text, pack->arena);
	sk_builder_release(&builder);
	return written;
}

void sk_lists_refresh(struct sk_pack *pack)
{
	for (uint32_t i = 0; i < pack->list_count; i++) {
		pack->lists[i].referred = false;
		pack->lists[i].written = NULL;
	}
	for (uint32_t i = 0; i < pack->list_count; i++) {
		const struct sk_pack_list *list = &pack->lists[i];

		for (uint32_t k = 0; k < list->item_count; k++) {
			const struct sk_text *item = &list->items[k];
			uint32_t number = sk_names_find(&pack->state->lists, item->bytes, item->length);

			if (number != SK_NAME_NONE && pack->lists[number].index < list->visibility)
				pack->lists[number].referred = true;
		}
	}
}

/* --- substitution ------------------------------------------------------ */

static void drop_last(struct sk_builder *builder)
{
	builder->bytes[--builder->length] = '\0';
}

/*
 * Writes one list in place of its name at bytes begin..end of `from`.  Returns
 * where the text goes on, and whether all before it was swallowed.
 */
static uint32_t substitute(struct sk_expansion *expansion, const struct sk_pack_list *list, uint32_t begin,
			   uint32_t end, bool *ret_first)
{
	const struct sk_builder *from = &expansion->from;
	struct sk_builder *to = &expansion->to;
	sk_position name = from->positions[begin], name_end = from->positions[end - 1];
	uint32_t written;

	while (to->length && is_blank(to->bytes[to->length - 1]))
		drop_last(to);
	while (end < from->length && is_blank(from->bytes[end]))
		end++;
	if (!list->written->length) {
		if (to->length && to->bytes[to->length - 1] == ',')
			drop_last(to);
		else if (end < from->length && from->bytes[end] == ',')
			end++;
	}
	*ret_first = !to->length;
	if (to->length)
		sk_builder_append_at(to, " ", name);
	written = to->length;
	sk_builder_append(to, list->written);
	/*
	 * What joins the items stands where the name does: a list in a place that takes one value is wrong there,
	 * not in its definition.
	 */
	for (uint32_t i = written; i < to->length; i++) {
		if (!to->positions[i])
			to->positions[i] = name;
	}
	sk_builder_append_at(to, " ", name_end);
	return end;
}

/* Replaces all occurrences of one list: `from` becomes `to`.  False if there was none. */
static bool apply(struct sk_expansion *expansion, const struct sk_pack_list *list)
{
	struct sk_builder *from = &expansion->from, *to = &expansion->to;
	struct sk_text text = sk_builder_text(from);
	uint32_t copied = 0, search = 0, length = list->name_length;
	bool found = false;

	to->length = 0;
	expansion->pack->state->work += WORK_OF_LIST + text.length / 8;
	while (search < text.length) {
		const char *at = memmem(text.bytes + search, text.length - search, list->name, length);
		uint32_t begin, end;
		bool first;

		if (!at || to->failed || to->length > SK_PARSE_TEXT_LIMIT)
			break;
		begin = (uint32_t)(at - text.bytes);
		end = begin + length;
		/* Behind a substitution stands the blank that it ended with. */
		if ((begin > copied && !is_delimiter(text.bytes[begin - 1])) ||
		    (end < text.length && !is_delimiter(text.bytes[end]))) {
			search = begin + 1;
			continue;
		}
		sk_builder_append_range(to, &text, copied, begin);
		if (to->failed)
			break;
		copied = substitute(expansion, list, begin, end, &first);
		/* The reference steps over one byte more when it substituted at the beginning of the text. */
		search = copied + first;
		found = true;
	}
	if (!found)
		return false;
	sk_builder_append_range(to, &text, copied, text.length);
	expansion->pack->state->work += to->length;
	return true;
}

static bool contains_run(const struct sk_builder *text, uint32_t length)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i < text->length && run < length; i++)
		run = is_delimiter(text->bytes[i]) ? run + 1 : 0;
	return run >= length;
}

static bool remember(struct sk_expansion *expansion, uint32_t number)
{
	if (expansion->applied_count == expansion->applied_capacity) {
		uint32_t capacity = expansion->applied_count ? expansion->applied_count * 2 : 64;
		uint32_t *applied = sk_realloc_array(expansion->applied, capacity, sizeof(*applied));

		if (!applied)
			return false;
		expansion->applied = applied;
		expansion->applied_capacity = capacity;
	}
	expansion->applied[expansion->applied_count++] = number;
	return true;
}

int sk_lists_expand(struct sk_expansion *expansion, const struct sk_text *text, struct sk_text *ret_text)
{
	struct sk_pack *pack = expansion->pack;
	struct sk_pack_state *state = pack->state;

	expansion->applied_count = 0;
	expansion->queued = 0;
	state->texts_expanded++;
	queue_words(expansion, text->bytes, text->length, 0);
	state->work += (uint64_t)state->wordless_count * WORK_OF_NAME;
	for (uint32_t i = 0; i < state->wordless_count; i++)
		push(expansion, state->wordless[i]);
	*ret_text = *text;
	if (sk_lists_are_exhausted(pack))
		return -E2BIG;
	if (!expansion->queued)
		return expansion->failed ? -ENOMEM : 0;
	expansion->from.length = 0;
	sk_builder_append(&expansion->from, text);
	while (expansion->queued && !expansion->from.failed && !expansion->failed) {
		uint32_t number = pop(expansion), begin = 0, end;
		struct sk_pack_list *list = &pack->lists[number];
		struct sk_builder swap;

		if (sk_lists_are_exhausted(pack))
			return -E2BIG;
		if (!next_word(list->name, list->name_length, &begin, &end) &&
		    !contains_run(&expansion->from, list->name_length))
			continue;
		if (!list->written)
			list->written = write_items(pack, list);
		if (!list->written)
			return -ENOMEM;
		if (!apply(expansion, list))
			continue;
		if (expansion->to.failed || !remember(expansion, number))
			return -ENOMEM;
		swap = expansion->from;
		expansion->from = expansion->to;
		expansion->to = swap;
		if (expansion->from.length > SK_PARSE_TEXT_LIMIT)
			return -E2BIG;
		queue_words(expansion, list->written->bytes, list->written->length, number + 1);
	}
	if (expansion->from.failed || expansion->failed)
		return -ENOMEM;
	if (expansion->applied_count)
		*ret_text = sk_builder_text(&expansion->from);
	return 0;
}

void sk_expansion_release(struct sk_expansion *expansion)
{
	sk_builder_release(&expansion->from);
	sk_builder_release(&expansion->to);
	sk_free(expansion->queue);
	sk_free(expansion->applied);
	*expansion = (struct sk_expansion){0};
}
