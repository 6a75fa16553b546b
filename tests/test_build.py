# SPDX-License-Identifier: BSD-2-Clause
"""
The build: the same bytes wherever it runs, a script inside when one is asked for, sound ROMs, and the ROM tool.
Times are printed and not judged: they are the computer's.
"""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import time

import pytest

import house

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
ROM_MAX = 64 << 10
IDS = ('1af41000', '1af41041', '8086100e')
FLAT = ['reveille.pxe', 'reveille.kpxe']
ARTEFACTS = ['bios/' + name for name in [name + '.rom' for name in IDS] + FLAT +
             ['reveille.lkrn', 'reveille.iso', 'reveille.usb']]
ARTEFACTS += ['%s/%s' % (cpu, name) for cpu in ('efi-x64', 'efi-arm64')
              for name in ['reveille.efi', 'snponly.efi'] + [name + '.efirom' for name in IDS]]
ARTEFACTS += ['rom/%s.rom' % name for name in IDS]
SCRIPT = '#!ipxe\necho "Quotes", \\backslashes\\ and ${settings}\nshell\n'


# Sources are fetched once, by the build that is tested.
FETCHED = {'BEARSSL': os.path.join(BUILD, 'cache', 'bearssl'), 'GNU_EFI': os.path.join(BUILD, 'cache', 'gnu-efi')}


def make(source, *args, expect=0):
    env = {name: value for name, value in os.environ.items()
           if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'EMBED', 'O', 'V', 'VERSION')}
    env.update(FETCHED)
    done = subprocess.run(['make', '-s', '-j2', 'NO_SETUP=1', *args], cwd=source, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, check=False)
    assert (done.returncode == 0) == (expect == 0), done.stdout[-4000:]
    return done.stdout


