/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/evidence.h"

#include <errno.h>
#include <inttypes.h>

#include "runtime/alert/alert.h"
#include "runtime/fields/doubt.h"
#include "vm/reading.h"
#include "vm/support/alloc.h"

/* Of a field's name, whose argument may be of any length; and room at the end for what says how many are left out. */
enum { NAME_LIMIT = 64, ROOM_FOR_REST = 24 };

/* A field that the alert rests on. */
struct item {
	uint32_t field;
	struct sk_doubt doubt; /* of kind NONE, too, once it was printed */
};

struct sk_evidence {
	const struct sk_bundle *bundle;
	bool suggested;
	uint32_t *expressions; /* one that is the field alone, for each record of FIELDS */
	bool *found;           /* one a record of FIELDS, all false between calls */
	struct item *items;
	uint32_t count;
	struct sk_buffer text, reason;
};

int sk_evidence_create(const struct sk_bundle *bundle, bool suggested, struct sk_evidence **ret_evidence)
{
	struct sk_evidence *evidence = sk_alloc_zeroed(1, sizeof(*evidence));
	const size_t count = (size_t)bundle->fields_count + 1;

	if (!evidence)
		return -ENOMEM;
	evidence->bundle = bundle;
	evidence->suggested = suggested;
	evidence->expressions = sk_alloc_zeroed(count, sizeof(*evidence->expressions));
	evidence->found = sk_alloc_zeroed(count, sizeof(*evidence->found));
	evidence->items = sk_alloc_zeroed(count, sizeof(*evidence->items));
	if (!evidence->expressions || !evidence->found || !evidence->items) {
		sk_evidence_destroy(evidence);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < bundle->expressions_count; i++) {
		if (bundle->expressions[i].kind == SK_EXPRESSION_FIELD)
			evidence->expressions[bundle->expressions[i].operand] = i;
	}
	*ret_evidence = evidence;
	return 0;
}

void sk_evidence_destroy(struct sk_evidence *evidence)
{
	if (!evidence)
		return;
	sk_buffer_release(&evidence->text);
	sk_buffer_release(&evidence->reason);
	sk_free(evidence->items);
	sk_free(evidence->found);
	sk_free(evidence->expressions);
	sk_free(evidence);
}

/* --- what it rests on --------------------------------------------------- */

static void add(void *context, uint32_t field)
{
	struct sk_evidence *evidence = context;

	if (evidence->found[field])
		return;
	evidence->found[field] = true;
	evidence->items[evidence->count++].field = field;
}

static void collect(struct sk_evidence *evidence, struct sk_vm *vm, uint32_t number)
{
	const struct sk_bundle_rule *rule = &evidence->bundle->rules[number];

	evidence->count = 0;
	sk_vm_grounds(vm, number, add, evidence);
	for (uint32_t i = 0; i < rule->output_size; i++) {
		const struct sk_instruction *instruction = &evidence->bundle->code[rule->output + i];

		if (instruction->op == SK_OP_SUGGESTED && !evidence->suggested)
			break;
		if (instruction->op == SK_OP_FIELD)
			sk_bundle_find_fields(evidence->bundle, instruction->operand, add, evidence);
	}
	for (uint32_t i = 0; i < evidence->count; i++)
		evidence->found[evidence->items[i].field] = false;
}

static struct sk_doubt doubt_of(struct sk_vm *vm, const struct sk_event_view *view, const struct sk_bundle *bundle,
				uint32_t field)
{
	const struct sk_value *value;
	const struct sk_field_ref *ref;
	struct sk_doubt doubt;

	/* Whose value depends on when it is read is not read for this. */
	if (sk_reading_field(bundle->fields[field].field))
		return (struct sk_doubt){.kind = SK_DOUBT_NONE};
	ref = sk_vm_field(vm, field, &value);
	doubt = sk_fields_doubt(view, ref, value);
	/* Reasons that read alike are alike. */
	if (doubt.classes)
		sk_losses_simplify(sk_state_losses(view->state), &doubt.known, &doubt.classes);
	return doubt;
}

/* How many of them are in doubt. */
static uint32_t judge(struct sk_evidence *evidence, struct sk_vm *vm, const struct sk_event_view *view)
{
	uint32_t doubtful = 0;

	for (uint32_t i = 0; i < evidence->count; i++) {
		struct item *item = &evidence->items[i];

		item->doubt = doubt_of(vm, view, evidence->bundle, item->field);
		doubtful += item->doubt.kind != SK_DOUBT_NONE;
	}
	return doubtful;
}

/* --- words -------------------------------------------------------------- */

static void print_window(struct sk_evidence *evidence, const struct sk_event_view *view)
{
	const uint64_t ts = view->event.ts, tenth = UINT64_C(100000000);
	struct sk_lost lost;
	uint64_t age;

	if (!sk_losses_around(sk_state_losses(view->state), ts, &lost))
		return;
	sk_buffer_append_text(&evidence->text, "lost: ");
	sk_lost_print(&lost, &evidence->text);
	if (lost.last >= ts) {
		sk_buffer_append_text(&evidence->text, " at the same time");
		return;
	}
	age = (ts - lost.last + tenth / 2) / tenth;
	sk_buffer_printf(&evidence->text, " %" PRIu64 ".%" PRIu64 " s before", age / 10, age % 10);
}

