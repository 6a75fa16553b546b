# SPDX-License-Identifier: BSD-2-Clause
"""
The machines that are measured: which firmware, in QEMU, on the lab's network. TCG only, one machine at a time.

Times: filter-dump stamps packets with QEMU's virtual clock, which starts with the machine, plus the second in
which QEMU started. So a packet's stamp minus that whole second is the time since power-on, to the microsecond,
whatever QEMU itself took to start. With -icount the same clock counts instructions.
"""

import functools
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'qemu'))
from lab import firmware, net, pcap, qemu, servers, web  # noqa: E402

SNAPLEN = 700      # of each packet: all of a DHCP message, enough of the rest
GAP_SECONDS = 0.2  # QEMU starts within so much of a second's beginning, or the run is taken again


class Failed(Exception):
    """A run from which nothing can be measured; the text says why."""


class Peer(firmware.Ipxe):
    """Another iPXE: a directory with ipxe.lkrn, ipxe.efi, snponly.efi, 1af41000.rom, 8086100e.rom, or one of these."""

    def __init__(self, build, path):
        super().__init__(build)
        self.path = path
        if not os.path.exists(path):
            raise Failed('PEER=%s: no such file' % path)

    def _file(self, *names):
        if not os.path.isdir(self.path):
            if self.path.endswith(os.path.splitext(names[0])[1]):
                return self.path
            raise firmware.Missing('%s is no %s' % (self.path, names[0]))
        for name in names:
            if os.path.exists(os.path.join(self.path, name)):
                return os.path.join(self.path, name)
        raise firmware.Missing('%s: none of %s' % (self.path, ' '.join(names)))

    def lkrn(self):
        return self._file('ipxe.lkrn')

    def efi(self, cpu='x64', name='reveille'):
        return self._file(name.replace('reveille', 'ipxe') + '.efi')

    def rom(self, model):
        wanted = qemu.NICS[model][1]
        debian = 'pxe-%s.rom' % model.split('-')[0]
        with open(self._file(wanted + '.rom', debian), 'rb') as file:
            image = firmware.rom_with_id(file.read(), wanted)
        path = os.path.join(self.build, 'cache', 'peer-%s.rom' % wanted)
        with open(path, 'wb') as file:
            file.write(image)
        return path


def competitors(build):
    """Ours and the peer, by name."""
    os.makedirs(os.path.join(build, 'cache'), exist_ok=True)
    peer = os.environ.get('PEER')
    return {'Reveille': firmware.Reveille(build), 'iPXE': Peer(build, peer) if peer else firmware.Ipxe(build)}


class Watch:
    """Notes when a machine said what: its serial line, and the BIOS's log."""

    def __init__(self):
        self.serial = []   # (seconds since power-on, text so far)
        self.bios = []
        self.text = b''
        self.started = None
        self.stopping = threading.Event()

    def echo(self, data):
        self.text += data
        self.serial.append((time.monotonic(), self.text))

    def follow(self, machine):
        self.started = machine.started
        threading.Thread(target=self._follow, args=(machine.path('bios.log'),), daemon=True).start()

    def _follow(self, path):
        while not self.stopping.wait(0.003):
            try:
                with open(path, 'rb') as file:
                    text = file.read()
            except OSError:
                continue
            if not self.bios or text != self.bios[-1][1]:
                self.bios.append((time.monotonic(), text))

    def first(self, history, word):
        """Seconds from power-on until the word was there; None: never."""
        return next((at - self.started for at, text in history if word in text), None)


