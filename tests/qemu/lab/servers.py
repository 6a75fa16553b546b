# SPDX-License-Identifier: BSD-2-Clause
"""
The servers users have, started in the network namespace of a net.Lan: dnsmasq, atftpd, tftpd-hpa.

atftpd and tftpd-hpa conflict as packages and would start a service on the developer's machine: tests/qemu/run
has both unpacked into the build directory, from where they run. All run as root of the namespace and write one log.
"""

import os
import signal
import subprocess
import time

from . import Missing


class ServerError(RuntimeError):
    """A server that is there and does not start."""


def program(name, package, cache):
    """Path of a program of an unpacked package, of the system's where that could not be had."""
    for directory in (os.path.join(cache, package, 'usr', 'sbin'), '/usr/sbin', '/sbin'):
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    raise Missing('%s: neither unpacked by tests/qemu/run nor installed' % name)


def listening(where, table):
    """Ports somebody listens on there, by /proc/net/udp or tcp: the second number is the port, the fourth the state."""
    state = {'udp': '07', 'tcp': '0A'}[table]
    with open(where.net_table(table), encoding='ascii') as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return {int(row[1].split(':')[1], 16) for row in rows if row[3] == state}


class Server:
    """A process that listens on `port` of a net.Lan or net.Neighbour, its output in `log`."""

    def __init__(self, where, args, log, port, env=None, table='udp'):
        self.log = log
        args = where.prefix + args
        with open(log, 'ab') as file:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            env=env, start_new_session=True)
        end = time.monotonic() + 10
        while port not in listening(where, table):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise ServerError('%s does not listen on port %d: %s' % (args[0], port, self.text()))
            time.sleep(0.02)

    def text(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def kill(self):
        """At once, with all its children."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


def first_then_script(first):
    """dnsmasq's options: the file `first` for firmware, boot.ipxe for what that has loaded, ourselves or iPXE."""
    return ['--dhcp-userclass=set:loaded,iPXE', '--dhcp-boot=tag:loaded,boot.ipxe', '--dhcp-boot=tag:!loaded,' + first]


def dnsmasq(lan, out, cache, tftp=None, boot=None, options=(), pool=True):
    """
    DHCP, and TFTP of the directory `tftp`. `boot` is --dhcp-boot's value. pool=False leaves the range to
    `options` (proxy mode, static hosts). DNS only with --port in `options`.
    """
    args = [program('dnsmasq', 'dnsmasq-base', cache), '--no-daemon', '--conf-file=/dev/null',
            '--interface=' + lan.bridge,
            '--bind-interfaces', '--no-ping', '--log-dhcp', '--dhcp-authoritative', '--user=', '--group=',
            '--dhcp-leasefile=' + os.path.join(out, 'leases')]
    if not any(option.startswith('--port=') for option in options):
        args.append('--port=0')
    if pool:
        args.append('--dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,1h')
    if tftp:
        args += ['--enable-tftp', '--tftp-root=' + str(tftp)]
    if boot:
        args.append('--dhcp-boot=' + boot)
    return Server(lan, args + list(options), os.path.join(out, 'dnsmasq.log'), 67)


def atftpd(lan, out, tftp, cache, options=()):
    return Server(lan, [program('atftpd', 'atftpd', cache), '--daemon', '--no-fork', '--user', 'root.root',
                        '--logfile', '-', '--verbose=5',
                   '--bind-address', lan.ip, *options, str(tftp)], os.path.join(out, 'atftpd.log'), 69)


def tftpd_hpa(lan, out, tftp, cache, options=()):
    env = dict(os.environ)
    if not groups_settable():
        env['LD_PRELOAD'] = no_groups(cache)
    return Server(lan, [program('in.tftpd', 'tftpd-hpa', cache), '--foreground', '--listen',
                        '--address', lan.ip + ':69', '--user', 'root',
                   '--secure', *options, str(tftp)], os.path.join(out, 'tftpd-hpa.log'), 69, env)


def groups_settable():
    """False in a user namespace that an ordinary user made: setgroups(2) is forbidden there."""
    try:
        with open('/proc/self/setgroups', encoding='ascii') as file:
            return file.read().strip() == 'allow'
    except OSError:
        return True


def no_groups(cache):
    """A library whose setgroups() succeeds: in.tftpd insists on it, and in a user namespace it must fail."""
    library = os.path.join(cache, 'nogroups.so')
    if not os.path.exists(library):
        code = ('int setgroups(unsigned long n, const void *l) { (void)n; (void)l; return 0; }\n'
                'int initgroups(const char *u, unsigned g) { (void)u; (void)g; return 0; }\n')
        temp = '%s.%d' % (library, os.getpid())
        subprocess.run(['gcc', '-shared', '-fPIC', '-O', '-fno-builtin', '-x', 'c', '-', '-o', temp],
                       input=code.encode(), check=True, timeout=60)
        os.rename(temp, library)
    return library
