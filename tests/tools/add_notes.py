#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives every event of a plain capture a note (vm/notes.h), for readers that know nothing of notes.

usage: add_notes.py CAPTURE RESULT
"""
import struct
import sys

MAGIC = b"\1Sk1"
NOTE = MAGIC + struct.pack("<BBH", 1, 0, 1) + b"\2"  # ORIGIN: io_uring
EVENTS = {0x216: 2, 0x217: 6, 0x221: 2, 0x222: 6}  # block type, bytes before the event


def main():
    data = open(sys.argv[1], "rb").read()
    at = 0
    with open(sys.argv[2], "wb") as out:
        while at < len(data):
            kind, total = struct.unpack_from("<II", data, at)
            body = data[at + 8 : at + total - 4]
            at += total
            if kind in EVENTS:
                before = EVENTS[kind]
                (length,) = struct.unpack_from("<I", body, before + 16)
                body = bytearray(body[: before + length]) + NOTE
                struct.pack_into("<I", body, before + 16, length + len(NOTE))
            body = bytes(body) + bytes(-len(body) % 4)
            total = struct.pack("<I", len(body) + 12)
            out.write(struct.pack("<I", kind) + total + body + total)


main()
