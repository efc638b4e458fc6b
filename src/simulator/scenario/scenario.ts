/**
 * A scenario: a host, what runs on it, what Octavo may do, and for how long. The whole of a simulation besides
 * its seed. docs/simulate.md describes every key; a test compares the two.
 */
import * as z from 'zod';
import { CPU_NAMES, CPUS } from '../../model/cpus/catalogue.js';
import { GENERATION_NAMES } from '../../model/kernel/damon/core/generations.js';
import { geometryOf } from '../../model/kernel/state/options.js';
import { GEOMETRY_4K, type PageGeometry } from '../../vocabulary/units.js';
import { BytesText, DurationText, LimitText, ShareText, StepText } from '../workloads/quantities.js';
import { KdamondText } from './damon-text.js';

/** Version of scenario files. Keys may be added within a version. */
export const SCENARIO_VERSION = 1;

const HostText = z.strictObject({
  /** A CPU of the catalogue. */
  cpu: z.enum(CPU_NAMES, { error: `not a CPU of the catalogue; there are ${CPU_NAMES.join(', ')}` }),
  cpus: z.int().min(1).max(64).default(2),
  memory: BytesText,
  /** Base pages: those that the CPU's architecture has. */
  pageSize: BytesText.default(4096),
  swap: BytesText.default(0),
  zswap: BytesText.default(0),
  /** Behaviour of a kernel release: what differs between them is data of the model. */
  kernel: z.enum(GENERATION_NAMES).default('7.3'),
  /** Share of huge blocks with one unmovable page from the start. */
  fragmentation: ShareText.default(0),
  lockdown: z.enum(['none', 'integrity', 'confidentiality']).default('none'),
  /** Files below /sys/kernel/mm/transparent_hugepage and what is written to them at boot. */
  thp: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  /** A competing program on every CPU: each slice begins with empty TLBs. */
  competitor: z.boolean().default(false),
});

const ProcessText = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,15}$/, 'a name of 1 to 15 letters, digits, dots and dashes'),
  workload: z.string(),
  /** Parameters of the workload. */
  with: z.record(z.string(), z.unknown()).default({}),
  threads: z.int().min(1).max(64).default(1),
  /** Time between two accesses beside their translation. */
  think: DurationText.default(300).refine(
    (value) => value >= 0.1,
    'must be at least 0.1ns: what takes no time never ends',
  ),
  /** What the area's memory is: private, or a file of a tmpfs mounted with huge=always. */
  backing: z.enum(['anonymous', 'tmpfs']).default('anonymous'),
  /** madvise on the area at the start. */
  advice: z.enum(['none', 'hugepage', 'nohugepage']).default('none'),
  start: DurationText.default(0),
  /** When it ends; never when left out. */
  stop: DurationText.optional(),
  /** Starts again this long after it began, for as long as the scenario runs; for what has an end. */
  repeat: StepText.optional(),
  /** Path of its cgroup, as a unit or container has one. */
  cgroup: z
    .string()
    .regex(/^(\/[^/\s]+)+$/, 'a path such as /system.slice/redis.service')
    .optional(),
  /** memory.max of a cgroup of its own; none when left out. */
  limit: LimitText.optional(),
  /** prctl(PR_SET_THP_DISABLE) before it begins: with `thp-except-advised` only MADV_HUGEPAGE and collapses give huge pages. */
  prctl: z.enum(['none', 'thp-disable', 'thp-except-advised']).default('none'),
  /** On khugepaged's list from the start (MMF_VM_HUGEPAGE), as the child of a process that was. */
  registered: z.boolean().default(false),
});

