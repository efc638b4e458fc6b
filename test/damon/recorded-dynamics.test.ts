/** Region dynamics beside what real kernels recorded on the same address space, idle for seconds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import { findCorpus } from '../support/corpus.js';
import { DamonBench, regionRows } from './damon-bench.js';

const corpus = findCorpus('data/kernel');
const skip = corpus === undefined ? 'no recordings of kernels beside the checkout' : false;

interface Recorded {
  /** [start page, end page, accesses, age] in the order of the directories. */
  readonly rows: number[][];
  readonly files: Map<string, string>;
}

function recorded(release: string): Recorded {
  const text = readFileSync(join(corpus ?? '', release, 'damon-sysfs-running.txt'), 'utf8');
  const files = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, path, content] = /^0[46]00 .*\/kdamonds\/(\S+) = (.*)\\n$/.exec(line) ?? [];
    if (path !== undefined) files.set(path, content);
  }
  const rows: number[][] = [];
  const value = (index: number, name: string) =>
    Number(files.get(`0/contexts/0/schemes/0/tried_regions/${index}/${name}`));
  while (files.has(`0/contexts/0/schemes/0/tried_regions/${rows.length}/start`)) {
    const index = rows.length;
    rows.push([
      value(index, 'start') / 4096,
      value(index, 'end') / 4096,
      value(index, 'nr_accesses'),
      value(index, 'age'),
    ]);
  }
  return { rows, files };
}

/** The recorded process, idle: its mappings lie in three ranges that the recorded regions fill. */
function replay(generation: GenerationName, rows: readonly number[][]): DamonBench {
  const bench = new DamonBench(generation);
  const ranges: [number, number][] = [];
  for (const [start, end] of rows) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === start) last[1] = end;
    else ranges.push([start, end]);
  }
  bench.memory.addProcess(197, ranges);
  const context = bench.prepare(197);
  bench.addScheme(context, 'stat');
  bench.write('0/state', 'on');
  return bench;
}

function triedRows(bench: DamonBench): number[][] {
  bench.write('0/state', 'update_schemes_tried_regions');
  const rows: number[][] = [];
  const path = '0/contexts/0/schemes/0/tried_regions';
  while (bench.find(`${path}/${rows.length}`) !== undefined) {
    const at = `${path}/${rows.length}`;
    rows.push([
      bench.number(`${at}/start`) / 4096,
      bench.number(`${at}/end`) / 4096,
      bench.number(`${at}/nr_accesses`),
      bench.number(`${at}/age`),
    ]);
  }
  return rows;
}

test('7.3.4: the same regions, to the page, the same age, the same statistics', { skip }, () => {
  const { rows, files } = recorded('7.3.4');
  assert.equal(rows.length, 12);
  const bench = replay('7.3', rows);
  const snapshots = Number(files.get('0/contexts/0/schemes/0/stats/nr_snapshots'));
  while (bench.context().schemes[0].statistics.snapshots < snapshots) bench.advance(5);
  bench.write('0/state', 'update_schemes_stats');
  for (const name of ['nr_tried', 'sz_tried', 'nr_applied', 'sz_applied', 'qt_exceeds', 'nr_snapshots']) {
    const path = `0/contexts/0/schemes/0/stats/${name}`;
    assert.equal(bench.read(path), files.get(path), name);
  }
  const age = rows[0][3];
  while (bench.context().targets[0].regions.age[0] < age - 1) bench.advance(5);
  assert.deepEqual(triedRows(bench), rows);
});

test('6.12.95: regions are cut evenly at start and drift by random splits and merges', { skip }, () => {
  const { rows } = recorded('6.12.95');
  const bench = replay('6.12', rows);
  const counts: number[] = [];
  const largest: number[] = [];
  for (let second = 0; second < 30; second++) {
    bench.advance(1000);
    const found = triedRows(bench);
    counts.push(found.length);
    largest.push(Math.max(...found.map(([start, end]) => end - start)));
  }
  const total = rows.reduce((pages, [start, end]) => pages + end - start, 0);
  const recordedLargest = Math.max(...rows.map(([start, end]) => end - start));
  // No region may grow beyond a tenth of the whole, so there are 12 at least; the recording shows 13.
  assert.ok(Math.min(...counts) <= rows.length && Math.max(...counts) >= rows.length, `${counts}`);
  assert.ok(largest.every((pages) => pages <= total / 10));
  assert.ok(recordedLargest <= total / 10);
  const mean = largest.reduce((sum, pages) => sum + pages, 0) / largest.length;
  assert.ok(Math.abs(mean - recordedLargest) / recordedLargest < 0.1, `${mean} beside ${recordedLargest}`);
});

test('idle memory stays between the least number of regions and twice of it at each traced aggregation', () => {
  const bench = new DamonBench('7.3');
  bench.memory.addProcess(7, [[0, 100_000], [500_000, 600_000], [9_000_000, 9_100_000]]); // biome-ignore format: a drawing
  bench.prepare(7);
  bench.write('0/state', 'on');
  bench.advance(3000);
  const traced = bench.events.flatMap((event) => (event.name === 'damon_aggregated' ? [event.regions] : []));
  assert.ok(
    traced.every((regions) => regions >= 10 && regions <= 20),
    `${new Set(traced)}`,
  );
  assert.ok(regionRows(bench.context()).length > 10);
});
