/**
 * Nouns 4 to 7: proposals, plans, receipts and verdicts. Plain data with one versioned schema each, shared by
 * plan files, the journal, `--json` and the golden tests. Addresses are page numbers in here and hexadecimal
 * byte addresses in print.
 */
import * as z from 'zod';
import { ProcessIdentitySchema } from './process-schema.js';
import { MIB } from './units.js';

/** Version of plan files. A reader refuses later ones. */
export const PLAN_VERSION = 1;

const Count = z.int().nonnegative();
const Share = z.number().min(0).max(1);
const Order = z.int().min(0).max(20);

/** A block as it was seen, for journals and verdicts. Mirrors BlockState of page-sizes.ts. */
export const BlockStateSchema = z
  .strictObject({
    block: Count,
    level: z.enum(['none', 'pte', 'pmd']),
    present: Count,
    zeroMapped: Count,
    swapped: Count,
    /** Absent in files of before it was counted. */
    unmapped: Count.nullable().default(null),
    firstFrame: Count.nullable(),
    pagesByOrder: z.array(Count).readonly(),
    flags: z
      .array(
        z.enum([
          'shared',
          'wholeInMapping',
          'contiguousFrames',
          'hugeZeroPage',
          'torn',
          'ordersUnknown',
          'unmappedUnknown',
        ]),
      )
      .readonly(),
  })
  .readonly();

/** What an action is expected to bring. Bytes unless said otherwise; estimates, with their basis in the reason. */
export const GainSchema = z
  .strictObject({
    /**
     * Bytes that the system gets back at once: zero-filled sub-pages and pages that no process maps, freed by a split to
     * order 0. At least so many where only the latter are known; null when nothing is known, never 0 for that.
     */
    returnedBytes: z.int().nullable(),
    /** Bytes that become visible as cold to reclaim, because they no longer hide behind hot sub-pages. */
    reclaimableBytes: z.int(),
    /** Change of memory that one TLB entry less or more can reach: positive when translations get cheaper. */
    tlbReachBytes: z.int(),
    /**
     * By policies that weigh time against memory: nanoseconds of CPU a second gained and lost, bytes given back (negative
     * when taken), and the probability that it is worth it. Those of all steps add up to the plan's prediction.
     */
    expected: z
      .object({
        gainedNs: z.number().nonnegative(),
        lostNs: z.number(),
        bytes: z.number(),
        chance: Share,
      })
      .readonly()
      .optional(),
  })
  .readonly();

/** Schema of what a step is expected to cost. */
export const CostSchema = z
  .strictObject({
    /** Expected time of the whole step in microseconds. */
    durationUs: z.number().nonnegative(),
    /** Expected time that the target's mmap_lock or a page's lock keeps its threads waiting. */
    lockUs: z.number().nonnegative(),
    /** Spread of what such steps took on this host (10th to 90th percentile); absent where the time is assumed. */
    measured: z
      .object({ lowUs: z.number().nonnegative(), highUs: z.number().nonnegative(), steps: Count })
      .readonly()
      .optional(),
    copiedBytes: Count,
    /** Memory that the step takes in addition: holes that a collapse fills. */
    grownBytes: Count,
    /**
     * Split by heat: share of the block's accesses that leaves the huge page's entry for sub-pages that are not kept as
     * in use, expected and at worst (95 % confidence). 0 to 1.
     */
    accessesElsewhere: z.object({ expected: Share, worst: Share }).readonly().optional(),
    /** Split by heat: TLB entries that the sub-pages kept as in use need instead of one. */
    tlbEntries: Count.optional(),
  })
  .readonly();

/** Noun 4: what a policy wants for one block. */
export const ProposalSchema = z
  .strictObject({
    process: ProcessIdentitySchema,
    block: Count,
    action: z.enum(['split', 'collapse']),
    /** Folio order that the block should have afterwards. */
    targetOrder: Order,
    /** Buddy split: only the piece that holds this sub-page gets the target order, the rest stays as large as it can. */
    aroundPage: Count.optional(),
    policy: z.string(),
    /** One plain sentence with the numbers behind the decision. */
    reason: z.string(),
    gain: GainSchema,
    cost: CostSchema,
    /** Orders the policy prefers proposals by: larger first. */
    priority: z.number(),
  })
  .readonly();

