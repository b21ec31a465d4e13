"""`penstock plugin check`: sound plugins of every kind, ill ones, and what a person may get wrong.

Usage: check.py PROGRAM MODULE...
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
MODULES = {pathlib.Path(p).name.removeprefix('libpenstock-').removesuffix('.so'): os.path.abspath(p) for p in sys.argv[2:]}


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = self.new_folder()

    def new_folder(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        return pathlib.Path(held.name)

    def run_it(self, module, *words, code=0):
        environment = {'PATH': os.environ['PATH'], 'TMPDIR': str(self.folder)}
        environment |= {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS') or k == 'LD_LIBRARY_PATH'}
        done = subprocess.run([PROGRAM, 'plugin', 'check', MODULES.get(module, module), *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [], 'it leaves nothing behind')
        return done.stderr if code == 2 else done.stdout

    def sections(self, report):
        rows = re.findall(r'^  ([a-z]+) +(\d+) +(\d+) +(\d+)$', report, re.MULTILINE)
        return [(name, *map(int, counts)) for name, *counts in rows]

    def test_a_sound_backend(self):
        report = self.run_it('memory', '--no-bench')
        sections = self.sections(report)
        self.assertEqual(sections[0], ('module', 7, 0, 0))
        self.assertTrue({'settle', 'claim', 'unique', 'gates', 'lifecycle', 'concurrency'} <= {s[0] for s in sections})
        passed, failed, not_claimed = (sum(s[i] for s in sections) for i in (1, 2, 3))
        self.assertTrue(report.endswith(f'\n{passed} passed, {failed} failed, {not_claimed} not claimed\n'))
        self.assertGreater(passed, 480)
        self.assertEqual(failed, 0)
        self.assertNotIn('failed: ', report)
        self.assertIn('needs a store that outlives its object', report)
        table = re.findall(r'^\| (.*) \| (.*) \|$', report, re.MULTILINE)
        self.assertIn(('Durability', '`memory`'), table)
        self.assertIn(('Dependencies', 'no'), table)
        self.assertIn(('`penstock.backend.gates/1`', 'yes'), table)
        self.assertIn(('`penstock.meter/1`', 'no'), table)
        self.assertIn(('Time', "in steps of 1ms, by the host's clock"), table)

    def test_the_bench_stands_beside_others(self):
        report = self.run_it('memory')
        rows = re.findall(r'^\| ([a-z][^|]*) \|(.*)\|$', report, re.MULTILINE)
        head = next(i for i, row in enumerate(rows) if row[0] == 'tasks per second')
        self.assertIn('memory (memory)', rows[head][1])
        self.assertEqual(len(rows[head + 1:]), 3)
        for _, figures in rows[head + 1:]:
            self.assertEqual(len(figures.split('|')), len(rows[head][1].split('|')))
            self.assertTrue(all(int(figure) > 0 for figure in figures.split('|')))

    def test_a_store_that_outlives_its_object(self):
        for area in ('reopen', 'shared'):
            report = self.run_it('sqlite', '--set=durability=process', f'--only={area}.')
            self.assertEqual([s[0] for s in self.sections(report)], ['module', 'scene', area])
            self.assertEqual(self.sections(report)[2][2:], (0, 0))

    def test_a_second_object_has_to_see_the_same_store(self):
        report = self.run_it('keeps_nothing', '--set=durability=process', '--only=shared.', code=1)
        section, passed, failed, not_claimed = self.sections(report)[2]
        self.assertEqual((section, passed), ('shared', 0))
        self.assertGreater(failed, 4, report)
        self.assertIn('\nfailed: shared.both_see_the_same: ', report)

    def test_a_plugin_that_is_found_by_its_name(self):
        os.environ['PENSTOCK_PLUGIN_PATH'] = os.path.dirname(MODULES['keeps_nothing'])
        self.addCleanup(os.environ.pop, 'PENSTOCK_PLUGIN_PATH')
        done = subprocess.run([PROGRAM, 'plugin', 'check', 'keeps_nothing', '--only=properties.size'], capture_output=True, text=True)
        self.assertEqual(self.sections(done.stdout), [('module', 7, 0, 0), ('scene', 1, 0, 0), ('properties', 1, 0, 0)], done.stderr)

    def test_a_wrapper_goes_around_memory(self):
        for name in ('metrics', 'fault'):
            report = self.run_it(name, '--no-bench')
            self.assertIn(f'backend wrapper {name} ', report)
            self.assertRegex(report, r'\n\d{3} passed, 0 failed, \d+ not claimed\n$')

    def test_other_kinds(self):
        for module, section, kept in (('json', 'codec', 9), ('protobuf', 'codec', 9), ('log', 'tracer', 5), ('acme', 'handlers', 3)):
            if module not in MODULES:
                continue
            with self.subTest(module):
                report = self.run_it(module)
                self.assertIn((section, kept, 0, 0), self.sections(report), report)
        report = self.run_it('token_bucket', '--set', 'rate=100/s')
        self.assertIn(('limiter', 4, 0, 0), self.sections(report))
        self.assertIn('  1: needs settings that limit `process`\n', self.run_it('token_bucket', '--set=queues=["mail=5/s"]'))
        self.assertIn('\nfailed: scene.is_set: threw: limiter.token_bucket.rate: ', self.run_it('token_bucket', code=1))

    def test_a_plugin_that_dies_is_a_line_of_the_report(self):
        report = self.run_it('dies', '--no-bench', code=1)
        died = re.findall(r'^failed: ([a-z_.]+): the process that opened it died: Aborted\n    [A-Z].*\.$', report, re.MULTILINE)
        self.assertGreater(len(died), 3, report)
        self.assertIn('cancel.unknown_id_is_not_found', died)
        self.assertIn('concurrency', [s[0] for s in self.sections(report)], 'the rest is checked')

    def test_a_plugin_that_hangs_is_ended(self):
        report = self.run_it('hangs', '--no-bench', '--limit=2s', code=1)
        self.assertEqual(len(re.findall(r'^failed: [a-z_.]+: not done within 2000 ms$', report, re.MULTILINE)), 3, report)
        self.assertRegex(report, r'failed: check\.goes_on: given up after \d+ processes; \d+ promises were not checked\n')
        self.assertRegex(report, r'\n\d+ passed, \d+ failed, \d+ not claimed\n$')

    def test_a_plugin_that_writes_into_the_answers_is_not_believed(self):
        answers = {'kept': 'what came is no verdict: "kept"', '3 0 ': 'what came is no verdict: "3 0 "', '-1 0 ': 'what came is no verdict: ',
                   '0': 'what came is no verdict: "0"', '0 x ': 'what came is no verdict: ', ' ': 'what came is no verdict: " "'}
        foreign = 'the process that opened it wrote into the answers'
        for written, why in {'\n': foreign, '.\n': foreign, 'kept': foreign, **{f'+{a}\n': why for a, why in answers.items()}}.items():
            with self.subTest(written):
                report = self.run_it('writes', f'--set=writes={json.dumps(written)}', '--only=cancel.unknown_id', code=1)
                self.assertIn(f'\nfailed: cancel.unknown_id_is_not_found: {why}', report)
                self.assertEqual(self.sections(report)[-1], ('cancel', 0, 1, 0))
        report = self.run_it('leaves', f'--set=writes={json.dumps(".{}".format(chr(10)))}', '--only=cancel.unknown_id', code=1)
        self.assertIn('\nfailed: cancel.unknown_id_is_not_found: the process that opened it ended before its verdict\n', report)
        report = self.run_it('writes', f'--set=writes={json.dumps("+0 0 {}".format(chr(10)))}', '--only=cancel.unknown_id', code=1)
        self.assertIn('\nfailed: check.ends: what came is no verdict: "', report)

    def test_a_plugin_that_keeps_nothing_fails_in_many_places(self):
        report = self.run_it('keeps_nothing', code=1)
        self.assertGreater(report.count('\nfailed: '), 200)
        self.assertNotIn('the process that opened it died', report)  # nor does the kit
        self.assertIn('\nkeeps_nothing was not measured: exchange: nothing of what was let in is offered\n', report)
        self.assertRegex(report, r'\n\| tasks per second \| memory \(memory\) \|')
        report = self.run_it('keeps_nothing', '--set=refuses=true', '--set=durability=', code=1)
        self.assertIn('\nkeeps_nothing was not measured: enqueue: 0 of 1 let in\n', report)
        self.assertIn('\n| Durability | `` |\n', report)

    def test_a_module_that_is_refused(self):
        for module, why in (('aborts', 'the process that opened it died: Aborted'), ('no_entry', f'{MODULES["no_entry"]}: exports no '),
                            ('stamped', f'{MODULES["stamped"]}: stamp "'), ('blocks', 'not done within 200 ms')):
            with self.subTest(module):
                report = self.run_it(module, *(['--limit=200ms'] if module == 'blocks' else []), code=1)
                self.assertEqual(self.sections(report), [('module', 0, 1, 0)])
                self.assertIn(f'\nfailed: module.opens: {why}', report)

    def test_a_module_that_shows_too_much(self):
        report = self.run_it('bare', code=1)
        self.assertRegex(report, r'failed: module.exports_its_entry_only: \d+ symbols besides its entry are exported, such as ')

    def test_settings_that_are_missing_or_unknown(self):
        self.assertEqual(self.run_it('memory', '--set=max_bodies=1', code=2),
                         'penstock: --set: no component has a setting "max_bodies"; did you mean "max_body"?\n')
        self.assertEqual(self.run_it('memory', '--set=max_body', code=2), 'penstock: --set: expected KEY=VALUE, got "max_body"\n')
        self.assertIn('\nfailed: scene.is_set: threw: backend.memory.max_body: expected ', self.run_it('memory', '--set=max_body=1', code=1))
        self.assertIn('\nfailed: scene.is_set: threw: its store outlives its objects, and no setting makes a fresh one',
                      self.run_it('sqlite', f'--set=path={self.new_folder()}/tasks.db', code=1))

    def test_names_and_misuse(self):
        self.assertIn('usage: penstock plugin check ', subprocess.run([PROGRAM, 'plugin', 'check'], capture_output=True, text=True).stderr)
        self.assertEqual(self.run_it('x.o', code=2), 'penstock: expected a plugin\'s name or a path of a module, got "x.o"\n')
        self.assertEqual(self.run_it('memory', '--limit=5', code=2).count('\n'), 1)
        self.assertEqual(self.run_it('memory', '--only=setle.', code=2), 'penstock: --only: no promise begins with "setle."\n')
        self.assertEqual(self.run_it('json', '--only=settle.', code=2), 'penstock: --only: no promise begins with "settle."\n')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
