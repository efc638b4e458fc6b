/**
 * One kdamond that Octavo holds for a while: taken without disturbing others, journaled before the first write, and
 * put back as found by `close`, which belongs into a `finally`.
 */
import { failure, type Result, success } from '../base/result.js';
import type { Answer, Host } from '../host/host.js';
import { type HeldLock, ownHolder } from '../host/lock-file.js';
import type { AddressRange, DamonContext } from '../vocabulary/damon.js';
import type { DamonFeatures } from './damon-features.js';
import { KDAMONDS, numberAt, numberedChildren, readFile, refused, writeFile } from './kernel-files.js';
import { takeDamonLock } from './lock.js';
import { chooseSlot, type Occupied, readDamonUse } from './owner.js';
import { putBack, recoverLeftover, removeRecord, type SessionRecord, writeRecord } from './record.js';
import { askInSlot } from './scratch.js';
import { contextWrites, type KernelWrite } from './writes.js';

/** Words that `state` takes while a kdamond runs. */
export type DamonCommand =
  | 'commit'
  | 'commit_schemes_quota_goals'
  | 'update_schemes_stats'
  | 'update_schemes_effective_quotas'
  | 'update_tuned_intervals'
  | 'update_schemes_tried_regions'
  | 'update_schemes_tried_bytes'
  | 'clear_schemes_tried_regions';

/** Counters of one scheme. Cumulative in the kernel; take differences. Bytes and counts as bigint. */
export interface SchemeStatistics {
  readonly tried: bigint;
  readonly triedBytes: bigint;
  readonly applied: bigint;
  readonly appliedBytes: bigint;
  readonly quotaExceeds: bigint;
  /** Passes over all regions; undefined before 7.0. */
  readonly snapshots: bigint | undefined;
}

/** A region that a scheme was tried on, as the kernel lists it. */
export interface TriedRegion extends AddressRange {
  /** Samples of an aggregation in which it looked accessed. */
  readonly accesses: number;
  /** Aggregations for which the access stayed similar. */
  readonly age: number;
}

/** Whether a tree of others may be used. */
export interface SlotRequest {
  /** Use a free slot of a tree that another tool has set up. */
  readonly share: boolean;
}

/** Stages a context, starts and stops the kdamond, and reads what it did. */
export class DamonSlot {
  readonly host: Host;
  readonly path: string;
  readonly #lock: HeldLock;
  #record: SessionRecord;
  #features: DamonFeatures | undefined;
  #closed = false;
  /** Everything written so far, `path = text`, for receipts. */
  readonly written: string[] = [];

  private constructor(host: Host, record: SessionRecord, lock: HeldLock) {
    this.host = host;
    this.#lock = lock;
    this.path = `${KDAMONDS}/${record.slot}`;
    this.#record = record;
  }

  /** Takes the lock, puts back what a dead Octavo left, and takes a slot; or tells who has DAMON. */
  static async open(host: Host, request: SlotRequest): Promise<Result<DamonSlot, Occupied>> {
    const lock = takeDamonLock(host);
    if (!lock.ok) return lock;
    await recoverLeftover(host);
    const choice = chooseSlot(await readDamonUse(host), request.share);
    const slot =
      typeof choice === 'object' ? failure(choice) : await DamonSlot.#take(host, choice, lock.value);
    if (!slot.ok) lock.value.release();
    return slot;
  }

