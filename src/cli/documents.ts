/**
 * Every kind of document that a command prints as JSON, once: which command, what it holds, and its schema. The table
 * of docs/using.md is made from it, and the tests hold every document they see against its schema. Kinds may grow by
 * keys within a version; a key that changes its meaning or goes makes a new version.
 */
import * as z from 'zod';
import { StatusSchema } from '../agent/life/status.js';
import { schemaProblem } from '../base/schema-words.js';
import { SERVICE_KINDS } from '../services/service-id.js';
import { BlockStateSchema, PlanSchema, ReceiptSchema, VerdictSchema } from '../vocabulary/plan.js';
import { ProcessIdentitySchema } from '../vocabulary/process-schema.js';

/** A kind of JSON document, as the table of docs/using.md and the tests need it. */
export interface DocumentKind {
  /** Command lines that print it, as a user writes them. */
  readonly from: string;
  readonly holds: string;
  readonly schema: z.ZodType;
}

const Count = z.number().nonnegative();
const Share = z.number().min(0).max(1).nullable();
const Counts = z.record(z.string(), z.number());
const Texts = z.array(z.string());
const AnyRows = z.array(z.looseObject({}));

/** A document of a kind: further keys are allowed, since a version may grow. */
function kind(name: string, from: string, holds: string, fields: z.ZodRawShape): DocumentKind {
  const schema = z.looseObject({ octavo: z.literal(name), version: z.literal(1), ...fields });
  return { from, holds, schema };
}

const BOUND = z.looseObject({ low: Count, high: Count.nullable() }).nullable();
const AMOUNTS = z.record(z.string(), Count.nullable());
const BOUNDS = z.record(z.string(), BOUND);

const SAMPLES = {
  samples: Count,
  withAddress: Count,
  withPhysical: Count,
  byThread: Counts,
  lost: z.unknown(),
  losses: Counts,
  events: AnyRows,
  notes: Texts,
  nothing: z.looseObject({ why: z.string(), remedy: z.string() }).nullable(),
};

const HEATMAP_ROW = { samples: Count, blocks: Counts };

