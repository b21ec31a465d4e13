"""Stops of a real worker process: leases are kept while it drains, what does not finish goes back uncharged,
a second SIGTERM ends it at once, and a handler that does not return makes it exit with 75.

  drain.py PROGRAM
"""
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
PATIENCE = 60  # seconds until a process that says nothing counts as stuck


class Worker:
    """A worker process, and the lines it has said."""

    def __init__(self, config):
        self.process = subprocess.Popen([PROGRAM, config, 'work'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def next_line(self):
        return self.process.stdout.readline().split()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def tell(self):
        self.process.stdin.write('x')
        self.process.stdin.flush()

    def wait(self):
        """Its exit status, and what it said to the end."""
        with self.process:
            said = [line.split() for line in self.process.stdout]
            return self.process.wait(PATIENCE), said


class Drain(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.workers = []
        self.addCleanup(lambda: [w.process.kill() for w in self.workers if w.process.poll() is None])

    def config(self, stop_timeout, threads=1, lease='600ms'):
        """One thread: while it is in a handler, its worker takes nothing else, whether the signal has reached it or not."""
        file = self.folder / 'penstock.toml'
        file.write_text(f'[worker]\nthreads = {threads}\nlease = "{lease}"\ngrace = "300ms"\nstop_timeout = "{stop_timeout}"\n'
                        '[backend]\nuse = "sqlite"\n[backend.sqlite]\n'
                        f'path = "{self.folder}/tasks.db"\n[log]\nlevel = "error"\n')
        return file

    def ask(self, config, *words):
        done = subprocess.run([PROGRAM, config, *words], capture_output=True, text=True, timeout=PATIENCE, check=True)
        return done.stdout.split()

    def worker(self, config):
        self.workers.append(Worker(config))
        return self.workers[-1]

    def start_with(self, config, name):
        """A worker that is inside the handler of a task called `name`, and the task's id."""
        task, = self.ask(config, 'enqueue', name)
        worker = self.worker(config)
        self.assertEqual(worker.next_line()[:3], ['started', name, '1'])
        return worker, task

    def test_leases_are_kept_while_a_worker_drains(self):
        config = self.config('60s')
        draining, task = self.start_with(config, 'told')
        draining.terminate()
        other = self.worker(config)
        # Three leases later the other worker has found nothing but what was meant for it.
        self.ask(config, 'enqueue', 'later', '1800')
        self.assertEqual(other.next_line()[:3], ['started', 'later', '1'])
        self.assertEqual(self.ask(config, 'show', task), ['running', '0', '0', '1'])
        draining.tell()
        status, said = draining.wait()
        self.assertEqual((status, said), (0, [['ended', 'told']]))
        self.assertEqual(self.ask(config, 'show', task), ['succeeded', '0', '0', '1'])
        other.terminate()
        self.assertEqual(other.wait(), (0, [['ended', 'later']]))

    def test_what_does_not_finish_in_time_goes_back_uncharged(self):
        config = self.config('200ms')
        worker, task = self.start_with(config, 'polite')
        worker.terminate()
        self.assertEqual(worker.wait(), (0, []))
        self.assertEqual(self.ask(config, 'show', task), ['queued', '0', '0', '1'])
        other = self.worker(config)
        self.assertEqual(other.next_line()[:3], ['started', 'polite', '1'])
        other.terminate()
        self.assertEqual(other.wait()[0], 0)

    def test_a_second_signal_is_a_stop_at_once(self):
        config = self.config('1h')
        worker, task = self.start_with(config, 'polite')
        worker.terminate()
        # It drains: what comes now is not taken any more. A lease later it is there still.
        late, = self.ask(config, 'enqueue', 'late')
        other = self.worker(config)
        self.assertEqual(other.next_line()[:2], ['started', 'late'])
        self.assertEqual(self.ask(config, 'show', task)[0], 'running')
        other.terminate()
        self.assertEqual(other.wait()[0], 0)
        worker.terminate()
        self.assertEqual(worker.wait(), (0, []))
        self.assertEqual(self.ask(config, 'show', task), ['queued', '0', '0', '1'])
        self.assertEqual(self.ask(config, 'show', late)[0], 'succeeded')

    def test_a_handler_that_does_not_return_is_left_behind_with_status_75(self):
        config = self.config('200ms')
        worker, task = self.start_with(config, 'deaf')
        worker.terminate()
        self.assertEqual(worker.wait(), (75, []))
        self.assertEqual(self.ask(config, 'show', task), ['queued', '0', '0', '1'])

    def test_signals_at_random_times_lose_nothing_and_charge_nothing(self):
        seed = random.randrange(1 << 32)
        random.seed(seed)
        config = self.config('60s', threads=4, lease='60s')  # none is to lapse, however slow the machine is
        count = 3000
        self.ask(config, 'many', str(count))
        began, ended, stops = [], [], 0
        while True:
            waiting, _, others = map(int, self.ask(config, 'counts'))
            if waiting == 0:
                break
            worker, said, wanted = self.worker(config), [], random.randrange(1, 400)
            while len(said) < min(wanted, waiting):  # each task says two lines, so that many will come
                said.append(worker.next_line())
            worker.terminate()
            status, rest = worker.wait()
            self.assertEqual(status, 0, f'seed {seed}')
            stops += 1
            began += [line for line in said + rest if line[0] == 'started']
            ended += [line for line in said + rest if line[0] == 'ended']
        self.assertEqual(others, 0, f'seed {seed}')
        self.assertEqual(len(began), count, f'seed {seed}, {stops} stops')
        self.assertEqual(len({tuple(line[1:3]) for line in ended}), count, f'seed {seed}')
        self.assertTrue(all(line[3] == '1' for line in began), f'seed {seed}: an attempt was charged')
        self.assertGreater(stops, 3)


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad > 0)
