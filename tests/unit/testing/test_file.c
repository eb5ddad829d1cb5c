/* SPDX-License-Identifier: Apache-2.0 */
/* Files of rule tests: what they say, and what is said about their mistakes. */
#include <errno.h>
#include <stdlib.h>

#include "cli/test/run.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

static struct {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_test_reader reader;
	struct sk_test_file file;
	struct sk_buffer text;
} read;

static int read_file(const char *text)
{
	const struct sk_source_file *source;

	memset(&read, 0, sizeof(read));
	sk_arena_init(&read.arena, 0);
	sk_sources_init(&read.sources, &read.arena);
	sk_diagnostics_init(&read.diagnostics, &read.sources, &read.arena);
	read.reader = (struct sk_test_reader){.arena = &read.arena, .diagnostics = &read.diagnostics};
	source = sk_sources_add(&read.sources, "some/where/t.yaml", text, strlen(text));
	return source ? sk_test_file_read(&read.reader, source, &read.file) : -ENOMEM;
}

static void forget(void)
{
	sk_buffer_release(&read.text);
	sk_arena_release(&read.arena);
}

/* All that is said about a file has these words, at this place. */
static void says(const char *text, uint32_t line, uint32_t column, const char *message, const char *hint)
{
	struct sk_place place;

	CHECK(read_file(text) < 0);
	CHECK_EQUAL(read.diagnostics.errors, 1);
	if (read.diagnostics.count) {
		const struct sk_diagnostic *said = &read.diagnostics.items[0];

		place = sk_sources_place(&read.sources, said->span.begin);
		CHECK_EQUAL(place.line, line);
		CHECK_EQUAL(place.column, column);
		CHECK_TEXT(said->message, message);
		if (hint)
			CHECK_TEXT(said->hint, hint);
	}
	forget();
}

/* A case with these lines. */
#define CASE(lines) "rules: r.yaml\ntests:\n- test: t\n" lines
#define EVENT(lines) CASE("  silent: all\n  events:\n") lines

TEST(a_case_is_read)
{
	CHECK_EQUAL(
		read_file("rules: [../a.yaml, ../../b.yaml, /c.yaml]\n"
			  "tests:\n"
			  "- test: one\n"
			  "  process: less /etc/shadow\n"
			  "  events:\n"
			  "    - openat: /etc/shadow\n"
			  "    - sysinfo\n"
			  "  fires:\n"
			  "    - {rule: a, event: 2, count: 3, output: x y, fields: {proc.name: less, fd.name: , "
			  "'proc.aname[2]': <NA>}}\n"
			  "    - b\n"
			  "  silent: [c]\n"
			  "- test: two\n"
			  "  rules: own.yaml\n"
			  "  capture: x.scap\n"
			  "  optional: true\n"
			  "  silent: all\n"),
		0);
	CHECK_EQUAL(read.file.count, 2);
	if (read.file.count == 2) {
		const struct sk_test_case *one = &read.file.cases[0], *two = &read.file.cases[1];

		CHECK_TEXT(one->name, "one");
		CHECK_EQUAL(one->pack_count, 3);
		CHECK_TEXT(one->packs[0], "some/a.yaml");
		CHECK_TEXT(one->packs[1], "b.yaml");
		CHECK_TEXT(one->packs[2], "/c.yaml");
		CHECK_EQUAL(one->event_count, 2);
		CHECK_EQUAL(one->owner_count, 2);
		CHECK_EQUAL(one->owners[1], 2);
		CHECK_EQUAL(one->fires_count, 2);
		CHECK_TEXT(one->fires[0].rule, "a");
		CHECK_EQUAL(one->fires[0].event, 2);
		CHECK_EQUAL(one->fires[0].count, 3);
		CHECK_TEXT(one->fires[0].output, "x y");
		CHECK_EQUAL(one->fires[0].field_count, 3);
		CHECK_TEXT(one->fires[0].fields[0].value, "less");
		CHECK(one->fires[0].fields[1].value == NULL);
		CHECK(one->fires[0].fields[2].value == NULL);
		CHECK_EQUAL(one->fires[1].count, -1);
		CHECK_TEXT(one->silent[0].rule, "c");
		CHECK(!one->all_others_silent);
		CHECK_TEXT(two->packs[0], "some/where/own.yaml");
		CHECK_TEXT(two->capture_path, "some/where/x.scap");
		CHECK(two->optional && two->all_others_silent && !two->capture);
	}
	forget();
}

