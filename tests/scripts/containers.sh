#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Containers of podman, started before and after the sensor, are shown with
# what podman says of them; without an answer, with their ids alone.
. tests/scripts/tap.sh.inc

unable() {
	skip "containers of podman have names" "$1"
	finish
}
reason=$("$saker" run --check 2>&1) || unable "${reason#saker: }"
command -v podman >/dev/null && command -v runc >/dev/null || unable "no podman or no runc"
[ -x /bin/busybox ] || unable "no busybox"

socket=$work/podman.sock
service= sensor=
pod() {
	podman --root "$work/root" --runroot "$work/runroot" --storage-driver vfs --cgroup-manager=cgroupfs \
		--runtime runc "$@"
}
run_container() { # OPTION_OR_WORD...
	pod run --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}
stop_sensor() {
	[ -z "$sensor" ] || { kill -INT "$sensor" 2>/dev/null && wait "$sensor"; }
	sensor=
}
clean_up() {
	stop_sensor
	[ -z "$service" ] || kill "$service" 2>/dev/null
	pod rm -a -f -t 0 >/dev/null 2>&1
	rm -rf "$work"
}
trap clean_up EXIT

mkdir -p "$work/image/bin" "$work/image/etc" "$work/data"
cp /bin/busybox "$work/image/bin/busybox"
for tool in sh cat sleep; do ln -s busybox "$work/image/bin/$tool"; done
printf 'root:x:0:0:root:/root:/bin/sh\nclerk:x:4321:4321::/:/bin/sh\n' >"$work/image/etc/passwd"
printf 'root:x:0:\nclerks:x:4321:\n' >"$work/image/etc/group"
tar -C "$work/image" -c bin etc | pod import --change 'LABEL maker=saker' - localhost/shop:v1 >"$work/import.log" 2>&1 ||
	unable "podman cannot import an image here: $(tail -n 1 "$work/import.log")"
run_container -d --name before --label tier=front -v "$work/data:/data:ro" localhost/shop:v1 \
	/bin/sh -c 'while :; do cat /etc/passwd; sleep 0.2; done' >"$work/run.log" 2>&1 ||
	unable "podman cannot run a container here: $(tail -n 1 "$work/run.log")"
pod system service --time 0 "unix://$socket" >"$work/service.log" 2>&1 &
service=$!
tries=0
until [ -S "$socket" ]; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || unable "podman's service does not begin to listen: $(tail -n 1 "$work/service.log")"
	sleep 0.1
done

cat >"$work/pack.yaml" <<'PACK'
- rule: reads users
  desc: a container reads its own
  condition: evt.type in (open, openat) and container.id != host and fd.name = /etc/passwd
  output: '%container.id %container.full_id %container.name %container.type %container.image
    %container.image.repository %container.image.tag %container.image.digest %container.image.id
    %container.privileged %container.mounts %container.labels %user.name %group.name'
  priority: INFO
PACK

start_sensor() { # OPTION...
	: >"$work/alerts"
	"$saker" run --json -r "$work/pack.yaml" "$@" >"$work/alerts" 2>"$work/sensor.log" &
	sensor=$!
	tries=0
	until grep -q watching "$work/sensor.log"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] && kill -0 "$sensor" 2>/dev/null || return 1
		sleep 0.1
	done
}

# alerted FIELD=VALUE...: within five seconds an alert has these output fields.
alerted() {
	python3 - "$work/alerts" "$@" <<'PYTHON'
import json, sys, time
wanted = [w.split('=', 1) for w in sys.argv[2:]]
end = time.time() + 5
last = None
while time.time() < end:
    for line in open(sys.argv[1], errors='replace'):
        try:
            last = json.loads(line)['output_fields']
        except ValueError:
            continue  # half written
        if all(json.dumps(last[n]).strip('"') == v for n, v in wanted):
            sys.exit(0)
    time.sleep(0.05)
sys.exit(f'no alert with {wanted}; the last: {last}')
PYTHON
}

about() { pod inspect --format "$2" "$1"; }
expect "the sensor starts" start_sensor --podman-socket "$socket"
id=$(about before '{{.Id}}')
expect "a container that was there before has a name, an image, mounts and labels" alerted \
	container.id="$(echo "$id" | cut -c1-12)" container.full_id="$id" container.name=before \
	container.type=podman container.image=localhost/shop:v1 container.image.repository=localhost/shop \
	container.image.tag=v1 container.image.digest="$(about before '{{.ImageDigest}}')" \
	container.image.id="$(about before '{{.Image}}')" container.privileged=false \
	container.mounts="$work/data:/data::false:rprivate" "container.labels=maker:saker, tier:front"
run_container -d --name after --privileged localhost/shop:v1 \
	/bin/sh -c 'while :; do cat /etc/passwd; sleep 0.2; done' >"$work/run.log" 2>&1
id=$(about after '{{.Id}}')
expect "and so has one that started later" alerted container.id="$(echo "$id" | cut -c1-12)" container.full_id="$id" \
	container.name=after container.image=localhost/shop:v1 container.privileged=true container.labels=maker:saker
stop_sensor

expect "the sensor starts where no runtime listens" start_sensor --podman-socket "$work/nobody.sock" \
	--docker-socket "$work/nobody.sock"
expect "a container is then known by its id alone" alerted container.id="$(echo "$id" | cut -c1-12)" container.name=null \
	container.image=null container.privileged=null
stop_sensor
expect "nobody is asked where that is not wanted" start_sensor --no-container-runtimes --podman-socket "$socket"
expect "and the id stays" alerted container.id="$(echo "$id" | cut -c1-12)" container.name=null
stop_sensor
expect "what cannot be a socket is refused" exits 2 "$saker" run -r "$work/pack.yaml" --podman-socket relative.sock
finish
