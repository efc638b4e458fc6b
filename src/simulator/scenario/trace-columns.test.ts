import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceConverter } from '../../formats/access-trace/convert.js';
import { TraceWriter } from '../../formats/access-trace/trace-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { GEOMETRY_4K, MIB, pageGeometry } from '../../vocabulary/units.js';
import { requireRoom, traceColumns } from './trace-columns.js';

const text = (lines: readonly string[]) => new TextEncoder().encode(`${lines.join('\n')}\n`);

/** Two areas far apart, the first of two blocks. */
const LINES = [' L 40000000,8', ' S 40201000,8', ' L 7f0000005000,4', ' L 7f0000005008,4', ' L 40000000,8'];

test('areas are laid next to each other, and pages keep their place in the block', async () => {
  const columns = await traceColumns(text(LINES), 't', GEOMETRY_4K);
  assert.deepEqual([...columns.page], [0, 513, 1024 + 5, 0]);
  assert.deepEqual([...columns.write], [0, 1, 0, 0]);
  assert.deepEqual([...columns.weight], [1, 1, 2, 1]);
  assert.deepEqual([columns.timed, columns.sampled, columns.timeNs.length], [false, false, 0]);
  assert.deepEqual([columns.pages, columns.dataPages], [3 * 512, 3]);
  assert.deepEqual(columns.areas, [
    { startPage: 0x40000, pages: 1024, offset: 0 },
    { startPage: 0x7f0000000, pages: 512, offset: 1024 },
  ]);
});

test('a trace file is the same as its text; a machine of larger pages sees larger pages', async () => {
  const converter = new TraceConverter('t', GEOMETRY_4K);
  converter.push(text(LINES));
  const { bytes } = converter.end();
  assert.deepEqual(
    await traceColumns(bytes, 't', GEOMETRY_4K),
    await traceColumns(text(LINES), 't', GEOMETRY_4K),
  );
  const arm = pageGeometry(65_536, 512 * MIB);
  const columns = await traceColumns(bytes, 't', arm);
  assert.deepEqual([...columns.page], [0, 32, 8192, 0]);
});

const refusal = (code: string, words: RegExp) => (problem: OctavoError) =>
  problem instanceof OctavoError && problem.code === code && words.test(problem.message);

test('what is no trace, or has none, is refused', async () => {
  await assert.rejects(
    traceColumns(text(['hello']), 't', GEOMETRY_4K),
    refusal('FILE_MALFORMED', /no access/),
  );
  const other = new TextEncoder().encode(`PAR1${'x'.repeat(40)}PAR1`);
  await assert.rejects(traceColumns(other, 't', GEOMETRY_4K), refusal('FILE_MALFORMED', /t: is damaged/));
  const empty = new TraceWriter(false).finish({ page_bytes: 4096, source: 'test' });
  await assert.rejects(traceColumns(empty, 't', GEOMETRY_4K), refusal('FILE_MALFORMED', /has no access/));
});

test('a host without room for the pages is told before anything runs', async () => {
  const columns = await traceColumns(text(LINES), 't', GEOMETRY_4K);
  requireRoom(columns, 't', 3 * 4096, GEOMETRY_4K);
  assert.throws(
    () => requireRoom(columns, 't', 3 * 4096 - 1, GEOMETRY_4K),
    refusal('TRACE_TOO_LARGE', /touches 1 MiB/),
  );
});
