# SPDX-License-Identifier: Apache-2.0
"""The packs that everything is measured with, compiled, in OUT/packs; and what compiling costs."""

import os

from . import tools

SEED = 1
GENERATED = [100, 1_000, 10_000, 50_000]
OFFICIAL = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"]


def sources(bench):
    """The official packs if they are there, else saker's own."""
    official = [os.path.join(bench.shared, "data", "packs", name) for name in OFFICIAL]
    if all(os.path.exists(path) for path in official):
        return official
    own = os.path.join(bench.root, "rules")
    return [os.path.join(own, name) for name in sorted(os.listdir(own)) if name.endswith((".yaml", ".yml"))]


def compile_pack(bench, name, files, options=()):
    bundle = bench.path("packs", name + ".skb")
    runs = [tools.run([bench.saker, "compile", "-q", *options, *files, "-o", bundle])
            for _ in range(1 if name == "generated-50000" else 3)]
    pack = {
        "name": name,
        "bundle": bundle,
        "bytes": os.path.getsize(bundle),
        "sha256": tools.sha256(bundle),
        "compile_cpu_s": round(min(run.cpu for run in runs), 4),
        "compile_peak_kb": max(run.peak_kb for run in runs),
    }
    bench.results["packs"].append(pack)
    print(f"   {name}: {pack['bytes']:,} bytes, compiled in {pack['compile_cpu_s']:.2f} s of CPU, "
          f"{pack['compile_peak_kb'] / 1024:.0f} MiB", flush=True)
    return pack


def split(path):
    """One file may have 16 MiB: the rules of a larger one go into several, in order."""
    paths, part = [], None
    with open(path, "rb") as file:
        for line in file:
            if line == b"-\n" and (part is None or part.tell() > 8 << 20):
                if part:
                    part.close()
                paths.append(f"{path[:-5]}-{len(paths) + 1}.yaml")
                part = open(paths[-1], "wb")
            part.write(line)
    if part:
        part.close()
    os.unlink(path)
    return paths


def make(bench):
    bench.results["packs"] = []
    files = sources(bench)
    if len(files) == len(OFFICIAL) and files[0].endswith(OFFICIAL[0]):
        for count, name in zip((1, 2, 3), ("official-25", "official-56", "official-93")):
            compile_pack(bench, name, files[:count], ["--enable", "*"])
    else:
        bench.skip("official packs", "there is no ../shared")
        compile_pack(bench, "saker-own", files)
    for count in GENERATED[:3] if bench.quick else GENERATED:
        text = bench.path("packs", f"generated-{count}.yaml")
        tools.run([bench.program("generate"), str(count), str(SEED), *files], out=text)
        compile_pack(bench, f"generated-{count}", split(text) if count > 1_000 else [text])


def find(bench, name):
    return next((pack for pack in bench.results["packs"] if pack["name"] == name), None)


def largest_real(bench):
    """The pack that most figures are about."""
    return find(bench, "official-93") or find(bench, "saker-own")
