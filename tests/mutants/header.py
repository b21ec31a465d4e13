"""Writes what internal/mutant.hpp knows of the table of mutants. usage: header.py TABLE OUTPUT"""
import sys
import tomllib

with open(sys.argv[1], 'rb') as table:
    mutants = tomllib.load(table)

raw = 'R"lua({})lua"'.format
with open(sys.argv[2], 'w') as out:
    out.write('#pragma once\n#define PENSTOCK_MUTANTS\n\n#include <string_view>\n\nnamespace penstock {\n\n')
    out.write('inline constexpr std::string_view kMutants[] = {\n')
    out.writelines(f'    "{name}",\n' for name in mutants)
    out.write('};\nstruct ScriptMutant {\n  std::string_view name, from, to;\n};\n')
    out.write('inline constexpr ScriptMutant kScriptMutants[] = {\n')
    out.writelines(f'    {{"{name}", {raw(m["from"])}, {raw(m["to"])}}},\n' for name, m in mutants.items() if 'from' in m)
    out.write('};\n\n}  // namespace penstock\n')
