"""Turns the condition of each branch of the core round, one at a time: a test has to fail.

  flips.py ROOT BUILD [FOLDER... | FILE:LINE...]

Copies the sources of ROOT to BUILD/tree, puts each condition of `if`, `while` and `?:` in FOLDERs (the core, unless some are
named) into a call of flip.hpp, builds that once, and runs for each of them, or those of the core at FILE:LINE, the tests that
come by it until one fails. What nothing notices is listed, and has to be explained: tests/README.md does.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

import programs

CORE = ['framework/base', 'framework/durable', 'framework/execution', 'framework/outbox', 'framework/results',
        'framework/scheduling', 'plugins/memory', 'plugins/shared']
TESTS = ['unit_base', 'unit_scheduling', 'unit_execution', 'unit_results', 'unit_durable', 'unit_outbox', 'unit_memory',
         'unit_memory_exhaustion', 'test_sqlite', 'unit_manager', 'unit_token_bucket', 'unit_codecs', 'unit_testing',
         'conformance --plugin memory', 'model --backend memory --sequences 100', 'simulation --seeds 300',
         'conformance --plugin sqlite-process', 'model --backend sqlite --sequences 50', 'conformance-parts', 'test_outbox',
         'model --backend memory --sequences 2000', 'test_manager']
MOST = 8192  # as flip.hpp has it
PATIENCE = 5  # seconds, and times what a test takes otherwise: then it hangs, and that is noticed

root, build = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
asked = [word for word in sys.argv[3:] if ':' in word]
folders = [word for word in sys.argv[3:] if ':' not in word] or CORE
tree, out = build / 'tree', build / 'out'


def code_only(text):
    """The text with comments and what is quoted blanked out, of the same length."""
    quoted = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
    return quoted.sub(lambda m: re.sub(r'[^\n]', '~', m.group()), text)


def closing(code, start):
    """Where the bracket that opens at `start` is closed."""
    depth = 0
    for i in range(start, len(code)):
        depth += (code[i] in '([{') - (code[i] in ')]}')
        if depth == 0:
            return i
    raise ValueError('a bracket without an end')


def outside(code, wanted):
    """Where `wanted` stands outside of brackets."""
    depth, found = 0, []
    for i, c in enumerate(code):
        depth += (c in '([{') - (c in ')]}')
        if depth == 0 and c == wanted:
            found.append(i)
    return found


def assigns(code, at):
    """Whether a `=` is no part of a comparison."""
    return code[at + 1:at + 2] != '=' and code[at - 1] not in '=!<>'


def begin_of_condition(code, question):
    """Where the condition of a `?` begins."""
    depth, i = 0, question - 1
    while i >= 0:
        c = code[i]
        if depth == 0 and code[i:i + 2] == '}\n':  # the end of a block
            return i + 1
        if c in ')]}':
            depth += 1
        elif c in '([{':
            if depth == 0:
                return i + 1
            depth -= 1
        elif depth == 0:
            if c in ',;?' or (c == ':' and code[i - 1] != ':' and code[i + 1] != ':'):
                return i + 1
            if c == '=' and assigns(code, i):
                return i + 1
            word = re.search(r'\b(return|throw|co_return)$', code[max(0, i - 9):i + 1])
            if word and not re.match(r'\w', code[i + 1]):
                return i + 1
        i -= 1
    return 0


def conditions(text):
    """Begin and end of each condition."""
    code, found = code_only(text), []
    for m in re.finditer(r'\b(?:if|while)\s*\(', code):
        end = closing(code, m.end() - 1)
        begin = m.end()
        begin += max(outside(code[begin:end], ';'), default=-1) + 1
        inner = code[begin:end]
        if not any(assigns(inner, at) for at in outside(inner, '=')):  # a declaration has no place for a call
            found.append((begin, end))
    for m in re.finditer(r'\?', code):
        begin = begin_of_condition(code, m.start())
        if code[begin:m.start()].strip():
            found.append((begin, m.start()))
    return sorted(found)


def turnable(text, first):
    """The text with its conditions in calls, and (line, condition) of each, which are numbered from `first` on."""
    places, marks = [], []
    for begin, end in conditions(text):
        number = first + len(places)
        places.append((text.count('\n', 0, begin) + 1, ' '.join(text[begin:end].split())))
        marks.append((begin, 1, f' ::penstock_flips::flip({number}, static_cast<bool>('))
        marks.append((end, 0, '))'))
    for at, _, words in sorted(marks, key=lambda m: m[:2], reverse=True):  # where one ends as another begins, that end is first
        text = text[:at] + words + text[at:]
    return text, places


def copy():
    """Fills `tree`, and returns the place of each flip; what has not changed keeps its time, so that little is built again."""
    flips = {}
    listed = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard'], check=True, capture_output=True,
                            text=True).stdout.split('\n')
    for name in filter(None, listed):
        if not (root / name).is_file():
            continue
        octets = (root / name).read_bytes()
        if any(name.startswith(folder + '/') for folder in folders) and name.endswith(('.cpp', '.hpp')):
            text, places = turnable(octets.decode(), len(flips) + 1)
            octets = text.encode()
            for line, condition in places:
                flips[len(flips) + 1] = f'{name}:{line}: {condition}'
        target = tree / name
        if not target.exists() or target.read_bytes() != octets:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(octets)
            target.chmod((root / name).stat().st_mode)
    return flips


def make():
    """Builds the tests, and returns the programs by their names."""
    if not (out / 'build.ninja').exists():
        subprocess.run(['meson', 'setup', out, tree, '--buildtype=debug', '-Doptimization=1',
                        f'-Dcpp_args=-g0 -include {root}/tests/mutants/flip.hpp'], check=True, stdout=subprocess.DEVNULL)
    return programs.make(out, TESTS)


def passes(test, patience, **variables):
    """Whether all of it passed, and what was said."""
    counts, said = programs.run(made, out, test, patience, **variables)
    return bool(counts and counts[0] > 0 and counts[1] == 0), said


def reached():
    """Which tests come by which flip, the quickest first; how long each takes."""
    by, took = {number: [] for number in flips}, {}
    for test in TESTS:
        seen, start = build / 'seen', time.monotonic()
        seen.unlink(missing_ok=True)
        good, said = passes(test, 600, PENSTOCK_FLIPS_SEEN=str(seen))
        if not good:
            sys.exit(f'{said}\nflips: without any, this fails: {test}')
        took[test] = time.monotonic() - start
        for number in set(seen.read_text().split()) if seen.exists() else ():
            by[int(number)].append(test)
    for tests in by.values():
        tests.sort(key=took.get)
    return by, took


def noticed(number):
    """Whether a test fails when it is turned round, and passes right after that: else it was something else that failed."""
    for test in by[number]:
        patience = PATIENCE + PATIENCE * took[test]
        if not passes(test, patience, PENSTOCK_FLIP=str(number))[0] and passes(test, patience)[0]:
            return True
    print(flips[number] + ('' if by[number] else '  (no test comes by)'), flush=True)
    return False


flips = copy()
chosen = [n for n, place in flips.items() if not asked or any(place.startswith(a + ':') for a in asked)]
if not chosen or len(flips) >= MOST:
    sys.exit(f'flips: {len(chosen)} conditions there; FOLDER is such as plugins/sqlite, FILE:LINE such as framework/base/task.cpp:35')
made = make()
by, took = reached()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
    dead = sum(pool.map(noticed, chosen))
print(f'{dead} of {len(chosen)} noticed')
sys.exit(dead != len(chosen))
