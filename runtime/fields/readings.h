/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fields that depend on their readings (vm/reading.h) remember.
 */
#ifndef SK_FIELDS_READINGS_H
#define SK_FIELDS_READINGS_H

#include "vm/bundle.h"

struct sk_readings;

/* 0 or -ENOMEM; gives NULL if no field of the bundle is one. */
int sk_readings_create(const struct sk_bundle *bundle, struct sk_readings **ret_readings);
void sk_readings_destroy(struct sk_readings *readings);

#endif
