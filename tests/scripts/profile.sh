#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker profile: its figures add up and are those of a replay; its forms are well-formed.
. tests/scripts/tap.sh.inc

says() { # TEXT COMMAND...: COMMAND's output (both streams) holds TEXT
	text=$1
	shift
	"$@" >"$work/said" 2>&1
	grep -qF -- "$text" "$work/said" || {
		echo "'$text' is not in the output of: $*"
		head -n 20 "$work/said"
		return 1
	}
}

cat >"$work/check.py" <<'CHECK'
"""check.py PROFILE.json ALERTS.jsonl [SAMPLED]: the profile's shape, sums, and matches against the replay's alerts."""
import collections
import json
import sys

profile = json.load(open(sys.argv[1]))
alerts = collections.Counter(json.loads(line)["rule"] for line in open(sys.argv[2]))
SHAPES = {
    "rules": {"rule": str, "file": str, "line": int, "events": int, "considered": int, "survived": int, "run": int,
              "linear": int, "matched": int, "ns": (int, float), "own_ns": (int, float), "share": (int, float),
              "types": list},
    "fields": {"field": str, "rules": int, "answered": int, "missing": int, "asked": int, "worked_out": int,
               "hit_rate": (int, float, type(None)), "signatures": int, "rows": int, "ruled_out": int,
               "ns": (int, float), "share": (int, float)},
    "predicates": {"predicate": str, "file": str, "line": int, "answered": int, "held": int, "ruled_out": int},
    "types": {"type": str, "number": int, "rules": int, "events": int, "linear": int, "ns": (int, float)},
    "suggestions": {"kind": str, "rule": str, "file": str, "line": int, "predicate": (str, type(None)), "reason": str,
                    "instead": (str, type(None)), "same": (bool, type(None)), "ns": (int, float)},
}
for name, shape in SHAPES.items():
    for item in profile[name]:
        assert list(item) == list(shape), (name, list(item))
        for key, kind in shape.items():
            assert isinstance(item[key], kind), (name, key, item[key])
for rule in profile["rules"]:
    assert rule["events"] >= rule["considered"] >= rule["survived"] >= rule["matched"], rule
    assert rule["survived"] >= rule["run"] >= rule["linear"], rule
    assert rule["matched"] == alerts[rule["rule"]], rule
    for key in ("considered", "survived", "run", "matched"):
        assert sum(use[key] for use in rule["types"]) == rule[key], (key, rule)
assert profile["matches"] == sum(alerts.values())
assert profile["evaluated"] == sum(item["events"] for item in profile["types"]) <= profile["events"]
assert profile["engine"]["linear"] <= profile["evaluated"]
for field in profile["fields"]:
    assert field["worked_out"] <= field["asked"] and field["missing"] <= field["answered"], field
for predicate in profile["predicates"]:
    assert predicate["held"] <= predicate["answered"], predicate
parts = {key: value for key, value in profile["ns"].items() if key != "total"}
total = profile["ns"]["total"]
assert abs(sum(parts.values()) - total) <= total * 1e-4 + 1, parts
given = sum(rule["ns"] for rule in profile["rules"]) + parts["new nodes"] + parts["the way"]
if len(sys.argv) > 3:
    assert profile["timed"] < profile["evaluated"]
else:
    assert profile["timed"] == profile["evaluated"]
# Rules, new nodes and the way are all there is, but for what was cut off or led nowhere.
if profile["evaluated"]:
    assert total > 0 and total * 0.95 <= given <= total * 1.0001, (given, total)
CHECK

adds_up() { # CAPTURE PROFILE-OPTION... : in both ways of matching
	capture=$1
	shift
	for match in first all; do
		"$saker" replay -q --json --rule-matching "$match" "$@" "$capture" >"$work/alerts" &&
			"$saker" profile --json --suggest --rule-matching "$match" "$@" "$capture" >"$work/profile.json" &&
			python3 "$work/check.py" "$work/profile.json" "$work/alerts" || return 1
	done
}

well_formed() { # FILE: XML, with a title in every box
	python3 -c 'import sys
from xml.etree import ElementTree
svg = "{http://www.w3.org/2000/svg}"
root = ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == svg + "svg", root.tag
boxes = root.findall(svg + "g")
assert boxes
width = float(root.get("width"))
for box in boxes:
    assert box.find(svg + "title").text.strip()
    rect = box.find(svg + "rect")
    assert 0 <= float(rect.get("x")) and float(rect.get("x")) + float(rect.get("width")) <= width, rect.attrib
assert not root.findall(".//" + svg + "script") and not root.findall(".//" + svg + "image")' "$1"
}

