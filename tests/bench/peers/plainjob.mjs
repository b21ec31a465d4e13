// Whole life of jobs in plainjob: node plainjob.mjs MODULES FILE JOBS prints jobs per second.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, file, count] = process.argv.slice(2);
const jobs = Number(count);
const find = createRequire(pathToFileURL(modules + '/'));
const Database = find('better-sqlite3');
const { better, defineQueue, defineWorker } = await import(pathToFileURL(find.resolve('plainjob')));

const logger = { error: console.error, warn() {}, info() {}, debug() {} };
const queue = defineQueue({ connection: better(new Database(file)), logger });
const text = 'x'.repeat(60);
const bulk = 500;

const start = process.hrtime.bigint();
for (let at = 0; at < jobs; at += bulk) {
  const batch = [];
  for (let i = at; i < Math.min(at + bulk, jobs); ++i) batch.push({ index: i, stamp: 0, text });
  queue.addMany('bench', batch);
}
const ran = new Uint8Array(jobs);
let left = jobs;
await new Promise((done) => {
  const work = async (job) => { ++ran[JSON.parse(job.data).index]; };
  defineWorker('bench', work, { queue, logger, onCompleted: () => { if (--left === 0) done(); } }).start();
});
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
if (ran.some((times) => times !== 1)) {
  console.error('plainjob: not every job ran once');
  process.exit(1);
}
console.log(jobs / seconds);
process.exit(0);
