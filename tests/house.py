# SPDX-License-Identifier: BSD-2-Clause
"""
The rules of the house that text alone can tell, one function each: it gets the tree as a dictionary of path -> text
and returns a complaint for each breach, "path:line: what is wrong". docs/design.md says what the folders are for.
"""

import difflib
import os
import re
import statistics

SKIP = {'.git', 'build', '__pycache__', '.pytest_cache', 'corpus'}
LICENSE = 'SPDX-License-Identifier: BSD-2-Clause'
# What has no place for a licence line, or none that tools would leave alone.
UNLICENSED = {'LICENSE', '.clang-format', '.gitignore', 'util/packages'}

FUNCTION_MAX = 100      # lines between its braces
FUNCTION_95 = 60        # 95 % are below
FUNCTION_MEDIAN = 15
FILE_MAX = 800
TEST_FILE_MAX = 1000    # it mirrors one source file, however many cases that has
WIDTH = {'.c': 100, '.h': 100, '.py': 120, '.asm': 120, '.inc': 120}

# Folder -> what its files may include, by beginning. docs/design.md, "Folders".
ARROWS = {
    'core': ('core/', 'arch/x86/csum.h', 'config/limits.h'),
    'net': ('net/', 'core/', 'config/limits.h', 'bearssl_hash.h'),
    'drivers': ('drivers/', 'core/', 'net/addr.h', 'net/netdev.h', 'net/net.h', 'net/pkt.h', 'config/limits.h'),
    'config': ('config/', 'core/', 'net/', 'drivers/', 'embed.h'),
    'arch/x86': ('arch/x86/', 'config/', 'core/', 'net/', 'drivers/', 'embed.h'),
    'arch/arm64': ('arch/arm64/',),
    'arch/efi': ('arch/efi/', 'arch/arm64/cpu.h', 'arch/x86/cpu.h', 'config/', 'core/', 'net/', 'drivers/', 'embed.h'),
    'arch/host': ('arch/host/', 'config/', 'core/', 'net/', 'embed.h'),
}
# Headers that a compiler brings without a library (C11 4, paragraph 6).
FREESTANDING = {'float.h', 'iso646.h', 'limits.h', 'stdalign.h', 'stdarg.h', 'stdbool.h', 'stddef.h', 'stdint.h',
                'stdnoreturn.h'}
# The simulator's part in which machines of ours are; all else in it is written without our code.
SIM_OURS = re.compile(r'tests/sim/(test_)?(node|sim)\w*\.[ch]$')


def read(root):
    """All text files of the tree but for what was built and the inputs of fuzz targets."""
    tree = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIP)
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding='utf-8', errors='surrogateescape') as file:
                tree[os.path.relpath(path, root)] = file.read()
    return tree


def sources(tree, *endings):
    return {path: text for path, text in tree.items() if path.endswith(endings)}


def rows(text):
    return enumerate(text.split('\n'), 1)


def licence(tree):
    """Each file starts by saying its licence."""
    return ['%s:1: no "%s"' % (path, LICENSE) for path, text in tree.items()
            if not path.endswith('.md') and path not in UNLICENSED and LICENSE not in '\n'.join(text.split('\n')[:3])]


def says_what(tree):
    """Behind the licence a C file has a comment that says what it is."""
    return ['%s:2: no comment that says what this is' % path for path, text in sources(tree, '.c', '.h').items()
            if not text.split('\n', 1)[-1].startswith('/*')]


def includes(text):
    return [(row, a or b, bool(b)) for number, line in rows(text) for row, a, b in
            [(number, *m) for m in re.findall(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)]]


def arrows(tree):
    """Nobody includes what is above him."""
    bad = []
    for path, text in sources(tree, '.c', '.h').items():
        folder = next((f for f in ARROWS if path.startswith(f + '/')), None)
        for row, name, system in includes(text) if folder else []:
            if not system and not name.startswith(ARROWS[folder]):
                bad.append('%s:%d: %s may not include %s' % (path, row, folder, name))
    return bad


