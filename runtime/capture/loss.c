/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/loss.h"

#include <errno.h>

#include "runtime/capture/bpf/shared.h"
#include "vm/support/alloc.h"

_Static_assert((int)SK_EVENT_CLASS_COUNT <= (int)SK_CLASS_LIMIT, "the programs count all classes");

struct cpu {
	uint64_t losses; /* as of the last time */
	uint64_t last;
	uint64_t counted[SK_EVENT_CLASS_COUNT];
};

struct sk_loss_watch {
	uint8_t *areas;
	size_t area_size, cpu_count;
	struct cpu *cpus;
	struct sk_lost pending;
	bool any;
};

int sk_loss_open(uint8_t *areas, size_t area_size, size_t cpu_count, struct sk_loss_watch **ret_watch)
{
	struct sk_loss_watch *watch = sk_alloc_zeroed(1, sizeof(*watch));

	if (watch)
		watch->cpus = sk_alloc_zeroed(cpu_count, sizeof(*watch->cpus));
	if (!watch || !watch->cpus) {
		sk_loss_close(watch);
		return -ENOMEM;
	}
	watch->areas = areas;
	watch->area_size = area_size;
	watch->cpu_count = cpu_count;
	*ret_watch = watch;
	return 0;
}

void sk_loss_close(struct sk_loss_watch *watch)
{
	if (!watch)
		return;
	sk_free(watch->cpus);
	sk_free(watch);
}

static uint64_t count_class(struct sk_cpu *area, size_t class)
{
	uint64_t sum = 0;

	for (size_t cause = 0; cause < SK_LOSS_COUNT; cause++)
		sum += __atomic_load_n(&area->lost[cause][class], __ATOMIC_RELAXED);
	return sum;
}

/*
 * The counts were read first, so that the times are those of the counted and
 * perhaps of some that will be counted the next time; those then find no first
 * time, and were lost after the last one that was read here.
 */
static void gather(struct sk_loss_watch *watch, struct sk_cpu *area, struct cpu *cpu)
{
	uint64_t first, last, news = 0;

	for (size_t i = 0; i < SK_EVENT_CLASS_COUNT; i++) {
		uint64_t count = count_class(area, i);

		watch->pending.counts[i] += count - cpu->counted[i];
		news += count - cpu->counted[i];
		cpu->counted[i] = count;
	}
	/* Counted the last time already, when `losses` was about to say so. */
	if (news == 0)
		return;
	first = __atomic_exchange_n(&area->lost_first, 0, __ATOMIC_SEQ_CST);
	last = __atomic_load_n(&area->lost_last, __ATOMIC_RELAXED);
	if (first == 0)
		first = cpu->last;
	if (last < first)
		last = first;
	cpu->last = last;
	if (!watch->any || first < watch->pending.first)
		watch->pending.first = first;
	if (last > watch->pending.last)
		watch->pending.last = last;
	watch->any = true;
}

void sk_loss_gather(struct sk_loss_watch *watch)
{
	for (size_t i = 0; i < watch->cpu_count; i++) {
		struct sk_cpu *area = (void *)(watch->areas + i * watch->area_size);
		struct cpu *cpu = &watch->cpus[i];
		/* Pairs with the last line of sk_lose() in bpf/event.h. */
		uint64_t losses = __atomic_load_n(&area->losses, __ATOMIC_ACQUIRE);

		if (losses != cpu->losses) {
			cpu->losses = losses;
			gather(watch, area, cpu);
		}
	}
}

const struct sk_lost *sk_loss_due(const struct sk_loss_watch *watch, uint64_t ts)
{
	return watch->any && watch->pending.first <= ts ? &watch->pending : NULL;
}

void sk_loss_told(struct sk_loss_watch *watch)
{
	watch->pending = (struct sk_lost){0};
	watch->any = false;
}
