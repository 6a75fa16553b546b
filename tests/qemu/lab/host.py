# SPDX-License-Identifier: BSD-2-Clause
"""
A wire and its stations inside this process: ARP, IPv4, UDP, and DHCP and TFTP servers that do as tests
tell them, also what no real server does. Frames are datagrams on the sockets of net.SocketPort; all runs in
one thread for each wire. Servers are told apart by address, so one station can be many.

Not here: IP fragments, TCP, ICMP. Checksums are sent right and not checked.
"""

import select
import socket
import struct
import threading
import time

from . import net, pcap

BROADCAST = b'\xff' * 6


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_frame(src_mac, dst_mac, src, sport, dst, dport, payload):
    """An Ethernet frame with one UDP datagram."""
    source, dest = socket.inet_aton(src), socket.inet_aton(dst)
    length = 8 + len(payload)
    body = struct.pack('!HHHH', sport, dport, length, 0) + payload
    total = checksum(source + dest + struct.pack('!HH', 17, length) + body) or 0xffff
    body = body[:6] + struct.pack('!H', total) + body[8:]
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + length, 0, 0x4000, 64, 17, 0, source, dest)
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    return dst_mac + src_mac + b'\x08\x00' + header + body


class Wire:
    """An Ethernet hub: machines on ports, stations in this process. start() it when all is plugged."""

    def __init__(self):
        self.ports = []
        self.stations = []
        self.timers = []
        self.lock = threading.RLock()
        self.closing, self.wake = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def port(self):
        port = net.SocketPort()
        port.sock.setblocking(False)
        self.ports.append(port)
        return port

    def station(self, ip=net.SERVER_IP, mac=b'\x02\0\0\0\x77\x02'):
        station = Station(self, ip, mac)
        self.stations.append(station)
        return station

    def start(self):
        self.thread.start()
        return self

    def after(self, seconds, call):
        """Runs call() in the wire's thread; returns a handle for cancel()."""
        timer = [time.monotonic() + seconds, call]
        with self.lock:
            self.timers.append(timer)
        if threading.current_thread() is not self.thread:
            self.wake.send(b't')
        return timer

    def cancel(self, timer):
        with self.lock:
            if timer in self.timers:
                self.timers.remove(timer)

    def send(self, frame, but=None):
        frame = frame.ljust(60, b'\0')
        for port in self.ports:
            if port is not but:
                self._deliver(port, frame)

    def _deliver(self, port, frame):
        try:
            port.sock.send(frame)
        except BlockingIOError:
            # QEMU is busy: wait a moment for it rather than lose a frame.
            select.select([], [port.sock], [], 0.5)
            try:
                port.sock.send(frame)
            except OSError:
                pass
        except OSError:
            pass  # the machine is off

    def _due(self):
        now = time.monotonic()
        with self.lock:
            due = [t for t in self.timers if t[0] <= now]
            self.timers = [t for t in self.timers if t[0] > now]
        for timer in due:
            timer[1]()
        with self.lock:
            return max(0.0, min([t[0] for t in self.timers], default=now + 60) - time.monotonic())

    def _run(self):
        by_sock = {p.sock: p for p in self.ports}
        while True:
            wait = self._due()
            ready, _, _ = select.select(list(by_sock) + [self.closing], [], [], wait)
            for sock in ready:
                try:
                    data = sock.recv(65536)
                except OSError:
                    data = b''
                if sock is self.closing:
                    if b'x' in data:
                        return
                elif data:
                    self._input(by_sock[sock], data)
                else:
                    by_sock.pop(sock)  # the machine is off

    def _input(self, port, frame):
        if len(self.ports) > 1:
            self.send(frame, but=port)
        for station in self.stations:
            station.input(frame)

    def close(self):
        if self.thread.ident:
            self.wake.send(b'x')
            self.thread.join(10)
        for port in self.ports:
            port.close()
            port.sock.close()
        self.closing.close()
        self.wake.close()


