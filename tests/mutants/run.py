"""Switches on the faults of mutants.toml, one at a time: each must make its test fail, which passes without it.

  run.py BUILD [NAME...]

BUILD is a build folder made with -Dmutants=enabled. A NAME may end before its end: `sqlite.` are all of SQLite.
"""
import concurrent.futures
import os
import pathlib
import sys
import tomllib

import programs

PATIENCE = 120  # seconds
AT_ONCE = 2

here = pathlib.Path(__file__).resolve().parent
build, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
table = tomllib.loads((here / 'mutants.toml').read_text())
for name in wanted:
    if not any(known.startswith(name) for known in table):
        sys.exit(f'mutants: there is none called {name}')
chosen = {n: m for n, m in table.items() if not wanted or any(n.startswith(w) for w in wanted)}


def run(test, **variables):
    return programs.run(made, build, test, PATIENCE, **variables)


def sound(test):
    counts, said = run(test)
    return bool(counts and counts[0] > 0 and counts[1] == 0), said


def killed(name):
    """Whether the test fails with it, and passes right after that without it: else it was something else that failed."""
    counts, said = run(chosen[name]['test'], PENSTOCK_MUTANT=name)
    return bool(counts and counts[1] > 0) and sound(chosen[name]['test'])[0], said


os.environ.pop('PENSTOCK_MUTANT', None)
try:
    made = programs.make(build, [m['test'] for m in chosen.values()])
except programs.Missing as name:
    sys.exit(f'mutants: this build has no program {name}')
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