TEST(mistakes_in_keys_are_shown_where_they_are)
{
	says("rulse: r.yaml\ntests: []\n", 1, 1, "a file of tests has no key 'rulse'", "did you mean 'rules'?");
	says("rules: r.yaml\n", 1, 1, "a file of tests has 'tests', a list", NULL);
	says("rules: r.yaml\ntests: {a: b}\n", 2, 9, "'tests' is a list of at most 100000 tests", NULL);
	says("tests:\n- test: t\n  events: [exec]\n  silent: all\n", 2, 9,
	     "there are no rules to test: 'rules' is missing", NULL);
	says(CASE("  fire: x\n"), 4, 3, "a test has no key 'fire'", "did you mean 'fires'?");
	says("rules: r.yaml\ntests:\n- events: [exec]\n  silent: all\n", 3, 3, "a test has a 'test', its name",
	     NULL);
	says(CASE("  silent: all\n"), 3, 9, "nothing happens in the case: 'events' or 'capture' is missing", NULL);
	says(CASE("  events: [exec]\n"), 3, 9, "the case expects nothing: 'fires' or 'silent' is missing", NULL);
	says(CASE("  silent: all\n  capture: x\n  events: [exec]\n"), 5, 12,
	     "a case has a 'capture' or 'events', not both", NULL);
	says(CASE("  silent: all\n  silent: x\n  events: [exec]\n"), 5, 3, "the key 'silent' is there twice", NULL);
	says("", 1, 1, "the file is empty", NULL);
	says("a: b\n---\nc: d\n", 1, 1, "a file of tests is one YAML document", NULL);
}

TEST(mistakes_in_losses_are_shown_where_they_are)
{
	says(EVENT("    - close: 3\n      lost: {opens: 1}\n"), 7, 14, "'lost' has no key 'opens'",
	     "did you mean 'open'?");
	says(EVENT("    - close: 3\n      lost: {open: 0}\n"), 7, 20, "'open' is a number from 1 to 1000000000",
	     NULL);
	says(EVENT("    - close: 3\n      lost: open\n"), 7, 13, "'lost' is a mapping of keys and values", NULL);
}

TEST(mistakes_in_processes_are_shown_where_they_are)
{
	says(CASE("  process: {exee: x}\n  events: [exec]\n  silent: all\n"), 4, 13, "a process has no key 'exee'",
	     "did you mean 'exe'?");
	says(CASE("  process: {user: root}\n  events: [exec]\n  silent: all\n"), 4, 13,
	     "a process has a 'command', 'exe', 'exepath' or 'name'", NULL);
	says(CASE("  process: {name: systemd-journald}\n  events: [exec]\n  silent: all\n"), 4, 19,
	     "a name has at most 15 bytes", "the kernel cuts it to 'systemd-journal'");
	says(CASE("  process: {command: a b, args: c}\n  events: [exec]\n  silent: all\n"), 4, 22,
	     "a command line says the program and its arguments: 'command', or 'exe' and 'args'", NULL);
	says(CASE("  process: {exe: x, pid: 0}\n  events: [exec]\n  silent: all\n"), 4, 26,
	     "'pid' is a number from 2 to 2147483647", NULL);
	says(CASE("  process: {exe: x, capabilities: [CAP_SYS_ADMN]}\n  events: [exec]\n  silent: all\n"), 4, 36,
	     "there is no capability 'CAP_SYS_ADMN'", "did you mean 'CAP_SYS_ADMIN'?");
	says(CASE("  process: {exe: x, fds: {0: pip}}\n  events: [exec]\n  silent: all\n"), 4, 30,
	     "'pip' is no file descriptor: a number, /a/path, tcp A->B, udp A->B, listen A, unix PATH, or pipe, "
	     "memfd, eventfd ... and a name",
	     "did you mean 'pipe'?");
	says(CASE("  process: {exe: x, parents: sh}\n  events: [exec]\n  silent: all\n"), 4, 30,
	     "'parents' is a list of processes, the nearest one first", NULL);
	says(CASE("  process: {exe: x, exe_writable: yes}\n  events: [exec]\n  silent: all\n"), 4, 35,
	     "'exe_writable' is true or false", NULL);
	says(CASE("  process: {exe: x, container: {id: 12}}\n  events: [exec]\n  silent: all\n"), 4, 37,
	     "the id of a container is 12 to 64 hexadecimal digits", NULL);
	says(CASE("  process: {exe: x, container: {type: dokcer}}\n  events: [exec]\n  silent: all\n"), 4, 39,
	     "'dokcer' is no type of container", "did you mean 'docker'?");
}

