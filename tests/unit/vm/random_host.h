/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose events have values at random, but keep what the engine may rely
 * on (vm/vm.h):
 *
 *   THREAD and LINEAGE fields follow from the secrets of the thread, of the
 *   one that created it and of its container; the thread's stamp is another
 *   one whenever one of these is
 *   those of facet ANCESTORS follow from the creator alone, those of facet
 *   CONTAINER from the container
 *   what a file tells follows from its name and kind, for facet KIND from the
 *   kind alone; what a socket tells from what it is
 *   evt.type is the event's name; a parameter that the type lacks has no value
 *   of bare events the fields of SK_FIELD_FLAG_BARE follow from the type
 *   everything else follows from the event's seed
 *
 * Values are made from a few texts and numbers, so that they meet the
 * constants of random_pack.h.
 */
#ifndef SK_TESTS_VM_RANDOM_HOST_H
#define SK_TESTS_VM_RANDOM_HOST_H

#include <arpa/inet.h>

#include "tests/unit/vm/random_pack.h"
#include "vm/given.h"
#include "vm/question.h"
#include "vm/vm.h"

enum { THREADS = 6, CREATORS = 3, CONTAINERS = 3, SOCKETS = 4, ENGINES = 12 };

/* A thread, a creator or a socket. */
struct mock_thing {
	uint64_t secret, stamp;
	struct sk_vm_cache caches[ENGINES]; /* one an engine, which are many here */
	uint32_t creator, container;        /* of a thread */
};

struct mock_world {
	struct mock_thing threads[THREADS], creators[CREATORS], sockets[SOCKETS];
	uint64_t containers[CONTAINERS], container_stamp;
};

struct mock_event {
	uint64_t seed;
	uint16_t type;
	int thread; /* -1: none */
	bool has_file;
	char file_name[32];
	uint32_t file_kind;
	int socket; /* -1: none */
	bool bare;
	struct mock_world *world;
	uint32_t engine;   /* whose turn it is */
	bool short_memory; /* now and then a value does not fit */
};

static const uint16_t mock_types[] = {
	SK_EVENT_SYSCALL_OPEN_X,   SK_EVENT_SYSCALL_OPENAT_2_X, SK_EVENT_SYSCALL_EXECVE_19_X,
	SK_EVENT_SOCKET_CONNECT_X, SK_EVENT_SYSCALL_CLOSE_X,    SK_EVENT_SYSCALL_CLONE_20_X,
	SK_EVENT_PROCEXIT_1_E,     SK_EVENT_GENERIC_X,          SK_EVENT_ASYNCEVENT_E,
};

/* --- threads ----------------------------------------------------------- */

/* True if it is another one now; often only its stamp is. */
static bool disturb(struct mock_thing *thing, struct random *random, uint32_t rate)
{
	if (thing->stamp && !one_in(random, rate))
		return false;
	/* Another one in the same memory. */
	if (!thing->stamp || one_in(random, 3))
		memset(thing->caches, 0, sizeof(thing->caches));
	if (!thing->stamp || !one_in(random, 3))
		thing->secret = random_below(random, 12);
	thing->stamp++;
	return true;
}

/* What happens before an event: changes, changes of nothing, reuse. */
static void disturb_world(struct mock_world *world, struct random *random)
{
	static const uint32_t rates[] = {3, 20, 200};
	uint32_t rate = rates[random_below(random, COUNT(rates))];
	bool all = false;

	for (int i = 0; i < CREATORS; i++)
		all |= disturb(&world->creators[i], random, 16 * rate);
	if (!world->container_stamp || one_in(random, 16 * rate)) {
		world->containers[random_below(random, CONTAINERS)] = random_below(random, 12);
		world->container_stamp++;
		all = true;
	}
	for (int i = 0; i < THREADS; i++) {
		struct mock_thing *thread = &world->threads[i];

		thread->stamp += all;
		if (!disturb(thread, random, rate))
			continue;
		thread->creator = random_below(random, CREATORS);
		thread->container = random_below(random, CONTAINERS);
	}
	for (int i = 0; i < SOCKETS; i++)
		disturb(&world->sockets[i], random, rate);
}

static struct sk_vm_anchor anchor_in(struct mock_thing *thing, uint32_t engine)
{
	return (struct sk_vm_anchor){&thing->caches[engine], thing->stamp};
}

static void mock_anchor(void *context, struct sk_vm_anchor *ret_anchor)
{
	struct mock_event *event = context;

	if (event->thread >= 0)
		*ret_anchor = anchor_in(&event->world->threads[event->thread], event->engine);
}

static void mock_ancestors(void *context, struct sk_vm_anchor *ret_anchor)
{
	struct mock_event *event = context;

	if (event->thread >= 0)
		*ret_anchor = anchor_in(&event->world->creators[event->world->threads[event->thread].creator],
					event->engine);
}

