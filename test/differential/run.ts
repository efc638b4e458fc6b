/**
 * Recordings of every shape, read by Octavo and by perf: sample by sample the same, or told. Started by
 * scripts/differential/perf.mjs, which says how perf is started.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SAMPLE_FIELD } from '../../src/formats/perf-abi/constants.js';
import type { PerfFileSource } from '../../src/sources/perf-file.js';
import { type Row, readRows } from '../support/perf-rows.js';
import { type DifferentialCase, ordinaryCase } from './ordinary.js';
import {
  dumpedSamples,
  type OracleAnswer,
  type PerfWords,
  rowText,
  synthesizedSamples,
} from './perf-oracle.js';
import { recordedCases, workloadText } from './recorded.js';
import { speCase } from './spe.js';

interface Order {
  readonly perf: PerfWords;
  /** The perf that records, when it is another one than that which reads. */
  readonly recorder?: PerfWords;
  readonly cases: number;
  readonly seed: number;
  readonly kinds: readonly string[];
}

interface Counts {
  cases: number;
  samples: number;
  refused: number;
  excused: number;
  /** Why perf gave nothing, and how often. */
  readonly refusals: Map<string, number>;
  readonly differences: string[];
}

const order = JSON.parse(process.argv[2]) as Order;
const folder = mkdtempSync(join(tmpdir(), 'octavo-differential-'));
try {
  for (const kind of order.kinds) await compareKind(kind);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compareKind(kind: string): Promise<void> {
  const counts: Counts = {
    cases: 0,
    samples: 0,
    refused: 0,
    excused: 0,
    refusals: new Map(),
    differences: [],
  };
  if (kind === 'recorded') await compareRecorded(counts);
  else {
    for (let number = order.seed; number < order.seed + order.cases; number++) {
      await compareWritten(kind, kind === 'spe' ? speCase(number) : ordinaryCase(number), counts);
    }
  }
  report(kind, counts);
}

function report(kind: string, counts: Counts): void {
  for (const difference of counts.differences.slice(0, 20)) console.log(difference);
  for (const [why, times] of counts.refusals) console.log(`  perf gives nothing ${times} times: ${why}`);
  const { cases, samples, refused, excused, differences } = counts;
  console.log(
    `${kind}: ${cases} recordings, ${samples} samples, ${differences.length} differ; perf refuses ${refused} (held against what was written), ${excused} differ as documented`,
  );
  if (differences.length > 0) process.exitCode = 1;
}

/** Rows and losses of what perf records here now, by Octavo and by perf. */
async function compareRecorded(counts: Counts): Promise<void> {
  const workload = join(folder, 'workload.cjs');
  writeFileSync(workload, workloadText());
  for (const one of recordedCases(order.recorder ?? order.perf, folder, workload, (words) =>
    console.log(words),
  )) {
    const { rows, source } = await readRows(one.files);
    const { events } = source.session.events;
    const has = (field: number) => events.every((event) => (event.attr.sampleType & field) !== 0);
    const shape = { hasTime: has(SAMPLE_FIELD.time), hasPeriod: has(SAMPLE_FIELD.period) };
    const own = textOf(rows, shape, source);
    counts.cases++;
    counts.samples += own.length;
    const answer = dumpedSamples(order.perf, one.path, shape.hasTime, shape.hasPeriod);
    if (!answer.ok) {
      counts.refused++;
      counts.refusals.set(`${one.name}: ${answer.why}`, 1);
      continue;
    }
    const { losses } = source.session.state;
    const against = firstDifference(own, answer.reading.rows);
    const lost = losses.records + losses.samples;
    if (against !== undefined) counts.differences.push(`recorded ${one.name}: ${against}`);
    if (lost !== answer.reading.lost)
      counts.differences.push(`recorded ${one.name}: lost ${lost}, perf says ${answer.reading.lost}`);
    if (source.account().losses['damaged bytes'] !== undefined)
      counts.differences.push(`recorded ${one.name}: ${source.account().notes.join(' ')}`);
  }
}

function textOf(
  rows: readonly Row[],
  shape: { hasTime: boolean; hasPeriod: boolean },
  source: PerfFileSource,
): string[] {
  const { events } = source.session.events;
  const hasWeight = (event: number) =>
    (events[event].attr.sampleType & (SAMPLE_FIELD.weight | SAMPLE_FIELD.weightStruct)) !== 0;
  return rows
    .map((row) =>
      rowText({
        ...row,
        time: shape.hasTime && row.time >= 0 ? BigInt(row.time) : undefined,
        period: shape.hasPeriod ? row.weight : undefined,
        latency: hasWeight(row.event) ? row.latency : undefined,
      }),
    )
    .sort();
}

async function compareWritten(kind: string, one: DifferentialCase, counts: Counts): Promise<void> {
  const path = join(folder, 'perf.data');
  writeFileSync(path, one.bytes);
  const { rows, source } = await readRows(one.bytes);
  const own = textOf(rows, one, source);
  counts.cases++;
  counts.samples += own.length;
  const { losses } = source.session.state;
  const problem = (what: string) => counts.differences.push(`${kind} case ${one.name}: ${what}`);
  const against = firstDifference(own, one.truth.rows);
  if (against !== undefined) problem(`not as written: ${against}`);
  if (losses.records + losses.samples !== one.truth.lost)
    problem(`lost ${losses.records + losses.samples} of ${one.truth.lost}`);
  const damaged = source.account().losses['damaged bytes'];
  if (damaged !== undefined) problem(`${damaged} damaged bytes: ${JSON.stringify(source.account().notes)}`);
  if (one.perfDiffers !== undefined) {
    counts.excused++;
    return;
  }
  const answer = ask(kind, path, one);
  if (!answer.ok) {
    counts.refused++;
    counts.refusals.set(answer.why, (counts.refusals.get(answer.why) ?? 0) + 1);
    return;
  }
  const perfs = firstDifference(own, answer.reading.rows);
  if (perfs !== undefined) problem(`not as perf says: ${perfs}`);
  if (answer.reading.lost !== one.truth.lost && kind !== 'spe')
    problem(`perf counts ${answer.reading.lost} lost`);
}

function ask(kind: string, path: string, one: DifferentialCase): OracleAnswer {
  if (kind === 'spe') return synthesizedSamples(order.perf, path, { time: one.hasTime, physical: true });
  return dumpedSamples(order.perf, path, one.hasTime, one.hasPeriod);
}

/** The first row that only one side has. */
function firstDifference(own: readonly string[], other: readonly string[]): string | undefined {
  if (own.length === other.length && own.every((row, index) => row === other[index])) return undefined;
  const at = own.findIndex((row, index) => row !== other[index]);
  return `${own.length} rows against ${other.length}; first: ${own[at < 0 ? own.length - 1 : at]} / ${other[at < 0 ? own.length : at]}`;
}
