"""`penstock plugin new`: every kind builds, passes the kit and is loaded before anything is typed.

Usage: new.py PENSTOCK INCLUDE PENSTOCK-PLUGIN.PC COMPILER...    # the headers, and what is installed to find them
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PENSTOCK, INCLUDE, PKG_CONFIG = (os.path.abspath(p) for p in sys.argv[1:4])
ENVIRONMENT = {**os.environ, 'CXX': ' '.join(sys.argv[4:]), 'CCACHE_NOHASHDIR': '1',
               'PATH': os.path.dirname(PENSTOCK) + ':' + os.environ['PATH']}


class New(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        # As it is installed, but for where the headers are.
        known = pathlib.Path(PKG_CONFIG).read_text().replace('${prefix}/include', INCLUDE)
        (self.folder / 'penstock-plugin.pc').write_text(known)
        ENVIRONMENT['PKG_CONFIG_PATH'] = str(self.folder)

    def run_it(self, *command, code=0):
        done = subprocess.run(command, cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout if code == 0 else done.stderr

    def refused(self, line, *words):
        before = sorted(self.folder.rglob('*'))
        self.assertEqual(self.run_it(PENSTOCK, 'plugin', 'new', *words, code=2), f'penstock: {line}\n')
        self.assertEqual(sorted(self.folder.rglob('*')), before)

    def builds_and_passes(self, kind):
        start = time.monotonic()
        name = f'my_{kind}'
        said = self.run_it(PENSTOCK, 'plugin', 'new', name, '--kind', kind)
        self.assertTrue(said.startswith(f'{name}: a {kind} called {name}\n'))
        files = sorted(str(p.relative_to(self.folder / name)) for p in (self.folder / name).rglob('*') if p.is_file())
        self.assertEqual(files, ['README.md', 'meson.build', 'plugin.map', f'src/{name}.cpp'])
        for file in files:
            self.assertNotIn('acme', (self.folder / name / file).read_text().lower())
        self.run_it('meson', 'setup', f'{name}/build', name, '-Dwerror=true')
        self.run_it('ninja', '-C', f'{name}/build')
        self.run_it('meson', 'test', '-C', f'{name}/build', '--no-rebuild')
        module = f'{name}/build/libpenstock-{name}.so'
        report = self.run_it(PENSTOCK, 'plugin', 'check', module)
        self.assertRegex(report, r'\n\d+ passed, 0 failed, \d+ not claimed\n$')
        self.assertIn(f'plugin:  {name}\n', self.run_it(PENSTOCK, 'plugin', 'inspect', module))
        print(f'{kind}: new, built, checked twice in {time.monotonic() - start:.1f} s', file=sys.stderr)

    def test_backend(self):
        self.builds_and_passes('backend')

    def test_codec(self):
        self.builds_and_passes('codec')

    def test_handlers(self):
        self.builds_and_passes('handlers')

    def test_limiter(self):
        self.builds_and_passes('limiter')

    def test_tracer(self):
        self.builds_and_passes('tracer')

    def test_where_it_goes(self):
        self.run_it(PENSTOCK, 'plugin', 'new', 'acme', 'deep/er/project')
        self.assertTrue((self.folder / 'deep/er/project/src/acme.cpp').exists())
        self.assertIn('component<DurableBackend', (self.folder / 'deep/er/project/src/acme.cpp').read_text())

    def test_bad_names(self):
        for name in ('', 'Acme', '1st', '_x', 'a-b', 'a b', '../x', 'a' * 65, 'caf\u00e9'):
            with self.subTest(name):
                said = self.run_it(PENSTOCK, 'plugin', 'new', '--', name, code=2)
                self.assertTrue(said.startswith('penstock: expected a name of [a-z][a-z0-9_]*, at most 64 of them, got "'), said)
                self.assertEqual(said.count('\n'), 1)
        self.refused('"errno" is a macro of the C library; take another name', 'errno')
        self.refused('--kind: expected backend, codec, handlers, limiter or tracer, got "backends"; did you mean "backend"?',
                     'good', '--kind=backends')

    def test_what_is_there_stays(self):
        (self.folder / 'acme').mkdir()
        (self.folder / 'file').write_text('mine')
        (self.folder / 'link').symlink_to('nowhere')
        for place in ('acme', 'file', 'link'):
            self.refused(f'{place}: is there already; nothing was written', 'acme', place)
        self.assertEqual((self.folder / 'file').read_text(), 'mine')
        said = self.run_it(PENSTOCK, 'plugin', 'new', 'acme', 'file/below', code=1)
        self.assertEqual(said.count('\n'), 1, said)

    def test_names_of_what_is_built_in(self):
        known = self.run_it(PENSTOCK, 'plugin', 'list')
        if 'memory' in known and '(built in)' in known:
            self.refused('a plugin called "memory" is built in; take another name', 'memory')


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad > 0)
