#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `saker read` of real captures: every event and each of its parameters, beside the capture's listing and beside
# what sysdig prints.
. tests/scripts/tap.sh.inc

captures=$shared/data/captures
if [ ! -d "$captures/listings" ]; then
	skip "every parameter is that of the listing" "there are no captures in $shared"
	finish
fi
compare() { # MODE NAME WHAT: says how many agree
	name="$2: every event is that of $3"
	python3 tests/conformance/compare_lines.py "$1" "$saker" "$shared" "$2" >"$work/compared"
	agreed=$?
	cat "$work/compared"
	expect "$name" [ $agreed -eq 0 ]
}
for listing in "$captures"/listings/*.txt; do
	compare listing "$(basename "$listing" .txt)" "its listing"
done
if ! command -v sysdig >/dev/null; then
	skip "what sysdig prints" "there is no sysdig"
	finish
fi
# busy: a million and a half of the same kinds of events as in attacks-a.
for capture in "$captures"/*.scap; do
	[ "$(basename "$capture")" = busy.scap ] || compare sysdig "$(basename "$capture" .scap)" sysdig
done
finish
