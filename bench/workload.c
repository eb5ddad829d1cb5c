/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a capture of a machine at work that never was: no kernel is asked,
 * and the same arguments give the same bytes.
 *
 *   workload FILE.scap EVENTS [THREADS [SEED]]
 *
 * THREADS processes are alive at any time.  Most of them serve (a web server, a
 * store) and stay; the others are programs that a shell or a build starts, that
 * open what programs open, work for a while and end, and are followed by
 * others.  A step of a process is a few system calls that belong together:
 *
 *   serve   recvfrom, openat, sendto, close     look     openat, fcntl x2, close x2
 *   ask     recvfrom, sendto                    search   openat that fails, openat, close
 *   save    openat, close, chmod, rename        scratch  openat, close, unlinkat
 *   call    socket, connect, sendto, recvfrom, close
 *
 * so that the mix of events is that of recorded work: three in ten close, a
 * quarter opens, a fifth is fcntl, another fifth receives and sends, and one
 * in 600 starts a program.  One step in 3,000 is a misdeed that rules know.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/support/files.h"
#include "bench/support/wire.h"
#include "vm/event.h"

enum { STDIO_FDS = 3, MOST_FDS = 64, FIRST_TID = 1000, LAST_TID = 4000000, CPUS = 2 };

/* Wire values of the tables file_flags, fcntl_commands, clone_flags. */
enum {
	READ_ONLY = 0x1,
	WRITE_ONLY = 0x2,
	CREATE = 0x4,
	TRUNCATE = 0x100,
	DIRECTORY = 0x400,
	CLOSE_ON_EXEC = 0x1000,
	FCNTL_GETFD = 0x2,
	FCNTL_SETFD = 0x3,
	CLONE_CHILD = 0x1800000,
	AT_CWD = -100,
	NO_ENTRY = -2,
	TRY_AGAIN = -11,
};

enum step { STEP_SERVE, STEP_ASK, STEP_LOOK, STEP_SEARCH, STEP_SAVE, STEP_SCRATCH, STEP_CALL, STEP_COUNT };

struct program {
	const char *comm, *exe, *arguments; /* arguments: separated by |, without the first */
	uint32_t uid;
	uint8_t often;             /* of 100 programs that are started; 0: only at the beginning */
	uint16_t life;             /* steps, on average; 0: for ever */
	enum files_kind files;     /* what it opens */
	uint8_t steps[STEP_COUNT]; /* of 100 */
};

static const struct program programs[] = {
	/* The first four are there at the beginning and stay. */
	{"nginx", "/usr/sbin/nginx", "worker process", 33, 0, 0, FILES_WEB, {100}},
	{"redis-server", "/usr/bin/redis-server", "127.0.0.1:6379", 33, 0, 0, FILES_SETTINGS, {0, 100}},
	{"agent", "/opt/agent/bin/agent", "--interval|10", 0, 0, 0, FILES_SETTINGS, {0, 70, 10, 10, 5, 0, 5}},
	{"bash", "/usr/bin/bash", "", 1000, 0, 0, FILES_SETTINGS, {0, 0, 50, 50}},
	/* The others are started and end. */
	{"cc1", "/usr/lib/gcc/cc1", "-quiet|-O2|-o|/tmp/cc.s", 1000, 22, 60, FILES_HEADERS, {0, 0, 10, 80, 0, 10}},
	{"as", "/usr/bin/as", "--64|-o|main.o", 1000, 14, 20, FILES_SOURCES, {0, 0, 20, 40, 0, 40}},
	{"find", "/usr/bin/find", "/usr|-name|*.so", 0, 6, 700, FILES_FOLDERS, {0, 0, 100}},
	{"python3", "/usr/bin/python3.11", "report.py|--daily", 33, 12, 80, FILES_MODULES, {0, 0, 50, 45, 2, 1, 2}},
	{"git", "/usr/bin/git", "status|--porcelain", 1000, 8, 80, FILES_SOURCES, {0, 0, 70, 25, 5}},
	{"dpkg-query", "/usr/bin/dpkg-query", "-l", 0, 4, 150, FILES_PACKAGES, {0, 0, 0, 100}},
	{"sh", "/usr/bin/dash", "-c|exit 0", 1000, 16, 6, FILES_SETTINGS, {0, 0, 50, 50}},
	{"ls", "/usr/bin/ls", "-la", 1000, 8, 8, FILES_FOLDERS, {0, 0, 80, 20}},
	{"curl", "/usr/bin/curl", "-s|http://127.0.0.1/", 33, 10, 10, FILES_SETTINGS, {0, 0, 0, 30, 0, 0, 70}},
};

