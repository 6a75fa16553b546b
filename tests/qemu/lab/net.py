# SPDX-License-Identifier: BSD-2-Clause
"""
Networks for the lab's machines. A port is what one NIC plugs into: netdev(id) gives QEMU's option, fds() the
descriptors QEMU inherits, started() is called once QEMU has them, close() unplugs.

Lan    a bridge in a network namespace of its own, with this process in it: for real servers. Needs root or
       user namespaces. Ports are taps, or, where /dev/net/tun cannot be opened, sockets relayed to a veth.
Far    a second bridge, a long or lossy way from a Lan's.
Wire   an Ethernet hub inside this process: for the servers of host.py. Needs nothing.
UserPort, DeadPort   QEMU's user-mode network; a port where nobody is.
"""

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
ETH_P_ALL = 3
PACKET_IGNORE_OUTGOING = 23
SERVER_IP = '10.77.0.1'


class Refused(Exception):
    """The environment does not let us have this network; the text says what and why."""


def run(*args):
    done = subprocess.run(args, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise Refused('%s: %s' % (' '.join(args), done.stderr.strip() or 'failed'))
    return done.stdout


def unshare_network():
    """Moves the calling thread, and what it starts from now on, into a new network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise Refused('no network namespace: ' + os.strerror(ctypes.get_errno()))


def probe():
    """
    What this environment can do, found by doing it in a child process: ('tap'|'relay', ''), or (None, why).
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        answer = 'none:'
        try:
            os.close(read_end)
            lan = Lan(veth_only=False)
            answer = lan.kind + ':'
        except (Refused, OSError) as error:
            answer = 'none:' + str(error)
        finally:
            os.write(write_end, answer.encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        kind, _, why = pipe.read().partition(':')
    os.waitpid(child, 0)
    return (None if kind == 'none' else kind), why


def tap_open(name, flags=0):
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI | flags))
    except OSError:
        os.close(tun)
        raise
    return tun


def checksums_off(name):
    """Makes the kernel write whole checksums: what is relayed as bytes has no offload to finish them."""
    value = ctypes.create_string_buffer(struct.pack('II', ETHTOOL_STXCSUM, 0))
    request = struct.pack('16sP16x', name.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


def dropped(name):
    """Frames for that interface that had no room in its queue since it was made."""
    link, = json.loads(run('ip', '-s', '-j', 'link', 'show', 'dev', name))
    return link['stats64']['tx']['dropped']


def packet_end(lan, number):
    """(packet socket, name) of the far end of a cable into the bridge: a read is a frame, whole and no longer."""
    inner, outer = 'veth%d' % number, 'port%d' % number
    run('ip', 'link', 'add', inner, 'type', 'veth', 'peer', 'name', outer)
    run('ip', 'link', 'set', outer, 'master', lan.bridge, 'up')
    run('ip', 'link', 'set', inner, 'up')
    for name in (inner, outer, lan.bridge):
        checksums_off(name)  # and with them what joins frames: it needs checksums made by the card
    packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packet.setsockopt(263, PACKET_IGNORE_OUTGOING, 1)  # SOL_PACKET
    packet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    packet.bind((inner, 0))
    return packet, inner


class Bridge:
    """What can be plugged into a bridge; a subclass has `bridge`, `kind` and number()."""

    def host(self, ip):
        """Another computer, for a server that must not share port 67 with ours, or for a client."""
        return Neighbour(self, ip, self.number())

    def port(self):
        return (TapPort if self.kind == 'tap' else RelayPort)(self, self.number())


class Lan(Bridge):
    """
    A bridge br0 at SERVER_IP/24 in a new network namespace, which the calling thread enters for good. The
    namespace goes when the last process in it has ended: nothing to clean up.
    """

    def __init__(self, veth_only=False):
        unshare_network()
        self.ip = SERVER_IP
        self.bridge = 'br0'
        self.prefix = []
        self.ports = 0
        for knob in ('all', 'default'):
            try:
                with open('/proc/sys/net/ipv6/conf/%s/disable_ipv6' % knob, 'w', encoding='ascii') as file:
                    file.write('1')
            except OSError:
                pass  # no IPv6 at all, or a read-only /proc: only noise in the captures
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', self.bridge, 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0',
            'mcast_snooping', '0')
        run('ip', 'address', 'add', self.ip + '/24', 'brd', '+', 'dev', self.bridge)
        run('ip', 'link', 'set', self.bridge, 'address', '02:00:00:00:77:01', 'up')
        self.kind = 'relay' if veth_only or not self._tap_works() else 'tap'

    def _tap_works(self):
        try:
            os.close(tap_open('probe0'))
        except OSError:
            return False
        return True

    def net_table(self, name):
        return '/proc/thread-self/net/' + name

    def number(self):
        """One that no name of an interface has yet."""
        self.ports += 1
        return self.ports


