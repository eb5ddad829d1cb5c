# SPDX-License-Identifier: Apache-2.0
"""What watching a host costs: each system call, the sensor, and how much it takes until events are lost."""

import os
import re
import signal
import subprocess
import time

from . import tools

RATES = [50_000, 100_000, 200_000, 400_000, 800_000, 0]  # 0: as many as the CPUs can
RINGS = ["64K", "8"]
FLOOD_SECONDS = 2


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def number(text, pattern):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0


class Sensor:
    """`saker run` between its start and its end; `cpu` is what it took since it began to watch."""

    def __init__(self, bench, bundle, *options):
        self.log = bench.path("live.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([bench.saker, "run", "-b", bundle, "--no-container-runtimes", *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(600):
            if "watching with" in self.said():
                break
            if self.process.poll() is not None:
                raise tools.Failed(self.said().strip())
            time.sleep(0.05)
        time.sleep(0.3)
        self.begun = cpu_of(self.process.pid)

    def said(self):
        with open(self.log) as log:
            return log.read()

    def stop(self):
        time.sleep(0.3)
        self.cpu = cpu_of(self.process.pid) - self.begun
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise tools.Failed("saker run did not end") from None
        said = self.said()
        if self.process.returncode != 0:
            raise tools.Failed(said.strip()[-300:])
        self.events = number(said, r"saker: (\d+) events")
        self.lost = number(said, r"drops: (\d+) ring full")
        line = next((line for line in said.splitlines() if "held back in the kernel" in line), "")
        self.held_back = sum(map(int, re.findall(r"(\d+) ", line)))


def overhead(bench, result, bundle):
    result["calls"] = tools.run_json([bench.program("live"), bundle], limit=180)
    for kind, row in result["calls"]["kinds"].items():
        print(f"   {kind}: getppid {row['getppid']:.0f} ns, open that fails {row['open_fails']:.0f}, "
              f"open and close {row['open_close']:.0f}; reader {row['reader_ns']:.0f} an event", flush=True)


def workload(bench, result, bundle):
    """The sensor's CPU over a real workload, with and without filtering in the kernel."""
    script = os.path.join(bench.root, "bench", "live-workload")
    rows = result["workload"] = []
    for name, options in (("filtered", []), ("all", ["--no-kernel-filter"])):
        sensor = Sensor(bench, bundle, *options)
        ran = tools.run([script, bench.root], limit=90)
        sensor.stop()
        rows.append({"kind": name, "events": sensor.events, "held_back": sensor.held_back, "lost": sensor.lost,
                     "cpu_s": round(sensor.cpu, 3), "wall_s": round(ran.wall, 2),
                     "ns_per_event": sensor.cpu / max(sensor.events, 1) * 1e9})
        print(f"   {name}: {sensor.events:,} events, {sensor.held_back:,} held back, {sensor.lost:,} lost; "
              f"sensor {sensor.cpu:.2f} s of CPU in {ran.wall:.1f} s", flush=True)


def flood(bench, result, bundle):
    """Opens on all CPUs, more and more of them, until some are lost."""
    rows = result["flood"] = []
    for ring in RINGS:
        for rate in RATES[1::2] if bench.quick else RATES:
            sensor = Sensor(bench, bundle, "--no-kernel-filter", "--ring-size", ring)
            made = tools.run_json([bench.program("live"), "flood", str(rate), str(FLOOD_SECONDS), str(os.cpu_count())])
            sensor.stop()
            rows.append({"ring": ring, "asked": rate, "opens_per_second": made["opens_per_second"],
                         "events": sensor.events, "lost": sensor.lost,
                         "ns_per_event": sensor.cpu / max(sensor.events, 1) * 1e9})
            print(f"   ring of {ring}: {made['opens_per_second']:,.0f} opens a second: {sensor.lost:,} lost of "
                  f"{sensor.events + sensor.lost:,} events", flush=True)


def make(bench):
    check = tools.run([bench.saker, "run", "--check"], check=False)
    if check.status != 0:
        bench.skip("watching a host", check.err.strip())
        return
    own = os.path.join(bench.root, "rules")
    files = [os.path.join(own, name) for name in sorted(os.listdir(own)) if name.endswith((".yaml", ".yml"))]
    bundle = bench.path("packs", "live.skb")
    tools.run([bench.saker, "compile", "-q", *files, "-o", bundle])
    result = bench.results["live"] = {}
    overhead(bench, result, bundle)
    workload(bench, result, bundle)
    flood(bench, result, bundle)
