/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to parameters.  Every encoder appends the bytes and says nothing, or
 * appends nothing and says what is wrong.
 */
#include "runtime/synth/value.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fields/names.h"
#include "runtime/state/socket_address.h"
#include "runtime/synth/address.h"

enum { ERRNO_LIMIT = 1024, SIGNAL_LIMIT = 128, AT_FDCWD_WIRE = -100 };

/* What is being written, and where. */
struct value {
	const struct sk_event_info *event;
	const struct sk_param_info *param;
	const char *text;
	uint32_t length;
	struct sk_buffer *bytes;
	struct sk_synth_mistake *mistake;
};

/* --- words ------------------------------------------------------------- */

const char *sk_synth_word(const struct sk_synth_mistake *mistake, uint32_t number)
{
	switch (mistake->words) {
	case SK_SYNTH_NO_WORDS:
		return NULL;
	case SK_SYNTH_FLAGS:
		return number < mistake->flags->count ? mistake->flags->flags[number].name : NULL;
	case SK_SYNTH_ERRNOS:
		return sk_errno_name((int64_t)number + 1);
	case SK_SYNTH_SIGNALS:
		return sk_signal_name(number + 1);
	case SK_SYNTH_SYSCALLS:
		return sk_syscall_name(number + 1);
	}
	return NULL;
}

static bool same(const char *name, const char *text, uint32_t length)
{
	return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

int64_t sk_synth_errno(const char *text, uint32_t length)
{
	for (int64_t number = 1; number < ERRNO_LIMIT; number++) {
		if (same(sk_errno_name(number), text, length))
			return -number;
	}
	return 0;
}

static int find_signal(const char *text, uint32_t length)
{
	for (unsigned number = 1; number < SIGNAL_LIMIT; number++) {
		if (same(sk_signal_name(number), text, length))
			return (int)number;
	}
	return -1;
}

static const struct sk_flag *find_flag(const struct sk_flag_table *table, const char *text, uint32_t length)
{
	for (size_t i = 0; i < table->count; i++) {
		if (same(table->flags[i].name, text, length))
			return &table->flags[i];
	}
	return NULL;
}

/* --- mistakes ---------------------------------------------------------- */

static int __attribute__((format(printf, 4, 5)))
refuse_part(struct value *value, uint32_t begin, uint32_t end, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value->mistake->message, sizeof(value->mistake->message), format, arguments);
	va_end(arguments);
	value->mistake->begin = begin;
	value->mistake->end = end;
	return -EINVAL;
}

/* "'x' is no port": about all of the text. */
static int refuse(struct value *value, const char *what)
{
	return refuse_part(value, 0, value->length, "'%.*s' is no %s", value->length > 80 ? 80 : (int)value->length,
			   value->text, what);
}

static int refuse_word(struct value *value, enum sk_synth_words words, const char *what)
{
	value->mistake->words = words;
	return refuse(value, what);
}

/* --- numbers ----------------------------------------------------------- */

bool sk_synth_number(const char *text, uint32_t length, bool octal, int64_t *ret_number)
{
	char copy[32], *end;
	bool negative = length && text[0] == '-';
	uint64_t number;
	int base = octal ? 8 : 10;

	if (negative) {
		text++;
		length--;
	}
	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	} else if (length > 2 && text[0] == '0' && text[1] == 'o') {
		base = 8;
		text += 2;
		length -= 2;
	} else if (length > 1 && text[0] == '0') {
		base = 8;
	}
	if (!length || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* strtoull would take blanks and signs. */
	if (!((copy[0] >= '0' && copy[0] <= '9') || (base == 16 && strspn(copy, "abcdefABCDEF"))))
		return false;
	errno = 0;
	number = strtoull(copy, &end, base);
	if (errno || *end || (negative && number > (uint64_t)INT64_MAX + 1))
		return false;
	*ret_number = negative ? (int64_t)(0 - number) : (int64_t)number;
	return true;
}