class Station:
    """One computer on a wire. listen(port, call): call(packet, reply) for each datagram."""

    def __init__(self, wire, ip, mac):
        self.wire = wire
        self.ip = ip
        self.mac = mac
        self.listeners = {}
        self.neighbours = {}
        self.silent = False  # true: hears all, says nothing
        self.arps = 0

    def listen(self, port, call):
        self.listeners[port] = call

    def forget(self, port):
        self.listeners.pop(port, None)

    def input(self, frame):
        if frame[:6] not in (BROADCAST, self.mac) or len(frame) < 42:
            return
        if frame[12:14] == b'\x08\x06':
            self._arp(frame)
            return
        packet = pcap.parse_frame(time.monotonic(), frame)
        if packet.dport not in self.listeners or packet.ip_dst not in (self.ip, '255.255.255.255'):
            return
        if packet.ip_src != '0.0.0.0':
            self.neighbours[packet.ip_src] = frame[6:12]
        self.listeners[packet.dport](packet, lambda payload, sport=None: self.send(
            packet.ip_src, packet.sport, payload, sport or packet.dport))

    def _arp(self, frame):
        if frame[20:22] != b'\0\1' or frame[38:42] != socket.inet_aton(self.ip):
            return
        self.arps += 1
        if not self.silent:
            self.wire.send(frame[6:12] + self.mac + b'\x08\x06' + frame[14:20] + b'\0\2' +
                           self.mac + frame[38:42] + frame[22:32])

    def send(self, dst, dport, payload, sport, mac=None):
        if not self.silent:
            mac = mac or self.neighbours.get(dst, BROADCAST)
            self.wire.send(udp_frame(self.mac, mac, self.ip, sport, dst, dport, payload))


class Dhcp:
    """
    A DHCP server on a station. Options are code -> bytes; what a test wants otherwise it sets:

    file, server_name, next_server   fixed fields     options    more options, for OFFER and ACK
    naks      REQUESTs answered by NAK first          pool       the address it gives
    proxy     proxyDHCP: no address; answers on 67 (port 67's DISCOVER) and on 4011
    answer    None, or call(server, message type, packet, options) -> bytes to send, None to stay silent
    delay     seconds before it answers
    """

    def __init__(self, station, file=None, options=None, pool='10.77.0.100', proxy=False, next_server=None):
        self.station = station
        self.file = file
        self.options = dict(options or {})
        self.pool = pool
        self.proxy = proxy
        self.next_server = station.ip if next_server is None else next_server
        self.naks = 0
        self.delay = 0
        self.answer = None
        self.seen = []  # (time, message type, options, payload)
        station.listen(67, self._input)
        if proxy:
            station.listen(4011, self._input)

    def count(self, message):
        return sum(1 for s in self.seen if s[1] == message)

    def _input(self, packet, _reply):
        payload = packet.payload
        if len(payload) < 241 or payload[0] != 1 or payload[236:240] != b'\x63\x82\x53\x63':
            return
        options = pcap.dhcp_options(payload)
        message = options.get(53, b'\0')[0]
        self.seen.append((packet.time, message, options, payload))
        kind = self._kind(packet, message, options)
        if kind is None:
            return
        reply = self.reply(payload, kind)
        if self.answer:
            reply = self.answer(self, kind, packet, reply)
        if reply is None:
            return
        if self.delay:
            self.station.wire.after(self.delay, lambda: self._send(packet, reply))
        else:
            self._send(packet, reply)

    def _kind(self, packet, message, options):
        """The message type of our answer, None for silence."""
        if self.proxy:
            if packet.dport == 4011:
                return pcap.ACK
            return pcap.OFFER if message == pcap.DISCOVER and b'PXEClient' in options.get(60, b'') else None
        if message == pcap.DISCOVER:
            return pcap.OFFER
        if message != pcap.REQUEST:
            return None
        if options.get(54, socket.inet_aton(self.station.ip)) != socket.inet_aton(self.station.ip):
            return None
        if self.naks > 0:
            self.naks -= 1
            return pcap.NAK
        return pcap.ACK

    def reply(self, request, kind, options=None):
        """The BOOTP payload of an answer to a request."""
        nak = kind == pcap.NAK
        address = '0.0.0.0' if self.proxy or nak else self.pool
        fixed = struct.pack('!BBBB4sHH4s4s4s4s16s', 2, 1, 6, 0, request[4:8], 0,
                            struct.unpack_from('!H', request, 10)[0], b'\0' * 4, socket.inet_aton(address),
                            socket.inet_aton('0.0.0.0' if nak else self.next_server),
                            b'\0' * 4, request[28:44])
        file = b'' if nak or self.file is None else self.file.encode()
        out = {53: bytes([kind]), 54: socket.inet_aton(self.station.ip)}
        if self.proxy:
            out[60] = b'PXEClient'
        elif not nak:
            out.update({51: struct.pack('!I', 3600), 1: b'\xff\xff\xff\0', 3: socket.inet_aton(self.station.ip)})
        if not nak:
            out.update(self.options)
        out.update(options or {})
        body = b''.join(bytes([code, len(value)]) + value for code, value in out.items())
        return fixed + b'\0' * 64 + file[:127].ljust(128, b'\0') + b'\x63\x82\x53\x63' + body + b'\xff'

    def _send(self, packet, reply):
        client_mac = reply[28:34]
        if packet.dport == 4011 or packet.ip_src != '0.0.0.0':
            self.station.send(packet.ip_src, packet.sport, reply, packet.dport, mac=client_mac)
        else:
            self.station.send('255.255.255.255', 68, reply, 67)


