# SPDX-License-Identifier: BSD-2-Clause
"""The main job: a real kernel comes up that the firmware fetched, from every server, with every NIC."""

import os

import pytest

from lab import media, net, pcap
from lab.qemu import Nic

NIC_MODELS = ['virtio-legacy', 'virtio-modern', 'e1000']
SCRIPT = media.script(
    'kernel tftp://${next-server}/vmlinuz console=tty0 console=ttyS0 quiet mark=${net0/mac}',
    'initrd tftp://${next-server}/initrd.img',
    'boot')


def nic_for(via, model, port, artefact):
    """The NIC, and the parts a machine needs beside it."""
    if via == 'rom':
        return [Nic(model, port, artefact('rom', model), bootindex=0)], {}
    return [Nic(model, port)], {'kernel': artefact('lkrn')}


def booted(machine):
    """Waits for the system's report and its end, returns the report."""
    machine.expect('REVEILLE-BOOTED', 90)
    start = machine.serial.pos
    machine.expect('REVEILLE-END', 30)
    report = machine.serial.text()[start:machine.serial.pos]
    machine.wait_off(30)
    return report


@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
@pytest.mark.parametrize('model', NIC_MODELS)
@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_debian(via, model, server, lan, serve, machine, artefact, kernel, out):
    nics, parts = nic_for(via, model, lan.port(), artefact)
    serve(server, {'boot.ipxe': SCRIPT, **kernel})
    report = booted(machine(nics=nics, **parts))
    assert 'mark=52:54:00:12:34:56' in report

    fetched = {t.name.lstrip('/'): t for t in pcap.transfers(pcap.read(os.path.join(out, 'net0.pcap')))}
    assert list(fetched) == ['boot.ipxe', 'vmlinuz', 'initrd.img']
    for name, path in kernel.items():
        assert fetched[name].size == os.path.getsize(path)


@pytest.mark.parametrize('model', ['virtio', 'e1000'])
@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_debian_user_network(via, model, machine, artefact, kernel, out):
    """Runs everywhere: QEMU's own DHCP and TFTP servers."""
    root = media.offer(os.path.join(out, 'tftp'), {'boot.ipxe': SCRIPT, **kernel})
    nics, parts = nic_for(via, model, net.UserPort(root, 'boot.ipxe'), artefact)
    booted(machine(nics=nics, **parts))
