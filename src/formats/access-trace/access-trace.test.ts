/** Traces as text and as a file: what comes out is what went in, cut anywhere, damaged anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { DamagedParquet } from '../parquet/read.js';
import { TraceConverter } from './convert.js';
import { DYNAMORIO } from './dynamorio.js';
import { LACKEY } from './lackey.js';
import { PERF_MEM } from './perf-mem.js';
import { TraceFile, TraceWriter } from './trace-file.js';

type Row = readonly [page: number, write: 0 | 1, weight: number, timeNs: number];

async function rowsOf(bytes: Uint8Array): Promise<Row[]> {
  const file = TraceFile.open(bytes);
  if (typeof file === 'string') throw new Error(file);
  const rows: Row[] = [];
  for await (const { count, page, write, weight, timeNs } of file.groups())
    for (let i = 0; i < count; i++)
      rows.push([Number(page[i]), write[i] === 1 ? 1 : 0, weight[i], Number(timeNs[i])]);
  return rows;
}

function converted(text: string, pieces = 1) {
  const converter = new TraceConverter('t', GEOMETRY_4K);
  const bytes = new TextEncoder().encode(text);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) converter.push(bytes.subarray(at, at + size));
  return converter.end();
}

const show = (line: string, format: typeof LACKEY) => {
  const found = format.parse(line);
  return typeof found === 'string'
    ? found
    : [found.address.toString(16), found.bytes, found.write, found.weight, found.timeNs];
};

test('lines as valgrind lackey writes them', () => {
  for (const [line, expected] of [
    [' L 1ffeffe7e0,8', ['1ffeffe7e0', 8, false, 1, Number.NaN]],
    [' S 04222cac,4', ['4222cac', 4, true, 1, Number.NaN]],
    [' M 0421c7cc,4', ['421c7cc', 4, true, 1, Number.NaN]],
    ['I  04001234,3', 'other'],
    ['==7== Lackey, an example Valgrind tool', 'other'],
    ['what the program prints', 'other'],
    [' L 1ffe', 'broken'],
    [' L zz,8', 'broken'],
    [' S 1000,0', 'broken'],
    [' S 1000,4,4', 'broken'],
    [' S 11112222333344445,4', 'broken'],
  ] as const) // biome-ignore format: a table
    assert.deepEqual(show(line, LACKEY), expected, line);
});

test('lines as DynamoRIO’s tools write them', () => {
  for (const [line, expected] of [
    ['          11           2:      345678 write        8 byte(s) @ 0x00007ffd5a3c1b58 by PC 0x00007f86ef03d10a', ['7ffd5a3c1b58', 8, true, 1, Number.NaN]],
    ['          13           3:      345678 read         4 byte(s) @ 0x00007f86ef06a0e8 by PC 0x00007f86ef03d111', ['7f86ef06a0e8', 4, false, 1, Number.NaN]],
    ['          10           2:      345678 ifetch       3 byte(s) @ 0x00007f86ef03d107 48 89 e7             mov    %rsp, %rdi', 'other'],
    ['           1           0:      345678 <marker: version 7>', 'other'],
    ['          13           3:      345678 read         4 byte(s', 'broken'],
    ['0x7ffeacab0ec8:  8, w', ['7ffeacab0ec8', 8, true, 1, Number.NaN]],
    ['0x7ffeacab0ec0:  8, r', ['7ffeacab0ec0', 8, false, 1, Number.NaN]],
    ['0x00007f59c2d002d3:  5, call', 'other'],
    ['Format: <data address>: <data size>, <(r)ead/(w)rite/opcode>', 'other'],
    ['0x00007f59c2d002d3,r,8,0x00007ffeacab0ec8', ['7ffeacab0ec8', 8, false, 1, Number.NaN]],
    ['0x00007f59c2d0', 'broken'],
  ] as const) // biome-ignore format: a table
    assert.deepEqual(show(line, DYNAMORIO), expected, line);
});

test('samples of perf script: the period is the weight, the source tells loads from stores', () => {
  for (const [line, expected] of [
    [' w 5/5 [001]  1.000001:  1000 cpu/mem-loads,ldlat=30/P:  7f0000001000  468100142 |OP LOAD|LVL L1 hit|', ['7f0000001000', 1, false, 1000, 1000001000]],
    [' w 5/5 [001]  1.000002:  7 cpu/mem-stores/P:  7f0000001000  468100142 |OP STORE|LVL L1 hit|', ['7f0000001000', 1, true, 7, 1000002000]],
    ['5/5 1.000001: page-faults: 0', 'other'],
    ['hello', 'other'],
  ] as const) // biome-ignore format: a table
    assert.deepEqual(show(line, PERF_MEM), expected, line);
});

/** Accesses drawn: to few pages, so that they repeat, and some across the end of a page. */
function drawn(random: SeededRandom) {
  return Array.from({ length: 1 + random.below(300) }, () => {
    const page = [5, 6, 7, 0x7f00001234 >>> 0, 2 ** 35 + random.below(3)][random.below(5)];
    const within = random.below(20) === 0 ? 4092 : random.below(512) * 8;
    return {
      address: page * 4096 + within,
      bytes: 8,
      write: random.below(2) === 1,
      page,
      crosses: within === 4092,
    };
  });
}

/** What rows must come of accesses: one for each run on one page of one kind. */
function expected(accesses: ReturnType<typeof drawn>): [number, number, number][] {
  const rows: [number, number, number][] = [];
  const add = (page: number, write: boolean) => {
    const last = rows.at(-1);
    if (last !== undefined && last[0] === page && last[1] === (write ? 1 : 0)) last[2]++;
    else rows.push([page, write ? 1 : 0, 1]);
  };
  for (const { page, write, crosses } of accesses) {
    add(page, write);
    if (crosses) add(page + 1, write);
  }
  return rows;
}

