# SPDX-License-Identifier: BSD-2-Clause
"""reveille.pxe and .kpxe, chain-loaded by the PXE ROM of somebody else: iPXE, as QEMU carries it."""

import os

import pytest

from lab import firmware, media, net
from lab.handover import Handover
from lab.qemu import Nic


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


@pytest.mark.reveille
@pytest.mark.parametrize('model', ['virtio'])
def test_undi(model, rom, machine, artefact, out, probe):
    """Through the ROM's driver, with the ROM's lease: the script beside us is all that is asked for."""
    root = media.offer(os.path.join(out, 'tftp'), {
        'probe': probe, 'reveille.kpxe': artefact('image', 'kpxe'),
        'autoexec.ipxe': media.script('show net0/chip', 'kernel probe from=${next-server}', 'boot')})
    m = machine(nics=[Nic(model, net.UserPort(root, 'reveille.kpxe'), rom(model), bootindex=0)], mirror=False)
    m.expect('net0/chip .* = undi')
    assert Handover(m).cmdline == 'from=10.0.2.2'
