/** The values of each view of accesses, in the order in which they are counted and shown. */
import type { ProcessId } from '../vocabulary/units.js';

/** Views that `octavo import --by` knows. */
export const VIEW_NAMES = ['source', 'latency', 'tlb', 'node', 'kind'] as const;
/** One of `VIEW_NAMES`. */
export type ViewName = (typeof VIEW_NAMES)[number];

/** Samples of one value in a mapping of a process. */
export interface ViewRow {
  readonly pid: ProcessId;
  /** Empty where no mapping was recorded. */
  readonly mapping: string;
  readonly view: ViewName;
  readonly value: string;
  readonly samples: number;
  /** Accesses that the samples stand for. */
  readonly accesses: number;
  /** Samples that say how long the access took, and the sum of these in cycles. */
  readonly timed: number;
  readonly latency: number;
}

/** Powers of two, and one for samples that do not say. */
export const LATENCIES = {
  /** 0 when not known, else the number of bits of the latency. */
  indexOf: (cycles: number): number => 32 - Math.clz32(cycles),
  names: [
    'not recorded',
    '1',
    ...Array.from({ length: 31 }, (_, bit) => `${2 ** (bit + 1)}-${2 ** (bit + 2) - 1}`),
  ],
} as const;

/** Places of TLB outcomes among the values of their view. */
export const TLB = { unknown: 0, first: 1, second: 2, hit: 3, miss: 4 } as const;

const FIRST_NODE = 3;
/** Counted one by one; there is one more value for all further ones. */
const MOST_NODES = 64;

/** Places of NUMA nodes among the values of their view. */
export const NODES = {
  unknown: 0,
  local: 1,
  remote: 2,
  most: FIRST_NODE + MOST_NODES + 1,
  indexOf: (node: number): number => FIRST_NODE + Math.min(node, MOST_NODES),
} as const;

/** What each value of a view is called. */
export const VALUES_OF: Readonly<Record<ViewName, readonly string[]>> = {
  // In the order of DATA_SOURCE.
  source: [
    'not recorded',
    'L1 cache',
    'fill buffer',
    'L2 cache',
    'L3 or system cache',
    'cache of another core',
    'remote cache',
    'memory, node not said',
    'local memory',
    'remote memory',
    'CXL memory',
    'persistent memory',
    'device or uncached',
  ],
  latency: LATENCIES.names,
  // In the order of TLB.
  tlb: ['not recorded', 'first-level hit', 'second-level hit', 'hit, level not said', 'miss'],
  node: [
    'not recorded',
    'local, node not said',
    'remote, node not said',
    ...Array.from({ length: MOST_NODES }, (_, node) => `node ${node}`),
    `node ${MOST_NODES} or further`,
  ],
  // In the order of SAMPLE_KIND.
  kind: ['not recorded', 'load', 'store', 'load and store', 'prefetch', 'instruction fetch', 'page fault'],
};
