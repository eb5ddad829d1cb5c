#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker test and saker explain as commands: our own rules hold what their tests say, outputs are what other programs
# read, and exit statuses are as documented.
. tests/scripts/tap.sh.inc

expect "the tests of our rules pass, and miss nearly every comparison" "$saker" test --mutate 80 tests/rules/
expect "our rules are silent about a day of ordinary work" "$saker" test tests/baseline/
expect "our rules are laid out" "$saker" fmt --check rules/

cat >"$work/rules.yaml" <<'END'
- rule: shadow
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow and not proc.name in (passwd, su)
  output: read by %proc.name
  priority: INFO
- rule: other
  desc: d
  condition: evt.type = execve and proc.name = nc
  output: o
  priority: INFO
END

cat >"$work/good.yaml" <<'END'
rules: rules.yaml
tests:
  - test: "cat & <co>"
    process: cat
    events: [openat: /etc/shadow]
    fires: {rule: shadow, output: read by cat}
  - test: passwd
    process: passwd
    events: [openat: /etc/shadow]
    silent: all
  - test: elsewhere
    capture: nowhere.scap
    optional: true
    silent: all
END

cat >"$work/bad.yaml" <<'END'
rules: rules.yaml
tests:
  - test: su "may"
    process: su
    events: [openat: /etc/shadow]
    fires: shadow
END

cat >"$work/broken.yaml" <<'END'
rules: rules.yaml
tests:
  - test: x
    events: [opnat: /etc/shadow]
    silent: all
END

contains() { # FILE TEXT...
	file=$1
	shift
	for text in "$@"; do
		grep -qF -- "$text" "$file" || {
			echo "'$text' is not in:"
			cat "$file"
			return 1
		}
	done
}

tap() {
	exits 0 "$saker" test "$work/good.yaml" >"$work/out" &&
		contains "$work/out" "ok 1 - $work/good.yaml: cat & <co>" "ok 2 - " "# SKIP there is no" "1..3" \
			"# 2 passed, 0 failed, 1 skipped" "# 1 of 2 rules of $work/rules.yaml have no test:" "#   other"
}
expect "TAP, and which rules have no test" tap

failing() {
	exits 1 "$saker" test "$work/good.yaml" "$work/bad.yaml" >"$work/out" &&
		contains "$work/out" "not ok 4 - " "# $work/bad.yaml:6:12: 'shadow' did not fire" \
			'`proc.name in (passwd, su)` is true (proc.name is su)' "$work/rules.yaml:3:66"
}
expect "a failed test is told with what stood in its way" failing

broken() {
	exits 1 "$saker" test "$work/broken.yaml" >"$work/out" 2>"$work/err" &&
		contains "$work/err" "$work/broken.yaml:4:14: error: there is no event 'opnat'" "did you mean 'openat'?" &&
		contains "$work/out" "1..1" "# 1 file could not be read"
}
expect "a mistake in a file of tests is shown where it is" broken

junit() {
	exits 1 "$saker" test --format junit "$work/good.yaml" "$work/bad.yaml" "$work/broken.yaml" >"$work/out.xml" 2>"$work/err" &&
		contains "$work/err" "1 of 2 rules of $work/rules.yaml have no test:" &&
		python3 - "$work/out.xml" <<'END'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
suites = root.findall('testsuite')
assert [suite.get('tests') for suite in suites] == ['3', '1', '1'], [suite.attrib for suite in suites]
assert [suite.get('failures') for suite in suites] == ['0', '1', '1']
assert suites[0].get('skipped') == '1'
assert suites[0].find('testcase').get('name') == 'cat & <co>'
assert suites[1].find('testcase').get('name') == 'su "may"'
assert 'did not fire' in suites[1].find('testcase/failure').get('message')
END
}
expect "JUnit's XML" junit

cat >"$work/evidence.yaml" <<'END'
- rule: reads
  desc: d
  condition: evt.type = read and fd.num = 9
  output: read of %fd.name by %proc.name
  priority: INFO
- rule: closes
  desc: d
  condition: evt.type = close and proc.name = cat
  output: by %proc.name
  priority: INFO
END

cat >"$work/rests.yaml" <<'END'
rules: evidence.yaml
defaults: {process: cat}
tests:
  - test: an fd that nobody saw
    events: [read: 9]
    fires:
      rule: reads
      evidence: "unknown: fd.name"
      fields: {saker.evidence: "unknown: fd.name (its opening was not seen)"}
  - test: losses
    events:
      - close: 3
      - close: 3
        lost: {open: 312, process: 1}
      - close: 3
        after: 2s
      - close: 3
        after: 20s
    fires:
      - {rule: closes, event: 1, fields: {saker.evidence: complete}}
      - {rule: closes, event: 2, evidence: "lost: 1 process, 312 open events 0.0 s before"}
      - {rule: closes, event: 3, evidence: "2.0 s before", output: by cat}
      - {rule: closes, event: 4, fields: {saker.evidence: "doubtful: proc.name (1 process event lost since)"}}
