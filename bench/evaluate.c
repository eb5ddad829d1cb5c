/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages of a replay cost, measured in one process over a capture in
 * memory.
 *
 *   evaluate [-e ENGINE,...] [-n REPEATS] [-t SECONDS] [-l SECONDS] [-c EVENTS] [-f WORDS] [-a] [-i]
 *            [-w] BUNDLE CAPTURE
 *
 * The same events are replayed with more and more of the pipeline:
 *
 *   read       the reader alone
 *   state      + decode and state
 *   floor      + what no engine can do without (bench/support/floor.h)
 *   ENGINE     + evaluation, with each engine instead of the floor
 *
 * and what a stage costs is the difference.  Each such pass begins with a new
 * state and a new engine; passes of all kinds take turns, so that a slow spell
 * of the machine hits all of them.  Along a pass CPU time and the matches so
 * far are noted every 1,024 events; of each such stretch the fastest run of
 * each kind counts, and their sum is the figure (the median of whole passes is
 * told too).  A pass that takes longer than -l SECONDS is cut, and compared
 * over the events that it did.  Passes are repeated until -t SECONDS are over,
 * but REPEATS times at least and 64 times at most.
 *
 * The first match of each event counts, or with -a all of them.  Matches are
 * hashed as (event, rule) pairs; engines that disagree make the program fail.
 * With -w each engine replays the capture once more at once, with a new state
 * but with all that it remembers of values (sk_sensor_restart()): a warm pass.
 * With -i one pass of the first engine is all that is done, for callgrind to
 * count.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "bench/support/corpus.h"
#include "bench/support/floor.h"
#include "bench/support/measure.h"
#include "runtime/sensor.h"

enum { MARK_EVERY = 1024, MOST_ENGINES = 16, MOST_REPEATS = 64 };

static const struct engine {
	const char *name;
	enum sk_vm_engine engine;
} engines[] = {
	{"linear", SK_VM_ENGINE_LINEAR}, {"atoms", SK_VM_ENGINE_ATOMS}, {"and", SK_VM_ENGINE_AND},
	{"scopes", SK_VM_ENGINE_SCOPES}, {"rows", SK_VM_ENGINE_ROWS},
};

enum { ENGINE_COUNT = sizeof(engines) / sizeof(engines[0]) };

enum work { WORK_READ, WORK_STATE, WORK_FLOOR, WORK_EVALUATE, WORK_COUNT };

/* After so many marks. */
struct mark {
	int64_t ns;
	uint64_t matches, hash;
};

struct pass {
	struct mark *marks; /* marks[0] is the beginning */
	uint64_t events;    /* that were replayed; the last mark may be a short one */
	size_t count;       /* of marks */
	size_t sensor_bytes, state_bytes;
	struct sk_vm_stats stats;
};

/* The passes of one kind. */
struct series {
	const struct engine *engine; /* NULL: not WORK_EVALUATE */
	enum work work;
	struct pass passes[MOST_REPEATS];
	size_t count;
};

/* Of one engine. */
struct evaluation {
	struct series cold, warm;
};

struct bench {
	struct corpus corpus;
	struct sk_bundle bundle;
	struct floor *floor;
	uint64_t most_events;
	double limit; /* seconds a pass */
	bool match_all, warm;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "evaluate: %s: %s\n", what, why);
	exit(1);
}

/* --- one pass -------------------------------------------------------------- */

struct progress {
	struct sk_sensor *sensor;
	struct sk_scap_reader *reader;
	XXH3_state_t *hash;
	uint64_t events, matches;
	uint64_t left; /* of the floor: keeps the compiler from dropping it */
};

static struct sk_sensor *create_sensor(const struct bench *bench, const struct engine *engine,
				       struct sk_outputs *outputs)
{
	const struct sk_sensor_options options = {
		.bundle = &bench->bundle,
		.state = {.own_pid = -1},
		.engine = engine->engine,
		.match_all = bench->match_all,
		.priority = 7,
		.outputs = outputs,
	};
	struct sk_sensor *sensor;
	struct sk_error error = {0};

	if (sk_sensor_create(&options, &sensor, &error) < 0)
		fail("sensor", error.message);
	return sensor;
}

