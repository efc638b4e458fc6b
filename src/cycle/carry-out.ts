/**
 * Carries out a plan: write-ahead, act, look, verdict, batch by batch inside the budgets. Stops between batches on a
 * signal, on memory pressure and when the target is gone; whatever happens, the journal says what was done.
 */
import type { Actuator } from '../actuators/actuator.js';
import { freeBlocks, pressureAverage } from '../formats/proc/system-files.js';
import type { Host, ProcessHandle } from '../host/host.js';
import { type MemoryState, pressureReason } from '../planning/budgets.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import { OctavoError } from '../vocabulary/errors.js';
import { lateUs } from '../vocabulary/lock-wait.js';
import type { Budgets, Plan, Receipt, Step, SystemMemory, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Fraction, Microseconds } from '../vocabulary/units.js';
import { kindOf, lockOf, nextBatch } from './bursts.js';
import type { JournalWriter } from './journal.js';
import type { Leash } from './leash.js';
import { LockPace } from './lock-pace.js';
import { goneVerdict, ProcessWork } from './process-work.js';
import { openSame } from './same-process.js';
import { memoryChange, readSystemMemory } from './system-memory.js';

/** A plan, its actuators, and the journal that is written first. */
export interface CarryOutOptions {
  readonly host: Host;
  readonly plan: Plan;
  /** Steps to do, in order; steps done by an earlier run of the plan are left out by the caller. */
  readonly steps: readonly Step[];
  readonly actuators: ReadonlyMap<string, Actuator>;
  readonly journal: JournalWriter;
  readonly signal: AbortSignal;
  /** Asked before each burst; the plan's own budgets hold for all of it where absent. */
  readonly leash?: Leash | undefined;
  progress(done: number, total: number, unit: string): void;
}

/** How long one call of an actuator that paces itself may take, where a run may have to end before its time. */
const LONGEST_CALL_US: Microseconds = 2e6;

/** How carrying out ended, and the verdict of each step. */
export interface CarriedOut extends Ended {
  /** What the system said of its memory before and after. */
  readonly memory: SystemMemory;
}

interface Ended {
  readonly how: 'complete' | 'interrupted' | 'stopped';
  readonly why: string;
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  /** What ended the run before its time, after it had begun to act. */
  readonly failure?: OctavoError | undefined;
  /** False when the end could not be written: the next start settles the run by what page sizes say. */
  readonly closed: boolean;
}

/**
 * Carries out what is to be done. A failure after the first act is an outcome, told with all that was done until then;
 * before it the failure is thrown.
 */
export async function carryOut(options: CarryOutOptions): Promise<CarriedOut> {
  const run = new RunningPlan(options);
  const { host, plan } = options;
  const before = readSystemMemory(host, plan.processes);
  const slowDown = await host.calls.hurry?.('calls');
  const ended = await run.all().finally(() => slowDown?.());
  const memory = memoryChange(before, readSystemMemory(host, plan.processes));
  // Without the last verdicts an end would hide what was announced from the recovery.
  const closed = ended.failure?.code !== 'FILE_UNWRITABLE' && endJournal(options, { ...ended, memory });
  return { ...ended, memory, closed };
}

function endJournal({ journal, host }: CarryOutOptions, ended: Omit<CarriedOut, 'closed'>): boolean {
  const { how, why, memory } = ended;
  try {
    journal.write({ kind: 'end', how, why, memory, atMs: host.clock.wallMs() });
    return true;
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'FILE_UNWRITABLE') return false;
    throw problem;
  }
}

/** Free huge blocks and memory pressure now. */
export function memoryState(host: Host): MemoryState {
  const { geometry, architecture } = host.identity;
  const buddy = host.files.readText('/proc/buddyinfo');
  const pressure = host.files.readText('/proc/pressure/memory');
  return {
    freeHugeBytes: buddy.ok
      ? freeBlocks(buddy.value, geometry.hugeOrder, architecture) * geometry.blockBytes
      : undefined,
    blockBytes: geometry.blockBytes,
    pressure: pressure.ok ? pressureAverage(pressure.value, 'some') : undefined,
  };
}

class RunningPlan {
  readonly #options: CarryOutOptions;
  readonly #settings: ThpSettings;
  readonly #receipts: Receipt[] = [];
  readonly #verdicts: Verdict[] = [];
  #stopped: string | undefined;
  #budgets: Budgets;
  /** Steps that were acted on, and those that may still be. */
  #acted = 0;
  #steps = Number.POSITIVE_INFINITY;

  constructor(options: CarryOutOptions) {
    this.#options = options;
    this.#budgets = options.plan.budgets;
    this.#settings = readThpSettings(options.host);
  }

