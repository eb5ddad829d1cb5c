#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two sensors watch processes that become others: by exec, by their parent's
# exec, by setuid, by another thread's chdir.  Before it the kernel holds their
# calls back, because no rule asks for them of such a process; the very first one
# after it must be reported, even if the sensor is asleep.
. tests/scripts/tap.sh.inc
. tests/scripts/two_sensors.sh.inc

if ! reason=$("$saker" run --check 2>&1); then
	skip "processes that become others are reported from then on" "${reason#saker: }"
	finish
fi

cat >"$work/pack.yaml" <<PACK
- macro: ours
  condition: proc.cmdline contains "$work/"
- rule: exec
  desc: what the process is
  condition: ours and evt.type in (chmod, fchmodat, fchmodat2) and proc.name = sk-watched
  output: "%proc.name %evt.arg.filename %evt.res"
  priority: INFO
- rule: ancestor
  desc: what its parent is
  condition: ours and evt.type in (mkdir, mkdirat) and proc.aname = sk-watched
  output: "%proc.name %proc.pname %evt.arg.path %evt.res"
  priority: INFO
- rule: user
  desc: who it is
  condition: ours and evt.type in (rmdir, unlinkat) and user.uid = 12345
  output: "%user.uid %evt.res"
  priority: INFO
- rule: directory
  desc: where its other thread went
  condition: ours and evt.type in (symlink, symlinkat) and proc.cwd = $work/there/
  output: "%proc.cwd %evt.res"
  priority: INFO
- rule: limit
  desc: what another process made of it
  condition: ours and evt.type in (rename, renameat, renameat2) and proc.fdlimit = 77
  output: "%proc.fdlimit %evt.res"
  priority: INFO
PACK

cat >"$work/workload.py" <<'PYTHON'
import ctypes, os, resource, signal, sys, threading, time
work, python, part = sys.argv[1:4]
watched = f'{work}/sk-watched'

def tried(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass

def unnoticed(call, *arguments):
    # Until the sensor has said of what class this thread is, and as long again.
    for _ in range(8):
        for _ in range(50):
            tried(call, *arguments)
        time.sleep(0.06)

def another(name, *more):
    os.execv(watched, [watched, f'{work}/workload.py', work, python, name, *more])

sensor = int(open(f'{work}/filtered.pid').read())
PTRACE_TRACEME, PTRACE_CONT, PTRACE_SETOPTIONS, PTRACE_O_TRACEEXEC = 0, 7, 0x4200, 0x10

def ptrace(request, process, data):
    if ctypes.CDLL(None).ptrace(request, process, None, ctypes.c_void_p(data)) != 0:
        sys.exit(f'ptrace({request}) failed')

chmod = (os.chmod, f'{work}/none', 0o600)
mkdir = (os.mkdir, f'{work}/none/none')
rmdir = (os.rmdir, f'{work}/none')
symlink = (os.symlink, 'x', f'{work}/none/none')
rename = (os.rename, f'{work}/none', f'{work}/some')

if part == 'begin':
    unnoticed(*chmod)
    child = os.fork()
    if child == 0:
        another('exec')
    os.waitpid(child, 0)

    # Another thread takes the place of this one, and its id.
    child = os.fork()
    if child == 0:
        unnoticed(*chmod)
        threading.Thread(target=another, args=('exec',)).start()
        time.sleep(5)
    os.waitpid(child, 0)

    # The parent becomes another, and is held by a debugger before its call has ended.
    # Somebody else may void what the kernel knows meanwhile, hence ten times.
    for _ in range(10):
        ready, begin, done = os.pipe(), os.pipe(), os.pipe()
        parent = os.fork()
        if parent == 0:
            if os.fork() == 0:
                unnoticed(*mkdir)
                for _ in range(400):
                    tried(*mkdir)
                os.write(ready[1], b'x')
                os.read(begin[0], 1)
                tried(*mkdir)
                os.write(done[1], b'x')
                os._exit(0)
            ptrace(PTRACE_TRACEME, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            another('nothing')
        os.waitpid(parent, 0)
        ptrace(PTRACE_SETOPTIONS, parent, PTRACE_O_TRACEEXEC)
        os.read(ready[0], 1)
        os.kill(sensor, signal.SIGSTOP)
        ptrace(PTRACE_CONT, parent, 0)
        os.waitpid(parent, 0)
        os.write(begin[1], b'x')
        os.read(done[0], 1)
        os.kill(sensor, signal.SIGCONT)
        ptrace(PTRACE_CONT, parent, 0)
        os.waitpid(parent, 0)

    # The parent becomes another, and says so.
    mine, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    child = os.fork()
    if child > 0:
        time.sleep(0.8)
        another('parent', str(theirs), str(child))
    unnoticed(*mkdir)
    os.read(mine, 1)
    tried(*mkdir)

    unnoticed(*rmdir)
    child = os.fork()
    if child == 0:
        unnoticed(*rmdir)
        os.setuid(12345)
        tried(*rmdir)
        os._exit(0)
    os.waitpid(child, 0)

    unnoticed(*symlink)
    thread = threading.Thread(target=os.chdir, args=(f'{work}/there',))
    thread.start()
    thread.join()
    tried(*symlink)

    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        unnoticed(*rename)
        os.read(mine, 1)
        tried(*rename)
        os._exit(0)
    time.sleep(0.8)
    resource.prlimit(child, resource.RLIMIT_NOFILE, (77, 77))
    os.write(theirs, b'x')
    os.waitpid(child, 0)
elif part == 'exec':
    tried(*chmod)
elif part == 'parent':
    os.write(int(sys.argv[4]), b'x')
    os.waitpid(int(sys.argv[5]), 0)
PYTHON

python=$(python3 -c 'import sys; print(sys.executable)')
ln -s "$python" "$work/sk-watched"
mkdir "$work/there"

expect "two sensors watch processes that become others" \
	both_watch "$python" "$work/workload.py" "$work" "$python" begin
expect "they are reported from then on" same exec ancestor user directory limit
expect "what they did before stays in the kernel" held process 1000

finish
