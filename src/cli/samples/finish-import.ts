/** The maps of what was imported, by process and by time, once everything has been read. */

import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { NO_TIME } from '../../formats/heat-file/schema.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import type { HeatSlices } from '../../hotness/heat-slices.js';
import type { HotMaps } from '../../hotness/hot-maps.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { withExcess } from './heat-merge.js';
import type { Imported } from './imported.js';

/** Processes get their names, which were not known while their samples came. */
export function finishMaps(
  imported: Imported,
  hot: HotMaps,
  sessions: readonly PerfSession[],
  live: readonly ProcessIdentity[],
): void {
  for (const met of hot.processes) {
    const process = live.find(({ pid }) => pid === met.pid) ?? met;
    const command = sessions.map((session) => session.state.threads.nameOf(process.pid)).find(Boolean);
    hot.name({ ...process, command: command ?? process.command });
  }
  imported.unplaced = hot.unplaced();
  imported.thinnedTo = hot.thinnedTo;
  imported.maps = hot.build(imported.origins);
  imported.nature = imported.maps[0]?.nature;
  for (const nature of hot.natures()) {
    const excess = hot.excess(nature);
    imported.origins.forEach((origin, at) => {
      if (origin.nature === nature) imported.origins.splice(at, 1, ...withExcess([origin], excess));
    });
  }
}

/** Time is not known where the clocks of several recordings cannot be related. */
export function finishSlices(imported: Imported, hot: HeatSlices, clock: HeatFacts['slices']['clock']): void {
  const slices = hot.slices.filter(({ maps }) => maps.natures().length > 0);
  if (clock === 'none' || slices.every(({ startMs }) => startMs === undefined)) {
    imported.timed = [{ timeMs: NO_TIME, maps: imported.maps }];
    if (slices.length > 1)
      imported.notes.push(
        'Times are not kept: the recordings do not say how their clocks relate; record with `perf record -k CLOCK_MONOTONIC`.',
      );
    return;
  }
  imported.slices = { clock, widthMs: hot.widthMs };
  imported.timed = slices.map(({ startMs = NO_TIME, maps }) => ({
    timeMs: startMs,
    maps: maps.build(imported.origins).filter(({ nature }) => nature === imported.nature),
  }));
}
