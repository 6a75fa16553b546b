# SPDX-License-Identifier: BSD-2-Clause
"""tests/relay.c, the long or lossy way of other tests: what it is told it does, and it counts what it did."""

import os
import socket
import struct
import subprocess
import time

import pytest

from lab import media

BUILD = os.environ.get('O', 'build')
PROGRAM = os.path.join(BUILD, 'host', 'relay')
FIELDS = ('frames', 'bytes', 'lost', 'full', 'giants', 'refused')


class Relay:
    """The program between two sockets, a and b."""

    def __init__(self, *options):
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        self.a, self.b = (pair[0] for pair in pairs)
        for sock in (s for pair in pairs for s in pair):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
            sock.settimeout(10)
        fds = [pair[1].fileno() for pair in pairs]
        self.process = subprocess.Popen([PROGRAM, *options, *map(str, fds)], pass_fds=fds, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for pair in pairs:
            pair[1].close()
        assert self.process.stdout.readline() == 'ready\n'

    def end(self):
        """What it counted, from a to b and from b to a."""
        text, _ = self.process.communicate(timeout=10)
        assert self.process.returncode == 0
        self.a.close()
        self.b.close()
        rows = [dict(field.split('=') for field in line.split()[1:]) for line in text.splitlines()]
        return [{name: int(row[name]) for name in FIELDS} for row in rows]


@pytest.fixture
def relay():
    made = []

    def make(*options):
        made.append(Relay(*options))
        return made[-1]
    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def frame(number, size=1514):
    return struct.pack('!I', number).ljust(size, b'x')


def through(source, sink, numbers, pause=0):
    """Sends frames of these numbers, returns the numbers of those that arrived."""
    found = []
    for number in numbers:
        source.send(frame(number))
        time.sleep(pause)
        sink.setblocking(False)
        try:
            while True:
                found.append(struct.unpack_from('!I', sink.recv(2000))[0])
        except BlockingIOError:
            pass
    sink.settimeout(0.5)
    try:
        while True:
            found.append(struct.unpack_from('!I', sink.recv(2000))[0])
    except socket.timeout:
        return found


def test_delay(relay):
    """Nothing arrives early, in either direction, and nothing out of order."""
    made = relay('-d', '20000,60000')
    for source, sink, least in ((made.a, made.b, 0.02), (made.b, made.a, 0.06)):
        sent = []
        for number in range(20):
            sent.append(time.monotonic())
            source.send(frame(number, 60 + number))
        for number in range(20):
            data = sink.recv(2000)
            assert time.monotonic() - sent[number] >= least
            assert data == frame(number, 60 + number)
    there, back = made.end()
    assert there == back == {'frames': 20, 'bytes': sum(range(60, 80)), 'lost': 0, 'full': 0, 'giants': 0,
                             'refused': 0}


def test_loss(relay):
    """About so many are lost, the same ones for the same seed, others for another one and the other way."""
    def arrived(seed, back=False):
        made = relay('-l', '10', '-s', str(seed))
        ends = (made.b, made.a) if back else (made.a, made.b)
        found = through(*ends, range(2000), pause=0.0001)
        counted = made.end()[back]
        assert counted['frames'] == len(found) == 2000 - counted['lost']
        return found
    first = arrived(7)
    # Within five standard deviations, sqrt(2000 * 0.1 * 0.9) each.
    assert abs(2000 - len(first) - 200) < 67
    assert first == arrived(7)
    assert first != arrived(8)
    assert first != arrived(7, back=True)


def test_nothing_lost(relay):
    made = relay()
    assert through(made.a, made.b, range(500), pause=0.0001) == list(range(500))
    assert made.end()[0]['lost'] == 0


def test_rate(relay):
    """Frames of 1514 bytes at 12.112 Mbit/s leave a millisecond apart, however they came."""
    made = relay('-r', '12')
    start = time.monotonic()
    for number in range(50):
        made.a.send(frame(number))
    for number in range(50):
        assert made.b.recv(2000) == frame(number)
    assert time.monotonic() - start >= 50 * 1514 * 8 / 12e6


def test_full(relay):
    """What finds the way full is lost and counted by itself."""
    made = relay('-d', '300000', '-q', '10')
    assert through(made.a, made.b, range(30)) == list(range(10))
    there, _ = made.end()
    assert (there['frames'], there['full'], there['lost']) == (10, 20, 0)


def test_giant(relay):
    """What is no frame does not pass, and shows."""
    made = relay()
    made.a.send(b'x' * 4000)
    assert through(made.a, made.b, [1]) == [1]
    assert made.end()[0]['giants'] == 1


def test_usage():
    for args in ((), ('1',), ('0', '99'), ('-l', '101', '0', '1'), ('-d', '1x', '0', '1'), ('-q', '0', '0', '1')):
        done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
        assert done.returncode == 2 and done.stderr.startswith(b'relay: '), args


FETCH = '''
import hashlib, sys, urllib.request
print(hashlib.sha256(urllib.request.urlopen(sys.argv[1], timeout=60).read()).hexdigest())
'''


def test_far(lan, far, web):
    """TCP of the kernel gets a file through it, from a real server; the ways keep their books."""
    data = media.noise(2 << 20)
    server = web('nginx', {'file': data})
    way = far(delay_us=2000, loss=1)
    client = way.host('10.77.0.90')
    try:
        done = subprocess.run([*client.prefix, '/usr/bin/python3', '-c', FETCH, server.url('file')], text=True,
                              capture_output=True, timeout=100, check=True)
    finally:
        client.close()
    assert done.stdout.strip() == media.digest(data)
    counted = way.close()
    there, back = counted['there'], counted['back']
    assert there['bytes'] > len(data)
    assert there['lost'] > 0 and back['lost'] >= 0
    for row in (there, back):
        assert row['giants'] == row['full'] == row['refused'] == row['dropped'] == 0
