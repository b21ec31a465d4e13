"""Compares what a plugin and its host must agree on with the golden file of the ABI number.

Usage: abi.py ROOT HEADERS COMPILER..., with the headers of include/penstock/plugin, commas between them.
PENSTOCK_REGENERATE=1 writes the golden file instead, and the test then counts as skipped.

For every class, struct and enum of the plugin headers: size, alignment, bases, fields with their offsets,
virtual functions in the order of the table, enumerators. Sizes and alignments are the compiler's dump of
classes, all else is its debug information.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

DIE = re.compile(r'^ <(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \((DW_TAG_\w+)\)')
ATTRIBUTE = re.compile(r'^    <[0-9a-f]+>   (DW_AT_\w+)\s*: (?:\([^)]*string[^)]*\): )?(.*?)\s*$')
CLASS = re.compile(r'^Class (penstock::\S.*)\n   size=(\d+) align=(\d+)', re.MULTILINE)
# What the compiler writes, and what a person wants to read of it.
SHORTER = [(r'penstock::(abi\d+::)?', ''), (r'std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >', 'string'),
           (r'std::basic_string_view<char, std::char_traits<char> >', 'string_view'), (r'\[abi:cxx11\]', ''),
           (r', 18446744073709551615(ul)?>', '>'), (r'std::chrono::duration<long( int)?, std::ratio<1l?, 1000l?> >', 'Millis')]
# Templates that cross the boundary, by an instance each.
INSTANCES = 'template class penstock::Result<bool>;\n'


class Die:
    def __init__(self, tag):
        self.tag, self.attributes, self.children = tag, {}, []

    def __getitem__(self, name):
        return self.attributes.get(name)


def compile_headers(include, headers, compiler, folder):
    unit = folder / 'unit.cpp'
    unit.write_text(''.join(f'#include <{h}>\n' for h in headers) + INSTANCES)
    subprocess.run([*compiler, '-std=c++20', '-g', '-O0', '-fno-eliminate-unused-debug-types',
                    '-femit-class-debug-always', '-fdump-lang-class=classes',
                    f'-I{include}', '-c', unit.name, '-o', 'unit.o'], cwd=folder, check=True)
    dump = subprocess.run(['readelf', '--debug-dump=info', 'unit.o'], cwd=folder, check=True, capture_output=True, text=True)
    return (folder / 'classes').read_text(), dump.stdout


def parse(text):
    """The debug information's entries by offset, and its root."""
    root, by_offset, open_dies = Die('root'), {}, []
    for line in text.splitlines():
        if found := DIE.match(line):
            depth, die = int(found[1]), Die(found[3])
            by_offset[found[2]] = die
            open_dies[depth:] = [die]
            (open_dies[depth - 1] if depth else root).children.append(die)
        elif open_dies and (found := ATTRIBUTE.match(line)):
            open_dies[-1].attributes[found[1]] = found[2]
    return root, by_offset


def public_types(die, namespace=()):
    """Yields (name, entry) of what the namespace penstock::abiN defines."""
    for child in die.children:
        name = child['DW_AT_name']
        if child.tag in ('DW_TAG_namespace', 'DW_TAG_compile_unit', 'DW_TAG_structure_type', 'DW_TAG_class_type'):
            inside = namespace + ((name,) if child.tag != 'DW_TAG_compile_unit' else ())
            yield from public_types(child, inside)
        defines = child.tag in ('DW_TAG_structure_type', 'DW_TAG_class_type', 'DW_TAG_enumeration_type', 'DW_TAG_union_type')
        if defines and name and not child['DW_AT_declaration'] and namespace[:1] == ('penstock',) and len(namespace) > 1:
            if re.fullmatch(r'abi\d+', namespace[1] or '') and namespace[2:3] != ('detail',):
                yield '::'.join([n or '?' for n in namespace[2:]] + [name]), child


