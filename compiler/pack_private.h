/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the pack loader share.
 *
 *   pack.c        files, items, requirements, lists, macros
 *   pack_rule.c   rules: definition, append, override
 *   exceptions.c  exceptions of rules, and their text
 *   decode.c      keys and scalars of one item
 *   text.c        text put together from pieces
 *   expand.c      lists written into conditions
 *   resolve.c     conditions parsed, macros resolved
 */
#ifndef SK_COMPILER_PACK_PRIVATE_H
#define SK_COMPILER_PACK_PRIVATE_H

#include "compiler/names.h"
#include "compiler/pack.h"
#include "compiler/yaml.h"

/* Hints cost a search through all names: the first mistakes get one, thousands of them do not. */
enum { SK_PACK_HINT_LIMIT = 100 };

struct sk_plugin_requirement {
	struct sk_span span;
	struct sk_pack_plugin *alternatives; /* one of them must be loaded */
	uint32_t count;
};

struct sk_pack_state {
	struct sk_names lists, macros, rules; /* numbers in the arrays of the pack */
	uint32_t list_capacity, macro_capacity, rule_capacity;

	/* Names whose definition had an error: what refers to them is wrong only because of it. */
	struct sk_names broken_macros, broken_rules;

	/* How names of lists are found in text: see expand.c. */
	struct sk_names list_words;
	uint32_t *wordless; /* lists whose name has delimiters only */
	uint32_t wordless_count, wordless_capacity;
	uint32_t texts_expanded;
	uint64_t work;      /* what substitution has cost (expand.c) */
	bool exhausted;     /* and that is too much, which was reported */
	bool lists_changed; /* since the last resolution */

	struct sk_plugin_requirement *requirements;
	uint32_t requirement_count, requirement_capacity, requirements_checked;
	uint32_t required_engine_version[3];
};

/* One item being read. */
struct sk_loader {
	struct sk_pack *pack;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	const struct sk_yaml_node *item;
	struct sk_span span; /* where to point if something is not there: the item's name */
};

/* --- decode.c ---------------------------------------------------------- */

enum sk_presence {
	SK_REQUIRED, /* absent is an error */
	SK_OPTIONAL, /* may be absent, but not empty */
	SK_TOLERANT, /* may be absent, null or empty: all count as absent */
};

/*
 * All of these read the value of a key of `map`.  They return 1 if there is
 * one, 0 if it is absent and may be, -EINVAL after reporting what is wrong
 * with it, or -ENOMEM.
 */
int sk_decode_text(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, struct sk_text *ret_text);
int sk_decode_name(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, const char **ret_name, struct sk_span *ret_span);
int sk_decode_bool(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		   enum sk_presence presence, bool *ret_value);
int sk_decode_number(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		     enum sk_presence presence, uint32_t *ret_value);
int sk_decode_texts(struct sk_loader *loader, const struct sk_yaml_node *map, const char *key,
		    enum sk_presence presence, struct sk_text **ret_texts, uint32_t *ret_count);

/*
 * The name of the item, which is a `kind` ("rule", "macro", "list") and has it
 * there: what is reported from now on is reported of it.  As sk_decode_name().
 */
int sk_loader_begin_item(struct sk_loader *loader, const char *kind, const char **ret_name,
			 struct sk_span *ret_span);