  static async #take(
    host: Host,
    choice: number | 'grow',
    lock: HeldLock,
  ): Promise<Result<DamonSlot, Occupied>> {
    const grew = choice === 'grow';
    const number = grew ? 0 : choice;
    const refresh = numberAt(host, `${KDAMONDS}/${number}/refresh_ms`);
    const record: SessionRecord = {
      octavo: 'damon-session',
      version: 1,
      holder: ownHolder(host),
      slot: number,
      grew,
      refreshMs: refresh === undefined ? null : String(refresh),
      targets: [],
      kdamond: null,
    };
    const slot = new DamonSlot(host, record, lock);
    const journaled = writeRecord(host, record);
    if (!journaled.ok) return failure(notJournaled(journaled.error.errno));
    if (!grew) return success(slot);
    const grown = await slot.#write(`${KDAMONDS}/nr_kdamonds`, '1');
    if (grown.ok) return success(slot);
    removeRecord(host);
    return failure({
      owner: `the kernel (${grown.error.errno})`,
      remedy: `${grown.error.call} was refused.`,
    });
  }

  /** What the kernel can do; asked of a scratch scheme in this slot when nothing else tells. */
  features(): DamonFeatures {
    this.#features ??= askInSlot(this.host, this.path);
    return this.#features;
  }

  /** Writes a whole context into the tree. Nothing runs yet. Stops at the first refusal. */
  async stage(context: DamonContext): Promise<Answer<void>> {
    this.#record = { ...this.#record, targets: context.targets.map(({ pid }) => pid) };
    const journaled = writeRecord(this.host, this.#record);
    if (!journaled.ok) return journaled;
    return this.writeAll(contextWrites(context, this.features()));
  }

  async writeAll(writes: readonly KernelWrite[]): Promise<Answer<void>> {
    for (const { file, text, optional } of writes) {
      const done = await this.#write(`${this.path}/${file}`, text);
      if (!done.ok && !(optional && done.error.errno === 'ENOENT')) return done;
    }
    return success(undefined);
  }

  /** Starts the kdamond and writes down which thread it is. */
  async start(): Promise<Answer<void>> {
    const started = await this.#write(`${this.path}/state`, 'on');
    if (!started.ok) return started;
    const pid = await readFile(this.host, `${this.path}/pid`);
    const kdamond = pid.ok && Number(pid.value) > 0 ? Number(pid.value) : null;
    this.#record = { ...this.#record, kdamond };
    writeRecord(this.host, this.#record);
    return started;
  }

  command(command: DamonCommand): Promise<Answer<void>> {
    return this.#write(`${this.path}/state`, command);
  }

  async isRunning(): Promise<boolean> {
    const state = await readFile(this.host, `${this.path}/state`);
    return state.ok && state.value === 'on';
  }

  /** CPU time that the kdamond has taken since its start, undefined where the kernel does not tell. */
  busyNs(): number | undefined {
    const pid = numberAt(this.host, `${this.path}/pid`);
    // Of a thread that does not run the pid is -1, which no process has.
    const times = this.host.files.readText(`/proc/${pid}/schedstat`);
    return times.ok ? Number(times.value.split(' ')[0]) : undefined;
  }

  /** Counters as of the last update_schemes_stats; ECANCELED there means that the kdamond has ended. */
  async statistics(scheme: number): Promise<Answer<SchemeStatistics>> {
    const updated = await this.command('update_schemes_stats');
    return updated.ok ? success(readStatistics(this.host, this.#scheme(scheme))) : updated;
  }

  /**
   * Regions that the scheme tried in one pass, fresh: the old ones are gone before the new are there, so they are
   * read only after the kernel has said that it is done.
   */
  async triedRegions(scheme: number): Promise<Answer<TriedRegion[]>> {
    const updated = await this.command('update_schemes_tried_regions');
    return updated.ok
      ? success(readTriedRegions(this.host, `${this.#scheme(scheme)}/tried_regions`))
      : updated;
  }

  /** The same in a third of the reads, for regions of one known size. */
  async triedCounts(scheme: number, size: bigint): Promise<Answer<TriedRegion[]>> {
    const updated = await this.command('update_schemes_tried_regions');
    if (!updated.ok) return updated;
    const folder = `${this.#scheme(scheme)}/tried_regions`;
    return success(
      numberedChildren(this.host, folder).flatMap((index) => {
        const start = numberAt(this.host, `${folder}/${index}/start`);
        if (start === undefined) return [];
        const accesses = Number(numberAt(this.host, `${folder}/${index}/nr_accesses`) ?? 0n);
        return [{ start, end: start + size, accesses, age: 0 }];
      }),
    );
  }

  /** Stops the kdamond. One that has ended by itself is stopped already, whatever the kernel answers. */
  async stop(): Promise<Answer<void>> {
    const stopped = await this.#write(`${this.path}/state`, 'off');
    if (stopped.ok || !(await this.isRunning())) return success(undefined);
    return stopped;
  }

  /** Puts everything back as found. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await putBack(this.host, this.#record);
    removeRecord(this.host);
    this.#lock.release();
  }

  #scheme(index: number): string {
    return `${this.path}/contexts/0/schemes/${index}`;
  }

  #write(path: string, text: string): Promise<Answer<void>> {
    if (this.#closed) return Promise.resolve(refused('ECANCELED', `write ${path}`));
    this.written.push(`${path} = ${text}`);
    return writeFile(this.host, path, text);
  }
}

/** Returns the counters of a scheme, in regions and bytes, as of the last update. */
export function readStatistics(host: Host, scheme: string): SchemeStatistics {
  const at = (name: string) => numberAt(host, `${scheme}/stats/${name}`);
  return {
    tried: at('nr_tried') ?? 0n,
    triedBytes: at('sz_tried') ?? 0n,
    applied: at('nr_applied') ?? 0n,
    appliedBytes: at('sz_applied') ?? 0n,
    quotaExceeds: at('qt_exceeds') ?? 0n,
    snapshots: at('nr_snapshots'),
  };
}

/** What happened between two readings of the same scheme. */
export function statisticsSince(now: SchemeStatistics, before: SchemeStatistics): SchemeStatistics {
  return {
    tried: now.tried - before.tried,
    triedBytes: now.triedBytes - before.triedBytes,
    applied: now.applied - before.applied,
    appliedBytes: now.appliedBytes - before.appliedBytes,
    quotaExceeds: now.quotaExceeds - before.quotaExceeds,
    snapshots: now.snapshots === undefined ? undefined : now.snapshots - (before.snapshots ?? 0n),
  };
}

function readTriedRegions(host: Host, folder: string): TriedRegion[] {
  const regions: TriedRegion[] = [];
  for (const index of numberedChildren(host, folder)) {
    const start = numberAt(host, `${folder}/${index}/start`);
    const end = numberAt(host, `${folder}/${index}/end`);
    if (start === undefined || end === undefined) continue;
    const accesses = Number(numberAt(host, `${folder}/${index}/nr_accesses`) ?? 0n);
    const age = Number(numberAt(host, `${folder}/${index}/age`) ?? 0n);
    regions.push({ start, end, accesses, age });
  }
  return regions;
}

function notJournaled(errno: string): Occupied {
  return {
    owner: `nobody, but what is found could not be journaled (${errno})`,
    remedy: 'Octavo changes nothing that it could not put back. Give its state directory room and rights.',
  };
}
