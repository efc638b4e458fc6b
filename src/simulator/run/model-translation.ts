/** A model's CPU as policies see it: what they would know of it on a host. */
import { type Cpu, type TlbArray, waitedShare } from '../../model/cpus/cpu.js';
import { type Translation, USUAL_TRANSLATION } from '../../vocabulary/translation.js';

/** Clock at which the usual times of walks hold. */
const USUAL_GHZ = 3;

/** Returns the translation costs of a model CPU. */
export function modelTranslation(cpu: Cpu): Translation {
  const { second, coalescing, clockGhz, walk } = cpu;
  const entries = second.entries.value;
  const kept = keptShare(second);
  const huge = cpu.first.find(({ holds }) => holds.includes('huge')) ?? cpu.first[0];
  // What overlaps with other work is taken off, as for every Translation.
  const waited = waitedShare(cpu);
  const slower = (USUAL_GHZ / clockGhz.value) * waited;
  return {
    entries: Math.round(kept * entries),
    hugeEntries: Math.round(kept * (second.hugeEntries?.value ?? entries)),
    runPages: coalescing?.pages.value ?? 1,
    runBy: coalescing?.by ?? 'none',
    smallWalkNs: USUAL_TRANSLATION.smallWalkNs * slower,
    hugeWalkNs: USUAL_TRANSLATION.hugeWalkNs * slower,
    tables: {
      cachedLines: walk.cachedLines.value,
      directoryEntries: walk.directoryEntries.value,
      nearNs: (waited * walk.nearCycles.value) / clockGhz.value,
      farNs: (waited * walk.farCycles.value) / clockGhz.value,
    },
    first: {
      entries: huge.entries.value,
      isShared: huge.holds.includes('base'),
      secondHitNs: (waited * cpu.secondHitCycles.value) / clockGhz.value,
    },
    basis: `${entries} TLB entries (${cpu.title}, model)`,
  };
}

/**
 * Share of its entries that a set-associative array is worth: translations fall into sets by chance, and of as many as there
 * are entries 0.4 √w of each set's w are more than it holds (a Poisson deviate's mean excess). Of fewer none, and of more all
 * would have been lost anyhow: half of that is taken.
 */
function keptShare({ entries, ways }: TlbArray): number {
  return ways.value >= entries.value ? 1 : 1 - 0.2 / Math.sqrt(ways.value);
}