/* Reports an error and returns -EINVAL. */
int sk_loader_refuse(struct sk_loader *loader, enum sk_diagnostic_id id, struct sk_span span, const char *hint,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Warns of every key of the item that is not in `known`, which ends with NULL. */
void sk_loader_check_keys(struct sk_loader *loader, const char *const *known);

/* "did you mean ...?" for a word, from an array that ends with NULL; NULL if nothing is close. */
const char *sk_loader_suggest(struct sk_loader *loader, const char *word, const char *const *known);

/* The same from the names of lists, macros or rules. */
enum sk_pack_kind { SK_PACK_LIST, SK_PACK_MACRO, SK_PACK_RULE };
const char *sk_pack_suggest(const struct sk_pack *pack, enum sk_pack_kind kind, const char *word, size_t length);

/* "append" and "replace" of an item's `override`, as bits of the keys' numbers in `keys`. */
struct sk_override {
	uint32_t append, replace;
};
int sk_decode_override(struct sk_loader *loader, const char *const *keys, uint32_t appendable, uint32_t replaceable,
		       struct sk_override *ret_override);

/* The span of a key of a map, or of its value; of the item's name without it. */
struct sk_span sk_key_span(const struct sk_loader *loader, const struct sk_yaml_node *map, const char *key);
struct sk_span sk_value_span(const struct sk_loader *loader, const struct sk_yaml_node *map, const char *key);

/* --- text.c ------------------------------------------------------------ */

/* Text with a position a byte, growing on the heap. */
struct sk_builder {
	char *bytes;
	sk_position *positions;
	uint32_t length, capacity;
	bool failed;
};

void sk_builder_append(struct sk_builder *builder, const struct sk_text *text);
void sk_builder_append_range(struct sk_builder *builder, const struct sk_text *text, uint32_t begin, uint32_t end);
void sk_builder_append_at(struct sk_builder *builder, const char *bytes, sk_position position);
/* An item of a list or exception: in quotes if it has blanks and none. */
void sk_builder_append_quoted(struct sk_builder *builder, const struct sk_text *text);
void sk_builder_release(struct sk_builder *builder);

/* The builder's text as it is; valid until the builder changes. */
struct sk_text sk_builder_text(const struct sk_builder *builder);

/* A copy in the arena, NULL without memory. */
struct sk_text *sk_text_copy(const struct sk_text *text, struct sk_arena *arena);

/* Bytes begin..end of a text as a text of their own; false without memory. */
bool sk_text_cut(const struct sk_text *text, uint32_t begin, uint32_t end, struct sk_arena *arena,
		 struct sk_text *ret_text);

/* Without white space at both ends. */
bool sk_text_trim(const struct sk_text *text, struct sk_arena *arena, struct sk_text *ret_text);

bool sk_text_equals(const struct sk_text *text, const char *bytes);

/*
 * Appends a blank and `more` to a text that has room for `*capacity` bytes in
 * the arena (0: it belongs to someone else).  Repeated appends cost linear
 * time.  Returns 0, -ENOMEM, or -E2BIG past SK_PARSE_TEXT_LIMIT.
 */
int sk_text_extend(struct sk_text *text, uint32_t *capacity, const struct sk_text *more, struct sk_arena *arena);

/* --- pack.c ------------------------------------------------------------ */

/* Room for one more element behind `count` of an array in the arena; 0 or -ENOMEM. */
int sk_pack_reserve(struct sk_arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t size);

/* NULL if there is none of that name. */
struct sk_pack_rule *sk_pack_find_rule(struct sk_pack *pack, const char *name);

/* --- pack_rule.c ------------------------------------------------------- */

int sk_pack_load_rule(struct sk_loader *loader);

/* --- exceptions.c ------------------------------------------------------ */

/* Reads the exceptions of an item. */
int sk_exceptions_decode(struct sk_loader *loader, bool append, struct sk_pack_exception **ret_exceptions,
			 uint32_t *ret_count);

/* Fills in default comps and checks fields and comps. */
int sk_exception_validate(struct sk_loader *loader, struct sk_pack_exception *exception, bool known_source);

/* Adds an appended exception to a rule. */
int sk_exception_append(struct sk_loader *loader, struct sk_pack_rule *rule, struct sk_pack_exception *exception);

/* Writes the condition of a rule that has exceptions.  Returns 0, -EINVAL or -ENOMEM. */
int sk_exceptions_write(const struct sk_pack_rule *rule, struct sk_diagnostics *diagnostics,
			struct sk_builder *builder);

/* --- expand.c ---------------------------------------------------------- */

/* Lets a list be found in text, once, when it is first defined.  0 or -ENOMEM. */
int sk_lists_add(struct sk_pack *pack, uint32_t list);

/* The parts of text expansion that are kept from text to text. */
struct sk_expansion {
	struct sk_pack *pack;
	struct sk_builder from, to;
	uint32_t *queue; /* lists to apply, a heap, the first one on top */
	uint32_t queued, queue_capacity;
	uint32_t *applied; /* lists that were substituted, in order */
	uint32_t applied_count, applied_capacity;
	bool failed; /* without memory */
};

/* Forgets what lists are written as: some have changed.  Finds out which ones lists refer to. */
void sk_lists_refresh(struct sk_pack *pack);

/*
 * Substitutes all lists in `text`.  `*ret_text` is `text` itself if there are
 * none, and valid until the next call.  Returns 0, -E2BIG if it grows past
 * SK_PARSE_TEXT_LIMIT or all texts together past what is sensible, -ENOMEM.
 */
int sk_lists_expand(struct sk_expansion *expansion, const struct sk_text *text, struct sk_text *ret_text);

/* True once substitution has cost too much: it then fails for every text. */
bool sk_lists_are_exhausted(const struct sk_pack *pack);
void sk_expansion_release(struct sk_expansion *expansion);

#endif
