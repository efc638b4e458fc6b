/** The Parquet export, read back by a library that is not ours: every row, every null, negative sums, many row groups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { observed } from '../../test/support/history-host.js';
import { HISTORY_KEY, historyParquet } from './parquet.js';
import { HISTORY_COLUMNS } from './rows.js';
import { addSpans, type Span, spanOfTurn } from './span.js';

function turn(sequence: number, targets: readonly ReturnType<typeof observed>[]): Span {
  const time = { sequence, livedMs: 1000 * sequence, wallMs: 1_700_000_000_000 + 1000 * sequence };
  return spanOfTurn(targets, { ...time, uptimeMs: null, jumpMs: 0, dropped: 0 });
}

async function rowsOf(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const file = bytes.slice().buffer;
  return (await parquetReadObjects({ file })) as Record<string, unknown>[];
}

test('every row and every null', async () => {
  const spans = Array.from({ length: 300 }, (_, index) =>
    turn(index + 1, [
      observed(
        'db',
        index % 3 === 0 ? {} : { hugeBytes: 2 ** 50 + index, returnedBytes: 5 - index },
        index % 2 === 0 ? {} : { state: 'stopped', notes: ['of “them”', 'two'] },
      ),
      observed(`web-${index % 7}`, { splits: index }),
    ]),
  );
  const rows = await rowsOf(historyParquet(spans, 'raw'));
  assert.equal(rows.length, 600);
  for (const [at, row] of rows.entries()) {
    const span = spans[Math.floor(at / 2)];
    for (const column of HISTORY_COLUMNS) {
      const expected = column.value(span, span.targets[at % 2]);
      const found = row[column.name] ?? null;
      assert.equal(
        typeof found === 'bigint' ? Number(found) : found,
        expected,
        `${column.name} of row ${at}`,
      );
    }
  }
  assert.equal(rows[4].returned_bytes, 3n);
  assert.equal(rows[14].returned_bytes, -2n);
  assert.equal(rows[0].returned_bytes ?? null, null);
  assert.equal(rows[2].notes, 'of “them”; two');
});

test('a gauge has its range and its mean, a sum its sum', async () => {
  const span = [9, 2, 4].map((hugeBytes, index) =>
    turn(index + 1, [observed('db', { hugeBytes, splits: 2 })]),
  );
  const [row] = await rowsOf(historyParquet([span.reduce((left, right) => addSpans(left, right))], '5m'));
  const { huge_bytes, huge_bytes_min, huge_bytes_max, huge_bytes_mean, splits, turns } = row;
  assert.deepEqual(
    [huge_bytes, huge_bytes_min, huge_bytes_max, huge_bytes_mean, splits, turns],
    [4n, 2n, 9n, 5n, 6n, 3n],
  );
  assert.ok(!('splits_min' in row));
});

test('more rows than a row group holds, and none at all', async () => {
  const targets = Array.from({ length: 2000 }, (_, index) => observed(`t${index}`, { splits: index }));
  const bytes = historyParquet(
    Array.from({ length: 40 }, (_, index) => turn(index + 1, targets)),
    '1h',
  );
  const metadata = parquetMetadata(bytes.slice().buffer);
  assert.equal(metadata.row_groups.length, 2);
  assert.equal(metadata.num_rows, 80_000n);
  const [facts] = metadata.key_value_metadata ?? [];
  assert.deepEqual(facts, { key: HISTORY_KEY, value: '{"octavo":"history","version":1,"tier":"1h"}' });
  const rows = await rowsOf(bytes);
  assert.deepEqual([rows[79_999].target, rows[79_999].splits, rows[65_536].last_turn], ['t1999', 1999n, 33n]);
  assert.deepEqual(await rowsOf(historyParquet([], 'raw')), []);
});
