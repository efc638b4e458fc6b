/**
 * damo's record files of type json and json_compressed (damo, _damo_records.py): a list of records, each with
 * snapshots of regions. Numbers may be written for people (`4,096`, `3 s 20 ms`) or for machines.
 */
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { RegionRecord } from './region.js';

const numberLike = z.union([z.number(), z.string()]);
const counted = z.union([numberLike, z.looseObject({ samples: numberLike.nullish() })]);
const aged = z.union([numberLike, z.looseObject({ aggr_intervals: numberLike.nullish() })]);
const documentSchema = z.array(
  z.looseObject({
    target_id: numberLike.nullish(),
    snapshots: z.array(
      z.looseObject({
        end_time: numberLike,
        regions: z.array(
          z.looseObject({
            start: numberLike,
            end: numberLike,
            nr_accesses: counted.nullish(),
            age: aged.nullish(),
          }),
        ),
      }),
    ),
  }),
);

/** The regions of a record file, of at most `longest` bytes of text; a string says what is wrong with it. */
export function parseDamoJson(
  bytes: Uint8Array,
  isCompressed: boolean,
  longest: Bytes,
): RegionRecord[] | string {
  const text = textOf(bytes, isCompressed, longest);
  if (text === undefined)
    return 'is compressed, but damaged or too long for the memory allowed (--max-memory)';
  const parsed = parseJson(text);
  if (!parsed.ok) return `${parsed.error.problem} (${parsed.error.place})`;
  const checked = documentSchema.safeParse(parsed.value);
  if (!checked.success) {
    const { place, problem } = schemaProblem(checked.error);
    return `is no record of damo: ${place} ${problem}`;
  }
  return checked.data.flatMap((record) =>
    record.snapshots.flatMap((snapshot) => {
      const endNs = nanosecondsOf(snapshot.end_time);
      return snapshot.regions.flatMap((region) => regionOf(region, String(record.target_id ?? 0), endNs));
    }),
  );
}

function textOf(bytes: Uint8Array, isCompressed: boolean, longest: Bytes): string | undefined {
  try {
    const plain = isCompressed ? inflateSync(bytes, { maxOutputLength: longest }) : bytes;
    return plain.length > longest ? undefined : new TextDecoder().decode(plain);
  } catch {
    return undefined;
  }
}

type RegionShape = z.infer<typeof documentSchema>[number]['snapshots'][number]['regions'][number];

/** damo marks the end of a lone snapshot by an empty region with −1 accesses, which is none. */
function regionOf(region: RegionShape, target: string, endNs: number): RegionRecord[] {
  const { nr_accesses: said, age } = region;
  const accesses = countOf(typeof said === 'object' ? said?.samples : said);
  const start = countOf(region.start);
  const end = countOf(region.end);
  if (!(end > start) || !(accesses >= 0)) return [];
  const years = typeof age === 'object' ? age?.aggr_intervals : age;
  return [
    {
      target,
      endNs,
      start,
      end,
      accesses,
      age: years === null || years === undefined ? undefined : countOf(years),
    },
  ];
}

function countOf(value: number | string | null | undefined): number {
  if (typeof value === 'number') return value;
  const match = /^(-?[\d,]+(?:\.\d+)?)/.exec(value?.trim() ?? '');
  return match === null ? Number.NaN : Number(match[1].replaceAll(',', ''));
}

const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86400e9,
};

/** `1 h 2 m 3.5 s`, or a bare number of nanoseconds. */
function nanosecondsOf(value: number | string): number {
  if (typeof value === 'number') return value;
  const parts = [...value.matchAll(/([\d,.]+)\s*(ns|us|ms|s|m|h|d)\b/g)];
  if (parts.length === 0) return countOf(value);
  return parts.reduce(
    (sum, [, number, unit]) => sum + Number(number.replaceAll(',', '')) * UNITS_NS[unit],
    0,
  );
}
