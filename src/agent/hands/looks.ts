/** The sources that the acting side has for what it may be asked to look at. */
import { checkedParameters, KINDS } from '../../config/kinds.js';
import { missingDamon } from '../../damon/damon-features.js';
import { chooseSlot, glanceAtDamonUse } from '../../damon/owner.js';
import type { Host } from '../../host/host.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../sources/damon-regions.js';
import { PerfPipeSource } from '../../sources/perf-pipe.js';
import { samplingEvent } from '../../sources/sampling-event.js';
import type { Source } from '../../sources/source.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Grant } from './grants.js';
import type { LookOffers, SampleRequest } from './protocol.js';

/** Share of a core that decoding of PMU samples may take; the period follows it. */
const DECODING_SHARE = 0.01;

/** Makes the source for a request, or says why there is none here. */
export type LookMaker = (
  host: Host,
  request: SampleRequest,
  grant: Grant,
  processes: readonly ProcessIdentity[],
) => Source | string;

/** Looks of a live host. A foreign DAMON tree is never used. */
export const makeLook: LookMaker = (host, request, grant, processes) => {
  const { look, windowMs, only } = request;
  const { geometry } = host.identity;
  if (look === 'damon-regions')
    return new DamonRegionsSource(geometry, { ...DAMON_REGIONS_DEFAULTS, windowMs, share: false });
  if (look === 'pmu') return pmuSource(host, windowMs, processes);
  const kind = KINDS.sources[look];
  const given = look === 'occupancy' ? { readRate: grant.readBytesPerSecond } : {};
  const blocks = only && new Map(only.map((one) => [one.pid, new Set(one.blocks)]));
  const [source] = kind.make(checkedParameters(kind, look, given), {
    host,
    ...(blocks === undefined ? {} : { only: blocks }),
  });
  return source;
};

function pmuSource(host: Host, windowMs: number, processes: readonly ProcessIdentity[]): Source | string {
  const event = samplingEvent(host, { physical: false });
  if (typeof event === 'string') return event;
  return new PerfPipeSource({
    event,
    scope: { kind: 'processes', pids: processes.map(({ pid }) => pid) },
    durationMs: windowMs,
    geometry: host.identity.geometry,
    bound: DECODING_SHARE,
    period: event.period,
  });
}

/** What is there to look with. Only reads: nothing is asked of DAMON. */
export function lookOffers(host: Host): LookOffers {
  const event = samplingEvent(host, { physical: false });
  return {
    pmu: typeof event === 'string' ? event : true,
    'damon-regions': damonOffer(host),
    occupancy: true,
    smaps: true,
  };
}

function damonOffer(host: Host): true | string {
  const missing = missingDamon(host);
  if (missing !== '') return missing;
  const choice = chooseSlot(glanceAtDamonUse(host), false);
  return typeof choice === 'object' ? `DAMON is used by ${choice.owner}` : true;
}
