/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of items in rules files as a table: compiler/keys.def. */
#ifndef SK_COMPILER_KEYS_H
#define SK_COMPILER_KEYS_H

enum sk_key_owner {
	SK_KEY_OF_RULE_BODY, /* of a rule and of its override */
	SK_KEY_OF_RULE_HEAD,
	SK_KEY_OF_MACRO,
	SK_KEY_OF_LIST,
	SK_KEY_OF_EXCEPTION,
	SK_KEY_OF_FILE, /* items that are neither rule, macro nor list */
	SK_KEY_OF_PLUGIN,
};

struct sk_key_info {
	enum sk_key_owner owner;
	const char *name; /* NULL: behind the last one */
	const char *meaning;
};

extern const struct sk_key_info sk_keys[];

/* The words that `priority` takes, most severe first, up to NULL. */
extern const char *const sk_priority_words[];

#endif
