"""Writes Lua scripts into a C++ header. usage: embed.py OUTPUT FOLDER NAME=PART+PART ...

[PART+PART] is a module: a function by the name of its last part, which runs these parts when it is first called, and
returns what they return. common.lua has `module`.
"""
import pathlib
import re
import sys

output, folder, *scripts = sys.argv[1:]


def text(part):
    """The part without its comments: the server keeps the text of each script."""
    lines = (line.rstrip() for line in pathlib.Path(folder, part + ".lua").read_text().splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("--")) + "\n"


def texts(parts):
    modules = re.findall(r"(\w+)\]", parts)  # known to all parts, whichever comes first
    yield f"local {', '.join(modules)}\n" if modules else ""
    for inside, name, plain in re.findall(r"\[((?:\w+\+)*(\w+))\]|(\w+)", parts):
        if plain:
            yield text(plain)
            continue
        yield f"{name} = module(function()\n"
        yield from map(text, inside.split("+"))
        yield "end)\n"


with open(output, "w") as out:
    out.write("#pragma once\n\n#include <string_view>\n\nnamespace penstock::redis::text {\n\n")
    for script in scripts:
        name, parts = script.split("=")
        out.write(f'inline constexpr std::string_view k{name.capitalize()} = R"lua(')
        out.write(')lua"\n                                                R"lua('.join(texts(parts)))
        out.write(')lua";\n')
    out.write("\n}  // namespace penstock::redis::text\n")
