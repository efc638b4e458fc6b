/**
 * Carries out a plan: write-ahead, act, look, verdict, batch by batch inside the budgets. Stops between batches on a
 * signal, on memory pressure and when the target is gone; whatever happens, the journal says what was done.
 */
import type { Actuator } from '../actuators/actuator.js';
import { freeBlocks, parseVmstat, pressureAverage } from '../formats/proc/system-files.js';
import type { Host, ProcessHandle } from '../host/host.js';
import { type MemoryState, pressureReason } from '../planning/budgets.js';
import { BlockObserver } from '../verification/block-observer.js';
import { emptyBlock } from '../verification/block-rows.js';
import { identityOf } from '../verification/observe.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import { outcomeOf, verify } from '../verification/verify.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Budgets, Plan, Receipt, Step, SystemMemory, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Fraction, Microseconds } from '../vocabulary/units.js';
import { marksNow } from './attribution.js';
import type { JournalWriter, RecordOf } from './journal.js';
import type { Leash } from './leash.js';
import { LockPace, type Span } from './lock-pace.js';
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
      const expectedUs = batch.reduce(
        (sum, step) => sum + pace.expectedUs(kind, lockOf(step)),
        lateOf(batch[0]),
      );
      const pauseMs = pace.waitMs(host.clock.monotonicNs(), expectedUs);
      if (pauseMs > 0) await host.clock.sleep(pauseMs, signal);
      if (this.#halted()) break;
      // What was waited for was too little, or the burst too large.
      if (this.#lockShare !== share || batch.length > this.#steps) continue;
      if (!this.#memoryAllows(batch)) break;
      const { receipts, verdicts, span, failure } = await work.batch(batch);
      const tried = receipts.filter((receipt) => receipt.tried);
      const heldUs = tried.reduce((sum, receipt) => sum + receipt.durationUs, 0);
      pace.add({ kind, steps: tried.length, heldUs, lateUs: lateOf(batch[0]), span });
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

interface Batch {
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  readonly span: Span;
  /** Why the actuator did not finish. */
  readonly failure?: OctavoError | undefined;
}

/** One process's share of a run. */
class ProcessWork {
  readonly #options: CarryOutOptions;
  readonly #handle: ProcessHandle;
  readonly #observer: BlockObserver;
  readonly #settings: ThpSettings;
  #marks: readonly RecordOf<'marks'>[] = [];

  constructor(options: CarryOutOptions, handle: ProcessHandle, settings: ThpSettings) {
    this.#options = options;
    this.#handle = handle;
    this.#observer = new BlockObserver(options.host, handle.pid);
    this.#settings = settings;
  }

  /** Takes the marks that tell later who undid something; they are written with the first announcement. */
  willActOn(process: ProcessIdentity, steps: readonly Step[]): void {
    const blocks = steps.map((step) => step.proposal.block);
    try {
      this.#marks = [{ kind: 'marks', marks: marksNow(this.#options.host, process, this.#observer, blocks) }];
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  #announce(steps: readonly Step[]): void {
    const { journal, host } = this.#options;
    journal.write(...this.#marks, {
      kind: 'intent',
      steps: steps.map((step) => step.id),
      before: steps.map((step) => step.before),
      atMs: host.clock.wallMs(),
    });
    this.#marks = [];
  }

  /** What was done and what came of it; also where the actuator failed in the middle of it. */
  async batch(steps: readonly Step[]): Promise<Batch> {
    const { host, actuators } = this.#options;
    const before = this.#look(steps);
    if (!before) {
      const nowNs = host.clock.monotonicNs();
      const span: Span = { beganNs: nowNs, endedNs: nowNs };
      return { receipts: [], verdicts: steps.map((step) => goneVerdict(step)), span };
    }
    // The world may have moved on since the plan: orders in a step steer how it is done, so they are renewed.
    const current = steps.map((step, index) => ({ ...step, before: before[index] }));
    const todo = current.filter((step) => !isDone(step, host.identity.geometry));
    const failedBefore = this.#failedSplits();
    if (todo.length > 0) this.#announce(todo);
    const actuator = actuatorOf(actuators, steps[0]);
    const beganNs = host.clock.monotonicNs();
    const { receipts, failure } = await this.#act(actuator, todo);
    const span: Span = { beganNs, endedNs: host.clock.monotonicNs() };
    const splitsFailed = this.#failedSplits() > failedBefore;
    const verdicts = this.#judge(current, receipts, splitsFailed);
    return { receipts, verdicts, span, failure };
  }

  /** An actuator that fails may have done part of the batch: page sizes tell. */
  async #act(actuator: Actuator, todo: readonly Step[]): Promise<Pick<Batch, 'receipts' | 'failure'>> {
    const { host } = this.#options;
    if (todo.length === 0) return { receipts: [] };
    try {
      return { receipts: await actuator.apply(todo, { host, target: this.#handle }) };
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      const receipts = todo.map((step) => ({ ...untried(step, host, problem.code), tried: true }));
      return { receipts, failure: problem };
    }
  }

  #judge(steps: readonly Step[], receipts: readonly Receipt[], splitsFailed: boolean): readonly Verdict[] {
    const { host } = this.#options;
    const after = this.#look(steps);
    if (!after) return steps.map((step) => goneVerdict(step));
    const { geometry } = host.identity;
    if (steps.some((step, index) => outcomeOf(step, step.before, after[index], geometry) !== 'met')) {
      // Flags such as VM_LOCKED do not show in maps; a failure deserves a fresh look.
      this.#observer.forgetMappings();
    }
    return steps.map((step, index) => {
      const receipt = receipts.find((made) => made.step === step.id) ?? untried(step, host, 'already so');
      return verify(step, step.before, after[index], this.#evidence(step, receipt, splitsFailed), geometry);
    });
  }

  #evidence(step: Step, receipt: Receipt, splitsFailed: boolean) {
    const { geometry } = this.#options.host.identity;
    let mapping: ReturnType<BlockObserver['mappingOf']>;
    try {
      mapping = this.#observer.mappingOf(step.proposal.block);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    const { thpDisabledByPrctl } = this.#observer;
    const rules = mapping && { mapping, settings: this.#settings, geometry, thpDisabledByPrctl };
    return { receipt, rules, splitsFailed, targetGone: !this.#handle.isAlive() };
  }

  #look(steps: readonly Step[]): readonly BlockState[] | undefined {
    try {
      const states = this.#observer.look(steps.map((step) => step.proposal.block));
      return this.#handle.isAlive() ? states : undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** System-wide count of failed splits of PMD-sized folios: evidence for a pin, never for an effect. */
  #failedSplits(): number {
    const vmstat = this.#options.host.files.readText('/proc/vmstat');
    return vmstat.ok ? (parseVmstat(vmstat.value).get('thp_split_page_failed') ?? 0) : 0;
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

/** Throws ABILITY_MISSING for an actuator that this Octavo, or this choice of actuators, does not have. */
export function actuatorOf(actuators: ReadonlyMap<string, Actuator>, step: Step): Actuator {
  const actuator = actuators.get(step.actuator);
  if (actuator) return actuator;
  throw new OctavoError('ABILITY_MISSING', {
    ability: `actuator ${step.actuator}`,
    reason: 'this Octavo does not have it',
    remedy: 'Plan again.',
  });
}

/**
 * Opens the very process a plan was made for: the pidfd comes first and its start time is compared afterwards, so no
 * later process can slip in between. Throws PLAN_STALE for another process under the same pid.
 */
export function openSame(host: Host, process: ProcessIdentity, target: string): ProcessHandle | 'gone' {
  const opened = host.calls.openProcess(process.pid);
  if (!opened.ok) {
    if (opened.error.errno === 'ESRCH') return 'gone';
    const { call, unasked } = opened.error;
    if (unasked !== undefined) throw new OctavoError('CALLS_MISSING', { call, reason: unasked });
    throw new OctavoError('PERMISSION', {
      call: opened.error.call,
      errno: opened.error.errno,
      needs: 'pidfd_open (Linux 5.3)',
    });
  }
  try {
    const now = identityOf(host, process.pid);
    if (now.startTicks === process.startTicks) return opened.value;
    const found = `pid ${process.pid} is \`${now.command}\` started at ${now.startTicks} now`;
    throw new OctavoError('PLAN_STALE', { pid: process.pid, planned: process.startTicks, found, target });
  } catch (error) {
    opened.value.close();
    if (!isGone(error)) throw error;
    return 'gone';
  }
}

function isGone(error: unknown): boolean {
  return error instanceof OctavoError && error.code === 'TARGET_GONE';
}

/**
 * The steps to be done in one go: of one actuator and action, no more than the actuator takes in a call, and no more
 * than the target's locks are to be held for at a time. An actuator that paces itself is given its whole batch.
 */
function nextBatch(
  steps: readonly Step[],
  at: number,
  actuators: ReadonlyMap<string, Actuator>,
  pace: LockPace,
): readonly Step[] {
  const first = steps[at];
  const { batch, pacesItself } = actuatorOf(actuators, first);
  const most = pacesItself ? batch : Math.min(batch, pace.burst(kindOf(first)));
  let end = at + 1;
  while (end < steps.length && end - at < most && kindOf(steps[end]) === kindOf(first)) end++;
  return steps.slice(at, end);
}

function kindOf({ actuator, proposal }: Step): string {
  return `${actuator} ${proposal.action}`;
}

/**
 * A collapse takes the mmap_lock several times, for reading and for writing. A writer that waits may be overtaken for
 * RWSEM_WAIT_TIMEOUT, 4 ms, before the lock is handed to it: it loses more than the call takes (decision 0631).
 */
const COLLAPSE_LATE_US: Microseconds = 4000;

function lateOf({ proposal }: Step): Microseconds {
  return proposal.action === 'collapse' ? COLLAPSE_LATE_US : 0;
}

function lockOf({ proposal }: Step): Microseconds {
  return proposal.cost.lockUs;
}

/** A block that is already as the step wants it needs no act: done by an earlier, killed run, or by the kernel. */
function isDone(step: Step, geometry: Host['identity']['geometry']): boolean {
  if (step.proposal.aroundPage !== undefined || step.before.level === 'none') return false;
  return outcomeOf(step, step.before, step.before, geometry) === 'met';
}

function untried(step: Step, host: Host, answer: string): Receipt {
  const { id, actuator } = step;
  const atMs = host.clock.wallMs();
  return { step: id, actuator, tried: false, answer, calls: [], durationUs: 0, atMs };
}

function goneVerdict(step: Step): Verdict {
  return {
    step: step.id,
    outcome: 'not-met',
    cause: 'target-gone',
    why: 'the process ended before or during the step',
    before: step.before,
    after: emptyBlock(step.proposal.block),
    residentDelta: 0,
  };
}
