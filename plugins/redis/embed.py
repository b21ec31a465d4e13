"""Writes Lua scripts into a C++ header. usage: embed.py OUTPUT FOLDER NAME=PART+PART ..."""
import pathlib
import sys

output, folder, *scripts = sys.argv[1:]


def text(part):
    """The part without its comments: the server keeps the text of each script."""
    lines = (line.rstrip() for line in pathlib.Path(folder, part + ".lua").read_text().splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("--")) + "\n"


with open(output, "w") as out:
    out.write("#pragma once\n\n#include <string_view>\n\nnamespace penstock::redis::text {\n\n")
    for script in scripts:
        name, parts = script.split("=")
        out.write(f'inline constexpr std::string_view k{name.capitalize()} = R"lua(')
        out.write(')lua"\n                                                R"lua('.join(map(text, parts.split("+"))))
        out.write(')lua";\n')
    out.write("\n}  // namespace penstock::redis::text\n")
