# SPDX-License-Identifier: BSD-2-Clause
"""
The UEFI programs and option ROMs as files, read by python3-pefile and from the specifications, not by our own tools:
what firmware needs to load, move, protect and verify them. That they are the same bytes everywhere is in test_build.py.
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
PROGRAMS = {'reveille': (10, None, 'efi_main'), 'snponly': (10, 'snponly', 'efi_main'),
            'efirom': (11, 'efirom', 'efi_driver_main')}
ALL = [(cpu, name) for cpu in CPUS for name in PROGRAMS]
IDS = ('1af41000', '1af41041', '8086100e')
PAGE = 4096
EXECUTE, READ, WRITE = 0x20000000, 0x40000000, 0x80000000
BASE_OTHER = 0x51237000


def path_of(cpu, name, kind='.efi'):
    return os.path.join(BUILD, cpu, name + kind)


def run(*args, expect=0):
    done = subprocess.run(args, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert (done.returncode == 0) == (expect == 0), '%s\n%s' % (' '.join(args), done.stdout)
    return done.stdout


def romtool(*args, expect=0):
    said = run('/usr/bin/python3', os.path.join(ROOT, 'util', 'romtool'), *args, expect=expect)
    assert not expect or said.startswith('romtool: '), said
    return said


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
    'nothing at all': ('x64', 'extern int g __attribute__((weak)); int *p = &g; int f(void);'
                       'int f(void) { return *p; }'),
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
                           os.path.join(ROOT, 'arch/efi/reveille.lds'), '-e', 'f', '--defsym=number=77', '-o', elf, o],
                          capture_output=True, timeout=60, check=False)
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


# -- option ROMs ----------------------------------------------------------------------------------------------
def load(*path):
    with open(os.path.join(*path), 'rb') as file:
        return file.read()


def images(rom):
    """[(code type, bytes)] of a ROM: PCI Firmware 3.0, 5.1. All for one device; its ID with them."""
    found, ids, at, last = [], set(), 0, False
    while not last:
        assert rom[at:at + 2] == b'\x55\xaa'
        pcir = at + struct.unpack_from('<H', rom, at + 0x18)[0]
        signature, vendor, device, _list, length, revision, kind, sectors, _, code, indicator, resident = \
            struct.unpack_from('<4sHHHHB3sHHBBH', rom, pcir)
        size = sectors * 512
        assert (signature, length, revision, kind) == (b'PCIR', 0x1c, 3, b'\0\0\2') and pcir % 4 == 0
        assert 0 < size <= len(rom) - at and resident * 512 <= size
        found.append((code, rom[at:at + size]))
        ids.add('%04x%04x' % (vendor, device))
        at, last = at + size, bool(indicator & 0x80)
    assert at == len(rom) and len(ids) == 1, 'the last image says so, and is the last'
    return found, ids.pop()


class Bits:
    def __init__(self, data):
        self.bits, self.at = ''.join('{:08b}'.format(byte) for byte in data), 0

    def get(self, count):
        self.at += count
        assert self.at <= len(self.bits)
        return int(self.bits[self.at - count:self.at] or '0', 2)


class Code:
    """A Huffman code by the lengths of its symbols, or one symbol of no bits."""

    def __init__(self, lengths, lone=None):
        self.lone, self.symbols, code = lone, {}, 0
        assert lone is not None or sum(2.0 ** -n for n in lengths if n) == 1, 'firmware refuses an incomplete code'
        for length in range(1, 17):
            code <<= 1
            for symbol in (s for s, n in enumerate(lengths) if n == length):
                self.symbols['{:0{}b}'.format(code, length)] = symbol
                code += 1

    def get(self, bits):
        if self.lone is not None:
            return self.lone
        return next(self.symbols[word] for word in (bits.bits[bits.at:bits.at + n] for n in range(1, 17))
                    if word in self.symbols and bits.get(len(word)) >= 0)

    @classmethod
    def short(cls, bits, width, special=None):
        count, lengths = bits.get(width), []
        if not count:
            return cls([], bits.get(width))
        while len(lengths) < count:
            length = bits.get(3)
            while length >= 7 and bits.get(1):
                length += 1
            lengths.append(length)
            if len(lengths) - 1 == special:
                lengths += [0] * bits.get(2)
        return cls(lengths)

    @classmethod
    def long(cls, bits):
        extra, count, lengths = cls.short(bits, 5, 2), bits.get(9), []
        if not count:
            return cls([], bits.get(9))
        while len(lengths) < count:
            symbol = extra.get(bits)
            lengths += [symbol - 2] if symbol > 2 else [0] * (bits.get((0, 4, 9)[symbol]) + (1, 3, 20)[symbol])
        return cls(lengths)


def unpacked(data):
    """UEFI 2.10, 19.3: what the firmware's decompressor makes of it."""
    size_packed, size = struct.unpack_from('<II', data)
    bits, out, left = Bits(data[8:8 + size_packed]), bytearray(), 0
    while len(out) < size:
        if not left:
            left, chars, places = bits.get(16), Code.long(bits), Code.short(bits, 4)
        left -= 1
        symbol = chars.get(bits)
        if symbol < 256:
            out.append(symbol)
            continue
        width = places.get(bits)
        distance = 1 + (width if width < 2 else (1 << (width - 1)) + bits.get(width - 1))
        assert distance <= min(len(out), 8192)
        for _ in range(symbol - 253):
            out.append(out[-distance])
    assert len(out) == size and len(bits.bits) - bits.at < 16, 'at most a byte is left'
    return bytes(out)


