/** Puts heat files together: their counters add up, and what they say of themselves is kept. */
import type { HeatFacts } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { Fraction } from '../../vocabulary/units.js';
import { mergedMaps, nameAt } from './heat-maps.js';
import { joinedRows, viewRows } from './view.js';

export interface Merged {
  readonly file: Uint8Array;
  readonly facts: HeatFacts;
}

/** The bytes of one heat file with the samples of all. */
export async function mergeHeat(sources: readonly HeatFileSource[]): Promise<Merged> {
  const { hot, maps, names } = await mergedMaps(sources);
  const together = mergedFacts(sources.map((source) => source.facts));
  const facts = {
    ...together,
    origins: withExcess(together.origins, hot.excess(together.nature)),
    unplaced: summed([together.unplaced, hot.unplaced()]),
  };
  return { facts, file: writeHeatFile(maps, facts, (pid, page) => nameAt(names, pid, page)) };
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