END

cat >"$work/doubts.yaml" <<'END'
rules: evidence.yaml
defaults: {process: cat}
tests:
  - test: not expected
    events: [read: 9]
    fires: {rule: reads, evidence: complete}
  - test: the reason for another fault
    events: [read: 9]
    fires: {rule: reads, fields: {fd.name: /etc/shadow}}
  - test: should be silent
    events: [read: 9]
    silent: all
  - test: nothing to doubt
    events: [close: 3]
    silent: all
END

evidence() {
	exits 0 "$saker" test "$work/rests.yaml" >"$work/out" &&
		exits 1 "$saker" test "$work/doubts.yaml" >"$work/out" &&
		contains "$work/out" \
			"evidence does not contain 'complete': unknown: fd.name (its opening was not seen)" \
			"fd.name is empty, expected /etc/shadow" "'closes' fired at event 1" &&
		[ "$(grep -cxF "#   its evidence is not complete: unknown: fd.name (its opening was not seen)" "$work/out")" = 2 ]
}
expect "tests expect what alerts rest on, and say it where it is a reason" evidence

only_some() {
	exits 0 "$saker" test -k 'pass*' "$work/good.yaml" "$work/bad.yaml" >"$work/out" && contains "$work/out" "1..1"
}
expect "only the tests that are asked for" only_some

coverage() {
	exits 0 "$saker" test --coverage --coverage-json "$work/coverage.json" "$work/good.yaml" >"$work/out" &&
		contains "$work/out" '`fd.name = /etc/shadow` was never false while it decided' &&
		python3 - "$work/coverage.json" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
assert report['comparisons'] == 5, report
rule = {rule['rule']: rule for rule in report['rules']}['shadow']
assert rule['tested'] and rule['line'] == 1
atoms = {atom['text']: atom for atom in rule['comparisons']}
assert atoms['proc.name in (passwd, su)']['true'] and atoms['proc.name in (passwd, su)']['false']
assert atoms['fd.name = /etc/shadow']['line'] == 3 and not atoms['fd.name = /etc/shadow']['false']
END
}
expect "coverage as text and as JSON" coverage

mutation() {
	exits 0 "$saker" test --mutate 10 "$work/good.yaml" >"$work/out" &&
		contains "$work/out" "mutation: of 5 comparisons 1 are missed" '`evt.type = openat` can be taken out' &&
		exits 1 "$saker" test --mutate 30 "$work/good.yaml" >/dev/null
}
expect "too few comparisons that tests miss are a failure" mutation

explain_test() {
	exits 0 "$saker" explain --test "$work/bad.yaml:su \"may\"" >"$work/out" &&
		contains "$work/out" "'shadow' does not match event 1: openat by su" "> false   not" \
			"is true: proc.name is su" "by 'su' at $work/rules.yaml:3:88" "It would match if this came out otherwise."
}
expect "explain a test" explain_test

explain_capture() {
	exits 0 "$saker" explain -r "$work/rules.yaml" --rule shadow --json rules/demo.scap >"$work/out" &&
		python3 - "$work/out" <<'END'
import json, sys
explanation = json.load(open(sys.argv[1]))
assert explanation['matches'] and explanation['rule'] == 'shadow', explanation
assert explanation['flip']['size'] == 1 and len(explanation['flip']['sets']) == 3
END
}
expect "explain the nearest event of a capture, as JSON" explain_capture

usage() {
	exits 2 "$saker" explain rules/demo.scap 2>/dev/null &&
		exits 2 "$saker" explain -r "$work/rules.yaml" --rule shdow rules/demo.scap 2>"$work/err" &&
		contains "$work/err" "did you mean 'shadow'?" &&
		exits 2 "$saker" explain --test "$work/bad.yaml:su" 2>/dev/null &&
		exits 3 "$saker" explain -r "$work/rules.yaml" --rule shadow --event 99999999 rules/demo.scap 2>/dev/null &&
		exits 3 "$saker" explain -r "$work/rules.yaml" --rule shadow "$work/none.scap" 2>/dev/null &&
		exits 2 "$saker" test 2>/dev/null && exits 2 "$saker" test --format xml "$work/good.yaml" 2>/dev/null &&
		exits 2 "$saker" test --mutate many "$work/good.yaml" 2>/dev/null
}
expect "mistakes on the command line are told apart" usage

finish
