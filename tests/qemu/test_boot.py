# SPDX-License-Identifier: BSD-2-Clause
"""The main job: a real kernel comes up that the firmware fetched, from every server, with every NIC."""

import hashlib
import os
import re

import pytest

from lab import media, net, pcap

# On a busy host an emulated timer can look broken to the kernel, which then panics: no_timer_check.
QUIET = 'console=ttyS0 quiet no_timer_check'
SCRIPT = media.script(
    'kernel tftp://${next-server}/vmlinuz console=tty0 %s mark=${net0/mac}' % QUIET,
    'initrd tftp://${next-server}/initrd.img',
    'boot')


def booted(machine):
    """Waits for the system's report and its end, returns the report. The way there may lead over slow loaders."""
    machine.expect('REVEILLE-BOOTED', 300)
    start = machine.serial.pos
    machine.expect('REVEILLE-END', 30)
    report = machine.serial.text()[start:machine.serial.pos]
    machine.wait_off(30)
    return report


def files_of(report):
    """Path -> (mode, size, SHA-256) of the files that came with other initrds."""
    rows = re.findall(r'^file: (\d+) (\d+) ([0-9a-f]{64})  (\S+)', report, re.M)
    return {path: (mode, int(size), digest) for mode, size, digest, path in rows}


def usable(report):
    return re.findall(r'^e820: \[mem (\S+)\] usable', report, re.M)


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
@pytest.mark.parametrize('model', ['virtio-legacy', 'virtio-modern', 'e1000'])
@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_debian(via, model, server, lan, serve, machine, plug, kernel, out):
    parts = plug(via, model, lan.port())
    serve(server, {'boot.ipxe': SCRIPT, **kernel})
    report = booted(machine(**parts))
    assert 'mark=52:54:00:12:34:56' in report

    fetched = {t.name.lstrip('/'): t for t in pcap.transfers(pcap.read(os.path.join(out, 'net0.pcap')))}
    assert list(fetched) == ['boot.ipxe', 'vmlinuz', 'initrd.img']
    for name, path in kernel.items():
        assert fetched[name].size == os.path.getsize(path)


@pytest.mark.parametrize('model', ['virtio', 'e1000'])
@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_debian_user_network(via, model, machine, plug, kernel, out):
    """Runs everywhere: QEMU's own DHCP and TFTP servers."""
    root = media.offer(os.path.join(out, 'tftp'), {'boot.ipxe': SCRIPT, **kernel})
    booted(machine(**plug(via, model, net.UserPort(root, 'boot.ipxe'))))


def test_initrds(machine, plug, kernel, out):
    """Several initrds arrive as one; `initrd URL path` puts a plain file into the booted system."""
    one, two, empty = media.noise(70001, 1), media.noise(3, 2), b''
    root = media.offer(os.path.join(out, 'tftp'), {
        'one.bin': one, 'two.bin': two, 'empty.bin': empty, **kernel,
        'boot.ipxe': media.script(
            'kernel vmlinuz ' + QUIET,
            'initrd initrd.img',
            'initrd one.bin one',
            'initrd two.bin two.txt mode=640',
            'boot')})
    report = booted(machine(**plug('rom', 'virtio', net.UserPort(root, 'boot.ipxe'))))
    files = files_of(report)
    assert set(files) == {'/one', '/two.txt'}
    assert files['/one'][1:] == (len(one), digest(one))
    assert files['/two.txt'] == ('640', len(two), digest(two))


@pytest.mark.reveille
def test_initrd_path_makes_directories(machine, plug, kernel, out):
    data = media.noise(5000)
    root = media.offer(os.path.join(out, 'tftp'), {
        'key': data, **kernel,
        'boot.ipxe': media.script('kernel vmlinuz ' + QUIET, 'initrd initrd.img',
                                  'initrd key /etc/cluster/key', 'boot')})
    report = booted(machine(**plug('rom', 'virtio', net.UserPort(root, 'boot.ipxe'))))
    assert files_of(report)['/etc/cluster/key'] == ('644', len(data), digest(data))


@pytest.mark.parametrize('via', ['rom', 'lkrn'])
def test_memory_given_back(via, machine, plug, kernel, out):
    """The kernel has the memory that it has when QEMU loads it directly."""
    direct = machine(kernel=kernel['vmlinuz'], initrd=kernel['initrd.img'], mirror=False,
                     append=QUIET + ' e820')
    expected = usable(booted(direct))
    root = media.offer(os.path.join(out, 'tftp'), {**kernel, 'boot.ipxe': SCRIPT.replace(
        QUIET, QUIET + ' e820')})
    assert usable(booted(machine(**plug(via, 'virtio', net.UserPort(root, 'boot.ipxe'))))) == expected
