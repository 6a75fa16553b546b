# SPDX-License-Identifier: BSD-2-Clause
"""
What goes wrong on the way: a clear error with a stable code that names what and where, nothing half-fetched
is ever started, and the next choice gets its turn - the script's, then the BIOS's.
"""

import pytest

from lab import host, media
from lab.handover import Handover

pytestmark = pytest.mark.reveille


@pytest.fixture
def failing(wire, net_of, machine, plug, fw, disk):
    """
    failing(code, script lines, files, prepare): boots the script, and expects the error's code, then the
    disk. Returns the console's text from the error on.
    """
    def run(code, lines, files, prepare=None, timeout=60):
        dhcp, tftp = net_of({'boot.ipxe': media.script(*lines), **files})
        if prepare:
            prepare(tftp)
        parts = plug('rom', 'virtio', wire.port())
        wire.start()
        m = machine(**parts, disk=disk)
        m.expect(fw.error(code), timeout)
        start = m.serial.pos
        m.expect('DISK-BOOTED', 60, 'the next boot device has its turn')
        text = m.serial.text()
        assert 'PROBE' not in text, 'something was started'
        return text[text.rindex('\n', 0, start) + 1:], tftp
    return run


def test_not_found(failing):
    text, _ = failing(4002, ['kernel no/such/kernel', 'boot'], {})
    assert 'no/such/kernel' in text and '10.77.0.1' in text


def test_server_dies(failing, probe):
    """The server falls silent in the middle of the kernel."""
    def prepare(tftp):
        tftp.die_at = 30000
    text, tftp = failing(4001, ['kernel probe', 'boot'], {'probe': probe}, prepare, timeout=120)
    assert '10.77.0.1' in text


def test_server_dies_and_another_takes_over(wire, net_of, machine, plug, probe, fw):
    _, tftp = net_of({'probe': probe, 'boot.ipxe': media.script(
        'kernel tftp://10.77.0.1/probe from=first || kernel tftp://10.77.0.2/probe from=second', 'boot')})
    tftp.die_at = 30000
    other = wire.station('10.77.0.2', b'\x02\0\0\0\x77\x03')
    host.Tftp(other, {'probe': probe})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    m.expect(fw.error(4001), 120)
    probe_seen = Handover(m)
    assert probe_seen.cmdline == 'from=second'


def test_server_reports_error(failing, probe):
    """The server's words are shown, and cannot do anything to the terminal."""
    def prepare(tftp):
        tftp.error_at = (30000, 0, 'disk on fire \x1b[31m %n%s')
    text, _ = failing(4004, ['kernel probe', 'boot'], {'probe': probe}, prepare)
    assert 'disk on fire' in text and '%n%s' in text
    assert '\x1b[31m' not in text


def test_access_denied(failing, probe):
    def prepare(tftp):
        tftp.error_at = (0, 2, 'Access violation')
    failing(4003, ['kernel probe', 'boot'], {'probe': probe}, prepare)


def test_truncated_kernel(failing, probe):
    """The file on the server is cut: its header says so before anything runs."""
    text, _ = failing(5005, ['kernel probe', 'boot'], {'probe': probe[:30000]})
    assert 'probe' in text


def test_wrong_type(failing):
    page = '<html><head><title>404 Not Found</title></head></html>\n'
    text, _ = failing(5003, ['kernel vmlinuz', 'boot'], {'vmlinuz': page})
    assert 'vmlinuz' in text


@pytest.mark.parametrize('file', [b'<html><title>404 Not Found</title></html>\n' * 100, b'\x7fELF' + media.noise(5000)],
                         ids=['page', 'elf'])
def test_wrong_boot_file(file, wire, net_of, machine, plug, fw, disk):
    """DHCP names a file that is no script, no kernel, and no network boot program (which has no header of its own)."""
    net_of({'boot.ipxe': file})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    m.expect(fw.error(5003), 60)
    m.expect('DISK-BOOTED', 30)


def test_damaged_header(failing, probe):
    """setup_sects says more than the file has."""
    bad = bytearray(probe[:8192])
    bad[0x1f1] = 64
    failing(r'(?:5005|5011)', ['kernel probe', 'boot'], {'probe': bytes(bad)})


def test_shorter_than_announced(failing, probe):
    def prepare(tftp):
        tftp.lie = len(probe) + 5000
        tftp.lie_about = {'probe'}
    failing(4006, ['kernel probe', 'boot'], {'probe': probe}, prepare)


def test_longer_than_announced(failing, probe):
    def prepare(tftp):
        tftp.lie = len(probe) - 5000
        tftp.lie_about = {'probe'}
    failing(4007, ['kernel probe', 'boot'], {'probe': probe}, prepare)


@pytest.mark.parametrize('size', [1 << 40, (1 << 64) - 1, 600 << 20], ids=['1T', '2^64-1', '600M'])
def test_larger_than_memory(size, failing, probe):
    """Refused by its announced size, before it is fetched."""
    def prepare(tftp):
        tftp.lie = size
        tftp.lie_about = {'probe'}
    failing(5001, ['kernel probe', 'boot'], {'probe': probe}, prepare)


def test_no_such_host(failing, probe):
    failing(3003, ['kernel tftp://10.77.0.99/probe', 'boot'], {'probe': probe})


def test_command_line_too_long(failing, probe):
    failing(5012, ['kernel probe ' + 'x' * 2100, 'boot'], {'probe': probe})


def test_unknown_command(failing):
    text, _ = failing(6001, ['frobnicate now'], {})
    assert 'frobnicate' in text
