// What memory management costs on this machine, beside what the model charges: splits and collapses by state, faults by
// kind, memory that was returned and is touched again; and how long threads of a process are kept waiting.
// usage: npm run bench:costs -- [--blocks 48] [--rounds 3] [--json]
// Costs are CPU time of the calling thread, in which other work on the machine does not count. It acts on memory of its own
// and of a workload that it starts, and needs THP for those who ask (madvise or always). Root for the waiting times.
import { parseArgs } from 'node:util';
import koffi from 'koffi';
import { prepare } from '../prepare.mjs';

const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '48' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const blocks = Number(values.blocks);
const rounds = Number(values.rounds);

prepare();
const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { boot } = await load('src/model/kernel/boot.js');
const { RELEASES } = await load('src/model/kernel/state/options.js');
const { mmap, spawn } = await load('src/model/kernel/address-space/processes.js');
const { mprotect } = await load('src/model/kernel/address-space/vmas.js');
const { VM } = await load('src/model/kernel/state/mm.js');
const { adviseRange } = await load('src/model/kernel/advice/madvise.js');
const { access } = await load('src/model/kernel/access/access.js');

const BLOCK = 2 ** 21;
const PAGE = 4096;
const PER_BLOCK = BLOCK / PAGE;
const ADVICE = {
  MADV_DONTNEED: 4,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_COLD: 20,
  MADV_POPULATE_WRITE: 23,
  MADV_COLLAPSE: 25,
};
const [READ, READ_WRITE] = [1, 3];

/** Memory of this process on the live kernel. Every operation returns its CPU time in nanoseconds. */
class Live {
  start = 0;
  length = 0;
  base = 0;

  constructor() {
    const libc = koffi.load(null);
    this.calls = {
      mmap: libc.func(
        'uint64_t mmap(uint64_t at, uint64_t length, int protection, int flags, int fd, int64_t offset)',
      ),
      munmap: libc.func('int munmap(uint64_t at, uint64_t length)'),
      mprotect: libc.func('int mprotect(uint64_t at, uint64_t length, int protection)'),
      madvise: libc.func('int madvise(uint64_t at, uint64_t length, int advice)'),
      memset: libc.func('uint64_t memset(uint64_t at, int byte, uint64_t length)'),
      now: libc.func('int clock_gettime(int clock, _Out_ int64_t *time)'),
    };
    this.time = new BigInt64Array(2);
    for (let i = 0; i < 20_000; i++) this.spent(() => this.calls.madvise(0, 0, ADVICE.MADV_COLD));
    const idle = Array.from({ length: 2000 }, () =>
      this.spent(() => this.calls.madvise(0, 0, ADVICE.MADV_COLD)),
    );
    // A call that does nothing, with the clock around it; the model's systemCall is what is left of it.
    this.around = median(idle) - 300;
  }

  spent(work) {
    const before = this.cpu();
    work();
    return this.cpu() - before;
  }

  cpu() {
    this.calls.now(3, this.time);
    return Number(this.time[0]) * 1e9 + Number(this.time[1]);
  }

  /** `blocks` blocks without anything in them yet, aligned. */
  open(huge) {
    this.length = (blocks + 1) * BLOCK;
    this.start = Number(this.calls.mmap(0, this.length, READ_WRITE, 0x22, -1, 0));
    this.base = Math.ceil(this.start / BLOCK) * BLOCK;
    this.calls.madvise(this.base, blocks * BLOCK, huge ? ADVICE.MADV_HUGEPAGE : ADVICE.MADV_NOHUGEPAGE);
  }

  close() {
    this.calls.munmap(this.start, this.length);
  }

  advise(block, page, pages, name) {
    const at = this.base + block * BLOCK + page * PAGE;
    return this.spent(() => this.calls.madvise(at, pages * PAGE, ADVICE[name])) - this.around;
  }

  /** The first byte of a page. */
  touch(block, page) {
    return (
      this.spent(() => this.calls.memset(this.base + block * BLOCK + page * PAGE, 1, 1)) - this.around + 300
    );
  }

