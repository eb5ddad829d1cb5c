/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users and groups, and metadata of containers: both come beside the
 * system calls, and change what rules see of threads that did nothing
 * (spec/state.md sections 7 and 8).
 */
#include "runtime/state/state_private.h"

#include <jansson.h>

#include "runtime/state/user_event.h"
#include "vm/event_build.h"

static const uint64_t ask_again = UINT64_C(60) * 1000000000;

void sk_state_container_changed(struct sk_state *state, const struct sk_string *container_id)
{
	struct sk_thread *thread;
	uint32_t cursor = 0;

	/*
	 * A container without users of its own shows the host's, and in a pod one
	 * container's metadata speaks for the others.
	 */
	while ((thread = sk_thread_table_next(&state->threads, &cursor)))
		if (container_id->length == 0 || thread->container_id->length > 0)
			sk_thread_changed(&state->threads, thread);
	/* Threads that do nothing are others now: no event of theirs tells it to who looks at events only. */
	state->threads.lineage_epoch++;
}

void sk_state_forget_matches(struct sk_state *state)
{
	for (unsigned i = 0; i < SK_MATCHED_CGROUPS; i++) {
		sk_string_drop(state->strings, state->matched[i].cgroups);
		sk_string_drop(state->strings, state->matched[i].container_id);
		state->matched[i] = (struct sk_matched_cgroups){NULL, NULL};
	}
}

/* The answer for these cgroups, if they were asked for lately. */
static const struct sk_matched_cgroups *find_match(const struct sk_state *state, const struct sk_string *cgroups)
{
	for (unsigned i = 0; i < SK_MATCHED_CGROUPS; i++) {
		const struct sk_string *known = state->matched[i].cgroups;

		if (known && (known == cgroups || sk_string_equal(known, cgroups->bytes, cgroups->length)))
			return &state->matched[i];
	}
	return NULL;
}

/* What came changes what all threads in containers show, so those of who goes are told with them. */
static void remove_surplus(struct sk_state *state)
{
	const struct sk_container *surplus;

	while ((surplus = sk_containers_surplus(state->containers))) {
		struct sk_string *id = sk_string_share(surplus->id);

		sk_containers_remove(state->containers, id->bytes, id->length);
		sk_users_forget(state->users, id);
		sk_string_drop(state->strings, id);
		state->stats.containers_evicted++;
	}
}

static const struct sk_matched_cgroups *match(struct sk_state *state, struct sk_string *cgroups)
{
	struct sk_matched_cgroups *matched = &state->matched[state->next_matched++ % SK_MATCHED_CGROUPS];
	uint16_t type = SK_CONTAINER_UNKNOWN;
	bool synthesise = false;
	char id[64];
	unsigned length = sk_container_match(cgroups->bytes, cgroups->length, id, &type, &synthesise);

	sk_string_replace(state->strings, &matched->container_id, sk_string_new(state->strings, id, length));
	sk_string_replace(state->strings, &matched->cgroups, sk_string_share(cgroups));
	if (synthesise && !sk_containers_find(state->containers, id, length) &&
	    sk_containers_synthesise(state->containers, id, length, type)) {
		remove_surplus(state);
		sk_state_container_changed(state, matched->container_id);
	}
	return matched;
}

static void need_metadata(struct sk_state *state, const struct sk_string *id)
{
	sk_containers_touch(state->containers, id->bytes, id->length);
	if (id->length > 0 && state->source.need_container &&
	    !sk_containers_find(state->containers, id->bytes, id->length))
		state->source.need_container(state->source.context, id->bytes, id->length);
}

void sk_state_match_container(struct sk_state *state, struct sk_thread *thread)
{
	const struct sk_matched_cgroups *matched;

	if (thread->matched_cgroups == thread->cgroups) {
		need_metadata(state, thread->container_id);
		return;
	}
	matched = find_match(state, thread->cgroups);
	if (!matched)
		matched = match(state, thread->cgroups);
	/* One string for all who are in the same place. */
	if (thread->cgroups != matched->cgroups)
		sk_string_replace(state->strings, &thread->cgroups, sk_string_share(matched->cgroups));
	sk_thread_set_container(&state->threads, thread, matched->container_id);
	need_metadata(state, matched->container_id);
}

static void tell(struct sk_state *state, bool made)
{
	if (made)
		state->learned(state->learned_context, (const uint8_t *)state->learned_event.bytes,
			       state->learned_event.length);
}

/* --- users and groups --------------------------------------------------------- */

