/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/file.h"

#include <errno.h>
#include <string.h>

#include "cli/test/world.h"
#include "grammar/parse.h"

enum { CASE_LIMIT = 100 * 1000 };

struct file_reading {
	struct sk_test_reader *reader;
	const struct sk_source_file *source;
	const struct sk_yaml_node *defaults; /* NULL without */
	const char **packs;
	struct sk_span *pack_spans;
	uint32_t pack_count;
};

/* --- paths ------------------------------------------------------------- */

/* As seen from the folder of the test file. */
static const char *resolve_path(struct file_reading *reading, const char *path)
{
	const char *slash = strrchr(reading->source->name, '/'), *resolved;

	size_t length = slash ? (size_t)(slash - reading->source->name) : 0;

	if (path[0] == '/' || !slash)
		return path;
	/* "a/b" and "../c" are "a/c": what people read. */
	while (strncmp(path, "../", 3) == 0 && length) {
		const char *base = reading->source->name;
		const char *above = memrchr(base, '/', length), *last = above ? above + 1 : base;
		size_t size = length - (size_t)(last - base);

		if (size == 0 || (size <= 2 && last[0] == '.'))
			break;
		path += 3;
		length = above ? (size_t)(above - base) : 0;
		if (!above)
			return path;
	}
	resolved = sk_arena_printf(reading->reader->arena, "%.*s/%s", (int)length, reading->source->name, path);
	if (!resolved)
		reading->reader->out_of_memory = true;
	return resolved;
}

/* A text or a list of texts, each handed to the caller as a list. */
static const struct sk_yaml_node *const *as_list(const struct sk_yaml_node *const *node, uint32_t *ret_count)
{
	if ((*node)->kind == SK_YAML_SEQUENCE) {
		*ret_count = (*node)->count;
		return (const struct sk_yaml_node *const *)(*node)->items;
	}
	*ret_count = 1;
	return node;
}

static bool read_packs(struct file_reading *reading, const struct sk_yaml_node *node, const char ***ret_packs,
		       struct sk_span **ret_spans, uint32_t *ret_count)
{
	uint32_t count;
	const struct sk_yaml_node *const *items = as_list(&node, &count);
	const char **packs = sk_test_alloc(reading->reader, count, sizeof(*packs));
	struct sk_span *spans = sk_test_alloc(reading->reader, count, sizeof(*spans));

	if (!packs || !spans)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const char *path = sk_test_text(reading->reader, items[i], "'rules' is the path of a pack, which");

		packs[i] = path ? resolve_path(reading, path) : NULL;
		spans[i] = items[i]->span;
		if (!packs[i])
			return false;
	}
	if (!count) {
		sk_test_report(reading->reader, node->span, NULL, "'rules' names no pack");
		return false;
	}
	*ret_packs = packs;
	*ret_spans = spans;
	*ret_count = count;
	return true;
}

/* --- expectations ------------------------------------------------------ */

static bool read_field(struct sk_test_reader *reader, const struct sk_yaml_node *key,
		       const struct sk_yaml_node *value, struct sk_test_field *ret_field)
{
	struct sk_operand *operand = sk_parse_left_side(&key->text, reader->arena);
	const char *fault = NULL;

	ret_field->span = key->span;
	ret_field->name = key->text.bytes;
	if (!operand || operand->kind != SK_OPERAND_FIELD) {
		sk_test_report(reader, key->span, NULL, "'%s' is no field", key->text.bytes);
		return false;
	}
	if (!sk_field_resolve(operand, reader->arena, &ret_field->field, &fault)) {
		sk_test_report(reader, key->span, sk_field_hint(operand, reader->arena), "%s", fault);
		return false;
	}
	if (ret_field->field.info->availability != SK_AVAILABILITY_READY) {
		sk_test_report(reader, key->span, NULL, "'%s' never has a value here", key->text.bytes);
		return false;
	}
	if (value->kind != SK_YAML_SCALAR) {
		sk_test_report(reader, value->span, NULL,
			       "the value of a field is the text that outputs show, or nothing for none");
		return false;
	}
	ret_field->value = value->null || sk_yaml_equals(value, "<NA>") ? NULL : value->text.bytes;
	return true;
}

static bool read_fields(struct sk_test_reader *reader, const struct sk_yaml_node *node,
			struct sk_test_expectation *expectation)
{
	bool right = true;