own="-r rules/"
# shellcheck disable=SC2086
{
	expect "demo, own pack: figures add up and are the replay's" adds_up rules/demo.scap $own
	expect "they are some" grep -q '"matched":1' "$work/profile.json"
	"$saker" profile $own --top 3 --suggest --svg "$work/demo.svg" rules/demo.scap >"$work/demo.txt"
	expect "the picture is well-formed" well_formed "$work/demo.svg"
	expect "the text has a section for each table" sh -c "for title in 'Where the time goes' 'Rules, by time' \
		'Fields, by time' 'Predicates that decided most' 'Suggestions'; do grep -q \"^\$title\" '$work/demo.txt' || exit 1; done"
	expect "--top cuts the tables" sh -c "[ \$(grep -c '(rules/saker-' '$work/demo.txt') -le 6 ]"
	expect "a sample is counted whole" sh -c "'$saker' profile $own --sample 5 --json --suggest rules/demo.scap >'$work/sampled.json' &&
		'$saker' replay -q --json $own rules/demo.scap >'$work/alerts' &&
		python3 '$work/check.py' '$work/sampled.json' '$work/alerts' sampled"
	expect "the linear engine counts the same matches" sh -c "'$saker' profile $own --engine linear rules/demo.scap |
		head -n 1 | cut -d, -f2- >'$work/linear' && head -n 1 '$work/demo.txt' | cut -d, -f2- | cmp - '$work/linear'"
	expect "no alerts are printed" sh -c "! grep -q 'container_id=' '$work/demo.txt'"
	expect "a capture and --seconds do not go together" exits 2 "$saker" profile $own --seconds 3 rules/demo.scap
	expect "two captures are a usage error" exits 2 "$saker" profile $own rules/demo.scap rules/demo.scap
	expect "--sample 0 is a usage error" exits 2 "$saker" profile $own --sample 0 rules/demo.scap
	expect "a missing capture is an input error" exits 3 "$saker" profile $own "$work/none.scap"
	expect "a picture that cannot be written is an output error" exits 5 \
		"$saker" profile $own --svg "$work/no/such.svg" rules/demo.scap
}

# What --suggest says of a pack that has one of each.
cat >"$work/clumsy.yaml" <<'PACK'
- rule: pattern
  desc: d
  condition: evt.type in (open, openat) and fd.name regex "/etc/shadow|/etc/gshadow"
  output: x
  priority: INFO
- rule: folded
  desc: d
  condition: evt.type in (open, openat) and tolower(fd.name) contains passwd
  output: x
  priority: INFO
- rule: anything
  desc: d
  condition: fd.name startswith /no/such
  output: x
  priority: INFO
  warn_evttypes: false
- rule: two fields
  desc: d
  condition: evt.type in (open, openat, close, read, mmap, mprotect, fstat, newfstatat) and evt.time != val(proc.exe)
  output: x
  priority: INFO
- rule: arguments
  desc: d
  condition: evt.type in (open, openat) and evt.args contains O_TRUNC
  output: x
  priority: INFO
PACK
"$saker" profile -r "$work/clumsy.yaml" --rule-matching all --suggest --top 0 rules/demo.scap >"$work/clumsy.txt" 2>&1
for kind in plain-pattern folded-text no-event-type all-arguments; do
	expect "--suggest tells of $kind" grep -q ": $kind\$" "$work/clumsy.txt"
done
expect "it tells what to write" grep -qF 'write    fd.name = anyof (/etc/shadow, /etc/gshadow)' "$work/clumsy.txt"
expect "it tells where" grep -qF "$work/clumsy.yaml:3: pattern: plain-pattern" "$work/clumsy.txt"
expect "what it writes compiles and matches the same" sh -c "sed 's/fd.name regex .*/fd.name = anyof (\/etc\/shadow, \/etc\/gshadow)/
	s/tolower(fd.name) contains/fd.name icontains/' '$work/clumsy.yaml' >'$work/better.yaml' &&
	for pack in clumsy better; do '$saker' replay -q --rule-matching all -r '$work/'\$pack.yaml rules/demo.scap >'$work/'\$pack.alerts || exit 1; done
	[ -s '$work/clumsy.alerts' ] && cmp '$work/clumsy.alerts' '$work/better.alerts'"

if ! "$saker" run --check 2>"$work/why"; then
	skip "this host for two seconds" "$(cat "$work/why")"
else
	expect "this host for two seconds" while_something_happens sh -c "
		'$saker' profile -r rules/ --seconds 2 --json --svg '$work/live.svg' >'$work/live.json' && python3 -c 'import json, sys
profile = json.load(open(sys.argv[1]))
assert profile[\"evaluated\"] > 0 and profile[\"timed\"] > 0
for rule in profile[\"rules\"]:
    assert rule[\"events\"] >= rule[\"considered\"] >= rule[\"survived\"] >= rule[\"matched\"], rule' '$work/live.json'"
	expect "its picture is well-formed" well_formed "$work/live.svg"
fi

packs=$shared/data/packs
if [ ! -d "$shared/data/captures" ]; then
	skip "recorded captures: figures add up and are the replay's" "no $shared"
	finish
fi
for recorded in "$shared"/data/captures/*.scap; do
	expect "$(basename "$recorded" .scap): figures add up and are the replay's" adds_up "$recorded" -r "$packs/falco_rules.yaml" \
		-r "$packs/falco-incubating_rules.yaml" -r "$packs/falco-sandbox_rules.yaml" --enable '*'
done
finish
