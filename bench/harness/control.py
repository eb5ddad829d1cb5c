# SPDX-License-Identifier: Apache-2.0
"""The outside control: Debian's sysdig over the same capture with the same conditions.

sysdig takes one filter expression and no rules. So the conditions of all rules whose fields and operators it knows
are written one after another with `or`, macros and lists expanded; saker gets a bundle of exactly these rules, and
reports the first match of an event, as the expression does. Both print nothing but saker its few alerts, into
/dev/null."""

import json
import os
import shutil

from . import corpora, packs, tools

# One argument of a program may have 128 KiB.
MOST_TEXT = 120_000


def conditions(bench):
    """(rule, condition) of the real rules: the first copy that `generate` makes of a rule is the rule itself."""
    pack = packs.largest_real(bench)
    text = bench.path("packs", "control.yaml")
    tools.run([bench.program("generate"), "1000", "1", *packs.sources(bench)], out=text)
    found, name = [], None
    with open(text) as file:
        for line in file:
            key, _, value = line.strip().partition(": ")
            if key == "rule":
                name = value[1:-1].replace("''", "'")
                if name.endswith(" #1"):
                    break
            elif key == "condition":
                found.append((name, value[1:-1].replace("''", "'")))
    return pack, found


def accepted(bench, sysdig, rules):
    """Those that sysdig takes one by one, as many as one argument holds."""
    small = bench.path("corpora", "control-sample.scap")
    tools.run([bench.program("workload"), small, "20", "16"])
    taken, refused, size = [], [], 0
    for name, condition in rules:
        result = tools.run([sysdig, "-q", "-r", small, condition], check=False)
        if result.status != 0 or result.err.strip():
            refused.append({"rule": name, "why": (result.err.strip().splitlines() or ["?"])[0][:200]})
        elif size + len(condition) + 8 > MOST_TEXT:
            refused.append({"rule": name, "why": "the expression would be too long"})
        else:
            taken.append((name, condition))
            size += len(condition) + 8
    return taken, refused


def timed(command, events, runs):
    results = [tools.run(command, limit=90, out=os.devnull) for _ in range(runs)]
    cpu = min(result.cpu for result in results)
    return {"cpu_s": round(cpu, 4), "wall_s": round(min(result.wall for result in results), 4),
            "events_per_cpu_s": events / cpu}


def compare(bench, sysdig, label, rules, options, filter_text, runs):
    corpus = corpora.main(bench)
    bundle = bench.path("packs", "control.skb")
    tools.run([bench.saker, "compile", "-q", *options, "-o", bundle])
    lines = bench.path("control.txt")
    replay = [bench.saker, "replay", "-q", "--stats", "-b", bundle, corpus["path"]]
    stats = json.loads(tools.run(replay, out=lines).err.splitlines()[-1])
    tools.run([sysdig, "-r", corpus["path"], filter_text], limit=90, out=lines)
    with open(lines, "rb") as file:
        printed = sum(1 for _ in file)
    row = {"what": label, "rules": rules, "corpus": corpus["name"], "events": stats["events"],
           "saker_matches": stats["matches"], "sysdig_matches": printed,
           "sysdig": timed([sysdig, "-q", "-r", corpus["path"], filter_text], stats["events"], runs),
           "saker": timed([bench.saker, "replay", "-q", "-b", bundle, corpus["path"]], stats["events"], 3)}
    row["ratio"] = row["sysdig"]["cpu_s"] / row["saker"]["cpu_s"]
    bench.results["control"]["rows"].append(row)
    print(f"   {label}: sysdig {row['sysdig']['events_per_cpu_s'] / 1e6:.3f} M events/s ({printed} matches), saker "
          f"{row['saker']['events_per_cpu_s'] / 1e6:.2f} M ({stats['matches']}): {row['ratio']:.1f} times", flush=True)


def make(bench):
    sysdig = shutil.which("sysdig")
    if not sysdig:
        bench.skip("outside control", "sysdig is not installed")
        return
    pack, rules = conditions(bench)
    taken, refused = accepted(bench, sysdig, rules)
    if not taken:
        bench.skip("outside control", "sysdig takes none of the conditions")
        return
    bench.results["control"] = {"version": tools.run([sysdig, "--version"]).out.strip(), "pack": pack["name"],
                                "taken": len(taken), "refused": refused, "rows": []}
    one = next(((name, condition) for name, condition in taken if "/etc/shadow" in condition), taken[0])
    runs = 1 if bench.quick else 2
    for label, chosen in (("one rule", [one]), (f"{len(taken)} rules", taken)):
        names = [option for name, _ in chosen for option in ("--enable", name)]
        compare(bench, sysdig, label, len(chosen), ["--disable", "*", *names, *packs.sources(bench)],
                " or ".join(f"({condition})" for _, condition in chosen), runs)