TEST(mistakes_in_events_are_shown_where_they_are)
{
	says(EVENT("  - opennat: /x\n"), 6, 5, "there is no event 'opennat'", "did you mean 'openat'?");
	says(EVENT("  - {openat: /x, flags: O_RDWR}\n"), 6, 18,
	     "an event has one type, and this one has 'openat' already",
	     "parameters stand in a mapping behind the type: {name: /etc/passwd, flags: O_RDWR}");
	says(EVENT("  - {by: bash}\n"), 6, 6, "an event has a type", NULL);
	says(EVENT("  - openat: {nmae: /x}\n"), 6, 14, "openat has no parameter 'nmae'", "did you mean 'name'?");
	says(EVENT("  - openat: {zzzzzz: /x}\n"), 6, 14, "openat has no parameter 'zzzzzz'",
	     "openat has fd, dirfd, name, flags, mode, dev, ino");
	says(EVENT("  - openat: {name: /x, flags: O_RDWR|O_CRAET}\n"), 6, 38,
	     "'O_CRAET' is none of the names that 'flags' of openat can have", "did you mean 'O_CREAT'?");
	says(EVENT("  - openat: {name: {a: b}}\n"), 6, 21, "'name' of openat is a value, not a mapping", NULL);
	says(EVENT("  - openat: {name: [a, b]}\n"), 6, 21, "'name' of openat is one value, not a list", NULL);
	says(EVENT("  - openat: /x\n    result: EACCESS\n"), 7, 13, "'EACCESS' is no number and no errno",
	     "did you mean 'EACCES'?");
	says(EVENT("  - sysinfo\n  - procexit: 1\n    result: 0\n"), 8, 5, "procexit has no result", NULL);
	says(EVENT("  - openat: /x\n    by: bsh\n"), 7, 9, "there is no process 'bsh' in this case",
	     "did you mean 'bash'?");
	says(EVENT("  - openat: /x\n    after: later\n"), 7, 12, "'after' is the time that passes before the event",
	     "5s, 10ms");
	says(EVENT("  - exec: {exe: x, cwd: /}\n"), 6, 20, "an exec does not change 'cwd'",
	     "say it of the process");
	says(EVENT("  - exec: ''\n"), 6, 11, "a process is a text", NULL);
	says(EVENT("  - sysinfo: 1\n"), 6, 14, "sysinfo has no parameters that can be given", NULL);
	says(EVENT("  - connect: 1.2.3.4\n"), 6, 14,
	     "'1.2.3.4' is no pair of addresses: 10.0.0.1:40000->10.0.0.2:80, or the other end alone", NULL);
	says(EVENT("  - fork: bash\n"), 6, 11, "another process is called 'bash'", NULL);
	says(EVENT("  - kill: {pid: bsah, sig: SIGKILL}\n"), 6, 17,
	     "'bsah' is no number and no process of this case", "did you mean 'bash'?");
}

TEST(mistakes_in_expectations_are_shown_where_they_are)
{
	says(CASE("  events: [exec]\n  fires: {rule: r, fields: {proc.nmae: x}}\n"), 5, 29,
	     "filter_check called with nonexistent field proc.nmae", "did you mean 'proc.name'?");
	says(CASE("  events: [exec]\n  fires: {rule: r, event: 2}\n"), 5, 27, "'event' is a number from 1 to 1",
	     NULL);
	says(CASE("  events: [exec]\n  fires: {ruel: r}\n"), 5, 11, "a rule that fires has no key 'ruel'",
	     "did you mean 'rule'?");
	says(CASE("  events: [exec]\n  fires: {count: 1}\n"), 5, 11, "a rule that fires has a 'rule', its name",
	     NULL);
	says(CASE("  events: [exec]\n  silent: {rule: r}\n"), 5, 12,
	     "what is silent is named: 'all', a rule, or a list of rules", NULL);
}

/* --- what the world of a case is --------------------------------------- */

