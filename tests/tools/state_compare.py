#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what state_dump prints with the reference's field values.

usage: state_compare.py EXPECTED.jsonl.gz < DUMP

EXPECTED is ../shared/data/fieldvalues/NAME.jsonl.gz: a line of field names,
then an array of values for each event.  Prints the fields that differ, the
most frequent first, and ends with 1 if any does.
"""
import collections
import gzip
import json
import sys

CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()

# What the dump prints only for some events is missing elsewhere.
FIELDS = """proc.name proc.exe proc.exepath proc.args proc.cmdline proc.cwd proc.env proc.pid proc.vpid thread.vtid
proc.sid proc.vpgid proc.pgid proc.tty user.uid group.gid user.loginuid thread.cap_permitted thread.cap_inheritable
thread.cap_effective proc.pid.ts proc.is_exe_writable proc.is_exe_upper_layer proc.is_exe_lower_layer
proc.is_exe_from_memfd proc.exe_ino proc.exe_ino.ctime proc.exe_ino.mtime proc.exe_ino.ctime_duration_proc_start
proc.exe_ino.ctime_duration_pidns_start proc.pidns_init_start_ts thread.pfmajor thread.pfminor thread.ismain
thread.cgroups proc.nthreads proc.nchilds proc.fdopencount proc.fdlimit proc.vmsize proc.vmrss proc.vmswap
proc.stdin.name proc.stdin.type proc.stdout.name proc.stdout.type proc.stderr.name proc.stderr.type proc.ppid
proc.pname proc.pexepath proc.pcmdline proc.aname[1] proc.aname[2] proc.aname[3] proc.pvpid fd.num fd.type
fd.typechar fd.name fd.nameraw fd.name_changed fd.l4proto fd.connected fd.ino
fd.is_upper_layer fd.is_lower_layer fd.cip fd.cport fd.sip fd.sport container.id""".split()

# Of processes that were there before the capture, and of what they cloned, the reference shows
# uninitialised memory: a small number and an address.
GARBAGE = {
    'proc.exe_ino.ctime_duration_proc_start': lambda value: value == 15,
    'proc.exe_ino.ctime_duration_pidns_start': lambda value: value >> 40 in range(126, 129),
}


def capabilities(mask):
    return None if mask is None else ' '.join('CAP_' + n for i, n in enumerate(CAPABILITIES) if mask >> i & 1)


def main():
    lines = gzip.open(sys.argv[1], 'rt', errors='replace')
    names = json.loads(next(lines))
    fields = [f for f in FIELDS if f in names]
    expected = {}
    for line in lines:
        values = dict(zip(names, json.loads(line)))
        expected[values['evt.num']] = values
    bad, samples, compared = collections.Counter(), collections.defaultdict(list), 0
    for line in open(0, errors='replace'):
        actual = json.loads(line)
        values = expected.pop(actual['evt.num'], None)
        if values is None:
            continue
        for kind in 'permitted', 'inheritable', 'effective':
            actual['thread.cap_' + kind] = capabilities(actual.get('caps.' + kind))
        for field in fields:
            wanted, got = values[field], actual.get(field)
            if field.startswith('fd.') and values['fd.type'] is None and 'fd.type' not in actual and field != 'fd.num':
                continue  # no entry: the fields part decides what that reads as
            if field in GARBAGE and got is None and wanted is not None and GARBAGE[field](wanted):
                continue
            compared += 1
            if wanted != got:
                bad[field] += 1
                if len(samples[field]) < 3:
                    samples[field].append((actual['evt.num'], actual['evt.type'], wanted, got))
    for field, count in bad.most_common():
        print(f'{count:8d}  {field}')
        for number, kind, wanted, got in samples[field]:
            print(f'            {number} {kind}: expected {json.dumps(wanted)[:300]} got {json.dumps(got)[:300]}')
    print(f'{compared - sum(bad.values())} of {compared} values agree, {len(bad)} fields differ, '
          f'{len(expected)} events missing')
    sys.exit(1 if bad else 0)


main()
