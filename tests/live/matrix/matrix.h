/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program did, written down as it does it, in memory that it shares
 * with the test; and the comparison with what was captured.
 *
 *   r = CALL(rename, "a", "b");
 *   WANT(SYSCALL_RENAME_X, N(r), T("a"), T("b"));
 *        │                 └ one value for each parameter of the schema
 *        └ the next event of this type and thread must have these parameters
 *
 * Invariant: what one thread wants stands in the order in which it was done.
 */
#ifndef SK_TESTS_MATRIX_H
#define SK_TESTS_MATRIX_H

#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "tests/live/live.h"

enum { VALUE_BYTES = 256, WANTED = 512 };

enum value_kind { NUMBER, BETWEEN, BYTES_ARE, BYTES_BEGIN };

/*
 * Memory that a process has not touched yet cannot be read while an event is
 * made, and a new process has touched nothing of the program's file.
 */
__attribute__((no_sanitize("address", "undefined"))) static inline int touch_object(struct dl_phdr_info *object,
										    size_t size, void *unused)
{
	(void)size, (void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		const volatile char *start = (const char *)(object->dlpi_addr + segment->p_vaddr);

		if (segment->p_type == PT_LOAD)
			for (size_t at = 0; at < segment->p_filesz; at += 4096)
				(void)start[at];
	}
	return 1; /* the program is the first of them */
}

static inline void touch_everything(void)
{
	dl_iterate_phdr(touch_object, NULL);
}

struct value {
	enum value_kind kind;
	uint32_t length;
	int64_t low, high;
	uint8_t bytes[VALUE_BYTES];
};

struct wanted {
	uint16_t type;
	uint8_t count;
	int line;
	int64_t tid;
	char refused[120]; /* why this machine cannot show it; nothing is compared then */
	struct value values[SK_EVENT_MAX_PARAMS];
};

static struct {
	volatile int count;
	struct wanted list[WANTED];
} * diary;

/* --- what the programs write ------------------------------------------- */

static inline struct value N(int64_t number) {
	return (struct value){.kind = NUMBER, .low = number};
}

/* For what the kernel counts while we look away, such as memory. */
static inline struct value
between(int64_t low, int64_t high)
{
	return (struct value){.kind = BETWEEN, .low = low, .high = high};
}

static inline struct value D(const void *bytes, size_t length) {
	struct value value = {.kind = BYTES_ARE, .length = (uint32_t)length};

	if (length > VALUE_BYTES)
		abort();
	if (length)
		memcpy(value.bytes, bytes, length);
	return value;
}

static inline struct value
T(const char *text) {
	return D(text, strlen(text) + 1);
}

static inline struct value
begins_with(const char *text)
{
	struct value value = D(text, strlen(text));

	value.kind = BYTES_BEGIN;
	return value;
}

static inline struct value nothing_there(void)
{
	return D("", 0);
}

/* A parameter whose first byte says which of its types follows. */
static inline struct value chosen(uint8_t choice, uint64_t number, size_t size)
{
	uint8_t bytes[9] = {choice};

	memcpy(bytes + 1, &number, size);
	return D(bytes, 1 + size);
}

static inline struct value chosen_text(uint8_t choice, const char *text)
{
	char bytes[VALUE_BYTES] = {(char)choice};

	strcpy(bytes + 1, text);
	return D(bytes, strlen(text) + 2);
}

static inline struct wanted *new_page(uint16_t type, int line)
{
	int index = __atomic_fetch_add(&diary->count, 1, __ATOMIC_SEQ_CST);

	if (index >= WANTED)
		abort();
	diary->list[index].type = type;
	diary->list[index].line = line;
	diary->list[index].tid = syscall(SYS_gettid);
	return &diary->list[index];
}

static inline void want(uint16_t type, int line, int64_t tid, const struct value *values, size_t count)
{
	struct wanted *page = new_page(type, line);

	if (tid)
		page->tid = tid;
	page->count = (uint8_t)count;
	if (count)
		memcpy(page->values, values, count * sizeof(values[0]));
}

static inline void refused(uint16_t type, int line, const char *why)
{
	snprintf(new_page(type, line)->refused, sizeof(diary->list[0].refused), "%s", why);
}

#define WANT_OF(tid, type, ...)                                                                                    \
	want(SK_EVENT_##type, __LINE__, tid, (struct value[]){__VA_ARGS__},                                        \
	     sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value))
