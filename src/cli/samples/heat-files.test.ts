/** heat merge and heat diff on recordings of the test's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { HEAT_VERSION } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import { SAMPLE_FIELD as F } from '../../formats/perf-abi/constants.js';
import { linuxHost } from '../../host/linux/linux-host.js';
import { HotMapBuilder } from '../../hotness/hot-map-builder.js';
import { HeatFileSource } from '../../sources/heat-file.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { heatMaps, nameAt } from './heat-maps.js';

const HEAP = 0x7f0000000000n;
const FIELDS = F.identifier | F.tid | F.time | F.addr | F.period;
const folder = mkdtempSync(join(tmpdir(), 'octavo-heat-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

interface Recorded {
  readonly pid?: number;
  /** Samples of each block of the heap. */
  readonly blocks: readonly number[];
  readonly pages?: number;
  readonly second?: number;
  readonly command?: string;
  readonly event?: { readonly config: number; readonly name: string };
}

/** A recording whose samples are spread over so many pages of each block. */
function recording({
  pid = 7,
  blocks,
  pages = 64,
  second = 0,
  command = 'db',
  event = { config: 0x81d0, name: 'mem_inst_retired.all_loads' },
}: Recorded): Uint8Array {
  const builder = new PerfBuilder().attr({ sampleType: FIELDS, ids: [1], ...event });
  builder
    .describeEvents()
    .describeMachine()
    .comm(pid, pid, command)
    .mmap2(pid, HEAP, 0x200000n, 'first')
    .mmap2(pid, HEAP + 0x200000n, 0x800000n, 'others');
  let number = 0;
  for (const [block, samples] of blocks.entries())
    for (let sample = 0; sample < samples; sample++) {
      const addr = HEAP + BigInt(block) * 0x200000n + BigInt((sample * 7) % pages) * 4096n;
      builder.sample({
        id: 1,
        pid,
        addr,
        period: 10,
        time: BigInt(second) * 1_000_000_000n + BigInt(number++) * 1_000_003n,
      });
    }
  return builder.file();
}

async function octavo(...words: readonly string[]) {
  const terminal = terminalOn(linuxHost());
  const code = await terminal.run(words);
  return { code, out: terminal.out().replaceAll(folder, ''), err: terminal.err().replaceAll(folder, '') };
}

async function heat(name: string, given: Recorded): Promise<string> {
  writeFileSync(at(`${name}.data`), recording(given));
  const { code, err } = await octavo('import', at(`${name}.data`), '--out', at(name));
  assert.equal(code, 0, err);
  return at(name);
}

before(async () => {
  await heat('old', { blocks: [600, 600, 0, 300] });
  await heat('new', { blocks: [600, 60, 600, 300], second: 100 });
  await heat('other', { pid: 9, blocks: [50], second: 200, command: 'web' });
});

test('a difference says which blocks became hotter, colder, or stayed, the most changed first', async () => {
  const { out, code } = await octavo('heat', 'diff', at('old'), at('new'));
  assert.equal(code, 0);
  const lines = out.trim().split('\n');
  assert.deepEqual(lines.slice(0, 5), [
    '1500 samples before, 1560 after; shares of all accesses are compared',
    'hotter  1 blocks, by a factor of 2 at least',
    'colder  1 blocks, by a factor of 2 at least',
    'same    2 blocks, within a factor of 2',
    'unknown 0 blocks: too few samples to tell',
  ]);
  const changes = lines.slice(lines.indexOf('most changed blocks') + 1);
  assert.equal(changes.length, 2);
  assert.match(
    changes[0],
    /^ {9}7 {6}0x7f0000400000 {2}0 → 600 samples, × 156 … unbounded {2}hotter, not sparse now \(unknown before\) {2}others$/,
  );
  assert.match(
    changes[1],
    /^ {9}7 {6}0x7f0000200000 {2}600 → 60 samples, × 0\.0\d+ … 0\.\d+ {2}colder.* {2}others$/,
  );
});

test('a difference as a document, of some processes, with another factor, and as many lines as are asked for', async () => {
  const json = async (...more: readonly string[]) =>
    JSON.parse((await octavo('heat', 'diff', at('old'), at('new'), '--json', ...more)).out);
  const all = await json();
  assert.deepEqual([all.octavo, all.samples, all.factor, all.changes.length, all.changes[0].high, all.changes[0].samplesAfter], ['heat-diff', { before: 1500, after: 1560 }, 2, 2, null, 600]); // biome-ignore format: one row
  assert.deepEqual([all.blocks.hotter, all.blocks.colder, all.blocks.same, all.blocks.unknown], [1, 1, 2, 0]);
  assert.equal((await json('--top', '1')).changes.length, 1);
  const wide = await json('--factor', '100');
  assert.equal(wide.blocks.colder, 0);
  const none = await json('--pid', '8');
  assert.deepEqual(
    [none.samples, none.changes],
    [{ before: 1500, after: 1560 }, []],
    'shares are of all accesses',
  );
});

