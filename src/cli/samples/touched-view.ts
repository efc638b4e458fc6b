/** Hot blocks or pages with what lies there and which instructions access it. */
import { percent } from '../../base/percent.js';
import { readable } from '../../formats/mangled/readable.js';
import type { Touch, TouchedPlace, TouchedPlaces, TouchFacts } from '../../sources/touched-places.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Fraction, PageGeometry, Pages } from '../../vocabulary/units.js';
import type { Row, RowKind } from '../print/rows.js';

/** Sizes of the places that accesses are shown by. */
export const PLACE_NAMES = ['block', 'page'] as const;
/** `block` or `page`: what `--by` counts. */
export type PlaceName = (typeof PLACE_NAMES)[number];

/** Whether a value of `--by` asks for places, and not for a view of samples. */
export const isPlaceName = (by: string): by is PlaceName => PLACE_NAMES.some((name) => name === by);

/** A place with its samples, names and instructions. */
export interface TouchedLine extends TouchedPlace {
  readonly command: string;
  /** Of the accesses of all places. */
  readonly share: Fraction;
}

/** The hottest places of a recording. */
export interface TouchedView {
  readonly by: PlaceName;
  /** Places with samples; those listed are the hottest. */
  readonly places: number;
  readonly hottest: readonly TouchedLine[];
  readonly names: TouchFacts;
}

/** Of one place as many pairs are told. */
const MOST_TOUCHES = 16;
const MOST_LISTED = 1 << 16;

/** Columns of a place for programs. */
export const TOUCHED_ROWS: RowKind = {
  octavo: 'touched-place',
  version: 1,
  columns: [
    'pid',
    'command',
    'address',
    'bytes',
    'place_samples',
    'place_accesses',
    'place_share',
    'samples',
    'object_kind',
    'object',
    'object_file',
    'symbol',
    'symbol_offset_bytes',
    'code_file',
    'code_address',
  ],
};

/** Returns how many base pages one place has. */
export const pagesOf = (by: PlaceName, geometry: PageGeometry): Pages =>
  by === 'page' ? 1 : geometry.pagesPerBlock;

interface Counted {
  readonly touched: TouchedPlaces;
  readonly counts: (event: number) => boolean;
}

/** Of several recordings: what one machine's processes touched in each of them. VIEW_ABSENT without any address. */
export function touchedView(
  by: PlaceName,
  counted: readonly Counted[],
  commandOf: (pid: number) => string,
  path: string,
): TouchedView {
  const facts = counted.map(({ touched }) => touched.facts());
  const names = facts.reduce(joinedFacts, NO_FACTS);
  if (names.samples === 0) throw new OctavoError('VIEW_ABSENT', { path, view: by });
  const totals = counted.map(({ touched, counts }) => touched.totals(counts));
  const accesses = totals.reduce((sum, total) => sum + total.accesses, 0);
  const found = counted.flatMap(({ touched, counts }) => touched.hottest(counts, MOST_LISTED, MOST_TOUCHES));
  const places = counted.length === 1 ? found : joinedPlaces(found);
  const hottest = places
    .map((place) => ({ ...place, command: commandOf(place.pid), share: shareOf(place.accesses, accesses) }))
    .sort((a, b) => b.accesses - a.accesses);
  const all = counted.length === 1 ? totals[0].places : places.length;
  return { by, places: all, hottest, names };
}

/** A place that several recordings have, once. */
function joinedPlaces(found: readonly TouchedPlace[]): TouchedPlace[] {
  const places = new Map<string, TouchedPlace>();
  for (const place of found) {
    const key = `${place.pid} ${place.address}`;
    const known = places.get(key);
    places.set(key, known === undefined ? place : joinedPlace(known, place));
  }
  return [...places.values()];
}

function joinedPlace(a: TouchedPlace, b: TouchedPlace): TouchedPlace {
  const touches = new Map<string, Touch>();
  for (const touch of [...a.touches, ...b.touches]) {
    const key = JSON.stringify([touch.object, touch.code]);
    touches.set(key, { ...touch, samples: touch.samples + (touches.get(key)?.samples ?? 0) });
  }
  return {
    ...a,
    samples: a.samples + b.samples,
    accesses: a.accesses + b.accesses,
    touches: [...touches.values()].sort((one, other) => other.samples - one.samples),
    furtherSamples: a.furtherSamples + b.furtherSamples,
  };
}

