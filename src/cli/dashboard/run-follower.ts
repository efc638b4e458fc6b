/** Follows the journals: what runs decided and did since the last look, and the processes of each target's newest run. */
import { type JournalPlace, journalPath, listRuns, tryReadRun } from '../../cycle/journal.js';
import { type Entry, entriesOf } from './decisions.js';
import type { WatchedProcess } from './live-look.js';

/** Runs that are read at first, the newest; and those that are looked at again, since what was done may be undone. */
const FIRST_RUNS = 200;
const FOLLOWED_RUNS = 50;
/** Targets whose processes are known; those of the oldest runs go first. */
const MOST_TARGETS = 64;

/** Tells what is new in the journals, each entry once. */
export class RunFollower {
  readonly #place: JournalPlace;
  /** Bytes of the journals that were read. */
  readonly #bytes = new Map<string, number>();
  /** What was told of runs that are still followed. */
  readonly #told = new Map<string, Set<string>>();
  readonly #processes = new Map<string, readonly WatchedProcess[]>();
  #isFirst = true;

  constructor(place: JournalPlace) {
    this.#place = place;
  }

  /** Entries that are new, in the order of time. Throws FILE_UNREADABLE. */
  next(): readonly Entry[] {
    const names = listRuns(this.#place).slice(this.#isFirst ? -FIRST_RUNS : -FOLLOWED_RUNS);
    this.#isFirst = false;
    const entries = names.filter((run) => this.#hasGrown(run)).flatMap((run) => this.#read(run));
    const followed = new Set(names.slice(-FOLLOWED_RUNS));
    for (const run of this.#told.keys()) if (!followed.has(run)) this.#told.delete(run);
    for (const run of this.#bytes.keys()) if (!followed.has(run)) this.#bytes.delete(run);
    return entries.sort((a, b) => a.atMs - b.atMs);
  }

  get processes(): readonly WatchedProcess[] {
    return [...this.#processes.values()].flat();
  }

  #hasGrown(run: string): boolean {
    const status = this.#place.host.files.status(journalPath(this.#place, run));
    if (!status.ok) return false;
    const { bytes } = status.value;
    if (this.#bytes.get(run) === bytes) return false;
    this.#bytes.set(run, bytes);
    return true;
  }

  #read(run: string): readonly Entry[] {
    const reading = tryReadRun(this.#place, run);
    if (reading.kind !== 'run') return [];
    const { plan } = reading.run;
    this.#processes.delete(plan.target);
    this.#processes.set(
      plan.target,
      plan.processes.map((process) => ({ process, target: plan.target })),
    );
    const [oldest] = this.#processes.keys();
    if (this.#processes.size > MOST_TARGETS) this.#processes.delete(oldest);
    const told = this.#told.get(run) ?? new Set();
    this.#told.set(run, told);
    return entriesOf(reading.run).filter((entry) => {
      const { kind, pid, page, what, why } = entry;
      const key = `${kind} ${pid} ${page} ${what} ${why}`;
      if (told.has(key)) return false;
      told.add(key);
      return true;
    });
  }
}