enum { PROGRAM_COUNT = sizeof(programs) / sizeof(programs[0]), PROGRAM_SHELL = 3, PROGRAM_FIRST_STARTED = 4 };

struct process {
	const struct program *program;
	int64_t tid, parent;
	uint32_t life;   /* steps that are left */
	uint64_t fds;    /* one bit each */
	int64_t serving; /* the fd of a connection; 0: none */
	uint16_t port;   /* of the other side of it */
};

struct machine {
	struct wire wire;
	struct files files;
	struct random random;
	struct process *processes;
	uint32_t count;
	int64_t next_tid;
	uint64_t wanted;
};

/* --- events ------------------------------------------------------------- */

static void begin(struct machine *machine, const struct process *process, uint16_t type)
{
	machine->wire.ts += 500 + random_below(&machine->random, 8000);
	wire_begin(&machine->wire, type, process->tid);
}

static void end(struct machine *machine)
{
	wire_end(&machine->wire, (uint16_t)random_below(&machine->random, CPUS));
}

/* The lowest that is free, as the kernel gives it; the last one if none is. */
static int64_t take_fd(struct process *process)
{
	int64_t fd = process->fds == UINT64_MAX ? MOST_FDS - 1 : __builtin_ctzll(~process->fds);

	process->fds |= UINT64_C(1) << fd;
	return fd;
}

static int64_t open_file(struct machine *machine, struct process *process, const char *path, int64_t flags,
			 int64_t failure)
{
	struct wire *wire = &machine->wire;
	int64_t fd = failure ? failure : take_fd(process);

	begin(machine, process, SK_EVENT_SYSCALL_OPENAT_2_X);
	wire_number(wire, fd);
	wire_number(wire, AT_CWD);
	wire_text(wire, path);
	wire_number(wire, flags);
	wire_number(wire, flags & CREATE ? 0644 : 0);
	wire_number(wire, failure ? 0 : 0xfe00);
	wire_number(wire, failure ? 0 : (int64_t)(strlen(path) * 4099 + (uint8_t)path[strlen(path) / 2]));
	end(machine);
	return fd;
}

static void close_fd(struct machine *machine, struct process *process, int64_t fd)
{
	begin(machine, process, SK_EVENT_SYSCALL_CLOSE_X);
	wire_number(&machine->wire, 0);
	wire_number(&machine->wire, fd);
	end(machine);
	process->fds &= ~(UINT64_C(1) << fd);
}

static void control_fd(struct machine *machine, struct process *process, int64_t fd, int64_t command)
{
	begin(machine, process, SK_EVENT_SYSCALL_FCNTL_X);
	wire_number(&machine->wire, 0);
	wire_number(&machine->wire, fd);
	wire_number(&machine->wire, command);
	wire_number(&machine->wire, command == FCNTL_SETFD);
	end(machine);
}

/* One path, of a call that takes nothing else but perhaps a mode. */
static void path_call(struct machine *machine, struct process *process, uint16_t type, const char *path,
		      int64_t mode)
{
	struct wire *wire = &machine->wire;

	begin(machine, process, type);
	wire_number(wire, 0);
	if (type == SK_EVENT_SYSCALL_UNLINKAT_2_X)
		wire_number(wire, AT_CWD);
	wire_text(wire, path);
	wire_number(wire, mode);
	end(machine);
}

