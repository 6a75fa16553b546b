# SPDX-License-Identifier: BSD-2-Clause
"""reveille.pxe and .kpxe, chain-loaded by the PXE ROM of somebody else: iPXE, as QEMU carries it."""

import os
import re

import pytest

from lab import media, pcap, router
from lab.handover import Handover
from lab.qemu import Nic
from test_boot import QUIET, booted

# An iPXE that is told so does not wait for a proxyDHCP server.
NO_PROXY = '--dhcp-option=encap:175,176,1b'


@pytest.fixture
def chained(lan, serve, machine, artefact, rom):
    """chained(model, kind, files): a machine whose iPXE loads `boot`, of a server that has these and reveille.KIND."""
    def start(model, kind, files, boot='reveille', **parts):
        nic = Nic(model, lan.port(), rom(model), bootindex=0)
        serve('dnsmasq', {'reveille': artefact('image', kind), **files}, boot=boot, options=[NO_PROXY])
        return machine(nics=[nic], mirror=False, **parts)
    answering = router.Router(lan)
    yield start
    answering.close()


def autoexec(driver, *lines):
    return {'autoexec.ipxe': media.script('iseq ${net0/chip} %s || exit' % driver, *lines)}


@pytest.mark.reveille
@pytest.mark.parametrize('model, kind, driver, scheme', [
    ('virtio', 'kpxe', 'undi', 'http'),
    ('virtio', 'pxe', 'virtio-net', 'tftp'),
    ('e1000', 'kpxe', 'undi', 'tftp'),
    ('e1000', 'pxe', 'e1000', 'http'),
    ('rtl8139', 'pxe', 'undi', 'tftp'),
    ('e1000e', 'kpxe', 'undi', 'http'),
])
def test_debian(model, kind, driver, scheme, chained, web, kernel, out):
    """With the ROM's lease, through our own driver or the ROM's. All cards: sweep_chain.py."""
    boot_debian(model, kind, driver, scheme, chained, web, kernel, out)


def boot_debian(model, kind, driver, scheme, chained, web, kernel, out):
    files = autoexec(driver, 'set base %s://${next-server}' % scheme,
                     'kernel ${base}/vmlinuz %s mark=${net0/mac}' % QUIET, 'initrd ${base}/initrd.img', 'boot')
    if scheme == 'tftp':
        files.update(kernel)
    else:
        web('nginx', kernel)
    assert 'mark=52:54:00:12:34:56' in booted(chained(model, kind, files))
    assert asked_by_us(out) == [], 'the lease is the ROM\'s'


def asked_by_us(out):
    """Types of the DHCP messages that the machine has sent since the ROM had fetched us."""
    packets = pcap.read(os.path.join(out, 'net0.pcap'))
    loaded = next(t.end for t in pcap.transfers(packets) if t.name.endswith('reveille'))
    return [kind for packet, kind, _ in pcap.dhcp(packets) if packet.time > loaded and packet.sport == 68]


@pytest.mark.reveille
def test_dhcp(chained, probe, out):
    """A script asks for a lease of its own."""
    Handover(chained('virtio', 'pxe', {'probe': probe, **autoexec('virtio-net', 'dhcp', 'kernel probe', 'boot')}))
    assert set(asked_by_us(out)) == {pcap.DISCOVER, pcap.REQUEST}


@pytest.mark.reveille
@pytest.mark.parametrize('model', ['i82559c', 'ne2k_pci', 'pcnet', 'rtl8139', 'vmxnet3'])
def test_undi(model, chained, probe):
    """Cards of which one has no interrupt that the ROM knows of, and one an interrupt that never comes."""
    files = autoexec('undi', 'imgfetch noise && sha256sum noise', 'kernel probe mark=${net0/mac}', 'boot')
    noise = media.noise(300000)
    m = chained(model, 'kpxe', {'noise': noise, 'probe': probe, **files})
    m.expect(media.digest(noise), 60)
    assert Handover(m).cmdline == 'mark=52:54:00:12:34:56'


@pytest.mark.reveille
@pytest.mark.parametrize('kind', ['pxe', 'kpxe'])
def test_back_to_the_rom(kind, chained, disk):
    """A script says exit: control goes back to the ROM, and from it to the next boot device."""
    m = chained('virtio', kind, {'autoexec.ipxe': media.script('echo Leaving', 'exit')}, disk=disk)
    m.expect('Leaving', 60)
    m.expect('DISK-BOOTED', 60)


@pytest.mark.reveille
@pytest.mark.parametrize('status', [0, 1])
def test_status(status, chained, probe):
    """The ROM hears how our script has ended."""
    first = media.script('chain reveille && set what passed || set what failed', 'kernel probe ${what}', 'boot')
    files = {'first': first, 'probe': probe, **autoexec('undi', 'exit %d' % status)}
    m = chained('virtio', 'kpxe', files, boot='first')
    assert Handover(m).cmdline.split()[-1] == ('failed' if status else 'passed')