def efi_image(rom):
    """(machine, the driver) of an image for UEFI: 14.4.2."""
    sectors, signature, subsystem, machine, packed, reserved, start = struct.unpack_from('<HIHHH8sH', rom, 2)
    assert (sectors * 512, signature, subsystem, packed) == (len(rom), 0x0ef1, 11, 1) and not any(reserved)
    assert struct.unpack_from('<I', rom, start)[0] + 8 == len(rom) - start
    return machine, unpacked(rom[start:])


@pytest.mark.parametrize('cpu', CPUS)
def test_efirom(cpu):
    (code, image), = images(load(BUILD, cpu, IDS[0] + '.efirom'))[0]
    assert code == 3
    assert efi_image(image) == (CPUS[cpu][0], load(BUILD, cpu, 'efirom.efi'))


@pytest.mark.parametrize('device', IDS)
def test_rom_for_both(device):
    """First the BIOS's image as it was but for one bit and the checksum, then UEFI's as it was."""
    bios, efi = load(BUILD, 'bios', device + '.rom'), load(BUILD, 'efi-x64', device + '.efirom')
    (first, second), name = images(load(BUILD, 'rom', device + '.rom'))
    assert name == device and images(efi)[1] == device
    assert (first[0], second) == (0, (3, efi))
    assert first[1][2] * 512 == len(first[1]) and sum(first[1]) & 0xff == 0
    indicator = struct.unpack_from('<H', bios, 0x18)[0] + 21
    assert [i for i, (a, b) in enumerate(zip(bios, first[1])) if a != b] == [6, indicator]
    assert first[1][indicator] == bios[indicator] & 0x7f


def test_rom_for_both_gets_another_id(tmp_path):
    source, target = os.path.join(BUILD, 'rom', IDS[0] + '.rom'), str(tmp_path / 'x.rom')
    romtool('id', source, '80861533', '-o', target)
    assert images(load(target))[1] == '80861533' and romtool('show', target).count('8086:1533') == 2
    romtool('id', target, IDS[0])
    assert load(target) == load(source)


def test_rom_of_a_signed_driver(signer, tmp_path):
    """As it is, without the compressor: nothing lies behind it that firmware would hash."""
    signed, rom = str(tmp_path / 'signed.efi'), str(tmp_path / 'x.efirom')
    run('sbsign', '--key', signer[0], '--cert', signer[1], '--output', signed, path_of('efi-x64', 'efirom'))
    romtool('efi', '--id', IDS[0], '--driver', signed, '-o', rom)
    data = load(rom)
    (code, image), = images(data)[0]
    assert code == 3 and struct.unpack_from('<H', image, 12)[0] == 0
    assert image[struct.unpack_from('<H', image, 22)[0]:] == load(signed)


@pytest.mark.parametrize('damage', ['not the last', 'no last', 'length', 'machine', 'signature', 'offset', 'packed',
                                    'other device', 'truncate', 'truncate to a header'])
def test_damaged_rom_is_refused(damage, tmp_path):
    rom = bytearray(load(BUILD, 'rom', IDS[0] + '.rom'))
    efi = 65536
    assert rom[efi:efi + 2] == b'\x55\xaa'
    start, = struct.unpack_from('<H', rom, efi + 22)
    if damage.startswith('truncate'):
        rom = rom[:efi + 24] if 'header' in damage else rom[:-512]
    else:
        pcir = struct.unpack_from('<H', rom, 0x18)[0]
        at, bits = {'not the last': (pcir + 21, 0x80), 'no last': (efi + 0x1c + 21, 0x80), 'length': (efi + 2, 1),
                    'machine': (efi + 10, 0x10), 'signature': (efi + 4, 1), 'offset': (efi + 23, 0xff),
                    'packed': (efi + start + 2, 0x40), 'other device': (efi + 0x1c + 6, 1)}[damage]
        rom[at] ^= bits
    path = tmp_path / 'x.rom'
    path.write_bytes(rom)
    romtool('verify', str(path), expect=1)


def efipack(data, expect=0):
    done = subprocess.run([os.path.join(BUILD, 'host', 'efipack')], input=data, stdout=subprocess.PIPE, timeout=60,
                          check=False)
    assert (done.returncode == 0) == (expect == 0)
    return done.stdout


NOISE = bytes(b'abcdefgh'[(i * i * 7 + i // 3) % 8] ^ i % 251 for i in range(30000))
DATA = {'a byte': b'a', 'one pair': b'ab', 'one match': b'a' * 300, 'zeros': bytes(70000), 'noise': NOISE,
        'a match from far': NOISE[:8192] * 2, 'from too far': NOISE[:8193] * 2,
        'many blocks': b''.join(b'%d,' % (i * 7919 % 65537) for i in range(40000)),
        'a steep code': b''.join(bytes([i]) * (1 << i) for i in range(18))[::-1]}


@pytest.mark.parametrize('name', DATA)
def test_efipack(name):
    assert unpacked(efipack(DATA[name])) == DATA[name]


def test_efipack_refuses():
    efipack(b'', expect=1)
