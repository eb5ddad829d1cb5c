# SPDX-License-Identifier: Apache-2.0
"""What was measured, as one Markdown page and its plots."""

from . import corpora, measure, svg


# As `evaluate` knows them, each with what it leaves out.
ENGINES = [
    ("linear", "leaves everything out: rule after rule, each predicate compared at most once an event."),
    ("atoms", "leaves out rows: rule after rule still, but a value is looked up once, and all predicates on it are "
              "told by the set that it was found to meet."),
    ("and", "leaves out what is known of threads and fds, and nodes: each event ANDs the rows of its values, cheapest "
            "question first, those that no rule left asks for passed over, and runs the programs of what is left."),
    ("scopes", "leaves out nodes: as `and`, but what threads and fds answer is kept on them, as classes."),
    ("rows", "leaves out nothing: nodes remember what the rules come to once some questions are answered."),
]
WITH_ROWS = ("and", "scopes", "rows")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def rate(hits, misses):
    return f"{hits / (hits + misses):.1%}" if hits + misses else "–"


def real(results):
    header = ["pack", "corpus", "engine", "read", "state", "evaluation", "second half", "floor in place",
              "evaluation / floor", "M events/s", "matches", "hash", "engines agree"]
    rows = []
    for row in results["real"]:
        for engine in row["engines"]:
            ratio = engine["eval_ns"] / row["floor_ns"] if row["floor_ns"] > 0 else 0
            rows.append([row["pack"], row["corpus"], engine["engine"], f"{row['read_ns']:.1f}",
                         f"{row['state_ns']:.1f}", f"{engine['eval_ns']:.1f}", f"{engine['eval_ns_second_half']:.1f}",
                         f"{row['floor_ns']:.1f}", f"{ratio:.1f}", f"{engine['events_per_second'] / 1e6:.2f}",
                         engine["matches"], f"`{engine['hash'][:8]}`", "yes" if row["agree"] else "**NO**"])
    return "## Real packs\n\nNanoseconds of CPU an event; capture in memory, nothing printed.\n\n" + table(header, rows)


def target(results):
    """Cold and warm beside what evaluation is to cost."""
    names = corpora.TARGETS if any(row["corpus"] in corpora.TARGETS for row in results["real"]) else ["played"]
    largest = max((row["rules"] for row in results["real"]), default=0)
    rows = []
    for row in results["real"]:
        if row["corpus"] not in names or row["rules"] != largest:
            continue
        engine = measure.engine(row, "rows")
        cold, warm, floor = engine["eval_ns"], engine["warm_ns"], row["floor_ns"]
        reached = ["yes" if value <= corpora.TARGET_NS else "no" for value in (cold, warm)]
        rows.append([row["pack"], row["corpus"], f"{engine['events']:,.0f}", f"{cold:.1f}", f"{warm:.1f}",
                     corpora.TARGET_NS, *reached, f"{floor:.1f}",
                     *(f"{value / floor:.1f}" if floor > 0 else "–" for value in (cold, warm))])
    header = ["pack", "corpus", "events", "cold, ns", "warm, ns", "target, ns", "cold reaches it", "warm reaches it",
              "floor in place", "cold / floor", "warm / floor"]
    return ("## The target\n\nEvaluation by rows, every rule of the pack enabled. Cold: a new engine. Warm: the same "
            "engine once more over the same capture with a new state, so that it knows values, rows and nodes, but no "
            "thread and no fd.\n\n" + table(header, rows))


def caches(results):
    header = ["pack", "corpus", "class hits", "value hits", "flushes", "signatures", "classes", "nodes", "rows",
              "residual programs an event", "sensor, MiB", "state, MiB"]
    rows = []
    for row in results["real"] + results["scaling"]:
        engine = measure.engine(row, "rows")
        if not engine:
            continue
        stats = engine["stats"]
        rows.append([row["pack"], row["corpus"], rate(stats["class_hits"], stats["class_misses"]),
                     rate(stats["value_hits"], stats["value_misses"]), stats["flushes"], stats["signatures"],
                     stats["classes"], stats["nodes"], stats["rows"],
                     f"{stats['residuals'] / max(stats['events'], 1):.3f}", f"{engine['sensor_bytes'] / 2**20:.1f}",
                     f"{engine['state_bytes'] / 2**20:.1f}"])
    return "## What the rows engine remembers\n\n" + table(header, rows)


