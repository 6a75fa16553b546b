# SPDX-License-Identifier: BSD-2-Clause
"""
Machines with UEFI: OVMF on x86-64, AAVMF on arm64, as Debian packages them; disks and programs for them.

Firmware settings are those of the packages on every start: what a machine writes into them is lost with it. It asks by
IPv4 alone, and by PXE or HTTP Boot alone where a test says so (OVMF's fw_cfg switches); otherwise each way that
nobody answers costs a minute.

Not done here: the screen as text. It is drawn in pixels; machines write to the serial line as well.
"""

import os
import re
import shutil
import subprocess
from collections import namedtuple

from . import Missing, qemu

# Debian's test key: "snakeoil" variables have nothing else in db.
KEY, CERT, PASSPHRASE = '/usr/share/ovmf/PkKek-1-snakeoil.key', '/usr/share/ovmf/PkKek-1-snakeoil.pem', 'snakeoil'
# Programs of others: the package, unpacked by tests/qemu/run, and the path in it.
STUB = 'systemd-boot-efi', 'usr/lib/systemd/boot/efi/linuxx64.efi.stub'
SYSTEMD_BOOT = 'systemd-boot-efi', 'usr/lib/systemd/boot/efi/systemd-bootx64.efi'
SHIM = 'shim-signed', 'usr/lib/shim/shimx64.efi.signed'
GRUB = 'grub-efi-amd64-signed', 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'

Cpu = namedtuple('Cpu', 'program machine code vars removable console pxe_arch http_arch')
CPUS = {
    'x64': Cpu(qemu.QEMU, ['-machine', 'q35', '-vga', 'std'],
               '/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd', 'BOOTX64.EFI', 'ttyS0', 7, 16),
    'arm64': Cpu('qemu-system-aarch64', ['-machine', 'virt', '-cpu', 'cortex-a57'],
                 '/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd', 'BOOTAA64.EFI', 'ttyAMA0', 11, 19),
}
# Which keys a machine with Secure Boot trusts: Debian's test key, or Microsoft's, as computers that one can buy.
TRUST = {'snakeoil': '/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd', 'ms': '/usr/share/OVMF/OVMF_VARS_4M.ms.fd'}
SECURE_CODE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd'


def present(path):
    if not os.path.exists(path):
        raise Missing('%s: see util/packages, group check' % path)
    return path


def unpacked(cache, package, path):
    """A file of such a package, the system's where that could not be had."""
    for root in (os.path.join(cache, package), '/'):
        if os.path.exists(os.path.join(root, path)):
            return os.path.join(root, path)
    raise Missing('%s: neither unpacked by tests/qemu/run nor installed' % package)


class Machine(qemu.Machine):
    """
    qemu.Machine with UEFI. `disk` is the path of a FAT image and the first to boot. `secure` is a key of TRUST (x64);
    `ask` is 'pxe' or 'http': how the firmware itself boots from the network. `reboot`: it may start again.
    """

    def __init__(self, out, cpu='x64', secure=None, ask='pxe', reboot=False, **parts):
        super().__init__(out, boot_log=False, **parts)
        self.cpu = CPUS[cpu]
        self.program = self.cpu.program
        self.code, self.settings = self.cpu.code, self.cpu.vars
        self.secure = secure
        if secure:
            self.code, self.settings = SECURE_CODE, TRUST[secure]
        present(self.code)
        present(self.settings)
        self.ask = ask
        self.reboot = reboot

    def _chipset(self):
        cpu = self.cpu
        args = ['-nodefaults', '-no-user-config', *cpu.machine, '-accel', self._accelerator(),
                '-m', str(self.memory), '-display', 'none'] + ([] if self.reboot else ['-no-reboot'])
        if self.secure:
            args += ['-machine', 'smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on']
        args += ['-drive', 'if=pflash,format=raw,readonly=on,file=' + self.code,
                 '-drive', 'if=pflash,format=raw,snapshot=on,file=' + self.settings]
        for name, on in (('IPv4PXESupport', self.ask == 'pxe'), ('IPv6PXESupport', False)):
            args += ['-fw_cfg', 'name=opt/org.tianocore/%s,string=%s' % (name, 'ny'[on])]
        return args

    def _accelerator(self):
        return qemu.accelerator() if self.cpu is CPUS['x64'] else 'tcg'

    def _media(self):
        if not self.disk:
            return []
        return ['-drive', 'file=%s,format=raw,if=none,id=disk,snapshot=on' % self.disk,
                '-device', 'virtio-blk-pci,drive=disk,bootindex=0']

    def screen_text(self):
        return self.serial.tail()

    def memory_peak(self):
        """The most memory that QEMU's process ever had, in bytes: its own, and what was touched of the guest's."""
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as file:
            return int(re.search(r'^VmHWM:\s*(\d+) kB', file.read(), re.M).group(1)) << 10


def tool(*args, **options):
    """A host tool that must succeed."""
    if not shutil.which(args[0]):
        raise Missing('%s is not installed: see util/packages, group check' % args[0])
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, check=False, **options)
    if done.returncode:
        raise qemu.LabError('%s: %s' % (' '.join(args), done.stderr.strip()))
    return done.stdout


def fat_disk(path, files):
    """A FAT file system without partitions. `files` as media.offer() has them; returns the path."""
    data = sum(os.path.getsize(v) if isinstance(v, str) and v.startswith('/') else len(v) for v in files.values())
    with open(path, 'wb') as file:
        file.truncate(max(64 << 20, data + (16 << 20)))
    tool('mformat', '-i', path, '-v', 'LAB', '::')
    made = set()
    for name, value in files.items():
        for at in [i for i, char in enumerate(name) if char == '/']:
            if name[:at] not in made:
                tool('mmd', '-i', path, '::' + name[:at])
                made.add(name[:at])
        if isinstance(value, str) and value.startswith('/'):
            source = value
        else:
            source = path + '.part'
            with open(source, 'wb') as file:
                file.write(value.encode() if isinstance(value, str) else value)
        tool('mcopy', '-i', path, source, '::' + name)
    return path


def removable(cpu, program):
    """The files of a disk that a machine of that CPU boots by itself."""
    return {'EFI/BOOT/' + CPUS[cpu].removable: program}


def signed(out, program, name):
    """The path of a program signed with the test key."""
    path = os.path.join(out, name)
    key = os.path.join(out, 'test.key')
    tool('openssl', 'rsa', '-in', present(KEY), '-passin', 'pass:' + PASSPHRASE, '-out', key)
    tool('sbsign', '--key', key, '--cert', present(CERT), '--output', path, program)
    return path


def unified(out, stub, kernel, initrd, cmdline):
    """A unified kernel image as systemd-stub(7) describes it: the path."""
    text = os.path.join(out, 'cmdline')
    with open(text, 'w', encoding='ascii') as file:
        file.write(cmdline)
    path = os.path.join(out, 'unified.efi')
    args = ['objcopy']
    for section, source, address in (('.cmdline', text, 0x30000), ('.linux', kernel, 0x2000000),
                                     ('.initrd', initrd, 0x5000000)):
        args += ['--add-section', '%s=%s' % (section, source), '--change-section-vma', '%s=%#x' % (section, address)]
    tool(*args, stub, path)
    return path
