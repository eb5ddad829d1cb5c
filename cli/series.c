/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/series.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/deadline.h"
#include "vm/support/alloc.h"
#include "vm/support/buffer.h"

static bool is_single(const struct sk_series *series)
{
	return !series->options.bytes && !series->options.seconds;
}

/* The name of the file that is opened as number `count` (from 0). */
static int name_file(const struct sk_series *series, uint64_t count, struct sk_buffer *ret_name,
		     struct sk_error *error)
{
	const struct sk_series_options *options = &series->options;
	const bool ring = options->bytes && options->files;

	sk_buffer_append_text(ret_name, options->path);
	if (!is_single(series))
		sk_buffer_printf(ret_name, "%" PRIu64, ring ? count % options->files : count);
	return ret_name->failed ? sk_error_set(error, -ENOMEM, "no memory to write a capture") : 0;
}

static int open_file(struct sk_series *series, struct sk_error *error)
{
	const struct sk_series_options *options = &series->options;
	struct sk_buffer name = {0};
	int result = name_file(series, series->opened, &name, error);

	if (result == 0)
		result = sk_scap_writer_open(name.bytes, options->compress, &series->writer, error);
	sk_buffer_release(&name);
	if (result < 0)
		return result;
	series->opened++;
	series->events = 0;
	series->deadline = sk_deadline_after(options->seconds);
	return 0;
}

static int remove_last(struct sk_series *series, struct sk_error *error)
{
	struct sk_buffer name = {0};
	int result = name_file(series, series->opened - 1, &name, error);

	if (result == 0 && unlink(name.bytes) < 0)
		result = sk_error_set(error, -errno, "cannot remove %s: %s", name.bytes, strerror(errno));
	sk_buffer_release(&name);
	series->opened--;
	return result;
}

int sk_series_open(struct sk_series *series, const struct sk_series_options *options, struct sk_error *error)
{
	*series = (struct sk_series){.options = *options};
	return open_file(series, error);
}

bool sk_series_is_due(const struct sk_series *series)
{
	const struct sk_series_options *options = &series->options;

	return (options->bytes && sk_scap_writer_size(series->writer) >= options->bytes) ||
	       (options->seconds && sk_deadline_wait(series->deadline) == 0);
}

int sk_series_next(struct sk_series *series, struct sk_error *error)
{
	const struct sk_series_options *options = &series->options;
	int result;

	if (!options->bytes && options->files && series->opened == options->files)
		return 0;
	result = sk_series_close(series, error);
	if (result == 0)
		result = open_file(series, error);
	return result < 0 ? result : 1;
}

uint64_t sk_series_size(const struct sk_series *series)
{
	return series->bytes + (series->writer ? sk_scap_writer_size(series->writer) : 0);
}

int sk_series_close(struct sk_series *series, struct sk_error *error)
{
	struct sk_scap_writer *writer = series->writer;
	uint64_t size;
	int result;

	if (!writer)
		return 0;
	size = sk_scap_writer_size(writer);
	series->writer = NULL;
	result = sk_scap_writer_close(writer, error);
	if (result == 0 && !is_single(series) && series->events == 0)
		return remove_last(series, error);
	series->bytes += size;
	return result;
}
