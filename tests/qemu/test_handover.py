# SPDX-License-Identifier: BSD-2-Clause
"""
The last step, seen from the kernel: registers, boot_params, command line, initrd and memory are what the
Linux x86 boot protocol promises (32-bit entry), and no NIC writes into memory any more.
"""

import time

import pytest

from lab import media, pcap
from lab.handover import Handover, USABLE, cpio_files

pytestmark = pytest.mark.reveille
MIB = 1 << 20


@pytest.fixture
def handover(wire, net_of, machine, plug):
    """handover(files, lines, model, ...) boots the script up to the probe kernel."""
    def run(files, lines, model='virtio', via='rom', **parts):
        net_of({'boot.ipxe': media.script(*lines), **files})
        parts.update(plug(via, model, wire.port()))
        wire.start()
        return Handover(machine(**parts))
    return run


def inside(rows, start, end):
    return any(r.type == USABLE and r.start <= start and end <= r.end for r in rows)


@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_registers(via, handover, probe):
    seen = handover({'probe': probe}, ['kernel probe', 'boot'], via=via)
    assert seen.entry == 32
    assert seen.zero_registers == 0, 'ebx, ebp and edi are to be zero'
    registers = seen.machine.registers()
    assert registers['ESI'] == seen.base
    assert registers['CR0'] & 1 and not registers['CR0'] & 1 << 31, 'protected mode, no paging'
    assert not registers['EFL'] & 1 << 9, 'interrupts are off'
    assert registers['segments']['CS'][:3] == (0x10, 0, 0xffffffff)
    for name in ('DS', 'ES', 'SS'):
        assert registers['segments'][name][:3] == (0x18, 0, 0xffffffff), name


def test_kernel_and_command_line(handover, probe):
    line = 'a=1 "b c" root=/dev/ram0 x=' + 'y' * 1500
    seen = handover({'probe': probe}, ['kernel probe ' + line, 'boot'])
    assert seen.cmdline == line
    assert seen.loader != 0
    address = seen.kernel_address
    kept = seen.machine.memory_read(address, len(probe) - 1024)
    # The probe's stack is in front of the 2 KiB mark.
    assert kept[:0x100] == probe[1024:1024 + 0x100] and kept[1024:] == probe[2048:]
    assert inside(seen.e820, address, address + 0x10000)


@pytest.mark.parametrize('memory', [64, 512, 3072])
def test_memory_map(memory, handover, probe):
    """Sorted, without overlap, and all memory that the BIOS had is in it."""
    seen = handover({'probe': probe}, ['kernel probe', 'boot'], memory=memory)
    rows = seen.e820
    assert all(a.end <= b.start for a, b in zip(rows, rows[1:])), rows
    assert all(r.start < r.end for r in rows)
    usable = sum(r.end - r.start for r in rows if r.type == USABLE)
    assert memory * MIB - usable < MIB, 'the firmware keeps memory for itself'
    assert rows[0].start == 0 and rows[0].end >= 0x9f000


def test_initrds(handover, probe):
    """Plain ones in the order of the script, each at a multiple of four; wrapped ones as cpio."""
    one, two, secret = media.noise(10001, 1), media.noise(333, 2), media.noise(777, 3)
    seen = handover({'probe': probe, 'one': one, 'two': two, 'secret': secret},
                    ['kernel probe', 'initrd one', 'initrd secret /etc/ssh/key mode=0600', 'initrd two', 'boot'])
    initrd = seen.initrd
    assert initrd.startswith(one)
    wrapped = initrd.index(b'070701', len(one))
    assert wrapped % 4 == 0 and not any(initrd[len(one):wrapped])
    at = initrd.index(two, wrapped)
    assert at % 4 == 0
    files = cpio_files(initrd[wrapped:at])
    assert files['etc/ssh/key'] == (0o100600, secret)
    assert files['etc'][0] >> 12 == 4 and files['etc/ssh'][0] >> 12 == 4, 'its directories'
    start, end = seen.initrd_address, seen.initrd_address + len(initrd)
    assert start % 4096 == 0
    assert inside(seen.e820, start, end)
    assert end <= seen.field(0x22c, 'I') + 1, "the kernel's limit for initrds"


def test_initrd_limit(handover, probe):
    """A kernel that finds initrds only below 32 MiB gets its initrd there."""
    low = bytearray(probe)
    low[0x22c:0x230] = (32 * MIB - 1).to_bytes(4, 'little')
    data = media.noise(2 * MIB)
    seen = handover({'probe': bytes(low), 'initrd': data}, ['kernel probe', 'initrd initrd', 'boot'])
    assert seen.initrd == data
    assert seen.initrd_address + len(data) <= 32 * MIB


def test_imgargs_and_imgfree(handover, probe):
    seen = handover({'probe': probe, 'old': b'old', 'new': b'new!'},
                    ['imgfetch --name k probe wrong', 'imgargs k right', 'initrd old', 'imgfree old',
                     'initrd new', 'boot k'])
    assert seen.cmdline == 'right'
    assert seen.initrd.rstrip(b'\0') == b'new!'


@pytest.mark.parametrize('model', ['virtio-legacy', 'virtio-modern', 'e1000'])
def test_no_dma_after_handover(model, wire, net_of, machine, plug, probe):
    """Frames that arrive while the firmware runs are found in memory; while the kernel runs, no byte changes."""
    def broadcast(mark):
        for _ in range(400):
            wire.send(b'\xff' * 6 + b'\x02\0\0\0\x77\x09\x88\xb5' + mark * 50)
        time.sleep(0.5)
        return m.memory_read(0x500, 64 * MIB - 0x500)

    net_of({'probe': probe, 'boot.ipxe': media.script('echo Asleep', 'sleep 3', 'kernel probe', 'boot')})
    parts = plug('rom', model, wire.port())
    wire.start()
    m = machine(**parts, memory=64)
    m.expect('Asleep', 60)
    before, after = media.noise(16, 1), media.noise(16, 2)
    assert before in broadcast(before), 'the frames do not even arrive: this test shows nothing'
    Handover(m)
    time.sleep(0.2)
    still = m.memory_read(0x500, 64 * MIB - 0x500)
    assert broadcast(after) == still


def test_lease_is_used(handover, probe):
    """The settings a script reads are those of the lease."""
    seen = handover({'probe': probe}, ['kernel probe ${net0/ip} ${netX/gateway} ${next-server} ${filename} '
                                       '${net0/mac:hexhyp} ${ip:hex} ${platform} ${buildarch}', 'boot'])
    assert seen.cmdline == ('10.77.0.100 10.77.0.1 10.77.0.1 boot.ipxe 52-54-00-12-34-56 0a:4d:00:64 '
                            'pcbios i386')


def test_capture_has_no_surprises(handover, probe):
    """What we send is DHCP, ARP and TFTP, and not much of it."""
    seen = handover({'probe': probe}, ['kernel probe', 'boot'])
    ours = [p for p in pcap.read(seen.machine.path('net0.pcap')) if p.src == '52:54:00:12:34:56']
    assert {p.type for p in ours} <= {0x0800, 0x0806}
    assert {p.dport for p in ours if p.proto == 17} - {67, 69, 4011} <= set(range(20000, 20100))
    assert len([p for p in ours if p.dport == 67]) <= 3
