# SPDX-License-Identifier: BSD-2-Clause
"""Host names in URLs, asked of dnsmasq, which DHCP names as DNS server: boots, all addresses, clear errors."""

import os

import pytest

from lab import media, pcap
from lab.handover import Handover

pytestmark = pytest.mark.reveille

# Names that dnsmasq knows itself; it asks nobody.
ZONE = ['--port=53', '--no-resolv', '--no-hosts', '--domain=lab', '--local=/lab/', '--no-round-robin',
        '--host-record=boot.lab,10.77.0.1', '--cname=www.lab,boot.lab',
        '--host-record=many.lab,10.77.0.1', '--host-record=many.lab,10.77.0.99']


def capture(out):
    return pcap.read(os.path.join(out, 'net0.pcap'))


def questions(out):
    """(port, id) of each of the machine's questions."""
    return [(p.sport, p.payload[:2]) for p in capture(out) if p.dport == 53]


def asked_by_arp(out, ip):
    """Whether somebody has looked for that neighbour."""
    return any(p.type == 0x0806 and p.payload[6:8] == b'\0\1' and p.payload[24:28] == ip for p in capture(out))


@pytest.mark.parametrize('name', ['boot.lab', 'boot', 'www.lab.'])
def test_name(name, lan, serve, machine, plug, probe, out):
    """As it is, with the domain of the lease behind it, and by an alias."""
    serve('dnsmasq', {'probe': probe, 'boot.ipxe': media.script('kernel tftp://%s/probe' % name, 'boot')},
          options=ZONE)
    m = machine(**plug('rom', 'virtio', lan.port()))
    m.expect(r'fetched probe: .* from %s \(10\.77\.0\.1\) by net0' % name.replace('.', r'\.'), 60)
    Handover(m)
    assert len(questions(out)) == 1


def test_every_address(lan, serve, machine, plug, probe, out):
    """The first address of the name is nobody's."""
    serve('dnsmasq', {'probe': probe, 'boot.ipxe': media.script('kernel tftp://many.lab/probe', 'boot')},
          options=ZONE)
    m = machine(**plug('rom', 'virtio', lan.port()))
    m.expect(r'from many\.lab \(10\.77\.0\.1\) by net0', 60)
    Handover(m)
    assert asked_by_arp(out, bytes([10, 77, 0, 99])), 'the dead address came first'


def test_unknown(lan, serve, machine, plug, fw, out):
    """A name that is not there, then nslookup of one that is; each question has a port and an id of its own."""
    serve('dnsmasq', {'boot.ipxe': media.script(
        'kernel tftp://none.lab/probe ||', 'nslookup a www.lab && echo found ${a}', 'shell')}, options=ZONE)
    m = machine(**plug('rom', 'virtio', lan.port()))
    m.expect(fw.error(3012), 60)
    m.expect(r'found 10\.77\.0\.1', 20)
    seen = questions(out)
    assert len(seen) == 3  # none.lab, none.lab.lab, www.lab
    assert len({port for port, _ in seen}) == 3 and len({number for _, number in seen}) == 3
