/** Footers of Parquet files that cannot be: each is told in words of ours, and where it lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteSink } from './byte-sink.js';
import { DamagedParquet, isParquet, readFooter } from './read.js';
import {
  binary,
  i32,
  i64,
  list,
  struct,
  type ThriftStruct,
  type ThriftValue,
  text,
  writeStruct,
} from './thrift.js';

const PAGES = 100;

const meta = (more: ThriftStruct = {}): ThriftStruct => ({
  ...{ 1: i32(1), 2: list([i32(0)]), 3: list([text('a')]), 4: i32(0) },
  ...{ 5: i64(3), 6: i64(PAGES), 7: i64(PAGES), 9: i64(4), ...more },
});
const column = (value: ThriftStruct | undefined): ThriftValue =>
  struct({ 2: i64(4), 3: value && struct(value) });
const group = (more: ThriftStruct = {}): ThriftValue =>
  struct({ 1: list([column(meta())]), 2: i64(PAGES), 3: i64(3), ...more });
const leaf = (more: ThriftStruct = {}): ThriftValue =>
  struct({ 1: i32(1), 3: i32(0), 4: text('a'), ...more });
const schema = (last = leaf()): ThriftValue => list([struct({ 4: text('schema'), 5: i32(1) }), last]);
const footer = (more: ThriftStruct = {}): ThriftStruct => ({
  ...{ 1: i32(2), 2: schema(), 3: i64(3), 4: list([group()]), ...more },
});

/** A file with 100 bytes of pages before this footer. */
function fileOf(fields: ThriftStruct): Uint8Array {
  const sink = new ByteSink();
  writeStruct(fields, sink);
  return fileWith(sink.written());
}

function fileWith(footerBytes: Uint8Array, length = footerBytes.length): Uint8Array {
  const mark = new TextEncoder().encode('PAR1');
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, length, true);
  return Uint8Array.from([...mark, ...new Uint8Array(PAGES), ...footerBytes, ...size, ...mark]);
}

/** What is wrong with a file, undefined when nothing is. */
function problem(file: Uint8Array): string | undefined {
  try {
    readFooter(file.buffer as ArrayBuffer);
    return undefined;
  } catch (fault) {
    assert.ok(fault instanceof DamagedParquet, String(fault));
    assert.match(fault.place, /^byte \d+$/);
    return fault.message;
  }
}

test('a whole footer is read, and its file is known by both its ends', () => {
  const file = fileOf(footer());
  assert.equal(problem(file), undefined);
  assert.equal(isParquet(file), true);
  for (const at of [0, file.length - 1]) {
    const other = file.slice();
    other[at] ^= 1;
    assert.equal(isParquet(other), false);
  }
  const mark = [...new TextEncoder().encode('PAR1')];
  assert.equal(isParquet(Uint8Array.from([...mark, 0, 0, 0, 0, ...mark])), false);
  assert.equal(isParquet(Uint8Array.from([...mark, 0, 0, 0, 0, 0, ...mark])), true);
});

test('a footer longer than its file, or of no structure, is damage', () => {
  const empty = new Uint8Array([0]);
  assert.equal(problem(fileWith(empty, 101)), 'the footer cannot be decoded');
  assert.equal(problem(fileWith(empty, 102)), 'the footer of 102 bytes does not fit');
  assert.equal(problem(fileWith(empty)), 'the footer cannot be decoded');
  assert.equal(problem(fileWith(new Uint8Array(40).fill(0xff))), 'the footer cannot be decoded');
});

test('columns that may be empty or hold lists are refused', () => {
  const flat = 'the footer has columns that may be empty or hold lists';
  assert.equal(problem(fileOf(footer({ 2: schema(leaf({ 3: i32(1) })) }))), flat);
  assert.equal(problem(fileOf(footer({ 2: schema(leaf({ 5: i32(2) })) }))), flat);
});

test('row groups must be described, and have as many rows as the file', () => {
  const undescribed = 'row group 0 is not described';
  assert.equal(problem(fileOf(footer({ 4: list([group({ 3: undefined })]) }))), undescribed);
  assert.equal(problem(fileOf(footer({ 4: list([group({ 3: i64(-1) })]) }))), undescribed);
  const bytes = binary(new Uint8Array(0));
  assert.equal(problem(fileOf(footer({ 4: list([group({ 1: bytes })]) }))), undescribed);
  assert.equal(problem(fileOf(footer({ 4: bytes }))), 'the footer has no row groups');
  const rows = 'the row groups have 3 rows, the file says 4';
  assert.equal(problem(fileOf(footer({ 3: i64(4) }))), rows);
  const none = group({ 1: list([column(meta({ 5: i64(0) }))]), 3: i64(0) });
  assert.equal(problem(fileOf(footer({ 3: i64(0), 4: list([none]) }))), undefined);
  assert.equal(problem(fileOf(footer({ 3: i64(0), 4: list([]) }))), undefined);
});

/** What is wrong when the only column is like this. */
const ofColumn = (value: ThriftStruct): string | undefined =>
  problem(fileOf(footer({ 4: list([group({ 1: list([column(value)]) })]) })));

test('a column lies behind the mark and within the file, with a value for each row', () => {
  const undescribed = 'a column of row group 0 is not described';
  assert.equal(problem(fileOf(footer({ 4: list([group({ 1: list([column(undefined)]) })]) }))), undescribed);
  assert.equal(ofColumn(meta({ 9: i64(3) })), undescribed);
  assert.equal(ofColumn(meta({ 7: i64(-1) })), undescribed);
  assert.equal(ofColumn(meta({ 7: i64(0) })), undefined);
  const size = fileOf(footer()).length;
  // As many bytes as the number takes more, so that the file is as long as before.
  assert.equal(ofColumn(meta({ 7: i64(size - 4) })), undefined);
  assert.equal(
    ofColumn(meta({ 7: i64(size - 3) })),
    'a column of row group 0 lies beyond the end of the file',
  );
  assert.equal(ofColumn(meta({ 5: i64(4) })), 'a column of row group 0 has another number of rows');
});
