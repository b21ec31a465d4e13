"""Takes the N-th block of a language out of a Markdown file. Usage: extract.py FILE LANGUAGE N [BEFORE AFTER]

BEFORE and AFTER are files put around it, for a fragment that is to be compiled.
"""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text()
blocks = re.findall(rf'^```{sys.argv[2]}\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
around = [pathlib.Path(p).read_text() for p in sys.argv[4:6]] or ['', '']
sys.stdout.write(around[0] + blocks[int(sys.argv[3]) - 1] + around[1])