static inline __attribute__((always_inline)) bool replay_event(struct progress *progress, const struct floor *floor,
							       enum work work)
{
	struct sk_scap_event event;
	struct sk_error error;
	const uint32_t *rules;
	uint32_t count;

	if (sk_scap_reader_next(progress->reader, &event, &error) <= 0)
		return false;
	progress->events++;
	if (work == WORK_READ ||
	    !sk_sensor_apply(progress->sensor, event.bytes, event.size, event.cpu, event.state_only) ||
	    work == WORK_STATE)
		return true;
	if (work == WORK_FLOOR) {
		progress->left += floor_event(floor, event.bytes);
		return true;
	}
	count = sk_sensor_evaluate(progress->sensor, &rules);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t match[2] = {progress->events, rules[i]};

		XXH3_64bits_update(progress->hash, match, sizeof(match));
	}
	progress->matches += count;
	return true;
}

/* Up to MARK_EVERY events; false at the end. */
#define STRETCH(name, work)                                                                                        \
	__attribute__((noinline)) static bool name(struct progress *progress, const struct floor *floor)           \
	{                                                                                                          \
		for (unsigned i = 0; i < MARK_EVERY; i++) {                                                        \
			if (!replay_event(progress, floor, work))                                                  \
				return false;                                                                      \
		}                                                                                                  \
		return true;                                                                                       \
	}

STRETCH(stretch_read, WORK_READ)
STRETCH(stretch_state, WORK_STATE)
STRETCH(stretch_floor, WORK_FLOOR)
STRETCH(stretch_evaluate, WORK_EVALUATE)

static bool (*const stretches[WORK_COUNT])(struct progress *, const struct floor *) = {
	[WORK_READ] = stretch_read,
	[WORK_STATE] = stretch_state,
	[WORK_FLOOR] = stretch_floor,
	[WORK_EVALUATE] = stretch_evaluate,
};

static void add_mark(struct pass *pass, const struct progress *progress, int64_t begun)
{
	struct mark *marks = realloc(pass->marks, (pass->count + 1) * sizeof(*marks));

	if (!marks)
		fail("marks", "out of memory");
	pass->marks = marks;
	marks[pass->count++] =
		(struct mark){measure_cpu_ns() - begun, progress->matches, XXH3_64bits_digest(progress->hash)};
	pass->events = progress->events;
}

/* The whole capture, from a state without anything. */
static struct pass replay(const struct bench *bench, enum work work, struct sk_sensor *sensor)
{
	struct progress progress = {.sensor = sensor, .hash = XXH3_createState()};
	struct sk_entry_sink sink = sk_sensor_sink(sensor);
	struct pass pass = {0};
	struct sk_error error = {0};
	int64_t begun;
	bool more;

	if (!progress.hash)
		fail("pass", "out of memory");
	XXH3_64bits_reset(progress.hash);
	if (sk_scap_reader_open_memory(bench->corpus.bytes, bench->corpus.size, &sink, &progress.reader, &error) <
	    0)
		fail("capture", error.message);
	begun = measure_cpu_ns();
	add_mark(&pass, &progress, begun);
	do {
		more = stretches[work](&progress, bench->floor);
		add_mark(&pass, &progress, begun);
	} while (more && progress.events < bench->most_events &&
		 (double)pass.marks[pass.count - 1].ns < bench->limit * 1e9);
	sk_scap_reader_close(progress.reader);
	XXH3_freeState(progress.hash);
	pass.stats = sk_sensor_vm_stats(sensor);
	pass.state_bytes = sk_sensor_stats(sensor).state.memory;
	return pass;
}

/* `ret_warm`: a second pass of the same engine; NULL: none. */
static struct pass run_pass(const struct bench *bench, enum work work, const struct engine *engine,
			    struct pass *ret_warm)
{
	struct sk_outputs outputs;
	struct sk_sensor *sensor;
	struct pass pass;
	size_t heap;

