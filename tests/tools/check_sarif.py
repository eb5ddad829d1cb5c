# SPDX-License-Identifier: Apache-2.0
"""Checks a SARIF 2.1.0 log as code-scanning sites read it.

usage: check_sarif.py FILE [SCHEMA]

Without SCHEMA (the published JSON schema, with python's jsonschema) the
structure that those sites document is checked: what must be there, of which
type, and what refers to what.
"""
import json
import sys

LEVELS = {"none", "note", "warning", "error"}
KNOWN = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "results", "columnKind"},
    "driver": {"name", "version", "semanticVersion", "informationUri", "rules"},
    "rule": {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"},
    "result": {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "suppressions"},
    "location": {"physicalLocation", "logicalLocations"},
    "physical": {"artifactLocation", "region"},
    "region": {"startLine", "startColumn", "endLine", "endColumn"},
}


def need(condition, what):
    if not condition:
        sys.exit(f"check_sarif: {what}")


def text(holder, key):
    need(isinstance(holder.get(key), str) and holder[key], f"no text in {key} of {holder}")
    return holder[key]


def known(holder, kind):
    need(isinstance(holder, dict), f"{kind} is no object")
    need(set(holder) <= KNOWN[kind], f"{kind} has {sorted(set(holder) - KNOWN[kind])}")
    return holder


def check_rule(rule):
    known(rule, "rule")
    for key in "shortDescription", "fullDescription", "help":
        need(len(text(rule[key], "text")) <= 1024, f"{key} of {rule['id']} is too long for sites")
    need(rule["defaultConfiguration"]["level"] in LEVELS, "level of a rule")
    need(all(isinstance(tag, str) for tag in rule["properties"]["tags"]), "tags of a rule")
    return text(rule, "id")


def check_region(region):
    known(region, "region")
    need(all(isinstance(number, int) and number >= 1 for number in region.values()), f"region {region}")
    end = (region.get("endLine", region["startLine"]), region.get("endColumn", 1 << 30))
    need(end > (region["startLine"], region["startColumn"]), f"region {region} ends before it begins")


def check_result(result, ids):
    known(result, "result")
    need(ids[result["ruleIndex"]] == text(result, "ruleId"), "ruleIndex is of another rule")
    need(result["level"] in LEVELS, "level of a result")
    text(result["message"], "text")
    for location in result.get("locations", []):
        physical = known(known(location, "location")["physicalLocation"], "physical")
        uri = text(physical["artifactLocation"], "uri")
        need(all(33 <= ord(char) < 127 and char not in '<>"{}|\\^`' for char in uri), f"no URI: {uri}")
        check_region(physical["region"])
    for suppression in result.get("suppressions", []):
        need(suppression["kind"] == "inSource", "kind of a suppression")
        text(suppression, "justification")
    return text(result["partialFingerprints"], "primaryLocationLineHash")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        log = known(json.load(file), "log")
    need(log["version"] == "2.1.0" and "sarif-2.1.0" in log["$schema"], "version")
    need(len(log["runs"]) == 1, "runs")
    run = known(log["runs"][0], "run")
    need(set(run["tool"]) == {"driver"}, "tool")
    driver = known(run["tool"]["driver"], "driver")
    text(driver, "name")
    ids = [check_rule(rule) for rule in driver["rules"]]
    need(len(ids) == len(set(ids)), "a rule is there twice")
    need(run["columnKind"] == "unicodeCodePoints", "columnKind")
    prints = [check_result(result, ids) for result in run["results"]]
    need(len(prints) == len(set(prints)), "a fingerprint is there twice")
    if len(sys.argv) > 2:
        import jsonschema

        with open(sys.argv[2], encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.validators.validator_for(schema)(schema).validate(log)
    print(f"{len(prints)} results, {len(ids)} rules")


if __name__ == "__main__":
    main()