static void rename_file(struct machine *machine, struct process *process, const char *from, const char *to)
{
	begin(machine, process, SK_EVENT_SYSCALL_RENAME_X);
	wire_number(&machine->wire, 0);
	wire_text(&machine->wire, from);
	wire_text(&machine->wire, to);
	end(machine);
}

struct ends {
	uint8_t family;
	uint32_t source;
	uint16_t source_port;
	uint32_t destination;
	uint16_t destination_port;
} __attribute__((packed));

enum { LOOPBACK = 0x0100007f, CLIENT = 0x0500000a }; /* network order */

static struct ends ends_of(uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port)
{
	return (struct ends){2, from, from_port, to, to_port};
}

static void receive(struct machine *machine, struct process *process, int64_t fd, const char *data, int64_t result)
{
	struct ends ends = ends_of(CLIENT, process->port, LOOPBACK, 80);
	struct wire *wire = &machine->wire;

	begin(machine, process, SK_EVENT_SOCKET_RECVFROM_X);
	wire_number(wire, result);
	wire_bytes(wire, data, result > 0 ? strlen(data) : 0);
	wire_bytes(wire, &ends, result > 0 ? sizeof(ends) : 0);
	wire_number(wire, fd);
	wire_number(wire, 1024);
	end(machine);
}

static void send(struct machine *machine, struct process *process, int64_t fd, const char *data,
		 const struct ends *ends)
{
	struct wire *wire = &machine->wire;

	begin(machine, process, SK_EVENT_SOCKET_SENDTO_X);
	wire_number(wire, (int64_t)strlen(data));
	wire_bytes(wire, data, strlen(data));
	wire_number(wire, fd);
	wire_number(wire, (int64_t)strlen(data));
	wire_bytes(wire, ends, sizeof(*ends));
	end(machine);
}

static void accept_client(struct machine *machine, struct process *process)
{
	struct ends ends;
	struct wire *wire = &machine->wire;

	process->port = (uint16_t)(32768 + random_below(&machine->random, 28000));
	process->serving = take_fd(process);
	ends = ends_of(CLIENT, process->port, LOOPBACK, 80);
	begin(machine, process, SK_EVENT_SOCKET_ACCEPT4_6_X);
	wire_number(wire, process->serving);
	wire_bytes(wire, &ends, sizeof(ends));
	wire_number(wire, 0);
	wire_number(wire, 0);
	wire_number(wire, 128);
	wire_number(wire, 0);
	end(machine);
}

