#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Containers of podman, started before and after the sensor, are shown with
# what podman says of them; without an answer, with their ids alone.
. tests/scripts/tap.sh.inc
. tests/scripts/sensor.sh.inc

unable() {
	skip "containers of podman have names" "$1"
	finish
}
reason=$("$saker" run --check 2>&1) || unable "${reason#saker: }"
command -v podman >/dev/null && command -v runc >/dev/null || unable "no podman or no runc"
[ -x /bin/busybox ] || unable "no busybox"

socket=$work/podman.sock
service=
apart="--root $work/root --runroot $work/runroot --storage-driver vfs --cgroup-manager=cgroupfs --runtime runc"
# shellcheck disable=SC2086
pod() { podman $apart "$@"; }
run_container() { # OPTION_OR_WORD...
	pod run --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}
clean_up() {
	stop_sensor
	[ -z "$service" ] || { kill "$service" && wait "$service"; } 2>/dev/null
	pod rm -a -f -t 0 >/dev/null 2>&1
	# What conmon starts when a container ends may still be writing.
	rm -rf "$work" 2>/dev/null || { sleep 1 && rm -rf "$work"; }
}
trap clean_up EXIT

put_image_together "$work/image"
mkdir "$work/data"
tar -C "$work/image" -c bin etc | pod import --change 'LABEL maker=saker' - localhost/shop:v1 >"$work/import.log" 2>&1 ||
	unable "podman cannot import an image here: $(tail -n 1 "$work/import.log")"
run_container -d --name before --label tier=front -v "$work/data:/data:ro" localhost/shop:v1 \
	/bin/sh -c 'while :; do cat /etc/passwd; sleep 0.2; done' >"$work/run.log" 2>&1 ||
	unable "podman cannot run a container here: $(tail -n 1 "$work/run.log")"
# Not pod(): the shell that would run it in the background is not the service.
# shellcheck disable=SC2086
podman $apart system service --time 0 "unix://$socket" >"$work/service.log" 2>&1 &
service=$!
tries=0
until [ -S "$socket" ]; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || unable "podman's service does not begin to listen: $(tail -n 1 "$work/service.log")"
	sleep 0.1
done

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
	container.name=after container.image=localhost/shop:v1 container.privileged=true container.labels=maker:saker \
	saker.evidence=complete
run_container -d --name clerk --user 4321:4321 localhost/shop:v1 \
	/bin/sh -c 'while :; do cat /etc/passwd; sleep 0.2; done' >"$work/run.log" 2>&1
expect "users and groups have the names that the container gives them" alerted container.name=clerk user.name=clerk \
	user.homedir=/till group.name=clerks
stop_sensor

expect "the sensor starts where no runtime listens" start_sensor --podman-socket "$work/nobody.sock" \
	--docker-socket "$work/nobody.sock"
expect "a container is then known by its id alone" alerted container.id="$(echo "$id" | cut -c1-12)" container.name=null \
	container.image=null container.privileged=null
expect "and alerts say so" tells 'unknown: .*container\.name.*(pending)'
expect "also once nobody could tell" tells 'unknown: .*container\.name.*(no runtime knows it)'
stop_sensor
expect "nobody is asked where that is not wanted" start_sensor --no-container-runtimes --podman-socket "$socket"
expect "and the id stays" alerted container.id="$(echo "$id" | cut -c1-12)" container.name=null
expect "and alerts say that nobody tells" tells 'unknown: .*container\.name.*(not told)'
expect "and so do names of users, which the container has itself" alerted user.name=clerk container.name=null
stop_sensor
expect "what cannot be a socket is refused" exits 2 "$saker" run -r "$work/pack.yaml" --podman-socket relative.sock
finish
