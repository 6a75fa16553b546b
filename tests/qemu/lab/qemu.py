# SPDX-License-Identifier: BSD-2-Clause
"""
One machine in QEMU: started from a list of parts, watched through its serial line and QMP.

Everything is bounded: every wait has a timeout, stop() always ends the process. The network side of a NIC is
a port of net.py; this file knows only its netdev() and fds().

Not done here: hardware virtualisation. TCG is the default; ACCEL=name asks for another accelerator, which
is taken only when a probe has shown that a machine runs with it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

# A slow host stretches every timeout: LAB_SLOW=3 makes them three times as long.
SLOW = float(os.environ.get('LAB_SLOW', '1'))
QEMU = os.environ.get('QEMU', 'qemu-system-x86_64')
ANSI = re.compile(r'\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>c78])')

# Names of NIC models: QEMU's device and the PCI id its ROM must carry.
NICS = {
    'virtio': ('virtio-net-pci', '1af41000'),  # transitional: both interfaces
    'virtio-legacy': ('virtio-net-pci,disable-modern=on,disable-legacy=off', '1af41000'),
    'virtio-modern': ('virtio-net-pci,disable-legacy=on,disable-modern=off', '1af41041'),
    'e1000': ('e1000', '8086100e'),
    # Cards that we drive through the ROM of others.
    'e1000e': ('e1000e', '808610d3'),
    'i82559c': ('i82559c', '80861229'),
    'ne2k_pci': ('ne2k_pci', '10ec8029'),
    'pcnet': ('pcnet', '10222000'),
    'rtl8139': ('rtl8139', '10ec8139'),
    'vmxnet3': ('vmxnet3', '15ad07b0'),
}


class LabError(AssertionError):
    """Something expected did not happen. An AssertionError, so that pytest shows it as a failed test."""


class Nic:
    """One NIC: model (a key of NICS), port (net.py), rom (path, or None for no ROM at all)."""

    def __init__(self, model, port, rom=None, mac=None, link=True, bootindex=None, extra=''):
        self.model = model
        self.port = port
        self.rom = rom
        self.mac = mac
        self.link = link
        self.bootindex = bootindex
        self.extra = extra


class Console:
    """
    A serial line out of two pipes: everything it said, and patience for what it will say. Reads in its own thread.
    """

    def __init__(self, said, typed, echo=None):
        self.said = said        # unbuffered files; close() closes them
        self.typed = typed
        self.echo = echo
        self.raw = bytearray()
        self.pos = 0
        self.closed = False
        self.cond = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while True:
            data = self.said.read(4096)
            if data and self.echo:
                self.echo(data)
            with self.cond:
                self.raw += data
                self.closed = not data
                self.cond.notify_all()
            if not data:
                return

    def text(self):
        """All that was said, escape sequences removed."""
        return ANSI.sub('', self.raw.decode('latin-1')).replace('\0', '')

    def expect(self, pattern, timeout=30, why=None):
        """
        Waits for a regular expression (or a list: the first that matches), and returns the match. The
        next call looks only behind it. LabError when time is out or the line closed.
        """
        patterns = [pattern] if isinstance(pattern, str) else pattern
        compiled = [re.compile(p) for p in patterns]
        end = time.monotonic() + timeout * SLOW
        with self.cond:
            while True:
                text = self.text()
                found = [m for m in (c.search(text, self.pos) for c in compiled) if m]
                if found:
                    match = min(found, key=lambda m: m.start())
                    self.pos = match.end()
                    return match
                left = end - time.monotonic()
                if left <= 0 or self.closed:
                    break
                self.cond.wait(left)
        raise LabError('%s: %s not seen%s; the line said last:\n%s' % (
            'line closed' if self.closed else 'timeout of %.0f s' % (timeout * SLOW),
            ' or '.join(repr(p) for p in patterns), ' (%s)' % why if why else '', self.tail()))

    def refuse(self, pattern, seconds):
        """Fails if the pattern shows within the time."""
        try:
            match = self.expect(pattern, seconds)
        except LabError:
            return
        raise LabError('%r was seen, and must not be: %r' % (pattern, match.group(0)))

    def tail(self, lines=25):
        return '\n'.join(self.text().replace('\r', '\n').split('\n')[-lines:])

    def send(self, text):
        self.typed.write(text.encode('latin-1'))

    def type(self, text, delay=0.02):
        """Types like a person: the firmware polls a UART with a FIFO of 16 bytes at most."""
        for char in text:
            self.send(char)
            time.sleep(delay)

    def close(self):
        """When nobody writes any more."""
        self.thread.join(5)
        self.said.close()
        self.typed.close()


class Qmp:
    """QEMU's machine protocol over a connected socket. One command at a time; events are kept."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b''
        self.events = []
        self.lock = threading.Lock()
        self._receive(10 * SLOW)
        self.command('qmp_capabilities')

    def _receive(self, timeout):
        end = time.monotonic() + timeout
        while b'\n' not in self.buffer:
            left = end - time.monotonic()
            if left <= 0:
                raise LabError('QMP: no answer')
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise LabError('QMP: QEMU has gone')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return json.loads(line)

    def command(self, name, /, **arguments):
        request = {'execute': name}
        if arguments:
            request['arguments'] = {k.replace('_', '-'): v for k, v in arguments.items()}
        with self.lock:
            try:
                self.sock.sendall(json.dumps(request).encode() + b'\n')
            except OSError as error:
                raise LabError('QMP: QEMU has gone') from error
            while True:
                answer = self._receive(20 * SLOW)
                if 'event' in answer:
                    self.events.append(answer)
                elif 'error' in answer:
                    raise LabError('QMP %s: %s' % (name, answer['error'].get('desc')))
                else:
                    return answer.get('return')

    def hmp(self, line):
        return self.command('human-monitor-command', **{'command-line': line})