/* A rule that matches every system call, and shows fields. */
static const char everything[] = "- rule: r\n"
				 "  desc: d\n"
				 "  condition: evt.num > 0 and not evt.type in (container, asyncevent)\n"
				 "  output: '%evt.type'\n"
				 "  priority: INFO\n"
				 "  warn_evttypes: false\n";

static char folder[] = "/tmp/sk-test-XXXXXX";

/* Runs the one case of a file, whose rules are `everything`; prints why it fails. */
static enum sk_test_verdict run(const char *text)
{
	struct sk_test_rules *rules = NULL, *found;
	struct sk_test_result result = {.verdict = SK_TEST_FAILED};
	struct sk_buffer messages = {0};
	enum sk_test_verdict verdict = SK_TEST_FAILED;
	char path[64];
	FILE *pack;

	if (strstr(folder, "XXXXXX") && !mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/r.yaml", folder);
	pack = fopen(path, "we");
	if (!pack)
		abort();
	fputs(everything, pack);
	fclose(pack);
	if (read_file(text) < 0) {
		sk_diagnostics_print(&read.diagnostics, false, &read.text);
		printf("# %s\n", read.text.bytes);
	} else {
		const char *paths[] = {path};

		CHECK_EQUAL(sk_test_rules_get(&rules, paths, 1, &messages, &found), 0);
		CHECK_EQUAL(sk_test_run(&read.file.cases[0], found, NULL, &result), 0);
		verdict = result.verdict;
		if (verdict == SK_TEST_FAILED)
			printf("# %.*s", (int)result.why.length, result.why.bytes);
		sk_buffer_release(&result.why);
		sk_test_rules_release(rules);
	}
	sk_buffer_release(&messages);
	forget();
	remove(path);
	return verdict;
}

#define PASSES(text) CHECK_EQUAL(run(text), SK_TEST_PASSED)

TEST(a_command_line_says_most_of_a_process)
{
	PASSES(CASE(
		"  process: curl -s 'http://x y' --\n"
		"  events: [sysinfo]\n"
		"  fires:\n"
		"    rule: r\n"
		"    count: 1\n"
		"    fields: {evt.type: sysinfo, proc.name: curl, proc.exe: curl, proc.exepath: /usr/bin/curl,\n"
		"      proc.args: '-s http://x y --', proc.cmdline: 'curl -s http://x y --', proc.cwd: "
		"/home/user/,\n"
		"      user.name: user, user.uid: '1000', group.name: user, user.loginuid: '1000', proc.tty: '0',\n"
		"      proc.pname: bash, 'proc.aname[2]': systemd, 'proc.aname[3]': , container.id: host,\n"
		"      proc.stdin.name: /dev/null, proc.vpid: '1002', proc.pid: '1002', 'proc.args[1]': 'http://x "
		"y'}\n"));
	PASSES(CASE("  process: ./run.sh\n"
		    "  events: [sysinfo]\n"
		    "  fires: {rule: r, fields: {proc.name: run.sh, proc.exepath: /home/user/run.sh, proc.exe: "
		    "./run.sh}}\n"));
	PASSES(CASE("  process: /usr/lib/systemd/systemd-journald\n"
		    "  events: [sysinfo]\n"
		    "  fires: {rule: r, fields: {proc.name: systemd-journal}}\n"));
}

TEST(all_that_is_said_of_a_process_can_be_seen)
{
	PASSES(CASE(
		"  users: [{name: alice, uid: 4321, gid: 77, home: /h}]\n"
		"  process: {exe: nginx, exepath: /opt/ngx, name: ngx, args: [-g, daemon off], user: alice,\n"
		"    group: www-data, loginuid: root, cwd: /srv, env: {A: b c}, pid: 4000, vpid: 7, sid: 9, pgid: "
		"11,\n"
		"    tty: true, exe_writable: true, exe_from_memfd: true, exe_upper_layer: true, exe_ino: 5,\n"
		"    capabilities: [CAP_CHOWN, CAP_SYS_ADMIN], fds: {0: pipe, 9: /x}, parents: [sh, {name: sshd, "
		"user: root}]}\n"
		"  events: [read: 9]\n"
		"  fires:\n"
		"    rule: r\n"
		"    fields: {proc.exe: nginx, proc.exepath: /opt/ngx, proc.name: ngx, proc.args: -g daemon off,\n"
		"      user.name: alice, user.uid: '4321', user.homedir: /h, group.gid: '33', group.name: "
		"www-data,\n"
		"      user.loginuid: '0', user.loginname: root, proc.cwd: /srv/, 'proc.env[A]': b c, proc.pid: "
		"'4000',\n"
		"      proc.vpid: '7', proc.sid: '9', proc.pgid: '11', proc.tty: '34816', proc.is_exe_writable: "
		"'true',\n"
		"      proc.is_exe_from_memfd: 'true', proc.is_exe_upper_layer: 'true',\n"
		"      thread.cap_effective: CAP_CHOWN CAP_SYS_ADMIN, proc.stdin.type: pipe, fd.name: /x,\n"
		"      proc.pname: sh, 'proc.aname[2]': sshd, 'proc.aname[3]': systemd}\n"));
}

TEST(a_container_is_around_the_processes_and_their_parents)
{
	PASSES(CASE(
		"  container: {image: 'reg:5000/lib/nginx:1.25', name: web, id: 3ad7b26ded6d, privileged: true,\n"
		"    type: containerd, labels: {app: x}, mounts: ['/etc:/host:ro'],\n"
		"    pod: {name: web-1, namespace: prod, uid: u1, labels: {tier: front}}}\n"
		"  process: {command: nginx, parents: [nginx]}\n"
		"  events: [sysinfo]\n"
		"  fires:\n"
		"    rule: r\n"
		"    fields: {container.id: 3ad7b26ded6d, container.name: web, container.image.repository: "
		"'reg:5000/lib/nginx',\n"
		"      container.image.tag: '1.25', container.type: containerd, container.privileged: 'true',\n"
		"      k8s.pod.name: web-1, k8s.ns.name: prod, 'container.mount.source[0]': /etc,\n"
		"      proc.pname: nginx, 'proc.aname[2]': containerd-shim, 'proc.aname[3]': systemd, proc.cwd: "
		"/}\n"));
	PASSES(CASE("  container: nginx\n"
		    "  process: {command: sh, container: host}\n"
		    "  events: [sysinfo]\n"
		    "  fires: {rule: r, fields: {container.id: host, proc.pname: bash}}\n"));
}

TEST(an_exec_begins_or_replaces_a_process)
{
	PASSES(CASE("  process: {command: id -u, parents: [sh]}\n"
		    "  events: [sysinfo, exec]\n"
		    "  fires: {rule: r, event: 2, count: 1, fields: {proc.name: id, evt.type: execve, proc.pname: "
		    "sh}}\n"));
	PASSES(CASE("  process: {command: id -u, parents: [sh]}\n"
		    "  events: [exec]\n"
		    "  fires: {rule: r, fields: {proc.cmdline: id -u, evt.res: SUCCESS}}\n"));
	PASSES(CASE("  process: {command: bash, user: www-data, tty: true}\n"
		    "  events:\n"
		    "    - exec: /tmp/x -a\n"
		    "    - sysinfo\n"
		    "  fires: {rule: r, event: 2, fields: {proc.exepath: /tmp/x, proc.args: -a, user.name: "
		    "www-data, proc.tty: '34816'}}\n"));
	PASSES(CASE("  process: bash\n"
		    "  events:\n"
		    "    - exec: {exe: /tmp/x, user: root}\n"
		    "      result: EACCES\n"
		    "  fires: {rule: r, fields: {proc.name: bash, evt.res: EACCES, user.name: user, "
		    "evt.arg.filename: /tmp/x}}\n"));
	PASSES(CASE("  process: bash\n"
		    "  events:\n"
		    "    - exec: {exe: x, exepath: /memfd:x, exe_from_memfd: true, env: {LD_PRELOAD: /tmp/l.so}, "
		    "user: root}\n"
		    "  fires: {rule: r, fields: {proc.is_exe_from_memfd: 'true', 'proc.env[LD_PRELOAD]': "
		    "/tmp/l.so, user.uid: '0'}}\n"));
}

TEST(forks_make_processes_that_act)
{
	PASSES(CASE("  process: nginx\n"
		    "  events:\n"
		    "    - fork: worker\n"
		    "    - exec: sh -c id\n"
		    "      by: worker\n"
		    "    - sysinfo\n"
		    "  fires:\n"
		    "    - {rule: r, event: 1, count: 2}\n"
		    "    - {rule: r, event: 2, fields: {proc.name: sh, proc.pname: nginx}}\n"
		    "    - {rule: r, event: 3, fields: {proc.name: nginx}}\n"));
}

TEST(opens_have_paths_flags_and_results)
{
	PASSES(CASE("  process: {command: cat, cwd: /srv}\n"
		    "  events:\n"
		    "    - openat: notes\n"
		    "    - openat: {path: /etc/x, flags: [O_WRONLY, O_CREAT], mode: 644}\n"
		    "    - open: /etc/y\n"
		    "      result: ENOENT\n"
		    "    - creat: /z\n"
		    "    - read: {fd: 3, data: abc}\n"
		    "  fires:\n"
		    "    - {rule: r, event: 1, fields: {fd.name: /srv/notes, evt.is_open_read: 'true', fd.num: "
		    "'3', evt.arg.dirfd: AT_FDCWD}}\n"
		    "    - {rule: r, event: 2, fields: {fd.name: /etc/x, evt.arg.flags: O_CREAT|O_WRONLY, "
		    "evt.is_open_write: 'true', evt.arg.mode: '0644'}}\n"
		    "    - {rule: r, event: 3, fields: {evt.res: ENOENT, evt.failed: 'true', evt.arg.name: /etc/y, "
		    "fd.name: /etc/y}}\n"
		    "    - {rule: r, event: 4, fields: {fd.num: '5', fd.name: /z}}\n"
		    "    - {rule: r, event: 5, fields: {fd.name: /srv/notes, evt.rawres: '3', evt.buffer: abc, "
		    "evt.arg.size: '3'}}\n"));
}

TEST(connections_are_of_their_protocol_and_role)
{
	PASSES(CASE(
		"  process: {command: nc, fds: {7: 'tcp 192.0.2.9:4000->10.0.0.5:22', 8: 'listen 0.0.0.0:22'}}\n"
		"  events:\n"
		"    - connect: 192.0.2.1:4444\n"
		"    - connect: udp 192.0.2.1:53\n"
		"    - connect: {to: '[2001:db8::1]:443', from: '[fd00::5]:9'}\n"
		"      result: EINPROGRESS\n"
		"    - dup2: {oldfd: tcp 192.0.2.2:80, newfd: 0}\n"
		"    - read: 7\n"
		"    - accept4: 192.0.2.5:1234\n"
		"    - connect: /run/x.sock\n"
		"    - sendto: {to: '192.0.2.1:53', data: q}\n"
		"    - bind: 0.0.0.0:8080\n"
		"  fires:\n"
		"    - {rule: r, event: 1, fields: {fd.name: '10.0.0.5:40000->192.0.2.1:4444', fd.l4proto: tcp, "
		"fd.sip: 192.0.2.1, fd.sport: '4444', fd.type: ipv4}}\n"
		"    - {rule: r, event: 2, fields: {fd.l4proto: udp, fd.sport: '53'}}\n"
		"    - {rule: r, event: 3, fields: {fd.type: ipv6, fd.sport: '443', evt.res: EINPROGRESS}}\n"
		"    - {rule: r, event: 4, fields: {fd.num: '0', fd.name: '10.0.0.5:40000->192.0.2.2:80', "
		"evt.rawres: '0'}}\n"
		"    - {rule: r, event: 5, fields: {fd.name: '192.0.2.9:4000->10.0.0.5:22', fd.is_server: 'true', "
		"fd.cip: 192.0.2.9}}\n"
		"    - {rule: r, event: 6, fields: {fd.cip: 192.0.2.5, fd.is_server: 'true'}}\n"
		"    - {rule: r, event: 7, fields: {fd.type: unix}}\n"
		"    - {rule: r, event: 8, fields: {fd.l4proto: udp, fd.sport: '53', evt.rawres: '1'}}\n"
		"    - {rule: r, event: 9, fields: {fd.sport: '8080'}}\n"));
}

TEST(parameters_take_names_of_processes_users_and_files)
{
	PASSES(CASE(
		"  process: gdb\n"
		"  processes: {victim: {exe: /usr/sbin/nginx, pid: 4242}}\n"
		"  events:\n"
		"    - ptrace: {request: PTRACE_ATTACH, pid: victim}\n"
		"    - kill: {pid: bash, sig: SIGKILL}\n"
		"    - setuid: root\n"
		"    - chown: {path: /x, uid: www-data, gid: nogroup}\n"
		"    - fchmod: {fd: /tmp/suid, mode: 4755}\n"
		"    - mkdirat: {path: sub, dirfd: /srv/}\n"
		"    - sysinfo:\n"
		"      by: victim\n"
		"  fires:\n"
		"    - {rule: r, event: 1, fields: {'evt.rawarg.pid': '4242', evt.arg.request: PTRACE_ATTACH}}\n"
		"    - {rule: r, event: 2, fields: {evt.arg.sig: SIGKILL, evt.rawarg.pid: '1001'}}\n"
		"    - {rule: r, event: 3, fields: {user.uid: '0', user.name: root}}\n"
		"    - {rule: r, event: 4, fields: {evt.arg.uid: '33', evt.arg.gid: '65534'}}\n"
		"    - {rule: r, event: 5, fields: {fd.name: /tmp/suid, evt.arg.mode: "
		"S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID}}\n"
		"    - {rule: r, event: 6, fields: {'evt.arg.dirfd': '<d>/srv'}}\n"
		"    - {rule: r, event: 7, fields: {proc.name: nginx, proc.pid: '4242'}}\n"));
}

TEST(what_differs_is_told)
{
	CHECK_EQUAL(run(CASE("  events: [sysinfo]\n  silent: all\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  events: [sysinfo]\n  fires: {rule: r, count: 2}\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  events: [sysinfo]\n  fires: {rule: r, output: other}\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  events: [sysinfo]\n  fires: {rule: r, fields: {proc.name: x}}\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  events: [sysinfo]\n  fires: unknown\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  capture: none.scap\n  fires: r\n")), SK_TEST_FAILED);
	CHECK_EQUAL(run(CASE("  capture: none.scap\n  optional: true\n  fires: r\n")), SK_TEST_SKIPPED);
}

/* Every allocation fails in turn: the file is refused, or read, and nothing breaks. */
TEST(without_memory_nothing_breaks)
{
	static const char text[] =
		CASE("  container: {image: nginx, labels: {a: b}, mounts: ['/a:/b'], pod: {name: p}}\n"
		     "  users: [{name: alice, uid: 4321}]\n"
		     "  process: {command: a 'b c', user: mallory, group: g, env: {A: b}, parents: [x, {name: y}], "
		     "fds: {5: pipe}}\n"
		     "  processes: {other: ./z}\n"
		     "  events:\n"
		     "    - openat: {path: /x, flags: [O_RDWR, O_CREAT]}\n"
		     "    - connect: {to: 192.0.2.1:1, from: 10.0.0.5:2}\n"
		     "    - dup2: {oldfd: tcp 192.0.2.2:80, newfd: 0}\n"
		     "    - fork: kid\n"
		     "    - exec: {exe: q, args: [r]}\n"
		     "      by: kid\n"
		     "    - poll: {fds: [3, 4]}\n"
		     "  fires: {rule: r, fields: {proc.name: x}, output: y}\n"
		     "  silent: [s]\n");
	int result = -1;
	size_t count;

	for (count = 0; result < 0 && count < 5000; count++) {
		sk_alloc_fail_after(count);
		result = read_file(text);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(result == 0 || result == -ENOMEM || read.diagnostics.errors);
		forget();
	}
	CHECK_EQUAL(result, 0);
	CHECK(count > 5);
}

TEST_MAIN(RUN(a_case_is_read) RUN(mistakes_in_keys_are_shown_where_they_are) RUN(
		  mistakes_in_losses_are_shown_where_they_are) RUN(mistakes_in_processes_are_shown_where_they_are)
		  RUN(mistakes_in_events_are_shown_where_they_are) RUN(
			  mistakes_in_expectations_are_shown_where_they_are)
			  RUN(a_command_line_says_most_of_a_process) RUN(all_that_is_said_of_a_process_can_be_seen)
				  RUN(a_container_is_around_the_processes_and_their_parents) RUN(
					  an_exec_begins_or_replaces_a_process) RUN(forks_make_processes_that_act)
					  RUN(opens_have_paths_flags_and_results)
						  RUN(connections_are_of_their_protocol_and_role)
							  RUN(parameters_take_names_of_processes_users_and_files)
								  RUN(what_differs_is_told)
									  RUN(without_memory_nothing_breaks)
										  remove(folder);)
