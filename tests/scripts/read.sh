#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `saker read`: the events of a capture and of this host, as lines and objects.
. tests/scripts/tap.sh.inc

demo=rules/demo.scap
# prints WANTED COMMAND...: true if COMMAND prints exactly that.
prints() {
	wanted=$1
	shift
	actual=$("$@") || return 1
	[ "$actual" = "$wanted" ] || {
		printf 'printed:\n%s\nexpected:\n%s\n' "$actual" "$wanted"
		return 1
	}
}

export TZ=UTC
expect "a line is what sysdig prints" prints \
	"5 23:40:04.925075182 1 chroot (2662) < access res=-2(ENOENT) name=/etc/ld.so.preload mode=4(R_OK)" \
	"$saker" read $demo -n 1 evt.type=access
expect "a format of one's own" prints "5:chroot:<NA>" "$saker" read $demo -n 1 -p '*%evt.num:%proc.name:%fd.name' evt.type=access
expect "an event without a value is left out, unless the format begins with *" prints "4:fine" \
	"$saker" read $demo -n 1 -p '%evt.num:fine%fd.name' 'evt.num > 1'
expect "-F prints values with tabs between" prints "2	<NA>	execve" \
	"$saker" read $demo -n 1 -F 'evt.num,proc.aname[2],evt.type' evt.num=2
expect "--json prints an object" prints '{"evt.num":5,"evt.outputtime":1795304404925075182,"fd.name":null,"proc.name":"chroot"}' \
	"$saker" read $demo --json -p '*%proc.name %evt.num %fd.name %evt.outputtime %proc.name' evt.num=5
expect "evidence is of the values in the line" prints "unknown: proc.pname (parent never seen)
complete" sh -c "'$saker' read $demo -n 1 -p '*%proc.pname%saker.evidence' evt.num=4 | sed 's/<NA>//' &&
	'$saker' read $demo -n 1 -p %saker.evidence evt.num=4"
expect "and in the filter" prints '{"evt.num":1,"saker.evidence":"unknown: proc.pname (parent never seen)"}' \
	"$saker" read fuzz/seeds/capture/notes.scap --json -n 1 -F evt.num,saker.evidence 'not proc.pname = x'
expect "and says what was lost" prints "complete           |
lost: 5 open events|
lost: 1 process, 5 |
lost: 1 process, 5 |" "$saker" read fuzz/seeds/capture/notes.scap -p '%19saker.evidence|' evt.type=openat
expect "no condition asks for it" exits 2 "$saker" read $demo saker.evidence = complete
expect "-t absolute" prints 1795304404.925075182 "$saker" read $demo -t a -p %evt.outputtime evt.num=5
expect "-t relative" prints 0.001469713 "$saker" read $demo -t relative -p %evt.outputtime evt.num=5
expect "-t delta counts from the line before" prints "0.000000000 0.001469713 " sh -c \
	"'$saker' read $demo -t D -p %evt.outputtime 'evt.num in (1, 5)' | tr '\n' ' '"
expect "-t raw" prints 1795304404925075182 "$saker" read $demo -t raw -p %evt.outputtime evt.num=5
expect "another -t is refused" exits 2 "$saker" read $demo -t x
expect "standard input" prints "2 execve" sh -c "'$saker' read - -n 1 -p '%evt.num %evt.type' evt.type=execve <$demo"
expect "gzip and plain" prints "2 execve" sh -c "gunzip <$demo | '$saker' read - -n 1 -p '%evt.num %evt.type' evt.type=execve"
expect "the words of a filter make one condition" prints 7 sh -c \
	"'$saker' read $demo -p %evt.type evt.num '>=' 3 and evt.num '<' 10 | wc -l"
expect "every event is a line" prints "$("$saker" read $demo -p %evt.num 'evt.num > 0' | tail -n 1)" sh -c \
	"'$saker' read $demo | wc -l"

expect "a mistake in a filter has its place" exits 2 "$saker" read $demo 'proc.nmae = sh'
expect "and a suggestion" sh -c "'$saker' read $demo 'proc.nmae = sh' 2>&1 | grep -q 'filter:1:1: error' &&
	'$saker' read $demo 'proc.nmae = sh' 2>&1 | grep -q proc.name"
