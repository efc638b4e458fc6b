/**
 * What acts really cost on this host: durations of the last steps of each kind, and how right the expectations of the
 * last runs were. Hosts differ by a factor of ten and more, so that nothing but their own receipts tells. Pure.
 */
import * as z from 'zod';
import type { Cost, Proposal, Receipt, Step } from '../vocabulary/plan.js';
import type { Bytes, Microseconds, Milliseconds } from '../vocabulary/units.js';

/** Version of costs.json. */
export const COSTS_VERSION = 1;
/** Steps of a kind that are remembered: enough for a spread, few enough to follow a host whose load changes. */
const REMEMBERED_STEPS = 64;
/** Kinds that are remembered; the ones not met for longest go first. */
const REMEMBERED_KINDS = 64;
const REMEMBERED_RUNS = 16;
/** With fewer steps than this, what was assumed stands. */
const ENOUGH_STEPS = 3;

const KindSchema = z.object({
  kind: z.string().max(200),
  durationsUs: z.array(z.number().nonnegative()).max(REMEMBERED_STEPS),
});
const RunSchema = z.object({
  atMs: z.number(),
  steps: z.int().positive(),
  expectedUs: z.number().nonnegative(),
  measuredUs: z.number().nonnegative(),
  /** Steps whose expectation was measured on this host, not assumed. */
  known: z.int().nonnegative(),
});
/** Schema of costs.json, bounded in kinds and runs. */
export const CostsSchema = z.object({
  octavo: z.literal('costs'),
  version: z.literal(COSTS_VERSION),
  kinds: z.array(KindSchema).max(REMEMBERED_KINDS),
  runs: z.array(RunSchema).max(REMEMBERED_RUNS),
});

/** The book as a file. */
export type CostsDocument = z.infer<typeof CostsSchema>;
/** What a run was expected to take under locks, and what it took. */
export type RunCost = z.infer<typeof RunSchema>;

/** Tells what a step will take on this host, with the spread of what such steps took. */
export class CostBook {
  readonly #kinds: ReadonlyMap<string, readonly Microseconds[]>;
  readonly runs: readonly RunCost[];

  constructor(document?: CostsDocument) {
    this.#kinds = new Map(document?.kinds.map(({ kind, durationsUs }) => [kind, durationsUs]));
    this.runs = document?.runs ?? [];
  }

  /** The cost with what was measured in place of what was assumed, where enough was. */
  measured(proposal: Proposal, actuator: string, blockBytes: Bytes): Cost {
    const known = this.#kinds.get(kindOf(proposal, actuator, blockBytes)) ?? [];
    if (known.length < ENOUGH_STEPS) return proposal.cost;
    const sorted = [...known].sort((left, right) => left - right);
    const at = (quantile: number) => sorted[Math.floor(quantile * (sorted.length - 1))];
    const durationUs = at(0.5);
    const measured = { lowUs: at(0.1), highUs: at(0.9), steps: sorted.length };
    return { ...proposal.cost, durationUs, lockUs: durationUs, measured };
  }

  /** The book after a run: steps that had an answer of their own, and how right the plan was about them. */
  with(
    steps: readonly Step[],
    receipts: readonly Receipt[],
    blockBytes: Bytes,
    nowMs: Milliseconds,
  ): CostBook {
    const byId = new Map(steps.map((step) => [step.id, step]));
    const kinds = new Map(this.#kinds);
    const run = { atMs: nowMs, steps: 0, expectedUs: 0, measuredUs: 0, known: 0 };
    for (const receipt of receipts) {
      const step = byId.get(receipt.step);
      if (!step || !receipt.tried || receipt.durationUs <= 0 || hasFailed(receipt)) continue;
      const kind = kindOf(step.proposal, step.actuator, blockBytes);
      const known = kinds.get(kind) ?? [];
      kinds.delete(kind);
      kinds.set(kind, [...known, receipt.durationUs].slice(-REMEMBERED_STEPS));
      run.steps++;
      if (step.proposal.cost.measured) run.known++;
      run.expectedUs += step.proposal.cost.durationUs;
      run.measuredUs += receipt.durationUs;
    }
    if (run.steps === 0) return this;
    return new CostBook(documentOf(kinds, [...this.runs, run]));
  }

  document(): CostsDocument {
    return documentOf(this.#kinds, this.runs);
  }
}

function documentOf(
  kinds: ReadonlyMap<string, readonly Microseconds[]>,
  runs: readonly RunCost[],
): CostsDocument {
  const kept = [...kinds].slice(-REMEMBERED_KINDS);
  return {
    octavo: 'costs',
    version: COSTS_VERSION,
    kinds: kept.map(([kind, durationsUs]) => ({ kind, durationsUs: [...durationsUs] })),
    runs: runs.slice(-REMEMBERED_RUNS),
  };
}

/** A refusal takes a fraction of the time of an act and says nothing about one. */
function hasFailed({ answer }: Receipt): boolean {
  return /^E[A-Z]+\b/.test(answer);
}

/**
 * Steps that cost alike: of one actuator, action, order and block size, and within a quarter of what moves: pages that
 * a collapse copies, zero-filled pages that a split compares in full and frees.
 */
function kindOf({ action, targetOrder, cost, gain }: Proposal, actuator: string, blockBytes: Bytes): string {
  const moved = action === 'collapse' ? cost.copiedBytes : (gain.returnedBytes ?? 0);
  const quarter = Math.ceil((4 * moved) / blockBytes);
  return `${actuator} ${action} order ${targetOrder} of ${blockBytes} bytes, ${quarter} quarters moved`;
}
