#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `saker record`: what it writes is read by `saker read`, `saker replay` and sysdig, whatever limits, filters and
# files it was written with.
. tests/scripts/tap.sh.inc

expect "no output is refused" exits 2 "$saker" record -- true
expect "-W without -C or -G is refused" exits 2 "$saker" record -o "$work/x" -W 2 -- true
expect "--neutral needs a command" exits 2 "$saker" record -o "$work/x" --neutral
expect "files of standard output are refused" exits 2 "$saker" record -o - -C 1 -- true
expect "options of captures on alert want to know where they go" exits 2 "$saker" run -r rules --capture-before 3
expect "of which rules is all or marked" exits 2 "$saker" run -r rules --capture-on-alert "$work" --capture-rules some
expect "a mistake in a filter is found before anything is written" sh -c \
	"'$saker' record -o '$work/x' -f 'proc.nmae = a' -- true 2>'$work/err'
	[ \$? -eq 2 ] && [ ! -e '$work/x' ] && grep -q '^filter:1:1: error' '$work/err'"
if ! reason=$("$saker" run --check 2>&1); then
	skip "captures of this host" "${reason#saker: }"
	finish
fi
cat >"$work/rules.yaml" <<'PACK'
- rule: any
  desc: d
  condition: evt.type in (open, openat) and proc.name = cat
  output: "%fd.name"
  priority: INFO
PACK

# A replay to the end, and the same events by saker and by sysdig, which passes over types that it does not know.
reads() { # CAPTURE
	"$saker" replay -q -r "$work/rules.yaml" "$1" >/dev/null || return 1
	"$saker" read "$1" -p '*%thread.tid %evt.type' >"$work/ours" || return 1
	[ -s "$work/ours" ] || return 1
	command -v sysdig >/dev/null || return 0
	sysdig -r "$1" -p '*%thread.tid %evt.type' >"$work/sysdig" 2>"$work/sysdig.err"
	cat "$work/sysdig.err"
	[ -s "$work/sysdig" ] && ! diff -d "$work/ours" "$work/sysdig" | grep '^>'
}

"$saker" record -o "$work/tree.scap" -- cat /etc/hostname >/dev/null 2>"$work/err"
expect "a command's tree is read by all" reads "$work/tree.scap"
expect "and is what it did" sh -c "'$saker' read '$work/tree.scap' -p %fd.name proc.name = cat and evt.type = openat | grep -qx /etc/hostname"
"$saker" record -z -s 10 -o "$work/packed.scap" -- sh -c 'echo 0123456789abcdef | cat' >/dev/null 2>&1
expect "gzip is read by all" reads "$work/packed.scap"
expect "it is gzip" sh -c "gzip -t <'$work/packed.scap'"
expect "-s cuts data" sh -c "'$saker' read '$work/packed.scap' -p '%evt.type %evt.arg.data' proc.name = cat and evt.type = write |
	grep -qx 'write 0123456789'"
"$saker" record -o - -- true 2>/dev/null >"$work/out"
expect "standard output begins with a capture" sh -c "head -c 4 '$work/out' | od -An -tx1 | grep -q '0a 0d 0d 0a'"

"$saker" record -o "$work/filtered.scap" -f 'proc.name = cat and evt.type = openat' -- sh -c 'cat /etc/hostname; ls /' >/dev/null 2>&1
expect "a filter lets pass what it says, to all" reads "$work/filtered.scap"
expect "and nothing else" sh -c "'$saker' read '$work/filtered.scap' -p '%proc.name %evt.type' | sort -u | grep -qx 'cat openat' &&
	[ \$('$saker' read '$work/filtered.scap' -p '%proc.name %evt.type' | sort -u | wc -l) -eq 1 ]"
expect "parents are known all the same" sh -c "'$saker' read '$work/filtered.scap' -p %proc.pname | grep -qx sh"
"$saker" record -o "$work/lean.scap" --only-matching -f 'proc.name = cat and evt.type = openat' -- sh -c 'cat /etc/hostname' >/dev/null 2>&1
expect "--only-matching leaves the others out" sh -c "'$saker' read '$work/lean.scap' -F evt.num | tail -n 1 >'$work/last'
	[ \$(cat '$work/last') -eq \$('$saker' read '$work/lean.scap' | wc -l) ]"
