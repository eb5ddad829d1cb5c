/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/keys.h"

#include <stddef.h>

const struct sk_key_info sk_keys[] = {
#define SK_RULE_BODY_KEY(id, name, meaning) {SK_KEY_OF_RULE_BODY, name, meaning},
#define SK_RULE_HEAD_KEY(name, meaning) {SK_KEY_OF_RULE_HEAD, name, meaning},
#define SK_MACRO_KEY(name, meaning) {SK_KEY_OF_MACRO, name, meaning},
#define SK_LIST_KEY(name, meaning) {SK_KEY_OF_LIST, name, meaning},
#define SK_EXCEPTION_KEY(name, meaning) {SK_KEY_OF_EXCEPTION, name, meaning},
#define SK_FILE_KEY(name, meaning) {SK_KEY_OF_FILE, name, meaning},
#define SK_PLUGIN_KEY(name, meaning) {SK_KEY_OF_PLUGIN, name, meaning},
#include "compiler/keys.def"
	{SK_KEY_OF_FILE, NULL, NULL},
};

const char *const sk_priority_words[] = {"Emergency", "Alert",         "Critical", "Error", "Warning",
					 "Notice",    "Informational", "Debug",    NULL};
