/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/path.h"
#include "tests/test.h"

static const char *join(const char *directory, const char *path)
{
	static char joined[SK_PATH_SIZE];
	uint32_t length;

	sk_path_join(directory, strlen(directory), path, strlen(path), joined, &length);
	CHECK_EQUAL(length, strlen(joined));
	return joined;
}

TEST(a_relative_path_is_put_behind_its_directory)
{
	CHECK_TEXT(join("/home/", "file"), "/home/file");
	CHECK_TEXT(join("/", "file"), "/file");
	CHECK_TEXT(join("", "file"), "file");
}

TEST(an_absolute_path_replaces_the_directory)
{
	CHECK_TEXT(join("/home/", "/etc/passwd"), "/etc/passwd");
	CHECK_TEXT(join(".", "/etc//passwd"), "/etc/passwd");
}

TEST(an_empty_path_is_empty)
{
	CHECK_TEXT(join("/home/", ""), "");
}

TEST(dots_and_double_slashes_go)
{
	CHECK_TEXT(join("/home/", "./a/./b/."), "/home/a/b");
	CHECK_TEXT(join("/home/", "a//b///c"), "/home/a/b/c");
	CHECK_TEXT(join("/", "/a/b/../c"), "/a/c");
	CHECK_TEXT(join("/home/", "../etc/x"), "/etc/x");
	CHECK_TEXT(join("/home/", ".."), "/");
	CHECK_TEXT(join("/a/b/", ".."), "/a");
}

TEST(names_that_only_begin_with_dots_stay)
{
	CHECK_TEXT(join("/", "...x"), "/...x");
	CHECK_TEXT(join("/", ".hidden"), "/.hidden");
	CHECK_TEXT(join("/", "..x/y"), "/..x/y");
	CHECK_TEXT(join("/", "a../b"), "/a../b");
	CHECK_TEXT(join("/", "a./b."), "/a./b.");
}

TEST(nothing_rises_above_the_root)
{
	CHECK_TEXT(join("/", "../../../x"), "/x");
	CHECK_TEXT(join("", "/../x"), "/x");
	CHECK_TEXT(join("", "../x"), "x");
	CHECK_TEXT(join("", "a/../../b"), "b");
}

TEST(a_slash_at_the_end_goes_unless_it_is_all)
{
	CHECK_TEXT(join("/", "/etc/"), "/etc");
	CHECK_TEXT(join("/", "/"), "/");
	CHECK_TEXT(join("/", "//"), "/");
	CHECK_TEXT(join("/", "/a/.."), "/");
}

TEST(the_directory_is_taken_as_it_stands)
{
	CHECK_TEXT(join("/a/../b//", "c"), "/a/../b//c");
	CHECK_TEXT(join("<UNKNOWN>", "foo"), "<UNKNOWN>foo");
	CHECK_TEXT(join("/a/b/", "../../c"), "/c");
}

TEST(what_does_not_fit_has_a_fixed_name)
{
	static char directory[1100], path[1100];

	memset(directory, 'd', sizeof(directory));
	memset(path, 'p', sizeof(path));
	directory[0] = '/';
	directory[500] = path[523] = '\0';
	CHECK_EQUAL(strlen(join(directory, path)), 1023);
	path[523] = 'p';
	path[524] = '\0';
	CHECK_TEXT(join(directory, path), "/DIR_TOO_LONG/FILENAME_TOO_LONG");
	path[0] = '/';
	CHECK_TEXT(join(directory, path), "/DIR_TOO_LONG/FILENAME_TOO_LONG");
}

/* Paths that are normal already are not taken apart: "." in front of them makes that they are. */
TEST(every_path_is_what_it_is_with_a_dot_in_front)
{
	static const char letters[] = "/.ab";
	unsigned long compared = 0;

	for (unsigned width = 1; width <= 7; width++)
		for (unsigned pad = 0; pad <= 20; pad += width == 7 ? 5 : 1)
			for (unsigned code = 0; code < 1u << 2 * width; code++) {
				char path[40], dotted[48], expected[SK_PATH_SIZE];
				size_t at = 0;

				/* The letters come first, behind padding, or before some. */
				for (unsigned i = 0; i < pad / 2; i++)
					path[at++] = i % 5 ? 'p' : '/';
				for (unsigned i = 0; i < width; i++)
					path[at++] = letters[code >> 2 * i & 3];
				for (unsigned i = pad / 2; i < pad; i++)
					path[at++] = i % 7 ? 'q' : '/';
				path[at] = '\0';
				snprintf(dotted, sizeof(dotted), "%s./%s", path[0] == '/' ? "/" : "",
					 path[0] == '/' ? path + 1 : path);
				strcpy(expected, join("/d/", dotted));
				CHECK_TEXT(join("/d/", path), expected);
				compared++;
			}
	CHECK(compared > 100000);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_relative_path_is_put_behind_its_directory)
	RUN(an_absolute_path_replaces_the_directory)
	RUN(an_empty_path_is_empty)
	RUN(dots_and_double_slashes_go)
	RUN(names_that_only_begin_with_dots_stay)
	RUN(nothing_rises_above_the_root)
	RUN(a_slash_at_the_end_goes_unless_it_is_all)
	RUN(the_directory_is_taken_as_it_stands)
	RUN(what_does_not_fit_has_a_fixed_name)
	RUN(every_path_is_what_it_is_with_a_dot_in_front)
)
