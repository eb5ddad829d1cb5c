/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Myers' linear-space difference of two runs of lines.
 *
 *          before ─►
 *   after  \ . . .      a diagonal is a line that both have; the shortest way
 *     │    . \ - .      from corner to corner is found from both ends at once,
 *     ▼    . . . \      and where they meet the problem falls into two
 *
 * Invariant: removed[i] and added[j] mark the lines that only one text has; the
 * others are equal pairwise, in order.
 */
#include "cli/diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

#include "vm/support/alloc.h"

enum { CONTEXT = 3, COST_LIMIT = 4096 };

struct line {
	const char *bytes;
	size_t length; /* with its line break, if there is one */
	uint64_t hash;
};

struct side {
	struct line *lines;
	long count;
	bool *changed;
};

struct diff {
	struct side before, after;
	long *forward, *backward; /* how far each diagonal was followed; `middle` is diagonal 0 */
	long middle;
};

static int split(const char *bytes, size_t length, struct side *side)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += bytes[i] == '\n' || i + 1 == length;
	side->lines = sk_alloc_zeroed(count + 1, sizeof(*side->lines));
	side->changed = sk_alloc_zeroed(count + 1, sizeof(*side->changed));
	if (!side->lines || !side->changed)
		return -ENOMEM;
	for (size_t begin = 0; begin < length;) {
		const char *end = memchr(bytes + begin, '\n', length - begin);
		size_t next = end ? (size_t)(end - bytes) + 1 : length;
		struct line *line = &side->lines[side->count++];

		*line = (struct line){.bytes = bytes + begin, .length = next - begin};
		line->hash = XXH3_64bits(line->bytes, line->length);
		begin = next;
	}
	return 0;
}

static bool same(const struct diff *diff, long x, long y)
{
	const struct line *left = &diff->before.lines[x], *right = &diff->after.lines[y];

	return left->hash == right->hash && left->length == right->length &&
	       memcmp(left->bytes, right->bytes, left->length) == 0;
}

struct box {
	long left, top, right, bottom;
};

static void mark(struct diff *diff, const struct box *box)
{
	for (long x = box->left; x < box->right; x++)
		diff->before.changed[x] = true;
	for (long y = box->top; y < box->bottom; y++)
		diff->after.changed[y] = true;
}

/*
 * A point on a shortest way through the box, which begins and ends with lines
 * that differ; false if it is too long.
 */
static bool find_middle(struct diff *diff, const struct box *box, long *ret_x, long *ret_y)
{
	const long width = box->right - box->left, height = box->bottom - box->top, delta = width - height;
	/* On diagonal k of the one, c = k - delta of the other: the column and the row that are furthest. */
	long *forward = diff->forward + diff->middle, *backward = diff->backward + diff->middle;

	forward[1] = box->left;
	backward[1] = box->bottom;
	for (long cost = 0; cost <= (width + height + 1) / 2 && cost <= COST_LIMIT; cost++) {
		for (long k = -cost; k <= cost; k += 2) {
			bool down = k == -cost || (k != cost && forward[k - 1] < forward[k + 1]);
			long x = down ? forward[k + 1] : forward[k - 1] + 1, y = box->top + (x - box->left) - k;
			long c = k - delta;

			while (x < box->right && y < box->bottom && same(diff, x, y))
				x++, y++;
			forward[k] = x;
			if ((delta & 1) && c > -cost && c < cost && y >= backward[c]) {
				*ret_x = x;
				*ret_y = y;
				return true;
			}
		}
		for (long c = -cost; c <= cost; c += 2) {
			bool left = c == -cost || (c != cost && backward[c - 1] > backward[c + 1]);
			long y = left ? backward[c + 1] : backward[c - 1] - 1, k = c + delta;
			long x = box->left + (y - box->top) + k;

			while (x > box->left && y > box->top && same(diff, x - 1, y - 1))
				x--, y--;
			backward[c] = y;
			if (!(delta & 1) && k >= -cost && k <= cost && x <= forward[k]) {
				*ret_x = x;
				*ret_y = y;
				return true;
			}
		}
	}
	return false;
}

/* Halves, so it is as deep as the logarithm of the lines. */
static void compare(struct diff *diff, struct box box)
{
	long x, y;

	while (box.left < box.right && box.top < box.bottom && same(diff, box.left, box.top))
		box.left++, box.top++;
	while (box.left < box.right && box.top < box.bottom && same(diff, box.right - 1, box.bottom - 1))
		box.right--, box.bottom--;
	if (box.left == box.right || box.top == box.bottom || !find_middle(diff, &box, &x, &y) || x < box.left ||
	    x > box.right || y < box.top || y > box.bottom || (x == box.left && y == box.top) ||
	    (x == box.right && y == box.bottom)) {
		mark(diff, &box);
		return;
	}
	compare(diff, (struct box){box.left, box.top, x, y});
	compare(diff, (struct box){x, y, box.right, box.bottom});
}