/* Where a source's answer goes: the host's tables. */
struct import {
	struct sk_state *state;
	const struct sk_string *container_id;
	bool changed;
};

static int import_user(void *context, const struct sk_user_entry *entry)
{
	struct import *import = context;
	struct sk_state *state = import->state;
	int changed = sk_users_add(state->users, import->container_id, entry->uid, entry->gid, entry->name.bytes,
				   entry->name.length, entry->home.bytes, entry->home.length, entry->shell.bytes,
				   entry->shell.length);

	if (changed <= 0)
		return 0;
	import->changed = true;
	if (state->learned)
		tell(state, sk_user_event(state->now, sk_users_find(state->users, import->container_id, entry->uid),
					  import->container_id, &state->learned_event));
	return 0;
}

static int import_group(void *context, const struct sk_group_entry *entry)
{
	struct import *import = context;
	struct sk_state *state = import->state;
	int changed = sk_users_add_group(state->users, import->container_id, entry->gid, entry->name.bytes,
					 entry->name.length);

	if (changed <= 0)
		return 0;
	import->changed = true;
	if (state->learned)
		tell(state,
		     sk_group_event(state->now, sk_users_find_group(state->users, import->container_id, entry->gid),
				    import->container_id, &state->learned_event));
	return 0;
}

static bool may_ask(struct sk_state *state, uint32_t number)
{
	struct sk_asked_user *asked = &state->asked[number % SK_ASKED_USERS];
	uint64_t key = number + UINT64_C(1);

	if (asked->key == key && state->now - asked->ts < ask_again)
		return false;
	*asked = (struct sk_asked_user){key, state->now};
	return true;
}

void sk_state_need_users(struct sk_state *state, const struct sk_thread *thread)
{
	struct import import = {.state = state, .container_id = sk_string_empty(state->strings)};
	const struct sk_entry_sink sink = {.context = &import, .user = import_user, .group = import_group};
	const struct sk_string *id = thread->container_id;
	bool user, group;

	if (!state->live)
		return;
	user = thread->uid == 0 || thread->uid == UINT32_MAX || sk_users_find(state->users, id, thread->uid);
	group = thread->gid == 0 || thread->gid == UINT32_MAX || sk_users_find_group(state->users, id, thread->gid);
	if (user && group)
		return;
	if (id->length > 0) {
		if (state->source.need_users)
			state->source.need_users(state->source.context, id->bytes, id->length, thread->tid);
		return;
	}
	if (!state->source.host_users || !may_ask(state, user ? ~thread->gid : thread->uid))
		return;
	state->source.host_users(state->source.context, &sink);
	if (import.changed)
		sk_state_container_changed(state, id);
}

/* The container id of an event about users; absent means the host. */
static struct sk_string *container_of(struct sk_state *state, const struct sk_event_view *view, unsigned index)
{
	const char *text;
	uint32_t length;

	if (!sk_event_has(&view->event, index))
		return sk_string_empty(state->strings);
	text = sk_event_text(&view->event, index, &length);
	return sk_string_new(state->strings, text, length);
}

static bool has_number(const struct sk_event_view *view, unsigned index, uint32_t *ret_number)
{
	if (index >= view->event.nparams || view->event.param[index].length != 4)
		return false;
	*ret_number = sk_read_u32(view->event.param[index].bytes);
	return true;
}

void sk_state_user_added(struct sk_state *state, struct sk_event_view *view)
{
	uint32_t uid, gid = UINT32_MAX, lengths[3];
	struct sk_string *container_id;
	const char *texts[3];

	if (!has_number(view, 0, &uid))
		return;
	has_number(view, 1, &gid);
	for (unsigned i = 0; i < 3; i++)
		texts[i] = sk_event_text(&view->event, 2 + i, &lengths[i]);
	container_id = container_of(state, view, 5);
	if (sk_users_add(state->users, container_id, uid, gid, texts[0], lengths[0], texts[1], lengths[1], texts[2],
			 lengths[2]) > 0)
		sk_state_container_changed(state, container_id);
	sk_string_drop(state->strings, container_id);
}

void sk_state_user_deleted(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_string *container_id;
	uint32_t uid;

	if (!has_number(view, 0, &uid))
		return;
	container_id = container_of(state, view, 5);
	sk_users_remove(state->users, container_id, uid);
	sk_state_container_changed(state, container_id);
	sk_string_drop(state->strings, container_id);
}

