/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/recorder/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/containers/helper_thread.h"
#include "runtime/scap/output.h"
#include "vm/support/alloc.h"

enum { NAME_SIZE = 256 };

enum job_kind { JOB_BEGIN, JOB_ADD, JOB_END, JOB_DISCARD };

struct job {
	struct job *next;
	enum job_kind kind;
	struct sk_piece *piece; /* JOB_ADD */
	char name[];            /* JOB_BEGIN */
};

struct sk_files {
	int directory;
	bool compress;
	struct job *last_job; /* of the file that is open, which so can always be ended */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct job *first, **last;
	bool stopping; /* once the queue is empty */
	struct sk_files_stats stats;

	/* The thread's. */
	struct sk_scap_output *output; /* NULL: no file, or one that failed */
	char name[NAME_SIZE];
};

/* --- the thread ------------------------------------------------------------ */

/* "." in front and ".part" behind: no reader of "*.scap" meets it before it is complete. */
static void part_name(const struct sk_files *files, char ret_name[NAME_SIZE + 8])
{
	snprintf(ret_name, NAME_SIZE + 8, ".%s.part", files->name);
}

static void note_failure(struct sk_files *files, const struct sk_error *error)
{
	char part[NAME_SIZE + 8];

	part_name(files, part);
	unlinkat(files->directory, part, 0);
	pthread_mutex_lock(&files->lock);
	files->stats.failed++;
	files->stats.failure = *error;
	pthread_mutex_unlock(&files->lock);
}