	sk_outputs_init(&outputs, true);
	sensor = create_sensor(bench, engine, &outputs);
	pass = replay(bench, work, sensor);
	if (ret_warm) {
		if (sk_sensor_restart(sensor) < 0)
			fail("sensor", "out of memory");
		*ret_warm = replay(bench, work, sensor);
	}
	heap = measure_heap();
	sk_sensor_destroy(sensor);
	pass.sensor_bytes = heap - measure_heap();
	sk_outputs_release(&outputs);
	return pass;
}

/* --- many passes -------------------------------------------------------------- */

/* Marks that all passes of both series have: the longest common stretch. */
static size_t common_marks(const struct series *series, const struct series *base)
{
	size_t count = SIZE_MAX;

	for (size_t i = 0; i < series->count; i++)
		count = series->passes[i].count < count ? series->passes[i].count : count;
	for (size_t i = 0; i < base->count; i++)
		count = base->passes[i].count < count ? base->passes[i].count : count;
	return count;
}

static uint64_t events_at(const struct series *series, size_t mark)
{
	const struct pass *pass = &series->passes[0];

	return mark + 1 == pass->count ? pass->events : mark * MARK_EVERY;
}

/* CPU time from one mark to another: the sum of each stretch's fastest run. */
static double least(const struct series *series, size_t from, size_t to)
{
	double sum = 0;

	for (size_t mark = from + 1; mark <= to; mark++) {
		double ns[MOST_REPEATS];

		for (size_t i = 0; i < series->count; i++)
			ns[i] = (double)(series->passes[i].marks[mark].ns - series->passes[i].marks[mark - 1].ns);
		sum += measure_least(ns, series->count);
	}
	return sum;
}

/* What `series` costs more than `base` between two marks, ns an event. */
static double difference(const struct series *series, const struct series *base, size_t from, size_t to)
{
	double events = (double)(events_at(series, to) - events_at(series, from));

	return events > 0 ? (least(series, from, to) - least(base, from, to)) / events : 0;
}

static double median_difference(const struct series *series, const struct series *base, size_t to)
{
	size_t count = series->count < base->count ? series->count : base->count;
	double ns[MOST_REPEATS];

	for (size_t i = 0; i < count; i++)
		ns[i] = (double)(series->passes[i].marks[to].ns - base->passes[i].marks[to].ns);
	return measure_median(ns, count) / (double)events_at(series, to);
}

static void print_stage(const char *name, const struct series *series, const struct series *base)
{
	size_t last = common_marks(series, base) - 1;

	printf("\"%s_ns\":%.2f,\"%s_ns_median\":%.2f,", name, difference(series, base, 0, last), name,
	       median_difference(series, base, last));
}

/* How long it takes to make an engine, the least of a few. */
static double create_ms(const struct bench *bench, const struct engine *engine)
{
	struct sk_outputs outputs;
	double ms[3];

	sk_outputs_init(&outputs, true);
	for (unsigned i = 0; i < 3; i++) {
		int64_t begun = measure_cpu_ns();
		struct sk_sensor *sensor = create_sensor(bench, engine, &outputs);

		ms[i] = (double)(measure_cpu_ns() - begun) / 1e6;
		sk_sensor_destroy(sensor);
	}
	sk_outputs_release(&outputs);
	return measure_least(ms, 3);
}

static void print_stats(const struct sk_vm_stats *stats)
{
	printf("{\"events\":%" PRIu64 ",\"linear\":%" PRIu64 ",\"asked\":%" PRIu64 ",\"value_hits\":%" PRIu64
	       ",\"value_misses\":%" PRIu64 ",\"class_hits\":%" PRIu64 ",\"class_misses\":%" PRIu64
	       ",\"residuals\":%" PRIu64 ",\"flushes\":%" PRIu64,
	       stats->events, stats->linear, stats->asked, stats->value_hits, stats->value_misses,
	       stats->class_hits, stats->class_misses, stats->residuals, stats->flushes);
	printf(",\"signatures\":%u,\"classes\":%u,\"descriptors\":%u,\"nodes\":%u,\"rows\":%u}", stats->signatures,
	       stats->classes, stats->descriptors, stats->nodes, stats->rows);
}

