/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container id in a cgroup path (spec/state.md section 8.2): for each
 * path, each engine's layouts in turn, and the first match wins.  Accidents of
 * the reference are kept, because ids must agree with its.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/state/container.h"
#include "runtime/state/container_table.h"

enum { FULL_ID = 64 };

struct path {
	const char *bytes;
	size_t length;
};

struct layout {
	const char *prefix, *suffix;
};

static const char *find_last(struct path path, const char *text)
{
	size_t length = strlen(text);

	for (size_t at = path.length + 1; at-- > 0;)
		if (length <= path.length - at && memcmp(path.bytes + at, text, length) == 0)
			return path.bytes + at;
	return NULL;
}

static const char *find_first(struct path path, const char *text)
{
	return memmem(path.bytes, path.length, text, strlen(text));
}

static bool ends_with(struct path path, const char *text)
{
	size_t length = strlen(text);

	return length <= path.length && memcmp(path.bytes + path.length - length, text, length) == 0;
}

static unsigned give(char ret_id[64], const char *id, size_t length, size_t most)
{
	if (length > most)
		length = most;
	memcpy(ret_id, id, length);
	ret_id[length] = '\0';
	return (unsigned)length;
}

/*
 * What lies between the last prefix and the last suffix, if it can be an id.
 * The hex test is the reference's: it looks where the first other character
 * is in the whole path, not in the id, so behind a long prefix anything goes.
 */
static bool between(struct path path, struct layout layout, struct path *ret_id)
{
	const char *start = find_last(path, layout.prefix), *end = path.bytes + path.length, *at;

	if (!start)
		return false;
	start += strlen(layout.prefix);
	if (*layout.suffix)
		end = find_last(path, layout.suffix);
	if (!end || end < start)
		return false;
	for (at = start; at < path.bytes + path.length && isxdigit((unsigned char)*at); at++)
		;
	if (at < path.bytes + path.length && at - path.bytes < FULL_ID)
		return false;
	*ret_id = (struct path){start, (size_t)(end - start)};
	return true;
}

static unsigned match_layouts(struct path path, const struct layout *layouts, unsigned count, char ret_id[64])
{
	struct path id;

	for (unsigned i = 0; i < count; i++)
		if (between(path, layouts[i], &id) && id.length == FULL_ID)
			return give(ret_id, id.bytes, id.length, SK_CONTAINER_ID_LENGTH);
	return 0;
}

static unsigned match_podman(struct path path, char ret_id[64])
{
	static const struct layout layouts[] = {
		{"/libpod-", ".scope"},         {"/libpod-", ".scope/container"},         {"/libpod-", ""},
		{"/libpod-payload-", ".scope"}, {"/libpod-payload-", ".scope/container"}, {"/libpod-payload-", ""},
	};

	return match_layouts(path, layouts, sizeof(layouts) / sizeof(layouts[0]), ret_id);
}

static unsigned match_docker(struct path path, char ret_id[64])
{
	static const struct layout layouts[] = {{"/", ""}, {"/docker-", ".scope"}};

	return match_layouts(path, layouts, sizeof(layouts) / sizeof(layouts[0]), ret_id);
}

static unsigned match_cri(struct path path, char ret_id[64])
{
	static const struct layout layouts[] = {
		{"/", ""},
		{"/crio-", ""},
		{"/cri-containerd-", ".scope"},
		{"/crio-", ".scope"},
		{":cri-containerd:", ""},
		{"/docker-", ".scope"},
		{"/nerdctl-", ".scope"},
	};

	return match_layouts(path, layouts, sizeof(layouts) / sizeof(layouts[0]), ret_id);
}

/*
 * The first "/words/" with words of letters and digits joined by single '.',
 * '_' or '-' is the namespace, and serves as prefix.
 */
static bool find_namespace(struct path path, struct path *ret_prefix)
{
	for (size_t start = 0; start < path.length; start++) {
		size_t at = start + 1;

		if (path.bytes[start] != '/')
			continue;
		for (;;) {
			size_t word = at;

			while (at < path.length && isalnum((unsigned char)path.bytes[at]))
				at++;
			if (at == word || at == path.length)
				break;
			if (path.bytes[at] == '/') {
				*ret_prefix = (struct path){path.bytes + start, at + 1 - start};
				return true;
			}
			if (!strchr("._-", path.bytes[at]))
				break;
			at++;
		}
	}
	return false;
}

