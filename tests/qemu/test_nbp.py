# SPDX-License-Identifier: BSD-2-Clause
"""
A network boot program on our PXE API: how it is started, what it finds in memory, what each call says, and how things
go on when it ends. nbp/nbp.asm makes the calls of nbp/calls.inc and says what came of them; the judge is here.
"""

import os
import re
import struct
import subprocess
import types

import pytest

from lab import media
from test_chain import autoexec, chained  # noqa: F401  the fixtures

pytestmark = pytest.mark.reveille
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'nbp')
TABLES = os.path.join(HERE, '..', '..', '..', 'arch', 'x86', 'pxe')


def assemble(out, *defines):
    target = os.path.join(out, 'nbp')
    subprocess.run(['nasm', '-Werror', '-f', 'bin', '-I' + HERE + '/', *('-D' + d for d in defines), '-o', target,
                    os.path.join(HERE, 'nbp.asm')], check=True, timeout=60)
    with open(target, 'rb') as file:
        return file.read()


def parse(text):
    """What the program said: .calls has name -> (ax, parameters, bytes shown); other lines by their first word."""
    seen = types.SimpleNamespace(calls={}, rows=[])
    for line in re.findall(r'^(?:START|ENV|PXE|INT|E8|CALL|KEPT)\S* .*$', text.replace('\r', ''), re.M):
        word, *rest = line.split()
        if word == 'CALL':
            seen.calls[rest[0]] = (int(rest[1], 16), *(bytes.fromhex(r) for r in rest[2:]))
        elif word == 'E820':
            seen.rows.append(tuple(int(r, 16) for r in (rest[0] + rest[1], rest[2] + rest[3], rest[4])))
        else:
            setattr(seen, word.lower(), rest)
    return seen


@pytest.fixture
def nbp(wire, net_of, machine, plug, out):
    """nbp(lines, defines, via) runs a script that starts `nbp`; returns the machine when that has said END."""
    def run(lines=('chain nbp', 'echo BACK'), defines=(), via='lkrn', files=None, **parts):
        net_of({'boot.ipxe': media.script(*lines), 'nbp': assemble(out, *defines), **(files or {})})
        parts.update(plug(via, 'virtio', wire.port()))
        wire.start()
        m = machine(**parts)
        m.expect('END', 60, 'the program has come to its end')
        return m
    return run


@pytest.fixture
def seen(nbp):
    return parse(nbp().serial.text())


def word(call, at, form='<H'):
    return struct.unpack_from(form, call[1], at)[0]


@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_calls(via, nbp):
    """One boot for all: how it is entered, what there is, and what each call returns; then the script goes on."""
    m = nbp(via=via)
    m.expect('BACK', 30)
    seen = parse(m.serial.text())
    entered(seen)
    memory(seen)
    cached(seen.calls)
    undi(seen.calls)
    for name, call in seen.calls.items():
        assert call[0] == (1 if word(call, 0) else 0), name
    assert seen.kept == ['0000'], 'bits as in nbp.asm, compare'


def entered(seen):
    env, stack, bang = (int(w, 16) for w in seen.start)
    assert env >> 16 == bang >> 16 == stack >> 16, 'all in the real-mode block'
    pxe, pxenv = bytes.fromhex(seen.pxe[0]), bytes.fromhex(seen.env[0])
    assert pxe[:4] == b'!PXE' and pxe[4] == len(pxe) and sum(pxe) & 0xff == 0
    assert pxenv[:6] == b'PXENV+' and pxenv[8] == len(pxenv) and sum(pxenv) & 0xff == 0
    assert struct.unpack_from('<H', pxenv, 6)[0] == 0x201
    assert struct.unpack_from('<HH', pxenv, 40) == (bang & 0xffff, bang >> 16)
    assert pxe[29] == 7, 'segment descriptors'
    for number in range(7):
        segment, address, _size = struct.unpack_from('<HIH', pxe, 32 + 8 * number)
        assert segment << 4 == address == env >> 16 << 4


def memory(seen):
    """Base memory ends at our block, and nothing of what E820 calls RAM is ours."""
    ax, es_bx, flags = (int(w, 16) for w in seen.int1a)
    assert ax == 0x564e and es_bx == int(seen.start[0], 16) and not flags & 1
    block = es_bx >> 16 << 4
    assert int(seen.int12[0], 16) << 10 == block
    ram = [(start, start + size) for start, size, kind in seen.rows if kind == 1]
    assert all(a[1] <= b[0] for a, b in zip(ram, ram[1:])), ram
    assert ram[0][0] == 0 and block - 4096 < ram[0][1] <= block
    total = sum(end - start for start, end in ram)
    assert 3 << 20 < (512 << 20) - total < 6 << 20, 'the firmware is hidden, and little else'
    assert [int(w, 16) for w in seen.e801][:2] == [15 << 10, 0x700], 'up to the script, at 128 MiB'
    assert int(seen.int88[0], 16) == 15 << 10
    assert int(seen.e8short[0], 16) & 1, 'no room for a row'


def cached(calls):
    discover, ack = calls['discover-pointer'], calls['ack-pointer']
    assert word(discover, 4) == word(ack, 4) == 1260
    assert discover[2][0] == 1 and ack[2][0] == 2 and ack[2][16:20] == bytes((10, 77, 0, 100))
    assert ack[2][108:236].rstrip(b'\0') == b'nbp' and ack[2][20:24] == bytes((10, 77, 0, 1))
    assert word(calls['reply-copy'], 4) == 1024 and word(calls['reply-copy-selector'], 4) == 64
    assert word(calls['unknown'], 0) == 3


