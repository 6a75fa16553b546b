# SPDX-License-Identifier: BSD-2-Clause
"""Many NICs and many ROMs in one machine, and what the BIOS boots when none of them can."""

import os
import re
import time

import pytest

from lab import media, net, pcap
from lab.handover import Handover
from lab.qemu import Nic

SCRIPT = media.script('kernel probe nic=${netX/mac}', 'boot')


def first_request(out, number):
    """Seconds on the wire's clock between the first DISCOVER on that NIC and the boot file's request."""
    packets = pcap.read(os.path.join(out, 'net%d.pcap' % number))
    discover = min(p.time for p, kind, _ in pcap.dhcp(packets) if kind == pcap.DISCOVER)
    return pcap.transfers(packets)[0].start - discover


@pytest.mark.parametrize('why', ['silent', 'unplugged'])
@pytest.mark.parametrize('via', [pytest.param('rom', marks=pytest.mark.reveille), 'lkrn'])
def test_four_nics_one_network(via, why, wire, net_of, machine, plug, probe, fw, out):
    """Only the last NIC has a network. It is not kept waiting by the others."""
    net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    parts = plug(via, 'virtio', [net.DeadPort(), net.DeadPort(), net.DeadPort(), wire.port()])
    if why == 'unplugged':
        for nic in parts['nics'][:3]:
            nic.link = False
    wire.start()
    m = machine(**parts)
    Handover(m, 180)
    if fw.name == 'reveille':
        assert first_request(out, 3) < 2


@pytest.mark.reveille
def test_mixed_drivers(wire, net_of, machine, artefact, probe):
    """One ROM drives every NIC that its drivers know, also one of another vendor."""
    net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    nics = [Nic('virtio', net.DeadPort(), artefact('rom', 'virtio'), bootindex=0), Nic('e1000', wire.port())]
    wire.start()
    Handover(machine(nics=nics), 120)


@pytest.mark.parametrize('count', [1, 2, 4])
def test_next_boot_device(count, wire, net_of, machine, artefact, fw, disk, out):
    """
    The boot file is not there: the first ROM says so, the others return at once, the disk boots, and the
    memory the ROMs used is the BIOS's again.
    """
    net_of({}, boot='nothing')
    nics = [Nic('virtio', wire.port() if i == 0 else net.DeadPort(), artefact('rom', 'virtio'), bootindex=i)
            for i in range(count)]
    wire.start()
    m = machine(nics=nics, disk=disk)
    if fw.name == 'reveille':
        m.expect(fw.error(4002), 60)
        failed = time.monotonic()
        memory = m.expect(r'DISK-BOOTED base memory ([0-9A-F]{4})', 60).group(1)
        # 100 ms for each of the others, and what the BIOS takes for the disk on a slow host.
        assert time.monotonic() - failed < 2
    else:
        memory = m.expect(r'DISK-BOOTED base memory ([0-9A-F]{4})', 240).group(1)
    assert int(memory, 16) == 0x27f


@pytest.mark.reveille
def test_resident_size(machine, artefact, disk, out):
    """Four ROMs fit: each keeps at most 4 KiB, so the BIOS runs the next one at most that far behind it."""
    nics = [Nic('virtio', net.DeadPort(), artefact('rom', 'virtio'), link=False) for i in range(4)]
    m = machine(nics=nics, disk=disk)
    m.expect('DISK-BOOTED', 120)
    with open(m.path('bios.log'), encoding='latin-1') as log:
        found = re.findall(r'Running option rom at ([0-9a-f]{4}):0003', log.read())
    # The first is the VGA BIOS, the last may be one that QEMU brings itself.
    segments = [int(s, 16) for s in found[1:]]
    assert len(segments) >= 4
    assert all((b - a) * 16 <= 4096 for a, b in zip(segments[:4], segments[1:4]))


def test_disk_first(machine, artefact, disk):
    """A ROM that is not asked to boot leaves the boot order alone and is quick about it."""
    m = machine(nics=[Nic('virtio', net.DeadPort(), artefact('rom', 'virtio'), bootindex=90)], disk=disk)
    m.expect('DISK-BOOTED', 30)
