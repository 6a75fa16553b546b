# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the lab. tests/qemu/run starts pytest with these in the environment:

O             build directory: artefacts under test in $O/bios, results in $O/lab/<test>/
STRICT        a skipped test is a failed one (tests/conftest.py)
LAB_FIRMWARE  see lab/firmware.py        LAB_NET  tap, relay or none: takes less than there is
LAB_SLOW      factor for every timeout   ACCEL    see lab/qemu.py
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import efi, firmware, host, media, net, qemu, servers, web as web_servers  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
STRICT = os.environ.get('STRICT', '') not in ('', '0')


def pytest_configure(config):
    config.addinivalue_line('markers', 'reveille: what only our firmware promises')
    config.lab_net = getattr(config, 'workerinput', {}).get('lab_net') or probe_network()


def pytest_configure_node(node):
    """Workers do not probe again."""
    node.workerinput['lab_net'] = node.config.lab_net


def probe_network():
    """(kind, why not): see net.probe()."""
    limit = os.environ.get('LAB_NET', '')
    if limit == 'none':
        return None, 'LAB_NET=none'
    kind, why = net.probe()
    return ('relay' if limit == 'relay' and kind else kind), why


def pytest_report_header(config):
    kind, why = config.lab_net
    return 'lab: %s in %s, network: %s, accelerator: %s%s' % (
        firmware.chosen(BUILD).name, BUILD, kind or 'none (%s)' % why, qemu.accelerator(),
        ', a skip is a failure' if STRICT else '')


def pytest_collection_modifyitems(config, items):
    if firmware.chosen(BUILD).name != 'reveille':
        items[:] = [i for i in items if not i.get_closest_marker('reveille')]


