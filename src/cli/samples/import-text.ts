/** What was imported, as a document and in words. */
import type { Tally } from '../../formats/perf-data/tally.js';
import { resolvedLines } from '../../sources/resolved.js';
import { NATURES } from '../../vocabulary/nature.js';
import { KIB, MIB } from '../../vocabulary/units.js';
import { STANDARD_OUTPUT } from '../output.js';
import { showBytes } from '../print/units.js';
import type { Imported } from './imported.js';
import { nothingImported, nothingLines } from './nothing-sampled.js';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Returns the document `import`. */
export function importDocument(
  imported: Imported,
  paths: readonly string[],
  out: string | undefined,
): object {
  const { tally, damage } = imported;
  return {
    octavo: 'import',
    version: 1,
    recordings: paths,
    samples: tally.samples,
    withAddress: tally.withAddress,
    withPhysical: tally.withPhysical,
    sumAddress: hex(tally.sumAddress),
    xorAddress: hex(tally.xorAddress),
    pageBytes: tally.geometry.pageBytes,
    blockBytes: tally.geometry.blockBytes,
    pages: tally.pages,
    blocks: tally.blocks,
    physicalBlocks: tally.physicalBlocks,
    ...namedBySize(tally),
    pagesAreLowerBounds: tally.pagesAreLowerBounds,
    byThread: tally.byThread,
    samplesOfFurtherThreads: tally.ofOtherThreads,
    guests: tally.guests,
    lost: imported.lost,
    damaged: imported.damagedBytes,
    damage: { places: damage.count, first: damage.places },
    losses: imported.losses,
    events: imported.events,
    nature: imported.nature ?? null,
    provenance: imported.recordings.map(({ sketch: _, coarseSketch: __, ...facts }) => facts),
    thinnedTo: imported.thinnedTo,
    dataSources: imported.dataSources,
    regions: imported.regions,
    bytesRead: imported.bytesRead,
    notes: imported.notes,
    nothing: nothingImported(imported) ?? null,
    ...(imported.resolved === undefined ? {} : { resolved: imported.resolved }),
    ...(out === undefined ? {} : { heat: out, unplaced: imported.unplaced }),
  };
}

/** The same under the names that say the sizes, which other readers of perf.data count in: where these are the sizes. */
function namedBySize({ geometry, pages, blocks, physicalBlocks }: Tally): object {
  const isThat = geometry.pageBytes === 4 * KIB && geometry.blockBytes === 2 * MIB;
  return isThat ? { pages4k: pages, pages2m: blocks, pages2mPhysical: physicalBlocks } : {};
}

/** Returns what was imported as lines for a terminal: samples, places, losses. */
export function importText(imported: Imported, out: string | undefined): string[] {
  const { tally } = imported;
  const { pageBytes, blockBytes } = tally.geometry;
  const lines = [
    `${tally.samples} samples, ${tally.withAddress} with an address, ${tally.withPhysical} with a physical one`,
    `${tally.pages} pages of ${showBytes(pageBytes)} in ${tally.blocks} of ${showBytes(blockBytes)}; ${tally.physicalBlocks} physical blocks of ${showBytes(blockBytes)}`,
  ];
  if (tally.guests.samples > 0) lines.push(`${tally.guests.samples} samples of guests, counted apart`);
  if (imported.regions > 0) lines.push(`${imported.regions} regions of DAMON`);
  for (const { name, nature, why } of imported.events)
    lines.push(`event ${name}: samples of ${NATURES[nature].says} (${why})`);
  for (const [thread, count] of Object.entries(tally.byThread).slice(0, 5)) {
    lines.push(`${count} samples of pid/tid ${thread}`);
  }
  for (const [reason, count] of Object.entries(imported.losses)) lines.push(`${count} ${reason}`);
  for (const [reason, count] of Object.entries(imported.unplaced))
    lines.push(`${count} samples not placed: ${reason}`);
  if (imported.resolved !== undefined) lines.push(...resolvedLines(imported.resolved));
  lines.push(...imported.notes);
  const nothing = nothingImported(imported);
  if (nothing !== undefined) lines.push(...nothingLines(nothing));
  if (imported.thinnedTo > 1)
    lines.push(
      `heat of 1 in ${imported.thinnedTo} blocks was kept, chosen at random, to stay within --max-memory; of the others nothing is known`,
    );
  if (out !== undefined)
    lines.push(
      `heat of ${imported.maps.length} processes written to ${out === STANDARD_OUTPUT ? 'standard output' : out}`,
    );
  return lines;
}
