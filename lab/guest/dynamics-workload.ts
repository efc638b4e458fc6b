/**
 * The process that region dynamics are recorded of: one aligned anonymous area, populated, and a pattern of reads.
 * Before each round the address space's cached translations are thrown away, so that every page read is seen by the
 * next check of its accessed bit, however large the TLB is. Steps are taken from standard input, one number a line.
 */
import koffi from 'koffi';
import { AREA_PAGES, PATTERNS } from '../../test/damon/dynamics-patterns.js';

const PAGE = 4096;
const BLOCK = 2 * 1024 * 1024;
const WORDS = PAGE / 4;
const [READ, READ_WRITE] = [1, 3];
const PRIVATE_ANONYMOUS = 0x22;
/** More pages than the kernel flushes one by one (x86: 33), so that a change of protection flushes everything. */
const FLUSHED_PAGES = 64;

const libc = koffi.load(null);
const mmap = libc.func('mmap', 'uint64_t', ['uint64_t', 'uint64_t', 'int', 'int', 'int', 'int64_t']);
const mprotect = libc.func('mprotect', 'int', ['uint64_t', 'uint64_t', 'int']);

function map(bytes: number): bigint {
  return BigInt(mmap(0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0) as number | bigint);
}

const pattern = PATTERNS.find(({ name }) => name === process.argv[2]);
if (!pattern) throw new Error(`no pattern ${process.argv[2]}`);
const reserved = map(AREA_PAGES * PAGE + BLOCK);
const start = ((reserved + BigInt(BLOCK - 1)) / BigInt(BLOCK)) * BigInt(BLOCK);
const words = new Uint32Array(koffi.view(start, AREA_PAGES * PAGE));
for (let page = 0; page < AREA_PAGES; page++) words[page * WORDS] = page + 1;
const flushed = map(FLUSHED_PAGES * PAGE);
const flushedWords = new Uint32Array(koffi.view(flushed, FLUSHED_PAGES * PAGE));

let step = 0;
let sink = 0;

function round(): void {
  for (let page = 0; page < FLUSHED_PAGES; page++) flushedWords[page * WORDS]++;
  mprotect(flushed, FLUSHED_PAGES * PAGE, READ);
  mprotect(flushed, FLUSHED_PAGES * PAGE, READ_WRITE);
  const hot = pattern?.hot(step) ?? { start: 0, end: 0, every: 1 };
  for (let page = hot.start; page < hot.end; page += hot.every) sink ^= words[page * WORDS];
  if (hot.end > hot.start) setImmediate(round);
  else setTimeout(round, 100);
}

process.stdin.on('data', (chunk) => {
  step = Number(chunk.toString('utf8').trim().split('\n').at(-1));
});
process.stdin.on('end', () => process.exit(sink === -1 ? 1 : 0));
process.stdout.write(`${start}\n`);
round();
