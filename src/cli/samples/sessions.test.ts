/** import and report on recordings of the test's own, in this process: what each option changes of what is said. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { SAMPLE_FIELD as F } from '../../formats/perf-abi/constants.js';
import { linuxHost } from '../../host/linux/linux-host.js';

const HEAP = 0x7f0000000000n;
const folder = mkdtempSync(join(tmpdir(), 'octavo-sessions-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const FIELDS = F.identifier | F.tid | F.time | F.addr | F.period | F.dataSource | F.weight;
/** A load that L3 answered, and hit the TLB. */
const L3 = 0x668100142n;

/** 300 loads of one process over 1024 pages in three seconds, each of them standing for ten. */
function loads(pid = 4711, pages = 1024): PerfBuilder {
  const builder = new PerfBuilder().attr({
    sampleType: FIELDS,
    ids: [1],
    config: 0x81d0,
    name: 'mem_inst_retired.all_loads:pp',
  });
  builder.describeEvents().describeMachine().comm(pid, pid, 'worker').mmap2(pid, HEAP, 0x400000n, '//anon');
  for (let number = 0; number < 300; number++) {
    const addr = HEAP + BigInt((number * 37) % pages) * 4096n;
    builder.sample({
      id: 1,
      pid,
      addr,
      period: 10,
      time: BigInt(number) * 10_000_000n,
      weight: BigInt(number % 5) * 10n,
      dataSource: L3,
    });
  }
  return builder;
}

writeFileSync(at('perf.data'), loads().file());
writeFileSync(at('other.data'), loads(5000, 40).file());
writeFileSync(
  at('empty.data'),
  new PerfBuilder()
    .attr({ sampleType: FIELDS, ids: [1], name: 'loads' })
    .describeEvents()
    .comm(1, 1, 'x')
    .file(),
);
const lines = Array.from({ length: 50 }, (_, number) => `worker 4711/4711 [001] ${number}.000000: 1 mem_inst_retired.all_loads: ${(HEAP + BigInt(number) * 4096n).toString(16)}`); // biome-ignore format: one row
writeFileSync(at('script.txt'), lines.join('\n'));
const snapshot = (second: number) => ({
  ...{ start_time: second * 1e9, end_time: second * 1e9 + 1e8 },
  regions: [
    { start: 4 << 20, end: 8 << 20, nr_accesses: { samples: second }, age: { aggr_intervals: second } },
    { start: 8 << 20, end: 12 << 20, nr_accesses: { samples: 0 }, age: { aggr_intervals: 9 } },
  ],
});
writeFileSync(
  at('damo.json'),
  JSON.stringify([{ kdamond_idx: 0, target_id: 0, snapshots: [1, 2, 3].map(snapshot) }]),
);

async function octavo(...words: readonly string[]) {
  const terminal = terminalOn(linuxHost());
  const code = await terminal.run(words);
  return { code, out: terminal.out().replaceAll(folder, ''), err: terminal.err().replaceAll(folder, '') };
}

const json = async (...words: readonly string[]) => JSON.parse((await octavo(...words, '--json')).out);

test('an import says how many samples, pages and blocks there are, of which events, and whose', async () => {
  const { out, code } = await octavo('import', at('perf.data'));
  assert.deepEqual([code, out.trim().split('\n')], [0, [
    '300 samples, 300 with an address, 0 with a physical one',
    '300 pages of 4 KiB in 2 of 2 MiB; 0 physical blocks of 2 MiB',
    'event mem_inst_retired.all_loads:pp: samples of all loads (all retired loads)',
    '300 samples of pid/tid 4711/4711',
    '/perf.data: samples of all loads (mem_inst_retired.all_loads:pp; all retired loads).',
  ]]); // biome-ignore format: rows
});

test('--page-size alone counts pages of that size, and blocks as large as a page of their entries spans', async () => {
  const of = async (...words: readonly string[]) => {
    const { pageBytes, blockBytes, pages, blocks, pages4k } = await json('import', at('perf.data'), ...words);
    return [pageBytes, blockBytes, pages, blocks, pages4k];
  };
  assert.deepEqual(await of('--page-size', '64KiB'), [65_536, 512 << 20, 64, 1, undefined]);
  const distinct = new Set(Array.from({ length: 300 }, (_, number) => Math.floor(((number * 37) % 1024) / 4)))
    .size;
  assert.deepEqual(await of('--page-size', '16KiB'), [16_384, 32 << 20, distinct, 1, undefined]);
  assert.deepEqual(await of('--block-size', '64KiB'), [4096, 65_536, 300, 64, undefined]);
  assert.deepEqual(await of('--page-size', '4KiB', '--block-size', '2MiB'), [4096, 2 << 20, 300, 2, 300]);
  const wrong = await octavo('import', at('perf.data'), '--page-size', '64KiB', '--block-size', '16KiB');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /USAGE: impossible page geometry: 65536 byte pages, 16384 byte blocks/);
});

