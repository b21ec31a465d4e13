"""What plugins/README.md shows is so: its commands run, its configs are right, its code is the template's or runs.

Usage: guide.py ROOT PENSTOCK PENSTOCK-PLUGIN.PC KIT-PROGRAM COMPILER...    # the program: made of its last C++ block
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT, PENSTOCK, PKG_CONFIG, KIT = (pathlib.Path(p).resolve() for p in sys.argv[1:5])
TEXT = (ROOT / 'plugins/README.md').read_text(encoding='utf-8')


def blocks(language):
    found = re.findall(rf'^```{language}\n(.*?)^```$', TEXT, re.MULTILINE | re.DOTALL)
    assert found, language
    return found


class Guide(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        known = PKG_CONFIG.read_text().replace('${prefix}/include', str(ROOT / 'include'))  # as installed, but for where the headers are
        (self.folder / 'penstock-plugin.pc').write_text(known)

    def run_it(self, *command):
        env = {**os.environ, 'CXX': ' '.join(sys.argv[5:]), 'PKG_CONFIG_PATH': str(self.folder), 'CCACHE_NOHASHDIR': '1',
               'PATH': f'{PENSTOCK.parent}:{os.environ["PATH"]}'}
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def test_its_commands_run_and_its_config_is_right(self):
        for block in blocks('sh'):
            said = self.run_it('bash', '-euc', block)
            self.assertRegex(said, r'\n\d+ passed, 0 failed, \d+ not claimed\n')
        for block in blocks('toml'):
            (self.folder / 'penstock.toml').write_text(block.replace('/home/me', str(self.folder)))
            self.run_it(PENSTOCK, 'config', 'check')

    def test_its_code_is_the_template_s(self):
        source = (ROOT / 'examples/plugin-template/src/backend.cpp').read_text()
        *parts, program = blocks('cpp')
        for part in parts:
            self.assertIn(part, source)
        self.assertIn('int main', program)

    def test_the_kit_as_a_library(self):
        self.assertRegex(self.run_it(KIT), r'^\d{3} passed, 0 failed\n$')
        self.assertRegex(self.run_it(KIT, 'settle.'), r'^\d\d passed, 0 failed\n$')

    def test_what_it_names_is_there(self):
        prose = re.sub(r'^```.*?^```$', '', TEXT, flags=re.MULTILINE | re.DOTALL)
        for file in re.findall(r'\]\(([^)]+)\)', prose):
            self.assertTrue((ROOT / 'plugins' / file).exists(), file)
        for header in re.findall(r'`(penstock/[a-z_/]+(?:\.hpp)?)`', TEXT):
            self.assertTrue((ROOT / 'include' / header).exists(), header)
        headers = ''.join(p.read_text() for p in (ROOT / 'include/penstock/plugin').glob('*.hpp'))
        for name in re.findall(r'`(k[A-Z][A-Za-z]+)`', TEXT):
            self.assertIn(name, headers)
        for promise in re.findall(r'`failed: (.*)`', TEXT):
            self.assertRegex(promise, r'^settle\.x: (expected|the process that opened it died: |not done within \d+ ms)')


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad > 0)
