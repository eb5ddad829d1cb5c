#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What recorded rule loads detect in the captures that came with them.
. tests/scripts/tap.sh.inc

if [ ! -d "$shared/data/captures" ]; then
	skip "recorded loads detect what the reference does" "no $shared"
	finish
fi
expect "recorded loads detect what the reference does" \
	python3 tests/tools/recorded_detections.py "$saker" "$shared" "$work"
finish
