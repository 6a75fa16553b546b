# SPDX-License-Identifier: BSD-2-Clause
"""The firmware's stack on real interfaces, against the servers users have."""

import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

import process
from lab import media, net

# Sizes around the edges of a block of 1468 bytes, which is what fits an Ethernet frame, and several windows.
SIZES = [0, 1, 512, 1467, 1468, 1469, 2 * 1468, 300000]
GO = 'dhcp && imgfetch tftp://${next-server}/%s'


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def files_of_all_sizes():
    return {'file%d' % size: media.noise(size, size) for size in SIZES}


def fetch_all(names):
    return 'dhcp && ' + ' && '.join('imgfetch tftp://${next-server}/' + name for name in names) + ' && imgstat'


def assert_same(saved, served, names):
    for name in names:
        assert digest(os.path.join(saved, name)) == digest(os.path.join(served, name)), name


@pytest.fixture
def saved(out):
    path = os.path.join(out, 'saved')
    os.mkdir(path)
    return path


@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd', 'tftpd-hpa'])
@pytest.mark.parametrize('kind', ['--tap', '--interface'])
def test_fetch(kind, server, serve, reveille, saved, request):
    served = serve(server, files_of_all_sizes())
    link = request.getfixturevalue('tap')() if kind == '--tap' else request.getfixturevalue('veth')
    names = list(files_of_all_sizes())
    result = reveille(kind, link, '--save', saved, fetch_all(names))
    assert result.status == 0, result.text
    assert_same(saved, served, names)


@pytest.mark.parametrize('server', ['dnsmasq', 'atftpd'])
def test_fetch_large(server, serve, link, reveille, saved):
    """The program that users get, without sanitizers; more than 65535 blocks."""
    size = 96 << 20
    served = serve(server, {'large': media.noise(size)})
    result = reveille(*link, '--save', saved, GO % 'large',
                      program=os.path.join(process.BUILD, 'host', 'reveille'))
    assert result.status == 0, result.text
    assert_same(saved, served, ['large'])