class Tftp:
    """
    A TFTP server on a station: files is name -> bytes. RFC 1350, 2347-2349 and 7440. For tests:

    die_at    after this many bytes of any file the whole station falls silent
    error_at  (bytes, code, text): an ERROR in the middle of the transfer
    lie       tsize to announce instead of the size, for the files named in lie_about (None: all)
    pace      seconds to wait before each window: a slow server
    allow     options it knows ((): a server of 1992)
    """

    def __init__(self, station, files, allow=('blksize', 'tsize', 'windowsize')):
        self.station = station
        self.files = files
        self.allow = allow
        self.die_at = self.error_at = self.lie = self.lie_about = None
        self.pace = 0
        self.requests = []  # (time, name, options)
        self.next_port = 20000
        station.listen(69, self._request)

    def _request(self, packet, reply):
        if packet.payload[:2] != b'\0\1':
            return
        name, options = pcap.tftp_strings(packet.payload)
        self.requests.append((packet.time, name, options))
        data = self.files.get(name.lstrip('/'))
        self.next_port += 1
        if data is None:
            reply(b'\0\5\0\1File not found\0', sport=self.next_port)
            return
        Session(self, packet, name.lstrip('/'), options, self.next_port)


class Session:
    """One transfer: a window of blocks, resent from the last acknowledged one when nothing comes."""

    def __init__(self, server, packet, name, options, port):
        self.server = server
        self.peer = (packet.ip_src, packet.sport)
        self.data = data = server.files[name]
        self.port = port
        self.acked = 0
        self.tries = 0
        self.timer = None
        granted = {k: v for k, v in options.items() if k in server.allow}
        self.blksize = int(granted.get('blksize', 512))
        self.window = int(granted.get('windowsize', 1))
        if 'tsize' in granted:
            lies = server.lie is not None and (server.lie_about is None or name in server.lie_about)
            granted['tsize'] = str(server.lie if lies else len(data))
        self.oack = b'\0\6' + b''.join(
            k.encode() + b'\0' + v.encode() + b'\0' for k, v in granted.items()) if granted else None
        self.blocks = len(data) // self.blksize + 1
        server.station.listen(port, self._input)
        self._output()

    def _send(self, payload):
        self.server.station.send(*self.peer, payload, self.port)

    def _end(self):
        self.server.station.wire.cancel(self.timer)
        self.server.station.forget(self.port)

    def _input(self, packet, _reply):
        opcode, block = struct.unpack_from('!HH', packet.payload)
        if opcode == pcap.ERROR:
            self._end()
            return
        if opcode != pcap.TFTP_ACK:
            return
        ahead = (block - self.acked) & 0xffff
        if self.oack and block == 0:
            self.oack = None
        elif not 0 < ahead <= self.window:
            return
        self.acked += ahead
        self.tries = 0
        if self.acked >= self.blocks:
            self._end()
        elif self.server.pace:
            self.server.station.wire.cancel(self.timer)
            self.timer = self.server.station.wire.after(self.server.pace, self._output)
        else:
            self._output()

    def _output(self):
        self.server.station.wire.cancel(self.timer)
        self.timer = self.server.station.wire.after(1.0, self._timeout)
        if self.oack:
            self._send(self.oack)
            return
        for number in range(self.acked + 1, min(self.acked + self.window, self.blocks) + 1):
            at = (number - 1) * self.blksize
            if self.server.die_at is not None and at >= self.server.die_at:
                self.server.station.silent = True
            if self.server.error_at and at >= self.server.error_at[0]:
                _, code, text = self.server.error_at
                self._send(struct.pack('!HH', pcap.ERROR, code) + text.encode() + b'\0')
                self._end()
                return
            self._send(struct.pack('!HH', pcap.DATA, number & 0xffff) + self.data[at:at + self.blksize])

    def _timeout(self):
        self.tries += 1
        if self.tries > 8:
            self._end()
        else:
            self._output()