def scaling(results, path):
    header = ["pack", "rules", "linear, ns", "events", "rows, ns", "against 100 rules", "warm, ns",
              "against 100 rules", "floor, ns", "compile, s of CPU", "compile, MiB", "bundle, MiB",
              "open and verify, ms", "make an engine, ms", "sensor, MiB"]
    warm = "rows, warm"
    rows, lines, first = [], {"linear": [], "rows": [], warm: []}, None
    for row in results["scaling"]:
        pack = next(pack for pack in results["packs"] if pack["name"] == row["pack"])
        linear, fast = measure.engine(row, "linear"), measure.engine(row, "rows")
        first = first or fast
        for name, engine in (("linear", linear), ("rows", fast)):
            if engine["eval_ns"] > 0:
                lines[name].append((row["rules"], engine["eval_ns"]))
        lines[warm].append((row["rules"], max(fast["warm_ns"], 0.1)))
        rows.append([row["pack"], row["rules"], f"{linear['eval_ns']:,.0f}", f"{linear['events']:,}",
                     f"{fast['eval_ns']:,.1f}", f"{fast['eval_ns'] / first['eval_ns']:.2f}",
                     f"{fast['warm_ns']:,.1f}",
                     f"{fast['warm_ns'] / first['warm_ns']:.2f}", f"{row['floor_ns']:.1f}",
                     pack["compile_cpu_s"], f"{pack['compile_peak_kb'] / 1024:.0f}", f"{pack['bytes'] / 2**20:.2f}",
                     f"{row['open_ms']:.2f}", f"{fast['create_ms']:.1f}", f"{fast['sensor_bytes'] / 2**20:.1f}"])
    if all(lines.values()):
        svg.log_log(path("scaling.svg"), "Evaluation against the number of rules", "rules", "ns of CPU an event", lines)
    return ("## Cost against the number of rules\n\nGenerated packs over played traffic that matches little.\n\n"
            + table(header, rows) + "\n![evaluation against rules](scaling.svg)\n")


def ablation(results, path):
    header = ["pack", "corpus", "engine", "events", "evaluation, ns", "of linear", "programs run an event",
              "matches in them", "hash"]
    rows, bars = [], []
    for row in results["ablation"]:
        linear = row["engines"][0]["eval_ns"]
        for engine in row["engines"]:
            stats = engine["stats"]
            programs = f"{stats['residuals'] / stats['events']:.2f}" if engine["engine"] in WITH_ROWS else "–"
            rows.append([row["pack"], row["corpus"], engine["engine"], f"{engine['events']:,}",
                         f"{engine['eval_ns']:.1f}", f"{engine['eval_ns'] / linear:.0%}", programs, engine["matches"],
                         f"`{engine['hash'][:8]}`"])
            bars.append((f"{row['corpus']}, {row['rules']} rules: {engine['engine']}", engine["eval_ns"]))
    svg.bars(path("ablation.svg"), "Evaluation by engine", "ns an event", bars)
    sentences = "\n".join(f"- **{name}** {sentence}" for name, sentence in ENGINES)
    return f"## Ablation\n\n{table(header, rows)}\n{sentences}\n\n![ablation](ablation.svg)\n"


def whole(results, path):
    header = ["corpus", "pack", "M events a second of CPU", "wall, s", "read", "of it beside", "state", "evaluation",
              "output", "MiB"]
    names = ["read", "state", "evaluation", "output"]
    rows, stacks = [], []
    for row in results["whole"]:
        label = row["corpus"] + (" (gzip)" if row["compressed"] else "")
        parts = [row["read_ns"], row["state_ns"], row["eval_ns"], row["output_ns"]]
        rows.append([label, row["pack"], f"{row['events_per_cpu_s'] / 1e6:.2f}", f"{row['wall_s']:.2f}",
                     f"{parts[0]:.1f}", f"{row['inflate_ns']:.1f}", *(f"{part:.1f}" for part in parts[1:]),
                     f"{row['peak_kb'] / 1024:.0f}"])
        stacks.append((label, parts))
    svg.stacks(path("stages.svg"), "saker replay: where the time goes", "ns an event", names, stacks)
    return ("## The whole replay\n\n`saker replay --stats` as a user runs it, everything included: start, loading, "
            "output.\n\n" + table(header, rows) + "\n![stages](stages.svg)\n")


def floor(results):
    rows = [[row["corpus"], row["events"], row["paths"], f"{row['ns_per_event']:.1f}", f"{row['ns_per_path']:.1f}"]
            for row in results["floor"]]
    return ("## The floor alone\n\nHash the path, probe a table of 20,000, AND two words; events without a path cost a "
            "look at their type.\n\n" + table(["corpus", "events", "with a path", "ns an event", "ns a path"], rows))


def control(results):
    found = results.get("control")
    if not found:
        return ""
    rows = [[row["what"], row["corpus"], f"{row['sysdig']['events_per_cpu_s'] / 1e6:.3f}", row["sysdig_matches"],
             f"{row['saker']['events_per_cpu_s'] / 1e6:.2f}", row["saker_matches"], f"{row['ratio']:.1f}"]
            for row in found["rows"]]
    why = "\n".join(f"- {entry['rule']}: {entry['why']}" for entry in found["refused"])
    return (f"## Against {found['version']}\n\nThe same capture, the same conditions as one filter expression, both "
            f"tools in this run, CPU time of the process. sysdig takes {found['taken']} of the rules.\n\n"
            + table(["conditions", "corpus", "sysdig, M events/s", "matches", "saker, M events/s", "matches", "ratio"],
                    rows) + (f"\nNot taken:\n\n{why}\n" if why else ""))


def instructions(results):
    if "instructions" not in results:
        return ""
    rows = [[row["pack"], row["corpus"], row["engine"], row["events"], row["read"], row["state"], row["evaluation"],
             row["whole"]] for row in results["instructions"]]
    return ("## Instructions an event\n\nCounted by callgrind, from a cold start.\n\n"
            + table(["pack", "corpus", "engine", "events", "read", "state", "evaluation", "whole"], rows))


