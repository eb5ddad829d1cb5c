#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the recorded rule loads that name a capture which is at hand, and looks at what they detect.

usage: recorded_detections.py SAKER SHARED WORK

Each case of ../shared/data/cases.jsonl with `detections` is loaded with the priority and the selection of its command
line and replayed over its capture, all rules matching.  Prints each difference and a count; exits 1 after differences.
"""
import collections, json, os, re, subprocess, sys

saker, shared, work = sys.argv[1:]
CAPTURES = {"CatWrite": "falco_cat_write", "OpenMultipleFiles": "falco_open-multiple-files",
            "ConnectLocalhost": "falco_connect_localhost", "Empty": "falco_empty"}
data = os.path.join(shared, "data")


def words(cli, key):
    return [word for text in cli.get(key, []) for word in re.findall(r'[^", ]+', text)]


def path_of(case, text, number):
    if text.startswith("@"):
        return os.path.join(data, text[1:])
    path = os.path.join(work, f"{number}.yaml")
    with open(path, "w") as file:
        file.write(text)
    return path


def holds(kind, count, wanted):
    return {"Zero": count == 0, "NotZero": count != 0, "Equal": count == wanted}[kind]


with open("tests/excused-cases.txt") as text:
    excused = {entry.split("  # ")[0] for entry in text if entry.strip() and not entry.startswith("#")}
cases = asserted = 0
wrong = []
for line in open(os.path.join(data, "cases.jsonl")):
    case = json.loads(line)
    expect = case["expect"].get("detections")
    if case["kind"] != "rules-load" or case.get("capture") not in CAPTURES or not expect or expect == "unasserted":
        continue
    cli = case.get("cli") or {}
    files = [path_of(case, text, number) for number, text in enumerate(case.get("prior_files", []))]
    files.append(path_of(case, case["input"], len(files)) if case["input"] is not None
                 else os.path.join(data, case["input_file"]))
    command = [saker, "replay", "-q", "--json", "--rule-matching", "all"]
    for file in files:
        command += ["-r", file]
    if "min_priority" in cli:
        command += ["--priority", words(cli, "min_priority")[0].lower()]
    if "enabled_tags" in cli:
        command += ["--disable", "*"]
    for key, option in (("disabled_rules", "--disable"), ("disabled_tags", "--disable-tag"),
                        ("enabled_tags", "--enable-tag")):
        for word in words(cli, key):
            command += [option, word]
    command.append(os.path.join(data, "captures", CAPTURES[case["capture"]] + ".scap"))
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        wrong.append((case["id"], f"exit status {result.returncode}: {result.stderr[:300]}"))
        continue
    alerts = [json.loads(alert) for alert in result.stdout.splitlines()]
    rules = collections.Counter(alert["rule"] for alert in alerts)
    priorities = collections.Counter(alert["priority"].upper() for alert in alerts)
    cases += 1
    for check in expect:
        if "OfRule" in check:
            count = rules[check["OfRule"]]
        elif "OfPriority" in check:
            word = check["OfPriority"]
            count = priorities["INFORMATIONAL" if word == "INFO" else word]
        else:
            count = len(alerts)
        asserted += 1
        if not holds(check["assert"], count, check["n"]):
            wrong.append((case["id"], f"{check}: {count}; all: {dict(rules)}"))
differ = {case for case, _ in wrong}
for case, what in wrong:
    if case not in excused:
        print(f"{case}: {what}")
print(f"{cases} cases, {asserted} counts, {len(differ)} cases differ, {len(differ & excused)} of them excused")
sys.exit(1 if differ - excused or cases < 40 else 0)