/** What another program does at a point in time, again and again when `every` is given. */
const EventText = z.strictObject({
  at: DurationText,
  every: StepText.optional(),
  /** A write to a file of the kernel. */
  write: z.strictObject({ path: z.string(), text: z.union([z.string(), z.number()]) }).optional(),
  /** process_madvise on a process: bytes from the start of its area. */
  advise: z
    .strictObject({
      process: z.string(),
      /** The last two are a process's own calls, which no other process can make for it. */
      advice: z.enum([
        'MADV_COLD',
        'MADV_PAGEOUT',
        'MADV_COLLAPSE',
        'MADV_WILLNEED',
        'MADV_HUGEPAGE',
        'MADV_NOHUGEPAGE',
      ]),
      from: BytesText.default(0),
      bytes: BytesText,
    })
    .optional(),
  /** Splits whole blocks as Octavo's madvise actuator does: COLD on the block, then on one page of it. */
  split: z
    .strictObject({
      process: z.string(),
      from: BytesText.default(0),
      bytes: BytesText,
      /** Leaves a block that was collapsed again alone, twice as long each time, from this long. */
      backOff: DurationText.optional(),
    })
    .optional(),
});

const OctavoText = z.strictObject({
  policy: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).default({}),
  /** Processes by name. */
  targets: z.array(z.string()).min(1),
  start: DurationText.default(5e9),
  every: StepText.default(30e9),
  /** `occupancy` reads which sub-pages hold data, `pmu` takes samples of accesses. */
  sources: z
    .array(z.enum(['occupancy', 'pmu']))
    .min(1)
    .default(['occupancy']),
});

/** A number that is written to a file again and again: the user's own metric. */
const MetricText = z.strictObject({
  file: z.string().regex(/^\//, 'an absolute path'),
  value: z.number(),
  /** Spread, as a share of the value. */
  noise: ShareText.default(0),
  every: StepText.default(2e9),
  /** From `from` on it is worse by `by` for so long after each act on a target. */
  afterActs: z
    .strictObject({
      target: z.string(),
      from: DurationText,
      by: ShareText,
      lasts: DurationText.default(600e9),
    })
    .optional(),
});

/** The agent as it runs on a host: `octavo agent` with a configuration. */
const ServiceText = z.strictObject({
  configuration: z.record(z.string(), z.unknown()),
  metrics: z.array(MetricText).default([]),
});

const PmuText = z.strictObject({
  period: z
    .int()
    .min(16)
    .max(2 ** 31)
    .default(4096),
  jitter: z.boolean().default(true),
  minLatency: z.int().min(0).max(4095).default(0),
  loads: z.boolean().default(true),
  stores: z.boolean().default(true),
  operationsPerAccess: z.int().min(1).max(1000).default(4),
  physical: z.boolean().default(true),
});

/** Schema of a scenario file; unknown keys are refused. */
export const ScenarioSchema = z.strictObject({
  octavo: z.literal('scenario', { error: 'a scenario begins with `octavo: scenario`' }),
  version: z.literal(SCENARIO_VERSION),
  /** One line for `--list`. */
  about: z.string(),
  duration: StepText,
  /** Distance of the rows of the timeline. */
  report: StepText.default(1e9),
  /** When measuring begins: rates are those of the time after it. */
  warmUp: DurationText.default(0),
  seed: z.int().min(0).max(0xffffffff).default(1),
  /** Virtual time that a thread runs before another has its turn: long slices make long scenarios short. */
  slice: StepText.default(1e6).refine((value) => value <= 60e9, 'must be at most 60s'),
  host: HostText,
  processes: z.array(ProcessText).min(1),
  events: z.array(EventText).default([]),
  agent: OctavoText.optional(),
  service: ServiceText.optional(),
  damon: z.array(KdamondText).max(16).default([]),
  pmu: PmuText.optional(),
});

/** Page sizes of a scenario's host; a checked one has some. */
export function hostGeometry({ cpu, pageSize }: Pick<Scenario['host'], 'cpu' | 'pageSize'>): PageGeometry {
  return geometryOf(CPUS[cpu].architecture, pageSize) ?? GEOMETRY_4K;
}

/** A checked scenario, in bytes and nanoseconds. */
export type Scenario = z.infer<typeof ScenarioSchema>;
/** A process of a scenario. */
export type ScenarioProcess = Scenario['processes'][number];
/** A metric that the scenario's agent is given. */
export type ScenarioMetric = NonNullable<Scenario['service']>['metrics'][number];
/** Something that happens at a time. */
export type ScenarioEvent = Scenario['events'][number];
