"""Who may include whom. Usage: imports.py ROOT PART,PART,... with the parts of framework/, lowest first."""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# Headers that stand beside the core on purpose, and the one library each is about.
BESIDE = {'penstock/protobuf.hpp': 'google/protobuf/', 'penstock/outbox.hpp': 'sqlite3.h'}


def includes(path):
    return INCLUDE.findall(path.read_text(encoding='utf-8'))


def sources(folder):
    return sorted(p for p in folder.rglob('*') if p.suffix in ('.hpp', '.cpp', '.h', '.cc', '.in') and p.is_file())


def standard(name):
    return re.fullmatch(r'[a-z0-9_]+', name) is not None


def check_public(root, path):
    """include/ includes the standard library and itself; include/penstock/plugin/ of ours only itself."""
    own = path.relative_to(root / 'include').as_posix()
    plugin_side = own.startswith('penstock/plugin/')
    for quote, name in includes(path):
        if quote == '<' and (standard(name) or name.startswith('penstock/plugin/')):
            continue
        if quote == '<' and name.startswith('penstock/') and not plugin_side:
            continue
        if not plugin_side and own in BESIDE and name.startswith(BESIDE[own]):
            continue
        yield name, 'a public header may include the standard library and <penstock/...> only'


def check_framework(root, path, order):
    """A part includes itself and parts before it; ours in quotes, from framework/."""
    own = path.relative_to(root / 'framework').parts[0]
    if own == 'mutant':  # one header of test builds, for plugins as well: it includes the standard library only
        yield from ((name, 'this folder includes nothing') for _, name in includes(path) if not standard(name) and name != 'mutants.hpp')
        return
    rank = order.index(own) if own in order else None
    if rank is None:
        yield own, 'this folder is not among the parts that the build names'
        return
    for quote, name in includes(path):
        part = name.split('/')[0]
        if name.startswith('google/protobuf'):
            yield name, 'the core does not include protobuf'
        if quote == '<':
            if part in order and '/' in name and (root / 'framework' / name).exists():
                yield name, 'parts of the framework are included in quotes'
        elif '/' not in name or part not in order:
            yield name, 'include our own headers as "part/file.hpp"'
        elif order.index(part) > rank:
            yield name, f'{own}/ may not include {part}/, which stands above it'


def check_plugin(root, path, order):
    """A plugin includes include/penstock/plugin/ and its own folder, as any stranger's would."""
    for quote, name in includes(path):
        part = name.split('/')[0]
        outside = '..' in name.split('/') and not name.startswith('../shared/')
        if 'framework' in name.split('/') or outside:
            yield name, 'a plugin does not include framework/, nor leave its folder but for plugins/shared/'
        elif quote == '"' and part in order and (root / 'framework' / name).exists():
            yield name, 'a plugin does not include framework/'
        elif name.startswith('penstock/') and not name.startswith('penstock/plugin/'):
            yield name, 'a plugin includes of ours <penstock/plugin/...> only'


def check(root, order):
    for path in sources(root / 'include'):
        yield from ((path, name, why) for name, why in check_public(root, path))
    for path in sources(root / 'framework'):
        yield from ((path, name, why) for name, why in check_framework(root, path, order))
    for path in sources(root / 'plugins'):
        yield from ((path, name, why) for name, why in check_plugin(root, path, order))


if __name__ == '__main__':
    top, parts = pathlib.Path(sys.argv[1]), sys.argv[2].split(',')
    faults = list(check(top, parts))
    for path, name, why in faults:
        print(f'{path.relative_to(top)}: {name}: {why}')
    if not sources(top / 'framework') or not sources(top / 'include'):
        sys.exit('nothing to check')
    sys.exit(1 if faults else 0)
