#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What recorded rule loads detect in the captures that came with them; and
# whether tests/rule-language.md is right.
. tests/scripts/tap.sh.inc

# Every name in the map of the rule language is a test, or a pack of tests/lang.
names_exist() {
	missing=0
	for what in $(grep '^| [0-9]' tests/rule-language.md | grep -o '`[a-z0-9_]*`\|`lang/[a-z-]*`' | tr -d '`'); do
		case $what in
		lang/*) [ -f "tests/$what.yaml" ] || { echo "no tests/$what.yaml" && missing=1; } ;;
		*_*) grep -rq "TEST($what)" tests || { echo "no test $what" && missing=1; } ;;
		esac
	done
	[ $missing = 0 ] && [ "$(grep -c '^| [0-9]' tests/rule-language.md)" -gt 40 ]
}
expect "the map of the rule language names tests" names_exist

if [ ! -d "$shared/data/captures" ]; then
	skip "recorded loads detect what the reference does" "no $shared"
	finish
fi
expect "recorded loads detect what the reference does" \
	python3 tests/tools/recorded_detections.py "$saker" "$shared" "$work"
finish
