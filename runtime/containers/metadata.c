/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant: what is printed is no longer than METADATA_LIMIT, whatever runtimes answer. */
#include "runtime/containers/metadata.h"

#include <errno.h>
#include <string.h>

enum { METADATA_LIMIT = 256 << 10 }; /* bytes */

struct sk_part sk_part_of_text(const char *text)
{
	size_t length = text ? strnlen(text, SK_METADATA_TEXT_LIMIT + 1) : 0;

	return length == 0 || length > SK_METADATA_TEXT_LIMIT ? (struct sk_part){"", 0}
							      : (struct sk_part){text, length};
}

struct sk_part sk_part_of_json(const json_t *value)
{
	size_t length = json_string_length(value);

	if (!json_is_string(value) || length > SK_METADATA_TEXT_LIMIT)
		return (struct sk_part){"", 0};
	return (struct sk_part){json_string_value(value), length};
}

struct sk_part sk_part_at(const json_t *object, const char *key)
{
	return sk_part_of_json(json_object_get(object, key));
}

bool sk_part_equals(struct sk_part part, const char *text)
{
	return part.length == strlen(text) && memcmp(part.bytes, text, part.length) == 0;
}

bool sk_part_is_hexadecimal(struct sk_part part)
{
	for (size_t i = 0; i < part.length; i++)
		if (!part.bytes[i] || !strchr("0123456789abcdef", part.bytes[i]))
			return false;
	return part.length > 0;
}

struct sk_part sk_part_without_prefix(struct sk_part part, const char *prefix)
{
	size_t length = strlen(prefix);

	if (part.length >= length && memcmp(part.bytes, prefix, length) == 0)
		return (struct sk_part){part.bytes + length, part.length - length};
	return part;
}

bool sk_part_is_full_id(struct sk_part part, const char *id)
{
	size_t length = strlen(id);

	return part.length == SK_METADATA_FULL_ID && sk_part_is_hexadecimal(part) && length <= part.length &&
	       memcmp(part.bytes, id, length) == 0;
}

struct sk_reference sk_reference_split(struct sk_part text)
{
	const char *at = memchr(text.bytes, '@', text.length);
	size_t named = at ? (size_t)(at - text.bytes) : text.length;
	const char *slash = memrchr(text.bytes, '/', named), *name = slash ? slash : text.bytes;
	const char *colon = memchr(name, ':', named - (size_t)(name - text.bytes));
	struct sk_reference reference = {
		.repository = {text.bytes, colon ? (size_t)(colon - text.bytes) : named},
		.tag = {"", 0},
		.digest = {"", 0},
	};

	if (colon)
		reference.tag = (struct sk_part){colon + 1, named - (size_t)(colon + 1 - text.bytes)};
	if (at)
		reference.digest = (struct sk_part){at + 1, text.length - named - 1};
	return reference;
}

json_t *sk_metadata_load(const struct sk_answer *answer)
{
	json_t *root = answer->length ? json_loadb(answer->bytes, answer->length, 0, NULL) : NULL;

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

/* Text that is no UTF-8 has no place in JSON. */
static json_t *make_text(struct sk_part text)
{
	json_t *made = json_stringn(text.length ? text.bytes : "", text.length);

	return made ? made : json_string("");
}

void sk_metadata_set(json_t *object, const char *key, struct sk_part text)
{
	json_object_set_new(object, key, make_text(text));
}

void sk_metadata_set_truth(json_t *object, const char *key, bool truth)
{
	json_object_set_new(object, key, json_boolean(truth));
}

void sk_metadata_set_number(json_t *object, const char *key, json_int_t number, json_int_t otherwise)
{
	json_object_set_new(object, key, json_integer(number > 0 ? number : otherwise));
}

void sk_metadata_set_image(json_t *object, struct sk_part name, const struct sk_reference *reference,
			   struct sk_part image_id)
{
	sk_metadata_set(object, "image", name);
	sk_metadata_set(object, "imagerepo", reference->repository);
	sk_metadata_set(object, "imagetag", reference->tag);
	sk_metadata_set(object, "imagedigest", reference->digest);
	sk_metadata_set(object, "imageid", sk_part_without_prefix(image_id, "sha256:"));
}

void sk_metadata_add_mount(json_t *array, const struct sk_metadata_mount *mount)
{
	json_t *entry;

	if (json_array_size(array) >= SK_METADATA_MOUNT_LIMIT)
		return;
	entry = json_object();
	sk_metadata_set(entry, "Source", mount->source);
	sk_metadata_set(entry, "Destination", mount->destination);
	sk_metadata_set(entry, "Mode", mount->mode);
	sk_metadata_set(entry, "Propagation", mount->propagation);
	sk_metadata_set_truth(entry, "RW", mount->read_write);
	json_array_append_new(array, entry);
}

void sk_metadata_add_label(json_t *object, struct sk_part key, struct sk_part value)
{
	char name[SK_METADATA_TEXT_LIMIT + 1];

	if (json_object_size(object) >= SK_METADATA_LABEL_LIMIT || key.length == 0 || key.length >= sizeof(name))
		return;
	memcpy(name, key.bytes, key.length);
	name[key.length] = '\0';
	json_object_set_new(object, name, make_text(value));
}

static int append(const char *bytes, size_t length, void *context)
{
	struct sk_buffer *json = context;

	sk_buffer_append(json, bytes, length);
	return json->failed || json->length > METADATA_LIMIT ? -1 : 0;
}

int sk_metadata_print(json_t *made, struct sk_buffer *ret_json)
{
	static const char *const many[] = {"labels", "pod_sandbox_labels", "Mounts"};

	for (size_t i = 0;; i++) {
		sk_buffer_clear(ret_json);
		sk_buffer_append_text(ret_json, "{\"container\":");
		if (json_dump_callback(made, append, ret_json, JSON_COMPACT) == 0) {
			sk_buffer_append_char(ret_json, '}');
			return ret_json->failed ? -ENOMEM : 0;
		}
		if (ret_json->failed || i == sizeof(many) / sizeof(many[0]))
			return ret_json->failed ? -ENOMEM : -EBADMSG;
		json_object_del(made, many[i]);
	}
}
