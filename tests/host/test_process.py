# SPDX-License-Identifier: BSD-2-Clause
"""The hosted program as such: command line, scripts, exit status, terminal. No network is needed."""

import os
import signal

import pytest

import process


@pytest.fixture
def session():
    """session(argument...) starts the program on a terminal."""
    made = []

    def start(*args):
        made.append(process.Session(*args))
        return made[-1]
    yield start
    for one in made:
        one.close()


@pytest.mark.parametrize('script,status', [
    ('echo', 0), ('echo && echo', 0), ('exit', 0), ('exit 0', 0), ('exit 1', 1), ('exit 7', 1),
    ('iseq 1 2', 1), ('iseq 1 2 ||', 0), ('iseq 1 2 || echo', 0), ('nonsense', 1)])
def test_status(script, status, reveille):
    assert reveille(script).status == status


def test_arguments_are_one_line(reveille):
    result = reveille('--seed', '1', 'echo', 'a', '--seed', '&&', 'echo b')
    assert (result.status, result.text) == (0, 'a --seed\nb\n')


def test_error_has_its_code(reveille):
    assert 'E6001' in reveille('nonsense').text


def test_script_file(reveille, out):
    path = os.path.join(out, 'script')
    with open(path, 'w', encoding='ascii') as file:
        file.write('#!ipxe\nset n 1\n:again\necho turn ${n}\ninc n\niseq ${n} 3 || goto again\n')
    result = reveille('--script', path)
    assert (result.status, result.text) == (0, 'turn 1\nturn 2\n')


@pytest.mark.parametrize('args,complaint', [
    (['--nonsense'], '--help'),
    (['--script', '/nonexistent'], '/nonexistent: No such file'),
    (['--script', '/dev/zero'], 'at most'),
    (['--script', '/dev/null', 'echo'], 'either'),
    (['--memory', '3'], '--memory 3'),
    (['--memory', '1x'], '--memory 1x'),
    (['--mac', '02:00:00:00:00:01'], 'behind the link'),
    (['--tap', 't0', '--mac', '01:00:00:00:00:01'], 'not the address'),
    (['--tap', 't0', '--mac', '02:00:00:00:00'], 'not the address'),
    (['--tap', 't0', '--mac', '02:00:00:00:00:0g'], 'not the address'),
    (['--tap', 't0'] * 9, 'at most 8'),
    (['--tap', 'a-name-that-is-too-long'], 'longer than'),
    (['--interface', 'nonexistent'], 'none of that name'),
])
def test_refused(args, complaint, reveille):
    result = reveille(*args)
    assert result.status == 2
    assert 'reveille: ' in result.text and complaint in result.text


@pytest.mark.parametrize('args,advice', [
    (['--tap', 'forbidden0'], 'ip tuntap add forbidden0'),
    (['--interface', 'lo'], 'setcap cap_net_raw'),
])
def test_no_permission(args, advice, reveille):
    """Root without capabilities is nobody; an ordinary user has none to begin with."""
    prefix = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []
    result = reveille(*args, prefix=prefix)
    assert result.status == 2
    assert 'not permitted' in result.text and advice in result.text


def test_help_and_version(reveille):
    assert reveille('--help').text.startswith('usage: ')
    assert reveille('--version').text.startswith('Reveille ')


def test_settings_of_the_platform(reveille):
    assert reveille('echo ${platform} ${buildarch} ${uuid}').text.startswith('linux x86_64')


def test_shell_reads_a_pipe(reveille):
    """What comes while a command waits is not lost; the end of input ends the shell."""
    lines = 'sleep 1\n' + ''.join('echo line number %d of a long pipe\n' % i for i in range(50))
    result = reveille(stdin=lines.encode())
    assert result.status == 0
    for i in range(50):
        assert '\nline number %d of a long pipe\n' % i in result.text.replace('\r', '\n')


def test_shell_on_a_terminal(session):
    shell = session()
    shell.expect(process.PROMPT)
    assert shell.settings() != shell.before
    shell.type('echo one twx\x7fo\r')
    shell.expect('\none two\r\n')
    shell.expect(process.PROMPT)
    shell.type('\x1b[A\r')  # up: the same line again
    shell.expect('\none two\r\n')
    shell.type('exit\r')
    assert shell.wait() == 0
    assert shell.settings() == shell.before


def test_cancel_and_leave(session):
    """Ctrl-C ends a command, Ctrl-D the shell."""
    shell = session()
    shell.expect(process.PROMPT)
    shell.type('sleep 1000\r')
    shell.expect('sleep 1000')
    shell.type('\x03')
    shell.expect(process.PROMPT)
    shell.type('\x04')
    assert shell.wait() == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_terminal_restored_on_signal(number, session):
    shell = session('sleep 1000')
    shell.expect('')
    for _ in range(200):
        if shell.settings() != shell.before:
            break
        signal.sigtimedwait([], 0.05)
    assert shell.settings() != shell.before
    shell.process.send_signal(number)
    assert shell.wait() == -number
    assert shell.settings() == shell.before


def test_terminal_restored_on_error(session):
    shell = session('nonsense')
    assert shell.wait() == 1
    assert shell.settings() == shell.before
