# SPDX-License-Identifier: BSD-2-Clause
"""
Network boot programs of others, started by our ROM and at work on our PXE API: PXELINUX, its big brother with
HTTP, GRUB, iPXE, and ourselves. Each fetches a kernel with it and boots that.
"""

import os
import shutil
import subprocess

import pytest

from lab import media
from test_boot import QUIET, booted

PXELINUX = '/usr/lib/PXELINUX/'
MODULES = '/usr/lib/syslinux/modules/bios/'
UNDIONLY = '/usr/lib/ipxe/undionly.kpxe'
MARK = 'mark=carried'

# For the menu too: what PROMPT and TIMEOUT leave undone is chosen by the label that is the default.
CONFIG = '''SERIAL 0 115200
%s
LABEL other
  LOCALBOOT 0
LABEL lab
  MENU DEFAULT
  KERNEL %svmlinuz
  APPEND %s %s initrd=%sinitrd.img
'''


def config(prefix='', head='DEFAULT lab\nPROMPT 0'):
    return CONFIG % (head, prefix, QUIET, MARK, prefix)


def present(*paths):
    for path in paths:
        if not os.path.exists(path):
            pytest.skip('%s: not installed' % path)


def carried(machine, parts):
    report = booted(machine(**parts))
    assert MARK in report
    return report


@pytest.mark.parametrize('model', ['virtio', 'e1000'])
def test_pxelinux(model, lan, serve, machine, plug, kernel):
    """By TFTP: its own module, the configuration it looks for under several names, kernel and initrd."""
    present(PXELINUX + 'pxelinux.0', MODULES + 'ldlinux.c32')
    parts = plug('rom', model, lan.port())
    serve('dnsmasq', {'tool/pxelinux.0': PXELINUX + 'pxelinux.0', 'tool/ldlinux.c32': MODULES + 'ldlinux.c32',
                      'tool/pxelinux.cfg/default': config('::'), **kernel}, boot='tool/pxelinux.0')
    carried(machine, parts)


def test_pxelinux_menu(lan, serve, machine, plug, kernel):
    """Its menu, by keys on the serial line; from a server that grants no option at all."""
    names = ['ldlinux.c32', 'menu.c32', 'libutil.c32']
    present(PXELINUX + 'pxelinux.0', *[MODULES + name for name in names])
    parts = plug('rom', 'virtio', lan.port())
    serve('tftpd-hpa', {'pxelinux.0': PXELINUX + 'pxelinux.0', **{name: MODULES + name for name in names},
                        'pxelinux.cfg/default': config('::', 'UI menu.c32\nTIMEOUT 600'), **kernel},
          boot='pxelinux.0', tftp_options=['--refuse', 'tsize', '--refuse', 'blksize'])
    m = machine(**parts)
    m.expect('Automatic boot in', 60)
    m.serial.type('\r')
    assert MARK in booted(m)


def test_lpxelinux(lan, serve, web, machine, plug, kernel):
    """Its own TCP over UNDI: everything but the first file by HTTP."""
    present(PXELINUX + 'lpxelinux.0', MODULES + 'ldlinux.c32')
    parts = plug('rom', 'virtio', lan.port())
    server = web('nginx', {'ldlinux.c32': MODULES + 'ldlinux.c32', 'pxelinux.cfg/default': config(), **kernel})
    serve('dnsmasq', {'lpxelinux.0': PXELINUX + 'lpxelinux.0'}, boot='lpxelinux.0',
          options=['--dhcp-option-force=210,' + server.url('')])
    carried(machine, parts)
    assert [hit.path for hit in server.hits() if hit.status == 200][-2:] == ['/vmlinuz', '/initrd.img']


GRUB = '''serial --unit=0 --speed=115200
terminal_output serial
linux %s/vmlinuz %s %s
initrd %s/initrd.img
boot
'''


@pytest.mark.parametrize('scheme', ['tftp', 'http'])
def test_grub(scheme, lan, serve, web, machine, plug, kernel, out):
    """Its own stack over UNDI."""
    present('/usr/lib/grub/i386-pc/pxe.mod')
    parts = plug('rom', 'virtio', lan.port())
    root = os.path.join(out, 'tftp')
    subprocess.run(['grub-mknetdir', '--net-directory=' + root, '--subdir=grub', '--directory=/usr/lib/grub/i386-pc',
                    '--modules=linux serial http', '--locales=', '--themes=', '--fonts='],
                   check=True, capture_output=True, timeout=120)
    shutil.rmtree(os.path.join(root, 'grub', 'locale'), ignore_errors=True)
    if scheme == 'http':
        web('nginx', kernel)
    where = '(%s,%s)' % (scheme, lan.ip)
    serve('dnsmasq', {'grub/grub.cfg': GRUB % (where, QUIET, MARK, where), **kernel}, boot='grub/i386-pc/core.0')
    carried(machine, parts)


# Both ask DHCP again and get this script again: by then their NIC is one that is driven through UNDI.
CHAIN = media.script(
    'iseq ${net0/chip} virtio-net && chain %s || goto there',
    ':there',
    'kernel vmlinuz %s %s' % (QUIET, MARK),
    'initrd initrd.img',
    'boot')


@pytest.mark.parametrize('program', ['undionly.kpxe', pytest.param('reveille.kpxe', marks=pytest.mark.reveille)])
def test_chain(program, lan, serve, machine, plug, kernel, artefact):
    if program == 'undionly.kpxe':
        present(UNDIONLY)
        path = UNDIONLY
    else:
        path = artefact('image', 'kpxe')
    parts = plug('rom', 'virtio', lan.port())
    serve('dnsmasq', {'boot.ipxe': CHAIN % program, program: path, **kernel})
    carried(machine, parts)
