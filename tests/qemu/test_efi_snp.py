# SPDX-License-Identifier: BSD-2-Clause
"""
Links over drivers that are not ours, and programs that start us from the network but are not the firmware: what each
leaves us of its card, of the lease, of the file that we are. All on x86-64, virtio-net; other cards: sweep_efi.py.
"""

import os
import re

import pytest

from lab import efi, media, servers
from lab.qemu import Nic
from test_boot import digest
from test_efi import boot_file

pytestmark = pytest.mark.reveille
NOISE = media.noise(3000001)
SCRIPT = media.script('echo Script-on ${netX/chip} ${ip} ${netX/mac}', 'imgfetch noise', 'sha256sum noise', 'exit')
GRUB = 'serial --unit=0 --speed=115200\nchainloader /%s\nboot\n'


@pytest.fixture
def load(lan, serve, uefi, artefact, cache, out):
    """load(loader, image): a machine in which the loader has started our image; SCRIPT is what it then finds."""
    def run(loader, image):
        name = image + '.efi'
        files, first, parts = {name: artefact('efi', 'x64', image), 'noise': NOISE}, None, {}
        nic = Nic('virtio', lan.port(), bootindex=1)
        if loader in ('ipxe', 'rom'):
            files.update({'boot.ipxe': media.script('chain ' + name), 'autoexec.ipxe': SCRIPT})
        else:
            files['boot.ipxe'] = SCRIPT
        if loader == 'grub':
            first = 'grubx64.efi'
            files.update({first: efi.unpacked(cache, *efi.GRUB), 'grub/grub.cfg': GRUB % name})
        elif loader == 'ipxe':
            first = 'ipxe.efi'
            files[first] = efi.present('/usr/lib/ipxe/ipxe.efi')
        elif loader == 'rom':
            nic.rom = artefact('efirom', 'virtio')
        else:
            parts['disk'] = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable('x64', files[name]))
        serve('dnsmasq', files, boot=None if first else 'boot.ipxe',
              options=servers.first_then_script(first) if first else ())
        return uefi(nics=[nic], **parts)
    return run


@pytest.mark.parametrize('loader, image, chip', [
    ('grub', 'snponly', 'snp'),
    ('grub', 'reveille', 'snp'),      # GRUB holds the firmware's driver of the card
    ('ipxe', 'snponly', 'snp'),
    ('ipxe', 'reveille', 'virtio-net'),
    ('rom', 'snponly', 'snp'),
    ('rom', 'reveille', 'snp'),     # the ROM's machine still runs: its card is not given away
    ('disk', 'snponly', 'snp'),
])
def test_started_by(loader, image, chip, load):
    machine = load(loader, image)
    machine.expect(r'Script-on %s 10\.77\.0\.\d+ 52:54:00:12:34:56\s' % chip, 90)
    machine.expect(digest(NOISE), 60)


def test_back_to_rom(lan, serve, uefi, artefact, rom):
    """iPXE's own ROM starts us, and waits in the middle of a call of its driver's: that stays as it is."""
    serve('dnsmasq', {'boot.ipxe': media.script('chain reveille.efi || echo Failed', 'echo Back-in-ROM', 'sleep 60'),
                      'reveille.efi': artefact('efi', 'x64', 'reveille'), 'autoexec.ipxe': SCRIPT, 'noise': NOISE},
          boot='boot.ipxe')
    machine = uefi(nics=[Nic('e1000', lan.port(), rom('e1000', 'efirom'), bootindex=1)])
    machine.expect(r'Script-on snp 10\.77\.0\.\d+ 52:54:00:12:34:56\s', 90)
    machine.expect(digest(NOISE), 60)
    machine.expect('Back-in-ROM', 30)


def test_only_the_card_that_booted(lan, serve, uefi, artefact):
    """snponly.efi: of two cards that the firmware has a driver for, the second has booted it."""
    serve('dnsmasq', {'snponly.efi': artefact('efi', 'x64', 'snponly'),
                      'autoexec.ipxe': media.script('ifstat', 'echo Listed', 'sleep 60')},
          boot=None, options=boot_file('x64', 'pxe', 'snponly.efi'))
    machine = uefi(nics=[Nic('virtio', lan.port(), bootindex=1), Nic('virtio', lan.port(), bootindex=0)])
    machine.expect(r'(?m)^Listed', 90)
    assert re.findall(r'(?m)^(net\d+: \S+ \S+),', machine.serial.text()) == ['net0: 52:54:00:12:34:57 snp']
