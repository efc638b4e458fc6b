/** import, report and record as a user runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';
import { MAIN, OctavoRunner } from './octavo.js';

const HEAP = 0x7f0000000000n;

/** Three samples on two pages of one thread, one of another without an address, five lost. */
function recording(): PerfBuilder {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr | F.period, name: 'loads' });
  builder.describeEvents().comm(4711, 4711, 'worker').mmap2(4711, HEAP, 0x400000n, '//anon');
  for (const offset of [0x1008n, 0x1010n, 0x2000n])
    builder.sample({ pid: 4711, addr: HEAP + offset, period: 10 });
  builder.sample({ pid: 4711, tid: 4712, addr: 0n });
  return builder.record(13, builder.bytes().u64(5).raw(builder.trailer(0, 0)).done());
}

const EXPECTED = {
  samples: 4,
  withAddress: 3,
  sumAddress: `0x${(HEAP * 3n + 0x1008n + 0x1010n + 0x2000n).toString(16)}`,
  xorAddress: `0x${(HEAP ^ 0x1008n ^ 0x1010n ^ 0x2000n).toString(16)}`,
  pages4k: 2,
  pages2m: 1,
  pages2mPhysical: 0,
  byThread: { '4711/4711': 3, '4711/4712': 1 },
  lost: 5,
  damaged: 0,
};

function octavo(words: readonly string[], input?: Uint8Array) {
  const ended = spawnSync(process.execPath, [MAIN, ...words], { input, encoding: 'utf8' });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

function assertDocument(text: string): void {
  const found = JSON.parse(text);
  for (const [key, value] of Object.entries(EXPECTED)) assert.deepEqual(found[key], value, key);
}

test('import prints the same sums for a file, for its pipe and from standard input', (context) => {
  const runner = new OctavoRunner();
  context.after(() => runner.remove());
  writeFileSync(runner.path('perf.data'), recording().file());
  assertDocument(octavo(['import', runner.path('perf.data'), '--json']).out);
  assertDocument(octavo(['import', '-', '--json'], recording().pipe()).out);
  assertDocument(octavo(['import', '-', '--json'], recording().file()).out);
});

test('a heat file shows in the report what was accessed, as text, JSON and picture', (context) => {
  const runner = new OctavoRunner();
  context.after(() => runner.remove());
  writeFileSync(runner.path('perf.data'), recording().file());
  const heat = runner.path('heat.parquet');
  assert.equal(octavo(['import', runner.path('perf.data'), '--out', heat]).code, 0);
  const svg = runner.path('histogram.svg');
  const report = JSON.parse(octavo(['report', heat, '--json', '--svg', svg]).out);
  assert.deepEqual(
    [
      report.processes[0].command,
      report.mappings[0].mapping,
      report.mappings[0].start,
      report.hottest[0].touched,
      report.histogram.unknown,
    ],
    ['worker', '//anon', '0x7f0000000000', 2, 1],
  );
  assert.match(
    octavo(['report', heat]).out,
    /sparse \(90 % of the accesses on at most 10\.0 % of the sub-pages\): at least 0\.0 %, at most 100\.0 %/,
  );
  assert.match(readFileSync(svg, 'utf8'), /^<svg [^>]*>[\s\S]*<\/svg>\n$/);
});

test('what is no recording is told by a code, also from standard input', () => {
  for (const words of [
    ['import', MAIN],
    ['import', '-'],
    ['report', MAIN],
  ]) {
    const { code, err } = octavo(words, new TextEncoder().encode('nothing of the kind'));
    assert.equal(code, 3);
    assert.match(err, /FILE_MALFORMED/);
  }
});

test('a damaged recording gives what could be read and says where it ends', () => {
  const spe = new SpeBuilder().load().data(HEAP).end().done();
  const builder = new PerfBuilder().attr({ type: 12, sampleType: F.tid | F.time });
  builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done());
  const bytes = builder.auxtrace(spe, { tid: 7 }).auxtrace(spe, { tid: 7 }).pipe();
  const found = JSON.parse(octavo(['import', '-', '--json'], bytes.subarray(0, -4)).out);
  assert.equal(found.samples, 1);
  assert.ok(found.damaged > 0);
  assert.ok(found.damage.first[0].offset <= bytes.length);
});

test('record --dry-run prints a command and starts nothing', () => {
  const { code, out } = octavo([
    'record',
    String(process.pid),
    '--event',
    'faults',
    '--for',
    '3s',
    '--dry-run',
  ]);
  assert.equal(code, 0);
  assert.match(
    out,
    new RegExp(`^perf record .* -e page-faults(:u)? -c 1 -d -p ${process.pid} -- sleep 3\n$`),
  );
});
