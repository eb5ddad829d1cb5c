/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing here changes its arguments: what a transformer gives is new, or a
 * part of what it took.  Texts end at their first NUL before anything else is
 * done with them, as the reference's C strings do.
 */
#include "vm/transform.h"

#include <assert.h>
#include <string.h>

enum { TEXT_LIMIT = 1 << 20 };

static struct sk_value out_of_memory(void)
{
	return (struct sk_value){.presence = SK_MISSING_MEMORY};
}

static struct sk_value list_of(const struct sk_value *items, uint32_t count)
{
	return (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = count, .items = items};
}

/*
 * A text that holds `length` bytes to be filled in; NULL without memory, or
 * past what one text may have.  No event brings a text of that length, but
 * concat() of concat() doubles with every level.
 */
static char *new_text(struct sk_arena *scratch, uint64_t length)
{
	return length <= TEXT_LIMIT ? sk_arena_alloc(scratch, length) : NULL;
}

/* --- one text to one text ---------------------------------------------- */

static struct sk_value fold(const struct sk_value *value, char first, char last, struct sk_arena *scratch)
{
	uint32_t length = sk_value_text_length(value);
	char *text = new_text(scratch, length);

	if (!text)
		return out_of_memory();
	for (uint32_t i = 0; i < length; i++) {
		char byte = value->text[i];

		text[i] = byte >= first && byte <= last ? (char)(byte ^ ('a' ^ 'A')) : byte;
	}
	return sk_value_text(text, length);
}

static struct sk_value basename_of(const struct sk_value *value)
{
	uint32_t length = sk_value_text_length(value), begin = length;

	while (begin > 0 && value->text[begin - 1] != '/')
		begin--;
	return sk_value_text(value->text ? value->text + begin : value->text, length - begin);
}

static int base64_digit(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	if (byte == '+')
		return 62;
	return byte == '/' ? 63 : -1;
}

/* Padding is all there or not at all; what is not base64 has no value. */
static struct sk_value decode_base64(const struct sk_value *value, struct sk_arena *scratch)
{
	uint32_t length = value->type == SK_TYPE_STRING ? sk_value_text_length(value) : value->length;
	uint32_t bits = 0, bit_count = 0, used = 0;
	struct sk_value result = {.presence = SK_PRESENT, .type = value->type};
	char *bytes;

	if (length % 4 == 0 && length > 0 && value->text[length - 1] == '=')
		length -= value->text[length - 2] == '=' ? 2 : 1;
	if (length % 4 == 1)
		return sk_value_missing();
	bytes = new_text(scratch, (uint64_t)length / 4 * 3 + 2);
	if (!bytes)
		return out_of_memory();
	for (uint32_t i = 0; i < length; i++) {
		int digit = base64_digit(value->text[i]);

		if (digit < 0)
			return sk_value_missing();
		bits = bits << 6 | (uint32_t)digit;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			bytes[used++] = (char)(bits >> bit_count);
		}
	}
	result.text = bytes;
	result.length = used;
	return result;
}

static struct sk_value transform_text(enum sk_transformer transformer, const struct sk_value *value,
				      struct sk_arena *scratch)
{
	switch (transformer) {
	case SK_TRANSFORMER_TOLOWER:
		return fold(value, 'A', 'Z', scratch);
	case SK_TRANSFORMER_TOUPPER:
		return fold(value, 'a', 'z', scratch);
	case SK_TRANSFORMER_BASENAME:
		return basename_of(value);
	case SK_TRANSFORMER_B64:
		return decode_base64(value, scratch);
	case SK_TRANSFORMER_LEN:
	case SK_TRANSFORMER_JOIN:
	case SK_TRANSFORMER_CONCAT:
	case SK_TRANSFORMER_GETOPT:
	case SK_TRANSFORMER_COUNT:
		break;
	}
	return sk_value_missing();
}

/* One text, or each of a list; a list with an element that has no value has none. */
static struct sk_value transform_each(enum sk_transformer transformer, const struct sk_value *value,
				      struct sk_arena *scratch)
{
	struct sk_value result = *value, *items;

