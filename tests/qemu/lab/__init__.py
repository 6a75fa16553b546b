# SPDX-License-Identifier: BSD-2-Clause
"""
The lab: machines in QEMU, networks for them, servers on those networks, and eyes on all three.

qemu.py      one machine: its serial line, screen, keyboard, memory, captures
efi.py       one with UEFI, on x86-64 or arm64; its disks, keys, and programs of others
net.py       networks: a bridge in a network namespace, a wire in this process, QEMU's user-mode network
servers.py   dnsmasq, atftpd and tftpd-hpa as users run them
web.py       nginx and Apache, likewise
router.py    an IPv6 router without anything to offer
host.py      DHCP and TFTP servers of our own, which misbehave on demand; they need no privilege
pcap.py      reads what was on the wire
media.py     the files that are booted: probe kernel, boot scripts, ISO images, disks
handover.py  what the probe kernel was given
firmware.py  what is under test, and the words it is known by
"""

import unittest


class Missing(unittest.SkipTest):
    """What was not built, or is not installed. pytest skips a test that it comes out of, as it does for unittest."""
