/** The guards of all targets, which are told at intervals how the host, the target and the agent are. */

import { assert } from '../../base/assert.js';
import type { BackOffState } from '../../guards/back-off.js';
import type { Decision } from '../../guards/guards.js';
import type { Host } from '../../host/host.js';
import type { Milliseconds, ProcessId } from '../../vocabulary/units.js';
import type { Target } from '../configuration/configuration.js';
import { freeHugeBytes, hostPressure, residentBytes, worstPressure } from '../guarding/host-readings.js';
import { type SharedReading, TargetGuards } from '../guarding/target-guards.js';
import type { OwnCpu } from '../life/own-cpu.js';

/** What a round of guards reads besides the targets. */
export interface RoundParts {
  readonly host: Host;
  readonly own: OwnCpu;
  /** Processes of the agent. */
  pids(): readonly ProcessId[];
  /** Cgroups of a target's processes. */
  groupsOf(target: string): ReadonlySet<string>;
  /** A target may be acted on again, or no more. */
  changed(target: string, words: string, mayAct: boolean): void;
}

/** Makes guards for each target and feeds all of them in one round, so that they see the same moment. */
export class GuardRounds {
  readonly #parts: RoundParts;
  readonly #guards = new Map<string, TargetGuards>();
  #targets: readonly Target[] = [];
  #lastMs: Milliseconds | undefined;
  #lastCpuMs: Milliseconds = 0;

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  /** New guards for each target, with stops that were kept. */
  reset(targets: readonly Target[], stateOf: (name: string) => BackOffState): void {
    this.#targets = targets;
    this.#guards.clear();
    for (const { name, guards } of targets)
      this.#guards.set(name, new TargetGuards(this.#parts.host, guards, stateOf(name)));
  }

  of(target: string): TargetGuards {
    const found = this.#guards.get(target);
    assert(found !== undefined, `target ${target} has no guards`);
    return found;
  }

  /** Whether these are a target's guards now. */
  isOf(target: string, guards: TargetGuards): boolean {
    return this.#guards.get(target) === guards;
  }

  /** A round. Targets that are only observed have none, unless something failed. */
  observe(nowMs: Milliseconds): void {
    const watched = this.#targets.filter(({ name, act }) => act || this.of(name).decision.state !== 'clear');
    if (watched.length === 0) return;
    const shared = this.#shared(nowMs);
    for (const { name } of watched) {
      const guards = this.of(name);
      const cgroup = worstPressure(this.#parts.host, this.#parts.groupsOf(name));
      if (!guards.observe(nowMs, shared, cgroup)) continue;
      const { decision } = guards;
      this.#parts.changed(name, decisionWords(decision), decision.mayAct);
    }
  }

  #shared(nowMs: Milliseconds): SharedReading {
    const { host, own, pids } = this.#parts;
    own.waitMs(nowMs);
    const cpuNs = (own.totalMs - this.#lastCpuMs) * 1e6;
    const overNs = this.#lastMs === undefined ? 0 : (nowMs - this.#lastMs) * 1e6;
    this.#lastCpuMs = own.totalMs;
    this.#lastMs = nowMs;
    const free = freeHugeBytes(host);
    return {
      host: hostPressure(host),
      own: { cpuNs, overNs, residentBytes: residentBytes(host, pids()) },
      ...(free === undefined ? {} : { freeHugeBytes: free }),
    };
  }
}

function decisionWords({ state, why }: Decision): string {
  return state === 'clear' ? 'may be acted on again' : `${state}: ${why.join('; ')}`;
}
