/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the acts share.  Each runs in a child of the test, in a directory of
 * its own:
 *
 *   $/.ssh/id_x   the secret            $/plain    a directory
 *   $/.ssh_id_x   the decoy             $/d        a link to .ssh
 *   $/behave      a program             $/link     a link to the secret
 *
 * Secret and decoy differ in one byte, so that a path flips between them
 * without ever being a third one.
 */
#ifndef SK_TESTS_EVASION_ACTS_H
#define SK_TESTS_EVASION_ACTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 512, PATHS = 16, RACES = 4000 };

static char directory[64];

/* What an act and the test tell each other. */
static struct facts {
	int opens, secrets; /* of a race */
	bool secret[RACES]; /* by the opens that worked: which file it was */
	int pids[4];
	int refused; /* errno: this machine does not let the act happen */
} * facts;

/* `path` with the directory in place of $; good until the sixteenth call from now. */
static char *in_directory(const char *path)
{
	static char paths[PATHS][ROOM];
	static int next;
	char *result = paths[next++ % PATHS];
	const char *at = strchr(path, '$');

	if (at)
		snprintf(result, ROOM, "%.*s%s%s", (int)(at - path), path, directory, at + 1);
	else
		snprintf(result, ROOM, "%s", path);
	return result;
}

/* Ends the act: the machine does not have what it takes. */
static void refuse(int error_number)
{
	facts->refused = error_number ? error_number : ENOSYS;
	_exit(0);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(in_directory(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(in_directory(to), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	close(in);
	close(out);
}

static void make_directory(void)
{
	strcpy(directory, "/tmp/sk-evasion-XXXXXX");
	if (!mkdtemp(directory))
		abort();
	mkdir(in_directory("$/.ssh"), 0700);
	mkdir(in_directory("$/plain"), 0700);
	write_file("$/.ssh/id_x", "secret");
	write_file("$/.ssh_id_x", "decoy");
	copy_file("/bin/true", "$/behave", 0700);
	if (symlink(in_directory("$/.ssh/id_x"), in_directory("$/link")) < 0 ||
	    symlink(".ssh", in_directory("$/d")) < 0)
		abort();
}

static void remove_directory(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", directory, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static int open_path(const char *path)
{
	return open(in_directory(path), O_RDONLY | O_CLOEXEC);
}

static void open_secret(void)
{
	if (open_path("$/.ssh/id_x") < 0)
		refuse(errno);
}

#endif
