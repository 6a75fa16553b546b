# SPDX-License-Identifier: BSD-2-Clause
"""
How fast a file arrives over HTTP from nginx: ours, the peer's firmware and a Linux guest on the same emulated NIC; on
a long or lossy way (tests/relay.c), where curl goes as well; and the hosted program beside curl.

Rates are from the first SYN to the last new byte, by the packets at the NIC, for every machine alike. The server's
congestion control is CUBIC whatever the system has, and it does not remember how the way was for the client before:
with loss that is what limits a single connection.

The hosted program and curl are timed from start to end of the process, one after the other, and the file is in memory
that is equally warm for both: a virtual computer whose host takes back what it does not use gets memory at half a
gigabyte a second when it touches it again, and that is all that one would measure.
"""

import mmap
import os
import resource
import statistics
import subprocess
import time

from bench import guest
from bench.machines import Failed, Run, net, pcap, qemu, twice
from bench.transfer import BY_DHCP, BY_HAND

LINUX, CURL, NOWHERE = 'Linux', 'curl', 'curl to nowhere'
HTTP_PORT = 80
SNAPLEN = 100  # of each packet: the headers
FETCH = 'imgfetch http://' + net.SERVER_IP + '/%s && reboot'
GUEST = 'console=ttyS0 quiet no_timer_check rdinit=/bench url=http://' + net.SERVER_IP + '/%s'
TIMEOUT = 240
MEMORY = '/dev/shm'
WARM = 2.5  # times the file: what is touched in front of a run


class Case:
    """
    One line of the table: who fetches how much by which way, how often at least. wanted(medians): (what it asks for,
    whether met).
    """

    def __init__(self, text, mib, model='virtio', way=None, who=(), wanted=None, least=1):
        self.text = text
        self.mib = mib
        self.model = model
        self.way = way
        self.who = who
        self.wanted = wanted
        self.least = least


def times(factor, also=None):
    """At least so many times the peer's rate, and that of `also`."""
    def judge(rate):
        return '%.1fx iPXE%s' % (factor, ' and %s' % also if also else ''), (
            rate['Reveille'] >= factor * rate['iPXE'] and (not rate.get(also) or rate['Reveille'] >= rate[also]))
    return judge


def long_way(rate):
    return 'min(2x iPXE, 0.8x curl)', rate['Reveille'] >= min(2 * rate['iPXE'], 0.8 * rate[CURL])


def beside_curl(rate):
    return '0.8x curl into memory', rate['Reveille'] >= 0.8 * rate[CURL]


MACHINES = ('Reveille', 'iPXE', LINUX)
CASES = {
    'virtio': Case('virtio', 128, who=MACHINES, wanted=times(3, LINUX)),
    'e1000': Case('e1000', 128, model='e1000', who=MACHINES, wanted=times(1.3)),
    'rtt': Case('RTT 10 ms', 128, way={'delay_us': 5000}, who=MACHINES + (CURL,), wanted=long_way),
    'loss': Case('RTT 10 ms, 1 % loss', 8, way={'delay_us': 5000, 'loss': 1}, who=MACHINES + (CURL,), wanted=times(3)),
    'lan-loss': Case('RTT 0.2 ms, 1 % loss', 32, way={'delay_us': 100, 'loss': 1}, who=MACHINES + (CURL,),
                     wanted=times(2)),
    'hosted': Case('hosted, veth', 1024, model=None, who=('Reveille', CURL, NOWHERE), wanted=beside_curl,
                   least=5),
}


class Result:
    """One fetch: bytes a second, frames that the tap had no room for, CPU seconds of the program that fetched."""

    def __init__(self, rate, drops=None, cpu=None):
        self.rate = rate
        self.drops = drops
        self.cpu = cpu


def seconds_of(segments, size):
    """From the first SYN to the last byte that had not come before."""
    start, last, got, seen = None, None, 0, set()
    for segment in segments:
        if segment.dport == HTTP_PORT and segment.flags & pcap.SYN and start is None:
            start = segment.time
        if segment.sport == HTTP_PORT and segment.size > 0 and (segment.dport, segment.seq) not in seen:
            seen.add((segment.dport, segment.seq))
            got += segment.size
            last = segment.time
    if start is None or got < size:
        raise Failed('%d bytes came, not %d' % (got, size))
    return last - start


@twice
def fetch(site, where, fw, model, name, timeout, label, nic='', address=BY_DHCP, **parts):
    """One run of the loadable kernel, of a Linux guest when fw is None: (Run, segments to the server and from it)."""
    if fw is None:
        kernel, initrd = guest.made(site.cache)  # util/bench had it made
        append = GUEST % name
    else:
        kernel, initrd, append = fw.lkrn(), None, address + FETCH % name
    run = Run(os.path.join(site.out, label), timeout, packets=pcap.tcp, kernel=kernel, initrd=initrd, append=append,
              nics=[lambda: qemu.Nic(model, where.port(), extra=nic)], boot_log=False, snaplen=SNAPLEN, **parts)
    return run, [s for s in run.nics[0] if HTTP_PORT in (s.sport, s.dport)]


