import { allocator } from './allocator.js';
import { graph500 } from './graph.js';
import { hotspot } from './hotspot.js';
import { kvmGuest } from './kvm-guest.js';
import { mixedBlocks } from './mixed-blocks.js';
import { onePagePerBlock } from './one-page-per-block.js';
import { masim, stairs, zigzag } from './phases.js';
import { redis } from './redis.js';
import { replay } from './replay.js';
import { sequential } from './sequential.js';
import { sparseBlocks } from './sparse-blocks.js';
import { tpcc } from './tpcc.js';
import { trace } from './trace.js';
import { gups } from './uniform.js';
import type { WorkloadKind } from './workload.js';
import { zipf } from './zipf.js';

/** Every workload that a scenario can name. */
export const WORKLOADS = {
  zipf,
  gups,
  sequential,
  stairs,
  zigzag,
  hotspot,
  'one-page-per-block': onePagePerBlock,
  'sparse-blocks': sparseBlocks,
  allocator,
  'mixed-blocks': mixedBlocks,
  redis,
  'kvm-guest': kvmGuest,
  graph500,
  tpcc,
  masim,
  replay,
  trace,
} as const satisfies Record<string, WorkloadKind>;

/** Name of a workload in scenarios. */
export type WorkloadName = keyof typeof WORKLOADS;

/** Whether there is a workload of this name. */
export const isWorkloadName = (name: string): name is WorkloadName => Object.hasOwn(WORKLOADS, name);
