"""What the README shows is so: its programs run, its configs are right, its commands, options and folders are there.

Usage: readme.py README PENSTOCK PROGRAM [FRAGMENTS]    # the programs: made of its C++ blocks
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

README, PENSTOCK, *PROGRAMS = (pathlib.Path(p).resolve() for p in sys.argv[1:])
ROOT = README.parent
TEXT = README.read_text(encoding='utf-8')


class Readme(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)

    def run_there(self, *command):
        env = {**os.environ, 'HOME': str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def found(self, pattern):
        found = sorted(set(re.findall(pattern, TEXT, re.MULTILINE | re.DOTALL)))
        self.assertTrue(found, f'nothing in the README is like {pattern}')
        return found

    def test_the_program_says_what_it_does(self):
        said = self.run_there(PROGRAMS[0]).splitlines()
        self.assertEqual(sorted(said), ['hello, later, attempt 1', 'hello, world, attempt 1'])

    def test_the_fragments_do_what_they_say(self):
        for program in PROGRAMS[1:]:
            self.run_there(program)

    def test_configs_are_right(self):
        for text in self.found(r'^```toml\n(.*?)^```$'):
            with self.subTest(text):
                (self.folder / 'penstock.toml').write_text(text if '[backend]' in text else f'[backend]\nuse = "memory"\n{text}')
                self.run_there(PENSTOCK, 'config', 'check')

    def commands_are_there(self, pattern, known):
        """What the README shows of a program is in its help: group 1 is the command, group 2 its arguments."""
        for command, rest in self.found(pattern):
            with self.subTest(command):
                self.assertRegex(known, rf'(?m)(?:^  |, ){command}(?:[ ,]|$)')
            for option in re.findall(r'--[a-z]+', rest):
                with self.subTest(option):
                    self.assertRegex(known, option + '(?![a-z])')

    def test_commands_and_their_options_are_there(self):
        self.commands_are_there(r'(?:^    |`|\./dev )penstock ([a-z]+(?: [a-z]+)?)([^`#\n]*)', self.run_there(PENSTOCK, 'help'))
        self.commands_are_there(r'\./dev (?!penstock)([a-z]+)([^`#\n]*)', self.run_there(ROOT / 'dev', 'help'))

    def test_plugins_have_the_settings_that_their_pages_list(self):
        pages = [page for page in sorted(ROOT.glob('plugins/*/README.md')) if page.parent.name in self.run_there(PENSTOCK, 'plugin', 'list')]
        self.assertTrue(pages)
        for page in pages:
            with self.subTest(page.parent.name):
                table = page.read_text(encoding='utf-8').partition('| Setting |')[2].partition('\n\n')[0]
                shown = self.run_there(PENSTOCK, 'plugin', 'inspect', page.parent.name).split('\n[')[1]  # of its first component
                keys = re.findall(r'^(?:# )?([a-z_]+) =(?: |$)', shown, re.MULTILINE)
                self.assertEqual(re.findall(r'^\| `([a-z_]+)` \|', table, re.MULTILINE), [key for key in keys if key != 'vfs'])  # vfs: for tests

    def test_files_and_folders_are_there(self):
        places = ['.', 'include', 'include/penstock', 'framework', 'tests']
        for path in self.found(r'`([a-z_]+/[a-z_/.]*)`'):
            with self.subTest(path):
                self.assertTrue(any((ROOT / place / path).exists() for place in places))


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad > 0)