static bool mock_container(void *context, struct sk_vm_container *ret_container)
{
	static const char *const ids[CONTAINERS] = {"", "one", "another"};
	const struct mock_event *event = context;
	const char *id;

	if (event->thread < 0)
		return false;
	id = ids[event->world->threads[event->thread].container];
	*ret_container = (struct sk_vm_container){id, (uint32_t)strlen(id), event->world->container_stamp};
	return true;
}

static bool mock_descriptor(void *context, struct sk_vm_descriptor *ret_descriptor)
{
	struct mock_event *event = context;

	if (event->socket >= 0)
		ret_descriptor->anchor = anchor_in(&event->world->sockets[event->socket], event->engine);
	else if (event->has_file)
		*ret_descriptor = (struct sk_vm_descriptor){
			.name = event->file_name,
			.length = (uint32_t)strlen(event->file_name),
			.kind = event->file_kind,
		};
	return event->socket >= 0 || event->has_file;
}

static bool mock_bare(void *context)
{
	return ((const struct mock_event *)context)->bare;
}

/* --- values ------------------------------------------------------------ */

static struct sk_value mock_text(struct random *random, struct sk_arena *scratch)
{
	static const char with_nul[] = "ab\0c", not_utf8[] = "/etc/\xff\xfe";
	const char *text = texts[random_below(random, COUNT(texts))];
	uint32_t length;
	char *bytes;

	if (one_in(random, 2)) {
		bytes = sk_arena_alloc(scratch, 8);
		short_text(random, bytes);
		return sk_value_text(bytes, (uint32_t)strlen(bytes));
	}
	if (one_in(random, 2))
		return sk_value_text(text, (uint32_t)strlen(text));
	switch (random_below(random, 8)) {
	case 0:
		return sk_value_text(with_nul, 2 + random_below(random, 3));
	case 1:
		return sk_value_text(not_utf8, sizeof(not_utf8) - 1);
	case 2: /* longer than the room in which lists are laid out */
		length = 4000 + random_below(random, 200);
		bytes = sk_arena_alloc(scratch, length);
		memset(bytes, 'a', length);
		return sk_value_text(bytes, length);
	default: /* one that is met nowhere else */
		bytes = sk_arena_alloc(scratch, 64);
		length = (uint32_t)snprintf(bytes, 64, "%s%s%u", text, texts[random_below(random, COUNT(texts))],
					    random_below(random, 50));
		return sk_value_text(bytes, length);
	}
}

static uint64_t mock_number(struct random *random, enum sk_type type)
{
	uint64_t number = (uint64_t)strtoll(numbers[random_below(random, COUNT(numbers))], NULL, 10);

	if (one_in(random, 8))
		number = random_next(random);
	switch (type) {
	case SK_TYPE_INT8:
		return (uint64_t)(int64_t)(int8_t)number;
	case SK_TYPE_INT16:
		return (uint64_t)(int64_t)(int16_t)number;
	case SK_TYPE_INT32:
		return (uint64_t)(int64_t)(int32_t)number;
	case SK_TYPE_UINT8:
		return (uint8_t)number;
	case SK_TYPE_UINT16:
	case SK_TYPE_PORT:
		return (uint16_t)number;
	case SK_TYPE_UINT32:
		return (uint32_t)number;
	default:
		return number;
	}
}

static struct sk_value mock_scalar(struct random *random, enum sk_type type, struct sk_arena *scratch)
{
	static const double reals[] = {0, -0.0, 1, 2.5, -1, 80, 1e300, __builtin_nan("")};
	struct sk_value value = {.presence = SK_PRESENT, .type = (uint8_t)type, .format = SK_FORMAT_DEC};
	struct sk_address *address;
	const char *text;

	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		value = mock_text(random, scratch);
		value.type = (uint8_t)type;
		break;
	case SK_CLASS_ADDRESS:
		text = addresses[random_below(random, COUNT(addresses))];
		address = sk_arena_alloc_zeroed(scratch, 1, sizeof(*address));
		address->length = strchr(text, ':') ? 16 : 4;
		inet_pton(address->length == 4 ? AF_INET : AF_INET6, text, address->bytes);
		value.address = address;
		break;
	case SK_CLASS_BOOL:
		value.number = random_below(random, 2);
		break;
	case SK_CLASS_NUMBER:
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		if (type == SK_TYPE_DOUBLE)
			value.real = reals[random_below(random, COUNT(reals))];
		else
			value.number = mock_number(random, type);
		break;
	}
	return value;
}

static struct sk_value mock_missing(struct random *random, bool short_memory)
{
	static const uint8_t reasons[] = {SK_MISSING, SK_MISSING, SK_MISSING_LOST, SK_MISSING_PENDING};

	if (short_memory && one_in(random, 20))
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	return (struct sk_value){.presence = reasons[random_below(random, COUNT(reasons))]};
}

static uint64_t hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = length;

	for (size_t i = 0; i < length; i++)
		hash = mix2(hash, (unsigned char)bytes[i]);
	return hash;
}

