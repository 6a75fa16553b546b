# SPDX-License-Identifier: BSD-2-Clause
"""Who says what to boot: dnsmasq as users configure it, and servers that refuse, dawdle or say half of it."""

import os
import time

import pytest

from lab import host, media, pcap, servers
from lab.handover import Handover

SCRIPT = media.script('kernel probe from=${next-server}', 'boot')
UUID = '01020304-0506-0708-090a-0b0c0d0e0f10'


def capture(out):
    return pcap.read(os.path.join(out, 'net0.pcap'))


def booted_from(machine, out):
    """The address the boot script came from, once the kernel runs."""
    Handover(machine)
    return [t.server for t in pcap.transfers(capture(out))][0]


# -- dnsmasq ---------------------------------------------------------------------------------------------------

def test_next_server(lan, serve, machine, plug, probe, cache, out):
    """The boot file lies on another machine than the DHCP server."""
    other = lan.host('10.77.0.2')
    files = media.offer(os.path.join(out, 'other'), {'boot.ipxe': SCRIPT, 'probe': probe})
    tftp = servers.atftpd(other, out, files, cache)
    try:
        serve('none', {}, boot='boot.ipxe,,10.77.0.2')
        assert booted_from(machine(**plug('rom', 'virtio', lan.port())), out) == '10.77.0.2'
    finally:
        tftp.stop()
        other.close()


@pytest.mark.parametrize('rule', ['--dhcp-userclass=set:known,iPXE', '--dhcp-match=set:known,175',
                                  '--dhcp-vendorclass=set:known,PXEClient:Arch:00000',
                                  '--dhcp-match=set:known,option:client-arch,0'],
                         ids=['user-class', 'option-175', 'vendor-class', 'client-arch'])
def test_rules(rule, lan, serve, machine, plug, probe, out):
    """Rules that sites have today apply to us."""
    serve('dnsmasq', {'boot.ipxe': SCRIPT, 'probe': probe}, boot='tag:known,boot.ipxe',
          options=[rule, '--dhcp-boot=tag:!known,not-for-us'])
    assert booted_from(machine(**plug('rom', 'virtio', lan.port())), out) == lan.ip


def test_what_we_say(lan, serve, machine, plug, probe, out):
    """Identity in the DISCOVER: RFC 4578's three options, and a parameter list with what we use."""
    serve('dnsmasq', {'boot.ipxe': SCRIPT, 'probe': probe})
    Handover(machine(**plug('rom', 'virtio', lan.port()), extra=['-uuid', UUID]))
    _, kind, options = pcap.dhcp(capture(out))[0]
    assert kind == pcap.DISCOVER
    assert options[60].startswith(b'PXEClient:Arch:00000')
    assert options[93] == b'\0\0'
    assert options[94][0] == 1
    # SMBIOS has the first three fields of a UUID in little-endian order; RFC 4578 hands on what SMBIOS has.
    raw = bytes.fromhex(UUID.replace('-', ''))
    swapped = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    assert options[97] in (b'\0' + raw, b'\0' + swapped)
    assert {1, 3, 43, 60, 66, 67} <= set(options[55])


@pytest.fixture
def proxy(lan, out, cache, probe):
    """A dnsmasq for addresses only, and another machine's dnsmasq as proxyDHCP and TFTP server."""
    made = []

    def start(*options):
        made.append(servers.dnsmasq(lan, out, cache))
        other = lan.host('10.77.0.2')
        made.append(other)
        files = media.offer(os.path.join(out, 'proxy-tftp'), {
            'boot.ipxe': SCRIPT, 'boot.0': SCRIPT, 'probe': probe})
        os.makedirs(os.path.join(out, 'proxy'))
        made.append(servers.dnsmasq(other, os.path.join(out, 'proxy'), cache, tftp=files, pool=False,
                                    options=['--dhcp-range=10.77.0.0,proxy', *options]))
    yield start
    for one in reversed(made):
        (one.stop if hasattr(one, 'stop') else one.close)()


@pytest.mark.parametrize('options', [
    ['--pxe-service=x86PC,Reveille,boot'],
    ['--pxe-service=x86PC,Reveille,boot', '--pxe-prompt=Choose,0'],
], ids=['service', 'prompt'])
def test_dnsmasq_proxy(options, proxy, lan, machine, plug, out):
    proxy(*options)
    assert booted_from(machine(**plug('rom', 'virtio', lan.port())), out) == '10.77.0.2'


# -- servers that do as they are told ----------------------------------------------------------------------------