/** Whether an effect lasts and whether it can be taken back, said beforehand. */
export const ForecastSchema = z
  .strictObject({
    /** Split: whether khugepaged may collapse it again. Collapse: whether the kernel may split it again. */
    undoneByKernel: z.enum(['no', 'if-touched', 'likely', 'unknown']),
    why: z.string(),
    /** What would make it last. */
    keptBy: z.string(),
    reversible: z.enum(['yes', 'partly', 'no']),
    /** What cannot be put back by undo. */
    irreversible: z.string(),
    /** What becomes of the memory that went back to the system: whether and how it can be taken again. */
    returned: z.string().optional(),
  })
  .readonly();

/** Schema of a step: a proposal with its actuator and the block as it was. */
export const StepSchema = z
  .strictObject({
    id: Count,
    proposal: ProposalSchema,
    /** Actuator of actuators/kinds/catalogue.ts that is to do it. */
    actuator: z.string(),
    /** The block when the plan was made. */
    before: BlockStateSchema,
    forecast: ForecastSchema,
    /** Reasons to expect that it may fail, when the user asked for it all the same. */
    warnings: z.array(z.string()).readonly(),
  })
  .readonly();

/** Why a proposal is not in the plan. */
export const RefusalCodes = [
  'budget-blocks',
  'budget-bytes',
  'budget-time',
  'pressure',
  'ping-pong',
  'regret',
  'not-able',
  'not-eligible',
  'not-permitted',
  'no-gain',
  'unknown-heat',
  'would-grow',
  'already-so',
  'denied',
  'conflict',
] as const;

/** Schema of a proposal that is not in the plan. */
export const RefusedSchema = z
  .strictObject({
    proposal: ProposalSchema,
    code: z.enum(RefusalCodes),
    /** One plain sentence. */
    why: z.string(),
  })
  .readonly();

/** A group of equal findings that led to no proposal, so that nothing vanishes and plans stay readable. */
export const PassedOverSchema = z
  .strictObject({
    policy: z.string(),
    code: z.enum(RefusalCodes),
    why: z.string(),
    blocks: Count,
    /** A few of them, as block numbers. */
    examples: z.array(Count).readonly(),
    process: ProcessIdentitySchema,
  })
  .readonly();

/** Schema of the bounds of a plan. */
export const BudgetsSchema = z
  .strictObject({
    /** 0 switches any of these off. */
    maxBlocks: Count,
    /** Bytes of memory split or collapsed. */
    maxBytes: Count,
    /** Microseconds of a target's lock time per second of wall time; 0 for no bound. */
    lockUsPerSecond: z.number().min(0).max(1e6),
    /** Memory that must stay free in huge blocks while collapsing. Plans of older versions counted blocks. */
    minFreeBytes: Count.default(128 * MIB),
    /** Upper bound on PSI memory `some avg10` in percent. */
    maxPressure: z.number().min(0).max(100),
  })
  .readonly();

/** Noun 5: ordered steps inside the budgets, plus everything that was refused. */
export const PlanSchema = z
  .strictObject({
    octavo: z.literal('plan'),
    version: z.literal(PLAN_VERSION),
    id: z.string(),
    madeAtMs: z.number(),
    bootId: z.string(),
    target: z.string(),
    /** Base page and PMD block sizes in bytes. */
    geometry: z.strictObject({ pageBytes: Count, blockBytes: Count }).readonly(),
    processes: z.array(ProcessIdentitySchema).readonly(),
    policy: z.string(),
    parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).readonly(),
    sources: z.array(z.string()).readonly(),
    budgets: BudgetsSchema,
    steps: z.array(StepSchema).readonly(),
    refused: z.array(RefusedSchema).readonly(),
    passedOver: z.array(PassedOverSchema).readonly(),
    notes: z.array(z.string()).readonly(),
    /** What the steps are expected to do together; absent where the policy does not say. */
    prediction: z
      .object({ gainedNs: z.number(), lostNs: z.number(), bytes: z.number(), steps: Count })
      .readonly()
      .optional(),
    /** Blocks of which more samples would be worth most: nanoseconds a second that a wrong choice is expected to cost. */
    wishes: z
      .array(z.object({ process: ProcessIdentitySchema, block: Count, regretNs: z.number() }).readonly())
      .readonly()
      .optional(),
    /** Run that this plan takes back, when it is an undo. */
    undoes: z.string().optional(),
  })
  .readonly();

