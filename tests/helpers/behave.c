/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one suspicious thing, harmlessly, for the live tests:
 *
 *   behave ptrace            attach to a child of its own
 *   behave memfd PROGRAM     run a copy of PROGRAM that lives in a memfd
 *   behave packet            open a packet socket
 *   behave redirect          connect stdout to a loopback listener of its own
 *   behave sleep             wait ten seconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "behave: %s: %s\n", what, strerror(errno));
	return 1;
}

static int behave_ptrace(void)
{
	pid_t child = fork();

	if (child < 0)
		return failed("fork");
	if (child == 0) {
		pause();
		_exit(0);
	}
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) < 0)
		return failed("ptrace");
	waitpid(child, NULL, 0);
	ptrace(PTRACE_DETACH, child, NULL, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static int behave_memfd(const char *program)
{
	char *const arguments[] = {"memfd-program", NULL}, *const environment[] = {NULL};
	char buffer[65536];
	ssize_t count;
	int from = open(program, O_RDONLY | O_CLOEXEC), to = memfd_create("behave", MFD_CLOEXEC);

	if (from < 0 || to < 0)
		return failed(program);
	while ((count = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)count) != count)
			return failed("memfd");
	}
	fexecve(to, arguments, environment);
	return failed("fexecve");
}

static int behave_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? failed("packet socket") : 0;
}

static int behave_redirect(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    connect(client, (struct sockaddr *)&address, length) < 0)
		return failed("loopback connection");
	return dup2(client, STDOUT_FILENO) < 0 ? failed("dup2") : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "ptrace") == 0)
		return behave_ptrace();
	if (strcmp(what, "memfd") == 0 && argc > 2)
		return behave_memfd(argv[2]);
	if (strcmp(what, "packet") == 0)
		return behave_packet();
	if (strcmp(what, "redirect") == 0)
		return behave_redirect();
	if (strcmp(what, "sleep") == 0)
		return sleep(10) ? 1 : 0;
	fprintf(stderr, "usage: behave ptrace | memfd PROGRAM | packet | redirect | sleep\n");
	return 2;
}
