/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of an event, whatever it comes from:
 *
 *   wire bytes ─► decode ─► state ─► engine ─► alert ─► outputs
 */
#ifndef SK_SENSOR_H
#define SK_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/alert/alert.h"
#include "runtime/alert/output.h"
#include "runtime/state/state.h"
#include "vm/bundle.h"

struct sk_sensor;

struct sk_sensor_options {
	const struct sk_bundle *bundle; /* outlives the sensor */
	struct sk_alert_options alert;
	struct sk_state_options state;
	enum sk_vm_engine engine;
	struct sk_vm_limits limits;
	bool match_all;
	/*
	 * For filters: not only what rules see, but beginnings of system calls and
	 * what tells of things that were there before, too; state-only events remain unseen.
	 */
	bool every_event;
	uint8_t priority;           /* rules less severe are not tried */
	struct sk_outputs *outputs; /* outlives the sensor */
};

struct sk_sensor_stats {
	uint64_t events;  /* decoded and given to the state */
	uint64_t damaged; /* could not be decoded */
	uint64_t matches;
	struct sk_state_stats state;
};

int sk_sensor_create(const struct sk_sensor_options *options, struct sk_sensor **ret_sensor,
		     struct sk_error *error);
void sk_sensor_destroy(struct sk_sensor *sensor);

/*
 * Begins anew with an empty state and counters of zero, as a new sensor would;
 * only what the engine remembers of values stays.  0, or -ENOMEM: then nothing
 * has changed.
 */
int sk_sensor_restart(struct sk_sensor *sensor);

/* Takes what was there before the first event. */
struct sk_entry_sink sk_sensor_sink(struct sk_sensor *sensor);

/* What is known now, for sk_state_dump(); another one after a restart. */
struct sk_state *sk_sensor_state(struct sk_sensor *sensor);

/*
 * Takes one event in the wire format.  `state_only`: rules do not see it.
 * Never fails; what cannot be decoded is counted.
 */
void sk_sensor_event(struct sk_sensor *sensor, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only);

/*
 * The three steps of sk_sensor_event(), for those who measure each.  The first
 * decodes the event and changes the state, and says whether rules see it: only
 * then the second gives the rules that match, which the third reports.
 */
bool sk_sensor_apply(struct sk_sensor *sensor, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only);
uint32_t sk_sensor_evaluate(struct sk_sensor *sensor, const uint32_t **ret_rules);
void sk_sensor_report(struct sk_sensor *sensor, const uint32_t *rules, uint32_t count);

/* For those who look behind a verdict: the event that sk_sensor_apply() took last, and the engine. */
const struct sk_event_view *sk_sensor_view(const struct sk_sensor *sensor);
struct sk_vm *sk_sensor_vm(struct sk_sensor *sensor);
/* What sk_sensor_apply() said of that event: true if rules see it. */
bool sk_sensor_sees(const struct sk_sensor *sensor);
/* Appends the alert of a rule for that event, with its newline, which is not counted and goes to no output. */
void sk_sensor_format(struct sk_sensor *sensor, uint32_t rule, struct sk_buffer *buffer);
/* What that alert rests on (runtime/evidence.h), whether it shows it or not.  Valid until the next call, or format. */
const char *sk_sensor_evidence(struct sk_sensor *sensor, uint32_t rule);

/* What the engine did and remembers. */
struct sk_vm_stats sk_sensor_vm_stats(const struct sk_sensor *sensor);

struct sk_sensor_stats sk_sensor_stats(const struct sk_sensor *sensor);

/* How often a rule matched. */
uint64_t sk_sensor_rule_matches(const struct sk_sensor *sensor, uint32_t rule);

#endif
