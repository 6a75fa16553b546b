# SPDX-License-Identifier: BSD-2-Clause
"""
HTTP from nginx and from Apache: boots, what both make of a file, and all that may happen while a long one comes. What
has arrived is judged by the digest that the firmware prints of its memory.
"""

import hashlib
import os
import re
import time

import pytest

from lab import media, net, web as servers
from lab.handover import Handover
from test_boot import QUIET, booted

MIB = 1 << 20
HUGE = 1 << 30
IN_THE_MIDDLE = r'big[^\r\n]* [2-7]\d ?%'
BOOT = media.script('kernel vmlinuz %s mark=${net0/mac}' % QUIET, 'initrd initrd.img', 'boot')

pytestmark = pytest.mark.reveille


@pytest.fixture
def site(serve, web):
    """site(kind, script, files): that web server with these files, and DHCP that names the script there."""
    def make(kind, script, files, options=(), boot=None):
        server = web(kind, {'boot.ipxe': script, **files})
        serve('dnsmasq', {}, boot=server.url('boot.ipxe') if boot is None else boot, options=options)
        return server
    return make


def sums(*names):
    """Lines of script that print the digest of each file, then that there are no more."""
    return ['imgfetch %s && sha256sum %s && imgfree %s' % (name, os.path.basename(name), os.path.basename(name))
            for name in names] + ['echo all', 'shell']


def digest_of(m, name, timeout=60):
    return m.expect(r'\b([0-9a-f]{64})  %s\b' % re.escape(name), timeout).group(1)


