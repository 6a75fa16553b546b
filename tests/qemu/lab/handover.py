# SPDX-License-Identifier: BSD-2-Clause
"""
What a loader handed to the kernel, read from the memory of a machine that stands in probe.asm. Offsets are
those of the Linux x86 boot protocol (Documentation/arch/x86/boot.rst, zero-page.rst).
"""

import struct
from collections import namedtuple

Range = namedtuple('Range', 'start end type')
USABLE = 1


class Handover:
    def __init__(self, machine, timeout=60):
        match = machine.expect(r'PROBE entry=(16|32) base=([0-9A-F]{8})(?: regs=([0-9A-F]{8}))?\n', timeout,
                               'the probe kernel did not start')
        self.machine = machine
        self.entry = int(match.group(1))
        self.base = int(match.group(2), 16)
        self.zero_registers = int(match.group(3) or '0', 16)
        self.params = machine.memory_read(self.base, 4096)

    def field(self, offset, form):
        return struct.unpack_from('<' + form, self.params, offset)[0]

    @property
    def cmdline(self):
        address = self.field(0x228, 'I')
        return self.machine.memory_read(address, 4096).split(b'\0')[0].decode('latin-1')

    @property
    def kernel_address(self):
        return self.field(0x214, 'I')

    @property
    def initrd_address(self):
        return self.field(0x218, 'I') | self.field(0xc0, 'I') << 32 * (self.entry == 32)

    @property
    def initrd(self):
        size = self.field(0x21c, 'I')
        return self.machine.memory_read(self.initrd_address, size) if size else b''

    @property
    def loader(self):
        return self.field(0x210, 'B')

    @property
    def e820(self):
        rows = [struct.unpack_from('<QQI', self.params, 0x2d0 + 20 * i) for i in range(self.field(0x1e8, 'B'))]
        return [Range(start, start + size, kind) for start, size, kind in rows]


def cpio_files(archive):
    """Name -> (mode, bytes) of a newc archive or several in a row; the kernel's initramfs-format.rst."""
    files, at = {}, 0
    while at + 110 <= len(archive):
        if archive[at] == 0:
            at += 4
            continue
        assert archive[at:at + 6] == b'070701', 'no cpio header at %#x: %r' % (at, archive[at:at + 16])
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110:at + 110 + name_size - 1].decode()
        data = at + (110 + name_size + 3 & ~3)
        if name != 'TRAILER!!!':
            files[name] = (mode, archive[data:data + size])
        at = data + (size + 3 & ~3)
    return files
