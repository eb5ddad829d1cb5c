/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts as text lines and JSON objects, exactly as the reference prints them
 * (spec/rule-language.md sections 4.1 to 4.4).
 */
#ifndef SK_ALERT_ALERT_H
#define SK_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

struct sk_alert_options {
	bool json;
	bool iso_8601;        /* UTC with the date, instead of local HH:MM:SS.nnnnnnnnn */
	bool suggested;       /* with the suggested fields */
	bool evidence;        /* with what it rests on, in lines only where that is not complete */
	const char *hostname; /* NULL: FALCO_HOSTNAME, else the machine's */
};

/* What most alerts rest on: everything that they would have to. */
#define SK_EVIDENCE_COMPLETE "complete"

struct sk_alerts;

/* Prepares the outputs of every rule of a bundle, which must outlive it. */
int sk_alerts_create(const struct sk_bundle *bundle, const struct sk_alert_options *options,
		     struct sk_alerts **ret_alerts);
void sk_alerts_destroy(struct sk_alerts *alerts);

/* True if alerts of this rule show what they rest on. */
bool sk_alerts_show_evidence(const struct sk_alerts *alerts, uint32_t rule);

/*
 * Appends one line, with its newline, for `rule` and the event that is current
 * in `vm`.  `evidence` is what it rests on (runtime/evidence.h), NULL if nobody
 * wants to know.  The line holds no control character but the newline at its end,
 * and is valid UTF-8, whatever the values hold.
 */
void sk_alerts_format(struct sk_alerts *alerts, struct sk_vm *vm, uint32_t rule, uint64_t ts, const char *evidence,
		      struct sk_buffer *buffer);

/*
 * Appends `length` bytes escaped as in a JSON string without its quotes:
 * control characters, quotes and backslashes escaped, invalid UTF-8 replaced
 * by U+FFFD.
 */
void sk_json_escape(const char *bytes, size_t length, struct sk_buffer *buffer);

#endif
