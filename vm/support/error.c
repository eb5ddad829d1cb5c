/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/error.h"

#include <stdarg.h>
#include <stdio.h>

int sk_error_set(struct sk_error *error, int error_number, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return error_number;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return error_number;
}