def romtool(*args, expect=0):
    done = subprocess.run(['/usr/bin/python3', os.path.join(ROOT, 'util', 'romtool'), *args], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == expect, done.stdout
    assert not expect or done.stdout.startswith('romtool: '), 'no traceback'
    return done.stdout


def load(*path):
    with open(os.path.join(*path), 'rb') as file:
        return file.read()


def digests(build):
    return {name: hashlib.sha256(load(build, name)).hexdigest() for name in ARTEFACTS}


def copy_tree(target, origin=ROOT):
    """The sources alone, as a clone would have them."""
    def ignore(_folder, names):
        return [name for name in names if name in house.SKIP - {'corpus'}]
    shutil.copytree(origin, target, ignore=ignore)
    return target


def files_below(folder):
    return {os.path.join(at, name) for at, _, names in os.walk(folder) for name in names}


def unpacked(build):
    """The image inside the payload, as the decompressor makes it. Header: util/romtool, pack."""
    payload = load(build, 'bios', 'rom.payload')
    head = payload[os.path.getsize(os.path.join(build, 'bios', 'stub.bin')):]
    size_packed, size, _memory, _entry, code, _base = struct.unpack_from('<6I', head)
    return subprocess.run([os.path.join(build, 'host', 'pack'), '-d', str(code), str(size)],
                          input=head[24:24 + size_packed], stdout=subprocess.PIPE, timeout=60, check=True).stdout


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """(source, build) folders of a build of our own, from clean."""
    source = copy_tree(str(tmp_path_factory.mktemp('a') / 'here'))
    build = os.path.join(source, 'build')
    start = time.monotonic()
    make(source, 'bios', 'efi')
    print('firmware from clean: %.1f s' % (time.monotonic() - start), file=sys.stderr)
    return source, build


def test_reproducible(built, tmp_path):
    """Other folders, out of tree, one job, another language and time zone: the same bytes."""
    origin, build = built
    source = copy_tree(str(tmp_path / 'a-folder-with-a-longer-name' / 'src'), origin)
    before = files_below(source)
    done = subprocess.run(['make', '-s', 'NO_SETUP=1', 'O=' + str(tmp_path / 'out'), 'bios', 'efi'], cwd=source,
                          env={**os.environ, 'LC_ALL': 'C', 'TZ': 'Pacific/Auckland', 'MAKEFLAGS': '', 'EMBED': '',
                               **FETCHED},
                          capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert digests(str(tmp_path / 'out')) == digests(build)
    assert files_below(source) == before, 'an out-of-tree build leaves the sources alone'


def test_nothing_to_do(built):
    """A second make does nothing, a changed header does something."""
    source, build = built
    assert make(source, 'bios', 'efi') == ''
    before = os.stat(os.path.join(build, 'bios', 'obj', 'core', 'cpio.o')).st_mtime_ns
    os.utime(os.path.join(source, 'core', 'cpio.h'))
    make(source, 'bios')
    assert os.stat(os.path.join(build, 'bios', 'obj', 'core', 'cpio.o')).st_mtime_ns > before


def test_sources_without_network(tmp_path):
    """What is there is not fetched; what cannot be had is named, with where it belongs, and leaves nothing."""
    tools, there, missing = tmp_path / 'bin', tmp_path / 'there', tmp_path / 'cache' / 'missing'
    for folder in (tools, there):
        folder.mkdir()
    (tools / 'apt-get').write_text('#!/bin/sh\necho no network\nexit 100\n', encoding='ascii')
    (tools / 'apt-get').chmod(0o755)
    env = {**os.environ, 'PATH': '%s:%s' % (tools, os.environ['PATH'])}
    for folder, status in ((there, 0), (missing, 1)):
        done = subprocess.run([os.path.join(ROOT, 'util', 'setup'), '--source', 'bearssl', str(folder)], env=env,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        assert done.returncode == status, done.stdout
    assert 'no network' in done.stdout and str(missing) in done.stdout
    assert os.listdir(tmp_path / 'cache') == []


def test_embedded_script(built):
    """EMBED= puts the script in, byte by byte; without it the image is as it was."""
    source, build = built
    before = digests(build)
    assert SCRIPT.encode() not in unpacked(build)
    path = os.path.join(source, 'my.ipxe')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(SCRIPT)
    make(source, 'bios', 'efi', 'EMBED=' + path)
    assert SCRIPT.encode() in unpacked(build)
    assert SCRIPT.encode() in load(build, 'efi-x64', 'reveille.efi')
    assert len(set(digests(build).values()) & set(before.values())) == 0
    make(source, 'bios', 'efi')
    assert digests(build) == before


@pytest.mark.parametrize('content', [None, 'echo no first line\n'])
def test_embed_refused(content, built):
    source, build = built
    before = digests(build)
    path = os.path.join(source, 'bad.ipxe')
    if content:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(content)
    assert 'bad.ipxe' in make(source, 'bios', 'efi', 'EMBED=' + path, expect=1)
    make(source, 'bios', 'efi')
    assert digests(build) == before


@pytest.mark.parametrize('name', IDS)
def test_rom(name):
    """Size, signature, checksum and identity, read here from the specification and not by the tool."""
    rom = load(BUILD, 'bios', name + '.rom')
    assert len(rom) <= ROM_MAX and len(rom) == rom[2] * 512 and len(rom) % 512 == 0
    assert rom[:2] == b'\x55\xaa' and sum(rom) & 0xff == 0
    pcir, = struct.unpack_from('<H', rom, 0x18)
    assert rom[pcir:pcir + 4] == b'PCIR' and pcir % 4 == 0
    vendor, device, _list, length, revision = struct.unpack_from('<HHHHB', rom, pcir + 4)
    assert '%04x%04x' % (vendor, device) == name and length >= 0x1c and revision == 3
    assert rom[pcir + 13:pcir + 16] == b'\x00\x00\x02'                # class: Ethernet
    assert struct.unpack_from('<H', rom, pcir + 16)[0] * 512 == len(rom)
    assert rom[pcir + 20] == 0 and rom[pcir + 21] & 0x80              # for PCs; the last image
    pnp, = struct.unpack_from('<H', rom, 0x1a)
    assert rom[pnp:pnp + 4] == b'$PnP' and sum(rom[pnp:pnp + rom[pnp + 5] * 16]) & 0xff == 0
    boot_entry, = struct.unpack_from('<H', rom, pnp + 0x1a)
    assert 0 < boot_entry < 4096                                      # inside of what stays resident
    romtool('verify', os.path.join(BUILD, 'bios', name + '.rom'))


def test_roms_differ_in_their_ids_alone():
    first = load(BUILD, 'bios', IDS[0] + '.rom')
    for name in IDS[1:]:
        other = load(BUILD, 'bios', name + '.rom')
        assert len(other) == len(first)
        assert sum(a != b for a, b in zip(first, other)) <= 10


def test_lkrn():
    """A Linux boot loader's idea of it: header, protocol, sizes."""
    image = load(BUILD, 'bios', 'reveille.lkrn')
    assert image[0x1fe:0x200] == b'\x55\xaa' and image[0x202:0x206] == b'HdrS'
    setup = (image[0x1f1] + 1) * 512
    assert len(image) - setup == struct.unpack_from('<I', image, 0x1f4)[0] * 16
    assert image[0x211] & 1                                           # loaded high


@pytest.mark.parametrize('name', FLAT)
def test_flat(name):
    """Fits below 128 KiB, and knows its own size: a boot sector has loaded only the beginning."""
    image = load(BUILD, 'bios', name)
    assert len(image) <= 100 << 10 and len(image) % 2048 == 0
    assert struct.unpack_from('<4sI', image, 64) == (b'RVLF', len(image))
    assert image[8:64] == bytes(56)  # for El Torito's boot information table; empty: not started from a CD


def partition(image):
    """(type, first sector, sectors) of the one active partition of a boot sector."""
    assert image[510:512] == b'\x55\xaa' and image[462:510] == bytes(48)
    active, head, first, cylinder, kind, end, start, sectors = struct.unpack_from('<4BB3sII', image, 446)
    assert active == 0x80
    assert (cylinder * 255 + head) * 63 + first - 1 == start and end == b'\xfe\xff\xff'
    return kind, start, sectors


def test_usb():
    disk, flat = load(BUILD, 'bios', 'reveille.usb'), load(BUILD, 'bios', 'reveille.pxe')
    _kind, start, sectors = partition(disk)
    assert disk[start * 512:(start + sectors) * 512] == flat


def test_iso():
    """By the way of a BIOS: boot record volume descriptor, catalog, image (El Torito 1.0, 2.0-2.2)."""
    disk, flat = load(BUILD, 'bios', 'reveille.iso'), load(BUILD, 'bios', 'reveille.pxe')
    assert partition(disk)[1:] == (0, len(disk) // 512)
    record = disk[17 * 2048:18 * 2048]
    assert record[:30] == b'\0CD001\1EL TORITO SPECIFICATION'
    catalog = disk[struct.unpack_from('<I', record, 0x47)[0] * 2048:][:64]
    assert sum(struct.unpack_from('<16H', catalog)) & 0xffff == 0
    bootable, media, _segment, _system, count, lba = struct.unpack_from('<BBHBxHI', catalog, 32)
    assert (bootable, media, count) == (0x88, 0, 4)
    image = disk[lba * 2048:][:len(flat)]
    assert struct.unpack_from('<III', image, 8) == (16, lba, len(flat))
    assert image[:8] + image[64:] == flat[:8] + flat[64:]


def test_change_id(tmp_path):
    source = os.path.join(BUILD, 'bios', IDS[0] + '.rom')
    target = str(tmp_path / 'x.rom')
    romtool('id', source, '80861533', '-o', target)
    romtool('verify', target)
    assert '8086:1533' in romtool('show', target)
    romtool('id', target, IDS[0])
    assert load(target) == load(source)


def test_change_id_refused(tmp_path):
    source = os.path.join(BUILD, 'bios', IDS[0] + '.rom')
    for wrong in ('8086', '8086153z', '808615330'):
        romtool('id', source, wrong, '-o', str(tmp_path / 'x.rom'), expect=1)
    assert not os.path.exists(tmp_path / 'x.rom')


@pytest.mark.parametrize('damage', ['flip', 'flip-and-checksum', 'truncate', 'empty', 'zeros'])
def test_damage_is_found(damage, tmp_path):
    rom = bytearray(load(BUILD, 'bios', IDS[0] + '.rom'))
    if damage.startswith('flip'):
        rom[len(rom) * 3 // 4] ^= 0x10
    if damage == 'flip-and-checksum':  # what the BIOS would not notice
        rom[6] = (rom[6] - sum(rom)) & 0xff
    if damage == 'truncate':
        rom = rom[:-512]
    if damage == 'empty':
        rom = b''
    if damage == 'zeros':
        rom = bytes(len(rom))
    path = tmp_path / 'x.rom'
    path.write_bytes(rom)
    romtool('verify', str(path), expect=1)


def test_sizes_are_printed():
    """What each part costs, from folders down to single files, with room left for what comes."""
    text = load(BUILD, 'bios', 'sizes.txt').decode()
    for word in ('core', 'net', 'drivers', 'arch/x86/bios', 'left', 'memory'):
        assert word in text
