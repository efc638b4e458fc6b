/** One process's share of a run: looks, announces, acts, looks again and judges, batch by batch. */
import type { Actuator } from '../actuators/actuator.js';
import { parseVmstat } from '../formats/proc/system-files.js';
import type { Host, ProcessHandle } from '../host/host.js';
import { BlockObserver } from '../verification/block-observer.js';
import { emptyBlock } from '../verification/block-rows.js';
import { outcomeOf, verify } from '../verification/verify.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Receipt, Step, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import { marksNow } from './attribution.js';
import { actuatorOf } from './bursts.js';
import type { JournalWriter, RecordOf } from './journal.js';
import type { Span } from './lock-pace.js';
import { isGone } from './same-process.js';

/** What became of steps that were done in one go. */
export interface Batch {
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  readonly span: Span;
  /** Why the actuator did not finish. */
  readonly failure?: OctavoError | undefined;
}

/** What a share of a run is done by. */
export interface ProcessWorkOptions {
  readonly host: Host;
  readonly actuators: ReadonlyMap<string, Actuator>;
  readonly journal: JournalWriter;
}

/** One process's share of a run. */
export class ProcessWork {
  readonly #options: ProcessWorkOptions;
  readonly #handle: ProcessHandle;
  readonly #observer: BlockObserver;
  readonly #settings: ThpSettings;
  #marks: readonly RecordOf<'marks'>[] = [];

  constructor(options: ProcessWorkOptions, handle: ProcessHandle, settings: ThpSettings) {
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

/** The verdict of a step whose process is not there. */
export function goneVerdict(step: Step): Verdict {
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
