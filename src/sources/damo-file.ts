/** The bytes of damo's records to regions: apart from their source, because the schema of the JSON takes long to load. */
import { parseDamoJson } from '../formats/damo-record/json.js';
import { parseDamonScript } from '../formats/damo-record/perf-script.js';
import { type DamoKind, damoKind, type RegionRecord } from '../formats/damo-record/region.js';
import { parseDamonTrace } from '../formats/damo-record/trace-text.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Bytes } from '../vocabulary/units.js';
import { DEFAULT_TEXT_BYTES, tooLong } from './text-bound.js';

/** Parses the bytes of a damo record; undefined when they are none, an OctavoError when they are damaged. */
export function readDamoRecord(
  path: string,
  bytes: Uint8Array,
  longest: Bytes = DEFAULT_TEXT_BYTES,
): readonly RegionRecord[] | undefined {
  const kind = damoKind(bytes);
  if (kind === undefined) return undefined;
  if (bytes.length > longest) throw tooLong(path, bytes.length, longest);
  const regions = parse(kind, bytes, longest);
  if (typeof regions === 'string') {
    throw new OctavoError('FILE_MALFORMED', { path, problem: regions, place: 'its records' });
  }
  return regions;
}

function parse(kind: DamoKind, bytes: Uint8Array, longest: Bytes): readonly RegionRecord[] | string {
  if (kind !== 'perf-script' && kind !== 'trace')
    return parseDamoJson(bytes, kind === 'compressed-json', longest);
  const text = new TextDecoder().decode(bytes);
  const regions = kind === 'trace' ? parseDamonTrace(text) : parseDamonScript(text).regions;
  return regions.length > 0 ? regions : 'holds no line of damon_aggregated';
}
