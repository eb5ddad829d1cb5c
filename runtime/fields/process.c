/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.* and thread.* of the event's own thread.  Without a thread they are
 * missing; what is not known of a thread is empty or zero, and present.
 */
#include "runtime/fields/extract.h"

/* Begins an extractor: `thread`, or no value. */
#define THREAD_OR_MISSING(asked)                                                                                   \
	const struct sk_thread *thread = (asked)->view->thread;                                                    \
	if (!thread)                                                                                               \
		return sk_value_missing();

struct sk_value extract_PROC_EXE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->exe);
}

struct sk_value extract_PROC_EXEPATH(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->exepath);
}

struct sk_value extract_PROC_NAME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->comm);
}

struct sk_value extract_PROC_CMDLINE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(thread->cmdline);
}

/* --- strings that lie one after another -------------------------------- */

/* The string at `*offset` of `strings`, which moves behind it; false at the end. */
static bool next_string(const struct sk_string *strings, uint32_t *offset, struct sk_bytes *ret_string)
{
	const char *bytes = strings->bytes + *offset;

	if (*offset >= strings->length)
		return false;
	ret_string->bytes = bytes;
	ret_string->length = (uint32_t)strnlen(bytes, strings->length - *offset);
	*offset += ret_string->length + 1;
	return true;
}

static struct sk_value joined(const struct sk_extraction *asked, const struct sk_string *strings)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	sk_text_append_joined(&text, strings->bytes, strings->length, ' ');
	return sk_text_value(&text);
}

struct sk_value extract_PROC_ARGS(const struct sk_extraction *asked)
{
	struct sk_bytes argument;
	uint32_t offset = 0;

	THREAD_OR_MISSING(asked)
	if (asked->ref->kind != SK_ARGUMENT_KIND_INDEX)
		return joined(asked, thread->args);
	for (uint32_t i = 0; next_string(thread->args, &offset, &argument); i++) {
		if (i == asked->ref->index)
			return sk_value_text(argument.bytes, argument.length);
	}
	return sk_field_constant("");
}

struct sk_value extract_PROC_ENV(const struct sk_extraction *asked)
{
	const char *name = asked->ref->argument;
	const uint32_t length = asked->ref->argument_length;
	struct sk_bytes variable;
	uint32_t offset = 0;

	THREAD_OR_MISSING(asked)
	if (asked->ref->kind == SK_ARGUMENT_KIND_NONE)
		return joined(asked, sk_thread_env(thread));
	while (next_string(sk_thread_env(thread), &offset, &variable)) {
		const char *value = variable.bytes + length + 1;
		uint32_t rest;

		if (variable.length <= length || variable.bytes[length] != '=' ||
		    memcmp(variable.bytes, name, length) != 0)
			continue;
		rest = variable.length - length - 1;
		for (; rest && *value == ' '; rest--)
			value++;
		for (; rest && value[rest - 1] == ' '; rest--)
			;
		return sk_value_text(value, rest);
	}
	return sk_field_constant("");
}

struct sk_value extract_PROC_CWD(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_string(sk_thread_cwd(thread));
}

/* --- ids, times, flags ------------------------------------------------- */

struct sk_value extract_PROC_TTY(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_value_number(SK_TYPE_UINT32, thread->tty);
}

struct sk_value extract_PROC_VPID(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return thread->vpid == -1 ? sk_value_missing() : sk_value_number(SK_TYPE_INT64, (uint64_t)thread->vpid);
}

struct sk_value extract_PROC_DURATION(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	if (!thread->clone_ts)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_RELTIME, asked->view->event.ts - thread->clone_ts);
}

struct sk_value extract_PROC_IS_EXE_UPPER_LAYER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_upper_layer);
}

struct sk_value extract_PROC_IS_EXE_FROM_MEMFD(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->exe_from_memfd);
}

struct sk_value extract_PROC_IS_VPGID_LEADER(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_bool(thread->vpgid == thread->vpid);
}

struct sk_value extract_PROC_EXE_INO_CTIME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_ctime);
}

struct sk_value extract_PROC_EXE_INO_MTIME(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_mtime);
}

struct sk_value extract_PROC_EXE_INO_CTIME_DURATION_PROC_START(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return sk_field_unless_zero(SK_TYPE_ABSTIME, thread->exe_ino_ctime_duration_clone_ts);
}

/* --- capabilities ------------------------------------------------------ */

static struct sk_value capabilities(const struct sk_extraction *asked, uint64_t set)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = set >> bit & 1 ? sk_capability_name(bit) : NULL;

		if (!name)
			continue;
		if (text.length)
			sk_text_append_char(&text, ' ');
		sk_text_append_string(&text, name);
	}
	return sk_text_value(&text);
}

struct sk_value extract_THREAD_CAP_PERMITTED(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return capabilities(asked, thread->cap_permitted);
}

struct sk_value extract_THREAD_CAP_EFFECTIVE(const struct sk_extraction *asked)
{
	THREAD_OR_MISSING(asked)
	return capabilities(asked, thread->cap_effective);
}
