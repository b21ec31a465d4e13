"""The penstock program as a person meets it.

Usage: commands.py PROGRAM GOOD STORE PLAIN HANDLERS: the modules of three test plugins and of an example.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MODULE, STORE, PLAIN, HANDLERS = (os.path.abspath(p) for p in sys.argv[1:6])


class Commands(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.plugins = self.folder / 'plugins'
        self.plugins.mkdir()
        (self.plugins / 'libpenstock-good.so').symlink_to(MODULE)

    def run_it(self, *words, code=0):
        environment = {'PATH': os.environ['PATH'], 'PENSTOCK_PLUGIN_PATH': str(self.plugins)}
        environment |= {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS') or k == 'LD_LIBRARY_PATH'}
        done = subprocess.run([PROGRAM, *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout if code == 0 else done.stderr

    def refused(self, line, *words, code=2):
        self.assertEqual(self.run_it(*words, code=code), f'penstock: {line}\n')

    def config(self, text):
        (self.folder / 'penstock.toml').write_text(text)

    def test_usage(self):
        self.refused('expected a command; "penstock help" lists them')
        self.refused('unknown command "plugn list"; did you mean "plugin list"?', 'plugn', 'list')
        self.refused('unknown command "vresion"; did you mean "version"?', 'vresion')
        self.refused('unknown command "plugin lost"; did you mean "plugin list"?', 'plugin', 'lost')
        self.refused('unknown command "xyzzyxyzzyxyzzy"; "penstock help" lists them', 'xyzzyxyzzyxyzzy')
        self.refused('unknown command "a\\x0a\\x1bb"; "penstock help" lists them', 'a\n\x1bb', 'c')
        self.refused('usage: penstock version', 'version', 'now')
        self.refused('usage: penstock config show [FILE] [--defaults]', 'config', 'show', '--default')
        self.refused('usage: penstock config show [FILE] [--defaults]', 'config', 'show', 'a', 'b')
        self.refused('usage: penstock plugin inspect FILE|NAME', 'plugin', 'inspect')
        self.refused('config show: --defaults is about no file; leave FILE out', 'config', 'show', 'x', '--defaults')

    def test_hostile_arguments(self):
        hostile = ['', ' ', '.', '..', '../../etc/passwd', '/', '//', '~', '{}', '*', "'; drop table task; --", '$(id)', '`id`', '|', '&',
                   '-', '--', '--=', '%s%n', '\n', '\r\n', '\t', '\x1b[2J', '\x7f', '\x01', 'caf\u00e9', '\u202eabc', '\u200b',
                   '\udcff\udcfe', 'x' * 100_000, '9' * 400, '-1', 'nan', '__proto__', '<script>', 'a' * 129, '*1\r\n$4\r\nPING']
        for word in hostile:
            for words in ([word], [word, word], ['help', word], ['version', word], ['config', word], ['config', 'check', word],
                          ['config', 'show', word], ['config', 'show', '--defaults', word], ['plugin', word], ['plugin', 'list', word],
                          ['plugin', 'inspect', word], ['plugin', 'check', word], ['plugin', 'new', '--kind', word, word], ['plugin', 'doc', word], ['run', word], ['stats', word], ['run', word, word], ['stats', '--', word]):
                with self.subTest(words=[w[:40] for w in words]):
                    done = subprocess.run([PROGRAM, *words], cwd=self.folder, capture_output=True)
                    self.assertIn(done.returncode, (0, 1, 2), done.stderr[:500])
                    if done.returncode == 0:
                        self.assertTrue(words[0] == 'plugin' or words[-1] == '--', words)  # `--` ends the options
                        continue
                    if words[:2] == ['plugin', 'check'] and done.stdout:
                        continue  # a report
                    self.assertEqual(done.stderr.count(b'\n'), 1, done.stderr[:500])
                    self.assertTrue(done.stderr.startswith(b'penstock: '), done.stderr[:500])
                    self.assertLess(len(done.stderr), 5000)
                    self.assertFalse(any(c < 0x20 or c == 0x7f for c in done.stderr[:-1]), done.stderr[:500])

    def harmless(self, *words):
        """It ends by itself, and when it refuses, says so in one line."""
        done = subprocess.run([PROGRAM, *words], cwd=self.folder, env={'PENSTOCK_PLUGIN_PATH': str(self.plugins)}, capture_output=True,
                              text=True, timeout=60)
        with self.subTest(words=words):
            self.assertIn(done.returncode, (0, 1, 2), done.stderr)
            if done.returncode:
                self.assertRegex(done.stderr, r'\Apenstock: [^\n]+\n\Z')
        return done.returncode

    def test_bare_verbs(self):
        """Every command without its arguments, and every beginning of its name."""
        verbs = re.findall(r'^  ((?:[a-z]+ ?)+)', self.run_it('help'), re.MULTILINE)
        self.assertGreater(len(verbs), 15)
        for words in {tuple(verb[:length].split()) for verb in verbs for length in range(1, len(verb) + 1)}:
            self.harmless(*words)

    def test_huge_numbers(self):
        config = '[backend]\nuse = "memory"\n'
        huge = ['9223372036854775807', '-9223372036854775808', '9223372036854775808', '922337203685477580700', '9e18', '1e999', '-1', 'nan', 'inf']
        for number in huge:
            self.config(config)
            for words in (['queues', 'weight', 'jobs', number], ['queues', 'pause', 'jobs', f'--for={number}d'],
                          ['limits', 'set', 'jobs', f'--running={number}'], ['limits', 'set', 'jobs', f'--burst={number}'],
                          ['limits', 'set', 'jobs', f'--rate={number}/s'], ['plugin', 'check', 'good', f'--limit={number}d']):
                self.harmless(*words)
            for key, value in {'worker.threads': number, 'worker.retries': number, 'worker.batch': number,
                               'worker.lease': f'"{number}d"', 'worker.max_payload': f'"{number}MiB"',
                               'backend.memory.max_tasks': number, 'backend.memory.max_body': f'"{number}GiB"'}.items():
                self.config(f'{config}[{key.rpartition(".")[0]}]\n{key.rpartition(".")[2]} = {value}\n')
                if self.harmless('config', 'check') == 0:
                    self.harmless('stats')

    def test_options_with_values(self):
        usage = 'usage: penstock queues pause QUEUE [GATE] [--for=TIME] [--config=FILE]'
        self.refused(usage, 'queues', 'pause')
        self.refused(usage, 'queues', 'pause', 'jobs', 'gate', 'more')
        self.refused(usage, 'queues', 'pause', 'jobs', '--for')
        self.refused(usage, 'queues', 'pause', 'jobs', '--fo=1s')
        self.refused(usage, 'queues', 'pause', 'jobs', '--for=1s', '--for=2s')
        self.refused('usage: penstock limits reset QUEUE [GATE] [--declared] [--config=FILE]',
                     'limits', 'reset', 'jobs', '--declared=yes')
        self.refused('usage: penstock queues [FILE]', 'queues', 'puase', 'jobs')
        self.refused('a=b.toml: cannot be opened: No such file or directory', 'queues', 'pause', 'jobs', '--config=a=b.toml')

    def test_the_command_with_the_longest_name_is_meant(self):
        self.config('[backend]\nuse = "memory"\n')
        (self.folder / 'pause').write_text('[backend]\nuse = "memory"\n')
        self.refused('usage: penstock queues pause QUEUE [GATE] [--for=TIME] [--config=FILE]', 'queues', 'pause')
        self.assertTrue(self.run_it('queues', '--', 'pause').startswith('queue  '))

    def test_holds(self):
        self.config('[backend]\nuse = "memory"\n')
        self.assertEqual(self.run_it('queues', 'pause', 'jobs'), 'jobs: held until resumed; limit: none\n')
        self.assertEqual(self.run_it('queues', 'pause', 'jobs', 'tenant:\n', '--for=5m'),
                         'jobs, gate tenant:\\x0a: held for 5m; limit: none\n')
        self.assertEqual(self.run_it('queues', 'pause', '*', '--for=90s'), '*: held for 90s\n')
        self.assertEqual(self.run_it('queues', 'resume', 'jobs'), 'jobs: not held; limit: none\n')
        self.refused('--for: expected a duration with a unit, such as "250ms", "10s", "5m", "24h" or "7d", got "5"',
                     'queues', 'pause', 'jobs', '--for=5')
        self.refused('--for: expected a time above 0', 'queues', 'pause', 'jobs', '--for=0s')
        self.assertEqual(self.run_it('queues', 'pause', 'no queue', code=2).count('\n'), 1)

    def test_limits(self):
        self.config('[backend]\nuse = "memory"\n[limits]\njobs = { running = 9 }\n')
        self.assertEqual(self.run_it('limits'), 'no limits and no holds are set\n')  # looking declares nothing
        self.assertEqual(self.run_it('limits', 'set', 'jobs', 'tenant', '--running=2', '--rate=30/m', '--burst=5'),
                         'jobs, gate tenant: not held; limit: 2 running, 30/m, burst 5 (operator)\n')
        self.assertEqual(self.run_it('limits', 'set', 'jobs', '--running=-1'), 'jobs: not held; limit: none (operator)\n')
        self.assertEqual(self.run_it('limits', 'reset', 'jobs'), 'jobs: not held; limit: none\n')
        self.assertEqual(self.run_it('limits', 'reset', 'jobs', 'a', '--declared'), 'jobs, gate a: not held; limit: none\n')
        self.refused('limits set: expected --running=N, --rate=N/s or --burst=N', 'limits', 'set', 'jobs')
        self.refused('--running: expected a whole number from -1, got "2x"', 'limits', 'set', 'jobs', '--running=2x')
        self.refused('--burst: expected a whole number from 1 up to 4294967295, got 0', 'limits', 'set', 'jobs', '--burst=0')
        self.assertIn('--rate: expected a rate such as', self.run_it('limits', 'set', 'jobs', '--rate=5', code=2))

    def test_a_backend_without_gates(self):
        (self.plugins / 'libpenstock-plain.so').symlink_to(PLAIN)
        self.config(f'[worker]\nhandlers = ["{HANDLERS}"]\n[backend]\nuse = "plain"\n')
        for words in (['queues'], ['limits'], ['queues', 'pause', 'a'], ['queues', 'resume', 'a'],
                      ['limits', 'set', 'a', '--running=1'], ['limits', 'reset', 'a']):
            self.refused('backend "plain" has no gates: it knows no limits and no pauses', *words, code=1)
        self.assertTrue(self.run_it('stats').startswith('queue  '))
        self.assertIn('\nqueue acme in the store: backend "plain" has no gates\n', self.run_it('explain', 'acme.greet'))

    def test_wrappers(self):
        self.config('[backend]\nuse = "memory"\nwrap = ["metrics", "fault"]\n[backend.fault]\nseed = 7\n')
        self.assertEqual(self.run_it('config', 'check'), 'penstock.toml: ok\n')
        self.assertIn('\nwrap = ["metrics", "fault"]\n', self.run_it('config', 'show'))
        self.assertIn('[backend.fault]\n', self.run_it('config', 'show'))
        self.assertRegex(self.run_it('stats'), r'\ncalls of this command .*\n(?:.*\n)*counts +1 .*s  none\n')
        self.assertIn('\n  backend wrapper metrics: ', self.run_it('plugin', 'list'))
        self.config('[backend]\nuse = "memory"\nwrap = ["fault"]\n[backend.fault]\nerror = 1\n')
        self.assertRegex(self.run_it('stats', code=1), "as the wrapper 'fault' is told to\npenstock: fault of seed 1: counts 1\n$")
        for wrap, why in {'metrcs': 'backend wrapper "metrcs" is not to be found; tried built in: .*; did you mean "metrics"\\?',
                          'memory': 'backend "memory" is no wrapper: it goes into backend.use',
                          'fault", "fault': '"fault" stands there twice'}.items():
            self.config(f'[backend]\nuse = "memory"\nwrap = ["{wrap}"]\n')
            self.assertRegex(self.run_it('config', 'check', code=2), f'^penstock: penstock.toml:3: backend.wrap: {why}\n$')
        self.config('[backend]\nuse = "metrics"\n')
        self.refused('penstock.toml:2: backend.use: backend "metrics" is a wrapper: it goes into backend.wrap, around what '
                     'backend.use names', 'config', 'check')

    def test_codec_chains(self):
        self.config('[backend]\nuse = "memory"\n[codec]\nuse = ["json", "protobuf"]\n')
        self.refused('penstock.toml:4: codec.use: "protobuf" is a second value codec: one that only reads goes into codec.also',
                     'config', 'check')
        self.refused('codec.use: "protobuf" is a second value codec: one that only reads goes into codec.also', 'stats')
        (self.plugins / 'libpenstock-turns.so').symlink_to(pathlib.Path(STORE).with_name('libpenstock-turns.so'))
        for chain, why in {'"turns", "json"': '"turns" is a transform: a value codec comes first',
                           '"json", "turns", "protobuf"': '"protobuf" is a second value codec: one that only reads goes into codec.also',
                           '"json", "turns", "json"': '"json" stands there twice'}.items():
            self.config(f'[backend]\nuse = "memory"\n[codec]\nuse = [{chain}]\n')
            self.refused(f'penstock.toml:4: codec.use: {why}', 'config', 'check')
        self.config('[backend]\nuse = "memory"\n[codec]\nuse = ["json", "turns"]\n')
        self.assertEqual(self.run_it('config', 'check'), 'penstock.toml: ok\n')
        self.config('[backend]\nuse = "memory"\n[codec]\nuse = ["json"]\nalso = ["protobuf"]\n')
        self.assertEqual(self.run_it('config', 'check'), 'penstock.toml: ok\n')
        self.assertTrue(self.run_it('stats').startswith('queue  '))

    def test_explain(self):
        self.config(f'[worker]\nhandlers = ["{HANDLERS}"]\nbackoff = "2s"\nbackoff_cap = "9s"\njitter = false\n[backend]\nuse = "memory"\n')
        lines = self.run_it('explain', 'acme.greet').splitlines()
        self.assertEqual(lines[0], 'kind acme.greet')
        self.assertRegex(lines[1], '^queue  *acme  *the type$')
        self.assertIn('retries       3           the type', lines)
        self.assertIn('backoff       2s          the config, penstock.toml:3', lines)
        self.assertIn('backoff_cap   9s          the config, penstock.toml:4', lines)
        self.assertIn('jitter        false       the config, penstock.toml:5', lines)
        self.assertIn('timeout       5m          the default', lines)
        self.assertIn('An enqueue may say otherwise for its own task.', lines)
        self.assertEqual(lines[-1], 'queue acme in the store: no limits and no holds are set')
        self.refused('no handler here for kind "acme.grete"; did you mean "acme.greet"?', 'explain', 'acme.grete', code=1)
        self.config('[backend]\nuse = "memory"\n')
        self.refused('worker.handlers in penstock.toml names no handler module, so no kind is known', 'explain', 'acme.greet')

    def test_help_and_version(self):
        for command in ('plugin list', 'plugin inspect FILE|NAME', 'config check [FILE]', 'version'):
            self.assertIn('  ' + command, self.run_it('help'))
        self.assertEqual(self.run_it('help'), self.run_it('--help'))
        self.assertRegex(self.run_it('version'), r'^penstock [0-9.]+\nplugin stamp: penstock=0 gxx=')

    def test_config_check(self):
        self.refused('penstock.toml: cannot be opened: No such file or directory', 'config', 'check')
        self.config('[worker]\nthread = 3\n')
        self.refused('penstock.toml:2: worker.thread: unknown key; did you mean "threads"?', 'config', 'check')
        self.config(f'[backend]\nuse = "nowhere"\n')
        error = self.run_it('config', 'check', code=2)
        self.assertTrue(error.startswith('penstock: penstock.toml:2: backend.use: backend "nowhere" is not to be found; '), error)
        self.assertIn(f'{self.plugins}/libpenstock-nowhere.so: No such file or directory', error)
        self.assertEqual(error.count('\n'), 1)

    def test_config_of_modules(self):
        (self.plugins / 'libpenstock-store.so').symlink_to(STORE)
        used = '[backend]\nuse = "store"\n[codec]\nuse = ["store"]\n[tracer]\nuse = "good"\n'
        self.config(used + '[tracer.good]\nurl = "x"\npassword = "hush"\n[backend.other]\nnot_looked = "at"\n')
        self.assertEqual(self.run_it('config', 'check'), 'penstock.toml: ok\n')
        out = self.run_it('config', 'show')
        self.assertIn('use = "store"\n', out)
        self.assertIn('# Connections kept open.\npool_size = 8\n', out)
        self.assertIn('url = "x"\n', out)
        self.assertIn('password = "***"\n', out)
        self.assertNotIn('hush', out)
        self.config(out)
        self.assertEqual(self.run_it('config', 'show'), out)
        self.config(used + '[tracer.good]\nurl = "x"\npool_size = "8"\n')
        self.refused('penstock.toml:9: tracer.good.pool_size: expected a whole number from 1 up to 256, got "8"', 'config', 'check')
        self.config(used + '[worker]\nhandlers = ["good"]\n[tracer.good]\nurl = "x"\n')
        self.refused('penstock.toml:8: worker.handlers: handlers "good": '
                     f'{self.plugins}/libpenstock-good.so: has no such component', 'config', 'check')

    def test_a_module_that_dies_takes_nothing_with_it(self):
        (self.plugins / 'libpenstock-good.so').unlink()
        (self.plugins / 'libpenstock-aborts.so').symlink_to(pathlib.Path(STORE).with_name('libpenstock-aborts.so'))
        self.assertIn(f'refused: {self.plugins}/libpenstock-aborts.so: the process that opened it died: Aborted\n',
                      self.run_it('plugin', 'list'))
        self.refused('aborts: the process that opened it died: Aborted', 'plugin', 'inspect', 'aborts', code=1)

    def test_list_of_the_bad(self):
        """Every bad module there is, in one folder: each is refused in a line of its own, and the good one is listed."""
        (self.plugins / 'libpenstock-good.so').unlink()
        for module in pathlib.Path(STORE).parent.glob('libpenstock-*.so'):
            if module.name.removeprefix('libpenstock-') not in ('store.so', 'newer.so', 'turns.so'):
                (self.plugins / module.name).symlink_to(module)
        whole = pathlib.Path(MODULE).read_bytes()
        (self.plugins / 'libpenstock-half.so').write_bytes(whole[:len(whole) // 2])
        (self.plugins / 'libpenstock-empty.so').write_bytes(b'')
        (self.plugins / 'libpenstock-text.so').write_text('nonsense')
        (self.plugins / 'libpenstock-s390.so').write_bytes(whole[:18] + b'\x16\x00' + whole[20:])
        (self.plugins / 'libpenstock-renamed.so').symlink_to(MODULE)
        (self.plugins / 'libpenstock-folder.so').mkdir()
        os.mkfifo(self.plugins / 'libpenstock-fifo.so')
        there = sorted(p.name for p in self.plugins.iterdir())
        lines = self.run_it('plugin', 'list').splitlines()
        refused = [l for l in lines if l.startswith(f'refused: {self.plugins}/')]
        for name in there:
            if name != 'libpenstock-good.so':
                found = [l for l in refused if f'/{name}: ' in l]
                self.assertEqual(len(found), 1, name)
                self.assertRegex(found[0], r'\.so: [^ ].{4,}')
        self.assertGreaterEqual(len(refused), 40)
        self.assertEqual(len(refused), len(there) - 1)
        self.assertIn(f'good 1.2.3 ({self.plugins}/libpenstock-good.so)', lines)
        self.assertIn(f'refused: {self.plugins}/libpenstock-blocks.so: not done within 5000 ms', lines)

    def test_list(self):
        (self.plugins / 'libpenstock-bad.so').write_text('nonsense')
        (self.plugins / 'readme').write_text('not looked at')
        out = self.run_it('plugin', 'list')
        self.assertIn(f'good 1.2.3 ({self.plugins}/libpenstock-good.so)\n  tracer good: Does nothing, well.\n', out)
        self.assertIn(f'refused: {self.plugins}/libpenstock-bad.so: not an ELF file\n', out)
        self.assertNotIn('readme', out)

    def test_inspect(self):
        by_name = self.run_it('plugin', 'inspect', 'good')
        self.assertIn('plugin:  good\nversion: 1.2.3\nlicense: MIT\n', by_name)
        self.assertIn('# offers test.extra/1\n[tracer.good]\n# Server. Required.\n# url =\n', by_name)
        by_path = self.run_it('plugin', 'inspect', MODULE)
        self.assertEqual(by_path.splitlines()[4:], by_name.splitlines()[4:])
        os.symlink(MODULE, self.folder / 'libpenstock-good.so')
        self.assertIn('plugin:  good\n', self.run_it('plugin', 'inspect', './libpenstock-good.so'))
        self.assertIn('acme: plugin "acme" is not to be found; tried built in; ', self.run_it('plugin', 'inspect', 'acme', code=1))
        self.assertIn('plugin:  good\n', self.run_it('plugin', 'inspect', 'libpenstock-good.so'))
        self.refused(f'{self.folder}/x.so: a module\'s file is named libpenstock-NAME.so', 'plugin', 'inspect', 'x.so', code=1)
        self.refused('expected a plugin\'s name or a path of a module, got "x.o"', 'plugin', 'inspect', 'x.o')

    def test_doc(self):
        page = self.run_it('plugin', 'doc', 'good')
        self.assertTrue(page.startswith('# good\n\n## tracer good\n\nDoes nothing, well.\n\n| Setting | Takes | Default | Meaning |\n'), page)
        self.assertIn('| `url` | text in quotes | required | Server. |\n', page)
        self.assertIn('| `pool_size` | a whole number from 1 up to 256 | `8` | Connections kept open. |\n', page)
        self.assertIn('## tracer throws\n\nFails.\n\nIt has no settings.\n', page)
        self.assertEqual(self.run_it('plugin', 'doc', f'{self.plugins}/libpenstock-good.so'), page)
        whole = self.run_it('plugin', 'doc')
        self.assertIn(page, whole)
        self.assertIn('plugin "acme" is not to be found; tried built in; ', self.run_it('plugin', 'doc', 'acme', code=1))

    def test_show_defaults(self):
        out = self.run_it('config', 'show', '--defaults')
        self.assertIn('# How long a task is lent to a worker before others may take it.\nlease = "10s"\n', out)
        self.config(out)
        error = subprocess.run([PROGRAM, 'config', 'check'], cwd=self.folder, capture_output=True, text=True)
        self.assertIn(error.returncode, (0, 2))  # 2 where the backend of the defaults is not built in
        if error.returncode:
            self.assertRegex(error.stderr, 'is not to be found|backend.sqlite.path: this key is required')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
