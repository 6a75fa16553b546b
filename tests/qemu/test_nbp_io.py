# SPDX-License-Identifier: BSD-2-Clause
"""The file and UDP calls of our PXE API, from a real program on a real processor: nbp/io.inc makes them."""

import struct

import pytest

from test_nbp import nbp, parse  # noqa: F401  the fixture

pytestmark = pytest.mark.reveille
DATA = bytes(i * 7 % 251 for i in range(3000))


def words(call, *fields):
    """Of the parameters, the words at these places."""
    return tuple(struct.unpack_from('<H', call[1], at)[0] for at in fields)


@pytest.fixture
def calls(nbp, wire):  # noqa: F811
    echo = wire.station('10.77.0.2', b'\x02\0\0\0\x77\x03')
    echo.listen(7777, lambda packet, reply: reply(packet.payload))
    seen = parse(nbp(defines=('IO',), files={'data': DATA}).serial.text())
    assert seen.kept == ['0000'], 'bits as in nbp.asm, compare'
    return seen.calls


def test_io(calls):
    """One boot for all: what each call returned."""
    status = {name: words(call, 0)[0] for name, call in calls.items()}
    for name, call in calls.items():
        assert call[0] == (1 if status[name] else 0), name
    wrong = {'tftp-closed': 0x1a, 'tftp-small': 0x3f, 'tftp-none': 0x3b, 'tftp-again': 0x1b, 'tftp-nowhere': 1,
             'read-file-ours': 6, 'read-file-mcast': 3, 'file-exec': 3, 'file-closed': 0x1a, 'udp-closed': 0x18,
             'udp-not-us': 1, 'udp-nothing': 1, 'unknown': 3}
    io = [name for name in status if name.split('-')[0] in ('tftp', 'read', 'file', 'udp')]
    assert len(io) > 30
    assert {n: status[n] for n in io if status[n] and not n.startswith(('file-open', 'file-read'))} == {
        n: wrong[n] for n in wrong if n in io}

    assert struct.unpack_from('<I', calls['tftp-size'][1], 138)[0] == 3000
    assert words(calls['tftp-open'], 140) == (1400,)
    assert words(calls['tftp-read-1'], 2, 4) == (1, 1400) and calls['tftp-read-1'][2] == DATA[:1400]
    assert words(calls['tftp-read-2'], 2, 4) == (2, 1400) and calls['tftp-read-2'][2] == DATA[1400:2800]
    assert words(calls['tftp-read-3'], 2, 4) == (3, 200)
    assert struct.unpack_from('<I', calls['read-file'][1], 130)[0] == 3000

    check = struct.unpack_from('<HHIIII', calls['file-check'][1])
    assert check[1:3] == (20, 0xe9c17b20) and check[4] & 0x4b == 0x4b and not check[4] & 0xa0
    assert status['file-open'] and not status['file-open-url'] and words(calls['file-open-url'], 2) == (1,)
    assert struct.unpack_from('<I', calls['file-size'][1], 4)[0] == 3000
    assert words(calls['file-select'], 4)[0] in (0, 1)
    got = [call for name, call in calls.items() if name.startswith('file-read') and not status[name]]
    assert b''.join(call[2] for call in got if len(call) > 2) == DATA and words(got[-1], 4) == (0,)
    assert all(status[name] in (0, 0x1b) for name in status if name.startswith('file-read')), 'nothing there yet'

    answer = calls['udp-read'][1]
    assert calls['udp-read'][2][:5] == b'hello' and words(calls['udp-read'], 14) == (5,)
    assert answer[2:6] == bytes((10, 77, 0, 2)) and struct.unpack_from('>HH', answer, 10) == (7777, 2069)
