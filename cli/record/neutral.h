/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a capture without what tells of the machine it was made on:
 * its name, its interfaces but the loopback, its users but root and nobody, and
 * of processes that ran already what their arguments, environment and files say.
 */
#ifndef SK_CLI_RECORD_NEUTRAL_H
#define SK_CLI_RECORD_NEUTRAL_H

#include <stdbool.h>

#include "runtime/scap/entries.h"

struct sk_neutral {
	struct sk_entry_sink to;
	/*
	 * Until it execs, the command is a copy of saker itself, with the arguments
	 * and files of whoever records: nobody's business.
	 */
	bool started;
};

/* A sink that passes on to `neutral->to` what is left; valid as long as `neutral` stays where it is. */
struct sk_entry_sink sk_neutral_sink(struct sk_neutral *neutral);

#endif
