# SPDX-License-Identifier: Apache-2.0
"""The measurements themselves, but for the outside control and the counting of instructions."""

import os

from . import corpora, packs, tools

# What a pass of an engine may take; beyond, it is compared over the events that it did.
PASS_SECONDS = 1.5


def evaluate(bench, pack, corpus, *options, limit=120):
    return tools.run_json([bench.program("evaluate"), "-l", str(PASS_SECONDS), *map(str, options), pack["bundle"],
                           corpus["path"]], limit)


def engine(result, name):
    return next((engine for engine in result["engines"] if engine["engine"] == name), None)


def tell(label, result):
    parts = [f"{entry['engine']} {entry['eval_ns']:.1f} ns" for entry in result["engines"]]
    print(f"   {label}: read {result['read_ns']:.1f}, state {result['state_ns']:.1f}, floor {result['floor_ns']:.1f}; "
          f"{', '.join(parts)}; {'same matches' if result['agree'] else 'DIFFERENT MATCHES'}", flush=True)


def real_packs(bench):
    """Each real pack over each corpus: what the figures of a user's machine would be."""
    rows = bench.results["real"] = []
    seconds = 1 if bench.quick else 4
    main = corpora.main(bench)
    for pack in bench.results["packs"]:
        if pack["name"].startswith("generated"):
            continue
        for corpus in bench.results["corpora"]:
            if pack is not packs.largest_real(bench) and corpus is not main:
                continue
            result = evaluate(bench, pack, corpus, "-w", "-t", seconds, "-e", "linear,rows")
            rows.append({"pack": pack["name"], "corpus": corpus["name"], **result})
            tell(f"{pack['name']} over {corpus['name']}", result)


def agreement(bench):
    """All matches of all events, not only the first: every engine must find the same."""
    rows = bench.results["agreement"] = []
    pack = packs.largest_real(bench)
    for corpus in bench.results["corpora"]:
        result = evaluate(bench, pack, corpus, "-a", "-n", 1)
        counts = {entry["engine"]: entry["matches"] for entry in result["engines"]}
        rows.append({"pack": pack["name"], "corpus": corpus["name"], "agree": result["agree"], "matches": counts,
                     "hash": result["engines"][0]["hash"]})
        print(f"   {corpus['name']}: {counts}", flush=True)


def scaling(bench):
    """Generated packs, over traffic that matches little."""
    rows = bench.results["scaling"] = []
    corpus = corpora.find(bench, "played")
    for pack in bench.results["packs"]:
        if not pack["name"].startswith("generated"):
            continue
        result = evaluate(bench, pack, corpus, "-w", "-n", 2, "-t", 3, "-e", "linear,rows", "-f",
                          max(1, int(pack["name"].split("-")[1]) // 64))
        rows.append({"pack": pack["name"], "corpus": corpus["name"], **result})
        tell(pack["name"], result)


def ablation(bench):
    """Every engine that there is, from plain to all ideas together."""
    rows = bench.results["ablation"] = []
    runs = [(packs.largest_real(bench), corpus) for corpus in corpora.targets(bench)]
    runs.append((packs.find(bench, "generated-1000"), corpora.find(bench, "played")))
    for pack, corpus in runs:
        result = evaluate(bench, pack, corpus, "-t", 2 if bench.quick else 6)
        rows.append({"pack": pack["name"], "corpus": corpus["name"], **result})
        tell(f"{pack['name']} over {corpus['name']}", result)


def floor(bench):
    """The hand-written loop alone."""
    bench.results["floor"] = []
    for corpus in bench.results["corpora"]:
        result = tools.run_json([bench.program("floor"), corpus["path"], "2"])
        bench.results["floor"].append({"corpus": corpus["name"], **result})
        print(f"   {corpus['name']}: {result['ns_per_event']:.1f} ns an event, {result['ns_per_path']:.1f} a path",
              flush=True)


def whole(bench):
    """`saker replay` as a user runs it, with all that belongs to it: CPU time of the process."""
    rows = bench.results["whole"] = []
    pack = packs.largest_real(bench)
    for corpus in bench.results["corpora"]:
        for path in filter(None, [corpus["path"], corpus.get("source")]):
            stats = []
            for _ in range(2 if bench.quick else 5):
                result = tools.run([bench.saker, "replay", "-q", "--stats", "-b", pack["bundle"], path],
                                   out=os.devnull)
                stats.append((result.cpu, result.wall, tools.json.loads(result.err.splitlines()[-1]), result.peak_kb))
            cpu, wall, best, peak = min(stats, key=lambda entry: entry[0])
            row = {"corpus": corpus["name"], "compressed": path != corpus["path"], "pack": pack["name"], "cpu_s": cpu,
                   "wall_s": min(entry[1] for entry in stats), "events_per_cpu_s": best["events"] / cpu,
                   "peak_kb": peak, **best}
            rows.append(row)
            print(f"   {corpus['name']}{' (gzip)' if row['compressed'] else ''}: {row['events_per_cpu_s'] / 1e6:.2f} M "
                  f"events a second of CPU, {best['events'] / row['wall_s'] / 1e6:.2f} M of the clock; read "
                  f"{best['read_ns']:.0f} (beside {best['inflate_ns']:.0f}), state {best['state_ns']:.0f}, evaluation "
                  f"{best['eval_ns']:.0f}, output {best['output_ns']:.0f} ns; {peak / 1024:.0f} MiB", flush=True)
