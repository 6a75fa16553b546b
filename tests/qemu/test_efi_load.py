# SPDX-License-Identifier: BSD-2-Clause
"""
What UEFI builds load and how: programs, unified kernels, other boot loaders, what is refused; scripts and command lines
that start with us. From a FAT disk on x86-64, unless a test says otherwise.
"""

import os
import re
import time

import pytest

from lab import efi, media, net
from lab.qemu import Nic
from test_boot import digest, files_of
from test_efi import boot_file, comes_up

pytestmark = pytest.mark.reveille
QUIET = 'console=ttyS0 quiet'
BASE = 'tftp://%s/' % net.SERVER_IP
AUTOEXEC = 'EFI/BOOT/autoexec.ipxe'
SHELL = r'starting Boot\d+ "EFI Internal Shell"'


def line_of(report):
    return re.search(r'^cmdline: (.*?)\r?$', report, re.M).group(1)


@pytest.fixture
def start(lan, serve, uefi, artefact, out):
    """
    start(lines, files): a machine that boots us from its disk; its server has these files, and the lines as boot.ipxe.
    `disk` has more files for the disk, `program` another path than ours.
    """
    def run(lines, files=None, disk=None, program=None, options=(), bootindex=None, **parts):
        serve('dnsmasq', {**({'boot.ipxe': media.script(*lines)} if lines else {}), **(files or {})}, options=options)
        content = efi.removable('x64', program or artefact('efi'))
        image = efi.fat_disk(os.path.join(out, 'disk.img'), {**content, **(disk or {})})
        return uefi(nics=[Nic('virtio', lan.port(), bootindex=bootindex)], disk=image, **parts)
    return run


@pytest.fixture(scope='session')
def app(cache):
    """A program that prints its options and comes back, with an error when they begin with `fail`."""
    return media.assemble('app.asm', cache)


# -- programs --

def test_program_returns(start, app):
    """Its command line is exact, its status the command's, and the script and the links go on."""
    noise = media.noise(400000)
    machine = start(['chain app.efi && echo No-options', 'chain app.efi one two=3 && echo Success',
                     'chain app.efi fail or not || echo Failure', 'imgfetch noise && sha256sum noise'],
                    {'app.efi': app, 'noise': noise})
    machine.expect(r'APP-STARTED \[\]\s+No-options', 60)
    machine.expect(r'APP-STARTED \[one two=3\]\s+Success')
    machine.expect(r'APP-STARTED \[fail or not\](?s:.*?)Failure')
    machine.expect(digest(noise))


def test_exit(start, app):
    """Back in the boot manager, the firmware's own driver has the card again."""
    text = media.script('dhcp', 'echo Leaving', 'exit 1')
    machine = start(None, {'app.efi': app}, disk={AUTOEXEC: text}, bootindex=1,
                    options=boot_file('x64', 'pxe', 'app.efi'))
    machine.expect('Leaving', 60)
    machine.expect('Start PXE over IPv4', 20)
    machine.expect(r'APP-STARTED \[\]', 40)


def test_exit_status(start):
    """UEFI 3.1.1: after success the boot manager shows its menu; after an error it tries its next entry, see SHELL."""
    start(['exit 0']).expect(r'starting Boot\d+ "UiApp"', 60)


@pytest.mark.parametrize('way', ['embedded', 'script'])
def test_unified_kernel(way, start, kernel, cache, out):
    """Its own command line, unless ours has one; its own initrd."""
    stub = efi.unpacked(cache, *efi.STUB)
    image = efi.unified(out, stub, kernel['vmlinuz'], kernel['initrd.img'], QUIET + ' from=embedded')
    lines = ['chain unified.efi'] if way == 'embedded' else [
        'kernel unified.efi %s from=script' % QUIET, 'boot']
    assert line_of(comes_up(start(lines, {'unified.efi': image}))) == '%s from=%s' % (QUIET, way)


def test_initrds(start, kernel, web):
    """Out of memory and late ones, of known and of unknown size, wrapped or not: one initrd, in the script's order."""
    one, two, three = media.noise(70001, 1), media.noise(3, 2), media.noise(1 << 20, 3)
    site = web('nginx', {'one': one, 'two': two, 'three': three})
    report = comes_up(start(['kernel vmlinuz ' + QUIET, 'initrd initrd.img', 'initrd %s /one' % site.url('one'),
                           'initrd %s /etc/two mode=640' % site.url('chunked/two'),
                           'initrd %s three' % site.url('three'), 'boot'], kernel))
    assert files_of(report) == {'/one': ('644', len(one), digest(one)), '/etc/two': ('640', 3, digest(two)),
                                '/three': ('644', len(three), digest(three))}


