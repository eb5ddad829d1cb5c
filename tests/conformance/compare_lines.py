#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what `saker read` prints of a capture with its listing, parameter by parameter, or with sysdig.

usage: compare_lines.py listing SAKER SHARED NAME | compare_lines.py sysdig SAKER SHARED NAME [FILTER]
NAME: of a capture in SHARED, or the path of any.  FILTER: what both are given to choose events by.
Prints how many events agree, and the first differences; exits 1 if there is one.

A listing has bytes and numbers as they were recorded, `saker read` prints them as sysdig does:
`name=raw(resolved)`. Compared is the raw part, by the type that ../shared says the parameter has. Of sysdig,
which is older than the schema, every event that both print (same time and thread, end of the call) is
compared, by the parameters that it knows.
"""
import json
import os
import re
import subprocess
import sys

MODE, SAKER, SHARED, NAME = sys.argv[1:5]
FILTER = sys.argv[5:]
sys.path.insert(0, os.path.join(SHARED, "tools"))
sys.dont_write_bytecode = True
import scapdump

PATH = NAME if "/" in NAME else os.path.join(SHARED, "data", "captures", NAME + ".scap")
FORMAT = "*%evt.rawtime %evt.cpu %thread.tid %evt.dir %evt.type %evt.args %proc.name"
# Not printed: what a writer of captures notes for itself.
INTERNAL = {"procinfo", "scapevent", "drop", "cpu_hotplug", "k8s", "mesos"}


KNOWN = {param["name"] for params in scapdump.PAR.values() for param in params}


def saker():
    out = subprocess.run([SAKER, "read", "--json", "-p", FORMAT, PATH] + FILTER, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.decode("utf-8", "replace").splitlines()]


def split(text, names):
    """{name: value} of `a=1 b=2`, as the names say where values begin."""
    pattern = " ".join(re.escape(name) + "=(.*)" for name in names)
    match = re.fullmatch(pattern, text, re.S)
    return dict(zip(names, match.groups())) if match else None


def dotted(data):
    return "".join(chr(b) if 32 <= b < 127 else "." for b in data)


def expected_text(text):
    """A pattern for what a listing shows of bytes, with a dot for each that is not printable ASCII."""
    match = re.fullmatch(r'(?:\d+b )?"(.*)"(?:\.\.\.\+(\d+))?', text, re.S)
    pattern = ""
    for escape, char in re.findall(r"(\\x[0-9a-f]{2})|(.)", match.group(1), re.S):
        if escape:
            # A character above U+007F is one escape there and two bytes here.
            pattern += r"\.{1,2}" if escape > "\\x7f" else r"\."
        else:
            pattern += re.escape(char) if " " <= char <= "~" else r"\." * len(char.encode())
    # What a path means follows in brackets; a list of strings ends in a NUL.
    return pattern + (".*" if match.group(2) else r"\.*(\(.*\))?")


def raw_number(text):
    return re.match(r"-?[0-9A-Fa-f]+|", text).group()


def same(param, theirs, ours):
    kind = param["param_type"][3:]
    if theirs == "<EMPTY>":
        return ours in ("", "NULL", "<NA>")
    if kind in ("CHARBUF", "FSPATH", "FSRELPATH", "BYTEBUF", "CHARBUFARRAY", "CHARBUF_PAIR_ARRAY"):
        if ours in ("NULL", "<NA>"):
            return re.search(r'"(\(?NULL\)?)?"$', theirs) is not None
        return re.fullmatch(expected_text(theirs), ours, re.S) is not None
    if kind in ("SOCKADDR", "SOCKTUPLE"):
        flat = re.sub(r"^(inet6?|unix) |[\[\]\"]", "", theirs).strip()
        return re.sub(r"[\[\]]", "", ours).strip() == flat
    if kind == "FDLIST":
        pairs = re.findall(r"(-?\d+):([0-9a-f]+)", theirs)
        return [fd for fd, _ in pairs] == re.findall(r"(-?\d+):\S*", ours)
    if kind == "DYN":
        return raw_number(ours) == raw_number(theirs.split("] ", 1)[1])
    if theirs == "AT_FDCWD":
        return ours.startswith("-100")
    number = int(re.match(r"-?(0[xo])?[0-9a-f]+", theirs).group(), 0)
    if kind in ("RELTIME", "ABSTIME") and not re.match(r"-?\d+(\(|$)", ours):
        return re.search(r"\.(\d{9})$", ours) is not None and int(ours[-9:]) == number % 10 ** 9
    base = {"PF_HEX": 16, "PF_OCT": 8}.get(param["format"], 10)
    if re.match("(ENUM)?FLAGS|ERRNO|FD", kind):
        base = 10
    digits = re.match({16: "-?[0-9A-Fa-f]+", 10: "-?[0-9]+", 8: "-?[0-7]+"}[base], ours)
    # -1 is how an id that is none is printed.
    return digits is not None and (int(digits.group(), base) - number) % (1 << (32 if kind in ("UID", "GID") else 64)) == 0


def against_listing():
    wrong, total, parameters = [], 0, 0
    ours = iter(saker())
    with open(os.path.join(SHARED, "data", "captures", "listings", NAME + ".txt")) as lines:
        for line in lines:
            match = re.match(r"(\d+) (\d+)\.(\d{9}) \+\S+ cpu(\d+)( f\S+)? tid=(\d+) ([<>]) (\S+) "
                             r"\[(\d+) \S+ \d+/\d+\] ?(.*)", line.rstrip("\n"), re.S)
            if not match or match.group(5) or match.group(8) in INTERNAL:
                continue
            total += 1
            event = next(ours, None)
            if event is None:
                wrong.append((line, "nothing"))
                continue
            head = (int(match.group(2)) * 10 ** 9 + int(match.group(3)), int(match.group(4)), match.group(7))
            if head != (event["evt.rawtime"], event["evt.cpu"], event["evt.dir"]) or \
               event["thread.tid"] not in (None, int(match.group(6)) - (1 << 64 if int(match.group(6)) >> 63 else 0)):
                wrong.append((line, event))
                continue
            if match.group(8) == "syscall":
                # Its number is what evt.type shows, and it has nothing else to show.
                # Without the schema's number it is the native one.
                named = f"({event['evt.type']})" in match.group(10) or "ID=0(" in match.group(10)
                if not named or event["evt.args"]:
                    wrong.append((line, event))
                continue
            params = scapdump.PAR.get(int(match.group(9)), [])
            names = [p["name"] for p in params if re.search(r"(^| )" + re.escape(p["name"]) + "=", match.group(10))]
            theirs, mine = split(match.group(10), names), split(event["evt.args"] or "", names)
            parameters += len(names)
            if theirs is None or mine is None:
                wrong.append((line, event))
                continue
            for param in params:
                name = param["name"]
                if name in theirs and not same(param, theirs[name], mine[name]):
                    wrong.append((name, param["param_type"], theirs[name], mine[name], event["evt.type"]))
                    break
    if next(ours, None) is not None:
        wrong.append(("the listing ends", "saker goes on"))
    return wrong, total, f"{parameters} parameters"


def sysdig_agrees(name, value, ours):
    """
    Whether our parameters hold one of sysdig.  Its schema is older: it knows fewer names of flags, prints the result
    of mmap as hex, calls vpgid pgid, and takes a path behind a directory's fd for one that stands where it is.
    """
    if name == "pgid":
        name = "vpgid"
    found = re.search(r"(?:^| )" + re.escape(name) + r"=(.*)", ours, re.S)
    if not found:
        return False
    mine = found.group(1)
    if value.strip() in ("", "N", "<NA>", "NULL", "(NULL)"):
        # "N" may be data, too.
        return mine.startswith((" ", "<NA>", "NULL")) or mine == "" or (value.strip() and mine.startswith(value.strip()))
    if mine.startswith(value.rstrip(". ")):
        return True
    if name == "fds":
        # What kind an fd is follows from events that sysdig does not know, such as pipe2 and dup2.
        return re.findall(r"(\d+):\D+([0-9a-f]+)", value) == re.findall(r"(\d+):\D+([0-9a-f]+)", mine.split(" timeout=")[0])
    if name == "name" and "(" in value:
        return mine.startswith(value[:value.index("(") + 1])
    raw, own = re.match(r"[^( ]*", value).group(), re.match(r"[^( ]*", mine).group()
    if re.fullmatch("[0-9A-F]+", raw) and re.fullmatch("-?[0-9]+", own):
        return raw == own or int(raw, 16) == int(own) % (1 << 64)
    return False


def against_sysdig():
    ours = {}
    for event in saker():
        ours.setdefault((event["evt.rawtime"], event["thread.tid"], event["evt.dir"]), []).append(event)
    out = subprocess.run(["sysdig", "-r", PATH, "-j", "-p", FORMAT] + FILTER, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, env=dict(os.environ, TZ="UTC")).stdout
    wrong, total, only = [], 0, 0
    for line in out.decode("utf-8", "replace").splitlines():
        event = json.loads(line)
        mine = ours.get((event["evt.rawtime"], event["thread.tid"], event["evt.dir"]), [None])
        mine = next((m for m in mine if m and m["evt.type"] == event["evt.type"]), None)
        if mine is None or event["evt.dir"] == ">":
            only += 1
            continue
        total += 1
        names = [n for n in re.findall(r"(?:^| )([a-z_]+)=", event["evt.args"] or "") if n in KNOWN]
        theirs = split((event["evt.args"] or "").rstrip(), names)
        missing = [n for n in names if f"{n}=" not in (mine["evt.args"] or "")]
        # Of a vfork that is seen without what came before it, sysdig takes the child to be like its creator.
        named = mine["proc.name"] in (event["proc.name"], "<NA>" if "/" in NAME else event["proc.name"])
        if not named or mine["evt.cpu"] != event["evt.cpu"] or missing or theirs is None:
            wrong.append((event, mine))
            continue
        for name, value in theirs.items():
            if not sysdig_agrees(name, value.rstrip(), mine["evt.args"]):
                wrong.append((event["evt.type"], name, value[:200], mine["evt.args"][:600]))
                break
    return wrong, total, f"{only} that only sysdig tells apart"


wrong, total, more = against_listing() if MODE == "listing" else against_sysdig()
print(f"# {NAME}: {total - len(wrong)} of {total} events agree with {'its listing' if MODE == 'listing' else 'sysdig'}; {more}")
for item in wrong[:int(os.environ.get("SK_SHOW", "5"))]:
    print("# ", repr(item)[:1500])
sys.exit(1 if wrong else 0)
