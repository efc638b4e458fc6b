/** Blocks as rows for other programs, and the word when nothing was sampled. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { type BuiltAttr, PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-rows-'));
after(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const sampleType = F.identifier | F.tid | F.time | F.addr;
const BASE = 0x7f0000000000n;

function recording(name: string, attr: Partial<BuiltAttr>, fill: (builder: PerfBuilder) => void): string {
  const builder = new PerfBuilder();
  builder.attr({ sampleType, ids: [1], name: 'event', period: 1, config: 0x83d0, ...attr });
  builder.describeEvents().describeMachine();
  fill(builder);
  writeFileSync(at(name), builder.file());
  return at(name);
}

/** 60 samples on one page of the first block, 3 on three pages of the second. */
function twoBlocks(builder: PerfBuilder): void {
  builder.comm(7, 7, 'a "b", c').mmap2(7, BASE, 0x400000n, '/data,1');
  for (let i = 0; i < 60; i++) builder.sample({ id: 1, pid: 7, addr: BASE + 4096n, time: BigInt(1000 + i) });
  for (let i = 0n; i < 3n; i++)
    builder.sample({ id: 1, pid: 7, addr: BASE + 0x200000n + 4096n * i, time: 2000n + i });
}

test('every block is a row of CSV, quoted as RFC 4180 has it, and a document of JSON lines', async () => {
  const heat = at('two.parquet');
  await octavo(['import', recording('two.data', {}, twoBlocks), '--out', heat, '--page-size', '4K']);
  const csv = await octavo(['report', heat, '--format', 'csv']);
  const [head, ...rows] = csv.stdout.trimEnd().split('\n');
  assert.match(head, /^pid,command,address,block_bytes,mapping,samples,accesses,tlb_misses,touched_pages,/);
  assert.equal(rows.length, 2);
  assert.ok(rows[0].startsWith('7,"a ""b"", c",0x7f0000000000,2097152,"/data,1",60,60,,1,512,'), rows[0]);
  assert.ok(rows[1].startsWith('7,"a ""b"", c",0x7f0000200000,2097152,"/data,1",3,3,,3,512,'), rows[1]);
  assert.match(rows[0], /,certain$/);
  assert.match(rows[1], /,unknown$/);
  const jsonl = await octavo(['report', heat, '--format', 'jsonl', '--top', '1']);
  const documents = jsonl.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(documents.map(documentProblem), ['', '']);
  assert.deepEqual(
    documents.map(({ address, samples, touched_pages }) => [address, samples, touched_pages]),
    [
      ['0x7f0000000000', 60, 1],
      ['0x7f0000200000', 3, 3],
    ],
  );
});

test('rows come in one format at a time', async () => {
  const { code, stderr } = await octavo(['report', at('two.parquet'), '--format', 'csv', '--json']);
  assert.equal(code, 2);
  assert.match(stderr, /--format does not go with --json/);
});

const NOTHING: readonly (readonly [what: string, options: readonly string[], why: RegExp, remedy: RegExp])[] =
  [
    ['empty', [], /no sample of .* was taken/, /Record for longer/],
    [
      'filtered',
      ['--pid', '99'],
      /all 63 samples are of processes that --pid does not name/,
      /Leave out --pid/,
    ],
    ['no-address', [], /none of the 1 samples of .* has an address/, /perf record -d/],
    ['kernel', [], /no sample lies in memory of a process: 1 kernel/, /EVENT:u/],
    ['faults', [], /samples of page faults only, which say nothing of heat/, /octavo record/],
  ];

test('where nothing was sampled, import says why and what to do', async () => {
  recording('empty', {}, () => {});
  recording('filtered', {}, twoBlocks);
  recording('no-address', { sampleType: F.identifier | F.tid | F.time }, (builder) =>
    builder.sample({ id: 1, pid: 7, time: 1n }),
  );
  recording('kernel', {}, (builder) =>
    builder.sample({ id: 1, pid: 7, addr: 0xffff888000001000n, time: 1n, mode: 1 }),
  );
  recording('faults', { type: 1, config: 2 }, (builder) =>
    builder.sample({ id: 1, pid: 7, addr: BASE, time: 1n }),
  );
  for (const [name, options, why, remedy] of NOTHING) {
    const words = ['import', at(name), '--page-size', '4K', '--out', at('out.parquet'), ...options];
    const { nothing } = JSON.parse((await octavo([...words, '--json'])).stdout);
    assert.match(nothing?.why, why);
    assert.match(nothing.remedy, remedy);
    const text = await octavo(words);
    assert.match(text.stdout, why);
  }
});

test('a recording with heat has no such word', async () => {
  const words = ['import', at('filtered'), '--page-size', '4K', '--json'];
  assert.equal(JSON.parse((await octavo(words)).stdout).nothing, null);
});

test('a report of an empty heat file, or of a process that is not in it, says so', async () => {
  await octavo(['import', at('empty'), '--page-size', '4K', '--out', at('empty.parquet')]);
  assert.match((await octavo(['report', at('empty.parquet')])).stdout, /nothing to see: no sample was taken/);
  const { nothing } = JSON.parse(
    (await octavo(['report', at('two.parquet'), '--pid', '99', '--json'])).stdout,
  );
  assert.match(nothing.why, /no samples of process 99/);
  assert.match(nothing.remedy, /7 a "b", c/);
});
