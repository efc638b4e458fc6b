/** Turns that go on now, one of a target at most: what each takes, and what ends them. */
import type { Milliseconds } from '../../vocabulary/units.js';
import type { OwnCpu } from '../life/own-cpu.js';
import { type GoingTurn, type NewRules, withdrawnBecause } from '../turn/going-turn.js';

/** Keeps turns from their beginning to their end, and charges them with the agent's CPU time. */
export class GoingTurns {
  readonly #turns = new Map<string, GoingTurn>();
  readonly #own: OwnCpu;
  readonly #nowMs: () => Milliseconds;
  #chargedMs: Milliseconds = 0;

  constructor(own: OwnCpu, nowMs: () => Milliseconds) {
    this.#own = own;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#turns.size;
  }

  has(target: string): boolean {
    return this.#turns.has(target);
  }

  begin(turn: GoingTurn): void {
    this.#charge();
    this.#turns.set(turn.target.name, turn);
  }

  end(turn: GoingTurn): void {
    this.#charge();
    this.#turns.delete(turn.target.name);
  }

  /** Ends all of them with the agent. */
  endAll(reason: unknown): void {
    for (const turn of this.#turns.values()) turn.end(reason);
  }

  /** Ends a turn of a target that may not be acted on any more. One that only observes goes on. `own`: not what a person asked for. */
  withdraw(target: string, why: string, own = false): void {
    const turn = this.#turns.get(target);
    if (turn?.acts === true && !(own && turn.isAsked)) turn.withdraw(why);
  }

  /** Ends those that may not go on under another configuration. */
  judgeAll(rules: NewRules): void {
    for (const turn of this.#turns.values()) {
      const why = withdrawnBecause(turn, rules);
      if (why !== '') turn.withdraw(why);
    }
  }

  /** Charges CPU time since the last charge to the turns that go on, in equal parts. */
  #charge(): void {
    this.#own.waitMs(this.#nowMs());
    const each = (this.#own.totalMs - this.#chargedMs) / Math.max(1, this.#turns.size);
    this.#chargedMs = this.#own.totalMs;
    for (const turn of this.#turns.values()) turn.cpuMs += each;
  }
}
