/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the extractors share.  Each READY row of fields.def has one, named
 * after its id; they are declared here from the same rows, so a row that is
 * READY without one does not link, and one without a READY row does not
 * compile (-Wmissing-prototypes).
 */
#ifndef SK_FIELDS_EXTRACT_H
#define SK_FIELDS_EXTRACT_H

#include "runtime/fields/names.h"
#include "runtime/fields/fields.h"
#include "runtime/fields/text.h"

/* What an extractor is asked: a field of an event. */
struct sk_extraction {
	const struct sk_event_view *view;
	const struct sk_field_ref *ref;
	struct sk_arena *scratch;
};

#define SK_EXTRACTOR_DECLARE_READY(id) struct sk_value extract_##id(const struct sk_extraction *asked);
#define SK_EXTRACTOR_DECLARE_NEVER(id)
#define SK_FIELD(id, name, type, list, argument, scope, quantifier, flags, format, availability, meaning)          \
	SK_EXTRACTOR_DECLARE_##availability(id)
#include "vm/schema/fields.def"

/* A directory fd on the wire that stands for the cwd. */
enum { SK_WIRE_AT_FDCWD = -100 };

/* A value without memory of its own. */
static inline struct sk_value sk_field_constant(const char *text)
{
	return sk_value_text(text, (uint32_t)strlen(text));
}

/* Text of the state; what follows a NUL that an event smuggled in is cut off by who reads it. */
static inline struct sk_value sk_field_string(const struct sk_string *string)
{
	return sk_value_text(string->bytes, string->length);
}

static inline struct sk_value sk_field_bool(bool truth)
{
	return sk_value_bool(truth);
}

/* A number that is unknown as zero, or below zero. */
static inline struct sk_value sk_field_unless_zero(enum sk_type type, uint64_t number)
{
	return number ? sk_value_number(type, number) : sk_value_missing();
}

static inline struct sk_value sk_field_unless_negative(enum sk_type type, int64_t number)
{
	return number >= 0 ? sk_value_number(type, (uint64_t)number) : sk_value_missing();
}

static inline const struct sk_thread_table *sk_field_threads(const struct sk_extraction *asked)
{
	return sk_state_threads(asked->view->state);
}

/* --- shared between the families --------------------------------------- */

/*
 * The texts of the sets of capabilities that were met last: most processes
 * have none or all.  More than an event can ask for, so what it was given
 * stays as it is until it is done.
 */
struct sk_capability_texts {
	struct {
		uint64_t set;
		uint32_t length; /* 0: free */
		char bytes[1024];
	} items[8];
	uint32_t next; /* to be replaced */
};

struct sk_capability_texts *sk_fields_capabilities(const struct sk_fields *fields);

/* NULL if nobody asks for a field that needs them, or `fields` is NULL. */
struct sk_readings;
struct sk_readings *sk_fields_readings(const struct sk_fields *fields);

/*
 * The parameter that an evt.arg or evt.rawarg names; -1 if this event has no
 * such parameter.
 */
int sk_param_find(const struct sk_extraction *asked);

/* The parameter of an event type with this name; -1 without one. */
int sk_param_index(uint16_t type, const char *name, size_t length);

/*
 * A parameter as a program wrote it, and what that means (a number's name, an
 * fd's file, a path made absolute).  `index` is below the event's nparams.
 * The meaning is empty if there is none, or if it says nothing new.
 */
void sk_param_append_raw(struct sk_text *text, const struct sk_event_view *view, unsigned index);
void sk_param_append_resolved(struct sk_text *text, const struct sk_event_view *view, unsigned index);

/* The meaning if there is one, else what was written: what evt.arg shows. */
void sk_param_append(struct sk_text *text, const struct sk_event_view *view, unsigned index);

/* All of them: `name=raw(resolved)`. */
void sk_params_append(struct sk_text *text, const struct sk_event_view *view);

/* Addresses as names show them: "1.2.3.4:5", "1.2.3.4:5->6.7.8.9:10". */
void sk_address_append(struct sk_text *text, const uint8_t *address, unsigned length);
void sk_sockaddr_append(struct sk_text *text, const uint8_t *bytes, uint32_t length);
void sk_socktuple_append(struct sk_text *text, const uint8_t *bytes, uint32_t length);

/* The names of a user and a group of the event's thread; "<NA>" if unknown. */
const char *sk_field_user_name(const struct sk_event_view *view, uint32_t uid, uint32_t *ret_length);
const char *sk_field_group_name(const struct sk_event_view *view, uint32_t gid, uint32_t *ret_length);

/* The transport as fd.l4proto shows it: unknown while the role is. */
enum sk_l4_protocol sk_field_l4(const struct sk_fd *fd);

/* A variable of the environment without the blanks around it; empty if there is none. */
struct sk_value sk_field_variable(const struct sk_thread *thread, const char *name, uint32_t length);

/* Number of fds that its process has open. */
uint32_t sk_field_fd_count(const struct sk_thread *thread);

/* A file's name or directory: where the last component begins. */
uint32_t sk_field_basename(const char *path, uint32_t length);

#endif