	if (!sk_test_check_keys(reader, node, "'fields'", NULL))
		return false;
	expectation->fields = sk_test_alloc(reader, node->count, sizeof(*expectation->fields));
	for (uint32_t i = 0; expectation->fields && i < node->count; i++)
		right &= read_field(reader, node->keys[i], node->items[i],
				    &expectation->fields[expectation->field_count++]);
	return right && expectation->fields;
}

static bool read_expectation(struct sk_test_reader *reader, const struct sk_yaml_node *node, bool fires,
			     uint32_t event_count, struct sk_test_expectation *ret_expectation)
{
	static const char *const keys[] = {"rule", "event", "count", "fields", "output", "evidence", NULL};
	int64_t number;

	*ret_expectation = (struct sk_test_expectation){.span = node->span, .count = -1};
	if (node->kind == SK_YAML_SCALAR) {
		ret_expectation->rule = sk_test_text(reader, node, "a rule's name");
		return ret_expectation->rule;
	}
	if (!fires) {
		sk_test_report(reader, node->span, NULL,
			       "what is silent is named: 'all', a rule, or a list of rules");
		return false;
	}
	if (!sk_test_check_keys(reader, node, "a rule that fires", keys))
		return false;
	ret_expectation->rule = sk_test_key_text(reader, node, "rule");
	if (!ret_expectation->rule) {
		sk_test_report(reader, node->span, NULL, "a rule that fires has a 'rule', its name");
		return false;
	}
	ret_expectation->span = sk_yaml_get(node, "rule")->span;
	if (sk_test_key_number(reader, node, "event", 1, event_count, &number))
		ret_expectation->event = (uint32_t)number;
	if (sk_test_key_number(reader, node, "count", 1, INT32_MAX, &number))
		ret_expectation->count = number;
	ret_expectation->output = sk_test_key_text(reader, node, "output");
	if (ret_expectation->output)
		ret_expectation->output_span = sk_yaml_get(node, "output")->span;
	ret_expectation->evidence = sk_test_key_text(reader, node, "evidence");
	if (ret_expectation->evidence)
		ret_expectation->evidence_span = sk_yaml_get(node, "evidence")->span;
	return !sk_yaml_get(node, "fields") || read_fields(reader, sk_yaml_get(node, "fields"), ret_expectation);
}

static bool read_expectations(struct sk_test_reader *reader, const struct sk_yaml_node *node, bool fires,
			      uint32_t event_count, struct sk_test_expectation **ret_list, uint32_t *ret_count)
{
	uint32_t count;
	const struct sk_yaml_node *const *items = as_list(&node, &count);
	bool right = true;

	*ret_list = sk_test_alloc(reader, count, sizeof(**ret_list));
	for (uint32_t i = 0; *ret_list && i < count; i++)
		right &= read_expectation(reader, items[i], fires, event_count, &(*ret_list)[(*ret_count)++]);
	return right && *ret_list;
}

static bool expect(struct sk_test_reader *reader, const struct sk_yaml_node *node, struct sk_test_case *ret_case)
{
	const struct sk_yaml_node *fires = sk_yaml_get(node, "fires"), *silent = sk_yaml_get(node, "silent");
	uint32_t limit = ret_case->capture_path ? INT32_MAX : ret_case->event_count;

	if (!fires && !silent) {
		sk_test_report(reader, ret_case->span, "fires: NAME OF A RULE, or silent: all",
			       "the case expects nothing: 'fires' or 'silent' is missing");
		return false;
	}
	if (fires && !read_expectations(reader, fires, true, limit, &ret_case->fires, &ret_case->fires_count))
		return false;
	if (!silent)
		return true;
	ret_case->all_others_silent = sk_yaml_equals(silent, "all");
	return ret_case->all_others_silent ||
	       read_expectations(reader, silent, false, limit, &ret_case->silent, &ret_case->silent_count);
}

/* --- what happened ----------------------------------------------------- */

/* A key of the case, or else of the file's defaults. */
static const struct sk_yaml_node *get(const struct file_reading *reading, const struct sk_yaml_node *node,
				      const char *key)
{
	const struct sk_yaml_node *value = sk_yaml_get(node, key);

	return !value && reading->defaults ? sk_yaml_get(reading->defaults, key) : value;
}

