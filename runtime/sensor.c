/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sensor.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "runtime/evidence.h"
#include "runtime/fields/fields.h"
#include "vm/asks.h"
#include "vm/support/alloc.h"

struct sk_sensor {
	const struct sk_bundle *bundle;
	struct sk_state *state;
	struct sk_state_options state_options;
	struct sk_fields *fields;
	struct sk_vm *vm;
	struct sk_alerts *alerts;
	struct sk_evidence *evidence;
	struct sk_outputs *outputs;
	struct sk_event_view view;
	uint64_t events, damaged, matches;
	bool begun; /* the initial state is complete */
	bool asks_for_leaders;
	bool every_event;
	bool seen; /* by rules: the event at hand */
	uint64_t *rule_matches;
};

/*
 * What changes with whatever the fields of ancestors hang on.  The epochs only
 * grow, so their sum stays the same only if both do.
 */
static uint32_t lineage_of(const struct sk_event_view *view)
{
	const struct sk_sensor *sensor =
		(const struct sk_sensor *)((const char *)view - offsetof(struct sk_sensor, view));
	uint32_t epoch = sk_state_lineage_epoch(view->state);

	return sensor->asks_for_leaders ? epoch + sk_state_leader_epoch(view->state) : epoch;
}

static void anchor(void *event, struct sk_vm_anchor *ret_anchor)
{
	struct sk_event_view *view = event;

	/* An event about a container shows that container, not its thread's. */
	if (!view->thread || view->container)
		return;
	ret_anchor->cache = &view->thread->class;
	ret_anchor->stamp = (uint64_t)lineage_of(view) << 32 | view->thread->revision;
}

/* All that a process sees of its ancestors follows from the thread that created it. */
static void ancestors(void *event, struct sk_vm_anchor *ret_anchor)
{
	struct sk_event_view *view = event;
	const struct sk_thread *main = view->thread ? sk_thread_main(view->thread) : NULL;
	struct sk_thread *creator =
		main && main->ptid > 0 ? sk_thread_find(sk_state_threads(view->state), main->ptid) : NULL;

	if (!creator)
		return;
	ret_anchor->cache = &creator->ancestry;
	ret_anchor->stamp = (uint64_t)lineage_of(view) << 32 | creator->revision;
}

static bool container(void *event, struct sk_vm_container *ret_container)
{
	const struct sk_event_view *view = event;

	if (!view->thread || view->container)
		return false;
	*ret_container = (struct sk_vm_container){
		.id = view->thread->container_id->bytes,
		.length = view->thread->container_id->length,
		.stamp = sk_containers_epoch(sk_state_containers(view->state)),
	};
	return true;
}

static bool descriptor(void *event, struct sk_vm_descriptor *ret_descriptor)
{
	struct sk_event_view *view = event;
	struct sk_fd *fd = view->fd;

	if (!view->thread || !fd || view->fd_number == INT64_MIN)
		return false;
	ret_descriptor->anchor = (struct sk_vm_anchor){&fd->class, fd->revision};
	if (fd->type == SK_FD_FILE || fd->type == SK_FD_FILE_V2 || fd->type == SK_FD_DIRECTORY) {
		ret_descriptor->name = fd->name->bytes;
		ret_descriptor->length = fd->name->length;
		ret_descriptor->kind = fd->type;
	}
	return true;
}

static bool bare(void *event)
{
	return sk_event_is_bare(&((const struct sk_event_view *)event)->event);
}

int sk_sensor_create(const struct sk_sensor_options *options, struct sk_sensor **ret_sensor, struct sk_error *error)
{
	const struct sk_vm_options vm_options = {
		.extract = sk_fields_extract,
		.anchor = anchor,
		.ancestors = ancestors,
		.container = container,
		.descriptor = descriptor,
		.bare = bare,
		.engine = options->engine,
		.limits = options->limits,
		.match_all = options->match_all,
		.priority = options->priority,
	};
	struct sk_sensor *sensor = sk_alloc_zeroed(1, sizeof(*sensor));
	int result = -ENOMEM;

	if (!sensor)
		goto failed;
	sensor->bundle = options->bundle;
	sensor->outputs = options->outputs;
	sensor->state_options = options->state;
	sensor->every_event = options->every_event;
	sensor->rule_matches = sk_alloc_zeroed(options->bundle->rules_count, sizeof(*sensor->rule_matches));
	if (!sensor->rule_matches)
		goto failed;
	result = sk_state_create(&options->state, &sensor->state);
	if (result < 0)
		goto failed;
	result = sk_fields_create(options->bundle, &sensor->fields);
	if (result < 0)
		goto failed;
	sensor->view.fields = sensor->fields;
	result = sk_vm_create(options->bundle, &vm_options, &sensor->vm, error);
	if (result < 0)
		goto failed;
	sensor->asks_for_leaders = sk_asks_in_conditions(options->bundle, sk_field_asks_for_leader);
	result = sk_alerts_create(options->bundle, &options->alert, &sensor->alerts);
	if (result < 0)
		goto failed;
	result = sk_evidence_create(options->bundle, options->alert.suggested, &sensor->evidence);
	if (result < 0)
		goto failed;
	*ret_sensor = sensor;
	return 0;
failed:
	sk_sensor_destroy(sensor);
	if (result == -ENOMEM)
		sk_error_set(error, result, "out of memory");
	return result;
}

void sk_sensor_destroy(struct sk_sensor *sensor)
{
	if (!sensor)
		return;
	if (sensor->alerts)
		sk_alerts_destroy(sensor->alerts);
	sk_evidence_destroy(sensor->evidence);
	if (sensor->vm)
		sk_vm_destroy(sensor->vm);
	sk_fields_destroy(sensor->fields);
	if (sensor->state)
		sk_state_destroy(sensor->state);
	sk_free(sensor->rule_matches);
	sk_free(sensor);
}

