/** All guards of one target together, and what their stops lead to. */
import type { Milliseconds } from '../vocabulary/units.js';
import {
  type BackOffOptions,
  type BackOffState,
  NO_STOPS,
  settled,
  stopped,
  USUAL_BACK_OFF,
  waitingBecause,
} from './back-off.js';
import { type Guard, type GuardReading, type Objection, together } from './guard.js';

/** How a target stands: free, waiting, in a pause after a stop, or only watched. */
export type GuardState = 'clear' | 'holding' | 'backing-off' | 'observe-only';

/** What the guards of a target say now. */
export interface Decision {
  readonly state: GuardState;
  readonly mayAct: boolean;
  /** Plain sentences; empty when the target may be acted on. */
  readonly why: readonly string[];
  readonly objections: readonly Objection[];
  readonly blind: readonly string[];
}

/** Asks each guard at each reading, and starts a pause when one of them stops acting. */
export class Guards {
  readonly #guards: readonly Guard[];
  readonly #options: BackOffOptions;
  #state: BackOffState;

  constructor(guards: readonly Guard[], state = NO_STOPS, options = USUAL_BACK_OFF) {
    this.#guards = guards;
    this.#state = state;
    this.#options = options;
  }

  /** To be kept, and given to the guards of the next start. */
  get state(): BackOffState {
    return this.#state;
  }

  /** Every guard sees every reading, also while the target is left alone. */
  observe(nowMs: Milliseconds, reading: GuardReading): Decision {
    const { objections, blind } = together(this.#guards.map((guard) => guard.observe(nowMs, reading)));
    this.#state = settled(this.#state, nowMs, this.#options);
    const stop = objections.find(({ how }) => how === 'stop');
    if (stop) this.#state = stopped(this.#state, nowMs, stop.why, this.#options);
    const waiting = waitingBecause(this.#state, nowMs);
    const why = [...(waiting === undefined ? [] : [waiting]), ...objections.map((one) => one.why)];
    return { state: this.#stateNow(waiting, why), mayAct: why.length === 0, why, objections, blind };
  }

  /** A person lets the target act again. */
  forgive(): void {
    this.#state = NO_STOPS;
  }

  #stateNow(waiting: string | undefined, why: readonly string[]): GuardState {
    if (this.#state.observeOnlySinceMs !== undefined) return 'observe-only';
    if (waiting !== undefined) return 'backing-off';
    return why.length > 0 ? 'holding' : 'clear';
  }
}
