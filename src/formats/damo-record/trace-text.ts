/** The text of tracefs, or of `trace-cmd report`, with damon_aggregated events, as regions of a record. */
import { parseAggregated } from '../damon-trace.js';
import type { RegionRecord } from './region.js';

/** Each kdamond has targets of its own, whose numbers begin at 0. */
export function parseDamonTrace(text: string): readonly RegionRecord[] {
  return text.split('\n').flatMap((line) => {
    const found = parseAggregated(line);
    if (found === undefined) return [];
    const { kdamondPid, target, seconds, start, end, accesses, age } = found;
    return {
      target: `${kdamondPid}/${target}`,
      endNs: Math.round(seconds * 1e9),
      ...{ start: Number(start), end: Number(end), accesses, age },
    };
  });
}
