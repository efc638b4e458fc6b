/** Puts heat files together: their counters add up, and what they say of themselves is kept. */

import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { NO_TIME } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import { HeatSlices } from '../../hotness/heat-slices.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { Fraction } from '../../vocabulary/units.js';
import { mergedMaps, nameAt } from './heat-maps.js';
import { joinedRows, viewRows } from './view.js';

/** As many as an import with --slice may have. */
const MOST_SLICES = 64;

/** The bytes of the merged file, and what it says of itself. */
export interface Merged {
  readonly file: Uint8Array;
  readonly facts: HeatFacts;
}

/** The bytes of one heat file with the samples of all. */
export async function mergeHeat(sources: readonly HeatFileSource[], signal: AbortSignal): Promise<Merged> {
  const merged = await mergedMaps(sources);
  throwIfStopped(signal);
  const together = mergedFacts(sources.map((source) => source.facts));
  const slices = await slicesOf(sources, together, signal);
  const hot = slices?.total() ?? merged.hot;
  const facts: HeatFacts = {
    ...together,
    origins: withExcess(together.origins, hot.excess(together.nature)),
    unplaced: summed([together.unplaced, hot.unplaced()]),
  };
  const nameMapping = (pid: number, page: number) => nameAt(merged.names, pid, page);
  if (slices === undefined) return { facts, file: writeHeatFile(merged.maps, facts, nameMapping) };
  for (const { process } of merged.maps) hot.name(process);
  const origins = sources.map(({ origin }) => origin);
  const timed = slices.slices.map(({ startMs = NO_TIME, maps }) => ({
    timeMs: startMs,
    maps: maps.build(origins),
  }));
  const known: HeatFacts = {
    ...facts,
    slices: { clock: sources[0].facts.slices.clock, widthMs: slices.widthMs },
  };
  return { facts: known, file: writeHeatFile(hot.build(origins), known, nameMapping, timed) };
}

/** Samples by time, undefined where the clocks of the files cannot be related. */
async function slicesOf(
  sources: readonly HeatFileSource[],
  { nature }: HeatFacts,
  signal: AbortSignal,
): Promise<HeatSlices | undefined> {
  const { widthMs } = commonSlices(sources.map(({ facts }) => facts));
  if (widthMs === null) return undefined;
  const slices = new HeatSlices({ geometry: sources[0].geometry }, { widthMs, most: MOST_SLICES });
  for (const source of sources)
    for await (const reading of source.read({ signal, progress: () => {} }))
      if (reading.kind === 'samples') slices.addSamples(reading.batch, nature);
  throwIfStopped(signal);
  return slices;
}

/** The widest slices, on one clock: the recordings' own is one only within one boot. */
function commonSlices(all: readonly HeatFacts[]): HeatFacts['slices'] {
  const none = { clock: 'none', widthMs: null } as const;
  const [{ clock }] = all.map(({ slices }) => slices);
  if (all.some(({ slices }) => slices.clock !== clock)) return none;
  const boots = new Set(all.flatMap(({ recordings }) => recordings.map(({ bootId }) => bootId)));
  if (clock === 'recording' && (boots.size !== 1 || boots.has(null))) return none;
  return { clock, widthMs: Math.max(...all.map(({ slices }) => slices.widthMs ?? 0)) || null };
}

/** Origins of which a share of the accesses is not spoken for, because samples of larger periods stand for it. */
export function withExcess<Origin extends { readonly unseenShare: Fraction }>(
  origins: readonly Origin[],
  excess: Fraction,
): Origin[] {
  return origins.map((origin) => ({
    ...origin,
    unseenShare: 1 - (1 - origin.unseenShare) * (1 - excess),
  }));
}

function mergedFacts(all: readonly HeatFacts[]): HeatFacts {
  const [first] = all;
  const processes = new Map(all.flatMap((facts) => facts.processes).map((known) => [known.pid, known]));
  const mappings = new Map(
    all
      .flatMap((facts) => facts.mappings ?? [])
      .map((kept) => [`${kept.pid} ${kept.start} ${kept.end}`, kept]),
  );
  return {
    ...first,
    slices: { clock: 'none', widthMs: null },
    origins: all.flatMap((facts) => facts.origins),
    recordings: all.flatMap((facts) => facts.recordings),
    processes: [...processes.values()],
    thinned_to: Math.max(...all.map((facts) => facts.thinned_to)),
    // What an old file does not say is not known of the whole either.
    written_as: Math.min(...all.map((facts) => facts.written_as)),
    samples: all.reduce((sum, facts) => sum + facts.samples, 0),
    unplaced: summed(all.map((facts) => facts.unplaced)),
    views: joinedRows(all.flatMap((facts) => viewRows(facts))),
    losses: summed(all.map((facts) => facts.losses)),
    mappings: [...mappings.values()].sort(
      (a, b) => a.pid - b.pid || Number(BigInt(a.start) - BigInt(b.start)),
    ),
  };
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all)
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}
