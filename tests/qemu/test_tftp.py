# SPDX-License-Identifier: BSD-2-Clause
"""How files are fetched: the options asked for and granted, servers without them, long files, progress."""

import os
import re

import pytest

from lab import media, net, pcap
from lab.handover import Handover

MIB = 1 << 20


def capture(out):
    return pcap.read(os.path.join(out, 'net0.pcap'))


def fetched(out, name):
    return [t for t in pcap.transfers(capture(out)) if t.name.lstrip('/') == name][-1]


def initrd_arrives(m, data):
    """The kernel runs and its initrd is the file, byte for byte."""
    assert Handover(m, 120).initrd[:len(data)] == data


SCRIPT = media.script('kernel probe', 'initrd big', 'boot')


@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
def test_sizes(server, lan, serve, machine, plug, probe, out):
    """Files that end in a full block, in a short one, in one byte: each arrives byte for byte."""
    sizes = [4 * MIB, 4 * MIB + 1, 1428 * 300, 1432 * 300, 1468 * 300, 511, 512, 513, 1]
    files = {'file%d' % i: media.noise(size, i) for i, size in enumerate(sizes)}
    serve(server, {'boot.ipxe': media.script('kernel probe', *('initrd ' + name for name in files), 'boot'),
                   'probe': probe, **files})
    initrd = Handover(machine(**plug('rom', 'virtio', lan.port())), 120).initrd
    at = 0
    for name, data in files.items():
        assert fetched(out, name).size == len(data)
        start = initrd.find(data, at)
        assert start >= 0 and not any(initrd[at:start]), name
        at = start + len(data)


@pytest.mark.reveille
@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
def test_empty_file(server, lan, serve, machine, plug, probe):
    serve(server, {'probe': probe, 'empty': b'', 'boot.ipxe': media.script(
        'imgfetch empty', 'imgstat', 'kernel probe', 'boot')})
    Handover(machine(**plug('rom', 'virtio', lan.port())))


@pytest.mark.reveille
@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
def test_options(server, lan, serve, machine, plug, probe, out):
    """The block fills the link's MTU; where the server grants a window, it is used."""
    serve(server, {'boot.ipxe': SCRIPT, 'probe': probe, 'big': media.noise(2 * MIB)})
    Handover(machine(**plug('rom', 'virtio', lan.port())), 120)
    big = fetched(out, 'big')
    assert big.options['tsize'] == str(2 * MIB)
    assert int(big.options['blksize']) == 1468
    if server == 'atftpd':
        window = int(big.options['windowsize'])
        assert window >= 8
        assert big.acks <= big.blocks / window * 1.5 + 10
    else:
        assert 'windowsize' not in big.options


@pytest.mark.reveille
def test_link_mtu(lan, serve, machine, plug, probe, out):
    """DHCP's interface MTU (option 26) bounds the block."""
    serve('dnsmasq', {'boot.ipxe': SCRIPT, 'probe': probe, 'big': media.noise(MIB)},
          options=['--dhcp-option=26,1280'])
    Handover(machine(**plug('rom', 'virtio', lan.port())), 120)
    assert int(fetched(out, 'big').options['blksize']) <= 1280 - 32


@pytest.mark.parametrize('server', ['atftpd', 'tftpd-hpa'])
def test_server_without_options(server, lan, serve, machine, plug, probe, out):
    refuse = {'atftpd': ['--no-blksize', '--no-tsize', '--no-windowsize', '--no-timeout', '--no-multicast'],
              'tftpd-hpa': ['--refuse', 'blksize', '--refuse', 'tsize', '--refuse', 'timeout']}[server]
    data = media.noise(300000)
    serve(server, {'boot.ipxe': SCRIPT, 'probe': probe, 'big': data}, tftp_options=refuse)
    initrd_arrives(machine(**plug('rom', 'virtio', lan.port())), data)
    assert fetched(out, 'big').options == {}


def test_server_of_1992(wire, net_of, machine, plug, probe):
    """A server that has never heard of options answers the request with DATA 1."""
    data = media.noise(300000)
    _, tftp = net_of({'boot.ipxe': SCRIPT, 'probe': probe, 'big': data})
    tftp.allow = ()
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    initrd_arrives(machine(**parts), data)


def test_more_than_65535_blocks(lan, serve, machine, plug, probe, out):
    """The block number rolls over."""
    data = media.noise(512 * 65536 + 100)
    serve('dnsmasq', {'boot.ipxe': SCRIPT, 'probe': probe, 'big': data}, tftp_options=['--tftp-no-blocksize'])
    initrd_arrives(machine(**plug('rom', 'virtio', lan.port()), snaplen=60), data)
    assert fetched(out, 'big').blocks == 65537


@pytest.mark.reveille
def test_progress(wire, net_of, machine, plug, probe):
    """A slow fetch says how far it is, how fast and how long to go, on one line of the serial console."""
    _, tftp = net_of({'boot.ipxe': SCRIPT, 'probe': probe, 'big': media.noise(2 * MIB)})
    tftp.allow = ('blksize', 'tsize')
    tftp.pace = 0.003
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    m.expect(r'big[^\r\n]* \d+ ?%', 60)
    m.expect(r'\d+ ?%[^\r\n]*\d[^\r\n]*/s', 30)
    Handover(m, 60)
    shown = [int(p) for p in re.findall(r'big[^\r\n]* (\d+) ?%', m.serial.text())]
    assert shown == sorted(shown) and len(set(shown)) >= 3
    assert len(m.serial.raw) < 20000, 'a serial line is slow: progress must not flood it'


@pytest.mark.reveille
def test_screen(machine, plug, kernel, out, fw):
    """The VGA screen shows what the serial line says, and no line twice."""
    root = media.offer(os.path.join(out, 'tftp'), {
        **kernel, 'boot.ipxe': media.script('imgfetch vmlinuz', 'echo Marker of the script', 'prompt')})
    m = machine(**plug('rom', 'virtio', net.UserPort(root, 'boot.ipxe')))
    m.expect('Marker of the script', 60)
    text = m.expect_screen('Marker of the script')
    assert re.search(fw.banner, text)
    assert text.count('Marker of the script') == 1
    assert m.serial.text().count('Marker of the script') == 1
    with open(m.screenshot('picture.png'), 'rb') as file:
        picture = file.read()
    m.qmp.command('screendump', filename=m.path('picture.ppm'))
    with open(m.path('picture.ppm'), 'rb') as file:
        pixels = file.read().split(b'\n', 3)[3]
    assert picture.startswith((b'\x89PNG', b'P6'))
    lit = sum(1 for i in range(0, len(pixels), 3) if pixels[i:i + 3] != b'\0\0\0')
    assert lit > 1000, 'the picture is blank'


@pytest.mark.reveille
def test_every_block_twice(wire, net_of, machine, plug, probe):
    """Every DATA arrives twice: no ACK storm (the sorcerer's apprentice), and the file is whole."""
    data = media.noise(200000)
    dhcp, tftp = net_of({'boot.ipxe': SCRIPT, 'probe': probe, 'big': data})
    tftp.allow = ('blksize', 'tsize')
    send = tftp.station.send

    def twice(dst, dport, payload, sport, mac=None):
        send(dst, dport, payload, sport, mac)
        if payload[:2] == b'\0\3':
            send(dst, dport, payload, sport, mac)
    tftp.station.send = twice
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    initrd_arrives(m, data)
    big = [t for t in pcap.transfers(pcap.read(m.path('net0.pcap'))) if t.name.lstrip('/') == 'big'][0]
    assert big.acks <= big.blocks + 5
    assert dhcp.count(pcap.DISCOVER) == 1
