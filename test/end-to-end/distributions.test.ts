/** Working-set size, footprint and recency of DAMON records and heat files. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import type { Distribution } from '../../src/cli/samples/distribution.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-wss-'));
after(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const MIB = 2 ** 20;
const GIB = 2 ** 30;

type Region = readonly [from: number, to: number, accesses: number, age: number];

/** Lines of `perf script`, a snapshot every 100 ms; addresses in MiB. */
function damonScript(name: string, snapshots: readonly (readonly Region[])[]): string {
  const lines = snapshots.flatMap((regions, index) =>
    regions.map(
      ([from, to, accesses, age]) =>
        `kdamond.0 77 [001] ${(100 + (index + 1) / 10).toFixed(6)}: damon:damon_aggregated: target_id=0 nr_regions=${regions.length} ${from * MIB}-${to * MIB}: ${accesses} ${age}`,
    ),
  );
  writeFileSync(at(name), `${lines.join('\n')}\n`);
  return at(name);
}

const SNAPSHOTS: readonly (readonly Region[])[] = [
  [
    [0, 10, 5, 1],
    [10, 100, 0, 1],
  ],
  [
    [0, 20, 1, 1],
    [20, 100, 0, 2],
  ],
  [
    [0, 40, 0, 1],
    [40, 100, 9, 0],
  ],
  [
    [0, 20, 0, 2],
    [20, 60, 0, 8],
    [60, 100, 3, 1],
  ],
];

async function distribution(file: string, name: string, ...more: readonly string[]): Promise<Distribution> {
  const { stdout } = await octavo(['report', file, '--distribution', name, '--json', ...more]);
  const document = JSON.parse(stdout);
  assert.equal(documentProblem(document), '');
  return document;
}

const values = ({ groups }: Distribution) => groups[0].percentiles.map(({ value }) => value);
const MIBS = (...sizes: readonly number[]) => sizes.map((size) => size * MIB);

test('working-set size is what regions with accesses cover in a snapshot, by percentile as damo has it', async () => {
  const file = damonScript('a.txt', SNAPSHOTS);
  const wss = await distribution(file, 'wss');
  // 10, 20, 60 and 40 MiB, in this order of time.
  assert.deepEqual(values(wss), MIBS(10, 20, 40, 60, 60));
  assert.equal(wss.groups[0].who, 'target 0');
  assert.equal(wss.groups[0].mean, 32.5 * MIB);
  assert.deepEqual(
    wss.groups[0].points.map(({ ms, bytes }) => [Math.round(ms ?? -1), bytes / MIB]),
    [
      [0, 10],
      [100, 20],
      [200, 60],
      [300, 40],
    ],
  );
});

test('only regions with enough accesses count', async () => {
  assert.deepEqual(values(await distribution(at('a.txt'), 'wss', '--accesses', '5')), MIBS(0, 0, 10, 60, 60));
});

test('the footprint is what was accessed until then, each byte once', async () => {
  const footprint = await distribution(at('a.txt'), 'footprint');
  assert.deepEqual(
    footprint.groups[0].points.map(({ bytes }) => bytes / MIB),
    [10, 20, 80, 80],
  );
});

test('recency is the age of idle regions at the end, by share of memory', async () => {
  const recency = await distribution(at('a.txt'), 'recency');
  assert.deepEqual(
    recency.groups[0].points.map(({ ms, bytes }) => [Math.round(ms ?? -1), bytes / MIB]),
    [
      [0, 40],
      [200, 20],
      [800, 40],
    ],
  );
  assert.deepEqual(values(recency).map(Math.round), [0, 0, 200, 800, 800]);
});

test('one snapshot has no interval, so that ages are no times', async () => {
  const recency = await distribution(damonScript('one.txt', SNAPSHOTS.slice(3)), 'recency');
  assert.deepEqual(recency.groups, []);
  assert.match(recency.notes.join(' '), /at least two snapshots/);
});

test('regions beyond any address space are left out', async () => {
  const file = damonScript('absurd.txt', [
    [
      [0, 10, 1, 1],
      [2 ** 40, 2 ** 42, 1, 1],
    ],
    SNAPSHOTS[1],
  ]);
  assert.deepEqual(values(await distribution(file, 'wss')), MIBS(10, 10, 20, 20, 20));
});

/** Page 1 at 0 s and 9 s, pages 2 and 3 at 4 s, page 4 at 9 s. */
function heatFile(): Promise<unknown> {
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  const builder = new PerfBuilder().attr({ sampleType, ids: [1], name: 'x', period: 1, config: 0x83d0 });
  builder.describeEvents().describeMachine().comm(7, 7, 'db');
  for (const [seconds, page] of [
    [0, 1],
    [4, 2],
    [4, 3],
    [9, 1],
    [9, 4],
  ])
    builder.sample({ id: 1, pid: 7, addr: BigInt(GIB + page * 4096), time: BigInt((1000 + seconds) * 1e9) });
  writeFileSync(at('heat.data'), builder.file());
  return octavo(['import', at('heat.data'), '--page-size', '4K', '--out', at('heat.parquet')]);
}

test('a heat file tells the same of sampled pages: by its slices where it has any, else as one moment', async () => {
  await heatFile();
  const footprint = await distribution(at('heat.parquet'), 'footprint');
  assert.equal(footprint.groups[0].who, '7 db');
  assert.equal(footprint.groups[0].points.at(-1)?.bytes, 4 * 4096);
  assert.match(footprint.notes.join(' '), /a lower bound/);
  const wss = await distribution(at('heat.parquet'), 'wss');
  const isSliced = wss.groups[0].points[0].ms !== null;
  assert.deepEqual(
    wss.groups[0].points.map(({ bytes }) => bytes / 4096),
    isSliced ? [1, 2, 2] : [4],
  );
  const recency = await distribution(at('heat.parquet'), 'recency');
  assert.equal(recency.groups.length, isSliced ? 1 : 0);
});

test('a distribution has rows and text', async () => {
  const csv = await octavo(['report', at('a.txt'), '--distribution', 'wss', '--format', 'csv']);
  const lines = csv.stdout.trimEnd().split('\n');
  assert.equal(lines[0], 'distribution,who,at_ms,idle_ms,bytes');
  assert.match(lines[1], new RegExp(`^wss,target 0,0,,${10 * MIB}$`));
  const jsonl = await octavo(['report', at('a.txt'), '--distribution', 'recency', '--format', 'jsonl']);
  for (const line of jsonl.stdout.trimEnd().split('\n')) assert.equal(documentProblem(JSON.parse(line)), '');
  const text = await octavo(['report', at('a.txt'), '--distribution', 'wss']);
  assert.match(text.stdout, / 50 % {2}40 MiB/);
  assert.match(text.stdout, /over time/);
});

test('what is neither a heat file nor a record of DAMON is refused', async () => {
  const { code, stderr } = await octavo(['report', at('heat.data'), '--distribution', 'wss']);
  assert.equal(code, 3);
  assert.match(stderr, /holds no regions of DAMON/);
});
