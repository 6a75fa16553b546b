# SPDX-License-Identifier: BSD-2-Clause
"""
The protocols on the handle that a UEFI program is loaded from: efi/offer.c makes every call of them with right and
wrong parameters. Programs of others that boot something: test_efi_load.py; here they come back.
"""

import os
import re
import zlib

import pytest

from lab import efi, media
from lab.qemu import Nic

pytestmark = pytest.mark.reveille
FILE, LARGE = media.noise(300001), media.noise(6 << 20, seed=2)
CHECKS = 250
IPXE = 'ipxe', 'usr/lib/ipxe/snponly.efi'


@pytest.fixture
def start(wire, net_of, uefi, artefact, out):
    """
    start(lines): a machine that runs them as a script; its server echoes on UDP port 7. `via`: 'disk'; 'efirom', the
    card's option ROM; or 'snp': the firmware boots us by its PXE, and its Simple Network Protocol is the link.
    """
    def run(*lines, cpu='x64', model='virtio', via='disk', files=()):
        snp = via == 'snp'
        names = {'dir/offer.efi': 'offer'}
        if snp:
            names['snponly.efi'] = 'snponly'
        files = {'file': FILE, 'large': LARGE, 'autoexec.ipxe' if snp else 'boot.ipxe': media.script(*lines),
                 **dict(files)}
        for name, program in names.items():
            with open(artefact('efi', cpu, program), 'rb') as file:
                files[name] = file.read()
        dhcp, _ = net_of(files, 'snponly.efi' if snp else 'boot.ipxe')
        dhcp.station.listen(7, lambda packet, reply: reply(packet.payload))
        nic = Nic(model, wire.port(), bootindex=None if via == 'disk' else 0)
        parts = {'cpu': cpu, 'nics': [nic]}
        if via == 'efirom':
            nic.rom = artefact('efirom', model, cpu)
        elif via == 'disk':
            parts['disk'] = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable(cpu, artefact('efi', cpu)))
        wire.start()
        return uefi(**parts)
    return run


def ran(machine, timeout=120):
    """Waits until the program has come to its end; what it said, and how many checks it has made."""
    begin = machine.serial.pos
    checks = int(machine.expect(r'(?m)^END (\d+)\r', timeout).group(1))
    text = machine.serial.text()[begin:machine.serial.pos].replace('\r', '')
    assert not re.findall(r'^WRONG.*$', text, re.M)
    return text, checks


@pytest.mark.parametrize('cpu, model, via', [
    ('x64', 'virtio', 'disk'), ('x64', 'e1000', 'efirom'), ('x64', 'virtio', 'snp'), ('arm64', 'virtio', 'disk')])
def test_every_call(cpu, model, via, start):
    """Twice: the second time over what the first has left, which is nothing."""
    machine = start('chain dir/offer.efi || exit', 'chain dir/offer.efi leave || exit',
                    'imgfetch --name again file && sha256sum again', cpu=cpu, model=model, via=via)
    for _ in range(2):
        text, checks = ran(machine, 180)
        assert checks > CHECKS
        assert re.search(r'^ADDRESS 0a4d0064 (\w+)$', text, re.M).group(1) == '0a4d0001'
        assert re.search(r'^FILE (.*)$', text, re.M).group(1) == 'dir/offer.efi'
        assert re.search(r'^READ (.*)$', text, re.M).group(1) == '%d %08x' % (len(FILE), zlib.crc32(FILE))
    machine.expect(media.digest(FILE), 30)


def test_held(start):
    """Somebody does not let go: the link is ours again all the same, and what is held goes on working."""
    machine = start('chain dir/offer.efi hold || exit', 'imgfetch --name again file && sha256sum again',
                    'chain dir/offer.efi || exit', 'chain dir/offer.efi free || exit', 'chain dir/offer.efi')
    ran(machine, 60)
    machine.expect('does not let go')
    machine.expect(media.digest(FILE), 30)
    assert ran(machine)[1] > CHECKS
    machine.expect('does not let go')
    ran(machine)
    assert ran(machine)[1] > CHECKS


@pytest.fixture
def content(cache):
    """content(package, path): the bytes of a file out of a Debian package."""
    def read(package, path):
        with open(efi.unpacked(cache, package, path), 'rb') as file:
            return file.read()
    return read


def test_grub_comes_back(start, content):
    """It never says that it has done with the link."""
    files = {'shimx64.efi': content(*efi.SHIM), 'grubx64.efi': content(*efi.GRUB),
             'grub/grub.cfg': 'serial --unit=0 --speed=115200\necho GRUB-IS-HERE\nexit\n'}
    machine = start('chain shimx64.efi || exit', 'imgfetch --name again file && sha256sum again',
                    'chain dir/offer.efi', files=files)
    machine.expect('GRUB-IS-HERE', 60)
    machine.expect(media.digest(FILE), 30)
    assert ran(machine)[1] > CHECKS


def test_ipxe_comes_back(start, content):
    """It drives our Simple Network Protocol, with groups for IPv6, and asks DHCP anew."""
    machine = start('iseq ${net0/chip} SNP && goto ipxe ||', 'chain ipxe.efi || echo It-came-back',
                    'imgfetch --name again file && sha256sum again', 'chain dir/offer.efi', 'exit', ':ipxe',
                    'imgfetch large && echo iPXE-has-it', 'exit 1', files={'ipxe.efi': content(*IPXE)})
    machine.expect('iPXE-has-it', 90)
    machine.expect('It-came-back', 60)
    machine.expect(media.digest(FILE), 30)
    assert ran(machine)[1] > CHECKS