"$saker" record --signals -o "$work/signals.scap" -- sh -c 'kill -CHLD $$; :' >/dev/null 2>&1
expect "--signals records those that are delivered" sh -c "'$saker' read '$work/signals.scap' -p '%evt.type %evt.arg.sig' | grep -q '^signaldeliver SIGCHLD'"
"$saker" record -o "$work/named.scap" -f 'evt.type = signaldeliver' -- sh -c 'kill -CHLD $$; :' >/dev/null 2>&1
expect "so does a condition that names them" sh -c "'$saker' read '$work/named.scap' -p %evt.type | sort -u | grep -qx signaldeliver"
"$saker" record -n 5 -o "$work/five.scap" -- cat /etc/hostname >/dev/null 2>&1
expect "-n ends it" sh -c "[ \$('$saker' read '$work/five.scap' | wc -l) -eq 5 ]"

busy='i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); : </etc/hostname; done'
"$saker" record -C 1 -o "$work/many.scap" -- sh -c "$busy; $busy; $busy; cat /etc/hostname" >/dev/null 2>"$work/err"
expect "-C goes on to another file" [ -s "$work/many.scap1" ]
expect "no file is much larger" sh -c "[ -z \"\$(find '$work' -name 'many.scap*' -size +1100k)\" ]"
for file in "$work"/many.scap?; do
	expect "$(basename "$file") is read by all" reads "$file"
done
expect "the files have all events together" sh -c "
	said=\$(sed -n 's/^saker: \([0-9]*\) events.*/\1/p' '$work/err')
	[ \"\$said\" -eq \$(for file in '$work'/many.scap?; do '$saker' read \$file; done | wc -l) ]"
expect "and know every process" sh -c "! for file in '$work'/many.scap?; do '$saker' read \$file -p '%evt.num %thread.tid' 'proc.name = \"<NA>\" or proc.pname = \"<NA>\"'; done | grep ."
expect "a later file knows the process" sh -c "'$saker' read '$work/many.scap1' -n 1 -p '%proc.name' | grep -qx sh"
"$saker" record -C 1 -W 2 -o "$work/ring.scap" -- sh -c "$busy; $busy; $busy; $busy" >/dev/null 2>"$work/err"
expect "-W keeps so many" sh -c "ls '$work'/ring.scap* | wc -l | grep -qx 2"
expect "and needed more" sh -c "grep -Eq 'in ([3-9]|[1-9][0-9]+) files' '$work/err'"
expect "the ring's files are read by all" sh -c "'$saker' read '$work/ring.scap0' >/dev/null && '$saker' read '$work/ring.scap1' >/dev/null"
"$saker" record --size 1 -o "$work/size.scap" -- sh -c "$busy; $busy; $busy; $busy" >/dev/null 2>&1
expect "--size ends it" sh -c "[ \$(wc -c <'$work/size.scap') -lt 1100000 ] && [ \$(wc -c <'$work/size.scap') -ge 1000000 ]"
# A file in which nothing happened is not kept, or is no capture.
while_something_happens timeout 20 "$saker" record --seconds 1 -o "$work/host.scap" 2>"$work/err"
expect "the whole host, for a second" [ $? -eq 0 ]
expect "is read by all" reads "$work/host.scap"
while_something_happens timeout 20 "$saker" record -G 1 -W 2 -o "$work/timed.scap" 2>"$work/err"
expect "-G and -W end it" [ $? -eq 0 ]
expect "after so many files" sh -c "ls '$work'/timed.scap* | wc -l | grep -qx 2"

# Four programs on few CPUs against the smallest ring: what is lost is told by an event that the filter leaves out.
"$saker" record --ring-size 16K --cpus-per-ring 64 --only-matching -f 'proc.name = cat and evt.type = openat' \
	-o "$work/lossy.scap" -- sh -c 'f() { timeout 1 dd if=/dev/zero of=/dev/null bs=1 2>/dev/null; }
	f & f & f & f; wait; cat /etc/hostname' >/dev/null 2>"$work/err"
sed 's/ and proc.name = cat//; s/in (open, openat)/= openat/' "$work/rules.yaml" >"$work/opens.yaml"
if grep -q ' 0 ring full' "$work/err"; then
	skip "a filter does not leave out that something was lost" "nothing was"
else
	expect "a filter does not leave out that something was lost" sh -c "cat '$work/err'
		'$saker' replay -q --json -r '$work/opens.yaml' '$work/lossy.scap' | grep '\"/etc/hostname\"' | grep -q '\"saker.evidence\":\"lost: '"
fi
finish
