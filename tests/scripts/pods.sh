#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Containers of containerd, in pods over CRI and without, started before and
# after the sensor, are shown with what containerd says of them.
. tests/scripts/tap.sh.inc
. tests/scripts/sensor.sh.inc

unable() {
	skip "containers of containerd have names, and pods" "$1"
	finish
}
reason=$("$saker" run --check 2>&1) || unable "${reason#saker: }"
for tool in containerd ctr runc python3; do
	command -v "$tool" >/dev/null || unable "no $tool"
done
[ -x /bin/busybox ] || unable "no busybox"

socket=$work/containerd.sock
daemon= nonsense= pods=
cri() { python3 tests/clients/cri.py "$build/tests/clients/grpc" "$socket" "$@"; }
ctr_in() { # NAMESPACE WORD...
	space=$1
	shift
	ctr --address "$socket" --namespace "$space" "$@"
}
clean_up() {
	stop_sensor
	for pod in $pods; do cri end "$pod" >/dev/null 2>&1; done
	for id in $(ctr_in default containers list --quiet 2>/dev/null); do
		ctr_in default tasks delete --force "$id"
		ctr_in default containers delete "$id"
	done >/dev/null 2>&1
	[ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon"; }
	[ -z "$nonsense" ] || kill "$nonsense" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

cat >"$work/config.toml" <<CONFIG
version = 2
root = "$work/root"
state = "$work/state"
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/shop:v1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$work/none"
    conf_dir = "$work/none"
CONFIG
containerd --config "$work/config.toml" >"$work/containerd.log" 2>&1 &
daemon=$!
tries=0
until ctr_in default version >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] && kill -0 "$daemon" 2>/dev/null ||
		unable "containerd does not start here: $(tail -n 1 "$work/containerd.log")"
	sleep 0.1
done

# An archive as `docker save` writes it.
put_image_together "$work/image"
mkdir "$work/data"
python3 - "$work/image" "$work/image.tar" <<'PYTHON'
import hashlib, json, io, sys, tarfile
layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode='w') as tar:
    tar.add(sys.argv[1], '.')
def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
digest = hashlib.sha256(layer.getvalue()).hexdigest()
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {'Cmd': ['/bin/sleep', '600']},
                     'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + digest]}}).encode()
name = hashlib.sha256(config).hexdigest() + '.json'
with tarfile.open(sys.argv[2], 'w') as tar:
    add(tar, name, config)
    add(tar, 'layer.tar', layer.getvalue())
    add(tar, 'manifest.json', json.dumps(
        [{'Config': name, 'RepoTags': ['docker.io/library/shop:v1'], 'Layers': ['layer.tar']}]).encode())
PYTHON
for space in k8s.io default; do
	ctr_in "$space" images import --all-platforms --snapshotter native "$work/image.tar" >"$work/import.log" 2>&1 ||
		unable "containerd cannot import an image here: $(tail -n 1 "$work/import.log")"
done

reads='while :; do cat /etc/passwd; sleep 0.2; done'
start_pod() { # NAME: sets pod and till
	pod=$(cri pod "$1" 2>"$work/pod.log") || return 1
	pods="$pods $pod"
	till=$(cri container "$pod" "$1" "till-of-$1" docker.io/library/shop:v1 "$work/data:/data" /bin/sh -c "$reads" \
		2>>"$work/pod.log")
}
short() { echo "$1" | cut -c1-12; }
in_pod() { # NAME: an alert tells everything about that pod's container
	alerted container.id="$(short "$till")" container.full_id="$till" container.name="till-of-$1" \
		container.type=containerd container.image=docker.io/library/shop:v1 \
		container.image.repository=docker.io/library/shop container.image.tag=v1 \
		container.image.digest="sha256:$image" container.image.id="$image" container.privileged=false \
		container.mounts="$work/data:/data::false:private" container.labels=role:till \
		container.host_network=true k8s.pod.name="$1" k8s.ns.name=shops k8s.pod.uid="uid-of-$1" \
		"k8s.pod.labels=app:$1, tier:front" k8s.pod.sandbox_id="$(short "$pod")" user.name=clerk user.homedir=/till group.name=clerks
}
start_pod before || unable "containerd cannot run a pod here: $(tail -n 1 "$work/pod.log")"
image=$(ctr_in k8s.io images list --quiet | sed -n 's/^sha256://p')

