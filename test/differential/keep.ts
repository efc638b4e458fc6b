/**
 * Draws recordings, asks perf what is in them, and keeps a few where perf agrees with what was written, below
 * test/fixtures/perf. Started by scripts/differential/keep.mjs; the tests read them where no larger set lies beside the
 * checkout.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/corpus.js';
import type { Oracle } from './corpus-oracles.js';
import { type DifferentialCase, ordinaryCase } from './ordinary.js';
import { dumpedSamples, type PerfWords, synthesizedSamples } from './perf-oracle.js';
import { speCase } from './spe.js';

const WANTED = 12;
const MOST_BYTES = 48 * 1024;
const LEAST_SAMPLES = 20;
const MOST_TRIES = 2000;
const WORD = (1n << 64n) - 1n;

const perf = JSON.parse(process.argv[2]) as PerfWords;
const target = join(ROOT, 'test/fixtures/perf');
rmSync(target, { recursive: true, force: true });
for (const [kind, draw] of [
  ['drawn', ordinaryCase],
  ['drawn-spe', speCase],
] as const)
  keep(kind, draw);

function keep(kind: string, draw: (number: number) => DifferentialCase): void {
  const shapes = new Set<string>();
  for (let number = 0; number < MOST_TRIES && shapes.size < WANTED; number++) {
    const one = draw(number);
    const isFit = one.bytes.length <= MOST_BYTES && one.truth.rows.length >= LEAST_SAMPLES;
    const shape = one.name.replace(/\d+/g, '#');
    if (isFit && one.perfDiffers === undefined && !shapes.has(shape) && agrees(kind, number, one))
      shapes.add(shape);
  }
  console.log(`kept ${shapes.size} of kind ${kind}`);
}

function agrees(kind: string, number: number, one: DifferentialCase): boolean {
  const folder = join(target, kind);
  const path = join(folder, `${kind}-${number}.data`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, one.bytes);
  const isSpe = kind === 'drawn-spe';
  const has = { time: one.hasTime, physical: one.truth.rows.some((row) => !row.includes(' pa=0 ')) };
  const answer = isSpe
    ? synthesizedSamples(perf, path, has)
    : dumpedSamples(perf, path, one.hasTime, one.hasPeriod);
  const bare = (row: string) => (isSpe ? row.replace(/ n=\S+ w=\S+$/, '') : row);
  const same =
    answer.ok &&
    answer.reading.rows.map(bare).sort().join('\n') === one.truth.rows.map(bare).sort().join('\n');
  if (same) writeOracle(`${path}.oracle`, one.truth.rows);
  else rmSync(path);
  return same;
}

function writeOracle(folder: string, rows: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'oracle.json'), `${JSON.stringify({ samples: sumsOf(rows) }, undefined, 1)}\n`);
}

/** The sums of `Tally`, over rows of text instead of columns. */
function sumsOf(rows: readonly string[]): Oracle {
  const facts = rows.map((row) => {
    const [, thread, va, pa] = /^(\S+) t=\S+ va=(\S+) pa=(\S+)/.exec(row) ?? [];
    return { thread, va: BigInt(`0x${va}`), pa: BigInt(`0x${pa}`) };
  });
  const addresses = facts.map(({ va }) => va).filter((va) => va !== 0n);
  const distinct = (values: readonly bigint[], shift: bigint) =>
    new Set(values.map((one) => one >> shift)).size;
  const threads: Record<string, number> = {};
  for (const { thread } of facts) threads[thread] = (threads[thread] ?? 0) + 1;
  return {
    samples: rows.length,
    with_addr: addresses.length,
    sum_addr: `0x${(addresses.reduce((sum, va) => sum + va, 0n) & WORD).toString(16)}`,
    xor_addr: `0x${addresses.reduce((sum, va) => sum ^ va, 0n).toString(16)}`,
    pages4k: distinct(addresses, 12n),
    pages2m: distinct(addresses, 21n),
    pages2m_phys: distinct(
      facts.map(({ pa }) => pa).filter((pa) => pa !== 0n),
      21n,
    ),
    by_tid: threads,
  };
}