def undi(calls):
    """Sends a question twice; the answer comes when the filter lets it through."""
    mac = bytes.fromhex('525400123456')
    unsupported = ('station-address', 'mcast-one', 'diagnostics', 'force-interrupt', 'restart-dhcp', 'base-stopped')
    wrong = {'isr-closed': 0x6a, 'initialize-early': 0x6a, **dict.fromkeys((*unsupported, 'unknown'), 3)}
    assert {name: word(call, 0) for name, call in calls.items() if word(call, 0)} == wrong
    assert calls['get-information'][1][12:18] == mac
    assert struct.unpack_from('<HH', calls['nic-type'][1], 3)[0] == 0x1af4
    assert calls['iface-info'][1][2:12] == b'DIX+802.3\0'
    assert calls['mcast-mac'][1][6:12] == bytes.fromhex('01005e010203')
    turns = [calls['isr-%d' % number] for number in range(1, 41)]
    assert word(turns[0], 2) == 2, 'sent'
    answers = [turn for turn in turns if word(turn, 2) == 3]
    assert answers and all(word(turn, 2) in (0, 2, 3) for turn in turns)
    assert any(turn[2][:6] == mac and turn[2][12:14] == b'\x08\x06' and turn[2][28:32] == bytes((10, 77, 0, 1))
               and word(turn, 8) == 14 and turn[1][14:16] == b'\2\0' for turn in answers)
    deaf = [word(calls['deaf-%d' % number], 2) for number in range(1, 41)]
    assert deaf == [2] + [0] * 39
    assert word(calls['statistics'], 2, '<I') > 0 and word(calls['statistics'], 6, '<I') > 0
    assert calls['statistics-cleared'][1] == bytes(18)


def in_files(directory, ending, pattern):
    """What is found in all of them, as numbers."""
    found = set()
    for name in os.listdir(directory):
        if name.endswith(ending):
            with open(os.path.join(directory, name), encoding='utf-8') as file:
                found.update(int(number, 16) for number in re.findall(pattern, file.read(), re.M))
    return found


def test_every_call():
    """No opcode is in our tables that the program does not call. END says that it has made all calls of its own."""
    ours = in_files(TABLES, '.c', r'^\t\{(0x[0-9a-f]+), [^,]+, \w+\},')
    assert len(ours) > 30
    assert ours <= in_files(HERE, '.inc', r'^call_ [^,]+, (0x[0-9a-f]+),')


@pytest.mark.parametrize('define,after', [('RETURN=0', 'FINE'), ('RETURN=1', 'FAILED'), ('INT18', 'FAILED'),
                                          ('UNLOAD', 'FINE'), ('TS', 'FINE')])
def test_end(define, after, nbp):
    """By a far return with a status, by int 18h, after it has sent us away, and without an FPU that could be used: the
    script goes on, with all links."""
    m = nbp(['chain nbp && echo FINE || echo FAILED', 'imgfetch nbp && echo AGAIN'], [define])
    m.expect(after, 30)
    m.expect('AGAIN', 30, 'the network works again')


def test_restart(nbp, out):
    """RESTART_TFTP: another program takes the first one's place and finds all that it found; a file that is not there
    changes nothing."""
    m = nbp(defines=['RESTART'], files={'again': assemble(out)})
    m.expect('BACK', 30)
    first, second = re.split(r'(?m)^(?=START )', m.serial.text())[1:]
    assert word(parse(first).calls['restart-none'], 0) == 0x3b and 'END' not in first
    second = parse(second)
    entered(second)
    undi(second.calls)
    assert second.kept == ['0000']


def test_stays(nbp, disk):
    """KEEP_ALL: the BIOS goes on with its next device while the API is still there."""
    m = nbp(['chain nbp', 'echo BACK'], ['RETURN=5'], disk=disk)
    m.expect('DISK-BOOTED', 60)
    assert 'BACK' not in m.serial.text()


def test_masked(nbp):
    """A call that waits has an end, too, when the program lets no interrupt through."""
    m = nbp(defines=['MASK'])
    m.expect('BACK', 90)    # longer than the API waits for anything, so that the status says what went wrong
    assert word(parse(m.serial.text()).calls['nobody'], 0) == 0x30, 'no answer to ARP'


def test_sent_away_later(nbp, cache):
    """What the BIOS boots next finds the API, and can be rid of it. CR4 is as the program has left it."""
    m = nbp(['chain nbp', 'echo BACK'], ['RETURN=5'], disk=media.disk_image(cache, 'later.asm'))
    said = m.expect(r'LATER\W+((?:[0-9A-F]{4} ?){5})', 60).group(1).split()
    unload, stop, before, after, cr4 = (int(w, 16) for w in said)
    assert (unload, stop) == (0, 0) and after >= before + 18 and cr4 & 0x200


def test_in_kpxe(chained, out):  # noqa: F811
    """On top of a ROM's UNDI: nothing is RAM that lies above what int 12h says, where drivers of ours have buffers."""
    m = chained('virtio', 'kpxe', {'nbp': assemble(out), **autoexec('undi', 'chain nbp')})
    m.expect('END', 60)
    seen = parse(m.serial.text())
    base = int(seen.int12[0], 16) << 10
    assert base < int(seen.int1a[1], 16) >> 16 << 4
    assert not any(kind == 1 and start < 0xa0000 and start + size > base for start, size, kind in seen.rows), seen.rows


def test_refused(wire, net_of, machine, plug, fw):
    """What is certainly no network boot program is named."""
    net_of({'boot.ipxe': media.script('chain efi || chain page || shell'), 'efi': b'MZ\x90\0' + bytes(500),
            'page': b'<html><title>404 Not Found</title></html>'})
    parts = plug('lkrn', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    m.expect(fw.error(5003), 60)
    m.expect('a UEFI program', 10)
    m.expect('page: text', 30)
