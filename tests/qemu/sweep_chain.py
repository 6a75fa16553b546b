# SPDX-License-Identifier: BSD-2-Clause
"""
All cards that QEMU has a PXE ROM for, through that ROM (reveille.kpxe), and reveille.pxe on cards with a driver of ours
and without one; by TFTP and by HTTP, each to a booted Debian. `make check` has some of these, `make soak` runs all.
"""

import pytest

from test_chain import boot_debian, chained  # noqa: F401, a fixture

MODELS = ['virtio', 'e1000', 'e1000e', 'rtl8139', 'pcnet', 'ne2k_pci', 'vmxnet3', 'i82559c']
WAYS = [(model, 'kpxe', 'undi') for model in MODELS]
WAYS += [('virtio', 'pxe', 'virtio-net'), ('e1000', 'pxe', 'e1000'), ('rtl8139', 'pxe', 'undi')]


@pytest.mark.reveille
@pytest.mark.parametrize('scheme', ['tftp', 'http'])
@pytest.mark.parametrize('model, kind, driver', WAYS)
def test_debian(model, kind, driver, scheme, chained, web, kernel, out):  # noqa: F811
    boot_debian(model, kind, driver, scheme, chained, web, kernel, out)
