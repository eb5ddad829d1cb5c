# SPDX-License-Identifier: Apache-2.0
"""Running programs, and what they cost."""

import hashlib
import json
import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A program ended as it should not; the message says why."""


class Result:
    def __init__(self, status, out, err, wall, usage, peak_kb):
        self.status, self.out, self.err, self.wall = status, out, err, wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_kb = peak_kb


def peak_of(pid):
    """The most memory that a process has had so far, KiB. (What wait4 tells counts the parent's before exec.)"""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def run(command, limit=120, out=None, check=True):
    """Runs a command to its end, or kills it after `limit` seconds. `out`: a path for its standard output."""
    with tempfile.TemporaryFile() as errors, (open(out, "wb") if out else tempfile.TemporaryFile()) as output:
        begun = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        usage, peak = None, 0
        while usage is None:
            peak = max(peak, peak_of(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid == 0:
                usage = None
                if time.monotonic() - begun > limit:
                    process.kill()
                    os.wait4(process.pid, 0)
                    process.returncode = -9
                    raise Failed(f"{command[0]} took more than {limit:.0f} s")
                time.sleep(0.003)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        errors.seek(0)
        text = ""
        if not out:
            output.seek(0)
            text = output.read().decode(errors="replace")
        result = Result(process.returncode, text, errors.read().decode(errors="replace"), wall, usage,
                        peak)
    if check and result.status != 0:
        raise Failed(f"{os.path.basename(command[0])}: {result.err.strip()[-500:] or result.status}")
    return result


def run_json(command, limit=120):
    return json.loads(run(command, limit).out)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class Bench:
    """What every step shares: where things are, what was found out, and how long it may take."""

    def __init__(self, saker, out, root, shared, quick):
        self.saker, self.out, self.root, self.shared, self.quick = saker, out, root, shared, quick
        self.begun = time.monotonic()
        self.results = {"steps": [], "skipped": []}

    def program(self, name):
        return os.path.join(self.out, name)

    def path(self, *parts):
        path = os.path.join(self.out, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def skip(self, what, why):
        print(f"   skipped: {what}: {why}", flush=True)
        self.results["skipped"].append({"what": what, "why": why})

    def step(self, name, function):
        """Runs one step; a step that fails is told and does not stop the others."""
        begun = time.monotonic()
        print(f"== {name}", flush=True)
        failed = None
        try:
            function(self)
        except Failed as error:
            failed = str(error)
            print(f"   FAILED: {failed}", flush=True)
        self.results["steps"].append({"name": name, "seconds": round(time.monotonic() - begun, 1), "failed": failed})