/* What parts an item from the one before it, or its clause from that before. */
static const char *separator(const struct sk_evidence *evidence, bool begins)
{
	return !begins ? ", " : evidence->text.length ? "; " : "";
}

/*
 * All items with the same doubt as the one at `first`, and the reason once
 * behind them.  Returns how many of them found no room.
 */
static uint32_t print_group(struct sk_evidence *evidence, const struct sk_losses *losses, uint32_t first,
			    const char **word)
{
	const struct sk_bundle *bundle = evidence->bundle;
	const struct sk_doubt doubt = evidence->items[first].doubt;
	struct sk_buffer *text = &evidence->text;
	uint32_t left = 0;
	bool any = false;

	sk_buffer_clear(&evidence->reason);
	sk_doubt_print(&doubt, losses, &evidence->reason);
	for (uint32_t i = first; i < evidence->count; i++) {
		uint32_t expression = evidence->expressions[evidence->items[i].field], length;
		const char *name = sk_bundle_text(bundle, bundle->expressions[expression].text, &length);
		const bool whole = length <= NAME_LIMIT;

		if (!sk_doubt_equal(&evidence->items[i].doubt, &doubt))
			continue;
		evidence->items[i].doubt.kind = SK_DOUBT_NONE;
		if (text->length + evidence->reason.length + NAME_LIMIT + ROOM_FOR_REST > SK_EVIDENCE_LIMIT) {
			left++;
			continue;
		}
		sk_buffer_append_text(text, separator(evidence, *word != NULL));
		sk_buffer_append_text(text, *word ? *word : "");
		sk_buffer_append(text, name, whole ? length : NAME_LIMIT);
		sk_buffer_append_text(text, whole ? "" : "...");
		*word = NULL;
		any = true;
	}
	if (any)
		sk_buffer_printf(text, " (%.*s)", (int)evidence->reason.length, evidence->reason.bytes);
	return left;
}

/* Returns how many found no room. */
static uint32_t print_kind(struct sk_evidence *evidence, const struct sk_losses *losses, enum sk_doubt_kind kind,
			   const char *word)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < evidence->count; i++) {
		if (evidence->items[i].doubt.kind == kind)
			left += print_group(evidence, losses, i, &word);
	}
	return left;
}

const char *sk_evidence_of(struct sk_evidence *evidence, struct sk_vm *vm, const struct sk_event_view *view,
			   uint32_t rule)
{
	const struct sk_losses *losses = sk_state_losses(view->state);
	uint32_t left = 0;

	sk_buffer_clear(&evidence->text);
	collect(evidence, vm, rule);
	print_window(evidence, view);
	if (judge(evidence, vm, view)) {
		left += print_kind(evidence, losses, SK_DOUBT_UNKNOWN, "unknown: ");
		left += print_kind(evidence, losses, SK_DOUBT_LOSS, "doubtful: ");
	}
	if (left)
		sk_buffer_printf(&evidence->text, "%s%" PRIu32 " more", evidence->text.length ? ", and " : "",
				 left);
	/* Without the memory to say what, that there is something. */
	if (evidence->text.failed || evidence->reason.failed)
		return "unknown: out of memory";
	return evidence->text.length ? evidence->text.bytes : SK_EVIDENCE_COMPLETE;
}

/* --- one value ---------------------------------------------------------- */

struct reasons {
	struct sk_vm *vm;
	const struct sk_event_view *view;
	const struct sk_bundle *bundle;
	struct sk_buffer *buffer;
	size_t start;
	bool unknown;
};

static void print_reason(void *context, uint32_t field)
{
	struct reasons *reasons = context;
	const struct sk_doubt doubt = doubt_of(reasons->vm, reasons->view, reasons->bundle, field);

	if (doubt.kind == SK_DOUBT_NONE)
		return;
	sk_buffer_append_text(reasons->buffer, reasons->buffer->length > reasons->start ? ", " : "");
	sk_buffer_append_text(reasons->buffer, doubt.kind == SK_DOUBT_UNKNOWN ? "unknown: " : "doubtful: ");
	sk_doubt_print(&doubt, sk_state_losses(reasons->view->state), reasons->buffer);
	reasons->unknown |= doubt.kind == SK_DOUBT_UNKNOWN;
}

bool sk_evidence_print_reason(const struct sk_bundle *bundle, struct sk_vm *vm, const struct sk_event_view *view,
			      uint32_t expression, struct sk_buffer *buffer)
{
	struct reasons reasons = {
		.vm = vm, .view = view, .bundle = bundle, .buffer = buffer, .start = buffer->length};

	sk_bundle_find_fields(bundle, expression, print_reason, &reasons);
	return reasons.unknown;
}