static void connect_to(struct machine *machine, struct process *process, uint32_t address, uint16_t port)
{
	struct wire *wire = &machine->wire;
	struct ends ends =
		ends_of(LOOPBACK, (uint16_t)(32768 + random_below(&machine->random, 28000)), address, port);
	struct {
		uint8_t family;
		uint32_t address;
		uint16_t port;
	} __attribute__((packed)) target = {2, address, port};
	int64_t fd = take_fd(process);

	begin(machine, process, SK_EVENT_SOCKET_SOCKET_X);
	wire_number(wire, fd);
	wire_number(wire, 2);
	wire_number(wire, 1);
	wire_number(wire, 6);
	wire_number(wire, 0);
	end(machine);
	begin(machine, process, SK_EVENT_SOCKET_CONNECT_X);
	wire_number(wire, 0);
	wire_bytes(wire, &ends, sizeof(ends));
	wire_number(wire, fd);
	wire_bytes(wire, &target, sizeof(target));
	end(machine);
	send(machine, process, fd, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", &ends);
	receive(machine, process, fd, "HTTP/1.1 200 OK\r\nContent-Length: 612\r\n\r\n", 612);
	close_fd(machine, process, fd);
}

/* --- processes ------------------------------------------------------------ */

static const char cgroups[] = "cpuset=/\0cpu=/user.slice\0cpuacct=/user.slice\0io=/user.slice\0memory=/user.slice";
static const char environment[] =
	"HOME=/home/dev\0USER=dev\0LANG=C.UTF-8\0TERM=xterm\0PATH=/usr/local/bin:/usr/bin:/bin";

/* The arguments with their NULs.  Returns their length. */
static size_t arguments_of(const struct program *program, char ret_arguments[256])
{
	size_t length = strlen(program->arguments);

	memcpy(ret_arguments, program->arguments, length + 1);
	for (size_t i = 0; i < length; i++) {
		if (ret_arguments[i] == '|')
			ret_arguments[i] = '\0';
	}
	return length ? length + 1 : 0;
}

/* What clone and execve have in common: parameters 1 to 14. */
static void put_process(struct machine *machine, const struct process *process, const struct program *program)
{
	struct wire *wire = &machine->wire;
	char arguments[256];
	size_t length = arguments_of(program, arguments);

	wire_text(wire, program->exe);
	wire_bytes(wire, arguments, length);
	wire_number(wire, process->tid);
	wire_number(wire, process->tid);
	wire_number(wire, process->parent);
	wire_text(wire, "");
	wire_number(wire, 1024);
	wire_number(wire, 0);
	wire_number(wire, 120);
	wire_number(wire, 9000);
	wire_number(wire, 3500);
	wire_number(wire, 0);
	wire_text(wire, program->comm);
	wire_bytes(wire, cgroups, sizeof(cgroups));
}

static void put_clone(struct machine *machine, const struct process *process, const struct program *program,
		      int64_t result)
{
	struct wire *wire = &machine->wire;

	begin(machine, process, SK_EVENT_SYSCALL_CLONE_20_X);
	wire_number(wire, result);
	put_process(machine, process, program);
	wire_number(wire, CLONE_CHILD);
	wire_number(wire, program->uid);
	wire_number(wire, program->uid);
	wire_number(wire, process->tid);
	wire_number(wire, process->tid);
	wire_number(wire, 0);
	end(machine);
}

static void put_exec(struct machine *machine, const struct process *process)
{
	const struct program *program = process->program;
	struct wire *wire = &machine->wire;

	begin(machine, process, SK_EVENT_SYSCALL_EXECVE_19_X);
	wire_number(wire, 0);
	put_process(machine, process, program);
	wire_bytes(wire, environment, sizeof(environment));
	wire_number(wire, 0);
	wire_number(wire, process->tid);
	wire_number(wire, UINT32_MAX);
	wire_number(wire, 0);
	for (unsigned i = 0; i < 3; i++)
		wire_number(wire, program->uid == 0 && i ? 0x1fffeffffff : 0);
	wire_number(wire, 247101 + (program - programs));
	wire_number(wire, 1745016456147483648);
	wire_number(wire, 1745016456147483648);
	wire_number(wire, program->uid);
	wire_text(wire, program->exe);
	wire_number(wire, process->tid);
	wire_number(wire, program->uid);
	wire_text(wire, program->exe);
	end(machine);
}

static void put_exit(struct machine *machine, const struct process *process)
{
	struct wire *wire = &machine->wire;

	begin(machine, process, SK_EVENT_PROCEXIT_1_E);
	for (unsigned i = 0; i < 5; i++)
		wire_number(wire, 0);
	end(machine);
}

static const struct program *draw_program(struct random *random)
{
	uint32_t lot = random_below(random, 100);

	for (unsigned i = PROGRAM_FIRST_STARTED; i < PROGRAM_COUNT; i++) {
		if (lot < programs[i].often)
			return &programs[i];
		lot -= programs[i].often;
	}
	return &programs[PROGRAM_COUNT - 1];
}

/* A shell starts a program in the place of `process`, which has ended. */
static void start_program(struct machine *machine, struct process *process, struct process *shell)
{
	const struct program *program = draw_program(&machine->random);
	unsigned libraries = 3 + random_below(&machine->random, 5);

	*process = (struct process){.program = program,
				    .tid = machine->next_tid++,
				    .parent = shell->tid,
				    .life = 1 + random_below(&machine->random, 2 * program->life),
				    .fds = (1 << STDIO_FDS) - 1};
	if (machine->next_tid == LAST_TID)
		machine->next_tid = FIRST_TID + machine->count;
	put_clone(machine, shell, shell->program, process->tid);
	put_clone(machine, process, shell->program, 0);
	put_exec(machine, process);
	for (unsigned i = 0; i < libraries; i++) {
		const char *library = files_draw(&machine->files, FILES_LIBRARIES, &machine->random);

		close_fd(machine, process, open_file(machine, process, library, READ_ONLY | CLOSE_ON_EXEC, 0));
	}
}

/* --- steps ---------------------------------------------------------------- */

static const char *draw_file(struct machine *machine, const struct process *process)
{
	return files_draw(&machine->files, process->program->files, &machine->random);
}

static void serve(struct machine *machine, struct process *process)
{
	struct ends ends;
	int64_t file;

	if (!process->serving)
		accept_client(machine, process);
	receive(machine, process, process->serving,
		"GET /index.html HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wrk\r\n\r\n", 64);
	file = open_file(machine, process, draw_file(machine, process), READ_ONLY | CLOSE_ON_EXEC, 0);
	ends = ends_of(LOOPBACK, 80, CLIENT, process->port);
	send(machine, process, process->serving,
	     "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n", &ends);
	close_fd(machine, process, file);
	receive(machine, process, process->serving, "", TRY_AGAIN);
	if (random_below(&machine->random, 20) == 0) {
		close_fd(machine, process, process->serving);
		process->serving = 0;
	}
}

static void ask(struct machine *machine, struct process *process)
{
	struct ends ends;

	if (!process->serving)
		accept_client(machine, process);
	ends = ends_of(LOOPBACK, 6379, CLIENT, process->port);
	receive(machine, process, process->serving, "*2\r\n$3\r\nGET\r\n$8\r\nuser:123\r\n", 29);
	send(machine, process, process->serving, "$5\r\nhello\r\n", &ends);
}

static void look(struct machine *machine, struct process *process)
{
	int64_t flags = READ_ONLY | CLOSE_ON_EXEC | (process->program->files == FILES_FOLDERS ? DIRECTORY : 0);
	int64_t fd = open_file(machine, process, draw_file(machine, process), flags, 0), copy;

	control_fd(machine, process, fd, FCNTL_GETFD);
	copy = take_fd(process);
	control_fd(machine, process, fd, FCNTL_SETFD);
	close_fd(machine, process, copy);
	close_fd(machine, process, fd);
}

static void search(struct machine *machine, struct process *process)
{
	unsigned failures = random_below(&machine->random, 3);

	for (unsigned i = 0; i < failures; i++)
		open_file(machine, process, draw_file(machine, process), READ_ONLY, NO_ENTRY);
	close_fd(machine, process, open_file(machine, process, draw_file(machine, process), READ_ONLY, 0));
}

static void save(struct machine *machine, struct process *process)
{
	char name[128], scratch[160];

	snprintf(name, sizeof(name), "/home/dev/work/out%u.dat", random_below(&machine->random, 500));
	snprintf(scratch, sizeof(scratch), "%s.tmp%u", name, random_below(&machine->random, 100000));
	close_fd(machine, process, open_file(machine, process, scratch, WRITE_ONLY | CREATE | TRUNCATE, 0));
	path_call(machine, process, SK_EVENT_SYSCALL_CHMOD_X, scratch, 0644);
	rename_file(machine, process, scratch, name);
}

static void use_scratch(struct machine *machine, struct process *process)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/cc%06u.s", random_below(&machine->random, 1000000));
	close_fd(machine, process, open_file(machine, process, path, WRITE_ONLY | CREATE | TRUNCATE, 0));
	path_call(machine, process, SK_EVENT_SYSCALL_UNLINKAT_2_X, path, 0);
}