	if (!value->list)
		return transform_text(transformer, value, scratch);
	items = sk_arena_alloc_zeroed(scratch, value->length, sizeof(*items));
	if (!items)
		return out_of_memory();
	for (uint32_t i = 0; i < value->length; i++) {
		items[i] = transform_text(transformer, &value->items[i], scratch);
		if (items[i].presence != SK_PRESENT)
			return items[i];
	}
	result.items = items;
	return result;
}

static struct sk_value length_of(const struct sk_value *value)
{
	bool text = !value->list && value->type == SK_TYPE_STRING;

	return sk_value_number(SK_TYPE_UINT64, text ? sk_value_text_length(value) : value->length);
}

/* --- several texts to one ---------------------------------------------- */

/* Appends the text at `*at`, which moves. */
static void put(char **at, const struct sk_value *value)
{
	uint32_t length = sk_value_text_length(value);

	if (length > 0)
		memcpy(*at, value->text, length);
	*at += length;
}

static struct sk_value join(const struct sk_value *separator, const struct sk_value *list, struct sk_arena *scratch)
{
	uint64_t length = 0;
	char *text, *at;

	for (uint32_t i = 0; i < list->length; i++) {
		length += sk_value_text_length(&list->items[i]);
		if (i > 0)
			length += sk_value_text_length(separator);
	}
	at = text = new_text(scratch, length);
	if (!text)
		return out_of_memory();
	for (uint32_t i = 0; i < list->length; i++) {
		if (i > 0)
			put(&at, separator);
		put(&at, &list->items[i]);
	}
	return sk_value_text(text, (uint32_t)length);
}

static struct sk_value concat(const struct sk_value *const *arguments, uint32_t count, struct sk_arena *scratch)
{
	uint64_t length = 0;
	char *text, *at;

	for (uint32_t i = 0; i < count; i++)
		length += sk_value_text_length(arguments[i]);
	at = text = new_text(scratch, length);
	if (!text)
		return out_of_memory();
	for (uint32_t i = 0; i < count; i++)
		put(&at, arguments[i]);
	return sk_value_text(text, (uint32_t)length);
}

/* --- getopt ------------------------------------------------------------ */

/* What options[byte] says of the option of that letter. */
enum option { OPTION_UNKNOWN, OPTION_PLAIN, OPTION_WITH_VALUE };

struct getopt {
	uint8_t options[256];
	struct sk_value *items; /* what is emitted, in order; NULL: only the selected one */
	uint32_t count;
	const struct sk_value *selector;
	struct sk_value selected; /* missing until the option is seen */
};

static void read_options(struct getopt *getopt, const struct sk_value *text)
{
	uint32_t length = sk_value_text_length(text), i = 0;

	if (length > 0 && text->text[0] == ':')
		i++;
	for (; i < length; i++) {
		bool with_value = i + 1 < length && text->text[i + 1] == ':';

		getopt->options[(uint8_t)text->text[i]] = with_value ? OPTION_WITH_VALUE : OPTION_PLAIN;
		i += with_value;
	}
}

static void emit(struct getopt *getopt, struct sk_value value)
{
	if (getopt->items)
		getopt->items[getopt->count] = value;
	getopt->count++;
}

static void select_option(struct getopt *getopt, char letter, struct sk_value value)
{
	if (getopt->selector && sk_value_text_length(getopt->selector) == 1 && getopt->selector->text[0] == letter)
		getopt->selected = value;
}

/*
 * One cluster `-abc`, argument `*at` of the list.  An option that takes the
 * next argument moves `*at` on to it.
 */
