/**
 * DAMON of one machine: the sysfs tree, the kdamonds it started, and the commands of the state files
 * (mm/damon/sysfs.c). Everything runs on the memory's virtual clock; a command that blocks returns later.
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { Nanoseconds, ProcessId } from '../../../../vocabulary/units.js';
import { checkStart, commitContext, commitGoals } from '../core/commit-context.js';
import type { Context } from '../core/context.js';
import type { CommandName, Generation } from '../core/generations.js';
import { Kdamond } from '../core/kdamond.js';
import type { Call, Pending, Walk } from '../core/kdamond-calls.js';
import type { MonitoredMemory } from '../core/monitored-memory.js';
import { DEFAULT_MONITORING_COSTS, type MonitoringCosts } from '../core/monitoring-costs.js';
import { PolledAnswer } from '../core/polled-answer.js';
import { Tausworthe } from '../core/tausworthe.js';
import { NO_TRACE, type TraceSink } from '../core/trace.js';
import { PhysicalOperations } from '../operations/physical-operations.js';
import { VirtualOperations } from '../operations/virtual-operations.js';
import { buildContext, readGoals } from './build-context.js';
import {
  clearTriedRegions,
  storeEffectiveQuotas,
  storeIntervals,
  storeStatistics,
  storeTriedRegion,
} from './results.js';
import { SysfsDirectory, type SysfsFile } from './sysfs-tree.js';
import { KDAMONDS } from './tree-table.js';

/** A generation, and the memory that it runs on. */
export interface DamonOptions {
  readonly generation: Generation;
  readonly memory: MonitoredMemory;
  readonly costs?: MonitoringCosts;
  readonly trace?: TraceSink;
  /** Gives a new thread its pid. */
  readonly startThread: (name: string) => ProcessId;
  readonly endThread: (pid: ProcessId) => void;
  /** Told whenever some kdamond wants to run earlier than was said before. */
  readonly wakeUp: (at: Nanoseconds) => void;
}

type Outcome = Result<void, ErrnoName>;
const DONE: Outcome = success(undefined);
const EINVAL: Outcome = failure('EINVAL');
const EBUSY: Outcome = failure('EBUSY');

/** What became of a write: an answer, or something to wait for. */
export type WriteOutcome = Outcome | Pending;

/** Whether a write has to wait for a kdamond. */
export const isPending = (outcome: WriteOutcome): outcome is Pending => 'answer' in outcome;

/** One write reaches the kernel a page at a time, and as a C string. */
const PAGE = 4096;

/** What a kdamond directory has started. Undefined kdamond: never started, or the last `on` failed. */
interface Slot {
  kdamond: Kdamond | undefined;
  nextRefresh: Nanoseconds;
}

/** The tree with the kdamonds that run on it. */
export class DamonSystem {
  readonly generation: Generation;
  /** /sys/kernel/mm/damon/admin/kdamonds. */
  readonly tree: SysfsDirectory;
  readonly #options: DamonOptions;
  readonly #slots = new Map<SysfsDirectory, Slot>();
  readonly #splitMemory = { lastRegions: 0, rotation: 0 };
  readonly #kdamonds = new Set<Kdamond>();
  /** The command that holds the tree's lock until it is answered. */
  #holder: Pending | undefined;
  /** The command that a kernel of the polling kind waits for, with its kdamond's directory; the lock is free. */
  #request: { readonly answer: PolledAnswer; readonly directory: SysfsDirectory } | undefined;
  #exclusive = false;

  constructor(options: DamonOptions) {
    this.#options = options;
    this.generation = options.generation;
    const budget = { generation: options.generation, numbered: 0 };
    this.tree = new SysfsDirectory('kdamonds', KDAMONDS, undefined, budget);
  }

