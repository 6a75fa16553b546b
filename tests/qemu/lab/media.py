# SPDX-License-Identifier: BSD-2-Clause
"""
The files that machines boot: probe kernels of any size, disks, ISO images with GRUB and ISOLINUX, and the
directory a TFTP server offers. What takes time is made once and kept in the build directory.
"""

import hashlib
import os
import random
import shutil
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ISOLINUX = '/usr/lib/ISOLINUX/isolinux.bin'
LDLINUX = '/usr/lib/syslinux/modules/bios/ldlinux.c32'


def assemble(source, cache):
    """The bytes of an assembled .asm file of this directory."""
    target = os.path.join(cache, source + '.bin')
    temp = '%s.%d' % (target, os.getpid())
    subprocess.run(['nasm', '-f', 'bin', '-o', temp, os.path.join(HERE, source)], check=True, timeout=60)
    os.rename(temp, target)
    with open(target, 'rb') as file:
        return file.read()


def probe_kernel(cache, size=2048):
    """probe.asm as a bzImage of `size` bytes (a multiple of 16); what is added is seeded noise."""
    image = bytearray(assemble('probe.asm', cache))
    image += random.Random(size).randbytes(size - len(image))
    struct.pack_into('<I', image, 0x1f4, (len(image) - 1024) // 16)
    return bytes(image)


def squeezed(cache, program, kib=0, hide=0):
    """
    A network boot program that finds no more than `kib` KiB of base memory, or a ROM with PXENV+ alone: with hide 2 as
    before PXE 2.1, and to be asked for by int 1Ah.
    """
    head = bytearray(assemble('squeeze.asm', cache))
    program += bytes(-len(program) % 512)
    struct.pack_into('<HHH', head, 2, kib, len(program) // 512, hide)
    return bytes(head) + program


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def disk_image(cache, source='disk.asm'):
    """Path of a disk of 1 MiB with that source as its boot sector."""
    path = os.path.join(cache, source.replace('.asm', '.img'))
    sector = assemble(source, cache)
    temp = '%s.%d' % (path, os.getpid())
    with open(temp, 'wb') as file:
        file.write(sector.ljust(1 << 20, b'\0'))
    os.rename(temp, path)
    return path


def cpio_header(name, mode, size, number=0):
    """What stands in front of a file in a newc archive (the kernel's initramfs-format.rst), padded."""
    fields = [number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1, 0]
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
    return head + bytes(-len(head) % 4)


def offer(directory, files):
    """
    Fills a directory for a TFTP server. Values are bytes, text, or the path of a file (os.PathLike or a
    string that begins with /), which is linked where possible.
    """
    os.makedirs(directory, exist_ok=True)
    for name, value in files.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(value, os.PathLike) or (isinstance(value, str) and value.startswith('/')):
            try:
                os.link(os.path.realpath(value), path)
            except OSError:
                shutil.copyfile(value, path)
        else:
            with open(path, 'wb') as file:
                file.write(value.encode() if isinstance(value, str) else value)
        os.chmod(path, 0o644)
    return str(directory)


def script(*lines):
    return '#!ipxe\n' + '\n'.join(lines) + '\n'


def iso_grub(out, lkrn, config, files=None):
    """A CD with GRUB: grub.cfg is `config`, the firmware is /reveille.lkrn, `files` lie beside it."""
    tree = os.path.join(out, 'iso')
    offer(tree, {'boot/grub/grub.cfg': config, 'reveille.lkrn': lkrn, **(files or {})})
    target = os.path.join(out, 'grub.iso')
    subprocess.run(['grub-mkrescue', '--directory=/usr/lib/grub/i386-pc', '--install-modules='
                    'linux linux16 serial terminal normal iso9660 biosdisk configfile echo',
                    '--locales=', '--themes=', '--fonts=', '-o', target, tree],
                   check=True, capture_output=True, timeout=120)
    return target


def iso_isolinux(out, lkrn, config, files=None):
    """A CD with ISOLINUX, likewise."""
    tree = os.path.join(out, 'iso')
    offer(tree, {'isolinux.cfg': config, 'reveille.lkrn': lkrn, 'isolinux.bin': ISOLINUX,
                 'ldlinux.c32': LDLINUX, **(files or {})})
    # The loader is written into by xorriso: it must not be a link to the system's file.
    os.unlink(os.path.join(tree, 'isolinux.bin'))
    shutil.copyfile(ISOLINUX, os.path.join(tree, 'isolinux.bin'))
    target = os.path.join(out, 'isolinux.iso')
    subprocess.run(['xorriso', '-as', 'mkisofs', '-quiet', '-J', '-R', '-b', 'isolinux.bin', '-c', 'boot.cat',
                    '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '-o', target, tree],
                   check=True, capture_output=True, timeout=120)
    return target
