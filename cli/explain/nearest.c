/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain/nearest.h"

#include <errno.h>

struct looking {
	const struct sk_test_rules *rules;
	struct sk_tree *tree;
	uint64_t event; /* 0: the nearest */
	bool *atoms, *nodes;
	struct sk_arena scratch;
	struct sk_arena *arena;
	struct sk_nearest nearest;
	uint32_t distance; /* 0: it matches */
	bool found;
	int failure;
};

/* How many comparisons are in the way; 0 if none is. */
static int measure(struct looking *looking, struct sk_sensor *sensor, uint32_t *ret_distance)
{
	struct sk_flips flips;

	if (!sk_explain_truth(sensor, looking->tree, looking->atoms)) {
		*ret_distance = UINT32_MAX;
		return 0;
	}
	sk_tree_evaluate(looking->tree, looking->atoms, looking->nodes);
	*ret_distance = 0;
	if (looking->nodes[0])
		return 0;
	sk_arena_reset(&looking->scratch);
	if (sk_flips_find(looking->tree, looking->atoms, &looking->scratch, &flips) < 0)
		return -ENOMEM;
	*ret_distance = flips.size ? flips.size : UINT32_MAX / 2;
	/* An event of another type is not what its author had in mind. */
	if (!sk_tree_is_tried(looking->tree, sk_sensor_view(sensor)->event.type))
		*ret_distance += UINT32_MAX / 2;
	return 0;
}

static bool look(void *context, struct sk_sensor *sensor, uint64_t number, uint32_t owner)
{
	struct looking *looking = context;
	uint32_t distance = 0;

	(void)number;
	if (looking->event && sk_sensor_view(sensor)->event.number != looking->event)
		return true;
	if (!looking->event) {
		looking->failure = measure(looking, sensor, &distance);
		if (looking->failure < 0)
			return false;
		if (looking->found && distance >= looking->distance)
			return true;
	}
	looking->failure = sk_explain(sensor, looking->tree, &looking->rules->pack, &looking->rules->sources,
				      looking->arena, &looking->nearest.explanation);
	looking->nearest.owner = owner;
	looking->distance = distance;
	looking->found = looking->failure == 0;
	return looking->found && distance > 0 && !looking->event;
}

int sk_explain_nearest(const struct sk_test_rules *rules, uint32_t rule, const struct sk_test_capture *capture,
		       uint64_t event, struct sk_arena *arena, struct sk_nearest *ret_nearest,
		       struct sk_error *error)
{
	struct looking looking = {.rules = rules, .event = event, .arena = arena};
	const struct sk_test_observer observer = {&looking, look};
	int result;

	looking.tree = sk_arena_alloc(arena, sizeof(*looking.tree));
	result = looking.tree
			 ? sk_tree_build(&rules->bundle, rule, sk_test_pack_rule(rules, rule), arena, looking.tree)
			 : -ENOMEM;
	if (result == -EINVAL)
		return sk_error_set(error, result, "the bundle holds another condition than the pack");
	if (result == 0) {
		looking.atoms = sk_arena_alloc_zeroed(arena, looking.tree->atom_count + 1, sizeof(bool));
		looking.nodes = sk_arena_alloc_zeroed(arena, looking.tree->count, sizeof(bool));
	}
	if (!looking.atoms || !looking.nodes)
		return sk_error_set(error, -ENOMEM, "out of memory");
	sk_arena_init(&looking.scratch, 0);
	result = sk_test_play(&rules->bundle, capture, SK_VM_ENGINE_LINEAR, &observer, NULL, NULL, error);
	sk_arena_release(&looking.scratch);
	if (looking.failure < 0)
		return sk_error_set(error, looking.failure, "out of memory");
	/* A capture that is damaged behind what was asked for has still told it. */
	if (result < 0 && !looking.found)
		return result;
	*ret_nearest = looking.nearest;
	return looking.found;
}
