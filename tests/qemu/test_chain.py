# SPDX-License-Identifier: BSD-2-Clause
"""reveille.pxe and .kpxe, chain-loaded by the PXE ROM of somebody else: iPXE, as QEMU carries it."""

import os

import pytest

from lab import firmware, media, router
from lab.handover import Handover
from lab.qemu import Nic
from test_boot import QUIET, booted

# An iPXE that is told so does not wait for a proxyDHCP server.
NO_PROXY = '--dhcp-option=encap:175,176,1b'


@pytest.fixture
def rom(cache):
    """rom(model): the path of iPXE's ROM for that card."""
    build = os.path.dirname(cache)

    def find(model):
        try:
            return firmware.Ipxe(build).rom(model)
        except firmware.Missing as error:
            return pytest.skip(str(error))
    return find


@pytest.fixture
def chained(lan, serve, machine, artefact, rom):
    """chained(model, kind, files): a machine whose iPXE loads reveille.KIND, and whose server has these files too."""
    def start(model, kind, files, **parts):
        nic = Nic(model, lan.port(), rom(model), bootindex=0)
        serve('dnsmasq', {'reveille': artefact('image', kind), **files}, boot='reveille', options=[NO_PROXY])
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
    ('rtl8139', 'kpxe', 'undi', 'http'),
    ('rtl8139', 'pxe', 'undi', 'tftp'),
    ('e1000e', 'kpxe', 'undi', 'http'),
    ('i82559c', 'kpxe', 'undi', 'tftp'),
    ('ne2k_pci', 'kpxe', 'undi', 'http'),
    ('pcnet', 'kpxe', 'undi', 'http'),
    ('vmxnet3', 'kpxe', 'undi', 'http'),
])
def test_debian(model, kind, driver, scheme, chained, web, kernel):
    """With the ROM's lease, through our own driver or the ROM's."""
    files = autoexec(driver, 'set base %s://${next-server}' % scheme,
                     'kernel ${base}/vmlinuz %s mark=${net0/mac}' % QUIET, 'initrd ${base}/initrd.img', 'boot')
    if scheme == 'tftp':
        files.update(kernel)
    else:
        web('nginx', kernel)
    assert 'mark=52:54:00:12:34:56' in booted(chained(model, kind, files))
