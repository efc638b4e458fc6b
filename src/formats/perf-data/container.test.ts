/** Heads of perf.data: what each impossible number in one is told as, and how far possible ones go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { SAMPLE_FIELD } from '../perf-abi/constants.js';
import { FILE_HEADER_BYTES, identify, locateFeatures, readAttrs, readFileHeader } from './container.js';
import { EventTable } from './event-table.js';

const file = (): Uint8Array => {
  const builder = new PerfBuilder();
  builder.attr({ sampleType: SAMPLE_FIELD.ip, ids: [11, 12] });
  return builder.file();
};

/** The header of a file with some of its 64-bit words changed. */
function header(words: Readonly<Record<number, bigint>> = {}) {
  const bytes = file();
  for (const [at, value] of Object.entries(words)) {
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(Number(at), value, true);
  }
  return readFileHeader(bytes, false);
}

test('inputs that are no perf.data say why', () => {
  const head = (text: string) => identify(new TextEncoder().encode(text.padEnd(16, '\0')));
  assert.equal(identify(new Uint8Array(15)).kind, 'unknown');
  assert.equal(identify(file().subarray(0, 16)).kind, 'file');
  assert.equal(identify(new PerfBuilder().pipe().subarray(0, 16)).kind, 'pipe');
  assert.deepEqual(head('PERFFILE'), { kind: 'unknown', problem: 'is of the format before Linux 2.6.34' });
  assert.deepEqual(head('ELF'), { kind: 'unknown', problem: 'does not begin with PERFILE2' });
});

test('a header is refused for what cannot be, and taken at the last number that can', () => {
  assert.equal(readFileHeader(file().subarray(0, FILE_HEADER_BYTES - 1), false), 'ends within its header');
  for (const size of [72n, 81n, 4120n])
    assert.equal(header({ 16: size }), `has impossible attrs of ${size} bytes`);
  for (const size of [80n, 4112n]) assert.equal(typeof header({ 16: size }), 'object');
  assert.equal(header({ 32: 0x800001n }), 'has an impossible 8388609 bytes of attrs');
  assert.equal(typeof header({ 32: 0x800000n }), 'object');
  assert.equal(header({ 40: 103n }), 'puts its data at byte 103');
  assert.equal(typeof header({ 40: 104n }), 'object');
  assert.equal(header({ 40: (1n << 50n) + 1n }), `puts its data at byte ${2 ** 50 + 1}`);
  assert.equal(typeof header({ 40: 1n << 50n }), 'object');
});

test('features are the bits of all four words', () => {
  const found = header({ 72: (1n << 63n) | (1n << 31n) | 1n, 80: 1n << 32n, 88: 2n, 96: 1n << 63n });
  assert.ok(typeof found === 'object');
  assert.deepEqual(found.features, [0, 31, 63, 96, 129, 255]);
  assert.deepEqual(locateFeatures({ ...found, data: { offset: 104, size: 0 } }, assert.fail), []);
});

/** Damaged bytes of an attr that puts its ids there, and the sections that were read. */
function idsAt(offset: bigint, size: bigint): readonly [damaged: number, reads: number] {
  const bytes = file();
  const found = readFileHeader(bytes, false);
  assert.ok(typeof found === 'object');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(found.attrs.offset + found.attrSize - 16, offset, true);
  view.setBigUint64(found.attrs.offset + found.attrSize - 8, size, true);
  let reads = 0;
  const damaged = readAttrs(
    found,
    (at, length) => {
      reads++;
      return bytes.subarray(at, at + length);
    },
    new EventTable(),
  );
  return [damaged, reads];
}

test('ids that are too many, or lie beyond any file, are damage and are not read', () => {
  assert.deepEqual(idsAt(104n, 16n), [0, 2]);
  assert.deepEqual(idsAt(104n, 0n), [0, 1]);
  assert.deepEqual(idsAt(104n, (32n << 20n) + 1n), [16, 1]);
  assert.deepEqual(idsAt((1n << 50n) + 1n, 16n), [16, 1]);
  assert.deepEqual(idsAt(1n << 50n, 16n), [16, 2]);
  assert.equal(idsAt(104n, 32n << 20n)[1], 2);
});
