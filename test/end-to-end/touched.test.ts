/** Which instructions touch which data objects: `import --by block` and `--by page`. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import type { TouchedView } from '../../src/cli/samples/touched-view.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { builtElf, OBJECT } from '../support/elf-builder.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-touched-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const PROGRAM = '/opt/db/server';
const ID = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const TEXT = 0x5500_0000_0000n;
const DATA = TEXT + 0x4000n;
const HEAP = 0x5600_0000_0000n;
const ANON = 0x7f00_0000_0000n;
const STACK = 0x7ffc_0000_0000n;
const BLOCK = 0x20_0000n;

/** Text at 0, data at 0x3c00 of the file and 0x4c00 of its memory, zeroes up to 0x30000. */
const ELF = {
  segments: [
    { offset: 0, address: 0, fileBytes: 0x3000, flags: 5 },
    { offset: 0x3c00, address: 0x4c00, fileBytes: 0x800, memoryBytes: 0x30000 - 0x4c00, flags: 6 },
  ],
  symbols: [
    { name: 'dictFind', value: 0x1000, size: 0x100 },
    { name: 'memcpy', value: 0x1100, size: 0x40 },
    { name: 'table', value: 0x4c00, size: 0x400, type: OBJECT },
    { name: 'zeros', value: 0x6000, size: 0x20000, type: OBJECT },
  ],
  sections: [{ name: '.bss', address: 0x5400, bytes: 0x2ac00 }],
  buildId: ID,
};

