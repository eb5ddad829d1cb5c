/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/loss.h"

#include <string.h>

uint32_t sk_stake_classes(enum sk_stake stake)
{
#define L(class) (1U << SK_EVENT_CLASS_##class)
	static const uint32_t classes[SK_STAKE_COUNT] = {
#define SK_STAKE(id, classes, meaning) [SK_STAKE_##id] = (classes),
#define SK_FD_STAKE(id, classes, meaning) [SK_STAKE_FD_##id] = (classes),
#include "runtime/state/stakes.def"
	};
#undef L

	return classes[stake];
}

static void add_counts(struct sk_lost *to, const struct sk_lost *from, uint32_t classes)
{
	for (unsigned i = 0; i < SK_EVENT_CLASS_COUNT; i++) {
		if (classes >> i & 1)
			to->counts[i] = from->counts[i] > UINT64_MAX - to->counts[i]
						? UINT64_MAX
						: to->counts[i] + from->counts[i];
	}
	if (!to->first || from->first < to->first)
		to->first = from->first;
	if (from->last > to->last)
		to->last = from->last;
}

/* Classes that something was lost of; of a loss without any count everything may be gone. */
static uint32_t classes_of(const struct sk_lost *lost)
{
	uint32_t classes = 0;

	for (unsigned i = 0; i < SK_EVENT_CLASS_COUNT; i++)
		classes |= (uint32_t)(lost->counts[i] > 0) << i;
	return classes ? classes : UINT32_MAX;
}

void sk_losses_add(struct sk_losses *losses, const struct sk_lost *lost, uint64_t ts)
{
	struct sk_lost own = *lost;
	uint32_t classes = classes_of(lost);

	if (own.last == 0 || own.last > ts + SK_LOSS_WINDOW)
		own.last = ts;
	if (own.first == 0 || own.first > own.last)
		own.first = own.last;
	/* Numbers are never used twice: at their end everything stays in doubt. */
	if (losses->count < UINT32_MAX)
		losses->count++;
	if (own.last > losses->over)
		losses->over = own.last;
	for (unsigned i = 0; i < SK_STAKE_COUNT; i++) {
		if (sk_stake_classes((enum sk_stake)i) & classes)
			losses->touched[i] = losses->count;
	}
	if (losses->recent_count == SK_RECENT_LOSSES) {
		add_counts(&losses->recent[1].lost, &losses->recent[0].lost, UINT32_MAX);
		memmove(&losses->recent[0], &losses->recent[1], (SK_RECENT_LOSSES - 1) * sizeof(losses->recent[0]));
		losses->recent_count--;
	}
	losses->recent[losses->recent_count].number = losses->count;
	losses->recent[losses->recent_count++].lost = own;
}

void sk_losses_since(const struct sk_losses *losses, uint32_t known, uint32_t classes, struct sk_lost *ret_lost)
{
	*ret_lost = (struct sk_lost){0};
	for (unsigned i = losses->recent_count; i-- > 0 && losses->recent[i].number > known;) {
		if (classes_of(&losses->recent[i].lost) & classes)
			add_counts(ret_lost, &losses->recent[i].lost, classes);
	}
}

void sk_losses_simplify(const struct sk_losses *losses, uint32_t *known, uint32_t *classes)
{
	uint32_t lost = 0, before = 0;

	for (unsigned i = losses->recent_count; i-- > 0 && losses->recent[i].number > *known;) {
		const uint32_t found = classes_of(&losses->recent[i].lost) & *classes;

		lost |= found;
		if (found)
			before = losses->recent[i].number - 1;
	}
	*classes = lost;
	*known = before;
}

bool sk_losses_around(const struct sk_losses *losses, uint64_t ts, struct sk_lost *ret_lost)
{
	struct sk_lost lost = {0};
	bool any = false;

	for (unsigned i = 0; i < losses->recent_count; i++) {
		const struct sk_lost *recent = &losses->recent[i].lost;

		if (ts > recent->last && ts - recent->last > SK_LOSS_WINDOW)
			continue;
		add_counts(&lost, recent, UINT32_MAX);
		any = true;
	}
	if (any)
		*ret_lost = lost;
	return any;
}