/** Noun 6: what an actuator did for one step, in the kernel's own words. */
export const ReceiptSchema = z
  .strictObject({
    step: Count,
    actuator: z.string(),
    /** False when the step was not tried (target gone, interrupted, guard). */
    tried: z.boolean(),
    /** What the kernel answered: bytes or pages it claims, or an errno name. Proves nothing about page sizes. */
    answer: z.string(),
    /** Exact calls and writes, in order. */
    calls: z.array(z.string()).readonly(),
    durationUs: z.number().nonnegative(),
    atMs: z.number(),
  })
  .readonly();

/** Why a step was not met, or was undone. */
export const VerdictCauses = [
  'none',
  'pinned',
  'shared',
  'mlocked',
  'nohugepage',
  'mapping-too-small',
  'misaligned',
  'thp-disabled',
  'no-free-block',
  'memory-limit',
  'nothing-mapped',
  'unmapped-since',
  'target-gone',
  'recollapsed',
  'refused-by-kernel',
  'not-able',
  'not-tried',
  'content-changed',
  /** The process mapped or faulted the memory anew: the folio is another one, and the step's effect went with the old one. */
  'remapped',
  /** A later run of Octavo acted on the block. */
  'acted-on-since',
  'unknown',
] as const;

/** Who did something to a block. `unknown` where the evidence allows for several. */
export const ActorSchema = z
  .object({
    who: z.enum(['octavo', 'kernel', 'process', 'unknown']),
    /** The run of Octavo that did it. */
    run: z.string().optional(),
  })
  .readonly();

/** Noun 7: what page sizes say about a step. */
export const VerdictSchema = z
  .strictObject({
    step: Count,
    outcome: z.enum(['met', 'partly', 'not-met', 'undone-since']),
    cause: z.enum(VerdictCauses),
    /** One plain sentence. */
    why: z.string(),
    before: BlockStateSchema,
    after: BlockStateSchema,
    /** Change of the block's resident bytes. Tells nothing of the system: an unmapped page may stay allocated. */
    residentDelta: z.int(),
    /** Who brought the block into the state that the verdict tells of, where that was not this step. */
    by: ActorSchema.optional(),
    /**
     * Bytes that the system got back, as page and frame tables tell: mapped pages and held unmapped ones before, less
     * those afterwards. Negative for memory taken; null or absent when unknown.
     */
    returnedBytes: z.int().nullable().optional(),
  })
  .readonly();

const ChangeSchema = z.object({ beforeBytes: Count, afterBytes: Count });

/** What the system said of its memory before and after a run: others use it meanwhile, so it is no proof by itself. */
export const SystemMemorySchema = z
  .object({
    /** Charges of the targets' cgroups (memory.current, memory.usage_in_bytes). */
    cgroups: z.array(ChangeSchema.extend({ path: z.string() }).readonly()).readonly(),
    /** MemFree of /proc/meminfo; null when it could not be read. */
    free: ChangeSchema.readonly().nullable(),
  })
  .readonly();

/** What the system said of its memory before and after. */
export type SystemMemory = z.infer<typeof SystemMemorySchema>;
/** What a step is expected to bring. */
export type Gain = z.infer<typeof GainSchema>;
/** What a step is expected to cost. */
export type Cost = z.infer<typeof CostSchema>;
/** A change of one block, with its reason. */
export type Proposal = z.infer<typeof ProposalSchema>;
/** What will become of a change. */
export type Forecast = z.infer<typeof ForecastSchema>;
/** A step of a plan. */
export type Step = z.infer<typeof StepSchema>;
/** One of `RefusalCodes`. */
export type RefusalCode = (typeof RefusalCodes)[number];
/** A proposal that is not in the plan. */
export type Refused = z.infer<typeof RefusedSchema>;
/** Blocks that were left alone for one reason. */
export type PassedOver = z.infer<typeof PassedOverSchema>;
/** Bounds of a plan. */
export type Budgets = z.infer<typeof BudgetsSchema>;
/** An ordered plan with all that it refused. */
export type Plan = z.infer<typeof PlanSchema>;
/** What was called, and what the kernel answered. */
export type Receipt = z.infer<typeof ReceiptSchema>;
/** What became of a step, by page sizes. */
export type Verdict = z.infer<typeof VerdictSchema>;
/** Who made a change. */
export type Actor = z.infer<typeof ActorSchema>;
/** One of `VerdictCauses`. */
export type VerdictCause = (typeof VerdictCauses)[number];
