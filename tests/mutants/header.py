"""Prints what framework/mutant/mutant.hpp knows of the table of mutants. usage: header.py TABLE"""
import sys
import tomllib

with open(sys.argv[1], 'rb') as table:
    mutants = tomllib.load(table)

raw = 'R"lua({})lua"'.format
print('#pragma once\n#define PENSTOCK_MUTANTS\n\n#include <string_view>\n\nnamespace penstock {\n')
print('inline constexpr std::string_view kMutants[] = {')
for name in mutants:
    print(f'    "{name}",')
print('};\nstruct ScriptMutant {\n  std::string_view name, from, to;\n};')
print('inline constexpr ScriptMutant kScriptMutants[] = {')
for name, m in mutants.items():
    if 'from' in m:
        print(f'    {{"{name}", {raw(m["from"])}, {raw(m["to"])}}},')
print('};\n\n}  // namespace penstock')
