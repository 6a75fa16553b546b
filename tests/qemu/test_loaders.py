# SPDX-License-Identifier: BSD-2-Clause
"""
reveille.lkrn under the loaders of others: QEMU -kernel, GRUB, ISOLINUX. Its command line is run as a line of
script, an initrd given beside it as a script file.
"""

import os

import pytest

from lab import media, net
from lab.handover import Handover
from lab.qemu import Nic

GO = 'dhcp && kernel tftp://${next-server}/probe from=%s && boot'


@pytest.fixture
def nic(probe, out):
    """A NIC whose network has the probe kernel."""
    root = media.offer(os.path.join(out, 'tftp'), {'probe': probe, 'boot.ipxe': media.script(
        GO % 'server')})
    return Nic('virtio', net.UserPort(root, 'boot.ipxe'))


def with_initrd(directory, text):
    path = os.path.join(directory, 'script')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def test_alone(nic, machine, artefact):
    """Without either it does what the ROM does."""
    assert Handover(machine(nics=[nic], kernel=artefact('lkrn'))).cmdline == 'from=server'


def test_command_line(nic, machine, artefact):
    probe = Handover(machine(nics=[nic], kernel=artefact('lkrn'), append=GO % 'cmdline'))
    assert probe.cmdline == 'from=cmdline'


def test_initrd(nic, machine, artefact, out):
    script = with_initrd(out, media.script('', '# a comment', *(GO % 'initrd').split(' && ')))
    assert Handover(machine(nics=[nic], kernel=artefact('lkrn'), initrd=script)).cmdline == 'from=initrd'


GRUB = '''serial --unit=0 --speed=115200
terminal_output serial console
set timeout=0
menuentry lab {
\t%s /reveille.lkrn %s
%s}
'''


@pytest.mark.parametrize('loader', ['linux16', pytest.param('linux', marks=pytest.mark.reveille)])
@pytest.mark.parametrize('way', ['command-line', 'initrd'])
def test_grub(loader, way, nic, machine, artefact, out):
    # `linux` takes the 32-bit entry, `linux16` the one of real mode. $ and & mean something to GRUB, and it
    # would put quotation marks of its own around a word with a space in it: each word is quoted.
    line = ' '.join("'%s'" % word for word in (GO % way).split()) if way == 'command-line' else ''
    if way == 'initrd':
        config = GRUB % (loader, line, '\t%s /script\n' % loader.replace('linux', 'initrd'))
    else:
        config = GRUB % (loader, line, '')
    script = media.script(*(GO % way).split(' && '))
    cd = media.iso_grub(out, artefact('lkrn'), config, {'script': script})
    assert Handover(machine(nics=[nic], cdrom=cd), 90).cmdline == 'from=' + way


@pytest.mark.parametrize('way', ['command-line', 'initrd'])
def test_isolinux(way, nic, machine, artefact, out):
    lines = ['SERIAL 0', 'DEFAULT lab', 'PROMPT 0', 'LABEL lab', '  LINUX /reveille.lkrn']
    if way == 'initrd':
        lines.append('  INITRD /script')
    else:
        lines.append('  APPEND ' + GO % way)
    script = media.script(*(GO % way).split(' && '))
    cd = media.iso_isolinux(out, artefact('lkrn'), '\n'.join(lines) + '\n', {'script': script})
    assert Handover(machine(nics=[nic], cdrom=cd), 90).cmdline == 'from=' + way
