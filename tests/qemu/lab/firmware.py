# SPDX-License-Identifier: BSD-2-Clause
"""
What is under test. Reveille is; LAB_FIRMWARE=ipxe puts iPXE from Debian's packages in its place, which shows
that the lab judges a network boot and not our own habits. Tests of what only we promise are marked
`reveille` and do not run for it.
"""

import os
import struct

from . import Missing, qemu


class Reveille:
    """Artefacts of this tree, and the words on its console."""

    name = 'reveille'
    mirror = False          # it writes to serial by itself
    banner = r'Reveille'
    prompt = r'(?m)(?:^|\r)reveille> ?$'   # where a status line was, it was wiped with a carriage return
    hotkey = '\x02'         # Ctrl-B

    def __init__(self, build):
        self.build = build

    def _file(self, name, folder='bios'):
        path = os.path.join(self.build, folder, name)
        if not os.path.exists(path):
            raise Missing('%s is not built: run `make`' % path)
        return path

    def rom(self, model):
        return self._file(qemu.NICS[model][1] + '.rom')

    def lkrn(self):
        return self._file('reveille.lkrn')

    def image(self, kind):
        """'pxe', 'kpxe', 'iso', 'usb'."""
        return self._file('reveille.' + kind)

    def efi(self, cpu='x64', name='reveille'):
        """A UEFI application: 'reveille', or 'snponly' for the card that booted it."""
        return self._file(name + '.efi', 'efi-' + cpu)

    def efirom(self, model, cpu='x64'):
        """An option ROM for UEFI alone."""
        return self._file(qemu.NICS[model][1] + '.efirom', 'efi-' + cpu)

    def bothrom(self, model, _cpu='x64'):
        """An option ROM for BIOS and UEFI."""
        return self._file(qemu.NICS[model][1] + '.rom', 'rom')

    @staticmethod
    def error(code):
        """Pattern of an error's line on the console."""
        return r'\bE%s\b' % code


class Ipxe(Reveille):
    """iPXE as Debian packages it: 2019, screen only, so SeaBIOS copies the screen to serial."""

    name = 'ipxe'
    mirror = True
    banner = r'iPXE'
    prompt = r'iPXE> '
    roms = {'1af41000': 'virtio', '1af41041': 'virtio', '80861229': 'eepro100'}  # others are called as the model

    def rom(self, model):
        wanted = qemu.NICS[model][1]
        path = os.path.join(self.build, 'cache', 'ipxe-%s.rom' % wanted)
        temp = '%s.%d' % (path, os.getpid())
        source = '/usr/lib/ipxe/qemu/pxe-%s.rom' % self.roms.get(wanted, model)
        with open(self._present(source), 'rb') as file:
            image = rom_with_id(file.read(), wanted)
        with open(temp, 'wb') as file:
            file.write(image)
        os.rename(temp, path)
        return path

    def lkrn(self):
        return self._present('/usr/lib/ipxe/ipxe.lkrn')

    def efi(self, cpu='x64', name='reveille'):
        if cpu != 'x64':
            raise Missing('Debian has no iPXE for ' + cpu)
        return self._present('/usr/lib/ipxe/%s.efi' % name.replace('reveille', 'ipxe'))

    def efirom(self, model, _cpu='x64'):
        return self._present('/usr/lib/ipxe/qemu/efi-%s.rom' % self.roms.get(qemu.NICS[model][1], model))

    bothrom = efirom

    @staticmethod
    def _present(path):
        if not os.path.exists(path):
            raise Missing('%s: install the packages ipxe and ipxe-qemu' % path)
        return path


def rom_with_id(image, wanted):
    """A PCI option ROM with another vendor and device id, and its checksum right again."""
    image = bytearray(image)
    pcir, = struct.unpack_from('<H', image, 0x18)
    struct.pack_into('<HH', image, pcir + 4, int(wanted[:4], 16), int(wanted[4:], 16))
    length = image[2] * 512
    image[6] = (image[6] - sum(image[:length])) & 0xff
    return bytes(image)


def chosen(build):
    return Ipxe(build) if os.environ.get('LAB_FIRMWARE') == 'ipxe' else Reveille(build)