static void do_step(struct machine *machine, struct process *process, enum step step)
{
	switch (step) {
	case STEP_SERVE:
		serve(machine, process);
		break;
	case STEP_ASK:
		ask(machine, process);
		break;
	case STEP_LOOK:
		look(machine, process);
		break;
	case STEP_SEARCH:
		search(machine, process);
		break;
	case STEP_SAVE:
		save(machine, process);
		break;
	case STEP_SCRATCH:
		use_scratch(machine, process);
		break;
	case STEP_CALL:
	case STEP_COUNT:
		connect_to(machine, process, LOOPBACK, 80);
		break;
	}
}

/* What rules are there for. */
static void misbehave(struct machine *machine, struct process *process)
{
	switch (random_below(&machine->random, 5)) {
	case 0:
		close_fd(machine, process, open_file(machine, process, "/etc/shadow", READ_ONLY, 0));
		break;
	case 1:
		close_fd(machine, process, open_file(machine, process, "/usr/bin/helper", WRITE_ONLY | CREATE, 0));
		break;
	case 2:
		close_fd(machine, process,
			 open_file(machine, process, "/root/.ssh/authorized_keys", WRITE_ONLY | CREATE, 0));
		break;
	case 3:
		connect_to(machine, process, 0xfea9fea9, 80);
		break;
	default:
		path_call(machine, process, SK_EVENT_SYSCALL_CHMOD_X, "/tmp/dropped", 0xded);
		break;
	}
}

