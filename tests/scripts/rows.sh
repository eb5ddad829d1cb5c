#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rows and linear print the same alerts, byte for byte, whatever the capture.
. tests/scripts/tap.sh.inc
TZ=UTC
export TZ

same_alerts() { # CAPTURE PACK-OPTION...
	capture=$1
	shift
	for match in first all; do
		for engine in rows linear; do
			"$saker" replay -q --json --engine "$engine" --rule-matching "$match" "$@" "$capture" \
				>"$work/$engine" 2>"$work/$engine.log" || {
				echo "$engine, $match: exit status $?"
				head -n 5 "$work/$engine.log"
				return 1
			}
		done
		cmp "$work/rows" "$work/linear" || return 1
	done
}

# Those for measuring have each a way of their own.
ablation_agrees() { # CAPTURE PACK-OPTION...
	capture=$1
	shift
	for engine in linear atoms and scopes; do
		"$saker" replay -q --json --engine "$engine" --rule-matching all "$@" "$capture" >"$work/$engine" || return 1
		cmp "$work/linear" "$work/$engine" || return 1
	done
}

set -f
own="-r rules/"
# shellcheck disable=SC2086
expect "the same alerts: demo, own pack" same_alerts rules/demo.scap $own --enable '*'
expect "they are some" [ -s "$work/rows" ]
# Every event matches, and each rule asks for what threads and files tell.
cat >"$work/wide.yaml" <<'PACK'
- rule: a thread
  desc: d
  condition: evt.num > 0 and (proc.name contains e or proc.pname contains s or user.name = root or proc.cwd startswith /)
  output: "%proc.name %proc.pname %user.name %proc.cwd"
  priority: DEBUG
  warn_evttypes: false
- rule: ancestors
  desc: d
  condition: proc.aname in (sh, bash, sudo, systemd, init, containerd-shim) and not proc.sname in (bash)
  output: "%proc.aname[2] %proc.sname"
  priority: DEBUG
  warn_evttypes: false
- rule: a file
  desc: d
  condition: fd.name glob "/*/*" or fd.directory in (/etc, /tmp) or fd.typechar != f
  output: "%fd.name %fd.typechar"
  priority: DEBUG
  warn_evttypes: false
- rule: an end
  desc: d
  condition: fd.port in (80, 443, 53) or fd.net in ("10.0.0.0/8", "127.0.0.0/8")
  output: "%fd.name"
  priority: DEBUG
  warn_evttypes: false
- rule: two fields
  desc: d
  condition: proc.name = val(proc.pname) or len(proc.args) > 20 or tolower(proc.exe) contains /bin
  output: "%proc.name"
  priority: DEBUG
  warn_evttypes: false
PACK
expect "the same alerts: demo, a pack that always matches" same_alerts rules/demo.scap -r "$work/wide.yaml"
expect "the same alerts: demo, the engines for measuring" ablation_agrees rules/demo.scap -r "$work/wide.yaml"
expect "an engine that there is not is refused" exits 2 "$saker" replay --engine fast -r "$work/wide.yaml" rules/demo.scap
expect "they are many" [ "$(wc -l <"$work/rows")" -gt 1000 ]

# Every field of threads, ancestors and fds is asked for, in a checking build
# with its value compared; nothing ever matches.  Without what is found through
# the id of a session or group, threads' classes live longer.
fields() { "$saker" fields -a | awk '/^[a-z]/ { name = $0 } /^    .*(thread|lineage|fd) scope/ { print name }'; }
probe() { # fields as `saker fields` shows them become rules
	sed 's/ or KEY]/]/; s/\[KEY]$/[HOME]/; s/\[KEY]?$/[HOME]/; s/\.NAME$/.cpuset/' |
		awk '/\[N]\?$/ { sub(/\[N]\?$/, ""); print; print $0 "[1]"; print $0 "[2]"; next }
			{ sub(/\[N]$/, "[0]"); print }' |
		awk '{ printf "- rule: r%d\n  desc: d\n  condition: %s exists and evt.rawtime < 5\n", NR, $0
			print "  output: x\n  priority: DEBUG\n  warn_evttypes: false" }'
}
fields | probe >"$work/probe.yaml"
fields | grep -vE '^proc\.(sname|v?p?gid\.|sid\.)' | probe >"$work/probe2.yaml"
expect "a pack of every field compiles" exits 0 "$saker" compile -q "$work/probe.yaml" -o "$work/probe.skb"
expect "it has more than a hundred rules" [ "$(grep -c '^- rule' "$work/probe.yaml")" -gt 100 ]
expect "the same alerts: demo, every field" same_alerts rules/demo.scap -r "$work/probe.yaml"
expect "the same alerts: demo, every field but leaders'" same_alerts rules/demo.scap -r "$work/probe2.yaml"

packs=$shared/data/packs
if [ ! -d "$shared/data/captures" ]; then
	skip "the same alerts: recorded captures, official packs" "no $shared"
	finish
fi
set +f
set -- "$shared"/data/captures/*.scap
set -f
for recorded; do
	short=$(basename "$recorded" .scap)
	expect "the same alerts: $short, official packs" same_alerts "$recorded" -r "$packs/falco_rules.yaml" \
		-r "$packs/falco-incubating_rules.yaml" -r "$packs/falco-sandbox_rules.yaml" --enable '*'
	# shellcheck disable=SC2086
	expect "the same alerts: $short, own pack" same_alerts "$recorded" $own --enable '*'
	# Nearly two million alerts would take their time.
	[ "$short" != busy ] || continue
	expect "the same alerts: $short, every field" same_alerts "$recorded" -r "$work/probe.yaml"
	expect "the same alerts: $short, every field but leaders'" same_alerts "$recorded" -r "$work/probe2.yaml"
	expect "the same alerts: $short, a pack that always matches" same_alerts "$recorded" -r "$work/wide.yaml"
done
finish
