#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Our alerts and field values against the reference engine's, for every
# recorded capture.  Fields that are not compared: tests/excused-fields.txt.
. tests/scripts/tap.sh.inc
TZ=UTC
export TZ

if [ ! -d "$shared/data/expected" ]; then
	skip "alerts equal the reference engine's" "no $shared"
	skip "field values equal the reference engine's" "no $shared"
	finish
fi

packs=$shared/data/packs
excused=$(sed 's/#.*//; /^[[:space:]]*$/d; s/[[:space:]].*//' tests/excused-fields.txt | paste -sd, -)
container_excused=$(sed -n 's/^[[:space:]]*#container-a //p' tests/excused-fields.txt | paste -sd, -)

all="-r $packs/falco_rules.yaml -r $packs/falco-incubating_rules.yaml -r $packs/falco-sandbox_rules.yaml"
check_alerts() { # NAME SET MATCH
	case $2 in
	stable) rules="-r $packs/falco_rules.yaml" ;;
	all3) rules=$all ;;
	all3en) rules="$all --enable *" ;;
	esac
	set -f
	# shellcheck disable=SC2086
	"$saker" replay -q --json $rules --rule-matching "$3" "$shared/data/captures/$1.scap" >"$work/alerts" || return
	set +f
	ignore=$excused
	[ "$1" != container-a ] || ignore=$ignore${ignore:+,}$container_excused
	python3 "$shared/tools/check_alerts.py" "$shared/data/expected/$1.$2.$3.jsonl" "$work/alerts" ${ignore:+--ignore "$ignore"}
}

check_fields() { # NAME
	"$saker" replay -q --json -r "$work/probe.yaml" "$shared/data/captures/$1.scap" >"$work/values" || return
	python3 tests/tools/without_garbage.py "$shared/data/fieldvalues/$1.jsonl.gz" "$work/expected.jsonl.gz"
	python3 "$shared/tools/check_fields.py" "$work/expected.jsonl.gz" "$work/values" --samples 5
}

for expected in "$shared"/data/expected/*.jsonl; do
	base=$(basename "$expected" .jsonl)
	match=${base##*.}
	rest=${base%.*}
	if [ "${SAN:-}" = 1 ] && [ "${rest%.*}" = busy ]; then
		skip "alerts equal the reference engine's: $base" "1.7 million events take too long under sanitizers"
		continue
	fi
	expect "alerts equal the reference engine's: $base" check_alerts "${rest%.*}" "${rest##*.}" "$match"
done
# The values of all events of a long capture would fill the disk.
sed 's/condition: evt.num > 0/condition: evt.num <= 60000/' "$packs/probe.yaml" >"$work/probe.yaml"
for values in "$shared"/data/fieldvalues/*.jsonl.gz; do
	name=$(basename "$values" .jsonl.gz)
	if [ "${SAN:-}" = 1 ] && [ "$name" = busy ]; then
		skip "field values equal the reference engine's: $name" "takes too long under sanitizers"
		continue
	fi
	expect "field values equal the reference engine's: $name" check_fields "$name"
done

three="$packs/falco_rules.yaml $packs/falco-incubating_rules.yaml $packs/falco-sandbox_rules.yaml"
for pack in $three; do
	expect "$(basename "$pack") compiles unchanged" "$saker" compile -q "$pack" -o "$work/x.skb"
done
# shellcheck disable=SC2086
expect "all three official packs compile together" sh -c \
	"\"$saker\" compile $three --enable '*' -o '$work/a.skb' 2>&1 | grep ' 93 rules'"
# shellcheck disable=SC2086
"$saker" compile -q $three --enable '*' -o "$work/b.skb"
expect "their bundle is reproducible" cmp "$work/a.skb" "$work/b.skb"
expect "their bundle is under 256 KiB" [ "$(wc -c <"$work/a.skb")" -lt 262144 ]
if [ "${SAN:-}" = 1 ]; then
	skip "they compile in under 0.3 s" "sanitizers take their time"
	finish
fi
# shellcheck disable=SC2086
expect "they compile in under 0.3 s" python3 -c "
import subprocess, sys, time
best = 9
for _ in range(5):
    start = time.time()
    subprocess.run([sys.argv[1], 'compile', '-q', '-o', sys.argv[2], '--enable', '*'] + sys.argv[3:], check=True)
    best = min(best, time.time() - start)
print(best)
sys.exit(best >= 0.3)" "$saker" "$work/t.skb" $three
finish
