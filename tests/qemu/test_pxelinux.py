# SPDX-License-Identifier: BSD-2-Clause
"""pxelinux.cfg as dnsmasq serves it, without PXELINUX: by its default label, and from its menu."""

import pytest

from lab.handover import Handover

pytestmark = pytest.mark.reveille

CONFIG = '''\
DEFAULT vesamenu.c32
MENU TITLE Rack 7
TIMEOUT 100
INCLUDE more.cfg
LABEL other
  MENU LABEL ^Other kernel
  KERNEL probe
  APPEND from=other
'''
MORE = '''\
LABEL probe
  MENU LABEL ^Probe, by itself
  MENU DEFAULT
  KERNEL probe
  APPEND from=label
  IPAPPEND 2
LABEL local
  MENU LABEL Next ^device
  LOCALBOOT -1
'''
SCRIPT = '#!ipxe\npxelinux\n'


@pytest.fixture
def offered(serve, lan, machine, plug, probe, kernel):
    """A machine whose boot script is `pxelinux`."""
    def run(config, **parts):
        serve('dnsmasq', {'dir/boot.ipxe': SCRIPT, 'dir/probe': probe, 'dir/pxelinux.cfg/default': config,
                          'dir/more.cfg': MORE, 'dir/vmlinuz': kernel['vmlinuz'],
                          'dir/initrd.img': kernel['initrd.img']}, boot='dir/boot.ipxe')
        return machine(**{**plug('lkrn', 'virtio', lan.port()), **parts})
    return run


def test_default(offered):
    """PROMPT 0: nothing is waited for."""
    m = offered('DEFAULT linux\nPROMPT 0\nLABEL linux\nKERNEL probe\nAPPEND  from=default  two\n')
    assert Handover(m, 60).cmdline == 'BOOT_IMAGE=probe from=default  two'


def test_debian(offered):
    """Kernel and initrd of a distribution."""
    m = offered('DEFAULT linux\nLABEL linux\nKERNEL vmlinuz\n'
                'APPEND initrd=initrd.img console=ttyS0 panic=1\n', memory=1024)
    m.expect('REVEILLE-BOOTED', 300)
    m.expect('cmdline: BOOT_IMAGE=vmlinuz initrd=initrd.img console=ttyS0 panic=1\r?\n', 10)


def test_menu_times_out(offered):
    m = offered(CONFIG)
    m.expect('Rack 7', 60)
    m.expect(r'1\. \[P\]robe, by itself', 10)
    assert Handover(m, 60).cmdline == 'BOOT_IMAGE=probe from=label BOOTIF=01-52-54-00-12-34-56'


def test_menu_key(offered):
    m = offered(CONFIG)
    m.expect(r'Enter: 1\.', 60)
    m.expect_screen(r'^  3\. \[O\]ther kernel$')
    m.keys('o', 'ret')
    assert Handover(m, 60).cmdline == 'BOOT_IMAGE=probe from=other'


def test_menu_edited(offered):
    m = offered(CONFIG)
    m.expect(r'Enter: 1\.', 60)
    m.serial.type('3\t more\r')
    assert Handover(m, 60).cmdline == 'BOOT_IMAGE=probe from=other more'


def test_local(offered, disk):
    m = offered(CONFIG, disk=disk)
    m.expect(r'Enter: 1\.', 60)
    m.serial.type('d\r')
    m.expect('DISK-BOOTED', 60)


SITE = 'DEFAULT probe\nLABEL probe\n  KERNEL probe\n  APPEND from=%s\n'


@pytest.mark.parametrize('option', ['210,dir/', '66,10.77.0.1'])
def test_no_boot_file(option, serve, lan, machine, plug, probe):
    """What the machine does by itself where DHCP names no boot file, but a folder or a TFTP server."""
    folder = 'dir/' if option.startswith('210') else ''
    serve('dnsmasq', {folder + 'pxelinux.cfg/default': SITE % 'default', folder + 'probe': probe}, boot=None,
          options=['--dhcp-option=' + option])
    m = machine(**plug('lkrn', 'virtio', lan.port()))
    assert Handover(m, 90).cmdline == 'BOOT_IMAGE=probe from=default'


def test_http(serve, lan, machine, plug, probe, web):
    """Options 209 and 210 with a web server, as lpxelinux.0 has it."""
    web('nginx', {'node/own.cfg': 'INCLUDE menus/two.cfg\n', 'node/menus/two.cfg': SITE % 'web',
                  'node/probe': probe})
    serve('dnsmasq', {}, boot=None, options=['--dhcp-option=209,own.cfg',
                                             '--dhcp-option=210,http://%s/node/' % lan.ip])
    m = machine(**plug('lkrn', 'virtio', lan.port()))
    assert Handover(m, 90).cmdline == 'BOOT_IMAGE=probe from=web'


def test_rom_says_what_to_do(serve, lan, machine, plug):
    """The ROM has no room for it, and names who has."""
    serve('dnsmasq', {'pxelinux.cfg/default': 'DEFAULT x\n'}, boot=None, options=['--dhcp-option=210,/'])
    m = machine(**plug('rom', 'virtio', lan.port()))
    m.expect('E2004', 90)
    m.expect('pxelinux', 10)
