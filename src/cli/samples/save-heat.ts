/** Writes the heat file of what was imported. */

import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { HEAT_VERSION } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { writeOutput } from '../output.js';
import type { Imported } from './imported.js';
import { touchedMappings } from './touched-mappings.js';

/** Rows of views kept in a heat file. */
const MOST_VIEW_ROWS = 100_000;

/** Writes the heat file of an import. Throws FILE_UNWRITABLE. */
export function saveHeat(
  context: OctavoContext,
  imported: Imported,
  geometry: PageGeometry,
  path: string,
): void {
  const facts: HeatFacts = {
    octavo: 'heat',
    version: HEAT_VERSION,
    page_bytes: geometry.pageBytes,
    block_bytes: geometry.blockBytes,
    nature: imported.nature ?? 'unknown',
    origins: imported.origins
      .filter(({ nature }) => nature === imported.nature)
      .map(({ fade: _, ...origin }) => ({ ...origin, windowNs: origin.windowNs ?? null })),
    recordings: imported.recordings.map(recordedFacts),
    processes: imported.maps.map(({ process }) => ({
      pid: process.pid,
      command: process.command,
      startTicks: process.startTicks === 0 ? null : process.startTicks,
    })),
    thinned_to: imported.thinnedTo,
    written_as: HEAT_VERSION,
    slices: imported.slices,
    samples: imported.tally.samples + imported.tally.guests.samples + imported.regionRows,
    unplaced: imported.unplaced,
    losses: imported.losses,
    mappings: touchedMappings(imported, geometry),
    views: imported.views.slice(0, MOST_VIEW_ROWS),
  };
  const file = writeHeatFile(imported.maps, facts, imported.nameMapping, imported.timed);
  writeOutput(context, path, file);
}

/** JSON has no undefined: what is not known is null. */
function recordedFacts(facts: RecordingFacts): HeatFacts['recordings'][number] {
  const { span, period, bootId, coarseSketch } = facts;
  return {
    ...facts,
    sketch: [...facts.sketch],
    coarseSketch: coarseSketch && [...coarseSketch],
    period: period ?? null,
    bootId: bootId ?? null,
    span: span === undefined ? null : { ...span, fromMs: span.fromMs ?? null },
  };
}
