"""Writes the C++ blocks of a Markdown file into files, in their order. Usage: extract.py MARKDOWN FILE..."""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
blocks = re.findall(r'^```cpp\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
for file, block in zip(sys.argv[2:], blocks, strict=True):
    pathlib.Path(file).write_text(block, encoding='utf-8')
