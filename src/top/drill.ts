/** Below a target: its processes, a process's mappings, and the blocks of a mapping. Each is looked at when it is asked for. */
import type { Host } from '../host/host.js';
import { explainBlock } from '../kernel-rules/eligibility.js';
import { everyProcess } from '../services/every-process.js';
import { LockMeter } from '../survey/lock-meter.js';
import { type Look, Looker } from '../survey/look.js';
import { personNamed } from '../survey/people.js';
import { blockState } from '../verification/block-rows.js';
import { type CensusTotals, censusByMapping } from '../verification/census.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import type { Mapping } from '../vocabulary/mapping.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import { blockToPage, type Nanoseconds, type ProcessId, pageToAddress } from '../vocabulary/units.js';

/** A process of a target. */
export interface ProcessLine {
  readonly pid: ProcessId;
  readonly command: string;
}

/** Those of the processes that are still there. */
export function processesOf(host: Host, pids: readonly ProcessId[]): readonly ProcessLine[] {
  const wanted = new Set(pids);
  return everyProcess(host)
    .seen.filter(({ pid }) => wanted.has(pid))
    .map(({ pid, command }) => ({ pid, command }));
}

/** A mapping with its sums. */
export interface MappingLine {
  readonly index: number;
  readonly address: string;
  readonly mapping: Mapping;
  readonly totals: CensusTotals;
}

/** A process that was looked at. */
export interface Opened {
  readonly look: Look;
  /** The largest first. */
  readonly mappings: readonly MappingLine[];
}

/** Looks at a process within a time of its lock. Throws TARGET_GONE or PERMISSION. */
export function openProcess(host: Host, pid: ProcessId, lockNs: Nanoseconds, signal: AbortSignal): Opened {
  const person = personNamed(host, pid);
  const untilNs = host.clock.monotonicNs() + 100 * lockNs;
  const look = new Looker(new LockMeter(host)).look(person, { lockNs, untilNs, signal });
  const { sizes } = look;
  const mappings = [...censusByMapping(sizes)].map(([index, totals]) => ({
    index,
    address: pageToAddress(sizes.mappings[index].start, sizes.geometry),
    mapping: sizes.mappings[index],
    totals,
  }));
  return {
    look,
    mappings: mappings.sort((left, right) => right.totals.residentBytes - left.totals.residentBytes),
  };
}

/** A block with its state. */
export interface BlockLine {
  readonly address: string;
  readonly state: BlockState;
}

/** The blocks of a mapping that were looked at, ascending. */
export function blocksOf({ look: { sizes } }: Opened, mapping: number): readonly BlockLine[] {
  const lines: BlockLine[] = [];
  for (let row = 0; row < sizes.blocks.count; row++) {
    if (sizes.blocks.mapping[row] !== mapping) continue;
    const address = pageToAddress(blockToPage(sizes.blocks.block[row], sizes.geometry), sizes.geometry);
    lines.push({ address, state: blockState(sizes.blocks, row) });
  }
  return lines;
}

/** Why a block is or is not huge. */
export function whyOf(
  host: Host,
  { look: { sizes } }: Opened,
  mapping: number,
  state: BlockState,
): readonly string[] {
  const { geometry, thpDisabledByPrctl, mappings } = sizes;
  const settings = readThpSettings(host);
  return explainBlock({ mapping: mappings[mapping], state, settings, geometry, thpDisabledByPrctl });
}