#define WANT(type, ...) WANT_OF(0, type, __VA_ARGS__)
/* An event without parameters. */
#define WANT_BARE(type) want(SK_EVENT_##type, __LINE__, 0, NULL, 0)
#define REFUSED(type, why) refused(SK_EVENT_##type, __LINE__, why)

/* The system call itself, so that no library puts another in its place. */
static inline long kernel_result(long result)
{
	return result < 0 ? -errno : result;
}

#define CALL(name, ...) kernel_result(syscall(SYS_##name, ##__VA_ARGS__))

/* --- facts of files ----------------------------------------------------- */

struct identity {
	uint32_t device; /* as on the wire */
	uint64_t inode;
	bool overlay;
};

static inline struct identity identify(int fd)
{
	struct stat status = {0};
	struct statfs filesystem = {0};

	fstat(fd, &status);
	fstatfs(fd, &filesystem);
	return (struct identity){
		.device = (minor(status.st_dev) & 0xff) | major(status.st_dev) << 8 |
			  (minor(status.st_dev) & ~0xffU) << 12,
		.inode = status.st_ino,
		.overlay = filesystem.f_type == 0x794c7630,
	};
}

/* --- what was captured --------------------------------------------------- */

static inline bool value_fits(const struct value *value, const struct sk_event *event, unsigned index)
{
	const struct sk_param *param = &event->param[index];
	size_t size = sk_param_fixed_size(event->info->params[index].type);
	int64_t number = sk_event_signed(event, index, 0), low = value->low;

	switch (value->kind) {
	case NUMBER:
		if (size < 8)
			return param->length == size &&
			       ((uint64_t)(number ^ low) & ((UINT64_C(1) << 8 * size) - 1)) == 0;
		return param->length == size && number == low;
	case BETWEEN:
		return param->length == size && number >= low && number <= value->high;
	case BYTES_ARE:
		return param->length == value->length && memcmp(param->bytes, value->bytes, value->length) == 0;
	case BYTES_BEGIN:
		return param->length >= value->length && memcmp(param->bytes, value->bytes, value->length) == 0;
	}
	return false;
}

static inline void print_bytes(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && i < 80; i++)
		printf(bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '\\' ? "%c" : "\\%02x", bytes[i]);
	printf(" (%zu bytes)\n", length);
}

static inline void print_difference(const struct wanted *wanted, const struct sk_event *event)
{
	for (unsigned i = 0; i < wanted->count && i < event->nparams; i++) {
		const struct value *value = &wanted->values[i];

		if (value_fits(value, event, i))
			continue;
		printf("#   %s: wanted ", event->info->params[i].name);
		if (value->kind == NUMBER)
			printf("%lld\n", (long long)value->low);
		else if (value->kind == BETWEEN)
			printf("%lld to %lld\n", (long long)value->low, (long long)value->high);
		else
			print_bytes(value->bytes, value->length);
		printf("#   %s: came %lld, ", event->info->params[i].name, (long long)sk_event_signed(event, i, 0));
		print_bytes(event->param[i].bytes, event->param[i].length);
	}
}

static inline bool page_fits(const struct wanted *wanted, const struct sk_event *event)
{
	if (event->nparams != wanted->count)
		return false;
	for (unsigned i = 0; i < wanted->count; i++)
		if (!value_fits(&wanted->values[i], event, i))
			return false;
	return true;
}

/* Index after the event that was wanted, which is never 0; 0 if there is none. */
static inline int find_wanted(const struct wanted *wanted, int from)
{
	const struct sk_event *nearest = NULL;

	for (int i = from; i < got.count; i++) {
		const struct sk_event *event = &got.events[i];

		if (event->type != wanted->type || event->tid != wanted->tid)
			continue;
		if (page_fits(wanted, event))
			return i + 1;
		if (!nearest)
			nearest = event;
	}
	printf("# line %d: %s of thread %lld %s\n", wanted->line, sk_events[wanted->type].id,
	       (long long)wanted->tid, nearest ? "has other parameters" : "did not come");
	if (nearest && nearest->nparams != wanted->count)
		printf("#   %u parameters came, %u are wanted\n", nearest->nparams, wanted->count);
	if (nearest)
		print_difference(wanted, nearest);
	return 0;
}

/* Index in got.events from which what page `index` wants may come: after what its thread did before. */
static int place_of[WANTED];

static inline int start_of(int index)
{
	for (int i = index - 1; i >= 0; i--)
		if (diary->list[i].tid == diary->list[index].tid && place_of[i])
			return place_of[i];
	return 0;
}

#endif
