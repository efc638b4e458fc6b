/** Which target takes each process: the first that fits, unless it is on the deny list. */
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { Configuration, Target } from '../configuration/configuration.js';
import type { Look, Watched } from './watcher.js';

/** Processes by target. Knows in which order a target's turns take them when one turn cannot take all. */
export class Roster {
  readonly #members = new Map<string, Map<ProcessId, Watched>>();
  #configuration: Configuration;
  /** Pids in the order in which a target's turns take them, when there are more than one turn takes. */
  readonly #lastPid = new Map<string, ProcessId>();

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  /** Takes note of a look; returns the names of targets that got their first process, or another one. */
  note({ came, went, changed }: Look): ReadonlySet<string> {
    const grown = new Set<string>();
    for (const one of went) this.#remove(one);
    for (const [before] of changed) this.#remove(before);
    for (const one of [...came, ...changed.map(([, after]) => after)]) {
      const target = this.#targetOf(one);
      if (target === undefined) continue;
      this.#of(target.name).set(one.pid, one);
      grown.add(target.name);
    }
    return grown;
  }

  /** The same processes under another configuration. */
  reconfigure(configuration: Configuration): void {
    const everybody = [...this.#members.values()].flatMap((members) => [...members.values()]);
    const unclaimed = [...this.#unclaimed.values()];
    this.#members.clear();
    this.#unclaimed.clear();
    this.#lastPid.clear();
    this.#configuration = configuration;
    this.note({ came: [...everybody, ...unclaimed], went: [], changed: [] });
  }

  readonly #unclaimed = new Map<ProcessId, Watched>();

  #targetOf(one: Watched): Target | undefined {
    const { deny, targets } = this.#configuration;
    const denied = deny.some((match) => match.fits(one.names));
    const target = denied ? undefined : targets.find(({ match }) => match.fits(one.names));
    if (target === undefined) this.#unclaimed.set(one.pid, one);
    return target;
  }

  #remove({ pid, startTicks }: Watched): void {
    for (const members of [...this.#members.values(), this.#unclaimed])
      if (members.get(pid)?.startTicks === startTicks) members.delete(pid);
  }

  #of(name: string): Map<ProcessId, Watched> {
    const found = this.#members.get(name) ?? new Map<ProcessId, Watched>();
    this.#members.set(name, found);
    return found;
  }

  /** Whether a process is one of a target's. */
  has(name: string, { pid, startTicks }: ProcessIdentity): boolean {
    return this.#members.get(name)?.get(pid)?.startTicks === startTicks;
  }

  /** Whether a process that is there is denied, of no target, or of another target than this. */
  isElsewhere(process: ProcessIdentity, name: string): boolean {
    if (this.has(name, process)) return false;
    const { pid, startTicks } = process;
    const isIn = (members: ReadonlyMap<ProcessId, Watched>) => members.get(pid)?.startTicks === startTicks;
    return isIn(this.#unclaimed) || [...this.#members.values()].some(isIn);
  }

  count(name: string): number {
    return this.#members.get(name)?.size ?? 0;
  }

  members(name: string): readonly Watched[] {
    return [...(this.#members.get(name)?.values() ?? [])];
  }

  /** Processes for a turn: all, or as many as it takes, those that were waiting the longest first. */
  forTurn({ name, processes }: Target): readonly ProcessIdentity[] {
    const members = [...this.members(name)].sort((left, right) => left.pid - right.pid);
    const last = this.#lastPid.get(name) ?? 0;
    const from =
      members.length <= processes
        ? 0
        : Math.max(
            0,
            members.findIndex(({ pid }) => pid > last),
          );
    const chosen = [...members.slice(from), ...members.slice(0, from)].slice(0, processes);
    const end = chosen.at(-1);
    if (end !== undefined) this.#lastPid.set(name, end.pid);
    return chosen.map(({ pid, startTicks, command, cgroup }) => ({ pid, startTicks, command, cgroup }));
  }
}
