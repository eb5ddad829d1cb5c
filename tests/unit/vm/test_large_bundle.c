/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle of ten thousand rules, one byte of which is another: it is refused,
 * or both engines evaluate it and agree.
 *
 * Bytes are drawn section by section, so that small sections get their share,
 * and the file is sealed again, so that the checksum does not save anybody.
 * SK_MUTATIONS=n asks for more of them (make nightly); SK_BUNDLE=FILE takes
 * another bundle.
 */
#include <unistd.h>

#include "compiler/compile.h"
#include "tests/test.h"
#include "tests/unit/vm/random_host.h"

enum { RULES = 10000, EVENTS = 30, MUTATIONS = 300, MUTATIONS_SANITIZED = 60 };

#ifdef __SANITIZE_ADDRESS__
static const uint32_t usual = MUTATIONS_SANITIZED;
#else
static const uint32_t usual = MUTATIONS;
#endif

/* Every kind of index has thousands of constants, and every event type of the host its rules. */
static void write_rule(struct sk_buffer *pack, struct random *random, uint32_t number)
{
	static const char *const types[] = {"open", "openat", "connect", "execve", "close", "read"};
	const uint32_t a = random_below(random, 50000), b = random_below(random, 50000);

	sk_buffer_printf(pack, "- rule: r%u\n  desc: d%u\n  priority: NOTICE\n  output: \"%%proc.name %u\"\n",
			 number, number % 100, number % 50);
	sk_buffer_printf(pack, "  condition: evt.type in (%s, %s) and (", types[a % 6], types[b % 6]);
	switch (number % 8) {
	case 0:
		sk_buffer_printf(pack, "proc.name in (p%u, p%u, bash) and not fd.name startswith /d%u/", a, b, a);
		break;
	case 1:
		sk_buffer_printf(pack, "fd.name endswith .e%u or proc.pname = p%u", a, b);
		break;
	case 2:
		sk_buffer_printf(pack, "fd.name pmatch (/usr/l%u, /etc/l%u) or fd.name contains c%u", a, b, a);
		break;
	case 3:
		sk_buffer_printf(pack, "proc.cmdline icontains k%u and proc.cmdline contains x%u", a, b);
		break;
	case 4:
		sk_buffer_printf(pack, "fd.sip in (10.%u.%u.1, 1.2.3.4) or fd.snet = 172.%u.0.0/16", a % 256,
				 b % 256, a % 256);
		break;
	case 5:
		sk_buffer_printf(pack, "evt.rawres < -%u or evt.rawres >= %u or fd.num = %u", a, b, a % 1000);
		break;
	case 6:
		sk_buffer_printf(pack, "proc.name glob p%u* or proc.exepath = val(proc.exe)", a);
		break;
	default:
		sk_buffer_printf(pack, "tolower(proc.name) = p%u or proc.aname in (a%u, a%u)", a, a, b);
		break;
	}
	sk_buffer_append_text(pack, ")\n");
}

static bool write_pack(const char *path)
{
	struct random random = {1};
	struct sk_buffer pack = {0};
	FILE *file = fopen(path, "w");
	bool written;

	for (uint32_t i = 0; i < RULES; i++)
		write_rule(&pack, &random, i);
	written = file && !pack.failed && fwrite(pack.bytes, pack.length, 1, file) == 1;
	if (file)
		written = fclose(file) == 0 && written;
	sk_buffer_release(&pack);
	return written;
}

static bool compile(const char *path, struct sk_buffer *ret_bundle)
{
	struct sk_compile_summary summary = {0};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;
	int status;

	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	status = sk_compile_files(&path, 1, NULL, &diagnostics, ret_bundle, &summary);
	for (uint32_t i = 0; status < 0 && i < diagnostics.count && i < 3; i++)
		printf("# %s\n", diagnostics.items[i].message);
	sk_arena_release(&arena);
	return status == 0 && summary.rules_enabled == RULES;
}

static bool read_file(const char *path, struct sk_buffer *ret_bundle)
{
	FILE *file = fopen(path, "rb");
	char bytes[4096];
	size_t length;

	while (file && (length = fread(bytes, 1, sizeof(bytes), file)) > 0)
		sk_buffer_append(ret_bundle, bytes, length);
	if (file)
		fclose(file);
	return ret_bundle->length > sizeof(struct sk_bundle_header) && !ret_bundle->failed;
}

