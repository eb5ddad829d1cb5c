#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker describe: the same facts in every form.
. tests/scripts/tap.sh.inc

says() { # TEXT COMMAND...
	text=$1
	shift
	"$@" >"$work/said" 2>&1
	grep -qF -- "$text" "$work/said" || {
		echo "'$text' is not in the output of: $*"
		head -n 20 "$work/said"
		return 1
	}
}
json() { # FORMAT PROGRAM: python reads the output as `d`; the program must be true
	"$saker" describe --format "$1" rules/ "$work/p.yaml" | python3 -c "
import json, sys
d = json.load(sys.stdin)
sys.exit(not ($2))"
}

cat >"$work/p.yaml" <<'PACK'
- list: odd_names
  items: ["a|b", '"x y"']
- rule: "Bell \e | <b>"
  desc: d
  condition: evt.type = open and fd.name in (odd_names)
  output: o %fd.name
  priority: INFO
  enabled: false
  tags: [T1059.004, T1059, mitre_execution]
PACK

expect "text tells what a rule uses" says "macros        by_management, hashes_file, opened_for_reading" \
	"$saker" describe rules/
expect "text sends a terminal nothing but text" says "rule: Bell ? | <b>" "$saker" describe "$work/p.yaml"
expect "--rule tells one rule" sh -c "[ \$('$saker' describe --rule 'Process traced' rules/ | grep -c '^rule:') -eq 1 ]"
expect "an unknown rule gets a suggestion" says "did you mean 'Process traced'" "$saker" describe --rule 'Proces traced' rules/
expect "and is a usage error" exits 2 "$saker" describe --rule nothing rules/
expect "an unknown format is a usage error" exits 2 "$saker" describe --format xml rules/
expect "no pack is a usage error" exits 2 "$saker" describe
printf -- '- macro: m\n  condition: nosuch.field = 1\n- rule: r\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n' >"$work/bad.yaml"
expect "a pack with errors is not described" exits 1 "$saker" describe "$work/bad.yaml"
expect "its errors are shown" says "nonexistent field nosuch.field" "$saker" describe "$work/bad.yaml"
expect "markdown escapes what it would read" says "| Bell $(printf '\033') \\| \\<b\\> |" "$saker" describe --format markdown "$work/p.yaml"
expect "markdown links techniques" says "[T1059.004](https://attack.mitre.org/techniques/T1059/004/)" \
	"$saker" describe --format markdown "$work/p.yaml"
if command -v python3 >/dev/null; then
	expect "json has every rule" json json "len(d['rules']) >= 20 and all(r['fields'] and r['file'] for r in d['rules'])"
	expect "json tells both ways" json json \
		"all(r['name'] in m['used_by_rules'] for r in d['rules'] for m in d['macros'] if m['name'] in r['macros'])"
	expect "json has texts as they are" json json "d['rules'][-1]['name'] == 'Bell \\x1b | <b>' and d['rules'][-1]['enabled'] is False"
	expect "the layer has the score and the names of a technique" json navigator \
		"[t for t in d['techniques'] if t['techniqueID'] == 'T1059'][0]['score'] == 1 and
		[t for t in d['techniques'] if t['techniqueID'] == 'T1059'][0]['showSubtechniques'] is True and
		'Network service started a shell' in [t for t in d['techniques'] if t['techniqueID'] == 'T1059.004'][0]['comment'].split(chr(10))"
	expect "the layer says what it is" json navigator \
		"d['versions']['layer'] == '4.5' and d['domain'] == 'enterprise-attack' and
		d['gradient']['maxValue'] == max(t.get('score', 0) for t in d['techniques']) and
		len({t['techniqueID'] for t in d['techniques']}) == len(d['techniques'])"
	expect "disabled rules are marked in it" json navigator \
		"any('(disabled)' in t.get('comment', '') for t in d['techniques'])"
else
	skip "json" "no python3 here"
fi
finish
