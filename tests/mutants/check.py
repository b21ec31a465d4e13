"""The table of mutants is what the sources have, and a build without the option has nothing of it.

  check.py ROOT enabled|disabled BINARY...
"""
import pathlib
import re
import sys
import tomllib
import unittest

ROOT, ENABLED = pathlib.Path(sys.argv[1]), sys.argv[2] == 'enabled'
BINARIES = [pathlib.Path(file).read_bytes() for file in sys.argv[3:]]
TABLE = tomllib.loads((ROOT / 'tests/mutants/mutants.toml').read_text())
SCRIPTS = {name: m for name, m in TABLE.items() if 'from' in m}


class Mutants(unittest.TestCase):
    def test_each_has_a_name_a_fault_and_a_test(self):
        for name, m in TABLE.items():
            self.assertRegex(name, r'^[a-z_]+(\.[a-z_]+)+$')
            self.assertLessEqual({'fault', 'test'}, set(m), name)
        self.assertGreaterEqual(len(TABLE), 40)

    def test_those_in_the_code_are_those_in_the_table(self):
        found = set()
        for part in ('framework', 'plugins'):
            for file in (ROOT / part).rglob('*.?pp'):
                found.update(re.findall(r'\bmutant\("([^"]*)"\)', file.read_text()))
        self.assertEqual(found, TABLE.keys() - SCRIPTS.keys())

    def test_those_of_scripts_change_one_place(self):
        texts = [file.read_text() for file in (ROOT / 'plugins/redis/lua').glob('*.lua')]
        for name, m in SCRIPTS.items():
            self.assertEqual(sum(text.count(m['from']) for text in texts), 1, name)
            self.assertNotEqual(m['from'], m['to'], name)

    def test_they_are_in_a_build_that_was_asked_for_them_only(self):
        self.assertTrue(BINARIES)
        for name in ('PENSTOCK_MUTANT', *TABLE):
            self.assertEqual(any(name.encode() in binary for binary in BINARIES), ENABLED, name)


result = unittest.main(argv=sys.argv[:1], exit=False).result
failed = len(result.failures) + len(result.errors)
print(f'{result.testsRun - failed} passed, {failed} failed')
sys.exit(failed > 0)
