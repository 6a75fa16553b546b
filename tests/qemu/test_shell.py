# SPDX-License-Identifier: BSD-2-Clause
"""
The shell: Ctrl-B opens it whenever a machine boots, from the serial line and from the keyboard; what is
typed there runs; leaving it goes on with what was interrupted. And the boot script language as users write it.
"""

import os
import sys
import time

import pexpect
import pytest

from lab import media
from lab.handover import Handover

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
pytestmark = pytest.mark.reveille


@pytest.fixture
def waiting(wire, net_of, machine, plug, probe):
    """A machine whose boot file is a script that sleeps long, then boots; at the sleep."""
    def run(lines=('echo Asleep', 'sleep 600', 'kernel probe', 'boot'), **parts):
        net_of({'boot.ipxe': media.script(*lines), 'probe': probe, 'hello': media.script('echo Hello again')})
        parts.update(plug('rom', 'virtio', wire.port()))
        wire.start()
        m = machine(**parts)
        m.expect('Asleep', 60)
        return m
    return run


def ask(m, fw, line, answer, timeout=20):
    """Types a line at the prompt and waits for the answer and the next prompt."""
    m.serial.type(line + '\r')
    match = m.expect(answer, timeout, 'answer to %r' % line)
    m.expect(fw.prompt, timeout)
    return match


def test_serial(waiting, fw):
    m = waiting()
    m.serial.send(fw.hotkey)
    m.expect(fw.prompt, 20)
    ask(m, fw, 'ifstat', r'net0\W.*52:54:00:12:34:56')
    ask(m, fw, 'echo one ${net0/ip} two', r'\none 10\.77\.0\.100 two')
    ask(m, fw, 'set colour blue', r'\n')
    ask(m, fw, 'echo is ${colour}', r'\nis blue')
    ask(m, fw, 'imgfetch hello', r'\n')
    ask(m, fw, 'imgstat', r'\nhello\b')
    ask(m, fw, 'chain hello', r'\nHello again')
    ask(m, fw, 'nonsense', fw.error(6001))
    ask(m, fw, 'help', r'\bautoboot\b')
    ask(m, fw, 'isset ${nothing} || echo not set', r'\nnot set')


def test_keyboard(waiting, fw):
    """All on the PC's own keyboard; the answer is on the screen."""
    m = waiting()
    m.keys('ctrl-b')
    m.expect(fw.prompt, 20)
    m.keyboard('echo on the keys\n')
    m.expect(r'\non the keys', 20)
    m.expect_screen(r'^on the keys$')


def test_line_editing(waiting, fw):
    """Backspace, cursor keys, history, as a serial terminal sends them."""
    m = waiting()
    m.serial.send(fw.hotkey)
    m.expect(fw.prompt, 20)
    m.serial.type('echo abxc\x1b[D\x7f\r')
    m.expect(r'\nabc', 20)
    m.expect(fw.prompt, 20)
    m.serial.type('\x1b[A\r')
    m.expect(r'\nabc', 20)


def test_leaving_goes_on(waiting, fw):
    """exit ends the shell and the interrupted script goes on."""
    m = waiting(['echo Asleep', 'sleep 8', 'kernel probe', 'boot'])
    m.serial.send(fw.hotkey)
    m.expect(fw.prompt, 20)
    ask(m, fw, 'echo still here', r'\nstill here')
    m.serial.type('exit\r')
    Handover(m, 60)


def test_ctrl_c(waiting, fw, disk):
    """Ctrl-C cancels the command that runs; the script's || sees a failure."""
    m = waiting(['echo Asleep', 'sleep 600 || echo Woken', 'kernel probe', 'boot'])
    m.serial.send('\x03')
    m.expect('Woken', 20)
    Handover(m, 60)


def test_at_power_on(wire, net_of, machine, plug, fw):
    """No prompt waits for Ctrl-B: pressed early, while there is no network yet, it is seen all the same."""
    net_of({'boot.ipxe': media.script('echo Booting')})
    parts = plug('rom', 'virtio', wire.port(), link=False)
    wire.start()
    m = machine(**parts)
    m.expect(fw.banner, 30)
    m.serial.send(fw.hotkey)
    m.expect(fw.prompt, 20)


