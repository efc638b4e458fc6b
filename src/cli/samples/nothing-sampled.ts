/** Why a recording or heat file shows nothing of what is accessed, and what to do about it. */
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { NATURES, obstacle } from '../../vocabulary/nature.js';
import type { Imported } from './imported.js';

/** Why there is nothing to show, and a remedy. */
export interface NothingSampled {
  /** A clause: `none of the 12 samples has an address`. */
  readonly why: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
}

const RECORD =
  '`octavo record PID --out heat.parquet` takes the event of this CPU that samples memory accesses';
const OTHER_PROCESSES = 'samples of processes not asked for';
const OTHER_AUX = 'bytes of AUX data of another kind';

/** Reasons of what filters leave out. */
const FILTERED = /not asked for$|outside of the time asked for$/;

type Rule = (imported: Imported) => NothingSampled | undefined;

/** Why a recording shows nothing of what is accessed; undefined when it shows something. */
export function nothingImported(imported: Imported): NothingSampled | undefined {
  for (const rule of RULES) {
    const found = rule(imported);
    if (found !== undefined) return found;
  }
  return undefined;
}

const RULES: readonly Rule[] = [
  idleRegions,
  noSamples,
  guestsOnly,
  noAddresses,
  physicalOnly,
  noPlaces,
  noHeat,
];

function idleRegions({ regions, regionRows, tally }: Imported): NothingSampled | undefined {
  if (regions === 0 || regionRows > 0 || tally.withAddress > 0) return undefined;
  return {
    why: `none of the ${regions} regions of DAMON was found accessed`,
    remedy: 'Record for longer, while the process works, or with a shorter sampling interval.',
  };
}

function noSamples({ tally, regions, losses, events }: Imported): NothingSampled | undefined {
  if (tally.samples + tally.guests.samples + regions > 0) return undefined;
  const others = losses[OTHER_PROCESSES] ?? 0;
  if (others > 0) {
    return {
      why: `all ${others} samples are of processes that --pid does not name`,
      remedy: 'Leave out --pid: `byThread` of --json says of which processes there are samples.',
    };
  }
  const filtered = Object.entries(losses).filter(([reason]) => FILTERED.test(reason));
  if (filtered.length > 0) {
    return {
      why: `none of its samples is of what was asked for: ${inWords(filtered)}`,
      remedy:
        'Ask for more of it: --time, --tid, --comm, --cpu, --cgroup and --event each leave samples out.',
    };
  }
  const foreign = losses[OTHER_AUX] ?? 0;
  if (foreign > 0) {
    return {
      why: `its ${foreign} bytes of AUX data are no samples of memory (Intel PT, CoreSight)`,
      remedy: `${RECORD}.`,
    };
  }
  if (events.length === 0) return { why: 'it has no event', remedy: `${RECORD}.` };
  const names = events.map(({ name }) => name).join(', ');
  return {
    why: `no sample of ${names} was taken`,
    remedy: 'Record for longer, while the process works, or with a shorter period (perf record -c).',
  };
}

function guestsOnly({ tally }: Imported): NothingSampled | undefined {
  if (tally.samples > 0 || tally.guests.samples === 0) return undefined;
  return {
    why: `all ${tally.guests.samples} samples are of guests, whose addresses are of another machine`,
    remedy: 'Record inside the guest, or physical addresses on this host (`octavo record --physical`).',
  };
}

function noAddresses({ tally, events }: Imported): NothingSampled | undefined {
  if (tally.samples === 0 || tally.withAddress + tally.withPhysical > 0) return undefined;
  const names = events.map(({ name }) => name).join(', ');
  return {
    why: `none of the ${tally.samples} samples${names === '' ? '' : ` of ${names}`} has an address`,
    remedy: `Record with data addresses (perf record -d) an event that has them; ${RECORD}.`,
  };
}

function physicalOnly({ tally, resolved }: Imported): NothingSampled | undefined {
  if (tally.withAddress > 0 || tally.withPhysical === 0 || resolved !== undefined) return undefined;
  return {
    why: 'its samples have physical addresses only',
    remedy: 'Name the live processes to look for them in with --resolve.',
  };
}

/** Only where maps were built: without them nothing is placed. */
function noPlaces({ maps, unplaced }: Imported): NothingSampled | undefined {
  const reasons = Object.entries(unplaced);
  if (maps.length > 0 || reasons.length === 0) return undefined;
  return {
    why: `no sample lies in memory of a process: ${inWords(reasons)}`,
    remedy: `Sample accesses of user space (perf record -e EVENT:u); ${RECORD}.`,
  };
}

function noHeat({ events, tally }: Imported): NothingSampled | undefined {
  if (tally.samples === 0 || events.length === 0) return undefined;
  if (events.some(({ nature }) => obstacle(nature, 'rank') === '')) return undefined;
  const natures = [...new Set(events.map(({ nature }) => nature))];
  return {
    why: `it has samples of ${natures.map((nature) => NATURES[nature].says).join(' and ')} only, which say nothing of heat`,
    remedy: `${RECORD}.`,
  };
}

/** Why a heat file without rows, or without rows of `pids`, is empty. */
export function nothingInHeat(facts: HeatFacts, pids: ReadonlySet<number> | undefined): NothingSampled {
  if (pids !== undefined && facts.processes.length > 0) {
    const known = facts.processes.map(({ pid, command }) => `${pid} ${command}`.trim());
    return {
      why: `the file has no samples of process ${[...pids].join(', ')}`,
      remedy: `Give one of its processes: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}.`,
    };
  }
  const reasons = Object.entries(facts.unplaced);
  const left = reasons.length === 0 ? '' : `: ${inWords(reasons)}`;
  const why =
    facts.samples === 0
      ? 'no sample was taken'
      : `none of the ${facts.samples} samples lies in memory of a process${left}`;
  return { why, remedy: `Record for longer, while the process works; ${RECORD}.` };
}

/** `nothing was sampled`, for people. */
export function nothingLines({ why, remedy }: NothingSampled): string[] {
  return [`nothing to see: ${why}`, remedy];
}

function inWords(reasons: readonly (readonly [string, number])[]): string {
  return reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
}