def test_initrd_by_name(start, kernel):
    """A kernel that is told a name reads it from the file system that we offer."""
    report = comes_up(start(['imgfetch initrd.img', 'kernel vmlinuz %s initrd=initrd.img' % QUIET, 'boot'], kernel))
    assert line_of(report) == QUIET + ' initrd=initrd.img'


# -- other loaders --

GRUB = '''serial --unit=0 --speed=115200
linux /vmlinuz %s from=grub
initrd /initrd.img
boot
'''


@pytest.mark.parametrize('scheme', ['tftp', 'http'])
def test_shim_and_grub(scheme, start, web, kernel, cache):
    """Debian's shim, its GRUB by the PXE protocol that we offer, and Debian's kernel by GRUB's own network stack."""
    shim, grub = efi.unpacked(cache, *efi.SHIM), efi.unpacked(cache, *efi.GRUB)
    if scheme == 'http':
        web('nginx', {'shimx64.efi': shim, 'grubx64.efi': grub, 'grub/grub.cfg': GRUB % QUIET, **kernel})
    report = comes_up(start(['chain %s://%s/shimx64.efi' % (scheme, net.SERVER_IP)], {
        'shimx64.efi': shim, 'grubx64.efi': grub, 'grub/grub.cfg': GRUB % QUIET, **kernel}))
    assert line_of(report) == 'BOOT_IMAGE=/vmlinuz %s from=grub' % QUIET


def test_systemd_boot(start, kernel, cache):
    """Its configuration, kernel and initrd are files of the file system that we offer."""
    program = efi.unpacked(cache, *efi.SYSTEMD_BOOT)
    files = {'systemd-bootx64.efi': program, 'loader.conf': 'timeout 0\n', 'debian.conf': (
        'title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions %s from=systemd-boot\n' % QUIET), **kernel}
    report = comes_up(start(['imgfetch --name loader/loader.conf loader.conf',
                           'imgfetch --name loader/entries/debian.conf debian.conf',
                           'imgfetch vmlinuz', 'imgfetch initrd.img', 'chain systemd-bootx64.efi'], files))
    assert QUIET + ' from=systemd-boot' in line_of(report)


# -- what starts with us --

def test_autoexec(start):
    """Beside our file on the disk, before any network."""
    machine = start(None, disk={AUTOEXEC: media.script('echo From-the-disk ${platform} ${buildarch}')})
    machine.expect('From-the-disk efi x86_64', 60)


@pytest.mark.parametrize('script, word', [(b'', 'No-script-on-disk'), (b'#!ipxe\n' + b'#' * (1 << 20), 'E6006')],
                         ids=['empty', 'too-long'])
def test_no_autoexec(script, word, start):
    """An empty one is none; one that is too long is told of, and the start goes on without."""
    machine = start(['echo No-script-on-disk'], disk={AUTOEXEC: script})
    machine.expect(word, 60)
    machine.serial.pos = 0
    machine.expect('No-script-on-disk', 30)


def test_shell_command_line(start, artefact):
    """The shell's load options begin with the program's name."""
    lines = 'fs0:', 'reveille.efi echo From-the-shell && exit', 'echo Back-%lasterror%', ''
    machine = start(None, disk={'startup.nsh': '\r\n'.join(lines), 'reveille.efi': artefact('efi'),
                                AUTOEXEC: media.script('exit 1')})
    machine.expect(SHELL, 60)
    machine.expect(r'(?m)^From-the-shell', 30)
    machine.expect('Back-0x0')


def test_boot_entry_options(start, artefact):
    """The boot manager's do not."""
    lines = 'bcfg boot add 0 fs0:\\reveille.efi Reveille', 'bcfg boot -opt 0x0 fs0:\\options', 'reset', ''
    machine = start(None, disk={'startup.nsh': '\r\n'.join(lines), 'reveille.efi': artefact('efi'),
                                'options': 'echo From-the-entry && exit\0'.encode('utf-16-le'),
                                AUTOEXEC: media.script('exit 1')}, reboot=True)
    machine.expect(SHELL, 60)
    machine.expect(r'starting Boot\d+ "Reveille"', 60)
    machine.expect(r'(?m)^From-the-entry', 30)


def test_keyboard_and_serial(start, fw):
    """Ctrl-B on the keyboard and on the serial line, and each line is printed once."""
    machine = start(['echo Asleep', 'sleep 600'])
    machine.expect('Asleep', 60)
    machine.keys('ctrl-b')
    machine.expect(fw.prompt, 20)
    machine.keyboard('echo one\n')
    machine.expect(r'\none\b', 20)
    machine.expect(fw.prompt, 20)
    machine.serial.type('echo two\r')
    machine.expect(r'\ntwo\b', 20)
    machine.expect(fw.prompt, 20)
    machine.serial.send('\x04')
    time.sleep(1)
    machine.serial.send(fw.hotkey)
    machine.expect(fw.prompt, 20)
    assert len(re.findall('network boot', machine.serial.text())) == 1