function program(root: string, elf: Parameters<typeof builtElf>[0] = ELF): string {
  const path = at(`${root}${PROGRAM}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, builtElf(elf));
  return at(root);
}

interface Scene {
  readonly isBig?: boolean;
  readonly buildId?: Uint8Array | null;
  readonly withData?: boolean;
  readonly sampleType?: number;
}

const FIELDS = F.ip | F.tid | F.time | F.addr | F.period;

function scene({
  isBig = false,
  buildId = ID,
  withData = true,
  sampleType = FIELDS,
}: Scene = {}): PerfBuilder {
  const builder = new PerfBuilder(isBig).attr({ sampleType, period: 10 });
  const file = (offset: number) => ({ offset, ...(buildId === null ? {} : { buildId }) });
  builder.comm(7, 7, 'db').mapFile(7, [TEXT, 0x3000], PROGRAM, file(0));
  if (withData)
    builder.mapFile(7, [DATA, 0x1000], PROGRAM, file(0x3000)).mmap2(7, DATA + 0x1000n, 0x2b000n, '//anon');
  builder
    .mmap2(7, HEAP, 4n * BLOCK, '[heap]')
    .mmap2(7, ANON, 4n * BLOCK, '//anon')
    .mmap2(7, STACK, BLOCK, '[stack]');
  let time = 0n;
  const touch = (count: number, ip: bigint, addr: bigint, more: object = {}) => {
    for (let i = 0; i < count; i++) builder.sample({ pid: 7, ip, addr, time: ++time, period: 10, ...more });
  };
  const exact = { misc: 1 << 14 };
  touch(9, TEXT + 0x1010n, HEAP + 64n, exact);
  touch(4, TEXT + 0x1104n, HEAP + 0x5000n, exact);
  touch(6, TEXT + 0x1010n, DATA + 0xc10n, exact);
  touch(5, TEXT + 0x1010n, DATA + 0x2000n + 8n, exact);
  touch(3, TEXT + 0x1010n, DATA + 0x1500n, exact);
  touch(2, 0xffffffff81234567n, ANON + 5n, { mode: 1 });
  touch(1, 0x1234n, STACK + 5n);
  return builder;
}

function recorded(name: string, builder: PerfBuilder, isPipe = false): string {
  writeFileSync(at(name), isPipe ? builder.pipe() : builder.file());
  return at(name);
}

async function touched(file: string, ...more: readonly string[]): Promise<TouchedView> {
  const told = await octavo(['import', file, '--page-size', '4K', '--json', ...more]);
  assert.equal(told.code, 0, told.stderr);
  const document = JSON.parse(told.stdout);
  assert.equal(documentProblem(document), '');
  return document.touched;
}

/** `samples place: samples code → object` of every pair. */
const pairs = ({ hottest }: TouchedView) =>
  hottest.flatMap(({ address, touches }) =>
    touches.map(({ samples, object, code }) => [
      address,
      samples,
      code.symbol === '' ? code.address : `${code.symbol}+${code.offset}`,
      code.file,
      object.kind,
      object.name,
    ]),
  );

const EXPECTED = [
  ['0x550000000000', 6, 'dictFind+16', PROGRAM, 'variable', 'table'],
  ['0x550000000000', 5, 'dictFind+16', PROGRAM, 'variable', 'zeros'],
  ['0x550000000000', 3, 'dictFind+16', PROGRAM, 'variable', '.bss'],
  ['0x560000000000', 9, 'dictFind+16', PROGRAM, 'heap', '[heap]'],
  ['0x560000000000', 4, 'memcpy+4', PROGRAM, 'heap', '[heap]'],
  ['0x7f0000000000', 2, '0xffffffff81234567', '[kernel]', 'anonymous', '//anon'],
  ['0x7ffc00000000', 1, '0x1234', '', 'stack', '[stack]'],
];

test('hot blocks tell their data objects and instructions: file, pipe and other byte order', async () => {
  const root = program('root');
  for (const isBig of [false, true]) {
    for (const isPipe of [false, true]) {
      const view = await touched(
        recorded('scene.data', scene({ isBig }), isPipe),
        '--by',
        'block',
        '--symfs',
        `${root}/`,
      );
      assert.deepEqual(pairs(view), EXPECTED);
      assert.deepEqual(
        view.hottest.map(({ samples, accesses, bytes, command }) => [samples, accesses, bytes, command]),
        [14, 13, 2, 1].map((samples) => [samples, 10 * samples, 0x200000, 'db']),
      );
      assert.equal(view.hottest[1].share, 13 / 30);
      const { unnamed, unverified, ...counts } = view.names;
      assert.deepEqual(counts, { samples: 30, withCode: 30, exact: 27, dropped: 0 });
      assert.deepEqual([unnamed, unverified], [{}, []]);
    }
  }
});

test('pages are places of their own', async () => {
  const view = await touched(recorded('pages.data', scene()), '--by', 'page', '--symfs', program('root'));
  assert.deepEqual([view.by, view.places], ['page', 7]);
  assert.deepEqual(view.hottest.slice(0, 2).map(({ address, samples }) => [address, samples]), [
    ['0x560000000000', 9],
    ['0x550000004000', 6],
  ]); // biome-ignore format: rows
});

test('without data mappings (no perf record -d) variables are found by the code of their file', async () => {
  const file = recorded('code.data', scene({ withData: false }));
  const view = await touched(file, '--by', 'block', '--symfs', program('root'));
  assert.deepEqual(pairs(view), EXPECTED);
});

test('a program of another build names nothing, one of which that is not known does so with a word', async () => {
  const other = program('other', { ...ELF, buildId: ID.slice().reverse() });
  const file = recorded('build.data', scene());
  const view = await touched(file, '--by', 'block', '--symfs', other);
  assert.match(view.names.unnamed[PROGRAM], /another build/);
  assert.deepEqual(pairs(view)[0].slice(1), [14, '0x1010', PROGRAM, 'variable', ''].with(0, 6));
  mkdirSync(at('empty'));
  const missing = await touched(file, '--by', 'block', '--symfs', at('empty'));
  assert.match(missing.names.unnamed[PROGRAM], /not on this machine/);
  const kinds = pairs(missing).map(([, , , , kind]) => kind);
  assert.deepEqual(
    [kinds.includes('variable'), kinds.includes('file')],
    [false, true],
    'its data are of a mapping',
  );
  const root = program('root');
  const plain = recorded('plain.data', scene({ buildId: null }));
  const early = new Date(Date.now() - 3_600_000);
  utimesSync(join(root, PROGRAM), early, early);
  const unverified = await touched(plain, '--by', 'block', '--symfs', root);
  assert.deepEqual([unverified.names.unverified, unverified.names.unnamed], [[PROGRAM], {}]);
  assert.equal(unverified.hottest[1].touches[0].code.symbol, 'dictFind');
  const late = new Date(Date.now() + 3_600_000);
  utimesSync(join(root, PROGRAM), late, late);
  const changed = await touched(plain, '--by', 'block', '--symfs', root);
  assert.match(changed.names.unnamed[PROGRAM], /changed after/);
});

test('build ids come by the feature of a file and by records of a pipe, too', async () => {
  const root = program('root');
  const other = program('other', { ...ELF, buildId: ID.slice().reverse() });
  for (const isPipe of [false, true]) {
    const builder = scene({ buildId: null });
    const body = builder.bytes().u32(7).raw(ID).u8(20).zeros(3).text(PROGRAM).done();
    if (isPipe) builder.record(67, body, 1 << 15);
    else builder.feature(2, new PerfBuilder().record(67, body, 1 << 15).data());
    const file = recorded('ids.data', builder, isPipe);
    const view = await touched(file, '--by', 'block', '--symfs', root);
    assert.deepEqual([view.names.unverified, view.names.unnamed], [[], {}]);
    assert.match(
      (await touched(file, '--by', 'block', '--symfs', other)).names.unnamed[PROGRAM],
      /another build/,
    );
  }
});

test('--symfs that is no directory is refused: its programs would look like programs without names', async () => {
  const file = recorded('symfs.data', scene());
  for (const [root, errno] of [
    [at('nowhere'), 'ENOENT'],
    [file, 'ENOTDIR'],
  ]) {
    const { code, stderr } = await octavo(['import', file, '--by', 'block', '--symfs', root]);
    assert.deepEqual([code, stderr.includes(`cannot read ${root}: ${errno}`)], [3, true], stderr);
  }
});

test('rows and words tell the same, and what the names rest on', async () => {
  const file = recorded('rows.data', scene());
  const words = ['import', file, '--page-size', '4K', '--by', 'block', '--symfs', program('root')];
  const csv = await octavo([...words, '--format', 'csv']);
  const lines = csv.stdout.trimEnd().split('\n');
  assert.match(
    lines[0],
    /^pid,command,address,bytes,place_samples,.*,symbol,symbol_offset_bytes,code_file,code_address$/,
  );
  assert.equal(
    lines[1],
    `7,db,0x550000000000,2097152,14,140,${14 / 30},6,variable,table,${PROGRAM},dictFind,16,${PROGRAM},0x1010`,
  );
  assert.equal(lines.length, 1 + EXPECTED.length);
  const jsonl = await octavo([...words, '--format', 'jsonl']);
  const rows = jsonl.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    rows.map(documentProblem),
    EXPECTED.map(() => ''),
  );
  assert.equal(rows.at(-1).symbol_offset_bytes, null);
  const text = await octavo(words);
  assert.match(text.stdout, /the hottest of 4 blocks/);
  assert.match(
    text.stdout,
    / 6 {2}dictFind\+0x10 \(\/opt\/db\/server\) → table \(variable of \/opt\/db\/server\)\n/,
  );
  assert.match(text.stdout, /3 instructions may be some behind/);
});

test('samples without an instruction, or without an address, say so', async () => {
  const without = recorded('noip.data', scene({ sampleType: FIELDS & ~F.ip }));
  const view = await touched(without, '--by', 'block', '--symfs', program('root'));
  assert.deepEqual([view.names.withCode, pairs(view)[0].slice(1, 4)], [0, [6, '', '']]);
  const text = await octavo(['import', without, '--by', 'block', '--page-size', '4K']);
  assert.match(text.stdout, /30 of 30 samples do not say their instruction/);
  assert.match(text.stdout, /instruction not recorded → heap \[heap\]/);
  const blind = recorded('noaddr.data', scene({ sampleType: FIELDS & ~F.addr }));
  const { code, stderr } = await octavo(['import', blind, '--by', 'page', '--page-size', '4K']);
  assert.equal(code, 3);
  assert.match(stderr, /VIEW_ABSENT/);
});

test('records of SPE tell the program counter', async () => {
  const record = new SpeBuilder()
    .pc(TEXT + 0x1010n)
    .context(7)
    .load()
    .events(0x2)
    .data(HEAP + 64n)
    .time(5n);
  const builder = new PerfBuilder().attr({
    type: 12,
    sampleType: F.tid | F.time,
    name: 'arm_spe_0//',
    config: 0,
  });
  builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done()).comm(7, 7, 'db');
  builder.mapFile(7, [TEXT, 0x3000], PROGRAM, { buildId: ID }).mmap2(7, HEAP, BLOCK, '[heap]');
  builder.auxtrace(record.done(), { cpu: 0 });
  const view = await touched(recorded('spe.data', builder), '--by', 'page', '--symfs', program('root'));
  assert.deepEqual(pairs(view), [['0x560000000000', 1, 'dictFind+16', PROGRAM, 'heap', '[heap]']]);
  assert.equal(view.names.exact, 1);
});

test('programs are looked for only where names are asked for', async () => {
  const words = ['import', recorded('symfs.data', scene()), '--symfs', directory];
  for (const more of [[], ['--by', 'kind']]) {
    const { code, stderr } = await octavo([...words, ...more]);
    assert.equal(code, 2);
    assert.match(stderr, /--symfs goes with --by block or page/);
  }
});

test('filters leave their samples out of places, too', async () => {
  const view = await touched(
    recorded('time.data', scene()),
    '--by',
    'block',
    '--time',
    '0.000000001,0.000000009',
  );
  assert.deepEqual(view.hottest.map(({ address, samples }) => [address, samples]), [['0x560000000000', 9]]); // biome-ignore format: row
});

test('what a process touched before it ran another program is no longer told', async () => {
  const builder = scene();
  builder.comm(7, 7, 'other', undefined, 1 << 13, 50n).mmap2(7, HEAP, BLOCK, '[heap]', undefined, 51n);
  builder.sample({ pid: 7, ip: TEXT + 0x1010n, addr: HEAP + 64n, time: 99n, period: 10 });
  const view = await touched(recorded('exec.data', builder), '--by', 'block', '--symfs', program('root'));
  assert.deepEqual(pairs(view), [['0x560000000000', 1, '0x550000001010', '', 'heap', '[heap]']]);
  const heat = at('exec.parquet');
  const { stdout } = await octavo(['import', at('exec.data'), '--page-size', '4K', '--out', heat, '--json']);
  assert.equal(JSON.parse(stdout).unplaced['samples of programs that processes ran before'], 30);
  const report = JSON.parse((await octavo(['report', heat, '--json'])).stdout);
  assert.deepEqual(report.hottest.map((line: { samples: number }) => line.samples), [1]); // biome-ignore format: row
});

test('a pid that another process got later has only the heat of that one', async () => {
  const builder = scene()
    .exit(7)
    .fork(7, 7, 1, undefined, 60n)
    .comm(7, 7, 'young')
    .mmap2(7, HEAP, BLOCK, '[heap]', undefined, 61n);
  for (let time = 100n; time < 105n; time++) builder.sample({ pid: 7, addr: HEAP, time, period: 10 });
  const heat = at('reused.parquet');
  await octavo(['import', recorded('reused.data', builder), '--page-size', '4K', '--out', heat]);
  const { hottest } = JSON.parse((await octavo(['report', heat, '--json'])).stdout);
  assert.deepEqual(hottest.map((line: { samples: number; command: string }) => [line.samples, line.command]), [[5, 'young']]); // biome-ignore format: row
  const forked = scene().fork(8, 8, 7);
  forked.sample({ pid: 8, addr: HEAP, time: 200n, period: 10 });
  const view = await touched(recorded('forked.data', forked), '--by', 'block');
  assert.equal(
    view.hottest.length,
    5,
    'a child has a pid and heat of its own, and the mappings of its parent',
  );
  assert.equal(view.hottest.at(-1)?.touches[0].object.kind, 'heap');
});

test('records of several CPUs are not in order: what is later than an exec that is read later stays', async () => {
  const builder = new PerfBuilder().attr({ sampleType: FIELDS, period: 10 }).comm(7, 7, 'db');
  const touch = (time: bigint, page: bigint) =>
    builder.sample({ pid: 7, addr: HEAP + page * 4096n, time, period: 10 });
  const second = 1_000_000_000n;
  touch(second, 1n).mmap2(7, HEAP, BLOCK, '[heap]', undefined, 6n * second);
  for (const time of [7n, 8n, 9n]) touch(time * second, time);
  builder.comm(7, 7, 'new', undefined, 1 << 13, 5n * second);
  touch(9n * second + 1n, 10n);
  const heat = at('unordered.parquet');
  const told = await octavo([
    'import',
    recorded('unordered.data', builder),
    '--page-size',
    '4K',
    '--out',
    heat,
    '--json',
  ]);
  assert.equal(JSON.parse(told.stdout).unplaced['samples of programs that processes ran before'], 1);
  const { hottest } = JSON.parse((await octavo(['report', heat, '--json'])).stdout);
  assert.deepEqual(hottest.map((line: { samples: number; mapping: string }) => [line.samples, line.mapping]), [[4, '[heap]']]); // biome-ignore format: row
  // Without a time nothing is known to be of before.
  const timeless = scene({ sampleType: FIELDS & ~F.time }).comm(7, 7, 'other', undefined, 1 << 13);
  const view = await touched(
    recorded('timeless.data', timeless),
    '--by',
    'block',
    '--symfs',
    program('root'),
  );
  assert.equal(view.names.samples, 30);
  assert.equal(view.hottest.length, 4);
});

test('a place of several recordings is told once', async () => {
  const later = new PerfBuilder()
    .attr({ sampleType: FIELDS, period: 10 })
    .comm(7, 7, 'db')
    .mmap2(7, HEAP, BLOCK, '[heap]');
  later.mapFile(7, [TEXT, 0x3000], PROGRAM, { buildId: ID });
  for (let time = 5000n; time < 5020n; time++)
    later.sample({ pid: 7, ip: TEXT + 0x1010n, addr: HEAP + 64n, time, period: 10 });
  const view = await touched(
    recorded('one.data', scene()),
    recorded('later.data', later),
    '--by',
    'block',
    '--symfs',
    program('root'),
  );
  assert.equal(view.places, 4);
  assert.deepEqual(pairs(view).slice(0, 2), [
    ['0x560000000000', 29, 'dictFind+16', PROGRAM, 'heap', '[heap]'],
    ['0x560000000000', 4, 'memcpy+4', PROGRAM, 'heap', '[heap]'],
  ]); // biome-ignore format: rows
  assert.deepEqual([view.hottest[0].samples, view.hottest[0].accesses], [33, 330]);
});
