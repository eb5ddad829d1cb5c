/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the calls that fs.path.* and evt.abspath know names paths, and nothing else. */
#include "vm/call_paths.h"

#include "tests/test.h"
#include "vm/schema/schema.h"

static bool is_path(uint16_t type, int index)
{
	const struct sk_event_info *info = &sk_events[type];

	return index < info->nparams &&
	       (info->params[index].type == SK_PARAM_FSPATH || info->params[index].type == SK_PARAM_FSRELPATH ||
		/* The text of a link is one to the schema, too; the source of a mount need not be a file. */
		info->params[index].type == SK_PARAM_CHARBUF);
}

TEST(fs_paths_are_paths)
{
	unsigned names = 0, pairs = 0;

	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		const struct sk_fs_paths paths = sk_fs_paths(type);

		CHECK((paths.source == SK_PATH_NONE) == (paths.target == SK_PATH_NONE));
		CHECK(paths.name == SK_PATH_NONE || paths.source == SK_PATH_NONE);
		names += paths.name != SK_PATH_NONE;
		pairs += paths.source != SK_PATH_NONE;
		if (paths.source != SK_PATH_NONE)
			CHECK(is_path(type, paths.source) && is_path(type, paths.target));
		/* The reference has quotactl here, whose first parameter is no path. */
		if (paths.name >= 0 && type != SK_EVENT_SYSCALL_QUOTACTL_X)
			CHECK(is_path(type, paths.name));
		if (paths.name == SK_PATH_OF_FD)
			CHECK(sk_events[type].flags & SK_EVENT_FLAG_USES_FD);
	}
	CHECK_EQUAL(names, 18);
	CHECK_EQUAL(pairs, 8);
}

TEST(at_paths_are_relative_to_a_parameter)
{
	unsigned known = 0;

	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		const struct sk_at_paths paths = sk_at_paths(type);
		const struct sk_event_info *info = &sk_events[type];

		if (paths.first == SK_PATH_NONE)
			continue;
		known++;
		CHECK(is_path(type, paths.first));
		CHECK(paths.second == SK_PATH_NONE || is_path(type, paths.second));
		if (type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X)
			continue;
		CHECK(info->params[paths.first].relative_to >= 0);
		CHECK(paths.second == SK_PATH_NONE || info->params[paths.second].relative_to >= 0);
	}
	CHECK_EQUAL(known, 13);
}

TEST_MAIN(RUN(fs_paths_are_paths) RUN(at_paths_are_relative_to_a_parameter))