void sk_state_group_added(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_string *container_id;
	uint32_t gid, length;
	const char *name;

	if (!has_number(view, 0, &gid))
		return;
	name = sk_event_text(&view->event, 1, &length);
	container_id = container_of(state, view, 2);
	if (sk_users_add_group(state->users, container_id, gid, name, length) > 0)
		sk_state_container_changed(state, container_id);
	sk_string_drop(state->strings, container_id);
}

void sk_state_group_deleted(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_string *container_id;
	uint32_t gid;

	if (!has_number(view, 0, &gid))
		return;
	container_id = container_of(state, view, 2);
	sk_users_remove_group(state->users, container_id, gid);
	sk_state_container_changed(state, container_id);
	sk_string_drop(state->strings, container_id);
}

/* --- containers ------------------------------------------------------------------ */

static void take_metadata(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	uint32_t length;
	const char *json = sk_state_bytes(view, index, &length);

	view->container = sk_containers_update(state->containers, json, length);
	if (!view->container)
		return;
	remove_surplus(state);
	sk_state_container_changed(state, view->container->id);
}

/* The rules still see the container at its own removal. */
static void remove_container(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	char *id = state->removed_container;
	uint32_t length;
	const char *json = sk_state_bytes(view, index, &length);

	state->removed_container_length = sk_container_id_from_metadata(json, length, id);
	if (state->removed_container_length == 0)
		return;
	state->settle = true;
	view->container = sk_containers_find(state->containers, id, state->removed_container_length);
}

/* A replay sees no first process that ends a container. */
static void tell_end(struct sk_state *state, const struct sk_string *id)
{
	static const char name[] = "container_removed";
	static const uint32_t plugin = 0;
	json_t *root = json_pack("{s{ss%}}", "container", "id", id->bytes, (size_t)id->length);
	char json[512];
	size_t length = root ? json_dumpb(root, json, sizeof(json) - 1, JSON_COMPACT) : 0;
	bool fits = length > 0 && length < sizeof(json);
	const struct sk_param params[] = {
		{(const uint8_t *)&plugin, sizeof(plugin)},
		{(const uint8_t *)name, sizeof(name)},
		{(const uint8_t *)json, (uint32_t)length + 1},
	};

	json_decref(root);
	if (fits)
		json[length] = '\0';
	tell(state, fits && sk_event_build(state->now, -1, SK_EVENT_ASYNCEVENT_E, params, &state->learned_event));
}

void sk_state_end_container(struct sk_state *state)
{
	struct sk_string *id =
		sk_string_new(state->strings, state->removed_container, state->removed_container_length);

	/* Without memory it would be the host's. */
	if (id->length > 0) {
		sk_containers_remove(state->containers, id->bytes, id->length);
		sk_users_forget(state->users, id);
		if (state->source.forget_container)
			state->source.forget_container(state->source.context, id->bytes, id->length);
		sk_state_container_changed(state, id);
		if (state->removal_is_learned && state->learned)
			tell_end(state, id);
	}
	sk_string_drop(state->strings, id);
	state->removed_container_length = 0;
	state->removal_is_learned = false;
}

static bool is_named(const struct sk_event_view *view, unsigned index, const char *expected)
{
	uint32_t length;
	const char *name = sk_event_text(&view->event, index, &length);

	return length == strlen(expected) && memcmp(name, expected, length) == 0;
}

void sk_state_async(struct sk_state *state, struct sk_event_view *view)
{
	if (is_named(view, 1, "container"))
		take_metadata(state, view, 2);
	else if (is_named(view, 1, "container_removed"))
		remove_container(state, view, 2);
}

void sk_state_container_json(struct sk_state *state, struct sk_event_view *view)
{
	take_metadata(state, view, 0);
}

static enum sk_metadata_status metadata_status(const struct sk_state *state, const struct sk_string *container_id)
{
	const struct sk_state_source *source = &state->source;

	/* A capture tells it later, if ever: then it was awaited when it was recorded. */
	if (!state->live)
		return SK_METADATA_AWAITED;
	if (source->container_status)
		return source->container_status(source->context, container_id->bytes, container_id->length);
	return source->need_container ? SK_METADATA_AWAITED : SK_METADATA_NOT_ASKED;
}

const char *sk_state_why_no_metadata(const struct sk_state *state, const struct sk_string *container_id)
{
	switch (metadata_status(state, container_id)) {
	case SK_METADATA_AWAITED:
		return "pending";
	case SK_METADATA_UNKNOWN:
		return "no runtime knows it";
	case SK_METADATA_NOT_ASKED:
		return "not told";
	}
	return "not told";
}
