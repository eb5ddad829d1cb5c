/* SPDX-License-Identifier: Apache-2.0 */
/* Captures played through the whole sensor, for those who look at its verdicts. */
#ifndef SK_CLI_TEST_PLAY_H
#define SK_CLI_TEST_PLAY_H

#include "runtime/sensor.h"

/* Something that wants to see every event that rules see, after it was evaluated. */
struct sk_test_observer {
	void *context;
	/* `owner`: the event of the case, 0 without one; `number`: of the capture, from 1.  False: it has seen enough. */
	bool (*event)(void *context, struct sk_sensor *sensor, uint64_t number, uint32_t owner);
};

/* A capture, from a file or from memory. */
struct sk_test_capture {
	const char *path; /* NULL: memory */
	const char *bytes;
	size_t size;
	const uint32_t *owners;
	uint32_t owner_count;
};

/*
 * Plays a capture to its end.  Rules match as with --rule-matching all; each
 * match is given to `matched`, while its event is current.  Either callback
 * may be NULL.  Ends early if the observer has seen enough.  Negative errno with
 * a sentence.
 */
int sk_test_play(const struct sk_bundle *bundle, const struct sk_test_capture *capture, enum sk_vm_engine engine,
		 const struct sk_test_observer *observer,
		 void (*matched)(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number,
				 uint32_t owner),
		 void *context, struct sk_error *error);

#endif
