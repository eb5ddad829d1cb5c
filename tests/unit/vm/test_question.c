/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/question.h"

#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/vm/random_pack.h"
#include "vm/print.h"

static struct fixture fixture;
static struct sk_questions questions;

static void open_with(const char *const *conditions)
{
	char name[16];

	fixture_begin(&fixture);
	for (uint32_t i = 0; conditions[i]; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&fixture, name, conditions[i], "x");
	}
	CHECK_EQUAL(fixture_open(&fixture), 0);
	CHECK_EQUAL(sk_questions_init(&questions, &fixture.bundle), 0);
}

static void close_again(void)
{
	sk_questions_release(&questions);
	fixture_end(&fixture);
}

#define OPEN(...) open_with((const char *const[]){__VA_ARGS__, NULL})

/* The question of the predicate with this text. */
static uint32_t question_of(const char *text)
{
	uint32_t found = SK_NONE;

	for (uint32_t i = 0; i < fixture.bundle.predicates_count; i++) {
		struct sk_buffer printed = {0};

		sk_print_predicate(&fixture.bundle, i, SIZE_MAX, &printed);
		if (printed.length == strlen(text) && memcmp(printed.bytes, text, printed.length) == 0)
			found = questions.of[i];
		sk_buffer_release(&printed);
	}
	CHECK(found != SK_NONE);
	return found == SK_NONE ? 0 : found;
}

TEST(predicates_on_the_same_value_are_one_question)
{
	OPEN("evt.type = open and proc.name = a and proc.name in (b, c)",
	     "evt.type = open and proc.name != d and proc.pname = a and proc.name exists");
	CHECK_EQUAL(question_of("proc.name = a"), question_of("proc.name in (b, c)"));
	CHECK_EQUAL(question_of("proc.name = a"), question_of("proc.name != d"));
	CHECK_EQUAL(question_of("proc.name = a"), question_of("proc.name exists"));
	CHECK(question_of("proc.name = a") != question_of("proc.pname = a"));
	CHECK(question_of("proc.name = a") != question_of("evt.type = open"));
	CHECK_EQUAL(questions.count, 3);
	close_again();
}

TEST(arguments_and_transformers_make_another_value)
{
	OPEN("evt.type = open and proc.aname[1] = a and proc.aname[2] = a and proc.aname = a and "
	     "tolower(proc.name) = a and proc.name = a and tolower(proc.name) = b");
	CHECK_EQUAL(questions.count, 6);
	CHECK_EQUAL(question_of("tolower(proc.name) = a"), question_of("tolower(proc.name) = b"));
	CHECK_EQUAL(questions.items[question_of("proc.aname[1] = a")].facet, SK_FACET_ANCESTORS);
	CHECK_EQUAL(questions.items[question_of("proc.aname = a")].facet, SK_FACET_ANCESTORS);
	close_again();
	/* Level 0 is the process itself, which is not among what its creator knows. */
	OPEN("evt.type = open and proc.aname[0] = a");
	CHECK_EQUAL(questions.items[question_of("proc.aname[0] = a")].facet, SK_FACET_THREAD);
	close_again();
}

TEST(a_comparison_of_two_fields_is_a_question_of_its_own)
{
	const struct sk_question *question;

	OPEN("evt.type = open and proc.name = val(proc.pname) and proc.name = a and fd.name = val(proc.name)");
	question = &questions.items[question_of("proc.name = val(proc.pname)")];
	CHECK_EQUAL(question->expression, SK_NONE);
	CHECK_EQUAL(question->count, 1);
	CHECK_EQUAL(question->scope, SK_SCOPE_LINEAGE);
	CHECK_EQUAL(question->facet, SK_FACET_THREAD);
	question = &questions.items[question_of("fd.name = val(proc.name)")];
	CHECK_EQUAL(question->scope, SK_SCOPE_FD);
	CHECK_EQUAL(question->facet, SK_FACET_NONE);
	CHECK_EQUAL(questions.count, 4);
	close_again();
}

