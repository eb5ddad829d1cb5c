/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/support/files.h"

#include <string.h>

/* Words and number make `count` different paths; %s is a word, %u the number. */
static const struct {
	size_t count;
	const char *format; /* two words, then the number */
} plans[FILES_KIND_COUNT] = {
	[FILES_LIBRARIES] = {120, "/usr/lib/x86_64-linux-gnu/lib%s%s.so.%u"},
	[FILES_HEADERS] = {3000, "/usr/include/%s/%s/types%u.h"},
	[FILES_SOURCES] = {4000, "/home/dev/src/project/%s/%s_%u.c"},
	[FILES_SETTINGS] = {150, "/etc/%s/%s.d/%u.conf"},
	[FILES_WEB] = {2500, "/var/www/html/%s/%s-%u.html"},
	[FILES_MODULES] = {2500, "/usr/lib/python3/dist-packages/%s/__pycache__/%s%u.cpython-311.pyc"},
	[FILES_PACKAGES] = {1200, "/var/lib/dpkg/info/lib%s-%s%u.list"},
	[FILES_FOLDERS] = {6000, "/usr/share/%s/%s/folder%u"},
};

static const char *const words[] = {
	"core",   "net",     "graph",  "image",  "text",  "audio", "crypto", "store",
	"thread", "client",  "server", "driver", "unit",  "local", "asset",  "style",
	"page",   "article", "common", "table",  "query", "lexer", "parser", "buffer",
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* What every start of a program opens comes first. */
static const char *const first_libraries[] = {
	"/etc/ld.so.cache",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/lib/x86_64-linux-gnu/libm.so.6",
	"/usr/lib/locale/locale-archive",
	"/lib/x86_64-linux-gnu/libselinux.so.1",
	"/lib/x86_64-linux-gnu/libpcre2-8.so.0",
};

bool files_init(struct files *files, struct sk_arena *arena)
{
	struct random random;

	random_init(&random, 1);
	for (unsigned kind = 0; kind < FILES_KIND_COUNT; kind++) {
		size_t count = plans[kind].count;
		const char **paths = sk_arena_alloc_zeroed(arena, count, sizeof(*paths));
		double *share = sk_arena_alloc_zeroed(arena, count, sizeof(*share));
		double sum = 0;

		if (!paths || !share)
			return false;
		for (size_t i = 0; i < count; i++) {
			size_t known = kind == FILES_LIBRARIES ? sizeof(first_libraries) / sizeof(char *) : 0;
			const char *folder = words[random_below(&random, WORDS)];
			const char *name = words[random_below(&random, WORDS)];

			if (i < known)
				paths[i] = first_libraries[i];
			else
				paths[i] = sk_arena_printf(arena, plans[kind].format, folder, name, (unsigned)i);
			if (!paths[i])
				return false;
			sum += 1.0 / (double)(i + 1);
			share[i] = sum;
		}
		for (size_t i = 0; i < count; i++)
			share[i] /= sum;
		files->kinds[kind].paths = paths;
		files->kinds[kind].share = share;
		files->kinds[kind].count = count;
	}
	return true;
}

const char *files_draw(const struct files *files, enum files_kind kind, struct random *random)
{
	const double *share = files->kinds[kind].share, lot = random_unit(random);
	size_t low = 0, high = files->kinds[kind].count - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (share[middle] <= lot)
			low = middle + 1;
		else
			high = middle;
	}
	return files->kinds[kind].paths[low];
}
