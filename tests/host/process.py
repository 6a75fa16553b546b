# SPDX-License-Identifier: BSD-2-Clause
"""Runs the hosted program, and types at it."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
SLOW = float(os.environ.get('LAB_SLOW', '1'))
PROGRAM = os.path.join(BUILD, 'san', 'reveille')
PROMPT = 'reveille> '


class Result:
    """How a run ended, and all it printed, without what it took back from the line it had printed it on."""

    def __init__(self, status, raw):
        self.status = status
        self.raw = raw
        self.text = re.sub(r'[^\n]*\r(?!\n)', '', raw.replace('\r\n', '\n'))


def run(*args, program=PROGRAM, stdin=b'', timeout=60, prefix=()):
    """Runs to the end, both outputs as one."""
    done = subprocess.run([*prefix, program, *map(str, args)], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout * SLOW, check=False)
    return Result(done.returncode, done.stdout.decode('latin-1'))


class Session:
    """The program on a terminal of its own."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ''
        self.process = subprocess.Popen([PROGRAM, *map(str, args)], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, start_new_session=True)

    def expect(self, pattern, timeout=20):
        """Waits for the pattern behind what was found last; returns the match."""
        end = time.monotonic() + timeout * SLOW
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            left = end - time.monotonic()
            assert left > 0, '%r not seen in %r' % (pattern, self.text)
            if select.select([self.master], [], [], left)[0]:
                self.text += os.read(self.master, 65536).decode('latin-1')

    def type(self, text):
        os.write(self.master, text.encode('latin-1'))

    def settings(self):
        return termios.tcgetattr(self.slave)

    def wait(self, timeout=20):
        return self.process.wait(timeout * SLOW)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(5)
        os.close(self.master)
        os.close(self.slave)