static bool add_processes(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t container)
{
	bool right = true;

	if (!sk_test_check_keys(world->reader, node, "'processes'", NULL))
		return false;
	for (uint32_t i = 0; i < node->count; i++)
		right &= sk_test_add_process(world, node->items[i], node->keys[i]->text.bytes, container) !=
			 SK_TEST_NOBODY;
	return right;
}

static bool add_users(struct sk_test_world *world, const struct sk_yaml_node *node)
{
	bool right = true;
	uint32_t user;

	if (node->kind != SK_YAML_SEQUENCE) {
		sk_test_report(world->reader, node->span, "users: [{name: alice, uid: 1234}]", "'users' is a list");
		return false;
	}
	for (uint32_t i = 0; i < node->count; i++)
		right &= sk_test_decode_user(world, node->items[i], &user);
	return right;
}

static bool add_events(struct sk_test_world *world, const struct sk_yaml_node *node)
{
	uint32_t count;
	const struct sk_yaml_node *const *items = as_list(&node, &count);
	bool right = true;

	for (uint32_t i = 0; i < count && right; i++)
		right = sk_test_add_event(world, items[i]);
	if (right && !world->event_count)
		sk_test_report(world->reader, node->span, NULL, "there are no events");
	return right && world->event_count;
}

static bool describe(struct file_reading *reading, const struct sk_yaml_node *node,
		     const struct sk_yaml_node *events, struct sk_test_world *world)
{
	const struct sk_yaml_node *users = get(reading, node, "users"), *inside = get(reading, node, "container");
	const struct sk_yaml_node *process = get(reading, node, "process"),
				  *others = get(reading, node, "processes");
	uint32_t container = 0;

	if (users && !add_users(world, users))
		return false;
	if (inside)
		container = sk_test_add_container(world, inside);
	if (container == SK_TEST_NOBODY)
		return false;
	world->actor = process ? sk_test_add_process(world, process, NULL, container)
			       : sk_test_add_shell(world, container);
	if (world->actor == SK_TEST_NOBODY)
		return false;
	if (others && !add_processes(world, others, container))
		return false;
	return add_events(world, events);
}

/* Makes the capture of what the case describes. */
static bool play(struct file_reading *reading, const struct sk_yaml_node *node, const struct sk_yaml_node *events,
		 struct sk_test_case *ret_case)
{
	struct sk_test_reader *reader = reading->reader;
	struct sk_buffer capture = {0};
	struct sk_test_world world;
	uint32_t *owners;

	sk_test_world_init(&world, reader);
	if (!describe(reading, node, events, &world) || reader->out_of_memory)
		return false;
	if (sk_test_world_capture(&world, ret_case->span, &capture, &owners, &ret_case->owner_count) < 0)
		return false;
	ret_case->owners = owners;
	ret_case->event_count = world.event_count;
	ret_case->event_spans = sk_test_alloc(reader, world.event_count, sizeof(*ret_case->event_spans));
	for (uint32_t i = 0; ret_case->event_spans && i < world.event_count; i++)
		ret_case->event_spans[i] = world.events[i].span;
	ret_case->capture_size = capture.length;
	ret_case->capture = sk_arena_copy(reader->arena, capture.bytes, capture.length);
	if (!ret_case->capture)
		reader->out_of_memory = true;
	sk_buffer_release(&capture);
	return ret_case->capture && ret_case->event_spans;
}

static bool happen(struct file_reading *reading, const struct sk_yaml_node *node, struct sk_test_case *ret_case)
{
	struct sk_test_reader *reader = reading->reader;
	const struct sk_yaml_node *events = sk_yaml_get(node, "events"), *capture = sk_yaml_get(node, "capture");
	static const char *const described[] = {"process", "processes", "container", "users", "events"};

	if (!capture) {
		if (events)
			return play(reading, node, events, ret_case);
		sk_test_report(reader, ret_case->span, "events: [{open: /etc/shadow}]",
			       "nothing happens in the case: 'events' or 'capture' is missing");
		return false;
	}
	for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++) {
		if (sk_yaml_get(node, described[i])) {
			sk_test_report(reader, capture->span, NULL, "a case has a 'capture' or '%s', not both",
				       described[i]);
			return false;
		}
	}
	ret_case->capture_path = sk_test_key_text(reader, node, "capture");
	if (ret_case->capture_path)
		ret_case->capture_path = resolve_path(reading, ret_case->capture_path);
	sk_test_key_truth(reader, node, "optional", &ret_case->optional);
	return ret_case->capture_path;
}