TEST(what_threads_and_files_answer_is_known)
{
	OPEN("evt.type = open and proc.name = a and proc.pname = a and fd.name = a and fd.sport = 1 and "
	     "evt.arg.flags = a and tolower(fd.name) = b and proc.duration > 1");
	CHECK_EQUAL(questions.items[question_of("proc.name = a")].facet, SK_FACET_THREAD);
	CHECK_EQUAL(questions.items[question_of("proc.pname = a")].facet, SK_FACET_ANCESTORS);
	CHECK_EQUAL(questions.items[question_of("proc.duration > 1")].facet, SK_FACET_NONE);
	CHECK_EQUAL(questions.items[question_of("fd.name = a")].facet, SK_FACET_NAME);
	CHECK_EQUAL(questions.items[question_of("fd.sport = 1")].facet, SK_FACET_KIND);
	CHECK_EQUAL(questions.items[question_of("tolower(fd.name) = b")].facet, SK_FACET_NONE);
	CHECK_EQUAL(questions.class_count, 2);
	CHECK_EQUAL(questions.descriptor_count, 2);
	close_again();
}

static void check_invariants(void)
{
	const struct sk_bundle *bundle = &fixture.bundle;
	uint32_t members = 0, classes = 0, names = 0;

	for (uint32_t i = 0; i < questions.count; i++) {
		const struct sk_question *question = &questions.items[i];
		enum sk_scope scope = SK_SCOPE_THREAD;

		CHECK(question->count > 0);
		for (uint32_t k = 0; k < question->count; k++) {
			uint32_t predicate = question->first + k;

			CHECK_EQUAL(questions.of[predicate], i);
			if (bundle->predicates[predicate].scope > scope)
				scope = (enum sk_scope)bundle->predicates[predicate].scope;
			if (question->expression == SK_NONE)
				CHECK(question->count == 1 && bundle->predicates[predicate].right != SK_NONE);
			else
				CHECK_EQUAL(bundle->predicates[predicate].left, question->expression);
		}
		CHECK_EQUAL(question->scope, scope);
		CHECK_EQUAL(sk_question_of_class(question), scope <= SK_SCOPE_LINEAGE);
		CHECK(!(sk_question_of_class(question) && sk_question_of_descriptor(question)));
		if (sk_question_of_class(question))
			CHECK_EQUAL(questions.class[question->place], i);
		if (sk_question_of_descriptor(question))
			CHECK_EQUAL(questions.descriptor[question->place], i);
		if (question->facet != SK_FACET_NONE)
			CHECK(question->place - questions.slices[question->facet].first <
			      questions.slices[question->facet].count);
		members += question->count;
		classes += sk_question_of_class(question);
		names += sk_question_of_descriptor(question);
	}
	CHECK_EQUAL(members, bundle->predicates_count);
	CHECK_EQUAL(classes, questions.class_count);
	CHECK_EQUAL(names, questions.descriptor_count);
}

TEST(every_predicate_of_random_packs_has_its_one_place)
{
	struct random random = {random_seed()};
	static struct predicates predicates;
	static char condition[CONDITION_SIZE];
	int checked = 0;

	for (int i = 0; i < 40; i++) {
		fixture_begin(&fixture);
		make_predicates(&predicates, &random);
		for (int k = 0; k < 10; k++) {
			make_condition(&predicates, condition);
			fixture_rule(&fixture, "r", condition, "x");
		}
		if (fixture_open(&fixture) == 0) {
			CHECK_EQUAL(sk_questions_init(&questions, &fixture.bundle), 0);
			check_invariants();
			sk_questions_release(&questions);
			checked++;
		}
		fixture_end(&fixture);
	}
	CHECK(checked > 30);
}

/* clang-format off */
TEST_MAIN(
	RUN(predicates_on_the_same_value_are_one_question)
	RUN(arguments_and_transformers_make_another_value)
	RUN(a_comparison_of_two_fields_is_a_question_of_its_own)
	RUN(what_threads_and_files_answer_is_known)
	RUN(every_predicate_of_random_packs_has_its_one_place)
)
/* clang-format on */
