"""Switches on the faults of mutants.toml, one at a time: each must make its test fail, which passes without it.

  run.py BUILD [NAME...]

BUILD is a build folder made with -Dmutants=enabled. A NAME may end before its end: `sqlite.` are all of SQLite.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

COUNT = re.compile(r'^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$', re.MULTILINE)
PATIENCE = 120  # seconds
AT_ONCE = 2

here = pathlib.Path(__file__).resolve().parent
build, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
table = tomllib.loads((here / 'mutants.toml').read_text())
for name in wanted:
    if not any(known.startswith(name) for known in table):
        sys.exit(f'mutants: there is none called {name}')
chosen = {n: m for n, m in table.items() if not wanted or any(n.startswith(w) for w in wanted)}


def targets():
    told = subprocess.run(['meson', 'introspect', '--targets', build], check=True, capture_output=True, text=True)
    return [(t['name'], t['type'], t['filename'][0]) for t in json.loads(told.stdout)]


def make():
    """Builds what the tests of the chosen ones need, and returns the programs by their names."""
    there = targets()
    needed = {shlex.split(m['test'])[0] for m in chosen.values()}
    programs = {name: file for name, kind, file in there if kind == 'executable' and name in needed}
    for name in needed - programs.keys():
        sys.exit(f'mutants: this build has no program {name}')
    modules = [file for _, kind, file in there if kind == 'shared module' and f'{build}/plugins/' in file]
    files = [os.path.relpath(file, build) for file in (*programs.values(), *modules)]
    subprocess.run(['ninja', '-C', build, '--quiet', *files], check=True)
    return programs


def run(test, mutant=None):
    """How many cases passed and failed, and what was said; no numbers: it did not come to its end."""
    words = shlex.split(test)
    env = os.environ | {'PENSTOCK_PLUGIN_PATH': str(build / 'plugins')}
    env.pop('PENSTOCK_MUTANT', None)
    if mutant:
        env['PENSTOCK_MUTANT'] = mutant
    try:
        done = subprocess.run([programs[words[0]], *words[1:]], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding='utf-8', errors='replace', timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None, f'no end within {PATIENCE} s'
    counts = COUNT.findall(done.stdout)
    said = done.stdout[-2000:] + f'\n(exit status {done.returncode})'
    if done.returncode < 0:
        return (0, 1), said  # an assert of ours is as good as a failed case
    return (tuple(map(int, counts[-1])) if counts else None), said


def sound(test):
    counts, said = run(test)
    return bool(counts and counts[0] > 0 and counts[1] == 0), said


def killed(name):
    """Whether the test fails with it, and passes right after that without it: else it was something else that failed."""
    counts, said = run(chosen[name]['test'], name)
    return bool(counts and counts[1] > 0) and sound(chosen[name]['test'])[0], said


programs = make()
with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
    verdicts = dict(zip(chosen, pool.map(killed, chosen)))
dead = 0
for name, (is_killed, said) in verdicts.items():
    if is_killed:
        dead += 1
    else:
        print(f'{name}: {chosen[name]["fault"]}; nothing fails, or fails without that too: {chosen[name]["test"]}\n{said}')
print(f'{dead} of {len(chosen)} killed')
print(f'{dead} passed, {len(chosen) - dead} failed')
sys.exit(dead != len(chosen))
