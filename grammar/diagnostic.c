/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct sk_diagnostic_info sk_diagnostic_infos[SK_DIAGNOSTIC_COUNT] = {
#define SK_DIAGNOSTIC(id, level, name, what)                                                                       \
	[SK_DIAGNOSTIC_##id] = {.code = name, .text = what, .severity = SK_SEVERITY_##level},
#include "grammar/diagnostics.def"
#define SK_FINDING(id, name, title, explanation)                                                                   \
	[SK_DIAGNOSTIC_##id] = {.code = name, .text = title, .severity = SK_SEVERITY_WARNING, .help = explanation},
#include "grammar/findings.def"
};

enum { MOST_KEPT = 1000 };

void sk_diagnostics_init(struct sk_diagnostics *diagnostics, struct sk_sources *sources, struct sk_arena *arena)
{
	*diagnostics = (struct sk_diagnostics){.sources = sources, .arena = arena};
}

static struct sk_diagnostic *new_item(struct sk_diagnostics *diagnostics)
{
	if (diagnostics->count == diagnostics->capacity) {
		uint32_t capacity = diagnostics->capacity ? diagnostics->capacity * 2 : 16;
		struct sk_diagnostic *items = sk_arena_alloc(diagnostics->arena, capacity * sizeof(*items));

		if (!items) {
			diagnostics->out_of_memory = true;
			return NULL;
		}
		if (diagnostics->count)
			memcpy(items, diagnostics->items, diagnostics->count * sizeof(*items));
		diagnostics->items = items;
		diagnostics->capacity = capacity;
	}
	return &diagnostics->items[diagnostics->count];
}

void sk_diagnostics_add(struct sk_diagnostics *diagnostics, enum sk_diagnostic_id id, struct sk_span span,
			const char *hint, const char *format, ...)
{
	struct sk_diagnostic *item;
	char message[1024];
	va_list arguments;
	int length;

	/* Of each severity: a thousand warnings must not hide the error behind them. */
	if (sk_diagnostic_infos[id].severity == SK_SEVERITY_ERROR ? ++diagnostics->errors > MOST_KEPT
								  : ++diagnostics->warnings > MOST_KEPT)
		return;
	item = new_item(diagnostics);
	if (!item)
		return;
	va_start(arguments, format);
	length = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(message))
		length = sizeof(message) - 1;
	*item = (struct sk_diagnostic){
		.id = id,
		.span = span,
		.context = diagnostics->context,
		.context_text = diagnostics->context_text,
		.message = sk_arena_copy(diagnostics->arena, message, (size_t)length),
		.hint = hint ? sk_arena_copy(diagnostics->arena, hint, strlen(hint)) : NULL,
	};
	if (!item->message) {
		diagnostics->out_of_memory = true;
		return;
	}
	diagnostics->count++;
}
