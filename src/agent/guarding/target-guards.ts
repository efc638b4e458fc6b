/** The guards of one target: what they are told, and whether it may be acted on. */
import { type BackOffState, NO_STOPS } from '../../guards/back-off.js';
import { CLEAR, type Guard, type GuardReading, objecting, type Verdict } from '../../guards/guard.js';
import { type Decision, Guards } from '../../guards/guards.js';
import { FreeBlocksGuard, LockTimeGuard, OverheadGuard, SuccessGuard } from '../../guards/host-guards.js';
import { MetricGuard } from '../../guards/metric.js';
import { PressureGuard } from '../../guards/pressure.js';
import type { Host } from '../../host/host.js';
import type { Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import type { GuardOptions } from './guard-options.js';
import { MetricReader } from './metric-reader.js';

/** What a turn did, for the guards. */
export interface TurnCosts {
  readonly acted: boolean;
  readonly met: number;
  readonly notMet: number;
  readonly heldNs: Nanoseconds;
}

/** A turn that failed stops its target like a guard does. */
class FailureGuard implements Guard {
  readonly name = 'turn';
  #why: string | undefined;

  fail(why: string): void {
    this.#why = why;
  }

  observe(): Verdict {
    const why = this.#why;
    this.#why = undefined;
    return why === undefined ? CLEAR : objecting(this.name, 'stop', why);
  }
}

/** What all targets share of a reading. */
export type SharedReading = Pick<GuardReading, 'host' | 'freeHugeBytes' | 'own'>;

/** All guards of one target together: each may stop acting, and says why. */
export class TargetGuards {
  readonly #guards: Guards;
  readonly #failure = new FailureGuard();
  readonly #metric: MetricReader | undefined;
  #costs: TurnCosts = { acted: false, met: 0, notMet: 0, heldNs: 0 };
  #lastMs: Milliseconds | undefined;
  decision: Decision = { state: 'clear', mayAct: true, why: [], objections: [], blind: [] };

  constructor(host: Host, options: GuardOptions, state: BackOffState = NO_STOPS) {
    const { pressure, freeHuge, lockShare, ownCpu, ownMemory, success, metric } = options;
    const guards = [
      this.#failure,
      new PressureGuard(pressure),
      new FreeBlocksGuard(freeHuge),
      new LockTimeGuard(lockShare),
      new OverheadGuard({ cpu: ownCpu, residentBytes: ownMemory }),
      new SuccessGuard(success),
    ];
    this.#metric = metric && new MetricReader(host, metric.source);
    this.#guards = new Guards(metric === undefined ? guards : [...guards, new MetricGuard(metric)], state);
  }

  /** To be kept over a restart. */
  get state(): BackOffState {
    return this.#guards.state;
  }

  /** Notes what a turn did until the next reading. */
  note(costs: TurnCosts): void {
    const { acted, met, notMet, heldNs } = this.#costs;
    this.#costs = {
      acted: acted || costs.acted,
      met: met + costs.met,
      notMet: notMet + costs.notMet,
      heldNs: heldNs + costs.heldNs,
    };
  }

  /** Stops the target because its turn failed. */
  fail(nowMs: Milliseconds, why: string): void {
    this.#failure.fail(why);
    this.decision = this.#guards.observe(nowMs, {});
  }

  /** Takes a reading; returns whether the decision is another one than before. */
  observe(nowMs: Milliseconds, shared: SharedReading, cgroup: GuardReading['cgroup']): boolean {
    const { acted, met, notMet, heldNs } = this.#costs;
    const overNs = this.#lastMs === undefined ? 0 : (nowMs - this.#lastMs) * 1e6;
    this.#lastMs = nowMs;
    this.#costs = { acted: false, met: 0, notMet: 0, heldNs: 0 };
    const before = this.decision;
    this.decision = this.#guards.observe(nowMs, {
      ...shared,
      ...(cgroup === undefined ? {} : { cgroup }),
      lock: { heldNs, overNs },
      verdicts: { met, notMet },
      ...(this.#metric === undefined ? {} : { metric: this.#metric.read(nowMs, acted) }),
    });
    return before.state !== this.decision.state;
  }
}