expect "a macro is refused" exits 2 "$saker" read $demo open_write
expect "a mistake in a format has its place" sh -c \
	"! '$saker' read $demo -p '%proc.nmae' 2>'$work/err' && grep -q '^format:1:2: error' '$work/err'"
expect "a file that is not there" exits 3 "$saker" read "$work/none.scap"
head -c 2000 /dev/urandom >"$work/noise"
expect "noise is no capture" exits 3 "$saker" read "$work/noise"
expect "a full disk is an output error" sh -c "'$saker' read $demo >/dev/full 2>/dev/null; [ \$? -eq 5 ]"
expect "a reader that goes away ends it quietly" sh -c \
	"for i in 1 2 3 4 5 6 7 8; do cat $demo; done | '$saker' read - 2>'$work/err' | head -n 1 >/dev/null; [ ! -s '$work/err' ]"
expect "options of a host are refused for a capture" exits 2 "$saker" read $demo --seconds 1

# A terminal's control characters in an argument: through a capture of our own.
python3 - "$work/escape.scap" <<'PYTHON'
import struct, sys
def block(kind, body):
    total = -(-(len(body) + 12) // 4) * 4
    return struct.pack('<II', kind, total) + body.ljust(total - 12, b'\0') + struct.pack('<I', total)
# mkdirat (type 305): res, dirfd, path, mode
params = [struct.pack('<q', 0), struct.pack('<q', -100), b'/a\x1b[2J\xc2\x9bz\0', struct.pack('<I', 0o755)]
event = struct.pack('<%dH' % len(params), *map(len, params)) + b''.join(params)
event = struct.pack('<QQIHI', 10**18, 7, 26 + len(event), 305, len(params)) + event
with open(sys.argv[1], 'wb') as file:
    file.write(block(0x0a0d0d0a, struct.pack('<IHHQ', 0x1a2b3c4d, 1, 2, 2**64 - 1)) + block(0x216, struct.pack('<H', 0) + event))
PYTHON
expect "control characters of a process do not reach the terminal" prints "mkdirat /a.[2J..z" \
	"$saker" read "$work/escape.scap" -p '*%evt.type %evt.arg.path'

if ! reason=$("$saker" run --check 2>&1); then
	skip "events of this host" "${reason#saker: }"
	finish
fi
live() { # NAME OPTIONS...: reads while `true` runs under another name
	cp /bin/true "$work/$1"
	name=$1
	shift
	: >"$work/live"
	"$saker" read -l --seconds 20 "$@" -p "%proc.name %evt.type" "proc.name = $name and evt.type = execve" >"$work/live" 2>"$work/live.err" &
	reader=$!
	tries=0
	while kill -0 "$reader" 2>/dev/null && [ $tries -lt 50 ] && [ ! -s "$work/live" ]; do
		tries=$((tries + 1))
		"$work/$name"
		sleep 0.1
	done
}
live sk-read-n -n 1
wait "$reader"
expect "-n ends reading this host" grep -qx "sk-read-n execve" "$work/live"
expect "and one line tells of losses" grep -Eq '^saker: 1 lines of [0-9]+ events; drops: ' "$work/live.err"
live sk-read-int
kill -INT "$reader"
wait "$reader"
expect "SIGINT ends it with success" [ $? -eq 0 ]
expect "what was seen before is printed" grep -qx "sk-read-int execve" "$work/live"
expect "--seconds ends it" while_something_happens sh -c "timeout 20 '$saker' read --seconds 1 >'$work/all' 2>/dev/null && [ -s '$work/all' ]"
expect "nothing of itself is printed" while_something_happens sh -c "'$saker' read -l --seconds 1 -p '%proc.pid %proc.name' 'evt.num > 0' >'$work/self' 2>/dev/null & me=\$!
wait \$me; [ -s '$work/self' ] && ! grep -q \"^\$me \" '$work/self'"
finish
