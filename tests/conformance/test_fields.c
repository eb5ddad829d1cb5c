/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of the reference (../shared/data/tables/fields.tsv) is known
 * here, with its type and its argument; and it is extracted, or one of the
 * deprecated names that no engine has values for.
 */
#include <stdlib.h>

#include "tests/test.h"
#include "vm/schema/schema.h"

struct expected {
	const char *name, *type, *argument;
	bool list, deprecated;
};

/* "uint16" of "port(uint16)" is how it is stored, not what it is. */
static bool is_type(const struct sk_field_info *field, const char *type)
{
	const char *name = sk_types[field->type].name;
	size_t length = strcspn(type, "(");

	return strlen(name) == length && strncmp(name, type, length) == 0;
}

static enum sk_field_argument argument_of(const char *text)
{
	bool optional = strncmp(text, "optional", 8) == 0, index = strstr(text, "[N]"), key;

	key = strstr(text, "[key]") || strstr(text, "[T]") || strstr(text, "[NAME]");
	if (strcmp(text, "none") == 0)
		return SK_ARGUMENT_NONE;
	if (strstr(text, "(."))
		return optional ? SK_ARGUMENT_OPTIONAL_SUFFIX
		       : index  ? SK_ARGUMENT_SUFFIX_OR_INDEX
				: SK_ARGUMENT_SUFFIX;
	if (index && key)
		return optional ? SK_ARGUMENT_OPTIONAL_EITHER : SK_ARGUMENT_EITHER;
	if (index)
		return optional ? SK_ARGUMENT_OPTIONAL_INDEX : SK_ARGUMENT_INDEX;
	return optional ? SK_ARGUMENT_OPTIONAL_KEY : SK_ARGUMENT_KEY;
}

static void check_row(const struct expected *row)
{
	size_t length = strlen(row->name), suffix;
	const struct sk_field_info *field;
	int found;

	if (strcmp(row->name, "static.NAME") == 0)
		length = 6;
	found = sk_field_find(row->name, length, &suffix);
	if (found < 0 || suffix != length) {
		printf("# %s is not known\n", row->name);
		CHECK(false);
		return;
	}
	field = &sk_fields[found];
	if (!is_type(field, row->type) || field->list != row->list)
		printf("# %s is of type %s%s, expected %s\n", row->name, sk_types[field->type].name,
		       field->list ? " list" : "", row->type);
	CHECK(is_type(field, row->type));
	CHECK_EQUAL(field->list, row->list);
	if (length == strlen(row->name) && field->argument != argument_of(row->argument)) {
		printf("# %s takes the argument %s, expected %s\n", row->name, sk_argument_forms[field->argument],
		       row->argument);
		CHECK(false);
	}
	/* Only names that the reference calls deprecated may be without values. */
	if (field->availability == SK_AVAILABILITY_NEVER && !row->deprecated) {
		printf("# %s never has a value\n", row->name);
		CHECK(false);
	}
}

TEST(every_field_of_the_reference_is_known)
{
	const char *folder = getenv("SK_SHARED");
	char path[1024], line[4096];
	int rows = 0, ours = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/tables/fields.tsv", folder ? folder : "../shared");
	file = fopen(path, "re");
	if (!file) {
		SKIP("no ../shared/data/tables/fields.tsv");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char *rest = line, *cells[5];

		for (int i = 0; i < 5; i++)
			cells[i] = strsep(&rest, "\t");
		if (!rest || strcmp(cells[0], "name") == 0)
			continue;
		check_row(&(struct expected){.name = cells[0],
					     .type = cells[1],
					     .argument = cells[2],
					     .list = *cells[3] == 'y',
					     .deprecated = *cells[4] == 'y'});
		rows++;
	}
	CHECK(rows > 290);
	/* Ours have a class of their own, which the reference doesn't know. */
	for (int i = 0; i < SK_FIELD_COUNT; i++)
		ours += strncmp(sk_fields[i].name, "saker.", 6) == 0;
	CHECK_EQUAL(rows + ours, SK_FIELD_COUNT);
	fclose(file);
}

TEST_MAIN(RUN(every_field_of_the_reference_is_known))
