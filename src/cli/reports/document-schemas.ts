/** Documents that reports are made of, checked as far as reports read them: a file may come from anywhere. */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';
import type { Comparison } from '../../compare/comparison.js';
import { RecordSchema } from '../../cycle/journal-records.js';
import type { SimulationOutcome } from '../../simulator/run/outcome.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { AnyPlanSchema } from '../../vocabulary/older-plans.js';
import { VerdictSchema } from '../../vocabulary/plan.js';
import type { ToldHistory } from './history-story.js';
import type { ToldRun } from './run-story.js';

const Num = z.number();
const Count = z.number().nonnegative();
const Text = z.string();
const Maybe = z.number().nullable();

const tlb = z.looseObject({ accesses: Count, firstLevelMisses: Count, walks: Count });
const spent = z.looseObject({ think: Num, translation: Num, fault: Num, stall: Num });
const tail = z.looseObject({ p50Ns: Count, p99Ns: Count, p999Ns: Count, worstNs: Count });

const timelineRow = z.looseObject({
  atMs: Count,
  processes: z.array(z.looseObject({ name: Text, rss: Count, huge: Count, bloat: Count, perSecond: Count })),
  splits: Count,
  collapses: Count,
  tlb,
});

const processOutcome = z.looseObject({
  ...{
    name: Text,
    workload: Text,
    rss: Count,
    pmdMapped: Count,
    byOrder: z.array(Count).max(32),
    bloat: Count,
  },
  ...{ meanRss: Count, peakRss: Count, perSecond: Count, allBasePerSecond: Count, allHugePerSecond: Count },
  ...{ nsPerAccess: spent, accessTime: tail, worstGapNs: Count, majorFaults: Count },
});

const powerOfTwo = z
  .int()
  .refine((value) => value > 0 && Number.isInteger(Math.log2(value)), 'no power of two');

const processHeat = z
  .looseObject({
    ...{
      process: Text,
      pid: z.int().nonnegative(),
      firstPage: z.int().nonnegative(),
      pages: z.int().positive(),
    },
    ...{ rowPages: powerOfTwo, fromMs: Count },
    slices: z
      .array(z.looseObject({ toMs: Count, accesses: z.array(Count).max(256), huge: z.array(Count).max(256) }))
      .max(4096),
  })
  .refine(
    ({ pages, rowPages, slices }) =>
      slices.every(({ accesses, huge }) =>
        [accesses, huge].every((rows) => rows.length === Math.ceil(pages / rowPages)),
      ),
    'a slice has another number of rows than the area',
  );

const outcome = z
  .looseObject({
    ...{
      octavo: z.literal('outcome'),
      version: z.literal(1),
      scenario: Text,
      about: Text,
      seed: Num,
      cpu: Text,
    },
    ...{ pageBytes: powerOfTwo, blockBytes: powerOfTwo, durationMs: Count },
    ...{ timeline: z.array(timelineRow), processes: z.array(processOutcome), tlb },
    ...{ usedBytes: Count, meanUsedBytes: Count, peakUsedBytes: Count, notes: z.array(Text) },
    costs: z.looseObject({
      ...{ splits: Count, collapses: Count, khugepagedCollapses: Count, callNs: Count, khugepagedNs: Count },
      ...{ kernelThreadsNs: Count, octavoNs: Count, shootdowns: Count, heldNs: Count, faultNs: Count },
    }),
    agent: z
      .looseObject({
        ...{ turns: Count, met: Count, notMet: Count },
        splits: z.looseObject({
          ...{ blocks: Count, returnedBytes: Num, takenBackByKernelBytes: Num },
          ...{ takenBackByProcessBytes: Num, hugeAgain: Count },
        }),
      })
      .optional(),
    service: z
      .looseObject({
        targets: z.array(
          z.looseObject({
            ...{ name: Text, standing: Text, reason: Text, totals: z.record(Text, Num) },
            touched: z.array(Text),
          }),
        ),
        troubles: z.array(Text),
      })
      .optional(),
    heat: z.array(processHeat).max(64).optional(),
  })
  .refine(areSizes, 'pageBytes and blockBytes are no sizes of pages and huge pages');