/* Numbers are little-endian: the first bytes of a wider one are the narrower one. */
static int put_number(struct value *value, int64_t number, size_t size)
{
	int64_t least = size < 8 ? -(INT64_C(1) << (size * 8 - 1)) : INT64_MIN;
	int64_t most = size < 8 ? (INT64_C(1) << (size * 8)) - 1 : INT64_MAX;

	if (number < least || number > most)
		return refuse_part(value, 0, value->length, "%.*s does not fit into the %zu bits of '%s'",
				   (int)value->length, value->text, size * 8, value->param->name);
	sk_buffer_append(value->bytes, &number, size);
	return 0;
}

/* Modes are octal, whether they say so or not. */
static bool is_octal(const struct sk_param_info *param)
{
	return param->format == SK_FORMAT_OCT || param->type == SK_PARAM_MODE || strcmp(param->name, "mode") == 0;
}

static bool is_number(const struct value *value, int64_t *ret_number)
{
	return sk_synth_number(value->text, value->length, is_octal(value->param), ret_number);
}

static int encode_number(struct value *value, const char *what)
{
	int64_t number;

	if (!is_number(value, &number))
		return refuse(value, what);
	return put_number(value, number, sk_param_fixed_size(value->param->type));
}

/* A result: a number or an errno. */
static int encode_result(struct value *value, size_t size)
{
	int64_t number;

	if (is_number(value, &number) || (number = sk_synth_errno(value->text, value->length)) < 0)
		return put_number(value, number, size);
	return refuse_word(value, SK_SYNTH_ERRNOS, "number and no errno");
}

static int encode_fd(struct value *value)
{
	int64_t number;

	if (same("AT_FDCWD", value->text, value->length))
		return put_number(value, AT_FDCWD_WIRE, sk_param_fixed_size(value->param->type));
	/* What a call returns may be an error. */
	if (value->param == &value->event->params[0])
		return encode_result(value, sk_param_fixed_size(value->param->type));
	if (is_number(value, &number))
		return put_number(value, number, sk_param_fixed_size(value->param->type));
	return refuse(value, "file descriptor");
}

static int encode_time(struct value *value)
{
	static const struct unit {
		const char *name;
		int64_t ns;
	} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	int64_t number;

	if (is_number(value, &number))
		return put_number(value, number, 8);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint32_t size = (uint32_t)strlen(units[i].name);

		if (value->length > size && same(units[i].name, value->text + value->length - size, size) &&
		    sk_synth_number(value->text, value->length - size, false, &number) && number >= 0 &&
		    number <= INT64_MAX / units[i].ns)
			return put_number(value, number * units[i].ns, 8);
	}
	return refuse(value, "time: nanoseconds, or a number with ns, us, ms or s behind it");
}

/* --- names ------------------------------------------------------------- */

/* Names and numbers with | between them; an enumeration has one. */
static int encode_flags(struct value *value, bool one)
{
	const struct sk_flag_table *table =
		value->param->flags < SK_FLAGS_COUNT ? &sk_flag_tables[value->param->flags] : NULL;
	uint32_t begin = 0;
	uint64_t bits = 0;
	int64_t number;

	if (!table || is_number(value, &number))
		return encode_number(value, "number");
	for (;;) {
		const char *bar = memchr(value->text + begin, '|', value->length - begin);
		uint32_t next = bar ? (uint32_t)(bar - value->text) : value->length, end = next;
		const struct sk_flag *flag;

		while (begin < end && value->text[begin] == ' ')
			begin++;
		while (end > begin && value->text[end - 1] == ' ')
			end--;
		flag = find_flag(table, value->text + begin, end - begin);
		if (flag) {
			bits |= flag->value;
		} else if (end > begin &&
			   sk_synth_number(value->text + begin, end - begin, is_octal(value->param), &number)) {
			bits |= (uint64_t)number;
		} else {
			value->mistake->words = SK_SYNTH_FLAGS;
			value->mistake->flags = table;
			return refuse_part(value, begin, end,
					   "'%.*s' is none of the names that '%s' of %s can have",
					   end - begin > 80 ? 80 : (int)(end - begin), value->text + begin,
					   value->param->name, value->event->name);
		}
		if (!bar)
			break;
		if (one)
			return refuse_part(value, 0, value->length, "'%s' of %s has one value, not several",
					   value->param->name, value->event->name);
		begin = next + 1;
	}
	return put_number(value, (int64_t)bits, sk_param_fixed_size(value->param->type));
}

