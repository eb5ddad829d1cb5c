#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker lint: exit statuses, formats, time.
. tests/scripts/tap.sh.inc

prints() { # TEXT COMMAND...: COMMAND's standard output holds TEXT
	text=$1
	shift
	"$@" >"$work/printed" 2>/dev/null
	grep -qF -- "$text" "$work/printed" || {
		echo "'$text' is not in the output of: $*"
		head -n 20 "$work/printed"
		return 1
	}
}

cat >"$work/warned.yaml" <<'PACK'
- rule: two names
  desc: d
  condition: evt.type = execve and proc.name = cat and proc.name = dog
  output: o
  priority: INFO
- rule: allowed
  desc: "ä"
  # saker: allow duplicate-comparison because of this test
  condition: evt.type = open and fd.name = /ä and fd.name = /ä
  output: o
  priority: INFO
PACK
cat >"$work/clean.yaml" <<'PACK'
- rule: fine
  desc: d
  condition: evt.type = execve and proc.name = cat
  output: o
  priority: INFO
PACK
printf -- '- rule: bad\n  desc: d\n  condition: proc.nmae = x\n  output: o\n  priority: INFO\n' >"$work/bad.yaml"

expect "docs/lint.md has the table of findings as it is" sh -c \
	"\"$saker\" lint --findings >'$work/table' && tail -n \$(wc -l <'$work/table') docs/lint.md | cmp - '$work/table'"
expect "warnings exit 0" exits 0 "$saker" lint "$work/warned.yaml"
expect "warnings exit 1 with --strict" exits 1 "$saker" lint --strict "$work/warned.yaml"
expect "a clean pack exits 0 with --strict" exits 0 "$saker" lint --strict "$work/clean.yaml"
expect "errors exit 1" exits 1 "$saker" lint "$work/bad.yaml"
expect "an unknown format is a usage error" exits 2 "$saker" lint --format xml "$work/clean.yaml"
expect "no pack is a usage error" exits 2 "$saker" lint --strict
expect "a full disk is an output error" sh -c "\"$saker\" lint --format json '$work/clean.yaml' >/dev/full 2>/dev/null; [ \$? -eq 5 ]"
expect "what is allowed is counted" prints "0 errors, 2 warnings, 1 allowed" "$saker" lint "$work/warned.yaml"
expect "our packs have no findings" exits 0 "$saker" lint --strict rules/

cat >"$work/check.py" <<'CHECK'
import json, sys
log = json.load(sys.stdin)
assert log["summary"] == {"rules": 2, "macros": 0, "lists": 0, "errors": 0, "warnings": 2, "allowed": 1}, log["summary"]
first = log["findings"][0]
assert first["code"] == "never-matches" and first["place"]["line"] == 1 and first["place"]["column"] == 9, first
assert log["findings"][1]["code"] == "contradiction" and "cat" in log["findings"][1]["message"]
assert log["allowed"][0]["code"] == "duplicate-comparison" and log["allowed"][0]["reason"] == "of this test"
costs = {cost["rule"]: cost for cost in log["costs"]}
assert costs["two names"]["by_scope"] == {"thread": 2, "lineage": 0, "fd": 0, "event": 1}
assert costs["allowed"]["by_scope"]["fd"] == 1 and costs["allowed"]["comparisons"] == 2
assert costs["allowed"]["nanoseconds"] >= costs["allowed"]["nanoseconds_repeated"] > 0
CHECK
expect "JSON has findings, what is allowed, and costs" sh -c \
	"\"$saker\" lint --format json '$work/warned.yaml' | python3 '$work/check.py'"
expect "errors are in the JSON too" prints LOAD_ERR_COMPILE_CONDITION "$saker" lint --format json "$work/bad.yaml"
expect "--cost lists rules" prints "two names" "$saker" lint --cost "$work/warned.yaml"

for pack in warned clean bad; do
	"$saker" lint --format sarif "$work/$pack.yaml" >"$work/$pack.sarif" 2>/dev/null
	expect "the SARIF of a pack that is $pack is what sites read" \
		python3 tests/tools/check_sarif.py "$work/$pack.sarif" $SK_SARIF_SCHEMA
done
expect "SARIF counts columns in characters" sh -c \
	"python3 -c 'import json, sys
region = json.load(open(\"$work/warned.sarif\"))[\"runs\"][0][\"results\"][-1]
assert region[\"suppressions\"][0][\"justification\"] == \"of this test\", region
region = region[\"locations\"][0][\"physicalLocation\"][\"region\"]
assert region[\"startColumn\"] == 51 and region[\"endColumn\"] == 63, region'"
sed '1i # a line more' "$work/warned.yaml" >"$work/moved.yaml"
mv "$work/moved.yaml" "$work/warned.yaml"
"$saker" lint --format sarif "$work/warned.yaml" >"$work/moved.sarif" 2>/dev/null
prints_of() { grep primaryLocationLineHash "$1"; }
prints_of "$work/warned.sarif" >"$work/before"
prints_of "$work/moved.sarif" >"$work/after"
expect "fingerprints stay when lines move" sh -c "[ -s '$work/before' ] && cmp '$work/before' '$work/after'"
if [ -n "$SK_SARIF_SCHEMA" ]; then
	expect "the published schema was used" test -r "$SK_SARIF_SCHEMA"
else
	skip "SARIF against the published schema" "\$SK_SARIF_SCHEMA names no copy of sarif-schema-2.1.0.json"
fi

packs=$shared/data/packs
if [ -r "$packs/falco_rules.yaml" ]; then
	official="$packs/falco_rules.yaml $packs/falco-incubating_rules.yaml $packs/falco-sandbox_rules.yaml"
	# shellcheck disable=SC2086
	"$saker" lint $official >"$work/official" 2>&1
	expect "the official packs lint without an error" grep -q "93 rules, .* 0 errors" "$work/official"
	expect "a rule that an earlier one hides is found there" \
		grep -q "1788:9: warning: .*'Launch Suspicious Network Tool in Container' before it" "$work/official"
	expect "every finding there is one that was judged by hand" sh -c \
		"sed -n 's/.*\(falco[a-z_-]*\.yaml:[0-9]*\):.* \[\([A-Za-z_-]*\)\]\$/\1 \2/p' '$work/official' | sort |
		diff - tests/lint/official.txt"
	expect "they take less than 0.3 s" python3 -c "
import subprocess, sys, time
best = min(
    (lambda begin: (subprocess.run(sys.argv[1:], capture_output=True), time.perf_counter() - begin)[1])(time.perf_counter())
    for _ in range(5))
print(best)
assert best < (3.0 if '$SAN' == '1' else 0.3), best" "$saker" lint $official
else
	skip "the official packs" "they are not in $packs"
fi
finish
