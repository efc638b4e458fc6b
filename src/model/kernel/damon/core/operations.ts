/**
 * What an address space must be able to do for a kdamond (struct damon_operations). One file for each kind:
 * virtual-operations.ts, physical-operations.ts.
 */
import type { Context, OperationsName, Scheme, Target } from './context.js';

/** What an action came to for one region. */
export interface Applied {
  /** Bytes (core units) that the action says it was applied to. */
  applied: number;
  /** Bytes of folios that passed the ops filters. */
  passed: number;
}

/** What the core asks of an address space. */
export interface Operations {
  /** Gives targets without regions their first ones. */
  initialize(context: Context): void;
  /** Follows changes of the address space; returns how many VMAs were looked at for it. */
  update(context: Context): number;
  /** Chooses a page per region and makes it old. */
  prepareChecks(context: Context): void;
  /** Counts accesses since; returns the largest count of any region. */
  checkAccesses(context: Context): number;
  /** Evaluates probes at the sampled pages; returns the largest weighted sum when asked for. */
  applyProbes(context: Context, chooseSamples: boolean, wantsLargest: boolean): number;
  /** Undefined where every target is always valid. */
  readonly isValid: ((target: Target) => boolean) | undefined;
  apply(context: Context, target: Target, index: number, scheme: Scheme): Applied;
}

/** The registered operations; avail_operations lists them in this order. */
export type OperationsTable = Readonly<Record<OperationsName, Operations>>;
