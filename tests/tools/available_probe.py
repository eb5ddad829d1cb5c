#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints ../shared/data/packs/probe.yaml without those output tokens whose fields this build refuses, for the first
EVENTS events alone: the values of all events of a long capture would fill the disk.

usage: available_probe.py SAKER PACK EVENTS
"""
import re, subprocess, sys

saker, pack, events = sys.argv[1:]
names = [set(subprocess.run([saker, "fields", *options], check=True, capture_output=True, text=True).stdout.split())
         for options in (["-N"], ["-N", "-a"])]
refused = names[0] - names[1]
with open(pack) as text:
    probe = re.sub(r"%([a-z0-9_.]+)(?![a-z0-9_.\[])", lambda token: "" if token[1] in refused else token[0], text.read())
limited = probe.replace("condition: evt.num > 0", f"condition: evt.num <= {events}")
if limited == probe:
    sys.exit(f"{pack} has not the condition that was expected")
print(limited)
