# SPDX-License-Identifier: BSD-2-Clause
"""
An IPv6 router that has nothing to offer (RFC 4861): a machine that asks for one at boot, as iPXE's ROMs do, need not
wait until it is sure that there is none, which takes it 16 s.
"""

import os
import select
import socket
import struct
import threading

ETH_P_IPV6 = 0x86dd
ALL_NODES = b'\x33\x33\0\0\0\1', socket.inet_pton(socket.AF_INET6, 'ff02::1')
MAC = b'\x52\x54\0\0\0\6'
ADDRESS = socket.inet_pton(socket.AF_INET6, 'fe80::5054:ff:fe00:6')


def checksum(data):
    return -sum(struct.unpack('!%dH' % (len(data) // 2), data)) % 0xffff


def advertisement():
    """To all nodes: no prefix, no DHCPv6, and we are no default router."""
    body = struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 0, 0, 0)
    pseudo = ADDRESS + ALL_NODES[1] + struct.pack('!II', len(body), 58)
    body = body[:2] + struct.pack('!H', checksum(pseudo + body)) + body[4:]
    return (ALL_NODES[0] + MAC + struct.pack('!HIHBB', ETH_P_IPV6, 6 << 28, len(body), 58, 255) +
            ADDRESS + ALL_NODES[1] + body)


class Router:
    """Answers router solicitations on the bridge of a net.Lan, until close()."""

    def __init__(self, lan):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IPV6))
        self.sock.bind((lan.bridge, ETH_P_IPV6))
        self.end, self.wake = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self.sock, self.end], [], [])
            if self.end in ready:
                return
            frame = self.sock.recv(2048)
            if len(frame) > 54 and frame[20] == 58 and frame[54] == 133:
                self.sock.send(advertisement())

    def close(self):
        os.write(self.wake, b'x')
        self.thread.join(5)
        self.sock.close()
        os.close(self.end)
        os.close(self.wake)
