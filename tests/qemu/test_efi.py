# SPDX-License-Identifier: BSD-2-Clause
"""
UEFI's main job: Debian comes up on x86-64 and arm64, wherever we were started from. All cards and ways: sweep_efi.py.

Ways, and what each takes the script from: a FAT disk and the option ROM ask DHCP, which names boot.ipxe; after the
firmware's own PXE or HTTP Boot the lease is there and autoexec.ipxe lies beside the file that it loaded.
"""

import os
import re

import pytest

from lab import efi, media, net, pcap
from lab.qemu import LabError, Nic
from test_boot import booted, digest, files_of

pytestmark = pytest.mark.reveille
NOISE = media.noise(300001)
CHIPS = {'virtio': 'virtio-net', 'e1000': 'e1000'}
# OVMF has no driver for these: it drives them with iPXE's, out of QEMU's ROM, which also has a PXE of its own.
FOREIGN_ROM = ('e1000', 'rtl8139')


def boot_file(cpu, via, name='reveille.efi'):
    """dnsmasq's options for a firmware that asks by PXE or by HTTP Boot, and only so; UEFI 24.4, 24.7, RFC 5970."""
    if via == 'pxe':
        return ['--dhcp-match=set:pxe,option:client-arch,%d' % efi.CPUS[cpu].pxe_arch, '--dhcp-boot=tag:pxe,' + name]
    return ['--dhcp-match=set:http,option:client-arch,%d' % efi.CPUS[cpu].http_arch,
            '--dhcp-boot=tag:http,http://%s/%s' % (net.SERVER_IP, name),
            '--dhcp-option-force=tag:http,60,HTTPClient']


def script_of(scheme, cpu, chip):
    """A script, and the command line and initrd that it must give to Debian."""
    line = 'console=%s quiet %s=a=b mark=' % (efi.CPUS[cpu].console, scheme)
    return line + '52:54:00:12:34:56', media.script(
        'iseq ${net0/chip} %s || exit' % chip,
        'set base %s://%s' % (scheme, net.SERVER_IP),
        'kernel ${base}/vmlinuz %s${net0/mac}' % line,
        'initrd ${base}/initrd.img', 'initrd ${base}/noise.bin /noise', 'boot')


def comes_up(machine):
    """booted(), but does not wait when the firmware has us back."""
    if 'failed' in machine.expect(['REVEILLE-BOOTED', r'BdsDxe: failed to start .*'], 300).group(0):
        raise LabError('did not boot:\n' + machine.serial.tail())
    machine.serial.pos -= len('REVEILLE-BOOTED')
    return booted(machine)


@pytest.fixture
def boot(lan, serve, web, uefi, artefact, kernel_of, out, rom):
    """boot(cpu, model, via, image, scheme): Debian comes up, and has all that the script gave it."""
    def run(cpu, model, via, image, scheme):
        native = image == 'reveille' and model in CHIPS
        cmdline, text = script_of(scheme, cpu, CHIPS[model] if native else 'snp')
        program = None if via.endswith('rom') else artefact('efi', cpu, image)
        payload = {**kernel_of(cpu), 'noise.bin': NOISE}
        tftp, www = (payload, {}) if scheme == 'tftp' else ({}, payload)
        nic = Nic(model, lan.port())
        parts = {'cpu': cpu, 'nics': [nic]}
        options, boot_name = [], 'boot.ipxe'
        if via in ('pxe', 'http'):
            options, boot_name = boot_file(cpu, via), None
            (tftp if via == 'pxe' else www).update({'reveille.efi': program, 'autoexec.ipxe': text})
            parts['ask'], nic.bootindex = via, 0
            if model in FOREIGN_ROM:
                nic.rom = rom(model, 'efirom')
        else:
            tftp['boot.ipxe'] = text
        if via == 'disk':
            parts['disk'] = efi.fat_disk(os.path.join(out, 'disk.img'), efi.removable(cpu, program))
        elif via.endswith('rom'):
            nic.rom, nic.bootindex = artefact(via, model, cpu), 0
        serve('dnsmasq', tftp, boot=boot_name, options=options)
        if www:
            web('nginx', www)
        report = comes_up(uefi(**parts))
        assert re.search(r'^cmdline: (.*?)\r?$', report, re.M).group(1) == cmdline
        assert files_of(report) == {'/noise': ('644', len(NOISE), digest(NOISE))}
        if via in ('pxe', 'http') and model not in FOREIGN_ROM:  # the lease is the firmware's, which is no iPXE
            asked = pcap.dhcp(pcap.read(os.path.join(out, 'net0.pcap')))
            assert asked and not any(b'iPXE' in options.get(77, b'') for _, _, options in asked)
    return run


@pytest.mark.parametrize('cpu, model, via, image, scheme', [
    ('x64', 'virtio', 'disk', 'reveille', 'http'),
    ('x64', 'e1000', 'disk', 'reveille', 'tftp'),
    ('x64', 'virtio', 'pxe', 'reveille', 'tftp'),
    ('x64', 'virtio', 'pxe', 'snponly', 'http'),
    ('x64', 'e1000', 'pxe', 'reveille', 'http'),
    ('x64', 'virtio', 'http', 'reveille', 'http'),
    ('x64', 'virtio', 'efirom', 'reveille', 'http'),
    ('x64', 'e1000', 'bothrom', 'reveille', 'tftp'),
    ('arm64', 'virtio', 'pxe', 'reveille', 'http'),
    ('arm64', 'e1000', 'disk', 'reveille', 'tftp'),
])
def test_debian(cpu, model, via, image, scheme, boot):
    boot(cpu, model, via, image, scheme)
