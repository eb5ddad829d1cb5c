#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The soak (make soak) for twenty seconds, at a rate that any machine keeps up with.
. tests/scripts/tap.sh.inc

if ! reason=$("$saker" run --check 2>&1); then
	skip "a varied workload is watched: memory flat, nothing lost, nothing missed" "${reason#saker: }"
	finish
fi
starts=500
sanitized=
[ "${SAN:-}" != 1 ] || starts=50 sanitized=--sanitized
# shellcheck disable=SC2086
expect "a varied workload is watched: memory flat, nothing lost, nothing missed" \
	tests/soak/soak "$build" --seconds 20 --starts $starts $sanitized
sed 's/^/# /' "$work/expect.log" | grep '# soak:' | tail -n 1
finish
