"""count.py sums what tests counted, and says which failed, and of what."""
import json
import pathlib
import subprocess
import sys
import tempfile

COUNT = sys.argv[1]


def counted(*tests):
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / 'testlog.json'
        log.write_text(''.join(json.dumps(test) + '\n' for test in tests))
        done = subprocess.run([sys.executable, COUNT, log], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()


good = {'name': 'good', 'result': 'OK', 'stdout': 'ok: a\n2 passed, 0 failed\n'}
silent = {'name': 'silent', 'result': 'OK', 'stdout': ''}
skipped = {'name': 'skipped', 'result': 'SKIP', 'stdout': ''}
bad = {'name': 'bad', 'result': 'FAIL', 'stdout': 'not ok: b\n' + 'noise\n' * 20 + '3 passed, 1 failed\n', 'stderr': 'why\n'}
leaky = {'name': 'leaky', 'result': 'FAIL', 'stdout': '4 passed, 0 failed\n', 'stderr': 'a leak\n'}
late = {'name': 'late', 'result': 'TIMEOUT'}

assert counted(good, silent) == (0, ['3 passed, 0 failed'])
assert counted(good, skipped) == (0, ['2 passed, 0 failed, 1 skipped'])
assert counted() == (1, ['0 passed, 0 failed'])
status, lines = counted(good, bad, leaky, late)
assert (status, lines[-1]) == (1, '9 passed, 3 failed'), lines
assert lines[:2] == ['failed: bad (FAIL)', '    not ok: b'], lines
assert lines[11:] == ['    why', 'failed: leaky (FAIL)', '    a leak', 'failed: late (TIMEOUT)', '9 passed, 3 failed'], lines