  protect(block, page, pages) {
    const at = this.base + block * BLOCK + page * PAGE;
    this.calls.mprotect(at, pages * PAGE, READ);
    this.calls.mprotect(at, pages * PAGE, READ_WRITE);
  }
}

/** The same on the model, whose operations say what they cost. */
class Model {
  open(huge) {
    this.kernel = boot({ memoryBytes: (blocks + 64) * BLOCK * 2, seed: 1, features: RELEASES['6.18'] });
    this.kernel.thp.enabled = 'madvise';
    this.mm = spawn(this.kernel, { command: 'bench' }).mm;
    this.first = mmap(this.kernel, this.mm, { pages: blocks * PER_BLOCK });
    this.advise(0, 0, blocks * PER_BLOCK, huge ? 'MADV_HUGEPAGE' : 'MADV_NOHUGEPAGE');
  }

  close() {}

  advise(block, page, pages, name) {
    const at = this.first + block * PER_BLOCK + page;
    return adviseRange(this.kernel, this.mm, at, at + pages, name).cost;
  }

  touch(block, page) {
    return access(this.kernel, this.mm, this.first + block * PER_BLOCK + page, true);
  }

  protect(block, page, pages) {
    const at = this.first + block * PER_BLOCK + page;
    mprotect(this.kernel, this.mm, at, at + pages, VM.read);
    mprotect(this.kernel, this.mm, at, at + pages, VM.read | VM.write);
  }
}

const fillAll = (memory, block) => {
  for (let page = 0; page < PER_BLOCK; page++) memory.touch(block, page);
};
const fillFew = (memory, block) => {
  for (let page = 0; page < PER_BLOCK; page += 64) memory.touch(block, page);
};
const split = (memory, block) => memory.advise(block, 0, 1, 'MADV_COLD');
const whole = (memory, block, name) => memory.advise(block, 0, PER_BLOCK, name);

/** name, whether blocks are huge, what comes before, what is measured, and by how much it is divided. */
const ROWS = [
  ['huge fault, with zeroing', true, () => undefined, (memory, block) => memory.touch(block, 0)],
  ['base fault, with zeroing', false, () => undefined, (memory, block) => whole(memory, block, 'MADV_POPULATE_WRITE'), PER_BLOCK],
  ['split, all pages of data', true, fillAll, split],
  ['split, 8 pages of data', true, fillFew, split],
  ['split, mapped by PTE', true, (memory, block) => {
    fillAll(memory, block);
    memory.protect(block, 9, 1);
  }, split],
  ['returned page touched again', true, (memory, block) => {
    fillFew(memory, block);
    split(memory, block);
  }, (memory, block) => whole(memory, block, 'MADV_POPULATE_WRITE'), PER_BLOCK - 8],
  ['MADV_COLD over 512 base pages', false, fillAll, (memory, block) => whole(memory, block, 'MADV_COLD')],
  ['MADV_COLD of a huge block', true, fillFew, (memory, block) => whole(memory, block, 'MADV_COLD')],
  ['collapse, 512 pages there', true, (memory, block) => {
    fillAll(memory, block);
    split(memory, block);
  }, (memory, block) => whole(memory, block, 'MADV_COLLAPSE')],
  ['collapse, 8 pages there', true, (memory, block) => {
    fillFew(memory, block);
    split(memory, block);
  }, (memory, block) => whole(memory, block, 'MADV_COLLAPSE')],
  ['collapse of what is huge', true, fillFew, (memory, block) => whole(memory, block, 'MADV_COLLAPSE')],
  ['MADV_DONTNEED of 512 base pages', false, fillAll, (memory, block) => whole(memory, block, 'MADV_DONTNEED')],
  ['MADV_DONTNEED of a huge block', true, fillFew, (memory, block) => whole(memory, block, 'MADV_DONTNEED')],
]; // biome-ignore format: a table

/** @typedef {(memory: any, block: number) => number} Step */

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];

/**
 * Medians over all blocks and rounds, with the first and third quarter.
 *
 * @param {any} memory
 * @param {readonly unknown[]} row name, huge, before, work, divisor
 */
