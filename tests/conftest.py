# SPDX-License-Identifier: BSD-2-Clause
"""
What all tests of `make check` share. util/check starts pytest with O, the build directory, in the environment;
with STRICT=1 a skipped test is a failed one.
"""

import os
import re
import shutil

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
STRICT = os.environ.get('STRICT', '') not in ('', '0')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped and not hasattr(report, 'wasxfail'):
        report.outcome = 'failed'
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.longrepr = 'STRICT: ' + reason


@pytest.fixture
def out(request):
    """The test's own directory, empty at its start."""
    name = re.sub(r'[^\w.=-]+', '-', request.node.name).strip('-')
    path = os.path.join(BUILD, 'check', request.node.path.stem[len('test_'):] + '-' + name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path
