/** Who takes turns for the agent's loop. */
import type { Plan, Receipt, SystemMemory, Verdict } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Bytes, Milliseconds, ProcessId } from '../../vocabulary/units.js';
import type { Target } from '../configuration/configuration.js';

/** What of a target's configuration a turn goes by. */
type HowConfigured = Pick<
  Target,
  | 'policy'
  | 'parameters'
  | 'sources'
  | 'sourceParameters'
  | 'actuators'
  | 'actuatorParameters'
  | 'halfLifeMs'
  | 'budgets'
>;

/** A turn to be taken. */
export interface Order extends HowConfigured {
  readonly target: string;
  readonly processes: readonly ProcessIdentity[];
  /** Whether it may act; otherwise it ends with the plan. */
  readonly act: boolean;
}

/** What a turn found and did. */
export interface Taken {
  /** As the policy made it, within what was allowed. */
  readonly plan: Plan;
  /** Undefined when nothing was to be done, or nothing may be. */
  readonly done: Done | undefined;
  /** Earlier splits that others had undone when the turn began. */
  readonly undone: number;
  /** Bytes that came back of those that earlier turns returned, as far as this turn looked. */
  readonly cameBack: Bytes;
  readonly seen: Seen;
  readonly notes: readonly string[];
}

/** Memory of the target's processes as the turn saw it. */
export interface Seen {
  readonly processes: number;
  readonly resident: Bytes;
  /** Mapped by huge entries. */
  readonly huge: Bytes;
  /** What collapses of all blocks without a huge page would fill. */
  readonly holes: Bytes;
  /** Zero-filled sub-pages of its huge pages; undefined while some were never read. */
  readonly emptyInHuge: Bytes | undefined;
  /** Inside huge pages and known to be cold; undefined without samples. */
  readonly cold: Bytes | undefined;
  /** Samples of accesses that the turn took. */
  readonly samples: number;
  /** Allocated, and mapped by no process; undefined when not known. */
  readonly unmapped: Bytes | undefined;
  /** Returned by earlier turns and not in use again; undefined when nobody looked. */
  readonly stillReturned: Bytes | undefined;
}

/** What acting in a turn came to. */
export interface Done {
  readonly run: string | null;
  readonly how: 'complete' | 'interrupted' | 'stopped';
  readonly why: string;
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  readonly memory: SystemMemory;
}

/** How a turn lets the rest of the agent go on, and how it is stopped. */
export interface TurnWatch {
  readonly signal: AbortSignal;
  /** Does what falls due while the turn goes on. */
  tend(): void;
  /** Waits, and tends meanwhile. */
  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void>;
  /** The part of a plan that may be carried out now. */
  allowed(plan: Plan): Plan;
}

/** Takes turns: in this process on the model, over two processes on a live host. */
export interface Hands {
  /** Takes a turn. Throws an OctavoError where it cannot be taken. */
  take(order: Order, watch: TurnWatch): Promise<Taken>;
  /** Carries a plan out that somebody asked for. Throws an OctavoError where it may not be. */
  carryOut(plan: Plan, watch: TurnWatch): Promise<Done>;
  /** Turns of different targets that may go on at the same time. */
  readonly turnsAtOnce: number;
  /** Processes whose CPU time is the agent's, besides its own. */
  readonly processes: readonly ProcessId[];
  /** The acting side reads the configuration again. Throws an OctavoError where it cannot. */
  reload(): Promise<void>;
  close(): Promise<void>;
}
