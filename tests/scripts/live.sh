#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Watches this host while something suspicious happens, and wants the alert
# within a second, with the right process, parent, user, file and command line.
. tests/scripts/tap.sh.inc

if ! reason=$("$saker" run --check 2>&1); then
	skip "suspicious behaviour is reported as it happens" "${reason#saker: }"
	finish
fi

sensor=
sensor_options=
stop_sensor() {
	[ -z "$sensor" ] || { kill -INT "$sensor" 2>/dev/null && wait "$sensor"; }
	sensor=
}
trap 'stop_sensor; rm -rf "$work" /dev/shm/sk-*' EXIT

# Every alert goes to $work/alerts as JSON; ready once the sensor says so.
start_sensor() { # PACK...
	rules=
	for pack; do rules="$rules -r $pack"; done
	: >"$work/alerts"
	: >"$work/sensor.log"
	# shellcheck disable=SC2086
	"$saker" run --json --rule-matching all $sensor_options $rules >"$work/alerts" 2>"$work/sensor.log" &
	sensor=$!
	tries=0
	until grep -q watching "$work/sensor.log"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] && kill -0 "$sensor" 2>/dev/null || {
			cat "$work/sensor.log"
			return 1
		}
		sleep 0.1
	done
}

# alerted RULE FIELD=VALUE...: within a second there is an alert of RULE with
# exactly those output fields (VALUE may end in * for "begins with").
alerted() {
	python3 - "$work/alerts" "$@" <<'PYTHON'
import json, sys, time
path, rule, wanted = sys.argv[1], sys.argv[2], [w.split('=', 1) for w in sys.argv[3:]]
def fits(fields, name, value):
    actual = str(fields.get(name))
    return actual.startswith(value[:-1]) if value.endswith('*') else actual == value
end = time.time() + 1.0
while True:
    near = []
    for line in open(path, errors='replace'):
        try:
            alert = json.loads(line)
        except ValueError:
            continue  # the last line, half written
        if alert['rule'] != rule:
            continue
        near.append(alert['output_fields'])
        if all(fits(alert['output_fields'], name, value) for name, value in wanted):
            sys.exit(0)
    if time.time() > end:
        break
    time.sleep(0.05)
print('no alert of', rule, 'with', wanted)
for fields in near[-5:]:
    print('  had', json.dumps(fields))
sys.exit(1)
PYTHON
}

behave=$(pwd)/$build/tests/helpers/behave
# A test that itself runs inside a container or another sandbox is in its
# cgroup; only outside can the id be foretold.
host="container.id=*"
grep -q ':/[^/]*/' /proc/self/cgroup || host=container.id=host
me=$(cat /proc/$$/comm)

# --- saker's own pack ------------------------------------------------------

if ! start_sensor rules/; then
	expect "the sensor starts" false
	finish
fi

cat /etc/shadow >/dev/null 2>&1
expect "reading /etc/shadow with cat" alerted "Password hashes read" fd.name=/etc/shadow proc.name=cat \
	"proc.cmdline=cat /etc/shadow" proc.exepath="$(readlink -f "$(command -v cat)")" proc.pname="$me" \
	user.name=root user.uid=0 "$host"
"$behave" ptrace
expect "a ptrace attach" alerted "Process traced" proc.name=behave "evt.arg.request=PTRACE_ATTACH" \
	"proc.cmdline=behave ptrace" proc.pname="$me"
"$behave" memfd /bin/true
expect "execution from a memfd" alerted "Program started from memory only" proc.exe=memfd-program proc.pname="$me"
cp /bin/true /dev/shm/sk-$$
/dev/shm/sk-$$
expect "execution from /dev/shm" alerted "Program started from shared memory" \
	proc.exepath=/dev/shm/sk-$$ "proc.cmdline=sk-$$" proc.pname="$me"
ln -s /etc/shadow "$work/link"
expect "a symbolic link over a sensitive file" alerted "Link made over a sensitive file" \
	evt.arg.target=/etc/shadow "evt.arg.linkpath=$work/link" proc.name=ln
