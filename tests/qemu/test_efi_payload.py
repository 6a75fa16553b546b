# SPDX-License-Identifier: BSD-2-Clause
"""
What a UEFI program is given while it runs beside us, and what is left of it afterwards. efi/payload.c asks, and says
what came of it; the judge is here. Debian, unified kernels and other loaders: test_efi_load.py.
"""

import os
import re
import types
import zlib

import pytest

from lab import efi, media
from lab.qemu import Nic

pytestmark = pytest.mark.reveille
NOISE = media.noise(300001)
SMALL = media.noise(1234, seed=2)
# Status codes without the bit that makes them errors, UEFI appendix D.
UNSUPPORTED, TOO_SMALL, DEVICE_ERROR, PROTECTED, NOT_FOUND = 3, 5, 7, 8, 14
SIMPLE_FILE_SYSTEM, DEVICE_PATH, SIMPLE_NETWORK = '964e5b22-6459-11d2', '09576e91-6d3f-11d2', 'a19832b9-ac25-11d3'


def parse(text):
    """What the program said in one run: .files has path -> (size, CRC), .open name -> status; others by their word."""
    seen = types.SimpleNamespace(files={}, open={}, dirs=[], on=[], initrd=None, volume=None)
    for line in re.findall(r'^(?:OPTIONS|PATH|ON|INITRD|VOLUME|DIR|FILE|OPEN)\b.*$', text.replace('\r', ''), re.M):
        word, *rest = line.split(' ')
        if word == 'FILE':
            seen.files[rest[0]] = (int(rest[1]), int(rest[2], 16))
        elif word == 'OPEN':
            seen.open[rest[0]] = int(rest[1])
        elif word == 'DIR':
            seen.dirs.append(rest[0])
        elif word == 'ON':
            seen.on.append(rest[0])
        else:
            setattr(seen, word.lower(), rest)
    return seen


def content(path):
    with open(path, 'rb') as file:
        return file.read()


def file_of(data):
    return len(data), zlib.crc32(data)


def region(first, name, second):
    """An initrd, and on the page behind it a file in a cpio archive of its own: core/initrd.h, core/cpio.h."""
    head = media.cpio_header(name, 0o100644, len(second))
    start = (len(first) + 4095) // 4096 * 4096 + 4096
    whole = first + bytes(start - len(head) - len(first)) + head + second
    return whole + bytes(-len(whole) % 4) + media.cpio_header('TRAILER!!!', 0, 0)


@pytest.fixture
def program(artefact):
    """program('payload'): its path."""
    def find(name, cpu='x64'):
        return artefact('efi', cpu, name)
    return find


@pytest.fixture
def start(wire, net_of, uefi, artefact, program, out):
    """start(lines, files): a machine that runs them as a script, with the programs among its files."""
    def run(*lines, files=None, cpu='x64'):
        served = {'boot.ipxe': media.script(*lines), **(files or {})}
        for name in ('payload', 'payload-driver'):
            served[name + '.efi'] = content(program(name, cpu))
        _, run.tftp = net_of(served)
        disk = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable(cpu, artefact('efi', cpu)))
        nic = Nic('virtio', wire.port())
        wire.start()
        return uefi(cpu=cpu, nics=[nic], disk=disk)
    return run


def ran(machine, timeout=30):
    """Waits until the program has come to its end; what it said."""
    begin = machine.serial.pos
    machine.expect(r'(?m)^END', timeout)
    return parse(machine.serial.text()[begin:machine.serial.pos])


@pytest.mark.parametrize('cpu', ['x64', 'arm64'])
def test_what_it_is_given(cpu, start):
    """Files, folders and the initrd, which is fetched each time that it is asked for, and whole in every way."""
    machine = start('initrd first', 'initrd second /second', 'imgfetch --name loader/loader.conf second',
                    'imgfetch --name \\loader\\entries\\a.conf first',
                    'chain payload.efi && echo Back || echo Failed', cpu=cpu,
                    files={'first': NOISE, 'second': SMALL})
    seen = ran(machine, 120)
    whole = region(NOISE, 'second', SMALL)
    crc = '%08x' % zlib.crc32(whole)
    assert seen.options == ['0', '']
    assert seen.path == ['\\payload.efi']
    assert {SIMPLE_FILE_SYSTEM, DEVICE_PATH, SIMPLE_NETWORK} <= set(seen.on)
    assert seen.initrd == [str(n) for n in (TOO_SMALL, len(whole), TOO_SMALL, UNSUPPORTED)] + [crc, crc]
    assert seen.volume[0] == 'Reveille'
    assert seen.dirs == ['\\', '\\loader', '\\loader\\entries']
    for path, data in {'\\first': NOISE, '\\second': SMALL, '\\loader\\loader.conf': SMALL,
                       '\\loader\\entries\\a.conf': NOISE, 'initrd.magic': whole}.items():
        assert seen.files[path] == file_of(data), path
    assert seen.open == {'\\no\\such\\file': NOT_FOUND, 'write': PROTECTED, 'info': TOO_SMALL, 'put': PROTECTED}
    machine.expect(r'(?m)^Back')


def test_command_line_and_path(start):
    """All of it and nothing else, as UTF-16 with its NUL; none without arguments; a path that leads to the program."""
    text = 'payload.efi a=b\\c "d" \u00e9\u20ac\U0001f600'
    machine = start('kernel payload.efi %s' % text, 'boot', 'imgargs payload.efi', 'boot', 'imgfree payload.efi',
                    'chain --name /EFI\\x.efi payload.efi', 'echo Back')
    first, second = ran(machine, 60), ran(machine)
    wide = (text + '\0').encode('utf-16-le')
    assert first.options == [str(len(wide)), wide.hex()]
    assert second.options == ['0', '']
    assert first.initrd is None
    assert first.open['initrd.magic'] == NOT_FOUND
    third = ran(machine)
    assert third.path == ['\\EFI\\x.efi']
    assert '\\EFI\\x.efi' in third.files
    machine.expect(r'(?m)^Back')