_accelerator = None


def accelerator():
    """tcg, or what ACCEL asks for if a machine comes up with it within five seconds."""
    global _accelerator
    wanted = os.environ.get('ACCEL', 'tcg')
    if _accelerator is None:
        _accelerator = wanted if wanted == 'tcg' or _accelerator_works(wanted) else 'tcg'
    return _accelerator


def _accelerator_works(name):
    try:
        done = subprocess.run(
            [QEMU, '-accel', name, '-nodefaults', '-display', 'none', '-m', '16', '-monitor', 'stdio'],
            input=b'info status\nquit\n', capture_output=True, timeout=5 * SLOW, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b'running' in done.stdout


class Machine:
    """
    A machine from parts. After start(): .serial is its Console, .qmp its Qmp. Artefacts go to `out`:
    serial.log, bios.log (SeaBIOS), netN.pcap, qemu.log, command. Attributes may be set before start().
    With UEFI instead of a BIOS: efi.py.
    """

    program = QEMU

    def __init__(self, out, nics=(), kernel=None, append=None, initrd=None, cdrom=None, disk=None,
                 memory=512, mirror=False, snaplen=700, extra=(), echo=None, boot_log=True):
        self.out = str(out)
        self.nics = list(nics)
        self.kernel = kernel
        self.append = append
        self.initrd = initrd
        self.cdrom = cdrom
        self.disk = disk
        self.memory = memory
        self.mirror = mirror      # SeaBIOS copies the text screen to serial: for ROMs without a serial console
        self.snaplen = snaplen    # bytes kept of each captured packet
        self.extra = list(extra)
        self.echo = echo
        self.boot_log = boot_log
        self.process = self.serial = self.qmp = None
        self.started = None

    def path(self, name):
        return os.path.join(self.out, name)

    def _line(self):
        """
        The serial line's pipes, which QEMU opens by name. A pipe has room for 64 KiB, a socket for 278 bytes of one
        write each: when it is full QEMU's UART stands still, and OVMF drops what that does not take within 1.5 ms.
        """
        for name in ('line.in', 'line.out'):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
            os.mkfifo(self.path(name))
        return 'pipe,id=serial,path=%s,logfile=%s' % (self.path('line'), self.path('serial.log'))

    def _console(self):
        """QEMU holds both ends of both pipes, so that neither open() waits."""
        ends = [open(self.path(name), mode, buffering=0) for name, mode in (('line.out', 'rb'), ('line.in', 'wb'))]
        for name in ('line.in', 'line.out'):
            os.unlink(self.path(name))
        return Console(*ends, self.echo)

    def _chipset(self):
        machine = 'pc,graphics=off' if self.mirror else 'pc'
        args = ['-nodefaults', '-no-user-config', '-machine', machine, '-accel', accelerator(),
                '-m', str(self.memory), '-vga', 'std', '-display', 'none', '-no-reboot']
        if self.boot_log:
            args += ['-chardev', 'file,id=bios,path=' + self.path('bios.log'),
                     '-device', 'isa-debugcon,iobase=0x402,chardev=bios']
        return args

    def _nic(self, number, nic, fds):
        device = '%s,netdev=n%d,id=nic%d,mac=%s,romfile=%s' % (
            NICS[nic.model][0], number, number, nic.mac or mac_of(number), nic.rom or '')
        if nic.bootindex is not None:
            device += ',bootindex=%d' % nic.bootindex
        if nic.extra:
            device += ',' + nic.extra
        fds += nic.port.fds()
        return ['-netdev', nic.port.netdev('n%d' % number), '-device', device,
                '-object', 'filter-dump,id=dump%d,netdev=n%d,maxlen=%d,file=%s' % (
                    number, number, self.snaplen, self.path('net%d.pcap' % number))]

    def _media(self):
        args = []
        for option, value in (('-kernel', self.kernel), ('-append', self.append),
                              ('-initrd', self.initrd)):
            if value is not None:
                args += [option, str(value)]
        if self.cdrom:
            args += ['-drive', 'file=%s,media=cdrom,if=none,id=cd,readonly=on' % self.cdrom,
                     '-device', 'ide-cd,drive=cd,bootindex=0']
        if self.disk:
            args += ['-drive', 'file=%s,format=raw,if=none,id=disk,snapshot=on' % self.disk,
                     '-device', 'ide-hd,drive=disk,bootindex=20']
        return args

    def start(self):
        """Powers the machine on. Links that are to be down are down before its first instruction."""
        os.makedirs(self.out, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        fds = [theirs.fileno()]
        args = [self.program] + self._chipset() + [
            '-chardev', self._line(), '-serial', 'chardev:serial',
            '-chardev', 'socket,id=mon,fd=%d' % fds[0], '-mon', 'chardev=mon,mode=control', '-S']
        for number, nic in enumerate(self.nics):
            args += self._nic(number, nic, fds)
        args += self._media() + self.extra
        with open(self.path('command'), 'w', encoding='utf-8') as command:
            command.write(' \\\n  '.join(args) + '\n')
        with open(self.path('qemu.log'), 'wb') as log:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=fds, start_new_session=True)
        theirs.close()
        for nic in self.nics:
            nic.port.started()
        try:
            self.qmp = Qmp(ours)
        except LabError as error:
            self.process.wait(5)
            raise LabError('QEMU did not start: ' + self._log()) from error
        self.serial = self._console()
        for number, nic in enumerate(self.nics):
            if not nic.link:
                self.link(number, False)
        self.started = time.monotonic()
        self.qmp.command('cont')
        return self

    def _log(self):
        with open(self.path('qemu.log'), encoding='utf-8', errors='replace') as log:
            return log.read().strip()

    # The serial line, in short.
    def expect(self, pattern, timeout=30, why=None):
        return self.serial.expect(pattern, timeout, why)

    def uptime(self):
        """Seconds since power-on."""
        return time.monotonic() - self.started

    # The world around the machine.
    def link(self, number, up):
        self.qmp.command('set_link', name='nic%d' % number, up=up)

    def keys(self, *keys):
        """Presses keys by QEMU's names, one after the other; 'ctrl-b' is a chord."""
        for key in keys:
            self.qmp.command('send-key', keys=[{'type': 'qcode', 'data': k} for k in key.split('-')])
            time.sleep(0.15)

    def keyboard(self, text):
        """Types text on the keyboard (lower case, digits and some punctuation)."""
        names = {' ': 'spc', '\n': 'ret', '-': 'minus', '.': 'dot', '/': 'slash', '=': 'equal',
                 ';': 'semicolon', ',': 'comma'}
        for char in text:
            name = names.get(char, char)
            self.qmp.command('send-key', keys=[{'type': 'qcode', 'data': name}])
            time.sleep(0.15)

    def screenshot(self, name='screen.png'):
        """Dumps the VGA screen as PNG, or PPM where QEMU is too old for PNG; returns the path."""
        path = self.path(name)
        try:
            self.qmp.command('screendump', filename=path, format='png')
        except LabError:
            path = os.path.splitext(path)[0] + '.ppm'
            self.qmp.command('screendump', filename=path)
        return path

    def memory_read(self, start, size):
        """Bytes of guest-physical memory."""
        path = self.path('memory.%x' % start)
        self.qmp.command('pmemsave', val=start, size=size, filename=path)
        with open(path, 'rb') as file:
            data = file.read()
        os.unlink(path)
        return data

    def screen_text(self):
        """The 25 lines of the text screen, taken from video memory."""
        cells = self.memory_read(0xb8000, 4000)[::2].decode('cp437')
        return '\n'.join(cells[i:i + 80].rstrip() for i in range(0, 2000, 80))

    def expect_screen(self, pattern, timeout=10):
        """Waits until the text screen matches, and returns its text. The serial line may be ahead of it."""
        end = time.monotonic() + timeout * SLOW
        while True:
            text = self.screen_text()
            if re.search(pattern, text, re.M):
                return text
            if time.monotonic() > end:
                raise LabError('%r not on the screen:\n%s' % (pattern, text))
            time.sleep(0.1)

    def registers(self):
        """Name -> value of the CPU's registers, as QEMU prints them; segments as whole lines."""
        text = self.qmp.hmp('info registers')
        found = {k: int(v, 16) for k, v in re.findall(r'\b([A-Z0-9]{2,3})=\s*([0-9a-f]+)', text)}
        segments = re.findall(r'^([CDEFGS]S)\s*=(\w+) (\w+) (\w+) (\w+)', text, re.M)
        found['segments'] = {s[0]: tuple(int(x, 16) for x in s[1:]) for s in segments}
        return found

    def wait_off(self, timeout=30):
        """Waits until the machine has switched itself off."""
        try:
            self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired as error:
            raise LabError('the machine is still on after %.0f s; it said last:\n%s' % (
                timeout * SLOW, self.serial.tail())) from error
        if self.process.returncode != 0:
            raise LabError('QEMU failed: ' + self._log())
        self.serial.thread.join(5)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Ends the machine whatever it does; what the screen shows is kept. Can be called twice."""
        if self.process is None:
            return
        if self.running():
            try:
                if self.qmp:
                    self.screenshot()
                    with open(self.path('screen.txt'), 'w', encoding='utf-8') as file:
                        file.write(self.screen_text() + '\n')
            except (LabError, OSError):
                pass
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for nic in self.nics:
            nic.port.close()
        if self.serial:
            self.serial.close()
        if self.qmp:
            self.qmp.sock.close()


def mac_of(number):
    """The MAC address of a machine's NIC, unless it was given one."""
    return '52:54:00:12:34:%02x' % (0x56 + number)


def installed():
    return shutil.which(QEMU) is not None
