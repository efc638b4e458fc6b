/**
 * `npm run fuzz -- [--cases N] [--seed N]`: damages recordings and reads them. A case fails when reading throws
 * anything but a coded error, takes longer than it may, makes more rows than the bytes can hold, or goes on after
 * it should have ended. Cases run in a worker, so that a hang is seen from outside and its number told.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseDamoSizes } from '../../src/formats/damo-record/sizes.js';
import { readElf } from '../../src/formats/elf/file.js';
import { ElfSymbols } from '../../src/formats/elf/symbols.js';
import { parseMasim } from '../../src/formats/masim.js';
import { traceColumns } from '../../src/simulator/scenario/trace-columns.js';
import { compressionOf, decompressed } from '../../src/sources/compressed.js';
import { readDamoRecord } from '../../src/sources/damo-file.js';
import { HeatFileSource } from '../../src/sources/heat-file.js';
import { PerfScriptSource } from '../../src/sources/perf-script.js';
import { OctavoError } from '../../src/vocabulary/errors.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { findCorpus } from '../support/corpus.js';
import { hostOf, readRows } from '../support/perf-rows.js';
import { Dice, mutated } from './mutations.js';
import { corpusSeeds, drawnSeeds, otherSeeds, ownSeeds, type Seed } from './seeds.js';

const LONGEST_CASE_MS = 5000;
/** Without progress for so long, a case hangs; a loaded machine alone does not take that long. */
const HANG_MS = 60_000;
const MOST_MEMORY = 700 * 2 ** 20;

interface Order {
  readonly cases: number;
  readonly first: number;
  readonly progress: SharedArrayBuffer;
}

interface Counts {
  cases: number;
  rows: number;
  refused: number;
  damaged: number;
  slowestMs: number;
  readonly failures: string[];
}

if (isMainThread) await watch();
else await work(workerData as Order);

async function watch(): Promise<void> {
  const cases = option('--cases', 20000);
  const order: Order = { cases, first: option('--seed', 0), progress: new SharedArrayBuffer(8) };
  const progress = new Int32Array(order.progress);
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  const started = performance.now();
  let last = -1;
  const timer = setInterval(() => {
    if (progress[0] === last) fail(`case ${last} hangs: npm run fuzz -- --seed ${last} --cases 1`);
    last = progress[0];
  }, HANG_MS);
  const counts = await new Promise<Counts>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  clearInterval(timer);
  await worker.terminate();
  report(counts, performance.now() - started);
}

function report(counts: Counts, elapsedMs: number): void {
  for (const failure of counts.failures.slice(0, 20)) console.log(failure);
  const { cases, rows, refused, damaged, slowestMs, failures } = counts;
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `fuzz: ${cases} cases in ${(elapsedMs / 1000).toFixed(0)} s: ${rows} rows, ${refused} refused with a coded error, ` +
      `${damaged} with damage told, slowest ${slowestMs.toFixed(0)} ms, at most ${memory} MiB, ${failures.length} failures`,
  );
  if (failures.length > 0) process.exit(1);
}

async function work(order: Order): Promise<void> {
  const corpus = findCorpus('data/perf');
  const kept = corpus === undefined ? [] : corpusSeeds(corpus);
  const seeds = [...ownSeeds(), ...drawnSeeds(), ...otherSeeds(), ...kept];
  const progress = new Int32Array(order.progress);
  const counts: Counts = { cases: 0, rows: 0, refused: 0, damaged: 0, slowestMs: 0, failures: [] };
  for (let number = order.first; number < order.first + order.cases; number++) {
    progress[0] = number;
    await runCase(number, seeds, counts);
  }
  parentPort?.postMessage(counts);
}

async function runCase(number: number, seeds: readonly Seed[], counts: Counts): Promise<void> {
  const dice = new Dice(number);
  const seed = seeds[dice.below(seeds.length)];
  const bytes = mutated(seed.bytes, dice);
  const isStream = dice.below(3) === 0;
  const chunk = isStream ? 1 + dice.below(4096) : Number.POSITIVE_INFINITY;
  const started = performance.now();
  counts.cases++;
  try {
    const read = await readCase(seed, bytes, isStream, chunk);
    counts.rows += read.rows;
    if (read.isDamaged) counts.damaged++;
    check(read.rows <= mostRows(bytes), number, seed, counts, `${read.rows} rows of ${bytes.length} bytes`);
  } catch (problem) {
    if (problem instanceof OctavoError) counts.refused++;
    else
      check(
        false,
        number,
        seed,
        counts,
        problem instanceof Error ? (problem.stack ?? problem.message) : String(problem),
      );
  }
  const elapsed = performance.now() - started;
  counts.slowestMs = Math.max(counts.slowestMs, elapsed);
  check(elapsed < LONGEST_CASE_MS, number, seed, counts, `took ${elapsed.toFixed(0)} ms`);
  check(process.memoryUsage.rss() < MOST_MEMORY, number, seed, counts, 'took too much memory');
}