def test_two_on_one_interface(serve, veth, saved):
    """Each has its own address, and the kernel's stack does not get between them."""
    served = serve('atftpd', {'one': media.noise(5 << 20, 1), 'two': media.noise(5 << 20, 2)})
    both = [subprocess.Popen([process.PROGRAM, '--interface', veth, '--save', saved, GO % name],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for name in ('one', 'two')]
    assert [one.wait(60) for one in both] == [0, 0]
    assert_same(saved, served, ['one', 'two'])


def test_two_links_one_network(serve, tap, reveille):
    serve('dnsmasq', {'boot.ipxe': 'x'})
    result = reveille('--tap', tap(plugged=False), '--tap', tap(),
                      'dhcp && echo boot ${netX/mac} second ${net1/mac} address ${net1/ip} none ${net0/ip}.')
    assert result.status == 0, result.text
    words = result.text.splitlines()[-1].split()
    assert words[1] == words[3] and words[5].startswith('10.77.0.') and words[7] == '.'


def test_link_down(tap, reveille):
    name = tap()
    net.run('ip', 'link', 'set', name, 'down')
    result = reveille('--tap', name, 'set link-wait 300 && dhcp')
    assert result.status == 1 and 'E1002' in result.text


def test_link_comes_up(serve, tap):
    """A cable plugged in late is seen."""
    serve('dnsmasq', {'boot.ipxe': 'x'})
    name = tap()
    net.run('ip', 'link', 'set', name, 'down')
    waiting = subprocess.Popen([process.PROGRAM, '--tap', name, '--verbose', 'dhcp'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    try:
        waiting.wait(1)
        pytest.fail('it ended without a link')
    except subprocess.TimeoutExpired:
        net.run('ip', 'link', 'set', name, 'up')
    text = waiting.communicate(timeout=30)[0].decode()
    assert waiting.returncode == 0, text


def test_interface_deleted(tap, reveille):
    """No frame can come any more, and nothing spins or hangs."""
    name = tap()
    waiting = subprocess.Popen([process.PROGRAM, '--tap', name, 'dhcp'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    net.run('ip', 'link', 'del', name)
    with open('/proc/%d/stat' % waiting.pid, encoding='ascii') as stat:
        before = sum(map(int, stat.read().rsplit(')', 1)[1].split()[11:13]))
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    with open('/proc/%d/stat' % waiting.pid, encoding='ascii') as stat:
        used = sum(map(int, stat.read().rsplit(')', 1)[1].split()[11:13])) - before
    waiting.terminate()
    waiting.wait(10)
    net.run('ip', 'tuntap', 'add', name, 'mode', 'tap')  # for the fixture to take away
    assert used < os.sysconf('SC_CLK_TCK') // 8


def test_addresses(tap, reveille):
    """One's own address, random local ones, the same for the same seed."""
    def addresses(*args):
        links = ['--tap', tap(False), '--tap', tap(False)]
        return reveille(*links, *args, 'echo ${net0/mac} ${net1/mac}').text.split()
    assert addresses('--mac', '02:00:00:12:34:56')[1] == '02:00:00:12:34:56'
    one, two = addresses()
    assert one != two and {int(mac[:2], 16) & 3 for mac in (one, two)} == {2}
    assert addresses('--seed', '1') == addresses('--seed', '1') != addresses('--seed', '2')


def test_not_found(serve, link, reveille):
    serve('atftpd', {'other': 'x'})
    result = reveille(*link, GO % 'missing')
    assert result.status == 1 and 'E4002' in result.text


def test_no_memory(serve, link, reveille):
    """A file larger than the machine: a clear error at once."""
    serve('atftpd', {'large': bytes(9 << 20)})
    result = reveille('--memory', 8, *link, GO % 'large')
    assert result.status == 1 and 'E5001' in result.text


def test_boot(serve, link, reveille, saved, out):
    """What the kernel would find: initrds on page boundaries, a plain file with its cpio header in front."""
    cache = os.path.join(out, 'cache')
    os.mkdir(cache)
    first, key = media.noise(5000, 1), media.noise(70001, 2)
    script = media.script('kernel probe a=${net0/mac} b', 'initrd first', 'initrd key /etc/cluster/key', 'boot')
    serve('dnsmasq', {'probe': media.probe_kernel(cache, 1 << 20), 'first': first, 'key': key,
                      'boot.ipxe': script})
    result = reveille(*link, '--mac', '02:00:00:12:34:56', '--save', saved, 'autoboot')
    assert result.status == 0, result.text
    assert 'Would start Linux now' in result.text
    with open(os.path.join(saved, 'boot.cmdline'), encoding='ascii') as file:
        assert file.read().split()[-2:] == ['a=02:00:00:12:34:56', 'b']
    with open(os.path.join(saved, 'boot.initrd'), 'rb') as file:
        initrd = file.read()
    assert initrd.startswith(first)
    at = initrd.index(key)
    assert at % 4096 == 0 and initrd[:at].rstrip(b'\0').endswith(b'etc/cluster/key')
    archive = subprocess.run(['cpio', '-itv', '--quiet'], input=initrd[initrd.index(b'070701'):],
                             capture_output=True, check=True).stdout.decode()
    assert [line.split()[-1] for line in archive.splitlines()] == ['etc', 'etc/cluster', 'etc/cluster/key']
    assert '%d' % len(key) in archive.splitlines()[-1].split()


def test_vlan_of_others(lan, veth, serve):
    """The kernel takes the tag off a tagged frame, which then must not pass for one of ours."""
    serve('dnsmasq', {'boot.ipxe': 'x'})
    listening = subprocess.Popen([process.PROGRAM, '--interface', veth, 'dhcp && sleep 2 && ifstat'],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        listening.wait(1)
    broadcast(lan, 20, struct.pack('!HH', 0x8100, 5))
    broadcast(lan, 30, b'')
    text = listening.communicate(timeout=30)[0].decode()
    assert listening.returncode == 0, text
    assert 30 <= int(re.search(r'received (\d+) frames', text).group(1)) < 50, text


def test_frames_for_others_stay_out(lan, veth):
    """They would fill a queue that is ours."""
    def send(where, _running):
        broadcast(where, 200, b'', to=b'\x02\x12\x34\x56\x78\x9a')
        broadcast(where, 10, b'')
        broadcast(where, 10, b'', to=b'\x01\0\x5e\0\0\x01')
    assert 20 <= counters(lan, ['--interface', veth], send)['frames'] < 100


def broadcast(lan, count, tag, to=b'\xff' * 6):
    """Empty ARP frames from the bridge."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((lan.bridge, 0))
        for _ in range(count):
            sock.send(to + b'\x02\0\0\0\0\x09' + tag + b'\x08\x06' + bytes(46))


PACKET_VNET_HDR, GSO_TCPV4, GSO_UDP_L4 = 15, 1, 5


def offload(lan, count, kind, size):
    """Frames from the bridge that its kernel has yet to cut into segments: kind and length of the whole."""
    protocol, at = (6, 16) if kind == GSO_TCPV4 else (17, 6)
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, size - 14, 1, 0, 64, protocol, 0, bytes((10, 9, 9, 9)), b'\xff' * 4)
    total = sum(struct.unpack('!10H', ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack('!H', 0xffff - ((total & 0xffff) + (total >> 16))) + ip[12:]
    segment = struct.pack('!HHIIBBHHH', 1, 2, 0, 0, 0x50, 0x10, 1000, 0, 0)
    if kind == GSO_UDP_L4:
        segment = struct.pack('!HHHH', 1, 2, size - 34, 0)
    frame = b'\xff' * 6 + b'\x02\0\0\0\0\x09\x08\0' + ip + segment
    info = struct.pack('=BBHHHH', 1, kind, len(frame), 1400, 34, at)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.setsockopt(263, PACKET_VNET_HDR, 1)  # SOL_PACKET
        sock.bind((lan.bridge, 0))
        for _ in range(count):
            sock.send(info + frame + bytes(size - len(frame)))


def counters(lan, link, send, sleep=1):
    """What `ifstat` shows of frames that are sent once the program listens: {name: number}."""
    running = subprocess.Popen([process.PROGRAM, *link, 'ifopen && echo open && sleep %d && ifstat' % sleep],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    os.read(running.stdout.fileno(), 1)
    time.sleep(0.3)
    send(lan, running)
    text = running.communicate(timeout=30)[0].decode()
    assert running.returncode == 0, text
    found = re.search(r'received (\d+) frames, (\d+) bytes', text)
    lost = re.search(r'overrun (\d+)', text)
    return {'frames': int(found.group(1)), 'bytes': int(found.group(2)), 'lost': int(lost.group(1)) if lost else 0,
            'errors': int((re.search(r'receive (\d+),', text) or [0, 0])[1]),
            'bad': int((re.search(r'IP (\d+)', text) or [0, 0])[1])}


@pytest.mark.parametrize('kind', ['--tap', '--interface'])
def test_segments_stay_together(kind, lan, request):
    """Up to 64 KiB of TCP arrive as one frame with one header; other protocols' are none that we could read."""
    link = [kind, request.getfixturevalue('tap')() if kind == '--tap' else request.getfixturevalue('veth')]

    def send(where, _running):
        for size in (1600, 3000, 30000, 65000):
            offload(where, 10, GSO_TCPV4, size)
        offload(where, 1, GSO_UDP_L4, 30000)
    seen = counters(lan, link, send)
    assert seen['bytes'] >= 10 * (1600 + 3000 + 30000 + 65000), seen
    assert 40 <= seen['frames'] < 40 + 30 and seen['errors'] == seen['bad'] == 0, seen


def test_overrun_is_told(lan, veth):
    """What the kernel dropped because nobody read for a while."""
    def send(where, running):
        running.send_signal(signal.SIGSTOP)
        for _ in range(60):
            offload(where, 20, GSO_TCPV4, 65000)
        running.send_signal(signal.SIGCONT)
    seen = counters(lan, ['--interface', veth], send, sleep=2)
    assert 0 < seen['lost'] and seen['lost'] + seen['frames'] >= 1200, seen


def test_nic_receives_for_us(veth):
    """A NIC with an address filter is asked to let ours through."""
    mac = '02:00:00:12:34:56'
    running = subprocess.Popen([process.PROGRAM, '--interface', veth, '--mac', mac, 'sleep 20'],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if mac in net.run('bridge', 'fdb', 'show', 'dev', veth):
                return
            time.sleep(0.1)
        pytest.fail('the interface does not know of ' + mac)
    finally:
        running.terminate()
        running.wait(10)
