import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { SwitchTimeline } from '../arm-spe/switch-timeline.js';
import { IdTable } from './id-table.js';
import { MappingTable } from './mappings.js';
import { Tally } from './tally.js';
import { ThreadTable } from './threads.js';
import { ZstdStream } from './zstd-stream.js';

test('an id table finds what was put in', () => {
  const id = fc.tuple(fc.nat(0xffffffff), fc.nat(3));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 600 }), (ids) => {
      const table = new IdTable();
      const model = new Map<string, number>();
      ids.forEach(([low, high], event) => {
        table.set(low, high, event % 100);
        model.set(`${low}/${high}`, event % 100);
      });
      for (const [low, high] of ids) assert.equal(table.get(low, high), model.get(`${low}/${high}`));
      assert.equal(table.size, model.size);
      assert.equal(table.get(1, 77), -1);
    }),
    { numRuns: 50 },
  );
});

test('a tally sums what plain arithmetic sums, over any addresses and threads', () => {
  const address = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => value & ~0x3fn);
  const near = fc.nat(1 << 24).map((offset) => 0x7f0000000000n + BigInt(offset));
  const row = fc.record({
    virtual: fc.oneof(address, near),
    physical: fc.oneof(address, near),
    tid: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 700 }), { maxLength: 3 }), (batches) => {
      const tally = new Tally(GEOMETRY_4K);
      for (const rows of batches) tally.add(columnsOf(rows));
      const rows = batches.flat();
      const addresses = rows.map(({ virtual }) => virtual).filter((each) => each !== 0n);
      const frames = rows.map(({ physical }) => physical).filter((each) => each !== 0n);
      assert.equal(tally.samples, rows.length);
      assert.equal(tally.withAddress, addresses.length);
      assert.equal(tally.withPhysical, frames.length);
      assert.equal(
        tally.sumAddress,
        BigInt.asUintN(
          64,
          addresses.reduce((sum, each) => sum + each, 0n),
        ),
      );
      assert.equal(
        tally.xorAddress,
        addresses.reduce((xor, each) => xor ^ each, 0n),
      );
      assert.equal(tally.pages, new Set(addresses.map((each) => each >> 12n)).size);
      assert.equal(tally.blocks, new Set(addresses.map((each) => each >> 21n)).size);
      assert.equal(tally.physicalBlocks, new Set(frames.map((each) => each >> 21n)).size);
      for (const tid of [0, 1, 2]) {
        const count = rows.filter((each) => each.tid === tid).length;
        assert.equal(tally.byThread[`7/${tid}`] ?? 0, count);
      }
    }),
    { numRuns: 60 },
  );
});

function columnsOf(rows: readonly { virtual: bigint; physical: bigint; tid: number }[]): AccessColumns {
  const low = (value: bigint) => Number(value & 0xffffffffn);
  const high = (value: bigint) => Number(value >> 32n);
  return {
    count: rows.length,
    addressLow: Uint32Array.from(rows, ({ virtual }) => low(virtual)),
    addressHigh: Uint32Array.from(rows, ({ virtual }) => high(virtual)),
    physicalLow: Uint32Array.from(rows, ({ physical }) => low(physical)),
    physicalHigh: Uint32Array.from(rows, ({ physical }) => high(physical)),
    pid: new Int32Array(rows.length).fill(7),
    tid: Int32Array.from(rows, ({ tid }) => tid),
    flags: new Uint8Array(rows.length),
  } as unknown as AccessColumns;
}

test('the last mapping of a page counts, also where it covers others in part', () => {
  const range = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
      const table = new MappingTable(new ThreadTable());
      const model = new Map<number, string>();
      ranges.forEach(([start, length], index) => {
        table.add(1, { start, end: start + length, name: `${index}` });
        for (let page = start; page < start + length; page++) model.set(page, `${index}`);
      });
      for (let page = 0; page < 90; page++) {
        assert.equal(table.find(1, page)?.name, model.get(page));
        const run = table.findRun(1, page);
        assert.ok(run.end > page);
        for (let at = page; at < Math.min(run.end, 90); at++) assert.equal(run.name, model.get(at));
      }
    }),
  );
});

test('a child has the mappings of its parent', () => {
  const threads = new ThreadTable();
  const table = new MappingTable(threads);
  table.add(1, { start: 5, end: 9, name: 'heap' });
  threads.addFork(2, 2, 1);
  threads.addFork(3, 3, 2);
  assert.equal(table.find(3, 6)?.name, 'heap');
  assert.equal(table.find(4, 6), undefined);
});

test('a timeline answers the last switch at or before a time, whatever order they came in', () => {
  const entries = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 600 });
  fc.assert(
    fc.property(entries, (times) => {
      const timeline = new SwitchTimeline();
      for (const time of times) timeline.add(time, time + 1, time + 2);
      const sorted = [...times].sort((a, b) => a - b);
      for (let asked = 0; asked < 1001; asked += 7) {
        const expected = sorted.filter((time) => time <= asked).at(-1);
        assert.equal(timeline.seek(asked), expected !== undefined);
        if (expected !== undefined)
          assert.deepEqual([timeline.pid, timeline.tid], [expected + 1, expected + 2]);
      }
    }),
    { numRuns: 60 },
  );
});

test('a zstd frame that wants too large a window is refused before anything is allocated', () => {
  const stream = new ZstdStream();
  stream.push(Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0, 0, 0, 0]));
  assert.equal(stream.next(), undefined);
  assert.match(stream.failure, /window/);
});

test('zstd: run-length blocks, skippable frames and several frames in a row', () => {
  const stream = new ZstdStream();
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  const rle = (byte: number, count: number, last: boolean) => {
    const word = (count << 3) | 2 | (last ? 1 : 0);
    return [word & 255, (word >> 8) & 255, (word >> 16) & 255, byte];
  };
  const bytes = [
    ...frame,
    ...rle(7, 5000, false),
    ...rle(8, 3, true),
    0x50,
    0x2a,
    0x4d,
    0x18,
    3,
    0,
    0,
    0,
    1,
    2,
    3,
    ...frame,
    ...rle(9, 20, false),
    ...rle(1, 20, false),
    ...rle(2, 20, false),
  ];
  const out: number[] = [];
  for (const byte of bytes) {
    stream.push(Uint8Array.from([byte]));
    for (let block = stream.next(); block !== undefined; block = stream.next()) out.push(...block);
  }
  assert.equal(stream.failure, '');
  assert.deepEqual([out.length, out[0], out[5000], out[5003]], [5063, 7, 8, 9]);
});
