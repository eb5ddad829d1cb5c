/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/reading.h"

#include "vm/asks.h"

bool sk_reading_field(uint16_t field)
{
	return sk_fields[field].flags & SK_FIELD_FLAG_READING;
}

bool sk_reading_expression(const struct sk_bundle *bundle, uint32_t expression)
{
	return sk_asks_in_expression(bundle, expression, sk_reading_field);
}

bool sk_reading_rule(const struct sk_bundle *bundle, uint32_t rule)
{
	return sk_asks_in_condition(bundle, rule, sk_reading_field);
}
