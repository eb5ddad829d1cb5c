/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vm/support/buffer.h"
#include "vm/support/clock.h"

/* Memory of our own, in bytes: without rings and mapped files, which are shared. */
static uint64_t own_memory(void)
{
	unsigned long long size, resident = 0, shared = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu %llu", &size, &resident, &shared) != 3)
		resident = shared = 0;
	fclose(file);
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void append(struct sk_buffer *line, const char *name, uint64_t number)
{
	sk_buffer_printf(line, ",\"%s\":%" PRIu64, name, number);
}

static void append_capture(struct sk_buffer *line, const struct sk_capture_stats *stats)
{
	append(line, "produced", sk_capture_sum(stats->produced));
	append(line, "consumed", sk_capture_sum(stats->consumed));
	append(line, "lost", sk_capture_lost(stats));
	sk_buffer_append_text(line, ",\"lost_by_cause\":{");
	for (int i = 0; i < SK_LOSS_COUNT; i++)
		sk_buffer_printf(line, "%s\"%s\":%" PRIu64, i ? "," : "", sk_loss_names[i],
				 sk_capture_sum(stats->lost[i]));
	sk_buffer_append_char(line, '}');
	append(line, "disordered", stats->disordered);
}

static uint64_t count_fds(const struct sk_state *state)
{
	const struct sk_thread *thread;
	uint32_t cursor = 0;
	uint64_t count = 0;

	while ((thread = sk_thread_table_next(sk_state_threads(state), &cursor)))
		count += thread->fds ? sk_fd_table_count(thread->fds) : 0;
	return count;
}

static uint64_t count_containers(const struct sk_state *state)
{
	struct sk_containers_cursor cursor = {0, 0};
	uint64_t count = 0;

	while (sk_containers_next(sk_state_containers(state), &cursor))
		count++;
	return count;
}

static void append_state(struct sk_buffer *line, const struct sk_state_stats *stats, const struct sk_state *state)
{
	append(line, "threads", stats->threads);
	append(line, "threads_added", stats->threads_added);
	append(line, "threads_removed", stats->threads_removed);
	append(line, "threads_dropped", stats->threads_dropped);
	append(line, "threads_purged", stats->purged);
	append(line, "fds", state ? count_fds(state) : 0);
	append(line, "fds_dropped", stats->fds_dropped);
	append(line, "containers", state ? count_containers(state) : 0);
	append(line, "containers_evicted", stats->containers_evicted);
	append(line, "users_dropped", stats->users_dropped);
	append(line, "lookups", stats->lookups);
	append(line, "lookups_failed", stats->lookups_failed);
	append(line, "fd_lookups_skipped", stats->fd_lookups_skipped);
	append(line, "enter_events_dropped", stats->enter_events_dropped);
	append(line, "out_of_memory", stats->out_of_memory);
	append(line, "state_memory", stats->memory);
}

void sk_stats_print(const struct sk_engine *engine, const struct sk_capture *capture)
{
	const struct sk_sensor_stats sensor = sk_sensor_stats(engine->sensor);
	const struct sk_capture_stats captured = sk_capture_stats(capture);
	struct sk_buffer line = {0};

	sk_buffer_printf(&line, "{\"time\":%" PRIu64, sk_clock_now(CLOCK_REALTIME));
	append(&line, "events", sensor.events);
	append(&line, "matches", sensor.matches);
	append(&line, "damaged", sensor.damaged);
	append_capture(&line, &captured);
	append_state(&line, &sensor.state, sk_sensor_view(engine->sensor)->state);
	append(&line, "memory", own_memory());
	sk_buffer_printf(&line, ",\"cpu_seconds\":%.3f}\n", cpu_seconds());
	if (!line.failed)
		fwrite(line.bytes, 1, line.length, stderr);
	sk_buffer_release(&line);
}
