# SPDX-License-Identifier: Apache-2.0
"""The captures that everything is measured with, all uncompressed, in OUT/corpora."""

import gzip
import os
import shutil

from . import tools

RECORDED = ["busy", "attacks-a", "container-a"]
# Evaluation with every rule enabled is to take at most so much there, ns an event.
TARGETS, TARGET_NS = ["busy", "attacks-a"], 60


def copy_recorded(bench, name):
    source = os.path.join(bench.shared, "data", "captures", name + ".scap")
    if not os.path.exists(source):
        bench.skip(f"corpus {name}", f"there is no {source}")
        return
    path = bench.path("corpora", name + ".scap")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
        with open(source, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(source, "rb") if packed else open(source, "rb") as file, open(path, "wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
    add(bench, name, path, "recorded", source)


def play(bench, name, events, threads):
    path = bench.path("corpora", name + ".scap")
    tools.run([bench.program("workload"), path, str(events), str(threads)])
    add(bench, name, path, f"played: workload {events} {threads}")


def record(bench):
    """A real workload on this machine, where the kernel and our rights let us."""
    path = bench.path("corpora", "live.scap")
    check = tools.run([bench.saker, "run", "--check"], check=False)
    if check.status != 0:
        bench.skip("corpus live", check.err.strip())
        return
    script = os.path.join(bench.root, "bench", "live-workload")
    result = tools.run([bench.saker, "record", "-o", path, "--", script, bench.root], limit=60)
    add(bench, "live", path, f"recorded here: bench/live-workload; {result.err.strip()}")


def add(bench, name, path, how, source=None):
    corpus = {"name": name, "path": path, "bytes": os.path.getsize(path), "sha256": tools.sha256(path), "how": how}
    if source:
        corpus["source"] = source
    bench.results["corpora"].append(corpus)
    print(f"   {name}: {corpus['bytes']:,} bytes, sha256 {corpus['sha256'][:16]}", flush=True)


def make(bench):
    bench.results["corpora"] = []
    for name in RECORDED:
        copy_recorded(bench, name)
    play(bench, "played", 200_000 if bench.quick else 1_000_000, 400)
    play(bench, "played-10k-threads", 100_000 if bench.quick else 300_000, 10_000)
    if not bench.quick:
        record(bench)


def find(bench, name):
    """The corpus of that name, or None."""
    return next((corpus for corpus in bench.results["corpora"] if corpus["name"] == name), None)


def targets(bench):
    """Those that the target is set for, or what stands for them."""
    return [corpus for corpus in bench.results["corpora"] if corpus["name"] in TARGETS] or [main(bench)]


def main(bench):
    """What most figures are about: the recorded busy one, else the one we played."""
    return find(bench, "busy") or find(bench, "played")
