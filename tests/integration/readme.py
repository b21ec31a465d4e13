"""The README's programs and types compile, and its configs are right.

Usage: readme.py README PENSTOCK INCLUDE COMPILER...
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

README, PENSTOCK, INCLUDE = (os.path.abspath(p) for p in sys.argv[1:4])
COMPILER = sys.argv[4:]
BLOCKS = re.findall(r'^```(\w+)\n(.*?)^```$', pathlib.Path(README).read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    def blocks(self, language):
        found = [text for name, text in BLOCKS if name == language]
        self.assertTrue(found, f'no block of {language}')
        return found

    def test_programs_compile(self):
        for text in self.blocks('cpp'):
            if not text.startswith(('#include', 'struct')):
                continue  # a fragment of a function
            if '#include <penstock/' not in text:
                text = '#include <penstock/penstock.hpp>\n' + text
            with self.subTest(text):
                done = subprocess.run([*COMPILER, '-std=c++20', '-Wall', '-Wextra', '-Wno-missing-field-initializers', '-fsyntax-only',
                                       f'-I{INCLUDE}', '-x', 'c++', '-'], input=text, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr, '')

    def test_configs_are_right(self):
        for text in self.blocks('toml'):
            if '[backend]' not in text:
                text += '[backend]\nuse = "memory"\n'
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / 'penstock.toml').write_text(text)
                done = subprocess.run([PENSTOCK, 'config', 'check'], cwd=folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
