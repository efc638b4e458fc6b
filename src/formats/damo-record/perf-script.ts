/** Lines of `perf script` on damon:damon_aggregated and damon:damos_before_apply, as damo keeps them. */
import type { RegionRecord } from './region.js';

const LINE =
  /\s(\d+)\.(\d{3,9}):\s+damon:(?:damon_aggregated|damos_before_apply):\s.*?(?:target_id|target_idx)=(\d+)\s+nr_regions=\d+\s+(\d+)-(\d+):\s+(\d+)(?:\s+(\d+))?\s*$/;

/** The region of a line; undefined for a line of something else. */
export function parseDamonLine(line: string): RegionRecord | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, seconds, fraction, target, start, end, accesses, age] = match;
  return {
    target,
    endNs: Number(seconds) * 1e9 + Number(fraction.padEnd(9, '0')),
    start: Number(start),
    end: Number(end),
    accesses: Number(accesses),
    age: age === undefined ? undefined : Number(age),
  };
}

/** Regions of a text, and how many lines were not understood. */
export interface ScriptRead {
  readonly regions: RegionRecord[];
  /** Lines that were neither empty, nor comments, nor of DAMON. */
  readonly otherLines: number;
}

/** Returns the regions of a text of `perf script`, in its order. */
export function parseDamonScript(text: string): ScriptRead {
  const regions: RegionRecord[] = [];
  let otherLines = 0;
  for (const line of text.split('\n')) {
    const region = parseDamonLine(line);
    if (region !== undefined) regions.push(region);
    else if (line.trim() !== '' && !line.startsWith('#')) otherLines++;
  }
  return { regions, otherLines };
}
