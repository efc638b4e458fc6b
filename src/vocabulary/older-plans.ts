/** Plans as earlier versions of Octavo wrote them, in files and journals, to plans of this one. */
import * as z from 'zod';
import { PlanSchema } from './plan.js';

type Keys = Readonly<Record<string, unknown>>;

/** `value` is parsed JSON of whatever kind; what is no older plan is returned as it is, for the schema to judge. */
export function fromOlder(value: unknown): unknown {
  if (!isKeys(value) || !isKeys(value.budgets) || !isKeys(value.geometry)) return value;
  const { minFreeBlocks, ...budgets } = value.budgets;
  const { blockBytes } = value.geometry;
  // Free memory was guarded by huge blocks before it was by bytes.
  if (typeof minFreeBlocks !== 'number' || typeof blockBytes !== 'number') return value;
  return { ...value, budgets: { minFreeBytes: minFreeBlocks * blockBytes, ...budgets } };
}

/** A plan of this version or an earlier one, as one of this version. */
export const AnyPlanSchema = z.preprocess(fromOlder, PlanSchema);

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