def type_name(die, by_offset):
    reference = (die['DW_AT_type'] or '').strip('<>').removeprefix('0x')
    kind = by_offset.get(reference)
    if kind is None:
        return 'void'
    wraps = {'DW_TAG_pointer_type': '*', 'DW_TAG_reference_type': '&', 'DW_TAG_const_type': ' const'}
    if kind.tag in wraps:
        return type_name(kind, by_offset) + wraps[kind.tag]
    return kind['DW_AT_name'] or kind.tag.removeprefix('DW_TAG_')


def demangled(names):
    done = subprocess.run(['c++filt'], input='\n'.join(names), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def describe(name, die, sizes, by_offset):
    if die.tag == 'DW_TAG_enumeration_type':
        yield f'enum {name}: {die["DW_AT_byte_size"]} octets'
        for value in die.children:
            yield f'  {value["DW_AT_name"]} = {value["DW_AT_const_value"]}'
        return
    size, align = sizes.get(shorter(name), (die['DW_AT_byte_size'], '?'))
    yield f'class {name}: size {size}, align {align}'
    for part in die.children:
        at = part['DW_AT_data_member_location']
        if part.tag == 'DW_TAG_inheritance':
            yield f'  {at}: base {type_name(part, by_offset)}'
        elif part.tag == 'DW_TAG_member' and at is not None:
            yield f'  {at}: {part["DW_AT_name"]}, {type_name(part, by_offset)}'
    methods = [m for m in die.children if m['DW_AT_vtable_elem_location']]
    slots = [re.search(r'constu: (\d+)', m['DW_AT_vtable_elem_location'])[1] for m in methods]
    calls = demangled([m['DW_AT_linkage_name'] or '' for m in methods]) if methods else []
    for slot, method, call in sorted(zip(slots, methods, calls), key=lambda v: int(v[0])):
        yield f'  virtual {slot}: {call or method["DW_AT_name"]} -> {type_name(method, by_offset)}'


def shorter(text):
    for pattern, replacement in SHORTER:
        text = re.sub(pattern, replacement, text)
    return text


def layout(root, headers, compiler):
    with tempfile.TemporaryDirectory() as folder:
        classes, dump = compile_headers(root / 'include', headers, compiler, pathlib.Path(folder))
    tree, by_offset = parse(dump)
    sizes = {shorter(name): (size, align) for name, size, align in CLASS.findall(classes)}
    blocks = {name: list(describe(name, die, sizes, by_offset)) for name, die in public_types(tree)}
    return shorter('\n'.join('\n'.join(blocks[name]) for name in sorted(blocks))) + '\n'


def main():
    root, headers, compiler = pathlib.Path(sys.argv[1]), sys.argv[2].split(','), sys.argv[3:]
    number = re.search(r'#define PENSTOCK_PLUGIN_ABI (\d+)', (root / 'include/penstock/plugin/abi.hpp').read_text())[1]
    golden = root / f'tests/unit/abi/abi-{number}.txt'
    command = 'PENSTOCK_REGENERATE=1 ./dev test abi'
    now, then = layout(root, headers, compiler), golden.read_text() if golden.exists() else ''
    released = number != '0' and then
    if os.environ.get('PENSTOCK_REGENERATE') == '1' and not (released and now != then):
        golden.write_text(now)
        print(f'{golden} is written; look at what changed in it')
        return 77
    if now == then:
        return 0
    lines = [l for l in difflib.unified_diff(then.splitlines(), now.splitlines(), lineterm='', n=0) if not re.match(r'---|\+\+\+|@@', l)]
    print('\n'.join(lines[:40]))
    first = f'raise PENSTOCK_PLUGIN_ABI in include/penstock/plugin/abi.hpp, then run: {command}' if released else f'take it over with: {command}'
    print(f'plugin ABI {number}: {len(lines)} lines differ from {golden.relative_to(root)}; {first}')
    return 1


sys.exit(main())