/** Every kind by the value of its `octavo` key. */
export const DOCUMENTS: Readonly<Record<string, DocumentKind>> = {
  features: kind(
    'features',
    'doctor',
    'every finding: answer, fact and what it needs; a summary of abilities',
    {
      summary: z.looseObject({}),
      thp: z.looseObject({}),
    },
  ),
  census: kind(
    'census',
    'inspect',
    'per process: totals in bytes by order, level and kind; content; lines of RSS and of the charge; why not huge; mappings; with `--blocks` every block',
    {
      target: z.string(),
      processes: z.array(
        z.looseObject({
          process: ProcessIdentitySchema,
          totals: z.looseObject({ residentBytes: Count, bytesByOrder: z.array(Count) }),
          mappings: AnyRows,
          notHuge: AnyRows,
        }),
      ),
    },
  ),
  dashboard: kind('dashboard', 'dashboard', 'where it is served, and the token unless it is of a file', {
    at: z.string(),
    token: z.string().nullable(),
  }),
  survey: kind(
    'survey',
    'survey',
    'per target: bytes by name with bounds, what the policy would return at what cost, what was looked at; totals; what was not seen and why; bounds and what was spent',
    {
      by: z.string(),
      policy: z.string(),
      targets: z.array(
        z.looseObject({
          kind: z.enum(SERVICE_KINDS),
          name: z.string(),
          labels: z.record(z.string(), z.string()),
          bytes: AMOUNTS,
          bounds: BOUNDS,
          returns: z.looseObject({ bytes: Count.nullable(), bounds: BOUND }),
        }),
      ),
      totals: z.looseObject({ bytes: AMOUNTS, bounds: BOUNDS }),
      unseen: AnyRows,
      notes: Texts,
    },
  ),
  'trace-import': kind(
    'trace-import',
    'import --trace',
    'format, lines, accesses, rows; whether they have times and are samples',
    { recording: z.string(), format: z.string(), accesses: Count, rows: Count, timed: z.boolean() },
  ),
  explanation: kind('explanation', 'inspect --explain', 'mapping, block state, reasons', {
    process: ProcessIdentitySchema,
    address: z.string(),
    block: Count,
    mapping: z.looseObject({}),
    state: BlockStateSchema,
    reasons: Texts,
  }),
  plan: {
    from: 'plan, plan files; undo with nothing to do',
    holds: 'steps with proposal, reason, gain, cost, forecast; refused; passedOver; budgets; notes',
    schema: PlanSchema,
  },
  'dry-run': kind('dry-run', 'apply, run, undo, damon act with --dry-run', 'the exact calls and writes', {
    calls: Texts,
  }),
  run: kind('run', 'apply, run, undo', 'receipts, verdicts, what was recovered, what had been done before', {
    run: z.string().nullable(),
    plan: z.string(),
    how: z.string(),
    why: z.string(),
    receipts: z.array(ReceiptSchema),
    verdicts: z.array(VerdictSchema),
    recovered: AnyRows,
    doneBefore: z.array(z.unknown()),
  }),
  runs: kind('runs', 'runs', 'a line for each run: state, target, policy, steps, met, what it undoes', {
    directory: z.string(),
    runs: AnyRows,
  }),
  'block-story': kind(
    'block-story',
    'explain PID:ADDRESS',
    'how the block is now and why; what was tried with receipts and verdicts; what was left alone; gains against predictions',
    {
      pid: Count,
      address: z.string(),
      now: z.looseObject({ state: BlockStateSchema, reasons: Texts }).nullable(),
      tried: AnyRows,
      leftAlone: AnyRows,
      gains: z.looseObject({ predictedBytes: z.number(), returnedBytes: z.number() }),
      cameBackBytes: Count.nullable(),
    },
  ),
  'target-story': kind(
    'target-story',
    'explain TARGET',
    'processes with why not huge, runs, what was tried, refusals, gains against predictions, the last day of its history',
    { target: z.string(), processes: AnyRows, runs: AnyRows, tried: AnyRows, refusals: AnyRows },
  ),
  history: kind(
    'history',
    'history',
    'spans of a tier: turn numbers, times, and by target values with `known`, `sum` and of gauges `least`, `largest`, `last`',
    {
      directory: z.string(),
      tier: z.enum(['raw', '5m', '1h']),
      spans: z.array(z.looseObject({ turns: Count, targets: AnyRows })),
      damage: Texts,
    },
  ),
  journal: kind('journal', 'runs RUN', 'state, plan, records, last verdicts', {
    run: z.string(),
    state: z.string(),
    plan: z.looseObject({}),
    records: AnyRows,
    verdicts: z.array(VerdictSchema),
  }),
  import: kind(
    'import',
    'import',
    'samples by kind and thread, losses, damage, events, data sources',
    SAMPLES,
  ),
  probe: kind(
    'probe',
    'probe',
    'per process: candidates, drawn, split, watched, sparse, collapsed; runs, notes, losses',
    {
      processes: AnyRows,
      runs: z.array(z.string()),
      notes: z.array(z.string()),
      heat: z.string().nullable(),
    },
  ),
  record: kind('record', 'record', 'the same as `import`, and the slices with their period and overhead', {
    ...SAMPLES,
    method: z.string(),
    slices: AnyRows,
  }),
  'record-command': kind('record-command', 'record --dry-run', 'the command of perf as words', {
    method: z.string(),
    period: Count,
    command: Texts,
    notes: Texts,
  }),
  'heat-report': kind('heat-report', 'report', 'histogram with bounds, processes, mappings, hottest blocks', {
    // Version 2: what the samples prove is told by coverage and spread instead of a share of sub-pages in use.
    version: z.literal(2),
    sparse: z.looseObject({ certain: Count, wider: Count, unknown: Count }),
    heat: z.string(),
    samples: Count,
    histogram: z.looseObject({}),
    processes: AnyRows,
    mappings: AnyRows,
    hottest: AnyRows,
  }),
  story: kind(
    'story',
    'report of a run, a simulation, a comparison or a history',
    'title, lead, tiles and sections with their words, tables and the numbers behind their figures',
    {
      ...{ kind: z.string(), title: z.string(), lead: z.string(), tiles: AnyRows },
      sections: z.array(z.looseObject({ id: z.string(), title: z.string(), parts: AnyRows })),
      facts: z.array(z.array(z.string())),
    },
  ),
  'heat-block': kind(
    'heat-block',
    'report, import with --format jsonl, one a line',
    'a block: samples, accesses, touched pages, spread, claim, whether sparse',
    {
      ...{ pid: Count, command: z.string(), address: z.string(), block_bytes: Count, mapping: z.string() },
      ...{ samples: Count, accesses: Count, tlb_misses: Count.nullable(), touched_pages: Count.nullable() },
      ...{ block_pages: Count, spread_low_share: Count.nullable(), spread_high_share: Count.nullable() },
      ...{ kept_pages: Count.nullable(), kept_least_share: Count.nullable() },
      sparse: z.enum(['certain', 'wider', 'unknown']),
    },
  ),
  'heat-view': kind(
    'heat-view',
    'report --by',
    'samples, accesses, share and mean latency by value and mapping',
    {
      ...{ heat: z.string(), by: z.string(), samples: Count, values: AnyRows, groups: AnyRows },
    },
  ),
  'view-row': kind(
    'view-row',
    'report, import --by with --format jsonl, one a line',
    'a value in a mapping of a process',
    {
      ...{ by: z.string(), value: z.string(), pid: z.number(), mapping: z.string() },
      ...{ samples: Count, accesses: Count, share: Count, mean_latency_cycles: Count.nullable() },
    },
  ),
  distribution: kind(
    'distribution',
    'report --distribution',
    'percentiles, mean and points of wss, footprint, recency, rss or vsz',
    {
      ...{
        from: z.string(),
        distribution: z.string(),
        unit: z.enum(['bytes', 'ms']),
        groups: AnyRows,
        notes: Texts,
      },
    },
  ),
  'distribution-row': kind(
    'distribution-row',
    'report --distribution with --format jsonl, one a line',
    'a point of a distribution',
    {
      ...{ distribution: z.string(), who: z.string(), bytes: Count },
      ...{ at_ms: Count.nullable(), idle_ms: Count.nullable() },
    },
  ),
  'touched-place': kind(
    'touched-place',
    'import --by block or page with --format jsonl, one a line',
    'an instruction on a data object, in a block or page',
    {
      ...{ pid: z.number(), command: z.string(), address: z.string(), bytes: Count },
      ...{ place_samples: Count, place_accesses: Count, place_share: Count, samples: Count },
      ...{ object_kind: z.string(), object: z.string(), object_file: z.string() },
      ...{ symbol: z.string(), symbol_offset_bytes: Count.nullable() },
      ...{ code_file: z.string(), code_address: z.string() },
    },
  ),
  'heat-change': kind(
    'heat-change',
    'heat diff --format jsonl, one a line',
    'a block of either file: samples, the interval of the ratio of its shares, what became of it',
    {
      ...{ pid: z.number(), address: z.string(), mapping: z.string() },
      ...{ samples_before: Count, samples_after: Count, ratio_low: Count, ratio_high: Count.nullable() },
      heat: z.enum(['hotter', 'colder', 'same', 'unknown']),
      ...{ sparse_before: z.string(), sparse_after: z.string() },
    },
  ),
  'heat-course': kind(
    'heat-course',
    'heat show',
    'a grid of rates by rows of addresses and slices of time, null where not known, with its unit and clock',
    {
      ...{ heat: z.string(), unit: z.string().nullable(), clock: z.string(), columns: AnyRows },
      ...{ segments: AnyRows, rows: AnyRows },
    },
  ),
  'heat-merge': kind('heat-merge', 'heat merge', 'what was put together and where it was written', {
    from: z.array(z.string()),
    heat: z.string(),
    ...{ samples: Count, processes: Count, recordings: Count },
  }),
  'heat-diff': kind('heat-diff', 'heat diff', 'blocks that became hotter, colder or sparse, with intervals', {
    before: z.string(),
    after: z.string(),
  }),
  'damon-status': kind('damon-status', 'damon status', 'every kdamond: parameters, statistics, owner', {
    modules: z.array(z.unknown()),
    kdamonds: AnyRows,
  }),
  'damon-act': kind('damon-act', 'damon act', 'what DAMOS tried and applied, huge pages before and after', {
    pid: Count,
    action: z.string(),
    blocks: Count,
    end: z.string(),
    tried: Count,
    applied: Count,
    hugeBefore: Count,
    hugeAfter: Count,
  }),
  'damon-heatmap': {
    from: 'damon heatmap',
    holds: 'in how many samples each block was seen in use; with `--every` one row for each such time',
    schema: z.union([
      z.looseObject({
        octavo: z.literal('damon-heatmap'),
        version: z.literal(1),
        pid: Count,
        ...HEATMAP_ROW,
      }),
      z.looseObject({
        ...{ octavo: z.literal('damon-heatmap'), version: z.literal(1), pid: Count },
        rows: z.array(z.looseObject({ seconds: Count, ...HEATMAP_ROW })),
      }),
    ]),
  },
  outcome: kind('outcome', 'simulate', 'timeline, processes with accesses a second, TLB, costs, events', {
    scenario: z.string(),
    seed: Count,
    timeline: AnyRows,
    processes: AnyRows,
    tlb: z.looseObject({}),
    costs: z.looseObject({}),
    notes: Texts,
  }),
  sweep: kind('sweep', 'simulate --sweep', 'an outcome for each point', { outcomes: AnyRows }),
  scenarios: kind('scenarios', 'simulate --list', 'ready scenarios, workloads, CPUs', {
    scenarios: AnyRows,
    workloads: AnyRows,
    cpus: AnyRows,
  }),
  comparison: kind(
    'comparison',
    'compare',
    'every cell with its figures; groups over seeds and standings with 95 % intervals; who takes part; published points',
    {
      policies: AnyRows,
      cells: z.array(
        z.looseObject({
          ...{ workload: z.string(), cpu: z.string(), pressure: z.string(), policy: z.string(), seed: Count },
          ...{ bloatRemoved: Share, speedKept: Share, product: Share, bound: Share, shareOfBound: Share },
          ...{ actions: Count.nullable(), unknownShare: Share, refused: Count.nullable() },
          unable: z.string().nullable(),
        }),
      ),
      groups: AnyRows,
      standings: AnyRows,
      published: AnyRows,
      notes: Texts,
    },
  ),
  'agent-status': {
    from: 'status, agent --once',
    holds:
      'the agent’s process, configuration, processes watched, own CPU time, targets with standing and sums, events',
    schema: StatusSchema,
  },
  'config-check': kind(
    'config-check',
    'config check',
    'files, problems with file, line, column and key, targets',
    {
      files: Texts,
      problems: z.array(
        z.looseObject({ file: z.string(), line: Count, column: Count, key: z.string(), problem: z.string() }),
      ),
      targets: AnyRows,
    },
  ),
  'config-keys': kind(
    'config-keys',
    'config explain',
    'keys with what they do, take, and are when not given',
    {
      keys: AnyRows,
    },
  ),
  config: kind('config', 'config print', 'every line of the configuration in effect, with its origin', {
    files: Texts,
    lines: AnyRows,
  }),
  'comparison-plan': kind('comparison-plan', 'compare --dry-run', 'the cells, and the seconds expected', {
    cells: AnyRows,
    expectedSeconds: Count,
  }),
  contenders: kind(
    'contenders',
    'compare --list',
    'policies with rule, source and simplifications; workloads',
    {
      policies: AnyRows,
      workloads: AnyRows,
      cpus: Texts,
    },
  ),
  failure: kind('failure', 'any command that fails', 'code, exitCode, message, advice, facts', {
    code: z.string(),
    exitCode: Count,
    message: z.string(),
    advice: z.string(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
};

/** What is wrong with a document that a command printed, empty when it is one of its kind. */
export function documentProblem(document: unknown): string {
  const name = (document as { octavo?: unknown } | null)?.octavo;
  const found = typeof name === 'string' && Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name] : undefined;
  if (found === undefined) return `no kind \`${String(name)}\` of document`;
  const parsed = found.schema.safeParse(document);
  if (parsed.success) return '';
  const { place, problem } = schemaProblem(parsed.error);
  return `${String(name)}: ${place} ${problem}`;
}
