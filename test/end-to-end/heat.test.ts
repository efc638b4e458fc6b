/** Heat files put together and compared, as a user does it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { SeededRandom } from '../../src/base/seeded-random.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { MAIN, OctavoRunner } from './octavo.js';

const HEAP = 0x7f0000000000n;
const BLOCK = 0x200000n;

const runner = new OctavoRunner();
const random = new SeededRandom(5);

function octavo(...words: readonly string[]) {
  const ended = spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

/** A heat file of a process with these numbers of samples by block, on `pages` sub-pages each. */
function heat(name: string, samples: readonly number[], pages: number, command = 'worker'): string {
  const builder = new PerfBuilder().attr({
    sampleType: F.tid | F.time | F.addr,
    name: 'cpu/mem-loads,ldlat=1/P',
  });
  builder
    .describeEvents()
    .comm(4711, 4711, command)
    .mmap2(4711, HEAP, 8n * BLOCK, '//anon');
  let time = BigInt(random.uint32());
  samples.forEach((count, block) => {
    for (let sample = 0; sample < count; sample++) {
      time += 1000n;
      const addr = HEAP + BigInt(block) * BLOCK + BigInt(random.below(pages)) * 4096n + 8n;
      builder.sample({ pid: 4711, tid: 4711, time, addr });
    }
  });
  writeFileSync(runner.path(`${name}.data`), builder.file());
  const path = runner.path(`${name}.parquet`);
  const imported = octavo('import', runner.path(`${name}.data`), '--out', path);
  assert.equal(imported.code, 0, imported.err);
  return path;
}

let quiet = '';
let busy = '';

before(() => {
  quiet = heat('quiet', [400, 40, 400], 5);
  busy = heat('busy', [40, 400, 400], 5);
});
after(() => runner.remove());

test('a merged file has the samples of both, and what they were made of', () => {
  const both = runner.path('both.parquet');
  const merged = octavo('heat', 'merge', quiet, busy, '--out', both, '--json');
  assert.equal(merged.code, 0, merged.err);
  const document = JSON.parse(merged.out);
  assert.deepEqual([document.samples, document.processes, document.recordings], [1680, 1, 2]);
  const report = JSON.parse(octavo('report', both, '--json').out);
  assert.deepEqual(
    report.hottest.map((line: { samples: number }) => line.samples),
    [800, 440, 440],
  );
  assert.equal(report.mappings[0].mapping, '//anon');
  assert.equal(report.processes[0].command, 'worker');
});

test('a file that repeats samples is refused, alone and inside a merged one', () => {
  const twice = octavo('heat', 'merge', quiet, quiet, '--out', runner.path('twice.parquet'), '--json');
  assert.equal(JSON.parse(twice.out).code, 'HEAT_REPEATED');
  const both = runner.path('whole.parquet');
  assert.equal(octavo('heat', 'merge', quiet, busy, '--out', both).code, 0);
  const again = octavo('heat', 'merge', both, busy, '--out', runner.path('twice.parquet'), '--json');
  assert.equal(JSON.parse(again.out).code, 'HEAT_REPEATED');
});

test('what became hotter and colder is told with its interval', () => {
  const diff = JSON.parse(octavo('heat', 'diff', quiet, busy, '--json').out);
  assert.deepEqual(
    [diff.blocks.hotter, diff.blocks.colder, diff.blocks.same, diff.blocks.unknown],
    [1, 1, 1, 0],
  );
  const hotter = diff.changes.find((line: { heat: string }) => line.heat === 'hotter');
  assert.deepEqual([hotter.address, hotter.mapping], ['0x7f0000200000', '//anon']);
  assert.ok(hotter.low > 6 && hotter.low < 10 && hotter.high > 10 && hotter.high < 16);
  const text = octavo('heat', 'diff', quiet, busy);
  assert.match(text.out, /hotter {2}1 blocks, by a factor of 2 at least/);
  assert.match(
    text.out,
    /40 → 400 samples, × [\d.]+ … [\d.]+ {2}hotter, sparse now \(unknown before\) {2}\/\/anon/,
  );
  assert.equal(
    JSON.parse(octavo('heat', 'diff', quiet, busy, '--factor', '20', '--json').out).blocks.hotter,
    0,
  );
});

test('a block that became sparse is named', () => {
  const wide = heat('wide', [4000], 512);
  const narrow = heat('narrow', [500], 5);
  const diff = JSON.parse(octavo('heat', 'diff', wide, narrow, '--json').out);
  assert.deepEqual([diff.blocks.becameSparse, diff.blocks.becameWider], [1, 0]);
  assert.equal(JSON.parse(octavo('heat', 'diff', narrow, wide, '--json').out).blocks.becameWider, 1);
});

test('heat of other processes does not go together', () => {
  const other = heat('other', [50], 5, 'database');
  const refused = octavo('heat', 'diff', quiet, other, '--json');
  assert.deepEqual([refused.code, JSON.parse(refused.out).code], [3, 'HEAT_UNLIKE']);
  assert.notEqual(octavo('heat', 'diff', quiet, busy, '--factor', '1').code, 0);
});