static int encode_signal(struct value *value)
{
	int64_t number;
	int signal;

	if (is_number(value, &number))
		return put_number(value, number, 1);
	signal = find_signal(value->text, value->length);
	return signal < 0 ? refuse_word(value, SK_SYNTH_SIGNALS, "signal") : put_number(value, signal, 1);
}

static int encode_syscall(struct value *value)
{
	int64_t number;
	int found;

	if (is_number(value, &number))
		return put_number(value, number, 2);
	found = sk_syscall_find(value->text, value->length);
	return found < 0 ? refuse_word(value, SK_SYNTH_SYSCALLS, "system call") : put_number(value, found, 2);
}

static int encode_protocol(struct value *value)
{
	static const char *const names[] = {"unknown", "na", "tcp", "udp", "icmp", "raw"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (same(names[i], value->text, value->length))
			return put_number(value, i, 1);
	}
	return encode_number(value, "protocol: tcp, udp, icmp or raw");
}

static int encode_family(struct value *value)
{
	const struct sk_flag_table *table = &sk_flag_tables[SK_FLAGS_SOCKET_FAMILIES];
	const struct sk_flag *flag = find_flag(table, value->text, value->length);

	if (flag)
		return put_number(value, flag->value, 1);
	value->mistake->words = SK_SYNTH_FLAGS;
	value->mistake->flags = table;
	return encode_number(value, "address family");
}

static int encode_bool(struct value *value)
{
	if (same("true", value->text, value->length))
		return put_number(value, 1, 4);
	if (same("false", value->text, value->length))
		return put_number(value, 0, 4);
	return encode_number(value, "truth: true or false");
}

/* --- texts ------------------------------------------------------------- */

static int encode_text(struct value *value)
{
	if (memchr(value->text, '\0', value->length))
		return refuse_part(value, 0, value->length, "'%s' of %s cannot hold a NUL", value->param->name,
				   value->event->name);
	sk_buffer_append(value->bytes, value->text, value->length);
	sk_buffer_append(value->bytes, "", 1);
	return 0;
}

static int encode_double(struct value *value)
{
	char copy[64], *end;
	double number;

	if (!value->length || value->length >= sizeof(copy))
		return refuse(value, "number");
	memcpy(copy, value->text, value->length);
	copy[value->length] = '\0';
	number = strtod(copy, &end);
	if (*end)
		return refuse(value, "number");
	sk_buffer_append(value->bytes, &number, sizeof(number));
	return 0;
}

/* --- addresses --------------------------------------------------------- */

static int encode_ip(struct value *value, uint8_t family, uint32_t size)
{
	struct sk_synth_end end;
	char text[64];
	int length = snprintf(text, sizeof(text), family == SK_FAMILY_INET ? "%.*s:0" : "[%.*s]:0",
			      (int)value->length, value->text);

	if (length < 0 || (size_t)length >= sizeof(text) || !sk_synth_end(text, (uint32_t)length, &end) ||
	    end.family != family)
		return refuse(value, "address");
	sk_buffer_append(value->bytes, end.address, size);
	return 0;
}

static int encode_sockaddr(struct value *value)
{
	struct sk_synth_end end;

	if (!sk_synth_end(value->text, value->length, &end))
		return refuse(value, "address: 10.0.0.1:80, [::1]:80, /path or @name");
	sk_synth_put_address(&end, value->bytes);
	return 0;
}

/* The peer of these is the source. */
static bool is_inbound(const struct sk_event_info *event)
{
	return strncmp(event->name, "accept", 6) == 0 || strncmp(event->name, "recv", 4) == 0;
}