static void put_line(struct sk_buffer *buffer, char sign, const struct line *line)
{
	sk_buffer_append_char(buffer, sign);
	sk_buffer_append(buffer, line->bytes, line->length);
	if (line->bytes[line->length - 1] != '\n')
		sk_buffer_append_text(buffer, "\n\\ No newline at end of file\n");
}

static bool changed_at(const struct diff *diff, long x, long y)
{
	return (x < diff->before.count && diff->before.changed[x]) ||
	       (y < diff->after.count && diff->after.changed[y]);
}

/* The end of a hunk that begins at x, y: behind its last change are CONTEXT lines, or the end. */
static void find_hunk_end(const struct diff *diff, long x, long y, long *ret_x, long *ret_y)
{
	long quiet = 0;

	while ((x < diff->before.count || y < diff->after.count) && quiet <= 2 * CONTEXT) {
		if (changed_at(diff, x, y)) {
			quiet = 0;
			x += x < diff->before.count && diff->before.changed[x] ? 1 : 0;
			y += y < diff->after.count && diff->after.changed[y] ? 1 : 0;
			*ret_x = x;
			*ret_y = y;
			continue;
		}
		quiet++;
		x++;
		y++;
	}
	for (int i = 0; i < CONTEXT && *ret_x < diff->before.count && *ret_y < diff->after.count; i++)
		++*ret_x, ++*ret_y;
}

static void put_hunk(const struct diff *diff, long x, long y, long end_x, long end_y, struct sk_buffer *buffer)
{
	sk_buffer_printf(buffer, "@@ -%ld,%ld +%ld,%ld @@\n", end_x > x ? x + 1 : x, end_x - x,
			 end_y > y ? y + 1 : y, end_y - y);
	while (x < end_x || y < end_y) {
		while (x < end_x && diff->before.changed[x])
			put_line(buffer, '-', &diff->before.lines[x++]);
		while (y < end_y && diff->after.changed[y])
			put_line(buffer, '+', &diff->after.lines[y++]);
		if (x < end_x && y < end_y && !diff->before.changed[x]) {
			put_line(buffer, ' ', &diff->before.lines[x]);
			x++;
			y++;
		}
	}
}

static void put_hunks(const struct diff *diff, const char *name, struct sk_buffer *buffer)
{
	long x = 0, y = 0;
	bool begun = false;

	while (x < diff->before.count || y < diff->after.count) {
		long begin_x = x, begin_y = y, end_x = x, end_y = y;

		if (!changed_at(diff, x, y)) {
			x++;
			y++;
			continue;
		}
		if (!begun)
			sk_buffer_printf(buffer, "--- %s\n+++ %s\n", name, name);
		begun = true;
		/* What stands before the first change is the same on both sides. */
		for (int i = 0; i < CONTEXT && begin_x > 0 && begin_y > 0 && !diff->before.changed[begin_x - 1] &&
				!diff->after.changed[begin_y - 1];
		     i++)
			begin_x--, begin_y--;
		find_hunk_end(diff, x, y, &end_x, &end_y);
		put_hunk(diff, begin_x, begin_y, end_x, end_y, buffer);
		x = end_x;
		y = end_y;
	}
}

int sk_diff(const char *name, const char *before, size_t before_length, const char *after, size_t after_length,
	    struct sk_buffer *buffer)
{
	struct diff diff = {0};
	int result = split(before, before_length, &diff.before);

	if (result == 0)
		result = split(after, after_length, &diff.after);
	if (result == 0) {
		diff.middle = diff.before.count + diff.after.count + 2;
		diff.forward = sk_alloc_zeroed((size_t)diff.middle * 2 + 1, sizeof(*diff.forward));
		diff.backward = sk_alloc_zeroed((size_t)diff.middle * 2 + 1, sizeof(*diff.backward));
		result = diff.forward && diff.backward ? 0 : -ENOMEM;
	}
	if (result == 0) {
		compare(&diff, (struct box){0, 0, diff.before.count, diff.after.count});
		put_hunks(&diff, name, buffer);
	}
	sk_free(diff.forward);
	sk_free(diff.backward);
	sk_free(diff.before.lines);
	sk_free(diff.before.changed);
	sk_free(diff.after.lines);
	sk_free(diff.after.changed);
	return result == 0 && buffer->failed ? -ENOMEM : result;
}
