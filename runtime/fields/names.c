/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/names.h"

#include <stddef.h>

static const char *const errno_names[] = {
#define SK_ERRNO(number, name) [number] = name,
#include "runtime/fields/names.def"
};

static const char *const signal_names[] = {
#define SK_SIGNAL(number, name) [number] = name,
#include "runtime/fields/names.def"
};

static const char *const capability_names[] = {
#define SK_CAPABILITY(bit, name) [bit] = name,
#include "runtime/fields/names.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *sk_errno_name(int64_t number)
{
	return number <= 0 || number >= (int64_t)COUNT(errno_names) ? NULL : errno_names[number];
}

const char *sk_signal_name(unsigned number)
{
	return number < COUNT(signal_names) ? signal_names[number] : NULL;
}

const char *sk_capability_name(unsigned bit)
{
	return bit < COUNT(capability_names) ? capability_names[bit] : NULL;
}
