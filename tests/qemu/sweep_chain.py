# SPDX-License-Identifier: BSD-2-Clause
"""
All cards that QEMU has a PXE ROM for, through that ROM (reveille.kpxe), by TFTP and by HTTP, each to a booted Debian.
`make check` has some of these, `make soak` runs all.
"""

import pytest

from test_chain import boot_debian, chained  # noqa: F401, a fixture

MODELS = ['virtio', 'e1000', 'e1000e', 'rtl8139', 'pcnet', 'ne2k_pci', 'vmxnet3', 'i82559c']


@pytest.mark.reveille
@pytest.mark.parametrize('scheme', ['tftp', 'http'])
@pytest.mark.parametrize('model', MODELS)
def test_debian(model, scheme, chained, web, kernel):  # noqa: F811
    boot_debian(model, 'kpxe', 'undi', scheme, chained, web, kernel)
