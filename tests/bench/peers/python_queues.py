"""Jobs in a queue for Python: python_queues.py QUEUE WHAT [STORE JOBS]

  version  prints that of the package
  life     prints jobs per second, added by this process and worked off by another
  pickup   prints median and 99th percentile of the microseconds from the call to the job
  work     is that other process
STORE is a file for huey, the unix socket of a Redis server for rq and celery.
"""
import ctypes
import importlib.metadata
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

TEXT = "x" * 60
BULK = 500


class Huey:
    def __init__(self, store):
        import huey
        self.huey = huey.SqliteHuey("bench", filename=store, fsync=True, results=False)
        self.mark = self.huey.task()(jobs.mark)

    def add(self, rows):
        for row in rows:
            self.mark(*row)

    def work(self):
        self.huey.create_consumer(workers=1, worker_type="thread", periodic=False, initial_delay=0.01, backoff=1.15,
                                  max_delay=0.1).run()


class Rq:
    def __init__(self, store):
        import redis
        import rq
        self.rq = rq
        self.redis = redis.Redis(unix_socket_path=store)
        self.queue = rq.Queue("bench", connection=self.redis)

    def add(self, rows):
        for at in range(0, len(rows), BULK):
            self.queue.enqueue_many([self.rq.Queue.prepare_data("python_jobs.mark", row, result_ttl=0)
                                     for row in rows[at:at + BULK]])

    def work(self):  # in one process: by default it forks for each job
        self.rq.SimpleWorker([self.queue], connection=self.redis).work(logging_level="ERROR")


class Celery:
    def __init__(self, store):
        import celery
        self.app = celery.Celery("bench", broker="redis+socket://" + store)
        self.app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64)
        self.mark = self.app.task(name="mark")(jobs.mark)

    def add(self, rows):
        with self.app.producer_or_acquire() as producer:
            for row in rows:
                self.mark.apply_async(row, producer=producer)

    def work(self):
        self.app.worker_main(["worker", "-P", "prefork", "-c", "2", "-l", "ERROR", "--without-gossip",
                              "--without-mingle", "--without-heartbeat"])


QUEUES = {"huey": Huey, "rq": Rq, "celery": Celery}


def patiently(done, what):
    end = time.monotonic() + 120
    while not done():
        if time.monotonic() > end:
            sys.exit(what)
        time.sleep(0.002)


def measure(name, what, store, count):
    """Runs `what` beside a worker that has done a job already."""
    worker = subprocess.Popen([sys.executable, __file__, name, "work", store, str(count)], start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        queue = QUEUES[name](store)
        queue.add([(count, 0, TEXT)])
        patiently(lambda: jobs.marks[count], "the worker does nothing")
        start = time.monotonic_ns()
        what(queue, count)
        patiently(lambda: jobs.marks.find(b"\0", 0, count) < 0, "not every job ran")
        if any(times != 1 for times in jobs.marks[:count]):
            sys.exit("a job ran more than once")
        return start, struct.unpack_from(f"={count}q", jobs.marks, jobs.TIMES)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def add_all(queue, count):
    queue.add([(i, 0, TEXT) for i in range(count)])


def add_seldom(queue, count):
    for i in range(count):
        time.sleep(0.01)
        queue.add([(i, time.monotonic_ns(), TEXT)])
        patiently(lambda: jobs.marks[i], "a job did not run")  # nothing else is there to do


def main(name, what, store="", count="0"):
    global jobs
    if what == "version":
        QUEUES[name]  # known?
        __import__(name)
        return print(importlib.metadata.version(name))
    if what == "work":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it ends with whoever measures it
        import python_jobs as jobs
        return QUEUES[name](store).work()
    with tempfile.NamedTemporaryFile() as marks:
        marks.truncate((int(count) + 1) * 9 + 8)
        os.environ.update(BENCH_JOBS=count, BENCH_MARKS=marks.name)
        import python_jobs as jobs
        if what == "life":
            start, ended = measure(name, add_all, store, int(count))
            print(int(count) / ((max(ended) - start) / 1e9))
        else:
            waits = sorted(wait / 1e3 for wait in measure(name, add_seldom, store, int(count))[1])
            print(waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


main(*sys.argv[1:])