static int encode_tuple(struct value *value)
{
	struct sk_synth_end source, destination;

	if (!sk_synth_ends(value->text, value->length, is_inbound(value->event), &source, &destination))
		return refuse(value, "pair of addresses: 10.0.0.1:40000->10.0.0.2:80, or the other end alone");
	sk_synth_put_tuple(&source, &destination, value->bytes);
	return 0;
}

/* --- what is made of several ------------------------------------------- */

/* A selector and what it selects (spec/event-schema.md section 4). */
static int encode_dynamic(struct value *value)
{
	int64_t number = 0, result = sk_synth_errno(value->text, value->length);
	bool numeric = is_number(value, &number);
	int signal = find_signal(value->text, value->length);
	uint8_t selector = 0;

	switch ((enum sk_dynamic)value->param->dynamic) {
	case SK_DYNAMIC_NONE:
		break;
	case SK_DYNAMIC_SOCKOPT:
		selector = result ? 1 : numeric ? 2 : 0;
		sk_buffer_append(value->bytes, &selector, 1);
		if (selector)
			return put_number(value, result ? result : number, result ? 8 : 4);
		sk_buffer_append(value->bytes, value->text, value->length);
		return 0;
	case SK_DYNAMIC_PTRACE:
		if (!numeric && signal < 0)
			return refuse_word(value, SK_SYNTH_SIGNALS, "number and no signal");
		selector = !numeric;
		sk_buffer_append(value->bytes, &selector, 1);
		return put_number(value, numeric ? number : signal, numeric ? 8 : 1);
	case SK_DYNAMIC_BPF:
		if (!numeric && !result)
			return refuse_word(value, SK_SYNTH_ERRNOS, "number and no errno");
		selector = !numeric;
		sk_buffer_append(value->bytes, &selector, 1);
		return put_number(value, numeric ? number : result, 8);
	case SK_DYNAMIC_KEYCTL:
		selector = !numeric;
		sk_buffer_append(value->bytes, &selector, 1);
		return numeric ? put_number(value, number, 8) : encode_text(value);
	}
	return refuse(value, "value");
}

/* "3=POLLIN|POLLOUT, 4" */
static int encode_fd_list(struct value *value)
{
	const struct sk_flag_table *table = &sk_flag_tables[SK_FLAGS_POLL_FLAGS];
	size_t start = value->bytes->length;
	uint32_t begin = 0;
	uint16_t count = 0;

	sk_buffer_append(value->bytes, &count, sizeof(count));
	while (begin < value->length) {
		const char *comma = memchr(value->text + begin, ',', value->length - begin);
		uint32_t end = comma ? (uint32_t)(comma - value->text) : value->length, at;
		uint16_t flags = 0;
		int64_t fd;

		while (begin < end && value->text[begin] == ' ')
			begin++;
		for (at = begin; at < end && value->text[at] != '=' && value->text[at] != ' ';)
			at++;
		if (!sk_synth_number(value->text + begin, at - begin, false, &fd))
			return refuse_part(value, begin, end, "'%.*s' is no file descriptor", (int)(at - begin),
					   value->text + begin);
		while (at < end) {
			uint32_t word = at + 1, stop;
			const struct sk_flag *flag;

			for (stop = word; stop < end && value->text[stop] != '|' && value->text[stop] != ' ';)
				stop++;
			flag = find_flag(table, value->text + word, stop - word);
			if (!flag && stop > word) {
				value->mistake->words = SK_SYNTH_FLAGS;
				value->mistake->flags = table;
				return refuse_part(value, word, stop, "'%.*s' is nothing to wait for",
						   (int)(stop - word), value->text + word);
			}
			flags |= flag ? (uint16_t)flag->value : 0;
			at = stop;
		}
		sk_buffer_append(value->bytes, &fd, sizeof(fd));
		sk_buffer_append(value->bytes, &flags, sizeof(flags));
		if (++count == 1000)
			return refuse(value, "list of less than 1000 file descriptors");
		begin = end + 1;
	}
	if (!value->bytes->failed)
		memcpy(value->bytes->bytes + start, &count, sizeof(count));
	return 0;
}

