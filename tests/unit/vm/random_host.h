/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose events have values at random, but keep what the engine may rely
 * on (vm/vm.h):
 *
 *   THREAD and LINEAGE fields follow from the thread's secret alone, and its
 *   stamp is another one whenever the secret is
 *   what a file tells follows from its name and kind
 *   evt.type is the event's name; a parameter that the type lacks has no value
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
#include "vm/vm.h"

enum { THREADS = 6, ENGINES = 10 };

struct mock_thread {
	uint64_t secret, stamp;
	struct sk_vm_cache caches[ENGINES]; /* one an engine, which are many here */
};

struct mock_event {
	uint64_t seed;
	uint16_t type;
	int thread; /* -1: none */
	bool has_file;
	char file_name[32];
	uint32_t file_kind;
	struct mock_thread *threads;
	uint32_t engine;   /* whose turn it is */
	bool short_memory; /* now and then a value does not fit */
};

static const uint16_t mock_types[] = {
	SK_EVENT_SYSCALL_OPEN_X,   SK_EVENT_SYSCALL_OPENAT_2_X, SK_EVENT_SYSCALL_EXECVE_19_X,
	SK_EVENT_SOCKET_CONNECT_X, SK_EVENT_SYSCALL_CLOSE_X,    SK_EVENT_SYSCALL_CLONE_20_X,
	SK_EVENT_PROCEXIT_1_E,     SK_EVENT_GENERIC_X,          SK_EVENT_ASYNCEVENT_E,
};

/* --- threads ----------------------------------------------------------- */

/* What happens to threads before an event: changes, changes of nothing, reuse. */
static void disturb_threads(struct mock_thread *threads, struct random *random)
{
	static const uint32_t rates[] = {3, 20, 200};
	uint32_t rate = rates[random_below(random, COUNT(rates))];

	for (int i = 0; i < THREADS; i++) {
		struct mock_thread *thread = &threads[i];

		if (thread->stamp && !one_in(random, rate))
			continue;
		switch (thread->stamp ? random_below(random, 3) : 0) {
		case 0: /* another thread in the same memory */
			thread->stamp++;
			memset(thread->caches, 0, sizeof(thread->caches));
			thread->secret = random_below(random, 12);
			break;
		case 1:
			thread->stamp++;
			thread->secret = random_below(random, 12);
			break;
		default:
			thread->stamp++;
		}
	}
}

static void mock_anchor(void *context, struct sk_vm_anchor *ret_anchor)
{
	struct mock_event *event = context;

	if (event->thread < 0)
		return;
	ret_anchor->cache = &event->threads[event->thread].caches[event->engine];
	ret_anchor->stamp = event->threads[event->thread].stamp;
}

static bool mock_file(void *context, struct sk_vm_file *ret_file)
{
	const struct mock_event *event = context;

	if (event->has_file)
		*ret_file =
			(struct sk_vm_file){event->file_name, (uint32_t)strlen(event->file_name), event->file_kind};
	return event->has_file;
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

static bool tells_of_file(enum sk_field field)
{
	switch (field) {
	case SK_FIELD_FD_NAME:
	case SK_FIELD_FD_DIRECTORY:
	case SK_FIELD_FD_FILENAME:
	case SK_FIELD_FD_TYPE:
	case SK_FIELD_FD_TYPECHAR:
	case SK_FIELD_FD_L4PROTO:
	case SK_FIELD_FD_SOCKFAMILY:
	case SK_FIELD_FD_CONNECTED:
		return true;
	default:
		return false;
	}
}

/* What the value of a field follows from. */
static uint64_t mock_source(const struct mock_event *event, const struct sk_field_ref *ref)
{
	uint64_t field = mix2(ref->field, ref->argument ? hash_bytes(ref->argument, ref->argument_length) : 0);
	enum sk_scope scope = (enum sk_scope)sk_fields[ref->field].scope;

	if ((scope == SK_SCOPE_THREAD || scope == SK_SCOPE_LINEAGE) && event->thread >= 0)
		return mix2(field, event->threads[event->thread].secret);
	if (event->has_file && tells_of_file((enum sk_field)ref->field))
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

static void make_event(struct mock_event *event, struct random *random, struct mock_thread *threads,
		       bool short_memory)
{
	*event = (struct mock_event){
		.seed = one_in(random, 3) ? random_below(random, 8) : random_next(random),
		.type = mock_types[random_below(random, COUNT(mock_types))],
		.thread = (int)random_below(random, THREADS + 1) - 1,
		.threads = threads,
		.has_file = one_in(random, 2),
		.file_kind = random_below(random, 3),
		.short_memory = short_memory,
	};
	/* A few files that come again and again, and many that do not. */
	snprintf(event->file_name, sizeof(event->file_name), "/f%u",
		 random_below(random, one_in(random, 2) ? 5 : 9999));
}

#endif
