#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# saker test: our own rules hold what their tests say, and mistakes in tests are shown where they are.
. tests/scripts/tap.sh.inc

expect "the tests of our rules pass" "$saker" test tests/rules/

finish
