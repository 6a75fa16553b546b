# SPDX-License-Identifier: BSD-2-Clause
"""The tables that `make bench` prints. A target that was missed is marked, and counted by missed()."""

import statistics

from bench import boot, cost, efi, http, transfer

OURS, PEER = 'Reveille', 'iPXE'


class Report:
    def __init__(self):
        self.missed = []

    def judge(self, what, good):
        """'ok', or 'MISSED' and remembered."""
        if not good:
            self.missed.append(what)
        return 'ok' if good else 'MISSED'

    def rates(self, mib, rates):
        print('\nTFTP of %d MiB, MB/s (median; from the first request to the last acknowledgement)' % mib)
        print('  %-9s %-8s %10s %10s %8s %8s' % ('server', 'NIC', OURS, PEER, 'ratio', 'wanted'))
        for server, model in transfer.cases():
            ours, peer = (statistics.median(rates[server][model][fw]) / 1e6 for fw in (OURS, PEER))
            wanted = transfer.WANTED[server]
            print('  %-9s %-8s %10.2f %10.2f %7.2fx %7.1fx  %s' % (
                server, model, ours, peer, ours / peer, wanted,
                self.judge('rate: %s, %s' % (server, model), ours / peer >= wanted)))

    def http(self, found):
        print('\nHTTP from nginx, MB/s (median), frames that the tap had no room for (most of any run)')
        print('  %-20s %5s %10s %10s %10s %10s  %s' % ('', 'MiB', OURS, PEER, http.LINUX, http.CURL, 'wanted'))
        for name, results in found.items():
            case, rate = http.CASES[name], http.medians(results)
            wanted, good = case.wanted(rate)
            drops = {who: max(r.drops for r in rows) for who, rows in results.items() if rows[0].drops is not None}
            print('  %-20s %5d %10s %10s %10s %10s  %s, %s' % (
                case.text, case.mib, *('%.2f' % (rate[who] / 1e6) if who in rate else '-'
                                       for who in (OURS, PEER, http.LINUX, http.CURL)),
                wanted, self.judge('http: ' + case.text, good)))
            if OURS in drops:
                print('  %-20s %5s %10d %10s %10s %10s  0, %s' % (
                    '  queue drops', '', drops[OURS], drops.get(PEER, '-'), drops.get(http.LINUX, '-'), '-',
                    self.judge('http: queue drops, ' + case.text, drops[OURS] == 0)))
            if name == 'hosted':
                cpu = {who: statistics.median(r.cpu for r in rows) * 1024 / case.mib for who, rows in results.items()}
                print('  %-20s %5s %10.2f %10s %10s %10.2f' % (
                    '  CPU s per GiB', '', cpu[OURS], '-', '-', cpu[http.CURL]))
                print('  %-20s (%.2fx curl; %.2fx curl that throws it away: %.2f MB/s, %.2f CPU s per '
                      'GiB)' % (
                          '', rate[OURS] / rate[http.CURL], rate[OURS] / rate[http.NOWHERE],
                          rate[http.NOWHERE] / 1e6, cpu[http.NOWHERE]))

    @staticmethod
    def costs(costs):
        print('\nWhat a MiB costs: ' + OURS + ' / ' + PEER)
        print('  %-9s %-8s %22s %22s %26s' % ('server', 'NIC', 'packets', 'register accesses',
                                              'million instructions'))
        for server, model in cost.cases():
            cell = costs[server][model]
            print('  %-9s %-8s %22s %22s %26s' % (server, model, *(
                '%s / %s = %.2f' % (form % (cell[OURS][key] / unit), form % (cell[PEER][key] / unit),
                                    cell[OURS][key] / max(1, cell[PEER][key]))
                for key, form, unit in (('packets', '%d', 1), ('accesses', '%d', 1),
                                        ('instructions', '%.2f', 1e6)))))

    def boots(self, boots):
        ours, peer = (boots['one'].get(fw) for fw in (OURS, PEER))
        print('\nPower-on to ..., seconds (virtio ROM under SeaBIOS, dnsmasq; median)')
        print('  %-32s %9s %8s %9s' % ('', OURS, 'step', PEER))
        before = 0
        for step in boot.STEPS:
            if ours[step] is None:
                continue
            print('  %-32s %9.3f %+8.3f %9s' % (
                step, ours[step], ours[step] - before,
                '%9.3f' % peer[step] if peer and peer[step] is not None else '-'))
            before = ours[step]
        first = ours[boot.FIRST_BYTE]
        print('  first byte: wanted %.1f s, %s%s' % (
            boot.WANTED_SECONDS, self.judge('first byte', first <= boot.WANTED_SECONDS),
            '; %.1f times as soon as %s' % (peer[boot.FIRST_BYTE] / first, PEER) if peer else ''))
        if peer and peer[boot.ROUTER]:
            print('  (%s waited for an IPv6 router, asking %d times, when it had an IPv4 address)' % (
                PEER, peer[boot.ROUTER]))

        print('\nFour NICs, only the last has a network: first byte, and how much later than with one NIC')
        for what, text in (('silent', 'three where nobody answers'), ('unplugged', 'three without a cable')):
            for fw, row in boots[what].items():
                extra = row[boot.FIRST_BYTE] - boots['one'][fw][boot.FIRST_BYTE]
                print('  %-28s %-9s %8.3f %+8.3f  %s' % (
                    text, fw, row[boot.FIRST_BYTE], extra, 'wanted %+.1f, %s' % (
                        boot.WANTED_EXTRA, self.judge('four NICs: ' + what, extra <= boot.WANTED_EXTRA))
                    if fw == OURS else ''))

    def efi(self, found):
        print('\nUnder UEFI (OVMF, virtio), MB/s (median)')
        print('  %-20s %5s %10s %10s %8s %8s' % ('', 'MiB', OURS, PEER, 'ratio', 'wanted'))
        for name, by in found['rates'].items():
            case, rate = efi.CASES[name], efi.medians(by)
            ratio = rate[OURS] / rate[PEER]
            print('  %-20s %5d %10.2f %10.2f %7.2fx %7.1fx  %s' % (
                case.text, case.mib, rate[OURS] / 1e6, rate[PEER] / 1e6, ratio, case.wanted,
                self.judge('UEFI: ' + case.text, ratio >= case.wanted)))
        first = efi.medians(found['boot'])
        ratio = first[OURS] / first[PEER]
        print('  power-on to first byte, s  %10.3f %10.3f %7.2fx %7.1fx  %s' % (
            first[OURS], first[PEER], ratio, efi.WANTED_SOONER,
            self.judge('UEFI: first byte', ratio <= efi.WANTED_SOONER)))

    def memory(self, memory, limit):
        print('\nMemory beside the images: %.2f MiB, all of it set aside at compile time; wanted below %d MiB, %s' % (
            memory / 2**20, limit >> 20, self.judge('memory', memory < limit)))
