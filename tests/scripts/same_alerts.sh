#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `saker record` and `saker run --capture-on-alert` write gives the same alerts as live, and to sysdig the same
# events as to `saker read`.
#
# The workload's shell waits, stopped, before anyone watches: so there is a process that was there before, and its
# session is known to the rules.  Alerts of other processes are none of ours.
. tests/scripts/tap.sh.inc

if ! reason=$("$saker" run --check 2>&1); then
	skip "a capture gives the same alerts as live" "${reason#saker: }"
	finish
fi

mkdir "$work/captures"
cat >"$work/workload" <<'WORKLOAD'
kill -STOP $$
cd "$1"
exec 7<>shared
cat /etc/hostname >copy; head -c 3 <&7 >/dev/null; (cd sub; cat ../copy >/dev/null; ls >/dev/null)
ln -s copy link; mv link moved; chmod u+s copy; cat moved >/dev/null; rm moved
python3 - <<'PYTHON'
import os, socket, subprocess, threading, time
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen()
def serve():
    peer, _ = server.accept(); peer.recv(10); peer.send(b'answer'); peer.close()
thread = threading.Thread(target=serve); thread.start()
client = socket.create_connection(server.getsockname()); client.send(b'question'); client.recv(10); client.close()
thread.join()
fd = os.memfd_create('memory'); os.write(fd, b'x'); os.open('/proc/self/fd', os.O_RDONLY)
os.chdir('/'); subprocess.run(['cat', 'etc/hostname'], stdout=subprocess.DEVNULL)
if os.fork() == 0:
    os.setgid(1); os.setuid(1); open('/etc/hostname').close(); os._exit(3)
os.wait()
time.sleep(1.2)
os.execvp('cat', ['renamed', '/etc/hostname'])
PYTHON
sleep 0.1
cat /etc/hostname >/dev/null
: >done
WORKLOAD
mkdir "$work/place" "$work/place/sub"
echo content >"$work/place/shared"
setsid sh "$work/workload" "$work/place" 8</etc/passwd >/dev/null 2>&1 &
until session=$(pgrep -f "^sh $work/workload $work/place") && grep -q '^State:.T' "/proc/$session/status"; do sleep 0.05; done

fields='%proc.name|%proc.exepath|%proc.cmdline|%proc.pname|%proc.pcmdline|%proc.aname[2]|%proc.aname[3]|%proc.cwd|%proc.pid|%proc.vpid|%proc.ppid|%proc.sname|%proc.pgid|%proc.tty|%proc.env[PATH]|%proc.loginshellid|%user.uid|%user.name|%user.loginuid|%group.name|%thread.tid|%thread.cap_effective|%proc.stdin.name|%proc.is_exe_writable|%proc.exe_ino|%proc.pid.ts|%proc.ppid.ts|%proc.pidns_init_start_ts|%fd.num|%fd.type|%fd.typechar|%fd.name|%fd.nameraw|%fd.directory|%fd.sip|%fd.sport|%fd.cip|%fd.cport|%fd.is_server|%fd.l4proto|%fd.ino|%fd.dev|%fs.path.name|%fs.path.source|%fs.path.target|%evt.type|%evt.res|%evt.args|%container.id|%proc.fdopencount|%proc.nthreads'
rule() { # NAME CONDITION
	printf -- '- rule: %s\n  desc: d\n  condition: %s and proc.sid = %s\n  output: "%s"\n  priority: INFO\n  capture: %s\n' \
		"$1" "$2" "$session" "$fields" "$3"
}
{
	rule opened 'evt.type in (open, openat, openat2, creat)' true
	rule started 'evt.type in (execve, execveat)' true
	rule connected 'evt.type in (connect, accept, accept4, bind, listen)' true
	rule 'talked or wrote' 'evt.type in (read, write, sendto, recvfrom, close, dup2, dup3) and fd.num >= 0' false
	rule changed 'evt.type in (chmod, fchmodat, rename, renameat2, unlinkat, symlinkat, chdir, setuid, setgid, memfd_create)' true
	rule ended 'evt.type = procexit' false
} >"$work/rules.yaml"

# The workload, while everybody watches; the sensor has read /proc by then, as the recorder has.
"$saker" run --json --rule-matching all --capture-on-alert "$work/captures" --capture-before 2 --capture-after 1 \
	--capture-rules marked -r "$work/rules.yaml" >"$work/live" 2>"$work/run.err" &
sensor=$!
"$saker" record -s 80 -o "$work/host.scap" 2>"$work/record.err" &
recorder=$!
trap 'kill -9 $session 2>/dev/null; kill -INT $sensor $recorder 2>/dev/null; wait; rm -rf "$work"' EXIT
tries=0
until grep -qs watching "$work/run.err" && grep -qs recording "$work/record.err"; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ]; then
		cat "$work/run.err" "$work/record.err"
		expect "both watch" false
		finish
	fi
	sleep 0.1
done
sleep 2.5
kill -CONT "$session"
tries=0
until [ -e "$work/place/done" ]; do
	tries=$((tries + 1))
	[ $tries -gt 300 ] && break
	sleep 0.1
done
expect "the workload is done" [ -e "$work/place/done" ]
sleep 2.5
kill -INT "$sensor" "$recorder"
wait "$sensor" "$recorder"
trap 'rm -rf "$work"' EXIT
sed 's/^/# /' "$work/run.err" "$work/record.err"

