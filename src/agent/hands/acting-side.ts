/**
 * The acting side as the deciding side sees it: behind a socket pair on a live host (connect.ts), in the same process on
 * the model and in tests (performer.ts). A request that is not allowed is a value; nothing here throws for it.
 */
import type { Result } from '../../base/result.js';
import type { Reading } from '../../sources/source.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { About, Denial, Looked, LookedBack, Outcome, ProcessRef, SampleRequest } from './protocol.js';

/** A value, or why the acting side refuses it. */
export type Told<Value> = Result<Value, Denial>;

/** Every request that the deciding side can make. */
export interface ActingSide {
  about(): Promise<Told<About>>;
  /** Page sizes of a process, without frame numbers. */
  observe(process: ProcessRef): Promise<Told<PageSizes>>;
  /** Watches or reads memory, and gives what was found to `take`, piece by piece. */
  sample(
    request: SampleRequest,
    take: (reading: Reading) => void,
    signal: AbortSignal,
  ): Promise<Told<Looked>>;
  /** Looks again at what earlier runs did to these processes. */
  lookBack(processes: readonly ProcessRef[]): Promise<Told<LookedBack>>;
  /** Carries out a plan, journaled, as far as configuration and budgets allow. */
  apply(plan: Plan, signal: AbortSignal): Promise<Told<Outcome>>;
  /** Has the configuration read again. Refused (`failed`) with the old one in force when it is wrong. */
  reload(): Promise<Told<About>>;
  /** Puts the kernel back as found. Nothing can be asked afterwards. */
  close(): Promise<void>;
  /** Ends, with the reason, when the acting side is there no more. */
  readonly ended: Promise<string>;
}
