#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what saker read from a capture (a dump of tests/conformance/test_captures.c)
with what ../shared/tools/scapdump.py reads, and with the capture's listing.

usage: compare_capture.py SHARED NAME DUMP EVENTS
Prints the first difference of each kind and exits 1 if there is any.
"""
import ipaddress
import os
import sys

SHARED, NAME, DUMP, LIMIT = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
sys.path.insert(0, os.path.join(SHARED, "tools"))
sys.dont_write_bytecode = True
import scapdump

failed = False


def differ(what, ours, theirs):
    global failed
    failed = True
    print(f"# {NAME}: {what}: saker has {ours!r:.300}, expected {theirs!r:.300}")


def compare(what, ours, theirs):
    if len(ours) != len(theirs):
        differ(f"number of {what}", len(ours), len(theirs))
    for number, (one, other) in enumerate(zip(ours, theirs)):
        if one != other:
            differ(f"{what} {number}", one, other)
            break


def value(word):
    return b"" if word == "-" else bytes.fromhex(word)


rows = {kind: [] for kind in "MIUGPFE"}
with open(DUMP) as dump:
    for row in dump:
        kind, *words = row.split()
        rows[kind].append(words)

capture = scapdump.load(os.path.join(SHARED, "data", "captures", NAME + ".scap"), None, True, LIMIT)
if capture.err:
    differ("errors", [], capture.err)


def integers(words):
    return [int(word) for word in words]


# --- entries
machine = capture.mi
compare("machine", [integers(r[:4]) + [value(r[4])] for r in rows["M"]],
        [[machine["num_cpus"], machine["memory"], machine["max_pid"], machine["boot_ts"], machine["hostname"].encode()]])
compare("interface", [[int(r[0])] + [value(w) for w in r[1:]] for r in rows["I"]],
        [[i.get("speed", 0)] + [ipaddress.ip_address(i[k]).packed for k in ("addr", "mask", "bcast")] + [i["name"]]
         for i in capture.ifs])
compare("user", [integers(r[:2]) + [value(w) for w in r[2:]] for r in rows["U"]],
        [[u["uid"], u["gid"], u["name"], u["home"], u["shell"]] for u in capture.users])
compare("group", [[int(r[0]), value(r[1])] for r in rows["G"]], [[g["gid"], g["name"]] for g in capture.groups])

NUMBERS = [("tid", 0), ("pid", 0), ("ptid", 0), ("sid", -1), ("vpgid", -1), ("pgid", -1), ("vtid", -1), ("vpid", -1),
           ("fdlimit", 0), ("flags", 0), ("uid", 0), ("gid", 0), ("loginuid", 0xffffffff), ("vmsize", 0), ("vmrss", 0),
           ("vmswap", 0), ("pfmajor", 0), ("pfminor", 0), ("pidns_init_start_ts", 0), ("tty", 0), ("cap_inh", 0),
           ("cap_prm", 0), ("cap_eff", 0), ("exe_ino", 0), ("exe_ino_ctime", 0), ("exe_ino_mtime", 0),
           ("exe_writable", 0), ("exe_upper_layer", 0), ("exe_lower_layer", 0), ("exe_from_memfd", 0)]
TEXTS = ["comm", "exe", "exepath", "cwd", "root", "args", "env", "cgroups"]


def process(thread):
    numbers = [thread.get(name, absent) for name, absent in NUMBERS]
    # It reads the process group unsigned.
    numbers = [n - (1 << 64) if name == "pgid" and n >= 1 << 63 else n for n, (name, _) in zip(numbers, NUMBERS)]
    return numbers + [thread.get(name, b"") for name in TEXTS]


compare("process", [integers(r[:len(NUMBERS)]) + [value(w) for w in r[len(NUMBERS):]] for r in rows["P"]],
        [process(thread) for thread in capture.threads])

FD_TYPES = {name: number for number, name in scapdump.FDT.items()}
PROTOCOLS = {name: number for number, name in scapdump.L4.items()}


def packed(address):
    return ipaddress.ip_address(address).packed.ljust(16, b"\0") if address else bytes(16)


def descriptor(tid, fd):
    kind, name = fd["type"], fd.get("name", b"")
    if isinstance(kind, int):
        kind, name = "unsupported", b"unknown-type:[%d]" % kind
    return [tid, fd["fd"], fd["ino"], fd.get("dev", 0), fd.get("oflags", 0), FD_TYPES[kind],
            PROTOCOLS.get(fd.get("l4", "?"), 0), fd.get("sport", 0), fd.get("dport", fd.get("port", 0)),
            fd.get("src", 0), fd.get("dst", 0), packed(fd.get("sip")), packed(fd.get("dip", fd.get("ip"))), name]


compare("fd", [integers(r[:11]) + [value(w) for w in r[11:]] for r in rows["F"]],
        [descriptor(tid, fd) for tid, fds in capture.fds.items() for fd in fds])

# --- events, then the same as text
compare("event", [integers(r[:6]) + [value(w) for w in r[6:]] for r in rows["E"]],
        [[e.type, e.tid, e.ts, e.cpu, e.flags & 1, len(e.params)] + e.params for e in capture.events][:LIMIT])

listing = os.path.join(SHARED, "data", "captures", "listings", NAME + ".txt")
if os.path.exists(listing):
    with open(listing) as lines:
        expected = [line.rstrip("\n") for line in lines if not line.startswith("#")]
    ours, first = [], None
    for row, text in zip(rows["E"], expected):
        event = scapdump.Evt()
        event.type, event.tid, event.ts, event.cpu, event.flags = integers(row[:5])
        event.params = [value(word) for word in row[6:]]
        # The listing's times count from the first event that has one.
        first = first or event.ts
        ours.append(scapdump.line(int(text.split()[0]), event, first))
    compare("listed event", ours, expected)

sys.exit(1 if failed else 0)
