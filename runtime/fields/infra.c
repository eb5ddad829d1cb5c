/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of what sensors before ours had and this one has not: events of
 * plugins, texts of the configuration, and events about docker that agents of
 * old sent.  Captures may hold the last:
 *
 *   description   "Event:start; ID:1234567890abcdef; name:web; Image:nginx@sha256:..."
 */
#include "runtime/fields/extract.h"

enum { DESCRIPTION = 2, CONTAINER_ID_LENGTH = 12 };

struct span {
	const char *bytes;
	uint32_t length;
};

static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static struct span trimmed(struct span span)
{
	while (span.length && is_blank(span.bytes[0])) {
		span.bytes++;
		span.length--;
	}
	while (span.length && is_blank(span.bytes[span.length - 1]))
		span.length--;
	return span;
}

/* Takes the text up to `mark`, or all of it, off `rest`. */
static struct span take(struct span *rest, char mark)
{
	const char *found = rest->length ? memchr(rest->bytes, mark, rest->length) : NULL;
	struct span taken = {rest->bytes, found ? (uint32_t)(found - rest->bytes) : rest->length};

	rest->bytes += taken.length + (found ? 1 : 0);
	rest->length -= taken.length + (found ? 1 : 0);
	return taken;
}

/*
 * What stands behind the colon of the first part that begins with `key`;
 * `ret_rest` is all of it, the result what comes before another colon.
 */
static bool find_part(const struct sk_extraction *asked, const char *key, struct span *ret_text,
		      struct span *ret_rest)
{
	const struct sk_event *event = &asked->view->event;
	const size_t key_length = strlen(key);
	struct span rest;

	if (event->type != SK_EVENT_INFRASTRUCTURE_EVENT_E)
		return false;
	rest.bytes = sk_event_text(event, DESCRIPTION, &rest.length);
	while (rest.length) {
		struct span part = trimmed(take(&rest, ';'));

		if (part.length < key_length || memcmp(part.bytes, key, key_length) != 0 ||
		    !memchr(part.bytes, ':', part.length))
			continue;
		take(&part, ':');
		*ret_rest = trimmed(part);
		*ret_text = trimmed(take(&part, ':'));
		return true;
	}
	return false;
}

static struct sk_value part(const struct sk_extraction *asked, const char *key, uint32_t limit)
{
	struct span text, rest;

	if (!find_part(asked, key, &text, &rest))
		return sk_value_missing();
	return sk_value_text(text.bytes, text.length > limit ? limit : text.length);
}

struct sk_value extract_EVT_INFRA_DOCKER_NAME(const struct sk_extraction *asked)
{
	return part(asked, "Event", UINT32_MAX);
}

struct sk_value extract_EVT_INFRA_DOCKER_CONTAINER_ID(const struct sk_extraction *asked)
{
	return part(asked, "ID", CONTAINER_ID_LENGTH);
}

struct sk_value extract_EVT_INFRA_DOCKER_CONTAINER_NAME(const struct sk_extraction *asked)
{
	return part(asked, "name", UINT32_MAX);
}

/* Without its digest; one that is a digest alone stays whole. */
struct sk_value extract_EVT_INFRA_DOCKER_CONTAINER_IMAGE(const struct sk_extraction *asked)
{
	struct span text, rest, name;

	if (!find_part(asked, "Image", &text, &rest))
		return sk_value_missing();
	name = text;
	name = trimmed(take(&name, '@'));
	if (name.length == text.length && memmem(text.bytes, text.length, "sha256", 6))
		name = rest;
	return sk_value_text(name.bytes, name.length);
}

struct sk_value extract_EVT_PLUGINNAME(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_EVT_PLUGININFO(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_STATIC(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}
