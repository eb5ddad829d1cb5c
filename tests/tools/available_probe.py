#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a pack without those output tokens whose fields this build refuses.

usage: available_probe.py SAKER PACK

Only for packs whose outputs are tokens with blanks between, as ../shared/data/packs/probe.yaml.
"""
import re, subprocess, sys

saker, pack = sys.argv[1:]
names = [set(subprocess.run([saker, "fields", *options], check=True, capture_output=True, text=True).stdout.split())
         for options in (["-N"], ["-N", "-a"])]
refused = names[0] - names[1]
with open(pack) as text:
    print(re.sub(r"%([a-z0-9_.]+)(?![a-z0-9_.\[])", lambda token: "" if token[1] in refused else token[0], text.read()))
