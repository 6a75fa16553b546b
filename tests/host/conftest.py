# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of the hosted program. The network and its servers are the lab's."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'qemu'))
sys.path.insert(0, HERE)
from lab import media, net, servers  # noqa: E402
import process  # noqa: E402


@pytest.fixture(scope='session')
def network():
    """(kind, why not), see lab/net.py."""
    return net.probe()


@pytest.fixture
def lan(network):
    """A bridge in a network namespace that this test has for itself."""
    kind, why = network
    if kind is None:
        pytest.skip('a network namespace is needed: ' + why)
    return net.Lan()


@pytest.fixture
def tap(lan):
    """tap() makes another TAP device on the bridge and returns its name; tap(False) one that leads nowhere."""
    if lan.kind != 'tap':
        pytest.skip('/dev/net/tun is needed')
    made = []

    def make(plugged=True):
        name = 'tap%d' % (100 + len(made))
        net.run('ip', 'tuntap', 'add', name, 'mode', 'tap')
        made.append(name)
        if plugged:
            net.run('ip', 'link', 'set', name, 'master', lan.bridge)
        net.run('ip', 'link', 'set', name, 'up')
        return name
    yield make
    for name in made:
        net.run('ip', 'link', 'del', name)


@pytest.fixture
def veth(lan):
    """The far end of a cable into the bridge."""
    net.run('ip', 'link', 'add', 'near0', 'type', 'veth', 'peer', 'name', 'far0')
    net.run('ip', 'link', 'set', 'near0', 'master', lan.bridge, 'up')
    net.run('ip', 'link', 'set', 'far0', 'up')
    yield 'far0'
    net.run('ip', 'link', 'del', 'near0')


@pytest.fixture
def link(lan, request):
    """Options of one link to the bridge, of the kind that this environment allows."""
    if lan.kind == 'tap':
        return ['--tap', request.getfixturevalue('tap')()]
    return ['--interface', request.getfixturevalue('veth')]


@pytest.fixture
def serve(lan, out):
    """serve(name, files) offers files by the named TFTP server, with dnsmasq for DHCP, until the test ends."""
    started = []

    def start(name, files, boot='boot.ipxe'):
        root = media.offer(os.path.join(out, 'tftp'), files)
        cache = os.path.join(BUILD, 'cache')
        started.append(servers.dnsmasq(lan, out, cache, tftp=root if name == 'dnsmasq' else None, boot=boot))
        if name == 'atftpd':
            started.append(servers.atftpd(lan, out, root, cache))
        elif name == 'tftpd-hpa':
            started.append(servers.tftpd_hpa(lan, out, root, cache))
        return root
    yield start
    for server in started:
        server.stop()


@pytest.fixture
def reveille():
    """reveille(argument...) runs the program, built with sanitizers, to its end."""
    return process.run