def test_proxy_on_67(wire, net_of, machine, plug, probe):
    """A proxy's OFFER has the boot file, and nobody answers on port 4011."""
    net_of({}, boot=None)
    other = wire.station('10.77.0.2', b'\x02\0\0\0\x77\x03')
    proxy = host.Dhcp(other, 'boot.ipxe', proxy=True)
    other.forget(4011)
    host.Tftp(other, {'boot.ipxe': SCRIPT.encode(), 'probe': probe})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    assert Handover(machine(**parts)).cmdline.startswith('from=')
    assert proxy.count(pcap.DISCOVER) > 0


def test_proxy_on_4011(wire, net_of, machine, plug, probe):
    """A proxy's OFFER says nothing but that it is a PXE server; the boot file comes from port 4011."""
    net_of({}, boot=None)
    other = wire.station('10.77.0.2', b'\x02\0\0\0\x77\x03')
    proxy = host.Dhcp(other, 'boot.ipxe', proxy=True)
    asked = []

    def answer(server, kind, packet, reply):
        if packet.dport != 4011:
            return reply[:108] + b'\0' * 128 + reply[236:]
        asked.append(packet)
        return reply
    proxy.answer = answer
    host.Tftp(other, {'boot.ipxe': SCRIPT.encode(), 'probe': probe})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    Handover(machine(**parts))
    assert asked and all(p.ip_src == '10.77.0.100' for p in asked)


def test_refused_then_served(wire, net_of, machine, plug, probe):
    """NAK, NAK, then ACK."""
    dhcp, _ = net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    dhcp.naks = 2
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    Handover(machine(**parts), 90)
    assert dhcp.count(pcap.REQUEST) == 3


@pytest.mark.reveille
def test_refused_for_ever(wire, net_of, machine, plug, fw, disk):
    """A clear error, no storm, and the next boot device gets its turn."""
    dhcp, _ = net_of({})
    dhcp.naks = 1 << 30
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    m.expect(fw.error(2002), 120)
    m.expect('DISK-BOOTED', 60)
    times = [s[0] for s in dhcp.seen]
    for i, start in enumerate(times):
        assert sum(1 for t in times[i:] if t < start + 1) <= 10, 'more than ten messages in a second'


def test_no_boot_file(wire, net_of, machine, plug, fw, disk):
    dhcp, _ = net_of({}, boot=None)
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    if fw.name == 'reveille':
        m.expect(fw.error(2004), 60)
    m.expect('DISK-BOOTED', 120)
    assert dhcp.count(pcap.REQUEST) >= 1


@pytest.mark.reveille
def test_nobody_answers(wire, machine, plug, fw, disk):
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    m.expect(fw.error(2001), 120)
    m.expect('DISK-BOOTED', 60)


@pytest.mark.reveille
def test_later_and_better(wire, net_of, machine, plug, probe):
    """An offer without boot file comes first, one with it 200 ms later: the later one is taken."""
    plain, _ = net_of({}, boot=None, pool='10.77.0.150')
    other = wire.station('10.77.0.2', b'\x02\0\0\0\x77\x03')
    better = host.Dhcp(other, 'boot.ipxe')
    better.delay = 0.2
    host.Tftp(other, {'boot.ipxe': SCRIPT.encode(), 'probe': probe})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    assert Handover(machine(**parts)).cmdline == 'from=10.77.0.2'
    assert plain.count(pcap.DISCOVER) and better.count(pcap.REQUEST)


@pytest.mark.reveille
def test_rogue_answers(wire, net_of, machine, plug, probe):
    """Answers with another transaction, MAC, cookie or opcode come before each right one and are ignored."""
    dhcp, tftp = net_of({'boot.ipxe': SCRIPT, 'probe': probe, 'evil': b'#!ipxe\necho EVIL\n'})

    def answer(server, kind, packet, reply):
        evil = reply[:108] + b'evil'.ljust(128, b'\0') + reply[236:]
        for bad in (evil[:4] + b'\xde\xad\xbe\xef' + evil[8:],
                    evil[:28] + b'\x02\0\0\0\0\x99' + evil[34:],
                    evil[:236] + b'\x63\x82\x53\x64' + evil[240:],
                    b'\x01' + evil[1:]):
            server.station.send('255.255.255.255', 68, bad, 67, mac=reply[28:34])
        return reply
    dhcp.answer = answer
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    Handover(machine(**parts))
    assert [name for _, name, _ in tftp.requests if 'evil' in name] == []


def test_link_that_comes_late(wire, net_of, machine, plug, probe):
    """A port that forwards two seconds after power-on costs little more than these two seconds."""
    net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    parts = plug('rom', 'virtio', wire.port(), link=False)
    wire.start()
    m = machine(**parts)
    time.sleep(2)
    m.link(0, True)
    Handover(m, 60)
