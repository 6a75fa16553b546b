# SPDX-License-Identifier: BSD-2-Clause
"""
A Linux that does what firmware does: fetches a file with wget on an emulated NIC, and switches off. Debian's kernel
with the modules of its own package, busybox as all the rest. Made once, kept in the build directory.
"""

import glob
import gzip
import lzma
import os
import shutil
import subprocess

from bench.machines import Failed
from lab import media

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = 'linux-image-amd64'
# What is not there is built in. Which needs which differs between kernels: the guest tries more than once.
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'failover',
           'net_failover', 'virtio_net', 'e1000')
INIT = '''#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for try in 1 2 3; do
	for module in %s; do
		[ ! -f /$module.ko ] || insmod /$module.ko 2>/dev/null
	done
done
ip address add 10.77.0.60/24 dev eth0
ip link set eth0 up
for try in $(seq 100); do
	[ "$(cat /sys/class/net/eth0/carrier)" != 1 ] || break
	sleep 0.1
done
for word in $(cat /proc/cmdline); do
	case $word in url=*) url=${word#url=} ;; esac
done
wget -q -O /dev/null "$url" || echo "wget failed"
poweroff -f
'''


def cpio(files):
    """A newc archive (the kernel's initramfs-format.rst) of name -> bytes; None for a directory."""
    archive = bytearray()
    for number, (name, data) in enumerate([*files.items(), ('TRAILER!!!', b'')], 1):
        archive += media.cpio_header(name, 0o040755 if data is None else 0o100755, len(data or b''), number)
        archive += (data or b'') + bytes(-len(data or b'') % 4)
    return bytes(archive)


def module(tree, name):
    """Its bytes, however the package has compressed it; None when it has it not."""
    for path in glob.glob(os.path.join(tree, '**', name + '.ko*'), recursive=True):
        with open(path, 'rb') as file:
            data = file.read()
        if path.endswith('.ko'):
            return data
        if path.endswith('.xz'):
            return lzma.decompress(data)
        raise Failed('%s: neither plain nor xz' % path)
    return None


def busybox():
    path = shutil.which('busybox')
    if not path:
        raise Failed('busybox is not installed')
    with open(path, 'rb') as file:
        return file.read()


def make(tree, target):
    files = dict.fromkeys(('bin', 'dev', 'proc', 'sys'))
    files.update({'bin/busybox': busybox(), 'bench': (INIT % ' '.join(MODULES)).encode()})
    files.update({name + '.ko': data for name, data in ((n, module(tree, n)) for n in MODULES) if data})
    if 'e1000.ko' not in files:
        raise Failed('the package of the kernel has no modules')
    with open(os.path.join(target, 'initrd.img'), 'wb') as file:
        file.write(gzip.compress(cpio(files), 6))
    kernel, = glob.glob(os.path.join(tree, 'boot', 'vmlinuz-*'))
    shutil.copyfile(kernel, os.path.join(target, 'vmlinuz'))


def made(cache):
    """(kernel, initrd). The first time it has to reach Debian's servers, hence before there is a Site. May fail."""
    target = os.path.join(cache, 'guest')
    if not os.path.isdir(target):
        tree, temp = os.path.join(cache, 'guest-tree'), target + '.part'
        done = subprocess.run([os.path.join(ROOT, 'util', 'setup'), '--unpack', PACKAGE, tree], timeout=600,
                              check=False)
        if done.returncode:
            raise Failed('%s cannot be had' % PACKAGE)
        shutil.rmtree(temp, ignore_errors=True)
        os.makedirs(temp)
        make(tree, temp)
        os.rename(temp, target)
        shutil.rmtree(tree)
    return os.path.join(target, 'vmlinuz'), os.path.join(target, 'initrd.img')
