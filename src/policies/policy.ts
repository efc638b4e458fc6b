/**
 * The policy role: what is known of a process's memory in, proposals out. Pure: no host, no clock, no settings; the
 * planner decides what is possible, allowed and affordable.
 */
import type * as z from 'zod';
import type { ProcessBelief } from '../belief/process-belief.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { Kind } from '../vocabulary/kind.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { PassedOver, Proposal } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Translation } from '../vocabulary/translation.js';
import type {
  BlockNumber,
  Bytes,
  Microseconds,
  Nanoseconds,
  Order,
  Pages,
  ProcessId,
} from '../vocabulary/units.js';

/** What a policy may know of one process. */
export interface PolicyInput {
  readonly sizes: PageSizes;
  /** Heat and content, undefined when no source knew anything of this process. */
  readonly heat: HotMap | undefined;
  readonly parameters: PolicyParameters;
  /** What the cycle knows besides; absent where it is not known. */
  readonly facts?: PolicyFacts;
}

/** Facts beyond heat and sizes, each absent where it is not known. */
export interface PolicyFacts {
  /** What earlier turns taught of the process, this one's samples included. */
  readonly belief?: ProcessBelief;
  readonly translation?: Translation;
  readonly settings?: ThpSettings;
  /** Memory free in whole huge blocks. */
  readonly freeHugeBytes?: Bytes;
  /** CPUs that the process keeps busy: what a slowdown is a share of. */
  readonly busyCpus?: number;
}

/** A block of which more samples are worth something: by how much a wrong choice is expected to cost. */
export interface Wish {
  readonly process: ProcessIdentity;
  readonly block: BlockNumber;
  readonly regretNs: Nanoseconds;
}

/** What a policy wants of one process. */
export interface PolicyOutput {
  readonly proposals: readonly Proposal[];
  /** Blocks that were looked at and left alone, grouped by reason. */
  readonly passedOver: readonly PassedOver[];
  /** Blocks that it would like to know more of, the most regretted first. */
  readonly wishes?: readonly Wish[];
  /** What a reader of the plan should know. */
  readonly notes?: readonly string[];
  /** Samples of the process that missed the TLB: as believed in the layout of now, and as they were. */
  readonly walks?: { readonly predicted: number; readonly observed: number };
}

/** Decides about page sizes. Must not depend on anything but its input. */
export interface Policy {
  /** The name of its kind in the catalogue; proposals say who made them. */
  readonly name: string;
  propose(input: PolicyInput): PolicyOutput;
  /** For processes of one host together, where their blocks compete; outputs in the order of the inputs. */
  proposeTogether?(inputs: readonly PolicyInput[]): readonly PolicyOutput[];
  /** Whether it builds on beliefs, which the cycle then carries from turn to turn. */
  readonly usesBeliefs?: boolean;
}

/**
 * A kind of policy: what it is, its own parameters, and how one is made. One file each, and one line in the catalogue;
 * `parameters` is a zod object of fields from vocabulary/kind.ts. What all policies are told is in PolicyParameters.
 */
export interface PolicyKind<Parameters extends z.ZodObject = z.ZodObject> extends Kind<Parameters> {
  make(parameters: z.output<Parameters>): Policy;
}

/** Infers the type of the parameters that `make` is given. */
export function policyKind<Parameters extends z.ZodObject>(
  kind: PolicyKind<Parameters>,
): PolicyKind<Parameters> {
  return kind;
}

/** A policy of this kind with its parameters checked; throws a ZodError, so input of users is checked before. */
export function policyOf(kind: PolicyKind, given: Readonly<Record<string, unknown>> = {}): Policy {
  return kind.make(kind.parameters.parse(given));
}

/** Blocks that the user named in one process. */
export interface NamedBlocks {
  readonly pid: ProcessId;
  readonly split: readonly BlockNumber[];
  readonly collapse: readonly BlockNumber[];
  /** Sub-page of a buddy split: only the piece around it gets the target order. */
  readonly aroundPage?: number;
}

/** What all policies are told, whatever their own parameters. */
export interface PolicyParameters {
  /** Target order that the user forces; undefined lets each policy choose for each block. */
  readonly order: Order | undefined;
  /** Orders that some actuator here can split to, ascending; policies choose among them. */
  readonly splitOrders: readonly Order[];
  /** Expected durations, for estimates. */
  readonly costs: CostModel;
  readonly named: readonly NamedBlocks[];
}

/**
 * Expected costs where nothing was measured on this host yet, per page and per byte, so that they hold for every page
 * size. Measured on one 2-vCPU guest with 4 KiB pages; hosts differ by a factor of ten.
 */
export interface CostModel {
  /** Split of a PMD folio, for each of its sub-pages; 240 µs for 512 of them measured. */
  readonly splitPageUs: Microseconds;
  /** On top for each MiB of zero-filled sub-pages, compared in full and remapped; (580 − 240) µs for 2 MiB measured. */
  readonly splitZeroMiBUs: Microseconds;
  /** Collapse, for each MiB of the block: allocation, copy, remapping; 790 µs for 2 MiB measured. */
  readonly collapseMiBUs: Microseconds;
}

/** Costs until a host's own receipts tell: measured on an idle x86-64 machine. */
export const DEFAULT_COSTS: CostModel = {
  splitPageUs: 240 / 512,
  splitZeroMiBUs: 170,
  collapseMiBUs: 395,
};

/** Parameters where none were chosen. */
export const DEFAULT_PARAMETERS: PolicyParameters = {
  order: undefined,
  splitOrders: [0],
  costs: DEFAULT_COSTS,
  named: [],
};

/** Pages as a count with its share, for reasons: `47 of 512 sub-pages (9.2 %)`. */
export function ofPages(pages: Pages, all: Pages): string {
  return `${pages} of ${all} sub-pages (${((100 * pages) / all).toFixed(1)} %)`;
}
