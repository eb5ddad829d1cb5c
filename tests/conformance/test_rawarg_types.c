/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types that conditions see of evt.rawarg.NAME, derived from our event
 * table, against the reference's (../shared/data/tables/rawarg_types.tsv).
 */
#include <stdlib.h>

#include "tests/test.h"
#include "vm/schema/schema.h"

static const struct {
	const char *wire;
	enum sk_type type;
} types[] = {
	{"PT_INT8", SK_TYPE_INT8},          {"PT_INT16", SK_TYPE_INT16},      {"PT_INT32", SK_TYPE_INT32},
	{"PT_INT64", SK_TYPE_INT64},        {"PT_UINT8", SK_TYPE_UINT8},      {"PT_UINT16", SK_TYPE_UINT16},
	{"PT_UINT32", SK_TYPE_UINT32},      {"PT_UINT64", SK_TYPE_UINT64},    {"PT_CHARBUF", SK_TYPE_STRING},
	{"PT_FSPATH", SK_TYPE_STRING},      {"PT_FSRELPATH", SK_TYPE_STRING}, {"PT_BYTEBUF", SK_TYPE_BYTES},
	{"PT_ERRNO", SK_TYPE_INT64},        {"PT_FD", SK_TYPE_INT64},         {"PT_PID", SK_TYPE_INT64},
	{"PT_PID32", SK_TYPE_INT32},        {"PT_SYSCALLID", SK_TYPE_UINT16}, {"PT_SIGTYPE", SK_TYPE_UINT8},
	{"PT_RELTIME", SK_TYPE_RELTIME},    {"PT_ABSTIME", SK_TYPE_ABSTIME},  {"PT_PORT", SK_TYPE_PORT},
	{"PT_IPV4ADDR", SK_TYPE_IPADDR},    {"PT_FLAGS8", SK_TYPE_UINT8},     {"PT_FLAGS16", SK_TYPE_UINT16},
	{"PT_FLAGS32", SK_TYPE_UINT32},     {"PT_ENUMFLAGS8", SK_TYPE_UINT8}, {"PT_ENUMFLAGS16", SK_TYPE_UINT16},
	{"PT_ENUMFLAGS32", SK_TYPE_UINT32}, {"PT_SOCKADDR", SK_TYPE_OPAQUE},  {"PT_SOCKTUPLE", SK_TYPE_OPAQUE},
	{"PT_FDLIST", SK_TYPE_OPAQUE},      {"PT_DYN", SK_TYPE_OPAQUE},       {"PT_UID", SK_TYPE_OPAQUE},
	{"PT_GID", SK_TYPE_OPAQUE},         {"PT_SIGSET", SK_TYPE_OPAQUE},    {"PT_CHARBUFARRAY", SK_TYPE_OPAQUE},
};

static int type_of(const char *wire)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].wire, wire) == 0)
			return (int)types[i].type;
	}
	return -2;
}

TEST(parameters_have_the_type_of_the_first_event_that_has_them)
{
	const char *folder = getenv("SK_SHARED");
	char path[1024], line[512], name[128], wire[64];
	int rows = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/tables/rawarg_types.tsv", folder ? folder : "../shared");
	file = fopen(path, "re");
	if (!file) {
		SKIP("no ../shared/data/tables/rawarg_types.tsv");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%127s %63s", name, wire) != 2 || strcmp(name, "param") == 0)
			continue;
		if (sk_param_condition_type(name, strlen(name)) != type_of(wire))
			printf("# %s: %s\n", name, wire);
		CHECK_EQUAL(sk_param_condition_type(name, strlen(name)), type_of(wire));
		rows++;
	}
	CHECK(rows > 200);
	CHECK_EQUAL(sk_param_condition_type("nosuch", 6), -1);
	CHECK_EQUAL(sk_param_condition_type("fla", 3), -1);
	fclose(file);
}

TEST_MAIN(RUN(parameters_have_the_type_of_the_first_event_that_has_them))