/* Several steps on end: a processor changes hands every few milliseconds. */
static void run_process(struct machine *machine, struct process *process)
{
	bool shell = process->program == &programs[PROGRAM_SHELL];
	unsigned steps = 1 + random_below(&machine->random, shell ? 2 : 30);

	for (unsigned i = 0; i < steps && machine->wire.events < machine->wanted; i++) {
		uint32_t lot = random_below(&machine->random, 100);
		enum step step = 0;

		if (random_below(&machine->random, 3000) == 0)
			misbehave(machine, process);
		while (step + 1 < STEP_COUNT && lot >= process->program->steps[step]) {
			lot -= process->program->steps[step];
			step++;
		}
		do_step(machine, process, step);
		if (process->program->life && process->life-- == 0) {
			put_exit(machine, process);
			start_program(
				machine, process,
				&machine->processes[4 * random_below(&machine->random, machine->count / 4) + 3]);
			return;
		}
	}
}

/* --- the beginning ---------------------------------------------------------- */

static struct sk_bytes bytes_of(const char *text)
{
	return (struct sk_bytes){text, (uint32_t)strlen(text)};
}

static int put_initial_process(struct machine *machine, const struct sk_entry_sink *sink,
			       const struct process *process)
{
	const struct program *program = process->program;
	char arguments[256];
	struct sk_process_entry entry = {
		.tid = process->tid,
		.pid = process->tid,
		.ptid = process->parent,
		.sid = process->tid,
		.vpgid = process->tid,
		.pgid = process->tid,
		.vtid = process->tid,
		.vpid = process->tid,
		.comm = bytes_of(program->comm),
		.exe = bytes_of(program->exe),
		.exepath = bytes_of(program->exe),
		.cwd = bytes_of("/"),
		.root = bytes_of("/"),
		.args = {arguments, (uint32_t)arguments_of(program, arguments)},
		.env = {environment, sizeof(environment)},
		.cgroups = {cgroups, sizeof(cgroups)},
		.fdlimit = 1024,
		.uid = program->uid,
		.gid = program->uid,
		.loginuid = UINT32_MAX,
		.clone_ts = machine->wire.ts - 3600 * UINT64_C(1000000000),
	};
	int result = sink->process(sink->context, &entry);

	for (int64_t fd = 0; fd < STDIO_FDS && result == 0; fd++) {
		struct sk_fd_entry standard = {.fd = fd,
					       .type = SK_FD_FILE_V2,
					       .open_flags = fd ? WRITE_ONLY : READ_ONLY,
					       .name = bytes_of("/dev/null")};

		result = sink->fd(sink->context, process->tid, &standard);
	}
	return result;
}

