"""plugins/SETTINGS.md is what `penstock plugin doc` prints: a section for each plugin, and none besides.

Usage: settings.py PAGE PENSTOCK PLUGIN...    # the plugins of this build
After a change: ./dev penstock plugin doc >plugins/SETTINGS.md
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

PAGE = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
PENSTOCK, *PLUGINS = sys.argv[2:]


class Settings(unittest.TestCase):
    maxDiff = None

    def test_each_plugin_has_its_section(self):
        sections = dict(re.findall(r'^(?=# ([a-z_0-9]+)\n)(.*?\n)(?=\n# |\Z)', PAGE, re.MULTILINE | re.DOTALL))
        self.assertTrue(PLUGINS)
        for plugin in PLUGINS:
            with self.subTest(plugin):
                said = subprocess.run([PENSTOCK, 'plugin', 'doc', plugin], capture_output=True, text=True, check=True).stdout
                self.assertEqual(sections.get(plugin), said)

    def test_nothing_is_left_of_plugins_that_are_gone(self):
        folders = [p.name for p in pathlib.Path(sys.argv[1]).parent.iterdir() if (p / 'meson.build').exists()]
        self.assertEqual(re.findall(r'^# (.*)$', PAGE, re.MULTILINE), sorted(folders))


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{max(0, result.testsRun - bad)} passed, {bad} failed')
    sys.exit(bad > 0)