def test_watchdog(start):
    """The firmware's would end us after five minutes. The machine's clock jumps over what nobody does."""
    machine = start(['echo Sleeping', 'sleep 400', 'echo Awake'], extra=['-icount', 'shift=auto,sleep=off'])
    machine.expect('Sleeping', 90)
    machine.expect('Awake', 120)


# -- Secure Boot --

@pytest.mark.parametrize('trust', ['snakeoil', 'ms'])
def test_untrusted_is_refused(trust, start, artefact, out):
    """Not signed, or by a key that the machine does not know."""
    program = efi.signed(out, artefact('efi'), 'reveille.signed') if trust == 'ms' else None
    machine = start(['echo Started'], secure=trust, program=program)
    machine.expect(r'failed to load Boot\d+ .*(?:Access Denied|Security Violation)', 90)
    assert 'Reveille' not in machine.serial.text()


def test_secure_boot(start, artefact, kernel, out):
    """Signed, we run. A kernel that is not signed is refused and named, a signed one starts."""
    machine = start(['kernel vmlinuz %s from=unsigned' % QUIET, 'boot || echo Refused', 'imgfree',
                     'kernel signed %s from=signed' % QUIET, 'initrd initrd.img', 'boot'],
                    {'signed': efi.signed(out, kernel['vmlinuz'], 'vmlinuz.signed'), **kernel},
                    program=efi.signed(out, artefact('efi'), 'reveille.signed'), secure='snakeoil')
    machine.expect(r'E5016\b.*vmlinuz.*Secure Boot', 120)
    machine.expect('Refused')
    assert line_of(comes_up(machine)) == QUIET + ' from=signed'


# -- memory --

def cpio_holes(path, size):
    """
    A sparse cpio archive of that size: entries of no file type, which a kernel skips without a look, and at its very
    end a file, whose content is returned.
    """
    header = media.cpio_header
    last = b'the very end\n'
    tail = header('end', 0o100644, len(last)) + last + bytes(-len(last) % 4) + header('TRAILER!!!', 0, 0)
    with open(path, 'wb') as file:
        while (left := size - len(tail) - file.tell()) >= 256:
            length = min(left - len(header('hole', 0, 0)), 1 << 30) & ~3
            file.write(header('hole', 0, length))
            file.seek(length, os.SEEK_CUR)
        file.write(tail)
    return last


@pytest.fixture
def peak_memory(lan, serve, web, uefi, artefact, kernel, out, record_property):
    """peak_memory(sizes, memory): see boot_large(). A factor of the initrd's size, which is also printed."""
    def run(sizes, memory):
        grown = boot_large(lan, serve, web, uefi, artefact, kernel, out, sizes, memory)
        factor = grown / (sizes[1] - sizes[0])
        record_property('peak memory', '%.3f of an initrd of %d MiB' % (factor, sizes[1] - sizes[0] >> 20))
        return factor
    return run


def boot_large(lan, serve, web, uefi, artefact, kernel, out, sizes, memory):
    """
    Boots with initrds of these two sizes; returns the memory that QEMU's process had at most for the second, less what
    it had for the first: what does not grow with the initrd is not counted. Linux uses some 25 MiB of the larger one's
    memory a second time, once it is read.
    """
    names, last, peaks = ['52:54:00:12:34:%02x' % i for i in range(2)], b'', []
    for name, size in zip(names, sizes):
        last = cpio_holes(os.path.join(out, name), size)
    site = web('nginx', {name: os.path.join(out, name) for name in names})
    serve('dnsmasq', {'boot.ipxe': media.script(
        'kernel vmlinuz ' + QUIET, 'initrd initrd.img', 'initrd %s${net0/mac}' % site.url(''), 'boot'), **kernel})
    disk = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable('x64', artefact('efi')))
    for name in names:
        machine = uefi(nics=[Nic('virtio', lan.port(), mac=name)], disk=disk, memory=memory, snaplen=64,
                       extra=['-no-shutdown'])
        machine.expect('REVEILLE-BOOTED', 280)
        begin = machine.serial.pos
        machine.expect('REVEILLE-END')
        assert files_of(machine.serial.text()[begin:]) == {'/end': ('644', len(last), digest(last))}
        peaks.append(machine.memory_peak())
        machine.stop()
    return peaks[1] - peaks[0]


def test_large_initrd(peak_memory):
    """It is fetched into the kernel's own memory, and is nowhere a second time. 4 GiB: sweep_efi.py."""
    assert 0.9 < peak_memory((16 << 20, 528 << 20), 1536) < 1.1
