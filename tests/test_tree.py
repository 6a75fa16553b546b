# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the house (house.py), each with a tree that breaks it; and what only compilers can tell."""

import concurrent.futures
import functools
import glob
import os
import shutil
import subprocess

import pytest

import house

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('O') or os.path.join(ROOT, 'build'))
SPDX = '/* %s */\n' % house.LICENSE
WARN = ['-std=c11', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Wstrict-prototypes', '-Wmissing-prototypes',
        '-Wvla', '-Werror']


@functools.lru_cache(None)
def tree():
    return house.read(ROOT)


def report(complaints):
    if complaints:
        pytest.fail('\n'.join(complaints), pytrace=False)


HEAD = '| code | meaning | what to check |\n| --- | --- | --- |\n'


def function(lines):
    return 'void f(void)\n{\n' + '\tg();\n' * lines + '}\n'


# Each must be complained about.
BREACHES = [
    (house.licence, {'core/x.c': '/* x */\n'}),
    (house.licence, {'util/x': '#!/bin/sh\necho\n'}),
    (house.says_what, {'core/x.c': SPDX + '#include <stdint.h>\n'}),
    (house.arrows, {'core/x.c': '#include "net/pkt.h"\n'}),
    (house.arrows, {'core/x.c': '#include "config/system.h"\n'}),
    (house.arrows, {'net/x.h': '#include "drivers/bus.h"\n'}),
    (house.arrows, {'net/x.c': '#  include "arch/x86/cpu.h"\n'}),
    (house.arrows, {'drivers/net/x.c': '#include "net/tftp.h"\n'}),
    (house.arrows, {'config/x.c': '#include "arch/host/host.h"\n'}),
    (house.arrows, {'arch/efi/x.c': '#include "arch/x86/copy.h"\n'}),
    (house.arrows, {'arch/host/x.c': '#include "arch/x86/cpu.h"\n'}),
    (house.freestanding, {'core/x.c': '#include <string.h>\n'}),
    (house.freestanding, {'drivers/net/x.c': '#include <assert.h>\n'}),
    (house.freestanding, {'arch/efi/x.c': '#include <efi.h>\n'}),
    (house.simulator, {'tests/sim/dhcpd.c': '#include "net/dhcp.h"\n'}),
    (house.function_length, {'core/x.c': function(house.FUNCTION_MAX + 1) + function(1) * 99}),
    (house.function_length, {'core/x.c': function(house.FUNCTION_95) * 6 + function(1) * 94}),
    (house.function_length, {'core/x.c': function(house.FUNCTION_MEDIAN + 1) * 51 + function(1) * 49}),
    (house.file_length, {'core/x.c': '\n' * (house.FILE_MAX + 1)}),
    (house.file_length, {'tests/core/test_x.c': '\n' * (house.TEST_FILE_MAX + 1)}),
    (house.width, {'core/x.c': '\t' * 12 + 'abcde\n'}),
    (house.clean_text, {'core/x.c': 'x \n'}),
    (house.clean_text, {'core/x.c': 'x\r\n'}),
    (house.clean_text, {'core/x.c': 'x'}),
    (house.clean_text, {'core/x.c': '\udcff\n'}),
    (house.finished, {'core/x.c': '/* TO' 'DO: more */\n'}),
    (house.limits_used, {'config/limits.h': '#define A_MAX 1\n#define B_MAX 2\n', 'core/x.c': 'A_MAX',
                         'tests/x.c': 'B_MAX'}),
    (house.errors_used, {'core/err.def': 'ERR(A, 1, "a", "")\nERR(B, 2, "b", "")\n', 'core/x.c': 'ERR_A'}),
    (house.errors_used, {'core/err.def': 'ERR(A, 1, "a", "")\nERR(B, 1, "b", "")\n', 'core/x.c': 'ERR_A ERR_B'}),
    (house.errors_used, {'core/err.def': 'ERR(A, 1, a, "")\n', 'core/x.c': 'ERR_A'}),
    (house.errors_documented, {'core/err.def': 'ERR(A, 1001, "a", "b")\n', 'docs/errors.md': 'Errors\n'}),
    (house.errors_documented, {'core/err.def': 'ERR(A, 1001, "a", "b")\n',
                               'docs/errors.md': '## A\n\n' + HEAD + '| E1001 | a | c |\n'}),
    (house.errors_documented, {'core/err.def': '', 'docs/errors.md': '## A\n\n' + HEAD + '| E1001 | a | b |\n'}),
    (house.commands_documented, {'config/common.c': '&cmd_boot,\n', 'docs/script.md': 'reboot',
                                 'core/x.c': 'const struct command cmd_boot = {.name = "boot"'}),
    (house.tests_mirror, {'tests/core/test_x.c': '', 'net/x.c': ''}),
]


