/** What the agent remembers of its targets, and for a while of those that are configured no more. Bounded. */
import { NO_STOPS } from '../../guards/back-off.js';
import type { Host } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { keepLives, readLives } from './state-file.js';
import { TargetLife } from './target-life.js';

/** Targets that are not configured any more are kept for a while: a drop-in may come back. */
export const MOST_ABSENT = 1024;

/** The life of each target, in memory and on disk. */
export class Lives {
  /** What a reader should know of the file: that it was damaged, or of a later version. */
  readonly notes: readonly string[];
  readonly #host: Host;
  readonly #directory: string;
  #lives: Map<string, TargetLife>;
  #isNew = false;

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
    const { lives, notes } = readLives(host, directory);
    this.#lives = new Map(lives);
    this.notes = notes;
  }

  get size(): number {
    return this.#lives.size;
  }

  /** The life of a target, which begins where there was none. */
  of(name: string): TargetLife {
    const found = this.#lives.get(name);
    if (found !== undefined) return found;
    const life = new TargetLife(name);
    this.#lives.set(name, life);
    return life;
  }

  /** Forgives stops, and makes all targets due: an operator has looked. */
  forgive(): void {
    for (const life of this.#lives.values()) {
      life.backOff = NO_STOPS;
      life.dueMs = 0;
    }
    this.changed();
  }

  /** Of targets that are not configured, keeps those that went last, and before others those that something still binds. */
  keepOnly(targets: readonly { readonly name: string }[]): void {
    const configured = new Set(targets.map(({ name }) => name));
    const nowMs = this.#host.clock.monotonicNs() / 1e6;
    const all = [...this.#lives.values()];
    const present = all.filter(({ name }) => configured.has(name));
    const absent = all.filter(({ name }) => !configured.has(name));
    const bound = absent.filter((life) => isBound(life, nowMs));
    const free = absent.filter((life) => !isBound(life, nowMs));
    // Those that are configured stand last, so that what goes later stands behind what went before.
    const kept = [...[...free, ...bound].slice(-MOST_ABSENT), ...present];
    this.#lives = new Map(kept.map((life) => [life.name, life]));
  }

  /** Something of a life is to be kept. */
  changed(): void {
    this.#isNew = true;
  }

  /** Writes what is new. Returns why it could not be written, or undefined. */
  keep(): string | undefined {
    if (!this.#isNew) return undefined;
    const problem = keepLives(this.#host, this.#directory, this.#lives.values());
    this.#isNew = problem !== undefined;
    return problem;
  }
}

/** Whether it would be wrong to begin anew: it is paused, was stopped, or has used some of its budgets. */
function isBound({ pausedSinceMs, backOff, allowance }: TargetLife, nowMs: Milliseconds): boolean {
  return pausedSinceMs !== undefined || backOff.stops.length > 0 || allowance.entries(nowMs).length > 0;
}