const shareOf = (part: number, whole: number): Fraction => (whole === 0 ? 0 : part / whole);

const NO_FACTS: TouchFacts = { samples: 0, withCode: 0, exact: 0, dropped: 0, unnamed: {}, unverified: [] };

function joinedFacts(a: TouchFacts, b: TouchFacts): TouchFacts {
  return {
    samples: a.samples + b.samples,
    withCode: a.withCode + b.withCode,
    exact: a.exact + b.exact,
    dropped: a.dropped + b.dropped,
    unnamed: { ...a.unnamed, ...b.unnamed },
    unverified: [...new Set([...a.unverified, ...b.unverified])],
  };
}

/** A row for each pair of object and instruction of a place. */
export function touchedRows({ hottest }: TouchedView): Row[] {
  return hottest.flatMap((place) =>
    place.touches.map(({ samples, object, code }) => ({
      pid: place.pid,
      command: place.command,
      address: place.address,
      bytes: place.bytes,
      place_samples: place.samples,
      place_accesses: place.accesses,
      place_share: place.share,
      samples,
      object_kind: object.kind,
      object: object.name,
      object_file: object.file,
      symbol: code.symbol,
      symbol_offset_bytes: code.symbol === '' ? undefined : code.offset,
      code_file: code.file,
      code_address: code.address,
    })),
  );
}

/** `top` places with three pairs each. */
export function touchedLines({ by, places, hottest, names }: TouchedView, top: number): string[] {
  return [
    `the hottest of ${places} ${by === 'page' ? 'pages' : 'blocks'}, what lies there, and the instructions that access it`,
    ...hottest.slice(0, top).flatMap(placeLines),
    ...(places > top ? [`  … and ${places - top} more (--format csv)`] : []),
    ...touchNotes(names),
  ];
}

const MOST_PAIRS_SHOWN = 3;

function placeLines({ pid, address, samples, share, touches }: TouchedLine): string[] {
  const rest = touches.slice(MOST_PAIRS_SHOWN).length;
  return [
    `  ${String(pid).padStart(8)}  ${address.padStart(18)}  ${samples} samples  ${percent(share)} of accesses`,
    ...touches
      .slice(0, MOST_PAIRS_SHOWN)
      .map((touch) => `  ${String(touch.samples).padStart(18)}  ${touchWords(touch)}`),
    ...(rest > 0 ? [`                      … by ${rest} more`] : []),
  ];
}

/** `dictFind+0x1c (/usr/bin/redis-server) → dict_table (variable of /usr/bin/redis-server)`. */
function touchWords({ object, code }: Touch): string {
  const file = code.file === '' ? '' : ` (${code.file})`;
  const place = code.symbol === '' ? code.address : `${readable(code.symbol)}+0x${code.offset.toString(16)}`;
  const by = place === '' ? 'instruction not recorded' : `${place}${file}`;
  return `${by} → ${objectWords(object)}`;
}

function objectWords({ kind, name, file }: Touch['object']): string {
  if (kind === 'variable') return `${readable(name) || 'data'} (variable of ${file})`;
  return name === '' || name === kind || kind === 'special' ? name || kind : `${kind} ${name}`;
}

/** What the names rest on, where it is less than all. */
export function touchNotes({ samples, withCode, exact, dropped, unnamed, unverified }: TouchFacts): string[] {
  const problems = Object.entries(unnamed);
  return [
    ...(withCode < samples
      ? [`${samples - withCode} of ${samples} samples do not say their instruction.`]
      : []),
    ...(exact < withCode
      ? [`${withCode - exact} instructions may be some behind those that accessed (no precise event).`]
      : []),
    ...(dropped > 0
      ? [`${dropped} samples of rare places were dropped to bound memory: numbers are lower bounds.`]
      : []),
    ...problems.slice(0, MOST_PROBLEMS).map(([file, problem]) => `No names of ${file}: ${problem}.`),
    ...(problems.length > MOST_PROBLEMS
      ? [`No names of ${problems.length - MOST_PROBLEMS} more files.`]
      : []),
    ...(unverified.length > 0
      ? [
          `The recording has no build ids of ${unverified.length} of these files: they are taken to be those recorded.`,
        ]
      : []),
  ];
}

const MOST_PROBLEMS = 5;
