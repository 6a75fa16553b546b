# SPDX-License-Identifier: BSD-2-Clause
"""
From power-on to the boot file's first byte, with a ROM under SeaBIOS; where the time goes; more than one NIC.

Debian's iPXE has IPv6 and asks for a router for many seconds before it uses the IPv4 address it has. There is no
router on the bench's network, as there is none on most clusters'; PEER= may name a build without IPv6. That it
asked is printed.
"""

import os
import statistics

from bench.machines import Failed, Run, file_transfer, net, pcap, qemu, twice

WANTED_SECONDS = 1.0   # with one NIC, median
WANTED_EXTRA = 1.5     # more with four, of which only the last has a network
KERNEL_MIB = 4
SCRIPT = '#!ipxe\nimgfetch tftp://${next-server}/kernel\nreboot\n'
ETH_IPV6 = 0x86dd
DEAD = 3               # NICs without a network in front of the one that has one
STEPS = ('BIOS calls the ROM', 'first word on the serial line', 'DISCOVER', 'OFFER', 'REQUEST', 'ACK',
         'request for the boot file', 'first byte of the boot file', 'request for the kernel',
         'first byte of the kernel', 'last byte of the kernel')
FIRST_BYTE = STEPS[7]
ROUTER = 'questions for an IPv6 router'  # not a step: how many between ACK and request


def first_data(packets, name):
    """When the named file's first DATA came."""
    transfer = file_transfer(packets, name)
    return next(p.time for p in packets if (p.ip_dst, p.dport) == transfer.client and p.time >= transfer.start
                and p.payload[:2] == b'\0\3')


def steps(run):
    """{step: seconds since power-on} of the NIC that has the network; None for what does not show."""
    packets = run.nics[-1]
    dhcp = {}
    for packet, kind, _ in pcap.dhcp(packets):
        if kind != pcap.REQUEST or pcap.ACK not in dhcp:
            dhcp[kind] = min(packet.time, dhcp.get(kind, packet.time))
    kernel = file_transfer(packets, 'kernel')
    request = file_transfer(packets, 'boot.ipxe').start
    router = [p.time for p in packets if p.type == ETH_IPV6 and dhcp.get(pcap.ACK, request) < p.time < request]
    found = {ROUTER: len(router)}
    found.update(zip(STEPS, (
        run.watch.first(run.watch.bios, b'Booting from ROM'),
        run.watch.first(run.watch.serial, b'Reveille'),
        dhcp.get(pcap.DISCOVER), dhcp.get(pcap.OFFER), dhcp.get(pcap.REQUEST), dhcp.get(pcap.ACK),
        request, first_data(packets, 'boot.ipxe'), kernel.start, first_data(packets, 'kernel'), kernel.end)))
    return found


@twice
def one_nic(site, fw, model, label):
    return steps(Run(os.path.join(site.out, 'boot-' + label), 90, nics=[
        lambda: qemu.Nic(model, site.lan.port(), fw.rom(model), bootindex=0)]))


@twice
def four_nics(site, fw, model, label, cable):
    """As above; the first three lead to nobody, or nowhere when there is no cable."""
    def dead(number):
        return lambda: qemu.Nic(model, net.DeadPort(), fw.rom(model), bootindex=number, link=cable)
    nics = [dead(number) for number in range(DEAD)]
    nics.append(lambda: qemu.Nic(model, site.lan.port(), fw.rom(model), bootindex=DEAD))
    return steps(Run(os.path.join(site.out, 'boot4-' + label), 300, nics=nics))


def medians(rows):
    """Of each step, over the runs in which it showed."""
    found = {step: [row[step] for row in rows if row[step] is not None] for step in (*STEPS, ROUTER)}
    return {step: statistics.median(times) if times else None for step, times in found.items()}


def measure(site, fws, runs, full, say, model='virtio'):
    """{'one': {firmware: steps}, 'silent', 'unplugged': the same with three more NICs}. The peer's take minutes."""
    site.offer('kernel', os.urandom(KERNEL_MIB << 20))
    site.offer('boot.ipxe', SCRIPT.encode())
    site.serve('dnsmasq')
    rows = {what: {label: [] for label in fws} for what in ('one', 'silent', 'unplugged')}
    kinds = {'one': lambda fw, label: one_nic(site, fw, model, label),
             'silent': lambda fw, label: four_nics(site, fw, model, label, True),
             'unplugged': lambda fw, label: four_nics(site, fw, model, label, False)}
    for number in range(runs):
        for what, measure_one in kinds.items():
            for label, fw in fws.items():
                if what != 'one' and label != 'Reveille' and not (full and number == 0):
                    continue
                rows[what][label].append(measure_one(fw, label))
                say('%s NIC(s), %s: first byte after %.3f s' % (
                    what, label, rows[what][label][-1][FIRST_BYTE]))
    site.close()
    if not rows['one']['Reveille']:
        raise Failed('no run')
    return {what: {label: medians(r) for label, r in by.items() if r} for what, by in rows.items()}