  async all(): Promise<Omit<Ended, 'closed'>> {
    const failure = await this.#allProcesses();
    const { signal } = this.#options;
    const done = { receipts: this.#receipts, verdicts: this.#verdicts };
    if (failure) return { how: 'stopped', why: failure.message, failure, ...done };
    if (this.#stopped) return { how: 'stopped', why: this.#stopped, ...done };
    const left = this.#options.steps.length - this.#verdicts.length;
    if (signal.aborted && left > 0) return { how: 'interrupted', why: String(signal.reason), ...done };
    return { how: 'complete', why: '', ...done };
  }

  /** Returns what ended it before its time once something had been announced. */
  async #allProcesses(): Promise<OctavoError | undefined> {
    try {
      for (const process of this.#options.plan.processes) {
        const steps = this.#options.steps.filter((step) => step.proposal.process.pid === process.pid);
        if (steps.length > 0 && !this.#halted()) await this.#process(process, steps);
      }
      return undefined;
    } catch (problem) {
      if (problem instanceof OctavoError && this.#options.journal.announced) return problem;
      throw problem;
    }
  }

  async #process(process: ProcessIdentity, steps: readonly Step[]): Promise<void> {
    const handle = openOrGone(this.#options, process);
    if (handle === 'gone')
      return this.#record(
        [],
        steps.map((step) => goneVerdict(step)),
      );
    try {
      const work = new ProcessWork(this.#options, handle, this.#settings);
      work.willActOn(process, steps);
      await this.#inBursts(work, steps);
    } finally {
      handle.close();
    }
  }

  async #inBursts(work: ProcessWork, steps: readonly Step[]): Promise<void> {
    const { host, signal } = this.#options;
    const pace = new LockPace(this.#lockShare);
    for (let at = 0; at < steps.length && !this.#halted(); ) {
      const share = this.#lockShare;
      pace.share = share;
      const batch = this.#nextBurst(steps, at, pace);
      const kind = kindOf(batch[0]);
      const late = lateUs(batch[0].proposal.action);
      const expectedUs = batch.reduce((sum, step) => sum + pace.expectedUs(kind, lockOf(step)) + late, 0);
      const pauseMs = pace.waitMs(host.clock.monotonicNs(), expectedUs);
      if (pauseMs > 0) await host.clock.sleep(pauseMs, signal);
      if (this.#halted()) break;
      // What was waited for was too little, or the burst too large.
      if (this.#lockShare !== share || batch.length > this.#steps) continue;
      if (!this.#memoryAllows(batch)) break;
      const { receipts, verdicts, span, failure } = await work.batch(batch);
      const tried = receipts.filter((receipt) => receipt.tried);
      const heldUs = tried.reduce((sum, receipt) => sum + receipt.durationUs, 0);
      pace.add({ kind, steps: tried.length, heldUs, lateUs: late * tried.length, span });
      this.#record(receipts, verdicts);
      if (failure) throw failure;
      at += batch.length;
    }
  }

  /** What may end before its time is not given to an actuator for long: it cannot be taken back from it. */
  #nextBurst(steps: readonly Step[], at: number, pace: LockPace): readonly Step[] {
    const batch = nextBatch(steps, at, this.#options.actuators, pace);
    const [first] = batch;
    const expectedUs = pace.expectedUs(kindOf(first), lockOf(first));
    const isLong = this.#options.leash !== undefined && this.#lockShare > 0 && expectedUs > 0;
    const most = isLong ? (LONGEST_CALL_US * this.#lockShare) / expectedUs : Number.POSITIVE_INFINITY;
    return batch.slice(0, Math.min(this.#steps, Math.max(1, Math.floor(most))));
  }

  get #lockShare(): Fraction {
    return this.#budgets.lockUsPerSecond / 1e6;
  }

  /** Whether nothing more may be done; asks what may be. */
  #halted(): boolean {
    const allowed = this.#stopped === undefined ? this.#options.leash?.(this.#acted) : undefined;
    if (typeof allowed === 'string') this.#stopped = allowed;
    else if (allowed !== undefined) {
      this.#budgets = allowed.budgets;
      this.#steps = allowed.steps;
    }
    return this.#options.signal.aborted || this.#stopped !== undefined;
  }

  #memoryAllows(batch: readonly Step[]): boolean {
    const collapses = batch.filter((step) => step.proposal.action === 'collapse').length;
    if (collapses === 0) return true;
    this.#stopped = pressureReason(memoryState(this.#options.host), this.#budgets, collapses - 1);
    return this.#stopped === undefined;
  }

  #record(receipts: readonly Receipt[], verdicts: readonly Verdict[]): void {
    this.#receipts.push(...receipts);
    this.#acted += receipts.filter((receipt) => receipt.tried).length;
    this.#verdicts.push(...verdicts);
    this.#options.journal.write(
      ...(receipts.length > 0 ? [{ kind: 'receipts' as const, receipts: [...receipts] }] : []),
      { kind: 'verdicts', verdicts: [...verdicts] },
    );
    this.#options.progress(this.#verdicts.length, this.#options.steps.length, 'blocks');
  }
}

/** Where another process has the pid by now, the planned one is gone: other processes of the plan go on. */
function openOrGone({ host, plan }: CarryOutOptions, process: ProcessIdentity): ProcessHandle | 'gone' {
  try {
    return openSame(host, process, plan.target);
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'PLAN_STALE') return 'gone';
    throw problem;
  }
}
