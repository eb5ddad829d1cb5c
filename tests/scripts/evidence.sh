#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What alerts of a replay say they rest on, as lines and as objects.
. tests/scripts/tap.sh.inc

# Four opens by a process whose parent is in no capture; open events were lost before the second, a process event around the third.
capture=fuzz/seeds/capture/notes.scap
pack() { # OUTPUT [CONDITION]
	cat <<PACK
- rule: opens
  desc: d
  condition: evt.type = openat${2:+ and $2}
  output: "$1"
  priority: INFO
PACK
}
replay() {
	"$saker" replay -q --no-suggested-output "$@" "$capture"
}
# The same as stdin?
is() { # COMMAND...
	cat >"$work/wanted"
	"$@" >"$work/got"
	diff "$work/wanted" "$work/got"
}
evidence() { # OPTION...: of each object
	replay --json "$@" | python3 -c '
import json, sys
for line in sys.stdin:
    fields = json.loads(line)["output_fields"]
    print(fields.get("saker.evidence", "none") if sorted(fields) == list(fields) else "not in order")'
}
TZ=UTC
export TZ

pack '%fd.name by %proc.name' >"$work/plain.yaml"
is replay -r "$work/plain.yaml" >"$work/log" 2>&1 <<'WANTED'
22:13:20.001000000: Informational /etc/x by shell
22:13:20.002000000: Informational /etc/x by shell saker_evidence=(lost: 5 open events 0.0 s before)
22:13:20.003000000: Informational /etc/x by shell saker_evidence=(lost: 1 process, 5 open events at the same time; doubtful: proc.name (1 process event lost since))
22:13:20.004000000: Informational /etc/x by shell saker_evidence=(lost: 1 process, 5 open events 0.0 s before; doubtful: proc.name (1 process event lost since))
WANTED
expect "lines end with it where it is not complete" sh -c "cat '$work/log'; [ ! -s '$work/log' ]"
is evidence -r "$work/plain.yaml" >"$work/log" 2>&1 <<'WANTED'
complete
lost: 5 open events 0.0 s before
lost: 1 process, 5 open events at the same time; doubtful: proc.name (1 process event lost since)
lost: 1 process, 5 open events 0.0 s before; doubtful: proc.name (1 process event lost since)
WANTED
expect "objects always have it" sh -c "cat '$work/log'; [ ! -s '$work/log' ]"
expect "their text does not" sh -c "'$saker' replay -q --json -r '$work/plain.yaml' $capture | grep -c '\"output\":\"[^\"]*saker' | grep -qx 0"
replay -r "$work/plain.yaml" | sed 's/ saker_evidence.*//' >"$work/without"
replay --no-evidence -r "$work/plain.yaml" >"$work/none"
expect "--no-evidence leaves it out of lines" cmp "$work/without" "$work/none"
expect "and of objects" sh -c "! '$saker' replay -q --json --no-evidence -r '$work/plain.yaml' $capture | grep evidence"
pack '%proc.pname|%saker.evidence|' 'not proc.pname = x' >"$work/named.yaml"
replay --no-evidence -r "$work/named.yaml" >"$work/named"
expect "but for outputs that name it" grep -qx '.*Informational <NA>|unknown: proc.pname (parent never seen)|' "$work/named"
expect "which say it once" sh -c "'$saker' replay -q -r '$work/named.yaml' --no-suggested-output $capture | cmp - '$work/named'"
for engine in linear atoms and scopes; do
	expect "$engine says the same as rows" sh -c "'$saker' replay -q --engine $engine -r '$work/named.yaml' --no-suggested-output $capture | cmp - '$work/named'"
done
pack x 'saker.evidence = complete' >"$work/circular.yaml"
expect "no condition can ask for it" sh -c "'$saker' compile '$work/circular.yaml' -o '$work/x.skb' 2>&1 | grep -q 'can only stand in an output'"
pack '%toupper(saker.evidence)' >"$work/transformed.yaml"
expect "no transformer takes it" sh -c "'$saker' compile '$work/transformed.yaml' -o '$work/x.skb' 2>&1 | grep -q 'does not support transformers'"
expect "explain tells it of each value" sh -c "'$saker' explain -r '$work/named.yaml' --rule opens --event 3 $capture |
	grep -q 'proc.pname is missing (unknown: parent never seen, 1 process event lost)'"
expect "in JSON too" sh -c "'$saker' explain --json -r '$work/named.yaml' --rule opens --event 3 $capture |
	grep -q '\"doubt\":\"unknown: parent never seen, 1 process event lost\"'"
finish
