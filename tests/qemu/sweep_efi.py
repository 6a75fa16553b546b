# SPDX-License-Identifier: BSD-2-Clause
"""
UEFI: all cards, ways and transports, each to a booted Debian; test_efi.py says what the ways are. `make check` has some
of these, `make soak` runs all.

Not there: arm64 with e1000 from the firmware's own network boot, as Debian's AAVMF has no driver for that card.
"""

import pytest

from test_efi import boot  # noqa: F401, a fixture
from test_efi_load import peak_memory  # noqa: F401
from test_efi_rom import next_boot_entry, start  # noqa: F401

WAYS = [('x64', model, via, image) for model in ('virtio', 'e1000') for via, image in (
    ('disk', 'reveille'), ('pxe', 'reveille'), ('pxe', 'snponly'), ('http', 'reveille'), ('http', 'snponly'),
    ('efirom', 'reveille'), ('bothrom', 'reveille'))]
WAYS += [('arm64', 'virtio', via, 'reveille') for via in ('disk', 'pxe', 'http')]
WAYS += [('arm64', 'virtio', via, 'snponly') for via in ('pxe', 'http')]
WAYS += [('arm64', model, 'efirom', 'reveille') for model in ('virtio', 'e1000')]
WAYS += [('arm64', 'e1000', 'disk', 'reveille')]
WAYS += [('x64', 'rtl8139', via, 'reveille') for via in ('pxe', 'http')]


@pytest.mark.reveille
@pytest.mark.parametrize('scheme', ['tftp', 'http'])
@pytest.mark.parametrize('cpu, model, via, image', WAYS)
def test_debian(cpu, model, via, image, scheme, boot):  # noqa: F811
    boot(cpu, model, via, image, scheme)


@pytest.mark.reveille
def test_next_boot_entry(start, cache):  # noqa: F811
    next_boot_entry('e1000', 'e1000', start, cache)


@pytest.mark.reveille
def test_initrd_of_4_gib(peak_memory):  # noqa: F811
    """On a machine of 7.5 GiB, of which 5.5 lie in one piece above 4 GiB."""
    assert 0.9 < peak_memory((16 << 20, (4 << 30) + (16 << 20)), 7680) < 1.1
