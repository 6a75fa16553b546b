# SPDX-License-Identifier: BSD-2-Clause
"""The option ROM's copy of itself: memory that the BIOS lends in POST is only promised until boot."""

import pytest

from lab import media
from lab.handover import Handover
from lab.qemu import Nic

SCRIPT = media.script('kernel probe', 'boot')


@pytest.fixture
def trash(cache):
    """A disk that is booted first, overwrites what the BIOS has lent, and fails to boot."""
    return media.disk_image(cache, 'trash.asm')


def plugged(artefact, port, extra=''):
    return [Nic('virtio', port, artefact('rom', 'virtio'), bootindex=30, extra=extra)]


@pytest.mark.reveille
def test_reload(wire, net_of, machine, artefact, trash, probe):
    """The copy was overwritten: it is read again from the card, and boots."""
    net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    nics = plugged(artefact, wire.port())
    wire.start()
    m = machine(nics=nics, disk=trash)
    m.expect('MEMORY-OVERWRITTEN', 60)
    Handover(m, 120)


@pytest.mark.reveille
def test_no_reload(wire, net_of, machine, artefact, trash, probe):
    """Overwritten, and the card's ROM cannot be read: nothing damaged runs, it says so, the BIOS goes on."""
    net_of({'boot.ipxe': SCRIPT, 'probe': probe})
    nics = plugged(artefact, wire.port(), extra='rombar=0')
    wire.start()
    m = machine(nics=nics, disk=trash, mirror=True)  # the ROM's own words go to the screen only
    m.expect('MEMORY-OVERWRITTEN', 60)
    m.expect('card\'s ROM cannot be read', 60)
    m.expect('No bootable device', 60)
