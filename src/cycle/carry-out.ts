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
import { readThpSettings } from '../verification/thp-settings.js';
import { outcomeOf, verify } from '../verification/verify.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Plan, Receipt, Step, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Microseconds } from '../vocabulary/units.js';
import type { JournalWriter } from './journal.js';
import { LockPace, type Span } from './lock-pace.js';

export interface CarryOutOptions {
  readonly host: Host;
  readonly plan: Plan;
  /** Steps to do, in order; steps done by an earlier run of the plan are left out by the caller. */
  readonly steps: readonly Step[];
  readonly actuators: ReadonlyMap<string, Actuator>;
  readonly journal: JournalWriter;
  readonly signal: AbortSignal;
  progress(done: number, total: number, unit: string): void;
}

export interface CarriedOut {
  readonly how: 'complete' | 'interrupted' | 'stopped';
  readonly why: string;
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
}

export async function carryOut(options: CarryOutOptions): Promise<CarriedOut> {
  const run = new RunningPlan(options);
  const slowDown = await options.host.calls.hurry?.();
  const ended = await run.all().finally(() => slowDown?.());
  options.journal.write({ kind: 'end', how: ended.how, why: ended.why, atMs: options.host.clock.wallMs() });
  return ended;
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

  constructor(options: CarryOutOptions) {
    this.#options = options;
    this.#settings = readThpSettings(options.host);
  }

  async all(): Promise<CarriedOut> {
    for (const process of this.#options.plan.processes) {
      const steps = this.#options.steps.filter((step) => step.proposal.process.pid === process.pid);
      if (steps.length > 0 && !this.#halted()) await this.#process(process, steps);
    }
    const { signal } = this.#options;
    const done = { receipts: this.#receipts, verdicts: this.#verdicts };
    if (this.#stopped) return { how: 'stopped', why: this.#stopped, ...done };
    const left = this.#options.steps.length - this.#verdicts.length;
    if (signal.aborted && left > 0) return { how: 'interrupted', why: String(signal.reason), ...done };
    return { how: 'complete', why: '', ...done };
  }

  async #process(process: ProcessIdentity, steps: readonly Step[]): Promise<void> {
    const handle = openSame(this.#options.host, process, this.#options.plan.target);
    if (handle === 'gone')
      return this.#record(
        [],
        steps.map((step) => goneVerdict(step)),
      );
    const work = new ProcessWork(this.#options, handle, this.#settings);
    try {
      await this.#inBursts(work, steps);
    } finally {
      handle.close();
    }
  }

  async #inBursts(work: ProcessWork, steps: readonly Step[]): Promise<void> {
    const { host, plan, signal, actuators } = this.#options;
    const pace = new LockPace(plan.budgets.lockUsPerSecond / 1e6);
    for (let at = 0; at < steps.length; ) {
      const batch = nextBatch(steps, at, actuators, pace);
      const kind = kindOf(batch[0]);
      const expectedUs = batch.reduce((sum, step) => sum + pace.expectedUs(kind, lockOf(step)), 0);
      const pauseMs = pace.waitMs(host.clock.monotonicNs(), expectedUs);
      if (pauseMs > 0) await host.clock.sleep(pauseMs, signal);
      if (this.#halted() || !this.#memoryAllows(batch)) break;
      const { receipts, verdicts, span } = await work.batch(batch);
      const tried = receipts.filter((receipt) => receipt.tried);
      const heldUs = tried.reduce((sum, receipt) => sum + receipt.durationUs, 0);
      pace.add({ kind, steps: tried.length, heldUs, span });
      this.#record(receipts, verdicts);
      at += batch.length;
    }
  }

  #halted(): boolean {
    return this.#options.signal.aborted || this.#stopped !== undefined;
  }

  #memoryAllows(batch: readonly Step[]): boolean {
    const collapses = batch.filter((step) => step.proposal.action === 'collapse').length;
    if (collapses === 0) return true;
    this.#stopped = pressureReason(
      memoryState(this.#options.host),
      this.#options.plan.budgets,
      collapses - 1,
    );
    return this.#stopped === undefined;
  }

  #record(receipts: readonly Receipt[], verdicts: readonly Verdict[]): void {
    this.#receipts.push(...receipts);
    this.#verdicts.push(...verdicts);
    this.#options.journal.write({ kind: 'verdicts', verdicts: [...verdicts] });
    this.#options.progress(this.#verdicts.length, this.#options.steps.length, 'blocks');
  }
}

/** One process's share of a run. */
class ProcessWork {
  readonly #options: CarryOutOptions;
  readonly #handle: ProcessHandle;
  readonly #observer: BlockObserver;
  readonly #settings: ThpSettings;

  constructor(options: CarryOutOptions, handle: ProcessHandle, settings: ThpSettings) {
    this.#options = options;
    this.#handle = handle;
    this.#observer = new BlockObserver(options.host, handle.pid);
    this.#settings = settings;
  }

  async batch(steps: readonly Step[]) {
    const { host, journal, actuators } = this.#options;
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
    journal.write({
      kind: 'intent',
      steps: todo.map((step) => step.id),
      before: todo.map((step) => step.before),
      atMs: host.clock.wallMs(),
    });
    const actuator = actuators.get(steps[0].actuator);
    if (!actuator)
      throw new OctavoError('ABILITY_MISSING', {
        ability: `actuator ${steps[0].actuator}`,
        reason: 'this Octavo does not have it',
        remedy: 'Plan again.',
      });
    const beganNs = host.clock.monotonicNs();
    const receipts = await actuator.apply(todo, { host, target: this.#handle });
    const span: Span = { beganNs, endedNs: host.clock.monotonicNs() };
    journal.write({ kind: 'receipts', receipts: [...receipts] });
    const splitsFailed = this.#failedSplits() > failedBefore;
    const verdicts = this.#judge(current, receipts, splitsFailed);
    return { receipts, verdicts, span };
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
      const receipt = receipts.find((made) => made.step === step.id) ?? alreadySo(step, host);
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
    opened.value.close();
    const found = `pid ${process.pid} is \`${now.command}\` started at ${now.startTicks} now`;
    throw new OctavoError('PLAN_STALE', { pid: process.pid, planned: process.startTicks, found, target });
  } catch (error) {
    if (!isGone(error)) throw error;
    opened.value.close();
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
  const actuator = actuators.get(first.actuator);
  const burst = actuator?.pacesItself ? actuator.batch : pace.burst(kindOf(first));
  const most = Math.min(actuator?.batch ?? 1, burst);
  let end = at + 1;
  while (end < steps.length && end - at < most && kindOf(steps[end]) === kindOf(first)) end++;
  return steps.slice(at, end);
}

function kindOf({ actuator, proposal }: Step): string {
  return `${actuator} ${proposal.action}`;
}

function lockOf({ proposal }: Step): Microseconds {
  return proposal.cost.lockUs;
}

/** A block that is already as the step wants it needs no act: done by an earlier, killed run, or by the kernel. */
function isDone(step: Step, geometry: Host['identity']['geometry']): boolean {
  if (step.proposal.aroundPage !== undefined || step.before.level === 'none') return false;
  return outcomeOf(step, step.before, step.before, geometry) === 'met';
}

function alreadySo(step: Step, host: Host): Receipt {
  return {
    step: step.id,
    actuator: step.actuator,
    tried: false,
    answer: 'already so',
    calls: [],
    durationUs: 0,
    atMs: host.clock.wallMs(),
  };
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