def freestanding(tree):
    """The firmware has no C library."""
    return ['%s:%d: <%s> is not freestanding' % (path, row, name)
            for path, text in sources(tree, '.c', '.h').items()
            if path.startswith(('core/', 'net/', 'drivers/', 'config/', 'arch/x86/', 'arch/arm64/', 'arch/efi/'))
            for row, name, system in includes(text) if system and name not in FREESTANDING
            and (path, name) != ('arch/efi/efi.h', 'efi.h')]


def simulator(tree):
    """Both ends of a wire must not share a mistake: simulated servers do not use the firmware's code."""
    return ['%s:%d: a simulated server may not include %s' % (path, row, name)
            for path, text in sources(tree, '.c', '.h').items()
            if path.startswith('tests/sim/') and not SIM_OURS.match(path)
            for row, name, system in includes(text) if name.startswith(tuple(f + '/' for f in ARROWS))]


def functions(text):
    """(first line, lines between the braces) of each function."""
    start, found = None, []
    for number, line in rows(text):
        if line == '{':
            start = number
        elif line == '}' and start is not None:
            found.append((start, number - start - 1))
            start = None
    return found


def function_length(tree):
    """Functions are short: half of them very."""
    all_of_them = [(n, '%s:%d' % (path, row)) for path, text in sources(tree, '.c', '.h').items()
                   for row, n in functions(text)]
    bad = ['%s: a function of %d lines, %d are allowed' % (where, n, FUNCTION_MAX)
           for n, where in all_of_them if n > FUNCTION_MAX]
    lengths = sorted(n for n, _ in all_of_them)
    if lengths and lengths[len(lengths) * 95 // 100] >= FUNCTION_95:
        bad.append('.: fewer than 95 %% of the functions are below %d lines' % FUNCTION_95)
    if lengths and statistics.median(lengths) > FUNCTION_MEDIAN:
        bad.append('.: the median function has %d lines, not %d' % (statistics.median(lengths), FUNCTION_MEDIAN))
    return bad


def file_length(tree):
    limits = {path: TEST_FILE_MAX if path.startswith('tests/') else FILE_MAX
              for path in sources(tree, '.c', '.h', '.asm', '.py')}
    return ['%s:%d: more than %d lines' % (path, limit, limit) for path, limit in limits.items()
            if tree[path].count('\n') > limit]


def width(tree):
    return ['%s:%d: wider than %d' % (path, number, WIDTH[os.path.splitext(path)[1]])
            for path, text in sources(tree, *WIDTH).items() for number, line in rows(text)
            if len(line.expandtabs(8)) > WIDTH[os.path.splitext(path)[1]]]


def clean_text(tree):
    """No blanks at ends of lines, no carriage returns, a newline at the end, nothing that is not UTF-8."""
    bad = []
    for path, text in tree.items():
        bad += ['%s:%d: blanks at the end' % (path, number) for number, line in rows(text)
                if line != line.rstrip()]
        if text and not text.endswith('\n'):
            bad.append('%s: no newline at the end' % path)
        if re.search('[\udc80-\udcff\r\0]', text):
            bad.append('%s: not plain text' % path)
    return bad


def finished(tree):
    """Nothing is put off: what is missing is a limit, and named as one."""
    word = re.compile(r'\b(TO' r'DO|FIX' r'ME|HA' r'CK|X' r'XX)\b')
    return ['%s:%d: %s' % (path, number, word.search(line).group()) for path, text in tree.items()
            for number, line in rows(text) if word.search(line)]


def code_of(tree, *folders):
    return '\n'.join(text for path, text in sources(tree, '.c', '.h', '.asm', '.inc', '.lds').items()
                     if path.startswith(folders))


def limits(tree):
    return re.findall(r'^#define[ \t]+([A-Z]\w+)[ \t]+\S', tree.get('config/limits.h', ''), re.M)


def limits_used(tree):
    """Every limit of config/limits.h limits something."""
    used = set(re.findall(r'\w+', code_of(tree, 'core/', 'net/', 'drivers/', 'arch/')))
    return ['config/limits.h: %s is not used' % name for name in limits(tree) if name not in used]


def errors(tree):
    """(name, code, text, advice) of each error; the strings as the C compiler reads them."""
    row = re.compile(r'^ERR\((\w+), (\d+), "((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\)', re.M)
    return [(name, int(code), text.replace('\\"', '"'), advice.replace('\\"', '"'))
            for name, code, text, advice in row.findall(tree.get('core/err.def', ''))]


def errors_used(tree):
    """Every error happens, and no two share a code or a name."""
    table = errors(tree)
    used = set(re.findall(r'\bERR_\w+', code_of(tree, 'core/', 'net/', 'drivers/', 'arch/')))
    bad = ['core/err.def: %s is not used' % name for name, *_ in table if 'ERR_' + name not in used]
    for what in ([e[0] for e in table], [e[1] for e in table]):
        bad += ['core/err.def: %s is there twice' % one for one in sorted(set(what)) if what.count(one) > 1]
    if len(table) != len(re.findall(r'^ERR\(', tree.get('core/err.def', ''), re.M)):
        bad.append('core/err.def: a row that does not look like the others')
    return bad


def errors_page(tree):
    """docs/errors.md as core/err.def wants it: its first section has the codes from 1000 up, and so on."""
    parts = re.split(r'^(?=## )', tree.get('docs/errors.md', ''), flags=re.M)
    page = parts[:1]
    for thousand, part in enumerate(parts[1:], 1):
        table = ['| E%d | %s | %s |' % (code, text, advice) for _, code, text, advice in errors(tree)
                 if code // 1000 == thousand]
        page.append('\n'.join([part.split('\n', 1)[0], '', '| code | meaning | what to check |',
                               '| --- | --- | --- |', *table, '\n' if thousand < len(parts) - 1 else '']))
    return ''.join(page)


def errors_documented(tree):
    """docs/errors.md has the rows of core/err.def, word by word; UPDATE=1 writes them."""
    there = tree.get('docs/errors.md', '')
    wanted = errors_page(tree)
    missing = {'E%d' % code for _, code, *_ in errors(tree)} - set(re.findall(r'^\| (E\d+) ', wanted, re.M))
    return (['docs/errors.md: no section for %s' % code for code in sorted(missing)] +
            ['docs/errors.md: %s' % line for line in difflib.ndiff(there.split('\n'), wanted.split('\n'))
             if line[0] in '+-'])


def commands(tree):
    """Names of the commands of config/common.c, in order."""
    defined = dict(re.findall(r'^const struct command (cmd_\w+) = \{\s*(?:\.name = )?"([^"]+)"',
                              code_of(tree, 'core/', 'net/'), re.M))
    return [defined.get(row, row) for row in re.findall(r'&(cmd_\w+)', tree.get('config/common.c', ''))]


def commands_documented(tree):
    """Every command has its place in docs/script.md."""
    page = tree.get('docs/script.md', '')
    return ['docs/script.md: no word of `%s`' % name for name in commands(tree)
            if not re.search(r'(?<![\w-])%s(?![\w-])' % re.escape(name), page)]


def tests_mirror(tree):
    """tests/core/test_x.c is the test of core/x.c."""
    whole = {'tests/drivers/test_qemu.c',    # both drivers against the device models of others
             'tests/net/test_tcp_script.c',  # all of net/tcp*.c
             'tests/net/test_http_stream.c',  # files that are read while they come
             'tests/net/test_tftp_stream.c'}
    bad = []
    for path in sorted(tree):
        match = re.match(r'tests/(core|net|drivers)/test_(\w+)\.c$', path)
        if match and path not in whole and not any(
                re.match(r'%s/(\w+/)?%s\.[ch]$' % match.groups(), other) for other in tree):
            bad.append('%s: there is no %s/%s.c' % (path, *match.groups()))
    return bad


RULES = [licence, says_what, arrows, freestanding, simulator, function_length, file_length, width, clean_text,
         finished, limits_used, errors_used, errors_documented, commands_documented, tests_mirror]
