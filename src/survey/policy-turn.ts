/** Asks the chosen policy about looks: the same reading of content, heat and planning as in a turn, nothing carried out. */
import { assembleTurn, type TurnRequest } from '../config/assemble.js';
import { readFeuds, readRegrets } from '../cycle/aftermath.js';
import { readBeliefs } from '../cycle/belief-file.js';
import { readCosts } from '../cycle/cost-file.js';
import type { JournalPlace } from '../cycle/journal.js';
import { type PlannedTurn, planOn } from '../cycle/plan-turn.js';
import type { Host } from '../host/host.js';
import { OCCUPANCY_DEFAULTS, OccupancySource } from '../sources/occupancy.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { BlockNumber, ProcessId } from '../vocabulary/units.js';

/** The turn over these looks, with the content of these blocks; undefined on a kernel without THP. */
export type JudgeBlocks = (
  host: Host,
  sizes: readonly PageSizes[],
  only: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>,
) => Promise<PlannedTurn | undefined>;

/** Which policy is asked, and where. */
export interface PolicyTurnOptions {
  readonly place: JournalPlace;
  /** Policy, its parameters and heat; the target is every process. */
  readonly request: TurnRequest;
  readonly signal: AbortSignal;
  progress(what: string, done: number, total: number, unit: string): void;
}

/** A survey plans what a policy would do without bounds on how much of it. */
const UNBOUNDED = { maxBlocks: 0, maxBytes: 0 } as const;

/** Returns a function that asks the policy; undefined comes back on a host without THP. */
export function policyTurn(options: PolicyTurnOptions): JudgeBlocks {
  const { place, request, signal, progress } = options;
  return async (host, sizes, only) => {
    if (!readThpSettings(host).present) return undefined;
    const processes = sizes.map(({ process }) => process);
    const assembled = await assembleTurn(host, { ...request, processes, budgets: UNBOUNDED });
    const content = new OccupancySource({ ...OCCUPANCY_DEFAULTS, only });
    const beliefs = assembled.policy.usesBeliefs === true ? readBeliefs(place).beliefs : undefined;
    return planOn(
      {
        host,
        id: 'survey',
        ...assembled,
        sources: [...assembled.sources.filter(({ name }) => name !== content.name), content],
        feuds: readFeuds(place),
        regrets: readRegrets(place),
        costs: readCosts(place).book,
        ...(beliefs === undefined ? {} : { beliefs }),
        signal,
        progress,
      },
      sizes,
      { before: [], after: () => [] },
    );
  };
}
