/** The history as a Parquet file: one row for each span and target, what is not known as null. */

import type { ColumnValues, Presence } from '../formats/parquet/columns.js';
import { EncodeLoop } from '../formats/parquet/encode-loop/encode-loop.js';
import { ParquetFile } from '../formats/parquet/writer.js';
import type { Tier } from './health.js';
import { HISTORY_COLUMNS, type HistoryColumn } from './rows.js';
import type { Span, TargetSpan } from './span.js';

/** Says in the footer what the rows are. */
export const HISTORY_KEY = 'octavo.history';

interface Row {
  readonly span: Span;
  readonly target: TargetSpan;
}

/** Returns spans as a Parquet file, for `octavo history --out`. */
export function historyParquet(spans: Iterable<Span>, tier: Tier): Uint8Array {
  const loop = new EncodeLoop();
  const types = HISTORY_COLUMNS.map(({ name, type }) => ({ name, type, optional: true }));
  const parquet = new ParquetFile(types, loop);
  let rows: Row[] = [];
  const flush = () => {
    const columns = HISTORY_COLUMNS.map((column) => encodable(column, rows));
    parquet.addGroup(
      rows.length,
      columns.map(({ values }) => values),
      columns.map(({ presence }) => presence),
    );
    rows = [];
  };
  for (const span of spans)
    for (const target of span.targets) {
      rows.push({ span, target });
      if (rows.length === loop.capacity) flush();
    }
  if (rows.length > 0) flush();
  return parquet.finish('octavo', { [HISTORY_KEY]: JSON.stringify({ octavo: 'history', version: 1, tier }) });
}

function encodable(column: HistoryColumn, rows: readonly Row[]) {
  const found = rows.map(({ span, target }) => column.value(span, target));
  const known = found.filter((value) => value !== null);
  const presence: Presence = {
    flags: Uint32Array.from(found, (value) => (value === null ? 0 : 1)),
    present: known.length,
  };
  const values: ColumnValues =
    column.type === 'string'
      ? dictionaryOf(known.map(String))
      : { kind: 'numbers', values: Float64Array.from(known, Number) };
  return { values, presence };
}

function dictionaryOf(words: readonly string[]): ColumnValues {
  const places = new Map<string, number>();
  const indices = Uint32Array.from(words, (word) => {
    const place = places.get(word) ?? places.size;
    places.set(word, place);
    return place;
  });
  return { kind: 'dictionary', entries: [...places.keys()], indices };
}
