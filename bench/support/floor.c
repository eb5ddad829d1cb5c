/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/support/floor.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/support/random.h"

/* The first path of a type, where lengths are 16 bits. */
static int path_param(const struct sk_event_info *info)
{
	if (info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD)
		return -1;
	for (unsigned i = 0; i < info->nparams; i++) {
		if (info->params[i].type == SK_PARAM_FSPATH || info->params[i].type == SK_PARAM_FSRELPATH)
			return (int)i;
	}
	return -1;
}

static void add(struct floor *floor, uint64_t hash)
{
	uint32_t i = (uint32_t)hash;

	while (floor->slots[i % FLOOR_SLOTS].hash != 0) {
		if (floor->slots[i % FLOOR_SLOTS].hash == hash)
			return;
		i++;
	}
	if (floor->paths == FLOOR_PATHS)
		return;
	floor->slots[i % FLOOR_SLOTS] = (struct floor_slot){hash, (uint32_t)(hash >> 32) % FLOOR_ROWS};
	floor->paths++;
}

static int fill(struct floor *floor, const struct corpus *corpus)
{
	const struct sk_entry_sink sink = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error;
	int result = sk_scap_reader_open_memory(corpus->bytes, corpus->size, &sink, &reader, &error);

	if (result < 0)
		return result;
	while ((result = sk_scap_reader_next(reader, &event, &error)) > 0) {
		uint32_t length;
		const uint8_t *path = floor_path(floor, event.bytes, &length);

		if (path)
			add(floor, XXH3_64bits(path, length));
	}
	sk_scap_reader_close(reader);
	return result;
}

struct floor *floor_create(const struct corpus *corpus, uint32_t words)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	struct random random;

	if (!floor)
		return NULL;
	floor->words = words;
	floor->path_rows = calloc((size_t)FLOOR_ROWS * words, sizeof(uint64_t));
	floor->type_rows = calloc((size_t)FLOOR_ROWS * words, sizeof(uint64_t));
	for (unsigned i = 0; i < SK_EVENT_COUNT; i++)
		floor->path_param[i] = (int8_t)path_param(&sk_events[i]);
	if (!floor->path_rows || !floor->type_rows || fill(floor, corpus) < 0) {
		floor_destroy(floor);
		return NULL;
	}
	random_init(&random, 7);
	for (size_t i = 0; i < (size_t)FLOOR_ROWS * words; i++) {
		/* Sparse: nearly always nothing is left, as with real rules. */
		floor->path_rows[i] = UINT64_C(1) << random_below(&random, 64);
		floor->type_rows[i] = UINT64_C(1) << random_below(&random, 64);
	}
	while (floor->paths < FLOOR_PATHS)
		add(floor, ((uint64_t)random_bits(&random) << 32 | random_bits(&random)) + 1);
	return floor;
}

void floor_destroy(struct floor *floor)
{
	if (!floor)
		return;
	free(floor->path_rows);
	free(floor->type_rows);
	free(floor);
}
