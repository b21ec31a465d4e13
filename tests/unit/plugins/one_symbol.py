"""Each module named exports exactly one symbol, its plugin entry, and nothing of vague linkage."""
import os
import re
import subprocess
import sys

bad = 0
for path in sys.argv[1:]:
    nm = subprocess.run(['nm', '-D', '--defined-only', path], check=True, capture_output=True, text=True)
    symbols = [line.split()[-2:] for line in nm.stdout.splitlines()]
    name = re.fullmatch(r'libpenstock-([a-z][a-z0-9_]*)\.so', os.path.basename(path))
    wanted = name and [['T', f'penstock_plugin_0_{name[1]}']]
    if symbols != wanted:
        bad += 1
        print(f'{path}: expected {wanted}, got {symbols[:5]} ({len(symbols)} in all)')
sys.exit(1 if bad or len(sys.argv) < 2 else 0)
