/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/sample_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sample sample;
static struct sk_error error;
static struct sk_bundle bundle;

static uint8_t *sample_file(size_t *ret_size)
{
	build_sample(&sample);
	return build_finish(&sample.builder, ret_size);
}

static struct sk_bundle_section *table_of(uint8_t *bytes)
{
	return (struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
}

/* Takes the file and frees it; what is said of it after `break_it` and sealing. */
static const char *open_sealed(uint8_t *bytes, size_t size)
{
	int status;

	error.message[0] = '\0';
	if (size >= sizeof(struct sk_bundle_header))
		sk_bundle_seal(bytes, size);
	status = sk_bundle_from_memory(bytes, size, &bundle, &error);
	CHECK((status == 0) == (error.message[0] == '\0'));
	CHECK(status == 0 || status == -EBADMSG);
	free(bytes);
	return error.message;
}

#define BROKEN(sentence, break_it)                                                                                 \
	do {                                                                                                       \
		size_t size;                                                                                       \
		uint8_t *bytes = sample_file(&size);                                                               \
		struct sk_bundle_header *header = (struct sk_bundle_header *)bytes;                                \
		struct sk_bundle_section *table = table_of(bytes);                                                 \
                                                                                                                   \
		(void)header, (void)table;                                                                         \
		break_it;                                                                                          \
		CHECK_TEXT(open_sealed(bytes, size), sentence);                                                    \
	} while (0)

TEST(a_sound_bundle_gives_its_tables)
{
	size_t size;
	uint8_t *bytes = sample_file(&size);
	uint32_t length;

	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	CHECK_EQUAL(bundle.rules_count, 2);
	CHECK_EQUAL(bundle.predicates_count, sample.builder.predicates_count);
	CHECK_EQUAL(bundle.types_count, SK_EVENT_COUNT);
	CHECK_TEXT(sk_bundle_text(&bundle, bundle.rules[1].name, &length), "Network");
	CHECK_EQUAL(length, 7);
	CHECK_TEXT(sk_bundle_text(&bundle, bundle.tags[bundle.rules[0].first_tag], NULL), "T1059");
	sk_bundle_close(&bundle);
	CHECK(bundle.bytes == NULL);
	free(bytes);
}

TEST(what_is_no_bundle_of_this_saker_is_said_in_order)
{
	BROKEN("not a bundle", bytes[0] ^= 1);
	BROKEN("not a bundle", size = 7);
	BROKEN("not a bundle", size = 0);
	BROKEN("truncated bundle: 47 bytes end within its header", size = 47);
	BROKEN("bundle of version 1, where this saker reads version 3", header->version = 1);
	BROKEN("bundle of another schema: compile its rules with this version of saker", header->schema_hash++);
	BROKEN("bundle with 24 sections instead of 25", header->section_count--);
	BROKEN("bundle ends within its section table", size = header->file_size = 48 + 25 * 16 - 8);
	BROKEN("damaged bundle: 8 bytes behind its end", header->file_size -= 8);
}

TEST(a_bundle_that_is_cut_short_is_refused_at_every_length)
{
	size_t size, refused = 0;
	uint8_t *bytes = sample_file(&size);

	for (size_t i = 0; i < size; i++) {
		int status = sk_bundle_from_memory(bytes, i, &bundle, &error);

		refused += status == -EBADMSG;
		if (i >= sizeof(struct sk_bundle_header))
			CHECK(strncmp(error.message, "truncated bundle: ", 18) == 0);
	}
	CHECK_EQUAL(refused, size);
	free(bytes);
}

TEST(any_single_changed_byte_is_refused)
{
	size_t size, refused = 0, tries = 0;
	uint8_t *bytes = sample_file(&size);

	for (size_t i = 0; i < size; i++) {
		static const uint8_t masks[] = {0x01, 0x80, 0xff};

		for (size_t k = 0; k < sizeof(masks); k++, tries++) {
			bytes[i] ^= masks[k];
			refused += sk_bundle_from_memory(bytes, size, &bundle, &error) == -EBADMSG;
			bytes[i] ^= masks[k];
		}
	}
	CHECK_EQUAL(refused, tries);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), 0);
	free(bytes);
}

TEST(the_checksum_is_what_the_header_file_says)
{
	size_t size;
	uint8_t *bytes = sample_file(&size);
	const struct sk_bundle_header *header = (const struct sk_bundle_header *)bytes;
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes + 48, size - 48, XXH3_64bits(bytes, 32));

	CHECK(header->body_hash_low == hash.low64);
	CHECK(header->body_hash_high == hash.high64);
	bytes[32] ^= 1;
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), -EBADMSG);
	CHECK_TEXT(error.message, "damaged bundle: it differs from its checksum");
	free(bytes);
}

/* As BROKEN, where the sentence has the sample's own figures in it. */
#define BROKEN_LIKE(part, break_it)                                                                                \
	do {                                                                                                       \
		size_t size;                                                                                       \
		uint8_t *bytes = sample_file(&size);                                                               \
		struct sk_bundle_section *table = table_of(bytes);                                                 \
                                                                                                                   \
		break_it;                                                                                          \
		CHECK(strstr(open_sealed(bytes, size), part) != NULL);                                             \
	} while (0)