def test_prompt_and_timeout(wire, net_of, machine, plug, probe):
    """A prompt with a key and a time goes on by itself."""
    net_of({'probe': probe, 'boot.ipxe': media.script(
        'prompt --key 0x02 --timeout 1000 Press Ctrl-B || goto go', 'echo Nobody pressed anything', 'exit',
        ':go', 'kernel probe', 'boot')})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    Handover(machine(**parts), 60)


def test_script_language(wire, net_of, machine, plug, probe):
    """What sites write: nested settings, types, labels, continuation, conditions, chain and come back."""
    net_of({'probe': probe, 'sub.ipxe': media.script('set from-sub yes', 'exit 0'),
            'boot.ipxe': media.script(
                '# comment', '', 'set base tftp://${next-server}', 'set name pro', 'set suffix be',
                'set v_pro nested', 'echo nested ${v_${name}}',
                'chain ${base}/sub.ipxe && echo Back ${from-sub} || goto bad',
                'isset ${nothing} || set default taken',
                'iseq ${platform} pcbios && set where bios || set where other',
                'iseq ${default} taken || goto bad',
                'set i:int32 0',
                'goto inner',
                ':bad echo Wrong turn',
                'exit 1',
                ':inner echo At the label',
                'kernel ${base}/${name}${suffix} \\',
                '    where=${where} i=${i} || goto bad',
                'imgstat ; boot || goto bad')})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    m.expect('nested nested', 60)
    m.expect('Back yes', 30)
    m.expect('At the label', 30)
    words = Handover(m).cmdline.split()
    assert words == ['where=bios', 'i=0']


def test_exit_status(wire, net_of, machine, plug, disk):
    """`exit 1` of the boot script is a failed boot; so is plain `exit`, as nothing was booted."""
    net_of({'boot.ipxe': media.script('echo Leaving', 'exit 1')})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    m.expect('Leaving', 60)
    m.expect('DISK-BOOTED', 30)


@pytest.mark.parametrize('command', ['reboot', 'poweroff'])
def test_reboot_and_poweroff(command, wire, net_of, machine, plug):
    net_of({'boot.ipxe': media.script('echo Now', command)})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts)
    m.expect('Now', 60)
    m.wait_off(30)  # QEMU runs with -no-reboot: a reset ends it, too


def test_endless_script(wire, net_of, machine, plug, fw, disk):
    """A script that goes round for ever without waiting is ended, not the machine."""
    net_of({'boot.ipxe': media.script(':again', 'goto again')})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    m = machine(**parts, disk=disk)
    m.expect(fw.error(6011), 60)
    m.expect('DISK-BOOTED', 60)


def test_script_that_fetches_for_ever(wire, net_of, machine, plug, fw):
    """A script that chains itself runs out of depth."""
    net_of({'boot.ipxe': media.script('chain boot.ipxe || echo Deep enough', 'sleep 600')})
    parts = plug('rom', 'virtio', wire.port())
    wire.start()
    machine(**parts).expect('Deep enough', 90)


@pytest.mark.skipif(sys.platform != 'linux', reason='util/boot needs Linux')
def test_make_boot(artefact, out, kernel):
    """`make boot` on a terminal: stays in the booted system, where one can type, and ends cleanly."""
    build = os.path.dirname(os.path.dirname(artefact('rom', 'virtio')))
    picture = os.path.join(out, 'boot.png')
    terminal = pexpect.spawn(os.path.join(ROOT, 'util', 'boot'), timeout=60, encoding='latin-1', env={
        **os.environ, 'O': build, 'INTERACTIVE': '1', 'SCREENSHOT': picture,
        'BOOT_OUT': os.path.join(out, 'boot')})
    with open(os.path.join(out, 'terminal.log'), 'w', encoding='latin-1') as log:
        terminal.logfile_read = log
        terminal.expect('REVEILLE-BOOTED')
        terminal.expect('# ')
        time.sleep(0.5)
        terminal.send('echo $((6 * 7)) shells\r')
        terminal.expect('42 shells')
        terminal.send('poweroff -f\r')
        terminal.expect('Booted:')
        terminal.expect(pexpect.EOF)
        terminal.close()
    assert terminal.exitstatus == 0
    assert os.path.getsize(picture) > 1000
