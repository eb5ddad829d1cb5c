/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching this host: what `run` and `profile` share.
 *
 *   programs ─► /proc ─► events, until a signal or the time is over
 *
 * Programs come first: what happens while /proc is read waits in the ring, so no
 * process falls between the two.
 */
#ifndef SK_CLI_WATCH_H
#define SK_CLI_WATCH_H

#include "cli/engine.h"
#include "runtime/capture/capture.h"

/* What the state of a sensor for this host is made with. */
extern const struct sk_state_source sk_watch_source;

struct sk_watch_options {
	size_t ring_size;    /* 0: the default */
	unsigned seconds;    /* 0: until a signal */
	bool without_alerts; /* events are evaluated, and nothing is reported */
};

/*
 * Watches until a signal (sk_signals_catch()) or the time is over, and says
 * on stderr how it went: events, matches, and losses by cause.  `matches` in
 * that line counts reported ones.  An enum sk_exit.
 */
int sk_watch(struct sk_engine *engine, const struct sk_watch_options *options);

/* Reads MIB of --ring-size; false if it is none. */
bool sk_watch_read_ring_size(const char *text, size_t *ret_size);

#endif