: >/var/log/saker-test.log
expect "clearing a log" alerted "Log or history cleared" fd.name=/var/log/saker-test.log proc.name="$me"
rm -f /var/log/saker-test.log
echo secret >"$work/file" && shred -u "$work/file"
expect "destroying a file with shred" alerted "Files destroyed beyond recovery" "proc.cmdline=shred -u $work/file" \
	proc.pname="$me" user.name=root
grep -r "BEGIN RSA PRIVATE" "$work" >/dev/null 2>&1
expect "a search for private keys with grep" alerted "Private keys searched for" \
	"proc.cmdline=grep -r BEGIN RSA PRIVATE $work" proc.pname="$me"
find "$work" -name id_rsa >/dev/null
expect "a search for private keys with find" alerted "Private keys searched for" \
	"proc.cmdline=find $work -name id_rsa"
touch "$work/tool" && chmod u+s "$work/tool"
expect "a set-user-id bit" alerted "Set-user-id bit given" "proc.cmdline=chmod u+s $work/tool" "evt.arg.mode=*"
"$behave" redirect
expect "standard output connected to the network" alerted "Standard streams connected to the network" \
	proc.name=behave "fd.name=127.0.0.1:*"
stop_sensor
expect "SIGINT ends with one line of events, matches and drops" \
	grep -Eq '^saker: [0-9]+ events, [0-9]+ matches; drops: 0 ring full' "$work/sensor.log"

# --- beginnings of calls as well -------------------------------------------

sensor_options=--enter-events
if start_sensor rules/; then
	cat /etc/shadow >/dev/null 2>&1
	expect "with the beginnings of calls too, reading /etc/shadow is reported" alerted "Password hashes read" \
		fd.name=/etc/shadow proc.name=cat "proc.cmdline=cat /etc/shadow" proc.pname="$me"
	stop_sensor
	expect "and it is reported once" [ "$(grep -c 'Password hashes read.*cat /etc/shadow' "$work/alerts")" = 1 ]
else
	expect "the sensor starts with --enter-events" false
fi
sensor_options=

# --- the official packs ----------------------------------------------------

packs=$shared/data/packs
if [ ! -d "$packs" ]; then
	skip "the official packs report the same behaviour" "no $shared"
	finish
fi
if ! start_sensor "$packs/falco_rules.yaml" "$packs/falco-incubating_rules.yaml" "$packs/falco-sandbox_rules.yaml"; then
	expect "the sensor starts with the official packs" false
	finish
fi
common="proc.pname=$me user.name=root user.uid=0 $host"
cat /etc/shadow >/dev/null 2>&1
# shellcheck disable=SC2086
expect "official: reading /etc/shadow with cat" alerted "Read sensitive file untrusted" fd.name=/etc/shadow \
	proc.name=cat "proc.cmdline=cat /etc/shadow" $common
"$behave" ptrace
# shellcheck disable=SC2086
expect "official: a ptrace attach" alerted "PTRACE attached to process" proc.name=behave \
	"proc.cmdline=behave ptrace" $common
"$behave" memfd /bin/true
# shellcheck disable=SC2086
expect "official: execution from a memfd" alerted "Fileless execution via memfd_create" $common
/dev/shm/sk-$$
# shellcheck disable=SC2086
expect "official: execution from /dev/shm" alerted "Execution from /dev/shm" "proc.cmdline=sk-$$" \
	proc.exepath=/dev/shm/sk-$$ $common
ln -s /etc/shadow "$work/link2"
# shellcheck disable=SC2086
expect "official: a symbolic link over a sensitive file" alerted "Create Symlink Over Sensitive Files" \
	evt.arg.target=/etc/shadow "evt.arg.linkpath=$work/link2" proc.name=ln $common
: >/var/log/saker-test.log
expect "official: clearing a log" alerted "Clear Log Activities" fd.name=/var/log/saker-test.log proc.name="$me" \
	user.name=root user.uid=0 "$host"
rm -f /var/log/saker-test.log
echo secret >"$work/file" && shred -u "$work/file"
# shellcheck disable=SC2086
expect "official: bulk removal with shred" alerted "Remove Bulk Data from Disk" proc.name=shred \
	"proc.cmdline=shred -u $work/file" $common
grep -r "BEGIN RSA PRIVATE" "$work" >/dev/null 2>&1
# shellcheck disable=SC2086
expect "official: a private key search with grep" alerted "Search Private Keys or Passwords" proc.name=grep \
	"proc.cmdline=grep -r BEGIN RSA PRIVATE $work" $common
