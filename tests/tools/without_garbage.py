#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies recorded field values without what the reference engine read from uninitialised memory.

usage: without_garbage.py EXPECTED.jsonl.gz COPY.jsonl.gz

evt.buffer of a parameter without bytes holds the text NULL and what an earlier event left behind it: here it is empty,
and of ptrace, whose parameter "data" is a number, that number.  Two durations of processes from a capture's process
list, and of their children until they exec, are the same small number in every capture, or an address on the stack:
here they are missing.  The items of fd.types come in the order of a hash table: here in alphabetical order.
"""
import gzip, json, re, sys

STACK, STACK_END = 0x7F0000000000, 0x800000000000
with gzip.open(sys.argv[1], "rt") as source, gzip.open(sys.argv[2], "wt", compresslevel=1) as copy:
    line = next(source)
    copy.write(line)
    at = {name: index for index, name in enumerate(json.loads(line))}
    buffer, args = at["evt.buffer"], at["evt.args"]
    start, namespace = (at["proc.exe_ino.ctime_duration_" + name] for name in ("proc_start", "pidns_start"))
    types = at.get("fd.types")
    for line in source:
        values = json.loads(line)
        changed = False
        if types and values[types]:
            values[types], changed = sorted(values[types]), True
        if values[buffer] is not None:
            data = re.match(r"(?:.* )?data=(NULL|-?[0-9A-F]+) (?:fd|tuple|request|size|msgcontrol)=", values[args], re.S)
            if values[at["evt.type"]] == "ptrace":
                values[buffer], changed = data[1], True
            elif data and data[1] == "NULL":
                values[buffer], changed = "", True
        if values[start] == 15:
            values[start], changed = None, True
        if STACK <= (values[namespace] or 0) < STACK_END:
            values[namespace], changed = None, True
        copy.write(json.dumps(values) + "\n" if changed else line)