static bool get_bundle(struct sk_buffer *ret_bundle)
{
	char path[] = "/tmp/saker-large-XXXXXX";
	const char *given = getenv("SK_BUNDLE");
	bool done;
	int fd;

	if (given)
		return read_file(given, ret_bundle);
	fd = mkstemp(path);
	if (fd < 0)
		return false;
	close(fd);
	done = write_pack(path) && compile(path, ret_bundle);
	unlink(path);
	return done;
}

/* Both engines, over some events, match the same. */
static bool agree(const struct sk_bundle *bundle, uint64_t seed)
{
	struct sk_vm_options options = {.extract = mock_extract,
					.anchor = mock_anchor,
					.ancestors = mock_ancestors,
					.container = mock_container,
					.descriptor = mock_descriptor,
					.bare = mock_bare,
					.engine = SK_VM_ENGINE_LINEAR,
					.match_all = true,
					.priority = 7};
	struct mock_world world = {0};
	struct random random = {seed};
	struct sk_error error = {.message = ""};
	struct sk_vm *linear = NULL, *rows = NULL;
	bool same = sk_vm_create(bundle, &options, &linear, &error) == 0;

	options.engine = SK_VM_ENGINE_ROWS;
	same = same && sk_vm_create(bundle, &options, &rows, &error) == 0;
	/* A pattern that is none is seen here, and said. */
	if (!same && strstr(error.message, "regular expression"))
		same = true;
	for (int i = 0; i < EVENTS && same && rows; i++) {
		const uint32_t *expected, *matched;
		struct mock_event event;
		uint32_t expected_count, count;

		disturb_world(&world, &random);
		make_event(&event, &random, &world, false);
		event.engine = 0;
		expected_count = sk_vm_evaluate(linear, event.type, &event, &expected);
		event.engine = 1;
		count = sk_vm_evaluate(rows, event.type, &event, &matched);
		same = count == expected_count &&
		       (!count || memcmp(matched, expected, count * sizeof(*matched)) == 0);
	}
	sk_vm_destroy(linear);
	sk_vm_destroy(rows);
	return same;
}

static uint8_t change(struct random *random, uint8_t was)
{
	switch (random_below(random, 3)) {
	case 0:
		return (uint8_t)(was + 1);
	case 1:
		return (uint8_t)(was ^ 1 << random_below(random, 8));
	default:
		return (uint8_t)random_next(random);
	}
}

TEST(a_changed_byte_of_ten_thousand_rules_is_refused_or_harmless)
{
	const char *asked = getenv("SK_MUTATIONS");
	const uint32_t wanted = asked ? (uint32_t)strtoul(asked, NULL, 10) : usual;
	struct random random = {random_seed()};
	struct sk_buffer file = {0};
	const struct sk_bundle_section *table;
	uint32_t taken[SK_SECTION_COUNT] = {0}, tried = 0, all = 0;
	struct sk_bundle bundle;

	CHECK(get_bundle(&file));
	if (!file.length)
		return;
	CHECK_EQUAL(sk_bundle_from_memory(file.bytes, file.length, &bundle, NULL), 0);
	CHECK(agree(&bundle, 1));
	table = (const struct sk_bundle_section *)(file.bytes + sizeof(struct sk_bundle_header));
	while (tried < wanted) {
		const uint32_t section = random_below(&random, SK_SECTION_COUNT);
		uint8_t *byte, was;

		if (table[section].size == 0)
			continue;
		byte = (uint8_t *)file.bytes + table[section].offset +
		       random_below(&random, (uint32_t)table[section].size);
		was = *byte;
		*byte = change(&random, was);
		tried++;
		sk_bundle_seal(file.bytes, file.length);
		if (*byte != was && sk_bundle_from_memory(file.bytes, file.length, &bundle, NULL) == 0) {
			taken[section]++;
			all++;
			if (!agree(&bundle, tried)) {
				printf("# section %u, byte %zu of the file\n", section,
				       (size_t)((const char *)byte - (const char *)file.bytes));
				CHECK(!"rows and linear agree");
			}
		}
		*byte = was;
	}
	printf("# %zu bytes, %u changes, %u taken\n", file.length, tried, all);
	/* There is one way only to write an index. */
	for (int i = SK_SECTION_QUESTIONS; i <= SK_SECTION_POSTINGS; i++)
		CHECK_EQUAL(taken[i], 0);
	sk_buffer_release(&file);
}

TEST_MAIN(RUN(a_changed_byte_of_ten_thousand_rules_is_refused_or_harmless))
