"""Each bug of tests/README.md has tests that are there, and each promise of the museum is listed. Usage: listed.py ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
section = (root / 'tests/README.md').read_text().split('\n## Bugs of others\n')[1].split('\n## ')[0]
rows = [row.strip('|').split(' | ') for row in section.splitlines() if row.startswith('| [')]
promises = set(re.findall(r'\{"(museum\.[a-z_]+)"', (root / 'framework/conformance/promises/museum.cpp').read_text()))
faults, listed = [], set()
for row in rows:
    bug, here = row[0].strip(), row[-1]
    own, tests = re.findall(r'`([^`]+)`', here), re.findall(r'\[([^\]]+)\]\(([^)]+)\)', here)
    listed.update(own)
    if len(row) != 3 or not own and not tests:
        faults.append(f'{bug}: no test')
    for name, file in tests:
        path = root / 'tests' / file
        if not path.is_file() or not re.search(rf'["\s]{re.escape(name)}\b', path.read_text()) and path.stem != name:
            faults.append(f'{bug}: no test "{name}" in tests/{file}')
faults += [f'{name}: in one of the list and the kit only' for name in sorted(listed ^ promises)]
if len(rows) < 28:
    faults.append(f'{len(rows)} bugs; once there were 28')
for fault in faults:
    print(fault)
print(f'{len(rows)} passed, 0 failed' if not faults else f'0 passed, {len(faults)} failed')
sys.exit(bool(faults))