interface CaseRead {
  readonly rows: number;
  readonly isDamaged: boolean;
}

async function readCase(seed: Seed, bytes: Uint8Array, isStream: boolean, chunk: number): Promise<CaseRead> {
  if (seed.kind === 'damo') return { rows: readDamoRecord('r', bytes)?.length ?? 0, isDamaged: false };
  if (seed.kind === 'script') return { rows: await scriptRows(bytes, chunk), isDamaged: false };
  if (seed.kind === 'packed') return { rows: await packedBytes(bytes, chunk), isDamaged: false };
  if (seed.kind === 'elf') return { rows: elfSymbols(bytes), isDamaged: false };
  if (seed.kind === 'sizes') return { rows: sizes(bytes), isDamaged: false };
  if (seed.kind === 'trace' || seed.kind === 'trace text')
    return { rows: await traceRows(bytes), isDamaged: false };
  if (seed.kind === 'masim') return { rows: masimRows(bytes), isDamaged: false };
  if (seed.kind === 'heat') return { rows: await heatRows(bytes), isDamaged: false };
  const files = seed.kind === 'perf.data' ? bytes : directoryOf(seed, bytes);
  const { rows, source } = await readRows(files, { stream: isStream && seed.kind === 'perf.data', chunk });
  return { rows: rows.length, isDamaged: source.account().losses['damaged bytes'] !== undefined };
}

async function* inChunks(bytes: Uint8Array, chunk: number): AsyncGenerator<Uint8Array> {
  const size = Math.min(chunk, bytes.length);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function scriptRows(bytes: Uint8Array, chunk: number): Promise<number> {
  const source = new PerfScriptSource({
    path: 'text',
    stream: inChunks(bytes, chunk),
    geometry: GEOMETRY_4K,
  });
  let rows = 0;
  for await (const { batch } of source.batches(new AbortController().signal)) rows += batch.count;
  return rows;
}

/** What an input unpacks to, in place of rows; nothing of it is kept. */
async function packedBytes(bytes: Uint8Array, chunk: number): Promise<number> {
  const kind = compressionOf(bytes);
  let unpacked = 0;
  if (kind !== undefined)
    for await (const part of decompressed(kind, 'packed', inChunks(bytes, chunk))) unpacked += part.length;
  return unpacked / 8;
}

function elfSymbols(bytes: Uint8Array): number {
  const read = (offset: number, size: number) =>
    bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + size, bytes.length));
  const elf = readElf(read);
  if (elf === undefined) return 0;
  const [code, data] = (['code', 'data'] as const).map((use) => new ElfSymbols(read, elf, use));
  for (const symbols of [code, data]) for (let at = 0; at < symbols.count; at++) symbols.nameOf(at);
  return code.count + data.count;
}

function sizes(bytes: Uint8Array): number {
  const found = parseDamoSizes(new TextDecoder().decode(bytes));
  return typeof found === 'string' ? 0 : found.length;
}

/** The damaged file takes the name that the others leave free. */
function directoryOf(seed: Seed, bytes: Uint8Array): Record<string, Uint8Array> {
  const beside = Object.entries(seed.beside ?? {}).map(
    ([name, other]) => [`perf.dir/${name}`, other] as const,
  );
  const own = seed.beside?.data === undefined ? 'data' : 'data.0';
  return { [`perf.dir/${own}`]: bytes, ...Object.fromEntries(beside) };
}

async function traceRows(bytes: Uint8Array): Promise<number> {
  const { page } = await traceColumns(bytes, 'trace', GEOMETRY_4K);
  return page.length;
}

function masimRows(bytes: Uint8Array): number {
  return parseMasim(new TextDecoder('latin1').decode(bytes), 'masim.cfg').phases.length;
}

async function heatRows(bytes: Uint8Array): Promise<number> {
  const files = { ...hostOf({}).files, readBytes: () => ({ ok: true as const, value: bytes }) };
  let rows = 0;
  for await (const group of HeatFileSource.open(files, 'heat.parquet').groups()) rows += group.count;
  return rows;
}

/** The shortest sample has 8 bytes; a compressed block of 4 bytes can hold 128 KiB of them. */
function mostRows(bytes: Uint8Array): number {
  return Math.max(bytes.length / 3, (bytes.length / 4) * (131072 / 8));
}

function check(holds: boolean, number: number, seed: Seed, counts: Counts, problem: string): void {
  if (!holds) counts.failures.push(`case ${number} (${seed.name}): ${problem}`);
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

function fail(problem: string): never {
  console.error(`fuzz: ${problem}`);
  process.exit(1);
}
