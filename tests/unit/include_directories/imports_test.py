"""imports.py finds each sort of wrong include, and nothing in what is right."""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
import imports

FILES = {
    'include/penstock/good.hpp': ('<vector>', '<penstock/plugin/a.hpp>', '<penstock/good.hpp>'),
    'include/penstock/bad.hpp': ('"config/values.hpp"', '<sqlite3.h>', '<spdlog/spdlog.h>'),
    'include/penstock/outbox.hpp': ('<sqlite3.h>',),
    'include/penstock/plugin/a.hpp': ('<cstdint>', '<penstock/plugin/b.hpp>'),
    'include/penstock/plugin/bad.hpp': ('<penstock/good.hpp>',),
    'framework/base/clock.hpp': ('<time.h>',),
    'framework/config/good.cpp': ('"config/good.hpp"', '"base/clock.hpp"', '<penstock/plugin/a.hpp>', '<toml++/toml.h>'),
    'framework/config/bad.cpp': ('"cli/main.hpp"', '"good.hpp"', '<base/clock.hpp>', '<google/protobuf/message.h>'),
    'framework/cli/main.hpp': ('"config/good.hpp"',),
    'framework/other/x.cpp': (),
    'plugins/memory/good.cpp': ('"memory/store.hpp"', '"store.hpp"', '<penstock/plugin/a.hpp>'),
    'plugins/memory/bad.cpp': ('"base/clock.hpp"', '"../../framework/base/clock.hpp"', '<penstock/good.hpp>'),
}
WANTED = {
    'include/penstock/bad.hpp': 3,
    'include/penstock/plugin/bad.hpp': 1,
    'framework/config/bad.cpp': 4,
    'framework/other/x.cpp': 1,
    'plugins/memory/bad.cpp': 3,
}

with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    for name, included in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(''.join(f'#include {i}\n' for i in included))
    found = {}
    for path, name, why in imports.check(root, ['base', 'config', 'cli']):
        where = path.relative_to(root).as_posix()
        found[where] = found.get(where, 0) + 1
    assert found == WANTED, found
