# SPDX-License-Identifier: BSD-2-Clause
"""The PXE boot menu: dnsmasq's pxe-prompt and pxe-service, as proxyDHCP server beside another one."""

import os
import re
import time

import pytest

from lab import host, media, net, pcap, servers
from lab.handover import Handover

pytestmark = pytest.mark.reveille
PROXY = '10.77.0.2'
MENU = ['--pxe-service=x86PC,Install Debian,one', '--pxe-service=x86PC,Rescue \x1b[31m,two',
        '--pxe-service=x86PC,Local disk,0']


def script(name):
    return media.script('kernel probe entry=%s' % name, 'boot')


@pytest.fixture(params=['address', 'host'])
def menu(request, lan, out, cache, probe, machine, plug):
    """
    menu(options) starts a machine between a dnsmasq that gives addresses and one that is a PXE server: on
    a second address of the same computer, or on another.
    """
    made = []

    def start(*options, **parts):
        made.append(servers.dnsmasq(lan, out, cache))
        where = lan
        if request.param == 'host':
            where = lan.host(PROXY)
            made.append(where)
        else:
            net.run('ip', 'address', 'add', PROXY + '/24', 'dev', lan.bridge)
        files = media.offer(os.path.join(out, 'tftp'), {
            'one.0': script('one'), 'two.0': script('two'), 'probe': probe})
        os.makedirs(os.path.join(out, 'proxy'))
        made.append(servers.dnsmasq(where, os.path.join(out, 'proxy'), cache, tftp=files, pool=False, options=[
            '--listen-address=' + PROXY, '--dhcp-range=10.77.0.0,proxy', *options]))
        return machine(**plug('rom', 'virtio', lan.port()), **parts)
    yield start
    for one in reversed(made):
        (one.stop if hasattr(one, 'stop') else one.close)()


def booted(m):
    return Handover(m).cmdline


def test_timeout(menu):
    """Nobody is there: the first entry, when the prompt's time is over."""
    m = menu('--pxe-prompt=Press F8 for the menu,3', *MENU)
    m.expect('Press F8 for the menu', 60)
    began = time.monotonic()
    assert booted(m) == 'entry=one'
    assert time.monotonic() - began > 2
    assert 'Rescue' not in m.serial.text()


def test_serial(menu, disk):
    """The menu on the serial line: opened with m, an entry chosen by its number, drawn once."""
    m = menu('--pxe-prompt=Press F8 for the menu,20', *MENU)
    m.expect('Press F8 for the menu', 60)
    m.expect(r'F8 or m: menu; Enter: 1\. Install Debian', 10)
    m.serial.type('m')
    m.expect(r'  1\. Install Debian\r?\n  2\. Rescue \\x1b\[31m\r?\n  3\. Local disk\r?\n', 10)
    m.serial.type('2')
    m.expect(r'Enter: 2\. Rescue', 10)
    m.serial.type('\r')
    assert booted(m) == 'entry=two'
    assert '\x1b' not in m.serial.text()
    assert m.serial.text().count('  1. Install Debian') == 1


def test_keyboard(menu):
    """The same on the screen, with F8 and the arrows."""
    m = menu('--pxe-prompt=Press F8 for the menu,20', *MENU)
    m.expect_screen(r'F8 or m: menu', 60)
    m.screenshot('prompt.png')
    m.keys('f8')
    m.expect_screen(r'3\. Local disk', 10)
    m.keys('down')
    m.expect_screen(r'Enter: 2\. Rescue', 10)
    m.screenshot('menu.png')
    m.keys('ret')
    assert booted(m) == 'entry=two'


def test_local_disk(menu, disk):
    """The entry of type 0 hands over to the BIOS, which boots the next device."""
    m = menu('--pxe-prompt=Choose,255', *MENU, disk=disk)
    m.expect(r'Choose\r?\n  1\. Install Debian', 60)
    time.sleep(3)  # 255: nobody chooses for the user
    m.serial.type('3\r')
    m.expect('DISK-BOOTED', 30)
    assert not re.search(r'E\d{4}', m.serial.text())


def test_no_prompt_no_choice(menu):
    """One entry: dnsmasq's own default prompt has time-out 0."""
    assert booted(menu(MENU[1])) == 'entry=two'


def test_server_of_another_type(menu, fw, disk, out):
    """
    A service by number: its server is looked for by broadcast, and there is none. The request is made four
    times, the error names what to look at, and the next boot device gets its turn.
    """
    m = menu('--pxe-prompt=Choose,0', '--pxe-service=x86PC,Imaging,15', disk=disk)
    m.expect(fw.error(2006), 90)
    m.expect('DISK-BOOTED', 30)
    packets = pcap.read(os.path.join(out, 'net0.pcap'))
    asked = [p for p, kind, options in pcap.dhcp(packets) if kind == pcap.REQUEST and 43 in options]
    assert [p.ip_dst for p in asked] == ['255.255.255.255'] * 4


def test_server_elsewhere(wire, net_of, machine, plug, probe):
    """A DHCP server with a menu, and boot servers that are found by broadcast: the one of that type answers."""
    vendor = bytes([6, 1, 2, 9, 8, 0x80, 1, 5]) + b'Other' + bytes([10, 2, 0, 0x50, 255])
    dhcp, _ = net_of({}, boot=None, options={60: b'PXEClient', 43: vendor})
    other = wire.station('10.77.0.3', b'\x02\0\0\0\x77\x03')
    boot = host.Dhcp(other, 'boot.ipxe', proxy=True, options={43: bytes([71, 4, 0x80, 1, 0, 0, 255])})
    boot._kind = lambda packet, message, options: pcap.ACK if options.get(43, b'')[:4] == b'\x47\4\x80\1' else None
    host.Tftp(other, {'boot.ipxe': script('elsewhere').encode(), 'probe': probe})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    assert booted(machine(**parts)) == 'entry=elsewhere'
    assert dhcp.count(pcap.REQUEST) and boot.count(pcap.REQUEST)