test('a merge adds up counters, processes, mappings and recordings', async () => {
  const { code, err } = await octavo('heat', 'merge', at('old'), at('new'), at('other'), '--out', at('all'));
  assert.equal(code, 0, err);
  const source = HeatFileSource.open(linuxHost().files, at('all'));
  assert.deepEqual(
    [source.facts.samples, source.facts.recordings.length, source.facts.origins.length],
    [3110, 3, 3],
  );
  assert.deepEqual(source.facts.processes.map(({ pid, command }) => [pid, command]), [[7, 'db'], [9, 'web']]); // biome-ignore format: rows
  const { maps, names, samples } = await heatMaps([source], undefined);
  assert.equal(samples, 3110);
  const first = Number(HEAP / 0x200000n);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((block) => maps.get(7)?.block(first + block)?.samples),
    [1200, 660, 600, 600, undefined],
  );
  assert.equal(maps.get(9)?.block(first)?.samples, 50);
  const page = Number(HEAP / 4096n);
  assert.deepEqual(
    [
      nameAt(names, 7, page).name,
      nameAt(names, 7, page + 512).name,
      nameAt(names, 7, page - 1).name,
      nameAt(names, 8, page).name,
    ],
    ['first', 'others', '', ''],
  );
  const report = (await octavo('report', at('all'))).out;
  assert.match(report, /^ {9}7 +3060 samples +256 pages in +4 blocks {2}db$/m);
  assert.match(report, /^ {9}9 +50 samples +50 pages in +1 blocks {2}web$/m);
});

test('only some processes of a heat file are taken where they are asked for', async () => {
  const source = HeatFileSource.open(linuxHost().files, at('old'));
  const { maps, samples } = await heatMaps([source], new Set([8]));
  assert.deepEqual([maps.size, samples], [0, 1500], 'samples count whose accesses they may be');
});

test('files that do not go together are refused with both names and why', async () => {
  const stores = await heat('stores', {
    blocks: [10],
    second: 300,
    event: { config: 0x82d0, name: 'mem_inst_retired.all_stores' },
  });
  const renamed = await heat('renamed', { blocks: [10], second: 400, command: 'another' });
  const cases: readonly (readonly [string, RegExp])[] = [
    [stores, /HEAT_UNLIKE: .*\/old.*\/stores.*one has samples of all loads, the other of all stores/],
    [renamed, /HEAT_UNLIKE: .*process 7 is db in one, another in the other/],
    [at('old'), /HEAT_REPEATED: .*all of them/],
  ];
  for (const [other, words] of cases) {
    const { code, err } = await octavo('heat', 'merge', at('old'), other, '--out', at('no'));
    assert.equal(code, 3);
    assert.match(err, words);
  }
});

test('a block without a recorded mapping is not called by that of the next one', async () => {
  const unnamed = (second: number, blocks: readonly number[]) => {
    const builder = new PerfBuilder().attr({
      sampleType: FIELDS,
      ids: [1],
      config: 0x81d0,
      name: 'mem_inst_retired.all_loads',
    });
    builder
      .describeEvents()
      .describeMachine()
      .comm(7, 7, 'db')
      .mmap2(7, HEAP + 0x200000n, 0x200000n, 'second');
    for (const [block, samples] of blocks.entries())
      for (let sample = 0; sample < samples; sample++)
        builder.sample({
          id: 1,
          pid: 7,
          addr: HEAP + BigInt(block) * 0x200000n + BigInt(sample % 512) * 4096n,
          period: 10,
          time: BigInt(second * 1e9 + sample * 1000 + block),
        });
    return builder.file();
  };
  for (const [name, bytes] of [
    ['u1', unnamed(1, [600, 600])],
    ['u2', unnamed(9, [60, 600])],
  ] as const) {
    // biome-ignore format: a table
    writeFileSync(at(`${name}.data`), bytes);
    await octavo('import', at(`${name}.data`), '--out', at(name));
  }
  const { changes } = JSON.parse((await octavo('heat', 'diff', at('u1'), at('u2'), '--json')).out);
  assert.deepEqual(changes.map(({ address, mapping }: { address: string; mapping: string }) => [address, mapping]), [['0x7f0000000000', '']]); // biome-ignore format: rows
});

test('a merge knows no more than the oldest of its files', async () => {
  const drawn = (pid: number, written_as: number) => {
    const builder = new HotMapBuilder({ pid, startTicks: 0, command: `p${pid}`, cgroup: '/' }, GEOMETRY_4K);
    builder.addCount(1000 * 512, 5, 50);
    const facts = {
      ...{
        octavo: 'heat',
        version: HEAT_VERSION,
        page_bytes: 4096,
        block_bytes: 2 << 20,
        nature: 'loads',
        origins: [],
        recordings: [],
        processes: [],
      },
      ...{
        slices: { clock: 'none', widthMs: null },
        thinned_to: 1,
        written_as,
        samples: 5,
        unplaced: { odd: pid },
        losses: { lost: 1 },
      },
    };
    writeFileSync(
      at(`w${pid}`),
      writeHeatFile([builder.build([])], facts as never, () => ({ name: 'm', end: 2 ** 50 })),
    );
    return at(`w${pid}`);
  };
  const { code, err } = await octavo(
    'heat',
    'merge',
    drawn(1, HEAT_VERSION),
    drawn(2, 1),
    drawn(3, HEAT_VERSION),
    '--out',
    at('w'),
  );
  assert.equal(code, 0, err);
  const { facts } = HeatFileSource.open(linuxHost().files, at('w'));
  assert.deepEqual(
    [facts.written_as, facts.samples, facts.unplaced.odd, facts.losses],
    [1, 15, 6, { lost: 3 }],
  );
});
