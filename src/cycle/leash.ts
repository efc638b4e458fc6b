/**
 * What a run may still do: what allowed it can end while it goes on, as when a configuration is read again or the hours of a
 * target are over. It is asked before each burst, so that a run stops at the next boundary between steps.
 */
import type { Budgets } from '../vocabulary/plan.js';

/** What may be done from now on. */
export interface Allowed {
  readonly budgets: Budgets;
  /** Steps that may still be acted on; infinite where nothing bounds them. */
  readonly steps: number;
}

/** Returns what a run may do after it has acted on so many steps; why it must end, as one sentence, where that is nothing. */
export type Leash = (acted: number) => Allowed | string;
