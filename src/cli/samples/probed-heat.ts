/** What a probe saw as a heat file, for `octavo plan --heat`. */

import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { HEAT_VERSION } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import type { ProbeSource } from '../../sources/probe.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { OctavoContext } from '../context.js';
import { writeOutput } from '../output.js';

/** Writes the heat that a probe saw. Throws FILE_UNWRITABLE. */
export function saveProbedHeat(
  context: OctavoContext,
  path: string,
  heat: readonly HotMap[],
  source: ProbeSource,
  sizes: readonly PageSizes[],
): void {
  const { geometry } = context.host.identity;
  const { fade: _, ...origin } = source.origin;
  const facts: HeatFacts = {
    octavo: 'heat',
    version: HEAT_VERSION,
    page_bytes: geometry.pageBytes,
    block_bytes: geometry.blockBytes,
    nature: origin.nature,
    origins: [{ ...origin, windowNs: origin.windowNs ?? null }],
    recordings: [probing(context, heat, source)],
    processes: sizes.map(({ process: { pid, command, startTicks } }) => ({ pid, command, startTicks })),
    thinned_to: 1,
    written_as: HEAT_VERSION,
    slices: { clock: 'none', widthMs: null },
    samples: heat.reduce((sum, map) => sum + samplesOf(map), 0),
    unplaced: {},
    losses: source.account().losses,
    mappings: [],
  };
  const file = writeHeatFile(heat, facts, (pid, page) => nameOf(sizes, pid, page));
  writeOutput(context, path, file);
}

/** The probe as the one recording that the file is of. It ends now, and no other has its boot and moment. */
function probing(context: OctavoContext, heat: readonly HotMap[], source: ProbeSource) {
  const { host } = context;
  const { bootId } = host.identity;
  const { nature, event, unseenShare, windowNs } = source.origin;
  const toMs = host.clock.wallMs();
  const release = host.files.readText('/proc/sys/kernel/osrelease');
  return {
    name: source.origin.detail,
    fingerprint: `probe of boot ${bootId} until ${toMs}`,
    sketch: [],
    samples: heat.reduce((sum, map) => sum + samplesOf(map), 0),
    ...{ nature, event, unseenShare, bootId },
    period: null,
    span: { fromMs: windowNs === undefined ? null : toMs - windowNs / 1e6, toMs, isExact: true },
    ...{ host: '', kernel: release.ok ? release.value.trim() : '', cpu: '' },
  };
}

function samplesOf(map: HotMap): number {
  let samples = 0;
  for (const block of map.blocks()) samples += map.block(block)?.samples ?? 0;
  return samples;
}

function nameOf(sizes: readonly PageSizes[], pid: number, page: number) {
  const mappings = sizes.find(({ process }) => process.pid === pid)?.mappings ?? [];
  const found = mappings.find(({ start, end }) => start <= page && page < end);
  return found ? { name: found.name, end: found.end } : { name: '', end: Number.POSITIVE_INFINITY };
}