int sk_sensor_restart(struct sk_sensor *sensor)
{
	struct sk_state *state;
	int status = sk_state_create(&sensor->state_options, &state);

	if (status < 0)
		return status;
	sk_state_destroy(sensor->state);
	sensor->state = state;
	sensor->view = (struct sk_event_view){.fields = sensor->fields};
	sensor->events = sensor->damaged = sensor->matches = 0;
	sensor->begun = false;
	memset(sensor->rule_matches, 0, sensor->bundle->rules_count * sizeof(*sensor->rule_matches));
	sk_vm_begin_anew(sensor->vm);
	return 0;
}

struct sk_entry_sink sk_sensor_sink(struct sk_sensor *sensor)
{
	return sk_state_sink(sensor->state);
}

struct sk_state *sk_sensor_state(struct sk_sensor *sensor)
{
	return sensor->state;
}

/*
 * A capture may open with events that tell of containers, users and groups
 * which were there before: state, like the blocks of processes.
 */
static bool is_initial_state(uint16_t type)
{
	switch (type) {
	case SK_EVENT_CONTAINER_E:
	case SK_EVENT_CONTAINER_JSON_E:
	case SK_EVENT_CONTAINER_JSON_2_E:
	case SK_EVENT_ASYNCEVENT_E:
	case SK_EVENT_USER_ADDED_E:
	case SK_EVENT_USER_DELETED_E:
	case SK_EVENT_GROUP_ADDED_E:
	case SK_EVENT_GROUP_DELETED_E:
		return true;
	default:
		return false;
	}
}

/*
 * Events of the beginning of a system call only help the state to read the
 * arguments that the kernel used; the call's rules wait for its end
 * (spec/rule-language.md section 3.5).
 */
static inline bool rules_see(struct sk_sensor *sensor, const struct sk_event *event)
{
	if (!sensor->begun)
		sensor->begun = !is_initial_state(event->type);
	if (sensor->every_event)
		return !event->state_only;
	if (event->state_only || !sensor->begun)
		return false;
	return event->info->direction == SK_DIRECTION_EXIT || !(event->info->category & SK_CATEGORY_SYSCALL);
}

static inline bool apply(struct sk_sensor *sensor, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only)
{
	struct sk_event_view *view = &sensor->view;

	sensor->seen = false;
	if (sk_event_decode(bytes, size, &view->event, NULL) < 0) {
		sensor->damaged++;
		return false;
	}
	view->event.number = ++sensor->events;
	view->event.cpu = cpu;
	view->event.state_only = state_only;
	if (!view->first_ts && !(view->event.info->category & SK_CATEGORY_METAEVENT))
		view->first_ts = view->event.ts;
	sk_state_process(sensor->state, view);
	sensor->seen = rules_see(sensor, &view->event);
	return sensor->seen;
}

bool sk_sensor_apply(struct sk_sensor *sensor, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only)
{
	return apply(sensor, bytes, size, cpu, state_only);
}

uint32_t sk_sensor_evaluate(struct sk_sensor *sensor, const uint32_t **ret_rules)
{
	return sk_vm_evaluate(sensor->vm, sensor->view.event.type, &sensor->view, ret_rules);
}

void sk_sensor_report(struct sk_sensor *sensor, const uint32_t *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		sk_sensor_format(sensor, rules[i], &sensor->outputs->pending);
		sensor->rule_matches[rules[i]]++;
	}
	sensor->matches += count;
	sk_outputs_commit(sensor->outputs);
}

void sk_sensor_event(struct sk_sensor *sensor, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only)
{
	const uint32_t *matched;
	uint32_t count;

	if (!apply(sensor, bytes, size, cpu, state_only))
		return;
	count = sk_vm_evaluate(sensor->vm, sensor->view.event.type, &sensor->view, &matched);
	if (count)
		sk_sensor_report(sensor, matched, count);
}

struct sk_sensor_stats sk_sensor_stats(const struct sk_sensor *sensor)
{
	return (struct sk_sensor_stats){
		.events = sensor->events,
		.damaged = sensor->damaged,
		.matches = sensor->matches,
		.state = sk_state_stats(sensor->state),
	};
}

uint64_t sk_sensor_rule_matches(const struct sk_sensor *sensor, uint32_t rule)
{
	return rule < sensor->bundle->rules_count ? sensor->rule_matches[rule] : 0;
}

const struct sk_event_view *sk_sensor_view(const struct sk_sensor *sensor)
{
	return &sensor->view;
}

struct sk_vm *sk_sensor_vm(struct sk_sensor *sensor)
{
	return sensor->vm;
}

bool sk_sensor_sees(const struct sk_sensor *sensor)
{
	return sensor->seen;
}

void sk_sensor_format(struct sk_sensor *sensor, uint32_t rule, struct sk_buffer *buffer)
{
	const char *evidence = NULL;

	if (sk_alerts_show_evidence(sensor->alerts, rule))
		evidence = sk_sensor_evidence(sensor, rule);
	sk_alerts_format(sensor->alerts, sensor->vm, rule, sensor->view.event.ts, evidence, buffer);
}

const char *sk_sensor_evidence(struct sk_sensor *sensor, uint32_t rule)
{
	return sk_evidence_of(sensor->evidence, sensor->vm, &sensor->view, rule);
}

struct sk_vm_stats sk_sensor_vm_stats(const struct sk_sensor *sensor)
{
	struct sk_vm_stats stats;

	sk_vm_stats(sensor->vm, &stats);
	return stats;
}