  /** When some kdamond wants to run next; Infinity when none does. */
  nextWake(): Nanoseconds {
    let next = Number.POSITIVE_INFINITY;
    for (const kdamond of this.#kdamonds) next = Math.min(next, kdamond.wakeAt);
    return this.#isRequested ? Math.min(next, this.#request?.answer.nextPoll() ?? next) : next;
  }

  /** Runs every kdamond that is due, in the order of their starts. */
  run(now: Nanoseconds): void {
    for (const kdamond of [...this.#kdamonds]) {
      if (kdamond.wakeAt > now) continue;
      kdamond.run(now);
      if (!kdamond.isRunning) this.#forget(kdamond);
    }
  }

  /** Running kdamonds, for accounts of their CPU time. */
  running(): readonly Kdamond[] {
    return [...this.#kdamonds];
  }

  /** The kdamond that a directory of the tree started last, for tests and reports. */
  kdamondOf(index: number): Kdamond | undefined {
    return index < this.tree.count ? this.#slots.get(this.tree.child(index))?.kdamond : undefined;
  }

  read(file: SysfsFile): Result<string, ErrnoName> {
    if (file.removed) return failure('ENODEV');
    const { kind } = file.row;
    const asksLock = kind === 'path' || kind === 'command' || kind === 'pid';
    if (asksLock && this.#isLocked) return failure('EBUSY');
    if (kind === 'command') return success(this.#isOn(file.directory) ? 'on\n' : 'off\n');
    if (kind === 'pid') return success(`${this.#pidOf(file.directory)}\n`);
    if (kind === 'count') return success(`${file.directory.count}\n`);
    return success(file.text);
  }

  /** One write(2). Text beyond a page or behind a NUL is not seen; nothing at all changes nothing. */
  write(file: SysfsFile, text: string): WriteOutcome {
    if (file.removed) return failure('ENODEV');
    if (text === '') return DONE;
    const seen = text.slice(0, PAGE).split('\0', 1)[0];
    if (file.row.kind === 'command') return this.#command(file.directory, seen);
    const parsed = file.parse(seen, this.generation);
    if (!parsed.ok) return parsed;
    if (file.row.kind === 'count') return this.#recreate(file.directory, Number(parsed.value));
    if (file.row.kind === 'path' && this.#isLocked) return EBUSY;
    file.value = parsed.value;
    return DONE;
  }

  /** Starts a context that is not of the tree (a module's). EBUSY where exclusiveness forbids it. */
  startContext(
    context: Context,
    { exclusive, repeat }: { readonly exclusive: boolean; readonly repeat: (now: Nanoseconds) => void },
  ): Result<Kdamond, ErrnoName> {
    const checked = checkStart(context);
    if (!checked.ok) return checked;
    if (exclusive ? this.#kdamonds.size > 0 : this.#exclusive) return failure('EBUSY');
    this.#exclusive = exclusive;
    return success(this.#startThread(context, repeat));
  }

  get #isLocked(): boolean {
    return this.#holder !== undefined && this.#holder.answer === undefined;
  }

  get #isRequested(): boolean {
    return this.#request !== undefined && this.#request.answer.answer === undefined;
  }

  #isOn(directory: SysfsDirectory): boolean {
    return this.#slots.get(directory)?.kdamond?.isRunning === true;
  }

  #pidOf(directory: SysfsDirectory): ProcessId {
    return this.#isOn(directory) ? (this.#slots.get(directory)?.kdamond?.pid ?? -1) : -1;
  }

  #recreate(directory: SysfsDirectory, count: number): Outcome {
    if (this.#isLocked) return EBUSY;
    if (directory === this.tree) {
      for (const child of this.#slots.keys()) if (this.#isOn(child)) return EBUSY;
      this.#slots.clear();
    }
    return directory.recreate(count);
  }

  #command(directory: SysfsDirectory, text: string): WriteOutcome {
    if (this.#isLocked) return EBUSY;
    const word = text.endsWith('\n') ? text.slice(0, -1) : text;
    const command = this.generation.commands.find((known) => known === word);
    if (command === undefined) return EINVAL;
    const contexts = directory.directory('contexts');
    if (command !== 'off' && contexts.count !== 1) return EINVAL;
    if (this.#polls && command !== 'on' && command !== 'off') return this.#requestOf(command, directory);
    const outcome = this.#handle(command, directory);
    if (isPending(outcome)) this.#holder = outcome;
    return outcome;
  }

  get #polls(): boolean {
    return this.generation.answers.calls === 'polled';
  }

  /** One command at a time, for all kdamonds together; a failed commit takes its kdamond along. */
  #requestOf(command: CommandName, directory: SysfsDirectory): WriteOutcome {
    if (this.#isRequested) return EBUSY;
    const kdamond = this.#slots.get(directory)?.kdamond;
    if (!kdamond?.isRunning) return EINVAL;
    const outcome = this.#handle(command, directory);
    const isOver = () => {
      const answered = isPending(outcome) ? outcome.answer : outcome;
      return answered !== undefined || !kdamond.isRunning;
    };
    const answer = new PolledAnswer(() => this.#options.memory.nowNs(), isOver);
    this.#request = { answer, directory };
    return answer;
  }

  #handle(command: CommandName, directory: SysfsDirectory): WriteOutcome {
    const kdamond = this.#slots.get(directory)?.kdamond;
    if (command === 'on') return this.#turnOn(directory);
    if (command === 'off') return this.turnOff(kdamond);
    const context = directory.directory('contexts').child(0);
    const schemes = context.directory('schemes');
    switch (command) {
      case 'commit':
        return this.call(kdamond, (running) => this.#commit(running, context), this.#polls);
      case 'commit_schemes_quota_goals':
        return this.call(kdamond, (running) => this.#commitAllGoals(running, schemes));
      case 'update_schemes_stats':
        return this.#report(kdamond, (running) => storeStatistics(schemes, running));
      case 'update_schemes_effective_quotas':
        return this.#report(kdamond, (running) => storeEffectiveQuotas(schemes, running));
      case 'update_tuned_intervals':
        return this.#report(kdamond, (running) => storeIntervals(context, running));
      case 'update_schemes_tried_regions':
        return this.#walk(kdamond, schemes, false);
      case 'update_schemes_tried_bytes':
        return this.#walk(kdamond, schemes, true);
      case 'clear_schemes_tried_regions':
        if (this.#polls) return this.#report(kdamond, () => clearTriedRegions(schemes));
        clearTriedRegions(schemes);
        return DONE;
    }
  }

  #turnOn(directory: SysfsDirectory): Outcome {
    if (this.#isOn(directory)) return EBUSY;
    if (this.#isRequested && this.#request?.directory === directory) return EBUSY;
    const slot: Slot = { kdamond: undefined, nextRefresh: 0 };
    this.#slots.set(directory, slot);
    const built = buildContext(directory.directory('contexts').child(0), this.#options.memory);
    if (!built.ok) return built;
    const checked = checkStart(built.value);
    if (!checked.ok) return checked;
    if (this.#exclusive) return EBUSY;
    slot.nextRefresh = this.#options.memory.nowNs() + directory.number('refresh_ms') * 1e6;
    slot.kdamond = this.#startThread(built.value, (now) => this.#refresh(directory, slot, now));
    return DONE;
  }

  /** Asks a thread to end, and waits for it. */
  turnOff(kdamond: Kdamond | undefined): WriteOutcome {
    if (kdamond === undefined) return EINVAL;
    if (!kdamond.isRunning) {
      return this.generation.answers.offWhenEnded === 'EPERM' ? failure('EPERM') : DONE;
    }
    kdamond.stop();
    this.#options.wakeUp(kdamond.wakeAt);
    return {
      get answer() {
        return kdamond.isRunning ? undefined : DONE;
      },
    };
  }

  /** Lets the thread do something at its next call point, and waits for it. */
  call(
    kdamond: Kdamond | undefined,
    work: (kdamond: Kdamond) => Outcome,
    afterAggregation = false,
  ): WriteOutcome {
    if (kdamond === undefined) return EINVAL;
    if (!kdamond.isRunning) return failure(this.generation.answers.callWhenEnded);
    const call: Call = { answer: undefined, afterAggregation, run: () => work(kdamond) };
    kdamond.call(call);
    return call;
  }

  /** A call that only copies results into the tree. */
  #report(kdamond: Kdamond | undefined, store: (context: Context) => void): WriteOutcome {
    return this.call(kdamond, ({ context }) => {
      store(context);
      return DONE;
    });
  }

  #walk(kdamond: Kdamond | undefined, schemes: SysfsDirectory, bytesOnly: boolean): WriteOutcome {
    if (kdamond === undefined) return EINVAL;
    const { callWhenEnded } = this.generation.answers;
    if (!kdamond.isRunning && callWhenEnded === 'EINVAL') return EINVAL;
    clearTriedRegions(schemes);
    const walk: Walk = {
      answer: undefined,
      visit: (context, scheme, region) => storeTriedRegion(schemes, context, scheme, region, bytesOnly),
    };
    kdamond.startWalk(walk);
    return walk.answer ?? walk;
  }

  /** Runs in the kdamond: an invalid tree leaves the running context as it is, or ends the thread of old kernels. */
  #commit(kdamond: Kdamond, directory: SysfsDirectory): Outcome {
    const built = buildContext(directory, this.#options.memory);
    const committed = built.ok ? commitContext(kdamond.context, built.value) : built;
    if (!committed.ok && this.#polls) kdamond.corrupted = true;
    return committed;
  }

  #commitAllGoals({ context }: Kdamond, schemes: SysfsDirectory): Outcome {
    const count = Math.min(schemes.count, context.schemes.length);
    for (let index = 0; index < count; index++) {
      const directory = schemes.child(index).directory('quotas').directory('goals');
      const goals = readGoals(directory, this.#options.memory);
      if (!goals.ok) return goals;
      commitGoals(context.schemes[index].quota, goals.value);
    }
    return DONE;
  }

  #startThread(context: Context, repeat: (now: Nanoseconds) => void): Kdamond {
    const { generation, memory } = this.#options;
    const name = `kdamond.${this.#kdamonds.size}`;
    const pid = this.#options.startThread(name);
    const random = new Tausworthe(() => memory.random32(), generation.core.samples32Bits);
    const virtual = new VirtualOperations(memory, random, generation.core);
    const physical = new PhysicalOperations(memory, random, generation.core);
    const kdamond = new Kdamond(pid, name, context, {
      generation,
      memory,
      random,
      costs: this.#options.costs ?? DEFAULT_MONITORING_COSTS,
      trace: this.#options.trace ?? NO_TRACE,
      splitMemory: this.#splitMemory,
      operations: { vaddr: virtual, fvaddr: virtual, paddr: physical },
      repeat,
    });
    this.#kdamonds.add(kdamond);
    this.#options.wakeUp(kdamond.wakeAt);
    return kdamond;
  }

  #forget(kdamond: Kdamond): void {
    this.#kdamonds.delete(kdamond);
    if (this.#kdamonds.size === 0) this.#exclusive = false;
    this.#options.endThread(kdamond.pid);
  }

  /** refresh_ms: the thread itself updates the tree, unless the lock is held just now. */
  #refresh(directory: SysfsDirectory, slot: Slot, now: Nanoseconds): void {
    const periodMs = directory.number('refresh_ms');
    if (periodMs === 0 || now < slot.nextRefresh || directory.removed) return;
    slot.nextRefresh = now + periodMs * 1e6;
    const contexts = directory.directory('contexts');
    const { kdamond } = slot;
    if (this.#isLocked || contexts.count !== 1 || kdamond === undefined) return;
    const context = contexts.child(0);
    storeIntervals(context, kdamond.context);
    storeStatistics(context.directory('schemes'), kdamond.context);
    storeEffectiveQuotas(context.directory('schemes'), kdamond.context);
  }
}
