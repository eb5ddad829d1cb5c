/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting hold of a bundle: file, header, checksum, section table.  What is in
 * the sections is verify.c's.
 *
 * The checks go from the outside inwards, so that the first thing that is
 * wrong is also the most useful one to say: not a bundle, another version, cut
 * short, damaged, another schema, and only then a section that is out of line,
 * which no saker has ever written.
 */
#include "vm/bundle.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "vm/verify.h"

const char *const sk_section_names[SK_SECTION_COUNT] = {
#define SK_SECTION(id, member, record, what) [SK_SECTION_##id] = #id,
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

static const size_t record_sizes[SK_SECTION_COUNT] = {
#define SK_SECTION(id, member, record, what) [SK_SECTION_##id] = sizeof(record),
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

static XXH128_hash_t body_hash(const uint8_t *bytes, size_t size)
{
	XXH64_hash_t seed = XXH3_64bits(bytes, offsetof(struct sk_bundle_header, body_hash_low));

	return XXH3_128bits_withSeed(bytes + sizeof(struct sk_bundle_header),
				     size - sizeof(struct sk_bundle_header), seed);
}

void sk_bundle_seal(void *bytes, size_t size)
{
	struct sk_bundle_header *header = bytes;
	XXH128_hash_t hash;

	assert(size >= sizeof(*header));
	hash = body_hash(bytes, size);
	header->body_hash_low = hash.low64;
	header->body_hash_high = hash.high64;
}

static int check_header(const uint8_t *bytes, size_t size, struct sk_error *error)
{
	const struct sk_bundle_header *header = (const struct sk_bundle_header *)bytes;
	XXH128_hash_t hash;

	if (size < sizeof(header->magic) || memcmp(bytes, SK_BUNDLE_MAGIC, sizeof(header->magic)) != 0)
		return sk_error_set(error, -EBADMSG, "not a bundle");
	if (size < sizeof(*header))
		return sk_error_set(error, -EBADMSG, "truncated bundle: %zu bytes end within its header", size);
	if (header->version != SK_BUNDLE_VERSION)
		return sk_error_set(error, -EBADMSG, "bundle of version %u, where this saker reads version %u",
				    header->version, SK_BUNDLE_VERSION);
	if (size < header->file_size)
		return sk_error_set(error, -EBADMSG, "truncated bundle: %zu of its %llu bytes are there", size,
				    (unsigned long long)header->file_size);
	if (size > header->file_size)
		return sk_error_set(error, -EBADMSG, "damaged bundle: %llu bytes behind its end",
				    (unsigned long long)(size - header->file_size));
	hash = body_hash(bytes, size);
	if (hash.low64 != header->body_hash_low || hash.high64 != header->body_hash_high)
		return sk_error_set(error, -EBADMSG, "damaged bundle: it differs from its checksum");
	if (header->schema_hash != sk_schema_hash())
		return sk_error_set(error, -EBADMSG,
				    "bundle of another schema: compile its rules with this version of saker");
	return 0;
}

static int check_padding(const uint8_t *bytes, size_t begin, size_t end, unsigned section, struct sk_error *error)
{
	for (size_t i = begin; i < end; i++) {
		if (bytes[i] != 0)
			return sk_error_set(error, -EBADMSG, "section %s: its padding is not zero",
					    sk_section_names[section]);
	}
	return 0;
}

/*
 * The table fixes the place of every section: each begins where the one
 * before it, padded, ended.
 */
static int check_sections(const uint8_t *bytes, size_t size, struct sk_error *error)
{
	const struct sk_bundle_header *header = (const struct sk_bundle_header *)bytes;
	const struct sk_bundle_section *table = (const struct sk_bundle_section *)(header + 1);
	size_t next = sizeof(*header) + SK_SECTION_COUNT * sizeof(*table);

	if (header->section_count != SK_SECTION_COUNT)
		return sk_error_set(error, -EBADMSG, "bundle with %u sections instead of %u", header->section_count,
				    SK_SECTION_COUNT);
	if (next > size)
		return sk_error_set(error, -EBADMSG, "bundle ends within its section table");
	for (unsigned i = 0; i < SK_SECTION_COUNT; i++) {
		size_t end, padded;
		int status;

		if (table[i].offset != next)
			return sk_error_set(error, -EBADMSG, "section %s begins at byte %llu instead of %zu",
					    sk_section_names[i], (unsigned long long)table[i].offset, next);
		if (table[i].size > size - next)
			return sk_error_set(error, -EBADMSG, "section %s passes the end of the bundle",
					    sk_section_names[i]);
		if (table[i].size % record_sizes[i] != 0)
			return sk_error_set(error, -EBADMSG, "section %s: its size is no multiple of its records'",
					    sk_section_names[i]);
		end = next + table[i].size;
		padded = (end + 7) & ~(size_t)7;
		if (padded > size)
			return sk_error_set(error, -EBADMSG, "section %s ends without its padding",
					    sk_section_names[i]);
		status = check_padding(bytes, end, padded, i, error);
		if (status < 0)
			return status;
		next = padded;
	}
	if (next != size)
		return sk_error_set(error, -EBADMSG, "bundle has %zu bytes behind its last section", size - next);
	return 0;
}

int sk_bundle_from_memory(const void *memory, size_t size, struct sk_bundle *ret_bundle, struct sk_error *error)
{
	const uint8_t *bytes = memory;
	const struct sk_bundle_section *table;
	struct sk_bundle bundle = {.bytes = bytes, .size = size};
	int status;

	assert((uintptr_t)memory % 8 == 0);
	if (size > SK_BUNDLE_SIZE_LIMIT)
		return sk_error_set(error, -EBADMSG, "%zu bytes are more than a bundle may have", size);
	status = check_header(bytes, size, error);
	if (status < 0)
		return status;
	status = check_sections(bytes, size, error);
	if (status < 0)
		return status;
	table = (const struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
#define SK_SECTION(id, member, record, what)                                                                       \
	bundle.member = (const void *)(bytes + table[SK_SECTION_##id].offset);                                     \
	bundle.member##_count = (uint32_t)(table[SK_SECTION_##id].size / sizeof(record));
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	status = sk_bundle_verify(&bundle, error);
	if (status < 0)
		return status;
	*ret_bundle = bundle;
	return 0;
}

static int map_file(int fd, const void **ret_bytes, size_t *ret_size, struct sk_error *error)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status) < 0)
		return sk_error_set(error, -errno, "cannot read: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return sk_error_set(error, -EBADMSG, "not a regular file");
	if (status.st_size == 0)
		return sk_error_set(error, -EBADMSG, "not a bundle: the file is empty");
	if (status.st_size > SK_BUNDLE_SIZE_LIMIT)
		return sk_error_set(error, -EBADMSG, "%lld bytes are more than a bundle may have",
				    (long long)status.st_size);
	/* All of it is read at once. */
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED)
		return sk_error_set(error, -errno, "cannot map: %s", strerror(errno));
	*ret_bytes = bytes;
	*ret_size = (size_t)status.st_size;
	return 0;
}

int sk_bundle_open(const char *path, struct sk_bundle *ret_bundle, struct sk_error *error)
{
	struct sk_error reason = {.message = ""};
	const void *bytes = NULL;
	size_t size = 0;
	int fd, status;

	/* Not blocking: a FIFO is no bundle, and must not hang us before we can say so. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return sk_error_set(error, -errno, "%s: %s", path, strerror(errno));
	status = map_file(fd, &bytes, &size, &reason);
	close(fd);
	if (status == 0) {
		status = sk_bundle_from_memory(bytes, size, ret_bundle, &reason);
		if (status < 0)
			munmap((void *)bytes, size);
	}
	if (status < 0)
		return sk_error_set(error, status, "%s: %s", path, reason.message);
	ret_bundle->mapped = true;
	return 0;
}

void sk_bundle_close(struct sk_bundle *bundle)
{
	if (bundle->mapped)
		munmap((void *)bundle->bytes, bundle->size);
	*bundle = (struct sk_bundle){.bytes = NULL};
}
