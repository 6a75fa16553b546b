# SPDX-License-Identifier: BSD-2-Clause
"""
The option ROM's driver under OVMF: what the firmware's boot menu and its own network boot make of it, several cards,
cards that come and go. That Debian comes up from it: test_efi.py.
"""

import os
import re

import pytest

from lab import efi, media, servers
from lab.qemu import Nic
from test_boot import digest

pytestmark = pytest.mark.reveille


@pytest.fixture
def start(lan, artefact, uefi, serve):
    """start(lines, models, files): a machine whose cards have ROMs of ours, and a server of that script and files."""
    def run(lines, models=('virtio',), files=None, options=None, cables=None, **parts):
        serve('dnsmasq', {'boot.ipxe': media.script(*lines), **(files or {})}, boot=None if options else 'boot.ipxe',
              options=options or ())
        nics = [Nic(model, lan.port(), rom=artefact('efirom', model), bootindex=i + 1,
                    link=cables is None or i in cables) for i, model in enumerate(models)]
        return uefi(nics=nics, **parts)
    return run


def test_next_boot_entry(start, cache):
    """e1000: sweep_efi.py."""
    next_boot_entry('virtio', 'virtio-net', start, cache)


def next_boot_entry(model, chip, start, cache):
    """Ours is a boot entry. When its script ends, the firmware's network boot has our card, by SNP."""
    machine = start(['echo Script-on ${net0/chip}'], models=[model], options=servers.first_then_script('app.efi'),
                    files={'app.efi': media.assemble('app.asm', cache)})
    machine.expect('Script-on ' + chip, 60)
    machine.expect(r'failed to load Boot\d+ "UEFI PXEv4 \(MAC:525400123456\)".*Not Found', 20)
    machine.expect('Start PXE over IPv4', 20)
    machine.expect(r'APP-STARTED \[\]', 40)


def test_runs_a_driver(start, artefact):
    """A driver that we have started is offered all devices; the firmware's do not take our links meanwhile."""
    noise = media.noise(400000)
    machine = start(['chain driver.efi', 'imgfetch noise && sha256sum noise'],
                    files={'driver.efi': artefact('efi', 'x64', 'payload-driver'), 'noise': noise})
    machine.expect('DRIVER', 60)
    machine.expect(digest(noise), 20)


def test_all_links_at_once(start):
    """Two cards, each with a ROM; the second has a cable. The first entry boots from it, the second has no turn."""
    machine = start(['echo Script-on ${netX/chip}', 'ifstat', 'exit 1'], models=('virtio', 'e1000'), cables=[1])
    machine.expect('Script-on e1000', 60)
    machine.expect(r'net0: 52:54:00:12:34:56 virtio-net, open, link down')
    machine.expect(r'failed to load Boot\d+ "UEFI PXEv4 \(MAC:525400123456\)".*Not Found', 20)
    machine.expect(r'failed to load Boot\d+ "UEFI PXEv4 \(MAC:525400123457\)" .*Not Found', 120)
    assert machine.serial.text().count('Script-on') == 1


def test_cards_come_and_go(start, artefact, out):
    """efi/bind.c: names, binding and unbinding, the boot entry twice with both cards, the driver's end."""
    disk = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable('x64', artefact('efi', 'x64', 'bind')))
    machine = start(['echo Script-on ${net0/chip} ${net1/chip}', 'exit'], models=('virtio', 'e1000'), disk=disk)
    machine.expect(r'DRIVER Reveille\s+CARD Reveille virtio-net\s', 60)
    for turn in (1, 2):
        machine.expect('TURN %d' % turn, 30)
        machine.expect('Script-on virtio-net e1000', 30)
    assert int(machine.expect(r'END (\d+)\r', 30).group(1)) > 50
    assert not re.findall('WRONG.*', machine.serial.text())
