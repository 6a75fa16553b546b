# SPDX-License-Identifier: BSD-2-Clause
"""
How a fuzz target is run: for `make check` and util/fuzz alike. A target is $O/fuzz/fuzz_NAME; its seeds are
committed in tests/fuzz/corpus/fuzz_NAME; what it finds on the way goes to $O/fuzz/found/fuzz_NAME, an input
that breaks something to $O/fuzz/broken/.
"""

import glob
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
INPUT_SECONDS = 10     # one input may take
RSS_MIB = 2048


def targets():
    """Names of all targets, by their sources."""
    sources = glob.glob(os.path.join(ROOT, 'tests', 'fuzz', 'fuzz_*.c'))
    return sorted(os.path.basename(s)[:-2] for s in sources)


def program(target):
    return os.path.join(BUILD, 'fuzz', target)


def corpus(target):
    return os.path.join(ROOT, 'tests', 'fuzz', 'corpus', target)


def found(target):
    path = os.path.join(BUILD, 'fuzz', 'found', target)
    os.makedirs(path, exist_ok=True)
    return path


def _run(target, args, timeout):
    broken = os.path.join(BUILD, 'fuzz', 'broken')
    os.makedirs(broken, exist_ok=True)
    return subprocess.run(
        [program(target), '-timeout=%d' % INPUT_SECONDS, '-rss_limit_mb=%d' % RSS_MIB,
         '-artifact_prefix=%s/%s-' % (broken, target), *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
        check=False, text=True, errors='replace')


def replay(target):
    """Runs each committed input once."""
    files = sorted(glob.glob(os.path.join(corpus(target), '*')))
    return files, _run(target, files, timeout=120 + INPUT_SECONDS)


def _fuzz(target, seconds, args):
    return _run(target, ['-max_total_time=%d' % seconds, '-print_final_stats=1', *args, found(target), corpus(target)],
                timeout=seconds + 60)


def fuzz(target, seconds):
    """Fuzzes from the committed corpus and what was found before: other inputs each time."""
    return _fuzz(target, seconds, [])


def fuzz_same(target, seconds, runs):
    """
    Fuzzes with the same inputs each time, on each machine: a fixed seed and number, and without the operands of
    comparisons, which libFuzzer learns from else. Some of those are addresses, and no two processes have the same.
    Not so to the last input: what fuzz_pe and fuzz_tcp reach differs a little between processes.
    seconds: a bound that is not to be reached.
    """
    return _fuzz(target, seconds, ['-runs=%d' % runs, '-seed=1', '-use_cmp=0'])


def merge(target):
    """Takes over into the committed corpus what reaches code that nothing in it reached."""
    return _run(target, ['-merge=1', corpus(target), found(target)], timeout=600)
