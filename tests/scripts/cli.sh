#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line: help, exit statuses, reproducible bundles, damaged input.
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

for command in $(sed -n 's,^SK_COMMAND(\(.*\)),\1,p' cli/commands.def); do
	expect "saker $command --help explains the command" says "usage: saker $command" "$saker" $command --help
	expect "the man page of saker $command is current" \
		sh -c "\"$saker\" help --man $command | cmp - docs/man/saker-$command.1"
done
expect "the man page of saker is current" sh -c "\"$saker\" help --man | cmp - docs/man/saker.1"

expect "docs/language.md is current" sh -c "\"$saker\" help --language | cmp - docs/language.md"
expect "docs/rules.md is current" sh -c "packaging/rules-page \"$saker\" | cmp - docs/rules.md"
expect "docs/fields.md is current" sh -c "\"$saker\" fields --markdown | cmp - docs/fields.md"

expect "no command is a usage error" exits 2 "$saker"
expect "an unknown command is a usage error" exits 2 "$saker" replya
expect "an unknown command gets a suggestion" says "did you mean 'replay'" "$saker" replya
expect "an unknown option is a usage error" exits 2 "$saker" lint --nonsense
expect "figures come every second at most" exits 2 "$saker" run -r rules/saker-host.yaml --stats 0
expect "compile without a pack is a usage error" exits 2 "$saker" compile -o "$work/x.skb"
expect "compile without -o is a usage error" exits 2 "$saker" compile rules/saker-host.yaml
expect "a missing pack is an error of the pack" exits 1 "$saker" lint "$work/none.yaml"
expect "a missing bundle is an input error" exits 3 "$saker" disasm "$work/none.skb"
expect "a missing capture is an input error" exits 3 "$saker" replay -r rules/ "$work/none.scap"

expect "the default pack has no errors and no warnings" says "0 errors, 0 warnings" "$saker" lint --strict rules/
for pack in rules/saker-[!b]*.yaml; do
	expect "$pack loads behind the base alone" "$saker" lint rules/saker-base.yaml "$pack"
