/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/support/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

static int read_all(int fd, struct corpus *corpus)
{
	struct stat status;
	size_t done = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	corpus->size = (size_t)status.st_size;
	corpus->bytes = malloc(corpus->size + 1);
	if (!corpus->bytes)
		return -ENOMEM;
	while (done < corpus->size) {
		ssize_t count = read(fd, corpus->bytes + done, corpus->size - done);

		if (count < 0)
			return -errno;
		if (count == 0)
			return -EIO;
		done += (size_t)count;
	}
	return 0;
}

int corpus_load(const char *path, struct corpus *ret_corpus)
{
	struct corpus corpus = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = fd < 0 ? -errno : read_all(fd, &corpus);

	if (fd >= 0)
		close(fd);
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-result));
		free(corpus.bytes);
		return -1;
	}
	corpus.hash = XXH3_64bits(corpus.bytes, corpus.size);
	*ret_corpus = corpus;
	return 0;
}

void corpus_release(struct corpus *corpus)
{
	free(corpus->bytes);
	*corpus = (struct corpus){0};
}
