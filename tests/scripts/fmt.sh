#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker fmt: what it writes, and what it leaves alone.
. tests/scripts/tap.sh.inc

cat >"$work/loose.yaml" <<'PACK'
- macro:   started
  condition: evt.type=execve   # why
- rule: r
  priority: INFO
  desc: d
  condition:   started   and proc.name=cat
  output: o
PACK
cat >"$work/laid-out.yaml" <<'PACK'
- macro: started
  condition: evt.type = execve  # why

- rule: r
  desc: d
  condition: started and proc.name = cat
  output: o
  priority: INFO
PACK
printf -- '- rule: "never closed\n' >"$work/broken.yaml"

same() { cmp "$1" "$2"; }
copy() { cp "$work/loose.yaml" "$work/$1"; }

copy a.yaml
expect "a file is laid out in place" sh -c "'$saker' fmt '$work/a.yaml' && cmp '$work/a.yaml' '$work/laid-out.yaml'"
expect "a file that is laid out passes --check" exits 0 "$saker" fmt --check "$work/a.yaml"
expect "another does not" exits 1 "$saker" fmt --check "$work/loose.yaml"
expect "--check names it" sh -c "'$saker' fmt --check '$work/a.yaml' '$work/loose.yaml' | grep -qx '$work/loose.yaml'"
copy b.yaml
expect "--check writes nothing" sh -c "'$saker' fmt --check '$work/b.yaml'; cmp '$work/b.yaml' '$work/loose.yaml'"
expect "--diff writes nothing" sh -c "'$saker' fmt --diff '$work/b.yaml'; cmp '$work/b.yaml' '$work/loose.yaml'"
expect "- goes from standard input to standard output" \
	sh -c "'$saker' fmt - <'$work/loose.yaml' | cmp - '$work/laid-out.yaml'"
expect "what is laid out stays the same file" sh -c "
	before=\$(stat -c %i '$work/a.yaml') && '$saker' fmt '$work/a.yaml' && [ \$before = \$(stat -c %i '$work/a.yaml') ]"

if command -v patch >/dev/null; then
	copy c.yaml
	"$saker" fmt --diff "$work/c.yaml" >"$work/c.diff"
	expect "--diff is a patch" sh -c "patch -s '$work/c.yaml' <'$work/c.diff' && cmp '$work/c.yaml' '$work/laid-out.yaml'"
	"$saker" fmt - <rules/saker-host.yaml >"$work/whole" && cp rules/saker-host.yaml "$work/d.yaml"
	printf -- '- list:   k\n  items: [a]' >>"$work/d.yaml"
	"$saker" fmt --diff "$work/d.yaml" >"$work/d.diff"
	expect "of a file without a line break at its end too" \
		sh -c "patch -s '$work/d.yaml' <'$work/d.diff' && '$saker' fmt --check '$work/d.yaml'"
else
	skip "--diff is a patch" "no patch here"
fi
expect "--check --diff prints it and fails" sh -c "
	'$saker' fmt --check --diff '$work/loose.yaml' >'$work/out'; [ \$? -eq 1 ] && grep -q '^+  condition: evt.type = execve' '$work/out'"

copy e.yaml
chmod 640 "$work/e.yaml"
"$saker" fmt "$work/e.yaml"
expect "the mode stays" [ "$(stat -c %a "$work/e.yaml")" = 640 ]
copy f.yaml
ln -s f.yaml "$work/link.yaml"
"$saker" fmt "$work/link.yaml"
expect "a link stays one, the file behind it is laid out" \
	sh -c "[ -L '$work/link.yaml' ] && cmp '$work/f.yaml' '$work/laid-out.yaml'"

cp "$work/broken.yaml" "$work/g.yaml"
copy h.yaml
expect "a file that is not YAML is an error" exits 1 "$saker" fmt "$work/g.yaml" "$work/h.yaml"
expect "and stays as it was" same "$work/g.yaml" "$work/broken.yaml"
expect "while others are laid out" same "$work/h.yaml" "$work/laid-out.yaml"
expect "it is said where it is wrong" sh -c "'$saker' fmt '$work/g.yaml' 2>&1 | grep -q 'g.yaml:1:9: error'"
expect "a missing file is an error" exits 1 "$saker" fmt "$work/none.yaml"
expect "no file is a usage error" exits 2 "$saker" fmt
mkdir "$work/folder"
copy folder/x.yaml
copy folder/y.txt
"$saker" fmt "$work/folder"
expect "a folder stands for its packs" sh -c "
	cmp '$work/folder/x.yaml' '$work/laid-out.yaml' && cmp '$work/folder/y.txt' '$work/loose.yaml' &&
	[ \$(ls '$work/folder' | wc -l) -eq 2 ]"
expect "our packs are laid out" exits 0 "$saker" fmt --check rules/
finish