@pytest.fixture
def huge(cache):
    """(path, digest) of a file of 1 GiB, no two MiB of which are alike."""
    path = os.path.join(cache, 'huge')
    block, sha256 = media.noise(MIB - 8), hashlib.sha256()
    with open('%s.%d' % (path, os.getpid()), 'wb') as file:
        for number in range(HUGE // MIB):
            piece = number.to_bytes(8, 'big') + block
            sha256.update(piece)
            file.write(piece)
    os.rename(file.name, path)
    yield path, sha256.hexdigest()
    os.unlink(path)


def test_gigabyte(lan, site, machine, plug, huge):
    """1 GiB, on the fast NIC, and its digest."""
    path, digest = huge
    server = site('nginx', media.script(*sums('big')), {'big': path})
    m = machine(memory=1536, snaplen=60, **plug('lkrn', 'virtio', lan.port()))
    m.expect('fetched big', 300)
    assert digest_of(m, 'big', 600) == digest
    assert [(hit.status, hit.sent) for hit in server.hits() if hit.path == '/big'] == [(200, HUGE)]


@pytest.mark.parametrize('via,model,kind', [
    ('rom', 'virtio-legacy', 'nginx'), ('rom', 'virtio-modern', 'apache'), ('rom', 'e1000', 'nginx'),
    ('lkrn', 'virtio', 'nginx'), ('lkrn', 'e1000', 'apache')])
def test_debian(via, model, kind, lan, site, machine, plug, kernel):
    """The script, by a URL of DHCP; kernel and initrd, by relative URLs."""
    parts = plug(via, model, lan.port())
    server = site(kind, BOOT, kernel)
    assert 'mark=52:54:00:12:34:56' in booted(machine(**parts))
    assert [(hit.path, hit.status) for hit in server.hits()] == [
        ('/boot.ipxe', 200), ('/vmlinuz', 200), ('/initrd.img', 200)]


@pytest.mark.parametrize('how', ['option67', 'proxy', 'tftp'])
def test_boot_file(how, lan, serve, web, machine, plug, probe):
    """The URL in option 67 alone; from a proxyDHCP server; in a script that came by TFTP."""
    url = web('nginx', {'boot.ipxe': media.script('kernel probe', 'boot'), 'probe': probe}).url('boot.ipxe')
    if how == 'option67':
        serve('dnsmasq', {}, boot=None, options=['--dhcp-option-force=67,' + url])
    elif how == 'proxy':
        serve('dnsmasq', {}, boot=None, options=['--dhcp-boot=' + url, '--dhcp-option=vendor:PXEClient,6,2b'])
    else:
        serve('dnsmasq', {'boot.ipxe': media.script('chain ' + url)})
    Handover(machine(**plug('lkrn', 'virtio', lan.port())))


@pytest.mark.parametrize('kind', servers.KINDS)
def test_bytes(kind, lan, site, machine, plug):
    """Sizes around those of segments, lengths that are not said beforehand, detours and passwords."""
    files = {'f%d' % size: media.noise(size, size) for size in (0, 1, 1447, 1448, 1449, 65536, 3 * MIB + 1)}
    login = 'http://%s:%s@%s/' % (servers.USER, servers.PASSWORD.replace(' ', '%20'), net.SERVER_IP)
    asked = list(files) + ['chunked/' + name for name in files if name != 'f0']
    asked += ['moved/f1449', 'away/f65536', login + 'basic/f1449']
    if kind == 'apache':
        asked.append(login + 'digest/f65536')
    server = site(kind, media.script(*sums(*asked)), files)
    m = machine(**plug('lkrn', 'virtio', lan.port()))
    for url in asked:
        name = os.path.basename(url)
        assert digest_of(m, name) == media.digest(files[name]), url
    m.expect('all', 5)
    if kind == 'apache':
        assert [hit.status for hit in server.hits() if hit.path.startswith('/digest/')] == [401, 200]


def test_errors(lan, site, machine, plug, fw):
    """What is not there, what is forbidden, and a way in circles: each by its code, and the script goes on."""
    script = media.script('imgfetch none ||', 'imgfetch basic/f ||', 'imgfetch loop/f ||', *sums('f'))
    site('apache', script, {'f': b'x'})
    m = machine(**plug('lkrn', 'virtio', lan.port()))
    m.expect(fw.error(4012) + r'[^\n]*/none\b', 60)
    m.expect(fw.error(4017))
    m.expect(fw.error(4010))
    assert digest_of(m, 'f') == media.digest(b'x')


def test_addresses_of_a_name(lan, site, machine, plug):
    """The first one is nobody's, at the second one nobody listens on that port, the third has the file."""
    zone = ['--port=53', '--no-resolv', '--no-hosts', '--no-round-robin', '--host-record=web.lab,10.77.0.1',
            '--host-record=web.lab,10.77.0.77', '--host-record=web.lab,10.77.0.99']
    data = media.noise(MIB)
    site('nginx', media.script(*sums('http://web.lab/big')), {'big': data}, options=zone)
    near = lan.host('10.77.0.77')
    try:
        m = machine(**plug('lkrn', 'virtio', lan.port()))
        assert digest_of(m, 'big', 90) == media.digest(data)
    finally:
        near.close()


def test_four_kinds_of_way(lan, site, far, machine, plug):
    """Far away, lossy, both, and lossy in one direction only: to the byte. One machine after the other."""
    data = media.noise(MIB)
    server = site('nginx', media.script(*sums('big')), {'big': data})
    ways = ({'delay_us': 20000}, {'loss': 2}, {'delay_us': 3000, 'loss': 3}, {'delay_us': 1000, 'loss': (0, 10)})
    for seed, options in enumerate(ways):
        way = far(seed=seed, **options)
        m = machine(**plug('lkrn', 'virtio', way.port()))
        assert digest_of(m, 'big', 60) == media.digest(data), options
        m.stop()
        counted = way.close()
        assert counted['there']['full'] == counted['back']['full'] == 0
        assert (counted['there']['lost'] > 0) == (options.get('loss') in (2, 3))
    assert len([hit for hit in server.hits() if hit.path == '/big']) >= len(ways)


def slow_fetch(site, machine, plug, lan, kind, model, data):
    """A machine in the middle of a file that takes seconds, its server, and what is there already."""
    server = site(kind, media.script(*sums('slow/big')), {'big': data})
    m = machine(**plug('lkrn', model, lan.port()))
    m.expect(IN_THE_MIDDLE, 60)
    return m, server


def resumed(server):
    """Requests that went on in the middle: (first byte asked for, status, validator)."""
    found = [(re.match(r'bytes=(\d+)-', hit.range), hit) for hit in server.hits() if hit.path == '/slow/big']
    return [(int(match.group(1)), hit.status, hit.if_range) for match, hit in found if match]


@pytest.mark.parametrize('kind,model', [('nginx', 'virtio'), ('apache', 'e1000')])
def test_server_restarts(kind, model, lan, site, machine, plug):
    """Killed in the middle of a file; two seconds later it is there again. What has come does not come again."""
    data = media.noise(16 * MIB)
    m, server = slow_fetch(site, machine, plug, lan, kind, model, data)
    server.kill()
    time.sleep(2)
    server.start()
    assert digest_of(m, 'big', 60) == media.digest(data)
    again = resumed(server)
    assert again and all(status == 206 and validator for _, status, validator in again)
    assert min(first for first, _, _ in again) > 2 * MIB


@pytest.mark.parametrize('model', ['virtio', 'e1000'])
def test_link_cut(model, lan, site, machine, plug):
    """The cable is pulled in the middle of a file, and put back seconds later."""
    data = media.noise(16 * MIB)
    m, server = slow_fetch(site, machine, plug, lan, 'nginx', model, data)
    m.link(0, False)
    time.sleep(3)
    m.link(0, True)
    assert digest_of(m, 'big', 60) == media.digest(data)
    assert all(first > 2 * MIB and status == 206 for first, status, _ in resumed(server))


def test_switch_cut(lan, site, far, machine, plug):
    """The same somewhere on the way, where no link goes down."""
    data = media.noise(16 * MIB)
    site('nginx', media.script(*sums('slow/big')), {'big': data})
    way = far()
    m = machine(**plug('lkrn', 'virtio', way.port()))
    m.expect(IN_THE_MIDDLE, 60)
    net.run('ip', 'link', 'set', way.bridge, 'down')
    time.sleep(4)
    net.run('ip', 'link', 'set', way.bridge, 'up')
    assert digest_of(m, 'big', 60) == media.digest(data)


def test_file_changes(lan, site, machine, plug):
    """Between break and resumption the file becomes another one: no byte of the old one is in what arrives."""
    m, server = slow_fetch(site, machine, plug, lan, 'nginx', 'virtio', media.noise(16 * MIB, 1))
    server.kill()
    new = media.noise(8 * MIB, 2)
    media.offer(server.root, {'big.new': new})
    os.rename(os.path.join(server.root, 'big.new'), os.path.join(server.root, 'big'))
    server.start()
    assert digest_of(m, 'big', 60) == media.digest(new)