find "$work" -name id_rsa >/dev/null
# shellcheck disable=SC2086
expect "official: a private key search with find" alerted "Search Private Keys or Passwords" proc.name=find \
	"proc.cmdline=find $work -name id_rsa" $common

# --- inside a container ----------------------------------------------------

if ! command -v runc >/dev/null || [ ! -x /bin/busybox ]; then
	skip "official: container rules fire inside a runc container" "no runc or no static busybox"
	stop_sensor
	finish
fi
id=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
bundle=$work/container
mkdir -p "$bundle/rootfs/bin" "$bundle/rootfs/etc" "$bundle/rootfs/proc" "$bundle/rootfs/tmp" "$bundle/rootfs/dev"
cp /bin/busybox "$bundle/rootfs/bin/busybox"
for tool in sh cat ln base64 arping; do ln -s busybox "$bundle/rootfs/bin/$tool"; done
echo 'root:x:0:0:root:/root:/bin/sh' >"$bundle/rootfs/etc/passwd"
echo 'root:*:1::::::' >"$bundle/rootfs/etc/shadow"
(cd "$bundle" && runc spec && python3 - <<'PYTHON'
import json
spec = json.load(open('config.json'))
spec['process']['terminal'] = False
spec['process']['args'] = ['/bin/sh', '-c', '/bin/cat /etc/shadow; /bin/ln -s /etc/shadow /tmp/link; /bin/base64 -d /dev/null; /bin/arping -c 1 -w 1 -I lo 127.0.0.1']
spec['root']['readonly'] = False
spec['linux']['namespaces'] = [n for n in spec['linux']['namespaces'] if n['type'] != 'network']
json.dump(spec, open('config.json', 'w'))
PYTHON
)
if (cd "$bundle" && timeout 20 runc run "$id") >"$work/runc.log" 2>&1 || grep -q 'root:' "$work/runc.log"; then
	short=$(echo "$id" | cut -c1-12)
	expect "official: reading /etc/shadow inside a container" alerted "Read sensitive file untrusted" \
		fd.name=/etc/shadow proc.name=cat "proc.cmdline=cat /etc/shadow" proc.pname=sh container.id="$short" \
		user.name=root
	expect "official: a symbolic link inside a container" alerted "Create Symlink Over Sensitive Files" \
		evt.arg.target=/etc/shadow container.id="$short" proc.name=ln
	expect "official: decoding a payload inside a container" alerted "Decoding Payload in Container" \
		proc.name=base64 "proc.cmdline=base64 -d /dev/null" container.id="$short"
	expect "official: a packet socket inside a container" alerted "Packet socket created in container" \
		proc.name=arping container.id="$short"
else
	skip "official: container rules fire inside a runc container" "runc cannot start one here: $(tail -n 1 "$work/runc.log")"
fi
stop_sensor

# --- fds that come through a socket -------------------------------------------

cat >"$work/passed.yaml" <<YAML
- rule: passed
  desc: who reads what somebody else opened
  condition: evt.type = read and fd.name startswith $work/passed
  output: "%proc.pid %fd.name %fd.type %fd.num"
  priority: INFO
YAML
start_sensor "$work/passed.yaml"
echo secret >"$work/passed-file"
# The one who reads was there before the file was opened, so it has the fd from the socket alone.
reader=$(python3 - "$work/passed-file" <<'PYTHON'
import array, os, socket, sys, time
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
child = os.fork()
if child == 0:
    ours.close()
    data, control, flags, address = theirs.recvmsg(16, socket.CMSG_SPACE(8))
    fds = array.array('i', control[0][2])
    time.sleep(0.5)  # the sensor looks at /proc when the event gets to it
    os.read(fds[0], 100)
    os._exit(0)
time.sleep(0.2)
fd = os.open(sys.argv[1], os.O_RDONLY)
ours.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
os.waitpid(child, 0)
print(child)
PYTHON
)
expect "a file whose fd came through a socket has its name" alerted passed "proc.pid=$reader" \
	"fd.name=$work/passed-file" fd.type=file
stop_sensor
finish