static void begin(struct sk_files *files, const char *name)
{
	struct sk_error error = {0};
	char part[NAME_SIZE + 8];
	int fd;

	snprintf(files->name, sizeof(files->name), "%s", name);
	part_name(files, part);
	/* What a host's processes did is for nobody else's eyes. */
	fd = openat(files->directory, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		sk_error_set(&error, -errno, "cannot create %s: %s", part, strerror(errno));
	else if (sk_scap_output_open_fd(fd, files->compress, &files->output, &error) == 0)
		return;
	files->output = NULL;
	note_failure(files, &error);
}

static void add(struct sk_files *files, struct sk_piece *piece)
{
	if (files->output)
		sk_scap_output_put(files->output, piece->bytes, piece->size);
	sk_piece_drop(piece);
}

/* -1 and errno: a file with that name is there, for example. */
static int give_name(const struct sk_files *files, const char *part)
{
	int result = renameat2(files->directory, part, files->directory, files->name, RENAME_NOREPLACE);

	/* Some file systems know no such rename. */
	if (result == 0 || errno != EINVAL)
		return result;
	result = linkat(files->directory, part, files->directory, files->name, 0);
	if (result == 0)
		unlinkat(files->directory, part, 0);
	return result;
}

static void end(struct sk_files *files)
{
	struct sk_error error = {0};
	char part[NAME_SIZE + 8];
	int result;

	if (!files->output)
		return;
	result = sk_scap_output_close(files->output, &error);
	files->output = NULL;
	part_name(files, part);
	if (result == 0 && give_name(files, part) < 0)
		result = sk_error_set(&error, -errno, "cannot name %s: %s", files->name, strerror(errno));
	if (result < 0) {
		note_failure(files, &error);
		return;
	}
	pthread_mutex_lock(&files->lock);
	files->stats.complete++;
	pthread_mutex_unlock(&files->lock);
}

static void discard(struct sk_files *files)
{
	char part[NAME_SIZE + 8];

	if (!files->output)
		return;
	sk_scap_output_close(files->output, NULL);
	files->output = NULL;
	part_name(files, part);
	unlinkat(files->directory, part, 0);
}

/* NULL: all is done. */
static struct job *take_job(struct sk_files *files)
{
	struct job *job;

	pthread_mutex_lock(&files->lock);
	while (!files->first && !files->stopping)
		pthread_cond_wait(&files->wake, &files->lock);
	job = files->first;
	if (job) {
		files->first = job->next;
		if (!files->first)
			files->last = &files->first;
	}
	pthread_mutex_unlock(&files->lock);
	return job;
}

static void *work(void *context)
{
	struct sk_files *files = context;
	struct job *job;

	while ((job = take_job(files))) {
		switch (job->kind) {
		case JOB_BEGIN:
			begin(files, job->name);
			break;
		case JOB_ADD:
			add(files, job->piece);
			break;
		case JOB_END:
			end(files);
			break;
		case JOB_DISCARD:
			discard(files);
			break;
		}
		sk_free(job);
	}
	return NULL;
}

/* --- the queue --------------------------------------------------------------- */

static struct job *make_job(enum job_kind kind, const char *name)
{
	size_t length = name ? strlen(name) : 0;
	struct job *job = sk_alloc_zeroed(1, sizeof(*job) + length + 1);

	if (!job)
		return NULL;
	job->kind = kind;
	if (name)
		memcpy(job->name, name, length);
	return job;
}

static void enqueue(struct sk_files *files, struct job *job)
{
	pthread_mutex_lock(&files->lock);
	*files->last = job;
	files->last = &job->next;
	pthread_cond_signal(&files->wake);
	pthread_mutex_unlock(&files->lock);
}

int sk_files_begin(struct sk_files *files, const char *name)
{
	struct job *first, *last;

	if (files->last_job || strlen(name) >= NAME_SIZE - 8 || strchr(name, '/'))
		return -EINVAL;
	first = make_job(JOB_BEGIN, name);
	last = make_job(JOB_END, NULL);
	if (!first || !last) {
		sk_free(first);
		sk_free(last);
		return -ENOMEM;
	}
	files->last_job = last;
	enqueue(files, first);
	return 0;
}

int sk_files_add(struct sk_files *files, struct sk_piece *piece)
{
	struct job *job = make_job(JOB_ADD, NULL);

	if (!job) {
		sk_piece_drop(piece);
		return -ENOMEM;
	}
	job->piece = piece;
	enqueue(files, job);
	return 0;
}

void sk_files_end(struct sk_files *files, bool keep)
{
	struct job *job = files->last_job;

	if (!job)
		return;
	files->last_job = NULL;
	job->kind = keep ? JOB_END : JOB_DISCARD;
	enqueue(files, job);
}

struct sk_files_stats sk_files_stats(struct sk_files *files)
{
	struct sk_files_stats stats;

	pthread_mutex_lock(&files->lock);
	stats = files->stats;
	pthread_mutex_unlock(&files->lock);
	return stats;
}

/* --- life ---------------------------------------------------------------------- */

int sk_files_start(const char *directory, bool compress, struct sk_files **ret_files, struct sk_error *error)
{
	struct sk_files *files = sk_alloc_zeroed(1, sizeof(*files));
	int result;

	if (!files)
		return sk_error_set(error, -ENOMEM, "no memory to write captures");
	files->compress = compress;
	files->last = &files->first;
	files->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->directory < 0 || faccessat(files->directory, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		result = sk_error_set(error, -errno, "cannot write captures to %s: %s", directory, strerror(errno));
		goto failed;
	}
	pthread_mutex_init(&files->lock, NULL);
	pthread_cond_init(&files->wake, NULL);
	result = sk_helper_start(&files->thread, "saker-captures", work, files);
	if (result < 0) {
		sk_error_set(error, result, "cannot start a thread: %s", strerror(-result));
		goto failed;
	}
	*ret_files = files;
	return 0;
failed:
	if (files->directory >= 0)
		close(files->directory);
	sk_free(files);
	return result;
}

void sk_files_stop(struct sk_files *files, struct sk_files_stats *ret_stats)
{
	if (!files)
		return;
	sk_files_end(files, true);
	pthread_mutex_lock(&files->lock);
	files->stopping = true;
	pthread_cond_signal(&files->wake);
	pthread_mutex_unlock(&files->lock);
	pthread_join(files->thread, NULL);
	if (ret_stats)
		*ret_stats = files->stats;
	pthread_cond_destroy(&files->wake);
	pthread_mutex_destroy(&files->lock);
	close(files->directory);
	sk_free(files);
}