const WRITERS = {
  lackey: ({ address, bytes, write }: ReturnType<typeof drawn>[number]) =>
    ` ${write ? 'S' : 'L'} ${address.toString(16).padStart(8, '0')},${bytes}`,
  dynamorio: ({ address, bytes, write }: ReturnType<typeof drawn>[number]) =>
    `0x${address.toString(16).padStart(16, '0')}:  ${bytes}, ${write ? 'w' : 'r'}`,
};

test('whole traces: every access in its order, whatever the text is cut into', async () => {
  const random = new SeededRandom(17);
  for (let round = 0; round < 60; round++) {
    const accesses = drawn(random);
    for (const [format, write] of Object.entries(WRITERS)) {
      const noise = ['==1== noise', 'I  04001234,3', '', 'text of the program'];
      const lines = accesses.flatMap((each) => [
        ...(random.below(8) === 0 ? [noise[random.below(noise.length)]] : []),
        write(each),
      ]);
      const end = ['\n', '\r\n', ''][random.below(3)];
      const text = lines.join(end === '\r\n' ? end : '\n') + end;
      const {
        bytes,
        format: found,
        timed,
        sampled,
        accesses: counted,
      } = converted(text, 1 + random.below(50));
      assert.deepEqual([found, timed, sampled], [format, false, false]);
      const rows = expected(accesses);
      assert.deepEqual(
        (await rowsOf(bytes)).map(([page, kind, weight]) => [page, kind, weight]),
        rows,
      );
      assert.equal(
        counted,
        rows.reduce((sum, [, , weight]) => sum + weight, 0),
      );
    }
  }
});

test('samples keep their times, from the first on, and never go back', async () => {
  const line = (ns: number, period: number) =>
    `w 5/5 ${(ns / 1e9).toFixed(9)}: ${period} cpu/mem-loads/P: 7f0000001000 468100142 |OP LOAD|`;
  const { bytes, timed, sampled } = converted(
    [line(5e9, 10), line(5e9 + 2000, 20), line(5e9 + 1000, 30)].join('\n'),
  );
  assert.deepEqual([timed, sampled], [true, true]);
  const page = 0x7f0000001;
  assert.deepEqual(await rowsOf(bytes), [
    [page, 0, 10, 0],
    [page, 0, 20, 2000],
    [page, 0, 30, 2000],
  ]);
});

const refused = (text: string, words: RegExp) =>
  assert.throws(
    () => converted(text),
    (problem: OctavoError) => problem.code === 'FILE_MALFORMED' && words.test(problem.message),
  );

test('what is no trace is refused with the line', () => {
  refused(' L 1000,8\n S 2000\n', /line 2/);
  refused('==1==\n\n L 1000,8\n L 1000,x\n', /line 4/);
  refused('', /no access/);
  refused('I  1000,3\n==2== end\n', /no access.*line 1/);
  refused('x'.repeat(70_000), /without an end at line 1/);
  refused('text\n'.repeat(10_001), /no access/);
});

test('row groups follow each other, and large weights are cut', async () => {
  const writer = new TraceWriter(true);
  for (let i = 0; i < 70_000; i++) writer.add(i % 7, false, i === 3 ? 2 ** 40 : 1, i);
  const rows = await rowsOf(writer.finish({ page_bytes: 4096, source: 'test' }));
  assert.equal(rows.length, 70_000);
  assert.deepEqual(rows[69_999], [69_999 % 7, 0, 1, 69_999]);
  assert.equal(rows[3][2], 0x7fffffff);
});

test('a damaged file is told as damaged, whatever byte is wrong', async () => {
  const { bytes } = converted(
    Array.from({ length: 200 }, (_, i) => ` L ${(4096 * (i % 9)).toString(16)}0,8`).join('\n'),
  );
  const random = new SeededRandom(5);
  let damaged = 0;
  for (let round = 0; round < 600; round++) {
    const wrong = bytes.slice(0, random.below(4) === 0 ? random.below(bytes.length) : bytes.length);
    for (let i = 0; i < 1 + random.below(3) && wrong.length > 0; i++)
      wrong[random.below(wrong.length)] ^= 1 << random.below(8);
    const file = TraceFile.open(wrong);
    if (typeof file === 'string') {
      damaged++;
      continue;
    }
    try {
      for await (const group of file.groups()) assert.ok(group.count <= 65_536);
    } catch (problem) {
      assert.ok(problem instanceof DamagedParquet, String(problem));
      damaged++;
    }
  }
  assert.ok(damaged > 100, `${damaged}`);
});

test('a text damaged anywhere is a trace or a coded error', () => {
  const lines = Array.from({ length: 30 }, (_, i) => ` ${'LSM'[i % 3]} ${(i * 4096).toString(16)},8`).join(
    '\n',
  );
  const random = new SeededRandom(6);
  for (let round = 0; round < 2000; round++) {
    const bytes = new TextEncoder().encode(lines);
    for (let i = 0; i < 1 + random.below(4); i++) bytes[random.below(bytes.length)] = random.below(256);
    try {
      assert.ok(converted(new TextDecoder('latin1').decode(bytes)).rows > 0);
    } catch (problem) {
      assert.ok(problem instanceof OctavoError && problem.code === 'FILE_MALFORMED', String(problem));
    }
  }
});