def live(results):
    found = results["live"]
    kinds = found["calls"]["kinds"]
    meanings = [("none", "nobody watches"), ("empty", "a program that does nothing (floor)"),
                ("copy", f"a plain copy of {found['calls']['event_bytes']} bytes to a ring (floor)"),
                ("filtered", "saker, held back in the kernel"), ("captured", "saker, captured")]
    rows = []
    for kind, meaning in meanings:
        row = kinds[kind]
        cells = []
        for call in ("getppid", "open_fails", "open_close"):
            more = row[call] - kinds["none"][call]
            floor = kinds["copy" if kind == "captured" else "empty"][call] - kinds["none"][call]
            ratio = f", {more / floor:.1f} × floor" if kind in ("filtered", "captured") and floor > 0 else ""
            cells.append(f"{row[call]:.0f} (+{more:.0f}{ratio})" if kind != "none" else f"{row[call]:.0f}")
        rows.append([meaning, *cells, f"{row['reader_ns']:.0f}" if row["reader_ns"] else "–"])
    parts = ["## Watching a host\n\nNanoseconds a system call; in brackets what watching adds, and that beside the floor: "
             "the empty program's for what is held back, the copy's for what is captured. getppid is never captured: it is "
             "attached and not selected. The reader throws events away.\n",
             table(["watched by", "getppid", "open that fails", "open and close (2 calls)", "reader, ns of CPU an event"],
                   rows)]
    rows = [[row["kind"], f"{row['events']:,}", f"{row['held_back']:,}", f"{row['lost']:,}", f"{row['cpu_s']:.2f}",
             f"{row['wall_s']:.1f}", f"{row['ns_per_event']:.0f}"] for row in found.get("workload", [])]
    if rows:
        parts.append("`saker run` with saker's own rules beside `bench/live-workload`, everything included:\n")
        parts.append(table(["events", "to saker", "held back in the kernel", "lost", "sensor, s of CPU", "workload, s",
                            "ns of CPU an event"], rows))
    rows = [[row["ring"] + ("iB" if row["ring"].endswith("K") else " MiB"),
             "as many as can be" if row["asked"] == 0 else f"{row['asked']:,}", f"{row['opens_per_second']:,.0f}",
             f"{row['events']:,}", f"{row['lost']:,}", f"{row['ns_per_event']:.0f}"] for row in found.get("flood", [])]
    if rows:
        parts.append("Opens that fail on every CPU, nothing held back; the sensor shares the CPUs:\n")
        parts.append(table(["ring", "opens a second asked for", "made", "events to saker", "lost", "ns of CPU an event"], rows))
    return "\n".join(parts)


def inputs(results):
    corpora = table(["corpus", "bytes", "sha256", "how"],
                    [[corpus["name"], f"{corpus['bytes']:,}", f"`{corpus['sha256']}`", corpus["how"]]
                     for corpus in results["corpora"]])
    packs = table(["pack", "bytes", "sha256", "compile, s of CPU", "compile, MiB"],
                  [[pack["name"], f"{pack['bytes']:,}", f"`{pack['sha256']}`", pack["compile_cpu_s"],
                    f"{pack['compile_peak_kb'] / 1024:.0f}"] for pack in results["packs"]])
    return f"## Inputs\n\n{corpora}\n{packs}"


def machine(results):
    facts = results["machine"]
    lines = [f"- {key}: {value}" for key, value in facts.items()]
    lines += [f"- skipped: {skipped['what']}: {skipped['why']}" for skipped in results["skipped"]]
    lines += [f"- **failed**: {step['name']}: {step['failed']}" for step in results["steps"] if step["failed"]]
    return "\n".join(lines) + "\n"


def agreement(results):
    rows = [[row["corpus"], row["pack"], *[", ".join(f"{name} {count}" for name, count in row["matches"].items())],
             f"`{row['hash']}`", "yes" if row["agree"] else "**NO**"] for row in results["agreement"]]
    return ("## Matches\n\nAll matches of every event, hashed as (event, rule).\n\n"
            + table(["corpus", "pack", "matches", "xxh3", "engines agree"], rows))


def make(bench):
    """report.md and the plots; parts whose step failed are left out."""
    def path(name):
        return bench.path(name)

    results = bench.results
    parts = ["# saker: what it costs\n", machine(results)]
    for needs, part in (("real", lambda: real(results)), ("real", lambda: target(results)), ("scaling", lambda: scaling(results, path)),
                        ("ablation", lambda: ablation(results, path)), ("whole", lambda: whole(results, path)),
                        ("floor", lambda: floor(results)), ("control", lambda: control(results)),
                        ("instructions", lambda: instructions(results)), ("live", lambda: live(results)),
                        ("agreement", lambda: agreement(results)), ("scaling", lambda: caches(results)),
                        ("packs", lambda: inputs(results))):
        if results.get(needs):
            parts.append(part())
    with open(path("report.md"), "w") as file:
        file.write("\n".join(parts))