/* --- all of them ------------------------------------------------------- */

static int encode(struct value *value)
{
	switch ((enum sk_param_type)value->param->type) {
	case SK_PARAM_INT8:
	case SK_PARAM_INT16:
	case SK_PARAM_INT32:
	case SK_PARAM_UINT8:
	case SK_PARAM_UINT16:
	case SK_PARAM_UINT32:
	case SK_PARAM_PID:
	case SK_PARAM_PID32:
	case SK_PARAM_SIGSET:
	case SK_PARAM_PORT:
	case SK_PARAM_UID:
	case SK_PARAM_GID:
		return encode_number(value, "number");
	case SK_PARAM_INT64:
	case SK_PARAM_UINT64:
		return value->param == &value->event->params[0] ? encode_result(value, 8)
								: encode_number(value, "number");
	case SK_PARAM_ERRNO:
		return encode_result(value, 8);
	case SK_PARAM_FD:
	case SK_PARAM_FD32:
		return encode_fd(value);
	case SK_PARAM_CHARBUF:
	case SK_PARAM_FSPATH:
	case SK_PARAM_FSRELPATH:
	case SK_PARAM_CHARBUFARRAY:
	case SK_PARAM_CHARBUF_PAIR_ARRAY:
		return encode_text(value);
	case SK_PARAM_BYTEBUF:
		sk_buffer_append(value->bytes, value->text, value->length);
		return 0;
	case SK_PARAM_SOCKADDR:
		return encode_sockaddr(value);
	case SK_PARAM_SOCKTUPLE:
		return encode_tuple(value);
	case SK_PARAM_FDLIST:
		return encode_fd_list(value);
	case SK_PARAM_SYSCALLID:
		return encode_syscall(value);
	case SK_PARAM_SIGTYPE:
		return encode_signal(value);
	case SK_PARAM_RELTIME:
	case SK_PARAM_ABSTIME:
		return encode_time(value);
	case SK_PARAM_L4PROTO:
		return encode_protocol(value);
	case SK_PARAM_SOCKFAMILY:
		return encode_family(value);
	case SK_PARAM_BOOL:
		return encode_bool(value);
	case SK_PARAM_IPV4ADDR:
		return encode_ip(value, SK_FAMILY_INET, 4);
	case SK_PARAM_IPV6ADDR:
		return encode_ip(value, SK_FAMILY_INET6, 16);
	case SK_PARAM_DYN:
		return encode_dynamic(value);
	case SK_PARAM_FLAGS8:
	case SK_PARAM_FLAGS16:
	case SK_PARAM_FLAGS32:
	case SK_PARAM_MODE:
		return encode_flags(value, false);
	case SK_PARAM_ENUMFLAGS8:
	case SK_PARAM_ENUMFLAGS16:
	case SK_PARAM_ENUMFLAGS32:
		return encode_flags(value, true);
	case SK_PARAM_DOUBLE:
		return encode_double(value);
	case SK_PARAM_NONE:
	case SK_PARAM_IPV4NET:
	case SK_PARAM_IPV6NET:
	case SK_PARAM_IPADDR:
	case SK_PARAM_IPNET:
	case SK_PARAM_TYPE_COUNT:
		break;
	}
	return refuse(value, "value that an event can have");
}

int sk_synth_value(uint16_t type, unsigned index, const char *text, uint32_t length, struct sk_buffer *ret_bytes,
		   struct sk_synth_mistake *ret_mistake)
{
	struct value value = {
		.event = &sk_events[type],
		.param = &sk_events[type].params[index],
		.text = text,
		.length = length,
		.bytes = ret_bytes,
		.mistake = ret_mistake,
	};
	size_t start = ret_bytes->length;
	int result;

	*ret_mistake = (struct sk_synth_mistake){.words = SK_SYNTH_NO_WORDS};
	result = encode(&value);
	if (result < 0 && !ret_bytes->failed)
		ret_bytes->length = start;
	return ret_bytes->failed ? -ENOMEM : result;
}