const estimate = z.looseObject({ value: Num, low: Maybe, high: Maybe }).nullable();
const place = { workload: Text, cpu: Text, pressure: Text, policy: Text };

const comparison = z.looseObject({
  ...{ octavo: z.literal('comparison'), version: z.literal(1), notes: z.array(Text) },
  policies: z.array(z.looseObject({ name: Text, brief: Text, source: Text, simplified: Text })),
  cells: z.array(z.looseObject({ ...place, seed: Num, unable: Text.nullable() })),
  groups: z.array(
    z.looseObject({
      ...place,
      ...{
        bloatRemoved: estimate,
        speedKept: estimate,
        product: estimate,
        shareOfBound: estimate,
        slowdown: estimate,
      },
    }),
  ),
  standings: z.array(
    z.looseObject({
      ...{ policy: Text, places: Count, product: estimate, shareOfBound: estimate },
      ...{ bloatRemoved: Maybe, speedKept: Maybe },
      harm: z.looseObject({ slowdown: Maybe, actedShare: Maybe }),
    }),
  ),
  published: z.array(z.looseObject({ label: Text, bloatRemoved: Num, speedKept: Num, source: Text })),
});

const run = z
  .looseObject({
    ...{ octavo: z.literal('journal'), version: z.literal(1), run: Text, state: Text },
    ...{ plan: AnyPlanSchema, records: z.array(RecordSchema), verdicts: z.array(VerdictSchema) },
  })
  .refine(({ plan }) => areSizes(plan.geometry), 'plan.geometry has no sizes of pages and huge pages');

function areSizes({
  pageBytes,
  blockBytes,
}: {
  readonly pageBytes: number;
  readonly blockBytes: number;
}): boolean {
  const order = Math.log2(blockBytes / pageBytes);
  return Number.isInteger(Math.log2(pageBytes)) && Number.isInteger(order) && order >= 1;
}

const moment = Text.refine((text) => !Number.isNaN(Date.parse(text)), 'is no moment of time');

const history = z.looseObject({
  ...{ octavo: z.literal('history'), version: z.literal(1), tier: Text, damage: z.array(Text) },
  spans: z.array(
    z.looseObject({
      ...{ from: moment, until: moment, turns: Count },
      targets: z.array(
        z.looseObject({
          ...{ target: Text, policy: Text, state: Text, turns: Count, notes: z.array(Text) },
          values: z.record(Text, z.looseObject({ known: Count, sum: Num, last: Num.optional() }).nullable()),
        }),
      ),
    }),
  ),
});

/** A document that a report can be made of, by its kind. */
export type ToldDocument =
  | { readonly kind: 'history'; readonly history: ToldHistory }
  | { readonly kind: 'run'; readonly run: ToldRun }
  | { readonly kind: 'simulation'; readonly outcome: SimulationOutcome }
  | { readonly kind: 'comparison'; readonly comparison: Comparison };

/** The document of a text; FILE_MALFORMED with the place when a report cannot be made of it. */
export function readDocument(text: string, path: string): ToldDocument {
  const parsed = parseJson(text);
  if (!parsed.ok) throw malformed(path, parsed.error.place, parsed.error.problem);
  const kind = (parsed.value as { octavo?: unknown } | null)?.octavo;
  if (kind === 'journal') return { kind: 'run', run: checked(run, parsed.value, path) as unknown as ToldRun };
  if (kind === 'outcome')
    return {
      kind: 'simulation',
      outcome: checked(outcome, parsed.value, path) as unknown as SimulationOutcome,
    };
  if (kind === 'comparison')
    return {
      kind: 'comparison',
      comparison: checked(comparison, parsed.value, path) as unknown as Comparison,
    };
  if (kind === 'history')
    return { kind: 'history', history: checked(history, parsed.value, path) as unknown as ToldHistory };
  const what = typeof kind === 'string' ? `a document \`${kind}\`` : 'no document of Octavo';
  const wanted =
    'reports are of `octavo runs RUN`, `octavo simulate`, `octavo compare` and `octavo history`, each with --json';
  throw malformed(path, 'octavo', `is ${what}; ${wanted}`);
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.infer<Schema> {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const { place: at, problem } = schemaProblem(found.error);
  throw malformed(path, at, problem);
}

function malformed(path: string, place: string, problem: string): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, place, problem });
}