/* The facet that the field is in whatever its argument; SK_FACET_NONE without one. */
static enum sk_facet mock_facet(const struct sk_field_ref *ref)
{
	switch (ref->field) {
#define SK_FACET_FIELD(facet, id)                                                                                  \
	case SK_FIELD_##id:                                                                                        \
		return SK_FACET_##facet;
#include "vm/facets.def"
	default:
		return SK_FACET_NONE;
	}
}

static uint64_t mock_thread_source(const struct mock_event *event, const struct sk_field_ref *ref)
{
	const struct mock_world *world = event->world;
	const struct mock_thing *thread = &world->threads[event->thread];
	uint64_t creator = world->creators[thread->creator].secret,
		 container = world->containers[thread->container];

	switch (mock_facet(ref)) {
	case SK_FACET_ANCESTORS:
		/* Level 0 is the process itself. */
		if (ref->kind == SK_ARGUMENT_KIND_INDEX && ref->index == 0)
			break;
		return creator;
	case SK_FACET_CONTAINER:
		return container;
	case SK_FACET_NONE:
	case SK_FACET_THREAD:
	case SK_FACET_KIND:
	case SK_FACET_NAME:
	case SK_FACET_COUNT:
		break;
	}
	return mix2(thread->secret, mix2(creator, container));
}

/* What the value of a field follows from. */
static uint64_t mock_source(const struct mock_event *event, const struct sk_field_ref *ref)
{
	uint64_t field = mix2(ref->field, ref->argument ? hash_bytes(ref->argument, ref->argument_length) : 0);
	enum sk_scope scope = (enum sk_scope)sk_fields[ref->field].scope;
	enum sk_facet facet = mock_facet(ref);

	if ((scope == SK_SCOPE_THREAD || scope == SK_SCOPE_LINEAGE) && event->thread >= 0)
		return mix2(field, mock_thread_source(event, ref));
	if (event->bare && sk_fields[ref->field].flags & SK_FIELD_FLAG_BARE)
		return mix2(field, event->type);
	if (facet < SK_FACET_KIND)
		return mix2(field, event->seed);
	if (event->socket >= 0)
		return mix2(field, event->world->sockets[event->socket].secret);
	if (event->has_file && facet == SK_FACET_KIND)
		return mix2(field, event->file_kind);
	if (event->has_file)
		return mix2(field, mix2(hash_bytes(event->file_name, strlen(event->file_name)), event->file_kind));
	return mix2(field, event->seed);
}

static void mock_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			 struct sk_value *ret_value)
{
	const struct mock_event *event = context;
	const struct sk_field_info *info = &sk_fields[ref->field];
	struct random random = {mock_source(event, ref)};
	struct sk_value *items;
	uint32_t count;

	if (sk_given(ref, event->type, ret_value))
		return;
	if (info->availability == SK_AVAILABILITY_NEVER) {
		*ret_value = sk_value_missing();
		return;
	}
	if (ref->field == SK_FIELD_EVT_TYPE) {
		const char *name = one_in(&random, 2) ? "getegid" : "open";

		*ret_value = sk_value_text(name, (uint32_t)strlen(name));
		return;
	}
	if (one_in(&random, 7)) {
		*ret_value = mock_missing(&random, event->short_memory);
		return;
	}
	if (!ref->list && (ref->kind != SK_ARGUMENT_KIND_NONE || info->quantifier == SK_QUANTIFIER_ONE)) {
		*ret_value = mock_scalar(&random, (enum sk_type)ref->type, scratch);
		return;
	}
	count = random_below(&random, info->quantifier == SK_QUANTIFIER_BOTH ? 3 : 5);
	items = sk_arena_alloc_zeroed(scratch, count + 1, sizeof(*items));
	for (uint32_t i = 0; i < count; i++)
		items[i] = mock_scalar(&random, (enum sk_type)ref->type, scratch);
	*ret_value = (struct sk_value){
		.presence = SK_PRESENT, .type = ref->type, .list = 1, .length = count, .items = items};
}

static void make_event(struct mock_event *event, struct random *random, struct mock_world *world, bool short_memory)
{
	*event = (struct mock_event){
		.seed = one_in(random, 3) ? random_below(random, 8) : random_next(random),
		.type = mock_types[random_below(random, COUNT(mock_types))],
		.thread = (int)random_below(random, THREADS + 1) - 1,
		.world = world,
		.socket = one_in(random, 4) ? (int)random_below(random, SOCKETS) : -1,
		.has_file = one_in(random, 2),
		.file_kind = random_below(random, 3),
		.bare = !one_in(random, 3),
		.short_memory = short_memory,
	};
	/* A few files that come again and again, and many that do not. */
	snprintf(event->file_name, sizeof(event->file_name), "/f%u",
		 random_below(random, one_in(random, 2) ? 5 : 9999));
}

#endif
