"""Writes the blocks of a Markdown file that begin with a comment which names a file. Usage: blocks.py MARKDOWN FOLDER"""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
for name, block in re.findall(r'^```[a-z]+\n(?=(?://|#) ([a-z_.]+)\n)(.*?)^```$', text, re.MULTILINE | re.DOTALL):
    (pathlib.Path(sys.argv[2]) / name).write_text(block, encoding='utf-8')