/* Three quarters stay, one in four of them a shell; the rest are programs that end. */
static int put_beginning(struct machine *machine)
{
	struct sk_entry_sink sink = sk_scap_writer_sink(machine->wire.writer);
	const struct sk_machine_entry host = {
		.num_cpus = CPUS, .memory_size = UINT64_C(8) << 30, .max_pid = LAST_TID, .hostname = "workload"};
	static const struct sk_user_entry users[] = {
		{0, 0, {"root", 4}, {"/root", 5}, {"/bin/bash", 9}},
		{33, 33, {"www-data", 8}, {"/var/www", 8}, {"/usr/sbin/nologin", 17}},
		{1000, 1000, {"dev", 3}, {"/home/dev", 9}, {"/bin/bash", 9}},
	};
	int result = sink.machine(sink.context, &host);

	for (unsigned i = 0; i < 3 && result == 0; i++)
		result = sink.user(sink.context, &users[i]);
	for (uint32_t i = 0; i < machine->count && result == 0; i++) {
		struct process *process = &machine->processes[i];

		*process = (struct process){.program = &programs[i % 4],
					    .tid = machine->next_tid++,
					    .parent = 1,
					    .fds = (1 << STDIO_FDS) - 1};
		if (i >= machine->count - machine->count / 4 && i % 4 != PROGRAM_SHELL) {
			process->program = draw_program(&machine->random);
			process->life = 1 + random_below(&machine->random, 2 * process->program->life);
		}
		result = put_initial_process(machine, &sink, process);
	}
	return result;
}

static int play(struct machine *machine)
{
	int result = put_beginning(machine);

	while (result == 0 && machine->wire.events < machine->wanted) {
		/* Work is not spread evenly: few processes do most of it. */
		uint32_t busy = random_below(&machine->random, 2) ? machine->count / 8 : machine->count;
		uint32_t first = busy < machine->count ? machine->count - busy : 0;

		run_process(machine, &machine->processes[first + random_below(&machine->random, busy)]);
		result = machine->wire.result;
	}
	return result;
}

int main(int argc, char **argv)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct sk_arena arena;
	int result;

	if (argc < 3 || argc > 5 || !machine) {
		fprintf(stderr, "usage: workload FILE.scap EVENTS [THREADS [SEED]]\n");
		free(machine);
		return 2;
	}
	machine->wanted = strtoull(argv[2], NULL, 10);
	machine->count = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 400;
	machine->count = machine->count < 16 ? 16 : machine->count & ~3u;
	random_init(&machine->random, argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
	machine->next_tid = FIRST_TID;
	machine->wire.ts = UINT64_C(1760000000000000000);
	machine->processes = calloc(machine->count, sizeof(*machine->processes));
	sk_arena_init(&arena, 0);
	result = machine->processes && files_init(&machine->files, &arena) ? 0 : -1;
	if (result == 0)
		result = sk_scap_writer_open(argv[1], false, &machine->wire.writer, &machine->wire.error);
	if (result == 0) {
		int closed;

		result = play(machine);
		closed = sk_scap_writer_close(machine->wire.writer, &machine->wire.error);
		result = result < 0 ? result : closed;
	}
	if (result < 0)
		fprintf(stderr, "workload: %s\n",
			machine->wire.error.message[0] ? machine->wire.error.message : "out of memory");
	sk_arena_release(&arena);
	free(machine->processes);
	free(machine);
	return result < 0;
}