def pytest_terminal_summary(terminalreporter):
    """What tests have measured; each skipped test by its name, as pytest's own list folds them."""
    for report in terminalreporter.stats.get('passed', []) + terminalreporter.stats.get('failed', []):
        for name, value in getattr(report, 'user_properties', []) if report.when == 'call' else []:
            terminalreporter.write_line('%s: %s: %s' % (report.nodeid, name, value))
    for report in terminalreporter.stats.get('skipped', []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line('SKIPPED %s: %s' % (report.nodeid, reason.replace('Skipped: ', '', 1)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, 'lab_' + report.when, report)


@pytest.fixture(scope='session')
def fw():
    return firmware.chosen(BUILD)


@pytest.fixture(scope='session')
def cache():
    path = os.path.join(BUILD, 'cache')
    os.makedirs(path, exist_ok=True)
    return path


@pytest.fixture
def out(request):
    """The test's own directory, empty at its start."""
    name = re.sub(r'[^\w.=-]+', '-', request.node.name).strip('-')
    path = os.path.join(BUILD, 'lab', request.node.path.stem[len('test_'):] + '-' + name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


@pytest.fixture(scope='session')
def kernel(cache):
    """Debian's kernel and the initramfs, as a dictionary for media.offer()."""
    paths = {name: os.path.join(cache, name) for name in ('vmlinuz', 'initrd.img')}
    if not all(os.path.exists(p) for p in paths.values()):
        subprocess.run([os.path.join(ROOT, 'util', 'testkernel'), cache], check=True, timeout=300)
    return paths


@pytest.fixture(scope='session')
def kernel_of(kernel, cache):
    """kernel_of(cpu): the same for a CPU of efi.CPUS."""
    def find(cpu):
        path = os.path.join(cache, cpu)
        if cpu != 'x64' and not os.path.exists(os.path.join(path, 'initrd.img')):
            pytest.skip('no kernel for %s: tests/qemu/run could not fetch it' % cpu)
        return kernel if cpu == 'x64' else {name: os.path.join(path, name) for name in kernel}
    return find


@pytest.fixture(scope='session')
def probe(cache):
    """A small bzImage that says it was entered, as bytes."""
    return media.probe_kernel(cache, 64 << 10)


@pytest.fixture(scope='session')
def disk(cache):
    """Path of a disk that says so when it is booted: the BIOS's next choice."""
    return media.disk_image(cache)


@pytest.fixture
def artefact(fw):
    """artefact('lkrn') or artefact('rom', model): a path; skips what was not built."""
    return lambda kind, *args: getattr(fw, kind)(*args)


@pytest.fixture
def rom(cache):
    """rom(model), rom(model, 'efirom'): the path of iPXE's ROM for that card."""
    return lambda model, kind='rom': getattr(firmware.Ipxe(BUILD), kind)(model)


@pytest.fixture
def plug(artefact):
    """
    plug(via, model, port, ...) gives a machine's parts: its NICs, with the ROM in the first of them, or
    without ROMs and with the lkrn. `port` may be a list of ports.
    """
    def parts(via, model, port, **nic):
        ports = port if isinstance(port, list) else [port]
        if via == 'rom':
            nics = [qemu.Nic(model, p, artefact('rom', model) if i == 0 else None,
                             bootindex=0 if i == 0 else None, **nic) for i, p in enumerate(ports)]
            return {'nics': nics}
        return {'nics': [qemu.Nic(model, p, **nic) for p in ports], 'kernel': artefact('lkrn')}
    return parts


@pytest.fixture
def machine(out, fw, request):
    """machine(nics=[...], ...) makes a started qemu.Machine, or another kind, which ends with the test."""
    made = []

    def make(kind=qemu.Machine, **parts):
        number = len(made)
        made.append(kind(out if number == 0 else os.path.join(out, 'machine%d' % number),
                         mirror=parts.pop('mirror', fw.mirror), **parts))
        return made[-1].start()
    yield make
    for one in made:
        one.stop()
    report = getattr(request.node, 'lab_call', None)
    if report is not None and report.failed and made:
        report.sections.append(('artefacts', out))
        report.sections.append(('serial line', made[0].serial.tail(40)))


@pytest.fixture
def uefi(machine):
    """uefi(cpu=, nics=[...], ...) makes a started efi.Machine, likewise."""
    return lambda **parts: machine(efi.Machine, **parts)


@pytest.fixture
def lan(request):
    """A bridge in a network namespace that this test has for itself."""
    kind, why = request.config.lab_net
    if kind is None:
        pytest.skip('real servers need a network namespace: ' + why)
    return net.Lan(veth_only=kind == 'relay')


@pytest.fixture
def wire():
    """An Ethernet hub for servers of host.py; the test calls start() on it."""
    made = host.Wire()
    yield made
    made.close()


@pytest.fixture
def net_of(wire):
    """
    net_of(files, boot) makes the wire a network with one server for DHCP and TFTP, not yet started; returns
    its Dhcp and Tftp.
    """
    def make(files, boot='boot.ipxe', **dhcp):
        station = wire.station()
        files = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
        return host.Dhcp(station, boot, **dhcp), host.Tftp(station, files)
    return make


@pytest.fixture
def serve(lan, out, cache, request):
    """
    serve(name, files, boot): the named TFTP server with these files, and dnsmasq for DHCP with `boot` as
    its boot file; they end with the test. Returns the servers.
    """
    started = []

    def start(name, files, boot='boot.ipxe', options=(), tftp_options=()):
        root = media.offer(os.path.join(out, 'tftp'), files)
        own = name == 'dnsmasq'
        started.append(servers.dnsmasq(lan, out, cache, tftp=root if own else None, boot=boot,
                                       options=list(options) + (list(tftp_options) if own else [])))
        if name == 'atftpd':
            started.append(servers.atftpd(lan, out, root, cache, tftp_options))
        elif name == 'tftpd-hpa':
            started.append(servers.tftpd_hpa(lan, out, root, cache, tftp_options))
        return started
    yield start
    for server in started:
        server.stop()


@pytest.fixture
def web(lan, out, cache):
    """web(kind, files, port): nginx or Apache with these files, until the test ends; see lab/web.py."""
    started = []

    def start(kind, files, port=80):
        root = media.offer(os.path.join(out, 'www'), files)
        started.append(web_servers.Web(kind, lan, out, cache, root, port))
        return started[-1]
    yield start
    for server in started:
        server.stop()


@pytest.fixture
def far(lan):
    """far(delay_us=, loss=, ...) makes a bridge that is so far from the Lan; see net.Far."""
    made = []

    def make(**options):
        made.append(net.Far(lan, os.path.join(BUILD, 'host', 'relay'), **options))
        return made[-1]
    yield make
    for one in made:
        one.close()