/* --- cases ------------------------------------------------------------- */

static bool read_case(struct file_reading *reading, const struct sk_yaml_node *node, struct sk_test_case *ret_case)
{
	static const char *const keys[] = {"test",   "rules",   "process",  "processes", "container", "users",
					   "events", "capture", "optional", "fires",     "silent",    NULL};
	struct sk_test_reader *reader = reading->reader;
	const struct sk_yaml_node *rules;
	bool right;

	if (!sk_test_check_keys(reader, node, "a test", keys))
		return false;
	ret_case->span = node->span;
	ret_case->sources = reader->diagnostics->sources;
	ret_case->name = sk_test_key_text(reader, node, "test");
	if (!ret_case->name) {
		sk_test_report(reader, node->span, NULL, "a test has a 'test', its name");
		return false;
	}
	ret_case->span = sk_yaml_get(node, "test")->span;
	rules = sk_yaml_get(node, "rules");
	ret_case->packs = reading->packs;
	ret_case->pack_spans = reading->pack_spans;
	ret_case->pack_count = reading->pack_count;
	if (rules && !read_packs(reading, rules, &ret_case->packs, &ret_case->pack_spans, &ret_case->pack_count))
		return false;
	if (!ret_case->pack_count) {
		sk_test_report(reader, ret_case->span, "rules: ../my_rules.yaml, at the top of the file",
			       "there are no rules to test: 'rules' is missing");
		return false;
	}
	right = happen(reading, node, ret_case);
	return expect(reader, node, ret_case) && right;
}

static void read_cases(struct file_reading *reading, const struct sk_yaml_node *node, struct sk_test_file *ret_file)
{
	if (node->kind != SK_YAML_SEQUENCE || node->count > CASE_LIMIT) {
		sk_test_report(reading->reader, node->span, NULL, "'tests' is a list of at most %d tests",
			       CASE_LIMIT);
		return;
	}
	ret_file->cases = sk_test_alloc(reading->reader, node->count, sizeof(*ret_file->cases));
	for (uint32_t i = 0; ret_file->cases && i < node->count && !reading->reader->out_of_memory; i++) {
		struct sk_test_case *next = &ret_file->cases[ret_file->count];

		*next = (struct sk_test_case){0};
		if (read_case(reading, node->items[i], next))
			ret_file->count++;
	}
}

static void read_document(struct file_reading *reading, const struct sk_yaml_node *node,
			  struct sk_test_file *ret_file)
{
	static const char *const keys[] = {"rules", "defaults", "tests", NULL};
	static const char *const default_keys[] = {"process", "processes", "container", "users", NULL};
	struct sk_test_reader *reader = reading->reader;
	const struct sk_yaml_node *rules, *tests;

	if (!sk_test_check_keys(reader, node, "a file of tests", keys))
		return;
	rules = sk_yaml_get(node, "rules");
	tests = sk_yaml_get(node, "tests");
	reading->defaults = sk_yaml_get(node, "defaults");
	if (reading->defaults && !sk_test_check_keys(reader, reading->defaults, "'defaults'", default_keys))
		return;
	if (rules && !read_packs(reading, rules, &reading->packs, &reading->pack_spans, &reading->pack_count))
		return;
	if (tests)
		read_cases(reading, tests, ret_file);
	else
		sk_test_report(reader, node->span, NULL, "a file of tests has 'tests', a list");
}

int sk_test_file_read(struct sk_test_reader *reader, const struct sk_source_file *source,
		      struct sk_test_file *ret_file)
{
	struct file_reading reading = {.reader = reader, .source = source};
	struct sk_yaml_stream stream = {0};
	uint32_t errors = reader->diagnostics->errors;
	int result = sk_yaml_parse(source, reader->arena, reader->diagnostics, &stream);

	*ret_file = (struct sk_test_file){.path = source->name};
	if (result < 0)
		return result;
	if (stream.count != 1) {
		sk_test_report(reader, (struct sk_span){source->first, source->first}, NULL,
			       stream.count ? "a file of tests is one YAML document" : "the file is empty");
		return -EINVAL;
	}
	read_document(&reading, stream.documents[0], ret_file);
	if (reader->out_of_memory || reader->diagnostics->out_of_memory)
		return -ENOMEM;
	return reader->diagnostics->errors > errors ? -EINVAL : 0;
}
