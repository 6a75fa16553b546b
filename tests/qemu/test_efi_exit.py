# SPDX-License-Identifier: BSD-2-Clause
"""
What is left of us under UEFI: after ExitBootServices() no card of ours writes to memory; after our own end the firmware
has all its memory again.
"""

import os
import re
import time

import pytest

from lab import efi, media
from lab.qemu import Nic

pytestmark = pytest.mark.reveille
MIB = 1 << 20
RAM = {'x64': 0, 'arm64': 1 << 30}  # where QEMU's machines have it


def content(path):
    with open(path, 'rb') as file:
        return file.read()


@pytest.mark.parametrize('cpu, model', [('x64', 'virtio'), ('x64', 'e1000'), ('arm64', 'virtio')])
def test_no_dma_after_exit(cpu, model, wire, net_of, uefi, artefact, out):
    """efi/exit.c: frames that arrive before are found in memory; afterwards no byte of it changes."""
    def frame(kind, mark):
        wire.send(b'\xff' * 6 + b'\x02\0\0\0\x77\x09' + kind + mark * 50)

    def broadcast(mark):
        for _ in range(400):
            frame(b'\x88\xb5', mark)
        time.sleep(0.5)
        return machine.memory_read(RAM[cpu], 256 * MIB)

    net_of({'exit.efi': content(artefact('efi', cpu, 'exit')), 'boot.ipxe': media.script('chain exit.efi')})
    disk = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable(cpu, artefact('efi', cpu)))
    nic = Nic(model, wire.port())
    wire.start()
    machine = uefi(cpu=cpu, nics=[nic], disk=disk, memory=256)
    machine.expect(r'(?m)^READY', 120)
    before, after = media.noise(16, 1), media.noise(16, 2)
    assert before in broadcast(before), 'the frames do not even arrive: this test shows nothing'
    frame(b'\x88\xb6', before)
    machine.expect(r'(?m)^GONE', 20)
    time.sleep(0.2)
    still = machine.memory_read(RAM[cpu], 256 * MIB)
    same = broadcast(after) == still  # pytest would take a minute to show how they differ
    assert same, 'a card has written to memory'


def test_memory_is_given_back(wire, net_of, uefi, artefact, out):
    """efi/memory.c: the driver of the option ROM and the application, several times each; two cards."""
    net_of({'file': media.noise(300001)})
    disk = efi.fat_disk(os.path.join(out, 'disk.img'), {
        **efi.removable('x64', artefact('efi', 'x64', 'memory')), 'reveille.efi': artefact('efi'),
        'driver.efi': artefact('efi', 'x64', 'efirom'),
        'autoexec.ipxe': media.script('dhcp', 'imgfetch tftp://${next-server}/file', 'echo Fetched', 'exit')})
    nics = [Nic('virtio', wire.port(), bootindex=1), Nic('e1000', wire.port(), bootindex=2)]
    wire.start()
    machine = uefi(nics=nics, disk=disk)
    assert int(machine.expect(r'(?m)^END (\d+)\r', 120).group(1)) > 50
    text = machine.serial.text()
    assert text.count('Fetched') == 16
    assert not re.findall('WRONG.*', text)
