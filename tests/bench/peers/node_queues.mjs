// Jobs in a queue on Redis: node node_queues.mjs MODULES PACKAGE WHAT SOCKET JOBS
//   life    prints jobs per second, added in bulk by one process and worked off by another
//   pickup  prints median and 99th percentile of the microseconds from the call to the handler
// The worker is this program again, with `work` for WHAT.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [modules, name, what, socket, count] = process.argv.slice(2);
const jobs = Number(count);
const need = createRequire(pathToFileURL(modules + '/'));
const text = 'x'.repeat(60);
const bulk = 500;
const concurrency = 16;
const connection = { path: socket };
const now = () => Number(process.hrtime.bigint()) / 1e3;

// Of each package: open() returns add(jobs), for a producer; work(concurrency, handler) is one worker.
const packages = {
  bullmq() {
    const { Queue, Worker } = need('bullmq');
    return {
      async open() {
        const queue = new Queue('bench', { connection, defaultJobOptions: { removeOnComplete: true } });
        await queue.waitUntilReady();
        return (list) => queue.addBulk(list.map((data) => ({ name: 'job', data })));
      },
      async work(most, handler, ended) {
        const worker = new Worker('bench', async (job) => handler(job.data), { connection, concurrency: most });
        worker.on('completed', ended);
        await worker.waitUntilReady();
      },
    };
  },
  'bee-queue'() {
    const Queue = need('bee-queue');
    const settings = { redis: connection, getEvents: false, sendEvents: false, storeJobs: false,
      removeOnSuccess: true, activateDelayedJobs: false };
    return {
      async open() {
        const queue = await new Queue('bench', { ...settings, isWorker: false }).ready();
        return (list) => queue.saveAll(list.map((data) => queue.createJob(data)));
      },
      async work(most, handler, ended) {
        const queue = await new Queue('bench', settings).ready();
        queue.on('succeeded', ended);
        queue.process(most, async (job) => handler(job.data));
      },
    };
  },
};
const api = packages[name]();

async function work() {
  const ran = new Uint8Array(jobs);
  let left = jobs;
  await api.work(concurrency, (data) => { ++ran[data.index]; }, () => {
    if (--left > 0) return;
    process.send({ end: now(), good: ran.every((times) => times === 1) }, () => process.exit(0));
  });
  process.send({ ready: true });
}

async function life() {
  const worker = fork(fileURLToPath(import.meta.url), [modules, name, 'work', socket, count]);
  await once(worker, 'message');
  const ended = once(worker, 'message');
  const add = await api.open();
  const start = now();
  for (let at = 0; at < jobs; at += bulk) {
    const size = Math.min(bulk, jobs - at);
    await add(Array.from({ length: size }, (_, i) => ({ index: at + i, stamp: 0, text })));
  }
  const [{ end, good }] = await ended;
  if (!good) throw new Error('not every job ran once');
  console.log(jobs / ((end - start) / 1e6));
}

async function pickup() {
  const times = [], warm = 50;
  await api.work(1, (data) => { times.push(now() - data.stamp); }, () => {});
  const add = await api.open();
  for (let i = 0; i < jobs + warm; ++i) {
    await pause(5);
    await add([{ index: i, stamp: now(), text }]);
  }
  while (times.length < jobs + warm) await pause(5);
  const sorted = times.slice(warm).sort((a, b) => a - b);
  console.log(sorted[Math.floor(jobs / 2)], sorted[Math.floor(jobs * 0.99)]);
}

await { life, pickup, work }[what]();
if (what !== 'work') process.exit(0);
