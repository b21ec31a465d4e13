"""The test programs of a build folder: built, by their names, and run."""
import json
import os
import re
import shlex
import subprocess
import sys

COUNT = re.compile(r'^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$', re.MULTILINE)


class Missing(Exception):
    """The build has no program of that name."""


def make(build, tests):
    """Builds what the tests need, modules included, and returns the programs by their names."""
    subprocess.run(['ninja', '-C', build, '--quiet', 'build.ninja'], check=True, stdout=subprocess.DEVNULL)
    told = subprocess.run(['meson', 'introspect', '--targets', build], check=True, capture_output=True, text=True)
    there = [(t['name'], t['type'], t['filename'][0]) for t in json.loads(told.stdout)]
    needed = {shlex.split(test)[0] for test in tests}
    programs = {name: file for name, kind, file in there if kind == 'executable' and name in needed}
    for name in needed - programs.keys():
        raise Missing(name)
    modules = [file for _, kind, file in there if kind == 'shared module' and f'{build}/plugins/' in file]
    files = [os.path.relpath(file, build) for file in (*programs.values(), *modules)]
    built = subprocess.run(['ninja', '-C', build, '--quiet', *files], capture_output=True, text=True)
    if built.returncode:
        sys.exit(built.stdout)
    return programs


def run(programs, build, test, patience, **variables):
    """How many cases passed and failed, and what was said; no numbers: it did not come to its end in so many seconds."""
    words = shlex.split(test)
    env = os.environ | {'PENSTOCK_PLUGIN_PATH': str(build / 'plugins')} | variables
    try:
        done = subprocess.run([programs[words[0]], *words[1:]], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding='utf-8', errors='replace', timeout=patience)
    except subprocess.TimeoutExpired:
        return None, f'no end within {patience:.0f} s'
    said = done.stdout[-2000:] + f'\n(exit status {done.returncode})'
    if done.returncode < 0:
        return (0, 1), said  # an assert of ours is as good as a failed case
    counts = COUNT.findall(done.stdout)
    return (tuple(map(int, counts[-1])) if counts else None), said