lost() { # LOG
	grep -Eo 'drops?: [0-9]+|[0-9]+ (ring full|too large|no scratch)' "$1" | grep -Eqv '(^|: )0( |$)'
}

replay() { # CAPTURE...: alerts
	for file; do
		"$saker" replay --json --rule-matching all -r "$work/rules.yaml" "$file" 2>>"$work/replay.err" || return 1
	done
}
# same CLOCK FILE: the alerts of the replayed FILE are those of live.  CLOCK `one`: both saw the same events; `two`:
# each has read the clock by itself, microseconds apart, so times are compared roughly and not in values.
same() {
	python3 - "$1" "$work/live" "$2" <<'PYTHON'
import json, re, sys
clock = sys.argv[1]
def load(path):
    return [json.loads(line) for line in open(path, errors='replace') if line.startswith('{')]
def key(alert):
    fields = {k: v for k, v in alert['output_fields'].items() if clock == 'one' or not re.search(r'[._]ts$|time|duration', k)}
    text = alert['output']
    if 'saker.evidence' in fields:
        # Why a runtime has not answered is known live only.
        fields['saker.evidence'] = re.sub(r'(k8s.ns.name) \([^)]*\)', r'\1', fields['saker.evidence'])
    if clock == 'two':
        text = re.sub(r'\d{19}|\d\d:\d\d:\d\d\.\d+', 'T', text)
        fields.pop('saker.evidence', None)
        return alert['rule'], alert['priority'], text, json.dumps(fields, sort_keys=True)
    return alert['time'], alert['rule'], text, json.dumps(fields, sort_keys=True)
live, replayed = load(sys.argv[2]), load(sys.argv[3])
one, other = {key(alert): alert for alert in live}, {key(alert): alert for alert in replayed}
print(f'# {len(live)} alerts live, {len(replayed)} replayed')
shown = 0
for item in sorted(set(one) - set(other)):
    twin = next((a for k, a in other.items() if k not in one and all(
        a['output_fields'].get(f) == one[item]['output_fields'].get(f) for f in ('thread.tid', 'evt.type', 'evt.args'))), None)
    shown += 1
    if shown > 5:
        break
    if twin:
        mine = one[item]['output_fields'], twin['output_fields']
        print('#', {k: (mine[0].get(k), mine[1].get(k)) for k in mine[0] if mine[0].get(k) != mine[1].get(k)} or (one[item], twin))
    else:
        print('# only live:', one[item]['output'][:300])
for item in sorted(set(other) - set(one))[:3]:
    print('# only replayed:', other[item]['output'][:300])
# A capture on alert may begin with what is in the one before, too.
equal = set(one) == set(other) and (clock == 'one' or len(live) == len(replayed))
sys.exit(0 if equal and len(live) > 40 else 1)
PYTHON
}

count() { find "$work/captures" -name '*.scap' | wc -l; }
expect "captures on alert were written" [ "$(count)" -ge 1 ]
expect "none is left unfinished" [ -z "$(find "$work/captures" -name '.*.part')" ]
expect "their owner alone reads them" [ -z "$(find "$work/captures" -name '*.scap' ! -perm 600)" ]
replay "$work"/captures/*.scap >"$work/on-alert"
replay "$work/host.scap" >"$work/recorded"
if lost "$work/run.err" || lost "$work/record.err"; then
	skip "captures on alert give the same alerts, at the same times" "events were lost: others are at work on this host"
	skip "a recording gives the same alerts" "events were lost: others are at work on this host"
else
	expect "captures on alert give the same alerts, at the same times" same one "$work/on-alert"
	expect "a recording gives the same alerts" same two "$work/recorded"
fi
cat "$work/expect.log" 2>/dev/null | head -n 3

if ! command -v sysdig >/dev/null; then
	skip "sysdig reads the same" "there is no sysdig"
	finish
fi
# Every event of a type that sysdig knows, which it does if it prints any of it.
events() { # CAPTURE
	"$saker" read "$1" -p '%evt.rawtime %thread.tid %evt.type' | sort >"$work/ours"
	sysdig -r "$1" -p '%evt.rawtime %thread.tid %evt.type' 2>"$work/sysdig.err" | sort >"$work/sysdig"
	cat "$work/sysdig.err"
	awk '{ print $3 }' "$work/sysdig" | sort -u >"$work/known"
	[ -s "$work/known" ] && [ "$(comm -23 "$work/sysdig" "$work/ours" | wc -l)" -eq 0 ] &&
		[ "$(comm -13 "$work/sysdig" "$work/ours" | awk '{ print $3 }' | sort -u | comm -12 - "$work/known" | wc -l)" -eq 0 ]
}
for capture in "$work/host.scap" "$work"/captures/*.scap; do
	name=${capture##*/}
	[ "$capture" = "$work/host.scap" ] || name="a capture on alert"
	expect "sysdig has the events of $name, and no others" events "$capture"
	[ -d "$shared/tools" ] || continue
	# Of others on this host sysdig knows less: calls that it has no type for change directories and fds.
	expect "and their parameters" python3 tests/conformance/compare_lines.py sysdig "$saker" "$shared" "$capture" \
		"proc.sid = $session"
	python3 tests/tools/add_notes.py "$capture" "$work/noted.scap"
	expect "with notes, too" events "$work/noted.scap"
done
finish
