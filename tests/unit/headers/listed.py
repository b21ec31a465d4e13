"""The list in meson.build is what include/ holds. Usage: listed.py INCLUDE HEADER..."""
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
there = {p.relative_to(root).as_posix() for p in root.rglob('*') if p.is_file()}
listed = set(sys.argv[2:])
for name in sorted(there ^ listed):
    print(f'{name}: ' + ('not in tests/unit/headers/meson.build' if name in there else 'listed but not there'))
sys.exit(0 if there == listed else 1)
