/** How a scenario describes kdamonds and their schemes. docs/simulate-damon.md describes every key. */
import * as z from 'zod';
import { ACTIONS, GOAL_METRICS } from '../../model/kernel/damon/core/generations.js';
import { BytesText, DurationText, StepText } from '../workloads/quantities.js';

const Count = z.int().min(0).max(0xffffffff);

/** DAMON counts in microseconds; an interval of none would be waited for without end. */
const IntervalText = DurationText.refine((value) => value >= 1000, 'must be at least 1us, the unit of DAMON');

const SchemeText = z.strictObject({
  action: z.enum(ACTIONS),
  /** target_order, on kernels that have it. */
  order: z.int().min(0).max(9).optional(),
  /** Time between two passes; each aggregation when left out. */
  every: StepText.optional(),
  /** Closed intervals of the access pattern: bytes, samples with access, and aggregations without change. */
  size: z.tuple([BytesText, BytesText.or(z.literal('max'))]).default([0, 'max']),
  accesses: z.tuple([Count, Count]).default([0, 0xffffffff]),
  age: z.tuple([Count, Count]).default([0, 0xffffffff]),
  /** Only these parts of processes, each by one address filter: bytes from the start of the process's area. */
  only: z
    .array(z.strictObject({ process: z.string(), from: BytesText.default(0), bytes: BytesText }))
    .default([]),
  /** Passes after which the scheme stops (max_nr_snapshots). */
  passes: z.int().min(1).optional(),
  quota: z
    .strictObject({
      bytes: BytesText.default(0),
      time: DurationText.default(0),
      window: IntervalText,
      /** What the quota is tuned towards: a metric of the kernel, in its unit. */
      goal: z.strictObject({ metric: z.enum(GOAL_METRICS), target: z.int().min(1) }).optional(),
    })
    .optional(),
});

/** Schema of one kdamond of a scenario. */
export const KdamondText = z.strictObject({
  /** When it is turned on. */
  at: DurationText.default(0),
  operations: z.enum(['vaddr', 'fvaddr', 'paddr']).default('vaddr'),
  /** Processes by name. With fvaddr each is watched in its area only. */
  targets: z.array(z.string()).default([]),
  sample: IntervalText.default(5e6),
  aggregation: IntervalText.default(100e6),
  update: IntervalText.default(60e9),
  regions: z.tuple([z.int().min(3), z.int().min(3)]).default([10, 1000]),
  schemes: z.array(SchemeText).default([]),
});

/** A checked kdamond. */
export type KdamondDescription = z.infer<typeof KdamondText>;
/** A checked scheme of a kdamond. */
export type SchemeDescription = KdamondDescription['schemes'][number];

/** Returns the first process that a kdamond names and the scenario does not have, and where it stands. */
export function unknownTarget(
  damon: readonly KdamondDescription[],
  names: ReadonlySet<string>,
): { readonly path: (string | number)[]; readonly name: string } | undefined {
  for (const [index, { targets, schemes }] of damon.entries()) {
    for (const [place, name] of targets.entries()) {
      if (!names.has(name)) return { path: ['damon', index, 'targets', place], name };
    }
    for (const [scheme, { only }] of schemes.entries()) {
      const place = only.findIndex(({ process }) => !names.has(process));
      if (place >= 0) {
        const path = ['damon', index, 'schemes', scheme, 'only', place, 'process'];
        return { path, name: only[place].process };
      }
    }
  }
  return undefined;
}
