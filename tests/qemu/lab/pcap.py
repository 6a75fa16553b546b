# SPDX-License-Identifier: BSD-2-Clause
"""
Reads captures (classic pcap, Ethernet) far enough to ask: who sent which UDP datagram when, what did DHCP
and TFTP say, how long did each file take, who sent which TCP segment. IPv4 only; fragments and truncated packets
keep what is there.
"""

import socket
import struct
from collections import namedtuple

Packet = namedtuple('Packet', 'time src dst type proto ip_src ip_dst sport dport size payload')
Transfer = namedtuple('Transfer', 'name client server start end size options blocks acks resent complete')

Segment = namedtuple('Segment', 'time src sport dst dport seq ack flags size')
FIN, SYN, RST, PSH, TCP_ACK = 1, 2, 4, 8, 16

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
RRQ, WRQ, DATA, TFTP_ACK, ERROR, OACK = range(1, 7)


def mac_text(mac):
    return ':'.join('%02x' % b for b in mac)


def parse_frame(time, frame, size=None):
    """A Packet of an Ethernet frame; fields that are not there are None."""
    src, dst = mac_text(frame[6:12]), mac_text(frame[0:6])
    kind, = struct.unpack_from('!H', frame, 12)
    size = size or len(frame)
    bare = Packet(time, src, dst, kind, None, None, None, None, None, size, frame[14:])
    if kind != 0x0800 or len(frame) < 34:
        return bare
    header = (frame[14] & 15) * 4
    total, = struct.unpack_from('!H', frame, 16)
    fragment, = struct.unpack_from('!H', frame, 20)
    body = frame[14 + header:14 + total]
    bare = bare._replace(proto=frame[23], ip_src=socket.inet_ntoa(frame[26:30]),
                         ip_dst=socket.inet_ntoa(frame[30:34]), payload=body)
    if frame[23] != 17 or len(body) < 8 or fragment & 0x1fff:
        return bare
    sport, dport, length = struct.unpack_from('!HHH', body)
    return bare._replace(sport=sport, dport=dport, size=length - 8, payload=body[8:length])


ETHERTYPES = (b'\x08\x00', b'\x08\x06', b'\x86\xdd')


def ethernet_at(frame):
    """
    Where the frame begins: QEMU before 8.0 writes what a tap puts in front of each (struct virtio_net_hdr), 10 bytes
    or 12 as the driver wants it.
    """
    for at in (0, 10, 12):
        if frame[at + 12:at + 14] in ETHERTYPES:
            return at
    return 0


def frames(path):
    """(time, size on the wire, what was kept) of each. A capture that is still being written ends where it ends."""
    with open(path, 'rb') as file:
        data = file.read()
    if len(data) < 24:
        return
    magic, = struct.unpack_from('<I', data)
    order, unit = {0xa1b2c3d4: ('<', 1e-6), 0xa1b23c4d: ('<', 1e-9),
                   0xd4c3b2a1: ('>', 1e-6), 0x4d3cb2a1: ('>', 1e-9)}[magic]
    at = 24
    while at + 16 <= len(data):
        seconds, part, kept, size = struct.unpack_from(order + 'IIII', data, at)
        frame = data[at + 16:at + 16 + kept]
        start = ethernet_at(frame)
        if len(frame) >= start + 14 and len(frame) == kept:
            yield seconds + part * unit, size - start, frame[start:]
        at += 16 + kept


def read(path):
    """All packets of a capture, in order."""
    return [parse_frame(time, frame, size) for time, size, frame in frames(path)]


def tcp(path):
    """All TCP segments of a capture, in order; of each no more is needed than the headers."""
    found = []
    for time, _, frame in frames(path):
        if frame[12:14] != b'\x08\x00' or len(frame) < 54 or frame[23] != 6:
            continue
        total, = struct.unpack_from('!H', frame, 16)
        at = 14 + (frame[14] & 15) * 4
        if len(frame) < at + 14:
            continue
        sport, dport, seq, ack, offset, flags = struct.unpack_from('!HHIIBB', frame, at)
        found.append(Segment(time, socket.inet_ntoa(frame[26:30]), sport, socket.inet_ntoa(frame[30:34]), dport,
                             seq, ack, flags, 14 + total - at - (offset >> 4) * 4))
    return found


def udp(packets, port=None):
    return [p for p in packets if p.sport is not None and (port is None or port in (p.sport, p.dport))]


def dhcp_options(payload):
    """Code -> bytes of a BOOTP payload; an option said twice is joined (RFC 3396)."""
    options, at = {}, 240
    while at < len(payload) and payload[at] != 255:
        if payload[at] == 0:
            at += 1
            continue
        if at + 2 > len(payload):
            break
        length = payload[at + 1]
        options[payload[at]] = options.get(payload[at], b'') + payload[at + 2:at + 2 + length]
        at += 2 + length
    return options


def dhcp(packets):
    """(packet, message type, options) of each DHCP message."""
    found = []
    for packet in udp(packets):
        if {packet.sport, packet.dport} & {67, 68, 4011} and packet.payload[236:240] == b'\x63\x82\x53\x63':
            options = dhcp_options(packet.payload)
            found.append((packet, options.get(53, b'\0')[0], options))
    return found


def tftp_strings(payload):
    """File name, mode and options of an RRQ; options of an OACK."""
    words = [w.decode('latin-1') for w in payload[2:].split(b'\0')[:-1]]
    if struct.unpack_from('!H', payload)[0] == OACK:
        words = ['', ''] + words
    options = {k.lower(): v for k, v in zip(words[2::2], words[3::2])}
    return words[0] if words else '', options


def transfers(packets):
    """What was fetched over TFTP, one Transfer an RRQ, in order. Retransmitted requests count once."""
    found, by_port = [], {}
    for packet in udp(packets):
        if len(packet.payload) < 2:
            continue
        opcode, = struct.unpack_from('!H', packet.payload)
        key = (packet.ip_src, packet.sport)
        if packet.dport == 69 and opcode == RRQ:
            name, _ = tftp_strings(packet.payload)
            state = by_port.get(key)
            if state and state['name'] == name and not state['size']:
                continue
            state = {'name': name, 'client': key, 'server': packet.ip_dst, 'start': packet.time,
                     'end': packet.time, 'size': 0, 'options': {}, 'blocks': 0, 'acks': 0, 'resent': 0,
                     'complete': False, 'last': 0, 'blksize': 512}
            by_port[key] = state
            found.append(state)
        elif key in by_port:
            by_port[key]['acks'] += opcode == TFTP_ACK
        elif (packet.ip_dst, packet.dport) in by_port:
            _count(by_port[(packet.ip_dst, packet.dport)], packet, opcode)
    return [Transfer(**{k: s[k] for k in Transfer._fields}) for s in found]


def _count(state, packet, opcode):
    state['end'] = packet.time
    if opcode == OACK:
        _, state['options'] = tftp_strings(packet.payload)
        state['blksize'] = int(state['options'].get('blksize', 512))
    elif opcode == DATA:
        block, = struct.unpack_from('!H', packet.payload, 2)
        if block == (state['last'] + 1) & 0xffff:
            state['last'] = block
            state['blocks'] += 1
            state['size'] += packet.size - 4
            state['complete'] = packet.size - 4 < state['blksize']
        else:
            state['resent'] += 1