@pytest.mark.parametrize('rule', house.RULES, ids=lambda rule: rule.__name__)
def test_rule(rule):
    if rule is house.errors_documented and os.environ.get('UPDATE', '') not in ('', '0'):
        tree()['docs/errors.md'] = house.errors_page(tree())
        with open(os.path.join(ROOT, 'docs/errors.md'), 'w', encoding='utf-8') as page:
            page.write(tree()['docs/errors.md'])
    report(rule(tree()))


@pytest.mark.parametrize('rule,bad', BREACHES, ids=['%s-%d' % (b[0].__name__, i) for i, b in enumerate(BREACHES)])
def test_rule_sees(rule, bad):
    assert rule(bad)


def test_every_rule_is_tried():
    assert {rule for rule, _ in BREACHES} == set(house.RULES)


def test_rules_find_what_they_judge():
    """A table that moved would be judged good for being empty."""
    assert len(house.commands(tree())) > 25 and not any(c.startswith('cmd_') for c in house.commands(tree()))
    assert len(house.limits(tree())) > 25
    assert len(house.errors(tree())) > 40
    assert sum(len(house.functions(text)) for text in house.sources(tree(), '.c').values()) > 1000


def run(*args):
    return subprocess.run(args, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def compile_alone(job):
    """'' or what the compiler says to a file with nothing but this header."""
    compiler, flags, header = job
    done = subprocess.run([*compiler, *flags, *WARN, '-I.', '-fsyntax-only', '-x', 'c', '-'], cwd=ROOT, text=True,
                          input='#include "%s"\n#include "%s"\ntypedef int nothing;\n' % (header, header),
                          capture_output=True, timeout=120, check=False)
    return '%s with %s: %s' % (header, compiler[0], done.stderr) if done.returncode or done.stderr else ''


FREE = ['-m32', '-ffreestanding', '-march=i686', '-mgeneral-regs-only']
HOSTED = ['-D_GNU_SOURCE', '-O2', '-isystem', os.path.join(BUILD, 'cache/cmocka/include')]
GNU_EFI = os.path.join(BUILD, 'cache/gnu-efi/inc')
EFI = ['-ffreestanding', '-fshort-wchar', '-mno-red-zone', '-DGNU_EFI_USE_MS_ABI',
       *('-isystem' + os.path.join(GNU_EFI, folder) for folder in ('', 'x86_64', 'protocol'))]
KINDS = {'efi': (EFI, ('arch/efi/',)),
         'firmware': (FREE, ('core/', 'net/', 'drivers/', 'config/', 'arch/x86/')),
         'hosted': (HOSTED, ('core/', 'net/', 'drivers/', 'config/', 'arch/host/', 'tests/sim/', 'tests/fake.h'))}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('compiler', ['gcc', 'clang'])
def test_headers_stand_alone(compiler, kind):
    """Also twice in one file. The decompressor's own headers need its library's names."""
    flags, folders = KINDS[kind]
    headers = [path for path in sorted(tree()) if path.endswith('.h') and path.startswith(folders)
               and '/stub/' not in path]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        report([text for text in pool.map(compile_alone, [([compiler], flags, h) for h in headers]) if text])


def test_no_mutable_globals():
    """All state is in the machine: none in data or bss of core, net and drivers."""
    objects = [path for folder in ('core', 'net', 'drivers')
               for path in glob.glob(os.path.join(BUILD, 'bios/obj', folder, '**/*.o'), recursive=True)]
    sources = [path for path in tree() if path.startswith(('core/', 'net/', 'drivers/')) and path.endswith('.c')]
    missing = [path for path in sources if os.path.join(BUILD, 'bios/obj', path[:-2] + '.o') not in objects]
    assert not missing, 'not built: run `make`'
    wanted = [os.path.join(BUILD, 'bios/obj', path[:-2] + '.o') for path in sources]
    symbols = run('nm', '--print-file-name', *wanted).stdout.splitlines()
    assert len(symbols) > len(sources)
    report([line for line in symbols if line.split()[-2] in 'bBcCdDgGsS'])


def test_mutable_globals_are_seen(out):
    path = os.path.join(out, 'x.c')
    with open(path, 'w', encoding='ascii') as file:
        file.write('int a; int b = 1; static int c; int *f(void); int *f(void) { return &c; }\n'
                   'const int d = 1; const char *const e = "e";\n')
    run('gcc', '-m32', '-fno-pic', '-fno-common', '-c', path, '-o', path + '.o')
    symbols = run('nm', '--print-file-name', path + '.o').stdout.splitlines()
    assert {line.split()[-1] for line in symbols if line.split()[-2] in 'bBcCdDgGsS'} == {'a', 'b', 'c'}


def test_format():
    """`make format` has nothing to do."""
    if not shutil.which('clang-format'):
        pytest.skip('clang-format is not installed')
    files = sorted(house.sources(tree(), '.c', '.h'))
    done = run('clang-format', '--dry-run', '-Werror', *files)
    report(sorted({line.split(':')[0] + ': run `make format`' for line in done.stderr.splitlines()
                   if 'clang-format-violations' in line}))
    assert done.returncode == 0, done.stderr