TEST(sections_lie_where_their_sizes_put_them)
{
	BROKEN_LIKE("section FIELDS begins at byte 0 instead of ", table[SK_SECTION_FIELDS].offset = 0);
	BROKEN_LIKE("section FIELDS begins at byte ", table[SK_SECTION_FIELDS].offset += 8);
	BROKEN_LIKE("section STRINGS begins at byte ",
		    table[SK_SECTION_STRING_BYTES].size = (table[SK_SECTION_STRING_BYTES].size | 7) + 9);
	BROKEN_LIKE("section STRING_BYTES begins at byte ", table[SK_SECTION_STRING_BYTES].offset = UINT64_MAX - 7);
	BROKEN("section FIELDS passes the end of the bundle", table[SK_SECTION_FIELDS].size = size);
	BROKEN("section FIELDS passes the end of the bundle", table[SK_SECTION_FIELDS].size = UINT64_MAX - 15);
	BROKEN("section FIELDS: its size is no multiple of its records'", table[SK_SECTION_FIELDS].size -= 8);
	BROKEN("section FILES: its padding is not zero", {
		CHECK_EQUAL(table[SK_SECTION_FILES].size, 4);
		bytes[table[SK_SECTION_FILES].offset + 7] = 1;
	});
	BROKEN_LIKE("bytes behind its last section", table[SK_SECTION_FILES].size -= 4);
	BROKEN("section FILES ends without its padding", {
		CHECK_EQUAL(table[SK_SECTION_FILES].size, 4);
		((struct sk_bundle_header *)bytes)->file_size = size -= 4;
	});
}

TEST(a_file_opens_like_memory_and_is_unmapped)
{
	char path[] = "/tmp/saker-bundle-XXXXXX", fifo[64];
	int fd = mkstemp(path);
	size_t size;
	uint8_t *bytes = sample_file(&size);

	CHECK_EQUAL(write(fd, bytes, size), size);
	CHECK_EQUAL(sk_bundle_open(path, &bundle, &error), 0);
	CHECK(bundle.mapped && bundle.size == size && memcmp(bundle.bytes, bytes, size) == 0);
	sk_bundle_close(&bundle);
	CHECK(!bundle.mapped);

	CHECK_EQUAL(ftruncate(fd, 100), 0);
	CHECK_EQUAL(sk_bundle_open(path, &bundle, &error), -EBADMSG);
	CHECK(strstr(error.message, path) && strstr(error.message, ": truncated bundle: 100 of its "));
	CHECK_EQUAL(ftruncate(fd, 0), 0);
	CHECK_EQUAL(sk_bundle_open(path, &bundle, &error), -EBADMSG);
	CHECK(strstr(error.message, ": not a bundle: the file is empty") != NULL);
	CHECK_EQUAL(ftruncate(fd, (off_t)SK_BUNDLE_SIZE_LIMIT + 1), 0);
	CHECK_EQUAL(sk_bundle_open(path, &bundle, &error), -EBADMSG);
	CHECK(strstr(error.message, "are more than a bundle may have") != NULL);
	close(fd);
	unlink(path);
	CHECK_EQUAL(sk_bundle_open(path, &bundle, &error), -ENOENT);
	CHECK(strstr(error.message, "No such file or directory") != NULL);
	CHECK_EQUAL(sk_bundle_open("/tmp", &bundle, &error), -EBADMSG);
	CHECK_TEXT(error.message, "/tmp: not a regular file");

	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	CHECK_EQUAL(mkfifo(fifo, 0600), 0);
	CHECK_EQUAL(sk_bundle_open(fifo, &bundle, &error), -EBADMSG);
	unlink(fifo);
	free(bytes);
}

TEST(without_memory_it_says_so)
{
	size_t size;
	uint8_t *bytes = sample_file(&size);

	sk_alloc_fail_after(0);
	CHECK_EQUAL(sk_bundle_from_memory(bytes, size, &bundle, &error), -ENOMEM);
	sk_alloc_fail_after(SIZE_MAX);
	CHECK_TEXT(error.message, "no memory to verify the bundle");
	free(bytes);
}

TEST(the_same_records_give_the_same_bytes)
{
	size_t size, again_size;
	uint8_t *bytes = sample_file(&size), *again = sample_file(&again_size);

	CHECK_EQUAL(size, again_size);
	CHECK(memcmp(bytes, again, size) == 0);
	free(bytes);
	free(again);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_sound_bundle_gives_its_tables)
	RUN(what_is_no_bundle_of_this_saker_is_said_in_order)
	RUN(a_bundle_that_is_cut_short_is_refused_at_every_length)
	RUN(any_single_changed_byte_is_refused)
	RUN(the_checksum_is_what_the_header_file_says)
	RUN(sections_lie_where_their_sizes_put_them)
	RUN(a_file_opens_like_memory_and_is_unmapped)
	RUN(without_memory_it_says_so)
	RUN(the_same_records_give_the_same_bytes)
)
