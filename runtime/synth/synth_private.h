/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that put a capture together. */
#ifndef SK_SYNTH_PRIVATE_H
#define SK_SYNTH_PRIVATE_H

#include "runtime/scap/writer.h"
#include "runtime/synth/synth.h"

struct sk_synth_process {
	struct sk_process_entry entry; /* as it is now */
	int64_t next_fd;
};

struct sk_synth {
	struct sk_scap_writer *writer;
	struct sk_entry_sink sink;
	struct sk_buffer capture;
	struct sk_buffer params, wire; /* of the event at hand */
	uint64_t now;
	struct sk_synth_process *processes;
	uint32_t process_count, process_capacity;
};

/* NULL if it is not known. */
struct sk_synth_process *sk_synth_find(const struct sk_synth *synth, int64_t tid);

/*
 * Appends what parameter `index` is when nobody gave it.  `process` is who
 * does it as rules see it afterwards, NULL if it is not known.
 */
void sk_synth_fill_in(const struct sk_synth_event *event, unsigned index, struct sk_synth_process *process,
		      struct sk_buffer *bytes);

/* Appends the metadata event's text. */
void sk_synth_print_container(const struct sk_synth_container *container, struct sk_buffer *json);

#endif