first=$pod
expect "the sensor starts" start_sensor --cri-socket "$socket"
expect "a container that was there before has a name, an image, mounts, labels, users and a pod" in_pod before
start_pod after
expect "and so has one that started later" in_pod after
cri end "$first"
expect "the sandbox of a pod is called like it, and has the pod's labels" alerted container.id="$(short "$first")" \
	container.full_id="$first" container.name=before container.image=docker.io/library/shop:v1 \
	container.image.id="$image" k8s.pod.name=before k8s.ns.name=shops "k8s.pod.labels=app:before, tier:front"

ctr_in default run --detach --null-io --snapshotter native --label stage=test docker.io/library/shop:v1 cafe01 \
	/bin/sh -c "$reads" >"$work/run.log" 2>&1
sed 's/^/# ctr: /' "$work/run.log"
expect "a container without CRI has a name, an image and labels" alerted container.id=cafe01 \
	container.name=cafe01 container.type=containerd container.image=docker.io/library/shop:v1 \
	container.image.tag=v1 container.privileged=false k8s.pod.name=null
stop_sensor

# Two lines for each of a loop's rounds at least: the first may come before the answer.
shows() { # OPTION_OR_WORD...
	"$saker" read "$@" --fields container.id,container.name,container.image.tag,k8s.pod.name,user.name \
		"container.id = $(short "$till") and fd.name = /etc/passwd and evt.type in (open, openat)" >"$work/lines"
	tail -n 1 "$work/lines"
	[ "$(tail -n 1 "$work/lines")" = "$(printf '%s\ttill-of-after\tv1\tafter\tclerk' "$(short "$till")")" ]
}
expect "saker read shows them live, too" shows --live --seconds 3 --cri-socket "$socket"
expect "saker record asks while it records" "$saker" record -o "$work/pods.scap" --seconds 3 --cri-socket "$socket"
expect "and what it heard is in the capture" shows "$work/pods.scap"

# A runtime that hangs: it takes connections and says nothing.
kill -STOP "$daemon"
expect "the sensor starts beside a runtime that hangs" start_sensor --cri-socket "$socket"
expect "a container is then known by its id alone" alerted container.id="$(short "$till")" container.name=null \
	container.image=null k8s.pod.name=null
before=$(date +%s)
stop_sensor
expect "and the sensor ends at once" [ $(($(date +%s) - before)) -lt 4 ]
kill -CONT "$daemon"

# One that answers without end, and nothing that could be meant: frames of any kind, of any length.
python3 - "$work/nonsense.sock" <<'PYTHON' &
import random, socket, sys, threading
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
def answer(peer):
    draw = random.Random(7)
    try:
        peer.recv(4096)
        peer.sendall(b'\0\0\0\4\0\0\0\0\0')
        while True:
            length = draw.choice((0, 8, 100, 16384))
            peer.sendall(length.to_bytes(3, 'big') + bytes((draw.choice((0, 1, 3, 6, 8, 9)), draw.randrange(256), 0, 0, 0,
                         draw.choice((0, 1)))) + draw.randbytes(length))
    except OSError:
        peer.close()
while True:
    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
PYTHON
nonsense=$!
tries=0
until [ -S "$work/nonsense.sock" ] || [ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
expect "the sensor starts beside a runtime that talks nonsense" start_sensor --cri-socket "$work/nonsense.sock"
expect "and the ids stay there, too" alerted container.id="$(short "$till")" container.name=null container.image=null \
	k8s.pod.name=null user.name=clerk
stop_sensor
finish
