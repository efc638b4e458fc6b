/**
 * A span as a line of a history file, and back. The fields' names stand once, in the head of the file: a reader takes the
 * values that it knows by name, and a field that the file lacks is not known. Pure.
 */
import { packedWith, unpackedWith } from '../formats/checked-lines.js';
import {
  ACTING_STATES,
  type ActingState,
  FIELD_NAMES,
  FIELDS,
  type FieldName,
  isFieldName,
} from './observation.js';
import type { FromTo, Span, Summaries, Summary, TargetSpan } from './span.js';

/** Larger than any line that is written. */
const MOST_BYTES = 64 * 2 ** 20;

/** What lines usually hold. Part of the format: another text needs a new version of the files. */
const DICTIONARY = Buffer.from(
  '"observe","observing","backing-off","stopped","octavo","return-empty","acting",null,null,null,null,0,0,0,0,0,0,0,' +
    '{"n":[1,1],"l":[1,1],"w":[1,1],"u":1,"d":0,"j":0,"t":[["redis-server.service","postgresql.service",',
);

/** `known` is left out where it is the number of turns; a single reading of a gauge is the number itself. */
type Cell = number | null | readonly number[];
type Row = readonly [
  target: string,
  policy: string,
  state: string,
  turns: number,
  values: Cell[],
  notes: string[],
];

/** Returns a span as the body of a line: JSON, compressed where that is shorter. */
export function spanBody(span: Span): string {
  const { first, last, lived, wall, uptimeMs, turns, dropped, jumpMs, targets } = span;
  const pair = ({ from, until }: FromTo) => [from, until];
  return packedWith(DICTIONARY, {
    n: [first, last],
    l: pair(lived),
    w: pair(wall),
    b: uptimeMs,
    u: turns,
    d: dropped,
    j: jumpMs,
    t: targets.map(rowOf),
  });
}

function rowOf({ target, policy, state, turns, values, notes }: TargetSpan): Row {
  const cells = FIELD_NAMES.map((name) => cellOf(values[name], turns));
  return [target, policy, state, turns, cells, [...notes]];
}

function cellOf(summary: Summary | null, turns: number): Cell {
  if (summary === null) return null;
  const { known, sum, range } = summary;
  const rest = known === turns ? [] : [known];
  if (range === undefined) return rest.length === 0 ? sum : [sum, ...rest];
  if (turns === 1) return sum;
  return [range.last, range.least, range.largest, sum, ...rest];
}

/** The span of a body; undefined when it holds none. `fields` are the names in the head of the file. */
export function spanOfBody(body: string, fields: readonly string[]): Span | undefined {
  try {
    return spanOf(unpackedWith(DICTIONARY, body, MOST_BYTES), fields);
  } catch {
    // What zlib and JSON throw, each in words of its own.
    return undefined;
  }
}

function spanOf(value: unknown, fields: readonly string[]): Span | undefined {
  const { n, l, w, b, u, d, j, t } = (value ?? {}) as Record<string, unknown>;
  const [order, lived, wall] = [fromTo(n), fromTo(l), fromTo(w)];
  if (!order || !lived || !wall || order.from > order.until || lived.from > lived.until) return undefined;
  if (!isCount(u) || !isCount(d) || !isWhole(j) || !Array.isArray(t)) return undefined;
  if (b !== null && !isWhole(b)) return undefined;
  const targets = t.map((row) => targetOf(row, fields));
  if (targets.includes(undefined)) return undefined;
  return {
    first: order.from,
    last: order.until,
    lived,
    wall,
    uptimeMs: b,
    turns: u,
    dropped: d,
    jumpMs: j,
    targets: targets as TargetSpan[],
  };
}

function fromTo(value: unknown): FromTo | undefined {
  const [from, until] = Array.isArray(value) ? value : [];
  return isWhole(from) && isWhole(until) ? { from, until } : undefined;
}

function targetOf(row: unknown, fields: readonly string[]): TargetSpan | undefined {
  const [target, policy, state, turns, cells, notes] = Array.isArray(row) ? row : [];
  if (typeof target !== 'string' || typeof policy !== 'string' || !isState(state)) return undefined;
  if (!isCount(turns) || !Array.isArray(cells) || !isTexts(notes)) return undefined;
  const values: Record<string, Summary | null> = Object.fromEntries(FIELD_NAMES.map((name) => [name, null]));
  for (const [index, name] of fields.entries()) {
    const summary = isFieldName(name) ? summaryOf(name, cells[index], turns) : null;
    if (summary === undefined) return undefined;
    if (isFieldName(name)) values[name] = summary;
  }
  return { target, policy, state, turns, values: values as Summaries, notes };
}

/** Undefined for what is no cell. */
function summaryOf(name: FieldName, cell: unknown, turns: number): Summary | null | undefined {
  if (cell === null || cell === undefined) return null;
  const numbers: readonly unknown[] = Array.isArray(cell) ? cell : [cell];
  if (!numbers.every(isNumber)) return undefined;
  if (FIELDS[name].nature === 'sum') {
    const [sum, known = turns] = numbers;
    return sum === undefined ? undefined : { known, sum, range: undefined };
  }
  const [last, least = last, largest = last, sum = last, known = turns] = numbers;
  return last === undefined ? undefined : { known, sum, range: { least, largest, last } };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Sums of gauges, which only the mean is made from, may be too large to be exact. */
function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isWhole(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isState(value: unknown): value is ActingState {
  return ACTING_STATES.includes(value as ActingState);
}