def test_initrd_that_is_lost(start):
    """Gone from the server when it is asked for: an error for the program, which is not "there is none", and for us."""
    machine = start('initrd lost', 'prompt Now', 'chain payload.efi', 'echo Back', files={'lost': NOISE})
    machine.expect(r'(?m)^Now', 60)
    del start.tftp.files['lost']
    machine.serial.send('x')
    seen = ran(machine)
    assert seen.initrd[:2] == [str(TOO_SMALL), str(len(NOISE))]
    assert seen.initrd[4:] == ['%08x' % DEVICE_ERROR] * 2
    assert 'E4002' in machine.serial.text()
    machine.expect(r'(?m)^Back')


def test_kernel_whose_initrd_is_lost(start, kernel):
    """Linux gives up, and the script goes on."""
    machine = start('initrd lost', 'kernel vmlinuz console=ttyS0', 'prompt Now', 'boot || echo Back',
                    files={'lost': NOISE, 'vmlinuz': content(kernel['vmlinuz'])})
    machine.expect(r'(?m)^Now', 60)
    del start.tftp.files['lost']
    machine.serial.send('x')
    machine.expect('E4002')
    machine.expect(r'E7001\b(?s:.*?)Back')


def test_status_and_words(start):
    """The status is the command's; what Exit() says is shown without its control characters."""
    machine = start('chain payload.efi exit status=21 || echo Status-${errno}',
                    'chain payload.efi status=3 || echo Second', 'chain payload.efi && echo Third')
    machine.expect(r'payload\.efi: good\\x09bye', 60)
    machine.expect(r'E7001\b.*status 21\s+Status-7001')
    machine.expect(r'E7001\b.*status 3\s+Second')
    machine.expect(r'(?m)^Third')


def test_driver_stays(start):
    """One that fails is gone, one that succeeds is there for the next program."""
    machine = start('chain payload-driver.efi status=3 || echo Failed', 'chain payload.efi',
                    'chain payload-driver.efi && echo Stays', 'chain payload.efi', 'echo Back')
    machine.expect(r'(?ms)DRIVER STARTS.*?^Failed', 60)
    begin = machine.serial.pos
    machine.expect(r'DRIVER STARTS(?s:.*?)Stays')
    assert 'DRIVER THERE' not in machine.serial.text()[begin:machine.serial.pos]
    machine.expect('DRIVER THERE')
    machine.expect(r'(?m)^Back')


def test_what_it_leaves(start):
    """Open files and a running watchdog: the script goes on, and so does the network."""
    machine = start('initrd second', 'chain payload.efi leave watchdog', 'sleep 5', 'imgfree second', 'imgfetch first',
                    'sha256sum first', files={'first': NOISE, 'second': SMALL})
    ran(machine, 60)
    machine.expect(media.digest(NOISE), 30)


def test_ourselves(start, artefact):
    """Reveille as a payload of Reveille, over the link that it is offered; each one's initrd while it is its turn."""
    machine = start('iseq ${net0/chip} snp && goto inner ||', 'initrd first', 'chain reveille.efi && echo Outer',
                    'chain payload.efi', 'exit', ':inner', 'initrd second', 'chain payload.efi && echo Inner', 'exit',
                    files={'first': NOISE, 'second': SMALL, 'reveille.efi': content(artefact('efi'))})
    inner = ran(machine, 90)
    machine.expect(r'(?m)^Inner(?s:.*?)^Outer')
    outer = ran(machine)
    assert inner.initrd[4:] == ['%08x' % zlib.crc32(SMALL)] * 2
    assert outer.initrd[4:] == ['%08x' % zlib.crc32(NOISE)] * 2


def test_shim_decides(wire, net_of, uefi, artefact, program, kernel, cache, out):
    """
    Started by a shim, we start what shim trusts - Debian's kernel, by Debian's key - though the firmware knows only
    the test key; and nothing else.
    """
    shim = efi.signed(out, efi.unpacked(cache, *efi.SHIM), 'shim')
    ours = efi.signed(out, artefact('efi'), 'ours')
    files = {name: content(path) for name, path in (*kernel.items(), ('payload.efi', program('payload')))}
    net_of({'boot.ipxe': media.script('chain payload.efi || echo Refused', 'initrd initrd.img',
                                      'kernel vmlinuz console=ttyS0 quiet from=shim', 'boot'), **files})
    disk = efi.fat_disk(os.path.join(out, 'disk.img'), {
        'EFI/BOOT/BOOTX64.EFI': shim, 'EFI/BOOT/grubx64.efi': ours})
    nic = Nic('virtio', wire.port())
    wire.start()
    machine = uefi(nics=[nic], disk=disk, secure='snakeoil')
    machine.expect(r'E5016\b.*payload\.efi.*Secure Boot(?s:.*?)Refused', 120)
    machine.expect(r'cmdline: console=ttyS0 quiet from=shim\s', 120)


def test_for_another_cpu(start, program):
    """A program for arm64 on x86-64: it says so before anything else."""
    machine = start('chain other.efi || echo Refused', files={'other.efi': content(program('payload', 'arm64'))})
    machine.expect(r'E5003\b.*other\.efi: for arm64\s', 60)
    machine.expect('Refused')
