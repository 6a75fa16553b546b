# SPDX-License-Identifier: BSD-2-Clause
"""
Everything that runs as a process: the unit tests (cmocka, with sanitizers) and the simulator's, for each CPU that
they are compiled for, and a few seconds of each fuzz target. What there is is read from the sources, so that a test
that was not built is a failure.
"""

import glob
import os
import re
import subprocess

import pytest

import fuzzing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
SLOW = float(os.environ.get('LAB_SLOW', '1'))
UNIT_SECONDS = 300
FUZZ_RUNS = 5000      # the same ones each time: what is new is found by `make fuzz`
FUZZ_SECONDS = 300
FOLDERS = ('core', 'net', 'drivers', 'host', 'arch/x86/pxe', 'arch/efi', 'sim')
UNITS = sorted(os.path.relpath(path, ROOT)[:-2] for folder in FOLDERS
               for path in glob.glob(os.path.join(ROOT, 'tests', folder, 'test_*.c')))


# What a CPU's programs are run with.
SUITES = {'san': [], 'san-i386': [], 'san-arm64': ['qemu-aarch64-static']}
# qemu-user does not tell the kernel what this is about.
NOT_THERE = {('san-arm64', 'tests/host/test_prefault')}
RUNS = [(suite, name) for suite in SUITES for name in UNITS if (suite, name) not in NOT_THERE]


def built(path):
    if not os.access(path, os.X_OK):
        pytest.fail('%s is not built: run `make tests fuzzers`' % path, pytrace=False)
    return path


def tail(text, lines=60):
    """What went wrong first, as cmocka and the sanitizers mark it, and how it ended."""
    rows = text.splitlines()
    first = next((i for i, row in enumerate(rows) if re.search(r'ERROR|runtime error', row)), len(rows))
    if len(rows) - first <= 2 * lines:
        return '\n'.join(rows[min(first, max(0, len(rows) - lines)):])
    return '\n'.join(rows[first:first + lines] + ['...'] + rows[-lines:])


@pytest.mark.parametrize('suite,name', RUNS, ids=['/'.join([suite, name[len('tests/'):]]) for suite, name in RUNS])
def test_unit(suite, name):
    program = built(os.path.join(BUILD, suite, name))
    try:
        done = subprocess.run([*SUITES[suite], program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=UNIT_SECONDS * SLOW, check=False, text=True,
                              errors='replace', cwd=ROOT)
    except subprocess.TimeoutExpired as error:
        pytest.fail('not done after %.0f s:\n%s' % (error.timeout, tail((error.stdout or b'').decode(
            'latin-1'))), pytrace=False)
    if done.returncode:
        pytest.fail('status %d\n%s' % (done.returncode, tail(done.stdout)), pytrace=False)
    skipped = re.findall(r'^\[  SKIPPED \] (\S+)\s*$', done.stdout, re.M)
    if skipped:
        pytest.skip('%s; see %s' % (', '.join(sorted(set(skipped))), program))
    passed = re.findall(r'^\[  PASSED  \] (\d+) test', done.stdout, re.M)
    assert passed and int(passed[-1]) > 0, 'no test in it ran:\n' + tail(done.stdout)


@pytest.mark.parametrize('target', fuzzing.targets())
def test_fuzz(target):
    built(fuzzing.program(target))
    files, done = fuzzing.replay(target)
    assert files, 'no input in %s' % fuzzing.corpus(target)
    if done.returncode:
        pytest.fail('an input of the corpus: status %d\n%s' % (done.returncode, tail(done.stdout)), pytrace=False)
    done = fuzzing.fuzz_same(target, FUZZ_SECONDS, FUZZ_RUNS)
    if done.returncode:
        pytest.fail('status %d\n%s' % (done.returncode, tail(done.stdout)), pytrace=False)
    runs = re.search(r'stat::number_of_executed_units:\s*(\d+)', done.stdout)
    assert runs and int(runs.group(1)) > len(files), tail(done.stdout)