class Far(Bridge):
    """
    A bridge that tests/relay.c joins to a Lan's: what is plugged into it is delay_us away from the Lan, one way, and
    loss percent of the frames do not arrive, each way. A pair of values: there, back. close() returns what the relay
    counted, by direction: 'there' is from the Lan.
    """

    def __init__(self, lan, program, delay_us=0, loss=0, rate_mbit=0, seed=1):
        self.lan = lan
        self.kind = lan.kind
        self.bridge = 'far%d' % lan.number()
        run('ip', 'link', 'add', self.bridge, 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0',
            'mcast_snooping', '0')
        # Linux answers on every interface for every address it has: the server would be near as well.
        with open('/proc/sys/net/ipv4/conf/%s/arp_ignore' % self.bridge, 'w', encoding='ascii') as file:
            file.write('8')
        run('ip', 'link', 'set', self.bridge, 'up')
        self.ends = [self._end(lan), self._end(self)]
        args = [program]
        for letter, value in zip('dlrs', (delay_us, loss, rate_mbit, seed)):
            args += ['-' + letter, ','.join(map(str, value)) if isinstance(value, tuple) else str(value)]
        fds = [end[0] for end in self.ends]
        self.process = subprocess.Popen(args + [str(fd) for fd in fds], pass_fds=fds, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != 'ready\n':
            raise Refused('%s does not start' % program)

    def _end(self, lan):
        number = self.lan.number()
        if self.kind == 'tap':
            name = 'relay%d' % number
            end = tap_open(name)
            # The way has a queue of its own; this one is not to be the shorter.
            run('ip', 'link', 'set', name, 'master', lan.bridge, 'txqueuelen', '10000', 'up')
        else:
            packet, name = packet_end(lan, number)
            end = packet.detach()
        return end, name

    def number(self):
        return self.lan.number()

    def close(self):
        if self.process is None:
            return None
        text, _ = self.process.communicate(timeout=20)
        self.process = None
        counted = {}
        for line in text.splitlines():
            way, *fields = line.split()
            counted[{'a-b': 'there', 'b-a': 'back'}[way]] = {
                name: int(value) for name, value in (field.split('=') for field in fields)}
        for (end, name), way in zip(self.ends, ('there', 'back')):
            counted[way]['dropped'] = dropped(name)
            os.close(end)
        run('ip', 'link', 'del', self.bridge)
        return counted


class Neighbour:
    """
    A computer on a Lan: a network namespace held by a sleeping process. prefix is put before a command that
    is to run there, net_table(name) is a file of its /proc/net. close() ends it.
    """

    def __init__(self, lan, ip, number):
        self.ip = ip
        self.bridge = 'eth0'
        inner, outer = 'host%d' % number, 'hport%d' % number
        self.process = subprocess.Popen(['unshare', '-n', 'sleep', '600'], stdin=subprocess.DEVNULL)
        try:
            self._wait()
            self.prefix = ['nsenter', '-t', str(self.process.pid), '-n']
            run('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner)
            run('ip', 'link', 'set', outer, 'master', lan.bridge, 'up')
            run('ip', 'link', 'set', inner, 'netns', str(self.process.pid), 'name', 'eth0')
            run(*self.prefix, 'ip', 'address', 'add', ip + '/24', 'brd', '+', 'dev', 'eth0')
            run(*self.prefix, 'ip', 'link', 'set', 'eth0', 'up')
        except Refused:
            self.close()
            raise

    def _wait(self):
        """Until the process has a namespace that is not ours."""
        ours = os.readlink('/proc/thread-self/ns/net')
        for _ in range(500):
            if os.readlink('/proc/%d/ns/net' % self.process.pid) != ours:
                return
            time.sleep(0.01)
        raise Refused('unshare -n does not get a network namespace')

    def net_table(self, name):
        return '/proc/%d/net/%s' % (self.process.pid, name)

    def close(self):
        self.process.kill()
        self.process.wait()


class Port:
    """The common part: descriptors for QEMU are ours until it has started, then they are closed here."""

    def __init__(self, fd=None):
        self.fd = fd

    def netdev(self, name):
        raise NotImplementedError

    def fds(self):
        return [] if self.fd is None else [self.fd]

    def started(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def close(self):
        self.started()


class TapPort(Port):
    """
    As a manager of machines makes them, able to carry segments that are still together. We hold the tap, too: it
    outlives QEMU, and close() notes in `dropped` what its queue had no room for.
    """

    def __init__(self, lan, number):
        self.name = 'tap%d' % number
        self.dropped = 0
        super().__init__(tap_open(self.name, IFF_VNET_HDR))
        run('ip', 'link', 'set', self.name, 'master', lan.bridge, 'up')

    def netdev(self, name):
        return 'tap,id=%s,fd=%d' % (name, self.fd)

    def started(self):
        pass

    def close(self):
        if self.fd is not None:
            self.dropped = dropped(self.name)
        super().started()


class SocketPort(Port):
    """A pair of datagram sockets: a datagram is a frame. self.sock is our end."""

    def __init__(self):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for sock in (self.sock, theirs):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        super().__init__(theirs.detach())

    def netdev(self, name):
        return 'socket,id=%s,fd=%d' % (name, self.fd)


class RelayPort(SocketPort):
    """Frames go between QEMU's socket and a packet socket on one end of a veth pair."""

    def __init__(self, lan, number):
        super().__init__()
        self.packet, _ = packet_end(lan, number)
        self.closing, self.wake = socket.socketpair()
        self.thread = threading.Thread(target=self._relay, daemon=True)
        self.thread.start()

    def _relay(self):
        while True:
            ready, _, _ = select.select([self.sock, self.packet, self.closing], [], [])
            if self.closing in ready:
                return
            try:
                if self.packet in ready:
                    self.sock.send(self.packet.recv(65536))
                if self.sock in ready:
                    self.packet.send(self.sock.recv(65536))
            except OSError:
                pass  # QEMU gone, or a frame too large: a lost frame

    def close(self):
        super().close()
        if not self.thread.is_alive():
            return
        self.wake.send(b'x')
        self.thread.join(5)
        for sock in (self.sock, self.packet, self.closing, self.wake):
            sock.close()


class UserPort(Port):
    """QEMU's user-mode network with its DHCP and TFTP servers; gateway and server are 10.0.2.2."""

    def __init__(self, tftp, bootfile):
        super().__init__()
        self.tftp = tftp
        self.bootfile = bootfile

    def netdev(self, name):
        return 'user,id=%s,tftp=%s,bootfile=%s,ipv6=off' % (name, self.tftp, self.bootfile)


class DeadPort(Port):
    """A hub with nobody else on it: the link is up, and nobody ever answers."""

    count = 0

    def __init__(self):
        super().__init__()
        DeadPort.count += 1
        self.hub = 1000 + DeadPort.count

    def netdev(self, name):
        return 'hubport,id=%s,hubid=%d' % (name, self.hub)