done
expect "the default pack compiles" exits 0 "$saker" compile rules/*.yaml -o "$work/a.skb"
"$saker" compile -q rules/*.yaml -o "$work/b.skb"
expect "compiling twice gives identical bytes" cmp "$work/a.skb" "$work/b.skb"
expect "a bundle disassembles" says "Password hashes read" "$saker" disasm "$work/a.skb"
expect "an unwritable bundle is an output error" exits 5 "$saker" compile -q rules/*.yaml -o "$work/no/dir/x.skb"
expect "a pipe is written to, not replaced" sh -c \
	"mkfifo '$work/pipe' && { cat '$work/pipe' >'$work/piped.skb' & } &&
	'$saker' compile -q rules/*.yaml -o '$work/pipe' && wait && [ -p '$work/pipe' ] && cmp '$work/a.skb' '$work/piped.skb'"

expect "--disable leaves rules out" says " 1 rules" \
	"$saker" compile rules/*.yaml --disable '*' --enable 'Process traced' -o "$work/one.skb"
expect "--disable-tag leaves rules out" says " $(grep -h '^- rule:' rules/*.yaml | grep -c .) rules" \
	"$saker" compile rules/*.yaml --enable "*" --disable-tag nonexistent -o "$work/all.skb"
expect "--priority leaves less severe rules out" says " $(grep -hi 'priority: critical' rules/*.yaml | grep -c .) rules" \
	"$saker" compile rules/*.yaml --enable "*" --priority critical -o "$work/critical.skb"
for options in "--ring-size 3" "--ring-size 2K" "--lane-size 0" "--lane-size 8X" "--cpus-per-ring 0"; do
	# shellcheck disable=SC2086
	expect "$options is a usage error" exits 2 "$saker" run --check $options
done
expect "a bad priority is a usage error" exits 2 "$saker" compile rules/*.yaml --priority high -o "$work/x.skb"

cat >"$work/bad.yaml" <<'PACK'
- macro: started
  condition: evt.type = execve and proc.nmae = sh
- rule: one
  desc: d
  condition: started and evt.type = opne
  output: x
  priority: INFO
- rule: two
  desc: d
  condition: started and missing_macro
  output: x
  priority: INFO
PACK
expect "a pack with errors exits 1" exits 1 "$saker" lint "$work/bad.yaml"
expect "an unknown field is shown with file, line and column" says "bad.yaml:2:" "$saker" lint "$work/bad.yaml"
expect "an unknown field gets a suggestion" says "proc.name" "$saker" lint "$work/bad.yaml"
expect "an unknown event type gets a suggestion" says "open" "$saker" lint "$work/bad.yaml"
expect "an undefined macro is found in the same run" says "bad.yaml:10:" "$saker" lint "$work/bad.yaml"
expect "nothing is written after an error" sh -c \
	"\"$saker\" compile \"$work/bad.yaml\" -o \"$work/bad.skb\" 2>/dev/null; [ ! -e \"$work/bad.skb\" ]"

head -c 1000 "$work/a.skb" >"$work/cut.skb"
expect "a truncated bundle is refused" exits 3 "$saker" replay -b "$work/cut.skb" rules/demo.scap
head -c 20000 /dev/urandom >"$work/noise"
expect "noise is no bundle" exits 3 "$saker" disasm "$work/noise"
expect "noise is no capture" exits 3 "$saker" replay -b "$work/a.skb" "$work/noise"

expect "the demo capture gives alerts" says "Password hashes read" "$saker" replay -b "$work/a.skb" rules/demo.scap
"$saker" replay -b "$work/a.skb" rules/demo.scap >"$work/whole.txt" 2>/dev/null
size=$(wc -c <rules/demo.scap)
head -c $((size * 3 / 4)) rules/demo.scap >"$work/cut.scap"
expect "a truncated capture is an input error" exits 3 "$saker" replay -b "$work/a.skb" "$work/cut.scap"
"$saker" replay -q -b "$work/a.skb" "$work/cut.scap" >"$work/part.txt" 2>/dev/null
expect "a truncated capture gives what could be read" sh -c \
	"[ -s '$work/part.txt' ] && head -n \$(wc -l <'$work/part.txt') '$work/whole.txt' | cmp - '$work/part.txt'"
expect "every JSON alert is a JSON object" sh -c \
	"\"$saker\" replay -q --json -b '$work/a.skb' rules/demo.scap | python3 -c 'import json, sys
n = 0
for line in sys.stdin:
    alert = json.loads(line)
    assert list(alert) == sorted(alert) and alert[\"rule\"] and alert[\"output_fields\"]
    n += 1
assert n > 0'"
expect "a full disk is an output error" sh -c \
	"\"$saker\" replay -q -b '$work/a.skb' rules/demo.scap >/dev/full 2>'$work/err'; [ \$? -eq 5 ]"
expect "alerts that an output could not take go to standard error" sh -c \
	"\"$saker\" replay -q -b '$work/a.skb' rules/demo.scap >/dev/full 2>'$work/err'
	grep -v '^saker: ' '$work/err' | cmp - '$work/whole.txt'"
expect "-o appends the same alerts to a file" sh -c \
	"\"$saker\" replay -q -b '$work/a.skb' -o '$work/copy.txt' rules/demo.scap >/dev/null; cmp '$work/copy.txt' '$work/whole.txt'"
expect "--stats ends with one line of JSON that adds up, and changes no alert" sh -c \
	"\"$saker\" replay --stats -b '$work/a.skb' rules/demo.scap 2>'$work/err' | cmp - '$work/whole.txt' &&
	tail -n 1 '$work/err' | python3 -c 'import json, sys
stats = json.loads(sys.stdin.read())
lines = open(\"$work/whole.txt\").read().count(\"\\n\")
assert stats[\"events\"] > 0 and stats[\"matches\"] == lines, stats
assert 0 <= stats[\"inflate_ns\"] <= stats[\"read_ns\"]
assert stats[\"read_ns\"] > 0 and stats[\"state_ns\"] > 0 and stats[\"eval_ns\"] > 0 and stats[\"output_ns\"] > 0, stats'"
# Enough of it that another thread inflates: 150 captures, one after another.
python3 -c "
import gzip
demo = open('rules/demo.scap', 'rb').read()
demo = gzip.decompress(demo) if demo[:2] == b'\x1f\x8b' else demo
with open('$work/many.scap', 'wb') as plain, gzip.open('$work/many.scap.gz', 'wb', 1) as packed:
    for file in plain, packed:
        for _ in range(150):
            file.write(demo)"
head -c 500000 "$work/many.scap.gz" >"$work/many.cut.gz"
"$saker" replay -q -b "$work/a.skb" "$work/many.scap" >"$work/many.txt" 2>/dev/null
expect "a large compressed capture gives the same alerts" sh -c \
	"[ -s '$work/many.txt' ] && \"$saker\" replay -q -b '$work/a.skb' '$work/many.scap.gz' | cmp - '$work/many.txt'"
expect "a replay ends when nobody reads its alerts, and says nothing of them" sh -c "
	{ '$saker' replay -q --json -r rules/ rules/demo.scap 2>'$work/err'; echo \$? >'$work/status'; } | true
	[ ! -s '$work/err' ]"
expect "from a pipe too" sh -c \
	"cat '$work/many.scap.gz' | \"$saker\" replay -q -b '$work/a.skb' - | cmp - '$work/many.txt'"
expect "one that is cut short gives those up to there and an error" sh -c \
	"\"$saker\" replay -q -b '$work/a.skb' '$work/many.cut.gz' >'$work/cut.txt' 2>'$work/err'; [ \$? -eq 3 ] &&
	grep -q 'truncated at byte 500000' '$work/err' && [ -s '$work/cut.txt' ] &&
	head -c \$(wc -c <'$work/cut.txt') '$work/many.txt' | cmp - '$work/cut.txt'"
finish