function measure(memory, row, times) {
  const [, huge, before, work, divisor = 1] = /** @type {[string, boolean, Step, Step, number?]} */ (row);
  const found = [];
  for (let round = 0; round < times; round++) {
    memory.open(huge);
    for (let block = 0; block < blocks; block++) {
      before(memory, block);
      found.push(work(memory, block) / divisor);
    }
    memory.close();
  }
  found.sort((a, b) => a - b);
  const at = (share) => found[Math.floor(share * (found.length - 1))];
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

const live = new Live();
const model = new Model();
const rows = ROWS.map((row) => {
  const [name] = row;
  const seen = measure(live, row, rounds);
  const charged = measure(model, row, 1).median;
  return {
    name,
    modelNs: charged,
    liveNs: seen.median,
    lowNs: seen.low,
    highNs: seen.high,
    ratio: charged / seen.median,
  };
});
const waits = await waitingTimes();
if (values.json) console.log(JSON.stringify({ rows, waits }, undefined, 2));
else print();

/** Longest waits of a program's own threads, live and on the model; undefined where this user may not act on others. */
async function waitingTimes() {
  const { linuxHost } = await load('src/host/linux-host.js');
  const { WorkloadClient } = await load('demo/workload-client.js');
  const host = linuxHost();
  const workload = await WorkloadClient.start();
  try {
    const handle = host.calls.openProcess(workload.pid);
    if (!handle.ok) return undefined;
    const bytes = blocks * BLOCK;
    const { firstPage } = await workload.ask('map', { name: 'a', bytes, huge: 'advise' });
    await workload.ask('fill', { name: 'a', pattern: { all: true } });
    const act = async (advice, pages) => {
      const stalls = [];
      for (let block = 0; block < blocks; block++) {
        await workload.ask('start', { name: 'a', readers: 1, writers: 0, restUs: 50 });
        const start = firstPage + block * PER_BLOCK;
        const answer = await host.calls.processMadvise(handle.value, [{ start, end: start + pages }], advice);
        const { worstStallUs } = await workload.ask('stop', { name: 'a' });
        if (answer.ok && worstStallUs !== null) stalls.push(worstStallUs * 1000);
        if (stalls.length >= 12) break;
      }
      return stalls.length === 0 ? undefined : median(stalls);
    };
    const splitNs = await act('MADV_COLD', 1);
    const collapseNs = await act('MADV_COLLAPSE', PER_BLOCK);
    return { splitNs, collapseNs, model: heldByModel() };
  } finally {
    await workload.end();
  }
}

/** How long the model keeps threads from a block. */
function heldByModel() {
  const held = (advice, pages) => {
    model.kernel.clock.advance(1e9);
    const before = model.kernel.holds.totalNs;
    model.advise(0, 0, pages, advice);
    return model.kernel.holds.totalNs - before;
  };
  model.open(true);
  fillAll(model, 0);
  return { splitNs: held('MADV_COLD', 1), collapseNs: held('MADV_COLLAPSE', PER_BLOCK) };
}

function print() {
  const us = (ns) => (ns === undefined ? '–' : (ns / 1000).toFixed(ns < 10_000 ? 2 : 0)).padStart(9);
  const line = (name, charged, seen, range = '') =>
    console.log(
      `${name.padEnd(34)} ${us(charged)} ${us(seen)} ${seen === undefined ? '' : (charged / seen).toFixed(2).padStart(7)}   ${range}`,
    );
  console.log(
    `${blocks} blocks, ${rounds} rounds; microseconds of CPU time; medians, middle half of the live ones\n`,
  );
  console.log(`${''.padEnd(34)} ${'model'.padStart(9)} ${'live'.padStart(9)} ${'ratio'.padStart(7)}`);
  for (const { name, modelNs, liveNs, lowNs, highNs } of rows)
    line(name, modelNs, liveNs, `${us(lowNs).trim()} … ${us(highNs).trim()}`);
  if (waits === undefined) console.log('\nwaiting times: this user may not act on other processes');
  else {
    console.log(
      '\nLongest wait of a thread that reads the block, by the wall clock without the time it had no CPU',
    );
    line('a split', waits.model.splitNs, waits.splitNs);
    line('a collapse', waits.model.collapseNs, waits.collapseNs);
  }
}