test('a heat file is written where it is told, and shown as a report, a view, rows and a distribution', async () => {
  const { out } = await octavo('import', at('perf.data'), '--out', at('h.parquet'), '--by', 'source');
  assert.match(out, /^heat of 1 processes written to \/h\.parquet$/m);
  assert.match(
    out,
    /^300 samples by data source\n {8}300 samples {2}100\.0 % of accesses {2}mean {4}25\.0 cycles {2}L3 or system cache$/m,
  );
  const report = (await octavo('report', at('h.parquet'))).out;
  assert.match(
    report,
    /^300 samples from \/h\.parquet \(perf-file: \/perf\.data\)\nsamples of all loads \(mem_inst_retired\.all_loads:pp\); bias: /,
  );
  assert.match(report, /^spread of the accesses over sub-pages, 2 blocks with samples$/m);
  assert.match(report, /^ {6}4711 {8}300 samples {7}300 pages in {6}2 blocks {2}worker$/m);
  assert.match(
    report,
    /^ {6}4711 {6}0x7f0000000000 {7}151 samples of 1510 accesses on 151 of 512 sub-pages \(spread 27\.3 % … 100\.0 %\) {2}\/\/anon$/m,
  );
  const csv = (await octavo('report', at('h.parquet'), '--format', 'csv')).out.trim().split('\n');
  assert.deepEqual(
    [csv.length, csv[1].slice(0, 62)],
    [3, '4711,worker,0x7f0000000000,2097152,//anon,151,1510,,151,512,0.'],
  );
  const jsonl = (await octavo('report', at('h.parquet'), '--format', 'jsonl')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(jsonl.filter(({ address }) => address === '0x7f0000200000').length, 1);
  const recency = (await octavo('report', at('h.parquet'), '--distribution', 'recency')).out;
  assert.match(
    recency,
    /^4711 worker\n {5}0 % {2}0 ms\n {4}25 % {2}0 ms\n {4}50 % {2}1\.0 s\n {4}75 % {2}2\.0 s\n {3}100 % {2}2\.0 s\n {3}mean {2}1\.0 s$/m,
  );
  assert.match(recency, /^Of sampled pages: a lower bound/m);
  assert.match(recency, /^Moments are slices of 1000 ms; recency counts from the last one\.$/m);
});

test('a view of a heat file comes as text, rows and a document; one that nothing tells of is refused', async () => {
  await octavo('import', at('perf.data'), '--out', at('v.parquet'));
  const { out } = await octavo('report', at('v.parquet'), '--by', 'latency', '--top', '2');
  assert.deepEqual(out.trim().split('\n'), [
    '300 samples by latency in cycles',
    '         60 samples   20.0 % of accesses  not recorded',
    '         60 samples   20.0 % of accesses  mean    10.0 cycles  8-15',
    '        120 samples   40.0 % of accesses  mean    25.0 cycles  16-31',
    '         60 samples   20.0 % of accesses  mean    40.0 cycles  32-63',
    '',
    'where',
    '      4711        120 samples   40.0 % of accesses  mean    25.0 cycles  16-31  //anon',
    '      4711         60 samples   20.0 % of accesses  not recorded  //anon',
    '  … and 2 more (--top, --format csv)',
  ]);
  const rows = (await octavo('report', at('v.parquet'), '--by', 'tlb', '--format', 'csv')).out
    .trim()
    .split('\n');
  assert.deepEqual(rows, [
    'by,value,pid,mapping,samples,accesses,share,mean_latency_cycles',
    'tlb,"hit, level not said",4711,//anon,300,3000,1,25',
  ]);
  const document = await json('report', at('v.parquet'), '--by', 'kind');
  assert.deepEqual(
    [document.octavo, document.by, document.samples, document.values[0].value],
    ['heat-view', 'kind', 300, 'load'],
  );
  const absent = await octavo('report', at('v.parquet'), '--by', 'node');
  assert.notEqual(absent.code, 0);
  assert.match(absent.err, /VIEW_ABSENT/);
  const others = await octavo('report', at('v.parquet'), '--by', 'tlb', '--pid', '1');
  assert.match(others.err, /VIEW_ABSENT/);
});

test('a text of perf script is imported line by line, with what a text cannot say', async () => {
  const { out } = await octavo('import', at('script.txt'), '--out', at('s.parquet'));
  assert.match(out, /^50 samples, 50 with an address, 0 with a physical one$/m);
  assert.match(
    out,
    /^event mem_inst_retired\.all_loads: samples of all loads \(as far as its name tells\)$/m,
  );
  assert.match(
    out,
    /^\/script\.txt: samples of all loads \(.*; a text says no more of them than their name; losses are not in it\)\.$/m,
  );
  const document = await json('import', at('script.txt'), '--tid', '4711', '--time', '10,19.5');
  assert.deepEqual(
    [document.samples, document.losses, document.bytesRead],
    [10, { 'samples outside of the time asked for': 40 }, readFileSync(at('script.txt')).length],
  );
  const cgroup = await octavo('import', at('script.txt'), '--cgroup', '/a');
  assert.deepEqual([cgroup.code, /FIELD_ABSENT/.test(cgroup.err)], [3, true]);
});

test('a record of DAMON is imported by regions, with the processes that its targets are', async () => {
  const document = await json('import', at('damo.json'), '--pid', '77', '--out', at('d.parquet'));
  assert.deepEqual(
    [document.regions, document.samples, document.losses, document.nothing],
    [6, 0, { 'regions without accesses': 3 }, null],
  );
  const { out } = await octavo('import', at('damo.json'), '--pid', '77');
  assert.match(out, /^6 regions of DAMON$/m);
  assert.match(out, /^3 regions without accesses$/m);
  const report = (await octavo('report', at('d.parquet'))).out;
  assert.match(report, /^ {8}77 +6 samples +2 pages in +2 blocks/m);
});

test('a distribution of a record of DAMON counts regions that were found accessed often enough', async () => {
  const sizes = async (...words: readonly string[]) => {
    const { groups } = await json('report', at('damo.json'), '--distribution', 'wss', ...words);
    return groups[0].points.map(({ ms, bytes }: { ms: number; bytes: number }) => [ms, bytes >> 20]);
  };
  assert.deepEqual(await sizes(), [[0, 4], [1000, 4], [2000, 4]]); // biome-ignore format: rows
  assert.deepEqual(await sizes('--accesses', '2'), [[0, 0], [1000, 4], [2000, 4]]); // biome-ignore format: rows
  const rows = (await octavo('report', at('damo.json'), '--distribution', 'recency', '--format', 'csv')).out
    .trim()
    .split('\n');
  assert.deepEqual(rows, [
    'distribution,who,at_ms,idle_ms,bytes',
    'recency,target 0,,0,4194304',
    'recency,target 0,,9000,4194304',
  ]);
  const text = (await octavo('report', at('damo.json'), '--distribution', 'footprint')).out;
  assert.match(text, /^footprint: memory accessed until a moment, by percentile of moments$/m);
  assert.match(text, /^ {7}1\.0 s {2}█{40} {2}4 MiB$/m);
});

test('what is none of a kind is refused with the file', async () => {
  for (const [words, code] of [
    [['report', at('perf.data'), '--distribution', 'wss'], 'FILE_MALFORMED'],
    [['report', at('absent'), '--distribution', 'wss'], 'FILE_UNREADABLE'],
    [['report', at('script.txt')], 'FILE_MALFORMED'],
    [['import', at('absent')], 'FILE_UNREADABLE'],
  ] as const) {
    // biome-ignore format: a table
    const { err, code: exit } = await octavo(...words);
    assert.equal(exit, 3, err);
    assert.ok(err.includes(code), err);
  }
});

test('a recording without samples says why nothing is to be seen, and what to do', async () => {
  const { out, code } = await octavo('import', at('empty.data'));
  assert.equal(code, 0);
  assert.match(out, /^nothing to see: no sample of loads was taken$/m);
  assert.match(out, /^Record for longer, while the process works/m);
  const document = await json('import', at('perf.data'), '--pid', '1');
  assert.deepEqual(document.nothing.why, 'all 300 samples are of processes that --pid does not name');
});

test('heat to standard output and --json both want it', async () => {
  const { code, out } = await octavo('import', at('perf.data'), '--out', '-', '--json');
  assert.deepEqual([code, JSON.parse(out).code], [2, 'USAGE']);
});

test('several recordings are one heat, each sample once, and the same one twice is refused', async () => {
  const document = await json('import', at('perf.data'), at('other.data'));
  assert.deepEqual(
    [document.samples, document.byThread, document.provenance.length],
    [600, { '4711/4711': 300, '5000/5000': 300 }, 2],
  );
  const twice = await octavo('import', at('perf.data'), at('perf.data'), '--out', at('twice.parquet'));
  assert.notEqual(twice.code, 0);
  assert.match(twice.err, /RECORDING_REPEATED|REPEATED/);
});

test('--slice cuts the time, and what is left of a wish is counted', async () => {
  const { out } = await octavo('import', at('perf.data'), '--out', at('sliced.parquet'), '--slice', '500ms');
  assert.match(out, /heat of 1 processes written/);
  const { groups } = await json('report', at('sliced.parquet'), '--distribution', 'wss');
  assert.equal(groups[0].points.length, 6);
  const document = await json('import', at('perf.data'), '--comm', 'other');
  assert.deepEqual([document.samples, document.losses], [0, { 'samples of commands not asked for': 300 }]);
});
