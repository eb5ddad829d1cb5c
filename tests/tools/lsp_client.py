#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of `saker lsp` that speaks the protocol by hand: for streams that no library would send, and for times.

usage: lsp_client.py SAKER latency PACK...      median and worst time from a keystroke to its diagnostics, in ms
       lsp_client.py SAKER status BYTES         exit status after these bytes (escapes as in Python), with what was said
"""
import json
import os
import subprocess
import sys
import time


class Client:
    def __init__(self, saker, *arguments):
        self.process = subprocess.Popen([saker, "lsp", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.next_id = 0
        self.notifications = []

    def write(self, message):
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        length = None
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise EOFError("the server has ended")
            if line == b"\r\n":
                break
            name, value = line.split(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params=None):
        self.next_id += 1
        self.write({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params or {}})
        while True:
            message = self.read()
            if message.get("id") == self.next_id:
                return message
            self.notifications.append(message)

    def notify(self, method, params=None):
        self.write({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def diagnostics(self, uri, version):
        while True:
            message = self.read()
            params = message.get("params", {})
            if message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri \
                    and params.get("version") == version:
                return params["diagnostics"]


def uri_of(path):
    return "file://" + os.path.abspath(path)


def latency(saker, paths):
    """Types a comparison into the last rule of the last pack, letter by letter, then takes it out again."""
    client = Client(saker, *paths)
    client.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
    client.notify("initialized")
    path = paths[-1]
    uri, text = uri_of(path), open(path, encoding="utf-8").read()
    client.notify("textDocument/didOpen",
                  {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
    client.diagnostics(uri, 1)
    at = text.rindex("condition: >") + len("condition: >\n")
    line = text.count("\n", 0, at)
    column = len(text[at:]) - len(text[at:].lstrip(" "))
    times, version = [], 1
    typed = "proc.name = nothing and fd.name startswith /etc/x and "
    for i in range(2 * len(typed)):
        version += 1
        position = {"line": line, "character": column + (i if i < len(typed) else 2 * len(typed) - i - 1)}
        end = dict(position)
        if i >= len(typed):
            end["character"] += 1
        begin = time.perf_counter()
        client.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": version},
            "contentChanges": [{"range": {"start": position, "end": end},
                                "text": typed[i] if i < len(typed) else ""}]})
        client.diagnostics(uri, version)
        times.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.002)
    client.request("shutdown")
    client.notify("exit")
    if client.process.wait() != 0:
        raise SystemExit("the server did not end well")
    times.sort()
    print("%.1f %.1f" % (times[len(times) // 2], times[-1]))


def status(saker, text):
    sent = text.encode().decode("unicode_escape").encode("latin-1")
    done = subprocess.run([saker, "lsp"], input=sent, capture_output=True, timeout=60, check=False)
    sys.stdout.write(done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"))
    return done.returncode


def main():
    saker, what, *rest = sys.argv[1:]
    if what == "latency":
        latency(saker, rest)
        return 0
    return status(saker, rest[0])


if __name__ == "__main__":
    sys.exit(main())