static void print_engine(const struct bench *bench, const struct evaluation *evaluation, const struct series *state,
			 const struct series *none)
{
	const struct series *series = &evaluation->cold;
	size_t last = common_marks(series, state) - 1, middle = last / 2;
	const struct pass *pass = &series->passes[0];
	double total = least(series, 0, last), events = (double)events_at(series, last);

	printf("{\"engine\":\"%s\",\"events\":%.0f,\"complete\":%s,", series->engine->name, events,
	       pass->events == none->passes[0].events ? "true" : "false");
	print_stage("eval", series, state);
	if (bench->warm)
		print_stage("warm", &evaluation->warm, state);
	printf("\"eval_ns_second_half\":%.2f,\"total_ns\":%.2f,\"events_per_second\":%.0f,",
	       difference(series, state, middle, last), total / events, events / total * 1e9);
	printf("\"matches\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\",", pass->marks[last].matches,
	       pass->marks[last].hash);
	printf("\"create_ms\":%.3f,\"sensor_bytes\":%zu,\"state_bytes\":%zu,\"stats\":",
	       create_ms(bench, series->engine), pass->sensor_bytes, pass->state_bytes);
	print_stats(&pass->stats);
	printf("}");
}

/* Matches over the events that both did. */
static bool series_agree(const struct series *base, const struct series *series)
{
	const struct pass *first = &base->passes[0];

	for (size_t i = 0; i < series->count; i++) {
		const struct pass *pass = &series->passes[i];
		size_t common = first->count < pass->count ? first->count : pass->count;

		/* A short last mark of a shorter pass stands at another event. */
		if (common < first->count || common < pass->count)
			common--;
		for (size_t mark = 0; mark < common; mark++) {
			if (first->marks[mark].hash != pass->marks[mark].hash) {
				fprintf(stderr, "evaluate: %s and %s disagree between events %zu and %zu\n",
					base->engine->name, series->engine->name, (mark - 1) * MARK_EVERY,
					mark * MARK_EVERY);
				return false;
			}
		}
	}
	return true;
}

static bool engines_agree(const struct evaluation *all, size_t count)
{
	bool agree = true;

	for (size_t i = 0; i < count; i++) {
		agree &= series_agree(&all[0].cold, &all[i].cold);
		agree &= series_agree(&all[0].cold, &all[i].warm);
	}
	return agree;
}

static double open_ms(const char *path, struct sk_bundle *ret_bundle)
{
	enum { RUNS = 5 };
	struct sk_error error = {0};
	double ms[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		int64_t begun = measure_cpu_ns();

		if (i)
			sk_bundle_close(ret_bundle);
		if (sk_bundle_open(path, ret_bundle, &error) < 0)
			fail(path, error.message);
		ms[i] = (double)(measure_cpu_ns() - begun) / 1e6;
	}
	return measure_least(ms, RUNS);
}

/* --- command line ---------------------------------------------------------------- */

struct options {
	const struct engine *engines[MOST_ENGINES];
	size_t engine_count;
	size_t repeats; /* at least */
	double seconds; /* and until they are over */
	uint32_t words;
	bool once;
};

static void take_engines(struct options *options, char *names)
{
	options->engine_count = 0;
	for (char *rest = names, *name; (name = strsep(&rest, ","));) {
		const struct engine *found = NULL;

		for (size_t i = 0; i < ENGINE_COUNT; i++) {
			if (strcmp(engines[i].name, name) == 0)
				found = &engines[i];
		}
		if (!found || options->engine_count == MOST_ENGINES)
			fail("there is no engine", name);
		options->engines[options->engine_count++] = found;
	}
}

