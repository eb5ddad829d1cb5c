# SPDX-License-Identifier: Apache-2.0
"""Instructions an event takes, counted by callgrind: the one figure here that other work on the machine cannot move.

One pass of `evaluate -i` is run; only what happens inside its loop over the events is collected. What a stage took
is the inclusive count of its function."""

import re
import shutil

from . import corpora, packs, tools

LOOP = "stretch_evaluate"
STAGES = {
    "read": "sk_scap_reader_next",
    "state": "sk_sensor_apply",
    "evaluation": "sk_sensor_evaluate",
}


def available():
    return shutil.which("valgrind") and shutil.which("callgrind_annotate")


def count(bench, bundle, capture, engine, events=None):
    """Instructions per event: {"read", "state", "evaluation", "whole", "events"}."""
    trace = bench.path("callgrind.out")
    cut = ["-c", str(events)] if events else []
    result = tools.run_json(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={trace}",
                             f"--toggle-collect={LOOP}", bench.program("evaluate"), "-i", "-e", engine, *cut, bundle,
                             capture], limit=150)
    listing = tools.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", trace]).out
    events = result["events"]
    # A function that was inlined into another file's has more than one line: the first is the largest.
    found = {}
    for line in listing.splitlines():
        match = re.match(r"\s*([\d,]+) \(.*?\)\s+\S*?:(\S+)", line)
        if match:
            found.setdefault(match.group(2), int(match.group(1).replace(",", "")))
    if LOOP not in found:
        raise tools.Failed("callgrind did not see the loop over the events")
    figures = {stage: round(found.get(function, 0) / events, 1) for stage, function in STAGES.items()}
    return {**figures, "whole": round(found[LOOP] / events, 1), "events": events, "engine": engine}


def tell(label, figures):
    print(f"   {label}: read {figures['read']:.0f}, state {figures['state']:.0f}, evaluation "
          f"{figures['evaluation']:.0f}, whole {figures['whole']:.0f} instructions an event", flush=True)


def make(bench):
    if not available():
        bench.skip("instructions", "valgrind is not installed")
        return
    rows = bench.results["instructions"] = []
    pack = packs.largest_real(bench)
    names = ["attacks-a", "played"] if corpora.find(bench, "attacks-a") else ["played"]
    for name in names:
        for engine in ("linear", "rows"):
            corpus = corpora.find(bench, name)
            figures = count(bench, pack["bundle"], corpus["path"], engine, 30_000 if bench.quick else 60_000)
            rows.append({"pack": pack["name"], "corpus": name, **figures})
            tell(f"{name}, {engine}", figures)