class Run:
    """
    One power-on to the end: packets of each NIC with seconds since power-on, frames that each NIC's tap had no room
    for, and what was said when. nics are functions that make one; started(machine) is called right after power-on;
    packets(path) reads a capture.
    """

    def __init__(self, out, timeout, started=None, packets=pcap.read, kind=qemu.Machine, **parts):
        self.watch = Watch()
        self.started = started
        self.kind = kind
        self.out = out
        for _ in range(10):
            machine = self._power_on(parts)
            if machine:
                break
        else:
            raise Failed('this computer is too busy: QEMU does not start within a second')
        try:
            machine.wait_off(timeout)
        except qemu.LabError as error:
            screen = machine.screen_text().strip() if machine.running() else ''
            raise Failed('%s\n%s\nscreen:\n%s' % (out, str(error).split('\n', maxsplit=1)[0], screen)) from error
        finally:
            self.watch.stopping.set()
            machine.stop()
        self.nics = [[p._replace(time=p.time - self.second) for p in packets(machine.path('net%d.pcap' % n))]
                     for n in range(len(machine.nics))]
        self.drops = [getattr(nic.port, 'dropped', 0) for nic in machine.nics]

    def _power_on(self, parts):
        """The machine; None when it took QEMU into the next second, so that the stamps have no known zero."""
        parts = dict(parts, nics=[nic() for nic in parts['nics']])
        into = time.time() % 1
        if into > GAP_SECONDS:
            time.sleep(1.01 - into)
        self.watch.text, self.watch.serial = b'', []
        machine = self.kind(self.out, echo=self.watch.echo, **{'snaplen': SNAPLEN, **parts})
        self.second = int(time.time())
        machine.start()
        self.cont_wall = time.time()
        if int(self.cont_wall) != self.second:
            machine.stop()
            return None
        if self.started:
            self.started(machine)
        self.watch.follow(machine)
        return machine


def twice(measure):
    """A run that failed is taken once more: one in a hundred fails on a busy computer."""
    @functools.wraps(measure)
    def again(*args, **options):
        try:
            return measure(*args, **options)
        except Failed as error:
            print('  once more: %s' % ' '.join(str(error).split('\n')[:2]), file=sys.stderr, flush=True)
            return measure(*args, **options)
    return again


def file_transfer(packets, name):
    """The named file's pcap.Transfer, complete; Failed when it did not arrive."""
    found = [t for t in pcap.transfers(packets) if t.name.lstrip('/') == name]
    if not found or not found[-1].complete:
        raise Failed('%s was not fetched' % name)
    return found[-1]


def usual_tcp():
    """The server's: CUBIC, as most have it, whatever this system is set to; nothing kept from one run to the next."""
    route = net.run('ip', 'route', 'show', 'scope', 'link').replace('linkdown', '').split()
    net.run('ip', 'route', 'change', *route, 'congctl', 'cubic')
    with open('/proc/sys/net/ipv4/tcp_no_metrics_save', 'w', encoding='ascii') as file:
        file.write('1')


class Site:
    """The network of the bench: a bridge with one of the TFTP servers or nginx at a time, and dnsmasq for DHCP."""

    def __init__(self, out, build):
        self.out = out
        self.build = build
        self.cache = os.path.join(build, 'cache')
        self.root = os.path.join(out, 'tftp')
        os.makedirs(self.root, exist_ok=True)
        self.lan = net.Lan()
        if self.lan.kind != 'tap':
            raise Failed('/dev/net/tun cannot be used: without it the network would be measured, not the firmware')
        usual_tcp()
        self.running = []

    def offer(self, name, data):
        with open(os.path.join(self.root, name), 'wb') as file:
            file.write(data)

    def serve(self, server, tftp=False, boot='boot.ipxe', options=()):
        """tftp: where the server is none for TFTP, dnsmasq is."""
        self.close()
        tftp = server == 'dnsmasq' or tftp and server != 'atftpd'
        self.running.append(servers.dnsmasq(self.lan, self.out, self.cache, boot=boot, options=options,
                                            tftp=self.root if tftp else None))
        if server == 'atftpd':
            self.running.append(servers.atftpd(self.lan, self.out, self.root, self.cache))
        elif server == 'nginx':
            self.running.append(web.Web('nginx', self.lan, self.out, self.cache, self.root))

    def close(self):
        for server in self.running:
            server.stop()
        self.running = []