static void take_options(int argc, char **argv, struct options *options, struct bench *bench)
{
	int option;

	while ((option = getopt(argc, argv, "ae:n:t:l:c:f:iw")) != -1) {
		switch (option) {
		case 'a':
			bench->match_all = true;
			break;
		case 'e':
			take_engines(options, optarg);
			break;
		case 'n':
			options->repeats = strtoul(optarg, NULL, 10);
			break;
		case 't':
			options->seconds = strtod(optarg, NULL);
			break;
		case 'l':
			bench->limit = strtod(optarg, NULL);
			break;
		case 'c':
			bench->most_events = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			options->words = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'i':
			options->once = true;
			break;
		case 'w':
			bench->warm = true;
			break;
		default:
			exit(2);
		}
	}
	if (options->repeats < 1 || options->repeats > MOST_REPEATS || argc - optind != 2 || options->words == 0) {
		fprintf(stderr, "usage: evaluate [-e ENGINE,...] [-n REPEATS] [-t SECONDS] [-l SECONDS] [-c "
				"EVENTS] [-f WORDS] "
				"[-a] [-i] [-w] "
				"BUNDLE CAPTURE\nengines:");
		for (size_t i = 0; i < ENGINE_COUNT; i++)
			fprintf(stderr, " %s", engines[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct series stages[WORK_EVALUATE];
	static struct evaluation evaluations[MOST_ENGINES];
	struct options options = {.repeats = 3, .words = 2};
	struct bench bench = {.limit = 1e9, .most_events = UINT64_MAX};
	size_t repeat = 0;
	int64_t begun;
	double open;
	bool agree;

	for (size_t i = 0; i < ENGINE_COUNT; i++)
		options.engines[options.engine_count++] = &engines[i];
	take_options(argc, argv, &options, &bench);
	open = open_ms(argv[optind], &bench.bundle);
	if (corpus_load(argv[optind + 1], &bench.corpus) < 0)
		return 1;
	if (options.once) {
		struct pass pass = run_pass(&bench, WORK_EVALUATE, options.engines[0], NULL);

		printf("{\"engine\":\"%s\",\"events\":%" PRIu64 ",\"matches\":%" PRIu64 "}\n",
		       options.engines[0]->name, pass.events, pass.marks[pass.count - 1].matches);
		return 0;
	}
	bench.floor = floor_create(&bench.corpus, options.words);
	if (!bench.floor)
		fail(argv[optind + 1], "no floor");
	begun = measure_cpu_ns();
	for (; repeat < options.repeats ||
	       (repeat < MOST_REPEATS && (double)(measure_cpu_ns() - begun) < options.seconds * 1e9);
	     repeat++) {
		for (unsigned work = 0; work < WORK_EVALUATE; work++) {
			stages[work].work = work;
			stages[work].passes[stages[work].count++] =
				run_pass(&bench, work, options.engines[0], NULL);
		}
		for (size_t i = 0; i < options.engine_count; i++) {
			struct series *cold = &evaluations[i].cold, *warm = &evaluations[i].warm;

			cold->engine = warm->engine = options.engines[i];
			cold->work = warm->work = WORK_EVALUATE;
			cold->passes[cold->count++] = run_pass(&bench, WORK_EVALUATE, options.engines[i],
							       bench.warm ? &warm->passes[warm->count] : NULL);
			warm->count += bench.warm;
		}
	}
	agree = engines_agree(evaluations, options.engine_count);
	printf("{\"rules\":%u,\"predicates\":%u,\"bundle_bytes\":%zu,\"open_ms\":%.3f,", bench.bundle.rules_count,
	       bench.bundle.predicates_count, bench.bundle.size, open);
	printf("\"capture_bytes\":%zu,\"capture_xxh3\":\"%016" PRIx64 "\",\"events\":%" PRIu64 ",\"repeats\":%zu,",
	       bench.corpus.size, bench.corpus.hash, stages[WORK_READ].passes[0].events, repeat);
	printf("\"read_ns\":%.2f,", least(&stages[WORK_READ], 0, stages[WORK_READ].passes[0].count - 1) /
					    (double)stages[WORK_READ].passes[0].events);
	print_stage("state", &stages[WORK_STATE], &stages[WORK_READ]);
	print_stage("floor", &stages[WORK_FLOOR], &stages[WORK_STATE]);
	printf("\"agree\":%s,\"engines\":[", agree ? "true" : "false");
	for (size_t i = 0; i < options.engine_count; i++) {
		printf("%s", i ? "," : "");
		print_engine(&bench, &evaluations[i], &stages[WORK_STATE], &stages[WORK_STATE]);
	}
	printf("],\"peak_kb\":%ld}\n", measure_peak_kb());
	return agree ? 0 : 1;
}
