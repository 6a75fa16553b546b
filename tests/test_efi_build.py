# SPDX-License-Identifier: BSD-2-Clause
"""
The UEFI programs and option ROMs as files, read by python3-pefile and from the specifications, not by our own tools: what
firmware needs to load, move, protect and verify them. That they are the same bytes everywhere is in test_build.py.
"""

import os
import re
import shutil
import struct
import subprocess

import pefile
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
CPUS = {'efi-x64': (0x8664, ''), 'efi-arm64': (0xaa64, 'aarch64-linux-gnu-')}
# Name of the program: (subsystem, object in front of the archive, entry).
PROGRAMS = {'reveille': (10, None, 'efi_main'), 'snponly': (10, 'snponly', 'efi_main')}
ALL = [(cpu, name) for cpu in CPUS for name in PROGRAMS]
PAGE = 4096
EXECUTE, READ, WRITE = 0x20000000, 0x40000000, 0x80000000
BASE_OTHER = 0x51237000


def path_of(cpu, name, kind='.efi'):
    return os.path.join(BUILD, cpu, name + kind)


def run(*args, expect=0):
    done = subprocess.run(args, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert (done.returncode == 0) == (expect == 0), '%s\n%s' % (' '.join(args), done.stdout)
    return done.stdout


def efitool(*args, expect=0):
    said = run('/usr/bin/python3', os.path.join(ROOT, 'util', 'efitool'), *args, expect=expect)
    assert not expect or said.startswith('efitool: '), said
    return said


def names(pe):
    return [section.Name.rstrip(b'\0').decode() for section in pe.sections]


def section(pe, name):
    return pe.sections[names(pe).index(name)]


def content(pe, name):
    return section(pe, name).get_data()[:section(pe, name).Misc_VirtualSize]


@pytest.mark.parametrize('cpu,name', ALL)
def test_headers(cpu, name):
    path = path_of(cpu, name)
    pe = pefile.PE(path)
    assert not pe.get_warnings() and not pe.is_dll()
    file, optional = pe.FILE_HEADER, pe.OPTIONAL_HEADER
    assert (file.Machine, optional.Magic, optional.Subsystem) == (CPUS[cpu][0], 0x20b, PROGRAMS[name][0])
    assert file.TimeDateStamp == 0 and file.PointerToSymbolTable == 0
    assert file.IMAGE_FILE_EXECUTABLE_IMAGE and not file.IMAGE_FILE_RELOCS_STRIPPED
    assert optional.IMAGE_DLLCHARACTERISTICS_NX_COMPAT and optional.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
    assert optional.ImageBase == 0 and optional.SectionAlignment == PAGE and optional.FileAlignment == 512
    last = pe.sections[-1]
    assert optional.SizeOfImage == -(-(last.VirtualAddress + last.Misc_VirtualSize) // PAGE) * PAGE
    assert pe.verify_checksum()
    text = section(pe, '.text')
    assert 0 <= optional.AddressOfEntryPoint - text.VirtualAddress < text.Misc_VirtualSize
    # Where a signature would be appended; whatever else lies there is not hashed by all.
    assert os.path.getsize(path) == max(s.PointerToRawData + s.SizeOfRawData for s in pe.sections)
    assert optional.DATA_DIRECTORY[4].Size == 0


@pytest.mark.parametrize('cpu,name', ALL)
def test_sections(cpu, name):
    """On pages of their own, in order, none both writable and executable; zeros take no room in the file."""
    pe = pefile.PE(path_of(cpu, name))
    rights = {'.text': EXECUTE | READ, '.rodata': READ, '.data': READ | WRITE, '.bss': READ | WRITE, '.sbat': READ,
              '.reloc': READ}
    assert set(names(pe)) >= {'.text', '.rodata', '.sbat', '.reloc'} and len(set(names(pe))) == len(pe.sections)
    end, raw = PAGE, pe.OPTIONAL_HEADER.SizeOfHeaders
    for s, title in zip(pe.sections, names(pe)):
        assert s.Characteristics & (READ | WRITE | EXECUTE) == rights[title], title
        assert s.VirtualAddress % PAGE == 0 and s.VirtualAddress >= end, title
        end = s.VirtualAddress + s.Misc_VirtualSize
        if title == '.bss':
            assert s.SizeOfRawData == 0
            continue
        assert s.PointerToRawData >= raw and s.SizeOfRawData >= s.Misc_VirtualSize > 0, title
        raw = s.PointerToRawData + s.SizeOfRawData


def relocations(pe):
    """Addresses of the words to be moved."""
    entries = [entry for block in pe.DIRECTORY_ENTRY_BASERELOC for entry in block.entries if entry.type != 0]
    assert {entry.type for entry in entries} == {10}, 'only words of 64 bits'
    return [entry.rva for entry in entries]


@pytest.mark.parametrize('cpu,name', ALL)
def test_relocations(cpu, name):
    """Each in a section that is there, in order, once; and the word points into the image."""
    pe = pefile.PE(path_of(cpu, name))
    where = relocations(pe)
    assert len(where) > 100 and where == sorted(set(where))
    spans = [(s.VirtualAddress, s.VirtualAddress + s.Misc_VirtualSize) for s in pe.sections]
    for rva in where:
        assert any(start <= rva and rva + 8 <= end for start, end in spans), hex(rva)
        target = pe.get_qword_at_rva(rva)
        assert any(start <= target <= end for start, end in spans), '%x at %x' % (target, rva)


def moved(pe, where, delta):
    """What memory holds when a loader has put the program there: all but .reloc itself."""
    image = bytearray(pe.get_memory_mapped_image())
    for rva in where:
        word, = struct.unpack_from('<Q', image, rva)
        struct.pack_into('<Q', image, rva, word + delta)
    return image[:section(pe, '.reloc').VirtualAddress]


def linked(cpu, name, folder, base):
    """The same program linked for another base, as memory holds it from its first section."""
    _subsystem, front, entry = PROGRAMS[name]
    elf, flat = os.path.join(folder, 'x.elf'), os.path.join(folder, 'x.bin')
    objects = [os.path.join(BUILD, cpu, 'obj/config', front + '.o')] if front else []
    run(CPUS[cpu][1] + 'ld', '-z', 'noexecstack', '--no-warn-rwx-segments', '--emit-relocs', '--gc-sections', '-T',
        os.path.join(ROOT, 'arch/efi/reveille.lds'), '-Ttext=0x%x' % (base + PAGE), '-e', entry, '-o', elf, *objects,
        os.path.join(BUILD, cpu, 'libreveille.a'))
    run(CPUS[cpu][1] + 'objcopy', '-O', 'binary', '-R', '.reloc', elf, flat)
    with open(flat, 'rb') as file:
        return file.read()


@pytest.mark.parametrize('cpu,name', ALL)
def test_moved_is_linked_there(cpu, name, tmp_path):
    """A loader that puts it elsewhere makes the very bytes that the linker would have made for there."""
    pe = pefile.PE(path_of(cpu, name))
    where = relocations(pe)
    other = linked(cpu, name, str(tmp_path), BASE_OTHER)
    image = moved(pe, where, BASE_OTHER)[PAGE:]
    assert len(other) >= sum(len(content(pe, s)) for s in ('.text', '.rodata', '.sbat'))
    assert image[:len(other)] == other and not any(image[len(other):])
    assert moved(pe, where[1:], BASE_OTHER)[PAGE:] != image, 'one more or less would be seen'


@pytest.mark.parametrize('cpu,name', ALL)
def test_sbat(cpu, name):
    """shim, SBAT.md: lines of at least six fields; the first is the format's, each generation a number above 0."""
    text = content(pefile.PE(path_of(cpu, name)), '.sbat').decode('ascii')
    assert text.endswith('\n')
    lines = [line.split(',') for line in text.splitlines()]
    assert all(len(line) == 6 and int(line[1]) > 0 and all(line) for line in lines)
    with open(os.path.join(ROOT, 'Makefile'), encoding='utf-8') as file:
        version = re.search(r'^VERSION := (\S+)$', file.read(), re.M)[1]
    assert lines[0][:2] == ['sbat', '1'] and lines[1][0] == 'reveille' and lines[1][4] == version


@pytest.fixture(scope='module')
def signer(tmp_path_factory):
    """(key, certificate) for this test alone."""
    if not shutil.which('sbsign'):
        pytest.skip('sbsigntool is not installed')
    folder = tmp_path_factory.mktemp('key')
    key, certificate = str(folder / 'key.pem'), str(folder / 'certificate.pem')
    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '2', '-keyout', key,
        '-out', certificate)
    return key, certificate


@pytest.mark.parametrize('cpu,name', ALL)
def test_signed(cpu, name, signer, tmp_path):
    """sbsign has nothing to complain about, and sbverify believes it until a byte is changed."""
    target = tmp_path / 'signed.efi'
    said = run('sbsign', '--key', signer[0], '--cert', signer[1], '--output', str(target), path_of(cpu, name))
    assert 'warning' not in said.lower()
    run('sbverify', '--cert', signer[1], str(target))
    data = bytearray(target.read_bytes())
    data[pefile.PE(path_of(cpu, name)).sections[0].PointerToRawData + 100] ^= 1
    target.write_bytes(data)
    run('sbverify', '--cert', signer[1], str(target), expect=1)


# -- what efitool refuses -------------------------------------------------------------------------------------
SOURCES = {
    'an address in 32 bits': ('x64', 'static int x; unsigned __attribute__((aligned(8))) f(void);'
                              '__asm__(".data; .long f"); unsigned f(void) { return x; }'),
    'a table nobody fills': ('x64', 'extern int x __attribute__((weak)); int f(void); int f(void) { return x; }'),
    'nothing at all': ('x64', 'extern int g __attribute__((weak)); int *p = &g; int f(void); int f(void) { return *p; }'),
    'an absolute symbol': ('x64', 'extern int number; int *p = &number; int f(void); int f(void) { return *p; }'),
    'a word of arm64 in 32 bits': ('arm64', 'int f(void); __asm__(".data; .word f"); int f(void) { return 1; }'),
}
GOOD = 'int x; int *p = &x; int f(void); int f(void) { return *p; }'


def link_one(cpu, source, folder):
    """The ELF file of that one source; None: the linker has refused it."""
    prefix = CPUS['efi-' + cpu][1]
    c, o, elf = (os.path.join(folder, 'x' + end) for end in ('.c', '.o', '.elf'))
    with open(c, 'w', encoding='ascii') as file:
        file.write(source + ' extern char s[4]; char s[4] __attribute__((section(".sbat"))) = "x";'
                   ' extern char efi_sbat; __asm__(".globl efi_sbat; .data; efi_sbat: .byte 0");')
    run(prefix + 'gcc', '-ffreestanding', '-O1', '-fpie', '-c', '-o', o, c)
    done = subprocess.run([prefix + 'ld', '-z', 'noexecstack', '--no-warn-rwx-segments', '--emit-relocs', '-T',
                           os.path.join(ROOT, 'arch/efi/reveille.lds'), '-e', 'f', '--defsym=number=77', '-o', elf, o], capture_output=True,
                          timeout=60, check=False)
    return None if done.returncode else elf


@pytest.mark.parametrize('what', SOURCES)
def test_what_cannot_be_moved_is_refused(what, tmp_path):
    elf = link_one(*SOURCES[what], str(tmp_path))
    assert elf is None or efitool('reloc', elf, '-o', str(tmp_path / 'x.reloc'), expect=1)


@pytest.mark.parametrize('cpu', ['x64', 'arm64'])
def test_what_can_be_moved_is_not(cpu, tmp_path):
    efitool('reloc', link_one(cpu, GOOD, str(tmp_path)), '-o', str(tmp_path / 'x.reloc'))
    assert len((tmp_path / 'x.reloc').read_bytes()) == 12


@pytest.mark.parametrize('damage', ['flags', 'address', 'symbols', 'no program'])
def test_finish_refuses(damage, tmp_path):
    path = tmp_path / 'x.efi'
    data = bytearray() if damage == 'no program' else bytearray(open(path_of('efi-x64', 'reveille'), 'rb').read())
    if data:
        pe = pefile.PE(data=bytes(data))
        text = section(pe, '.text').get_file_offset()
        field = {'flags': text + 39, 'address': text + 12, 'symbols': pe.FILE_HEADER.get_file_offset() + 8}[damage]
        data[field] |= 0xa0
    path.write_bytes(data)
    efitool('finish', str(path), expect=1)
