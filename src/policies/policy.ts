/**
 * The policy role: what is known of a process's memory in, proposals out. Pure: no host, no clock, no settings; the
 * planner decides what is possible, allowed and affordable.
 */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { PassedOver, Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Fraction, Microseconds, Order, Pages, ProcessId } from '../vocabulary/units.js';

export interface PolicyInput {
  readonly sizes: PageSizes;
  /** Heat and content, undefined when no source knew anything of this process. */
  readonly heat: HotMap | undefined;
  readonly parameters: PolicyParameters;
}

export interface PolicyOutput {
  readonly proposals: readonly Proposal[];
  /** Blocks that were looked at and left alone, grouped by reason. */
  readonly passedOver: readonly PassedOver[];
}

export interface Policy {
  readonly name: string;
  /** One line for catalogues and `--help`. */
  readonly brief: string;
  propose(input: PolicyInput): PolicyOutput;
}

/** Blocks that the user named in one process. */
export interface NamedBlocks {
  readonly pid: ProcessId;
  readonly split: readonly BlockNumber[];
  readonly collapse: readonly BlockNumber[];
  /** Sub-page of a buddy split: only the piece around it gets the target order. */
  readonly aroundPage?: number;
}

export interface PolicyParameters {
  /**
   * split-sparse: a huge block is sparse when at most this share of its sub-pages takes nearly all of its accesses.
   * Default 0.10: the bound that the study behind the DAMOS split series used for "sparse".
   */
  readonly sparseBelow: Fraction;
  /**
   * split-sparse: share of the accesses that those sub-pages take at least, with 95 % confidence; the rest is what a
   * split may cost at worst. Default 0.90: from 40 samples on a block can show it.
   */
  readonly keepAccesses: Fraction;
  /**
   * collapse-dense: at least this share of a block's sub-pages must be present (and hot, when heat is known).
   * Default 0.90: Ingens promotes at 90 % utilisation, which bounds growth to a ninth of what is there.
   */
  readonly denseAbove: Fraction;
  /**
   * return-empty: split when more than this share of a huge block's sub-pages holds only zeroes.
   * Default 409/512: the max_ptes_none at which Meta ran the kernel's underused shrinker; it gave back 69 % of the
   * bloat and kept 94 % of the speed-up.
   */
  readonly emptyAbove: Fraction;
  /**
   * return-empty: split a folio when pages that nobody maps make at least this share of a huge block. Default 1/64: a
   * split waits a quarter of a millisecond, which is worth 32 KiB of memory and takes no huge translation away.
   */
  readonly unmappedFrom: Fraction;
  /** Target order that the user forces; undefined lets each policy choose for each block. */
  readonly order: Order | undefined;
  /** Orders that some actuator here can split to, ascending; policies choose among them. */
  readonly splitOrders: readonly Order[];
  /**
   * collapse-dense: whether a block without any heat may be collapsed because it is full. Default no: a copy of cold
   * memory brings nothing. The command line sets it when collapse-dense is chosen by name.
   */
  readonly collapseByResidency: boolean;
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

export const DEFAULT_COSTS: CostModel = {
  splitPageUs: 240 / 512,
  splitZeroMiBUs: 170,
  collapseMiBUs: 395,
};

export const DEFAULT_PARAMETERS: PolicyParameters = {
  sparseBelow: 0.1,
  keepAccesses: 0.9,
  denseAbove: 0.9,
  emptyAbove: 409 / 512,
  unmappedFrom: 1 / 64,
  order: undefined,
  splitOrders: [0],
  collapseByResidency: false,
  costs: DEFAULT_COSTS,
  named: [],
};

/** Pages as a count with its share, for reasons: `47 of 512 sub-pages (9.2 %)`. */
export function ofPages(pages: Pages, all: Pages): string {
  return `${pages} of ${all} sub-pages (${((100 * pages) / all).toFixed(1)} %)`;
}