@pytest.mark.reveille
@pytest.mark.parametrize('kib', [596, 512, 256])
def test_base_memory(kib, chained, artefact, cache, probe):
    """What the BIOS and the ROM have left of it may end where kernels have their parameters, or below."""
    with open(artefact('image', 'kpxe'), 'rb') as file:
        image = media.squeezed(cache, file.read(), kib)
    cmdline = 'last=' + 'x' * 1500
    seen = Handover(chained('virtio', 'kpxe', {
        'squeezed': image, 'probe': probe, **autoexec('undi', 'kernel probe ' + cmdline, 'boot')}, boot='squeezed'))
    assert seen.cmdline == cmdline
    assert seen.base + 4096 + len(cmdline) < kib << 10


@pytest.mark.reveille
@pytest.mark.parametrize('hide', [1, 2])
def test_pxenv(hide, chained, artefact, cache, probe):
    """A ROM without !PXE, and one of before PXE 2.1: a file comes through it, and a kernel is started."""
    with open(artefact('image', 'kpxe'), 'rb') as file:
        image = media.squeezed(cache, file.read(), hide=hide)
    noise = media.noise(300000)
    files = autoexec('undi', 'imgfetch noise && sha256sum noise', 'kernel probe mark=${net0/mac}', 'boot')
    m = chained('virtio', 'kpxe', {'hidden': image, 'noise': noise, 'probe': probe, **files}, boot='hidden')
    m.expect('NO-BANGPXE', 60)
    m.expect(media.digest(noise), 60)
    assert Handover(m).cmdline == 'mark=52:54:00:12:34:56'


@pytest.mark.reveille
def test_no_loop(chained, lan, disk, out):
    """A server that has nothing but us: we say so once and go back."""
    m = chained('virtio', 'kpxe', {}, disk=disk)
    m.expect(r'E\d+: ', 60)
    m.expect('DISK-BOOTED', 60)
    names = [t.name for t in pcap.transfers(pcap.read(os.path.join(out, 'net0.pcap'))) if t.name.endswith('reveille')]
    assert len(names) == 1


@pytest.mark.reveille
@pytest.mark.parametrize('medium', ['cd', 'disk', 'usb', 'stick'])
def test_media(medium, wire, net_of, machine, artefact, probe):
    """The ISO image as a CD and as a disk, the disk image as a disk and as a USB stick."""
    net_of({'boot.ipxe': media.script('kernel probe', 'boot'), 'probe': probe})
    nic = Nic('virtio', wire.port())
    wire.start()
    image = artefact('image', 'iso' if medium in ('cd', 'disk') else 'usb')
    if medium == 'stick':
        parts = {'extra': ['-drive', 'file=%s,format=raw,if=none,id=stick,snapshot=on' % image, '-usb',
                           '-device', 'usb-storage,drive=stick,bootindex=1']}
    else:
        parts = {'cdrom' if medium == 'cd' else 'disk': image}
    Handover(machine(nics=[nic], **parts))


@pytest.mark.reveille
def test_media_exit(wire, net_of, machine, artefact, disk):
    """The next device boots when ours has ended."""
    net_of({'boot.ipxe': media.script('exit')})
    nic = Nic('virtio', wire.port())
    wire.start()
    machine(nics=[nic], cdrom=artefact('image', 'iso'), disk=disk).expect('DISK-BOOTED', 60)


@pytest.mark.reveille
@pytest.mark.parametrize('choice', [0, 1])
def test_two_roms(choice, wire, net_of, machine, artefact, probe):
    """Two cards with our ROM are two entries of the BIOS's boot menu; either boots, by whichever link works."""
    net_of({'boot.ipxe': media.script('kernel probe', 'boot'), 'probe': probe})
    nics = [Nic('virtio', wire.port(), artefact('rom', 'virtio'), bootindex=0),
            Nic('e1000', wire.port(), artefact('rom', 'e1000'), bootindex=1)]
    wire.start()
    m = machine(nics=nics, extra=['-boot', 'menu=on,splash-time=60000'], mirror=False)
    m.expect_screen('Press ESC for boot menu', 30)
    m.keys('esc')
    text = m.expect_screen(r'Reveille \(PCI 00:04.0\)', 10)
    entries = re.findall(r'^(\d)\. .*Reveille \(PCI 00:0(\d)\.0\)', text, re.M)
    assert [place for _, place in entries] == ['3', '4']
    m.keys(entries[choice][0])
    Handover(m)
