# SPDX-License-Identifier: BSD-2-Clause
"""How fast a file arrives: TFTP from a server that grants windows and from one that does not."""

import os

from bench.machines import Run, file_transfer, net, qemu, twice

SERVERS = ('atftpd', 'dnsmasq')  # with windowsize, without
MODELS = ('virtio', 'e1000')
WANTED = {'atftpd': 3.0, 'dnsmasq': 1.2}  # times the peer's rate
FETCH = 'imgfetch tftp://' + net.SERVER_IP + '/%s && reboot'
BY_DHCP = 'dhcp && '
# Without the waits of DHCP, for runs in which the guest is slow.
BY_HAND = 'ifopen net0 && set net0/ip 10.77.0.50 && set net0/netmask 255.255.255.0 && '


def cases():
    return [(server, model) for server in SERVERS for model in MODELS]


@twice
def fetch(site, fw, model, name, timeout, label, nic='', address=BY_DHCP, **parts):
    """One run of the loadable kernel that fetches `name`: (Run, Transfer, seconds from RRQ to last ACK, packets)."""
    run = Run(os.path.join(site.out, label), timeout, kernel=fw.lkrn(), append=address + FETCH % name, boot_log=False,
              nics=[lambda: qemu.Nic(model, site.lan.port(), extra=nic)], **parts)
    transfer = file_transfer(run.nics[0], name)
    flow = [p for p in run.nics[0] if transfer.client in ((p.ip_src, p.sport), (p.ip_dst, p.dport))
            and p.time >= transfer.start]
    return run, transfer, flow[-1].time - transfer.start, flow


def measure(site, fws, runs, mib, say):
    """{server: {model: {firmware: [bytes a second]}}}, all runs interleaved."""
    name = '%dm' % mib
    site.offer(name, os.urandom(mib << 20))
    rates = {server: {model: {fw: [] for fw in fws} for model in MODELS} for server in SERVERS}
    for server in SERVERS:
        site.serve(server)
        for _ in range(runs):
            for model in MODELS:
                for label, fw in fws.items():
                    _, transfer, seconds, _ = fetch(site, fw, model, name, 60 + 4 * mib, 'fetch-' + label)
                    rates[server][model][label].append(transfer.size / seconds)
                    say('%s, %s, %s: %.2f MB/s' % (server, model, label, transfer.size / seconds / 1e6))
    site.close()
    os.unlink(os.path.join(site.root, name))
    return rates
