/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor alone (bench/support/floor.h), over the events of a capture one
 * after another, with nothing else between them:
 *
 *   floor CAPTURE [WORDS]
 *
 * One line of JSON.  `evaluate` measures the same in the place of evaluation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/support/floor.h"
#include "bench/support/measure.h"

enum { RUNS = 9 };

/* Where each event begins; converted ones would move, so they are left out. */
static const uint8_t **find_events(const struct corpus *corpus, size_t *ret_count)
{
	const struct sk_entry_sink sink = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error;
	const uint8_t **events = NULL;
	size_t count = 0, room = 0;

	if (sk_scap_reader_open_memory(corpus->bytes, corpus->size, &sink, &reader, &error) < 0)
		return NULL;
	while (sk_scap_reader_next(reader, &event, &error) > 0) {
		if (event.bytes < corpus->bytes || event.bytes >= corpus->bytes + corpus->size)
			continue;
		if (count == room) {
			const uint8_t **more = realloc(events, (room = room ? 2 * room : 4096) * sizeof(*events));

			if (!more)
				break;
			events = more;
		}
		events[count++] = event.bytes;
	}
	sk_scap_reader_close(reader);
	*ret_count = count;
	return events;
}

int main(int argc, char **argv)
{
	uint32_t words = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 2, length;
	struct corpus corpus = {0};
	struct floor *floor = NULL;
	const uint8_t **events = NULL;
	size_t count = 0, paths = 0;
	uint64_t left = 0;
	double ns[RUNS];
	int status = 1;

	if (argc < 2 || words == 0) {
		fprintf(stderr, "usage: floor CAPTURE [WORDS]\n");
		return 2;
	}
	if (corpus_load(argv[1], &corpus) < 0)
		return 1;
	floor = floor_create(&corpus, words);
	events = find_events(&corpus, &count);
	if (!floor || !events)
		goto out;
	for (size_t i = 0; i < count; i++)
		paths += floor_path(floor, events[i], &length) != NULL;
	for (unsigned run = 0; run < RUNS; run++) {
		int64_t begun = measure_cpu_ns();

		for (size_t i = 0; i < count; i++)
			left += floor_event(floor, events[i]);
		ns[run] = (double)(measure_cpu_ns() - begun);
	}
	printf("{\"events\":%zu,\"paths\":%zu,\"words\":%u,\"left\":%" PRIu64
	       ",\"ns_per_event\":%.2f,\"ns_per_path\":%.2f}\n",
	       count, paths, words, left / RUNS, measure_least(ns, RUNS) / (double)count,
	       paths ? measure_least(ns, RUNS) / (double)paths : 0);
	status = 0;
out:
	free(events);
	floor_destroy(floor);
	corpus_release(&corpus);
	return status;
}
