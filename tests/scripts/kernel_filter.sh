#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two sensors watch the same workload at the same time, one with the filter in
# the kernel and one without: they report the same, and one of them sees less.
. tests/scripts/tap.sh.inc
. tests/scripts/two_sensors.sh.inc

if ! reason=$("$saker" run --check 2>&1); then
	skip "with and without the filter in the kernel the same is reported" "${reason#saker: }"
	finish
fi

# Each kind of event that shows a file which was opened before it: by an
# argument, by standard input, through copies and children.
cat >"$work/pack.yaml" <<PACK
- macro: ours
  condition: proc.cmdline contains "$work/workload.py"
- rule: opened
  desc: a path that the filter cannot rule out
  condition: ours and evt.type in (open, openat) and fd.name startswith $work/secret and fd.num >= 0
  output: "%fd.name %evt.arg.flags %evt.res"
  priority: INFO
- rule: failed
  desc: opens that failed
  condition: ours and evt.type in (open, openat) and evt.res = EACCES and fd.name startswith $work
  output: "%fd.name %evt.res"
  priority: INFO
- rule: used
  desc: what an fd is
  condition: ours and evt.type in (fchmod, fchown, flock, dup2, dup3) and fd.name startswith $work
  output: "%evt.type %fd.num %fd.name %fd.nameraw %fd.type %fd.ino %fd.directory %fd.filename %evt.args"
  priority: INFO
- rule: program
  desc: what a program reads
  condition: evt.type in (execve, execveat) and proc.pcmdline contains "$work/workload.py" and evt.failed = false
  output: "%proc.name %proc.stdin.name %proc.stdin.type"
  priority: INFO
- rule: linked
  desc: a file named by its fd
  condition: ours and evt.type = linkat
  output: "%evt.arg.olddir %fs.path.target %fs.path.source %evt.res"
  priority: INFO
- rule: connected
  desc: a socket where a file was before
  condition: ours and evt.type = connect
  output: "%fd.type %fd.name %evt.res"
  priority: INFO
- rule: received
  desc: an fd of another process
  condition: ours and evt.type = fchown and evt.arg.uid contains 0 and fd.num > 0
  output: "%fd.name %fd.type"
  priority: INFO
PACK

cat >"$work/workload.py" <<'PYTHON'
import ctypes, fcntl, os, socket, subprocess, sys, threading, time
work = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
path = lambda name: f'{work}/{name}'
for name in ('plain', 'other', 'third', 'secret'):
    open(path(name), 'w').close()

def learn():
    # Until the sensor has said that these paths are of no interest.
    for _ in range(6):
        for name in ('plain', 'other', 'third'):
            for _ in range(20):
                os.close(os.open(path(name), os.O_RDONLY))
        try:
            os.open(path('absent'), os.O_RDONLY)
        except OSError:
            pass
        time.sleep(0.15)
learn()

def held(name='plain', flags=os.O_RDONLY):
    return os.open(path(name), flags)

# By argument; twice; after a close; another file at the same number.
fd = held()
os.fchmod(fd, 0o640)
os.fchmod(fd, 0o644)
os.close(fd)
fd = held('other')
os.fchmod(fd, 0o641)
os.close(fd)
fd = held('secret')
os.fchmod(fd, 0o642)
os.close(fd)
# A socket where a file was, and a file where a socket was.
fd = held(); os.close(fd)
s = socket.socket(); assert s.fileno() == fd
try:
    s.connect(('127.0.0.1', 1))
except OSError:
    pass
s.close()
fd = held('third'); fcntl.flock(fd, fcntl.LOCK_SH); os.close(fd)
try:
    libc.connect(fd, b'\2\0\0\1\x7f\0\0\1' + bytes(8), 16)
except OSError:
    pass
# Copies, of an fd of which nothing is known yet.
fd = held()
copy = os.dup(fd); os.close(fd); os.fchmod(copy, 0o643); os.close(copy)
fd = held('other'); os.dup2(fd, 77); os.close(fd); os.fchmod(77, 0o643); os.close(77)
fd = held('third'); copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 50); os.close(fd); os.fchmod(copy, 0o643); os.close(copy)
# Over a socket.
s = socket.socket(); fd = held(); os.dup2(fd, s.fileno()); os.fchmod(s.fileno(), 0o644); s.close(); os.close(fd)
# Children: of files that were opened before, and what the parent does with them after.
fd = held()
child = os.fork()
if child == 0:
    os.fchmod(fd, 0o645); os.close(fd); fd = held('third'); os.fchmod(fd, 0o646); os._exit(0)
os.waitpid(child, 0)
os.fchmod(fd, 0o647); os.close(fd)
# Programs whose standard input it is; one that inherits it.
fd = held(); subprocess.run(['/bin/true'], stdin=fd); os.close(fd)
fd = held('other'); subprocess.run(['/bin/echo'], stdin=fd, stdout=subprocess.DEVNULL); os.close(fd)
# Standard input itself.
saved = os.dup(0); os.close(0); fd = held('third'); assert fd == 0
subprocess.run(['/bin/cat'], stdout=subprocess.DEVNULL); os.dup2(saved, 0); os.close(saved)
# Named by its fd alone.
fd = held()
libc.linkat(fd, b'', -100, path('link').encode(), 0x1000)
os.close(fd)
# From another process.
a, b = socket.socketpair()
fd = held('other'); socket.send_fds(a, [b'x'], [fd]); os.close(fd)
_, fds, _, _ = socket.recv_fds(b, 1, 1)
time.sleep(0.3)
os.fchown(fds[0], 0, 0); os.close(fds[0])
fd = held(); os.fchmod(fd, 0o650); os.close(fd)
a.close(); b.close()
# Other threads.
def thread():
    for name in ('plain', 'other', 'third'):
        fd = held(name); os.fchmod(fd, 0o651); os.close(fd)
threads = [threading.Thread(target=thread) for _ in range(1)]
[t.start() for t in threads]; [t.join() for t in threads]
# Closed by range, and by exec.
fd = held(); os.closerange(fd, fd + 3); fd = held('other'); os.fchmod(fd, 0o652); os.close(fd)
fd = held('secret', os.O_WRONLY | os.O_TRUNC); os.close(fd)
# Many that nobody asks for.
for _ in range(2000):
    os.close(held())
os.execv('/bin/true', ['/bin/true'])
PYTHON

# Not what stands in front of it.
python=$(python3 -c 'import sys; print(sys.executable)')

expect "two sensors watch one workload" both_watch "$python" "$work/workload.py" "$work"
expect "with and without the filter in the kernel the same is reported" same opened used program linked connected received
expect "opens that no rule can match stay in the kernel" held path 2000
expect "and so do their closes" held fd 2000
expect "without the filter nothing is said of it" \
	sh -c "! grep -q 'held back' '$work/whole.log'"

printf -- '- rule: counts\n  desc: x\n  condition: evt.type = unlink and evt.num > 5\n  output: x\n  priority: INFO\n' \
	>"$work/counts.yaml"
expect "what is held back is explained" \
	sh -c "'$saker' run -r '$work/pack.yaml' --explain-filter | grep -q 'held back where the open was'"
expect "a condition that counts events holds nothing back" \
	sh -c "'$saker' run -r '$work/counts.yaml' --explain-filter | grep -q 'counts events'"

finish