def by_machine(site, where, case, fws, who, name):
    run, flow = fetch(site, where, fws.get(who), case.model, name, TIMEOUT, 'http-' + who)
    size = case.mib << 20
    return Result(size / seconds_of(flow, size), run.drops[0])


def measured(args, **options):
    """(seconds, CPU seconds, output) of a program that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(args, capture_output=True, text=True, timeout=TIMEOUT, check=False,
                          stdin=subprocess.DEVNULL, **options)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Failed('%s: %s' % (' '.join(args), (done.stderr or done.stdout).strip()[-300:]))
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def warm(mib):
    """Touches so much memory and gives it back; what is asked for next is taken from there."""
    with mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1


@twice
def by_curl(_site, where, case, _fws, who, name):
    """
    In a namespace of its own, with Linux's TCP. Beside the hosted program, which has the file in memory in the end, it
    writes to a file system in memory; else nowhere.
    """
    host = where.host('10.77.0.90')
    near = case.model is None
    kept = os.path.join(MEMORY, 'bench-%d' % os.getpid())
    target = kept if who == CURL and near else '/dev/null'
    if near:
        warm(int(WARM * case.mib))
    try:
        took, cpu, text = measured([*host.prefix, 'curl', '-sS', '-f', '-o', target, '-w',
                                 '%{size_download} %{time_total}', 'http://%s/%s' % (net.SERVER_IP, name)])
    finally:
        host.close()
        if target == kept and os.path.exists(kept):
            os.unlink(kept)
    size, seconds = text.split()
    if int(size) != case.mib << 20:
        raise Failed('curl has %s bytes' % size)
    return Result(int(size) / (took if near else float(seconds)), cpu=cpu)


@twice
def hosted(site, where, case, _fws, _who, name):
    """The program on the far end of a veth that nobody else uses, into memory; then whether it has it all."""
    net.run('ip', 'link', 'add', 'near0', 'type', 'veth', 'peer', 'name', 'far0')
    try:
        net.run('ip', 'link', 'set', 'near0', 'master', where.bridge, 'up')
        net.run('ip', 'link', 'set', 'far0', 'up')
        warm(int(WARM * case.mib))
        seconds, cpu, text = measured([
            os.path.join(site.build, 'host', 'reveille'), '--memory', str(case.mib + 64), '--interface', 'far0',
            BY_HAND + 'imgfetch http://%s/%s && imgstat' % (net.SERVER_IP, name)])
    finally:
        net.run('ip', 'link', 'del', 'near0')
    if str(case.mib << 20) not in text:
        raise Failed('the hosted program has not the whole file: ' + text[-300:])
    return Result((case.mib << 20) / seconds, cpu=cpu)


def method(case, who):
    if who in (CURL, NOWHERE):
        return by_curl
    return hosted if case.model is None else by_machine


def one(site, case, fws, who, name, seed):
    """One fetch, on a way of its own where the case has one."""
    if not case.way:
        return method(case, who)(site, site.lan, case, fws, who, name)
    far = net.Far(site.lan, os.path.join(site.build, 'host', 'relay'), seed=seed, **case.way)
    try:
        result = method(case, who)(site, far, case, fws, who, name)
    finally:
        counted = far.close()
    for way, row in counted.items():
        if row['giants'] or row['full'] or row['dropped'] or row['refused']:
            raise Failed('the way lost what it should not have lost, %s: %s' % (way, row))
    return result


def measure(site, fws, chosen, runs, say, without=()):
    """{case: {who: [Result]}}, all runs interleaved; `without` whom cannot be had."""
    found = {name: {who: [] for who in CASES[name].who if who not in without} for name in chosen}
    for mib in {CASES[name].mib for name in chosen}:
        site.offer('%dm' % mib, os.urandom(mib << 20))
    site.serve('nginx')
    for number in range(max([runs] + [CASES[name].least for name in chosen])):
        for name in chosen:
            case = CASES[name]
            if number >= max(runs, case.least):
                continue
            for who in found[name]:
                result = one(site, case, fws, who, '%dm' % case.mib, number + 1)
                found[name][who].append(result)
                say('%s, %s: %.2f MB/s%s%s' % (
                    case.text, who, result.rate / 1e6,
                    '' if result.drops is None else ', %d queue drops' % result.drops,
                    '' if result.cpu is None else ', %.2f CPU s' % result.cpu))
    site.close()
    for mib in {CASES[name].mib for name in chosen}:
        os.unlink(os.path.join(site.root, '%dm' % mib))
    return found


def medians(results):
    return {who: statistics.median(r.rate for r in rows) for who, rows in results.items() if rows}