static void read_cluster(struct getopt *getopt, const struct sk_value *list, uint32_t *at)
{
	const struct sk_value *argument = &list->items[*at];
	uint32_t length = sk_value_text_length(argument);

	for (uint32_t i = 1; i < length; i++) {
		const char *letter = argument->text + i;
		struct sk_value value;

		switch ((enum option)getopt->options[(uint8_t)*letter]) {
		case OPTION_UNKNOWN:
			emit(getopt, sk_value_text("?", 1));
			continue;
		case OPTION_PLAIN:
			emit(getopt, sk_value_text(letter, 1));
			select_option(getopt, *letter, sk_value_text(letter, 1));
			continue;
		case OPTION_WITH_VALUE:
			break;
		}
		if (i + 1 < length) {
			value = sk_value_text(letter + 1, length - i - 1);
			emit(getopt, sk_value_text(letter, 1));
		} else if (*at + 1 < list->length) {
			value = list->items[++*at];
			emit(getopt, sk_value_text(letter, 1));
		} else {
			/* Without its value the option itself is not told. */
			value = sk_value_text("", 0);
		}
		emit(getopt, value);
		select_option(getopt, *letter, value);
		return;
	}
}

static void read_arguments(struct getopt *getopt, const struct sk_value *list)
{
	for (uint32_t at = 0; at < list->length; at++) {
		const struct sk_value *argument = &list->items[at];
		uint32_t length = sk_value_text_length(argument);

		if (length < 2 || argument->text[0] != '-')
			return;
		if (argument->text[1] != '-')
			read_cluster(getopt, list, &at);
		else if (length == 2)
			return;
	}
}

/* Once to count, once more to write, so that the list is exactly as long as it must be. */
static struct sk_value getopt_of(const struct sk_value *list, const struct sk_value *options,
				 const struct sk_value *selector, struct sk_arena *scratch)
{
	struct getopt getopt = {.selector = selector, .selected = sk_value_missing()};

	read_options(&getopt, options);
	read_arguments(&getopt, list);
	if (selector)
		return getopt.selected;
	getopt.items = sk_arena_alloc_zeroed(scratch, getopt.count, sizeof(*getopt.items));
	if (!getopt.items)
		return out_of_memory();
	getopt.count = 0;
	read_arguments(&getopt, list);
	return list_of(getopt.items, getopt.count);
}

/* --- all --------------------------------------------------------------- */

struct sk_value sk_transform(enum sk_transformer transformer, const struct sk_value *const *arguments,
			     uint32_t count, const struct sk_value *selector, struct sk_arena *scratch)
{
	for (uint32_t i = 0; i < count; i++) {
		if (arguments[i]->presence != SK_PRESENT)
			return (struct sk_value){.presence = arguments[i]->presence};
	}
	switch (transformer) {
	case SK_TRANSFORMER_TOLOWER:
	case SK_TRANSFORMER_TOUPPER:
	case SK_TRANSFORMER_B64:
	case SK_TRANSFORMER_BASENAME:
		return transform_each(transformer, arguments[0], scratch);
	case SK_TRANSFORMER_LEN:
		return length_of(arguments[0]);
	case SK_TRANSFORMER_JOIN:
		return join(arguments[0], arguments[1], scratch);
	case SK_TRANSFORMER_CONCAT:
		return concat(arguments, count, scratch);
	case SK_TRANSFORMER_GETOPT:
		return getopt_of(arguments[0], arguments[1], selector, scratch);
	case SK_TRANSFORMER_COUNT:
		break;
	}
	return sk_value_missing();
}

struct sk_value sk_transform_list(const struct sk_value *const *arguments, uint32_t count, struct sk_arena *scratch)
{
	struct sk_value *items = sk_arena_alloc_zeroed(scratch, count, sizeof(*items));

	if (!items)
		return out_of_memory();
	for (uint32_t i = 0; i < count; i++) {
		char room[SK_VALUE_TEXT_SIZE];
		const char *text;
		uint32_t length;

		if (arguments[i]->presence != SK_PRESENT)
			return (struct sk_value){.presence = arguments[i]->presence};
		text = sk_value_render(arguments[i], room, &length);
		if (text == room)
			text = sk_arena_copy(scratch, room, length);
		if (length > 0 && !text)
			return out_of_memory();
		items[i] = sk_value_text(text, length);
	}
	return list_of(items, count);
}
