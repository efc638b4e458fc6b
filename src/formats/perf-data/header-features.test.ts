/** Features of a recording, byte by byte in both byte orders: read whole, and left out when cut anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEATURE } from '../perf-abi/constants.js';
import { FEATURES_READ, type Features, readFeature } from './header-features.js';

/** Bytes put together in a byte order. */
class Body {
  readonly #bytes: number[] = [];
  readonly #isBig: boolean;
  constructor(isBig: boolean) {
    this.#isBig = isBig;
  }
  #number(value: bigint, bytes: number): this {
    const little = Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
    this.#bytes.push(...(this.#isBig ? little.reverse() : little));
    return this;
  }
  u32(...values: number[]): this {
    for (const value of values) this.#number(BigInt(value), 4);
    return this;
  }
  u64(...values: (number | bigint)[]): this {
    for (const value of values) this.#number(BigInt(value), 8);
    return this;
  }
  /** A length, then the text with its end and what fills it up, so that what follows lies at odd places. */
  text(...values: string[]): this {
    for (const value of values) {
      const bytes = [...new TextEncoder().encode(`${value}\0`)];
      this.u32(bytes.length).#bytes.push(...bytes);
    }
    return this;
  }
  attr(type: number, config: number): this {
    return this.u32(type, 64).u64(config, 1009, 1, 0, 0, 0, 0);
  }
  get done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

type Row = readonly [name: keyof typeof FEATURE, body: (to: Body) => Body, read: Features];
const bits = (...words: number[]) => Uint32Array.from(words);
const ROWS: readonly Row[] = [
  ['hostname', (to) => to.text('odd'), { hostname: 'odd' }],
  ['osRelease', (to) => to.text('6.18.0'), { osRelease: '6.18.0' }],
  ['version', (to) => to.text('6.1'), { version: '6.1' }],
  ['arch', (to) => to.text('x86_64'), { arch: 'x86_64' }],
  ['cpuId', (to) => to.text('GenuineIntel,6,143'), { cpuId: 'GenuineIntel,6,143' }],
  ['cpuDescription', (to) => to.text('A CPU'), { cpuDescription: 'A CPU' }],
  ['cpuCount', (to) => to.u32(0x01020304), { cpus: 0x01020304 }],
  ['commandLine', (to) => to.u32(3).text('perf', '', 'record'), { commandLine: ['perf', '', 'record'] }],
  ['commandLine', (to) => to.u32(0), { commandLine: [] }],
  ['pmuMappings', (to) => to.u32(2, 9).text('cpu').u32(4_000_000_000).text('ibs_op'), { pmus: new Map([[9, 'cpu'], [4_000_000_000, 'ibs_op']]) }],
  [
    'pmuCaps',
    (to) => to.u32(2, 2).text('branches', '32', 'max_precise', '3').text('cpu').u32(0).text('empty'),
    { pmuCaps: new Map([['cpu', new Map([['branches', '32'], ['max_precise', '3']])], ['empty', new Map()]]) },
  ],
  ['clockData', (to) => to.u32(1, 4).u64(0x0102030405060708n, 9), { clock: { wallNs: 0x0102030405060708n, clockNs: 9n } }],
  ['sampleTime', (to) => to.u64(7, 1n << 40n), { sampleTime: { first: 7n, last: 1n << 40n } }],
  [
    'memoryTopology',
    (to) => to.u64(1, 1 << 27, 2, 0, 65, 65, 0x8000_0001_0000_0003n, 1, 3, 0, 0),
    { memory: { blockBytes: 1 << 27, nodes: [{ node: 0, blocks: bits(3, 0x8000_0001, 1, 0) }, { node: 3, blocks: bits() }] } },
  ],
]; // biome-ignore format: a table

function read(name: keyof typeof FEATURE, body: Uint8Array, isBig: boolean) {
  const into: Features = {};
  return { isRead: readFeature(into, FEATURE[name], body, isBig), into };
}

for (const isBig of [false, true]) {
  test(`whole features are read, ${isBig ? 'big' : 'little'} endian`, () => {
    for (const [name, body, expected] of ROWS)
      assert.deepEqual(read(name, body(new Body(isBig)).done, isBig), { isRead: true, into: expected }, name);
  });

  test(`a feature that is cut anywhere is left out, ${isBig ? 'big' : 'little'} endian`, () => {
    for (const [name, body] of ROWS) {
      const whole = body(new Body(isBig)).done;
      for (let length = 0; length < whole.length; length++)
        assert.deepEqual(
          read(name, whole.slice(0, length), isBig),
          { isRead: false, into: {} },
          `${name} cut at ${length}`,
        );
    }
  });

  test(`events are described with their attr, name and ids, ${isBig ? 'big' : 'little'} endian`, () => {
    const of = (to: Body) =>
      to
        .u32(2, 64)
        .attr(4, 0x81d0)
        .u32(2)
        .text('loads')
        .u64(5, 1n << 33n)
        .attr(1, 2)
        .u32(0)
        .text('faults');
    const whole = of(new Body(isBig)).done;
    const { isRead, into } = read('eventDescription', whole, isBig);
    assert.ok(isRead);
    assert.deepEqual(
      into.events?.map(({ name, ids, attr }) => [name, ids, attr.type, attr.config]),
      [
        ['loads', [5, 2 ** 33], 4, 0x81d0n],
        ['faults', [], 1, 2n],
      ],
    );
    for (let length = 0; length < whole.length; length++)
      assert.equal(read('eventDescription', whole.slice(0, length), isBig).isRead, false, `cut at ${length}`);
  });
}

test('a list longer than any is damage, the longest is none', () => {
  const pmus = (count: number) => {
    const to = new Body(false).u32(count);
    const one = new Body(false).u32(1, 0).done;
    return Uint8Array.from([...to.done, ...Array.from({ length: count }, () => [...one]).flat()]);
  };
  assert.equal(read('pmuMappings', pmus(1 << 16), false).isRead, true);
  assert.equal(read('pmuMappings', pmus((1 << 16) + 1), false).isRead, false);
});

test('an attr of less than its head is damage', () => {
  const body = (bytes: number) => new Body(false).u32(1, bytes).u32(1, 64).u64(0, 0).u32(0).text('e').done;
  assert.equal(read('eventDescription', body(7), false).isRead, false);
});

test('features that nobody needs are passed over, and build ids are always taken', () => {
  assert.equal(readFeature({}, 200, new Uint8Array(64), false), false);
  assert.equal(FEATURES_READ.includes(FEATURE.dirFormat), false);
  const into: Features = {};
  assert.equal(readFeature(into, FEATURE.buildId, new Uint8Array(0), false), true);
  assert.ok(into.buildIds !== undefined);
  assert.deepEqual(new Set(ROWS.map(([name]) => FEATURE[name])).size, FEATURES_READ.length - 2);
});