static unsigned match_containerd(struct path path, char ret_id[64])
{
	struct path prefix, id;
	char text[256];

	if (!find_namespace(path, &prefix) || prefix.length >= sizeof(text))
		return 0;
	memcpy(text, prefix.bytes, prefix.length);
	text[prefix.length] = '\0';
	if (!between(path, (struct layout){text, ""}, &id) || id.length == 0 || id.length > FULL_ID)
		return 0;
	if (id.length < FULL_ID &&
	    (ends_with(path, ".service") || ends_with(path, ".slice") || ends_with(path, ".scope")))
		return 0;
	return give(ret_id, id.bytes, id.length, SK_CONTAINER_ID_LENGTH);
}

static unsigned match_lxc(struct path path, char ret_id[64])
{
	static const char *const prefixes[] = {"/lxc/", "/lxc.payload/", "/lxc.payload."};

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const char *start = find_first(path, prefixes[i]), *end = path.bytes + path.length, *slash;

		if (!start)
			continue;
		start += strlen(prefixes[i]);
		slash = memchr(start, '/', (size_t)(end - start));
		if (slash)
			end = slash;
		if (end > start)
			return give(ret_id, start, (size_t)(end - start), 63);
	}
	return 0;
}

static unsigned match_libvirt_lxc(struct path path, char ret_id[64])
{
	static const char suffix[] = ".libvirt-lxc", scope[] = "-lxc\\x2d", old[] = "/libvirt/lxc/";
	const char *end = path.bytes + path.length, *start;

	if (ends_with(path, suffix)) {
		start = find_last(path, "/");
		start = start ? start + 1 : path.bytes;
		end -= sizeof(suffix) - 1;
		if (end > start)
			return give(ret_id, start, (size_t)(end - start), 63);
	}
	start = find_first(path, scope);
	if (start) {
		const char *stop = NULL;

		start += sizeof(scope) - 1;
		if (ends_with(path, ".scope"))
			stop = end - strlen(".scope");
		else if (ends_with(path, ".scope/libvirt"))
			stop = end - strlen(".scope/libvirt");
		if (stop && stop > start)
			return give(ret_id, start, (size_t)(stop - start), 63);
	}
	start = find_first(path, old);
	if (start) {
		start += sizeof(old) - 1;
		if (end > start)
			return give(ret_id, start, (size_t)(end - start), 63);
	}
	return 0;
}

static unsigned match_bpm(struct path path, char ret_id[64])
{
	const char *end = path.bytes + path.length, *start = find_first(path, "bpm-"), *scope;

	if (!start)
		return 0;
	start += strlen("bpm-");
	scope = memmem(start, (size_t)(end - start), ".scope", strlen(".scope"));
	if (scope)
		end = scope;
	for (const char *at = start; at < end; at++)
		if (!isalnum((unsigned char)*at) && *at != '.' && *at != '_' && *at != '-')
			return 0;
	return end > start ? give(ret_id, start, (size_t)(end - start), 63) : 0;
}

struct matcher {
	unsigned (*match)(struct path path, char ret_id[64]);
	enum sk_container_type type;
	bool synthesise; /* the id is all that will ever be known */
};

static const struct matcher matchers[] = {
	{match_podman, SK_CONTAINER_PODMAN, false}, {match_docker, SK_CONTAINER_DOCKER, false},
	{match_cri, SK_CONTAINER_CRI, false},       {match_containerd, SK_CONTAINER_CONTAINERD, false},
	{match_lxc, SK_CONTAINER_LXC, true},        {match_libvirt_lxc, SK_CONTAINER_LIBVIRT_LXC, true},
	{match_bpm, SK_CONTAINER_BPM, true},
};

unsigned sk_container_match(const char *cgroups, size_t length, char ret_id[64], uint16_t *ret_type,
			    bool *ret_synthesise)
{
	size_t at = 0;

	while (at < length) {
		size_t entry = strnlen(cgroups + at, length - at);
		const char *equals = memchr(cgroups + at, '=', entry);

		if (equals) {
			struct path path = {equals + 1, entry - (size_t)(equals + 1 - (cgroups + at))};

			for (unsigned i = 0; i < sizeof(matchers) / sizeof(matchers[0]); i++) {
				unsigned id = matchers[i].match(path, ret_id);

				if (id > 0) {
					*ret_type = matchers[i].type;
					*ret_synthesise = matchers[i].synthesise;
					return id;
				}
			}
		}
		at += entry + 1;
	}
	return 0;
}

unsigned sk_container_id_from_cgroups(const char *cgroups, size_t length, char ret_id[64])
{
	uint16_t type;
	bool synthesise;
	unsigned id = sk_container_match(cgroups, length, ret_id, &type, &synthesise);

	if (id == 0)
		ret_id[0] = '\0';
	return id;
}
