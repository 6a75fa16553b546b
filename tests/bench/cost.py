# SPDX-License-Identifier: BSD-2-Clause
"""
What a MiB costs, in what can be counted: packets, register accesses of the NIC, guest instructions.

Registers: QEMU traces every access to a device; counted are those to the NIC from the request to the last
acknowledgement. Instructions: with -icount the virtual clock is the number of instructions. A firmware that waits
for the server polls, and what it polls is counted too; so the guest is made slow (one instruction at a time), which
makes every server fast, and the least of several runs counts.
"""

import os
import re

from bench import http, transfer
from bench.machines import Failed
from bench.transfer import BY_HAND, MODELS

MIB = 1
NAME = '%dm' % MIB
SERVERS = transfer.SERVERS + ('nginx',)
SHIFT = 3  # an instruction is 2^3 ns of virtual time: fixed waits of firmware do not take for ever
SLOWLY = ('one-insn-per-tb on', 'singlestep on')  # newer and older name in QEMU's monitor


def cases():
    return [(server, model) for server in SERVERS for model in MODELS]


def fetch(site, fw, model, server, timeout, label, **parts):
    """(Run, packets of the transfer, seconds from the first of them to the last)"""
    if server == 'nginx':
        run, flow = http.fetch(site, site.lan, fw, model, NAME, timeout, label, address=BY_HAND, **parts)
    else:
        run, _, _, flow = transfer.fetch(site, fw, model, NAME, timeout, label, address=BY_HAND, **parts)
    return run, flow, flow[-1].time - flow[0].time


def go_slowly(machine):
    if all('unknown command' in machine.qmp.hmp(line) for line in SLOWLY):
        raise Failed('this QEMU cannot run one instruction at a time')


def instructions(site, fw, model, server, label):
    """Of the guest, for the whole transfer."""
    _, _, seconds = fetch(site, fw, model, server, 240, 'instructions-' + label,
                          started=go_slowly, extra=['-icount', 'shift=%d' % SHIFT])
    return seconds * 1e9 / (1 << SHIFT)


def accesses(site, fw, model, server, label):
    """(of the NIC's registers, packets) during the transfer."""
    trace = os.path.join(site.out, 'trace')
    # With ioeventfd the doorbell is rung past the trace.
    run, flow, _ = fetch(site, fw, model, server, 120, 'registers-' + label,
                         nic='ioeventfd=off' if model.startswith('virtio') else '',
                         extra=['-trace', 'memory_region_ops_read', '-trace', 'memory_region_ops_write',
                                '-D', trace, '-msg', 'timestamp=on'])
    start, end = (run.cont_wall + p.time for p in (flow[0], flow[-1]))
    count = 0
    with open(trace, encoding='ascii', errors='replace') as file:
        for line in file:
            match = re.match(r'\d+@(\d+\.\d+):memory_region_ops_\w+ cpu \d.* name \'([^\']+)\'', line)
            if match and start <= float(match.group(1)) <= end and re.search('virtio|e1000', match.group(2)):
                count += 1
    os.unlink(trace)
    return count, len(flow)


def measure(site, fws, runs, say):
    """{server: {model: {firmware: {'packets', 'accesses', 'instructions'}}}}, each for a MiB."""
    site.offer(NAME, os.urandom(MIB << 20))
    found = {server: {model: {} for model in MODELS} for server in SERVERS}
    for server in SERVERS:
        site.serve(server)
        for model in MODELS:
            for label, fw in fws.items():
                count, packets = accesses(site, fw, model, server, label)
                least = min(instructions(site, fw, model, server, label) for _ in range(runs))
                found[server][model][label] = {'packets': packets / MIB, 'accesses': count / MIB,
                                               'instructions': least / MIB}
                say('%s, %s, %s: %d packets, %d register accesses, %.2f M instructions per MiB' % (
                    server, model, label, packets / MIB, count / MIB, least / MIB / 1e6))
    site.close()
    return found
