# SPDX-License-Identifier: BSD-2-Clause
"""
The same under UEFI: OVMF starts a program from a disk, or its own PXE loads one that knows no card but the firmware's
(SNP). What it fetches, and how soon the first byte of its boot file is there; the firmware's own seconds count, as they
do for whoever waits.
"""

import os
import statistics

from bench import boot, http
from bench.machines import Run, file_transfer, net, pcap, qemu, twice
from lab import efi, servers

OURS, PEER = 'Reveille', 'iPXE'
WANTED_SOONER = 0.5  # of the peer's time to the first byte
PROGRAM = 'program.efi'
TIMEOUT = 240


class Case:
    """One line of the table: the program, the scheme and server, how much; at least so many times the peer's rate."""

    def __init__(self, text, program, server, mib, wanted):
        self.text = text
        self.program = program
        self.server = server
        self.mib = mib
        self.wanted = wanted

    def script(self):
        scheme = 'http' if self.server == 'nginx' else 'tftp'
        return '#!ipxe\nimgfetch %s://%s/%dm\nreboot\n' % (scheme, net.SERVER_IP, self.mib)


CASES = {
    'http': Case('HTTP, own driver', 'reveille', 'nginx', 128, 3.0),
    'windows': Case('TFTP from atftpd', 'reveille', 'atftpd', 32, 3.0),
    'lockstep': Case('TFTP from dnsmasq', 'reveille', 'dnsmasq', 32, 1.2),
    'snp': Case('HTTP by SNP', 'snponly', 'nginx', 32, 1.0),
}


def parts(site, fw, program):
    """A machine's: the program on its disk; that of the firmware's card comes by the firmware's own PXE."""
    if program == 'snponly':
        return {}
    path = os.path.join(site.out, 'disk.img')
    return {'disk': efi.fat_disk(path, efi.removable('x64', fw.efi('x64', program)))}


def power_on(site, fw, program, label, model, **options):
    return Run(os.path.join(site.out, 'efi-' + label), TIMEOUT, kind=efi.Machine,
               nics=[lambda: qemu.Nic(model, site.lan.port(), bootindex=1)], **parts(site, fw, program), **options)


@twice
def rate(site, fw, case, label, model):
    """Bytes a second."""
    name, size = '%dm' % case.mib, case.mib << 20
    if case.server == 'nginx':
        run = power_on(site, fw, case.program, label, model, packets=pcap.tcp, snaplen=http.SNAPLEN)
        return size / http.seconds_of([s for s in run.nics[0] if http.HTTP_PORT in (s.sport, s.dport)], size)
    run = power_on(site, fw, case.program, label, model)
    transfer = file_transfer(run.nics[0], name)
    flow = [p.time for p in run.nics[0] if transfer.client in ((p.ip_src, p.sport), (p.ip_dst, p.dport))]
    return size / (flow[-1] - transfer.start)


@twice
def first_byte(site, fw, label, model):
    """Seconds from power-on to the boot file's first byte."""
    run = power_on(site, fw, 'reveille', label, model)
    return boot.first_data(run.nics[0], 'boot.ipxe')


def serve(site, case, fw):
    """The case's script and file; PXE clients that are no iPXE get the program."""
    site.offer('boot.ipxe', case.script().encode())
    with open(fw.efi('x64', case.program), 'rb') as file:
        site.offer(PROGRAM, file.read())
    site.serve(case.server, tftp=True, boot=None, options=servers.first_then_script(PROGRAM))


def measure(site, fws, runs, say, model='virtio'):
    """{'rates': {case: {firmware: [bytes a second]}}, 'boot': {firmware: [seconds]}}, all runs interleaved."""
    rates = {name: {label: [] for label in fws} for name in CASES}
    boots = {label: [] for label in fws}
    for mib in {case.mib for case in CASES.values()}:
        site.offer('%dm' % mib, os.urandom(mib << 20))
    for _ in range(runs):
        for name, case in CASES.items():
            for label, fw in fws.items():
                serve(site, case, fw)
                rates[name][label].append(rate(site, fw, case, label, model))
                say('UEFI, %s, %s: %.2f MB/s' % (case.text, label, rates[name][label][-1] / 1e6))
        for label, fw in fws.items():
            serve(site, CASES['lockstep'], fw)
            boots[label].append(first_byte(site, fw, label, model))
            say('UEFI, %s: first byte after %.3f s' % (label, boots[label][-1]))
    site.close()
    for mib in {case.mib for case in CASES.values()}:
        os.unlink(os.path.join(site.root, '%dm' % mib))
    return {'rates': rates, 'boot': boots}


def medians(by):
    return {label: statistics.median(rows) for label, rows in by.items() if rows}
